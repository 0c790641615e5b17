//! The command line, as clap types; nothing here does anything.

mod compare;

mod levels;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::collect::CollectArg;
pub use levels::{ConfidenceArg, SeverityArg};

pub use compare::{DiffArgs, DiffFormat};

/// Inventory of non-human identities and the exposure of their credentials.
#[derive(Debug, Parser)]
#[command(
    name = "keyroll",
    version,
    about = "Finds non-human identities and their exposed credentials, and scores them against the OWASP NHI Top 10",
    after_help = "`keyroll PATH` means `keyroll scan PATH`.\n\nExit codes: 0 clean, 1 findings at or over --fail-on, 2 wrong usage or configuration, 3 incomplete (something could not be read).",
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files: credentials, pipelines and exports below the paths
    #[command(visible_alias = "dir", alias = "fs", alias = "filesystem", alias = "path")]
    Scan(Box<ScanArgs>),
    /// Scan what is about to be committed, pushed or received: for git hooks and pre-commit
    #[command(alias = "protect")]
    Hook(Box<HookArgs>),
    /// Scan the commits of this CI run
    Ci(Box<CiArgs>),
    /// Findings that were known before, kept out of what fails a run
    Baseline {
        /// What about them.
        #[command(subcommand)]
        command: BaselineCommand,
    },
    /// Go through the findings one by one and keep what is false or accepted in the baseline
    Triage(Box<BaselineArgs>),
    /// Take over what other scanners were told
    Import {
        /// From which.
        #[command(subcommand)]
        command: ImportCommand,
    },
    /// Scan standard input
    Stdin(Box<ScanArgs>),
    /// Show JSON reports in another format, several as one
    Report(ReportArgs),
    /// What is new, rotated, gone, worse or better between two JSON reports
    Diff(DiffArgs),
    /// Say why each possible value of a file was or was not reported
    Explain(ExplainArgs),
    /// The rules that find credentials
    Rules {
        /// What about them.
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// The checks that assess the inventory
    Checks {
        /// What about them.
        #[command(subcommand)]
        command: ChecksCommand,
    },
    /// The pipelines and exports that are read
    Formats {
        /// What about them.
        #[command(subcommand)]
        command: FormatsCommand,
    },
    /// The configuration
    Config {
        /// What about it.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Completions, manual page and schemas
    Generate {
        /// What to write to standard output.
        #[command(subcommand)]
        command: GenerateCommand,
    },
}

/// Arguments of a scan.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files and directories; `-` is standard input
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    /// Outputs.
    pub output: OutputArgs,

    /// Read standard input instead of paths
    #[arg(long, help_heading = "Input")]
    pub stdin: bool,
    /// Leave out paths that match; without a slash at any depth
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    pub exclude: Vec<String>,
    /// Scan files that git ignores, too
    #[arg(long, help_heading = "Input")]
    pub no_gitignore: bool,
    /// Scan the working tree only
    #[arg(long, alias = "no-git", conflicts_with_all = ["history_only", "range", "since_commit", "branch"], help_heading = "Input")]
    pub no_history: bool,
    /// Scan the history only, not the working tree
    #[arg(long, help_heading = "Input")]
    pub history_only: bool,
    /// Scan only what is staged: the index against HEAD
    #[arg(long, conflicts_with_all = ["history_only", "range", "since_commit", "branch"], help_heading = "Input")]
    pub staged: bool,
    /// Scan only the history that this branch, tag or commit reaches; repeatable
    #[arg(long, value_name = "REF", conflicts_with = "range", help_heading = "Input")]
    pub branch: Vec<String>,
    /// Scan only what these commits brought in: A..B, or A.. for up to HEAD
    #[arg(long, value_name = "A..B", alias = "log-opts", allow_hyphen_values = true, help_heading = "Input")]
    pub range: Option<String>,
    /// Scan only what the commits after this one brought in
    #[arg(long, value_name = "REF", conflicts_with = "range", help_heading = "Input")]
    pub since_commit: Option<String>,
    /// Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub cache: Option<PathBuf>,
    /// Show the addresses of commits' authors in reports
    #[arg(long, help_heading = "Findings")]
    pub authors: bool,
    /// Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]
    #[arg(long, value_name = "MIB", alias = "max-target-megabytes", help_heading = "Input")]
    pub max_file_size: Option<u64>,
    /// Do not open archives
    #[arg(long, help_heading = "Input")]
    pub no_archives: bool,
    /// Decode base64, escapes and the like in the whole history, too: slower by half
    #[arg(long, help_heading = "Input")]
    pub decode_history: bool,
    /// Threads [default: one a core]
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        alias = "concurrency",
        help_heading = "Input"
    )]
    pub jobs: usize,

    /// Least confidence reported [default: medium]
    #[arg(long, value_name = "LEVEL", help_heading = "Findings")]
    pub confidence: Option<ConfidenceArg>,
    /// Least severity reported [default: low]
    #[arg(long, value_name = "LEVEL", help_heading = "Findings")]
    pub severity: Option<SeverityArg>,
    /// Severity from which the exit code is 1 [default: medium]
    #[arg(long, value_name = "LEVEL", help_heading = "Findings")]
    pub fail_on: Option<SeverityArg>,
    /// Exit code for findings
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Findings")]
    pub exit_code: u8,
    /// Exit 0 in spite of findings
    #[arg(long, help_heading = "Findings")]
    pub exit_zero: bool,
    /// Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3
    #[arg(long, help_heading = "Findings")]
    pub strict: bool,
    /// Report what comments suppress, too
    #[arg(long, alias = "no-ignore", alias = "ignore-gitleaks-allow", help_heading = "Findings")]
    pub no_inline_ignores: bool,
    /// Date that ages are measured against [default: today]
    #[arg(long, value_name = "DATE", help_heading = "Findings")]
    pub as_of: Option<String>,
    #[command(flatten)]
    /// What there is now.
    pub lists: ListArgs,
    /// Show whole secrets in the outputs; never use it where logs are kept
    #[arg(long, help_heading = "Findings")]
    pub show_secrets: bool,

    /// More rules: a folder or file of YAML
    #[arg(long, value_name = "DIR", help_heading = "Rules")]
    pub rules: Vec<PathBuf>,
    /// Run only these rules and checks
    #[arg(long, value_name = "ID", help_heading = "Rules")]
    pub enable_rule: Vec<String>,
    /// Do not run these rules and checks
    #[arg(long, value_name = "ID", help_heading = "Rules")]
    pub disable_rule: Vec<String>,

    /// Configuration [default: .keyroll.yml at the top of the current repository]
    #[arg(short, long, value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config", alias = "isolated", help_heading = "Configuration")]
    pub no_config: bool,
    /// Believe the configuration of the scanned repository, which else may only demand more
    #[arg(long, conflicts_with_all = ["config", "no_config"], help_heading = "Configuration")]
    pub trust_config: bool,
    /// Findings that were known before [default: the one that the configuration names]
    #[arg(short, long, value_name = "FILE", alias = "baseline-path", help_heading = "Configuration")]
    pub baseline: Option<PathBuf>,
    /// Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub key_file: Option<PathBuf>,

    /// Accepted for old habits: outputs are always redacted
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "100")]
    pub redact: Option<String>,
    /// Accepted for old habits
    #[arg(long, hide = true)]
    pub no_banner: bool,
}

