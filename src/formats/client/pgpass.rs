//! `.pgpass`, the password file of PostgreSQL's clients: `host:port:database:user:password` a line.
//!
//! <https://www.postgresql.org/docs/current/libpq-pgpass.html>

use super::reading::{lines, put};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, Span};

/// The format.
pub static PGPASS: Format =
    super::format("pgpass", "PostgreSQL password file", |path, _| super::is(path, "pgpass"), read);

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for (at, line) in lines(input.text).filter(|(_, line)| !line.starts_with('#')) {
        let Some(([host, _, _, user], start, password)) = fields(line) else { continue };
        let secret = SecretFact::new("pgpass-password", password.as_bytes(), Span::new(at + start, at + line.len()));
        let named = |field: String| Some(field).filter(|f| f != "*");
        put(out, SecretFact { user: named(user), host: named(host), ..secret });
    }
}

/// The four fields before the password, where that begins, and what it is.
fn fields(line: &str) -> Option<([String; 4], usize, String)> {
    let mut fields: [String; 5] = Default::default();
    let (mut number, mut start) = (0, 0);
    let mut letters = line.char_indices();
    while let Some((i, c)) = letters.next() {
        let letter = match c {
            '\\' => letters.next().map_or('\\', |(_, c)| c),
            ':' if number < 4 => {
                number += 1;
                start = i + 1;
                continue;
            }
            c => c,
        };
        fields.get_mut(number)?.push(letter);
    }
    let [host, port, database, user, password] = fields;
    let is_port = port == "*" || !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (number == 4 && is_port).then_some(([host, port, database, user], start, password))
}
