//! From flags, environment and configuration to settings.

mod effective;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::args::{ConfigCommand, ExplainArgs, GateArgs, ListArgs, ReportArgs, ScanArgs};
use super::{Exit, print};
use crate::config::baseline::Baseline;
use crate::config::policy::{self, Policy};
use crate::config::{self, Allowlist, Commits, Config, GitNames, Settings, Tree};
use crate::model::{Confidence, FingerprintKey, Members, Repositories, Severity, parse_instant};
use crate::text::encoding::unmarked;

/// The settings of a scan. Flags win over the configuration, which wins over the defaults.
pub fn from_args(args: &ScanArgs, stdin: bool) -> anyhow::Result<Settings> {
    let own = load(args.config.as_deref(), args.no_config)?;
    let (config, strange) = elsewhere(args, own)?;
    let (as_of, as_of_source) = as_of(args.as_of.as_deref())?;
    let mut expired = Vec::new();
    let excludes = config::excludes(&config, &args.exclude, as_of, &mut expired)?;
    let allow = Allowlist::new(&config, as_of, &mut expired)?;
    let file = &config.file;
    let rule_dirs = rule_dirs(&config, &args.rules)?;
    let disabled_rules = file.rules.disable.iter().chain(&args.disable_rule).cloned().collect();
    let baseline = baseline(args.baseline.as_deref(), &config)?;
    let explicit = args.key_file.is_some() || environment("KEYROLL_KEY").is_some();
    let size = args.max_file_size.or(file.max_file_size).unwrap_or(64);
    let mut settings = Settings {
        paths: args.paths.clone(),
        stdin,
        jobs: args.jobs,
        gitignore: !args.no_gitignore,
        inline_ignores: !args.no_inline_ignores,
        strict: args.strict,
        tree: tree(args),
        only: Vec::new(),
        commits: commits(args)?,
        authors: args.authors,
        git: GitNames::default(),
        object_dirs: Vec::new(),
        given: None,
        show_secrets: args.show_secrets,
        excludes,
        max_file_size: size.saturating_mul(1 << 20),
        decode_history: args.decode_history,
        archives: !args.no_archives && file.archives.unwrap_or(true),
        confidence: args.confidence.map(Into::into).or(file.confidence).unwrap_or(Confidence::Medium),
        severity: args.severity.map(Into::into).or(file.severity).unwrap_or(Severity::Low),
        fail_on: policy::fail_on(&config, args.fail_on.map(Into::into))?,
        policy: Policy::new(&config, as_of)?,
        disabled_rules,
        enabled_rules: args.enable_rule.clone(),
        rule_dirs,
        rule_files: Vec::new(),
        as_of,
        as_of_source,
        key: key_with(&baseline, configured_key(args.key_file.as_deref(), &config)?, explicit)?,
        allow,
        rules_version: file.rules_version.clone(),
        cache: cache(args.cache.as_deref()),
        members: members(&args.lists)?,
        repositories: repositories(&args.lists)?,
        baseline,
        config: config.path.as_ref().map(|p| (shown(p), config.hash.clone().unwrap_or_default())),
        expired,
        elsewhere: Vec::new(),
    };
    for path in strange {
        tighten(&mut settings, &path);
    }
    Ok(settings)
}

/// The configuration to go by, and those of scanned trees that are strangers': all but the invoker's own, unless they are
/// believed and there is one alone.
fn elsewhere(args: &ScanArgs, own: Config) -> anyhow::Result<(Config, Vec<PathBuf>)> {
    if args.no_config || args.stdin {
        return Ok((own, Vec::new()));
    }
    let known = own.path.as_deref().and_then(|path| path.canonicalize().ok());
    let top = |path: &Path| {
        let path = path.canonicalize().ok()?;
        let top = path.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(&path).join(config::FILE_NAME);
        top.is_file().then_some(top)
    };
    let mut strange: Vec<PathBuf> = args.paths.iter().filter_map(|path| top(path)).collect();
    strange.retain(|path| Some(path) != known.as_ref());
    strange.sort();
    strange.dedup();
    if !args.trust_config {
        return Ok((own, strange));
    }
    match (strange.as_slice(), &own.path) {
        ([], _) => Ok((own, strange)),
        ([one], None) => Ok((Config::load(one)?, Vec::new())),
        ([one, ..], _) => {
            bail!("--trust-config: {} is not the only configuration here; name the one to go by with -c", shown(one))
        }
    }
}

