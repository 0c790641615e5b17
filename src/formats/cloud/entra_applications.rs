//! Application registrations of an Entra tenant, as `az ad app list` and Microsoft Graph list them, and as manifests hold one.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/application>; the names of Azure AD Graph, which `az` before 2.37
//! printed: <https://learn.microsoft.com/en-us/previous-versions/azure/ad/graph/api/entity-and-complex-type-reference#application-entity>.
//! Owners are a listing of their own, or come with `$expand=owners`; federated credentials likewise.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::date;
use super::azure::{self, Item, PROVIDER, app, either, id, paging, short, text};
use super::entra_federated_credentials::trust;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKind, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-applications",
    name: "Entra application list",
    command: "az ad app list --all --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Words that only applications have, one of which stands near the beginning whatever the order of the fields.
const OWN: [&str; 7] = [
    "\"isFallbackPublicClient\"",
    "\"isDeviceOnlyAuthSupported\"",
    "\"publisherDomain\"",
    "\"requiredResourceAccess\"",
    "\"requestedAccessTokenVersion\"",
    "\"acceptMappedClaims\"",
    "\"availableToOtherTenants\"",
];

fn claims(_: &RepoPath, head: &str) -> bool {
    if !azure::holds(head, &[]) || super::entra_service_principals::is_service_principal(head) {
        return false;
    }
    let own = OWN.iter().any(|word| head.contains(word))
        && (head.contains("\"appId\"") || azure::holds(head, &["\"addIns\"", "\"api\""]));
    let credentials = ["\"passwordCredentials\"", "\"keyCredentials\""].iter().any(|word| head.contains(word));
    own || credentials && head.contains("\"appId\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging![
        "id",
        "objectId",
        "appId",
        "displayName",
        "createdDateTime",
        "serviceManagementReference",
        "signInAudience",
        "availableToOtherTenants",
        "passwordCredentials",
        "keyCredentials",
        "web",
        "oauth2AllowImplicitFlow",
        "isFallbackPublicClient",
        "allowPublicClient",
        "owners",
        "federatedIdentityCredentials",
    ];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            application(&row, &at, out);
        }
    });
}

fn application(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    // Lists within an application name other ones by `appId` alone.
    let known = ["passwordCredentials", "keyCredentials", "signInAudience", "availableToOtherTenants", "displayName"];
    let Some(client) = id(row, "appId").filter(|_| known.iter().any(|name| row.contains_key(*name))) else { return };
    let key = app(&client);
    let name = text(row, "displayName").unwrap_or(&client);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, PROVIDER, &short(name));
    fact.aliases.push(either(&client));
    fact.aliases.extend(id(row, "id").or_else(|| id(row, "objectId")).filter(|id| *id != client).map(|id| either(&id)));
    fact.human = Human::No;
    fact.created = date(row.get("createdDateTime"));
    fact.environment = azure::environment_of(name);
    fact.attributes.insert("registered".to_owned(), "true".to_owned());
    let reference = text(row, "serviceManagementReference");
    if let Some(owners) = row.get("owners").and_then(Value::as_array) {
        fact.attributes.insert("owners".to_owned(), owners.len().to_string());
        let mut names: Vec<&str> = owners
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|o| text(o, "userPrincipalName").or_else(|| text(o, "displayName")).or_else(|| text(o, "id")))
            .collect();
        names.sort_unstable();
        fact.owner = names.first().map(|name| short(name));
    }
    if let Some(reference) = reference {
        fact.attributes.insert("service_management_reference".to_owned(), short(reference));
        fact.owner = fact.owner.take().or_else(|| Some(short(reference)));
    }
    let audience = text(row, "signInAudience").map(str::to_owned);
    let multi = row.get("availableToOtherTenants").and_then(Value::as_bool).filter(|multi| *multi);
    if let Some(audience) = audience.or_else(|| multi.map(|_| "AzureADMultipleOrgs".to_owned())) {
        fact.attributes.insert("sign_in_audience".to_owned(), short(&audience));
    }
    out.fact(Fact::Identity(at.clone(), fact));
    azure::credentials(row, &key, at, out);
    for (flow, label) in [
        ("access-tokens", grants(row, "enableAccessTokenIssuance") || flag(row, "oauth2AllowImplicitFlow")),
        ("id-tokens", grants(row, "enableIdTokenIssuance")),
        ("public-client", flag(row, "isFallbackPublicClient") || flag(row, "allowPublicClient")),
    ]
    .into_iter()
    .filter(|(_, on)| *on)
    .map(|(flow, _)| (flow, short(name)))
    {
        let mut fact = SettingFact::new(setting::WEAK_FLOW, label, flow);
        fact.identity = Some(key.clone());
        out.fact(Fact::Setting(at.clone(), fact));
    }
    let federated = row.get("federatedIdentityCredentials").and_then(Value::as_array);
    for credential in federated.map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_object) {
        out.fact(Fact::Trust(at.clone(), trust(credential, key.clone())));
    }
}

fn flag(row: &Map<String, Value>, name: &str) -> bool {
    row.get(name) == Some(&Value::Bool(true))
}

/// A setting of `web.implicitGrantSettings`.
fn grants(row: &Map<String, Value>, name: &str) -> bool {
    let settings = row.get("web").and_then(|web| web.get("implicitGrantSettings"));
    settings.and_then(|settings| settings.get(name)) == Some(&Value::Bool(true))
}
