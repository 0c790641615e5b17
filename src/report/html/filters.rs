//! Fields that narrow a list. They are hidden until the script that answers them runs.

use std::collections::BTreeSet;

use super::words;
use super::writer::Html;

/// A field that chooses among values.
pub(super) struct Choice<'a> {
    /// What the script calls it.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its values, each once, in the order in which they are offered.
    pub values: Vec<&'a str>,
    /// Whether entries name its values by their numbers from 0, in `data-r`, because they may have many of them.
    pub numbered: bool,
}

/// Values in the order of the alphabet, each once.
pub(super) fn sorted<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

impl<'a> Choice<'a> {
    /// A field whose values entries show as they are.
    pub(super) fn new(key: &'static str, label: &'static str, values: Vec<&'a str>) -> Self {
        Self { key, label, values, numbered: false }
    }

    /// The field that chooses a repository.
    pub(super) fn repository(names: &[&'a str]) -> Self {
        Self { key: "repository", label: "Repository", values: names.to_vec(), numbered: true }
    }
}

/// A form over a list: search, choices, switches, and how many are shown.
pub(super) fn form(
    html: &mut Html,
    list: &'static str,
    search: &str,
    choices: &[Choice<'_>],
    switches: &[(&'static str, &'static str)],
) {
    let attributes =
        [("class", "filter"), ("role", "search"), ("data-list", list), ("aria-label", search), ("hidden", "")];
    html.within("form", &attributes, |html| {
        let id = format!("{list}-q");
        html.within("div", &[("class", "q")], |html| {
            html.leaf("label", &[("for", &id)], search);
            let attributes =
                [("id", &*id), ("type", "search"), ("name", "q"), ("autocomplete", "off"), ("spellcheck", "false")];
            html.void("input", &attributes);
        });
        for choice in choices.iter().filter(|choice| choice.values.len() > 1) {
            let id = format!("{list}-{}", choice.key);
            html.within("div", &[], |html| {
                html.leaf("label", &[("for", &id)], choice.label);
                html.within("select", &[("id", &id), ("name", choice.key)], |html| {
                    html.leaf("option", &[("value", "")], "any");
                    for (number, value) in choice.values.iter().enumerate() {
                        let shown = if *value == words::UNSEEN { "not seen" } else { value };
                        let number = number.to_string();
                        html.leaf("option", &[("value", if choice.numbered { &number } else { value })], shown);
                    }
                });
            });
        }
        for (key, label) in switches {
            let id = format!("{list}-{key}");
            html.within("div", &[("class", "switch")], |html| {
                html.void("input", &[("id", &id), ("type", "checkbox"), ("name", key)]);
                html.leaf("label", &[("for", &id)], label);
            });
        }
        html.leaf("button", &[("type", "reset")], "Clear");
        html.leaf("output", &[("aria-live", "polite")], "");
    });
}
