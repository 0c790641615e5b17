//! Members of archives: found with the archive that holds them, under budgets, and told when they cannot be read.

use serde_json::Value;

use crate::archive::{Member, bzip2, deflate, gzip, tar, xz, zip, zstd};
use crate::fixture::value;
use crate::git::{commit, git, remove};
use crate::world::{World, findings, list, notices, only};

const RULE: &str = "github-pat-classic";

fn line(seed: u64) -> String {
    format!("# x\ntoken: {}\n", value(RULE, seed))
}

/// `container!path:line:column` of the locations of the findings, sorted.
fn members(report: &Value) -> Vec<String> {
    let text = |l: &Value, name: &str| l[name].as_str().unwrap_or_default().to_owned();
    let place = |l: &Value| format!("{}!{}:{}:{}", text(l, "container"), text(l, "path"), l["line"], l["column"]);
    let mut all: Vec<String> = findings(report, RULE).iter().flat_map(|f| list(f, "locations")).map(place).collect();
    all.sort();
    all
}

/// The report of one file, which ends so.
#[track_caller]
fn report(name: &str, bytes: &[u8], code: i32) -> Value {
    World::with(name, bytes).run(&["scan", ".", "--no-config", "-f", "json"]).ends(code).json()
}

#[track_caller]
fn codes(report: &Value) -> Vec<(String, String)> {
    let text = |n: &Value, name: &str| n[name].as_str().unwrap_or_default().to_owned();
    list(report, "notices").iter().map(|n| (text(n, "code"), text(n, "path"))).collect()
}

#[test]
fn members_of_every_kind_are_found_by_their_first_bytes() {
    let text = line(1);
    let bytes = text.as_bytes();
    let inner = tar(&[("etc/app.conf", bytes), ("empty", b"")]);
    let methods = |name: &str| {
        vec![
            Member::stored("a/stored.txt", bytes),
            Member::deflated("a/deflated.txt", bytes),
            Member::packed("a/bzip2.txt", 12, bytes, bzip2(bytes)),
            Member::packed("a/zstd.txt", 93, bytes, zstd(bytes)),
            Member::packed(name, 95, bytes, xz(bytes)),
        ]
    };
    let report_of = |name: &str, bytes: &[u8]| members(&report(name, bytes, 1));
    // Whatever the file is called.
    for name in ["a.zip", "lib.jar", "x.whl", "x.docx", "noending"] {
        let wanted = ["bzip2", "deflated", "stored", "xz", "zstd"].map(|m| format!("{name}!a/{m}.txt:2:8"));
        assert_eq!(report_of(name, &zip(&methods("a/xz.txt"))), wanted);
    }
    for (name, bytes) in [
        ("x.tar", inner.clone()),
        ("x.tar.gz", gzip(&inner)),
        ("x.tgz", gzip(&inner)),
        ("x.tar.zst", zstd(&inner)),
        ("x.tar.xz", xz(&inner)),
        ("x.tar.bz2", bzip2(&inner)),
    ] {
        assert_eq!(report_of(name, &bytes), [format!("{name}!etc/app.conf:2:8")]);
    }
    for (name, packed) in [
        ("app.log.gz", gzip(bytes)),
        ("app.log.zst", zstd(bytes)),
        ("app.log.xz", xz(bytes)),
        ("app.log.bz2", bzip2(bytes)),
    ] {
        assert_eq!(report_of(name, &packed), [format!("{name}!app.log:2:8")]);
    }
    let twice = [gzip(bytes), gzip(b"more\n")].concat();
    assert_eq!(report_of("two.gz", &twice), ["two.gz!two:2:8"]);
    let frames = [zstd(b"first\n"), zstd(bytes)].concat();
    assert_eq!(report_of("two.zst", &frames), ["two.zst!two:3:8"]);
}

#[test]
fn archives_are_opened_three_deep_and_no_deeper() {
    let text = line(2);
    let mut bytes = zip(&[Member::deflated("in/app.conf", text.as_bytes())]);
    bytes = tar(&[("b.zip", &bytes)]);
    let three = gzip(&zip(&[Member::stored("c.tar", &bytes)]));
    let two = zip(&[Member::stored("c.tar", &bytes)]);
    assert_eq!(members(&report("d.zip", &two, 1)), ["d.zip!c.tar!b.zip!in/app.conf:2:8"]);
    let deep = report("e.gz", &three, 3);
    assert_eq!(codes(&deep), [("archive-depth".to_owned(), "e.gz!e!c.tar!b.zip".to_owned())]);
}

