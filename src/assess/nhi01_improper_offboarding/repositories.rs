//! Trusts in repositories that the organisation does not have any more, by the list that the user gives.
//!
//! Subjects: <https://docs.github.com/en/actions/reference/security/oidc>,
//! <https://docs.gitlab.com/ci/secrets/id_token_authentication/>; members of Google's pools:
//! <https://cloud.google.com/iam/docs/principal-identifiers>; expressions of Entra:
//! <https://learn.microsoft.com/en-us/entra/workload-id/workload-identities-flexible-federated-identity-credentials>.

use std::collections::BTreeSet;

use crate::assess::estate::REPOSITORIES;
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, Context, say, settings, trust};
use crate::model::{
    CodeHost, Confidence, Finding, Identity, Repositories, Risk, Setting, Severity, Standing, Status, Trust, setting,
};

/// A trust in a repository of ours that is gone or archived.
pub(in crate::assess) const DEAD_SUBJECT: Check = Check {
    id: "NHI1-oidc-trust-dead-subject",
    risk: Risk::Nhi1,
    title: "Trust in a repository that is gone or archived",
    why: "The trust outlived what it was for. A name that nothing has can be taken again, by whoever may make a repository \
          there, and its pipelines then come in.",
    remediation: "Take the subject out of the trust, or name the repository that took its place, by its ids: \
                  repository_id and repository_owner_id of GitHub, project_id of GitLab.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/actions/reference/security/oidc",
        "https://docs.gitlab.com/ci/secrets/id_token_authentication/",
    ],
    needs: &[REPOSITORIES],
    // That it is pinned to one workload is what is wrong.
    implies: &[Adjustment::Pinned],
    subjects: |view| {
        let trusting = view.identities().filter(|i| view.trusts_of(&i.id).iter().any(|t| host(t).is_some()));
        let mut all = View::ids(trusting);
        all.extend(settings::subjects(view, setting::WIF_MEMBER));
        all
    },
    run: dead_subjects,
};

/// Whose tokens they are, and whether it is the host that everybody means.
#[derive(Debug, Clone, Copy)]
struct Host {
    kind: CodeHost,
    public: bool,
}

fn host(trust: &Trust) -> Option<Host> {
    let own = trust.subject.as_deref().is_some_and(|subject| subject.contains("project_path:"));
    let gitlab = own || ["project_path", "project_id"].iter().any(|claim| !trust::values(trust, claim).0.is_empty());
    of_issuer(trust::issuer(trust)).or_else(|| gitlab.then_some(Host { kind: CodeHost::GitLab, public: false }))
}

/// Enterprises have issuers of their own below GitHub's, and on `ghe.com`; servers theirs below `_services`.
fn of_issuer(issuer: &str) -> Option<Host> {
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    let name = issuer.split('/').next().unwrap_or(issuer);
    let github = |public| Some(Host { kind: CodeHost::GitHub, public });
    match name {
        "token.actions.githubusercontent.com" => github(true),
        "gitlab.com" => Some(Host { kind: CodeHost::GitLab, public: true }),
        _ if name.starts_with("token.actions.") && name.ends_with(".ghe.com") => github(false),
        _ if issuer.ends_with("/_services/token") => github(false),
        _ => None,
    }
}

