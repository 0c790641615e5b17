//! Names that were made to harm: of files, jobs, users and claims. They are data wherever they are shown.

use std::ffi::OsStr;

use keyroll::rules::example;

use crate::fixture::value;
use crate::hostile::{acts, assert_inert, assert_survived, survives};
use crate::world::{World, findings, list, only};

const RULE: &str = "github-pat-classic";

fn env(seed: u64) -> String {
    format!("GH_TOKEN={}\n", value(RULE, seed))
}

/// File names that break programs which print or join them.
const NAMES: &[&str] = &[
    "new\nline.env",
    "carriage\rreturn.env",
    "\u{1b}[31mred\u{1b}]0;title\u{7}.env",
    "\u{9b}31m.env",
    "<script>alert(1)</script>.env",
    "-rf.env",
    "--help",
    "=1+1|cmd.env",
    "\u{202e}gpj.env",
    "zero\u{200b}width.env",
    "tab\tand space.env",
    "quote\"and'apostrophe`.env",
    "back\\slash.env",
    "100%41#frag?query.env",
    "[link](javascript:1).env",
    "::error file=x::y.env",
    "~.env",
    "$(id).env",
    "ünïcödé 日本.env",
];

#[cfg(unix)]
#[test]
fn file_names_are_data() {
    let world = World::new();
    for (i, name) in NAMES.iter().enumerate() {
        world.put(name, env(i as u64));
    }
    let report = survives(&world);
    let all = findings(&report, RULE).into_iter().flat_map(|f| list(f, "locations"));
    let mut paths: Vec<&str> = all.map(|l| l["path"].as_str().unwrap()).collect();
    let mut want = NAMES.to_vec();
    paths.sort_unstable();
    want.sort_unstable();
    assert_eq!(paths, want, "JSON keeps the name as it is");
    let table = world.run(&["scan", "."]).ends(1).out;
    assert!(table.contains("new\\nline.env") && table.contains("\\x1b[31mred"), "{table}");
}

#[cfg(unix)]
#[test]
fn sarif_escapes_file_names_in_addresses() {
    let world = World::new();
    for (i, name) in NAMES.iter().enumerate() {
        world.put(name, env(i as u64));
    }
    let sarif = world.run(&["scan", ".", "-f", "sarif"]).ends(1).json();
    let mut uris: Vec<&str> = list(&sarif["runs"][0], "results")
        .iter()
        .map(|r| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap())
        .collect();
    uris.sort_unstable();
    uris.dedup();
    assert_eq!(uris.len(), NAMES.len());
    for uri in uris {
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%!$&'()*+,;=:@".contains(&b)), "{uri}");
        assert!(!uri.starts_with('/') && !uri.contains("://"), "{uri}");
        // A colon in the first segment would be read as a scheme.
        assert!(uri.split('/').next().is_none_or(|s| !s.contains(':')), "{uri}");
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_utf8_keeps_its_bytes() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new();
    world.put(OsStr::from_bytes(b"caf\xe9/\xff\xfe.env"), env(1));
    let report = survives(&world);
    let place = &only(&report, RULE)["locations"][0];
    assert_eq!(place["path"], "caf\u{fffd}/\u{fffd}\u{fffd}.env");
    assert_eq!(place["path_bytes"], data_encoding::BASE64.encode(b"caf\xe9/\xff\xfe.env"));
    let run = world.run(&[OsStr::new("scan"), OsStr::from_bytes(b"caf\xe9")]);
    assert_survived("a root that is no UTF-8", &run);
    assert_eq!(run.code, 1);
}

#[test]
fn names_in_workflows_and_exports_are_data() {
    let bad = "\\u001b[31m<script>\\u202e\\u0007\\n=cmd";
    let world = World::with(
        ".github/workflows/ci.yml",
        format!(
            "name: \"{bad}\"\non: push\njobs:\n  \"{bad}\":\n    name: \"{bad}\"\n    runs-on: x\n    environment: \"{bad}\"\n    steps:\n      - uses: \"evil/{bad}@{bad}\"\n        with: {{token: \"${{{{ secrets.T }}}}\", \"{bad}\": \"{bad}\"}}\n"
        ),
    );
    let keys = format!(
        r#"{{"AccessKeyMetadata": [{{"UserName": "{bad}", "AccessKeyId": "{}", "Status": "Active", "CreateDate": "2020-01-01"}}]}}"#,
        value("aws-access-key-id", 1)
    );
    world.put("keys.json", keys);
    let claims = format!(r#"{{"iss":"{bad}","sub":"{bad}","aud":"{bad}","exp":4102444800}}"#);
    world.put("a.env", format!("T={}\n", example::expand(&format!("{{jwt:{claims}}}"), 1).unwrap()));
    world.put("b.env", format!("DB=postgres://u\u{1b}[1m:{}@h\u{202e}/d\u{7}\n", crate::redaction::random(1, 24)));
    world.put("c.env", format!("pass\u{200b}word\u{1b}[0m_token = {}\n", crate::redaction::random(2, 32)));
    world.put("d.py", format!("x = '{}' # keyroll:ignore \u{1b}[2J\u{202e}<script>\n", value(RULE, 2)));
    let report = survives(&world);
    assert!(list(&report, "identities").len() >= 2, "{:#}", report["identities"]);
    assert!(only(&report, RULE)["suppressed"].is_object());
}

#[cfg(unix)]
#[test]
fn a_report_of_a_stranger_is_shown_as_safely_as_a_scan() {
    let world = World::new();
    for (i, name) in NAMES.iter().enumerate() {
        world.put(format!("in/{name}"), env(i as u64));
    }
    let mut report = world.run(&["scan", "in", "-f", "json"]).ends(1).json();
    // What keyroll itself would never write.
    let bad = "\u{1b}[2J\u{202e}\u{7}\u{9b}31m<script>";
    for field in ["id", "title", "why", "remediation", "preview", "fingerprint", "credential"] {
        report["findings"][0][field] = bad.into();
    }
    report["findings"][0]["evidence"][0] = bad.into();
    report["tool"]["version"] = bad.into();
    report["coverage"]["roots"][0]["path"] = bad.into();
    report["rules"][0]["name"] = bad.into();
    world.put("r.json", report.to_string());
    assert_survived("the table", &world.run(&["report", "r.json", "-v"]).ends(1));
    for format in keyroll::report::REPORTERS.iter().map(|r| r.id).filter(|id| *id != "table") {
        assert_inert(format, &world.run(&["report", "r.json", "-f", format]).ends(1).out, acts);
    }
    for text in ["[".repeat(100_000), "{\"schema\":".repeat(100_000), report.to_string()[..3000].to_owned()] {
        world.put("r.json", text);
        assert_survived("a broken report", &world.run(&["report", "r.json"]).ends(2));
    }
}
