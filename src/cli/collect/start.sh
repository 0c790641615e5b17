set -u
umask 077
out=${1:-keyroll-PROVIDER-$(date +%Y%m%d)}
mkdir -p "$out" && chmod 700 "$out" || exit 1
failed=0

# save FILE COMMAND...: keeps what a command prints, or tells that it failed and goes on.
save() {
    file=$1
    shift
    case $file in */*) mkdir -p "$out/${file%/*}" ;; esac
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
