//! What `gcloud … --format=yaml` prints, handed to the readers of the same listings in JSON: one document a row, with `---` between
//! them (<https://cloud.google.com/sdk/gcloud/reference/topic/formats>). Each document becomes one line of JSON that stands where the
//! document begins, so that lines are those of the file.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::LazyLock;

use serde_json::{Map, Number, Value};

use super::json_stream::ELEMENT_MAX;
use crate::doc::yaml;
use crate::doc::{Kind, Node};
use crate::formats::any::AnyOf;

/// Bytes looked at to tell the syntax.
const HEAD: u64 = 64;

/// The head of a listing in YAML as JSON would write its names and texts, so that the same words tell it; any other head as it is.
/// Only texts that speak of Google's resources are gone through.
#[must_use]
pub fn head(head: &str) -> Cow<'_, str> {
    if !is_listing(head) {
        return Cow::Borrowed(head);
    }
    let bare = head.trim_start_matches('\u{feff}').trim_start();
    let mut out = String::from("{");
    for line in bare.lines() {
        let mut rest = line.trim();
        while let Some(item) = rest.strip_prefix("- ") {
            rest = item.trim_start();
        }
        let quoted = |text: &str| format!("\"{}\"", text.trim().trim_matches(['"', '\'']));
        match rest.split_once(": ").or_else(|| rest.strip_suffix(':').map(|name| (name, ""))) {
            Some((name, value)) if is_name(name) => {
                out.push_str(&format!("{}: {}\n", quoted(name), quoted(value)));
            }
            _ if rest.is_empty() || rest.starts_with('#') => {}
            _ => out.push_str(&format!("{}\n", quoted(rest))),
        }
    }
    Cow::Owned(out)
}

/// Words of which every listing has one.
pub const LISTING_WORDS: &[&str] = &[
    "gserviceaccount.com",
    "googleapis.com",
    "bindings:",
    "includedPermissions:",
    "workloadIdentityPools/",
    "activityType:",
];

/// Whether a head may be one of a listing in YAML: it begins like one and speaks of Google's resources.
#[must_use]
pub fn is_listing(head: &str) -> bool {
    static SPEAKS: LazyLock<AnyOf> = LazyLock::new(|| AnyOf::new(LISTING_WORDS));
    let bare = head.trim_start_matches('\u{feff}').trim_start();
    // A listing begins with a mark of a document, an item or a name.
    let begins =
        bare.starts_with("--- ") || bare.starts_with("---\n") || bare.starts_with("---\r") || bare.starts_with("- ");
    let named = || bare.split_once(':').is_some_and(|(name, _)| is_name(name));
    (begins || named()) && SPEAKS.is_in(bare.as_bytes())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.trim_matches(['"', '\'']).bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The reader itself when it gives JSON, else one that gives its documents as JSON; with it, whether that was needed.
///
/// # Errors
/// When the input fails.
pub fn as_json<'r>(reader: &'r mut dyn BufRead) -> io::Result<(Box<dyn BufRead + 'r>, bool)> {
    let mut head = Vec::new();
    (&mut *reader).take(HEAD).read_to_end(&mut head)?;
    let start = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_owned();
    let json = start.is_empty() || start.starts_with(['{', '[', '"']);
    let whole = Cursor::new(head).chain(reader);
    if json {
        return Ok((Box::new(whole), false));
    }
    Ok((
        Box::new(io::BufReader::new(Documents {
            input: whole,
            line: 0,
            out: Cursor::default(),
            told: 0,
            ended: false,
        })),
        true,
    ))
}

/// Documents of YAML as lines of JSON.
struct Documents<R> {
    input: R,
    /// Lines of the input that were read.
    line: usize,
    out: Cursor<Vec<u8>>,
    /// Lines that were handed out.
    told: usize,
    ended: bool,
}

impl<R: BufRead> Documents<R> {
    /// Takes the next document in; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        let first = self.line;
        loop {
            bytes.clear();
            let room = ELEMENT_MAX.saturating_sub(text.len() as u64);
            if room == 0 {
                return Err(io::Error::other("a document is longer than is read at a time"));
            }
            if (&mut self.input).take(room).read_until(b'\n', &mut bytes)? == 0 {
                self.ended = true;
                break;
            }
            self.line += 1;
            let line = String::from_utf8_lossy(&bytes);
            let line = line.trim_start_matches('\u{feff}');
            if line.trim_end() == "---" || line.starts_with("--- ") {
                break;
            }
            text.push_str(line);
        }
        let doc = yaml::parse(&text)
            .map_err(|e| io::Error::other(format!("line {}: {}", first as u64 + e.line, e.message)))?;
        let Some(root) = doc.roots.first() else { return Ok(!self.ended) };
        if matches!(root.kind, Kind::Null) {
            return Ok(!self.ended);
        }
        let before = text.get(..root.span.start).unwrap_or_default().matches('\n').count();
        let mut out = vec![b'\n'; (first + before).saturating_sub(self.told)];
        self.told += out.len();
        out.extend(value(root).to_string().into_bytes());
        out.push(b'\n');
        self.told += 1;
        self.out = Cursor::new(out);
        Ok(!self.ended)
    }
}

impl<R: BufRead> Read for Documents<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.out.read(into)?;
            if n > 0 || self.ended || into.is_empty() {
                return Ok(n);
            }
            self.next()?;
        }
    }
}

/// The tree without its places. The parser has bounded depth and size.
fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(on) => Value::Bool(*on),
        Kind::Number(text) => text.parse::<i64>().map(Value::from).unwrap_or_else(|_| {
            match text.parse().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => Value::from(text.as_str()),
            }
        }),
        Kind::String(text) => Value::from(text.as_str()),
        Kind::Sequence(items) => items.iter().map(value).collect(),
        Kind::Mapping(entries) => {
            let named = entries.iter().filter_map(|(key, node)| Some((key.scalar()?, value(node))));
            Value::Object(named.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn json(text: &str) -> String {
        let mut bytes = text.as_bytes();
        let (mut reader, _) = as_json(&mut bytes).unwrap();
        let mut out = String::new();
        reader.read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn each_document_is_a_line_where_it_begins_and_json_stays_as_it_is() {
        let text = "---\nname: a\nkeys:\n- x\n---\nname: b\nn: '12'\non: true\n";
        assert_eq!(
            json(text),
            "\n{\"keys\":[\"x\"],\"name\":\"a\"}\n\n\n\n{\"n\":\"12\",\"name\":\"b\",\"on\":true}\n"
        );
        assert_eq!(json("[{\"a\": 1}]\n"), "[{\"a\": 1}]\n");
        assert_eq!(json(""), "");
        assert_eq!(json("---\n---\n"), "");
    }

    #[test]
    fn what_is_no_yaml_is_an_error_and_no_panic() {
        let mut bytes = "a: [\n".as_bytes();
        let (mut reader, converted) = as_json(&mut bytes).unwrap();
        assert!(converted && reader.read_to_string(&mut String::new()).is_err());
    }

    #[test]
    fn a_head_in_yaml_has_the_words_of_json() {
        let yaml = "bindings:\n- members:\n  - serviceAccount:ci@acme.iam.gserviceaccount.com\n  role: roles/owner\n";
        let head = head(yaml);
        for word in ["\"bindings\"", "\"members\"", "\"serviceAccount:ci@", "\"role\": \"roles/owner\""] {
            assert!(head.contains(word), "{head}");
        }
        assert!(matches!(super::head("a: b\n"), Cow::Borrowed(_)));
    }
}
