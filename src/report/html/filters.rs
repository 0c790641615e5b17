//! Fields that narrow a list. They are hidden until the script that answers them runs.

use std::collections::BTreeSet;

use super::writer::Html;

/// A field that chooses among values.
pub(super) struct Choice<'a> {
    /// What the script calls it.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its values, each once.
    pub values: BTreeSet<&'a str>,
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
                    choice.values.iter().for_each(|value| html.leaf("option", &[("value", value)], value));
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
