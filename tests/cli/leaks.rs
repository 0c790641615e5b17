//! Secrets and control characters that once got through: configuration errors, reasons, references.

use crate::fixture::value;
use crate::redaction::{Forbidden, hidden, random};
use crate::world::{World, list, only};

// --- secrets that are shown ---------------------------------------------------------------------------------------

#[test]
fn the_reason_of_an_inline_ignore_shows_nothing_of_the_line() {
    let (a, b) = (random(1, 32), random(2, 32));
    // Minified code goes on behind the comment.
    hidden("min.js", &format!("a={{password:'{a}'}}/*gitleaks:allow*/;b={{password:'{b}'}}\n"), &[&a, &b]);
    hidden("app.env", &format!("TOKEN={a} # gitleaks:allow the old one was {b}\n"), &[&a, &b]);
}

#[test]
fn a_token_in_the_place_of_the_user_of_a_url_with_a_password_is_hidden() {
    let pat = value("github-pat-classic", 4);
    hidden("a.sh", &format!("git clone https://{pat}:x-oauth-basic@github.com/acme/x.git\n"), &[&pat]);
    let own = random(5, 40);
    hidden("a.sh", &format!("git clone https://{own}:x-oauth-basic@git.acme.internal/acme/x.git\n"), &[&own]);
}

#[test]
fn the_target_of_a_reference_shows_no_literal_part_of_it() {
    let secret = random(6, 24);
    for path in ["app.yaml", "app.env", "app.conf"] {
        hidden(path, &format!("db_password: \"{{{{ lookup('env', 'DB_PASSWORD') or '{secret}' }}}}\"\n"), &[&secret]);
        hidden(path, &format!("db_password = \"${{var.prefix}}{secret}\"\n"), &[&secret]);
    }
}

/// Everything a command says about a broken configuration.
fn said(text: &str, args: &[&str]) -> Vec<u8> {
    let world = World::with("app.env", "x = 1\n");
    world.put("k.yml", text);
    let run = world.run(args).ends(2);
    [run.raw, run.err.into_bytes()].concat()
}

#[test]
fn an_error_in_the_configuration_quotes_no_value() {
    let secret = random(7, 32);
    let mut forbidden = Forbidden::default();
    forbidden.add("value", secret.as_bytes());
    for text in [
        format!("allow:\n  - {secret}\n"),
        format!("{secret}\n"),
        format!("API_TOKEN={secret}\n"),
        format!("allow:\n  - regex: '{secret}('\n    reason: x\n"),
        format!("allow:\n  - path: 'a[{secret}'\n    reason: x\n"),
        format!("allow:\n  - value: a\n    reason: x\n    expires: {secret}\n"),
        format!("{secret}: 1\n"),
        format!("confidence: {secret}\n"),
        format!("allow: {secret}\n"),
        format!("max-file-size: {secret}\n"),
        format!("allow:\n  - rule: {secret}\n    reason: x\n"),
    ] {
        for args in [&["scan", ".", "-c", "k.yml"][..], &["config", "check", "k.yml"]] {
            forbidden.assert_unseen(&text, &said(&text, args));
        }
    }
}

#[test]
fn a_file_that_is_no_report_is_refused_without_quoting_it() {
    let secret = random(7, 32);
    let mut forbidden = Forbidden::default();
    forbidden.add("value", secret.as_bytes());
    for text in [
        format!("\"{secret}\""),
        format!("{{\"schema\": \"{secret}\"}}"),
        format!("{{\"schema\": \"keyroll.report/1\", \"tool\": \"{secret}\"}}"),
    ] {
        forbidden.assert_unseen(&text, &said(&text, &["report", "k.yml"]));
    }
}

#[test]
fn config_show_does_not_print_the_fingerprint_key() {
    let key = random(8, 40);
    let world = World::with(".keyroll.yml", format!("fingerprint-key: {key}\n"));
    world.init("");
    let run = world.run(&["config", "show"]).ends(0);
    assert!(!run.out.contains(&key[4..]), "{}", run.out);
}

// --- text that acts on a terminal ---------------------------------------------------------------------------------

#[test]
fn errors_about_a_hostile_configuration_or_report_are_inert() {
    for (text, args) in [
        ("\"\\e[31mred\\e]0;title\\a\": 1\n", &["scan", ".", "-c", "k.yml"][..]),
        ("{\"schema\": \"\\u001b[31mred\\u001b]0;title\\u0007\"}\n", &["report", "k.yml"]),
        ("rules: {disable: [\"\\e[31mred\"]}\n", &["scan", ".", "-c", "k.yml"]),
        ("allow:\n  - {path: x, reason: y, expires: \"\\e[31mred\"}\n", &["config", "check", "k.yml"]),
        ("allow:\n  - {path: x, reason: \"\\e[31mred\", expires: 2020-01-01}\n", &["config", "check", "k.yml"]),
    ] {
        let world = World::with("app.env", "x = 1\n");
        world.put("k.yml", text);
        let run = world.run(args);
        assert!(!run.out.contains('\x1b') && !run.err.contains('\x1b'), "{text:?}: {:?} {:?}", run.out, run.err);
    }
}

// --- places -------------------------------------------------------------------------------------------------------

#[test]
fn the_same_file_below_two_paths_is_one_finding_with_two_places() {
    let text = format!("GH_TOKEN={}\n", value("github-pat-classic", 7));
    let world = World::with("a/app.env", &text);
    world.put("b/lib.env", &text);
    let report = world.run(&["scan", "a", "b", "-f", "json"]).ends(1).json();
    let found = only(&report, "github-pat-classic");
    let paths: Vec<&str> = list(found, "locations").iter().map(|l| l["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["a/app.env", "b/lib.env"]);
    assert_eq!(report["coverage"]["blobs"], 1, "one blob, whatever path it was met at");
}
