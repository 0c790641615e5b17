//! What a configured value is where a credential belongs: fetched by name, written out, or a stand-in that opens nothing.
//!
//! Hosts write references in their own ways: `${VAR}` and `${VAR:-default}` (Claude Code,
//! <https://code.claude.com/docs/en/mcp>), `${env:VAR}` (Cursor, <https://cursor.com/docs/mcp>), `${input:id}` (VS Code,
//! <https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>), `$VAR` (Gemini CLI,
//! <https://geminicli.com/docs/cli/configuration>), `{env:VAR}` and `{file:path}` (opencode,
//! <https://opencode.ai/docs/config>), `os.environ/VAR` (LiteLLM, <https://docs.litellm.ai/docs/proxy/configs>),
//! `${{ secrets.VAR }}` (Continue, <https://docs.continue.dev/reference>). A file is often read by another host than it was
//! written for, so each form counts in each file; what a host does not expand is noted.

use crate::formats::names;

/// What stands where a credential belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    Empty,
    /// Fetched under this name.
    Reference(String),
    /// Fetched under this name, with a default that is itself a credential.
    SecretDefault(String),
    /// A reference that the host does not expand: it is sent as it stands, and is no secret.
    Unexpanded(String),
    /// Stands for a value: `your-key-here`, `changeme`.
    StandIn,
    /// A credential in the clear.
    Literal,
}

/// What a value is. `name` is that of its variable, header or option; `bare` says whether the host expands `$NAME`.
pub(super) fn read(name: &str, text: &str, bare: bool) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Empty;
    }
    if let Some(reference) = reference(text) {
        let (found, default) = reference;
        let secret = default.filter(|default| is_secret(name, default));
        return if secret.is_some() { Value::SecretDefault(found) } else { Value::Reference(found) };
    }
    let value = without_scheme(text);
    if let Some(found) = bare_reference(value) {
        return if bare { Value::Reference(found) } else { Value::Unexpanded(found) };
    }
    if is_secret(name, value) { Value::Literal } else { Value::StandIn }
}

