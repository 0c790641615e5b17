//! What a tool server's command runs: the package or image behind `npx`, `uvx`, `docker run` and their like.
//!
//! Launchers fetch the newest version unless one is named: <https://docs.npmjs.com/cli/commands/npx>,
//! <https://docs.astral.sh/uv/guides/tools/>, <https://pipx.pypa.io/stable/reference/cli/>,
//! <https://docs.docker.com/reference/cli/docker/container/run/>.

use crate::formats::workload::split_image;
use crate::model::Span;

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word.
    pub(super) text: String,
    /// Where it stands.
    pub(super) span: Span,
}

/// Kinds of launchers, as far as they differ for what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// From a registry of packages, or a repository.
    Package,
    /// A container.
    Image,
}

/// A package or image of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// How it is fetched.
    pub(super) kind: Kind,
    /// Its name.
    pub(super) name: String,
    /// The version asked for; empty when none.
    pub(super) version: String,
    /// True when the version cannot change under its name: an exact release, a full commit id, a digest.
    pub(super) pinned: bool,
    /// Where it is named.
    pub(super) span: Span,
    /// Words before this one are the launcher's, the rest the program's own.
    pub(super) rest: usize,
}

/// Programs of packages that run a script of the project itself; the script is what counts.
const RUNNERS: &[&str] =
    &["tsx", "ts-node", "nodemon", "node", "vite-node", "esno", "cross-env", "dotenv-cli", "concurrently"];

/// Programs that take a command after `--` and give it variables.
const WRAPPERS: &[&str] = &["dotenv", "doppler", "op", "infisical", "mise", "aws-vault", "chamber", "direnv", "teller"];

/// A command that is written as one text, in its words: `npx -y pkg`. A path with blanks is one word.
pub(super) fn split(word: Word) -> Vec<Word> {
    let first = word.text.split_whitespace().next().unwrap_or_default();
    let known =
        ["npx", "bunx", "uvx", "uv", "pipx", "docker", "podman", "pnpm", "yarn", "bun", "env", "node", "python"];
    if first.len() == word.text.len() || !known.contains(&program(first).as_str()) {
        return vec![word];
    }
    let words = word.text.split_whitespace().map(|text| text.trim_matches(['"', '\'']));
    words.map(|text| Word { text: text.to_owned(), span: word.span }).take(500).collect()
}

/// The package that a command runs, if it is one of a launcher.
pub(super) fn of_command(words: &[Word]) -> Option<Package> {
    let mut at = 0;
    // Each turn takes one wrapper off.
    for _ in 0..6 {
        let program = program(&words.get(at)?.text);
        let after = words.get(at + 1..).unwrap_or_default();
        let find = |wanted: &[&str]| after.iter().position(|w| wanted.iter().any(|x| w.text.eq_ignore_ascii_case(x)));
        match program.as_str() {
            "cmd" => at += find(&["/c", "/k"])? + 2,
            "env" => at += after.iter().position(|w| !w.text.contains('=') && !w.text.starts_with('-'))? + 1,
            "bash" | "sh" | "zsh" | "powershell" | "pwsh" => return of_script(after),
            wrapper if WRAPPERS.contains(&wrapper) => at += find(&["--"])? + 2,
            "npx" | "bunx" | "pnpx" => return npm(words, at + 1),
            "npm" => return npm(words, at + find(&["exec", "x"]).filter(|n| *n == 0)? + 2),
            "pnpm" | "yarn" => return npm(words, at + find(&["dlx"]).filter(|n| *n == 0)? + 2),
            "bun" => return npm(words, at + find(&["x"]).filter(|n| *n == 0)? + 2),
            "uvx" => return python(words, at + 1, PYTHON_FLAGS),
            "uv" => {
                let run = find(&["run"])?;
                let tool = after.get(..run)?.last().is_some_and(|w| w.text == "tool");
                // `uv run` runs the project; what it fetches besides is named by `--with`.
                return if tool { python(words, at + run + 2, PYTHON_FLAGS) } else { None };
            }
            "pipx" => {
                return python(words, at + find(&["run"])? + 2, &["--spec", "--python", "--index-url", "--pip-args"]);
            }
            "docker" | "podman" | "nerdctl" => return image(words, at + find(&["run"]).filter(|n| *n == 0)? + 2),
            "deno" => return deno(words, at + 1),
            "go" => return go(words, at + find(&["run"]).filter(|n| *n == 0)? + 2),
            _ => return None,
        }
    }
    None
}

