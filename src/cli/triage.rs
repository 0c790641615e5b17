//! `keyroll triage`: goes through the findings one by one.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use super::args::BaselineArgs;
use super::baseline::{open, path, save, settings};
use super::scan::watched;
use super::settings::shown;
use super::{Exit, complain, interrupt, print};
use crate::config::Commits;
use crate::config::baseline::{Baseline, Entry, Verdict, entries_of};
use crate::model::{Finding, Report, SuppressionKind};
use crate::text::escape;

/// What comes while a question waits.
enum Heard {
    Line(String),
    End,
    Interrupt,
}

/// Answers. Reading blocks and nothing wakes it up, so another thread does it.
struct Answers {
    heard: Receiver<Heard>,
    came: Arc<AtomicBool>,
    interrupted: bool,
}

impl Answers {
    fn new() -> Self {
        let (sender, heard) = sync_channel(1);
        let on_interrupt = sender.clone();
        let came = Arc::new(AtomicBool::new(false));
        let on_came = Arc::clone(&came);
        // When something else was heard that nobody has listened to yet, listening to that will end it.
        interrupt::on(move || {
            on_came.store(true, Ordering::SeqCst);
            let _ = on_interrupt.try_send(Heard::Interrupt);
        });
        std::thread::spawn(move || {
            let lines = std::io::stdin().lines().map_while(Result::ok);
            for heard in lines.map(Heard::Line).chain([Heard::End]) {
                if sender.send(heard).is_err() {
                    return;
                }
            }
        });
        Self { heard, came, interrupted: false }
    }

    /// The answer to a question; `None` at the end of the input and after Ctrl-C.
    fn ask(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        print(question)?;
        std::io::stdout().flush()?;
        let heard = self.heard.recv();
        Ok(match heard {
            _ if self.came.load(Ordering::SeqCst) => {
                self.interrupted = true;
                None
            }
            Ok(Heard::Line(line)) => Some(line.trim().to_owned()),
            Ok(Heard::Interrupt) => {
                self.interrupted = true;
                None
            }
            Ok(Heard::End) | Err(_) => None,
        })
    }

    /// What somebody says of a finding.
    fn judge(&mut self) -> anyhow::Result<Judgement> {
        loop {
            let Some(answer) = self.ask("[r]eal  [f]alse  [a]ccepted  [s]kip  [q]uit > ")? else {
                return Ok(Judgement::Quit);
            };
            let (verdict, wants) = match answer.to_ascii_lowercase().chars().next() {
                Some('r') => return Ok(Judgement::Real),
                Some('f') => (Verdict::False, "why is it none? (may stay empty) > "),
                Some('a') => (Verdict::Accepted, "why is it accepted? > "),
                Some('s') => return Ok(Judgement::Skip),
                Some('q') => return Ok(Judgement::Quit),
                _ => continue,
            };
            let Some(reason) = self.ask(wants)? else { return Ok(Judgement::Quit) };
            if verdict == Verdict::Accepted && reason.is_empty() {
                print("  what is accepted needs a reason\n")?;
                continue;
            }
            return Ok(Judgement::Known(verdict, reason));
        }
    }
}

/// What somebody said of a finding.
enum Judgement {
    Real,
    Known(Verdict, String),
    Skip,
    Quit,
}

/// How many findings were judged.
#[derive(Default)]
struct Tally {
    real: u64,
    kept: u64,
    /// Both, and those that the same judgement holds for.
    judged: u64,
}

