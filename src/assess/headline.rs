//! The numbers at the top of a report.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use crate::model::{AuthMode, Headline, Ranked, Usage, Validity};

/// Counts identities, credentials without an owner, uses by kind, and findings.
pub(super) fn count(findings: &[Ranked], view: &View<'_>) -> Headline {
    let mut uses: BTreeMap<AuthMode, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut places: BTreeSet<(&str, u64)> = BTreeSet::new();
    for credential in view.credentials().filter(|c| c.validity != Validity::TestValue) {
        for exposure in view.open_exposures(credential) {
            let who = credential.identity.as_ref().map_or_else(|| exposure.location.path.clone(), ToString::to_string);
            uses.entry(AuthMode::Static).or_default().insert((who, credential.id.clone()));
        }
    }
    for exposure in &view.inventory.exposures {
        places.insert((&exposure.location.path, exposure.location.line));
    }
    for usage in view.usages() {
        let mode = match usage.mode {
            // The value itself was seen there and counted.
            AuthMode::Static if is_seen(usage, &places) || is_placeholder(usage) => continue,
            AuthMode::Instance => AuthMode::Federated,
            AuthMode::Static | AuthMode::Referenced | AuthMode::Federated => usage.mode,
            AuthMode::None | AuthMode::Unknown => continue,
        };
        uses.entry(mode).or_default().insert(pair(usage));
    }
    if let Some(pairs) = uses.get_mut(&AuthMode::Referenced) {
        let all = pairs.clone();
        pairs.retain(|(who, what)| {
            !(names_half(what) && all.iter().any(|(w, other)| w == who && is_secret_half(what, other)))
        });
    }
    let number = |mode| uses.get(&mode).map_or(0, |pairs| pairs.len() as u64);
    let mut by_severity = BTreeMap::new();
    let findings = || findings.iter().map(|ranked| &ranked.finding);
    for finding in findings().filter(|f| f.suppressed.is_none()) {
        *by_severity.entry(finding.severity).or_insert(0) += 1;
    }
    Headline {
        identities: view.identities().count() as u64,
        unattributed: view.inventory.credentials.iter().filter(|c| view.is_unattributed(c)).count() as u64,
        static_uses: number(AuthMode::Static),
        referenced: number(AuthMode::Referenced),
        federated: number(AuthMode::Federated),
        findings: by_severity,
        suppressed: findings().filter(|f| f.suppressed.is_some()).count() as u64,
    }
}

/// Adds the numbers of another part.
pub(super) fn add(into: &mut Headline, other: Headline) {
    into.identities += other.identities;
    into.unattributed += other.unattributed;
    into.static_uses += other.static_uses;
    into.referenced += other.referenced;
    into.federated += other.federated;
    into.suppressed += other.suppressed;
    for (severity, count) in other.findings {
        *into.findings.entry(severity).or_default() += count;
    }
}

/// Whether a detector reported a value on the line of this usage.
pub(super) fn is_seen(usage: &Usage, places: &BTreeSet<(&str, u64)>) -> bool {
    usage.location.line > 0 && places.contains(&(usage.location.path.as_str(), usage.location.line))
}

/// Whether the literal only stands for a value.
pub(super) fn is_placeholder(usage: &Usage) -> bool {
    usage.attributes.get("placeholder").is_some_and(|v| v == "true")
}

/// Endings of names that hold the public half of a login: a user name, the id of a key or of a client.
const HALVES: [&str; 7] = ["access_key_id", "key_id", "client_id", "username", "user_name", "user", "login"];

/// Whether what is used is the public half of a login, by its name.
fn names_half(what: &str) -> bool {
    let what = what.to_ascii_lowercase();
    HALVES.iter().any(|half| what.ends_with(half))
}

/// Whether two names, one of them that of a public half, begin alike: together they are one login.
fn is_secret_half(half: &str, other: &str) -> bool {
    let (half, other) = (half.to_ascii_lowercase(), other.to_ascii_lowercase());
    let stem = HALVES.iter().find_map(|ending| half.strip_suffix(ending)).unwrap_or(&half);
    half != other && stem.len() > 1 && other.starts_with(stem) && !names_half(&other)
}

/// Who uses what: each counts once, however often it is written.
fn pair(usage: &Usage) -> (String, String) {
    let who = usage.identity.as_ref().map_or_else(|| usage.location.path.clone(), ToString::to_string);
    let what = usage.credential.as_ref().or(usage.target.as_ref()).unwrap_or(&usage.mechanism);
    (who, format!("{} {what}", usage.provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_and_its_password_are_one_login() {
        for (half, other, one) in [
            ("aws AWS_ACCESS_KEY_ID", "aws AWS_SECRET_ACCESS_KEY", true),
            ("dockerhub DOCKERHUB_USERNAME", "dockerhub DOCKERHUB_TOKEN", true),
            ("aws AWS_ACCESS_KEY_ID", "npm NPM_TOKEN", false),
            ("aws AWS_ACCESS_KEY_ID", "aws PROD_SECRET_ACCESS_KEY", false),
            ("x A_USER", "x A_USERNAME", false),
        ] {
            assert_eq!(names_half(half) && is_secret_half(half, other), one, "{half} {other}");
        }
        assert!(!names_half("npm NPM_TOKEN"));
    }
}
