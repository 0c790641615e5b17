//! The findings, by reason and remedy, so that what is true of all of a kind is said once.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::filters::{self, Choice};
use super::inventory::BLOCK;
use super::words;
use super::writer::{Html, Place};
use crate::model::{Confidence, Finding, Report, Risk, RuleInfo, Severity};
use crate::report::table::tally::Part;
use crate::text::numbers::{count, grouped};

/// Places written of one finding.
const PLACES: usize = 12;
/// Sentences of evidence written of one finding.
const EVIDENCE: usize = 12;

/// Findings that share reason and remedy.
struct Group<'a> {
    first: &'a Finding,
    findings: Vec<&'a Finding>,
}

/// Open ones, those in tests, and last those that do not count.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    let lists = facts.lists;
    let tally = &lists.tally;
    html.within("section", &[("id", "findings"), ("aria-labelledby", "findings-h")], |html| {
        html.leaf("h2", &[("id", "findings-h")], "Findings");
        if tally.all == 0 {
            html.leaf("p", &[("class", "empty")], "No finding, open or accepted.");
            return;
        }
        let left_out = tally.all - lists.findings.len() as u64;
        if left_out > 0 {
            let text = format!(
                "The {} most important of {} findings are told here, those about identities among them. The numbers on this \
                 page are of all; lists and search have these, and the JSON report has the others.",
                grouped(lists.findings.len() as u64),
                grouped(tally.all)
            );
            html.leaf("p", &[("class", "more")], &text);
        }
        form(html, facts);
        let mut number = 0;
        let parts = [
            ("Open", Part::Main, tally.main, "Outside tests, and what is serious even there."),
            (
                "In tests, examples and documentation",
                Part::Samples,
                tally.samples,
                "They count, with a lower score. What only looks like a secret can be accepted by a comment on its line.",
            ),
        ];
        for (title, which, all, note) in parts {
            if all > 0 {
                part(html, title, all, note, |html| {
                    let mut told = 0;
                    for group in groups(facts.of_part(which)) {
                        let alike = lists.alike(which, group.first);
                        block(html, facts, &group, number, alike);
                        number += 1;
                        told += alike as u64;
                    }
                    words::more(html, "p", all.saturating_sub(told) as usize);
                });
            }
        }
        let accepted: Vec<&Finding> = facts.of_part(Part::Accepted).collect();
        if tally.accepted > 0 {
            let note = "Suppressed by a comment, a setting or the baseline: kept with the reason, counted in no score.";
            part(html, "Accepted", tally.accepted, note, |html| {
                blocks(html, facts, &accepted);
                words::more(html, "p", tally.accepted.saturating_sub(accepted.len() as u64) as usize);
            });
        }
    });
}

fn part(html: &mut Html, title: &str, number: u64, note: &str, inside: impl FnOnce(&mut Html)) {
    html.within("div", &[("class", "part")], |html| {
        html.within("h3", &[], |html| {
            html.text(title);
            html.leaf("span", &[("class", "n")], &format!(" {}", grouped(number)));
        });
        html.leaf("p", &[("class", "dim")], note);
        inside(html);
    });
}

fn form(html: &mut Html, facts: &Facts<'_>) {
    let all = || facts.lists.findings.iter().map(|told| &*told.finding);
    let severities: BTreeSet<Severity> = all().map(|finding| finding.severity).collect();
    let confidences: BTreeSet<Confidence> = all().map(|finding| finding.confidence).collect();
    let risks: BTreeSet<Risk> = all().map(|finding| finding.risk).collect();
    let choices = [
        Choice::repository(&facts.repositories),
        Choice::new("severity", "Severity", severities.iter().rev().map(|s| s.as_str()).collect()),
        Choice::new("confidence", "Confidence", confidences.iter().rev().map(|c| c.as_str()).collect()),
        Choice::new("risk", "Risk", risks.into_iter().map(words::short_risk).collect()),
        Choice::new("rule", "Rule or check", filters::sorted(all().map(|finding| finding.id.as_str()))),
    ];
    filters::form(html, "findings", "Search findings", &choices, &[("head", "in the checkout now")]);
}

/// In the order of the most important finding of each.
fn groups<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut index: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for finding in findings {
        let at = *index.entry((&finding.id, &finding.why, &finding.remediation)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { first: finding, findings: vec![finding] }),
        }
    }
    groups
}

fn rule<'a>(report: &'a Report, id: &str) -> Option<&'a RuleInfo> {
    report.inventory.rules.iter().find(|rule| rule.id == id)
}

