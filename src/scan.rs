//! The order of the stages: sources hand over blobs, workers decode, detect, validate and read formats, one collector
//! gathers what they saw, and from there on everything is pure: inventory, assessment, report.

mod candidates;
mod changes;
mod client;
mod decided;
mod embedded;
mod explain;
mod exports;
mod history;
mod joins;
mod known;
mod locate;
mod merge;
mod names;
mod nearby;
mod past;
mod place;
mod roots;
mod seen;
mod siblings;
mod sight;
mod tally;
mod text_kind;
mod told;
mod worker;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Sender;
use rayon::ThreadPoolBuilder;

use crate::assess;
use crate::config::{Commits, Settings, Tree};
use crate::detect::{Accepted, Engine};
use crate::formats;
use crate::inventory;
use crate::model::{
    Coverage, Fact, FingerprintKey, Gate, LocatedFact, Notice, NoticeKind, PathClass, RepoPath, Report, Root, RuleInfo,
    Severity, Sighting, SkipReason, ToolInfo, bound_fingerprint, setting,
};
use crate::rules::{self, Rule};
use crate::source::{Entry, Files, Repository, WalkOptions};
use crate::text::numbers;

use self::decided::{Decisions, is_enabled};
use self::seen::{Blob, Seen};
use self::tally::Tally;

pub use candidates::{candidates, numbers};
pub use explain::{Explained, explain};
pub use known::{Gone, gone};
pub use merge::{MergeError, Merger};
pub use place::{Place, place, place_with};

/// Why a scan cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A path that is not there.
    #[error("{path}: {message}")]
    Path {
        /// As given.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// Rules that cannot be used.
    #[error(transparent)]
    Rules(#[from] rules::LoadError),
    /// A rule id that no rule has.
    #[error(
        "{place} names the rule `{rule}`, which does not exist; `keyroll rules list` and `keyroll checks list` show those \
         that do"
    )]
    UnknownRule {
        /// Flag or entry.
        place: String,
        /// The id.
        rule: String,
    },
    /// Threads could not be started.
    #[error("threads could not be started: {0}")]
    Threads(String),
}

/// Counts that grow while the scan runs, for a progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files read so far.
    pub files: AtomicU64,
    /// Bytes read so far.
    pub bytes: AtomicU64,
    /// Bytes of long exports that their readers have read so far.
    pub exports: AtomicU64,
    /// Set to stop early; the report then says that it is incomplete.
    pub stop: AtomicBool,
}

