#!/bin/sh
# Collects what keyroll reads of an Entra tenant and its Azure subscriptions. Written by `keyroll formats script azure`.
#
# It only reads: every command lists or describes. No value of a secret is asked for.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs the az command line and a login (`az login`). The directory role Directory Readers and the role Reader on the
# subscriptions allow most of it; sign-ins need Reports Reader and a licence that keeps them (Microsoft Graph permission
# AuditLog.Read.All), the grants of applications Application.Read.All and Directory.Read.All. What a key vault holds is listed to
# those who may list its secrets (role Key Vault Reader, or `list` in its access policy).
#
# Usage: sh collect-azure.sh [FOLDER] [default: keyroll-azure-DATE]; then: keyroll scan FOLDER
#:start

need az "https://learn.microsoft.com/cli/azure/install-azure-cli"
graph=https://graph.microsoft.com

# Pages of Microsoft Graph, one document after the other.
pages() {
    next=$1
    while [ -n "$next" ] && [ "$next" != None ]; do
        az rest --method get --url "$next" --output json >"$out/page.tmp" || return 1
        cat "$out/page.tmp"
        next=$(sed -n 's/.*"@odata.nextLink": "\([^"]*\)".*/\1/p' "$out/page.tmp" | head -n 1)
    done
    rm -f "$out/page.tmp"
}

save subscriptions.json az account list --all --output json
save applications.json az ad app list --all --output json
save service-principals.json az ad sp list --all --output json
save users.json pages "$graph/v1.0/users?\$top=999&\$select=id,userPrincipalName,displayName,accountEnabled,userType,passwordPolicies,createdDateTime,onPremisesSyncEnabled"
save sign-ins.json pages "$graph/beta/reports/servicePrincipalSignInActivities"
# Who may call Microsoft Graph by itself.
save graph-roles.json pages "$graph/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo?\$top=999"
# Who reaches every mailbox and every site by the APIs of Exchange Online and SharePoint Online.
save exchange-roles.json pages "$graph/v1.0/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')/appRoleAssignedTo?\$top=999"
save sharepoint-roles.json pages "$graph/v1.0/servicePrincipals(appId='00000003-0000-0ff1-ce00-000000000000')/appRoleAssignedTo?\$top=999"
# What applications may do in the name of users.
save permission-grants.json pages "$graph/v1.0/oauth2PermissionGrants?\$top=999"
# Who answers for each application.
save application-owners.json pages "$graph/v1.0/applications?\$top=100&\$expand=owners"
apps=$(az ad app list --all --query '[].appId' --output tsv 2>/dev/null)
for app in $apps; do
    save "federated-$(plain "$app").json" az ad app federated-credential list --id "$app" --output json
done
subscriptions=$(az account list --query '[].id' --output tsv 2>/dev/null)
for subscription in $subscriptions; do
    save "roles-$subscription.json" az role assignment list --all --output json --subscription "$subscription"
    save "custom-roles-$subscription.json" az role definition list --custom-role-only true --output json --subscription "$subscription"
    save "identities-$subscription.json" az identity list --output json --subscription "$subscription"
    vaults=$(az keyvault list --query '[].name' --output tsv --subscription "$subscription" 2>/dev/null)
    for vault in $vaults; do
        save "vault-$(plain "$vault").json" az keyvault show --name "$vault" --output json --subscription "$subscription"
        # Names, times and ends of secrets; their values are not asked for.
        save "vault-secrets-$(plain "$vault").json" az keyvault secret list --vault-name "$vault" --include-managed false --output json
    done
done
