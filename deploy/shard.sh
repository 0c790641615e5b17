#!/bin/sh
# Scans one shard of a list of repositories: line N of the list belongs to shard N modulo SHARDS.
#
#   JOB_COMPLETION_INDEX  this shard, from 0 (Kubernetes sets it)
#   SHARDS                how many there are
#   REPOSITORIES          a file with one repository a line: a directory, or what `git clone` takes; # begins a comment
#   REPORTS               where the reports go, one a repository: 000017-name.json
#   WORK                  where clones go [default: a temporary directory]
#   KEY_FILE              the key that all shards share, so that values compare over repositories [optional]
#   AS_OF                 the date that ages are measured against [default: today]
#   KEYROLL               the program [default: keyroll]
#
# Exit: 0 when every repository of the shard has a report, however much it found; 1 when one has none.
set -eu

: "${JOB_COMPLETION_INDEX:?}" "${SHARDS:?}" "${REPOSITORIES:?}" "${REPORTS:?}"
keyroll=${KEYROLL:-keyroll}
work=${WORK:-}
made=
if [ -z "$work" ]; then
    work=$(mktemp -d)
    made=$work
fi
trap '[ -z "$made" ] || rm -rf "$made"' EXIT
mkdir -p "$REPORTS" "$work"

number=0
failed=0
while IFS= read -r repository || [ -n "$repository" ]; do
    case $repository in '' | '#'*) continue ;; esac
    line=$number
    number=$((number + 1))
    [ $((line % SHARDS)) -eq "$JOB_COMPLETION_INDEX" ] || continue
    name=$(basename "$repository" .git | tr -c 'A-Za-z0-9._\n-' '_')
    report=$(printf '%s/%06d-%s.json' "$REPORTS" "$line" "$name")
    clone=
    if [ -d "$repository" ]; then
        tree=$repository
    else
        clone=$work/$line
        mkdir -p "$clone"
        tree=$clone/$name
        if ! GIT_TERMINAL_PROMPT=0 git clone --quiet --no-checkout -- "$repository" "$tree" </dev/null; then
            echo "shard $JOB_COMPLETION_INDEX: could not clone line $((line + 1)) of the list" >&2
            failed=1
            rm -rf "$clone"
            continue
        fi
        git -C "$tree" checkout --quiet HEAD </dev/null || true
    fi
    # Written beside and moved, so that a report is whole or is not there.
    code=0
    "$keyroll" scan "$tree" --no-config ${KEY_FILE:+--key-file "$KEY_FILE"} ${AS_OF:+--as-of "$AS_OF"} --exit-zero -q \
        -f "json=$report.part" </dev/null || code=$?
    if [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then
        mv "$report.part" "$report"
    else
        echo "shard $JOB_COMPLETION_INDEX: exit $code at line $((line + 1)) of the list" >&2
        rm -f "$report.part"
        failed=1
    fi
    [ -z "$clone" ] || rm -rf "$clone"
done <"$REPOSITORIES"
exit "$failed"
