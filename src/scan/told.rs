//! What the place of a value tells beside the value, as facts for the checks: that it stands in the query of an address, that
//! everybody who clones a repository or follows its introduction works with it. And calls in code that let tokens be forged.
//!
//! Nothing is looked for: a value that was found is looked around, and calls were read behind keywords.

use super::locate::Locator;
use crate::detect::{Flaw, Strength, Weak};
use crate::model::{At, Fact, Family, LocatedFact, PathClass, RepoPath, SettingFact, Sighting, Span, setting};

/// What facts of code are read by. No format of files has this name.
const FORMAT: &str = "source";

/// How far around a value its address is read.
const ADDRESS: usize = 600;
/// How far before a value an introduction says what it is.
const SENTENCE: usize = 240;
/// Longest name of a parameter.
const NAME: usize = 40;

/// Facts of calls that let tokens be forged. The place has no hash: that of a line would tell a key that is easy to guess.
pub fn weak(found: &[Weak], locator: &Locator<'_>, class: &PathClass) -> Vec<LocatedFact> {
    let fact = |weak: &Weak| {
        let subject = match weak.flaw {
            Flaw::Unsigned => "unsigned",
            Flaw::Unchecked => "unchecked",
            Flaw::LiteralKey => "literal-key",
        };
        let mut fact = SettingFact::new(setting::JWT_WEAK, subject, weak.call);
        let mut tell = |name: &str, value: &str| fact.attributes.insert(name.to_owned(), value.to_owned());
        let strength = weak.strength.map(|strength| match strength {
            Strength::Short => "short",
            Strength::Words => "words",
            Strength::Strong => "strong",
        });
        strength.map(|strength| tell("strength", strength));
        weak.default.then(|| tell("default", "true"));
        weak.checked.then(|| tell("checked", "true"));
        let mut location = locator.span(weak.span);
        location.blob = None;
        let sample = class.test || class.docs || class.vendored;
        LocatedFact { fact: Fact::Setting(At::span(weak.span), fact), location, format: FORMAT, sample }
    };
    found.iter().map(fact).collect()
}

/// Whether a fact is of a call that lets tokens be forged.
pub fn is_weak(fact: &LocatedFact) -> bool {
    matches!(&fact.fact, Fact::Setting(_, told) if told.name == setting::JWT_WEAK)
}

/// How everybody comes to work with a value of this file, if they do: what a path alone tells. `is_tracked` says whether a
/// repository has a file, `top` which directory is that of the repository around the path.
pub fn shared(name: &RepoPath, is_tracked: &dyn Fn(&[u8]) -> bool, top: &dyn Fn() -> Vec<u8>) -> Option<&'static str> {
    if is_environment(name, is_tracked, top) {
        return Some("environment");
    }
    is_introduction(name).then_some("introduction")
}

/// What a class of paths is told apart by for [`shared`]: equal texts of paths that are alike are read once.
pub fn key(shared: Option<&str>) -> u64 {
    match shared {
        Some("environment") => 0x5be0_cd19_137e_2179,
        Some(_) => 0x1f83_d9ab_fb41_bd6b,
        None => 0,
    }
}

/// Facts of the place of a value; `shared` is what [`shared`] says of its file.
pub fn place(
    text: &[u8],
    value: Span,
    sighting: &Sighting,
    (class, name): (&PathClass, &RepoPath),
    shared: Option<&'static str>,
) -> Vec<LocatedFact> {
    let counts = sighting.identifier.is_none() && !sighting.proof.public && !sighting.proof.encrypted;
    if !counts || class.test || class.vendored || class.lock {
        return Vec::new();
    }
    let located = |fact: SettingFact| {
        let mut location = sighting.location.clone();
        location.blob = None;
        LocatedFact { fact: Fact::Setting(At::span(value), fact), location, format: FORMAT, sample: false }
    };
    let mut out = Vec::new();
    if !class.docs
        && let Some(Query { parameter, host }) = query(text, value, class)
    {
        out.push(located(SettingFact::new(setting::KEY_IN_QUERY, parameter, host)));
    }
    let counts = |how: &&str| match *how {
        "environment" => !is_of_production(text),
        _ => is_told_to_use(text, value),
    };
    out.extend(shared.filter(counts).map(|how| located(SettingFact::new(setting::SHARED_TOKEN, name.display(), how))));
    out
}

