//! Names of Azure subscriptions, as `az account list` prints them: scopes hold only ids, and a name tells the environment.
//!
//! <https://learn.microsoft.com/en-us/cli/azure/account#az-account-list>.

use std::io::BufRead;

use super::azure::{self, Item, id, paging, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{Fact, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "azure-subscriptions",
    name: "Azure subscription list",
    command: "az account list --all --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"isDefault\"", "\"tenantId\"", "\"state\"", "\"user\""])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging!["id", "name", "tenantId", "isDefault"];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        let Item::Row(row, at) = item else { return };
        let (Some(subscription), Some(name), Some(tenant)) = (id(&row, "id"), text(&row, "name"), id(&row, "tenantId"))
        else {
            return;
        };
        let mut fact = SettingFact::new(setting::AZURE_SUBSCRIPTION, subscription, short(name));
        fact.attributes.insert("tenant".to_owned(), tenant);
        out.fact(Fact::Setting(at, fact));
    });
}
