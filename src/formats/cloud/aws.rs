//! What the readers of AWS exports share: ARNs, key ids, dates, tags.

use data_encoding::BASE32;
use serde_json::Value;

use crate::formats::ReadNotice;
use crate::model::{
    At, Environment, EnvironmentClass, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, When,
};

/// Provider word of all facts here.
pub const PROVIDER: &str = "aws";

/// Kind of an access-key credential, the same word as the rule that finds one in the clear.
pub const ACCESS_KEY: &str = "aws-access-key";

/// The account in an ARN: its fifth part, when that is twelve digits
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
#[must_use]
pub fn account_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    (parts.next() == Some("arn")).then_some(())?;
    parts.nth(3).filter(|account| is_account(account))
}

/// The part of an ARN after the account: `user/path/name`.
#[must_use]
pub fn resource_of_arn(arn: &str) -> Option<&str> {
    arn.starts_with("arn:").then(|| arn.splitn(6, ':').nth(5)).flatten()
}

/// True for a twelve-digit account id.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The account inside an access-key id. The sixteen characters after the four-letter prefix are base32; bits 7 to 46 of
/// their first six bytes are the account number. Ids whose fifth character is `I` or `J` were issued before that scheme
/// and tell nothing, so they give `None`.
#[must_use]
pub fn account_of_key(id: &str) -> Option<String> {
    let body = id.get(4..).filter(|body| body.len() == 16 && id.is_ascii())?;
    if body.starts_with(['I', 'J']) {
        return None;
    }
    let bytes = BASE32.decode(body.as_bytes()).ok()?;
    let number = bytes.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let account = format!("{:012}", (number & 0x7fff_ffff_ff80) >> 7);
    is_account(&account).then_some(account)
}

/// Key of an IAM user by account and name. Names are unique within an account whatever their path
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>), so it is exact; exports that give no
/// ARN join those that do through it.
#[must_use]
pub fn user_alias(account: &str, name: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "user-name", &format!("{account}/{name}"))
}

/// A date as any AWS tool prints it: text, or epoch seconds as a number. Anything else is unknown.
#[must_use]
pub fn date(value: Option<&Value>) -> When {
    match value {
        Some(Value::String(text)) => When::parse(text),
        Some(Value::Number(number)) => When::parse(&number.to_string()),
        _ => When::Unknown,
    }
}

/// A string field of an object.
#[must_use]
pub fn text<'v>(object: &'v Value, field: &str) -> Option<&'v str> {
    object.get(field).and_then(Value::as_str)
}

/// The later of two dates: a moment wins over every word, `Never` over the other words.
#[must_use]
pub fn latest(a: When, b: When) -> When {
    match (a, b) {
        (When::At(x), When::At(y)) => When::At(x.max(y)),
        (When::At(_), _) | (When::Never, When::Unknown | When::NotApplicable | When::Unsupported) => a,
        (_, When::At(_) | When::Never) => b,
        (When::Unknown, _) => b,
        _ => a,
    }
}

