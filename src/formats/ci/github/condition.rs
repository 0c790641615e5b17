//! Whether a condition holds a stranger's pull request off, for certain.
//!
//! Operators and truth: <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>. Three values are
//! enough: what a condition comes to when the pull request comes from another repository, or that it cannot be told.

use std::collections::BTreeMap;

use crate::doc::Node;

/// Deepest nesting of brackets that is followed, and longest condition.
const DEPTH: usize = 32;
const LONGEST: usize = 10_000;

/// Whether one of these nodes (a job, and a step in it) is never run for a pull request of another repository on this event.
pub fn shuts_out(nodes: &[&Node], event: &str) -> bool {
    nodes.iter().filter_map(|node| node.get("if").and_then(Node::scalar)).any(|text| is_false(&text, event))
}

/// The jobs of a workflow that are never run for such a pull request: by their own condition, or because a job that they
/// need is not. A job that asks how others ended runs all the same
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds>).
pub fn shut_jobs<'a>(jobs: &'a Node, event: &str) -> Vec<&'a Node> {
    let named: BTreeMap<String, &Node> = jobs.entries().iter().filter_map(|(k, v)| Some((k.scalar()?, v))).collect();
    let mut shut: BTreeMap<&str, bool> =
        named.iter().map(|(name, job)| (name.as_str(), shuts_out(&[*job], event))).collect();
    // What is shut spreads along `needs`; each turn takes one step, and chains are short.
    for _ in 0..DEPTH {
        let next: Vec<&str> = named
            .iter()
            .filter(|(name, job)| shut.get(name.as_str()) == Some(&false) && !asks_how_others_ended(job))
            .filter(|(_, job)| {
                let needs = job.get("needs").map(Node::one_or_many).unwrap_or_default();
                needs.iter().filter_map(Node::as_str).any(|need| shut.get(need) == Some(&true))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if next.is_empty() {
            break;
        }
        shut.extend(next.into_iter().map(|name| (name, true)));
    }
    named.iter().filter(|(name, _)| shut.get(name.as_str()) == Some(&true)).map(|(_, job)| *job).collect()
}

fn asks_how_others_ended(job: &Node) -> bool {
    let condition = job.get("if").and_then(Node::scalar).unwrap_or_default().to_ascii_lowercase();
    ["always(", "failure(", "cancelled("].iter().any(|call| condition.contains(call))
}

/// Whether a condition is false for a pull request of another repository.
fn is_false(condition: &str, event: &str) -> bool {
    let mut text = condition.trim().to_ascii_lowercase();
    if let Some(inner) = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
        text = inner.to_owned();
    }
    // A text with an expression in it is true, whatever the expression says.
    if text.contains("${{") || text.len() > LONGEST {
        return false;
    }
    // Nothing else can be told.
    if !["github.event", "true", "false"].iter().any(|word| text.contains(word)) {
        return false;
    }
    any(&text, event, DEPTH) == Some(false)
}

/// `a || b`; `None` is what cannot be told.
fn any(text: &str, event: &str, depth: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    join(split(text, "||").into_iter().map(|part| all(part, event, depth)), true)
}

/// `a && b`.
fn all(text: &str, event: &str, depth: usize) -> Option<bool> {
    join(split(text, "&&").into_iter().map(|part| one(part, event, depth)), false)
}

/// One value that decides wins over those that cannot be told.
fn join(values: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut known = Some(!decides);
    for value in values {
        match value {
            Some(value) if value == decides => return Some(decides),
            Some(_) => {}
            None => known = None,
        }
    }
    known
}

fn one(text: &str, event: &str, depth: usize) -> Option<bool> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('!').filter(|rest| !rest.starts_with('=')) {
        return one(rest, event, depth.checked_sub(1)?).map(|value| !value);
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
        && is_whole(inner)
    {
        return any(inner, event, depth);
    }
    for (operator, equal) in [("==", true), ("!=", false)] {
        if let [left, right] = split(text, operator).as_slice() {
            let same =
                compared(left.trim(), right.trim(), event).or_else(|| compared(right.trim(), left.trim(), event));
            return same.map(|same| same == equal);
        }
    }
    match text {
        "true" => Some(true),
        "false" => Some(false),
        // On the other events it is empty, so this tells nothing of them.
        FORK if event == "pull_request_target" => Some(true),
        _ => None,
    }
}

const FORK: &str = "github.event.pull_request.head.repo.fork";

