//! Finds every occurrence of every keyword in one pass.
//!
//! The pass tests four bytes, each cut to five bits, at every second position against a set that stays in the first-level cache; only
//! where the set has them are the keywords compared that can stand there. Each keyword is represented by two grams, one of them at
//! an even position wherever the keyword stands: the rarest of either parity. A short keyword has no gram of each parity to itself:
//! it is represented by its own three bytes with every byte that may stand before or behind them. The pass is exact: a keyword is reported
//! wherever it stands, but where what stands around it says that it does not count.

#[allow(unsafe_code)]
mod simd;

use std::collections::HashMap;

use crate::rules::reach::{Around, Bytes};

/// The set has two to this many bits.
const BITS: u32 = 17;

/// Bits of a hash that name one of the bits of a word of the set.
const WORD: u32 = 5;

/// What counts of the four bytes of a gram: letters of both cases are the same, and so are some marks and digits. More bits would
/// tell more of them apart, but then a byte of which nothing is known would stand for more grams.
const CUT: u32 = 0x1f1f_1f1f;

/// Folds ASCII letters: sets bit 5, which also joins a few punctuation marks; the comparison afterwards is exact.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Bits of the hash that chooses what is compared.
const BUCKETS: u32 = 12;

/// A keyword to look for, seen from one of its grams.
#[derive(Debug, Clone)]
struct Word {
    /// The text; in lower case when compared without case.
    text: Box<[u8]>,
    exact: bool,
    /// Where what can stand around it is told.
    around: u16,
    /// Where it starts, from a place: before that by as many bytes, or one byte behind it.
    back: isize,
    /// Its first eight bytes, folded, those behind its end zero.
    head: u64,
    /// Which bits of `head` count.
    mask: u64,
    /// What it stands for.
    id: u32,
}

/// A keyword to look for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// The keyword.
    pub text: &'a str,
    /// Whether case counts.
    pub exact: bool,
    /// What it stands for.
    pub id: u32,
    /// What can stand around it where it counts.
    pub around: Around,
}

/// The bytes before and behind a text, where it is part of another one.
pub type Beside = (Option<u8>, Option<u8>);

/// The compiled set of keywords.
#[derive(Debug)]
pub struct Prefilter {
    bits: Box<simd::Bits>,
    /// Keywords that are known by all bytes of their gram.
    whole: Buckets,
    /// Those that are known by its first three.
    early: Buckets,
    /// Those that are known by its last three.
    late: Buckets,
    /// What can stand around keywords, each kind once; the first is anything, for what does not find room.
    around: Vec<Around>,
    multiplier: u32,
}

/// Keywords by the hash of three or four folded bytes.
#[derive(Debug)]
struct Buckets {
    /// For each hash a bit for each of eight kinds of bytes, which a few bits more of the hash tell.
    kinds: Box<[u8; 1 << BUCKETS]>,
    words: Vec<Word>,
    /// Where the words of each hash start; one more at the end.
    starts: Box<[u32]>,
}

impl Buckets {
    /// Of the folded bytes and the words.
    fn new(words: Vec<(u32, Word)>) -> Self {
        let mut kinds = Box::new([0; 1 << BUCKETS]);
        for (bytes, _) in &words {
            let (bucket, kind) = bucket(*bytes);
            kinds[bucket] |= kind;
        }
        let mut words: Vec<(usize, Word)> = words.into_iter().map(|(bytes, word)| (bucket(bytes).0, word)).collect();
        // What is cut to the same beginning may stand in several surroundings.
        let order = |(a, one): &(usize, Word), (b, other): &(usize, Word)| {
            let rest = |word: &Word| (word.id, word.back, word.around);
            (a, &one.text, rest(one)).cmp(&(b, &other.text, rest(other)))
        };
        words.sort_by(order);
        words.dedup_by(|a, b| order(a, b).is_eq());
        let start = |bucket: usize| words.partition_point(|(h, _)| *h < bucket) as u32;
        let starts = (0..=(1 << BUCKETS)).map(start).collect();
        Self { kinds, words: words.into_iter().map(|(_, w)| w).collect(), starts }
    }

