//! The evidence of an identity as a drawing: where a value stands or who may ask, through which credential or trust, as whom,
//! to do what. Four columns from left to right; the same in sentences for who does not see it.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::words;
use super::writer::Html;
use crate::model::Identity;
use crate::report::table::findings::at_line;
use crate::report::table::summary::privilege;
use crate::text::numbers::{count, grouped};

/// Boxes of one column; of more, the last one counts the rest.
const ROWS: usize = 5;
/// Left edges and width of the columns, in units of the drawing.
const LEFT: [u32; 4] = [0, 252, 504, 756];
const WIDTH: u32 = 204;
/// Height of a box and the distance from one to the next.
const HEIGHT: u32 = 38;
const STEP: u32 = 48;
/// Room of a line in a box, in columns of characters.
const ROOM: usize = 26;
/// Room of the smaller line under it.
const ROOM_BELOW: usize = 29;

/// One box.
struct Box_ {
    head: String,
    below: String,
    class: &'static str,
    full: Option<String>,
}

/// The boxes of the two left columns and which leads to which.
#[derive(Default)]
struct Left {
    sources: Vec<Box_>,
    means: Vec<Box_>,
    edges: Vec<(usize, usize)>,
    sentences: Vec<String>,
}

impl Box_ {
    fn new(class: &'static str, head: &str, below: &str, keep_end: bool) -> Self {
        let (first, second) = (words::shorten(head, ROOM, keep_end), words::shorten(below, ROOM_BELOW, false));
        let cut = first.contains('…') || second.contains('…');
        Self { head: first, below: second, class, full: cut.then(|| format!("{head}, {below}")) }
    }
}

/// The drawing, for an identity that something leads to.
pub(super) fn figure(html: &mut Html, facts: &Facts<'_>, identity: &Identity) {
    let left = left(facts, identity);
    if left.means.is_empty() {
        return;
    }
    let rights = rights(facts, identity);
    let name = words::name(identity);
    let me = Box_::new("me", name, &format!("{} {}", identity.provider, identity.kind.as_str()), false);
    let rows = left.sources.len().max(left.means.len()).max(rights.len()).max(1) as u32;
    let height = rows * STEP - (STEP - HEIGHT) + 2;
    // Without a source there is no first column.
    let first = if left.sources.is_empty() { LEFT[1] } else { LEFT[0] };
    let width = (LEFT[3] + WIDTH + 2 - first).to_string();
    let (view, height) = (format!("{} -1 {width} {height}", i64::from(first) - 1), height.to_string());
    let told = sentences(facts, identity, &left.sentences);
    html.within("figure", &[("class", "chain"), ("tabindex", "0"), ("aria-label", "Chain of evidence")], |html| {
        let attributes =
            [("viewBox", &*view), ("width", &*width), ("height", &*height), ("role", "img"), ("aria-label", &*told)];
        html.within("svg", &attributes, |html| {
            let middle = |at: usize, of: usize| {
                let free = rows.saturating_sub(of as u32) * STEP / 2;
                free + at as u32 * STEP
            };
            let (sources, means) = (left.sources.len(), left.means.len());
            let mut lines = String::new();
            for (from, to) in &left.edges {
                edge(&mut lines, 0, middle(*from, sources), middle(*to, means));
            }
            (0..means).for_each(|at| edge(&mut lines, 1, middle(at, means), middle(0, 1)));
            (0..rights.len()).for_each(|at| edge(&mut lines, 2, middle(0, 1), middle(at, rights.len())));
            html.shape("path", &[("d", &lines)]);
            for (column, boxes) in [&left.sources, &left.means, &vec![me], &rights].into_iter().enumerate() {
                let x = LEFT.get(column).copied().unwrap_or_default();
                for (at, box_) in boxes.iter().enumerate() {
                    draw(html, box_, x, middle(at, boxes.len()));
                }
            }
        });
    });
}

fn draw(html: &mut Html, box_: &Box_, x: u32, y: u32) {
    let (left, top) = (x.to_string(), y.to_string());
    html.shape("rect", &[("class", box_.class), ("x", &left), ("y", &top)]);
    let left = (x + 9).to_string();
    let first = if box_.below.is_empty() { y + 23 } else { y + 16 };
    let class = if box_.class == "me" { "in" } else { "" };
    let (at, inverse) = ([("x", &*left), ("y", &*first.to_string())], [("class", class)]);
    let attributes = [&at[..], if class.is_empty() { &[] } else { &inverse[..] }].concat();
    html.within("text", &attributes, |html| {
        html.text(&box_.head);
        if !box_.below.is_empty() {
            html.leaf("tspan", &[("x", &left), ("dy", "14")], &box_.below);
        }
        if let Some(full) = &box_.full {
            // Shows the whole of what the box had no room for.
            html.leaf("title", &[], full);
        }
    });
}

fn edge(lines: &mut String, column: usize, from: u32, to: u32) {
    let x = LEFT.get(column).copied().unwrap_or_default() + WIDTH;
    let end = LEFT.get(column + 1).copied().unwrap_or_default();
    let (from, to, half) = (from + HEIGHT / 2, to + HEIGHT / 2, u32::midpoint(x, end));
    lines.push_str(&if from == to {
        format!("M{x} {from}H{end}")
    } else {
        format!("M{x} {from}C{half} {from} {half} {to} {end} {to}")
    });
}

