#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;
use crate::model::{
    At, AuthMode, Confidence, Credential, Fact, GrantFact, Human, IdentityHint, IdentityKind, LocationData, Privilege,
    Proof, Severity, Status, UsageFact, Validity, When,
};

fn place(path: &str, line: u64) -> Location {
    Location::from(LocationData { path: path.to_owned(), line, column: 3, in_head: true, ..LocationData::default() })
}

fn sighting(provider: &str, fingerprint: Option<&str>, path: &str, line: u64) -> Sighting {
    Sighting {
        rule: format!("{provider}-rule"),
        provider: provider.to_owned(),
        identity_kind: IdentityKind::Other,
        human: Human::Maybe,
        fingerprint: fingerprint.map(str::to_owned),
        unbound: None,
        preview: "abcd… (40 chars)".to_owned(),
        identifier: None,
        parts: BTreeMap::new(),
        key_name: None,
        confidence: Confidence::High,
        base_severity: Severity::High,
        proof: Proof::default(),
        suppressed: None,
        evidence: vec!["seen".to_owned()],
        test_path: false,
        anchor: None,
        listed: None,
        ends: None,
        same: 0,
        location: place(path, line),
    }
}

fn key_id(n: usize) -> String {
    format!("AK{}{n:04}", "IAQQQQQQQQQQQQ")
}

fn with_key(mut s: Sighting, id: &str) -> Sighting {
    s.parts.insert("key_id".to_owned(), id.to_owned());
    s
}

fn fact(fact: Fact, path: &str) -> LocatedFact {
    LocatedFact { fact, location: place(path, 1), format: "aws-access-keys", sample: path.starts_with("tests/") }
}

fn arn(n: usize) -> IdentityKey {
    IdentityKey::new("aws", "user", &format!("arn:aws:iam::123456789012:user/u{n}"))
}

fn user(n: usize, aliases: Vec<IdentityKey>) -> Fact {
    let mut f = IdentityFact::new(arn(n), IdentityKind::CloudUser, "aws", &format!("u{n}"));
    f.aliases = aliases;
    Fact::Identity(At::default(), f)
}

fn when(text: &str) -> When {
    When::parse(text)
}

fn slot(user: usize, n: usize, status: Status, rotated: &str) -> Fact {
    let key = format!("aws:access-key-slot:arn:aws:iam::123456789012:user/u{user}#{n}");
    let mut f = CredentialFact::new(key, "aws-access-key", "aws");
    f.identity = Some(arn(user));
    f.status = status;
    f.rotated = when(rotated);
    f.as_of = when("2026-11-01");
    Fact::Credential(At::default(), f)
}

fn listed(id: &str, owner: &IdentityKey, status: Status, created: &str) -> Fact {
    let mut f = CredentialFact::new(format!("aws:access-key:{id}"), "aws-access-key", "aws");
    f.identity = Some(owner.clone());
    f.status = status;
    f.created = when(created);
    Fact::Credential(At::default(), f)
}

fn find<'a>(inventory: &'a Inventory, id: &str) -> &'a Credential {
    inventory.credentials.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id} is missing"))
}

#[test]
fn a_leaked_key_id_joins_its_export_row_and_through_it_its_user() {
    let id = key_id(1);
    let name = IdentityKey::new("aws", "user-name", "u1");
    let facts = vec![
        fact(user(1, vec![name.clone()]), "report.csv"),
        fact(listed(&id, &name, Status::Active, "2024-01-01"), "keys.json"),
    ];
    let seen = vec![with_key(sighting("aws", Some("f1"), "src/a.py", 4), &id)];
    let inventory = build(seen, facts, Vec::new());
    assert_eq!(inventory.identities.len(), 1);
    let credential = find(&inventory, &format!("aws:access-key:{id}"));
    assert_eq!(credential.identity.as_ref(), Some(&arn(1)));
    assert_eq!(credential.status, Status::Active);
    assert_eq!(credential.created, when("2024-01-01"));
    assert_eq!(credential.fingerprint.as_deref(), Some("f1"));
    assert_eq!(inventory.exposures.len(), 1);
    assert_eq!(inventory.identities.first().unwrap().auth, [AuthMode::Static]);
}

