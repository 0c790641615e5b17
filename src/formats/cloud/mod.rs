//! Cloud and SaaS exports.

mod anthropic_keys;
pub(super) mod aws;
mod aws_access_analyzer;
mod aws_access_keys;
mod aws_accounts;
pub(super) mod aws_actions;
mod aws_assume;
mod aws_authorization_details;
mod aws_credential_report;
pub(super) mod aws_grants;
mod aws_iam_list;
mod aws_last_accessed;
mod aws_patterns;
pub(super) mod aws_policy;
pub(super) mod aws_rights;
mod aws_secrets;
pub(super) mod aws_trust;
mod azure;
mod azure_key_vault;
mod azure_managed_identities;
mod azure_role_assignments;
mod azure_role_definitions;
pub(super) mod azure_roles;
mod azure_subscriptions;
mod databricks;
mod deploy_keys;
mod entra_app_roles;
mod entra_applications;
mod entra_federated_credentials;
mod entra_permission_grants;
mod entra_service_principals;
mod entra_sign_ins;
mod entra_users;
mod gcp;
mod gcp_activity;
mod gcp_assets;
mod gcp_condition;
mod gcp_iam_policy;
mod gcp_members;
pub(super) mod gcp_policy;
mod gcp_roles;
mod gcp_service_account_keys;
mod gcp_service_accounts;
#[cfg(test)]
mod gcp_tests;
pub(super) mod gcp_workload_identity;
mod github_audit_log;
mod github_installations;
mod github_pats;
mod github_runners;
mod github_secrets;
mod gitlab_tokens;
mod gitlab_variables;
mod json_stream;
mod kubernetes_export;
mod listing;
mod npm_tokens;
mod okta;
mod openai_keys;
mod postgresql_roles;
mod rows;
pub(super) mod saas;
mod slack_apps;
mod snowflake;
mod terraform_state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_exports;
mod vault;
mod yaml_json;

use super::Format;
use crate::model::RepoPath;

pub use yaml_json::LISTING_WORDS;

/// The formats of this folder, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[
    // What says its own name goes first: states and lists of clusters hold parts that look like other listings.
    &kubernetes_export::FORMAT,
    &terraform_state::STATE,
    &terraform_state::SHOW,
    &aws_credential_report::FORMAT,
    &aws_access_keys::FORMAT,
    &aws_authorization_details::FORMAT,
    &entra_service_principals::FORMAT,
    &entra_applications::FORMAT,
    &entra_federated_credentials::FORMAT,
    &entra_app_roles::FORMAT,
    &entra_permission_grants::FORMAT,
    &azure_role_assignments::FORMAT,
    &azure_role_definitions::FORMAT,
    &azure_managed_identities::FORMAT,
    &azure_subscriptions::FORMAT,
    &azure_key_vault::VAULTS,
    &azure_key_vault::SECRETS,
    &entra_sign_ins::FORMAT,
    &entra_users::FORMAT,
    &okta::API_TOKENS,
    &okta::APPS,
    &okta::USERS,
    &databricks::TOKENS,
    &databricks::SERVICE_PRINCIPALS,
    &github_audit_log::FORMAT,
    &github_pats::FORMAT,
    &deploy_keys::FORMAT,
    &github_installations::FORMAT,
    &github_runners::FORMAT,
    &gitlab_tokens::FORMAT,
    &gitlab_variables::FORMAT,
    &openai_keys::FORMAT,
    &anthropic_keys::FORMAT,
    &npm_tokens::FORMAT,
    &github_secrets::FORMAT,
    &aws_access_analyzer::FORMAT,
    &aws_secrets::FORMAT,
    &aws_last_accessed::FORMAT,
    &aws_accounts::FORMAT,
    &aws_iam_list::FORMAT,
    &gcp_assets::FORMAT,
    &gcp_service_account_keys::FORMAT,
    &gcp_service_accounts::FORMAT,
    &gcp_iam_policy::FORMAT,
    &gcp_workload_identity::FORMAT,
    &gcp_activity::FORMAT,
    &gcp_roles::FORMAT,
    &vault::FORMAT,
    &slack_apps::FORMAT,
    &snowflake::FORMAT,
    &postgresql_roles::FORMAT,
];

/// Listings of Google, which come in YAML too.
const LISTINGS: &[&Format] = &[
    &gcp_assets::FORMAT,
    &gcp_service_account_keys::FORMAT,
    &gcp_service_accounts::FORMAT,
    &gcp_iam_policy::FORMAT,
    &gcp_workload_identity::FORMAT,
    &gcp_activity::FORMAT,
    &gcp_roles::FORMAT,
];

/// Those that are tables, or may be something else that is no JSON.
const TABLES: &[&Format] =
    &[&kubernetes_export::FORMAT, &aws_credential_report::FORMAT, &snowflake::FORMAT, &postgresql_roles::FORMAT];

/// Those that are neither JSON nor tables: YAML, and base64 of a table.
const PLAIN: &[&Format] = &[&kubernetes_export::FORMAT, &aws_credential_report::FORMAT];

/// The format that claims a head, asked in the order of all. Nearly every file that anybody keeps is none of these, and most say so
/// with their first character.
pub fn claimed(path: &RepoPath, head: &str, admits: &dyn Fn(&Format) -> bool) -> Option<&'static Format> {
    let first = |formats: &[&'static Format], head: &str| {
        formats.iter().find(|format| admits(format) && (format.claims)(path, head)).copied()
    };
    if super::opens_json(head.as_bytes()) {
        return first(FORMATS, head);
    }
    if yaml_json::is_listing(head) {
        // Written as JSON once for all of them.
        return first(PLAIN, head).or_else(|| first(LISTINGS, &yaml_json::head(head)));
    }
    let line = head.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    first(if line.contains(',') { TABLES } else { PLAIN }, head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_other_syntaxes_are_asked_in_the_order_of_all() {
        for short in [LISTINGS, TABLES, PLAIN] {
            let place = |format: &&Format| FORMATS.iter().position(|all| all.id == format.id);
            let places: Vec<Option<usize>> = short.iter().map(place).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted());
        }
    }
}
