//! `keyroll baseline …` and `keyroll triage`.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::args::{BaselineArgs, BaselineCommand, GateArgs};
use super::scan::watched;
use super::settings;
use super::{Exit, complain, print};
use crate::config::baseline::{Baseline, Verdict, entry_of};
use crate::config::{self, Commits, Settings, Tree};
use crate::model::{Finding, FingerprintKey, Report, SuppressionKind};
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
pub(super) fn settings(gate: &GateArgs, scanned: &Path, baseline: &Baseline) -> anyhow::Result<Settings> {
    let mut settings = settings::from_gate_under(gate, baseline)?;
    settings.paths = vec![scanned.to_owned()];
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
    let mut settings = settings(&args.gate, &args.path, &baseline)?;
    if args.no_history {
        settings.commits = Commits::None;
    }
    let report = watched(&settings, false)?;
    let mut weak: Vec<&Finding> = Vec::new();
    let before = baseline.len();
    let open: Vec<&Finding> = report.findings.iter().filter(|f| f.suppressed.is_none()).collect();
    for finding in &open {
        match entry_of(finding, Verdict::Known, "") {
            Some(entry) => baseline.put(entry),
            None => weak.push(finding),
        }
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
    Ok(if report.incomplete { Exit::Incomplete } else { Exit::Clean })
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

/// What of a baseline nothing in a report is found by.
fn stale(baseline: &Baseline, report: &Report) -> Vec<config::baseline::Entry> {
    let seen: BTreeSet<&str> = report.inventory.credentials.iter().filter_map(|c| c.fingerprint.as_deref()).collect();
    baseline.stale(&seen, &report.findings).into_iter().cloned().collect()
}

fn prune(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let path = path(&args.gate)?;
    let mut baseline = Baseline::load(&path)?;
    if args.no_history {
        bail!("what stands in the history only would look as if it were gone: leave --no-history out");
    }
    let settings = settings(&args.gate, &args.path, &baseline)?;
    let report = watched(&settings, false)?;
    if report.incomplete {
        complain("not everything could be read, so nothing is known to be gone; `keyroll scan` says what");
        return Ok(Exit::Incomplete);
    }
    let gone = stale(&baseline, &report);
    baseline.remove(&gone);
    save(&baseline)?;
    let (out, left) = (count(gone.len() as u64, "entry", "entries"), count(baseline.len() as u64, "entry", "entries"));
    print(&format!("took {out} out of {}; {left} left\n", settings::shown(&path)))
}

/// `keyroll triage`.
pub fn triage(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let path = path(&args.gate)?;
    let mut baseline = open(&args.gate, &path)?;
    let mut settings = settings(&args.gate, &args.path, &baseline)?;
    if args.no_history {
        settings.commits = Commits::None;
    }
    let report = watched(&settings, false)?;
    // What is only known has not been looked at.
    let unseen = |f: &&Finding| {
        f.suppressed.as_ref().is_none_or(|s| s.kind == SuppressionKind::Baseline && s.reason == "known before")
    };
    let waiting: Vec<&Finding> = report.findings.iter().filter(unseen).collect();
    let mut input = std::io::stdin().lock();
    let mut ask = |question: &str| -> anyhow::Result<Option<String>> {
        print(question)?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        Ok((input.read_line(&mut line)? > 0).then(|| line.trim().to_owned()))
    };
    let (mut real, mut kept) = (0u64, 0u64);
    'all: for (i, finding) in waiting.iter().enumerate() {
        print(&described(finding, i + 1, waiting.len()))?;
        loop {
            let Some(answer) = ask("[r]eal  [f]alse  [a]ccepted  [s]kip  [q]uit > ")? else { break 'all };
            let (verdict, wants) = match answer.to_ascii_lowercase().chars().next() {
                Some('r') => {
                    real += 1;
                    print("  stays a finding: rotate it\n")?;
                    break;
                }
                Some('f') => (Verdict::False, "why is it none? (may stay empty) > "),
                Some('a') => (Verdict::Accepted, "why is it accepted? > "),
                Some('s') => break,
                Some('q') => break 'all,
                _ => continue,
            };
            let Some(reason) = ask(wants)? else { break 'all };
            if verdict == Verdict::Accepted && reason.is_empty() {
                print("  what is accepted needs a reason\n")?;
                continue;
            }
            match entry_of(finding, verdict, &reason) {
                Some(entry) => {
                    baseline.put(entry);
                    // After each answer, so that nothing said is lost.
                    save(&baseline)?;
                    kept += 1;
                }
                None => {
                    print("  too weak for a fingerprint: change it, or accept it by a comment beside it\n")?;
                }
            }
            break;
        }
    }
    if !std::io::stdin().is_terminal() {
        print("\n")?;
    }
    let left = (waiting.len() as u64).saturating_sub(real + kept);
    print(&format!("{real} real, {kept} in {}, {left} not judged\n", settings::shown(&path)))?;
    Ok(if real > 0 && !args.gate.exit_zero { Exit::Findings(args.gate.exit_code) } else { Exit::Clean })
}

fn described(finding: &Finding, number: usize, of: usize) -> String {
    let mut lines = vec![
        format!("\n{number} of {of}  {}  {}  [{}]", finding.severity.as_str(), finding.title, finding.id),
        finding.preview.as_deref().map(|p| format!("  value  {p}")).unwrap_or_default(),
    ];
    for place in finding.locations.iter().take(3) {
        let when = place.time.map(|t| format!("  since {}", t.strftime("%Y-%m-%d"))).unwrap_or_default();
        let past = if place.in_head { "" } else { "  (history only)" };
        lines.push(format!("  at     {}:{}{when}{past}", place.path, place.line));
    }
    if finding.locations.len() > 3 {
        lines.push(format!("         and {} more places", finding.locations.len() - 3));
    }
    lines.extend(finding.evidence.iter().take(4).map(|e| format!("  seen   {e}")));
    let shown = lines.iter().filter(|l| !l.is_empty());
    shown.map(|l| l.split('\n').map(escape::terminal).collect::<Vec<_>>().join("\n") + "\n").collect()
}
