//! Runs a format in a test, and the fixtures of this folder's formats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufReader;
use std::path::Path;

use super::FORMATS;
use super::aws::tests::key_id;
use crate::doc::Doc;
use crate::formats::{Format, HEAD, Input, Out, ReadNotice};
use crate::model::{EnvironmentClass, Fact, Human, RepoPath, Status, When};

/// Facts and notices of one input, by both entries of the format, which must agree.
pub fn run(format: &Format, text: &str) -> (Vec<Fact>, Vec<ReadNotice>) {
    let path = RepoPath::from("export.json");
    let head: String = text.chars().take(HEAD).collect();
    assert!((format.claims)(&path, &head), "{} claims the input", format.id);
    let whole = collect(|out| (format.read)(&Input { path: &path, repository: None, text }, &Doc::default(), out));
    for chunk in [7, 8192] {
        let mut reader = BufReader::with_capacity(chunk, text.as_bytes());
        let input = Input { path: &path, repository: None, text: "" };
        let streamed = collect(|out| (format.stream.unwrap())(&input, &mut reader, out));
        let lines = |facts: &[Fact]| facts.iter().map(line).collect::<Vec<_>>();
        assert_eq!(lines(&whole.0), lines(&streamed.0), "read and stream give the same facts");
        assert_eq!(whole.1, streamed.1, "read and stream give the same notices");
        assert!(streamed.0.iter().all(|fact| fact.at().span.is_none()), "a stream knows no spans");
    }
    for fact in &whole.0 {
        if let (Some(span), Some(line)) = (fact.at().span, fact.at().line) {
            let before = text.get(..span.start).expect("spans lie on characters");
            assert_eq!(before.matches('\n').count() as u64 + 1, line, "span and line agree");
            assert!(text.get(span.start..span.end).is_some());
        }
    }
    whole
}

fn collect(read: impl FnOnce(&mut Out<'_>)) -> (Vec<Fact>, Vec<ReadNotice>) {
    let (mut facts, mut notices) = (Vec::new(), Vec::new());
    read(&mut Out::new(&mut |fact| facts.push(fact), &mut |notice| notices.push(notice)));
    (facts, notices)
}

/// The facts without their places, sorted: what must not depend on the order of the input.
pub fn fact_set(format: &Format, text: &str) -> Vec<String> {
    let mut out: Vec<String> = run(format, text).0.iter().map(summary).collect();
    out.sort();
    out
}

/// `line:column-or-pointer kind summary`.
pub fn line(fact: &Fact) -> String {
    let at = fact.at();
    let line = at.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    format!("{line}:{} {}", at.pointer.as_deref().unwrap_or("1"), summary(fact))
}

fn when(out: &mut String, name: &str, when: When) {
    match when {
        When::Unknown => {}
        When::At(moment) => write!(out, " {name}={moment}").unwrap(),
        When::Never => write!(out, " {name}=never").unwrap(),
        When::NotApplicable => write!(out, " {name}=not-applicable").unwrap(),
        When::Unsupported => write!(out, " {name}=unsupported").unwrap(),
    }
}

fn text(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        write!(out, " {name}={value}").unwrap();
    }
}

fn attributes(out: &mut String, attributes: &BTreeMap<String, String>) {
    let list: Vec<String> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !list.is_empty() {
        write!(out, " {{{}}}", list.join(", ")).unwrap();
    }
}

