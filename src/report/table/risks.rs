//! The ten risks: those assessed with both their numbers, the others with what it would take.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::opening::nothing_scanned;
use super::page::{Column, Ink, Page};
use crate::model::{Report, RiskStatus, RiskSummary, Text};
use crate::report::Style;
use crate::text::numbers::{count, grouped};

/// Columns of the risks' ids.
const LABEL: usize = 7;

/// So many exports are named whosever they are.
const FEW: usize = 8;

/// The ten risks; after a run that read nothing there is nothing to say of them.
pub(super) fn risks(page: &mut Page, report: &Report, listing: &Listing<'_>, style: &Style) {
    if report.risks.is_empty() || nothing_scanned(report) {
        return;
    }
    page.heading("The ten risks (OWASP Non-Human Identities Top 10, 2025)");
    let assessed: Vec<&RiskSummary> =
        report.risks.iter().filter(|risk| risk.status != RiskStatus::NotAssessed).collect();
    if !assessed.is_empty() {
        table(page, &assessed);
    }
    let of = |status| report.risks.iter().filter(move |risk| risk.status == status);
    let (missing, other): (Vec<&RiskSummary>, Vec<&RiskSummary>) =
        of(RiskStatus::NotAssessed).partition(|risk| needs(&risk.why).is_some());
    let partly: Vec<&RiskSummary> = of(RiskStatus::Partly).filter(|risk| !risk.why.trim().is_empty()).collect();
    let all = style.verbose || few(report);
    let providers = || providers(report, listing.providers.iter().map(Text::as_str));
    let mut inputs = Inputs { near: (!all).then(providers), ..Inputs::default() };
    let lists = [
        ("Assessed in part, inputs missing:", &partly),
        ("Not assessed, inputs missing:", &missing),
        ("Not assessed:", &other),
    ];
    for (title, risks) in lists {
        list(page, title, risks, &mut inputs);
    }
    if !inputs.commands.is_empty() {
        page.blank();
        page.flow(0, &[(Ink::Bold, "Exports to scan along with the code, and the read-only command that makes each:")]);
    }
    for (what, command) in &inputs.commands {
        page.flow(2, &[(Ink::Plain, &format!("{what}:")), (Ink::Bold, command)]);
    }
    if !inputs.others.is_empty() {
        let more = count(inputs.others.len() as u64, "kind of export", "kinds of exports");
        let text = format!("{more} of other providers: keyroll formats list, or -v.");
        page.flow(if inputs.commands.is_empty() { 0 } else { 2 }, &[(Ink::Plain, &text)]);
    }
}

/// Inputs that risks lack, gathered over all of them.
#[derive(Default)]
struct Inputs<'a> {
    /// Providers whose exports are named; all when `None`.
    near: Option<BTreeSet<&'a str>>,
    /// Exports that are named, with the command that makes each.
    commands: BTreeMap<&'a str, &'a str>,
    /// Exports that are only counted.
    others: BTreeSet<&'a str>,
}

impl<'a> Inputs<'a> {
    /// Takes up what one risk lacks, and says it: an export of a provider that nothing in the report has to do with is one of
    /// many, and counted.
    fn take(&mut self, needs: &[Need<'a>]) -> String {
        let near =
            |need: &Need<'a>| self.near.as_ref().is_none_or(|near| need.command.is_none() || is_of(need.what, near));
        let (named, others): (Vec<&Need<'a>>, Vec<&Need<'a>>) = needs.iter().partition(|need| near(need));
        self.commands.extend(named.iter().filter_map(|need| Some((need.what, need.command?))));
        self.others.extend(others.iter().map(|need| need.what));
        let mut all: Vec<String> = named.iter().map(|need| need.what.to_owned()).collect();
        if !others.is_empty() {
            let kinds = count(others.len() as u64, "kind of export", "kinds of exports");
            all.push(if named.is_empty() { kinds } else { format!("{} more", others.len()) });
        }
        all.join(", ")
    }
}

/// Whether so few exports are missing that all can be named.
pub(in crate::report) fn few(report: &Report) -> bool {
    let exports = report.risks.iter().filter_map(|risk| needs(&risk.why)).flatten();
    let exports: BTreeSet<&str> = exports.filter(|need| need.command.is_some()).map(|need| need.what).collect();
    exports.len() <= FEW
}

/// Providers that something in the report has to do with; those of credentials are given.
pub(in crate::report) fn providers<'a>(
    report: &'a Report,
    credentials: impl Iterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let identities = report.inventory.identities.iter().filter(|i| !i.sample).map(|i| i.provider.as_str());
    let usages = report.inventory.usages.iter().map(|u| u.provider.as_str());
    identities.chain(usages).chain(credentials).filter(|provider| !provider.is_empty()).collect()
}

