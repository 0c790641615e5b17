//! Comments that say "this one is known", keyroll's own and those of other scanners.

use crate::model::{Span, Suppression, SuppressionKind};
use crate::text::lines::LineIndex;

/// Markers, and whether they speak for the next line instead of their own.
const MARKERS: &[(&str, bool)] = &[
    ("keyroll:ignore", false),
    ("keyroll:ignore-next-line", true),
    ("gitleaks:allow", false),
    ("betterleaks:allow", false),
    ("kingfisher:ignore", false),
    ("trufflehog:ignore", false),
    ("pragma: allowlist secret", false),
    ("pragma: whitelist secret", false),
    ("pragma: allowlist nextline secret", true),
    ("pragma: whitelist nextline secret", true),
    ("ggignore", false),
];

/// One of these is part of every marker.
const WORDS: [&[u8]; 3] = [b"ignore", b"allow", b"whitelist"];

/// A marker on one line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    marker: &'static str,
    next: bool,
    /// Rules it is limited to; empty for all.
    rules: Vec<String>,
    reason: String,
}

/// The suppression of a finding of `rule` at `span`, if a comment on its first or last line, or one for the next line on
/// the line above, speaks for it.
#[must_use]
pub fn find(text: &[u8], lines: &LineIndex, span: Span, rule: &str) -> Option<Suppression> {
    let first = lines.line(span.start, text);
    let last = lines.line(span.end.saturating_sub(1).max(span.start), text);
    let own = |line: u64| -> Option<Placed> {
        marks(lines.line_span(line, text).of(text)).into_iter().find(|m| !m.next && m.speaks_for(rule))
    };
    let above = |line: u64| -> Option<Placed> {
        marks(lines.line_span(line, text).of(text)).into_iter().find(|m| m.speaks_for(rule) && (m.next || m.alone))
    };
    let mark = own(first)
        .map(|m| m.mark)
        .or_else(|| own(last).map(|m| m.mark))
        .or_else(|| first.checked_sub(1).filter(|l| *l > 0).and_then(above).map(|m| m.mark))?;
    Some(Suppression { kind: SuppressionKind::Inline, reason: mark.reason, by: mark.marker.to_owned() })
}

/// A line that a comment speaks for, with the rules or checks it is limited to; none for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The line, counted from 1.
    pub line: u64,
    /// Ids of rules and checks; empty for all.
    pub rules: Vec<String>,
    /// What the comment says.
    pub suppression: Suppression,
}

/// Every line of a text that a comment speaks for: for findings that were not made from a value in this text.
#[must_use]
pub fn accepted(text: &[u8]) -> Vec<Accepted> {
    let mut all = Vec::new();
    for (number, line) in marked_lines(text) {
        for placed in marks(line) {
            let Mark { marker, rules, reason, .. } = placed.mark;
            let suppression = Suppression { kind: SuppressionKind::Inline, reason, by: marker.to_owned() };
            let own = (!placed.next).then_some(number);
            let below = (placed.next || placed.alone).then_some(number + 1);
            let lines = own.into_iter().chain(below);
            all.extend(lines.map(|line| Accepted { line, rules: rules.clone(), suppression: suppression.clone() }));
        }
    }
    all
}

/// Lines that hold a word of a marker, each once, with their numbers counted from 1.
fn marked_lines(text: &[u8]) -> Vec<(u64, &[u8])> {
    let mut words: Vec<usize> =
        WORDS.iter().flat_map(|word| memchr::memmem::find_iter(text, *word).collect::<Vec<_>>()).collect();
    words.sort_unstable();
    let (mut lines, mut counted, mut number, mut done) = (Vec::new(), 0, 1_u64, 0);
    for at in words {
        if at < done {
            continue;
        }
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |n| n + 1);
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n);
        number += memchr::memchr_iter(b'\n', &text[counted..start]).count() as u64;
        (counted, done) = (start, end);
        lines.push((number, &text[start..end]));
    }
    lines
}

/// A mark with how it stands on its line.
struct Placed {
    mark: Mark,
    next: bool,
    /// Nothing but a comment sign before it: a line of its own, which speaks for the line below.
    alone: bool,
}

