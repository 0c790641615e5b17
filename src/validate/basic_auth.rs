//! HTTP Basic credentials, in a URL or as `Basic base64(user:password)`: RFC 7617
//! <https://www.rfc-editor.org/rfc/rfc7617>.

use super::connection_string::{self, Target};
use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "basic-auth",
    about: "reads user and host of HTTP Basic credentials and tells sample ones",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// User names that only say that the password is a token.
pub(super) const TOKEN_USERS: [&str; 9] = [
    "x-access-token",
    "oauth2",
    "x-token-auth",
    "gitlab-ci-token",
    "token",
    "x-oauth-basic",
    "git",
    "__token__",
    "_json_key",
];

/// Commands that take a login as an option.
const COMMANDS: [&str; 2] = ["curl", "wget"];

fn prove(subject: &Subject<'_>) -> Proof {
    let whole = util::whole_text(subject);
    // In a URL the password may be base 64 by itself, so a URL is never decoded as a whole. The address of a registry
    // beside its login has no `@`.
    let mut target = if whole.contains("://") && whole.contains('@') {
        connection_string::parse(&whole).unwrap_or_default()
    } else {
        let secret = util::secret_text(subject);
        // An option of a command holds the password as it is; the user before it may look too much like a key to be told.
        let option = COMMANDS.iter().any(|command| whole.starts_with(command) && whole.len() > secret.len());
        let read = [&secret, &whole].into_iter().find_map(|text| decode(text));
        read.unwrap_or_else(|| Target { password: option.then(|| secret.to_string()), ..Target::default() })
    };
    let said = target.password.is_some() || target.user.is_some();
    connection_string::complete(&mut target, subject);
    if !said && target.user.is_none() {
        return util::malformed(
            Confidence::Low,
            "It is neither a URL with credentials nor the base64 of user and password.",
        );
    }
    let mut proof = Proof::default();
    connection_string::judge(&mut proof, &target);
    identity(&mut proof, &target);
    proof
}

/// The user and password of `Basic dXNlcjpwdw==` or of its base64 alone.
fn decode(text: &str) -> Option<Target> {
    let text = text.trim();
    let value = match text.get(..6) {
        Some(scheme) if scheme.eq_ignore_ascii_case("basic ") => text.get(6..)?.trim(),
        _ => text,
    };
    if value.len() < 4 || value.contains("://") {
        return None;
    }
    let bytes = util::base64(value.as_bytes())?;
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let readable = |s: &str| s.chars().all(|c| !c.is_control());
    // The password of `_json_key` is the key file of a Google service account, lines and all
    // (<https://docs.cloud.google.com/artifact-registry/docs/docker/authentication>).
    (readable(user) && (readable(password) || user == "_json_key")).then(|| Target {
        user: Some(user.to_owned()).filter(|u| !u.is_empty()),
        password: Some(password.to_owned()),
        ..Target::default()
    })
}

/// Names the user at its host, unless the name only says that the password is a token.
pub(super) fn identity(proof: &mut Proof, target: &Target) {
    let Some(user) = target.user.as_deref().filter(|u| !u.is_empty()) else { return };
    if TOKEN_USERS.contains(&user) {
        util::say(proof, "The user name only says that the password is a token.");
        return;
    }
    let real = util::stands_for(user).is_none() && util::stands_for(&target.host).is_none();
    if target.host.is_empty() || !real || !proof.attributes.contains_key("user") {
        return;
    }
    let name = format!("{}@{}", util::shown(user), util::shown(&target.host));
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("http", "user", &name),
        kind: IdentityKind::Other,
        provider: "http".to_owned(),
        name,
        account: None,
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use data_encoding::BASE64;

    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    #[test]
    fn both_forms_give_the_user() {
        let password = noise(121, 14);
        let proof = check(&format!("https://bot:{password}@git.shop.io/repo.git"));
        assert_eq!(proof.identity.unwrap().key.as_str(), "http:user:bot@git.shop.io");
        let proof = check(&format!("Basic {}", BASE64.encode(format!("bot:{password}").as_bytes())));
        assert_eq!(proof.attributes["user"], "bot");
        assert!(!proof.attributes.values().any(|v| v.contains(&password)));
    }

    #[test]
    fn a_login_of_a_command_whose_user_looks_like_a_key_was_taken_for_none() {
        let (user, password) = (noise(122, 32), noise(123, 40));
        let login = |command: &str, password: &str| {
            let matched = format!("{command} -s -u {user}:{password}");
            (VALIDATOR.check)(&Subject { matched: matched.as_bytes(), ..subject(password.as_bytes()) })
        };
        let proof = login("curl", &password);
        assert_eq!((proof.validity, proof.confidence), (Validity::default(), None));
        assert!(proof.identity.is_none());
        assert_eq!(login("curl", "changeme").confidence, Some(Confidence::Low));
        assert_eq!(login("other", &password).confidence, Some(Confidence::Low));
    }

    #[test]
    fn a_login_without_a_password_or_with_the_name_of_one_is_a_sample() {
        for login in ["iamapikey:", "api:ACCESS_KEY"] {
            let proof = check(&BASE64.encode(login.as_bytes()));
            assert_eq!(proof.confidence, Some(Confidence::Low), "{login}");
        }
        for url in
            ["http://user:password@with-at-sign@shop.io/p", "http://%3a:%3a@shop.io/", "mongodb://u:?c=a@shop.io/?c=l"]
        {
            assert_eq!(check(url).confidence, Some(Confidence::Low), "{url}");
        }
    }

    #[test]
    fn token_users_are_no_identity() {
        let proof = check(&format!("https://x-access-token:{}@github.com/o/r", noise(122, 36)));
        assert_eq!(proof.identity, None);
        assert_eq!(proof.attributes["user"], "x-access-token");
    }

    #[test]
    fn a_token_in_the_place_of_the_user_is_never_shown() {
        for (seed, token, password) in [
            (124, format!("ghp_{}", noise(125, 36)), "x-oauth-basic".to_owned()),
            (126, noise(127, 40), "x".to_owned()),
            (128, noise(129, 18), noise(130, 12)),
        ] {
            let proof = check(&format!("https://{token}:{password}@git.shop.io/repo.git"));
            let shown = format!("{:?} {:?} {:?}", proof.attributes, proof.evidence, proof.identity);
            assert!(!shown.contains(&token), "{seed}: {shown}");
        }
        for name in
            ["deploy-bot", "svc-app-prod-2", "first.last@shop.io", "continuousintegration2024", "u12345678901234"]
        {
            let proof = check(&format!("https://{name}:{}@git.shop.io/repo.git", noise(131, 14)));
            assert_eq!(proof.attributes["user"], name);
        }
    }

    #[test]
    fn samples_are_test_values_and_other_base64_is_malformed() {
        assert_eq!(check("https://user:password@git.shop.io").validity, Validity::TestValue);
        assert_eq!(check("https://user:s3cr3tvalue@example.com").validity, Validity::TestValue);
        let proof = check(&format!("Basic {}", BASE64.encode(b"no colon in here")));
        assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(Confidence::Low)));
    }
}
