//! Deltas of packs: a list of "copy this range of the base" and "insert these bytes"
//! (<https://git-scm.com/docs/pack-format#_deltified_representation>).

use crate::model::Stretch;

/// Most parts that are told apart. An instruction of two bytes may make one of sixteen times that size; git itself makes deltas of
/// a few parts.
const MAX_RUNS: usize = 1 << 16;

/// A number as delta headers write it: seven bits a byte, lowest first.
fn number(delta: &[u8], at: &mut usize) -> Option<usize> {
    let (mut value, mut shift) = (0usize, 0u32);
    loop {
        let byte = *delta.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < usize::BITS)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

/// Sizes of the base and of the object that a delta makes of it; `None` when the delta is cut.
#[must_use]
pub fn sizes(delta: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    Some((number(delta, &mut at)?, number(delta, &mut at)?))
}

/// Makes the object of its base and a delta, into `out`, and says in `runs` where each part came from; behind very many parts
/// the rest is one that is called new. `None` when the delta does not fit the base; `out` then holds no object.
pub fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>, runs: &mut Vec<Stretch>) -> Option<()> {
    out.clear();
    runs.clear();
    let mut at = 0;
    let from_size = number(delta, &mut at)?;
    let size = number(delta, &mut at)?;
    if from_size != base.len() {
        return None;
    }
    out.reserve(size);
    while let Some(op) = delta.get(at).copied() {
        at += 1;
        let to = out.len();
        let run = if op & 0x80 != 0 {
            let mut field = |bits: u8, first: u8| {
                (0..bits).try_fold(0usize, |value, i| {
                    if op & (first << i) == 0 {
                        return Some(value);
                    }
                    let byte = *delta.get(at)?;
                    at += 1;
                    Some(value | usize::from(byte) << (8 * i))
                })
            };
            let from = field(4, 1)?;
            let len = match field(3, 0x10)? {
                0 => 0x1_0000,
                len => len,
            };
            out.extend_from_slice(base.get(from..from.checked_add(len)?)?);
            Stretch { to, len, from: Some(from) }
        } else {
            // Zero is reserved.
            let len = usize::from(op);
            if len == 0 {
                return None;
            }
            out.extend_from_slice(delta.get(at..at + len)?);
            at += len;
            Stretch { to, len, from: None }
        };
        if out.len() > size {
            return None;
        }
        // What is called new is looked at, wherever it came from.
        let run = if runs.len() < MAX_RUNS { run } else { Stretch { from: None, ..run } };
        match runs.last_mut() {
            Some(last) if joins(last, &run) => last.len += run.len,
            _ => runs.push(run),
        }
    }
    (out.len() == size).then_some(())
}

/// Whether a run continues another.
fn joins(last: &Stretch, run: &Stretch) -> bool {
    match (last.from, run.from) {
        (None, None) => true,
        (Some(a), Some(b)) => a + last.len == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn copies_and_inserts_make_the_object_and_neighbours_join() {
        let base = b"0123456789";
        // 10 → 13: copy 0..4, copy 4..6, insert "abc", copy 6..10.
        let delta = [10, 13, 0x90, 4, 0x91, 4, 2, 3, b'a', b'b', b'c', 0x91, 6, 4];
        let (mut out, mut runs) = (Vec::new(), Vec::new());
        apply(base, &delta, &mut out, &mut runs).unwrap();
        assert_eq!(out, b"012345abc6789");
        let run = |to, len, from| Stretch { to, len, from };
        assert_eq!(runs, [run(0, 6, Some(0)), run(6, 3, None), run(9, 4, Some(6))]);
        assert_eq!(sizes(&delta), Some((10, 13)));
    }

    #[test]
    fn parts_took_sixteen_times_the_room_of_the_delta() {
        let base = b"0123456789";
        // Every second byte of the base, again and again.
        let count = 4 * MAX_RUNS;
        let numbers = [10, 0x80 | (count & 0x7f) as u8, 0x80 | (count >> 7 & 0x7f) as u8, (count >> 14) as u8];
        let ops = (0..count).flat_map(|i| [0x91, (i % 5 * 2) as u8, 1]);
        let delta: Vec<u8> = numbers.into_iter().chain(ops).collect();
        let (mut out, mut runs) = (Vec::new(), Vec::new());
        apply(base, &delta, &mut out, &mut runs).unwrap();
        assert_eq!(out.len(), count);
        assert_eq!(runs.len(), MAX_RUNS + 1);
        // The parts are the whole object, without holes, and those that are called copies are.
        let mut at = 0;
        for run in &runs {
            assert_eq!(run.to, at);
            at += run.len;
            if let Some(from) = run.from {
                assert_eq!(out[run.to..at], base[from..from + run.len]);
            }
        }
        assert_eq!((at, runs.last().unwrap().from), (count, None));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let base = b"0123456789";
        let (mut out, mut runs) = (Vec::new(), Vec::new());
        let good = [10, 13, 0x90, 4, 0x91, 4, 2, 3, b'a', b'b', b'c', 0x91, 6, 4];
        for cut in 0..good.len() {
            assert_eq!(apply(base, &good[..cut], &mut out, &mut runs), None, "{cut}");
        }
        for bad in [
            &[9, 4, 0x90, 4][..], // another base
            &[10, 4, 0x91, 8, 4], // over its end
            &[10, 3, 0x90, 4],    // longer than said
            &[10, 1, 0],          // the reserved instruction
            &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert_eq!(apply(base, bad, &mut out, &mut runs), None, "{bad:?}");
        }
    }
}
