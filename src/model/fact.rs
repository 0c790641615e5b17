//! What a format reader says it saw. Facts name identities by canonical key; linking happens later, in `inventory`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sighting::Attributes;
use super::{AuthMode, Confidence, Environment, Human, IdentityKey, IdentityKind, Privilege, Status, When};
use super::{Secret, Shared, Span};

/// Where in the input a fact was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// The bytes, when the reader had the whole blob.
    pub span: Option<Span>,
    /// The 1-based line, when the reader streamed and counted lines.
    pub line: Option<u64>,
    /// The 1-based column in characters on that line, when the reader counted them too.
    pub column: Option<u64>,
    /// A JSON pointer or `row N`, for inputs in which a line says little.
    pub pointer: Option<String>,
}

impl At {
    /// A fact read from these bytes.
    #[must_use]
    pub fn span(span: Span) -> Self {
        Self { span: Some(span), ..Self::default() }
    }

    /// A fact read from this line of a stream.
    #[must_use]
    pub fn line(line: u64) -> Self {
        Self { line: Some(line), ..Self::default() }
    }

    /// The same place with a pointer for people.
    #[must_use]
    pub fn with_pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }
}

/// One thing read from a pipeline, a manifest or an export.
#[derive(Debug, Clone)]
pub enum Fact {
    /// An identity exists.
    Identity(At, IdentityFact),
    /// A credential exists at the provider.
    Credential(At, CredentialFact),
    /// An identity may do something.
    Grant(At, GrantFact),
    /// An identity may be assumed by someone.
    Trust(At, TrustFact),
    /// A workload authenticates somewhere.
    Usage(At, UsageFact),
    /// Third-party code runs beside a workload.
    ThirdParty(At, ThirdPartyFact),
    /// A declared thing has a property that a check judges.
    Setting(At, SettingFact),
    /// A credential file holds this value; `scan` makes a candidate of it.
    Secret(At, SecretFact),
}

impl Fact {
    /// Where it was read.
    #[must_use]
    pub fn at(&self) -> &At {
        match self {
            Self::Identity(at, _)
            | Self::Credential(at, _)
            | Self::Grant(at, _)
            | Self::Trust(at, _)
            | Self::Usage(at, _)
            | Self::ThirdParty(at, _)
            | Self::Setting(at, _)
            | Self::Secret(at, _) => at,
        }
    }

    /// Lets it stand somewhere else.
    pub fn move_to(&mut self, place: At) {
        match self {
            Self::Identity(at, _)
            | Self::Credential(at, _)
            | Self::Grant(at, _)
            | Self::Trust(at, _)
            | Self::Usage(at, _)
            | Self::ThirdParty(at, _)
            | Self::Setting(at, _)
            | Self::Secret(at, _) => *at = place,
        }
    }
}

/// A secret as a known credential file holds it, with its user and host.
#[derive(Debug, Clone)]
pub struct SecretFact {
    /// The rule under which to report it; one of those that are compiled in.
    pub rule: &'static str,
    /// The value, decoded where the file holds it in base64 or with escapes.
    pub secret: Secret,
    /// Where it stands, as the file writes it, without quotes. Lies inside the text.
    pub span: Span,
    /// What the value is, which decides what may stand in its place.
    pub form: SecretForm,
    /// The name it is kept under in the file: `password`, `_authToken`. Never secret.
    pub name: Option<String>,
    /// The user it belongs to.
    pub user: Option<String>,
    /// The host it opens.
    pub host: Option<String>,
    /// A confidence to use instead of the rule's.
    pub confidence: Option<Confidence>,
    /// True for what is of no use without a key that is kept elsewhere: inventory, never a finding.
    pub encrypted: bool,
    /// A sentence that says more than the rule does; never secret.
    pub evidence: Option<&'static str>,
}

impl SecretFact {
    /// A password at a place, of which nothing else is known.
    #[must_use]
    pub fn new(rule: &'static str, secret: &[u8], span: Span) -> Self {
        Self {
            rule,
            secret: Secret::new(secret),
            span,
            form: SecretForm::Password,
            name: None,
            user: None,
            host: None,
            confidence: None,
            encrypted: false,
            evidence: None,
        }
    }
}

/// What the value of a [`SecretFact`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretForm {
    /// A password that a person may have chosen: short ones and words count, placeholders and references do not.
    Password,
    /// Random text of any characters, in which what looks like a reference stands by chance.
    Random,
    /// A hash, a key block or an encrypted value, whose form alone says that it is one.
    Proven,
}

/// An identity, as far as one input tells. Facts with equal keys merge; a known value wins over an unknown one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct IdentityFact {
    /// Canonical key; see [`IdentityKey`].
    pub key: IdentityKey,
    /// Other exact keys of the same identity (unique id beside ARN, e-mail beside id).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<IdentityKey>,
    /// Kind.
    pub kind: IdentityKind,
    /// Provider, as in rule files: `aws`, `github`…
    pub provider: String,
    /// Name for people.
    pub name: String,
    /// Account, tenant, project or organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether a person stands behind it.
    #[serde(default)]
    pub human: Human,
    /// Enabled or not.
    #[serde(default)]
    pub status: Status,
    /// Creation.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub created: When,
    /// Last use of any of its credentials.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub last_used: When,
    /// Owner as the input names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Environment with the reason.
    #[serde(default)]
    pub environment: Environment,
    /// More facts by name; values are shown in reports, so never secret.
    #[serde(default, skip_serializing_if = "super::inventory::is_empty")]
    pub attributes: Shared<Attributes>,
}

