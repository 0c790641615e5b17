//! NHI8:2025 Environment Isolation: one identity for production and for what is not
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/>).

pub(super) mod agent;
mod pipelines;

pub(super) use pipelines::{SAME_ROLE, SAME_SECRET_NAME};
