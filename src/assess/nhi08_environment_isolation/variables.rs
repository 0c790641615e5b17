//! Variables that every environment's jobs can read.

use crate::assess::estate::GITLAB_VARIABLES;
use crate::assess::nhi01_improper_offboarding::hosts::whose;
use crate::assess::{Check, settings};
use crate::model::{Confidence, EnvironmentClass, Risk, Severity, environment, setting};

/// A credential of production that jobs of any environment or branch get.
pub(in crate::assess) const GL_VAR_SCOPE: Check = Check {
    id: "NHI8-gl-var-scope",
    risk: Risk::Nhi8,
    title: "GitLab variable that jobs of every environment can read",
    why: "Whoever can push a branch can write a job that prints the variable: production is then as safe as its least \
          reviewed branch.",
    remediation: "Set the variable's environment scope to the environment that needs it and switch on Protect variable; keep \
                  one value an environment.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.gitlab.com/ci/variables/#protect-a-cicd-variable",
        "https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable",
    ],
    needs: &[GITLAB_VARIABLES],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::STORED_VARIABLE),
    run: |view, _| {
        settings::of(&GL_VAR_SCOPE, view, setting::STORED_VARIABLE, |setting, finding| {
            let is = |name: &str, value: &str| setting.attributes.get(name).is_some_and(|v| v == value);
            // Most variables are no credentials: those that are masked, or say so by their name, count.
            if setting.value != "*" || !is("credential", "true") {
                return false;
            }
            let production = environment::classify("variable", &setting.subject).class == EnvironmentClass::Prod;
            let open = is("protected", "false");
            if !production && !open {
                return false;
            }
            let who = if open { "every branch" } else { "every environment" };
            finding.title = format!("Variable {}{} is given to jobs of {who}", setting.subject, whose(setting));
            finding.evidence.push("environment scope *".to_owned());
            if open {
                finding.evidence.push("not protected: jobs of unprotected branches and tags get it".to_owned());
            }
            if production {
                finding.evidence.push("its name says production".to_owned());
            }
            if production && open {
                finding.base_severity = Severity::High;
            } else if !is("masked", "true") {
                finding.confidence = Confidence::Medium;
            }
            true
        })
    },
};
