//! Text arithmetic without opinions: lines and columns, entropy, words.

pub mod entropy;
pub mod lines;
