//! What detectors see in the members of an archive: each is read as a file of its own, and its places say which archive holds
//! it. References to values kept elsewhere are not counted there: an archive is made of sources that are.

use std::io::Read as _;
use std::sync::atomic::Ordering;

use data_encoding::BASE64;

use super::super::gap;
use super::super::text_kind::{claim, own, readable};
use super::claimed::Named;
use super::{Read, Worker};
use crate::decode;
use crate::detect::Scratch;
use crate::model::{RepoPath, Sighting};
use crate::source::archive::{self, Inside, Sink, Source, Trouble};

/// What a streamed member is taken to be long, since nobody knows before its end.
const MEMBER: u64 = 256 << 20;

/// Notices of one archive that are told one by one.
const MAX_TOLD: usize = 20;

/// The sightings in the members of an archive of this length, which reports call `name`.
///
/// # Errors
/// When the source cannot be read.
pub(super) fn sightings(
    worker: &Worker<'_>,
    scratch: &mut Scratch,
    source: &mut dyn Source,
    length: u64,
    name: &RepoPath,
) -> std::io::Result<Vec<Sighting>> {
    let mut members = Members { worker, scratch, name, found: Vec::new(), told: 0 };
    archive::walk(source, length, name.as_bytes(), &mut members)?;
    let Members { found, told, .. } = members;
    if told > MAX_TOLD {
        let message = format!("{} more of its members were not scanned", told - MAX_TOLD);
        worker.notice(gap("archive-damaged", Some(name.display()), message));
    }
    Ok(found)
}

struct Members<'m, 'w, 'a> {
    worker: &'m Worker<'w>,
    scratch: &'a mut Scratch,
    name: &'m RepoPath,
    found: Vec<Sighting>,
    told: usize,
}

impl Members<'_, '_, '_> {
    /// The archive that holds something, from the outermost to the innermost.
    fn container(&self, inside: Inside<'_>) -> Vec<u8> {
        let inner = Some(inside.archives).filter(|a| !a.is_empty());
        [Some(self.name.as_bytes()), inner].into_iter().flatten().collect::<Vec<_>>().join(&b'!')
    }
}

impl Sink for Members<'_, '_, '_> {
    fn wants(&mut self, head: &[u8]) -> bool {
        decode::charset(head).is_some() || archive::kind(head).is_some() || decode::may_be_key_store(head)
    }

    fn member(&mut self, inside: Inside<'_>, bytes: &[u8]) {
        let container = self.container(inside);
        // What paths tell, and what is said of them, holds for an archive as it does for a directory.
        let below = RepoPath::new([container.as_slice(), inside.path].join(&b'/'));
        if self.worker.excludes(&below) {
            return;
        }
        let Some((text, binary)) = readable(bytes) else { return };
        let class = self.worker.classify(&below);
        let named = Named { name: &below, inside: Some((&container, inside.path)) };
        self.worker.read_formats(bytes, &text.bytes, &named, &class, None);
        let own = own(&text.bytes);
        let seen = self.worker.sightings(self.scratch, Read::new(bytes), &text.bytes, (binary, &own), &class, &below).0;
        let container = RepoPath::new(container).display();
        let path = RepoPath::new(inside.path);
        let path_bytes = path.as_str().is_none().then(|| BASE64.encode(path.as_bytes()));
        self.found.extend(seen.into_iter().map(|mut sighting| {
            let place = &mut *sighting.location;
            place.path = path.display();
            place.path_bytes.clone_from(&path_bytes);
            place.container = Some(container.clone());
            sighting
        }));
    }

    fn long(&mut self, inside: Inside<'_>, head: &[u8], rest: &mut dyn std::io::Read) -> bool {
        let container = self.container(inside);
        let below = RepoPath::new([container.as_slice(), inside.path].join(&b'/'));
        if self.worker.excludes(&below) {
            return false;
        }
        let class = self.worker.classify(&below);
        let text = decode::text(head);
        let format = text.and_then(|text| claim(&below, &class, &text.bytes));
        let Some(format) = format.filter(|format| format.is_export() && format.stream.is_some()) else { return false };
        let named = Named { name: &below, inside: Some((&container, inside.path)) };
        self.worker.stream_format(format, (&mut head.chain(rest), MEMBER), &named, &class);
        true
    }

    fn trouble(&mut self, inside: Inside<'_>, why: Trouble) {
        self.told += 1;
        if self.told > MAX_TOLD {
            return;
        }
        let member = Some(inside.path).filter(|p| !p.is_empty());
        let container = self.container(inside);
        let place = [Some(container.as_slice()), member].into_iter().flatten().collect::<Vec<_>>().join(&b'!');
        self.worker.notice(gap(why.code(), Some(RepoPath::new(place).display()), why.message()));
    }

    fn stopped(&self) -> bool {
        self.worker.counts().stop.load(Ordering::Relaxed)
    }
}
