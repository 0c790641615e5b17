//! Trust in the identities of pipelines, beyond what the checks of the subject see: tests that test nothing, names that
//! change hands, pools and credentials of Google and Entra.

use std::collections::BTreeMap;

use super::{federated, per_issuer};
use crate::assess::estate::{
    AWS_AUTHORIZATION, AWS_IAM_LIST, ENTRA_FEDERATED, GCP_ASSETS, GCP_IAM_POLICY, GCP_POOLS, TERRAFORM,
};
use crate::assess::trust::{self, Scope};
use crate::assess::view::View;
use crate::assess::{Check, Context, say, settings};
use crate::model::{Confidence, Finding, Identity, Risk, Setting, Severity, Shared, Trust, setting};

const OPERATORS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html";
const GITHUB_SUBJECTS: &str = "https://docs.github.com/en/actions/reference/security/oidc";
const WIF: &str = "https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines";
const ENTRA: &str = "https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation-considerations";

/// A test of the subject that keeps nobody out.
pub(in crate::assess) const OIDC_VACUOUS: Check = Check {
    id: "NHI6-oidc-vacuous",
    risk: Risk::Nhi6,
    title: "Condition on the subject that keeps nobody out",
    why: "ForAllValues and …IfExists also hold for a token without the claim, StringNotEquals for every value but one, and \
          Null asks for presence only: the trust reads as if it were closed, and is not.",
    remediation: "Test the subject with StringEquals, without a set operator and without IfExists.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[OPERATORS],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, TERRAFORM],
    implies: &[],
    subjects: federated,
    run: vacuous,
};

fn vacuous(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let title = |i: &Identity, issuer: &str| format!("{} tests the subject of {issuer} to no effect", i.name);
    per_issuer(&OIDC_VACUOUS, view, title, |trust| {
        // Other claims may close what the subject leaves open.
        if trust::without_subject(trust) <= Scope::PullRequest {
            return None;
        }
        let severity = if trust::is_shared(trust) { Severity::High } else { Severity::Medium };
        if trust::is_vacuous(trust) {
            let operator = trust.attributes.get("sub_operator").map(String::as_str).unwrap_or_default();
            let subject = trust.subject.as_deref().unwrap_or_default();
            return Some((severity, format!("{operator} {subject} also holds for a token without a subject")));
        }
        let test = trust.attributes.get("claim.sub").filter(|_| trust.subject.is_none())?;
        Some((severity, format!("the only test of the subject is {test}")))
    })
}

/// A repository that is named by what can change hands.
pub(in crate::assess) const SUB_FORMAT: Check = Check {
    id: "NHI6-sub-format",
    risk: Risk::Nhi6,
    title: "Trust in a GitHub repository by its name alone",
    why: "Names can be given up and registered by somebody else, who then comes in. Repositories that were created, renamed \
          or transferred since 15 July 2026 send their ids in the subject, so a pattern of names does not match them at \
          all.",
    remediation: "Write the subject with ids, repo:OWNER@OWNER-ID/REPO@REPO-ID:…, or add a condition on repository_id and \
                  repository_owner_id.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &[GITHUB_SUBJECTS],
    needs: &[AWS_AUTHORIZATION, TERRAFORM, ENTRA_FEDERATED, AWS_IAM_LIST],
    implies: &[],
    subjects: |view| trusting(view).map(|(identity, _)| identity.id.to_string()).collect(),
    run: by_name,
};

/// Identities of clouds with their trust in issuers.
fn trusting<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, Vec<&'a Trust>)> + use<'v, 'a> {
    view.identities().filter_map(move |identity| {
        let trusts: Vec<&Trust> =
            view.trusts_of(&identity.id).iter().copied().filter(|t| trust::is_federated(t)).collect();
        (!trusts.is_empty()).then_some((identity, trusts))
    })
}

fn by_name(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (identity, trusts) in trusting(view) {
        let named = trusts.into_iter().filter(|trust| {
            let pinned = trust.attributes.get("claims_pinned").map(String::as_str).unwrap_or_default();
            let by_id = pinned.split(',').any(|claim| matches!(claim, "repository_id" | "repository_owner_id"));
            trust::issuer(trust) == "token.actions.githubusercontent.com" && !by_id && names_repository(trust)
        });
        let mut finding = SUB_FORMAT.about(identity, "");
        finding.title = format!("{} trusts a GitHub repository by its name", identity.name);
        finding.locations.clear();
        for trust in named {
            say(&mut finding.evidence, format!("subject {}", trust.subject.as_deref().unwrap_or_default()));
            finding.locations.push(trust.location.clone());
            finding.locations.dedup();
        }
        out.extend((!finding.evidence.is_empty()).then_some(finding));
    }
    out
}

