//! Why a value was or was not reported, for `keyroll explain`.

use std::path::Path;

use super::client;
use super::locate::Locator;
use super::sight::{fingerprints, prove};
use super::text_kind::{path_globs, readable};
use super::{ScanError, roots};
use crate::config::Settings;
use crate::detect::{Engine, Scratch};
use crate::model::{Candidate, RepoPath, Span};
use crate::rules::Rule;
use crate::source;

/// What `keyroll explain` says of one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explained {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
    /// Rule.
    pub rule: String,
    /// Verdict in words.
    pub verdict: String,
}

/// Why each possible value of a file was or was not reported.
///
/// # Errors
/// When the file is not there.
pub fn explain(engine: &Engine, settings: &Settings, path: &Path, bytes: &[u8]) -> Result<Vec<Explained>, ScanError> {
    let points = roots::resolve_paths(&[path.to_owned()])?;
    let key = roots::RunKey::new(settings.key.clone(), &points);
    let name = &RepoPath::new(points.first().map(|p| p.name.clone()).unwrap_or_default());
    let Some((text, _)) = readable(bytes) else { return Ok(Vec::new()) };
    let class = source::classify(name);
    let applies = |rule: &Rule| path_globs(rule).is_match(name.display());
    let mut found = engine.scan(&mut Scratch::default(), &text.bytes, &class, &applies, true);
    client::add(engine, (name, &class), &text.bytes, client::Extent::Whole, &mut found);
    let locator = Locator::new(name, None, &text.bytes);
    let id = |index| engine.rule(index).map(|r| r.id.to_string()).unwrap_or_default();
    let at = |span: Span| {
        let l = locator.span(span);
        (l.line, l.column)
    };
    let mut all = Vec::new();
    if settings.excludes.is_match(name.display()) {
        let verdict = "excluded by the configuration: a scan does not read this file".to_owned();
        all.push(Explained { line: 1, column: 1, rule: "exclude".to_owned(), verdict });
    }
    for (index, span, why) in found.dropped {
        let (line, column) = at(span);
        all.push(Explained {
            line,
            column,
            rule: id(index),
            verdict: format!("not reported: taken for {}", why.as_str()),
        });
    }
    for reference in found.references {
        let (line, column) = at(reference.span);
        let verdict = format!("counted as a reference: `{}` is kept elsewhere", reference.name);
        all.push(Explained { line, column, rule: "reference".to_owned(), verdict });
    }
    for mut candidate in found.candidates {
        let Some(rule) = engine.rule(candidate.rule) else { continue };
        prove(&mut candidate, rule, &text.bytes, settings.as_of);
        let (line, column) = at(candidate.span);
        if candidate.suppressed.is_none() && !settings.allow.is_empty() {
            let (fingerprint, _) = fingerprints(&candidate, rule, key.get(), &name.display());
            candidate.suppressed = settings.allow.find(name, &rule.id, &candidate.secret, fingerprint.as_deref());
        }
        all.push(Explained { line, column, rule: rule.id.to_string(), verdict: verdict(&candidate, settings) });
    }
    all.sort();
    all.dedup();
    Ok(all)
}

fn verdict(candidate: &Candidate, settings: &Settings) -> String {
    let preview = candidate.secret.preview();
    let why = candidate.evidence.join("; ");
    let tail = if why.is_empty() { String::new() } else { format!(" ({why})") };
    if candidate.proof.public {
        return format!("inventory only: public by design{tail}");
    }
    if candidate.proof.encrypted {
        return format!("inventory only: encrypted material{tail}");
    }
    if let Some(suppression) = &candidate.suppressed {
        return format!("suppressed by `{}`: {}", suppression.by, suppression.reason);
    }
    let confidence = candidate.confidence.as_str();
    if candidate.confidence < settings.confidence {
        return format!("not reported: confidence {confidence} is below {}{tail}", settings.confidence.as_str());
    }
    format!("reported with confidence {confidence}: {preview}{tail}")
}
