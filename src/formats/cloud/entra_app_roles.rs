//! App roles granted to service principals: the application permissions of Microsoft Graph and other APIs.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/approleassignment>. Roles are GUIDs; those of Microsoft Graph:
//! <https://learn.microsoft.com/en-us/graph/permissions-reference>, held against
//! <https://github.com/microsoftgraph/microsoft-graph-devx-content/blob/master/permissions/new/provisioningInfo.json>.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{self, Item, PROVIDER, id, paging, principal, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, GrantFact, Human, IdentityFact, IdentityKind, Privilege, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-app-role-assignments",
    name: "Entra app role assignments",
    command: "az rest --method get --url \"https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo?$top=999\"",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

use Privilege::{Admin, ReadScoped, WriteBroad, WriteScoped};

/// App roles by id: name and worth. Administration is what leads to every role of the directory: giving roles and consent,
/// credentials for any application, new authentication methods for any user, the domains that vouch for users. Everybody's mail,
/// files and chats count like secrets.
const ROLES: &[(&str, &str, Privilege)] = &[
    ("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory", Admin),
    ("06b708a9-e830-4db3-a914-8e69da51d44f", "AppRoleAssignment.ReadWrite.All", Admin),
    ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", Admin),
    ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All", Admin),
    ("dd199f4a-f148-40a4-a2ec-f0069cc799ec", "RoleAssignmentSchedule.ReadWrite.Directory", Admin),
    ("fee28b28-e1f3-4841-818e-2704dc62245f", "RoleEligibilitySchedule.ReadWrite.Directory", Admin),
    ("2f6817f8-7b12-4f0f-bc18-eeaf60705a9e", "PrivilegedAccess.ReadWrite.AzureADGroup", Admin),
    ("854d9ab1-6657-4ec8-be45-823027bcd009", "PrivilegedAccess.ReadWrite.AzureAD", Admin),
    ("41202f2c-f7ab-45be-b001-85c9728b9d69", "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup", Admin),
    ("618b6020-bca8-4de6-99f6-ef445fa4d857", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup", Admin),
    ("50483e42-d915-4231-9639-7fdb7fd190e5", "UserAuthenticationMethod.ReadWrite.All", Admin),
    ("7e05723c-0bb0-42da-be95-ae9f08a6e53c", "Domain.ReadWrite.All", Admin),
    ("a402ca1c-2696-4531-972d-6e5ee4aa11ea", "Policy.ReadWrite.PermissionGrant", Admin),
    ("18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy", WriteScoped),
    ("01c0a623-fc9b-48e9-b794-0756f8e8f067", "Policy.ReadWrite.ConditionalAccess", WriteBroad),
    ("29c18626-4985-4dcd-85c0-193eef327366", "Policy.ReadWrite.AuthenticationMethod", WriteBroad),
    ("be74164b-cff1-491c-8741-e671cb536e13", "Policy.ReadWrite.ApplicationConfiguration", WriteBroad),
    ("292d869f-3427-49a8-9dab-8c70152b74e9", "Organization.ReadWrite.All", WriteBroad),
    ("741f803b-c850-494e-b5df-cde7c675a1ca", "User.ReadWrite.All", WriteBroad),
    ("cc117bb9-00cf-4eb8-b580-ea2a878fe8f7", "User-PasswordProfile.ReadWrite.All", WriteBroad),
    ("62a82d76-70ea-41e2-9197-370581804d09", "Group.ReadWrite.All", WriteBroad),
    ("dbaae8cf-10b5-4b86-a4a1-f871c94c6695", "GroupMember.ReadWrite.All", WriteBroad),
    ("025d3225-3f02-4882-b4c0-cd5b541a4e80", "RoleManagement.ReadWrite.Exchange", WriteBroad),
    ("9241abd9-d0e6-425a-bd4f-47ba86e767a4", "DeviceManagementConfiguration.ReadWrite.All", WriteBroad),
    ("5b07b0dd-2377-4e44-a38d-703f09a0dc3c", "DeviceManagementManagedDevices.PrivilegedOperations.All", WriteBroad),
    ("e330c4f0-4170-414e-a55a-2f022ec2b57b", "DeviceManagementRBAC.ReadWrite.All", WriteBroad),
    ("78145de6-330d-4800-a6ce-494ff2d33d07", "DeviceManagementApps.ReadWrite.All", WriteBroad),
    ("9acd699f-1e81-4958-b001-93b1d2506e19", "EntitlementManagement.ReadWrite.All", WriteBroad),
    ("8e8e4742-1d95-4f68-9d56-6ee75648c72a", "DelegatedPermissionGrant.ReadWrite.All", WriteBroad),
    ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "Mail.ReadWrite", WriteBroad),
    ("810c84a8-4a9e-49e6-bf7d-12d183f40d01", "Mail.Read", WriteBroad),
    ("b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send", WriteBroad),
    ("6931bccd-447a-43d1-b442-00a195474933", "MailboxSettings.ReadWrite", WriteBroad),
    ("75359482-378d-4052-8f01-80520e7db3cd", "Files.ReadWrite.All", WriteBroad),
    ("01d4889c-1287-42c6-ac1f-5d1e02578ef6", "Files.Read.All", WriteBroad),
    ("a82116e5-55eb-4c41-a434-62fe8a61c773", "Sites.FullControl.All", WriteBroad),
    ("0c0bf378-bf22-4481-8f81-9e89a9b4960a", "Sites.Manage.All", WriteBroad),
    ("9492366f-7969-46a4-8d15-ed1a20078fff", "Sites.ReadWrite.All", WriteBroad),
    ("332a536c-c7ef-4017-ab91-336970924f0d", "Sites.Read.All", WriteBroad),
    ("294ce7c9-31ba-490a-ad7d-97a7d075e4ed", "Chat.ReadWrite.All", WriteBroad),
    ("6b7d71aa-70aa-4810-a8d9-5d9fb2830017", "Chat.Read.All", WriteBroad),
    ("7b2449af-6ccd-4f4d-9f78-e550c193f0d1", "ChannelMessage.Read.All", WriteBroad),
    ("57f1cf28-c0c4-4ec3-9a30-19a2eaaf2f6e", "BitlockerKey.Read.All", WriteBroad),
    ("0c458cef-11f3-48c2-a568-c66751c238c0", "Notes.ReadWrite.All", WriteBroad),
    ("ef54d2bf-783f-4e0f-bca1-3210c0444d99", "Calendars.ReadWrite", WriteBroad),
    ("6918b873-d17a-4dc1-b314-35f528134491", "Contacts.ReadWrite", WriteBroad),
    ("883ea226-0bf2-4a8f-9f9d-92c9162a727d", "Sites.Selected", WriteScoped),
    ("5eb59dd3-1da2-4329-8733-9dabdc435916", "AdministrativeUnit.ReadWrite.All", WriteScoped),
    ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All", ReadScoped),
    ("df021288-bdef-4463-88db-98f22de89214", "User.Read.All", ReadScoped),
    ("5b567255-7703-4780-807c-7be8301ae99b", "Group.Read.All", ReadScoped),
    ("98830695-27a2-44f7-8c18-0c3ebc9698f6", "GroupMember.Read.All", ReadScoped),
    ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All", ReadScoped),
    ("b0afded3-3588-46d8-8b3d-9842eff778da", "AuditLog.Read.All", ReadScoped),
    ("246dd0d5-5bd0-4def-940b-0421030a5b68", "Policy.Read.All", ReadScoped),
    ("7438b122-aefc-4978-80ed-43db9fcc7715", "Device.Read.All", ReadScoped),
    ("498476ce-e0fe-48b0-b801-37ba7e2685c6", "Organization.Read.All", ReadScoped),
    ("230c1aed-a721-4c5d-9cb4-a90514e508ef", "Reports.Read.All", ReadScoped),
    ("bf394140-e372-4bf9-a898-299cfc7564e5", "SecurityEvents.Read.All", ReadScoped),
    ("693c5e45-0940-467d-9b8a-1022fb9d42ef", "Mail.ReadBasic.All", ReadScoped),
    ("798ee544-9d2d-430c-a058-570e29e34338", "Calendars.Read", ReadScoped),
];

