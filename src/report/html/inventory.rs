//! The inventory as a table: a line an identity, the worst first.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::filters::{self, Choice};
use super::words;
use super::writer::{Html, Place};
use crate::model::{AuthMode, EnvironmentClass, Human, Identity, Privilege, Risk, Score, Severity, Status};
use crate::report::table::summary::{mode_name, privilege};
use crate::text::numbers::{count, grouped};

/// The columns; the script sorts by them, in this order.
const COLUMNS: &[&str] = &[
    "Identity",
    "Kind",
    "Owner",
    "Environment",
    "Authenticates",
    "Age",
    "Last use",
    "Rights",
    "Exposed",
    "Score",
    "Findings",
];

/// Rows of one part of the table. Browsers lay out the parts that are in view, so that a search in a long table costs no more
/// than one in a short one.
pub(super) const BLOCK: usize = 100;
/// Rows that are printed: the style says which.
const PRINTED: usize = 10 * BLOCK;
/// Pixels of the drawing of a score.
const WIDTH: i32 = 88;

/// The table and the fields that narrow it.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    html.within("section", &[("id", "identities"), ("aria-labelledby", "identities-h")], |html| {
        html.leaf("h2", &[("id", "identities-h")], "Identities");
        if facts.identities.is_empty() {
            let text = "No identity was recognised: no account, pipeline, workload or agent is declared in what was \
                        read, and no credential names its owner.";
            html.leaf("p", &[("class", "empty")], text);
            return;
        }
        form(html, facts);
        if facts.identities.len() > PRINTED {
            let text = format!("On paper, the first {} of those that the search leaves.", grouped(PRINTED as u64));
            html.leaf("p", &[("class", "paper")], &text);
        }
        html.within("table", &[("class", "inventory")], |html| {
            html.leaf("caption", &[], &caption(facts));
            html.within("thead", &[], |html| {
                html.within("tr", &[], |html| {
                    COLUMNS.iter().for_each(|name| html.leaf("th", &[("scope", "col")], name));
                });
            });
            for (block, identities) in facts.identities.chunks(BLOCK).enumerate() {
                html.within("tbody", &[], |html| {
                    for (at, identity) in identities.iter().enumerate() {
                        let repositories = facts.repositories_of(identity);
                        let numbers = facts.repository_numbers(&repositories);
                        let attributes: &[_] = if numbers.is_empty() { &[] } else { &[("data-r", &*numbers)] };
                        html.within("tr", attributes, |html| {
                            row(html, facts, block * BLOCK + at, identity, &repositories);
                        });
                    }
                });
            }
        });
    });
}

fn caption(facts: &Facts<'_>) -> String {
    let samples = facts.identities.iter().filter(|identity| identity.sample).count() as u64;
    let mut text = String::from(
        "The worst first. The score goes from 0, best, to 100; the mark stands on the interval that the unknown leaves.",
    );
    if samples > 0 {
        let samples = count(samples, "is a sample", "are samples");
        text.push_str(&format!(" {samples} out of tests and examples: shown last, never scored."));
    }
    text
}

fn form(html: &mut Html, facts: &Facts<'_>) {
    let identities = &facts.identities;
    let open = || identities.iter().flat_map(|identity| facts.open_of(identity));
    let risks: BTreeSet<Risk> = open().map(|finding| finding.risk).collect();
    let severities: BTreeSet<Severity> = open().map(|finding| finding.severity).collect();
    let choices = [
        Choice::repository(&facts.repositories),
        Choice::new("kind", "Kind", filters::sorted(identities.iter().map(|i| i.kind.as_str()))),
        Choice::new("provider", "Provider", filters::sorted(identities.iter().map(|i| i.provider.as_str()))),
        Choice::new(
            "environment",
            "Environment",
            filters::sorted(identities.iter().map(|i| words::environment(i.environment.class))),
        ),
        Choice::new("auth", "Authenticates", filters::sorted(identities.iter().flat_map(|i| modes(i)))),
        Choice::new("severity", "Worst finding", severities.iter().rev().map(|s| s.as_str()).collect()),
        Choice::new("risk", "Risk", risks.into_iter().map(words::short_risk).collect()),
    ];
    let samples = identities.iter().any(|identity| identity.sample);
    let switches = [("open", "with open findings"), ("real", "leave samples out")];
    let switches = if samples { &switches[..] } else { switches.get(..1).unwrap_or_default() };
    filters::form(html, "identities", "Search identities", &choices, switches);
}

