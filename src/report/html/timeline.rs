//! When each credential came into the history, and whether it still lies in the checkout.

use jiff::Timestamp;

use super::facts::Facts;
use super::words;
use super::writer::{Html, Place};
use crate::model::{Credential, Exposure};
use crate::report::table::findings::at_line;
use crate::text::numbers::{count, grouped};

/// Credentials in the drawing.
const DRAWN: usize = 24;
/// Rows of the table.
const ROWS: usize = 500;
/// The drawing: where time begins and ends, and the height of a line.
const LEFT: i64 = 330;
const RIGHT: i64 = 940;
const STEP: u32 = 26;
const TOP: u32 = 26;

/// A credential with its places in the history.
struct Line<'a> {
    credential: &'a Credential,
    /// In the order of time; never empty.
    places: Vec<(Timestamp, &'a Exposure)>,
}

impl Line<'_> {
    fn first(&self) -> Option<Timestamp> {
        self.places.first().map(|(time, _)| *time)
    }

    fn now(&self) -> bool {
        self.places.iter().any(|(_, exposure)| exposure.location.in_head)
    }
}

/// The drawing and the table under it.
pub(super) fn section(html: &mut Html, facts: &Facts<'_>) {
    let lines = lines(facts);
    html.within("section", &[("id", "timeline"), ("aria-labelledby", "timeline-h")], |html| {
        html.leaf("h2", &[("id", "timeline-h")], "Exposed since");
        if lines.is_empty() {
            let text = if facts.report.coverage.commits == 0 {
                "No history was read, so no exposure has a date. A scan of a repository without --no-history reads it."
            } else {
                "No credential was found in the history that was read."
            };
            html.leaf("p", &[("class", "empty")], text);
            return;
        }
        html.leaf(
            "p",
            &[("class", "dim")],
            "The first commit that holds a value is a lower bound of its age. A value that was taken out of the files is \
             in the history still: only revoking ends that.",
        );
        drawing(html, facts, &lines);
        table(html, facts, &lines);
    });
}

/// The most important first, by the finding about each.
fn lines<'a>(facts: &Facts<'a>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for credential in facts.credentials() {
        let dated = facts.open_exposures(credential).filter_map(|e| e.location.time.map(|time| (time, e)));
        let mut places: Vec<(Timestamp, &Exposure)> = dated.collect();
        places.sort_by_key(|(time, exposure)| (*time, &exposure.location));
        if !places.is_empty() {
            lines.push(Line { credential, places });
        }
    }
    let score = |line: &Line<'_>| facts.finding_about(&line.credential.id).map_or(0, |finding| finding.score);
    lines.sort_by_cached_key(|line| (std::cmp::Reverse(score(line)), line.first(), &line.credential.id));
    lines
}

/// How many credentials have a line, told or not.
fn number(facts: &Facts<'_>, lines: &[Line<'_>]) -> usize {
    facts.lists.totals.as_ref().map_or(lines.len(), |totals| totals.dated)
}

/// A line a credential, from its first commit to now when it lies in the checkout; else to the last commit that brought it
/// to a further place, and dashed from there, because a clone of then has it still.
fn drawing(html: &mut Html, facts: &Facts<'_>, lines: &[Line<'_>]) {
    let mut drawn: Vec<&Line<'_>> = lines.iter().take(DRAWN).collect();
    drawn.sort_by_key(|line| (line.first(), &line.credential.id));
    let end = facts.report.as_of.as_second();
    let begin =
        drawn.iter().filter_map(|line| line.first()).map(Timestamp::as_second).min().unwrap_or(end).min(end - 1);
    let at = |time: Timestamp| {
        let share = i128::from(RIGHT - LEFT) * i128::from(time.as_second() - begin) / i128::from(end - begin).max(1);
        (LEFT + i64::try_from(share).unwrap_or_default()).clamp(LEFT, RIGHT)
    };
    let height = (TOP + drawn.len() as u32 * STEP + 8).to_string();
    let view = format!("-1 0 962 {height}");
    let told = format!(
        "{} by the time of their first commit. The table below tells the same.",
        count(drawn.len() as u64, "credential", "credentials")
    );
    html.within("figure", &[("class", "time"), ("tabindex", "0"), ("aria-label", "Drawing of time")], |html| {
        let attributes =
            [("viewBox", &*view), ("width", "962"), ("height", &*height), ("role", "img"), ("aria-label", &*told)];
        html.within("svg", &attributes, |html| {
            axis(html, begin, end, &height, &at);
            for (row, line) in drawn.iter().enumerate() {
                one(html, line, TOP + row as u32 * STEP + 13, &at);
            }
        });
        let mut key = String::from("A thick line to the right: in the checkout now. Dotted: in the history only.");
        let all = number(facts, lines);
        if all > drawn.len() {
            key.push_str(&format!(" The {} most important of {}.", drawn.len(), grouped(all as u64)));
        }
        html.leaf("figcaption", &[], &key);
    });
}

