//! `keyroll rules …`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::args::RulesCommand;
use super::{Exit, print, settings};
use crate::rules::{Matcher, Rule, check};
use crate::scan;

/// Runs a command about rules.
pub fn run(command: RulesCommand) -> anyhow::Result<Exit> {
    match command {
        RulesCommand::List { rules } => print(&list(&scan::load_rules(&rules)?)?),
        RulesCommand::Explain { id, rules } => {
            let all = scan::load_rules(&rules)?;
            let rule = all.iter().find(|r| r.id == id).with_context(|| no_such(&all, &id))?;
            print(&describe(rule)?)
        }
        RulesCommand::Check { path } => check_rules(path.as_deref()),
        RulesCommand::New { id, provider, dir } => {
            let provider = provider.unwrap_or_else(|| id.split('-').next().unwrap_or(&id).to_owned());
            scaffold(&id, &provider, &dir)
        }
    }
}

fn no_such(all: &[Rule], id: &str) -> String {
    let near: Vec<&str> =
        all.iter().map(|r| r.id.as_ref()).filter(|r| r.contains(id) || id.contains(r)).take(5).collect();
    if crate::assess::find(id).is_some() {
        format!("`{id}` is a check: `keyroll checks explain {id}`")
    } else if near.is_empty() {
        format!("no rule `{id}`; `keyroll rules list` shows those that exist")
    } else {
        format!("no rule `{id}`; there are {}", near.join(", "))
    }
}

fn list(rules: &[Rule]) -> anyhow::Result<String> {
    let mut sorted: Vec<&Rule> = rules.iter().collect();
    sorted.sort_by(|a, b| (&a.provider, &a.id).cmp(&(&b.provider, &b.id)));
    let mut text = String::new();
    let mut provider = "";
    for rule in &sorted {
        if rule.provider != provider {
            provider = &rule.provider;
            writeln!(text, "{} ({provider})", rule.provider_name)?;
        }
        writeln!(
            text,
            "  {:<40} {:<8} {:<9} {}",
            rule.id,
            rule.severity.as_str(),
            rule.confidence.as_str(),
            rule.name
        )?;
    }
    let mut providers: Vec<&str> = sorted.iter().map(|r| r.provider.as_ref()).collect();
    providers.dedup();
    writeln!(text, "{} rules of {} providers", sorted.len(), providers.len())?;
    Ok(text)
}

fn describe(rule: &Rule) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "{}: {}\n", rule.id, rule.name)?;
    writeln!(text, "{}\n", rule.description)?;
    writeln!(text, "What to do: {}\n", rule.remediation)?;
    let human = format!("{:?}", rule.human).to_lowercase();
    writeln!(text, "provider     {} ({})", rule.provider_name, rule.provider)?;
    writeln!(text, "identity     {} (human: {human})", rule.identity_kind.as_str())?;
    writeln!(text, "severity     {}", rule.severity.as_str())?;
    writeln!(text, "confidence   {}", rule.confidence.as_str())?;
    if let Some(pair) = &rule.pair {
        let alone = (rule.severity_alone.as_str(), rule.confidence_alone.as_str());
        writeln!(text, "pair         {} within {} lines; alone {} / {}", pair.rule, pair.within, alone.0, alone.1)?;
    }
    if rule.public {
        writeln!(text, "public       by design: shown in the inventory, never a finding")?;
    }
    if rule.encrypted {
        writeln!(text, "encrypted    shown in the inventory, never a finding")?;
    }
    let matcher = match &rule.matcher {
        Matcher::Pattern { pattern, .. } => pattern.to_string(),
        Matcher::Contextual(context) => {
            let shape = |s: &crate::rules::context::Shape| {
                let name = crate::rules::context::ALPHABETS.get(usize::from(s.alphabet)).map_or("", |(name, _)| *name);
                if s.from == s.to { format!("{name}:{}", s.from) } else { format!("{name}:{}-{}", s.from, s.to) }
            };
            let shapes: Vec<String> = context.values.iter().map(shape).collect();
            let words = context.words.join(", ");
            let beside = if context.common { ", right beside a word for a credential" } else { "" };
            format!("{} near {words}{beside}", shapes.join(" or "))
        }
        other => format!("{other:?}, in code"),
    };
    writeln!(text, "matches      {matcher}")?;
    if !rule.keywords.is_empty() {
        writeln!(text, "keywords     {}", rule.keywords.join(" "))?;
    }
    if !rule.validate.is_empty() {
        let about = crate::scan::validator_about(&rule.validate).unwrap_or("");
        writeln!(text, "proof        {} {about}", rule.validate)?;
    }
    for (i, reference) in rule.references.iter().enumerate() {
        writeln!(text, "{}{reference}", if i == 0 { "references   " } else { "             " })?;
    }
    Ok(text)
}

