//! The inventory, indexed for the checks.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use crate::model::{
    Credential, Exposure, Grant, Identity, IdentityKey, IdentityKind, Inventory, Location, RuleInfo, Setting, Severity,
    Status, ThirdParty, Trust, Usage, Validity, setting,
};
use crate::text::order::Lookup;

/// What the rights of an identity say against its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rights {
    /// It may do something in production; which right says so.
    Production(String),
    /// It has wide rights of which no input tells the environment, and a name makes none of theirs.
    Untold,
}

/// An inventory with its joins looked up once. Everything that samples alone declare is left out of the iterators.
pub struct View<'a> {
    /// The inventory itself.
    pub inventory: &'a Inventory,
    identities: Lookup<&'a IdentityKey, &'a Identity>,
    credentials: Lookup<&'a str, &'a Credential>,
    owned: Lookup<&'a IdentityKey, Vec<&'a Credential>>,
    grants: Lookup<&'a IdentityKey, Vec<&'a Grant>>,
    trusts: Lookup<&'a IdentityKey, Vec<&'a Trust>>,
    usages: Lookup<&'a IdentityKey, Vec<&'a Usage>>,
    third_parties: Lookup<&'a IdentityKey, Vec<&'a ThirdParty>>,
    settings: Lookup<&'a str, Vec<&'a Setting>>,
    exposures: Lookup<&'a str, Vec<&'a Exposure>>,
    rules: Lookup<&'a str, &'a RuleInfo>,
    /// States of Terraform with secrets, by container and path.
    states: BTreeSet<(Option<&'a str>, &'a str)>,
    /// Usages of stored secrets by the credential that these are known to hold.
    held: Lookup<&'a str, Vec<&'a Usage>>,
    /// What the rights of identities say against their names.
    against_names: Lookup<&'a IdentityKey, Rights>,
}

