//! Words and small marks that every section writes alike.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::writer::{Html, Place};
use crate::model::{
    Confidence, EnvironmentClass, Finding, Identity, Location, Severity, Status, Suppression, SuppressionKind, Term,
    Validity, When,
};
use crate::report::table::findings::{at_line, circumstances};
use crate::text::numbers::{count, grouped};

/// Repositories named of one thing.
const REPOSITORIES: usize = 4;

/// A severity: its word, before which the style sets a shape of its own, so that colour is never alone.
pub(super) fn severity(html: &mut Html, severity: Severity) {
    html.leaf("b", &[("class", &format!("sev {}", severity.as_str()))], severity.as_str());
}

/// Where something stands, as editors take it, and what there is to say of the place.
pub(super) fn place(html: &mut Html, location: &Location) {
    html.leaf("code", &[], &at_line(location));
    let more = circumstances(location);
    if !more.is_empty() {
        html.leaf("small", &[], &format!(" {more}"));
    }
}

/// Places as a list, the first of them and how many more there are.
pub(super) fn places(html: &mut Html, facts: &Facts<'_>, locations: &[Location], limit: usize) {
    if let [only] = locations {
        place(html, only);
        return;
    }
    let shown = locations.len().min(facts.cap(limit));
    html.within("ul", &[], |html| {
        for location in locations.iter().take(shown) {
            html.within("li", &[], |html| place(html, location));
        }
        more(html, "li", locations.len() - shown);
    });
}

/// `and N more`, counted, when something is left out.
pub(super) fn more(html: &mut Html, tag: &'static str, left_out: usize) {
    if left_out > 0 {
        let text = format!("and {} more: -v writes them here, the JSON report has them", grouped(left_out as u64));
        html.leaf(tag, &[("class", "more")], &text);
    }
}

/// Names of repositories, the first of them and how many more there are.
pub(super) fn repositories(names: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = names.iter().take(REPOSITORIES).copied().collect();
    let left_out = names.len() - shown.len();
    let more = if left_out > 0 { format!(" and {} more", grouped(left_out as u64)) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Text with paragraphs of its own.
pub(super) fn paragraphs(html: &mut Html, class: &str, text: &str) {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        html.leaf("p", &[("class", class)], line);
    }
}

/// The identity of a key, linked when the inventory describes it.
pub(super) fn identity(html: &mut Html, facts: &Facts<'_>, key: &str) {
    match facts.number(key).zip(facts.identity(key)) {
        Some((number, identity)) => html.jump(Place::Identity(number), "id", name(identity)),
        None => html.leaf("span", &[("class", "id")], key),
    }
}

/// The name of an identity, or its key when it has none.
pub(super) fn name(identity: &Identity) -> &str {
    if identity.name.trim().is_empty() { identity.id.as_str() } else { &identity.name }
}

/// Days as people read them: exact up to two years, then years.
pub(super) fn days(days: i64) -> String {
    match u64::try_from(days) {
        Err(_) => format!("in {}", self::days(days.saturating_neg())),
        Ok(days @ 0..=730) => format!("{} d", grouped(days)),
        Ok(days) => {
            let tenths = days.saturating_mul(100) / 3653;
            format!("{}.{} y", grouped(tenths / 10), tenths % 10)
        }
    }
}

/// The day of a time.
pub(super) fn day(time: jiff::Timestamp) -> String {
    let text = time.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// A date of an input, every way of having none kept apart.
pub(super) fn date(when: When) -> String {
    match when {
        When::At(time) => day(time),
        When::Never => "never".to_owned(),
        When::Unknown => "not seen".to_owned(),
        When::NotApplicable => "not applicable".to_owned(),
        When::Unsupported => "not tracked by the provider".to_owned(),
    }
}

/// How long ago, in a table's cell.
pub(super) fn ago(when: When, as_of: jiff::Timestamp) -> String {
    match (when, when.days_before(as_of)) {
        (_, Some(days)) => self::days(days),
        (When::Never, _) => "never".to_owned(),
        _ => UNSEEN.to_owned(),
    }
}

/// What stands in a table's cell where no input tells.
pub(super) const UNSEEN: &str = "–";

/// An environment in a word.
pub(super) fn environment(class: EnvironmentClass) -> &'static str {
    match class {
        EnvironmentClass::Prod => "production",
        EnvironmentClass::Nonprod => "not production",
        EnvironmentClass::Unknown => UNSEEN,
    }
}

/// A state at the provider in a word.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Unknown => "not seen",
        Status::Active => "active",
        Status::Inactive => "inactive",
        Status::Deleted => "deleted",
    }
}

