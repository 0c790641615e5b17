#!/bin/sh
# Collects what keyroll reads of Google Cloud projects. Written by `keyroll formats script gcp`.
#
# It only reads: every command lists or describes. No value of a secret is asked for.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs the gcloud command line and a login. The roles Security Reviewer (roles/iam.securityReviewer), Cloud Asset Viewer
# (roles/cloudasset.viewer) and Activity Analysis Viewer (roles/policyanalyzer.activityAnalysisViewer) allow all of it.
# KEYROLL_PROJECTS="one two" names the projects; without it, all that you can see are asked.
# KEYROLL_ORGANIZATION=123456789 also asks Cloud Asset Inventory for every policy of the organisation.
#
# Usage: sh collect-gcp.sh [FOLDER] [default: keyroll-gcp-DATE]; then: keyroll scan FOLDER
#:start

need gcloud "https://cloud.google.com/sdk/docs/install"

projects=${KEYROLL_PROJECTS:-$(gcloud projects list --format='value(projectId)' 2>/dev/null)}
[ -n "$projects" ] || { echo "no project: log in with gcloud auth login, or set KEYROLL_PROJECTS" >&2; exit 1; }

for project in $projects; do
    save "service-accounts-$project.json" gcloud iam service-accounts list --project="$project" --format=json
    # The policy does not say whose it is: the name of the file does.
    save "iam-policy-$project.json" gcloud projects get-iam-policy "$project" --format=json
    accounts=$(gcloud iam service-accounts list --project="$project" --format='value(email)' 2>/dev/null)
    for account in $accounts; do
        name=$(plain "$account")
        save "keys-$name.json" gcloud iam service-accounts keys list --iam-account="$account" --format=json
        save "iam-policy-$name.json" gcloud iam service-accounts get-iam-policy "$account" --format=json
    done
    roles=$(gcloud iam roles list --project="$project" --format='value(name)' 2>/dev/null)
    for role in $roles; do
        save "role-$project-$(plain "${role##*/}").json" gcloud iam roles describe "${role##*/}" --project="$project" --format=json
    done
    pools=$(gcloud iam workload-identity-pools list --location=global --project="$project" --format='value(name)' 2>/dev/null)
    for pool in $pools; do
        save "wif-$project-$(plain "${pool##*/}").json" gcloud iam workload-identity-pools providers list \
            --workload-identity-pool="${pool##*/}" --location=global --project="$project" --format=json
    done
    for activity in serviceAccountLastAuthentication serviceAccountKeyLastAuthentication; do
        save "activity-$project-$activity.json" gcloud policy-intelligence query-activity \
            --activity-type="$activity" --limit=unlimited --project="$project" --format=json
    done
done
if [ -n "${KEYROLL_ORGANIZATION:-}" ]; then
    save assets-iam-policy.json gcloud asset list --organization="$KEYROLL_ORGANIZATION" --content-type=iam-policy --format=json
    save assets-resource.json gcloud asset list --organization="$KEYROLL_ORGANIZATION" --content-type=resource \
        --asset-types=iam.googleapis.com/ServiceAccount,iam.googleapis.com/ServiceAccountKey --format=json
fi
