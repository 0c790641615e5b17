//! Reads JSON exports of any length one list element at a time.
//!
//! People save exports in many envelopes: one document, several one after the other, one a line (JSONL), an array of
//! pages, a map from account to page. The walk goes down through all of them; it hands over the elements of the lists that
//! a format names and, for every object, the few fields that a format names. Everything else is skipped without being kept.
//! Memory is bounded by [`ELEMENT_MAX`].

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::formats::ReadNotice;
use crate::model::{At, NoticeKind, Span};

/// Bytes that one element, field or name may have; a longer one ends the reading.
pub const ELEMENT_MAX: u64 = 16 << 20;

/// How far below the document's root lists and fields are looked for.
const DEPTH: u8 = 6;

/// What a format wants to see.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Names of the lists whose elements are handed over.
    pub lists: &'static [&'static str],
    /// Names of the fields that are kept of any other object.
    pub fields: &'static [&'static str],
}

/// What the walk meets, in order.
#[derive(Debug)]
pub enum Event<'e> {
    /// One element of a wanted list.
    Element {
        /// The list's name.
        list: &'e str,
        /// The element.
        value: Value,
        /// Where it is.
        at: At,
    },
    /// The end of an object that had at least one wanted field or list.
    Object {
        /// Its wanted fields.
        fields: Map<String, Value>,
        /// Where it is.
        at: At,
    },
    /// A document that is a mere string.
    Text {
        /// The string.
        text: &'e str,
        /// Where it is.
        at: At,
    },
}

/// Walks all documents of the input. With `whole` the places carry spans, because the reader has the whole blob.
///
/// # Errors
/// When the input is not JSON, an element is too long, or the input fails; what came before has been handed over.
pub fn walk(
    input: &mut dyn BufRead,
    whole: bool,
    wanted: Wanted,
    on: &mut dyn FnMut(Event<'_>),
) -> Result<(), ReadNotice> {
    walk_in(input, whole, wanted, DEPTH, &mut |_, _| {}, on)
}

/// Walks like [`walk`], down to a depth of the caller's. Before the first element of a list `enter` gets the list's name and
/// the wanted fields that stand before it in the same object, which may say what its elements are.
///
/// # Errors
/// As [`walk`].
pub fn walk_in(
    input: &mut dyn BufRead,
    whole: bool,
    wanted: Wanted,
    depth: u8,
    enter: &mut dyn FnMut(&'static str, &Map<String, Value>),
    on: &mut dyn FnMut(Event<'_>),
) -> Result<(), ReadNotice> {
    let counter = Counter::default();
    counter.renew();
    let gate = Gate::open(input, &counter).map_err(|error| counter.notice(&error.to_string()))?;
    let mut json = serde_json::Deserializer::from_reader(gate);
    let mut walk =
        Walk { counter: &counter, wanted, whole, deepest: depth, enter, on, path: String::new(), document: 0 };
    loop {
        counter.renew();
        match json.end() {
            Ok(()) => return Ok(()),
            Err(error) if error.is_io() => return Err(counter.notice(&error.to_string())),
            // Another document follows.
            Err(_) => {}
        }
        walk.document += 1;
        walk.path.clear();
        let page = Page { walk: &mut walk, depth: 0 };
        page.deserialize(&mut json).map_err(|error| counter.notice(&message(&error)))?;
    }
}

/// The parser's message without its place, which is counted here in characters.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Where a value starts: its offset, its line and its column in characters.
#[derive(Debug, Clone, Copy)]
struct Start {
    offset: u64,
    line: u64,
    column: u64,
}

/// How much has been read. The parser takes one byte at a time and looks at most one ahead, so a place taken when a value
/// starts or ends is exact.
#[derive(Debug, Default)]
struct Counter {
    offset: Cell<u64>,
    lines: Cell<u64>,
    column: Cell<u64>,
    limit: Cell<u64>,
    over: Cell<bool>,
}

impl Counter {
    fn renew(&self) {
        self.limit.set(self.offset.get().saturating_add(ELEMENT_MAX));
    }

    fn unlimited(&self) {
        self.limit.set(u64::MAX);
    }

    fn count(&self, byte: u8) {
        self.offset.set(self.offset.get() + 1);
        if byte == b'\n' {
            self.lines.set(self.lines.get() + 1);
            self.column.set(0);
        } else if byte & 0xc0 != 0x80 {
            self.column.set(self.column.get() + 1);
        }
    }

    fn line(&self) -> u64 {
        self.lines.get() + 1
    }

    /// Start of the value whose first byte has just been read.
    fn start(&self) -> Start {
        Start { offset: self.offset.get().saturating_sub(1), line: self.line(), column: self.column.get().max(1) }
    }

    fn notice(&self, message: &str) -> ReadNotice {
        let (code, message) = if self.over.get() {
            ("too-large", "one element is longer than 16 MiB; what follows it was not read".to_owned())
        } else {
            ("malformed", format!("not readable as JSON: {message}; what came before was kept"))
        };
        ReadNotice { kind: NoticeKind::Gap, code, line: self.line(), column: self.column.get().max(1), message }
    }
}

/// Bytes that are taken from the input at a time. The parser takes them one by one, which is only fast out of a buffer of its own.
const BUFFER: usize = 64 << 10;

/// Counts what the parser reads, and drops a byte order mark.
struct Gate<'r> {
    input: &'r mut dyn BufRead,
    buffer: Vec<u8>,
    at: usize,
    counter: &'r Counter,
}

impl<'r> Gate<'r> {
    fn open(input: &'r mut dyn BufRead, counter: &'r Counter) -> io::Result<Self> {
        let mut gate = Self { input, buffer: Vec::with_capacity(BUFFER), at: 0, counter };
        while gate.buffer.len() < 3 && gate.more()? {}
        if gate.buffer.starts_with(b"\xef\xbb\xbf") {
            gate.at = 3;
            counter.offset.set(3);
        }
        Ok(gate)
    }

    /// Takes what the input has; false at its end. What was read before is dropped once all of it was handed on.
    fn more(&mut self) -> io::Result<bool> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        }
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => {
                    let bytes = bytes.get(..BUFFER.min(bytes.len())).unwrap_or_default();
                    let taken = bytes.len();
                    self.buffer.extend_from_slice(bytes);
                    self.input.consume(taken);
                    return Ok(taken > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Gate<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        if self.counter.offset.get() >= self.counter.limit.get() {
            self.counter.over.set(true);
            return Err(io::Error::other("too long"));
        }
        if self.at == self.buffer.len() && !self.more()? {
            return Ok(0);
        }
        let Some(byte) = self.buffer.get(self.at).copied() else { return Ok(0) };
        self.at += 1;
        *slot = byte;
        self.counter.count(byte);
        Ok(1)
    }
}

struct Walk<'w> {
    counter: &'w Counter,
    wanted: Wanted,
    whole: bool,
    deepest: u8,
    enter: &'w mut dyn FnMut(&'static str, &Map<String, Value>),
    on: &'w mut dyn FnMut(Event<'_>),
    path: String,
    document: u64,
}