/// Whether two sides are equal for a stranger on this event.
fn compared(left: &str, right: &str, event: &str) -> Option<bool> {
    let head = left.strip_prefix("github.event.");
    let repository = ["pull_request.head.repo.full_name", "workflow_run.head_repository.full_name"];
    let id = ["pull_request.head.repo.id", "workflow_run.head_repository.id", "pull_request.head.repo.node_id"];
    let literal = right.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match (left, head) {
        ("github.event_name", _) => literal.map(|name| name == event),
        (_, Some(path)) if repository.contains(&path) => {
            let own = matches!(
                right,
                "github.repository"
                    | "github.event.repository.full_name"
                    | "github.event.pull_request.base.repo.full_name"
            );
            (own || literal.is_some_and(|name| name.contains('/'))).then_some(false)
        }
        (_, Some(path)) if id.contains(&path) => matches!(
            right,
            "github.repository_id"
                | "github.event.repository.id"
                | "github.event.pull_request.base.repo.id"
                | "github.event.repository.node_id"
                | "github.event.pull_request.base.repo.node_id"
        )
        .then_some(false),
        (FORK, _) if event == "pull_request_target" => match right {
            "true" | "'true'" => Some(true),
            "false" | "'false'" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether brackets inside close each other.
fn is_whole(inner: &str) -> bool {
    let mut open = 0_usize;
    for byte in outside(inner) {
        match byte.1 {
            b'(' => open += 1,
            b')' if open == 0 => return false,
            b')' => open -= 1,
            _ => {}
        }
    }
    open == 0
}

/// The bytes of a text that are in no literal, with their places.
fn outside(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut quoted = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        quoted ^= *byte == b'\'';
        !quoted && *byte != b'\''
    })
}

/// The parts of a text between an operator that stands in no bracket and no literal.
fn split<'t>(text: &'t str, operator: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut open) = (Vec::new(), 0_usize, 0_usize);
    for (at, byte) in outside(text) {
        match byte {
            b'(' | b'[' => open += 1,
            b')' | b']' => open = open.saturating_sub(1),
            _ if open == 0 && at >= start && text.get(at..).is_some_and(|rest| rest.starts_with(operator)) => {
                parts.extend(text.get(start..at));
                start = at + operator.len();
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;

    #[test]
    fn only_conditions_that_are_false_for_every_stranger_hold_them_off() {
        let event = "pull_request_target";
        for condition in [
            "github.event.pull_request.head.repo.full_name == github.repository",
            "${{ github.repository == github.event.pull_request.head.repo.full_name }}",
            "github.event_name != 'pull_request_target' || github.event.pull_request.head.repo.full_name == github.repository",
            "github.event.pull_request.head.repo.fork == false && contains(github.event.pull_request.labels.*.name, 'a || b')",
            "!github.event.pull_request.head.repo.fork",
            "!(github.event.pull_request.head.repo.fork || github.actor == 'x')",
            "(github.event.pull_request.head.repo.full_name == 'acme/app') && success()",
            "github.event_name == 'push'",
            "github.event.pull_request.head.repo.id == github.event.repository.id",
        ] {
            assert!(is_false(condition, event), "{condition}");
        }
        for condition in [
            "github.event.pull_request.head.repo.full_name != github.repository",
            "github.event.pull_request.head.repo.full_name == github.repository || github.actor == 'x'",
            "contains(github.event.pull_request.labels.*.name, 'ok')",
            "${{ github.event.pull_request.head.repo.fork }} == false",
            "github.event.pull_request.head.repo.owner.login == 'acme'",
            "'github.event.pull_request.head.repo.full_name == github.repository'",
            "github.event_name == 'pull_request_target'",
            "always()",
            "",
        ] {
            assert!(!is_false(condition, event), "{condition}");
        }
        // The field is empty on other events, and empty is not true.
        assert!(!is_false("github.event.pull_request.head.repo.fork == false", "issue_comment"));
        let deep = format!("{}github.event_name == 'push'{}", "(".repeat(500), ")".repeat(500));
        assert!(!is_false(&deep, event));
    }

    #[test]
    fn a_job_that_needs_one_that_is_shut_is_shut_unless_it_asks_how_that_ended() {
        let own = "github.event.pull_request.head.repo.full_name == github.repository";
        let text = format!(
            "a: {{if: {own}}}\nb: {{needs: a}}\nc: {{needs: [x, b]}}\nd: {{needs: a, if: always()}}\ne: {{needs: x}}\n"
        );
        let doc = yaml::parse(&text).unwrap();
        let root = &doc.roots[0];
        let shut = shut_jobs(root, "pull_request_target");
        let is_shut = |name: &str| shut.iter().any(|job| std::ptr::eq(*job, root.get(name).unwrap()));
        assert_eq!(["a", "b", "c", "d", "e"].map(is_shut), [true, true, true, false, false]);
    }
}
