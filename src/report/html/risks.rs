//! The ten risks as a chart that is a table: the burden as a bar, beside it both numbers of who is affected.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::words;
use super::writer::Html;
use crate::model::{Risk, RiskStatus, RiskSummary};
use crate::report::table::opening::nothing_scanned;
use crate::report::table::risks::{Need, few, is_of, needs, providers};
use crate::text::numbers::{count, grouped};

/// OWASP's page of a risk.
fn page(risk: Risk) -> &'static str {
    match risk {
        Risk::Nhi1 => "https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/",
        Risk::Nhi2 => "https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/",
        Risk::Nhi3 => "https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/",
        Risk::Nhi4 => "https://owasp.org/www-project-non-human-identities-top-10/2025/4-insecure-authentication/",
        Risk::Nhi5 => "https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/",
        Risk::Nhi6 => {
            "https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/"
        }
        Risk::Nhi7 => "https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/",
        Risk::Nhi8 => "https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/",
        Risk::Nhi9 => "https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/",
        Risk::Nhi10 => "https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/",
    }
}

/// The chart.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    let report = facts.report;
    html.within("section", &[("id", "risks"), ("aria-labelledby", "risks-h")], |html| {
        html.leaf("h2", &[("id", "risks-h")], "The ten risks");
        if report.risks.is_empty() || nothing_scanned(report) {
            html.leaf("p", &[("class", "empty")], "Nothing was read, so no risk could be assessed.");
            return;
        }
        html.within("table", &[("class", "risks")], |html| {
            html.within("caption", &[], |html| {
                html.text(
                    "OWASP Non-Human Identities Top 10, 2025. The bar is the burden: every affected identity adds to \
                     it, clean ones never take from it. Three identities that are as bad as can be make 50.",
                );
            });
            html.within("thead", &[], |html| {
                html.within("tr", &[], |html| {
                    for name in ["Risk", "Burden, 0 to 100", "Affected of assessable"] {
                        html.leaf("th", &[("scope", "col")], name);
                    }
                });
            });
            let near = near(facts);
            html.within("tbody", &[], |html| report.risks.iter().for_each(|risk| row(html, risk, near.as_ref())));
        });
        commands(html, &report.risks, near(facts).as_ref());
    });
}

/// Providers that something in the report has to do with; `None` when exports of all providers are told alike, because they are few
/// or because everything is asked for.
fn near<'a>(facts: &Facts<'a>) -> Option<BTreeSet<&'a str>> {
    let all = facts.all || few(facts.report);
    (!all).then(|| providers(facts.report, facts.credentials().map(|credential| credential.provider.as_str())))
}

fn is_near(need: &Need<'_>, near: Option<&BTreeSet<&str>>) -> bool {
    near.is_none_or(|near| need.command.is_none() || is_of(need.what, near))
}

/// The commands that make what is missing, each once.
fn commands(html: &mut Html, risks: &[RiskSummary], near: Option<&BTreeSet<&str>>) {
    let missing = || risks.iter().filter_map(|risk| needs(&risk.why)).flatten();
    let of = |wanted: bool| -> BTreeMap<&str, &str> {
        let these = missing().filter(|need| is_near(need, near) == wanted);
        these.filter_map(|need| Some((need.what, need.command?))).collect()
    };
    let (own, others) = (of(true), of(false));
    if own.is_empty() && others.is_empty() {
        return;
    }
    html.leaf("h3", &[], "To have more of them assessed");
    html.leaf(
        "p",
        &[("class", "dim")],
        "Exports to scan along with the code, and the read-only command that makes each.",
    );
    if !own.is_empty() {
        list(html, &own);
    }
    if !others.is_empty() {
        html.within("details", &[("class", "others")], |html| {
            let number = count(others.len() as u64, "kind of export", "kinds of exports");
            html.leaf("summary", &[], &format!("{number} of providers that nothing here names"));
            list(html, &others);
        });
    }
}

fn list(html: &mut Html, commands: &BTreeMap<&str, &str>) {
    html.within("dl", &[("class", "commands")], |html| {
        for (what, command) in commands {
            html.leaf("dt", &[], what);
            html.within("dd", &[], |html| html.leaf("code", &[("class", "command")], command));
        }
    });
}

fn row(html: &mut Html, risk: &RiskSummary, near: Option<&BTreeSet<&str>>) {
    let class = match risk.status {
        RiskStatus::NotAssessed => "unassessed",
        RiskStatus::Partly | RiskStatus::Assessed if risk.affected == 0 => "none",
        RiskStatus::Partly | RiskStatus::Assessed => "",
    };
    html.within("tr", &[("class", class)], |html| {
        html.within("th", &[("scope", "row")], |html| {
            html.leaf("span", &[("class", "nhi")], words::short_risk(risk.risk));
            html.text(" ");
            html.documentation(page(risk.risk), &risk.title);
        });
        html.within("td", &[("class", "burden")], |html| match (risk.status, risk.score) {
            (RiskStatus::NotAssessed, _) | (_, None) => {
                chart(html, None);
                html.leaf("b", &[], "not assessed");
            }
            (_, Some(score)) => {
                chart(html, Some(score));
                html.leaf("b", &[], &score.to_string());
            }
        });
        html.within("td", &[("class", "affected")], |html| affected(html, risk, near));
    });
}

/// The bar; hatched where there is no number, so that nothing looks like zero.
fn chart(html: &mut Html, score: Option<i32>) {
    let attributes = [("viewBox", "0 0 200 12"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    html.within("svg", &attributes, |html| {
        html.shape("rect", &[("class", "track"), ("width", "200"), ("height", "12")]);
        match score {
            Some(score) => {
                let width = (2 * score.clamp(0, 100)).to_string();
                html.shape("rect", &[("class", "fill"), ("width", &width), ("height", "12")]);
            }
            None => {
                let line: String = (0..21).map(|at| format!("M{} 12L{} 0", at * 10 - 6, at * 10 + 6)).collect();
                html.shape("path", &[("class", "hatch"), ("d", &line)]);
            }
        }
    });
}

fn affected(html: &mut Html, risk: &RiskSummary, near: Option<&BTreeSet<&str>>) {
    if risk.status != RiskStatus::NotAssessed {
        html.leaf("span", &[("class", "num")], &format!("{} of {}", grouped(risk.affected), grouped(risk.assessable)));
        if let Some(share) =
            risk.affected.saturating_mul(100).checked_div(risk.assessable).filter(|_| risk.affected > 0)
        {
            let share = if share == 0 { "under 1 %".to_owned() } else { format!("{share} %") };
            html.leaf("small", &[], &format!(" {share}"));
        }
    }
    if risk.why.trim().is_empty() {
        return;
    }
    let lead = if risk.status == RiskStatus::Partly { "in part only, " } else { "" };
    html.within("div", &[("class", "needs")], |html| match needs(&risk.why) {
        Some(missing) => {
            html.text(&format!("{lead}needs "));
            // The commands that make them stand below the table, each once.
            let (own, others): (Vec<&Need<'_>>, Vec<&Need<'_>>) = missing.iter().partition(|need| is_near(need, near));
            let mut names: Vec<String> = own.iter().map(|need| need.what.to_owned()).collect();
            if !others.is_empty() {
                names.push(count(others.len() as u64, "export of another provider", "exports of other providers"));
            }
            html.text(&names.join(", "));
        }
        None => html.text(&format!("{lead}{}", risk.why.trim())),
    });
}
