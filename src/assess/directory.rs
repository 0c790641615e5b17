//! What the checks of Entra, Azure, Okta and Databricks listings have in common.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::estate;
use super::score::dead;
use super::view::View;
use crate::model::{Credential, Grant, Identity, IdentityKey, Privilege, When, setting};

/// An attribute of an identity, empty when it has none.
pub(super) fn attribute<'i>(identity: &'i Identity, name: &str) -> &'i str {
    identity.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// Identities of Entra and Azure that are neither people's nor Microsoft's own.
pub(super) fn of_azure<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "azure" && attribute(i, "first_party").is_empty())
}

/// Whether a listing of this format was read, and to its end.
pub(super) fn read_whole(view: &View<'_>, format: &str) -> bool {
    view.inventory.formats_read.contains_key(format)
        && !view.settings(setting::CUT_LISTING).any(|cut| cut.value == format)
}

/// A secret or certificate that an application or service principal signs in with.
pub(super) fn is_sign_in(credential: &Credential) -> bool {
    let listed = credential.id.starts_with("azure:app-secret:") || credential.id.starts_with("azure:app-certificate:");
    // The keys by which an application signs what it issues open nothing.
    listed && credential.attributes.get("use").is_none_or(|what| what != "token-signing")
}

/// The application of a service principal that is an identity of its own, since the application has others in other tenants.
pub(super) fn application_of<'a>(identity: &Identity, view: &View<'a>) -> Option<&'a Identity> {
    let client = identity.attributes.get("application")?;
    view.identity(&IdentityKey::new("azure", "app", client))
}

/// Whether an identity holds something to sign in with that has not ended. What an application holds opens every tenant that
/// it has a service principal in.
pub(super) fn live<'a>(identity: &Identity, view: &View<'a>, as_of: Timestamp) -> Option<&'a Credential> {
    let application = application_of(identity, view).map(|application| view.owned_by(&application.id));
    let owned = view.owned_by(&identity.id).iter().chain(application.into_iter().flatten()).copied();
    owned.filter(|c| is_sign_in(c) && dead(c, as_of).is_none()).max_by_key(|c| (c.expires.at(), &c.id))
}

/// Rights by assignment of an Azure role.
pub(super) fn by_role_assignment(grant: &Grant) -> bool {
    grant.source.starts_with("role assignment")
}

/// Rights over the directory and the APIs of Microsoft 365: app roles and directory roles.
pub(super) fn by_app_role(grant: &Grant) -> bool {
    grant.source.starts_with("app role of") || grant.source == "directory role assignment"
}

/// A sentence on a right.
pub(super) fn right(grant: &Grant) -> String {
    let condition = grant.condition.as_ref().map(|c| format!(" if {c}")).unwrap_or_default();
    format!("{} on {} by {}{condition}", grant.action, grant.resource, grant.source)
}

/// The tenants that are one's own, and whether that is known and not guessed. An application is registered in its own tenant
/// alone, and a managed identity tells its tenant; else it is the tenant that publishes most of the service principals.
pub(super) fn own_tenants(view: &View<'_>) -> (BTreeSet<String>, bool) {
    let mut own: BTreeSet<String> = BTreeSet::new();
    let mut publishers: BTreeMap<&str, usize> = BTreeMap::new();
    for identity in view.identities().filter(|i| i.provider == "azure") {
        let publisher = attribute(identity, "owner_tenant");
        let told =
            [attribute(identity, "tenant"), if attribute(identity, "registered").is_empty() { "" } else { publisher }];
        own.extend(told.into_iter().filter(|tenant| !tenant.is_empty()).map(str::to_owned));
        if !publisher.is_empty() && attribute(identity, "first_party").is_empty() {
            *publishers.entry(publisher).or_default() += 1;
        }
    }
    if !own.is_empty() {
        return (own, true);
    }
    let all: usize = publishers.values().sum();
    own.extend(publishers.iter().filter(|(_, n)| **n * 2 > all && **n > 2).map(|(tenant, _)| (*tenant).to_owned()));
    (own, false)
}

/// The id of the subscription in a grant's resource.
pub(super) fn subscription_of(grant: &Grant) -> Option<String> {
    let lower = grant.resource.to_ascii_lowercase();
    let (_, rest) = lower.split_once("/subscriptions/")?;
    rest.split('/').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Whole days since a date that an attribute holds.
pub(super) fn days_since(identity: &Identity, name: &str, as_of: Timestamp) -> Option<i64> {
    When::parse(attribute(identity, name)).days_before(as_of)
}

/// Whether an identity may write widely or more.
pub(super) fn is_strong(privilege: Privilege) -> bool {
    privilege >= Privilege::WriteBroad
}

/// The most rows that `az ad sp list` prints without `--all`.
const AZ_PAGE: usize = 100;

/// Whether all service principals of the tenant were listed, as far as that can be told.
pub(super) fn principals_listed(view: &View<'_>) -> bool {
    let listed = view.identities().filter(|i| !attribute(i, "service_principal_type").is_empty()).count();
    read_whole(view, estate::ENTRA_SERVICE_PRINCIPALS) && listed != AZ_PAGE
}
