//! What can be said of a value by its characters alone.

/// Counts of kinds of characters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) digit: usize,
    /// `_ - . ~ + / =`: what tokens of common alphabets hold besides letters and digits.
    pub(super) token_mark: usize,
    pub(super) other: usize,
    pub(super) space: usize,
    pub(super) hex: bool,
}

impl Shape {
    pub(super) fn of(value: &[u8]) -> Self {
        let mut s = Self { hex: true, ..Self::default() };
        for b in value {
            match b {
                b'a'..=b'z' => s.lower += 1,
                b'A'..=b'Z' => s.upper += 1,
                b'0'..=b'9' => s.digit += 1,
                b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=' | b':' => s.token_mark += 1,
                b' ' | b'\t' => s.space += 1,
                _ => s.other += 1,
            }
            s.hex &= b.is_ascii_hexdigit();
        }
        s
    }

    pub(super) fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

/// How much a value looks as if a machine had issued it. Issuers encode whole bytes, so lengths are even and mostly
/// multiples of four; they keep to one alphabet; and `=` pads, so it stands at the end only.
pub(super) fn issued(value: &[u8], shape: &Shape) -> i32 {
    let n = value.len();
    let padding = value.iter().rev().take_while(|b| **b == b'=').count();
    let one_alphabet = shape.token_mark == 0;
    let mut points = 0;
    points += i32::from(n.is_multiple_of(2)) + i32::from(n.is_multiple_of(4));
    points += i32::from(one_alphabet) + i32::from(matches!(n, 32 | 40 | 64));
    points += 2 * i32::from(is_encoded_key(value));
    points -= i32::from(n < 20);
    points -= 2 * i32::from(shape.hex && !n.is_multiple_of(2));
    points -= 2 * i32::from(value[..n - padding].contains(&b'=') || padding > 2 || value.starts_with(b"="));
    points -= 2 * i32::from(mixes_alphabets(value)) + 3 * i32::from(is_damaged_hex(value));
    points
}

/// Base64 as an encoder writes it of exactly as many bytes as keys have.
pub(super) fn is_encoded_key(value: &[u8]) -> bool {
    data_encoding::BASE64.decode(value).is_ok_and(|key| {
        matches!(key.len(), 16 | 20 | 24 | 32 | 48 | 64) && !key.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
    })
}

/// `+` or `/` of base64 together with `-` or `_` of base64url: no encoder writes both.
fn mixes_alphabets(value: &[u8]) -> bool {
    let has = |set: &[u8]| value.iter().any(|b| set.contains(b));
    has(b"+/") && has(b"-_")
}

/// Hexadecimal, or a UUID, but for one or two letters: chance does not write that, a slip does.
fn is_damaged_hex(value: &[u8]) -> bool {
    let alnum: Vec<u8> = value.iter().copied().filter(|b| *b != b'-').collect();
    let strange = alnum.iter().filter(|b| !b.is_ascii_hexdigit()).count();
    let groups: Vec<usize> = value.split(|b| *b == b'-').map(<[u8]>::len).collect();
    let like_uuid = groups == [8, 4, 4, 4, 12];
    like_uuid && strange > 0
        || alnum.len() >= 28 && (1..=2).contains(&strange) && alnum.iter().all(u8::is_ascii_alphanumeric)
}

pub(super) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Extensions of files that names and options speak of.
const FILES: &[&str] = &[
    "yml",
    "yaml",
    "json",
    "txt",
    "pem",
    "key",
    "crt",
    "cer",
    "p12",
    "pfx",
    "jks",
    "py",
    "sh",
    "md",
    "xml",
    "conf",
    "cfg",
    "ini",
    "log",
    "toml",
    "lock",
    "html",
    "js",
    "ts",
    "go",
    "rs",
    "java",
    "rb",
    "php",
    "env",
    "properties",
    "gpg",
    "pub",
    "der",
    "csv",
    "png",
    "svg",
];

/// A path, an URL, a dotted or scoped name, a version, a date, a MIME type.
pub(super) fn looks_like_code(value: &[u8]) -> bool {
    let file = value.rsplit(|b| *b == b'.').next().filter(|e| e.len() < value.len()).unwrap_or_default();
    if FILES.iter().any(|e| e.as_bytes().eq_ignore_ascii_case(file)) {
        return true;
    }
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    if has(b"://")
        || has(b"::")
        || has(b"/.")
        || value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"--")
    {
        return true;
    }
    let dots = value.iter().filter(|b| **b == b'.').count();
    let slashes = value.iter().filter(|b| **b == b'/').count();
    let parts =
        |sep: u8| value.split(|b| *b == sep).filter(|p| p.len() >= 2 && !p.iter().any(u8::is_ascii_digit)).count();
    // Most pieces of a dotted name or path are words.
    (dots >= 2 && parts(b'.') * 2 > dots)
        || (slashes >= 2 && parts(b'/') * 2 > slashes)
        || (dots == 1 && parts(b'.') == 2)
}
