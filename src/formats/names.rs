//! What the name of a secret or variable tells: the provider, whether it is a credential at all, and whether federation
//! could replace it.

/// Providers by a word of the name; the first that occurs decides.
const WORDS: &[(&str, &str)] = &[
    ("GHCR", "ghcr"),
    ("AWS", "aws"),
    ("ECR", "aws"),
    ("ARM", "azure"),
    ("AZURE", "azure"),
    ("AKS", "azure"),
    ("ACR", "azure"),
    ("GCP", "gcp"),
    ("GCLOUD", "gcp"),
    ("GOOGLE", "gcp"),
    ("GKE", "gcp"),
    ("FIREBASE", "gcp"),
    ("NPM", "npm"),
    ("PYPI", "pypi"),
    ("TWINE", "pypi"),
    ("CARGO", "crates-io"),
    ("CRATES", "crates-io"),
    ("CRATESIO", "crates-io"),
    ("RUBYGEMS", "rubygems"),
    ("NUGET", "nuget"),
    ("VAULT", "vault"),
    ("DOCKER", "docker"),
    ("DOCKERHUB", "docker"),
    ("KUBECONFIG", "kubernetes"),
    ("KUBE", "kubernetes"),
    ("K8S", "kubernetes"),
    ("SLACK", "slack"),
    ("DISCORD", "discord"),
    ("SONAR", "sonar"),
    ("CODECOV", "codecov"),
    ("SNYK", "snyk"),
    ("OPENAI", "openai"),
    ("ANTHROPIC", "anthropic"),
    ("CLOUDFLARE", "cloudflare"),
    ("HEROKU", "heroku"),
    ("NETLIFY", "netlify"),
    ("VERCEL", "vercel"),
    ("DATADOG", "datadog"),
    ("SENTRY", "sentry"),
    ("DIGITALOCEAN", "digitalocean"),
    ("PULUMI", "pulumi"),
    ("GITLAB", "gitlab"),
    ("OSSRH", "maven-central"),
    ("SONATYPE", "maven-central"),
    ("MAVEN", "maven-central"),
    ("GITHUB", "github"),
    ("GH", "github"),
    ("SSH", "ssh"),
];

/// Variables that a tool reads a credential from under exactly this name.
const EXACT: &[(&str, &str)] = &[
    ("NODE_AUTH_TOKEN", "npm"),
    ("UV_PUBLISH_TOKEN", "pypi"),
    ("FLIT_PASSWORD", "pypi"),
    ("HATCH_INDEX_AUTH", "pypi"),
    ("GEM_HOST_API_KEY", "rubygems"),
    ("TF_API_TOKEN", "terraform"),
    ("PAT", "github"),
];

/// Variables whose literal value is a credential in the clear.
const LITERAL: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "ARM_CLIENT_SECRET",
    "ARM_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "AZURE_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "NODE_AUTH_TOKEN",
    "NPM_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "GEM_HOST_API_KEY",
    "VAULT_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
];

/// The provider that a name speaks of.
pub fn provider(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    if let Some((_, provider)) = EXACT.iter().find(|(exact, _)| *exact == name) {
        return Some(provider);
    }
    let words: Vec<&str> = name.split(['_', '-']).collect();
    WORDS.iter().find(|(word, _)| words.contains(word)).map(|(_, provider)| *provider)
}

/// Whether a literal under this variable is a credential.
pub fn holds_credential(variable: &str) -> bool {
    LITERAL.contains(&variable)
}

/// Whether a literal under this variable or input is a stand-in that opens nothing but a local emulator: a word that says
/// so, or a text that the issuer of such a credential cannot have made.
pub fn is_placeholder(name: &str, value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let known =
        ["test", "testing", "dummy", "fake", "foo", "bar", "example", "mock", "local", "localstack", "none", "na"];
    let says = ["placeholder", "changeme", "example", "dummy"];
    known.contains(&lower.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        || says.iter().any(|word| lower.contains(word))
        || lower.chars().next().is_none_or(|first| lower.chars().all(|c| c == first))
        || !could_be_issued(name, value)
}

/// Whether a value has the form that its issuer gives to credentials of this name; true for names without a known form,
/// passwords above all.
///
/// AWS ids are 16 to 128 capitals and digits that start with `A`, secrets are 40 characters of base64, session tokens
/// hold hundreds (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html>). Other tokens are of 16 random characters
/// or more.
fn could_be_issued(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let mixed = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    if name.ends_with("AWS_ACCESS_KEY_ID") {
        let form = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        return (16..=128).contains(&value.len()) && value.starts_with('A') && value.bytes().all(form);
    }
    if name.ends_with("AWS_SECRET_ACCESS_KEY") {
        return value.len() == 40 && mixed && value.bytes().all(base64);
    }
    if name.ends_with("AWS_SESSION_TOKEN") {
        return value.len() >= 100 && mixed && value.bytes().all(base64);
    }
    let issued = ["TOKEN", "API_KEY", "APIKEY", "CLIENT_SECRET", "ACCESS_KEY"];
    !issued.iter().any(|end| name.ends_with(end)) || (value.len() >= 16 && mixed)
}

/// Whether a name promises something that opens a door.
pub fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDS", "PRIVATE"];
    words.iter().any(|word| name.contains(word)) || name.split(['_', '-']).any(|word| word == "PAT")
}

