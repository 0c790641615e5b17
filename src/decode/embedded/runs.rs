//! Runs of base64 and hexadecimal: found sixteen bytes at a time, refused by their first 12 bytes.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::printable::{is_text, may_begin};
use super::{Budget, Encoding, Entry, LEAST, Layer, Map};
use crate::model::Span;

/// Shortest run of base64 that is looked at where nothing says that it is one: two blocks, so that it covers a whole one.
const LEAST_BASE64: usize = 32;

/// Shortest run of hexadecimal digits: sixteen bytes.
const LEAST_HEX: usize = 32;

/// Characters of base64 that are decoded to tell whether a run may be text.
const PROBE: usize = 16;

/// A wrapped line has at least as many characters; shorter ones are words below each other.
const LEAST_LINE: usize = 40;

/// Most bytes before a place that are looked through for the beginning of its run.
const BACK: usize = 64 << 10;

/// What stands in the place of a value for characters outside both alphabets.
const NONE: u8 = 0xff;

/// The values of the characters of both alphabets.
static VALUES: [u8; 256] = {
    let mut table = [NONE; 256];
    let letters = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < 64 {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

fn value(byte: u8) -> u8 {
    VALUES[usize::from(byte)]
}

fn is_in(byte: u8) -> bool {
    value(byte) != NONE
}

/// The layers of a text's runs, but for those that are the values of a Secret.
pub(super) fn find(text: &[u8], entries: &[Entry], budget: &mut Budget, found: &mut Vec<Layer>) {
    let mut from = 0;
    while let Some(run) = next(text, from) {
        from = run.end;
        if entries.iter().any(|e| e.value.overlaps(run)) {
            continue;
        }
        if let Some(layer) = read(text, run, budget) {
            from = from.max(layer.map.all().end);
            found.push(layer);
        }
    }
}

/// The next run that is long enough. Such a run covers a whole block of sixteen bytes, wherever it begins, and most blocks hold a
/// space, a dot, or a mark that comes before all characters of a run: nothing but that is looked for until one does not.
fn next(text: &[u8], from: usize) -> Option<Span> {
    let mut at = from;
    for block in text.get(from..)?.as_chunks::<16>().0 {
        at += 16;
        // Asked of all bytes at once, which is a few instructions; names of packages have no space, but dots.
        let any_other = block.iter().fold(false, |any, b| any | (*b < b'+') | (*b == b'.'));
        if !any_other && is_all_in(block) {
            let lead = text.get(from..at - 16)?.iter().rev().take_while(|b| is_in(**b)).count();
            let more = text.get(at..)?.iter().take_while(|b| is_in(**b)).count();
            let run = Span::new(at - 16 - lead, at + more);
            if run.len() >= LEAST_BASE64 {
                return Some(run);
            }
        }
    }
    None
}

/// Whether a block holds nothing but characters of both alphabets: told for all at once, without a table. How far a byte is from each
/// kind is a number that is 0 within it, so that the machine needs no comparisons.
fn is_all_in(block: &[u8; 16]) -> bool {
    let farthest = block.iter().fold(0u8, |farthest, b| {
        let letter = (b | 0x20).wrapping_sub(b'a').saturating_sub(25);
        let digit = b.wrapping_sub(b'0').saturating_sub(9);
        let mark = (b ^ b'+').min(b ^ b'/').min(b ^ b'-').min(b ^ b'_');
        farthest.max(letter.min(digit).min(mark))
    });
    farthest == 0
}

/// Kinds of characters that a run has.
const NO_HEX: u8 = 1;
const UPPER: u8 = 2;
const PLUS: u8 = 4;
const DASH: u8 = 8;

static KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 0x80 {
        table[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'f' => 0,
            b'A'..=b'F' => UPPER,
            b'G'..=b'Z' => UPPER | NO_HEX,
            b'+' | b'/' => PLUS | NO_HEX,
            b'-' | b'_' => DASH | NO_HEX,
            _ => NO_HEX,
        };
        byte += 1;
    }
    table
};

/// What a run is, if anything.
fn read(text: &[u8], run: Span, budget: &mut Budget) -> Option<Layer> {
    let bytes = run.of(text);
    let kinds = bytes.iter().fold(0, |kinds, b| kinds | KINDS[usize::from(*b)]);
    if kinds & NO_HEX == 0 {
        return hex(bytes, run.start, budget);
    }
    if let Some(digits) = bytes.strip_prefix(b"0x").filter(|d| d.iter().all(u8::is_ascii_hexdigit)) {
        return hex(digits, run.end - digits.len(), budget);
    }
    // Identifiers and paths: base64 of any length has capitals.
    if kinds & UPPER == 0 || is_picture(text, run) {
        return None;
    }
    // No encoder writes both alphabets.
    if kinds & (PLUS | DASH) != PLUS | DASH && may_be_text(bytes) {
        let layer = base64(text, run, budget);
        if layer.is_some() {
            return layer;
        }
    }
    if kinds & (PLUS | DASH) == 0 {
        return None;
    }
    // A path or a name before it.
    let mut at = run.start;
    for part in bytes.split(|b| matches!(b, b'-' | b'_' | b'+' | b'/')) {
        let span = Span::new(at, at + part.len());
        at = span.end + 1;
        if part.len() >= LEAST_BASE64 && may_be_text(part) {
            let layer = base64(text, span, budget);
            if layer.is_some() {
                return layer;
            }
        }
    }
    None
}

/// The first bytes of a run tell whether it can be text, or a gzip stream.
fn may_be_text(run: &[u8]) -> bool {
    let mut head = [0u8; PROBE / 4 * 3];
    for (quad, out) in run.chunks_exact(4).zip(head.chunks_exact_mut(3)) {
        let bits = quad.iter().fold(0u32, |bits, c| bits << 6 | u32::from(value(*c) & 63));
        out.copy_from_slice(&bits.to_be_bytes()[1..]);
        // Most runs are refused here, at their first character.
        if out[0] >= 0x80 && out[0] < 0xc2 {
            return false;
        }
    }
    let read = head.len().min(run.len() / 4 * 3);
    is_gzip(&head) || head.get(..read).is_some_and(may_begin)
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 8])
}

