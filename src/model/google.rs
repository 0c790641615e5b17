//! Google Cloud as readers, joins and checks share it: what a role is worth, and what the address of a service account tells.
//!
//! Roles: <https://cloud.google.com/iam/docs/roles-permissions>, basic ones
//! <https://cloud.google.com/iam/docs/roles-overview#basic>; which let somebody act as a service account:
//! <https://cloud.google.com/iam/docs/service-account-permissions>; how permissions lead to more:
//! <https://cloud.google.com/iam/docs/best-practices-service-accounts#lateral-movement>.

use super::Privilege;

/// How a holder gets the rights of a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Powers {
    /// It can have tokens, signatures or keys of the account, or give itself the right to.
    pub takes: bool,
    /// It may attach the account to what it runs (`iam.serviceAccounts.actAs`).
    pub attaches: bool,
    /// It can run something that an account is attached to.
    pub runs: bool,
}

impl Powers {
    /// Nothing of the kind.
    pub const NONE: Self = Self { takes: false, attaches: false, runs: false };
    const TAKES: Self = Self { takes: true, ..Self::NONE };
    const ATTACHES: Self = Self { attaches: true, ..Self::NONE };
    const RUNS: Self = Self { runs: true, ..Self::NONE };
    const BOTH: Self = Self { takes: false, attaches: true, runs: true };

    /// The words by which attributes of facts tell it.
    #[must_use]
    pub fn words(self) -> String {
        let named = [(self.takes, "takes"), (self.attaches, "attaches"), (self.runs, "runs")];
        let words: Vec<&str> = named.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        words.join(" ")
    }

    /// What [`Powers::words`] wrote.
    #[must_use]
    pub fn of_words(text: &str) -> Self {
        let has = |word: &str| text.split(' ').any(|w| w == word);
        Self { takes: has("takes"), attaches: has("attaches"), runs: has("runs") }
    }

    /// What two roles of one holder come to.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            takes: self.takes || other.takes,
            attaches: self.attaches || other.attaches,
            runs: self.runs || other.runs,
        }
    }
}

