//! What each fuzz target does with its bytes: never panic, and hold what the reports rely on.
//!
//! Used by the targets of `cargo fuzz` and by `tests/fuzz_corpus.rs`, which replays the seeds as a plain test.

use std::io::BufReader;
use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;
use keyroll::detect::{Engine, Scratch};
use keyroll::doc::{Doc, Kind};
use keyroll::formats::{HEAD, Input, Out, Syntax};
use keyroll::model::{Part, PathClass, RepoPath, Report, Span};
use keyroll::report::{REPORTERS, Style};
use keyroll::validate::{Subject, VALIDATORS};
use keyroll::{decode, doc, formats, rules};

/// Every target by its name.
#[allow(clippy::type_complexity)]
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("doc_yaml", doc_yaml),
    ("doc_json", doc_json),
    ("decode", decode),
    ("formats", formats),
    ("rules_load", rules_load),
    ("detect", detect),
    ("validate", validate),
    ("report_json", report_json),
];

/// Longest input that is looked at, so that no target is slow for its length alone.
const LONGEST: usize = 1 << 20;

fn text_of(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&data[..data.len().min(LONGEST)])
}

/// Every span of a tree lies in the text and between characters.
fn spans_hold(doc: &Doc, text: &str) {
    let inside =
        |span: Span| assert!(text.get(span.start..span.end).is_some(), "span {span:?} of {} bytes", text.len());
    for root in &doc.roots {
        root.walk(&mut |node| {
            inside(node.span);
            inside(node.inner);
            assert!(node.span.start <= node.inner.start && node.inner.end <= node.span.end, "{node:?}");
            if let Kind::Bool(value) = node.kind {
                assert_eq!(node.as_bool(), Some(value));
            }
        });
    }
    doc.comments.iter().for_each(|span| inside(*span));
}

/// YAML: a tree with spans inside the text, or an error with a place.
pub fn doc_yaml(data: &[u8]) {
    let text = text_of(data);
    match doc::yaml::parse(&text) {
        Ok(doc) => spans_hold(&doc, &text),
        Err(e) => assert!(!e.message.is_empty()),
    }
}

/// JSON and JSONC: the same.
pub fn doc_json(data: &[u8]) {
    let text = text_of(data);
    match doc::json::parse(&text) {
        Ok(doc) => spans_hold(&doc, &text),
        Err(e) => assert!(!e.message.is_empty()),
    }
}

/// Charsets: text is UTF-8 where it was converted, and never longer than three bytes for every two.
pub fn decode(data: &[u8]) {
    let Some(text) = decode::text(data) else { return };
    assert!(!text.converted || std::str::from_utf8(&text.bytes).is_ok(), "converted to something else than UTF-8");
    assert!(text.bytes.len() <= data.len() * 3 / 2 + 3, "{} bytes of {}", text.bytes.len(), data.len());
}

/// Every format reads and streams every input, whether it claims it or not: people rename files.
pub fn formats(data: &[u8]) {
    let text = text_of(data);
    let mut end = HEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for path in [".github/workflows/a.yml", "action.yml", "export.json", "report.csv"] {
        let path = RepoPath::from(path);
        for format in formats::all() {
            let _ = (format.claims)(&path, &text[..end]);
        }
    }
    let path = RepoPath::from(".github/workflows/a.yml");
    let parsed = [doc::yaml::parse(&text).ok(), doc::json::parse(&text).ok()];
    for format in formats::all() {
        let doc = match format.syntax {
            Syntax::Yaml => parsed[0].as_ref(),
            Syntax::Json => parsed[1].as_ref(),
            Syntax::Text => Some(&Doc { roots: Vec::new(), comments: Vec::new() }),
        };
        let mut facts = 0usize;
        let mut notices = 0usize;
        let mut count_facts = |_| facts += 1;
        let mut count_notices = |notice: formats::ReadNotice| {
            assert!(!notice.message.is_empty());
            notices += 1;
        };
        let mut out = Out::new(&mut count_facts, &mut count_notices);
        if let Some(doc) = doc {
            (format.read)(&Input { path: &path, repository: Some("acme/app"), text: &text }, doc, &mut out);
        }
        if let Some(stream) = format.stream {
            let input = Input { path: &path, repository: None, text: "" };
            stream(&input, &mut BufReader::with_capacity(64, text.as_bytes()), &mut out);
        }
        // Output stays in proportion to the input.
        assert!(facts + notices <= 200 + text.len() * 8, "{}: {facts} facts of {} bytes", format.id, text.len());
    }
}