/// What workers tell the collector.
enum Message {
    /// A file is the copy of a blob that was read already.
    Copy { path: RepoPath, blob: Blob },
    /// What a blob gave, once a blob and class.
    Sightings { blob: Blob, sightings: Vec<Sighting>, references: Vec<LocatedFact> },
    /// What a format read.
    Facts { format: &'static str, facts: Vec<LocatedFact>, accepted: (RepoPath, Vec<Accepted>) },
    /// Lines of a file of code that comments speak for.
    Accepted { path: RepoPath, lines: Vec<Accepted> },
    /// A part of what it reads of a long file, before the last one comes as [`Message::Facts`].
    MoreFacts { format: &'static str, facts: Vec<LocatedFact> },
    /// What the history of a repository gave, one sighting for each path and value.
    Past(Vec<Sighting>),
    /// Exports that stand in the history of a repository, one for each path.
    PastExports(Vec<LocatedFact>),
    /// Something to tell.
    Notice(Notice),
    /// A repository below the start.
    Repository(Root),
}

/// The rules of a run: those compiled in, those of the settings' folders.
///
/// # Errors
/// When a folder's rules cannot be used.
pub fn load_rules(dirs: &[std::path::PathBuf]) -> Result<Cow<'static, [Rule]>, ScanError> {
    if dirs.is_empty() {
        return Ok(Cow::Borrowed(rules::built_in()));
    }
    let mut all = rules::built_in().to_vec();
    for dir in dirs {
        add_rules(&mut all, rules::load_dir(dir)?);
    }
    Ok(Cow::Owned(all))
}

/// Adds rules; one of the same id replaces the one that is there.
fn add_rules(all: &mut Vec<Rule>, more: Vec<Rule>) {
    for rule in more {
        all.retain(|r| r.id != rule.id);
        all.push(rule);
    }
}

/// The engine for these settings.
///
/// # Errors
/// When rules cannot be used or a setting names one that does not exist.
pub fn engine(settings: &Settings) -> Result<Engine, ScanError> {
    let mut rules = load_rules(&settings.rule_dirs)?;
    for (path, bytes) in &settings.rule_files {
        add_rules(rules.to_mut(), rules::load_text(path, &String::from_utf8_lossy(bytes))?);
    }
    let ids: BTreeSet<&str> = rules.iter().map(|r| r.id.as_ref()).collect();
    let named = (settings.disabled_rules.iter().map(|r| ("rules.disable or --disable-rule", r.as_str())))
        .chain(settings.enabled_rules.iter().map(|r| ("--enable-rule", r.as_str())))
        .chain(settings.allow.rules())
        .chain(settings.policy.checks().filter(|check| !check.ends_with('*')).map(|check| ("exceptions", check)));
    for (place, rule) in named {
        if !ids.contains(rule) && assess::find(rule).is_none() {
            let id = rule.strip_prefix("NHI").unwrap_or(rule);
            let plain = id.len() <= 48 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let rule = if plain { rule } else { "…" }.to_owned();
            let file = settings.config.as_ref().filter(|_| !place.contains("--")).map(|(path, _)| format!("{path}: "));
            return Err(ScanError::UnknownRule { place: file.unwrap_or_default() + place, rule });
        }
    }
    let enabled = rules.iter().map(|r| is_enabled(settings, &r.id) && !came_later(settings, r)).collect();
    Ok(Engine::new(rules, enabled))
}

/// Whether a rule came after the version that the configuration holds rules at.
fn came_later(settings: &Settings, rule: &Rule) -> bool {
    settings.rules_version.as_deref().is_some_and(|version| rules::is_later(&rule.since, version))
}

/// The ids of the rules that report something in a text: what lints of rules run on.
#[must_use]
pub fn detect_ids(engine: &Engine, text: &str) -> Vec<String> {
    let mut scratch = crate::detect::Scratch::default();
    let found = engine.scan(&mut scratch, text.as_bytes(), &PathClass::default(), &|_| true, false);
    found.candidates.iter().filter_map(|c| engine.rule(c.rule)).map(|r| r.id.to_string()).collect()
}

/// Most threads that are started, however many are asked for.
const THREADS_MAX: usize = 256;

/// Runs a whole scan.
///
/// # Errors
/// When it cannot start; whatever goes wrong later is a notice in the report.
pub fn run(settings: &Settings, progress: &Progress) -> Result<Report, ScanError> {
    let engine = engine(settings)?;
    let roots = roots::resolve(settings)?;
    let key = roots::RunKey::new(settings.key.clone(), &roots);
    let threads = if settings.jobs == 0 {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    } else {
        settings.jobs.min(THREADS_MAX)
    };
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("scan-{i}"))
        .build()
        .map_err(|e| ScanError::Threads(e.to_string()))?;
    let (sender, receiver) = crossbeam_channel::bounded(threads * 4);
    let mut gathered = Gathered::default();
    let tally = Tally::default();
    gathered.coverage.roots = roots.iter().map(roots::StartingPoint::describe).collect();
    std::thread::scope(|scope| {
        let (engine, key, roots, tally) = (&engine, &key, &roots, &tally);
        scope.spawn(move || pool.install(|| produce(settings, engine, key, roots, (progress, tally), sender)));
        for message in receiver.into_iter().flatten() {
            gathered.add(message);
        }
    });
    tally.pour(&mut gathered.coverage);
    gathered.notices.extend(tally.lfs());
    gathered.finish(settings);
    Ok(build_report(settings, &engine, (&key, &roots), gathered, progress))
}

