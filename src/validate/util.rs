//! What several proofs need: lenient decoding, look-ups in JSON and query strings, words for hosts and placeholders.
//!
//! Everything here is total on any bytes, linear in their number, and bounded in what it keeps.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, Encoding};
use jiff::Timestamp;
use serde_json::Value;

use super::Subject;
use crate::model::{Confidence, Proof, Severity, Validity, When};
use crate::text::entropy;

/// Longest text of an attribute, in characters. Claims and names come from strangers and land in every report.
const SHOWN_CHARS: usize = 200;

/// Most parameters read from one query string.
const QUERY_PARAMS: usize = 64;

/// Secrets shorter than this are not searched for inside longer attributes: `db` would blot out every host name.
const SCRUB_BYTES: usize = 8;

/// The bytes as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The value as text, without surrounding white space and quotes.
pub(super) fn secret_text<'a>(subject: &Subject<'a>) -> Cow<'a, str> {
    let bytes = subject.secret.trim_ascii();
    let bytes = match bytes {
        [open @ (b'"' | b'\'' | b'`'), inner @ .., close] if open == close => inner,
        _ => bytes,
    };
    text(bytes)
}

/// The whole match as text when there is one, else the value.
pub(super) fn whole_text<'a>(subject: &Subject<'a>) -> Cow<'a, str> {
    if subject.matched.is_empty() { text(subject.secret) } else { text(subject.matched) }
}

/// The named part of a match, when it is there and not empty.
pub(super) fn part<'a>(subject: &Subject<'a>, name: &str) -> Option<&'a str> {
    subject.parts.iter().find(|p| p.name == name).map(|p| p.value.as_str()).filter(|v| !v.is_empty())
}

/// A text fit for an attribute: control and direction-changing characters replaced, cut to [`SHOWN_CHARS`].
pub(super) fn shown(value: &str) -> String {
    let mut out: String = value
        .chars()
        .take(SHOWN_CHARS)
        .map(|c| match c {
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect();
    if value.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out
}

/// Sets an attribute; empty values are left out, since an empty cell says nothing.
pub(super) fn set(proof: &mut Proof, name: &str, value: &str) {
    let value = value.trim();
    if !value.is_empty() {
        proof.attributes.insert(name.to_owned(), shown(value));
    }
}

/// Adds a sentence of evidence.
pub(super) fn say(proof: &mut Proof, sentence: impl Into<String>) {
    proof.evidence.push(sentence.into());
}

/// A proof that structure or a checksum holds.
pub(super) fn proven(sentence: impl Into<String>) -> Proof {
    Proof {
        validity: Validity::ProvenFormat,
        confidence: Some(Confidence::Confirmed),
        evidence: vec![sentence.into()],
        ..Proof::default()
    }
}

/// A proof that the shape fits and the content does not.
pub(super) fn malformed(confidence: Confidence, sentence: impl Into<String>) -> Proof {
    Proof {
        validity: Validity::Malformed,
        confidence: Some(confidence),
        evidence: vec![sentence.into()],
        ..Proof::default()
    }
}

/// Turns a proof into that of a documentation value, a placeholder or a reference: low confidence, low severity.
pub(super) fn mark_test(proof: &mut Proof, sentence: impl Into<String>) {
    proof.validity = Validity::TestValue;
    proof.confidence = Some(Confidence::Low);
    proof.severity = Some(Severity::Low);
    say(proof, sentence);
}

/// Records an expiry, and that it has passed when it has. Keeps the verdict of values that were no credential before.
pub(super) fn set_expiry(proof: &mut Proof, expires: Timestamp, as_of: Timestamp) {
    proof.expires = When::At(expires);
    set(proof, "expiry", &expires.to_string());
    if expires < as_of {
        if matches!(proof.validity, Validity::Unverified | Validity::ProvenFormat) {
            proof.validity = Validity::Expired;
        }
        say(proof, format!("It expired at {expires}."));
    } else {
        say(proof, format!("It expires at {expires}."));
    }
}

/// Takes out every attribute, sentence and identity that would repeat the value itself.
///
/// Claims, user names and hosts come from the same text as the secret, and nothing keeps an author from writing one
/// into the other. Kinds whose value is an identifier (a key id) are not scrubbed.
pub(super) fn scrub(subject: &Subject<'_>, mut proof: Proof) -> Proof {
    let secret = secret_text(subject);
    let secret = secret.trim();
    if secret.len() < SCRUB_BYTES {
        return proof;
    }
    proof.attributes.retain(|_, value| !value.contains(secret));
    proof.evidence.retain(|sentence| !sentence.contains(secret));
    let names_secret = |id: &crate::model::IdentityHint| {
        id.key.as_str().contains(secret)
            || id.name.contains(secret)
            || id.account.as_deref().is_some_and(|a| a.contains(secret))
    };
    if proof.identity.as_ref().is_some_and(names_secret) {
        proof.identity = None;
    }
    proof
}

static BASE64_ANY: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = BASE64_NOPAD.specification();
    spec.check_trailing_bits = false;
    spec.encoding().ok()
});

