//! Logins in scripts: which command proves to whom what a workload is, and with what.

use super::Seen;
use super::command::{Command, Script, assignment};
use crate::formats::names;
use crate::model::AuthMode;

/// What a command logs in with.
struct Login {
    mode: AuthMode,
    provider: &'static str,
    command: &'static str,
    target: Option<String>,
}

/// Adds the login that a command makes, if it makes one.
pub fn read(script: &Script, command: &Command, seen: &mut Vec<Seen>) {
    let login = match command.name() {
        "aws" => aws(command),
        "az" => azure(command),
        "gcloud" => gcloud(command),
        "vault" => vault(command),
        "docker" | "podman" | "nerdctl" | "buildah" | "skopeo" | "oras" | "crane" | "helm" => registry(script, command),
        "kubectl" | "oc" => kubernetes(command),
        _ => None,
    };
    if let Some(Login { mode, provider, command: words, target }) = login {
        // What is piped into it is part of the login.
        let start = script.sources(command).map(|source| source.part.start).min();
        let part = start.unwrap_or(command.part.start).min(command.part.start)..command.part.end;
        seen.push(Seen::Login { mode, provider, command: words, target, part });
    }
}

/// Static for a value that is written out, referenced for a variable or a file; `None` for what opens nothing.
fn mode_of(name: &str, value: &str) -> Option<AuthMode> {
    let value = value.trim();
    if value.is_empty() || value.contains('$') || value.contains("{{") || value.starts_with(['<', '%', '@', '/', '.']) {
        return Some(AuthMode::Referenced);
    }
    (!names::is_placeholder(name, value)).then_some(AuthMode::Static)
}

/// An identity that is written out.
fn written(value: Option<&str>) -> Option<String> {
    let value = value?.trim();
    (!value.is_empty() && !value.contains(['$', '<', '{'])).then(|| value.chars().take(256).collect())
}

/// <https://docs.aws.amazon.com/cli/latest/reference/sts/assume-role-with-web-identity.html>,
/// <https://docs.aws.amazon.com/cli/latest/reference/configure/set.html>.
fn aws(command: &Command) -> Option<Login> {
    let words: Vec<&str> = command.operands().take(12).collect();
    let follows = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
    if follows("sts", "assume-role-with-web-identity") {
        return Some(Login {
            mode: AuthMode::Federated,
            provider: "aws",
            command: "aws sts assume-role-with-web-identity",
            target: written(command.option(&["--role-arn"])),
        });
    }
    if follows("configure", "set") {
        let at = words.iter().position(|word| *word == "set")?;
        let name = words.get(at + 1)?.rsplit('.').next()?;
        // The secret is the one that opens; the id stands beside it.
        if name == "aws_secret_access_key" {
            // A word that holds only a substitution is empty here.
            let mode = mode_of(name, words.get(at + 2).copied().unwrap_or_default())?;
            return Some(Login { mode, provider: "aws", command: "aws configure set", target: None });
        }
    }
    None
}

/// <https://learn.microsoft.com/cli/azure/reference-index#az-login>.
fn azure(command: &Command) -> Option<Login> {
    if command.operands().next() != Some("login") {
        return None;
    }
    let target = written(command.option(&["-u", "--username", "--client-id"]));
    let login = |mode, command| Some(Login { mode, provider: "azure", command, target: target.clone() });
    if command.has(&["--federated-token"]) {
        return login(AuthMode::Federated, "az login --federated-token");
    }
    if command.has(&["--identity", "-i"]) {
        return login(AuthMode::Instance, "az login --identity");
    }
    if command.has(&["--service-principal"]) {
        if command.has(&["--certificate"]) {
            return login(AuthMode::Referenced, "az login --service-principal");
        }
        let secret = command.option(&["-p", "--password"])?;
        return login(mode_of("client_secret", secret)?, "az login --service-principal");
    }
    let secret = command.option(&["-p", "--password"])?;
    login(mode_of("password", secret)?, "az login")
}

/// <https://cloud.google.com/sdk/gcloud/reference/auth>.
fn gcloud(command: &Command) -> Option<Login> {
    let words: Vec<&str> = command.operands().take(8).filter(|word| !matches!(*word, "alpha" | "beta")).collect();
    let has = |path: &[&str]| words.starts_with(path);
    let login = |mode, command, target| Some(Login { mode, provider: "gcp", command, target });
    if has(&["auth", "activate-service-account"]) {
        let account = written(command.operands().find(|word| word.contains('@')));
        return login(AuthMode::Referenced, "gcloud auth activate-service-account", account);
    }
    if has(&["auth", "login"]) {
        let file = command.option(&["--cred-file", "--credential-file-override"])?;
        // A file may be a configuration of federation or a key; people name keys so.
        let lower = file.to_ascii_lowercase();
        let key = lower.contains("key") || lower.contains("service-account") || lower.contains("service_account");
        let mode = if key { AuthMode::Referenced } else { AuthMode::Federated };
        return login(mode, "gcloud auth login --cred-file", None);
    }
    if has(&["iam", "workload-identity-pools", "create-cred-config"]) {
        let account = written(command.option(&["--service-account"]));
        return login(AuthMode::Federated, "gcloud iam workload-identity-pools create-cred-config", account);
    }
    None
}

