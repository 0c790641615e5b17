
if [ "$failed" -gt 0 ]; then
    echo "$failed commands failed: what they list is missing, and keyroll will call it not assessed" >&2
    exit 3
fi
echo "done: keyroll scan $out" >&2
