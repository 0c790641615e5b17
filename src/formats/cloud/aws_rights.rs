//! What an AWS principal may do, out of all its identity-based policies together.
//!
//! Evaluation order: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>: an explicit
//! deny wins, a permissions boundary cuts, allows add up over all policies and groups. Escalation paths are the well-known
//! ones on IAM's own actions and on `iam:PassRole` beside an action that starts something with the role
//! (<https://pathfinding.cloud/>). Not seen here: service control policies, resource-based and session policies.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::aws_actions::{BROAD, Capability, ESCALATIONS, is_everything, is_read, is_wide, reaches};
use super::aws_patterns::Patterns;
use super::aws_policy::{Policy, Statement, glob, glob_fold};
use crate::model::Privilege;

/// One policy and the chain that attaches it: `AdministratorAccess`, `group Admins → inline policy all`.
#[derive(Debug, Clone)]
pub struct Source<'p> {
    /// The chain.
    pub label: String,
    /// The policy.
    pub policy: &'p Policy,
}

/// The permissions boundary of a principal.
#[derive(Debug, Clone, Copy)]
pub enum Boundary<'p> {
    /// None is set.
    None,
    /// One is set and its document is known.
    Known(&'p str, &'p Policy),
    /// One is set, by name alone.
    Unknown(&'p str),
}

/// A principal with everything attached to it.
#[derive(Debug)]
pub struct Subject<'p> {
    /// Its ARN.
    pub arn: &'p str,
    /// Its policies.
    pub sources: Vec<Source<'p>>,
    /// Its boundary.
    pub boundary: Boundary<'p>,
}

impl Subject<'_> {
    /// How much work [`rights`] is for it at most, in comparisons of two patterns.
    #[must_use]
    pub fn work(&self) -> u64 {
        let count = |allow: bool| -> u64 {
            let statements = self.sources.iter().flat_map(|s| &s.policy.statements).filter(|s| s.allow == allow);
            statements.map(|s| (s.actions.len() + s.resources.len()) as u64).sum()
        };
        count(true).saturating_mul(count(false) + 30)
    }
}

/// Something that a principal may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// How much it is.
    pub privilege: Privilege,
    /// Actions, as the policy writes them.
    pub action: String,
    /// Resources, as the policy writes them.
    pub resource: String,
    /// The chain that gives it.
    pub source: String,
    /// What narrows it.
    pub condition: Option<String>,
}

/// Everything that a principal may do, each source and level once, sorted.
#[must_use]
pub fn rights(subject: &Subject<'_>) -> Vec<Right> {
    let evaluation = Evaluation::new(subject);
    let mut gathered = Gathered::default();
    for (label, statement) in &evaluation.allows {
        evaluation.statement(label, statement, &mut gathered);
    }
    let mut rights = gathered.into_rights();
    if let Boundary::Known(_, policy) = subject.boundary {
        let source = Source { label: String::new(), policy };
        let alone = Subject { arn: subject.arn, sources: vec![source], boundary: Boundary::None };
        let ceiling = Evaluation::new(&alone).highest();
        for right in &mut rights {
            right.privilege = right.privilege.min(ceiling);
        }
    }
    rights.sort();
    rights
}

struct Evaluation<'s> {
    arn: &'s str,
    allows: Vec<(&'s str, &'s Statement)>,
    /// Denies without a condition: they always hold.
    denies: Vec<&'s Statement>,
    /// Denies with one: they hold at times.
    soft_denies: Vec<&'s Statement>,
    boundary: Boundary<'s>,
    /// What a passed role can be given to, looked for once.
    partner: OnceCell<Option<(&'static str, &'s str)>>,
}

/// What one statement gives, before it is described.
struct Found<'s> {
    patterns: BTreeSet<String>,
    resources: BTreeSet<&'s str>,
    /// Sources of actions that it needs beside its own.
    partners: BTreeSet<String>,
}

impl<'s> Evaluation<'s> {
    fn new(subject: &'s Subject<'_>) -> Self {
        let all = || subject.sources.iter().flat_map(|s| s.policy.statements.iter().map(|st| (s.label.as_str(), st)));
        Self {
            arn: subject.arn,
            allows: all().filter(|(_, s)| s.allow).collect(),
            denies: all().map(|(_, s)| s).filter(|s| !s.allow && s.condition.is_none()).collect(),
            soft_denies: all().map(|(_, s)| s).filter(|s| !s.allow && s.condition.is_some()).collect(),
            boundary: subject.boundary,
            partner: OnceCell::new(),
        }
    }