/// What could be proved offline of a value.
pub(super) fn validity(validity: Validity) -> &'static str {
    match validity {
        Validity::Unverified => "form only, nothing to prove it by",
        Validity::ProvenFormat => "proved genuine in form",
        Validity::Malformed => "malformed",
        Validity::Expired => "expired",
        Validity::TestValue => "published test value",
    }
}

/// A confidence in a word.
pub(super) fn confidence(confidence: Confidence) -> String {
    format!("confidence {}", confidence.as_str())
}

/// Who suppressed a finding and why.
pub(super) fn suppression(suppression: &Suppression) -> String {
    let kind = match suppression.kind {
        SuppressionKind::Inline => "by a comment",
        SuppressionKind::Config => "by the configuration",
        SuppressionKind::Baseline => "by the baseline",
    };
    let by = if suppression.by.is_empty() { String::new() } else { format!(" ({})", suppression.by) };
    let reason = if suppression.reason.is_empty() { "no reason given" } else { &suppression.reason };
    format!("Accepted {kind}{by}: {reason}")
}

/// The number of a risk without its year.
pub(super) fn risk(finding: &Finding) -> &'static str {
    short_risk(finding.risk)
}

/// See [`risk`].
pub(super) fn short_risk(risk: crate::model::Risk) -> &'static str {
    risk.id().split(':').next().unwrap_or_default()
}

/// The terms of a score and what they come to.
pub(super) fn terms(finding: &Finding) -> String {
    let sum: i64 = finding.terms.iter().map(|term| i64::from(term.points)).sum();
    let mut text = String::new();
    let (unknown, told): (Vec<&Term>, Vec<&Term>) = finding.terms.iter().partition(|t| unknown_of(t).is_some());
    for term in told {
        let sign = match (text.is_empty(), term.points < 0) {
            (true, true) => "−",
            (true, false) => "",
            (false, true) => " − ",
            (false, false) => " + ",
        };
        let why = if term.why.is_empty() { String::new() } else { format!(" ({})", term.why) };
        text.push_str(&format!("{sign}{} {}{why}", term.points.unsigned_abs(), term.name));
    }
    let text = match (text.is_empty(), sum == i64::from(finding.score)) {
        (true, _) => finding.score.to_string(),
        (false, true) => format!("{text} = {}", finding.score),
        (false, false) => format!("{text} = {sum}, held at {}", finding.score),
    };
    let unknown: Vec<&str> = unknown.into_iter().filter_map(unknown_of).collect();
    if unknown.is_empty() { text } else { format!("{text}; not known: {}", unknown.join(", ")) }
}

/// What a term that adds nothing says no input told.
fn unknown_of(term: &Term) -> Option<&str> {
    term.name.strip_prefix("unknown: ").filter(|_| term.points == 0)
}

/// `3 places`, and how many of them are in history only.
pub(super) fn exposed(total: usize, past: usize) -> String {
    match (total, past) {
        (0, _) => "none seen".to_owned(),
        (all, 0) => count(all as u64, "place", "places"),
        (all, past) if all == past => format!("{} in history", grouped(all as u64)),
        (all, past) => format!("{}, {} in history", count(all as u64, "place", "places"), grouped(past as u64)),
    }
}

/// The first characters, for where room is short; `…` says that there is more. The end is kept when that tells more.
pub(super) fn shorten(text: &str, room: usize, keep_end: bool) -> String {
    use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
    let shown = super::writer::visible(text);
    if shown.width() <= room {
        return shown;
    }
    let room = room.saturating_sub(1);
    let mut taken = 0;
    let mut fits = |c: &char| {
        taken += c.width().unwrap_or_default();
        taken <= room
    };
    if keep_end {
        let end: Vec<char> = shown.chars().rev().take_while(|c| fits(c)).collect();
        std::iter::once('…').chain(end.into_iter().rev()).collect()
    } else {
        shown.chars().take_while(|c| fits(c)).chain(['…']).collect()
    }
}

/// How grave the worst of several exposures is.
pub(super) fn worst(severities: impl Iterator<Item = Severity>) -> Severity {
    severities.max().unwrap_or(Severity::Info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_exact_up_to_two_years() {
        assert_eq!(days(0), "0 d");
        assert_eq!(days(730), "730 d");
        assert_eq!(days(731), "2.0 y");
        assert_eq!(days(3686), "10.0 y");
        assert_eq!(days(-3), "in 3 d");
        assert!(days(i64::MIN).starts_with("in "));
    }

    #[test]
    fn what_is_shortened_fits_and_says_so() {
        assert_eq!(shorten("abcdef", 6, false), "abcdef");
        assert_eq!(shorten("abcdefg", 6, false), "abcde…");
        assert_eq!(shorten("src/a/b.rs:12", 8, true), "…b.rs:12");
        assert_eq!(shorten("日本語日本語", 7, false), "日本語…");
        assert_eq!(shorten("x", 0, true), "…");
    }
}
