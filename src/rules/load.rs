//! From YAML to rules.

use std::path::{Path, PathBuf};

use super::context::{Context, rule_of, shape};
use super::schema::{ContextDef, ContextFile, PairDef, RuleDef, RuleFile};
use super::{Matcher, Pair, Rule, Text, Texts, reach};
use crate::model::{Confidence, Human, Severity};

/// Largest compiled pattern, in bytes; the engine's limit.
const SIZE_LIMIT: usize = 8 << 20;

/// Why a rule file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file or folder could not be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A folder without a file of rules.
    #[error("{}: no file of rules (.yml or .yaml) is in this folder", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The text is not a rule file; the message names line and column.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// A rule says something that cannot be.
    #[error("{}: rule `{rule}`: {message}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// The rule's id.
        rule: String,
        /// What is wrong.
        message: String,
    },
}

/// Reads one rule file's text.
///
/// # Errors
/// With line and column, when the YAML or its shape is wrong.
pub fn parse_file(path: &Path, text: &str) -> Result<RuleFile, LoadError> {
    serde_yaml::from_str(text).map_err(|e| LoadError::Syntax {
        path: path.to_owned(),
        message: crate::text::escape::without_values(&e.to_string()),
    })
}

/// Loads every `*.yml` and `*.yaml` of a folder (or one file), sorted by name.
///
/// # Errors
/// The first file that cannot be read or used.
pub fn load_dir(dir: &Path) -> Result<Vec<Rule>, LoadError> {
    let io = |path: &Path, error| LoadError::Io { path: path.to_owned(), error };
    let mut files = Vec::new();
    if dir.is_dir() {
        for entry in std::fs::read_dir(dir).map_err(|e| io(dir, e))? {
            let path = entry.map_err(|e| io(dir, e))?.path();
            if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
                files.push(path);
            }
        }
    } else {
        files.push(dir.to_owned());
    }
    if files.is_empty() {
        return Err(LoadError::Empty { path: dir.to_owned() });
    }
    files.sort();
    let mut rules = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|e| io(&path, e))?;
        rules.extend(load_text(&path, &text)?);
    }
    Ok(rules)
}

/// The rules of one file's text.
///
/// # Errors
/// When it cannot be used.
pub fn load_text(path: &Path, text: &str) -> Result<Vec<Rule>, LoadError> {
    if text.lines().any(|line| line.starts_with("contextual:")) {
        return load_context(path, text);
    }
    let file = parse_file(path, text)?;
    let fail = |def: &RuleDef, message| LoadError::Rule { path: path.to_owned(), rule: def.id.clone(), message };
    file.rules.iter().map(|def| convert(&file, def).map_err(|message| fail(def, message))).collect()
}

/// The rules of lines of providers.
fn load_context(path: &Path, text: &str) -> Result<Vec<Rule>, LoadError> {
    let file: ContextFile = serde_yaml::from_str(text).map_err(|e| LoadError::Syntax {
        path: path.to_owned(),
        message: crate::text::escape::without_values(&e.to_string()),
    })?;
    let fail = |def: &ContextDef, message| LoadError::Rule { path: path.to_owned(), rule: def.id.clone(), message };
    let rule = |def: &ContextDef| rule_of(def).and_then(|(file, rule)| convert(&file, &rule));
    file.contextual.iter().map(|def| rule(def).map_err(|message| fail(def, message))).collect()
}

/// Makes a rule of its written form.
///
/// # Errors
/// What cannot be: an unknown word, a pattern that does not compile or whose match cannot be bounded.
pub fn convert(file: &RuleFile, def: &RuleDef) -> Result<Rule, String> {
    let severity = severity(&def.severity)?;
    let confidence = confidence(&def.confidence)?;
    Ok(Rule {
        id: own(&def.id),
        provider: own(&file.provider),
        provider_name: own(&file.name),
        name: own(&def.name),
        description: own(&def.description),
        remediation: own(&def.remediation),
        identity_kind: word(&def.identity.kind)?,
        human: word::<Human>(&def.identity.human)?,
        severity,
        confidence,
        keywords: texts(&def.keywords),
        case_sensitive: def.case_sensitive,
        matcher: matcher(def)?,
        min_entropy: (def.min_entropy * 1000.0).clamp(0.0, 8000.0) as u32,
        needs_digit: def.needs_digit,
        random: def.random,
        pair: def.pair.as_ref().map(pair),
        severity_alone: def.severity_alone.as_deref().map_or(Ok(severity), self::severity)?,
        confidence_alone: def.confidence_alone.as_deref().map_or(Ok(confidence), self::confidence)?,
        report: def.report,
        identifier: def.identifier,
        public: def.public,
        public_near: texts(&def.public_near),
        encrypted: def.encrypted,
        validate: own(def.validate.as_deref().unwrap_or_default()),
        paths: texts(&def.paths),
        since: own(def.since.as_deref().unwrap_or(super::FIRST)),
        references: texts(&def.references),
        examples: texts(&def.examples),
        counterexamples: texts(&def.counterexamples),
    })
}

