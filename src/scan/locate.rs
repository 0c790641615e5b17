//! From spans to places that reports can show.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use data_encoding::BASE64;

use crate::model::{At, BlobId, LocatedFact, Location, LocationData, RepoPath, Sighting, Span, bound_fingerprint};
use crate::text::line_hash::line_hash;
use crate::text::lines::LineIndex;
use crate::text::order::Lookup;

/// Locates spans of one text.
pub struct Locator<'a> {
    /// What all places of the file have in common.
    file: LocationData,
    text: &'a [u8],
    lines: LineIndex,
    /// Line and column that the text begins at, for pieces of a larger file.
    first_line: u64,
    first_column: u64,
}

impl<'a> Locator<'a> {
    /// A locator over a whole text.
    pub fn new(path: &'a RepoPath, blob: Option<BlobId>, text: &'a [u8]) -> Self {
        Self::with_lines(path, blob, text, None)
    }

    /// The same, where the lines were read before.
    pub fn with_lines(path: &'a RepoPath, blob: Option<BlobId>, text: &'a [u8], lines: Option<LineIndex>) -> Self {
        let lines = lines.unwrap_or_else(|| LineIndex::new(text));
        Self { file: data(path, blob), text, lines, first_line: 1, first_column: 1 }
    }

    /// A locator over a piece that begins at a line and column of a larger text.
    pub fn piece(path: &'a RepoPath, blob: Option<BlobId>, text: &'a [u8], first_line: u64, first_column: u64) -> Self {
        Self { first_line, first_column, ..Self::new(path, blob, text) }
    }

    /// The location of a span, its line hash still missing.
    pub fn span(&self, span: Span) -> Location {
        let place = self.lines.place(span, self.text);
        let column = |line: u64, column: u64| if line == 1 { column + self.first_column - 1 } else { column };
        Location::from(LocationData {
            line: place.line + self.first_line - 1,
            column: column(place.line, place.column),
            end_line: place.end_line + self.first_line - 1,
            end_column: column(place.end_line, place.end_column),
            ..self.file.clone()
        })
    }

    /// The location of a fact.
    pub fn fact(&self, at: &At) -> Location {
        let mut location = match (at.span, at.line) {
            (Some(span), _) => self.span(span),
            (None, Some(line)) => {
                let (column, end_column) = (1, 1);
                Location::from(LocationData { line, column, end_line: line, end_column, ..self.file.clone() })
            }
            (None, None) => self.file.clone().into(),
        };
        location.pointer.clone_from(&at.pointer);
        location
    }
}

/// A location that only knows its file.
pub fn base(path: &RepoPath, blob: Option<BlobId>) -> Location {
    data(path, blob).into()
}

fn data(path: &RepoPath, blob: Option<BlobId>) -> LocationData {
    LocationData {
        path: path.display(),
        in_head: true,
        blob: blob.map(|b| b.to_string()),
        path_bytes: path.as_str().is_none().then(|| BASE64.encode(path.as_bytes())),
        ..LocationData::default()
    }
}

/// Fills in the line hashes of locations of one blob, from its original bytes. `known` are those of the same bytes that were
/// worked out before, or keeps those that are worked out now.
pub fn fill_hashes<'l>(
    bytes: &[u8],
    locations: impl Iterator<Item = &'l mut Location>,
    known: &OnceLock<BTreeMap<u64, String>>,
) {
    let mut locations: Vec<&mut Location> = locations.filter(|l| l.line > 0).collect();
    if locations.is_empty() {
        return;
    }
    let mut wanted: Vec<u64> = locations.iter().map(|l| l.line).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let work_out = || line_hash(bytes, &wanted).into_iter().collect();
    let hashes = known.get_or_init(work_out);
    // Lines past the end have none, and are looked for again.
    let more = wanted.iter().any(|line| !hashes.contains_key(line)).then(work_out);
    let hashes: &BTreeMap<u64, String> = more.as_ref().unwrap_or(hashes);
    // What was one place stays one.
    let mut done: Lookup<usize, (Location, Location)> = Lookup::default();
    for location in &mut locations {
        let hash = hashes.get(&location.line).cloned();
        if !location.is_shared() {
            location.line_hash = hash;
            continue;
        }
        // The old one is held, so that no other gets its address, and the last of its copies is told from one that stands alone.
        let (_, new) = done.entry(location.address()).or_insert_with(|| {
            let new = location.with(|place| place.line_hash = hash);
            (location.clone(), new)
        });
        **location = new.clone();
    }
}

/// A place of one file in a copy of it, whose beginning is `file`.
pub fn in_copy(place: &Location, file: &Location) -> Location {
    place.with(|place| {
        place.path.clone_from(&file.path);
        place.path_bytes.clone_from(&file.path_bytes);
    })
}

/// The beginning of the file of a location: where things of binary files are said to be.
pub fn beginning(place: &Location) -> Location {
    place.with(|place| {
        (place.line, place.column, place.end_line, place.end_column) = (1, 1, 1, 1);
    })
}

/// The same fact in another copy of the blob.
pub fn moved_fact(mut fact: LocatedFact, path: &RepoPath) -> LocatedFact {
    fact.location.path = path.display();
    fact.location.path_bytes = path.as_str().is_none().then(|| BASE64.encode(path.as_bytes()));
    fact
}

/// The same sighting in another copy of the blob.
pub fn moved(mut sighting: Sighting, path: &RepoPath) -> Sighting {
    if let Some(container) = &mut sighting.location.container {
        // A member keeps its path; the outermost archive is what was moved.
        let inner = container.find('!').map(|at| container.split_off(at)).unwrap_or_default();
        *container = path.display() + &inner;
        return sighting;
    }
    sighting.location.path = path.display();
    sighting.location.path_bytes = path.as_str().is_none().then(|| BASE64.encode(path.as_bytes()));
    if let Some(of_value) = &sighting.unbound {
        let name = sighting.key_name.as_deref().unwrap_or_default();
        sighting.fingerprint = Some(bound_fingerprint(of_value, &sighting.location.path, name));
    }
    sighting
}
