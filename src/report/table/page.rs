//! A page of text for a terminal: wrapping, colours, and the one gate through which text reaches the screen.

use anstyle::{AnsiColor, Style as Paint};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::Severity;
use crate::report::Style;
use crate::text::escape;

/// Narrowest page; below it words are cut more than they help.
const NARROWEST: usize = 20;
/// Widest page; longer lines are hard to read.
const WIDEST: usize = 160;

/// Columns before text that is not the page's own words.
const INDENT: usize = 2;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Path,
    Alarm,
    Severity(Severity),
}

impl Ink {
    fn paint(self) -> Paint {
        match self {
            Self::Plain => Paint::new(),
            Self::Bold => Paint::new().bold(),
            Self::Dim => Paint::new().dimmed(),
            Self::Path => AnsiColor::Cyan.on_default(),
            Self::Alarm | Self::Severity(Severity::Critical) => AnsiColor::Red.on_default().bold(),
            Self::Severity(Severity::High) => AnsiColor::Red.on_default(),
            Self::Severity(Severity::Medium) => AnsiColor::Yellow.on_default(),
            Self::Severity(_) => AnsiColor::Blue.on_default(),
        }
    }
}

/// The page. Whatever is written to it is escaped and fitted to its width.
pub(super) struct Page {
    width: usize,
    color: bool,
    text: String,
}

