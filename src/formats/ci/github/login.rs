//! Actions that log in somewhere: which inputs hold a long-lived credential, and what federation looks like instead.
//!
//! Each entry follows the action's own `action.yml` and README, at `https://github.com/<action>`. Input names are
//! case-insensitive.

/// One action.
pub struct Login {
    /// `owner/name`, in lower case.
    pub action: &'static str,
    /// Where it logs in.
    pub provider: &'static str,
    /// Inputs that hold a credential.
    pub secrets: &'static [&'static str],
    /// Inputs that say who or where, and open nothing alone.
    pub identifiers: &'static [&'static str],
    /// Federation, where the action offers it.
    pub federation: Option<Federation>,
}

/// How an action is told to federate.
pub struct Federation {
    /// Inputs of which one must be given; none when federation is what happens without a credential.
    pub needs: &'static [&'static str],
    /// An input that must have this value.
    pub when: Option<(&'static str, &'static str)>,
    /// Inputs that name the identity taken on, the most telling first.
    pub target: &'static [&'static str],
    /// Input and default of the audience; an empty input has no such setting.
    pub audience: (&'static str, &'static str),
    /// Input for the lifetime; empty when there is none.
    pub duration: &'static str,
}

const fn login(action: &'static str, provider: &'static str, secrets: &'static [&'static str]) -> Login {
    Login { action, provider, secrets, identifiers: &[], federation: None }
}

const fn federation(
    needs: &'static [&'static str],
    target: &'static [&'static str],
    audience: (&'static str, &'static str),
) -> Federation {
    Federation { needs, when: None, target, audience, duration: "" }
}

/// The actions known.
pub const LOGINS: &[Login] = &[
    Login {
        identifiers: &["role-to-assume", "aws-region", "role-session-name", "role-external-id"],
        federation: Some(Federation {
            duration: "role-duration-seconds",
            ..federation(&["role-to-assume"], &["role-to-assume"], ("audience", "sts.amazonaws.com"))
        }),
        ..login(
            "aws-actions/configure-aws-credentials",
            "aws",
            &["aws-access-key-id", "aws-secret-access-key", "aws-session-token"],
        )
    },
    Login {
        identifiers: &["workload_identity_provider", "service_account", "project_id"],
        federation: Some(Federation {
            duration: "access_token_lifetime",
            ..federation(
                &["workload_identity_provider"],
                &["service_account", "workload_identity_provider"],
                ("audience", "https://iam.googleapis.com/"),
            )
        }),
        ..login("google-github-actions/auth", "gcp", &["credentials_json"])
    },
    login("google-github-actions/setup-gcloud", "gcp", &["service_account_key", "credentials_json"]),
    Login {
        identifiers: &["client-id", "tenant-id", "subscription-id"],
        federation: Some(federation(&["client-id"], &["client-id"], ("audience", "api://AzureADTokenExchange"))),
        ..login("azure/login", "azure", &["creds", "client-secret"])
    },
    login("azure/webapps-deploy", "azure", &["publish-profile"]),
    login("azure/functions-action", "azure", &["publish-profile"]),
    Login { identifiers: &["username", "login-server"], ..login("azure/docker-login", "azure", &["password"]) },
    login("azure/k8s-set-context", "kubernetes", &["kubeconfig", "k8s-secret"]),
    Login { identifiers: &["username", "registry"], ..login("docker/login-action", "docker", &["password"]) },
    Login {
        identifiers: &["role", "roleid", "url", "path", "namespace", "username"],
        federation: Some(Federation {
            when: Some(("method", "jwt")),
            duration: "jwtTtl",
            ..federation(&[], &["role"], ("jwtGithubAudience", ""))
        }),
        ..login("hashicorp/vault-action", "vault", &["token", "secretId", "githubToken", "password", "jwtPrivateKey"])
    },
    Login {
        identifiers: &["user", "repository-url", "repository_url"],
        federation: Some(federation(&[], &[], ("", "pypi"))),
        ..login("pypa/gh-action-pypi-publish", "pypi", &["password"])
    },
    Login {
        federation: Some(federation(&[], &[], ("", "crates.io"))),
        ..login("rust-lang/crates-io-auth-action", "crates-io", &[])
    },
    Login {
        identifiers: &["role-to-assume"],
        federation: Some(federation(&["role-to-assume"], &["role-to-assume"], ("audience", "rubygems.org"))),
        ..login("rubygems/configure-rubygems-credentials", "rubygems", &["api-token"])
    },
    Login {
        federation: Some(federation(&[], &[], ("", "rubygems.org"))),
        ..login("rubygems/release-gem", "rubygems", &[])
    },
    Login {
        identifiers: &["client_id", "workload_identity_provider"],
        federation: Some(federation(
            &["workload_identity_provider"],
            &["workload_identity_provider"],
            ("oidc_token_audience", ""),
        )),
        ..login("hashicorp/hcp-auth-action", "hcp", &["client_secret"])
    },
    Login {
        identifiers: &["organization"],
        federation: Some(federation(&["organization"], &["organization"], ("", ""))),
        ..login("pulumi/auth-actions", "pulumi", &[])
    },
    Login {
        federation: Some(Federation {
            when: Some(("use_oidc", "true")),
            ..federation(&[], &[], ("", "https://codecov.io"))
        }),
        ..login("codecov/codecov-action", "codecov", &["token"])
    },
    Login {
        identifiers: &["app-id", "client-id", "owner", "repositories"],
        ..login("actions/create-github-app-token", "github", &["private-key"])
    },
    Login { identifiers: &["app_id"], ..login("tibdex/github-app-token", "github", &["private_key"]) },
    login("actions/checkout", "github", &["token", "ssh-key"]),
    login("actions/github-script", "github", &["github-token"]),
    login("peter-evans/create-pull-request", "github", &["token"]),
    login("softprops/action-gh-release", "github", &["token"]),
    login("hashicorp/setup-terraform", "terraform", &["cli_config_credentials_token"]),
    login("digitalocean/action-doctl", "digitalocean", &["token"]),
    Login { identifiers: &["accountid"], ..login("cloudflare/wrangler-action", "cloudflare", &["apiToken", "apiKey"]) },
    login("slackapi/slack-github-action", "slack", &["token", "webhook"]),
    login("webfactory/ssh-agent", "ssh", &["ssh-private-key"]),
    login("appleboy/ssh-action", "ssh", &["key", "password", "passphrase"]),
];

