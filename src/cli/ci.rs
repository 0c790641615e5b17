//! `keyroll ci`: the commits of this CI run, by the provider's own variables, under the rules that held before them.

mod provider;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::args::CiArgs;
use super::scan::watched;
use super::settings::{self, environment};
use super::{Exit, complain, output};
use crate::config::{self, Commits, Config, ConfigFile, Settings, Tree};
use crate::model::{FailOn, Notice, NoticeKind, Report, SuppressionKind};
use crate::report::{self, Style};
use crate::scan::{self, Place};
use crate::text::escape;

use self::provider::{Change, Run};

/// Largest event file that is read, and largest job summary: GitHub takes no more
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary>).
const MAX_EVENT: u64 = 64 << 20;
const MAX_SUMMARY: usize = 1000 << 10;

/// What to scan, and what could not be done as the provider says.
struct Plan {
    commits: Commits,
    /// The commit before the change, when it is here.
    base: Option<String>,
    /// True for changes that ask to be taken in: they may not relax what judges them.
    request: bool,
    notice: Option<String>,
    words: String,
}

/// Runs the command.
pub fn run(args: &CiArgs) -> anyhow::Result<Exit> {
    let place = scan::place(&args.path)
        .with_context(|| format!("{} is in no repository: check out the code first", args.path.display()))?;
    let (plan, provider) = match (&args.base, &args.head) {
        (None, None) => {
            let run = provider::detect(&environment, event()?.as_ref()).context(
                "this environment names no CI provider that is known; say what to scan: `keyroll ci --base REF --head REF`, or \
                 `keyroll scan --range A..B`",
            )?;
            (plan(&run, &place), Some(run.provider))
        }
        (base, head) => {
            let run = Run {
                provider: "",
                change: explicit(base.as_deref(), head.as_deref()),
                depth: "no depth when cloning",
            };
            (plan(&run, &place), None)
        }
    };
    let settings = Settings {
        paths: vec![args.path.clone()],
        tree: if plan.commits == Commits::All { Tree::Work } else { Tree::None },
        commits: with_tags(plan.commits.clone(), &place),
        members: settings::members(&args.lists)?,
        repositories: settings::repositories(&args.lists)?,
        ..settings(args, &plan, &place)?
    };
    if !args.output.quiet {
        let by = provider.map(|p| format!("{p}: ")).unwrap_or_default();
        complain(&format!("{by}{}", plan.words));
    }
    let mut report = watched(&settings, args.output.quiet)?;
    if let Some(message) = &plan.notice {
        report.incomplete = true;
        report.notices.insert(
            0,
            Notice {
                kind: NoticeKind::Gap,
                code: "missing-commit".to_owned(),
                path: None,
                line: None,
                column: None,
                message: message.clone(),
            },
        );
    }
    let new = new_suppressions(&report, &plan, &place);
    write(&report, args, (provider, settings.fail_on), &new)?;
    for line in &new {
        complain(&escape::terminal(&format!("new suppression: {line}")));
    }
    let exit = output::exit((&report).into(), settings.fail_on, args.gate.exit_code, args.gate.exit_zero);
    if args.no_new_suppressions && !new.is_empty() && !args.gate.exit_zero && !matches!(exit, Exit::Findings(_)) {
        complain("--no-new-suppressions: somebody else has to agree to these first");
        return Ok(Exit::Findings(args.gate.exit_code));
    }
    Ok(exit)
}

/// A range with the annotated tags that point into it: they came with its commits, and have messages of their own.
fn with_tags(commits: Commits, place: &Place) -> Commits {
    match commits {
        Commits::Some { mut include, exclude, known } if !(exclude.is_empty() && known.is_empty()) => {
            let tags = place.tags_between(&include, &[exclude.as_slice(), &known].concat());
            include.extend(tags);
            Commits::Some { include, exclude, known }
        }
        other => other,
    }
}

/// GitHub's event file.
fn event() -> anyhow::Result<Option<serde_json::Value>> {
    let Some(path) = environment("GITHUB_EVENT_PATH") else { return Ok(None) };
    let name = || format!("GITHUB_EVENT_PATH: {path}");
    let length = std::fs::metadata(&path).with_context(name)?.len();
    if length > MAX_EVENT {
        bail!("{path}: no event file is as large as this one");
    }
    let text = std::fs::read(&path).with_context(name)?;
    let value = serde_json::from_slice(&text);
    value.map(Some).map_err(|e| anyhow::anyhow!("{path}: {}", escape::without_values(&e.to_string())))
}

