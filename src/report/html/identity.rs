//! Identity by identity: the evidence as a chain, the findings, the control card, why the score is what it is, who may
//! become it, what it may do and how it logs in.

mod compact;

use super::facts::Facts;
use super::inventory::BLOCK;
use super::writer::{Html, Place};
use super::{chain, inventory, words};
use crate::model::{AuthMode, ControlAnswer, ControlCard, Identity, Privilege, Score, Status};
use crate::report::table::findings::first_sentence;
use crate::report::table::summary::{mode_name, privilege};
use crate::text::numbers::{count, grouped};

/// Entries of a list that repeats: trusts, rights, uses, code of others.
const LISTED: usize = 10;
/// Places where an identity is declared.
const PLACES: usize = 3;
/// Identities told in full, with a drawing, the worst first. Of the others everything is told in fewer words.
const FULL: usize = 200;
/// Bytes of the page after which what is told of further identities is counted: a browser opens no page of any size.
const PAGE: usize = 14_450_000;
/// Identities that are printed opened; of more, only those that the reader opened.
const PRINTED: usize = 60;

/// One part an identity, closed until it is asked for.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    html.within("section", &[("id", "cards"), ("aria-labelledby", "cards-h")], |html| {
        html.leaf("h2", &[("id", "cards-h")], "Identity by identity");
        if facts.identities.is_empty() {
            html.leaf("p", &[("class", "empty")], "No identity was recognised.");
            return;
        }
        html.leaf(
            "p",
            &[("class", "dim")],
            "In the order of the table above; its search narrows this list, too. MFA protects people, and these have no \
             phone: the control card asks what stands in its place.",
        );
        if facts.identities.len() > PRINTED {
            let text = format!("On paper, the first {PRINTED} and those that were opened.");
            html.leaf("p", &[("class", "paper")], &text);
        }
        let mut counted = 0;
        for (block, identities) in facts.identities.chunks(BLOCK).enumerate() {
            html.within("div", &[("class", "block")], |html| {
                for (at, identity) in identities.iter().enumerate() {
                    let number = block * BLOCK + at;
                    let class = if number < PRINTED { "card p" } else { "card" };
                    html.within("details", &[("class", class)], |html| {
                        html.within("summary", &[], |html| head(html, facts, identity));
                        html.within("div", &[("id", &Place::Identity(number).id())], |html| {
                            if number < facts.cap(FULL) {
                                one(html, facts, identity);
                            } else if html.len() < PAGE {
                                compact::told(html, facts, identity);
                            } else {
                                counted += 1;
                                compact::counted(html, facts, identity);
                            }
                        });
                    });
                }
            });
        }
        if counted > 0 {
            let text = format!(
                "Of the last {} only findings, controls and score are told, and the rest is counted, so that browsers open \
                 this page. -v writes it here, the JSON report has it.",
                grouped(counted)
            );
            html.leaf("p", &[("class", "more")], &text);
        }
    });
}

fn head(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    let score = identity.score.as_ref().map_or_else(|| words::UNSEEN.to_owned(), |score| score.value.to_string());
    html.leaf("b", &[("class", "score")], &score);
    html.leaf("h3", &[], words::name(identity));
    html.leaf("small", &[], &format!("{} {}", identity.provider, identity.kind.as_str()));
    html.within("span", &[], |html| {
        if let Some(worst) = facts.open_of(identity).max_by_key(|finding| finding.score) {
            words::severity(html, worst.severity);
            html.text(&format!(" {}", grouped(facts.open_of(identity).count() as u64)));
        } else if identity.sample {
            html.leaf("i", &[], "sample");
        }
    });
}

fn one(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    about(html, facts, identity);
    chain::figure(html, facts, identity);
    findings(html, facts, identity, true);
    // A sample has neither.
    if identity.controls.is_some() || identity.score.is_some() {
        html.within("div", &[("class", "two")], |html| {
            if let Some(card) = &identity.controls {
                controls(html, card);
            }
            if let Some(score) = &identity.score {
                html.within("div", &[], |html| explain(html, score));
            }
        });
    }
    lists(html, facts, identity);
}

