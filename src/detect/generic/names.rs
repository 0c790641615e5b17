//! Names of credentials: the words that make a name speak of one, and those that say that its value is none.

use crate::text::words;

/// Words that make a name speak of a credential, compared without case but for those in capitals. A strong word may stand before any value; a weak
/// one is common in code and counts only before a long token with a digit. None is shorter than four bytes, because the
/// prefilter pays for short keywords.
pub const WORDS: &[(&str, Strength)] = &[
    ("passw", Strength::Password),
    ("passphrase", Strength::Password),
    ("_pass", Strength::Password),
    ("pass=", Strength::Password),
    ("pass:", Strength::Password),
    ("pass\"", Strength::Password),
    ("pass'", Strength::Password),
    ("pass>", Strength::Password),
    ("identified by", Strength::Password),
    ("secret", Strength::Strong),
    ("token", Strength::Strong),
    ("credential", Strength::Strong),
    ("api_key", Strength::Strong),
    ("apikey", Strength::Strong),
    ("api-key", Strength::Strong),
    ("api key", Strength::Strong),
    ("access_key", Strength::Strong),
    ("accesskey", Strength::Strong),
    ("access-key", Strength::Strong),
    ("private_key", Strength::Strong),
    ("privatekey", Strength::Strong),
    ("bearer", Strength::Strong),
    ("auth", Strength::Weak),
    ("cred", Strength::Weak),
    ("key=", Strength::Weak),
    ("key:", Strength::Weak),
    ("key ", Strength::Weak),
    ("key\t", Strength::Weak),
    ("key1", Strength::Weak),
    ("key2", Strength::Weak),
    ("key\"", Strength::Weak),
    ("key'", Strength::Weak),
    ("key`", Strength::Weak),
    ("key]", Strength::Weak),
    ("key)", Strength::Weak),
    ("key>", Strength::Weak),
    ("key<", Strength::Weak),
    ("key,", Strength::Weak),
    ("key(", Strength::Weak),
    ("key\\", Strength::Weak),
    ("key_", Strength::Weak),
    ("key-", Strength::Weak),
    ("key.", Strength::Weak),
    ("keys", Strength::Weak),
    ("api_", Strength::Weak),
    ("api-", Strength::Weak),
    ("api:", Strength::Weak),
    ("api=", Strength::Weak),
    ("access ", Strength::Weak),
    ("PRIVATE ", Strength::Weak),
    ("PRIVATE=", Strength::Weak),
    ("PRIVATE:", Strength::Weak),
    ("PRIVATE-", Strength::Weak),
    ("pwd=", Strength::Password),
    ("pwd:", Strength::Password),
    ("pwd ", Strength::Password),
    ("pwd\"", Strength::Password),
    ("pwd'", Strength::Password),
    ("pwd>", Strength::Password),
    ("pwd_", Strength::Password),
    ("pwd,", Strength::Password),
];

/// How much a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Common in code.
    Weak,
    /// Speaks of a machine's credential.
    Strong,
    /// Speaks of a password, which may be short and wordy.
    Password,
}

/// Words that say, wherever they stand in a name, that the value is no secret.
const REFUSED_ANYWHERE: &[&str] = &[
    "public",
    "pub",
    "pubkey",
    "publishable",
    "checksum",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md",
    "md5",
    "digest",
    "integrity",
    "fingerprint",
    "thumbprint",
    "nonce",
    "csrf",
    "xsrf",
    "etag",
    "regex",
    "regexp",
    "pattern",
    "i18n",
    "translation",
    "placeholder",
    "tokenizer",
    "keyword",
    "keywords",
    "hotkey",
    "keybinding",
    "keycode",
    "keystroke",
    "filename",
    "endpoint",
    "authenticity",
    "monkey",
    "turkey",
    "donkey",
    "idempotency",
    "idempotent",
    "continuation",
    "pagination",
];

/// Words that say so at the end of a name.
const REFUSED_LAST: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "type",
    "types",
    "url",
    "urls",
    "uri",
    "path",
    "paths",
    "file",
    "files",
    "dir",
    "field",
    "fields",
    "label",
    "version",
    "hash",
    "hashes",
    "author",
    "authority",
    "length",
    "len",
    "size",
    "count",
    "description",
    "template",
    "message",
    "msg",
    "error",
    "errors",
    "title",
    "text",
    "hint",
    "policy",
    "algorithm",
    "alg",
    "format",
    "prefix",
    "suffix",
    "status",
    "state",
    "tokens",
    "index",
    "class",
    "column",
    "provider",
    "header",
    "headers",
    "timeout",
    "ttl",
    "date",
    "time",
    "at",
    "used",
    "enabled",
    "required",
    "strength",
    "validator",
    "store",
    "keystore",
    "group",
    "ref",
    "arn",
    "expires",
    "expiry",
    "expiration",
    "lifetime",
    "cursor",
    "changed",
    "rotated",
    "updated",
    "created",
    "code",
    "mode",
    "level",
    "scope",
    "scopes",
    "region",
    "mask",
    "host",
    "keyring",
    "namespace",
    "issuer",
    "audience",
    "question",
    "reset",
    "revision",
    "commit",
    "rev",
    "resolver",
    "handler",
    "factory",
];

