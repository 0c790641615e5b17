//! The inventory: identities, their credentials, and what joins them. Serialized as it stands into the JSON report, so
//! that merging reports can link, assess and score again.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sighting::Attributes;
use super::{
    Confidence, ControlCard, Location, RuleInfo, Score, Severity, Shared, Suppression, Text, Validity, When, Wording,
};

/// Canonical key of an identity: `<provider>:<kind>:<provider's own stable name>`, for instance
/// `aws:user:arn:aws:iam::123456789012:user/ci`. Two facts with equal keys speak of one identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, Default)]
#[serde(transparent)]
pub struct IdentityKey(Text);

impl IdentityKey {
    /// A key from its three parts. Provider and kind are lower-case words; the name is canonical already (ARN, e-mail in
    /// lower case, `ns/name`).
    #[must_use]
    pub fn new(provider: &str, kind: &str, name: &str) -> Self {
        Self(Text::alone(&format!("{provider}:{kind}:{name}")))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for IdentityKey {
    /// A key that was one before.
    fn from(text: String) -> Self {
        Self(Text::alone(&text))
    }
}

impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Kinds of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A cloud user that holds long-lived credentials: an IAM user.
    CloudUser,
    /// A role or managed identity that others take on.
    Role,
    /// A service account of a cloud, a cluster or a product.
    ServiceAccount,
    /// An application registration, OAuth client or installed app.
    Application,
    /// A job of a pipeline.
    CiJob,
    /// A container, function or machine that runs.
    Workload,
    /// A bot account.
    Bot,
    /// An AI agent or a tool server it calls.
    Agent,
    /// A database login.
    DatabaseUser,
    /// A user's personal token: a person's rights in a machine's hands.
    UserToken,
    /// A machine or host with a key.
    Machine,
    /// Something else that authenticates.
    #[default]
    Other,
}

impl IdentityKind {
    /// The kind as reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudUser => "cloud-user",
            Self::Role => "role",
            Self::ServiceAccount => "service-account",
            Self::Application => "application",
            Self::CiJob => "ci-job",
            Self::Workload => "workload",
            Self::Bot => "bot",
            Self::Agent => "agent",
            Self::DatabaseUser => "database-user",
            Self::UserToken => "user-token",
            Self::Machine => "machine",
            Self::Other => "other",
        }
    }
}

/// Whether a person stands behind an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Human {
    /// Not human, as far as the inputs tell.
    No,
    /// The inputs do not tell.
    #[default]
    Maybe,
    /// A person's account or token.
    Yes,
}

/// How a workload authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// A long-lived value stands in the text.
    Static,
    /// A long-lived value is fetched by name from a store.
    Referenced,
    /// A short-lived token is exchanged for proof of what the workload is.
    Federated,
    /// The platform hands out short-lived credentials to where it runs.
    Instance,
    /// It does not authenticate.
    None,
    /// Not seen in these inputs.
    #[default]
    Unknown,
}

impl AuthMode {
    /// Every mode, in order.
    pub const ALL: [Self; 6] =
        [Self::Static, Self::Referenced, Self::Federated, Self::Instance, Self::None, Self::Unknown];
}

/// State at the provider, as an export gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not in these inputs.
    #[default]
    Unknown,
    /// Enabled.
    Active,
    /// Disabled.
    Inactive,
    /// Gone.
    Deleted,
}

/// How much an identity may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Privilege {
    /// Not in these inputs.
    #[default]
    Unknown,
    /// Nothing, or public data.
    None,
    /// Reading, within a scope.
    ReadScoped,
    /// Writing, within a scope.
    WriteScoped,
    /// Writing widely, or reading secrets.
    WriteBroad,
    /// Administration, or a path to it.
    Admin,
}

/// Production or not, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The class; ambiguous names are unknown.
    pub class: EnvironmentClass,
    /// What it was read from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Classes of environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentClass {
    /// Not known.
    #[default]
    Unknown,
    /// Production.
    Prod,
    /// Anything before production.
    Nonprod,
}

/// A non-human identity (or one that may be human, and says so).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Canonical key.
    pub id: IdentityKey,
    /// Other exact keys of the same identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<IdentityKey>,
    /// Kind.
    pub kind: IdentityKind,
    /// Provider.
    pub provider: String,
    /// Name for people.
    pub name: String,
    /// Account, tenant, project or organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether a person stands behind it.
    pub human: Human,
    /// State at the provider.
    pub status: Status,
    /// Creation.
    pub created: When,
    /// Last use.
    pub last_used: When,
    /// Owner and where that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Environment.
    pub environment: Environment,
    /// Highest privilege of its grants.
    pub privilege: Privilege,
    /// The modes in which it authenticates.
    pub auth: Vec<AuthMode>,
    /// True when it was read from a sample below a test or example path: shown, never scored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
    /// More facts by name.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub attributes: Shared<Attributes>,
    /// Where it was declared.
    pub locations: Vec<Location>,
    /// Its score, once assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Shared<Score>>,
    /// Its control card, once assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controls: Option<Shared<ControlCard>>,
}

