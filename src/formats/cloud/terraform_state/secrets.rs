//! Attributes of resources that hold a secret in the clear. Their values are never read further than that they are there.
//!
//! Attributes: the resource's page below <https://registry.terraform.io/>.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::formats::names;

/// Opens a cloud.
pub(super) const CLOUD: &str = "cloud";
/// Opens something else.
pub(super) const SECRET: &str = "secret";
/// Marked as sensitive, and nothing more is known.
pub(super) const MARKED: &str = "marked";

/// Types and their attributes; `*` stands for any type.
const ATTRIBUTES: &[(&str, &[&str], &str)] = &[
    ("aws_iam_access_key", &["secret", "ses_smtp_password_v4", "ses_smtp_password"], CLOUD),
    ("aws_iam_user_login_profile", &["password"], CLOUD),
    ("aws_iam_service_specific_credential", &["service_password"], CLOUD),
    ("google_service_account_key", &["private_key"], CLOUD),
    ("google_storage_hmac_key", &["secret"], CLOUD),
    ("azuread_application_password", &["value"], CLOUD),
    ("azuread_service_principal_password", &["value"], CLOUD),
    ("azurerm_storage_account", &["primary_access_key", "secondary_access_key"], CLOUD),
    ("azurerm_kubernetes_cluster", &["kube_config_raw", "kube_admin_config_raw"], CLOUD),
    ("azurerm_container_registry", &["admin_password"], CLOUD),
    ("azurerm_cosmosdb_account", &["primary_key", "secondary_key"], CLOUD),
    ("random_password", &["result"], SECRET),
    ("tls_private_key", &["private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"], SECRET),
    ("aws_db_instance", &["password"], SECRET),
    ("aws_rds_cluster", &["master_password"], SECRET),
    ("aws_redshift_cluster", &["master_password"], SECRET),
    ("aws_docdb_cluster", &["master_password"], SECRET),
    ("aws_elasticache_replication_group", &["auth_token"], SECRET),
    ("aws_secretsmanager_secret_version", &["secret_string", "secret_binary"], SECRET),
    ("google_sql_user", &["password"], SECRET),
    ("google_secret_manager_secret_version", &["secret_data"], SECRET),
    ("azurerm_key_vault_secret", &["value"], SECRET),
    ("azurerm_mssql_server", &["administrator_login_password"], SECRET),
    ("azurerm_postgresql_flexible_server", &["administrator_password"], SECRET),
    ("azurerm_linux_virtual_machine", &["admin_password"], SECRET),
    ("azurerm_windows_virtual_machine", &["admin_password"], SECRET),
    ("kubernetes_secret", &["data", "binary_data"], SECRET),
    ("kubernetes_secret_v1", &["data", "binary_data"], SECRET),
    ("github_actions_secret", &["plaintext_value"], SECRET),
    ("github_actions_organization_secret", &["plaintext_value"], SECRET),
    ("github_actions_environment_secret", &["plaintext_value"], SECRET),
    ("github_dependabot_secret", &["plaintext_value"], SECRET),
    ("vault_approle_auth_backend_role_secret_id", &["secret_id"], SECRET),
    ("vault_token", &["client_token"], SECRET),
    ("vault_generic_secret", &["data", "data_json"], SECRET),
    ("vault_kv_secret_v2", &["data", "data_json"], SECRET),
    ("postgresql_role", &["password"], SECRET),
    ("mysql_user", &["plaintext_password"], SECRET),
    ("snowflake_user", &["password"], SECRET),
];

fn known(kind: &str, name: &str) -> Option<&'static str> {
    let listed = ATTRIBUTES.iter().find(|(known, names, _)| *known == kind && names.contains(&name));
    listed.map(|(_, _, grade)| *grade).or_else(|| name.ends_with("_connection_string").then_some(CLOUD))
}

/// Whether something stands there. What a provider hides it shows as a word or a digest.
fn is_full(value: &Value) -> bool {
    match value {
        Value::String(text) => !matches!(text.as_str(), "" | "(sensitive value)" | "REDACTED" | "sensitive"),
        Value::Object(fields) => fields.values().any(is_full),
        Value::Array(items) => items.iter().any(is_full),
        _ => false,
    }
}