/// Runs the command.
pub fn run(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let path = path(&args.gate)?;
    let mut baseline = open(&args.gate, &path)?;
    let mut settings = settings(args, &baseline)?;
    if args.no_history {
        settings.commits = Commits::None;
    }
    let report = watched(&settings, false)?;
    if report.coverage.interrupted {
        complain("the scan was stopped before its end, so nothing was asked");
        return Ok(Exit::Incomplete);
    }
    if report.incomplete {
        complain("not everything could be read; `keyroll scan` says what");
    }
    let waiting: Vec<&Finding> = report.findings.iter().filter(|f| waits(f, &report, &baseline)).collect();
    let mut answers = Answers::new();
    let tally = go_through(&waiting, &report, &mut baseline, &mut answers)?;
    if !std::io::stdin().is_terminal() || answers.interrupted {
        print("\n")?;
    }
    let left = (waiting.len() as u64).saturating_sub(tally.judged);
    print(&format!("{} real, {} in {}, {left} not judged\n", tally.real, tally.kept, shown(&path)))?;
    if answers.interrupted {
        complain("stopped before the end; what was judged so far is kept");
        return Ok(Exit::Incomplete);
    }
    Ok(match tally.real {
        1.. if !args.gate.exit_zero => Exit::Findings(args.gate.exit_code),
        _ if report.incomplete => Exit::Incomplete,
        _ => Exit::Clean,
    })
}

/// Whether nobody has looked at a finding yet. What is only known has not been looked at.
fn waits(finding: &Finding, report: &Report, baseline: &Baseline) -> bool {
    finding.suppressed.as_ref().is_none_or(|s| {
        s.kind == SuppressionKind::Baseline && !baseline.is_judged(&entries(finding, report, Verdict::Known, ""))
    })
}

fn entries(finding: &Finding, report: &Report, verdict: Verdict, reason: &str) -> Vec<Entry> {
    entries_of(finding, &report.inventory.exposures, verdict, reason)
}

/// Asks until all are judged or somebody stops.
fn go_through(
    waiting: &[&Finding],
    report: &Report,
    baseline: &mut Baseline,
    answers: &mut Answers,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let mut real: BTreeSet<String> = BTreeSet::new();
    for (i, finding) in waiting.iter().enumerate() {
        // Two rules may find one value; what was said of it holds for both.
        let values = entries(finding, report, Verdict::Known, "");
        if baseline.is_judged(&values) || !values.is_empty() && values.iter().all(|e| real.contains(&e.fingerprint)) {
            tally.judged += 1;
            continue;
        }
        print(&described(finding, i + 1, waiting.len()))?;
        match answers.judge()? {
            Judgement::Quit => break,
            Judgement::Skip => {}
            Judgement::Real => {
                (tally.real, tally.judged) = (tally.real + 1, tally.judged + 1);
                real.extend(values.into_iter().map(|e| e.fingerprint).filter(|f| !f.is_empty()));
                print("  stays a finding: rotate it\n")?;
            }
            Judgement::Known(verdict, reason) => {
                let values = entries(finding, report, verdict, &reason);
                if values.is_empty() {
                    print("  too weak for a fingerprint: change it, or accept it by a comment beside it\n")?;
                    continue;
                }
                values.into_iter().for_each(|entry| baseline.put(entry));
                // After each answer, so that nothing said is lost.
                save(baseline)?;
                (tally.kept, tally.judged) = (tally.kept + 1, tally.judged + 1);
            }
        }
    }
    Ok(tally)
}

fn described(finding: &Finding, number: usize, of: usize) -> String {
    let mut lines = vec![
        format!("\n{number} of {of}  {}  {}  [{}]", finding.severity.as_str(), finding.title, finding.id),
        finding.preview.as_deref().map(|p| format!("  value  {p}")).unwrap_or_default(),
    ];
    for place in finding.locations.iter().take(3) {
        let when = place.time.map(|t| format!("  since {}", t.strftime("%Y-%m-%d"))).unwrap_or_default();
        let past = if place.in_head { "" } else { "  (history only)" };
        lines.push(format!("  at     {}:{}{when}{past}", place.file(), place.line));
    }
    if finding.locations.len() > 3 {
        lines.push(format!("         and {} more places", finding.locations.len() - 3));
    }
    lines.extend(finding.evidence.iter().take(4).map(|e| format!("  seen   {e}")));
    let shown = lines.iter().filter(|l| !l.is_empty());
    shown.map(|l| l.split('\n').map(escape::terminal).collect::<Vec<_>>().join("\n") + "\n").collect()
}
