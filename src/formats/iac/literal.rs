//! Values that stand in deployments: whether a name promises a secret, and whether a text under it is one.

use crate::formats::names;

/// What stands where a secret is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Nothing that could open anything: empty, a reference, a switch, a path, the name of a thing.
    None,
    /// A stand-in that says itself that it is none.
    Placeholder,
    /// A word that everybody tries first: `postgres`, `admin`, `changeme`.
    Common,
    /// A literal.
    Literal,
}

/// What people and images take for passwords when nobody chose one.
const COMMON: &[&str] = &[
    "admin",
    "admin123",
    "administrator",
    "artemis",
    "cassandra",
    "changeit",
    "changeme",
    "default",
    "elastic",
    "example",
    "grafana",
    "guest",
    "influxdb",
    "keycloak",
    "letmein",
    "mariadb",
    "minio",
    "minio123",
    "minioadmin",
    "miniostorage",
    "mongo",
    "mongodb",
    "mysql",
    "neo4j",
    "nopass",
    "oracle",
    "pass",
    "pass123",
    "passw0rd",
    "password",
    "password1",
    "password123",
    "pgadmin",
    "postgres",
    "postgresql",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "rootpassword",
    "rootroot",
    "sa",
    "secret",
    "supersecret",
    "test",
    "test123",
    "toor",
    "user",
    "wordpress",
    "1234",
    "12345",
    "123456",
    "12345678",
    "123456789",
];

/// The words of a name, in capitals: `DB_PASSWORD`, `db-password` and `dbPassword` are the same two.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let follows = chars.peek().is_some_and(char::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase()
            && (last.is_ascii_lowercase() || last.is_ascii_digit() || (last.is_ascii_uppercase() && follows));
        if (starts || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_uppercase());
        }
        last = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Words before `KEY` that make it a secret; of itself a key is an index as often.
const KEYS: &[&str] = &[
    "API",
    "SECRET",
    "PRIVATE",
    "ENCRYPTION",
    "MASTER",
    "SIGNING",
    "ACCESS",
    "AUTH",
    "ADMIN",
    "DEPLOY",
    "LICENSE",
    "ACCOUNT",
    "JWT",
    "APP",
];

/// Words before `SECRET` that make it a value; of itself it is the name of an object as often.
const SECRETS: &[&str] = &[
    "CLIENT",
    "JWT",
    "APP",
    "API",
    "SHARED",
    "SESSION",
    "COOKIE",
    "WEBHOOK",
    "HMAC",
    "SIGNING",
    "AUTH",
    "OAUTH",
    "OAUTH2",
    "OIDC",
    "MASTER",
    "CONSUMER",
    "ACCESS",
    "ADMIN",
    "ENCRYPTION",
    "NEXTAUTH",
    "HOOK",
    "TOKEN",
];

/// First words of switches, limits and names of other things.
const OTHERS: &[&str] = &[
    "ALLOW", "ENABLE", "ENABLED", "DISABLE", "REQUIRE", "NO", "USE", "EXISTING", "IS", "HAS", "MIN", "MAX", "IMAGE",
    "PULL", "TLS", "CREATE", "GENERATE", "AUTO", "FORGOT", "RESET", "VALIDATE",
];

/// Whether the value under this name is meant to be a secret. Stricter than [`names::is_credential`]: the last word decides.
pub fn holds_secret(name: &str) -> bool {
    if names::holds_credential(name) && !name.ends_with("_ID") {
        return true;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|w| matches!(*w, "PUBLIC" | "PUB" | "PUBLISHABLE" | "HASH" | "HASHED" | "URL" | "FILE"))
        || words.first().is_some_and(|first| OTHERS.contains(first))
    {
        return false;
    }
    match words.as_slice() {
        [.., "PASSWORD" | "PASSWD" | "PASSPHRASE" | "PASS" | "TOKEN" | "APIKEY" | "SECRETKEY" | "ACCESSKEY"]
        | [.., "PRIVATEKEY" | "AUTHTOKEN" | "ACCESSTOKEN" | "CLIENTSECRET" | "JWTSECRET" | "AUTHKEY"]
        | [.., "SECRET", "KEY", "BASE"] => true,
        [.., before, "PWD" | "PW"] => !before.is_empty(),
        [.., before, "KEY"] => KEYS.contains(before),
        [.., before, "SECRET"] => SECRETS.contains(before),
        _ => false,
    }
}