/// The value of an `Authorization` header without its scheme.
fn without_scheme(text: &str) -> &str {
    let scheme = text.split_once(' ').filter(|(scheme, _)| {
        ["bearer", "basic", "token", "apikey", "api-key"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    scheme.map_or(text, |(_, rest)| rest.trim())
}

/// The token of a bearer header that stands inside a text, as in Notion's `{"Authorization": "Bearer …"}`.
pub(super) fn bearer_inside(text: &str) -> Option<&str> {
    let (before, after) = text.split_once("Bearer ")?;
    let token = after.split(['"', '\'', '\\', ',']).next().unwrap_or_default().trim();
    (!before.trim().is_empty() && !token.is_empty()).then_some(token)
}

/// Names that hosts fill in themselves and that are no credentials.
const BUILT_IN: &[&str] = &[
    "userHome",
    "workspaceFolder",
    "workspaceFolderBasename",
    "workspaceRoot",
    "pathSeparator",
    "/",
    "HOME",
    "USERPROFILE",
    "PWD",
    "USER",
    "CLAUDE_PLUGIN_ROOT",
    "CLAUDE_PROJECT_DIR",
    "extensionPath",
];

/// Whether a host fills in a name itself: a home or project directory.
pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// The first reference inside a text, with its default where it has one.
fn reference(text: &str) -> Option<(String, Option<&str>)> {
    if let Some(name) = text.strip_prefix("os.environ/") {
        return Some((name.to_owned(), None));
    }
    for scheme in ["op://", "vault://", "secret://", "keychain:", "awssm://", "gcpsm://"] {
        if text.starts_with(scheme) {
            return Some((text.chars().take(120).collect(), None));
        }
    }
    let mut rest = text;
    while let Some(at) = rest.find(['{', '%']) {
        let (before, after) = (rest.get(..at)?, rest.get(at + 1..)?);
        if rest.as_bytes().get(at) == Some(&b'%') {
            // `%NAME%` of Windows; a lone percent sign is part of a value.
            let end = after.find('%').filter(|end| *end > 0 && after.get(..*end).is_some_and(is_variable));
            if let Some(end) = end {
                return Some((after.get(..end)?.to_owned(), None));
            }
            rest = after;
            continue;
        }
        let (inner, tail) = match after.strip_prefix('{') {
            Some(double) => double.split_once("}}")?,
            None => after.split_once('}')?,
        };
        let double = after.starts_with('{');
        let dollar = before.ends_with('$');
        let inner = inner.trim();
        let opencode = inner.starts_with("env:") || inner.starts_with("file:");
        if (double || dollar || opencode) && !inner.is_empty() {
            let (name, default) = named(inner);
            if !is_built_in(&name) {
                return Some((name, default));
            }
        }
        rest = tail;
    }
    None
}

/// The name inside the braces, and its default: `env:TOKEN`, `TOKEN:-x`, `secrets.TOKEN`, `input:token`.
fn named(inner: &str) -> (String, Option<&str>) {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let name = name.trim().trim_start_matches('$');
    let known = ["env:", "input:", "secrets.", "secret.", "env.", "inputs.", "vars.", "localEnv:", "user_config."];
    let short = known.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    (short.chars().take(120).collect(), default)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `$NAME` and `$env:NAME`, where they are all of the value.
fn bare_reference(value: &str) -> Option<String> {
    let name = value.strip_prefix('$')?;
    let name = name.strip_prefix("env:").unwrap_or(name);
    is_variable(name).then(|| name.to_owned())
}

/// Parts of texts that ask for a value instead of being one.
const ASKS: &[&str] = &[
    "your",
    "xxx",
    "replace",
    "insert",
    "change-me",
    "change_me",
    "todo",
    "paste",
    "here",
    "redacted",
    "...",
    "…",
    "***",
    "<",
    "put-",
    "put_",
    "enter-",
    "enter_",
    "my-",
    "my_",
    "sample",
    "fake",
    "n/a",
    "not-needed",
    "not_needed",
    "no-key",
    "unused",
    "ignored",
    "required",
    "optional",
    "set-in",
    "from-env",
    "anything",
    "secret_key",
];

/// What people write where a password has to stand and opens nothing but their own machine.
const DEFAULTS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "postgres",
    "root",
    "admin",
    "neo4j",
    "guest",
    "minioadmin",
    "mysql",
    "mongo",
    "secret",
    "redis",
    "user",
    "devpassword",
    "dev",
    "letmein",
    "empty",
    "null",
    "true",
    "false",
    "undefined",
    "token",
];

/// Whether a text can be a credential of this name: a machine's, or a password that is no default.
fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if value.is_empty()
        || names::is_placeholder(name, value)
        || ASKS.iter().any(|ask| lower.contains(ask))
        || DEFAULTS.contains(&lower.as_str())
        || counts_up(&lower)
        || is_path(value)
        || value.contains("://")
    {
        return false;
    }
    if is_password(name) { value.len() >= 6 && !value.contains(' ') } else { value.len() >= 12 && is_random(value) }
}

/// Runs that nobody issues: `123456`, `abcdef`, `abc123`.
fn counts_up(lower: &str) -> bool {
    ["12345", "23456", "abcdef", "abc123", "0000000", "deadbeef", "qwerty"].iter().any(|run| lower.contains(run))
}

/// Whether the value of a name is chosen by people.
fn is_password(name: &str) -> bool {
    let words = words(name);
    words
        .iter()
        .any(|word| word.ends_with("password") || matches!(word.as_str(), "passwd" | "pwd" | "pass" | "passphrase"))
}

/// Whether a machine may have made a text: some piece of it mixes letters and digits, or is long and of both cases.
fn is_random(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|piece| {
        let digit = piece.bytes().any(|b| b.is_ascii_digit());
        let (lower, upper) =
            (piece.bytes().any(|b| b.is_ascii_lowercase()), piece.bytes().any(|b| b.is_ascii_uppercase()));
        (piece.len() >= 8 && digit && (lower || upper)) || (piece.len() >= 20 && lower && upper)
    })
}

/// Whether a text that stands where a name belongs is a credential instead: people put the key itself under `env_key`.
pub(super) fn is_key_for_name(text: &str) -> bool {
    let mixed = |piece: &str| {
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        piece.len() >= 16 && digits >= 3 && digits < piece.len()
    };
    !text.contains("://") && text.len() >= 20 && text.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed)
}

