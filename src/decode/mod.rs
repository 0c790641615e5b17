//! From stored bytes to text that detectors can read.

mod charset;

pub use charset::{Text, text};