/// Base64 in any dialect: either alphabet, with or without padding, white space anywhere, unused bits ignored.
/// `None` for any other character or an impossible length.
pub(super) fn base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(bytes.len());
    for b in bytes {
        match b {
            b' ' | b'\t' | b'\r' | b'\n' | b'=' => {}
            b'-' => clean.push(b'+'),
            b'_' => clean.push(b'/'),
            b => clean.push(*b),
        }
    }
    BASE64_ANY.as_ref()?.decode(&clean).ok()
}

/// A JSON object, or nothing.
pub(super) fn json_object(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object)
}

/// A string, or a number or boolean as text, under this key.
pub(super) fn field(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
    .filter(|s| !s.is_empty())
}

/// The strings of a list, or the one string, under this key.
pub(super) fn list(value: &Value, key: &str) -> Vec<String> {
    match value.get(key) {
        Some(Value::String(s)) => vec![s.clone()],
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).take(QUERY_PARAMS).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Reads `%41` escapes; a `%` that starts none stays.
pub(super) fn percent_decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (b, digit(at + 1), digit(at + 2)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            out.push(*b);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parameters of a URL or of a bare query string, decoded, in order. Ampersands may be written as in HTML
/// (`&amp;`) or JSON (`\u0026`).
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    let text = text.replace("&amp;", "&").replace("\\u0026", "&");
    let start = text.find('?').map_or(0, |i| i + 1);
    let tail = text.get(start..).unwrap_or_default();
    let end =
        tail.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '#' | '\\')).unwrap_or(tail.len());
    tail.get(..end)
        .unwrap_or_default()
        .split('&')
        .take(QUERY_PARAMS)
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (k.trim_start_matches(';').to_owned(), percent_decode(v)))
        .collect()
}

/// The parameter of this name, compared without regard to ASCII case.
pub(super) fn param<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
}

/// The host of a URL in lower case, without user and port, and its path.
pub(super) fn host_and_path(text: &str) -> Option<(String, String)> {
    let rest = text.split_once("://")?.1;
    let end = rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '\\') || c.is_whitespace());
    let authority = rest.get(..end.unwrap_or(rest.len()))?;
    let host = authority.rsplit('@').next()?;
    let host = split_port(host).0.to_ascii_lowercase();
    let path = rest.get(end.unwrap_or(rest.len())..)?;
    let path_end = path.find(|c: char| matches!(c, '?' | '#' | '"' | '\'' | '`' | '\\') || c.is_whitespace());
    (!host.is_empty()).then(|| (host, path.get(..path_end.unwrap_or(path.len())).unwrap_or_default().to_owned()))
}

/// Host and port of `host:port`, `[v6]:port` or a bare host.
pub(super) fn split_port(host: &str) -> (&str, Option<&str>) {
    if let Some(v6) = host.strip_prefix('[') {
        return match v6.split_once(']') {
            Some((inner, rest)) => (inner, rest.strip_prefix(':').filter(|p| !p.is_empty())),
            None => (v6, None),
        };
    }
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port).filter(|p| !p.is_empty())),
        _ => (host, None),
    }
}

