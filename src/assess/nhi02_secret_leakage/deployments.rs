//! Secrets that are written into images and deployments, and that no detector has reported by their value.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::noted;
use super::super::headline::{is_placeholder, is_seen};
use super::super::view::View;
use super::super::{Check, Context, say, settings};
use crate::model::{AuthMode, Confidence, Finding, Identity, Risk, Severity, Usage, setting};

/// A credential that an image keeps.
pub(in crate::assess) const IMAGE_ARG: Check = Check {
    id: "NHI2-image-arg",
    risk: Risk::Nhi2,
    title: "Image that keeps a credential of its build",
    why: "Whoever can pull the image can read it: variables and build arguments stand in its history, and a layer keeps a \
          file that a later one deletes.",
    remediation: "Mount the secret for the one command that needs it: RUN --mount=type=secret,id=NAME,env=NAME, built with \
                  docker build --secret id=NAME. Hand over what the program needs when it is started. Revoke what was built in.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://docs.docker.com/build/building/secrets/"],
    needs: &["dockerfile"],
    implies: &[],
    subjects: |view| View::ids(of_platform(view, &["docker:"])),
    run: image_arg,
};

/// Identities of some platforms, by the beginnings of their keys.
fn of_platform<'v, 'a>(
    view: &'v View<'a>,
    platforms: &'static [&'static str],
) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(move |i| platforms.iter().any(|platform| i.id.as_str().starts_with(platform)))
}

/// Places at which a value has been reported.
fn seen<'a>(view: &View<'a>) -> BTreeSet<(&'a str, u64)> {
    view.inventory.exposures.iter().map(|e| (e.location.path.as_str(), e.location.line)).collect()
}

fn image_arg(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen = seen(view);
    settings::of(&IMAGE_ARG, view, setting::IMAGE_SECRET, |setting, finding| {
        let form = noted(setting, "form").unwrap_or_default();
        let last = noted(setting, "stage") == Some("final");
        // The detector has reported it, with its value.
        if form == "literal" && seen.contains(&(setting.location.path.as_str(), setting.location.line)) {
            return false;
        }
        let (severity, how) = match form {
            "argument" => (Severity::Medium, "a build argument, which the history of the image shows"),
            "environment" => (Severity::High, "a build argument that becomes a variable of the image"),
            "file" => (Severity::High, "a file that a layer keeps"),
            _ => (Severity::High, "written out"),
        };
        // Such a file holds settings as often as credentials.
        let maybe = form == "file" && (setting.value.ends_with(".env") || setting.value.ends_with(".npmrc"));
        if maybe {
            finding.confidence = Confidence::Medium;
        }
        finding.base_severity = match (last && !maybe, severity) {
            (true, severity) => severity,
            (false, Severity::High) => Severity::Medium,
            (false, _) => Severity::Low,
        };
        let stage = if last { "the image itself" } else { "a stage that is not published, but lies in caches" };
        finding.title = format!("{} keeps a credential: {}", setting.subject, setting.value);
        finding.evidence = vec![format!("{}: {how}, in {stage}", setting.value)];
        true
    })
}

/// A credential that is written into a Compose file.
pub(in crate::assess) const COMPOSE_ENV: Check = Check {
    id: "NHI2-compose-env",
    risk: Risk::Nhi2,
    title: "Credential written into a Compose file",
    why: "Everybody who can read the file can read the credential and act as the service; a default behind ${VAR:-…} is in use \
          wherever nobody sets the variable.",
    remediation: "Use secrets: with file: or environment:, or ${VAR:?} from a file that is not committed. Change the value.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://docs.docker.com/compose/how-tos/use-secrets/"],
    needs: &["docker-compose"],
    implies: &[],
    subjects: |view| View::ids(of_platform(view, &["compose:"])),
    run: |view, _| {
        literals(&COMPOSE_ENV, view, &["compose:"], |usage| {
            let default = usage.attributes.get("default").is_some_and(|v| v == "true");
            let what = usage.attributes.get("input").unwrap_or(&usage.mechanism);
            let how = if default { "the default is written out" } else { "the value is written out" };
            (Severity::Medium, format!("{what}: {how}"))
        })
    },
};

