//! Rights of service accounts, and containers that may do to their host what they like.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::{self, Cluster, is_template, noted};
use super::super::nhi06_cloud_deployment::CLOUDS;
use super::super::view::View;
use super::super::{Adjustment, Check, Context, say, settings};
use crate::model::{AuthMode, Confidence, Finding, Identity, IdentityKey, Location, Risk, Setting, Severity, setting};

const GOOD_PRACTICES: &str = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/";

/// An account that administers a cluster.
pub(in crate::assess) const CLUSTER_ADMIN: Check = Check {
    id: "NHI5-k8s-clusteradmin",
    risk: Risk::Nhi5,
    title: "Service account that administers the cluster",
    why: "Whoever gets into one of its pods, or may start one that runs as it, owns every secret and every workload of the \
          cluster.",
    remediation: "Give the account a Role of its namespace with the resources and verbs that it uses; name them, without '*'.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[GOOD_PRACTICES],
    needs: &["kubernetes", "argo", "tekton"],
    implies: &[Adjustment::Admin],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: cluster_admin,
};

/// How the rights that a binding gives come to everything; `None` when they do not.
fn everything(binding: &Setting, cluster: &Cluster<'_>) -> Option<Option<Location>> {
    if noted(binding, "admin") == Some("true") {
        return Some(None);
    }
    let all = cluster.powers(binding).into_iter().find(|power| noted(power, "power") == Some("everything"))?;
    Some(Some(all.location.clone()))
}

/// An account's finding under a check, if it is no sample.
fn about<'v>(check: &Check, account: &IdentityKey, view: &'v View<'_>) -> Option<(&'v Identity, Finding)> {
    let account = view.identity(account)?;
    let mut finding = check.about(account, "");
    finding.locations.clear();
    Some((account, finding))
}

fn cluster_admin(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    let mut found = Vec::new();
    for (account, bindings) in cluster.holders() {
        let Some((identity, mut finding)) = about(&CLUSTER_ADMIN, account, view) else { continue };
        let mut whole = false;
        let mut certain = false;
        for binding in bindings {
            let Some(rule) = everything(binding, &cluster) else { continue };
            let wide = noted(binding, "scope") == Some("cluster");
            whole |= wide;
            certain |= !is_template(binding);
            finding.locations.push(binding.location.clone());
            finding.locations.extend(rule);
            let reach = noted(binding, "reach").unwrap_or("the cluster");
            say(&mut finding.evidence, format!("{} gives {} in {reach}", binding.subject, binding.value));
        }
        if finding.evidence.is_empty() {
            continue;
        }
        finding.locations.dedup();
        finding.base_severity = if whole { Severity::High } else { Severity::Medium };
        let what = if whole { "administers the cluster" } else { "may do everything in its namespace" };
        finding.title = format!("{} {what}", identity.name);
        // The cluster's own controllers need it.
        let own = cluster::split(account.as_str()).is_some_and(|(namespace, _)| namespace == "kube-system");
        if own || !certain {
            finding.confidence = Confidence::Medium;
        }
        found.push(finding);
    }
    found
}

/// An account whose rights lead further than they say.
pub(in crate::assess) const DANGER_VERBS: Check = Check {
    id: "NHI5-k8s-danger-verbs",
    risk: Risk::Nhi5,
    title: "Service account whose rights lead to secrets or to more rights",
    why: "Reading secrets, starting pods, acting as others or handing out roles makes every other right of the cluster \
          reachable.",
    remediation: "Take the verb out of the rule, or narrow it: a Role of one namespace in place of a ClusterRole, \
                  resourceNames for the secrets that it reads.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[GOOD_PRACTICES],
    needs: &["kubernetes", "argo", "tekton"],
    implies: &[Adjustment::Admin],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: danger_verbs,
};

/// How bad a power is, by whether it holds for the cluster or for a namespace.
fn grade(power: &str, cluster: bool) -> Severity {
    match (power, cluster) {
        ("escalate" | "bind" | "bind-cluster" | "impersonate" | "nodes" | "certificates" | "webhooks", true) => {
            Severity::High
        }
        ("wildcard" | "secrets" | "tokens" | "pods" | "exec", true) => Severity::High,
        ("controllers" | "bindings", true) => Severity::Medium,
        // Without the verb bind it hands out no more than it has.
        ("controllers" | "bindings", false) => Severity::Low,
        // These are of the cluster, and a role of a namespace cannot give them.
        ("bind-cluster" | "nodes" | "certificates" | "webhooks", false) => Severity::Info,
        ("ordinary", _) => Severity::Info,
        _ => Severity::Medium,
    }
}

