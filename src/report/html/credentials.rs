//! Credentials that are nobody's as far as the inputs tell, and those that are no leak by what they are.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::lists::OTHERS;
use super::words;
use super::writer::{Html, Place};
use crate::model::{Credential, Validity};
use crate::text::numbers::{count, grouped};
use crate::text::paths::component;

/// Rows of the table of those without an owner.
const ROWS: usize = 1000;

/// Both lists.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    let mut unattributed = facts.unattributed();
    let score = |credential: &Credential| facts.finding_about(&credential.id).map_or(0, |finding| finding.score);
    unattributed.sort_by_cached_key(|credential| (std::cmp::Reverse(score(credential)), &credential.id));
    html.within("section", &[("id", "unattributed"), ("aria-labelledby", "unattributed-h")], |html| {
        html.leaf("h2", &[("id", "unattributed-h")], "Credentials without a known owner");
        if unattributed.is_empty() {
            html.leaf("p", &[("class", "empty")], "None: every credential that counts names whose it is.");
        } else {
            let caption = "Nothing that was read tells whose these are. An export of their provider may: scan it along \
                           with the code.";
            let all = facts.lists.totals.as_ref().map_or(unattributed.len(), |totals| totals.unattributed);
            table(html, facts, (&unattributed, all), caption, ROWS);
        }
        others(html, facts, &unattributed);
    });
}

/// Credentials that belong to no identity and do not count, with the reason.
fn others(html: &mut Html, facts: &Facts<'_>, counted: &[&Credential]) {
    let counted: BTreeSet<&str> = counted.iter().map(|credential| credential.id.as_str()).collect();
    let others: Vec<&Credential> =
        facts.credentials().filter(|c| c.identity.is_none() && !counted.contains(c.id.as_str())).collect();
    if others.is_empty() {
        return;
    }
    html.within("details", &[("class", "others")], |html| {
        let all = facts.lists.totals.as_ref().map_or(others.len(), |totals| totals.others);
        let number = count(all as u64, "credential", "credentials");
        html.leaf("summary", &[], &format!("{number} seen and not counted"));
        let caption = "Public by design, encrypted, published as a test value, accepted, or out of a sample.";
        table(html, facts, (&others, all), caption, OTHERS);
    });
}

/// The first of the credentials, of which there are so many in all.
fn table(html: &mut Html, facts: &Facts<'_>, (credentials, all): (&[&Credential], usize), caption: &str, limit: usize) {
    let shown = credentials.len().min(facts.cap(limit));
    html.within("table", &[("class", "credentials")], |html| {
        html.leaf("caption", &[], caption);
        html.within("thead", &[], |html| {
            html.within("tr", &[], |html| {
                for name in ["Credential", "Value", "In the clear", "First seen", "Where"] {
                    html.leaf("th", &[("scope", "col")], name);
                }
            });
        });
        html.within("tbody", &[], |html| {
            credentials
                .iter()
                .take(shown)
                .for_each(|credential| html.within("tr", &[], |html| row(html, facts, credential)));
        });
    });
    words::more(html, "p", all.saturating_sub(shown));
}

fn row(html: &mut Html, facts: &Facts<'_>, credential: &Credential) {
    let exposures = facts.exposures_of(&credential.id);
    html.within("th", &[("scope", "row")], |html| {
        if let Some(finding) = facts.finding_about(&credential.id) {
            words::severity(html, finding.severity);
            html.text(" ");
            html.jump(Place::Finding(facts.finding_number(finding)), "", &credential.kind);
        } else {
            html.text(&credential.kind);
        }
        html.leaf("small", &[], &format!("{} · {}", credential.provider, credential.id));
    });
    html.within("td", &[], |html| {
        if let Some(preview) = &credential.preview {
            html.leaf("code", &[], preview);
        }
        html.leaf("small", &[], &state(credential));
    });
    let past = exposures.iter().filter(|exposure| !exposure.location.in_head).count();
    html.leaf("td", &[], &words::exposed(exposures.len(), past));
    let first = facts.first_seen(&credential.id).map(words::day);
    html.leaf("td", &[], first.as_deref().unwrap_or(words::UNSEEN));
    html.within("td", &[], |html| {
        let place = exposures.first().map(|exposure| &exposure.location).or_else(|| credential.locations.first());
        if let Some(place) = place {
            words::place(html, place);
        }
        let components: BTreeSet<String> = exposures.iter().filter_map(|e| component(&e.location.path)).collect();
        if components.len() > 1 {
            html.leaf("small", &[], &format!("in {} components", grouped(components.len() as u64)));
        }
    });
}

fn state(credential: &Credential) -> String {
    let mut said = Vec::new();
    said.extend((credential.validity != Validity::Unverified).then(|| words::validity(credential.validity)));
    said.extend(credential.public.then_some("public by design"));
    said.extend(credential.encrypted.then_some("encrypted"));
    said.join(", ")
}