/// <https://developer.hashicorp.com/vault/docs/auth/jwt>, <https://developer.hashicorp.com/vault/docs/commands/login>.
fn vault(command: &Command) -> Option<Login> {
    let value = |key: &str| {
        let sets = command.operands().filter_map(assignment);
        sets.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let login = |mode, command, target| Some(Login { mode, provider: "vault", command, target });
    if command.operands().next() == Some("write") {
        let path = command.operands().find(|word| word.starts_with("auth/"))?;
        if !path.trim_end_matches('/').ends_with("/login") {
            return None;
        }
        if value("jwt").is_some() {
            return login(AuthMode::Federated, "vault write auth/jwt/login", written(value("role")));
        }
        let secret = value("secret_id").or(value("password")).or(value("token"))?;
        return login(mode_of("secret_id", secret)?, "vault write auth/login", None);
    }
    if command.operands().next() != Some("login") {
        return None;
    }
    let method = command.option(&["-method", "--method"]).unwrap_or("token");
    if matches!(method, "jwt" | "kubernetes" | "aws" | "gcp" | "azure") {
        return login(AuthMode::Federated, "vault login", written(value("role")));
    }
    // `oidc` opens a browser: a person.
    if method == "oidc" {
        return None;
    }
    let token = command.operands().skip(1).find(|word| *word != method);
    login(mode_of("token", token.unwrap_or_default())?, "vault login", None)
}

/// <https://docs.docker.com/reference/cli/docker/login/>, and its kin.
fn registry(script: &Script, command: &Command) -> Option<Login> {
    let words: Vec<&str> = command.operands().take(4).collect();
    let name = command.name();
    let skip = match (name, words.as_slice()) {
        ("helm", ["registry", "login", ..]) | ("crane", ["auth", "login", ..]) => 2,
        ("helm" | "crane", _) => return None,
        (_, ["login", ..]) => 1,
        _ => return None,
    };
    let options = ["-u", "--username", "-p", "--password"];
    let valued = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| command.arguments().get(at));
        before.is_some_and(|word| options.contains(&word.text.as_str()))
    };
    let plain = command.arguments().iter().enumerate().filter(|(at, word)| !word.text.starts_with('-') && !valued(*at));
    let host = plain.map(|(_, word)| word.text.as_str()).filter(|word| !word.starts_with("<<<")).nth(skip);
    let host = host.unwrap_or_default().trim_start_matches("https://").trim_start_matches("http://");
    let provider = registry_provider(host);
    let user = command.option(&["-u", "--username"]).unwrap_or_default();
    let password = command.arguments().iter().position(|word| matches!(word.text.as_str(), "-p" | "--password"));
    let password = password.and_then(|at| command.arguments().get(at + 1));
    let inline = command.option(&["--password", "-p"]);
    let exchanged = |command: &Command| {
        let words: Vec<&str> = command.operands().take(6).collect();
        matches!(
            (command.name(), words.as_slice()),
            ("aws", [.., "ecr" | "ecr-public", "get-login-password"])
                | ("aws", ["ecr" | "ecr-public", "get-login-password", ..])
                | ("gcloud", ["auth", "print-access-token" | "application-default", ..])
                | ("az", ["acr", "login", ..])
        )
    };
    let nested = password.map(|word| script.nested(word)).unwrap_or_default();
    // A token that the cloud's own login gives is of that login.
    if script.sources(command).any(exchanged) || nested.iter().any(exchanged) || user == "AWS" {
        return None;
    }
    let job = |text: &str| {
        ["CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "github.token", "GITHUB_TOKEN", "SYSTEM_ACCESSTOKEN"]
            .iter()
            .any(|name| text.contains(name))
    };
    let piped = script.sources(command).last().map(|source| source.words.iter().map(|word| word.text.as_str()));
    let piped: Vec<&str> = piped.into_iter().flatten().collect();
    if job(inline.unwrap_or_default()) || piped.iter().any(|word| job(word)) {
        return Some(Login { mode: AuthMode::Instance, provider, command: "docker login", target: None });
    }
    let mode = match inline {
        Some(value) => mode_of("password", value)?,
        None if command.has(&["--password-stdin", "--password-stdin=true"]) => AuthMode::Referenced,
        // It asks a person, or goes by what is stored.
        None => return None,
    };
    Some(Login { mode, provider, command: "docker login", target: None })
}

/// The provider of a registry by its host.
fn registry_provider(host: &str) -> &'static str {
    let name = host.split('/').next().unwrap_or_default();
    match name {
        "" | "docker.io" | "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker",
        "ghcr.io" | "docker.pkg.github.com" => "ghcr",
        "quay.io" => "quay",
        "gcr.io" => "gcp",
        _ if name.ends_with(".gcr.io") || name.ends_with("-docker.pkg.dev") => "gcp",
        _ if name.ends_with(".azurecr.io") => "azure",
        _ if name.contains(".dkr.ecr.") || name == "public.ecr.aws" => "aws",
        _ if name.starts_with("registry.gitlab") || name.contains("CI_REGISTRY") => "gitlab",
        _ => "registry",
    }
}

/// <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_config/kubectl_config_set-credentials/>.
fn kubernetes(command: &Command) -> Option<Login> {
    let token = command.option(&["--token"]).map(|value| ("token", value));
    let password = command.option(&["--password", "-p"]).map(|value| ("password", value));
    if command.says(&["config", "set-credentials"]) {
        let key = command.option(&["--client-key"]).map(|_| ("key", "$file"));
        let (name, value) = token.or(password).or(key)?;
        return Some(Login {
            mode: mode_of(name, value)?,
            provider: "kubernetes",
            command: "kubectl config set-credentials",
            target: None,
        });
    }
    if command.name() == "oc" && command.says(&["login"]) {
        let (name, value) = token.or(password)?;
        return Some(Login { mode: mode_of(name, value)?, provider: "kubernetes", command: "oc login", target: None });
    }
    None
}
