//! What a path says about the text behind it.

use crate::model::{Family, PathClass, RepoPath};

/// Words that mark a test, fixture or example path when one stands in a segment of it.
const TEST_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "spec",
    "specs",
    "fixture",
    "fixtures",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "mock",
    "mocks",
    "e2e",
    "testutil",
    "testutils",
    "cassettes",
    "snapshots",
    "benchmark",
    "benches",
    "playground",
    "tutorial",
];

const DOC_SEGMENTS: &[&str] = &["doc", "docs", "documentation", "man", "website", "site"];

const VENDOR_SEGMENTS: &[&str] = &[
    "vendor",
    "node_modules",
    ".yarn",
    "third_party",
    "third-party",
    "thirdparty",
    "bower_components",
    "site-packages",
    "dist-info",
];

const TRANSLATION_SEGMENTS: &[&str] =
    &["locale", "locales", "i18n", "l10n", "lang", "langs", "translations", "translation"];

const LOCK_NAMES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "cargo.lock",
    "go.sum",
    "poetry.lock",
    "pipfile.lock",
    "composer.lock",
    "gemfile.lock",
    "flake.lock",
    "packages.lock.json",
    "uv.lock",
    "bun.lock",
    "deno.lock",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "gradle.lockfile",
    "conan.lock",
    "pdm.lock",
    "checksums.txt",
    "sha256sums",
    "sha512sums",
    "go.work.sum",
];

/// The class of a path. Only bytes are looked at; nothing is opened.
#[must_use]
pub fn classify(path: &RepoPath) -> PathClass {
    let lower = path.as_bytes().to_ascii_lowercase();
    let name = lower.rsplit(|b| *b == b'/').next().unwrap_or(&lower);
    let mut class = PathClass { family: family(name), ..PathClass::default() };
    for segment in lower.split(|b| *b == b'/').rev().skip(1) {
        let is = |list: &[&str]| list.iter().any(|s| s.as_bytes() == segment);
        class.docs |= is(DOC_SEGMENTS);
        class.vendored |= is(VENDOR_SEGMENTS);
        class.translation |= is(TRANSLATION_SEGMENTS)
            && matches!(class.family, Family::Json | Family::Yaml | Family::Config | Family::Markup);
    }
    class.test = is_test(path.as_bytes());
    class.docs |= class.family == Family::Prose;
    class.vendored |= name.ends_with(b".min.js") || name.ends_with(b".min.css") || name.ends_with(b".map");
    class.lock = LOCK_NAMES.iter().any(|n| n.as_bytes() == name) || name.ends_with(b".lock") || name.ends_with(b".sum");
    class
}

/// Whether a test word stands in the path, where case or a mark sets it off: `dockerTest/`, `verify_test_key.go`,
/// `.env.example`, but not `contest/` or `latest.go`, and not a word that is half of a name: `mock-turtle/`.
fn is_test(path: &[u8]) -> bool {
    path.split(|b| *b == b'/').any(|segment| !is_named_after(segment) && has_test_word(segment))
}

/// Words that are as often the first half of a name.
const HALVES: &[&str] = &["mock", "demo", "sample", "spec", "snapshots", "playground", "tutorial"];

/// What follows such a word when the whole is made for tests or shows: `mock-server`, `sample-app`.
const MADE: &[&str] = &[
    "api",
    "apis",
    "app",
    "apps",
    "application",
    "backend",
    "client",
    "cluster",
    "code",
    "config",
    "configs",
    "data",
    "db",
    "env",
    "file",
    "files",
    "frontend",
    "helper",
    "helpers",
    "input",
    "key",
    "keys",
    "lib",
    "module",
    "modules",
    "oauth",
    "output",
    "package",
    "plugin",
    "project",
    "projects",
    "repo",
    "repos",
    "resources",
    "secrets",
    "server",
    "servers",
    "service",
    "services",
    "site",
    "suite",
    "utils",
    "web",
    "workspace",
];

/// Whether a directory or file is called by two words of which the first only looks like a test word: `mock-turtle`.
fn is_named_after(segment: &[u8]) -> bool {
    let is = |list: &[&str], word: &[u8]| list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    let mut words = segment.split(|b| *b == b'-');
    let (Some(first), Some(second), None) = (words.next(), words.next(), words.next()) else { return false };
    let letters = second.iter().all(u8::is_ascii_lowercase) && second.len() > 2;
    letters && is(HALVES, first) && !is(MADE, second) && !is_test_word(second)
}

fn has_test_word(segment: &[u8]) -> bool {
    segment.split(|b| !b.is_ascii_alphanumeric()).any(|piece| {
        let mut start = 0;
        for i in 1..=piece.len() {
            let ends = i == piece.len() || piece[i].is_ascii_uppercase() && piece[i - 1].is_ascii_lowercase();
            if ends {
                let word = &piece[start..i];
                let word = &word[..word.len() - word.iter().rev().take_while(|b| b.is_ascii_digit()).count()];
                if is_test_word(word) {
                    return true;
                }
                start = i;
            }
        }
        false
    })
}

/// Words that are the name of an environment as often as that of tests.
const ENVIRONMENTS: [&str; 2] = ["test", "testing"];

/// What environments are of.
const PLACES: [&str; 14] = [
    "tenant",
    "account",
    "accounts",
    "subscription",
    "subscriptions",
    "project",
    "projects",
    "org",
    "organisation",
    "organization",
    "env",
    "environment",
    "cluster",
    "directory",
];