/// Takes on what the configuration of a scanned tree demands beyond the settings. What it accepts, leaves out or turns off is
/// left aside: whoever wrote it did not start this scan.
fn tighten(settings: &mut Settings, path: &Path) {
    let name = shown(path);
    let read = Config::load(path)
        .and_then(|config| Ok((Policy::new(&config, settings.as_of)?, policy::fail_on(&config, None)?, config)));
    let (policy, fail_on, config) = match read {
        Ok(read) => read,
        Err(error) => return settings.elsewhere.push(format!("{name} is left aside: {error}")),
    };
    let file = &config.file;
    settings.policy.tighten(&policy);
    if file.fail_on.is_some() || !file.fail_on_risk.is_empty() {
        settings.fail_on = settings.fail_on.stricter(&fail_on);
    }
    settings.confidence = settings.confidence.min(file.confidence.unwrap_or(settings.confidence));
    settings.severity = settings.severity.min(file.severity.unwrap_or(settings.severity));
    settings.max_file_size = settings.max_file_size.max(file.max_file_size.unwrap_or(0).saturating_mul(1 << 20));
    let aside = [
        (file.exclude.len(), "exclude"),
        (file.allow.len(), "allow"),
        (file.exceptions.len(), "exceptions"),
        (file.policy.allow_static.len(), "policy.allow-static"),
        (file.rules.disable.len(), "rules.disable"),
        (file.rules.dirs.len(), "rules.dirs"),
        (usize::from(file.baseline.is_some()), "baseline"),
        (usize::from(file.rules_version.is_some()), "rules-version"),
    ];
    let aside: Vec<&str> = aside.iter().filter(|(count, _)| *count > 0).map(|(_, key)| *key).collect();
    if !aside.is_empty() {
        let keys = aside.join(", ");
        settings.elsewhere.push(format!("{name} was not believed about {keys}; --trust-config goes by it"));
    }
}

/// The settings of commands that choose themselves what is scanned, which the caller then says.
pub fn from_gate(gate: &GateArgs) -> anyhow::Result<Settings> {
    from_gate_with(gate, load(gate.config.as_deref(), gate.no_config)?)
}

/// The same for a repository whose git directory lies apart: its configuration is looked for at the top of its working tree.
pub fn from_gate_at(gate: &GateArgs, top: &Path) -> anyhow::Result<Settings> {
    let path = top.join(config::FILE_NAME);
    if gate.config.is_some() || gate.no_config || !path.is_file() {
        return from_gate(gate);
    }
    from_gate_with(gate, Config::load(&path)?)
}

/// The same under a baseline that may not be written yet.
pub fn from_gate_under(gate: &GateArgs, baseline: &Baseline) -> anyhow::Result<Settings> {
    let config = load(gate.config.as_deref(), gate.no_config)?;
    let configured = configured_key(gate.key_file.as_deref(), &config)?;
    let known = Some(baseline.clone());
    let key = key_with(&known, configured, has_key(gate))?;
    Ok(Settings { key, baseline: known, ..settings_of(gate, &config, None)? })
}

/// Where the configuration says that the baseline lies.
pub fn configured_baseline(gate: &GateArgs) -> anyhow::Result<Option<PathBuf>> {
    let config = load(gate.config.as_deref(), gate.no_config)?;
    let base = config.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    Ok(config.file.baseline.as_ref().map(|b| base.join(b)))
}

/// The key that was given by name, if one was.
pub fn explicit_key(gate: &GateArgs) -> anyhow::Result<Option<FingerprintKey>> {
    if has_key(gate) { configured_key(gate.key_file.as_deref(), &Config::default()) } else { Ok(None) }
}

