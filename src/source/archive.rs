//! Members of archives, read under budgets and never written anywhere: zip and what is one (jar, whl, docx, …), tar, and
//! streams of gzip, zstd, xz and bzip2 with or without a tar inside. An archive is known by its first bytes, whatever its name.
//!
//! Archives come from strangers: sizes that they declare are never believed, names are cleaned before anybody sees them, and
//! whatever cannot be read is told as [`Trouble`].

mod stream;
mod tar;
mod zip;

use std::cell::Cell;
use std::io::{self, Read, Seek};

/// Archives inside archives that are opened.
const DEPTH: usize = 3;

/// Most bytes that one archive is unpacked to, everything inside it together.
const TOTAL: u64 = 1 << 30;

/// Most bytes that a byte of an archive is unpacked to, over the whole of it.
const RATIO: u64 = 200;

/// What an archive may be unpacked to however short it is.
const FLOOR: u64 = 1 << 20;

/// Most members of one archive, those of archives inside it included.
const MEMBERS: u64 = 100_000;

/// Longest member that is read.
pub const MEMBER: u64 = 64 << 20;

/// How much of a member decides whether it is read.
const HEAD: u64 = 8 << 10;

/// Where the magic number of a tar stands, and how much of one has to be there.
const TAR_MAGIC: usize = 257;
const TAR_BLOCK: usize = 512;

/// Kinds of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
    Zip,
    /// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>
    Tar,
    /// <https://www.rfc-editor.org/rfc/rfc1952>
    Gzip,
    /// <https://www.rfc-editor.org/rfc/rfc8878>
    Zstd,
    /// <https://tukaani.org/xz/xz-file-format.txt>
    Xz,
    /// bzip2, which has no specification but its program: <https://sourceware.org/bzip2/>.
    Bzip2,
}

/// The kind of archive that begins like this, if it is one.
#[must_use]
pub fn kind(head: &[u8]) -> Option<Kind> {
    const BZIP2: [&[u8]; 2] = [&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Kind::Zip),
        [0x1f, 0x8b, 8, ..] => Some(Kind::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Kind::Zstd),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Kind::Xz),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if BZIP2.iter().any(|m| rest.starts_with(m)) => Some(Kind::Bzip2),
        _ if head.len() >= TAR_BLOCK && head.get(TAR_MAGIC..).is_some_and(|m| m.starts_with(b"ustar")) => {
            Some(Kind::Tar)
        }
        _ => None,
    }
}

/// Why something inside an archive was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It wants a password.
    Encrypted,
    /// It ends early, or is not what it should be.
    Damaged,
    /// It is compressed in a way that is not known here.
    Method,
    /// It is longer than [`MEMBER`].
    TooLarge,
    /// It is longer than [`MEMBER`], and was read as an export and not searched.
    OnlyRead,
    /// The archive holds more than one may: bytes, or members.
    Budget,
    /// It lies inside more archives than are opened.
    TooDeep,
}

impl Trouble {
    /// The code of its notice.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Encrypted => "archive-encrypted",
            Self::Damaged => "archive-damaged",
            Self::Method => "archive-method",
            Self::TooLarge | Self::OnlyRead => "archive-member-too-large",
            Self::Budget => "archive-budget",
            Self::TooDeep => "archive-depth",
        }
    }

    /// What happened, as a notice says it behind the name.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::Encrypted => "is encrypted, so it was not scanned".to_owned(),
            Self::Damaged => "is damaged or cut short, so not all of it was scanned".to_owned(),
            Self::Method => "is compressed in a way that keyroll does not know, so it was not scanned".to_owned(),
            Self::TooLarge => format!("is longer than {} MiB, so it was not scanned", MEMBER >> 20),
            Self::OnlyRead => {
                format!("is longer than {} MiB: it was read as an export, and not searched for values", MEMBER >> 20)
            }
            Self::Budget => format!(
                "unpacks to more than {RATIO} times its size, {} MiB or {MEMBERS} members; the rest was not scanned",
                TOTAL >> 20
            ),
            Self::TooDeep => format!("lies inside {DEPTH} archives, so it was not scanned"),
        }
    }
}

