//! `.keyroll.yml` and the flags, as settings of one run.

pub mod baseline;
mod entries;
pub mod policy;
mod syntax;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use regex::bytes::Regex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::{
    Confidence, FailOn, Finding, FingerprintKey, Members, RepoPath, Repositories, Secret, Severity, Suppression,
    SuppressionKind,
};
use crate::text::encoding::unmarked;
use crate::text::escape::without_values;

/// The name looked for at the top of the repository that holds the current directory.
pub const FILE_NAME: &str = ".keyroll.yml";

/// The usual name of a baseline, beside the configuration.
pub const BASELINE: &str = ".keyroll-baseline";

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not what a configuration looks like; the message names line and column.
    #[error("{}: {message}\n  keys and their meaning: keyroll config init", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// An entry says something that cannot be.
    #[error("{}: {entry}: {message}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Which entry.
        entry: String,
        /// What is wrong.
        message: String,
    },
}

/// The file as written. Unknown keys are errors.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// Paths that are not scanned.
    #[serde(default)]
    pub exclude: Vec<ExcludeEntry>,
    /// Values that are known and accepted.
    #[serde(default)]
    pub allow: Vec<AllowEntry>,
    /// Rules switched on or off, and folders of more.
    #[serde(default)]
    pub rules: RulesSection,
    /// Least confidence reported.
    pub confidence: Option<Confidence>,
    /// Least severity reported.
    pub severity: Option<Severity>,
    /// Severity from which the run fails.
    pub fail_on: Option<Severity>,
    /// Another severity for findings under a risk: `NHI2: low`, `NHI9: never`.
    #[serde(default)]
    pub fail_on_risk: BTreeMap<String, String>,
    /// What is demanded of identities.
    #[serde(default)]
    pub policy: policy::PolicySection,
    /// Findings that are accepted for a time.
    #[serde(default)]
    pub exceptions: Vec<policy::ExceptionEntry>,
    /// Which environment things belong to.
    #[serde(default)]
    pub environments: Vec<policy::EnvironmentEntry>,
    /// Who owns things.
    #[serde(default)]
    pub owners: Vec<policy::OwnerEntry>,
    /// Key material for fingerprints, shared by the repositories that are to be compared.
    pub fingerprint_key: Option<String>,
    /// Largest file scanned, in MiB; an export of a cloud may be 64 times as long.
    pub max_file_size: Option<u64>,
    /// Whether archives are opened.
    pub archives: Option<bool>,
    /// The baseline, relative to the configuration.
    pub baseline: Option<PathBuf>,
    /// The version whose rules are run: those that came later stay off.
    pub rules_version: Option<String>,
}

/// A path that is not scanned.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExcludeEntry {
    /// A glob over paths as reports show them.
    #[serde(deserialize_with = "entries::excluded")]
    pub path: String,
    /// Why.
    pub reason: String,
    /// Until when, as a date.
    pub expires: Option<String>,
}

/// A value that is known and accepted. At least one of the conditions; all given ones must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AllowEntry {
    /// A glob over paths, read as that of an exclude is.
    #[serde(default, deserialize_with = "entries::path")]
    pub path: Option<String>,
    /// The id of a rule or check.
    #[serde(default, deserialize_with = "entries::rule")]
    pub rule: Option<String>,
    /// An expression that the value must match somewhere.
    #[serde(default, deserialize_with = "entries::regex")]
    pub regex: Option<String>,
    /// The value itself, for values that are no secret (published test keys).
    #[serde(default, deserialize_with = "entries::value")]
    pub value: Option<String>,
    /// The fingerprint that reports show.
    #[serde(default, deserialize_with = "entries::fingerprint")]
    pub fingerprint: Option<String>,
    /// Why.
    pub reason: String,
    /// Until when, as a date.
    pub expires: Option<String>,
}

/// Rules switched on or off.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulesSection {
    /// Ids of rules and checks that do not run.
    #[serde(default)]
    pub disable: Vec<String>,
    /// Folders or files with more rules, relative to the configuration.
    #[serde(default)]
    pub dirs: Vec<PathBuf>,
}

