//! Production or not, from the name of an environment as pipelines write it.
//!
//! Only whole words count, and a name that says both or neither stays unknown: guessing here would make findings of
//! isolation out of nothing.

use super::{Environment, EnvironmentClass};

/// Words that mean an environment wherever they stand in a name of several words. `Live chat`, `Test results` and `Preview builder`
/// are what things do, so the others count at the end of such a name, or set off from the rest of it, alone.
const ANYWHERE: &[&str] = &[
    "prod",
    "production",
    "prd",
    "staging",
    "stg",
    "uat",
    "sbx",
    "nonprod",
    "nonproduction",
    "preprod",
    "preproduction",
];

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
    judge(what, name, &words(&lower), |_| true)
}

/// Classifies the name that people gave an identity: `billing-prod`, `Contoso Billing Production`, `[TEST] Deploy bot`. Names in
/// free text say much by chance, so in those a word that also means what a thing does counts only at their end or set off by
/// brackets, a colon, a bar or a dash between spaces. What tells nothing, or two things, is the default.
#[must_use]
pub fn of_name(what: &str, name: &str) -> Environment {
    let lower = name.trim().to_ascii_lowercase();
    let found = if lower.contains(char::is_whitespace) {
        let words = words(&lower);
        let last = words.len().saturating_sub(1);
        let apart = set_off(&lower);
        judge(what, name, &words, |at| {
            let word = words.get(at).copied().unwrap_or_default();
            at == last || ANYWHERE.contains(&word) || apart.contains(&word)
        })
    } else {
        judge(what, name, &words(&lower), |_| true)
    };
    if found.class == EnvironmentClass::Unknown { Environment::default() } else { found }
}

/// The words of a name, without the numbers at their ends: `eu2-prod1` means what `eu-prod` means.
fn words(lower: &str) -> Vec<&str> {
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Words of parts of a name that hold nothing else, between brackets, colons, bars or dashes that stand alone. A word that is
/// joined to others by dashes (`billing-dev portal`) is set off, too.
fn set_off(lower: &str) -> Vec<&str> {
    let parts = lower.split(['(', ')', '[', ']', '{', '}', '<', '>', ':', '|', ',', ';', '/', '\u{2013}', '\u{2014}']);
    let parts = parts.flat_map(|part| part.split(" - "));
    let mut out: Vec<&str> = Vec::new();
    for part in parts {
        match words(part).as_slice() {
            [word] => out.push(word),
            _ => {
                let joined = part.split_whitespace().filter(|token| token.contains(['-', '_', '.']));
                out.extend(joined.flat_map(words));
            }
        }
    }
    out
}

fn judge(what: &str, name: &str, words: &[&str], counts: impl Fn(usize) -> bool) -> Environment {
    let mut prod = false;
    let mut nonprod = false;
    for (i, word) in words.iter().enumerate().filter(|(i, _)| counts(*i)) {
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
    fn names_of_several_words_tell_an_environment_as_names_with_dashes_do() {
        use EnvironmentClass::{Nonprod, Prod, Unknown};
        for (name, class) in [
            ("Contoso Billing Production", Prod),
            ("Production Billing App", Prod),
            ("Contoso PROD Deploy", Prod),
            ("Billing (prod)", Prod),
            ("[PROD] Billing", Prod),
            ("Billing service - Live", Prod),
            ("Live: billing service", Prod),
            ("billing-prod", Prod),
            ("Contoso Billing Test", Nonprod),
            ("TEST - Deploy bot", Nonprod),
            ("Deploy bot | dev", Nonprod),
            ("billing-dev portal", Nonprod),
            ("Contoso Staging Website", Nonprod),
            ("Contoso Non Production", Nonprod),
            ("Contoso not production deploy", Nonprod),
            ("Deploy UAT 2", Nonprod),
            ("Live chat connector", Unknown),
            ("Test results uploader", Unknown),
            ("QA bot for releases", Unknown),
            ("Dev portal of Contoso", Unknown),
            ("Preview builder service", Unknown),
            ("Contoso Production Test", Unknown),
            ("Product delivery", Unknown),
            ("   ", Unknown),
        ] {
            let found = of_name("name", name);
            assert_eq!(found.class, class, "{name}");
            assert_eq!(found.why.is_empty(), class == Unknown, "{name}");
        }
    }

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
