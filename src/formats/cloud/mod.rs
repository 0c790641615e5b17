//! Cloud and SaaS exports.