/// Where a value stands in an address.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    /// The parameter that it is.
    parameter: String,
    /// The host, where it is written out.
    host: String,
}

/// Parts of a query that make it a signed address: it is meant to carry what proves it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>,
/// <https://learn.microsoft.com/en-us/azure/storage/common/storage-sas-overview>).
const SIGNED: [&[u8]; 8] = [
    b"x-amz-signature=",
    b"x-amz-credential=",
    b"x-goog-signature=",
    b"x-goog-credential=",
    b"signature=",
    b"sig=",
    b"awsaccesskeyid=",
    b"googleaccessid=",
];

/// Words of addresses that browsers load and whose keys are public by design: maps, scripts, badges.
const SHOWN: [&str; 14] = [
    "map", "maps", "mapbox", "maptiler", "tile", "tiles", "embed", "js", "badge", "badges", "svg", "png", "widget",
    "gtag",
];

/// The parameter of an HTTP address that a value is.
fn query(text: &[u8], value: Span, class: &PathClass) -> Option<Query> {
    let head = text.get(value.start.saturating_sub(ADDRESS)..value.start)?;
    let before = head.strip_suffix(b"=")?;
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let len = before.iter().rev().take_while(is_name).count();
    if len == 0 || len > NAME {
        return None;
    }
    let (address, parameter) = before.split_at_checked(before.len() - len)?;
    let address =
        address.strip_suffix(b"&amp;").or_else(|| address.strip_suffix(b"?")).or_else(|| address.strip_suffix(b"&"))?;
    let asks = before.get(address.len()) == Some(&b'?');
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'|');
    let start = address.iter().rposition(ends).map_or(0, |at| at + 1);
    let run = address.get(start..)?;
    let opener = start.checked_sub(1).and_then(|at| address.get(at)).copied();
    // Without a `?` it is the body of a form.
    if !asks && !run.contains(&b'?') {
        return None;
    }
    let lead = address.get(..start.saturating_sub(1)).unwrap_or_default();
    // What a page loads is seen by everybody who opens it.
    if class.family == Family::Markup || [&b"src="[..], b"href="].iter().any(|attribute| lead.ends_with(attribute)) {
        return None;
    }
    let run = String::from_utf8_lossy(run).replace("\\/", "/").to_ascii_lowercase();
    let host = match run.rfind("://") {
        Some(at) => {
            let scheme = run.get(..at)?;
            if !["http", "https", "ws", "wss"].iter().any(|known| scheme.ends_with(known))
                || scheme.ends_with("jdbc:http")
            {
                return None;
            }
            let rest = run.get(at + 3..)?;
            let authority = rest.split(['/', '?', '#']).next()?;
            authority.rsplit('@').next()?.to_owned()
        }
        // `"/v1/x?key=…"`, `BASE + "?key=…"`, `${BASE}/x?key=…`: an address all the same.
        None if matches!(opener, Some(b'"' | b'\'' | b'`')) => {
            let path = run.is_empty() || run.starts_with(['/', '$', '{', '?']);
            if !path {
                return None;
            }
            String::new()
        }
        None => return None,
    };
    let after = text.get(value.end..text.len().min(value.end + ADDRESS))?;
    let after = after.get(..after.iter().position(ends).unwrap_or(after.len()))?;
    let whole = [run.as_bytes(), b"&", &parameter.to_ascii_lowercase(), b"=&", &after.to_ascii_lowercase()].concat();
    if SIGNED.iter().any(|part| memchr::memmem::find(&whole, part).is_some()) {
        return None;
    }
    let place = run.split('?').next().unwrap_or_default();
    if place.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| SHOWN.contains(&word)) {
        return None;
    }
    // A host in a variable is none.
    let known = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
    let host = if known { host } else { String::new() };
    Some(Query { parameter: String::from_utf8_lossy(parameter).into_owned(), host })
}

/// Names of files with the settings that developers run a project with. Those of production are a deployment's.
const ENVIRONMENTS: [&[u8]; 10] = [
    b".env",
    b".envrc",
    b".env.local",
    b".env.dev",
    b".env.development",
    b".env.development.local",
    b".env.shared",
    b"dev.env",
    b"local.env",
    b"development.env",
];

