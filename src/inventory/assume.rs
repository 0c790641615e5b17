//! Whether a job can take on the role or service account that it names: the tokens it gets, held against the trust of that role,
//! when both are in the inputs. Likewise for service accounts of clusters and those of Google Cloud.
//!
//! The verdict is an attribute of the usage, `assumes`: `yes`, `no` or `maybe`, with the reason behind a colon; no attribute
//! means that the role's trust was not seen. Subjects of GitHub's tokens:
//! <https://docs.github.com/en/actions/reference/security/oidc>; how AWS compares them:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>; how Google does:
//! <https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines>.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AuthMode, Identity, IdentityKey, IdentityKind, Inventory, Trust, Usage, setting};

/// The attribute with the verdict.
const ASSUMES: &str = "assumes";

const GITHUB: &str = "token.actions.githubusercontent.com";

/// What the issuers of Google's clusters end in, each a project's.
const CLUSTERS: &str = ".svc.id.goog";

/// Gives each usage that takes on a role of the inventory its verdict.
pub(super) fn judge(inventory: &mut Inventory) {
    let mut names: BTreeMap<&str, &IdentityKey> = BTreeMap::new();
    for identity in &inventory.identities {
        for key in std::iter::once(&identity.id).chain(&identity.aliases) {
            // The provider's own name: an ARN, an e-mail.
            if let Some(name) = key.as_str().splitn(3, ':').nth(2) {
                names.insert(name, &identity.id);
            }
        }
    }
    let named = by_name(&inventory.identities);
    let mut trusts: BTreeMap<&IdentityKey, Vec<&Trust>> = BTreeMap::new();
    inventory.trusts.iter().for_each(|t| trusts.entry(&t.identity).or_default().push(t));
    let jobs: BTreeMap<&IdentityKey, &Identity> = inventory.identities.iter().map(|i| (&i.id, i)).collect();
    // A binding on a project lets its members be every account in it, whatever the accounts' own policies say.
    let wide = inventory.settings.iter().any(|s| s.name == setting::WIF_MEMBER && s.identity.is_none());
    let verdict = |usage: &Usage| {
        let role = usage.target.as_deref().filter(|_| usage.mode == AuthMode::Federated)?;
        // Client ids of Azure are GUIDs, whose case means nothing.
        let exact = names.get(role).or_else(|| names.get(role.to_ascii_lowercase().as_str()));
        let (key, by_name) = match exact {
            Some(key) => (*key, ""),
            None => (named.get(role.split_once(":role/")?.1.rsplit('/').next()?).copied().flatten()?, BY_NAME),
        };
        let job = jobs.get(usage.identity.as_ref()?)?;
        let verdict = held_against(&Token::of(job, usage)?, trusts.get(key)?) + by_name;
        let google = key.as_str().starts_with("gcp:service-account:");
        Some(verdict).filter(|verdict| !(google && wide && verdict.starts_with("no")))
    };
    let verdicts: Vec<Option<String>> = inventory.usages.iter().map(verdict).collect();
    for (usage, verdict) in inventory.usages.iter_mut().zip(verdicts) {
        usage.attributes.extend(verdict.map(|verdict| (ASSUMES.to_owned(), verdict)));
    }
}

/// Said of roles that are known by their name alone: code that declares one hardly ever tells the account.
const BY_NAME: &str = " (the role is known by its name; no account is declared)";

/// Roles of AWS that code declares, by the name that it gives them; a name that two have tells nothing.
fn by_name(identities: &[Identity]) -> BTreeMap<&str, Option<&IdentityKey>> {
    let mut out: BTreeMap<&str, Option<&IdentityKey>> = BTreeMap::new();
    let roles = identities.iter().filter(|i| i.kind == IdentityKind::Role && i.provider == "aws" && !i.sample);
    for role in roles.filter(|role| !role.id.as_str().starts_with("aws:")) {
        if let Some(name) = role.attributes.get("name") {
            out.entry(name).and_modify(|known| *known = None).or_insert(Some(&role.id));
        }
    }
    out
}

