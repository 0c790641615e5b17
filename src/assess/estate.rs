//! The ten risks over everything scanned: a burden that clean identities never dilute, beside the share of subjects that
//! are affected, with both numbers; and "not assessed" where inputs were missing, never zero.

use std::collections::BTreeSet;

use super::view::View;
use super::{CHECKS, Check, Context};
use crate::model::{Finding, IdentityKey, Ranked, Risk, RiskStatus, RiskSummary};
use crate::text::order::Lookup;

/// The input that every scan of files has.
pub(super) const CODE: &str = "code";
/// The history of a repository.
pub(super) const HISTORY: &str = "git-history";
/// Formats, by the ids of their readers.
pub(super) const GITHUB_ACTIONS: &str = "github-actions";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITLAB_CI: &str = "gitlab-ci";
/// See [`GITHUB_ACTIONS`].
pub(super) const AZURE_PIPELINES: &str = "azure-pipelines";
/// See [`GITHUB_ACTIONS`].
pub(super) const CIRCLECI: &str = "circleci";
/// See [`GITHUB_ACTIONS`].
pub(super) const BITBUCKET_PIPELINES: &str = "bitbucket-pipelines";
/// See [`GITHUB_ACTIONS`].
pub(super) const TRAVIS_CI: &str = "travis-ci";
/// Every format of pipelines.
pub(super) const PIPELINES: &[&str] = &[
    GITHUB_ACTIONS,
    GITLAB_CI,
    AZURE_PIPELINES,
    CIRCLECI,
    BITBUCKET_PIPELINES,
    TRAVIS_CI,
    "jenkinsfile",
    "buildkite",
    "drone",
    "woodpecker",
    "codebuild",
    "cloud-build",
    "tekton",
    "argo",
];
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_CREDENTIAL_REPORT: &str = "aws-credential-report";
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_ACCESS_KEYS: &str = "aws-access-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_AUTHORIZATION: &str = "aws-authorization-details";
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_ANALYZER: &str = "aws-access-analyzer";
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_SECRETS: &str = "aws-secrets";
/// See [`GITHUB_ACTIONS`].
pub(super) const AWS_ACCOUNTS: &str = "aws-accounts";
/// When principals used what: never asked for, since the authorization details tell when a role was used.
pub(super) const AWS_LAST_ACCESSED: &str = "aws-last-accessed";
/// Users and roles without their rights: the authorization details have all of it and more, so that it is never asked for.
pub(super) const AWS_IAM_LIST: &str = "aws-iam-list";
pub(super) const GCP_SERVICE_ACCOUNTS: &str = "gcp-service-accounts";
/// See [`GITHUB_ACTIONS`].
pub(super) const GCP_KEYS: &str = "gcp-service-account-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const GCP_IAM_POLICY: &str = "gcp-iam-policy";
/// See [`GITHUB_ACTIONS`].
pub(super) const GCP_POOLS: &str = "gcp-workload-identity";
/// See [`GITHUB_ACTIONS`].
pub(super) const GCP_ASSETS: &str = "gcp-assets";
/// See [`GITHUB_ACTIONS`].
pub(super) const CLOUDFORMATION: &str = "cloudformation";
/// See [`GITHUB_ACTIONS`].
pub(super) const SERVERLESS: &str = "serverless";
/// See [`GITHUB_ACTIONS`].
pub(super) const ARM: &str = "arm-template";
/// See [`GITHUB_ACTIONS`].
pub(super) const BICEP: &str = "bicep";
/// See [`GITHUB_ACTIONS`].
pub(super) const PULUMI: &str = "pulumi";
/// See [`GITHUB_ACTIONS`].
pub(super) const ANSIBLE: &str = "ansible";
/// See [`GITHUB_ACTIONS`].
pub(super) const SOPS: &str = "sops";

