//! Production or not, from the name of an environment as pipelines write it.
//!
//! Only whole words count, and a name that says both or neither stays unknown: guessing here would make findings of
//! isolation out of nothing.

use super::{Environment, EnvironmentClass};

const PROD: &[&str] = &["prod", "production", "prd", "live"];
const NONPROD: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "testing",
    "tst",
    "staging",
    "stage",
    "stg",
    "qa",
    "uat",
    "preview",
    "sandbox",
    "sbx",
    "nonprod",
    "nonproduction",
    "preprod",
    "preproduction",
];

/// Classifies an environment's name; `what` says what it is the name of (`environment`, `stage`) and goes into `why`.
#[must_use]
pub fn classify(what: &str, name: &str) -> Environment {
    let lower = name.to_ascii_lowercase();
    // `eu2-prod1` means what `eu-prod` means.
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect();
    let mut prod = false;
    let mut nonprod = false;
    for (i, word) in words.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| words.get(i));
        if PROD.contains(word) {
            let negated = matches!(before, Some(&("non" | "pre" | "not")));
            nonprod |= negated;
            prod |= !negated;
        }
        nonprod |= NONPROD.contains(word);
    }
    let (class, said) = match (prod, nonprod) {
        (true, false) => (EnvironmentClass::Prod, ""),
        (false, true) => (EnvironmentClass::Nonprod, ""),
        (true, true) => (EnvironmentClass::Unknown, " names both"),
        (false, false) => (EnvironmentClass::Unknown, " names neither"),
    };
    Environment { class, why: format!("{what} `{name}`{said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_decide() {
        for name in ["prod", "Production", "eu-prod-1", "prod2", "npm/live", "PRD"] {
            assert_eq!(classify("environment", name).class, EnvironmentClass::Prod, "{name}");
        }
        for name in ["dev", "non-prod", "pre_production", "preprod", "qa3", "Staging", "preview/pr-12"] {
            assert_eq!(classify("environment", name).class, EnvironmentClass::Nonprod, "{name}");
        }
        for name in ["production-like-test", "product", "delivery", "pypi", "github-pages", "devops", ""] {
            assert_eq!(classify("environment", name).class, EnvironmentClass::Unknown, "{name}");
        }
    }
}