/// What a fact says, in one line.
pub fn summary(fact: &Fact) -> String {
    let mut out = String::new();
    match fact {
        Fact::Identity(_, f) => {
            write!(out, "identity {} {} name={}", f.key, f.kind.as_str(), f.name).unwrap();
            for alias in &f.aliases {
                write!(out, " alias={alias}").unwrap();
            }
            text(&mut out, "account", f.account.as_deref());
            if f.human != Human::Maybe {
                write!(out, " human={:?}", f.human).unwrap();
            }
            status(&mut out, f.status);
            when(&mut out, "created", f.created);
            when(&mut out, "last_used", f.last_used);
            text(&mut out, "owner", f.owner.as_deref());
            if f.environment.class != EnvironmentClass::Unknown || !f.environment.why.is_empty() {
                write!(out, " environment={:?} ({})", f.environment.class, f.environment.why).unwrap();
            }
            attributes(&mut out, &f.attributes);
        }
        Fact::Credential(_, f) => {
            write!(out, "credential {} {}", f.key, f.kind).unwrap();
            text(&mut out, "identity", f.identity.as_ref().map(|key| key.as_str()));
            status(&mut out, f.status);
            when(&mut out, "created", f.created);
            when(&mut out, "rotated", f.rotated);
            when(&mut out, "expires", f.expires);
            when(&mut out, "last_used", f.last_used);
            when(&mut out, "as_of", f.as_of);
            attributes(&mut out, &f.attributes);
        }
        Fact::Grant(_, f) => {
            write!(out, "grant {} {:?} [{}] on [{}] by [{}]", f.identity, f.privilege, f.action, f.resource, f.source)
                .unwrap();
            text(&mut out, "if", f.condition.as_deref());
        }
        Fact::Trust(_, f) => {
            write!(out, "trust {} issuer={}", f.identity, f.issuer).unwrap();
            text(&mut out, "audience", f.audience.as_deref());
            text(&mut out, "subject", f.subject.as_deref());
            attributes(&mut out, &f.attributes);
        }
        Fact::Setting(_, f) => {
            write!(out, "setting {} of {} value={}", f.name, f.subject, f.value).unwrap();
            text(&mut out, "identity", f.identity.as_ref().map(|key| key.as_str()));
            attributes(&mut out, &f.attributes);
        }
        other => panic!("no export gives {other:?}"),
    }
    out
}

fn status(out: &mut String, status: Status) {
    if status != Status::Unknown {
        write!(out, " {status:?}").unwrap();
    }
}

/// Fills in `{{gen:aws-access-key-id:N}}`, so that no key id stands in a file: N is the seed, the account is
/// 123456789012.
pub fn generate(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{gen:aws-access-key-id:") {
        let (seed, tail) = after.split_once("}}").unwrap();
        out.push_str(before);
        out.push_str(&key_id(123_456_789_012, seed.parse().unwrap()));
        rest = tail;
    }
    out + rest
}

mod properties {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn fixture(format: &str, case: &str, file: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
        generate(&std::fs::read_to_string(root.join(format).join(case).join(file)).unwrap())
    }

