//! GitHub's `primaryLocationLineHash`, the one fingerprint by which code scanning follows an alert from commit to commit.
//!
//! Its upload step computes the hash of the alert's first line from the checked-out file and warns when a tool sent
//! another one, so ours has to be equal to the last bit. Source of the algorithm: `src/fingerprints.ts` of
//! <https://github.com/github/codeql-action>. In words: a line's hash covers the 100 UTF-16 code units that start at the
//! line, reaching into the lines after it; spaces and tabs are left out; CR, LF and CRLF count as one LF; the end of the
//! file counts as the unit 65535 and is followed by zeros. With `u` the units, the hash is the sum of `u[i] · 37^(99−i)`
//! in wrapping 64-bit arithmetic, in lower-case hex, then `:` and how often that hash has occurred so far.

use std::collections::{BTreeMap, HashMap, HashSet};

/// Code units that one hash covers.
const WINDOW: usize = 100;
/// Base of the polynomial.
const BASE: u64 = 37;
/// What a unit has been multiplied by when it leaves the window.
const LEAVING: u64 = BASE.wrapping_pow(WINDOW as u32);
/// The unit that stands for the end of the file.
const END: u16 = u16::MAX;

const SPACE: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;
const LF: u16 = b'\n' as u16;
const CR: u16 = b'\r' as u16;