/// Configurations of agents and of the tool servers that they call; see [`GITHUB_ACTIONS`].
pub(super) const AGENTS: &[&str] = &[
    "mcp-servers",
    "claude-code",
    "codex",
    "gemini-cli",
    "vscode-settings",
    "zed",
    "opencode",
    "continue",
    "goose",
    "aider",
    "autogen",
    "litellm",
];
/// See [`GITHUB_ACTIONS`].
pub(super) const TERRAFORM: &str = "terraform";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_APPLICATIONS: &str = "entra-applications";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_SERVICE_PRINCIPALS: &str = "entra-service-principals";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_FEDERATED: &str = "entra-federated-credentials";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_APP_ROLES: &str = "entra-app-role-assignments";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_SIGN_INS: &str = "entra-sign-in-activities";
/// See [`GITHUB_ACTIONS`].
pub(super) const ENTRA_USERS: &str = "entra-users";
/// See [`GITHUB_ACTIONS`].
pub(super) const AZURE_ROLE_ASSIGNMENTS: &str = "azure-role-assignments";
/// See [`GITHUB_ACTIONS`].
pub(super) const AZURE_VAULT_SECRETS: &str = "azure-key-vault-secrets";
/// See [`GITHUB_ACTIONS`].
pub(super) const OKTA_API_TOKENS: &str = "okta-api-tokens";
/// See [`GITHUB_ACTIONS`].
pub(super) const OKTA_APPS: &str = "okta-apps";
/// See [`GITHUB_ACTIONS`].
pub(super) const OKTA_USERS: &str = "okta-users";
/// See [`GITHUB_ACTIONS`].
pub(super) const DATABRICKS_TOKENS: &str = "databricks-tokens";
/// Declarations of cloud resources.
pub(super) const DECLARATIONS: &[&str] = &[TERRAFORM, CLOUDFORMATION, ARM, BICEP, PULUMI];

/// The members that `--members` names; no format of files.
pub(super) const MEMBERS: &str = "members";
/// The repositories that `--repos` names; no format of files.
pub(super) const REPOSITORIES: &str = "repositories";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITHUB_AUDIT_LOG: &str = "github-audit-log";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITHUB_PATS: &str = "github-pats";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITHUB_SECRETS: &str = "github-secrets";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITHUB_INSTALLATIONS: &str = "github-installations";
/// See [`GITHUB_ACTIONS`].
pub(super) const CERTIFICATE: &str = "certificate";
/// See [`GITHUB_ACTIONS`].
pub(super) const KUBERNETES: &str = "kubernetes";
/// See [`GITHUB_ACTIONS`].
pub(super) const DEPLOY_KEYS: &str = "deploy-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const AUTHORIZED_KEYS: &str = "authorized-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITLAB_TOKENS: &str = "gitlab-tokens";
/// See [`GITHUB_ACTIONS`].
pub(super) const GITLAB_VARIABLES: &str = "gitlab-variables";
/// See [`GITHUB_ACTIONS`].
pub(super) const OPENAI_KEYS: &str = "openai-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const ANTHROPIC_KEYS: &str = "anthropic-keys";
/// See [`GITHUB_ACTIONS`].
pub(super) const KUBERNETES_EXPORT: &str = "kubernetes-export";
/// See [`GITHUB_ACTIONS`].
pub(super) const KUBECONFIG_CONTEXTS: &str = "kubeconfig-contexts";
/// See [`GITHUB_ACTIONS`].
pub(super) const TERRAFORM_STATE: &str = "terraform-state";
/// See [`GITHUB_ACTIONS`].
pub(super) const TERRAFORM_SHOW: &str = "terraform-show";
/// See [`GITHUB_ACTIONS`].
pub(super) const VAULT: &str = "vault";
/// See [`GITHUB_ACTIONS`].
pub(super) const SNOWFLAKE: &str = "snowflake";
/// See [`GITHUB_ACTIONS`].
pub(super) const POSTGRESQL_ROLES: &str = "postgresql-roles";

