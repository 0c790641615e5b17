//! Owners of files, by CODEOWNERS: who is asked about a change is who can say whether an identity is still needed.
//!
//! The last line whose pattern matches decides
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>);
//! GitLab's sections each have a last line of their own, and their owners add up
//! (<https://docs.gitlab.com/user/project/codeowners/reference/>). Patterns are those of `.gitignore`, but `dir/*` reaches one
//! level only.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::model::{Identity, Setting, setting};
use crate::text::glob::fixed;

/// The attribute that says where an owner was read.
pub const OWNER_SOURCE: &str = "owner_source";

/// Lines of one file that are compared.
const LINES_MAX: usize = 5_000;

/// Folders that the file may lie in, the one that counts first.
const FOLDERS: [&str; 4] = [".github/", "", "docs/", ".gitlab/"];

struct Line {
    patterns: Vec<Pattern>,
    owners: String,
    section: String,
}

/// A glob that is compiled when a path has its letters: files have thousands of lines, and few are about a path that matters.
struct Pattern {
    glob: Glob,
    /// The longest part of it that stands for itself.
    fixed: String,
    matcher: OnceCell<GlobMatcher>,
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        path.contains(&self.fixed) && self.matcher.get_or_init(|| self.glob.compile_matcher()).is_match(path)
    }
}

/// Gives owners to identities that no input names one for, and that files declare. Exports are not declarations: who owns the
/// folder that one was saved in owns nothing of what it lists.
pub(super) fn assign(mut identities: Vec<Identity>, settings: &[Setting]) -> Vec<Identity> {
    let files = files(settings);
    if files.is_empty() {
        return identities;
    }
    for identity in identities.iter_mut().filter(|identity| identity.owner.is_none()) {
        let declared = identity.locations.iter().filter(|l| l.in_head && !is_data(&l.path));
        let found = declared.filter_map(|l| Some((owners(&files, &l.path)?, &l.path))).next();
        if let Some((owners, path)) = found {
            let source = format!("CODEOWNERS, for {path}");
            identity.owner = Some(owners);
            identity.attributes.insert(OWNER_SOURCE.to_owned(), source);
        }
    }
    identities
}

fn is_data(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".json", ".jsonl", ".ndjson", ".csv", ".gz", ".log"].iter().any(|end| path.ends_with(end))
}

/// The lines by the folder of the repository, of the file that counts there.
fn files(settings: &[Setting]) -> BTreeMap<String, Vec<Line>> {
    let mut by_file: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
    for setting in settings.iter().filter(|s| s.name == setting::CODE_OWNER && s.location.container.is_none()) {
        by_file.entry(&setting.location.path).or_default().push(setting);
    }
    let mut best: BTreeMap<String, (usize, Vec<&Setting>)> = BTreeMap::new();
    for (path, lines) in by_file {
        let Some(top) = path.strip_suffix("CODEOWNERS") else { continue };
        let place = |(rank, folder): (usize, &&str)| {
            let base = top.strip_suffix(folder)?;
            (base.is_empty() || base.ends_with('/')).then(|| (rank, base.to_owned()))
        };
        // A file in `docs/` is one of the folder above it, and never of `docs` itself.
        let Some((rank, base)) =
            FOLDERS.iter().enumerate().filter(|(_, f)| !f.is_empty()).find_map(place).or_else(|| place((1, &"")))
        else {
            continue;
        };
        if best.get(&base).is_none_or(|(known, _)| rank < *known) {
            best.insert(base, (rank, lines));
        }
    }
    best.into_iter().map(|(base, (_, lines))| (base, compile(lines))).collect()
}

fn compile(mut lines: Vec<&Setting>) -> Vec<Line> {
    lines.sort_by_key(|s| (s.location.line, s.location.column));
    let line = |s: &&Setting| Line {
        patterns: globs(&s.subject),
        owners: s.value.clone(),
        section: s.attributes.get("section").map(|s| s.to_ascii_lowercase()).unwrap_or_default(),
    };
    lines.iter().take(LINES_MAX).map(line).filter(|line| !line.patterns.is_empty()).collect()
}

/// The globs that a pattern comes to.
fn globs(pattern: &str) -> Vec<Pattern> {
    let anchored = pattern.strip_suffix('/').unwrap_or(pattern).contains('/');
    let folder = pattern.ends_with('/');
    let body = pattern.trim_start_matches('/').trim_end_matches('/');
    if body.is_empty() {
        // `/` alone names nothing on GitHub and everything on GitLab.
        return build("**").into_iter().collect();
    }
    let base = if anchored || body.starts_with("**/") { body.to_owned() } else { format!("**/{body}") };
    let mut out = Vec::new();
    if !folder {
        out.extend(build(&base));
    }
    // What a pattern names may be a folder, and takes all below it in; a star for the files of one folder does not.
    let one_level = body.rsplit('/').next() == Some("*") && body != "*";
    if !one_level {
        out.extend(build(&format!("{base}/**")));
    }
    out
}

