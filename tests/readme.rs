//! README shows what keyroll really writes, and the pages beside it name only what there is.
//!
//! A block of the kind `console` holds commands after `$ ` and what they write. Each is run by a shell in the repository
//! of the demonstration, in order, and its standard output compared; in `docs/incidents.md` the kind names the incident and the
//! state too, `console plugin before`. `UPDATE=1 cargo test --test readme` rewrites the outputs; read the difference. `DEMO=DIR cargo test --test readme demo` leaves the demonstration in DIR.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/demo.rs"]
mod demo;
#[path = "common/fixture.rs"]
mod fixture;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _};
use keyroll::cli::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages written by hand: those at the top and those of `docs/`, by path and text.
fn pages() -> Vec<(String, String)> {
    let top = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> =
        top.into_iter().chain(docs).filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    all.sort();
    all.into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap().replace("\r\n", "\n"))
        })
        .filter(|(_, text)| !text.contains("<!-- generated:"))
        .collect()
}

/// A fenced block: its kind, the number of its first line within, and its lines.
struct Block {
    kind: String,
    first: usize,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        assert!(fence.is_some() || !line.contains("```"), "a fence that does not begin its line: {line}");
        match (fence, open) {
            (Some(kind), false) => {
                open = true;
                all.push(Block { kind: kind.trim().to_owned(), first: number + 1, lines: Vec::new() });
            }
            (Some(_), true) => open = false,
            (None, true) => all.last_mut().unwrap().lines.push(line.to_owned()),
            (None, false) => {}
        }
    }
    assert!(!open, "a fence is not closed");
    all
}

/// Code between single backquotes, outside of fenced blocks. A span may run over a line's end.
fn spans(text: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut open = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            open = !open;
        } else if !open {
            prose.push_str(line.trim());
            prose.push(if line.trim().is_empty() { '\n' } else { ' ' });
        }
    }
    prose.lines().flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The words of a command line up to the first pipe, redirection or comment, without their quotes.
fn words(line: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let (mut word, mut quote, mut inside) = (String::new(), None, false);
    for c in line.chars().chain([' ']) {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => (quote, inside) = (Some(c), true),
            ('|' | '>' | '<' | ';' | '&', None) => {
                // The number of `2>` belongs to the redirection.
                if inside && !word.bytes().all(|b| b.is_ascii_digit()) {
                    all.push(word);
                }
                break;
            }
            ('#', None) if !inside => break,
            (c, None) if c.is_whitespace() => {
                if inside {
                    all.push(std::mem::take(&mut word));
                }
                inside = false;
            }
            (c, _) => {
                word.push(c);
                inside = true;
            }
        }
    }
    all
}

/// Command lines of keyroll in a page: in blocks of commands and of pipelines, in spans, and after `cargo run --`.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let mut lines = spans(text);
    for block in blocks(text) {
        let joined = block.lines.join("\n").replace("\\\n", " ");
        lines.extend(joined.lines().map(|l| {
            let line = l.trim_start().trim_start_matches("- ").trim_start_matches("$ ");
            line.trim_start_matches("run: ").trim_start_matches("entry: ").to_owned()
        }));
    }
    let run = |line: &str| {
        let arguments = line.split_once("cargo run").and_then(|(_, rest)| rest.split_once("-- "));
        let direct = line.trim_start_matches("target/debug/").strip_prefix("keyroll ").map(str::to_owned);
        direct.or_else(|| arguments.map(|(_, rest)| rest.to_owned()))
    };
    lines.iter().filter_map(|l| run(l)).map(|l| words(&l)).filter(|w| !w.is_empty()).collect()
}

/// Asserts that the runs of a page are what keyroll writes, or rewrites them. `place` tells where a kind of block is run.
#[track_caller]
fn runs_are_real(page: &str, place: &mut dyn FnMut(&str) -> Option<PathBuf>) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let mut out: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut commands = 0;
    // From the end, so that earlier numbers stay right.
    for block in blocks(&text).iter().rev() {
        let Some(directory) = place(&block.kind) else { continue };
        let mut shown = Vec::new();
        for command in block.lines.iter().filter_map(|l| l.strip_prefix("$ ")) {
            assert!(
                command.starts_with("keyroll "),
                "`{command}` is not keyroll: it belongs into a block of kind `sh`"
            );
            commands += 1;
            shown.push(format!("$ {command}"));
            shown.extend(output(command, &directory).lines().map(str::to_owned));
        }
        out.splice(block.first..block.first + block.lines.len(), shown);
    }
    assert!(commands >= 3, "{page} shows only {commands} runs");
    let got = out.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &got).unwrap();
    }
    let differs = text.lines().zip(got.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(
        text == got || std::env::var_os("UPDATE").is_some(),
        "{page} differs from what keyroll writes: {differs:?}\nUPDATE=1 cargo test --test readme rewrites it; read the difference"
    );
}

