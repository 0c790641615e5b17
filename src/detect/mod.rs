//! From bytes to candidates: keywords first, expressions last and only in a bounded window around a keyword.
//!
//! Two ways in are united: keywords that are rare enough are followed wherever they stand, and words that are common
//! (`key`, `auth`) count only where a token run is near. Detection is a function of the bytes and the path's class.

mod blocks;
mod chosen;
mod context;
mod engine;
mod expression;
mod filter;
mod generic;
mod ignore;
mod memo;
mod prefilter;
mod settle;
mod sieve;
mod signed;
mod tokens;

pub use chosen::{is_doubtful, stand_in};
pub use engine::{Detected, Engine, Keyword, Oracle, Reference, Scratch, safe_name};
pub use filter::{Drop, why_dropped};
pub use generic::{Assigned, NUMBERS};
pub use ignore::{Accepted, accepted, find as ignored};
pub use sieve::{Hits, Sieve};
pub use signed::{Flaw, Strength, Weak};