fn explicit(base: Option<&str>, head: Option<&str>) -> Change {
    let head = head.unwrap_or("HEAD").to_owned();
    match base {
        Some(base) => Change::Request { base: vec![base.to_owned()], head: vec![head] },
        None => Change::Commit(head),
    }
}

/// From what the provider says to commits that are here.
fn plan(run: &Run, place: &Place) -> Plan {
    let here = |names: &[String]| names.iter().find(|n| place.has_commit(n)).cloned();
    let one = |head: String, words: String| Plan {
        base: Some(format!("{head}^")).filter(|b| place.has_commit(b)),
        commits: Commits::Some { include: vec![head.clone()], exclude: Vec::new(), known: vec![format!("{head}^")] },
        request: false,
        notice: None,
        words,
    };
    let head_or = |names: &[String]| here(names).unwrap_or_else(|| "HEAD".to_owned());
    // What is checked out may have nothing of a change whose head is not here.
    let lost = |names: &[String]| {
        let wanted = names.iter().filter(|n| *n != "HEAD").map(|n| short(n)).collect::<Vec<_>>().join(", ");
        (here(names).is_none() && !wanted.is_empty()).then(|| {
            format!(
                "the head ({wanted}) is not in this checkout, so what is checked out was scanned in its place; check out the \
                 head of the change, with {}",
                run.depth
            )
        })
    };
    let range = |base: String, head: String, request: bool| {
        if base == head {
            let words = format!("before and after are one commit, {}: what it brings in", short(&head));
            return Plan { request, ..one(head, words) };
        }
        Plan {
            words: format!("what {} has and {} has not", short(&head), short(&base)),
            base: Some(base.clone()),
            commits: Commits::Some { include: vec![head], exclude: vec![base], known: Vec::new() },
            request,
            notice: None,
        }
    };
    // Nothing is left out when it is not known what was there before: more than the change is scanned.
    let without = |wanted: &str, head: String, request: bool| Plan {
        words: format!("everything that {} has", short(&head)),
        commits: Commits::Some { include: vec![head], exclude: Vec::new(), known: Vec::new() },
        base: None,
        request,
        notice: Some(format!(
            "{wanted} is not in this checkout, so everything that the head reaches was scanned in the place of the change; \
             set {}",
            run.depth
        )),
    };
    match &run.change {
        Change::Request { base, head } => match here(base) {
            Some(base) => Plan { notice: lost(head), ..range(base, head_or(head), true) },
            None => without(&format!("the base ({})", base.join(", ")), head_or(head), true),
        },
        Change::Push { before, after, default } => match place.has_commit(before) {
            true => Plan {
                notice: lost(std::slice::from_ref(after)),
                ..range(before.clone(), head_or(std::slice::from_ref(after)), false)
            },
            // A forced push leaves the old commits behind, and a clone does not bring them.
            false => first(run, place, head_or(std::slice::from_ref(after)), default.as_deref(), Some(before)),
        },
        Change::First { after, default } => {
            first(run, place, head_or(std::slice::from_ref(after)), default.as_deref(), None)
        }
        Change::Commit(head) => {
            let head = head_or(std::slice::from_ref(head));
            let words = format!("what {} brings in; the provider does not say what was there before it", short(&head));
            one(head, words)
        }
        Change::Full => Plan {
            words: "no change: the whole repository".to_owned(),
            commits: Commits::All,
            base: None,
            request: false,
            notice: None,
        },
    }
}

/// A branch of which nothing is known but where it is: what the default branch has not.
fn first(run: &Run, place: &Place, head: String, default: Option<&str>, lost: Option<&str>) -> Plan {
    let names = default.map_or_else(|| vec!["refs/remotes/origin/HEAD".to_owned()], provider::branch);
    let why = match lost {
        Some(before) => format!("{} is not here any more (a forced push): ", short(before)),
        None => "the first push of a branch: ".to_owned(),
    };
    let base = names.into_iter().find(|n| place.has_commit(n));
    let same = base.as_deref().is_some_and(|b| place.same_commit(b, &head));
    match base {
        Some(base) if !same => Plan {
            words: format!("{why}what {} has and {} has not", short(&head), base),
            commits: Commits::Some { include: vec![head], exclude: vec![base.clone()], known: Vec::new() },
            base: Some(base),
            request: false,
            notice: None,
        },
        _ => Plan {
            words: format!("{why}everything that {} has", short(&head)),
            commits: Commits::Some { include: vec![head], exclude: Vec::new(), known: Vec::new() },
            base: None,
            request: false,
            notice: place
                .is_shallow()
                .then(|| format!("the checkout is shallow, so only what is in it was scanned; set {}", run.depth)),
        },
    }
}

