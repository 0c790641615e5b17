//! Who may assume an AWS role: its trust policy as trust facts, one for each principal and each value that it accepts.
//!
//! Principals: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>; condition keys of
//! OIDC federation: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>. Values of one
//! operator and key are alternatives, so each becomes a fact of its own; different keys hold together, so the other claims
//! that are tested stand in the attributes of every fact.

use std::collections::BTreeMap;

use serde_json::Value;

use super::aws;
use super::aws_policy::{decode, glob_fold, one_or_many, strings};
use crate::model::{IdentityKey, TrustFact};

/// Trust facts of one role.
const FACTS_MAX: usize = 512;

/// Characters kept of the values of one condition key.
const VALUES_MAX: usize = 300;

/// What a trust policy gave.
#[derive(Debug)]
pub struct Trusts {
    /// The facts.
    pub facts: Vec<TrustFact>,
    /// True when there were more than are kept.
    pub cut: bool,
}

/// Reads a trust policy (`AssumeRolePolicyDocument`, an object or its URL-encoded text). `None` when it is neither.
#[must_use]
pub fn trusts(role_arn: &str, key: &IdentityKey, document: &Value) -> Option<Trusts> {
    let document = decode(document)?;
    let statements = one_or_many(document.get("Statement")?);
    let denies = statements.iter().filter(|s| aws::text(s, "Effect") == Some("Deny")).count();
    let mut out = Trusts { facts: Vec::new(), cut: false };
    for (index, statement) in statements.iter().enumerate() {
        if aws::text(statement, "Effect") != Some("Allow") || !assumes(statement) {
            continue;
        }
        let mut common = BTreeMap::new();
        let name = aws::text(statement, "Sid").filter(|sid| !sid.is_empty());
        common.insert("statement".to_owned(), name.map_or_else(|| (index + 1).to_string(), str::to_owned));
        common.insert("action".to_owned(), statement.get("Action").map(strings).unwrap_or_default().join(", "));
        if denies > 0 {
            common.insert("deny_statements".to_owned(), denies.to_string());
        }
        let conditions = statement.get("Condition").map(tests_of).unwrap_or_default();
        for principal in principals(statement, role_arn) {
            principal.facts(key, &conditions, &common, &mut out);
        }
    }
    Some(out)
}

/// True when the statement's action takes the role on; `sts:TagSession` alone does not.
fn assumes(statement: &Value) -> bool {
    const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => {
            strings(actions).iter().any(|pattern| ASSUME.iter().any(|action| glob_fold(pattern, action)))
        }
        (None, Some(_)) => true,
        (None, None) => false,
    }
}

/// One test of a condition block.
#[derive(Debug, Clone)]
struct Test {
    operator: String,
    key: String,
    values: Vec<String>,
}

fn tests_of(condition: &Value) -> Vec<Test> {
    let mut out = Vec::new();
    for (operator, keys) in condition.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            out.push(Test { operator: operator.clone(), key: key.clone(), values: strings(values) });
        }
    }
    out
}

impl Test {
    /// `StringLike` out of `ForAnyValue:StringLikeIfExists`.
    fn plain_operator(&self) -> &str {
        let operator = self.operator.rsplit(':').next().unwrap_or(&self.operator);
        operator.strip_suffix("IfExists").unwrap_or(operator)
    }

    /// True when the test lets certain values in, rather than keeping certain values out or asking for presence.
    fn is_positive(&self) -> bool {
        const OPERATORS: [&str; 6] =
            ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"];
        OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(self.plain_operator()))
    }

    /// True when the test also holds for a token that lacks the claim.
    fn is_vacuous(&self) -> bool {
        self.operator.ends_with("IfExists") || self.operator.starts_with("ForAllValues:")
    }

    /// Exact tests first: where two tests of one claim stand, the tighter one speaks.
    fn rank(&self) -> u8 {
        u8::from(self.is_vacuous()) * 2 + u8::from(self.plain_operator().eq_ignore_ascii_case("StringLike"))
    }

    fn describe(&self) -> String {
        let text = format!("{} {}", self.operator, self.values.join(" | "));
        text.chars().take(VALUES_MAX).collect()
    }
}

