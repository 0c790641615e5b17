//! Workload identity pools of Google Cloud and their providers: whose tokens a project takes, and on what condition.
//!
//! Shapes: <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools> and
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>: arrays of `gcloud iam
//! workload-identity-pools list` and `… providers list`, or pages with `workloadIdentityPools` and `workloadIdentityPoolProviders`.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::json_stream::Wanted;
use super::{aws, gcp, gcp_condition};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, Status, TrustFact, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-workload-identity",
    name: "Google Cloud workload identity pools and providers",
    command: "gcloud iam workload-identity-pools providers list --workload-identity-pool=POOL --location=global \
              --project=PROJECT --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    let known = [
        "\"workloadIdentityPoolProviders\"",
        "\"workloadIdentityPools\"",
        "\"attributeMapping\"",
        "\"attributeCondition\"",
        "\"issuerUri\"",
        "\"state\"",
    ];
    gcp::is_json_with(head, &["workloadIdentityPools", "\"name\"", "projects/"])
        && known.iter().any(|name| head.contains(name))
        && !["\"bindings\"", "external_account", "\"assetType\"", "\"asset_type\""]
            .iter()
            .any(|name| head.contains(name))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["workloadIdentityPools", "workloadIdentityPoolProviders"],
        fields: &[
            "name",
            "state",
            "disabled",
            "attributeCondition",
            "attributeMapping",
            "oidc",
            "aws",
            "saml",
            "x509",
            "nextPageToken",
        ],
    };
    gcp::rows(input, reader, WANTED, out, &mut |row, at, _, out| pool_or_provider(row, &at, out));
}

/// The name from `projects/` on, and the pool in it.
fn names(name: &str) -> Option<(&str, &str)> {
    let name = name.get(name.find("projects/")?..)?;
    let after = name.find("/workloadIdentityPools/")? + "/workloadIdentityPools/".len();
    let end = name.get(after..)?.find('/').map_or(name.len(), |slash| after + slash);
    Some((name, name.get(..end)?))
}

fn status(row: &Map<String, Value>) -> Status {
    match (gcp::text(row, "state"), row.get("disabled")) {
        (Some("DELETED"), _) => Status::Deleted,
        (_, Some(Value::Bool(true))) => Status::Inactive,
        (Some("ACTIVE") | None, Some(Value::Bool(false)) | None) => Status::Active,
        _ => Status::Unknown,
    }
}

/// One pool or provider. False when the name is of neither.
pub fn pool_or_provider(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let Some((name, pool)) = gcp::text(row, "name").and_then(names) else { return false };
    let status = status(row);
    if name == pool {
        let word = match status {
            Status::Deleted => "deleted",
            Status::Inactive => "disabled",
            _ => "active",
        };
        let mut fact = SettingFact::new(setting::WIF_POOL, gcp::clip(pool), word);
        fact.attributes.insert("module".to_owned(), gcp::clip(pool));
        out.fact(Fact::Setting(at.clone(), fact));
        return true;
    }
    if !name.contains("/providers/") {
        return true;
    }
    let key = IdentityKey::new(gcp::PROVIDER, "app", name);
    let shown = gcp::part(name, "providers").unwrap_or(name);
    let shown = format!("{shown} of pool {}", gcp::part(name, "workloadIdentityPools").unwrap_or_default());
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Application, gcp::PROVIDER, &gcp::clip(&shown));
    identity.human = Human::No;
    identity.status = status;
    let mapping = mapping(row);
    if !mapping.is_empty() {
        identity.attributes.insert("mapping".to_owned(), mapping);
    }
    out.fact(Fact::Identity(at.clone(), identity));
    let condition = gcp::text(row, "attributeCondition").unwrap_or_default();
    let mut trust = trusted(row, key, name);
    if trust.attributes.get("kind").is_some_and(|kind| kind == "federated") {
        // A provider that is switched off lets nobody in.
        if matches!(status, Status::Active | Status::Unknown) {
            let mut fact = SettingFact::new(setting::WIF_PROVIDER, gcp::clip(&shown), gcp::clip(condition));
            fact.identity = Some(trust.identity.clone());
            fact.attributes.insert("issuer".to_owned(), trust.issuer.clone());
            fact.attributes.insert("module".to_owned(), gcp::clip(pool));
            out.fact(Fact::Setting(at.clone(), fact));
        }
        demand(&mut trust, condition);
    }
    out.fact(Fact::Trust(at.clone(), trust));
    true
}

/// Writes down what a condition demands of tokens.
pub fn demand(trust: &mut TrustFact, condition: &str) {
    if condition.is_empty() {
        return;
    }
    trust.attributes.insert("condition".to_owned(), gcp::clip(condition));
    let (claims, whole) = gcp_condition::claims(condition);
    if !whole {
        trust.attributes.insert("condition_read".to_owned(), "partly".to_owned());
    }
    for (claim, test) in claims {
        match test.split_once(' ').filter(|_| claim == "sub") {
            Some((operator, values)) => {
                trust.subject = Some(values.to_owned());
                trust.attributes.insert("sub_operator".to_owned(), operator.to_owned());
            }
            None => drop(trust.attributes.insert(format!("claim.{claim}"), test)),
        }
    }
}

/// `attribute.repository=assertion.repository, google.subject=assertion.sub`.
fn mapping(row: &Map<String, Value>) -> String {
    let all = row.get("attributeMapping").and_then(Value::as_object);
    let all: BTreeMap<&str, &str> =
        all.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
    let pairs: Vec<String> = all.iter().take(50).map(|(name, value)| format!("{name}={}", gcp::clip(value))).collect();
    pairs.join(", ")
}

/// Whom a provider trusts.
fn trusted(row: &Map<String, Value>, identity: IdentityKey, name: &str) -> TrustFact {
    let mut trust =
        TrustFact { identity, issuer: String::new(), audience: None, subject: None, attributes: BTreeMap::new() };
    let mut kind = |word: &str| drop(trust.attributes.insert("kind".to_owned(), word.to_owned()));
    if let Some(oidc) = row.get("oidc") {
        kind("federated");
        let issuer = aws::text(oidc, "issuerUri").unwrap_or_default();
        trust.issuer = gcp::clip(issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/'));
        let audiences = oidc.get("allowedAudiences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let audiences: Vec<&str> = audiences.iter().filter_map(Value::as_str).collect();
        // Without a list it is the provider's own name, with a scheme or without.
        let own = format!("https://iam.googleapis.com/{name}, //iam.googleapis.com/{name}");
        trust.audience = Some(if audiences.is_empty() { own } else { gcp::clip(&audiences.join(", ")) });
    } else if let Some(account) = row.get("aws").and_then(|aws| aws::text(aws, "accountId")) {
        kind("aws");
        trust.attributes.insert("principal".to_owned(), "account".to_owned());
        trust.attributes.insert("same_account".to_owned(), "false".to_owned());
        trust.issuer = format!("arn:aws:iam::{}:root", gcp::clip(account));
    } else if row.contains_key("saml") {
        kind("saml");
        trust.issuer = "a SAML identity provider".to_owned();
    } else {
        kind("other");
        trust.issuer = if row.contains_key("x509") { "holders of X.509 certificates" } else { "unknown" }.to_owned();
    }
    trust
}
