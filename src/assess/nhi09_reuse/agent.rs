//! One credential for several agents or tool servers.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::AGENTS;
use super::super::view::View;
use super::super::{Check, Context, agents, say};
use crate::model::{AuthMode, Confidence, Finding, Identity, Location, Risk, Severity};

/// One key in several agents or tool servers.
pub(crate) const AGENT_KEY_SHARED: Check = Check {
    id: "NHI9-agent-key-shared",
    risk: Risk::Nhi9,
    title: "One credential for several tool servers",
    why: "The weakest of the servers gives the credential away for all of them, nobody can tell which of them used it, and \
          none can be cut off alone.",
    remediation: "Make a token for each server, with the rights that it needs, under a name of its own.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/"],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view)),
    run: shared,
};

/// What a server is, however many files declare it: its package, its address, its name.
fn what(agent: &Identity) -> String {
    let attribute = |name: &str| agent.attributes.get(name).map(|v| v.to_ascii_lowercase());
    let package = attribute("package").filter(|p| p != "mcp-remote");
    let host = || attribute("host").unwrap_or_default();
    package.or_else(|| attribute("address")).or_else(|| attribute("server")).unwrap_or_else(host)
}

/// The project of a configuration: the directory above the first hidden one, or above the file.
fn project(path: &str) -> &str {
    let mut end = 0;
    for part in path.split('/') {
        let last = end + part.len() >= path.len();
        if part.starts_with('.') || last {
            break;
        }
        end += part.len() + 1;
    }
    path.get(..end).unwrap_or_default()
}

/// How many servers a finding names.
const NAMES_MAX: usize = 8;

/// Servers that share credentials: the names of those, the places, and one of the servers.
struct Group<'a> {
    names: Vec<String>,
    places: Vec<Location>,
    first: &'a Identity,
}

/// A credential in use: who uses it, where, and how sure it is that it is one.
#[derive(Default)]
struct Use<'a> {
    who: BTreeMap<String, &'a Identity>,
    places: Vec<Location>,
    value: bool,
}

fn shared(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<(&str, u64), &str> = BTreeMap::new();
    for exposure in view.inventory.exposures.iter().filter(|e| e.suppressed.is_none()) {
        seen.insert((exposure.location.path.as_str(), exposure.location.line), exposure.credential.as_str());
    }
    let mut uses: BTreeMap<(String, String), Use<'_>> = BTreeMap::new();
    for agent in agents::running(view) {
        // A workflow names what n8n keeps for all of them.
        if agent.attributes.get("host").is_some_and(|host| host == "n8n") {
            continue;
        }
        for usage in agents::credentials(agent, view) {
            let place = (usage.location.path.as_str(), usage.location.line);
            let key = match (&usage.credential, seen.get(&place)) {
                (Some(name), _) if usage.mode == AuthMode::Referenced => {
                    (project(&usage.location.path).to_owned(), name.clone())
                }
                (_, Some(credential)) => {
                    let weak = view.credential(credential).is_none_or(|c| c.fingerprint.is_none() || c.public);
                    if weak {
                        continue;
                    }
                    (String::new(), (*credential).to_owned())
                }
                _ => continue,
            };
            let value = usage.mode == AuthMode::Static;
            let found = uses.entry(key).or_default();
            found.who.entry(what(agent)).or_insert(agent);
            found.places.push(usage.location.clone());
            found.value |= value;
        }
    }
    // A login of several parts is one thing that is shared.
    let mut groups: BTreeMap<(Vec<String>, bool), Group<'_>> = BTreeMap::new();
    for ((_, name), found) in uses.into_iter().filter(|(_, found)| found.who.len() > 1) {
        let Some(first) = found.who.values().next().copied() else { continue };
        let who: BTreeSet<String> = found.who.values().map(|agent| agent.name.clone()).collect();
        let shown = if found.value { kind(&name, view) } else { name };
        let group = groups.entry((who.into_iter().collect(), found.value));
        let group = group.or_insert_with(|| Group { names: Vec::new(), places: Vec::new(), first });
        group.names.push(shown);
        group.places.extend(found.places);
    }
    groups.into_iter().map(|((who, value), group)| finding(who, value, group)).collect()
}

/// The kind of a credential that was seen.
fn kind(id: &str, view: &View<'_>) -> String {
    view.credential(id).map_or_else(|| "a credential".to_owned(), |c| c.kind.clone())
}

fn finding(who: Vec<String>, value: bool, group: Group<'_>) -> Finding {
    let Group { names, mut places, first } = group;
    let subject: Vec<&str> = [AGENT_KEY_SHARED.id].into_iter().chain(who.iter().map(String::as_str)).collect();
    places.sort();
    places.dedup();
    let mut finding = AGENT_KEY_SHARED.blank(&subject, places);
    finding.identity = Some(first.id.clone());
    let list = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    finding.title = format!("{} tool servers share {list}", who.len());
    if value {
        finding.confidence = Confidence::High;
        say(&mut finding.evidence, "the same value stands in each".to_owned());
    } else {
        say(&mut finding.evidence, format!("each is given {list} by name"));
    }
    let servers: Vec<String> = who.into_iter().take(NAMES_MAX).collect();
    say(&mut finding.evidence, format!("in {}", servers.join(", ")));
    finding
}

#[cfg(test)]
mod tests {
    use super::project;

    #[test]
    fn a_project_ends_at_the_first_hidden_directory() {
        for (path, want) in [
            (".mcp.json", ""),
            (".cursor/mcp.json", ""),
            ("a/b/.vscode/mcp.json", "a/b/"),
            ("a/claude_desktop_config.json", "a/"),
            ("", ""),
        ] {
            assert_eq!(project(path), want, "{path}");
        }
    }
}