/// Walks the roots and scans what they hold; runs on the pool.
fn produce(
    settings: &Settings,
    engine: &Engine,
    key: &roots::RunKey<'_>,
    roots: &[roots::StartingPoint],
    counts: (&Progress, &Tally),
    sender: Sender<Vec<Message>>,
) {
    let options = WalkOptions { gitignore: settings.gitignore, excludes: settings.excludes.clone() };
    let seen = Arc::new(Seen::new());
    let same = foldhash::quality::RandomState::default();
    // A repository may be met from several paths and working trees; its history is read once.
    let mut done: BTreeSet<PathBuf> = BTreeSet::new();
    for root in roots {
        let slug = root.repository.as_ref().and_then(|r| r.slug());
        let worker = worker::Worker::new(
            settings,
            engine,
            (key, &same),
            (slug, root.top.clone(), root.repository.clone()),
            counts,
            (sender.clone(), Arc::clone(&seen)),
        );
        let mut past = |repository: &Repository, name: Vec<u8>, inside: Vec<u8>| {
            let common = repository.common_dir.canonicalize().unwrap_or_else(|_| repository.common_dir.clone());
            let site = past::Site { repository, name, inside };
            match settings.tree {
                Tree::Staged => history::staged(&worker, &site, &settings.only),
                _ if settings.commits == Commits::None || !done.insert(common) => {}
                _ => history::scan(&worker, &site, &settings.commits),
            }
        };
        // First, because it tells the root of the history that fingerprints are made with.
        if let Some(repository) = root.repository.as_deref() {
            past(repository, root.top.clone(), root.inside.clone());
        }
        if let Some(message) = root.lacks_repository(settings) {
            worker.notice(gap("no-repository", Some(root.given.clone()), message));
        }
        let bare = root.repository.as_ref().is_some_and(|r| r.bare);
        match &root.input {
            roots::Input::Stdin => worker.stdin(),
            roots::Input::File(path) if settings.tree == Tree::Work => {
                worker.named_file(path, &RepoPath::new(root.name.clone()));
            }
            roots::Input::Directory(path) if settings.tree == Tree::Work && !bare => {
                let sink = |entry: Entry| worker.entry(entry);
                Files::new(&options, &sink).run(path, &root.name, root.repository.clone(), &root.inside);
            }
            _ => {}
        }
        worker.long_exports();
        worker.finish(root.repository.as_deref());
        for (repository, name) in worker.met() {
            past(&repository, name, Vec::new());
        }
        // Names of commits, and an index, are those of the repository that was asked for.
        if settings.tree == Tree::Staged || matches!(settings.commits, Commits::Some { .. }) {
            continue;
        }
        // Submodules that are not checked out lie inside the git directory.
        let modules: Vec<_> = root.repository.iter().flat_map(|r| r.modules()).collect();
        for module in &modules {
            past(&module.repository, join_name(&root.top, &module.name), Vec::new());
        }
        for path in root.repository.iter().flat_map(|r| r.submodules()) {
            let is_there = |r: &Repository| r.top.join(String::from_utf8_lossy(&path).as_ref()).join(".git").exists();
            if !root.repository.as_deref().is_some_and(is_there) && !modules.iter().any(|m| m.name == path) {
                let message = "a submodule that was never fetched, so it was not scanned; `git submodule update --init` \
                               brings it";
                let place = RepoPath::new(join_name(&root.top, &path)).display();
                worker.notice(limit("submodule-not-there", Some(place), message.to_owned()));
            }
        }
    }
}

fn join_name(top: &[u8], name: &[u8]) -> Vec<u8> {
    if top.is_empty() { name.to_vec() } else { [top, name].join(&b'/') }
}