/// What a power is called in a title.
fn name(power: &str) -> &'static str {
    match power {
        "wildcard" => "may change everything",
        "secrets" => "may read secrets",
        "escalate" | "bind" | "bind-cluster" => "may give itself any right",
        "impersonate" => "may act as others",
        "tokens" => "may make tokens of other accounts",
        "pods" | "controllers" => "may start pods as any account",
        "exec" => "may run commands in pods of others",
        "bindings" => "may bind roles",
        "nodes" => "may reach every container of a node",
        "certificates" => "may approve client certificates",
        "webhooks" => "may change admission webhooks",
        _ => "may do much",
    }
}

fn danger_verbs(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    let mut found = Vec::new();
    for (account, bindings) in cluster.holders() {
        // That everything contains this needs no second finding.
        if bindings.iter().any(|binding| everything(binding, &cluster).is_some()) {
            continue;
        }
        let Some((identity, mut finding)) = about(&DANGER_VERBS, account, view) else { continue };
        let mut worst: Option<(Severity, &str)> = None;
        let mut certain = false;
        for binding in bindings {
            let wide = noted(binding, "scope") == Some("cluster");
            for power in cluster.powers(binding) {
                let word = noted(power, "power").unwrap_or_default();
                let severity = grade(word, wide);
                if severity == Severity::Info {
                    continue;
                }
                if worst.is_none_or(|(known, _)| severity > known) {
                    worst = Some((severity, word));
                }
                certain |= !is_template(binding) && !is_template(power);
                let reach = noted(binding, "reach").unwrap_or("the cluster");
                say(
                    &mut finding.evidence,
                    format!("{} in {reach}, by {} of {}", power.value, binding.value, binding.subject),
                );
                finding.locations.push(power.location.clone());
                finding.locations.push(binding.location.clone());
            }
        }
        let Some((severity, word)) = worst else { continue };
        let unique: BTreeSet<Location> = std::mem::take(&mut finding.locations).into_iter().collect();
        finding.locations = unique.into_iter().take(50).collect();
        finding.base_severity = severity;
        finding.title = format!("{} {}", identity.name, name(word));
        if !certain {
            finding.confidence = Confidence::Medium;
        }
        found.push(finding);
    }
    found
}

/// A token that lies in pods and opens nothing that they need.
pub(in crate::assess) const AUTOMOUNT: Check = Check {
    id: "NHI5-k8s-automount",
    risk: Risk::Nhi5,
    title: "Service account token in pods that have no use for it",
    why: "Whoever gets into the pod finds a login of the cluster there; of the account default every pod of the namespace has it.",
    remediation: "Set automountServiceAccountToken: false in the pod or the ServiceAccount, and give a pod that calls the API \
                  an account of its own.",
    severity: Severity::Low,
    confidence: Confidence::Low,
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"],
    needs: &["kubernetes", "argo", "tekton"],
    implies: &[],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: automount,
};

fn automount(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    let accounts: BTreeMap<&str, &Identity> = cluster::accounts(view).map(|i| (i.id.as_str(), i)).collect();
    let declared = cluster::declared(view);
    let mut found = Vec::new();
    for (account, runs) in cluster.runs() {
        let identity = accounts.get(account).copied();
        let off = identity.and_then(|i| i.attributes.get("automount")).is_some_and(|v| v == "false");
        // The pod's own word wins over the account's.
        let mounted: Vec<_> = runs
            .iter()
            .filter(|(_, usage)| match usage.attributes.get("automount").map(String::as_str) {
                Some(word) => word == "true",
                None => !off,
            })
            // Pipelines report to the cluster with it.
            .filter(|(workload, _)| workload.id.as_str().starts_with("kubernetes:workload:"))
            .collect();
        let Some((first, _)) = mounted.first() else { continue };
        let name = account.rsplit(['/', '#']).next().unwrap_or_default();
        let bindings = identity.map(|i| cluster.bindings_of(&i.id)).unwrap_or_default();
        let default = name == "default";
        if !bindings.is_empty() && !default {
            continue;
        }
        let mut finding = match identity {
            Some(identity) => AUTOMOUNT.about(identity, ""),
            None => AUTOMOUNT.about(first, account),
        };
        finding.locations = mounted.iter().map(|(_, usage)| usage.location.clone()).take(50).collect();
        if let Some(binding) = bindings.first() {
            finding.base_severity = Severity::Medium;
            finding.confidence = Confidence::Medium;
            finding.title = format!("Every pod without an account of its own holds {}", binding.value);
            say(&mut finding.evidence, format!("{} gives {} to the account default", binding.subject, binding.value));
        } else {
            finding.title = format!("The token of {name} lies in {} without rights to use", pods(mounted.len()));
            say(&mut finding.evidence, "no binding in these inputs gives the account a right".to_owned());
            // An account that was made for them, in inputs that hold bindings: theirs would be among them.
            let known = cluster::split(account).is_some() && !account.contains("{{");
            if known && declared.contains(account) && cluster.holders().next().is_some() && !default {
                finding.confidence = Confidence::Medium;
            }
        }
        mounted.iter().take(8).for_each(|(workload, _)| say(&mut finding.evidence, workload.name.clone()));
        found.push(finding);
    }
    found
}