    fn highest(&self) -> Privilege {
        let mut gathered = Gathered::default();
        for (label, statement) in &self.allows {
            self.statement(label, statement, &mut gathered);
        }
        gathered.into_rights().iter().map(|right| right.privilege).max().unwrap_or(Privilege::None)
    }

    /// True when an explicit deny takes the whole of it away.
    fn denied(&self, action: &str, resource: &str) -> bool {
        self.denies.iter().any(|deny| deny.covers_action(action) && deny.covers_resource(resource))
    }

    /// True when the boundary leaves some of it. Patterns count as left when either side covers the other.
    fn bounded(&self, action: &str, resource: &str) -> bool {
        let Boundary::Known(_, policy) = self.boundary else { return true };
        let touches = |statement: &Statement| {
            let by_action = statement.covers_action(action)
                || statement.actions.iter().any(|own| glob_fold(action, own))
                || (statement.not_action && action.contains('*'));
            let by_resource =
                statement.covers_resource(resource) || statement.reach().iter().any(|own| glob(resource, own));
            by_action && by_resource
        };
        let denied = |statement: &Statement| {
            !statement.allow
                && statement.condition.is_none()
                && statement.covers_action(action)
                && statement.covers_resource(resource)
        };
        policy.statements.iter().any(|s| s.allow && touches(s)) && !policy.statements.iter().any(denied)
    }

    fn effective(&self, action: &str, resource: &str) -> bool {
        !self.denied(action, resource) && self.bounded(action, resource)
    }