/// One principal of a statement.
struct Principal {
    issuer: String,
    /// What the issuer's claims begin with in condition keys: `<issuer>:sub`.
    prefix: Option<String>,
    attributes: BTreeMap<String, String>,
}

fn principals(statement: &Value, role_arn: &str) -> Vec<Principal> {
    let block = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(block), _) => block,
        (None, Some(_)) => {
            let mut everyone = Principal::aws("*", role_arn);
            everyone.attributes.insert("not_principal".to_owned(), "true".to_owned());
            return vec![everyone];
        }
        (None, None) => return Vec::new(),
    };
    if block.is_string() {
        return strings(block).iter().map(|name| Principal::aws(name, role_arn)).collect();
    }
    let mut out = Vec::new();
    for (kind, names) in block.as_object().into_iter().flatten() {
        out.extend(strings(names).iter().map(|name| match kind.as_str() {
            "Federated" => Principal::federated(name),
            "Service" => Principal::new(name.clone(), "service"),
            "AWS" => Principal::aws(name, role_arn),
            other => Principal::new(name.clone(), &other.to_ascii_lowercase()),
        }));
    }
    out
}

impl Principal {
    fn new(issuer: String, kind: &str) -> Self {
        let attributes = BTreeMap::from([("kind".to_owned(), kind.to_owned())]);
        Self { issuer, prefix: None, attributes }
    }

    /// An account, user, role or session. Bare account numbers mean the account's root ARN; ids like `AIDA…` stand in
    /// the place of principals that were deleted.
    fn aws(name: &str, role_arn: &str) -> Self {
        let issuer = if aws::is_account(name) { format!("arn:aws:iam::{name}:root") } else { name.to_owned() };
        let resource = aws::resource_of_arn(&issuer).map(|rest| rest.split(['/', ':']).next().unwrap_or(rest));
        let kind = match resource {
            Some("root") => "account",
            Some("user") => "user",
            Some("role") => "role",
            Some("assumed-role") => "session",
            Some(_) => "other",
            None if name.contains('*') => "anyone",
            // A reference that the input leaves open.
            None if name.contains("${") => "reference",
            None => "deleted",
        };
        let accounts = (aws::account_of_arn(&issuer), aws::account_of_arn(role_arn));
        let mut principal = Self::new(issuer.clone(), "aws");
        principal.attributes.insert("principal".to_owned(), kind.to_owned());
        if issuer.contains("AWSReservedSSO_") {
            // Roles of IAM Identity Center, through which people sign in.
            principal.attributes.insert("sso".to_owned(), "true".to_owned());
        }
        if let (Some("session"), Some(account), Some(role)) = (Some(kind), accounts.0, issuer.split('/').nth(1)) {
            // A session's ARN leaves out the path of its role, so this is exact for roles directly below `/` only.
            principal.attributes.insert("likely_role".to_owned(), format!("arn:aws:iam::{account}:role/{role}"));
        }
        if let (Some(theirs), Some(ours)) = accounts {
            principal.attributes.insert("same_account".to_owned(), (theirs == ours).to_string());
        }
        principal
    }

    /// An identity provider: an OIDC provider's ARN becomes its issuer without the scheme, SAML providers keep their ARN.
    fn federated(name: &str) -> Self {
        let resource = aws::resource_of_arn(name);
        if resource.is_some_and(|rest| rest.starts_with("saml-provider/")) {
            let mut principal = Self::new(name.to_owned(), "saml");
            principal.prefix = Some("SAML".to_owned());
            return principal;
        }
        let host = resource.and_then(|rest| rest.strip_prefix("oidc-provider/")).unwrap_or(name);
        let host = host.strip_prefix("https://").unwrap_or(host).trim_end_matches('/').to_owned();
        let mut principal = Self::new(host.clone(), "federated");
        if let Some(account) = aws::account_of_arn(name) {
            principal.attributes.insert("provider_account".to_owned(), account.to_owned());
        }
        principal.prefix = Some(host);
        principal
    }

