//! Names and values of secrets as infrastructure writes them: `DBPassword`, `dbPassword`, `DB_PASSWORD`. A name has to end
//! in what it holds, because `SecretName`, `TokenUrl` and `PasswordLength` hold no secret; a value has to be one that could
//! open something, and no reference to it.

use crate::doc::{Kind, Node};
use crate::formats::names;
use crate::formats::workload::{Via, Workload};

/// Words at the end of a name that hold a password, which may be as short and plain as people choose.
const PASSWORDS: &[&str] = &["password", "passwd", "pass", "pwd", "passphrase"];

/// Words at the end of a name that hold something issued by a machine.
const ISSUED: &[&str] =
    &["secret", "token", "credential", "credentials", "apikey", "accesskey", "secretkey", "privatekey", "pat"];

/// What a `key` at the end of a name has to be in front of it to be a secret one; of others (`PartitionKey`, `KmsKey`,
/// `public_key`) most are not.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "account",
    "shared",
    "auth",
    "webhook",
    "license",
    "app",
    "application",
];

/// What may follow the word that says what a name holds.
const TAILS: &[&str] = &["value", "param", "parameter", "plaintext", "text", "string", "default"];

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A password.
    Password,
    /// A token or key that a machine made.
    Issued,
}

/// How sure it is that a literal is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    /// A word that stands for a value, or that is the same everywhere: `changeme`, `password`.
    Plain,
    /// What only one place would have.
    Own,
}

/// The words of a name in lower case: split at what is neither letter nor digit, and at capitals.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().take(200).collect();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(i + 1);
        let starts = c.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase)));
        if (starts || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What a variable, parameter or property of this name holds; `None` for what is no secret by its name.
#[must_use]
pub fn promise(name: &str) -> Option<Promise> {
    let mut words = words(name);
    for word in &mut words {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    words.retain(|word| !word.is_empty());
    while words.len() > 1 && words.last().is_some_and(|word| TAILS.contains(&word.as_str())) {
        words.pop();
    }
    let last = words.last()?.as_str();
    let before = words.len().checked_sub(2).and_then(|i| words.get(i)).map_or("", String::as_str);
    if PASSWORDS.contains(&last) || PASSWORDS.iter().any(|word| word.len() > 4 && last.ends_with(word)) {
        // `ManageMasterUserPassword`, `EnablePassword`, `ChangePassword` say what to do, and hold a truth value.
        return Some(Promise::Password);
    }
    let whole = ISSUED.contains(&last) && !(last == "token" && matches!(before, "next" | "continuation" | "client"));
    (whole || (last == "key" && KEYS.contains(&before))).then_some(Promise::Issued)
}

/// Whether a text is a reference to a value, a template or a placeholder in brackets, and no value.
#[must_use]
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    ["${", "{{", "<%", "$(", "#{", "((", "%("].iter().any(|open| value.contains(open))
        || value.starts_with(['$', '%', '@', '!', '/', '~'])
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with('[') && value.ends_with(']'))
        || (value.starts_with('{') && value.ends_with('}') && !value.contains('"'))
        // Desired state configuration of Azure's machines.
        || value.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("PrivateSettingsRef:"))
        || value.starts_with("arn:")
        || value.starts_with("ENC[")
        || value.starts_with("secretref:")
        || ((value.starts_with("http://") || value.starts_with("https://")) && !value.contains('@'))
}

/// Whether a literal under a name is the secret that the name promises. What refers to something, and what the name of a
/// stored secret looks like (`prod/db`, `my-app-token`), is none.
#[must_use]
pub fn literal(name: &str, value: &str) -> Option<Literal> {
    let promise = promise(name)?;
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let nothing = ["", "true", "false", "yes", "no", "null", "none", "default", "-", "*", "~", "enabled", "disabled"];
    if nothing.contains(&lower.as_str()) || is_reference(value) || value.contains(char::is_whitespace) {
        return None;
    }
    let stand_in = ["your", "xxxx", "replace", "change", "todo", "insert", "placeholder", "example", "****", "dummy"];
    // `GEN-PASSWORD`: words in capitals.
    let shouted =
        value.contains(['-', '_']) && value.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
    let says = (shouted && promise == Promise::Password)
        || stand_in.iter().any(|word| lower.contains(word))
        || names::is_placeholder("", value);
    match promise {
        _ if says => Some(Literal::Plain),
        Promise::Password if words(name).concat().contains(&lower) || is_word(&lower) => Some(Literal::Plain),
        // The database of users, as name services call it.
        Promise::Password if name == "passwd" && value.bytes().all(|b| b.is_ascii_lowercase()) => None,
        Promise::Password => Some(Literal::Own),
        Promise::Issued if is_made(value) => Some(Literal::Own),
        Promise::Issued => None,
    }
}

