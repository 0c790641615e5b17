//! Times reading every blob of a repository: keyroll's sweep along families of deltas, and git2 reading the same blobs one by
//! one in the order of the pack. Both on one thread, in turn, so that wall time is nearly CPU time.
//!
//!     cargo bench --bench sweep -- REPOSITORY [ROUNDS]

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use keyroll::source::discover;
use keyroll::source::git::Kind;
use keyroll::source::git::objects::{Item, Objects, Sweep};

/// Blobs over this are left out, as a scan leaves them out.
const MOST: u64 = 64 << 20;

fn main() -> ExitCode {
    // `cargo bench` hands over a flag of its own.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some(path) = args.first() else {
        eprintln!("usage: cargo bench --bench sweep -- REPOSITORY [ROUNDS]");
        return ExitCode::from(2);
    };
    let rounds: usize = args.get(1).map_or(3, |n| n.parse().unwrap());
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
    let repository = discover(Path::new(path)).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let began = Instant::now();
        let objects = Objects::open(&repository.common_dir.join("objects"), repository.hash_len, MOST);
        let (count, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let wanted = Sweep { kind: Kind::Blob, stop: &AtomicBool::new(false), skip: &|_| false };
        let unread = objects.sweep(&wanted, &|item: Item<'_, ()>| {
            count.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
        });
        ours.push(began.elapsed().as_secs_f64());
        let (count, bytes) = (count.into_inner(), bytes.into_inner());
        // The order is prepared before the clock starts.
        let mut ids: Vec<_> = objects.ids(Kind::Blob).map(|id| (objects.place(id), id.to_vec())).collect();
        ids.sort_unstable();
        drop(objects);
        let began = Instant::now();
        let git = git2::Repository::open(&repository.git_dir).unwrap();
        let odb = git.odb().unwrap();
        let mut read = 0;
        for (_, id) in &ids {
            read += odb.read(git2::Oid::from_bytes(id).unwrap()).unwrap().data().len() as u64;
        }
        theirs.push(began.elapsed().as_secs_f64());
        println!(
            "{count} blobs, {bytes} bytes ({} unread): keyroll {:.3} s; git2 {read} bytes {:.3} s",
            unread.len(),
            ours[ours.len() - 1],
            theirs[theirs.len() - 1]
        );
    }
    let median = |all: &[f64]| {
        // The first round warms the cache.
        let mut all = all[1..].to_vec();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (ours, theirs) = (median(&ours), median(&theirs));
    println!("medians: keyroll {ours:.3} s, git2 {theirs:.3} s: {:.1}x", theirs / ours);
    ExitCode::SUCCESS
}