/// Credentials with the places where they stand, then trusts with who may ask.
fn left(facts: &Facts<'_>, me: &Identity) -> Left {
    let mut left = Left::default();
    let mut order: Vec<_> = facts.owned_by(me).iter().map(|c| (facts.open_exposures(c).count(), *c)).collect();
    order.sort_by_key(|(open, credential)| (std::cmp::Reverse(*open), &credential.id));
    let trusts = facts.trusts_of(me);
    let room = if trusts.is_empty() { ROWS } else { ROWS - 2 };
    let left_out = order.len().saturating_sub(room);
    for (open, credential) in order.into_iter().take(room) {
        let mut said = vec![words::status(credential.status)];
        if credential.status == crate::model::Status::Unknown {
            said = vec![words::validity(credential.validity)];
        }
        said.extend(credential.public.then_some("public"));
        said.extend(credential.encrypted.then_some("encrypted"));
        let means = left.means.len();
        left.means.push(Box_::new("cred", &credential.kind, &said.join(", "), false));
        let mut files: BTreeMap<String, (usize, bool)> = BTreeMap::new();
        for exposure in facts.open_exposures(credential) {
            let entry = files.entry(exposure.location.file()).or_insert((0, false));
            *entry = (entry.0 + 1, entry.1 || exposure.location.in_head);
        }
        let severity = words::worst(facts.open_exposures(credential).map(|e| e.base_severity));
        let shown = ROWS.saturating_sub(left.sources.len() + 1).min(2);
        for (file, (times, now)) in files.iter().take(shown) {
            let first = facts.open_exposures(credential).find(|e| e.location.file() == *file);
            let at = first.map(|e| at_line(&e.location)).unwrap_or_default();
            let at = if *times > 1 { file.clone() } else { at };
            let mut below = if *now { "in the checkout".to_owned() } else { "in history only".to_owned() };
            if *times > 1 {
                below.push_str(&format!(", {} times", grouped(*times as u64)));
            }
            left.edges.push((left.sources.len(), means));
            left.sources.push(Box_::new("src", &at, &below, true));
        }
        let rest = files.len().saturating_sub(shown) as u64;
        if rest > 0 && left.sources.len() < ROWS {
            left.edges.push((left.sources.len(), means));
            let text = if shown == 0 { count(rest, "file", "files") } else { count(rest, "more file", "more files") };
            left.sources.push(Box_::new("src", &text, "", false));
        }
        let status = said.join(", ");
        left.sentences.push(if open > 0 {
            let files = count(files.len() as u64, "file", "files");
            format!("{} ({status}) stands in {files}, severity {}", credential.kind, severity.as_str())
        } else {
            format!("{} ({status}) is known and was not seen in the clear", credential.kind)
        });
    }
    if left_out > 0 {
        let text = count(left_out as u64, "more credential", "more credentials");
        left.sentences.push(text.clone());
        left.means.push(Box_::new("cred", &text, "", false));
    }
    let room = ROWS.saturating_sub(left.means.len()).max(1);
    for trust in trusts.iter().take(room) {
        let subject = trust.subject.as_deref().unwrap_or("any subject");
        left.sentences.push(format!("{} may become it as {subject}", trust.issuer));
        if left.sources.len() <= ROWS {
            left.edges.push((left.sources.len(), left.means.len()));
            left.sources.push(Box_::new("src", subject, "may ask for it", false));
        }
        left.means.push(Box_::new("trust", &trust.issuer, "trusted issuer", false));
    }
    let rest = trusts.len().saturating_sub(room) as u64;
    if rest > 0 {
        let text = count(rest, "more trust", "more trusts");
        left.sentences.push(text.clone());
        left.means.push(Box_::new("trust", &text, "", false));
    }
    left
}

/// The highest rights, or that none were seen.
fn rights(facts: &Facts<'_>, me: &Identity) -> Vec<Box_> {
    let mut grants: Vec<_> = facts.grants_of(me).to_vec();
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.privilege));
    let mut out: Vec<Box_> = grants
        .iter()
        .take(ROWS - 1)
        .map(|grant| {
            let below = format!("{} on {}", privilege(grant.privilege), grant.resource);
            Box_::new("right", &grant.action, &below, false)
        })
        .collect();
    let rest = grants.len().saturating_sub(ROWS - 1) as u64;
    if rest > 0 {
        out.push(Box_::new("right", &count(rest, "more right", "more rights"), "", false));
    }
    if out.is_empty() {
        out.push(Box_::new("right unseen", &format!("rights {}", privilege(me.privilege)), "", false));
    }
    out
}

fn sentences(facts: &Facts<'_>, me: &Identity, left: &[String]) -> String {
    let grants = facts.grants_of(me);
    let highest = grants.iter().max_by_key(|grant| grant.privilege);
    let rights = highest.map_or_else(
        || format!("its rights: {}", privilege(me.privilege)),
        |grant| {
            let number = count(grants.len() as u64, "right", "rights");
            format!("it holds {number}, the highest {} on {}", grant.action, grant.resource)
        },
    );
    format!("{}. Through them as {}; {rights}.", left.join("; "), words::name(me))
}
