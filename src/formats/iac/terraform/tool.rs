//! How Terraform itself logs in: provider and backend blocks, and the credentials that pass through a module.
//!
//! Arguments: the provider's and backend's pages below <https://registry.terraform.io/> and
//! <https://developer.hashicorp.com/terraform/language/backend>.

use super::Emit;
use super::module::{Block, Module, is_open};
use crate::doc::{Node, hcl};
use crate::formats::names;
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Span, UsageFact, setting,
};

/// Arguments of a provider or backend that hold a credential: the block's name, the cloud, the arguments.
const ARGUMENTS: &[(&str, &str, &[&str])] = &[
    ("aws", "aws", &["access_key", "secret_key", "token"]),
    ("awscc", "aws", &["access_key", "secret_key", "token"]),
    ("s3", "aws", &["access_key", "secret_key", "token"]),
    ("google", "gcp", &["credentials", "access_token"]),
    ("google-beta", "gcp", &["credentials", "access_token"]),
    ("gcs", "gcp", &["credentials", "access_token"]),
    ("azurerm", "azure", &["client_secret", "client_certificate_password", "access_key", "sas_token"]),
    ("azuread", "azure", &["client_secret", "client_certificate_password"]),
    ("azapi", "azure", &["client_secret", "client_certificate_password"]),
    ("azuredevops", "azure-devops", &["personal_access_token", "client_secret"]),
    ("github", "github", &["token"]),
    ("gitlab", "gitlab", &["token"]),
    ("kubernetes", "kubernetes", &["token", "password", "client_key"]),
    ("helm", "kubernetes", &["token", "password", "client_key"]),
    ("vault", "vault", &["token"]),
    ("cloudflare", "cloudflare", &["api_token", "api_key"]),
    ("digitalocean", "digitalocean", &["token"]),
    ("datadog", "datadog", &["api_key", "app_key"]),
    ("snowflake", "snowflake", &["password", "private_key"]),
    ("postgresql", "database", &["password"]),
    ("mysql", "database", &["password"]),
    ("remote", "terraform", &["token"]),
    ("http", "", &["password"]),
    ("pg", "database", &["conn_str"]),
];

/// Arguments and nested blocks that take a short-lived identity on.
const FEDERATED: &[&str] =
    &["use_oidc", "use_aks_workload_identity", "assume_role_with_web_identity", "external_credentials"];

/// What the platform hands out.
const INSTANCE: &[&str] = &["use_msi"];

/// Resources that keep a secret at a code host, with the arguments of its value and its name.
const KEPT: &[(&str, &[&str], &str, &str)] = &[
    ("github_actions_secret", &["plaintext_value", "value"], "secret_name", "github"),
    ("github_actions_organization_secret", &["plaintext_value", "value"], "secret_name", "github"),
    ("github_actions_environment_secret", &["plaintext_value", "value"], "secret_name", "github"),
    ("github_dependabot_secret", &["plaintext_value", "value"], "secret_name", "github"),
    ("github_codespaces_secret", &["plaintext_value", "value"], "secret_name", "github"),
    ("gitlab_project_variable", &["value"], "key", "gitlab"),
    ("gitlab_group_variable", &["value"], "key", "gitlab"),
];

/// Reads how the tool logs in.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    let mut tool = Tool { module, key: module.key("workload", "terraform"), facts: Vec::new(), first: None };
    for (blocks, what) in [(&module.providers, "provider"), (&module.backends, "backend")] {
        for block in blocks {
            tool.first.get_or_insert(block.label);
            tool.block(block, what);
            if what == "provider" {
                tool.login_of_workspaces(block);
            }
        }
    }
    for block in &module.resources {
        tool.kept(block);
    }
    for block in &module.variables {
        tool.variable(block);
    }
    let Some(first) = tool.first.or_else(|| tool.facts.first().and_then(|fact| fact.at().span)) else { return };
    let place = if module.directory.is_empty() { "the top directory" } else { module.directory.as_str() };
    let name = format!("Terraform in {place}");
    let mut identity = IdentityFact::new(tool.key, IdentityKind::Workload, "terraform", &name);
    identity.human = Human::No;
    identity.environment = module.environment();
    emit.push(Fact::Identity(At::span(first), identity));
    tool.facts.into_iter().for_each(|fact| emit.push(fact));
}

