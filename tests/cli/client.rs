//! Known credential files, from the file to the report: one finding for one value, none for what stands in its place.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixture::{expand, value};
use crate::git;
use crate::redaction::hidden;
use crate::world::{World, findings, list, notices, only, places};

/// Where the places of a finding begin.
fn begins(finding: &Value) -> Vec<String> {
    places(finding).into_iter().map(|p| p.rsplit_once('-').unwrap().0.to_owned()).collect()
}

/// Ids of the findings of one file, with their lines.
fn found(path: &str, text: &str) -> Vec<String> {
    let report = World::with(path, text).json(&["--no-history"]);
    let mut all: Vec<String> = list(&report, "findings")
        .iter()
        .flat_map(|f| begins(f).into_iter().map(move |p| format!("{} {p}", f["id"].as_str().unwrap())))
        .collect();
    all.sort();
    all
}

#[test]
fn placeholders_references_and_empty_values_are_no_findings() {
    for (path, text) in [
        (".netrc", "machine a.example login b password <password>\nmachine c login d password ${PASSWORD}\n"),
        (".pgpass", "localhost:5432:shop:app:\nlocalhost:5432:shop:app:changeme\n"),
        (".npmrc", "//npm.acme.internal/:_authToken=${NPM_TOKEN}\n//a/:_authToken=your-token-here\n"),
        (".docker/config.json", "{\"auths\":{\"ghcr.io\":{},\"quay.io\":{\"auth\":\"\"}},\"credsStore\":\"desktop\"}"),
        (
            "wp-config.php",
            "<?php\ndefine('DB_PASSWORD', 'password_here');\ndefine('AUTH_KEY', 'put your unique phrase here');\n",
        ),
        (
            ".env",
            "DB_PASSWORD=\nAPI_TOKEN=${API_TOKEN}\nSECRET_KEY=changeme\nAPP_KEY=<your key>\nTOKEN_TTL=3600000000\n",
        ),
        ("terraform.tfvars", "db_password = \"\"\nclient_secret = \"REPLACE_ME\"\n"),
        ("application.properties", "spring.datasource.password=${DB_PASSWORD}\nlogin.password=Passwort\n"),
        (".muttrc", "set imap_pass=`pass mail`\n"),
        (
            "web.config",
            "<connectionStrings><add connectionString=\"Server=a;Password={password}\"/></connectionStrings>",
        ),
        ("etc/shadow", "root:*:1:0:9:7:::\nbin:!:1:0:9:7:::\nempty::1:0:9:7:::\n"),
        (
            "NuGet.config",
            "<packageSourceCredentials><a><add key=\"ClearTextPassword\" value=\"%TOKEN%\"/></a></packageSourceCredentials>",
        ),
    ] {
        assert_eq!(found(path, text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn short_passwords_count_where_only_passwords_stand() {
    assert_eq!(found(".pgpass", "db.acme.internal:5432:shop:app:hunter2\n"), ["pgpass-password .pgpass:1:32"]);
    assert_eq!(found(".netrc", "machine a login b password pass1\n"), ["netrc-password .netrc:1:28"]);
    assert_eq!(
        found("wp-config.php", "<?php define('DB_PASSWORD', 'admin');\n"),
        ["wordpress-password wp-config.php:1:30"]
    );
}

#[test]
fn one_value_is_one_finding_and_a_rule_that_knows_it_wins() {
    let pat = value("github-pat-classic", 1);
    assert_eq!(
        found(".netrc", &format!("machine github.com login bob password {pat}\n")),
        ["github-pat-classic .netrc:1:39"]
    );
    let (token, password) = (value("alnum.32", 2), value("alnum.16", 3));
    assert_eq!(found(".env", &format!("API_TOKEN={token}\n")), ["dotenv-secret .env:1:11"]);
    assert_eq!(
        found(".npmrc", &format!("//npm.acme.internal/:_authToken={token}\n")).len(),
        1,
        "the generic detector finds it too"
    );
    // The same password in two files is one credential.
    let world = World::with(".netrc", format!("machine a.acme.internal login bob password {password}\n"));
    world.put(".git-credentials", format!("https://bob:{password}@git.acme.internal\n"));
    let report = world.json(&["--no-history"]);
    let fingerprints: Vec<_> = list(&report, "findings").iter().map(|f| f["fingerprint"].clone()).collect();
    assert!(!fingerprints.is_empty() && fingerprints.iter().all(|f| *f == fingerprints[0]), "{report}");
}

#[test]
fn what_is_encrypted_is_inventory_and_what_is_clear_beside_it_a_finding() {
    let text = expand(
        "<a><password>{AQAAABAAAAAQ{{gen:b64.43:1}}=}</password></a>\n<b><password>{{gen:alnum.16:2}}</password></b>\n",
    );
    let report = World::with("credentials.xml", &text).json(&["--no-history"]);
    assert_eq!(begins(only(&report, "jenkins-credential")), ["credentials.xml:2:14"]);
    let encrypted = list(&report, "credentials").iter().filter(|c| c["encrypted"] == true).count();
    assert_eq!(encrypted, 1, "{report}");
}

#[test]
fn logins_of_firefox_count_when_their_key_lies_beside_them() {
    let text = expand(
        "{\"logins\":[{\"hostname\":\"https://a.example\",\"encryptedPassword\":\"MDoEEPgAAAAAAAAAAAAA{{gen:b64.36:1}}\"}]}",
    );
    let world = World::with("alone/logins.json", &text);
    world.put("profile/logins.json", &text);
    world.put("profile/key4.db", [0u8, 1, 2]);
    let report = world.json(&["--no-history"]);
    assert_eq!(begins(only(&report, "firefox-login")), ["profile/logins.json:1:65"]);
    let low = world.json(&["--no-history", "--confidence", "low"]);
    let all: Vec<String> = findings(&low, "firefox-login").into_iter().flat_map(begins).collect();
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_told_and_searched_all_the_same() {
    let pat = value("github-pat-classic", 2);
    let world = World::with("sftp.json", format!("{{ \"password\": \"{pat}\" \n"));
    let report = world.json(&["--no-history"]);
    only(&report, "github-pat-classic");
    assert_eq!(notices(&report, "malformed").len(), 1);
    assert_eq!(report["incomplete"], false);
}

#[test]
fn a_credential_file_of_the_past_is_found_by_its_name() {
    let world = World::new();
    world.init("");
    let hash = value("apr1", 4);
    git::commit(world.path(), "web/.htpasswd", &format!("admin:{hash}\n"));
    git::commit(world.path(), "etc/app/config.json", "{\"a\": 1}\n");
    git::remove(world.path(), "web/.htpasswd");
    let report = world.json(&[]);
    let finding = only(&report, "password-hash");
    assert_eq!(finding["locations"][0]["path"], "web/.htpasswd", "{finding}");
    assert_eq!(finding["locations"][0]["in_head"], false, "{finding}");
}

#[test]
fn no_output_shows_a_value_of_any_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    for (file, seeds) in [
        ("netrc/machines/.netrc", vec![("alnum.16", 1)]),
        ("git-credentials/urls/.git-credentials", vec![("alnum.24", 1), ("alnum.40", 2)]),
        ("har/recording/login.har", vec![("alnum.32", 1), ("alnum.40", 2), ("alnum.32", 3)]),
        ("postman/exports/acme.postman_environment.json", vec![("alnum.32", 4)]),
        ("dotenv/dialects/.env.production", vec![("b64.43", 1), ("alnum.12", 2)]),
        ("sql-dump/users/db/dump.sql", vec![("hex.40", 1), ("phpass", 4), ("bcrypt", 5)]),
    ] {
        let text = expand(&fs::read_to_string(root.join(file)).unwrap());
        let values: Vec<String> = seeds.iter().map(|(what, seed)| value(what, *seed)).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        hidden(file.rsplit('/').next().unwrap(), &text, &values);
    }
}
