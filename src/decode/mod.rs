//! From stored bytes to text that detectors can read.

mod charset;

pub use charset::{Charset, Text, charset, text, text_as};
