//! Options and addresses of commands.

use super::command::Command;

/// Options of curl that take a value (<https://curl.se/docs/manpage.html>).
pub const CURL_VALUED: &str = "oHdXuAbceFmTxwryYzECDKPQtUh";

/// The letters of bundled short options that take no value, up to the first that takes one.
pub fn short_flag(command: &Command, valued: &str, flag: char) -> bool {
    let mut value = false;
    command.arguments().iter().any(|word| {
        if std::mem::take(&mut value) {
            return false;
        }
        let Some(letters) = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else { return false };
        for (at, letter) in letters.char_indices() {
            if letter == flag {
                return true;
            }
            if valued.contains(letter) {
                value = at + letter.len_utf8() == letters.len();
                return false;
            }
        }
        false
    })
}

/// The value of a short option, bundled or not.
pub fn short_option<'c>(command: &'c Command, valued: &str, flag: char) -> Option<&'c str> {
    let arguments = command.arguments();
    for (at, word) in arguments.iter().enumerate() {
        let Some(letters) = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else { continue };
        for (offset, letter) in letters.char_indices() {
            if letter == flag {
                let rest = letters.get(offset + letter.len_utf8()..).unwrap_or_default();
                let next = || arguments.get(at + 1).map(|next| next.text.as_str());
                return if rest.is_empty() { next() } else { Some(rest) };
            }
            if valued.contains(letter) {
                break;
            }
        }
    }
    None
}

/// The host of an address, with its port.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// Whether a host is the machine itself.
pub fn is_loopback(host: &str) -> bool {
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.starts_with("127.")
        || name == "0.0.0.0"
        || name.starts_with("[::1]")
        || name == "host.docker.internal"
}