/// A configuration that was read, with what the report says of it.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The file as written.
    pub file: ConfigFile,
    /// Where it lies.
    pub path: Option<PathBuf>,
    /// SHA-256 of its bytes, in hex.
    pub hash: Option<String>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// When it cannot be read or holds something that is no configuration, with line and column.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|error| ConfigError::Io { path: path.to_owned(), error })?;
        Self::parse(&bytes, path)
    }

    /// The same of bytes that were read elsewhere.
    ///
    /// # Errors
    /// When they are no configuration, with line and column.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ConfigError> {
        let text = unmarked(bytes);
        let text = String::from_utf8_lossy(&text);
        let file = if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
            ConfigFile::default()
        } else {
            serde_yaml::from_str::<ConfigFile>(&text)
                .map_err(|e| ConfigError::Syntax { path: path.to_owned(), message: syntax::placed(&text, &e) })?
        };
        // A version that is none would hold nothing off, and nobody would know.
        let is_number = |part: &str| !part.is_empty() && part.len() < 10 && part.bytes().all(|b| b.is_ascii_digit());
        if let Some(version) = file.rules_version.as_deref().filter(|v| !v.split('.').all(is_number)) {
            return Err(ConfigError::Entry {
                path: path.to_owned(),
                entry: "rules-version".to_owned(),
                message: format!(
                    "{} is no version; write one like \"{}\"",
                    crate::text::escape::terminal(version.get(..32).unwrap_or(version)),
                    env!("CARGO_PKG_VERSION")
                ),
            });
        }
        let hash = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { file, path: Some(path.to_owned()), hash: Some(hash) })
    }
}

/// What git tells the programs that it runs of where its files lie
/// (<https://git-scm.com/docs/git#_environment_variables>).
#[derive(Debug, Clone, Default)]
pub struct GitNames {
    /// `GIT_DIR`: the git directory.
    pub dir: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: the index of the commit that is being made.
    pub index: Option<PathBuf>,
}

/// What the scan needs to know.
#[derive(Debug)]
pub struct Settings {
    /// What to scan.
    pub paths: Vec<PathBuf>,
    /// Read standard input instead.
    pub stdin: bool,
    /// Threads; 0 for one a core.
    pub jobs: usize,
    /// Whether git's ignore rules hold.
    pub gitignore: bool,
    /// Whether comments suppress.
    pub inline_ignores: bool,
    /// Whether limits count as gaps.
    pub strict: bool,
    /// Which files of a working tree are scanned.
    pub tree: Tree,
    /// Of what is staged only these paths, inside the repository; all when empty.
    pub only: Vec<Vec<u8>>,
    /// Which commits of a repository are scanned.
    pub commits: Commits,
    /// The git directory and index of the repository that the current directory lies in, when git named them: it does so when it
    /// runs a hook.
    pub git: GitNames,
    /// More directories that hold objects of the repository: where a server keeps those of a push that is not accepted yet.
    pub object_dirs: Vec<PathBuf>,
    /// A text to scan in the place of standard input, and what reports call it.
    pub given: Option<(String, Vec<u8>)>,
    /// True when reports may name the people who made commits.
    pub authors: bool,
    /// True when outputs may show whole values.
    pub show_secrets: bool,
    /// Excluded paths.
    pub excludes: GlobSet,
    /// Largest file scanned, in bytes.
    pub max_file_size: u64,
    /// Whether archives are opened, and whether what is encoded in the history is decoded.
    pub archives: bool,
    /// See `archives`.
    pub decode_history: bool,
    /// Least confidence reported.
    pub confidence: Confidence,
    /// Least severity reported.
    pub severity: Severity,
    /// Which findings fail the run.
    pub fail_on: FailOn,
    /// What is demanded of identities.
    pub policy: policy::Policy,
    /// Rule ids that do not run.
    pub disabled_rules: Vec<String>,
    /// When given, only these run.
    pub enabled_rules: Vec<String>,
    /// More rules.
    pub rule_dirs: Vec<PathBuf>,
    /// More rules, by name and text: those of another commit.
    pub rule_files: Vec<(PathBuf, Vec<u8>)>,
    /// The time that ages are measured against.
    pub as_of: Timestamp,
    /// `flag` or `today`.
    pub as_of_source: &'static str,
    /// The fingerprint key, when flag, environment or configuration gives one.
    pub key: Option<FingerprintKey>,
    /// Accepted values.
    pub allow: Allowlist,
    /// Directory in which scans of histories keep what they learnt of blobs.
    pub cache: Option<PathBuf>,
    /// Who is a member of the organisation now, when the user said so.
    pub members: Option<Members>,
    /// Which repositories the organisation has now, when the user said so.
    pub repositories: Option<Repositories>,
    /// What was known before.
    pub baseline: Option<baseline::Baseline>,
    /// Rules that came after this version do not run.
    pub rules_version: Option<String>,
    /// Configuration path and hash for the report.
    pub config: Option<(String, String)>,
    /// Entries that have run out, in words.
    pub expired: Vec<String>,
    /// What was taken from configurations of scanned trees, and what was not, in words.
    pub elsewhere: Vec<String>,
}