/// The read-only command that makes an export; `None` for files that lie in repositories, whose absence means that there
/// is nothing to assess.
fn command(need: &str) -> Option<&'static str> {
    Some(match need {
        AWS_CREDENTIAL_REPORT => "aws iam get-credential-report --output json",
        AWS_ACCESS_KEYS => "aws iam list-access-keys --user-name NAME --output json",
        AWS_AUTHORIZATION => "aws iam get-account-authorization-details --output json",
        ENTRA_APPLICATIONS => "az ad app list --all --output json",
        ENTRA_SERVICE_PRINCIPALS => "az ad sp list --all --output json",
        ENTRA_FEDERATED => "az ad app federated-credential list --id APP_ID --output json",
        ENTRA_APP_ROLES => {
            "az rest --method get --url \"https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo?$top=999\""
        }
        ENTRA_SIGN_INS => {
            "az rest --method get --url https://graph.microsoft.com/beta/reports/servicePrincipalSignInActivities"
        }
        ENTRA_USERS => {
            "az rest --method get --url \"https://graph.microsoft.com/v1.0/users?$top=999&$select=id,userPrincipalName,displayName,accountEnabled,userType,passwordPolicies,createdDateTime,onPremisesSyncEnabled\""
        }
        AZURE_ROLE_ASSIGNMENTS => "az role assignment list --all --output json",
        OKTA_API_TOKENS => "curl -H \"Authorization: SSWS $TOKEN\" https://ORG.okta.com/api/v1/api-tokens",
        OKTA_APPS => "curl -H \"Authorization: SSWS $TOKEN\" \"https://ORG.okta.com/api/v1/apps?limit=200\"",
        OKTA_USERS => "curl -H \"Authorization: SSWS $TOKEN\" \"https://ORG.okta.com/api/v1/users?limit=200\"",
        AZURE_VAULT_SECRETS => "az keyvault secret list --vault-name VAULT --output json",
        DATABRICKS_TOKENS => "databricks token-management list --output json",
        GITHUB_AUDIT_LOG => "gh api --paginate 'orgs/ORG/audit-log?include=all&per_page=100'",
        GITHUB_PATS => "gh api --paginate orgs/ORG/personal-access-tokens",
        GITHUB_SECRETS => "gh api --paginate orgs/ORG/actions/secrets",
        GITHUB_INSTALLATIONS => "gh api --paginate orgs/ORG/installations",
        DEPLOY_KEYS => "gh api --paginate repos/OWNER/REPO/keys",
        GITLAB_TOKENS => "glab api --paginate projects/ID/access_tokens",
        GITLAB_VARIABLES => "glab api --paginate projects/ID/variables",
        OPENAI_KEYS => {
            "curl -H \"Authorization: Bearer $OPENAI_ADMIN_KEY\" https://api.openai.com/v1/organization/admin_api_keys"
        }
        ANTHROPIC_KEYS => {
            "curl -H \"x-api-key: $ANTHROPIC_ADMIN_KEY\" -H 'anthropic-version: 2023-06-01' \
             'https://api.anthropic.com/v1/organizations/api_keys?limit=1000'"
        }
        AWS_ANALYZER => "aws accessanalyzer list-findings-v2 --analyzer-arn ARN --output json",
        AWS_SECRETS => "aws secretsmanager list-secrets --output json",
        AWS_ACCOUNTS => "aws organizations list-accounts --output json",
        GCP_SERVICE_ACCOUNTS => "gcloud iam service-accounts list --project=PROJECT --format=json",
        GCP_KEYS => "gcloud iam service-accounts keys list --iam-account=EMAIL --format=json",
        GCP_IAM_POLICY => "gcloud projects get-iam-policy PROJECT --format=json > iam-policy-PROJECT.json",
        GCP_POOLS => {
            "gcloud iam workload-identity-pools providers list --workload-identity-pool=POOL --location=global \
             --project=PROJECT --format=json"
        }
        GCP_ASSETS => "gcloud asset list --organization=NUMBER --content-type=iam-policy --format=json",
        KUBERNETES_EXPORT => "kubectl get serviceaccounts,secrets,roles,rolebindings,… -A -o json",
        TERRAFORM_STATE => "terraform state pull",
        TERRAFORM_SHOW => "terraform show -json",
        VAULT => "vault read -format=json auth/approle/role/NAME",
        SNOWFLAKE => "snow sql --query 'SHOW USERS' --format JSON",
        POSTGRESQL_ROLES => "psql -c '\\copy (select * from pg_roles) to roles.csv csv header'",
        _ => return None,
    })
}

/// How an input is named whose absence leaves something unassessed; `None` for files that lie in repositories.
fn absent(need: &str) -> Option<String> {
    match need {
        MEMBERS => Some(format!("{need} (--members FILE)")),
        REPOSITORIES => Some(format!("{need} (--repos FILE)")),
        HISTORY => Some(format!("{need} (a scan of a repository without --no-history)")),
        _ => command(need).map(|command| format!("{need} (`{command}`)")),
    }
}

