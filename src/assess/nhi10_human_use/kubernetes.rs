//! Roles that people and machines share by one binding.

use super::super::cluster::is_template;
use super::super::estate::CODE;
use super::super::score::dead;
use super::super::view::{View, subject_of};
use super::super::{Check, Context, settings};
use super::is_machine;
use crate::model::{Confidence, Credential, Exposure, Finding, Risk, Severity, When, setting};

/// People and service accounts in one binding.
pub(in crate::assess) const MIXED_SUBJECTS: Check = Check {
    id: "NHI10-k8s-mixed-subjects",
    risk: Risk::Nhi10,
    title: "One binding for people and for service accounts",
    why: "The rights of the one cannot be narrowed without the other, and what was given to a program stays with the person.",
    remediation: "Make one binding for the people and one for each service account.",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
    needs: &["kubernetes"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::ROLE_BINDING),
    run: |view, _| {
        settings::of(&MIXED_SUBJECTS, view, setting::MIXED_SUBJECTS, |setting, finding| {
            if is_template(setting) {
                finding.confidence = Confidence::Medium;
            }
            finding.title = format!("{} serves people and service accounts", setting.subject);
            finding.evidence = vec![setting.value.clone()];
            true
        })
    },
};

/// A client's configuration that logs in as a service account.
pub(in crate::assess) const SA_KUBECONFIG: Check = Check {
    id: "NHI10-k8s-sa-kubeconfig",
    risk: Risk::Nhi10,
    title: "kubeconfig that logs in as a service account",
    why: "Whoever uses the file acts as the account: the cluster's log does not tell who it was, the second factor and the \
          offboarding of people do not reach it.",
    remediation: "Let people log in as themselves (an OIDC or cloud exec plugin in the kubeconfig), bind their groups to the roles \
                  that they need, and delete the token.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/authentication/"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| view.credentials().filter(|c| in_kubeconfig(c, view).next().is_some()).map(subject_of).collect(),
    run: sa_kubeconfig,
};

/// Where a token of a service account stands in a configuration of a client, those of pipelines left out.
fn in_kubeconfig<'v>(credential: &'v Credential, view: &'v View<'_>) -> impl Iterator<Item = &'v Exposure> {
    let token = credential.attributes.get("token_type").is_some_and(|kind| kind.starts_with("kubernetes-"));
    let client = |exposure: &&Exposure| {
        let path = exposure.location.path.to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let named = name.contains("kubeconfig") || name.contains("kube-config") || name.contains("kube_config");
        exposure.rule.starts_with("kubernetes-kubeconfig") || named || path.contains(".kube/") || name == "admin.conf"
    };
    let ci = |path: &str| {
        path.split('/').any(|part| matches!(part, "ci" | ".ci" | "cicd" | ".github" | ".gitlab" | "jenkins"))
    };
    let all = view.open_exposures(credential).filter(move |_| token).filter(client);
    all.filter(move |e| !is_machine(&e.location.path) && !ci(&e.location.path))
}

fn sa_kubeconfig(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|token| dead(token, context.as_of).is_none())
        .filter_map(|token| {
            let places: Vec<&Exposure> = in_kubeconfig(token, view).collect();
            if places.is_empty() {
                return None;
            }
            let mut finding = SA_KUBECONFIG.on(token);
            let part = |name: &str| token.attributes.get(name).map_or("?", String::as_str);
            let account = format!("{}/{}", part("namespace"), part("service_account"));
            finding.title = format!("A kubeconfig logs in as the service account {account}");
            finding.evidence.push(format!("its token is of system:serviceaccount:{}", account.replace('/', ":")));
            if token.expires == When::Never {
                finding.base_severity = Severity::High;
                finding.evidence.push("it never ends".to_owned());
            }
            finding.locations = places.iter().map(|e| e.location.clone()).collect();
            finding.locations.dedup();
            Some(finding)
        })
        .collect()
}
