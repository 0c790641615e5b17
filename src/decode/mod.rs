//! From stored bytes to text that detectors can read.

mod charset;
pub mod embedded;
mod enclosed;
mod key_store;

pub use charset::{Charset, Text, charset, text, text_as};
pub use enclosed::enclosed;
pub use key_store::{key_store, may_be_key_store};
