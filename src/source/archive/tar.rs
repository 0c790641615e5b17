//! Members of a tar, one after the other. Long names are read here, because whoever made the archive says how long they are.

use std::io::Read;

use tar::{Archive, EntryType, PaxExtensions};

use super::{Trouble, Walk};

/// Longest name, and longest list of attributes.
const NAME: u64 = 64 << 10;

impl Walk<'_> {
    /// Reads a tar from a reader that counts what it unpacks, if it does.
    pub(super) fn tar(&mut self, reader: impl Read) {
        let mut archive = Archive::new(reader);
        let Ok(entries) = archive.entries() else { return self.failed(b"") };
        let mut long = None;
        for entry in entries.raw(true) {
            let Ok(mut entry) = entry else { return self.failed(b"") };
            match entry.header().entry_type() {
                EntryType::GNULongName => {
                    let name = head(&mut entry);
                    long = Some(name.split(|b| *b == 0).next().unwrap_or_default().to_vec());
                }
                EntryType::XHeader => {
                    let attributes = head(&mut entry);
                    let path = PaxExtensions::new(&attributes).flatten().find(|e| e.key_bytes() == b"path");
                    long = path.map(|e| e.value_bytes().to_vec()).or(long);
                }
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    if !self.counts() {
                        return;
                    }
                    let name = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                    let length = entry.header().entry_size().ok();
                    // Behind a member that was cut there is nothing.
                    let whole = self.member(&name, &mut entry, length, None);
                    if !whole || self.ends() {
                        return;
                    }
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                _ => long = None,
            }
        }
        if self.budget.over.get() {
            self.trouble(b"", Trouble::Budget);
        }
    }
}

/// The beginning of an entry.
fn head(entry: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read leaves the name that the header has.
    let _ = entry.take(NAME).read_to_end(&mut bytes);
    bytes
}