/// App roles of other APIs of Microsoft 365. Exchange Online's `full_access_as_app` opens every mailbox over Exchange Web Services
/// (<https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth>),
/// `Exchange.ManageAsApp` only together with a role of the directory
/// (<https://learn.microsoft.com/en-us/powershell/exchange/app-only-auth-powershell-v2>), and SharePoint has a
/// `Sites.FullControl.All` of its own.
const OTHERS: &[(&str, &str, Privilege)] = &[
    ("dc890d15-9560-4a4c-9b7f-a736ec74ec40", "full_access_as_app", WriteBroad),
    ("dc50a0fb-09a3-484d-be87-e023b12c6440", "Exchange.ManageAsApp", WriteScoped),
    ("678536fe-1083-478a-9c59-b99265e6b0d3", "Sites.FullControl.All", WriteBroad),
];

/// The role of an assignment to an API that has no roles: the right to ask for a token.
const DEFAULT: &str = "00000000-0000-0000-0000-000000000000";

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"appRoleId\"", "\"principalId\"", "\"resourceId\""])
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
        "principalId",
        "principalType",
        "principalDisplayName",
        "resourceId",
        "resourceDisplayName",
        "appRoleId",
    ];
    let mut rows: u64 = 0;
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            rows += u64::from(row.contains_key("appRoleId"));
            assignment(&row, &at, out);
        }
    });
    if rows > 0 {
        let fact = SettingFact::new(setting::APP_ROLES, input.path.display(), rows.to_string());
        out.fact(Fact::Setting(At::default(), fact));
    }
}

