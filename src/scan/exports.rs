//! Exports under version control: what a repository keeps of a cloud or a service, in its index or in its history.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;

use super::locate;
use crate::formats::any::AnyOf;
use crate::formats::{self, Format};
use crate::model::{At, Fact, IdentityKey, LocatedFact, Location, RepoPath, SettingFact, setting};

/// Accounts that AWS writes its documentation with
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-cross-accounts.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>): an export of these alone is a sample.
const DOCUMENTED: [&str; 3] = ["111122223333", "123456789012", "444455556666"];

/// Formats that also write down by hand what is to be, each with a name that only an answer of the service has. Without one
/// nothing of the format is an export that leaks: a role has no more in it than the code that makes it.
const ANSWERS: &[(&str, Option<&str>)] = &[
    ("azure-role-definitions", None),
    ("gcp-roles", None),
    ("gcp-iam-policy", Some("\"etag\"")),
    ("entra-federated-credentials", Some("\"id\"")),
    ("vault", Some("\"request_id\"")),
];

/// Words of which every export that a format tells by its head has one: far cheaper to look for than to ask each format.
const MARKS: &[&str] = &[
    "\"lineage\"",
    "\"terraform_version\"",
    "\"format_version\"",
    "\"Arn\"",
    "\"AccessKeyId\"",
    "\"AccessKeyLastUsed\"",
    "\"SecretList\"",
    ":secretsmanager:",
    "\"organization.",
    "CREDENTIAL_ID",
    "role_restriction",
    "access_key_1_active",
    "dXNlcixhcm4s",
    "DetailList\"",
    "\"PolicyVersionList\"",
    "\"JobStatus\"",
    "\"ServicesLastAccessed\"",
    "\"findingType\"",
    "\"findingDetails\"",
    "\"AccountAliases\"",
    ":organizations::",
    "\"appId\"",
    "\"addIns\"",
    "\"audiences\"",
    "\"principalId\"",
    "\"tenantId\"",
    "\"appRoleId\"",
    "\"accessPolicies\"",
    ".vault.azure.",
    ".vault.usgovcloudapi.net",
    "\"consentType\"",
    "\"userPrincipalName\"",
    "SignInActivity\"",
    "googleapis.com/",
    "gserviceaccount.com",
    "\"bindings\"",
    "\"auditConfigs\"",
    "workloadIdentityPools",
    "\"activities\"",
    "\"activityType\"",
    "\"accessor\"",
    "\"bind_secret_id\"",
    "\"mount_accessor\"",
    "_apps\"",
    "\"user_claim\"",
    "hashed_token",
    "_document_id",
    "\"@timestamp\"",
    "programmatic_access_type",
    "token_expired",
    "\"read_only\"",
    "\"can_push\"",
    "\"fingerprint\"",
    "\"app_slug\"",
    "\"runners\"",
    "\"secrets\"",
    "\"updated_at\"",
    "\"updatedAt\"",
    "\"scopes\"",
    "\"variable_type\"",
    "\"redacted_value\"",
    "\"partial_key_hint\"",
    "\"cidr_whitelist\"",
    "\"readonly\"",
    "\"clientName\"",
    "\"signOnMode\"",
    "\"statusChanged\"",
    "\"applicationId\"",
    "\"token_infos\"",
    "\"created_by_username\"",
    "rolsuper",
    "rolname",
    "has_rsa_public_key",
    "default_role",
    "\"grantee_name\"",
    "\"resourceVersion\"",
    "\"creationTimestamp\"",
    "\"items\"",
];

/// Words of which the YAML that a cluster gives out has one.
const LIVE: &[&str] = &["resourceVersion:", "creationTimestamp:"];

