//! Templates of fixtures: no live-looking value stands in a file, `{{gen:<what>:<seed>}}` is filled in by the tests.
//!
//! `aws-access-key-id` makes a key id of account 123456789012; `alnum.24` (or another alphabet of the rules' examples) so many
//! characters; `b64/user:alnum.24` the base64 of such pieces; `bcrypt`, `apr1`, `sha512`, `phpass` hashes; `jetbrains` and `pem64`
//! what those files hold; `sha256/RULE` the base64 of the hash of that rule's value, as GitHub's audit log has it. Any other word is the id of a rule, whose first example gives the value.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE32, BASE64};
use keyroll::detect::{Engine, Scratch};
use keyroll::model::PathClass;
use keyroll::rules;
use sha2::{Digest as _, Sha256};

/// Fills in every generator.
pub fn expand(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{gen:") {
        let (spec, tail) = after.split_once("}}").expect("a generator ends in }}");
        let (what, seed) = spec.rsplit_once(':').expect("a generator has a seed");
        out.push_str(before);
        out.push_str(&value(what, seed.parse().expect("a seed is a number")));
        rest = tail;
    }
    out + rest
}

/// The way back of [`expand`] for key ids, for writing expectations.
pub fn collapse(text: &str) -> String {
    (1..10).fold(text.to_owned(), |text, seed| {
        text.replace(&aws_key_id(seed), &format!("{{{{gen:aws-access-key-id:{seed}}}}}"))
    })
}

/// Made once: that takes longer than most tests.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(Cow::Borrowed(rules::built_in()), Vec::new()));

/// One generated value.
pub fn value(what: &str, seed: u64) -> String {
    if what == "aws-access-key-id" {
        return aws_key_id(seed);
    }
    if let Some(made) = made(what, seed) {
        return made;
    }
    let rule = rules::built_in().iter().find(|r| r.id == what).unwrap_or_else(|| panic!("no rule {what}"));
    let text = rules::example::expand(&rule.examples[0], seed).expect("examples expand");
    let found = ENGINE.scan(&mut Scratch::default(), text.as_bytes(), &PathClass::default(), &|_| true, false);
    let own = found.candidates.iter().find(|c| ENGINE.rule(c.rule).is_some_and(|r| r.id == what));
    String::from_utf8(own.expect("an example is found by its rule").secret.expose().to_vec()).unwrap()
}

/// Values of an alphabet, and of the files that no rule has an example of.
fn made(what: &str, seed: u64) -> Option<String> {
    let run = |alphabet: &str, n: usize| rules::example::expand(&format!("{{{alphabet}:{n}}}"), seed).ok();
    let piece = |piece: &str| match piece.split_once('.') {
        Some((alphabet, n)) => n.parse().ok().and_then(|n| run(alphabet, n)),
        None => Some(piece.to_owned()),
    };
    if let Some(parts) = what.strip_prefix("b64/") {
        let parts: Option<Vec<String>> = parts.split(':').map(piece).collect();
        return Some(BASE64.encode(parts?.join(":").as_bytes()));
    }
    if let Some(rule) = what.strip_prefix("sha256/") {
        return Some(BASE64.encode(&Sha256::digest(value(rule, seed).as_bytes())));
    }
    match what {
        "bcrypt" => Some(format!("$2y$12${}", run("alnum", 53)?)),
        "apr1" => Some(format!("$apr1${}${}", run("alnum", 8)?, run("base62", 22)?)),
        "sha512" => Some(format!("$6${}${}", run("alnum", 16)?, run("base62", 86)?)),
        "phpass" => Some(format!("$P$B{}", run("alnum", 30)?)),
        "jetbrains" => Some(run("alnum", 16)?.encode_utf16().map(|u| format!("{:04x}", u ^ 0xdfaa)).collect()),
        "pem64" => Some(BASE64.encode(rules::example::expand("{pem:ec}", seed).ok()?.as_bytes())),
        _ if what.contains('.') => piece(what),
        _ => None,
    }
}

fn aws_key_id(seed: u64) -> String {
    let head = (1_u64 << 47 | 123_456_789_012 << 7 | (seed & 0x7f)).to_be_bytes();
    let mut bytes = head[2..].to_vec();
    bytes.extend((seed as u32).wrapping_mul(2_654_435_761).to_be_bytes());
    format!("AKIA{}", BASE32.encode(&bytes))
}