fn short(name: &str) -> &str {
    if name.len() >= 40 { name.get(..12).unwrap_or(name) } else { name }
}

/// The settings: on a change that asks to be taken in, under the configuration that held before it.
fn settings(args: &CiArgs, plan: &Plan, place: &Place) -> anyhow::Result<Settings> {
    if !plan.request || args.gate.config.is_some() || args.gate.no_config {
        return settings::from_gate(&args.gate);
    }
    let path = PathBuf::from(config::FILE_NAME);
    let before = plan.base.as_deref().and_then(|base| place.file_at(base, config::FILE_NAME));
    let config = match before {
        Some(bytes) => Config::parse(&bytes, &path)?,
        None => Config::default(),
    };
    // Its rules and its baseline are those of then, too.
    let at = |path: &std::path::Path| {
        let name = path.to_str()?.trim_start_matches("./").replace('\\', "/");
        place.files_at(plan.base.as_deref()?, &name)
    };
    settings::from_gate_before(&args.gate, config, &at)
}

/// What the change adds that keeps findings quiet: comments, entries of the configuration, lines of the baseline.
fn new_suppressions(report: &Report, plan: &Plan, place: &Place) -> Vec<String> {
    if plan.commits == Commits::All {
        return Vec::new();
    }
    let mut new = BTreeSet::new();
    for finding in &report.findings {
        let Some(suppression) = finding.suppressed.as_ref().filter(|s| s.kind == SuppressionKind::Inline) else {
            continue;
        };
        let at = finding.locations.first().map(|l| format!("{}:{}", l.path, l.line)).unwrap_or_default();
        let reason = if suppression.reason.is_empty() { "no reason given" } else { suppression.reason.as_str() };
        new.insert(format!("{at}: {} of {} ({reason})", suppression.by, finding.id));
    }
    let Some(base) = &plan.base else { return new.into_iter().collect() };
    let file = |commit: &str, name: &str| place.file_at(commit, name);
    let read = |commit: &str| {
        let bytes = file(commit, config::FILE_NAME)?;
        Config::parse(&bytes, &PathBuf::from(config::FILE_NAME)).ok().map(|c| c.file)
    };
    let before = read(base).unwrap_or_default();
    let Commits::Some { include, .. } = &plan.commits else { return new.into_iter().collect() };
    let head = include.first().map_or("HEAD", String::as_str);
    if let Some(after) = read(head) {
        let known = entries(&before);
        new.extend(entries(&after).difference(&known).map(|e| format!("{}: {e}", config::FILE_NAME)));
    }
    let baseline = |commit: &str| -> BTreeSet<String> {
        let name = read(commit).and_then(|c| c.baseline).unwrap_or_else(|| config::BASELINE.into());
        let bytes = file(commit, &name.to_string_lossy()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().skip(1).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect()
    };
    let (then, now) = (baseline(base), baseline(head));
    new.extend(now.difference(&then).map(|line| format!("baseline: {line}")));
    new.into_iter().collect()
}

/// What a configuration keeps quiet, in words. Values stand for themselves nowhere.
fn entries(file: &ConfigFile) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    all.extend(file.exclude.iter().map(|e| format!("excludes {} ({})", e.path, e.reason)));
    for entry in &file.allow {
        let what = [
            entry.rule.as_ref().map(|r| format!("rule {r}")),
            entry.path.as_ref().map(|p| format!("path {p}")),
            entry.fingerprint.as_ref().map(|f| format!("fingerprint {f}")),
            entry.regex.as_ref().map(|_| "an expression".to_owned()),
            entry.value.as_ref().map(|_| "a value".to_owned()),
        ];
        let what: Vec<String> = what.into_iter().flatten().collect();
        all.insert(format!("accepts {} ({})", what.join(", "), entry.reason));
    }
    all.extend(file.rules.disable.iter().map(|r| format!("turns {r} off")));
    // Rules of the same id replace those that are compiled in.
    all.extend(file.rules.dirs.iter().map(|d| format!("takes rules from {}", d.display())));
    all.extend(file.rules_version.iter().map(|v| format!("holds rules at version {v}")));
    all.extend(file.baseline.iter().map(|b| format!("reads the baseline {}", b.display())));
    all.extend(file.confidence.map(|c| format!("reports from confidence {}", c.as_str())));
    all.extend(file.severity.map(|s| format!("reports from severity {}", s.as_str())));
    all.extend(file.fail_on.map(|s| format!("fails from severity {}", s.as_str())));
    all.extend(file.fail_on_risk.iter().map(|(risk, from)| format!("fails under {risk} from {from}")));
    for entry in &file.exceptions {
        let place = entry.path.as_ref().map(|p| format!(" below {p}")).unwrap_or_default();
        let whose = entry.identity.as_ref().map(|i| format!(" of {i}")).unwrap_or_default();
        all.insert(format!("excepts {}{whose}{place} until {} ({})", entry.check, entry.expires, entry.reason));
    }
    let policy = &file.policy;
    for entry in &policy.allow_static {
        all.insert(format!("allows stored {} credentials until {} ({})", entry.provider, entry.expires, entry.reason));
    }
    let limits = config::policy::limits(policy);
    let days = [
        ("keys", limits.key_age),
        ("unused keys", limits.key_unused),
        ("unused identities", limits.identity_unused),
        ("tokens", limits.token_life),
        ("secrets", limits.secret_life),
    ];
    all.extend(days.iter().map(|(what, days)| format!("lets {what} be up to {days} days")));
    all.extend(policy.own_accounts.iter().chain(&policy.own_organisations).map(|own| format!("counts {own} as own")));
    let class = |class| match class {
        crate::model::EnvironmentClass::Prod => "prod",
        crate::model::EnvironmentClass::Nonprod => "nonprod",
        crate::model::EnvironmentClass::Unknown => "unknown",
    };
    for entry in &file.environments {
        let what = [&entry.path, &entry.account, &entry.identity].into_iter().flatten().cloned().collect::<Vec<_>>();
        all.insert(format!("says that {} is {}", what.join(" "), class(entry.environment)));
    }
    all.extend(file.max_file_size.map(|n| format!("reads files up to {n} MiB")));
    all.extend(file.archives.filter(|opens| !opens).map(|_| "opens no archives".to_owned()));
    all
}