impl Placed {
    fn speaks_for(&self, rule: &str) -> bool {
        self.mark.rules.is_empty() || self.mark.rules.iter().any(|r| r == rule)
    }
}

fn marks(line: &[u8]) -> Vec<Placed> {
    // A very long line is data; a comment stands near its end.
    let line = if line.len() > 4096 { &line[line.len() - 4096..] } else { line };
    if WORDS.iter().all(|word| memchr::memmem::find(line, word).is_none()) {
        return Vec::new();
    }
    let text = one_spelling(&String::from_utf8_lossy(line));
    let mut found: Vec<Placed> = Vec::new();
    for (marker, next) in MARKERS {
        let Some(at) = text.find(marker) else { continue };
        let rest = &text[at + marker.len()..];
        // Part of a longer word, or a list of rules that never ends: no marker.
        if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
            || rest.starts_with('[') && !rest.contains(']')
        {
            continue;
        }
        let (rules, reason) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            Some((list, reason)) => (list.split(',').map(|r| r.trim().to_owned()).collect(), reason),
            None => (Vec::new(), rest),
        };
        let reason = tidy(reason);
        let alone = text[..at].chars().all(|c| !c.is_alphanumeric());
        found.push(Placed { mark: Mark { marker, next: *next, rules, reason }, next: *next, alone });
    }
    found
}

/// detect-secrets takes the words of its pragma with or without a space after the colon, joined by blanks or hyphens.
fn one_spelling(line: &str) -> String {
    if !line.contains("pragma:") {
        return line.to_owned();
    }
    let mut text =
        line.replace("pragma:allowlist", "pragma: allowlist").replace("pragma:whitelist", "pragma: whitelist");
    for list in ["allowlist", "whitelist"] {
        for joined in ["-secret", "-nextline-secret", "-nextline secret", " nextline-secret"] {
            text = text.replace(&format!("{list}{joined}"), &format!("{list}{}", joined.replace('-', " ")));
        }
    }
    text
}

/// A reason up to the end of its comment. Pieces that could be values are left out: the line may hold more than the comment.
fn tidy(reason: &str) -> String {
    let end = ["*/", "-->", "--%>", "#}"].iter().filter_map(|e| reason.find(e)).min().unwrap_or(reason.len());
    let words = reason[..end].split_whitespace().take(40).map(|word| {
        let telling = word.len() >= 8
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_alphabetic());
        if telling || word.len() > 32 { "…" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suppressed(text: &str, rule: &str) -> Option<(String, String)> {
        let at = text.find("SECRET").unwrap_or(0);
        find(text.as_bytes(), &LineIndex::new(text.as_bytes()), Span::new(at, at + 6), rule).map(|s| (s.by, s.reason))
    }

    #[test]
    fn markers_of_all_tools_are_honoured_on_the_line_and_above() {
        for marker in [
            "gitleaks:allow",
            "betterleaks:allow",
            "kingfisher:ignore",
            "trufflehog:ignore",
            "pragma: allowlist secret",
            "ggignore",
            "keyroll:ignore",
        ] {
            assert!(suppressed(&format!("x = 'SECRET' # {marker}\n"), "r").is_some(), "{marker}");
            assert!(suppressed(&format!("# {marker}\nx = 'SECRET'\n"), "r").is_some(), "{marker} above");
            assert!(suppressed(&format!("y = 1 # {marker}\nx = 'SECRET'\n"), "r").is_none(), "{marker} beside another");
        }
        assert!(suppressed("// pragma: allowlist nextline secret\nx = 'SECRET'\n", "r").is_some());
        assert!(suppressed("// pragma: allowlist nextline secret\n\nx = 'SECRET'\n", "r").is_none());
    }

    #[test]
    fn a_marker_may_name_rules_and_a_reason() {
        let text = "x = 'SECRET' // keyroll:ignore[a, b] rotated in May */\n";
        assert_eq!(suppressed(text, "b"), Some(("keyroll:ignore".to_owned(), "rotated in May".to_owned())));
        assert_eq!(suppressed(text, "c"), None);
        assert_eq!(suppressed("x = 'SECRET' // keyroll:ignore[a\n", "a"), None);
    }
}
