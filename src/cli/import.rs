//! `keyroll import …`: what other scanners were told, as configuration and baseline. What cannot be said in keyroll's words is
//! printed and never guessed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use sha1::{Digest as _, Sha1};

use super::args::{GateArgs, ImportArgs, ImportCommand};
use super::baseline;
use super::scan::watched;
use super::{Exit, complain, print, settings};
use crate::config::baseline::{Baseline, Verdict, entry_of};
use crate::config::{Commits, Tree};
use crate::model::Finding;
use crate::scan::{self, Place};
use crate::text::escape;
use crate::text::numbers::count;

/// Largest file that is imported.
const MAX: u64 = 64 << 20;

/// Rule ids of gitleaks and what finds the same here.
const RULES: &[(&str, &str)] = &[
    ("aws-access-token", "aws-access-key-id"),
    ("generic-api-key", "generic-secret"),
    ("github-pat", "github-pat-classic"),
    ("github-fine-grained-pat", "github-pat-fine-grained"),
    ("github-oauth", "github-oauth-token"),
    ("github-app-token", "github-app-installation-token"),
    ("github-refresh-token", "github-refresh-token"),
    ("gitlab-pat", "gitlab-pat"),
    ("jwt", "jwt"),
    ("private-key", "private-key"),
    ("slack-bot-token", "slack-bot-token"),
    ("slack-user-token", "slack-user-token"),
    ("slack-webhook-url", "slack-webhook-url"),
    ("stripe-access-token", "stripe-secret-key"),
    ("npm-access-token", "npm-access-token"),
    ("pypi-upload-token", "pypi-upload-token"),
    ("gcp-api-key", "google-api-key"),
    ("curl-auth-user", "curl-user-password"),
];

