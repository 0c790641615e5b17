//! How code signs JSON Web Tokens and checks them, where it does so in a way that anybody can forge: the algorithm `none`, a
//! signature that is not checked, a key that stands in the code.
//!
//! No pass of its own: the words that lead to it are sought with the keywords of rules, and only behind one of them a call is
//! read. What the forms mean: RFC 8725 (<https://datatracker.ietf.org/doc/html/rfc8725>), least length of a key of HS256 RFC 7518
//! §3.2 (<https://datatracker.ietf.org/doc/html/rfc7518#section-3.2>); calls as PyJWT, jsonwebtoken, jwt-go, jjwt, java-jwt,
//! jwt-cpp, firebase/php-jwt, ruby-jwt, Rust's jsonwebtoken and Microsoft.IdentityModel have them.

mod key;

use self::key::Read;
use crate::model::Span;

/// Words that lead to a call, compared without case.
pub(super) const WORDS: &[&str] = &[
    "jwt.",
    "jwt::",
    "signedstring(",
    "signwith(",
    "setsigningkey(",
    "algorithm.hmac",
    "symmetricsecuritykey(",
    "key::from_secret(",
    "verify_signature",
    "requiresignedtokens",
    "insecure_disable_signature",
    "algorithm",
    "alg\"",
    "alg'",
    "alg:",
];

/// Longest call that is read.
const CALL: usize = 1500;
/// Most arguments of one.
const ARGUMENTS: usize = 12;
/// Most words of one text that are followed; a text with more is a list of them.
const MAX: usize = 400;
/// How far around an algorithm the word for a token is looked for.
const NEAR: usize = 300;

/// How a token can be forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// The algorithm is `none`: there is no signature.
    Unsigned,
    /// The signature is not checked.
    Unchecked,
    /// The key of the signature stands in the code.
    LiteralKey,
}

/// How hard a key is to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Shorter than the 32 bytes that HS256 asks for.
    Short,
    /// Words or a placeholder.
    Words,
    /// Long, and made by chance as far as can be told.
    Strong,
}

/// A call that lets tokens be forged. Nothing of the key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weak {
    /// How.
    pub flaw: Flaw,
    /// The call or option, as people know it.
    pub call: &'static str,
    /// Where: the word that led to it.
    pub span: Span,
    /// How strong the key is, where one stands there.
    pub strength: Option<Strength>,
    /// Whether the key is used only where no other is set.
    pub default: bool,
    /// Whether the same text checks signatures elsewhere.
    pub checked: bool,
}

impl Weak {
    fn new(flaw: Flaw, call: &'static str, at: usize, len: usize) -> Self {
        Self { flaw, call, span: Span::new(at, at + len), strength: None, default: false, checked: false }
    }
}

/// What the calls of a text at these words let through, in order of place; `words` has the number of each in [`WORDS`] and where
/// it stands.
pub(super) fn read(text: &[u8], words: impl Iterator<Item = (usize, usize)>) -> Vec<Weak> {
    let mut out: Vec<Weak> = Vec::new();
    let mut checks = false;
    let mut keys = key::Keys::new(text);
    for (word, at) in words.take(MAX) {
        let Some(name) = WORDS.get(word) else { continue };
        if is_comment(text, at) || is_quoted(text, at) {
            continue;
        }
        match *name {
            "jwt." | "jwt::" => call(text, at, at + name.len(), &mut keys, &mut checks, &mut out),
            "signedstring(" => out.extend(keyed("SignedString", text, at, name.len(), &mut keys)),
            "signwith(" => out.extend(keyed("signWith", text, at, name.len(), &mut keys)),
            "setsigningkey(" => out.extend(keyed("setSigningKey", text, at, name.len(), &mut keys)),
            "symmetricsecuritykey(" => out.extend(keyed("SymmetricSecurityKey", text, at, name.len(), &mut keys)),
            "key::from_secret(" => out.extend(keyed("from_secret", text, at, name.len(), &mut keys)),
            "algorithm.hmac" => {
                let digits = rest(text, at + name.len()).iter().take_while(|b| b.is_ascii_digit()).count();
                if rest(text, at + name.len() + digits).first() == Some(&b'(') {
                    out.extend(keyed("Algorithm.HMAC", text, at, name.len() + digits + 1, &mut keys));
                }
            }
            "verify_signature" if is_set(text, at + name.len(), b"false") && !is_told_unchecked(text, at) => {
                out.push(Weak::new(Flaw::Unchecked, "verify_signature=False", at, name.len()));
            }
            "requiresignedtokens" if is_set(text, at + name.len(), b"false") => {
                out.push(Weak::new(Flaw::Unsigned, "RequireSignedTokens = false", at, name.len()));
            }
            "insecure_disable_signature" if !is_told_unchecked(text, at) => {
                let call = rest(text, at + name.len()).starts_with(b"_validation()");
                let call =
                    call.then(|| Weak::new(Flaw::Unchecked, "insecure_disable_signature_validation", at, name.len()));
                out.extend(call);
            }
            "algorithm" if allows_none(text, at, name.len()) => {
                out.push(Weak::new(Flaw::Unsigned, "the algorithm none", at, name.len()));
            }
            "alg\"" | "alg'" | "alg:" if allows_none(text, at, 3) => {
                out.push(Weak::new(Flaw::Unsigned, "alg: none", at, 3));
            }
            _ => {}
        }
    }
    let tests = if out.is_empty() { None } else { tests(text) };
    out.retain(|weak| tests.is_none_or(|from| weak.span.start < from));
    out.iter_mut().filter(|weak| weak.flaw == Flaw::Unchecked).for_each(|weak| weak.checked = checks);
    out.sort_by_key(|weak| (weak.span, weak.flaw));
    out
}

fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// What a call of a library of tokens does: `jwt.encode(…)`, `JWT::decode(…)`, `jwt.SigningMethodNone`.
fn call(text: &[u8], at: usize, from: usize, keys: &mut key::Keys<'_>, checks: &mut bool, out: &mut Vec<Weak>) {
    let method = rest(text, from);
    let len = method.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':')).count();
    let method = method.get(..len).unwrap_or_default();
    let open = from + len;
    let (shown, signs) = match method {
        b"encode" => ("jwt.encode", true),
        b"sign" => ("jwt.sign", true),
        b"decode" | b"decode_complete" => ("jwt.decode", false),
        b"verify" => ("jwt.verify", false),
        b"SigningMethodNone" | b"UnsafeAllowNoneSignatureType" | b"algorithm::none" => {
            out.push(Weak::new(Flaw::Unsigned, "the algorithm none", at, open - at));
            return;
        }
        b"algorithm::hs256" | b"algorithm::hs384" | b"algorithm::hs512" => {
            if matches!(rest(text, open).first(), Some(b'{' | b'(')) {
                out.extend(keyed("jwt::algorithm::hs256", text, at, open + 1 - at, keys));
            }
            return;
        }
        _ => return,
    };
    let Some(arguments) = arguments(text, open) else { return };
    let plain = |n: usize| arguments.get(n).map(|argument| argument.of(text).trim_ascii());
    let option = |argument: &Span| {
        let bare: Vec<u8> = argument.of(text).iter().filter(|b| !b.is_ascii_whitespace()).copied().collect();
        bare.eq_ignore_ascii_case(b"verify=false")
    };
    // `JWT.decode token, nil, false` of Ruby.
    let off = !signs && (arguments.iter().any(option) || plain(2) == Some(b"false"));
    if off {
        if !is_told_unchecked(text, at) {
            out.push(Weak::new(Flaw::Unchecked, "jwt.decode without verification", at, open - at));
        }
        return;
    }
    let whole = arguments.first().zip(arguments.last()).map(|(a, b)| Span::new(a.start, b.end));
    let unchecked = whole.is_some_and(|whole| memchr::memmem::find(whole.of(text), b"verify_signature").is_some());
    if unchecked {
        return;
    }
    let Some(key) = plain(1).filter(|key| !is_charset(key)) else { return };
    *checks |= !signs;
    if arguments.iter().any(|argument| names_key_pair(argument.of(text))) {
        return;
    }
    let read = keys.read(key).or_else(|| keys.inside(key));
    out.extend(read.map(|read| literal(shown, at, open - at, &read)));
}

/// A call whose arguments hold the key: the first of them that is one.
fn keyed(shown: &'static str, text: &[u8], at: usize, len: usize, keys: &mut key::Keys<'_>) -> Option<Weak> {
    let arguments = arguments(text, at + len - 1)?;
    if arguments.iter().any(|argument| names_key_pair(argument.of(text))) {
        return None;
    }
    let read = arguments.iter().take(2).find_map(|argument| keys.read(argument.of(text).trim_ascii()))?;
    Some(literal(shown, at, len, &read))
}

