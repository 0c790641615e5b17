//! Workspaces of Terraform that share one login.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::TERRAFORM;
use crate::assess::view::View;
use crate::assess::{Check, Context, say, settings};
use crate::model::{Confidence, EnvironmentClass, Finding, Location, Risk, Setting, Severity, setting};

/// One login for every workspace.
pub(in crate::assess) const TF_WORKSPACE: Check = Check {
    id: "NHI8-tf-workspace",
    risk: Risk::Nhi8,
    title: "Terraform logs in as one identity for every workspace",
    why: "Whoever may apply the workspace of a test holds what opens production, and a wrong workspace is all it takes to change \
          it.",
    remediation: "Give each environment a role in an account of its own, and let the workspace choose it: role_arn = \
                  var.roles[terraform.workspace], or a directory and a provider block for each environment.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://developer.hashicorp.com/terraform/cli/workspaces"],
    needs: &[TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::WORKSPACE_LOGIN),
    run: workspace,
};

/// The module that a file is of: its directory.
fn module(place: &Location) -> (Option<&str>, &str) {
    (place.container.as_deref(), place.path.rsplit_once('/').map_or("", |(directory, _)| directory))
}

fn workspace(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut used: BTreeMap<(Option<&str>, &str), &Location> = BTreeMap::new();
    for setting in view.settings(setting::WORKSPACES) {
        let first = used.entry(module(&setting.location)).or_insert(&setting.location);
        *first = (*first).min(&setting.location);
    }
    // Several blocks of one provider may be of several accounts.
    let mut blocks: BTreeMap<_, Vec<&Setting>> = BTreeMap::new();
    for setting in view.settings(setting::WORKSPACE_LOGIN) {
        blocks.entry((module(&setting.location), setting.subject.as_str())).or_default().push(setting);
    }
    let told = blocks.into_iter().filter_map(|((module, provider), blocks)| {
        let [block] = blocks.as_slice() else { return None };
        let asked = used.get(&module).filter(|_| !block.value.is_empty())?;
        let tool = block.identity.as_ref().and_then(|id| view.identity(id))?;
        // A directory of one environment has no workspaces of others.
        if tool.environment.class != EnvironmentClass::Unknown {
            return None;
        }
        let mut finding = TF_WORKSPACE.about(tool, provider);
        finding.title = format!("{} logs in as one identity for every workspace", tool.name);
        let places: BTreeSet<Location> = [block.location.clone(), (*asked).clone()].into();
        finding.locations = places.into_iter().collect();
        say(&mut finding.evidence, format!("{} of {provider} is written out, for every workspace", block.value));
        say(&mut finding.evidence, format!("terraform.workspace is asked for in {}", asked.path));
        if block.value == "profile" {
            // What a profile holds is said on each machine.
            finding.confidence = Confidence::Low;
        }
        Some(finding)
    });
    told.collect()
}
