//! Texts inside a text: base64, hexadecimal, percent-encoding, escapes of string literals, entities of markup,
//! quoted-printable, gzip inside base64, and the values of a Kubernetes Secret, each with a map back to the bytes that encode it.
//!
//! One call reads one layer; whoever calls it decides how deep to go. Nothing here knows what is looked for: a run is decoded
//! when it may be text, and that is told from its first bytes, so that hashes, keys and pictures cost next to nothing.

mod escapes;
mod map;
mod notebook;
mod printable;
mod runs;
mod secret;

use crate::model::{PathClass, Span};

pub use self::map::Map;

/// Shortest run that is read, in encoded bytes.
const LEAST: usize = 16;

/// How a text was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Either alphabet of RFC 4648, padded or not, on one line or wrapped: <https://www.rfc-editor.org/rfc/rfc4648>.
    Base64,
    /// A gzip stream in base64: <https://www.rfc-editor.org/rfc/rfc1952>.
    Gzip,
    /// Two hexadecimal digits a byte.
    Hex,
    /// `%XX` of URLs: <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>.
    Percent,
    /// `\uXXXX` and `\xXX` of string literals.
    Escapes,
    /// `&amp;`, `&#38;`, `&#x26;`: <https://html.spec.whatwg.org/multipage/named-characters.html>.
    Entities,
    /// `=XX` of mails: <https://www.rfc-editor.org/rfc/rfc2045#section-6.7>.
    QuotedPrintable,
    /// Strings of JSON that are the lines of a notebook's cell.
    Notebook,
}

impl Encoding {
    /// Its name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Gzip => "gzip in base64",
            Self::Hex => "hexadecimal",
            Self::Percent => "percent-encoding",
            Self::Escapes => "escapes",
            Self::Entities => "HTML entities",
            Self::QuotedPrintable => "quoted-printable",
            Self::Notebook => "a notebook cell",
        }
    }

    /// True when only some characters of the text are encoded: most of a decoded text stands in the other one as it is.
    #[must_use]
    pub fn is_partial(self) -> bool {
        matches!(self, Self::Percent | Self::Escapes | Self::Entities | Self::QuotedPrintable | Self::Notebook)
    }
}

/// A decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The text.
    pub text: Vec<u8>,
    /// How it was encoded.
    pub encoding: Encoding,
    /// From its bytes to those that encode them.
    pub map: Map,
}

/// What is left of the bytes that one blob may be decoded to, all layers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    left: usize,
    cut: bool,
}

impl Budget {
    /// The budget of a blob of this many bytes: four times as many and 1 MiB.
    #[must_use]
    pub fn of(blob: usize) -> Self {
        Self { left: blob.saturating_mul(4).saturating_add(1 << 20), cut: false }
    }

    /// True when something was left out for its sake.
    #[must_use]
    pub fn was_cut(&self) -> bool {
        self.cut
    }

    /// Takes bytes from it; false when there are not as many.
    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => self.cut = true,
        }
        !self.cut
    }
}

/// The texts that are encoded in a text, in no order. Nothing of lock files, which are full of digests. Together they are no
/// longer than the budget.
#[must_use]
pub fn layers(text: &[u8], class: &PathClass, budget: &mut Budget) -> Vec<Layer> {
    let mut found = Vec::new();
    if class.lock || text.len() < LEAST {
        return found;
    }
    let entries = if secret::may_be(class) { secret::entries(text) } else { Vec::new() };
    for entry in &entries {
        found.extend(runs::named(text, entry, budget));
    }
    runs::find(text, &entries, budget, &mut found);
    escapes::find(text, budget, &mut found);
    notebook::find(text, class, budget, &mut found);
    found
}

/// Whether a text is a manifest of Kubernetes with a Secret in it: what its short values are read for.
#[must_use]
pub fn is_secret(text: &[u8], class: &PathClass) -> bool {
    secret::may_be(class) && secret::is_one(text)
}

/// Where the run begins that may reach into a place: everything before it on the lines above that could be part of one.
#[must_use]
pub fn beginning_of_run(text: &[u8], at: usize) -> usize {
    runs::beginning(text, at)
}

/// Where the run ends that a place may reach into.
#[must_use]
pub fn end_of_run(text: &[u8], at: usize) -> usize {
    runs::end(text, at)
}

/// An entry of a Secret: its key and its value, without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: Span,
    value: Span,
}

#[cfg(test)]
mod tests;
