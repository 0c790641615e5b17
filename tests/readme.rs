//! README shows what keyroll really writes, and names only what there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/demo.rs"]
mod demo;
#[path = "common/fixture.rs"]
mod fixture;

/// `DEMO=DIR cargo test --test readme demo` leaves the demonstration in a directory, to be played with.
#[test]
fn the_demo_is_left_where_the_variable_says() {
    if let Some(directory) = std::env::var_os("DEMO") {
        demo::build(std::path::Path::new(&directory));
    }
}