fn check_rules(path: Option<&Path>) -> anyhow::Result<Exit> {
    let dirs: Vec<_> = path.map(Path::to_owned).into_iter().collect();
    let settings = settings::plain(&dirs)?;
    let engine = scan::engine(&settings)?;
    let checked: Vec<Rule> = match path {
        Some(path) => crate::rules::load_dir(path)?,
        None => engine.rules().to_vec(),
    };
    let find = |text: &str| scan::detect_ids(&engine, text);
    let complaints = check::check(&checked, engine.rules(), &scan::validator_ids(), &find);
    let mut text = String::new();
    for complaint in &complaints {
        writeln!(text, "{}: {}", complaint.rule, complaint.message)?;
    }
    writeln!(text, "{} rules checked, {} complaints", checked.len(), complaints.len())?;
    print(&text)?;
    Ok(if complaints.is_empty() { Exit::Clean } else { Exit::Findings(1) })
}

/// Appends a rule that passes the lints to its provider's file, or begins the file.
fn scaffold(id: &str, provider: &str, dir: &Path) -> anyhow::Result<Exit> {
    let kebab = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !kebab(id) || !kebab(provider) || id.len() > 48 {
        bail!("{id}: an id is kebab case and at most 48 characters, like acme-api-key");
    }
    let path = dir.join(format!("{provider}.yml"));
    // A keyword has at least three bytes.
    let prefix = format!("{:k<2}", provider.replace('-', ""));
    let rule = format!(
        "  - id: {id}
    name: {provider} API key
    description: >-
      Say what was found and what somebody who has it can do. Whole sentences.
    remediation: >-
      Say where to revoke it and what to use instead (federation, a short-lived credential). Whole sentences.
    # What it authenticates, and whether it carries a person's rights.
    identity: {{kind: application, human: maybe}}
    severity: high
    confidence: high
    # Every match must hold one of these; every repetition below must be bounded.
    keywords: [{prefix}_]
    pattern: '\\b(?<secret>{prefix}_[0-9a-z]{{32}})\\b'
    references:
      - https://example.com/docs/api-keys
    # Generators, never a live-looking value: {{base62:N}} {{hex:N}} {{lowernum:N}} {{b64url:N}} {{uuid}} …
    examples:
      - 'TOKEN={prefix}_{{lowernum:32}}'
      - '{{{{\"token\": \"{prefix}_{{lowernum:32}}\"}}}}'
    counterexamples:
      - '{prefix}_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
      - '{prefix}_{{lowernum:12}}'
"
    );
    let text = match std::fs::read_to_string(&path) {
        Ok(old) if old.contains(&format!("- id: {id}\n")) => bail!("{}: holds {id} already", path.display()),
        Ok(old) => format!("{}\n{rule}", old.trim_end()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| path.display().to_string());
        }
        Err(_) => format!(
            "# yaml-language-server: $schema=../docs/schema/rules.json\nprovider: {provider}\nname: {provider}\nrules:\n{rule}"
        ),
    };
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    print(&format!(
        "wrote {id} to {0}\nedit it, then run: keyroll rules check {0}\n",
        path.display().to_string().replace('\\', "/")
    ))
}
