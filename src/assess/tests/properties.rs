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
            let found = assess(&mut inventory, &Context { as_of: later, policy: &Everything, members: None, repositories: None }).findings;
            found.iter().map(|f| f.base_severity).max()
        };
        prop_assert!(severity(more) >= severity(0));
    }
}

fn run_at(
    sightings: Vec<Sighting>,
    facts: Vec<LocatedFact>,
    as_of: Timestamp,
    policy: &dyn Policy,
) -> (Inventory, Assessment) {
    let mut inventory = inventory::build(sightings, facts, Vec::new());
    let assessment = assess(&mut inventory, &Context { as_of, policy, members: None, repositories: None });
    (inventory, assessment)
}

fn later(days: i64) -> Timestamp {
    context().as_of + jiff::SignedDuration::from_hours(24 * days)
}

/// The other name of everything in a copy of an estate: another account, repository and values.
fn copied(text: &str, copy: usize) -> String {
    text.replace(ACCOUNT, &format!("{:012}", 700_000_000_000 + copy)).replace("acme/app", &format!("acme/app{copy}"))
}

fn copy(sightings: Vec<Sighting>, facts: Vec<LocatedFact>, number: usize) -> (Vec<Sighting>, Vec<LocatedFact>) {
    let key = |key: &mut IdentityKey| *key = IdentityKey::from(copied(key.as_str(), number));
    let sightings = sightings.into_iter().map(|mut s| {
        s.fingerprint = s.fingerprint.map(|f| format!("{f}-{number}"));
        s.location.path.push_str(&number.to_string());
        if let Some(hint) = &mut s.proof.identity {
            key(&mut hint.key);
        }
        s
    });
    let facts = facts.into_iter().map(|mut f| {
        f.location.path.push_str(&number.to_string());
        match &mut f.fact {
            Fact::Identity(_, f) => key(&mut f.key),
            Fact::Credential(_, f) => {
                f.key = copied(&f.key, number);
                f.identity.iter_mut().for_each(key);
            }
            Fact::Grant(_, f) => key(&mut f.identity),
            Fact::Trust(_, f) => key(&mut f.identity),
            Fact::Usage(_, f) => f.identity.iter_mut().for_each(key),
            Fact::ThirdParty(_, f) => key(&mut f.identity),
            _ => {}
        }
        f
    });
    (sightings.collect(), facts.collect())
}

/// Accepts the findings of checks whose fingerprint ends in one of these digits.
struct Accepted(Vec<char>);

impl Policy for Accepted {
    fn runs(&self, _: &str) -> bool {
        true
    }

    fn shows(&self, _: Confidence) -> bool {
        true
    }

    fn accepts(&self, finding: &Finding, _: Option<&Identity>) -> Option<Suppression> {
        let last = finding.fingerprint.as_deref()?.chars().last()?;
        self.0.contains(&last).then(|| Suppression {
            kind: SuppressionKind::Config,
            reason: "known".to_owned(),
            by: "test".to_owned(),
        })
    }
}

