//! Why a value that has the shape of a secret is not one. Every refusal has a name, so that `explain` can tell.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::text::entropy;

/// What a refused value was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// `xxxxxxxx`, `********`, `<token>`, `your-key-here`.
    Placeholder,
    /// `${VAR}`, `{{ value }}`, `os.environ[…]`: fetched from elsewhere.
    Reference,
    /// Less entropy than the rule asks for.
    Entropy,
    /// No digit where the rule asks for one.
    NoDigit,
    /// Reads like words.
    Words,
    /// A path, an URL, a dotted name, a type, a call.
    Code,
    /// A date, a version, a number.
    Number,
    /// A digest, a commit, a lock-file hash.
    Hash,
    /// An identifier: UUID in an id field, a public key, an account name.
    Identifier,
    /// The name of a key rather than its value.
    Name,
    /// Encrypted in its place.
    Encrypted,
    /// The half of a pair that is no login by itself.
    Half,
    /// Too short or too long for its kind.
    Length,
    /// None of these in particular: name, value and surroundings together speak against it.
    Unlikely,
}

impl Drop {
    /// In words, after "taken for".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "a placeholder",
            Self::Reference => "a reference to a value kept elsewhere",
            Self::Entropy => "too regular for this kind of secret",
            Self::NoDigit => "a name: this kind of secret holds digits",
            Self::Words => "words",
            Self::Code => "code: a path, URL, call or type name",
            Self::Number => "a number, date or version",
            Self::Hash => "a digest or commit id",
            Self::Identifier => "an identifier",
            Self::Name => "the name of a key",
            Self::Encrypted => "encrypted material",
            Self::Half => "the half of a credential that tells no secret; it is shown with the other half",
            Self::Length => "too short or too long for its kind",
            Self::Unlikely => "no credential: its name, its form and the text around it speak against one",
        }
    }
}

/// Words that make a value a placeholder when it holds one of them, in lower case.
const PLACEHOLDER_PARTS: &[&str] = &[
    "xxxx",
    "****",
    "....",
    "____",
    "----",
    "0000000000",
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replace",
    "redacted",
    "insert",
    "dummy",
    "fake",
    "your_",
    "your-",
    "yourapi",
    "yourtoken",
    "yoursecret",
    "yourpass",
    "mysecret",
    "my_secret",
    "my-secret",
    "<",
    "...",
    "todo",
    "fixme",
    "foobar",
    "notreal",
    "not_real",
    "not-a-",
    "nottherealone",
    "invalid",
    "sample",
];

/// Marks that are long enough not to stand in a key by chance.
const MARK_PARTS: &[&str] = &[
    "xxxxx",
    "*****",
    ".....",
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "redacted",
    "your_",
    "your-",
    "<your",
    "_my_key",
    "-here",
    "_here",
    "${",
    "{{",
];

static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| any_of(MARK_PARTS));
static PLACEHOLDERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| any_of(PLACEHOLDER_PARTS));

fn any_of(parts: &[&str]) -> Option<AhoCorasick> {
    // A handful of short literals always build; without them nothing would count as a placeholder.
    AhoCorasick::builder().ascii_case_insensitive(true).build(parts).ok()
}

/// The ways of naming a value that is kept elsewhere.
const REFERENCE_STARTS: &[&str] = &[
    "${",
    "$(",
    "$[",
    "{{",
    "<%",
    "%{",
    "#{",
    "@{",
    "!ref",
    "!sub",
    "!getatt",
    "!vault",
    "!secret",
    "!env",
    "vault:",
    "op://",
    "arn:",
    "ssm:",
    "env:",
    "file:",
    "secret://",
    "secretref:",
    "keyvault:",
    "@microsoft.keyvault",
    "doppler://",
    "akeyless:",
    "bws://",
    "{resolve:",
    "process.env",
    "os.environ",
    "os.getenv",
    "system.getenv",
    "env[",
    "env.",
    "secrets.",
    "var.",
    "local.",
    "data.",
    "module.",
    "config.",
    "config[",
    "settings.",
    "self.",
    "this.",
    "params.",
    "props.",
    "args.",
    "options.",
    "credentials(",
    "getenv(",
    "env(",
    "lookup(",
    "vault(",
    "ref(",
    "import.meta.env",
    "deno.env",
    "%env(",
    "encrypted:",
    "enc[",
    "enc(",
    "$ansible_vault",
    "aqicaha",
    "vault.",
    "key_vault",
];

/// Says what a value that a provider rule matched is taken for instead of a secret; `None` when it stands.
#[must_use]
pub fn why_dropped(value: &[u8], min_entropy: u32, needs_digit: bool, random: bool) -> Option<Drop> {
    if is_monotone(value) || is_marked(value) {
        return Some(Drop::Placeholder);
    }
    if needs_digit && !value.iter().any(u8::is_ascii_digit) {
        return Some(Drop::NoDigit);
    }
    if min_entropy > 0 && entropy::shannon(value) * 1000.0 < min_entropy as f32 {
        return Some(Drop::Entropy);
    }
    if random && entropy::reads_like_words(value) {
        return Some(Drop::Words);
    }
    None
}