#[test]
fn equal_values_are_one_credential_with_many_exposures_and_weak_ones_stay_apart() {
    let seen = vec![
        sighting("generic", Some("f"), "a.yml", 1),
        sighting("generic", Some("f"), "b.yml", 9),
        sighting("generic", None, "a.yml", 2),
        sighting("generic", None, "b.yml", 2),
    ];
    let inventory = build(seen, Vec::new(), Vec::new());
    let ids: Vec<&str> = inventory.credentials.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["place:a.yml:2:3", "place:b.yml:2:3", "secret:f"]);
    assert_eq!(inventory.exposures.iter().filter(|e| e.credential == "secret:f").count(), 2);
}

#[test]
fn a_bare_value_joins_the_key_id_it_was_paired_with_elsewhere() {
    let seen =
        vec![with_key(sighting("aws", Some("f"), "a.ini", 1), &key_id(1)), sighting("aws", Some("f"), "b.ini", 1)];
    let inventory = build(seen, Vec::new(), Vec::new());
    assert_eq!(inventory.credentials.len(), 1);
    assert_eq!(inventory.exposures.len(), 2);
}

#[test]
fn a_value_seen_beside_two_key_ids_merges_neither() {
    let seen = vec![
        with_key(sighting("aws", Some("f"), "a.ini", 1), &key_id(1)),
        with_key(sighting("aws", Some("f"), "b.ini", 1), &key_id(2)),
        sighting("aws", Some("f"), "c.ini", 1),
    ];
    let inventory = build(seen, Vec::new(), Vec::new());
    assert_eq!(inventory.credentials.len(), 3);
    assert_eq!(inventory.links.len(), 2);
}

#[test]
fn one_name_in_two_accounts_is_not_one_user() {
    let other = IdentityKey::new("aws", "user", "arn:aws:iam::210987654321:user/u1");
    let name = IdentityKey::new("aws", "user-name", "u1");
    let mut second = IdentityFact::new(other, IdentityKind::CloudUser, "aws", "u1");
    second.aliases = vec![name.clone()];
    let facts = vec![
        fact(user(1, vec![name.clone()]), "one.csv"),
        fact(Fact::Identity(At::default(), second), "two.csv"),
        fact(listed(&key_id(3), &name, Status::Active, "2024-01-01"), "keys.json"),
    ];
    let inventory = build(Vec::new(), facts, Vec::new());
    assert_eq!(inventory.identities.len(), 3);
    assert_eq!(inventory.links.len(), 2, "{:?}", inventory.links);
    assert_eq!(find(&inventory, &format!("aws:access-key:{}", key_id(3))).identity, Some(name));
}

#[test]
fn a_slot_joins_the_key_of_equal_creation_time_and_no_other() {
    let (one, two) = (key_id(1), key_id(2));
    let facts = vec![
        fact(user(1, Vec::new()), "report.csv"),
        fact(slot(1, 1, Status::Active, "2024-01-01T00:00:00Z"), "report.csv"),
        fact(slot(1, 2, Status::Active, "2025-01-01T00:00:00Z"), "report.csv"),
        fact(listed(&one, &arn(1), Status::Active, "2025-01-01T00:00:01Z"), "keys.json"),
        fact(listed(&two, &arn(1), Status::Active, "2025-06-01T00:00:00Z"), "keys.json"),
    ];
    let inventory = build(Vec::new(), facts, Vec::new());
    let ids: Vec<&str> = inventory.credentials.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    let joined = find(&inventory, &format!("aws:access-key:{one}"));
    assert!(joined.attributes.get("slot").unwrap().ends_with("#2"));
    assert_eq!(joined.as_of, when("2026-11-01"));
}

#[test]
fn the_only_active_slot_joins_the_only_key_unless_dates_contradict() {
    let key = key_id(1);
    let facts = |created: &str| {
        vec![
            fact(user(1, Vec::new()), "report.csv"),
            fact(slot(1, 1, Status::Active, "2024-01-01T00:00:00Z"), "report.csv"),
            fact(listed(&key, &arn(1), Status::Unknown, created), "state.json"),
        ]
    };
    assert_eq!(build(Vec::new(), facts(""), Vec::new()).credentials.len(), 1);
    assert_eq!(build(Vec::new(), facts("2023-05-05"), Vec::new()).credentials.len(), 2);
}

