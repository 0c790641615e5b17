#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Confidence, Coverage, Exposure, Headline, IdentityKey, IdentityKind, Inventory, Location, LocationData, Notice,
    NoticeKind, Risk, Root, Score, Suppression, SuppressionKind, ToolInfo, Unmerged, Validity, When,
};

fn place(path: &str, line: u64) -> Location {
    Location::from(LocationData {
        path: path.to_owned(),
        line,
        end_line: line,
        in_head: true,
        blob: Some(format!("blob of {path}")),
        line_hash: Some(format!("{line}:1")),
        ..LocationData::default()
    })
}

fn report() -> Report {
    let root = Root { path: ".".into(), kind: "repository".into(), top: Some("app".into()), ..Root::default() };
    Report {
        schema: Report::SCHEMA.into(),
        tool: ToolInfo::default(),
        key_id: "k1".into(),
        key_source: "key-file".into(),
        as_of: "2026-06-30T00:00:00Z".parse().unwrap(),
        as_of_source: "flag".into(),
        incomplete: false,
        coverage: Coverage { roots: vec![root], commits: 3, ..Coverage::default() },
        headline: Headline::default(),
        inventory: Inventory::default(),
        findings: Vec::new(),
        risks: Vec::new(),
        score: None,
        notices: Vec::new(),
        parts: Vec::new(),
        unmerged: Some(Unmerged::default()),
    }
}

/// Adds a value in the clear: its credential, exposure and finding.
fn leak(mut report: Report, value: Option<&str>, name: &str, at: Location, score: i32) -> Report {
    let id = value.map_or_else(|| format!("place:{}:{}:1", at.path, at.line), |value| format!("secret:{value}"));
    report.inventory.credentials.push(Credential {
        id: id.clone(),
        kind: "token".into(),
        provider: "acme".into(),
        identity: None,
        status: crate::model::Status::Unknown,
        created: When::Unknown,
        expires: When::Unknown,
        last_used: When::Unknown,
        rotated: When::Unknown,
        as_of: When::Unknown,
        validity: Validity::Unverified,
        public: false,
        encrypted: false,
        preview: Some("abcd… (20 chars)".into()),
        fingerprint: value.map(str::to_owned),
        attributes: BTreeMap::new(),
        locations: Vec::new(),
    });
    report.inventory.exposures.push(Exposure {
        credential: id.clone(),
        rule: "token".into(),
        confidence: Confidence::High,
        base_severity: Severity::High,
        key_name: Some(name.into()),
        test_path: false,
        evidence: Vec::new(),
        suppressed: None,
        fingerprint: None,
        location: at.clone(),
    });
    report.findings.push(finding("token", value, at, score));
    report.findings.last_mut().unwrap().credential = Some(id);
    report
}

fn finding(id: &str, fingerprint: Option<&str>, at: Location, score: i32) -> Finding {
    Finding {
        id: id.into(),
        risk: Risk::Nhi2,
        title: format!("A {id}"),
        severity: Severity::of_score(score),
        base_severity: Severity::High,
        confidence: Confidence::High,
        score,
        terms: Vec::new(),
        identity: None,
        credential: None,
        locations: vec![at],
        preview: Some("abcd… (20 chars)".into()),
        fingerprint: fingerprint.map(str::to_owned),
        evidence: Vec::new(),
        why: crate::model::Text::default(),
        remediation: crate::model::Text::default(),
        suppressed: None,
    }
}

fn identity(mut report: Report, key: IdentityKey, at: Location, score: i32) -> Report {
    report.inventory.identities.push(Identity {
        name: key.to_string(),
        id: key,
        aliases: Vec::new(),
        kind: IdentityKind::CiJob,
        provider: "github".into(),
        account: None,
        human: crate::model::Human::No,
        status: crate::model::Status::Unknown,
        created: When::Unknown,
        last_used: When::Unknown,
        owner: None,
        environment: crate::model::Environment::default(),
        privilege: crate::model::Privilege::Unknown,
        auth: Vec::new(),
        sample: false,
        attributes: BTreeMap::new().into(),
        locations: vec![at],
        score: Some(Score { value: score, ..Score::default() }.into()),
        controls: None,
    });
    report
}

fn diff(old: &Report, new: &Report) -> Diff {
    Diff::of(old, new, &|format| format == "aws-export").unwrap()
}