/// Passwords that say that the user name before them is the credential: `TOKEN:x`, `TOKEN:api_token`
/// (<https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api>,
/// <https://engineering.toggl.com/docs/authentication>).
const NO_PASSWORDS: [&str; 5] = ["", "x", "x-oauth-basic", "api_token", "unused"];

/// Shortest text that may be a token.
const TOKEN_CHARS: usize = 14;

/// Whether a user name may be the credential itself, as in `https://TOKEN:x-oauth-basic@host`. It errs on the side of
/// yes, since a name that is not shown costs less than a token that is.
pub(super) fn may_be_token(user: &str, password: &str) -> bool {
    let is_key_id = ["AKIA", "ASIA"].iter().any(|p| user.starts_with(p)) && user.len() == 20;
    if user.contains('@') || is_key_id {
        return false;
    }
    let digits = user.bytes().filter(u8::is_ascii_digit).count();
    if NO_PASSWORDS.contains(&password.to_ascii_lowercase().as_str()) && user.len() >= TOKEN_CHARS && digits > 0 {
        return true;
    }
    user.split(|c: char| !c.is_ascii_alphanumeric()).filter(|piece| piece.len() >= TOKEN_CHARS).any(|piece| {
        // Names have their digits at one end; in a token they are strewn.
        let changes = piece.as_bytes().windows(2).filter(|w| match w {
            [a, b] => a.is_ascii_digit() != b.is_ascii_digit(),
            _ => false,
        });
        changes.count() >= 3 || (digits == 0 && entropy::rare_pairs(piece.as_bytes()).is_some_and(|r| r > 0.5))
    })
}

/// What a host name says about who can reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostKind {
    /// This machine.
    Loopback,
    /// One label, or a suffix that only resolves inside: a compose or cluster service.
    Internal,
    /// Reserved for documentation and tests (RFC 2606, RFC 6761, RFC 5737).
    Documentation,
    /// Anything else.
    Other,
}

/// Classes a host name; RFC 2606 <https://www.rfc-editor.org/rfc/rfc2606>, RFC 6761
/// <https://www.rfc-editor.org/rfc/rfc6761> and RFC 5737 <https://www.rfc-editor.org/rfc/rfc5737>.
pub(super) fn host_kind(host: &str) -> HostKind {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let under = |domain: &str| {
        host == domain || host.strip_suffix(domain).is_some_and(|head| head.ends_with('.') && head.len() > 1)
    };
    if under("localhost")
        || host.starts_with("127.")
        || host.starts_with('/')
        || host.starts_with("%2f")
        || matches!(host.as_str(), "::1" | "0.0.0.0" | "::" | "(local)" | ".")
    {
        return HostKind::Loopback;
    }
    if ["example.com", "example.org", "example.net"].iter().any(|d| under(d))
        || [".example", ".invalid"].iter().any(|d| host.ends_with(d))
        || ["192.0.2.", "198.51.100.", "203.0.113."].iter().any(|net| host.starts_with(net))
        || matches!(host.as_str(), "host" | "hostname" | "your-host" | "yourhost" | "myhost" | "dbhost")
    {
        return HostKind::Documentation;
    }
    let one_label = !host.is_empty() && !host.contains('.') && !host.contains(':');
    if one_label || ["docker.internal", "svc", "cluster.local", "local", "test"].iter().any(|d| under(d)) {
        return HostKind::Internal;
    }
    HostKind::Other
}

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// A variable, template or format directive that something fills in later.
    Reference,
    /// Words that stand where a secret goes.
    Placeholder,
}

/// Words that stand for a password in documentation, compared after dropping case and `-_ .`.
const STOCK: [&str; 34] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "changeme",
    "changeit",
    "changethis",
    "example",
    "examplepassword",
    "yourpassword",
    "yourpasswordhere",
    "mypassword",
    "mysecretpassword",
    "dbpassword",
    "userpassword",
    "thepassword",
    "placeholder",
    "dummy",
    "redacted",
    "removed",
    "hidden",
    "masked",
    "todo",
    "fixme",
    "none",
    "null",
    "undefined",
    "token",
    "yourtoken",
    "mytoken",
    "accesstoken",
    "apikey",
    "credential",
];