/// The entry for an action, `owner/name` in any case.
pub fn find(action: &str) -> Option<&'static Login> {
    LOGINS.iter().find(|login| login.action.eq_ignore_ascii_case(action))
}

impl Login {
    /// Whether an input holds a credential.
    pub fn is_secret(&self, input: &str) -> bool {
        self.secrets.iter().any(|name| name.eq_ignore_ascii_case(input))
    }

    /// Whether an input only says who or where.
    pub fn is_identifier(&self, input: &str) -> bool {
        self.identifiers.iter().any(|name| name.eq_ignore_ascii_case(input))
    }
}

/// The provider behind a container registry's host; Docker Hub when none is named.
///
/// Hosts: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>,
/// <https://cloud.google.com/artifact-registry/docs/docker/authentication>,
/// <https://learn.microsoft.com/azure/container-registry/container-registry-concepts>.
pub fn registry_provider(registry: &str) -> &'static str {
    let lower = registry.trim().to_ascii_lowercase();
    let host = lower.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or_default();
    let under = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if host.is_empty() || under("docker.io") || under("docker.com") {
        "docker"
    } else if under("ghcr.io") {
        "ghcr"
    } else if host == "public.ecr.aws" || host.contains(".dkr.ecr.") {
        "aws"
    } else if under("gcr.io") || under("pkg.dev") {
        "gcp"
    } else if under("azurecr.io") {
        "azure"
    } else if under("quay.io") {
        "quay"
    } else {
        "registry"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_told_by_host() {
        let cases = [
            ("", "docker"),
            ("ghcr.io", "ghcr"),
            ("https://index.docker.io/v1/", "docker"),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "aws"),
            ("europe-docker.pkg.dev/p/r", "gcp"),
            ("acme.azurecr.io", "azure"),
            ("notghcr.io", "registry"),
        ];
        for (registry, provider) in cases {
            assert_eq!(registry_provider(registry), provider, "{registry}");
        }
    }

    #[test]
    fn actions_are_listed_once_and_in_lower_case() {
        for (i, login) in LOGINS.iter().enumerate() {
            assert_eq!(login.action, login.action.to_ascii_lowercase());
            assert!(LOGINS.iter().skip(i + 1).all(|other| other.action != login.action), "{}", login.action);
        }
    }
}
