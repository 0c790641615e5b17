//! Files of password hashes: `.htpasswd`, `.htdigest`, `/etc/shadow`, the `passwd` files of FTP servers.
//!
//! <https://httpd.apache.org/docs/current/misc/password_encryptions.html>,
//! <https://man7.org/linux/man-pages/man5/shadow.5.html>, <http://www.proftpd.org/docs/howto/AuthFiles.html>. The forms of
//! hashes are those of crypt(5) (<https://man7.org/linux/man-pages/man5/crypt.5.html>) and of the frameworks named below.

use super::reading::{fact, lines, put, span};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm, Span};

/// Apache's and nginx's user files.
pub static HTPASSWD: Format =
    super::format("htpasswd", "Web server user file", |path, _| super::is(path, "htpasswd"), read_htpasswd);

/// The user databases of Unix and of servers that write the same.
pub static SHADOW: Format =
    super::format("shadow", "Unix password hashes", |path, _| super::is(path, "shadow"), read_shadow);

/// The scheme of a password hash that says by its form that it is one.
pub fn scheme(value: &str) -> Option<&'static str> {
    let first = value.bytes().next()?;
    // Nearly every text is none by its first letter.
    if !matches!(first, b'$' | b'{' | b'*' | b'p' | b'b' | b'a' | b's' | b'S' | b'm')
        || !(21..=512).contains(&value.len())
    {
        return None;
    }
    let rest = |prefix: &str| value.strip_prefix(prefix);
    let crypt64 = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
    let tail = |s: &str, len: usize| s.rsplit_once('$').is_some_and(|(_, hash)| hash.len() == len && crypt64(hash));
    for prefix in ["$2a$", "$2b$", "$2x$", "$2y$", "$wp$2y$", "bcrypt$$2b$", "bcrypt_sha256$$2b$"] {
        if let Some(cost_and_hash) = rest(prefix) {
            let (cost, hash) = cost_and_hash.split_once('$')?;
            let fine = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit()) && hash.len() == 53 && crypt64(hash);
            return fine.then_some("bcrypt");
        }
    }
    if let Some(hash) = rest("$apr1$").or_else(|| rest("$1$")) {
        return tail(hash, 22).then_some("MD5-crypt");
    }
    if let Some(hash) = rest("$5$") {
        return tail(hash, 43).then_some("SHA-256-crypt");
    }
    if let Some(hash) = rest("$6$") {
        return tail(hash, 86).then_some("SHA-512-crypt");
    }
    if let Some(hash) = rest("$y$").or_else(|| rest("$gy$")).or_else(|| rest("$7$")) {
        return tail(hash, 43).then_some("yescrypt");
    }
    if let Some(hash) = rest("$P$").or_else(|| rest("$H$")) {
        return (hash.len() == 31 && crypt64(hash)).then_some("phpass");
    }
    if let Some(hash) = rest("$S$") {
        return (hash.len() == 52 && crypt64(hash)).then_some("Drupal's hash");
    }
    if let Some(hash) = rest("argon2").unwrap_or(value).strip_prefix("$argon2") {
        let parts = hash.split('$').count();
        return (hash.contains("m=") && parts >= 4 && base64_text(hash.rsplit('$').next()?, 16)).then_some("Argon2");
    }
    if let Some(hash) = rest("pbkdf2_sha256$").or_else(|| rest("pbkdf2_sha1$")).or_else(|| rest("scrypt$")) {
        return (hash.matches('$').count() >= 2 && base64_text(hash.rsplit('$').next()?, 20))
            .then_some("Django's hash");
    }
    if let Some(hash) = rest("pbkdf2:").or_else(|| rest("scrypt:")) {
        return (hash.matches('$').count() == 2 && hex(hash.rsplit('$').next()?, 40)).then_some("Werkzeug's hash");
    }
    if let Some(hash) = rest("sha1$").or_else(|| rest("md5$")) {
        return (hash.matches('$').count() == 1 && hex(hash.rsplit('$').next()?, 32)).then_some("Django's old hash");
    }
    if let Some(hash) = rest("SCRAM-SHA-256$") {
        return (hash.contains(':') && base64_text(hash.rsplit(':').next()?, 40)).then_some("SCRAM");
    }
    if let Some(hash) = rest("*") {
        return (hash.len() == 40 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')))
            .then_some("MySQL's hash");
    }
    for prefix in
        ["{SHA}", "{SSHA}", "{SSHA256}", "{SSHA512}", "{SMD5}", "{PBKDF2}", "{PBKDF2-SHA256}", "{PBKDF2-SHA512}"]
    {
        if let Some(hash) = rest(prefix) {
            return base64_text(hash.rsplit('$').next()?, 20).then_some("an LDAP hash");
        }
    }
    if let Some(hash) = rest("{CRYPT}").or_else(|| rest("{crypt}")) {
        return scheme(hash);
    }
    None
}

