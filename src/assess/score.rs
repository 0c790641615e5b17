//! The arithmetic of scores. A finding's score is a sum of named integer terms; an identity's is a noisy-or of its
//! circumstances times its privilege, never below the worst of its open findings.

use jiff::Timestamp;

use super::view::{Rights, View, days};
use super::{Context, trust};
use crate::model::{
    AuthMode, Credential, EnvironmentClass, Finding, Identity, Privilege, Severity, Status, Term, Validity,
};

/// Adjustments to a finding's base points, each applied at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Adjustment {
    /// The identity administers, or has a path to it.
    Admin,
    /// It belongs to production.
    Production,
    /// It belongs to an environment before production.
    Nonproduction,
    /// An export says that it is enabled.
    Active,
    /// No static credential, and trust is pinned to one workload.
    Pinned,
    /// Seen only below test, fixture, example or docs paths.
    TestPath,
    /// It expires within a day of the as-of time.
    Expiring,
    /// It no longer works, or never did.
    Dead,
}

impl Adjustment {
    /// Points it adds.
    #[must_use]
    pub fn points(self) -> i32 {
        match self {
            Self::Admin => 8,
            Self::Production => 6,
            Self::Nonproduction => -8,
            Self::Active => 5,
            Self::Pinned | Self::Expiring => -20,
            Self::TestPath => -15,
            Self::Dead => -60,
        }
    }

    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "administrative rights",
            Self::Production => "production",
            Self::Nonproduction => "not production",
            Self::Active => "active",
            Self::Pinned => "no static credential, pinned trust",
            Self::TestPath => "test path",
            Self::Expiring => "expires within a day",
            Self::Dead => "proven dead",
        }
    }
}

/// What the inputs tell of a finding's circumstances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Circumstances {
    /// What applies, with the reason. Order and repetition do not matter.
    pub(super) applies: Vec<(Adjustment, String)>,
    /// What no input tells.
    pub(super) unknown: Vec<&'static str>,
}

/// The terms of a finding, which add up to its score in 1–100; none at all for base severity info, which is never a
/// finding.
pub(super) fn terms(base: Severity, circumstances: &Circumstances, implies: &[Adjustment]) -> Vec<Term> {
    if base == Severity::Info {
        return Vec::new();
    }
    let term = |name: String, points, why: &str| Term { name: name.into(), points, why: why.into() };
    let mut terms = vec![term(format!("base {}", base.as_str()), base.points(), "")];
    let mut applies: Vec<&(Adjustment, String)> = circumstances.applies.iter().collect();
    applies.sort();
    applies.dedup_by_key(|(adjustment, _)| *adjustment);
    for (adjustment, why) in applies.into_iter().filter(|(adjustment, _)| !implies.contains(adjustment)) {
        terms.push(term(adjustment.name().to_owned(), adjustment.points(), why));
    }
    let mut unknown = circumstances.unknown.clone();
    unknown.sort_unstable();
    unknown.dedup();
    terms.extend(unknown.into_iter().map(|what| term(format!("unknown: {what}"), 0, "not in these inputs")));
    let sum: i32 = terms.iter().map(|t| t.points).sum();
    if sum != sum.clamp(1, 100) {
        terms.push(term("held within 1–100".to_owned(), sum.clamp(1, 100) - sum, ""));
    }
    terms
}

/// Scores a finding in place: terms, their sum, and its band.
pub(super) fn apply(finding: &mut Finding, implies: &[Adjustment], view: &View<'_>, context: &Context<'_>) {
    let circumstances = circumstances(finding, view, context);
    finding.terms = terms(finding.base_severity, &circumstances, implies);
    finding.score = finding.terms.iter().map(|t| t.points).sum();
    finding.severity = Severity::of_score(finding.score);
}