/// Arguments of `hook`.
#[derive(Debug, Args)]
pub struct HookArgs {
    /// Staged files to scan, as pre-commit names them [default: all]; for commit-msg the file of the message
    pub files: Vec<PathBuf>,
    /// Which hook this is
    #[arg(long, value_enum, default_value_t = HookType::PreCommit)]
    pub hook_type: HookType,
    /// Write the hook into this repository
    #[arg(long, conflicts_with = "uninstall")]
    pub install: bool,
    /// Take the hook out of this repository
    #[arg(long)]
    pub uninstall: bool,
    /// Replace a hook that keyroll did not write
    #[arg(long, requires = "install")]
    pub force: bool,
    #[command(flatten)]
    /// Outputs.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What decides on findings.
    pub gate: GateArgs,
    /// Accepted for old habits: the index is always what is scanned
    #[arg(long, hide = true, alias = "pre-commit")]
    pub staged: bool,
    /// Accepted for old habits
    #[arg(long, hide = true)]
    pub no_banner: bool,
    /// Accepted for old habits: outputs are always redacted
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "100")]
    pub redact: Option<String>,
}

/// Hooks that git has (<https://git-scm.com/docs/githooks>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HookType {
    /// What is staged.
    PreCommit,
    /// The message of a commit.
    CommitMsg,
    /// Commits that a push sends; reads git's lines from standard input.
    PrePush,
    /// Commits that a push brings to a server; reads git's lines from standard input.
    PreReceive,
}

