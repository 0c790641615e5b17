//! One secret or key for many repositories and machines.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::{AUTHORIZED_KEYS, DEPLOY_KEYS, GITHUB_SECRETS};
use crate::assess::nhi01_improper_offboarding::hosts::whose;
use crate::assess::view::View;
use crate::assess::{Check, Context, say, settings};
use crate::model::{Confidence, Finding, Risk, Setting, Severity, setting};

/// A secret that workflows of every repository can read.
pub(in crate::assess) const ORG_SECRET_ALL: Check = Check {
    id: "NHI9-org-secret-all",
    risk: Risk::Nhi9,
    title: "Secret that workflows of every repository can read",
    why: "Whoever may write a workflow in any repository of the organisation, the least guarded one included, can read it; \
          changing it touches all of them.",
    remediation: "Set its access to Selected repositories (`gh secret set NAME --org ORG --repos A,B`), or give each \
                  repository an identity of its own by OpenID Connect.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/use-secrets#creating-secrets-for-an-organization",
    ],
    needs: &[GITHUB_SECRETS],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::STORED_SECRET),
    run: |view, _| {
        settings::of(&ORG_SECRET_ALL, view, setting::STORED_SECRET, |setting, finding| {
            finding.title = format!("Secret {}{} is open to every repository", setting.subject, whose(setting));
            finding.evidence.push("visibility all".to_owned());
            if crate::assess::pipelines::is_shared_by_design("", &setting.subject) {
                finding.confidence = Confidence::Low;
                finding.evidence.push("by its name it fetches or tells what is meant for all".to_owned());
            }
            setting.value == "all"
        })
    },
};

/// One SSH key that opens several places.
pub(in crate::assess) const SSH_KEY_SHARED: Check = Check {
    id: "NHI9-ssh-key-shared",
    risk: Risk::Nhi9,
    title: "One SSH key for several repositories or machines",
    why: "Whoever takes the one private half gets into all of them, and it cannot be replaced for one alone.",
    remediation: "Make a key pair for each machine and each repository, and delete this one everywhere.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys"],
    needs: &[DEPLOY_KEYS, AUTHORIZED_KEYS],
    implies: &[],
    subjects: |view| view.settings(setting::KEY_PLACE).map(|s| format!("ssh:key:{}", s.value)).collect(),
    run: key_shared,
};

fn key_shared(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut keys: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
    for place in view.settings(setting::KEY_PLACE) {
        keys.entry(&place.value).or_default().push(place);
    }
    keys.into_iter()
        .filter_map(|(fingerprint, places)| {
            let names: BTreeSet<&str> = places.iter().map(|p| p.subject.as_str()).collect();
            (names.len() > 1).then(|| {
                let id = format!("ssh:key:{fingerprint}");
                let mut finding = SSH_KEY_SHARED.blank(&[SSH_KEY_SHARED.id, &id], Vec::new());
                // It is nobody's alone, and where no list or file tells the key itself there is none to name.
                finding.credential = view.credential(&id).map(|credential| credential.id.clone());
                finding.title = format!("One SSH key opens {} places", names.len());
                finding.evidence.push(fingerprint.to_owned());
                names.iter().take(8).for_each(|name| say(&mut finding.evidence, (*name).to_owned()));
                let deploys = |place: &&Setting| place.attributes.get("kind").is_some_and(|k| k == "deploy-key");
                if !places.iter().any(deploys) {
                    // A person may log in to many machines with a key of their own.
                    finding.confidence = Confidence::Low;
                    let comment = places.iter().find_map(|p| p.attributes.get("comment"));
                    finding.evidence.extend(comment.map(|comment| format!("comment {comment}")));
                }
                finding.locations = places.iter().map(|p| p.location.clone()).take(50).collect();
                finding.locations.sort();
                finding.locations.dedup();
                finding
            })
        })
        .collect()
}
