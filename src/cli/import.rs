//! `keyroll import …`: what other scanners were told, as configuration and baseline. What cannot be said in keyroll's words is
//! printed and never guessed.

mod globs;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use sha1::{Digest as _, Sha1};

use super::args::{GateArgs, ImportArgs, ImportCommand};
use super::baseline;
use super::scan::watched;
use super::{Exit, complain, print, settings};
use crate::config::baseline::{Baseline, Verdict, entries_of};
use crate::config::{Commits, Tree};
use crate::model::{Finding, Report, SuppressionKind};
use crate::scan::{self, Place};
use crate::text::escape;
use crate::text::numbers::count;

/// Largest file that is imported.
const MAX: u64 = 64 << 20;

/// Rule ids of gitleaks and what finds the same here.
const RULES: &[(&str, &[&str])] = &[
    ("aws-access-token", &["aws-access-key-id"]),
    ("generic-api-key", &[GENERIC]),
    ("github-pat", &["github-pat-classic"]),
    ("github-fine-grained-pat", &["github-pat-fine-grained"]),
    ("github-oauth", &["github-oauth-token"]),
    ("github-app-token", &["github-app-installation-token", "github-app-user-token"]),
    ("github-refresh-token", &["github-refresh-token"]),
    ("gitlab-pat", &["gitlab-pat"]),
    ("jwt", &["json-web-token"]),
    ("private-key", &["private-key-block"]),
    ("slack-bot-token", &["slack-bot-token"]),
    ("slack-user-token", &["slack-user-token"]),
    ("slack-webhook-url", &["slack-webhook-url"]),
    ("stripe-access-token", &["stripe-secret-key", "stripe-restricted-key", "stripe-test-key"]),
    ("npm-access-token", &["npm-access-token"]),
    ("pypi-upload-token", &["pypi-upload-token"]),
    ("gcp-api-key", &["google-api-key"]),
    ("curl-auth-user", &["curl-user-password"]),
];

/// The rule that looks at any value, whose findings another tool may call by any name.
const GENERIC: &str = "generic-secret";

/// Keys of gitleaks that say nothing which a configuration could hold.
const WORDS: &[&str] = &["title", "description", "minVersion", "id", "tags"];

/// Runs the command.
pub fn run(command: ImportCommand) -> anyhow::Result<Exit> {
    match command {
        ImportCommand::Gitleaks(args) => {
            let text = read(&args.file, GITLEAKS)?;
            let toml = args.file.extension().is_some_and(|e| e == "toml");
            let name = || args.file.display().to_string();
            if toml { config(&args, &text) } else { positions(&args, ignored(&text).with_context(name)?) }
        }
        ImportCommand::DetectSecrets(args) => {
            let text = read(&args.file, DETECT_SECRETS)?;
            positions(&args, secrets(&text).with_context(|| args.file.display().to_string())?)
        }
    }
}

/// What each import reads.
const GITLEAKS: &str = "expected a .gitleaks.toml, whose name ends in .toml, or a .gitleaksignore with lines like \
                        `commit:file:rule:line` or `file:rule:line`";
const DETECT_SECRETS: &str = "expected a .secrets.baseline, the JSON that `detect-secrets scan` writes";

fn read(path: &Path, expected: &str) -> anyhow::Result<String> {
    let name = || path.display().to_string();
    let about = std::fs::metadata(path).with_context(name)?;
    if about.is_dir() {
        bail!("{}: is a directory; {expected}", name());
    }
    if about.len() > MAX {
        bail!("{}: larger than any such file should be; {expected}", name());
    }
    let bytes = std::fs::read(path).with_context(name)?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: is no text; {expected}", name()))?;
    if text.trim().is_empty() {
        bail!("{}: is empty; {expected}", name());
    }
    Ok(text)
}

thread_local! {
    /// Whether this thread only tries what can be read.
    static TRIES: Cell<bool> = const { Cell::new(false) };
}