/// Who may become it, what it may do, how it logs in, and what stands beside it.
fn lists(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    trusts(html, facts, identity);
    grants(html, facts, identity);
    usages(html, facts, identity);
    credentials(html, facts, identity);
    beside(html, facts, identity);
}

fn fact(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    html.leaf("dt", &[], name);
    html.within("dd", &[], inside);
}

fn about(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    let mut unseen = Vec::new();
    html.within("dl", &[("class", "about")], |html| {
        html.leaf("dt", &[("class", "w")], "Key");
        html.within("dd", &[("class", "w")], |html| {
            html.leaf("code", &[], identity.id.as_str());
            for alias in &identity.aliases {
                html.text(" also ");
                html.leaf("code", &[], alias.as_str());
            }
        });
        let environment = &identity.environment;
        let class = words::environment(environment.class);
        let why = if environment.why.is_empty() { String::new() } else { format!(" ({})", environment.why) };
        let facts_ = [
            ("Account", identity.account.clone()),
            ("Owner", identity.owner.clone()),
            ("Environment", (class != words::UNSEEN).then(|| format!("{class}{why}"))),
            ("State", (identity.status != Status::Unknown).then(|| words::status(identity.status).to_owned())),
            ("Created", (!identity.created.is_unknown()).then(|| words::date(identity.created))),
            ("Last use", Some(facts.last_use(identity)).filter(|when| !when.is_unknown()).map(words::date)),
            ("Rights", (identity.privilege != Privilege::Unknown).then(|| privilege(identity.privilege).to_owned())),
            ("Authenticates", (!identity.auth.is_empty()).then(|| inventory::modes(identity).join(", "))),
        ];
        for (name, value) in facts_ {
            match value {
                Some(value) => fact(html, name, |html| html.text(&value)),
                None => unseen.push(name.to_lowercase()),
            }
        }
        for (name, value) in identity.attributes.iter() {
            fact(html, name, |html| html.text(value));
        }
        if !unseen.is_empty() {
            html.leaf("dt", &[("class", "w")], "Not seen");
            html.leaf("dd", &[("class", "w")], &unseen.join(", "));
        }
        let repositories = facts.repositories_of(identity);
        if !repositories.is_empty() {
            html.leaf("dt", &[("class", "w")], "Repositories");
            html.leaf("dd", &[("class", "w")], &words::repositories(&repositories));
        }
        if !identity.locations.is_empty() {
            html.leaf("dt", &[("class", "w")], "Declared");
            html.within("dd", &[("class", "w")], |html| words::places(html, facts, &identity.locations, PLACES));
        }
    });
}

/// Its findings; in full each with what to do.
fn findings(html: &mut Html, facts: &Facts<'_>, identity: &Identity, full: bool) {
    let all = facts.findings_of(identity);
    if all.is_empty() {
        return;
    }
    html.leaf("h4", &[], if full { "Findings and what to do" } else { "Findings" });
    html.within("ul", &[], |html| {
        let shown = all.len().min(facts.cap(LISTED * 2));
        for finding in all.iter().take(shown) {
            html.within("li", &[], |html| {
                words::severity(html, finding.severity);
                html.text(&format!(" {} ", finding.score));
                html.jump(Place::Finding(facts.finding_number(finding)), "", &finding.title);
                if finding.suppressed.is_some() {
                    html.leaf("i", &[], "accepted");
                }
                if full {
                    html.text(" ");
                    html.leaf("small", &[], first_sentence(&finding.remediation));
                }
            });
        }
        words::more(html, "li", all.len() - shown);
    });
}

/// The questions of the card: in a word, in full, and the answer.
fn questions(card: &ControlCard) -> [(&'static str, &'static str, &ControlAnswer); 8] {
    [
        ("dedicated", "Dedicated to one workload?", &card.dedicated),
        ("short-lived", "Short-lived?", &card.short_lived),
        ("bound", "Bound to an audience and a scope?", &card.bound),
        ("automated", "Issued and refreshed without a person?", &card.automated),
        ("rotated", "Rotated within the limit?", &card.rotated),
        ("revocable", "Revocable, by a known path?", &card.revocable),
        ("owned", "Owned?", &card.owned),
        ("logged", "Are privileged actions logged?", &card.logged),
    ]
}

