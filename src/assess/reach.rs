//! What a declared thing can get at: the credentials of the step it stands in, or of the whole workload.

use std::collections::BTreeSet;

use super::headline::is_placeholder;
use super::view::View;
use crate::model::{AuthMode, Finding, IdentityKind, Setting};

/// Most names that a sentence lists.
const NAMES_MAX: usize = 8;

/// Credentials in reach, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Those that are there when it happens.
    pub(super) direct: Vec<String>,
    /// Those that steps behind it take in.
    pub(super) later: Vec<String>,
    /// True when nothing but the machine's own role is there.
    pub(super) ambient: bool,
}

impl Reach {
    /// Whether something is there when it happens whose rights are known to be more than reading.
    pub(super) fn is_strong(&self) -> bool {
        self.direct.iter().any(|name| name != "GITHUB_TOKEN (unknown)")
    }

    /// The names as a sentence; `None` when there are none.
    pub(super) fn sentence(&self) -> Option<String> {
        let list = |names: &[String]| names.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
        if !self.direct.is_empty() {
            return Some(format!("in reach: {}", list(&self.direct)));
        }
        (!self.later.is_empty()).then(|| format!("in reach through what later steps run: {}", list(&self.later)))
    }
}

/// What a setting's step can get at, where the reader tells; otherwise everything that its workload authenticates with.
pub(super) fn of(setting: &Setting, view: &View<'_>) -> Reach {
    let names = |key: &str| {
        let list = setting.attributes.get(key).map(String::as_str).unwrap_or_default();
        list.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    if setting.attributes.contains_key("credentials") {
        return Reach { direct: names("credentials"), later: names("later"), ambient: false };
    }
    let Some(identity) = &setting.identity else { return Reach::default() };
    let usages = || view.usages_of(identity).iter().filter(|usage| !is_placeholder(usage));
    let ambient =
        !usages().any(|usage| matches!(usage.mode, AuthMode::Referenced | AuthMode::Static | AuthMode::Federated));
    let held: BTreeSet<String> = usages()
        .filter_map(|usage| match usage.mode {
            AuthMode::Referenced => Some(usage.credential.clone().unwrap_or_else(|| usage.mechanism.clone())),
            AuthMode::Static => Some(usage.mechanism.clone()),
            AuthMode::Federated => Some(usage.target.clone().unwrap_or_else(|| usage.mechanism.clone())),
            // A machine's own role reaches as far as a stored key.
            AuthMode::Instance if matches!(usage.provider.as_str(), "aws" | "gcp" | "azure") => {
                Some(usage.target.clone().unwrap_or_else(|| usage.mechanism.clone()))
            }
            _ => None,
        })
        .collect();
    Reach { direct: held.into_iter().collect(), later: Vec::new(), ambient }
}

/// Whether a setting is of a job of a pipeline.
pub(super) fn is_job(setting: &Setting, view: &View<'_>) -> bool {
    setting.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(|i| i.kind == IdentityKind::CiJob)
}

/// The name of what a setting is of, for a title.
pub(super) fn whose(setting: &Setting, view: &View<'_>) -> String {
    let identity = setting.identity.as_ref().and_then(|id| view.identity(id));
    identity.map_or_else(|| setting.subject.clone(), |identity| identity.name.clone())
}

/// Adds what is in reach to the evidence.
pub(super) fn tell(reach: &Reach, finding: &mut Finding) {
    if let Some(sentence) = reach.sentence() {
        super::say(&mut finding.evidence, sentence);
    }
}
