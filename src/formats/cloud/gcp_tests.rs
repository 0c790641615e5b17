//! What holds for every reader of Google Cloud exports: order, unknown fields, envelopes and damage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::BufReader;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMATS;
use crate::doc::Doc;
use crate::formats::{Format, HEAD, Input, Out, ReadNotice};
use crate::model::{At, Fact, RepoPath};

/// Every fixture of an export: format, case, file.
const FIXTURES: &[(&str, &str, &str)] = &[
    ("gcp-service-accounts", "array", "accounts.json"),
    ("gcp-service-accounts", "map-of-projects", "accounts.json"),
    ("gcp-service-account-keys", "array", "keys.json"),
    ("gcp-service-account-keys", "rest-page-and-odd-rows", "keys.json"),
    ("gcp-iam-policy", "project-in-the-file-name", "iam-policy-acme-prod.json"),
    ("gcp-iam-policy", "map-of-resources", "all.json"),
    ("gcp-iam-policy", "service-account", "deploy@acme-prod.iam.gserviceaccount.com.json"),
    ("gcp-workload-identity", "providers", "providers.json"),
    ("gcp-assets", "list", "assets.json"),
    ("gcp-assets", "search-resources", "resources.json"),
    ("gcp-activity", "keys-and-accounts", "activity.json"),
    ("gcp-roles", "page", "roles.json"),
    ("gcp-roles", "one-role", "role.json"),
];

fn fixture((format, case, file): (&str, &str, &str)) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    std::fs::read_to_string(root.join(format).join(case).join(file)).unwrap()
}

fn format(id: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.id == id).unwrap()
}

