//! What holds of the exports of clusters, states, vaults and databases, whatever order they come in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::BufReader;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMATS;
use super::testing::generate;
use crate::doc::Doc;
use crate::formats::{Format, HEAD, Input, Out, ReadNotice};
use crate::model::{At, Fact, RepoPath};

/// Format, case and file of fixtures in JSON, and the lists in them whose order means nothing.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("kubernetes-export", "list", "all.json", &["items"]),
    ("kubernetes-export", "controllers", "pods.json", &["items"]),
    ("kubernetes-export", "bad-data", "mixed.json", &["items"]),
    ("terraform-state", "aws", "terraform.tfstate", &["resources"]),
    ("terraform-state", "google-azure", "state.json", &["resources"]),
    ("terraform-state", "services", "terraform.tfstate", &["resources"]),
    ("terraform-show", "plan", "plan.json", &["resources", "resource_changes"]),
    ("snowflake", "users-json", "users.json", &[""]),
    ("snowflake", "tokens", "pats.json", &[""]),
    ("postgresql-roles", "json", "roles.json", &[""]),
    ("vault", "tokens", "accessors.json", &[""]),
];

fn format(id: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.id == id).unwrap()
}

fn fixture(format: &str, case: &str, file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    generate(&std::fs::read_to_string(root.join(format).join(case).join(file)).unwrap())
}

/// A fact without its place.
fn bare(mut fact: Fact) -> String {
    let at = match &mut fact {
        Fact::Identity(at, _)
        | Fact::Credential(at, _)
        | Fact::Grant(at, _)
        | Fact::Trust(at, _)
        | Fact::Usage(at, _)
        | Fact::ThirdParty(at, _)
        | Fact::Setting(at, _)
        | Fact::Secret(at, _) => at,
    };
    *at = At::default();
    format!("{fact:?}")
}

fn facts(format: &Format, file: &str, bytes: &[u8], whole: bool) -> (Vec<String>, Vec<ReadNotice>) {
    let (mut facts, mut notices) = (Vec::new(), Vec::new());
    let path = RepoPath::from(file);
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let input = Input { path: &path, repository: None, text: if whole { text } else { "" } };
    let mut keep = |fact| facts.push(bare(fact));
    let mut tell = |notice| notices.push(notice);
    let mut out = Out::new(&mut keep, &mut tell);
    match whole {
        true => (format.read)(&input, &Doc::default(), &mut out),
        false => (format.stream.unwrap())(&input, &mut BufReader::with_capacity(7, bytes), &mut out),
    }
    facts.sort();
    (facts, notices)
}

fn shuffle(value: &mut Value, lists: &[&str], name: &str, keys: &[u16]) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(|item| shuffle(item, lists, "-", keys));
            if lists.contains(&name) {
                let mut keyed: Vec<(u16, Value)> = items
                    .drain(..)
                    .enumerate()
                    .map(|(i, item)| (keys[i % keys.len()].wrapping_mul(i as u16 + 1), item))
                    .collect();
                keyed.sort_by_key(|(key, _)| *key);
                items.extend(keyed.into_iter().map(|(_, item)| item));
            }
        }
        Value::Object(fields) => {
            // Only where rows and objects begin: below, a name is data.
            if matches!(name, "" | "-") {
                fields.insert("unknownField".to_owned(), json!({"deep": [1, {"er": null}]}));
            }
            for (name, field) in fields.iter_mut().filter(|(name, _)| {
                lists.contains(&name.as_str()) || *name == "planned_values" || *name == "root_module"
            }) {
                shuffle(field, lists, name, keys);
            }
        }
        _ => {}
    }
}

#[test]
fn a_stream_gives_the_facts_that_the_whole_file_gives() {
    let more = [
        ("kubernetes-export", "raw-lists", "cluster.json"),
        ("kubernetes-export", "yaml-list", "all.yaml"),
        ("kubernetes-export", "multi-document", "objects.yaml"),
        ("kubernetes-export", "truncated", "page.json"),
        ("terraform-state", "version-3", "terraform.tfstate"),
        ("terraform-show", "deep-modules", "state.json"),
        ("vault", "approle", "ci.json"),
        ("snowflake", "users-csv", "users.csv"),
        ("postgresql-roles", "csv", "roles.csv"),
    ];
    for (id, case, file) in CASES.iter().map(|(id, case, file, _)| (*id, *case, *file)).chain(more) {
        let text = fixture(id, case, file);
        let head: String = text.chars().take(HEAD).collect();
        assert!((format(id).claims)(&RepoPath::from(file), &head), "{id} {case}");
        let (whole, notices) = facts(format(id), file, text.as_bytes(), true);
        assert!(!whole.is_empty(), "{id} {case}");
        assert_eq!((whole, notices), facts(format(id), file, text.as_bytes(), false), "{id} {case}");
    }
}