/// Runs the command.
pub fn run(command: ImportCommand) -> anyhow::Result<Exit> {
    match command {
        ImportCommand::Gitleaks(args) => {
            let text = read(&args.file)?;
            let toml = args.file.extension().is_some_and(|e| e == "toml");
            if toml { config(&args, &text) } else { positions(&args, ignored(&text)) }
        }
        ImportCommand::DetectSecrets(args) => {
            let text = read(&args.file)?;
            positions(&args, secrets(&text).with_context(|| args.file.display().to_string())?)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let name = || path.display().to_string();
    if std::fs::metadata(path).with_context(name)?.len() > MAX {
        bail!("{}: larger than any such file should be", name());
    }
    std::fs::read_to_string(path).with_context(name)
}

/// Says what was left behind.
fn left(what: &str, why: &str) {
    complain(&escape::terminal(&format!("not taken over: {what}: {why}")));
}

/// A place that another scanner was told to keep quiet about.
struct Position {
    commit: Option<String>,
    file: String,
    line: u64,
    /// SHA-1 of the value there, when it is known.
    sha1: Option<String>,
    verdict: Verdict,
    /// As it was written.
    shown: String,
}

/// Lines of a `.gitleaksignore`: `commit:file:rule:line` or `file:rule:line`.
fn ignored(text: &str) -> Vec<Position> {
    let mut all = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut parts: Vec<&str> = line.split(':').collect();
        let number = parts.pop().and_then(|n| n.parse().ok());
        let rule = parts.pop();
        let (Some(number), Some(_), false) = (number, rule, parts.is_empty()) else {
            left(line, "neither `commit:file:rule:line` nor `file:rule:line`");
            continue;
        };
        let is_commit = |p: &str| p.len() >= 7 && p.bytes().all(|b| b.is_ascii_hexdigit());
        let commit = (parts.len() > 1 && is_commit(parts[0])).then(|| parts.remove(0).to_owned());
        let file = parts.join(":").replace('\\', "/");
        all.push(Position { commit, file, line: number, sha1: None, verdict: Verdict::Known, shown: line.to_owned() });
    }
    all
}

/// Results of a `.secrets.baseline` (<https://github.com/Yelp/detect-secrets>).
fn secrets(text: &str) -> anyhow::Result<Vec<Position>> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|e| anyhow::anyhow!("no baseline of detect-secrets: {}", escape::without_values(&e.to_string())))?;
    let results =
        value.get("results").and_then(|r| r.as_object()).context("no baseline of detect-secrets: no `results`")?;
    let mut all = Vec::new();
    for (file, entries) in results {
        for entry in entries.as_array().into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let line = entry.get("line_number").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let judged_false = entry.get("is_secret").and_then(serde_json::Value::as_bool) == Some(false);
            all.push(Position {
                commit: None,
                file: file.replace('\\', "/"),
                line,
                sha1: Some(text("hashed_secret")),
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
    let mut seen: BTreeMap<(Option<String>, String), Option<Vec<Finding>>> = BTreeMap::new();
    let (before, mut lost) = (baseline.len(), 0u64);
    for position in all {
        let key = (position.commit.clone(), position.file.clone());
        let found = match seen.get(&key) {
            Some(found) => found,
            None => {
                let found = findings(&args.gate, place.as_ref(), &position, &baseline)?;
                seen.entry(key).or_insert(found)
            }
        };
        let why = match found {
            None => Some("the file is not there (any more)"),
            Some(found) => take(&mut baseline, found, &position),
        };
        if let Some(why) = why {
            left(&position.shown, why);
            lost += 1;
        }
    }
    baseline::save(&baseline)?;
    let (new, lost) = ((baseline.len() - before) as u64, count(lost, "place", "places"));
    print(&format!("{} in {}, {lost} not taken over\n", count(new, "value", "values"), settings::shown(&path)))
}

/// Puts what stands at a place into the baseline, or says why it cannot.
fn take(baseline: &mut Baseline, found: &[Finding], position: &Position) -> Option<&'static str> {
    let at_line: Vec<&Finding> = found
        .iter()
        .filter(|f| {
            f.preview.is_some() && f.locations.iter().any(|l| l.line <= position.line && position.line <= l.end_line)
        })
        .collect();
    if at_line.is_empty() {
        return Some("keyroll finds nothing there, so there is nothing to keep quiet");
    }
    let hash = |f: &Finding| {
        let digest = Sha1::digest(f.preview.as_deref().unwrap_or_default().as_bytes());
        digest.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let meant: Vec<&&Finding> =
        at_line.iter().filter(|f| position.sha1.as_ref().is_none_or(|sha1| *sha1 == hash(f))).collect();
    if meant.is_empty() {
        return Some("another value stands there than the one that was meant (or only a part of it was hashed)");
    }
    for finding in meant {
        // The value itself was only needed to compare its hash.
        match entry_of(finding, position.verdict, "") {
            Some(entry) => baseline.put(entry),
            None => return Some("a value too weak for a fingerprint: accept it by a comment"),
        }
    }
    None
}

/// What keyroll finds in a file; `None` when it is not there.
fn findings(
    gate: &GateArgs,
    place: Option<&Place>,
    position: &Position,
    baseline: &Baseline,
) -> anyhow::Result<Option<Vec<Finding>>> {
    let bytes = match (&position.commit, place) {
        (Some(commit), Some(place)) => place.file_at(commit, &position.file),
        (Some(_), None) => None,
        (None, _) => {
            let small = std::fs::metadata(&position.file).is_ok_and(|m| m.is_file() && m.len() <= MAX);
            if small { std::fs::read(&position.file).ok() } else { None }
        }
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let mut settings = settings::from_gate_under(gate, baseline)?;
    settings.stdin = true;
    settings.given = Some((position.file.clone(), bytes));
    settings.tree = Tree::Work;
    settings.commits = Commits::None;
    // Nothing of this report is written anywhere.
    settings.show_secrets = true;
    Ok(Some(watched(&settings, true)?.findings))
}

/// A `.gitleaks.toml` as configuration on standard output.
fn config(args: &ImportArgs, text: &str) -> anyhow::Result<Exit> {
    let file: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |s| text.get(..s.start).unwrap_or_default().lines().count().max(1));
        anyhow::anyhow!("{}: line {line}: {}", args.file.display(), escape::without_values(e.message()))
    })?;
    let mut out = Fragment::default();
    let tables = |table: &toml::Table, names: [&str; 2]| -> Vec<toml::Table> {
        let one = |v: &toml::Value| match v {
            toml::Value::Table(table) => vec![table.clone()],
            toml::Value::Array(all) => all.iter().filter_map(|v| v.as_table().cloned()).collect(),
            _ => Vec::new(),
        };
        names.iter().filter_map(|n| table.get(*n)).flat_map(one).collect()
    };
    for list in tables(&file, ["allowlist", "allowlists"]) {
        out.allow(&list, &[]);
    }
    let disabled = file.get("extend").and_then(|e| e.get("disabledRules")).and_then(|d| d.as_array());
    for id in disabled.into_iter().flatten().filter_map(|v| v.as_str()) {
        match known(id) {
            Some(rule) => out.disable.push(rule.to_owned()),
            None => left(&format!("extend.disabledRules: {id}"), "no rule here is known to find the same"),
        }
    }
    for rule in tables(&file, ["rules", "rules"]).iter().take(10_000) {
        let id = rule.get("id").and_then(|v| v.as_str()).unwrap_or("without id");
        let ids: Vec<String> = known(id).map(str::to_owned).into_iter().collect();
        for list in tables(rule, ["allowlist", "allowlists"]) {
            match ids.is_empty() {
                true => left(&format!("allowlist of the rule {id}"), "no rule here is known to find the same"),
                false => out.allow(&list, &ids),
            }
        }
        if rule.contains_key("regex") {
            let why = "its own rule: `keyroll rules new` writes the beginnings of one; the built-in rules stay on";
            left(&format!("rule {id}"), why);
        }
    }
    print(&out.text(&settings::shown(&args.file)))
}