/// Whether an attribute is the value of a variable of GitLab that is kept as a secret: masked, or named as one.
fn is_variable(kind: &str, name: &str, values: &Map<String, Value>) -> bool {
    let variable = VARIABLES.contains(&kind) && name == "value";
    let masked = || values.get("masked") == Some(&Value::Bool(true));
    variable && (masked() || values.get("key").and_then(Value::as_str).is_some_and(names::is_secret))
}

/// Variables of pipelines, most of which are no secrets.
const VARIABLES: [&str; 3] = ["gitlab_project_variable", "gitlab_group_variable", "gitlab_instance_variable"];

/// Beginnings of what AWS gives ids of, keys included (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
const AWS_IDS: [&str; 9] = ["AKIA", "ASIA", "AIDA", "AROA", "AGPA", "ANPA", "AIPA", "ANVA", "ABIA"];

/// Whether what stands in an attribute tells nothing that is secret, marked or stored as a secret though it may be: the public half
/// of a key, a certificate, a fingerprint, an id. Ids without a form of their own count only under a name that says id.
pub(super) fn is_public(name: &str, value: &Value, values: &Map<String, Value>) -> bool {
    let Value::String(text) = value else { return false };
    let text = text.trim();
    let name = name.to_ascii_lowercase();
    // A stored secret has its own name beside its value.
    let stored = ["secret_name", "variable_name", "key"].iter().find_map(|n| values.get(*n)?.as_str());
    let stored = stored.unwrap_or_default().to_ascii_lowercase();
    let says_id = |name: &str| name == "id" || name.ends_with("_id") || name.ends_with("-id");
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let aws = (16..=32).contains(&text.len()) && upper(text) && AWS_IDS.iter().any(|start| text.starts_with(start));
    let public_key = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|kind| text.starts_with(kind));
    let block = text.contains("-----BEGIN ") && !text.contains("PRIVATE") && !text.contains("ENCRYPTED");
    let fingerprint = text.strip_prefix("SHA256:").is_some_and(|rest| rest.len() <= 44)
        || name.contains("fingerprint") && text.split(':').all(hex);
    // Of an EC2 key pair: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/describe-keys.html>.
    let pair = text.strip_prefix("key-").is_some_and(|rest| hex(rest) && matches!(rest.len(), 8 | 17));
    let guid = text.len() == 36 && text.split('-').count() == 5 && text.split('-').all(hex);
    let named = guid && (says_id(&name) || says_id(&stored));
    let account = text.ends_with(".gserviceaccount.com") && !text.contains(char::is_whitespace);
    aws || public_key || block || fingerprint || pair || named || account || text.starts_with("arn:aws")
}

/// Whether a marked output holds something that may be secret.
pub(super) fn is_told(name: &str, value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(_)) && value != "" && !is_public(name, value, &Map::new())
}

/// The attributes of a resource that hold a secret in the clear, with what each opens.
pub(super) fn of(kind: &str, values: &Map<String, Value>, marked: &BTreeSet<String>) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    for (name, value) in values {
        // `secret` beside `encrypted_secret` is null; a parameter is secret by its type.
        let parameter = kind == "aws_ssm_parameter"
            && name == "value"
            && values.get("type").and_then(Value::as_str) == Some("SecureString");
        let grade = known(kind, name)
            .or_else(|| (parameter || is_variable(kind, name, values)).then_some(SECRET))
            .or_else(|| marked.contains(name).then_some(MARKED));
        if let Some(grade) = grade.filter(|_| is_full(value) && !is_public(name, value, values)) {
            out.push((name.clone(), grade));
        }
    }
    for (name, value) in variables(values) {
        let literal = value.as_str().is_some_and(|text| !text.is_empty() && !names::is_placeholder(name, text));
        let literal = literal && !is_public(name, value, values);
        if names::holds_credential(name) && literal && !marked.contains("environment") {
            out.push((format!("environment.0.variables.{name}"), SECRET));
        }
    }
    out
}

