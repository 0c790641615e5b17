//! Compressed streams: one member, or a tar.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use super::{Counted, Kind, Source, TAR_BLOCK, Walk, kind};

/// Most memory of an xz stream, in KiB: that of its strongest preset, and a little.
const XZ_MEMORY: u32 = 80 << 10;

/// Largest window of a zstd stream, in bytes: that of its strongest preset without `--ultra`.
const ZSTD_WINDOW: u64 = 8 << 20;

impl Walk<'_> {
    pub(super) fn stream(&mut self, kind: Kind, source: &mut dyn Source, name: &[u8]) {
        let Ok(inner) = decoder(kind, BufReader::new(source)) else { return self.failed(b"") };
        let budget = self.budget;
        let mut reader = Counted { inner, budget };
        let mut head = Vec::new();
        let read = reader.by_ref().take(TAR_BLOCK as u64).read_to_end(&mut head);
        if read.is_err() && head.is_empty() {
            return self.failed(b"");
        }
        let mut reader = Cursor::new(&head).chain(reader);
        if self::kind(&head) == Some(Kind::Tar) {
            self.tar(reader);
        } else if self.counts() {
            self.member(&stem(name), &mut reader, None, None);
        }
    }
}

/// What unpacks a stream.
pub(super) fn decoder<'r>(kind: Kind, source: impl BufRead + 'r) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match kind {
        Kind::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        Kind::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
        Kind::Xz => Box::new(XzReader::new_mem_limit(source, true, XZ_MEMORY)),
        Kind::Zstd => Box::new(Frames { frame: None, rest: Some(source) }),
        Kind::Zip | Kind::Tar => return Err(io::Error::other("not a stream")),
    })
}

/// The frames of a zstd stream, one after the other.
struct Frames<R: Read> {
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
    rest: Option<R>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.rest = self.frame.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut rest) = self.rest.take() else { return Ok(0) };
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let frame = StreamingDecoder::new_with_max_window_size(rest, ZSTD_WINDOW);
            self.frame = Some(frame.map_err(io::Error::other)?);
        }
    }
}

/// The name of what a stream holds: that of the stream without its ending.
fn stem(name: &[u8]) -> Vec<u8> {
    let name = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    let lower = name.to_ascii_lowercase();
    let endings: [&[u8]; 7] = [b".gz", b".bz2", b".xz", b".zst", b".zstd", b".tgz", b".z"];
    let ending = endings.iter().find(|e| lower.ends_with(e) && lower.len() > e.len());
    name.get(..name.len() - ending.map_or(0, |e| e.len())).unwrap_or(name).to_vec()
}
