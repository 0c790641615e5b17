//! Steps that read a checkout, as far as they are known to run nothing of it.

use super::step::inputs;
use crate::doc::Node;
use crate::formats::script;

/// Programs that take files for data.
const PROGRAMS: &[&str] = &[
    "",
    ":",
    "[",
    "[[",
    "awk",
    "base64",
    "basename",
    "break",
    "case",
    "cat",
    "cd",
    "comm",
    "continue",
    "cp",
    "curl",
    "cut",
    "date",
    "declare",
    "diff",
    "dirname",
    "do",
    "done",
    "du",
    "echo",
    "egrep",
    "else",
    "esac",
    "exit",
    "export",
    "false",
    "fi",
    "for",
    "function",
    "gh",
    "git",
    "grep",
    "head",
    "hub",
    "if",
    "jq",
    "local",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "pwd",
    "read",
    "return",
    "rm",
    "sed",
    "set",
    "sha256sum",
    "shift",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tee",
    "test",
    "then",
    "touch",
    "tr",
    "trap",
    "true",
    "uniq",
    "unset",
    "until",
    "wc",
    "while",
    "yq",
];

/// Actions that take files for data, or do not look at them; what they do is told by their own pages.
const ACTIONS: &[&str] = &[
    "actions/cache",
    "actions/checkout",
    "actions/create-github-app-token",
    "actions/download-artifact",
    "actions/github-script",
    "actions/labeler",
    "actions/setup-go",
    "actions/setup-java",
    "actions/setup-node",
    "actions/setup-python",
    "actions/upload-artifact",
    "astral-sh/setup-uv",
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "codecov/codecov-action",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-buildx-action",
    "docker/setup-qemu-action",
    "dorny/paths-filter",
    "google-github-actions/auth",
    "marocchino/sticky-pull-request-comment",
    "peter-evans/create-or-update-comment",
    "peter-evans/create-pull-request",
    "peter-evans/find-comment",
    "step-security/harden-runner",
    "stefanzweifel/git-auto-commit-action",
    "tibdex/github-app-token",
    "tj-actions/changed-files",
];

/// Whether a step may run something that lies in the checkout; `repository` is that of its action. A checkout below the
/// work tree lies in `directories`; without one it is the work tree.
pub fn may_run(step: &Node, repository: &str, directories: &[String]) -> bool {
    let text = |key: &str| step.get(key).and_then(Node::as_str);
    if let Some(run) = text("run") {
        let shell = text("shell").unwrap_or("bash");
        let known = ["bash", "sh", "pwsh", "powershell"].iter().any(|name| shell.starts_with(name));
        let inside = directories.is_empty() || text("working-directory").is_some_and(|at| lies_in(at, directories));
        if !known {
            return inside || directories.iter().any(|directory| run.contains(directory.as_str()));
        }
        let commands = script::commands(run);
        let enters = inside || commands.iter().any(|(name, words)| name == "cd" && names(words, directories));
        let runs = |(name, words): &(String, Vec<String>)| {
            let own = !PROGRAMS.contains(&name.as_str());
            // The program itself may lie there: `pr/build.sh`.
            own && (enters || names(words, directories) || directories.iter().any(|d| run.contains(&format!("{d}/"))))
        };
        return commands.iter().any(runs);
    }
    if step.get("uses").is_none() {
        return false;
    }
    if repository.eq_ignore_ascii_case("actions/github-script") {
        let mut given = inputs(step.get("with")).filter_map(|(_, value)| value.as_str());
        return given.any(|text| ["require(", "import(", "import ", "exec"].iter().any(|call| text.contains(call)));
    }
    // An action in the checkout, an image that gets it mounted, and all that nothing is known of.
    !ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(repository))
}

/// Whether a path is one of these directories, or below one.
fn lies_in(path: &str, directories: &[String]) -> bool {
    let path = path.trim_matches(['"', '\'']).trim_start_matches("./");
    directories.iter().any(|directory| {
        path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn names(words: &[String], directories: &[String]) -> bool {
    words.iter().any(|word| lies_in(word, directories))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;

    #[test]
    fn what_only_reads_is_told_from_what_may_run() {
        let runs = |step: &str, repository: &str| may_run(&yaml::parse(step).unwrap().roots[0], repository, &[]);
        for (step, repository) in [
            ("run: |\n  git diff --name-only origin/main > files\n  if grep -q x files; then echo ok; fi", ""),
            ("run: gh pr comment \"$N\" --body-file out.md", ""),
            ("uses: actions/upload-artifact@v4", "actions/upload-artifact"),
            ("{uses: actions/github-script@v7, with: {script: 'core.info(1)'}}", "actions/github-script"),
            ("name: nothing", ""),
        ] {
            assert!(!runs(step, repository), "{step}");
        }
        for (step, repository) in [
            ("run: npm ci", ""),
            ("run: ./build.sh", ""),
            ("run: cat x | bash", ""),
            ("{run: print(1), shell: python}", ""),
            ("uses: ./.github/actions/x", ""),
            ("uses: acme/build@v1", "acme/build"),
            // It builds what it analyses.
            ("uses: github/codeql-action/autobuild@v3", "github/codeql-action"),
            ("{uses: actions/github-script@v7, with: {script: \"require('./x')\"}}", "actions/github-script"),
        ] {
            assert!(runs(step, repository), "{step}");
        }
    }

    #[test]
    fn a_checkout_beside_the_work_tree_is_run_by_steps_that_name_it() {
        let runs = |step: &str| may_run(&yaml::parse(step).unwrap().roots[0], "", &["pr".to_owned()]);
        for step in [
            "run: ARGS=-folder=pr make generate\n",
            "run: git -C pr diff --exit-code",
            "{run: make, working-directory: tools}",
            "run: cd tools && make",
        ] {
            assert!(!runs(step), "{step}");
        }
        for step in [
            "run: make -C pr",
            "run: cd pr && npm ci",
            "{run: npm ci, working-directory: ./pr/web}",
            "run: pr/build.sh",
        ] {
            assert!(runs(step), "{step}");
        }
    }
}