fn circumstances(finding: &Finding, view: &View<'_>, context: &Context<'_>) -> Circumstances {
    let mut out = Circumstances::default();
    let credential = finding.credential.as_deref().and_then(|id| view.credential(id));
    let identity = finding.identity.as_ref().and_then(|id| view.identity(id));
    match identity.map(|i| i.privilege) {
        Some(Privilege::Admin) => out.applies.push((Adjustment::Admin, String::new())),
        Some(Privilege::Unknown) | None => out.unknown.push("privilege"),
        Some(_) => {}
    }
    match identity.map(|i| &i.environment) {
        Some(e) if e.class == EnvironmentClass::Prod => out.applies.push((Adjustment::Production, e.why.clone())),
        Some(e) if e.class == EnvironmentClass::Nonprod => match identity.and_then(|i| view.against_name(&i.id)) {
            None => out.applies.push((Adjustment::Nonproduction, e.why.clone())),
            Some(Rights::Production(why)) => out.applies.push((Adjustment::Production, why.clone())),
            Some(Rights::Untold) => out.unknown.push("environment"),
        },
        _ => out.unknown.push("environment"),
    }
    let dead_owner = identity.filter(|i| matches!(i.status, Status::Inactive | Status::Deleted));
    if let Some(why) = credential.and_then(|c| dead(c, context.as_of).or_else(|| outlived(c, view, context.as_of))) {
        out.applies.push((Adjustment::Dead, why));
    } else if dead_owner.is_some() {
        out.applies.push((Adjustment::Dead, "the identity is disabled or deleted".to_owned()));
    } else if let Some(credential) = credential {
        match credential.status {
            Status::Active => out.applies.push((Adjustment::Active, "an export says that it is enabled".to_owned())),
            _ => match still_acts(credential) {
                Some((idle, _)) => {
                    out.applies
                        .push((Adjustment::Active, format!("the audit log has it act {} before its end", days(idle))));
                }
                None => out.unknown.push("state"),
            },
        }
        let expires = credential.expires.at().map(|t| t.as_second() - context.as_of.as_second());
        if expires.is_some_and(|seconds| (0..=86_400).contains(&seconds)) {
            out.applies.push((Adjustment::Expiring, String::new()));
        }
    }
    if let Some(credential) = credential {
        // Suppressed findings keep the score that they would have.
        let all = view.exposures_of(&credential.id);
        let open: Vec<_> = view.open_exposures(credential).collect();
        let seen = if open.is_empty() { all } else { open.as_slice() };
        if !seen.is_empty() && seen.iter().all(|e| e.test_path) && credential.locations.is_empty() {
            out.applies.push((Adjustment::TestPath, String::new()));
        }
    } else if let Some(identity) = identity
        && is_pinned(identity, view)
    {
        out.applies.push((Adjustment::Pinned, String::new()));
    }
    out
}

/// Days before the end of an audit log within which a token that acted is held to work still.
const STILL_DAYS: i64 = 7;

/// Days between the last event of a token and the end of the log that has it, when those are few; with the log's end.
pub(super) fn still_acts(credential: &Credential) -> Option<(i64, Timestamp)> {
    let end = credential.as_of.at()?;
    let idle = credential.last_used.days_before(end).filter(|n| (0..=STILL_DAYS).contains(n))?;
    credential.attributes.contains_key("events").then_some((idle, end))
}

/// Why a credential is known not to work at the as-of time; `None` when nothing says so.
pub(super) fn dead(credential: &Credential, as_of: Timestamp) -> Option<String> {
    let why = match (credential.validity, credential.status) {
        (Validity::TestValue, _) => "a published test value",
        (Validity::Expired, _) => "it has expired",
        (_, Status::Inactive) => "an export says that it is disabled",
        (_, Status::Deleted) => "an export says that it is deleted",
        _ if credential.expires.at().is_some_and(|t| t < as_of) => "it has expired",
        _ => return None,
    };
    Some(why.to_owned())
}

/// The longest that AWS gives session credentials, in seconds: 36 hours
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>); job tokens of pipelines live less.
const SESSION_MAX: i64 = 36 * 3600;

/// Why a credential of a short-lived kind must have ended: it was committed longer ago than its kind can live.
pub(super) fn outlived(credential: &Credential, view: &View<'_>, as_of: Timestamp) -> Option<String> {
    let is = |name: &str, value: &str| credential.attributes.get(name).is_some_and(|v| v == value);
    let first = view.exposures_of(&credential.id).iter().filter_map(|e| e.location.time).min()?;
    let short = is("key_type", "temporary") || is("short_lived", "yes");
    let over = short && as_of.as_second() - first.as_second() > SESSION_MAX;
    over.then(|| "committed longer ago than such a credential can live".to_owned())
}