fn collect(read: impl FnOnce(&mut Out<'_>)) -> (Vec<Fact>, Vec<ReadNotice>) {
    let (mut facts, mut notices) = (Vec::new(), Vec::new());
    read(&mut Out::new(&mut |fact| facts.push(fact), &mut |notice| notices.push(notice)));
    (facts, notices)
}

/// A fact without its place.
fn placeless(mut fact: Fact) -> String {
    match &mut fact {
        Fact::Identity(at, _)
        | Fact::Credential(at, _)
        | Fact::Grant(at, _)
        | Fact::Trust(at, _)
        | Fact::Usage(at, _)
        | Fact::ThirdParty(at, _)
        | Fact::Setting(at, _)
        | Fact::Secret(at, _) => *at = At::default(),
    }
    format!("{fact:?}")
}

/// The facts of one input by both entries of its format, which must agree; sorted, each once, without places.
fn facts(id: &str, file: &str, text: &str) -> Vec<String> {
    let path = RepoPath::from(file);
    let head: String = text.chars().take(HEAD).collect();
    let claiming = FORMATS.iter().find(|format| (format.claims)(&path, &head)).map(|format| format.id);
    assert_eq!(claiming, Some(id), "{head}");
    let whole = collect(|out| (format(id).read)(&Input { path: &path, repository: None, text }, &Doc::default(), out));
    let input = Input { path: &path, repository: None, text: "" };
    let mut reader = BufReader::with_capacity(7, text.as_bytes());
    let streamed = collect(|out| (format(id).stream.unwrap())(&input, &mut reader, out));
    assert_eq!(whole.1, streamed.1, "read and stream give the same notices");
    for fact in &whole.0 {
        let span = fact.at().span.expect("a whole text has spans");
        assert!(text.get(span.start..span.end).is_some());
    }
    let lines = |facts: Vec<Fact>| {
        let mut lines: Vec<String> = facts.into_iter().map(placeless).collect();
        lines.sort();
        lines.dedup();
        lines
    };
    let (whole, streamed) = (lines(whole.0), lines(streamed.0));
    assert_eq!(whole, streamed, "read and stream give the same facts");
    whole
}

/// Puts items in the order of some random keys.
fn shuffle(items: &mut Vec<Value>, keys: &[u16]) {
    let keyed = items.drain(..).enumerate();
    let mut keyed: Vec<(u16, Value)> =
        keyed.map(|(i, item)| (keys[i % keys.len()].wrapping_mul(i as u16 + 1), item)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

fn shuffle_all(value: &mut Value, keys: &[u16]) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(|item| shuffle_all(item, keys));
            shuffle(items, keys);
        }
        Value::Object(fields) => {
            // The mapping of a provider has no field that could be unknown, and audiences are told in their order.
            let outside = fields.iter_mut().filter(|(name, _)| *name != "attributeMapping" && *name != "oidc");
            outside.for_each(|(_, field)| shuffle_all(field, keys));
            if !fields.keys().any(|name| name.contains("google.subject")) {
                fields.insert("aNewField".to_owned(), json!({"deep": [1, {"er": null}], "text": "x"}));
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_unknown_fields_change_nothing(keys in prop::collection::vec(any::<u16>(), 5)) {
        for case in FIXTURES {
            let text = fixture(*case);
            let mut value: Value = serde_json::from_str(&text).unwrap();
            shuffle_all(&mut value, &keys);
            prop_assert_eq!(facts(case.0, case.2, &value.to_string()), facts(case.0, case.2, &text), "{:?}", case);
        }
    }

    #[test]
    fn a_list_in_two_files_is_what_it_is_in_one(cut in 0..8_usize) {
        for case in FIXTURES {
            let Value::Array(mut rows) = serde_json::from_str(&fixture(*case)).unwrap() else { continue };
            // The last row of one fixture is none, and would not be claimed alone.
            let tail = rows.split_off(cut.min(rows.len().saturating_sub(2)).max(1));
            let mut parts = facts(case.0, case.2, &Value::from(rows).to_string());
            if !tail.is_empty() {
                // One a line, as some tools write them.
                let lines: Vec<String> = tail.iter().map(Value::to_string).collect();
                parts.extend(facts(case.0, case.2, &lines.join("\n")));
            }
            parts.sort();
            parts.dedup();
            prop_assert_eq!(parts, facts(case.0, case.2, &fixture(*case)), "{:?}", case);
        }
    }

    #[test]
    fn a_damaged_export_is_read_to_an_end(at in 0.0..1.0_f64, byte in prop::sample::select(b"\"{}[],:/@\\\n\xff0".to_vec()), cut: bool) {
        for case in FIXTURES {
            let mut bytes = fixture(*case).into_bytes();
            let place = ((bytes.len() - 1) as f64 * at) as usize;
            bytes[place] = byte;
            if cut { bytes.truncate(place + 1); }
            let path = RepoPath::from(case.2);
            let mut reader = bytes.as_slice();
            let input = Input { path: &path, repository: None, text: "" };
            collect(|out| (format(case.0).stream.unwrap())(&input, &mut reader, out));
        }
    }
}

#[test]
fn other_files_are_not_claimed() {
    for text in [
        "",
        "{}",
        "{\"name\": \"pkg\", \"version\": \"1.0.0\", \"keywords\": [\"bindings\", \"members\"]}",
        "{\"type\": \"service_account\", \"project_id\": \"acme-prod\", \"client_email\": \"a@acme-prod.iam.gserviceaccount.com\"}",
        "{\"type\": \"external_account\", \"audience\": \"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/x\", \"name\": \"x\"}",
        "{\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"kind\": \"RoleBinding\", \"subjects\": []}",
        "{\"version\": 4, \"terraform_version\": \"1.9.0\", \"resources\": [{\"bindings\": [], \"members\": [\"user:a\"]}]}",
        "{\"kind\": \"List\", \"items\": [{\"members\": [\"a\"], \"bindings\": []}]}",
        "# \"bindings\" \"members\" \"serviceAccount:x\"",
        "{\"roles\": [{\"name\": \"roles/editor\", \"title\": \"Editor\"}]}",
    ] {
        for format in FORMATS.iter().filter(|format| format.id.starts_with("gcp-")) {
            assert!(!(format.claims)(&RepoPath::from("x.json"), text), "{} {text}", format.id);
        }
    }
}

#[test]
fn no_secret_of_an_export_gets_into_a_fact() {
    let text = fixture(("gcp-service-account-keys", "new-key-with-its-file", "key.json"));
    assert!(text.contains("placeholder, not a secret"));
    let facts = facts("gcp-service-account-keys", "key.json", &text);
    assert!(!facts.is_empty() && !facts.concat().contains("placeholder"));
}

#[test]
fn a_policy_is_of_what_its_file_says_and_of_nothing_that_is_guessed() {
    let account = "\"serviceAccount:a@acme-dev.iam.gserviceaccount.com\"";
    let of = |path: &str, role: &str| {
        let text = format!("{{\"bindings\": [{{\"role\": \"{role}\", \"members\": [{account}]}}]}}");
        let facts = facts("gcp-iam-policy", path, &text).concat();
        let (_, rest) = facts.split_once("resource: \"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let unknown = "a resource that the export does not name";
    let wide = "project, folder or organization (not named in the export)";
    for (path, role, want) in [
        ("iam-policy-acme-prod.json", "roles/run.admin", "project acme-prod"),
        ("out/iam_policy_acme-prod.json", "roles/run.admin", "project acme-prod"),
        ("acme-prod/iam-policy.json", "roles/run.admin", "project acme-prod"),
        ("acme-prod/policy.json", "roles/run.admin", "project acme-prod"),
        ("iam-policy-folder-42.json", "roles/run.admin", "folder 42"),
        ("organizations-7/iam-policy.json", "roles/run.admin", "organization 7"),
        ("sa-policy-Ci@acme-dev.iam.gserviceaccount.com.json", "roles/run.admin", {
            "service account ci@acme-dev.iam.gserviceaccount.com"
        }),
        // A member of the project tells that the word is its name.
        ("acme-dev.json", "roles/run.admin", "project acme-dev"),
        ("acme-dev-iam-policy.json", "roles/run.admin", "project acme-dev"),
        ("acme-prod-iam-policy.json", "roles/run.admin", unknown),
        ("kms-key-iam-policy.json", "roles/run.admin", unknown),
        ("json-dumps/iam-policy.json", "roles/run.admin", unknown),
        ("exports/iam-policy.json", "roles/editor", wide),
        ("iam-policy.json", "roles/run.admin", unknown),
        ("policy.json", "roles/resourcemanager.projectIamAdmin", wide),
        ("ACME/iam-policy.json", "roles/iam.serviceAccountUser", unknown),
    ] {
        assert_eq!(of(path, role), want, "{path} {role}");
    }
}