fn assignment(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let (Some(holder), Some(role)) = (id(row, "principalId"), id(row, "appRoleId")) else { return };
    // People and groups are assigned to an application to be let in, which gives the application nothing.
    let kind = text(row, "principalType").unwrap_or("ServicePrincipal");
    if !kind.eq_ignore_ascii_case("ServicePrincipal") {
        return;
    }
    let [key, alias] = principal(&holder);
    let name = text(row, "principalDisplayName").unwrap_or(&holder);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Other, PROVIDER, &short(name));
    fact.aliases.push(alias);
    fact.human = Human::No;
    out.fact(Fact::Identity(at.clone(), fact));
    let api = text(row, "resourceDisplayName").unwrap_or("an API");
    let known = ROLES.iter().chain(OTHERS).find(|(id, ..)| *id == role);
    let (action, worth) = match known {
        Some((_, name, worth)) => ((*name).to_owned(), *worth),
        None if role == DEFAULT => ("default access".to_owned(), Privilege::None),
        None => (format!("app role {role}"), Privilege::Unknown),
    };
    let grant = GrantFact {
        identity: key,
        privilege: worth,
        source: format!("app role of {}", short(api)),
        action,
        resource: short(api),
        condition: None,
    };
    out.fact(Fact::Grant(at.clone(), grant));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn roles_are_listed_once_under_ids_in_lower_case() {
        let ids: BTreeSet<&str> = ROLES.iter().chain(OTHERS).map(|(id, ..)| *id).collect();
        let names: BTreeSet<&str> = ROLES.iter().map(|(_, name, _)| *name).collect();
        assert_eq!((ids.len(), names.len()), (ROLES.len() + OTHERS.len(), ROLES.len()));
        assert!(ROLES.iter().chain(OTHERS).all(|(id, ..)| azure::guid(id).as_deref() == Some(id)));
    }
}
