//! The verdict: checks over the inventory, one file a risk, and the scores. Pure: the same inventory and as-of time give
//! the same result.

mod agents;
mod card;
mod certificates;
mod cluster;
mod decided;
mod departed;
mod directory;
mod estate;
mod factors;
pub mod frameworks;
mod headline;
mod nhi01_improper_offboarding;
mod nhi02_secret_leakage;
mod nhi03_vulnerable_third_party;
mod nhi04_insecure_authentication;
mod nhi05_overprivileged;
mod nhi06_cloud_deployment;
mod nhi07_long_lived_secrets;
mod nhi08_environment_isolation;
mod nhi09_reuse;
mod nhi10_human_use;
mod pipelines;
mod production;
mod reach;
mod score;
mod settings;
mod trust;
mod view;

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::model::{
    Confidence, Credential, Environment, Finding, Headline, Identity, Inventory, Lapsed, Limits, Location, Members,
    Ranked, Repositories, Risk, RiskSummary, RuleInfo, Severity, Suppression, Usage,
};
use crate::text::order;

pub use score::Adjustment;
pub use view::View;

/// What the checks may know beside the inventory.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time that ages are measured against.
    pub as_of: Timestamp,
    /// What the user decided about checks and their findings.
    pub policy: &'a dyn Policy,
    /// Who is a member of the organisation now, when the user said so.
    pub members: Option<&'a Members>,
    /// Which repositories the organisation has now, when the user said so.
    pub repositories: Option<&'a Repositories>,
}

/// What the user decided about checks and their findings. Leaked values have their own decisions, made where they are
/// found, because the value itself takes part there.
pub trait Policy {
    /// True when the check of this id is to run. One that does not run makes nothing assessable either.
    fn runs(&self, check: &str) -> bool;
    /// True when findings of this confidence are reported.
    fn shows(&self, confidence: Confidence) -> bool;
    /// Why a check's finding is accepted, if it is. The identity is the one that it is about.
    fn accepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression>;
    /// The exception that accepts a finding, if one does: of a check, or on a value that nothing accepted where it was found.
    fn excepts(&self, _finding: &Finding, _identity: Option<&Identity>) -> Option<Suppression> {
        None
    }
    /// Longest lives and longest times without use.
    fn limits(&self) -> Limits {
        Limits::default()
    }
    /// Whether workloads may log in to a provider by federation only.
    fn demands_federation(&self, _provider: &str) -> bool {
        false
    }
    /// Why a stored credential is accepted, if it is.
    fn allows_static(&self, _usage: &Usage, _identity: Option<&Identity>) -> Option<Suppression> {
        None
    }
    /// The environment that the user gives an identity, whatever the inputs say.
    fn environment(&self, _identity: &Identity) -> Option<Environment> {
        None
    }
    /// The owner that the user gives an identity, whatever the inputs say.
    fn owner(&self, _identity: &Identity) -> Option<String> {
        None
    }
    /// Whether an account, a project, a tenant or an organisation is the user's own.
    fn is_own(&self, _account: &str) -> bool {
        false
    }
    /// Exceptions that ran out.
    fn lapsed(&self) -> &[Lapsed] {
        &[]
    }
}

/// Every check runs and nothing is accepted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Everything;

impl Policy for Everything {
    fn runs(&self, _check: &str) -> bool {
        true
    }

    fn shows(&self, _confidence: Confidence) -> bool {
        true
    }

    fn accepts(&self, _finding: &Finding, _identity: Option<&Identity>) -> Option<Suppression> {
        None
    }
}

/// One check.
pub struct Check {
    /// Stable id: the risk, then the condition: `NHI7-aws-key-age`.
    pub id: &'static str,
    /// The risk.
    pub risk: Risk,
    /// What it finds.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub remediation: &'static str,
    /// Base severity.
    pub severity: Severity,
    /// Usual confidence.
    pub confidence: Confidence,
    /// Pages that define the condition.
    pub references: &'static [&'static str],
    /// The formats (or `code`) any of which makes it assessable.
    pub needs: &'static [&'static str],
    /// Adjustments that would only restate its condition, so they are not applied to its findings.
    pub implies: &'static [Adjustment],
    /// The subjects it runs over, by identity or credential id: its denominator.
    pub subjects: fn(&View<'_>) -> BTreeSet<String>,
    /// The check itself. Findings come back unscored.
    pub run: fn(&View<'_>, &Context<'_>) -> Vec<Finding>,
}