/// The same under a configuration that was read elsewhere.
pub fn from_gate_with(gate: &GateArgs, config: Config) -> anyhow::Result<Settings> {
    settings_of(gate, &config, baseline(gate.baseline.as_deref(), &config)?)
}

/// The same under a configuration of an earlier commit: the files that it names are read from there, by `at`, which gives the
/// files at a path with their names. What flags name is the invoker's and read as always.
pub fn from_gate_before(gate: &GateArgs, mut config: Config, at: FilesAt<'_>) -> anyhow::Result<Settings> {
    let known = match (&gate.baseline, &config.file.baseline) {
        (None, Some(path)) => {
            let then = at(path).and_then(|files| files.into_iter().next());
            then.map(|(_, bytes)| Baseline::parse(&String::from_utf8_lossy(&bytes), path)).transpose()?
        }
        _ => baseline(gate.baseline.as_deref(), &config)?,
    };
    let (mut rule_files, mut elsewhere) = (Vec::new(), Vec::new());
    for dir in std::mem::take(&mut config.file.rules.dirs) {
        match at(&dir) {
            Some(files) => rule_files.extend(files),
            // What lies in another place than the repository is none of the change's.
            None if !dir.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) => {
                elsewhere.push(dir);
            }
            None => bail!("rules.dirs: {} is not in the commit that the change starts from", shown(&dir)),
        }
    }
    config.file.rules.dirs = elsewhere;
    Ok(Settings { rule_files, ..settings_of(gate, &config, known)? })
}

/// Reads the files at a path, with their names.
pub type FilesAt<'a> = &'a dyn Fn(&Path) -> Option<Vec<(PathBuf, Vec<u8>)>>;

fn settings_of(gate: &GateArgs, config: &Config, baseline: Option<Baseline>) -> anyhow::Result<Settings> {
    let (as_of, as_of_source) = as_of(gate.as_of.as_deref())?;
    let configured = configured_key(gate.key_file.as_deref(), config)?;
    let mut expired = Vec::new();
    let file = &config.file;
    Ok(Settings {
        excludes: config::excludes(config, &[], as_of, &mut expired)?,
        allow: Allowlist::new(config, as_of, &mut expired)?,
        max_file_size: file.max_file_size.unwrap_or(64).saturating_mul(1 << 20),
        archives: file.archives.unwrap_or(true),
        confidence: gate.confidence.map(Into::into).or(file.confidence).unwrap_or(Confidence::Medium),
        severity: file.severity.unwrap_or(Severity::Low),
        fail_on: policy::fail_on(config, gate.fail_on.map(Into::into))?,
        policy: Policy::new(config, as_of)?,
        disabled_rules: file.rules.disable.clone(),
        key: key_with(&baseline, configured, has_key(gate))?,
        rules_version: file.rules_version.clone(),
        baseline,
        config: config.path.as_ref().map(|p| (shown(p), config.hash.clone().unwrap_or_default())),
        show_secrets: gate.show_secrets,
        jobs: 0,
        as_of,
        as_of_source,
        expired,
        ..plain(&rule_dirs(config, &[])?)?
    })
}

/// The time that ages are measured against.
fn as_of(flag: Option<&str>) -> anyhow::Result<(Timestamp, &'static str)> {
    Ok(match flag {
        Some(text) => {
            (parse_instant(text).with_context(|| format!("--as-of {text}: no date; write 2027-01-31"))?, "flag")
        }
        None => (today()?, "today"),
    })
}

/// The settings of `keyroll explain`: what a scan under this configuration would go by.
pub fn for_explain(args: &ExplainArgs) -> anyhow::Result<Settings> {
    let config = load(args.config.as_deref(), args.no_config)?;
    let mut expired = Vec::new();
    let as_of = today()?;
    let file = &config.file;
    Ok(Settings {
        excludes: config::excludes(&config, &[], as_of, &mut expired)?,
        confidence: file.confidence.unwrap_or(Confidence::Medium),
        disabled_rules: file.rules.disable.clone(),
        key: configured_key(None, &config)?,
        allow: Allowlist::new(&config, as_of, &mut expired)?,
        ..plain(&rule_dirs(&config, &args.rules)?)?
    })
}

