//! Which roles an AWS principal may ask for, and gets.
//!
//! Both sides decide: the principal's policies allow `sts:AssumeRole` on the role, and the role's trust policy names the principal,
//! its account, or anybody. Within one account a trust policy that names the principal itself is enough
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html>). A deny beats both.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::aws::{account_of_arn, resource_of_arn};
use super::aws_policy::Statement;
use super::aws_rights::{Boundary, Subject};
use crate::model::{Privilege, TrustFact};

const ACTION: &str = "sts:AssumeRole";

/// What a principal's own policies say of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// They allow it: by what, and under which condition.
    Allowed(String, Option<String>),
    /// They say nothing.
    Silent,
    /// They forbid it, or the boundary does.
    Denied,
}

/// The statements of a principal that speak of roles, picked out once.
pub struct Asker<'s> {
    allows: Vec<(&'s str, &'s Statement)>,
    denies: Vec<&'s Statement>,
    boundary: Boundary<'s>,
}

impl<'s> Asker<'s> {
    /// What a principal's policies say of roles.
    #[must_use]
    pub fn new(subject: &'s Subject<'_>) -> Self {
        let all = || subject.sources.iter().flat_map(|s| s.policy.statements.iter().map(|st| (s.label.as_str(), st)));
        let speaks = |statement: &Statement| statement.covers_action(ACTION);
        Self {
            allows: all().filter(|(_, s)| s.allow && speaks(s)).collect(),
            denies: all().map(|(_, s)| s).filter(|s| !s.allow && speaks(s)).collect(),
            boundary: subject.boundary,
        }
    }

    /// Whether any policy allows asking for roles.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.allows.is_empty()
    }

    /// How many comparisons one question costs at most.
    #[must_use]
    pub fn work(&self) -> u64 {
        let statements = self.allows.iter().map(|(_, s)| s).chain(&self.denies);
        statements.map(|s| 1 + s.resources.len() as u64).sum()
    }

    /// Single roles that the policies name.
    #[must_use]
    pub fn named(&self) -> BTreeSet<&'s str> {
        let all = self.allows.iter().filter(|(_, s)| !s.not_resource).flat_map(|(_, s)| s.resources.iter());
        all.filter(|arn| is_role(arn)).collect()
    }

    /// What the policies say of one role, by its full ARN.
    #[must_use]
    pub fn of(&self, role: &str) -> Asks {
        let denied = |s: &&&Statement| s.covers_resource(role);
        if self.denies.iter().filter(denied).any(|s| s.condition.is_none()) {
            return Asks::Denied;
        }
        let mut narrowed = BTreeSet::new();
        match self.boundary {
            Boundary::None => {}
            Boundary::Unknown(name) => {
                narrowed.insert(format!("within permissions boundary {name}, which is not in this export"));
            }
            Boundary::Known(name, policy) => {
                let speaks = |s: &&Statement| s.covers_action(ACTION) && s.covers_resource(role);
                let of = |allow: bool| policy.statements.iter().filter(speaks).filter(move |s| s.allow == allow);
                if of(true).next().is_none() || of(false).any(|s| s.condition.is_none()) {
                    return Asks::Denied;
                }
                narrowed.insert(format!("within permissions boundary {name}"));
            }
        }
        for deny in self.denies.iter().filter(denied).filter_map(|s| s.condition.as_ref()) {
            narrowed.insert(format!("denied when {deny}"));
        }
        let allowing = self.allows.iter().filter(|(_, s)| s.covers_resource(role));
        // One that always holds, before one that holds at times.
        let Some((label, statement)) = allowing.min_by_key(|(label, s)| (s.condition.is_some(), *label)) else {
            return Asks::Silent;
        };
        narrowed.extend(statement.condition.as_deref().map(str::to_owned));
        let condition = (!narrowed.is_empty()).then(|| narrowed.into_iter().collect::<Vec<_>>().join("; "));
        Asks::Allowed((*label).to_owned(), condition)
    }
}

/// True for the ARN of one role.
fn is_role(arn: &str) -> bool {
    let role = account_of_arn(arn).is_some() && resource_of_arn(arn).is_some_and(|rest| rest.starts_with("role/"));
    role && !arn.contains(['*', '?', '$'])
}