/// Whether a text names a file.
pub(super) fn is_path(value: &str) -> bool {
    let drive = value.as_bytes().get(1) == Some(&b':') && value.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let file = [".json", ".pem", ".key", ".txt", ".p8", ".p12", ".env"].iter().any(|end| value.ends_with(end));
    value.starts_with(['/', '~', '.']) || drive || (file && !value.contains(' '))
}

/// A name in its words, lower case: `tavilyApiKey`, `GITHUB_TOKEN`, `X-API-Key`.
fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars().take(200) {
        let starts = !before.is_ascii_alphanumeric() || (before.is_ascii_lowercase() && c.is_ascii_uppercase());
        if c.is_ascii_alphanumeric() {
            if starts {
                out.push(String::new());
            }
            if let Some(word) = out.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
        }
        before = c;
    }
    out
}

/// Whether a variable, header or option of this name holds a credential.
pub(super) fn is_credential_name(name: &str) -> bool {
    let mut words = words(name);
    // `KEY_2`, `TOKEN1`.
    if let Some(last) = words.last_mut() {
        let short = last.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        last.truncate(short);
    }
    words.retain(|word| !word.is_empty());
    let Some(last) = words.last() else { return false };
    let before = words.len().checked_sub(2).and_then(|at| words.get(at)).map_or("", String::as_str);
    let says = |list: &[&str]| list.contains(&last.as_str());
    if words.iter().any(|word| matches!(word.as_str(), "public" | "publishable" | "anon")) {
        return false;
    }
    match last.as_str() {
        "key" => ![
            "primary",
            "foreign",
            "sort",
            "partition",
            "row",
            "cache",
            "project",
            "space",
            "issue",
            "board",
            "hot",
            "short",
        ]
        .contains(&before),
        "token" => !["max", "min", "num", "pad", "eos", "bos", "per", "contract"].contains(&before),
        "pwd" | "pass" | "cookie" => words.len() > 1,
        // `PGPASSWORD`, `MYAPIKEY`.
        _ if ["password", "passwd", "apikey", "accesskey", "secretkey"].iter().any(|end| last.ends_with(end)) => true,
        "header" | "headers" => before == "auth" || before == "authorization",
        "id" => before == "key" && words.iter().any(|word| word == "access"),
        _ => says(&[
            "secret",
            "password",
            "passwd",
            "passphrase",
            "credential",
            "credentials",
            "creds",
            "pat",
            "apikey",
            "accesskey",
            "secretkey",
            "authtoken",
            "accesstoken",
            "authorization",
            "bearer",
            "jwt",
        ]),
    }
}

/// Whether a credential of this name is a person's own token at its provider.
///
/// GitHub's and GitLab's personal access tokens and Atlassian's API tokens act as the user who made them
/// (<https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/>).
pub(super) fn is_personal(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|w| w == word);
    (has("personal") && has("token"))
        || words.last().is_some_and(|last| last == "pat")
        || (has("api") && has("token") && (has("atlassian") || has("jira") || has("confluence")))
        || (has("slack") && has("user") && has("token"))
}

/// Providers that agents use and pipelines rarely do, by a word of the name.
const PROVIDERS: &[(&str, &str)] = &[
    ("gemini", "gcp"),
    ("hf", "huggingface"),
    ("huggingface", "huggingface"),
    ("pinecone", "pinecone"),
    ("langchain", "langchain"),
    ("langsmith", "langchain"),
    ("tavily", "tavily"),
    ("exa", "exa"),
    ("brave", "brave"),
    ("firecrawl", "firecrawl"),
    ("supabase", "supabase"),
    ("notion", "notion"),
    ("linear", "linear"),
    ("stripe", "stripe"),
    ("atlassian", "atlassian"),
    ("jira", "atlassian"),
    ("confluence", "atlassian"),
    ("perplexity", "perplexity"),
    ("groq", "groq"),
    ("mistral", "mistral"),
    ("deepseek", "deepseek"),
    ("openrouter", "openrouter"),
    ("cohere", "cohere"),
    ("figma", "figma"),
    ("context7", "context7"),
    ("elevenlabs", "elevenlabs"),
    ("airtable", "airtable"),
];

