//! The first test of the prefilter for sixteen grams at a time, on machines with AVX2.
//!
//! It asks the same set the same question as [`super::Prefilter::hit`]; positions near the end of a text are left to that.

/// A set of hashes, two bits of one word for each.
pub(super) type Bits = [u32; (1 << super::BITS) / 32];

/// Shorter texts are not worth the question what the machine can do.
#[cfg(target_arch = "x86_64")]
const LEAST: usize = 96;

/// Calls `hit` with every even position of a text whose gram may be a keyword's, in order, and with the four bytes from there, the
/// first of them lowest; until the even position that it returns, which is 0 on other machines and in short texts.
#[inline]
pub(super) fn hits(bits: &Bits, multiplier: u32, text: &[u8], hit: &mut impl FnMut(usize, u32)) -> usize {
    #[cfg(target_arch = "x86_64")]
    if text.len() >= LEAST && std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has AVX2, the only thing that the function asks for.
        return unsafe { avx2::hits(bits, multiplier, text, hit) };
    }
    let _ = (bits, multiplier, text, hit);
    0
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_andnot_si256, _mm256_castsi256_ps, _mm256_i32gather_epi32,
        _mm256_movemask_ps, _mm256_mullo_epi32, _mm256_set_m128i, _mm256_set1_epi32, _mm256_setr_epi8,
        _mm256_shuffle_epi8, _mm256_sllv_epi32, _mm256_srli_epi32,
    };

    use super::Bits;
    use crate::detect::prefilter::{BITS, CUT, WORD};

    /// Bytes whose grams are tested together: many, since few of them have any that is to be looked at, and to tell how many there
    /// are is what the machine guesses wrong.
    const STEP: usize = 64;

    /// Bytes that a step reads: some more than its last gram has, for whole loads.
    const READ: usize = STEP + 8;

    #[target_feature(enable = "avx2")]
    pub(super) fn hits(bits: &Bits, multiplier: u32, text: &[u8], hit: &mut impl FnMut(usize, u32)) -> usize {
        let mut at = 0;
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<READ>) {
            let mut found = tests::<0>(bits, multiplier, block)
                | tests::<16>(bits, multiplier, block) << 8
                | tests::<32>(bits, multiplier, block) << 16
                | tests::<48>(bits, multiplier, block) << 24;
            while found != 0 {
                let from = 2 * found.trailing_zeros() as usize;
                let Some(four) = block.get(from..).and_then(<[u8]>::first_chunk::<4>) else { break };
                hit(at + from, u32::from_le_bytes(*four));
                found &= found - 1;
            }
            at += STEP;
        }
        at
    }

    /// Tests the eight grams at even positions from `FROM` on: a bit for each that the set holds.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn tests<const FROM: usize>(bits: &Bits, multiplier: u32, block: &[u8; READ]) -> u32 {
        const { assert!(FROM + 24 <= READ) };
        // SAFETY: sixteen bytes each from `FROM` and eight bytes further are inside the block.
        let bytes = unsafe {
            let from = block.as_ptr().add(FROM);
            _mm256_set_m128i(_mm_loadu_si128(from.add(8).cast()), _mm_loadu_si128(from.cast()))
        };
        let order = _mm256_setr_epi8(
            0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9,
        );
        let grams = _mm256_and_si256(_mm256_shuffle_epi8(bytes, order), _mm256_set1_epi32(CUT.cast_signed()));
        let hashes = _mm256_mullo_epi32(grams, _mm256_set1_epi32(multiplier.cast_signed()));
        let word = _mm256_srli_epi32::<{ (32 - BITS + WORD) as i32 }>(hashes);
        // SAFETY: the set has as many words as the bits of a hash that choose one can count.
        let words: __m256i = unsafe { _mm256_i32gather_epi32::<4>(bits.as_ptr().cast(), word) };
        // The bits that a hash names, each moved to the top.
        let last = _mm256_set1_epi32(31);
        let one = _mm256_andnot_si256(_mm256_srli_epi32::<{ (32 - BITS) as i32 }>(hashes), last);
        let other = _mm256_andnot_si256(_mm256_srli_epi32::<{ (32 - BITS - WORD) as i32 }>(hashes), last);
        let both = _mm256_and_si256(_mm256_sllv_epi32(words, one), _mm256_sllv_epi32(words, other));
        _mm256_movemask_ps(_mm256_castsi256_ps(both)).cast_unsigned()
    }
}
