//! What an organisation demands: limits, required federation, exceptions that end, who owns what and which environment it is.

use std::collections::BTreeSet;

use globset::{Glob, GlobMatcher, GlobSet};
use jiff::Timestamp;
use serde::Deserialize;

use super::syntax::shown;
use super::{Config, ConfigError, entries, fail, has_expired, paths};
use crate::model::{
    Environment, EnvironmentClass, FailOn, Finding, Identity, Lapsed, Limits, Location, LocationData, Risk, Severity,
    Suppression, SuppressionKind, Usage,
};

/// The `policy` section as written. Numbers are whole days.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicySection {
    /// See [`Limits::key_age`].
    pub max_key_age: Option<u32>,
    /// See [`Limits::key_unused`].
    pub max_key_unused: Option<u32>,
    /// See [`Limits::identity_unused`].
    pub max_identity_unused: Option<u32>,
    /// See [`Limits::token_life`].
    pub max_token_life: Option<u32>,
    /// See [`Limits::secret_life`].
    pub max_secret_life: Option<u32>,
    /// Providers to which workloads may only log in by federation: `aws`, `gcp`, `azure`, `npm`…
    #[serde(default, deserialize_with = "entries::providers")]
    pub require_federation: Vec<String>,
    /// Stored credentials that are accepted nevertheless.
    #[serde(default)]
    pub allow_static: Vec<StaticEntry>,
    /// Accounts, projects and tenants of one's own: trust between them is none in strangers.
    #[serde(default)]
    pub own_accounts: Vec<String>,
    /// Organisations and groups of one's own on code hosts.
    #[serde(default)]
    pub own_organisations: Vec<String>,
}

/// A stored credential that is accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StaticEntry {
    /// The provider that it opens.
    pub provider: String,
    /// Only where the use is declared below this path.
    #[serde(default, deserialize_with = "entries::path")]
    pub path: Option<String>,
    /// Only for identities whose id, name or other key this glob matches.
    #[serde(default, deserialize_with = "entries::identity")]
    pub identity: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when, as a date.
    pub expires: String,
}

/// A finding that is accepted for a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExceptionEntry {
    /// The id of a check or rule; a star at the end stands for any rest.
    #[serde(deserialize_with = "entries::check")]
    pub check: String,
    /// Only about identities whose id, name or other key this glob matches.
    #[serde(default, deserialize_with = "entries::identity")]
    pub identity: Option<String>,
    /// Only where all places of the finding are below this path.
    #[serde(default, deserialize_with = "entries::path")]
    pub path: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when, as a date.
    pub expires: String,
}

/// Which environment things belong to. At least one of the conditions; all given ones must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvironmentEntry {
    /// Declared below this path.
    pub path: Option<String>,
    /// In this account, project or tenant.
    pub account: Option<String>,
    /// With an id, name or other key that this glob matches.
    pub identity: Option<String>,
    /// `prod`, `nonprod` or `unknown`.
    pub environment: EnvironmentClass,
}

/// Who owns things. At least one of the conditions; all given ones must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OwnerEntry {
    /// Declared below this path.
    pub path: Option<String>,
    /// In this account, project or tenant.
    pub account: Option<String>,
    /// With an id, name or other key that this glob matches.
    pub identity: Option<String>,
    /// The team or person.
    pub owner: String,
}

/// A policy, compiled.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Numbers.
    pub limits: Limits,
    federation: BTreeSet<String>,
    allowed: Vec<(String, Narrow, Suppression)>,
    exceptions: Vec<(String, Narrow, Suppression)>,
    environments: Vec<(Narrow, EnvironmentClass, String)>,
    owners: Vec<(Narrow, String)>,
    own: BTreeSet<String>,
    lapsed: Vec<Lapsed>,
}

/// Conditions on where and whose.
#[derive(Debug, Clone, Default)]
struct Narrow {
    path: Option<GlobSet>,
    account: Option<String>,
    identity: Option<GlobMatcher>,
}

impl Narrow {
    fn new(path: Option<&str>, account: Option<&str>, identity: Option<&str>) -> Result<Self, String> {
        let glob = |pattern: &str| Glob::new(pattern).map(|g| g.compile_matcher()).map_err(|e| e.kind().to_string());
        Ok(Self {
            path: path.map(paths).transpose()?,
            account: account.map(str::to_owned),
            identity: identity.map(glob).transpose()?,
        })
    }

    fn is_empty(&self) -> bool {
        self.path.is_none() && self.account.is_none() && self.identity.is_none()
    }