fn matcher(def: &RuleDef) -> Result<Matcher, String> {
    // Shorter ones are not looked for, so the rule would never match and nobody would be told.
    let short = def.keywords.is_empty() || def.keywords.iter().any(|k| k.len() < 3);
    if short && !matches!(def.matcher.as_deref(), Some("generic" | "contextual" | "client-file")) {
        return Err("wants keywords of at least three bytes".to_owned());
    }
    match (&def.pattern, def.matcher.as_deref()) {
        (Some(pattern), None) => {
            let (reach, around) = reach::measure(pattern, &def.keywords, def.case_sensitive)?;
            compiles(pattern)?;
            Ok(Matcher::Pattern { pattern: own(pattern), reach, around: around.into() })
        }
        (None, Some("jwt")) => Ok(Matcher::Jwt),
        (None, Some("private-key-block")) => Ok(Matcher::PrivateKeyBlock),
        (None, Some("google-service-account")) => Ok(Matcher::GoogleServiceAccount),
        (None, Some("generic")) => Ok(Matcher::Generic),
        (None, Some("contextual")) if def.context.is_some() => {
            let Some(context) = &def.context else { return Err("wants words and shapes".to_owned()) };
            Ok(Matcher::Contextual(Context {
                words: texts(&context.words),
                common: context.common,
                values: context.values.iter().map(|v| shape(v)).collect::<Result<Vec<_>, _>>()?.into(),
            }))
        }
        (None, Some("client-file")) => Ok(Matcher::ClientFile),
        (None, Some(other)) => Err(format!("`{other}` is no matcher")),
        (Some(_), Some(_)) => Err("`pattern` and `matcher` exclude each other".to_owned()),
        (None, None) => Err("one of `pattern` and `matcher` is needed".to_owned()),
    }
}

/// Whether the engine will be able to use a pattern: it compiles when it is first needed, and one that is too large then
/// would never match.
fn compiles(pattern: &str) -> Result<(), String> {
    let built = regex::bytes::RegexBuilder::new(pattern).unicode(false).multi_line(true).size_limit(SIZE_LIMIT).build();
    built.map(drop).map_err(|e| e.to_string())
}

fn pair(def: &PairDef) -> Pair {
    Pair { rule: own(&def.rule), part: own(def.part.as_deref().unwrap_or_default()), within: def.within }
}

fn own(text: &str) -> Text {
    Text::Owned(text.trim().to_owned())
}

fn texts(list: &[String]) -> Texts {
    Texts::Owned(list.iter().map(|t| Text::Owned(t.clone())).collect())
}

fn severity(text: &str) -> Result<Severity, String> {
    word(text)
}

fn confidence(text: &str) -> Result<Confidence, String> {
    word(text)
}

/// Any of the model's word enums, by the names serde gives them.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|_| format!("`{text}` is no word known here"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn load(keywords: &str, pattern: &str) -> Result<Rule, String> {
        let text = format!(
            "provider: acme\nname: Acme\nrules:\n  - id: acme-key\n    name: n\n    description: d\n    remediation: r\n    \
             identity: {{kind: application}}\n    severity: high\n    confidence: high\n    keywords: {keywords}\n    \
             pattern: '{pattern}'\n    references: []\n    examples: []\n"
        );
        let file = parse_file(Path::new("acme.yml"), &text).map_err(|e| e.to_string())?;
        convert(&file, &file.rules[0])
    }

    #[test]
    fn a_rule_that_could_never_match_is_refused() {
        assert!(load("[acme_]", "acme_[0-9]{8}").is_ok());
        let letters: Vec<String> = ('a'..='z').chain('A'..='Z').map(|c| format!("{c}[0-9A-F_x]")).collect();
        let huge = format!("acme_(?:{}){{1,2000}}", letters.join("|"));
        for (keywords, pattern, why) in [
            ("[ac]", "ac[0-9]{8}", "three bytes"),
            ("[]", "acme_[0-9]{8}", "three bytes"),
            ("[acme_]", "(?i:acme)_[0-9]{8}", "none of the keywords"),
            ("[acme_]", &huge, "size limit"),
        ] {
            let error = load(keywords, pattern).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