/// Tells once for a file that it asks for the workspace that is run
/// (<https://developer.hashicorp.com/terraform/language/state/workspaces>).
pub fn workspaces(module: &Module<'_>, root: &Node, emit: &mut Emit<'_, '_>) {
    const NAME: &str = "terraform.workspace";
    if !module.input.text.contains(NAME) {
        return;
    }
    let mut found: Option<Span> = None;
    root.walk(&mut |node| {
        let named = hcl::reference(node) == Some(NAME)
            || node.as_str().is_some_and(|text| text.contains("${terraform.workspace"));
        if named {
            found.get_or_insert(node.span);
        }
    });
    if let Some(span) = found {
        let fact = SettingFact::new(setting::WORKSPACES, &module.directory, NAME);
        emit.push(Fact::Setting(At::span(span), fact));
    }
}

/// What says of a provider as whom it logs in, and where: the block's name, arguments of the login (a nested block's behind a
/// dot), arguments of the account.
const LOGINS: &[(&str, &[&str], &[&str])] = &[
    (
        "aws",
        &["assume_role.role_arn", "assume_role_with_web_identity.role_arn", "access_key", "secret_key", "profile"],
        &["allowed_account_ids", "shared_credentials_files", "shared_config_files"],
    ),
    ("google", &["impersonate_service_account", "credentials"], &["project"]),
    ("azurerm", &["client_secret", "client_certificate_path", "client_id"], &["subscription_id", "tenant_id"]),
];

/// Whether a value is put together from anything that may differ from run to run.
fn is_driven(node: &Node) -> bool {
    let mut driven = false;
    node.walk(&mut |node| driven |= hcl::reference(node).is_some() || node.as_str().is_some_and(is_open));
    driven
}

struct Tool<'m, 'a> {
    module: &'m Module<'a>,
    key: IdentityKey,
    facts: Vec<Fact>,
    first: Option<Span>,
}

/// How a credential stands in an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Literal,
    Placeholder,
    File,
    Variable,
    /// Something that is read or made by the module itself.
    Computed,
}

impl Tool<'_, '_> {
    fn how(&self, name: &str, node: &Node) -> Option<How> {
        let mut file = false;
        let mut computed = false;
        node.walk(&mut |node| {
            file |= matches!(hcl::call(node), Some(("file" | "pathexpand", _)));
            computed |= hcl::reference(node).is_some_and(|path| {
                path.starts_with("data.") || path.starts_with("module.") || super::module::split(path).is_some()
            });
        });
        let text = self.module.text(node)?;
        Some(match () {
            () if computed => How::Computed,
            () if file => How::File,
            () if text.trim().is_empty() => return None,
            () if is_open(&text) => How::Variable,
            // A path to a key file stands where the key may.
            () if name == "credentials" && !text.trim_start().starts_with('{') => How::File,
            () if names::is_placeholder(name, &text) => How::Placeholder,
            () => How::Literal,
        })
    }

    fn usage(&mut self, mode: AuthMode, provider: &str, mechanism: String, credential: Option<String>, at: Span) {
        let federates = matches!(provider, "aws" | "gcp" | "azure" | "vault");
        let stored = matches!(mode, AuthMode::Static | AuthMode::Referenced);
        let usage = UsageFact {
            identity: Some(self.key.clone()),
            mode,
            provider: provider.to_owned(),
            credential,
            target: None,
            mechanism,
            federation_available: federates && stored,
            attributes: std::collections::BTreeMap::new(),
        };
        self.facts.push(Fact::Usage(At::span(at), usage));
    }

    fn setting(&mut self, subject: String, argument: &str, how: &str, provider: &str, at: Span) {
        let mut fact = SettingFact::new(setting::TOOL_CREDENTIAL, subject, argument);
        fact.identity = Some(self.key.clone());
        fact.attributes.insert("how".to_owned(), how.to_owned());
        fact.attributes.insert("provider".to_owned(), provider.to_owned());
        self.facts.push(Fact::Setting(At::span(at), fact));
    }

    fn block(&mut self, block: &Block<'_>, what: &str) {
        let known = ARGUMENTS.iter().find(|(name, ..)| *name == block.kind);
        let Some((_, provider, arguments)) = known else { return };
        let subject = format!("{what} {}", block.kind);
        for argument in *arguments {
            let Some(node) = block.get(argument) else { continue };
            let Some(how) = self.how(known_as(provider, argument), node) else { continue };
            let name = format!("{subject} {argument}");
            let referred = || self.module.path(node);
            match how {
                How::Literal => {
                    self.usage(AuthMode::Static, provider, name, None, node.span);
                    self.setting(subject.clone(), argument, "literal", provider, node.span);
                }
                How::File | How::Variable => {
                    let credential = referred();
                    self.usage(AuthMode::Referenced, provider, name, credential, node.span);
                    let how = if how == How::File { "file" } else { "variable" };
                    self.setting(subject.clone(), argument, how, provider, node.span);
                }
                How::Computed => self.usage(AuthMode::Referenced, provider, name, referred(), node.span),
                How::Placeholder => {}
            }
        }
        for (names, mode) in [(FEDERATED, AuthMode::Federated), (INSTANCE, AuthMode::Instance)] {
            for name in names {
                let Some(node) = block.get(name) else { continue };
                if self.module.flag(node) != Some(false) {
                    self.usage(mode, provider, format!("{subject} {name}"), None, node.span);
                }
            }
        }
    }

