//! The repositories and projects of an organisation as of now: whether one that a trust names is still there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::members::{fields, plain};

/// Columns that name a repository, in lower case without signs.
const NAMES: [&str; 7] =
    ["namewithowner", "fullname", "pathwithnamespace", "fullpath", "repository", "repo", "project"];
/// See [`NAMES`].
const ARCHIVED: [&str; 2] = ["archived", "isarchived"];
/// See [`NAMES`].
const IDS: [&str; 4] = ["id", "databaseid", "repositoryid", "projectid"];
/// See [`NAMES`].
const OWNERS: [&str; 3] = ["ownerid", "repositoryownerid", "namespaceid"];

/// How many rows the usual commands give when nobody asks for more: a list of exactly so many may have been cut.
const PAGES: [usize; 4] = [20, 30, 100, 1000];

/// Whose repositories they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeHost {
    /// `owner/name`, numbers by `repository_id` and `repository_owner_id`.
    GitHub,
    /// `group/…/project`, numbers by `project_id` and `namespace_id`.
    GitLab,
}

/// What the list says of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    /// `None` where the list does not tell.
    host: Option<CodeHost>,
    archived: bool,
    id: Option<String>,
    owner: Option<String>,
}

/// What a list says of a repository that something names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Of an owner that the list does not hold, or named in a way that it cannot tell.
    Foreign,
    /// It is there.
    Here,
    /// It is there and archived.
    Archived,
    /// One of this name is there and has another number.
    Renumbered,
    /// The list holds its owner and not it.
    Gone,
}

/// Current repositories by path in lower case; the names of both hosts are told apart without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repositories {
    rows: BTreeMap<String, BTreeSet<Row>>,
}

