//! Cells of Jupyter notebooks, source and outputs: lines that stand in strings of JSON, read as the lines that they are.
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Budget, Encoding, Layer, Map};
use crate::model::{Family, PathClass, Span};

/// The keys under which lines stand: sources, streams, results, errors.
const KEYS: [&[u8]; 5] = [b"\"source\"", b"\"text\"", b"\"text/plain\"", b"\"text/html\"", b"\"traceback\""];

/// The layers of a notebook, one for every list of lines.
pub(super) fn find(text: &[u8], class: &PathClass, budget: &mut Budget, found: &mut Vec<Layer>) {
    static FORMAT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"nbformat\""));
    if class.family != Family::Json || FORMAT.find(text).is_none() {
        return;
    }
    for key in KEYS {
        for at in memchr::memmem::find_iter(text, key) {
            if let Some(layer) = lines(text, at + key.len()).filter(|l| budget.take(l.text.len())) {
                found.push(layer);
            }
        }
    }
}

/// The strings of a list behind its key, or the one string, as one text.
fn lines(text: &[u8], at: usize) -> Option<Layer> {
    let space =
        |at: usize| at + text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = space(at);
    if text.get(at) != Some(&b':') {
        return None;
    }
    at = space(at + 1);
    let is_list = text.get(at) == Some(&b'[');
    if is_list {
        at = space(at + 1);
    }
    let (mut out, mut map) = (Vec::new(), Map::new(8));
    while text.get(at) == Some(&b'"') {
        let end = string(text, at + 1, &mut out, &mut map)?;
        at = space(end + 1);
        if !is_list || text.get(at) != Some(&b',') {
            break;
        }
        at = space(at + 1);
        // What stands between two lines is part of neither.
        map.unit(out.len(), Span::new(end, at + 1));
    }
    (!out.is_empty()).then_some(Layer { text: out, encoding: Encoding::Notebook, map })
}

/// Reads a string that begins here; gives where its closing quote stands.
fn string(text: &[u8], from: usize, out: &mut Vec<u8>, map: &mut Map) -> Option<usize> {
    let mut at = from;
    loop {
        let plain = memchr::memchr3(b'"', b'\\', b'\n', text.get(at..)?)?;
        if plain > 0 {
            map.run(out.len(), at, at + plain);
            out.extend_from_slice(text.get(at..at + plain)?);
            at += plain;
        }
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => {}
            // A string of JSON ends on its line.
            _ => return None,
        }
        let (c, length) = match text.get(at + 1)? {
            b'n' => ('\n', 2),
            b't' => ('\t', 2),
            b'r' => ('\r', 2),
            b'u' => {
                let digits = std::str::from_utf8(text.get(at + 2..at + 6)?).ok()?;
                let number = u32::from_str_radix(digits, 16).ok()?;
                // Halves of a pair are no characters, and nothing that is looked for.
                (char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
            }
            other => (char::from(*other), 2),
        };
        map.unit(out.len(), Span::new(at, at + length));
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        at += length;
    }
}