/// A credential, seen in the clear, in an export, or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// Exact key: `aws:access-key:AKIA…`, or `secret:<fingerprint>` for opaque values.
    pub id: String,
    /// Kind, mostly the id of the rule that finds it.
    pub kind: String,
    /// Provider.
    pub provider: String,
    /// The identity it belongs to; `None` makes it unattributed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityKey>,
    /// State at the provider.
    pub status: Status,
    /// Creation or issue.
    pub created: When,
    /// Expiry.
    pub expires: When,
    /// Last use.
    pub last_used: When,
    /// Last rotation.
    pub rotated: When,
    /// The time that the export it came from speaks for.
    pub as_of: When,
    /// Offline verdict on the value.
    pub validity: Validity,
    /// Public by design.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// Encrypted at rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// Redacted value, when it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Keyed fingerprint of the value, when it was seen and is not too weak for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// More facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Where an export or manifest declares it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
}

/// Whether there are no attributes.
pub(super) fn is_empty(attributes: &Attributes) -> bool {
    attributes.is_empty()
}

/// A right of an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Who holds it.
    pub identity: IdentityKey,
    /// How much it is.
    pub privilege: Privilege,
    /// What it allows.
    pub action: Wording,
    /// On what.
    pub resource: Wording,
    /// The chain that gives it.
    pub source: Text,
    /// A condition that narrows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Text>,
    /// Where it was read.
    pub location: Location,
}

/// Who may become an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The identity that trusts.
    pub identity: IdentityKey,
    /// The issuer or principal trusted.
    pub issuer: String,
    /// Audience demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Subject pattern demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// More facts by name.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub attributes: Shared<Attributes>,
    /// Where it was read.
    pub location: Location,
}

/// One way in which a workload authenticates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// The workload; `None` for a reference in code whose workload is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityKey>,
    /// How.
    pub mode: AuthMode,
    /// To whom.
    pub provider: String,
    /// The secret's name in its store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The identity taken on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What does it.
    pub mechanism: String,
    /// True when federation is offered to this kind of workload.
    pub federation_available: bool,
    /// More facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Where it was read.
    pub location: Location,
}

/// Code of others that runs with a workload's credentials in reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ThirdParty {
    /// The workload.
    pub identity: IdentityKey,
    /// What runs.
    pub component: String,
    /// The version asked for.
    pub version: String,
    /// True when the version cannot change under its name.
    pub pinned: bool,
    /// True when it belongs to the same organisation or the platform.
    pub first_party: bool,
    /// Credentials that reach it.
    pub credentials: Vec<String>,
    /// Where it was read.
    pub location: Location,
}

/// A property of a declared thing that a check judges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The identity it bears on, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityKey>,
    /// The declared thing, for people.
    pub subject: String,
    /// What it is, in a word: `privileged`, `tls-off`.
    pub name: String,
    /// How it is set.
    pub value: String,
    /// More facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Where it was read.
    pub location: Location,
}

/// A credential's value in the clear at one or more places, as one rule saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// The credential, by id.
    pub credential: String,
    /// The rule that found it.
    pub rule: String,
    /// How sure the detector and the proof are.
    pub confidence: Confidence,
    /// Base severity of this exposure.
    pub base_severity: Severity,
    /// The name the value was assigned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// True below a test, fixture or example path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test_path: bool,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Why it is kept out of the findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
    /// Keyed fingerprint of the value as it is written here, which may differ between the copies of one key in line ends. Only
    /// for the run that made it: outputs have that of the credential.
    #[serde(skip)]
    pub fingerprint: Option<String>,
    /// The place.
    pub location: Location,
}

/// Two identities or credentials that are probably one, shown and never merged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// One side, an identity or credential id.
    pub from: String,
    /// The other side.
    pub to: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why.
    pub why: String,
}

/// Everything seen, joined by exact keys. Lists are sorted by id and place; ids are unique.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// Identities.
    pub identities: Vec<Identity>,
    /// Credentials.
    pub credentials: Vec<Credential>,
    /// Rights.
    pub grants: Vec<Grant>,
    /// Who may become whom.
    pub trusts: Vec<Trust>,
    /// Ways of authenticating.
    pub usages: Vec<Usage>,
    /// Third-party code with credentials in reach.
    pub third_parties: Vec<ThirdParty>,
    /// Properties of declared things that checks judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Values in the clear.
    pub exposures: Vec<Exposure>,
    /// Likely, unmerged.
    pub links: Vec<Link>,
    /// What each rule and check named in this report is.
    pub rules: Vec<RuleInfo>,
    /// Formats that were read, with the number of blobs: what "assessable" rests on.
    pub formats_read: BTreeMap<String, u64>,
}
