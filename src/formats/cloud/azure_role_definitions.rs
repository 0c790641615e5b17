//! Custom role definitions of Azure, as `az role definition list` flattens them or Azure Resource Manager nests them.
//!
//! <https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions-list>. They are no rights of anybody by
//! themselves: `inventory` looks up in them what the assignments of these roles are worth.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{self, Item, last_guid, paging, property, short};
use super::azure_roles::of_actions;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Privilege, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "azure-role-definitions",
    name: "Azure custom role definitions",
    command: "az role definition list --custom-role-only true --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// How many actions the evidence names.
const SHOWN: usize = 6;

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"assignableScopes\"", "\"roleName\""]) && !head.contains("\"$schema\"")
        || azure::holds(head, &["\"assignableScopes\"", "\"permissions\"", "\"notDataActions\""])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] =
        paging!["id", "name", "roleName", "roleType", "type", "permissions", "assignableScopes", "properties"];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            definition(&row, at, out);
        }
    });
}

fn definition(row: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let Some(name) = property(row, "roleName") else { return };
    let inner = row.get("properties").and_then(Value::as_object);
    let permissions = row.get("permissions").or_else(|| inner.and_then(|inner| inner.get("permissions")));
    let Some(permissions) = permissions.and_then(Value::as_array) else { return };
    let kind = property(row, "roleType").or_else(|| property(row, "type")).unwrap_or_default();
    // The built-in ones are known, and a full list holds hundreds of them.
    if kind.eq_ignore_ascii_case("BuiltInRole") {
        return;
    }
    let mut worth = Privilege::Unknown;
    let mut all: Vec<&str> = Vec::new();
    for permission in permissions.iter().filter_map(Value::as_object) {
        let list = |name: &str| -> Vec<&str> {
            let list = permission.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).collect()
        };
        let (actions, data) = (list("actions"), list("dataActions"));
        worth = worth.max(of_actions(&actions, &list("notActions"), &data));
        all.extend(actions.into_iter().chain(data));
    }
    all.sort_unstable();
    all.dedup();
    let more = all.len().saturating_sub(SHOWN);
    let mut shown = all.iter().take(SHOWN).map(|action| short(action)).collect::<Vec<_>>().join(", ");
    if more > 0 {
        shown = format!("{shown} and {more} more");
    }
    let word = match worth {
        Privilege::Admin => "admin",
        Privilege::WriteBroad => "write-broad",
        Privilege::WriteScoped => "write-scoped",
        Privilege::ReadScoped => "read-scoped",
        _ => "unknown",
    };
    let mut fact = SettingFact::new(setting::AZURE_ROLE, short(name), word);
    fact.attributes.insert("actions".to_owned(), shown);
    // `name` is the GUID where `roleName` is the name.
    let id = property(row, "name").and_then(last_guid).or_else(|| property(row, "id").and_then(last_guid));
    fact.attributes.extend(id.map(|id| ("role_id".to_owned(), id)));
    out.fact(Fact::Setting(at, fact));
}