/// Tells references (`${DB_PASSWORD}`, `{{ password }}`, `%s`, `<password>`) and placeholders (`changeme`, `****`) from
/// values.
pub(super) fn stands_for(value: &str) -> Option<Stand> {
    let value = value.trim();
    if is_reference(value) {
        return Some(Stand::Reference);
    }
    let letters: String =
        value.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.')).flat_map(char::to_lowercase).take(64).collect();
    let mut chars = value.chars();
    let first = chars.next();
    let one_character = value.len() >= 3 && chars.all(|c| Some(c) == first);
    let stock = STOCK.contains(&letters.as_str())
        || ["yourpass", "yoursecret", "insertyour", "enteryour", "replaceme", "replacewith", "putyour", "xxxx", "****"]
            .iter()
            .any(|head| letters.starts_with(head))
        || letters.ends_with("placeholder");
    (one_character || stock || value.contains("...") || value.contains('…')).then_some(Stand::Placeholder)
}

fn is_reference(value: &str) -> bool {
    let inside =
        |open: &str, close: &str| value.find(open).is_some_and(|i| value.get(i..).is_some_and(|v| v.contains(close)));
    let variable = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && name.bytes().any(|b| b.is_ascii_uppercase())
    };
    inside("${", "}")
        || inside("{{", "}}")
        || inside("$(", ")")
        || inside("#{", "}")
        || inside("<%", "%>")
        || inside("%(", ")")
        || (value.starts_with('<') && value.ends_with('>') && value.len() > 2)
        || (value.starts_with('{') && value.ends_with('}') && value.len() > 2)
        || (value.starts_with('[') && value.ends_with(']') && value.len() > 2)
        || matches!(value, "%s" | "%v" | "%d" | "%q" | "{}" | "?" | "%@")
        || value.strip_prefix('$').is_some_and(variable)
        || value.strip_prefix('%').and_then(|v| v.strip_suffix('%')).is_some_and(variable)
        || (value.len() > 4 && value.strip_prefix("__").and_then(|v| v.strip_suffix("__")).is_some())
}

/// Values in base 62 with the alphabet `0-9A-Za-z`, of GitHub's and npm's checksums; `None` for other characters, an
/// empty text or more than 32 bits.
pub(super) fn base62(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let value = text.iter().try_fold(0u64, |sum, b| {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'A'..=b'Z' => b - b'A' + 10,
            b'a'..=b'z' => b - b'a' + 36,
            _ => return None,
        };
        sum.checked_mul(62)?.checked_add(u64::from(digit))
    })?;
    u32::try_from(value).ok()
}

/// `SHA256:` and the unpadded base64 of a SHA-256, as `ssh-keygen -l` and the providers' key lists show public keys.
pub(super) fn ssh_fingerprint(blob: &[u8]) -> String {
    use sha2::Digest;
    format!("SHA256:{}", BASE64_NOPAD.encode(&sha2::Sha256::digest(blob)))
}

/// Lower-case hexadecimal SHA-256.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
pub(super) mod testing {
    //! Subjects for the tests of every kind.

    use super::*;

    /// 2026-01-01, the as-of time of all tests.
    pub(crate) fn as_of() -> Timestamp {
        Timestamp::from_second(1_767_225_600).unwrap_or_default()
    }