/// Nearly all one character, or one short piece over and over: `xxxxxxxx`, `abcabcabc`, `00000000-0000`.
#[must_use]
pub fn is_monotone(value: &[u8]) -> bool {
    // What a key repeats, it repeats at its start.
    let value = value.get(..256.min(value.len())).unwrap_or_default();
    // Asked of very many values, so nothing is allocated.
    let (mut core, mut length) = ([0u8; 256], 0);
    let (mut counts, mut most) = ([0u16; 128], 0u16);
    for b in value.iter().copied().filter(|b| b.is_ascii_alphanumeric() || *b == b'*') {
        core[length] = b;
        length += 1;
        let count = &mut counts[usize::from(b)];
        *count += 1;
        most = most.max(*count);
    }
    let core = &core[..length];
    if core.len() < 6 {
        return value.len() >= 6 && core.is_empty();
    }
    if usize::from(most) * 10 >= core.len() * 6 {
        return true;
    }
    (1..=4).any(|n| core.len() >= 3 * n && core.chunks(n).all(|c| core.starts_with(c)))
}

/// Holds a mark that people put into texts that stand for a secret. Only marks long enough not to occur by chance are
/// looked for inside long values.
#[must_use]
pub fn is_marked(value: &[u8]) -> bool {
    if longest_repeat(value) >= 6 || memchr::memmem::find(value, b"****").is_some() {
        return true;
    }
    let Some(marks) = MARKS.as_ref() else { return false };
    marks.is_match(value) || value.starts_with(b"eyJ") && marks.is_match(&decoded(value))
}

/// What the base64 of a JSON object at the start of a value says.
fn decoded(value: &[u8]) -> Vec<u8> {
    let run = value.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let whole = run.min(1024) / 4 * 4;
    data_encoding::BASE64.decode(value.get(..whole).unwrap_or_default()).unwrap_or_default()
}

/// The longest run of one character; `A` does not count, because it is what zero bytes are in base64.
fn longest_repeat(value: &[u8]) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for b in value {
        run = if *b == b'A' {
            0
        } else if last == Some(b) {
            run + 1
        } else {
            1
        };
        last = Some(b);
        longest = longest.max(run);
    }
    longest
}

/// True for the placeholders of free-form values: every mark counts, short ones too.
#[must_use]
pub fn is_placeholder(value: &[u8]) -> bool {
    is_monotone(value) || PLACEHOLDERS.as_ref().is_some_and(|p| p.is_match(value))
}

/// How many of the marks of placeholders a free-form value holds.
#[must_use]
pub fn placeholder_marks(value: &[u8]) -> usize {
    PLACEHOLDERS.as_ref().map_or(0, |p| p.find_iter(value).count())
}

/// True for values that name a place where the real value is kept.
#[must_use]
pub fn is_reference(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let first = value.first().map_or(0, u8::to_ascii_lowercase);
    let begins = |start: &str| {
        let start = start.as_bytes();
        start[0] == first && value.get(..start.len()).is_some_and(|v| v.eq_ignore_ascii_case(start))
    };
    if REFERENCE_STARTS.iter().any(|start| begins(start)) {
        return true;
    }
    let is_variable = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
    };
    match value {
        [b'{', .., b'}'] | [b'+', .., b'+'] => true,
        [b'@', rest @ ..]
            if value.starts_with(b"@") && is_variable(rest) && !value.iter().any(u8::is_ascii_lowercase) =>
        {
            true
        }
        [b'$', b'e' | b'E', b'n' | b'N', b'v' | b'V', b':', rest @ ..] => is_variable(rest),
        [b'$', rest @ ..] => is_variable(rest),
        [b'%', name @ .., b'%'] | [b'@', name @ .., b'@'] | [b'<', name @ .., b'>'] | [b'[', name @ .., b']'] => {
            name.len() >= 2 && name.iter().all(|b| is_variable(&[*b]) || *b == b' ')
        }
        other => memchr::memmem::find(other, b"${").is_some() || memchr::memmem::find(other, b"{{").is_some(),
    }
}

/// What kind of reference a value is, in words.
#[must_use]
pub fn reference_kind(value: &[u8]) -> &'static str {
    let lower = value.trim_ascii().to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|s| lower.starts_with(s.as_bytes()));
    if begins(&[
        "vault",
        "op://",
        "arn:",
        "ssm:",
        "secret",
        "keyvault",
        "@microsoft",
        "doppler",
        "akeyless",
        "bws",
        "{resolve",
        "key_vault",
    ]) {
        "secret store"
    } else if begins(&["{{", "<%", "#{", "{%"]) {
        "template"
    } else if begins(&[
        "$",
        "%",
        "env",
        "process.env",
        "os.",
        "system.getenv",
        "getenv",
        "import.meta.env",
        "deno.env",
        "@",
    ]) {
        "variable"
    } else {
        "other setting"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_and_random_values_are_not() {
        for p in [
            "xxxxxxxxxxxxxxxxxxxx",
            "00000000-0000-0000-0000-000000000000",
            "your-api-key",
            "abcabcabcabc",
            "************",
        ] {
            assert!(is_placeholder(p.as_bytes()), "{p}");
        }
        for s in ["k3J9fQ0aZ7xLm2Pq", "1234567890abcdef1234567890abcdef", "hunter2"] {
            assert!(!is_placeholder(s.as_bytes()), "{s}");
        }
    }

    #[test]
    fn references_are_known() {
        for r in [
            "${DB_PASSWORD}",
            "$DB_PASSWORD",
            "{{ .Values.password }}",
            "vault:secret/data#key",
            "op://vault/item/field",
            "process.env.TOKEN",
            "os.environ['X']",
            "%DB_PASS%",
            "var.password",
            "<password>",
        ] {
            assert!(is_reference(r.as_bytes()), "{r}");
        }
        for s in ["$2b$12$abc/def", "pa$$word", "p@ss"] {
            assert!(!is_reference(s.as_bytes()), "{s}");
        }
    }
}