/// What the collector has so far.
#[derive(Default)]
struct Gathered {
    coverage: Coverage,
    blobs: HashMap<Blob, Seeing>,
    sightings: Vec<Sighting>,
    /// What stands in the history.
    past: Vec<Sighting>,
    /// Exports that do.
    past_exports: Vec<LocatedFact>,
    /// Repositories whose history was read.
    histories: u64,
    copies: Vec<(Blob, RepoPath)>,
    /// What formats read.
    facts: inventory::Collected,
    /// Exports that a repository keeps, and what code refers to.
    told: Vec<LocatedFact>,
    /// Paths of files that formats read, of exports among them, and of lists of npm's tokens.
    read: BTreeSet<String>,
    exports: BTreeSet<String>,
    npm_lists: BTreeSet<String>,
    formats: BTreeMap<String, u64>,
    notices: Vec<Notice>,
    /// Lines of pipelines and exports, by path, that comments speak for.
    accepted: BTreeMap<String, Vec<Accepted>>,
}

impl Gathered {
    fn add(&mut self, message: Message) {
        match message {
            Message::Copy { path, blob } => self.copies.push((blob, path)),
            Message::Sightings { blob, sightings, references } => {
                self.blobs.insert(blob, Seeing { sightings, references });
            }
            Message::Facts { format, facts, accepted: (path, accepted) } => {
                *self.formats.entry(format.to_owned()).or_default() += 1;
                if !accepted.is_empty() {
                    self.accepted.insert(path.display(), accepted);
                }
                self.take(format, facts);
            }
            Message::Accepted { path, lines } => drop(self.accepted.insert(path.display(), lines)),
            Message::MoreFacts { format, facts } => self.take(format, facts),
            Message::Past(sightings) => {
                self.histories += 1;
                self.past.extend(sightings);
            }
            Message::PastExports(exports) => self.past_exports.extend(exports),
            Message::Notice(notice) => self.notices.push(notice),
            Message::Repository(root) => self.coverage.roots.push(root),
        }
    }

    /// Takes in what a format read of one file.
    fn take(&mut self, format: &'static str, facts: Vec<LocatedFact>) {
        let tells = |f: &&LocatedFact| !matches!(&f.fact, Fact::Setting(_, told) if setting::joins(told.name));
        let mut last: Option<&str> = None;
        for f in facts.iter().filter(tells) {
            if last != Some(f.location.path.as_str()) {
                self.read.insert(f.location.path.clone());
                last = Some(&f.location.path);
            }
        }
        if let Some(first) = facts.first() {
            if formats::all().any(|f| f.is_export() && f.id == format) {
                self.exports.insert(first.location.path.clone());
            }
            if format == "npm-tokens" {
                self.npm_lists.insert(first.location.path.clone());
            }
        }
        let is_told =
            |f: &LocatedFact| matches!(&f.fact, Fact::Setting(_, told) if told.name == setting::EXPORT_IN_REPO);
        let (told, facts): (Vec<_>, Vec<_>) =
            if facts.last().is_some_and(is_told) { facts.into_iter().partition(is_told) } else { (Vec::new(), facts) };
        self.told.extend(told);
        self.facts.add(facts);
    }

