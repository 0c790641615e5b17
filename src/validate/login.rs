//! A login that is split over neighbouring settings: the password in one, its user and its host in the next.

use super::basic_auth::TOKEN_USERS;
use super::util;
use crate::model::{IdentityHint, IdentityKey, IdentityKind, Proof};

/// What stands beside a password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The user's name as written.
    pub user: String,
    /// The host, without port; empty when no neighbour names one.
    pub host: String,
    /// What it opens: `database`, `http`, or `login` when nothing tells.
    pub kind: &'static str,
}

/// Names the user of a password in its proof, and the identity when the host is known, too. Placeholders, references, hosts of
/// documentation, and a user name that may be a token or holds the password name nobody.
pub fn name(proof: &mut Proof, secret: &[u8], beside: &Beside) {
    let password = String::from_utf8_lossy(secret);
    let user = beside.user.as_str();
    let made_up = util::stands_for(user).is_some() || util::may_be_token(user, &password);
    if user.is_empty() || made_up || TOKEN_USERS.contains(&user) || user.contains(password.trim()) {
        return;
    }
    util::set(proof, "user", user);
    let host = beside.host.to_ascii_lowercase();
    let kind = util::host_kind(&host);
    if host.is_empty() || util::stands_for(&host).is_some() || kind == util::HostKind::Documentation {
        return;
    }
    if password.len() >= 4 && host.contains(password.trim()) {
        return;
    }
    util::set(proof, "host", &host);
    util::say(proof, "User and host stand beside it.");
    let name = format!("{}@{}", util::shown(user), util::shown(&host));
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new(beside.kind, "user", &name),
        kind: if beside.kind == "database" { IdentityKind::DatabaseUser } else { IdentityKind::Other },
        provider: beside.kind.to_owned(),
        name,
        account: None,
    });
}

/// Says of a password that it has the shape of an app password, when it opens a mail server of who gives such passwords out: 16
/// small letters, with or without spaces between fours (<https://support.google.com/accounts/answer/185833>,
/// <https://support.microsoft.com/account-billing/how-to-get-and-use-app-passwords-5896ed9b-4263-e681-128a-a6f2979a7944>). Words
/// that stand for a value have few letters or speak of passwords.
pub fn app_password(proof: &mut Proof, secret: &[u8], host: &str) {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    let host = host.split_once("://").map_or(host.as_str(), |(_, rest)| rest);
    let provider = match host.split([':', '/']).next().unwrap_or_default() {
        "smtp.gmail.com" | "imap.gmail.com" | "smtp-relay.gmail.com" => "google",
        "smtp.office365.com" | "outlook.office365.com" => "microsoft",
        _ => return,
    };
    let text = String::from_utf8_lossy(secret);
    let text = text.trim().trim_matches(['"', '\'']);
    let spaced = text.split(' ').count() == 4 && text.split(' ').all(|part| part.len() == 4);
    let letters: String = text.chars().filter(|c| *c != ' ').collect();
    let whole = letters.len() == 16 && letters.bytes().all(|b| b.is_ascii_lowercase()) && (spaced || text.len() == 16);
    let distinct = letters.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    let in_order = letters
        .as_bytes()
        .windows(4)
        .any(|four| four.iter().zip(four.iter().skip(1)).all(|(first, second)| *second == first.saturating_add(1)));
    let words = ["pass", "your", "secret", "example", "here", "mail", "change"];
    if whole && distinct >= 7 && !in_order && !words.iter().any(|word| letters.contains(word)) {
        util::set(proof, "app_password", provider);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn named(user: &str, host: &str, password: &str) -> Proof {
        let mut proof = Proof::default();
        let beside = Beside { user: user.to_owned(), host: host.to_owned(), kind: "database" };
        name(&mut proof, password.as_bytes(), &beside);
        proof
    }

    #[test]
    fn user_and_host_beside_a_password_name_its_owner_as_a_connection_string_would() {
        let proof = named("app", "DB.acme.io", "pd8Kw2mZq4");
        let identity = proof.identity.unwrap();
        assert_eq!(identity.key.as_str(), "database:user:app@db.acme.io");
        assert_eq!(proof.attributes.get("host").map(String::as_str), Some("db.acme.io"));
    }

    #[test]
    fn app_passwords_are_told_by_their_shape_and_their_server() {
        let told = |password: &str, host: &str| {
            let mut proof = Proof::default();
            app_password(&mut proof, password.as_bytes(), host);
            proof.attributes.get("app_password").cloned()
        };
        // Put together, so that none stands here.
        let letters = ["qzvk", "trwp", "hnxe", "lgya"];
        let (plain, spaced) = (letters.concat(), letters.join(" "));
        assert_eq!(told(&plain, "smtp.gmail.com").as_deref(), Some("google"));
        assert_eq!(told(&spaced, "IMAP.gmail.com:993").as_deref(), Some("google"));
        assert_eq!(told(&plain, "smtp.office365.com").as_deref(), Some("microsoft"));
        for (password, host) in [
            (plain.as_str(), "smtp.acme.io"),
            (plain.as_str(), "smtp.gmail.com.acme.io"),
            (&plain[1..], "smtp.gmail.com"),
            ("qzvktrwp hnxelgya", "smtp.gmail.com"),
            ("abcdefghijklmnop", "smtp.gmail.com"),
            ("yourpasswordhere", "smtp.gmail.com"),
            ("xxxxxxxxxxxxxxxx", "smtp.gmail.com"),
            ("Qzvktrwphnxelgya", "smtp.gmail.com"),
            ("", "smtp.gmail.com"),
        ] {
            assert_eq!(told(password, host), None, "{password} {host}");
        }
    }

    #[test]
    fn what_stands_for_a_user_or_a_host_names_nobody() {
        for (user, host) in [
            ("${DB_USER}", "db.acme.io"),
            ("changeme", "db.acme.io"),
            ("", "db.acme.io"),
            ("pd8Kw2mZq4", "db.acme.io"),
            ("app", "${DB_HOST}"),
            ("app", "db.example.com"),
            ("app", ""),
            ("oauth2", "git.acme.io"),
        ] {
            assert_eq!(named(user, host, "pd8Kw2mZq4").identity, None, "{user} {host}");
        }
        assert_eq!(named("app", "", "pd8Kw2mZq4").attributes.get("user").map(String::as_str), Some("app"));
        assert!(named("pd8Kw2mZq4", "", "pd8Kw2mZq4").attributes.is_empty());
    }
}
