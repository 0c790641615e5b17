//! `uses:`: whose code runs, at which version, and whether that version can change.

/// A parsed `uses:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// `owner/repo[/path]`, `docker://image` or `./path`.
    pub component: String,
    /// `owner/repo`, empty for images and local actions.
    pub repository: String,
    /// The owner, empty where there is none.
    pub owner: String,
    /// Ref, tag or digest; empty when none is written.
    pub version: String,
    /// True when the version cannot change under its name.
    pub pinned: bool,
    /// True for `./…` and `$/…`: the code of the repository itself, at the same commit.
    pub local: bool,
}

/// Reads a `uses:` value.
pub fn parse(uses: &str) -> Action {
    let uses = uses.trim();
    if let Some(image) = uses.strip_prefix("docker://") {
        return image_action(image);
    }
    if ["./", "../", "$/"].iter().any(|local| uses.starts_with(local)) {
        return Action {
            component: uses.to_owned(),
            repository: String::new(),
            owner: String::new(),
            version: String::new(),
            pinned: true,
            local: true,
        };
    }
    let uses = without_login(uses);
    let (component, version) = uses.rsplit_once('@').unwrap_or((&uses, ""));
    // Other hosts of the same syntax allow a whole URL; its owner is no owner on GitHub.
    let mut parts = if component.contains("://") { "" } else { component }.split('/');
    let owner = parts.next().unwrap_or_default().to_owned();
    let repository = parts.next().map(|name| format!("{owner}/{name}")).unwrap_or_default();
    Action {
        component: component.to_owned(),
        repository,
        owner,
        version: version.to_owned(),
        pinned: is_commit(version),
        local: false,
    }
}

/// A URL without `user:password@`, which has no place in `uses:` and is written all the same.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').filter(|(login, _)| login.contains(':') || !path.is_empty());
    format!("{scheme}://{}{path}", host.map_or(authority, |(_, host)| host))
}

fn image_action(image: &str) -> Action {
    // A digest follows the last `@`; one that is followed by a path or host ends a login.
    let image = image.rsplit_once('@').filter(|(_, rest)| rest.contains('/')).map_or(image, |(_, rest)| rest);
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    // A colon before the last slash belongs to the registry's port.
    let slash = name.rfind('/').map_or(0, |i| i + 1);
    let colon = name.get(slash..).and_then(|last| last.find(':')).map(|i| slash + i);
    let (name, tag) =
        colon.map_or((name, ""), |i| (name.get(..i).unwrap_or(name), name.get(i + 1..).unwrap_or_default()));
    let owner = name.strip_prefix("ghcr.io/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    Action {
        component: format!("docker://{name}"),
        repository: String::new(),
        owner: owner.to_owned(),
        version: if digest.is_empty() { tag } else { digest }.to_owned(),
        pinned: digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_hex(hex)),
        local: false,
    }
}

/// A full commit id, SHA-1 or SHA-256; GitHub takes no abbreviation.
fn is_commit(version: &str) -> bool {
    matches!(version.len(), 40 | 64) && is_hex(version)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Action {
    /// True when the code is the platform's own or that of the repository's owner.
    pub fn is_first_party(&self, owner: Option<&str>) -> bool {
        let platform =
            !self.repository.is_empty() && ["actions", "github"].iter().any(|o| self.owner.eq_ignore_ascii_case(o));
        let same = !self.owner.is_empty() && owner.is_some_and(|o| self.owner.eq_ignore_ascii_case(o));
        self.local || platform || same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_commit_ids_and_digests_pin() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        assert!(parse(&format!("acme/tool/sub@{sha}")).pinned);
        assert!(!parse("acme/tool@v1.2.3").pinned);
        assert!(!parse("acme/tool@0123456").pinned);
        assert!(!parse("acme/tool").pinned);
        assert!(parse(&format!("docker://ghcr.io/acme/x@sha256:{}", "ab".repeat(32))).pinned);
        assert!(!parse("docker://localhost:5000/x:1").pinned);
    }

    #[test]
    fn parts_are_told_apart() {
        let action = parse("acme/tool/sub/dir@main");
        assert_eq!((action.component.as_str(), action.repository.as_str()), ("acme/tool/sub/dir", "acme/tool"));
        assert_eq!((action.owner.as_str(), action.version.as_str()), ("acme", "main"));
        let image = parse("docker://localhost:5000/x:1.2");
        assert_eq!((image.component.as_str(), image.version.as_str()), ("docker://localhost:5000/x", "1.2"));
        assert!(parse("./.github/actions/x").local);
        assert!(parse("$/.github/workflows/x.yml").local);
    }

    #[test]
    fn a_login_in_a_url_is_left_out() {
        for (uses, component, version) in [
            ("https://bot:hunter2@git.shop.io/a/b@v1", "https://git.shop.io/a/b", "v1"),
            ("https://bot:hunter2@git.shop.io/a/b", "https://git.shop.io/a/b", ""),
            ("https://bot:h@nter2@git.shop.io/a/b@v1", "https://git.shop.io/a/b", "v1"),
            ("https://git.shop.io/a/b@v1", "https://git.shop.io/a/b", "v1"),
            ("docker://bot:hunter2@shop.io/x:1", "docker://shop.io/x", "1"),
        ] {
            let action = parse(uses);
            assert_eq!((action.component.as_str(), action.version.as_str()), (component, version), "{uses}");
        }
    }

    #[test]
    fn first_party_is_the_platform_the_owner_or_the_checkout() {
        assert!(parse("actions/checkout@v4").is_first_party(None));
        assert!(parse("Acme/tool@v1").is_first_party(Some("acme")));
        assert!(parse("docker://ghcr.io/acme/tool:1").is_first_party(Some("acme")));
        assert!(parse("./x").is_first_party(None));
        assert!(!parse("other/tool@v1").is_first_party(Some("acme")));
        assert!(!parse("docker://alpine:3").is_first_party(Some("")));
        assert!(!parse("docker://ghcr.io/actions/x:1").is_first_party(Some("acme")));
    }
}
