//! Clusters as manifests declare them: who runs as which account, and what rights the account's roles come to. A role may be
//! declared in another file than the binding that gives it; the nearest declaration counts.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use crate::model::{Identity, IdentityKey, Setting, Usage, setting};

/// Accounts, roles and workloads, joined.
pub(super) struct Cluster<'a> {
    bindings: BTreeMap<&'a IdentityKey, Vec<&'a Setting>>,
    roles: BTreeMap<&'a str, Vec<&'a Setting>>,
    runs: BTreeMap<String, Vec<(&'a Identity, &'a Usage)>>,
}

/// An attribute of a setting.
pub(super) fn noted<'s>(setting: &'s Setting, name: &str) -> Option<&'s str> {
    setting.attributes.get(name).map(String::as_str)
}

/// Whether a template decides whether there is such a thing.
pub(super) fn is_template(setting: &Setting) -> bool {
    noted(setting, "template") == Some("true")
}

impl<'a> Cluster<'a> {
    pub(super) fn new(view: &View<'a>) -> Self {
        let mut bindings: BTreeMap<&IdentityKey, Vec<&Setting>> = BTreeMap::new();
        for binding in view.settings(setting::ROLE_BINDING) {
            if let Some(account) = &binding.identity {
                bindings.entry(account).or_default().push(binding);
            }
        }
        let mut roles: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
        view.settings(setting::ROLE_POWER).for_each(|s| roles.entry(&s.subject).or_default().push(s));
        let mut runs: BTreeMap<String, Vec<(&Identity, &Usage)>> = BTreeMap::new();
        for usage in view.usages() {
            let workload = usage.identity.as_ref().and_then(|id| view.identity(id));
            if let (Some(workload), Some(account)) = (workload, usage.attributes.get("service_account")) {
                runs.entry(account.clone()).or_default().push((workload, usage));
            }
        }
        Self { bindings, roles, runs }
    }

    /// Accounts that hold roles.
    pub(super) fn holders(&self) -> impl Iterator<Item = (&'a IdentityKey, &[&'a Setting])> + '_ {
        self.bindings.iter().map(|(account, bindings)| (*account, bindings.as_slice()))
    }

    /// The bindings of an account.
    pub(super) fn bindings_of(&self, account: &IdentityKey) -> &[&'a Setting] {
        self.bindings.get(account).map_or(&[], Vec::as_slice)
    }

    /// Workloads by the account that they run as.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&str, &[(&'a Identity, &'a Usage)])> {
        self.runs.iter().map(|(account, runs)| (account.as_str(), runs.as_slice()))
    }

    /// What the role of a binding leads to, by its nearest declaration.
    pub(super) fn powers(&self, binding: &Setting) -> Vec<&'a Setting> {
        let all = self.roles.get(binding.value.as_str()).map_or(&[][..], Vec::as_slice);
        let near = |power: &Setting| nearness(&binding.location.path, &power.location.path);
        let of_one = |a: &Setting, b: &Setting| match (noted(a, "cluster"), noted(b, "cluster")) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let best = all.iter().filter(|power| of_one(binding, power)).map(|power| near(power)).max().unwrap_or_default();
        all.iter().copied().filter(|power| near(power) == best && of_one(binding, power)).collect()
    }
}

/// How much of their way two files have in common; a file is nearest to itself.
fn nearness(a: &str, b: &str) -> usize {
    if a == b {
        return usize::MAX;
    }
    // A kustomization's parts and a chart's templates lie in one directory or below it.
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

/// The accounts that some object declares.
pub(super) fn declared(view: &View<'_>) -> BTreeSet<String> {
    let declared = |i: &&Identity| i.attributes.get("declared").is_some_and(|v| v == "true");
    view.identities().filter(declared).map(|i| i.id.to_string()).collect()
}

/// Accounts of clusters.
pub(super) fn accounts<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.id.as_str().starts_with("kubernetes:service-account:"))
}

/// Workloads of clusters.
pub(super) fn workloads<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    let kinds = ["kubernetes:workload:", "tekton:job:", "argo-workflows:job:"];
    view.identities().filter(move |i| kinds.iter().any(|kind| i.id.as_str().starts_with(kind)))
}

/// An account's namespace and name; `None` where the namespace is not known.
pub(super) fn split(account: &str) -> Option<(&str, &str)> {
    let name = account.strip_prefix("kubernetes:service-account:").unwrap_or(account);
    // What follows is the cluster, where several are told apart.
    let name = name.split_once('@').filter(|(_, cluster)| !cluster.contains('#')).map_or(name, |(name, _)| name);
    let (namespace, name) = name.split_once('/')?;
    (!name.contains(['/', '#'])).then_some((namespace, name))
}

/// The cluster of an account; empty where the inputs are of one.
pub(super) fn of(account: &str) -> &str {
    account.split_once('@').filter(|(_, cluster)| !cluster.contains('#')).map_or("", |(_, cluster)| cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_nearest_to_themselves_and_then_to_their_neighbours() {
        assert!(nearness("a/x", "a/x") > nearness("a/b/x", "a/b/y"));
        assert!(nearness("a/b/x", "a/b/y") > nearness("a/b/x", "a/c/y"));
        assert_eq!(split("kubernetes:service-account:shop/api"), Some(("shop", "api")));
        assert_eq!(split("kubernetes:service-account:acme/app/k8s#api"), None);
        assert_eq!(split("kubernetes:service-account:shop/api@exports/a"), Some(("shop", "api")));
        assert_eq!(of("kubernetes:service-account:shop/api@exports/a"), "exports/a");
        assert_eq!(of("kubernetes:service-account:shop/api"), "");
    }
}
