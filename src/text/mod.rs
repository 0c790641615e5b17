//! Text arithmetic without opinions: lines and columns, line hashes, entropy, escapes, numbers.

pub mod encoding;
pub mod entropy;
pub mod escape;
pub mod glob;
pub mod line_hash;
pub mod lines;
pub mod numbers;
pub mod order;
pub mod paths;
pub mod words;
