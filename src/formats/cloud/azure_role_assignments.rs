//! Role assignments: over Azure's resources as `az role assignment list` flattens them or Azure Resource Manager nests them, and
//! over the directory itself as Microsoft Graph lists them.
//!
//! <https://learn.microsoft.com/en-us/azure/role-based-access-control/role-assignments-list-rest>,
//! <https://learn.microsoft.com/en-us/graph/api/rbacapplication-list-roleassignments>. Assignments to people and to groups are no
//! rights of a non-human identity and are left out; what a group's members have is not in this export.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{self, Item, PROVIDER, app, guid, last_guid, paging, principal, property, short};
use super::azure_roles::{DIRECTORY_ROLES, ROLES, privilege, reach};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{
    At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, Privilege, RepoPath, SettingFact,
    setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "azure-role-assignments",
    name: "Azure role assignments",
    command: "az role assignment list --all --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Assignments without a name that are held until the input tells whether names were looked up at all.
const HELD_MAX: usize = 100_000;

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"roleDefinitionId\"", "\"principalId\""])
        && ["\"scope\"", "\"directoryScopeId\"", "\"properties\""].iter().any(|word| head.contains(word))
        && !head.contains("\"$schema\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging![
        "id",
        "name",
        "principalId",
        "principalName",
        "principalType",
        "roleDefinitionId",
        "roleDefinitionName",
        "scope",
        "directoryScopeId",
        "principal",
        "condition",
        "properties",
    ];
    let mut reading = Reading { named: false, nameless: Vec::new(), rows: 0, unsaid: None };
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            reading.row(&row, &at, out);
        }
    });
    // Names are missing everywhere when the caller may not read the directory; a single one is missing when what it names is gone.
    for (at, id) in reading.nameless.drain(..).filter(|_| reading.named) {
        let mut fact = holder(&id, None);
        fact.attributes.insert("unresolved".to_owned(), "true".to_owned());
        out.fact(Fact::Identity(at, fact));
    }
    if let Some(line) = reading.unsaid {
        out.notice(ReadNotice {
            kind: NoticeKind::Limit,
            code: "principal-type",
            line,
            column: u64::from(line > 0),
            message:
                "nothing says which holders of directory roles are people; of them only those in a list of service \
                      principals are kept (or list the roles with $expand=principal)"
                    .to_owned(),
        });
    }
    if reading.rows > 0 {
        // Tells that assignments were read even when all of them are people's.
        let fact = SettingFact::new(setting::ROLE_ASSIGNMENTS, input.path.display(), reading.rows.to_string());
        out.fact(Fact::Setting(At::default(), fact));
    }
}

struct Reading {
    /// Whether any principal has a name.
    named: bool,
    nameless: Vec<(At, String)>,
    rows: u64,
    /// Line of the first holder of a directory role of whom it is not said what it is.
    unsaid: Option<u64>,
}

fn holder(id: &str, name: Option<&str>) -> IdentityFact {
    let [key, alias] = principal(id);
    let shown = name.unwrap_or(id);
    let mut fact = IdentityFact::new(key, IdentityKind::Other, PROVIDER, &short(shown));
    fact.aliases.push(alias);
    fact.human = Human::No;
    // `az` names a service principal by the first of its names, mostly its client id.
    fact.aliases.extend(name.and_then(guid).map(|client| app(&client)));
    fact
}

impl Reading {
    fn row(&mut self, row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
        let Some(id) = property(row, "principalId").and_then(guid) else { return };
        let Some(role_id) = property(row, "roleDefinitionId") else { return };
        self.rows += 1;
        let directory = row.contains_key("directoryScopeId");
        // Graph tells what a principal is only with `$expand=principal`.
        let expanded = row.get("principal").and_then(Value::as_object);
        let expanded_kind = expanded.and_then(|p| azure::text(p, "@odata.type")).and_then(|t| t.rsplit('.').next());
        let kind = property(row, "principalType").or(expanded_kind).unwrap_or_default();
        let name = property(row, "principalName").or_else(|| expanded.and_then(|p| azure::text(p, "displayName")));
        self.named |= name.is_some();
        let machine = kind.eq_ignore_ascii_case("ServicePrincipal") || kind.eq_ignore_ascii_case("MSI");
        let unsaid = kind.is_empty() || kind.eq_ignore_ascii_case("Unknown");
        // Without a type an address is a person's.
        if !machine && (!unsaid || name.is_some_and(|name| name.contains('@'))) {
            return;
        }
        let mut fact = holder(&id, name);
        if unsaid {
            fact.human = Human::Maybe;
        }
        if unsaid && directory {
            // Most of them are people; `inventory` keeps those that another listing knows as service principals.
            fact.attributes.insert("listed_person".to_owned(), "true".to_owned());
            self.unsaid.get_or_insert(at.line.unwrap_or_default());
        }
        let key = fact.key.clone();
        out.fact(Fact::Identity(at.clone(), fact));
        let asked = row.contains_key("principalName");
        if asked && name.is_none() && self.nameless.len() < HELD_MAX {
            self.nameless.push((at.clone(), id));
        }
        let grant = if directory { directory_role(key, role_id, row) } else { resource_role(key, role_id, row) };
        out.fact(Fact::Grant(at.clone(), grant));
    }
}

fn resource_role(identity: IdentityKey, role_id: &str, row: &Map<String, Value>) -> GrantFact {
    let id = last_guid(role_id);
    let known = id.as_deref().and_then(|id| ROLES.iter().find(|(known, ..)| *known == id)).map(|(_, name, ..)| *name);
    let name = property(row, "roleDefinitionName").or(known);
    let action = name.map_or_else(|| format!("role {}", id.as_deref().unwrap_or("?")), short);
    // A scope that is not told is that of the assignment's own id.
    let own = property(row, "id").and_then(|id| {
        let end = id.to_ascii_lowercase().find("/providers/microsoft.authorization/roleassignments/")?;
        id.get(..end)
    });
    let scope = property(row, "scope").or(own).unwrap_or("?");
    let (reach, broad) = reach(scope);
    let condition = property(row, "condition").map(short);
    let mut worth = privilege(id.as_deref(), name.unwrap_or_default(), broad);
    // Who may give only certain roles to certain principals is no administrator by that.
    if worth == Privilege::Admin && condition.is_some() {
        worth = Privilege::WriteBroad;
    }
    let source = property(row, "name").or_else(|| property(row, "id").and_then(|id| id.rsplit('/').next()));
    GrantFact {
        identity,
        privilege: worth,
        action,
        resource: format!("{reach} {}", scope.chars().take(300).collect::<String>()),
        source: source.map_or_else(|| "role assignment".to_owned(), |name| format!("role assignment {}", short(name))),
        condition,
    }
}

fn directory_role(identity: IdentityKey, role_id: &str, row: &Map<String, Value>) -> GrantFact {
    let known = DIRECTORY_ROLES.iter().find(|(id, _)| role_id.eq_ignore_ascii_case(id));
    let scope = property(row, "directoryScopeId").unwrap_or("/");
    let whole = scope == "/";
    GrantFact {
        identity,
        privilege: if known.is_some() && whole { Privilege::Admin } else { Privilege::Unknown },
        action: known.map_or_else(|| format!("directory role {}", short(role_id)), |(_, name)| (*name).to_owned()),
        resource: if whole { "directory".to_owned() } else { format!("directory {}", short(scope)) },
        source: "directory role assignment".to_owned(),
        condition: None,
    }
}
