//! Scripts that collect a provider's exports: plain text that people read before they run it.

use clap::ValueEnum;

use super::{Exit, print};

/// Providers whose exports a script collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CollectArg {
    /// An AWS account
    Aws,
    /// Google Cloud projects
    Gcp,
    /// An Entra tenant and its Azure subscriptions
    Azure,
    /// A Kubernetes cluster
    K8s,
    /// A GitHub organisation
    Github,
}

/// Where the script of a provider takes in what all scripts begin with.
const START: &str = "#:start\n";

/// The script of a provider: what it reads and needs, what all begin with, its commands, what all end with.
fn script(of: CollectArg) -> String {
    let (name, own) = match of {
        CollectArg::Aws => ("aws", include_str!("collect/aws.sh")),
        CollectArg::Gcp => ("gcp", include_str!("collect/gcp.sh")),
        CollectArg::Azure => ("azure", include_str!("collect/azure.sh")),
        CollectArg::K8s => ("k8s", include_str!("collect/k8s.sh")),
        CollectArg::Github => ("github", include_str!("collect/github.sh")),
    };
    let start = include_str!("collect/start.sh").replace("PROVIDER", name);
    own.replacen(START, &start, 1) + include_str!("collect/end.sh")
}

/// Prints one.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(of: CollectArg) -> anyhow::Result<Exit> {
    print(&script(of))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::formats;

    const ALL: [CollectArg; 5] =
        [CollectArg::Aws, CollectArg::Gcp, CollectArg::Azure, CollectArg::K8s, CollectArg::Github];

    /// The script that is to make an export, by the tool that its command starts with; other services have none.
    fn script_of(command: &str) -> Option<CollectArg> {
        match command.split(' ').next()? {
            "aws" => Some(CollectArg::Aws),
            "gcloud" => Some(CollectArg::Gcp),
            "az" => Some(CollectArg::Azure),
            "kubectl" => Some(CollectArg::K8s),
            "gh" => Some(CollectArg::Github),
            _ => None,
        }
    }

    /// What of a command is the same in a script: its words up to the first option, names in capitals left open.
    fn fixed(command: &str) -> Vec<String> {
        let open = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let words = command.split(' ').filter(|word| *word != "--paginate").take_while(|word| !word.starts_with('-'));
        let mut out = Vec::new();
        for word in words.map(|word| word.trim_matches(['\'', '"'])) {
            // Of a path the part up to a name, and the part behind it.
            out.extend(word.split(['/', '?', '&']).filter(|part| !open(part) && !part.is_empty()).map(str::to_owned));
        }
        out
    }

    #[test]
    fn a_shell_takes_every_script() {
        for of in ALL {
            let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            shell.stdin.take().unwrap().write_all(script(of).as_bytes()).unwrap();
            assert!(shell.wait().unwrap().success(), "{of:?}");
            assert!(!script(of).contains(START) && !script(of).contains("PROVIDER"), "{of:?}");
        }
    }

    #[test]
    fn every_command_that_makes_an_export_is_in_the_script_of_its_provider() {
        for format in formats::all().filter(|f| f.is_export()) {
            let Some(of) = script_of(format.command) else { continue };
            let text = script(of);
            // In one line, which may be continued.
            let lines: Vec<String> = text.replace("\\\n", " ").lines().map(str::to_owned).collect();
            let words = fixed(format.command);
            let kinds: Vec<&str> = words.iter().flat_map(|word| word.split(',')).collect();
            let found = if of == CollectArg::K8s {
                kinds.iter().all(|kind| text.contains(kind))
            } else {
                lines.iter().any(|line| words.iter().all(|word| line.contains(word.as_str())))
            };
            assert!(found, "`{}` of {} is not in the script for {of:?}: {words:?}", format.command, format.id);
        }
    }

    #[test]
    fn scripts_only_read_and_tell_what_failed() {
        let writes =
            [" create-", " delete", " put-", " update-", " apply", " patch", " set-iam", "-X POST", "--method post"];
        for of in ALL {
            let text = script(of);
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
            for word in writes.iter().chain(&["get-secret-value", "print-access-token", "get-access-token"]) {
                assert!(!code.iter().any(|line| line.contains(word)), "{of:?} has {word}");
            }
            for said in ["umask 077", "chmod 700", "FAILED", "set -u", "Needs "] {
                assert!(text.contains(said), "{of:?} lacks {said}");
            }
        }
    }

    #[test]
    fn a_script_goes_on_when_a_command_fails_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let fake = bin.join("aws");
        std::fs::write(
            &fake,
            "#!/bin/sh\ncase \"$*\" in *caller-identity*) echo 123456789012;; *list-secrets*) echo no >&2; exit 1;;\n\
             *'UserName'*) echo ci;; *--query*) echo COMPLETE;; *) echo '{}';; esac\n",
        )
        .unwrap();
        let mut mode = std::fs::metadata(&fake).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        std::fs::set_permissions(&fake, mode).unwrap();
        let file = folder.path().join("collect.sh");
        std::fs::write(&file, script(CollectArg::Aws)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let out = folder.path().join("out");
        let run =
            Command::new("sh").arg(&file).arg(&out).env("PATH", path).env("KEYROLL_REGIONS", "a b").output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(3), "{told}");
        assert!(told.contains("FAILED  secrets-a.json: aws secretsmanager list-secrets"), "{told}");
        assert!(out.join("authorization-details.json").exists(), "{told}");
        assert!(!out.join("secrets-a.json").exists() && !out.join("secrets-a.json.part").exists());
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}