/// The public id of the credential whose secret half an attribute is.
pub(super) fn credential(kind: &str, attribute: &str, values: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| values.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (kind, attribute) {
        ("aws_iam_access_key", _) => text("id").map(|id| format!("aws:access-key:{id}")),
        ("google_service_account_key", "private_key") => {
            let (_, id) = text("name").or_else(|| text("id"))?.rsplit_once("/keys/")?;
            Some(format!("gcp:service-account-key:{id}"))
        }
        ("azuread_application_password" | "azuread_service_principal_password", "value") => {
            text("key_id").map(|id| format!("azure:client-secret:{}", id.to_ascii_lowercase()))
        }
        ("tls_private_key", _) => {
            text("public_key_fingerprint_sha256").filter(|f| f.starts_with("SHA256:")).map(|f| format!("ssh:key:{f}"))
        }
        _ => None,
    }
}

/// The variables of a function.
fn variables(values: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let environment = values.get("environment").and_then(Value::as_array).and_then(|all| all.first());
    let variables = environment.and_then(|one| one.get("variables")).and_then(Value::as_object);
    variables.into_iter().flatten()
}

/// Takes everything out that may be secret, so that nothing of it can go anywhere.
pub(super) fn strip(kind: &str, values: &mut Map<String, Value>, marked: &BTreeSet<String>) {
    values.retain(|name, _| known(kind, name).is_none() && name != "environment");
    // Providers mark whole policies too, which decide about rights and hold no secret.
    values.retain(|name, _| !marked.contains(name) || matches!(name.as_str(), "policy" | "assume_role_policy"));
    if kind == "aws_ssm_parameter" || VARIABLES.contains(&kind) {
        values.remove("value");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(kind: &str, values: Value, marked: &[&str]) -> Vec<String> {
        let Value::Object(values) = values else { return Vec::new() };
        let marked = marked.iter().map(|name| (*name).to_owned()).collect();
        of(kind, &values, &marked).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn public_halves_and_ids_are_no_secrets_wherever_they_are_kept_or_marked() {
        let key_id = format!("AK{}", "IAQQQQQQQQQQQQQQQQ");
        let guid = "0b6f0f1c-3f7a-4c58-9d39-6a1f2b3c4d5e";
        let none: [String; 0] = [];
        let stored = |name: &str, value: &str| {
            found("github_actions_secret", json!({"secret_name": name, "plaintext_value": value}), &["plaintext_value"])
        };
        assert_eq!(stored("AWS_ACCESS_KEY_ID", &key_id), none);
        assert_eq!(stored("ARM_CLIENT_ID", guid), none);
        assert_eq!(stored("DEPLOY_ROLE", "arn:aws:iam::123456789012:role/deploy"), none);
        assert_eq!(stored("GCP_ACCOUNT", "ci@acme.iam.gserviceaccount.com"), none);
        assert_eq!(stored("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"), ["plaintext_value"]);
        assert_eq!(stored("API_KEY", guid), ["plaintext_value"], "a value of that form may be a key");
        let pair = json!({"public_key": "ssh-ed25519 AAAAC3Nza x", "key_pair_id": "key-0123456789abcdef0", "fingerprint": "aa:bb:0c"});
        assert_eq!(found("aws_key_pair", pair, &["public_key", "key_pair_id", "fingerprint"]), none);
        let block = |what: &str| format!("-----BEGIN {what}-----\nAAAA\n");
        assert_eq!(found("x", json!({"cert": block("CERTIFICATE")}), &["cert"]), none);
        assert_eq!(found("x", json!({"pem": block("EC PRIVATE KEY")}), &["pem"]), ["pem"]);
        let key = ["wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYzQ2m4n8p0r"].concat();
        let variables = json!({"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": key});
        let variables = json!({"environment": [{"variables": variables}]});
        assert_eq!(found("aws_lambda_function", variables, &[]), ["environment.0.variables.AWS_SECRET_ACCESS_KEY"]);
    }
}