/// Reads a text as each of the files that can be imported, without a word, for whoever wants to see that nothing harms it. Gives
/// the configuration that it would become, if it is one.
#[doc(hidden)]
#[must_use]
pub fn try_imports(text: &str) -> Option<String> {
    TRIES.set(true);
    drop(ignored(text));
    drop(secrets(text));
    let made = fragment(Path::new("x.toml"), text).ok().map(|made| made.text("x.toml"));
    TRIES.set(false);
    made
}

/// Says what was left behind.
fn left(what: &str, why: &str) {
    if TRIES.get() {
        return;
    }
    complain(&escape::terminal(&format!("not taken over: {what}: {why}")));
}

/// Which of a file's values an entry is about.
enum Meant {
    /// What a rule of gitleaks finds on a line.
    Line { line: u64, rule: String },
    /// What has this SHA-1, wherever it stands: lines move.
    Hash(String),
}

/// A place that another scanner was told to keep quiet about.
struct Position {
    commit: Option<String>,
    file: String,
    what: Meant,
    verdict: Verdict,
    /// As it was written.
    shown: String,
}

/// Lines of a `.gitleaksignore`: `commit:file:rule:line` or `file:rule:line`. A file of which no line is one, comments aside, is
/// something else.
fn ignored(text: &str) -> anyhow::Result<Vec<Position>> {
    let (mut all, mut others) = (Vec::new(), Vec::new());
    let lines = text.lines().map(str::trim).enumerate();
    for (i, line) in lines.filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let mut parts: Vec<&str> = line.split(':').collect();
        let number = parts.pop().and_then(|n| n.parse().ok());
        // A time of day is no rule.
        let rule = parts.pop().filter(|rule| rule.contains(|c: char| c.is_ascii_alphabetic()));
        let (Some(number), Some(rule), false) = (number, rule, parts.is_empty()) else {
            others.push(i + 1);
            continue;
        };
        let what = Meant::Line { line: number, rule: rule.to_owned() };
        let is_commit = |p: &str| p.len() >= 7 && p.bytes().all(|b| b.is_ascii_hexdigit());
        let commit = (parts.len() > 1 && is_commit(parts[0])).then(|| parts.remove(0).to_owned());
        let file = parts.join(":").replace('\\', "/");
        all.push(Position { commit, file, what, verdict: Verdict::Known, shown: line.to_owned() });
    }
    if all.is_empty() && !others.is_empty() {
        bail!("none of its lines is an entry of a .gitleaksignore; {GITLEAKS}");
    }
    for line in others {
        // Not shown: whatever it is, it may be a value.
        left(&format!("line {line} of the file"), "neither `commit:file:rule:line` nor `file:rule:line`");
    }
    Ok(all)
}

/// Results of a `.secrets.baseline` (<https://github.com/Yelp/detect-secrets>).
fn secrets(text: &str) -> anyhow::Result<Vec<Position>> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| {
        let why = escape::without_values(&e.to_string());
        anyhow::anyhow!("no baseline of detect-secrets: {why}; {DETECT_SECRETS}")
    })?;
    let none = |why: &str| format!("no baseline of detect-secrets: {why}; {DETECT_SECRETS}");
    let results = value.get("results").and_then(|r| r.as_object()).with_context(|| none("no `results`"))?;
    // Other tools have results, too; of a repository without secrets only the words around them tell whose they are.
    let mut entries = results.values().filter_map(|all| all.as_array()).flatten();
    let head = ["version", "plugins_used", "generated_at"];
    match results.is_empty() {
        true if !head.iter().any(|key| value.get(key).is_some()) => {
            bail!(none("its `results` are empty, and it has no `version`"))
        }
        false if !entries.any(|e| e.get("hashed_secret").is_some()) => bail!(none("no `hashed_secret` in its results")),
        _ => {}
    }
    let mut all = Vec::new();
    for (file, entries) in results {
        for entry in entries.as_array().into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let line = entry.get("line_number").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let judged_false = entry.get("is_secret").and_then(serde_json::Value::as_bool) == Some(false);
            all.push(Position {
                commit: None,
                file: file.replace('\\', "/"),
                what: Meant::Hash(text("hashed_secret")),
                verdict: if judged_false { Verdict::False } else { Verdict::Known },
                shown: format!("{file}:{line} ({})", text("type")),
            });
        }
    }
    Ok(all)
}

