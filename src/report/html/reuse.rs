//! One credential in several places: which value ties which parts of the tree together, drawn and told.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::lists::REUSED;
use super::words;
use super::writer::{Html, Place};
use crate::model::{Credential, IdentityKey};
use crate::text::numbers::grouped;
use crate::text::paths::component;

/// Credentials and components in the drawing.
const DRAWN: usize = 12;
/// Components named in a row.
const NAMED: usize = 6;
/// Height of a line of the drawing.
const STEP: u32 = 40;
const ROOM: usize = 44;

/// A credential that stands in more than one file.
struct Reused<'a> {
    credential: &'a Credential,
    files: usize,
    /// Places by component; what lies in none stands under the empty name.
    components: BTreeMap<String, usize>,
}

/// The drawing and the table under it, which tells the same and more.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    let reused = reused(facts);
    html.within("section", &[("id", "reuse"), ("aria-labelledby", "reuse-h")], |html| {
        html.leaf("h2", &[("id", "reuse-h")], "One credential in several places");
        if reused.is_empty() {
            let text = "No credential stands in more than one file. Whether one value serves several repositories shows \
                        when their reports are merged: keyroll report A.json B.json -f html.";
            html.leaf("p", &[("class", "empty")], text);
            return;
        }
        drawing(html, &reused);
        table(html, facts, &reused);
    });
}

/// Those in most components first.
fn reused<'a>(facts: &Facts<'a>) -> Vec<Reused<'a>> {
    let mut out = Vec::new();
    for credential in facts.credentials() {
        let mut files: BTreeSet<String> = BTreeSet::new();
        let mut components: BTreeMap<String, usize> = BTreeMap::new();
        for exposure in facts.open_exposures(credential) {
            files.insert(exposure.location.file());
            *components.entry(component(&exposure.location.path).unwrap_or_default()).or_default() += 1;
        }
        // A value that no fingerprint tells from others is never the same value twice.
        if files.len() > 1 && credential.fingerprint.is_some() {
            out.push(Reused { credential, files: files.len(), components });
        }
    }
    out.sort_by_key(|r| (std::cmp::Reverse((r.components.len(), r.files)), &r.credential.id));
    out
}

fn shown(component: &str) -> &str {
    if component.is_empty() { "top level" } else { component }
}

fn label(credential: &Credential) -> String {
    let preview = credential.preview.as_deref().map(|preview| format!(" {preview}")).unwrap_or_default();
    format!("{}{preview}", credential.kind)
}

/// Credentials on the left, components on the right, a line for each pair, as thick as the places are many.
fn drawing(html: &mut Html, reused: &[Reused<'_>]) {
    let left: Vec<&Reused<'_>> = reused.iter().filter(|r| r.components.len() > 1).take(DRAWN).collect();
    if left.is_empty() {
        return;
    }
    // A component stands at the height of what it is tied to, so that few lines cross.
    let mut heights: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, one) in left.iter().enumerate() {
        for name in one.components.keys() {
            let height = heights.entry(name).or_default();
            *height = (height.0 + at, height.1 + 1);
        }
    }
    let mut right: Vec<(&str, (usize, usize))> = heights.into_iter().collect();
    // Those with most ties are drawn; the others are counted.
    right.sort_by_key(|(name, (_, ties))| (std::cmp::Reverse(*ties), *name));
    let left_out = right.len().saturating_sub(DRAWN);
    right.truncate(DRAWN);
    right.sort_by_key(|(name, (sum, ties))| (sum * 1000 / ties.max(&1), *name));
    let rows = left.len().max(right.len() + usize::from(left_out > 0)) as u32;
    let (view, height) = (format!("-1 0 962 {}", rows * STEP), (rows * STEP).to_string());
    let start = |of: usize| (rows - (of as u32).min(rows)) * STEP / 2;
    let (top_left, top_right) = (start(left.len()), start(right.len() + usize::from(left_out > 0)));
    let told = format!(
        "{} credentials on the left, each joined to the parts of the tree on the right in whose files it stands. The \
         table below tells the same.",
        left.len()
    );
    html.within("figure", &[("class", "reuse"), ("tabindex", "0"), ("aria-label", "Drawing of reuse")], |html| {
        let attributes =
            [("viewBox", &*view), ("width", "962"), ("height", &*height), ("role", "img"), ("aria-label", &*told)];
        html.within("svg", &attributes, |html| {
            for (at, one) in left.iter().enumerate() {
                for (to, (name, _)) in right.iter().enumerate() {
                    let Some(places) = one.components.get(*name) else { continue };
                    let (from, to) = (top_left + at as u32 * STEP + 18, top_right + to as u32 * STEP + 18);
                    let line = format!("M340 {from}C480 {from} 480 {to} 620 {to}");
                    let width = (1 + places.ilog2()).min(6).to_string();
                    html.shape("path", &[("d", &line), ("stroke-width", &width)]);
                }
            }
            for (at, one) in left.iter().enumerate() {
                node(html, "cred", 0, top_left + at as u32 * STEP, &label(one.credential));
            }
            for (at, (name, _)) in right.iter().enumerate() {
                node(html, "part", 620, top_right + at as u32 * STEP, shown(name));
            }
            if left_out > 0 {
                let y = top_right + right.len() as u32 * STEP;
                node(html, "part unseen", 620, y, &format!("and {} more", grouped(left_out as u64)));
            }
        });
    });
}