/// Where something inside an archive lies.
#[derive(Debug, Clone, Copy)]
pub struct Inside<'a> {
    /// The archives inside the outermost one that it lies in, joined by `!`; empty for its own members.
    pub archives: &'a [u8],
    /// Its path in the innermost of them, cleaned: relative, with `/`, without `.` and `..`. Empty for an archive as a whole.
    pub path: &'a [u8],
}

/// Takes what is met inside an archive.
pub trait Sink {
    /// Whether a member that begins like this is worth reading.
    fn wants(&mut self, head: &[u8]) -> bool;
    /// A member; when it was cut short what there is of it, after its trouble.
    fn member(&mut self, inside: Inside<'_>, bytes: &[u8]);
    /// A member that is longer than [`MEMBER`]: its beginning, and the rest of it. True when something was made of it in passing;
    /// it is told as [`Trouble::OnlyRead`] then, and else as [`Trouble::TooLarge`].
    fn long(&mut self, inside: Inside<'_>, head: &[u8], rest: &mut dyn Read) -> bool;
    /// Something that was not read, or not to its end.
    fn trouble(&mut self, inside: Inside<'_>, why: Trouble);
    /// Whether to stop here.
    fn stopped(&self) -> bool;
}

/// A reader that can be sought in.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// Reads an archive that is so many bytes long; `name` is that of the file, from which the name of what a compressed stream
/// holds is made. Nothing happens when it is no archive.
///
/// # Errors
/// When the source itself cannot be read.
pub fn walk(source: &mut dyn Source, length: u64, name: &[u8], sink: &mut dyn Sink) -> io::Result<()> {
    let mut head = Vec::new();
    Read::take(&mut *source, TAR_BLOCK as u64).read_to_end(&mut head)?;
    source.rewind()?;
    let left = length.saturating_mul(RATIO).saturating_add(FLOOR).min(TOTAL);
    let budget = Budget { left: Cell::new(left), members: Cell::new(MEMBERS), over: Cell::new(false) };
    let mut walk = Walk { budget: &budget, sink, archives: Vec::new(), depth: 0 };
    if let Some(kind) = kind(&head) {
        walk.open(kind, source, name);
    }
    Ok(())
}

/// What is left.
struct Budget {
    left: Cell<u64>,
    members: Cell<u64>,
    over: Cell<bool>,
}

/// The way down.
struct Walk<'w> {
    budget: &'w Budget,
    sink: &'w mut dyn Sink,
    archives: Vec<u8>,
    depth: usize,
}

impl Walk<'_> {
    /// Opens an archive that lies where the walk is.
    fn open(&mut self, kind: Kind, source: &mut dyn Source, name: &[u8]) {
        if self.depth == DEPTH {
            return self.trouble(b"", Trouble::TooDeep);
        }
        self.depth += 1;
        match kind {
            Kind::Zip => self.zip(source),
            Kind::Tar => self.tar(source),
            Kind::Gzip | Kind::Zstd | Kind::Xz | Kind::Bzip2 => self.stream(kind, source, name),
        }
        self.depth -= 1;
    }

    fn trouble(&mut self, path: &[u8], why: Trouble) {
        self.sink.trouble(Inside { archives: &self.archives, path }, why);
    }

    /// What failed: the budget, or what was read.
    fn failed(&mut self, path: &[u8]) {
        let why = if self.budget.over.get() { Trouble::Budget } else { Trouble::Damaged };
        self.trouble(if why == Trouble::Budget { b"" } else { path }, why);
    }

    /// Whether the walk ends: the budget is used up, or somebody said so.
    fn ends(&self) -> bool {
        self.budget.over.get() || self.sink.stopped()
    }

    /// Counts a member; false when there were too many, which is told.
    fn counts(&mut self) -> bool {
        match self.budget.members.get().checked_sub(1) {
            Some(left) => self.budget.members.set(left),
            None => {
                self.budget.over.set(true);
                self.trouble(b"", Trouble::Budget);
            }
        }
        !self.ends()
    }

    /// A member, from a reader that counts what it unpacks. `length` is what the archive says of it, `sum` its CRC-32. False
    /// when it could not be read to its end, which was told.
    fn member(&mut self, path: &[u8], reader: &mut dyn Read, length: Option<u64>, sum: Option<u32>) -> bool {
        let path = &clean(path);
        let mut bytes = Vec::new();
        let mut whole = reader.take(HEAD).read_to_end(&mut bytes).is_ok();
        if whole && (bytes.is_empty() || !self.sink.wants(&bytes)) {
            return true;
        }
        if whole && length.is_some_and(|l| l > MEMBER) {
            return self.long(path, &bytes, reader);
        }
        whole = whole && reader.take(MEMBER + 1 - HEAD).read_to_end(&mut bytes).is_ok();
        if bytes.len() as u64 > MEMBER {
            return self.long(path, &bytes, reader);
        }
        let as_said =
            length.is_none_or(|l| l == bytes.len() as u64) && sum.is_none_or(|s| s == crc32fast::hash(&bytes));
        if !whole || !as_said {
            self.failed(path);
        }
        match kind(&bytes) {
            Some(kind) => {
                let outer = self.archives.len();
                if outer > 0 {
                    self.archives.push(b'!');
                }
                self.archives.extend_from_slice(path);
                self.open(kind, &mut io::Cursor::new(&bytes), path);
                self.archives.truncate(outer);
            }
            None => self.sink.member(Inside { archives: &self.archives, path }, &bytes),
        }
        whole && as_said
    }
}

impl Walk<'_> {
    /// A member of which only so much was read; false when the budget ended it.
    fn long(&mut self, path: &[u8], head: &[u8], rest: &mut dyn Read) -> bool {
        let read = self.sink.long(Inside { archives: &self.archives, path }, head, rest);
        if self.budget.over.get() {
            self.failed(path);
            return false;
        }
        self.trouble(path, if read { Trouble::OnlyRead } else { Trouble::TooLarge });
        true
    }
}

