//! Matchers in code, for values that an expression of bounded size cannot hold: tokens of any length, key blocks, JSON
//! key files.

use crate::model::Span;

/// A match: the value, and everything that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The value.
    pub secret: Span,
    /// The whole.
    pub extent: Span,
}

/// Longest token, key block or key file that is read.
pub(super) const MAX: usize = 32 << 10;

fn is_b64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// A JSON Web Token (RFC 7519, compact serialization of RFC 7515 §3.1) that starts at `at`: three base64url parts of
/// which the first two start like JSON objects.
#[must_use]
pub fn jwt(text: &[u8], at: usize) -> Option<Block> {
    if at > 0 && text.get(at - 1).copied().is_some_and(|b| is_b64url(b) || b == b'.') {
        return None;
    }
    let limit = text.len().min(at + MAX);
    let part = |from: usize| -> usize {
        let run = text.get(from..limit).unwrap_or_default();
        let letters = run.iter().position(|b| !is_b64url(*b)).unwrap_or(run.len());
        // Some writers pad.
        let pad = run[letters..].iter().take(2).take_while(|b| **b == b'=').count();
        from + letters + pad
    };
    let header_end = part(at);
    if header_end - at < 12 || text.get(header_end) != Some(&b'.') {
        return None;
    }
    let payload_at = header_end + 1;
    // `ey` begins every base64 text of `{"`, and `e` one of `{`.
    if text.get(payload_at) != Some(&b'e') {
        return None;
    }
    let payload_end = part(payload_at);
    if payload_end - payload_at < 4 || text.get(payload_end) != Some(&b'.') {
        return None;
    }
    let end = part(payload_end + 1);
    // An unsigned token ends in a dot; a signature of a few characters is no signature.
    if end - (payload_end + 1) < 10 && end != payload_end + 1 {
        return None;
    }
    let span = Span::new(at, end);
    Some(Block { secret: span, extent: span })
}