/// The ways in which an identity authenticates, in words.
pub(super) fn modes(identity: &Identity) -> Vec<&'static str> {
    let mut words: Vec<&str> = identity.auth.iter().map(|mode| mode_name(*mode)).collect();
    if words.is_empty() {
        words.push(mode_name(AuthMode::Unknown));
    }
    words
}

fn row(html: &mut Html, facts: &Facts<'_>, number: usize, identity: &Identity, repositories: &BTreeSet<&str>) {
    html.within("th", &[("scope", "row")], |html| {
        html.jump(Place::Identity(number), "id", words::name(identity));
        if identity.sample {
            html.leaf("i", &[], "sample");
        }
        if identity.human == Human::Yes {
            html.leaf("i", &[], "a person’s");
        }
        if matches!(identity.status, Status::Inactive | Status::Deleted) {
            html.leaf("i", &[], words::status(identity.status));
        }
        if !repositories.is_empty() {
            html.leaf("small", &[], &words::repositories(repositories));
        }
    });
    html.within("td", &[], |html| {
        html.text(identity.kind.as_str());
        html.leaf("small", &[], &identity.provider);
    });
    html.leaf("td", &[], identity.owner.as_deref().unwrap_or(words::UNSEEN));
    html.within("td", &[], |html| {
        let word = words::environment(identity.environment.class);
        match identity.environment.class {
            EnvironmentClass::Prod => html.leaf("b", &[], word),
            _ => html.text(word),
        }
    });
    html.leaf("td", &[], &modes(identity).join(", "));
    let age = facts.age(identity).map(|(days, least)| {
        let days = words::days(days);
        if least { format!("≥ {days}") } else { days }
    });
    html.leaf("td", &[], age.as_deref().unwrap_or(words::UNSEEN));
    html.leaf("td", &[], &words::ago(facts.last_use(identity), facts.report.as_of));
    html.within("td", &[], |html| match identity.privilege {
        Privilege::Unknown => html.text(words::UNSEEN),
        Privilege::Admin | Privilege::WriteBroad => html.leaf("b", &[], privilege(identity.privilege)),
        Privilege::None | Privilege::ReadScoped | Privilege::WriteScoped => html.text(privilege(identity.privilege)),
    });
    html.leaf("td", &[], &exposed(facts, identity));
    html.within("td", &[], |html| match &identity.score {
        Some(score) => interval(html, score),
        None => html.text(words::UNSEEN),
    });
    html.within("td", &[], |html| findings(html, facts, identity));
}

fn exposed(facts: &Facts<'_>, identity: &Identity) -> String {
    let owned = facts.owned_by(identity);
    let (mut total, mut past) = (0usize, 0usize);
    for exposure in owned.iter().flat_map(|credential| facts.open_exposures(credential)) {
        total += 1;
        past += usize::from(!exposure.location.in_head);
    }
    match (total, past) {
        (0, _) => words::UNSEEN.to_owned(),
        (all, past) if all == past => format!("{} past", grouped(all as u64)),
        (all, _) => grouped(all as u64),
    }
}

/// The score, its mark and the interval that it stands on.
fn interval(html: &mut Html, score: &Score) {
    html.leaf("b", &[], &score.value.to_string());
    if score.low != score.high {
        html.leaf("small", &[], &format!("{}–{}", score.low, score.high));
    }
    let within = |x: i32| x.clamp(0, 100);
    let (low, high, value) = (within(score.low), within(score.high), within(score.value));
    // In pixels of the drawing, which is as wide as the style says.
    let at = |score: i32| score * WIDTH / 100;
    let (low, high, mark) = (at(low), at(high), at(value).clamp(1, WIDTH - 2) - 1);
    html.within("svg", &[("aria-hidden", "true")], |html| {
        html.shape("path", &[("d", &format!("M{low} 3.5H{high}V5H{low}zM{mark} 0h3v8h-3z"))]);
    });
}

fn findings(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    let worst = facts.open_of(identity).max_by_key(|finding| finding.score);
    let Some(worst) = worst else {
        html.text(words::UNSEEN);
        return;
    };
    let risks: BTreeSet<Risk> = facts.open_of(identity).map(|finding| finding.risk).collect();
    let risks: Vec<&str> = risks.into_iter().map(words::short_risk).collect();
    words::severity(html, worst.severity);
    html.text(&format!(" {}", grouped(facts.open_of(identity).count() as u64)));
    html.leaf("small", &[], &risks.join(" "));
}