#[test]
fn long_names_are_read_and_names_that_lead_out_are_cleaned() {
    let text = line(3);
    let long = format!("{}/app.conf", ["deep"; 60].join("/"));
    assert_eq!(members(&report("l.tar", &tar(&[(&long, text.as_bytes())]), 1)), [format!("l.tar!{long}:2:8")]);
    let world = World::new();
    world.put(
        "in/x.zip",
        zip(&[Member::stored("../../out.conf", text.as_bytes()), Member::stored("/abs.conf", text.as_bytes())]),
    );
    let report = world.json(&["--no-config"]);
    assert_eq!(members(&report), ["in/x.zip!abs.conf:2:8", "in/x.zip!out.conf:2:8"]);
    let mut files: Vec<_> = std::fs::read_dir(world.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["in"], "nothing is written");
}

#[test]
fn what_cannot_be_read_is_a_gap_and_stops_nothing_else() {
    let text = line(4);
    let good = Member::deflated("good.conf", text.as_bytes());
    let locked = Member { flags: 1, ..Member::deflated("locked.conf", text.as_bytes()) };
    let odd = Member::packed("odd.conf", 98, text.as_bytes(), vec![1, 2, 3]);
    let lying = Member { length: 7, ..Member::deflated("lying.conf", text.as_bytes()) };
    let broken = Member { data: vec![0xff; 40], ..Member::deflated("broken.conf", text.as_bytes()) };
    let huge = Member { length: u32::MAX - 1, ..Member::deflated("huge.conf", text.as_bytes()) };
    let report = World::with("a.zip", zip(&[locked, odd, lying, broken, huge, good])).json(&["--no-config"]);
    // What a member holds beyond what it says is read all the same.
    assert_eq!(members(&report), ["a.zip!good.conf:2:8", "a.zip!lying.conf:2:8"]);
    let wanted = [
        ("archive-damaged", "a.zip!broken.conf"),
        ("archive-damaged", "a.zip!lying.conf"),
        ("archive-encrypted", "a.zip!locked.conf"),
        ("archive-member-too-large", "a.zip!huge.conf"),
        ("archive-method", "a.zip!odd.conf"),
    ];
    assert_eq!(codes(&report), wanted.map(|(c, p)| (c.to_owned(), p.to_owned())));
    assert_eq!(report["incomplete"], true);
}

#[test]
fn archives_that_were_cut_are_gaps_and_give_what_they_have() {
    let filler: String = (0..4000u32).map(|i| format!("{:08x}\n", i.wrapping_mul(2_654_435_761))).collect();
    let text = line(5) + &filler;
    let inner = tar(&[("a.conf", text.as_bytes()), ("b.conf", filler.as_bytes())]);
    for (name, bytes, finds) in [
        ("x.gz", gzip(text.as_bytes()), true),
        ("x.tar.gz", gzip(&inner), true),
        ("x.tar", inner, true),
        ("x.xz", xz(text.as_bytes()), false),
        ("x.bz2", bzip2(text.as_bytes()), false),
        ("x.zst", zstd(text.as_bytes()), false),
        ("x.zip", zip(&[Member::deflated("a.conf", text.as_bytes())]), false),
    ] {
        let report = World::with(name, &bytes[..bytes.len() * 2 / 3]).json(&["--no-config"]);
        let damaged = notices(&report, "archive-damaged");
        assert!(damaged.len() == 1 && report["incomplete"] == true, "{name}: {:#}", report["notices"]);
        assert!(damaged[0]["path"].as_str().unwrap().starts_with(name));
        assert!(!finds || members(&report).len() == 1, "{name}");
    }
}

