//! Keys and certificates that can be broken or forged.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::certificates::{self, Certificate};
use crate::assess::estate::{
    AUTHORIZED_KEYS, CERTIFICATE, CODE, DEPLOY_KEYS, GCP_ASSETS, GCP_KEYS, KUBERNETES, KUBERNETES_EXPORT,
};
use crate::assess::nhi01_improper_offboarding::owner;
use crate::assess::score::dead;
use crate::assess::view::{View, subject_of};
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Credential, Exposure, Finding, Risk, Setting, Severity, Status, setting};

/// An RSA key below this size can be broken.
const RSA_BITS: usize = 2048;

/// A key or a certificate that is too weak.
pub(in crate::assess) const WEAK_KEY: Check = Check {
    id: "NHI4-weak-key",
    risk: Risk::Nhi4,
    title: "Key or certificate that is too weak",
    why: "A short RSA key can be worked out from its public half, DSA is given up by what checks it, and over SHA-1 two texts \
          with one signature can be made: whoever does so stands in for the owner.",
    remediation: "Make an Ed25519, ECDSA P-256 or RSA key of 3072 bits, have the certificate signed with SHA-256, and take \
                  the old key out wherever it is let in.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://csrc.nist.gov/pubs/sp/800/131/a/r2/final", "https://www.openssh.org/releasenotes.html"],
    needs: &[CODE, CERTIFICATE, KUBERNETES, KUBERNETES_EXPORT, DEPLOY_KEYS, AUTHORIZED_KEYS, GCP_KEYS, GCP_ASSETS],
    implies: &[],
    subjects,
    run: weak_key,
};

fn subjects(view: &View<'_>) -> BTreeSet<String> {
    let mut out = certificates::subjects(view);
    out.extend(view.credentials().filter(|c| is_pair(c) || is_google(c)).map(subject_of));
    out.extend(view.settings(setting::KEY_PLACE).map(|s| format!("ssh:key:{}", s.value)));
    out
}

/// What a key of this algorithm and size is, when it is weak.
fn weakness(algorithm: &str, bits: Option<&str>) -> Option<String> {
    let bits = bits.and_then(|bits| bits.parse::<usize>().ok());
    match (algorithm, bits) {
        ("DSA" | "ssh-dss", _) => Some("a DSA key".to_owned()),
        ("RSA" | "ssh-rsa", Some(bits)) if bits > 0 && bits < RSA_BITS => Some(format!("an RSA key of {bits} bits")),
        _ => None,
    }
}

fn weak_key(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    // A private key and the places that its public half is let in at are one key.
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for credential in view.credentials().filter(|c| dead(c, context.as_of).is_none()) {
        if let Some(finding) = pair(credential, view).or_else(|| google(credential, view)) {
            found.insert(credential.id.clone(), finding);
        }
    }
    for place in view.settings(setting::KEY_PLACE) {
        if let Some((id, finding)) = let_in(place, view) {
            match found.get_mut(&id) {
                Some(kept) => {
                    finding.evidence.into_iter().for_each(|sentence| say(&mut kept.evidence, sentence));
                    kept.locations.extend(finding.locations);
                    kept.locations.truncate(50);
                }
                None => drop(found.insert(id, finding)),
            }
        }
    }
    let keys = certificates::keys(view);
    let certificates = certificates::live(view, context.as_of);
    found.into_values().chain(certificates.iter().filter_map(|c| certificate(c, &keys))).collect()
}

/// Whether it is the private half of a key pair.
fn is_pair(credential: &Credential) -> bool {
    ["public_fingerprint", "spki_sha256"].iter().any(|name| credential.attributes.contains_key(*name))
}

/// A private key that lies in a file; whether a passphrase protects it makes it no stronger.
fn pair(credential: &Credential, view: &View<'_>) -> Option<Finding> {
    let noted = |name: &str| credential.attributes.get(name).map(String::as_str);
    if credential.public || !is_pair(credential) {
        return None;
    }
    let weak = weakness(noted("algorithm")?, noted("bits"))?;
    let counts = |e: &&&Exposure| e.suppressed.is_none() && !e.test_path && e.location.in_head;
    let places: Vec<_> = view.exposures_of(&credential.id).iter().filter(counts).map(|e| e.location.clone()).collect();
    if places.is_empty() {
        return None;
    }
    let mut finding = WEAK_KEY.on(credential);
    finding.title = format!("Private key is {weak}");
    finding.locations = places;
    finding.locations.sort();
    finding.locations.dedup();
    finding.evidence.push(weak);
    if let Some(fingerprint) = noted("public_fingerprint") {
        finding.evidence.push(format!("public half {fingerprint}"));
    }
    Some(finding)
}

fn is_google(credential: &Credential) -> bool {
    credential.attributes.contains_key("key_algorithm")
}

/// A key of a service account
/// (<https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys#serviceaccountkeyalgorithm>).
fn google(key: &Credential, view: &View<'_>) -> Option<Finding> {
    let weak = key.attributes.get("key_algorithm").is_some_and(|algorithm| algorithm == "KEY_ALG_RSA_1024");
    weak.then(|| {
        let mut finding = WEAK_KEY.on(key);
        finding.title = format!("Key of {} has 1024 bits of RSA", owner(key, view));
        finding.evidence.push("keyAlgorithm KEY_ALG_RSA_1024".to_owned());
        finding
    })
}

/// A public key that something lets in.
fn let_in(place: &Setting, view: &View<'_>) -> Option<(String, Finding)> {
    let noted = |name: &str| place.attributes.get(name).map(String::as_str);
    let weak = weakness(noted("key_type")?, noted("bits"))?;
    let holder = place.identity.as_ref().and_then(|id| view.identity(id));
    if holder.is_some_and(|holder| matches!(holder.status, Status::Inactive | Status::Deleted)) {
        return None;
    }
    let id = format!("ssh:key:{}", place.value);
    let mut finding = WEAK_KEY.blank(&[WEAK_KEY.id, &id], vec![place.location.clone()]);
    finding.credential = view.credential(&id).map(|credential| credential.id.clone());
    finding.title = format!("{} lets {weak} in", place.subject);
    if place.identity.is_some() {
        finding.identity.clone_from(&place.identity);
        finding.title = format!("{} is {weak}", place.subject);
    }
    finding.evidence.push(format!("let in by {}", place.subject));
    finding.evidence.push(format!("{weak}, {}", place.value));
    if let Some(comment) = noted("comment") {
        finding.evidence.push(format!("comment {comment}"));
    }
    Some((id, finding))
}

fn certificate(certificate: &Certificate<'_>, keys: &BTreeSet<&str>) -> Option<Finding> {
    let weak = weakness(certificate.noted("key"), Some(certificate.noted("bits")));
    // Nobody goes by the signature of one that signed itself: it is trusted as it stands.
    let signature =
        Some(certificate.noted("weak_signature")).filter(|s| !s.is_empty() && !certificate.is_self_signed());
    let mut said = Vec::new();
    said.extend(weak.map(|weak| format!("holds {weak}")));
    said.extend(signature.map(|hash| format!("is signed with {hash}")));
    if said.is_empty() {
        return None;
    }
    let own = certificate.is_own(keys);
    let mut finding = certificate.finding(&WEAK_KEY, own);
    if !own {
        finding.confidence = Confidence::Medium;
    }
    finding.title = format!("Certificate of {} {}", certificate.title(), said.join(" and "));
    if let Some((_, end)) = certificate.validity() {
        say(&mut finding.evidence, format!("it holds until {}", end.strftime("%Y-%m-%d")));
    }
    Some(finding)
}