/// Sizes of new, rotated, worsened, improved, resolved, not observed, unchanged.
fn sizes(c: &Changes) -> [u64; 7] {
    let lists = [&c.new, &c.rotated, &c.worsened, &c.improved, &c.resolved, &c.not_observed];
    let mut out = [0; 7];
    out.iter_mut().zip(lists).for_each(|(n, list)| *n = list.len() as u64);
    out[6] = c.unchanged;
    out
}

#[test]
fn a_value_that_only_the_new_report_has_is_new_and_fails_from_its_severity() {
    let d = diff(&report(), &leak(report(), Some("f"), "TOKEN", place("a.env", 1), 78));
    assert_eq!(sizes(&d.findings), [1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(sizes(&d.credentials), [1, 0, 0, 0, 0, 0, 0]);
    assert!(d.fails(Severity::High) && !d.fails(Severity::Critical));
}

#[test]
fn a_value_that_is_gone_is_resolved_and_fails_nothing() {
    let d = diff(&leak(report(), Some("f"), "TOKEN", place("a.env", 1), 78), &report());
    assert_eq!(sizes(&d.findings), [0, 0, 0, 0, 1, 0, 0]);
    assert!(!d.fails(Severity::Low));
}

#[test]
fn another_value_at_the_same_place_and_name_is_rotated_and_still_in_the_clear() {
    let old = leak(report(), Some("f"), "TOKEN", place("a.env", 1), 78);
    let mut moved = place("a.env", 7);
    moved.blob = Some("other".into());
    let d = diff(&old, &leak(report(), Some("g"), "TOKEN", moved.clone(), 78));
    assert_eq!(sizes(&d.findings), [0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(sizes(&d.credentials), [0, 1, 0, 0, 0, 0, 0]);
    assert!(d.fails(Severity::High), "the new value is a leak of its own");
    let d = diff(&old, &leak(report(), Some("g"), "OTHER", moved, 78));
    assert_eq!(sizes(&d.findings), [1, 0, 0, 0, 1, 0, 0], "under another name it is another thing");
}

#[test]
fn a_key_of_an_identity_in_the_place_of_another_is_rotated() {
    let with = |id: &str| {
        let mut r = leak(report(), Some(id), "x", place("a", 1), 50);
        (r.findings, r.inventory.exposures) = (Vec::new(), Vec::new());
        r.inventory.credentials[0].identity = Some(IdentityKey::new("aws", "user", "u"));
        r.inventory.credentials[0].locations = vec![place("keys.json", 1)];
        r
    };
    let d = diff(&with("f"), &with("g"));
    assert_eq!(sizes(&d.credentials), [0, 1, 0, 0, 0, 0, 0]);
    assert!(!d.fails(Severity::Low), "a key that was rotated is good news");
}

#[test]
fn a_score_that_moved_is_worse_or_better() {
    let at = |score| leak(report(), Some("f"), "TOKEN", place("a.env", 1), score);
    assert_eq!(sizes(&diff(&at(60), &at(80)).findings), [0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(sizes(&diff(&at(80), &at(60)).findings), [0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(sizes(&diff(&at(80), &at(80)).findings), [0, 0, 0, 0, 0, 0, 1]);
    assert!(diff(&at(60), &at(80)).fails(Severity::High));
    assert!(!diff(&at(80), &at(60)).fails(Severity::Low));
}

#[test]
fn lines_that_moved_and_files_that_were_renamed_are_not_new() {
    for value in [Some("f"), None] {
        let old = leak(report(), value, "TOKEN", place("a.env", 1), 78);
        let d = diff(&old, &leak(report(), value, "TOKEN", place("a.env", 30), 78));
        assert_eq!(sizes(&d.findings), [0, 0, 0, 0, 0, 0, 1], "{value:?}");
        assert_eq!(sizes(&d.credentials), [0, 0, 0, 0, 0, 0, 1], "{value:?}");
        let mut renamed = place("b/a.env", 1);
        renamed.blob = Some("blob of a.env".into());
        let d = diff(&old, &leak(report(), value, "TOKEN", renamed, 78));
        assert_eq!(sizes(&d.findings), [0, 0, 0, 0, 0, 0, 1], "{value:?}");
        assert_eq!(sizes(&d.credentials), [0, 0, 0, 0, 0, 0, 1], "{value:?}");
    }
}

#[test]
fn an_identity_of_a_renamed_file_keeps_itself_and_its_findings() {
    let with = |path: &str| {
        let mut at = place(path, 3);
        at.blob = Some("the same".into());
        let key = IdentityKey::new("github", "job", &format!("acme/app/{path}#deploy"));
        let mut r = identity(report(), key.clone(), at.clone(), 40);
        let mut f = finding("NHI5-ci-token", Some(path), at, 55);
        (f.identity, f.preview) = (Some(key), None);
        r.findings.push(f);
        r
    };
    let d = diff(&with(".github/workflows/a.yml"), &with(".github/workflows/b.yml"));
    assert_eq!(sizes(&d.identities), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(sizes(&d.findings), [0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn what_was_not_looked_at_is_not_resolved() {
    let old = leak(report(), Some("f"), "TOKEN", place("src/a.env", 1), 78);
    let unseen = |change: &dyn Fn(&mut Report), old: &Report| {
        let mut new = report();
        change(&mut new);
        let d = diff(old, &new);
        assert_eq!(sizes(&d.findings)[..6], [0, 0, 0, 0, 0, 1], "{:?}", d.findings);
        assert_eq!(d.credentials.not_observed.len(), 1, "{:?}", d.credentials);
        d.findings.not_observed[0].why.clone()
    };
    let why = unseen(&|r| r.coverage.roots[0].inside = Some("docs".into()), &old);
    assert!(why.contains("did not read its input"), "{why}");
    unseen(&|r| r.coverage.roots.clear(), &old);
    unseen(&|r| r.coverage.interrupted = true, &old);
    unseen(&|r| r.unmerged.as_mut().unwrap().gate.disabled = vec!["token".into()], &old);
    unseen(&|r| r.unmerged.as_mut().unwrap().gate.confidence = Confidence::Confirmed, &old);
    let gap = |r: &mut Report| {
        r.notices.push(Notice {
            kind: NoticeKind::Gap,
            code: "unreadable".into(),
            path: Some("src/a.env".into()),
            line: None,
            column: None,
            message: String::new(),
        });
    };
    unseen(&gap, &old);
    let mut past = place("src/a.env", 1);
    past.in_head = false;
    let history = leak(report(), Some("f"), "TOKEN", past, 78);
    let why = unseen(&|r| r.coverage.commits = 0, &history);
    assert!(why.contains("history"), "{why}");
    let mut export = leak(report(), Some("f"), "TOKEN", place("keys.json", 1), 78);
    export.unmerged.as_mut().unwrap().files.insert("keys.json".into(), "aws-export".into());
    unseen(&|_| {}, &export);
    export.unmerged.as_mut().unwrap().files.insert("keys.json".into(), "workflow".into());
    assert_eq!(sizes(&diff(&export, &report()).findings), [0, 0, 0, 0, 1, 0, 0], "a file of a repository was deleted");
}

#[test]
fn a_part_of_a_directory_that_was_read_still_resolves_what_was_in_it() {
    let old = leak(report(), Some("f"), "TOKEN", place("src/a.env", 1), 78);
    let mut new = report();
    new.coverage.roots[0].inside = Some("src".into());
    assert_eq!(sizes(&diff(&old, &new).findings), [0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn what_is_suppressed_now_is_better_and_what_no_longer_is_is_worse() {
    let open = leak(report(), Some("f"), "TOKEN", place("a.env", 1), 78);
    let mut quiet = open.clone();
    quiet.findings[0].suppressed =
        Some(Suppression { kind: SuppressionKind::Inline, reason: "test".into(), by: "comment".into() });
    assert_eq!(sizes(&diff(&open, &quiet).findings), [0, 0, 0, 1, 0, 0, 0]);
    let d = diff(&quiet, &open);
    assert_eq!(sizes(&d.findings), [0, 0, 1, 0, 0, 0, 0]);
    assert!(d.fails(Severity::High));
    assert_eq!(sizes(&diff(&report(), &quiet).findings), [0; 7], "what was never open is not told");
}

#[test]
fn two_keys_do_not_compare_and_no_key_compares_with_any() {
    let (mut a, mut b) = (report(), report());
    b.key_id = "k2".into();
    let error = Diff::of(&a, &b, &|_| false).unwrap_err().to_string();
    assert!(error.contains("k1") && error.contains("k2"), "{error}");
    a.key_id = String::new();
    assert!(Diff::of(&a, &b, &|_| false).is_ok());
}

fn any_report() -> impl Strategy<Value = Report> {
    let one = (0..5u8, 0..3usize, 0..3usize, 1..4u64, prop_oneof![Just(30), Just(55), Just(80)], any::<bool>());
    proptest::collection::btree_map((0..5u8, 0..3usize), one, 0..8).prop_map(|all| {
        let mut out = report();
        for ((kind, n), (_, value, path, line, score, quiet)) in all {
            let at = place(["a.env", "b.env", "c/d.yml"][path], line);
            match kind {
                0 | 1 => {
                    let value = (kind == 0).then(|| format!("f{n}"));
                    if kind == 1
                        && out
                            .inventory
                            .credentials
                            .iter()
                            .any(|c| c.id.starts_with(&format!("place:{}:{line}", at.path)))
                    {
                        continue;
                    }
                    out = leak(out, value.as_deref(), ["A", "B"][n % 2], at, score);
                    out.findings.last_mut().unwrap().suppressed = quiet.then(|| Suppression {
                        kind: SuppressionKind::Config,
                        reason: String::new(),
                        by: String::new(),
                    });
                }
                2 => out = identity(out, IdentityKey::new("github", "job", &format!("x/{n}#{value}")), at, score),
                _ => out.findings.push(finding("NHI5-ci-token", Some(&format!("s{kind}{n}")), at, score)),
            }
        }
        out
    })
}

fn ids(list: &[Change]) -> Vec<String> {
    let mut ids: Vec<String> = list.iter().map(|c| c.id.clone()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn of_several_repositories_a_change_says_which_ones_it_is_in() {
    let root = |label: &str, remote: &str| Root {
        path: label.into(),
        kind: "repository".into(),
        top: Some(label.into()),
        label: Some(label.into()),
        remote: Some(remote.into()),
        ..Root::default()
    };
    let mut old = report();
    old.coverage.roots = vec![root("shop", "acme/shop"), root("till", "acme/till")];
    let mut new = leak(old.clone(), Some("v1"), "TOKEN", place("till/a.env", 3), 78);
    new.findings[0].locations.push(place("shop/b.env", 1));
    let d = diff(&old, &new);
    assert_eq!(d.findings.new[0].repositories, ["acme/shop", "acme/till"]);
    assert_eq!(d.credentials.new[0].repositories, ["acme/till"]);
    let style = crate::report::Style::default();
    let (mut text, mut page) = (Vec::new(), Vec::new());
    markdown::write(&d, &style, &mut text).unwrap();
    crate::report::table::changes(&d, &style, &mut page).unwrap();
    let (text, page) = (String::from_utf8(text).unwrap(), String::from_utf8(page).unwrap());
    assert!(text.contains("till/a.env:3<br>in acme/shop, acme/till |"), "{text}");
    assert!(page.contains("in acme/shop, acme/till"), "{page}");
    let alone = diff(&report(), &leak(report(), Some("v1"), "TOKEN", place("till/a.env", 3), 78));
    assert_eq!(alone.findings.new[0].repositories, [] as [&str; 0]);
}

proptest! {
    #[test]
    fn a_report_does_not_differ_from_itself(a in any_report()) {
        let d = diff(&a, &a);
        prop_assert!(d.is_empty(), "{:?}", d);
        prop_assert!(!d.fails(Severity::Info));
    }

    #[test]
    fn the_other_way_round_everything_is_mirrored(a in any_report(), b in any_report()) {
        let (there, back) = (diff(&a, &b), diff(&b, &a));
        for (x, y) in [(&there.findings, &back.findings), (&there.credentials, &back.credentials), (&there.identities, &back.identities)] {
            let gone = |c: &Changes| [c.resolved.clone(), c.not_observed.clone()].concat();
            prop_assert_eq!(ids(&x.new), ids(&gone(y)));
            prop_assert_eq!(ids(&gone(x)), ids(&y.new));
            prop_assert_eq!(x.rotated.len(), y.rotated.len());
            prop_assert_eq!(x.worsened.len(), y.improved.len());
            prop_assert_eq!(x.improved.len(), y.worsened.len());
            prop_assert_eq!(x.unchanged, y.unchanged);
        }
    }

    #[test]
    fn everything_is_in_one_class(a in any_report(), b in any_report()) {
        let d = diff(&a, &b);
        let of_new = |c: &Changes| (c.new.len() + c.rotated.len() + c.worsened.len() + c.improved.len()) as u64 + c.unchanged;
        prop_assert_eq!(of_new(&d.credentials), b.inventory.credentials.len() as u64);
        prop_assert_eq!(of_new(&d.identities), b.inventory.identities.len() as u64);
    }
}