fn controls(html: &mut Html, card: &ControlCard) {
    html.within("div", &[], |html| {
        html.leaf("h4", &[], "Control card");
        html.within("dl", &[("class", "controls")], |html| {
            let mut unseen: Vec<String> = Vec::new();
            for (_, question, answer) in questions(card) {
                let (class, word) = match answer.answer.as_str() {
                    "yes" => ("yes", "✓ yes"),
                    "no" => ("no", "✕ no"),
                    _ if answer.evidence.is_empty() => {
                        unseen.push(question.to_owned());
                        continue;
                    }
                    _ => {
                        unseen.push(format!("{question} ({})", answer.evidence));
                        continue;
                    }
                };
                html.leaf("dt", &[], question);
                html.within("dd", &[], |html| {
                    html.leaf("b", &[("class", class)], word);
                    if !answer.evidence.is_empty() {
                        html.text(&format!(" {}", answer.evidence));
                    }
                });
            }
            if !unseen.is_empty() {
                html.leaf("dt", &[], "? Not seen in these inputs");
                html.leaf("dd", &[], &unseen.join(" "));
            }
        });
    });
}

/// A number in thousandths.
fn thousandths(number: i32) -> String {
    let sign = if number < 0 { "−" } else { "" };
    let number = number.unsigned_abs();
    let text = format!("{sign}{}.{:03}", number / 1000, number % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Likelihood of misuse as the score defines it: `1 − (1−.08)(1−.90E)(1−.50L)(1−.30I)(1−.40A)`; `None` when a factor is
/// missing.
fn likelihood(score: &Score) -> Option<f64> {
    let keep = |weight: f64, name: &str| Some(1.0 - weight * f64::from(*score.factors.get(name)?) / 1000.0);
    let kept = keep(0.9, "exposure")? * keep(0.5, "lifetime")? * keep(0.3, "isolation")? * keep(0.4, "activity")?;
    Some(1.0 - (1.0 - 0.08) * kept)
}

/// The factors, and how they make the score.
fn explain(html: &mut Html, score: &Score) {
    html.within("h4", &[], |html| {
        html.text(&format!("Score {}", score.value));
        if score.low != score.high {
            let text = format!(" between {} and {} for all that is not known", score.low, score.high);
            html.leaf("small", &[], &text);
        }
    });
    html.leaf("p", &[("class", "factors")], &factors(score));
    if let Some(sum) = product(score) {
        html.leaf("p", &[("class", "sum")], &sum);
    }
}

/// The factors in a line.
fn factors(score: &Score) -> String {
    let names = ["exposure", "lifetime", "isolation", "activity", "privilege", "validity"];
    let factors = names.iter().filter_map(|name| Some((*name, score.factors.get(*name)?)));
    let factors: Vec<String> = factors
        .map(|(name, value)| {
            let unknown = score.unknown.iter().any(|unknown| unknown == name);
            format!("{name} {}{}", thousandths(*value), if unknown { " (not known)" } else { "" })
        })
        .collect();
    factors.join(" · ")
}

/// The sum in a sentence; the numbers in it are those of the report.
fn product(score: &Score) -> Option<String> {
    let validity = *score.factors.get("validity")?;
    let privilege = *score.factors.get("privilege")?;
    let likelihood = likelihood(score)?;
    let magnitude = 0.25 + 0.75 * f64::from(privilege) / 1000.0;
    let raw = 100.0 * f64::from(validity) / 1000.0 * likelihood * magnitude;
    let mut text = format!(
        "100 × validity {} × likelihood {likelihood:.3} × magnitude {magnitude:.3} = {raw:.1}",
        thousandths(validity)
    );
    if score.floor > 0 && f64::from(score.floor) >= raw.round() && score.value == score.floor {
        text.push_str(&format!(", held up to {} by its worst open finding", score.floor));
    } else if score.floor > 0 && validity < 500 {
        text.push_str("; more likely dead than not, so its findings hold nothing up");
    } else {
        text.push_str(&format!(", rounded {}", score.value));
    }
    Some(format!("{text}."))
}

/// A list under a heading, the first of it and how many more there are.
fn list<T>(html: &mut Html, facts: &Facts<'_>, title: &str, items: &[T], mut each: impl FnMut(&mut Html, &T)) {
    if items.is_empty() {
        return;
    }
    html.leaf("h4", &[], title);
    html.within("ul", &[], |html| {
        let shown = items.len().min(facts.cap(LISTED));
        for item in items.iter().take(shown) {
            html.within("li", &[], |html| each(html, item));
        }
        words::more(html, "li", items.len() - shown);
    });
}

fn dim(html: &mut Html, text: &str) {
    html.leaf("small", &[], text);
}

fn trusts(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    list(html, facts, "Who may become it", facts.trusts_of(identity), |html, trust| {
        html.leaf("b", &[], &trust.issuer);
        match &trust.subject {
            Some(subject) => {
                html.text(" as ");
                html.leaf("code", &[], subject);
            }
            None => dim(html, " any subject"),
        }
        if let Some(audience) = &trust.audience {
            dim(html, &format!(" for audience {audience}"));
        }
        html.text(" ");
        words::place(html, &trust.location);
    });
    list(html, facts, "Taken on by", &facts.taken_on_by(identity), |html, usage| {
        match &usage.identity {
            Some(key) => words::identity(html, facts, key.as_str()),
            None => html.text("code whose workload is not known"),
        }
        dim(html, &format!(", {} through {} ", mode_name(usage.mode), usage.mechanism));
        words::place(html, &usage.location);
    });
}

fn grants(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    let mut grants: Vec<_> = facts.grants_of(identity).to_vec();
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.privilege));
    list(html, facts, "What it may do", &grants, |html, grant| {
        html.leaf("b", &[], privilege(grant.privilege));
        html.text(": ");
        html.leaf("code", &[], &grant.action);
        html.text(" on ");
        html.leaf("code", &[], &grant.resource);
        dim(html, &format!(" through {}", grant.source));
        if let Some(condition) = &grant.condition {
            dim(html, &format!(" if {condition}"));
        }
        html.text(" ");
        words::place(html, &grant.location);
    });
}