/// Takes over the values that stand at these places now, or stood there in the commits named; a place alone is never taken over,
/// because it would hide the next value that comes to stand there.
fn positions(args: &ImportArgs, all: Vec<Position>) -> anyhow::Result<Exit> {
    let path = baseline::path(&args.gate)?;
    let mut baseline = baseline::open(&args.gate, &path)?;
    let place = scan::place(Path::new("."));
    let mut seen: BTreeMap<(Option<String>, String), Result<Report, &'static str>> = BTreeMap::new();
    let (before, mut lost, mut stopped) = (baseline.len(), 0u64, false);
    for position in all {
        let key = (position.commit.clone(), position.file.clone());
        let found = match seen.get(&key) {
            Some(found) => found,
            None => {
                let found = findings(&args.gate, place.as_ref(), &position, &baseline)?;
                stopped = found.as_ref().is_ok_and(|report| report.coverage.interrupted);
                seen.entry(key).or_insert(found)
            }
        };
        if stopped {
            break;
        }
        let taken = match found {
            Err(why) => Err(*why),
            Ok(report) => take(&mut baseline, report, &position),
        };
        if let Err(why) = taken {
            left(&position.shown, why);
            lost += 1;
        }
    }
    baseline::save(&baseline)?;
    let (new, lost) = ((baseline.len() - before) as u64, count(lost, "place", "places"));
    print(&format!("{} in {}, {lost} not taken over\n", count(new, "value", "values"), settings::shown(&path)))?;
    if stopped {
        complain("stopped before the end; what was taken over so far is kept");
        return Ok(Exit::Incomplete);
    }
    Ok(Exit::Clean)
}

/// Puts what an entry is about into the baseline, or says why it cannot.
fn take(baseline: &mut Baseline, report: &Report, position: &Position) -> Result<(), &'static str> {
    // The values themselves are only needed to compare their hashes.
    let values: Vec<&Finding> = report.findings.iter().filter(|f| f.preview.is_some()).collect();
    let meant = match &position.what {
        Meant::Hash(sha1) => of_hash(values, sha1)?,
        Meant::Line { line, rule } => on_line(values, *line, rule)?,
    };
    for finding in meant {
        let accepted = |kind: SuppressionKind| kind != SuppressionKind::Baseline;
        if finding.suppressed.as_ref().is_some_and(|s| accepted(s.kind)) {
            return Err("a comment or the configuration accepts it already");
        }
        let entries = entries_of(finding, &report.inventory.exposures, position.verdict, "");
        if entries.is_empty() {
            return Err("a value too weak for a fingerprint: accept it by a comment");
        }
        entries.into_iter().for_each(|entry| baseline.put(entry));
    }
    Ok(())
}

/// The findings of the value with a hash.
fn of_hash<'f>(mut values: Vec<&'f Finding>, sha1: &str) -> Result<Vec<&'f Finding>, &'static str> {
    let hash = |f: &Finding| -> String {
        let digest = Sha1::digest(f.preview.as_deref().unwrap_or_default().as_bytes());
        digest.iter().map(|b| format!("{b:02x}")).collect()
    };
    values.retain(|f| hash(f) == sha1);
    match values.is_empty() {
        true => Err("no value that keyroll finds in the file has its hash (or only a part of it was hashed)"),
        false => Ok(values),
    }
}

