//! `keyroll hook`: what is about to be committed, pushed or received, said in few words.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::args::{HookArgs, HookType};
use super::scan::watched;
use super::{Exit, complain, output, print, settings};
use crate::config::{Commits, GitNames, Settings, Tree};
use crate::model::{Finding, NoticeKind, Report};
use crate::scan::{self, Place};
use crate::text::escape;
use crate::text::numbers::count;

/// What a hook that keyroll wrote holds.
const MARK: &str = "Written by `keyroll hook --install`";

/// Longest list of refs read from git.
const MAX_REFS: u64 = 64 << 20;

/// An object id of nothing: git's word for "none".
fn is_none(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b == b'0')
}

/// Runs the command.
pub fn run(args: &HookArgs) -> anyhow::Result<Exit> {
    if args.install || args.uninstall {
        return install(args);
    }
    let (place, git) = here()?;
    let apart = git.dir.is_some();
    let mut settings =
        if apart { settings::from_gate_at(&args.gate, &place.top) } else { settings::from_gate(&args.gate) }?;
    settings.paths = vec![if apart { place.top.clone() } else { PathBuf::from(".") }];
    settings.git = git;
    settings.tree = Tree::None;
    settings.commits = Commits::None;
    match args.hook_type {
        HookType::PreCommit => {
            settings.tree = Tree::Staged;
            let here = std::env::current_dir()?;
            settings.only = args.files.iter().filter_map(|f| place.inside(&here, f)).collect();
            if settings.only.is_empty() && !args.files.is_empty() {
                bail!("none of the files named lies in this repository");
            }
        }
        HookType::CommitMsg => {
            let [file] = args.files.as_slice() else { bail!("commit-msg hands over one file: the message") };
            let text = std::fs::read(file).with_context(|| file.display().to_string())?;
            settings.stdin = true;
            settings.given = Some(("(commit message)".to_owned(), message(&text, Cleanup::of(&place))));
        }
        HookType::PrePush => {
            let remote = args.files.first().and_then(|r| r.to_str());
            let commits = match by_pre_commit(&settings::environment) {
                Some(commits) => Some(commits),
                None => pushed(moved(args.hook_type)?, remote),
            };
            match commits {
                Some(commits) => settings.commits = commits,
                None => return quiet_end(args, "nothing is pushed but what goes away"),
            }
        }
        HookType::PreReceive => match received(moved(args.hook_type)?) {
            Some(commits) => {
                settings.commits = commits;
                // Until they are accepted, objects lie in a directory of their own
                // (<https://git-scm.com/docs/git-receive-pack#_quarantine_environment>).
                settings.object_dirs =
                    settings::environment("GIT_OBJECT_DIRECTORY").map(PathBuf::from).into_iter().collect();
            }
            None => return quiet_end(args, "nothing is received but what goes away"),
        },
    }
    let mut report = watched(&settings, true)?;
    // `pre-commit run --all-files` names files of which none is staged: they are scanned as they lie there.
    if args.hook_type == HookType::PreCommit && !args.files.is_empty() && report.coverage.history_blobs == 0 {
        settings.tree = Tree::Work;
        settings.paths.clone_from(&args.files);
        settings.paths.retain(|p| p.is_file());
        report = watched(&settings, true)?;
    }
    tell(args, &settings, &report)
}

/// The repository that the hook runs in, and what git says of where its files lie. A relative name starts at the top of the
/// working tree, where git runs its hooks.
fn here() -> anyhow::Result<(Place, GitNames)> {
    let none = "not in a repository: a hook scans what git is about to take in";
    let at = std::env::current_dir()?;
    let mut git = GitNames::default();
    let named = settings::environment("GIT_DIR").map(|dir| at.join(dir));
    let top = settings::environment("GIT_WORK_TREE").map_or_else(|| at.clone(), |top| at.join(top));
    let by_name = named.as_deref().and_then(|dir| scan::place_with(&top, dir));
    if by_name.is_some() {
        git.dir = named;
    }
    let place = by_name.or_else(|| scan::place(Path::new("."))).context(none)?;
    git.index = settings::environment("GIT_INDEX_FILE").map(|index| place.top.join(index));
    Ok((place, git))
}

