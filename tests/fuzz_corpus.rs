//! The fuzz targets as a plain test: committed seeds, the fixtures, deep nesting, and a few thousand damaged copies.
//!
//! It finds what is near the surface on every machine; `make fuzz` looks deeper (`fuzz/README.md`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use targets::TARGETS;

fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Inputs of one target: its seeds, what fuzzing has collected here, and the fixtures that are of its kind.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files_below(&root().join("fuzz/seeds").join(target));
    files.extend(files_below(&root().join("fuzz/corpus").join(target)));
    let fixtures = match target {
        "doc_yaml" | "doc_json" | "doc_toml" | "doc_hcl" | "formats" | "detect" => "tests/fixtures/formats",
        "rules_load" => "rules",
        "report_json" => "tests/fixtures/report",
        _ => "fuzz/seeds/detect",
    };
    files.extend(files_below(&root().join(fixtures)));
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs a target on one input; a panic names both.
fn replay(name: &str, run: fn(&[u8]), what: &str, data: &[u8]) {
    let shown = &data[..data.len().min(300)];
    assert!(
        catch_unwind(AssertUnwindSafe(|| run(data))).is_ok(),
        "{name} fails on {what}, {} bytes, which begin {:?}",
        data.len(),
        String::from_utf8_lossy(shown)
    );
}

#[test]
fn every_target_has_seeds_and_stands_them() {
    for (name, run) in TARGETS {
        assert!(!files_below(&root().join("fuzz/seeds").join(name)).is_empty(), "fuzz/seeds/{name} is empty");
        for (path, data) in inputs(name) {
            replay(name, *run, &path.display().to_string(), &data);
        }
    }
}

#[test]
fn every_target_is_built_by_cargo_fuzz() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
        assert!(root().join(format!("fuzz/fuzz_targets/{name}.rs")).is_file(), "fuzz/fuzz_targets lacks {name}.rs");
    }
    assert_eq!(files_below(&root().join("fuzz/fuzz_targets")).len(), TARGETS.len());
}

#[test]
fn nesting_without_end_is_no_way_to_the_end_of_the_stack() {
    for (name, run) in TARGETS {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("- ", ""), ("a:\n ", ""), ("(", ")"), ("? ", "")] {
            let deep = [open.repeat(20_000), close.repeat(20_000)].concat();
            replay(name, *run, &format!("{open:?} nested 20,000 deep"), deep.as_bytes());
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}

/// Bytes that parsers stumble over.
const ODD: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x9a\x80",
    b"\r",
    b"\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b": ",
    b"- ",
    b"#",
    b"&a ",
    b"*a",
    b"!!",
    b"|\n",
    b"${{",
    b"}}",
    b",",
    b"=",
    b"@",
    b"://",
    b"%",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"\xef\xbb\xbf",
    b"\x1b[31m",
];

/// A copy with a few bytes cut, doubled, replaced or put in; short, so that many fit into a test.
fn damaged(random: &mut Random, data: &[u8]) -> Vec<u8> {
    let from = random.below(data.len().saturating_sub(4000));
    let mut copy = data[from..data.len().min(from + 4000)].to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(copy.len() + 1);
        let to = (at + random.below(40)).min(copy.len());
        match random.below(6) {
            0 => copy.truncate(at),
            1 => drop(copy.drain(at..to)),
            2 => copy.extend_from_within(at..to),
            3 if at < copy.len() => copy[at] = random.below(256) as u8,
            _ => {
                let odd = ODD[random.below(ODD.len())];
                copy.splice(at..at, odd.iter().copied());
            }
        }
    }
    copy
}

#[test]
fn every_target_stands_damaged_copies() {
    let rounds = if std::env::var_os("KEYROLL_FULL").is_some() { 3_000 } else { 250 };
    for (name, run) in TARGETS {
        let inputs = inputs(name);
        let mut random = Random(name.len() as u64);
        for round in 0..rounds {
            let (path, data) = &inputs[random.below(inputs.len())];
            let copy = damaged(&mut random, data);
            replay(name, *run, &format!("round {round}, a damaged copy of {}", path.display()), &copy);
        }
    }
}
