//! Baselines: findings that were there when a repository began to be scanned, kept by what they are and not by where they
//! stand, so that moved lines, renamed files and other checkouts change nothing, and another value is never hidden.
//!
//! A baseline is text: a first line that names the format and the key, then one entry a line, sorted, each a JSON object. It
//! holds no value, no hash of a value that is not keyed, no line and no time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::model::{Confidence, Exposure, Finding, FingerprintKey, Suppression, SuppressionKind};
use crate::text::escape::without_values;

/// Why something is in a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was there before, and nobody has looked at it yet.
    #[default]
    Known,
    /// Somebody looked: it is no credential.
    False,
    /// Somebody looked: it is one, and stays for a reason.
    Accepted,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Keyed fingerprint of the value; empty for findings that are about no value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// Rule or check.
    pub id: String,
    /// How sure its finding was, when it was less than is reported by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// For findings about no value: the identity, credential or file that they are about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Why it is here.
    pub verdict: Verdict,
    /// A path at which it stood, for people; nothing is compared with it. The fingerprint of a weak value holds the path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The name that the value is assigned to, for people, like the path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What somebody said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    /// `keyroll-baseline/1`.
    format: String,
    /// Public name of the key that the fingerprints are made with.
    key_id: String,
    /// The key, when it is the baseline's own. Whoever reads it knows it, so it is called what it is worth.
    #[serde(default, rename = "salt", skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

const FORMAT: &str = "keyroll-baseline/1";

/// A baseline that was read, or is to be written.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// Where it lies.
    pub path: PathBuf,
    /// Public name of its key.
    pub key_id: String,
    /// Its own key, which whoever reads it knows.
    pub key: Option<String>,
    entries: BTreeMap<(String, String, String), Entry>,
}

/// What an entry is found by: fingerprint, else id and subject.
fn key_of(entry: &Entry) -> (String, String, String) {
    if entry.fingerprint.is_empty() {
        (String::new(), entry.id.clone(), entry.subject.clone())
    } else {
        (entry.fingerprint.clone(), String::new(), String::new())
    }
}

/// What a finding that is about no value is about.
fn subject(finding: &Finding) -> String {
    let identity = finding.identity.as_ref().map(ToString::to_string);
    let path = || finding.locations.first().map(|l| l.path.clone()).unwrap_or_default();
    identity.or_else(|| finding.credential.clone()).unwrap_or_else(path)
}

/// The entries that hold a finding: one for each spelling of its value, because a key that was copied with other line ends is one
/// credential with several fingerprints. Empty for values too weak for a fingerprint: under a key that others can know their
/// fingerprint would tell them, and their place alone would hide the next value that stands there.
#[must_use]
pub fn entries_of(finding: &Finding, exposures: &[Exposure], verdict: Verdict, reason: &str) -> Vec<Entry> {
    let first = finding.locations.first().map(|l| l.path.as_str()).unwrap_or_default();
    let entry = |fingerprint: &str, subject: String, path: &str, key: &str| Entry {
        fingerprint: fingerprint.to_owned(),
        id: finding.id.clone(),
        confidence: Some(finding.confidence).filter(|c| *c < Confidence::Medium),
        subject,
        verdict,
        path: path.to_owned(),
        key: key.to_owned(),
        reason: reason.to_owned(),
    };
    let mine = |e: &&Exposure| Some(&e.credential) == finding.credential.as_ref() && e.rule == finding.id;
    let mut places = exposures.iter().filter(mine).peekable();
    if places.peek().is_some() {
        let open = |e: &&Exposure| e.suppressed.as_ref().is_none_or(|s| s.kind == SuppressionKind::Baseline);
        let mut spellings: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        for e in places.filter(open) {
            if let Some(fingerprint) = e.fingerprint.as_deref() {
                let key = e.key_name.as_deref().unwrap_or_default();
                spellings.entry(fingerprint).or_insert((&e.location.path, key));
            }
        }
        let entries = spellings.into_iter();
        return entries.map(|(fingerprint, (path, key))| entry(fingerprint, String::new(), path, key)).collect();
    }
    match finding.fingerprint.as_deref().filter(|f| !f.is_empty()) {
        Some(fingerprint) => vec![entry(fingerprint, String::new(), first, "")],
        None => vec![entry("", subject(finding), first, "")],
    }
}