#[test]
fn console_blocks_of_readme_are_what_keyroll_writes() {
    let directory = tempfile::tempdir().unwrap();
    demo::build(directory.path());
    runs_are_real("README.md", &mut |kind| (kind == "console").then(|| directory.path().to_owned()));
}

#[test]
fn console_blocks_of_the_incidents_are_what_keyroll_writes() {
    let directory = tempfile::tempdir().unwrap();
    runs_are_real("docs/incidents.md", &mut |kind| {
        let mut words = kind.strip_prefix("console ")?.split(' ');
        let (name, state) = (words.next()?, words.next()?);
        let place = directory.path().join(format!("{name}-{state}"));
        if !place.exists() {
            fs::create_dir_all(&place).unwrap();
            demo::incident(name, state, &place);
        }
        Some(place)
    });
}

/// Standard output of a shell command in which `keyroll` is the binary under test.
fn output(command: &str, directory: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_keyroll"));
    let search = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let run = std::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env_clear()
        .env("PATH", search)
        .env("COLUMNS", "80")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("a shell runs");
    let text = String::from_utf8(run.stdout).expect("outputs are UTF-8");
    assert!(!text.is_empty(), "`{command}` wrote nothing: {}", String::from_utf8_lossy(&run.stderr));
    text.lines().map(|l| l.trim_end().to_owned() + "\n").collect()
}

/// Pages by path and text.
type Pages = [(String, String)];

fn commands_of_no_use(pages: &Pages) -> Vec<String> {
    let subcommands: BTreeSet<String> = Cli::command()
        .get_subcommands()
        .flat_map(|c| std::iter::once(c.get_name()).chain(c.get_all_aliases()).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut wrong = Vec::new();
    for (page, text) in pages {
        for mut line in command_lines(text) {
            // `keyroll report` alone names a command; in a sentence it needs no arguments.
            let named = line.len() == 1;
            if line[0] == "PATH" || (!subcommands.contains(&line[0]) && !line[0].starts_with("--")) {
                line.insert(0, "scan".to_owned());
            }
            let parsed = Cli::command().try_get_matches_from(std::iter::once("keyroll".to_owned()).chain(line.clone()));
            if let Err(error) = parsed
                && error.use_stderr()
                && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                && !(named && error.kind() == ErrorKind::MissingRequiredArgument)
            {
                wrong.push(format!("{page}: keyroll {}: {error}", line.join(" ")));
            }
        }
    }
    wrong
}

/// Every long flag of a command and those below it.
fn flags(command: &Command, into: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        let names = argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
        into.extend(names.map(|n| format!("--{n}")));
    }
    command.get_subcommands().for_each(|c| flags(c, into));
}

fn flags_of_no_command(pages: &Pages) -> Vec<String> {
    // `--test` and the like are cargo's, and stand in spans that begin with `cargo`.
    let mut known = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    flags(&Cli::command(), &mut known);
    let mut wrong = Vec::new();
    for (page, text) in pages {
        for span in spans(text) {
            let flag = span.split([' ', '=', '[']).next().unwrap_or_default();
            if flag.starts_with("--") && flag.len() > 2 && !known.contains(flag) {
                wrong.push(format!("{page}: {flag}"));
            }
        }
    }
    wrong
}

