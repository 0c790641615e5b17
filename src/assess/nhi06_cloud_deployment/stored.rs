//! Credentials that last, made or held by declarations.

use crate::assess::estate::{DECLARATIONS, TERRAFORM};
use crate::assess::settings;
use crate::assess::view::View;
use crate::assess::{Check, Context};
use crate::model::{Confidence, Finding, Privilege, Risk, Setting, Severity, setting};

fn attribute<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// A declaration that makes a key which lasts.
pub(in crate::assess) const IAC_STATIC_KEY: Check = Check {
    id: "NHI6-iac-static-key",
    risk: Risk::Nhi6,
    title: "Declared key that lasts",
    why: "The key works from anywhere until somebody deletes it, and lands in the clear where the tool keeps what it made: \
          in Terraform's state, in the outputs of a stack.",
    remediation: "Delete the resource and let the workload take on an identity: aws_iam_role with \
                  AssumeRoleWithWebIdentity, google_iam_workload_identity_pool_provider, \
                  azuread_application_federated_identity_credential; for storage a user delegation SAS at run time.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://developer.hashicorp.com/terraform/language/state/sensitive-data"],
    needs: DECLARATIONS,
    implies: &[],
    subjects: |view| settings::subjects(view, setting::STATIC_KEY),
    run: static_key,
};

fn static_key(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&IAC_STATIC_KEY, view, setting::STATIC_KEY, |setting, finding| {
        let owner = setting.identity.as_ref().and_then(|id| view.identity(id));
        let whose = owner.map(|owner| format!(" of {}", owner.name)).unwrap_or_default();
        finding.title = format!("{} makes a long-lived key{whose}", setting.subject);
        // A shared signature ends, if late; what a user of the account's owner holds does not.
        if owner.is_some_and(|owner| owner.privilege >= Privilege::WriteBroad) {
            finding.base_severity = Severity::High;
            finding.evidence.push("its owner has wide rights".to_owned());
        }
        finding.evidence.push(format!("declared as {}", setting.value));
        match attribute(setting, "end") {
            "" => {}
            end => finding.evidence.push(format!("it ends {end}")),
        }
        if attribute(setting, "rotated") == "true" {
            finding.evidence.push("it is made anew when something changes".to_owned());
        }
        true
    })
}

/// A provider or backend with a credential of its own.
pub(in crate::assess) const PROVIDER_LITERAL: Check = Check {
    id: "NHI6-provider-literal",
    risk: Risk::Nhi6,
    title: "Terraform logs in with a stored credential",
    why: "What the tool logs in with can change everything it manages. In a file it is there for all who read the \
          repository; in a variable it still lasts, and passes through every machine that runs a plan.",
    remediation: "Let the tool take an identity on: assume_role_with_web_identity for aws, use_oidc = true for azurerm, \
                  azuread and azapi, external_credentials or workload identity federation for google; keep what a code \
                  host must hold out of the configuration.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#assuming-an-iam-role-using-a-web-identity",
        "https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/guides/service_principal_oidc",
    ],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::TOOL_CREDENTIAL),
    run: tool_credential,
};

fn tool_credential(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&PROVIDER_LITERAL, view, setting::TOOL_CREDENTIAL, |setting, finding| {
        let how = attribute(setting, "how");
        let federates = matches!(attribute(setting, "provider"), "aws" | "gcp" | "azure");
        let what = format!("{} in {}", setting.value, setting.subject);
        match how {
            "literal" => {
                finding.title = format!("{} holds a literal credential", setting.subject);
                finding.evidence.push(format!("{what} is written out"));
            }
            // Where there is nothing better, a variable or a file is how it is done.
            _ if !federates => return false,
            "file" => {
                finding.title = format!("{} logs in with a key file", setting.subject);
                finding.evidence.push(format!("{what} comes from a file"));
                finding.confidence = Confidence::Medium;
            }
            _ => {
                finding.title = format!("{} logs in with a stored secret", setting.subject);
                finding.base_severity = Severity::Medium;
                finding.confidence = Confidence::Medium;
                finding.evidence.push(format!("{what} comes from a variable"));
            }
        }
        true
    })
}

/// A service connection with a secret.
pub(in crate::assess) const SC_SECRET: Check = Check {
    id: "NHI6-sc-secret",
    risk: Risk::Nhi6,
    title: "Service connection with a secret",
    why: "The pipeline's way into the cloud is a secret that lasts and has to be renewed by hand, although the cloud would \
          take the pipeline's own identity.",
    remediation: "Set service_endpoint_authentication_scheme = \"WorkloadIdentityFederation\" (for AWS use_oidc = true) and \
                  delete the secret.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/azure/devops/pipelines/release/configure-workload-identity"],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::CONNECTION_SECRET),
    run: |view, _| {
        settings::of(&SC_SECRET, view, setting::CONNECTION_SECRET, |setting, finding| {
            finding.title = format!("{} authenticates with a secret", setting.subject);
            finding.evidence.push(format!("{}: {}", attribute(setting, "argument"), setting.value));
            true
        })
    },
};