    /// The resources of a statement on which a capability works; empty when it does not.
    fn hits(&self, statement: &'s Statement, capability: &Capability) -> Vec<&'s str> {
        if !statement.matches_action(capability.action) {
            return Vec::new();
        }
        let useful = |resource: &&str| {
            reaches(capability.target, resource, self.arn) && self.effective(capability.action, resource)
        };
        statement.reach().into_iter().filter(useful).collect()
    }

    /// The first source, by name, that allows one of some actions on anything.
    fn partner(&self, actions: &[&'static str]) -> Option<(&'static str, &'s str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for (label, statement) in &self.allows {
            let allowed = |action: &&&str| {
                statement.matches_action(action) && statement.reach().iter().any(|r| self.effective(action, r))
            };
            found.extend(actions.iter().filter(allowed).map(|action| (*action, *label)));
        }
        found.into_iter().min()
    }

    fn statement(&self, label: &str, statement: &'s Statement, gathered: &mut Gathered) {
        let mut rest: Vec<&str> = if statement.not_action { Vec::new() } else { statement.actions.iter().collect() };
        let mut broad = true;
        if let Some(found) = self.escalation(label, statement) {
            rest.retain(|pattern| !found.patterns.iter().any(|used| bare(used) == *pattern));
            broad = !found.patterns.iter().any(|pattern| is_everything(pattern) || pattern.starts_with("* except"));
            self.emit(label, statement, Privilege::Admin, &found, gathered);
        }
        if broad && let Some(found) = self.broad(statement, &rest) {
            rest.retain(|pattern| !found.patterns.contains(*pattern));
            self.emit(label, statement, Privilege::WriteBroad, &found, gathered);
        }
        for (privilege, found) in self.scoped(statement, &rest) {
            self.emit(label, statement, privilege, &found, gathered);
        }
        self.note_boundary(label, statement, gathered);
    }

    fn escalation(&self, label: &str, statement: &'s Statement) -> Option<Found<'s>> {
        let mut found = Found::new();
        for capability in ESCALATIONS {
            let resources = self.hits(statement, capability);
            if resources.is_empty() {
                continue;
            }
            let mut with = String::new();
            if !capability.with.is_empty() {
                let partner = *self.partner.get_or_init(|| self.partner(capability.with));
                let Some((action, partner)) = partner else { continue };
                if partner != label {
                    found.partners.insert(partner.to_owned());
                }
                with = format!(" + {action}");
            }
            let as_written = written(statement, capability.action);
            // `*` and `iam:*` say enough; the partner is named beside a narrower pattern only.
            if as_written.iter().all(|p| p.ends_with('*')) || with.is_empty() {
                found.patterns.extend(as_written);
            } else {
                found.patterns.extend(as_written.into_iter().map(|pattern| format!("{pattern}{with}")));
            }
            found.resources.extend(resources);
        }
        found.some()
    }

    fn broad(&self, statement: &'s Statement, patterns: &[&str]) -> Option<Found<'s>> {
        let mut found = Found::new();
        for capability in BROAD {
            let resources = self.hits(statement, capability);
            if !resources.is_empty() {
                found.patterns.extend(written(statement, capability.action));
                found.resources.extend(resources);
            }
        }
        for resource in statement.reach().into_iter().filter(|resource| is_wide(resource)) {
            let service = |pattern: &&&str| pattern.ends_with(":*") || is_everything(pattern);
            let left: Vec<_> = patterns.iter().filter(service).filter(|p| self.effective(p, resource)).collect();
            if !left.is_empty() {
                found.patterns.extend(left.into_iter().map(|pattern| (*pattern).to_owned()));
                found.resources.insert(resource);
            }
            if statement.not_action && self.effective("*", resource) {
                found.patterns.extend(written(statement, ""));
                found.resources.insert(resource);
            }
        }
        found.some()
    }

    /// What is left: reading and writing within the statement's resources.
    fn scoped(&self, statement: &'s Statement, patterns: &[&str]) -> Vec<(Privilege, Found<'s>)> {
        let mut read = Found::new();
        let mut write = Found::new();
        for resource in statement.reach() {
            for pattern in patterns.iter().filter(|pattern| self.effective(pattern, resource)) {
                let side = if is_read(pattern) { &mut read } else { &mut write };
                side.patterns.insert((*pattern).to_owned());
                side.resources.insert(resource);
            }
            if statement.not_action && !is_wide(resource) && self.effective("*", resource) {
                write.patterns.extend(written(statement, ""));
                write.resources.insert(resource);
            }
        }
        let both = [(Privilege::ReadScoped, read), (Privilege::WriteScoped, write)];
        both.into_iter().filter_map(|(privilege, found)| Some((privilege, found.some()?))).collect()
    }

    fn emit(&self, label: &str, statement: &Statement, privilege: Privilege, found: &Found<'_>, into: &mut Gathered) {
        let mut narrowed: BTreeSet<String> = statement.condition.iter().map(|text| text.to_string()).collect();
        for deny in &self.soft_denies {
            let hit = found.patterns.iter().any(|pattern| {
                let pattern = bare(pattern);
                deny.covers_action(pattern) || deny.actions.iter().any(|own| glob_fold(pattern, own))
            });
            if let (true, Some(condition)) = (hit, &deny.condition) {
                narrowed.insert(format!("denied when {condition}"));
            }
        }
        for deny in self.denies.iter().filter(|_| found.patterns.iter().any(|p| is_everything(p))) {
            let except = if deny.not_action { "all but " } else { "" };
            narrowed.insert(format!("denied: {except}{} on {}", short(&deny.actions), short(&deny.resources)));
        }
        match self.boundary {
            Boundary::None => {}
            Boundary::Known(name, _) => drop(narrowed.insert(format!("within permissions boundary {name}"))),
            Boundary::Unknown(name) => {
                narrowed.insert(format!("within permissions boundary {name}, which is not in this export"));
            }
        }
        let partners = found.partners.iter().map(|partner| format!(" + {partner}")).collect::<String>();
        let condition = (!narrowed.is_empty()).then(|| narrowed.into_iter().collect::<Vec<_>>().join("; "));
        let resources: BTreeSet<String> = match statement.not_resource {
            true => BTreeSet::from([format!("* except {}", short(&statement.resources))]),
            false => found.resources.iter().map(|resource| (*resource).to_owned()).collect(),
        };
        into.add(privilege, format!("{label}{partners}"), condition, &found.patterns, resources);
    }

    /// A statement that the boundary leaves nothing of is shown as such: it comes back when the boundary goes.
    fn note_boundary(&self, label: &str, statement: &Statement, into: &mut Gathered) {
        let Boundary::Known(name, _) = self.boundary else { return };
        let cut =
            |pattern: &str| statement.reach().iter().all(|r| !self.bounded(pattern, r) && !self.denied(pattern, r));
        let patterns: BTreeSet<String> = statement.actions.iter().filter(|p| cut(p)).map(str::to_owned).collect();
        if statement.not_action || patterns.is_empty() {
            return;
        }
        let condition = format!("permissions boundary {name} does not allow it");
        into.add(
            Privilege::None,
            label.to_owned(),
            Some(condition),
            &patterns,
            statement.resources.iter().map(str::to_owned).collect(),
        );
    }
}

impl Found<'_> {
    fn new() -> Self {
        Self { patterns: BTreeSet::new(), resources: BTreeSet::new(), partners: BTreeSet::new() }
    }

    fn some(self) -> Option<Self> {
        (!self.patterns.is_empty()).then_some(self)
    }
}

type ActionsAndResources = (BTreeSet<String>, BTreeSet<String>);

/// Rights by level, source and condition, so that a policy of forty statements is not forty lines.
#[derive(Default)]
struct Gathered {
    by_source: BTreeMap<(Privilege, String, Option<String>), ActionsAndResources>,
}

impl Gathered {
    fn add(
        &mut self,
        privilege: Privilege,
        source: String,
        condition: Option<String>,
        actions: &BTreeSet<String>,
        resources: BTreeSet<String>,
    ) {
        let (all_actions, all_resources) = self.by_source.entry((privilege, source, condition)).or_default();
        all_actions.extend(actions.iter().cloned());
        all_resources.extend(resources);
    }

    fn into_rights(self) -> Vec<Right> {
        let right = |((privilege, source, condition), (actions, resources)): (_, ActionsAndResources)| {
            let action = listed(actions.iter().map(String::as_str));
            let resource = listed(resources.iter().map(String::as_str));
            Right { privilege, action, resource, source, condition }
        };
        self.by_source.into_iter().map(right).collect()
    }
}

/// A pattern without the action named beside it.
fn bare(pattern: &str) -> &str {
    pattern.split(" + ").next().unwrap_or(pattern)
}

fn short(list: &Patterns) -> String {
    listed(list.iter())
}

/// A list for people: at most four of it.
fn listed<'t>(list: impl ExactSizeIterator<Item = &'t str> + Clone) -> String {
    const SHOWN: usize = 4;
    let text = list.clone().take(SHOWN).collect::<Vec<_>>().join(", ");
    let text = if list.len() > SHOWN { format!("{text} and {} more", list.len() - SHOWN) } else { text };
    if text.chars().count() > 400 { text.chars().take(400).chain(['…']).collect() } else { text }
}

/// The patterns by which a statement allows an action, as it writes them.
fn written(statement: &Statement, action: &str) -> Vec<String> {
    if statement.not_action {
        return vec![format!("* except {}", short(&statement.actions))];
    }
    statement.actions.iter().filter(|pattern| glob_fold(pattern, action)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:user/ci/bot";

    fn policy(statements: Value) -> Policy {
        Policy::parse(&json!({ "Statement": statements })).unwrap()
    }

    fn allow(action: impl Into<Value>, resource: impl Into<Value>) -> Value {
        json!({"Effect": "Allow", "Action": action.into(), "Resource": resource.into()})
    }

    fn deny(action: &str, resource: &str) -> Value {
        json!({"Effect": "Deny", "Action": action, "Resource": resource})
    }

    /// All rights from policies called p1, p2…, as `Level action on resource by source if condition`.
    fn all(policies: &[Value]) -> Vec<String> {
        let policies: Vec<Policy> = policies.iter().cloned().map(policy).collect();
        let sources = policies.iter().enumerate();
        let sources = sources.map(|(i, policy)| Source { label: format!("p{}", i + 1), policy }).collect();
        show(&rights(&Subject { arn: ARN, sources, boundary: Boundary::None }))
    }

    fn show(rights: &[Right]) -> Vec<String> {
        let line = |r: &Right| {
            let condition = r.condition.as_ref().map(|c| format!(" if {c}")).unwrap_or_default();
            format!("{:?} {} on {} by {}{condition}", r.privilege, r.action, r.resource, r.source)
        };
        rights.iter().map(line).collect()
    }

    fn level(policies: &[Value]) -> Privilege {
        let policies: Vec<Policy> = policies.iter().cloned().map(policy).collect();
        let sources = policies.iter().map(|policy| Source { label: "p".to_owned(), policy }).collect();
        let rights = rights(&Subject { arn: ARN, sources, boundary: Boundary::None });
        rights.iter().map(|r| r.privilege).max().unwrap_or_default()
    }

    #[test]
    fn everything_on_everything_is_administration_and_said_once() {
        assert_eq!(all(&[json!([allow("*", "*")])]), ["Admin * on * by p1"]);
        assert_eq!(all(&[json!([allow("iam:*", "*")])]), ["Admin iam:* on * by p1"]);
        assert_eq!(all(&[json!([allow("IAM:*", "*")])]), ["Admin IAM:* on * by p1"]);
    }

    #[test]
    fn an_explicit_deny_of_the_same_takes_it_away_within_and_across_policies() {
        let fp1 = json!([allow("iam:*", "*"), deny("iam:*", "*")]);
        assert_eq!(all(&[fp1]), [""; 0]);
        assert_eq!(all(&[json!([allow("*", "*")]), json!([deny("*", "*")])]), [""; 0]);
        assert_eq!(all(&[json!([deny("iam:*", "*")])]), [""; 0]);
        let left = all(&[json!([allow("*", "*"), deny("iam:*", "*")])]);
        assert_eq!(left, ["WriteBroad * on * by p1 if denied: iam:* on *"]);
        assert_eq!(level(&[json!([allow("*", "*"), deny("s3:DeleteBucket", "*")])]), Privilege::Admin);
        assert_eq!(level(&[json!([allow("iam:*", "*"), deny("iam:*", "arn:aws:iam::*:role/x")])]), Privilege::Admin);
    }

    #[test]
    fn a_deny_under_a_condition_is_told_and_takes_nothing_away() {
        let mut mfa = deny("*", "*");
        mfa["Condition"] = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}});
        assert_eq!(
            all(&[json!([allow("*", "*"), mfa])]),
            ["Admin * on * by p1 if denied when BoolIfExists aws:MultiFactorAuthPresent = false"]
        );
    }

    #[test]
    fn a_deny_of_all_but_some_takes_the_rest_away() {
        let deny = json!({"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"});
        assert_eq!(level(&[json!([allow("iam:CreatePolicyVersion", "*"), deny])]), Privilege::Unknown);
    }

    #[test]
    fn a_policy_version_counts_where_it_can_be_written() {
        let with = |resource: &str| level(&[json!([allow("iam:CreatePolicyVersion", resource)])]);
        assert_eq!(with("*"), Privilege::Admin);
        assert_eq!(with("arn:aws:iam::*:policy/fn2-*"), Privilege::Admin);
        assert_eq!(with("arn:aws:iam::123456789012:policy/one"), Privilege::Admin);
        assert_eq!(with("arn:aws:iam::aws:policy/fp4-*"), Privilege::WriteScoped, "AWS's own cannot be changed");
        assert_eq!(with("arn:aws:iam::123456789012:user/x"), Privilege::WriteScoped);
    }

    #[test]
    fn all_but_some_actions_is_administration_when_a_path_is_left() {
        let fn4 =
            json!([{"Effect": "Allow", "NotAction": ["iam:Update*", "iam:Create*", "iam:Attach*"], "Resource": "*"}]);
        assert_eq!(all(&[fn4]), ["Admin * except iam:Update*, iam:Create*, iam:Attach* on * by p1"]);
        let power =
            json!([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}]);
        assert_eq!(all(&[power]), ["WriteBroad * except iam:*, organizations:*, account:* on * by p1"]);
        let scoped = json!([{"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "arn:aws:s3:::one/*"}]);
        assert_eq!(level(&[scoped]), Privilege::WriteScoped);
    }

    #[test]
    fn passing_a_role_needs_something_to_pass_it_to_in_any_policy() {
        let pass = json!([allow("iam:PassRole", "*")]);
        assert_eq!(level(std::slice::from_ref(&pass)), Privilege::WriteScoped);
        let run = json!([allow(json!(["ec2:DescribeInstances", "ec2:RunInstances"]), "*")]);
        assert!(
            all(&[run.clone(), pass.clone()])
                .contains(&"Admin iam:PassRole + ec2:RunInstances on * by p2 + p1".to_owned())
        );
        let denied = json!([deny("ec2:*", "*")]);
        assert_ne!(level(&[run.clone(), pass, denied]), Privilege::Admin);
        let one_role = json!([allow("iam:PassRole", "arn:aws:iam::123456789012:role/app")]);
        assert_eq!(level(&[run, one_role]), Privilege::WriteScoped);
    }

    #[test]
    fn managing_ones_own_keys_is_no_escalation_but_attaching_to_oneself_is() {
        let own = "arn:aws:iam::*:user/${aws:username}";
        assert_eq!(level(&[json!([allow("iam:CreateAccessKey", own)])]), Privilege::WriteScoped);
        assert_eq!(level(&[json!([allow("iam:CreateAccessKey", ARN)])]), Privilege::WriteScoped);
        assert_eq!(level(&[json!([allow("iam:CreateAccessKey", "arn:aws:iam::*:user/*")])]), Privilege::Admin);
        assert_eq!(level(&[json!([allow("iam:AttachUserPolicy", own)])]), Privilege::Admin);
        assert_eq!(level(&[json!([allow("iam:AttachUserPolicy", "arn:aws:iam::*:role/*")])]), Privilege::WriteScoped);
    }

    #[test]
    fn whole_services_and_secrets_everywhere_are_broad_and_lists_are_not() {
        for (action, resource, want) in [
            ("dynamodb:*", "*", Privilege::WriteBroad),
            ("dynamodb:*", "arn:aws:dynamodb:eu-west-1:123456789012:table/one", Privilege::WriteScoped),
            ("s3:GetObject", "*", Privilege::WriteBroad),
            ("s3:Get*", "arn:aws:s3:::*", Privilege::WriteBroad),
            ("s3:GetObject", "arn:aws:s3:::*/*", Privilege::WriteBroad),
            ("s3:GetObject", "arn:aws:s3:::one/*", Privilege::ReadScoped),
            ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:*", Privilege::WriteBroad),
            ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:app-*", Privilege::ReadScoped),
            ("s3:ListAllMyBuckets", "*", Privilege::ReadScoped),
            ("ec2:Describe*", "*", Privilege::ReadScoped),
            ("cloudwatch:PutMetricData", "*", Privilege::WriteScoped),
        ] {
            assert_eq!(level(&[json!([allow(action, resource)])]), want, "{action} on {resource}");
        }
    }

    #[test]
    fn conditions_are_carried_and_statements_of_one_policy_are_joined() {
        let mut first = allow("s3:GetObject", "arn:aws:s3:::a/*");
        let second = allow("s3:ListBucket", "arn:aws:s3:::a");
        assert_eq!(
            all(&[json!([first.clone(), second.clone()])]),
            ["ReadScoped s3:GetObject, s3:ListBucket on arn:aws:s3:::a, arn:aws:s3:::a/* by p1"]
        );
        first["Condition"] = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
        assert_eq!(all(&[json!([first, second])]).len(), 2);
    }

    fn within(boundary: Value, statements: Value) -> Vec<String> {
        let (inner, outer) = (policy(statements), policy(boundary));
        let sources = vec![Source { label: "p".to_owned(), policy: &inner }];
        show(&rights(&Subject { arn: ARN, sources, boundary: Boundary::Known("edge", &outer) }))
    }

    #[test]
    fn a_boundary_caps_what_policies_give() {
        let admin = || json!([allow("*", "*")]);
        assert_eq!(within(admin(), admin()), ["Admin * on * by p if within permissions boundary edge"]);
        let s3 = json!([allow("s3:GetObject", "arn:aws:s3:::one/*")]);
        assert_eq!(within(s3.clone(), admin()), ["ReadScoped * on * by p if within permissions boundary edge"]);
        assert_eq!(
            within(s3, json!([allow("iam:*", "*")])),
            ["None iam:* on * by p if permissions boundary edge does not allow it"]
        );
        let without_iam = json!([allow("*", "*"), deny("iam:*", "*")]);
        assert_eq!(within(without_iam, admin()), ["WriteBroad * on * by p if within permissions boundary edge"]);
    }

    #[test]
    fn a_boundary_known_by_name_alone_is_told() {
        let inner = policy(json!([allow("*", "*")]));
        let sources = vec![Source { label: "p".to_owned(), policy: &inner }];
        let got = show(&rights(&Subject { arn: ARN, sources, boundary: Boundary::Unknown("edge") }));
        assert_eq!(got, ["Admin * on * by p if within permissions boundary edge, which is not in this export"]);
    }
}
