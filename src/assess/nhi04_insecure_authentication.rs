//! NHI4:2025 Insecure Authentication: logins that others can read, repeat or stand in for
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/4-insecure-authentication/>).

pub(super) mod anonymous;
pub(super) mod code;
pub(super) mod declared;
pub(super) mod deployments;
pub(super) mod flows;
pub(super) mod hooks;
pub(super) mod keys;
pub(super) mod mailboxes;
pub(super) mod passwords;

use super::estate::PIPELINES;
use super::{Check, reach, say, settings};
use crate::model::{Confidence, Risk, Severity, setting};

const OWASP: &str = "https://owasp.org/www-project-non-human-identities-top-10/2025/4-insecure-authentication/";

/// Certificates or host keys that nobody checks.
pub(super) const TLS_OFF: Check = Check {
    id: "NHI4-tls-off",
    risk: Risk::Nhi4,
    title: "Certificates are not checked where credentials are in reach",
    why: "Whoever stands between the machine and the server can answer in its place: they get the login, and what is \
          downloaded is theirs.",
    remediation: "Remove the option and let the machine trust the server's certificate authority (curl --cacert, \
                  NODE_EXTRA_CA_CERTS, GIT_SSL_CAINFO); for SSH write the host's key into known_hosts.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://curl.se/docs/sslcerts.html", OWASP],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| settings::subjects(view, setting::TLS_OFF),
    run: |view, _| {
        settings::of(&TLS_OFF, view, setting::TLS_OFF, |setting, finding| {
            let reach = reach::of(setting, view);
            finding.title = format!("{} does not check certificates", reach::whose(setting, view));
            if setting.value.starts_with("StrictHostKeyChecking") {
                finding.title = format!("{} does not check host keys", reach::whose(setting, view));
            }
            say(&mut finding.evidence, setting.value.clone());
            reach::tell(&reach, finding);
            if reach.direct.is_empty() {
                finding.base_severity = Severity::Low;
            }
            // A job that holds nothing has no login that could be lost.
            !(reach::is_job(setting, view) && reach.direct.is_empty() && reach.later.is_empty())
        })
    },
};

/// A login in the clear.
pub(super) const PLAIN_HTTP: Check = Check {
    id: "NHI4-plain-http-auth",
    risk: Risk::Nhi4,
    title: "Login over plain HTTP",
    why: "Everybody on the way reads the credential.",
    remediation: "Use https:// and have the server redirect nothing from http://; rotate the credential.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://datatracker.ietf.org/doc/html/rfc6750#section-5.3", OWASP],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| settings::subjects(view, setting::PLAIN_HTTP),
    run: |view, _| {
        settings::of(&PLAIN_HTTP, view, setting::PLAIN_HTTP, |setting, finding| {
            finding.title = format!("{} logs in at {} over plain HTTP", reach::whose(setting, view), setting.value);
            say(&mut finding.evidence, format!("a login goes to http://{}", setting.value));
            if is_internal(&setting.value) {
                finding.base_severity = Severity::Medium;
                say(&mut finding.evidence, "the host's name is of a network inside".to_owned());
            }
            true
        })
    },
};

/// Whether a host is of a cluster or a private network, by its name or address.
fn is_internal(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    let private = ["10.", "192.168.", "172.16.", "172.17.", "172.18.", "172.19.", "172.2", "172.30.", "172.31."];
    !name.contains('.')
        || [".svc", ".local", ".internal", ".lan", ".cluster.local"].iter().any(|end| name.ends_with(end))
        || private.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::is_internal;

    #[test]
    fn hosts_inside_are_told_by_name_and_address() {
        assert!(
            ["nexus", "nexus:8081", "a.b.svc", "x.local", "10.0.0.1:80", "192.168.1.2"].iter().all(|h| is_internal(h))
        );
        assert!(!["nexus.acme.com", "8.8.8.8", "acme.com:8080"].iter().any(|h| is_internal(h)));
    }
}