/// The provider that a name speaks of; empty when none.
pub(super) fn provider(name: &str) -> &'static str {
    let words = words(name);
    let own = PROVIDERS.iter().find(|(word, _)| words.iter().any(|w| w == word)).map(|(_, provider)| *provider);
    own.or_else(|| names::provider(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_of_an_agent_can_be_named_in_a_policy() {
        assert!(PROVIDERS.iter().all(|(_, provider)| crate::model::providers::is_known(provider)));
    }

    #[test]
    fn references_are_told_in_each_hosts_form() {
        for (text, want) in [
            ("${TOKEN}", "TOKEN"),
            ("Bearer ${TOKEN}", "TOKEN"),
            ("${env:TOKEN}", "TOKEN"),
            ("Bearer ${input:api-key}", "api-key"),
            ("${TOKEN:-}", "TOKEN"),
            ("{env:TOKEN}", "TOKEN"),
            ("{file:~/.secrets/key}", "file:~/.secrets/key"),
            ("os.environ/TOKEN", "TOKEN"),
            ("${{ secrets.TOKEN }}", "TOKEN"),
            ("{{TOKEN}}", "TOKEN"),
            ("%TOKEN%", "TOKEN"),
            ("op://vault/item/field", "op://vault/item/field"),
            ("postgres://u:${PW}@db/x", "PW"),
            ("${HOME}/x ${TOKEN}", "TOKEN"),
        ] {
            assert_eq!(read("API_KEY", text, false), Value::Reference(want.to_owned()), "{text}");
        }
        assert_eq!(read("API_KEY", "$TOKEN", false), Value::Unexpanded("TOKEN".to_owned()));
        assert_eq!(read("API_KEY", "Bearer $TOKEN", true), Value::Reference("TOKEN".to_owned()));
        assert_eq!(read("API_KEY", "${TOKEN:-q7Zk29xLm4Qp81vB}", true), Value::SecretDefault("TOKEN".to_owned()));
    }

    #[test]
    fn stand_ins_are_no_literals() {
        for text in [
            "your-api-key-here",
            "<TOKEN>",
            "sk-xxxxxxxxxxxxxxxxxxxx",
            "sk-1234567890abcdef1234",
            "my-secret-token-for-tests",
            "changeme",
            "/run/secrets/key",
            "true",
            "EMPTY",
            "sk-...",
        ] {
            assert_eq!(read("API_KEY", text, false), Value::StandIn, "{text}");
        }
        assert_eq!(read("DB_PASSWORD", "postgres", false), Value::StandIn);
        assert_eq!(read("API_KEY", "  ", false), Value::Empty);
        for (name, text) in [
            ("API_KEY", "q7Zk29xLm4Qp81vB"),
            ("CLIENT_SECRET", "0b5c9a1e-77aa-4f62-9d0e-5f3a2b1c4d6e"),
            ("Authorization", "Bearer q7Zk29xLm4Qp81vBq7Zk"),
            ("DB_PASSWORD", "Tr0ub4dor&3"),
        ] {
            assert_eq!(read(name, text, false), Value::Literal, "{name}");
        }
    }

    #[test]
    fn a_key_that_stands_for_a_name_is_told() {
        assert!(is_key_for_name("cr_0b5c9a1e77aa4f629d0e5f3a2b1c4d6e"));
        for name in ["OPENAI_API_KEY", "MY_VERY_LONG_VARIABLE_NAME_2", "op://vault/0b5c9a1e77aa4f629d0e/x", "api-key"] {
            assert!(!is_key_for_name(name), "{name}");
        }
    }

    #[test]
    fn names_of_credentials_are_told_by_their_last_word() {
        for name in [
            "GITHUB_TOKEN",
            "tavilyApiKey",
            "X-API-Key",
            "AWS_ACCESS_KEY_ID",
            "SMTP_PASS",
            "api_key",
            "KEY_2",
            "apiKey",
        ] {
            assert!(is_credential_name(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "MAX_TOKEN",
            "TOKENIZERS_PARALLELISM",
            "JIRA_PROJECT_KEY",
            "SUPABASE_ANON_KEY",
            "KEY_FILE",
            "PWD",
            "PUBLIC_KEY",
            "CLIENT_ID",
            "",
        ] {
            assert!(!is_credential_name(name), "{name}");
        }
        assert!(is_personal("GITHUB_PERSONAL_ACCESS_TOKEN") && is_personal("ADO_PAT"));
        assert!(!is_personal("GITHUB_TOKEN"));
    }
}
