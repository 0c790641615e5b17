//! Secrets in stores that could rotate them.

use std::collections::BTreeSet;

use super::YEAR;
use super::tokens::whole_life;
use crate::assess::estate::{AWS_SECRETS, AZURE_VAULT_SECRETS};
use crate::assess::score::dead;
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Risk, Severity, Status, When};

/// A secret of AWS that nothing rotates.
pub(in crate::assess) const SM_NO_ROTATION: Check = Check {
    id: "NHI7-sm-no-rotation",
    risk: Risk::Nhi7,
    title: "Secret in AWS Secrets Manager that nothing rotates",
    why: "The store hands out the same value for as long as it exists: whoever read it once, in a log, a shell or a backup, \
          has it for good.",
    remediation: "Turn rotation on (`aws secretsmanager rotate-secret --secret-id NAME --rotation-rules \
                  AutomaticallyAfterDays=30 --rotation-lambda-arn ARN`), or let the service behind it take IAM logins, which \
                  need no secret.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html"],
    needs: &[AWS_SECRETS],
    implies: &[Adjustment::Active],
    subjects,
    run: |view, context| secrets(view).filter_map(|secret| never(secret, context)).collect(),
};

/// A secret of AWS whose rotation has stopped.
pub(in crate::assess) const SM_ROTATION_BROKEN: Check = Check {
    id: "NHI7-sm-rotation-broken",
    risk: Risk::Nhi7,
    title: "Secret in AWS Secrets Manager whose rotation has stopped",
    why: "Rotation is on and does not happen: everybody believes that the value is fresh, and it is not.",
    remediation: "Look at the log of the rotation function and at the versions that are stuck (`aws secretsmanager \
                  describe-secret`), mend it, and rotate at once with `aws secretsmanager rotate-secret`.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html"],
    needs: &[AWS_SECRETS],
    implies: &[Adjustment::Active],
    subjects,
    run: |view, context| secrets(view).filter_map(|secret| stopped(secret, context)).collect(),
};

/// A secret of an Azure key vault that nothing ends.
pub(in crate::assess) const KEY_VAULT_SECRET: Check = Check {
    id: "NHI7-azure-vault-secret",
    risk: Risk::Nhi7,
    title: "Secret in an Azure key vault without an end, or with a long life",
    why: "The vault hands out the same value for as long as it is the newest version, and without an end nothing reminds anybody of \
          it: whoever read it once has it for good.",
    remediation: "Put a new value in and give it an end (`az keyvault secret set --vault-name VAULT --name NAME --expires DATE`), with a \
                  rotation on the SecretNearExpiry event; where the service behind it takes managed identities, no secret is needed.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://learn.microsoft.com/en-us/azure/key-vault/secrets/secrets-best-practices",
        "https://learn.microsoft.com/en-us/azure/key-vault/secrets/tutorial-rotation",
    ],
    needs: &[AZURE_VAULT_SECRETS],
    implies: &[Adjustment::Active],
    subjects: |view| vault_secrets(view).map(subject_of).collect(),
    run: |view, context| vault_secrets(view).filter_map(|secret| endless(secret, context)).collect(),
};

/// Secrets of key vaults that people put there; those of certificates are renewed with these.
fn vault_secrets<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(|c| {
        c.id.starts_with("azure:key-vault-secret:")
            && c.status == Status::Active
            && !c.attributes.contains_key("managed")
    })
}

fn endless(secret: &Credential, context: &Context<'_>) -> Option<Finding> {
    if dead(secret, context.as_of).is_some() {
        return None;
    }
    let limits = context.policy.limits();
    let age = secret.created.days_before(context.as_of);
    let (sentence, severity) = match secret.expires {
        When::Never => {
            let age = age.filter(|age| *age > limits.key_age)?;
            (format!("has no end and is {} old", days(age)), Severity::Medium)
        }
        _ => {
            let life = whole_life(secret, context).filter(|life| *life > limits.secret_life)?;
            (format!("lives {}", days(life)), if life > YEAR { Severity::Medium } else { Severity::Low })
        }
    };
    let mut finding = KEY_VAULT_SECRET.on(secret);
    finding.base_severity = severity;
    finding.title = format!("Secret {} of vault {} {sentence}", name(secret), attribute(secret, "vault"));
    finding.evidence.push("of its newest version; the value was not read".to_owned());
    owner(secret, &mut finding);
    Some(finding)
}

/// Secrets of the store that are in use. A service that owns one rotates it itself.
fn secrets<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(|c| {
        c.id.starts_with("aws:secret:") && c.status == Status::Active && !c.attributes.contains_key("owning_service")
    })
}

fn subjects(view: &View<'_>) -> BTreeSet<String> {
    secrets(view).map(subject_of).collect()
}

fn attribute<'c>(secret: &'c Credential, name: &str) -> &'c str {
    secret.attributes.get(name).map(String::as_str).unwrap_or_default()
}

fn name(secret: &Credential) -> &str {
    match attribute(secret, "name") {
        "" => secret.id.rsplit(':').next().unwrap_or_default(),
        name => name,
    }
}

/// The last change of any kind, as long ago as the value can be known to be.
fn unchanged(secret: &Credential, context: &Context<'_>) -> Option<i64> {
    When::parse(attribute(secret, "changed")).days_before(context.as_of).or(secret.created.days_before(context.as_of))
}

fn owner(secret: &Credential, finding: &mut Finding) {
    let owner = attribute(secret, "owner");
    if !owner.is_empty() {
        finding.evidence.push(format!("owner by its tags: {owner}"));
    }
}

fn never(secret: &Credential, context: &Context<'_>) -> Option<Finding> {
    let age = unchanged(secret, context).filter(|age| *age > context.policy.limits().key_age)?;
    (attribute(secret, "rotation") == "off").then_some(())?;
    let mut finding = SM_NO_ROTATION.on(secret);
    finding.title = format!("Secret {} is not rotated and at least {} old", name(secret), days(age));
    finding.evidence.push(format!("rotation is off; last changed in any way {} ago", days(age)));
    if let Some(used) = secret.last_used.days_before(context.as_of) {
        finding.evidence.push(format!("last fetched {} ago", days(used.max(0))));
    }
    owner(secret, &mut finding);
    Some(finding)
}

fn stopped(secret: &Credential, context: &Context<'_>) -> Option<Finding> {
    (attribute(secret, "rotation") == "on").then_some(())?;
    let period: i64 = attribute(secret, "rotation_days").parse().ok().filter(|days| *days > 0)?;
    let late = |age: &i64| *age > 2 * period;
    let changed = unchanged(secret, context);
    let mut finding = SM_ROTATION_BROKEN.on(secret);
    match secret.rotated {
        When::At(_) => {
            let age = secret.rotated.days_before(context.as_of).filter(late)?;
            finding.title = format!("Secret {} was last rotated {} ago", name(secret), days(age));
            // Rotation may have been turned on again since.
            if changed.is_some_and(|age| !late(&age)) {
                finding.confidence = Confidence::Medium;
            }
        }
        // Rotation was turned on at the last change, or before.
        When::Never => {
            let age = changed.filter(late)?;
            finding.title =
                format!("Secret {} was never rotated, {} after rotation was turned on", name(secret), days(age));
        }
        _ => return None,
    }
    finding.evidence.push(format!("rotation is on, every {}", days(period)));
    if let Some(overdue) = When::parse(attribute(secret, "next_rotation")).days_before(context.as_of).filter(|d| *d > 0)
    {
        finding.evidence.push(format!("the next rotation was due {} ago", days(overdue)));
    }
    owner(secret, &mut finding);
    Some(finding)
}