fn usages(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    list(html, facts, "How it logs in", facts.usages_of(identity), |html, usage| {
        html.leaf("b", &[], mode_name(usage.mode));
        if !usage.provider.is_empty() {
            html.text(&format!(" to {}", usage.provider));
        }
        if let Some(credential) = &usage.credential {
            html.text(" with ");
            html.leaf("code", &[], credential);
        }
        if let Some(target) = &usage.target {
            html.text(" as ");
            words::identity(html, facts, target);
        }
        dim(html, &format!(" through {} ", usage.mechanism));
        if usage.federation_available && matches!(usage.mode, AuthMode::Static | AuthMode::Referenced) {
            dim(html, "(federation is on offer here) ");
        }
        words::place(html, &usage.location);
    });
}

fn credentials(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    list(html, facts, "Credentials", facts.owned_by(identity), |html, credential| {
        html.leaf("code", &[], &credential.id);
        html.text(&format!(" {}", credential.kind));
        let mut said =
            vec![words::status(credential.status).to_owned(), words::validity(credential.validity).to_owned()];
        let dates = [
            ("created", credential.created),
            ("rotated", credential.rotated),
            ("expires", credential.expires),
            ("last used", credential.last_used),
        ];
        let dates = dates.into_iter().filter(|(_, when)| !when.is_unknown());
        said.extend(dates.map(|(name, when)| format!("{name} {}", words::date(when))));
        said.extend(credential.public.then(|| "public by design".to_owned()));
        said.extend(credential.encrypted.then(|| "encrypted".to_owned()));
        dim(html, &format!(" {}", said.join(", ")));
        if let Some(preview) = &credential.preview {
            html.text(" ");
            html.leaf("code", &[], preview);
        }
        let exposures = facts.exposures_of(&credential.id);
        let past = exposures.iter().filter(|exposure| !exposure.location.in_head).count();
        if !exposures.is_empty() {
            html.text(&format!(" in the clear: {}", words::exposed(exposures.len(), past)));
        }
    });
}