/// Arguments of `ci`.
#[derive(Debug, Args)]
pub struct CiArgs {
    /// Repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Where the change starts, instead of what the CI provider says
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Where it ends
    #[arg(long, value_name = "REF")]
    pub head: Option<String>,
    /// Fail when the change adds comments, entries or baseline lines that suppress findings
    #[arg(long)]
    pub no_new_suppressions: bool,
    #[command(flatten)]
    /// What there is now.
    pub lists: ListArgs,
    #[command(flatten)]
    /// Outputs.
    pub output: OutputArgs,
    #[command(flatten)]
    /// What decides on findings.
    pub gate: GateArgs,
}

/// Commands about baselines.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Scan everything and write what is found now as known
    Create(Box<BaselineArgs>),
    /// Scan everything and take out what is not found any more
    Prune(Box<BaselineArgs>),
}

/// Arguments of commands that write a baseline.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// Repository or directory
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Add to a baseline that is there already; what somebody said of its entries stays
    #[arg(long)]
    pub force: bool,
    /// Leave the history out
    #[arg(long)]
    pub no_history: bool,
    #[command(flatten)]
    /// What there is now.
    pub lists: ListArgs,
    #[command(flatten)]
    /// What decides on findings.
    pub gate: GateArgs,
}

/// Commands that read what other scanners were told.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A .gitleaks.toml as configuration on standard output, a .gitleaksignore into the baseline
    Gitleaks(ImportArgs),
    /// A .secrets.baseline into the baseline
    DetectSecrets(ImportArgs),
}

/// Arguments of imports.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file
    pub file: PathBuf,
    #[command(flatten)]
    /// What decides on findings.
    pub gate: GateArgs,
}

/// What decides on findings, for commands that choose what is scanned themselves.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// Least confidence reported [default: medium]
    #[arg(long, value_name = "LEVEL", help_heading = "Findings")]
    pub confidence: Option<ConfidenceArg>,
    /// Severity from which the exit code is 1 [default: medium]
    #[arg(long, value_name = "LEVEL", help_heading = "Findings")]
    pub fail_on: Option<SeverityArg>,
    /// Exit code for findings
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Findings")]
    pub exit_code: u8,
    /// Exit 0 in spite of findings
    #[arg(long, help_heading = "Findings")]
    pub exit_zero: bool,
    /// Configuration [default: .keyroll.yml at the top of the current repository]
    #[arg(short, long, value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config", help_heading = "Configuration")]
    pub no_config: bool,
    /// Findings that were known before [default: the one that the configuration names]
    #[arg(short, long, value_name = "FILE", alias = "baseline-path", help_heading = "Configuration")]
    pub baseline: Option<PathBuf>,
    /// Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub key_file: Option<PathBuf>,
    /// Date that ages are measured against [default: today]
    #[arg(long, value_name = "DATE", help_heading = "Findings")]
    pub as_of: Option<String>,
    /// Show whole secrets in the outputs; never use it where logs are kept
    #[arg(long, help_heading = "Findings")]
    pub show_secrets: bool,
}

