#!/bin/sh
# Collects what keyroll reads of a GitHub organisation. Written by `keyroll formats script github`.
#
# It only reads: every command lists or describes. No value of a secret is asked for.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs the gh command line and a login (`gh auth login`) of an owner of the organisation with the scopes
#     admin:org, read:audit_log, repo
# (`gh auth refresh -s admin:org,read:audit_log`). Fine-grained tokens and the audit log are there for owners alone, the
# audit log on Enterprise Cloud only.
# KEYROLL_ORG=acme names the organisation. KEYROLL_REPOS="acme/a acme/b" names repositories; without it, all are asked.
#
# Usage: sh collect-github.sh [FOLDER] [default: keyroll-github-DATE]; then:
#     keyroll scan FOLDER --repos FOLDER/repositories.json
#:start

need gh "https://cli.github.com"
org=${KEYROLL_ORG:-}
[ -n "$org" ] || { echo "set KEYROLL_ORG to the name of the organisation" >&2; exit 1; }

save installations.json gh api --paginate "orgs/$org/installations"
save personal-access-tokens.json gh api --paginate "orgs/$org/personal-access-tokens"
# Whose secrets a list has, its place alone tells.
save "orgs/$org/actions/secrets.json" gh api --paginate "orgs/$org/actions/secrets"
save "orgs/$org/dependabot/secrets.json" gh api --paginate "orgs/$org/dependabot/secrets"
save runners.json gh api --paginate "orgs/$org/actions/runners"
save audit-log.json gh api --paginate "orgs/$org/audit-log?include=all&per_page=100"
save repositories.json gh api --paginate "orgs/$org/repos?per_page=100" \
    --jq '.[] | {full_name, archived, id, owner: {id: .owner.id}}'
repos=${KEYROLL_REPOS:-$(gh api --paginate "orgs/$org/repos?per_page=100" --jq '.[].full_name' 2>/dev/null)}
for repo in $repos; do
    name=$(plain "$repo")
    save "deploy-keys-$name.json" gh api --paginate "repos/$repo/keys"
    save "repos/$repo/actions/secrets.json" gh api --paginate "repos/$repo/actions/secrets"
    save "runners-$name.json" gh api --paginate "repos/$repo/actions/runners"
    environments=$(gh api --paginate "repos/$repo/environments" --jq '.environments[].name' 2>/dev/null | tr ' ' '?')
    for environment in $environments; do
        case $environment in *\?*) continue ;; esac
        escaped=$(printf '%s' "$environment" | sed 's|/|%2F|g')
        save "repos/$repo/environments/$(plain "$environment")/secrets.json" gh api --paginate "repos/$repo/environments/$escaped/secrets"
    done
done