#[test]
fn bombs_stop_at_the_budget() {
    let mebibytes = |n: usize| vec![b' '; n << 20];
    let zeros = deflate(&mebibytes(60));
    let bomb = |n: usize| -> Vec<Member> {
        (0..n)
            .map(|i| Member {
                data: zeros.clone(),
                ..Member::packed(&format!("{i}.txt"), 8, &mebibytes(60), Vec::new())
            })
            .collect()
    };
    let nested = zip(&[Member::stored("in.zip", &zip(&bomb(3)))]);
    for (name, bytes) in [
        ("a.gz", gzip(&mebibytes(40))),
        ("a.bz2", bzip2(&mebibytes(40))),
        ("a.zst", zstd(&mebibytes(40))),
        ("a.xz", xz(&mebibytes(40))),
        ("a.zip", zip(&bomb(3))),
        ("nested.zip", nested),
        ("a.tar.gz", gzip(&tar(&[("big", &mebibytes(50)), ("b", b"x")]))),
    ] {
        let report = World::with(name, bytes).run(&["scan", ".", "--no-config", "-f", "json"]).ends(3).json();
        let found = codes(&report);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0].0, "archive-budget", "{name}");
    }
}

/// A gzip stream that unpacks to itself would go on for ever if depth did not end it. None is small enough to stand here, so
/// one that holds itself as far as it goes is built from the outside in.
#[test]
fn a_stream_of_streams_ends_at_the_depth() {
    let mut bytes = gzip(b"the end\n");
    for _ in 0..200 {
        bytes = gzip(&bytes);
    }
    assert_eq!(codes(&report("q.gz", &bytes, 3)), [("archive-depth".to_owned(), "q.gz!q!q!q".to_owned())]);
}

#[test]
fn text_over_the_limit_of_a_member_is_a_gap_and_binary_is_not() {
    let noise = |text: bool| -> Vec<u8> {
        let mut state = 1u64;
        let byte = |s: &mut u64| {
            *s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*s >> 56) as u8
        };
        (0..65 << 20).map(|_| byte(&mut state)).map(|b| if text { b' ' + b % 64 } else { b & 0x0f }).collect()
    };
    // Stored: what it unpacks to is what it is long. The whole is over the limit of a file, so that is raised.
    for (text, code, wanted) in [(true, 3, vec!["archive-member-too-large"]), (false, 0, vec![])] {
        let world = World::with("a.zip", zip(&[Member::stored("big", &noise(text))]));
        let run = world.run(&["scan", ".", "--no-config", "--max-file-size", "100", "-f", "json"]).ends(code);
        let found: Vec<String> = codes(&run.json()).into_iter().map(|c| c.0).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn an_archive_too_long_to_hold_is_read_from_its_file() {
    let text = line(6);
    let filler: Vec<u8> = (0..17u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x1f).collect();
    let bytes = zip(&[Member::stored("filler.bin", &filler), Member::deflated("a.conf", text.as_bytes())]);
    let world = World::with("a.zip", &bytes);
    world.put("copy/b.zip", &bytes);
    assert_eq!(members(&world.json(&["--no-config"])), ["a.zip!a.conf:2:8", "copy/b.zip!a.conf:2:8"]);
}

#[test]
fn the_flag_and_the_key_leave_archives_closed() {
    let world = World::with("a.zip", zip(&[Member::deflated("a.conf", line(7).as_bytes())]));
    world.run(&["scan", "."]).ends(1);
    let report = world.run(&["scan", ".", "--no-archives", "-f", "json"]).json();
    assert_eq!((members(&report), &report["coverage"]["skipped"]["binary"]), (vec![], &Value::from(1)));
    world.put("k.yml", "archives: false\n");
    assert_eq!(members(&world.json(&["-c", "k.yml"])), Vec::<String>::new());
}

#[test]
fn copies_paths_and_excludes_hold_for_members() {
    let bytes = zip(&[Member::deflated("a.conf", line(8).as_bytes()), Member::deflated("b.conf", line(9).as_bytes())]);
    let world = World::with("one.zip", &bytes);
    world.put("two.zip", &bytes);
    world.put("tests/data.zip", &bytes);
    let report = world.json(&["--no-config", "--exclude", "b.conf"]);
    assert_eq!(members(&report), ["one.zip!a.conf:2:8", "tests/data.zip!a.conf:2:8", "two.zip!a.conf:2:8"]);
    assert_eq!(only(&report, RULE)["locations"].as_array().unwrap().len(), 3);
}

#[test]
fn outputs_name_the_archive_and_show_nothing_of_the_value() {
    let token = value(RULE, 10);
    let world = World::with("a.zip", zip(&[Member::deflated("in/a.conf", line(10).as_bytes())]));
    // SARIF has lines of a checkout only: the archive stands for its member.
    let sarif = world.run(&["scan", ".", "--no-config", "-f", "sarif"]).ends(1).says("in/a.conf inside a.zip");
    assert!(!sarif.out.contains(&token[4..]) && !sarif.out.contains("not-in-checkout"));
    for format in ["table", "json", "markdown"] {
        let run = world.run(&["scan", ".", "--no-config", "-f", format]).ends(1);
        assert!(
            run.out.contains("a.zip") && run.out.contains("in/a.conf") && !run.out.contains(&token[4..]),
            "{}",
            run.out
        );
    }
}

#[test]
fn archives_of_the_history_are_opened() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    commit(at, "readme", "nothing\n");
    std::fs::write(at.join("old.zip"), zip(&[Member::deflated("a.conf", line(11).as_bytes())])).unwrap();
    git(at, &["add", "old.zip"]);
    git(at, &["commit", "-q", "-m", "in"]);
    let first = git(at, &["rev-parse", "HEAD"]);
    remove(at, "old.zip");
    std::fs::write(at.join("now.tgz"), gzip(&tar(&[("b.conf", line(12).as_bytes())]))).unwrap();
    git(at, &["add", "now.tgz"]);
    git(at, &["commit", "-q", "-m", "more"]);
    let second = git(at, &["rev-parse", "HEAD"]);
    let report = world.json(&["--no-config"]);
    assert_eq!(members(&report), ["now.tgz!b.conf:2:8", "old.zip!a.conf:2:8"]);
    let mut commits: Vec<&str> =
        findings(&report, RULE).iter().map(|f| f["locations"][0]["commit"].as_str().unwrap()).collect();
    commits.sort_unstable();
    let mut wanted = [first.as_str(), second.as_str()];
    wanted.sort_unstable();
    assert_eq!(commits, wanted);
    assert!(members(&world.json(&["--no-config", "--no-archives"])).is_empty());
}