/// The launcher's name without directory and ending.
fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    let short = [".exe", ".cmd", ".ps1", ".bat"].iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned);
    short.unwrap_or(name)
}

/// A script on a shell's command line, command by command; quotes are not followed.
fn of_script(after: &[Word]) -> Option<Package> {
    let flag = after.iter().position(|w| w.text.starts_with('-') && w.text.to_ascii_lowercase().ends_with('c'))?;
    let script = after.get(flag + 1)?;
    for command in script.text.split(['\n', ';', '&', '|']).take(50) {
        let words: Vec<Word> = command
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .skip_while(|word| word.contains('=') || matches!(*word, "exec" | "exec:" | "sudo"))
            .map(|text| Word { text: text.to_owned(), span: script.span })
            .take(200)
            .collect();
        let shell = words.first().is_none_or(|w| matches!(program(&w.text).as_str(), "bash" | "sh" | "zsh" | "cmd"));
        if shell {
            continue;
        }
        if let Some(mut package) = of_command(&words) {
            // Its words are not those of the file.
            package.rest = usize::MAX;
            return Some(package);
        }
    }
    None
}

/// The first word from `at` that is no option, and the value of an option that names the package.
fn operand<'w>(words: &'w [Word], at: usize, with_value: &[&str], naming: &[&str]) -> Option<(&'w Word, usize)> {
    let mut named: Option<&Word> = None;
    let mut i = at;
    while let Some(word) = words.get(i) {
        let text = word.text.as_str();
        let long = text.split_once('=').map_or(text, |(flag, _)| flag);
        if text == "--" {
            i += 1;
        } else if naming.contains(&long) {
            if long.len() < text.len() {
                named = Some(word);
                i += 1;
            } else {
                named = words.get(i + 1);
                i += 2;
            }
        } else if with_value.contains(&text) {
            i += 2;
        } else if text.starts_with('-') {
            i += 1;
        } else {
            return Some((named.unwrap_or(word), i + 1));
        }
    }
    named.map(|word| (word, i))
}

/// The text of a package's word without the option before it.
fn spec(word: &Word) -> &str {
    if word.text.starts_with('-') { word.text.split_once('=').map_or("", |(_, value)| value) } else { &word.text }
}

/// Whether a word names something on the machine itself, or is filled in by the host.
fn is_own(spec: &str) -> bool {
    spec.is_empty()
        || spec.starts_with(['.', '/', '~', '$', '<', '{', '%'])
        || spec.contains(['\\', ' '])
        || spec.starts_with("file:")
        || [".js", ".ts", ".mjs", ".py", ".tgz", ".whl"].iter().any(|end| spec.ends_with(end))
}

/// A release written out: `1.2.3`, `2.0`, `2025.1.2-beta.1`; no range, no tag.
pub(super) fn is_exact(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.contains('.')
        && core.split('.').take(2).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
        && !core.split('.').any(|part| part.eq_ignore_ascii_case("x"))
}

fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A package out of a repository: `git+https://host/o/r@ref`, `github:o/r#ref`.
fn repository(spec: &str, mark: char) -> Option<(String, String, bool)> {
    let known = ["git+", "github:", "gitlab:", "git://", "https://", "http://"];
    known.iter().find(|start| spec.starts_with(**start))?;
    let slash = spec.rfind('/').unwrap_or_default();
    let (name, version) = match spec.rfind(mark).filter(|at| *at > slash || mark == '#') {
        Some(at) => (spec.get(..at)?, spec.get(at + 1..)?),
        None => (spec, ""),
    };
    // Never a login in an address.
    let name = match name.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host)),
        None => name.to_owned(),
    };
    let version = version.split(['#', '&']).next().unwrap_or_default().to_owned();
    let pinned = is_commit(&version);
    Some((name, version, pinned))
}

