//! Reads `rules/**` and writes one constant table of rules, so that a run starts without parsing anything.
//!
//! A rule that cannot be used stops the build with its file and reason: bad YAML, an unknown word, an unbounded
//! pattern, a match that could hold none of its keywords. The deeper lints (examples, overlaps) are `keyroll rules check`.

// A build script reports an error by panicking: Cargo shows the message and stops the build.
#![allow(clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[allow(dead_code, missing_docs)]
#[path = "src/rules/context.rs"]
mod context;
#[allow(dead_code, missing_docs, unused_imports)]
#[path = "src/rules/reach.rs"]
mod reach;
#[allow(dead_code, missing_docs)]
#[path = "src/rules/schema.rs"]
mod schema;

fn main() {
    println!("cargo:rustc-cfg=in_library");
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=src/rules/schema.rs");
    println!("cargo:rerun-if-changed=src/rules/context.rs");
    println!("cargo:rerun-if-changed=src/rules/reach.rs");
    println!("cargo:rerun-if-changed=src/rules/reach/around.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("rules.rs");
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("rules"))
        .expect("rules/ is part of the package")
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "yml"))
        .collect();
    files.sort();
    let mut table = String::from("pub static RULES: &[Rule] = &[\n");
    for path in &files {
        println!("cargo:rerun-if-changed={}", path.display());
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if path.ends_with("contextual.yml") {
            let file: schema::ContextFile =
                serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            for line in &file.contextual {
                context::rule_of(line)
                    .and_then(|(file, rule)| write_rule(&mut table, &file, &rule))
                    .unwrap_or_else(|e| panic!("{}: `{}`: {e}", path.display(), line.id));
            }
            continue;
        }
        let file: schema::RuleFile = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for rule in &file.rules {
            write_rule(&mut table, &file, rule)
                .unwrap_or_else(|e| panic!("{}: rule `{}`: {e}", path.display(), rule.id));
        }
    }
    table.push_str("];\n");
    write_if_changed(&out, &table);
}

fn write_rule(out: &mut String, file: &schema::RuleFile, rule: &schema::RuleDef) -> Result<(), String> {
    let severity = variant(&rule.severity, &["info", "low", "medium", "high", "critical"])?;
    let confidence = variant(&rule.confidence, &["low", "medium", "high", "confirmed"])?;
    let severity_alone = rule
        .severity_alone
        .as_deref()
        .map_or(Ok(severity.clone()), |s| variant(s, &["info", "low", "medium", "high", "critical"]))?;
    let confidence_alone = rule
        .confidence_alone
        .as_deref()
        .map_or(Ok(confidence.clone()), |s| variant(s, &["low", "medium", "high", "confirmed"]))?;
    let kinds = [
        "cloud-user",
        "role",
        "service-account",
        "application",
        "ci-job",
        "workload",
        "bot",
        "agent",
        "database-user",
        "user-token",
        "machine",
        "other",
    ];
    let matcher = match (&rule.pattern, rule.matcher.as_deref()) {
        (Some(pattern), None) => {
            let (reach, around) = reach::measure(pattern, &rule.keywords, rule.case_sensitive)?;
            format!(
                "Matcher::Pattern {{ pattern: Borrowed({:?}), reach: Reach {{ before: {}, longest: {}, must: {}, run: {}, alphabet: {}, whole: {} }}, around: Borrowed(&{around:?}) }}",
                pattern.trim(),
                reach.before,
                reach.longest,
                reach.must,
                reach.run,
                reach.alphabet,
                reach.whole,
            )
        }
        (None, Some(name @ ("jwt" | "private-key-block" | "google-service-account" | "generic" | "client-file"))) => {
            format!("Matcher::{}", camel(name))
        }
        (None, Some("contextual")) => {
            let context = rule.context.as_ref().ok_or("wants words and shapes")?;
            let words: Vec<String> = context.words.iter().map(|w| format!("Borrowed({w:?})")).collect();
            let mut shapes = Vec::new();
            for value in &context.values {
                let context::Shape { alphabet, from, to } = context::shape(value)?;
                shapes.push(format!("Shape {{ alphabet: {alphabet}, from: {from}, to: {to} }}"));
            }
            format!(
                "Matcher::Contextual(Context {{ words: Borrowed(&[{}]), common: {}, values: Borrowed(&[{}]) }})",
                words.join(", "),
                context.common,
                shapes.join(", ")
            )
        }
        _ => return Err("exactly one of `pattern` and a known `matcher` is needed".to_owned()),
    };
    let pair = rule.pair.as_ref().map_or("None".to_owned(), |p| {
        format!(
            "Some(Pair {{ rule: Borrowed({:?}), part: Borrowed({:?}), within: {} }})",
            p.rule,
            p.part.as_deref().unwrap_or_default(),
            p.within
        )
    });
    let text = |t: &str| format!("Borrowed({:?})", t.trim());
    let list = |l: &[String]| {
        format!("Borrowed(&[{}])", l.iter().map(|t| format!("Borrowed({t:?})")).collect::<Vec<_>>().join(", "))
    };
    let human = variant(&rule.identity.human, &["no", "maybe", "yes"])?;
    let fields = [
        ("id", text(&rule.id)),
        ("provider", text(&file.provider)),
        ("provider_name", text(&file.name)),
        ("name", text(&rule.name)),
        ("description", text(&rule.description)),
        ("remediation", text(&rule.remediation)),
        ("identity_kind", format!("IdentityKind::{}", variant(&rule.identity.kind, &kinds)?)),
        ("human", format!("Human::{human}")),
        ("severity", format!("Severity::{severity}")),
        ("confidence", format!("Confidence::{confidence}")),
        ("keywords", list(&rule.keywords)),
        ("case_sensitive", rule.case_sensitive.to_string()),
        ("matcher", matcher),
        ("min_entropy", ((rule.min_entropy * 1000.0).clamp(0.0, 8000.0) as u32).to_string()),
        ("needs_digit", rule.needs_digit.to_string()),
        ("random", rule.random.to_string()),
        ("pair", pair),
        ("severity_alone", format!("Severity::{severity_alone}")),
        ("confidence_alone", format!("Confidence::{confidence_alone}")),
        ("report", rule.report.to_string()),
        ("identifier", rule.identifier.to_string()),
        ("public", rule.public.to_string()),
        ("public_near", list(&rule.public_near)),
        ("encrypted", rule.encrypted.to_string()),
        ("validate", text(rule.validate.as_deref().unwrap_or_default())),
        ("paths", list(&rule.paths)),
        ("since", text(rule.since.as_deref().unwrap_or("0.1"))),
        ("references", list(&rule.references)),
        ("examples", list(&rule.examples)),
        ("counterexamples", list(&rule.counterexamples)),
    ];
    out.push_str("Rule {");
    for (name, value) in fields {
        write!(out, "{name}: {value}, ").map_err(|e| e.to_string())?;
    }
    out.push_str("},\n");
    Ok(())
}

/// The Rust name of a word, when it is one of the known ones.
fn variant(word: &str, known: &[&str]) -> Result<String, String> {
    if known.contains(&word) { Ok(camel(word)) } else { Err(format!("`{word}` is none of {known:?}")) }
}

fn camel(word: &str) -> String {
    word.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        })
        .collect()
}

/// Leaves the file's time alone when nothing changed, so that nothing is compiled again.
fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
