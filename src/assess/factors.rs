//! What the inventory tells of an identity's six factors, each with the interval that the unknown leaves.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::score::{Factors, dead, still_acts};
use super::view::View;
use super::{Context, card, departed, trust};
use crate::model::{
    AuthMode, ControlCard, Credential, Identity, IdentityKey, IdentityKind, Location, Pool, Privilege, Ranked, Score,
    Shared, Status, When,
};
use crate::text::order::Lookup;

/// A factor in thousandths: as it counts, at its best and at its worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Factor {
    value: i32,
    low: i32,
    high: i32,
    unknown: bool,
}

impl Factor {
    fn known(value: i32) -> Self {
        Self { value, low: value, high: value, unknown: false }
    }

    fn unknown(value: i32, low: i32, high: i32) -> Self {
        Self { value, low, high, unknown: true }
    }
}

/// Score and control card of every identity that is no sample, in the order of the inventory's identities.
pub(super) fn verdicts(
    findings: &[Ranked],
    view: &View<'_>,
    context: &Context<'_>,
) -> Vec<Option<(Shared<Score>, Shared<ControlCard>)>> {
    let mut floors: Lookup<&IdentityKey, i32> = Lookup::default();
    let mut raise = |id, score: i32| {
        let floor = floors.entry(id).or_default();
        *floor = score.max(*floor);
    };
    // Few findings ask for it.
    let holders = LazyCell::new(|| {
        let mut holders: Lookup<&Location, Vec<&IdentityKey>> = Lookup::default();
        view.inventory.grants.iter().for_each(|g| holders.entry(&g.location).or_default().push(&g.identity));
        holders
    });
    for finding in findings.iter().map(|ranked| &ranked.finding).filter(|f| f.suppressed.is_none()) {
        match (&finding.identity, &finding.credential) {
            (Some(id), _) => raise(id, finding.score),
            // One about several identities is about the holders of the rights at its places.
            (None, None) => {
                let held = finding.locations.iter().filter_map(|place| holders.get(place)).flatten();
                held.for_each(|id| raise(id, finding.score));
            }
            (None, Some(_)) => {}
        }
    }
    // Identities of one export are mostly alike.
    let mut scores: Lookup<([Factor; 6], i32), Shared<Score>> = Lookup::default();
    let (mut cards, mut plain) = (Pool::default(), Lookup::default());
    let mut out = Vec::with_capacity(view.inventory.identities.len());
    for i in &view.inventory.identities {
        if i.sample {
            out.push(None);
            continue;
        }
        let floor = floors.get(&i.id).copied().unwrap_or_default();
        let factors = factors(i, view, context);
        let score = scores.entry((factors, floor)).or_insert_with(|| score(factors, floor).into()).clone();
        let whole = || card::card(i, view, context);
        let card = match card::plain(i, view) {
            Some(known) => plain.entry(known).or_insert_with(|| cards.share(whole())).clone(),
            None => cards.share(whole()),
        };
        out.push(Some((score, card)));
    }
    out
}

fn factors(identity: &Identity, view: &View<'_>, context: &Context<'_>) -> [Factor; 6] {
    [
        exposure(identity, view),
        privilege(identity, view),
        lifetime(identity, view, context),
        isolation(identity, view),
        activity(identity, view, context),
        validity(identity, view, context),
    ]
}

fn score(factors: [Factor; 6], floor: i32) -> Score {
    let [exposure, privilege, lifetime, isolation, activity, validity] = factors;
    let factors = [
        ("exposure", exposure),
        ("privilege", privilege),
        ("lifetime", lifetime),
        ("isolation", isolation),
        ("activity", activity),
        ("validity", validity),
    ];
    let pick = |get: fn(&Factor) -> i32| {
        let [exposure, privilege, lifetime, isolation, activity, validity] = factors.map(|(_, factor)| get(&factor));
        Factors { exposure, privilege, lifetime, isolation, activity, validity }
    };
    let now = pick(|f| f.value);
    let thousandths = |x: f64| (x * 1000.0).round() as i32;
    let mut shown: BTreeMap<String, i32> = factors.iter().map(|(name, f)| ((*name).to_owned(), f.value)).collect();
    shown.insert("likelihood".to_owned(), thousandths(now.likelihood()));
    shown.insert("magnitude".to_owned(), thousandths(now.magnitude()));
    Score {
        value: now.score(floor),
        low: pick(|f| f.low).score(floor),
        high: pick(|f| f.high).score(floor),
        factors: shown,
        unknown: factors.iter().filter(|(_, f)| f.unknown).map(|(name, _)| (*name).to_owned()).collect(),
        floor,
    }
}