    /// Gives every copy of a blob its own sightings, and puts everything into an order that threads cannot change.
    fn finish(&mut self, settings: &Settings) {
        for (blob, path) in std::mem::take(&mut self.copies) {
            if let Some(seeing) = self.blobs.get(&blob) {
                let lines = seeing.references.first().and_then(|f| self.accepted.get(&f.location.path)).cloned();
                self.accepted.extend(lines.map(|lines| (path.display(), lines)));
                self.sightings.extend(seeing.sightings.iter().cloned().map(|s| locate::moved(s, &path)));
                self.told.extend(seeing.references.iter().cloned().map(|f| locate::moved_fact(f, &path)));
            }
        }
        for seeing in std::mem::take(&mut self.blobs).into_values() {
            self.sightings.extend(seeing.sightings);
            self.told.extend(seeing.references);
        }
        // Where a format reads a file, its reader counts the references.
        let read = std::mem::take(&mut self.read);
        self.told.retain(|f| f.format != "code" || !read.contains(&f.location.path));
        if self.told.iter().any(|f| f.format == "code") {
            self.formats.insert("code".to_owned(), self.coverage.blobs);
        }
        self.join_past();
        exports::join(&mut self.told, std::mem::take(&mut self.past_exports));
        self.facts.add(std::mem::take(&mut self.told));
        // An export lists the public halves of keys; that is what it is for, and exposes none.
        let exports = std::mem::take(&mut self.exports);
        self.sightings.retain(|s| s.identifier.is_none() || !exports.contains(s.location.path.as_str()));
        // npm's list calls the hash that tells a token `key`.
        let lists = std::mem::take(&mut self.npm_lists);
        let is_hash = |s: &Sighting| s.provider == "generic" && s.key_name.as_deref() == Some("key");
        self.sightings.retain(|s| !is_hash(s) || !lists.contains(s.location.path.as_str()));
        if self.histories > 0 && settings.tree != Tree::Staged {
            self.formats.insert("git-history".to_owned(), self.coverage.commits);
        }
        self.bind_to_labels();
        self.sightings.sort_by(|a, b| (&a.location, &a.rule).cmp(&(&b.location, &b.rule)));
        self.coverage.roots.sort();
        self.coverage.roots.dedup();
        self.notices.extend(settings.elsewhere.iter().map(|message| limit("tree-config", None, message.clone())));
        self.notices.extend(
            settings.expired.iter().map(|message| {
                limit("expired-exception", None, format!("{message}; what it covered is reported again"))
            }),
        );
        if let Some(count) = self.coverage.skipped.get(&SkipReason::Excluded) {
            let message = format!(
                "{} by --exclude or the configuration",
                numbers::count(*count, "path is excluded", "paths are excluded")
            );
            self.notices.push(limit("excluded", None, message));
        }
        if !self.notices.iter().any(|n| n.code == "no-repository") {
            self.notices.extend(roots::nothing(settings, &self.coverage, self.histories > 0));
        }
        self.notices.sort();
        self.notices.dedup();
    }
}

impl Gathered {
    /// A weak value is bound to its path inside its top, and then to the name of the top when there are several: the second step
    /// is one that merging reports can take.
    fn bind_to_labels(&mut self) {
        let labels: BTreeSet<&str> = self.coverage.roots.iter().filter_map(|r| r.label.as_deref()).collect();
        if labels.is_empty() {
            return;
        }
        for s in self.sightings.iter_mut().filter(|s| s.location.container.is_none()) {
            let Some(of_value) = &s.unbound else { continue };
            let Some((label, inside)) = s.location.path.split_once('/').filter(|(l, _)| labels.contains(l)) else {
                continue;
            };
            let inner = bound_fingerprint(of_value, inside, s.key_name.as_deref().unwrap_or_default());
            s.fingerprint = Some(bound_fingerprint(&inner, label, ""));
        }
    }

    /// What stands in the files and in the history is one place, which knows since when.
    fn join_past(&mut self) {
        let mut here: HashMap<(String, u64), Vec<usize>> = HashMap::new();
        for (i, s) in self.sightings.iter().enumerate() {
            here.entry((s.location.file(), s.same)).or_default().push(i);
        }
        for past in std::mem::take(&mut self.past) {
            match here.get(&(past.location.file(), past.same)) {
                Some(now) => {
                    for i in now {
                        let place = &mut self.sightings[*i].location;
                        place.commit.clone_from(&past.location.commit);
                        place.time = past.location.time;
                        place.author.clone_from(&past.location.author);
                    }
                }
                None => self.sightings.push(past),
            }
        }
    }
}

/// What the settings decide on findings, for reports that are merged of this one.
fn gate(settings: &Settings) -> Gate {
    Gate {
        confidence: settings.confidence,
        severity: settings.severity,
        disabled: settings.disabled_rules.clone(),
        enabled: settings.enabled_rules.clone(),
    }
}

/// What one blob gave where it was met first.
struct Seeing {
    sightings: Vec<Sighting>,
    references: Vec<LocatedFact>,
}