/// What assessment gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assessment {
    /// Findings, most important first.
    pub findings: Vec<Finding>,
    /// The ten risks.
    pub risks: Vec<RiskSummary>,
    /// Overall score.
    pub score: Option<i32>,
    /// Headline numbers.
    pub headline: Headline,
}

/// Every check.
pub const CHECKS: &[&Check] = &[
    &nhi01_improper_offboarding::AWS_KEY_UNUSED,
    &nhi01_improper_offboarding::AWS_ROLE_UNUSED,
    &nhi01_improper_offboarding::REMOVED_NOT_REVOKED,
    &nhi01_improper_offboarding::kubernetes::DANGLING_BINDING,
    &nhi01_improper_offboarding::exceptions::EXCEPTION_EXPIRED,
    &nhi01_improper_offboarding::hosts::DEPLOY_KEY_STALE,
    &nhi01_improper_offboarding::stored::SECRET_UNREFERENCED,
    &nhi01_improper_offboarding::stored::SECRET_GONE,
    &nhi01_improper_offboarding::hosts::OWNER_LEFT,
    &nhi01_improper_offboarding::gone::REFERENCE_GONE,
    &nhi01_improper_offboarding::repositories::DEAD_SUBJECT,
    &nhi02_secret_leakage::CI_LITERAL,
    &nhi02_secret_leakage::agent::MCP_ENV,
    &nhi02_secret_leakage::iac::BROKEN_ENCRYPTION,
    &nhi02_secret_leakage::iac::CFN_PARAM,
    &nhi02_secret_leakage::iac::SERVERLESS_ENV,
    &nhi02_secret_leakage::pipeline::CI_ECHO,
    &nhi03_vulnerable_third_party::GHA_UNPINNED,
    &nhi03_vulnerable_third_party::GHA_INHERIT,
    &nhi03_vulnerable_third_party::agent::MCP_UNPINNED,
    &nhi03_vulnerable_third_party::agent::REMOTE_MCP_BEARER,
    &nhi03_vulnerable_third_party::pipelines::GITLAB_INCLUDE,
    &nhi03_vulnerable_third_party::pipelines::CIRCLECI_ORB,
    &nhi03_vulnerable_third_party::pipelines::CI_IMAGE_MUTABLE,
    &nhi03_vulnerable_third_party::pipeline::CURL_PIPE,
    &nhi03_vulnerable_third_party::pipeline::INSTALL_SCRIPTS,
    &nhi03_vulnerable_third_party::pipeline::JENKINS_LIB,
    &nhi03_vulnerable_third_party::pipeline::PERSISTED_TOKEN,
    &nhi04_insecure_authentication::TLS_OFF,
    &nhi04_insecure_authentication::PLAIN_HTTP,
    &nhi03_vulnerable_third_party::roles::AWS_NO_EXTERNAL_ID,
    &nhi04_insecure_authentication::declared::SHARED_KEY,
    &nhi04_insecure_authentication::declared::IMDS_V1,
    &nhi02_secret_leakage::deployments::IMAGE_ARG,
    &nhi02_secret_leakage::deployments::COMPOSE_ENV,
    &nhi02_secret_leakage::deployments::HELM_VALUES,
    &nhi02_secret_leakage::deployments::K8S_SECRET_MANIFEST,
    &nhi04_insecure_authentication::deployments::DEFAULT_CRED,
    &nhi04_insecure_authentication::anonymous::ANON,
    &nhi05_overprivileged::AWS_ADMIN,
    &nhi05_overprivileged::AWS_ROOT_KEY,
    &nhi05_overprivileged::AWS_WILDCARD_SERVICE,
    &nhi05_overprivileged::CI_TOKEN,
    &nhi05_overprivileged::agent::MCP_SCOPE,
    &nhi05_overprivileged::agent::AGENT_AUTO_APPROVE,
    &nhi05_overprivileged::clouds::AWS_PRIVESC,
    &nhi05_overprivileged::clouds::GCP_PRIMITIVE,
    &nhi05_overprivileged::clouds::GCP_IMPERSONATE,
    &nhi05_overprivileged::clouds::AZURE_BROAD,
    &nhi05_overprivileged::kubernetes::CLUSTER_ADMIN,
    &nhi05_overprivileged::kubernetes::DANGER_VERBS,
    &nhi05_overprivileged::kubernetes::AUTOMOUNT,
    &nhi05_overprivileged::kubernetes::RUNTIME_ROOT,
    &nhi05_overprivileged::kubernetes::ARGOCD_ALLOWALL,
    &nhi06_cloud_deployment::OIDC_OPEN,
    &nhi06_cloud_deployment::OIDC_WILD,
    &nhi06_cloud_deployment::OIDC_AUDIENCE,
    &nhi06_cloud_deployment::CI_STATIC_CLOUD,
    &nhi06_cloud_deployment::UNTRUSTED_CHECKOUT,
    &nhi06_cloud_deployment::demanded::STATIC_AGAINST_POLICY,
    &nhi06_cloud_deployment::pipeline::SELFHOSTED_PUBLIC,
    &nhi06_cloud_deployment::assume::ROLE_REFUSES,
    &nhi06_cloud_deployment::clusters::NODE_IDENTITY,
    &nhi06_cloud_deployment::federation::OIDC_VACUOUS,
    &nhi06_cloud_deployment::federation::SUB_FORMAT,
    &nhi06_cloud_deployment::federation::GCP_WIF_OPEN,
    &nhi06_cloud_deployment::federation::GCP_PRINCIPALSET_ALL,
    &nhi06_cloud_deployment::federation::ENTRA_FIC,
    &nhi06_cloud_deployment::stored::IAC_STATIC_KEY,
    &nhi06_cloud_deployment::stored::PROVIDER_LITERAL,
    &nhi06_cloud_deployment::stored::SC_SECRET,
    &nhi07_long_lived_secrets::AWS_KEY_AGE,
    &nhi07_long_lived_secrets::CI_STATIC_TOKEN,
    &nhi07_long_lived_secrets::GIT_AGE,
    &nhi07_long_lived_secrets::JWT_LIFE,
    &nhi07_long_lived_secrets::SAS_LIFE,
    &nhi08_environment_isolation::agent::AGENT_PRODUCTION,
    &nhi08_environment_isolation::SAME_ROLE,
    &nhi08_environment_isolation::SAME_SECRET_NAME,
    &nhi08_environment_isolation::pipeline::DEPLOY_NO_ENVIRONMENT,
    &nhi09_reuse::SECRET_SPREAD,
    &nhi09_reuse::agent::AGENT_KEY_SHARED,
    &nhi09_reuse::pipelines::CONTEXT_WIDE,
    &nhi10_human_use::AWS_CONSOLE_AND_KEY,
    &nhi10_human_use::HUMAN_TOKEN_IN_CI,
    &nhi10_human_use::agent::AGENT_HUMAN_TOKEN,
    &nhi10_human_use::pipeline::AZURE_SP_LOGIN_SCRIPT,
    &nhi07_long_lived_secrets::declared::KMS_NOROTATE,
    &nhi07_long_lived_secrets::declared::VAULT_FOREVER,
    &nhi08_environment_isolation::trusts::TRUST_BOTH_ENVS,
    &nhi09_reuse::roles::IAM_ROLE_SHARED,
    &nhi10_human_use::roles::AWS_MIXED_TRUST,
    &nhi07_long_lived_secrets::kubernetes::LEGACY_TOKEN,
    &nhi08_environment_isolation::namespaces::CROSS_NS,
    &nhi09_reuse::kubernetes::SHARED_SA,
    &nhi10_human_use::kubernetes::MIXED_SUBJECTS,
    &nhi01_improper_offboarding::directory::AZURE_ORPHAN_ASSIGNMENT,
    &nhi01_improper_offboarding::directory::ENTRA_APP_UNOWNED,
    &nhi01_improper_offboarding::directory::ENTRA_SP_IDLE,
    &nhi03_vulnerable_third_party::directory::ENTRA_FOREIGN_SP,
    &nhi04_insecure_authentication::flows::OAUTH_IMPLICIT,
    &nhi05_overprivileged::directory::ENTRA_TIER0,
    &nhi07_long_lived_secrets::directory::ENTRA_SECRET_LIFE,
    &nhi07_long_lived_secrets::directory::OKTA_SLIDING,
    &nhi07_long_lived_secrets::directory::OKTA_CLIENT_SECRET,
    &nhi07_long_lived_secrets::directory::DATABRICKS_TOKEN,
    &nhi08_environment_isolation::subscriptions::AZURE_CROSS_SUB,
    &nhi08_environment_isolation::directory::ENTRA_TEST_APP,
    &nhi09_reuse::federated::SP_MULTI_FIC,
    &nhi10_human_use::directory::ENTRA_USER_AS_SERVICE,
    &nhi10_human_use::directory::ENTRA_DELEGATED_USE,
    &nhi10_human_use::directory::OKTA_TOKEN_ADMIN,
    &nhi03_vulnerable_third_party::apps::GH_APP_BROAD,
    &nhi03_vulnerable_third_party::apps::GH_TOOL_TOKEN,
    &nhi05_overprivileged::tokens::TOKEN_SCOPE,
    &nhi07_long_lived_secrets::tokens::GH_TOKEN,
    &nhi07_long_lived_secrets::tokens::GL_TOKEN,
    &nhi08_environment_isolation::variables::GL_VAR_SCOPE,
    &nhi09_reuse::hosts::ORG_SECRET_ALL,
    &nhi09_reuse::hosts::SSH_KEY_SHARED,
    &nhi01_improper_offboarding::analyzer::AWS_ANALYZER_UNUSED,
    &nhi07_long_lived_secrets::stores::SM_NO_ROTATION,
    &nhi07_long_lived_secrets::stores::KEY_VAULT_SECRET,
    &nhi07_long_lived_secrets::stores::SM_ROTATION_BROKEN,
    &nhi08_environment_isolation::accounts::AWS_CROSS_ACCOUNT,
    &nhi09_reuse::keys::TWO_ACTIVE_KEYS,
    &nhi01_improper_offboarding::google::DISABLED_LIVE,
    &nhi01_improper_offboarding::google::DELETED_MEMBER,
    &nhi07_long_lived_secrets::google::KEY_NO_EXPIRY,
    &nhi08_environment_isolation::google::CROSS_PROJECT,
    &nhi09_reuse::google::DEFAULT_ACCOUNT,
    &nhi10_human_use::google::HUMAN_IMPERSONATOR,
    &nhi01_improper_offboarding::kubernetes::ORPHAN_SA,
    &nhi02_secret_leakage::state::TFSTATE,
    &nhi02_secret_leakage::exports::EXPORT_IN_REPO,
    &nhi05_overprivileged::databases::DB_SUPER,
    &nhi05_overprivileged::databases::VAULT_ROOT,
    &nhi07_long_lived_secrets::databases::DB_NOEXPIRY,
    &nhi10_human_use::databases::SNOWFLAKE_SERVICE_UI,
    &nhi10_human_use::kubernetes::SA_KUBECONFIG,
    &nhi08_environment_isolation::values::SAME_SECRET_VALUE,
    &nhi08_environment_isolation::values::TEST_USES_PROD,
    &nhi08_environment_isolation::contexts::KUBECONFIG_SHARED_USER,
    &nhi09_reuse::databases::DB_USER_SHARED,
    &nhi04_insecure_authentication::passwords::ROPC,
    &nhi04_insecure_authentication::passwords::SNOWFLAKE_PASSWORD,
    &nhi08_environment_isolation::workspaces::TF_WORKSPACE,
    &nhi04_insecure_authentication::keys::WEAK_KEY,
    &nhi04_insecure_authentication::hooks::WEBHOOK_UNSIGNED,
    &nhi07_long_lived_secrets::certificates::CERT_LIFE,
    &nhi09_reuse::certificates::TLS_KEY_SHARED,
    &nhi04_insecure_authentication::mailboxes::APP_PASSWORD,
    &nhi04_insecure_authentication::code::JWT_WEAK,
    &nhi04_insecure_authentication::code::KEY_IN_QUERY,
    &nhi10_human_use::shared::SHARED_DEV_ENV,
];