/// Whether the subject names an owner and a repository, neither with an id. Wider patterns are told elsewhere.
fn names_repository(trust: &Trust) -> bool {
    let named = |text: &str| !text.is_empty() && !text.contains(['*', '?', '@', '$']);
    let repository = trust.subject.as_deref().and_then(trust::repository_of);
    repository.is_some_and(|(owner, name)| named(owner) && named(name))
}

fn attribute<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// Whether the pool of a provider or member is disabled or deleted.
fn is_off(view: &View<'_>, setting: &Setting) -> bool {
    let pool = attribute(setting, "module");
    view.settings(setting::WIF_POOL).any(|known| attribute(known, "module") == pool && known.value != "active")
}

/// Members of the pools of a module: all are narrow, some are wide, none were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    Unread,
    Narrow,
    Wide,
}

fn members(view: &View<'_>, module: &str) -> Members {
    let mut all = view.settings(setting::WIF_MEMBER).filter(|s| attribute(s, "module") == module).peekable();
    if all.peek().is_none() {
        return Members::Unread;
    }
    if all.all(|setting| is_narrow(&setting.value)) { Members::Narrow } else { Members::Wide }
}

/// One subject, or all of one repository or project.
fn is_narrow(member: &str) -> bool {
    let attribute = |name: &str| member.contains(&format!("/attribute.{name}/"));
    member.starts_with("principal://")
        || ["repository", "repository_id", "project_id", "project_path", "environment", "sub", "actor"]
            .iter()
            .any(|name| attribute(name))
}

/// Whether many share an issuer, by the address that a pool trusts.
fn is_shared_issuer(issuer: &str) -> bool {
    let host = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    trust::is_shared_issuer(host)
}

/// Whether a condition looks at more than who owns a repository.
fn looks_further(condition: &str) -> bool {
    let rest = condition
        .replace("repository_owner_id", "")
        .replace("repository_owner", "")
        .replace("namespace_path", "")
        .replace("namespace_id", "");
    ["repository", "project_path", "project_id", "ref", "environment", "workflow", "sub", "pipeline", "workspace"]
        .iter()
        .any(|claim| rest.contains(claim))
}

/// A pool's provider that lets everybody at a shared issuer in.
pub(in crate::assess) const GCP_WIF_OPEN: Check = Check {
    id: "NHI6-gcp-wif-open",
    risk: Risk::Nhi6,
    title: "Workload identity pool open to everybody at an issuer",
    why: "Every repository in the world gets tokens from the issuer. Without a condition all of them are members of the \
          pool, and one wide binding makes them the service account.",
    remediation: "Set attribute_condition to the ids: assertion.repository_id == \"…\" && assertion.ref == \
                  \"refs/heads/main\", and bind single subjects or repositories.",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &[WIF],
    needs: &[TERRAFORM, GCP_POOLS, GCP_ASSETS],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::WIF_PROVIDER),
    run: wif_open,
};

fn wif_open(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&GCP_WIF_OPEN, view, setting::WIF_PROVIDER, |setting, finding| {
        let (condition, issuer) = (setting.value.as_str(), attribute(setting, "issuer"));
        // What a variable says is not known here.
        let unread = condition.starts_with("${");
        if !is_shared_issuer(issuer) || unread || looks_further(condition) || is_off(view, setting) {
            return false;
        }
        let members = members(view, attribute(setting, "module"));
        finding.title = format!("{} lets everybody at {issuer} into its pool", setting.subject);
        if condition.is_empty() {
            finding.evidence.push("no attribute_condition".to_owned());
            finding.base_severity = match members {
                Members::Wide => Severity::Critical,
                Members::Unread => Severity::High,
                Members::Narrow => Severity::Medium,
            };
        } else {
            if members == Members::Narrow {
                return false;
            }
            finding.title = format!("{} lets every repository of an owner into its pool", setting.subject);
            finding.base_severity = Severity::Medium;
            finding.evidence.push(format!("attribute_condition: {condition}"));
        }
        let binding = match members {
            Members::Wide => "a binding takes the whole pool or an organisation in",
            Members::Unread => "who of the pool may take on a service account was not read",
            Members::Narrow => "every binding that was read names one subject or repository",
        };
        if members == Members::Unread {
            finding.confidence = Confidence::Medium;
        }
        finding.evidence.push(binding.to_owned());
        true
    })
}