/// A repository as a trust names it.
#[derive(Debug, Clone, Default)]
struct Named {
    path: String,
    id: Option<String>,
    /// Whether `*` and `?` stand for others.
    wild: bool,
    /// Whether a number of it or of its owner is demanded, too.
    pinned: bool,
    /// How, for the evidence.
    by: String,
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The repository of a subject: `repo:OWNER/REPO:…`, either with `@id`, or `project_path:GROUP/…/PROJECT:…`; of customised ones
/// those that begin with it.
fn of_subject(subject: &str, wild: bool) -> Option<Named> {
    let (kind, rest) = subject.split_once(':')?;
    let path = rest.split(':').next().unwrap_or(rest);
    let named = Named { wild, by: format!("subject {subject}"), ..Named::default() };
    match kind {
        "repo" | "repository" => {
            let (owner, name) = path.split_once('/')?;
            // No name holds an `@`.
            let (owner, of) = owner.split_once('@').unwrap_or((owner, ""));
            let (name, id) = name.split_once('@').unwrap_or((name, ""));
            let id = Some(id).filter(|id| is_number(id)).map(str::to_owned);
            let pinned = id.is_some() || is_number(of);
            Some(Named { path: format!("{owner}/{name}"), id, pinned, ..named })
        }
        "project_path" => Some(Named { path: path.to_owned(), ..named }),
        "job_workflow_ref" => Some(Named { path: of_workflow(path)?, ..named }),
        _ => None,
    }
}

/// `OWNER/REPO` of `OWNER/REPO/.github/workflows/FILE@REF`.
fn of_workflow(reference: &str) -> Option<String> {
    let (path, _) = reference.split_once("/.github/")?;
    Some(path.to_owned())
}

/// The repositories that a trust names, each of which it may let in.
fn named(trust: &Trust, kind: CodeHost) -> Vec<Named> {
    let operator = trust.attributes.get("sub_operator").map(String::as_str).unwrap_or_default();
    let subject = trust.subject.as_deref().unwrap_or_default();
    let mut out: Vec<Named> = if operator == "claimsMatchingExpression" {
        // Each text of an expression is compared with a claim.
        subject.split('\'').skip(1).step_by(2).filter_map(|text| of_subject(text, true)).collect()
    } else {
        let wild = !operator.rsplit(':').next().unwrap_or(operator).starts_with("StringEquals");
        trust::alternatives(subject).filter_map(|subject| of_subject(subject, wild)).collect()
    };
    let claims: &[&str] = match kind {
        CodeHost::GitHub => &["repository", "job_workflow_ref", "workflow_ref"],
        CodeHost::GitLab => &["project_path"],
    };
    for claim in claims {
        let (values, wild) = trust::values(trust, claim);
        out.extend(values.into_iter().filter_map(|value| {
            let path = if claim.ends_with("_ref") { of_workflow(value)? } else { value.to_owned() };
            Some(Named { path, wild, by: format!("{claim} {value}"), ..Named::default() })
        }));
    }
    let numbers: &[&str] = match kind {
        CodeHost::GitHub => &["repository_id", "repository_owner_id"],
        CodeHost::GitLab => &["project_id", "namespace_id"],
    };
    let held: Vec<Vec<&str>> = numbers.iter().map(|claim| numbers_of(trust, claim)).collect();
    let pinned = held.iter().any(|values| !values.is_empty());
    for one in &mut out {
        one.pinned |= pinned;
        if let (None, Some([id])) = (&one.id, held.first().map(Vec::as_slice)) {
            one.id = Some((*id).to_owned());
        }
    }
    out
}

/// The numbers that a claim has to be one of.
fn numbers_of<'t>(trust: &'t Trust, claim: &str) -> Vec<&'t str> {
    let test = trust.attributes.get(&format!("claim.{claim}")).map(String::as_str).unwrap_or_default();
    // Such tests also hold for a token without the claim.
    let vacuous = test.starts_with("ForAllValues:") || test.split(' ').next().is_some_and(|o| o.ends_with("IfExists"));
    let values = trust::values(trust, claim).0;
    if !vacuous && values.iter().all(|value| is_number(value)) { values } else { Vec::new() }
}

/// Repositories that a trust names by numbers alone: its own and that of its owner.
fn by_number(trust: &Trust, kind: CodeHost) -> Vec<(&str, &str)> {
    let (own, owner) = match kind {
        CodeHost::GitHub => ("repository_id", "repository_owner_id"),
        CodeHost::GitLab => ("project_id", "namespace_id"),
    };
    let owners = numbers_of(trust, owner);
    let [owner] = owners.as_slice() else { return Vec::new() };
    numbers_of(trust, own).into_iter().map(|id| (id, *owner)).collect()
}

/// What was found about one identity or member.
#[derive(Default)]
struct Dead {
    worst: Option<(Severity, Confidence, String)>,
    evidence: Vec<String>,
}

impl Dead {
    fn note(&mut self, list: &Repositories, host: Host, named: &Named) {
        let standing = list.standing(host.kind, &named.path, named.wild, named.id.as_deref());
        self.add(list, host, standing, named);
    }

    fn add(&mut self, list: &Repositories, host: Host, standing: Standing, named: &Named) {
        let what = match standing {
            Standing::Foreign | Standing::Here => return,
            Standing::Archived => "which is archived",
            Standing::Renumbered => "whose number another one had",
            Standing::Gone => "which is not among your repositories",
        };
        let severity = if standing == Standing::Gone && !named.pinned { Severity::High } else { Severity::Medium };
        say(&mut self.evidence, format!("{}: {}, {what}", named.by, named.path));
        let mut confidence = Confidence::High;
        // Numbers are of one host.
        let told = !named.path.contains('/') || list.tells_host(host.kind, &named.path);
        if !told || !host.public {
            confidence = Confidence::Medium;
            say(&mut self.evidence, "the list does not say that it is of the host which the trust means".to_owned());
        }
        if let Some(count) = list.may_be_cut().filter(|_| standing == Standing::Gone) {
            confidence = Confidence::Medium;
            say(&mut self.evidence, format!("the list names {count}, as many as one page has: it may have been cut"));
        }
        let title = format!("trusts {}, {what}", named.path);
        let known = self.worst.as_ref().map(|(severity, confidence, _)| (*severity, *confidence));
        if known.is_none_or(|known| (severity, confidence) > known) {
            self.worst = Some((severity, confidence, title));
        }
    }

