//! Values of a configuration that would say something else than was meant, refused while they are read, so that the message has
//! their line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::syntax::shown;
use crate::model::providers;

/// A text that must say something.
struct Filled {
    /// Whether it says nothing. An expression of blanks alone is one.
    is_blank: fn(&str) -> bool,
    /// What is wrong with one that says nothing, and what to write.
    instead: &'static str,
}

impl Visitor<'_> for Filled {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if (self.is_blank)(text) { Err(E::custom(self.instead)) } else { Ok(text.to_owned()) }
    }
}

/// The same where the key may be left out.
struct Maybe(Filled);

impl<'de> Visitor<'de> for Maybe {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, text: D) -> Result<Self::Value, D::Error> {
        text.deserialize_str(self.0).map(Some)
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// What stands for the top itself covers as much as nothing does.
fn is_whole(path: &str) -> bool {
    path.trim().trim_start_matches("./").trim_matches('/').is_empty()
}

const PATH: Filled = Filled {
    is_blank: is_whole,
    instead: "is empty, which would accept everything: write a path or glob, like tests/**, or leave the key out",
};

/// The path of an exclude.
pub(super) fn excluded<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    let instead = "is empty, which would leave out everything: write a path or glob, like third_party/";
    text.deserialize_str(Filled { instead, ..PATH })
}

/// A path that narrows an entry.
pub(super) fn path<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    text.deserialize_option(Maybe(PATH))
}

/// An expression over values.
pub(super) fn regex<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let instead = "is empty, which would accept every value: write an expression that only the value meant matches, or leave \
                   the key out";
    text.deserialize_option(Maybe(Filled { is_blank: str::is_empty, instead }))
}

/// A value.
pub(super) fn value<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let instead = "is empty, and no value is: write the one that is accepted, or leave the key out";
    text.deserialize_option(Maybe(Filled { is_blank, instead }))
}

/// A rule that narrows an entry.
pub(super) fn rule<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let instead = "is empty: write the id of a rule or check, as findings show it, or leave the key out";
    text.deserialize_option(Maybe(Filled { is_blank, instead }))
}

/// A fingerprint that narrows an entry.
pub(super) fn fingerprint<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let instead = "is empty, and no fingerprint is: write one as reports show it, or leave the key out";
    text.deserialize_option(Maybe(Filled { is_blank, instead }))
}

/// An identity that narrows an entry.
pub(super) fn identity<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    let instead = "is empty, and no identity is: write a glob over ids and names, or leave the key out";
    text.deserialize_option(Maybe(Filled { is_blank, instead }))
}

/// The check of an exception.
pub(super) fn check<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    let instead = "is empty: write the id of a check or rule; a star at its end stands for any rest";
    text.deserialize_str(Filled { is_blank, instead })
}

/// Providers that uses of credentials can name. A demand about any other would never be heard.
pub(super) fn providers<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<Provider>::deserialize(list)?.into_iter().map(|Provider(name)| name).collect())
}

struct Provider(String);

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        text.deserialize_str(Known)
    }
}

struct Known;

impl Visitor<'_> for Known {
    type Value = Provider;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Provider, E> {
        if providers::is_known(&text.trim().to_ascii_lowercase()) {
            return Ok(Provider(text.to_owned()));
        }
        let name = if is_blank(text) { "an empty text".to_owned() } else { shown(text.trim()) };
        Err(E::custom(format!(
            "{name} is no provider that keyroll knows (with federation: {}; others: {})",
            providers::FEDERATING.join(", "),
            providers::OTHERS.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use crate::config::Config;

    fn refused(text: &str) -> String {
        Config::parse(text.as_bytes(), Path::new("dir/.keyroll.yml")).unwrap_err().to_string()
    }

    #[test]
    fn federation_is_demanded_of_known_providers_only() {
        let error = refused("policy:\n  require-federation:\n    - aws\n    - azur\n");
        assert!(error.starts_with("dir/.keyroll.yml: policy.require-federation[1]: azur is no provider"), "{error}");
        assert!(error.contains("aws, azure, crates-io, gcp") && error.contains("github"), "{error}");
        assert!(error.contains("at line 4 column 7"), "{error}");
        // What other names a cloud has, and nothing at all.
        for name in ["google", "amazon", "k8s", "''", "a b"] {
            assert!(refused(&format!("policy: {{require-federation: [{name}]}}")).contains("no provider"), "{name}");
        }
        let good = "policy:\n  require-federation: [AWS, ' npm ', github]\n";
        let config = Config::parse(good.as_bytes(), Path::new("x")).unwrap();
        let policy = crate::config::policy::Policy::new(&config, jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert!(["aws", "npm", "github"].iter().all(|provider| policy.demands_federation(provider)));
    }

    #[test]
    fn an_empty_condition_is_refused_with_its_line_and_what_to_write() {
        let ending = "owner: a\n    reason: b\n    expires: 2099-01-01\n";
        for (entry, says) in [
            ("exclude:\n  - reason: x\n    path: ''\n", "exclude[0].path: is empty, which would leave out everything"),
            ("exclude:\n  - reason: x\n    path: /\n", "exclude[0].path: is empty"),
            ("allow:\n  - reason: x\n    path: ''\n", "allow[0].path: is empty, which would accept everything"),
            ("allow:\n  - reason: x\n    path: ' ./ '\n", "allow[0].path: is empty"),
            ("allow:\n  - reason: x\n    regex: ''\n", "allow[0].regex: is empty, which would accept every value"),
            ("allow:\n  - reason: x\n    value: ''\n", "allow[0].value: is empty"),
            ("allow:\n  - reason: x\n    rule: ''\n", "allow[0].rule: is empty"),
            ("allow:\n  - reason: x\n    fingerprint: ''\n", "allow[0].fingerprint: is empty"),
            (&format!("exceptions:\n  - reason: b\n    check: ''\n    {ending}"), "exceptions[0].check: is empty"),
            (&format!("exceptions:\n  - check: NHI1*\n    path: ''\n    {ending}"), "exceptions[0].path: is empty"),
            (&format!("exceptions:\n  - check: NHI1*\n    identity: ''\n    {ending}"), "exceptions[0].identity: is"),
            (
                &format!("policy:\n  allow-static: [{{provider: aws,\n    path: '', {}}}]\n", "owner: a"),
                "allow-static[0].path",
            ),
        ] {
            let error = refused(entry);
            assert!(error.contains(says) && error.contains("write") && error.contains(" at line 3 column "), "{error}");
        }
    }

    #[test]
    fn what_is_left_out_or_says_everything_in_so_many_words_is_not_refused() {
        for entry in [
            "allow: [{reason: x, path: ~, value: 12345}]",
            "allow: [{reason: x, path: '**', regex: ' '}]",
            "exclude: [{reason: x, path: 'docs/'}]",
            "exceptions: [{check: '*', owner: a, reason: b, expires: 2099-01-01}]",
        ] {
            assert!(Config::parse(entry.as_bytes(), Path::new("x")).is_ok(), "{entry}");
        }
    }
}
