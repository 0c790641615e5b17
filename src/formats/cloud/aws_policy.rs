//! AWS IAM policy documents: a compact form.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. `Statement` may be an object
//! or a list; `Action`, `Resource` and condition values may be a string or a list; the raw API gives the whole document as a
//! URL-encoded string. What they grant together is worked out in `aws_rights`.

use std::borrow::Cow;

use serde_json::Value;

use super::aws_patterns::Patterns;

/// Patterns kept of one document. Customers may write 10,240 characters; AWS's own policies for its services run to some
/// thousands of actions.
const PATTERNS_MAX: usize = 16_384;

/// Characters kept of a condition's description.
const CONDITION_MAX: usize = 300;

/// A policy, reduced to what decides about rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// One statement of an identity-based policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Allow`; otherwise `Deny`.
    pub allow: bool,
    /// `Action` patterns as written; with `not_action` the exceptions.
    pub actions: Patterns,
    /// True for `NotAction`.
    pub not_action: bool,
    /// `Resource` patterns; with `not_resource` the exceptions.
    pub resources: Patterns,
    /// True for `NotResource`.
    pub not_resource: bool,
    /// The condition in words.
    pub condition: Option<Box<str>>,
}

impl Policy {
    /// Reads a document. `None` when it is none: not an object after decoding, or far beyond AWS's limits. Statements
    /// without effect, action or resource are left out, as AWS would refuse them.
    #[must_use]
    pub fn parse(document: &Value) -> Option<Self> {
        let document = decode(document)?;
        let mut statements: Vec<Statement> =
            one_or_many(document.get("Statement")?).iter().filter_map(Statement::parse).collect();
        statements.shrink_to_fit();
        let patterns: usize = statements.iter().map(|s| s.actions.len() + s.resources.len()).sum();
        (patterns <= PATTERNS_MAX).then_some(Self { statements })
    }

    /// Roughly the memory it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = |list: &Patterns| list.iter().map(|text| text.len() + 24).sum::<usize>();
        self.statements.iter().map(|s| 128 + text(&s.actions) + text(&s.resources)).sum()
    }
}

impl Statement {
    fn parse(value: &Value) -> Option<Self> {
        let allow = match value.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        let (actions, not_action) = pair(value, "Action", "NotAction")?;
        let (resources, not_resource) = pair(value, "Resource", "NotResource")?;
        if value.get("Condition").is_some_and(never_holds) {
            return None;
        }
        let condition = value.get("Condition").and_then(describe_condition).map(String::into_boxed_str);
        Some(Self { allow, actions, not_action, resources, not_resource, condition })
    }

    /// True when the statement speaks of this action.
    #[must_use]
    pub fn matches_action(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| glob_fold(pattern, action)) != self.not_action
    }

    /// True when every action that a pattern stands for is one that the statement speaks of. Errs on the side of false.
    #[must_use]
    pub fn covers_action(&self, pattern: &str) -> bool {
        if self.not_action {
            !pattern.contains(['*', '?']) && self.matches_action(pattern)
        } else {
            self.actions.iter().any(|own| glob_fold(own, pattern))
        }
    }

    /// True when every resource that a pattern stands for is one that the statement speaks of. Errs on the side of false.
    #[must_use]
    pub fn covers_resource(&self, pattern: &str) -> bool {
        if self.not_resource {
            !pattern.contains(['*', '?', '$']) && !self.resources.iter().any(|own| glob(own, pattern))
        } else {
            self.resources.iter().any(|own| glob(own, pattern))
        }
    }

    /// The resources it speaks of, `*` for all but some.
    #[must_use]
    pub fn reach(&self) -> Vec<&str> {
        if self.not_resource { vec!["*"] } else { self.resources.iter().collect() }
    }
}

/// A document as an object: as it stands, or out of a JSON or URL-encoded string.
#[must_use]
pub fn decode(document: &Value) -> Option<Cow<'_, Value>> {
    match document {
        Value::Object(_) => Some(Cow::Borrowed(document)),
        Value::String(text) => {
            let text = text.trim();
            let plain = if text.starts_with('{') { text.to_owned() } else { percent_decode(text)? };
            serde_json::from_str::<Value>(&plain).ok().filter(Value::is_object).map(Cow::Owned)
        }
        _ => None,
    }
}

/// The items of a list, or the value itself as a list of one; null is empty.
#[must_use]
pub fn one_or_many(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        _ => std::slice::from_ref(value),
    }
}

/// The strings of a string or list; numbers and booleans, which condition values may be, as text.
#[must_use]
pub fn strings(value: &Value) -> Vec<String> {
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(item.to_string()),
        _ => None,
    };
    one_or_many(value).iter().filter_map(text).collect()
}

fn pair(value: &Value, plain: &str, negated: &str) -> Option<(Patterns, bool)> {
    if let Some(list) = value.get(plain) {
        return Some((patterns(list), false)).filter(|(list, _)| !list.is_empty());
    }
    value.get(negated).map(|list| (patterns(list), true))
}

/// The same as [`strings`], put away.
fn patterns(value: &Value) -> Patterns {
    fn text(item: &Value) -> Option<Cow<'_, str>> {
        match item {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(item.to_string())),
            _ => None,
        }
    }
    one_or_many(value).iter().filter_map(text).collect()
}

