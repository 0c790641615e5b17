//! Members of a zip: found by its central directory, unpacked here, because budgets are ours and so is the choice of methods.

use std::io::{self, BufReader, Read};

use zip::{CompressionMethod, ZipArchive};

use super::{Counted, Kind, Source, Trouble, Walk, stream};

/// Methods by their numbers in a zip (APPNOTE 4.4.5).
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const BZIP2: u16 = 12;
const ZSTD: [u16; 2] = [20, 93];
const XZ: u16 = 95;

impl Walk<'_> {
    pub(super) fn zip(&mut self, source: &mut dyn Source) {
        let Ok(mut archive) = ZipArchive::new(BufReader::new(source)) else {
            return self.trouble(b"", Trouble::Damaged);
        };
        for i in 0..archive.len() {
            let Ok(file) = archive.by_index_raw(i) else {
                self.trouble(b"", Trouble::Damaged);
                continue;
            };
            if file.is_dir() || file.is_symlink() {
                continue;
            }
            if !self.counts() {
                return;
            }
            let name = file.name_raw().to_vec();
            if file.encrypted() {
                self.trouble(&super::clean(&name), Trouble::Encrypted);
                continue;
            }
            let (length, sum, method) = (file.size(), file.crc32(), number(file.compression()));
            let budget = self.budget;
            match unpacked(method, file) {
                Some(Ok(inner)) => {
                    self.member(&name, &mut Counted { inner, budget }, Some(length), Some(sum));
                }
                Some(Err(_)) => self.trouble(&super::clean(&name), Trouble::Damaged),
                None => self.trouble(&super::clean(&name), Trouble::Method),
            }
            if self.ends() {
                return;
            }
        }
    }
}

#[allow(deprecated)]
fn number(method: CompressionMethod) -> u16 {
    method.to_u16()
}

/// A member's bytes; `None` for a method that is not known.
fn unpacked<'r>(method: u16, raw: impl Read + 'r) -> Option<io::Result<Box<dyn Read + 'r>>> {
    let raw = BufReader::new(raw);
    match method {
        STORED => Some(Ok(Box::new(raw))),
        DEFLATED => Some(Ok(Box::new(flate2::bufread::DeflateDecoder::new(raw)))),
        BZIP2 => Some(stream::decoder(Kind::Bzip2, raw)),
        XZ => Some(stream::decoder(Kind::Xz, raw)),
        _ if ZSTD.contains(&method) => Some(stream::decoder(Kind::Zstd, raw)),
        _ => None,
    }
}
