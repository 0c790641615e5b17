//! JSON Web Tokens: RFC 7519 <https://www.rfc-editor.org/rfc/rfc7519> and RFC 7515
//! <https://www.rfc-editor.org/rfc/rfc7515>; encrypted ones RFC 7516 <https://www.rfc-editor.org/rfc/rfc7516>.
//!
//! Issuers that are told apart: Kubernetes service accounts
//! <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>, Supabase keys
//! <https://supabase.com/docs/guides/api/api-keys>, Entra access tokens
//! <https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference>, GitHub and GitLab job
//! tokens <https://docs.github.com/en/actions/reference/security/oidc>,
//! <https://docs.gitlab.com/ci/secrets/id_token_authentication/>.

use jiff::Timestamp;
use serde_json::Value;

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof, Severity, Validity, When};

pub(super) const VALIDATOR: Validator = Validator {
    id: "jwt",
    about: "decodes a JSON Web Token: issuer, subject, audience, expiry, and the service account or role it names",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// A lifetime longer than this is worth a sentence: 30 days, in seconds.
const LONG_LIFE: i64 = 30 * 86_400;

/// The decoded halves of a token.
pub(super) struct Decoded {
    /// The header object.
    pub(super) header: Value,
    /// The claims object; absent in encrypted tokens.
    pub(super) claims: Option<Value>,
    /// False when the third segment is empty.
    pub(super) signed: bool,
}

/// Splits and decodes a compact token; `None` when header or payload is not a JSON object.
pub(super) fn decode(token: &str) -> Option<Decoded> {
    let segments: Vec<&str> = token.trim().split('.').take(6).collect();
    let header = util::json_object(&util::base64(segments.first()?.as_bytes())?)?;
    match segments.as_slice() {
        [_, payload] | [_, payload, _] => {
            let claims = util::json_object(&util::base64(payload.as_bytes())?)?;
            let signed = segments.get(2).is_some_and(|s| !s.trim_end_matches('=').is_empty());
            Some(Decoded { header, claims: Some(claims), signed })
        }
        [_, _, _, _, _] if header.get("enc").is_some() => Some(Decoded { header, claims: None, signed: true }),
        _ => None,
    }
}

/// What a token says of itself.
pub(super) fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    let token = token.strip_prefix("Bearer ").unwrap_or(&token);
    let Some(decoded) = decode(token) else {
        // What is called a token or key may be an encrypted or shortened one; by itself it is more often made up.
        let confidence = if subject.key_name.is_some() { Confidence::Medium } else { Confidence::Low };
        return util::malformed(confidence, "Its header or payload is not a JSON object in base64.");
    };
    if decoded.header.get("alg").or_else(|| decoded.header.get("typ")).is_none() {
        return util::malformed(Confidence::Low, "Its header names neither an algorithm nor a type.");
    }
    let mut proof = Proof { validity: Validity::ProvenFormat, ..Proof::default() };
    header(&mut proof, &decoded);
    match decoded.claims {
        Some(claims) => payload(&mut proof, &claims, subject.as_of),
        None => {
            util::set(&mut proof, "type", "JWE");
            util::say(&mut proof, "It is encrypted, so its claims cannot be read.");
        }
    }
    proof
}

fn header(proof: &mut Proof, decoded: &Decoded) {
    let algorithm = util::field(&decoded.header, "alg").unwrap_or_default();
    util::set(proof, "algorithm", &algorithm);
    util::set(proof, "key_id", &util::field(&decoded.header, "kid").unwrap_or_default());
    if algorithm.eq_ignore_ascii_case("none") {
        proof.severity = Some(Severity::Low);
        util::say(
            proof,
            "It is unsigned (alg none): anyone can write such a token, and only a broken verifier takes it.",
        );
    } else if !decoded.signed {
        proof.confidence = Some(Confidence::Low);
        util::say(proof, "Its signature is missing.");
    }
}

/// Claims that are shown, with the names of their attributes. Others may hold personal data and are not.
const SHOWN: [(&str, &str); 13] = [
    ("iss", "issuer"),
    ("sub", "subject"),
    ("role", "role"),
    ("scope", "scope"),
    ("scp", "scope"),
    ("tid", "tenant"),
    ("appid", "app_id"),
    ("azp", "app_id"),
    ("client_id", "app_id"),
    ("oid", "object_id"),
    ("ref", "project"),
    ("repository", "repository"),
    ("project_path", "project"),
];

