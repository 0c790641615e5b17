//! Settings in PHP: WordPress's `wp-config.php` and the configurations of other programs that are written as code.
//!
//! <https://developer.wordpress.org/apis/wp-config-php/>; `$dbpasswd` is phpBB's, `public $password` Joomla's,
//! `$wgDBpassword` MediaWiki's, `$settings['hash_salt']` Drupal's. Only values that are one literal string are read.

use super::names::{Speaks, is_value, speaks};
use super::reading::put;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, SecretFact, SecretForm, Span};

/// WordPress.
pub static WP_CONFIG: Format =
    super::format("wp-config", "WordPress configuration", |path, _| super::is(path, "wp-config"), read_wordpress);

/// Others.
pub static PHP_CONFIG: Format =
    super::format("php-config", "PHP application configuration", |path, _| super::is(path, "php-config"), read_php);

/// WordPress's keys and salts.
const KEYS: [&str; 8] = [
    "AUTH_KEY",
    "SECURE_AUTH_KEY",
    "LOGGED_IN_KEY",
    "NONCE_KEY",
    "AUTH_SALT",
    "SECURE_AUTH_SALT",
    "LOGGED_IN_SALT",
    "NONCE_SALT",
];

/// One literal string: its inside, and what it stands for.
#[derive(Debug)]
struct Literal {
    span: Span,
    value: String,
}

/// The literal that begins at `at` with a quote, and where it ends. `None` for one that nothing closes, and for one that
/// puts in a variable.
fn literal(text: &str, at: usize) -> Option<(Literal, usize)> {
    let rest = text.get(at..)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut value = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((i, c)) = letters.next() {
        match c {
            // Longer ones are no password, and looking for their ends would take as long as somebody wants.
            _ if i > 4096 => return None,
            c if c == quote => return Some((Literal { span: Span::new(at + 1, at + i), value }, at + i + 1)),
            '\\' => match letters.next()?.1 {
                c @ ('\\' | '\'' | '"' | '$') => value.push(c),
                c => value.extend(['\\', c]),
            },
            '$' if quote == '"'
                && rest
                    .get(i + 1..)
                    .is_some_and(|r| r.starts_with(|c: char| c == '{' || c == '_' || c.is_ascii_alphabetic())) =>
            {
                return None;
            }
            '\n' => return None,
            c => value.push(c),
        }
    }
    None
}

/// Calls `found` for every assignment of a literal: `define('NAME', 'value')`, `$name = 'value'`, `$a['name'] = 'value'`,
/// `'name' => 'value'`. `bare` tells the last kind from the others.
fn assignments(text: &str, found: &mut dyn FnMut(&str, Literal, bool)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // The last name, where it ended, and whether it is a key of a list.
    let mut name: Option<(String, usize)> = None;
    while let Some(b) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        match (b, next) {
            (b'/', b'/') | (b'#', _) => {
                // `#[` begins an attribute; nothing of interest stands there either.
                at += memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len());
            }
            (b'/', b'*') => {
                let rest = bytes.get(at + 2..).unwrap_or_default();
                at += 2 + memchr::memmem::find(rest, b"*/").map_or(rest.len(), |i| i + 2);
            }
            (b'\'' | b'"', _) => {
                let Some((literal, end)) = literal(text, at) else {
                    at += 1;
                    continue;
                };
                let between = name.as_ref().and_then(|(n, end)| Some((n, text.get(*end..at)?.trim())));
                match between {
                    Some((n, "," | "=" | "=>" | "] =" | "]=")) => {
                        let listed = text.get(..at).is_some_and(|t| t.trim_end().ends_with("=>"));
                        let defined = text.get(..at).is_some_and(|t| t.trim_end().ends_with(','));
                        if !defined || n.starts_with("define:") {
                            found(n.trim_start_matches("define:"), literal, listed);
                        }
                        name = None;
                    }
                    _ => {
                        let before = text.get(..at).unwrap_or_default().trim_end();
                        let defines = before.strip_suffix('(').is_some_and(|b| b.trim_end().ends_with("define"));
                        let prefix = if defines { "define:" } else { "" };
                        name = Some((format!("{prefix}{}", literal.value), end));
                    }
                }
                at = end;
            }
            (b'$', b) if b == b'_' || b.is_ascii_alphabetic() => {
                let start = at + 1;
                let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
                at = start + bytes.get(start..).unwrap_or_default().iter().take_while(|b| word(b)).count();
                name = Some((text.get(start..at).unwrap_or_default().to_owned(), at));
            }
            _ => at += 1,
        }
    }
}

fn read_wordpress(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let (mut user, mut host, mut facts) = (None, None, Vec::new());
    assignments(input.text, &mut |name, literal, _| match name {
        "DB_USER" => user = Some(literal.value),
        "DB_HOST" => host = Some(literal.value),
        "DB_PASSWORD" | "FTP_PASS" | "SMTP_PASS" => {
            let secret = SecretFact::new("wordpress-password", literal.value.as_bytes(), literal.span);
            facts.push(SecretFact { name: Some(name.to_owned()), ..secret });
        }
        name if KEYS.contains(&name) && literal.value.len() >= 16 => {
            let secret = SecretFact::new("wordpress-secret-key", literal.value.as_bytes(), literal.span);
            facts.push(SecretFact { name: Some(name.to_owned()), form: SecretForm::Random, ..secret });
        }
        _ => {}
    });
    for mut secret in facts {
        if secret.name.as_deref() == Some("DB_PASSWORD") {
            (secret.user, secret.host) = (user.clone(), host.clone());
        }
        put(out, secret);
    }
}

fn read_php(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    assignments(input.text, &mut |name, literal, listed| {
        let lower = name.to_ascii_lowercase();
        let password = ["password", "passwd", "dbpass", "db_pass", "pass"].iter().any(|end| lower.ends_with(end));
        let spoken = if password { Some(Speaks::Password) } else { speaks(name) };
        let named =
            matches!(lower.as_str(), "wgsecretkey" | "wgupgradekey" | "hash_salt" | "blowfish_secret" | "secret");
        let Some(kind) = spoken.or_else(|| named.then_some(Speaks::Token)) else { return };
        // Lists hold rules of forms and texts of pages too.
        let sentence = literal.value.contains([' ', '|', '{', ',']) && kind == Speaks::Password;
        if sentence || !is_value(kind, name, &literal.value) || literal.value.len() < 4 {
            return;
        }
        let telling = literal.value.bytes().any(|b| !b.is_ascii_lowercase());
        let confidence = if listed && !telling { Confidence::Low } else { Confidence::Medium };
        let secret = SecretFact::new("php-config-secret", literal.value.as_bytes(), literal.span);
        put(out, SecretFact { name: Some(name.to_owned()), confidence: Some(confidence), ..secret });
    });
}
