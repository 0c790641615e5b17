//! Texts of which a large export gives hundreds of thousands, that hardly anybody reads before they are written out: what each of
//! its rights allows and on what.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;

/// Texts shorter than this repeat so often that they are shared instead.
const SHORT: usize = 32;

/// Bytes from which texts are put away together: fewer take as much packed.
const WORTH: usize = 512;

/// A text that is kept compressed, together with those that were read beside it, until somebody asks for it. In every other respect
/// it is a string.
#[derive(Clone)]
pub struct Wording(Held);

#[derive(Clone)]
enum Held {
    /// As it is.
    Plain(Text),
    /// The text of this number, from 0.
    Packed(Arc<Bundle>, u32),
}

/// Texts in their order.
type Texts = Box<[Box<str>]>;

/// Texts in their order, each once, compressed as one.
struct Bundle {
    packed: Box<[u8]>,
    /// How long they are before that.
    length: usize,
    /// The texts, once one of them was asked for.
    open: OnceLock<Texts>,
}

thread_local! {
    // The first level that compresses at all.
    static COMPRESSOR: RefCell<Compressor> = RefCell::new(Compressor::new(CompressionLvl::new(1).unwrap_or_default()));
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::new(Decompressor::new());
    /// What was looked into last: whoever goes through a list meets texts of one bundle one after the other.
    static LAST: RefCell<Option<(Arc<Bundle>, Texts)>> = const { RefCell::new(None) };
}

impl Bundle {
    /// Packs texts; `None` when that saves nothing.
    fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Self> {
        let mut plain = Vec::new();
        for text in texts {
            plain.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let packed = COMPRESSOR.with_borrow_mut(|compressor| {
            let mut packed = vec![0; compressor.deflate_compress_bound(plain.len())];
            let length = compressor.deflate_compress(&plain, &mut packed).ok()?;
            Some(Box::from(packed.get(..length)?))
        });
        let packed: Box<[u8]> = packed?;
        let saves = packed.len() < plain.len();
        saves.then(|| Self { packed, length: plain.len(), open: OnceLock::new() })
    }

    fn texts(&self) -> Texts {
        let mut plain = vec![0; self.length];
        let read = DECOMPRESSOR.with_borrow_mut(|d| d.deflate_decompress(&self.packed, &mut plain));
        // Memory does not change what was put there.
        let mut rest = if read.is_ok() { plain.as_slice() } else { &[] };
        let mut texts = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((text, after)) = after.split_at_checked(length) else { break };
            texts.push(Box::from(String::from_utf8_lossy(text)));
            rest = after;
        }
        texts.into_boxed_slice()
    }
}

impl Wording {
    /// The same texts, kept together: for texts that were read one after the other and belong to one thing, or to few.
    #[must_use]
    pub fn together(texts: &[&str]) -> Vec<Self> {
        let mut numbers: BTreeMap<&str, u32> =
            texts.iter().filter(|text| text.len() >= SHORT).map(|text| (*text, 0)).collect();
        numbers.values_mut().zip(0..).for_each(|(number, at)| *number = at);
        let worth = numbers.keys().map(|text| text.len()).sum::<usize>() >= WORTH;
        let bundle = worth.then(|| Bundle::of(numbers.keys().copied())).flatten().map(Arc::new);
        let place = |text: &&str| match (&bundle, numbers.get(text)) {
            (Some(bundle), Some(number)) => Self(Held::Packed(Arc::clone(bundle), *number)),
            _ => Self::from(*text),
        };
        texts.iter().map(place).collect()
    }

    /// What somebody makes of the text, who does not ask again: it stays packed.
    pub fn with<R>(&self, of: impl FnOnce(&str) -> R) -> R {
        match &self.0 {
            Held::Plain(text) => of(text),
            Held::Packed(bundle, number) => match bundle.open.get() {
                Some(open) => of(nth(open, *number)),
                None => {
                    // Taken out, since what is made of the text may ask for another.
                    let last = LAST.take().filter(|(known, _)| Arc::ptr_eq(known, bundle));
                    let (bundle, texts) = last.unwrap_or_else(|| (Arc::clone(bundle), bundle.texts()));
                    let made = of(nth(&texts, *number));
                    LAST.set(Some((bundle, texts)));
                    made
                }
            },
        }
    }