fn payload(proof: &mut Proof, claims: &Value, as_of: Timestamp) {
    if claims.as_object().is_some_and(serde_json::Map::is_empty) {
        proof.confidence = Some(Confidence::Low);
        util::say(proof, "Its payload is empty.");
        return;
    }
    for (claim, name) in SHOWN {
        if let Some(value) = util::field(claims, claim).filter(|_| !proof.attributes.contains_key(name)) {
            util::set(proof, name, &value);
        }
    }
    util::set(proof, "audience", &util::list(claims, "aud").join(", "));
    let registered = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"].iter().any(|c| claims.get(c).is_some());
    times(proof, claims, as_of);
    if util::field(claims, "sub").as_deref() == Some("1234567890")
        && util::field(claims, "name").as_deref() == Some("John Doe")
    {
        util::mark_test(proof, "It carries the claims of the sample token on jwt.io.");
        return;
    }
    if !registered && kubernetes_names(claims).is_none() {
        proof.confidence = Some(Confidence::Medium);
        util::say(proof, "It has none of the registered claims.");
    }
    issuers(proof, claims);
}

/// Records `iat`, `exp` and what they say of the life of the token.
pub(super) fn times(proof: &mut Proof, claims: &Value, as_of: Timestamp) {
    let instant = |claim: &str| {
        let value = claims.get(claim)?;
        let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        // Saturates; seconds beyond the calendar are refused by the conversion.
        Timestamp::from_second(seconds as i64).ok()
    };
    let issued = instant("iat").or_else(|| instant("nbf"));
    if let Some(issued) = issued {
        proof.issued = When::At(issued);
    }
    match (claims.get("exp"), instant("exp")) {
        (_, Some(expires)) => {
            util::set_expiry(proof, expires, as_of);
            let life = issued.map_or(0, |t| expires.as_second() - t.as_second());
            if life > LONG_LIFE {
                util::say(proof, format!("It was issued for {} days.", life / 86_400));
            }
        }
        (None | Some(Value::Null), None) => {
            proof.expires = When::Never;
            util::set(proof, "expiry", "none");
            util::say(proof, "It never expires: it has no exp claim.");
        }
        (Some(_), None) => {
            util::set(proof, "expiry", "unreadable");
            util::say(proof, "Its exp claim is no time in seconds, so it may never expire.");
        }
    }
}

fn issuers(proof: &mut Proof, claims: &Value) {
    let issuer = util::field(claims, "iss").unwrap_or_default();
    if kubernetes(proof, claims) || supabase(proof, claims, &issuer) {
        return;
    }
    let host = util::host_and_path(&issuer).map(|(host, _)| host).unwrap_or_default();
    match host.as_str() {
        "token.actions.githubusercontent.com" => short_lived(proof, "GitHub Actions", "a few minutes"),
        "gitlab.com" if claims.get("project_path").is_some() => short_lived(proof, "GitLab CI/CD", "the job's timeout"),
        "sts.windows.net" | "login.microsoftonline.com" => entra(proof, claims),
        _ if issuer.ends_with(".gserviceaccount.com") => {
            let email = issuer.to_ascii_lowercase();
            proof.identity = Some(google_account(&email, None));
            util::say(proof, format!("The Google service account {} signed it itself.", util::shown(&email)));
        }
        _ => {}
    }
}

fn short_lived(proof: &mut Proof, platform: &str, life: &str) {
    proof.severity = Some(Severity::Low);
    util::set(proof, "short_lived", "yes");
    util::say(proof, format!("{platform} issued it to a job as proof of identity; such tokens last {life}."));
}

/// The hint for a Google service account.
pub(super) fn google_account(email: &str, project: Option<String>) -> IdentityHint {
    let email = email.to_ascii_lowercase();
    let of_email = email.split_once('@').and_then(|(_, d)| d.strip_suffix(".iam.gserviceaccount.com"));
    IdentityHint {
        key: IdentityKey::new("gcp", "service-account", &email),
        kind: IdentityKind::ServiceAccount,
        provider: "gcp".to_owned(),
        account: project.or_else(|| of_email.map(str::to_owned)),
        name: email,
    }
}

/// Namespace, name and uid of the service account, from the flat claims of legacy tokens, the nested object of bound
/// ones, or the subject of either.
fn kubernetes_names(claims: &Value) -> Option<(String, String)> {
    if let Some(bound) = claims.get("kubernetes.io")
        && let Some(namespace) = util::field(bound, "namespace")
        && let Some(name) = bound.get("serviceaccount").and_then(|a| util::field(a, "name"))
    {
        return Some((namespace, name));
    }
    let legacy = |claim: &str| util::field(claims, &format!("kubernetes.io/serviceaccount/{claim}"));
    if let (Some(namespace), Some(name)) = (legacy("namespace"), legacy("service-account.name")) {
        return Some((namespace, name));
    }
    let subject = util::field(claims, "sub")?;
    let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some((namespace.to_owned(), name.to_owned()))
}