    /// As whom a provider logs in, whichever workspace is run: the argument that says so in so many words, or none, as where a
    /// variable or the workspace takes part in the login or the account.
    fn login_of_workspaces(&mut self, block: &Block<'_>) {
        let Some((kind, logins, accounts)) = LOGINS.iter().find(|(kind, ..)| *kind == block.kind) else { return };
        let argument = |path: &str| match path.split_once('.') {
            Some((nested, name)) => block.nested(nested)?.get(name),
            None => block.get(path),
        };
        let all = || logins.iter().chain(*accounts).filter_map(|path| argument(path));
        // An emulator takes any login.
        let emulated = block.get("endpoints").is_some()
            || block.get("skip_credentials_validation").is_some_and(|node| self.module.flag(node) == Some(true));
        let fixed = || {
            logins.iter().copied().find(|path| {
                let text = argument(path).and_then(|node| self.module.text(node));
                let stands = |text: &String| {
                    let usual = *path == "profile" && text == "default";
                    !(text.trim().is_empty() || names::is_placeholder(path, text) || usual)
                };
                // A file's name is the argument of a call, which is no text.
                argument(path).is_some_and(|node| hcl::call(node).is_some()) || text.as_ref().is_some_and(stands)
            })
        };
        let value = if emulated || all().any(is_driven) { None } else { fixed() };
        let subject = format!("provider {kind}");
        let mut fact = SettingFact::new(setting::WORKSPACE_LOGIN, subject, value.unwrap_or_default());
        fact.identity = Some(self.key.clone());
        self.facts.push(Fact::Setting(At::span(block.label), fact));
    }

    /// A secret that the module keeps at a code host.
    fn kept(&mut self, block: &Block<'_>) {
        let Some((_, arguments, name, host)) = KEPT.iter().find(|(kind, ..)| *kind == block.kind) else { return };
        let Some(secret) = block.get(name).and_then(|node| self.module.literal(node)) else { return };
        let Some((argument, node)) = arguments.iter().find_map(|name| Some((*name, block.get(name)?))) else { return };
        // Variables of a pipeline hold settings as often as secrets.
        if *host == "gitlab" && !names::is_credential(&secret) {
            return;
        }
        let provider = names::provider(&secret).unwrap_or(host);
        match self.how(&secret, node) {
            Some(How::Literal) if names::is_credential(&secret) || *host == "github" => {
                if names::only_identifies(&secret, &secret) {
                    return;
                }
                self.usage(AuthMode::Static, provider, block.kind.to_owned(), Some(secret), node.span);
                self.setting(block.address(), argument, "literal", provider, node.span);
            }
            Some(How::Variable | How::File | How::Computed) => {
                self.usage(AuthMode::Referenced, provider, block.kind.to_owned(), Some(secret), node.span);
            }
            _ => {}
        }
    }

    /// A variable that is named like a credential and has one as its default.
    fn variable(&mut self, block: &Block<'_>) {
        let name = block.kind;
        let Some(default) = block.get("default").filter(|_| names::is_credential(name) && is_secret_name(name)) else {
            return;
        };
        let Some(text) = default.as_str().filter(|text| text.len() >= 6 && !is_open(text)) else { return };
        if names::is_placeholder(name, text) || text.contains([' ', '/']) {
            return;
        }
        let provider = names::provider(name).unwrap_or_default();
        self.usage(AuthMode::Static, provider, "variable default".to_owned(), Some(name.to_owned()), default.span);
    }
}

/// The name by which the form of a value is known: AWS has one for each half of its keys.
fn known_as(provider: &str, argument: &'static str) -> &'static str {
    match (provider, argument) {
        ("aws", "access_key") => "AWS_ACCESS_KEY_ID",
        ("aws", "secret_key") => "AWS_SECRET_ACCESS_KEY",
        _ => argument,
    }
}

/// Whether a variable's name ends in what it holds, and does not speak of a key's name, file or id.
fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit(['_', '-']).next().unwrap_or_default();
    matches!(last, "password" | "passwd" | "secret" | "token" | "credentials" | "pat")
        || ["api_key", "access_key", "secret_key", "private_key", "account_key"].iter().any(|end| lower.ends_with(end))
}
