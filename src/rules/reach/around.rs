//! The bytes that can stand directly before and behind a keyword where a match needs it: where another one stands, no match is, and
//! the expression need not be tried.
//!
//! Everything here errs to one side: a byte that may stand there is in the set; one that may not can be, too.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A set of bytes, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub [u64; 4]);

impl Bytes {
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);
    /// None.
    pub const NONE: Self = Self([0; 4]);

    /// Whether it holds a byte.
    #[must_use]
    pub const fn has(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    /// The bytes for which something holds.
    #[must_use]
    pub fn of(holds: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::NONE;
        (0..=u8::MAX).filter(|b| holds(*b)).for_each(|b| set.add(b));
        set
    }

    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, more)| *mine |= more);
    }
}

/// What can stand around a keyword; where a text begins or ends, nothing may stand there in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Around {
    /// Directly before it.
    pub before: Bytes,
    /// Directly behind it.
    pub behind: Bytes,
}

impl Around {
    /// Anything on both sides.
    pub const ANY: Self = Self { before: Bytes::ALL, behind: Bytes::ALL };
    /// A keyword that no match needs.
    pub const NEVER: Self = Self { before: Bytes::NONE, behind: Bytes::NONE };

    /// Lets stand there what another one does.
    pub(super) fn join(&mut self, other: Self) {
        self.before.join(other.before);
        self.behind.join(other.behind);
    }
}

/// What can stand on one side of a keyword inside a piece of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) set: Bytes,
    /// Whether the keyword can touch the edge of the piece, so that what stands outside counts, too.
    pub(super) open: bool,
}

impl Side {
    /// The edge of a piece.
    pub(super) const EDGE: Self = Self { set: Bytes::NONE, open: true };

    /// One byte, of both cases unless case counts.
    pub(super) fn byte(byte: u8, exact: bool) -> Self {
        let mut set = Bytes::NONE;
        set.add(byte);
        if !exact {
            set.add(byte.to_ascii_lowercase());
            set.add(byte.to_ascii_uppercase());
        }
        Self { set, open: false }
    }

    /// The set, with every byte when the edge of the whole expression is touched.
    pub(super) fn closed(self) -> Bytes {
        if self.open { Bytes::ALL } else { self.set }
    }

    /// Adds what the pieces before this one can end in. `first` is the keyword's first byte.
    pub(super) fn preceded(self, parts: &[Hir], first: u8) -> Self {
        self.beside(parts.iter().rev(), first, End::Last)
    }

    /// Adds what the pieces behind this one can begin with. `last` is the keyword's last byte.
    pub(super) fn followed(self, parts: &[Hir], last: u8) -> Self {
        self.beside(parts.iter(), last, End::First)
    }

    /// Adds what pieces have at their near end, the nearest piece first.
    fn beside<'h>(mut self, parts: impl Iterator<Item = &'h Hir>, byte: u8, end: End) -> Self {
        for part in parts {
            if !self.open {
                break;
            }
            // Where this piece is asked, all between it and the keyword stands for nothing.
            let closed = match part.kind() {
                HirKind::Look(look) => stands_at(*look, byte, end),
                _ => None,
            };
            self.set.join(closed.unwrap_or_else(|| edge(part, end)));
            self.open = closed.is_none() && may_be_empty(part);
        }
        self
    }

    /// Adds what a piece can begin with, since it may come again.
    pub(super) fn repeated(mut self, piece: &Hir) -> Self {
        if self.open {
            self.set.join(edge(piece, End::First));
        }
        self
    }
}

/// The bytes that can stand beyond a look-around beside a keyword whose byte there is known; `None` where it says nothing of them.
fn stands_at(look: Look, byte: u8, end: End) -> Option<Bytes> {
    match (look, end) {
        (Look::WordAscii, _)
        | (Look::WordStartAscii | Look::WordStartHalfAscii, End::Last)
        | (Look::WordEndAscii | Look::WordEndHalfAscii, End::First)
            if is_word(byte) =>
        {
            Some(Bytes::of(|b| !is_word(b)))
        }
        (Look::StartLF, End::Last) | (Look::EndLF, End::First) => Some(Bytes::of(|b| b == b'\n')),
        (Look::StartCRLF, End::Last) | (Look::EndCRLF, End::First) => Some(Bytes::of(|b| matches!(b, b'\n' | b'\r'))),
        (Look::Start, End::Last) | (Look::End, End::First) => Some(Bytes::NONE),
        _ => None,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn may_be_empty(hir: &Hir) -> bool {
    hir.properties().minimum_len() == Some(0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// The bytes that what a piece matches can begin with, or end in.
fn edge(hir: &Hir, end: End) -> Bytes {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Bytes::NONE,
        HirKind::Literal(literal) => {
            let byte = if end == End::First { literal.0.first() } else { literal.0.last() };
            Bytes::of(|b| Some(&b) == byte)
        }
        HirKind::Class(Class::Bytes(bytes)) => {
            Bytes::of(|b| bytes.ranges().iter().any(|r| (r.start()..=r.end()).contains(&b)))
        }
        HirKind::Class(Class::Unicode(chars)) => {
            // Characters outside ASCII are made of bytes from 0x80 on.
            let wide = chars.ranges().iter().any(|r| !r.end().is_ascii());
            let has = |b: u8| chars.ranges().iter().any(|r| (r.start()..=r.end()).contains(&char::from(b)));
            Bytes::of(|b| if b.is_ascii() { has(b) } else { wide })
        }
        HirKind::Capture(capture) => edge(&capture.sub, end),
        HirKind::Repetition(repetition) => edge(&repetition.sub, end),
        HirKind::Alternation(branches) => {
            let mut set = Bytes::NONE;
            branches.iter().for_each(|branch| set.join(edge(branch, end)));
            set
        }
        HirKind::Concat(parts) => {
            let mut set = Bytes::NONE;
            for i in 0..parts.len() {
                let part = &parts[if end == End::First { i } else { parts.len() - 1 - i }];
                set.join(edge(part, end));
                if !may_be_empty(part) {
                    break;
                }
            }
            set
        }
    }
}