fn literal(shown: &'static str, at: usize, len: usize, read: &Read) -> Weak {
    let weak = Weak::new(Flaw::LiteralKey, shown, at, len);
    Weak { strength: Some(read.strength), default: read.default, ..weak }
}

/// Algorithms whose keys are pairs: what stands there is a file of a key, which has rules of its own.
fn names_key_pair(argument: &[u8]) -> bool {
    let pair = |window: &[u8]| {
        matches!(window.get(..2), Some(b"RS" | b"ES" | b"PS"))
            && matches!(window.get(2..), Some(b"256" | b"384" | b"512"))
            || window == b"EdDSA"
    };
    argument.windows(5).any(pair)
}

/// Texts that `decode` of other things has for its second argument.
fn is_charset(argument: &[u8]) -> bool {
    let inner = argument.trim_ascii().strip_prefix(b"'").or_else(|| argument.trim_ascii().strip_prefix(b"\""));
    let charsets: [&[u8]; 6] = [b"utf", b"ascii", b"base64", b"hex", b"latin", b"ignore"];
    inner.is_some_and(|inner| {
        charsets.iter().any(|c| inner.get(..c.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(c)))
    })
}

/// The arguments of the call that opens at `open`, or, as Ruby has them, up to the end of the line.
fn arguments(text: &[u8], open: usize) -> Option<Vec<Span>> {
    let (from, line) = match text.get(open)? {
        b'(' | b'{' => (open + 1, false),
        b' ' => (open + 1, true),
        _ => return None,
    };
    let window = text.get(from..text.len().min(from + CALL))?;
    let mut out = Vec::new();
    let (mut depth, mut start, mut at) = (0usize, 0usize, 0usize);
    while let Some(byte) = window.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => at += string(window, at)?,
            b'(' | b'[' | b'{' => depth += 1,
            b'\n' if line && depth == 0 => break,
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                out.push(Span::new(from + start, from + at));
                start = at + 1;
                if out.len() >= ARGUMENTS {
                    return None;
                }
            }
            _ => {}
        }
        at += 1;
    }
    // Without an end it is no call, or one that is too long.
    if at >= window.len() && !(line && from + at == text.len()) {
        return None;
    }
    out.push(Span::new(from + start, from + at));
    Some(out)
}

