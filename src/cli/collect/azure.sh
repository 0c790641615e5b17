#!/bin/sh
# Collects what keyroll reads of an Entra tenant and its Azure subscriptions. Written by `keyroll formats script azure`.
#
# It only reads: every command lists or describes. No value of a secret is asked for.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs the az command line and a login (`az login`). The directory role Directory Readers and the role Reader on the
# subscriptions allow most of it; sign-ins need Reports Reader and a licence that keeps them (Microsoft Graph permission
# AuditLog.Read.All), the grants of applications Application.Read.All.
#
# Usage: sh collect-azure.sh [FOLDER] [default: keyroll-azure-DATE]; then: keyroll scan FOLDER
set -u
umask 077
out=${1:-keyroll-azure-$(date +%Y%m%d)}
mkdir -p "$out" && chmod 700 "$out" || exit 1
failed=0

# save FILE COMMAND...: keeps what a command prints, or tells that it failed and goes on.
save() {
    file=$1
    shift
    if "$@" >"$out/$file.part" 2>"$out/error.txt"; then
        mv "$out/$file.part" "$out/$file"
        echo "ok      $file" >&2
    else
        failed=$((failed + 1))
        rm -f "$out/$file.part"
        echo "FAILED  $file: $* ($(head -n 1 "$out/error.txt" | cut -c 1-200))" >&2
    fi
    rm -f "$out/error.txt"
}

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "$1 is needed: $2" >&2; exit 1; }
}

# A name as a file may have it.
plain() {
    printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_'
}

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
apps=$(az ad app list --all --query '[].appId' --output tsv 2>/dev/null)
for app in $apps; do
    save "federated-$(plain "$app").json" az ad app federated-credential list --id "$app" --output json
done
subscriptions=$(az account list --query '[].id' --output tsv 2>/dev/null)
for subscription in $subscriptions; do
    save "roles-$subscription.json" az role assignment list --all --output json --subscription "$subscription"
    save "custom-roles-$subscription.json" az role definition list --custom-role-only true --output json --subscription "$subscription"
    save "identities-$subscription.json" az identity list --output json --subscription "$subscription"
done

if [ "$failed" -gt 0 ]; then
    echo "$failed commands failed: what they list is missing, and keyroll will call it not assessed" >&2
    exit 3
fi
echo "done: keyroll scan $out" >&2