/// What is known of the tokens that a job gets.
struct Token<'a> {
    /// Every subject they can have; empty when only the repository is known.
    subjects: BTreeSet<String>,
    /// What every subject begins with.
    prefix: String,
    /// What its claim `job_workflow_ref` begins with: the workflow that holds the job, whoever calls it, and `@`.
    workflow: String,
    audience: Option<&'a str>,
    /// What the issuer's name ends in.
    issuer: &'static str,
    /// Claims that are the same in every token.
    claims: BTreeMap<&'static str, String>,
}

impl<'a> Token<'a> {
    fn of(job: &'a Identity, usage: &'a Usage) -> Option<Self> {
        if let Some(account) = job.id.as_str().strip_prefix("kubernetes:service-account:") {
            // Another cloud's clusters have issuers that no manifest names.
            let (namespace, name) = account.split_once('/').filter(|_| usage.provider == "gcp")?;
            let subject = format!("system:serviceaccount:{namespace}:{name}");
            return Some(Self {
                subjects: BTreeSet::from([subject.clone()]),
                prefix: subject,
                workflow: String::new(),
                audience: None,
                issuer: CLUSTERS,
                claims: BTreeMap::new(),
            });
        }
        let path = job.id.as_str().strip_prefix("github:job:")?;
        let mut parts = path.splitn(3, '/');
        let (owner, name) = (parts.next()?, parts.next()?);
        // Without a remote the key begins with the path.
        if owner.is_empty() || owner.starts_with('.') {
            return None;
        }
        let subjects = job.attributes.get("subject").map(String::as_str).unwrap_or_default();
        Some(Self {
            subjects: subjects.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            prefix: format!("repo:{owner}/{name}:"),
            workflow: workflow(path).map(|file| format!("{owner}/{name}/{file}@")).unwrap_or_default(),
            audience: usage.attributes.get("audience").map(String::as_str),
            issuer: GITHUB,
            claims: BTreeMap::from([("repository", format!("{owner}/{name}")), ("repository_owner", owner.to_owned())]),
        })
    }

    /// Whether a trust is in the issuer of these tokens. Of a pool whose provider was not read the audience tells.
    fn is_of(&self, trust: &Trust) -> bool {
        let pool = trust.attributes.get("pool").map(|pool| format!("{pool}/"));
        let through = pool.is_some_and(|pool| self.audience.is_some_and(|audience| audience.contains(&pool)));
        through || trust.issuer.trim_end_matches('/').ends_with(self.issuer)
    }

    /// Whether the tokens pass a test of one claim; `None` when that is not known.
    fn passes(&self, claim: &str, test: &str) -> Option<bool> {
        let value = self.claims.get(claim)?;
        let (operator, wanted) = test.split_once(' ')?;
        match operator {
            "StringEquals" => Some(alternatives(wanted).any(|wanted| wanted == value)),
            "StringLike" => Some(alternatives(wanted).any(|wanted| matches(wanted, value))),
            _ => None,
        }
    }
}

/// The workflow's path below its repository, out of a job's key.
fn workflow(key: &str) -> Option<&str> {
    let file = key.rsplit_once('#')?.0;
    file.get(file.rfind(".github/workflows/")?..)
}

/// How far one trust lets tokens in, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lets {
    None,
    Maybe,
    In,
}

/// What a trust is of, in a word.
fn noun(trust: &Trust) -> &'static str {
    match trust.identity.as_str() {
        key if key.starts_with("gcp:app:") => "pool's provider",
        key if key.starts_with("gcp:") => "service account",
        _ => "role",
    }
}

fn held_against(token: &Token<'_>, trusts: &[&Trust]) -> String {
    let mut best: Option<(Lets, String)> = None;
    for trust in trusts.iter().filter(|trust| token.is_of(trust)) {
        let (lets, why) = by_one(token, trust);
        if best.as_ref().is_none_or(|(known, _)| lets > *known) {
            best = Some((lets, why));
        }
    }
    let role = trusts.first().map_or("role", |trust| noun(trust));
    match best {
        None if token.issuer == CLUSTERS => format!("no: the {role} trusts no service account of a cluster"),
        None => format!("no: the {role} trusts nothing of {GITHUB}"),
        Some((Lets::In, why)) => format!("yes: {why}"),
        Some((Lets::Maybe, why)) => format!("maybe: {why}"),
        Some((Lets::None, why)) => format!("no: {why}"),
    }
}

