//! Logins that are split over neighbouring settings: `spring.datasource.username` and `.password`, `DB_USER` and `DB_PASSWORD`,
//! `<username>` and `<password>`, two fields of one object.
//!
//! A neighbour belongs to a password when its name is the same but for the last word and it stands in the same section, object or
//! element. Two users of one name tell nothing.

use std::collections::BTreeSet;

use crate::model::Span;
use crate::validate::login::Beside;

/// Lines looked at on either side, when the names have a beginning in common and when they have not.
const FAR: usize = 40;
/// See [`FAR`].
const NEAR: usize = 12;
/// Bytes looked at on either side.
const WINDOW: usize = 4 << 10;
/// Longest line that is taken apart.
const LINE: usize = 2 << 10;

const PASSWORD: [&str; 7] = ["password", "passwd", "passphrase", "passwort", "pwd", "pass", "pw"];
const USER: [&str; 6] = ["username", "userid", "user", "login", "uid", "usr"];
const HOST: [&str; 12] = [
    "jdbcurl",
    "connectionurl",
    "hostname",
    "hosturl",
    "servername",
    "endpoint",
    "address",
    "server",
    "host",
    "addr",
    "url",
    "uri",
];
/// Parts of names that speak of a database.
const DATABASE: [&str; 13] = [
    "database",
    "datasource",
    "jdbc",
    "postgres",
    "mysql",
    "maria",
    "mongo",
    "redis",
    "oracle",
    "mssql",
    "sqlserver",
    "pgsql",
    "sqlalchemy",
];

/// Names under which clouds run databases.
const SERVERS: [&str; 5] =
    [".rds.amazonaws.com", ".database.windows.net", ".database.azure.com", ".mongodb.net", ".redis.cache.windows.net"];

/// One setting of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    /// Letters and digits of its name, in lower case.
    name: String,
    value: String,
    /// Where the value stands in the line.
    at: Span,
    /// What stands between: `:`, `=` or `>`.
    by: u8,
}

/// User and host that stand beside the password at `value`; `None` when no user does, or two.
pub fn login(text: &[u8], value: Span) -> Option<Beside> {
    // A line that is too long is not looked through to its ends.
    let from = value.start.saturating_sub(LINE);
    let start = match text.get(from..value.start)?.iter().rposition(|b| *b == b'\n') {
        Some(at) => from + at + 1,
        None if from == 0 => 0,
        None => return None,
    };
    let to = value.end.saturating_add(LINE).min(text.len());
    let end = match memchr::memchr(b'\n', text.get(value.end..to)?) {
        Some(n) => value.end + n,
        None if to == text.len() => to,
        None => return None,
    };
    let line = text.get(start..end).filter(|line| line.len() <= LINE)?;
    let offset = value.start - start;
    let own_pairs = pairs(line);
    let own = own_pairs.iter().find(|p| p.at.start <= offset && offset < p.at.end.max(p.at.start + 1))?;
    let stem = PASSWORD.iter().find_map(|word| own.name.strip_suffix(word))?.to_owned();
    let mut found: Vec<Pair> = pairs(object(line, offset));
    found.retain(|p| p.name != own.name);
    let most = if stem.is_empty() { NEAR } else { FAR };
    let shape = Shape { depth: depth(line), by: own.by, item: is_item(line) };
    let before = text.get(start.saturating_sub(WINDOW)..start.saturating_sub(1)).unwrap_or_default();
    if !(shape.by == b':' && shape.item) {
        for line in before.rsplit(|b| *b == b'\n').take(most) {
            if !shape.take(line, true, &mut found) {
                break;
            }
        }
    }
    let after = text.get((end + 1).min(text.len())..text.len().min(end + WINDOW)).unwrap_or_default();
    for line in after.split(|b| *b == b'\n').take(most) {
        if !shape.take(line, false, &mut found) {
            break;
        }
    }
    told(&stem, &found)
}

/// How the password's own line stands in its file.
struct Shape {
    depth: usize,
    by: u8,
    item: bool,
}