/// Roles that lead to more than their name says: the role, its privilege on a project, folder or organization, its privilege on
/// one resource, and what it does with service accounts.
const ROLES: &[(&str, Privilege, Privilege, Powers)] = {
    use Privilege::{Admin, ReadScoped, WriteBroad, WriteScoped};
    &[
        ("roles/owner", Admin, Admin, Powers { takes: true, ..Powers::BOTH }),
        ("roles/editor", WriteBroad, WriteBroad, Powers::BOTH),
        ("roles/viewer", ReadScoped, ReadScoped, Powers::NONE),
        ("roles/browser", ReadScoped, ReadScoped, Powers::NONE),
        // They may rewrite the policy that binds them.
        ("roles/iam.securityAdmin", Admin, WriteBroad, Powers::TAKES),
        ("roles/resourcemanager.projectIamAdmin", Admin, Admin, Powers::NONE),
        ("roles/resourcemanager.folderAdmin", Admin, Admin, Powers::NONE),
        ("roles/resourcemanager.folderIamAdmin", Admin, Admin, Powers::NONE),
        ("roles/resourcemanager.organizationAdmin", Admin, Admin, Powers::NONE),
        // They may put permissions into a role that they hold.
        ("roles/iam.roleAdmin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/iam.organizationRoleAdmin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/orgpolicy.policyAdmin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/iam.workloadIdentityPoolAdmin", WriteBroad, WriteScoped, Powers::NONE),
        // Service accounts.
        ("roles/iam.serviceAccountTokenCreator", WriteBroad, WriteScoped, Powers::TAKES),
        ("roles/iam.serviceAccountKeyAdmin", WriteBroad, WriteScoped, Powers::TAKES),
        ("roles/iam.serviceAccountAdmin", WriteBroad, WriteScoped, Powers::TAKES),
        ("roles/iam.workloadIdentityUser", WriteBroad, WriteScoped, Powers::TAKES),
        ("roles/iam.serviceAccountUser", WriteBroad, WriteScoped, Powers::ATTACHES),
        // What is started acts as an account of the platform that edits the project unless somebody took that away:
        // <https://cloud.google.com/build/docs/cloud-build-service-account>,
        // <https://cloud.google.com/deployment-manager/docs/access-control>.
        ("roles/cloudbuild.builds.editor", WriteBroad, WriteScoped, Powers::RUNS),
        ("roles/cloudbuild.builds.builder", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/deploymentmanager.editor", WriteBroad, WriteScoped, Powers::RUNS),
        // They can log in to every machine and so have its account:
        // <https://cloud.google.com/compute/docs/connect/restrict-ssh-keys>.
        ("roles/compute.admin", WriteBroad, WriteScoped, Powers::RUNS),
        ("roles/compute.instanceAdmin", WriteBroad, WriteScoped, Powers::RUNS),
        ("roles/compute.instanceAdmin.v1", WriteBroad, WriteScoped, Powers::RUNS),
        ("roles/container.admin", WriteBroad, WriteScoped, Powers::RUNS),
        ("roles/container.clusterAdmin", WriteBroad, WriteScoped, Powers::RUNS),
        // Every secret, every object, every key.
        ("roles/secretmanager.admin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/secretmanager.secretAccessor", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/storage.admin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/storage.hmacKeyAdmin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/cloudkms.admin", WriteBroad, WriteScoped, Powers::NONE),
        ("roles/firebase.admin", WriteBroad, WriteScoped, Powers::RUNS),
        // What runs with an account attached.
        ("roles/aiplatform.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/aiplatform.user", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/appengine.appAdmin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/appengine.deployer", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/batch.jobsEditor", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/clouddeploy.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/cloudfunctions.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/cloudfunctions.developer", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/cloudscheduler.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/composer.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/dataflow.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/dataflow.developer", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/datafusion.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/dataproc.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/dataproc.editor", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/lifesciences.workflowsRunner", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/notebooks.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/notebooks.runner", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/run.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/run.developer", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/workflows.admin", WriteScoped, WriteScoped, Powers::RUNS),
        ("roles/workflows.editor", WriteScoped, WriteScoped, Powers::RUNS),
    ]
};

/// How much a role is. `wide` is true on a project, a folder or an organization. What a custom role holds is not in its name.
#[must_use]
pub fn privilege(role: &str, wide: bool) -> Privilege {
    if let Some((_, broad, narrow, _)) = ROLES.iter().find(|(name, ..)| *name == role) {
        return if wide { *broad } else { *narrow };
    }
    let lower = role.to_ascii_lowercase();
    match () {
        () if lower.contains("viewer") || lower.contains("reader") => Privilege::ReadScoped,
        () if role.starts_with("roles/") => Privilege::WriteScoped,
        () => Privilege::Unknown,
    }
}

/// What a role does with service accounts.
#[must_use]
pub fn powers(role: &str) -> Powers {
    ROLES.iter().find(|(name, ..)| *name == role).map_or(Powers::NONE, |(.., powers)| *powers)
}

/// Whether a role exists to act as service accounts, and for nothing else.
#[must_use]
pub fn is_impersonation(role: &str) -> bool {
    matches!(
        role,
        "roles/iam.serviceAccountTokenCreator"
            | "roles/iam.serviceAccountUser"
            | "roles/iam.serviceAccountKeyAdmin"
            | "roles/iam.workloadIdentityUser"
    )
}

/// Permissions that take a service account's identity: a token, a signature, a key, or the right to any of them.
const TAKES: &[&str] = &[
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
];

/// Permissions that start something with an account attached.
const RUNS: &[&str] = &[
    "aiplatform.customJobs.create",
    "appengine.versions.create",
    "batch.jobs.create",
    "cloudbuild.builds.create",
    "cloudfunctions.functions.create",
    "cloudfunctions.functions.update",
    "cloudscheduler.jobs.create",
    "composer.environments.create",
    "compute.instances.create",
    "compute.instances.setServiceAccount",
    "container.clusters.create",
    "dataflow.jobs.create",
    "datafusion.instances.create",
    "dataproc.clusters.create",
    "deploymentmanager.deployments.create",
    "notebooks.instances.create",
    "run.jobs.create",
    "run.services.create",
    "run.services.update",
    "workflows.workflows.create",
];

/// Permissions that rewrite the policy or the role that gives them.
const ADMIN: &[&str] = &[
    "iam.roles.update",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
    "resourcemanager.projects.setIamPolicy",
];

/// Permissions that reach everything of a kind, or start what acts as an account of the platform.
const BROAD: &[&str] = &[
    "cloudbuild.builds.create",
    "compute.instances.setMetadata",
    "compute.projects.setCommonInstanceMetadata",
    "deploymentmanager.deployments.create",
    "deploymentmanager.deployments.update",
    "orgpolicy.policy.set",
    "secretmanager.versions.access",
    "storage.hmacKeys.create",
];

/// What the permissions of a custom role come to, and which of them decided that.
#[must_use]
pub fn of_permissions<'p>(permissions: impl Iterator<Item = &'p str>) -> (Privilege, Powers, Vec<&'p str>) {
    let (mut privilege, mut powers, mut telling) = (Privilege::None, Powers::NONE, Vec::new());
    for permission in permissions {
        let takes = TAKES.contains(&permission);
        let attaches = permission == "iam.serviceAccounts.actAs";
        let runs = RUNS.contains(&permission);
        powers = powers.and(Powers { takes, attaches, runs });
        let verb = permission.rsplit('.').next().unwrap_or_default();
        let level = match () {
            () if ADMIN.contains(&permission) => Privilege::Admin,
            () if takes || attaches || BROAD.contains(&permission) => Privilege::WriteBroad,
            () if ["get", "list", "search", "read", "query", "view", "fetch", "lookup"]
                .iter()
                .any(|read| verb.starts_with(read)) =>
            {
                Privilege::ReadScoped
            }
            () => Privilege::WriteScoped,
        };
        if level >= Privilege::WriteBroad || runs {
            telling.push(permission);
        }
        privilege = privilege.max(level);
    }
    telling.sort_unstable();
    telling.dedup();
    (privilege, powers, telling)
}

/// The project in the address of a service account that somebody made, or of App Engine's own; addresses of Google's services and
/// of Compute Engine's default account hold a number at most.
///
/// Kinds of accounts: <https://cloud.google.com/iam/docs/service-account-types>. A project of a domain, `acme.example:shop`, is
/// written `shop.acme.example` in addresses.
#[must_use]
pub fn project_of(email: &str) -> Option<String> {
    let (name, domain) = email.split_once('@')?;
    let written = match domain.strip_suffix(".iam.gserviceaccount.com") {
        Some(_) if is_managed(email) => return None,
        Some(project) => project,
        None if domain == "appspot.gserviceaccount.com" => name,
        None => return None,
    };
    let project = match written.split_once('.') {
        Some((project, domain)) => format!("{domain}:{project}"),
        None => written.to_owned(),
    };
    is_project(project.rsplit(':').next().unwrap_or_default()).then_some(project)
}

/// Whether a text can be the id of a project: 6 to 30 lower-case letters, digits and hyphens, from a letter on
/// (<https://cloud.google.com/resource-manager/docs/creating-managing-projects>).
#[must_use]
pub fn is_project(text: &str) -> bool {
    (6..=30).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether it is an account that Google's services act with in a project, which nobody else can become
/// (<https://cloud.google.com/iam/docs/service-agents>).
#[must_use]
pub fn is_managed(email: &str) -> bool {
    let Some((name, domain)) = email.split_once('@') else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let agent = name.strip_prefix("service-").or_else(|| name.strip_prefix("project-")).is_some_and(number);
    let org = name.strip_prefix("service-org-").or_else(|| name.strip_prefix("service-folder-")).is_some_and(number);
    let google = domain.ends_with(".gserviceaccount.com");
    google
        && (agent
            || org
            || domain.starts_with("gcp-sa-")
            || domain == "cloudservices.gserviceaccount.com"
            || domain.starts_with("firebase-sa-management."))
}

/// Which of the accounts it is that a project has from the start and that everything runs as which names none: `Compute Engine`
/// or `App Engine` (<https://cloud.google.com/iam/docs/service-account-types#default>).
#[must_use]
pub fn default_of(email: &str) -> Option<&'static str> {
    let (name, domain) = email.split_once('@')?;
    match domain {
        "developer.gserviceaccount.com" if name.ends_with("-compute") => Some("Compute Engine"),
        "appspot.gserviceaccount.com" => Some("App Engine"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_an_account_tells_its_project_or_nothing() {
        for (email, want) in [
            ("ci@acme-prod.iam.gserviceaccount.com", Some("acme-prod")),
            ("ci@webshop.acme.example.iam.gserviceaccount.com", Some("acme.example:webshop")),
            // A project's id has six characters at least.
            ("ci@shop.acme.example.iam.gserviceaccount.com", None),
            ("acme-prod@appspot.gserviceaccount.com", Some("acme-prod")),
            ("123-compute@developer.gserviceaccount.com", None),
            ("service-123@gcp-sa-pubsub.iam.gserviceaccount.com", None),
            ("service-123@compute-system.iam.gserviceaccount.com", None),
            ("ana@acme.example", None),
            ("", None),
        ] {
            assert_eq!(project_of(email).as_deref(), want, "{email}");
        }
    }

    #[test]
    fn accounts_of_the_platform_are_told_from_those_that_people_make() {
        for email in ["service-123@gcp-sa-pubsub.iam.gserviceaccount.com", "123@cloudservices.gserviceaccount.com"] {
            assert!(is_managed(email), "{email}");
        }
        for email in [
            "service-ci@acme-prod.iam.gserviceaccount.com",
            "123-compute@developer.gserviceaccount.com",
            // Whoever starts a build acts as it.
            "123@cloudbuild.gserviceaccount.com",
        ] {
            assert!(!is_managed(email), "{email}");
        }
        assert_eq!(default_of("123-compute@developer.gserviceaccount.com"), Some("Compute Engine"));
        assert_eq!(default_of("compute@acme-prod.iam.gserviceaccount.com"), None);
    }

    #[test]
    fn roles_are_worth_less_on_one_resource_and_custom_ones_what_they_hold() {
        assert_eq!(privilege("roles/iam.serviceAccountTokenCreator", true), Privilege::WriteBroad);
        assert_eq!(privilege("roles/iam.serviceAccountTokenCreator", false), Privilege::WriteScoped);
        assert_eq!(privilege("roles/bigquery.dataViewer", true), Privilege::ReadScoped);
        assert_eq!(privilege("projects/p/roles/x", true), Privilege::Unknown);
        let of = |permissions: &[&'static str]| of_permissions(permissions.iter().copied()).0;
        assert_eq!(of(&["storage.objects.get", "storage.objects.list"]), Privilege::ReadScoped);
        assert_eq!(of(&["storage.objects.get", "storage.objects.delete"]), Privilege::WriteScoped);
        assert_eq!(of(&["secretmanager.versions.access"]), Privilege::WriteBroad);
        assert_eq!(of(&["resourcemanager.projects.setIamPolicy"]), Privilege::Admin);
        assert_eq!(of(&[]), Privilege::None);
        let (_, powers, telling) = of_permissions(["iam.serviceAccounts.actAs", "run.services.create"].into_iter());
        assert_eq!((powers, telling.len()), (Powers::BOTH, 2));
        assert_eq!(Powers::of_words(&powers.words()), powers);
    }

    #[test]
    fn each_role_stands_once_in_the_table() {
        let mut names: Vec<&str> = ROLES.iter().map(|(name, ..)| *name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
