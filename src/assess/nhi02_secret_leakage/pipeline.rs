//! Secrets that pipelines write to their logs.

use crate::assess::estate::PIPELINES;
use crate::assess::view::View;
use crate::assess::{Check, Context, reach, say, settings};
use crate::model::{Confidence, Finding, Risk, Setting, Severity, setting};

/// A secret that a script shows, or that stands in its text.
pub(in crate::assess) const CI_ECHO: Check = Check {
    id: "NHI2-ci-echo",
    risk: Risk::Nhi2,
    title: "Secret that a pipeline shows in its log",
    why: "Logs are read by more people than secrets are, and are kept for longer. Platforms mask the exact value only: \
          encoded, split or as part of a JSON it stands there in the clear.",
    remediation: "Take the line out, or hand the value over through a file or standard input. Write `set +x` before lines \
                  that read a secret, and in Jenkins put scripts in single quotes so that the shell reads the variable. \
                  Rotate a value that was shown.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.github.com/en/actions/reference/security/secure-use#use-secrets-for-sensitive-information",
        "https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#string-interpolation",
    ],
    needs: PIPELINES,
    implies: &[],
    subjects: View::jobs,
    run: echo,
};

fn echo(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut found = settings::of(&CI_ECHO, view, setting::ECHO, |setting, finding| shown(setting, finding, view));
    found.extend(settings::of(&CI_ECHO, view, setting::INTERPOLATED, |setting, finding| {
        finding.title = format!("{} puts a secret into the text of a script", reach::whose(setting, view));
        finding.confidence = Confidence::High;
        let sentence =
            format!("{} is replaced before the shell starts, so it stands in the process list", setting.value);
        say(&mut finding.evidence, sentence);
        true
    }));
    found
}

fn shown(setting: &Setting, finding: &mut Finding, view: &View<'_>) -> bool {
    let reach = reach::of(setting, view);
    let every = setting.value.ends_with("every variable");
    // Without a secret among them, variables may be shown.
    if every && reach.direct.is_empty() {
        return false;
    }
    let whose = reach::whose(setting, view);
    if every {
        finding.title = format!("{whose} shows its environment in the log, secrets included");
        finding.base_severity = Severity::Low;
        reach::tell(&reach, finding);
    } else {
        finding.title = format!("{whose} shows a secret in its log");
    }
    say(&mut finding.evidence, setting.value.clone());
    true
}
