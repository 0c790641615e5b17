//! Identities of a large estate: the same as the full story of one, without drawing and tables, in as few words as it takes.

use super::super::facts::Facts;
use super::super::words;
use super::super::writer::Html;
use super::{PLACES, factors, findings, lists, questions};
use crate::model::{ControlCard, Identity, Score, Status};
use crate::text::numbers::count;

/// Everything that is told of an identity.
pub(super) fn told(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    opening(html, facts, identity);
    verdict(html, identity);
    lists(html, facts, identity);
}

/// What an identity is, its findings, control card and score, and how much else there is to tell.
pub(super) fn counted(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    opening(html, facts, identity);
    verdict(html, identity);
    let counts = [
        (facts.trusts_of(identity).len(), "trust", "trusts"),
        (facts.grants_of(identity).len(), "right", "rights"),
        (facts.usages_of(identity).len(), "login", "logins"),
        (facts.owned_by(identity).len(), "credential", "credentials"),
        (facts.third_parties_of(identity).len(), "piece of others’ code", "pieces of others’ code"),
        (facts.settings_of(identity).len(), "setting", "settings"),
    ];
    let counts = counts.into_iter().filter(|(number, ..)| *number > 0);
    let counts: Vec<String> = counts.map(|(number, one, many)| count(number as u64, one, many)).collect();
    if !counts.is_empty() {
        html.leaf("p", &[("class", "more")], &format!("and {} more", counts.join(", ")));
    }
}

/// The key, what the table does not show, where it is declared, and the findings.
fn opening(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    html.within("p", &[], |html| {
        html.text("Key ");
        html.leaf("code", &[], identity.id.as_str());
        for alias in &identity.aliases {
            html.text(" also ");
            html.leaf("code", &[], alias.as_str());
        }
        let mut said = Vec::new();
        said.extend(identity.account.as_ref().map(|account| format!("account {account}")));
        said.extend((identity.status != Status::Unknown).then(|| words::status(identity.status).to_owned()));
        said.extend((!identity.environment.why.is_empty()).then(|| identity.environment.why.clone()));
        said.extend(identity.attributes.iter().map(|(name, value)| format!("{name} {value}")));
        if !said.is_empty() {
            html.text(&format!(" · {}", said.join(" · ")));
        }
        for (at, place) in identity.locations.iter().take(facts.cap(PLACES)).enumerate() {
            html.text(if at == 0 { " declared at " } else { ", " });
            words::place(html, place);
        }
        let rest = identity.locations.len().saturating_sub(facts.cap(PLACES)) as u64;
        if rest > 0 {
            html.text(&format!(" and {}", count(rest, "more place", "more places")));
        }
    });
    findings(html, facts, identity, false);
}

/// Control card and score, in a sentence each.
fn verdict(html: &mut Html, identity: &Identity) {
    if let Some(card) = &identity.controls {
        html.leaf("h4", &[], "Control card");
        html.leaf("p", &[], &answers(card));
    }
    if let Some(score) = &identity.score {
        html.leaf("h4", &[], "Score");
        html.leaf("p", &[], &score_in_words(score));
    }
}

/// The answers of a card, those alike together: `yes: owned (…); no: rotated; not seen: bound, logged`.
fn answers(card: &ControlCard) -> String {
    let of = |wanted: &str| {
        let alike = questions(card).into_iter().filter(|(.., answer)| match answer.answer.as_str() {
            word @ ("yes" | "no") => word == wanted,
            _ => wanted == "not seen",
        });
        let told: Vec<String> = alike
            .map(|(name, _, answer)| match answer.evidence.as_str() {
                "" => name.to_owned(),
                why => format!("{name} ({why})"),
            })
            .collect();
        (!told.is_empty()).then(|| format!("{wanted}: {}", told.join(", ")))
    };
    ["yes", "no", "not seen"].into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

fn score_in_words(score: &Score) -> String {
    let between = if score.low == score.high { String::new() } else { format!(" ({}–{})", score.low, score.high) };
    let floor = if score.floor > 0 && score.floor == score.value { ", that of its worst open finding" } else { "" };
    format!("{}{between}{floor}: {}", score.value, factors(score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ControlAnswer;

    #[test]
    fn answers_of_one_kind_stand_together_with_their_evidence() {
        let answer = |answer: &str, evidence: &str| ControlAnswer { answer: answer.into(), evidence: evidence.into() };
        let card = ControlCard {
            owned: answer("yes", "CODEOWNERS"),
            rotated: answer("no", ""),
            dedicated: answer("yes", ""),
            ..ControlCard::default()
        };
        let told = "yes: dedicated, owned (CODEOWNERS); no: rotated; \
                    not seen: short-lived, bound, automated, revocable, logged";
        assert_eq!(answers(&card), told);
    }
}
