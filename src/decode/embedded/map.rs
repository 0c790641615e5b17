//! From the bytes of a decoded text to the bytes that encode them.

use crate::model::Span;

/// A stretch of a text and what encodes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it begins, in units.
    unit: usize,
    /// Where the first of its units is encoded.
    outer: usize,
    /// How long the encoding of a unit is when that is not one byte: then the piece is one unit or more that only stand together.
    whole: Option<usize>,
}

/// A map from a decoded text to the text that it was found in. A unit is a character of the encoding: six bits of base64, four
/// of hexadecimal, eight of what is written as it is.
///
/// Invariant: pieces are in order of their units and of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    bits: usize,
    /// Bytes put before the text that nothing encodes: a name.
    lead: usize,
    pieces: Vec<Piece>,
    /// The whole encoded stretch.
    outer: Span,
}

impl Map {
    /// A map of units of so many bits, without pieces.
    pub(super) fn new(bits: usize) -> Self {
        Self { bits, lead: 0, pieces: Vec::new(), outer: Span::default() }
    }

    /// A text that only stands as a whole for a stretch.
    pub(super) fn opaque(outer: Span) -> Self {
        let mut map = Self::new(8);
        map.unit(0, outer);
        map
    }

    /// The same with bytes put before the text.
    pub(super) fn with_lead(self, lead: usize) -> Self {
        Self { lead, ..self }
    }

    /// Units from here on stand one by one from `outer` to `end`.
    pub(super) fn run(&mut self, unit: usize, outer: usize, end: usize) {
        self.add(Piece { unit, outer, whole: None }, end);
    }

    /// Units from here on stand for a whole stretch.
    pub(super) fn unit(&mut self, unit: usize, outer: Span) {
        self.add(Piece { unit, outer: outer.start, whole: Some(outer.len()) }, outer.end);
    }

    fn add(&mut self, piece: Piece, end: usize) {
        if self.pieces.is_empty() {
            self.outer.start = piece.outer;
        }
        self.outer.end = end.max(self.outer.start);
        self.pieces.push(piece);
    }

    /// The bytes of the outer text that encode a span of the decoded one. Never empty unless the map is.
    #[must_use]
    pub fn outer(&self, inner: Span) -> Span {
        let first = inner.start.saturating_sub(self.lead) * 8 / self.bits;
        let last = (inner.end.saturating_sub(self.lead) * 8).div_ceil(self.bits).max(first + 1) - 1;
        let (start, end) = (self.place(first), self.place(last));
        Span::new(start.start, end.end.max(start.start))
    }

    /// True when a span, or a byte beside it, was not written as it is.
    #[must_use]
    pub fn touches(&self, inner: Span) -> bool {
        let (start, end) = (inner.start.saturating_sub(self.lead + 1), inner.end.saturating_sub(self.lead) + 1);
        let from = self.pieces.partition_point(|p| p.unit <= start).saturating_sub(1);
        self.pieces.iter().skip(from).take_while(|p| p.unit < end).any(|p| p.whole.is_some())
    }

    /// The whole stretch that was decoded.
    #[must_use]
    pub fn all(&self) -> Span {
        self.outer
    }

    /// What encodes one unit.
    fn place(&self, unit: usize) -> Span {
        let at = self.pieces.partition_point(|p| p.unit <= unit).saturating_sub(1);
        let Some(piece) = self.pieces.get(at) else { return self.outer };
        let next = self.pieces.get(at + 1).map_or(self.outer.end, |p| p.outer);
        match piece.whole {
            Some(length) => Span::new(piece.outer, piece.outer + length),
            None => {
                let start = (piece.outer + unit.saturating_sub(piece.unit)).min(next.saturating_sub(1));
                Span::new(start, start + 1)
            }
        }
    }
}
