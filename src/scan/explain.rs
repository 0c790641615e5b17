//! Why a value was or was not reported, for `keyroll explain`.

use std::io::Cursor;
use std::path::Path;

use super::client;
use super::embedded::{Asker, Deep};
use super::locate::Locator;
use super::roots::RunKey;
use super::sight::{fingerprints, prove};
use super::text_kind::{PathGlobs, readable};
use super::{ScanError, roots};
use crate::config::Settings;
use crate::decode;
use crate::detect::{Engine, Scratch};
use crate::model::{Candidate, RepoPath, Span};
use crate::rules::Rule;
use crate::source;
use crate::source::archive::{self, Inside, Sink, Trouble};

/// What `keyroll explain` says of one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explained {
    /// Which member of an archive it is, behind the archives inside it that hold it and `!`; empty for the file itself.
    pub inside: String,
    /// Line; 0 for what is said of the whole.
    pub line: u64,
    /// Column.
    pub column: u64,
    /// Rule.
    pub rule: String,
    /// Verdict in words.
    pub verdict: String,
}

/// Why each possible value of a file, or of a member of an archive, was or was not reported.
///
/// # Errors
/// When the file is not there or, an archive, cannot be read.
pub fn explain(engine: &Engine, settings: &Settings, path: &Path, bytes: &[u8]) -> Result<Vec<Explained>, ScanError> {
    let points = roots::resolve_paths(&[path.to_owned()])?;
    let key = roots::RunKey::new(settings.key.clone(), &points);
    let name = &RepoPath::new(points.first().map(|p| p.name.clone()).unwrap_or_default());
    let mut explainer = Explainer { engine, settings, key, name, all: Vec::new() };
    if settings.excludes.is_match(name.display()) {
        let verdict = "excluded by the configuration: a scan does not read this file".to_owned();
        let (inside, rule) = (String::new(), "exclude".to_owned());
        explainer.all.push(Explained { inside, line: 1, column: 1, rule, verdict });
    }
    if settings.archives && archive::kind(bytes).is_some() {
        archive::walk(&mut Cursor::new(bytes), bytes.len() as u64, name.as_bytes(), &mut explainer)
            .map_err(|error| ScanError::Path { path: name.display(), message: error.to_string() })?;
    } else {
        explainer.text("", bytes, name);
    }
    let mut all = explainer.all;
    all.sort();
    all.dedup();
    Ok(all)
}

/// Explains texts, one after the other.
struct Explainer<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    key: RunKey<'a>,
    /// What reports call the file.
    name: &'a RepoPath,
    all: Vec<Explained>,
}

impl Explainer<'_> {
    /// One text, called `name`, which is this member of an archive.
    fn text(&mut self, inside: &str, bytes: &[u8], name: &RepoPath) {
        let Some((text, binary)) = readable(bytes) else { return };
        let text = &*text.bytes;
        let class = source::classify(name);
        let applies = |rule: &Rule| PathGlobs::of(rule).has(&name.display());
        let scratch = &mut Scratch::default();
        let mut found = self.engine.scan(scratch, text, &class, &applies, true);
        let asker = Asker { engine: self.engine, class: &class, applies: &applies };
        let mut deep = if binary { Vec::new() } else { asker.deep(scratch, text, &mut found).0 };
        client::add(self.engine, (name, &class), text, client::Extent::Whole, &mut found);
        let locator = Locator::with_lines(name, None, text, found.lines.take());
        let mut told = Vec::new();
        let mut tell = |span: Span, rule: String, verdict: String| {
            let place = locator.span(span);
            let (line, column) = (place.line, place.column);
            told.push(Explained { inside: inside.to_owned(), line, column, rule, verdict });
        };
        let id = |index| self.engine.rule(index).map(|r| r.id.to_string()).unwrap_or_default();
        // What was decoded at a place says more than what the encoded form looked like.
        found.dropped.retain(|(_, span, _)| !deep.iter().any(|d| d.place.overlaps(*span)));
        for (index, span, why) in found.dropped {
            tell(span, id(index), format!("not reported: taken for {}", why.as_str()));
        }
        for reference in found.references {
            let verdict = format!("counted as a reference: `{}` is kept elsewhere", reference.name);
            tell(reference.span, "reference".to_owned(), verdict);
        }
        let here = found.candidates.into_iter().map(|candidate| (candidate.span, candidate, None));
        let decoded = deep.drain(..).map(|Deep { candidate, text, place, .. }| (place, candidate, Some(text)));
        for (place, mut candidate, decoded) in here.chain(decoded) {
            let Some(rule) = self.engine.rule(candidate.rule) else { continue };
            prove(&mut candidate, rule, decoded.as_deref().map_or(text, Vec::as_slice), self.settings.as_of);
            self.allow(&mut candidate, rule, name);
            tell(place, rule.id.to_string(), verdict(&candidate, self.settings));
        }
        self.all.append(&mut told);
    }

    /// Suppresses what the configuration allows.
    fn allow(&self, candidate: &mut Candidate, rule: &Rule, name: &RepoPath) {
        if candidate.suppressed.is_none() && !self.settings.allow.is_empty() {
            let (fingerprint, _) = fingerprints(candidate, rule, self.key.get(), &name.display());
            candidate.suppressed = self.settings.allow.find(name, &rule.id, &candidate.secret, fingerprint.as_deref());
        }
    }
}

/// What a member is called behind the archive that is explained.
fn inside_of(inside: Inside<'_>) -> String {
    let parts = [inside.archives, inside.path].into_iter().filter(|part| !part.is_empty());
    RepoPath::new(parts.collect::<Vec<_>>().join(&b'!')).display()
}

impl Sink for Explainer<'_> {
    fn wants(&mut self, head: &[u8]) -> bool {
        decode::charset(head).is_some() || archive::kind(head).is_some() || decode::may_be_key_store(head)
    }

    fn member(&mut self, inside: Inside<'_>, bytes: &[u8]) {
        let archives = Some(inside.archives).filter(|a| !a.is_empty());
        let container = [Some(self.name.as_bytes()), archives].into_iter().flatten().collect::<Vec<_>>().join(&b'!');
        let below = RepoPath::new([container.as_slice(), inside.path].join(&b'/'));
        if !self.settings.excludes.is_match(below.display()) {
            self.text(&inside_of(inside), bytes, &below);
        }
    }

    fn long(&mut self, _: Inside<'_>, _: &[u8], _: &mut dyn std::io::Read) -> bool {
        false
    }

    fn trouble(&mut self, inside: Inside<'_>, why: Trouble) {
        let verdict = format!("not read: {}", why.message());
        let rule = why.code().to_owned();
        self.all.push(Explained { inside: inside_of(inside), line: 0, column: 0, rule, verdict });
    }

    fn stopped(&self) -> bool {
        false
    }
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
