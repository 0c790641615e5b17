//! What is different between two reports: pure, over the model alone.
//!
//! Things are the same when their ids are: values by keyed fingerprint, identities by canonical key, findings of checks by
//! subject. Lines play no part, and of a file that was only renamed everything is found again by its blob.

pub mod markdown;
mod names;
mod pairs;
mod seen;

use serde::Serialize;

use self::names::Names;
use self::pairs::{Side, pair};
use self::seen::Seen;
use crate::model::{Credential, Finding, Identity, Report, Severity};

/// What changed between two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// `keyroll.diff/1`.
    pub schema: &'static str,
    /// The report of before.
    pub old: Stand,
    /// The report of now.
    pub new: Stand,
    /// Findings.
    pub findings: Changes,
    /// Credentials.
    pub credentials: Changes,
    /// Identities.
    pub identities: Changes,
}

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stand {
    /// The time that it measures ages against.
    pub as_of: String,
    /// Public name of its fingerprint key.
    pub key_id: String,
    /// True when it did not see everything.
    pub incomplete: bool,
}

/// Changes of one kind of thing, by class; each list in the order of its report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Changes {
    /// Only in the new report.
    pub new: Vec<Change>,
    /// The same thing or the same place and name, with another value.
    pub rotated: Vec<Change>,
    /// In both, and worse.
    pub worsened: Vec<Change>,
    /// In both, and better.
    pub improved: Vec<Change>,
    /// Only in the old report, and the new one would have it if it were still there.
    pub resolved: Vec<Change>,
    /// Only in the old report, and the new one did not look where it was.
    pub not_observed: Vec<Change>,
    /// How many are the same.
    pub unchanged: u64,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// Rule or check of a finding; else the id of the identity or credential.
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// How bad it is now, or was.
    pub severity: Severity,
    /// The score before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_score: Option<i32>,
    /// The score now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_score: Option<i32>,
    /// Where, as `path:line`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The repositories that it stands in, where the report is of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Redacted value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Why it is in its class, where that is not plain.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Why two reports cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the old report has the key id {old} and the new one has {new}: fingerprints under two keys do not compare")]
pub struct TwoKeys {
    /// Key id of the old report.
    pub old: String,
    /// Key id of the new one.
    pub new: String,
}

impl Diff {
    /// The schema name that this version writes.
    pub const SCHEMA: &'static str = "keyroll.diff/1";

    /// Compares two reports. `is_export` tells whether a format is what a command exports, which a scan may well be without,
    /// and not what lies in a repository.
    ///
    /// # Errors
    /// When their fingerprints were made with different keys.
    pub fn of(old: &Report, new: &Report, is_export: &dyn Fn(&str) -> bool) -> Result<Self, TwoKeys> {
        if !old.key_id.is_empty() && !new.key_id.is_empty() && old.key_id != new.key_id {
            return Err(TwoKeys { old: old.key_id.clone(), new: new.key_id.clone() });
        }
        let names = Names::of(old, new);
        let seen = Seen::of(new, old, is_export);
        let (before, now) = (Side::old(old, &names), Side::new(new));
        let stand =
            |r: &Report| Stand { as_of: r.as_of.to_string(), key_id: r.key_id.clone(), incomplete: r.incomplete };
        Ok(Self {
            schema: Self::SCHEMA,
            old: stand(old),
            new: stand(new),
            findings: findings(&before, &now, &seen),
            credentials: credentials(&before, &now, &seen),
            identities: identities(&before, &now, &seen),
        })
    }

    /// Writes everything as one JSON document.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write_json(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        super::json::write_pretty(self, out)
    }

    /// Whether something is new or worse that is at least this bad. A finding whose value is another one counts: the new value
    /// is in the clear, too.
    #[must_use]
    pub fn fails(&self, at: Severity) -> bool {
        let lists = [&self.findings, &self.credentials, &self.identities];
        let worse = lists.into_iter().flat_map(|c| c.new.iter().chain(&c.worsened)).chain(&self.findings.rotated);
        worse.into_iter().any(|c| c.severity >= at)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.findings, &self.credentials, &self.identities].into_iter().all(Changes::is_empty)
    }
}

/// Repositories named of one change.
const REPOSITORIES: usize = 3;

