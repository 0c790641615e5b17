//! Every encoding is read, its map leads back to what encodes each byte, and hostile input stays within the budget.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

use super::*;
use crate::model::Family;

const TEXT: &str = "user: ada, word: quite-a-long-text?>~, and some more of it here";

fn all(text: &[u8]) -> Vec<Layer> {
    layers(text, &PathClass::default(), &mut Budget::of(text.len()))
}

/// The only layer of a text.
#[track_caller]
fn one(text: &[u8]) -> Layer {
    let mut all = all(text);
    assert_eq!(all.len(), 1, "{}: {all:?}", String::from_utf8_lossy(text));
    all.remove(0)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[test]
fn base64_of_both_alphabets_is_read_padded_or_not() {
    for encoded in [
        BASE64.encode(TEXT.as_bytes()),
        BASE64_NOPAD.encode(TEXT.as_bytes()),
        BASE64URL.encode(TEXT.as_bytes()),
        BASE64URL_NOPAD.encode(TEXT.as_bytes()),
    ] {
        for around in ["value = \"{}\"", "{}", "x: {}\n", "a={}&b=1", "data:text/plain;base64,{}"] {
            let text = around.replace("{}", &encoded);
            let layer = one(text.as_bytes());
            assert_eq!(layer.text, TEXT.as_bytes(), "{text}");
            assert_eq!(layer.encoding, Encoding::Base64);
            let start = text.find(encoded.trim_end_matches('=')).unwrap();
            assert_eq!(layer.map.outer(Span::new(0, TEXT.len())).start, start);
            assert_eq!(layer.map.all().end, start + encoded.trim_end_matches('=').len());
        }
    }
}

#[test]
fn wrapped_lines_are_one_run_with_any_break_and_indentation() {
    let long = TEXT.repeat(5);
    let encoded = BASE64.encode(long.as_bytes());
    for (width, between) in [(76, "\n"), (64, "\r\n"), (64, "\n    "), (76, "\\n"), (40, "\n\t")] {
        let lines: Vec<&str> = encoded.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
        let text = format!("k: |\n    {}\nother: 1\n", lines.join(between));
        let layer = one(text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&layer.text), long, "{text}");
        let last = layer.map.outer(Span::new(long.len() - 1, long.len()));
        assert!(
            text[last.start..]
                .starts_with(&encoded.trim_end_matches('=')[encoded.trim_end_matches('=').len() - last.len()..])
        );
    }
    // A word below a run is no line of it.
    let run = BASE64.encode(&TEXT.as_bytes()[..57]);
    assert_eq!(one(format!("{run}\nname: x\n").as_bytes()).text, &TEXT.as_bytes()[..57]);
}

#[test]
fn a_run_is_found_wherever_it_begins_and_not_when_it_is_short() {
    let encoded = BASE64_NOPAD.encode(&TEXT.as_bytes()[..24]);
    for lead in 0..40 {
        for before in [" ", "é", "a "] {
            let text = format!("{}\"{encoded}\" ", before.repeat(lead));
            assert_eq!(one(text.as_bytes()).map.all().start, before.len() * lead + 1);
            assert_eq!(all(format!("{}\"{}\" ", before.repeat(lead), &encoded[1..]).as_bytes()), []);
        }
    }
}