fn group<'a, K: Hash + Eq + Copy, T>(all: &'a [T], key: impl Fn(&'a T) -> Option<K>) -> Lookup<K, Vec<&'a T>> {
    let mut out: Lookup<K, Vec<&'a T>> = Lookup::default();
    for item in all {
        if let Some(key) = key(item) {
            out.entry(key).or_default().push(item);
        }
    }
    out
}

impl<'a> View<'a> {
    /// Indexes an inventory, in one pass over each list.
    #[must_use]
    pub fn new(inventory: &'a Inventory) -> Self {
        Self {
            inventory,
            identities: inventory.identities.iter().map(|i| (&i.id, i)).collect(),
            credentials: inventory.credentials.iter().map(|c| (c.id.as_str(), c)).collect(),
            owned: group(&inventory.credentials, |c| c.identity.as_ref()),
            grants: group(&inventory.grants, |g| Some(&g.identity)),
            trusts: group(&inventory.trusts, |t| Some(&t.identity)),
            usages: group(&inventory.usages, |u| u.identity.as_ref()),
            third_parties: group(&inventory.third_parties, |t| Some(&t.identity)),
            settings: group(&inventory.settings, |s| Some(s.name.as_str())),
            exposures: group(&inventory.exposures, |e| Some(e.credential.as_str())),
            rules: inventory.rules.iter().map(|r| (r.id.as_str(), r)).collect(),
            states: inventory
                .settings
                .iter()
                .filter(|s| s.name == setting::STATE_SECRET)
                .map(|s| (s.location.container.as_deref(), s.location.path.as_str()))
                .collect(),
            held: group(&inventory.usages, |u| u.attributes.get("holds").map(String::as_str)),
            against_names: Lookup::default(),
        }
    }

    /// Identities that are no samples.
    pub fn identities(&self) -> impl Iterator<Item = &'a Identity> + '_ {
        self.inventory.identities.iter().filter(|i| !i.sample)
    }

    /// The identity of this id, samples included.
    #[must_use]
    pub fn identity(&self, id: &IdentityKey) -> Option<&'a Identity> {
        self.identities.get(id).copied()
    }

    /// Credentials that are not from samples alone.
    pub fn credentials(&self) -> impl Iterator<Item = &'a Credential> + '_ {
        self.inventory.credentials.iter().filter(|c| !self.is_sample(c))
    }

    fn is_sample(&self, credential: &Credential) -> bool {
        // A value that stands in the clear is a leak, whatever a sample says of its owner.
        !self.exposures.contains_key(credential.id.as_str())
            && (is_marked(&credential.attributes)
                || credential.identity.as_ref().and_then(|id| self.identity(id)).is_some_and(|i| i.sample))
    }

    /// The credential of this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&'a Credential> {
        self.credentials.get(id).copied()
    }

    /// Usages that are not from samples.
    pub fn usages(&self) -> impl Iterator<Item = &'a Usage> + '_ {
        self.inventory.usages.iter().filter(|u| {
            !is_marked(&u.attributes)
                && !u.identity.as_ref().and_then(|id| self.identity(id)).is_some_and(|identity| identity.sample)
        })
    }

    /// Enters what the rights of identities say against their names.
    pub(super) fn enter_rights(&mut self, against_names: Lookup<&'a IdentityKey, Rights>) {
        self.against_names = against_names;
    }

    /// What the rights of an identity say against a name that is not of production.
    pub(super) fn against_name(&self, id: &IdentityKey) -> Option<&Rights> {
        self.against_names.get(id)
    }

    /// Credentials of an identity.
    #[must_use]
    pub fn owned_by(&self, id: &IdentityKey) -> &[&'a Credential] {
        self.owned.get(id).map_or(&[], Vec::as_slice)
    }

    /// Rights of an identity.
    #[must_use]
    pub fn grants_of(&self, id: &IdentityKey) -> &[&'a Grant] {
        self.grants.get(id).map_or(&[], Vec::as_slice)
    }

    /// Who may become an identity.
    #[must_use]
    pub fn trusts_of(&self, id: &IdentityKey) -> &[&'a Trust] {
        self.trusts.get(id).map_or(&[], Vec::as_slice)
    }

    /// How an identity authenticates.
    #[must_use]
    pub fn usages_of(&self, id: &IdentityKey) -> &[&'a Usage] {
        self.usages.get(id).map_or(&[], Vec::as_slice)
    }

    /// Third-party code beside an identity.
    #[must_use]
    pub fn third_parties_of(&self, id: &IdentityKey) -> &[&'a ThirdParty] {
        self.third_parties.get(id).map_or(&[], Vec::as_slice)
    }

    /// Settings of this name, those of samples left out.
    pub fn settings(&self, name: &str) -> impl Iterator<Item = &'a Setting> + '_ {
        self.settings.get(name).map_or(&[][..], Vec::as_slice).iter().copied().filter(|s| {
            !is_marked(&s.attributes)
                && !s.identity.as_ref().and_then(|id| self.identity(id)).is_some_and(|identity| identity.sample)
        })
    }

    /// Every exposure of a credential.
    #[must_use]
    pub fn exposures_of(&self, credential: &str) -> &[&'a Exposure] {
        self.exposures.get(credential).map_or(&[], Vec::as_slice)
    }

    /// Exposures that count: neither suppressed nor of material that is public or encrypted.
    pub fn open_exposures<'v>(&'v self, credential: &Credential) -> impl Iterator<Item = &'a Exposure> + 'v {
        let counts = !credential.public && !credential.encrypted;
        let all = self.exposures_of(&credential.id).iter().copied();
        all.filter(move |e| counts && e.suppressed.is_none() && e.base_severity > Severity::Info)
    }

    /// Whether a place is a state of Terraform, which holds every secret that it manages by its nature and has a check of its own:
    /// what stands there alone is in no file that people write.
    #[must_use]
    pub fn is_state(&self, place: &Location) -> bool {
        self.states.contains(&(place.container.as_deref(), place.path.as_str()))
    }

    /// The open places of a credential that was taken out of every file and is in the history still; `None` for any other.
    #[must_use]
    pub fn removed(&self, credential: &Credential) -> Option<Vec<Location>> {
        // A suppressed copy in the checkout is not removed either.
        let mut files = self.exposures_of(&credential.id).iter().filter(|e| !self.is_state(&e.location)).peekable();
        files.peek()?;
        if files.any(|e| e.location.in_head || e.location.commit.is_none()) {
            return None;
        }
        let places: Vec<Location> = self.open_exposures(credential).map(|e| e.location.clone()).collect();
        (!places.is_empty()).then_some(places)
    }

    /// Who acts as a credential that a code host keeps, and under which names, as a sentence.
    #[must_use]
    pub fn holders(&self, credential: &str) -> Option<String> {
        let mut by_job: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for usage in self.held.get(credential)? {
            let job = usage.identity.as_ref().and_then(|id| self.identity(id));
            if let (Some(job), Some(name)) = (job, usage.credential.as_deref()) {
                by_job.entry(&job.name).or_default().insert(name);
            }
        }
        let (job, names) = by_job.first_key_value()?;
        let more = match by_job.len() - 1 {
            0 => String::new(),
            1 => " and 1 other job".to_owned(),
            n => format!(" and {n} other jobs"),
        };
        let names: Vec<&str> = names.iter().copied().take(4).collect();
        Some(format!("{job}{more} acts as it: stored as {}", names.join(", ")))
    }

    /// Whether a machine made the value, as far as can be told; of what is neither weak nor a password it is assumed.
    #[must_use]
    pub fn is_issued(&self, credential: &Credential) -> bool {
        match credential.validity {
            Validity::ProvenFormat => return true,
            // What was only listed by its provider was issued by it.
            _ if credential.preview.is_none() => return true,
            // Too weak to be told by a fingerprint.
            _ if credential.fingerprint.is_none() => return false,
            _ => {}
        }
        let password = |name: &str| ["pass", "pwd"].iter().any(|word| name.to_ascii_lowercase().contains(word));
        let words: Vec<&str> = credential.kind.split('-').collect();
        // `docker-config-auth` holds a login, `npm-auth-token` what a registry issued.
        let named = words.iter().any(|word| password(word)) || words.last() == Some(&"auth");
        let assigned = || self.exposures_of(&credential.id).iter().filter_map(|e| e.key_name.as_deref()).any(password);
        !(is_login(credential) || named || credential.provider == "generic" && assigned())
    }

    /// What a rule is.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&'a RuleInfo> {
        self.rules.get(id).copied()
    }

    /// Jobs of GitHub workflows.
    pub fn github_jobs(&self) -> impl Iterator<Item = &'a Identity> + '_ {
        self.identities().filter(|i| i.kind == IdentityKind::CiJob && i.id.as_str().starts_with("github:"))
    }

    /// Ids of jobs of pipelines.
    pub fn jobs(view: &View<'_>) -> BTreeSet<String> {
        View::ids(view.identities().filter(|i| i.kind == IdentityKind::CiJob))
    }

    /// Ids of jobs of GitHub.
    pub fn jobs_of_github(view: &View<'_>) -> BTreeSet<String> {
        View::ids(view.github_jobs())
    }

    /// Ids of identities.
    pub fn ids(identities: impl Iterator<Item = &'a Identity>) -> BTreeSet<String> {
        identities.map(|i| i.id.as_str().to_owned()).collect()
    }

    /// Whether a credential is unattributed: seen or declared, secret, not wholly suppressed, no published test value,
    /// and of nobody that can be named.
    #[must_use]
    pub fn is_unattributed(&self, credential: &Credential) -> bool {
        let exposures = self.exposures_of(&credential.id);
        let open = exposures.is_empty() || self.open_exposures(credential).next().is_some();
        credential.identity.is_none()
            && !credential.public
            && !credential.encrypted
            && credential.validity != Validity::TestValue
            && open
            && !self.is_sample(credential)
    }
}

