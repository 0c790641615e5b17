//! Conditions on tokens that a workload identity pool's provider takes, as tests of claims.
//!
//! Language: <https://cloud.google.com/iam/docs/workload-identity-federation#conditions>. Read are conjunctions of comparisons
//! with texts, membership in a list of texts and beginnings; several values of one claim are alternatives. Whatever else stands in
//! a condition narrows it further, or is an alternative to all of it; then nothing is read.

use std::collections::BTreeMap;

/// Tests by claim, each `<operator> <value> | <value>`, as `assess` reads them, and whether they are all that the condition
/// says. Empty when the condition is of another form.
#[must_use]
pub fn claims(condition: &str) -> (BTreeMap<String, String>, bool) {
    let mut out = BTreeMap::new();
    let Some(terms) = split(condition, "&&") else { return (out, false) };
    // At the top alternatives bind less than conjunctions do.
    let alternatives = split(condition, "||").is_none_or(|parts| parts.len() > 1);
    let terms = if alternatives { vec![condition] } else { terms };
    let mut whole = true;
    for text in terms {
        match term(text) {
            // Two tests of one claim: both hold, and the first is one of them.
            Some((claim, test)) => {
                whole &= !out.contains_key(&claim);
                out.entry(claim).or_insert_with(|| test.words());
            }
            None => whole = false,
        }
    }
    (out, whole)
}

/// Longest condition that is looked at.
const MAX: usize = 4096;

/// The parts between an operator at the top level; `None` when quotes or brackets do not close.
fn split<'t>(text: &'t str, operator: &str) -> Option<Vec<&'t str>> {
    if text.len() > MAX {
        return None;
    }
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    let mut skip = 0;
    for (at, c) in text.char_indices() {
        match quote {
            _ if at < skip => {}
            Some(open) => quote = Some(open).filter(|open| *open != c),
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.checked_sub(1)?,
                _ if depth == 0 && text.get(at..).is_some_and(|rest| rest.starts_with(operator)) => {
                    parts.push(text.get(start..at)?.trim());
                    start = at + operator.len();
                    skip = start;
                }
                _ => {}
            },
        }
    }
    parts.push(text.get(start..)?.trim());
    (depth == 0 && quote.is_none()).then_some(parts)
}

struct Test {
    operator: &'static str,
    values: Vec<String>,
}

impl Test {
    fn words(&self) -> String {
        format!("{} {}", self.operator, self.values.join(" | "))
    }
}

/// One comparison, or alternatives of one claim.
fn term(text: &str) -> Option<(String, Test)> {
    let text = unwrapped(text);
    let alternatives = split(text, "||")?;
    if alternatives.len() > 1 {
        let mut all = alternatives.into_iter().map(unwrapped).map(comparison);
        let (claim, mut test) = all.next()??;
        for other in all {
            let (named, mut more) = other?;
            if named != claim || more.operator != test.operator {
                return None;
            }
            test.values.append(&mut more.values);
        }
        return Some((claim, test));
    }
    comparison(text)
}

/// The text without brackets around all of it.
fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        if split(inner, "&&").is_none() {
            break;
        }
        text = inner.trim();
    }
    text
}

fn comparison(text: &str) -> Option<(String, Test)> {
    if let Some((left, right)) = text.split_once("==") {
        let (name, value) = match (claim(left), literal(right)) {
            (Some(name), Some(value)) => (name, value),
            _ => (claim(right)?, literal(left)?),
        };
        return Some((name, Test { operator: "StringEquals", values: vec![value] }));
    }
    if let Some((left, list)) = text.split_once(" in ") {
        let items = split(list.trim().strip_prefix('[')?.strip_suffix(']')?, ",")?;
        let values: Option<Vec<String>> = items.into_iter().map(literal).collect();
        return Some((claim(left)?, Test { operator: "StringEquals", values: values.filter(|all| !all.is_empty())? }));
    }
    let (left, rest) = text.split_once(".startsWith(")?;
    let value = literal(rest.trim().strip_suffix(')')?)?;
    Some((claim(left)?, Test { operator: "StringLike", values: vec![format!("{value}*")] }))
}

/// `assertion.NAME`, `attribute.NAME`, `assertion['NAME']`, `google.subject`.
fn claim(text: &str) -> Option<String> {
    let text = text.trim();
    if text == "google.subject" {
        return Some("sub".to_owned());
    }
    let rest = text.strip_prefix("assertion").or_else(|| text.strip_prefix("attribute"))?;
    let name = match rest.strip_prefix('.') {
        Some(name) => name.to_owned(),
        None => literal(rest.strip_prefix('[')?.strip_suffix(']')?)?,
    };
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then_some(name)
}

/// A text in quotes without escapes and without what separates values.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    let plain = !inner.is_empty() && !inner.contains(['\'', '"', '\\', '|', ',', '\n']);
    plain.then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(condition: &str) -> String {
        claims(condition).0.into_iter().map(|(name, test)| format!("{name}: {test}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn conjunctions_of_plain_tests_are_read() {
        for (condition, want) in [
            ("assertion.repository_owner == 'acme'", "repository_owner: StringEquals acme"),
            ("'acme/app'==attribute.repository", "repository: StringEquals acme/app"),
            (
                "assertion.repository == \"acme/app\" && assertion.ref == 'refs/heads/main'",
                "ref: StringEquals refs/heads/main; repository: StringEquals acme/app",
            ),
            ("(assertion.repository in ['acme/a', 'acme/b'])", "repository: StringEquals acme/a | acme/b"),
            ("(assertion.ref == 'x' || assertion.ref == 'y') && assertion.sub != 'z'", "ref: StringEquals x | y"),
            ("assertion.ref == 'x' || assertion.ref == 'y'", "ref: StringEquals x | y"),
            ("assertion.sub.startsWith('repo:acme/app:')", "sub: StringLike repo:acme/app:*"),
            ("assertion['namespace_id'] == '42'", "namespace_id: StringEquals 42"),
            (
                "google.subject == 'repo:acme/app:ref:refs/heads/main'",
                "sub: StringEquals repo:acme/app:ref:refs/heads/main",
            ),
        ] {
            assert_eq!(read(condition), want, "{condition}");
        }
    }

    #[test]
    fn a_part_that_was_not_read_is_told() {
        assert!(claims("assertion.ref == 'x' && assertion.sub == 'y'").1);
        for condition in
            ["assertion.ref == 'x' && assertion.sub != 'y'", "assertion.ref == 'x' && assertion.ref == 'y'", "true"]
        {
            assert!(!claims(condition).1, "{condition}");
        }
    }

    #[test]
    fn what_could_let_others_in_is_not_read() {
        for condition in [
            "",
            "true",
            "assertion.repository == 'acme/app' || true",
            "assertion.repository == 'acme/app' || assertion.actor == 'ana'",
            "assertion.a == 'x' && assertion.b == 'y' || assertion.c == 'z'",
            "assertion.repository != 'acme/app'",
            "!(assertion.repository == 'acme/app')",
            "assertion.repository == assertion.x",
            "assertion.repository in []",
            "assertion.repository == 'acme",
            "assertion.repository.matches('.*')",
            "((((",
            "é == 'é'",
        ] {
            assert_eq!(read(condition), "", "{condition}");
        }
    }
}