/// Dates before this one are past for whoever reads them with this code.
const PAST: &str = "2026-01-01";

/// True for a condition that asks the time, or the age of a session, to lie before a date that is past. A session lives
/// for some hours, so none of those that hold it is left
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>).
fn never_holds(condition: &Value) -> bool {
    let date = |value: &String| {
        let day = value.get(..10).unwrap_or_default();
        day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-') && day < PAST
    };
    let tests = condition.as_object().into_iter().flatten();
    tests.filter(|(operator, _)| matches!(operator.as_str(), "DateLessThan" | "DateLessThanEquals")).any(|(_, keys)| {
        keys.as_object().into_iter().flatten().any(|(key, values)| {
            let clock = ["aws:TokenIssueTime", "aws:CurrentTime"].iter().any(|known| known.eq_ignore_ascii_case(key));
            let values = strings(values);
            clock && !values.is_empty() && values.iter().all(date)
        })
    })
}

/// A condition in words: `StringEquals aws:PrincipalOrgID = o-1; Bool aws:MultiFactorAuthPresent = true`. External ids are
/// left out, because some treat them as secrets.
fn describe_condition(condition: &Value) -> Option<String> {
    let mut parts = Vec::new();
    for (operator, keys) in condition.as_object()? {
        for (key, values) in keys.as_object().into_iter().flatten() {
            if key.eq_ignore_ascii_case("sts:ExternalId") {
                parts.push(format!("{operator} {key}"));
            } else {
                parts.push(format!("{operator} {key} = {}", strings(values).join(" | ")));
            }
        }
    }
    let text: String = parts.join("; ").chars().take(CONDITION_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// Decodes `%XX`; `None` when the result is not UTF-8 or an escape is cut short.
fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
            out.push(u8::try_from(value).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// Matches a pattern of `*` (any run) and `?` (any one character) against a text. A `*` in the text is only matched by a
/// `*`, so that with a pattern as the text a match means that the first pattern covers the second.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a == b)
}

/// The same without regard to case, for actions.
#[must_use]
pub fn glob_fold(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a.eq_ignore_ascii_case(b))
}

fn matches(pattern: &str, text: &str, same: impl Fn(&u8, &u8) -> bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the run after the last star turns out too short: after the star, one byte further in the text.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') if *byte != b'*' => {
                p += 1;
                t += 1;
            }
            Some(own) if same(own, byte) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_may_be_an_object_and_its_parts_strings() {
        let one = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let many = json!({"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]});
        assert_eq!(Policy::parse(&one).unwrap(), Policy::parse(&many).unwrap());
        assert_eq!(Policy::parse(&one).unwrap().statements.len(), 1);
    }

    #[test]
    fn url_encoded_and_quoted_documents_are_the_same_policy() {
        let plain = json!({"Statement": [{"Effect": "Deny", "NotAction": "iam:é*", "Resource": "*"}]});
        let text = plain.to_string();
        let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
        let want = Policy::parse(&plain).unwrap();
        assert_eq!(Policy::parse(&Value::String(text)).unwrap(), want);
        assert_eq!(Policy::parse(&Value::String(encoded)).unwrap(), want);
        for odd in [json!("%7"), json!("%zz"), json!("%ff%fe"), json!("text"), json!(1), json!([]), json!({})] {
            assert_eq!(Policy::parse(&odd), None, "{odd}");
        }
    }

    #[test]
    fn long_policies_of_aws_are_read_and_endless_ones_are_not() {
        let with = |count: usize| {
            let actions: Vec<String> = (0..count).map(|n| format!("svc:Action{n}")).collect();
            Policy::parse(&json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}))
        };
        assert!(with(5000).is_some());
        assert!(with(50_000).is_none());
    }

    #[test]
    fn conditions_are_told_without_external_ids() {
        let condition = json!({"StringEquals": {"sts:ExternalId": "shared-word", "aws:PrincipalOrgID": ["o-1", "o-2"]},
            "Bool": {"aws:MultiFactorAuthPresent": true}});
        assert_eq!(
            describe_condition(&condition).unwrap(),
            "Bool aws:MultiFactorAuthPresent = true; StringEquals aws:PrincipalOrgID = o-1 | o-2; StringEquals sts:ExternalId"
        );
        assert_eq!(describe_condition(&json!({})), None);
    }

    #[test]
    fn a_pattern_covers_what_it_matches_and_narrower_patterns_only() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("iam:*", "iam:passrole", true),
            ("iam:*", "iam:*", true),
            ("iam:create*", "iam:*", false),
            ("iam:*role", "iam:passrole", true),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcdef", false),
            ("arn:aws:s3:::*", "arn:aws:s3:::b/*", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn globs_agree_with_the_regex_engine(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let regex = pattern.replace('*', ".*").replace('?', ".");
            let regex = regex::Regex::new(&format!("^{regex}$")).unwrap();
            prop_assert_eq!(glob(&pattern, &text), regex.is_match(&text));
        }

        #[test]
        fn covering_is_sound(wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            if glob(&wide, &narrow) && glob(&narrow, &text) {
                prop_assert!(glob(&wide, &text));
            }
        }
    }
}