impl Shape {
    /// Takes over what a line sets; false when the section ends with it.
    fn take(&self, line: &[u8], backwards: bool, found: &mut Vec<Pair>) -> bool {
        let bare = line.trim_ascii();
        if bare.is_empty() || bare.len() > LINE {
            return true;
        }
        if bare.starts_with(b"[") && bare.ends_with(b"]") || bare.starts_with(b"---") {
            return false;
        }
        match self.by {
            b':' => {
                let comment = bare.starts_with(b"#") || bare.starts_with(b"//");
                let depth = depth(line);
                if comment || depth > self.depth {
                    return true;
                }
                // An item of a list begins with the line that has the dash.
                if depth < self.depth || !backwards && is_item(line) {
                    return false;
                }
                found.extend(pairs(line));
                !is_item(line)
            }
            b'>' => {
                let alone = bare.starts_with(b"<") && bare.ends_with(b">") && !bare.ends_with(b"/>");
                let opens_and_closes = memchr::memmem::find(bare, b"</").is_some_and(|at| at > 0);
                if alone && !opens_and_closes && !bare.starts_with(b"<!") {
                    return false;
                }
                found.extend(pairs(line));
                true
            }
            _ => {
                if bare.ends_with(b"{") || bare.starts_with(b"}") {
                    return false;
                }
                if !bare.starts_with(b"#") && !bare.starts_with(b";") {
                    found.extend(pairs(line));
                }
                true
            }
        }
    }
}

/// Columns before what a line sets; an item's dash counts as some.
fn depth(line: &[u8]) -> usize {
    let blank = |line: &[u8]| line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let indent = blank(line);
    match line.get(indent..).and_then(|rest| rest.strip_prefix(b"-")) {
        Some(rest) if is_item(line) => indent + 1 + blank(rest),
        _ => indent,
    }
}

fn is_item(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"- ")
}

/// The part of a line that is of the same object as the byte at `at`.
fn object(line: &[u8], at: usize) -> &[u8] {
    let from = line.get(..at).and_then(|before| before.iter().rposition(|b| *b == b'{')).map_or(0, |at| at + 1);
    let rest = line.get(at..).unwrap_or_default();
    let to = rest.iter().position(|b| *b == b'}').map_or(line.len(), |n| at + n);
    line.get(from..to).unwrap_or_default()
}

/// What a line sets, whatever its grammar: `a=b`, `a: b`, `"a": "b"`, `'a' => 'b'`, `<a>b</a>`, `name="a" value="b"`.
fn pairs(line: &[u8]) -> Vec<Pair> {
    let mut out: Vec<Pair> = Vec::new();
    let mut at = 0;
    while at < line.len() && out.len() < 64 {
        let rest = line.get(at..).unwrap_or_default();
        let name_len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
        if name_len == 0 {
            at += 1;
            continue;
        }
        let name = rest.get(..name_len).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|i| line.get(i)).copied();
        match value_after(line, at + name_len, before == Some(b'<')) {
            Some((span, by)) => {
                let value = String::from_utf8_lossy(line.get(span.start..span.end).unwrap_or_default());
                let pair = Pair { name: folded(name), value: value.trim().to_owned(), at: span, by };
                at = span.end.max(at + name_len);
                out.push(pair);
            }
            None => at += name_len,
        }
    }
    named(line, out)
}

