//! The findings, grouped by the identity they are about.

use std::collections::BTreeSet;

use super::listing::{Line, Listing, Whom};
use super::page::{Ink, Page};
pub(in crate::report) use super::place::at_line;
use super::summary;
use crate::model::{
    ControlAnswer, ControlCard, EnvironmentClass, Finding, Human, Identity, Location, Privilege, Severity, Status,
    Text, View, When,
};
use crate::report::Style;
use crate::text::numbers::{count, grouped};

/// Places shown of one finding.
const PLACES: usize = 5;
/// Sentences of evidence shown of one finding.
const EVIDENCE: usize = 3;
/// Columns of severity and score before a title.
pub(super) const TITLE: usize = 14;
/// Columns of the labels beside a finding's fields.
const LABEL: usize = 7;

/// The findings that are told in full.
pub(super) fn all(page: &mut Page, listing: &Listing<'_>, style: &Style, told: &mut Told) {
    if listing.tally.main > 0 {
        page.heading("Findings");
    }
    for (whom, about) in &listing.main {
        page.blank();
        head(page, listing, whom, style);
        about.full.iter().for_each(|finding| finding_in_full(page, finding, style, told));
        about.lines.iter().for_each(|line| finding_in_a_line(page, line));
    }
    if !listing.counted.is_empty() {
        let words: Vec<String> = listing
            .counted
            .iter()
            .rev()
            .map(|(severity, n)| format!("{} {}", grouped(*n), severity.as_str()))
            .collect();
        let text = format!("Not shown: {} findings. -v shows them, -f json has them.", words.join(", "));
        page.blank();
        page.flow(0, &[(Ink::Dim, &text)]);
    }
}

/// The findings that do not count, with the reason, when all is asked for.
pub(super) fn suppressed(page: &mut Page, report: View<'_>, style: &Style) {
    if report.open() == report.len() as u64 || !style.verbose {
        return;
    }
    page.heading("Suppressed");
    for finding in report.findings().filter(|finding| finding.suppressed.is_some()) {
        let place = finding.locations.first().map(at_line).unwrap_or_default();
        let reason = finding.suppressed.as_ref().map(|s| format!("{}: {}", s.by, s.reason)).unwrap_or_default();
        page.flow(2, &[(Ink::Plain, &finding.title), (Ink::Path, &place), (Ink::Dim, &reason)]);
    }
}

/// Whom findings are about.
fn head(page: &mut Page, listing: &Listing<'_>, whom: &Whom, style: &Style) {
    match whom {
        Whom::Identity(key) => match listing.identity(key.as_str()) {
            Some(identity) => known_head(page, identity, style),
            // The inventory does not describe it.
            None => page.lead(&[(Ink::Bold, "Identity"), (Ink::Bold, key.as_str())]),
        },
        Whom::Several(component) => {
            page.lead(&[(Ink::Bold, "Several identities"), (Ink::Dim, &below(component))]);
        }
        Whom::Unattributed(provider, component) => {
            let provider = if provider.is_empty() { String::new() } else { format!("· {provider}") };
            page.lead(&[(Ink::Bold, "Owner not known"), (Ink::Dim, &provider), (Ink::Dim, &below(component))]);
        }
    }
}

fn below(component: &str) -> String {
    if component.is_empty() { "· top level".to_owned() } else { format!("· {component}/") }
}

fn known_head(page: &mut Page, identity: &Identity, style: &Style) {
    let mut facts = vec![format!("{} {}", identity.provider, identity.kind.as_str())];
    facts.extend(identity.account.as_ref().map(|account| format!("account {account}")));
    match identity.environment.class {
        EnvironmentClass::Prod => facts.push("production".to_owned()),
        EnvironmentClass::Nonprod => facts.push("not production".to_owned()),
        EnvironmentClass::Unknown => {}
    }
    if identity.privilege != Privilege::Unknown {
        facts.push(format!("rights {}", summary::privilege(identity.privilege)));
    }
    match identity.status {
        Status::Active => facts.push("active".to_owned()),
        Status::Inactive => facts.push("inactive".to_owned()),
        Status::Deleted => facts.push("deleted".to_owned()),
        Status::Unknown => {}
    }
    if let When::At(used) = identity.last_used {
        facts.push(format!("last used {}", used.strftime("%Y-%m-%d")));
    }
    if identity.human == Human::Yes {
        facts.push("a person's account".to_owned());
    }
    facts.push(identity.owner.as_ref().map_or_else(|| "owner not known".to_owned(), |owner| format!("owner {owner}")));
    if let Some(score) = &identity.score {
        facts.push(format!("score {} ({}–{})", score.value, score.low, score.high));
    }
    page.lead(&[(Ink::Bold, "Identity"), (Ink::Bold, &identity.name), (Ink::Dim, &format!("· {}", facts.join(" · ")))]);
    if let Some(card) = identity.controls.as_ref().filter(|_| style.verbose) {
        page.field(2, (Ink::Dim, "controls"), 10, &[(Ink::Plain, &controls(card))]);
    }
}