/// Whether an identity has no static credential and every trust in it is pinned to one workload.
pub(super) fn is_pinned(identity: &Identity, view: &View<'_>) -> bool {
    let trusts = view.trusts_of(&identity.id);
    let stored = |mode: &AuthMode| matches!(mode, AuthMode::Static | AuthMode::Referenced);
    !trusts.is_empty()
        && trusts.iter().all(|t| trust::scope(t) == Some(trust::Scope::Workload))
        && view.owned_by(&identity.id).is_empty()
        && !identity.auth.iter().any(stored)
}

/// Factors of an identity in thousandths: exposure, privilege, lifetime, isolation, activity, validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Factors {
    pub(super) exposure: i32,
    pub(super) privilege: i32,
    pub(super) lifetime: i32,
    pub(super) isolation: i32,
    pub(super) activity: i32,
    pub(super) validity: i32,
}

impl Factors {
    /// How likely misuse is, 0–1: `1 − (1−.08)(1−.90E)(1−.50L)(1−.30I)(1−.40A)`.
    pub(super) fn likelihood(self) -> f64 {
        let keep = |weight: f64, factor: i32| 1.0 - weight * f64::from(factor) / 1000.0;
        1.0 - (1.0 - 0.08)
            * keep(0.90, self.exposure)
            * keep(0.50, self.lifetime)
            * keep(0.30, self.isolation)
            * keep(0.40, self.activity)
    }

    /// How much misuse would do, 0.25–1: `.25 + .75P`.
    pub(super) fn magnitude(self) -> f64 {
        0.25 + 0.75 * f64::from(self.privilege) / 1000.0
    }