/// Which files of a working tree are scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// The files that lie there, staged or not.
    Work,
    /// What the index holds and HEAD does not: exactly what would be committed.
    Staged,
    /// None.
    None,
}

/// Which commits of a repository are scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commits {
    /// None.
    None,
    /// Everything the object store holds, reachable or not.
    All,
    /// What the commits reachable from `include` and not from `exclude` brought in. Names are resolved as git does:
    /// branches, tags, `HEAD`, ids.
    Some {
        /// Where to start.
        include: Vec<String>,
        /// Where to stop.
        exclude: Vec<String>,
        /// Where to stop, too, as far as these are here: with `*` at the end every ref that begins so.
        known: Vec<String>,
    },
}

/// Accepted values, compiled.
#[derive(Debug, Default)]
pub struct Allowlist {
    entries: Vec<Allow>,
}

#[derive(Debug)]
struct Allow {
    path: Option<GlobSet>,
    rule: Option<String>,
    regex: Option<Regex>,
    value: Option<Secret>,
    fingerprint: Option<String>,
    reason: String,
    by: String,
}

impl Allowlist {
    /// Compiles the entries that hold at `as_of`; the others are described in `expired`.
    ///
    /// # Errors
    /// Names the entry that cannot be used.
    pub fn new(config: &Config, as_of: Timestamp, expired: &mut Vec<String>) -> Result<Self, ConfigError> {
        let mut entries = Vec::new();
        for (i, entry) in config.file.allow.iter().enumerate() {
            let name = format!("allow[{i}]");
            let fail = |message: String| fail(config, &name, message);
            if entry.reason.trim().is_empty() {
                return Err(fail("`reason` is empty: say why this value is accepted".to_owned()));
            }
            if entry.path.is_none()
                && entry.rule.is_none()
                && entry.regex.is_none()
                && entry.value.is_none()
                && entry.fingerprint.is_none()
            {
                return Err(fail("wants at least one of path, rule, regex, value, fingerprint".to_owned()));
            }
            if has_expired(entry.expires.as_deref(), as_of).map_err(fail)? {
                expired.push(format!(
                    "{name} ({}) ran out on {}",
                    entry.reason,
                    entry.expires.as_deref().unwrap_or_default()
                ));
                continue;
            }
            let path = entry.path.as_deref().map(paths).transpose().map_err(fail)?;
            let regex =
                entry.regex.as_deref().map(Regex::new).transpose().map_err(|e| fail(last_line(&e.to_string())))?;
            entries.push(Allow {
                path,
                rule: entry.rule.clone(),
                regex,
                value: entry.value.as_ref().map(|v| Secret::new(v.as_bytes())),
                fingerprint: entry.fingerprint.clone(),
                reason: entry.reason.clone(),
                by: name,
            });
        }
        Ok(Self { entries })
    }