#[test]
fn hexadecimal_is_read_and_digests_are_not() {
    for encoded in [HEXLOWER.encode(TEXT.as_bytes()), HEXUPPER.encode(TEXT.as_bytes())] {
        let text = format!("0x{encoded};");
        let layer = one(text.as_bytes());
        assert_eq!((layer.text.as_slice(), layer.encoding), (TEXT.as_bytes(), Encoding::Hex));
        assert_eq!(layer.map.outer(Span::new(3, 5)), Span::new(8, 12));
    }
    assert_eq!(all(b"da39a3ee5e6b4b0d3255bfef95601890afd80709 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), []);
    assert_eq!(all(b"68656c6c6f20776f726c6421"), [], "twelve bytes are too few");
}

#[test]
fn escapes_of_every_kind_are_read_where_they_stand() {
    let wanted = "see https://ada:pass-word@host.example/path for it";
    let escaped: String = wanted
        .chars()
        .map(|c| if "@:/".contains(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() })
        .collect();
    let braced = wanted.replace('@', "\\u{40}");
    let hex = wanted.replace('@', "\\x40");
    let entities = wanted.replace('@', "&#64;").replace(':', "&colon;").replace('/', "&#x2F;");
    for (text, encoding) in [
        (escaped, Encoding::Escapes),
        (braced, Encoding::Escapes),
        (hex, Encoding::Escapes),
        (wanted.replace("//", "%2F%2f").replace('@', "%40"), Encoding::Percent),
        (entities, Encoding::Entities),
    ] {
        let text = format!("x\n{text}\ny");
        let layer = one(text.as_bytes());
        assert_eq!((String::from_utf8_lossy(&layer.text).trim_end(), layer.encoding), (wanted, encoding), "{text}");
        let at = wanted.find('@').unwrap();
        let outer = layer.map.outer(Span::new(at, at + 1));
        assert!(outer.len() > 1 && layer.map.touches(Span::new(at, at + 1)), "{outer:?} of {text}");
        assert_eq!(layer.map.outer(Span::new(0, 3)), Span::new(2, 5));
        assert!(!layer.map.touches(Span::new(0, 3)));
    }
    // What is no plain character, stands in a short word, or is a format of printf.
    for text in [
        "a long line of words \\u2026 and on",
        "call(a&amp;b, x)",
        "printf(\"%20s%02x\", value_that_is_long)",
        "100% of it",
    ] {
        assert_eq!(all(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn mails_are_read_between_header_and_boundary() {
    let body = "token=3Dabc=\r\ndef and =E2=82=AC";
    let text = format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n--b--\r\nx=3Dy\r\n");
    let layer = one(text.as_bytes());
    assert_eq!(layer.encoding, Encoding::QuotedPrintable);
    assert!(String::from_utf8_lossy(&layer.text).contains("token=abcdef and "), "{layer:?}");
    assert!(!layer.text.windows(3).any(|w| w == b"x=y"));
    let at = layer.text.windows(6).position(|w| w == b"abcdef").unwrap();
    assert_eq!(layer.map.outer(Span::new(at, at + 6)).of(text.as_bytes()), b"abc=\r\ndef");
    assert!(layer.map.touches(Span::new(at, at + 6)));
    assert_eq!(all(b"token=3Dabcdefghijklmnopq"), [], "nothing says that this is a mail");
}

#[test]
fn gzip_inside_base64_stands_for_its_whole_run_even_when_cut() {
    let long = TEXT.repeat(40);
    let packed = gzip(long.as_bytes());
    let text = format!("data: {}\n", BASE64.encode(&packed));
    let layer = one(text.as_bytes());
    assert_eq!((layer.text.as_slice(), layer.encoding), (long.as_bytes(), Encoding::Gzip));
    assert_eq!(layer.map.outer(Span::new(100, 120)), Span::new(6, text.len() - 1));
    let cut = BASE64_NOPAD.encode(&packed[..packed.len() - 6]);
    assert!(one(cut.as_bytes()).text.starts_with(TEXT.as_bytes()));
}

#[test]
fn a_bomb_takes_no_more_than_the_budget_and_says_so() {
    let text = BASE64.encode(&gzip(&vec![b'a'; 64 << 20]));
    let mut budget = Budget::of(text.len());
    assert_eq!(layers(text.as_bytes(), &PathClass::default(), &mut budget), []);
    assert!(budget.was_cut());
}

#[test]
fn entries_of_a_secret_stand_under_their_names() {
    let value = |v: &str| BASE64.encode(v.as_bytes());
    let (short, long) = ("s3cr3t-W0rd-9", TEXT);
    let yaml = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: data\ndata:\n  # one\n  db-password: {}\n  \"other\": \"{}\"\n  block: |\n    {}\n    {}\ntype: Opaque\n",
        value(short),
        value(short),
        &value(long)[..40],
        &value(long)[40..]
    );
    let json = format!(
        "{{\"data\": {{\"db-password\": \"{}\",\n \"other\":\"{}\"}}, \"kind\": \"Secret\"}}",
        value(short),
        value(short)
    );
    for (text, family, count) in [(&yaml, Family::Yaml, 3), (&json, Family::Json, 2)] {
        let class = PathClass { family, ..PathClass::default() };
        let found = layers(text.as_bytes(), &class, &mut Budget::of(text.len()));
        assert_eq!(found.len(), count, "{found:?}");
        let first = String::from_utf8_lossy(&found[0].text);
        assert_eq!(first, format!("db-password: \"{short}\""));
        let at = first.find(short).unwrap();
        let outer = found[0].map.outer(Span::new(at, at + short.len()));
        assert!(value(short).starts_with(std::str::from_utf8(outer.of(text.as_bytes())).unwrap()) && outer.len() == 18);
        if count == 3 {
            assert!(found[2].text.ends_with(format!("{long}\"").as_bytes()), "{:?}", found[2]);
        }
        assert!(is_secret(text.as_bytes(), &class));
    }
    let other = yaml.replace("kind: Secret", "kind: ConfigMap");
    let found = layers(other.as_bytes(), &PathClass::default(), &mut Budget::of(other.len()));
    assert!(found.iter().all(|l| !l.text.starts_with(b"db-password")), "{found:?}");
}

#[test]
fn cells_of_notebooks_are_lines() {
    let text = r#"{"cells": [{"cell_type": "code", "outputs": [{"text": ["a\tb"]}],
 "source": ["first = \"x\"\n",
    "second"]}, {"source": "one \u00e9 line"}], "nbformat": 4}"#;
    let class = PathClass { family: Family::Json, ..PathClass::default() };
    let found = layers(text.as_bytes(), &class, &mut Budget::of(text.len()));
    let texts: Vec<String> = found.iter().map(|l| String::from_utf8_lossy(&l.text).into_owned()).collect();
    assert_eq!(texts, ["first = \"x\"\nsecond", "one é line", "a\tb"]);
    let place = |from: usize, to: usize| {
        let outer = found[0].map.outer(Span::new(from, to));
        String::from_utf8_lossy(outer.of(text.as_bytes())).into_owned()
    };
    assert_eq!((place(0, 5), place(8, 9), place(9, 10)), ("first".to_owned(), "\\\"".to_owned(), "x".to_owned()));
    assert_eq!(place(12, 18), "second");
    assert_eq!(place(9, 14), "x\\\"\\n\",\n    \"se", "over the border of two lines");
    let touched: Vec<bool> = (0..18).map(|i| found[0].map.touches(Span::new(i, i + 1))).collect();
    assert!(touched[7] && touched[9] && touched[11] && touched[12] && !touched[2] && !touched[16], "{touched:?}");
    let other = text.replace("nbformat", "no_format");
    assert_eq!(layers(other.as_bytes(), &class, &mut Budget::of(other.len())), []);
}

#[test]
fn pictures_lock_files_and_binary_runs_are_left_alone() {
    let svg = BASE64.encode(format!("<svg>{TEXT}</svg>").as_bytes());
    assert_eq!(all(format!("url(data:image/svg+xml;charset=utf8;base64,{svg})").as_bytes()), []);
    assert_eq!(all(format!("//# sourceMappingURL=data:application/json;base64,{svg}").as_bytes()), []);
    let noise: Vec<u8> = (0..3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(all(BASE64.encode(&noise).as_bytes()), []);
    let lock = PathClass { lock: true, ..PathClass::default() };
    assert_eq!(layers(svg.as_bytes(), &lock, &mut Budget::of(svg.len())), []);
}

#[test]
fn the_ends_of_a_run_are_found_from_within() {
    let text = b"key: \"aGVsbG8gd29\n  ybGQhIGhlbGxvIQ==\";";
    assert_eq!(beginning_of_run(text, 20), 6);
    assert_eq!(end_of_run(text, 20), text.len() - 2);
}

fn encoders() -> impl Strategy<Value = (usize, String)> {
    (0usize..7, "[ -~]{40,300}")
}

fn encoded(kind: usize, text: &str) -> String {
    let wrapped = |s: String| {
        s.as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into_owned()).collect::<Vec<_>>().join("\n  ")
    };
    match kind {
        0 => BASE64.encode(text.as_bytes()),
        1 => BASE64URL_NOPAD.encode(text.as_bytes()),
        2 => wrapped(BASE64.encode(text.as_bytes())),
        3 => HEXLOWER.encode(text.as_bytes()),
        4 => text.bytes().map(|b| format!("\\x{b:02x}")).collect(),
        5 => percent(&text.replace(' ', "+x%")),
        _ => text.chars().map(|c| format!("&#{};", c as u32)).collect(),
    }
}

/// Decodes a piece of one encoding by itself, from where the map says that a byte is encoded.
fn byte_at(kind: usize, outer: &[u8], inner: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(outer);
    let plain: String = text.split_whitespace().collect();
    match kind {
        0..=2 => {
            // A byte lies in two characters; what stands before its bits depends on its place among three.
            let lead = ["", "A", "AA"][inner % 3];
            let std = format!("{lead}{plain}").replace('-', "+").replace('_', "/");
            let mut spec = data_encoding::BASE64_NOPAD.specification();
            spec.check_trailing_bits = false;
            let all = spec.encoding().unwrap().decode(format!("{std:A<4}").as_bytes()).unwrap();
            vec![all[inner % 3]]
        }
        3 => HEXLOWER.decode(plain.as_bytes()).unwrap(),
        4 => vec![u8::from_str_radix(&plain[2..], 16).unwrap()],
        5 if outer.len() == 3 => vec![u8::from_str_radix(&plain[1..], 16).unwrap()],
        5 => outer.to_vec(),
        _ => vec![plain.trim_matches(|c| "&#;".contains(c)).parse().unwrap()],
    }
}

proptest! {
    #[test]
    fn spans_map_back_to_what_encodes_them((kind, text) in encoders(), lead in "[a-z]{0,9}[:=\" ]", tail in "[ \n\";]") {
        let outer = format!("{lead}{}{tail}", encoded(kind, &text));
        for layer in all(outer.as_bytes()).into_iter().filter(|l| l.text.len() + 12 >= text.len()) {
            let partial = layer.encoding.is_partial();
            let mut last = 0;
            for i in 0..layer.text.len() {
                let place = layer.map.outer(Span::new(i, i + 1));
                prop_assert!(place.start >= last && place.end <= outer.len(), "{place:?}");
                last = place.start;
                let bytes = place.of(outer.as_bytes());
                if bytes.len() > 1 && !partial || partial && layer.map.touches(Span::new(i, i + 1)) && bytes.len() > 1 {
                    prop_assert_eq!(byte_at(kind, bytes, i), vec![layer.text[i]], "byte {} of {:?} from {:?}", i, layer, place);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_within_the_budget(pieces in prop::collection::vec(
        "(data:|kind: Secret|\\\\u00|%2|&#|=\n|\n  |[A-Za-z0-9+/]{20,80}|H4sIAAAA|uoted-printable\n\n|[ -~]{0,20})", 0..40)
    ) {
        let text = pieces.concat();
        let mut budget = Budget::of(text.len());
        let found = layers(text.as_bytes(), &PathClass::default(), &mut budget);
        let total: usize = found.iter().map(|l| l.text.len()).sum();
        prop_assert!(total <= text.len() * 4 + (1 << 20));
        for layer in found {
            let whole = layer.map.outer(Span::new(0, layer.text.len()));
            prop_assert!(whole.end <= text.len() && whole.start < whole.end, "{:?}", layer);
        }
    }
}
