//! URLs that carry their own authorisation.
//!
//! AWS Signature Version 4 in the query
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>, Version 2
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>, CloudFront
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>
//! and Google Cloud Storage <https://cloud.google.com/storage/docs/access-control/signed-urls>.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::{Subject, Validator, aws_key_id, jwt, util};
use crate::model::{Confidence, Proof, When};

pub(super) const VALIDATOR: Validator = Validator {
    id: "presigned-url",
    about: "reads signer and expiry of a presigned URL",
    check: |subject| util::scrub(subject, prove(subject)),
};

type Params = [(String, String)];

fn prove(subject: &Subject<'_>) -> Proof {
    let whole = util::whole_text(subject);
    let text = if whole.contains('=') { whole } else { util::secret_text(subject) };
    let params = util::query(&text);
    let get = |name: &str| util::param(&params, name);
    let mut proof = if get("X-Amz-Signature").is_some() {
        version_4(&params, "X-Amz-", subject.as_of)
    } else if get("X-Goog-Signature").is_some() {
        version_4(&params, "X-Goog-", subject.as_of)
    } else if get("Signature").is_some() {
        version_2(&params, subject.as_of)
    } else {
        return util::malformed(Confidence::Low, "It has no signature parameter.");
    };
    if let Some((host, path)) = util::host_and_path(&text) {
        util::set(&mut proof, "host", &host);
        util::set(&mut proof, "resource", &path);
    }
    proof
}

/// Both clouds use the same parameters under their own prefix.
fn version_4(params: &Params, prefix: &str, as_of: Timestamp) -> Proof {
    let get = |name: &str| util::param(params, &format!("{prefix}{name}"));
    let hexadecimal = get("Signature").is_some_and(|s| s.len() >= 64 && s.bytes().all(|b| b.is_ascii_hexdigit()));
    let mut proof = if hexadecimal {
        util::proven("It is a presigned URL of signature version 4.")
    } else {
        util::malformed(Confidence::Medium, "Its signature is not the hexadecimal text that version 4 has.")
    };
    let issued = get("Date").and_then(compact_date);
    if let Some(issued) = issued {
        proof.issued = When::At(issued);
    }
    let life = get("Expires").and_then(|s| s.parse::<i64>().ok()).filter(|s| (0..=604_800 * 2).contains(s));
    let expires = issued.zip(life).and_then(|(t, s)| Timestamp::from_second(t.as_second().checked_add(s)?).ok());
    if let Some(expires) = expires {
        util::set_expiry(&mut proof, expires, as_of);
    }
    // `<signer>/<yyyymmdd>/<region>/<service>/<terminator>`, where the signer has no slash.
    let mut credential = get("Credential").unwrap_or_default().splitn(6, '/');
    let signer = credential.next().unwrap_or_default();
    let (_, region, service) = (credential.next(), credential.next(), credential.next());
    util::set(&mut proof, "region", region.unwrap_or_default());
    util::set(&mut proof, "service", service.unwrap_or_default());
    name_signer(&mut proof, signer);
    if get("Security-Token").is_some() {
        util::say(&mut proof, "It was signed with session credentials and dies with them if they end first.");
    }
    proof
}

fn version_2(params: &Params, as_of: Timestamp) -> Proof {
    let signer = ["AWSAccessKeyId", "GoogleAccessId", "OSSAccessKeyId", "Key-Pair-Id"]
        .iter()
        .find_map(|name| util::param(params, name))
        .unwrap_or_default();
    let long = util::param(params, "Signature").is_some_and(|s| s.len() >= 20);
    let expires =
        util::param(params, "Expires").and_then(|s| s.parse().ok()).and_then(|s| Timestamp::from_second(s).ok());
    let policy = util::param(params, "Policy").is_some();
    let mut proof = if long && !signer.is_empty() && (expires.is_some() || policy) {
        util::proven("It is a presigned URL with signer, expiry and signature.")
    } else {
        util::malformed(Confidence::Low, "It lacks the signer, the expiry or a whole signature.")
    };
    if let Some(expires) = expires {
        util::set_expiry(&mut proof, expires, as_of);
    }
    name_signer(&mut proof, signer);
    proof
}

