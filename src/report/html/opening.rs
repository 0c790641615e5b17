//! The first screen: whether this is complete, how bad it is in one sentence and in numbers, and what to do first.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::lists::TASKS;
use super::words;
use super::writer::{Html, Place};
use crate::model::{Finding, NoticeKind, Report, Severity};
use crate::report::table::opening::{nothing_found, nothing_scanned};
use crate::report::table::tally::{Part, Task, is_sample};
use crate::text::numbers::{count, grouped};

/// Identities named of one thing to do.
const NAMED: usize = 3;
/// Roots named at the top.
const ROOTS: usize = 3;

/// What was scanned, for the title of the window.
pub(super) fn title(report: &Report) -> String {
    let roots = &report.coverage.roots;
    match roots.first() {
        None => "nothing scanned".to_owned(),
        Some(only) if roots.len() == 1 => only.path.clone(),
        Some(first) => format!("{} and {} more", first.path, roots.len() - 1),
    }
}

/// What this is, of what and of when.
pub(super) fn masthead(html: &mut Html, report: &Report) {
    html.within("p", &[("class", "brand")], |html| {
        html.leaf("b", &[], "keyroll");
        html.text(" non-human identities");
    });
    html.within("p", &[("class", "of")], |html| {
        let roots = &report.coverage.roots;
        for root in roots.iter().take(ROOTS) {
            html.leaf("code", &[], &root.path);
            html.text(" ");
        }
        if roots.len() > ROOTS {
            html.text(&format!("and {} more, ", grouped((roots.len() - ROOTS) as u64)));
        }
        html.text("as of ");
        let day = words::day(report.as_of);
        html.leaf("time", &[("datetime", &day)], &day);
    });
}

/// Whatever makes the rest untrustworthy, the outcome in a sentence, and the numbers.
pub(super) fn summary(html: &mut Html, facts: &Facts<'_>) {
    let report = facts.report;
    html.within("section", &[("id", "summary"), ("aria-label", "Summary")], |html| {
        alarm(html, report);
        let tally = &facts.lists.tally;
        let any = tally.open() > 0;
        let sentence = match (any, nothing_scanned(report)) {
            (true, _) => format!("{}.", tally.in_words()),
            (false, true) => "Nothing was scanned.".to_owned(),
            (false, false) => nothing_found(report, tally.accepted),
        };
        html.leaf("h1", &[], &sentence);
        if !any {
            empty(html, report, tally.accepted);
        }
        if any || !nothing_scanned(report) {
            figures(html, facts);
        }
    });
}

/// Said before anything else when something was not seen.
fn alarm(html: &mut Html, report: &Report) {
    let gaps = report.notices.iter().filter(|notice| notice.kind == NoticeKind::Gap).count() as u64;
    let text = if nothing_scanned(report) {
        "This is not a clean result: no file and no commit was read.".to_owned()
    } else if report.coverage.interrupted {
        "The run was interrupted. What follows covers only what had been read by then.".to_owned()
    } else if report.incomplete {
        format!("{} could not be read. What follows covers only the rest.", count(gaps, "input", "inputs"))
    } else {
        return;
    };
    html.within("div", &[("class", "alarm"), ("role", "alert")], |html| {
        let word = if nothing_scanned(report) { "Nothing scanned" } else { "Incomplete" };
        html.within("p", &[], |html| {
            html.leaf("strong", &[], word);
            html.text(&format!(" {text} "));
            html.section_link("coverage", "What was not seen");
        });
        let mut causes: Vec<(&str, u64)> = Vec::new();
        for notice in report.notices.iter().filter(|notice| notice.kind == NoticeKind::Gap) {
            match causes.iter_mut().find(|(code, _)| *code == notice.code) {
                Some((_, number)) => *number += 1,
                None => causes.push((&notice.code, 1)),
            }
        }
        if !causes.is_empty() {
            let causes: Vec<String> = causes.iter().map(|(code, n)| format!("{code} {}", grouped(*n))).collect();
            html.leaf("p", &[("class", "dim")], &format!("By cause: {}.", causes.join(", ")));
        }
    });
}

/// What a page without findings says to a person.
fn empty(html: &mut Html, report: &Report, accepted: u64) {
    let text = if nothing_scanned(report) {
        "Check the path that was given, and whether an exclude or .gitignore leaves everything out. The counts of what \
         was skipped stand under Coverage."
    } else if accepted == 0 {
        "No credential of a kind that keyroll knows stands in what was read, and no check found fault with the \
         identities below. Which risks could be assessed, and what the others need, stands under the ten risks."
    } else {
        "Every finding is accepted by a comment, a setting or the baseline. They are listed under Findings, with the \
         reason that was given for each."
    };
    html.leaf("p", &[("class", "lede")], text);
}