    /// The identity's score: `round(100·V·Λ·M)`, and no less than `floor`, the worst score of its open findings, unless
    /// it is more likely dead than not.
    pub(super) fn score(self, floor: i32) -> i32 {
        let raw = 100.0 * f64::from(self.validity) / 1000.0 * self.likelihood() * self.magnitude();
        // In 0–100 by construction, so the cast is exact.
        let raw = raw.round().clamp(0.0, 100.0) as i32;
        if self.validity >= 500 { raw.max(floor) } else { raw }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn factors(e: i32, p: i32, l: i32, i: i32, a: i32, v: i32) -> Factors {
        Factors { exposure: e, privilege: p, lifetime: l, isolation: i, activity: a, validity: v }
    }

    #[test]
    fn the_worked_examples_come_out() {
        let leaked_admin = factors(1000, 1000, 1000, 500, 0, 1000);
        assert!((leaked_admin.likelihood() - 0.961).abs() < 0.0005);
        assert!((leaked_admin.magnitude() - 1.0).abs() < 1e-9);
        assert_eq!(leaked_admin.score(0), 96);
        let service_account = factors(700, 600, 1000, 0, 500, 900);
        assert_eq!(service_account.score(0), 54);
        assert_eq!(factors(700, 50, 1000, 0, 0, 50).score(78), 1, "every unknown at its best");
        assert_eq!(factors(700, 1000, 1000, 0, 1000, 1000).score(78), 90, "every unknown at its worst");
        assert_eq!(service_account.score(78), 78, "its finding holds it up");
        assert_eq!(factors(0, 1000, 0, 0, 0, 1000).score(0), 8, "an admin role pinned to one environment");
        assert_eq!(factors(0, 1000, 0, 0, 0, 1000).score(64), 64);
        assert_eq!(factors(400, 1000, 0, 500, 0, 1000).score(0), 50, "the same with an organisation-wide subject");
        assert_eq!(factors(0, 1000, 1000, 0, 1000, 1000).score(0), 72, "a stale key that never leaked");
        assert_eq!(factors(700, 1000, 1000, 0, 500, 50).score(78), 4, "a dead key has no floor");
    }

    fn sum(terms: &[Term]) -> i32 {
        terms.iter().map(|t| t.points).sum()
    }

    fn with(applies: &[Adjustment]) -> Circumstances {
        Circumstances { applies: applies.iter().map(|a| (*a, String::new())).collect(), unknown: Vec::new() }
    }

    #[test]
    fn an_adjustment_that_restates_the_condition_is_left_out() {
        let all = with(&[Adjustment::Admin, Adjustment::Production, Adjustment::Pinned]);
        assert_eq!(sum(&terms(Severity::High, &all, &[Adjustment::Admin])), 64);
        assert_eq!(sum(&terms(Severity::High, &with(&[Adjustment::Admin]), &[])), 86);
    }

    #[test]
    fn dead_values_keep_a_finding_and_info_never_makes_one() {
        let dead = with(&[Adjustment::Dead, Adjustment::TestPath]);
        assert_eq!(sum(&terms(Severity::Low, &dead, &[])), 1);
        assert_eq!(sum(&terms(Severity::High, &with(&[Adjustment::Dead]), &[])), 18);
        assert!(terms(Severity::Info, &dead, &[]).is_empty());
    }

    #[test]
    fn a_sum_beyond_the_scale_is_held_by_a_term_of_its_own() {
        let much = with(&[Adjustment::Admin, Adjustment::Production, Adjustment::Active]);
        let terms = terms(Severity::Critical, &much, &[]);
        assert_eq!(sum(&terms), 100);
        assert_eq!(terms.last().unwrap().points, -14);
    }

    const ALL: [Adjustment; 8] = [
        Adjustment::Admin,
        Adjustment::Production,
        Adjustment::Nonproduction,
        Adjustment::Active,
        Adjustment::Pinned,
        Adjustment::TestPath,
        Adjustment::Expiring,
        Adjustment::Dead,
    ];

    fn adjustments() -> impl Strategy<Value = Vec<Adjustment>> {
        proptest::collection::vec((0..ALL.len()).prop_map(|i| ALL[i]), 0..10)
    }

    fn severity() -> impl Strategy<Value = Severity> {
        (1..5usize).prop_map(|i| Severity::ALL[i])
    }

    fn any_factors() -> impl Strategy<Value = [i32; 6]> {
        [0..=1000, 0..=1000, 0..=1000, 0..=1000, 0..=1000, 0..=1000]
    }

    fn of(f: [i32; 6]) -> Factors {
        factors(f[0], f[1], f[2], f[3], f[4], f[5])
    }

    proptest! {
        #[test]
        fn finding_scores_are_bounded_and_ignore_order_and_repetition(
            (base, first, second) in (severity(), adjustments())
                .prop_flat_map(|(s, a)| (Just(s), Just(a.clone()), Just(a).prop_shuffle()))
        ) {
            let once = terms(base, &with(&first), &[]);
            prop_assert!((1..=100).contains(&sum(&once)));
            let twice: Vec<Adjustment> = second.iter().chain(&second).copied().collect();
            prop_assert_eq!(&once, &terms(base, &with(&twice), &[]));
        }

        #[test]
        fn a_worsening_circumstance_never_lowers_a_finding(base in severity(), some in adjustments(), i in 0..ALL.len()) {
            let more: Vec<Adjustment> = some.iter().copied().chain([ALL[i]]).collect();
            let (before, after) = (sum(&terms(base, &with(&some), &[])), sum(&terms(base, &with(&more), &[])));
            let step = (after - before) * ALL[i].points().signum();
            prop_assert!(step >= 0);
        }

        #[test]
        fn dead_outweighs_everything_that_worsens(base in severity(), mut some in adjustments()) {
            some.push(Adjustment::Dead);
            prop_assert!(sum(&terms(base, &with(&some), &[])) <= 54);
        }

        #[test]
        fn identity_scores_are_bounded_and_monotone_in_every_factor(
            f in any_factors(), which in 0..6usize, more in 0..=1000, floor in 0..=100
        ) {
            let mut worse = f;
            worse[which] = worse[which].max(more);
            let (before, after) = (of(f).score(floor), of(worse).score(floor));
            prop_assert!((0..=100).contains(&before));
            prop_assert!(after >= before);
            prop_assert!(of(f).score(floor) >= of(f).score(0), "a further finding never lowers it");
        }
    }
}