fn name_signer(proof: &mut Proof, signer: &str) {
    if signer.contains('@') {
        util::set(proof, "email", signer);
        if signer.to_ascii_lowercase().ends_with(".gserviceaccount.com") && signer.len() <= 320 {
            proof.identity = Some(jwt::google_account(&util::shown(signer), None));
        }
        return;
    }
    util::set(proof, "key_id", signer);
    if let aws_key_id::Account::Is(account) = aws_key_id::account_of(signer) {
        util::set(proof, "account", &account);
        util::say(proof, format!("The key that signed it belongs to AWS account {account}."));
    }
    if signer.ends_with("EXAMPLE") {
        util::mark_test(proof, "It was signed by the key of AWS's documentation.");
    }
    if !signer.is_empty() {
        util::say(proof, "The key id in it is no secret by itself.");
    }
}

/// `20130524T000000Z`.
fn compact_date(text: &str) -> Option<Timestamp> {
    let digits = |from: usize, to: usize| text.get(from..to).filter(|s| s.bytes().all(|b| b.is_ascii_digit()));
    if text.len() != 16 || text.get(8..9)? != "T" || !text.ends_with('Z') {
        return None;
    }
    let number = |from, to| digits(from, to)?.parse::<i8>().ok();
    let year = digits(0, 4)?.parse::<i16>().ok()?;
    let moment =
        DateTime::new(year, number(4, 6)?, number(6, 8)?, number(9, 11)?, number(11, 13)?, number(13, 15)?, 0).ok()?;
    Offset::UTC.to_timestamp(moment).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::aws_key_id::tests::key_of;
    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    fn aws(date: &str, expires: u32) -> Proof {
        let id = key_of("ASIA", 111_122_223_333);
        check(&format!(
            "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={id}%2F{}%2Feu-west-1%2Fs3%2Faws4_request\
             &X-Amz-Date={date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
            &date[..8],
            "0a".repeat(32)
        ))
    }

    #[test]
    fn version_4_gives_account_region_and_expiry() {
        let proof = aws("20251231T230000Z", 7200);
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.attributes["account"], "111122223333");
        assert_eq!(proof.attributes["region"], "eu-west-1");
        assert_eq!(proof.expires.at().unwrap().to_string(), "2026-01-01T01:00:00Z");
        assert_eq!(aws("20251231T230000Z", 300).validity, Validity::Expired);
    }

    #[test]
    fn the_documentation_url_is_a_test_value_even_when_it_has_expired() {
        let id = ["AKIAIOSF", "ODNN7EXAMPLE"].concat();
        let proof = check(&format!(
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Credential={id}/20130524/us-east-1/s3/aws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-Signature={}",
            "aeeed9bb".repeat(8)
        ));
        assert_eq!(proof.validity, Validity::TestValue);
        assert_eq!(proof.expires.at().unwrap().to_string(), "2013-05-25T00:00:00Z");
    }

    #[test]
    fn google_urls_name_the_service_account() {
        let proof = check(&format!(
            "https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=\
             up%40p1.iam.gserviceaccount.com%2F20260101%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20260101T000000Z\
             &X-Goog-Expires=604800&X-Goog-Signature={}",
            "ab".repeat(256)
        ));
        assert_eq!(proof.identity.unwrap().key.as_str(), "gcp:service-account:up@p1.iam.gserviceaccount.com");
        assert_eq!(proof.expires.at().unwrap().to_string(), "2026-01-08T00:00:00Z");
    }

    #[test]
    fn older_urls_expire_at_an_epoch_second() {
        let url = |expires: u64| {
            format!(
                "https://b.s3.amazonaws.com/k?AWSAccessKeyId={}&Expires={expires}&Signature={}%3D",
                key_of("AKIA", 9),
                noise(101, 27)
            )
        };
        assert_eq!(check(&url(1_141_889_120)).validity, Validity::Expired);
        let proof = check(&url(4_000_000_000));
        assert_eq!((proof.validity, proof.attributes["account"].as_str()), (Validity::ProvenFormat, "000000000009"));
        assert_eq!(check("https://h/p?Signature=x").validity, Validity::Malformed);
    }
}
