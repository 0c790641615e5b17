#!/bin/sh
# Collects what keyroll reads of a Kubernetes cluster. Written by `keyroll formats script k8s`.
#
# It only reads: every command lists or describes. No value of a secret is written down; what a pod has as plain text in its
# environment is.
# What it writes lies in one folder that you alone can open (mode 700); delete it when the scan is done.
#
# Needs kubectl with a context for the cluster (KEYROLL_CONTEXT names another than the current one) and leave to list the
# kinds below in all namespaces: the cluster role `view` does for all but roles, bindings and secrets.
# Secrets are listed without their values, which takes jq; without jq they are left out.
#
# Usage: sh collect-k8s.sh [FOLDER] [default: keyroll-k8s-DATE]; then: keyroll scan FOLDER
#:start

need kubectl "https://kubernetes.io/docs/tasks/tools/"
k() {
    kubectl ${KEYROLL_CONTEXT:+--context="$KEYROLL_CONTEXT"} "$@"
}

k version >/dev/null 2>&1 || { echo "the cluster does not answer" >&2; exit 1; }
# kubectl get serviceaccounts,roles,... of every namespace
for kind in serviceaccounts roles rolebindings clusterroles clusterrolebindings pods deployments statefulsets daemonsets \
    jobs cronjobs; do
    save "$kind.json" k get "$kind" -A -o json
done
secrets() {
    # The values stay in the cluster: what is written has the names of the entries alone.
    k get secrets -A -o json | jq '.items |= map(if .data then .data |= map_values("") else . end
        | del(.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"], .metadata.managedFields))'
}
if command -v jq >/dev/null 2>&1; then
    save secrets.json secrets
else
    failed=$((failed + 1))
    echo "FAILED  secrets.json: jq is needed to leave the values out" >&2
fi
