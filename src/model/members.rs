//! The people of an organisation as of now, by login and address: whose work an identity was may have left.

use std::collections::BTreeSet;

use serde_json::Value;

/// Columns and fields that name a person, in lower case without signs.
const LOGINS: [&str; 6] = ["login", "username", "githublogin", "githubusername", "handle", "user"];
/// See [`LOGINS`].
const ADDRESSES: [&str; 6] = ["email", "mail", "emailaddress", "userprincipalname", "publicemail", "primaryemail"];

/// First parts of addresses that several people read.
const SHARED: [&str; 18] = [
    "team",
    "ops",
    "devops",
    "sre",
    "infra",
    "platform",
    "support",
    "admin",
    "security",
    "noreply",
    "no-reply",
    "group",
    "list",
    "help",
    "dev",
    "engineering",
    "it",
    "bot",
];

/// Names that act on their own.
const BOTS: [&str; 6] = ["dependabot", "renovate", "renovate-bot", "github-actions", "web-flow", "ghost"];

/// Current members: logins and addresses in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    logins: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

impl Members {
    /// Reads a list: one login or address a line (`#` begins a comment, `@` before a login is left out), CSV whose header has
    /// a column of logins or addresses, or JSON as GitHub's and GitLab's `members` give it, in any number of pages. Of GitLab's
    /// only those whose `state` is `active` count.
    ///
    /// # Errors
    /// When nobody is in it, with what was looked for.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut members = Self::default();
        if text.starts_with(['[', '{']) {
            for page in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
                let page = page.map_err(|error| format!("not readable as JSON: line {}", error.line()))?;
                members.json(&page);
            }
        } else if let Some(columns) = text.lines().next().and_then(columns) {
            for line in text.lines().skip(1) {
                let fields = fields(line);
                columns.iter().filter_map(|at| fields.get(*at)).for_each(|name| members.add(name));
            }
        } else {
            for line in text.lines() {
                members.add(line.split('#').next().unwrap_or_default());
            }
        }
        if members.logins.is_empty() && members.addresses.is_empty() {
            return Err(
                "names nobody: one login or address a line, CSV with a column `login` or `email`, or the JSON of \
                        `gh api --paginate orgs/ORG/members`"
                    .to_owned(),
            );
        }
        Ok(members)
    }

    fn json(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| match item {
                Value::String(name) => self.add(name),
                other => self.json(other),
            }),
            Value::Object(fields) => {
                let state = fields.get("state").and_then(Value::as_str);
                if state.is_some_and(|state| !state.eq_ignore_ascii_case("active")) {
                    return;
                }
                for (name, value) in fields {
                    match value {
                        Value::String(text) if is_column(name) => self.add(text),
                        Value::Array(_) | Value::Object(_) => self.json(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &str) {
        let name = name.trim().trim_start_matches('@').to_lowercase();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return;
        }
        match login_of(&name) {
            Some(login) => {
                self.logins.insert(login.to_owned());
            }
            None if name.contains('@') => {
                self.addresses.insert(name);
            }
            None => {
                self.logins.insert(name);
            }
        }
    }

    /// Whether somebody that an input names has left: `Some(true)` for one of whom the list would tell and does not, `None`
    /// for teams, bots, shared addresses, and names that the list cannot tell. `logins` says that a plain word is a login.
    #[must_use]
    pub fn has_left(&self, name: &str, logins: bool) -> Option<bool> {
        // `Ana Diaz <ana@example.com>`, as commits name their authors.
        let address = name.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
        let name = address.unwrap_or(name).trim().to_lowercase();
        if name.is_empty() || name.contains(char::is_whitespace) || is_bot(&name) {
            return None;
        }
        if let Some(login) = login_of(&name) {
            return self.login(login);
        }
        if let Some(login) = name.strip_prefix('@') {
            // `@org/team` says nothing of who is in it.
            return if login.contains('/') { None } else { self.login(login) };
        }
        let Some((local, domain)) = name.split_once('@') else { return if logins { self.login(&name) } else { None } };
        let shared = local.split(['-', '_', '.', '+']).any(|word| SHARED.contains(&word)) || SHARED.contains(&local);
        if self.addresses.is_empty() || shared || domain.is_empty() {
            return None;
        }
        Some(!self.addresses.contains(&name))
    }

    fn login(&self, login: &str) -> Option<bool> {
        (!self.logins.is_empty() && !is_bot(login)).then(|| !self.logins.contains(login))
    }
}

/// The login in the address that GitHub gives people for their commits
/// (<https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address>).
fn login_of(name: &str) -> Option<&str> {
    let local = name.strip_suffix("@users.noreply.github.com")?;
    Some(local.split_once('+').map_or(local, |(_, login)| login))
}

fn is_bot(name: &str) -> bool {
    let name = name.trim_start_matches('@');
    name.ends_with("[bot]") || name.contains("[bot]@") || BOTS.contains(&name)
}

/// A name without signs, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_column(name: &str) -> bool {
    let name = plain(name);
    LOGINS.contains(&name.as_str()) || ADDRESSES.contains(&name.as_str())
}