impl Repositories {
    /// Reads a list: one `owner/name` or `group/…/project` a line, also as an address (`#` begins a comment; of lines with
    /// tabs the first field counts, and `archived` in another one), CSV whose header has a column of names, or JSON as
    /// `gh repo list`, GitHub's REST and GraphQL interfaces
    /// (<https://docs.github.com/en/rest/repos/repos#list-organization-repositories>) and GitLab's projects
    /// (<https://docs.gitlab.com/api/projects/#list-all-projects>) give it, in any number of pages.
    ///
    /// # Errors
    /// When a line names no repository, with its number, or nothing does, with what was looked for; never with what stands
    /// there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let mut list = Self::default();
        if text.trim_start().starts_with(['[', '{']) {
            for page in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
                let page = page.map_err(|error| format!("line {}: not readable as JSON", error.line()))?;
                list.json(&page);
            }
        } else if let Some(columns) = text.lines().next().and_then(Columns::of) {
            for (line, number) in text.lines().zip(1_usize..).skip(1).filter(|(line, _)| !line.trim().is_empty()) {
                let added = columns.row(&fields(line)).is_some_and(|(name, row)| list.add(&name, row));
                if !added {
                    return Err(format!("line {number}: {NO_NAME}"));
                }
            }
        } else {
            for (line, number) in text.lines().zip(1_usize..) {
                list.line(line).ok_or_else(|| format!("line {number}: {NO_NAME}"))?;
            }
        }
        if list.rows.is_empty() {
            return Err(
                "names no repository: one `owner/name` a line, CSV with a column `repository`, or the JSON of `gh repo list \
                 ORG --limit 10000 --json nameWithOwner,isArchived` or `glab api --paginate groups/GROUP/projects?include_subgroups=true`"
                    .to_owned(),
            );
        }
        Ok(list)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let comment =
            line.find('#').filter(|at| line.get(..*at).is_some_and(|l| l.trim_end().len() < l.len() || l.is_empty()));
        let line = comment.and_then(|at| line.get(..at)).unwrap_or(line);
        if line.trim().is_empty() {
            return Some(());
        }
        let mut parts = line.trim().split('\t');
        let name = parts.next()?;
        let archived = parts.any(|part| part.split(',').any(|word| word.trim().eq_ignore_ascii_case("archived")));
        self.add(name, Row { archived, ..Row::default() }).then_some(())
    }

    fn json(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| match item {
                Value::String(name) => {
                    self.add(name, Row::default());
                }
                other => self.json(other),
            }),
            Value::Object(fields) => match named(fields) {
                // What stands within a repository is another one: that it was forked from, its template.
                Some((name, row)) => {
                    self.add(name, row);
                }
                None => fields.values().filter(|v| v.is_array() || v.is_object()).for_each(|v| self.json(v)),
            },
            _ => {}
        }
    }

    /// False for what is no name.
    fn add(&mut self, name: &str, mut row: Row) -> bool {
        let name = name.trim();
        let address = name.split_once("://").map(|(_, rest)| rest).or_else(|| {
            let (host, path) = name.strip_prefix("git@")?.split_once(':')?;
            name.get(name.len() - host.len() - 1 - path.len()..)
        });
        let path = match address.and_then(|rest| rest.split_once(['/', ':'])) {
            Some((host, path)) => {
                let host = host.rsplit('@').next().unwrap_or(host);
                row.host = match host.to_ascii_lowercase().as_str() {
                    "github.com" => Some(CodeHost::GitHub),
                    "gitlab.com" => Some(CodeHost::GitLab),
                    _ => row.host,
                };
                path
            }
            None => name,
        };
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path).to_lowercase();
        let whole = path.split('/').count() > 1 && path.split('/').all(|part| !part.is_empty());
        if !whole || !path.chars().all(|c| c.is_alphanumeric() || "/-_.".contains(c)) {
            return false;
        }
        self.rows.entry(path).or_default().insert(row);
        true
    }

    /// What is listed of a host, and of hosts that the list does not tell.
    fn of(&self, host: CodeHost) -> impl Iterator<Item = (&str, &Row)> {
        let rows = self.rows.iter().flat_map(|(path, rows)| rows.iter().map(|row| (path.as_str(), row)));
        rows.filter(move |(path, row)| {
            row.host.map_or(host == CodeHost::GitLab || path.matches('/').count() == 1, |own| own == host)
        })
    }

    /// Those of one owner: of the first part of a path.
    fn below<'s>(&'s self, host: CodeHost, owner: &'s str) -> impl Iterator<Item = (&'s str, &'s Row)> {
        self.of(host).filter(move |(path, _)| path.split('/').next() == Some(owner))
    }

    /// What the list says of a repository of this path, which is a pattern of `*` and `?` when `wild`, and of this number.
    #[must_use]
    pub fn standing(&self, host: CodeHost, path: &str, wild: bool, id: Option<&str>) -> Standing {
        let path = path.to_lowercase();
        let (Some(owner), Some((namespace, name))) = (path.split('/').next(), path.rsplit_once('/')) else {
            return Standing::Foreign;
        };
        let open = |text: &str| text.contains(['*', '?']);
        let strange = path.contains("${") || path.split('/').any(str::is_empty) || open(owner);
        if strange || name.is_empty() || host == CodeHost::GitHub && namespace.contains('/') || open(&path) && !wild {
            return Standing::Foreign;
        }
        if open(&path) {
            if self.below(host, owner).any(|(listed, _)| matches(&path, listed)) {
                return Standing::Here;
            }
            let fixed = path.split(['*', '?']).next().and_then(|start| start.rsplit_once('/'));
            return if fixed.is_some_and(|(space, _)| self.covers(host, owner, space)) {
                Standing::Gone
            } else {
                Standing::Foreign
            };
        }
        let rows: Vec<&Row> =
            self.below(host, owner).filter(|(listed, _)| *listed == path).map(|(_, row)| row).collect();
        if rows.is_empty() {
            return if self.covers(host, owner, namespace) { Standing::Gone } else { Standing::Foreign };
        }
        let other = |id: &str| rows.iter().all(|row| row.id.as_deref().is_some_and(|own| own != id));
        match () {
            () if id.is_some_and(other) => Standing::Renumbered,
            () if rows.iter().all(|row| row.archived) => Standing::Archived,
            () => Standing::Here,
        }
    }

    /// What the list says of a repository that is told by numbers alone: its own, and that of its owner.
    #[must_use]
    pub fn standing_of(&self, host: CodeHost, id: &str, owner: &str) -> Standing {
        let own = || self.of(host).map(|(_, row)| row).filter(|row| row.owner.as_deref() == Some(owner));
        let found: Vec<&Row> = own().filter(|row| row.id.as_deref() == Some(id)).collect();
        match () {
            () if !found.is_empty() && found.iter().all(|row| row.archived) => Standing::Archived,
            () if !found.is_empty() => Standing::Here,
            () if own().next().is_some() && own().all(|row| row.id.is_some()) => Standing::Gone,
            () => Standing::Foreign,
        }
    }

    /// Whether the list would hold what lies in a namespace of an owner. A list of one group of GitLab says nothing of the groups
    /// beside it.
    fn covers(&self, host: CodeHost, owner: &str, namespace: &str) -> bool {
        let mut common: Option<Vec<&str>> = None;
        for (path, _) in self.below(host, owner) {
            let space: Vec<&str> = path.rsplit_once('/').map_or(path, |(space, _)| space).split('/').collect();
            let same =
                common.as_ref().map_or(space.len(), |c| c.iter().zip(&space).take_while(|(a, b)| a == b).count());
            common = Some(space.into_iter().take(same).collect());
        }
        let named: Vec<&str> = namespace.split('/').collect();
        common.is_some_and(|common| named.starts_with(&common))
    }

    /// Whether the list says that it is of this host, for the owner of a path.
    #[must_use]
    pub fn tells_host(&self, host: CodeHost, path: &str) -> bool {
        let owner = path.split('/').next().unwrap_or(path).to_lowercase();
        self.below(host, &owner).any(|(_, row)| row.host == Some(host))
    }

    /// How many repositories the list has in all, when they are as many as the usual commands give without being asked for more.
    #[must_use]
    pub fn may_be_cut(&self) -> Option<usize> {
        Some(self.rows.len()).filter(|count| PAGES.contains(count))
    }
}

