//! Properties of scores, over generated inventories.

use proptest::prelude::*;

use super::*;

/// Inputs that reach most checks, by number.
fn piece(n: usize) -> (Vec<Sighting>, Vec<LocatedFact>) {
    let (u, r) = (user(["a", "b"][n % 2]), role("r"));
    let dates = ["2020-01-01", "2026-08-01", "2026-11-24"];
    let mut s = seen(["r", "jwt"][n % 2], ["f", "g", "h"][n % 3], ["services/a/x", "services/b/x", "t"][n % 3], 1);
    match n {
        0..=9 => return (vec![s], Vec::new()),
        10..=14 => {
            s.proof.identity = Some(IdentityHint {
                key: u,
                kind: IdentityKind::CloudUser,
                provider: "aws".to_owned(),
                name: "u".to_owned(),
                account: None,
            });
            s.proof.validity = [Validity::Expired, Validity::ProvenFormat, Validity::TestValue][n % 3];
            return (vec![s], Vec::new());
        }
        _ => {}
    }
    let f = match n % 8 {
        0 => key_of(&u, 1, |k| k.rotated = When::parse(dates[n % 3])),
        1 => identity(&u, IdentityKind::CloudUser, "aws", |f| f.created = When::parse(dates[n % 3])),
        2 => grant(&u, [Privilege::Unknown, Privilege::Admin, Privilege::ReadScoped][n % 3], "s3:*"),
        3 => trust(&r, None, [None, Some("repo:acme/*"), Some("repo:acme/app:ref:refs/heads/main")][n % 3]),
        4 => a_job(|_| {}),
        5 => usage([AuthMode::Static, AuthMode::Referenced, AuthMode::Federated][n % 3], "aws", "K", true),
        6 => third_party("v1", n.is_multiple_of(3), &["X"]),
        _ => grant(&job(), Privilege::WriteBroad, "write-all"),
    };
    (Vec::new(), vec![f])
}

fn assemble(pieces: &[usize]) -> (Vec<Sighting>, Vec<LocatedFact>) {
    let mut out = (Vec::new(), Vec::new());
    for n in pieces {
        let (s, f) = piece(*n);
        out.0.extend(s);
        out.1.extend(f);
    }
    out
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..48usize, 0..24)
}

proptest! {
    #[test]
    fn the_verdict_does_not_depend_on_order_or_repetition(
        (first, second) in pieces().prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle()))
    ) {
        let (s, f) = assemble(&first);
        let doubled: Vec<usize> = second.iter().chain(&second).copied().collect();
        let (s2, f2) = assemble(&doubled);
        prop_assert_eq!(run(s, f), run(s2, f2));
    }

    #[test]
    fn scores_are_bounded_and_explained_and_the_interval_holds_them(pieces in pieces()) {
        let (s, f) = assemble(&pieces);
        let (inventory, assessment) = run(s, f);
        for finding in &assessment.findings {
            prop_assert!((1..=100).contains(&finding.score));
            prop_assert_eq!(finding.terms.iter().map(|t| t.points).sum::<i32>(), finding.score);
            prop_assert_eq!(finding.severity, Severity::of_score(finding.score));
            let names: BTreeSet<&str> = finding.terms.iter().map(|t| t.name.as_str()).collect();
            prop_assert_eq!(names.len(), finding.terms.len(), "each term once");
            prop_assert!(!finding.locations.is_empty());
        }
        for identity in inventory.identities.iter().filter(|i| !i.sample) {
            let score = identity.score.clone().unwrap();
            prop_assert!(0 <= score.low && score.low <= score.value && score.value <= score.high && score.high <= 100);
            prop_assert!(score.unknown.is_empty() || score.low < score.high || score.floor > 0, "{:?}", score);
        }
        for risk in &assessment.risks {
            prop_assert!(risk.affected <= risk.assessable || risk.status == RiskStatus::NotAssessed);
            prop_assert!(risk.score.is_none_or(|s| (0..=100).contains(&s)));
        }
    }

    #[test]
    fn clean_identities_never_dilute_the_burden(pieces in pieces(), clean in 1..6usize) {
        let (s, mut f) = assemble(&pieces);
        // One is there from the start: the format that declares it makes further risks assessable.
        f.push(identity(&user("clean"), IdentityKind::CloudUser, "aws", |_| {}));
        let (_, before) = run(s.clone(), f.clone());
        f.extend((0..clean).map(|n| identity(&user(&format!("clean{n}")), IdentityKind::CloudUser, "aws", |_| {})));
        let (_, after) = run(s, f);
        for (a, b) in before.risks.iter().zip(&after.risks) {
            prop_assert_eq!(a.affected, b.affected);
            prop_assert_eq!(a.score, b.score);
        }
    }

    #[test]
    fn a_further_leak_never_lowers_a_burden_or_an_identity(pieces in pieces(), more in 0..10usize) {
        let (s, f) = assemble(&pieces);
        let (before_inventory, before) = run(s, f);
        let (s, f) = assemble(&[pieces, vec![more]].concat());
        let (after_inventory, after) = run(s, f);
        prop_assert!(before.risks[1].score <= after.risks[1].score);
        prop_assert!(before.risks[1].affected <= after.risks[1].affected);
        for (a, b) in before_inventory.identities.iter().zip(&after_inventory.identities) {
            prop_assert_eq!(&a.id, &b.id);
            prop_assert!(a.score.as_ref().map(|s| s.value) <= b.score.as_ref().map(|s| s.value));
        }
    }

    #[test]
    fn later_ages_never_lower_an_age_based_severity(days in 0..3000i64, more in 0..1000i64) {
        let made = When::At(context().as_of - jiff::SignedDuration::from_hours(24 * days));
        let severity = |more: i64| {
            let later = context().as_of + jiff::SignedDuration::from_hours(24 * more);
            let key = key_of(&user("u"), 1, |k| {
                k.rotated = made;
                k.last_used = When::Never;
                k.as_of = When::At(later);
            });
            let mut inventory = inventory::build(Vec::new(), vec![key], Vec::new());
            let found = assess(&mut inventory, &Context { as_of: later, policy: &Everything, members: None }).findings;
            found.iter().map(|f| f.base_severity).max()
        };
        prop_assert!(severity(more) >= severity(0));
    }
}