/// Bytes from a quote to the one that closes it.
fn string(text: &[u8], at: usize) -> Option<usize> {
    let quote = text.get(at)?;
    let mut escaped = false;
    for (i, byte) in text.get(at + 1..)?.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' if *quote != b'`' => return None,
            byte if byte == quote => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// The line up to a place.
fn line_before(text: &[u8], at: usize) -> &[u8] {
    let head = text.get(at.saturating_sub(CALL)..at).unwrap_or_default();
    head.rsplit(|b| *b == b'\n').next().unwrap_or_default()
}

/// Whether a word stands in a comment, or in a session that documentation shows.
fn is_comment(text: &[u8], at: usize) -> bool {
    let line = line_before(text, at).trim_ascii_start();
    let begins: [&[u8]; 7] = [b"#", b"//", b"*", b"/*", b"--", b">>>", b"..."];
    begins.iter().any(|begin| line.starts_with(begin))
        || memchr::memmem::find(line, b" // ").is_some()
        || memchr::memmem::find(line, b" # ").is_some()
}

/// Whether a place is inside a text that its line quotes and that is more than a name: code that is shown, not run.
fn is_quoted(text: &[u8], at: usize) -> bool {
    let start = at - line_before(text, at).len();
    let line = rest(text, start);
    let line = line.get(..line.iter().position(|b| *b == b'\n').unwrap_or(line.len())).unwrap_or_default();
    let mut from = 0;
    while let Some(open) = line.get(from..at - start).and_then(|l| l.iter().position(|b| matches!(b, b'"' | b'\''))) {
        let open = from + open;
        let quote = line.get(open).copied().unwrap_or_default();
        let before = open.checked_sub(1).and_then(|i| line.get(i)).copied();
        // An apostrophe, a lifetime of Rust.
        let none = quote == b'\'' && before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'<' | b'&'));
        let Some(close) = string(line, open).filter(|_| !none).map(|len| open + len) else {
            from = open + 1;
            continue;
        };
        if close >= at - start {
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            return !line.get(open + 1..close).is_some_and(|inner| inner.iter().all(is_name));
        }
        from = close + 1;
    }
    false
}

/// Where the unit tests of a file of Rust begin.
fn tests(text: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b"#[cfg(test)]";
    memchr::memmem::find_iter(text, MARK).find(|at| {
        let module = rest(text, at + MARK.len()).trim_ascii_start();
        module.starts_with(b"mod ") || module.starts_with(b"pub mod ")
    })
}

/// Whether a name is set to a word: `"name": False`, `name=False`, `name => false`.
fn is_set(text: &[u8], from: usize, word: &[u8]) -> bool {
    let mut rest = rest(text, from);
    rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest).trim_ascii_start();
    // `options["verify_signature"] = False`.
    rest = rest.strip_prefix(b"]").unwrap_or(rest).trim_ascii_start();
    let sign = rest.strip_prefix(b"=>").or_else(|| rest.strip_prefix(b"=")).or_else(|| rest.strip_prefix(b":"));
    let Some(value) = sign.map(<[u8]>::trim_ascii_start) else { return false };
    let is = value.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    is && !value.get(word.len()).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Whether the code says by its names that it knows: to find the key that a token names, it has to be read first.
fn is_told_unchecked(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
    let after = rest(text, at);
    let after = after.get(..after.len().min(120)).unwrap_or_default();
    let says = |around: &[u8], word: &[u8]| around.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
    let words: [&[u8]; 5] = [b"unverified", b"untrusted", b"without_verif", b"insecure_decode", b"[\"kid\"]"];
    words.iter().any(|word| says(before, word) || says(after, word))
}

/// Words of a name that say that what it lists is refused.
const REFUSED: [&str; 12] = [
    "forbid",
    "block",
    "deny",
    "denied",
    "disallow",
    "unsupported",
    "reject",
    "invalid",
    "weak",
    "bad",
    "exclud",
    "unsafe",
];

/// Whether the name that holds the word at `at` is an algorithm of tokens, and is set to `none` or to a list with it.
fn allows_none(text: &[u8], at: usize, len: usize) -> bool {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let head = text.get(at.saturating_sub(40)..at).unwrap_or_default();
    let before = head.iter().rev().take_while(|b| is_name(b)).count();
    let after = rest(text, at + len).iter().take_while(|b| is_name(b)).count();
    let name = text.get(at - before..at + len + after).unwrap_or_default().to_ascii_lowercase();
    let name = String::from_utf8_lossy(&name).into_owned();
    // `request_object_signing_alg` is of a client's registration.
    let fits = if len == 3 { name == "alg" } else { after <= 1 && !REFUSED.iter().any(|word| name.contains(word)) };
    if !fits || !speaks_of_tokens(text, at) {
        return false;
    }
    let mut rest = rest(text, at + len + after);
    rest = rest.get(..rest.len().min(160)).unwrap_or_default();
    rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    // With a blank before it, `=` sets a variable, which libraries do.
    let bare = rest.trim_ascii_start();
    let value = match (rest.first(), bare) {
        (_, [b'=', b'>', value @ ..]) => value,
        (Some(b'='), [b'=', value @ ..]) if value.first() != Some(&b'=') => value,
        (_, [b':', value @ ..]) if value.first() != Some(&b'=') => value,
        _ => return false,
    };
    let value = value.trim_ascii_start();
    let (list, value) = match value {
        [b'[' | b'(' | b'{', inner @ ..] => (true, inner),
        other => (false, other),
    };
    let end = value.iter().position(|b| matches!(b, b']' | b')' | b'}' | b'\n' | b';')).unwrap_or(value.len());
    let mut words = value.get(..end).unwrap_or_default().split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let is_none = |word: &[u8]| {
        let quoted = matches!(word, [b'"', .., b'"'] | [b'\'', .., b'\'']);
        quoted && word.len() == 6 && word.get(1..5).is_some_and(|inner| inner.eq_ignore_ascii_case(b"none"))
    };
    if list { words.any(is_none) } else { words.next().is_some_and(is_none) }
}

fn speaks_of_tokens(text: &[u8], at: usize) -> bool {
    let around = text.get(at.saturating_sub(NEAR)..text.len().min(at + NEAR)).unwrap_or_default();
    let words: [&[u8]; 5] = [b"jwt", b"jws", b"jose", b"\"typ\"", b"'typ'"];
    words.iter().any(|word| around.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Weak> {
        let lower = text.to_ascii_lowercase();
        let words = WORDS.iter().enumerate();
        let mut hits: Vec<(usize, usize)> =
            words.flat_map(|(i, word)| lower.match_indices(word).map(move |(at, _)| (i, at))).collect();
        hits.sort_unstable();
        read(text.as_bytes(), hits.into_iter())
    }

    #[track_caller]
    fn one(text: &str) -> (Flaw, Option<Strength>, bool, bool) {
        let all = found(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        all.first().map(|w| (w.flaw, w.strength, w.default, w.checked)).unwrap_or((Flaw::Unsigned, None, false, false))
    }

    #[test]
    fn tokens_without_a_signature_are_told_in_every_language() {
        for text in [
            "jwt.encode(payload, None, algorithm=\"none\")",
            "jwt.decode(token, key, algorithms=[\"HS256\", \"none\"])",
            "jwt.verify(token, '', { algorithms: ['none'] })",
            "const header = { alg: 'none', typ: 'JWT' };",
            "header = {\"alg\": \"none\", \"typ\": \"JWT\"}",
            "$header = ['typ' => 'JWT', 'alg' => 'none'];",
            "token := jwt.NewWithClaims(jwt.SigningMethodNone, claims)",
            "s, _ := token.SignedString(jwt.UnsafeAllowNoneSignatureType)",
            "auto t = jwt::create().sign(jwt::algorithm::none{});",
            "new TokenValidationParameters { RequireSignedTokens = false }",
            "fn f<'a>(t: &'a str) { jwt.encode(p, None, algorithm=\"none\") } // it's 'x'",
            "check('it\\'s'); jwt.encode(payload, None, algorithm=\"none\")",
        ] {
            assert_eq!(one(text).0, Flaw::Unsigned, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_or_refuses_none_is_not_told() {
        for text in [
            "if header[\"alg\"] == \"none\": raise jwt.InvalidAlgorithmError()",
            "const forbiddenAlgorithms = ['none']; // jwt",
            "forbidden_algorithms=['none'] if jwt else []",
            "if jwt_alg is None:\n    algorithm = \"none\"\n",
            "compress({ alg: 'none' })",
            "client = {\"jwt\": 1, \"userinfo_signed_response_alg\": \"none\"}",
            "# jwt.encode(payload, None, algorithm=\"none\")",
            "say(\"jwt.encode(payload, None, algorithm='none')\")",
            "message = 'RequireSignedTokens = false makes tokens of anybody'; // jwt",
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    let t = jwt.encode(payload, None, algorithm=\"none\");\n}\n",
            "jwt.decode(token, key, algorithms=[\"RS256\"])",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn signatures_that_nobody_checks_are_told_and_reading_a_header_is_not() {
        for text in [
            "claims = jwt.decode(token, options={\"verify_signature\": False})",
            "claims = jwt.decode(token, verify=False)",
            "JWT.decode token, nil, false\n",
            "JWT.decode(token, nil, false)",
            "options[\"verify_signature\"] = False",
            "validation.insecure_disable_signature_validation();",
        ] {
            assert_eq!(one(text), (Flaw::Unchecked, None, false, false), "{text}");
        }
        let both = "a = jwt.decode(t, options={\"verify_signature\": False})\nb = jwt.decode(t, key, algorithms=x)\n";
        assert_eq!(one(both), (Flaw::Unchecked, None, false, true));
        for text in [
            "unverified = decode(token, options={\"verify_signature\": False})",
            "jwt.decode(token, options={\"verify_signature\": True})",
            "if not options[\"verify_signature\"]: return",
            "kid = jwt.get_unverified_header(token)",
            ">>> jwt.decode(encoded, options={\"verify_signature\": False})",
            "jwt.decode(token, options={\"verify_exp\": False}, ignoreExpiration=True)",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn keys_that_stand_in_the_code_are_told_with_their_strength() {
        let short = (Flaw::LiteralKey, Some(Strength::Short), false, false);
        for text in [
            "jwt.encode(p, \"secret\", algorithm=\"HS256\")",
            "jwt.encode(\n    {\"sub\": \"a\"},\n    key='secret',\n    algorithm='HS256',\n)",
            "jwt.sign({ id: user.id }, 'secret', { expiresIn: '1h' })",
            "jwt.verify(token, 'secret')",
            "JWT.encode payload, 'secret', 'HS256'\n",
            "JWT::encode($payload, 'secret', 'HS256');",
            "JWT::decode($t, new Key('secret', 'HS256'));",
            "token.SignedString([]byte(\"secret\"))",
            "Jwts.builder().signWith(SignatureAlgorithm.HS256, \"secret\").compact()",
            "b.signWith(Keys.hmacShaKeyFor(\"secret\".getBytes()))",
            "Algorithm.HMAC256(\"secret\")",
            "new SymmetricSecurityKey(Encoding.UTF8.GetBytes(\"secret\"))",
            "EncodingKey::from_secret(b\"secret\")",
            "EncodingKey::from_secret(\"secret\".as_ref())",
            "auto v = jwt::create().sign(jwt::algorithm::hs256{\"secret\"});",
            "SECRET_KEY = \"secret\"\njwt.encode(p, SECRET_KEY, algorithm=ALGORITHM)",
            "var jwtKey = []byte(\"secret\")\nfunc f() { t.SignedString(jwtKey) }",
            "Jwts.parser().setSigningKey(\"secret\").parseClaimsJws(t)",
            "String KEY =\n    TextCodec.BASE64.encode(\"secret\");\nb.signWith(SignatureAlgorithm.HS512, KEY)",
            "private static final String KEY = \"secret\";\nb.signWith(SignatureAlgorithm.HS512, KEY)",
        ] {
            assert_eq!(one(text), short, "{text}");
        }
        let of = |key: &str| one(&format!("jwt.encode(p, \"{key}\", algorithm=\"HS256\")")).1;
        assert_eq!(of(&"4c7e9a02b81f3d56".repeat(4).replace("4c7e", "d1a8")), Some(Strength::Strong));
        assert_eq!(of("this-is-a-very-long-secret-key-for-the-server"), Some(Strength::Words));
        for text in [
            "const key = process.env.JWT_SECRET || 'secret';\njwt.sign(p, key)",
            "jwt.sign(p, process.env.JWT_SECRET || 'secret')",
            "new SymmetricSecurityKey(Encoding.UTF8.GetBytes(_config[\"Jwt:Key\"] ?? \"secret\"))",
            "var key = builder.Configuration[\"Key\"] ?? \"secret\";\nnew SymmetricSecurityKey(Encoding.UTF8.GetBytes(key))",
            "jwt.encode(p, os.environ.get(\"JWT_SECRET\", \"secret\"), algorithm=\"HS256\")",
        ] {
            assert_eq!(one(text), (Flaw::LiteralKey, Some(Strength::Short), true, false), "{text}");
        }
    }

    #[test]
    fn keys_from_elsewhere_and_key_pairs_are_not_told() {
        for text in [
            "jwt.encode(p, settings.SECRET_KEY, algorithm=\"HS256\")",
            "jwt.encode(p, SECRET_KEY, algorithm=\"HS256\")",
            "SECRET_KEY = os.environ[\"SECRET_KEY\"]\njwt.encode(p, SECRET_KEY)",
            "jwt.sign(p, process.env.JWT_SECRET)",
            "jwt.sign(p, config.get('jwt.secret'))",
            "var k = config[\"Key\"] ?? throw new Exception(\"x\");\nnew SymmetricSecurityKey(Encoding.UTF8.GetBytes(k))",
            "jwt.sign(p, `${secret}`)",
            "jwt.sign(p, 'pre' + secret)",
            "jwt.encode(p, \"key.pem\", algorithm=\"RS256\")",
            "new SymmetricSecurityKey(Encoding.UTF8.GetBytes(config[\"Jwt:Key\"]))",
            "new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable(\"KEY\")))",
            "text = jwt.encode(\"utf-8\")",
            "text = jwt.decode(\"utf-8\", \"ignore\")",
            "jwt.verify(token, getKey, { algorithms: ['RS256'] })",
            "token.SignedString(key)",
            "jwt.sign(p, 'unclosed",
            "jwt.sign(p, <your key>)",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        let pieces =
            ["jwt.encode(", "\"", "'", ",", "alg'", ":", "'none'", "(", "é", "JWT.decode ", "signWith(", "\n", "K"];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let _ = found(&format!("{a}{b}{c}"));
                }
            }
        }
    }
}
