//! Workloads of a cluster that have no identity but that of their node.

use crate::assess::estate::TERRAFORM;
use crate::assess::settings;
use crate::assess::view::View;
use crate::assess::{Check, Context};
use crate::model::{Confidence, Finding, Privilege, Risk, Severity, setting};

/// Pods with the identity of their node.
pub(in crate::assess) const NODE_IDENTITY: Check = Check {
    id: "NHI6-node-identity",
    risk: Risk::Nhi6,
    title: "Cluster whose workloads share the identity of their nodes",
    why: "Every pod can ask the node's metadata service for the node's credentials, so each has the rights of all of \
          them, and a break-in into one is one into the cloud.",
    remediation: "On GKE set workload_identity_config and give node pools a service account of their own; on EKS use IRSA \
                  or Pod Identity, and leave the node role what nodes need.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
        "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
    ],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::NODE_IDENTITY),
    run,
};

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&NODE_IDENTITY, view, setting::NODE_IDENTITY, |setting, finding| {
        match setting.value.as_str() {
            "gke" => {
                finding.title = format!("{} has no workload identity", setting.subject);
                finding.evidence.push("no workload_identity_config".to_owned());
            }
            "gke-nodes" => {
                finding.title = format!("{} runs nodes as the project's default account", setting.subject);
                finding.evidence.push("node_config has no service_account and the scope cloud-platform".to_owned());
            }
            _ => {
                // What nodes need is little; what goes beyond it is what pods were given.
                let role = setting.identity.as_ref().and_then(|id| view.identity(id));
                let Some(role) = role.filter(|role| role.privilege >= Privilege::WriteBroad) else { return false };
                finding.title = format!("The nodes of {} have wide rights", setting.subject);
                if role.privilege == Privilege::Admin {
                    finding.base_severity = Severity::High;
                }
                finding.evidence.push(format!("{} is the role of its nodes", role.name));
            }
        }
        true
    })
}