fn npm(words: &[Word], at: usize) -> Option<Package> {
    let (word, rest) =
        operand(words, at, &["-c", "--call", "--cache", "--registry", "--prefix"], &["-p", "--package"])?;
    let spec = spec(word);
    // An address is a remote server's, unless it is one of a package.
    let address = spec.starts_with("http") && spec.contains("://") && !spec.contains(".git") && !spec.contains(".tgz");
    if is_own(spec) || address {
        return None;
    }
    let (name, version, pinned) = match repository(spec, '#') {
        Some(found) => found,
        None => match spec.rfind('@').filter(|at| *at > 0) {
            Some(at) => {
                let version = spec.get(at + 1..)?;
                let full = version.split('.').count() >= 3 && is_exact(version);
                (spec.get(..at)?.to_owned(), version.to_owned(), full)
            }
            // `npx owner/repository` fetches from GitHub.
            None => (spec.to_owned(), String::new(), false),
        },
    };
    if RUNNERS.contains(&name.as_str()) {
        return None;
    }
    Some(Package { kind: Kind::Package, name, version, pinned, span: word.span, rest })
}

/// Options of `uvx` that take a value and do not name the package.
const PYTHON_FLAGS: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "--python",
    "-p",
    "--index-url",
    "-i",
    "--extra-index-url",
    "--index",
    "--default-index",
    "--env-file",
    "--directory",
    "--project",
    "--cache-dir",
    "--config-file",
    "--prerelease",
    "--refresh-package",
    "--link-mode",
];

fn python(words: &[Word], at: usize, with_value: &[&str]) -> Option<Package> {
    let (word, rest) = operand(words, at, with_value, &["--from", "--spec"])?;
    let spec = spec(word);
    if is_own(spec) {
        return None;
    }
    let (name, version, pinned) = match repository(spec, '@') {
        Some(found) => found,
        None => {
            let (name, version) = spec.split_once("==").or_else(|| spec.split_once('@')).unwrap_or((spec, ""));
            let name = name.split(['[', '>', '<', '~', '!', '=']).next().unwrap_or(name).trim();
            (name.to_owned(), version.trim().to_owned(), is_exact(version.trim()))
        }
    };
    Some(Package { kind: Kind::Package, name, version, pinned, span: word.span, rest })
}

/// Options of `docker run` that take a value.
const DOCKER_FLAGS: &[&str] = &[
    "-e",
    "--env",
    "--env-file",
    "-v",
    "--volume",
    "--mount",
    "--name",
    "--network",
    "--net",
    "-p",
    "--publish",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--entrypoint",
    "--platform",
    "--add-host",
    "-l",
    "--label",
    "-m",
    "--memory",
    "--cpus",
    "--gpus",
    "--pull",
    "--restart",
    "--shm-size",
    "--tmpfs",
    "--cap-add",
    "--cap-drop",
    "--security-opt",
    "-h",
    "--hostname",
    "--ipc",
    "--pid",
    "--log-driver",
    "--device",
    "--dns",
    "--link",
    "--memory-swap",
    "--ulimit",
];

fn image(words: &[Word], at: usize) -> Option<Package> {
    let (word, rest) = operand(words, at, DOCKER_FLAGS, &[])?;
    // A name without a publisher was built on the machine, mostly.
    if !word.text.contains('/') || is_own(&word.text) || word.text.contains(['$', '{']) {
        return None;
    }
    let (name, version, pinned) = split_image(&word.text);
    let (name, version) = (name.to_owned(), version.to_owned());
    Some(Package { kind: Kind::Image, name, version, pinned, span: word.span, rest })
}

fn deno(words: &[Word], at: usize) -> Option<Package> {
    let found =
        words.iter().enumerate().skip(at).find(|(_, w)| w.text.starts_with("npm:") || w.text.starts_with("jsr:"));
    let (i, word) = found?;
    let spec = word.text.get(4..)?;
    let (name, version) = match spec.rfind('@').filter(|at| *at > 0) {
        Some(at) => (spec.get(..at)?, spec.get(at + 1..)?),
        None => (spec, ""),
    };
    let pinned = version.split('.').count() >= 3 && is_exact(version);
    let (name, version) = (name.to_owned(), version.to_owned());
    Some(Package { kind: Kind::Package, name, version, pinned, span: word.span, rest: i + 1 })
}

fn go(words: &[Word], at: usize) -> Option<Package> {
    let (word, rest) = operand(words, at, &["-C", "-exec"], &[])?;
    let (name, version) = word.text.split_once('@')?;
    let pinned = version.starts_with('v') && version.split('.').count() >= 3 && is_exact(version);
    let (name, version) = (name.to_owned(), version.to_owned());
    Some(Package { kind: Kind::Package, name, version, pinned, span: word.span, rest })
}