    /// The claim that a condition key tests, when it is one of this issuer's.
    fn claim<'k>(&self, key: &'k str) -> Option<&'k str> {
        let (prefix, claim) = key.rsplit_once(':')?;
        let prefix = prefix.trim_end_matches('/');
        self.prefix.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(prefix)).then_some(claim)
    }

    fn facts(&self, key: &IdentityKey, tests: &[Test], common: &BTreeMap<String, String>, out: &mut Trusts) {
        let mut attributes = common.clone();
        attributes.extend(self.attributes.clone());
        let audience = self.speaking("aud", tests);
        let subject = self.speaking("sub", tests);
        let mut pinned = Vec::new();
        for test in tests {
            let claim = self.claim(&test.key).unwrap_or(&test.key);
            if [audience, subject].into_iter().flatten().any(|spoken| std::ptr::eq(spoken, test)) {
                attributes.insert(format!("{}_operator", claim.to_ascii_lowercase()), test.operator.clone());
            } else if test.key.eq_ignore_ascii_case("sts:ExternalId") {
                // Its value is a word shared with a third party; that it is asked for is all that is told.
                attributes.insert("external_id".to_owned(), "present".to_owned());
            } else {
                let described = attributes.entry(format!("claim.{claim}")).or_default();
                *described =
                    if described.is_empty() { test.describe() } else { format!("{described}; {}", test.describe()) };
                if test.is_positive() && !test.is_vacuous() {
                    pinned.push(claim.to_owned());
                }
            }
        }
        if !pinned.is_empty() {
            pinned.sort();
            pinned.dedup();
            attributes.insert("claims_pinned".to_owned(), pinned.join(","));
        }
        for audience in alternatives(audience) {
            for subject in alternatives(subject) {
                if out.facts.len() == FACTS_MAX {
                    out.cut = true;
                    return;
                }
                out.facts.push(TrustFact {
                    identity: key.clone(),
                    issuer: self.issuer.clone(),
                    audience: audience.clone(),
                    subject,
                    attributes: attributes.clone(),
                });
            }
        }
    }

    /// The test that speaks for a claim: the tightest that lets values in.
    fn speaking<'t>(&self, claim: &str, tests: &'t [Test]) -> Option<&'t Test> {
        tests
            .iter()
            .filter(|test| self.claim(&test.key).is_some_and(|own| own.eq_ignore_ascii_case(claim)))
            .filter(|test| test.is_positive() && !test.values.is_empty())
            .min_by_key(|test| (test.rank(), test.operator.clone()))
    }
}