fn by_one(token: &Token<'_>, trust: &Trust) -> (Lets, String) {
    let role = noun(trust);
    if let (Some(given), Some(wanted)) = (token.audience, &trust.audience)
        && !alternatives(wanted).any(|wanted| matches(wanted, given))
    {
        return (Lets::None, format!("its token is for {given}, the {role} wants one for {wanted}"));
    }
    let operator = trust.attributes.get("sub_operator").map(String::as_str).unwrap_or_default();
    // An expression of Entra's flexible credentials, of which the pattern of the subject is read elsewhere.
    if operator == "claimsMatchingExpression" {
        let wanted = trust.subject.as_deref().unwrap_or_default();
        return (Lets::Maybe, format!("the application asks for {wanted}"));
    }
    let mut claims: Vec<&str> = Vec::new();
    let mut passed: Vec<&str> = Vec::new();
    for (claim, test) in trust.attributes.iter().filter_map(|(k, test)| Some((k.strip_prefix("claim.")?, test))) {
        match token.passes(claim, test) {
            Some(true) => passed.push(claim),
            Some(false) => {
                let given = token.claims.get(claim).map(String::as_str).unwrap_or_default();
                let wanted = test.split_once(' ').map_or(test.as_str(), |(_, wanted)| wanted);
                return (Lets::None, format!("its {claim} is {given}, the {role} takes {wanted}"));
            }
            None => claims.push(claim),
        }
    }
    // What else a condition asks for is not known, nor when a binding's own holds.
    let attribute = |name: &str| trust.attributes.get(name).map(String::as_str);
    let partly = attribute("condition_read").and(attribute("provider_condition").or(attribute("condition")));
    let bound = attribute("condition").filter(|_| attribute("member").is_some());
    let unread = partly.or(bound);
    if let Some(asked) = trust.attributes.get(WORKFLOW_CLAIM).filter(|_| !token.workflow.is_empty()) {
        match lets_workflow(&token.workflow, asked) {
            Lets::None => return (Lets::None, format!("it is of {}…, the {role} asks for {asked}", token.workflow)),
            Lets::In => {
                claims.retain(|claim| *claim != "job_workflow_ref");
                passed.push("job_workflow_ref");
            }
            Lets::Maybe => {}
        }
    }
    let Some(wanted) = &trust.subject else {
        return match (claims.as_slice(), unread) {
            ([], Some(condition)) => (Lets::Maybe, format!("the {role} asks for {condition}")),
            ([], None) if passed.is_empty() => (Lets::In, format!("the {role} takes every subject")),
            ([], None) => (Lets::In, format!("the {role} asks for its {}", passed.join(", "))),
            (claims, _) => (Lets::Maybe, format!("the {role} asks for {}", claims.join(", "))),
        };
    };
    if operator.contains("Not") {
        return (Lets::Maybe, format!("the {role} takes every subject but {wanted}"));
    }
    let literal = operator.contains("Equals");
    let bare: Vec<String> = alternatives(wanted).map(without_ids).collect();
    let fits = |pattern: &String, subject: &str| if literal { pattern == subject } else { matches(pattern, subject) };
    let fit = token.subjects.iter().find(|subject| bare.iter().any(|pattern| fits(pattern, subject)));
    let lets = match fit {
        Some(_)
            if claims.is_empty() && unread.is_none() && bare.iter().map(String::as_str).eq(alternatives(wanted)) =>
        {
            Lets::In
        }
        Some(_) => Lets::Maybe,
        None if !token.subjects.is_empty() => Lets::None,
        None => {
            let open = |pattern: &String| {
                if literal { pattern.starts_with(&token.prefix) } else { may_begin(pattern, &token.prefix) }
            };
            if bare.iter().any(open) { Lets::Maybe } else { Lets::None }
        }
    };
    let who = match (fit, token.subjects.first()) {
        (Some(subject), _) | (None, Some(subject)) => subject.clone(),
        (None, None) => format!("{}…", token.prefix),
    };
    (lets, format!("it comes as {who}, the {role} takes {wanted}"))
}

