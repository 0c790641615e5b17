//! Keys and secret ids that are declared without an end.

use crate::assess::estate::{TERRAFORM, VAULT};
use crate::assess::view::View;
use crate::assess::{Check, Context, settings};
use crate::model::{Confidence, Finding, Risk, Severity, When, setting};

/// A key of a key service that is not rotated.
pub(in crate::assess) const KMS_NOROTATE: Check = Check {
    id: "NHI7-kms-norotate",
    risk: Risk::Nhi7,
    title: "Encryption key without rotation",
    why: "One key guards everything ever encrypted with it; the longer it is used, the more a single leak opens.",
    remediation: "Set enable_key_rotation = true (AWS), rotation_period = \"7776000s\" (Google) or a rotation_policy \
                  (Azure). Keys for signing and imported keys cannot be rotated so.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::KEY_ROTATION),
    run: |view, _| {
        settings::of(&KMS_NOROTATE, view, setting::KEY_ROTATION, |setting, finding| {
            let argument = setting.attributes.get("argument").map(String::as_str).unwrap_or_default();
            finding.title = format!("{} is not rotated", setting.subject);
            if setting.value == "default" {
                finding.base_severity = Severity::Low;
                finding.evidence.push(format!("{argument} is not set"));
            } else {
                finding.evidence.push(format!("{argument} = false"));
            }
            true
        })
    },
};

/// Secret ids of Vault that work for ever.
pub(in crate::assess) const VAULT_FOREVER: Check = Check {
    id: "NHI7-vault-forever",
    risk: Risk::Nhi7,
    title: "Vault role whose secret ids never end",
    why: "A secret id without end by time or use is a password: whoever has found one logs in until somebody revokes it.",
    remediation: "Set secret_id_ttl and secret_id_num_uses on the role, or let the workload log in by its platform's \
                  identity (jwt, kubernetes, aws).",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://developer.hashicorp.com/vault/api-docs/auth/approle"],
    needs: &[TERRAFORM, VAULT],
    implies: &[],
    subjects: |view| {
        let mut all = settings::subjects(view, setting::SECRET_ID);
        all.extend(View::ids(view.identities().filter(|i| i.provider == "vault")));
        all
    },
    run: forever,
};

fn forever(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut found = settings::of(&VAULT_FOREVER, view, setting::SECRET_ID, |setting, finding| {
        finding.title = format!("{} gives secret ids that never end", setting.subject);
        finding.evidence.push("secret_id_ttl and secret_id_num_uses are 0 or not set".to_owned());
        if setting.attributes.get("bound").is_some_and(|bound| bound == "true") {
            finding.base_severity = Severity::Low;
            finding.evidence.push("they are bound to addresses".to_owned());
        }
        true
    });
    found.extend(settings::of(&VAULT_FOREVER, view, setting::TOKEN_LIFE, |setting, finding| {
        let mount = setting.attributes.get("mount");
        let name = setting.subject.rsplit('#').next().unwrap_or(&setting.subject);
        finding.title = match mount {
            Some(kind) => format!("The mount {name} ({kind}) lets tokens live {}", setting.value),
            None => format!("Tokens of {name} live {}", setting.value),
        };
        finding.evidence.push(format!("life: {}", setting.value));
        finding.remediation = LIFE_ADVICE.into();
        if mount.is_some() {
            finding.base_severity = Severity::Low;
        }
        true
    }));
    let endless = view.credentials().filter(|c| c.kind == "vault-token" && c.expires == When::Never);
    found.extend(endless.map(|token| {
        let mut finding = VAULT_FOREVER.on(token);
        let owner = token.identity.as_ref().and_then(|id| view.identity(id)).map_or("unknown", |i| i.name.as_str());
        finding.title = format!("The token {owner} of Vault never ends");
        finding.evidence.push("expire_time is null and creation_ttl is 0".to_owned());
        finding.remediation = LIFE_ADVICE.into();
        finding
    }));
    found
}

/// What to do about tokens of Vault that live too long.
const LIFE_ADVICE: &str = "Revoke it by its accessor (vault token revoke -accessor ACCESSOR). Set token_max_ttl on the role, or \
    vault auth tune -max-lease-ttl=24h PATH on the mount, and no token_period where nothing renews.";