/// Counts what is unpacked, and fails when it is more than is left.
struct Counted<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.left.get();
        // One byte more than is left tells whether anything is.
        let most = usize::try_from(left.saturating_add(1)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        match left.checked_sub(read as u64) {
            Some(left) => self.budget.left.set(left),
            None => {
                self.budget.over.set(true);
                return Err(io::Error::other("over budget"));
            }
        }
        Ok(read)
    }
}

/// A name as reports may show it: nothing that leads out of the archive.
fn clean(name: &[u8]) -> Vec<u8> {
    let slashes = name.contains(&b'/');
    let between = |b: &u8| *b == b'/' || *b == b'\\' && !slashes;
    let drive = |p: &[u8]| matches!(p, [letter, b':'] if letter.is_ascii_alphabetic());
    let parts = name.split(between).filter(|p| !matches!(*p, b"" | b"." | b"..") && !drive(p) && !p.contains(&0));
    let name = parts.collect::<Vec<_>>().join(&b'/');
    if name.is_empty() { b"unnamed".to_vec() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_lead_out_of_the_archive() {
        for (name, cleaned) in [
            (&b"../../etc/passwd"[..], &b"etc/passwd"[..]),
            (b"/etc/./passwd", b"etc/passwd"),
            (b"C:\\Users\\..\\a.txt", b"Users/a.txt"),
            (b"C:/a//b", b"a/b"),
            (b"..", b"unnamed"),
            (b"", b"unnamed"),
            (b"a\\b/c", b"a\\b/c"),
            (b"a/b\0c/d", b"a/d"),
        ] {
            assert_eq!(String::from_utf8_lossy(&clean(name)), String::from_utf8_lossy(cleaned));
        }
    }

    #[test]
    fn archives_are_known_by_their_beginning() {
        let tar = [&[b'x'; 257][..], b"ustar\x0000", &[0; 248]].concat();
        for (head, wanted) in [
            (&b"PK\x03\x04\x14"[..], Some(Kind::Zip)),
            (b"PK\x05\x06\0\0", Some(Kind::Zip)),
            (b"\x1f\x8b\x08\0", Some(Kind::Gzip)),
            (b"\x28\xb5\x2f\xfd\x04", Some(Kind::Zstd)),
            (b"\xfd7zXZ\0\0", Some(Kind::Xz)),
            (b"BZh91AY&SY", Some(Kind::Bzip2)),
            (b"BZh9 is how bzip2 begins", None),
            (b"PKCS", None),
            (&tar, Some(Kind::Tar)),
            (b"", None),
        ] {
            assert_eq!(kind(head), wanted, "{head:?}");
        }
        assert_eq!(kind(&tar[..300]), None, "a tar has whole blocks");
    }
}