/// The findings of a line that a rule of gitleaks means.
fn on_line<'f>(mut values: Vec<&'f Finding>, line: u64, rule: &str) -> Result<Vec<&'f Finding>, &'static str> {
    values.retain(|f| f.locations.iter().any(|l| l.line <= line && line <= l.end_line));
    if values.is_empty() {
        return Err("keyroll finds nothing there, so there is nothing to keep quiet");
    }
    let rules = known(rule);
    let (named, others): (Vec<&Finding>, Vec<&Finding>) =
        values.into_iter().partition(|f| rules.contains(&f.id.as_str()));
    let is_open = rules.is_empty() || rules.contains(&GENERIC);
    let distinct: BTreeSet<_> = others.iter().map(|f| (&f.fingerprint, &f.credential)).collect();
    match (named.is_empty(), is_open, distinct.len()) {
        (false, ..) => Ok(named),
        (true, true, 1) => Ok(others),
        (true, true, _) => Err("several values stand on that line, and which one was meant is ambiguous"),
        (true, false, _) => Err("another value stands there than one that this rule finds"),
    }
}

/// What keyroll finds in a file, or why it cannot look.
fn findings(
    gate: &GateArgs,
    place: Option<&Place>,
    position: &Position,
    baseline: &Baseline,
) -> anyhow::Result<Result<Report, &'static str>> {
    let bytes = match (&position.commit, place) {
        (Some(commit), Some(place)) => place.file_at(commit, &position.file),
        (Some(_), None) => None,
        (None, _) => {
            let path = Path::new(&position.file);
            if !is_inside(path)? {
                return Ok(Err("it lies outside of this directory"));
            }
            let small = std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX);
            if small { std::fs::read(path).ok() } else { None }
        }
    };
    let Some(bytes) = bytes else { return Ok(Err("the file is not there (any more)")) };
    let mut settings = settings::from_gate_under(gate, baseline)?;
    settings.stdin = true;
    settings.given = Some((position.file.clone(), bytes));
    settings.tree = Tree::Work;
    settings.commits = Commits::None;
    // Nothing of this report is written anywhere.
    settings.show_secrets = true;
    Ok(Ok(watched(&settings, true)?))
}

/// Whether a path stays in the current directory, links included. An entry names files that a stranger chose.
fn is_inside(path: &Path) -> anyhow::Result<bool> {
    if !path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Ok(false);
    }
    let here = std::env::current_dir()?.canonicalize()?;
    // What is not there is told as that.
    Ok(path.canonicalize().map_or(true, |path| path.starts_with(here)))
}

/// A `.gitleaks.toml` as configuration on standard output.
fn config(args: &ImportArgs, text: &str) -> anyhow::Result<Exit> {
    print(&fragment(&args.file, text)?.text(&settings::shown(&args.file)))
}

/// What becomes of a `.gitleaks.toml`.
fn fragment(path: &Path, text: &str) -> anyhow::Result<Fragment> {
    let file: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |s| text.get(..s.start).unwrap_or_default().lines().count().max(1));
        anyhow::anyhow!("{}: line {line}: {}", path.display(), escape::without_values(e.message()))
    })?;
    let parts = ["extend", "allowlist", "allowlists", "rules"];
    if !parts.iter().any(|part| file.contains_key(*part)) {
        bail!("{}: no configuration of gitleaks: it has none of {}; {GITLEAKS}", path.display(), parts.join(", "));
    }
    let mut out = Fragment::default();
    unmapped(&file, "", &parts);
    for (place, list) in tables(&file, "", &["allowlist", "allowlists"]) {
        out.allow(&list, &place, &[]);
    }
    if let Some(extend) = file.get("extend").and_then(|e| e.as_table()) {
        unmapped(extend, "extend.", &["useDefault", "disabledRules"]);
        for id in texts(extend, "extend.", "disabledRules") {
            let rules = known(&id);
            if rules.is_empty() {
                left(&format!("extend.disabledRules: {id}"), "no rule here is known to find the same");
            }
            out.disable.extend(rules.into_iter().map(str::to_owned));
        }
    }
    for (place, rule) in tables(&file, "", &["rules"]).into_iter().take(10_000) {
        let id = rule.get("id").and_then(|v| v.as_str()).unwrap_or("without id");
        let ids: Vec<String> = known(id).into_iter().map(str::to_owned).collect();
        for (place, list) in tables(&rule, &format!("{place}."), &["allowlist", "allowlists"]) {
            match ids.is_empty() {
                true => left(&format!("allowlist of the rule {id}"), "no rule here is known to find the same"),
                false => out.allow(&list, &place, &ids),
            }
        }
        if rule.contains_key("regex") {
            let why = "its own rule: `keyroll rules new` writes the beginnings of one; the built-in rules stay on";
            left(&format!("rule {id}"), why);
        } else {
            unmapped(&rule, &format!("{place}."), &["allowlist", "allowlists"]);
        }
    }
    Ok(out)
}

