//! Names of settings: which speak of a secret and which only sound like it.

/// What a name speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaks {
    /// A password, which may be short and a word.
    Password,
    /// A token or key that was issued or made at random.
    Token,
}

/// Words that end a name of a password.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pass",
    "pwd",
    "passcode",
    "dbpass",
    "dbpassword",
    "dbpasswd",
    "dbpwd",
    "userpassword",
    "userpass",
    "storepass",
    "keypass",
    "storepassword",
    "keypassword",
    "smtppassword",
    "rootpassword",
    "adminpassword",
    "dbpasswort",
    "mypassword",
    "pgpassword",
    "sshpass",
];

/// Words that end a name of a token or key by themselves.
const TOKENS: &[&str] = &[
    "secret",
    "token",
    "apikey",
    "secretkey",
    "accesstoken",
    "authtoken",
    "apitoken",
    "apisecret",
    "clientsecret",
    "appsecret",
    "privatekey",
    "authkey",
    "licensekey",
    "webhooksecret",
    "accesskey",
    "salt",
    "pepper",
];

/// Words before `key` that make it one.
const KEYS: &[&str] = &[
    "api",
    "secret",
    "app",
    "access",
    "private",
    "encryption",
    "encrypt",
    "signing",
    "sign",
    "auth",
    "master",
    "crypt",
    "crypto",
    "account",
    "storage",
    "jwt",
    "hmac",
    "session",
    "cookie",
    "license",
    "deploy",
    "service",
    "shared",
    "subscription",
];

/// Words that may follow without making the name one of something else.
const TAILS: &[&str] = &[
    "base",
    "value",
    "prod",
    "production",
    "dev",
    "development",
    "staging",
    "live",
    "default",
    "old",
    "new",
    "1",
    "2",
    "base64",
];

/// Words that make a name one of something public or of a setting.
const OTHERS: &[&str] = &[
    "public",
    "pub",
    "csrf",
    "xsrf",
    "page",
    "next",
    "reset",
    "forgot",
    "min",
    "max",
    "no",
    "use",
    "enable",
    "enabled",
    "require",
    "required",
    "allow",
    "publishable",
    "message",
    "error",
    "label",
    "text",
    "title",
    "hint",
    "example",
    "prompt",
    "placeholder",
    "invalid",
    "wrong",
    "confirm",
    "repeat",
    "show",
    "hide",
    "change",
    "validation",
    "rule",
    "policy",
];

/// Lower-case words of a name: between marks, and where small letters go over into capitals.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars().take(120) {
        let begins = !last.is_ascii_alphanumeric() || c.is_ascii_uppercase() && last.is_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
        }
        last = c;
    }
    words
}

/// What a name of a setting speaks of; `None` for ordinary ones.
pub fn speaks(name: &str) -> Option<Speaks> {
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while words.len() > 1 && words.last().is_some_and(|w| TAILS.contains(w)) {
        words.pop();
    }
    let (last, before) = words.split_last()?;
    if before.iter().any(|w| OTHERS.contains(w)) {
        return None;
    }
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    if PASSWORDS.contains(&last) {
        return Some(Speaks::Password);
    }
    let of_key = last == "key" && before.last().is_some_and(|w| KEYS.contains(w));
    let keyed = last == "id" && before.ends_with(&["secret"]);
    (TOKENS.contains(&last) || of_key && !keyed).then_some(Speaks::Token)
}

/// Whether a value is one that somebody gives such a setting: not another setting's name, a number, a sentence or a path.
pub fn is_value(speaks: Speaks, name: &str, value: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|b| kind(&b));
    let same = name.to_ascii_lowercase().ends_with(&value.to_ascii_lowercase()) && !value.is_empty();
    match speaks {
        Speaks::Password => {
            (3..=128).contains(&value.len()) && !same && !value.starts_with('/') && !value.contains("://")
        }
        Speaks::Token => {
            let letters = has(u8::is_ascii_alphabetic);
            let mixed = has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
            (8..=4096).contains(&value.len())
                && letters
                && mixed
                && !same
                && !value.contains([' ', '\t'])
                && !value.contains("://")
                && !value.starts_with(['/', '.', '~'])
                && speaks_of_none(value)
        }
    }
}

/// Whether a value is no dotted or slashed name: `org.example.Token1`, `config/keys/id_rsa`.
fn speaks_of_none(value: &str) -> bool {
    let piece = |p: &str| p.len() >= 2 && !p.bytes().any(|b| b.is_ascii_digit());
    let named = |mark: char| value.matches(mark).count() >= 1 && value.split(mark).all(piece);
    !named('.') && !named('/') && !named('-')
}

/// Words that very many people set as a password where it does not matter.
pub fn is_common(value: &str) -> bool {
    const COMMON: [&str; 14] = [
        "password",
        "passwd",
        "pass",
        "secret",
        "root",
        "admin",
        "postgres",
        "mysql",
        "user",
        "guest",
        "dev",
        "local",
        "token",
        "password1",
    ];
    COMMON.iter().any(|c| c.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_settings() {
        for name in
            ["DB_PASSWORD", "spring.datasource.password", "MLAB_PASS", "signing.keyPassword", "dbpasswd", "PGPASSWORD"]
        {
            assert_eq!(speaks(name), Some(Speaks::Password), "{name}");
        }
        for name in
            ["APP_KEY", "HEROKU_API_KEY", "SLACK_API_TOKEN", "secret_key_base", "clientSecret", "AWS_SECRET_ACCESS_KEY"]
        {
            assert_eq!(speaks(name), Some(Speaks::Token), "{name}");
        }
        for name in [
            "PASSWORD_MIN_LENGTH",
            "TOKEN_TTL",
            "PUBLIC_KEY",
            "CACHE_KEY",
            "password.label",
            "RESET_PASSWORD",
            "monkey",
            "AWS_ACCESS_KEY_ID",
            "MAX_TOKEN",
            "SECRET_NAME",
            "passwordFile",
        ] {
            assert_eq!(speaks(name), None, "{name}");
        }
        assert!(is_value(Speaks::Token, "API_KEY", &["k3J9fQ0a", "Z7xLm2PqW4"].concat()));
        assert!(
            !is_value(Speaks::Token, "API_KEY", "/run/secrets/key1")
                && !is_value(Speaks::Token, "TOKEN", "com.example.Token")
        );
        assert!(
            is_value(Speaks::Password, "DB_PASSWORD", "admin123")
                && !is_value(Speaks::Password, "DB_PASSWORD", "password")
        );
    }
}
