//! Webhooks that do not show who calls.

use crate::assess::estate::TERRAFORM;
use crate::assess::{Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// A webhook without a secret, or one that goes to whoever answers.
pub(in crate::assess) const WEBHOOK_UNSIGNED: Check = Check {
    id: "NHI4-webhook-unsigned",
    risk: Risk::Nhi4,
    title: "Webhook without a secret or without a check of the certificate",
    why: "Without a secret the receiver cannot tell the code host from anybody else who knows the address, so forged events \
          start what it starts; without a check of the certificate whoever stands between reads and changes them.",
    remediation: "Set a random secret (GitHub: secret, GitLab: token), have the receiver check it on every request, and leave \
                  the check of certificates on.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
    ],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::WEBHOOK),
    run: |view, _| {
        settings::of(&WEBHOOK_UNSIGNED, view, setting::WEBHOOK, |setting, finding| {
            let noted = |name: &str| setting.attributes.get(name).map(String::as_str).unwrap_or_default();
            let (unsigned, unchecked) = (noted("signed") == "false", noted("insecure") == "true");
            finding.title = match (unsigned, unchecked) {
                (true, true) => format!("{} has no secret and does not check certificates", setting.subject),
                (true, false) => format!("{} has no secret", setting.subject),
                (false, true) => format!("{} does not check certificates", setting.subject),
                (false, false) => return false,
            };
            if unsigned {
                finding.evidence.push(format!("{} is not set", noted("argument")));
            }
            if unchecked {
                finding.evidence.push("the check of the receiver's certificate is switched off".to_owned());
            }
            if !setting.value.is_empty() {
                finding.evidence.push(format!("it calls {}", setting.value));
            }
            true
        })
    },
};
