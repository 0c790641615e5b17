//! Chat programs: irssi's `config`, and the `.conf` files of WeeChat.
//!
//! <https://irssi.org/documentation/settings/>, <https://weechat.org/files/doc/weechat/stable/weechat_user.en.html>. WeeChat's
//! `${sec.data.…}` is a reference; what `sec.conf` holds is encrypted only under a passphrase.

use super::reading::{fact, lines, put, span, trimmed, unquoted};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// The format.
pub static CHAT: Format =
    super::format("irc-client", "IRC programs' logins", |path, _| super::is(path, "irc-client"), read);

/// Reads `name = "value"` lines, with or without `;` at their end.
pub fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut host = None;
    for (at, line) in lines(input.text) {
        let (start, body) = trimmed(at, line);
        let mut rest = Some((start, body));
        // irssi may write several settings of a server on one line.
        while let Some((start, part)) = rest {
            let (this, next) = match part.split_once(';') {
                Some((this, next)) => (this, Some((start + this.len() + 1, next))),
                None => (part, None),
            };
            rest = next;
            let bare = this.trim_start_matches([' ', '\t', '{', '(']);
            let (start, this) = (start + this.len() - bare.len(), bare);
            let Some((name, value)) = this.split_once('=') else { continue };
            let (at, value) = trimmed(start + name.len() + 1, value);
            let (at, value) = unquoted(at, value);
            let name = name.trim();
            let last = name.rsplit('.').next().unwrap_or_default();
            match last {
                "address" | "addresses" => host = Some(value.to_owned()),
                "password" | "sasl_password" | "server_password" | "autosendcmd_password" | "proxy_password" => {
                    let secret = fact("irc-client-password", input.text, span(at, value));
                    put(out, SecretFact { name: Some(last.to_owned()), host: host.clone(), ..secret });
                }
                _ => {}
            }
        }
    }
}