impl Walk<'_> {
    /// The place of a value that started at `start` and has just been read to its end.
    fn at(&self, start: Start) -> At {
        let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        let span = self.whole.then(|| Span::new(index(start.offset), index(self.counter.offset.get())));
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let pointer = if self.document > 1 { format!("document {}: {path}", self.document) } else { path.to_owned() };
        At { span, line: Some(start.line), column: Some(start.column), pointer: Some(pointer) }
    }

    /// Runs `inner` with one more step on the JSON pointer (RFC 6901).
    fn step<T>(&mut self, step: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.path.len();
        self.path.push('/');
        if step.contains(['~', '/']) {
            self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        } else {
            self.path.push_str(step);
        }
        let value = inner(self);
        self.path.truncate(len);
        value
    }
}

/// Any value that may hold lists and fields further down.
struct Page<'p, 'w> {
    walk: &'p mut Walk<'w>,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Page<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > self.walk.deepest {
            self.walk.counter.unlimited();
            return IgnoredAny::deserialize(deserializer).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Page<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { walk, depth } = self;
        let start = walk.counter.start();
        let mut fields = Map::new();
        let mut met = false;
        walk.counter.renew();
        while let Some(key) = map.next_key::<String>()? {
            walk.counter.renew();
            if walk.wanted.fields.contains(&key.as_str()) {
                met = true;
                let value = map.next_value()?;
                fields.insert(key, value);
            } else if let Some(list) = walk.wanted.lists.iter().find(|name| **name == key) {
                met = true;
                (walk.enter)(list, &fields);
                walk.step(&key, |walk| map.next_value_seed(List { walk, name: list }))?;
            } else {
                walk.step(&key, |walk| map.next_value_seed(Page { walk, depth: depth + 1 }))?;
            }
            walk.counter.renew();
        }
        if met {
            let at = walk.at(start);
            (walk.on)(Event::Object { fields, at });
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { walk, depth } = self;
        let mut index = 0_u64;
        loop {
            walk.counter.renew();
            let more = walk.step(&index.to_string(), |walk| seq.next_element_seed(Page { walk, depth: depth + 1 }))?;
            if more.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.depth == 0 {
            // It has been read to its end, which may lie on another line.
            let at = At { span: None, column: None, ..self.walk.at(self.walk.counter.start()) };
            (self.walk.on)(Event::Text { text, at });
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// A wanted list, or the one object that stands for a list of one.
struct List<'p, 'w> {
    walk: &'p mut Walk<'w>,
    name: &'static str,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { walk, name } = self;
        let mut index = 0_u64;
        loop {
            walk.counter.renew();
            let Some((start, value)) = seq.next_element_seed(Element { counter: walk.counter })? else { return Ok(()) };
            let mut at = walk.step(&index.to_string(), |walk| walk.at(start));
            if value.is_number() {
                // A number ends where the next byte says so, and that byte has been read.
                at.span = None;
            }
            (walk.on)(Event::Element { list: name, value, at });
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Self { walk, name } = self;
        let start = walk.counter.start();
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        let at = walk.at(start);
        (walk.on)(Event::Element { list: name, value, at });
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// One element with the place of its first byte.
struct Element<'c> {
    counter: &'c Counter,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = (Start, Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let start = self.counter.start();
        Ok((start, Value::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    const WANTED: Wanted = Wanted { lists: &["List"], fields: &["Flag", "Name"] };

    fn events(text: &str, chunk: usize) -> (Vec<String>, Result<(), ReadNotice>) {
        let mut out = Vec::new();
        let mut input = BufReader::with_capacity(chunk, text.as_bytes());
        let result = walk(&mut input, true, WANTED, &mut |event| {
            let (name, value, at) = match event {
                Event::Element { list, value, at } => (list.to_owned(), value, at),
                Event::Object { fields, at } => ("object".to_owned(), Value::Object(fields), at),
                Event::Text { text, at } => ("text".to_owned(), Value::String(text.to_owned()), at),
            };
            if let Some(span) = at.span {
                let slice = text.get(span.start..span.end).unwrap();
                if name == "object" {
                    assert!(slice.starts_with('{') && slice.ends_with('}'), "{slice}");
                } else {
                    assert_eq!(serde_json::from_str::<Value>(slice).unwrap(), value, "{slice}");
                }
                let line = text[..span.start].matches('\n').count() as u64 + 1;
                assert_eq!(at.line, Some(line), "{slice}");
            }
            out.push(format!("{}:{} {name} {value}", at.line.unwrap(), at.pointer.unwrap()));
        });
        (out, result)
    }

    #[test]
    fn elements_are_found_in_every_envelope_with_exact_places() {
        for (text, want) in [
            (
                "{\"List\": [{\"a\":1},\n {\"a\":2}]}",
                vec!["1:/List/0 List {\"a\":1}", "2:/List/1 List {\"a\":2}", "1:/ object {}"],
            ),
            (
                "\u{feff}[{\"Flag\":true,\"List\":[1]},\n\n{\"List\":{\"é\":2}}]",
                vec!["1:/0/List/0 List 1", "1:/0 object {\"Flag\":true}", "3:/1/List List {\"é\":2}", "3:/1 object {}"],
            ),
            (
                "{\"List\":[{}]}\n{\"List\":[{}]}\n",
                vec![
                    "1:/List/0 List {}",
                    "1:/ object {}",
                    "2:document 2: /List/0 List {}",
                    "2:document 2: / object {}",
                ],
            ),
            (
                "{\"a/b\":{\"List\":[7], \"x\":[1,[2],\"s\",null]},\"List\":null}",
                vec!["1:/a~1b/List/0 List 7", "1:/a~1b object {}", "1:/ object {}"],
            ),
            ("[{\"Name\":\"a\"},{\"Other\":1}]", vec!["1:/0 object {\"Name\":\"a\"}"]),
            ("\"words\"", vec!["1:/ text \"words\""]),
            ("", vec![]),
        ] {
            for chunk in [1, 4096] {
                let (got, result) = events(text, chunk);
                assert_eq!(got, want, "{text}");
                assert_eq!(result, Ok(()), "{text}");
            }
        }
    }

    #[test]
    fn what_came_before_a_mistake_is_kept_and_its_place_is_told() {
        let (got, result) = events("{\"List\": [1,\n 2, \"é\" x]}", 16);
        assert_eq!(got.len(), 3);
        let notice = result.unwrap_err();
        assert_eq!((notice.code, notice.line, notice.column), ("malformed", 2, 9));
        let (got, result) = events("{\"List\": [1", 16);
        assert_eq!(got.len(), 1);
        assert_eq!(result.unwrap_err().code, "malformed");
    }

    #[test]
    fn an_element_without_end_stops_the_reading_and_a_skipped_one_does_not() {
        let long = "x".repeat(17 << 20);
        let (got, result) = events(&format!("{{\"List\":[1,\"{long}\",2]}}"), 4096);
        assert_eq!(got.len(), 1);
        assert_eq!(result.unwrap_err().code, "too-large");
        let many = vec!["[1,2,3,4,5,6,7]"; 1 << 17].join(",");
        let (got, result) = events(&format!("{{\"Other\":[{many}],\"List\":[1]}}"), 4096);
        assert_eq!((got.len(), result), (2, Ok(())));
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        for text in ["[".repeat(1 << 20), "{\"List\":[".repeat(1 << 16), "{\"a\":".repeat(1 << 18)] {
            assert!(events(&text, 4096).1.is_err());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_an_end(text in "[\\[\\]{}\",:a1é \n\u{feff}\\\\]{0,40}|(\\{\"List\":\\[[0-9, ]{0,6}\\]\\}\n?){0,3}") {
            let _ = events(&text, 5);
        }
    }
}
