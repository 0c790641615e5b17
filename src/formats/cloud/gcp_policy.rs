//! Google Cloud's allow policies as facts: who holds which role on what, who may act as whom.
//!
//! Shape: <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>. A policy holds for what lies below its resource, too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::gcp_members::{Member, Which, member};
use super::{aws, gcp};
use crate::formats::Out;
use crate::model::{
    At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, TrustFact, google, setting,
};

/// What a policy is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// A project, by id or number.
    Project(String),
    /// A folder, by number.
    Folder(String),
    /// An organization, by number.
    Organization(String),
    /// A service account, by address or number.
    Account(String),
    /// Something else, by its full name.
    Resource(String),
    /// A project, a folder or an organization, which the export does not name.
    Unnamed,
    /// Nothing tells.
    Unknown,
}

impl Scope {
    /// What a full resource name is of (<https://cloud.google.com/iam/docs/full-resource-names>).
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let manager = name.contains("cloudresourcemanager.googleapis.com/");
        match () {
            () if manager && gcp::part(name, "projects").is_some() => {
                Self::Project(gcp::part(name, "projects").unwrap_or_default().to_owned())
            }
            () if manager && gcp::part(name, "folders").is_some() => {
                Self::Folder(gcp::part(name, "folders").unwrap_or_default().to_owned())
            }
            () if manager && gcp::part(name, "organizations").is_some() => {
                Self::Organization(gcp::part(name, "organizations").unwrap_or_default().to_owned())
            }
            () => match gcp::part(name, "serviceAccounts").filter(|_| gcp::part(name, "keys").is_none()) {
                Some(account) => Self::Account(account.to_ascii_lowercase()),
                None => Self::Resource(name.to_owned()),
            },
        }
    }

    /// Whether it holds service accounts.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        matches!(self, Self::Project(_) | Self::Folder(_) | Self::Organization(_) | Self::Unnamed)
    }

    /// The scope in words, as other readers of bindings write it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Project(name) => format!("project {name}"),
            Self::Folder(name) => format!("folder {name}"),
            Self::Organization(name) => format!("organization {name}"),
            Self::Account(name) => format!("service account {name}"),
            Self::Resource(name) => format!("resource {}", gcp::clip(name)),
            Self::Unnamed => "project, folder or organization (not named in the export)".to_owned(),
            Self::Unknown => "a resource that the export does not name".to_owned(),
        }
    }
}

/// Bindings of one policy, each with its place.
pub type Bindings = [(Value, At)];