/// What the top of a part of a project holds that is built by itself.
const MANIFESTS: [&str; 12] = [
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "go.mod",
    "Cargo.toml",
    "composer.json",
    "Gemfile",
    "pom.xml",
    "build.gradle",
    "docker-compose.yml",
    "compose.yaml",
    "Makefile",
];

/// Whether a file is the environment that everybody who clones a repository gets.
fn is_environment(name: &RepoPath, is_tracked: &dyn Fn(&[u8]) -> bool, top: &dyn Fn() -> Vec<u8>) -> bool {
    if !ENVIRONMENTS.contains(&name.file_name()) || !is_tracked(name.as_bytes()) {
        return false;
    }
    let path = name.as_bytes();
    let directory = path.get(..path.len() - name.file_name().len()).unwrap_or_default();
    directory.strip_suffix(b"/").unwrap_or(directory) == top()
        || MANIFESTS.iter().any(|file| is_tracked(&[directory, file.as_bytes()].concat()))
}

/// Whether settings say that they are those of production: `NODE_ENV=production`.
fn is_of_production(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(64 << 10)).unwrap_or_default();
    head.split(|b| *b == b'\n').any(|line| {
        let Some(at) = line.iter().position(|b| *b == b'=') else { return false };
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
        let name = name.trim_ascii();
        (name.ends_with(b"_ENV") || name.ends_with(b"ENVIRONMENT") || name == b"ENV")
            && (value.eq_ignore_ascii_case(b"production") || value.eq_ignore_ascii_case(b"prod"))
    })
}

/// Beginnings of the names of files that tell newcomers how to work on a project.
const INTRODUCTIONS: [&[u8]; 11] = [
    b"readme",
    b"contributing",
    b"onboarding",
    b"setup",
    b"getting-started",
    b"getting_started",
    b"gettingstarted",
    b"development",
    b"developing",
    b"hacking",
    b"quickstart",
];