/// Which files the flags ask for.
fn tree(args: &ScanArgs) -> Tree {
    let history = args.history_only || args.range.is_some() || args.since_commit.is_some() || !args.branch.is_empty();
    match (args.staged, history) {
        (true, _) => Tree::Staged,
        (_, true) => Tree::None,
        _ => Tree::Work,
    }
}

/// Which commits the flags ask for.
fn commits(args: &ScanArgs) -> anyhow::Result<Commits> {
    let head = || vec!["HEAD".to_owned()];
    if args.no_history || args.staged || args.stdin {
        return Ok(Commits::None);
    }
    if let Some(range) = &args.range {
        return parse_range(range);
    }
    let include = if args.branch.is_empty() { head() } else { args.branch.clone() };
    Ok(match &args.since_commit {
        Some(since) => Commits::Some { include, exclude: vec![since.clone()], known: Vec::new() },
        None if args.branch.is_empty() => Commits::All,
        None => Commits::Some { include, exclude: Vec::new(), known: Vec::new() },
    })
}

/// `A..B`, `A..`, `..B`, `A` (everything that A reaches), `--all`, and `^A B`, which other scanners hand on to git.
pub(super) fn parse_range(text: &str) -> anyhow::Result<Commits> {
    let (mut include, mut exclude) = (Vec::new(), Vec::new());
    let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
    for word in text.split_whitespace() {
        if word == "--all" {
            return Ok(Commits::All);
        } else if word.starts_with('-') || word.contains("...") {
            bail!("`{word}` is no range: write A..B, which is what B has and A has not");
        } else if let Some((from, to)) = word.split_once("..") {
            exclude.push(or_head(from));
            include.push(or_head(to));
        } else if let Some(from) = word.strip_prefix('^') {
            exclude.push(from.to_owned());
        } else {
            include.push(word.to_owned());
        }
    }
    if include.is_empty() {
        include.push("HEAD".to_owned());
    }
    Ok(Commits::Some { include, exclude, known: Vec::new() })
}

/// The folders that a configuration names, relative to itself, and further ones.
fn rule_dirs(config: &Config, more: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let base = config.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let named: Vec<PathBuf> = config.file.rules.dirs.iter().map(|dir| base.join(dir)).collect();
    if let Some(dir) = named.iter().find(|dir| !dir.exists()) {
        bail!("{}: rules.dirs: {}: no such file or directory", named_by(config), shown(dir));
    }
    if let Some(dir) = more.iter().find(|dir| !dir.exists()) {
        bail!("--rules {}: no such file or directory", shown(dir));
    }
    Ok(named.into_iter().chain(more.iter().cloned()).collect())
}

/// What a message calls the configuration.
fn named_by(config: &Config) -> String {
    config.path.as_deref().map_or_else(|| config::FILE_NAME.to_owned(), shown)
}

/// Settings for commands that only need rules.
pub fn plain(rules: &[PathBuf]) -> anyhow::Result<Settings> {
    Ok(Settings {
        paths: Vec::new(),
        stdin: false,
        jobs: 1,
        gitignore: true,
        inline_ignores: true,
        strict: false,
        tree: Tree::Work,
        only: Vec::new(),
        commits: Commits::None,
        authors: false,
        git: GitNames::default(),
        object_dirs: Vec::new(),
        given: None,
        show_secrets: false,
        excludes: globset::GlobSet::empty(),
        max_file_size: 64 << 20,
        archives: true,
        decode_history: false,
        confidence: Confidence::Medium,
        severity: Severity::Low,
        fail_on: Severity::Medium.into(),
        policy: Policy::default(),
        disabled_rules: Vec::new(),
        enabled_rules: Vec::new(),
        rule_dirs: rules.to_vec(),
        rule_files: Vec::new(),
        as_of: today()?,
        as_of_source: "today",
        key: None,
        allow: Allowlist::default(),
        cache: None,
        members: None,
        repositories: None,
        baseline: None,
        rules_version: None,
        config: None,
        expired: Vec::new(),
        elsewhere: Vec::new(),
    })
}

