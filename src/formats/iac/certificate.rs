//! X.509 certificates in PEM files: RFC 5280 <https://www.rfc-editor.org/rfc/rfc5280>, RFC 7468
//! <https://www.rfc-editor.org/rfc/rfc7468#section-5>. They are public, and tell how long and by what strength their key is
//! trusted.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::public_key::PublicKey;

use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, RepoPath, SettingFact, Span, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "certificate",
    name: "X.509 certificate in PEM",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// More certificates than a chain has: a list of those that are trusted, which are other people's.
const CHAIN_MAX: usize = 8;
/// Base64 characters of one certificate, far over what one needs.
const BODY_MAX: usize = 64 << 10;
/// Most alternative names told, and characters of any one text.
const NAMES_MAX: usize = 16;
const TEXT_MAX: usize = 200;
/// The last second that a time can tell. `99991231235959Z` stands for no end (RFC 5280 §4.1.2.5).
const LAST: i64 = 253_402_207_200;

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let ends = [&b".pem"[..], b".crt", b".cer", b".cert", b".chain"];
    // `openssl x509 -text` writes what a certificate says before it.
    ends.iter().any(|end| name.ends_with(end)) && (head.contains(BEGIN) || head.starts_with("Certificate:"))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let keyed = input.text.contains("PRIVATE KEY-----");
    for (span, certificate) in of_text(input.text, keyed) {
        out.fact(Fact::Setting(At::span(span), certificate));
    }
}

/// What each certificate of a text says, with its place; nothing of a list of trusted ones. `keyed` tells whether the private
/// key stands beside.
#[must_use]
pub fn of_text(text: &str, keyed: bool) -> Vec<(Span, SettingFact)> {
    if text.matches(BEGIN).count() > CHAIN_MAX {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (start, _) in text.match_indices(BEGIN) {
        let body = text.get(start + BEGIN.len()..).and_then(|rest| rest.split_once(END)).map(|(body, _)| body);
        let Some(body) = body.filter(|body| body.len() <= BODY_MAX) else { continue };
        let compact: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let Ok(der) = BASE64.decode(compact.as_bytes()) else { continue };
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(&der) else { continue };
        let mut fact = describe(&der, &certificate);
        // Of a chain the first is the one that the key belongs to (RFC 8446 §4.4.2).
        if keyed && out.is_empty() {
            fact.attributes.insert("keyed".to_owned(), "true".to_owned());
        }
        out.push((Span::new(start, start + BEGIN.len()), fact));
    }
    out
}

/// A text of a certificate as reports may show it.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect()
}

fn describe(der: &[u8], certificate: &X509Certificate<'_>) -> SettingFact {
    let names = names(certificate);
    let subject = shown(&certificate.subject().to_string());
    let common = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(shown);
    let title = common.filter(|name| !name.is_empty()).or_else(|| names.first().cloned());
    let title = title.or_else(|| Some(subject.clone()).filter(|s| !s.is_empty()));
    let mut fact = SettingFact::new(
        setting::CERTIFICATE,
        title.unwrap_or_else(|| "certificate".to_owned()),
        HEXLOWER.encode(&Sha256::digest(der)),
    );
    let mut note = |name: &str, value: String| {
        if !value.is_empty() {
            fact.attributes.insert(name.to_owned(), value);
        }
    };
    note("subject", subject);
    note("issuer", shown(&certificate.issuer().to_string()));
    note("names", names.join(", "));
    note("spki_sha256", HEXLOWER.encode(&Sha256::digest(certificate.public_key().raw)));
    let authority = is_authority(certificate);
    note("authority", if authority { "true" } else { "" }.to_owned());
    let own = certificate.subject().as_raw() == certificate.issuer().as_raw();
    note("self_signed", if own { "true" } else { "" }.to_owned());
    let (key, bits) = key(certificate);
    note("key", key);
    note("bits", bits.map(|bits| bits.to_string()).unwrap_or_default());
    note("weak_signature", weak_signature(certificate).to_owned());
    for (name, time) in
        [("not_before", certificate.validity().not_before), ("not_after", certificate.validity().not_after)]
    {
        let time = Timestamp::from_second(time.timestamp().min(LAST));
        note(name, time.map(|time| time.to_string()).unwrap_or_default());
    }
    fact
}

/// Whether it signs others. One of the versions before 3 cannot tell, so such a one that signed itself is taken for an
/// authority (RFC 5280 §6.1.4 k).
fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let signs = certificate.key_usage().ok().flatten().is_some_and(|usage| usage.value.key_cert_sign());
    let old = certificate.version().0 < 2 && certificate.subject().as_raw() == certificate.issuer().as_raw();
    certificate.is_ca() || signs || old
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::SubjectAlternativeName(list) = extension.parsed_extension() else { continue };
        for name in list.general_names.iter().take(NAMES_MAX) {
            if let GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) = name {
                out.push(shown(name));
            }
        }
    }
    out
}

/// Name and bits of the public key. Object identifiers: RFC 3279 <https://www.rfc-editor.org/rfc/rfc3279#section-2.3>.
fn key(certificate: &X509Certificate<'_>) -> (String, Option<usize>) {
    let spki = certificate.public_key();
    if spki.algorithm.algorithm.to_id_string() == "1.2.840.10040.4.1" {
        return ("DSA".to_owned(), None);
    }
    match spki.parsed() {
        Ok(PublicKey::RSA(key)) => ("RSA".to_owned(), Some(bit_length(key.modulus))),
        _ => (String::new(), None),
    }
}

/// Bits of a big-endian number without its leading zeros.
fn bit_length(number: &[u8]) -> usize {
    let mut digits = number.iter().skip_while(|b| **b == 0);
    digits.next().map_or(0, |first| 8 - first.leading_zeros() as usize + 8 * digits.count())
}

/// The hash of its signature when that is one for which two texts can be found. Object identifiers: RFC 3279 §2.2
/// <https://www.rfc-editor.org/rfc/rfc3279#section-2.2>.
fn weak_signature(certificate: &X509Certificate<'_>) -> &'static str {
    match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.2" => "MD2",
        "1.2.840.113549.1.1.4" => "MD5",
        "1.2.840.113549.1.1.5" | "1.2.840.10040.4.3" | "1.2.840.10045.4.1" | "1.3.14.3.2.29" => "SHA-1",
        _ => "",
    }
}