    /// Whether any word may be known by these bytes.
    #[inline]
    fn may(&self, bytes: u32) -> bool {
        let (bucket, kind) = bucket(bytes);
        self.kinds[bucket] & kind != 0
    }

    fn of(&self, bytes: u32) -> &[Word] {
        let (bucket, _) = bucket(bytes);
        let (from, to) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        &self.words[from..to]
    }
}

/// The hash of folded bytes, and a bit of the eight that tell more of them apart.
#[inline]
fn bucket(bytes: u32) -> (usize, u8) {
    let hash = bytes.wrapping_mul(0x9E37_79B1);
    ((hash >> (32 - BUCKETS)) as usize, 1 << (hash >> (32 - BUCKETS - 3) & 7))
}

/// The hash of a gram: its first bits choose a word of the set, the next five a bit of that word, and five more a second one.
#[inline]
fn hash(gram: u32, multiplier: u32) -> u32 {
    (gram & CUT).wrapping_mul(multiplier)
}

/// The word of the set that a hash chooses, and its bits that both stand for the gram.
#[inline]
fn bits_of(hash: u32) -> (usize, u32) {
    let bit = |from: u32| 1u32 << (hash >> from & 31);
    ((hash >> (32 - BITS + WORD)) as usize, bit(32 - BITS) | bit(32 - BITS - WORD))
}

#[inline]
fn gram_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(3).enumerate().fold(0, |g, (i, b)| g | (u32::from(b | 0x20) << (8 * i)))
}

/// The most common grams in source text, folded, most common first, three bytes each; line ends mean nothing. Measured once
/// over forty megabytes of public source.
const COMMON: &str = r#"
   *  iontio))) thcon*))ing = the** entest);*he strass reserate {*;* tes coresatiecttertri)* onsertamestarin in,* 
ed forveror licproctissevalcomerr{* on inter  * tur stenddatnamithort}**derreters to  }tortatrt ng andonfnterea as
*** sethinficheporetuistted* *nseode{*)ontfigis   aall.cobleurnequparess anhisset  r deimpif get fo,*)) {se   "def
argileensto iti }*ageata  enewes men or noablmetactexpfilrn  pr;** liwitice isprimpotrurat firec exnotext ofin al 
usepti if  i en tele  a pacoutultlas  psiopreperaaae tartluereq ma}*  nealu**)ndelocic ", cur)**// nalcla)*):*   c
cen.*   sstealsunce aquepecnt   #aree, achypetyp---corrroof ackmpler.texrtiock)}*oreecohttttpte rorurl wirceselfun
inatraourullst nd erelin ca": ranordtopthoeadmatredcate s  $ideapporgnd*key # tin",*uestimre ew imealipats aust pa
},*nstineivefin vaan liscop))}e* indncesouurcroutchlsepliiteainmodworize beonersiadde ierv*im  tins tr ==cesasemes
));"*   d: ", sram===f tn tt o  {ntssto*/*= nath clt, e lesplie  *;*)angelfntitrecalnnes tsinns aile cs, logtenopt
icas =autherute un doorm== erirg.rueple, "ope useraot r ttha dicretitompon.manth  ar), picans() putopietaurellots 
spaommlleildcodeat errom())pub://umee fen disublhannerticualireolle =_corenclief e:  cubliiesund  /ace + ssifro  f
ocoorkon(ete:= ribbut :=rub))*onnnulnctdesd tostlesrephatcol menodid gereless t t();plahas locepce letxpe, eienmap
d* taret lateme)reofffoohenodu*)}cha al factoesuses()*tps.getemlecnitgrorunquaboo sot ieptst_ounntrrite oexcancatc
ovectegitspruils ibui.aprresulps:', n a on wher(, tencregs:/ */fal~~~oup pusedaraato;*ias pen moeveat .see()lea/* 
rop, cnec fucars ome ntaesothus()stiom/  .tan nuill= "ibuit symlan imootwartabll vartasulet =dirdinrra itponwhe =>
len haapaden),*ondadendidephubgin $t.reoins->b.catt=> ut tivtaixce*}*om ub.lf.posleddelshoch rtengeigut setheanetr
uct ch.stloa napplmingurqui))rrig$threfjecis-t cbasde trythrrgoask= s **/ru syuti aprvege vidd**youd, ialrovr, t* 
es(hou})*okect t aaulr alermitveninispoefaegisen fr - oadtilbe oviempe rdul leinc vefer1, lid, a ges* eamuntclu po
nines.itynumberts.ernspe/**arruth:  0, t()faustsnat")*riasecffeignriv: { ru) =ese lahar.spoid su_re //antavamerema
= cigh, n}, (co):*ruc shonasonttroryer_###nilvoi  `utoinffac//gs f/gi bu acsupnsiurast.rac opn c simbe.clis.)},ors
e picsampfrar =ly ghtifi)//ricrs.rmas: sizkerg, ssaor(efi by el000non}*)genscrry rt_emons.e)*ena ba rackee netcet(
wridlesumedi_inenesubsagtcocashe.* `dituiromecanjobrttctsne on_");ocahod  lavefsehorremash yonfo)ifffs adld objool
vatkaf))tmocuppubo {}boce dnt(aried_sch' =ivave fiele_ppefaio* g.se eafkfka= {mma sporierm  nnsutieelsttecridoc ta
d ble.rl_anant., rgised.rain i  m nirs e;*bac, 1().  vr itomte((segrahec, 0, patutro wackan, headiacoung.e.*d ae w
nedeckhem, 'l, shabje_stdexotelowoulissuld)) (htmewncoanyesc, {panxpr crrocast we, f },rgslemepleworsen ss.sjavs n
owns s= tou fixn =ann->a bo))aadareededtadar unioncise(*  /*pol.**eci htle(.tongflumrayeprpoi, i(rearsepoong ause(
g.a "slon, of (*// "aay = r(styterde
"#;

