//! Secrets in infrastructure that is declared as code: in templates, in the environment of functions, and in files that
//! are only half encrypted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::{ANSIBLE, ARM, BICEP, CLOUDFORMATION, PULUMI, SERVERLESS, SOPS, TERRAFORM};
use super::super::headline::{is_placeholder, is_seen};
use super::super::view::View;
use super::super::{Check, Context, say, settings};
use crate::model::{AuthMode, Confidence, Finding, IdentityKind, Risk, Setting, Severity, setting};

/// Places in which a detector reported a value.
fn seen<'a>(view: &View<'a>) -> BTreeSet<(&'a str, u64)> {
    view.inventory.exposures.iter().map(|e| (e.location.path.as_str(), e.location.line)).collect()
}

fn is_reported(setting: &Setting, seen: &BTreeSet<(&str, u64)>) -> bool {
    setting.location.line > 0 && seen.contains(&(setting.location.path.as_str(), setting.location.line))
}

/// A parameter or property of a template that gives a secret away.
pub(in crate::assess) const CFN_PARAM: Check = Check {
    id: "NHI2-cfn-param",
    risk: Risk::Nhi2,
    title: "Deployment template gives a secret away",
    why: "Everybody who can read the template, or describe the stack or deployment made from it, can read the secret.",
    remediation: "Let the template take the value from a secret store: `{{resolve:secretsmanager:NAME}}` in CloudFormation, \
                  `getSecret()` of a key vault in Bicep, a `reference` in an ARM parameter file, a data source or an ephemeral value \
                  in Terraform. A parameter for a secret is \
                  marked `NoEcho: true`, `secureString` or `@secure()` and has no default.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html",
        "https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#security-recommendations-for-parameters",
    ],
    needs: &[CLOUDFORMATION, SERVERLESS, ARM, BICEP, PULUMI, TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::PLAIN_SECRET),
    run: cfn_param,
};

fn cfn_param(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen = seen(view);
    settings::of(&CFN_PARAM, view, setting::PLAIN_SECRET, |setting, finding| {
        let subject = &setting.subject;
        let (severity, title, sentence) = match setting.value.as_str() {
            "default" | "literal" if is_reported(setting, &seen) => return false,
            "default" if is_marked_placeholder(setting) => (
                Severity::Medium,
                format!("Default value for the secret {subject}"),
                "its default is a word that everybody knows, and holds where nobody sets another",
            ),
            "default" => (
                Severity::High,
                format!("Default value for the secret {subject}"),
                "the template brings its value along",
            ),
            "echo" => (
                Severity::Medium,
                format!("The secret {subject} is shown in the clear"),
                "it is not marked as a secret, so the console, the API and the log of deployments show its value",
            ),
            "output" => (
                Severity::High,
                format!("A secret is shown as {subject}"),
                "outputs are shown to everybody who may describe the stack or deployment",
            ),
            _ => (Severity::High, format!("Literal secret in {subject}"), "its value stands in the template"),
        };
        finding.base_severity = severity;
        finding.title = title;
        finding.confidence = if setting.value == "output" { Confidence::High } else { Confidence::Medium };
        say(&mut finding.evidence, sentence.to_owned());
        true
    })
}

fn is_marked_placeholder(setting: &Setting) -> bool {
    setting.attributes.get("placeholder").is_some_and(|value| value == "true")
}

/// A literal credential among the variables of what a template deploys.
pub(in crate::assess) const SERVERLESS_ENV: Check = Check {
    id: "NHI2-serverless-env",
    risk: Risk::Nhi2,
    title: "Literal credential in the environment of a function or service",
    why: "The value is in the repository, in every copy of the template and in the console, where it is shown to \
          everybody who may look at the function.",
    remediation: "Revoke the value. Give the function a role for what its cloud offers, and let it fetch the rest by name \
                  from a secret store when it runs: Secrets Manager, Parameter Store, Key Vault.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"],
    needs: &[SERVERLESS, CLOUDFORMATION, ARM, BICEP],
    implies: &[],
    subjects: |view| View::ids(view.identities().filter(|i| is_deployed(i.id.as_str(), i.kind))),
    run: serverless_env,
};

fn is_deployed(id: &str, kind: IdentityKind) -> bool {
    let platforms = ["serverless:", "cloudformation:", "arm:", "bicep:"];
    kind == IdentityKind::Workload && platforms.iter().any(|platform| id.starts_with(platform))
}

fn serverless_env(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen = seen(view);
    let mut groups: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for usage in view.usages().filter(|usage| usage.mode == AuthMode::Static) {
        let workload = usage.identity.as_ref().and_then(|id| view.identity(id));
        let Some(workload) = workload.filter(|i| is_deployed(i.id.as_str(), i.kind)) else { continue };
        // The detector has reported it, with its value.
        if is_seen(usage, &seen) || is_placeholder(usage) {
            continue;
        }
        let finding = groups.entry((workload.id.to_string(), &usage.mechanism)).or_insert_with(|| {
            let mut finding = SERVERLESS_ENV.about(workload, &usage.mechanism);
            finding.title = format!("Literal credential {} in the environment of {}", usage.mechanism, workload.name);
            finding.locations.clear();
            finding
        });
        finding.locations.push(usage.location.clone());
        let sentence = format!("{} is written out", usage.mechanism);
        say(&mut finding.evidence, sentence);
    }
    groups.into_values().collect()
}

/// A value in the clear in a file that is meant to be encrypted.
pub(in crate::assess) const BROKEN_ENCRYPTION: Check = Check {
    id: "NHI2-broken-encryption",
    risk: Risk::Nhi2,
    title: "Value in the clear in an encrypted file",
    why: "The file looks protected and is not: whoever can read it can read this value, and its history keeps it.",
    remediation: "Rotate the value, then encrypt it: `sops encrypt --in-place FILE`, `ansible-vault encrypt FILE` or \
                  `ansible-vault encrypt_string`, `pulumi config set --secret NAME`. Edit such files with `sops FILE` or \
                  `ansible-vault edit FILE` only.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://getsops.io/docs/",
        "https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html",
        "https://www.pulumi.com/docs/iac/concepts/secrets/",
    ],
    needs: &[SOPS, ANSIBLE, PULUMI],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::BROKEN_ENCRYPTION),
    run: broken_encryption,
};

fn broken_encryption(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen = seen(view);
    settings::of(&BROKEN_ENCRYPTION, view, setting::BROKEN_ENCRYPTION, |setting, finding| {
        // What is encrypted as it should be stands here for the denominator.
        if setting.value.is_empty() || is_reported(setting, &seen) {
            return false;
        }
        let attribute = |name: &str| setting.attributes.get(name).map_or("", String::as_str);
        let tool = match attribute("tool") {
            "ansible-vault" => "Ansible Vault",
            "pulumi" => "Pulumi",
            _ => "SOPS",
        };
        if attribute("credential") != "true" {
            finding.base_severity = Severity::Medium;
        }
        if attribute("likely") == "true" {
            finding.confidence = Confidence::Medium;
        }
        finding.title = format!("{} is not encrypted in {}", setting.value, setting.subject);
        let because = attribute("because");
        let because = if because.is_empty() { "the file holds values encrypted with it" } else { because };
        say(&mut finding.evidence, format!("{tool}: {because}"));
        true
    })
}
