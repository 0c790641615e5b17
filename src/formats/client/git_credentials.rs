//! `.git-credentials`, in which `git credential-store` keeps logins as URLs, one a line.
//!
//! <https://git-scm.com/docs/git-credential-store>

use super::reading::{lines, login_of_url, percent_decoded, put, span};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// The format.
pub static GIT_CREDENTIALS: Format =
    super::format("git-credentials", "git's stored logins", |path, _| super::is(path, "git-credentials"), read);

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for (at, line) in lines(input.text) {
        let Some(login) = login_of_url(at, line) else { continue };
        let (start, password) = login.password;
        let host = Some(login.host.to_owned());
        if password == "x-oauth-basic" {
            // The token stands in the place of the user, and this only fills the other.
            let start = start - 1 - login.user.len();
            let secret = SecretFact::new("git-credentials-password", login.user.as_bytes(), span(start, login.user));
            put(out, SecretFact { host, ..secret });
            continue;
        }
        let secret = SecretFact::new("git-credentials-password", &percent_decoded(password), span(start, password));
        let user = String::from_utf8_lossy(&percent_decoded(login.user)).into_owned();
        put(out, SecretFact { user: Some(user), host, ..secret });
    }
}