/// A `data:` URI of a picture, a font, a sound, or a source map: nobody keeps a secret there, and there are many.
fn is_picture(text: &[u8], run: Span) -> bool {
    let before = text.get(run.start.saturating_sub(160)..run.start).unwrap_or_default();
    let Some(head) = before.strip_suffix(b";base64,") else { return false };
    let Some(at) = memchr::memmem::rfind(head, b"data:") else { return false };
    let kind = head.get(at + 5..).unwrap_or_default().to_ascii_lowercase();
    let kinds: [&[u8]; 9] = [
        b"image/",
        b"font/",
        b"audio/",
        b"video/",
        b"application/font",
        b"application/x-font",
        b"application/vnd.ms-font",
        b"application/wasm",
        b"application/pdf",
    ];
    kinds.iter().any(|k| kind.starts_with(k)) || head.get(..at).is_some_and(|h| h.ends_with(b"sourceMappingURL="))
}

/// The lines of a run that is wrapped, each without what stands between them, and where the last of its padding ends.
fn lines(text: &[u8], run: Span) -> (Vec<Span>, usize) {
    let mut lines = vec![run];
    let mut end = padded(text, run.end);
    let length = run.len();
    let mut last = run;
    while last.len() == length && length >= LEAST_LINE && end == last.end {
        let Some(gap) = text.get(end..).and_then(line_break) else { break };
        let start = end + gap;
        let rest = text.get(start..text.len().min(start + length + 1)).unwrap_or_default();
        let more = rest.iter().position(|b| !is_in(*b)).unwrap_or(rest.len());
        let line = Span::new(start, start + more);
        let behind = text.get(start + more);
        let ends = behind.is_none_or(|b| matches!(b, b'\n' | b'\r' | b'=' | b'"' | b'\'' | b'<' | b'\\'));
        // The last line is shorter, and no word: those have something else behind them.
        if more == 0 || more > length || more % 4 == 1 || !ends {
            break;
        }
        lines.push(line);
        last = line;
        end = padded(text, line.end);
    }
    (lines, end)
}

/// Where the padding behind a place ends.
fn padded(text: &[u8], at: usize) -> usize {
    at + text.get(at..).unwrap_or_default().iter().take(2).take_while(|b| **b == b'=').count()
}

/// The length of a line break with the indentation behind it, as it is or escaped in a string.
fn line_break(text: &[u8]) -> Option<usize> {
    let escaped = [&b"\\r\\n"[..], b"\\n"].into_iter().find(|e| text.starts_with(e));
    if let Some(escaped) = escaped {
        return Some(escaped.len());
    }
    let broken = [&b"\r\n"[..], b"\n"].into_iter().find(|e| text.starts_with(e))?;
    let indent = text.get(broken.len()..)?.iter().take(64).take_while(|b| matches!(b, b' ' | b'\t')).count();
    Some(broken.len() + indent)
}

