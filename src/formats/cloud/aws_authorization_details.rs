//! AWS account authorization details: users, groups, roles and policies of an account with everything attached to them.
//!
//! Shape: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>. The four lists come in
//! any order, so identities and trust are told as they are met, and rights at the end, when groups and policies are known.
//! Keys are not in it.

use std::collections::HashMap;
use std::io::BufRead;
use std::rc::Rc;

use serde_json::Value;

use super::aws::{self, PROVIDER, gap, gap_at, text};
use super::aws_actions::managed_level;
use super::aws_assume;
use super::aws_grants::Granted;
use super::aws_policy::Policy;
use super::aws_rights::{Boundary, Source, Subject};
use super::aws_trust::trusts;
use super::json_stream::{Event, Wanted, walk};
use super::listing::mark_cut;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath, SettingFact, Status,
    When, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-authorization-details",
    name: "AWS account authorization details",
    command: "aws iam get-account-authorization-details --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

/// Bytes of policies and principals held back to the end. An account at all of AWS's quotas stays below it.
const HELD_MAX: usize = 128 << 20;

/// Pattern comparisons spent on rights in one input.
const WORK_MAX: u64 = 2_000_000_000;

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with(['{', '[']) {
        return false;
    }
    let list = ["\"UserDetailList\"", "\"GroupDetailList\"", "\"RoleDetailList\""].iter().any(|l| head.contains(l));
    list || (head.contains("\"Policies\"") && head.contains("\"PolicyVersionList\""))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &LISTS, fields: &["IsTruncated"] };
    let mut reading = Reading::new(out);
    let result = walk(reader, whole, WANTED, &mut |event| match event {
        Event::Element { list, value, at } => reading.element(list, &value, at),
        Event::Object { fields, at } => {
            // Pages follow one another; only the last one tells whether something is missing.
            reading.cut = (fields.get("IsTruncated") == Some(&Value::Bool(true))).then_some(at.line);
        }
        Event::Text { .. } => {}
    });
    if result.is_err() || reading.cut.is_some() {
        mark_cut(input, FORMAT.id, reading.out);
    }
    if let Err(notice) = result {
        reading.out.notice(notice);
    }
    reading.finish();
}

/// A named policy document; `None` when it could not be read.
type Inline = (String, Option<Rc<Policy>>);

/// Policies attached to a user, group or role.
#[derive(Debug, Default, Clone)]
struct Attached {
    inline: Vec<Inline>,
    /// Name and ARN.
    managed: Vec<(String, String)>,
}

/// A user or role whose rights wait for the end.
struct Held {
    key: IdentityKey,
    arn: String,
    at: At,
    attached: Attached,
    groups: Vec<String>,
    boundary: Option<String>,
    /// Principals of AWS that a role trusts.
    trusted: Vec<String>,
}

struct Reading<'o, 'a> {
    out: &'o mut Out<'a>,
    policies: HashMap<String, Option<Rc<Policy>>>,
    /// By account and name.
    groups: HashMap<(String, String), Attached>,
    held: Vec<Held>,
    /// Roles whose last use is there and empty.
    unused: Vec<(At, IdentityFact)>,
    /// True once a role had a last use: the export has the column, so an empty one means never.
    tracks_use: bool,
    cut: Option<Option<u64>>,
    weight: usize,
    work: u64,
    over: bool,
}

impl<'o, 'a> Reading<'o, 'a> {
    fn new(out: &'o mut Out<'a>) -> Self {
        Self {
            out,
            policies: HashMap::new(),
            groups: HashMap::new(),
            held: Vec::new(),
            unused: Vec::new(),
            tracks_use: false,
            cut: None,
            weight: 0,
            work: 0,
            over: false,
        }
    }

    fn element(&mut self, list: &str, value: &Value, at: At) {
        let arn = text(value, "Arn").filter(|arn| arn.starts_with("arn:"));
        let Some(arn) = arn else {
            let message = format!("{} has no ARN and was left out", at.pointer.as_deref().unwrap_or(list));
            return self.out.notice(gap_at("malformed", &at, message));
        };
        match list {
            "UserDetailList" => self.user(arn, value, at),
            "GroupDetailList" => self.group(arn, value, &at),
            "RoleDetailList" => self.role(arn, value, at),
            _ => self.policy(arn, value, &at),
        }
    }

