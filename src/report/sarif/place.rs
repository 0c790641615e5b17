//! From our locations to SARIF's, and the choice of the line that a result hangs on.

use std::collections::BTreeMap;

use data_encoding::BASE64;

use super::message;
use super::model::{ArtifactLocation, Location, PhysicalLocation, Region, Text};
use super::{ROOT, model};
use crate::model::{Finding, Identity, IdentityKey, Inventory, LocationData as Place};

/// Where a result is shown.
pub(super) enum Anchor<'a> {
    /// One of the finding's own locations, by index.
    Own(usize),
    /// A line that names the identity, since the finding's own places are not in the checkout.
    Naming(&'a Place),
}

/// The lines of pipelines and infrastructure code that name an identity, found once for all findings.
pub(super) struct Anchors<'a> {
    naming: BTreeMap<&'a str, &'a Place>,
    identities: BTreeMap<&'a IdentityKey, &'a Identity>,
}

impl<'a> Anchors<'a> {
    /// Reads the inventory: usages first, as they show where the identity works, then declarations.
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut anchors = Self { naming: BTreeMap::new(), identities: BTreeMap::new() };
        for usage in &inventory.usages {
            anchors.offer(usage.target.as_deref(), &usage.location);
            anchors.offer(usage.identity.as_ref().map(IdentityKey::as_str), &usage.location);
        }
        for identity in &inventory.identities {
            anchors.identities.insert(&identity.id, identity);
            identity.locations.iter().for_each(|place| anchors.offer(Some(identity.id.as_str()), place));
        }
        for trust in &inventory.trusts {
            anchors.offer(Some(trust.identity.as_str()), &trust.location);
        }
        for grant in &inventory.grants {
            anchors.offer(Some(grant.identity.as_str()), &grant.location);
        }
        for third_party in &inventory.third_parties {
            anchors.offer(Some(third_party.identity.as_str()), &third_party.location);
        }
        for setting in &inventory.settings {
            anchors.offer(setting.identity.as_ref().map(IdentityKey::as_str), &setting.location);
        }
        anchors
    }

    fn offer(&mut self, name: Option<&'a str>, place: &'a Place) {
        if let Some(name) = name.filter(|_| is_in_checkout(place) && is_pipeline_or_iac(&place.path)) {
            self.naming.entry(name).or_insert(place);
        }
    }

    /// The line for a finding, or `None` when no line of the checkout has to do with it.
    pub(super) fn of(&self, finding: &Finding) -> Option<Anchor<'a>> {
        let lines = || finding.locations.iter().position(|place| place.container.is_none() && is_in_checkout(place));
        if let Some(own) = lines().or_else(|| finding.locations.iter().position(|place| is_in_checkout(place))) {
            return Some(Anchor::Own(own));
        }
        let key = finding.identity.as_ref()?;
        let aliases = self.identities.get(key).map_or(&[][..], |identity| identity.aliases.as_slice());
        let keys = std::iter::once(key).chain(aliases).map(IdentityKey::as_str);
        // A usage may name its target by the whole key or by the provider's own name, the key's third part.
        keys.flat_map(|key| [Some(key), key.splitn(3, ':').nth(2)])
            .flatten()
            .find_map(|name| self.naming.get(name))
            .map(|place| Anchor::Naming(place))
    }
}

/// True for a place that GitHub can show: a line of a file that is in the checkout under a name below its top, or an archive
/// there, which stands for its members.
fn is_in_checkout(place: &Place) -> bool {
    let path = place.container.as_deref().map_or(place.path.as_str(), outermost);
    let below_top = !path.is_empty()
        && !path.starts_with('/')
        && path != "<stdin>"
        && path.split('/').all(|segment| segment != ".." && segment != ".");
    place.in_head && (place.container.is_some() || place.line > 0) && below_top
}

/// The archive that is a file, of one that may lie in others.
fn outermost(container: &str) -> &str {
    container.split('!').next().unwrap_or(container)
}