proptest! {
    #[test]
    fn evidence_that_was_read_in_shards_gives_the_verdict_of_all(
        pieces in pieces(), sides in proptest::collection::vec(0..3usize, 24)
    ) {
        let (s, f) = assemble(&pieces);
        let whole = run(s, f);
        let mut evidence = inventory::Evidence::default();
        for shard in 0..3 {
            let own = pieces.iter().zip(&sides).filter(|(_, side)| **side == shard).map(|(piece, _)| *piece);
            let (s, f) = assemble(&own.collect::<Vec<_>>());
            let mut collected = inventory::Collected::default();
            collected.add(f);
            let (inventory, unmerged) = inventory::build_whole(s, collected, Vec::new());
            evidence.add(inventory::Evidence::of(inventory, unmerged));
        }
        let mut merged = inventory::rebuild(evidence, Vec::new()).0;
        // Which formats were read is for the caller to say.
        merged.formats_read = whole.0.formats_read.clone();
        let assessment = assess(&mut merged, &context());
        prop_assert_eq!((merged, assessment), whole);
    }

    #[test]
    fn values_that_nothing_touches_may_be_taken_a_pile_at_a_time(
        pieces in pieces(), sides in proptest::collection::vec(0..3usize, 24), size in 1..40usize
    ) {
        let (s, f) = assemble(&pieces);
        let (mut whole, verdict) = run(s, f);
        let mut evidence = inventory::Evidence::default();
        let mut leaks = Vec::new();
        for shard in 0..3 {
            let own = pieces.iter().zip(&sides).filter(|(_, side)| **side == shard).map(|(piece, _)| *piece);
            let (s, f) = assemble(&own.collect::<Vec<_>>());
            let mut collected = inventory::Collected::default();
            collected.add(f);
            let (inventory, unmerged) = inventory::build_whole(s, collected, Vec::new());
            let (facts, values) = inventory::Evidence::packed(inventory, unmerged);
            evidence.add(facts);
            leaks.push(values);
        }
        let mut separation = inventory::Separation::new(&evidence);
        leaks.iter().for_each(|values| separation.note(values.sightings()));
        let mut piles = separation.piles_of(size);
        leaks.iter().for_each(|values| piles.put(values.sightings(), &mut evidence));
        let mut touched = inventory::rebuild(evidence, Vec::new()).0;
        touched.formats_read = whole.formats_read.clone();
        let mut sums = crate::assess::Sums::default();
        let mut findings = Vec::new();
        let (mut exposures, mut credentials) = (Vec::new(), Vec::new());
        for pile in piles.into_piles() {
            let (mut leaked, _) = inventory::leaked(&pile, &[]);
            leaked.formats_read = whole.formats_read.clone();
            let (found, more) = crate::assess::assess_apart(&leaked, &context());
            sums.add(more);
            findings.extend(found);
            exposures.append(&mut leaked.exposures);
            credentials.append(&mut leaked.credentials);
        }
        let (found, mut all) = crate::assess::assess_beside(&mut touched, &context(), sums);
        findings.extend(found);
        findings.sort_by(crate::model::Ranked::order);
        all.findings = findings.into_iter().map(|ranked| ranked.finding).collect();
        touched.exposures.append(&mut exposures);
        touched.exposures.sort_by(|a, b| (&a.credential, &a.rule, &a.location).cmp(&(&b.credential, &b.rule, &b.location)));
        touched.credentials.append(&mut credentials);
        touched.credentials.sort_by(|a, b| a.id.cmp(&b.id));
        // A list that is packed does not keep what is for the run alone.
        whole.exposures.iter_mut().chain(&mut touched.exposures).for_each(|e| e.fingerprint = None);
        prop_assert_eq!((touched, all), (whole, verdict));
    }

    #[test]
    fn what_is_accepted_is_still_told_and_counted(pieces in pieces(), digits in proptest::collection::vec(0..16u32, 1..12)) {
        let digits: Vec<char> = digits.into_iter().filter_map(|d| char::from_digit(d, 16)).collect();
        let (s, f) = assemble(&pieces);
        let (_, before) = run(s.clone(), f.clone());
        let (after_inventory, after) = run_at(s, f, context().as_of, &Accepted(digits));
        let ids = |a: &Assessment| {
            let mut ids: Vec<_> = a.findings.iter().map(|f| (f.id.clone(), f.fingerprint.clone(), f.score)).collect();
            ids.sort();
            ids
        };
        prop_assert_eq!(ids(&before), ids(&after), "none is lost and none scores otherwise");
        let accepted = after.findings.iter().filter(|f| f.suppressed.is_some()).count() as u64;
        prop_assert_eq!(after.headline.suppressed, accepted);
        prop_assert_eq!(after.headline.findings.values().sum::<u64>() + accepted, after.findings.len() as u64);
        for (a, b) in before.risks.iter().zip(&after.risks) {
            prop_assert!(b.score <= a.score && b.affected <= a.affected);
            prop_assert!(b.assessable <= a.assessable);
        }
        prop_assert!(after_inventory.identities.iter().all(|i| i.sample || i.score.is_some()));
    }

    #[test]
    fn prevalence_does_not_depend_on_the_size_of_the_estate(pieces in pieces(), copies in 1..5usize) {
        let (s, f) = assemble(&pieces);
        let (s, f) = copy(s, f, 0);
        let (_, one) = run(s, f);
        let (mut sightings, mut facts) = (Vec::new(), Vec::new());
        for number in 0..copies {
            let (s, f) = assemble(&pieces);
            let (s, f) = copy(s, f, number);
            sightings.extend(s);
            facts.extend(f);
        }
        let (_, many) = run(sightings, facts);
        for (a, b) in one.risks.iter().zip(&many.risks) {
            prop_assert_eq!(a.affected * copies as u64, b.affected, "{:?}", a.risk);
            prop_assert_eq!(a.assessable * copies as u64, b.assessable, "{:?}", a.risk);
            prop_assert!(a.score <= b.score, "the burden only grows: {:?}", a.risk);
        }
    }

    #[test]
    fn at_a_later_time_no_finding_of_age_is_gone_or_less_severe(pieces in pieces(), days in 0..2000i64) {
        let (s, f) = assemble(&pieces);
        let (_, now) = run_at(s.clone(), f.clone(), later(0), &Everything);
        let (_, then) = run_at(s, f, later(days), &Everything);
        let of_age = now.findings.iter().filter(|f| matches!(f.risk, Risk::Nhi1 | Risk::Nhi7));
        for finding in of_age {
            let same = then.findings.iter().find(|f| (&f.id, &f.fingerprint) == (&finding.id, &finding.fingerprint));
            prop_assert!(same.is_some_and(|f| f.base_severity >= finding.base_severity), "{} is gone or less", finding.id);
        }
    }

    /// The two terms that a later time lowers, apart from the others: a finding about what has expired, and the validity of
    /// the identity behind it.
    #[test]
    fn only_what_expires_scores_lower_at_a_later_time(life in 1..400i64, days in 0..800i64) {
        let mut leaked = seen("r", "f", "services/a/x", 1);
        leaked.proof.expires = When::At(later(life));
        leaked.proof.identity = Some(IdentityHint {
            key: user("u"),
            kind: IdentityKind::CloudUser,
            provider: "aws".to_owned(),
            name: "u".to_owned(),
            account: None,
        });
        let at = |days: i64| {
            let (inventory, assessment) = run_at(vec![leaked.clone()], Vec::new(), later(days), &Everything);
            let finding = assessment.findings.into_iter().find(|f| f.id == "r").unwrap();
            let score = inventory.identities[0].score.clone().unwrap();
            (finding.score, score.factors["validity"], score.value)
        };
        let (now, then) = (at(0), at(days));
        if days > life {
            prop_assert!(then.0 < now.0 && then.1 < now.1 && then.2 < now.2, "{:?} {:?}", now, then);
        } else if days < life {
            prop_assert!([0, -Adjustment::Expiring.points()].contains(&(now.0 - then.0)), "{:?} {:?}", now, then);
            prop_assert_eq!(now.1, then.1);
        }
    }
}