    fn into(self, name: &str, finding: &mut Finding) -> bool {
        let Some((severity, confidence, title)) = self.worst else { return false };
        finding.title = format!("{name} {title}");
        (finding.base_severity, finding.confidence) = (severity, confidence);
        finding.evidence = self.evidence;
        true
    }
}

fn dead_subjects(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let Some(list) = context.repositories else { return Vec::new() };
    let mut out: Vec<Finding> = view.identities().filter_map(|identity| of_identity(identity, view, list)).collect();
    out.extend(settings::of(&DEAD_SUBJECT, view, setting::WIF_MEMBER, |member, finding| {
        let mut dead = Dead::default();
        for (host, named) in of_member(&member.value, attribute(member, "module"), view) {
            dead.note(list, host, &named);
        }
        let name = member.identity.as_ref().and_then(|id| view.identity(id)).map_or(&member.subject, |i| &i.name);
        dead.into(name, finding)
    }));
    out
}

fn of_identity(identity: &Identity, view: &View<'_>, list: &Repositories) -> Option<Finding> {
    if matches!(identity.status, Status::Inactive | Status::Deleted) {
        return None;
    }
    let mut dead = Dead::default();
    let mut finding = DEAD_SUBJECT.about(identity, "");
    let mut places = BTreeSet::new();
    // Members of a pool are told as settings, with what the pool's provider says.
    for trust in view.trusts_of(&identity.id).iter().filter(|trust| !trust.attributes.contains_key("pool")) {
        let Some(host) = host(trust) else { continue };
        let before = dead.evidence.len();
        let named = named(trust, host.kind);
        for one in &named {
            dead.note(list, host, one);
        }
        for (id, owner) in by_number(trust, host.kind).into_iter().filter(|_| named.is_empty()) {
            let by = format!("number {id} of the owner {owner}");
            let one = Named { path: format!("repository {id}"), pinned: true, by, ..Named::default() };
            dead.add(list, host, list.standing_of(host.kind, id, owner), &one);
        }
        if dead.evidence.len() > before {
            places.insert(trust.location.clone());
        }
    }
    // A principal of a pool has the rights itself, and its name says who it is.
    if let Some(member) = identity.id.as_str().strip_prefix("gcp:principal:") {
        let pool = identity.attributes.get("pool").map(String::as_str).unwrap_or_default();
        for (host, named) in of_member(member, pool, view) {
            dead.note(list, host, &named);
        }
    }
    if !places.is_empty() {
        finding.locations = places.into_iter().collect();
    }
    dead.into(&identity.name, &mut finding).then_some(finding)
}

fn attribute<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// The repositories that a member of a pool names: `…/attribute.repository/OWNER/REPO`, `…/subject/SUBJECT`. Attributes are named
/// after the claims that they are mapped from.
fn of_member(member: &str, pool: &str, view: &View<'_>) -> Vec<(Host, Named)> {
    let named = if let Some((_, subject)) = member.split_once("/subject/") {
        of_subject(subject, false)
    } else {
        member.split_once("/attribute.").and_then(|(_, rest)| rest.split_once('/')).and_then(|(name, value)| {
            let path = match name {
                "repository" | "project_path" => value.to_owned(),
                "job_workflow_ref" | "workflow_ref" => of_workflow(value)?,
                _ => return None,
            };
            Some(Named { path, by: format!("{name} {value}"), ..Named::default() })
        })
    };
    let Some(mut named) = named else { return Vec::new() };
    let off =
        view.settings(setting::WIF_POOL).any(|known| attribute(known, "module") == pool && known.value != "active");
    if off {
        return Vec::new();
    }
    let providers: Vec<&Setting> =
        view.settings(setting::WIF_PROVIDER).filter(|provider| attribute(provider, "module") == pool).collect();
    let by_id = |condition: &str| {
        let condition: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
        ["repository_id==", "repository_owner_id==", "project_id==", "namespace_id=="]
            .iter()
            .any(|t| condition.contains(t))
    };
    named.pinned |= !providers.is_empty() && providers.iter().all(|provider| by_id(&provider.value));
    let hosts: Vec<Host> = providers.iter().filter_map(|provider| of_issuer(attribute(provider, "issuer"))).collect();
    let unread = providers.iter().all(|provider| attribute(provider, "issuer").contains("${"));
    let gitlab = member.contains("project_path");
    let kind = if gitlab { CodeHost::GitLab } else { CodeHost::GitHub };
    let host = match hosts.iter().find(|host| host.kind == kind) {
        Some(host) => *host,
        // Whose tokens it takes was not read, or they are of a host that has no well-known address.
        None if hosts.is_empty() && (gitlab || unread) => Host { kind, public: false },
        None => return Vec::new(),
    };
    vec![(host, named)]
}
