//! What code and the places of values tell, through the whole binary.

use serde_json::Value;

use crate::fixture::expand;
use crate::git::{commit, git};
use crate::world::{World, findings, only, places};

/// The files and lines of the open findings of a check.
fn files(report: &Value, id: &str) -> Vec<String> {
    let open = findings(report, id).into_iter().filter(|f| f["suppressed"].is_null());
    let lines = |place: String| place.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
    open.flat_map(places).map(lines).collect()
}

const WEAK: &str = "import jwt\nSECRET_KEY = \"change-me\"\njwt.encode({}, SECRET_KEY, algorithm=\"HS256\")\n";

#[test]
fn a_key_of_tokens_in_code_is_told_once_a_file_and_a_comment_accepts_it() {
    let world = World::with("api/a.py", WEAK);
    world.put("api/copy.py", WEAK);
    world.put("tests/test_a.py", WEAK);
    world.put("docs/a.py", WEAK);
    world.put("vendor/a.py", WEAK);
    world.put("a.txt", WEAK);
    world.put("api/b.py", WEAK.replace("\"HS256\")", "\"HS256\")  # keyroll:ignore[NHI4-jwt-weak] a sample"));
    world.put("api/copy_of_b.py", world.read("api/b.py"));
    let report = world.json(&[]);
    assert_eq!(files(&report, "NHI4-jwt-weak"), ["api/a.py:3", "api/copy.py:3"]);
    let text = report.to_string();
    assert!(!text.contains("change-me") && text.contains("a sample"));
}

#[test]
fn a_credential_in_a_query_is_told_in_code_and_pipelines() {
    let world = World::with(
        "client.js",
        expand(
            "fetch('https://api.acme-corp.com/v1?api_key={{gen:sendgrid-api-key:1}}')\n\
             fetch('https://api.acme-corp.com/v1', { headers: { key: '{{gen:sendgrid-api-key:2}}' } })\n",
        ),
    );
    world.put(
        ".github/workflows/ci.yml",
        expand("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: curl https://ci.acme-corp.com/t?token={{gen:github-pat-classic:1}}\n"),
    );
    let report = world.json(&[]);
    assert_eq!(files(&report, "NHI4-key-in-query").len(), 2, "{:?}", files(&report, "NHI4-key-in-query"));
    assert!(files(&report, "NHI4-key-in-query").contains(&"client.js:1".to_owned()));
}

#[test]
fn the_environment_that_a_repository_tracks_is_shared_by_all_who_clone_it() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let env =
        expand("NODE_ENV=development\nSENDGRID_API_KEY={{gen:sendgrid-api-key:1}}\nDB_PASSWORD=Tr4ding-blue-Harbor\n");
    commit(at, ".env", &env);
    commit(at, "README.md", &expand("Run it:\n\n    export SENDGRID_API_KEY={{gen:sendgrid-api-key:2}}\n"));
    commit(at, ".env.production", &expand("SENDGRID_API_KEY={{gen:sendgrid-api-key:3}}\n"));
    commit(at, ".env.example", &expand("SENDGRID_API_KEY={{gen:sendgrid-api-key:4}}\n"));
    // A copy that is a deployment's.
    commit(at, "deploy/.env", &env);
    world.put("api/.env", expand("SENDGRID_API_KEY={{gen:sendgrid-api-key:5}}\n"));
    let report = world.json(&[]);
    let mut told = files(&report, "NHI10-shared-dev-env");
    told.sort();
    assert_eq!(told, [".env:2", "README.md:3"]);
    // A report that is read again tells the same.
    let saved = world.json(&["--no-history"]);
    world.put("report.json", saved.to_string());
    let again = world.run(&["report", "report.json", "-f", "json"]).json();
    assert_eq!(findings(&again, "NHI10-shared-dev-env"), findings(&saved, "NHI10-shared-dev-env"));
}

#[test]
fn without_version_control_an_environment_is_somebodys_own() {
    let world = World::with(".env", expand("SENDGRID_API_KEY={{gen:sendgrid-api-key:1}}\n"));
    let report = world.json(&[]);
    assert!(findings(&report, "NHI10-shared-dev-env").is_empty());
    only(&report, "sendgrid-api-key");
}