/// Whether a text of the history may be an export: those that are not are told without asking any format.
///
/// [`is_one`] asks those that are left.
pub fn may_be(bytes: &[u8]) -> bool {
    static FINDER: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let head = bytes.get(..formats::HEAD.min(bytes.len())).unwrap_or_default();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // The YAML of a cluster or of gcloud.
    let yaml = [&b"apiVersion:"[..], b"- apiVersion:", b"---\n", b"---\r", b"bindings:", b"auditConfigs:"];
    if yaml.iter().any(|begin| start.starts_with(begin)) {
        static IN_YAML: LazyLock<AnyOf> = LazyLock::new(|| AnyOf::new(&[formats::cloud::LISTING_WORDS, LIVE].concat()));
        return IN_YAML.is_in(start);
    }
    // JSON, base64 in quotes or not, or a table, which its header line tells.
    let place = match start.first() {
        Some(b'{' | b'[' | b'"') => start,
        _ if start.starts_with(b"dXNlcixhcm4s") => start,
        _ => start.split(|b| *b == b'\n').next().filter(|line| line.contains(&b',')).unwrap_or_default(),
    };
    if place.is_empty() {
        return false;
    }
    let finder = FINDER.get_or_init(|| AhoCorasick::new(MARKS).ok());
    finder.as_ref().is_none_or(|finder| finder.is_match(place))
}

/// Whether a text of the history is an export under some name.
pub fn is_one(bytes: &[u8]) -> bool {
    if !may_be(bytes) {
        return false;
    }
    // A format that goes by names, too, takes this one.
    let name = RepoPath::from("secrets.json");
    let head = String::from_utf8_lossy(bytes.get(..formats::HEAD.min(bytes.len())).unwrap_or_default());
    formats::claimed(&name, &head, formats::Format::is_export).is_some()
}

/// Whether what a format reads here came from the service, and was not written for it.
pub fn is_answer(format: &Format, text: &str) -> bool {
    let named = ANSWERS.iter().find(|(id, _)| *id == format.id);
    // What is only streamed is longer than anybody writes.
    // In JSON, or as the name of a line of YAML.
    let has = |mark: &str| {
        let line = |line: &str| line.strip_prefix(mark.trim_matches('"')).is_some_and(|rest| rest.starts_with(':'));
        text.contains(mark) || text.lines().any(line)
    };
    named.is_none_or(|(_, mark)| mark.is_some_and(|mark| text.is_empty() || has(mark)))
}

/// What an export holds, counted while its facts go by.
#[derive(Default)]
pub struct Held {
    identities: HashSet<u64>,
    credentials: HashSet<u64>,
    accounts: BTreeSet<String>,
    secrets: u64,
    names: u64,
}

impl Held {
    /// One more fact.
    pub fn add(&mut self, fact: &Fact) {
        let hash = |text: &str| {
            use std::hash::BuildHasher as _;
            foldhash::fast::FixedState::with_seed(7).hash_one(text)
        };
        match fact {
            Fact::Identity(_, identity) => {
                self.identities.insert(hash(identity.key.as_str()));
                self.account(identity.account.as_deref().or_else(|| account_of(&identity.key)));
            }
            Fact::Credential(_, credential) => {
                self.credentials.insert(hash(&credential.key));
                self.account(credential.identity.as_ref().and_then(account_of));
            }
            Fact::Setting(_, told) => match told.name {
                setting::STATE_SECRET | setting::SECRET_MANIFEST => self.secrets += 1,
                setting::STORED_VARIABLE if told.attributes.contains_key("credential") => self.secrets += 1,
                setting::STORED_SECRET | setting::STORED_VARIABLE => self.names += 1,
                setting::CLOUD_ACCOUNT => self.account(Some(&told.value)),
                _ => {}
            },
            _ => {}
        }
    }

    fn account(&mut self, account: Option<&str>) {
        // One of somebody's own is enough to tell that it is no sample.
        if let Some(account) = account.filter(|_| self.accounts.len() <= DOCUMENTED.len()) {
            self.accounts.insert(account.to_owned());
        }
    }