/// The grams of [`COMMON`] with their rank.
fn common() -> impl Iterator<Item = (usize, u32)> {
    let mut bytes = COMMON.bytes().filter(|b| *b != b'\n');
    let grams = std::iter::from_fn(move || Some([bytes.next()?, bytes.next()?, bytes.next()?]));
    grams.map(|g| gram_of(&g)).enumerate()
}

/// How common a folded byte is in source text, in rough per mille: what makes one gram rarer than another.
fn commonness(byte: u8) -> u64 {
    match byte | 0x20 {
        b' ' => 180,
        b'e' => 75,
        b't' => 60,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 45,
        b'*' | b'l' | b'c' => 30,
        b'd' | b'p' | b'u' | b')' => 21,
        b'm' | b'f' | b'.' | b'h' | b'g' => 15,
        b'(' | b'b' | b',' | b'"' | 0x7f => 10,
        b'y' | b'v' | b':' | b'/' | b'{' | b'=' | b'w' | b'}' | b'k' | b'-' | b'x' => 6,
        b'0' | b'1' | b';' | b'\'' | b'>' => 4,
        b'j' | b'q' | b'z' | b'2' | b'#' | b'<' => 2,
        _ => 1,
    }
}

/// Rough occurrences of a gram a megabyte, from its rank among the common ones or from its bytes.
fn frequency(gram: &[u8], ranks: &HashMap<u32, usize>) -> u64 {
    let product: u64 = gram.iter().map(|b| commonness(*b)).product();
    ranks.get(&gram_of(gram)).map_or_else(|| product.min(20_000) / 200, |rank| weight(*rank))
}

/// Rough occurrences a megabyte of the gram of a rank.
fn weight(rank: usize) -> u64 {
    20_000 / (rank as u64 + 8) + 150
}

