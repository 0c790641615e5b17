//! Parts of the model that are the same in many things and are held once: texts that repeat, and places.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LocationData;

/// Texts that one thread has made lately; more would hold on to what nobody needs any more.
const KNOWN: usize = 4096;

thread_local! {
    static TEXTS: RefCell<HashSet<Arc<str>, foldhash::fast::RandomState>> = RefCell::default();
}

/// A text that stands in many things and seldom changes: a reason, a remedy, the name of a term. Equal ones that one thread
/// makes share their bytes; in every other respect it is a string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A text that no other thing but its copies has in common with it, as a name: it is not looked up among those made lately.
    #[must_use]
    pub fn alone(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        TEXTS.with_borrow_mut(|known| {
            if let Some(same) = known.get(text) {
                return Self(Arc::clone(same));
            }
            if known.len() >= KNOWN {
                known.clear();
            }
            let new: Arc<str> = Arc::from(text);
            known.insert(Arc::clone(&new));
            Self(new)
        })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

impl JsonSchema for Text {
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

/// A place in an input, ready to be shown. One place stands in an exposure, in the findings about it and in what both were
/// made of, so copies share what they hold; writing to one leaves the others as they are.
#[derive(Clone, Eq, Default)]
pub struct Location(Arc<LocationData>);

impl Location {
    /// The same place with something changed.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut LocationData)) -> Self {
        let mut out = self.clone();
        change(&mut out);
        out
    }

    /// Whether copies of it are held elsewhere.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Tells places apart without looking at them: equal for copies that share what they hold, for as long as it is held.
    #[must_use]
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<u8>() as usize
    }
}

impl From<LocationData> for Location {
    fn from(data: LocationData) -> Self {
        Self(Arc::new(data))
    }
}

impl Deref for Location {
    type Target = LocationData;

    fn deref(&self) -> &LocationData {
        &self.0
    }
}

impl DerefMut for Location {
    fn deref_mut(&mut self) -> &mut LocationData {
        Arc::make_mut(&mut self.0)
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Hash for Location {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Location {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { std::cmp::Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LocationData::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Location {
    fn schema_name() -> Cow<'static, str> {
        LocationData::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        LocationData::json_schema(generator)
    }
}

/// A value that many things have in common: it reads as the value does, and is copied when a shared one is written to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shared<T>(Arc<T>);

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(self, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

impl<T: JsonSchema> JsonSchema for Shared<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Values that were met before. How many are known at a time is bounded.
#[derive(Debug)]
pub struct Pool<T>(HashSet<Shared<T>, foldhash::fast::RandomState>);

/// Most values of one pool.
const POOL_MAX: usize = 1 << 16;

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(HashSet::default())
    }
}

impl<T: Eq + Hash> Pool<T> {
    /// The value that was met before, or this one.
    pub fn share(&mut self, value: impl Into<Shared<T>>) -> Shared<T> {
        let value = value.into();
        if let Some(known) = self.0.get(&value) {
            return Shared(Arc::clone(&known.0));
        }
        // What is alike stands near: the rows of one input have more in common than those of two.
        if self.0.len() >= POOL_MAX {
            self.0.clear();
        }
        self.0.insert(Shared(Arc::clone(&value.0)));
        value
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn who_writes_to_a_shared_value_leaves_the_others_theirs() {
        let mut pool = Pool::default();
        let first = pool.share(vec![1_u8]);
        let mut second = pool.share(vec![1]);
        assert!(Arc::ptr_eq(&first.0, &second.0));
        second.push(2);
        assert_eq!((&*first, &*second), (&vec![1], &vec![1, 2]));
        let text = serde_json::to_string(&second).unwrap();
        assert_eq!(text, "[1,2]");
        assert_eq!(serde_json::from_str::<Shared<Vec<u8>>>(&text).unwrap(), second);
    }

    #[test]
    fn writing_to_one_copy_of_a_place_leaves_the_others() {
        let one = Location::from(LocationData { path: "a".into(), line: 3, ..LocationData::default() });
        let mut other = one.clone();
        assert_eq!(one, other);
        other.line = 4;
        assert_eq!((one.line, other.line), (3, 4));
        assert!(one < other);
        assert_eq!(one.with(|place| place.line = 4), other);
    }

    #[test]
    fn equal_texts_share_their_bytes_and_the_table_of_them_is_bounded() {
        let (one, two) = (Text::from("because"), Text::from("because".to_owned()));
        assert!(Arc::ptr_eq(&one.0, &two.0));
        for n in 0..3 * KNOWN {
            assert_eq!(Text::from(n.to_string()), n.to_string().as_str());
        }
        assert!(TEXTS.with_borrow(HashSet::len) <= KNOWN);
        assert_eq!(one, Text::from("because"));
    }
}