/// Passwords of tutorials.
fn is_word(lower: &str) -> bool {
    let common =
        ["password", "passw0rd", "password123", "admin", "root", "secret", "postgres", "mysql", "user", "guest"];
    common.contains(&lower.trim_end_matches(['1', '2', '3', '4', '!']))
}

/// Whether a machine may have made it: long, of letters and digits mixed, and no name of words between hyphens.
fn is_made(value: &str) -> bool {
    let mixed = |text: &str| text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
    let named = value.contains(['-', '_', '/', '.'])
        && value.split(['-', '_', '/', '.']).all(|part| part.len() < 6 || !mixed(part));
    let constant = value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') && named;
    // `storageAccessKey1` is a name too.
    let numbered = !mixed(value.trim_end_matches(|c: char| c.is_ascii_digit()));
    value.len() >= 12 && value.len() <= 16_384 && mixed(value) && !named && !constant && !numbered
}

/// A variable of a workload's environment that is named like a secret: a literal is a static use of it. Says whether it was
/// one.
pub fn variable(workload: &mut Workload<'_>, name: &str, node: &Node) -> bool {
    let Some(value) = node.scalar().filter(|_| matches!(node.kind, Kind::String(_) | Kind::Number(_))) else {
        return false;
    };
    let known = names::holds_credential(name) && !is_reference(&value);
    match literal(name, &value) {
        Some(Literal::Own) => {}
        _ if known => {}
        _ => return false,
    }
    let provider = names::provider(name).filter(|provider| names::federable(provider, name)).unwrap_or_default();
    workload.literal(node, Via { mechanism: name, hint: name, provider: Some(provider), target: None });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_a_secret_by_their_last_words() {
        for name in ["DBPassword", "masterUserPassword", "db_pass", "ADMIN_PWD", "Password1", "adminPasswordParam"] {
            assert_eq!(promise(name), Some(Promise::Password), "{name}");
        }
        for name in ["GitHubToken", "OAuthToken", "APIKey", "api_key", "StripeSecretKey", "ClientSecretValue", "apikey"]
        {
            assert_eq!(promise(name), Some(Promise::Issued), "{name}");
        }
        let none = [
            "SecretName",
            "TokenUrl",
            "PasswordLength",
            "KeyName",
            "PartitionKey",
            "KmsKeyArn",
            "SecretArn",
            "public_key",
            "NextToken",
            "PasswordResetRequired",
            "Compass",
            "",
        ];
        for name in none {
            assert_eq!(promise(name), None, "{name}");
        }
    }

    #[test]
    fn values_are_told_from_references_names_and_stand_ins() {
        let made = ["q7Xz", "9mKp", "2Lw8"].concat();
        for (name, value, want) in [
            ("DBPassword", "Tr0ub4dor", Some(Literal::Own)),
            ("DBPassword", "changeme", Some(Literal::Plain)),
            ("DBPassword", "password", Some(Literal::Plain)),
            ("DBPassword", "{{resolve:ssm-secure:db}}", None),
            ("DBPassword", "${DB}", None),
            ("DBPassword", "", None),
            ("DBPassword", "/prod/db/password", None),
            ("ApiKey", made.as_str(), Some(Literal::Own)),
            ("ApiKey", "prod-api-key-2", None),
            ("accessKey", "storageAccessKey1", None),
            ("Password", "PrivateSettingsRef:AdminPassword", None),
            ("adminPassword", "GEN-PASSWORD", Some(Literal::Plain)),
            ("AppSecret", "PROD_DB_SECRET", None),
            ("AppSecret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", None),
            ("KeyName", made.as_str(), None),
        ] {
            assert_eq!(literal(name, value), want, "{name}={value}");
        }
    }
}