/// A run of base64 whose beginning may be text.
fn base64(text: &[u8], run: Span, budget: &mut Budget) -> Option<Layer> {
    let (lines, end) = lines(text, run);
    let mut map = Map::new(6);
    let mut unit = 0;
    for line in &lines {
        map.run(unit, line.start, line.end);
        unit += line.len();
    }
    let chars = || lines.iter().flat_map(|line| line.of(text));
    let decoded = decode(chars(), unit);
    let outer = Span::new(run.start, end);
    if is_gzip(&decoded) {
        return gunzip(&decoded, outer, budget);
    }
    if !is_text(&decoded) || !budget.take(decoded.len()) {
        return None;
    }
    Some(Layer { text: decoded, encoding: Encoding::Base64, map })
}

/// The bytes of characters; a last character that is no byte is left out.
fn decode<'t>(chars: impl Iterator<Item = &'t u8>, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count * 3 / 4 + 1);
    let (mut bits, mut held) = (0u32, 0);
    for c in chars {
        bits = bits << 6 | u32::from(value(*c) & 63);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}

/// A gzip stream, as far as it can be read.
fn gunzip(bytes: &[u8], outer: Span, budget: &mut Budget) -> Option<Layer> {
    let most = budget.left as u64;
    let mut text = Vec::new();
    // What was read before an error is as good as ever: the stream may have been cut.
    let _ = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut text);
    if !budget.take(text.len()) {
        return None;
    }
    is_text(&text).then(|| Layer { text, encoding: Encoding::Gzip, map: Map::opaque(outer) })
}

/// A run of hexadecimal digits.
fn hex(digits: &[u8], start: usize, budget: &mut Budget) -> Option<Layer> {
    if digits.len() < LEAST_HEX || digits.len() % 2 == 1 {
        return None;
    }
    let byte = |pair: &[u8]| pair.iter().fold(0u8, |n, d| n << 4 | (*d as char).to_digit(16).unwrap_or(0) as u8);
    let head: Vec<u8> = digits.chunks_exact(2).take(12).map(byte).collect();
    if !may_begin(&head) {
        return None;
    }
    let text: Vec<u8> = digits.chunks_exact(2).map(byte).collect();
    if !is_text(&text) || !budget.take(text.len()) {
        return None;
    }
    let mut map = Map::new(4);
    map.run(0, start, start + digits.len());
    Some(Layer { text, encoding: Encoding::Hex, map })
}

/// The value of a Secret under its name, as an assignment that detectors can read; several lines stand for themselves.
pub(super) fn named(text: &[u8], entry: &Entry, budget: &mut Budget) -> Option<Layer> {
    let bytes = entry.value.of(text);
    let mut map = Map::new(6);
    let (mut unit, mut at) = (0, entry.value.start);
    for part in bytes.split(|b| b.is_ascii_whitespace()) {
        let part_end = at + part.len();
        let chars = part.iter().take_while(|b| is_in(**b)).count();
        if chars > 0 {
            map.run(unit, at, at + chars);
            unit += chars;
        }
        at = part_end + 1;
    }
    if unit < LEAST {
        return None;
    }
    let decoded = decode(bytes.iter().filter(|b| is_in(**b)), unit);
    if is_gzip(&decoded) {
        return gunzip(&decoded, entry.value, budget);
    }
    if !is_text(&decoded) || !budget.take(decoded.len() + entry.name.len() + 4) {
        return None;
    }
    let plain = decoded.trim_ascii_end();
    let quote =
        [b'"', b'\''].into_iter().find(|q| !plain.contains(q) && !plain.contains(&b'\n') && !plain.contains(&b'\\'));
    let Some(quote) = quote else { return Some(Layer { text: decoded, encoding: Encoding::Base64, map }) };
    let lead = [entry.name.of(text), b": ", &[quote]].concat();
    let text = [&lead, plain, &[quote]].concat();
    Some(Layer { text, encoding: Encoding::Base64, map: map.with_lead(lead.len()) })
}

/// What a run may be made of, with what stands between its lines.
fn is_part(byte: u8) -> bool {
    is_in(byte) || byte.is_ascii_whitespace() || matches!(byte, b'=' | b'\\')
}

/// Where the run begins that may reach into a place.
pub(super) fn beginning(text: &[u8], at: usize) -> usize {
    let low = at.saturating_sub(BACK);
    let before = text.get(low..at).unwrap_or_default();
    before.iter().rposition(|b| !is_part(*b)).map_or(low, |i| low + i + 1)
}

/// Where it ends.
pub(super) fn end(text: &[u8], at: usize) -> usize {
    let behind = text.get(at..text.len().min(at + BACK)).unwrap_or_default();
    at + behind.iter().position(|b| !is_part(*b)).unwrap_or(behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_told_as_the_table_tells_its_bytes() {
        for byte in 0..=u8::MAX {
            for at in 0..16 {
                let mut block = *b"Az09+/-_mNop5xyZ";
                block[at] = byte;
                assert_eq!(is_all_in(&block), is_in(byte), "{byte} {at}");
            }
        }
    }
}