fn kubernetes(proof: &mut Proof, claims: &Value) -> bool {
    let Some((namespace, name)) = kubernetes_names(claims) else { return false };
    let (namespace, name) = (util::shown(&namespace), util::shown(&name));
    util::set(proof, "namespace", &namespace);
    util::set(proof, "service_account", &name);
    if matches!(proof.validity, Validity::ProvenFormat) {
        proof.confidence = Some(Confidence::Confirmed);
    }
    let legacy = util::field(claims, "iss").as_deref() == Some("kubernetes/serviceaccount");
    util::set(proof, "token_type", if legacy { "kubernetes-legacy" } else { "kubernetes-bound" });
    util::say(
        proof,
        if legacy {
            format!("It is a legacy token of the Kubernetes service account {namespace}/{name}, stored in a Secret.")
        } else {
            format!("It is a token of the Kubernetes service account {namespace}/{name}.")
        },
    );
    if let Some(bound) = claims.get("kubernetes.io") {
        for (object, attribute) in [("pod", "pod"), ("node", "node"), ("secret", "bound_secret")] {
            let name = bound.get(object).and_then(|o| util::field(o, "name")).unwrap_or_default();
            util::set(proof, attribute, &name);
        }
    }
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("kubernetes", "service-account", &format!("{namespace}/{name}")),
        kind: IdentityKind::ServiceAccount,
        provider: "kubernetes".to_owned(),
        name: format!("{namespace}/{name}"),
        account: None,
    });
    true
}

fn supabase(proof: &mut Proof, claims: &Value, issuer: &str) -> bool {
    let hosted = issuer == "supabase" || issuer.ends_with(".supabase.co/auth/v1");
    let demo = issuer == "supabase-demo";
    let role = util::field(claims, "role").unwrap_or_default();
    if !(hosted || demo) || !matches!(role.as_str(), "anon" | "service_role") {
        return false;
    }
    if demo {
        util::mark_test(proof, "It is a demo key of Supabase's local stack, the same on every machine.");
    }
    if role == "anon" {
        proof.public = true;
        util::say(proof, "It is a Supabase anon key, which is public by design and bounded by row-level security.");
    } else {
        if !demo {
            proof.severity = Some(Severity::Critical);
        }
        util::say(proof, "It is a Supabase service_role key, which passes by row-level security.");
    }
    if let Some(project) = util::field(claims, "ref") {
        let project = util::shown(&project);
        proof.identity = Some(IdentityHint {
            key: IdentityKey::new("supabase", "role", &format!("{project}/{role}")),
            kind: IdentityKind::ServiceAccount,
            provider: "supabase".to_owned(),
            name: format!("{role} of {project}"),
            account: Some(project),
        });
    }
    true
}