/// Rule files of strangers: rules that can be used, or an error in words; examples expand or say why not.
pub fn rules_load(data: &[u8]) {
    let text = text_of(data);
    let file = match rules::parse_file(Path::new("rules.yml"), &text) {
        Ok(file) => file,
        Err(e) => return assert!(!e.to_string().is_empty()),
    };
    for def in &file.rules {
        match rules::convert(&file, def) {
            Ok(rule) => {
                for template in rule.examples.iter().take(8) {
                    let _ = rules::example::expand(template, 1);
                }
            }
            Err(message) => assert!(!message.is_empty()),
        }
    }
}

/// Detection: values lie in the text, in order, without overlap, each equal to what stands there.
pub fn detect(data: &[u8]) {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new(std::borrow::Cow::Borrowed(rules::built_in()), Vec::new()));
    let data = &data[..data.len().min(LONGEST)];
    let found = engine.scan(&mut Scratch::default(), data, &PathClass::default(), &|_| true, true);
    for candidate in &found.candidates {
        let (span, extent) = (candidate.span, candidate.extent);
        assert!(data.get(span.start..span.end).is_some_and(|v| !v.is_empty()), "value {span:?} of {}", data.len());
        assert!(data.get(extent.start..extent.end).is_some(), "match {extent:?} of {}", data.len());
    }
    assert!(found.candidates.windows(2).all(|w| w[0].span.start <= w[1].span.start), "out of order");
    for (_, span, _) in &found.dropped {
        assert!(data.get(span.start..span.end).is_some(), "dropped {span:?} of {}", data.len());
    }
    for reference in &found.references {
        assert!(data.get(reference.span.start..reference.span.end).is_some(), "reference {:?}", reference.span);
    }
}

/// Offline proofs: every validator on every value. The first line is the value, the rest what it was found in.
pub fn validate(data: &[u8]) {
    let data = &data[..data.len().min(64 << 10)];
    let line = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let secret = &data[..line];
    let part = |name: &str| Part {
        name: name.to_owned(),
        value: String::from_utf8_lossy(secret).into_owned(),
        span: Span::new(0, line),
    };
    let parts = [part("user"), part("host"), part("id"), part("access-key-id")];
    for (secret, matched, parts) in [(secret, data, &parts[..]), (data, data, &[]), (secret, secret, &[])] {
        let as_of = Timestamp::UNIX_EPOCH;
        for validator in VALIDATORS {
            let subject = Subject { secret, matched, parts, key_name: Some("token"), as_of };
            let _ = (validator.check)(&subject);
        }
    }
}

/// Reports of strangers: what can be read is written by every output, as UTF-8, and read again as the same report.
pub fn report_json(data: &[u8]) {
    let Ok(report) = serde_json::from_slice::<Report>(&data[..data.len().min(LONGEST)]) else { return };
    for reporter in REPORTERS {
        let mut out = Vec::new();
        (reporter.write)(&report, &Style::default(), &mut out).expect("writing to memory");
        let text = String::from_utf8(out).expect("outputs are UTF-8");
        assert!(!text.contains('\u{1b}'), "{} lets an escape through", reporter.id);
        if reporter.id == "json" {
            let again: Report = serde_json::from_str(&text).expect("what was written can be read");
            let mut second = Vec::new();
            (reporter.write)(&again, &Style::default(), &mut second).expect("writing to memory");
            assert!(text.as_bytes() == second, "a report changes when it is read and written");
        }
    }
}
