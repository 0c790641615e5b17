//! Texts of a SARIF file: plain messages, Markdown help and the limits of GitHub's code scanning on both.

use crate::model::{Finding, LocationData, RuleInfo};
use crate::text::escape;

/// Longest `name` of a rule that GitHub takes.
pub(super) const NAME: usize = 255;
/// Longest short or full description of a rule that GitHub takes.
pub(super) const DESCRIPTION: usize = 1024;
/// Longest message that we write; GitHub publishes no limit of its own.
const MESSAGE: usize = 4000;

/// Text as a plain SARIF message: nothing acts on a screen, nothing reads as a placeholder (§3.11.5) or as an embedded
/// link (§3.11.6). Braces and brackets that cannot be read so stay as they are, since GitHub shows a doubled brace or a
/// backslash as it stands.
pub(super) fn plain(text: &str) -> String {
    let mut text = escape::terminal(text);
    if text.contains("](") {
        text = text.replace('[', "\\[").replace(']', "\\]");
    }
    if has_placeholder(&text) {
        text = text.replace('{', "{{").replace('}', "}}");
    }
    text
}

/// True when the text holds `{`, digits, `}`.
fn has_placeholder(text: &str) -> bool {
    text.split('{').skip(1).any(|rest| {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < rest.len() && digits.starts_with('}')
    })
}

/// At most `limit` characters, the last one an ellipsis when something was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// The first text that holds something to read, made plain and cut; GitHub rejects empty required texts.
pub(super) fn required(candidates: [&str; 3], limit: usize) -> String {
    let text = candidates.into_iter().find(|text| !text.trim().is_empty()).unwrap_or("No description.");
    cut(&plain(text.trim()), limit)
}

/// The message of a result. Its first sentence is the title, which GitHub shows where space is short. `unlisted` counts
/// the places that have no related location.
pub(super) fn of_finding(finding: &Finding, elsewhere: Option<&LocationData>, unlisted: usize) -> String {
    let mut sentences = vec![sentence(&finding.title)];
    if let Some(place) = elsewhere {
        let why = if place.container.is_some() && place.in_head { "" } else { "; this line names the identity" };
        sentences.push(format!("Found in {}{why}.", where_it_lies(place)));
    }
    if let Some(preview) = &finding.preview {
        sentences.push(format!("Value: {preview}."));
    }
    if unlisted > 0 {
        sentences.push(format!("Places not listed here: {unlisted}; the JSON report has them."));
    }
    sentences.push(sentence(&finding.why));
    sentences.push(sentence(&finding.remediation));
    sentences.retain(|sentence| !sentence.is_empty());
    if sentences.is_empty() {
        sentences.push(format!("{}.", finding.id));
    }
    cut(&plain(&sentences.join(" ")), MESSAGE)
}

/// A place that no line of the checkout stands for, in words.
fn where_it_lies(place: &LocationData) -> String {
    let mut text = place.path.clone();
    text.extend(place.pointer.as_ref().map(|pointer| format!(" at {pointer}")));
    text.extend(place.container.as_ref().map(|container| format!(" inside {container}")));
    let gone = place.commit.as_ref().filter(|_| !place.in_head);
    text.extend(gone.map(|commit| format!(" of commit {commit}, which is no longer in the checkout")));
    text
}

/// Text on one line that ends as a sentence does; empty text stays empty.
fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.ends_with(['.', '!', '?', ':', '…']) { text } else { format!("{text}.") }
}

/// The help of a rule in plain text; never empty.
pub(super) fn help_text(rule: &RuleInfo) -> String {
    let mut parts = vec![sentence(&rule.description)];
    if !rule.remediation.trim().is_empty() {
        parts.push(format!("What to do: {}", sentence(&rule.remediation)));
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        parts.push(format!("See `keyroll {}s explain {}`.", rule.kind, rule.id));
    }
    plain(&parts.join(" "))
}

/// The help of a rule in Markdown, which GitHub shows instead of the plain text.
pub(super) fn help_markdown(rule: &RuleInfo) -> String {
    let mut out = format!("## {}\n\n", inert(&rule.name));
    for paragraph in rule.description.split("\n\n").filter(|text| !text.trim().is_empty()) {
        out.push_str(&format!("{}\n\n", inert(paragraph)));
    }
    if !rule.remediation.trim().is_empty() {
        out.push_str("### What to do\n\n");
        for paragraph in rule.remediation.split("\n\n").filter(|text| !text.trim().is_empty()) {
            out.push_str(&format!("{}\n\n", inert(paragraph)));
        }
    }
    out.push_str(&format!("Risk: {} {}\n", rule.risk.id(), rule.risk.title()));
    let links: Vec<&String> = rule.references.iter().filter(|link| is_web_address(link)).collect();
    if !links.is_empty() {
        out.push_str("\n### References\n\n");
        links.iter().for_each(|link| out.push_str(&format!("- <{link}>\n")));
    }
    out
}

/// Markdown text on one line whose HTML is shown, not interpreted. Other Markdown of a rule's author is kept.
fn inert(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    escape::terminal(&line).replace('&', "&amp;").replace('<', "&lt;")
}

/// True for an absolute web address made of characters that need no escape in URI, Markdown or HTML.
pub(super) fn is_web_address(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() > 8
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"'`\\^{}|[]".contains(&b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn text_of_others_is_neither_placeholder_nor_link_nor_escape() {
        assert_eq!(plain("job {0} of {12}"), "job {{0}} of {{12}}");
        assert_eq!(plain("${{ secrets.X }} and a[0]"), "${{ secrets.X }} and a[0]");
        assert_eq!(plain("[click](https://example.org)"), "\\[click\\](https://example.org)");
        assert_eq!(plain("\u{1b}[2J"), "\\x1b[2J");
    }

    #[test]
    fn cutting_counts_characters_and_marks_the_cut() {
        assert_eq!(cut("日本語", 3), "日本語");
        assert_eq!(cut("日本語だ", 3), "日本…");
        assert_eq!(required(["", " ", ""], 100), "No description.");
    }

    #[test]
    fn only_plain_web_addresses_become_links() {
        assert!(is_web_address("https://docs.github.com/en/x?y=1#z"));
        for bad in ["javascript:alert(1)", "https://a b", "https://x/<script>", "https://", "docs/x.md", "https://é"] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
