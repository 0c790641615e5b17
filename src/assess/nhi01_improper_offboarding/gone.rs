//! Logins and trusts that name an identity of which the provider's own, whole listing knows nothing any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::directory::read_whole;
use crate::assess::estate::{AWS_AUTHORIZATION, GCP_SERVICE_ACCOUNTS};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, IdentityKind, Risk, Severity, Status, Trust, Usage};

/// A login or a trust that outlived the identity it names.
pub(in crate::assess) const REFERENCE_GONE: Check = Check {
    id: "NHI1-reference-gone",
    risk: Risk::Nhi1,
    title: "Login or trust that names an identity which is gone",
    why: "The identity was taken out of service and what names it was not. A login by name waits for whoever makes an identity of \
          that name next.",
    remediation: "Take the login out of the job, the principal out of the trust policy, or name the identity that took the \
                  old one's place.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        "https://docs.cloud.google.com/iam/docs/service-accounts-delete-undelete",
    ],
    needs: &[AWS_AUTHORIZATION, GCP_SERVICE_ACCOUNTS],
    implies: &[],
    subjects: |view| {
        let listings = Listings::new(view);
        let logins =
            listings.logins(view).into_iter().filter_map(|login| Some(login.usage.identity.as_ref()?.to_string()));
        logins.chain(trusting(view).map(|(role, _)| role.id.to_string())).collect()
    },
    run: |view, _: &Context<'_>| {
        let mut out = logins(view);
        out.extend(trusts(view));
        out
    },
};

/// The kind, the account or project, and the name of what a login takes on; `None` for what the text leaves open.
fn named(usage: &Usage) -> Option<(&'static str, &str, &str)> {
    let target = usage.target.as_deref().filter(|target| !target.contains(['*', '$', '{', '?']))?;
    if let Some(rest) = target.strip_prefix("arn:") {
        let mut parts = rest.splitn(5, ':');
        let (_, service, _, account, resource) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_role = service == "iam" && account.len() == 12 && resource.starts_with("role/");
        return is_role.then_some(("role", account, target));
    }
    let project = target.strip_suffix(".iam.gserviceaccount.com")?.split_once('@')?.1;
    Some(("service account", project, target))
}

/// One login by name whose place was listed.
struct Login<'a> {
    usage: &'a Usage,
    kind: &'static str,
    place: &'a str,
    name: &'a str,
}

/// What the listings of whole accounts and projects hold.
struct Listings<'a> {
    /// Names in lower case by kind and place.
    all: BTreeMap<(&'static str, &'a str), BTreeSet<String>>,
    /// Roles that code declares, by the name alone: they come with it.
    declared: BTreeSet<&'a str>,
}