/// The check of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|c| c.id == id)
}

impl Check {
    /// What the check is, for readers of a report.
    #[must_use]
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            id: self.id.to_owned(),
            kind: "check".to_owned(),
            name: self.title.to_owned(),
            risk: self.risk,
            severity: self.severity,
            confidence: self.confidence,
            description: self.why.to_owned(),
            remediation: self.remediation.to_owned(),
            references: self.references.iter().map(|r| (*r).to_owned()).collect(),
        }
    }

    /// Whether it goes by a list of the user's, of members or of repositories, that was not given.
    #[must_use]
    pub fn lacks_list(&self, members: bool, repositories: bool) -> bool {
        let lacks = |need: &str| match need {
            estate::MEMBERS => !members,
            estate::REPOSITORIES => !repositories,
            _ => false,
        };
        !self.needs.is_empty() && self.needs.iter().copied().all(lacks)
    }

    /// A finding about an identity. `detail` tells two findings of one check about one identity apart.
    fn about(&self, identity: &Identity, detail: &str) -> Finding {
        let mut finding = self.blank(&[self.id, identity.id.as_str(), detail], identity.locations.clone());
        finding.identity = Some(identity.id.clone());
        finding
    }

    /// A finding about a credential.
    fn on(&self, credential: &Credential) -> Finding {
        let mut finding = self.blank(&[self.id, &credential.id], credential.locations.clone());
        finding.identity.clone_from(&credential.identity);
        finding.credential = Some(credential.id.clone());
        finding.preview.clone_from(&credential.preview);
        finding
    }

    fn blank(&self, subject: &[&str], locations: Vec<Location>) -> Finding {
        Finding {
            id: self.id.to_owned(),
            risk: self.risk,
            title: self.title.to_owned(),
            severity: self.severity,
            base_severity: self.severity,
            confidence: self.confidence,
            score: 0,
            terms: Vec::new(),
            identity: None,
            credential: None,
            locations,
            preview: None,
            fingerprint: Some(subject_fingerprint(subject)),
            evidence: Vec::new(),
            why: self.why.into(),
            remediation: self.remediation.into(),
            suppressed: None,
        }
    }
}