/// The bindings of a policy that stands in an element, under the element's place.
#[must_use]
pub fn bindings_of(policy: &Value, at: &At) -> Vec<(Value, At)> {
    let all = policy.get("bindings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|binding| (binding.clone(), at.clone())).collect()
}

/// Role and members of a binding.
fn parts(binding: &Value) -> Option<(&str, &[Value])> {
    let members = binding.get("members").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some((aws::text(binding, "role")?, members))
}

/// <https://cloud.google.com/iam/docs/conditions-overview>
fn condition(binding: &Value) -> Option<String> {
    let condition = binding.get("condition").filter(|condition| condition.is_object())?;
    let expression = aws::text(condition, "expression").unwrap_or("a condition that could not be read");
    let title = aws::text(condition, "title").filter(|title| !title.is_empty());
    Some(gcp::clip(&title.map_or_else(|| expression.to_owned(), |title| format!("{title}: {expression}"))))
}

/// Members of a policy, each as it is written.
pub fn members(bindings: &Bindings) -> impl Iterator<Item = &str> {
    bindings.iter().filter_map(|(binding, _)| parts(binding)).flat_map(|(_, members)| members).filter_map(Value::as_str)
}

/// What kind of resource a policy must be of, by its roles, when nothing else tells. Basic roles and roles of other services cannot
/// be granted on a service account, and what is told of service accounts cannot be granted on other resources
/// (<https://cloud.google.com/iam/docs/roles-permissions>).
#[must_use]
pub fn told_by_roles(bindings: &Bindings) -> Scope {
    let roles: BTreeSet<&str> = bindings.iter().filter_map(|(binding, _)| Some(parts(binding)?.0)).collect();
    let basic = ["roles/owner", "roles/editor", "roles/viewer"].iter().any(|role| roles.contains(role));
    let manages =
        roles.iter().any(|role| role.starts_with("roles/resourcemanager.") || role.ends_with(".serviceAgent"));
    let of_accounts = roles.iter().any(|role| google::is_impersonation(role));
    let of_others = roles.iter().any(|role| role.starts_with("roles/") && !role.starts_with("roles/iam."));
    // Cloud Storage and BigQuery bind the holders of basic roles in the project.
    let bucket = members(bindings).any(|text| member(text) == Member::Convenience);
    match (basic || manages || of_accounts && of_others) && !bucket {
        true => Scope::Unnamed,
        false => Scope::Unknown,
    }
}

/// Reads the bindings of a policy; those without a role give nothing.
pub fn read(bindings: &Bindings, scope: &Scope, out: &mut Out<'_>) {
    let mut told = BTreeSet::new();
    for (binding, at) in bindings {
        let Some((role, members)) = parts(binding) else { continue };
        let condition = condition(binding);
        let mut reading = Reading { scope, at, out, told: &mut told };
        for text in members.iter().filter_map(Value::as_str) {
            reading.one(role, text, condition.as_deref());
        }
    }
}

struct Reading<'r, 'o> {
    scope: &'r Scope,
    at: &'r At,
    out: &'r mut Out<'o>,
    /// Identities that were declared already.
    told: &'r mut BTreeSet<IdentityKey>,
}

impl Reading<'_, '_> {
    fn one(&mut self, role: &str, text: &str, condition: Option<&str>) {
        let acts = google::powers(role).takes || google::powers(role).attaches;
        let account = match self.scope {
            Scope::Account(name) if acts => Some(gcp::account_key(name)),
            _ => None,
        };
        match member(text) {
            Member::Account(email) => {
                let fact = gcp::account(email);
                self.grant(fact, role, condition);
            }
            Member::Kubernetes { pool, namespace, name } => match account {
                Some(key) => {
                    let mut trust = self.trust(key, role, text, condition);
                    pool.clone_into(&mut trust.issuer);
                    trust.subject = Some(format!("system:serviceaccount:{namespace}:{name}"));
                    trust.attributes.insert("sub_operator".to_owned(), "StringEquals".to_owned());
                    self.push_trust(trust);
                }
                None => {
                    let name = format!("{namespace}/{name}");
                    let key = IdentityKey::new("kubernetes", "service-account", &name);
                    let mut fact = IdentityFact::new(key, IdentityKind::ServiceAccount, "kubernetes", &name);
                    fact.human = Human::No;
                    self.grant(fact, role, condition);
                }
            },
            Member::Pool { pool, which } => {
                if acts {
                    self.pool_member(account.clone(), pool, text);
                }
                match account {
                    Some(key) => {
                        let mut trust = self.trust(key, role, text, condition);
                        trust.issuer = format!("iam.googleapis.com/{pool}");
                        trust.attributes.insert("pool".to_owned(), pool.to_owned());
                        narrow(&mut trust, which);
                        self.push_trust(trust);
                    }
                    None => {
                        let name = text.split_once("//iam.googleapis.com/").map_or(text, |(_, rest)| rest);
                        let key = IdentityKey::new(gcp::PROVIDER, "principal", name);
                        let shown = gcp::part(name, "workloadIdentityPools").unwrap_or_default();
                        let shown = match which {
                            Which::Subject(subject) => format!("{subject} of pool {shown}"),
                            Which::Attribute(attribute, value) => format!("{attribute} {value} of pool {shown}"),
                            Which::All => format!("everybody of pool {shown}"),
                        };
                        let mut fact =
                            IdentityFact::new(key, IdentityKind::Workload, gcp::PROVIDER, &gcp::clip(&shown));
                        fact.human = Human::No;
                        fact.attributes.insert("pool".to_owned(), pool.to_owned());
                        self.grant(fact, role, condition);
                    }
                }
            }
            Member::People if acts => self.people(role, text, condition, account),
            Member::Deleted => {
                let mut fact = SettingFact::new(setting::DELETED_MEMBER, self.scope.words(), gcp::clip(text));
                fact.attributes.insert("role".to_owned(), gcp::clip(role));
                self.out.fact(Fact::Setting(self.at.clone(), fact));
            }
            Member::People | Member::Convenience | Member::Other => {}
        }
    }

    fn declare(&mut self, fact: IdentityFact) {
        if self.told.insert(fact.key.clone()) {
            self.out.fact(Fact::Identity(self.at.clone(), fact));
        }
    }

    fn grant(&mut self, holder: IdentityFact, role: &str, condition: Option<&str>) {
        let grant = GrantFact {
            identity: holder.key.clone(),
            privilege: google::privilege(role, self.scope.is_wide()),
            action: gcp::clip(role),
            resource: self.scope.words(),
            source: "its policy".to_owned(),
            condition: condition.map(str::to_owned),
        };
        self.declare(holder);
        self.out.fact(Fact::Grant(self.at.clone(), grant));
    }

    /// A trust of a service account, with what every kind has.
    fn trust(&mut self, key: IdentityKey, role: &str, text: &str, condition: Option<&str>) -> TrustFact {
        if let Scope::Account(name) = self.scope {
            self.declare(gcp::account(name));
        }
        let mut attributes = BTreeMap::from([
            ("kind".to_owned(), "federated".to_owned()),
            ("member".to_owned(), gcp::clip(text)),
            ("role".to_owned(), gcp::clip(role)),
        ]);
        if let Some(condition) = condition {
            attributes.insert("condition".to_owned(), condition.to_owned());
        }
        TrustFact { identity: key, issuer: String::new(), audience: None, subject: None, attributes }
    }

    fn push_trust(&mut self, trust: TrustFact) {
        self.out.fact(Fact::Trust(self.at.clone(), trust));
    }

    fn pool_member(&mut self, account: Option<IdentityKey>, pool: &str, text: &str) {
        let subject = match self.scope {
            Scope::Account(name) => name.clone(),
            scope => scope.words(),
        };
        let mut fact = SettingFact::new(setting::WIF_MEMBER, subject, gcp::clip(text));
        fact.identity = account;
        fact.attributes.insert("module".to_owned(), pool.to_owned());
        self.out.fact(Fact::Setting(self.at.clone(), fact));
    }

    fn people(&mut self, role: &str, text: &str, condition: Option<&str>, account: Option<IdentityKey>) {
        if let Scope::Account(name) = self.scope {
            self.declare(gcp::account(name));
        }
        let fact = people(self.scope.words(), self.scope.is_wide(), role, text, condition, account);
        self.out.fact(Fact::Setting(self.at.clone(), fact));
    }
}

/// People who may act as service accounts.
#[must_use]
pub fn people(
    subject: String,
    wide: bool,
    role: &str,
    text: &str,
    condition: Option<&str>,
    account: Option<IdentityKey>,
) -> SettingFact {
    let mut fact = SettingFact::new(setting::HUMAN_IMPERSONATOR, subject, gcp::clip(text));
    fact.identity = account;
    fact.attributes.insert("role".to_owned(), gcp::clip(role));
    fact.attributes.insert("scope".to_owned(), if wide { "wide" } else { "one" }.to_owned());
    if let Some(condition) = condition {
        fact.attributes.insert("condition".to_owned(), condition.to_owned());
    }
    fact
}

/// Writes down which identities of a pool come in, as tests of claims of the same names; what they are mapped from is in the
/// pool's provider.
fn narrow(trust: &mut TrustFact, which: Which<'_>) {
    match which {
        Which::Subject(subject) => {
            trust.subject = Some(subject.to_owned());
            trust.attributes.insert("sub_operator".to_owned(), "StringEquals".to_owned());
        }
        Which::Attribute(name, value) => {
            trust.attributes.insert(format!("claim.{name}"), format!("StringEquals {value}"));
        }
        Which::All => {}
    }
}