/// What a text under a name is; the name tells the password that repeats its product (`POSTGRES_PASSWORD: postgres`).
pub fn judge(name: &str, value: &str) -> Value {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if value.is_empty() || is_reference(value) || is_switch(&lower) {
        return Value::None;
    }
    let words = words(name);
    let repeats = words.iter().any(|word| word.eq_ignore_ascii_case(value)) && lower != "token" && lower != "key";
    let password = words.last().is_some_and(|last| last.starts_with("PASS") || last.starts_with("PW"));
    if COMMON.contains(&lower.as_str()) || (repeats && password) {
        return if password { Value::Common } else { Value::Placeholder };
    }
    let stands_in = ["your", "replace", "todo", "fixme", "insert", "change", "redacted", "xxx", "placeholder", "dummy"];
    if stands_in.iter().any(|word| lower.contains(word)) || names::is_placeholder(name, value) {
        return Value::Placeholder;
    }
    // A key or token that is words with marks between them is the name under which it is kept.
    let named = value.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':'));
    if !password && (named || value.len() < 8 || value.bytes().all(|b| b.is_ascii_digit())) {
        return Value::None;
    }
    Value::Literal
}

/// Whether a variable of an image is set to a secret. Nothing there is an object that could be named, as in a manifest, so
/// any name that ends in `SECRET` holds a value, and a plain word is one, too.
pub fn is_baked(name: &str, value: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let named = matches!(words.as_slice(), [first, .., "SECRET"] if !OTHERS.contains(first));
    let value = value.trim();
    match judge(name, value) {
        Value::Literal => named || holds_secret(name),
        Value::None if named || holds_secret(name) => {
            // What builds are given so that they start, and what says where or whether.
            let other =
                ["build", "compile", "unused", "ignore", "temp", "fake", "dev", "local", "prod", "secret", "not"];
            let word = value.len() >= 6 && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            word && value.bytes().any(|b| b.is_ascii_lowercase())
                && !is_switch(value)
                && !other.iter().any(|w| value.contains(w))
        }
        _ => false,
    }
}

/// Whether a text refers to a value that is kept elsewhere.
fn is_reference(value: &str) -> bool {
    let inside = ["${", "$(", "{{", "}}", "<%", "<<", "%{"];
    let start = [
        "$",
        "%",
        "<",
        "/",
        "./",
        "../",
        "~",
        "op://",
        "vault:",
        "vault://",
        "arn:",
        "projects/",
        "ref+",
        "sm://",
        "ENC[",
        "file:",
        "secret:",
        "secretref",
        "ssm:",
        "gcp:",
        "awssm:",
        "!",
        "*",
        "@Microsoft.KeyVault",
        "valueFrom",
    ];
    let url = value.contains("://") && !value.contains('@');
    url || inside.iter().any(|part| value.contains(part)) || start.iter().any(|part| value.starts_with(part))
}

fn is_switch(lower: &str) -> bool {
    matches!(
        lower,
        "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "0"
            | "1"
            | "none"
            | "null"
            | "nil"
            | "undefined"
            | "optional"
            | "required"
            | "disabled"
            | "enabled"
            | "auto"
            | "~"
            | "string"
            | "n/a"
            | "-"
    )
}

