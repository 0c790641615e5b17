//! `authorized_keys` of OpenSSH: the public keys that may log in as a user.
//!
//! Syntax: <https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT>. The comment behind a key is whatever its maker wrote,
//! and tells nothing that is certain. The public half is no credential: it tells which private half opens the place.

use crate::doc::Doc;
use crate::formats::cloud::saas::{public_key, rsa_bits};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, Fact, NoticeKind, RepoPath, SettingFact, Span, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "authorized-keys",
    name: "authorized_keys of OpenSSH",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Keys that are read of one file.
const KEYS_MAX: usize = 10_000;

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let named = name.starts_with(b"authorized_keys") || name.ends_with(b".authorized_keys");
    // A template or a folder's listing of keys is told by its first key.
    named && head.lines().any(|line| public_key(line).is_some())
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let path = input.path.display();
    let (mut start, mut count) = (0, 0);
    for (index, whole) in input.text.split_inclusive('\n').enumerate() {
        let line = whole.trim();
        let at = start + (whole.len() - whole.trim_start().len());
        start += whole.len();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((fingerprint, kind, comment)) = public_key(line) else { continue };
        count += 1;
        if count > KEYS_MAX {
            let message = format!("has more than {KEYS_MAX} keys; the rest was not read");
            let line = index as u64 + 1;
            out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-keys", line, column: 1, message });
            return;
        }
        let at = At::span(Span::new(at, at + line.len()));
        let comment: String = comment.chars().take(100).collect();
        let mut place = SettingFact::new(setting::KEY_PLACE, path.as_str(), fingerprint);
        place.attributes.insert("kind".to_owned(), "authorized-key".to_owned());
        place.attributes.insert("key_type".to_owned(), kind.to_owned());
        if let Some(bits) = rsa_bits(line).filter(|_| kind == "ssh-rsa") {
            place.attributes.insert("bits".to_owned(), bits.to_string());
        }
        if !comment.is_empty() {
            place.attributes.insert("comment".to_owned(), comment);
        }
        out.fact(Fact::Setting(at, place));
    }
}
