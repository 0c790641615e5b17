//! The checks of agents and tool servers: what fires and what does not.

use super::*;
use crate::model::{SettingFact, setting};

fn server(name: &str, file: &str, edit: impl FnOnce(&mut IdentityFact)) -> (IdentityKey, LocatedFact) {
    let key = IdentityKey::new("mcp", "agent", &format!("acme/app/{file}#{name}"));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Agent, "mcp", &format!("{file} / {name}"));
    fact.human = Human::No;
    fact.attributes.insert("server".to_owned(), name.to_owned());
    fact.attributes.insert("host".to_owned(), "claude-code".to_owned());
    edit(&mut fact);
    (key, there(file, 1, Fact::Identity(At::default(), fact)))
}

fn there(file: &str, line: u64, fact: Fact) -> LocatedFact {
    LocatedFact { fact, location: at(file, line), format: "mcp-servers", sample: false }
}

fn usage(who: &IdentityKey, mode: AuthMode, credential: Option<&str>, mechanism: &str) -> UsageFact {
    UsageFact {
        identity: Some(who.clone()),
        mode,
        provider: String::new(),
        credential: credential.map(str::to_owned),
        target: None,
        mechanism: mechanism.to_owned(),
        federation_available: false,
        attributes: BTreeMap::new(),
    }
}

fn party(who: &IdentityKey, component: &str, version: &str, pinned: bool, credentials: &[&str]) -> Fact {
    let fact = ThirdPartyFact {
        identity: who.clone(),
        component: component.to_owned(),
        version: version.to_owned(),
        pinned,
        first_party: component.starts_with("@acme/"),
        credentials: credentials.iter().map(|c| (*c).to_owned()).collect(),
    };
    Fact::ThirdParty(At::default(), fact)
}

fn set(who: &IdentityKey, name: &'static str, value: &str) -> Fact {
    let mut fact = SettingFact::new(name, "server", value);
    fact.identity = Some(who.clone());
    Fact::Setting(At::default(), fact)
}

fn found(facts: Vec<LocatedFact>, seen: Vec<Sighting>) -> Vec<(String, String, Severity)> {
    let mut inventory = inventory::build(seen, facts, Vec::new());
    inventory.formats_read.insert("mcp-servers".to_owned(), 1);
    let found = assess(&mut inventory, &context()).findings;
    found.into_iter().map(|f| (f.id, f.title, f.base_severity)).collect()
}

fn ids(found: &[(String, String, Severity)]) -> Vec<&str> {
    found.iter().map(|(id, ..)| id.as_str()).collect()
}

#[test]
fn a_literal_fires_unless_a_detector_has_it_or_it_stands_for_a_value() {
    let (key, identity) = server("a", ".mcp.json", |_| {});
    let literal = there(".mcp.json", 5, Fact::Usage(At::default(), usage(&key, AuthMode::Static, None, "A_KEY")));
    let fired = found(vec![identity.clone(), literal.clone()], Vec::new());
    assert_eq!(ids(&fired), ["NHI2-mcp-env"]);
    assert!(fired[0].1.contains("A_KEY"));
    // The detector's own finding is enough.
    let seen = found(vec![identity.clone(), literal], vec![super::seen("generic-secret", "f1", ".mcp.json", 5)]);
    assert!(!ids(&seen).contains(&"NHI2-mcp-env"));
    let mut stand_in = usage(&key, AuthMode::Static, None, "A_KEY");
    stand_in.attributes.insert("placeholder".to_owned(), "true".to_owned());
    let reference = usage(&key, AuthMode::Referenced, Some("A_KEY"), "A_KEY");
    for usage in [stand_in, reference] {
        let usage = there(".mcp.json", 5, Fact::Usage(At::default(), usage));
        assert!(found(vec![identity.clone(), usage], Vec::new()).is_empty());
    }
}

#[test]
fn an_unpinned_package_fires_with_credentials_in_reach_alone() {
    let (key, identity) = server("a", ".mcp.json", |_| {});
    let of = |component: &str, version: &str, pinned: bool, credentials: &[&str]| {
        found(
            vec![identity.clone(), there(".mcp.json", 2, party(&key, component, version, pinned, credentials))],
            Vec::new(),
        )
    };
    assert_eq!(ids(&of("@vendor/a", "", false, &["T"])), ["NHI3-mcp-unpinned"]);
    assert_eq!(ids(&of("@vendor/a", "latest", false, &["T"])), ["NHI3-mcp-unpinned"]);
    assert_eq!(ids(&of("ghcr.io/vendor/a", "latest", false, &["T"])), ["NHI3-mcp-unpinned"]);
    for (component, version, pinned, credentials) in [
        ("@vendor/a", "", false, &[][..]),
        ("@vendor/a", "1.2.3", true, &["T"]),
        ("@acme/a", "", false, &["T"]),
        ("https://mcp.vendor.com", "", false, &["T"]),
        ("ghcr.io/vendor/a", "1.2.3", false, &["T"]),
    ] {
        assert!(of(component, version, pinned, credentials).is_empty(), "{component}@{version}");
    }
    let (key, off) = server("off", ".mcp.json", |f| {
        f.attributes.insert("disabled".to_owned(), "true".to_owned());
    });
    assert!(found(vec![off, there(".mcp.json", 2, party(&key, "x", "", false, &["T"]))], Vec::new()).is_empty());
}