    /// A subject whose match is its value.
    pub(crate) fn subject(secret: &[u8]) -> Subject<'_> {
        Subject { secret, matched: secret, parts: &[], key_name: None, as_of: as_of() }
    }

    /// Unpadded URL-safe base64.
    pub(crate) fn b64url(bytes: &[u8]) -> String {
        data_encoding::BASE64URL_NOPAD.encode(bytes)
    }

    /// Letters and digits that look random and are the same in every run.
    pub(crate) fn noise(seed: u64, len: usize) -> String {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
                char::from(alphabet[usize::try_from(state % 62).unwrap_or(0)])
            })
            .collect()
    }

    /// Base 62 with leading zeros, independent of the decoder above.
    pub(crate) fn to_base62(mut value: u32, width: usize) -> String {
        let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
        let mut out = Vec::new();
        while value > 0 {
            out.push(alphabet[(value % 62) as usize]);
            value /= 62;
        }
        while out.len() < width {
            out.push('0');
        }
        out.iter().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_every_dialect_and_refuses_other_text() {
        for text in ["aGk_Pz8-", "aGk/Pz8+", "aGk_\n Pz8-==", "aGk/Pz8+==="] {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(&b"hi???>"[..]), "{text}");
        }
        assert_eq!(base64(b"abc!"), None);
        assert_eq!(base64(b"abcde"), None);
    }

    #[test]
    fn base62_counts_digits_before_upper_before_lower_case() {
        assert_eq!(base62(b"0000A0"), Some(620));
        assert_eq!(base62(b"zzzzzz"), None, "more than 32 bits");
        assert_eq!(base62(b"00-0"), None);
        assert_eq!(base62(b""), None);
    }

    #[test]
    fn references_and_placeholders_are_told_from_values() {
        for text in ["${DB_PASSWORD}", "{{ .Values.pw }}", "%s", "<password>", "$DB_PASS", "%DB_PASS%", "$(cat x)"] {
            assert_eq!(stands_for(text), Some(Stand::Reference), "{text}");
        }
        for text in ["password", "Change-Me", "your_password_here", "*****", "xxxxxxxx", "..."] {
            assert_eq!(stands_for(text), Some(Stand::Placeholder), "{text}");
        }
        for text in ["hunter2", "p@ss{w0rd", "$2b$10$abc", "$ecret1", "Tr0ub4dor&3", "50%off%", "pa.ss"] {
            if text != "pa.ss" {
                assert_eq!(stands_for(text), None, "{text}");
            }
        }
    }

    #[test]
    fn hosts_are_classed_by_the_reserved_names() {
        assert_eq!(host_kind("localhost"), HostKind::Loopback);
        assert_eq!(host_kind("127.0.0.53"), HostKind::Loopback);
        assert_eq!(host_kind("db.example.com"), HostKind::Documentation);
        assert_eq!(host_kind("notexample.com"), HostKind::Other);
        assert_eq!(host_kind("postgres"), HostKind::Internal);
        assert_eq!(host_kind("pg.shop.svc.cluster.local"), HostKind::Internal);
        assert_eq!(host_kind("db-1.eu-west-1.rds.amazonaws.com"), HostKind::Other);
    }

    #[test]
    fn whatever_repeats_the_value_is_taken_out() {
        let identity = |name: &str| crate::model::IdentityHint {
            key: crate::model::IdentityKey::new("x", "user", name),
            kind: crate::model::IdentityKind::Other,
            provider: "x".to_owned(),
            name: name.to_owned(),
            account: None,
        };
        let secret = testing::noise(1, 12);
        let mut proof = Proof { identity: Some(identity(&format!("a-{secret}"))), ..Proof::default() };
        set(&mut proof, "host", &format!("{secret}.shop.io"));
        set(&mut proof, "port", "5432");
        say(&mut proof, format!("It is {secret}."));
        let proof = scrub(&testing::subject(format!("\"{secret}\"").as_bytes()), proof);
        assert_eq!(proof.attributes.keys().collect::<Vec<_>>(), ["port"]);
        assert_eq!((proof.identity, proof.evidence), (None, Vec::new()));
        let kept = Proof { identity: Some(identity("db")), ..Proof::default() };
        assert!(scrub(&testing::subject(b"db"), kept).identity.is_some(), "short values are in every name");
    }

    #[test]
    fn queries_survive_html_and_json_escapes() {
        let want = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x y".to_owned())];
        assert_eq!(query("https://h/p?a=1&amp;b=x%20y\" rest"), want);
        assert_eq!(query("a=1\\u0026b=x%20y"), want);
    }

    #[test]
    fn shown_text_has_no_control_characters_and_an_end() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN_CHARS + 1);
    }
}