/// Key and value pairs of a `Tags` list.
fn tags(object: &Value) -> impl Iterator<Item = (String, &str)> {
    let list = object.get("Tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|tag| Some((text(tag, "Key")?.to_ascii_lowercase(), text(tag, "Value")?)))
}

/// The owner that a resource's tags name, by the most personal of the usual tag names.
#[must_use]
pub fn owner(object: &Value) -> Option<String> {
    const NAMES: [&str; 6] = ["owner", "owner-email", "owneremail", "contact", "maintainer", "team"];
    let rank = |key: &str| NAMES.iter().position(|name| *name == key);
    let named = tags(object).filter(|(_, value)| !value.trim().is_empty());
    named
        .filter_map(|(key, value)| Some((rank(&key)?, value)))
        .min()
        .map(|(_, value)| value.trim().chars().take(200).collect())
}

/// The environment that a resource's tags name; an unusual word stays unknown, with the tag as the reason.
#[must_use]
pub fn environment(object: &Value) -> Environment {
    const NAMES: [&str; 3] = ["environment", "env", "stage"];
    let tag = tags(object).filter(|(key, _)| NAMES.contains(&key.as_str())).min();
    let Some((key, value)) = tag else { return Environment::default() };
    let class = match value.trim().to_ascii_lowercase().as_str() {
        "prod" | "production" | "prd" | "live" => EnvironmentClass::Prod,
        "dev" | "develop" | "development" | "test" | "testing" | "tst" | "qa" | "uat" | "stage" | "staging" | "stg"
        | "sandbox" | "nonprod" | "non-prod" | "preprod" | "pre-prod" | "integration" | "demo" => {
            EnvironmentClass::Nonprod
        }
        _ => EnvironmentClass::Unknown,
    };
    let value: String = value.chars().take(40).collect();
    Environment { class, why: format!("tag {key}={value}") }
}

/// The environment that an account's name or alias says it is for (`acme-prod`, `Development Account`).
#[must_use]
pub fn environment_of_account(name: &str) -> Environment {
    let name: String = name.chars().take(80).collect();
    crate::model::environment::classify("account", &name)
}

/// The user or role that an ARN names, with what the ARN alone tells. `None` for sessions, whose ARNs leave out the path of
/// their role, and for all other resources.
#[must_use]
pub fn identity_of_arn(arn: &str) -> Option<IdentityFact> {
    let account = account_of_arn(arn)?;
    let (kind, rest) = resource_of_arn(arn)?.split_once('/')?;
    let name = rest.rsplit('/').next().filter(|name| !name.is_empty())?;
    let mut fact = match kind {
        "user" => IdentityFact::new(IdentityKey::new(PROVIDER, "user", arn), IdentityKind::CloudUser, PROVIDER, name),
        "role" => {
            let mut fact =
                IdentityFact::new(IdentityKey::new(PROVIDER, "role", arn), IdentityKind::Role, PROVIDER, name);
            let people = rest.starts_with("aws-reserved/sso.amazonaws.com/");
            fact.human = if people { Human::Yes } else { Human::No };
            fact
        }
        _ => return None,
    };
    if kind == "user" {
        fact.aliases.push(user_alias(account, name));
    }
    fact.account = Some(account.to_owned());
    Some(fact)
}

/// A gap at a place of the input, as exactly as the reader knows it.
#[must_use]
pub fn gap_at(code: &'static str, at: &At, message: impl Into<String>) -> ReadNotice {
    let gap = gap(code, at.line, message);
    ReadNotice { column: at.column.filter(|_| gap.line > 0).unwrap_or(gap.column), ..gap }
}

/// A gap at a line (0 when unknown).
#[must_use]
pub fn gap(code: &'static str, line: Option<u64>, message: impl Into<String>) -> ReadNotice {
    let line = line.unwrap_or(0);
    ReadNotice { kind: NoticeKind::Gap, code, line, column: u64::from(line > 0), message: message.into() }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    /// An access-key id of the current scheme for an account, made from a seed so that no id stands in a file.
    pub fn key_id(account: u64, seed: u32) -> String {
        let head = (1_u64 << 47 | account << 7 | u64::from(seed & 0x7f)).to_be_bytes();
        let mut bytes = head[2..].to_vec();
        bytes.extend(seed.wrapping_mul(2_654_435_761).to_be_bytes());
        format!("AKIA{}", BASE32.encode(&bytes))
    }

    #[test]
    fn the_account_is_read_out_of_a_key_id() {
        for account in [1, 123_456_789_012, 999_999_999_999] {
            assert_eq!(account_of_key(&key_id(account, 77)), Some(format!("{account:012}")));
        }
        // The documentation's sample id is of the old scheme.
        assert_eq!(account_of_key(&["AKIA", "IOSFODNN7", "EXAMPLE"].concat()), None);
        for odd in ["", "1111111111111111", "ÉÉÉÉÉÉÉÉ", "QQQQQQQQQQQQQQQQQ"] {
            assert_eq!(account_of_key(&format!("AKIA{odd}")), None, "{odd}");
        }
    }

    #[test]
    fn accounts_and_resources_are_read_out_of_arns_of_every_partition() {
        assert_eq!(account_of_arn("arn:aws:iam::123456789012:user/a/b"), Some("123456789012"));
        assert_eq!(account_of_arn("arn:aws-us-gov:iam::123456789012:root"), Some("123456789012"));
        assert_eq!(account_of_arn("arn:aws:iam::aws:policy/ReadOnlyAccess"), None);
        assert_eq!(account_of_arn("123456789012"), None);
        assert_eq!(resource_of_arn("arn:aws:iam::123456789012:user/a/b"), Some("user/a/b"));
        assert_eq!(resource_of_arn("user/a"), None);
    }

    #[test]
    fn a_moment_wins_over_never_and_never_over_not_knowing() {
        let (early, late) = (When::parse("2020-01-01"), When::parse("2021-01-01"));
        for (a, b, want) in [
            (early, late, late),
            (early, When::Never, early),
            (When::Never, When::NotApplicable, When::Never),
            (When::Unknown, When::Unsupported, When::Unsupported),
        ] {
            assert_eq!(latest(a, b), want);
            assert_eq!(latest(b, a), want);
        }
    }

    #[test]
    fn tags_name_the_owner_and_the_environment_and_odd_words_stay_unknown() {
        let role = json!({"Tags": [{"Key": "Team", "Value": "payments"}, {"Key": "OWNER", "Value": "ana@example.com"},
            {"Key": "Environment", "Value": "Production"}]});
        assert_eq!(owner(&role).as_deref(), Some("ana@example.com"));
        assert_eq!(environment(&role).class, EnvironmentClass::Prod);
        let odd = json!({"Tags": [{"Key": "env", "Value": "production-like-test"}, {"Key": "owner", "Value": " "}]});
        assert_eq!((owner(&odd), environment(&odd).class), (None, EnvironmentClass::Unknown));
        assert_eq!(owner(&json!({"Tags": {"Owner": "x"}})), None);
    }
}
