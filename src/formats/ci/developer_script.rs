//! Scripts that people run by hand: a Makefile, a shell script beside the code. Of them only logins as a service are told.
//!
//! Scripts of pipelines are left out, by their place and by the variables that pipelines set, for there a service's login
//! is what belongs.

use crate::doc::Doc;
use crate::formats::script::{self, Seen};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, RepoPath, SettingFact, Span, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "developer-script",
    name: "Script that people run",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Words of paths whose scripts run in pipelines or on servers.
const MACHINES: &[&str] = &[
    "ci",
    "cd",
    "github",
    "circleci",
    "gitlab",
    "buildkite",
    "jenkins",
    "azure",
    "pipeline",
    "pipelines",
    "deploy",
    "deployment",
    "release",
    "docker",
    "entrypoint",
    "cloudbuild",
    "codebuild",
    "travis",
    "test",
    "tests",
    "cron",
];

/// What tells that a pipeline runs it.
const PIPELINE_VARIABLES: &[&str] = &[
    "GITHUB_",
    "CIRCLE",
    "TRAVIS",
    "BUILDKITE",
    "CI_",
    "$CI",
    "${CI",
    "JENKINS",
    "BUILD_SOURCE",
    "CODEBUILD_",
    "DRONE_",
];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let script = matches!(name, b"Makefile" | b"makefile" | b"GNUmakefile" | b"justfile" | b"Justfile");
    if !script && !name.ends_with(b".sh") && !name.ends_with(b".mk") {
        return false;
    }
    let logs_in = ["az login", "activate-service-account", "aws_secret_access_key"];
    logs_in.iter().any(|login| head.contains(login)) && !is_machines(path)
}

fn is_machines(path: &RepoPath) -> bool {
    let lower = path.display().to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| MACHINES.contains(&word))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    if PIPELINE_VARIABLES.iter().any(|word| input.text.contains(word)) {
        return;
    }
    let path = input.path.display();
    let mut told = 0;
    for seen in script::read(input.text) {
        let Seen::Setting { name: setting::SCRIPT_LOGIN, value, part } = seen else { continue };
        told += 1;
        if told > 100 {
            return;
        }
        let fact = SettingFact::new(setting::SCRIPT_LOGIN, path.as_str(), value);
        out.fact(Fact::Setting(At::span(Span { start: part.start, end: part.end }), fact));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_people_are_claimed_and_those_of_pipelines_are_not() {
        let claim = |path: &str| claims(&RepoPath::from(path), "az login --service-principal -u a -p b\n");
        assert!(claim("Makefile") && claim("scripts/setup.sh") && claim("dev/env.mk"));
        assert!(
            !claim("ci/login.sh") && !claim("scripts/deploy.sh") && !claim("a.py") && !claim("docker-entrypoint.sh")
        );
        assert!(!claims(&RepoPath::from("Makefile"), "build:\n\tgo build\n"));
    }
}