#[test]
fn undecided_slots_become_links() {
    let facts = vec![
        fact(user(1, Vec::new()), "report.csv"),
        fact(slot(1, 1, Status::Active, ""), "report.csv"),
        fact(slot(1, 2, Status::Active, ""), "report.csv"),
        fact(listed(&key_id(1), &arn(1), Status::Active, ""), "keys.json"),
    ];
    let inventory = build(Vec::new(), facts, Vec::new());
    assert_eq!(inventory.credentials.len(), 3);
    assert_eq!(inventory.links.len(), 2);
}

#[test]
fn samples_are_marked_and_lend_nothing_to_real_identities() {
    let grant = |privilege| {
        Fact::Grant(
            At::default(),
            GrantFact {
                identity: arn(1),
                privilege,
                action: "*".to_owned(),
                resource: "*".to_owned(),
                source: "AdministratorAccess".to_owned(),
                condition: None,
            },
        )
    };
    let only_sample = build(Vec::new(), vec![fact(grant(Privilege::Admin), "tests/a.json")], Vec::new());
    let identity = only_sample.identities.first().unwrap();
    assert!(identity.sample);
    assert_eq!(identity.privilege, Privilege::Admin);
    assert!(only_sample.formats_read.is_empty());
    let both = vec![fact(grant(Privilege::Admin), "tests/a.json"), fact(user(1, Vec::new()), "report.csv")];
    let mixed = build(Vec::new(), both, Vec::new());
    let identity = mixed.identities.first().unwrap();
    assert!(!identity.sample);
    assert_eq!(identity.privilege, Privilege::Unknown);
}

#[test]
fn a_value_that_names_its_owner_makes_an_identity_and_others_stay_unattributed() {
    let mut named = sighting("gcp", Some("f"), "key.json", 1);
    named.proof.identity = Some(IdentityHint {
        key: IdentityKey::new("gcp", "service-account", "ci@p.iam.gserviceaccount.com"),
        kind: IdentityKind::ServiceAccount,
        provider: "gcp".to_owned(),
        name: "ci@p.iam.gserviceaccount.com".to_owned(),
        account: Some("p".to_owned()),
    });
    named.proof.attributes.insert("private_key_id".to_owned(), "0123".to_owned());
    let inventory = build(vec![named, sighting("npm", Some("g"), ".npmrc", 1)], Vec::new(), Vec::new());
    assert_eq!(inventory.identities.len(), 1);
    assert!(find(&inventory, "gcp:service-account-key:0123").identity.is_some());
    assert!(find(&inventory, "secret:g").identity.is_none());
}

#[test]
fn a_later_export_decides_on_the_state() {
    let mut old = CredentialFact::new("k", "aws-access-key", "aws");
    old.status = Status::Active;
    old.as_of = when("2025-01-01");
    let mut new = old.clone();
    new.status = Status::Inactive;
    new.as_of = when("2026-01-01");
    for pair in [[&old, &new], [&new, &old]] {
        let facts = pair.iter().map(|f| fact(Fact::Credential(At::default(), (*f).clone()), "k.json")).collect();
        assert_eq!(find(&build(Vec::new(), facts, Vec::new()), "k").status, Status::Inactive);
    }
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    (0..3usize, proptest::option::of(0..3usize), 0..3u64, proptest::option::of(0..3usize), any::<bool>()).prop_map(
        |(provider, value, line, key, flag)| {
            let provider = ["aws", "gcp", "generic"][provider];
            let value = value.map(|v| format!("f{v}"));
            let mut s = sighting(provider, value.as_deref(), ["a.py", "b.py"][usize::from(flag)], line);
            if let Some(n) = key {
                s = with_key(s, &key_id(n));
            }
            s.proof.public = flag && line == 2;
            s.proof.validity = if flag { Validity::ProvenFormat } else { Validity::Unverified };
            s.evidence.push(format!("line {line}"));
            s
        },
    )
}