    /// The text. It is kept as it is from now on, with those that were put away with it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Held::Plain(text) => text,
            Held::Packed(bundle, number) => nth(bundle.open.get_or_init(|| bundle.texts()), *number),
        }
    }

    /// The text without keeping it.
    fn read(&self) -> Cow<'_, str> {
        match &self.0 {
            Held::Plain(text) => Cow::Borrowed(text),
            Held::Packed(..) => Cow::Owned(self.with(str::to_owned)),
        }
    }
}

fn nth(texts: &[Box<str>], number: u32) -> &str {
    usize::try_from(number).ok().and_then(|at| texts.get(at)).map_or("", |text| text)
}

impl Deref for Wording {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Wording {
    fn from(text: &str) -> Self {
        Self(Held::Plain(text.into()))
    }
}

impl From<String> for Wording {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl PartialEq for Wording {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Wording {}

impl PartialOrd for Wording {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wording {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (&self.0, &other.0) {
            // They are in their order.
            (Held::Packed(bundle, number), Held::Packed(same, other)) if Arc::ptr_eq(bundle, same) => number.cmp(other),
            _ => self.read().cmp(&other.read()),
        }
    }
}

impl PartialEq<str> for Wording {
    fn eq(&self, other: &str) -> bool {
        match &self.0 {
            Held::Packed(..) if other.len() < SHORT => false,
            _ => self.with(|text| text == other),
        }
    }
}

impl PartialEq<&str> for Wording {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.read(), f)
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.read(), f)
    }
}

impl Serialize for Wording {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.read())
    }
}

impl<'de> Deserialize<'de> for Wording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

impl JsonSchema for Wording {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn is_packed(wording: &Wording) -> bool {
        matches!(wording.0, Held::Packed(..))
    }

    #[test]
    fn what_is_put_away_together_reads_and_compares_as_it_was() {
        let long: Vec<String> =
            (0..40).rev().map(|n| format!("arn:aws:s3:eu-west-1:1:thing/{n}/é*, and more")).collect();
        let mut texts: Vec<&str> = long.iter().map(String::as_str).collect();
        texts.extend(["*", "", long[3].as_str()]);
        let together = Wording::together(&texts);
        let other = Wording::together(&texts[7..]);
        assert!(is_packed(&together[0]) && !is_packed(&together[40]), "short ones are shared");
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(together[i], **text);
            assert_eq!(together[i].to_string(), **text);
            assert_eq!(serde_json::to_string(&together[i]).unwrap(), serde_json::to_string(text).unwrap());
            assert_eq!(serde_json::from_str::<Wording>(&serde_json::to_string(text).unwrap()).unwrap(), together[i]);
            for (j, with) in texts.iter().enumerate() {
                assert_eq!(together[i].cmp(&together[j]), text.cmp(with));
                let Some(elsewhere) = j.checked_sub(7).map(|j| &other[j]) else { continue };
                assert_eq!(together[i].cmp(elsewhere), text.cmp(with));
            }
        }
        assert!(together.iter().all(|one| !matches!(&one.0, Held::Packed(bundle, _) if bundle.open.get().is_some())));
        assert!(together.iter().zip(&texts).all(|(one, text)| one.as_str() == *text), "and once it was asked for");
        assert_eq!(together, texts.iter().map(|text| Wording::from(*text)).collect::<Vec<_>>());
    }

    #[test]
    fn few_texts_are_left_as_they_are() {
        let texts = ["a text of more than thirty-two characters", "another of more than thirty-two characters"];
        let together = Wording::together(&texts);
        assert!(!together.iter().any(is_packed));
        assert_eq!(together, texts.map(Wording::from));
        assert!(Wording::together(&[]).is_empty());
    }
}
