//! How far a tool server reaches: the directories that it opens, the databases that it logs in to, what its container gets.

use super::address;
use super::package::{Kind, Package, Word};
use crate::formats::environment;
use crate::model::{EnvironmentClass, Span, setting};

/// One thing that a server reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// A word of [`setting`].
    pub(super) name: &'static str,
    /// What it is, for people; never secret.
    pub(super) what: String,
    /// Where it is written.
    pub(super) span: Span,
}

fn reach(name: &'static str, what: String, span: Span) -> Reach {
    Reach { name, what, span }
}

/// Whether a directory is a whole disk or somebody's whole home; the answer is for people.
fn wide(path: &str) -> Option<&'static str> {
    let path = path.trim().trim_matches('"');
    let short = path.trim_end_matches(['/', '\\', '.']);
    let lower = short.to_ascii_lowercase().replace('\\', "/");
    if path.is_empty() || path.starts_with('.') {
        return None;
    }
    if short.is_empty() || (lower.len() == 2 && lower.ends_with(':')) {
        return Some("the whole disk");
    }
    if ["~", "$home", "${home}", "${userhome}", "${env:home}", "%userprofile%", "/root"].contains(&lower.as_str()) {
        return Some("the whole home directory");
    }
    let rest = ["/home", "/users", "c:/users"].iter().find_map(|top| lower.strip_prefix(top))?;
    let names = rest.split('/').filter(|part| !part.is_empty()).count();
    (names <= 1 && (rest.is_empty() || rest.starts_with('/'))).then_some(if names == 0 {
        "every home directory"
    } else {
        "the whole home directory"
    })
}

/// What a command's words open.
pub(super) fn of_words(words: &[Word], package: Option<&Package>) -> Vec<Reach> {
    let mut out = Vec::new();
    if let Some(package) = package
        && package.kind == Kind::Package
        && package.name.to_ascii_lowercase().contains("filesystem")
    {
        for word in words.get(package.rest.min(words.len())..).unwrap_or_default() {
            if let Some(what) = wide(&word.text) {
                out.push(reach(setting::AGENT_SCOPE, format!("files: {what}"), word.span));
            }
        }
    }
    out.extend(words.iter().flat_map(|word| of_text(&word.text, word.span)));
    mounts(words, &mut out);
    for (i, word) in words.iter().enumerate() {
        let next = || words.get(i + 1).map_or("", |w| w.text.as_str());
        let unrestricted =
            word.text == "--access-mode=unrestricted" || (word.text == "--access-mode" && next() == "unrestricted");
        if unrestricted {
            out.push(reach(
                setting::AGENT_SCOPE,
                "database: any statement, by --access-mode=unrestricted".to_owned(),
                word.span,
            ));
        }
    }
    out
}

/// What a container gets of its host.
fn mounts(words: &[Word], out: &mut Vec<Reach>) {
    let docker =
        |w: &Word| w.text.rsplit(['/', '\\']).next().is_some_and(|n| matches!(n, "docker" | "docker.exe" | "podman"));
    if !words.iter().take(4).any(docker) {
        return;
    }
    for (i, word) in words.iter().enumerate() {
        if word.text == "--privileged" {
            out.push(reach(setting::PRIVILEGED, "privileged".to_owned(), word.span));
        }
        let value = match word.text.as_str() {
            "-v" | "--volume" | "--mount" => words.get(i + 1),
            text if text.starts_with("--volume=") || text.starts_with("--mount=") => Some(word),
            _ => None,
        };
        let Some(value) = value else { continue };
        let text =
            value.text.strip_prefix("--volume=").or_else(|| value.text.strip_prefix("--mount=")).unwrap_or(&value.text);
        let source =
            text.split(',').find_map(|part| part.strip_prefix("src=").or_else(|| part.strip_prefix("source=")));
        let source = source.unwrap_or_else(|| source_of(text));
        if source.ends_with("docker.sock") {
            out.push(reach(setting::PRIVILEGED, "docker.sock".to_owned(), value.span));
        } else if let Some(what) = wide(source) {
            let reading = text.ends_with(":ro") || text.contains(",readonly");
            let how = if reading { ", for reading" } else { "" };
            out.push(reach(setting::AGENT_SCOPE, format!("files: {what}{how}, mounted"), value.span));
        }
    }
}

/// The first part of `source:target:mode`; a drive letter's colon is none of these.
fn source_of(text: &str) -> &str {
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text.as_bytes().get(1) == Some(&b':');
    let from = if drive { 2 } else { 0 };
    let end = text.get(from..).and_then(|rest| rest.find(':')).map_or(text.len(), |at| at + from);
    text.get(..end).unwrap_or(text)
}

