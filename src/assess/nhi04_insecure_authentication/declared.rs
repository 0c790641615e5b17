//! What declarations of cloud resources leave open beside identities.

use super::super::estate::DECLARATIONS;
use super::super::view::{View, declared_role};
use super::super::{Check, Context, settings};
use crate::model::{Confidence, Finding, Privilege, Risk, Setting, Severity, setting};

/// Shared keys beside identities.
pub(in super::super) const SHARED_KEY: Check = Check {
    id: "NHI4-shared-key-enabled",
    risk: Risk::Nhi4,
    title: "Cloud service that takes shared keys",
    why: "Whoever holds the key is let in as nobody in particular: it names no workload, never ends, and is copied into \
          configurations; conditional access does not apply to it.",
    remediation: "Switch shared keys off (Terraform: shared_access_key_enabled = false, local_auth_enabled = false, \
                  admin_enabled = false, local_account_disabled = true; Bicep and ARM: allowSharedKeyAccess: false, \
                  disableLocalAuth: true, adminUserEnabled: false, disableLocalAccounts: true) and grant the workloads' managed identities a data role.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/azure/storage/common/shared-key-authorization-prevent"],
    needs: DECLARATIONS,
    implies: &[],
    subjects: |view| settings::subjects(view, setting::SHARED_KEY),
    run: shared_key,
};

fn attribute<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map(String::as_str).unwrap_or_default()
}

fn shared_key(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&SHARED_KEY, view, setting::SHARED_KEY, |setting, finding| {
        let (argument, service) = (attribute(setting, "argument"), attribute(setting, "service"));
        finding.title = format!("{} lets shared keys in", setting.subject);
        let wanted = attribute(setting, "wanted");
        if setting.value == "default" {
            // A policy of the organisation may forbid them all the same.
            finding.confidence = Confidence::Medium;
            finding.evidence.push(format!("{service} takes keys unless {argument} = {wanted} is set"));
        } else {
            finding
                .evidence
                .push(format!("{argument} is set so that {service} takes keys; {argument} = {wanted} ends it"));
        }
        true
    })
}

/// Instance metadata without a session token.
pub(in super::super) const IMDS_V1: Check = Check {
    id: "NHI4-imdsv1",
    risk: Risk::Nhi4,
    title: "Machine that gives its credentials to plain requests",
    why: "Version 1 of the instance metadata service answers any GET request with the credentials of the machine's role, \
          so one forged request of a web application is enough to take them.",
    remediation: "Demand tokens: http_tokens = \"required\" in metadata_options (Terraform), HttpTokens: required in \
                  MetadataOptions (CloudFormation), with a hop limit of 1 where no container needs more.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"],
    needs: DECLARATIONS,
    implies: &[],
    subjects: |view| settings::subjects(view, setting::IMDS_V1),
    run: imds,
};

fn imds(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&IMDS_V1, view, setting::IMDS_V1, |setting, finding| {
        let argument = Some(attribute(setting, "argument")).filter(|a| !a.is_empty()).unwrap_or("http_tokens");
        finding.title = format!("{} answers metadata requests without a token", setting.subject);
        if attribute(setting, "role") == "true" {
            finding.evidence.push("it has an instance role, whose credentials are given out".to_owned());
        } else {
            finding.base_severity = Severity::Low;
            finding.evidence.push("no instance role is declared with it".to_owned());
        }
        let machine = setting.identity.as_ref();
        let roles = machine.map(|id| view.usages_of(id)).unwrap_or_default().iter().filter_map(|u| u.target.as_deref());
        let admin = |role: &str| {
            let key = machine.and_then(|id| declared_role(id, role));
            key.and_then(|key| view.identity(&key)).is_some_and(|role| role.privilege == Privilege::Admin)
        };
        if let Some(role) = roles.into_iter().find(|role| admin(role)) {
            finding.base_severity = Severity::High;
            finding.evidence.push(format!("{role} administers the account"));
        }
        if setting.value == "default" {
            // An image or the account may demand version 2.
            finding.confidence = Confidence::Medium;
            finding.evidence.push(format!("{argument} is not set; the image or the account may demand it"));
        } else {
            finding.evidence.push(format!("{argument} is optional"));
        }
        true
    })
}
