//! What each fuzz target does with its bytes: never panic, and hold what the reports rely on.
//!
//! Used by the targets of `cargo fuzz` and by `tests/fuzz_corpus.rs`, which replays the seeds as a plain test.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use keyroll::config::Config;
use keyroll::config::baseline::Baseline;
use keyroll::decode::embedded;
use keyroll::detect::{Engine, Scratch};
use keyroll::doc::{Doc, Kind};
use keyroll::formats::{HEAD, Input, Out, Syntax};
use keyroll::model::{Family, Part, PathClass, RepoPath, Report, Span};
use keyroll::report::{REPORTERS, Style};
use keyroll::source::archive::{self, Inside, Sink, Trouble};
use keyroll::source::git::config::GitConfig;
use keyroll::source::git::index::Index;
use keyroll::source::git::objects::{Item, Objects, Sweep};
use keyroll::source::git::pack::Scratch as PackScratch;
use keyroll::source::{git, reftable};
use keyroll::validate::{Subject, VALIDATORS};
use keyroll::{cli, decode, doc, formats, rules};

/// Every target by its name.
#[allow(clippy::type_complexity)]
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("doc_yaml", doc_yaml),
    ("doc_json", doc_json),
    ("doc_toml", doc_toml),
    ("doc_hcl", doc_hcl),
    ("decode", decode),
    ("archive", archive),
    ("formats", formats),
    ("rules_load", rules_load),
    ("detect", detect),
    ("validate", validate),
    ("report_json", report_json),
    ("git_pack", git_pack),
    ("git_index", git_index),
    ("git_reftable", git_reftable),
    ("git_config", git_config),
    ("baseline", baseline),
    ("imports", imports),
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

/// TOML: the same.
pub fn doc_toml(data: &[u8]) {
    let text = text_of(data);
    match doc::toml::parse(&text) {
        Ok(doc) => spans_hold(&doc, &text),
        Err(e) => assert!(!e.message.is_empty()),
    }
}

/// HCL, and texts of its JSON syntax as templates: the same.
pub fn doc_hcl(data: &[u8]) {
    let text = text_of(data);
    match doc::hcl::parse(&text) {
        Ok(doc) => spans_hold(&doc, &text),
        Err(e) => assert!(!e.message.is_empty()),
    }
    let _ = doc::hcl::template(&text, Span::new(0, text.len()));
}

/// Charsets: text is UTF-8 where it was converted, and never longer than three bytes for every two. Layers of encoded text lie
/// within the budget, and every byte of them leads back into the text, in order where it is written in order.
pub fn decode(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    for family in [Family::Other, Family::Json, Family::Yaml] {
        let class = PathClass { family, ..PathClass::default() };
        let layers = embedded::layers(data, &class, &mut embedded::Budget::of(data.len()));
        let total: usize = layers.iter().map(|layer| layer.text.len()).sum();
        assert!(total <= data.len() * 4 + LONGEST, "{total} bytes of {}", data.len());
        for layer in &layers {
            let whole = layer.map.all();
            assert!(whole.start < whole.end && whole.end <= data.len(), "{whole:?} of {}", data.len());
            let mut last = 0;
            for at in (0..layer.text.len()).step_by(layer.text.len() / 200 + 1) {
                let outer = layer.map.outer(Span::new(at, at + 1));
                assert!(last <= outer.start && outer.end <= data.len(), "{outer:?} behind {last} of {}", data.len());
                last = outer.start;
            }
        }
    }
    let Some(text) = decode::text(data) else { return };
    assert!(!text.converted || std::str::from_utf8(&text.bytes).is_ok(), "converted to something else than UTF-8");
    assert!(text.bytes.len() <= data.len() * 3 / 2 + 3, "{} bytes of {}", text.bytes.len(), data.len());
}

/// Takes what archives hold and checks what it is told.
struct Members {
    length: usize,
    bytes: usize,
}

impl Members {
    fn holds(inside: Inside<'_>) {
        let leads_out = |part: &[u8]| matches!(part, b".." | b"." | b"");
        assert!(inside.path.is_empty() || !inside.path.split(|b| *b == b'/').any(leads_out), "{inside:?}");
    }
}