fn controls(card: &ControlCard) -> String {
    let answers: [(&str, &ControlAnswer); 8] = [
        ("dedicated", &card.dedicated),
        ("short-lived", &card.short_lived),
        ("bound", &card.bound),
        ("automated", &card.automated),
        ("rotated", &card.rotated),
        ("revocable", &card.revocable),
        ("owned", &card.owned),
        ("logged", &card.logged),
    ];
    let words: Vec<String> = answers
        .iter()
        .map(|(name, answer)| {
            let why = if answer.evidence.is_empty() { String::new() } else { format!(" ({})", answer.evidence) };
            let answer = if answer.answer.is_empty() { "not-seen" } else { &answer.answer };
            format!("{name}: {answer}{why}")
        })
        .collect();
    words.join(" · ")
}

/// Severity and score before the title, in a column of their own.
pub(super) fn title(page: &mut Page, severity: Severity, score: i32, runs: &[(Ink, &str)]) {
    let label = format!("{:8} {score:3}", severity.as_str().to_uppercase());
    page.field(2, (Ink::Severity(severity), &label), TITLE, runs);
}

pub(super) fn finding_in_full(page: &mut Page, finding: &Finding, style: &Style, told: &mut Told) {
    title(page, finding.severity, finding.score, &[(Ink::Bold, &finding.title)]);
    places(page, finding, style);
    let what = format!("{} · {} {}", finding.id, finding.risk.id(), finding.risk.title());
    let sure = format!("· confidence {}", finding.confidence.as_str());
    row(page, "what", &[(Ink::Plain, &what), (Ink::Plain, &sure)]);
    if let Some(preview) = &finding.preview {
        row(page, "value", &[(Ink::Plain, preview)]);
    }
    row(page, "score", &[(Ink::Plain, &terms(finding, style.verbose))]);
    let shown = if style.verbose { finding.evidence.len() } else { EVIDENCE.min(finding.evidence.len()) };
    for (at, sentence) in finding.evidence.iter().take(shown).enumerate() {
        row(page, if at == 0 { "seen" } else { "" }, &[(Ink::Plain, sentence)]);
    }
    let more = finding.evidence.len() - shown;
    if more > 0 {
        row(page, "", &[(Ink::Dim, &format!("+{more} more"))]);
    }
    reason(page, finding, style, told);
}

/// Why it matters and what to do, in full the first time.
pub(super) fn reason(page: &mut Page, finding: &Finding, style: &Style, told: &mut Told) {
    if told.first_time(finding) || style.verbose {
        paragraphs(page, "why", &finding.why);
        paragraphs(page, "do", &finding.remediation);
    } else {
        let short = first_sentence(&finding.remediation);
        let more = if short.len() < finding.remediation.trim().len() { "(as above)" } else { "" };
        row(page, "do", &[(Ink::Plain, short), (Ink::Dim, more)]);
    }
}

/// What has been said already: findings of one rule mostly have the same reason and the same remedy.
#[derive(Default)]
pub(super) struct Told(BTreeSet<(String, Text, Text)>);

impl Told {
    fn first_time(&mut self, finding: &Finding) -> bool {
        self.0.insert((finding.id.clone(), finding.why.clone(), finding.remediation.clone()))
    }
}

fn row(page: &mut Page, label: &str, runs: &[(Ink, &str)]) {
    page.field(4, (Ink::Dim, label), LABEL, runs);
}

fn places(page: &mut Page, finding: &Finding, style: &Style) {
    let shown = if style.verbose { finding.locations.len() } else { PLACES.min(finding.locations.len()) };
    for (at, place) in finding.locations.iter().take(shown).enumerate() {
        let label = if at == 0 { "at" } else { "" };
        row(page, label, &[(Ink::Path, &at_line(place)), (Ink::Dim, &circumstances(place))]);
    }
    let more = (finding.locations.len() - shown) as u64;
    if more > 0 {
        row(page, "", &[(Ink::Dim, &format!("+{}", count(more, "more place", "more places")))]);
    }
}

/// Text that may have paragraphs of its own, each wrapped beneath the label.
fn paragraphs(page: &mut Page, label: &str, text: &str) {
    for (at, line) in text.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        row(page, if at == 0 { label } else { "" }, &[(Ink::Plain, line)]);
    }
}

fn finding_in_a_line(page: &mut Page, line: &Line) {
    title(page, line.severity, line.score, &[(Ink::Plain, &line.title), (Ink::Path, &line.place)]);
}