fn links_to_nowhere(pages: &Pages) -> Vec<String> {
    let mut wrong = Vec::new();
    for (page, text) in pages {
        let here = root().join(page);
        for target in text.split("](").skip(1).filter_map(|t| t.split([')', '#']).next()) {
            if !target.is_empty() && !target.contains("://") && !here.parent().unwrap().join(target).exists() {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    wrong
}

/// Everything that a name on a page may come from: source, rules, schemas, tests, fixtures of the demonstration.
fn corpus() -> String {
    let mut open: Vec<PathBuf> =
        ["src", "rules", "docs/schema", "tests", "fuzz/fuzz_targets", ".ci", "Makefile", "Cargo.toml", "build.rs"]
            .map(|p| root().join(p))
            .into();
    let mut all = String::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if !path.ends_with("tests/readme.rs") {
            all.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    all
}

/// What is wrong with a name in prose, if anything. Names of the made-up provider `acme` are examples.
fn unknown(span: &str, corpus: &str, flags: &BTreeSet<String>) -> bool {
    let example = |s: &str| s.to_ascii_lowercase().contains("acme") || s.contains(['<', '*', '…', '{', '$']);
    if let Some(target) = span.strip_prefix("make ") {
        let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
        return !makefile.lines().any(|l| l.starts_with(&format!("{target}:")));
    }
    if let Some(rule) = span.strip_prefix("keyroll:ignore[").and_then(|s| s.split(']').next()) {
        return !keyroll::rules::built_in().iter().any(|r| r.id == rule);
    }
    if span.contains(' ') || example(span) {
        return false;
    }
    let folders = ["src/", "tests/", "docs/", "rules/", "fuzz/", "benches/", "completions/", "man/", ".ci/"];
    let file = [".rs", ".yml", ".md", ".toml", ".json"].iter().any(|e| span.ends_with(e)) && span.contains('/');
    if file || folders.iter().any(|f| span.starts_with(f)) {
        return ![root().join(span), root().join("src").join(span)].iter().any(|p| p.exists());
    }
    let name = span.trim_end_matches("()");
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'));
    // Single words are English as often as names.
    let compound = name.trim_matches('-').contains(['-', '_', ':']) && !name.starts_with("--");
    if plain && compound {
        let last = name.rsplit("::").next().unwrap_or(name);
        return !corpus.contains(last) && !flags.contains(&format!("--{last}"));
    }
    false
}

fn names_of_nothing(pages: &Pages) -> Vec<String> {
    let corpus = corpus();
    let mut known = BTreeSet::new();
    flags(&Cli::command(), &mut known);
    let of = |(page, text): &(String, String)| {
        // What a block of the page itself defines is known on that page.
        let defined: String = blocks(text).into_iter().flat_map(|b| b.lines).collect::<Vec<_>>().join("\n");
        let new = |span: &String| unknown(span, &corpus, &known) && !defined.contains(span.as_str());
        let wrong = spans(text).into_iter().filter(new);
        wrong.map(|span| format!("{page}: `{span}`")).collect::<Vec<_>>()
    };
    pages.iter().flat_map(of).collect()
}

#[test]
fn every_command_line_on_every_page_is_understood() {
    let pages = pages();
    let seen: usize = pages.iter().map(|(_, text)| command_lines(text).len()).sum();
    assert!(seen > 20, "only {seen} command lines were read from the pages");
    let wrong = commands_of_no_use(&pages);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_flag_file_and_name_in_prose_exists() {
    let pages = pages();
    let wrong = [flags_of_no_command(&pages), links_to_nowhere(&pages), names_of_nothing(&pages)].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_page_that_names_what_is_not_there_is_refused() {
    let wrong = |text: &str| {
        let pages = [("docs/x.md".to_owned(), text.to_owned())];
        let all = [commands_of_no_use, flags_of_no_command, links_to_nowhere, names_of_nothing];
        all.iter().map(|check| check(&pages).len()).collect::<Vec<_>>()
    };
    for (text, wanted) in [
        ("`keyroll scan --no-histroy`", [1, 0, 0, 0]),
        ("`keyroll rules lsit`", [1, 0, 0, 0]),
        ("```yaml\n- run: keyroll scan . --fail-on dire\n```", [1, 0, 0, 0]),
        ("with `--no-histroy`", [0, 1, 0, 0]),
        ("[a page](nowhere.md)", [0, 0, 1, 0]),
        ("in `src/scan/wroker.rs` and `scan/wroker.rs`", [0, 0, 0, 2]),
        ("`NHI7-aws-key-rage`, `keyroll:ignore[made-up] why`", [0, 0, 0, 2]),
        ("`make nothing`, `inventory::biuld`, `fail_onn`", [0, 0, 0, 3]),
        (
            "`keyroll report`, `--no-history`, [a](ci.md), `scan/worker.rs`, `NHI7-aws-key-age`, `make test`, `fail-on`",
            [0; 4],
        ),
    ] {
        assert_eq!(wrong(text), wanted, "{text}");
    }
}

/// Properties of an object of a schema.
fn properties(schema: &str, at: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/schema").join(schema)).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    schema.pointer(at).unwrap_or_else(|| panic!("{at}")).as_object().unwrap().keys().cloned().collect()
}

/// The first columns of a page's tables, without backquotes and brackets; several may share a row.
fn first_columns(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let rows = text.lines().filter_map(|l| l.strip_prefix("| `"));
    let cell = |row: &str| row.split(" | ").next().unwrap_or_default().to_owned();
    rows.flat_map(|row| cell(row).split(", ").map(|n| n.trim_matches(['`', '[', ']']).to_owned()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_page_on_the_json_report_names_every_top_field_and_no_other_field_than_there_is() {
    let rows: BTreeSet<String> = first_columns("docs/json-report.md").into_iter().collect();
    assert_eq!(rows, properties("report.json", "/properties"));
    let schema = fs::read_to_string(root().join("docs/schema/report.json")).unwrap();
    let page = fs::read_to_string(root().join("docs/json-report.md")).unwrap();
    let spans = spans(&page);
    let fields = spans.iter().map(|s| s.trim_end_matches("[]"));
    let fields = fields.filter(|s| s.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-'));
    // Values of fields that are plain text in the schema stand in the source.
    let corpus = corpus();
    let known = |name: &str| [&schema, &corpus].iter().any(|text| text.contains(&format!("\"{name}\"")));
    let wrong: Vec<&str> = fields.filter(|f| !known(f)).collect();
    assert!(wrong.is_empty(), "neither fields nor values: {wrong:?}");
}

#[test]
fn the_page_on_rules_explains_every_field_of_a_rule() {
    let rows: BTreeSet<String> = first_columns("docs/writing-rules.md").into_iter().collect();
    let fields = properties("rules.json", "/$defs/RuleDef/properties");
    let missing: Vec<&String> = fields.difference(&rows).collect();
    assert!(missing.is_empty(), "docs/writing-rules.md says nothing of {missing:?}");
}

#[test]
fn the_configuration_of_readme_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("config.yml"), block("README.md", "# .keyroll.yml")).unwrap();
    let (code, text) = run(&["config", "check", "config.yml"], directory.path());
    assert_eq!(code, Some(0), "{text}");
}

/// A block of a page, by its first line.
fn block(page: &str, first: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = blocks(&text);
    let found = blocks.iter().find(|b| b.lines.first().is_some_and(|l| l == first));
    found.unwrap_or_else(|| panic!("{page} holds no block that begins with `{first}`")).lines.join("\n") + "\n"
}

/// Runs the binary in a directory and returns its exit code and what it wrote.
fn run(arguments: &[&str], directory: &Path) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_rule_of_the_writing_guide_passes_its_check() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("acme.yml"), block("docs/writing-rules.md", "provider: acme")).unwrap();
    let (code, text) = run(&["rules", "check", "acme.yml"], directory.path());
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn the_workflow_that_ci_recommends_has_no_finding_itself() {
    let directory = tempfile::tempdir().unwrap();
    git2::Repository::init(directory.path()).unwrap();
    let workflows = directory.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    fs::write(workflows.join("keyroll.yml"), block("docs/ci.md", "name: keyroll")).unwrap();
    let (code, text) = run(&["scan", ".", "--fail-on", "low"], directory.path());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("keyroll.yml / scan"), "the workflow was not read: {text}");
}

#[test]
fn the_demo_is_the_same_every_time_and_is_left_where_the_variable_says() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let head = |at: &Path| git2::Repository::open(at).unwrap().head().unwrap().target().unwrap();
    demo::build(one.path());
    demo::build(two.path());
    assert_eq!(head(one.path()), head(two.path()));
    if let Some(directory) = std::env::var_os("DEMO") {
        demo::build(Path::new(&directory));
    }
}

#[test]
fn command_lines_are_read_as_a_shell_reads_them() {
    let text =
        "`keyroll scan 'a b' -q 2>err | head` and `--help`\n```sh\ncargo run --release -- rules list # all\n```\n";
    let wanted: [&[&str]; 2] = [&["scan", "a b", "-q"], &["rules", "list"]];
    assert_eq!(command_lines(text), wanted);
}