impl Sink for Members {
    fn wants(&mut self, head: &[u8]) -> bool {
        assert!(head.len() <= 8 << 10);
        true
    }

    fn member(&mut self, inside: Inside<'_>, bytes: &[u8]) {
        Self::holds(inside);
        self.bytes += bytes.len();
        assert!(self.bytes <= (self.length + 1) * 201 + LONGEST, "{} bytes of {}", self.bytes, self.length);
    }

    fn long(&mut self, inside: Inside<'_>, head: &[u8], rest: &mut dyn Read) -> bool {
        Self::holds(inside);
        let more = std::io::copy(rest, &mut std::io::sink()).unwrap_or_default();
        self.bytes += head.len() + usize::try_from(more).unwrap_or(usize::MAX);
        assert!(self.bytes <= (self.length + 1) * 201 + LONGEST, "{} bytes of {}", self.bytes, self.length);
        // What is told of it must not change what else is read.
        more.is_multiple_of(2)
    }

    fn trouble(&mut self, inside: Inside<'_>, why: Trouble) {
        Self::holds(inside);
        assert!(!why.code().is_empty() && !why.message().is_empty());
    }

    fn stopped(&self) -> bool {
        false
    }
}

/// Archives of strangers: members under clean names, and no more bytes than an archive may unpack to.
pub fn archive(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    let mut members = Members { length: data.len(), bytes: 0 };
    archive::walk(&mut Cursor::new(data), data.len() as u64, b"dir/a.tgz", &mut members).expect("memory can be read");
}

/// Every format reads and streams every input, whether it claims it or not: people rename files.
pub fn formats(data: &[u8]) {
    let text = text_of(data);
    let mut end = HEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for path in
        [".github/workflows/a.yml", "action.yml", "export.json", "report.csv", ".codex/config.toml", ".mcp.json"]
    {
        let path = RepoPath::from(path);
        for format in formats::all() {
            let _ = (format.claims)(&path, &text[..end]);
        }
    }
    let path = RepoPath::from(".github/workflows/a.yml");
    let parsed = [
        doc::yaml::parse(&text).ok(),
        doc::json::parse(&text).ok(),
        doc::toml::parse(&text).ok(),
        doc::hcl::parse(&text).ok(),
    ];
    for format in formats::all() {
        let doc = match format.syntax {
            Syntax::Yaml => parsed[0].as_ref(),
            Syntax::Json => parsed[1].as_ref(),
            Syntax::Toml => parsed[2].as_ref(),
            Syntax::Hcl => parsed[3].as_ref(),
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
        (reporter.write)((&report).into(), &Style::default(), &mut out).expect("writing to memory");
        let text = String::from_utf8(out).expect("outputs are UTF-8");
        assert!(!text.contains('\u{1b}'), "{} lets an escape through", reporter.id);
        if reporter.id == "json" {
            let again: Report = serde_json::from_str(&text).expect("what was written can be read");
            let mut second = Vec::new();
            (reporter.write)((&again).into(), &Style::default(), &mut second).expect("writing to memory");
            assert!(text.as_bytes() == second, "a report changes when it is read and written");
        }
    }
}

/// Largest object that is read of a pack.
const MOST: u64 = 1 << 20;

/// Packs with their indexes: what is found in them is no larger than allowed, and the parts of an object are all of it. The input is the pack's length in four bytes, the pack, and the index.
pub fn git_pack(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<4>() else { return };
    let (pack, index) = rest.split_at((u32::from_be_bytes(*length) as usize).min(rest.len()));
    let dir =
        std::env::temp_dir().join(format!("keyroll-fuzz-{}-{:?}", std::process::id(), std::thread::current().id()));
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(dir.join("pack").join(name), bytes).expect("a temporary file");
    std::fs::create_dir_all(dir.join("pack")).expect("a temporary directory");
    write("pack-1.pack", pack);
    write("pack-1.idx", index);
    for hash_len in [20, 32] {
        let (all, few) = (Objects::open(&dir, hash_len, MOST), Objects::open_for_lookups(&dir, hash_len, MOST));
        let stop = AtomicBool::new(false);
        let mut scratch = PackScratch::default();
        for kind in [git::Kind::Commit, git::Kind::Tree, git::Kind::Blob, git::Kind::Tag] {
            let bytes = AtomicU64::new(0);
            let sweep = Sweep { kind, stop: &stop, skip: &|_| false };
            let unread = all.sweep(&sweep, &|item: Item<'_, ()>| {
                assert!(item.bytes.len() as u64 <= MOST, "an object of {} bytes", item.bytes.len());
                if let Some((_, base, parts)) = item.base {
                    let mut at = 0;
                    for part in parts {
                        assert!(part.to == at && part.len > 0, "parts with a hole at {at}");
                        assert!(
                            part.from.is_none_or(|from| from + part.len <= base),
                            "a part from outside of the base"
                        );
                        at += part.len;
                    }
                    assert_eq!(at, item.bytes.len(), "parts of less than the whole");
                }
                bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
            });
            unread.iter().for_each(|u| assert_eq!(u.id.as_bytes().len(), hash_len));
            for id in all.ids(kind).take(64) {
                for store in [&all, &few] {
                    let read = store.read(&mut scratch, id).ok().flatten();
                    assert!(read.is_none_or(|(_, bytes)| bytes.len() as u64 <= MOST), "too large an object");
                }
            }
        }
    }
    // What stays behind is written over by the next input.
    let _ = std::fs::remove_dir_all(&dir);
}

