//! What the readers of exports of code hosts and other services share: rows out of any envelope, dates, places in API paths.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::gap_at;
use super::json_stream::{Event, Wanted, walk};
use crate::formats::Out;
use crate::model::{At, Privilege, When};

/// Fields of a row that were asked for.
pub type Row = Map<String, Value>;

/// Hands over every object that has one of the fields, whatever lists, pages or documents it lies in, and then what ended
/// the reading before its end.
pub fn rows(
    reader: &mut dyn BufRead,
    whole: bool,
    fields: &'static [&'static str],
    out: &mut Out<'_>,
    on: &mut dyn FnMut(&Row, At, &mut Out<'_>),
) {
    let result = walk(reader, whole, Wanted { lists: &[], fields }, &mut |event| {
        if let Event::Object { fields, at } = event {
            on(&fields, at, out);
        }
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
}

/// Whether a text may be one of these exports: JSON, with all of these names in quotes in its head.
#[must_use]
pub fn has(head: &str, names: &[&str]) -> bool {
    let json = head.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    json && names.iter().all(|name| is_name(head, name))
}

/// Whether a JSON text has a name: in quotes, with a colon behind it.
fn is_name(head: &str, name: &str) -> bool {
    let head = head.as_bytes();
    memchr::memmem::find_iter(head, name).any(|at| {
        let quoted = at > 0 && head.get(at - 1) == Some(&b'"') && head.get(at + name.len()) == Some(&b'"');
        let rest = head.get(at + name.len() + 1..).unwrap_or_default().trim_ascii_start();
        // The head may end here.
        quoted && (rest.is_empty() || rest.starts_with(b":"))
    })
}

/// A text field that is not empty, without what surrounds it, of at most 200 characters.
#[must_use]
pub fn text(row: &Row, field: &str) -> Option<String> {
    row.get(field).and_then(plain)
}

/// See [`text`].
#[must_use]
pub fn plain(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}

/// A text field as it is.
#[must_use]
pub fn text_of<'r>(row: &'r Row, field: &str) -> Option<&'r str> {
    row.get(field).and_then(Value::as_str)
}

/// A field of an object field.
#[must_use]
pub fn inner(row: &Row, object: &str, field: &str) -> Option<String> {
    row.get(object)?.get(field).and_then(plain)
}

/// An id, which services write as a number or as a text.
#[must_use]
pub fn id(row: &Row, field: &str) -> Option<String> {
    match row.get(field)? {
        Value::Number(number) => Some(number.to_string()),
        other => plain(other).filter(|id| !id.contains(char::is_whitespace)),
    }
}

/// A flag.
#[must_use]
pub fn flag(row: &Row, field: &str) -> Option<bool> {
    row.get(field).and_then(Value::as_bool)
}

/// A date; what a `null` means is the field's own matter, and an absent field says nothing.
#[must_use]
pub fn date(row: &Row, field: &str, null: When) -> When {
    match row.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => When::parse(text),
        Some(Value::Number(number)) => When::parse(&number.to_string()),
        Some(Value::Null) => null,
        Some(Value::String(_)) => null,
        _ => When::Unknown,
    }
}

/// The words of a list, sorted, each once.
#[must_use]
pub fn words(row: &Row, field: &str) -> Vec<String> {
    let list = row.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut words: Vec<String> = list.iter().filter_map(plain).collect();
    words.sort();
    words.dedup();
    words
}

/// Rows without the field that tells them apart.
#[derive(Default)]
pub struct Unread(u64, Option<At>);

impl Unread {
    /// One more.
    pub fn add(&mut self, at: &At) {
        self.0 += 1;
        self.1.get_or_insert_with(|| at.clone());
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }

    /// Tells them.
    pub fn tell(self, what: &str, out: &mut Out<'_>) {
        if self.0 > 0 {
            let rows = if self.0 == 1 { "1 row".to_owned() } else { format!("{} rows", self.0) };
            let first = self.1.clone().unwrap_or_default();
            out.notice(gap_at("unreadable-row", &first, format!("{rows} without {what}; the others were read")));
        }
    }
}

