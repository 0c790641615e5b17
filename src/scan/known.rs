//! What a scan can tell of a baseline: an entry is gone when nothing matches it and nothing that could was left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::roots::{self, Input, StartingPoint};
use super::{ScanError, came_later, is_enabled};
use crate::assess;
use crate::config::baseline::{Baseline, Entry};
use crate::config::{Commits, Settings, Tree};
use crate::model::{Confidence, Finding, Inventory, Notice, NoticeKind, Report};
use crate::rules::Rule;

/// Limits that hide nothing which an entry could be about.
const HARMLESS: &[&str] =
    &["cache", "expired-exception", "own-report", "rules-version", "stale-baseline", "tree-config"];

/// Causes for which a file is missing from the inventory, while its values were looked for all the same.
const FACTS: &[&str] = &["malformed", "too-many-facts", "truncated-export"];

/// What nothing matches in a report, as far as the report can tell.
#[derive(Debug, Default)]
pub struct Gone {
    /// Entries that are gone.
    pub entries: Vec<Entry>,
    /// Entries that nothing matches, but whose rule or check did not run over everything: these may be there.
    pub unsure: Vec<Entry>,
}

/// What of a baseline is gone; what keeps the report from telling is said in words. Only a scan that did not go by the baseline
/// tells it of findings of checks: of a value that is known they do not speak.
///
/// # Errors
/// When rules or paths of the settings cannot be used.
pub fn gone(settings: &Settings, baseline: &Baseline, report: &Report) -> Result<Result<Gone, String>, ScanError> {
    let rules = super::load_rules(&settings.rule_dirs)?;
    let points = roots::resolve(settings)?;
    Ok(told(settings, baseline, (&rules, &points), &report.notices, (&report.inventory, &report.findings)))
}

/// The same while the report is made.
pub(super) fn told(
    settings: &Settings,
    baseline: &Baseline,
    (rules, points): (&[Rule], &[StartingPoint]),
    notices: &[Notice],
    (inventory, findings): (&Inventory, &[Finding]),
) -> Result<Gone, String> {
    if let Some(why) = narrowed(settings, points, baseline) {
        return Err(why.to_owned());
    }
    let hides = |n: &&Notice| match n.kind {
        NoticeKind::Gap => !FACTS.contains(&n.code.as_str()),
        NoticeKind::Limit => !HARMLESS.contains(&n.code.as_str()),
    };
    if let Some(notice) = notices.iter().find(hides) {
        let place = notice.path.as_deref().map(|p| format!("{p}: ")).unwrap_or_default();
        return Err(format!("{place}{} ({})", notice.message, notice.code));
    }
    // Checks go by dates, by what formats read, and by what is suppressed.
    let read = notices.iter().all(|n| n.kind != NoticeKind::Gap);
    let facts = read && settings.baseline.is_none() && settings.as_of_source != "flag";
    let ran: BTreeSet<&str> = rules.iter().filter(|r| !came_later(settings, r)).map(|r| r.id.as_ref()).collect();
    let lists = (settings.members.is_some(), settings.repositories.is_some());
    let informed = |check: &assess::Check| !check.lacks_list(lists.0, lists.1);
    let sure = |entry: &&Entry| {
        is_enabled(settings, &entry.id)
            && entry.confidence.unwrap_or(Confidence::Medium) >= settings.confidence
            && (ran.contains(entry.id.as_str()) || facts && assess::find(&entry.id).is_some_and(informed))
    };
    let unmatched = baseline.unmatched(&inventory.exposures, findings);
    let seen = |entry: &&Entry| sure(entry) && !(settings.gitignore && may_be_ignored(points, entry));
    let (entries, unsure): (Vec<&Entry>, Vec<&Entry>) = unmatched.into_iter().partition(seen);
    Ok(Gone { entries: entries.into_iter().cloned().collect(), unsure: unsure.into_iter().cloned().collect() })
}

/// Whether the file that an entry was made for is there and may be one that git ignores.
fn may_be_ignored(points: &[StartingPoint], entry: &Entry) -> bool {
    let is_there = |point: &StartingPoint| match (&point.input, &point.repository) {
        (Input::Directory(top), Some(repository)) => {
            top.join(&entry.path).exists() && !repository.is_tracked(entry.path.as_bytes())
        }
        _ => false,
    };
    !entry.path.is_empty() && points.iter().any(is_there)
}

/// Why a scan under these settings sees less than what the baseline may be about.
fn narrowed(settings: &Settings, points: &[StartingPoint], baseline: &Baseline) -> Option<&'static str> {
    if settings.stdin || settings.tree != Tree::Work || settings.commits != Commits::All {
        return Some("only a part of files and history was scanned");
    }
    if !settings.excludes.is_empty() {
        return Some("paths are excluded");
    }
    // Whoever keeps one baseline for several places would lose the entries of all others.
    let beside = baseline.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let holds = |top: &Path, path: &Path| path.canonicalize().is_ok_and(|path: PathBuf| path.starts_with(top));
    let whole = points.iter().any(|point| match &point.input {
        // A directory that is no repository has no top, so what was scanned before may have been more.
        Input::Directory(top) if point.repository.is_none() => holds(top, beside) && holds(top, Path::new(".")),
        Input::Directory(top) => point.inside.is_empty() && holds(top, beside),
        Input::File(_) | Input::Stdin => false,
    });
    (!whole).then_some("the baseline may hold more than the part that was scanned")
}