/// Indexes: entries of ids of the right length in order, or a reason.
pub fn git_index(data: &[u8]) {
    for hash_len in [20, 32] {
        match Index::of_bytes(&data[..data.len().min(LONGEST)], hash_len) {
            Ok(index) => {
                for entry in index.entries() {
                    assert_eq!(entry.id.as_bytes().len(), hash_len);
                    assert!(entry.stage < 4);
                }
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
}

/// Reftables: no more refs than there can be.
pub fn git_reftable(data: &[u8]) {
    let mut data = data[..data.len().min(LONGEST)].to_vec();
    // Once as it is, and once with the right checksum, behind which the rest begins.
    for _ in 0..2 {
        for hash_len in [20, 32] {
            let refs = reftable::refs_of(&data, hash_len);
            assert!(refs.unwrap_or(0) <= data.len(), "{refs:?} refs of {} bytes", data.len());
        }
        let footer = if data.get(4) == Some(&2) { 72 } else { 68 };
        let Some(body) = data.len().checked_sub(footer) else { return };
        let end = data.len() - 4;
        let sum = crc32fast::hash(&data[body..end]).to_be_bytes();
        data[end..].copy_from_slice(&sum);
    }
}

/// Configurations of git: what it sets can be asked for, and comes from the text.
pub fn git_config(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    let mut config = GitConfig::parse(data);
    for (section, subsection, name) in
        [("core", None, "hookspath"), ("extensions", None, "objectformat"), ("remote", Some("origin"), "url")]
    {
        let value = config.get(section, subsection, name).unwrap_or_default();
        // A byte that is no UTF-8 becomes a character of three, a name alone "true".
        assert!(value.len() <= data.len() * 3 + 4, "a value of {} bytes", value.len());
    }
    let set = config.is_true("extensions", "worktreeconfig");
    config.extend(GitConfig::parse(data));
    assert_eq!(config.is_true("extensions", "worktreeconfig"), set, "the same said twice is something else");
}

/// Baselines: what can be read is written so that it reads as the same, or the line is named that cannot.
pub fn baseline(data: &[u8]) {
    let path = Path::new("baseline");
    match Baseline::parse(&text_of(data), path) {
        Ok(baseline) => {
            let text = baseline.text();
            let again = Baseline::parse(&text, path).expect("what was written can be read");
            assert_eq!((again.text(), again.len()), (text, baseline.len()), "a baseline changes when it is written");
        }
        Err(why) => assert!(why.to_string().contains("line "), "{why}"),
    }
}

/// Files of other scanners: read or refused, and a configuration that is made of one can be read.
pub fn imports(data: &[u8]) {
    if let Some(made) = cli::try_imports(&text_of(data)) {
        let read = Config::parse(made.as_bytes(), Path::new("made.yml"));
        assert!(
            read.is_ok(),
            "a configuration that cannot be read: {}",
            read.err().map(|e| e.to_string()).unwrap_or_default()
        );
    }
}
