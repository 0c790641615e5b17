//! Azure shared access signatures: service SAS
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas>, account SAS
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas>, user delegation SAS
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/create-user-delegation-sas>, Service Bus and Event Hubs
//! <https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas>.

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof, When, parse_instant};

pub(super) const VALIDATOR: Validator = Validator {
    id: "azure-sas",
    about: "reads rights, expiry and storage account of a shared access signature",
    check: |subject| util::scrub(subject, prove(subject)),
};

type Params = [(String, String)];

fn prove(subject: &Subject<'_>) -> Proof {
    let whole = util::whole_text(subject);
    let text = if whole.contains("sig=") { whole } else { util::secret_text(subject) };
    let query = text.trim_start().strip_prefix("SharedAccessSignature ").unwrap_or(&text);
    let params = util::query(query);
    let Some(signature) = util::param(&params, "sig") else {
        return util::malformed(Confidence::Low, "It has no sig parameter.");
    };
    if util::stands_for(signature).is_some() || signature.eq_ignore_ascii_case("redacted") {
        let mut proof = Proof::default();
        util::mark_test(&mut proof, "A placeholder stands where the signature would.");
        return proof;
    }
    // An HMAC-SHA-256; a `+` may have been read as a blank by whoever wrote the URL down.
    let whole_signature = util::base64(signature.replace(' ', "+").as_bytes()).is_some_and(|bytes| bytes.len() == 32);
    let trigger = util::param(&params, "sp").filter(|sp| sp.starts_with('/'));
    let bounded = trigger.is_some() || ["se", "si"].iter().any(|p| util::param(&params, p).is_some());
    let mut proof = match (whole_signature, bounded) {
        (true, true) => util::proven("It has a signature of 32 bytes and an expiry or a stored policy."),
        (true, false) => util::malformed(Confidence::Medium, "It has neither an expiry nor a stored policy."),
        (false, _) => util::malformed(Confidence::Medium, "Its signature is not the base64 of 32 bytes."),
    };
    if let Some(trigger) = trigger {
        logic_app(&mut proof, trigger, util::param(&params, "se").is_none());
    } else {
        rights(&mut proof, &params);
    }
    limits(&mut proof, &params, subject);
    resource(&mut proof, &params, &text, util::part(subject, "host"));
    proof
}

/// Callback URLs of Logic Apps and Power Automate name the trigger in `sp` and mostly have no end,
/// <https://learn.microsoft.com/en-us/azure/logic-apps/logic-apps-securing-a-logic-app#sas>.
fn logic_app(proof: &mut Proof, trigger: &str, endless: bool) {
    util::set(proof, "rights", trigger);
    util::set(proof, "resource_type", "workflow trigger");
    util::say(proof, "It starts a workflow of Logic Apps or Power Automate.");
    if endless {
        proof.expires = When::Never;
        util::set(proof, "expiry", "none");
        util::say(proof, "It never expires.");
    }
}

/// Letters of `sp`; `p` means another thing for queues.
fn right(letter: char, queue: bool) -> Option<&'static str> {
    Some(match letter {
        'r' => "read",
        'a' => "add",
        'c' => "create",
        'w' => "write",
        'd' => "delete",
        'x' => "delete version",
        'y' => "permanent delete",
        'l' => "list",
        't' => "tags",
        'f' => "find by tags",
        'm' => "move",
        'e' => "execute",
        'o' => "ownership",
        'p' if queue => "process",
        'p' => "permissions",
        'i' => "set immutability policy",
        'u' => "update",
        _ => return None,
    })
}

fn rights(proof: &mut Proof, params: &Params) {
    let Some(letters) = util::param(params, "sp") else { return };
    let queue = util::param(params, "ss").is_some() || util::param(params, "sr").is_none();
    let words: Vec<&str> = letters.chars().take(20).filter_map(|c| right(c, queue)).collect();
    util::set(proof, "rights", &words.join(", "));
    if letters.contains(['w', 'c', 'd', 'a', 'o', 'p', 'u']) {
        util::say(proof, format!("It may change what it opens: {}.", words.join(", ")));
    }
}