fn is_introduction(name: &RepoPath) -> bool {
    let file = name.file_name();
    let (stem, extension) = match memchr::memchr(b'.', file) {
        Some(dot) => (file.get(..dot).unwrap_or_default(), file.get(dot + 1..).unwrap_or_default()),
        None => (file, &b""[..]),
    };
    // Asked of every file, and answered by the extension for most.
    [&b""[..], b"md", b"markdown", b"rst", b"adoc", b"txt"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        && INTRODUCTIONS.iter().any(|begin| stem.get(..begin.len()).is_some_and(|s| s.eq_ignore_ascii_case(begin)))
}

/// What a text says near a value that nobody is meant to use.
const SHOWN_ONLY: [&str; 14] = [
    "example",
    "sample",
    "e.g.",
    "for instance",
    "looks like",
    "something like",
    "fake",
    "dummy",
    "revoked",
    "invalid",
    "output",
    "response",
    "replace",
    "your own",
];

/// Whether a text has its readers use a value: it is set, or handed to a command, and not shown as an example.
fn is_told_to_use(text: &[u8], value: Span) -> bool {
    let before = text.get(value.start.saturating_sub(SENTENCE)..value.start).unwrap_or_default();
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let plain = line.trim_ascii_end();
    let plain = plain.strip_suffix(b"\"").or_else(|| plain.strip_suffix(b"'")).unwrap_or(plain).trim_ascii_end();
    let lower = String::from_utf8_lossy(line).to_ascii_lowercase();
    let command = || ["--", "export ", "curl ", "login", "bearer ", "set "].iter().any(|word| lower.contains(word));
    let used = plain.ends_with(b"=") || plain.ends_with(b":") || command();
    let around = String::from_utf8_lossy(before).to_ascii_lowercase();
    used && !SHOWN_ONLY.iter().any(|word| around.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Span {
        let at = text.find("VALUE").unwrap_or_default();
        Span::new(at, at + 5)
    }

    fn of(text: &str) -> Option<(String, String)> {
        let class = PathClass { family: Family::Code, ..PathClass::default() };
        query(text.as_bytes(), at(text), &class).map(|q| (q.parameter, q.host))
    }

    #[test]
    fn a_value_in_the_query_of_an_address_is_told_with_its_parameter_and_host() {
        for (text, parameter, host) in [
            ("get(\"https://api.acme.com/v1?api_key=VALUE\")", "api_key", "api.acme.com"),
            ("curl https://api.acme.com:8443/v1/x?a=b&token=VALUE&c=d", "token", "api.acme.com:8443"),
            ("url: https://u:p@api.acme.com/x?a={b}&amp;access_token=VALUE", "access_token", "api.acme.com"),
            ("\"https:\\/\\/api.acme.com\\/x?key=VALUE\"", "key", "api.acme.com"),
            ("const WS = 'wss://push.acme.com?auth=VALUE'", "auth", "push.acme.com"),
            ("fetch(`${BASE}/v1?api_key=VALUE`)", "api_key", ""),
            ("fetch(BASE + \"?api_key=VALUE\")", "api_key", ""),
            ("fetch('https://${host}/v1?api_key=VALUE')", "api_key", ""),
        ] {
            assert_eq!(of(text), Some((parameter.to_owned(), host.to_owned())), "{text}");
        }
    }

    #[test]
    fn forms_signed_addresses_maps_badges_and_other_schemes_are_not() {
        for text in [
            "api_key=VALUE",
            "curl -d 'grant_type=client_credentials&client_secret=VALUE' https://id.acme.com/t",
            "jdbc:postgresql://db.acme.com/x?user=a&password=VALUE",
            "https://s3.amazonaws.com/b/k?X-Amz-Algorithm=A&X-Amz-Security-Token=VALUE&X-Amz-Signature=b",
            "https://x.blob.core.windows.net/c?sv=2022&sig=VALUE",
            "https://x.blob.core.windows.net/c?token=VALUE&sv=2022&sig=x",
            "https://maps.googleapis.com/maps/api/geocode/json?key=VALUE",
            "https://www.google.com/maps/embed/v1/place?key=VALUE",
            "https://codecov.io/gh/acme/app/graph/badge.svg?token=VALUE",
            "<script src=\"https://cdn.acme.com/sdk?key=VALUE\">",
            "x = a ? token=VALUE : 0",
            "if (a&token=VALUE)",
            "https://api.acme.com/v1?=VALUE",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn the_environment_of_developers_is_told_from_samples_and_deployments() {
        let tracked = |path: &[u8]| {
            let known: [&[u8]; 6] =
                [b".env", b".env.production", b"api/.env", b"api/go.mod", b"deploy/.env", b"web/.env.example"];
            known.contains(&path)
        };
        let is = |path: &str| is_environment(&RepoPath::from(path), &tracked, &Vec::new);
        assert!(is(".env") && is("api/.env"));
        assert!(!is(".env.production") && !is("deploy/.env") && !is("other/.env") && !is("web/.env.example"));
        assert!(
            is_of_production(b"A=b\nNODE_ENV=\"production\"\n") && !is_of_production(b"A=b\nNODE_ENV=development\n")
        );
        // The top of a repository that was met below the start.
        assert!(is_environment(&RepoPath::from("deploy/.env"), &tracked, &|| b"deploy".to_vec()));
        let key = |path: &str| key(shared(&RepoPath::from(path), &tracked, &Vec::new));
        assert!(key(".env") == key("api/.env") && key(".env") != key("deploy/.env") && key("README.md") != key("a.md"));
    }

    #[test]
    fn introductions_tell_to_use_what_they_set_and_no_example() {
        let is = |path: &str| is_introduction(&RepoPath::from(path));
        assert!(is("README.md") && is("docs/onboarding-backend.md") && is("CONTRIBUTING") && is("setup.md"));
        assert!(!is("docs/api.md") && !is("setup.py") && !is("setup.cfg") && !is("src/readme.rs"));
        let used = |text: &str| is_told_to_use(text.as_bytes(), at(text));
        assert!(used("Put this into your shell:\n\n    export STRIPE_KEY=VALUE\n") && used("STRIPE_KEY: \"VALUE\""));
        assert!(used("curl -H 'Authorization: Bearer VALUE' https://x"));
        assert!(!used("A key looks like this: VALUE") && !used("the key VALUE was found\n"));
        assert!(!used("Replace it by your own:\nKEY=VALUE"));
    }
}