/// Multipliers to choose from: which grams share a bit depends on it, and one common gram that shares one costs more than
/// many rare ones.
const MULTIPLIERS: [u32; 12] = [
    0x9E37_79B1,
    0x85EB_CA6B,
    0xC2B2_AE35,
    0x27D4_EB2F,
    0x1656_67B1,
    0xCC9E_2D51,
    0x1B87_3593,
    0xE654_6B65,
    0x4CF5_AD43,
    0x2545_F491,
    0x7FEB_352D,
    0x846C_A68B,
];

/// A way to know a keyword: by grams of its bytes, or of three of them and every byte that may stand beside those.
struct Known {
    /// Where its grams begin in the keyword; one before it when that byte is the open one.
    at: isize,
    grams: Vec<u32>,
    /// Rough occurrences a megabyte.
    cost: u64,
}

/// The ways to know a keyword where it stands at an even place and where it stands at an odd one.
fn ways(sought: &Sought<'_>, ranks: &HashMap<u32, usize>) -> [Vec<Known>; 2] {
    let bytes = sought.text.as_bytes();
    let mut ways = [Vec::new(), Vec::new()];
    let whole = bytes.windows(4).enumerate();
    for (at, four) in whole {
        let gram = u32::from_le_bytes([four[0], four[1], four[2], four[3]]) & CUT;
        // Four bytes are rarer than the rarer three of them, by a factor that does not matter.
        let cost = frequency(&four[..3], ranks).min(frequency(&four[1..], ranks));
        ways[at & 1].push(Known { at: at as isize, grams: vec![gram], cost });
    }
    if bytes.len() > 4 {
        return ways;
    }
    // What five bits say of the bytes of a set.
    let open = |allowed: Bytes, shift: u32| {
        let kinds = (0..=u8::MAX).filter(|b| allowed.has(*b)).fold(0u32, |kinds, b| kinds | 1 << (b & 31));
        (0..32u32).filter(move |kind| kinds >> kind & 1 != 0).map(move |kind| kind << shift)
    };
    let three =
        |at: usize| bytes.get(at..at + 3).map(|b| (u32::from_le_bytes([b[0], b[1], b[2], 0]), frequency(b, ranks)));
    // A byte more that is in the set makes some others look like it.
    let cost = |frequency: u64, grams: usize| frequency + grams as u64 * 10;
    if let Some((at, (three, frequency))) = bytes.len().checked_sub(3).and_then(|at| Some((at, three(at)?))) {
        // Where a text ends, what follows reads as zero.
        let zero = (!sought.around.behind.has(0)).then_some(0);
        let kinds = open(sought.around.behind, 24).chain(zero);
        let grams: Vec<u32> = kinds.map(|kind| three & CUT | kind).collect();
        ways[at & 1].push(Known { at: at as isize, cost: cost(frequency, grams.len()), grams });
    }
    if let Some((three, frequency)) = three(0) {
        let grams: Vec<u32> = open(sought.around.before, 0).map(|kind| three << 8 & CUT | kind).collect();
        ways[1].push(Known { at: -1, cost: cost(frequency, grams.len()), grams });
    }
    ways
}