/// How many sentences one finding carries.
const EVIDENCE_MAX: usize = 12;

/// Adds a sentence once, as long as there is room.
fn say(evidence: &mut Vec<String>, sentence: String) {
    if evidence.len() < EVIDENCE_MAX && !evidence.contains(&sentence) {
        evidence.push(sentence);
    }
}

/// A name for a subject that holds no secret: SHA-256 over its parts, cut to 128 bits, in hex. It does not depend on
/// lines, so a finding keeps it when its file grows.
fn subject_fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// Numbers of a part of what is assessed, which add up to those of all.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    burdens: [estate::Burden; Risk::ALL.len()],
    headline: Headline,
    /// Rules and checks that its findings and exposures name.
    named: BTreeSet<String>,
}

impl Sums {
    /// Rules and checks that its findings and exposures name.
    #[must_use]
    pub fn named(&self) -> &BTreeSet<String> {
        &self.named
    }

    /// Adds those of another part.
    pub fn add(&mut self, other: Self) {
        self.burdens.iter_mut().zip(other.burdens).for_each(|(own, more)| own.add(more));
        headline::add(&mut self.headline, other.headline);
        self.named.extend(other.named);
    }
}

/// Runs every check, scores findings and identities, and summarises the risks. Identities get their score and control
/// card in place, and the inventory's rules become those that findings and exposures name.
pub fn assess(inventory: &mut Inventory, context: &Context<'_>) -> Assessment {
    let (findings, mut assessment) = assess_beside(inventory, context, Sums::default());
    assessment.findings = findings.into_iter().map(|ranked| ranked.finding).collect();
    assessment
}