impl Page {
    pub(super) fn new(style: &Style) -> Self {
        Self { width: style.width.clamp(NARROWEST, WIDEST), color: style.color, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A section's title after a blank line.
    pub(super) fn heading(&mut self, title: &str) {
        self.blank();
        self.flow(0, &[(Ink::Bold, title)]);
    }

    /// Columns of the page.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Runs of text joined by spaces that begin at the edge. What wraps is indented, so that no name, however it is made,
    /// comes to stand where the page's own lines begin.
    pub(super) fn lead(&mut self, runs: &[(Ink, &str)]) {
        let lead = Lead { indent: 0, ink: Ink::Dim, label: String::new(), start: 0, hang: INDENT };
        self.wrap(&lead, runs);
    }

    /// Runs of text joined by spaces, wrapped with every line indented.
    pub(super) fn flow(&mut self, indent: usize, runs: &[(Ink, &str)]) {
        self.field(indent, (Ink::Dim, ""), 0, runs);
    }

    /// A label in a column of `column` characters and text beside it, wrapped beneath itself.
    pub(super) fn field(&mut self, indent: usize, label: (Ink, &str), column: usize, runs: &[(Ink, &str)]) {
        // On a narrow page the indent gives way before the text does.
        let indent = indent.min(self.width / 8);
        let hang = (indent + column).min(self.width / 2);
        let lead = Lead {
            indent,
            ink: label.0,
            label: cut(&escape::terminal(label.1), hang.saturating_sub(indent + 1)),
            start: hang,
            hang,
        };
        self.wrap(&lead, runs);
    }

    fn wrap(&mut self, lead: &Lead, runs: &[(Ink, &str)]) {
        let room = self.width - lead.hang;
        let mut line = Line::new();
        let mut first = true;
        for (ink, text) in runs {
            let text = escape::terminal(text);
            for word in text.split(' ').filter(|word| !word.is_empty()) {
                let mut rest = word;
                while line.width + usize::from(line.width > 0) + rest.width() > room {
                    if line.width == 0 {
                        let (head, tail) = split_path(rest, room);
                        line.push(*ink, head);
                        rest = tail;
                    }
                    self.put(lead, std::mem::replace(&mut line, Line::new()), &mut first);
                }
                line.push(*ink, rest);
            }
        }
        if line.width > 0 || first {
            self.put(lead, line, &mut first);
        }
    }

    /// Writes one line; the first of a paragraph bears the label.
    fn put(&mut self, lead: &Lead, line: Line, first: &mut bool) {
        let mut filled = 0;
        let first = std::mem::take(first);
        let column = if first { lead.start } else { lead.hang };
        if first && !lead.label.is_empty() {
            self.text.push_str(&" ".repeat(lead.indent));
            self.ink(lead.ink, &lead.label);
            filled = lead.indent + lead.label.width();
        }
        if line.width > 0 {
            self.text.push_str(&" ".repeat(column.saturating_sub(filled)));
        }
        for (at, (ink, words)) in line.spans.iter().enumerate() {
            if at > 0 {
                self.text.push(' ');
            }
            self.ink(*ink, words);
        }
        self.blank();
    }

    fn ink(&mut self, ink: Ink, text: &str) {
        let paint = ink.paint();
        if self.color && paint != Paint::new() {
            self.text.push_str(&format!("{}{text}{}", paint.render(), paint.render_reset()));
        } else {
            self.text.push_str(text);
        }
    }

    /// Rows in columns, indented like every text that is not the page's own.
    pub(super) fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        let room = self.width - INDENT;
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                row.iter().zip(columns).map(|(c, column)| shortened(&escape::terminal(c), column.most)).collect()
            })
            .collect();
        let widths = widths(columns, &cells, room);
        let mut table = Table::new();
        table.load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
        table.set_header(columns.iter().map(|column| column.title).collect::<Vec<_>>());
        for row in cells {
            table.add_row(row.iter().zip(&widths).map(|(cell, width)| wrapped(cell, *width)).collect::<Vec<_>>());
        }
        for (at, (column, width)) in columns.iter().zip(&widths).enumerate() {
            // The table puts a space of its own between columns.
            let gap = u16::from(at + 1 < columns.len());
            if let Some(shown) = table.column_mut(at) {
                shown.set_padding((0, gap));
                let width = u16::try_from(*width).unwrap_or(u16::MAX).saturating_add(gap);
                shown.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
                if column.right {
                    shown.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        let lines: Vec<String> = table.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let line = cut(line.trim_end(), room);
            self.text.push_str(&" ".repeat(INDENT));
            self.ink(if at == 0 { Ink::Bold } else { Ink::Plain }, &line);
            self.blank();
        }
    }
}

/// A column of a table.
pub(super) struct Column {
    pub title: &'static str,
    /// Columns it is at least wide, so that its usual words stay whole.
    pub least: usize,
    /// Longest cell; longer ones are cut.
    pub most: usize,
    /// Aligned to the right, for numbers.
    pub right: bool,
}

impl Column {
    pub(super) fn text(title: &'static str, least: usize, most: usize) -> Self {
        Self { title, least, most, right: false }
    }