    fn policy(&mut self, arn: &str, value: &Value, at: &At) {
        let versions = value.get("PolicyVersionList").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = text(value, "DefaultVersionId");
        let is_default = |version: &&Value| version.get("IsDefaultVersion") == Some(&Value::Bool(true));
        let by_name = |version: &&Value| named.is_some() && text(version, "VersionId") == named;
        let version = versions.iter().find(is_default).or_else(|| versions.iter().find(by_name));
        let Some(document) = version.and_then(|version| version.get("Document")) else {
            return;
        };
        let policy = self.document(document, arn, at);
        self.policies.insert(arn.to_owned(), policy);
    }

    /// Reads and weighs a document; says so when it cannot be read.
    fn document(&mut self, document: &Value, name: &str, at: &At) -> Option<Rc<Policy>> {
        let Some(policy) = Policy::parse(document) else {
            let message = format!("the policy document of {name} could not be read, its rights are unknown");
            self.out.notice(gap_at("malformed", at, message));
            return None;
        };
        self.weight += policy.weight();
        if self.weight > HELD_MAX {
            self.flush();
            return None;
        }
        Some(Rc::new(policy))
    }

    fn attached(&mut self, value: &Value, inline_list: &str, at: &At) -> Attached {
        let mut attached = Attached::default();
        // AWS's own sample has a single object in the place of a list.
        for policy in items(value, inline_list) {
            let name = text(policy, "PolicyName").unwrap_or("unnamed").to_owned();
            let document = policy.get("PolicyDocument").unwrap_or(&Value::Null);
            let document = self.document(document, &format!("inline policy {name}"), at);
            attached.inline.push((name, document));
        }
        for policy in items(value, "AttachedManagedPolicies") {
            if let Some(arn) = text(policy, "PolicyArn") {
                let last = arn.rsplit('/').next().unwrap_or(arn);
                attached.managed.push((text(policy, "PolicyName").unwrap_or(last).to_owned(), arn.to_owned()));
            }
        }
        attached
    }