#[test]
fn a_stored_token_for_a_remote_server_fires_by_value_and_where_oauth_is_offered() {
    let of = |host: &str, mode: AuthMode, mechanism: &str| {
        let (key, identity) = server("a", ".mcp.json", |_| {});
        let credential = (mode == AuthMode::Referenced).then_some("T");
        let used = there(".mcp.json", 3, Fact::Usage(At::default(), usage(&key, mode, credential, mechanism)));
        let remote = there(".mcp.json", 2, party(&key, &format!("https://{host}"), "", false, &["T"]));
        let found = found(vec![identity, used, remote], Vec::new());
        found.into_iter().find(|(id, ..)| id == "NHI3-remote-mcp-bearer").map(|(_, _, severity)| severity)
    };
    assert_eq!(of("mcp.vendor.com", AuthMode::Static, "header Authorization"), Some(Severity::Medium));
    assert_eq!(of("mcp.vendor.com", AuthMode::Static, "query apiKey"), Some(Severity::Medium));
    assert_eq!(of("mcp.linear.app", AuthMode::Referenced, "header Authorization"), Some(Severity::Low));
    assert_eq!(of("mcp.vendor.com", AuthMode::Referenced, "header Authorization"), None);
    assert_eq!(of("mcp.linear.app", AuthMode::Referenced, "T"), None);
}

#[test]
fn reach_and_production_fire_by_their_settings_and_never_for_what_is_off() {
    let (key, identity) = server("a", ".mcp.json", |_| {});
    let (off_key, off) = server("off", ".mcp.json", |f| {
        f.attributes.insert("disabled".to_owned(), "true".to_owned());
    });
    for (name, value, id, severity) in [
        (setting::AGENT_SCOPE, "files: the whole disk", "NHI5-mcp-scope", Severity::High),
        (setting::AGENT_SCOPE, "files: the whole disk, for reading, mounted", "NHI5-mcp-scope", Severity::Medium),
        (setting::AGENT_PRODUCTION, "database at prod-db.acme.io", "NHI8-agent-production", Severity::Medium),
        (setting::AGENT_AUTO_APPROVE, "every tool, by trust", "NHI5-agent-auto-approve", Severity::Medium),
        (setting::AGENT_AUTO_APPROVE, "everything, by bypassPermissions", "NHI5-agent-auto-approve", Severity::High),
    ] {
        let fired = found(vec![identity.clone(), there(".mcp.json", 2, set(&key, name, value))], Vec::new());
        assert_eq!(fired.iter().map(|f| (f.0.as_str(), f.2)).collect::<Vec<_>>(), [(id, severity)], "{value}");
        assert!(found(vec![off.clone(), there(".mcp.json", 2, set(&off_key, name, value))], Vec::new()).is_empty());
    }
}

#[test]
fn one_credential_fires_in_two_servers_and_not_in_two_files_of_one() {
    let named = |name: &str, file: &str, credential: &str, line: u64| {
        let (key, identity) = server(name, file, |f| {
            f.attributes.insert("package".to_owned(), format!("{name}-mcp"));
        });
        let used = usage(&key, AuthMode::Referenced, Some(credential), credential);
        [identity, there(file, line, Fact::Usage(At::default(), used))]
    };
    let shared = [named("a", ".mcp.json", "T", 2), named("b", ".cursor/mcp.json", "T", 3)].concat();
    assert_eq!(ids(&found(shared, Vec::new())), ["NHI9-agent-key-shared"]);
    for apart in [
        [named("a", ".mcp.json", "T", 2), named("a", ".cursor/mcp.json", "T", 3)],
        [named("a", ".mcp.json", "T", 2), named("b", ".mcp.json", "U", 3)],
        [named("a", "x/.mcp.json", "T", 2), named("b", "y/.mcp.json", "T", 3)],
    ] {
        assert!(found(apart.concat(), Vec::new()).is_empty());
    }
    // By value, wherever the two stand.
    let literal = |name: &str, file: &str| {
        let (key, identity) = server(name, file, |_| {});
        [identity, there(file, 2, Fact::Usage(At::default(), usage(&key, AuthMode::Static, None, "K")))]
    };
    let facts = [literal("a", "x/.mcp.json"), literal("b", "y/.mcp.json")].concat();
    let seen = ["x/.mcp.json", "y/.mcp.json"].map(|file| seen("openai-api-key", "f1", file, 2));
    assert!(ids(&found(facts, seen.to_vec())).contains(&"NHI9-agent-key-shared"));
}

#[test]
fn a_personal_token_fires_by_its_name() {
    let (key, identity) = server("github", ".mcp.json", |_| {});
    let mut used = usage(&key, AuthMode::Referenced, Some("GITHUB_PERSONAL_ACCESS_TOKEN"), "X");
    let plain = there(".mcp.json", 2, Fact::Usage(At::default(), used.clone()));
    assert!(found(vec![identity.clone(), plain], Vec::new()).is_empty());
    used.attributes.insert("personal".to_owned(), "GITHUB_PERSONAL_ACCESS_TOKEN".to_owned());
    let personal = there(".mcp.json", 2, Fact::Usage(At::default(), used));
    assert_eq!(ids(&found(vec![identity, personal], Vec::new())), ["NHI10-adj-agent-human-token"]);
}