/// Where a trust's test of the workflow stands: the operator, a blank, the pattern.
const WORKFLOW_CLAIM: &str = "claim.job_workflow_ref";

/// Whether a test of `job_workflow_ref` lets the jobs of a workflow in, whatever its ref.
fn lets_workflow(workflow: &str, asked: &str) -> Lets {
    let (operator, wanted) = asked.split_once(' ').unwrap_or(("", asked));
    // Several tests are told one after the other.
    if operator.contains("Not") || !operator.starts_with("String") || wanted.contains(';') {
        return Lets::Maybe;
    }
    let literal = operator.contains("Equals");
    let one = |pattern: &str| match pattern.strip_prefix(workflow) {
        Some("*") if !literal => Lets::In,
        Some(_) => Lets::Maybe,
        None if !literal && may_begin(pattern, workflow) => Lets::Maybe,
        None => Lets::None,
    };
    alternatives(wanted).map(one).max().unwrap_or(Lets::Maybe)
}

fn alternatives(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '|', '\n']).map(str::trim).filter(|s| !s.is_empty())
}

/// A subject without the ids that new repositories have in it: `repo:acme@12/app@34:…`.
fn without_ids(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    let mut rest = subject;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        let digits = after.bytes().take_while(|b| b.is_ascii_digit() || *b == b'*').count();
        if digits == 0 {
            out.push('@');
        }
        rest = &after[digits..];
    }
    out + rest
}

/// The positions of a pattern that are reached by a text, `*` standing for any text and `?` for any character.
fn reached(pattern: &[char], text: &str) -> Vec<bool> {
    let close = |at: &mut Vec<bool>| {
        for i in 0..pattern.len() {
            if at[i] && pattern[i] == '*' {
                at[i + 1] = true;
            }
        }
    };
    let mut at = vec![false; pattern.len() + 1];
    at[0] = true;
    close(&mut at);
    for c in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (i, p) in pattern.iter().enumerate().filter(|(i, _)| at[*i]) {
            match p {
                '*' => next[i] = true,
                '?' => next[i + 1] = true,
                p if *p == c => next[i + 1] = true,
                _ => {}
            }
        }
        close(&mut next);
        at = next;
    }
    at
}

fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    reached(&pattern, text).last().copied().unwrap_or(false)
}