/// The outputs that were asked for, and what the provider shows beside the log.
fn write(
    report: &Report,
    args: &CiArgs,
    (provider, fail_on): (Option<&str>, FailOn),
    new: &[String],
) -> anyhow::Result<()> {
    output::write(report.into(), &output::targets(&args.output)?, &args.output, fail_on)?;
    let logged = args.output.format.iter().all(|f| f.contains('=') || f.starts_with("table"));
    let rendered = |id: &str| -> anyhow::Result<String> {
        let mut text = Vec::new();
        let reporter = report::find(id).context("an output of this program")?;
        (reporter.write)(report.into(), &Style::default(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let annotations = match provider {
        Some("GitHub Actions") => Some("github"),
        Some("Azure Pipelines") => Some("azure"),
        _ => None,
    };
    if let Some(id) = annotations.filter(|_| logged) {
        super::print(&rendered(id)?)?;
    }
    // Azure is handed a file of the agent's own directory
    // (<https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands#uploadsummary-add-some-markdown-content-to-the-build-summary>).
    let azure = provider == Some("Azure Pipelines");
    let summary = match provider {
        Some("GitHub Actions") => environment("GITHUB_STEP_SUMMARY"),
        // The command that names it would stand in the middle of another output.
        Some("Azure Pipelines") if logged => {
            environment("AGENT_TEMPDIRECTORY").map(|dir| format!("{dir}/keyroll-summary.md"))
        }
        _ => None,
    };
    if let Some(path) = summary {
        let mut text = rendered("markdown")?;
        if !new.is_empty() {
            text.push_str("\n**New suppressions**\n\n");
            new.iter().for_each(|line| text.push_str(&format!("- {}\n", report::markdown::plain(line))));
        }
        if text.len() > MAX_SUMMARY {
            let end = (0..=MAX_SUMMARY).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text.truncate(end);
            text.push_str("\n\n(cut: the whole report is in the log)\n");
        }
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(!azure).write(true).truncate(azure);
        let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) if azure => {
                super::print(&format!("##vso[task.uploadsummary]{path}\n"))?;
            }
            Ok(()) => {}
            // The provider names the place, nobody asked for it, and all of it stands in the log: the verdict stays.
            Err(error) => {
                complain(&format!("the job summary could not be written, and the result stays: {path}: {error}"))
            }
        }
    }
    Ok(())
}