/// Where in an export, and in which commit when the checkout no longer has it.
pub(in crate::report) fn circumstances(place: &Location) -> String {
    let mut words = Vec::new();
    words.extend(place.pointer.as_ref().map(|pointer| format!("at {pointer}")));
    if let Some(commit) = place.commit.as_ref().filter(|_| !place.in_head) {
        let commit: String = commit.chars().take(12).collect();
        let time = place.time.map(|time| time.to_string()).unwrap_or_default();
        let day = time.get(..10).map(|day| format!(", {day}")).unwrap_or_default();
        words.push(format!("only in history: {commit}{day}"));
    }
    if words.is_empty() { String::new() } else { format!("({})", words.join(", ")) }
}

/// The terms of a score and what they come to; those that add nothing only when all are asked for.
fn terms(finding: &Finding, all: bool) -> String {
    let mut text = String::new();
    let mut sum = 0i64;
    for term in finding.terms.iter().filter(|term| all || term.points != 0) {
        sum += i64::from(term.points);
        let sign = match (text.is_empty(), term.points < 0) {
            (true, true) => "−",
            (true, false) => "",
            (false, true) => " − ",
            (false, false) => " + ",
        };
        text.push_str(&format!("{sign}{} {}", term.name, term.points.unsigned_abs()));
    }
    match (text.is_empty(), sum == i64::from(finding.score)) {
        (true, _) => finding.score.to_string(),
        (false, true) => format!("{text} = {}", finding.score),
        (false, false) => format!("{text} = {sum}, held at {}", finding.score),
    }
}

pub(in crate::report) fn first_sentence(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    line.find(". ").and_then(|at| line.get(..=at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::model::{Confidence, LocationData, Risk, Term};

    fn finding(points: &[(&str, i32)], score: i32) -> Finding {
        Finding {
            id: "x".into(),
            risk: Risk::Nhi2,
            title: "t".into(),
            severity: Severity::of_score(score),
            base_severity: Severity::High,
            confidence: Confidence::High,
            score,
            terms: points
                .iter()
                .map(|(name, points)| Term { name: (*name).into(), points: *points, why: Text::default() })
                .collect(),
            identity: None,
            credential: None,
            locations: vec![Location::from(LocationData {
                path: "svc/a.env".into(),
                line: 3,
                column: 7,
                ..LocationData::default()
            })],
            preview: None,
            fingerprint: None,
            evidence: Vec::new(),
            why: Text::default(),
            remediation: Text::default(),
            suppressed: None,
        }
    }

    #[test]
    fn the_terms_shown_add_up_to_the_score_shown() {
        assert_eq!(
            terms(&finding(&[("base high", 78), ("test path", -15)], 63), false),
            "base high 78 − test path 15 = 63"
        );
        assert_eq!(
            terms(&finding(&[("base critical", 95), ("admin", 8)], 100), false),
            "base critical 95 + admin 8 = 103, held at 100"
        );
        assert_eq!(terms(&finding(&[], 55), false), "55");
        assert_eq!(terms(&finding(&[("a", i32::MIN)], 0), false), "−a 2147483648 = -2147483648, held at 0");
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_of_the_terms_recomputes_the_score(
            points in proptest::collection::vec(("[a-z]{1,9}( [a-z]{1,9})?", -99..100i32), 1..9)
        ) {
            let points: Vec<(&str, i32)> = points.iter().map(|(name, points)| (name.as_str(), *points)).collect();
            let sum: i32 = points.iter().map(|(_, points)| points).sum();
            let shown = terms(&finding(&points, sum.clamp(1, 100)), true);
            let (told, total) = shown.split_once(" = ").unwrap();
            let told = told.replace(" − ", " + −");
            let recomputed: i32 = told
                .split(" + ")
                .map(|term| {
                    let number: i32 = term.rsplit_once(' ').unwrap().1.parse().unwrap();
                    if term.starts_with('−') { -number } else { number }
                })
                .sum();
            let held = total.rsplit_once(", held at ");
            let (total, score) = held.map_or((total, total), |(total, score)| (total, score));
            proptest::prop_assert_eq!(total.parse::<i32>().unwrap(), recomputed, "{}", shown);
            proptest::prop_assert_eq!(score.parse::<i32>().unwrap(), recomputed.clamp(1, 100), "{}", shown);
        }
    }

    #[test]
    fn a_place_reads_as_editors_take_it() {
        let place = finding(&[], 1).locations[0].clone();
        assert_eq!(at_line(&place), "svc/a.env:3:7");
        assert_eq!(at_line(&place.with(|p| p.line = 0)), "svc/a.env");
        assert_eq!(at_line(&place.with(|p| p.container = Some("x.zip".into()))), "x.zip!svc/a.env:3:7");
    }

    #[test]
    fn the_first_sentence_ends_at_its_full_stop() {
        assert_eq!(first_sentence("Revoke it. Then look."), "Revoke it.");
        assert_eq!(first_sentence("Use v1.2 now\nand more"), "Use v1.2 now");
        assert_eq!(first_sentence(""), "");
    }
}
