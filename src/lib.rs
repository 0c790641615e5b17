//! keyroll inventories non-human identities and the exposure of their credentials.
//!
//! The library is the scanner without its command line. `scan` knows the order of the stages; each stage imports only
//! the floors below it (`tests/architecture.rs` holds the table). The command line and the report formats are the stable
//! surface; this crate's Rust API is not.

pub mod assess;
pub mod cli;
pub mod config;
pub mod decode;
pub mod detect;
pub mod doc;
pub mod formats;
pub mod inventory;
pub mod model;
pub mod report;
pub mod rules;
pub mod scan;
pub mod source;
pub mod text;
pub mod validate;