/// Pairs of words at the end of a name that say so together.
const REFUSED_PAIRS: &[[&str; 2]] = &[
    ["cache", "key"],
    ["sort", "key"],
    ["partition", "key"],
    ["foreign", "key"],
    ["primary", "key"],
    ["site", "key"],
    ["hash", "key"],
    ["range", "key"],
    ["page", "token"],
    ["next", "token"],
    ["sync", "token"],
    ["client", "token"],
    ["request", "token"],
    ["change", "token"],
    ["action", "token"],
    ["lock", "token"],
    ["key", "type"],
    ["host", "key"],
    ["map", "key"],
    ["object", "key"],
    ["message", "key"],
    ["routing", "key"],
    ["sub", "key"],
    ["license", "text"],
    ["translation", "key"],
    ["label", "key"],
];

/// Words that say at the end of a name that the value is secret, whatever stands before them.
fn names_secret(words: &[String]) -> bool {
    let last = words.last().map(String::as_str).unwrap_or_default();
    let pair = words.len().checked_sub(2).and_then(|i| words.get(i)).map(String::as_str).unwrap_or_default();
    match (pair, last) {
        ("public", _) => false,
        (_, "password" | "passwd" | "pwd" | "passphrase" | "secret") => true,
        ("secret", "id") => true,
        (
            "api" | "private" | "secret" | "access" | "account" | "storage" | "transaction" | "license" | "master"
            | "signing",
            "key",
        ) => true,
        ("access" | "auth" | "api" | "refresh" | "bearer" | "authorization", "token") => true,
        _ => words.iter().any(|w| matches!(w.as_str(), "storage" | "account")) && last == "key",
    }
}

/// True when the name says that its value is no secret.
pub(super) fn names_other(name: &str) -> bool {
    let words = words::words(name);
    // A number at the end only counts copies.
    let words: &[String] = match words.as_slice() {
        [head @ .., last] if !head.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) => head,
        all => all,
    };
    // The shell's working directory.
    if name == "PWD" || name == "OLDPWD" {
        return true;
    }
    if names_secret(words) {
        return false;
    }
    let Some(last) = words.last() else { return false };
    let before = words.len().checked_sub(2).and_then(|i| words.get(i)).map(String::as_str);
    let ends = |pair: &[&str; 2]| before == Some(pair[0]) && last == pair[1];
    words.iter().any(|w| REFUSED_ANYWHERE.contains(&w.as_str()))
        || REFUSED_LAST.contains(&last.as_str())
        || REFUSED_PAIRS.iter().any(ends)
}

/// Words that say of a value, whatever it looks like, that it is meant to be read.
const PUBLIC: &[&str] = &[
    "public",
    "pub",
    "pubkey",
    "publishable",
    "checksum",
    "fingerprint",
    "thumbprint",
    "recv",
    "keyserver",
    "websocket",
];

/// True when the name says that everybody may read its value.
pub(super) fn names_public(name: &str) -> bool {
    words::words(name).iter().any(|w| PUBLIC.contains(&w.as_str()))
}

/// True when the name says that its value is an identifier.
pub(super) fn names_id(name: &str) -> bool {
    let words = words::words(name);
    // In signed URLs it is the key's id and its scope.
    let signed = |w: &String| matches!(w.as_str(), "goog" | "amz");
    match words.last().map(String::as_str) {
        Some("id" | "ids") => !names_secret(&words),
        Some("credential") => words.iter().any(signed),
        _ => false,
    }
}

/// True when the end of the name says that its value is secret.
pub(super) fn says_secret(name: &str) -> bool {
    names_secret(&words::words(name))
}

/// Two words or more, the last of them what names of settings end with.
pub(super) fn is_name_of_secret(value: &[u8]) -> bool {
    let words = words::words(&String::from_utf8_lossy(value));
    let last = words.last().map(String::as_str).unwrap_or_default();
    words.len() > 1
        && matches!(
            last,
            "password" | "passwd" | "pwd" | "passphrase" | "secret" | "token" | "key" | "user" | "username"
        )
}