impl Prefilter {
    /// Builds the filter. Keywords of fewer than three bytes are left out; rules with such keywords are refused when they are
    /// loaded.
    #[must_use]
    pub fn new<'a>(keywords: impl IntoIterator<Item = Sought<'a>>) -> Self {
        let ranks: HashMap<u32, usize> = common().map(|(rank, gram)| (gram, rank)).collect();
        let mut grams: Vec<u32> = Vec::new();
        let (mut whole, mut early, mut late) = (Vec::new(), Vec::new(), Vec::new());
        let mut kinds = vec![Around::ANY];
        let mut kind_of: HashMap<Around, u16> = HashMap::from([(Around::ANY, 0)]);
        for sought in keywords.into_iter().filter(|sought| sought.around != Around::NEVER) {
            let bytes = sought.text.as_bytes();
            let around = *kind_of.entry(sought.around).or_insert_with(|| {
                kinds.push(sought.around);
                u16::try_from(kinds.len() - 1).unwrap_or(0)
            });
            for known in ways(&sought, &ranks) {
                let Some(known) = known.into_iter().min_by_key(|known| known.cost) else { continue };
                let word = word(bytes, (sought.exact, around), known.at, sought.id);
                let from = bytes.get(known.at.max(0) as usize..).unwrap_or_default();
                let three = gram_of(from);
                match (known.at, from.get(3)) {
                    (0.., Some(last)) => whole.push((three | u32::from(last | 0x20) << 24, word)),
                    (0.., None) => early.push((three, word)),
                    _ => late.push((three, word)),
                }
                grams.extend(known.grams);
            }
        }
        grams.sort_unstable();
        grams.dedup();
        let (multiplier, bits) = best_set(&grams);
        let [whole, early, late] = [whole, early, late].map(Buckets::new);
        Self { bits, whole, early, late, around: kinds, multiplier }
    }

    /// Whether a gram may be a keyword's.
    #[inline]
    fn hit(&self, gram: u32) -> bool {
        let (word, bits) = bits_of(hash(gram, self.multiplier));
        self.bits[word] & bits == bits
    }

    /// Calls `found(id, start)` for every occurrence of every keyword, in order of their grams' positions; one near the end
    /// of the text may be told twice. `beside` are the bytes that stand before and behind the text.
    pub fn scan(&self, text: &[u8], beside: Beside, found: &mut impl FnMut(u32, usize)) {
        let at = simd::hits(&self.bits, self.multiplier, text, &mut |at, gram| {
            self.verify((text, beside), at, gram, found);
        });
        self.scan_from(at, text, beside, found);
    }

    /// The same from an even position on, one gram after the other.
    fn scan_from(&self, mut at: usize, text: &[u8], beside: Beside, found: &mut impl FnMut(u32, usize)) {
        // Three grams from one eight-byte load.
        while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let w = u64::from_le_bytes(*eight);
            for k in [0, 2, 4] {
                let gram = (w >> (8 * k)) as u32;
                if self.hit(gram) {
                    self.verify((text, beside), at + k, gram, found);
                }
            }
            at += 6;
        }
        while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= 3) {
            let gram = rest.iter().take(4).rev().fold(0u32, |gram, b| gram << 8 | u32::from(*b));
            if self.hit(gram) {
                self.verify((text, beside), at, gram, found);
            }
            at += 2;
        }
    }

    /// Compares with the keywords that can stand where a gram does.
    #[inline]
    fn verify(&self, text: (&[u8], Beside), at: usize, gram: u32, found: &mut impl FnMut(u32, usize)) {
        let gram = gram | FOLD as u32;
        for (words, bytes) in [(&self.whole, gram), (&self.early, gram & 0x00ff_ffff), (&self.late, gram >> 8)] {
            if words.may(bytes) {
                self.compare(words.of(bytes), text, at, found);
            }
        }
    }

    /// Whether what stands around a keyword lets it count; at the beginning and at the end of a text nothing does, which is always let
    /// pass.
    fn may_stand(&self, word: &Word, start: usize, text: &[u8], (before, behind): Beside) -> bool {
        let Some(around) = self.around.get(usize::from(word.around)) else { return true };
        let before = start.checked_sub(1).map_or(before, |i| text.get(i).copied());
        let behind = text.get(start + word.text.len()).copied().or(behind);
        let may = |set: Bytes, byte: Option<u8>| byte.is_none_or(|b| set.has(b));
        may(around.before, before) && may(around.behind, behind)
    }

    #[inline(never)]
    fn compare(&self, words: &[Word], (text, beside): (&[u8], Beside), at: usize, found: &mut impl FnMut(u32, usize)) {
        for word in words {
            let Some(start) = at.checked_add_signed(-word.back) else { continue };
            if let Some(eight) = text.get(start..start + 8).and_then(|e| <[u8; 8]>::try_from(e).ok())
                && (u64::from_le_bytes(eight) | FOLD) & word.mask != word.head
            {
                continue;
            }
            let Some(here) = text.get(start..start + word.text.len()) else { continue };
            let equal = if word.exact { here == &*word.text } else { here.eq_ignore_ascii_case(&word.text) };
            if equal && self.may_stand(word, start, text, beside) {
                found(word.id, start);
            }
        }
    }
}