    /// The suppression that accepts a value, if one does.
    #[must_use]
    pub fn find(&self, path: &RepoPath, rule: &str, secret: &Secret, fingerprint: Option<&str>) -> Option<Suppression> {
        let entry = self.entries.iter().find(|e| {
            e.rule.as_deref().is_none_or(|r| r == rule)
                && e.path.as_ref().is_none_or(|g| g.is_match(path.display()))
                && e.value.as_ref().is_none_or(|v| v == secret)
                && e.fingerprint.as_deref().is_none_or(|f| Some(f) == fingerprint)
                && e.regex.as_ref().is_none_or(|r| r.is_match(secret.expose()))
        })?;
        Some(Suppression { kind: SuppressionKind::Config, reason: entry.reason.clone(), by: entry.by.clone() })
    }

    /// The suppression that accepts a check's finding, if an entry does that all its places are under. An entry about
    /// values speaks of no check.
    #[must_use]
    pub fn find_check(&self, finding: &Finding) -> Option<Suppression> {
        let places = || finding.locations.iter().filter(|place| !place.path.is_empty());
        let entry = self.entries.iter().filter(|e| e.regex.is_none() && e.value.is_none()).find(|e| {
            e.rule.as_deref().is_none_or(|r| r == finding.id)
                && e.path.as_ref().is_none_or(|g| places().count() > 0 && places().all(|place| g.is_match(&place.path)))
                && e.fingerprint.as_deref().is_none_or(|f| Some(f) == finding.fingerprint.as_deref())
        })?;
        Some(Suppression { kind: SuppressionKind::Config, reason: entry.reason.clone(), by: entry.by.clone() })
    }

    /// True when there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A number that is equal for paths which the entries treat alike.
    #[must_use]
    pub fn path_key(&self, path: &RepoPath) -> u64 {
        if self.entries.iter().all(|e| e.path.is_none()) {
            return 0;
        }
        let text = path.display();
        let hits = self.entries.iter().enumerate().filter(|(_, e)| e.path.as_ref().is_some_and(|g| g.is_match(&text)));
        hits.fold(0, |k, (i, _)| k ^ 0xbf58_476d_1ce4_e5b9u64.wrapping_mul(i as u64 + 1))
    }

    /// Rule ids that entries name, to be checked against the rules there are.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|e| Some((e.by.as_str(), e.rule.as_deref()?)))
    }
}

/// Compiles the excludes of configuration and flags.
///
/// # Errors
/// Names the entry that is no glob.
pub fn excludes(
    config: &Config,
    flags: &[String],
    as_of: Timestamp,
    expired: &mut Vec<String>,
) -> Result<GlobSet, ConfigError> {
    let mut set = GlobSetBuilder::new();
    for (i, entry) in config.file.exclude.iter().enumerate() {
        let name = format!("exclude[{i}]");
        let fail = |message: String| fail(config, &name, message);
        if entry.reason.trim().is_empty() {
            return Err(fail("`reason` is empty: say why this path is not scanned".to_owned()));
        }
        if has_expired(entry.expires.as_deref(), as_of).map_err(fail)? {
            expired.push(format!(
                "{name} ({}) ran out on {}",
                entry.reason,
                entry.expires.as_deref().unwrap_or_default()
            ));
            continue;
        }
        for pattern in spread(&entry.path) {
            set.add(glob(&pattern).map_err(|m| self::fail(config, &name, m))?);
        }
    }
    for flag in flags {
        for pattern in spread(flag) {
            set.add(glob(&pattern).map_err(|m| self::fail(config, "--exclude", m))?);
        }
    }
    set.build().map_err(|e| fail(config, "exclude", e.to_string()))
}

/// A pattern without a slash matches at any depth, as in `.gitignore`; a directory stands for all below it.
fn spread(pattern: &str) -> Vec<String> {
    let trimmed = pattern.trim_end_matches('/').trim_start_matches("./");
    let rooted = trimmed.strip_prefix('/').unwrap_or(trimmed);
    if trimmed.contains('/') {
        vec![rooted.to_owned(), format!("{rooted}/**")]
    } else {
        vec![format!("**/{rooted}"), format!("**/{rooted}/**")]
    }
}