/// The columns of a header that name people. A single name alone on its line is a login, whatever it is.
fn columns(header: &str) -> Option<Vec<usize>> {
    let names = fields(header);
    let found: Vec<usize> = names.iter().enumerate().filter(|(_, name)| is_column(name)).map(|(at, _)| at).collect();
    (!found.is_empty()).then_some(found)
}

/// The fields of a line of CSV, or of what spreadsheets write with semicolons or tabs.
pub(super) fn fields(line: &str) -> Vec<String> {
    let separator = [',', ';', '\t'].into_iter().find(|c| line.contains(*c)).unwrap_or(',');
    let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.trim_end_matches('\r').chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => out.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    out.push(field);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_form_of_a_list_gives_the_same_members() {
        let want = Members::parse("ana\nBo@Example.com\n").unwrap();
        for text in [
            "# people\r\n@Ana  # lead\r\nbo@example.com\r\n",
            "Name,Login,E-Mail\n\"Diaz, Ana\",ana,\nBo,,bo@example.com\n",
            "login;email\nana;bo@example.com\n",
            "[{\"login\":\"ana\",\"type\":\"User\"}][{\"email\":\"bo@example.com\"}]",
            "{\"members\":[\"ana\",\"bo@example.com\"]}",
            "[{\"username\":\"ana\",\"state\":\"active\"},{\"username\":\"zed\",\"state\":\"blocked\"},{\"public_email\":\"bo@example.com\"}]",
            "12+ana@users.noreply.github.com\nbo@example.com",
        ] {
            assert_eq!(Members::parse(text).unwrap(), want, "{text}");
        }
        for text in ["", "[]", "{\"a\":1}", "login,email\n", "[", "# nobody"] {
            assert!(Members::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_whom_the_list_would_tell_has_left() {
        let members = Members::parse("ana\nbo@example.com").unwrap();
        for (name, logins, want) in [
            ("@ana", false, Some(false)),
            ("@Zed", false, Some(true)),
            ("zed", true, Some(true)),
            ("zed", false, None),
            ("@acme/team", false, None),
            ("dependabot[bot]", true, None),
            ("49699333+dependabot[bot]@users.noreply.github.com", true, None),
            ("bo@example.com", false, Some(false)),
            ("Bo Li <BO@example.com>", false, Some(false)),
            ("Cy <cy@example.com>", false, Some(true)),
            ("7+zed@users.noreply.github.com", false, Some(true)),
            ("platform-team@example.com", false, None),
            ("Ana Diaz", true, None),
            ("", true, None),
        ] {
            assert_eq!(members.has_left(name, logins), want, "{name}");
        }
        let logins = Members::parse("ana").unwrap();
        assert_eq!(logins.has_left("cy@example.com", false), None);
    }
}