    fn group(&mut self, arn: &str, value: &Value, at: &At) {
        let attached = self.attached(value, "GroupPolicyList", at);
        let name = text(value, "GroupName").unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(arn));
        let account = aws::account_of_arn(arn).unwrap_or_default();
        self.groups.insert((account.to_owned(), name.to_owned()), attached);
    }

    fn user(&mut self, arn: &str, value: &Value, at: At) {
        let mut fact = identity(arn, value, "user", IdentityKind::CloudUser);
        let name = fact.name.clone();
        if let Some(account) = &fact.account {
            fact.aliases.push(aws::user_alias(account, &name));
        }
        let groups = value.get("GroupList").map(super::aws_policy::strings).unwrap_or_default();
        if !groups.is_empty() {
            let text: String = groups.join(", ").chars().take(300).collect();
            fact.attributes.insert("groups".to_owned(), text);
        }
        let key = fact.key.clone();
        self.out.fact(Fact::Identity(at.clone(), fact));
        self.hold((key, arn), value, ("UserPolicyList", groups), Vec::new(), at);
    }

    fn role(&mut self, arn: &str, value: &Value, at: At) {
        let mut fact = identity(arn, value, "role", IdentityKind::Role);
        let path = text(value, "Path").unwrap_or_default();
        // People sign in to the roles of IAM Identity Center; AWS services alone use service-linked ones.
        fact.human = if path.starts_with("/aws-reserved/sso.amazonaws.com/") { Human::Yes } else { Human::No };
        if path.starts_with("/aws-service-role/") {
            fact.attributes.insert("service_linked".to_owned(), "true".to_owned());
        }
        let profiles = value.get("InstanceProfileList").and_then(Value::as_array).map_or(0, Vec::len);
        if profiles > 0 {
            fact.attributes.insert("instance_profiles".to_owned(), profiles.to_string());
        }
        let key = fact.key.clone();
        let trusted = self.trust(arn, &key, value, &at);
        self.last_use(value, fact, &at);
        self.hold((key, arn), value, ("RolePolicyList", Vec::new()), trusted, at);
    }

    /// Tells whom a role trusts; gives the principals of AWS among them.
    fn trust(&mut self, arn: &str, key: &IdentityKey, value: &Value, at: &At) -> Vec<String> {
        let Some(document) = value.get("AssumeRolePolicyDocument") else { return Vec::new() };
        let Some(read) = trusts(arn, key, document) else {
            let message = format!("the trust policy of {arn} could not be read");
            self.out.notice(gap_at("malformed", at, message));
            return Vec::new();
        };
        let trusted = aws_assume::trusted(&read.facts);
        for fact in read.facts {
            self.out.fact(Fact::Trust(at.clone(), fact));
        }
        if read.cut {
            let message =
                format!("the trust policy of {arn} accepts more than 512 alternatives; the rest were left out");
            self.out.notice(gap_at("too-large", at, message));
        }
        trusted
    }

    /// Some exports leave `RoleLastUsed` out altogether, so an empty one means "never" only beside one that is not.
    fn last_use(&mut self, value: &Value, mut fact: IdentityFact, at: &At) {
        let used = value.get("RoleLastUsed");
        fact.last_used = aws::date(used.and_then(|used| used.get("LastUsedDate")));
        if let Some(region) = used.and_then(|used| text(used, "Region")) {
            fact.attributes.insert("last_used_region".to_owned(), region.to_owned());
        }
        self.tracks_use |= fact.last_used.at().is_some();
        let empty = used.and_then(Value::as_object).is_some_and(|used| !used.contains_key("LastUsedDate"));
        if empty && !self.over {
            self.weight += 512;
            self.unused.push((at.clone(), fact));
        } else {
            self.out.fact(Fact::Identity(at.clone(), fact));
        }
    }

    fn hold(
        &mut self,
        (key, arn): (IdentityKey, &str),
        value: &Value,
        (inline_list, groups): (&str, Vec<String>),
        trusted: Vec<String>,
        at: At,
    ) {
        let lists = ["AttachedManagedPolicies", inline_list, "GroupList"];
        if !lists.iter().any(|list| value.get(list).is_some()) {
            // A listing without policies says nothing about rights.
            return;
        }
        let attached = self.attached(value, inline_list, &at);
        let boundary = value.get("PermissionsBoundary").and_then(|b| text(b, "PermissionsBoundaryArn"));
        self.weight += 256 + 64 * (groups.len() + attached.managed.len() + trusted.len());
        let boundary = boundary.map(str::to_owned);
        self.held.push(Held { key, arn: arn.to_owned(), at, attached, groups, boundary, trusted });
        if self.weight > HELD_MAX {
            self.flush();
        }
    }

    /// Tells the rights of everyone held, with the groups and policies known by now, and the roles that each may take on.
    fn rights(&mut self) {
        let held = std::mem::take(&mut self.held);
        let mut all: Vec<aws_assume::Entry<'_>> = Vec::with_capacity(held.len());
        let mut doors = aws_assume::Doors::default();
        for (index, one) in held.iter().enumerate() {
            let grants = {
                let mut work = self.work;
                let grants = self.gathered(one).grants(one, &mut work);
                self.work = work;
                grants
            };
            let level = grants.iter().map(|grant| grant.privilege).max().unwrap_or_default();
            all.push(aws_assume::Entry { arn: &one.arn, level });
            doors.add(index, &one.arn, &one.trusted);
            for grant in grants {
                self.out.fact(Fact::Grant(one.at.clone(), grant));
            }
        }
        let mut left = WORK_MAX.saturating_sub(self.work);
        for (one, entry) in held.iter().zip(&all) {
            // Whoever administers the account gains nothing by any of its roles.
            if entry.level == Privilege::Admin {
                continue;
            }
            let gathered = self.gathered(one);
            let subject = Subject { arn: &one.arn, boundary: gathered.boundary(one), sources: gathered.sources };
            let steps = aws_assume::steps(&aws_assume::Asker::new(&subject), &one.arn, &all, &doors, &mut left);
            for step in steps {
                let mut fact = SettingFact::new(setting::TAKES_ON, &one.arn, &step.role);
                fact.identity = Some(one.key.clone());
                fact.attributes.insert("source".to_owned(), step.source);
                fact.attributes.extend(step.condition.map(|condition| ("condition".to_owned(), condition)));
                self.out.fact(Fact::Setting(one.at.clone(), fact));
            }
        }
        if self.work > WORK_MAX || left == 0 {
            self.work = 0;
            let message = "the policies are too many to be worked out; the rights of some identities are unknown";
            self.out.notice(gap("too-large", None, message));
        }
    }

    /// Everything that gives one principal rights, as far as it is known by now.
    fn gathered<'g>(&'g self, held: &'g Held) -> Gathering<'g> {
        let account = aws::account_of_arn(&held.arn).unwrap_or_default();
        let mut gathering = Gathering { policies: &self.policies, sources: Vec::new(), named: Vec::new() };
        gathering.add("", &held.attached);
        for group in &held.groups {
            let chain = format!("group {group} → ");
            match self.groups.get(&(account.to_owned(), group.clone())) {
                Some(attached) => gathering.add(&chain, attached),
                None => gathering.named.push((format!("{chain}(not in this export)"), Privilege::Unknown)),
            }
        }
        gathering
    }

    fn unused_roles(&mut self) {
        for (at, mut fact) in std::mem::take(&mut self.unused) {
            fact.last_used = if self.tracks_use { When::Never } else { When::Unknown };
            self.out.fact(Fact::Identity(at, fact));
        }
    }

    /// Gives up holding back: the input is larger than any account's.
    fn flush(&mut self) {
        self.rights();
        self.unused_roles();
        self.policies.clear();
        self.groups.clear();
        self.weight = 0;
        if !self.over {
            self.over = true;
            let message =
                "more policies than an account can have; rights were worked out in parts and may be incomplete";
            self.out.notice(gap("too-large", None, message));
        }
    }

    fn finish(mut self) {
        self.rights();
        self.unused_roles();
        if let Some(line) = self.cut {
            let message = "the last page says IsTruncated: more identities exist than this export lists";
            self.out.notice(gap("truncated-export", line, message));
        }
    }
}