/// How many files must hold a value for it to count as spread.
const MANY_FILES: usize = 4;

/// 0 none · .1 through a workload only · .4 trust wider than the project · .7 in the clear in files · .9 in many · 1 open
/// trust. Whether a repository is public is not in the inputs, so that never counts.
fn exposure(identity: &Identity, view: &View<'_>) -> Factor {
    let mut files = BTreeSet::new();
    for credential in view.owned_by(&identity.id) {
        files.extend(view.open_exposures(credential).map(|e| (&e.location.container, e.location.path.as_str())));
    }
    let trust = view.trusts_of(&identity.id).iter().filter_map(|t| trust::scope(t).map(|s| (s, trust::is_shared(t))));
    let trust = trust.map(|(scope, shared)| match scope {
        trust::Scope::Open if shared => 1000,
        trust::Scope::Open | trust::Scope::Organisation | trust::Scope::PullRequest => 400,
        trust::Scope::Project => 100,
        trust::Scope::Workload => 0,
    });
    let modes = identity.auth.iter().map(|mode| match mode {
        AuthMode::Static => 700,
        AuthMode::Referenced => 100,
        _ => 0,
    });
    let seen = match files.len() {
        0 => 0,
        n if n >= MANY_FILES => 900,
        _ => 700,
    };
    Factor::known(trust.chain(modes).max().unwrap_or_default().max(seen))
}

/// .05 nothing · .3 read · .5 write · .6 unknown · .8 write widely · 1 administration. A grant of unknown weight beside
/// known ones leaves the rest of the range open.
fn privilege(identity: &Identity, view: &View<'_>) -> Factor {
    let known = match identity.privilege {
        Privilege::Unknown => return Factor::unknown(600, 50, 1000),
        Privilege::None => 50,
        Privilege::ReadScoped => 300,
        Privilege::WriteScoped => 500,
        Privilege::WriteBroad => 800,
        Privilege::Admin => 1000,
    };
    if view.grants_of(&identity.id).iter().any(|g| g.privilege == Privilege::Unknown) && known < 1000 {
        return Factor::unknown(known.max(600), known, 1000);
    }
    Factor::known(known)
}

/// The time that a credential's ages are measured against: its export's, else the run's.
pub(super) fn as_of(credential: &Credential, context: &Context<'_>) -> jiff::Timestamp {
    credential.as_of.at().unwrap_or(context.as_of)
}

/// Days that a credential lives, or has lived so far when nothing ends it; `i64::MAX` for one without end whose start is
/// unknown, `None` when no input tells.
pub(super) fn life_days(credential: &Credential, context: &Context<'_>) -> Option<i64> {
    let begun = if credential.rotated.at().is_some() { credential.rotated } else { credential.created };
    let begun_days = begun.days_before(as_of(credential, context)).map(|d| d.max(0));
    match credential.expires {
        When::At(end) => match begun.at() {
            Some(begun) => Some((end.as_second() - begun.as_second()).max(0).div_euclid(86_400)),
            // Its rest is a lower bound of its life.
            None => Some((end.as_second() - as_of(credential, context).as_second()).max(0).div_euclid(86_400)),
        },
        // An access key never expires, but its age says how it is rotated.
        When::Never => Some(begun_days.unwrap_or(i64::MAX)),
        _ => begun_days,
    }
}