fn figures(html: &mut Html, facts: &Facts<'_>) {
    html.within("dl", &[("class", "figures")], |html| {
        score(html, facts);
        severities(html, facts.report);
        identities(html, facts);
        logins(html, facts.report);
        exposures(html, facts);
    });
}

/// One number with its name and what it means.
fn figure(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    html.within("div", &[], |html| {
        html.leaf("dt", &[], name);
        html.within("dd", &[], inside);
    });
}

fn big(html: &mut Html, number: &str, unit: &str) {
    html.within("span", &[("class", "big")], |html| {
        html.text(number);
        if !unit.is_empty() {
            html.leaf("small", &[], &format!(" {unit}"));
        }
    });
}

fn score(html: &mut Html, facts: &Facts<'_>) {
    figure(html, "Score", |html| {
        let Some(score) = facts.report.score else {
            big(html, "–", "");
            html.leaf("span", &[("class", "note")], "no risk could be assessed");
            return;
        };
        big(html, &score.to_string(), "of 100");
        let width = score.clamp(0, 100).to_string();
        bar(html, &[(width.as_str(), "fill")], 100);
        // The mean over all risks is low where one identity is as bad as can be, so that one stands beside it.
        let worst = facts.identities.iter().filter_map(|i| i.score.as_ref()).map(|s| s.value).max();
        let worst = worst.map(|worst| format!("; worst identity {worst}")).unwrap_or_default();
        html.leaf("span", &[("class", "note")], &format!("0 is best{worst}"));
    });
}