/// The items of a list field, or the one object that stands for it.
fn items<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).map(super::aws_policy::one_or_many).unwrap_or_default()
}

/// What users and roles have in common.
pub(super) fn identity(arn: &str, value: &Value, kind: &str, identity_kind: IdentityKind) -> IdentityFact {
    let (name_field, id_field) = if kind == "user" { ("UserName", "UserId") } else { ("RoleName", "RoleId") };
    let name = text(value, name_field).unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(arn));
    let mut fact = IdentityFact::new(IdentityKey::new(PROVIDER, kind, arn), identity_kind, PROVIDER, name);
    if let Some(id) = text(value, id_field) {
        fact.aliases.push(IdentityKey::new(PROVIDER, "id", id));
    }
    fact.account = aws::account_of_arn(arn).map(str::to_owned);
    fact.status = Status::Active;
    fact.created = aws::date(value.get("CreateDate"));
    fact.owner = aws::owner(value);
    fact.environment = aws::environment(value);
    if let Some(path) = text(value, "Path").filter(|path| !matches!(*path, "" | "/")) {
        fact.attributes.insert("path".to_owned(), path.to_owned());
    }
    let boundary = value.get("PermissionsBoundary").and_then(|b| text(b, "PermissionsBoundaryArn"));
    if let Some(boundary) = boundary {
        fact.attributes.insert("permissions_boundary".to_owned(), boundary.to_owned());
    }
    fact
}

/// Everything that gives one principal rights.
struct Gathering<'r> {
    policies: &'r HashMap<String, Option<Rc<Policy>>>,
    sources: Vec<Source<'r>>,
    /// Policies known by name alone.
    named: Vec<(String, Privilege)>,
}

impl<'r> Gathering<'r> {
    fn add(&mut self, chain: &str, attached: &'r Attached) {
        for (name, policy) in &attached.inline {
            let label = format!("{chain}inline policy {name}");
            match policy {
                Some(policy) => self.sources.push(Source { label, policy }),
                None => self.named.push((label, Privilege::Unknown)),
            }
        }
        for (name, arn) in &attached.managed {
            let label = format!("{chain}{name}");
            match self.policies.get(arn) {
                Some(Some(policy)) => self.sources.push(Source { label, policy }),
                _ => self.named.push((label, managed_level(arn))),
            }
        }
    }

    fn boundary(&self, held: &'r Held) -> Boundary<'r> {
        let Some(arn) = &held.boundary else { return Boundary::None };
        let name = arn.rsplit('/').next().unwrap_or(arn);
        match self.policies.get(arn) {
            Some(Some(policy)) => Boundary::Known(name, policy),
            _ => Boundary::Unknown(name),
        }
    }

    fn grants(self, held: &'r Held, work: &mut u64) -> Vec<GrantFact> {
        let boundary = self.boundary(held);
        let subject = Subject { arn: &held.arn, sources: self.sources, boundary };
        *work = work.saturating_add(subject.work());
        let worked_out = *work <= WORK_MAX;
        Granted { key: &held.key, named: self.named, input: "this export" }.by(&subject, worked_out)
    }
}