/// Years, or of a short time its two ends.
fn axis(html: &mut Html, begin: i64, end: i64, height: &str, at: &dyn Fn(Timestamp) -> i64) {
    let year = |second: i64| {
        let time = Timestamp::from_second(second).unwrap_or_default().to_string();
        time.get(..4).and_then(|year| year.parse::<i64>().ok()).unwrap_or_default()
    };
    let (first, last) = (year(begin), year(end));
    let every = ((last - first) / 10 + 1).max(1);
    let mut ticks: Vec<(i64, String)> = ((first + 1)..=last)
        .filter(|year| (last - year) % every == 0)
        .filter_map(|year| Some((at(format!("{year:04}-01-01T00:00:00Z").parse().ok()?), year.to_string())))
        .collect();
    if ticks.len() < 2 {
        let day = |second| Timestamp::from_second(second).map(words::day).unwrap_or_default();
        ticks = vec![(LEFT, day(begin)), (RIGHT - 30, day(end))];
    }
    for (x, text) in ticks {
        html.shape("path", &[("class", "tick"), ("d", &format!("M{x} {TOP}V{height}"))]);
        html.leaf("text", &[("class", "year"), ("x", &x.to_string()), ("y", "16")], &text);
    }
}

fn one(html: &mut Html, line: &Line<'_>, y: u32, at: &dyn Fn(Timestamp) -> i64) {
    let Some(first) = line.first() else { return };
    let last = line.places.last().map_or(first, |(time, _)| *time);
    let (from, to) = (at(first), at(last));
    html.within("g", &[("class", if line.now() { "now" } else { "past" })], |html| {
        let preview = line.credential.preview.as_deref().unwrap_or_default();
        let full = format!("{} {preview} since {}", line.credential.kind, words::day(first));
        html.leaf("title", &[], &full);
        let text = words::shorten(&format!("{} {preview}", line.credential.kind), 42, false);
        html.leaf("text", &[("x", "0"), ("y", &(y + 4).to_string())], &text);
        if line.now() {
            html.shape("path", &[("class", "span"), ("d", &format!("M{from} {y}H{RIGHT}"))]);
        } else {
            html.shape("path", &[("class", "span"), ("d", &format!("M{from} {y}H{to}"))]);
            html.shape("path", &[("class", "after"), ("d", &format!("M{to} {y}H{RIGHT}"))]);
        }
        let mut xs: Vec<i64> = line.places.iter().map(|(time, _)| at(*time)).collect();
        xs.dedup();
        for x in xs {
            html.shape("circle", &[("cx", &x.to_string()), ("cy", &y.to_string()), ("r", "4")]);
        }
    });
}

fn table(html: &mut Html, facts: &Facts<'_>, lines: &[Line<'_>]) {
    let shown = lines.len().min(facts.cap(ROWS));
    html.within("table", &[("class", "plain")], |html| {
        html.leaf("caption", &[], "Credentials in the history, the most important first.");
        html.within("thead", &[], |html| {
            html.within("tr", &[], |html| {
                for name in ["Credential", "First commit", "Last commit that has it", "In the checkout", "First place"]
                {
                    html.leaf("th", &[("scope", "col")], name);
                }
            });
        });
        html.within("tbody", &[], |html| {
            lines.iter().take(shown).for_each(|line| html.within("tr", &[], |html| row(html, facts, line)));
        });
    });
    words::more(html, "p", number(facts, lines).saturating_sub(shown));
}

fn commit(id: Option<&String>) -> String {
    id.map(|id| id.chars().take(12).collect()).unwrap_or_default()
}

fn row(html: &mut Html, facts: &Facts<'_>, line: &Line<'_>) {
    html.within("th", &[("scope", "row")], |html| {
        match facts.finding_about(&line.credential.id) {
            Some(finding) => {
                html.jump(Place::Finding(facts.finding_number(finding)), "", &line.credential.kind);
            }
            None => html.text(&line.credential.kind),
        }
        html.leaf("small", &[], line.credential.preview.as_deref().unwrap_or_default());
    });
    let Some((time, exposure)) = line.places.first() else { return };
    html.within("td", &[], |html| {
        html.text(&words::day(*time));
        html.leaf("small", &[], &commit(exposure.location.commit.as_ref()));
    });
    let last = line.places.iter().rev().find_map(|(_, exposure)| exposure.location.last_commit.as_ref());
    html.within("td", &[], |html| {
        html.leaf("code", &[], if last.is_some() { "" } else { words::UNSEEN });
        html.leaf("code", &[], &commit(last));
        let refs = &exposure.location.refs;
        if !refs.is_empty() {
            html.leaf("small", &[], &refs.join(", "));
        }
    });
    let now = line.places.iter().filter(|(_, exposure)| exposure.location.in_head).count();
    let text = format!("{} of {}", grouped(now as u64), grouped(line.places.len() as u64));
    let word = if now == 0 {
        "no"
    } else if now == line.places.len() {
        "yes"
    } else {
        &text
    };
    html.leaf("td", &[], word);
    html.within("td", &[], |html| html.leaf("code", &[], &at_line(&exposure.location)));
}