fn any_fact() -> impl Strategy<Value = LocatedFact> {
    let status = prop_oneof![Just(Status::Active), Just(Status::Inactive), Just(Status::Unknown)];
    let date = prop_oneof![Just(""), Just("2024-01-01"), Just("2025-06-01T10:00:00Z")];
    (0..6u8, 0..3usize, 0..3usize, status, date, any::<bool>()).prop_map(|(kind, n, m, status, date, flag)| {
        let name = IdentityKey::new("aws", "user-name", &format!("u{m}"));
        let what = match kind {
            0 => user(n, vec![name]),
            1 => slot(n, m, status, date),
            2 => listed(&key_id(m), &arn(n), status, date),
            3 => listed(&key_id(m), &name, status, date),
            4 => Fact::Grant(
                At::default(),
                GrantFact {
                    identity: arn(n),
                    privilege: [Privilege::Unknown, Privilege::Admin][usize::from(flag)],
                    action: "*".to_owned(),
                    resource: "*".to_owned(),
                    source: String::new(),
                    condition: None,
                },
            ),
            _ => Fact::Usage(
                At::default(),
                UsageFact {
                    identity: flag.then(|| arn(n)),
                    mode: AuthMode::Static,
                    provider: "aws".to_owned(),
                    credential: None,
                    target: None,
                    mechanism: "env".to_owned(),
                    federation_available: true,
                    attributes: BTreeMap::new(),
                },
            ),
        };
        fact(what, ["tests/x.json", "x.json", "y.json"][(n + m) % 3])
    })
}

fn inputs() -> impl Strategy<Value = (Vec<Sighting>, Vec<LocatedFact>)> {
    (proptest::collection::vec(any_sighting(), 0..12), proptest::collection::vec(any_fact(), 0..14))
}

proptest! {
    #[test]
    fn the_order_of_the_inputs_does_not_matter(
        (seen, facts, other_seen, other_facts) in inputs().prop_flat_map(|(s, f)| {
            (Just(s.clone()), Just(f.clone()), Just(s).prop_shuffle(), Just(f).prop_shuffle())
        })
    ) {
        prop_assert_eq!(build(seen, facts, Vec::new()), build(other_seen, other_facts, Vec::new()));
    }

    #[test]
    fn evidence_that_comes_twice_counts_once((seen, facts) in inputs()) {
        let twice = |v: &[Sighting]| [v, v].concat();
        let doubled = build(twice(&seen), [&facts[..], &facts[..]].concat(), Vec::new());
        prop_assert_eq!(build(seen, facts, Vec::new()), doubled);
    }

    #[test]
    fn ids_are_unique_and_every_reference_resolves((seen, facts) in inputs()) {
        let inventory = build(seen, facts, Vec::new());
        let identities: BTreeSet<_> = inventory.identities.iter().map(|i| &i.id).collect();
        let credentials: BTreeSet<_> = inventory.credentials.iter().map(|c| c.id.as_str()).collect();
        prop_assert_eq!(identities.len(), inventory.identities.len());
        prop_assert_eq!(credentials.len(), inventory.credentials.len());
        for id in inventory.credentials.iter().filter_map(|c| c.identity.as_ref()) {
            prop_assert!(identities.contains(id), "{} dangles", id);
        }
        for id in inventory.grants.iter().map(|g| &g.identity) {
            prop_assert!(identities.contains(id), "{} dangles", id);
        }
        for e in &inventory.exposures {
            prop_assert!(credentials.contains(e.credential.as_str()), "{} dangles", e.credential);
        }
    }
}

#[test]
fn a_token_that_names_its_user_is_linked_with_what_a_list_has_of_that_user() {
    let user = IdentityKey::new("gitlab", "user-id", "7");
    let row = |n: u32| {
        let mut f = CredentialFact::new(format!("gitlab:token:{n}"), "gitlab-access-token", "gitlab");
        f.identity = Some(IdentityKey::new("gitlab", "user-id", "7"));
        fact(Fact::Credential(At::default(), f), "tokens.json")
    };
    let mut seen = sighting("gitlab", Some("f1"), "a.env", 3);
    seen.proof.identity = Some(IdentityHint {
        key: user,
        kind: IdentityKind::UserToken,
        provider: "gitlab".to_owned(),
        name: "GitLab user 7".to_owned(),
        account: None,
    });
    let one = build(vec![seen.clone()], vec![row(1)], Vec::new());
    let of = |i: &Inventory| -> Vec<_> { i.links.iter().map(|l| (l.to.clone(), l.confidence)).collect() };
    assert_eq!(of(&one), [("gitlab:token:1".to_owned(), Confidence::Medium)]);
    assert_eq!(one.links[0].from, "secret:f1");
    let two = build(vec![seen], vec![row(1), row(2)], Vec::new());
    assert!(two.links.iter().all(|l| l.confidence == Confidence::Low) && two.links.len() == 2, "{:?}", two.links);
}