    fn format(id: &str) -> &'static Format {
        FORMATS.iter().find(|format| format.id == id).unwrap()
    }

    const DIRECTORIES: &[(&str, &str, &str)] = &[
        ("entra-applications", "az-array", "apps.json"),
        ("entra-service-principals", "az-array", "sps.json"),
        ("entra-service-principals", "saml-signing-key", "value.json"),
        ("entra-app-role-assignments", "graph", "value.json"),
        ("azure-role-assignments", "az-flat", "assignments.json"),
        ("azure-role-definitions", "az-flat", "roles.json"),
        ("azure-managed-identities", "az-flat", "list.json"),
        ("azure-subscriptions", "az", "list.json"),
        ("entra-sign-in-activities", "beta", "value.json"),
        ("entra-users", "graph", "value.json"),
        ("okta-api-tokens", "list", "tokens.json"),
        ("okta-apps", "list", "apps.json"),
        ("okta-users", "list", "users.json"),
        ("databricks-tokens", "token-infos", "tokens.json"),
    ];

    fn claimed(format: &Format, text: &str) -> bool {
        let head: String = text.chars().take(HEAD).collect();
        (format.claims)(&RepoPath::from("export.json"), &head)
    }

    /// Facts of single rows, without what is counted over a whole file or found by comparing its rows.
    fn facts_of_rows(format: &Format, text: &str) -> Vec<String> {
        let counted = ["setting role-assignments", "setting app-roles", "setting users-read"];
        let mut facts = fact_set(format, text);
        facts.retain(|fact| !counted.iter().any(|name| fact.starts_with(name)) && !fact.contains("unresolved=true"));
        facts
    }

    /// Puts items in the order of some random keys.
    fn shuffle<T>(items: &mut Vec<T>, keys: &[u16]) {
        let mut keyed: Vec<(u16, T)> = items
            .drain(..)
            .enumerate()
            .map(|(i, item)| (keys[i % keys.len()].wrapping_mul(i as u16 + 1), item))
            .collect();
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
                // Policy documents are told in their own order and have no unknown fields.
                let outside = fields.iter_mut().filter(|(name, _)| !name.ends_with("Document"));
                outside.for_each(|(_, field)| shuffle_all(field, keys));
                fields.insert("UnknownField".to_owned(), json!({"deep": [1, {"er": null}], "text": "x"}));
            }
            _ => {}
        }
    }

    /// Lists of code hosts and services, one of each format.
    const HOSTS: [(&str, &str, &str); 12] = [
        ("github-pats", "array", "orgs/acme/personal-access-tokens.json"),
        ("deploy-keys", "github", "keys.json"),
        ("deploy-keys", "gitlab-project", "projects/42/deploy_keys.json"),
        ("github-secrets", "organisation", "secrets.json"),
        ("github-installations", "page", "installations.json"),
        ("github-audit-log", "array", "audit.json"),
        ("gitlab-tokens", "personal", "tokens.json"),
        ("gitlab-variables", "project", "projects/42/variables.json"),
        ("openai-keys", "admin-keys", "admin_keys.json"),
        ("openai-keys", "project-keys-cut", "keys.json"),
        ("anthropic-keys", "page", "keys.json"),
        ("npm-tokens", "list", "tokens.json"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn order_and_unknown_columns_of_a_report_change_nothing(rows in prop::collection::vec(any::<u16>(), 7), columns in prop::collection::vec(any::<u16>(), 24)) {
            let text = fixture("aws-credential-report", "csv-22-columns", "input.csv");
            let mut table: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
            for (index, row) in table.iter_mut().enumerate() {
                row.push(if index == 0 { "a_new_column" } else { "\"a, b\"" });
                shuffle(row, &columns);
            }
            let header = table.remove(0);
            shuffle(&mut table, &rows);
            table.insert(0, header);
            let mixed = table.iter().map(|row| row.join(",")).collect::<Vec<_>>().join("\n");
            let format = format("aws-credential-report");
            prop_assert_eq!(fact_set(format, &mixed), fact_set(format, &text));
        }

        #[test]
        fn order_and_unknown_fields_of_a_listing_change_nothing(keys in prop::collection::vec(any::<u16>(), 5)) {
            for (id, case, file) in [
                ("aws-access-keys", "array-of-rows", "input.json"),
                ("aws-access-keys", "one-page", "input.json"),
                ("aws-authorization-details", "one-page", "input.json"),
                ("aws-authorization-details", "denies-and-boundaries", "input.json"),
                ("aws-authorization-details", "chains-of-roles", "input.json"),
                ("aws-access-analyzer", "list-and-details", "findings.json"),
                ("aws-secrets", "every-rotation", "input.json"),
                ("aws-accounts", "organization", "input.json"),
                ("aws-iam-list", "roles", "input.json"),
            ] {
                let text = fixture(id, case, file);
                let mut value: Value = serde_json::from_str(&text).unwrap();
                shuffle_all(&mut value, &keys);
                let format = format(id);
                prop_assert_eq!(fact_set(format, &value.to_string()), fact_set(format, &text), "{} {}", id, case);
            }
        }

        #[test]
        fn order_unknown_fields_and_splitting_change_nothing_in_a_directory(keys in prop::collection::vec(any::<u16>(), 5), at in 0_usize..6) {
            for (id, case, file) in DIRECTORIES {
                let text = fixture(id, case, file);
                let mut value: Value = serde_json::from_str(&text).unwrap();
                shuffle_all(&mut value, &keys);
                let format = format(id);
                let whole = facts_of_rows(format, &text);
                prop_assert_eq!(&facts_of_rows(format, &value.to_string()), &whole, "{} {}", id, case);
                // One listing in two files, the first as a page and the second as lines.
                let rows = value.get("value").or_else(|| value.get("token_infos")).unwrap_or(&value).as_array().cloned().unwrap();
                let (first, second) = rows.split_at(at.min(rows.len()));
                let page = json!({"value": first}).to_string();
                let lines = second.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
                let mut parts: Vec<String> = [page, lines].iter().filter(|t| claimed(format, t)).flat_map(|t| facts_of_rows(format, t)).collect();
                parts.sort();
                parts.dedup();
                let lost = [first, second].iter().any(|rows| !rows.is_empty() && !claimed(format, &json!({"value": rows}).to_string()));
                let mut whole = whole.clone();
                whole.dedup();
                prop_assert!(lost || parts == whole, "{} {}", id, case);
            }
        }

        #[test]
        fn order_unknown_fields_and_envelopes_of_lists_of_hosts_change_nothing(keys in prop::collection::vec(any::<u16>(), 5)) {
            for (id, case, file) in HOSTS {
                let text = fixture(id, case, file);
                let value: Value = serde_json::from_str(&text).unwrap();
                let want = fact_set(format(id), &text);
                let mut mixed = value.clone();
                shuffle_all(&mut mixed, &keys);
                prop_assert_eq!(&fact_set(format(id), &mixed.to_string()), &want, "{} {} mixed", id, case);
                let wrapped = json!({"2026-11": {"pages": [value]}}).to_string();
                prop_assert_eq!(&fact_set(format(id), &wrapped), &want, "{} {} in a map of pages", id, case);
                if let Value::Array(rows) = &value && id != "github-audit-log" {
                    // Half of it in another file, and then one row a line.
                    let (one, two) = rows.split_at(rows.len() / 2);
                    let mut both: Vec<String> = [one, two].iter().filter(|half| !half.is_empty())
                        .flat_map(|half| fact_set(format(id), &json!(half).to_string())).collect();
                    both.sort();
                    prop_assert_eq!(&both, &want, "{} {} in two files", id, case);
                    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
                    prop_assert_eq!(&fact_set(format(id), &lines), &want, "{} {} as lines", id, case);
                }
            }
        }

        #[test]
        fn a_damaged_export_is_read_to_an_end(at in 0.0..1.0_f64, byte in prop::sample::select(b"\"{}[],:\\\n\xff0".to_vec()), cut: bool) {
            for (id, case, file) in [
                ("aws-credential-report", "csv-22-columns", "input.csv"),
                ("aws-credential-report", "envelope-plain", "input.json"),
                ("aws-access-keys", "concatenated", "input.json"),
                ("aws-authorization-details", "one-page", "input.json"),
                ("aws-access-analyzer", "list-and-details", "findings.json"),
                ("aws-secrets", "every-rotation", "input.json"),
                ("aws-last-accessed", "wrapped-with-its-principal", "input.json"),
                ("aws-accounts", "organization", "input.json"),
                ("aws-iam-list", "roles", "input.json"),
            ].into_iter().chain(DIRECTORIES.iter().copied()) {
                let mut bytes = fixture(id, case, file).into_bytes();
                let place = ((bytes.len() - 1) as f64 * at) as usize;
                bytes[place] = byte;
                if cut { bytes.truncate(place + 1); }
                let path = RepoPath::from("x");
                let input = Input { path: &path, repository: None, text: "" };
                let mut reader = bytes.as_slice();
                collect(|out| (format(id).stream.unwrap())(&input, &mut reader, out));
            }
        }
    }

    #[test]
    fn other_files_are_not_claimed() {
        for text in [
            "",
            "{}",
            "user,name\nroot,arn",
            "{\"Content\": \"hello\"}",
            "{\"name\": \"pkg\", \"version\": \"1.0.0\"}",
            "{\"Credentials\": {\"AccessKeyId\": \"x\", \"SecretAccessKey\": \"y\", \"SessionToken\": \"z\"}}",
            "# \"UserDetailList\" in prose",
            "{\"Policies\": [{\"PolicyName\": \"x\"}]}",
            "{\"appId\": \"c0000000-0000-4000-8000-000000000001\", \"displayName\": \"x\", \"password\": \"y\", \"tenant\": \"z\"}",
            "{\"clientId\": \"x\", \"clientSecret\": \"y\", \"subscriptionId\": \"s\", \"tenantId\": \"t\"}",
            "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"resources\": [{\"properties\": {\"roleDefinitionId\": \"r\", \"principalId\": \"p\", \"scope\": \"s\"}}]}",
            "{\"issuer\": \"https://x\", \"authorization_endpoint\": \"https://x/a\", \"subject_types_supported\": []}",
            "{\"label\": \"x\", \"status\": \"ok\"}",
            "{\"applicationId\": \"com.acme.app\", \"displayName\": \"x\"}",
            // Logs of other services, lists of packages, settings of tools.
            "{\"@timestamp\": \"2026-01-01T00:00:00Z\", \"message\": \"x\", \"action\": \"y\"}",
            "[{\"id\": 1, \"name\": \"x\", \"created_at\": \"2026-01-01\", \"updated_at\": \"2026-01-01\"}]",
            "{\"total_count\": 1, \"workflows\": [{\"id\": 1}]}",
            "{\"scopes\": [\"api\"], \"token\": \"x\"}",
            "{\"key\": \"ssh-ed25519\", \"title\": \"x\", \"id\": 3}",
            "{\"permissions\": {\"contents\": \"write\"}, \"repository_selection\": \"all\", \"token\": \"x\"}",
            "{\"object\": \"list\", \"data\": []}",
            "{\"ARN\": \"arn:aws:secretsmanager:x:123456789012:secret:a\", \"Name\": \"a\", \"SecretString\": \"x\"}",
            "{\"Users\": [{\"UserName\": \"a\"}], \"Roles\": []}",
            "{\"Accounts\": [{\"Id\": \"1\", \"Name\": \"cash\"}]}",
            "{\"status\": \"ACTIVE\", \"resourceType\": \"x\", \"findingType\": \"y\"}",
            "{\"UserId\": 7, \"Account\": \"a\"}",
        ] {
            for format in FORMATS {
                assert!(!(format.claims)(&RepoPath::from("x.json"), text), "{} {text}", format.id);
            }
        }
    }

    #[test]
    fn values_of_hosts_are_skipped_unread() {
        for (id, case, file) in [
            ("gitlab-variables", "project", "projects/42/variables.json"),
            ("openai-keys", "admin-keys", "admin_keys.json"),
            ("gitlab-tokens", "a-new-token-is-not-kept", "new.json"),
        ] {
            let text = fixture(id, case, file);
            assert!(text.contains("placeholder"), "{id}");
            let (facts, notices) = run(format(id), &text);
            assert!(!facts.is_empty());
            assert!(!format!("{facts:?}{notices:?}").contains("placeholder"), "{id}");
        }
    }

    #[test]
    fn an_audit_log_of_many_tokens_is_cut_and_says_so() {
        let row = |n: usize| {
            let hash = data_encoding::BASE64.encode(&[&n.to_be_bytes()[..], &[7; 24]].concat());
            format!(
                "{{\"@timestamp\":{},\"action\":\"a\",\"actor\":\"x\",\"hashed_token\":\"{hash}\"}}\n",
                1_785_771_633_000 + n
            )
        };
        let most = super::super::github_audit_log::TOKENS_MAX;
        let text: String = (0..most + 3).map(row).collect();
        let path = RepoPath::from("x");
        let input = Input { path: &path, repository: None, text: "" };
        let (facts, notices) =
            collect(|out| (format("github-audit-log").stream.unwrap())(&input, &mut text.as_bytes(), out));
        assert_eq!(facts.len(), 2 * most, "an identity and a credential each");
        assert!(notices.iter().any(|n| n.code == "too-many-tokens" && n.message.contains(" 3 events")), "{notices:?}");
    }

    #[test]
    fn no_secret_of_an_export_gets_into_a_fact() {
        let text = fixture("aws-access-keys", "new-key-with-its-secret", "input.json");
        assert!(text.contains("placeholder, not a secret"));
        let (facts, notices) = run(format("aws-access-keys"), &text);
        assert!(!facts.is_empty());
        assert!(!format!("{facts:?}{notices:?}").contains("placeholder"));
        let old = fixture("entra-applications", "old-graph-names", "apps.json");
        assert!(old.contains("placeholder, not a secret"));
        assert!(!format!("{:?}", run(format("entra-applications"), &old)).contains("placeholder"));
        let tagged = fixture("aws-authorization-details", "one-page", "input.json");
        assert!(tagged.contains("never shown"));
        assert!(!format!("{:?}", run(format("aws-authorization-details"), &tagged).0).contains("never shown"));
    }
}
