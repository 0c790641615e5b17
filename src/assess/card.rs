//! The control card: the lifecycle questions that stand, for an identity without a person, in the place of MFA. MFA and
//! password policy themselves never count in its favour.

use super::factors::{as_of, life_days};
use super::score::dead;
use super::trust::{self, Scope};
use super::view::{View, days};
use super::{Context, departed, nhi09_reuse};
use crate::model::{AuthMode, ControlAnswer, ControlCard, Credential, Identity, IdentityKind, Status};

fn yes(evidence: impl Into<String>) -> ControlAnswer {
    ControlAnswer { answer: "yes".to_owned(), evidence: evidence.into() }
}

fn no(evidence: impl Into<String>) -> ControlAnswer {
    ControlAnswer { answer: "no".to_owned(), evidence: evidence.into() }
}

fn not_seen(evidence: impl Into<String>) -> ControlAnswer {
    ControlAnswer { answer: "not-seen".to_owned(), evidence: evidence.into() }
}

/// Answers every question from the inventory.
pub(super) fn card(identity: &Identity, view: &View<'_>, context: &Context<'_>) -> ControlCard {
    let live: Vec<&Credential> =
        view.owned_by(&identity.id).iter().copied().filter(|c| !c.public && dead(c, context.as_of).is_none()).collect();
    ControlCard {
        dedicated: dedicated(identity, &live, view),
        short_lived: short_lived(identity, &live, view, context),
        bound: bound(identity, view),
        automated: automated(identity, &live),
        rotated: rotated(&live, context),
        revocable: revocable(identity, &live),
        owned: owned(identity, context),
        logged: not_seen("no audit log among the inputs"),
    }
}

/// All that decides on the card of an identity without credentials, trusts and owner; `None` for one that has some.
pub(super) fn plain<'i>(identity: &'i Identity, view: &View<'_>) -> Option<(IdentityKind, Status, &'i [AuthMode])> {
    let alone = view.owned_by(&identity.id).is_empty() && view.trusts_of(&identity.id).is_empty();
    (alone && identity.owner.is_none()).then_some((identity.kind, identity.status, identity.auth.as_slice()))
}

fn owned(identity: &Identity, context: &Context<'_>) -> ControlAnswer {
    match (departed::owner(identity, context), &identity.owner) {
        (Some(gone), _) => no(format!("owner {} is not among the members", gone.name)),
        (None, Some(owner)) => yes(format!("owner {owner}")),
        (None, None) => not_seen("no owner in the inputs"),
    }
}

fn dedicated(identity: &Identity, live: &[&Credential], view: &View<'_>) -> ControlAnswer {
    for credential in live {
        let components = nhi09_reuse::components(credential, view);
        if components.len() > 1 {
            let names: Vec<String> = components.into_iter().take(4).collect();
            return no(format!("one credential of it stands in {}", names.join(", ")));
        }
    }
    let scopes: Vec<Option<Scope>> = view.trusts_of(&identity.id).iter().map(|t| trust::scope(t)).collect();
    if scopes.iter().flatten().any(|s| *s > Scope::Project) {
        return no("its trust takes in more than one repository or workload");
    }
    if !scopes.is_empty() && scopes.iter().all(|s| *s == Some(Scope::Workload)) {
        return yes("its trust is pinned to one workload");
    }
    if identity.kind == IdentityKind::CiJob {
        return yes("a job of one pipeline");
    }
    not_seen("")
}

fn exchanged(mode: &AuthMode) -> bool {
    matches!(mode, AuthMode::Federated | AuthMode::Instance)
}

fn stored(mode: &AuthMode) -> bool {
    matches!(mode, AuthMode::Static | AuthMode::Referenced)
}

fn short_lived(identity: &Identity, live: &[&Credential], view: &View<'_>, context: &Context<'_>) -> ControlAnswer {
    let lives: Vec<Option<i64>> = live.iter().map(|c| life_days(c, context)).collect();
    if let Some(longest) = lives.iter().flatten().max().filter(|d| **d > 1) {
        let life = if *longest == i64::MAX { "has no end".to_owned() } else { format!("lives {}", days(*longest)) };
        return no(format!("a credential of it {life} or more"));
    }
    if identity.auth.iter().any(stored) {
        return no("it uses a stored value");
    }
    if !lives.is_empty() && lives.iter().all(Option::is_some) {
        return yes("its credentials live a day at most");
    }
    let role = live.is_empty() && !view.trusts_of(&identity.id).is_empty();
    if lives.is_empty() && (identity.auth.iter().any(exchanged) || role) {
        return yes("only exchanged or platform-issued tokens");
    }
    not_seen("")
}

fn bound(identity: &Identity, view: &View<'_>) -> ControlAnswer {
    let federated: Vec<_> = view.trusts_of(&identity.id).iter().filter(|t| trust::is_federated(t)).collect();
    if federated.is_empty() {
        return not_seen("");
    }
    if let Some(open) = federated.iter().find(|t| t.audience.is_none()) {
        return no(format!("its trust in {} demands no audience", trust::issuer(open)));
    }
    let scopes: Vec<Option<Scope>> = federated.iter().map(|t| trust::scope(t)).collect();
    if scopes.iter().flatten().any(|s| *s > Scope::Project) {
        return no("a subject pattern is wider than one project");
    }
    if scopes.iter().all(Option::is_some) { yes("audience and subject are demanded") } else { not_seen("") }
}

fn automated(identity: &Identity, live: &[&Credential]) -> ControlAnswer {
    if identity.auth.iter().any(stored) {
        return no("a person stores its credential");
    }
    if live.iter().any(|c| c.status == Status::Active) {
        return no("it holds an active long-lived credential");
    }
    if identity.auth.iter().any(exchanged) {
        yes("tokens are exchanged or issued by the platform")
    } else {
        not_seen("")
    }
}

fn rotated(live: &[&Credential], context: &Context<'_>) -> ControlAnswer {
    let age = |c: &&Credential| {
        let made = if c.rotated.at().is_some() { c.rotated } else { c.created };
        made.days_before(as_of(c, context))
    };
    let ages: Vec<Option<i64>> = live.iter().map(age).collect();
    match ages.iter().flatten().max() {
        Some(oldest) if *oldest > context.policy.limits().key_age => {
            no(format!("a credential is {} old", days(*oldest)))
        }
        Some(oldest) if ages.iter().all(Option::is_some) => {
            yes(format!("the oldest credential is {} old", days(*oldest)))
        }
        _ => not_seen(""),
    }
}

fn revocable(identity: &Identity, live: &[&Credential]) -> ControlAnswer {
    let listed = live.iter().find(|c| c.status != Status::Unknown);
    match listed {
        Some(credential) => yes(format!("its provider lists {}", credential.id)),
        None if identity.status != Status::Unknown => yes("its provider lists it"),
        None => not_seen(""),
    }
}