/// True for the files in which a team writes down its pipelines and its infrastructure, as opposed to exports.
fn is_pipeline_or_iac(path: &str) -> bool {
    const SUFFIXES: [&str; 10] =
        [".yml", ".yaml", ".tf", ".tf.json", ".tofu", ".hcl", ".bicep", ".dockerfile", ".jenkinsfile", ".groovy"];
    const PREFIXES: [&str; 3] = ["dockerfile", "containerfile", "jenkinsfile"];
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A place as SARIF's primary location.
pub(super) fn primary(place: &Place) -> Location {
    Location { id: None, physical_location: physical(place), message: None }
}

/// A place as a related location with an id and a word on why it is not a line of the checkout, when it is not.
pub(super) fn related(id: usize, place: &Place) -> Location {
    let mut notes = Vec::new();
    if let Some(container) = &place.container {
        notes.push(format!("{} inside {container}", place.path));
    }
    if let Some(pointer) = &place.pointer {
        notes.push(format!("at {pointer}"));
    }
    if let Some(commit) = place.commit.as_ref().filter(|_| !place.in_head) {
        notes.push(format!("in commit {commit}, no longer in the checkout"));
    }
    let note = if notes.is_empty() { None } else { Some(Text { text: message::plain(&notes.join(", ")) }) };
    Location { id: Some(id), physical_location: physical(place), message: note }
}

/// A place of a notice, which may have no line.
pub(super) fn of_notice(path: &str, line: Option<u64>, column: Option<u64>) -> model::Location {
    let line = line.unwrap_or(0);
    let column = column.unwrap_or(0);
    primary(&Place { path: path.to_owned(), line, column, end_line: line, end_column: 0, ..Place::default() })
}

fn physical(place: &Place) -> PhysicalLocation {
    // A member of an archive has no line of its own in the repository: the archive stands for it, and GitHub wants a line.
    let (uri, region) = match &place.container {
        Some(container) => {
            let first = Region { start_line: 1, start_column: 1, end_line: 1, end_column: 2 };
            (encode(outermost(container).as_bytes()), Some(first))
        }
        None => (uri(place), region(place)),
    };
    PhysicalLocation { artifact_location: ArtifactLocation { uri, uri_base_id: ROOT }, region }
}

fn region(place: &Place) -> Option<Region> {
    if place.line == 0 {
        return None;
    }
    let start_column = place.column.max(1);
    let end_line = place.end_line.max(place.line);
    let least = if end_line == place.line { start_column + 1 } else { 1 };
    Some(Region { start_line: place.line, start_column, end_line, end_column: place.end_column.max(least) })
}

fn uri(place: &Place) -> String {
    let raw = place.path_bytes.as_ref().and_then(|text| BASE64.decode(text.as_bytes()).ok());
    encode(raw.as_deref().unwrap_or(place.path.as_bytes()))
}

/// Percent-encodes a path (RFC 3986 §2.1), keeping the unreserved characters and `/`. A colon is encoded too, so no
/// first segment reads as a scheme, and a leading slash is dropped, so the URI stays relative to its base.
fn encode(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    let start = path.iter().position(|b| *b != b'/').unwrap_or(path.len());
    for byte in path.get(start..).unwrap_or_default() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn place(path: &str) -> Place {
        Place { path: path.into(), line: 3, column: 5, end_line: 3, end_column: 9, in_head: true, ..Place::default() }
    }

    #[test]
    fn a_path_becomes_a_relative_uri_reference() {
        assert_eq!(encode(b"src/a b#c?.env"), "src/a%20b%23c%3F.env");
        assert_eq!(encode("é/日.tf".as_bytes()), "%C3%A9/%E6%97%A5.tf");
        assert_eq!(encode(b"c:/x\\y%41"), "c%3A/x%5Cy%2541");
        assert_eq!(encode(b"//host/x"), "host/x");
        assert_eq!(encode(b"\x1b[31m"), "%1B%5B31m");
        let latin = Place { path_bytes: Some(BASE64.encode(b"caf\xe9")), ..place("caf\u{fffd}") };
        assert_eq!(uri(&latin), "caf%E9");
    }

    #[test]
    fn only_a_line_of_the_checkout_carries_a_result() {
        assert!(is_in_checkout(&place("a/b.env")));
        assert!(!is_in_checkout(&Place { in_head: false, ..place("a") }));
        assert!(!is_in_checkout(&Place { line: 0, ..place("a") }));
        assert!(is_in_checkout(&Place { container: Some("x.zip!y.tar".into()), ..place("a") }));
        for outside in ["/tmp/x.zip", "../x.zip!a"] {
            assert!(!is_in_checkout(&Place { container: Some(outside.into()), ..place("a") }), "{outside}");
        }
        for outside in ["", "<stdin>", "/etc/passwd", "../x", "a/../../x"] {
            assert!(!is_in_checkout(&place(outside)), "{outside}");
        }
    }

    #[test]
    fn a_region_is_never_empty_or_backwards() {
        let whole = region(&place("a")).unwrap();
        assert_eq!((whole.start_line, whole.start_column, whole.end_line, whole.end_column), (3, 5, 3, 9));
        let odd = region(&Place { column: 0, end_line: 0, end_column: 0, ..place("a") }).unwrap();
        assert_eq!((odd.start_line, odd.start_column, odd.end_line, odd.end_column), (3, 1, 3, 2));
        assert!(region(&Place { line: 0, ..place("a") }).is_none());
    }

    #[test]
    fn exports_are_not_taken_for_pipelines() {
        for path in [".github/workflows/x.yml", "infra/Main.tf", "Dockerfile", "ci/Jenkinsfile.release"] {
            assert!(is_pipeline_or_iac(path), "{path}");
        }
        for path in ["exports/credential_report.csv", "iam.json", "notes.md"] {
            assert!(!is_pipeline_or_iac(path), "{path}");
        }
    }
}
