//! Private keys in text: PEM RFC 7468 <https://www.rfc-editor.org/rfc/rfc7468> with OpenSSL's older headers RFC 1421
//! <https://www.rfc-editor.org/rfc/rfc1421#section-4.6>, OpenSSH, PuTTY and OpenPGP armour RFC 9580
//! <https://www.rfc-editor.org/rfc/rfc9580#section-6>; as files, or as strings in code with escapes, quotes and indents.
//!
//! A body that does not decode costs attributes only: keys are also cut, wrapped and obfuscated, and leak all the same.

use super::{Subject, Validator, der, openssh, pgp, util};
use crate::model::{Confidence, Proof, Severity, Validity, When};

pub(super) const VALIDATOR: Validator = Validator {
    id: "private-key",
    about: "reads algorithm, size, passphrase and public fingerprint of a private key",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// Base-64 characters from which on a body that does not decode is still taken for a key.
const LEAST_BODY: usize = 100;

/// An RSA key below this size can be broken, <https://csrc.nist.gov/pubs/sp/800/131/a/r2/final>.
const WEAK_RSA: usize = 2048;

/// A PEM block, read leniently. It holds the key, so it cannot be printed.
#[derive(Default)]
struct Block {
    label: String,
    headers: String,
    body: String,
    /// Characters in the body that base 64 does not have: ellipses, angle brackets, stars.
    foreign: usize,
}

fn prove(subject: &Subject<'_>) -> Proof {
    let whole = util::whole_text(subject);
    let marked = |t: &str| t.contains("-----BEGIN") || t.contains("---- BEGIN") || t.contains("PuTTY-User-Key-File-");
    let text = if marked(&whole) { whole } else { util::secret_text(subject) };
    let text = unescape(&text);
    if text.contains("PuTTY-User-Key-File-") {
        return putty(&text);
    }
    let block = read_block(&text).unwrap_or_else(|| {
        let mut block = Block::default();
        text.lines().for_each(|line| add_line(&mut block, line));
        block
    });
    judge(&block)
}

fn judge(block: &Block) -> Proof {
    if block.label.contains("PUBLIC KEY") && !block.label.contains("PRIVATE") {
        let mut proof = util::proven("It is a public key.");
        proof.public = true;
        return proof;
    }
    let mut proof = Proof::default();
    let known = decode(&mut proof, block);
    if known {
        let algorithm = proof.attributes.get("algorithm").map_or("", String::as_str);
        let sentence = format!("It decodes as a private key: {algorithm}").trim_end_matches([' ', ':']).to_owned();
        util::say(&mut proof, sentence + ".");
        proof.validity = Validity::ProvenFormat;
        proof.confidence = Some(Confidence::Confirmed);
        return proof;
    }
    let distinct = {
        let mut seen = [false; 256];
        block.body.bytes().for_each(|b| seen[usize::from(b)] = true);
        seen.iter().filter(|s| **s).count()
    };
    if block.body.len() >= LEAST_BODY && distinct >= 16 {
        proof.confidence = Some(Confidence::High);
        util::say(&mut proof, "Its body does not decode as a key, but is long enough to be one.");
    } else if block.body.is_empty() && block.foreign == 0 {
        return util::malformed(Confidence::Low, "There is no key behind its header.");
    } else if block.foreign > 0 || distinct < 16 {
        util::mark_test(&mut proof, "A placeholder stands where the key would.");
    } else {
        return util::malformed(Confidence::Low, "Its body is too short for a private key.");
    }
    proof
}

/// Sets what the body says; false when it does not decode.
fn decode(proof: &mut Proof, block: &Block) -> bool {
    let Some(bytes) = util::base64(block.body.as_bytes()).filter(|b| b.len() >= 32 && block.foreign == 0) else {
        set_encrypted(proof, headers_encrypt(block));
        return false;
    };
    if let Some(key) = openssh::openssh(&bytes) {
        return ssh(proof, &key);
    }
    if let Some(key) = pgp::secret_key(&bytes) {
        set_pgp(proof, &key);
        return true;
    }
    if let Some(key) = der::private_key(&bytes) {
        set_encrypted(proof, false);
        set_key(proof, &key);
        return true;
    }
    if der::is_encrypted_pkcs8(&bytes) {
        set_encrypted(proof, true);
        return true;
    }
    // An older encrypted key is its ciphertext and nothing else: whole blocks of 8 bytes.
    let encrypted = headers_encrypt(block);
    set_encrypted(proof, encrypted);
    if let Some((name, _)) = block.label.split_once(" PRIVATE KEY").filter(|_| encrypted) {
        util::set(proof, "algorithm", name);
    }
    encrypted && bytes.len() % 8 == 0
}

fn headers_encrypt(block: &Block) -> bool {
    block.label.contains("ENCRYPTED") || block.headers.contains("ENCRYPTED") || block.headers.contains("DEK-Info")
}

fn set_encrypted(proof: &mut Proof, encrypted: bool) {
    util::set(proof, "encrypted", if encrypted { "yes" } else { "no" });
    if encrypted {
        proof.severity = Some(Severity::Medium);
        util::say(proof, "A passphrase protects it, which can be guessed offline for as long as the file is out.");
    }
}

fn set_key(proof: &mut Proof, key: &der::Key) {
    util::set(proof, "algorithm", &key.algorithm);
    set_bits(proof, &key.algorithm, key.bits);
    if let Some(blob) = &key.ssh_blob {
        util::set(proof, "public_fingerprint", &util::ssh_fingerprint(blob));
    }
    if let Some(spki) = &key.spki {
        util::set(proof, "spki_sha256", &util::sha256_hex(spki));
    }
}

fn set_bits(proof: &mut Proof, algorithm: &str, bits: Option<usize>) {
    let Some(bits) = bits.filter(|b| *b > 0) else { return };
    util::set(proof, "bits", &bits.to_string());
    if algorithm == "RSA" && bits < WEAK_RSA {
        util::say(proof, format!("Its {bits} bits are fewer than the {WEAK_RSA} that RSA needs today."));
    }
}

fn ssh(proof: &mut Proof, key: &openssh::SshKey) -> bool {
    set_encrypted(proof, key.encrypted);
    if let Some((algorithm, bits)) = openssh::describe(&key.blob) {
        util::set(proof, "algorithm", &algorithm);
        set_bits(proof, &algorithm, bits);
        if algorithm.ends_with("security key") {
            util::say(proof, "It is a handle: signing needs the security key itself.");
        }
    }
    util::set(proof, "public_fingerprint", &util::ssh_fingerprint(&key.blob));
    if !key.whole {
        util::say(proof, "Its private half is cut or altered.");
    }
    key.whole
}

fn set_pgp(proof: &mut Proof, key: &pgp::PgpKey) {
    set_encrypted(proof, key.encrypted);
    util::set(proof, "algorithm", key.algorithm);
    set_bits(proof, key.algorithm, key.bits);
    util::set(proof, "public_fingerprint", &key.fingerprint);
    if let Some(created) = key.created {
        proof.issued = When::At(created);
    }
}

fn putty(text: &str) -> Proof {
    let Some(key) = openssh::putty(text) else {
        return util::malformed(Confidence::Medium, "The PuTTY key file has no readable public half.");
    };
    let mut proof = Proof::default();
    if ssh(&mut proof, &key) {
        proof.validity = Validity::ProvenFormat;
        proof.confidence = Some(Confidence::Confirmed);
    }
    proof
}

/// The base-64 body of a PEM private key; `None` when the markers are missing.
pub(super) fn body_of(pem: &str) -> Option<String> {
    read_block(&unescape(pem)).filter(|b| b.label.contains("PRIVATE KEY") && b.foreign == 0).map(|b| b.body)
}

/// Sets algorithm, bits and public fingerprint of a PEM private key, where they can be read.
pub(super) fn describe(proof: &mut Proof, pem: &str) {
    let bytes = body_of(pem).and_then(|body| util::base64(body.as_bytes()));
    if let Some(key) = bytes.and_then(|bytes| der::private_key(&bytes)) {
        set_key(proof, &key);
    }
}

/// Line ends and slashes as string literals and HTML write them, one or two levels deep.
fn unescape(text: &str) -> String {
    let mut out = text.to_owned();
    for (from, to) in [
        ("\\\\n", "\n"),
        ("\\\\r", "\n"),
        ("\\r", "\n"),
        ("\\n", "\n"),
        ("\\t", " "),
        ("\\/", "/"),
        ("\\u002b", "+"),
        ("\\u003d", "="),
        ("&#10;", "\n"),
        ("%0A", "\n"),
    ] {
        if out.contains(from) {
            out = out.replace(from, to);
        }
    }
    out
}

/// The first block between BEGIN and END, or up to the end of the text when the END is missing.
fn read_block(text: &str) -> Option<Block> {
    let start = text.find("BEGIN ")?;
    let after = text.get(start + 6..)?;
    let (label, rest) = after.split_once("----")?;
    if label.len() > 64 {
        return None;
    }
    let rest = rest.trim_start_matches('-');
    let end = rest.find("-----END").or_else(|| rest.find("---- END")).unwrap_or(rest.len());
    let mut block = Block { label: label.trim().to_owned(), ..Block::default() };
    rest.get(..end)?.lines().for_each(|line| add_line(&mut block, line));
    Some(block)
}

fn add_line(block: &mut Block, line: &str) {
    // Lines of string literals: quotes and the operators that join the literals are no part of the key.
    if line.contains(['"', '\'', '`']) {
        for piece in line.split(['"', '\'', '`']).map(|p| p.trim_matches(|c: char| c.is_whitespace() || c == '\\')) {
            if !matches!(piece, "" | "+" | "&" | "." | "," | ";" | ".." | "+=" | "),") {
                add_plain(block, piece);
            }
        }
        return;
    }
    add_plain(block, line);
}

fn add_plain(block: &mut Block, line: &str) {
    let line = line.trim().trim_matches(['\\', ',', ';']).trim();
    // A comment or quotation sign stands alone or before a blank; `//` may otherwise begin a line of base 64.
    let marked = |mark: &&'static str| line.strip_prefix(*mark).filter(|rest| rest.is_empty() || rest.starts_with(' '));
    let line = ["#", "//", "*", ">", "|"].iter().find_map(marked).unwrap_or(line);
    if let Some(colon) = line.find(':') {
        block.headers.push_str(line.get(..200.min(line.len())).unwrap_or_default());
        block.headers.push('\n');
        // Headers and body on one line: the body is what has no header's punctuation.
        let tail = line.get(colon..).unwrap_or_default();
        if tail.len() > 200 {
            let words = tail.split_whitespace().filter(|w| !w.contains([':', ',']) && w.len() >= 16);
            words.for_each(|w| add_base64(block, w));
        }
        return;
    }
    if line.len() == 5 && line.starts_with('=') {
        return;
    }
    add_base64(block, line);
}

fn add_base64(block: &mut Block, text: &str) {
    for c in text.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => block.body.push(c),
            '=' => {}
            c if c.is_whitespace() => {}
            _ => block.foreign += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use data_encoding::BASE64;

    use super::super::der::tests::pkcs1;
    use super::super::util::testing::{noise, subject};
    use super::*;

    fn lines(body: &str, separator: &str) -> String {
        body.as_bytes().chunks(64).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(separator)
    }

    fn pem(label: &str, head: &str, body: &str, separator: &str) -> String {
        format!(
            "-----BEGIN {label}-----{separator}{head}{}{separator}-----END {label}-----{separator}",
            lines(body, separator)
        )
    }

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    fn rsa() -> String {
        BASE64.encode(&pkcs1(2048))
    }

    #[test]
    fn a_key_is_the_same_in_every_dress() {
        let want = check(&pem("RSA PRIVATE KEY", "", &rsa(), "\n")).attributes;
        assert_eq!(want["algorithm"], "RSA");
        assert_eq!(want["bits"], "2048");
        assert_eq!(want["encrypted"], "no");
        assert!(want["public_fingerprint"].starts_with("SHA256:"));
        for separator in ["\r\n", "\\n", "\\\\n", "\n    ", " ", "\\n\" +\n  \"", "\n# "] {
            let proof = check(&pem("RSA PRIVATE KEY", "", &rsa(), separator));
            assert_eq!(proof.attributes, want, "{separator:?}");
            assert_eq!((proof.validity, proof.confidence), (Validity::ProvenFormat, Some(Confidence::Confirmed)));
        }
        let slashes = pem("RSA PRIVATE KEY", "", &rsa(), "\\n").replace('/', "\\/");
        assert_eq!(check(&slashes).attributes, want);
    }

    #[test]
    fn passphrases_lower_the_severity_in_every_container() {
        let legacy = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n";
        let ciphertext = BASE64.encode(&[5u8, 200, 77, 13, 99, 42, 250, 1].repeat(20));
        let ssh = BASE64.encode(&openssh::tests::container("aes256-ctr"));
        for text in [
            pem("RSA PRIVATE KEY", legacy, &ciphertext, "\n"),
            pem("OPENSSH PRIVATE KEY", "", &ssh, "\n"),
            pem("PGP PRIVATE KEY BLOCK", "", &BASE64.encode(&pgp::tests::rsa(254)), "\n"),
        ] {
            let proof = check(&text);
            assert_eq!(proof.attributes["encrypted"], "yes", "{text}");
            assert_eq!(proof.severity, Some(Severity::Medium));
            assert_eq!(proof.validity, Validity::ProvenFormat);
        }
    }

    #[test]
    fn an_openssh_key_gives_its_public_fingerprint() {
        let proof = check(&pem("OPENSSH PRIVATE KEY", "", &BASE64.encode(&openssh::tests::container("none")), "\n"));
        let public = ssh_key::PublicKey::from_bytes(&openssh::tests::ed25519_blob()).unwrap();
        assert_eq!(proof.attributes["public_fingerprint"], public.fingerprint(ssh_key::HashAlg::Sha256).to_string());
        assert_eq!(proof.attributes["algorithm"], "Ed25519");
    }

    #[test]
    fn a_body_that_does_not_decode_stays_a_finding() {
        let proof = check(&pem("RSA PRIVATE KEY", "", &noise(131, 800), "\n"));
        assert_eq!((proof.validity, proof.confidence), (Validity::Unverified, Some(Confidence::High)));
    }

    #[test]
    fn placeholders_are_test_values_and_short_bodies_malformed() {
        for body in ["...", "<your key here>", &"x".repeat(300), "MIIEowIBAAKCAQEA..."] {
            let proof = check(&pem("RSA PRIVATE KEY", "", body, "\n"));
            assert_eq!((proof.validity, proof.confidence), (Validity::TestValue, Some(Confidence::Low)), "{body}");
        }
        for body in [noise(132, 60), String::new()] {
            let proof = check(&pem("RSA PRIVATE KEY", "", &body, "\n"));
            assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(Confidence::Low)), "{body}");
        }
    }

    #[test]
    fn a_weak_key_is_said_to_be_and_public_keys_are_public() {
        let proof = check(&pem("RSA PRIVATE KEY", "", &BASE64.encode(&pkcs1(1024)), "\n"));
        assert!(proof.evidence.iter().any(|e| e.contains("1024 bits")));
        assert!(check(&pem("PUBLIC KEY", "", &noise(133, 200), "\n")).public);
    }
}