impl IdentityFact {
    /// A fact that knows only what an identity cannot be without.
    #[must_use]
    pub fn new(key: IdentityKey, kind: IdentityKind, provider: &str, name: &str) -> Self {
        Self {
            key,
            aliases: Vec::new(),
            kind,
            provider: provider.to_owned(),
            name: name.to_owned(),
            account: None,
            human: Human::Maybe,
            status: Status::Unknown,
            created: When::Unknown,
            last_used: When::Unknown,
            owner: None,
            environment: Environment::default(),
            attributes: Shared::default(),
        }
    }
}

/// A credential as its provider lists it. The value is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CredentialFact {
    /// Exact key that joins it to an exposure: `aws:access-key:AKIA…`, `aws:access-key-slot:<user arn>#1`…
    pub key: String,
    /// Kind, in words of the rule files: `aws-access-key`, `aws-console-password`…
    pub kind: String,
    /// Provider.
    pub provider: String,
    /// The identity that authenticates with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityKey>,
    /// Enabled or not.
    #[serde(default)]
    pub status: Status,
    /// Creation.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub created: When,
    /// Expiry.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub expires: When,
    /// Last use.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub last_used: When,
    /// Last rotation.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub rotated: When,
    /// The time the export itself speaks for.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub as_of: When,
    /// More facts by name, never secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl CredentialFact {
    /// A fact that knows only the credential's key, kind and provider.
    #[must_use]
    pub fn new(key: impl Into<String>, kind: &str, provider: &str) -> Self {
        Self {
            key: key.into(),
            kind: kind.to_owned(),
            provider: provider.to_owned(),
            identity: None,
            status: Status::Unknown,
            created: When::Unknown,
            expires: When::Unknown,
            last_used: When::Unknown,
            rotated: When::Unknown,
            as_of: When::Unknown,
            attributes: BTreeMap::new(),
        }
    }
}

/// A right of an identity.
#[derive(Debug, Clone)]
pub struct GrantFact {
    /// Who holds it.
    pub identity: IdentityKey,
    /// How much it is.
    pub privilege: Privilege,
    /// What it allows, in the provider's words: `iam:*`, `contents: write`.
    pub action: String,
    /// On what: `*`, an ARN, `repository`.
    pub resource: String,
    /// The chain that gives it: `group Admins → AdministratorAccess`.
    pub source: String,
    /// A condition that narrows it, in words.
    pub condition: Option<String>,
}

/// Who else may become this identity.
#[derive(Debug, Clone)]
pub struct TrustFact {
    /// The identity that trusts.
    pub identity: IdentityKey,
    /// The issuer or principal trusted.
    pub issuer: String,
    /// Audience demanded.
    pub audience: Option<String>,
    /// Subject pattern demanded; `None` when any subject will do.
    pub subject: Option<String>,
    /// More facts by name.
    pub attributes: BTreeMap<String, String>,
}

/// One way in which a workload authenticates, counted once in static : referenced : federated.
#[derive(Debug, Clone)]
pub struct UsageFact {
    /// The workload, when it is known.
    pub identity: Option<IdentityKey>,
    /// How.
    pub mode: AuthMode,
    /// To whom: `aws`, `gcp`, `npm`, `registry`…; empty when unknown.
    pub provider: String,
    /// The secret's name in its store, for references.
    pub credential: Option<String>,
    /// The identity taken on, for federation: a role ARN, a service-account e-mail.
    pub target: Option<String>,
    /// What does it: an action, a variable, a file.
    pub mechanism: String,
    /// True when the provider offers federation to this kind of workload, so a static credential is avoidable.
    pub federation_available: bool,
    /// More facts by name, never secret.
    pub attributes: BTreeMap<String, String>,
}

/// Code of others that runs with a workload's credentials in reach.
#[derive(Debug, Clone)]
pub struct ThirdPartyFact {
    /// The workload.
    pub identity: IdentityKey,
    /// What runs: `owner/action`, an image, a package.
    pub component: String,
    /// The version asked for, as written; empty when none.
    pub version: String,
    /// True when the version cannot change under its name (full commit id, digest).
    pub pinned: bool,
    /// True when it belongs to the same organisation or to the platform itself.
    pub first_party: bool,
    /// Credentials that reach it, by name.
    pub credentials: Vec<String>,
}

/// A property of a declared thing that a check judges: a privileged container, a key that never rotates.
#[derive(Debug, Clone)]
pub struct SettingFact {
    /// The identity it bears on, when there is one.
    pub identity: Option<IdentityKey>,
    /// The declared thing, for people: `aws_instance.web`, `Deployment shop/api`.
    pub subject: String,
    /// What it is, a word of [`super::setting`].
    pub name: &'static str,
    /// How it is set, never secret.
    pub value: String,
    /// More facts by name, never secret.
    pub attributes: BTreeMap<String, String>,
}

impl SettingFact {
    /// A setting of a thing that is no identity.
    #[must_use]
    pub fn new(name: &'static str, subject: impl Into<String>, value: impl Into<String>) -> Self {
        Self { identity: None, subject: subject.into(), name, value: value.into(), attributes: BTreeMap::new() }
    }
}