    /// Whether these places and this identity are meant; a place that is named wants all places below it.
    fn holds<'l>(&self, mut places: impl Iterator<Item = &'l Location>, identity: Option<&Identity>) -> bool {
        let place = self.path.as_ref().is_none_or(|glob| {
            let first = places.next();
            first
                .into_iter()
                .chain(&mut places)
                .filter(|place| !place.path.is_empty())
                .fold(None, |all, place| Some(all.unwrap_or(true) && glob.is_match(&place.path)))
                == Some(true)
        });
        let account = self.account.as_deref();
        place
            && account.is_none_or(|account| identity.is_some_and(|i| i.account.as_deref() == Some(account)))
            && self.identity.as_ref().is_none_or(|glob| identity.is_some_and(|i| is_named(i, glob)))
    }
}

fn is_named(identity: &Identity, glob: &GlobMatcher) -> bool {
    let keys = std::iter::once(&identity.id).chain(&identity.aliases).map(|key| key.as_str());
    keys.chain([identity.name.as_str()]).any(|name| glob.is_match(name))
}

impl Policy {
    /// Compiles the policy of a configuration as of a time.
    ///
    /// # Errors
    /// Names the entry that cannot be used.
    pub fn new(config: &Config, as_of: Timestamp) -> Result<Self, ConfigError> {
        let file = &config.file;
        let section = &file.policy;
        let mut policy = Self {
            limits: limits(section),
            federation: section.require_federation.iter().map(|p| p.trim().to_ascii_lowercase()).collect(),
            own: section
                .own_accounts
                .iter()
                .chain(&section.own_organisations)
                .map(|a| a.to_ascii_lowercase())
                .collect(),
            ..Self::default()
        };
        for (i, entry) in section.allow_static.iter().enumerate() {
            let name = format!("policy.allow-static[{i}]");
            let narrow = Narrow::new(entry.path.as_deref(), None, entry.identity.as_deref());
            let narrow = narrow.map_err(|message| fail(config, &name, message))?;
            let what = entry.provider.trim().to_ascii_lowercase();
            let ending = Ending { owner: &entry.owner, reason: &entry.reason, expires: &entry.expires };
            match ending.judge(config, &name, &what, as_of)? {
                Ok(accepted) => policy.allowed.push((what, narrow, accepted)),
                Err(lapsed) => policy.lapsed.push(lapsed),
            }
        }
        for (i, entry) in file.exceptions.iter().enumerate() {
            let name = format!("exceptions[{i}]");
            let narrow = Narrow::new(entry.path.as_deref(), None, entry.identity.as_deref());
            let narrow = narrow.map_err(|message| fail(config, &name, message))?;
            let ending = Ending { owner: &entry.owner, reason: &entry.reason, expires: &entry.expires };
            match ending.judge(config, &name, &entry.check, as_of)? {
                Ok(accepted) => policy.exceptions.push((entry.check.clone(), narrow, accepted)),
                Err(lapsed) => policy.lapsed.push(lapsed),
            }
        }
        for (i, entry) in file.environments.iter().enumerate() {
            let name = format!("environments[{i}]");
            let narrow = narrow(config, &name, [&entry.path, &entry.account, &entry.identity])?;
            policy.environments.push((narrow, entry.environment, name));
        }
        for (i, entry) in file.owners.iter().enumerate() {
            let narrow = narrow(config, &format!("owners[{i}]"), [&entry.path, &entry.account, &entry.identity])?;
            policy.owners.push((narrow, entry.owner.clone()));
        }
        Ok(policy)
    }

    /// Whether workloads may log in to a provider by federation only.
    #[must_use]
    pub fn demands_federation(&self, provider: &str) -> bool {
        self.federation.contains(provider)
    }

    /// Why a stored credential is accepted, if it is.
    #[must_use]
    pub fn allows_static(&self, usage: &Usage, identity: Option<&Identity>) -> Option<Suppression> {
        let place = || std::iter::once(&usage.location);
        let entry =
            self.allowed.iter().find(|(what, narrow, _)| *what == usage.provider && narrow.holds(place(), identity));
        entry.map(|(.., accepted)| accepted.clone())
    }

    /// The exception that accepts a finding, if one does.
    #[must_use]
    pub fn excepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression> {
        let means = |check: &str| match check.strip_suffix('*') {
            Some(stem) => finding.id.starts_with(stem),
            None => finding.id == check,
        };
        let holds = |narrow: &Narrow| narrow.holds(finding.locations.iter(), identity);
        let entry = self.exceptions.iter().find(|(check, narrow, _)| means(check) && holds(narrow));
        entry.map(|(.., accepted)| accepted.clone())
    }

    /// The environment that the configuration gives an identity; the last entry that speaks of it decides.
    #[must_use]
    pub fn environment(&self, identity: &Identity) -> Option<Environment> {
        let holds = |narrow: &Narrow| narrow.holds(identity.locations.iter(), Some(identity));
        let (_, class, name) = self.environments.iter().rev().find(|(narrow, ..)| holds(narrow))?;
        Some(Environment { class: *class, why: format!("the configuration says so ({name})") })
    }