fn limits(proof: &mut Proof, params: &Params, subject: &Subject<'_>) {
    let start = util::param(params, "st").and_then(parse_instant);
    if let Some(start) = start {
        proof.issued = When::At(start);
    }
    if let Some(expires) = util::param(params, "se").and_then(parse_instant) {
        util::set_expiry(proof, expires, subject.as_of);
        let from = start.map_or(subject.as_of, |t| t);
        let days = (expires.as_second() - from.as_second()) / 86_400;
        if expires >= subject.as_of && days > 7 {
            util::say(proof, format!("Its life of {days} days is long; Microsoft advises hours."));
        }
    }
    for (name, attribute) in [("si", "stored_policy"), ("spr", "protocols"), ("sip", "ip_range"), ("sv", "version")] {
        util::set(proof, attribute, util::param(params, name).unwrap_or_default());
    }
    if util::param(params, "si").is_some() {
        util::say(proof, "A stored access policy bounds it and can revoke it.");
    }
    if let Some(object) = util::param(params, "skoid") {
        util::set(proof, "user_delegation", object);
        util::set(proof, "tenant", util::param(params, "sktid").unwrap_or_default());
        util::say(
            proof,
            "It was signed with a user delegation key, which lasts seven days at most and can be revoked.",
        );
    } else if util::param(params, "skn").is_some() {
        util::set(proof, "policy", util::param(params, "skn").unwrap_or_default());
    } else if util::param(params, "si").is_none() && util::param(params, "sr").or(util::param(params, "srt")).is_some()
    {
        util::say(proof, "It was signed with the account key: it can only be revoked by rolling that key.");
    }
}

fn resource(proof: &mut Proof, params: &Params, text: &str, host_part: Option<&str>) {
    let kind = match util::param(params, "sr") {
        Some("b") => "blob",
        Some("bs") => "blob snapshot",
        Some("bv") => "blob version",
        Some("c") => "container",
        Some("d") => "directory",
        Some("f") => "file",
        Some("s") => "share",
        Some(_) => "namespace",
        None if util::param(params, "srt").is_some() => "account",
        None => "",
    };
    if !kind.is_empty() {
        util::set(proof, "resource_type", kind);
    }
    if kind == "account" {
        let services: Vec<&str> = util::param(params, "ss")
            .unwrap_or_default()
            .chars()
            .filter_map(|c| {
                Some(match c {
                    'b' => "blob",
                    'f' => "file",
                    'q' => "queue",
                    't' => "table",
                    _ => return None,
                })
            })
            .collect();
        util::set(proof, "services", &services.join(", "));
    }
    let url = if kind == "namespace" { util::param(params, "sr").unwrap_or_default() } else { text };
    let (host, path) = util::host_and_path(url)
        .or_else(|| host_part.map(|h| (h.to_ascii_lowercase(), String::new())))
        .unwrap_or_default();
    util::set(proof, "host", &host);
    util::set(proof, "resource", &path);
    storage_account(proof, &host);
}