/// Whether the test words of a path only name the environment that an export is of: `test-tenant/`, `iam-policy-acme-test.json`,
/// but not `test/`, `test-data/`. Exports are told by their content, and people keep them by what they are of.
#[must_use]
pub fn names_environment(path: &RepoPath) -> bool {
    path.as_bytes().split(|b| *b == b'/').filter(|segment| is_test(segment)).all(|segment| {
        let words = || segment.split(|b| !b.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let is = |word: &[u8], list: &[&str]| list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
        words().filter(|word| is_test(word)).all(|word| is(word, &ENVIRONMENTS))
            && (segment.starts_with(b"iam-policy-") || words().any(|word| is(word, &PLACES)))
    })
}

fn is_test_word(word: &[u8]) -> bool {
    // Nearly every word is ruled out by its first letter or its length.
    let first = word.first().map_or(0, u8::to_ascii_lowercase);
    matches!(first, b't' | b's' | b'f' | b'e' | b'd' | b'm' | b'c' | b'b' | b'p')
        && (3..=10).contains(&word.len())
        && TEST_WORDS.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(word))
}

fn family(name: &[u8]) -> Family {
    let extension = name.rsplit(|b| *b == b'.').next().filter(|e| e.len() < name.len()).unwrap_or_default();
    if name.starts_with(b".env")
        || name.ends_with(b".env")
        || matches!(name, b".npmrc" | b".netrc" | b".pypirc" | b".gitconfig" | b".pgpass" | b"credentials")
    {
        return Family::Config;
    }
    if name.starts_with(b"dockerfile")
        || name.starts_with(b"containerfile")
        || name == b"makefile"
        || name == b"jenkinsfile"
    {
        return Family::Shell;
    }
    match extension {
        b"rs" | b"go" | b"py" | b"js" | b"ts" | b"jsx" | b"tsx" | b"mjs" | b"cjs" | b"java" | b"kt" | b"kts"
        | b"scala" | b"c" | b"h" | b"cc" | b"cpp" | b"hpp" | b"cxx" | b"cs" | b"fs" | b"vb" | b"rb" | b"php"
        | b"swift" | b"m" | b"mm" | b"pl" | b"pm" | b"lua" | b"dart" | b"ex" | b"exs" | b"erl" | b"hs" | b"clj"
        | b"cljs" | b"groovy" | b"gradle" | b"r" | b"jl" | b"zig" | b"nim" | b"ml" | b"mli" | b"elm" | b"coffee"
        | b"vue" | b"svelte" | b"sol" | b"proto" | b"nix" | b"s" | b"asm" => Family::Code,
        b"sh" | b"bash" | b"zsh" | b"fish" | b"ps1" | b"psm1" | b"bat" | b"cmd" | b"ksh" => Family::Shell,
        b"yml" | b"yaml" => Family::Yaml,
        b"json" | b"jsonc" | b"json5" | b"jsonl" | b"ndjson" | b"ipynb" | b"tfstate" | b"webmanifest" => Family::Json,
        b"toml" | b"ini" | b"cfg" | b"conf" | b"config" | b"properties" | b"cnf" | b"editorconfig" => Family::Config,
        b"xml" | b"html" | b"htm" | b"xhtml" | b"svg" | b"plist" | b"csproj" | b"pom" | b"jsp" | b"erb" | b"ejs" => {
            Family::Markup
        }
        b"tf" | b"tfvars" | b"hcl" | b"nomad" => Family::Hcl,
        b"sql" => Family::Sql,
        b"md" | b"markdown" | b"rst" | b"adoc" | b"asciidoc" | b"org" => Family::Prose,
        _ => Family::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_test_word_is_ruled_out_by_its_beginning_or_length() {
        for word in TEST_WORDS {
            assert!(is_test_word(word.as_bytes()), "{word}");
            assert!(is_test_word(word.to_ascii_uppercase().as_bytes()), "{word}");
        }
        assert!(!is_test_word(b"contest") && !is_test_word(b""));
    }

    #[test]
    fn an_export_of_a_test_environment_is_told_from_one_among_tests() {
        let named = |p: &str| names_environment(&RepoPath::from(p));
        for path in
            ["test-tenant/applications.json", "exports/acme-test-account/keys.json", "iam-policy-acme-test.json"]
        {
            assert!(named(path) && classify(&RepoPath::from(path)).test, "{path}");
        }
        for path in [
            "test/keys.json",
            "tests/account/keys.json",
            "dockerTest/keys.json",
            "test-policy.json",
            "example-account/keys.json",
        ] {
            assert!(!named(path), "{path}");
        }
    }

    #[test]
    fn paths_say_what_they_hold() {
        let class = |p: &str| classify(&RepoPath::from(p));
        assert!(class("pkg/auth/testdata/key.pem").test);
        for path in [
            "src/login_test.go",
            "app/src/dockerTest/a.java",
            "x/testFixtures/y",
            "keys_test_data.go",
            "a/.env.example",
            "conf/__tests__/b",
            "LoginTest.java",
        ] {
            assert!(class(path).test, "{path}");
        }
        assert!(!class("src/latest.go").test);
        // A word of a name is no mark.
        assert!(!class("services/mock-turtle/main.tf").test && !class("mock-turtle/.env").test);
        for path in
            ["mock-server/x", "sample-app/x", "demo-frontend/x", "api-mock/x", "mock_turtle_test/x", "mock/turtle"]
        {
            assert!(class(path).test, "{path}");
        }
        assert!(!class("src/contest/entry.py").test);
        assert_eq!(class("a/.env.production").family, Family::Config);
        assert_eq!(class("Dockerfile.dev").family, Family::Shell);
        assert!(class("web/package-lock.json").lock);
        assert!(class("go/vendor/x/y.go").vendored);
        assert!(class("README.md").docs);
        assert!(class("app/locales/de.json").translation);
    }
}