/// What the path of an export says of where it is from. People keep answers under the path of the question:
/// `repos/acme/app/environments/prod/secrets.json`, `orgs/acme/dependabot/secrets.json`, `projects/42/variables.json`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `owner/name`.
    pub repository: Option<String>,
    /// The organisation.
    pub organisation: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// Project or group of GitLab, `project 42`.
    pub project: Option<String>,
    /// `dependabot` or `codespaces`, when a folder or the file is named after it.
    pub store: Option<&'static str>,
}

/// Reads a path; see [`Origin`].
#[must_use]
pub fn origin(path: &str) -> Origin {
    let parts: Vec<&str> = path.split('/').collect();
    let behind = |name: &str, n: usize| {
        let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case(name))?;
        // The last part is the file.
        (at + n + 1 < parts.len()).then(|| parts.get(at + 1..=at + n).map(|parts| parts.join("/"))).flatten()
    };
    let lower = path.to_ascii_lowercase();
    let repository = behind("repos", 2);
    Origin {
        organisation: behind("orgs", 1)
            .or_else(|| repository.as_deref().and_then(|r| r.split('/').next()).map(str::to_owned)),
        repository,
        environment: behind("environments", 1),
        project: below(&parts, "projects")
            .map(|id| format!("project {id}"))
            .or_else(|| below(&parts, "groups").map(|id| format!("group {id}"))),
        store: ["dependabot", "codespaces"].into_iter().find(|store| lower.contains(store)),
    }
}

/// The id behind `projects` or `groups`: a number, or a path, which stands in one part with its slashes encoded
/// (<https://docs.gitlab.com/api/rest/#namespaced-paths>) or as folders do.
fn below(parts: &[&str], name: &str) -> Option<String> {
    const QUESTIONS: [&str; 6] = ["variables", "access_tokens", "deploy_keys", "deploy_tokens", "hooks", "runners"];
    let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case(name))?;
    // The last part is the file.
    let rest = parts.get(at + 1..parts.len().saturating_sub(1))?;
    let first = rest.first()?;
    let whole = first.bytes().all(|b| b.is_ascii_digit()) || first.contains('%');
    let end = rest.iter().position(|part| QUESTIONS.contains(part)).unwrap_or(rest.len());
    let path = if whole { (*first).to_owned() } else { rest.get(..end.max(1))?.join("/") };
    Some(path.replace("%2F", "/").replace("%2f", "/"))
}

/// How much a permission of GitHub is: the names and levels of
/// <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>. `all` says that every repository
/// of the owner is taken in.
#[must_use]
pub fn permission(name: &str, level: &str, all: bool) -> Privilege {
    const ADMINISTER: [&str; 5] = [
        "organization_administration",
        "members",
        "organization_custom_roles",
        "organization_custom_org_roles",
        "enterprise_administration",
    ];
    match level {
        "read" => Privilege::ReadScoped,
        "write" | "admin" if ADMINISTER.contains(&name) || (name == "administration" && all) => Privilege::Admin,
        "write" | "admin" if all || name == "administration" => Privilege::WriteBroad,
        "write" | "admin" => Privilege::WriteScoped,
        "none" => Privilege::None,
        _ => Privilege::Unknown,
    }
}

/// The fingerprint of a public key in the form of OpenSSH's files, `ssh-ed25519 AAAA… comment` with or without options
/// before it: `SHA256:` and the unpadded base64 of the hash of its blob, as `ssh-keygen -lf` shows it
/// (<https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT>). With it the type and the comment.
#[must_use]
pub fn public_key(line: &str) -> Option<(String, &str, &str)> {
    let starts = |word: &str| {
        ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|kind| word.starts_with(kind))
            && !word.contains(['"', '=', ','])
    };
    // Options may hold quoted spaces, so the key begins at the first word of its kind that a blob follows.
    let mut rest = line.trim();
    loop {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        let after = after.trim_start();
        if starts(word) {
            let (blob, comment) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            if let Some(fingerprint) = fingerprint(word, blob) {
                return Some((fingerprint, word, comment.trim()));
            }
        }
        rest = after;
    }
}

