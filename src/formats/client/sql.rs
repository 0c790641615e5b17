//! Dumps of SQL databases: hashes of passwords in the rows of user tables.
//!
//! `INSERT INTO` of mysqldump, pg_dump and sqlite3, with the columns named in it or in the `CREATE TABLE` before it, and the
//! tab-separated rows behind pg_dump's `COPY … FROM stdin`
//! (<https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html>, <https://www.postgresql.org/docs/current/sql-copy.html>).
//! A hash that says what it is counts under any column; one that is only hexadecimal needs a column named for passwords.

use std::collections::HashMap;

use super::hashes::{hash, hex, scheme};
use super::reading::put;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, ReadNotice};
use crate::model::{NoticeKind, SecretFact, Span};

/// The format.
pub static SQL_DUMP: Format = super::format("sql-dump", "SQL dump", |path, _| super::is(path, "sql-dump"), read);

/// Hashes of one dump that are told one by one: a table of users has any number, and after these nobody learns more.
const MOST: usize = 100;

/// Columns and rows that are followed.
const COLUMNS: usize = 256;

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut dump = Dump { text: input.text, tables: HashMap::new(), told: 0, more: 0 };
    let mut at = 0;
    while let Some((word, start)) = dump.next_statement(at) {
        at = match word {
            Word::Create => dump.create(start),
            Word::Insert => dump.insert(start, out),
            Word::Copy => dump.copy(start, out),
        };
    }
    if dump.more > 0 {
        let message = format!("holds {} more password hashes than the first {MOST}, which are told", dump.more);
        out.notice(ReadNotice { kind: NoticeKind::Limit, code: "more-hashes", line: 0, column: 0, message });
    }
}

#[derive(Clone, Copy)]
enum Word {
    Create,
    Insert,
    Copy,
}

struct Dump<'t> {
    text: &'t str,
    /// Columns by table.
    tables: HashMap<String, Vec<String>>,
    told: usize,
    more: usize,
}