const NO_NAME: &str = "no `owner/name` of a repository";

/// The name in a row of JSON and what else it says.
fn named(fields: &Map<String, Value>) -> Option<(&str, Row)> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).map(|id| id.to_string());
    let (name, host) = text("nameWithOwner")
        .or_else(|| text("full_name"))
        .map(|name| (name, CodeHost::GitHub))
        .or_else(|| Some((text("path_with_namespace").or_else(|| text("fullPath"))?, CodeHost::GitLab)))?;
    let owner = if host == CodeHost::GitHub { fields.get("owner") } else { fields.get("namespace") };
    let archived = ["archived", "isArchived"].into_iter().any(|name| fields.get(name) == Some(&Value::Bool(true)));
    let id = number(fields.get("databaseId")).or_else(|| number(fields.get("id")));
    Some((name, Row { host: Some(host), archived, id, owner: number(owner.and_then(|owner| owner.get("id"))) }))
}

/// The columns of a header.
struct Columns {
    name: usize,
    host: Option<CodeHost>,
    archived: Option<usize>,
    id: Option<usize>,
    owner: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<String> = fields(header).iter().map(|name| plain(name)).collect();
        let at = |known: &[&str]| known.iter().find_map(|name| names.iter().position(|column| column == name));
        let name = at(&NAMES)?;
        let host = match names.get(name)?.as_str() {
            "namewithowner" => Some(CodeHost::GitHub),
            "pathwithnamespace" => Some(CodeHost::GitLab),
            _ => None,
        };
        Some(Self { name, host, archived: at(&ARCHIVED), id: at(&IDS), owner: at(&OWNERS) })
    }

    fn row(&self, fields: &[String]) -> Option<(String, Row)> {
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).map(|text| text.trim());
        let number = |at| field(at).filter(|text| is_number(text)).map(str::to_owned);
        let archived = field(self.archived)
            .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1" | "archived"));
        let row = Row { host: self.host, archived, id: number(self.id), owner: number(self.owner) };
        Some((field(Some(self.name))?.to_owned(), row))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a pattern of `*` (any run) and `?` (any one character) covers a whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                p += 1;
                star = Some((p, t));
            }
            (Some(own), _) if own == c || *own == '?' => {
                p += 1;
                t += 1;
            }
            (_, Some((after, from))) => {
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_form_of_a_list_names_the_same_repositories() {
        let standing = |list: &Repositories, path: &str| list.standing(CodeHost::GitHub, path, false, None);
        for text in [
            "acme/app\nacme/old\tdescription, archived or not\tpublic, archived\t2026-01-01T00:00:00Z\n",
            "# ours\r\n\r\nAcme/App  # the app\r\nhttps://github.com/acme/old.git\tx\tarchived\r\n",
            "git@github.com:acme/app.git\nssh://git@github.com/acme/old\tarchived",
            "\u{feff}Name;Repository;Archived\nx;acme/app;false\ny;acme/old;TRUE\n",
            "full_name,archived,id\n\"acme/app\",false,1\nacme/old,true,2\n",
            r#"[{"nameWithOwner":"acme/app","isArchived":false},{"nameWithOwner":"acme/old","isArchived":true}]"#,
            r#"[{"id":1,"full_name":"acme/app","archived":false,"owner":{"id":7},"parent":{"full_name":"acme/gone"}}]
               [{"id":2,"full_name":"acme/old","archived":true,"owner":{"id":7}}]"#,
            r#"{"full_name":"acme/app"}
               {"full_name":"acme/old","archived":true}"#,
            r#"{"data":{"organization":{"repositories":{"nodes":[{"nameWithOwner":"acme/app"},{"nameWithOwner":"acme/old","isArchived":true}]}}}}"#,
        ] {
            let list = Repositories::parse(text).unwrap();
            assert_eq!(standing(&list, "acme/APP"), Standing::Here, "{text}");
            assert_eq!(standing(&list, "acme/old"), Standing::Archived, "{text}");
            assert_eq!(standing(&list, "acme/gone"), Standing::Gone, "{text}");
            assert_eq!(standing(&list, "other/gone"), Standing::Foreign, "{text}");
        }
        let names = Repositories::parse(r#"["acme/app", "acme/api"]"#).unwrap();
        assert_eq!(standing(&names, "acme/api"), Standing::Here);
    }

    #[test]
    fn what_names_no_repository_is_told_by_line_and_without_its_text() {
        for (text, want) in [
            ("acme/app\n\nsecret-word\n", "line 3: no `owner/name` of a repository"),
            ("acme/app extra", "line 1: no `owner/name` of a repository"),
            ("acme//app", "line 1: no `owner/name` of a repository"),
            ("repository,archived\nacme/app,false\napp,true\n", "line 3: no `owner/name` of a repository"),
            ("[\n{\"full_name\": \"acme/app\"},\n{\"full_name\" \"x\"}]", "line 3: not readable as JSON"),
        ] {
            assert_eq!(Repositories::parse(text).unwrap_err(), want, "{text}");
        }
        for text in ["", "[]", "{\"a\":1}", "# none", "repository\n", r#"[{"name":"app"}]"#] {
            assert!(Repositories::parse(text).unwrap_err().starts_with("names no repository"), "{text}");
        }
    }

    #[test]
    fn a_list_of_one_host_or_group_says_nothing_of_others() {
        let gitlab = r#"[{"id":5,"path_with_namespace":"acme/web/shop","archived":false,"namespace":{"id":3},
            "forked_from_project":{"path_with_namespace":"acme/web/gone"}},
            {"id":6,"path_with_namespace":"acme/web/api/v2","archived":true,"namespace":{"id":4}}]"#;
        let list = Repositories::parse(gitlab).unwrap();
        for (path, want) in [
            ("acme/web/shop", Standing::Here),
            ("acme/web/api/v2", Standing::Archived),
            ("acme/web/gone", Standing::Gone),
            ("acme/web/api/gone", Standing::Gone),
            ("acme/data/gone", Standing::Foreign),
            ("acme/gone", Standing::Foreign),
            ("acme", Standing::Foreign),
        ] {
            assert_eq!(list.standing(CodeHost::GitLab, path, false, None), want, "{path}");
        }
        assert_eq!(list.standing(CodeHost::GitHub, "acme/gone", false, None), Standing::Foreign);
        let plain = Repositories::parse("acme/app\nacme/web/shop\n").unwrap();
        assert_eq!(plain.standing(CodeHost::GitHub, "acme/web", false, None), Standing::Gone);
        assert!(!plain.tells_host(CodeHost::GitHub, "acme/web"));
        assert!(list.tells_host(CodeHost::GitLab, "Acme/web/x"));
    }

    #[test]
    fn patterns_are_gone_when_they_match_nothing_that_is_listed() {
        let list = Repositories::parse("acme/app\nacme/app-two\n").unwrap();
        for (path, wild, want) in [
            ("acme/*", true, Standing::Here),
            ("acme/app*", true, Standing::Here),
            ("acme/?pp", true, Standing::Here),
            ("acme/old-*", true, Standing::Gone),
            ("acme/app?", true, Standing::Gone),
            ("acme/old-*", false, Standing::Foreign),
            ("ac*/old", true, Standing::Foreign),
            ("acme/${var.name}", true, Standing::Foreign),
            ("acme/", true, Standing::Foreign),
        ] {
            assert_eq!(list.standing(CodeHost::GitHub, path, wild, None), want, "{path}");
        }
    }

    #[test]
    fn numbers_tell_repositories_of_one_name_apart() {
        let rows = r#"[{"id":34,"full_name":"acme/app","owner":{"id":12}},{"id":35,"full_name":"acme/old","archived":true,"owner":{"id":12}}]"#;
        let list = Repositories::parse(rows).unwrap();
        assert_eq!(list.standing(CodeHost::GitHub, "acme/app", false, Some("34")), Standing::Here);
        assert_eq!(list.standing(CodeHost::GitHub, "acme/app", false, Some("33")), Standing::Renumbered);
        for (id, owner, want) in [
            ("34", "12", Standing::Here),
            ("35", "12", Standing::Archived),
            ("36", "12", Standing::Gone),
            ("36", "13", Standing::Foreign),
        ] {
            assert_eq!(list.standing_of(CodeHost::GitHub, id, owner), want, "{id} {owner}");
        }
        let plain = Repositories::parse("acme/app").unwrap();
        assert_eq!(plain.standing(CodeHost::GitHub, "acme/app", false, Some("33")), Standing::Here);
        assert_eq!(plain.standing_of(CodeHost::GitHub, "33", "12"), Standing::Foreign);
        let rows: Vec<String> = (0..30).map(|n| format!("acme/r{n}")).collect();
        assert_eq!(Repositories::parse(&rows.join("\n")).unwrap().may_be_cut(), Some(30));
        assert_eq!(list.may_be_cut(), None);
    }
}
