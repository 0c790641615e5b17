//! Orbs: packages of jobs, commands and executors that a configuration takes in.
//! <https://circleci.com/docs/orbs/use/orb-intro/>; versions: <https://circleci.com/docs/orbs/use/orb-intro/#semantic-versioning>.

use std::collections::BTreeMap;

use crate::doc::Node;
use crate::formats::workload::Workload;
use crate::model::Span;

/// An orb of the registry, or one at an address.
pub(super) struct Orb {
    component: String,
    version: String,
    pinned: bool,
    first_party: bool,
    span: Span,
}

/// Orbs by alias; those that the configuration itself holds are its own code.
pub(super) fn read(node: Option<&Node>, owner: Option<&str>) -> BTreeMap<String, Orb> {
    let all = node.map(Node::entries).unwrap_or_default();
    all.iter().filter_map(|(alias, orb)| Some((alias.scalar()?, one(orb.as_str()?, owner, orb.span)))).collect()
}

fn one(text: &str, owner: Option<&str>, span: Span) -> Orb {
    if text.starts_with("https://") {
        // https://circleci.com/docs/orbs/author/create-test-and-use-url-orbs/
        let address = text.split(['?', '#']).next().unwrap_or(text);
        let commit = address.split('/').any(|part| part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit()));
        let same =
            address.split('/').nth(3).is_some_and(|group| owner.is_some_and(|own| own.eq_ignore_ascii_case(group)));
        let component = format!("orb:{address}");
        return Orb { component, version: String::new(), pinned: commit, first_party: same, span };
    }
    let (name, version) = text.rsplit_once('@').unwrap_or((text, ""));
    let namespace = name.split('/').next().unwrap_or_default();
    Orb {
        component: format!("orb:{name}"),
        version: version.to_owned(),
        pinned: is_exact(version),
        first_party: namespace == "circleci" || owner.is_some_and(|own| own.eq_ignore_ascii_case(namespace)),
        span,
    }
}

/// Whole versions cannot be published again; `1`, `1.2`, `volatile` and `dev:…` move.
fn is_exact(version: &str) -> bool {
    let numbers: Vec<&str> = version.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

impl Orb {
    /// The orb beside the credentials that the job has come to so far.
    pub(super) fn beside(&self, job: &mut Workload<'_>) {
        job.third_party(&self.component, &self.version, self.pinned, self.first_party, self.span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_versions_stand_still() {
        let span = Span { start: 0, end: 0 };
        for (text, pinned, own) in [
            ("circleci/node@5.1.0", true, true),
            ("acme/x@1.2", false, true),
            ("other/x@volatile", false, false),
            ("other/x@dev:first", false, false),
            ("other/x", false, false),
        ] {
            let orb = one(text, Some("acme"), span);
            assert_eq!((orb.pinned, orb.first_party), (pinned, own), "{text}");
        }
    }
}
