//! What code hosts keep of machines and people that are gone: deploy keys, owners, tokens.

use std::collections::BTreeSet;

use crate::assess::departed::{self, Departed};
use crate::assess::estate::{DEPLOY_KEYS, MEMBERS};
use crate::assess::factors::as_of;
use crate::assess::score::{dead, still_acts};
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, Credential, Finding, Human, IdentityKind, Risk, Setting, Severity, Status, When};

/// A deploy key that nobody uses, or whose maker has left.
pub(in crate::assess) const DEPLOY_KEY_STALE: Check = Check {
    id: "NHI1-gh-deploykey-stale",
    risk: Risk::Nhi1,
    title: "Deploy key that nothing uses, or whose maker has left",
    why: "The private half lies wherever the key was set up; a deploy key never ends by itself and outlives the account that \
          added it.",
    remediation: "Delete the key: `gh api -X DELETE repos/OWNER/REPO/keys/ID` at GitHub, Settings, Repository, Deploy keys at \
                  GitLab. Give machines that still need access an app's installation token or the pipeline's own token.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys",
        "https://docs.github.com/en/rest/deploy-keys/deploy-keys",
    ],
    needs: &[DEPLOY_KEYS],
    implies: &[Adjustment::Active],
    subjects: |view| deploy_keys(view).map(subject_of).collect(),
    run: deploy_key_stale,
};

/// Deploy keys that may be used.
pub(in crate::assess) fn deploy_keys<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(|c| c.kind == "deploy-key" && c.status != Status::Inactive)
}

fn deploy_key_stale(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    // An account without the right to see it gets null for every key.
    let told = deploy_keys(view).any(|key| key.last_used.at().is_some());
    deploy_keys(view)
        .filter(|key| dead(key, context.as_of).is_none())
        .filter_map(|key| {
            let now = as_of(key, context);
            let null = key.attributes.get("last_used").is_some_and(|v| v == "null");
            let idle = match key.last_used {
                When::At(_) => key.last_used.days_before(now).map(|n| (n, "last used")),
                _ if null => key.created.days_before(now).map(|n| (n, "never used, as far as the list tells; added")),
                _ => None,
            };
            let idle = idle.filter(|(n, _)| *n > context.policy.limits().identity_unused);
            let gone = departed::maker(key, view, context);
            if idle.is_none() && gone.is_none() {
                return None;
            }
            let mut finding = DEPLOY_KEY_STALE.on(key);
            let text = |name: &str| key.attributes.get(name).map_or("", String::as_str);
            let place = match text("repository") {
                "" => String::new(),
                repository => format!(" of {repository}"),
            };
            let what = match (idle, &gone) {
                (Some((n, _)), _) if key.last_used.at().is_some() => format!("unused for {}", days(n)),
                (Some(_), None) => "never used".to_owned(),
                _ => "whose maker has left".to_owned(),
            };
            finding.title = format!("Deploy key {}{place} {what}", text("title"));
            if text("access") == "write" {
                finding.base_severity = Severity::High;
                finding.evidence.push("it may write".to_owned());
            }
            if let Some((n, how)) = idle {
                finding.evidence.push(format!("{how} {} before {}", days(n), now.strftime("%Y-%m-%d")));
            }
            if let Some(Departed { name, source }) = &gone {
                finding.evidence.push(format!("{source} {name}, who is not among the members"));
            } else if null && !told {
                finding.confidence = Confidence::Low;
                finding
                    .evidence
                    .push("no key of the list has a last use: whoever made it may not be allowed to see it".to_owned());
            }
            Some(finding)
        })
        .collect()
}

/// An identity or credential in use whose owner is gone.
pub(in crate::assess) const OWNER_LEFT: Check = Check {
    id: "NHI1-owner-left",
    risk: Risk::Nhi1,
    title: "Owner is no longer a member",
    why: "Whoever left may still hold a copy, and nobody who stayed knows what would break if it were turned off.",
    remediation: "Name somebody who is there as owner, then replace the credential; the copy that left with its maker ends \
                  with that.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/"],
    needs: &[MEMBERS],
    implies: &[],
    subjects: |view| View::ids(view.identities().filter(|i| i.owner.is_some())),
    run: owner_left,
};