impl Baseline {
    /// An empty one, with a key of its own or under a key that is configured.
    #[must_use]
    pub fn new(path: &Path, key_id: &str, key: Option<String>) -> Self {
        Self { path: path.to_owned(), key_id: key_id.to_owned(), key, entries: BTreeMap::new() }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Names file and line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|error| ConfigError::Io { path: path.to_owned(), error })?;
        Self::parse(&String::from_utf8_lossy(&bytes), path)
    }

    /// Reads the text of one.
    ///
    /// # Errors
    /// Names file and line.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let fail = |line: usize, message: String| ConfigError::Entry {
            path: path.to_owned(),
            entry: format!("line {line}"),
            message,
        };
        let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
        let (_, first) = lines.next().ok_or_else(|| fail(1, "no baseline: the file is empty".to_owned()))?;
        let header: Option<Header> = serde_json::from_str(first).ok();
        let header = header.filter(|h| h.format == FORMAT);
        let header = header.ok_or_else(|| fail(1, format!("no baseline: the first line does not name {FORMAT}")))?;
        let mut baseline = Self::new(path, &header.key_id, header.key);
        for (number, line) in lines.filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
            // What a merge that was not finished leaves behind.
            if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|m| line.starts_with(m)) {
                return Err(fail(number, "a merge conflict: keep the lines of both sides".to_owned()));
            }
            let entry: Entry = serde_json::from_str(line).map_err(|e| fail(number, without_values(&e.to_string())))?;
            if entry.fingerprint.is_empty() && entry.subject.is_empty() {
                return Err(fail(number, "neither `fingerprint` nor `subject`".to_owned()));
            }
            baseline.put(entry);
        }
        Ok(baseline)
    }

    /// Fingerprints, key and name of the key: what looks like a value in its text and is none. Only what has the form that
    /// keyroll writes counts, so that nothing else can pass for one.
    #[must_use]
    pub fn hashes(&self) -> BTreeSet<&str> {
        let own = [(Some(self.key_id.as_str()), 16), (self.key.as_deref(), 64)];
        let entries = self.entries.values().map(|e| (Some(e.fingerprint.as_str()), 32));
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        own.into_iter().chain(entries).filter_map(|(h, n)| h.filter(|h| h.len() == n && is_hex(h))).collect()
    }

    /// The key that its fingerprints are made with, when it is its own.
    #[must_use]
    pub fn own_key(&self) -> Option<FingerprintKey> {
        self.key.as_ref().map(|key| FingerprintKey::new(key.as_bytes(), "baseline", true))
    }

    /// Adds an entry; one that is there already stays when the new one only says that it is known.
    pub fn put(&mut self, entry: Entry) {
        let key = key_of(&entry);
        match self.entries.get(&key) {
            Some(_) if entry.verdict == Verdict::Known => {}
            _ => {
                self.entries.insert(key, entry);
            }
        }
    }

    /// Whether somebody has judged what these entries hold; what is only known waits.
    #[must_use]
    pub fn is_judged(&self, entries: &[Entry]) -> bool {
        let judged = |e: &Entry| self.entries.get(&key_of(e)).is_some_and(|e| e.verdict != Verdict::Known);
        !entries.is_empty() && entries.iter().all(judged)
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn suppression(&self, entry: &Entry) -> Suppression {
        let reason = match (entry.verdict, entry.reason.as_str()) {
            (Verdict::Known, "") => "known before".to_owned(),
            (Verdict::False, "") => "judged to be no credential".to_owned(),
            (_, reason) => reason.to_owned(),
        };
        let by = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Suppression { kind: SuppressionKind::Baseline, reason, by }
    }

    /// The suppression of a value.
    #[must_use]
    pub fn find(&self, fingerprint: Option<&str>) -> Option<Suppression> {
        let entry = self.entries.get(&(fingerprint?.to_owned(), String::new(), String::new()))?;
        Some(self.suppression(entry))
    }

    /// The suppression of a check's finding: that of its value, or of what it is about.
    #[must_use]
    pub fn find_check(&self, finding: &Finding) -> Option<Suppression> {
        if let Some(found) = self.find(finding.fingerprint.as_deref()) {
            return Some(found);
        }
        let entry = self.entries.get(&(String::new(), finding.id.clone(), subject(finding)))?;
        Some(self.suppression(entry))
    }

    /// Entries that nothing in a report is found by.
    #[must_use]
    pub fn unmatched(&self, exposures: &[Exposure], findings: &[Finding]) -> Vec<&Entry> {
        let values = exposures.iter().filter_map(|e| e.fingerprint.as_deref());
        let fingerprints: BTreeSet<&str> =
            values.chain(findings.iter().filter_map(|f| f.fingerprint.as_deref())).collect();
        let subjects: BTreeSet<(&str, String)> = findings.iter().map(|f| (f.id.as_str(), subject(f))).collect();
        let seen = |e: &&Entry| match e.fingerprint.as_str() {
            "" => subjects.contains(&(e.id.as_str(), e.subject.clone())),
            fingerprint => fingerprints.contains(fingerprint),
        };
        self.entries.values().filter(|e| !seen(e)).collect()
    }

    /// Takes entries out.
    pub fn remove(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.entries.remove(&key_of(entry));
        }
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let header = Header { format: FORMAT.to_owned(), key_id: self.key_id.clone(), key: self.key.clone() };
        let mut lines = vec![serde_json::to_string(&header).unwrap_or_default()];
        let mut entries: Vec<String> =
            self.entries.values().map(|e| serde_json::to_string(e).unwrap_or_default()).collect();
        entries.sort();
        lines.extend(entries);
        lines.iter().map(|l| format!("{l}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(fingerprint: &str, verdict: Verdict, reason: &str) -> Entry {
        Entry {
            fingerprint: fingerprint.to_owned(),
            id: "rule".to_owned(),
            confidence: None,
            subject: String::new(),
            verdict,
            path: "a b.py".to_owned(),
            key: String::new(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn it_reads_back_sorted_and_keeps_what_somebody_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b");
        let mut baseline = Baseline::new(&path, "k1", Some("ab".repeat(32)));
        baseline.put(entry("ff", Verdict::Known, ""));
        baseline.put(entry("aa", Verdict::Accepted, "a test key"));
        baseline.put(entry("aa", Verdict::Known, ""));
        std::fs::write(&path, baseline.text() + "\n# a comment\n").unwrap();
        let back = Baseline::load(&path).unwrap();
        assert_eq!(back.text(), baseline.text());
        assert_eq!(back.len(), 2);
        assert_eq!(back.find(Some("aa")).unwrap().reason, "a test key");
        assert_eq!(back.find(Some("ff")).unwrap().reason, "known before");
        assert_eq!((back.find(Some("bb")), back.find(None)), (None, None));
        assert_eq!(back.unmatched(&[], &[]).len(), 2);
        assert!(back.text().lines().nth(1).unwrap().contains("\"aa\""));
    }

    #[test]
    fn what_is_none_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b");
        let good = Baseline::new(&path, "k1", None).text();
        for (text, says) in [
            (String::new(), "empty"),
            ("[]".to_owned(), "line 1"),
            (format!("{good}<<<<<<< ours\n"), "line 2: a merge conflict"),
            (format!("{good}{{\"id\":\"x\",\"verdict\":\"known\"}}\n"), "line 2: neither"),
            (format!("{good}\nnot json\n"), "line 3"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Baseline::load(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