/// A bar of parts, told by the text beside it.
fn bar(html: &mut Html, parts: &[(&str, &str)], whole: u64) {
    let view = format!("0 0 {} 10", whole.max(1));
    let attributes = [("class", "bar"), ("viewBox", &*view), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    html.within("svg", &attributes, |html| {
        let mut x = 0u64;
        for (width, class) in parts {
            html.shape("rect", &[("x", &x.to_string()), ("width", width), ("height", "10"), ("class", class)]);
            x += width.parse::<u64>().unwrap_or_default();
        }
    });
}

fn severities(html: &mut Html, report: &Report) {
    let head = &report.headline;
    let total: u64 = head.findings.values().sum();
    figure(html, "Open findings", |html| {
        big(html, &grouped(total), "");
        let found: Vec<(Severity, u64)> = Severity::ALL
            .iter()
            .rev()
            .filter_map(|severity| head.findings.get(severity).map(|number| (*severity, *number)))
            .filter(|(_, number)| *number > 0)
            .collect();
        let parts: Vec<(String, String)> =
            found.iter().map(|(s, n)| (n.to_string(), format!("b-{}", s.as_str()))).collect();
        let parts: Vec<(&str, &str)> = parts.iter().map(|(n, class)| (n.as_str(), class.as_str())).collect();
        bar(html, &parts, total);
        html.within("ul", &[("class", "note counts")], |html| {
            for (severity, number) in &found {
                html.within("li", &[], |html| {
                    html.text(&format!("{} ", grouped(*number)));
                    words::severity(html, *severity);
                });
            }
            if head.suppressed > 0 {
                html.leaf("li", &[], &format!("{} accepted, not counted", grouped(head.suppressed)));
            }
        });
    });
}

fn identities(html: &mut Html, facts: &Facts<'_>) {
    let head = &facts.report.headline;
    figure(html, "Identities", |html| {
        big(html, &grouped(head.identities), "");
        let affected = facts.identities.iter().filter(|i| facts.open_of(i).next().is_some()).count() as u64;
        html.leaf("span", &[("class", "note")], &format!("{} with an open finding", grouped(affected)));
        let unowned = count(head.unattributed, "credential", "credentials");
        html.leaf("span", &[("class", "note")], &format!("and {unowned} without a known owner"));
    });
}

fn logins(html: &mut Html, report: &Report) {
    let head = &report.headline;
    let parts = [
        (head.static_uses, "l-static", "static: a secret in a file"),
        (head.referenced, "l-referenced", "referenced: fetched by name"),
        (head.federated, "l-federated", "federated: short-lived token"),
    ];
    let total: u64 = parts.iter().map(|(number, ..)| number).sum();
    figure(html, "How they log in", |html| {
        let ratio: Vec<String> = parts.iter().map(|(number, ..)| grouped(*number)).collect();
        big(html, &ratio.join(" : "), "");
        let widths: Vec<(String, &str)> = parts.iter().map(|(n, class, _)| (n.to_string(), *class)).collect();
        let widths: Vec<(&str, &str)> = widths.iter().map(|(n, class)| (n.as_str(), *class)).collect();
        bar(html, &widths, total);
        html.within("ul", &[("class", "note")], |html| {
            for (number, class, meaning) in parts {
                html.within("li", &[], |html| {
                    html.leaf("span", &[("class", &format!("key {class}")), ("aria-hidden", "true")], "");
                    html.text(&format!("{} {meaning}", grouped(number)));
                });
            }
        });
    });
}

fn exposures(html: &mut Html, facts: &Facts<'_>) {
    let (now, past) = match &facts.lists.totals {
        Some(totals) => (totals.now, totals.past),
        None => {
            let all = facts.credentials().flat_map(|c| facts.open_exposures(c));
            let (now, past): (Vec<_>, Vec<_>) = all.partition(|exposure| exposure.location.in_head);
            (now.len(), past.len())
        }
    };
    figure(html, "Exposures", |html| {
        big(html, &grouped((now + past) as u64), "");
        let text = format!("{} in the checkout now", grouped(now as u64));
        html.leaf("span", &[("class", "note")], &text);
        let text = format!("{} in history only", grouped(past as u64));
        html.leaf("span", &[("class", "note")], &text);
    });
}

/// The first things to do, each once however many findings ask for it.
pub(super) fn first(html: &mut Html, facts: &Facts<'_>) {
    html.within("section", &[("id", "first"), ("aria-labelledby", "first-h")], |html| {
        html.leaf("h2", &[("id", "first-h")], "Do first");
        let (tasks, number) = facts.lists.tally.tasks();
        if tasks.is_empty() {
            html.leaf("p", &[("class", "empty")], "Nothing is open, so there is nothing to do first.");
            return;
        }
        let shown = tasks.len().min(facts.cap(TASKS));
        html.within("ol", &[("class", "tasks")], |html| {
            for task in tasks.iter().take(shown) {
                html.within("li", &[], |html| one(html, facts, task));
            }
        });
        let rest = (number - shown) as u64;
        if rest > 0 {
            html.within("p", &[("class", "more")], |html| {
                html.text(&format!(
                    "and {} with a remedy of their own, under ",
                    count(rest, "more kind", "more kinds")
                ));
                html.section_link("findings", "Findings");
            });
        }
    });
}

fn one(html: &mut Html, facts: &Facts<'_>, task: &Task<'_>) {
    let finding = task.first;
    html.within("div", &[("class", "what")], |html| {
        words::severity(html, finding.severity);
        html.text(" ");
        let rule = facts.report.inventory.rules.iter().find(|rule| rule.id == finding.id);
        let title = rule.filter(|_| task.alike > 0).map_or(finding.title.as_str(), |rule| &rule.name);
        html.jump(Place::Finding(task.at), "title", title);
        if task.alike > 0 {
            html.leaf("span", &[("class", "like")], &format!(" {} findings", grouped(task.alike + 1)));
        }
        if task.in_tests > 0 {
            html.leaf("span", &[("class", "like")], &format!(" and {} in tests", grouped(task.in_tests)));
        }
        html.within("div", &[("class", "where")], |html| {
            if let Some(location) = finding.locations.first() {
                html.text(if task.alike > 0 { "the worst at " } else { "" });
                words::place(html, location);
            }
            if is_sample(finding) {
                html.leaf("small", &[], " (in tests)");
            }
            who(html, facts, finding);
        });
    });
    html.within("div", &[("class", "do")], |html| words::paragraphs(html, "", &finding.remediation));
}

/// The identities that one remedy is for.
fn who(html: &mut Html, facts: &Facts<'_>, first: &Finding) {
    let open = facts.of_part(Part::Main).chain(facts.of_part(Part::Samples));
    let alike = open.filter(|f| f.id == first.id && f.remediation == first.remediation);
    let mut seen = BTreeSet::new();
    let keys: Vec<&str> = alike.filter_map(|f| f.identity.as_ref()).map(|k| k.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().filter(|key| seen.insert(*key)).collect();
    if keys.is_empty() {
        return;
    }
    html.within("span", &[("class", "who")], |html| {
        html.text(" for ");
        for (at, key) in keys.iter().take(NAMED).enumerate() {
            if at > 0 {
                html.text(", ");
            }
            words::identity(html, facts, key);
        }
        if keys.len() > NAMED {
            html.text(&format!(" and {} more", grouped((keys.len() - NAMED) as u64)));
        }
    });
}
