//! `include:`: configuration of others that becomes part of the pipeline.
//! <https://docs.gitlab.com/ci/yaml/#include>, components: <https://docs.gitlab.com/ci/components/>.

use std::collections::BTreeSet;

use crate::doc::{Kind, Node};
use crate::model::Span;

/// Most includes of one file; GitLab allows 150.
const MAX: usize = 1000;

/// One include of code that lies elsewhere.
pub(super) struct Include {
    /// `include:remote:<url>`, `include:project:<path>` or `include:component:<path>`.
    pub component: String,
    /// Ref or version, as written; empty when none is.
    pub version: String,
    /// Whether what is included cannot change under that name.
    pub pinned: bool,
    /// Whether it belongs to the group that owns the repository, or to GitLab.
    pub first_party: bool,
    /// Where it stands.
    pub span: Span,
}

/// The includes under a node, those of local files and of GitLab's own templates left out.
pub(super) fn read(node: &Node, owner: Option<&str>, found: &mut Vec<Include>) {
    for item in node.one_or_many().iter().take(MAX) {
        let include = match item.as_str() {
            Some(text) if is_url(text) => Some(remote(text, false, owner, item.span)),
            Some(_) => None,
            None => of_mapping(item, owner),
        };
        found.extend(include);
    }
}

/// Files of the same project under a node, `local:` or a string that is no address, as written.
pub(super) fn local(node: &Node) -> Vec<(String, Span)> {
    let path = |item: &Node| match item.as_str() {
        Some(text) if is_url(text) => None,
        Some(text) => Some((text.to_owned(), item.span)),
        None => Some((item.get("local")?.scalar()?, item.span)),
    };
    node.one_or_many().iter().take(MAX).filter_map(path).collect()
}

