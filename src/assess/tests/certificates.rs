//! What the checks say of certificates, of weak keys and of webhooks.

use super::*;
use crate::model::{SettingFact, setting};

fn set(name: &'static str, path: &str, subject: &str, value: &str, more: &[(&str, &str)]) -> LocatedFact {
    let mut f = SettingFact::new(name, subject, value);
    f.attributes.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    let mut located = fact("certificate", Fact::Setting(At::default(), f));
    located.location = at(path, 1);
    located
}

/// A certificate for a host, over a key, for a time.
fn certificate(host: &str, key: &str, (from, to): (&str, &str), more: &[(&str, &str)]) -> LocatedFact {
    let (from, to, subject) = (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"), format!("CN={host}"));
    let mut all = vec![
        ("not_before", from.as_str()),
        ("not_after", to.as_str()),
        ("subject", subject.as_str()),
        ("spki_sha256", key),
        ("names", host),
    ];
    all.extend(more);
    let id = format!("{host} {key} {from}");
    set(setting::CERTIFICATE, &format!("tls/{host}.crt"), host, &id, &all)
}

const QUARTER: (&str, &str) = ("2026-10-01", "2026-12-30");

fn titles(sightings: Vec<Sighting>, facts: Vec<LocatedFact>, id: &str) -> Vec<String> {
    let assessment = run(sightings, facts).1;
    let line = |f: &&Finding| format!("{} {} {}", f.base_severity.as_str(), f.confidence.as_str(), f.title);
    of(&assessment, id).iter().map(line).collect()
}

/// A private key with these facts, in a file.
fn private_key(path: &str, facts: &[(&str, &str)]) -> Sighting {
    let mut key = seen("private-key", "f", path, 1);
    key.proof.validity = Validity::ProvenFormat;
    for (name, value) in facts {
        key.proof.attributes.insert((*name).to_owned(), (*value).to_owned());
    }
    key
}

#[test]
fn leaves_that_live_long_are_told_and_authorities_and_ended_ones_are_not() {
    let check = "NHI7-cert-life";
    let of = |dates, more: &[(&str, &str)]| titles(Vec::new(), vec![certificate("a.io", "k", dates, more)], check);
    assert!(of(("2026-01-01", "2027-02-03"), &[]).is_empty(), "398 days");
    assert_eq!(of(("2026-01-01", "2027-02-04"), &[]), ["medium medium Certificate of a.io lives 399 days"]);
    assert_eq!(of(("2026-01-01", "2028-04-05"), &[]), ["medium medium Certificate of a.io lives 825 days"]);
    assert_eq!(of(("2026-01-01", "2028-04-06"), &[]), ["high medium Certificate of a.io lives 826 days"]);
    assert!(of(("2026-01-01", "2036-01-01"), &[("authority", "true")]).is_empty());
    assert!(of(("2016-01-01", "2026-11-24"), &[]).is_empty(), "it has ended");
    let keyed = of(("2026-01-01", "2036-01-01"), &[("keyed", "true")]);
    assert!(keyed[0].starts_with("high high"), "{keyed:?}");
}

#[test]
fn a_certificate_for_the_machine_itself_was_told_as_that_of_a_server() {
    let years = ("2026-01-01", "2036-01-01");
    let told = |host| titles(Vec::new(), vec![certificate(host, "k", years, &[])], "NHI7-cert-life").len();
    assert_eq!([told("localhost"), told("127.0.0.1"), told("db.localhost")], [0, 0, 0]);
    assert_eq!([told("localhost.acme.io"), told("a.io")], [1, 1]);
}

#[test]
fn a_certificate_is_told_once_and_is_the_users_own_when_its_key_was_seen() {
    let one = certificate("a.io", "k", ("2026-01-01", "2036-01-01"), &[]);
    let mut copy = one.clone();
    copy.location = at("deploy/a.pem", 1);
    let key = private_key("a.key", &[("algorithm", "ECDSA P-256"), ("bits", "256"), ("spki_sha256", "k")]);
    let assessment = run(vec![key], vec![one, copy]).1;
    let finding = super::one(&assessment, "NHI7-cert-life");
    assert_eq!((finding.locations.len(), finding.confidence), (2, Confidence::High));
}

#[test]
fn one_key_behind_several_servers_is_shared_and_behind_one_it_is_not() {
    let check = "NHI9-tls-key-shared";
    let on = |facts| titles(Vec::new(), facts, check);
    let a = || certificate("a.io", "k", QUARTER, &[]);
    let b = |more: &[(&str, &str)]| certificate("b.io", "k", QUARTER, more);
    assert_eq!(on(vec![a(), b(&[])]), ["medium high One TLS key behind certificates of 2 servers"]);
    assert!(on(vec![a(), certificate("b.io", "l", QUARTER, &[])]).is_empty(), "keys of their own");
    assert!(on(vec![a(), certificate("a.io", "k", ("2026-09-01", "2026-12-01"), &[])]).is_empty(), "renewed");
    assert!(on(vec![a(), b(&[("names", "b.io, a.io")])]).is_empty(), "a name in common");
    assert!(on(vec![a(), b(&[("subject", "CN=a.io")])]).is_empty(), "one subject");
    assert!(on(vec![a(), b(&[("authority", "true")])]).is_empty());
    assert!(on(vec![a(), certificate("b.io", "k", ("2025-01-01", "2026-01-01"), &[])]).is_empty(), "ended");
    let bridge = certificate("c.io", "k", QUARTER, &[("names", "a.io, b.io")]);
    assert!(on(vec![a(), b(&[]), bridge]).is_empty(), "one certificate joins both");
}

#[test]
fn short_keys_and_broken_signatures_of_certificates_are_weak() {
    let of = |more: &[(&str, &str)]| titles(Vec::new(), vec![certificate("a.io", "k", QUARTER, more)], "NHI4-weak-key");
    let short = ("key", "RSA");
    assert_eq!(of(&[short, ("bits", "1024")]), ["medium medium Certificate of a.io holds an RSA key of 1024 bits"]);
    assert!(of(&[short, ("bits", "2048")]).is_empty());
    assert_eq!(of(&[("key", "DSA")]), ["medium medium Certificate of a.io holds a DSA key"]);
    let sha1 = ("weak_signature", "SHA-1");
    assert_eq!(of(&[sha1, ("keyed", "true")]), ["medium high Certificate of a.io is signed with SHA-1"]);
    assert!(of(&[sha1, ("self_signed", "true")]).is_empty(), "nobody goes by that signature");
    let ended = certificate("a.io", "k", ("2010-01-01", "2020-01-01"), &[sha1]);
    assert!(titles(Vec::new(), vec![ended], "NHI4-weak-key").is_empty());
}

#[test]
fn weak_private_keys_are_told_outside_of_tests_and_with_a_passphrase_too() {
    let of = |key: Sighting| titles(vec![key], Vec::new(), "NHI4-weak-key");
    let rsa = |bits| private_key("id", &[("algorithm", "RSA"), ("bits", bits), ("public_fingerprint", "SHA256:x")]);
    assert_eq!(of(rsa("1024")), ["medium high Private key is an RSA key of 1024 bits"]);
    assert!(of(rsa("2048")).is_empty());
    assert_eq!(
        of(private_key("id", &[("algorithm", "DSA"), ("public_fingerprint", "SHA256:x")])),
        ["medium high Private key is a DSA key"]
    );
    assert!(of(private_key("id", &[("algorithm", "RSA"), ("bits", "1024")])).is_empty(), "it is no key pair");
    let mut locked = rsa("1024");
    locked.proof.encrypted = true;
    assert_eq!(of(locked).len(), 1);
    let mut test = rsa("1024");
    test.test_path = true;
    assert!(of(test).is_empty());
    let mut gone = rsa("1024");
    gone.location.in_head = false;
    assert!(of(gone).is_empty());
    let mut known = rsa("1024");
    known.proof.validity = Validity::TestValue;
    assert!(of(known).is_empty());
}

#[test]
fn weak_public_keys_that_are_let_in_are_told_once_with_their_private_half() {
    let check = "NHI4-weak-key";
    let place = |kind: &str, bits: &str| {
        let more = [("kind", "authorized-key"), ("key_type", kind), ("bits", bits), ("comment", "ci@old")];
        set(setting::KEY_PLACE, "authorized_keys", "authorized_keys", "SHA256:x", &more)
    };
    let on = |facts| titles(Vec::new(), facts, check);
    assert_eq!(on(vec![place("ssh-rsa", "1024")]), ["medium high authorized_keys lets an RSA key of 1024 bits in"]);
    assert_eq!(on(vec![place("ssh-dss", "")]), ["medium high authorized_keys lets a DSA key in"]);
    assert!(on(vec![place("ssh-rsa", "4096")]).is_empty());
    assert!(on(vec![place("ssh-ed25519", "")]).is_empty());
    let key = private_key("id", &[("algorithm", "RSA"), ("bits", "1024"), ("public_fingerprint", "SHA256:x")]);
    let assessment = run(vec![key], vec![place("ssh-rsa", "1024")]).1;
    assert_eq!(one(&assessment, check).locations.len(), 2);
}

#[test]
fn short_keys_of_google_are_weak_while_they_work() {
    let of = |algorithm: &str, status| {
        let mut f = CredentialFact::new("gcp:service-account-key:1", "google-service-account-key", "gcp");
        f.status = status;
        f.attributes.insert("key_algorithm".to_owned(), algorithm.to_owned());
        let facts = vec![fact("gcp-service-account-keys", Fact::Credential(At::default(), f))];
        titles(Vec::new(), facts, "NHI4-weak-key").len()
    };
    assert_eq!(of("KEY_ALG_RSA_1024", Status::Active), 1);
    assert_eq!(of("KEY_ALG_RSA_1024", Status::Inactive), 0);
    assert_eq!(of("KEY_ALG_RSA_2048", Status::Active), 0);
}

#[test]
fn webhooks_are_told_by_what_they_lack() {
    let of = |signed: &str, insecure: &str| {
        let more = [("argument", "secret"), ("signed", signed), ("insecure", insecure)];
        let hook = set(setting::WEBHOOK, "main.tf", "github_repository_webhook.ci", "ci.acme.example", &more);
        titles(Vec::new(), vec![hook], "NHI4-webhook-unsigned")
    };
    assert_eq!(of("false", "false"), ["medium high github_repository_webhook.ci has no secret"]);
    assert_eq!(of("true", "true"), ["medium high github_repository_webhook.ci does not check certificates"]);
    assert!(of("false", "true")[0].ends_with("has no secret and does not check certificates"));
    assert!(of("true", "false").is_empty());
}
