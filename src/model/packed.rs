//! A long list that is kept only to be written out again.

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Entries of one block: enough for what repeats from one to the next to be found, few enough to unpack at once.
const BLOCK: usize = 256;

/// Entries that [`Packed::from_start`] keeps as they are: to pack what fits into memory anyway costs more time than to make it.
const PLAIN: usize = 1 << 14;

/// A list whose entries are kept as compressed JSON, a block of them at a time: of a list that nothing reads before the report is
/// written, a merge of a million findings holds a twentieth. Some at the beginning may be kept as they are.
#[derive(Clone)]
pub struct Packed<T> {
    plain: Vec<T>,
    blocks: Vec<Box<[u8]>>,
    length: usize,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { plain: Vec::new(), blocks: Vec::new(), length: 0 }
    }
}

impl<T> Packed<T> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<T: Serialize> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut out = Packer::default();
        items.into_iter().for_each(|item| out.push(item));
        out.finish()
    }
}

impl<T: Serialize> Packed<T> {
    /// A list of which there is one in a run: as many entries as a list of some length has stay as they are.
    pub fn from_start(items: impl IntoIterator<Item = T>) -> Self {
        let mut items = items.into_iter();
        let plain: Vec<T> = items.by_ref().take(PLAIN).collect();
        let Self { blocks, length, .. } = items.collect();
        Self { length: plain.len() + length, plain, blocks }
    }
}

/// Makes a packed list of entries that come one by one.
pub struct Packer<T> {
    packed: Packed<T>,
    waiting: Vec<T>,
}

impl<T> Default for Packer<T> {
    fn default() -> Self {
        Self { packed: Packed::default(), waiting: Vec::new() }
    }
}

impl<T: Serialize> Packer<T> {
    /// Adds an entry at the end.
    pub fn push(&mut self, item: T) {
        self.waiting.push(item);
        if self.waiting.len() >= BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let entries = std::mem::take(&mut self.waiting);
        self.packed.length += entries.len();
        // Neither the model nor memory can fail here.
        self.packed.blocks.extend(pack(&entries).map(Vec::into_boxed_slice));
    }

    /// The list.
    #[must_use]
    pub fn finish(mut self) -> Packed<T> {
        if !self.waiting.is_empty() {
            self.flush();
        }
        self.packed
    }
}

fn pack<T: Serialize>(entries: &[T]) -> io::Result<Vec<u8>> {
    let mut into = DeflateEncoder::new(Vec::new(), Compression::fast());
    into.write_all(&serde_json::to_vec(entries)?)?;
    into.finish()
}

fn unpack<T: DeserializeOwned>(block: &[u8]) -> io::Result<Vec<T>> {
    let mut text = Vec::new();
    DeflateDecoder::new(block).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

impl<T: DeserializeOwned> Packed<T> {
    /// The entries in their order, unpacked a block at a time.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_
    where
        T: Clone,
    {
        self.plain.iter().cloned().chain(self.packed())
    }

    /// The same, and the list is gone.
    pub fn take(self) -> impl Iterator<Item = T> {
        let blocks = self.blocks.into_iter().flat_map(|block| unpack(&block).unwrap_or_default());
        self.plain.into_iter().chain(blocks)
    }

    fn packed(&self) -> impl Iterator<Item = T> + '_ {
        self.blocks.iter().flat_map(|block| unpack(block).unwrap_or_default())
    }
}

impl<T: DeserializeOwned + Clone + PartialEq> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.iter().eq(other.iter())
    }
}

impl<T: DeserializeOwned + Clone + Eq> Eq for Packed<T> {}

impl<T: DeserializeOwned + Clone + std::fmt::Debug> std::fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize + DeserializeOwned> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.length))?;
        for entry in &self.plain {
            list.serialize_element(entry)?;
        }
        for entry in self.packed() {
            list.serialize_element(&entry)?;
        }
        list.end()
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<T>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl<T: JsonSchema> JsonSchema for Packed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn what_is_packed_comes_out_as_it_went_in_and_takes_less() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let list: Vec<String> = (0..length).map(|n| format!("an entry of some length, number {n}")).collect();
            let packed: Packed<String> = list.iter().cloned().collect();
            assert_eq!((packed.len(), packed.is_empty()), (length, length == 0));
            assert!(packed.iter().eq(list.iter().cloned()));
            let text = serde_json::to_string(&packed).unwrap();
            assert_eq!(text, serde_json::to_string(&list).unwrap());
            assert_eq!(serde_json::from_str::<Packed<String>>(&text).unwrap(), packed);
            let text_again = serde_json::to_string(&Packed::from_start(list.iter().cloned())).unwrap();
            assert_eq!(text_again, text);
            let size: usize = packed.blocks.iter().map(|block| block.len()).sum();
            assert!(length < BLOCK || size * 5 < text.len(), "{size} of {}", text.len());
        }
    }
    #[test]
    fn a_long_list_that_begins_plain_is_whole() {
        let list: Vec<String> = (0..PLAIN + BLOCK + 3).map(|n| format!("number {n}")).collect();
        let packed = Packed::from_start(list.iter().cloned());
        assert_eq!((packed.len(), packed.plain.len(), packed.blocks.len()), (list.len(), PLAIN, 2));
        assert!(packed.iter().eq(list.iter().cloned()));
        assert_eq!(packed, list.iter().cloned().collect());
        assert_eq!(serde_json::to_string(&packed).unwrap(), serde_json::to_string(&list).unwrap());
        assert!(packed.take().eq(list));
    }
}