fn build(glob: &str) -> Option<Pattern> {
    // Braces are letters here.
    let glob = glob.replace('{', "[{]").replace('}', "[}]");
    let fixed = fixed(&glob).to_owned();
    let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(Pattern { glob, fixed, matcher: OnceCell::new() })
}

/// Who owns a path: of the innermost repository that has a file. `None` for nobody.
fn owners(files: &BTreeMap<String, Vec<Line>>, path: &str) -> Option<String> {
    let (base, lines) =
        files.iter().filter(|(base, _)| path.starts_with(base.as_str())).max_by_key(|(base, _)| base.len())?;
    let inside = path.get(base.len()..)?;
    let mut by_section: BTreeMap<&str, &str> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.patterns.iter().any(|p| p.matches(inside))) {
        by_section.insert(&line.section, &line.owners);
    }
    let mut names: Vec<&str> = by_section.values().flat_map(|owners| owners.split_whitespace()).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| names.join(" "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::model::{Location, LocationData};

    fn line(path: &str, n: u64, section: &str, pattern: &str, owners: &str) -> Setting {
        let mut setting = Setting {
            identity: None,
            subject: pattern.to_owned(),
            name: setting::CODE_OWNER.to_owned(),
            value: owners.to_owned(),
            attributes: BTreeMap::new(),
            location: Location::from(LocationData {
                path: path.to_owned(),
                line: n,
                column: 1,
                in_head: true,
                ..LocationData::default()
            }),
        };
        if !section.is_empty() {
            setting.attributes.insert("section".to_owned(), section.to_owned());
        }
        setting
    }

    fn of(lines: &[(&str, &str)], path: &str) -> Option<String> {
        let settings: Vec<Setting> =
            lines.iter().enumerate().map(|(i, (p, o))| line("CODEOWNERS", i as u64 + 1, "", p, o)).collect();
        owners(&files(&settings), path)
    }

    #[test]
    fn the_last_matching_pattern_decides_and_an_empty_one_takes_the_owner_away() {
        let lines = [("*", "@all"), ("/deploy/", "@ops"), ("*.tf", "@infra ana@example.com"), ("/deploy/free.yml", "")];
        for (path, want) in [
            ("README.md", Some("@all")),
            ("deploy/a/b.yml", Some("@ops")),
            ("x/deploy/b.yml", Some("@all")),
            ("deploy/main.tf", Some("@infra ana@example.com")),
            ("deploy/free.yml", None),
        ] {
            assert_eq!(of(&lines, path).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn patterns_are_those_of_gitignore_but_a_star_reaches_one_level() {
        for (pattern, path, want) in [
            ("docs/*", "docs/a.md", true),
            ("docs/*", "docs/a/b.md", false),
            ("docs/*", "x/docs/a.md", false),
            ("apps/", "src/apps/a/b", true),
            ("/apps/", "src/apps/a", false),
            ("**/logs", "a/b/logs/c", true),
            ("a/b", "a/b/c", true),
            ("{x}", "{x}", true),
            ("[", "[", false),
            ("/do?s/[ab]*.md", "docs/b1.md", true),
            ("x/**/y", "x/y", true),
            (r"a\*b", "a*b", true),
        ] {
            assert_eq!(of(&[(pattern, "@a")], path).is_some(), want, "{pattern} {path}");
        }
    }

    #[test]
    fn the_file_that_counts_is_the_one_the_platform_reads_and_nested_repositories_have_their_own() {
        let settings = [
            line("CODEOWNERS", 1, "", "*", "@top"),
            line(".github/CODEOWNERS", 1, "", "*", "@github"),
            line("docs/CODEOWNERS", 1, "", "*", "@docs"),
            line("sub/docs/CODEOWNERS", 1, "", "*", "@sub"),
        ];
        let files = files(&settings);
        assert_eq!(owners(&files, "a").as_deref(), Some("@github"));
        assert_eq!(owners(&files, "sub/a").as_deref(), Some("@sub"));
    }

    #[test]
    fn sections_add_up() {
        let settings = [
            line("CODEOWNERS", 1, "", "*", "@a"),
            line("CODEOWNERS", 3, "Security", "*.yml", "@s"),
            line("CODEOWNERS", 4, "security", "x.yml", "@t"),
        ];
        let files = files(&settings);
        assert_eq!(owners(&files, "b.yml").as_deref(), Some("@a @s"));
        assert_eq!(owners(&files, "x.yml").as_deref(), Some("@a @t"));
    }
}
