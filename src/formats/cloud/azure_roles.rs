//! What Azure's roles are worth: the built-in ones by id and name, custom ones by their actions.
//!
//! <https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles>,
//! <https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions>.

use crate::model::Privilege;

/// Built-in roles: id, name, and what they are worth over many resources and over a single one.
pub const ROLES: &[(&str, &str, Privilege, Privilege)] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", Privilege::Admin, Privilege::WriteBroad),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", Privilege::WriteBroad, Privilege::WriteScoped),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", Privilege::Admin, Privilege::WriteBroad),
    (
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Role Based Access Control Administrator",
        Privilege::Admin,
        Privilege::WriteBroad,
    ),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", Privilege::ReadScoped, Privilege::ReadScoped),
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator", Privilege::WriteBroad, Privilege::WriteBroad),
    (
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "Key Vault Secrets Officer",
        Privilege::WriteBroad,
        Privilege::WriteScoped,
    ),
    ("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User", Privilege::WriteBroad, Privilege::ReadScoped),
    ("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner", Privilege::WriteBroad, Privilege::WriteScoped),
    (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
        Privilege::WriteScoped,
        Privilege::WriteScoped,
    ),
    ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader", Privilege::ReadScoped, Privilege::ReadScoped),
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", Privilege::ReadScoped, Privilege::ReadScoped),
    ("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush", Privilege::WriteScoped, Privilege::WriteScoped),
    (
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        Privilege::WriteBroad,
        Privilege::WriteScoped,
    ),
    (
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        Privilege::WriteBroad,
        Privilege::WriteScoped,
    ),
    ("f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", Privilege::WriteBroad, Privilege::WriteScoped),
    (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        Privilege::WriteBroad,
        Privilege::WriteScoped,
    ),
    (
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        Privilege::WriteBroad,
        Privilege::WriteScoped,
    ),
    (
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        "Azure Kubernetes Service Cluster Admin Role",
        Privilege::WriteBroad,
        Privilege::WriteBroad,
    ),
    (
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        "Azure Kubernetes Service RBAC Cluster Admin",
        Privilege::WriteBroad,
        Privilege::WriteBroad,
    ),
    ("f353d9bd-d4a6-484e-a77a-8050b599b867", "Automation Contributor", Privilege::WriteBroad, Privilege::WriteScoped),
    ("de139f84-1756-47ae-9be6-808fbbe84772", "Website Contributor", Privilege::WriteBroad, Privilege::WriteScoped),
    ("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", Privilege::WriteBroad, Privilege::WriteScoped),
    ("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", Privilege::ReadScoped, Privilege::ReadScoped),
    ("73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader", Privilege::ReadScoped, Privilege::ReadScoped),
    (
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Monitoring Metrics Publisher",
        Privilege::WriteScoped,
        Privilege::WriteScoped,
    ),
];

/// Roles over the directory itself that lead to all others, by their template ids
/// (<https://learn.microsoft.com/en-us/entra/identity/role-based-access-control/permissions-reference>).
pub const DIRECTORY_ROLES: &[(&str, &str)] = &[
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"),
];

/// What a role is worth, told by its id or name; `broad` says that it is assigned over a subscription or more.
#[must_use]
pub fn privilege(id: Option<&str>, name: &str, broad: bool) -> Privilege {
    let known = ROLES.iter().find(|(known, role, ..)| id == Some(known) || role.eq_ignore_ascii_case(name));
    if let Some((.., wide, narrow)) = known {
        return if broad { *wide } else { *narrow };
    }
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    match () {
        () if any(&["contributor", "owner", "administrator", "admin", "officer"]) && broad => Privilege::WriteBroad,
        () if any(&["contributor", "owner", "administrator", "admin", "officer"]) => Privilege::WriteScoped,
        () if any(&["operator", "writer", "sender", "push", "publisher", "manager", "developer"]) => {
            Privilege::WriteScoped
        }
        () if any(&["reader", "viewer", "receiver", "pull"]) => Privilege::ReadScoped,
        () => Privilege::Unknown,
    }
}