fn entra(proof: &mut Proof, claims: &Value) {
    let application = util::field(claims, "idtyp").as_deref() == Some("app")
        || (util::field(claims, "oid").is_some() && util::field(claims, "oid") == util::field(claims, "sub"));
    let id = util::field(claims, "appid").or_else(|| util::field(claims, "azp"));
    util::say(proof, "Entra issued it; its access tokens last about an hour.");
    if let Some(id) = id.filter(|_| application) {
        let id = util::shown(&id).to_ascii_lowercase();
        proof.identity = Some(IdentityHint {
            key: IdentityKey::new("azure", "app", &id),
            kind: IdentityKind::Application,
            provider: "azure".to_owned(),
            name: util::field(claims, "app_displayname").map_or_else(|| id.clone(), |n| util::shown(&n)),
            account: util::field(claims, "tid").map(|t| util::shown(&t).to_ascii_lowercase()),
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::super::util::testing::{as_of, b64url, noise, subject};
    use super::*;

    fn token(header: &Value, claims: &Value) -> String {
        format!("{}.{}.{}", b64url(header.to_string().as_bytes()), b64url(claims.to_string().as_bytes()), noise(31, 43))
    }

    fn check(claims: &Value) -> Proof {
        (VALIDATOR.check)(&subject(token(&json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}), claims).as_bytes()))
    }

    #[test]
    fn a_legacy_service_account_token_names_its_account_and_never_expires() {
        let proof = check(&json!({
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": "shop",
            "kubernetes.io/serviceaccount/service-account.name": "deployer",
            "kubernetes.io/serviceaccount/secret.name": "deployer-token-x",
            "sub": "system:serviceaccount:shop:deployer",
        }));
        assert_eq!(proof.identity.as_ref().unwrap().key.as_str(), "kubernetes:service-account:shop/deployer");
        assert_eq!(proof.identity.as_ref().unwrap().kind, IdentityKind::ServiceAccount);
        assert_eq!(proof.expires, When::Never);
        assert_eq!(proof.attributes["expiry"], "none");
        assert_eq!(proof.attributes["token_type"], "kubernetes-legacy");
        assert_eq!(proof.confidence, Some(Confidence::Confirmed));
    }

    #[test]
    fn a_bound_token_reads_the_nested_object_and_its_expiry() {
        let proof = check(&json!({
            "iss": "https://kubernetes.default.svc.cluster.local", "aud": ["https://kubernetes.default.svc"],
            "exp": as_of().as_second() + 3600, "iat": as_of().as_second(),
            "kubernetes.io": {"namespace": "ns1", "pod": {"name": "p", "uid": "u"},
                              "serviceaccount": {"name": "sa1", "uid": "v"}, "warnafter": 1},
            "sub": "system:serviceaccount:ns1:sa1",
        }));
        assert_eq!(proof.identity.unwrap().key.as_str(), "kubernetes:service-account:ns1/sa1");
        assert_eq!(proof.attributes["pod"], "p");
        assert_eq!(proof.attributes["audience"], "https://kubernetes.default.svc");
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.expires.at().unwrap().as_second(), as_of().as_second() + 3600);
    }

    #[test]
    fn an_expiry_before_the_as_of_time_is_expired() {
        let proof =
            check(&json!({"iss": "x", "exp": as_of().as_second() - 1, "iat": as_of().as_second() - 90 * 86_400}));
        assert_eq!(proof.validity, Validity::Expired);
        assert!(proof.evidence.iter().any(|e| e.contains("89 days") || e.contains("90 days")), "{:?}", proof.evidence);
    }

    #[test]
    fn supabase_keys_differ_by_role() {
        let proof = check(&json!({"iss": "supabase", "ref": "abcd", "role": "anon", "exp": 4_102_444_800u64}));
        assert!(proof.public);
        let proof = check(&json!({"iss": "supabase", "ref": "abcd", "role": "service_role", "exp": 4_102_444_800u64}));
        assert!(!proof.public);
        assert_eq!(proof.severity, Some(Severity::Critical));
        assert_eq!(proof.identity.unwrap().key.as_str(), "supabase:role:abcd/service_role");
    }

    #[test]
    fn the_jwt_io_sample_is_a_test_value_of_low_severity() {
        let proof = check(&json!({"sub": "1234567890", "name": "John Doe", "iat": 1_516_239_022}));
        assert_eq!((proof.validity, proof.severity), (Validity::TestValue, Some(Severity::Low)));
    }

    #[test]
    fn what_does_not_decode_is_malformed_with_low_confidence() {
        let good = b64url(b"{\"alg\":\"HS256\"}");
        for text in [
            format!("{good}.{}.x", b64url(b"[1,2]")),
            format!("{}.{good}.x", b64url(b"not json")),
            format!("{}.{good}.x", b64url(b"{\"a\":1}")),
            good.clone(),
            String::new(),
        ] {
            let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
            assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(Confidence::Low)), "{text}");
        }
        assert_eq!(check(&json!({})).confidence, Some(Confidence::Low));
        let unsigned = (VALIDATOR.check)(&subject(format!("{good}.{}", b64url(b"{\"iss\":\"x\"}")).as_bytes()));
        assert_eq!((unsigned.validity, unsigned.confidence), (Validity::ProvenFormat, Some(Confidence::Low)));
    }

    #[test]
    fn unsigned_tokens_are_said_to_be_and_job_tokens_are_short_lived() {
        let text = token(&json!({"alg": "none"}), &json!({"iss": "x", "exp": 4_102_444_800u64}));
        let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
        assert_eq!(proof.severity, Some(Severity::Low));
        let proof =
            check(&json!({"iss": "https://token.actions.githubusercontent.com", "sub": "repo:o/r:ref:refs/heads/main",
                                  "exp": 1_700_000_000}));
        assert_eq!(proof.attributes["short_lived"], "yes");
        assert_eq!(proof.validity, Validity::Expired);
    }

    #[test]
    fn an_entra_application_is_named_and_a_person_is_not() {
        let app = json!({"iss": "https://sts.windows.net/t/", "tid": "T-1", "appid": "ABC", "oid": "o", "sub": "o",
                         "exp": 4_102_444_800u64});
        assert_eq!(check(&app).identity.unwrap().key.as_str(), "azure:app:abc");
        let person = json!({"iss": "https://sts.windows.net/t/", "appid": "ABC", "oid": "o", "sub": "p",
                            "upn": "jo@contoso.com", "exp": 4_102_444_800u64});
        let proof = check(&person);
        assert_eq!(proof.identity, None);
        assert!(!proof.attributes.values().any(|v| v.contains("contoso")), "unknown claims stay unseen");
    }

    #[test]
    fn times_that_no_calendar_has_do_not_count() {
        for exp in [json!(1.0e300), json!("soon"), json!(-1.0e300), json!([1])] {
            let proof = check(&json!({"iss": "x", "exp": exp}));
            assert_eq!(proof.attributes["expiry"], "unreadable");
            assert_eq!(proof.expires, When::Unknown);
        }
    }
}