/// Whether a package belongs to the owner of the repository: `@owner/…`, `owner/…`, `ghcr.io/owner/…`.
pub(super) fn is_of(name: &str, repository: Option<&str>) -> bool {
    let owner = repository.and_then(|r| r.split('/').next()).filter(|o| !o.is_empty()).map(str::to_ascii_lowercase);
    let Some(owner) = owner else { return false };
    let name = name.to_ascii_lowercase();
    name.split(['/', ':']).any(|part| part.trim_start_matches('@') == owner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        let word = |text: &str| Word { text: text.replace('_', " "), span: Span::new(0, 0) };
        line.split(' ').map(word).collect()
    }

    #[test]
    fn the_package_is_found_behind_each_launcher() {
        for (line, name, version, pinned) in [
            ("npx -y @acme/server", "@acme/server", "", false),
            ("npx -y @acme/server@latest", "@acme/server", "latest", false),
            ("npx -y @acme/server@1.2.3 --flag", "@acme/server", "1.2.3", true),
            ("npx @acme/server@1 --flag", "@acme/server", "1", false),
            ("npx -y --package=@acme/cli@1.0.0 acme", "@acme/cli", "1.0.0", true),
            ("npx -y -p pkg bin", "pkg", "", false),
            ("cmd /c npx -y pkg@^1.2.3", "pkg", "^1.2.3", false),
            ("/usr/bin/env A=b npx pkg", "pkg", "", false),
            ("bash -c cd_/x_&&_npx_-y_pkg@2.0.0", "pkg", "2.0.0", true),
            ("doppler run -- npx -y pkg", "pkg", "", false),
            ("pnpm dlx pkg", "pkg", "", false),
            ("bun x pkg", "pkg", "", false),
            ("npm exec -- pkg@1.0.0", "pkg", "1.0.0", true),
            ("npx -y github:acme/tool#main", "github:acme/tool", "main", false),
            ("uvx mcp-server-git", "mcp-server-git", "", false),
            ("uvx --from tool==1.4 run-tool", "tool", "1.4", true),
            ("uvx tool[cli]@latest", "tool", "latest", false),
            ("uvx --from git+https://github.com/acme/t@main t", "git+https://github.com/acme/t", "main", false),
            ("uv tool run tool", "tool", "", false),
            ("pipx run --spec tool==1.0.0 t", "tool", "1.0.0", true),
            ("docker run -i --rm -e TOKEN ghcr.io/acme/s", "ghcr.io/acme/s", "", false),
            ("docker run -i --rm --name x acme/s:1.2 --x", "acme/s", "1.2", false),
            ("docker run acme/s@sha256:ab", "acme/s", "sha256:ab", true),
            ("deno run -A npm:pkg@1.2.3", "pkg", "1.2.3", true),
            ("go run example.com/x@latest", "example.com/x", "latest", false),
        ] {
            let found = of_command(&words(line)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.name.as_str(), found.version.as_str(), found.pinned), (name, version, pinned), "{line}");
        }
    }

    #[test]
    fn what_lies_on_the_machine_is_no_package() {
        for line in [
            "npx tsx src/server.ts",
            "npx ./server",
            "npx https://mcp.example.com/mcp",
            "node dist/index.js",
            "uv run server.py",
            "uv --directory /x run server",
            "docker run -i my-server",
            "docker exec -i db psql",
            "python -m server",
            "bash -c node_server.js",
            "bash run.sh",
            "cmd",
            "",
        ] {
            assert_eq!(of_command(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn a_command_in_one_text_is_split_and_a_path_is_not() {
        let parts = |text: &str| split(Word { text: text.to_owned(), span: Span::new(0, 0) }).len();
        assert_eq!(parts("npx -y pkg"), 3);
        assert_eq!(parts("C:\\Program Files\\nodejs\\npx.cmd"), 1);
        assert_eq!(parts("npx"), 1);
    }

    #[test]
    fn the_owners_own_packages_are_known() {
        for name in ["@acme/server", "acme/server", "ghcr.io/acme/server", "github:acme/x"] {
            assert!(is_of(name, Some("Acme/app")), "{name}");
        }
        assert!(!is_of("@acmes/server", Some("acme/app")) && !is_of("@acme/server", None));
    }
}