/// The tables of some keys, each alone or in a list, with where they stand.
fn tables(table: &toml::Table, before: &str, names: &[&str]) -> Vec<(String, toml::Table)> {
    let mut all = Vec::new();
    for name in names {
        match table.get(*name) {
            None => {}
            Some(toml::Value::Table(one)) => all.push((format!("{before}{name}"), one.clone())),
            Some(toml::Value::Array(list)) => {
                for (i, one) in list.iter().enumerate() {
                    let place = format!("{before}{name}[{i}]");
                    match one.as_table() {
                        Some(one) => all.push((place, one.clone())),
                        None => left(&place, "no table"),
                    }
                }
            }
            Some(_) => left(&format!("{before}{name}"), "no table"),
        }
    }
    all
}

/// The texts of a list; what is none is told by its place.
fn texts(table: &toml::Table, before: &str, name: &str) -> Vec<String> {
    let Some(value) = table.get(name) else { return Vec::new() };
    let all = value.as_array().map(|all| all.iter().map(|v| v.as_str().unwrap_or_default().to_owned()));
    let Some(all) = all else {
        left(&format!("{before}{name}"), "no list of texts");
        return Vec::new();
    };
    let all: Vec<String> = all.collect();
    for (i, _) in all.iter().enumerate().filter(|(_, text)| text.is_empty()) {
        left(&format!("{before}{name}[{i}]"), "an empty text, or none");
    }
    all
}

/// Says which keys of a table nothing is made of. Only their names: what they hold may be anything.
fn unmapped(table: &toml::Table, before: &str, mapped: &[&str]) {
    for key in table.keys().filter(|k| !mapped.contains(&k.as_str()) && !WORDS.contains(&k.as_str())) {
        left(&format!("{before}{key}"), "a key that keyroll has nothing like");
    }
}

/// The rules here that find what a rule of gitleaks finds.
fn known(id: &str) -> Vec<&'static str> {
    let same = [id];
    let ours = RULES.iter().find(|(theirs, _)| *theirs == id).map_or(&same[..], |(_, ours)| ours);
    let all = crate::rules::built_in().iter().map(|r| r.id.as_ref());
    all.filter(|r| ours.contains(r)).collect()
}