/// What `${VAR:-default}` falls back on, the whole value being that; `None` for every other text.
pub fn default_of(value: &str) -> Option<(&str, &str)> {
    let inner = value.trim().strip_prefix("${")?.strip_suffix('}')?;
    if inner.contains(['$', '{', '}']) {
        return None;
    }
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = inner.split_at_checked(end)?;
    let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'))?;
    Some((name, default))
}

/// The names of variables that a text takes in: `$NAME`, `${NAME}`, `${NAME:-x}`.
pub fn variables(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in value.split('$').skip(1).take(64) {
        let part = part.strip_prefix('{').unwrap_or(part);
        let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if name.chars().next().is_some_and(|c| !c.is_ascii_digit()) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The same of a script of any length.
pub fn variables_anywhere(script: &str) -> std::collections::BTreeSet<&str> {
    let name = |part: &'_ str| part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
    let parts = script.split('$').skip(1).map(|part| part.strip_prefix('{').unwrap_or(part));
    parts.filter_map(|part| part.get(..name(part)).filter(|name| !name.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_promises_a_secret() {
        for name in [
            "DB_PASSWORD",
            "adminPassword",
            "API_KEY",
            "apiKey",
            "SECRET_KEY_BASE",
            "clientSecret",
            "GITHUB_TOKEN",
            "db.passwd",
            "RABBITMQ_DEFAULT_PASS",
            "JWT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(holds_secret(name), "{name}");
        }
        for name in [
            "ALLOW_EMPTY_PASSWORD",
            "existingSecret",
            "imagePullSecret",
            "KEY",
            "PUBLIC_KEY",
            "PASSWORD_FILE",
            "tokenExpiry",
            "PWD",
            "cacheKey",
            "secretName",
            "AWS_ACCESS_KEY_ID",
        ] {
            assert!(!holds_secret(name), "{name}");
        }
    }

    #[test]
    fn a_value_is_told_from_what_stands_for_one() {
        for (name, value, want) in [
            ("POSTGRES_PASSWORD", "postgres", Value::Common),
            ("ACME_PASSWORD", "acme", Value::Common),
            ("DB_PASSWORD", "s3cure-horse", Value::Literal),
            ("DB_PASSWORD", "${DB_PASSWORD}", Value::None),
            ("DB_PASSWORD", "{{ x }}", Value::None),
            ("DB_PASSWORD", "/run/secrets/db", Value::None),
            ("DB_PASSWORD", "", Value::None),
            ("API_KEY", "your-api-key-goes-here", Value::Placeholder),
            ("apiKey", "my-secret-name", Value::Placeholder),
            ("API_KEY", "q7x9q7x9q7x9q7x9", Value::Literal),
            ("MYSQL_PASSWORD", "true", Value::None),
        ] {
            assert_eq!(judge(name, value), want, "{name}={value}");
        }
    }

    #[test]
    fn a_plain_word_under_a_secret_of_an_image_is_a_value() {
        for (name, value) in [("X_SECRET", "wordplay"), ("APP_SECRET", "wombat7"), ("DB_PASSWORD", "hunter2horse")] {
            assert!(is_baked(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("X_SECRET", "$X"),
            ("X_SECRET", ""),
            ("USE_SECRET", "wordplay"),
            ("X_SECRET_NAME", "wordplay"),
            ("X_SECRET", "my-secret"),
            ("SECRET_KEY_BASE", "precompile"),
            ("X_SECRET", "enabled"),
            ("API_TOKEN", "123456"),
        ] {
            assert!(!is_baked(name, value), "{name}={value}");
        }
    }

    #[test]
    fn defaults_of_variables_are_read() {
        assert_eq!(default_of("${A:-b}"), Some(("A", "b")));
        assert_eq!(default_of("${A-}"), Some(("A", "")));
        assert_eq!(default_of("${A}"), None);
        assert_eq!(default_of("x${A:-b}"), None);
        assert_eq!(variables("a$B ${C:-d}$1"), ["B", "C"]);
    }
}