/// Roles by whom they trust.
#[derive(Debug, Default)]
pub struct Doors {
    /// By the ARN that a trust policy names.
    named: BTreeMap<String, BTreeSet<usize>>,
    /// By the account whose policies decide.
    accounts: BTreeMap<String, BTreeSet<usize>>,
    /// To anybody whose policies allow it.
    anybody: BTreeSet<usize>,
    /// The ARNs of everybody in the export.
    known: HashSet<String>,
}

impl Doors {
    /// Adds somebody of the export, by number and ARN; a role with whom it trusts.
    pub fn add(&mut self, role: usize, arn: &str, trusted: &[String]) {
        self.known.insert(arn.to_owned());
        for issuer in trusted {
            let door = match (account_of_arn(issuer), resource_of_arn(issuer)) {
                (Some(account), Some("root")) => self.accounts.entry(account.to_owned()).or_default(),
                (Some(_), Some(_)) => self.named.entry(issuer.clone()).or_default(),
                _ => &mut self.anybody,
            };
            door.insert(role);
        }
    }

    /// Roles that name a principal.
    pub fn to(&self, arn: &str) -> impl Iterator<Item = usize> + '_ {
        self.named.get(arn).into_iter().flatten().copied()
    }

    /// Roles that leave it to the policies of a principal.
    pub fn open_to(&self, arn: &str) -> impl Iterator<Item = usize> + '_ {
        let account = account_of_arn(arn).and_then(|account| self.accounts.get(account));
        account.into_iter().flatten().chain(&self.anybody).copied()
    }
}

/// Principals of AWS accounts that a trust policy lets in, as the key of [`Doors`].
#[must_use]
pub fn trusted(facts: &[TrustFact]) -> Vec<String> {
    let of_aws = facts.iter().filter(|f| {
        let attribute = |name: &str| f.attributes.get(name).map(String::as_str).unwrap_or_default();
        attribute("kind") == "aws"
            && matches!(attribute("principal"), "account" | "user" | "role" | "anyone")
            && !f.attributes.contains_key("not_principal")
    });
    of_aws.map(|f| f.issuer.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A principal of an export with what is needed here.
pub struct Entry<'e> {
    /// Its ARN.
    pub arn: &'e str,
    /// The highest of its own rights.
    pub level: Privilege,
}

/// How many roles are told of one principal: those that give most come first.
const TOLD: usize = 32;

/// A role that a principal gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The role.
    pub role: String,
    /// What allows it.
    pub source: String,
    /// What narrows it.
    pub condition: Option<String>,
}