impl<'t> Dump<'t> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    /// The next statement of interest at the beginning of a line, and where the table's name follows.
    fn next_statement(&self, mut at: usize) -> Option<(Word, usize)> {
        const WORDS: [(&str, Word); 6] = [
            ("INSERT INTO ", Word::Insert),
            ("INSERT IGNORE INTO ", Word::Insert),
            ("REPLACE INTO ", Word::Insert),
            ("CREATE TABLE IF NOT EXISTS ", Word::Create),
            ("CREATE TABLE ", Word::Create),
            ("COPY ", Word::Copy),
        ];
        while at < self.text.len() {
            let line = self.rest(at);
            let start = at + line.len() - line.trim_start_matches([' ', '\t', '\r', '\n', ';']).len();
            let begins = |w: &&(&str, Word)| {
                self.text.get(start..start + w.0.len()).is_some_and(|t| t.eq_ignore_ascii_case(w.0))
            };
            if let Some((word, kind)) = WORDS.iter().find(begins) {
                return Some((*kind, start + word.len()));
            }
            let line = self.rest(start);
            at = start + memchr::memchr(b'\n', line.as_bytes()).map_or(line.len(), |i| i + 1);
        }
        None
    }

    /// A name, quotes and schema taken off, and where it ends.
    fn name(&self, at: usize) -> (String, usize) {
        let rest = self.rest(at);
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ';' | ',')).unwrap_or(rest.len());
        let name = rest.get(..end.min(200)).unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or_default();
        (last.trim_matches(['`', '"', '\'', '[', ']']).to_ascii_lowercase(), at + end)
    }

    fn skip_space(&self, at: usize) -> usize {
        let rest = self.rest(at);
        at + rest.len() - rest.trim_start().len()
    }

    /// `(a, b, c)`: the names, and where the list ends.
    fn columns(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let open = self.skip_space(at);
        let rest = self.rest(open).strip_prefix('(')?;
        let end = memchr::memchr(b')', rest.as_bytes().get(..rest.len().min(16 << 10))?)?;
        let names = rest.get(..end)?.split(',').take(COLUMNS);
        let names = names.map(|n| n.trim().trim_matches(['`', '"', '[', ']']).to_ascii_lowercase()).collect();
        Some((names, open + 1 + end + 1))
    }

    /// Learns the columns of a table: the first word of every line in its parentheses that is no clause.
    fn create(&mut self, at: usize) -> usize {
        let (table, end) = self.name(at);
        let open = self.skip_space(end);
        if self.byte(open) != b'(' {
            return end.max(at + 1);
        }
        let body = self.rest(open + 1);
        let body = body.get(..body.find(';').unwrap_or(body.len())).unwrap_or_default();
        let mut columns = Vec::new();
        for line in body.split('\n').take(COLUMNS) {
            let line = line.trim();
            let word = line.split([' ', '\t', ',']).next().unwrap_or_default();
            let clause = ["primary", "unique", "key", "constraint", "index", "foreign", "check", "fulltext", ")"];
            let bare = word.trim_matches(['`', '"', '[', ']']);
            let quoted = bare.len() < word.len();
            if !bare.is_empty()
                && (quoted || !clause.iter().any(|c| c.eq_ignore_ascii_case(bare)))
                && !line.starts_with(')')
            {
                columns.push(bare.to_ascii_lowercase());
            }
        }
        let next = open + 1 + body.len();
        self.tables.insert(table, columns);
        next
    }

    fn insert(&mut self, at: usize, out: &mut Out<'_>) -> usize {
        let (table, mut end) = self.name(at);
        let named = self.columns(end);
        let columns = match named {
            Some((columns, after)) => {
                end = after;
                columns
            }
            None => self.tables.get(&table).cloned().unwrap_or_default(),
        };
        let start = self.skip_space(end);
        if !self.text.get(start..start + 6).is_some_and(|w| w.eq_ignore_ascii_case("VALUES")) {
            return end.max(at + 1);
        }
        let mut at = start + 6;
        loop {
            at = self.skip_space(at);
            match self.byte(at) {
                b'(' => {
                    let (row, end) = self.row(at + 1);
                    self.judge(&row, &columns, out);
                    at = end;
                }
                b',' => at += 1,
                _ => return at,
            }
        }
    }

    /// The values of a row, as places, and where it ends. Strings are without quotes; a doubled quote and a backslash do
    /// not end one.
    fn row(&self, mut at: usize) -> (Vec<Span>, usize) {
        let bytes = self.text.as_bytes();
        let mut values = Vec::new();
        let (mut start, mut depth, mut literal) = (at, 0usize, None);
        while let Some(b) = bytes.get(at) {
            match b {
                b'\'' => {
                    let from = at + 1;
                    at = from;
                    while let Some(i) = memchr::memchr2(b'\'', b'\\', bytes.get(at..).unwrap_or_default()) {
                        at += i;
                        if bytes.get(at) == Some(&b'\\') || bytes.get(at + 1) == Some(&b'\'') {
                            at += 2;
                        } else {
                            break;
                        }
                    }
                    let to = at.min(bytes.len());
                    literal = Some(Span::new(from.min(to), to));
                }
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b',' | b')' if depth == 0 => {
                    if values.len() < COLUMNS {
                        values.push(literal.take().unwrap_or(Span::new(start, at)));
                    }
                    start = at + 1;
                    if *b == b')' {
                        return (values, at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        (values, bytes.len())
    }

    /// The rows behind `COPY table (columns) FROM stdin;`, up to `\.`.
    fn copy(&mut self, at: usize, out: &mut Out<'_>) -> usize {
        let (_, end) = self.name(at);
        let Some((columns, after)) = self.columns(end) else { return end.max(at + 1) };
        let head = self.rest(after);
        let line = head.find('\n').unwrap_or(head.len());
        if !head.get(..line).is_some_and(|l| l.to_ascii_lowercase().contains("from stdin")) {
            return after;
        }
        let mut at = after + line + 1;
        while at < self.text.len() {
            let rest = self.rest(at);
            let line = rest.split('\n').next().unwrap_or_default();
            if line.starts_with("\\.") || rest.is_empty() {
                break;
            }
            let mut start = at;
            let mut row = Vec::new();
            for field in line.split('\t').take(COLUMNS) {
                row.push(Span::new(start, start + field.trim_end_matches('\r').len()));
                start += field.len() + 1;
            }
            self.judge(&row, &columns, out);
            at += line.len() + 1;
        }
        at
    }

    fn judge(&mut self, row: &[Span], columns: &[String], out: &mut Out<'_>) {
        for (number, place) in row.iter().enumerate() {
            let value = self.text.get(place.start..place.end).unwrap_or_default();
            let column = columns.get(number).map_or("", String::as_str);
            let of_password = || {
                let words = ["pass", "pwd", "passwd", "hash"];
                words.iter().any(|w| column.contains(w)) && !column.contains("salt") && !column.contains("token")
            };
            let bare = || matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && hex(value, 32) && of_password();
            if scheme(value).is_none() && !bare() {
                continue;
            }
            if self.told >= MOST {
                self.more += 1;
                continue;
            }
            self.told += 1;
            let user = self.user(row, columns).map(str::to_owned);
            let name = Some(column.to_owned()).filter(|c| !c.is_empty());
            put(out, SecretFact { user, name, ..hash(self.text, *place, None) });
        }
    }

    /// What names the user of a row.
    fn user(&self, row: &[Span], columns: &[String]) -> Option<&'t str> {
        const NAMES: [&str; 8] =
            ["username", "user_name", "user_login", "login", "email", "user_email", "user", "name"];
        let number = NAMES.iter().find_map(|name| columns.iter().position(|c| c == name))?;
        let place = row.get(number)?;
        self.text.get(place.start..place.end).map(str::trim).filter(|u| (1..=64).contains(&u.len()))
    }
}