/// An armoured private key (RFC 7468; OpenSSH, PGP and PuTTY relatives) whose `-----BEGIN` starts at `at`. The text
/// between may be broken by real or escaped line ends, indentation, quotes, string concatenation and comment marks.
#[must_use]
pub fn private_key(text: &[u8], at: usize) -> Option<Block> {
    let line = text.get(at..text.len().min(at + 80))?;
    let label = line.strip_prefix(b"-----BEGIN ")?;
    let label = &label[..memchr::memmem::find(label, b"-----")?];
    let is_private = memchr::memmem::find(label, b"PRIVATE KEY").is_some();
    if !is_private || label.iter().any(|b| !(b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ' || *b == b'-'))
    {
        return None;
    }
    let body_at = at + 11 + label.len() + 5;
    let rest = text.get(body_at..text.len().min(body_at + MAX))?;
    // Without an end line the body goes on for as long as it looks like one.
    let dashes = memchr::memmem::find(rest, b"-----");
    let (body, end) = match dashes {
        Some(i) if rest[i..].starts_with(b"-----END ") => {
            let tail = &rest[i + 9..];
            let close = memchr::memmem::find(&tail[..tail.len().min(80)], b"-----").map_or(0, |j| j + 5);
            (&rest[..i], body_at + i + 9 + close)
        }
        Some(i) => (&rest[..i], body_at + i),
        None => (rest, body_at + rest.len()),
    };
    let good = body.iter().position(|b| !is_armour(*b)).unwrap_or(body.len());
    let letters = body[..good].iter().filter(|b| b.is_ascii_alphanumeric()).count();
    if letters < 24 {
        return None;
    }
    let end = if good < body.len() { body_at + good } else { end };
    let span = Span::new(at, end);
    Some(Block { secret: span, extent: span })
}

fn is_armour(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'/' | b'=' | b':' | b'-' | b',' | b'.' | b'(' | b')' | b'@')
        || matches!(
            byte,
            b'\n'
                | b'\r'
                | b'\t'
                | b' '
                | b'\\'
                | b'"'
                | b'\''
                | b'#'
                | b'*'
                | b'>'
                | b'|'
                | b';'
                | b'<'
                | b'_'
                | b'%'
                | b'&'
                | b'`'
        )
}

/// A Google service-account key (`"type": "service_account"` with a `private_key`), the keyword `service_account`
/// standing at `at`: the value is the private key, the extent the enclosing JSON object. Works inside strings too, where
/// quotes are escaped.
#[must_use]
pub fn google_service_account(text: &[u8], at: usize) -> Option<Block> {
    let low = at.saturating_sub(8 << 10);
    let before = text.get(low..at)?;
    // `"type": "` directly before, quotes possibly escaped.
    let lead: Vec<u8> =
        before.iter().rev().take(24).copied().filter(|b| !b.is_ascii_whitespace() && *b != b'\\').collect();
    if !(lead.starts_with(b"\":\"epyt\"") || lead.starts_with(b"':'epyt'")) {
        return None;
    }
    let open = enclosing_open(before).map(|i| low + i)?;
    let close = matching_close(text, open)?;
    let body = text.get(open..close)?;
    let key = memchr::memmem::find(body, b"private_key\"")
        .or_else(|| memchr::memmem::find(body, b"private_key\\\""))
        .or_else(|| memchr::memmem::find(body, b"private_key'"))?;
    let begin = key + memchr::memmem::find(&body[key..], b"-----BEGIN")?;
    let end = memchr::memmem::find(&body[begin..], b"-----END").and_then(|i| {
        let tail = &body[begin + i + 8..];
        memchr::memmem::find(&tail[..tail.len().min(60)], b"-----").map(|j| begin + i + 8 + j + 5)
    })?;
    Some(Block { secret: Span::new(open + begin, open + end), extent: Span::new(open, close) })
}

/// The last `{` that is not closed again before the end of the text.
fn enclosing_open(before: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in before.iter().enumerate().rev() {
        match b {
            b'}' => depth += 1,
            b'{' if depth == 0 => return Some(i),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// One past the `}` that closes the `{` at `open`. A key file's strings hold no braces, so strings need no care.
fn matching_close(text: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in text.get(open..text.len().min(open + MAX))?.iter().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(open + i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn body() -> String {
        (0..4).map(|i| format!("{i}A{}", "Bc3".repeat(20))).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_key_block_is_one_match_with_real_and_escaped_line_ends() {
        let begin = ["-----BEGIN RSA ", "PRIVATE KEY-----"].concat();
        let end = ["-----END RSA ", "PRIVATE KEY-----"].concat();
        let plain = format!("x\n{begin}\n{}\n{end}\ny", body());
        let block = private_key(plain.as_bytes(), 2).unwrap();
        assert_eq!(block.secret.of(plain.as_bytes()), &plain.as_bytes()[2..plain.len() - 2]);
        let escaped = plain.replace('\n', "\\n");
        let block = private_key(escaped.as_bytes(), 3).unwrap();
        assert_eq!(block.secret.of(escaped.as_bytes()), &escaped.as_bytes()[3..escaped.len() - 3]);
        assert!(private_key(format!("{begin}\n...\n{end}").as_bytes(), 0).is_none());
    }

    #[test]
    fn a_token_needs_three_parts_and_a_start() {
        let token = ["eyJhbGciOiJIUzI1", "NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLTEyMw"].concat();
        assert_eq!(jwt(token.as_bytes(), 0).unwrap().secret.len(), token.len());
        assert!(jwt(format!("x{token}").as_bytes(), 1).is_none());
        assert!(jwt(token.replace('.', "_").as_bytes(), 0).is_none());
    }

    #[test]
    fn a_key_file_is_one_match_even_inside_a_string() {
        let key = ["-----BEGIN ", "PRIVATE KEY-----\\n", "abc\\n", "-----END ", "PRIVATE KEY-----\\n"].concat();
        let file = format!("{{\"a\": {{\"type\": \"service_account\", \"x\": {{}}, \"private_key\": \"{key}\"}}}}");
        let at = file.find("service_account").unwrap();
        let block = google_service_account(file.as_bytes(), at).unwrap();
        assert_eq!(block.extent, Span::new(6, file.len() - 1));
        let escaped = file.replace('\\', "\\\\").replace('"', "\\\"");
        let at = escaped.find("service_account").unwrap();
        assert!(google_service_account(escaped.as_bytes(), at).is_some());
    }
}
