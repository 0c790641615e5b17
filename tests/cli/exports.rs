//! Exports in the envelopes that people save them in: each reaches the same reader as the plain file.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::archive::{Member, bzip2, gzip, tar, xz, zip, zstd};
use crate::world::{World, list};

fn details(account: &str) -> String {
    let role = |name: &str| {
        json!({"Arn": format!("arn:aws:iam::{account}:role/{name}"), "RoleName": name, "RoleId": format!("AROAEXAMPLE{account}{name}"),
            "Path": "/", "CreateDate": "2024-01-02T03:04:05Z", "RolePolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]})
    };
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role("deploy"), role("build")], "Policies": []})
        .to_string()
}

/// The ids of what is in the inventory.
fn identities(report: &Value) -> Vec<String> {
    list(report, "identities").iter().map(|i| i["id"].as_str().unwrap_or_default().to_owned()).collect()
}

const BOTH: [&str; 2] =
    ["aws:role:arn:aws:iam::123456789012:role/build", "aws:role:arn:aws:iam::123456789012:role/deploy"];

#[test]
fn an_export_is_read_whatever_it_is_packed_in() {
    let text = details("123456789012");
    let bytes = text.as_bytes();
    for (name, packed, container, path) in [
        ("iam.json", bytes.to_vec(), None, "iam.json"),
        ("iam.json.gz", gzip(bytes), Some("iam.json.gz"), "iam.json"),
        ("iam.json.zst", zstd(bytes), Some("iam.json.zst"), "iam.json"),
        ("iam.json.xz", xz(bytes), Some("iam.json.xz"), "iam.json"),
        ("iam.json.bz2", bzip2(bytes), Some("iam.json.bz2"), "iam.json"),
        ("all.tgz", gzip(&tar(&[("prod/iam.json", bytes)])), Some("all.tgz"), "prod/iam.json"),
        ("all.tar", tar(&[("prod/iam.json", bytes)]), Some("all.tar"), "prod/iam.json"),
        ("all.zip", zip(&[Member::deflated("prod/iam.json", bytes)]), Some("all.zip"), "prod/iam.json"),
        ("all.zip", zip(&[Member::stored("iam.json.gz", &gzip(bytes))]), Some("all.zip!iam.json.gz"), "iam.json"),
        ("iam.b64", BASE64.encode(bytes).into_bytes(), None, "iam.b64"),
        ("iam.txt", format!("\"{}\"\n", BASE64.encode(&gzip(bytes))).into_bytes(), None, "iam.txt"),
    ] {
        let report = World::with(name, packed).json(&[]);
        assert_eq!(identities(&report), BOTH, "{name}");
        let first = &list(&report, "identities")[0]["locations"][0];
        let of = container.map(str::to_owned);
        assert_eq!(first["container"].as_str().map(str::to_owned), of, "{first}");
        assert_eq!((&first["path"], &first["pointer"]), (&json!(path), &json!("/RoleDetailList/1")), "{name}");
        assert!(first["line"].as_u64() >= Some(1), "{first}");
    }
}

#[test]
fn exports_of_several_accounts_in_one_folder_are_all_read() {
    let world = World::with("prod.json", details("123456789012"));
    world.put("dev.json.gz", gzip(details("210987654321").as_bytes()));
    world.put("test.b64", BASE64.encode(details("333344445555").as_bytes()));
    let report = world.json(&[]);
    assert_eq!(identities(&report).len(), 6);
    assert_eq!(report["formats_read"]["aws-authorization-details"], json!(3));
}

#[test]
fn pipelines_inside_archives_are_not_those_of_anybody() {
    let workflow =
        "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";
    let bytes = tar(&[(".github/workflows/a.yml", workflow.as_bytes())]);
    assert_eq!(identities(&World::with("x.tar", bytes).json(&[])), [""; 0]);
    assert_eq!(identities(&World::with(".github/workflows/a.yml", workflow).json(&[])).len(), 1);
}

#[test]
fn a_damaged_export_inside_an_archive_is_told_with_its_place() {
    let cut = &details("123456789012")[..400];
    let report =
        World::with("a.json.gz", gzip(cut.as_bytes())).run(&["scan", ".", "--no-config", "-f", "json"]).ends(1).json();
    let notices = list(&report, "notices");
    assert_eq!((&notices[0]["code"], &notices[0]["path"]), (&json!("malformed"), &json!("a.json.gz!a.json")));
}

#[test]
fn an_export_too_long_to_be_held_is_streamed_out_of_its_archive() {
    // Other documents between the two; numbers that do not repeat, so that it is no bomb.
    let text = details("123456789012");
    let other: String =
        (0..3_u32 << 20).map(|n| format!("{{\"Other\": {}}}\n", n.wrapping_mul(2_654_435_761))).collect();
    let long = format!("{text}\n{}\n{}", other, details("210987654321"));
    let report =
        World::with("a.json.gz", gzip(long.as_bytes())).run(&["scan", ".", "--no-config", "-f", "json"]).ends(1).json();
    assert_eq!(identities(&report).len(), 4);
    let codes: Vec<_> = list(&report, "notices").iter().map(|n| n["code"].clone()).collect();
    assert_eq!(codes, ["archive-member-too-large"]);
}

#[test]
fn an_export_over_the_limit_of_files_is_read_up_to_a_limit_of_its_own() {
    let text = details("210987654321");
    // What the reader skips lies between the two, so that the file is as long as many real ones.
    let other: String =
        (0..100_000_u32).map(|n| format!("{{\"Other\": {}}}\n", n.wrapping_mul(2_654_435_761))).collect();
    let world = World::with("iam.json", format!("{text}\n{other}\n{}", details("210987654322")));
    world.put("notes.txt", "a line of notes\n".repeat(100_000));
    let args = ["scan", ".", "--no-config", "-f", "json", "--max-file-size", "1"];
    let report = world.run(&args).ends(1).json();
    assert_eq!(identities(&report).len(), 4);
    let skipped: Vec<_> = list(&report, "notices").iter().map(|n| (n["code"].clone(), n["path"].clone())).collect();
    assert_eq!(skipped, [(json!("too-large"), json!("notes.txt"))]);
    // A user who wants nothing read gets nothing read.
    let none = world.run(&["scan", ".", "--no-config", "-f", "json", "--max-file-size", "0"]);
    assert_eq!(identities(&none.json()), [""; 0]);
}