/// Lists of what an organisation has now.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub members: Option<PathBuf>,
    /// Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub repos: Option<PathBuf>,
}

/// Where and how to write.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Output format, and file if not standard output; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", alias = "report-format", help_heading = "Output")]
    pub format: Vec<String>,
    /// File for the format that names none
    #[arg(short, long, value_name = "FILE", alias = "report-path", short_alias = 'r', help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Write suppressed results into SARIF, too
    #[arg(long, help_heading = "Output")]
    pub sarif_suppressed: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Show every location and notice
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: bool,
    /// No colours; NO_COLOR does the same
    #[arg(long, help_heading = "Output")]
    pub no_color: bool,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Reports of `-f json`; several are merged, and `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    /// Outputs.
    pub output: OutputArgs,
    /// Severity from which the exit code is 1 [default: medium]
    #[arg(long, value_name = "LEVEL")]
    pub fail_on: Option<SeverityArg>,
    /// Exit 0 in spite of findings
    #[arg(long)]
    pub exit_zero: bool,
    /// Judge anew under this configuration; merged reports are judged under .keyroll.yml at the top of this repository
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    #[command(flatten)]
    /// What there is now, to judge anew with.
    pub lists: ListArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Files, or files and lines as PATH:LINE
    #[arg(required = true, value_name = "PLACE")]
    pub places: Vec<OsString>,
    /// Configuration file instead of .keyroll.yml at the top of this repository
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// More rules: a folder or file of YAML
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

/// Commands about rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List the rules by provider
    List {
        /// More rules: a folder or file of YAML
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Explain one rule
    Explain {
        /// Its id
        id: String,
        /// More rules: a folder or file of YAML
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Check rules and their examples: a folder or file, or the rules compiled in
    Check {
        /// Folder or file of YAML
        path: Option<PathBuf>,
    },
    /// Write the beginnings of a rule
    New {
        /// Its id, starting with the provider: acme-api-key
        id: String,
        /// Provider [default: the id up to its first dash]
        #[arg(long)]
        provider: Option<String>,
        /// Folder that holds the provider's file
        #[arg(long, value_name = "DIR", default_value = "rules")]
        dir: PathBuf,
    },
}

/// Commands about checks.
#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// List the checks by risk
    List,
    /// Explain one check
    Explain {
        /// Its id
        id: String,
    },
}

/// Commands about formats.
#[derive(Debug, Subcommand)]
pub enum FormatsCommand {
    /// List the formats and the commands that produce exports
    List,
    /// Print a shell script that collects the exports of a provider, with commands that only read
    Script {
        /// The provider
        provider: CollectArg,
    },
}

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show which configuration is used here
    Show,
    /// Check a configuration
    Check {
        /// The file [default: the one used here]
        file: Option<PathBuf>,
    },
    /// Write a configuration with every key explained
    Init {
        /// Write it to standard output
        #[arg(long)]
        print: bool,
    },
}

/// What can be generated.
#[derive(Debug, Subcommand)]
pub enum GenerateCommand {
    /// Shell completions
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page
    Man,
    /// What the trainer of the ranker reads of every file below a directory, one JSON object a file
    Candidates {
        /// The directory
        #[arg(required_unless_present = "names")]
        path: Option<PathBuf>,
        /// Only the names of the numbers, in their order
        #[arg(long)]
        names: bool,
    },
    /// A JSON Schema
    Schema {
        /// Which
        #[arg(default_value = "report")]
        which: SchemaArg,
    },
    /// The reference page of rules, checks or formats, in Markdown
    Docs {
        /// Which
        which: DocsArg,
    },
}

/// Schemas.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SchemaArg {
    /// The JSON report.
    Report,
    /// Rule files.
    Rules,
}

/// Reference pages.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DocsArg {
    /// Every rule.
    Rules,
    /// Every check.
    Checks,
    /// Every format.
    Formats,
}