/// Whether any of what a node includes is not a file of the same project, GitLab's own templates among it.
pub(super) fn is_elsewhere(node: &Node) -> bool {
    let items = node.one_or_many();
    items.len() > MAX
        || items.iter().any(|item| match item.as_str() {
            Some(text) => is_url(text),
            None => item.get("local").is_none() && !matches!(item.kind, Kind::Null),
        })
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn of_mapping(item: &Node, owner: Option<&str>) -> Option<Include> {
    let text = |key: &str| item.get(key).and_then(Node::scalar);
    if let Some(url) = text("remote") {
        return Some(remote(&url, item.get("integrity").is_some(), owner, item.span));
    }
    if let Some(project) = text("project") {
        return Some(of_project(&project, text("ref").unwrap_or_default(), owner, item.span));
    }
    text("component").map(|address| component(&address, owner, item.span))
}

/// A file anywhere. `integrity` holds its hash.
fn remote(url: &str, integrity: bool, owner: Option<&str>, span: Span) -> Include {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A login in an address is no part of a component's name.
    let host = host.rsplit('@').next().unwrap_or(host);
    let mut parts = path.split('/');
    let group = parts.next().unwrap_or_default();
    // `/<group>/<project>/-/raw/<ref>/<file>`, `/<owner>/<repository>/<ref>/<file>`.
    let version = match path.split_once("/raw/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None if host == "raw.githubusercontent.com" => parts.nth(1).unwrap_or_default(),
        None => "",
    };
    let forge = ["gitlab.com", "raw.githubusercontent.com", "github.com"].contains(&host);
    Include {
        component: format!("include:remote:{scheme}://{host}/{path}"),
        version: version.to_owned(),
        pinned: integrity || is_commit(version),
        first_party: forge && is_same(group, owner),
        span,
    }
}

/// A file of another project of the same GitLab.
fn of_project(project: &str, version: String, owner: Option<&str>, span: Span) -> Include {
    let group = project.trim_start_matches('/').split('/').next().unwrap_or_default();
    Include {
        component: format!("include:project:{project}"),
        pinned: is_commit(&version) || is_release(&version),
        version,
        first_party: is_same(group, owner) || is_gitlab(group),
        span,
    }
}

/// `<host>/<project>/<name>@<version>`; only a commit or a whole release stands still.
fn component(address: &str, owner: Option<&str>, span: Span) -> Include {
    let (name, version) = address.rsplit_once('@').unwrap_or((address, ""));
    let group = name.split('/').nth(1).unwrap_or_default();
    Include {
        component: format!("include:component:{name}"),
        version: version.to_owned(),
        pinned: is_commit(version) || is_release(version),
        first_party: is_same(group, owner) || is_gitlab(group),
        span,
    }
}

fn is_same(group: &str, owner: Option<&str>) -> bool {
    owner.is_some_and(|owner| owner.eq_ignore_ascii_case(group)) || group.starts_with("$CI_PROJECT")
}

/// Groups of GitLab's own.
fn is_gitlab(group: &str) -> bool {
    ["gitlab-org", "components", "gitlab-com", "gitlab-components", "gitlab-da"].contains(&group)
}

fn is_commit(version: &str) -> bool {
    matches!(version.len(), 40 | 64) && version.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A whole version, `1.2.3` or `v1.2.3-rc.1`; `1` and `1.2` stand for the newest of their kind.
fn is_release(version: &str) -> bool {
    let version = version.trim_start_matches("refs/tags/").trim_start_matches('v');
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: BTreeSet<bool> =
        core.split('.').map(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())).collect();
    core.split('.').count() >= 3 && !numbers.contains(&false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::doc::yaml;

    fn of(text: &str) -> Vec<(String, String, bool, bool)> {
        let doc = yaml::parse(text).unwrap();
        let mut found = Vec::new();
        read(&doc.roots[0], Some("acme"), &mut found);
        found.into_iter().map(|i| (i.component, i.version, i.pinned, i.first_party)).collect()
    }

    #[test]
    fn includes_are_told_by_whose_they_are_and_whether_they_stand_still() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for (text, component, pinned, own) in [
            ("https://ci.other.io/x.yml?token=a", "include:remote:https://ci.other.io/x.yml", false, false),
            ("{remote: 'https://u:p@ci.other.io/x.yml'}", "include:remote:https://ci.other.io/x.yml", false, false),
            (
                "{remote: 'https://ci.other.io/x.yml', integrity: 'sha256-a'}",
                "include:remote:https://ci.other.io/x.yml",
                true,
                false,
            ),
            ("{project: other/ci, file: /x.yml}", "include:project:other/ci", false, false),
            ("{project: acme/ci, ref: main, file: /x.yml}", "include:project:acme/ci", false, true),
            ("{project: other/ci, ref: v1.2.0, file: /x.yml}", "include:project:other/ci", true, false),
            ("{component: gitlab.com/other/x/scan@~latest}", "include:component:gitlab.com/other/x/scan", false, false),
            (
                "{component: $CI_SERVER_FQDN/other/x/scan@1.2}",
                "include:component:$CI_SERVER_FQDN/other/x/scan",
                false,
                false,
            ),
            ("{component: gitlab.com/other/x/scan@1.2.3}", "include:component:gitlab.com/other/x/scan", true, false),
        ] {
            let found = of(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].0.as_str(), found[0].2, found[0].3), (component, pinned, own), "{text}");
        }
        let pinned = format!("https://gitlab.com/acme/ci/-/raw/{sha}/x.yml");
        assert_eq!(of(&pinned)[0].1, sha);
        assert!(of(&pinned)[0].2 && of(&pinned)[0].3);
        assert!(of("[local.yml, {local: /x.yml}, {template: Auto-DevOps.gitlab-ci.yml}]").is_empty());
        let elsewhere = |text: &str| is_elsewhere(&yaml::parse(text).unwrap().roots[0]);
        assert!(!elsewhere("[local.yml, {local: /x.yml}]") && !elsewhere("x.yml"));
        for text in ["{template: X.gitlab-ci.yml}", "[x.yml, {artifact: a.yml, job: b}]", "https://ci.other.io/x.yml"] {
            assert!(elsewhere(text), "{text}");
        }
    }
}
