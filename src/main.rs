//! The binary: hands the command line to the library and its outcome to the system.

use std::process::ExitCode;

/// A scan makes millions of small things on several threads and lets go of them on one, which takes a tenth of its time with the
/// allocator of glibc. Without huge pages, which would take half as much memory again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keyroll::cli::run(std::env::args_os()).into()
}
