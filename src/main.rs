//! The binary: hands the command line to the library and its outcome to the system.

use std::process::ExitCode;

/// A scan makes millions of small things on several threads and lets go of them on one, for which the allocators of some systems take
/// a tenth of its time or, as musl's, most of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keyroll::cli::run(std::env::args_os()).into()
}
