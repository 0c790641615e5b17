//! Rules as data: schema, loading, example generators, lints.

pub mod schema;