/// Whether a thing was read from a sample alone.
pub(super) fn is_marked(attributes: &BTreeMap<String, String>) -> bool {
    attributes.get("sample").is_some_and(|v| v == "true")
}

/// Whether it is the password of a user at some host, which people choose as often as machines do.
pub(super) fn is_login(credential: &Credential) -> bool {
    matches!(credential.provider.as_str(), "basic-auth" | "database")
}

/// Whether a credential opens a host that its provider says nothing of, or one that only a machine or network knows: such
/// a login is that of a developer's own container more often than not.
pub(super) fn is_local(credential: &Credential) -> bool {
    is_local_host(credential.attributes.get("host").map_or("", String::as_str))
}

/// A host's name or address: without a port, and without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or_default(),
        None => host,
    }
}

/// Whether a host is the machine that asks, or one that stands for any in documentation (RFC 2606, RFC 6761).
pub(super) fn hosts_machine(host: &str) -> bool {
    let host = host.trim().to_ascii_lowercase();
    let host = bare(&host);
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return address.is_loopback() || address.is_unspecified();
    }
    let under = |end: &&str| host == *end || host.strip_suffix(*end).is_some_and(|rest| rest.ends_with('.'));
    let reserved =
        ["localhost", "docker.internal", "example", "invalid", "test", "example.com", "example.org", "example.net"];
    reserved.iter().any(under)
}