fn alternatives(test: Option<&Test>) -> Vec<Option<String>> {
    test.map_or_else(|| vec![None], |test| test.values.iter().cloned().map(Some).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::formats::cloud::testing::summary;
    use crate::model::{At, Fact};

    const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";
    const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";

    fn read(statement: Value) -> Vec<String> {
        let document = json!({ "Statement": statement });
        let key = IdentityKey::new("aws", "role", ROLE);
        let facts = trusts(ROLE, &key, &document).unwrap().facts;
        let text = |fact: TrustFact| summary(&Fact::Trust(At::default(), fact));
        facts.into_iter().map(text).map(|line| line.replace(&format!("trust {key} issuer="), "")).collect()
    }

    fn github(condition: Value) -> Vec<String> {
        read(json!({"Effect": "Allow", "Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition}))
    }

    #[test]
    fn every_alternative_of_a_federated_subject_is_a_fact_of_its_own() {
        let lines = github(json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
            "StringLike": {"token.actions.githubusercontent.com:sub": ["repo:acme/app:*", "repo:acme/*"]}}));
        let rest = "{action=sts:AssumeRoleWithWebIdentity, aud_operator=StringEquals, kind=federated, \
            provider_account=123456789012, statement=1, sub_operator=StringLike}";
        assert_eq!(
            lines,
            [
                format!(
                    "token.actions.githubusercontent.com audience=sts.amazonaws.com subject=repo:acme/app:* {rest}"
                ),
                format!("token.actions.githubusercontent.com audience=sts.amazonaws.com subject=repo:acme/* {rest}"),
            ]
        );
    }

    #[test]
    fn an_open_trust_has_neither_audience_nor_subject() {
        let lines = github(json!({}));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("token.actions.githubusercontent.com {"), "{lines:?}");
    }

    #[test]
    fn other_pinned_claims_are_told_and_keep_out_tests_pin_nothing() {
        let lines = github(json!({"StringEquals": {"token.actions.githubusercontent.com:repository_id": "42",
            "token.actions.githubusercontent.com:ref": "refs/heads/main"},
            "StringNotEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/bad:ref:refs/heads/main"},
            "StringEqualsIfExists": {"token.actions.githubusercontent.com:actor": "me"}}));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("claims_pinned=ref,repository_id"), "{lines:?}");
        assert!(lines[0].contains("claim.sub=StringNotEquals repo:acme/bad"), "{lines:?}");
        assert!(!lines[0].contains("subject="), "{lines:?}");
    }

    #[test]
    fn vacuous_operators_are_kept_as_written_and_lose_against_binding_ones() {
        let vacuous =
            github(json!({"ForAllValues:StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b:x"}}));
        assert!(
            vacuous[0].contains("subject=repo:a/b:x") && vacuous[0].contains("sub_operator=ForAllValues:StringEquals")
        );
        let both = github(json!({"StringLikeIfExists": {"token.actions.githubusercontent.com:sub": "*"},
            "StringLike": {"TOKEN.actions.githubusercontent.com:SUB": "repo:a/b:*"}}));
        assert!(
            both[0].contains("subject=repo:a/b:*") && both[0].contains("sub_operator=StringLike,")
                || both[0].contains("sub_operator=StringLike}"),
            "{both:?}"
        );
    }

    #[test]
    fn issuers_with_a_path_and_services_and_accounts_are_canonical() {
        let eks = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
        let lines = read(json!([
            {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
             "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{eks}")},
             "Condition": {"StringEquals": {format!("{eks}:sub"): "system:serviceaccount:web:api"}}},
            {"Sid": "Run", "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
             "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"], "AWS": "111122223333"}},
            {"Effect": "Allow", "Action": "sts:TagSession", "Principal": "*"},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*"},
        ]));
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].starts_with(&format!("{eks} subject=system:serviceaccount:web:api")), "{lines:?}");
        assert!(lines[1].starts_with("arn:aws:iam::111122223333:root {") && lines[1].contains("same_account=false"));
        assert!(lines[2].starts_with("ec2.amazonaws.com {") && lines[2].contains("kind=service"));
        assert!(lines[3].contains("deny_statements=1") && lines[3].contains("statement=Run"));
    }

    #[test]
    fn a_session_names_its_role_and_people_of_the_identity_center_are_told() {
        let session = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0123/ana@example.com";
        let lines = read(json!({"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": session}}));
        assert_eq!(
            lines,
            [format!(
                "{session} {{action=sts:*, kind=aws, \
            likely_role=arn:aws:iam::123456789012:role/AWSReservedSSO_Ops_0123, principal=session, same_account=true, \
            sso=true, statement=1}}"
            )]
        );
    }

    #[test]
    fn an_external_id_is_told_and_its_value_is_not() {
        let lines = read(json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"},
            "Condition": {"StringEquals": {"sts:ExternalId": "shared-word", "aws:PrincipalOrgID": "o-1"}}}));
        assert_eq!(
            lines,
            ["* {action=sts:AssumeRole, claim.aws:PrincipalOrgID=StringEquals o-1, \
            claims_pinned=aws:PrincipalOrgID, external_id=present, kind=aws, principal=anyone, statement=1}"]
        );
    }

    #[test]
    fn too_many_alternatives_are_cut_and_said_so() {
        let many: Vec<String> = (0..600).map(|n| format!("repo:acme/app{n}:*")).collect();
        let document = json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": GITHUB},
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": many}}}});
        let trusts = trusts(ROLE, &IdentityKey::default(), &document).unwrap();
        assert_eq!((trusts.facts.len(), trusts.cut), (512, true));
    }
}