/// The findings on values that nothing else of an inventory touches, most important first, with their numbers. The inventory has
/// nothing but their credentials, exposures and rules, and the formats that were read in all.
#[must_use]
pub fn assess_apart(inventory: &Inventory, context: &Context<'_>) -> (Vec<Ranked>, Sums) {
    let view = View::new(inventory);
    let findings = findings(&view, context);
    let sums = sums(&findings, &view, context);
    (findings, sums)
}

/// The same as [`assess`], of an inventory without the values that were assessed apart. Numbers are those of both, the findings
/// those of this inventory alone, which stand beside the assessment.
pub fn assess_beside(inventory: &mut Inventory, context: &Context<'_>, beside: Sums) -> (Vec<Ranked>, Assessment) {
    decided::enter(inventory, context.policy);
    let (findings, risks, score, sums, verdicts) = {
        let mut view = View::new(inventory);
        let rights = production::against_names(&view);
        view.enter_rights(rights);
        let findings = findings(&view, context);
        let mut sums = sums(&findings, &view, context);
        sums.add(beside);
        let (risks, score) = estate::summarise(&sums.burdens, &view, context);
        let verdicts = factors::verdicts(&findings, &view, context);
        (findings, risks, score, sums, verdicts)
    };
    for (identity, verdict) in inventory.identities.iter_mut().zip(verdicts) {
        (identity.score, identity.controls) = verdict.unzip();
    }
    let mut rules = std::mem::take(&mut inventory.rules);
    rules.retain(|r| r.kind != "check");
    rules.extend(CHECKS.iter().filter(|c| sums.named.contains(c.id)).map(|c| c.info()));
    rules.retain(|r| sums.named.contains(r.id.as_str()));
    rules.sort();
    rules.dedup_by(|a, b| a.id == b.id);
    inventory.rules = rules;
    (findings, Assessment { findings: Vec::new(), risks, score, headline: sums.headline })
}