/// See [`is_local`]; nothing is local, too.
pub(super) fn is_local_host(host: &str) -> bool {
    let host = host.trim().to_ascii_lowercase();
    let host = bare(&host);
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified();
    }
    if let Ok(address) = host.parse::<std::net::Ipv6Addr>() {
        return address.is_loopback() || address.is_unspecified() || address.is_unique_local();
    }
    // Names that are reserved, or in use inside networks only (RFC 2606, RFC 6761, RFC 6762, RFC 8375).
    let inside = [
        "localhost",
        "local",
        "localdomain",
        "internal",
        "lan",
        "home",
        "corp",
        "test",
        "example",
        "invalid",
        "svc",
        "arpa",
        "example.com",
        "example.org",
        "example.net",
    ];
    let under = |end: &str| host == end || host.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
    !host.contains('.') || inside.into_iter().any(under)
}

/// The role that a workload of a module of infrastructure code names by the role's local name, under the key that the role
/// has when the same module declares it.
pub(super) fn declared_role(workload: &IdentityKey, role: &str) -> Option<IdentityKey> {
    if role.starts_with("arn:") && role.contains(":role/") {
        return Some(IdentityKey::new("aws", "role", role));
    }
    let (platform, rest) = workload.as_str().split_once(":workload:")?;
    let (module, _) = rest.rsplit_once('#')?;
    let known = matches!(platform, "terraform" | "cloudformation" | "serverless");
    known.then(|| IdentityKey::new(platform, "role", &format!("{module}#{role}")))
}

/// The owner of a subject in counts: the identity, else the credential.
pub(super) fn subject_of(credential: &Credential) -> String {
    credential.identity.as_ref().map_or_else(|| credential.id.clone(), ToString::to_string)
}

/// Whether it is a long-lived AWS access key, by id or by slot.
pub(super) fn is_aws_key(credential: &Credential) -> bool {
    credential.id.starts_with("aws:access-key:") || credential.id.starts_with("aws:access-key-slot:")
}

/// Whether it is an AWS access key that an export says is enabled.
pub(super) fn is_active_aws_key(credential: &Credential) -> bool {
    is_aws_key(credential) && credential.status == Status::Active
}

/// Whether an identity is the root user of an AWS account.
pub(super) fn is_root(identity: &Identity) -> bool {
    identity.attributes.get("root").is_some_and(|v| v == "true")
}

/// A number of days in words.
pub(super) fn days(n: i64) -> String {
    if n == 1 { "1 day".to_owned() } else { format!("{n} days") }
}