fn quiet_end(args: &HookArgs, why: &str) -> anyhow::Result<Exit> {
    if !args.output.quiet {
        complain(&format!("{why}: nothing was scanned"));
    }
    Ok(Exit::Clean)
}

/// A ref that is to change: what it will point to and what it pointed to, as git writes ids; zeros for nothing.
#[derive(Debug, PartialEq, Eq)]
struct Moved {
    new: String,
    old: String,
}

/// What git says on standard input.
fn moved(hook: HookType) -> anyhow::Result<Vec<Moved>> {
    if std::io::stdin().is_terminal() {
        bail!("git hands this hook the refs on standard input; by hand `keyroll scan --range A..B` does the same");
    }
    let mut text = Vec::new();
    // One byte more, to tell a list that is too long from one that just fits.
    std::io::stdin().lock().take(MAX_REFS + 1).read_to_end(&mut text).context("standard input")?;
    if text.len() as u64 > MAX_REFS {
        bail!(
            "standard input has more than {} MiB of refs, too many for one push: nothing was scanned; push them in parts",
            MAX_REFS >> 20
        );
    }
    lines(hook, &text)
}

/// Reads `<local ref> <local id> <remote ref> <remote id>` of pre-push or `<old id> <new id> <ref>` of pre-receive. Names of
/// refs are any bytes, and what stands for a local ref may hold spaces.
fn lines(hook: HookType, text: &[u8]) -> anyhow::Result<Vec<Moved>> {
    let id = |field: &[u8]| {
        let text = std::str::from_utf8(field).ok()?;
        let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_id.then(|| text.to_owned())
    };
    let one = |line: &[u8]| {
        if hook == HookType::PreReceive {
            let mut fields = line.splitn(3, |b| *b == b' ');
            let (old, new) = (id(fields.next()?)?, id(fields.next()?)?);
            return fields.next().filter(|name| !name.is_empty()).map(|_| Moved { new, old });
        }
        let mut fields = line.rsplitn(4, |b| *b == b' ');
        let old = id(fields.next()?)?;
        fields.next()?;
        let new = id(fields.next()?)?;
        fields.next().map(|_| Moved { new, old })
    };
    let mut all = Vec::new();
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            let wrong = || {
                format!(
                    "line {} of standard input is not what git writes for this hook: nothing was scanned",
                    number + 1
                )
            };
            all.push(one(line).with_context(wrong)?);
        }
    }
    Ok(all)
}

/// What a push has that the remote does not have yet.
fn pushed(refs: Vec<Moved>, remote: Option<&str>) -> Option<Commits> {
    let remotes = remote.map_or_else(|| "refs/remotes/*".to_owned(), |r| remote_refs(r.to_owned()));
    let (include, mut known) = ends(refs);
    known.push(remotes);
    (!include.is_empty()).then_some(Commits::Some { include, exclude: Vec::new(), known })
}

/// What comes in that no ref here has yet.
fn received(refs: Vec<Moved>) -> Option<Commits> {
    let (include, old) = ends(refs);
    let known = std::iter::once("refs/*".to_owned()).chain(old).collect();
    (!include.is_empty()).then_some(Commits::Some { include, exclude: Vec::new(), known })
}

/// What refs will point to, and what they pointed to.
fn ends(refs: Vec<Moved>) -> (Vec<String>, Vec<String>) {
    let (new, old): (Vec<String>, Vec<String>) = refs.into_iter().map(|r| (r.new, r.old)).unzip();
    let some = |ids: Vec<String>| ids.into_iter().filter(|id| !is_none(id)).collect();
    (some(new), some(old))
}