/// A binding to a whole pool.
pub(in crate::assess) const GCP_PRINCIPALSET_ALL: Check = Check {
    id: "NHI6-gcp-principalset-all",
    risk: Risk::Nhi6,
    title: "Whole workload identity pool may act as a service account",
    why: "Whoever the pool lets in, now or when a provider is added to it, has the rights of the service account.",
    remediation: "Bind principalSet://…/attribute.repository_id/ID or one principal://…/subject/SUBJECT.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[WIF],
    needs: &[TERRAFORM, GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::WIF_MEMBER),
    run: whole_pool,
};

fn whole_pool(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&GCP_PRINCIPALSET_ALL, view, setting::WIF_MEMBER, |setting, finding| {
        if !(setting.value.starts_with("principalSet://") && setting.value.ends_with("/*")) || is_off(view, setting) {
            return false;
        }
        let module = attribute(setting, "module");
        let providers: Vec<&Setting> =
            view.settings(setting::WIF_PROVIDER).filter(|s| attribute(s, "module") == module).collect();
        let closed =
            |provider: &Setting| !is_shared_issuer(attribute(provider, "issuer")) || looks_further(&provider.value);
        finding.title = format!("{} takes a whole pool in", setting.subject);
        finding.evidence.push(format!("member {}", setting.value));
        if !providers.is_empty() && providers.into_iter().all(closed) {
            finding.base_severity = Severity::Medium;
            finding.evidence.push("the pool's providers let in some only".to_owned());
        }
        true
    })
}

/// A federated credential of Entra that lets too many in.
pub(in crate::assess) const ENTRA_FIC: Check = Check {
    id: "NHI6-entra-fic",
    risk: Risk::Nhi6,
    title: "Entra identity that pull requests or many branches may take on",
    why: "Strangers open pull requests, and a pattern lets in what nobody reviewed: their code gets the identity's token.",
    remediation: "Use one federated credential for each environment (repo:OWNER/REPO:environment:NAME) with the audience \
                  api://AzureADTokenExchange, and reviewers on the environment.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[ENTRA],
    needs: &[TERRAFORM, ENTRA_FEDERATED],
    implies: &[],
    subjects: |view| {
        trusting(view).filter(|(i, _)| i.provider == "azure").map(|(identity, _)| identity.id.to_string()).collect()
    },
    run: entra,
};

/// The audiences that Entra's clouds ask for.
fn is_exchange(audience: &str) -> bool {
    audience.to_ascii_lowercase().starts_with("api://azureadtokenexchange")
}

/// What a trust of Entra does wrong.
fn entra_fault(trust: &Trust) -> Option<(Severity, String)> {
    let subject = trust.subject.as_deref().unwrap_or_default();
    let flexible = trust.attributes.get("sub_operator").is_some_and(|o| o == "claimsMatchingExpression");
    if flexible {
        let pattern = subject.split_once("matches").and_then(|(_, rest)| rest.split('\'').nth(1))?;
        let narrow = Trust { subject: Some(pattern.to_owned()), attributes: Shared::default(), ..trust.clone() };
        let severity = match trust::scope(&narrow)? {
            Scope::Workload => return None,
            Scope::Project => Severity::Medium,
            _ => Severity::High,
        };
        return Some((severity, format!("claimsMatchingExpression {subject}")));
    }
    if subject.ends_with(":pull_request") {
        return Some((Severity::High, format!("subject {subject}")));
    }
    let audience = trust.audience.as_deref().filter(|audience| !audience.contains("${"))?;
    (!is_exchange(audience))
        .then(|| (Severity::Medium, format!("audience {audience}, which tokens for others may bear")))
}

fn entra(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (identity, trusts) in trusting(view).filter(|(identity, _)| identity.provider == "azure") {
        let mut found: BTreeMap<&str, Finding> = BTreeMap::new();
        for trust in trusts {
            let Some((severity, sentence)) = entra_fault(trust) else { continue };
            let finding = found.entry(trust::issuer(trust)).or_insert_with(|| {
                let mut finding = ENTRA_FIC.about(identity, trust::issuer(trust));
                finding.title = format!("{} has a federated credential that lets too many in", identity.name);
                finding.base_severity = Severity::Low;
                finding.locations.clear();
                finding
            });
            finding.base_severity = finding.base_severity.max(severity);
            say(&mut finding.evidence, sentence);
            finding.locations.push(trust.location.clone());
            finding.locations.dedup();
        }
        out.extend(found.into_values());
    }
    out
}
