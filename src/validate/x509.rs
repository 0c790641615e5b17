//! Certificates: RFC 5280 <https://www.rfc-editor.org/rfc/rfc5280>; SPIFFE ids in them
//! <https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md>. They are public and serve the inventory.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof, When};

pub(super) const VALIDATOR: Validator =
    Validator { id: "x509", about: "reads subject, issuer, validity and key of a certificate", check: prove };

/// Most alternative names shown.
const NAMES: usize = 16;

fn prove(subject: &Subject<'_>) -> Proof {
    let read = [subject.matched, subject.secret].into_iter().find_map(der_of);
    let parsed = read.as_deref().and_then(|der| x509_parser::parse_x509_certificate(der).ok());
    let Some((_, certificate)) = parsed else {
        let mut proof = util::malformed(Confidence::Low, "It does not decode as a certificate.");
        proof.public = true;
        return proof;
    };
    let mut proof = util::proven("It decodes as an X.509 certificate.");
    proof.public = true;
    describe(&mut proof, &certificate, subject.as_of);
    names(&mut proof, &certificate);
    proof
}

/// The DER of a PEM block, of its base64 alone, or of the bytes themselves.
fn der_of(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.first() == Some(&0x30) && bytes.get(1).is_some_and(|b| *b >= 0x80) {
        return Some(bytes.to_vec());
    }
    let text = util::text(bytes).replace("\\n", "\n").replace("\\r", "\n");
    let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
        Some((_, rest)) => rest.split("-----END").next().unwrap_or_default(),
        None => text.as_str(),
    };
    let body: String = body.chars().filter(|c| !matches!(c, '"' | '\'' | ',' | '\\')).collect();
    util::base64(body.as_bytes()).filter(|der| !der.is_empty())
}

fn describe(proof: &mut Proof, certificate: &X509Certificate<'_>, as_of: Timestamp) {
    let subject = certificate.subject().to_string();
    let issuer = certificate.issuer().to_string();
    util::set(proof, "subject", &subject);
    util::set(proof, "issuer", &issuer);
    util::set(proof, "serial", &data_encoding::HEXLOWER.encode(certificate.raw_serial()));
    util::set(proof, "spki_sha256", &util::sha256_hex(certificate.public_key().raw));
    util::set(proof, "certificate_authority", if certificate.is_ca() { "yes" } else { "no" });
    if certificate.subject().as_raw() == certificate.issuer().as_raw() {
        util::set(proof, "self_signed", "yes");
        util::say(proof, "Subject and issuer are the same.");
    }
    let validity = certificate.validity();
    if let Ok(from) = Timestamp::from_second(validity.not_before.timestamp()) {
        proof.issued = When::At(from);
        util::set(proof, "not_before", &from.to_string());
    }
    if let Ok(to) = Timestamp::from_second(validity.not_after.timestamp()) {
        util::set(proof, "not_after", &to.to_string());
        util::set_expiry(proof, to, as_of);
    }
}

fn names(proof: &mut Proof, certificate: &X509Certificate<'_>) {
    let mut shown = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::SubjectAlternativeName(list) = extension.parsed_extension() else { continue };
        for name in list.general_names.iter().take(NAMES) {
            match name {
                GeneralName::DNSName(name) => shown.push(util::shown(name)),
                GeneralName::URI(uri) => {
                    shown.push(util::shown(uri));
                    if uri.starts_with("spiffe://") {
                        proof.identity = Some(spiffe(&util::shown(uri)));
                    }
                }
                _ => {}
            }
        }
    }
    util::set(proof, "names", &shown.join(", "));
}

fn spiffe(uri: &str) -> IdentityHint {
    let domain = uri.trim_start_matches("spiffe://").split('/').next().unwrap_or_default();
    IdentityHint {
        key: IdentityKey::new("spiffe", "workload", uri),
        kind: IdentityKind::Workload,
        provider: "spiffe".to_owned(),
        name: uri.to_owned(),
        account: Some(domain.to_owned()).filter(|d| !d.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use data_encoding::BASE64;

    use super::super::util::testing::subject;
    use super::*;
    use crate::model::Validity;

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        if value.len() < 0x80 {
            out.push(value.len() as u8);
        } else {
            out.push(0x82);
            out.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        }
        out.extend_from_slice(value);
        out
    }

    fn name(common: &str) -> Vec<u8> {
        let attribute = tlv(0x30, &[tlv(0x06, &[0x55, 4, 3]), tlv(0x0c, common.as_bytes())].concat());
        tlv(0x30, &tlv(0x31, &attribute))
    }

    /// A certificate with a made-up Ed25519 key and signature, good for reading only.
    fn certificate(not_after: &str, uri: &str) -> Vec<u8> {
        let algorithm = tlv(0x30, &tlv(0x06, &[0x2b, 0x65, 0x70]));
        let validity = tlv(0x30, &[tlv(0x17, b"240101000000Z"), tlv(0x17, not_after.as_bytes())].concat());
        let spki = tlv(0x30, &[algorithm.clone(), tlv(0x03, &[&[0u8][..], &[9; 32]].concat())].concat());
        let san = tlv(0x30, &[tlv(0x82, b"api.shop.io"), tlv(0x86, uri.as_bytes())].concat());
        let extension = tlv(0x30, &[tlv(0x06, &[0x55, 0x1d, 0x11]), tlv(0x04, &san)].concat());
        let tbs = [
            tlv(0xa0, &tlv(0x02, &[2])),
            tlv(0x02, &[1, 2]),
            algorithm.clone(),
            name("Test CA"),
            validity,
            name("api"),
            spki,
            tlv(0xa3, &tlv(0x30, &extension)),
        ]
        .concat();
        tlv(0x30, &[tlv(0x30, &tbs), algorithm, tlv(0x03, &[&[0u8][..], &[7; 64]].concat())].concat())
    }

    #[test]
    fn a_certificate_is_public_and_names_its_workload() {
        let der = certificate("270101000000Z", "spiffe://shop.io/ns/pay/sa/api");
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", BASE64.encode(&der));
        for text in [pem.as_bytes(), BASE64.encode(&der).as_bytes(), der.as_slice()] {
            let proof = (VALIDATOR.check)(&subject(text));
            assert!(proof.public);
            assert_eq!(proof.validity, Validity::ProvenFormat);
            assert_eq!(proof.attributes["subject"], "CN=api");
            assert_eq!(proof.attributes["issuer"], "CN=Test CA");
            assert_eq!(proof.attributes["not_after"], "2027-01-01T00:00:00Z");
            assert_eq!(proof.attributes["names"], "api.shop.io, spiffe://shop.io/ns/pay/sa/api");
            assert_eq!(proof.identity.unwrap().key.as_str(), "spiffe:workload:spiffe://shop.io/ns/pay/sa/api");
        }
    }

    #[test]
    fn a_passed_end_is_expired_and_other_text_malformed() {
        let der = certificate("250101000000Z", "https://x");
        assert_eq!((VALIDATOR.check)(&subject(&der)).validity, Validity::Expired);
        let proof = (VALIDATOR.check)(&subject(b"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----"));
        assert_eq!(proof.validity, Validity::Malformed);
    }
}