/// Whether an export is of one of these providers. Most are named for theirs.
pub(in crate::report) fn is_of(export: &str, providers: &BTreeSet<&str>) -> bool {
    let own: &[&str] = match export.split('-').next().unwrap_or_default() {
        "entra" | "azure" => &["azure", "entra"],
        "gcp" => &["gcp", "google"],
        "deploy" => &["github", "gitlab"],
        "postgresql" => &["postgres", "postgresql", "database"],
        _ => &[],
    };
    let name = export.split('-').next().unwrap_or_default();
    providers.contains(name) || own.iter().any(|name| providers.contains(name))
}

fn table(page: &mut Page, risks: &[&RiskSummary]) {
    let rows: Vec<Vec<String>> = risks
        .iter()
        .map(|risk| {
            let score = risk.score.map_or_else(|| "–".to_owned(), |score| score.to_string());
            let part = if risk.status == RiskStatus::Partly { ", in part" } else { "" };
            let affected = format!("{} of {}{part}", grouped(risk.affected), grouped(risk.assessable));
            vec![id(risk).to_owned(), risk.title.clone(), score, affected]
        })
        .collect();
    let narrow = page.width() < 72;
    let columns = [
        Column::text("Risk", 5, 5),
        Column::text("Title", if narrow { 14 } else { 24 }, 60),
        Column::number("Score"),
        Column::text(if narrow { "Affected" } else { "Affected of assessable" }, 10, 60),
    ];
    page.table(&columns, &rows);
}

fn list<'a>(page: &mut Page, title: &str, risks: &[&'a RiskSummary], inputs: &mut Inputs<'a>) {
    if risks.is_empty() {
        return;
    }
    page.blank();
    page.flow(0, &[(Ink::Bold, title)]);
    for risk in risks {
        let what = match needs(&risk.why) {
            Some(needs) => inputs.take(&needs),
            None => risk.why.trim().to_owned(),
        };
        let title = if what.is_empty() { risk.title.clone() } else { format!("{}:", risk.title) };
        page.field(2, (Ink::Plain, id(risk)), LABEL, &[(Ink::Plain, &title), (Ink::Plain, &what)]);
    }
}

fn id(risk: &RiskSummary) -> &'static str {
    risk.risk.id().split(':').next().unwrap_or_default()
}

/// An input that a risk's assessment lacks.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::report) struct Need<'a> {
    /// Its name.
    pub(in crate::report) what: &'a str,
    /// The read-only command that makes it, when there is one.
    pub(in crate::report) command: Option<&'a str>,
}

/// The inputs that a `why` of the form ``needs A, B (`command`)`` names; `None` for one of another form.
pub(in crate::report) fn needs(why: &str) -> Option<Vec<Need<'_>>> {
    let mut rest = why.trim().strip_prefix("needs ")?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (item, after) = rest.split_once(", ").unwrap_or((rest, ""));
        match item.split_once(" (`") {
            Some((what, _)) => {
                // A command may hold commas itself, so it ends where its backtick does.
                let (command, after) = rest.get(what.len() + " (`".len()..)?.split_once("`)")?;
                out.push(Need { what, command: Some(command) });
                rest = if after.is_empty() { after } else { after.strip_prefix(", ")? };
            }
            None => {
                out.push(Need { what: item, command: None });
                rest = after;
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn exports_of_providers_that_nothing_has_to_do_with_are_counted_and_other_inputs_named() {
        let needs = needs("needs aws-secrets (`a`), git-history (x), gcp-assets (`g`), deploy-keys (`d`)").unwrap();
        let mut near = Inputs { near: Some(["google", "aws"].into()), ..Inputs::default() };
        assert_eq!(near.take(&needs), "aws-secrets, git-history (x), gcp-assets, 1 more");
        assert_eq!(near.commands.keys().copied().collect::<Vec<_>>(), ["aws-secrets", "gcp-assets"]);
        let mut none = Inputs { near: Some(BTreeSet::new()), ..Inputs::default() };
        assert_eq!(none.take(&needs[..1]), "1 kind of export");
        assert_eq!(none.others.len(), 1);
        assert_eq!(Inputs::default().take(&needs), "aws-secrets, git-history (x), gcp-assets, deploy-keys");
    }

    #[test]
    fn inputs_are_told_apart_from_the_commands_that_make_them() {
        let need = |what, command| Need { what, command };
        assert_eq!(
            needs("needs pipelines, keys (`list --a, --b`), report (`get`)"),
            Some(vec![need("pipelines", None), need("keys", Some("list --a, --b")), need("report", Some("get"))])
        );
        assert_eq!(needs("needs a list: --members FILE"), Some(vec![need("a list: --members FILE", None)]));
        assert_eq!(needs("there is no check yet"), None);
        assert_eq!(needs("needs keys (`no end"), None, "shown as it stands");
        assert_eq!(needs("needs keys (`list`) and more"), None, "shown as it stands");
    }
}
