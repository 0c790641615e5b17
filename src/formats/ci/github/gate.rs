//! What stands between an event and a job: conditions that hold strangers off, and those that name events.

use std::collections::BTreeSet;

use super::expr;
use super::triggers::Trigger;
use crate::doc::Node;

/// What stands between a stranger and something that fetches their code; each is a hurdle, none a proof. `nodes` are the job,
/// and the step in it where there is one.
pub fn gates(triggers: &[Trigger<'_>], nodes: &[&Node], environment: bool) -> Vec<&'static str> {
    let conditions: Vec<String> = nodes.iter().filter_map(|node| node.get("if").and_then(Node::scalar)).collect();
    let condition = conditions.join(" && ").to_ascii_lowercase();
    let accesses: BTreeSet<String> = expr::all_accesses(&condition, true).iter().map(expr::Access::dotted).collect();
    let reads = |part: &str| accesses.iter().any(|path| path.contains(part));
    let labelled = |t: &Trigger<'_>| {
        let types = t.filters.and_then(|f| f.get("types")).map(Node::one_or_many).unwrap_or_default();
        t.event == "pull_request_target" && !types.is_empty() && types.iter().all(|n| n.as_str() == Some("labeled"))
    };
    let mut found = Vec::new();
    if reads("label") || triggers.iter().any(labelled) {
        found.push("label");
    }
    // `github.actor != 'dependabot[bot]'` lets every stranger through.
    let holds = |path: &str| !only_unequal(&condition, path);
    if reads("author_association") && holds("author_association") {
        found.push("author association");
    }
    if reads("head.repo.full_name") || reads("head_repository.full_name") || reads("head.repo.fork") {
        found.push("same repository");
    }
    if ["github.actor", "sender.login", "user.login"].iter().any(|path| reads(path) && holds(path)) {
        found.push("actor");
    }
    if environment {
        found.push("environment");
    }
    found
}

/// Whether a condition only says what a path must not be.
fn only_unequal(condition: &str, path: &str) -> bool {
    let mut places = condition.match_indices(path).peekable();
    places.peek().is_some()
        && places.all(|(at, _)| {
            let rest = condition.get(at + path.len()..).unwrap_or_default();
            rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim_start().starts_with("!=")
        })
}

/// The events that a condition lets through.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// When not empty, no others get through.
    pub only: BTreeSet<String>,
    /// These do not.
    pub never: BTreeSet<String>,
}

impl Events {
    /// Reads what the conditions of these nodes say of `github.event_name`. What cannot be told lets everything through.
    pub fn read(nodes: &[&Node]) -> Self {
        let mut all = Self::default();
        for condition in nodes.iter().filter_map(|node| node.get("if").and_then(Node::scalar)) {
            let Self { only, never } = of_condition(&condition.to_ascii_lowercase());
            if all.only.is_empty() {
                all.only = only;
            } else if !only.is_empty() {
                all.only.retain(|event| only.contains(event));
            }
            all.never.extend(never);
        }
        all
    }
}

fn of_condition(condition: &str) -> Events {
    let mut found = Events::default();
    let negated = condition.replace("!=", "").replace(' ', "").contains("!(");
    if negated || condition.len() > 10_000 {
        return found;
    }
    let clauses: Vec<Vec<(bool, &str)>> = condition.split("||").map(compared).collect();
    let named = |clause: &Vec<(bool, &str)>| clause.iter().any(|(equal, _)| *equal);
    if clauses.iter().all(named) {
        found.only = clauses.iter().flatten().filter(|(equal, _)| *equal).map(|(_, e)| (*e).to_owned()).collect();
    }
    if let [only] = clauses.as_slice() {
        found.never = only.iter().filter(|(equal, _)| !equal).map(|(_, e)| (*e).to_owned()).collect();
    }
    found
}

/// The events that a clause compares the event's name with, and whether it must be equal.
fn compared(clause: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    for (at, name) in clause.match_indices("github.event_name") {
        let rest = clause.get(at + name.len()..).unwrap_or_default().trim_start();
        let (equal, rest) = match (rest.strip_prefix("=="), rest.strip_prefix("!=")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => continue,
        };
        let event = rest.trim_start().strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        found.extend(event.map(|(event, _)| (equal, event)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_an_actor_must_not_have_holds_nobody_off() {
        let gated = |condition: &str| {
            let doc = crate::doc::yaml::parse(&format!("if: \"{condition}\"\n"));
            doc.is_ok_and(|doc| doc.roots.first().is_some_and(|job| !gates(&[], &[job], false).is_empty()))
        };
        assert!(gated("github.actor == 'acme-bot'"));
        assert!(gated("contains(fromJSON('[1]'), github.event.sender.login)"));
        assert!(gated("github.actor != 'a' && github.actor == 'b'"));
        assert!(!gated("github.event.pull_request.user.login != 'dependabot[bot]' && success()"));
        assert!(!gated("github.actor != 'dependabot[bot]'"));
    }

    #[test]
    fn conditions_tell_the_events_they_let_through_and_unclear_ones_tell_nothing() {
        let told = |condition: &str| {
            let Events { only, never } = of_condition(condition);
            let join = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(",");
            (join(only), join(never))
        };
        for (condition, only, never) in [
            ("github.event_name == 'push'", "push", ""),
            ("${{ github.event_name == 'push' || github.event_name=='schedule' }}", "push,schedule", ""),
            ("github.event_name != 'pull_request_target' && always()", "", "pull_request_target"),
            ("github.event_name == 'push' || inputs.force", "", ""),
            ("github.event_name != 'push' || inputs.force", "", ""),
            ("!(github.event_name == 'push')", "", ""),
            ("contains(github.event_name, 'pull')", "", ""),
            ("success()", "", ""),
        ] {
            assert_eq!(told(condition), (only.to_owned(), never.to_owned()), "{condition}");
        }
    }
}