fn known(id: &str) -> Option<&'static str> {
    let alias = RULES.iter().find(|(theirs, _)| *theirs == id).map(|(_, ours)| *ours);
    let same = crate::rules::built_in().iter().find(|r| r.id == alias.unwrap_or(id));
    same.map(|r| r.id.as_ref())
}

/// What becomes of a configuration.
#[derive(Default)]
struct Fragment {
    exclude: Vec<(String, String)>,
    allow: Vec<Vec<(&'static str, String)>>,
    disable: Vec<String>,
}

impl Fragment {
    /// An allowlist: paths, expressions and stop words; of all rules or of some.
    fn allow(&mut self, list: &toml::Table, of: &[String]) {
        let about = list.get("description").and_then(|d| d.as_str()).unwrap_or("taken over from gitleaks").to_owned();
        let texts = |name: &str| -> Vec<String> {
            let all = list.get(name).and_then(|v| v.as_array());
            all.into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned).collect()
        };
        let mut rules = of.to_vec();
        for id in texts("targetRules") {
            match known(&id) {
                Some(rule) => rules.push(rule.to_owned()),
                None => return left(&format!("allowlist of the rule {id}"), "no rule here is known to find the same"),
            }
        }
        let both = list.get("condition").and_then(|c| c.as_str()).is_some_and(|c| c.eq_ignore_ascii_case("and"));
        if both {
            return left(&about, "an allowlist whose conditions must all hold; write an entry with `path` and `regex`");
        }
        for commit in texts("commits") {
            left(&format!("commit {commit}"), "commits are not accepted as a whole; the baseline keeps values");
        }
        let target = list.get("regexTarget").and_then(|t| t.as_str()).unwrap_or("secret");
        let mut add = |rules: &[String], entry: Vec<(&'static str, String)>| {
            let of_rule = |rule: &String| entry.iter().cloned().chain([("rule", rule.clone())]).collect();
            if rules.is_empty() { self.allow.push(entry.clone()) } else { self.allow.extend(rules.iter().map(of_rule)) }
        };
        for regex in texts("regexes") {
            match (target, regex::bytes::Regex::new(&regex)) {
                ("secret", Ok(_)) => add(&rules, vec![("regex", regex), ("reason", about.clone())]),
                ("secret", Err(_)) => left(&regex, "an expression that keyroll cannot read"),
                _ => left(&regex, "an expression over the line or match; keyroll's speak of the value alone"),
            }
        }
        for word in texts("stopwords") {
            let regex = format!("(?i){}", regex::escape(&word));
            add(&rules, vec![("regex", regex), ("reason", about.clone())]);
        }
        for path in texts("paths") {
            match glob_of(&path) {
                Some(glob) if rules.is_empty() => self.exclude.push((glob, about.clone())),
                Some(glob) => {
                    let entry = [("path", glob), ("reason", about.clone())];
                    let of_rule = |rule: &String| entry.iter().cloned().chain([("rule", rule.clone())]).collect();
                    self.allow.extend(rules.iter().map(of_rule));
                }
                None => {
                    left(&path, "an expression over paths that no glob says the same as; write one below `exclude:`")
                }
            }
        }
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

/// A glob that says the same as a simple expression over paths: literal text, `.*`, anchors, and nothing else.
fn glob_of(regex: &str) -> Option<String> {
    let mut rest = regex;
    let mut start = false;
    for lead in ["^", "(^|/)", "(?:^|/)", "(.*?)", "(.*)", ".*"] {
        if let Some(after) = rest.strip_prefix(lead) {
            (rest, start) = (after, lead == "^");
            break;
        }
    }
    let (body, end) = match rest.strip_suffix('$') {
        Some(body) => (body, true),
        None => (rest, false),
    };
    let mut glob = String::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => glob.push(chars.next().filter(|c| matches!(c, '.' | '/' | '-' | '_'))?),
            '.' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'?') {
                    chars.next();
                }
                glob.push_str("**");
            }
            c if c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | ' ') => glob.push(c),
            _ => return None,
        }
    }
    if glob.trim_matches(['*', '/']).is_empty() || glob.replace("**/", "").replace("/**", "").contains("**") {
        return None;
    }
    let glob = match (start, glob.starts_with('/'), glob.starts_with("**")) {
        (true, ..) | (_, _, true) => glob,
        (false, true, _) => format!("**{glob}"),
        // Without an anchor the text may begin anywhere in a name.
        (false, false, _) if regex.starts_with('(') && regex.contains("^|/") => format!("**/{glob}"),
        (false, false, _) => format!("**/*{glob}"),
    };
    Some(match (end, glob.ends_with('/')) {
        (true, _) => glob,
        (false, true) => format!("{glob}**"),
        (false, false) => format!("{glob}*"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_over_paths_become_globs_and_others_none() {
        for (regex, glob) in [
            ("^docs/", Some("docs/**")),
            (r"(^|/)package-lock\.json$", Some("**/package-lock.json")),
            (r"\.lock$", Some("**/*.lock")),
            (r"/vendor/", Some("**/vendor/**")),
            (r"(.*?)(jpg|gif)$", None),
            (r"a[bc]", None),
            (".*", None),
        ] {
            assert_eq!(glob_of(regex).as_deref(), glob, "{regex}");
        }
    }

    #[test]
    fn lines_of_an_ignore_file() {
        let all = ignored("# x\nabcdef0123:src/a.py:generic-api-key:7\nC:\\x\\b.py:jwt:3\nnonsense\n");
        let shown: Vec<_> = all.iter().map(|p| (p.commit.as_deref(), p.file.as_str(), p.line)).collect();
        assert_eq!(shown, [(Some("abcdef0123"), "src/a.py", 7), (None, "C:/x/b.py", 3)]);
    }
}
