#!/bin/sh
# Runs all shards on this machine, as the Job does in a cluster, and merges their reports.
#
#   deploy/run-local.sh LIST SHARDS OUT
#
# LIST is what shard.sh takes as REPOSITORIES. OUT gets reports/, fleet.json, fleet.jsonl and identities.csv. KEYROLL and
# KEY_FILE are those of shard.sh. Exits as `keyroll report` does: 1 with findings, 3 when something could not be read.
set -eu

[ $# -eq 3 ] || { echo "usage: $0 LIST SHARDS OUT" >&2; exit 2; }
here=$(dirname "$0")
REPOSITORIES=$1 SHARDS=$2 REPORTS=$3/reports
export REPOSITORIES SHARDS REPORTS
mkdir -p "$REPORTS"

index=0
missing=0
while [ "$index" -lt "$SHARDS" ]; do
    JOB_COMPLETION_INDEX=$index sh "$here/shard.sh" || missing=1
    index=$((index + 1))
done

code=0
"${KEYROLL:-keyroll}" report "$REPORTS"/*.json -q \
    -f "json=$3/fleet.json" -f "jsonl=$3/fleet.jsonl" -f "csv-identities=$3/identities.csv" -f "csv=$3/findings.csv" \
    -f table || code=$?
if [ "$code" -eq 0 ] && [ "$missing" -ne 0 ]; then
    code=3
fi
exit "$code"
