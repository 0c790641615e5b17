//! NHI4:2025 Insecure Authentication: logins that others can read, repeat or stand in for
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/4-insecure-authentication/>).

mod pipeline;

pub(super) use pipeline::{PLAIN_HTTP, TLS_OFF};
