//! Lints of rules: what `keyroll rules check` and the tests hold.

use std::collections::BTreeMap;

use super::{Around, Matcher, Rule, example};

/// How many seeds each example is expanded with.
const SEEDS: u64 = 5;

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The rule.
    pub rule: String,
    /// What is wrong.
    pub message: String,
}

/// Finds the ids of the rules that report something in a text.
pub type Finder<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// Checks rules among each other and against their own examples. `known` are all rules of the run (pairs may point to
/// them), `validators` the ids of offline proofs, `find` a whole detection over a text.
#[must_use]
pub fn check(rules: &[Rule], known: &[Rule], validators: &[&str], find: Finder<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    for rule in known {
        *ids.entry(rule.id.as_ref()).or_default() += 1;
    }
    for rule in rules {
        let mut say = |message: String| complaints.push(Complaint { rule: rule.id.to_string(), message });
        form(rule, &mut say);
        if ids.get(rule.id.as_ref()).copied().unwrap_or(0) > 1 {
            say("another rule has this id".to_owned());
        }
        if !rule.validate.is_empty() && !validators.contains(&rule.validate.as_ref()) {
            say(format!("`validate: {}` is no offline proof; known are {}", rule.validate, validators.join(", ")));
        }
        if let Some(pair) = &rule.pair {
            match known.iter().find(|r| r.id == pair.rule) {
                None => say(format!("its pair `{}` is no rule", pair.rule)),
                Some(other) if !pair.part.is_empty() && !other.identifier => {
                    say(format!("keeps the value of `{}` as a shown part, but that is no identifier", pair.rule));
                }
                Some(_) => {}
            }
        }
        examples(rule, known, find, &mut say);
    }
    complaints
}

fn form(rule: &Rule, say: &mut dyn FnMut(String)) {
    let id = rule.id.as_ref();
    let kebab = |t: &str| {
        !t.is_empty()
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !t.starts_with('-')
            && !t.ends_with('-')
    };
    if !kebab(id) || id.len() > 48 {
        say("an id is kebab case and at most 48 characters".to_owned());
    }
    for (what, text) in [("description", &rule.description), ("remediation", &rule.remediation)] {
        if text.len() < 40 || !text.ends_with(['.', '`', ')']) {
            say(format!("the {what} is not a whole sentence that helps somebody"));
        }
    }
    if rule.references.is_empty() || rule.references.iter().any(|r| !r.starts_with("https://")) {
        say("wants at least one https reference".to_owned());
    }
    if rule.matcher == Matcher::ClientFile {
        // Its tests are the fixtures of the formats; here only a whole file under its own name would be found.
        if !(rule.keywords.is_empty() && rule.examples.is_empty() && rule.counterexamples.is_empty()) {
            say("of known credential files has no keywords and no examples".to_owned());
        }
        return;
    }
    if !matches!(rule.matcher, Matcher::Generic | Matcher::Contextual(_))
        && (rule.keywords.is_empty() || rule.keywords.iter().any(|k| k.len() < 3))
    {
        say("wants keywords of at least three bytes".to_owned());
    }
    if let Matcher::Pattern { around, .. } = &rule.matcher {
        let idle = rule.keywords.iter().zip(around.iter()).filter(|(_, around)| **around == Around::NEVER);
        idle.for_each(|(keyword, _)| {
            say(format!("no match needs the keyword `{keyword}`: another one stands in all of them"))
        });
    }
    if rule.examples.len() < 2 && rule.report {
        say("wants at least two examples".to_owned());
    }
    if rule.counterexamples.is_empty() {
        say("wants at least one counterexample".to_owned());
    }
}

fn examples(rule: &Rule, known: &[Rule], find: Finder<'_>, say: &mut dyn FnMut(String)) {
    let id = rule.id.as_ref();
    // A key known by its shape and its neighbours may be known better by another rule of its provider.
    let same = |found: &str| {
        matches!(rule.matcher, Matcher::Contextual(_))
            && known.iter().any(|other| other.id == found && other.provider == rule.provider)
    };
    for (list, wanted) in [(&rule.examples, true), (&rule.counterexamples, false)] {
        for (i, template) in list.iter().enumerate() {
            for seed in 0..SEEDS {
                let text = match example::expand(template, seed) {
                    Ok(text) => text,
                    Err(e) => {
                        say(format!("{} {i}: {e}", if wanted { "example" } else { "counterexample" }));
                        break;
                    }
                };
                let found = find(&text);
                let own = found.iter().filter(|f| *f == id || wanted && same(f)).count();
                if wanted && rule.report && own != 1 {
                    say(format!(
                        "example {i} `{template}` gives {own} findings of this rule, not one (found: {found:?})"
                    ));
                    break;
                }
                if !wanted && own > 0 {
                    say(format!("counterexample {i} `{template}` is found"));
                    break;
                }
            }
        }
    }
}