/// What a custom role is worth over a subscription. Actions compare without case and `*` stands for any text in them.
#[must_use]
pub fn of_actions(actions: &[&str], not_actions: &[&str], data_actions: &[&str]) -> Privilege {
    let lower = |list: &[&str]| list.iter().map(|action| action.to_ascii_lowercase()).collect::<Vec<_>>();
    let (actions, not, data) = (lower(actions), lower(not_actions), lower(data_actions));
    let roles_out = not.iter().any(|action| {
        matches!(
            action.as_str(),
            "*" | "*/write"
                | "microsoft.authorization/*"
                | "microsoft.authorization/*/write"
                | "microsoft.authorization/roleassignments/*"
                | "microsoft.authorization/roleassignments/write"
        )
    });
    let gives_roles = |action: &String| {
        matches!(
            action.as_str(),
            "*" | "*/write"
                | "microsoft.authorization/*"
                | "microsoft.authorization/*/write"
                | "microsoft.authorization/roleassignments/*"
                | "microsoft.authorization/roleassignments/write"
                | "microsoft.authorization/elevateaccess/action"
        )
    };
    if !roles_out && actions.iter().any(gives_roles) {
        return Privilege::Admin;
    }
    let broad = |action: &String| {
        let service = action.split('/').nth(1) == Some("*") && action.matches('/').count() == 1;
        action == "*"
            || action == "*/write"
            || service
            || action.ends_with("/listkeys/action")
            || action.ends_with("/assign/action")
            || action.ends_with("/runcommand/action")
            || action.starts_with("*/") && !action.ends_with("/read")
    };
    let secrets = |action: &String| {
        action == "*" || action.starts_with("microsoft.keyvault/vaults/") && !action.ends_with("/readmetadata/action")
    };
    if actions.iter().any(broad) || data.iter().any(secrets) {
        return Privilege::WriteBroad;
    }
    let writes = |action: &String| !action.ends_with("/read");
    if actions.iter().chain(&data).any(writes) {
        return Privilege::WriteScoped;
    }
    if actions.is_empty() && data.is_empty() { Privilege::Unknown } else { Privilege::ReadScoped }
}

/// How wide a scope is in words, and whether that is a whole subscription or more
/// (<https://learn.microsoft.com/en-us/azure/role-based-access-control/scope-overview>).
#[must_use]
pub fn reach(scope: &str) -> (&'static str, bool) {
    let lower = scope.trim_end_matches('/').to_ascii_lowercase();
    if lower.is_empty() {
        return ("tenant", true);
    }
    if lower.starts_with("/providers/microsoft.management/managementgroups/") {
        return ("management group", true);
    }
    let Some(rest) = lower.strip_prefix("/subscriptions/") else { return ("scope", false) };
    let parts: Vec<&str> = rest.split('/').take(4).collect();
    match parts.as_slice() {
        [_] => ("subscription", true),
        [_, "resourcegroups", _] => ("resource group", false),
        _ => ("resource", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_by_their_form_whatever_their_case() {
        for (scope, want) in [
            ("/", ("tenant", true)),
            ("/providers/Microsoft.Management/managementGroups/acme", ("management group", true)),
            ("/subscriptions/11111111-2222-3333-4444-555555555555", ("subscription", true)),
            ("/Subscriptions/11111111-2222-3333-4444-555555555555/", ("subscription", true)),
            ("/subscriptions/1/resourceGroups/app", ("resource group", false)),
            ("/subscriptions/1/resourceGroups/app/providers/Microsoft.Web/sites/a", ("resource", false)),
            ("workspaces/x", ("scope", false)),
        ] {
            assert_eq!(reach(scope), want, "{scope}");
        }
    }

    #[test]
    fn custom_roles_are_worth_what_their_actions_reach() {
        for (actions, not, data, want) in [
            (&["*"][..], &[][..], &[][..], Privilege::Admin),
            (&["*"], &["Microsoft.Authorization/*/Write"], &[], Privilege::WriteBroad),
            (&["Microsoft.Authorization/roleAssignments/write"], &[], &[], Privilege::Admin),
            (&["Microsoft.Compute/*"], &[], &[], Privilege::WriteBroad),
            (&["Microsoft.Storage/storageAccounts/listKeys/action"], &[], &[], Privilege::WriteBroad),
            (&["Microsoft.Web/sites/restart/action"], &[], &[], Privilege::WriteScoped),
            (&["*/read"], &[], &[], Privilege::ReadScoped),
            (&["*/read"], &[], &["Microsoft.KeyVault/vaults/secrets/getSecret/action"], Privilege::WriteBroad),
            (&[], &[], &[], Privilege::Unknown),
        ] {
            assert_eq!(of_actions(actions, not, data), want, "{actions:?} {not:?} {data:?}");
        }
    }

    #[test]
    fn names_that_are_not_known_tell_by_their_words() {
        assert_eq!(privilege(None, "Search Service Contributor", true), Privilege::WriteBroad);
        assert_eq!(privilege(None, "Search Index Data Reader", true), Privilege::ReadScoped);
        assert_eq!(privilege(None, "acme deployer", true), Privilege::Unknown);
        assert_eq!(privilege(None, "owner", false), Privilege::WriteBroad);
    }
}
