//! Role assignments: what a deployment gives to the identities in it.
//!
//! Built-in roles: <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>.

use super::{Deployment, Item};
use crate::doc::Node;
use crate::formats::Out;
use crate::formats::cloud::azure_roles::ROLES;
use crate::model::{At, Fact, GrantFact, IdentityKey, Privilege};

/// Reads the assignments of a deployment.
pub fn read(deployment: &Deployment<'_>, out: &mut Out<'_>) {
    for item in deployment.items.iter().filter(|item| !item.existing && item.kind.ends_with("/roleassignments")) {
        if let Some(fact) = assignment(deployment, item) {
            out.fact(Fact::Grant(At::span(item.at), fact));
        }
    }
}

fn assignment(deployment: &Deployment<'_>, item: &Item<'_>) -> Option<GrantFact> {
    let properties = item.body.get("properties")?;
    let identity = principal(deployment, properties.get("principalId")?)?;
    let role = properties.get("roleDefinitionId")?;
    let guid = guid_of(deployment, role);
    let known = guid.as_deref().and_then(|guid| ROLES.iter().find(|(id, ..)| *id == guid));
    let scope = scope(deployment, item);
    let single = scope.is_some();
    let (action, privilege) = match known {
        Some((_, name, wide, narrow)) => ((*name).to_owned(), if single { *narrow } else { *wide }),
        None => {
            let shown = guid.map_or_else(|| "a role given by a parameter".to_owned(), |guid| format!("role {guid}"));
            (shown, Privilege::Unknown)
        }
    };
    let condition = properties.get("condition").and_then(|node| deployment.text(node));
    Some(GrantFact {
        identity,
        privilege,
        action,
        resource: scope.unwrap_or_else(|| deployment.scope.clone()),
        source: format!("role assignment {}", item.symbol),
        condition: condition.map(|text| text.chars().take(200).collect()),
    })
}

/// Whose principal an expression names: an identity of the file, the own identity of a resource, or a literal id.
fn principal(deployment: &Deployment<'_>, node: &Node) -> Option<IdentityKey> {
    let node = deployment.follow(node);
    let Some(expression) = deployment.expression(node) else {
        let id = node.scalar()?.to_ascii_lowercase();
        return is_guid(&id).then(|| IdentityKey::new("azure", "principal", &id));
    };
    let index = deployment.named(expression, &|item| !item.kind.ends_with("/roleassignments"))?;
    let item = deployment.items.get(index)?;
    (super::is_identity(item) || item.body.get("identity").is_some()).then(|| deployment.key(item))
}

/// The first id in a role's expression, its variables followed.
fn guid_of(deployment: &Deployment<'_>, node: &Node) -> Option<String> {
    let text = deployment.follow(node).as_str()?.to_ascii_lowercase();
    let find = |text: &str| {
        let mut words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        words.find(|word| is_guid(word)).map(str::to_owned)
    };
    // `subscriptionResourceId('…/roleDefinitions', roleId)`: a variable or parameter inside.
    find(&text).or_else(|| {
        let text = deployment.follow(node).as_str()?;
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').take(40);
        let inner = words.filter_map(|word| {
            let variable = deployment.variables.get(word).copied();
            variable.or_else(|| deployment.parameters.get(word).and_then(|parameter| parameter.default))
        });
        inner.filter_map(|node| find(&deployment.follow(node).as_str()?.to_ascii_lowercase())).next()
    })
}

/// What an assignment reaches when it names it: a resource. `None` is all of what is deployed to.
fn scope(deployment: &Deployment<'_>, item: &Item<'_>) -> Option<String> {
    // `Microsoft.Storage/storageAccounts/providers/roleAssignments`.
    if item.kind.contains("/providers/") {
        return Some(item.kind.split("/providers/").next().unwrap_or_default().to_owned());
    }
    let node = item.body.get("scope")?;
    let text = node.as_str()?;
    let wide =
        ["resourceGroup(", "subscription(", "managementGroup(", "tenant("].iter().any(|word| text.starts_with(word));
    (!wide && deployment.expression(node).is_some()).then(|| text.chars().take(120).collect())
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').take(6).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}
