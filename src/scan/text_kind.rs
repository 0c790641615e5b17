//! What a text is before anybody looks for anything in it: readable, a pointer, a report of keyroll's own, an input of a format.

use std::path::Path;

use crate::config::baseline::Baseline;
use crate::decode;
use crate::formats::{self, Format, Syntax};
use crate::model::{Family, PathClass, RepoPath};
use crate::rules::Rule;
use crate::text::glob::fixed;

/// The paths that a rule is bound to.
pub struct PathGlobs {
    globs: globset::GlobSet,
    /// Of each glob a part that a path of its must have: most paths have none, which is told faster.
    parts: Vec<String>,
}

impl PathGlobs {
    /// Those of a rule.
    pub fn of(rule: &Rule) -> Self {
        let mut set = globset::GlobSetBuilder::new();
        let mut parts = Vec::new();
        for path in rule.paths.iter() {
            if let Ok(glob) = globset::Glob::new(path) {
                parts.push(fixed(path).to_owned());
                set.add(glob);
            }
        }
        Self { globs: set.build().unwrap_or_else(|_| globset::GlobSet::empty()), parts }
    }

    /// Whether a path is one of them.
    pub fn has(&self, path: &str) -> bool {
        self.parts.iter().any(|part| path.contains(part.as_str())) && self.globs.is_match(path)
    }
}

/// What keyroll itself wrote.
pub enum Own {
    /// Nothing: a text like any other.
    No,
    /// A report: full of names, ids and fingerprints.
    Report,
    /// A baseline.
    Baseline(Baseline),
}

/// Whether keyroll wrote a text: a report by its beginning, a baseline only when every line of it is one's. Anybody can write a
/// first line, and what stands below it would be hidden.
pub fn own(text: &[u8]) -> Own {
    let head = text.get(..1500.min(text.len())).unwrap_or_default();
    let has = |part: &[u8]| memchr::memmem::find(head, part).is_some();
    if !head.starts_with(b"{") {
        return Own::No;
    }
    if has(b"\"schema\": \"keyroll.report/") || has(b"sarif") && has(b"\"name\": \"keyroll\"") {
        return Own::Report;
    }
    let text = std::str::from_utf8(text).ok().filter(|text| text.starts_with("{\"format\":\"keyroll-baseline/"));
    let baseline = text.and_then(|text| Baseline::parse(text, Path::new("")).ok());
    baseline.map_or(Own::No, Own::Baseline)
}

/// What Git LFS leaves in the place of a file (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
pub fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// What detectors can read of a blob, and whether the blob itself is binary; `None` when there is nothing.
pub fn readable(bytes: &[u8]) -> Option<(decode::Text<'_>, bool)> {
    let text = decode::text(bytes).map(|text| (text, false));
    text.or_else(|| decode::key_store(bytes).map(|text| (text, true)))
}

/// The format of a blob, if any claims it. Source code and prose hold one only if they are JSON.
pub fn claim(name: &RepoPath, class: &PathClass, text: &[u8]) -> Option<&'static Format> {
    let structured = formats::opens_json(text)
        || matches!(class.family, Family::Yaml | Family::Json | Family::Other | Family::Config | Family::Hcl)
        // Pipelines of Jenkins are code.
        || name.file_name().ends_with(b".groovy")
        || name.file_name().starts_with(b"Jenkinsfile")
        || name.file_name() == b"config.xml"
        || class.family == Family::Shell
        || name.file_name().ends_with(b".mk");
    if !structured || text.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let head = text.get(..formats::HEAD.min(text.len()))?;
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(e) => std::str::from_utf8(head.get(..e.valid_up_to())?).ok()?,
    };
    // Templates of YAML (`ci.yml.tt`) are not YAML; a file without extension or standard input may be.
    let named = name.file_name();
    // `.template` is what CloudFormation's are called, in either syntax.
    let yaml =
        matches!(class.family, Family::Yaml | Family::Json) || !named.contains(&b'.') || named.ends_with(b".template");
    formats::claimed(name, head, |format| format.syntax != Syntax::Yaml || yaml)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::classify;

    #[test]
    fn a_file_without_content_is_of_no_format_whatever_its_name() {
        let path = RepoPath::from("roles/web/tasks/main.yml");
        let format = |text: &str| claim(&path, &classify(&path), text.as_bytes()).map(|format| format.id);
        assert_eq!(format("- ping:\n"), Some("ansible"));
        assert_eq!(format(""), None);
        assert_eq!(format(" \n\n"), None);
    }
}