/// Bits of an RSA key in OpenSSH's form, at the end of a line that [`public_key`] reads: the length of its modulus
/// (<https://www.rfc-editor.org/rfc/rfc4253#section-6.6>).
#[must_use]
pub fn rsa_bits(line: &str) -> Option<usize> {
    let blob = line.split_whitespace().skip_while(|word| *word != "ssh-rsa").nth(1)?;
    let bytes = data_encoding::BASE64.decode(blob.as_bytes()).ok()?;
    let mut rest = bytes.as_slice();
    let mut field = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rest = after;
        Some(value)
    };
    let (_kind, _exponent, modulus) = (field()?, field()?, field()?);
    let mut digits = modulus.iter().skip_while(|b| **b == 0);
    let first = digits.next()?;
    Some(8 - first.leading_zeros() as usize + 8 * digits.count())
}

/// The blob begins with the name of its kind.
fn fingerprint(kind: &str, blob: &str) -> Option<String> {
    use sha2::Digest as _;
    let bytes = data_encoding::BASE64.decode(blob.as_bytes()).ok()?;
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (rest.get(..length)? == kind.as_bytes() && rest.len() > length).then(|| {
        let hash = sha2::Sha256::digest(&bytes);
        format!("SHA256:{}", data_encoding::BASE64_NOPAD.encode(&hash))
    })
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// A public key in OpenSSH's form, made from a seed.
    pub fn ed25519(seed: u8) -> String {
        let mut blob = vec![0, 0, 0, 11];
        blob.extend(b"ssh-ed25519");
        blob.extend([0, 0, 0, 32]);
        blob.extend((0..32).map(|i: u8| i.wrapping_mul(7) ^ seed));
        format!("ssh-ed25519 {}", data_encoding::BASE64.encode(&blob))
    }

    #[test]
    fn a_public_key_is_read_with_options_and_comments_and_nothing_else_is_one() {
        let key = ed25519(3);
        let (plain, kind, _) = public_key(&key).unwrap();
        assert_eq!(kind, "ssh-ed25519");
        assert_eq!(
            plain,
            ssh_key::PublicKey::from_openssh(&key).unwrap().fingerprint(ssh_key::HashAlg::Sha256).to_string()
        );
        let line = format!("command=\"echo ssh-rsa x\",no-pty {key} ana@laptop  at home");
        assert_eq!(public_key(&line), Some((plain, "ssh-ed25519", "ana@laptop  at home")));
        for odd in
            ["", "ssh-rsa", "ssh-rsa AAAA", "ssh-ed25519 !!!", "# ssh-ed25519 AAAAB3", &key.replace("ed25519 ", "rsa ")]
        {
            assert_eq!(public_key(odd), None, "{odd}");
        }
    }

    #[test]
    fn paths_that_mirror_the_api_tell_where_an_export_is_from() {
        let of = origin("exports/repos/acme/app/environments/prod/secrets.json");
        assert_eq!((of.repository.as_deref(), of.environment.as_deref()), (Some("acme/app"), Some("prod")));
        assert_eq!(of.organisation.as_deref(), Some("acme"));
        assert_eq!(origin("orgs/acme/dependabot/secrets.json").store, Some("dependabot"));
        for (path, want) in [
            ("groups/7/variables.json", "group 7"),
            ("projects/42/variables/page1.json", "project 42"),
            ("projects/acme%2Fweb%2Fapp/variables.json", "project acme/web/app"),
            ("x/projects/acme/web/app/variables/all.json", "project acme/web/app"),
            ("projects/acme/app.json", "project acme"),
        ] {
            assert_eq!(origin(path).project.as_deref(), Some(want), "{path}");
        }
        assert_eq!(origin("projects/variables.json").project, None);
        for path in ["secrets.json", "repos/secrets.json", "repos/acme/secrets.json", "environments/x.json"] {
            let of = origin(path);
            assert_eq!((of.repository, of.environment), (None, None), "{path}");
        }
    }
}