fn base64_text(text: &str, least: usize) -> bool {
    text.len() >= least
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'.' | b'-' | b'_'))
}

/// Hexadecimal digits, at least so many.
pub fn hex(text: &str, least: usize) -> bool {
    text.len() >= least && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A hash as a finding.
pub fn hash(text: &str, place: Span, user: Option<&str>) -> SecretFact {
    SecretFact {
        form: SecretForm::Proven,
        user: user.filter(|u| !u.is_empty()).map(str::to_owned),
        ..fact("password-hash", text, place)
    }
}

/// The two characters of salt and eleven of hash of the old DES-crypt.
fn is_des(value: &str) -> bool {
    let classes = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    let kinds = classes.iter().filter(|kind| value.bytes().any(|b| kind(&b))).count();
    value.len() == 13 && kinds >= 2 && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'))
}

fn read_htpasswd(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for (at, line) in lines(input.text).filter(|(_, line)| !line.starts_with('#')) {
        let Some((user, rest)) = line.split_once(':') else { continue };
        // `.htdigest` has the realm in between.
        let digest = rest.split_once(':').filter(|(_, digest)| digest.len() == 32 && hex(digest, 32));
        let (start, value) = match digest {
            Some((realm, digest)) => (at + user.len() + 1 + realm.len() + 1, digest),
            None => (at + user.len() + 1, rest.split(':').next().unwrap_or_default().trim_end()),
        };
        let known = digest.is_some() || scheme(value).is_some() || is_des(value);
        if known && is_user(user) {
            put(out, hash(input.text, span(start, value), Some(user)));
        }
    }
}

fn is_user(user: &str) -> bool {
    (1..=64).contains(&user.len()) && user.bytes().all(|b| b.is_ascii_graphic() || !b.is_ascii())
}

fn read_shadow(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for (at, line) in lines(input.text).filter(|(_, line)| !line.starts_with('#')) {
        let mut fields = line.split(':');
        let (Some(user), Some(field)) = (fields.next(), fields.next()) else { continue };
        if !is_user(user) || fields.count() < 2 {
            continue;
        }
        // `!` before a hash locks the account and leaves the hash.
        let value = field.trim_start_matches('!');
        let start = at + user.len() + 1 + field.len() - value.len();
        if scheme(value).is_some() || is_des(value) {
            let locked = (value.len() < field.len()).then_some("the account is locked, its hash is still there");
            put(out, SecretFact { evidence: locked, ..hash(input.text, span(start, value), Some(user)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_known_by_their_form() {
        let tail = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ./0123456789abcdefghijklmnopqrstuvwxyz";
        let of = |head: &str, n: usize| format!("{head}{}", &tail[..n]);
        for (value, wanted) in [
            (of("$2y$10$", 53), "bcrypt"),
            (of("$apr1$saltsalt$", 22), "MD5-crypt"),
            (of("$6$rounds=5000$salt$", 86), "SHA-512-crypt"),
            (of("$y$j9T$salt$", 43), "yescrypt"),
            (of("$P$B", 30), "phpass"),
            (of("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$", 43), "Argon2"),
            (of("pbkdf2_sha256$260000$salt$", 43), "Django's hash"),
            (format!("*{}", "0A".repeat(20)), "MySQL's hash"),
            (of("{SSHA}", 32), "an LDAP hash"),
        ] {
            assert_eq!(scheme(&value), Some(wanted), "{value}");
            assert_eq!(scheme(&value[..value.len() - 5]).filter(|s| *s == wanted && wanted == "bcrypt"), None);
        }
        for value in ["$2y$10$short", "$1", "*", "{SHA}", "password", "$argon2id", "sha1$", ""] {
            assert_eq!(scheme(value), None, "{value}");
        }
    }
}