#[test]
fn damaged_archives_never_panic_or_hang() {
    let text = line(13);
    let inner = tar(&[("a.conf", text.as_bytes())]);
    let all = [
        zip(&[Member::deflated("a.conf", text.as_bytes()), Member::stored("b.tar", &inner)]),
        inner.clone(),
        gzip(&inner),
        xz(&inner),
        bzip2(&inner),
        zstd(&inner),
    ];
    let world = World::new();
    let mut state = 7u32;
    for (kind, bytes) in all.iter().enumerate() {
        for n in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = 4 + state as usize % (damaged.len() - 4);
                damaged[at] ^= (state >> 24) as u8 | 1;
            }
            world.put(format!("{kind}-{n}"), damaged);
        }
    }
    let run = world.run(&["scan", ".", "--no-config", "-f", "json"]);
    assert!(matches!(run.code, 1 | 3) && notices(&run.json(), "internal-error").is_empty(), "{}", run.err);
}

#[test]
fn explain_tells_of_the_members_of_an_archive_what_a_scan_does() {
    let text = line(3);
    let inner = tar(&[("etc/app.conf", text.as_bytes()), ("notes.txt", b"api_key: ${API_KEY}\n")]);
    let bytes = zip(&[Member::deflated("b.tar", &inner), Member::stored("c.txt", b"nothing\n")]);
    let world = World::with("a.zip", &bytes);
    let told = world.run(&["explain", "a.zip", "--no-config"]).ends(0).out;
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].starts_with(&format!("a.zip!b.tar!etc/app.conf:2:8: {RULE}: reported with confidence")), "{told}");
    assert!(lines[1].starts_with("a.zip!b.tar!notes.txt:1:10: reference: counted as a reference"), "{told}");
    let damaged = World::with("a.zip", &bytes[..bytes.len() / 2]);
    let told = damaged.run(&["explain", "a.zip", "--no-config"]).ends(0).out;
    assert!(told.contains("archive-damaged: not read: "), "{told}");
}