/// Names the account of `<account>.<service>.core.<cloud>`.
fn storage_account(proof: &mut Proof, host: &str) {
    let account = host.split_once('.').filter(|(_, rest)| {
        ["blob.", "file.", "queue.", "table.", "dfs.", "web."].iter().any(|s| rest.starts_with(s))
            && rest.contains("core.")
    });
    let Some((account, _)) = account else { return };
    util::set(proof, "account", account);
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("azure", "storage-account", account),
        kind: IdentityKind::Other,
        provider: "azure".to_owned(),
        name: account.to_owned(),
        account: None,
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    fn signature() -> String {
        data_encoding::BASE64.encode(noise(91, 32).as_bytes()).replace('+', "%2B").replace('=', "%3D")
    }

    fn check(query: &str) -> Proof {
        let url = format!("https://shopdata.blob.core.windows.net/backup/db.bak?{query}&sig={}", signature());
        (VALIDATOR.check)(&subject(url.as_bytes()))
    }

    #[test]
    fn rights_expiry_and_account_are_read() {
        let proof = check("sv=2022-11-02&st=2025-12-01T00:00:00Z&se=2026-06-01T00%3A00%3A00Z&sr=c&sp=rwdl&spr=https");
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.attributes["rights"], "read, write, delete, list");
        assert_eq!(proof.attributes["resource_type"], "container");
        assert_eq!(proof.attributes["host"], "shopdata.blob.core.windows.net");
        assert_eq!(proof.expires.at().unwrap().to_string(), "2026-06-01T00:00:00Z");
        assert_eq!(proof.identity.unwrap().key.as_str(), "azure:storage-account:shopdata");
        assert!(proof.evidence.iter().any(|e| e.contains("182 days")), "{:?}", proof.evidence);
        assert!(proof.evidence.iter().any(|e| e.contains("account key")));
    }

    #[test]
    fn expiry_is_measured_and_may_lack_its_seconds() {
        assert_eq!(check("sv=2022-11-02&se=2025-06-01T00:00Z&sr=b&sp=r").validity, Validity::Expired);
        assert_eq!(check("sv=2022-11-02&se=2025-06-01&sr=b&sp=r").validity, Validity::Expired);
    }

    #[test]
    fn a_user_delegation_key_and_account_sas_are_recognised() {
        let proof = check("sv=2022-11-02&se=2026-01-02T00:00:00Z&sr=b&sp=r&skoid=1-2&sktid=3-4");
        assert_eq!(proof.attributes["user_delegation"], "1-2");
        let proof = check("sv=2022-11-02&ss=bq&srt=sco&sp=rp&se=2026-01-02T00:00:00Z");
        assert_eq!(proof.attributes["rights"], "read, process");
        assert_eq!(proof.attributes["services"], "blob, queue");
        assert_eq!(proof.attributes["resource_type"], "account");
    }

    #[test]
    fn a_service_bus_signature_gives_namespace_and_policy() {
        let text = format!(
            "SharedAccessSignature sr=https%3A%2F%2Fshop.servicebus.windows.net%2Fq&sig={}&se=1767225601&skn=sender",
            signature()
        );
        let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
        assert_eq!(proof.attributes["policy"], "sender");
        assert_eq!(proof.attributes["host"], "shop.servicebus.windows.net");
        assert_eq!(proof.validity, Validity::ProvenFormat);
    }

    #[test]
    fn a_workflow_trigger_never_expires() {
        let text = format!(
            "https://prod-1.westeurope.logic.azure.com/workflows/ab/triggers/manual/paths/invoke?api-version=1\
             &sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={}",
            util::testing::b64url(noise(92, 32).as_bytes())
        );
        let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
        assert_eq!((proof.validity, proof.expires), (Validity::ProvenFormat, When::Never));
        assert_eq!(proof.attributes["rights"], "/triggers/manual/run");
        assert_eq!(proof.attributes["resource_type"], "workflow trigger");
    }

    #[test]
    fn a_broken_or_missing_signature_is_said() {
        let check = |text: &str| (VALIDATOR.check)(&subject(text.as_bytes())).validity;
        assert_eq!(check("https://a.blob.core.windows.net/c?se=2026-01-02&sig=abcd"), Validity::Malformed);
        assert_eq!(check("https://a.blob.core.windows.net/c?se=2026-01-02&sig=<signature>"), Validity::TestValue);
        assert_eq!(check("https://a.blob.core.windows.net/c?se=2026-01-02"), Validity::Malformed);
    }

    #[test]
    fn the_signature_is_in_no_attribute() {
        let proof = check("sv=2022-11-02&se=2026-06-01&sr=c&sp=r");
        let signature = util::percent_decode(&signature());
        assert!(!proof.attributes.values().chain(&proof.evidence).any(|v| v.contains(&signature)));
    }
}