/// 0 up to a day or federated · .2 a week · .4 90 days · .7 a year or unknown · 1 longer.
fn lifetime(identity: &Identity, view: &View<'_>, context: &Context<'_>) -> Factor {
    let owned = view.owned_by(&identity.id);
    let live: Vec<&&Credential> = owned.iter().filter(|c| dead(c, context.as_of).is_none()).collect();
    let mut counted = if live.is_empty() { owned.iter().collect() } else { live };
    counted.retain(|c| !c.public);
    let graded = counted.iter().map(|c| match life_days(c, context) {
        None => Factor::unknown(700, 0, 1000),
        Some(..=1) => Factor::known(0),
        Some(..=7) => Factor::known(200),
        Some(..=90) => Factor::known(400),
        Some(..=365) => Factor::known(700),
        Some(_) => Factor::known(1000),
    });
    let stored = |m: &AuthMode| matches!(m, AuthMode::Static | AuthMode::Referenced);
    let modes = identity.auth.iter().any(stored).then_some(Factor::unknown(700, 0, 1000));
    let all: Vec<Factor> = graded.chain(modes).collect();
    let exchanged = |m: &AuthMode| matches!(m, AuthMode::Federated | AuthMode::Instance);
    if all.is_empty() {
        let short = identity.auth.iter().any(exchanged) || !view.trusts_of(&identity.id).is_empty();
        return if short { Factor::known(0) } else { Factor::unknown(700, 0, 1000) };
    }
    let worst = |get: fn(&Factor) -> i32| all.iter().map(get).max().unwrap_or_default();
    let low = worst(|f| f.low);
    let high = worst(|f| f.high);
    Factor { value: worst(|f| f.value), low, high, unknown: low != high }
}

/// 0 one component · .5 several, or a trust that takes in several workloads. What was not seen reused counts as one.
fn isolation(identity: &Identity, view: &View<'_>) -> Factor {
    let shared = view.owned_by(&identity.id).iter().any(|c| super::nhi09_reuse::components(c, view).len() > 1);
    let wide = view.trusts_of(&identity.id).iter().filter_map(|t| trust::scope(t)).any(|s| s > trust::Scope::Project);
    Factor::known(if shared || wide { 500 } else { 0 })
}

/// The last use of an identity or any of its credentials.
pub(super) fn last_use(identity: &Identity, view: &View<'_>) -> When {
    let uses = view.owned_by(&identity.id).iter().map(|c| c.last_used).chain([identity.last_used]);
    uses.max_by_key(|w| (w.at(), *w == When::Never)).unwrap_or_default()
}

/// 0 used within 45 days and owned · .5 unknown · .7 nobody owns it · 1 unused for more than 90 days, or its owner is gone.
fn activity(identity: &Identity, view: &View<'_>, context: &Context<'_>) -> Factor {
    if departed::owner(identity, context).is_some() {
        return Factor::known(1000);
    }
    let newest = view.owned_by(&identity.id).iter().filter_map(|c| c.as_of.at()).max().unwrap_or(context.as_of);
    let used = last_use(identity, view);
    let idle = if used == When::Never { identity.created.days_before(newest) } else { used.days_before(newest) };
    match (idle, &identity.owner) {
        (Some(91..), _) => Factor::known(1000),
        (Some(..=45), Some(_)) if used != When::Never => Factor::known(0),
        (Some(_), Some(_)) => Factor::known(500),
        (Some(..=45), None) if used != When::Never => Factor::unknown(500, 0, 700),
        (Some(_), None) => Factor::unknown(500, 500, 700),
        (None, _) => Factor::unknown(500, 0, 1000),
    }
}

/// 1 active · .9 unknown · .05 proven dead. A role and a job in the checkout exist, which is all they need to work.
fn validity(identity: &Identity, view: &View<'_>, context: &Context<'_>) -> Factor {
    let owned = view.owned_by(&identity.id);
    let others = !identity.auth.iter().all(|m| *m == AuthMode::Static) || !view.trusts_of(&identity.id).is_empty();
    let all_dead = !owned.is_empty() && owned.iter().all(|c| dead(c, context.as_of).is_some());
    let declared = identity.locations.iter().any(|l| l.in_head);
    match identity.status {
        Status::Inactive | Status::Deleted => Factor::known(50),
        _ if all_dead && !others => Factor::known(50),
        Status::Active => Factor::known(1000),
        Status::Unknown if owned.iter().any(|c| c.status == Status::Active || still_acts(c).is_some()) => {
            Factor::known(1000)
        }
        Status::Unknown if declared && matches!(identity.kind, IdentityKind::Role | IdentityKind::CiJob) => {
            Factor::known(1000)
        }
        Status::Unknown => Factor::unknown(900, 50, 1000),
    }
}