/// The set of some grams, under the multiplier that makes the fewest of the common ones that are nobody's look like theirs.
fn best_set(wanted: &[u32]) -> (u32, Box<simd::Bits>) {
    let others = common_fours();
    let others: Vec<(u64, u32)> = others.into_iter().filter(|(_, g)| wanted.binary_search(g).is_err()).collect();
    let sets = MULTIPLIERS.into_iter().map(|multiplier| {
        let mut set: Box<simd::Bits> = Box::new([0; (1 << BITS) / 32]);
        for gram in wanted {
            let (word, bits) = bits_of(hash(*gram, multiplier));
            set[word] |= bits;
        }
        let looks_like = |gram: u32| {
            let (word, bits) = bits_of(hash(gram, multiplier));
            u64::from(set[word] & bits == bits)
        };
        let cost: u64 = others.iter().map(|(weight, gram)| looks_like(*gram) * weight).sum();
        (cost, multiplier, set)
    });
    let best = sets.min_by_key(|(cost, multiplier, _)| (*cost, *multiplier));
    best.map_or_else(|| (MULTIPLIERS[0], Box::new([0; (1 << BITS) / 32])), |(_, multiplier, set)| (multiplier, set))
}

/// Grams of four bytes that are common, as far as those of three tell: two of them that continue each other. With rough occurrences a
/// megabyte.
fn common_fours() -> Vec<(u64, u32)> {
    const MOST: usize = 400;
    let threes: Vec<(usize, u32)> = common().take(MOST).collect();
    let mut by_start: HashMap<u32, Vec<(usize, u32)>> = HashMap::new();
    for (rank, gram) in &threes {
        by_start.entry(gram & 0xffff).or_default().push((*rank, *gram));
    }
    let continued = threes.iter().flat_map(|(rank, gram)| {
        let next = by_start.get(&(gram >> 8)).into_iter().flatten();
        next.map(move |(other, more)| (weight((*rank).max(*other)), (gram | more >> 16 << 24) & CUT))
    });
    continued.collect()
}

