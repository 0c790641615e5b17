//! `keyroll baseline …`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::args::{BaselineArgs, BaselineCommand, GateArgs};
use super::scan::watched;
use super::settings;
use super::{Exit, complain, print};
use crate::config::baseline::{Baseline, Verdict, entries_of};
use crate::config::{self, Allowlist, Commits, Settings, Tree};
use crate::model::{Confidence, Finding, FingerprintKey, Severity};
use crate::scan;
use crate::text::escape;
use crate::text::numbers::count;

/// Runs the command.
pub fn run(command: BaselineCommand) -> anyhow::Result<Exit> {
    match command {
        BaselineCommand::Create(args) => create(&args),
        BaselineCommand::Prune(args) => prune(&args),
    }
}

/// Where the baseline lies: as said, as configured, or beside the configuration.
pub(super) fn path(gate: &GateArgs) -> anyhow::Result<PathBuf> {
    if let Some(path) = &gate.baseline {
        return Ok(path.clone());
    }
    Ok(settings::configured_baseline(gate)?.unwrap_or_else(|| PathBuf::from(config::BASELINE)))
}

/// The baseline that is there, or a new one: under the key that was given by name, else under one of its own.
pub(super) fn open(gate: &GateArgs, path: &Path) -> anyhow::Result<Baseline> {
    if path.exists() {
        return Ok(Baseline::load(path)?);
    }
    if let Some(key) = settings::explicit_key(gate)? {
        return Ok(Baseline::new(path, &key.id(), None));
    }
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no random numbers for a key: {e}"))?;
    let key: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let id = FingerprintKey::new(key.as_bytes(), "baseline", true).id();
    Ok(Baseline::new(path, &id, Some(key)))
}

/// Settings of a scan of everything, its findings told apart by this baseline.
pub(super) fn settings(args: &BaselineArgs, baseline: &Baseline) -> anyhow::Result<Settings> {
    let mut settings = settings::from_gate_under(&args.gate, baseline)?;
    settings.paths = vec![args.path.clone()];
    settings.members = settings::members(&args.lists)?;
    settings.repositories = settings::repositories(&args.lists)?;
    settings.tree = Tree::Work;
    settings.commits = Commits::All;
    Ok(settings)
}

/// Writes it so that an interruption leaves the old one or the new one.
pub(super) fn save(baseline: &Baseline) -> anyhow::Result<()> {
    let name = || settings::shown(&baseline.path);
    let mut beside = baseline.path.clone().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, baseline.text()).with_context(name)?;
    std::fs::rename(&beside, &baseline.path).with_context(name)
}

fn create(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let path = path(&args.gate)?;
    let there = path.exists();
    if there && !args.force {
        bail!(
            "{} is there already: --force adds what is new, `keyroll baseline prune` takes out what is gone",
            settings::shown(&path)
        );
    }
    let mut baseline = open(&args.gate, &path)?;
    let mut settings = settings(args, &baseline)?;
    if args.no_history {
        settings.commits = Commits::None;
    }
    let report = watched(&settings, false)?;
    let mut weak: Vec<&Finding> = Vec::new();
    let before = baseline.len();
    let open: Vec<&Finding> = report.findings.iter().filter(|f| f.suppressed.is_none()).collect();
    for finding in &open {
        let entries = entries_of(finding, &report.inventory.exposures, Verdict::Known, "");
        if entries.is_empty() {
            weak.push(finding);
        }
        entries.into_iter().for_each(|entry| baseline.put(entry));
    }
    save(&baseline)?;
    let mut text = format!(
        "wrote {}: {}, {} of them new\n",
        settings::shown(&path),
        count(baseline.len() as u64, "entry", "entries"),
        baseline.len() - before
    );
    if !baseline.is_empty() {
        text.push_str("These values are still exposed: rotate them. `keyroll triage` goes through them one by one.\n");
    }
    if args.gate.baseline.is_none() && settings::configured_baseline(&args.gate)?.is_none() {
        text.push_str(&format!(
            "Name it in .keyroll.yml, so that every run reads it:\n\nbaseline: {}\n\n",
            settings::shown(&path)
        ));
    }
    text.push_str(&weak_ones(&weak));
    print(&text)?;
    if report.incomplete {
        complain("not everything could be read; `keyroll scan` says what");
        return Ok(Exit::Incomplete);
    }
    Ok(Exit::Clean)
}

/// Findings of values that can be guessed, which no entry may tell or hide.
fn weak_ones(weak: &[&Finding]) -> String {
    if weak.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "Left out: {}, too weak for a fingerprint under a key that others can know. Change them, accept them by a comment, \
         or give a key that is kept outside the repository (--key-file, KEYROLL_KEY):\n",
        count(weak.len() as u64, "value", "values")
    );
    for finding in weak.iter().take(20) {
        let at = finding.locations.first().map(|l| format!("{}:{}", l.path, l.line)).unwrap_or_default();
        text.push_str(&format!("  {}\n", escape::terminal(&format!("{at}  {}", finding.title))));
    }
    if weak.len() > 20 {
        text.push_str(&format!("  and {} more\n", weak.len() - 20));
    }
    text
}

fn prune(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let path = path(&args.gate)?;
    let mut baseline = Baseline::load(&path)?;
    if args.no_history {
        bail!("what stands in the history only would look as if it were gone: leave --no-history out");
    }
    let mut settings = settings(args, &baseline)?;
    // What a setting, a comment or the baseline itself keeps out of reports is there all the same.
    settings.baseline = None;
    settings.inline_ignores = false;
    // Imports take over what stands in files that git ignores, and so do scans without ignore rules.
    settings.gitignore = false;
    settings.allow = Allowlist::default();
    settings.excludes = globset::GlobSet::empty();
    settings.disabled_rules.clear();
    settings.rules_version = None;
    (settings.confidence, settings.severity) = (Confidence::Low, Severity::Info);
    let report = watched(&settings, false)?;
    let gone = scan::gone(&settings, &baseline, &report)?;
    let gone = gone.map_err(|why| {
        anyhow::anyhow!(
            "nothing was taken out of {}, because not everything was seen: {why}. Scan the whole repository, in a clone with \
             all of its history",
            settings::shown(&path)
        )
    })?;
    baseline.remove(&gone.entries);
    save(&baseline)?;
    let number = |n: usize| count(n as u64, "entry", "entries");
    let (out, left) = (number(gone.entries.len()), number(baseline.len()));
    print(&format!("took {out} out of {}; {left} left\n", settings::shown(&path)))?;
    if !gone.unsure.is_empty() {
        let ids: BTreeSet<&str> = gone.unsure.iter().map(|e| e.id.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().take(5).collect();
        let left = number(gone.unsure.len());
        complain(&format!("{left} matched nothing and stayed: {} did not run over everything", ids.join(", ")));
    }
    Ok(Exit::Clean)
}
