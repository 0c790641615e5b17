//! Generators for example texts, so that no live-looking credential is ever committed.
//!
//! A template holds generators in braces; `{{` and `}}` are literal braces. Expansion is a pure function of the template
//! and a seed.

use data_encoding::{BASE64, BASE64URL_NOPAD};

/// Alphabets by generator name.
const ALPHABETS: &[(&str, &str)] = &[
    ("base62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("alnum", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("hex", "0123456789abcdef"),
    ("HEX", "0123456789ABCDEF"),
    ("digits", "0123456789"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("lowernum", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ("uppernum", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("b64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    ("b64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    ("b32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
];

/// Longest single generated run.
const MAX_RUN: usize = 8192;

/// Expands a template.
///
/// # Errors
/// Names the generator that is unknown or malformed.
pub fn expand(template: &str, seed: u64) -> Result<String, String> {
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    expand_with(template, &mut random, 0)
}

fn expand_with(template: &str, random: &mut Random, depth: u32) -> Result<String, String> {
    if depth > 3 {
        return Err("generators are nested too deeply".to_owned());
    }
    let mut out = String::new();
    let mut last = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else if tail.starts_with('}') {
            return Err("a lone `}`: write `}}` for a literal brace".to_owned());
        } else {
            let end = closing(tail).ok_or("an unclosed `{`: write `{{` for a literal brace")?;
            let made = generate(&tail[1..end], &last, random, depth)?;
            out.push_str(&made);
            last = made;
            rest = &tail[end + 1..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Index of the brace that closes the one at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn generate(spec: &str, last: &str, random: &mut Random, depth: u32) -> Result<String, String> {
    let (name, argument) = spec.split_once(':').unwrap_or((spec, ""));
    if let Some((_, alphabet)) = ALPHABETS.iter().find(|(n, _)| *n == name) {
        let count: usize =
            argument.parse().ok().filter(|n| *n <= MAX_RUN).ok_or_else(|| format!("`{{{spec}}}` wants a length"))?;
        return Ok(random.run(alphabet.as_bytes(), count));
    }
    match name {
        "uuid" => {
            let h = |n, r: &mut Random| r.run(b"0123456789abcdef", n);
            let (a, b, c) = (h(8, random), h(4, random), h(3, random));
            let variant = random.run(b"89ab", 1);
            Ok(format!("{a}-{b}-4{c}-{variant}{}-{}", h(3, random), h(12, random)))
        }
        "crc32b62" => Ok(base62(u64::from(crc32fast::hash(last.as_bytes())), 6)),
        "b64enc" => Ok(BASE64.encode(expand_with(argument, random, depth + 1)?.as_bytes())),
        "jwt" => {
            let claims =
                if argument.is_empty() { r#"{"iss":"issuer","sub":"subject-1","iat":1700000000}"# } else { argument };
            let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
            let payload = BASE64URL_NOPAD.encode(claims.as_bytes());
            Ok(format!("{header}.{payload}.{}", random.run(ALPHABETS[10].1.as_bytes(), 43)))
        }
        "pem" => pem(argument, random),
        _ => Err(format!("`{{{spec}}}` is no generator; literal braces are written doubled")),
    }
}

fn pem(kind: &str, random: &mut Random) -> Result<String, String> {
    let (label, header) = match kind {
        "rsa" => ("RSA PRIVATE KEY", ""),
        "ec" => ("EC PRIVATE KEY", ""),
        "dsa" => ("DSA PRIVATE KEY", ""),
        "openssh" => ("OPENSSH PRIVATE KEY", ""),
        "pkcs8" => ("PRIVATE KEY", ""),
        "encrypted" => ("ENCRYPTED PRIVATE KEY", ""),
        "proc" => {
            ("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n")
        }
        "pgp" => ("PGP PRIVATE KEY BLOCK", "\n"),
        "public" => ("PUBLIC KEY", ""),
        "certificate" => ("CERTIFICATE", ""),
        _ => return Err(format!("`{{pem:{kind}}}` is no known block")),
    };
    let body: Vec<String> = (0..8).map(|_| random.run(ALPHABETS[9].1.as_bytes(), 64)).collect();
    Ok(format!("-----BEGIN {label}-----\n{header}{}\n-----END {label}-----", body.join("\n")))
}

/// `value` in base62 (digits, upper, lower), left-padded with `0` to `width`.
#[must_use]
pub fn base62(mut value: u64, width: usize) -> String {
    let alphabet = ALPHABETS[0].1.as_bytes();
    let mut digits = Vec::with_capacity(width);
    while value > 0 || digits.len() < width {
        digits.push(alphabet[(value % 62) as usize]);
        value /= 62;
    }
    digits.reverse();
    String::from_utf8_lossy(&digits).into_owned()
}

/// SplitMix64: small, seedable and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn run(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(alphabet[(self.next() % alphabet.len() as u64) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn templates_expand_to_the_same_text_for_the_same_seed() {
        let template = "GH={{x}} ghp_{base62:30}{crc32b62}";
        let one = expand(template, 7).unwrap();
        assert_eq!(one, expand(template, 7).unwrap());
        assert_ne!(one, expand(template, 8).unwrap());
        assert!(one.starts_with("GH={x} ghp_"));
        assert_eq!(one.len(), "GH={x} ghp_".len() + 36);
    }

    #[test]
    fn the_checksum_is_of_the_text_before_it() {
        let token = expand("{base62:30}{crc32b62}", 1).unwrap();
        assert_eq!(token[30..], base62(u64::from(crc32fast::hash(&token.as_bytes()[..30])), 6));
    }

    #[test]
    fn wrong_templates_are_named() {
        for bad in ["{nope:3}", "{hex}", "{hex:x}", "{hex:99999999}", "a } b", "{hex:3"] {
            assert!(expand(bad, 0).is_err(), "{bad}");
        }
    }
}