impl Change {
    /// The repositories in a line, the first of them and how many more; empty when there is nothing to tell apart.
    #[must_use]
    pub fn repositories_in_words(&self) -> String {
        let shown: Vec<&str> = self.repositories.iter().take(REPOSITORIES).map(String::as_str).collect();
        let rest = self.repositories.len() - shown.len();
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }
}

impl Changes {
    /// Classes in the order in which they are told, with a word for each.
    #[must_use]
    pub fn classes(&self) -> [(&'static str, &[Change]); 6] {
        [
            ("new", &self.new),
            ("worse", &self.worsened),
            ("rotated", &self.rotated),
            ("resolved", &self.resolved),
            ("better", &self.improved),
            ("not observed", &self.not_observed),
        ]
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes().into_iter().all(|(_, changes)| changes.is_empty())
    }
}

/// Puts a thing that is in both into its class.
fn compare(into: &mut Changes, old: (i32, Severity), new: (i32, Severity), change: impl FnOnce() -> Change) {
    match new.cmp(&old) {
        std::cmp::Ordering::Greater => into.worsened.push(change()),
        std::cmp::Ordering::Less => into.improved.push(change()),
        std::cmp::Ordering::Equal => into.unchanged += 1,
    }
}

fn of_finding(f: &Finding, side: &Side<'_>) -> Change {
    Change {
        id: f.id.clone(),
        title: f.title.clone(),
        severity: f.severity,
        old_score: None,
        new_score: Some(f.score),
        place: f.locations.first().filter(|l| !l.path.is_empty()).map(|l| format!("{}:{}", l.file(), l.line)),
        repositories: side.repositories(f.locations.iter()),
        identity: f.identity.as_ref().map(ToString::to_string),
        preview: f.preview.clone(),
        why: String::new(),
    }
}

fn findings(before: &Side<'_>, now: &Side<'_>, seen: &Seen<'_>) -> Changes {
    let mut out = Changes::default();
    let (mut old, mut new): (Vec<&Finding>, Vec<&Finding>) =
        (before.report.findings.iter().collect(), now.report.findings.iter().collect());
    let mut same = pair(&mut old, &mut new, |f| before.finding_id(f), |f| now.finding_id(f));
    same.extend(pair(&mut old, &mut new, |f| before.finding_place(f), |f| now.finding_place(f)));
    same.extend(pair(&mut old, &mut new, |f| before.finding_line(f), |f| now.finding_line(f)));
    let rotated = pair(&mut old, &mut new, |f| before.finding_name(f), |f| now.finding_name(f));
    for (old, new) in same {
        let change = |why: &str| Change { old_score: Some(old.score), why: why.to_owned(), ..of_finding(new, now) };
        match (&old.suppressed, &new.suppressed) {
            (None, None) => compare(&mut out, (old.score, old.severity), (new.score, new.severity), || change("")),
            (Some(_), None) => out.worsened.push(change("no longer suppressed")),
            (None, Some(_)) => out.improved.push(change("suppressed now")),
            (Some(_), Some(_)) => out.unchanged += 1,
        }
    }
    for (old, new) in rotated {
        match (&old.suppressed, &new.suppressed) {
            (None, None) => out.rotated.push(Change {
                old_score: Some(old.score),
                why: "another value at the same place, in the clear as the one before".to_owned(),
                ..of_finding(new, now)
            }),
            (Some(_), None) => out.new.push(of_finding(new, now)),
            (None, Some(_)) => out.resolved.push(gone(of_finding(old, before), String::new())),
            (Some(_), Some(_)) => out.unchanged += 1,
        }
    }
    out.new.extend(new.iter().filter(|f| f.suppressed.is_none()).map(|f| of_finding(f, now)));
    for f in old.into_iter().filter(|f| f.suppressed.is_none()) {
        left(&mut out, seen.finding(f), of_finding(f, before));
    }
    out.sort();
    out
}

/// Puts a thing that only the old report has into its class.
fn left(into: &mut Changes, unseen: Option<String>, change: Change) {
    match unseen {
        Some(why) => into.not_observed.push(gone(change, why)),
        None => into.resolved.push(gone(change, String::new())),
    }
}

fn gone(change: Change, why: String) -> Change {
    Change { old_score: change.new_score, new_score: None, why, ..change }
}

fn of_credential(c: &Credential, side: &Side<'_>) -> Change {
    let worst = side.worst(&c.id);
    let place = side.exposures_of(&c.id).first().map(|e| &e.location).or_else(|| c.locations.first());
    Change {
        id: c.id.clone(),
        title: if c.kind.is_empty() { c.provider.clone() } else { c.kind.clone() },
        severity: worst.1,
        old_score: None,
        new_score: (worst.0 > 0).then_some(worst.0),
        place: place.filter(|l| !l.path.is_empty()).map(|l| format!("{}:{}", l.file(), l.line)),
        repositories: side.repositories(c.locations.iter().chain(side.exposures_of(&c.id).iter().map(|e| &e.location))),
        identity: c.identity.as_ref().map(ToString::to_string),
        preview: c.preview.clone(),
        why: String::new(),
    }
}

fn credentials(before: &Side<'_>, now: &Side<'_>, seen: &Seen<'_>) -> Changes {
    let mut out = Changes::default();
    let (mut old, mut new): (Vec<&Credential>, Vec<&Credential>) =
        (before.report.inventory.credentials.iter().collect(), now.report.inventory.credentials.iter().collect());
    let mut same = pair(&mut old, &mut new, |c| before.credential_id(c), |c| now.credential_id(c));
    same.extend(pair(&mut old, &mut new, |c| before.credential_place(c), |c| now.credential_place(c)));
    let mut rotated = pair(&mut old, &mut new, |c| before.credential_name(c), |c| now.credential_name(c));
    rotated.extend(pair(&mut old, &mut new, |c| before.credential_owner(c), |c| now.credential_owner(c)));
    let score = |side: &Side<'_>, c: &Credential| side.worst(&c.id);
    for (old, new) in same {
        let (a, b) = (score(before, old), score(now, new));
        compare(&mut out, a, b, || Change { old_score: Some(a.0), new_score: Some(b.0), ..of_credential(new, now) });
    }
    for (old, new) in rotated {
        let why = format!("was {}", old.id);
        out.rotated.push(Change { old_score: Some(score(before, old).0), why, ..of_credential(new, now) });
    }
    out.new.extend(new.iter().map(|c| of_credential(c, now)));
    for c in old {
        left(&mut out, seen.credential(c, before.exposures_of(&c.id)), of_credential(c, before));
    }
    out.sort();
    out
}

fn of_identity(i: &Identity, side: &Side<'_>) -> Change {
    let score = i.score.as_ref().map(|s| s.value);
    Change {
        id: i.id.to_string(),
        title: i.name.clone(),
        severity: Severity::of_score(score.unwrap_or_default()),
        old_score: None,
        new_score: score,
        place: i.locations.first().filter(|l| !l.path.is_empty()).map(|l| format!("{}:{}", l.file(), l.line)),
        repositories: side.repositories(i.locations.iter()),
        identity: None,
        preview: None,
        why: String::new(),
    }
}

fn identities(before: &Side<'_>, now: &Side<'_>, seen: &Seen<'_>) -> Changes {
    let mut out = Changes::default();
    let real = |r: &'_ Report| -> Vec<usize> {
        r.inventory.identities.iter().enumerate().filter(|(_, i)| !i.sample).map(|(at, _)| at).collect()
    };
    let of = |side: &Side<'_>| real(side.report);
    let mut old: Vec<&Identity> =
        of(before).into_iter().filter_map(|at| before.report.inventory.identities.get(at)).collect();
    let mut new: Vec<&Identity> =
        of(now).into_iter().filter_map(|at| now.report.inventory.identities.get(at)).collect();
    let mut same = pair(&mut old, &mut new, |i| Some(before.key(&i.id)), |i| Some(now.key(&i.id)));
    same.extend(before.by_alias(now, &mut old, &mut new));
    for (old, new) in same {
        let score = |i: &Identity| i.score.as_ref().map_or(0, |s| s.value);
        let (a, b) = (score(old), score(new));
        let at = |s| (s, Severity::of_score(s));
        compare(&mut out, at(a), at(b), || Change { old_score: Some(a), ..of_identity(new, now) });
    }
    out.new.extend(new.into_iter().map(|i| of_identity(i, now)));
    for i in old {
        left(&mut out, seen.places(&i.locations), of_identity(i, before));
    }
    out.sort();
    out
}

impl Changes {
    fn sort(&mut self) {
        let lists = [
            &mut self.new,
            &mut self.rotated,
            &mut self.worsened,
            &mut self.improved,
            &mut self.resolved,
            &mut self.not_observed,
        ];
        for list in lists {
            list.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
        }
    }
}

#[cfg(test)]
mod tests;