/// What a path of an entry covers, by the same reading as an exclude; only a star never reaches below a directory that it
/// stands for, because accepting wants more care than leaving out.
fn paths(pattern: &str) -> Result<GlobSet, String> {
    let starred = pattern.rsplit('/').next().is_some_and(|last| last.contains(['*', '?', '[', '{']));
    let mut set = GlobSetBuilder::new();
    for pattern in spread(pattern).into_iter().take(if starred { 1 } else { 2 }) {
        set.add(glob(&pattern)?);
    }
    set.build().map_err(|e| e.to_string())
}

fn glob(pattern: &str) -> Result<Glob, String> {
    globset::GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| e.kind().to_string())
}

/// What is wrong with an expression, without the expression.
fn last_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    format!("`regex` is no expression: {}", without_values(last.trim_start_matches("error: ")))
}

fn has_expired(expires: Option<&str>, as_of: Timestamp) -> Result<bool, String> {
    match expires {
        None => Ok(false),
        Some(text) => crate::model::parse_instant(text)
            .map(|t| t <= as_of)
            .ok_or_else(|| "`expires` is no date; write 2027-01-31".to_owned()),
    }
}

fn fail(config: &Config, entry: &str, message: String) -> ConfigError {
    ConfigError::Entry {
        path: config.path.clone().unwrap_or_else(|| PathBuf::from("command line")),
        entry: entry.to_owned(),
        message,
    }
}

/// What `config init` writes: every key, explained.
pub const TEMPLATE: &str = include_str!("config/template.yml");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn config(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn unknown_keys_are_errors_with_line_and_column() {
        let error = config("confidence: high\nexlude: []\n").unwrap_err().to_string();
        assert!(error.contains("exlude") && error.contains("line 2"), "{error}");
        let error = config("allow:\n  - vlaue: x\n    reason: y\n").unwrap_err().to_string();
        assert!(error.contains("vlaue") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn an_entry_without_reason_or_condition_is_refused_and_an_expired_one_no_longer_holds() {
        let mut expired = Vec::new();
        let bad = config("allow:\n  - rule: x\n    reason: ''\n").unwrap();
        assert!(Allowlist::new(&bad, now(), &mut expired).is_err());
        assert!(Allowlist::new(&config("allow: [{reason: because}]").unwrap(), now(), &mut expired).is_err());
        let old = config("allow:\n  - rule: x\n    reason: because\n    expires: 2025-12-31\n").unwrap();
        let list = Allowlist::new(&old, now(), &mut expired).unwrap();
        assert!(list.find(&RepoPath::from("a"), "x", &Secret::new(b"v"), None).is_none());
        assert_eq!(expired.len(), 1);
    }

    #[test]
    fn all_conditions_of_an_entry_must_hold() {
        let c = config("allow:\n  - rule: x\n    path: 'tests/**'\n    regex: '^abc'\n    reason: known\n").unwrap();
        let list = Allowlist::new(&c, now(), &mut Vec::new()).unwrap();
        let hit = |path: &str, rule: &str, value: &[u8]| {
            list.find(&RepoPath::from(path), rule, &Secret::new(value), None).is_some()
        };
        assert!(hit("tests/a/b.rs", "x", b"abcd"));
        let others = [("src/b.rs", "x", "abcd"), ("tests/b.rs", "y", "abcd"), ("tests/b.rs", "x", "zabcd")];
        assert!(others.iter().all(|(path, rule, value)| !hit(path, rule, value.as_bytes())));
    }

    #[test]
    fn excludes_without_slash_match_at_any_depth() {
        let set = excludes(
            &Config::default(),
            &["vendor".to_owned(), "a/b/".to_owned(), "*.min.js".to_owned()],
            now(),
            &mut Vec::new(),
        )
        .unwrap();
        for path in ["vendor/x", "p/q/vendor/y/z", "a/b/c", "js/x.min.js", "vendor"] {
            assert!(set.is_match(path), "{path}");
        }
        for path in ["vendors/x", "x/a/b/c", "a/bc"] {
            assert!(!set.is_match(path), "{path}");
        }
    }

    #[test]
    fn the_template_is_a_valid_configuration() {
        assert!(config(TEMPLATE).is_ok());
    }
}