/// An identity's name at its provider, without provider and kind.
fn own_name(identity: &Identity) -> &str {
    identity.id.as_str().splitn(3, ':').nth(2).unwrap_or_default()
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl<'a> Listings<'a> {
    fn new(view: &View<'a>) -> Self {
        let mut out = Self { all: BTreeMap::new(), declared: BTreeSet::new() };
        let (aws, google) = (read_whole(view, AWS_AUTHORIZATION), read_whole(view, GCP_SERVICE_ACCOUNTS));
        for identity in view.identities() {
            let numbered = |start: &str| {
                identity.status != Status::Unknown && identity.aliases.iter().any(|a| a.as_str().starts_with(start))
            };
            let kind = match (identity.provider.as_str(), identity.kind) {
                ("aws", IdentityKind::Role) if aws && numbered("aws:id:") => "role",
                ("gcp", IdentityKind::ServiceAccount) if google && numbered("gcp:unique-id:") => "service account",
                ("aws", IdentityKind::Role) | ("gcp", IdentityKind::ServiceAccount) => {
                    out.declared.insert(last(identity.name.split('@').next().unwrap_or_default()));
                    continue;
                }
                _ => continue,
            };
            if let Some(place) = identity.account.as_deref() {
                out.all.entry((kind, place)).or_default().insert(own_name(identity).to_ascii_lowercase());
            }
        }
        out
    }

    /// Logins that name something in an account or a project that was listed.
    fn logins(&self, view: &View<'a>) -> Vec<Login<'a>> {
        let login = |usage: &'a Usage| {
            let (kind, place, name) = named(usage)?;
            self.all.contains_key(&(kind, place)).then_some(Login { usage, kind, place, name })
        };
        view.usages().filter_map(login).collect()
    }

    fn holds(&self, login: &Login<'_>) -> bool {
        let name = login.name.to_ascii_lowercase();
        // Some leave the path of a role out.
        let bare = |known: &String| login.kind == "role" && last(known) == last(&name);
        self.all.get(&(login.kind, login.place)).is_some_and(|all| all.contains(&name) || all.iter().any(bare))
    }

    fn is_declared(&self, login: &Login<'_>) -> bool {
        self.declared.contains(last(login.name.split('@').next().unwrap_or_default()))
    }
}

fn logins(view: &View<'_>) -> Vec<Finding> {
    let listings = Listings::new(view);
    let mut known: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut missing: BTreeMap<(&str, &str), BTreeMap<&str, Vec<&Usage>>> = BTreeMap::new();
    for login in listings.logins(view) {
        let place = (login.kind, login.place);
        if listings.holds(&login) {
            known.entry(place).or_default().insert(login.name);
        } else if !listings.is_declared(&login) {
            missing.entry(place).or_default().entry(login.name).or_default().push(login.usage);
        }
    }
    let mut out: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for ((kind, place), names) in missing {
        // A listing that was narrowed holds nothing of what is asked for, or little of it.
        if known.get(&(kind, place)).map_or(0, BTreeSet::len) < names.len() {
            continue;
        }
        let whole = listings.all.get(&(kind, place)).map_or(0, BTreeSet::len);
        for (name, usage) in names.iter().flat_map(|(name, usages)| usages.iter().map(move |usage| (*name, *usage))) {
            let Some(job) = usage.identity.as_ref().and_then(|id| view.identity(id)) else { continue };
            let finding = out.entry((job.id.to_string(), name)).or_insert_with(|| {
                let mut finding = REFERENCE_GONE.about(job, name);
                let of = if kind == "role" { "account" } else { "project" };
                finding.title =
                    format!("{} logs in as {kind} {}, which {of} {place} does not have", job.name, last(name));
                finding.evidence.push(format!("it names {name}"));
                finding.evidence.push(format!("the {of}'s listing holds {whole} others, and this one not"));
                finding.evidence.push("it may have been made after the listing was exported".to_owned());
                finding.locations.clear();
                finding
            });
            finding.locations.push(usage.location.clone());
            finding.locations.sort();
            finding.locations.dedup();
        }
    }
    out.into_values().collect()
}

/// Roles of AWS with those of their trusts that name a user or a role of AWS, or what is left of one.
fn trusting<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, Vec<&'a Trust>)> + use<'v, 'a> {
    let principal = |trust: &Trust| trust.attributes.get("principal").map_or("", String::as_str).to_owned();
    let names = move |trust: &&Trust| matches!(principal(trust).as_str(), "user" | "role" | "deleted");
    view.identities().filter(|i| i.provider == "aws").filter_map(move |role| {
        let all: Vec<&Trust> = view.trusts_of(&role.id).iter().copied().filter(names).collect();
        (!all.is_empty()).then_some((role, all))
    })
}

/// AWS writes the unique id of a principal in the place of its ARN once it was deleted; one that is made anew under the old name has
/// another id.
fn is_left(trust: &Trust) -> bool {
    let id = &trust.issuer;
    trust.attributes.get("principal").is_some_and(|kind| kind == "deleted")
        && ["AIDA", "AROA"].iter().any(|start| id.starts_with(start))
        && id.len() >= 16
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn trusts(view: &View<'_>) -> Vec<Finding> {
    let told = |(role, all): (&Identity, Vec<&Trust>)| {
        let left: Vec<&Trust> = all.into_iter().filter(|trust| is_left(trust)).collect();
        let first = left.first()?;
        let mut finding = REFERENCE_GONE.about(role, "trust");
        finding.confidence = Confidence::High;
        finding.title = format!("{} trusts a principal that was deleted", role.name);
        finding.locations = vec![first.location.clone()];
        for trust in left {
            let what = if trust.issuer.starts_with("AIDA") { "user" } else { "role" };
            say(
                &mut finding.evidence,
                format!("its trust policy names {}, the id of a {what} that is gone", trust.issuer),
            );
        }
        say(&mut finding.evidence, "one that is made anew under the old name is not let in".to_owned());
        Some(finding)
    };
    trusting(view).filter_map(told).collect()
}