/// Whether some text that begins so matches.
fn may_begin(pattern: &str, prefix: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    reached(&pattern, prefix).contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdentityFact, Location};

    fn verdict(subjects: &str, wanted: Option<&str>, attributes: &[(&str, &str)]) -> String {
        let subjects = subjects.split(", ").filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let token = Token {
            subjects,
            prefix: "repo:acme/app:".to_owned(),
            workflow: "acme/app/.github/workflows/d.yml@".to_owned(),
            audience: Some("sts.amazonaws.com"),
            issuer: GITHUB,
            claims: BTreeMap::from([("repository", "acme/app".to_owned()), ("repository_owner", "acme".to_owned())]),
        };
        let trust = Trust {
            identity: IdentityKey::new("aws", "role", "arn:aws:iam::123456789012:role/r"),
            issuer: format!("arn:aws:iam::123456789012:oidc-provider/{GITHUB}"),
            audience: Some("sts.amazonaws.com".to_owned()),
            subject: wanted.map(str::to_owned),
            attributes: attributes
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
                .into(),
            location: Location::default(),
        };
        held_against(&token, &[&trust]).split(':').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_token_is_let_in_by_the_rules_of_its_role() {
        let main = "repo:acme/app:ref:refs/heads/main";
        for (subjects, wanted, attributes, want) in [
            (main, Some("repo:acme/app:*"), &[][..], "yes"),
            (main, None, &[], "yes"),
            (main, Some(main), &[("sub_operator", "StringEquals")], "yes"),
            (main, Some("repo:acme/app:*"), &[("sub_operator", "StringEquals")], "no"),
            (main, Some("repo:acme/other:*"), &[], "no"),
            (main, Some("repo:acme/app:environment:prod"), &[], "no"),
            (main, Some("repo:other/x:*, repo:acme/a?p:ref:*"), &[], "yes"),
            (main, Some("repo:acme/app:*"), &[("claim.ref", "StringEquals refs/heads/x")], "maybe"),
            (main, Some("repo:acme@12/app@34:*"), &[], "maybe"),
            (main, None, &[("claim.job_workflow_ref", "StringLike acme/app/.github/workflows/d.yml@*")], "yes"),
            (main, Some(main), &[("claim.job_workflow_ref", "StringLike acme/*")], "maybe"),
            (main, Some(main), &[("claim.job_workflow_ref", "StringLike acme/app/.github/workflows/x.yml@*")], "no"),
            (
                main,
                None,
                &[("claim.job_workflow_ref", "StringEquals acme/app/.github/workflows/d.yml@refs/heads/main")],
                "maybe",
            ),
            (main, None, &[("claim.job_workflow_ref", "StringNotEquals acme/x")], "maybe"),
            (main, Some("repo:acme/app:*"), &[("sub_operator", "StringNotLike")], "maybe"),
            ("", Some("repo:acme/app:ref:refs/heads/main"), &[], "maybe"),
            ("", Some("repo:acme/other:*"), &[], "no"),
            ("", Some("repo:*"), &[], "maybe"),
            ("", None, &[("claim.repository", "StringEquals acme/x | acme/app")], "yes"),
            ("", None, &[("claim.repository", "StringEquals acme/x")], "no"),
            ("", None, &[("claim.repository_owner", "StringLike ac*"), ("claim.ref", "StringEquals x")], "maybe"),
            (main, Some("repo:acme/app:*"), &[("claim.repository_owner", "StringEquals other")], "no"),
        ] {
            assert_eq!(verdict(subjects, wanted, attributes), want, "{subjects} {wanted:?} {attributes:?}");
        }
    }

    #[test]
    fn a_usage_gets_the_verdict_of_the_role_that_it_names() {
        let arn = "arn:aws:iam::123456789012:role/r";
        let identity = |key: IdentityKey, kind| {
            let mut facts = vec![super::super::Declared {
                what: IdentityFact::new(key, kind, "x", "x"),
                location: Location::default(),
                sample: false,
            }];
            facts[0].what.attributes.insert("subject".to_owned(), "repo:acme/app:environment:prod".to_owned());
            let mut all = super::super::Facts { identities: facts, ..super::super::Facts::default() };
            let names = super::super::link::Names::resolve(&mut all, &mut Vec::new());
            super::super::merge::identities(all.identities, &names)
        };
        let job = IdentityKey::new("github", "job", "acme/app/.github/workflows/d.yml#deploy");
        let role = IdentityKey::new("aws", "role", arn);
        let mut inventory = Inventory::default();
        inventory.identities.extend(identity(job.clone(), IdentityKind::CiJob));
        inventory.identities.extend(identity(role.clone(), IdentityKind::Role));
        inventory.trusts.push(Trust {
            identity: role,
            issuer: GITHUB.to_owned(),
            audience: None,
            subject: Some("repo:acme/app:environment:prod".to_owned()),
            attributes: BTreeMap::new().into(),
            location: Location::default(),
        });
        inventory.usages.push(Usage {
            identity: Some(job),
            mode: AuthMode::Federated,
            provider: "aws".to_owned(),
            credential: None,
            target: Some(arn.to_owned()),
            mechanism: "aws-actions/configure-aws-credentials".to_owned(),
            federation_available: false,
            attributes: BTreeMap::new(),
            location: Location::default(),
        });
        judge(&mut inventory);
        let verdict = inventory.usages[0].attributes.get(ASSUMES).map(String::as_str).unwrap_or_default();
        assert!(verdict.starts_with("yes: it comes as repo:acme/app:environment:prod"), "{verdict}");
    }
}
