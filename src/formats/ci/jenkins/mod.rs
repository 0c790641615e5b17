//! Groovy as pipelines of Jenkins use it.

pub mod calls;
pub mod groovy;