    pub(super) fn number(title: &'static str) -> Self {
        Self { title, least: 0, most: 20, right: true }
    }
}

/// The width of each column: as wide as its title and its usual words, and from the first on as wide as its longest cell while there
/// is room. What comes first names things; the others are words that break well.
fn widths(columns: &[Column], rows: &[Vec<String>], room: usize) -> Vec<usize> {
    let gaps = 2 * columns.len().saturating_sub(1);
    let least: Vec<usize> = columns.iter().map(|column| column.title.width().max(column.least)).collect();
    let mut left = room.saturating_sub(gaps).saturating_sub(least.iter().sum());
    let mut out = Vec::with_capacity(columns.len());
    for (at, least) in least.into_iter().enumerate() {
        let natural = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or_default();
        let more = natural.saturating_sub(least).min(left);
        left -= more;
        out.push(least + more);
    }
    out
}

/// Marks behind which a long word may go on in the next line.
const BREAKS: [char; 7] = ['/', '-', '_', '.', ',', ':', '@'];

/// The text in lines of at most `room` columns, joined by line ends. A line ends at a space or behind a mark that stands in reach,
/// which is its last two thirds; a word without one is shortened in its middle.
fn wrapped(text: &str, room: usize) -> String {
    let room = room.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.trim_end();
    while rest.width() > room {
        let (head, _) = split_at_width(rest, room);
        let space = rest.get(..head.len() + 1).and_then(|head| head.rfind(' ')).filter(|at| *at > 0);
        let mark = head.rfind(BREAKS).map(|at| at + 1);
        let reach = |at: &usize| rest.get(..*at).is_some_and(|head| head.width() * 3 >= room);
        let (line, behind) = match (space.filter(reach), mark.filter(reach)) {
            // Words stay whole where a space is in reach.
            (Some(at), _) | (None, Some(at)) => rest.split_at(at),
            (None, None) => {
                let end = rest.find([' ', '/', ':', ',']).filter(|at| *at >= head.len()).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                lines.push(shortened(word, room));
                rest = behind.trim_start();
                continue;
            }
        };
        lines.push(line.trim_end().to_owned());
        rest = behind.trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines.join("\n")
}

/// The text in at most `room` columns, with an ellipsis in its middle when something was left out: names differ at both ends.
fn shortened(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    if room < 5 {
        return cut(text, room);
    }
    let (head, _) = split_at_width(text, (room - 1).div_ceil(2));
    let mut tail = text.len();
    for (at, _) in text.char_indices().rev() {
        if text.get(at..).is_some_and(|tail| tail.width() + head.width() + 1 > room) {
            break;
        }
        tail = at;
    }
    format!("{head}…{}", text.get(tail..).unwrap_or_default())
}

/// What stands before the text of a paragraph.
struct Lead {
    indent: usize,
    ink: Ink,
    label: String,
    /// Column at which the text stands on the first line.
    start: usize,
    /// Column at which it stands on the others.
    hang: usize,
}

/// A line being filled.
struct Line {
    spans: Vec<(Ink, String)>,
    width: usize,
}

impl Line {
    fn new() -> Self {
        Self { spans: Vec::new(), width: 0 }
    }

    fn push(&mut self, ink: Ink, word: &str) {
        if word.is_empty() {
            return;
        }
        self.width += usize::from(self.width > 0) + word.width();
        match self.spans.last_mut() {
            Some((last, words)) if *last == ink => {
                words.push(' ');
                words.push_str(word);
            }
            _ => self.spans.push((ink, word.to_owned())),
        }
    }
}

/// The same for a path, which splits behind a slash where one stands in the second half of the line, else behind another mark
/// there: its names stay whole.
fn split_path(word: &str, room: usize) -> (&str, &str) {
    let (head, tail) = split_at_width(word, room);
    let half = |at: &usize| !tail.is_empty() && word.get(..*at).is_some_and(|head| head.width() * 2 >= room);
    let behind = |marks: &[char]| head.rfind(marks).map(|at| at + 1).filter(half);
    let at = behind(&['/']).or_else(|| behind(&['-', '_', '.', ',', ':', '@', '&', '?', '=']));
    at.and_then(|at| word.split_at_checked(at)).unwrap_or((head, tail))
}

/// Splits a word so that the first part is at most `room` columns wide and holds at least one character.
fn split_at_width(word: &str, room: usize) -> (&str, &str) {
    let mut end = 0;
    for (at, c) in word.char_indices() {
        let next = at + c.len_utf8();
        // Measured as a text, not by summing characters: some sequences are wider than their parts.
        if at > 0 && c.width() != Some(0) && word.get(..next).is_some_and(|head| head.width() > room) {
            break;
        }
        end = next;
    }
    word.split_at(end)
}

/// The text in at most `room` columns, the last one an ellipsis when something was cut.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let (head, _) = split_at_width(text, room.saturating_sub(1));
    if room < 2 { "…".chars().take(room).collect() } else { format!("{head}…") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn page(width: usize) -> Page {
        Page::new(&Style { width, ..Style::default() })
    }

    #[test]
    fn text_wraps_beneath_itself() {
        let mut page = page(30);
        page.field(2, (Ink::Dim, "why"), 6, &[(Ink::Plain, "one two three four five six seven eight")]);
        assert_eq!(page.into_text(), "  why   one two three four\n        five six seven eight\n");
    }

    #[test]
    fn a_word_longer_than_the_page_is_split_and_nothing_is_lost() {
        let word = "日本語".repeat(40);
        let mut page = page(24);
        page.flow(4, &[(Ink::Path, &word)]);
        let text = page.into_text();
        assert!(text.lines().all(|line| line.width() <= 24), "{text}");
        assert_eq!(text.replace([' ', '\n'], ""), word);
    }

    #[test]
    fn a_path_breaks_behind_a_slash_and_a_name_longer_than_the_line_anywhere() {
        let mut page = page(40);
        page.flow(0, &[(Ink::Path, "acme/generator/.github/workflows/generator_generic.yml@v2")]);
        assert_eq!(page.into_text(), "acme/generator/.github/workflows/\ngenerator_generic.yml@v2\n");
        let mut page = Page::new(&Style { width: 20, ..Style::default() });
        page.flow(0, &[(Ink::Path, "a/bcdefghijklmnopqrstuvwxyz")]);
        assert_eq!(page.into_text(), "a/bcdefghijklmnopqrs\ntuvwxyz\n");
    }

    #[test]
    fn cells_break_behind_marks_and_words_without_one_are_shortened_in_their_middle() {
        for (text, room, want) in [
            ("legacy-mail-migration-test", 16, "legacy-mail-\nmigration-test"),
            ("legacy-mail-migration-test (sample)", 16, "legacy-mail-\nmigration-test\n(sample)"),
            (".github/workflows/ci.yml / build", 18, ".github/workflows/\nci.yml / build"),
            ("svc.reporting.acme.io", 14, "svc.reporting.\nacme.io"),
            ("abcdefghijklmnopqrstuvwxyz", 11, "abcde…vwxyz"),
            ("abcdefghijklmnopqrstuvwxyz tail", 11, "abcde…vwxyz\ntail"),
            ("read, scoped", 20, "read, scoped"),
            ("write, broad", 8, "write,\nbroad"),
            ("日本語日本語日本語", 9, "日本…本語"),
            ("", 5, ""),
        ] {
            assert_eq!(wrapped(text, room), want, "{text}");
            assert!(wrapped(text, room).lines().all(|line| line.width() <= room), "{text}");
        }
    }

    #[test]
    fn the_first_column_gets_the_room_that_the_usual_words_of_the_others_leave() {
        let columns = [Column::text("Identity", 16, 80), Column::text("Kind", 13, 40), Column::number("Open")];
        let rows = vec![vec!["x".repeat(70), "github ci-job or two".to_owned(), "3".to_owned()]];
        assert_eq!(widths(&columns, &rows, 60), [39, 13, 4]);
        assert_eq!(widths(&columns, &rows, 200), [70, 20, 4]);
        assert_eq!(widths(&columns, &[], 60), [16, 13, 4]);
    }

    #[test]
    fn colours_appear_only_when_asked_for() {
        for color in [false, true] {
            let mut page = Page::new(&Style { color, ..Style::default() });
            page.flow(0, &[(Ink::Alarm, "x"), (Ink::Plain, "y")]);
            assert_eq!(page.into_text().contains('\u{1b}'), color);
        }
    }

    #[test]
    fn cells_of_others_cannot_break_out_of_a_table() {
        let mut page = page(40);
        let rows = vec![vec!["\u{1b}[2Jx\ny".to_owned(), "1".to_owned()], vec!["a".repeat(300), "22".to_owned()]];
        page.table(&[Column::text("Name", 4, 30), Column::number("Count")], &rows);
        let text = page.into_text();
        assert!(text.contains("\\x1b[2Jx\\ny"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
    }
}
