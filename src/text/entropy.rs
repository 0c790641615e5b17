//! How random a value looks.

/// Shannon entropy of the bytes, in bits a byte; 0 for no bytes.
#[must_use]
pub fn shannon(bytes: &[u8]) -> f32 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0u32; 256];
    for b in bytes {
        counts[usize::from(*b)] += 1;
    }
    let n = bytes.len() as f32;
    counts.iter().filter(|c| **c > 0).map(|c| *c as f32 / n).map(|p| -p * p.log2()).sum()
}

/// Letter pairs that are common within English words and identifiers.
const COMMON_PAIRS: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le \
    ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr \
    ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia \
    am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov \
    by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr \
    eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn \
    nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik \
    dd pt rp ah xi xa xc az za ja";

/// The share of neighbouring letter pairs that are rare in words, 0–1, over runs of letters in the value; `None` when
/// there are fewer than four such pairs, because then nothing can be said.
#[must_use]
pub fn rare_pairs(bytes: &[u8]) -> Option<f32> {
    pairs(bytes).map(|(all, rare)| rare as f32 / all as f32)
}

/// How many neighbouring letter pairs there are, at least four, and how many of them are rare in words.
fn pairs(bytes: &[u8]) -> Option<(u32, u32)> {
    let (mut all, mut rare) = (0u32, 0u32);
    for pair in bytes.windows(2) {
        if pair.iter().all(u8::is_ascii_alphabetic) {
            // A change from lower to upper case starts a new word in identifiers.
            if pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase() {
                continue;
            }
            all += 1;
            rare += u32::from(!is_common([pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase()]));
        }
    }
    (all >= 4).then_some((all, rare))
}

/// True when a value reads like words: so many of its letter pairs are common ones that chance makes it of fewer than one
/// random value in a hundred. Digits and the letters of hexadecimal numbers are never words.
#[must_use]
pub fn reads_like_words(bytes: &[u8]) -> bool {
    let hexadecimal = bytes.iter().all(u8::is_ascii_hexdigit) && bytes.iter().any(u8::is_ascii_digit);
    if hexadecimal {
        return false;
    }
    // Half of the pairs of random letters are common ones.
    let Some((all, rare)) = pairs(bytes) else { return false };
    match all {
        0..8 => false,
        8..11 => rare == 0,
        11..14 => rare <= 1,
        14..17 => rare <= 2,
        _ => f64::from(rare) < f64::from(all) * 0.22,
    }
}

/// About how many bits a guesser needs: letters that read like words count little, all else by the kinds of characters.
#[must_use]
pub fn guess_bits(bytes: &[u8]) -> f32 {
    let has = |of: fn(&u8) -> bool| bytes.iter().any(of);
    let size =
        [(has(u8::is_ascii_lowercase), 26.0), (has(u8::is_ascii_uppercase), 26.0), (has(u8::is_ascii_digit), 10.0)];
    let marks = bytes.iter().any(|b| !b.is_ascii_alphanumeric());
    let size: f32 = size.iter().filter(|(is, _)| *is).map(|(_, n)| n).sum::<f32>() + if marks { 20.0 } else { 0.0 };
    let each = size.max(2.0).log2();
    let mut bits = 0.0;
    for run in bytes.chunk_by(|a, b| a.is_ascii_alphabetic() == b.is_ascii_alphabetic()) {
        let wordy = run.len() >= 3 && run[0].is_ascii_alphabetic() && rare_pairs(run).is_none_or(|r| r < 0.2);
        let repeats = run.windows(2).filter(|w| w[1] == w[0] || w[1] == w[0].wrapping_add(1)).count();
        bits += if wordy { 1.5 * run.len() as f32 } else { each * (run.len() - repeats) as f32 };
    }
    bits
}

fn is_common(pair: [u8; 2]) -> bool {
    const TABLE: [u32; 26] = table();
    let [a, b] = pair.map(|c| usize::from(c - b'a'));
    TABLE[a] >> b & 1 != 0
}

const fn table() -> [u32; 26] {
    let mut table = [0u32; 26];
    let text = COMMON_PAIRS.as_bytes();
    let mut i = 0;
    while i + 1 < text.len() {
        if text[i].is_ascii_lowercase() && text[i + 1].is_ascii_lowercase() {
            table[(text[i] - b'a') as usize] |= 1 << (text[i + 1] - b'a');
            i += 2;
        } else {
            i += 1;
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_few_rare_pairs_and_random_letters_many() {
        assert!(rare_pairs(b"ReplicationControllerManager").is_some_and(|r| r < 0.2));
        assert!(rare_pairs(b"some_password_from_environment").is_some_and(|r| r < 0.2));
        assert!(rare_pairs(b"xkqzvwbtrjpmhgfdqx").is_some_and(|r| r > 0.5));
        assert_eq!(rare_pairs(b"12345678"), None);
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert!(shannon(b"aaaa").abs() < 1e-6);
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-6);
        assert!(shannon(b"").abs() < 1e-6);
    }
}
