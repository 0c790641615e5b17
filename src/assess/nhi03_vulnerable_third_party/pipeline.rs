//! Code of others that pipelines run beside actions and images: scripts from the network, packages with scripts, shared
//! libraries, and what can read a token that a checkout kept.

use crate::assess::estate::GITHUB_ACTIONS;
use crate::assess::estate::PIPELINES;
use crate::assess::view::View;
use crate::assess::{Check, Context, reach, say, settings};
use crate::model::{Confidence, Finding, Risk, Severity, setting};

const OWASP: &str = "https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/";

/// A script that is fetched and run at once.
pub(in crate::assess) const CURL_PIPE: Check = Check {
    id: "NHI3-curl-pipe",
    risk: Risk::Nhi3,
    title: "Script from the network run with credentials in reach",
    why: "Whoever can change what the address serves runs code in the job and gets what it holds, without a trace in the \
          repository.",
    remediation: "Download a released version, compare it with a checksum that is written in the repository \
                  (`sha256sum --check`), then run it; or keep a copy of the script in the repository.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use", OWASP],
    needs: PIPELINES,
    implies: &[],
    subjects: View::jobs,
    run: |view, _| {
        settings::of(&CURL_PIPE, view, setting::REMOTE_SCRIPT, |setting, finding| {
            let reach = reach::of(setting, view);
            let name = reach::whose(setting, view);
            finding.title = format!("{name} runs what {} sends", host(&setting.value));
            if !reach.is_strong() {
                finding.base_severity = Severity::Medium;
            }
            if setting.value.ends_with("in a variable") {
                finding.confidence = Confidence::Medium;
            }
            say(&mut finding.evidence, setting.value.clone());
            reach::tell(&reach, finding);
            !(reach.direct.is_empty() && reach.later.is_empty())
        })
    },
};

/// The host of an address, or the address as it is.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Packages whose scripts run beside a credential.
pub(in crate::assess) const INSTALL_SCRIPTS: Check = Check {
    id: "NHI3-install-scripts",
    risk: Risk::Nhi3,
    title: "Packages installed with their scripts beside a credential",
    why: "An install script of any package in the tree runs in the step and can read the credentials in its environment; \
          that is how worms among packages spread.",
    remediation: "Install with `--ignore-scripts` (or `ignore-scripts=true` in .npmrc), or in a step or job without the \
                  credential; a token that only reads a private registry belongs into that step alone.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://docs.npmjs.com/cli/using-npm/config#ignore-scripts", OWASP],
    needs: PIPELINES,
    implies: &[],
    subjects: View::jobs,
    run: |view, _| {
        settings::of(&INSTALL_SCRIPTS, view, setting::INSTALL_SCRIPTS, |setting, finding| {
            let reach = reach::of(setting, view);
            finding.title = format!("{} runs {} with credentials in reach", reach::whose(setting, view), setting.value);
            // Every build of some platforms has a role.
            if reach.ambient {
                finding.base_severity = Severity::Low;
            }
            // Since version 10 pnpm runs none of them unless a package is allowed.
            if setting.value.starts_with("pnpm") {
                finding.confidence = Confidence::Low;
            }
            reach::tell(&reach, finding);
            reach.is_strong()
        })
    },
};

/// A shared library that can change.
pub(in crate::assess) const JENKINS_LIB: Check = Check {
    id: "NHI3-jenkins-lib",
    risk: Risk::Nhi3,
    title: "Jenkins library at a version that can change",
    why: "Whoever can push to the library's branch runs code in every pipeline that loads it, with their credentials.",
    remediation: "Name a tag that is protected, or a commit: @Library('name@<commit>').",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://www.jenkins.io/doc/book/pipeline/shared-libraries/#library-versions", OWASP],
    needs: &["jenkinsfile"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::SHARED_LIBRARY),
    run: |view, _| {
        settings::of(&JENKINS_LIB, view, setting::SHARED_LIBRARY, |setting, finding| {
            let reach = reach::of(setting, view);
            finding.title = format!("{} loads {}, which can change", reach::whose(setting, view), setting.value);
            if reach.direct.is_empty() {
                finding.base_severity = Severity::Low;
            }
            let version = setting.value.split_once('@').map_or("no version is named", |_| "the version is a branch");
            say(&mut finding.evidence, format!("{}: {version}", setting.value));
            reach::tell(&reach, finding);
            true
        })
    },
};

/// A checkout's token that code of others can read.
pub(in crate::assess) const PERSISTED_TOKEN: Check = Check {
    id: "NHI3-persisted-token",
    risk: Risk::Nhi3,
    title: "Checkout keeps its token for unpinned code of others",
    why: "actions/checkout writes its token to disk, where every later step can read it, whatever it is given.",
    remediation: "Set `persist-credentials: false` on actions/checkout, and hand the token to the one step that pushes.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://github.com/actions/checkout#usage", OWASP],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: |view| View::ids(view.github_jobs().filter(|i| i.attributes.contains_key("persist_credentials"))),
    run: persisted,
};

fn persisted(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&PERSISTED_TOKEN, view, setting::PERSISTED_TOKEN, |setting, finding| {
        let token = setting.attributes.get("token").map(String::as_str).unwrap_or_default();
        finding.title = format!("{} keeps its checkout's token for unpinned code", reach::whose(setting, view));
        say(&mut finding.evidence, format!("{} can read {token}", setting.value));
        true
    })
}