#[test]
fn no_secret_of_these_exports_gets_into_a_fact() {
    for (id, case, file, _) in CASES {
        let text = fixture(id, case, file);
        let (facts, notices) = facts(format(id), file, text.as_bytes(), true);
        let shown = format!("{facts:?}{notices:?}");
        assert!(!shown.contains("placeholder") && !shown.contains("not-a-real-value"), "{id} {case}");
    }
}

#[test]
fn what_is_no_export_is_not_claimed() {
    for text in [
        "",
        "{}",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  creationTimestamp: null\n  name: a\n",
        "{\"version\": 3, \"serial\": 1, \"lineage\": \"x\", \"backend\": {\"type\": \"s3\", \"config\": {}, \"hash\": 7}, \
         \"modules\": [{\"path\": [\"root\"], \"outputs\": {}, \"resources\": {}}]}",
        "{\"format_version\": \"1.0\", \"provider_schemas\": {\"x\": {\"terraform_version\": 1}}}",
        "{\"format_version\": \"1.0\", \"valid\": true, \"error_count\": 0, \"diagnostics\": []}",
        "{\"terraform_version\": \"1.0.0\", \"platform\": \"linux_amd64\", \"provider_selections\": {}}",
        "{\"serial\": 1, \"lineage\": \"x\", \"meta\": {}, \"encrypted_data\": \"x\", \"encryption_version\": \"v0\"}",
        "{\"lockfileVersion\": 3, \"version\": \"1.0.0\", \"packages\": {}}",
        "{\"name\": \"pkg\", \"type\": \"module\", \"user_name\": \"x\"}",
        "name,email,type\na,b,c\n",
    ] {
        for format in FORMATS {
            assert!(!(format.claims)(&RepoPath::from("x.json"), text), "{} {text}", format.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_unknown_fields_change_no_fact(keys in prop::collection::vec(any::<u16>(), 7)) {
        for (id, case, file, lists) in CASES {
            let text = fixture(id, case, file);
            let mut value: Value = serde_json::from_str(&text).unwrap();
            shuffle(&mut value, lists, "", &keys);
            let mixed = value.to_string();
            let format = format(id);
            prop_assert_eq!(
                facts(format, file, mixed.as_bytes(), true).0,
                facts(format, file, text.as_bytes(), true).0,
                "{} {}", id, case
            );
        }
    }

    #[test]
    fn order_of_rows_changes_no_fact(keys in prop::collection::vec(any::<u16>(), 7)) {
        let text = fixture("postgresql-roles", "csv", "roles.csv");
        let mut rows: Vec<&str> = text.lines().collect();
        let header = rows.remove(0);
        let mut rows: Vec<(u16, &str)> = rows.into_iter().enumerate().map(|(i, row)| (keys[i % 7].wrapping_mul(i as u16 + 1), row)).collect();
        rows.sort();
        let mixed: Vec<&str> = std::iter::once(header).chain(rows.into_iter().map(|(_, row)| row)).collect();
        let format = format("postgresql-roles");
        let read = |text: &str| facts(format, "r.csv", text.as_bytes(), true).0;
        prop_assert_eq!(read(&mixed.join("\n")), read(&text));
    }

    #[test]
    fn a_damaged_export_is_read_to_an_end(at in 0.0..1.0_f64, byte in prop::sample::select(b"\"{}[],:\\-\n\xff0".to_vec()), cut: bool) {
        let more = [
            ("kubernetes-export", "yaml-list", "all.yaml"),
            ("kubernetes-export", "multi-document", "objects.yaml"),
            ("terraform-state", "version-3", "terraform.tfstate"),
            ("vault", "jwt", "roles.json"),
            ("snowflake", "users-csv", "users.csv"),
            ("postgresql-roles", "csv", "roles.csv"),
        ];
        for (id, case, file) in CASES.iter().map(|(id, case, file, _)| (*id, *case, *file)).chain(more) {
            let mut bytes = fixture(id, case, file).into_bytes();
            let place = ((bytes.len() - 1) as f64 * at) as usize;
            bytes[place] = byte;
            if cut {
                bytes.truncate(place + 1);
            }
            facts(format(id), file, &bytes, false);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                facts(format(id), file, text.as_bytes(), true);
            }
        }
    }
}