/// The settings to judge reports under; `None` for one report that is only to be shown in another format, which keeps the verdict
/// of its own configuration.
pub fn of_report(args: &ReportArgs) -> anyhow::Result<Option<Settings>> {
    let config = load(args.config.as_deref(), args.no_config)?;
    let asked = args.config.is_some() || args.lists.members.is_some() || args.lists.repos.is_some();
    if !asked && (args.files.len() < 2 || config.path.is_none()) {
        return Ok(None);
    }
    let mut settings = plain(&[])?;
    settings.policy = Policy::new(&config, settings.as_of)?;
    settings.fail_on = policy::fail_on(&config, args.fail_on.map(Into::into))?;
    // What a report leaves out cannot come back, so that these can only narrow it.
    settings.confidence = config.file.confidence.unwrap_or(Confidence::Low);
    settings.severity = config.file.severity.unwrap_or(Severity::Info);
    settings.disabled_rules.clone_from(&config.file.rules.disable);
    settings.members = members(&args.lists)?;
    settings.repositories = repositories(&args.lists)?;
    settings.config = config.path.as_ref().map(|p| (shown(p), config.hash.clone().unwrap_or_default()));
    Ok(Some(settings))
}

/// Now, cut to the UTC day, so that two runs of one day agree.
fn today() -> anyhow::Result<Timestamp> {
    let now = Timestamp::now().as_second();
    Ok(Timestamp::from_second(now - now.rem_euclid(86_400))?)
}

/// First of `--key-file`, `KEYROLL_KEY`, the configuration; the scan derives one otherwise.
fn configured_key(file: Option<&Path>, config: &Config) -> anyhow::Result<Option<FingerprintKey>> {
    let checked = |material: &[u8], source: &'static str, place: &str| {
        let material = material.trim_ascii();
        if material.len() < 16 {
            bail!("{place}: the fingerprint key is shorter than 16 bytes: make one with `openssl rand -hex 32`");
        }
        Ok(Some(FingerprintKey::new(material, source, false)))
    };
    if let Some(path) = file {
        let place = format!("--key-file {}", path.display());
        return checked(&std::fs::read(path).with_context(|| place.clone())?, "key-file", &place);
    }
    if let Some(value) = environment("KEYROLL_KEY") {
        return checked(value.as_bytes(), "environment", "KEYROLL_KEY");
    }
    match &config.file.fingerprint_key {
        Some(text) => checked(text.as_bytes(), "config", &format!("{}: fingerprint-key", named_by(config))),
        None => Ok(None),
    }
}

/// The members that a file names.
pub fn members(lists: &ListArgs) -> anyhow::Result<Option<Members>> {
    lists.members.as_deref().map(|path| list("--members", path, Members::parse)).transpose()
}

/// The repositories that a file names.
pub fn repositories(lists: &ListArgs) -> anyhow::Result<Option<Repositories>> {
    lists.repos.as_deref().map(|path| list("--repos", path, Repositories::parse)).transpose()
}

/// What the file of a flag holds.
fn list<T>(flag: &str, path: &Path, parse: fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
    let name = || format!("{flag} {}", shown(path));
    let bytes = std::fs::read(path).with_context(name)?;
    let text = String::from_utf8(unmarked(&bytes).into_owned()).with_context(name)?;
    parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", name()))
}

/// Where histories are remembered: by flag, else by the variable `KEYROLL_CACHE`.
fn cache(flag: Option<&Path>) -> Option<PathBuf> {
    flag.map(Path::to_owned).or_else(|| environment("KEYROLL_CACHE").map(PathBuf::from))
}

/// The baseline of a flag, else of the configuration; one that is named has to be there.
fn baseline(flag: Option<&Path>, config: &Config) -> anyhow::Result<Option<Baseline>> {
    let base = config.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let path = flag.map(Path::to_owned).or_else(|| config.file.baseline.as_ref().map(|b| base.join(b)));
    let by = || match flag {
        Some(_) => "--baseline".to_owned(),
        None => format!("{}: baseline", named_by(config)),
    };
    path.map(|path| Baseline::load(&path).with_context(by)).transpose()
}

