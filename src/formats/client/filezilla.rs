//! FileZilla: `filezilla.xml`, `sitemanager.xml`, `recentservers.xml`.
//!
//! <https://wiki.filezilla-project.org/Logs_and_configuration>: `Pass` is clear text in old versions, base64 in newer ones
//! (`encoding="base64"`), and encrypted only under a master password (`encoding="crypt"`).

use super::reading::{base64, put};
use crate::doc::Doc;
use crate::doc::xml::{Event, Reader, unescaped};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm};

/// The format.
pub static FILEZILLA: Format =
    super::format("filezilla", "FileZilla sites", |path, _| super::is(path, "filezilla"), read);

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut open: (&str, &str) = ("", "");
    let (mut user, mut host) = (None, None);
    let mut found: Vec<SecretFact> = Vec::new();
    for event in Reader::new(input.text) {
        match event {
            Event::Start { name, attributes } => {
                let encoding = attributes.iter().find(|(name, _)| *name == "encoding");
                open = (name, encoding.and_then(|(_, s)| input.text.get(s.start..s.end)).unwrap_or_default());
            }
            Event::Text { span, raw } => {
                let Some(text) = input.text.get(span.start..span.end) else { continue };
                let value = if raw { text.to_owned() } else { unescaped(text) };
                match open {
                    ("Host", _) => host = Some(value),
                    ("User", _) => user = Some(value),
                    ("Pass", "base64") => {
                        let plain = base64(&value).unwrap_or_else(|| value.into_bytes());
                        found.push(SecretFact::new("filezilla-password", &plain, span));
                    }
                    ("Pass", "crypt") => {
                        let secret = SecretFact::new("filezilla-password", value.as_bytes(), span);
                        found.push(SecretFact { encrypted: true, form: SecretForm::Proven, ..secret });
                    }
                    ("Pass", _) => found.push(SecretFact::new("filezilla-password", value.as_bytes(), span)),
                    _ => {}
                }
            }
            Event::End(name) => {
                if name == "Server" {
                    // Host and user may stand behind the password.
                    let (user, host) = (user.take(), host.take());
                    for secret in found.drain(..) {
                        put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret });
                    }
                }
                open = ("", "");
            }
        }
    }
    found.into_iter().for_each(|secret| put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret }));
}
