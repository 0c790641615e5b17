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
