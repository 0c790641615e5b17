//! `keyroll config show`.

use super::{environment, shown};
use crate::config::{Config, policy};
use crate::model::{Confidence, Severity};

/// What a configuration amounts to and where each value came from, without what it must keep to itself: the fingerprint key
/// and accepted values.
pub(super) fn effective(config: &Config) -> anyhow::Result<String> {
    let file = &config.file;
    let here = config.path.as_deref().map_or_else(String::new, shown);
    let mut lines = Vec::new();
    let mut say = |key: &str, value: String, given: bool| {
        lines.push(format!("{key}: {value}  # {}", if given { here.as_str() } else { "default" }));
    };
    say("confidence", file.confidence.unwrap_or(Confidence::Medium).as_str().to_owned(), file.confidence.is_some());
    say("severity", file.severity.unwrap_or(Severity::Low).as_str().to_owned(), file.severity.is_some());
    let fail_on = policy::fail_on(config, None)?;
    say("fail-on", fail_on.severity().as_str().to_owned(), file.fail_on.is_some());
    for (risk, from) in fail_on.exceptions() {
        let name = risk.id().split(':').next().unwrap_or_default();
        say(&format!("fail-on-risk.{name}"), from.map_or("never", Severity::as_str).to_owned(), true);
    }
    say("max-file-size", file.max_file_size.unwrap_or(64).to_string(), file.max_file_size.is_some());
    say("archives", file.archives.unwrap_or(true).to_string(), file.archives.is_some());
    let (limits, section) = (policy::limits(&file.policy), &file.policy);
    for (key, days, given) in [
        ("max-key-age", limits.key_age, section.max_key_age),
        ("max-key-unused", limits.key_unused, section.max_key_unused),
        ("max-identity-unused", limits.identity_unused, section.max_identity_unused),
        ("max-token-life", limits.token_life, section.max_token_life),
        ("max-secret-life", limits.secret_life, section.max_secret_life),
    ] {
        say(&format!("policy.{key}"), format!("{days} days"), given.is_some());
    }
    for (key, list) in [
        ("require-federation", &section.require_federation),
        ("own-accounts", &section.own_accounts),
        ("own-organisations", &section.own_organisations),
    ] {
        let value = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        say(&format!("policy.{key}"), value, !list.is_empty());
    }
    let key = match (environment("KEYROLL_KEY").is_some(), file.fingerprint_key.is_some()) {
        (true, _) => "fingerprint-key: set, not shown  # KEYROLL_KEY".to_owned(),
        (_, true) => format!("fingerprint-key: set, not shown  # {here}"),
        _ => "fingerprint-key: none  # default: made of the repository's first commit".to_owned(),
    };
    lines.push(key);
    let until = |expires: &Option<String>| expires.as_deref().map(|e| format!(" until {e}")).unwrap_or_default();
    for entry in &file.exclude {
        lines.push(format!("exclude {}{}: {}", entry.path, until(&entry.expires), entry.reason));
    }
    for entry in &file.allow {
        let what = [
            entry.rule.as_ref().map(|r| format!("rule {r}")),
            entry.path.as_ref().map(|p| format!("path {p}")),
            entry.regex.as_ref().map(|_| "values that match an expression, not shown".to_owned()),
            entry.value.as_ref().map(|_| "one value, not shown".to_owned()),
            entry.fingerprint.as_ref().map(|f| format!("fingerprint {f}")),
        ];
        let what: Vec<String> = what.into_iter().flatten().collect();
        lines.push(format!("allow {}{}: {}", what.join(", "), until(&entry.expires), entry.reason));
    }
    let what = |path: &Option<String>, account: &Option<String>, identity: &Option<String>| {
        let parts = [("path", path), ("account", account), ("identity", identity)];
        let parts = parts.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_ref()?)));
        parts.collect::<Vec<_>>().join(", ")
    };
    for entry in &section.allow_static {
        let narrow = what(&entry.path, &None, &entry.identity);
        let narrow = if narrow.is_empty() { narrow } else { format!(" ({narrow})") };
        let (provider, owner) = (&entry.provider, &entry.owner);
        lines.push(format!("allow static {provider}{narrow} until {}, owner {owner}: {}", entry.expires, entry.reason));
    }
    for entry in &file.exceptions {
        let narrow = what(&entry.path, &None, &entry.identity);
        let narrow = if narrow.is_empty() { narrow } else { format!(" ({narrow})") };
        let (check, owner) = (&entry.check, &entry.owner);
        lines.push(format!("except {check}{narrow} until {}, owner {owner}: {}", entry.expires, entry.reason));
    }
    for entry in &file.environments {
        let class = format!("{:?}", entry.environment).to_ascii_lowercase();
        lines.push(format!("environment {class}: {}", what(&entry.path, &entry.account, &entry.identity)));
    }
    for entry in &file.owners {
        lines.push(format!("owner {}: {}", entry.owner, what(&entry.path, &entry.account, &entry.identity)));
    }
    lines.extend(file.rules.disable.iter().map(|r| format!("rule {r} is off")));
    lines.extend(file.rules.dirs.iter().map(|d| format!("rules from {}", d.display())));
    lines.extend(file.rules_version.iter().map(|v| format!("rules as of version {v}")));
    lines.extend(file.baseline.iter().map(|b| format!("baseline: {}", b.display())));
    Ok(lines.iter().map(|l| crate::text::escape::terminal(l) + "\n").collect())
}