fn owner_left(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    if context.members.is_none() {
        return Vec::new();
    }
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut out = Vec::new();
    for identity in view.identities() {
        let owned = view.owned_by(&identity.id);
        let all_dead = !owned.is_empty() && owned.iter().all(|c| dead(c, context.as_of).is_some());
        // A deploy key has a check of its own that looks at its maker.
        let deploys = owned.iter().any(|c| c.kind == "deploy-key");
        if all_dead || deploys || matches!(identity.status, Status::Inactive | Status::Deleted) {
            continue;
        }
        let Some(Departed { name, source }) = departed::owner(identity, context) else { continue };
        let mut finding = OWNER_LEFT.about(identity, "");
        finding.title = match identity.human {
            Human::Yes => format!("{} belongs to {name}, who has left", identity.name),
            _ => format!("{} is owned by {name}, who has left", identity.name),
        };
        finding.evidence = vec![format!("{source}: {name}, not among the members")];
        if identity.kind == IdentityKind::UserToken {
            finding.base_severity = Severity::High;
            finding.evidence.push("it acts with that person's rights".to_owned());
        }
        told.insert(identity.id.as_str());
        out.push(finding);
    }
    for credential in view.credentials().filter(|c| dead(c, context.as_of).is_none() && !c.public) {
        if credential.kind == "deploy-key" || credential.identity.as_ref().is_some_and(|id| told.contains(id.as_str()))
        {
            continue;
        }
        let Some(Departed { name, source }) = departed::maker(credential, view, context) else { continue };
        let mut finding = OWNER_LEFT.on(credential);
        finding.title = format!("A credential was made by {name}, who has left");
        finding.evidence = vec![format!("{source}: {name}, not among the members")];
        if finding.locations.is_empty() {
            finding.locations = view.open_exposures(credential).map(|e| e.location.clone()).take(20).collect();
        }
        out.push(finding);
    }
    out
}

/// Values that stand in the history alone and work still, although no list tells the very value: a token that acts at the
/// end of an audit log, a bot's only token in a list of GitLab's.
pub(super) fn still_works(check: &Check, view: &View<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|c| c.status == Status::Unknown)
        .filter_map(|c| acts(check, c, view).or_else(|| listed(check, c, view)))
        .collect()
}

fn gone(check: &Check, credential: &Credential, view: &View<'_>) -> Option<Finding> {
    let places = view.removed(credential)?;
    let mut finding = check.on(credential);
    finding.locations = places;
    Some(finding)
}

fn acts(check: &Check, credential: &Credential, view: &View<'_>) -> Option<Finding> {
    let (idle, end) = still_acts(credential)?;
    let mut finding = gone(check, credential, view)?;
    finding.confidence = Confidence::High;
    finding.title = "Token was removed from the files and still acts".to_owned();
    let actor = credential.attributes.get("actor").map(|actor| format!(" as {actor}")).unwrap_or_default();
    finding.evidence.push("in history only".to_owned());
    finding.evidence.push(format!(
        "the audit log has it act{actor} {} before its end, {}",
        days(idle),
        end.strftime("%Y-%m-%d")
    ));
    Some(finding)
}

fn listed(check: &Check, credential: &Credential, view: &View<'_>) -> Option<Finding> {
    let owner = credential.identity.as_ref().filter(|id| id.as_str().starts_with("gitlab:user-id:"))?;
    view.identity(owner).filter(|identity| identity.kind == IdentityKind::Bot)?;
    let mut rows =
        view.owned_by(owner).iter().filter(|c| c.id.starts_with("gitlab:token:") && c.status == Status::Active);
    let (Some(row), None) = (rows.next(), rows.next()) else { return None };
    // A token that was made after the commit is the one that replaced it.
    let seen = view.exposures_of(&credential.id).iter().filter_map(|e| e.location.time).min()?;
    row.created.at().filter(|made| *made <= seen)?;
    let mut finding = gone(check, credential, view)?;
    finding.confidence = Confidence::Medium;
    finding.base_severity = Severity::High;
    finding.title = "Token was removed from the files and its bot still has an active one of that age".to_owned();
    say(&mut finding.evidence, "in history only".to_owned());
    say(
        &mut finding.evidence,
        format!("{} is the only active token of that bot user, and older than the commit", row.id),
    );
    Some(finding)
}

/// Of a setting, for titles.
pub(in crate::assess) fn whose(setting: &Setting) -> String {
    let of = ["environment", "repository", "organisation", "project"];
    let named = of.iter().filter_map(|name| {
        setting.attributes.get(*name).map(|value| match *name {
            "environment" => format!("environment {value}"),
            _ => value.clone(),
        })
    });
    let named: Vec<String> = named.take(2).collect();
    if named.is_empty() { String::new() } else { format!(" of {}", named.join(" in ")) }
}