/// The subject that a finding counts for: its identity, else its credential, else its file.
fn subject(finding: &Finding) -> &str {
    let identity = finding.identity.as_ref().map(IdentityKey::as_str);
    let file = || finding.locations.first().map(|l| l.path.as_str()).unwrap_or_default();
    identity.or(finding.credential.as_deref()).unwrap_or_else(file)
}

/// The burden of one risk, 0–100: `100·(1 − 2^(−U/3))` with U the sum over subjects of their worst score in hundredths.
#[cfg(test)]
pub(super) fn burden(worst: impl Iterator<Item = i32>) -> f64 {
    burden_of(worst.map(i64::from).sum())
}

/// See [`burdens`]. Points are summed as integers, so their order does not matter.
fn burden_of(points: i64) -> f64 {
    100.0 * (1.0 - (-(points as f64) / 300.0).exp2())
}

/// What one risk weighs. The subjects of two parts are not the same ones, so that they add up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burden {
    /// The sum over subjects of the worst score of each.
    points: i64,
    /// Subjects with an open finding.
    affected: u64,
    /// Subjects.
    assessable: u64,
}

impl Burden {
    pub(super) fn add(&mut self, other: Self) {
        self.points += other.points;
        self.affected += other.affected;
        self.assessable += other.assessable;
    }
}

/// What each risk weighs, in OWASP's order.
pub(super) fn burdens(findings: &[Ranked], view: &View<'_>, context: &Context<'_>) -> [Burden; Risk::ALL.len()] {
    // Checks of several risks have the same subjects.
    let mut known: Vec<(Subjects, BTreeSet<String>)> = Vec::new();
    Risk::ALL.map(|risk| {
        let mut worst: Lookup<&str, i32> = Lookup::default();
        let all = findings.iter().map(|ranked| &ranked.finding);
        for finding in all.filter(|f| f.risk == risk && f.suppressed.is_none()) {
            let slot = worst.entry(subject(finding)).or_default();
            *slot = finding.score.max(*slot);
        }
        let (points, affected) = (worst.values().copied().map(i64::from).sum(), worst.len() as u64);
        let sets: Vec<usize> = denominator(risk, view, context).map(|of| place(of, &mut known, view)).collect();
        let sets: Vec<&BTreeSet<String>> = sets.into_iter().filter_map(|at| Some(&known.get(at)?.1)).collect();
        // The largest is counted as it is.
        let largest = sets.iter().copied().max_by_key(|set| set.len());
        let in_largest = |subject: &str| largest.is_some_and(|largest| largest.contains(subject));
        let mut others: Lookup<&str, ()> = worst.into_keys().map(|subject| (subject, ())).collect();
        for set in sets.iter().filter(|set| !largest.is_some_and(|largest| std::ptr::eq(**set, largest))) {
            others.extend(set.iter().map(|subject| (subject.as_str(), ())));
        }
        let rest = others.into_keys().filter(|subject| !in_largest(subject)).count();
        let assessable = (largest.map_or(0, BTreeSet::len) + rest) as u64;
        Burden { points, affected, assessable }
    })
}

/// The ten risks in OWASP's order, and the overall score: the mean of the assessed risks' burdens, weighted by the sum of
/// OWASP's published factors.
pub(super) fn summarise(burdens: &[Burden], view: &View<'_>, context: &Context<'_>) -> (Vec<RiskSummary>, Option<i32>) {
    let mut risks = Vec::with_capacity(Risk::ALL.len());
    let (mut total, mut weights) = (0.0, 0.0);
    for (risk, burden) in Risk::ALL.into_iter().zip(burdens) {
        let (status, why) = status(risk, view, context);
        // Findings are assessed by their existence, whatever the list of formats says.
        let partly = status == RiskStatus::NotAssessed && burden.affected > 0;
        let status = if partly { RiskStatus::Partly } else { status };
        let assessed = status != RiskStatus::NotAssessed;
        let score = burden_of(burden.points);
        if assessed {
            total += score * f64::from(risk.weight());
            weights += f64::from(risk.weight());
        }
        risks.push(RiskSummary {
            risk,
            title: risk.title().to_owned(),
            status,
            why,
            affected: burden.affected,
            assessable: if assessed { burden.assessable } else { 0 },
            score: assessed.then_some(score.round() as i32),
        });
    }
    let overall = (weights > 0.0).then(|| (total / weights).round() as i32);
    (risks, overall)
}

