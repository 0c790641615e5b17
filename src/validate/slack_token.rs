//! Slack tokens: <https://docs.slack.dev/authentication/tokens>. The segments between the prefix and the last one are
//! numeric ids of workspace and bot or user, app-level tokens carry the app's id; Slack documents the prefixes only.

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "slack-token",
    about: "says what kind of Slack token it is and reads workspace, bot or app",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    // `xoxe.xoxb-…` and `xoxe.xoxp-…` are tokens under rotation.
    let (rotated, token) = match token.strip_prefix("xoxe.") {
        Some(rest) => (true, rest),
        None => (false, token.as_ref()),
    };
    let segments: Vec<&str> = token.splitn(12, '-').collect();
    let Some((kind, human)) = segments.first().and_then(|p| kind_of(p)) else {
        return util::malformed(Confidence::Low, "It has none of Slack's prefixes.");
    };
    let mut proof = Proof::default();
    util::set(&mut proof, "token_type", kind);
    if human {
        util::set(&mut proof, "human", "yes");
        util::say(&mut proof, "It carries the rights of the person who installed the app or signed in.");
    }
    if rotated {
        util::say(&mut proof, "It is under token rotation, so it lasts 12 hours.");
    }
    if segments.last().is_none_or(|s| util::stands_for(s).is_some()) {
        util::mark_test(&mut proof, "A placeholder stands where the secret part would.");
        return proof;
    }
    ids(&mut proof, kind, &segments);
    proof
}

fn kind_of(prefix: &str) -> Option<(&'static str, bool)> {
    Some(match prefix {
        "xoxb" => ("bot", false),
        "xoxp" => ("user", true),
        "xoxs" | "xoxc" | "xoxd" => ("session", true),
        "xapp" => ("app-level", false),
        "xoxe" => ("refresh", false),
        "xoxa" | "xoxr" => ("workspace", false),
        "xoxo" => ("legacy", false),
        "xwfp" => ("workflow", false),
        _ => return None,
    })
}

fn ids(proof: &mut Proof, kind: &str, segments: &[&str]) {
    let numeric = |i: usize| {
        segments.get(i).copied().filter(|s| (9..=14).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit()))
    };
    let hint = |kind: &str, id: String, identity: IdentityKind, team: Option<&str>| IdentityHint {
        key: IdentityKey::new("slack", kind, &id),
        kind: identity,
        provider: "slack".to_owned(),
        name: format!("Slack {kind} {id}"),
        account: team.map(str::to_owned),
    };
    match (kind, numeric(1), numeric(2)) {
        ("bot", Some(team), Some(bot)) if segments.len() >= 4 => {
            util::set(proof, "team", team);
            util::set(proof, "bot", bot);
            proof.confidence = Some(Confidence::High);
            proof.identity = Some(hint("bot", format!("{team}/{bot}"), IdentityKind::Bot, Some(team)));
        }
        ("user" | "session", Some(team), Some(user)) => {
            util::set(proof, "team", team);
            util::set(proof, "user", user);
            proof.confidence = Some(Confidence::High);
            proof.identity = Some(hint("user", format!("{team}/{user}"), IdentityKind::UserToken, Some(team)));
        }
        ("app-level", _, _) => {
            let app = segments.get(2).filter(|s| s.starts_with('A') && (9..=13).contains(&s.len()));
            if let Some(app) = app.filter(|s| s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())) {
                util::set(proof, "app_id", app);
                proof.confidence = Some(Confidence::High);
                proof.identity = Some(hint("app", (*app).to_owned(), IdentityKind::Application, None));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    #[test]
    fn a_bot_token_names_workspace_and_bot() {
        let proof = check(&format!("{}-123456789012-2345678901234-{}", "xoxb", noise(71, 24)));
        assert_eq!(proof.identity.unwrap().key.as_str(), "slack:bot:123456789012/2345678901234");
        assert_eq!(proof.attributes["token_type"], "bot");
        assert_eq!(proof.validity, Validity::Unverified);
    }

    #[test]
    fn a_user_token_is_a_persons() {
        let proof = check(&format!("{}-1234567890-2345678901-3456789012-{}", "xoxp", noise(72, 32)));
        assert_eq!(proof.attributes["human"], "yes");
        assert_eq!(proof.identity.unwrap().kind, IdentityKind::UserToken);
    }

    #[test]
    fn an_app_level_token_names_its_app() {
        let proof = check(&format!("{}-1-A0123456789-1234567890123-{}", "xapp", noise(73, 64)));
        assert_eq!(proof.identity.unwrap().key.as_str(), "slack:app:A0123456789");
    }

    #[test]
    fn placeholders_are_test_values_and_odd_segments_give_no_identity() {
        assert_eq!(check("xoxb-your-token").validity, Validity::TestValue);
        assert_eq!(check(&format!("{}-12-ab-{}", "xoxb", noise(74, 24))).identity, None);
        assert_eq!(check("abc").validity, Validity::Malformed);
    }
}