/// What becomes of a configuration.
#[derive(Default)]
struct Fragment {
    exclude: Vec<(String, String)>,
    allow: Vec<Vec<(&'static str, String)>>,
    disable: Vec<String>,
}

impl Fragment {
    /// An allowlist: paths, expressions and stop words; of all rules or of some. What cannot be said is told by its place,
    /// because expressions and stop words may be values.
    fn allow(&mut self, list: &toml::Table, place: &str, of: &[String]) {
        let about = list.get("description").and_then(|d| d.as_str()).unwrap_or("taken over from gitleaks").to_owned();
        let before = format!("{place}.");
        unmapped(
            list,
            &before,
            &["paths", "regexes", "regexTarget", "stopwords", "commits", "condition", "targetRules"],
        );
        let every = |name: &str| -> Vec<(String, String)> {
            let numbered = texts(list, &before, name).into_iter().enumerate();
            let named = numbered.map(|(i, text)| (format!("{before}{name}[{i}]"), text));
            named.filter(|(_, text)| !text.is_empty()).collect()
        };
        let mut rules = of.to_vec();
        for (at, id) in every("targetRules") {
            let ours = known(&id);
            if ours.is_empty() {
                left(&format!("{at}: {id}"), "no rule here is known to find the same");
            }
            rules.extend(ours.into_iter().map(str::to_owned));
        }
        if rules.is_empty() && list.contains_key("targetRules") {
            return left(place, "an allowlist of rules that are not known here");
        }
        let both = list.get("condition").and_then(|c| c.as_str()).is_some_and(|c| c.eq_ignore_ascii_case("and"));
        if both {
            return left(place, "an allowlist whose conditions must all hold; write an entry with `path` and `regex`");
        }
        for (at, commit) in every("commits") {
            left(&format!("{at}: commit {commit}"), "commits are not accepted as a whole; the baseline keeps values");
        }
        let target = list.get("regexTarget").and_then(|t| t.as_str()).unwrap_or("secret");
        for (at, regex) in every("regexes") {
            match (target, regex::bytes::Regex::new(&regex)) {
                ("secret", Ok(_)) => self.add(&rules, vec![("regex", regex), ("reason", about.clone())]),
                ("secret", Err(_)) => left(&at, "an expression that keyroll cannot read"),
                _ => left(&at, "an expression over the line or match; keyroll's speak of the value alone"),
            }
        }
        for (_, word) in every("stopwords") {
            let regex = format!("(?i){}", regex::escape(&word));
            self.add(&rules, vec![("regex", regex), ("reason", about.clone())]);
        }
        for (_, path) in every("paths") {
            match globs::glob_of(&path) {
                Some(glob) if rules.is_empty() => self.exclude.push((glob, about.clone())),
                Some(glob) => self.add(&rules, vec![("path", glob), ("reason", about.clone())]),
                None => {
                    left(&path, "an expression over paths that no glob says the same as; write one below `exclude:`")
                }
            }
        }
    }

    fn add(&mut self, rules: &[String], entry: Vec<(&'static str, String)>) {
        let of_rule = |rule: &String| entry.iter().cloned().chain([("rule", rule.clone())]).collect();
        if rules.is_empty() { self.allow.push(entry.clone()) } else { self.allow.extend(rules.iter().map(of_rule)) }
    }

    fn text(&self, from: &str) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let mut out = format!("# Taken over from {from} by `keyroll import gitleaks`; the built-in rules stay on.\n");
        if !self.exclude.is_empty() {
            out.push_str("exclude:\n");
        }
        for (glob, why) in &self.exclude {
            out.push_str(&format!("  - path: {}\n    reason: {}\n", quoted(glob), quoted(why)));
        }
        if !self.allow.is_empty() {
            out.push_str("allow:\n");
        }
        for entry in &self.allow {
            for (i, (name, value)) in entry.iter().enumerate() {
                out.push_str(&format!("  {} {name}: {}\n", if i == 0 { "-" } else { " " }, quoted(value)));
            }
        }
        if !self.disable.is_empty() {
            out.push_str("rules:\n  disable:\n");
        }
        self.disable.iter().for_each(|rule| out.push_str(&format!("    - {rule}\n")));
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn two_names_of_rules_were_none_of_ours() {
        for (theirs, ours) in RULES {
            assert_eq!(known(theirs).len(), ours.len(), "{theirs}: {ours:?}");
        }
    }

    #[test]
    fn lines_of_an_ignore_file() {
        let all =
            ignored("# x\nabcdef0123:src/a.py:generic-api-key:7\nC:\\x\\b.py:jwt:3\nnonsense\n").expect("entries");
        let shown: Vec<_> = all.iter().map(|p| (p.commit.as_deref(), p.file.as_str())).collect();
        assert_eq!(shown, [(Some("abcdef0123"), "src/a.py"), (None, "C:/x/b.py")]);
        assert_eq!(ignored("# nothing yet\n").expect("comments").len(), 0);
        for other in ["nonsense\n", "2026-01-01 10:20:30\n", "{\n \"line\": 1\n}\n"] {
            assert!(ignored(other).is_err(), "{other}");
        }
    }
}
