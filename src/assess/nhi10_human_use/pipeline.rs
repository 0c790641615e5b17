//! Logins of machines that people run, and of people that machines run.

use crate::assess::{Check, reach, say, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// A login with a service's key in a script that people run, or with a person's password in a pipeline.
pub(in crate::assess) const AZURE_SP_LOGIN_SCRIPT: Check = Check {
    id: "NHI10-azure-sp-login-script",
    risk: Risk::Nhi10,
    title: "Script in which people log in as a service, or services as a person",
    why: "Nobody can tell from the log who acted, the key is on many machines, and neither can be blocked alone.",
    remediation: "Let people log in as themselves (az login, gcloud auth login) and take on the service's rights by \
                  impersonation or a role; let pipelines use the platform's federation.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://learn.microsoft.com/cli/azure/authenticate-azure-cli",
        "https://docs.cloud.google.com/docs/authentication/use-service-account-impersonation",
    ],
    needs: &["developer-script", "github-actions", "jenkinsfile", "buildkite", "codebuild", "cloud-build"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::SCRIPT_LOGIN),
    run: |view, _| {
        settings::of(&AZURE_SP_LOGIN_SCRIPT, view, setting::SCRIPT_LOGIN, |setting, finding| {
            let person = setting.value == "az login -u -p";
            let whose = reach::whose(setting, view);
            finding.title = if person {
                format!("{whose} logs in as a person, with a password")
            } else {
                format!("{whose} has people log in as a service")
            };
            say(&mut finding.evidence, setting.value.clone());
            // In a pipeline a service's login is what belongs there.
            person || !reach::is_job(setting, view)
        })
    },
};