/// The key of a run with a baseline: the baseline's own, unless another one was given by name.
fn key_with(
    baseline: &Option<Baseline>,
    configured: Option<FingerprintKey>,
    explicit: bool,
) -> anyhow::Result<Option<FingerprintKey>> {
    let Some(baseline) = baseline else { return Ok(configured) };
    let key = if explicit { configured } else { baseline.own_key().or(configured) };
    match &key {
        Some(key) if key.id() != baseline.key_id => bail!(
            "{}: its fingerprints were made with the key {}, and this run would make them with {} ({}): nothing would match",
            shown(&baseline.path),
            baseline.key_id,
            key.id(),
            key.source()
        ),
        None => bail!(
            "{}: its fingerprints were made with the key {}, which is not here: give it with --key-file or KEYROLL_KEY",
            shown(&baseline.path),
            baseline.key_id
        ),
        _ => Ok(key),
    }
}

/// Whether a key was given by name.
fn has_key(gate: &GateArgs) -> bool {
    gate.key_file.is_some() || environment("KEYROLL_KEY").is_some()
}

/// A variable of the environment, when it is set and not empty.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn load(flag: Option<&Path>, none: bool) -> anyhow::Result<Config> {
    match (flag, none) {
        (_, true) => Ok(Config::default()),
        (Some(path), _) => Ok(Config::load(path)?),
        (None, _) => match found() {
            Some(path) => Ok(Config::load(&path)?),
            None => Ok(Config::default()),
        },
    }
}

/// The configuration at the top of the repository that holds the current directory.
fn found() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let top = here.ancestors().find(|d| d.join(".git").exists())?;
    Some(top.join(config::FILE_NAME)).filter(|p| p.is_file())
}

/// A path as reports show it: relative to the current directory where it can be.
pub fn shown(path: &Path) -> String {
    let relative = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    relative.unwrap_or_else(|| path.to_owned()).display().to_string().replace('\\', "/")
}

/// `keyroll config …`.
pub fn command(command: ConfigCommand) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Init { print: true } => print(config::TEMPLATE),
        ConfigCommand::Init { print: false } => {
            let here = std::env::current_dir()?;
            let top = here.ancestors().find(|d| d.join(".git").exists()).unwrap_or(&here).to_owned();
            let path = top.join(config::FILE_NAME);
            if path.exists() {
                bail!("{} is there already; `keyroll config init --print` shows the template", shown(&path));
            }
            std::fs::write(&path, config::TEMPLATE).with_context(|| path.display().to_string())?;
            print(&format!("wrote {}\n", shown(&path)))
        }
        ConfigCommand::Check { file } => {
            let path = file.or_else(found).context("no configuration here; `keyroll config init` writes one")?;
            let config = Config::load(&path)?;
            let mut expired = Vec::new();
            let as_of = today()?;
            config::excludes(&config, &[], as_of, &mut expired)?;
            let allow = Allowlist::new(&config, as_of, &mut expired)?;
            policy::fail_on(&config, None)?;
            let policy = Policy::new(&config, as_of)?;
            expired
                .extend(policy.lapsed().iter().map(|e| format!("{} ({}) ran out on {}", e.entry, e.reason, e.expires)));
            let mut settings = plain(&rule_dirs(&config, &[])?)?;
            settings.disabled_rules.clone_from(&config.file.rules.disable);
            settings.allow = allow;
            settings.policy = policy;
            crate::scan::engine(&settings)?;
            let mut text = format!("{} is valid\n", shown(&path));
            for entry in expired {
                text.push_str(&format!("expired: {}\n", crate::text::escape::terminal(&entry)));
            }
            print(&text)
        }
        ConfigCommand::Show => match found() {
            None => {
                let head = "# no .keyroll.yml at the top of this repository: the defaults hold\n".to_owned();
                print(&(head + &effective::effective(&Config::default())?))
            }
            Some(path) => {
                let config = Config::load(&path)?;
                let head = format!("# {} (sha256 {})\n", shown(&path), config.hash.as_deref().unwrap_or_default());
                print(&(head + &effective::effective(&config)?))
            }
        },
    }
}