/// Users of databases that may do everything, by name.
const SUPERUSERS: &[&str] =
    &["postgres", "root", "sa", "sys", "system", "admin", "administrator", "doadmin", "mongoadmin", "neo4j"];

/// Schemes of databases.
const DATABASES: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "mssql",
    "sqlserver",
    "oracle",
    "neo4j",
    "neo4j+s",
    "bolt",
    "redis",
    "rediss",
    "clickhouse",
    "cockroachdb",
];

/// What a connection string opens, wherever it stands: everything in a database off the machine, or production.
pub(super) fn of_text(text: &str, span: Span) -> Vec<Reach> {
    let mut out = Vec::new();
    let Some(login) = address::login(text).filter(|login| DATABASES.contains(&login.scheme.as_str())) else {
        return out;
    };
    let written = !login.host.is_empty() && !login.host.contains(['$', '{', '<', '%', ' ']);
    // A name of one word is a container beside it, and what asks to be filled in is nobody's.
    if !written || address::is_near(&login.host) || login.host.contains("your") || login.host.starts_with("host.") {
        return out;
    }
    // Supabase's pooler adds the project to the name: `postgres.abcdef`.
    let user = login.user.split('.').next().unwrap_or_default().to_ascii_lowercase();
    if SUPERUSERS.contains(&user.as_str()) && login.scheme != "redis" && login.scheme != "rediss" {
        let what = format!("database: superuser {user} at {}", login.host);
        out.push(reach(setting::AGENT_SCOPE, what, span));
    }
    if environment::classify("host", &login.host).class == EnvironmentClass::Prod {
        out.push(reach(setting::AGENT_PRODUCTION, format!("database at {}", login.host), span));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::agent::package::of_command;

    fn found(line: &str) -> Vec<String> {
        let words: Vec<Word> =
            line.split(' ').map(|text| Word { text: text.to_owned(), span: Span::new(0, 0) }).collect();
        of_words(&words, of_command(&words).as_ref()).into_iter().map(|r| format!("{} {}", r.name, r.what)).collect()
    }

    #[test]
    fn roots_of_disks_and_homes_are_wide_and_projects_are_not() {
        let server = "npx -y @modelcontextprotocol/server-filesystem";
        for (path, what) in [
            ("/", "the whole disk"),
            ("C:\\", "the whole disk"),
            ("~", "the whole home directory"),
            ("${HOME}", "the whole home directory"),
            ("/Users/ann", "the whole home directory"),
            ("/home", "every home directory"),
            ("C:/Users/ann/", "the whole home directory"),
        ] {
            assert_eq!(found(&format!("{server} {path}")), [format!("agent-scope files: {what}")], "{path}");
        }
        for path in
            [".", "./src", "/Users/ann/code", "/workspace", "${workspaceFolder}", "C:\\code", "/tmp", "/homework"]
        {
            assert!(found(&format!("{server} {path}")).is_empty(), "{path}");
        }
        assert!(found("npx -y other-server /").is_empty());
    }

    #[test]
    fn a_container_is_judged_by_its_mounts() {
        assert_eq!(found("docker run -i -v /:/host acme/s"), ["agent-scope files: the whole disk, mounted"]);
        assert_eq!(
            found("docker run -i -v ~:/host:ro acme/s"),
            ["agent-scope files: the whole home directory, for reading, mounted"]
        );
        assert_eq!(found("docker run -v /var/run/docker.sock:/var/run/docker.sock acme/s"), ["privileged docker.sock"]);
        assert!(found("docker run -i --mount type=bind,src=/work/app,dst=/p mcp/filesystem /").is_empty());
    }

    #[test]
    fn a_login_counts_off_the_machine() {
        let server = "npx -y @acme/postgres";
        assert_eq!(
            found(&format!("{server} postgresql://postgres:x@db.acme.io/app")),
            ["agent-scope database: superuser postgres at db.acme.io"]
        );
        assert_eq!(
            found(&format!("{server} postgresql://reader:x@prod-db.acme.io/app")),
            ["agent-production database at prod-db.acme.io"]
        );
        for near in [
            "postgresql://postgres:x@localhost/app",
            "postgresql://postgres:x@db:5432/app",
            "postgresql://u:x@db.acme.io/a",
        ] {
            assert!(found(&format!("{server} {near}")).is_empty(), "{near}");
        }
    }
}