/// Where the value behind a name stands, and what separates the two.
fn value_after(line: &[u8], from: usize, tag: bool) -> Option<(Span, u8)> {
    let mut at = from;
    let peek = |at: usize| line.get(at).copied();
    if tag {
        if peek(at) != Some(b'>') {
            return None;
        }
        let end = memchr::memchr(b'<', line.get(at + 1..)?).map(|n| at + 1 + n)?;
        return (end > at + 1).then(|| (Span::new(at + 1, end), b'>'));
    }
    if matches!(peek(at), Some(b'"' | b'\'')) {
        at += 1;
    }
    while matches!(peek(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let by = peek(at).filter(|b| matches!(b, b':' | b'='))?;
    at += 1;
    if matches!(peek(at), Some(b'>' | b'=')) {
        at += 1;
    }
    while matches!(peek(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    match peek(at)? {
        quote @ (b'"' | b'\'' | b'`') => {
            let end = memchr::memchr(quote, line.get(at + 1..)?).map(|n| at + 1 + n)?;
            Some((Span::new(at + 1, end), by))
        }
        _ => {
            let rest = line.get(at..)?;
            let end = rest.iter().position(|b| matches!(b, b',' | b';' | b'}' | b'<' | b'\r' | b' ' | b'\t' | b')'));
            Some((Span::new(at, at + end.unwrap_or(rest.len())), by))
        }
    }
}

/// Makes one setting of an element that names it in an attribute: `<add key="a" value="b"/>`, `<entry key="a">b</entry>`.
fn named(line: &[u8], pairs: Vec<Pair>) -> Vec<Pair> {
    let mut out: Vec<Pair> = Vec::with_capacity(pairs.len());
    let mut rest = pairs.into_iter().peekable();
    while let Some(pair) = rest.next() {
        if pair.by != b'=' || !matches!(pair.name.as_str(), "name" | "key") {
            out.push(pair);
            continue;
        }
        let name = folded(pair.value.as_bytes());
        if let Some(value) = rest.next_if(|next| next.name == "value") {
            out.push(Pair { name, by: b'>', ..value });
            continue;
        }
        let behind = line.get(pair.at.end..).unwrap_or_default();
        let text = behind.strip_prefix(b"\">").or_else(|| behind.strip_prefix(b"'>"));
        let end = text.and_then(|text| memchr::memchr(b'<', text)).filter(|end| *end > 0);
        match (text, end) {
            (Some(text), Some(end)) => {
                let value = String::from_utf8_lossy(text.get(..end).unwrap_or_default()).trim().to_owned();
                let start = pair.at.end + 2;
                out.push(Pair { name, value, at: Span::new(start, start + end), by: b'>' });
            }
            _ => out.push(pair),
        }
    }
    out
}

/// Letters and digits in lower case.
fn folded(name: &[u8]) -> String {
    name.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_lowercase())).collect()
}

/// What the neighbours of a password say, whose name begins with `stem`.
fn told(stem: &str, found: &[Pair]) -> Option<Beside> {
    let is = |pair: &&Pair, words: &[&str]| pair.name.strip_prefix(stem).is_some_and(|rest| words.contains(&rest));
    let users: BTreeSet<&str> = found.iter().filter(|p| is(p, &USER)).map(|p| p.value.as_str()).collect();
    let user = users.first().filter(|user| users.len() == 1 && is_name(user))?;
    // `DB_HOST` is that of `DB_ADMIN_PASSWORD`, too; the longest beginning in common counts.
    let mut hosts: Vec<(usize, String, &Pair)> = Vec::new();
    for pair in found {
        let Some(head) = HOST.iter().find_map(|word| pair.name.strip_suffix(word)) else { continue };
        let related = head == stem || head.len() > 1 && stem.starts_with(head);
        if let Some(host) = host(&pair.value).filter(|_| related) {
            hosts.push((head.len(), host, pair));
        }
    }
    let most = hosts.iter().map(|(len, ..)| *len).max();
    hosts.retain(|(len, ..)| Some(*len) == most);
    let names: BTreeSet<&String> = hosts.iter().map(|(_, host, _)| host).collect();
    let host = names.first().filter(|_| names.len() == 1).map(|host| (*host).clone()).unwrap_or_default();
    let scheme = hosts.iter().map(|(.., pair)| pair.value.to_ascii_lowercase()).find(|value| value.contains("://"));
    let scheme = scheme.unwrap_or_default();
    let speaks = |text: &str| DATABASE.iter().any(|word| text.contains(word));
    // A driver or the name of a database beside it.
    let said = found.iter().filter_map(|p| Some((p.name.strip_prefix(stem)?, p.value.to_ascii_lowercase())));
    let driven = { said }.any(|(name, value)| {
        matches!(name, "database" | "databasename" | "dbname")
            || matches!(name, "dialect" | "driver" | "adapter" | "engine" | "client") && speaks(&value)
    });
    let labelled = host.split(['.', '-']).any(|label| speaks(label) || label == "db" || label == "sql");
    let kind = match () {
        () if speaks(stem) || stem.starts_with("db") || stem.ends_with("db") => "database",
        () if driven || labelled => "database",
        () if SERVERS.iter().any(|end| host.ends_with(end)) => "database",
        () if speaks(scheme.split("://").next().unwrap_or_default()) => "database",
        () if scheme.starts_with("http") => "http",
        () => "login",
    };
    Some(Beside { user: (*user).to_owned(), host, kind })
}

/// Whether a value can be the name of a user.
fn is_name(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+' | '\\' | '#');
    let word = value.to_ascii_lowercase();
    (1..=64).contains(&value.len())
        && value.chars().all(plain)
        && !matches!(word.as_str(), "null" | "none" | "nil" | "true" | "false" | "string" | "str" | "username" | "user")
}

/// The host in an address, or the value where it is a host itself.
fn host(value: &str) -> Option<String> {
    let rest = match value.split_once("://") {
        Some((_, rest)) => rest,
        None if value.to_ascii_lowercase().starts_with("jdbc:") => value.split_once('@')?.1.trim_start_matches('/'),
        None => value,
    };
    let authority = rest.split(['/', '?', '#', ';', ',']).next()?;
    // A password before the host may hold any of these: it ends at the last `@` before the query. What has the form of a port, or
    // stands for one, is one.
    let port = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with(['$', '{', '<', '%']);
    let cut = !authority.contains('@') && authority.split_once(':').is_some_and(|(_, rest)| !port(rest));
    let authority = match cut {
        true => rest.split('?').next()?.rsplit_once('@')?.1.split(['/', '#', ';', ',']).next()?,
        false => authority,
    };
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    (plain && host.len() > 1 && host.len() <= 253).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(String, String, &'static str)> {
        let at = text.find("VALUE").unwrap_or_default();
        login(text.as_bytes(), Span::new(at, at + 5)).map(|b| (b.user, b.host, b.kind))
    }

    #[test]
    fn a_user_in_one_setting_and_the_password_in_the_next_are_one_login_in_any_grammar() {
        let want = Some(("app".to_owned(), "db.acme.io".to_owned(), "database"));
        for text in [
            "spring.datasource.url=jdbc:postgresql://db.acme.io:5432/shop\nspring.datasource.username=app\nspring.datasource.password=VALUE\n",
            "db.url=jdbc:postgresql://app:p/w1@db.acme.io/shop?x=a@b\ndb.user=app\ndb.password=VALUE\n",
            "DB_HOST=db.acme.io\nDB_PORT=5432\nexport DB_USER='app'\nexport DB_PASSWORD='VALUE'\n",
            "DB_PASSWORD=VALUE\nDB_USERNAME=app\nDB_HOST=db.acme.io",
            "db_admin_password = VALUE\ndb_admin_user = app\ndb_host = db.acme.io\n",
            "spring:\n  datasource:\n    url: jdbc:mysql://db.acme.io/x\n    username: app\n    # c\n    password: VALUE\n  redis:\n    username: other\n",
            "{\n  \"db\": {\n    \"dbHost\": \"db.acme.io\",\n    \"dbUser\": \"app\",\n    \"dbPassword\": \"VALUE\"\n  },\n  \"dbUser\": \"x\"\n}",
            "{\"a\": {\"dbUser\": \"b\"}, \"m\": {\"dbHost\": \"db.acme.io\", \"dbUser\": \"app\", \"dbPassword\": \"VALUE\"}}",
            "<datasource>\n  <connection-url>jdbc:mysql://db.acme.io/x</connection-url>\n  <username>app</username>\n  <password>VALUE</password>\n</datasource>\n",
            "<bean>\n<property name=\"url\" value=\"jdbc:mysql://db.acme.io/x\"/>\n<property name=\"username\" value=\"app\"/>\n<property name=\"password\" value=\"VALUE\"/>\n</bean>",
            "<entry key=\"db.url\">jdbc:mysql://db.acme.io/x</entry>\n<entry key=\"db.user\">app</entry>\n<entry key=\"db.password\">VALUE</entry>",
            "$c = [\n  'db_host' => 'db.acme.io',\n  'db_user' => 'app',\n  'db_pass' => 'VALUE',\n];",
            "- db_user: other\n  db_password: x\n- db_user: app\n  db_host: db.acme.io\n  db_password: VALUE\n- db_user: third\n",
        ] {
            assert_eq!(of(text), want, "{text}");
        }
    }

    #[test]
    fn the_host_stands_behind_user_and_password_whatever_these_hold() {
        for (address, want) in [
            ("jdbc:postgresql://svc:pa/ss@db.acme.io/shop", "db.acme.io"),
            ("jdbc:postgresql://svc:pa#s@s/w@db.acme.io:5432/shop", "db.acme.io"),
            ("jdbc:postgresql://svc:pw@db.acme.io/shop?user=a@b.io", "db.acme.io"),
            ("jdbc:postgresql://svc@db.acme.io/shop", "db.acme.io"),
            ("https://db.acme.io:8443/scoped/@acme", "db.acme.io"),
            ("https://db.acme.io/scoped/@acme:x", "db.acme.io"),
            ("jdbc:mysql://db.acme.io:${PORT}/shop", "db.acme.io"),
            ("jdbc:oracle:thin:svc/pw@//db.acme.io:1521/shop", "db.acme.io"),
        ] {
            assert_eq!(host(address).as_deref(), Some(want), "{address}");
        }
        assert_eq!(host("jdbc:postgresql://svc:pa/s"), None, "a reader cut the value off inside the password");
    }

    #[test]
    fn what_is_of_another_section_or_name_is_no_neighbour() {
        for text in [
            "user=app\n[other]\npassword=VALUE\n",
            "CACHE_USER=app\nDB_PASSWORD=VALUE\n",
            "a:\n  username: app\nb:\n  password: VALUE\n",
            "<a>\n<username>app</username>\n</a>\n<b>\n<password>VALUE</password>\n</b>\n",
            "DB_USER=a\nDB_USER=b\nDB_PASSWORD=VALUE\n",
            "[{\"user\": \"app\"}, {\"password\": \"VALUE\"}]",
            "user=${USER}\npassword=VALUE\n",
            "token=VALUE\nuser=app\n",
            "VALUE",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_user_without_a_host_is_told_without_one_and_mail_is_no_database() {
        assert_eq!(of("username: bot\npassword: VALUE\n"), Some(("bot".to_owned(), String::new(), "login")));
        assert_eq!(
            of("smtp.host=mail.acme.io\nsmtp.user=bot@acme.io\nsmtp.password=VALUE\n"),
            Some(("bot@acme.io".to_owned(), "mail.acme.io".to_owned(), "login"))
        );
        let driven = "{\"user\": \"app\", \"password\": \"VALUE\", \"host\": \"10.0.0.7\", \"dialect\": \"mysql\"}";
        assert_eq!(of(driven).map(|(.., kind)| kind), Some("database"));
        let rds = "host: x.us-east-1.rds.amazonaws.com\nuser: app\npassword: VALUE\n";
        assert_eq!(of(rds).map(|(.., kind)| kind), Some("database"));
        assert_eq!(
            of("url: https://jira.acme.io/rest\nuser: bot\npassword: VALUE\n"),
            Some(("bot".to_owned(), "jira.acme.io".to_owned(), "http"))
        );
    }
}