    /// What a check is to know; nothing of a sample, or of a file that tells of nobody.
    pub fn told(&self, format: &Format, location: Location, as_format: &'static str) -> Option<LocatedFact> {
        let sample =
            !self.accounts.is_empty() && self.accounts.iter().all(|account| DOCUMENTED.contains(&account.as_str()));
        let empty = self.identities.is_empty() && self.credentials.is_empty() && self.secrets + self.names == 0;
        if sample || empty {
            return None;
        }
        let mut fact = SettingFact::new(setting::EXPORT_IN_REPO, format.name, format.id);
        for (name, count) in [
            ("identities", self.identities.len() as u64),
            ("credentials", self.credentials.len() as u64),
            ("names", self.names),
            ("secrets", self.secrets),
        ] {
            if count > 0 {
                fact.attributes.insert(name.to_owned(), count.to_string());
            }
        }
        let location = locate::beginning(&location);
        Some(LocatedFact { fact: Fact::Setting(At::default(), fact), location, format: as_format, sample: false })
    }
}

/// The account inside the ARN of a key of AWS.
fn account_of(key: &IdentityKey) -> Option<&str> {
    let (_, arn) = key.as_str().split_once("arn:")?;
    arn.split(':').nth(3).filter(|account| account.len() == 12)
}

/// Puts exports of the history beside those that were read of the checkout: a file that is there now is one export, which
/// then knows since when.
pub fn join(facts: &mut Vec<LocatedFact>, past: Vec<LocatedFact>) {
    if past.is_empty() {
        return;
    }
    let is_told = |f: &LocatedFact| matches!(&f.fact, Fact::Setting(_, told) if told.name == setting::EXPORT_IN_REPO);
    let told = facts.iter().enumerate().filter(|(_, f)| is_told(f)).map(|(i, f)| (f.location.file(), i));
    let here: BTreeMap<String, usize> = told.collect();
    let mut missing = Vec::new();
    for one in past {
        match here.get(&one.location.file()).and_then(|at| facts.get_mut(*at)) {
            Some(here) => {
                here.location.commit.clone_from(&one.location.commit);
                here.location.time = one.location.time;
                here.location.author.clone_from(&one.location.author);
            }
            None => missing.push(one),
        }
    }
    facts.extend(missing);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::path::Path;

    use super::*;
    use crate::scan::text_kind::claim;

    fn files(at: &Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, out) } else { out.push(path) }
        }
    }

    /// Whether there is anything of a format that leaks.
    fn leaks(format: &Format) -> bool {
        format.is_export() && ANSWERS.iter().all(|(id, mark)| *id != format.id || mark.is_some())
    }

    #[test]
    fn no_export_that_a_format_claims_is_ruled_out_by_its_words() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
        let mut all = Vec::new();
        files(&root, &mut all);
        let mut met = BTreeSet::new();
        for path in all {
            let bytes = std::fs::read(&path).unwrap();
            let name = RepoPath::new(path.strip_prefix(&root).unwrap().as_os_str().as_encoded_bytes());
            let class = crate::source::classify(&name);
            let Some(text) = crate::decode::text(&bytes) else { continue };
            let claimed = claim(&name, &class, &text.bytes).filter(|format| leaks(format));
            if let Some(format) = claimed {
                assert!(is_one(&text.bytes), "{} is one of {}", path.display(), format.id);
                met.insert(format.id);
            }
        }
        let exports: BTreeSet<&str> = formats::all().filter(|format| leaks(format)).map(|f| f.id).collect();
        let without: Vec<_> = exports.difference(&met).collect();
        assert!(without.is_empty(), "no fixture of {without:?}");
        assert!(!may_be(b"{\"name\": \"app\", \"version\": \"1.0.0\"}") && !may_be(b"fn main() {}\n"));
    }

    #[test]
    fn formats_with_marks_of_answers_are_formats() {
        for (id, _) in ANSWERS {
            assert!(formats::all().any(|f| f.id == *id), "{id}");
        }
    }
}
