#!/bin/sh
# Collects what keyroll reads of an AWS account. Written by `keyroll formats script aws`.
#
# It only reads: every command lists or describes. No value of a secret is asked for.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs the AWS command line, version 2, and a login for the account. The managed policies SecurityAudit and
# IAMAccessAdvisorReadOnly allow all of it; one by one it is
#     iam:GenerateCredentialReport, iam:GetCredentialReport, iam:GetAccountAuthorizationDetails, iam:ListUsers,
#     iam:ListRoles, iam:ListAccessKeys, iam:GetAccessKeyLastUsed, iam:ListAccountAliases,
#     iam:GenerateServiceLastAccessedDetails, iam:GetServiceLastAccessedDetails, access-analyzer:ListAnalyzers,
#     access-analyzer:ListFindings, access-analyzer:GetFinding, secretsmanager:ListSecrets, ec2:DescribeRegions,
#     organizations:ListAccounts (of the management account, or one that it delegates to).
# KEYROLL_REGIONS="eu-west-1 us-east-1" names the regions; without it, all that are enabled are asked.
# KEYROLL_LAST_ACCESSED=1 asks for the last use of each service by each role, too: some seconds for each role.
#
# Usage: sh collect-aws.sh [FOLDER] [default: keyroll-aws-DATE]; then: keyroll scan FOLDER
#:start

need aws "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
export AWS_PAGER=

account=$(aws sts get-caller-identity --query Account --output text) || { echo "not logged in to AWS" >&2; exit 1; }

# The account and what it is called.
caller() {
    aliases=$(aws iam list-account-aliases --query AccountAliases --output json) || return 1
    printf '{"Account": "%s", "AccountAliases": %s}\n' "$account" "$aliases"
}
save "account-$account.json" caller
save organization.json aws organizations list-accounts --output json

# Users, keys, roles and what they may do.
report() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        state=$(aws iam generate-credential-report --query State --output text) || return 1
        [ "$state" = COMPLETE ] && break
        sleep 5
    done
    aws iam get-credential-report --output json
}
save credential-report.json report
save authorization-details.json aws iam get-account-authorization-details --output json
# Only of use where the authorization details are refused.
[ -f "$out/authorization-details.json" ] || {
    save roles.json aws iam list-roles --output json
    save users.json aws iam list-users --output json
}
users=$(aws iam list-users --query 'Users[].UserName' --output text 2>/dev/null)
for user in $users; do
    save "access-keys-$(plain "$user").json" aws iam list-access-keys --user-name "$user" --output json
    keys=$(aws iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text 2>/dev/null)
    for key in $keys; do
        save "access-key-used-$key.json" aws iam get-access-key-last-used --access-key-id "$key" --output json
    done
done

# What each role used last, service by service.
last_accessed() {
    job=$(aws iam generate-service-last-accessed-details --arn "$1" --query JobId --output text) || return 1
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        state=$(aws iam get-service-last-accessed-details --job-id "$job" --query JobStatus --output text) || return 1
        [ "$state" = IN_PROGRESS ] || break
        sleep 1
    done
    printf '{"Arn": "%s", "Report": ' "$1"
    aws iam get-service-last-accessed-details --job-id "$job" --output json || return 1
    printf '}\n'
}
if [ "${KEYROLL_LAST_ACCESSED:-0}" = 1 ]; then
    roles=$(aws iam list-roles --query 'Roles[?!starts_with(Path, `/aws-service-role/`)].Arn' --output text 2>/dev/null)
    for role in $roles; do
        save "last-accessed-$(plain "${role##*/}").json" last_accessed "$role"
    done
fi

# What is kept by region.
regions=${KEYROLL_REGIONS:-$(aws ec2 describe-regions --query 'Regions[].RegionName' --output text 2>/dev/null)}
[ -n "$regions" ] || { failed=$((failed + 1)); echo "FAILED  the list of regions: set KEYROLL_REGIONS" >&2; }
for region in $regions; do
    save "secrets-$region.json" aws secretsmanager list-secrets --output json --region "$region"
    analyzers=$(aws accessanalyzer list-analyzers --region "$region" --query 'analyzers[].arn' --output text 2>/dev/null)
    for analyzer in $analyzers; do
        name=$(plain "$region-${analyzer##*/}")
        save "analyzer-$name.json" aws accessanalyzer list-findings-v2 --analyzer-arn "$analyzer" --output json --region "$region"
        findings=$(aws accessanalyzer list-findings-v2 --analyzer-arn "$analyzer" --region "$region" --output text \
            --query 'findings[?status==`ACTIVE` && starts_with(findingType, `Unused`)].id' 2>/dev/null)
        for finding in $findings; do
            save "analyzer-$name-$(plain "$finding").json" \
                aws accessanalyzer get-finding-v2 --analyzer-arn "$analyzer" --id "$finding" --output json --region "$region"
        done
    done
done