fn word(bytes: &[u8], (exact, around): (bool, u16), back: isize, id: u32) -> Word {
    let text = if exact { bytes.to_vec() } else { bytes.to_ascii_lowercase() };
    let mut eight = [0u8; 8];
    let count = text.len().min(8);
    eight[..count].copy_from_slice(&text[..count]);
    let mask = u64::MAX >> (64 - 8 * count);
    let head = (u64::from_le_bytes(eight) | FOLD) & mask;
    Word { text: text.into(), exact, around, back, head, mask, id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where a word may begin.
    fn edge() -> Around {
        Around { before: Bytes::of(|b| !is_word(b)), ..Around::ANY }
    }

    fn is_word(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'_'
    }

    fn sought(text: &str, exact: bool, id: u32, around: Around) -> Sought<'_> {
        Sought { text, exact, id, around }
    }

    fn naive(words: &[Sought<'_>], text: &[u8]) -> Vec<(u32, usize)> {
        let mut all = Vec::new();
        for Sought { text: word, exact, id, around } in words {
            for (i, w) in text.windows(word.len()).enumerate() {
                let before = i == 0 || around.before.has(text[i - 1]);
                let behind = text.get(i + word.len()).is_none_or(|b| around.behind.has(*b));
                let equal = if *exact { w == word.as_bytes() } else { w.eq_ignore_ascii_case(word.as_bytes()) };
                if equal && before && behind {
                    all.push((*id, i));
                }
            }
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn what_stands_beside_a_part_decides_whether_a_keyword_counts_in_it() {
        let around = Around { behind: Bytes::of(|b| b == b' '), ..edge() };
        let filter = Prefilter::new([sought("ghp_", true, 1, around)]);
        let found = |before: Option<u8>, behind: Option<u8>| {
            let mut got = Vec::new();
            filter.scan(b"ghp_ xghp_ .ghp_", (before, behind), &mut |_, at| got.push(at));
            got.sort_unstable();
            got.dedup();
            got
        };
        assert_eq!(found(None, None), [0, 12]);
        assert_eq!(found(Some(b'"'), Some(b' ')), [0, 12]);
        assert_eq!(found(Some(b'x'), Some(b' ')), [12]);
        assert_eq!(found(None, Some(b'a')), [0]);
    }

    #[test]
    fn a_keyword_that_is_sought_in_several_surroundings_counts_in_each() {
        let behind = |byte: u8| Around { behind: Bytes::of(|b| b == byte), ..Around::ANY };
        let filter = Prefilter::new([sought("longer", true, 1, behind(b'a')), sought("longer", true, 1, behind(b'b'))]);
        let mut got = Vec::new();
        filter.scan(b"longera longerb longerc ", (None, None), &mut |_, at| got.push(at));
        got.sort_unstable();
        got.dedup();
        assert_eq!(got, [0, 8]);
    }

    proptest! {
        #[test]
        fn every_occurrence_is_found(pieces in prop::collection::vec("(ghp_|GHP_|Secret|SECRET|secre|_key|://|longer-than-eight|a|SK0|[ -~]{0,5})", 0..40)) {
            let words = [
                sought("ghp_", true, 1, edge()), sought("secret", false, 2, Around::ANY), sought("_key", false, 3, Around::ANY),
                sought("://", true, 4, Around { behind: Bytes::of(|b| b != b'a'), ..Around::ANY }),
                sought("a_k", false, 5, Around::ANY), sought("longer-than-eight", false, 6, edge()),
                sought("ghp_", true, 7, Around::ANY), sought("SK0", true, 8, edge()),
            ];
            let text = pieces.concat();
            let mut got = Vec::new();
            Prefilter::new(words).scan(text.as_bytes(), (None, None), &mut |id, at| got.push((id, at)));
            got.sort_unstable();
            got.dedup();
            prop_assert_eq!(got, naive(&words, text.as_bytes()));
        }

        #[test]
        fn many_grams_at_once_are_tested_as_one_after_the_other_is(pieces in prop::collection::vec("(ghp_|Secret|://|a|[ -~]{0,9})", 0..90), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let filter = Prefilter::new([
                sought("ghp_", true, 1, edge()), sought("secret", false, 2, Around::ANY), sought("://", true, 3, Around::ANY),
            ]);
            for text in [pieces.concat().into_bytes(), bytes] {
                let mut many = Vec::new();
                let end = simd::hits(&filter.bits, filter.multiplier, &text, &mut |at, gram| many.push((at, gram)));
                prop_assert!(end % 2 == 0 && end <= text.len());
                let four = |at: usize| (at, u32::from_le_bytes(text[at..at + 4].try_into().unwrap()));
                let one: Vec<(usize, u32)> = (0..end).step_by(2).map(four).filter(|(_, gram)| filter.hit(*gram)).collect();
                prop_assert_eq!(many, one);
                let (mut whole, mut plain) = (Vec::new(), Vec::new());
                filter.scan(&text, (None, None), &mut |id, at| whole.push((id, at)));
                filter.scan_from(0, &text, (None, None), &mut |id, at| plain.push((id, at)));
                prop_assert_eq!(whole, plain);
            }
        }

        #[test]
        fn a_short_keyword_is_found_before_what_may_follow(lead in "[ -~]{0,9}", tail in "[0-9a-f]{1,9}") {
            let text = format!("{lead}SK0{tail}");
            let mut got = Vec::new();
            let around = Around { behind: Bytes::of(|b| b.is_ascii_hexdigit()), ..Around::ANY };
            let word = Sought { text: "SK0", exact: true, id: 1, around };
            Prefilter::new([word]).scan(text.as_bytes(), (None, None), &mut |_, at| got.push(at));
            prop_assert!(got.contains(&lead.len()));
        }
    }
}