/// What stands beside it: code of others, settings, and what it is probably one with.
fn beside(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    list(
        html,
        facts,
        "Code of others with its credentials in reach",
        facts.third_parties_of(identity),
        |html, party| {
            html.leaf("code", &[], &format!("{}@{}", party.component, party.version));
            html.text(if party.pinned { " pinned" } else { " not pinned" });
            html.text(if party.first_party { ", first party" } else { ", third party" });
            if !party.credentials.is_empty() {
                let more = party.credentials.len().saturating_sub(LISTED) as u64;
                let names: Vec<&str> = party.credentials.iter().take(LISTED).map(String::as_str).collect();
                let more = if more > 0 { format!(" and {}", count(more, "more", "more")) } else { String::new() };
                dim(html, &format!(" reaches {}{more}", names.join(", ")));
            }
            html.text(" ");
            words::place(html, &party.location);
        },
    );
    list(html, facts, "Settings that bear on it", facts.settings_of(identity), |html, setting| {
        html.leaf("b", &[], &setting.name);
        html.text(&format!(" {} ", setting.value));
        dim(html, &format!("of {} ", setting.subject));
        words::place(html, &setting.location);
    });
    list(html, facts, "Probably the same, not merged", facts.links_of(identity), |html, link| {
        let other = if link.from == identity.id.as_str() { &link.to } else { &link.from };
        words::identity(html, facts, other);
        dim(html, &format!(": {} ({})", link.why, words::confidence(link.confidence)));
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn score(factors: [i32; 6], value: i32, floor: i32) -> Score {
        let names = ["exposure", "privilege", "lifetime", "isolation", "activity", "validity"];
        let factors = names.into_iter().map(str::to_owned).zip(factors).collect();
        Score { value, low: 0, high: 100, factors, unknown: Vec::new(), floor }
    }

    #[test]
    fn the_sum_shown_is_the_score_of_the_worked_examples() {
        let leaked = product(&score([1000, 1000, 1000, 500, 0, 1000], 96, 0)).unwrap();
        assert!(leaked.ends_with("magnitude 1.000 = 96.1, rounded 96."), "{leaked}");
        let held = product(&score([700, 600, 1000, 0, 500, 900], 78, 78)).unwrap();
        assert!(held.ends_with("= 54.4, held up to 78 by its worst open finding."), "{held}");
        let dead = product(&score([700, 1000, 1000, 0, 500, 50], 4, 78)).unwrap();
        assert!(dead.ends_with("so its findings hold nothing up."), "{dead}");
        assert_eq!(product(&Score::default()), None, "without factors there is no sum");
    }

    proptest::proptest! {
        #[test]
        fn the_sum_shown_recomputes_the_score_shown(
            factors in [0..=1000i32, 0..=1000, 0..=1000, 0..=1000, 0..=1000, 500..=1000]
        ) {
            let number = |text: &str, name: &str| -> f64 {
                let (_, rest) = text.split_once(name).unwrap();
                rest.trim_start().split([' ', ',']).next().unwrap().trim_end_matches('.').parse().unwrap()
            };
            let raw = product(&score(factors, 0, 0)).map(|text| number(&text, " = ")).unwrap();
            let shown = product(&score(factors, raw.round() as i32, 0)).unwrap();
            let told = ["validity", "likelihood", "magnitude"].map(|name| number(&shown, name));
            let recomputed = 100.0 * told.iter().product::<f64>();
            // Three decimals of each factor, one of the product.
            proptest::prop_assert!((recomputed - raw).abs() < 0.16, "{} is {}", shown, recomputed);
            proptest::prop_assert!((number(&shown, "rounded") - recomputed).abs() < 0.7, "{}", shown);
        }
    }

    #[test]
    fn thousandths_are_written_short() {
        assert_eq!([0, 50, 700, 1000, 1234, -5].map(thousandths), ["0", "0.05", "0.7", "1", "1.234", "−0.005"]);
    }
}