/// A credential in the values of a chart.
pub(in crate::assess) const HELM_VALUES: Check = Check {
    id: "NHI2-helm-values",
    risk: Risk::Nhi2,
    title: "Credential written into Helm values",
    why: "Values are committed, packed into the chart, and kept in the cluster with every release.",
    remediation: "Leave the value empty and name an existing Secret (existingSecret), made by External Secrets or Sealed \
                  Secrets, or encrypt the file with SOPS. Change the value.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://helm.sh/docs/chart_best_practices/values/"],
    needs: &["helm-values"],
    implies: &[],
    subjects: |view| View::ids(of_platform(view, &["helm:"])),
    run: |view, _| {
        literals(&HELM_VALUES, view, &["helm:"], |usage| {
            let common = usage.attributes.get("common").is_some_and(|v| v == "true");
            let severity = if common { Severity::Low } else { Severity::Medium };
            let how = if common { "a password that everybody tries first" } else { "the value is written out" };
            (severity, format!("{}: {how}", usage.mechanism))
        })
    },
};

/// A secret in the clear in a manifest.
pub(in crate::assess) const K8S_SECRET_MANIFEST: Check = Check {
    id: "NHI2-k8s-secret-manifest",
    risk: Risk::Nhi2,
    title: "Secret in the clear in a Kubernetes manifest",
    why: "Base64 is no encryption: everybody who can read the file has the secret, in every version of it.",
    remediation: "Let an ExternalSecret or a SecretProviderClass fetch it, or commit a SealedSecret or a file encrypted with \
                  SOPS; name it from the pod with secretKeyRef. Change the value.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    needs: &["kubernetes", "kustomize", "tekton", "argo"],
    implies: &[],
    subjects: |view| {
        let workloads = View::ids(of_platform(view, &["kubernetes:workload:"]));
        settings::subjects(view, setting::SECRET_MANIFEST).into_iter().chain(workloads).collect()
    },
    run: secret_manifest,
};

/// What to do about values that a cluster gave out.
const EXPORT_ADVICE: &str = "Keep the export out of repositories and shared places and delete it when it has been looked at. \
    Without values: kubectl get secrets -A -o json | jq '.items[].data = {}'. Rotate what has left the cluster.";

fn secret_manifest(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen = seen(view);
    let mut found = settings::of(&K8S_SECRET_MANIFEST, view, setting::SECRET_MANIFEST, |setting, finding| {
        if noted(setting, "exported") == Some("true") {
            finding.title = "The export holds the values of secrets of the cluster".to_owned();
            finding.evidence = vec![setting.value.clone()];
            finding.confidence = Confidence::High;
            finding.remediation = EXPORT_ADVICE.into();
            return true;
        }
        if seen.contains(&(setting.location.path.as_str(), setting.location.line)) {
            return false;
        }
        finding.title = format!("{} is in the clear", setting.subject);
        finding.evidence = vec![format!("key {}", setting.value)];
        if noted(setting, "common") == Some("true") {
            finding.base_severity = Severity::Medium;
            finding.evidence.push("a password that everybody tries first".to_owned());
        }
        if let Some(kind) = noted(setting, "argocd") {
            finding.evidence.push(format!("Argo CD logs in with it: {kind}"));
        }
        true
    });
    found.extend(literals(&K8S_SECRET_MANIFEST, view, &["kubernetes:workload:"], |usage| {
        (Severity::Medium, format!("{}: the value is written out", usage.mechanism))
    }));
    found
}

/// Literals of some platforms that no detector has reported: one finding for each identity.
fn literals(
    check: &Check,
    view: &View<'_>,
    platforms: &'static [&'static str],
    grade: impl Fn(&Usage) -> (Severity, String),
) -> Vec<Finding> {
    let seen = seen(view);
    let mut groups: BTreeMap<&str, Finding> = BTreeMap::new();
    for usage in view.usages().filter(|usage| usage.mode == AuthMode::Static) {
        let Some(identity) = usage.identity.as_ref().and_then(|id| view.identity(id)) else { continue };
        let mine = platforms.iter().any(|platform| identity.id.as_str().starts_with(platform));
        if !mine || is_seen(usage, &seen) || is_placeholder(usage) {
            continue;
        }
        let (severity, sentence) = grade(usage);
        let finding = groups.entry(identity.id.as_str()).or_insert_with(|| {
            let mut finding = check.about(identity, "literal");
            finding.title = format!("Credential written out for {}", identity.name);
            finding.base_severity = severity;
            finding.locations.clear();
            finding
        });
        finding.base_severity = finding.base_severity.max(severity);
        if finding.locations.len() < 50 {
            finding.locations.push(usage.location.clone());
        }
        say(&mut finding.evidence, sentence);
    }
    groups.into_values().collect()
}