    /// The owner that the configuration gives an identity; the last entry that speaks of it decides.
    #[must_use]
    pub fn owner(&self, identity: &Identity) -> Option<&str> {
        let holds = |narrow: &Narrow| narrow.holds(identity.locations.iter(), Some(identity));
        self.owners.iter().rev().find(|(narrow, _)| holds(narrow)).map(|(_, owner)| owner.as_str())
    }

    /// Whether an account, a project, a tenant or an organisation is one's own.
    #[must_use]
    pub fn is_own(&self, account: &str) -> bool {
        self.own.contains(&account.to_ascii_lowercase())
    }

    /// Exceptions that ran out.
    #[must_use]
    pub fn lapsed(&self) -> &[Lapsed] {
        &self.lapsed
    }

    /// Check and rule ids that exceptions name, with the entries, to be held against those that there are.
    pub fn checks(&self) -> impl Iterator<Item = &str> {
        self.exceptions.iter().map(|(check, ..)| check.as_str())
    }

    /// Takes on what another policy demands beyond this one. What that one accepts is left out.
    pub fn tighten(&mut self, other: &Self) {
        self.limits = self.limits.stricter(other.limits);
        self.federation.extend(other.federation.iter().cloned());
        self.lapsed.extend(other.lapsed.iter().cloned());
    }
}

/// The numbers of a section, the defaults where it says nothing.
#[must_use]
pub fn limits(section: &PolicySection) -> Limits {
    let default = Limits::default();
    let days = |own: Option<u32>, default: i64| own.map_or(default, i64::from);
    Limits {
        key_age: days(section.max_key_age, default.key_age),
        key_unused: days(section.max_key_unused, default.key_unused),
        identity_unused: days(section.max_identity_unused, default.identity_unused),
        token_life: days(section.max_token_life, default.token_life),
        secret_life: days(section.max_secret_life, default.secret_life),
    }
}

/// Which findings fail a run, as a configuration says; a severity of the invoker's wins over the general one.
///
/// # Errors
/// Names the risk or severity that there is not.
pub fn fail_on(config: &Config, severity: Option<Severity>) -> Result<FailOn, ConfigError> {
    let mut all = FailOn::from(severity.or(config.file.fail_on).unwrap_or(Severity::Medium));
    for (name, from) in &config.file.fail_on_risk {
        let refuse = |message: &str| fail(config, &format!("fail-on-risk.{}", shown(name)), message.to_owned());
        let wanted = name.trim().to_ascii_uppercase();
        let risk =
            Risk::ALL.into_iter().find(|risk| risk.id() == wanted || risk.id().split(':').next() == Some(&wanted));
        let risk = risk.ok_or_else(|| refuse("is none of the risks: write NHI1 to NHI10"))?;
        let severity = match from.trim() {
            "never" => None,
            word => Some(
                Severity::ALL
                    .into_iter()
                    .find(|severity| *severity > Severity::Info && severity.as_str() == word)
                    .ok_or_else(|| refuse("wants low, medium, high, critical or never"))?,
            ),
        };
        all = all.under(risk, severity);
    }
    Ok(all)
}

fn narrow(config: &Config, name: &str, [path, account, identity]: [&Option<String>; 3]) -> Result<Narrow, ConfigError> {
    let narrow = Narrow::new(path.as_deref(), account.as_deref(), identity.as_deref());
    let narrow = narrow.map_err(|message| fail(config, name, message))?;
    if narrow.is_empty() {
        return Err(fail(config, name, "wants at least one of path, account, identity".to_owned()));
    }
    Ok(narrow)
}

/// Whom to ask about an exception, why it is, and when it ends.
struct Ending<'e> {
    owner: &'e str,
    reason: &'e str,
    expires: &'e str,
}

impl Ending<'_> {
    /// The suppression that it makes while it holds, else what there is to say about it.
    fn judge(
        &self,
        config: &Config,
        name: &str,
        what: &str,
        as_of: Timestamp,
    ) -> Result<Result<Suppression, Lapsed>, ConfigError> {
        for (key, value) in [("owner", self.owner), ("reason", self.reason)] {
            if value.trim().is_empty() {
                return Err(fail(config, name, format!("`{key}` is empty: an exception wants an owner and a reason")));
            }
        }
        if has_expired(Some(self.expires), as_of).map_err(|message| fail(config, name, message))? {
            let path = config.path.as_deref().and_then(std::path::Path::file_name);
            return Ok(Err(Lapsed {
                entry: name.to_owned(),
                what: what.to_owned(),
                owner: self.owner.to_owned(),
                reason: self.reason.to_owned(),
                expires: self.expires.to_owned(),
                location: Location::from(LocationData {
                    path: path.unwrap_or_default().to_string_lossy().into_owned(),
                    ..LocationData::default()
                }),
            }));
        }
        Ok(Ok(Suppression {
            kind: SuppressionKind::Config,
            reason: format!("{} (owner {}, until {})", self.reason, self.owner, self.expires),
            by: name.to_owned(),
        }))
    }
}