fn block(html: &mut Html, facts: &Facts<'_>, group: &Group<'_>, number: usize, alike: usize) {
    let first = group.first;
    let rule = rule(facts.report, &first.id);
    let id = Place::Group(number).id();
    html.within("article", &[("class", "group"), ("id", &id)], |html| {
        html.within("header", &[], |html| {
            html.leaf("h4", &[], rule.map_or(first.id.as_str(), |rule| rule.name.as_str()));
            html.within("p", &[("class", "dim")], |html| {
                html.text(&format!("{} · ", count(alike as u64, "finding", "findings")));
                html.leaf("code", &[], &first.id);
                html.text(&format!(" · {} {}", words::risk(first), first.risk.title()));
            });
        });
        html.within("div", &[("class", "remedy")], |html| {
            html.within("div", &[], |html| {
                html.leaf("h5", &[], "Why it matters");
                words::paragraphs(html, "", &first.why);
            });
            html.within("div", &[], |html| {
                html.leaf("h5", &[], "What to do");
                words::paragraphs(html, "", &first.remediation);
                // Addresses of rules that a user wrote, or of a report that came from elsewhere: to read, not to follow.
                for address in rule.map(|rule| rule.references.as_slice()).unwrap_or_default() {
                    html.leaf("p", &[("class", "ref")], address);
                }
            });
        });
        blocks(html, facts, &group.findings);
        words::more(html, "p", alike.saturating_sub(group.findings.len()));
    });
}

/// Findings one after the other; of many, some a block, of which browsers lay out those in view, and one alone on paper.
fn blocks(html: &mut Html, facts: &Facts<'_>, findings: &[&Finding]) {
    if findings.len() <= BLOCK {
        findings.iter().for_each(|finding| one(html, facts, finding));
        return;
    }
    let text = format!("On paper, the first {BLOCK} of those that the search leaves.");
    html.leaf("p", &[("class", "paper")], &text);
    for block in findings.chunks(BLOCK) {
        html.within("div", &[("class", "block")], |html| {
            block.iter().for_each(|finding| one(html, facts, finding));
        });
    }
}

fn one(html: &mut Html, facts: &Facts<'_>, finding: &Finding) {
    let repositories = facts.repositories_at(finding.locations.iter());
    let numbers = facts.repository_numbers(&repositories);
    let mut attributes = vec![("class", "finding")];
    attributes.extend((!numbers.is_empty()).then_some(("data-r", numbers.as_str())));
    html.within("details", &attributes, |html| {
        html.within("summary", &[], |html| summary(html, facts, finding));
        let id = Place::Finding(facts.finding_number(finding)).id();
        html.within("dl", &[("id", &id)], |html| {
            if !repositories.is_empty() {
                let name = if repositories.len() == 1 { "Repository" } else { "Repositories" };
                field(html, name, |html| html.text(&words::repositories(&repositories)));
            }
            fields(html, facts, finding);
        });
    });
}

fn summary(html: &mut Html, facts: &Facts<'_>, finding: &Finding) {
    words::severity(html, finding.severity);
    html.leaf("b", &[("class", "score")], &finding.score.to_string());
    html.leaf("span", &[("class", "title")], &finding.title);
    html.within("span", &[("class", "where")], |html| {
        if let Some(identity) = &finding.identity {
            let name = facts.identity(identity.as_str()).map_or(identity.as_str(), words::name);
            html.leaf("span", &[("class", "id")], name);
            html.text(" ");
        }
        if let Some(location) = finding.locations.first() {
            words::place(html, location);
        }
        let rest = finding.locations.len().saturating_sub(1) as u64;
        if rest > 0 {
            html.leaf("small", &[], &format!(" +{}", grouped(rest)));
        }
    });
}

fn field(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    html.leaf("dt", &[], name);
    html.within("dd", &[], inside);
}

fn fields(html: &mut Html, facts: &Facts<'_>, finding: &Finding) {
    if let Some(suppression) = &finding.suppressed {
        field(html, "Accepted", |html| {
            html.text(&words::suppression(suppression));
            html.text(". ");
            html.leaf("code", &[], &finding.id);
            html.text(&format!(" · {} {}", words::risk(finding), finding.risk.title()));
        });
    }
    if let Some(identity) = &finding.identity {
        field(html, "Identity", |html| words::identity(html, facts, identity.as_str()));
    }
    if let Some(credential) = &finding.credential {
        field(html, "Credential", |html| html.leaf("code", &[], credential));
    }
    if let Some(preview) = &finding.preview {
        field(html, "Value", |html| html.leaf("code", &[], preview));
    }
    if !finding.evidence.is_empty() {
        let shown = finding.evidence.len().min(facts.cap(EVIDENCE));
        field(html, "Seen", |html| match finding.evidence.as_slice() {
            [only] => html.text(only),
            all => html.within("ul", &[], |html| {
                all.iter().take(shown).for_each(|sentence| html.leaf("li", &[], sentence));
                words::more(html, "li", all.len() - shown);
            }),
        });
    }
    // A single place stands in the summary.
    if finding.locations.len() > 1 {
        field(html, "Where", |html| words::places(html, facts, &finding.locations, PLACES));
    }
    field(html, "Score", |html| {
        html.text(&words::terms(finding));
    });
    field(html, "Confidence", |html| {
        html.text(finding.confidence.as_str());
    });
    if let Some(fingerprint) = &finding.fingerprint {
        field(html, "Fingerprint", |html| html.leaf("code", &[], fingerprint));
    }
}