fn pods(n: usize) -> String {
    if n == 1 { "1 workload".to_owned() } else { format!("{n} workloads") }
}

/// A container that may do to its host what it likes.
pub(in crate::assess) const RUNTIME_ROOT: Check = Check {
    id: "NHI5-runtime-root",
    risk: Risk::Nhi5,
    title: "Container that may do to its host what it likes",
    why: "Whoever gets into the container gets the host, and with it the credentials of everything that runs there.",
    remediation: "Take out privileged, host namespaces and host mounts; build images with rootless BuildKit or kaniko in place \
                  of docker.sock; add the one capability that is needed.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    needs: &["kubernetes", "docker-compose", "tekton", "argo"],
    implies: &[],
    subjects: |view| {
        let compose = view.identities().filter(|i| i.id.as_str().starts_with("compose:"));
        View::ids(cluster::workloads(view).chain(compose))
    },
    run: runtime_root,
};

/// What alone does not give the host away.
fn is_part(value: &str) -> bool {
    let own = ["/var", "/run", "/home"].iter().any(|path| value.starts_with(&format!("host path {path}")));
    value == "the host's network" || value == "the host's memory" || (own && value.ends_with("to write"))
}

fn runtime_root(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&RUNTIME_ROOT, view, setting::PRIVILEGED, |setting, finding| {
        let identity = setting.identity.as_ref().and_then(|id| view.identity(id));
        let cloud = identity.and_then(|identity| cloud(identity, view));
        finding.title = format!("{} reaches its host: {}", setting.subject, setting.value);
        finding.evidence = vec![setting.value.clone()];
        finding.base_severity = match (is_part(&setting.value), &cloud) {
            (true, _) => Severity::Low,
            (false, None) => Severity::Medium,
            (false, Some(_)) => Severity::High,
        };
        if let Some(cloud) = cloud {
            finding.evidence.push(format!("it holds credentials of {cloud}"));
        }
        true
    })
}

/// The cloud that a workload has credentials of, its own or its account's.
fn cloud<'v>(workload: &Identity, view: &'v View<'_>) -> Option<&'v str> {
    let mine = view.usages_of(&workload.id);
    let account = mine.iter().find_map(|usage| usage.attributes.get("service_account"));
    let account = account.and_then(|key| key.strip_prefix("kubernetes:service-account:"));
    let account = account.map(|name| IdentityKey::new("kubernetes", "service-account", name));
    let theirs = account.as_ref().map(|key| view.usages_of(key)).unwrap_or_default();
    let uses = |mode: AuthMode| matches!(mode, AuthMode::Static | AuthMode::Referenced | AuthMode::Federated);
    let all = mine.iter().chain(theirs).filter(|usage| uses(usage.mode));
    all.map(|usage| usage.provider.as_str()).find(|provider| CLOUDS.contains(provider))
}

/// A deployment tool that may deploy anything.
pub(in crate::assess) const ARGOCD_ALLOWALL: Check = Check {
    id: "NHI5-argocd-allowall",
    risk: Risk::Nhi5,
    title: "Argo CD that deploys from anywhere, to anywhere, or anything",
    why: "Whoever may write to one repository, or make one application, acts with Argo CD's rights on every cluster that it \
          manages.",
    remediation: "Give each team an AppProject that names its repositories, its namespaces and no cluster-wide kinds; empty the \
                  default project; leave policy.default at role:readonly or ''.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"],
    needs: &["argo", "kubernetes"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::DEPLOYS_ANYTHING),
    run: |view, _| {
        settings::of(&ARGOCD_ALLOWALL, view, setting::DEPLOYS_ANYTHING, |setting, finding| {
            let part = noted(setting, "part").unwrap_or_default();
            if matches!(part, "policy" | "default") {
                finding.base_severity = Severity::High;
            }
            if is_template(setting) {
                finding.confidence = Confidence::Medium;
            }
            finding.title = format!("{}: {}", setting.subject, setting.value);
            finding.evidence = vec![setting.value.clone()];
            true
        })
    },
};
