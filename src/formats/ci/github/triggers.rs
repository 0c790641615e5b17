//! What starts a workflow, and the OIDC subjects that follow from it.
//!
//! Events: <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>. Subjects:
//! <https://docs.github.com/en/actions/reference/security/oidc>.

use crate::doc::Node;

/// One event of `on:`.
pub struct Trigger<'a> {
    /// The event's name.
    pub event: String,
    /// Its filters, when it has any.
    pub filters: Option<&'a Node>,
}

/// The events of an `on:` node: a name, a list of names, or a mapping.
pub fn read(on: Option<&Node>) -> Vec<Trigger<'_>> {
    let Some(on) = on else { return Vec::new() };
    if on.is_mapping() {
        let entries = on.entries().iter();
        return entries.filter_map(|(k, v)| Some(Trigger { event: k.scalar()?, filters: Some(v) })).collect();
    }
    on.one_or_many().iter().filter_map(|n| Some(Trigger { event: n.scalar()?, filters: None })).collect()
}

/// Events that run with the repository's own secrets and token although a stranger may have caused them.
pub fn dangerous<'t>(triggers: &'t [Trigger<'_>]) -> impl Iterator<Item = &'t str> {
    triggers
        .iter()
        .map(|t| t.event.as_str())
        .filter(|event| matches!(*event, "pull_request_target" | "workflow_run" | "issue_comment"))
}

/// The `sub` claims that a job's token may carry, joined with `, `; `None` unless every one of them can be computed.
///
/// This is the form by names. Repositories created after 2026-07-15 put the ids of owner and repository beside them,
/// which a checkout does not hold.
pub fn subject(repository: Option<&str>, environment: Option<&str>, triggers: &[Trigger<'_>]) -> Option<String> {
    let repository = repository?;
    if let Some(name) = environment {
        return Some(format!("repo:{repository}:environment:{}", escape(name)));
    }
    let mut subjects: Vec<String> = Vec::new();
    for trigger in triggers {
        match trigger.event.as_str() {
            "pull_request" => subjects.push(format!("repo:{repository}:pull_request")),
            "push" => {
                subjects.extend(refs(trigger.filters?)?.into_iter().map(|r| format!("repo:{repository}:ref:{r}")))
            }
            // The other events run on a branch that the file does not name.
            _ => return None,
        }
    }
    subjects.sort();
    subjects.dedup();
    (!subjects.is_empty()).then(|| subjects.join(", "))
}

/// The refs that `push` filters let through, when they are written out.
fn refs(filters: &Node) -> Option<Vec<String>> {
    if filters.get("branches-ignore").is_some() || filters.get("tags-ignore").is_some() {
        return None;
    }
    let mut found = Vec::new();
    for (key, prefix) in [("branches", "refs/heads/"), ("tags", "refs/tags/")] {
        for node in filters.get(key).map(Node::one_or_many).unwrap_or_default() {
            let name = node.scalar()?;
            if name.contains(['*', '?', '+', '[', '!']) {
                return None;
            }
            found.push(format!("{prefix}{}", escape(&name)));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// A colon inside a value is written `%3A`.
fn escape(value: &str) -> String {
    value.replace(':', "%3A")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;

    fn subject_of(on: &str, environment: Option<&str>) -> Option<String> {
        let doc = yaml::parse(on).unwrap();
        subject(Some("acme/app"), environment, &read(doc.roots.first()))
    }

    #[test]
    fn an_environment_wins_over_every_event() {
        let sub = subject_of("[push, pull_request]", Some("prod:eu"));
        assert_eq!(sub.as_deref(), Some("repo:acme/app:environment:prod%3Aeu"));
    }

    #[test]
    fn literal_refs_give_subjects_and_patterns_give_none() {
        let sub = subject_of("{push: {branches: [main], tags: v1}, pull_request: }", None);
        let expected = "repo:acme/app:pull_request, repo:acme/app:ref:refs/heads/main, repo:acme/app:ref:refs/tags/v1";
        assert_eq!(sub.as_deref(), Some(expected));
        assert_eq!(subject_of("pull_request", None).as_deref(), Some("repo:acme/app:pull_request"));
        for on in ["push", "{push: {branches: ['rel/**']}}", "{push: {paths: [a]}}", "workflow_dispatch", "[]"] {
            assert_eq!(subject_of(on, None), None, "{on}");
        }
    }
}
