//! Webhooks of code hosts.
//!
//! <https://registry.terraform.io/providers/integrations/github/latest/docs/resources/repository_webhook>,
//! <https://registry.terraform.io/providers/integrations/github/latest/docs/resources/organization_webhook>,
//! <https://registry.terraform.io/providers/gitlabhq/gitlab/latest/docs/resources/project_hook>.

use super::Emit;
use super::module::{Block, Module, is_open};
use crate::doc::{Kind, Node};
use crate::model::{At, Fact, SettingFact, setting};

/// Services whose webhook address is itself the secret, and that look at no signature.
const BEARER: &[&str] =
    &["discord.com", "discordapp.com", "hooks.slack.com", "webhook.office.com", "chat.googleapis.com"];

/// Reads them.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        match block.kind {
            "github_repository_webhook" | "github_organization_webhook" => github(module, block, emit),
            "gitlab_project_hook" | "gitlab_group_hook" => gitlab(module, block, emit),
            _ => {}
        }
    }
}

fn github(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let off = block.get("active").and_then(|node| module.flag(node)) == Some(false);
    // What it calls may be made elsewhere; then the file does not tell.
    let Some(body) = block.nested("configuration").filter(|_| !off) else { return };
    let signed = is_set(module, body.get("secret")) || kept_elsewhere(block, "configuration");
    let insecure = match body.get("insecure_ssl") {
        Some(node) => matches!(module.text(node).as_deref(), Some("true" | "1")),
        None => false,
    };
    tell(module, block, body.get("url"), ("secret", signed, insecure), emit);
}

fn gitlab(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    // `token`, and arguments that are only written: `token_wo`.
    let tokens = ["token", "token_wo", "signing_token", "signing_token_wo"];
    let signed = tokens.iter().any(|name| is_set(module, block.get(name))) || kept_elsewhere(block, "token");
    let checked = block.get("enable_ssl_verification").and_then(|node| module.flag(node));
    tell(module, block, block.get("url"), ("token", signed, checked == Some(false)), emit);
}

/// Whether an argument is given; one that the caller of the module gives is.
fn is_set(module: &Module<'_>, node: Option<&Node>) -> bool {
    node.is_some_and(|node| !matches!(node.kind, Kind::Null) && module.text(node).is_none_or(|text| !text.is_empty()))
}

/// Whether an argument is left to be set outside of Terraform
/// (<https://developer.hashicorp.com/terraform/language/meta-arguments#lifecycle>).
fn kept_elsewhere(block: &Block<'_>, argument: &str) -> bool {
    let ignored = block.nested("lifecycle").and_then(|lifecycle| lifecycle.get("ignore_changes"));
    ignored.is_some_and(|node| {
        let names = |node: &Node| {
            let text = crate::doc::hcl::reference(node).or_else(|| node.as_str());
            text.is_some_and(|text| text == "all" || text.starts_with(argument))
        };
        // What cannot be read as a name may be this one.
        node.one_or_many()
            .iter()
            .any(|node| names(node) || crate::doc::hcl::reference(node).or(node.as_str()).is_none())
    })
}

fn tell(
    module: &Module<'_>,
    block: &Block<'_>,
    url: Option<&Node>,
    (argument, signed, insecure): (&str, bool, bool),
    emit: &mut Emit<'_, '_>,
) {
    let address = url.and_then(|node| module.text(node)).unwrap_or_default();
    let host = host(&address);
    let bearer = BEARER.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")));
    let signed = signed || bearer;
    if signed && !insecure {
        return;
    }
    let mut fact = SettingFact::new(setting::WEBHOOK, block.address(), host);
    fact.attributes.insert("argument".to_owned(), argument.to_owned());
    fact.attributes.insert("signed".to_owned(), signed.to_string());
    fact.attributes.insert("insecure".to_owned(), insecure.to_string());
    emit.push(Fact::Setting(At::span(block.label), fact));
}

/// The host of an address; empty when the file does not tell it. The rest may hold a token.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    if is_open(host) { String::new() } else { host.chars().take(200).collect() }
}