/// Whether a variable that nothing declares holds what opens a door: its last words say so, not just any. `MAX_TOKENS`,
/// `CACHE_KEY` and `TOKEN_FILE` do not.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let name = name.strip_suffix("_BASE64").or(name.strip_suffix("_B64")).unwrap_or(&name);
    let ends = |words: &[&str]| {
        words.iter().any(|word| name.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
    };
    let opens = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PSW",
        "SECRET",
        "TOKEN",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "ACCESS_KEY_ID",
        "PRIVATE_KEY",
        "SECRET_KEY",
        "SIGNING_KEY",
        "ENCRYPTION_KEY",
        "DEPLOY_KEY",
        "AUTH_KEY",
        "ACCOUNT_KEY",
        "SSH_KEY",
        "SA_KEY",
        "GPG_KEY",
        "CREDENTIAL",
        "CREDENTIALS",
        "CREDS",
        "PAT",
    ];
    let not = ["NEXT_TOKEN", "PAGE_TOKEN", "CONTINUATION_TOKEN", "PUBLIC_TOKEN", "CANCEL_TOKEN"];
    ends(&opens) && !ends(&not) || ends(&["KEY"]) && provider(name).is_some() && !ends(&["PUBLIC_KEY", "CACHE_KEY"])
}

/// Names of things that are kept among the secrets but do not authenticate anyone: regions, accounts, user names.
fn is_identifier(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    let ends = [
        "REGION",
        "ZONE",
        "ACCOUNT_ID",
        "ACCOUNT",
        "PROJECT",
        "PROJECT_ID",
        "TENANT_ID",
        "SUBSCRIPTION_ID",
        "CLIENT_ID",
        "APP_ID",
        "ROLE",
        "ROLE_ARN",
        "ROLE_TO_ASSUME",
        "USERNAME",
        "USER",
        "EMAIL",
        "BUCKET",
        "CLUSTER",
        "HOST",
        "HOSTNAME",
        "PORT",
        "REGISTRY",
        "ORG",
        "ORGANIZATION",
        "PROVIDER",
        "RESOURCE_GROUP",
        "NAMESPACE",
        "DOMAIN",
        "HOST_URL",
        "SERVER_URL",
        "API_URL",
        "BASE_URL",
        "ORGANIZATION_ID",
        "APPLICATION_ID",
        "TENANT",
    ];
    // `GCP_SERVICE_ACCOUNT` holds a key as often as an address.
    !is_credential(&name)
        && !name.ends_with("SERVICE_ACCOUNT")
        && ends.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// Whether a secret only says who or where, by its own name or that of the variable or input that takes it; a name that
/// promises a credential wins.
pub fn only_identifies(hint: &str, secret: &str) -> bool {
    (is_identifier(hint) && !is_credential(secret))
        || ((is_identifier(secret) || is_options(secret)) && !is_credential(hint))
}

/// Options of a tool that are kept among the secrets: `CARGO_AUDIT_OPTIONS`. What takes them in may take in anything, so only
/// the secret's own name tells.
fn is_options(secret: &str) -> bool {
    let name = secret.to_ascii_uppercase();
    !is_credential(&name) && ["_OPTIONS", "_FLAGS"].iter().any(|end| name.ends_with(end))
}

/// Whether the provider offers federation to GitHub Actions in place of a credential of this name. A provider also has
/// keys that it does not (a maps key, an SSH key), so the name has to be that of the one federation replaces.
pub fn federable(provider: &str, name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match provider {
        "aws" => has(&["ACCESS_KEY", "SECRET", "SESSION_TOKEN", "CREDENTIAL", "KEY_ID"]) && !has(&["SSH"]),
        "gcp" => {
            has(&["CREDENTIAL", "SERVICE_ACCOUNT", "SA_KEY", "KEYFILE", "GCP_KEY", "GCP_SA", "GCLOUD"])
                && !has(&["API_KEY"])
        }
        "azure" => has(&["CREDENTIAL", "CLIENT_SECRET", "PUBLISH_PROFILE", "SP_PASSWORD"]),
        "npm" | "pypi" | "crates-io" | "rubygems" | "vault" | "ghcr" => true,
        _ => false,
    }
}

/// Providers that take a GitHub Actions identity in place of a stored credential: the clouds by OIDC, the registries by
/// trusted publishing, GitHub's own registry by the job's token.
pub fn federates(provider: &str) -> bool {
    matches!(provider, "aws" | "gcp" | "azure" | "npm" | "pypi" | "crates-io" | "rubygems" | "vault" | "ghcr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_of_a_name_can_be_named_in_a_policy() {
        for (name, provider) in WORDS.iter().chain(EXACT) {
            assert!(crate::model::providers::is_known(provider), "{name}: {provider}");
        }
        assert!(crate::model::providers::FEDERATING.iter().all(|provider| federates(provider)));
    }

    #[test]
    fn a_name_gives_its_provider_by_whole_words() {
        assert_eq!(provider("PROD_AWS_SECRET_ACCESS_KEY"), Some("aws"));
        assert_eq!(provider("NODE_AUTH_TOKEN"), Some("npm"));
        assert_eq!(provider("ARM_CLIENT_SECRET"), Some("azure"));
        assert_eq!(provider("ALARM_TOKEN"), None);
        assert_eq!(provider("PATH_KEY"), None);
    }

    #[test]
    fn the_last_words_of_a_variable_tell_a_secret() {
        for name in ["NPM_TOKEN", "token", "DB_PASSWORD", "AWS_ACCESS_KEY_ID", "GCP_KEY", "KEY_API_KEY", "SA_CREDS_B64"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["MAX_TOKENS", "CACHE_KEY", "TOKEN_FILE", "KEYCHAIN", "GPG_PUBLIC_KEY", "KEY", "PATH", "NEXT_TOKEN"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn identifiers_are_told_from_credentials() {
        for name in ["AWS_REGION", "AZURE_TENANT_ID", "DOCKERHUB_USERNAME", "ROLE_ARN", "CLIENT_ID"] {
            assert!(is_identifier(name), "{name}");
        }
        for name in ["AWS_ACCESS_KEY_ID", "CLIENT_SECRET", "GCP_SERVICE_ACCOUNT", "DATABASE_URL", "SUPPORT"] {
            assert!(!is_identifier(name), "{name}");
        }
        assert!(only_identifies("CARGO_AUDIT_OPTIONS", "CARGO_AUDIT_OPTIONS"));
        assert!(!only_identifies("CARGO_AUDIT_OPTIONS", "AUDIT_DATABASE"));
        assert!(!only_identifies("TOKEN", "DEPLOY_OPTIONS") && !only_identifies("run", "TOKEN_OPTIONS"));
    }

    #[test]
    fn what_no_issuer_makes_is_a_placeholder() {
        let (id, secret) = (format!("AK{}", "IAQQQQQQQQQQQQQQQ7"), "aB3/".repeat(10));
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", id.as_str()),
            ("aws-access-key-id", &id),
            ("AWS_SECRET_ACCESS_KEY", &secret),
            ("NPM_TOKEN", "q7x9q7x9q7x9q7x9"),
            // Nobody knows what a person takes for a password.
            ("TWINE_PASSWORD", "correct horse"),
            ("password", "hunter2"),
        ] {
            assert!(!is_placeholder(name, value), "{name}");
        }
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "randomKey"),
            ("AWS_SECRET_ACCESS_KEY", "random_secret"),
            ("AWS_SECRET_ACCESS_KEY", id.as_str()),
            ("AWS_SESSION_TOKEN", &secret),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("VAULT_TOKEN", "myroot"),
            ("password", "xxxxxxxx"),
            ("password", "dummy-password"),
        ] {
            assert!(is_placeholder(name, value), "{name}={value}");
        }
    }

    #[test]
    fn federation_replaces_login_credentials_only() {
        assert!(federable("gcp", "GCP_SA_KEY") && !federable("gcp", "GOOGLE_MAPS_API_KEY"));
        assert!(federable("aws", "AWS_ACCESS_KEY_ID") && !federable("aws", "AWS_SSH_SECRET"));
        assert!(!federable("docker", "DOCKERHUB_TOKEN"));
    }
}