/// What pre-commit says of a push in the place of git's lines
/// (<https://pre-commit.com/#pre-commit-during-push>): both ends of it, or only the remote when nothing of the branch is there.
fn by_pre_commit(variable: &dyn Fn(&str) -> Option<String>) -> Option<Commits> {
    variable("PRE_COMMIT")?;
    let remotes = variable("PRE_COMMIT_REMOTE_NAME").map_or_else(|| "refs/remotes/*".to_owned(), remote_refs);
    // The names before version 2.2 come second.
    let end = |new: &str, old: &str| variable(new).or_else(|| variable(old));
    let (from, to) = (end("PRE_COMMIT_FROM_REF", "PRE_COMMIT_ORIGIN"), end("PRE_COMMIT_TO_REF", "PRE_COMMIT_SOURCE"));
    let to = to.or_else(|| variable("PRE_COMMIT_LOCAL_BRANCH")).unwrap_or_else(|| "HEAD".to_owned());
    let known = from.into_iter().filter(|from| !is_none(from)).chain([remotes]).collect();
    Some(Commits::Some { include: vec![to], exclude: Vec::new(), known })
}

/// What is known of a remote.
fn remote_refs(remote: String) -> String {
    format!("refs/remotes/{remote}/*")
}

/// What git will take out of a message (<https://git-scm.com/docs/git-commit#Documentation/git-commit.txt---cleanupmode>).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cleanup {
    /// What comments begin with, when they go.
    comment: Option<String>,
    /// Whether everything from the scissors on goes.
    cut: bool,
}

impl Cleanup {
    /// By the configuration, and by whether somebody edited the message: git says `GIT_EDITOR=:` to hooks when nobody does
    /// (<https://git-scm.com/docs/githooks#_description>), and then takes nothing out by itself. What may stay is scanned.
    fn of(place: &Place) -> Self {
        let edited = settings::environment("GIT_EDITOR").as_deref() != Some(":");
        let mode = place.setting("commit", "cleanup").unwrap_or_default();
        let comment = ["commentstring", "commentchar"].iter().find_map(|name| place.setting("core", name));
        Self::by(edited, &mode, comment.as_deref())
    }

    fn by(edited: bool, mode: &str, comment: Option<&str>) -> Self {
        let comment = comment.unwrap_or("#").to_owned();
        let strips = mode == "strip" || edited && matches!(mode, "" | "default");
        // Which character `auto` chose is not known.
        Self { comment: (strips && comment != "auto").then_some(comment), cut: edited || mode == "scissors" }
    }
}

/// A message without what git takes out of it. Lines keep their numbers.
fn message(text: &[u8], cleanup: Cleanup) -> Vec<u8> {
    const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        // Before the scissors stands one comment character, which may be a string.
        let end = line.trim_ascii_end();
        if cleanup.cut && end.len() <= SCISSORS.len() + 16 && end.len() > SCISSORS.len() && end.ends_with(SCISSORS) {
            break;
        }
        let goes = cleanup.comment.as_deref().is_some_and(|comment| line.starts_with(comment.as_bytes()));
        out.extend_from_slice(if goes { b"\n" } else { line });
    }
    out
}