/// How many kinds of files a sentence names.
const FILES_SHOWN: usize = 6;

fn checks_of(risk: Risk, context: &Context<'_>) -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().copied().filter(move |c| c.risk == risk && !c.needs.is_empty() && context.policy.runs(c.id))
}

fn has(need: &str, view: &View<'_>, context: &Context<'_>) -> bool {
    let read = |format: &str| view.inventory.formats_read.contains_key(format);
    // What is declared is in what came of it too.
    let also = match need {
        TERRAFORM => read(TERRAFORM_STATE) || read(TERRAFORM_SHOW),
        "kubernetes" => read(KUBERNETES_EXPORT),
        _ => false,
    };
    let listed = match need {
        MEMBERS => context.members.is_some(),
        REPOSITORIES => context.repositories.is_some(),
        _ => false,
    };
    need == CODE || listed || read(need) || also
}

/// Secret leakage is assessed wherever files were read; the others rest on their checks.
fn status(risk: Risk, view: &View<'_>, context: &Context<'_>) -> (RiskStatus, String) {
    if risk == Risk::Nhi2 {
        return (RiskStatus::Assessed, String::new());
    }
    let mut met = 0_usize;
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let mut any = false;
    for check in checks_of(risk, context) {
        any = true;
        if check.needs.iter().any(|need| has(need, view, context)) {
            met += 1;
        } else {
            missing.extend(check.needs);
        }
    }
    if !any {
        let off = CHECKS.iter().any(|c| c.risk == risk);
        let why = if off { "its checks are switched off" } else { "keyroll has no check of this risk yet" };
        return (RiskStatus::NotAssessed, why.to_owned());
    }
    let lacking: Vec<String> = missing.iter().filter_map(|need| absent(need)).collect();
    let files: Vec<&str> = missing.iter().copied().filter(|need| absent(need).is_none()).collect();
    match (met, lacking.is_empty()) {
        (0, _) => {
            // Where a command would help, the kinds of files that happen not to be here do not.
            let shown = files.iter().take(FILES_SHOWN).map(|f| (*f).to_owned());
            let more = files.len().saturating_sub(FILES_SHOWN);
            let more = (more > 0).then(|| format!("or another of {more} kinds of files"));
            let all: Vec<String> = if lacking.is_empty() { shown.chain(more).collect() } else { lacking };
            (RiskStatus::NotAssessed, format!("needs {}", all.join(", ")))
        }
        (_, true) => (RiskStatus::Assessed, String::new()),
        (_, false) => (RiskStatus::Partly, format!("needs {}", lacking.join(", "))),
    }
}

/// What tells the subjects of a check.
type Subjects = fn(&View<'_>) -> BTreeSet<String>;

/// What tells what a risk can be found in, in parts that may overlap.
fn denominator(risk: Risk, view: &View<'_>, context: &Context<'_>) -> impl Iterator<Item = Subjects> {
    let all: Subjects = |view| View::ids(view.identities());
    let unattributed: Subjects =
        |view| view.credentials().filter(|c| view.is_unattributed(c)).map(|c| c.id.clone()).collect();
    let files = [all, unattributed].into_iter().filter(move |_| risk == Risk::Nhi2);
    let checks = checks_of(risk, context).filter(|c| c.needs.iter().any(|need| has(need, view, context)));
    files.chain(checks.map(|check| check.subjects))
}

/// The place of these subjects among those that are known, which they join.
fn place(of: Subjects, known: &mut Vec<(Subjects, BTreeSet<String>)>, view: &View<'_>) -> usize {
    let same = |(known, _): &(Subjects, BTreeSet<String>)| std::ptr::fn_addr_eq(*known, of);
    known.iter().position(same).unwrap_or_else(|| {
        known.push((of, of(view)));
        known.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burdens_are_those_of_the_worked_examples() {
        let tenth = |x: f64| (x * 10.0).round() / 10.0;
        assert!((tenth(burden([96, 75, 40].into_iter())) - 38.6).abs() < 1e-9);
        assert!((tenth(burden(std::iter::repeat_n(40, 30))) - 93.8).abs() < 1e-9);
        // Three certain critical identities are half of the scale.
        assert!((burden(std::iter::repeat_n(100, 3)) - 50.0).abs() < 1e-9);
        assert!(burden(std::iter::empty()).abs() < 1e-9);
    }
}
