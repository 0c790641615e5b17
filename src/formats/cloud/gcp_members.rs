//! Members of Google Cloud's policies: whom a binding names.
//!
//! Forms: <https://cloud.google.com/iam/docs/principal-identifiers>. Accounts of a cluster:
//! <https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity>.

use super::gcp;

/// Whom a member names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member<'m> {
    /// A service account, by address.
    Account(&'m str),
    /// A service account of clusters.
    Kubernetes {
        /// The pool of the clusters' project: `acme-prod.svc.id.goog`.
        pool: &'m str,
        /// Its namespace.
        namespace: &'m str,
        /// Its name.
        name: &'m str,
    },
    /// Identities of a workload identity pool.
    Pool {
        /// The pool's full name, from `projects/` on.
        pool: &'m str,
        /// Which of them.
        which: Which<'m>,
    },
    /// A person, a group or domain of people, or anybody.
    People,
    /// An identity that is gone and that was no person.
    Deleted,
    /// Whoever holds a basic role in a project: Cloud Storage and BigQuery bind them by themselves.
    Convenience,
    /// Of a form that is not known.
    Other,
}

/// Which identities of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'m> {
    /// The one of this subject.
    Subject(&'m str),
    /// Those of which an attribute has this value; the name is without `attribute.`, groups are `groups`.
    Attribute(&'m str, &'m str),
    /// All.
    All,
}

/// Reads a member.
#[must_use]
pub fn member(text: &str) -> Member<'_> {
    let Some((kind, name)) = text.split_once(':') else {
        return if matches!(text, "allUsers" | "allAuthenticatedUsers") { Member::People } else { Member::Other };
    };
    match kind {
        "serviceAccount" => match cluster(name) {
            Some(member) => member,
            None if gcp::is_account(name) => Member::Account(name),
            None => Member::Other,
        },
        "user" | "group" | "domain" => Member::People,
        "principal" | "principalSet" => pool(name),
        "projectOwner" | "projectEditor" | "projectViewer" => Member::Convenience,
        "deleted" => match name.split(':').next() {
            Some("serviceAccount" | "principal" | "principalSet") => Member::Deleted,
            _ => Member::Other,
        },
        _ => Member::Other,
    }
}

/// `PROJECT.svc.id.goog[NAMESPACE/NAME]`.
fn cluster(name: &str) -> Option<Member<'_>> {
    let (pool, rest) = name.split_once('[')?;
    let (namespace, name) = rest.strip_suffix(']')?.split_once('/')?;
    let whole = pool.ends_with(".svc.id.goog") && !namespace.is_empty() && !name.is_empty();
    whole.then_some(Member::Kubernetes { pool, namespace, name })
}

/// `//iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/P/…`; pools of workforces hold people.
fn pool(name: &str) -> Member<'_> {
    let Some(path) = name.strip_prefix("//iam.googleapis.com/") else { return Member::Other };
    if path.contains("/workforcePools/") {
        return Member::People;
    }
    let Some(at) = path.find("/workloadIdentityPools/") else { return Member::Other };
    let after = at + "/workloadIdentityPools/".len();
    let Some(slash) = path.get(after..).and_then(|rest| rest.find('/')) else { return Member::Other };
    let (Some(pool), Some(rest)) = (path.get(..after + slash), path.get(after + slash + 1..)) else {
        return Member::Other;
    };
    if let Some(subject) = rest.strip_prefix("subject/") {
        let cluster = pool.rsplit('/').next().filter(|name| name.ends_with(".svc.id.goog"));
        let account = subject.strip_prefix("ns/").and_then(|rest| rest.split_once("/sa/"));
        return match (cluster, account) {
            (Some(pool), Some((namespace, name))) => Member::Kubernetes { pool, namespace, name },
            _ => Member::Pool { pool, which: Which::Subject(subject) },
        };
    }
    match rest.split_once('/') {
        _ if rest == "*" => Member::Pool { pool, which: Which::All },
        Some(("group", group)) => Member::Pool { pool, which: Which::Attribute("groups", group) },
        Some((attribute, value)) => {
            let name = attribute.strip_prefix("attribute.").unwrap_or(attribute);
            Member::Pool { pool, which: Which::Attribute(name, value) }
        }
        None => Member::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_every_documented_form_are_read() {
        let pool = "projects/123/locations/global/workloadIdentityPools/ci";
        let iam = |rest: &str| format!("//iam.googleapis.com/{pool}/{rest}");
        assert_eq!(
            member("serviceAccount:ci@acme-prod.iam.gserviceaccount.com"),
            Member::Account("ci@acme-prod.iam.gserviceaccount.com")
        );
        let account = Member::Kubernetes { pool: "acme-prod.svc.id.goog", namespace: "web", name: "api" };
        assert_eq!(member("serviceAccount:acme-prod.svc.id.goog[web/api]"), account);
        assert_eq!(
            member(
                "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/\
                 acme-prod.svc.id.goog/subject/ns/web/sa/api"
            ),
            account
        );
        for (text, which) in [
            (format!("principal:{}", iam("subject/repo:acme/app:ref:refs/heads/main")), {
                Which::Subject("repo:acme/app:ref:refs/heads/main")
            }),
            (format!("principalSet:{}", iam("attribute.repository/acme/app")), {
                Which::Attribute("repository", "acme/app")
            }),
            (format!("principalSet:{}", iam("group/ops")), Which::Attribute("groups", "ops")),
            (format!("principalSet:{}", iam("*")), Which::All),
        ] {
            assert_eq!(member(&text), Member::Pool { pool, which }, "{text}");
        }
        for text in [
            "user:ana@acme.example",
            "group:ops@acme.example",
            "domain:acme.example",
            "allUsers",
            "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*",
        ] {
            assert_eq!(member(text), Member::People, "{text}");
        }
        assert_eq!(member("deleted:serviceAccount:x@acme-prod.iam.gserviceaccount.com?uid=1"), Member::Deleted);
        assert_eq!(member("projectEditor:acme-prod"), Member::Convenience);
        for text in ["", ":", "serviceAccount:", "principal://iam.googleapis.com/", "deleted:user:a?uid=1", "é[é/é]"]
        {
            assert_eq!(member(text), Member::Other, "{text}");
        }
    }
}