/// The few words.
fn tell(args: &HookArgs, settings: &Settings, report: &Report) -> anyhow::Result<Exit> {
    let exit = output::exit(report.into(), settings.fail_on, args.gate.exit_code, args.gate.exit_zero);
    if !args.output.format.is_empty() || args.output.output.is_some() {
        output::write(report.into(), &output::targets(&args.output)?, &args.output, settings.fail_on)?;
        return Ok(exit);
    }
    let open: Vec<&Finding> = report.findings.iter().filter(|f| settings.fail_on.fails(f)).collect();
    let mut text = String::new();
    for finding in &open {
        text.push_str(&shown(finding));
    }
    for notice in report.notices.iter().filter(|n| n.kind == NoticeKind::Gap || args.output.verbose) {
        let place = notice.path.as_deref().map(|p| format!("{p}: ")).unwrap_or_default();
        text.push_str(&format!("not seen: {}\n", escape::terminal(&format!("{place}{}", notice.message))));
    }
    let scanned = report.coverage.history_blobs + report.coverage.files;
    let what = match args.hook_type {
        HookType::PreCommit => count(scanned, "staged file", "staged files"),
        HookType::CommitMsg => "the message".to_owned(),
        HookType::PrePush | HookType::PreReceive => {
            let files = count(scanned, "version of a file", "versions of files");
            format!("{} with {files}", count(report.coverage.commits, "commit", "commits"))
        }
    };
    if !open.is_empty() {
        let many = count(open.len() as u64, "finding", "findings");
        text.push_str(&format!("keyroll: {many} in {what}; take the values out, or accept them as shown\n"));
    } else if scanned == 0 {
        complain(match args.hook_type {
            HookType::PreCommit | HookType::CommitMsg => {
                "NOTHING WAS SCANNED: nothing is staged that HEAD does not have"
            }
            HookType::PrePush => "NOTHING WAS SCANNED: the remote has all of these commits",
            HookType::PreReceive => "NOTHING WAS SCANNED: all of these commits are here",
        });
    } else if !args.output.quiet {
        complain(&format!("{what} scanned, nothing found"));
    }
    print(&text)?;
    Ok(exit)
}

/// Place, what it is, what to do, and how to accept it.
fn shown(finding: &Finding) -> String {
    let Some(place) = finding.locations.first() else { return String::new() };
    let at = format!("{}:{}:{}", place.path, place.line, place.column);
    let commit =
        place.commit.as_deref().and_then(|c| c.get(..12)).map(|c| format!(" (commit {c})")).unwrap_or_default();
    let preview = finding.preview.as_deref().map(|p| format!("  {p}")).unwrap_or_default();
    let first = format!("{at}{commit}\n  {} [{}]{preview}", finding.title, finding.id);
    let fix = format!("  fix: {}", finding.remediation);
    let accept = accept(finding, &place.path);
    [first, fix, accept].iter().map(|l| l.lines().map(|l| escape::terminal(l) + "\n").collect::<String>()).collect()
}

/// The line that would suppress a finding: a comment as the file's language writes it, or an entry of the configuration where
/// there are no comments.
fn accept(finding: &Finding, path: &str) -> String {
    let marker = format!("keyroll:ignore[{}] why it is accepted", finding.id);
    match comment(path) {
        Some((open, close)) => format!("  accept: end the line with   {open} {marker}{close}"),
        None => {
            let which = match &finding.fingerprint {
                Some(fingerprint) => format!("fingerprint: {fingerprint}"),
                None => format!("rule: {}, path: {path}", finding.id),
            };
            format!("  accept: below `allow:` in .keyroll.yml   - {{{which}, reason: why it is accepted}}")
        }
    }
}

/// How a comment begins and ends in a file of this name.
fn comment(path: &str) -> Option<(&'static str, &'static str)> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    Some(match extension {
        "json" | "ipynb" | "csv" | "tsv" | "txt" | "pem" | "key" | "lock" => return None,
        "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "go" | "rs" | "java" | "kt" | "kts" | "c" | "h" | "cc"
        | "cpp" | "hpp" | "cs" | "swift" | "scala" | "php" | "dart" | "groovy" | "gradle" | "proto" | "jsonc"
        | "json5" | "scss" | "less" | "m" | "mm" | "zig" | "sol" | "bicep" => ("//", ""),
        "html" | "htm" | "xml" | "md" | "markdown" | "vue" | "svg" | "config" | "csproj" | "plist" | "xaml" => {
            ("<!--", " -->")
        }
        "css" => ("/*", " */"),
        "sql" | "lua" | "hs" | "elm" | "ada" => ("--", ""),
        "el" | "clj" | "lisp" | "asm" => (";", ""),
        "tex" | "erl" => ("%", ""),
        "bat" | "cmd" => ("& REM", ""),
        "vb" | "vbs" => ("'", ""),
        _ if path.starts_with('(') => return None,
        _ => ("#", ""),
    })
}