/// What every check finds, scored and sorted.
fn findings(view: &View<'_>, context: &Context<'_>) -> Vec<Ranked> {
    let mut findings = Vec::new();
    let mut keep = |found: Vec<Finding>, implies: &[Adjustment]| {
        // There may be very many, and doubling would take twice as much.
        findings.reserve_exact(found.len());
        for mut finding in found.into_iter().filter_map(|finding| without_sample(finding, view)) {
            score::apply(&mut finding, implies, view, context);
            if finding.score > 0 {
                findings.push(ranked(finding, view));
            }
        }
    };
    let mut leaks = nhi02_secret_leakage::leaks(view);
    for leak in leaks.iter_mut().filter(|leak| leak.suppressed.is_none()) {
        let identity = leak.identity.as_ref().and_then(|id| view.identity(id));
        leak.suppressed = context.policy.excepts(leak, identity);
    }
    keep(leaks, &[]);
    for check in CHECKS.iter().filter(|check| context.policy.runs(check.id)) {
        let mut found = (check.run)(view, context);
        found.retain(|finding| context.policy.shows(finding.confidence));
        for finding in &mut found {
            let identity = finding.identity.as_ref().and_then(|id| view.identity(id));
            finding.suppressed = finding.suppressed.take().or_else(|| context.policy.accepts(finding, identity));
        }
        keep(found, check.implies);
    }
    sort(&mut findings);
    findings
}

fn sums(findings: &[Ranked], view: &View<'_>, context: &Context<'_>) -> Sums {
    let named = findings.iter().map(|r| &r.finding.id).chain(view.inventory.exposures.iter().map(|e| &e.rule));
    let named: BTreeSet<&String> = named.collect();
    Sums {
        burdens: estate::burdens(findings, view, context),
        headline: headline::count(findings, view),
        named: named.into_iter().cloned().collect(),
    }
}

/// A finding, unless a sample is all that it is about. A value in the clear is a leak whatever a sample says of its owner,
/// and is then nobody's.
fn without_sample(mut finding: Finding, view: &View<'_>) -> Option<Finding> {
    if finding.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(|identity| identity.sample) {
        finding.credential.as_ref()?;
        finding.identity = None;
    }
    Some(finding)
}

/// See [`Ranked::order`].
fn sort(findings: &mut [Ranked]) {
    // Findings are large, and are moved once.
    let mut places: Vec<usize> = (0..findings.len()).collect();
    places.sort_by(|a, b| match (findings.get(*a), findings.get(*b)) {
        (Some(a), Some(b)) => a.order(b),
        _ => std::cmp::Ordering::Equal,
    });
    order::arrange(findings, places);
}

/// A finding with its place among others.
fn ranked(mut finding: Finding, view: &View<'_>) -> Ranked {
    if finding.locations.is_empty() {
        finding.locations.push(Location::default());
    }
    // Lists of one have room for four.
    finding.locations.shrink_to_fit();
    finding.terms.shrink_to_fit();
    finding.evidence.shrink_to_fit();
    let credential = finding.credential.as_deref().and_then(|id| view.credential(id));
    Ranked {
        chosen: credential.is_some_and(|credential| !view.is_issued(credential)),
        test: finding.terms.iter().any(|term| term.name == Adjustment::TestPath.name()),
        finding,
    }
}

#[cfg(test)]
mod tests;