fn node(html: &mut Html, class: &str, x: u32, y: u32, text: &str) {
    html.within("g", &[("class", class)], |html| {
        html.leaf("title", &[], text);
        let (left, top) = (x.to_string(), (y + 4).to_string());
        html.shape("rect", &[("x", &left), ("y", &top), ("width", "340"), ("height", "28"), ("rx", "4")]);
        let (left, top) = ((x + 10).to_string(), (y + 22).to_string());
        html.leaf("text", &[("x", &left), ("y", &top)], &words::shorten(text, ROOM, false));
    });
}

fn table(html: &mut Html, facts: &Facts<'_>, reused: &[Reused<'_>]) {
    let shown = reused.len().min(facts.cap(REUSED));
    html.within("table", &[("class", "plain")], |html| {
        html.leaf(
            "caption",
            &[],
            "Credentials that stand in more than one file, those in most parts of the tree first.",
        );
        html.within("thead", &[], |html| {
            html.within("tr", &[], |html| {
                for name in ["Credential", "Whose", "Parts of the tree", "Files"] {
                    html.leaf("th", &[("scope", "col")], name);
                }
            });
        });
        html.within("tbody", &[], |html| {
            reused.iter().take(shown).for_each(|one| html.within("tr", &[], |html| row(html, facts, one)));
        });
    });
    let all = facts.lists.totals.as_ref().map_or(reused.len(), |totals| totals.reused);
    words::more(html, "p", all.saturating_sub(shown));
}

fn row(html: &mut Html, facts: &Facts<'_>, one: &Reused<'_>) {
    html.within("th", &[("scope", "row")], |html| {
        match facts.finding_about(&one.credential.id) {
            Some(finding) => html.jump(Place::Finding(facts.finding_number(finding)), "", &label(one.credential)),
            None => html.text(&label(one.credential)),
        }
        html.leaf("small", &[], &one.credential.provider);
    });
    html.within("td", &[], |html| match one.credential.identity.as_ref().map(IdentityKey::as_str) {
        Some(key) => words::identity(html, facts, key),
        None => html.text("not known"),
    });
    html.within("td", &[], |html| {
        let names: Vec<&str> = one.components.keys().take(NAMED).map(|name| self::shown(name)).collect();
        html.text(&names.join(", "));
        let rest = one.components.len().saturating_sub(NAMED);
        if rest > 0 {
            html.text(&format!(" and {} more", grouped(rest as u64)));
        }
    });
    html.leaf("td", &[("class", "num")], &grouped(one.files as u64));
}