/// The name of a hook's file.
fn file_name(hook: HookType) -> &'static str {
    match hook {
        HookType::PreCommit => "pre-commit",
        HookType::CommitMsg => "commit-msg",
        HookType::PrePush => "pre-push",
        HookType::PreReceive => "pre-receive",
    }
}

/// Writes the hook, or takes it out.
fn install(args: &HookArgs) -> anyhow::Result<Exit> {
    let place: Place = scan::place(Path::new(".")).context("not in a repository")?;
    let name = file_name(args.hook_type);
    if !args.uninstall
        && place.takes_no_commits()
        && matches!(args.hook_type, HookType::PreCommit | HookType::CommitMsg)
    {
        bail!(
            "{} is a bare repository, in which nobody commits, so git would never run {name} here; what is pushed to it is \
             scanned by `keyroll hook --install --hook-type pre-receive`",
            place.top.display()
        );
    }
    let path = place.hooks.join(name);
    let shown = escape::terminal(&path.display().to_string());
    let there = std::fs::read_to_string(&path).ok();
    let ours = there.as_deref().is_some_and(|t| t.contains(MARK));
    if args.uninstall {
        match there {
            None => bail!("{shown} is not there"),
            Some(_) if !ours => bail!("{shown} was not written by keyroll, so it stays"),
            Some(_) => std::fs::remove_file(&path).with_context(|| shown.clone())?,
        }
        return print(&format!("removed {shown}\n"));
    }
    if there.is_some() && !ours && !args.force {
        bail!(
            "{shown} is there already: add the line `keyroll hook --hook-type {name} \"$@\"` to it, or replace it with --force"
        );
    }
    std::fs::create_dir_all(&place.hooks).with_context(|| shown.clone())?;
    let text = format!(
        "#!/bin/sh\n# {MARK}; `keyroll hook --uninstall --hook-type {name}` takes it out.\n\
         command -v keyroll >/dev/null 2>&1 || {{\n  echo \"{name}: keyroll is not on PATH, so nothing was scanned\" >&2\n  exit 1\n}}\n\
         exec keyroll hook --hook-type {name} {}\n",
        if args.hook_type == HookType::PreCommit { "" } else { "\"$@\"" }
    );
    let mut file = std::fs::File::create(&path).with_context(|| shown.clone())?;
    file.write_all(text.as_bytes()).with_context(|| shown.clone())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o755)).with_context(|| shown.clone())?;
    }
    print(&format!(
        "wrote {shown}: git runs it before every {}\n",
        match args.hook_type {
            HookType::PreCommit | HookType::CommitMsg => "commit",
            HookType::PrePush => "push",
            HookType::PreReceive => "push that comes in",
        }
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    fn pushes(text: &[u8]) -> Vec<Moved> {
        lines(HookType::PrePush, text).expect("lines of git")
    }

    fn receives(text: &[u8]) -> Vec<Moved> {
        lines(HookType::PreReceive, text).expect("lines of git")
    }

    #[test]
    fn refs_with_odd_names_were_left_out_without_a_word() {
        let (a, b) = ("a".repeat(40), "b".repeat(64));
        let line = |name: &[u8]| [name, format!(" {a} ").as_bytes(), name, format!(" {b}\n").as_bytes()].concat();
        let one = || vec![Moved { new: a.clone(), old: b.clone() }];
        // No UTF-8; a space of another script; what somebody wrote in the place of a name.
        for name in [&b"refs/heads/\xff"[..], "refs/heads/a\u{3000}b".as_bytes()] {
            assert_eq!(pushes(&line(name)), one());
            let received = [format!("{b} {a} ").as_bytes(), name].concat();
            assert_eq!(receives(&received), one());
        }
        let search = format!("HEAD^{{/fix it}} {a} refs/heads/x {b}\n");
        assert_eq!(pushes(search.as_bytes()), one());
        for bad in [
            format!("refs/heads/x {a} refs/heads/x\n"),
            format!("refs/heads/x {a} refs/heads/x {}\n", &b[1..]),
            format!("refs/heads/x {a} refs/heads/x {b} x\n"),
            format!("{a} refs/heads/x {b}\n"),
        ] {
            let error = lines(HookType::PrePush, bad.as_bytes()).expect_err(&bad);
            assert!(error.to_string().contains("line 1 of standard input"), "{error}");
        }
        assert!(lines(HookType::PreReceive, format!("{a} {a}\n").as_bytes()).is_err());
    }

    #[test]
    fn what_is_pushed_is_what_the_remote_does_not_have() {
        let (a, b, none) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let some = |include: &[&str], known: &[&str]| {
            let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
            Some(Commits::Some { include: all(include), exclude: Vec::new(), known: all(known) })
        };
        let line = format!("refs/heads/x {a} refs/heads/x {b}\n");
        assert_eq!(pushed(pushes(line.as_bytes()), Some("origin")), some(&[&a], &[&b, "refs/remotes/origin/*"]));
        let new = format!("refs/heads/x {a} refs/heads/x {none}\n");
        assert_eq!(pushed(pushes(new.as_bytes()), None), some(&[&a], &["refs/remotes/*"]));
        let deleted = format!("(delete) {none} refs/heads/x {b}\n");
        assert_eq!(pushed(pushes(deleted.as_bytes()), None), None);
        assert_eq!(received(receives(format!("{b} {a} refs/heads/x").as_bytes())), some(&[&a], &["refs/*", &b]));
        assert_eq!(received(receives(format!("{b} {none} refs/heads/x").as_bytes())), None);
    }

    #[test]
    fn what_git_keeps_of_a_message_is_scanned_and_nothing_else() {
        let text = b"subject\n# comment\nbody\n# ------------------------ >8 ------------------------\ndiff";
        let by = |edited, mode, comment| message(text, Cleanup::by(edited, mode, comment));
        assert_eq!(by(true, "", None), b"subject\n\nbody\n");
        assert_eq!(by(false, "strip", None), b"subject\n\nbody\n\ndiff");
        // `git commit -m` keeps lines that look like comments.
        assert_eq!(by(false, "", None), text);
        assert_eq!(by(true, "whitespace", None), b"subject\n# comment\nbody\n");
        assert_eq!(by(true, "", Some("auto")), b"subject\n# comment\nbody\n");
        assert_eq!(by(false, "scissors", Some(";")), b"subject\n# comment\nbody\n");
        assert_eq!(message(b"x\n; y\n", Cleanup::by(true, "", Some(";"))), b"x\n\n");
    }

    #[test]
    fn pre_commit_says_by_variables_what_is_pushed() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let by = |set: &[(&str, &str)]| {
            by_pre_commit(&|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        let some = |include: &str, known: &[&str]| {
            let known = known.iter().map(|n| (*n).to_owned()).collect();
            Some(Commits::Some { include: vec![include.to_owned()], exclude: Vec::new(), known })
        };
        let both = [
            ("PRE_COMMIT", "1"),
            ("PRE_COMMIT_FROM_REF", &b),
            ("PRE_COMMIT_TO_REF", &a),
            ("PRE_COMMIT_REMOTE_NAME", "up"),
        ];
        assert_eq!(by(&both), some(&a, &[&b, "refs/remotes/up/*"]));
        // Without an old end everything is new.
        let first =
            [("PRE_COMMIT", "1"), ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/x"), ("PRE_COMMIT_REMOTE_NAME", "up")];
        assert_eq!(by(&first), some("refs/heads/x", &["refs/remotes/up/*"]));
        assert_eq!(by(&both[1..]), None);
    }

    #[test]
    fn a_comment_is_written_as_the_file_writes_it() {
        assert_eq!(comment("a/b.py"), Some(("#", "")));
        assert_eq!(comment("a/B.TS"), Some(("//", "")));
        assert_eq!(comment("web.config"), Some(("<!--", " -->")));
        assert_eq!(comment("a.json"), None);
        assert_eq!(comment("(commit message)"), None);
        assert_eq!(comment("Dockerfile"), Some(("#", "")));
    }
}