/// The roles that one principal gets: those of the export (`all`, through `doors`), best first, and single ones elsewhere that its
/// policies name. Takes from `work` what it costs.
#[must_use]
pub fn steps(asker: &Asker<'_>, own: &str, all: &[Entry<'_>], doors: &Doors, work: &mut u64) -> Vec<Step> {
    let mut open: Vec<(usize, bool)> = doors.to(own).map(|i| (i, true)).collect();
    if asker.asks() {
        open.extend(doors.open_to(own).map(|i| (i, false)));
    }
    let level = |i: usize| all.get(i).map_or(Privilege::Unknown, |e| e.level);
    open.sort_by_key(|(i, named)| (std::cmp::Reverse(level(*i)), *i, !named));
    open.dedup_by_key(|(i, _)| *i);
    let mut out: Vec<Step> = Vec::new();
    for (i, named) in open {
        let Some(entry) = all.get(i).filter(|entry| entry.arn != own) else { continue };
        if out.len() == TOLD || *work == 0 {
            break;
        }
        *work = work.saturating_sub(asker.work());
        let (source, condition) = match asker.of(entry.arn) {
            Asks::Allowed(source, condition) => (source, condition),
            Asks::Silent if named && account_of_arn(own) == account_of_arn(entry.arn) => {
                ("the trust policy of the role".to_owned(), None)
            }
            _ => continue,
        };
        out.push(Step { role: entry.arn.to_owned(), source, condition });
    }
    for role in asker.named().into_iter().filter(|role| !doors.known.contains(*role)).take(TOLD) {
        if let Asks::Allowed(source, condition) = asker.of(role) {
            out.push(Step { role: role.to_owned(), source, condition });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::super::aws_policy::Policy;
    use super::super::aws_rights::Source;
    use super::*;

    const A: &str = "arn:aws:iam::123456789012:role/a";
    const B: &str = "arn:aws:iam::123456789012:role/b";
    const ELSEWHERE: &str = "arn:aws:iam::210987654321:role/x";

    /// The roles that `a` gets, with these statements, when `b` trusts these.
    fn got(statements: &Value, trusted: &[&str], boundary: Option<&Value>) -> Vec<String> {
        let policy = Policy::parse(&json!({ "Statement": statements })).unwrap();
        let edge = boundary.map(|b| Policy::parse(&json!({ "Statement": b })).unwrap());
        let boundary = edge.as_ref().map_or(Boundary::None, |edge| Boundary::Known("edge", edge));
        let sources = vec![Source { label: "p".to_owned(), policy: &policy }];
        let subject = Subject { arn: A, sources, boundary };
        let all = [Entry { arn: A, level: Privilege::None }, Entry { arn: B, level: Privilege::Admin }];
        let mut doors = Doors::default();
        doors.add(0, A, &[]);
        doors.add(1, B, &trusted.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let steps = steps(&Asker::new(&subject), A, &all, &doors, &mut 1000);
        let line = |s: Step| {
            let end = s.role.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{end} by {}{}", s.source, s.condition.map(|c| format!(" if {c}")).unwrap_or_default())
        };
        steps.into_iter().map(line).collect()
    }

    fn allow(resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource})
    }

    const ROOT: &str = "arn:aws:iam::123456789012:root";

    #[test]
    fn a_role_is_got_when_both_sides_agree() {
        assert_eq!(got(&json!([allow(B)]), &[A], None), ["b by p"]);
        assert_eq!(got(&json!([allow("*")]), &[ROOT], None), ["b by p"]);
        assert_eq!(got(&json!([allow("*")]), &["*"], None), ["b by p"]);
        assert_eq!(got(&json!([allow("*")]), &["arn:aws:iam::123456789012:role/c"], None), [""; 0]);
        assert_eq!(got(&json!([allow("*")]), &["arn:aws:iam::210987654321:root"], None), [""; 0]);
        assert_eq!(got(&json!([allow("arn:aws:iam::*:role/c*")]), &[ROOT], None), [""; 0]);
    }

    #[test]
    fn a_trust_that_names_the_principal_is_enough_in_one_account_and_one_that_names_the_account_is_not() {
        let other = json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]);
        assert_eq!(got(&other, &[A], None), ["b by the trust policy of the role"]);
        assert_eq!(got(&other, &[ROOT], None), [""; 0]);
    }

    #[test]
    fn denies_boundaries_and_conditions_hold() {
        let deny = |resource: &str| json!({"Effect": "Deny", "Action": "sts:*", "Resource": resource});
        assert_eq!(got(&json!([allow("*"), deny(B)]), &[A], None), [""; 0]);
        assert_eq!(got(&json!([allow("*"), deny("arn:aws:iam::*:role/c")]), &[A], None), ["b by p"]);
        let mut mfa = allow("*");
        mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        assert_eq!(got(&json!([mfa]), &[ROOT], None), ["b by p if Bool aws:MultiFactorAuthPresent = true"]);
        assert_eq!(got(&json!([mfa, allow(B)]), &[ROOT], None), ["b by p"]);
        let s3 = json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]);
        assert_eq!(got(&json!([allow("*")]), &[A], Some(&s3)), [""; 0]);
        assert_eq!(
            got(&json!([allow("*")]), &[A], Some(&json!([allow("*")]))),
            ["b by p if within permissions boundary edge"]
        );
        let not = json!([{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x"}]);
        assert_eq!(got(&not, &[ROOT], None), ["b by p"]);
    }

    #[test]
    fn single_roles_of_other_accounts_are_told_by_name() {
        assert_eq!(got(&json!([allow(ELSEWHERE)]), &[], None), ["x by p"]);
        assert_eq!(got(&json!([allow("arn:aws:iam::*:role/x")]), &[], None), [""; 0]);
    }
}
