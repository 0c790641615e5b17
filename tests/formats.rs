//! Every format reads its fixtures as their snapshots say.
//!
//! `tests/fixtures/formats/<format id>/<case>/` holds any number of inputs, whose path below the case is the path that the
//! reader is told, and `expected.txt`: one line a fact, `line:column kind summary`, in the reader's order, then its
//! notices. `UPDATE=1 cargo test --test formats` rewrites the snapshots; judge each change by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use keyroll::formats::{self, HEAD, Input, Out, ReadNotice};
use keyroll::model::{At, Fact, IdentityKey, RepoPath, SecretForm, When};
use keyroll::rules::{Matcher, built_in};

#[path = "common/fixture.rs"]
mod fixture;

/// The repository that the fixtures belong to.
const REPOSITORY: &str = "acme/app";

fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

fn inputs(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.file_name().is_some_and(|name| name != "expected.txt") {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// What a format makes of one input, as lines.
fn snapshot(expected_format: Option<&str>, path: &RepoPath, text: &str) -> String {
    let mut end = HEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // A credential file is read by its name, beside the format that claims it for its facts.
    let by_name = formats::client::FORMATS.iter().copied().find(|f| Some(f.id) == expected_format);
    let claims = |f: &&formats::Format| (f.claims)(path, &text[..end]);
    let claiming = by_name.filter(claims).or_else(|| formats::all().find(claims));
    let Some(format) = claiming else { return "not claimed\n".to_owned() };
    let expected = expected_format.unwrap_or(format.id);
    assert_eq!(format.id, expected, "{} is claimed by another format", path.display());
    let doc = match format.syntax.parse(text) {
        Ok(doc) => doc,
        Err(e) => return format!("{}:{} malformed {}\n", e.line, e.column, e.message),
    };
    let mut facts = Vec::new();
    let mut notices = Vec::new();
    let mut push_fact = |fact| facts.push(fact);
    let mut push_notice = |notice| notices.push(notice);
    let mut out = Out::new(&mut push_fact, &mut push_notice);
    let input = Input { path, repository: Some(REPOSITORY), text };
    (format.read)(&input, &doc, &mut out);
    if facts.is_empty()
        && let Some(stream) = format.stream
    {
        let mut push_fact = |fact| facts.push(fact);
        let mut push_notice = |notice| notices.push(notice);
        let mut out = Out::new(&mut push_fact, &mut push_notice);
        stream(&Input { text: "", ..input }, &mut BufReader::new(text.as_bytes()), &mut out);
    }
    let mut lines = String::new();
    for fact in &facts {
        writeln!(lines, "{}", line(text, fact)).unwrap();
    }
    for ReadNotice { kind, code, line, column, message } in &notices {
        writeln!(lines, "{line}:{column} notice {kind:?} {code}: {message}").unwrap();
    }
    lines
}

fn place(text: &str, at: &At) -> String {
    let mut shown = match (at.span, at.line) {
        (Some(span), _) => {
            assert!(
                text.get(span.start..span.end).is_some(),
                "span outside of the text or inside a character: {span:?}"
            );
            let before = &text[..span.start];
            let line = before.matches('\n').count() + 1;
            format!("{line}:{}", before.rsplit('\n').next().unwrap().chars().count() + 1)
        }
        (None, Some(line)) => format!("{line}:0"),
        (None, None) => "0:0".to_owned(),
    };
    if let Some(pointer) = &at.pointer {
        write!(shown, " {pointer}").unwrap();
    }
    shown
}

/// Appends `name=value` for values that are known.
fn field(line: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        write!(line, " {name}={value}").unwrap();
    }
}

fn when(line: &mut String, name: &str, value: When) {
    if !value.is_unknown() {
        write!(line, " {name}={value:?}").unwrap();
    }
}

fn attributes(line: &mut String, attributes: &BTreeMap<String, String>) {
    if !attributes.is_empty() {
        let all: Vec<String> = attributes.iter().map(|(k, v)| format!("{k}={v}")).collect();
        write!(line, " {{{}}}", all.join("; ")).unwrap();
    }
}

fn key(key: Option<&IdentityKey>) -> &str {
    key.map_or("", IdentityKey::as_str)
}

fn line(text: &str, fact: &Fact) -> String {
    match fact {
        Fact::Identity(at, i) => {
            let mut l = format!("{} identity {} {} `{}`", place(text, at), i.kind.as_str(), i.key, i.name);
            field(&mut l, "provider", &i.provider);
            field(&mut l, "account", i.account.as_deref().unwrap_or_default());
            field(&mut l, "human", &format!("{:?}", i.human));
            field(&mut l, "status", &format!("{:?}", i.status));
            field(&mut l, "owner", i.owner.as_deref().unwrap_or_default());
            if !i.environment.why.is_empty() {
                write!(l, " environment={:?} ({})", i.environment.class, i.environment.why).unwrap();
            }
            i.aliases.iter().for_each(|alias| field(&mut l, "alias", alias.as_str()));
            when(&mut l, "created", i.created);
            when(&mut l, "last_used", i.last_used);
            attributes(&mut l, &i.attributes);
            l
        }
        Fact::Credential(at, c) => {
            let mut l = format!("{} credential {} {} of {}", place(text, at), c.kind, c.key, key(c.identity.as_ref()));
            field(&mut l, "provider", &c.provider);
            field(&mut l, "status", &format!("{:?}", c.status));
            for (name, value) in [
                ("created", c.created),
                ("expires", c.expires),
                ("last_used", c.last_used),
                ("rotated", c.rotated),
                ("as_of", c.as_of),
            ] {
                when(&mut l, name, value);
            }
            attributes(&mut l, &c.attributes);
            l
        }
        Fact::Grant(at, g) => {
            let mut l = format!(
                "{} grant {:?} `{}` on `{}` to {}",
                place(text, at),
                g.privilege,
                g.action,
                g.resource,
                g.identity
            );
            field(&mut l, "source", &g.source);
            field(&mut l, "condition", g.condition.as_deref().unwrap_or_default());
            l
        }
        Fact::Trust(at, t) => {
            let mut l = format!("{} trust {} by {}", place(text, at), t.issuer, t.identity);
            field(&mut l, "audience", t.audience.as_deref().unwrap_or_default());
            field(&mut l, "subject", t.subject.as_deref().unwrap_or_default());
            attributes(&mut l, &t.attributes);
            l
        }
        Fact::Usage(at, u) => {
            let mut l = format!("{} usage {:?} by {}", place(text, at), u.mode, key(u.identity.as_ref()));
            field(&mut l, "provider", &u.provider);
            field(&mut l, "credential", u.credential.as_deref().unwrap_or_default());
            field(&mut l, "target", u.target.as_deref().unwrap_or_default());
            field(&mut l, "mechanism", &u.mechanism);
            if u.federation_available {
                l.push_str(" federation-available");
            }
            attributes(&mut l, &u.attributes);
            l
        }
        Fact::ThirdParty(at, t) => {
            let mut l = format!("{} third-party {}@{} in {}", place(text, at), t.component, t.version, t.identity);
            l.push_str(if t.pinned { " pinned" } else { " unpinned" });
            l.push_str(if t.first_party { " first-party" } else { "" });
            field(&mut l, "reach", &t.credentials.join(", "));
            l
        }
        Fact::Setting(at, s) => {
            let mut l = format!("{} setting {} of {}", place(text, at), s.name, s.subject);
            field(&mut l, "identity", key(s.identity.as_ref()));
            field(&mut l, "value", &s.value);
            attributes(&mut l, &s.attributes);
            l
        }
        Fact::Secret(at, s) => {
            let mut l = format!("{} secret {}", place(text, at), s.rule);
            field(&mut l, "bytes", &s.span.len().to_string());
            field(&mut l, "user", s.user.as_deref().unwrap_or_default());
            field(&mut l, "host", s.host.as_deref().unwrap_or_default());
            field(&mut l, "name", s.name.as_deref().unwrap_or_default());
            if s.form != SecretForm::Password {
                field(&mut l, "form", &format!("{:?}", s.form));
            }
            field(&mut l, "confidence", s.confidence.map_or("", |c| c.as_str()));
            l.push_str(if s.encrypted { " encrypted" } else { "" });
            // Where the file holds it as it is, the place holds exactly the value.
            let there = &text.as_bytes()[s.span.start..s.span.end];
            l.push_str(if there == s.secret.expose() { "" } else { " decoded" });
            l
        }
    }
}

#[test]
fn every_format_reads_its_fixtures_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let update = std::env::var_os("UPDATE").is_some();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for format in directories(&root) {
        let id = format.file_name().unwrap().to_str().unwrap().to_owned();
        for case in directories(&format) {
            cases += 1;
            let inputs = inputs(&case);
            assert!(!inputs.is_empty(), "{} holds no input", case.display());
            let mut actual = String::new();
            for input in &inputs {
                let path = input.strip_prefix(&case).unwrap().to_str().unwrap().replace('\\', "/");
                let text = fixture::expand(&String::from_utf8(fs::read(input).unwrap()).unwrap());
                if inputs.len() > 1 {
                    writeln!(actual, "== {path}").unwrap();
                }
                actual.push_str(&snapshot(Some(&id), &RepoPath::from(path.as_str()), &text));
            }
            let expected = case.join("expected.txt");
            if update {
                fs::write(&expected, fixture::collapse(&actual)).unwrap();
            } else if fixture::expand(&fs::read_to_string(&expected).unwrap_or_default()) != actual {
                wrong.push(format!("{}:\n{actual}", case.display()));
            }
        }
    }
    assert!(cases > 0, "no fixtures below {}", root.display());
    assert!(wrong.is_empty(), "not as expected:\n\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_known_files_is_told_by_a_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let mut told = BTreeSet::new();
    for case in directories(&root).iter().flat_map(|format| directories(format)) {
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        let secret =
            |line: &'_ str| line.split_once(' ')?.1.strip_prefix("secret ")?.split(' ').next().map(str::to_owned);
        let rules = expected.lines().filter_map(secret);
        told.extend(rules);
    }
    let known = |rule: &str| built_in().iter().any(|r| r.id == rule);
    let unknown: Vec<&String> = told.iter().filter(|rule| !known(rule)).collect();
    assert!(unknown.is_empty(), "readers tell rules that are none: {unknown:?}");
    let own = built_in().iter().filter(|r| r.matcher == Matcher::ClientFile);
    let untold: Vec<&str> = own.map(|r| r.id.as_ref()).filter(|rule| !told.contains(*rule)).collect();
    assert!(untold.is_empty(), "no fixture tells {untold:?}");
}

#[test]
fn every_credential_file_has_a_fixture_and_a_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    for format in formats::client::FORMATS {
        let cases = directories(&root.join(format.id));
        let named =
            cases.iter().flat_map(|case| inputs(case).into_iter().map(move |i| (case.clone(), i))).any(|(case, i)| {
                let path = i.strip_prefix(&case).unwrap().to_str().unwrap().replace('\\', "/");
                let path = RepoPath::from(path.as_str());
                // What the trees of a history are asked.
                assert!(formats::client::may_be(path.file_name()), "{}", path.display());
                formats::client::by_name(&path).is_some_and(|f| f.id == format.id)
            });
        assert!(named, "{} has no fixture that its name leads to", format.id);
    }
    for path in
        ["src/main.rs", "config.yml", "README.md", "a/.git/config", "settings.gradle", "keys.json", ".environment"]
    {
        assert!(formats::client::by_name(&RepoPath::from(path)).is_none(), "{path}");
    }
}

#[test]
fn no_format_trips_over_a_fixture_cut_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    for format in directories(&root) {
        for case in directories(&format) {
            for input in inputs(&case) {
                let path = input.strip_prefix(&case).unwrap().to_str().unwrap().replace('\\', "/");
                let path = RepoPath::from(path.as_str());
                let text = fixture::expand(&String::from_utf8(fs::read(&input).unwrap()).unwrap());
                // What is left may be of another format. Facts of a cut text must still point into it; `snapshot` asserts that.
                let step = (text.len() / 60).max(1);
                for at in (0..text.len()).step_by(step).filter(|at| text.is_char_boundary(*at)) {
                    snapshot(None, &path, &text[..at]);
                    let without_line: String = text[at..].split_inclusive('\n').skip(1).collect();
                    snapshot(None, &path, &format!("{}{without_line}", &text[..at]));
                }
            }
        }
    }
}