fn build_report(
    settings: &Settings,
    engine: &Engine,
    (key, roots): (&roots::RunKey<'_>, &[roots::StartingPoint]),
    mut gathered: Gathered,
    progress: &Progress,
) -> Report {
    let interrupted = progress.stop.load(Ordering::Relaxed);
    gathered.coverage.interrupted = interrupted;
    if interrupted {
        gathered.notices.push(gap("interrupted", None, "the scan was stopped before its end".to_owned()));
    }
    let sightings = std::mem::take(&mut gathered.sightings);
    let fired: BTreeSet<&str> = sightings.iter().map(|s| s.rule.as_str()).collect();
    let infos: Vec<RuleInfo> = engine
        .rules()
        .iter()
        .filter(|r| fired.contains(r.id.as_ref()) || inventory::gives(&r.id))
        .map(Rule::info)
        .collect();
    let (mut inventory, mut unmerged) = inventory::build_whole(sightings, gathered.facts, infos);
    unmerged.gate = gate(settings);
    inventory.formats_read = gathered.formats;
    let policy = Decisions { settings, accepted: &gathered.accepted };
    let (members, repositories) = (settings.members.as_ref(), settings.repositories.as_ref());
    let context = assess::Context { as_of: settings.as_of, policy: &policy, members, repositories };
    let assessment = assess::assess(&mut inventory, &context);
    let later = engine.rules().iter().filter(|r| came_later(settings, r)).count() as u64;
    if later > 0 {
        let count = numbers::count(later, "rule that came later did", "rules that came later did");
        let message = format!("{count} not run, since the configuration says `rules-version`");
        gathered.notices.push(limit("rules-version", None, message));
    }
    let seen = (&inventory, &assessment.findings[..]);
    let told = |b| known::told(settings, b, (engine.rules(), roots), &gathered.notices, seen).ok();
    let stale = settings.baseline.as_ref().and_then(told).map_or(0, |gone| gone.entries.len() as u64);
    if stale > 0 {
        let count = numbers::count(stale, "entry of the baseline matches", "entries of the baseline match");
        let message = format!("{count} nothing any more; `keyroll baseline prune` takes them out");
        gathered.notices.push(limit("stale-baseline", None, message));
    }
    let findings = assessment.findings.into_iter().filter(|f| f.severity >= settings.severity).collect();
    let incomplete = interrupted
        || gathered.notices.iter().any(|n| n.kind == NoticeKind::Gap)
        || (settings.strict && !gathered.notices.is_empty());
    let mut headline = assessment.headline;
    headline.findings.retain(|severity, _| *severity >= settings.severity && *severity > Severity::Info);
    let (config, config_hash) = settings.config.clone().unzip();
    Report {
        schema: Report::SCHEMA.to_owned(),
        tool: ToolInfo {
            name: "keyroll".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config,
            config_hash,
        },
        key_id: key.made().map(FingerprintKey::id).unwrap_or_default(),
        key_source: key.made().map_or("unused", FingerprintKey::source).to_owned(),
        as_of: settings.as_of,
        as_of_source: settings.as_of_source.to_owned(),
        incomplete,
        coverage: gathered.coverage,
        headline,
        inventory,
        findings,
        risks: assessment.risks,
        score: assessment.score,
        notices: gathered.notices,
        parts: Vec::new(),
        unmerged: Some(unmerged),
    }
}

fn gap(code: &str, path: Option<String>, message: String) -> Notice {
    Notice { kind: NoticeKind::Gap, code: code.to_owned(), path, line: None, column: None, message }
}

fn limit(code: &str, path: Option<String>, message: String) -> Notice {
    Notice { kind: NoticeKind::Limit, ..gap(code, path, message) }
}

/// Ids of the offline proofs.
#[must_use]
pub fn validator_ids() -> Vec<&'static str> {
    crate::validate::VALIDATORS.iter().map(|v| v.id).collect()
}

/// One line on an offline proof.
#[must_use]
pub fn validator_about(id: &str) -> Option<&'static str> {
    crate::validate::find(id).map(|v| v.about)
}