/// The hashes of the wanted lines (1-based), as `hash:occurrence`, in ascending order and each once.
///
/// Lines past the end of the text are left out; a text that ends in a line break has one more, empty line, as upstream
/// counts. Bytes that are not UTF-8 count as U+FFFD. Time is linear in the bytes up to the last wanted line, memory in
/// the number of wanted lines: a first pass finds their hashes, a second counts how often those occurred before.
#[must_use]
pub fn line_hash(bytes: &[u8], wanted_lines: &[u64]) -> Vec<(u64, String)> {
    let mut wanted: Vec<u64> = wanted_lines.iter().copied().filter(|line| *line > 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let Some(last) = wanted.last().copied() else { return Vec::new() };

    if memchr::memchr(b'\r', bytes).is_none() {
        let starts = starts(bytes, &wanted);
        if let Some(hashes) = few(bytes, &starts).or_else(|| many(bytes, &starts)) {
            return hashes;
        }
    }
    let mut counts = BTreeMap::new();
    each_line(bytes, |line, hash| {
        if wanted.binary_search(&line).is_ok() {
            counts.insert(hash, 0);
        }
        line < last
    });

    let mut out = Vec::with_capacity(wanted.len());
    each_line(bytes, |line, hash| {
        if let Some(count) = counts.get_mut(&hash) {
            *count += 1;
            if wanted.binary_search(&line).is_ok() {
                out.push((line, format!("{hash:x}:{count}")));
            }
        }
        line < last
    });
    out
}

/// The wanted lines of a text without CR, and where they start.
fn starts(bytes: &[u8], wanted: &[u64]) -> Vec<(u64, usize)> {
    let mut out = Vec::with_capacity(wanted.len());
    let mut wanted = wanted.iter().copied().peekable();
    let breaks = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
    for (line, at) in (1..).zip(std::iter::once(0).chain(breaks)) {
        if wanted.next_if_eq(&line).is_some() {
            out.push((line, at));
        }
        if wanted.peek().is_none() {
            break;
        }
    }
    out
}

/// So many lines are looked for one by one; for more of them one run over all lines is quicker.
const FEW: usize = 16;

/// So many places that may be equal lines are looked at.
const LOOKS: usize = 2000;

/// The hashes of a few lines of a text without CR: a line before them has the same hash only if it begins alike, so only
/// such lines are hashed. (Two different texts of one 64-bit hash would count upstream and do not here.) `None` when there
/// are too many lines, or one whose beginning is too short to look for.
fn few(bytes: &[u8], starts: &[(u64, usize)]) -> Option<Vec<(u64, String)>> {
    if starts.len() > FEW {
        return None;
    }
    let mut out = Vec::with_capacity(starts.len());
    let mut looks = LOOKS;
    for (line, at) in starts {
        let own = bytes.get(*at..)?;
        let text = own.trim_ascii_start();
        let plain = text.iter().take(24).take_while(|b| b.is_ascii_graphic()).count();
        // White space before it that is more than blanks would be another line's.
        let blanks = own.len() - text.len();
        if plain < 4 || own.iter().take(blanks).any(|b| !is_blank(*b)) {
            return None;
        }
        let hash = window_hash(own)?;
        let before = bytes.get(..*at)?;
        let mut count = 1u64;
        for found in memchr::memmem::find_iter(before, text.get(..plain)?) {
            // A line may begin with the same text very often; then the run over all lines is quicker.
            looks = looks.checked_sub(1)?;
            let lead = before.get(..found)?;
            let start = lead.iter().rposition(|b| !is_blank(*b)).map_or(0, |last| last + 1);
            let leads = start == 0 || lead.get(start - 1) == Some(&b'\n');
            if leads {
                count += u64::from(window_hash(bytes.get(start..)?)? == hash);
            }
        }
        out.push((*line, format!("{hash:x}:{count}")));
    }
    Some(out)
}

/// The hashes of many lines of a text without CR. Lines of one hash begin alike, so of the others only the beginning is
/// read. `None` when a window reaches too far.
fn many(bytes: &[u8], starts: &[(u64, usize)]) -> Option<Vec<(u64, String)>> {
    let last = starts.last().map_or(0, |(_, at)| *at);
    let openings: Option<HashSet<u64, foldhash::fast::RandomState>> =
        starts.iter().map(|(_, at)| opening(bytes.get(*at..)?)).collect();
    let openings = openings?;
    let mut counts: HashMap<u64, u64, foldhash::fast::RandomState> = HashMap::default();
    let mut out = Vec::with_capacity(starts.len());
    let mut wanted = starts.iter().peekable();
    let breaks = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
    for at in std::iter::once(0).chain(breaks).take_while(|at| *at <= last) {
        let own = bytes.get(at..)?;
        if !openings.contains(&opening(own)?) {
            continue;
        }
        let hash = window_hash(own)?;
        let count = counts.entry(hash).and_modify(|count| *count += 1).or_insert(1);
        if let Some((line, _)) = wanted.next_if(|(_, wanted)| *wanted == at) {
            out.push((*line, format!("{hash:x}:{count}")));
        }
    }
    Some(out)
}

/// So many units tell whether two lines begin alike.
const OPENING: usize = 24;

/// What the window that starts with the first of these bytes begins with, as a number: equal for equal windows. It ends
/// before the first character that is not ASCII, or with the text. `None` when that is too far.
fn opening(bytes: &[u8]) -> Option<u64> {
    let mut opening = 0u64;
    let mut room = OPENING;
    for (at, byte) in bytes.iter().enumerate() {
        if at > REACH {
            return None;
        }
        if is_blank(*byte) {
            continue;
        }
        if room == 0 || !byte.is_ascii() {
            break;
        }
        room -= 1;
        opening = opening.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
    }
    Some(opening)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// So many bytes may lie under one window before it costs less to run over all lines: blanks do not fill it.
const REACH: usize = 4096;

/// The hash of the line that starts with the first of these bytes; there is no CR among them. `None` when the window
/// reaches too far.
fn window_hash(bytes: &[u8]) -> Option<u64> {
    let mut units = [0u16; 2];
    let (mut hash, mut room) = (0u64, WINDOW);
    let mut take = |unit: u16| {
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        room -= 1;
        room > 0
    };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if at > REACH {
            return None;
        }
        if byte.is_ascii() {
            at += 1;
            if !is_blank(*byte) && !take(u16::from(*byte)) {
                return Some(hash);
            }
            continue;
        }
        let (c, length) = character(bytes, at);
        at += length;
        for unit in c.encode_utf16(&mut units) {
            if !take(*unit) {
                return Some(hash);
            }
        }
    }
    let mut unit = END;
    while take(unit) {
        unit = 0;
    }
    Some(hash)
}

/// The character at a place and its length; U+FFFD for what is none.
fn character(bytes: &[u8], at: usize) -> (char, usize) {
    // No character and no beginning of one is longer than four bytes.
    let next = bytes.get(at..bytes.len().min(at + 4)).unwrap_or_default();
    let chunk = next.utf8_chunks().next();
    let valid = chunk.as_ref().and_then(|chunk| chunk.valid().chars().next());
    match valid {
        Some(c) => (c, c.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, chunk.map_or(1, |chunk| chunk.invalid().len()).max(1)),
    }
}

/// Calls `emit` with the number and hash of every line in order, until it returns false.
fn each_line(bytes: &[u8], emit: impl FnMut(u64, u64) -> bool) {
    let mut rolling = Rolling::new(emit);
    let mut units = [0u16; 2];
    for chunk in bytes.utf8_chunks() {
        let replacement = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        for c in chunk.valid().chars().chain(replacement) {
            for unit in c.encode_utf16(&mut units) {
                if !rolling.read(*unit) {
                    return;
                }
            }
        }
    }
    rolling.finish();
}

/// The window over the text and the lines that wait for theirs to fill.
struct Rolling<F> {
    window: [u16; WINDOW],
    /// For each place of the window, the number of the line that starts there, or 0.
    starts: [u64; WINDOW],
    at: usize,
    hash: u64,
    line: u64,
    at_line_start: bool,
    after_cr: bool,
    emit: F,
}

impl<F: FnMut(u64, u64) -> bool> Rolling<F> {
    fn new(emit: F) -> Self {
        Self {
            window: [0; WINDOW],
            starts: [0; WINDOW],
            at: 0,
            hash: 0,
            line: 0,
            at_line_start: true,
            after_cr: false,
            emit,
        }
    }

    /// Takes in one unit of the text; false when the caller wants no more.
    fn read(&mut self, unit: u16) -> bool {
        // As upstream: white space between a CR and an LF ends the pair, so "\r \n" is two line breaks.
        let joined = self.after_cr && unit == LF;
        self.after_cr = unit == CR;
        if unit == SPACE || unit == TAB || joined {
            return true;
        }
        let unit = if unit == CR { LF } else { unit };
        if !self.flush_place() {
            return false;
        }
        if self.at_line_start {
            self.line += 1;
            self.starts[self.at] = self.line;
        }
        self.at_line_start = unit == LF;
        self.push(unit);
        true
    }

    /// Ends the text and hands out the lines still waiting.
    fn finish(&mut self) {
        if !self.read(END) {
            return;
        }
        for _ in 0..WINDOW {
            if !self.flush_place() {
                return;
            }
            self.push(0);
        }
    }

    /// Hands out the line whose start is about to leave the window, if one is.
    fn flush_place(&mut self) -> bool {
        let line = std::mem::take(&mut self.starts[self.at]);
        line == 0 || (self.emit)(line, self.hash)
    }

    fn push(&mut self, unit: u16) {
        let leaving = std::mem::replace(&mut self.window[self.at], unit);
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(LEAVING.wrapping_mul(u64::from(leaving)));
        self.at = (self.at + 1) % WINDOW;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn all(text: &str) -> Vec<String> {
        let lines: Vec<u64> = (1..=20).collect();
        let got = line_hash(text.as_bytes(), &lines);
        assert!(
            got.iter().enumerate().all(|(i, (line, _))| *line == i as u64 + 1),
            "lines come in order, none missing"
        );
        got.into_iter().map(|(_, hash)| hash).collect()
    }

    proptest::proptest! {
        #[test]
        fn a_line_alone_has_the_hash_that_it_has_in_the_run_over_all_lines(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![&b"a"[..], b"bc d", b"\nlike one", b"\n  like one", b"\nlike one\tmore", b"\t ", b"\n", b"\n\n", b"\xff", b"\xe2\x82", b"\xc3", b"\xc3\xa9", b"\xf0\x9f\x98\x80",
                    b"0123456789012345678901234567890123456789012345678901234567890123456789"]), 0..40),
        ) {
            let bytes = pieces.concat();
            let mut hashes = Vec::new();
            each_line(&bytes, |_, hash| {
                hashes.push(hash);
                true
            });
            let wanted: Vec<u64> = (1..=hashes.len() as u64).collect();
            // Many lines at a time say what one run over all lines says.
            let mut seen = BTreeMap::new();
            let counted = hashes.iter().zip(1u64..).map(|(hash, line)| {
                let count = seen.entry(*hash).and_modify(|n| *n += 1).or_insert(1u64);
                (line, format!("{hash:x}:{count}"))
            });
            let counted: Vec<(u64, String)> = counted.collect();
            proptest::prop_assert_eq!(&many(&bytes, &starts(&bytes, &wanted)).unwrap(), &counted);
            let odd: Vec<u64> = wanted.iter().copied().filter(|line| line % 2 == 1).collect();
            let some: Vec<(u64, String)> = counted.iter().filter(|(line, _)| odd.contains(line)).cloned().collect();
            proptest::prop_assert_eq!(many(&bytes, &starts(&bytes, &odd)).unwrap(), some);
            let alone: Vec<u64> = starts(&bytes, &wanted).into_iter().map(|(_, at)| window_hash(&bytes[at..]).unwrap()).collect();
            proptest::prop_assert_eq!(&alone, &hashes);
            // A few lines at a time say the same as all at once.
            let (many, mut counts) = (hashes, BTreeMap::new());
            for (at, hash) in many.iter().enumerate() {
                let line = at as u64 + 1;
                let count = counts.entry(*hash).and_modify(|n| *n += 1).or_insert(1u64);
                proptest::prop_assert_eq!(line_hash(&bytes, &[line]), [(line, format!("{hash:x}:{count}"))]);
            }
        }
    }

    #[test]
    fn blanks_without_end_are_no_reason_to_look_again_and_again() {
        // Windows that reach over the blanks are not hashed one by one, and say the same.
        let text = format!("{}{}end of it\n", "abcd\n".repeat(30), " ".repeat(20_000)).repeat(40);
        assert_eq!(window_hash(&text.as_bytes()[25 * 5..]), None);
        let mut all = BTreeMap::new();
        let mut wanted = BTreeMap::new();
        each_line(text.as_bytes(), |line, hash| {
            let count = all.entry(hash).and_modify(|n| *n += 1).or_insert(1u64);
            wanted.insert(line, format!("{hash:x}:{count}"));
            true
        });
        for line in [1, 5, 29, 31, 600, 1200] {
            assert_eq!(line_hash(text.as_bytes(), &[line]), [(line, wanted[&line].clone())]);
        }
    }

    /// The expected values are upstream's own, from `src/fingerprints.test.ts`.
    #[test]
    fn hashes_equal_those_of_the_upload_step() {
        assert_eq!(all(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            all(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            all(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"),
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ]
        );
    }

    #[test]
    fn every_kind_of_line_break_counts_as_one() {
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(
                all(text),
                [
                    "e9496ae3ebfced30:1",
                    "fb7c023a8b9ccb3f:1",
                    "ce8ba1a563dcdaca:1",
                    "e20e36e16fcb0cc8:1",
                    "b3edc88f2938467e:1",
                    "c8e28b0b4002a3a0:1",
                    "c129715d7a2bc9a3:1",
                ],
                "{text:?}"
            );
        }
    }

    #[test]
    fn equal_lines_are_told_apart_by_their_count() {
        let text = "Lorem ipsum dolor sit amet.\n".repeat(10);
        assert_eq!(
            all(&text),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ]
        );
    }

    #[test]
    fn asking_for_fewer_lines_does_not_change_their_hashes() {
        let text = "Lorem ipsum dolor sit amet.\n".repeat(10);
        let want = vec![(2, "a7f2ff13bc495cf2:2".to_owned()), (8, "a9cf91f7bbf1862b:1".to_owned())];
        assert_eq!(line_hash(text.as_bytes(), &[8, 2, 2, 0, 99]), want);
        assert!(line_hash(text.as_bytes(), &[]).is_empty());
    }

    #[test]
    fn white_space_between_cr_and_lf_makes_two_line_breaks() {
        assert_eq!(all("a\r \nb"), all("a\n\nb"));
        assert_ne!(all("a\r\nb"), all("a\n\nb"));
    }

    /// The definition, computed without a rolling window, over text with astral characters and broken bytes.
    #[test]
    fn the_rolling_sum_equals_the_definition() {
        let bytes = b"\xef\xbb\xbfkey = \xf0\x9f\x94\x91\xf0\x9f\x94\x91\n\xff\xfe\n".repeat(40);
        let mut units: Vec<u16> = String::from_utf8_lossy(&bytes).encode_utf16().collect();
        units.retain(|u| *u != SPACE);
        units.push(END);
        let mut starts = vec![0];
        starts.extend(units.iter().enumerate().filter(|(_, u)| **u == LF).map(|(i, _)| i + 1));
        units.resize(units.len() + WINDOW, 0);
        let wanted: Vec<u64> = (1..=starts.len() as u64).collect();
        let got = line_hash(&bytes, &wanted);
        assert_eq!(got.len(), starts.len());
        for ((_, got), start) in got.iter().zip(starts) {
            let hash =
                units[start..start + WINDOW].iter().fold(0u64, |h, u| h.wrapping_mul(BASE).wrapping_add(u64::from(*u)));
            assert_eq!(got.split(':').next(), Some(format!("{hash:x}").as_str()));
        }
    }
}
