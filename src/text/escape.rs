//! Makes text from scanned files safe to show: what could move a cursor, hide, reorder or fake text becomes visible.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// Zero-width characters that may follow one base character before the rest are escaped. Two marks on a letter occur in
/// real names; a hundred are an attack on the reader's screen.
const MARKS: usize = 2;

/// The text as a terminal or a web page may show it, on one line.
///
/// Escaped are: control characters (C0, DEL, C1, so also ESC and the 8-bit CSI), line and paragraph separators,
/// bidirectional controls, characters that show nothing, and runs of combining marks. `\n`, `\r`, `\t` are written so,
/// other ASCII as `\x1b`, the rest as `\u{202e}`. A backslash of the text itself stays single: the result is for
/// reading, not for decoding. Applying it twice changes nothing.
///
/// Commands that CI systems take from a log are escaped, too: `##vso[…]`, `##[…]`, `##teamcity[…]` anywhere, and `::error` and
/// the like wherever a line may be broken
/// (<https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands>,
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).
#[must_use]
pub fn terminal(text: &str) -> String {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("##") && !text.contains("::") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = MARKS;
    for (at, c) in text.char_indices() {
        let zero_width = c.width() == Some(0);
        let commands = begins_command(&text[at..]);
        if commands || is_unsafe(c) || (zero_width && marks >= MARKS) {
            push_escape(&mut out, c);
            marks = MARKS;
        } else {
            out.push(c);
            marks = if zero_width { marks + 1 } else { 0 };
        }
    }
    out
}

/// Commands of GitHub Actions, by how they begin.
const COMMANDS: &[&str] =
    &["error", "warning", "notice", "debug", "group", "endgroup", "add-", "remove-", "set-", "save-", "stop-", "echo"];

/// Whether a text begins as a command in a CI log does: see [`terminal`].
#[must_use]
pub fn begins_command(text: &str) -> bool {
    if let Some(name) = text.strip_prefix("##") {
        return name.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[');
    }
    let Some(name) = text.strip_prefix("::") else { return false };
    COMMANDS.iter().any(|c| name.get(..c.len()).is_some_and(|n| n.eq_ignore_ascii_case(c)))
}

/// A parser's message with everything it quotes from the input left out that is no plain word: the input may hold secrets.
///
/// Quotes are backticks, double and single quotes. A plain word is lower case with `-` or `_`, at most 32 bytes long.
#[must_use]
pub fn without_values(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['`', '"', '\'']) {
        let quote = &rest[at..=at];
        out.push_str(&rest[..at]);
        let inner = &rest[at + 1..];
        // An apostrophe inside a word quotes nothing.
        let apostrophe = quote == "'" && rest[..at].ends_with(|c: char| c.is_alphanumeric());
        match closing(inner, quote).filter(|_| !apostrophe) {
            Some(end) => {
                let word = &inner[..end];
                let plain =
                    word.len() <= 32 && word.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'));
                out.push_str(quote);
                out.push_str(if plain { word } else { "…" });
                out.push_str(quote);
                rest = &inner[end + 1..];
            }
            // A quote that never closes: the rest may all be quoted.
            None if apostrophe => {
                out.push_str(quote);
                rest = inner;
            }
            None => {
                out.push('…');
                rest = "";
            }
        }
    }
    out.push_str(rest);
    in_words(&out)
}

/// Where a quote ends: one behind a backslash is part of what is quoted.
fn closing(text: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if text[at..].starts_with(quote) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The same without the names that types have in code.
fn in_words(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut words = message.split(' ').peekable();
    while let Some(word) = words.next() {
        if !out.is_empty() {
            out.push(' ');
        }
        let (bare, rest) = word.split_at(word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len()));
        match bare {
            "struct" | "enum"
                if words.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_uppercase())) =>
            {
                let name = words.next().unwrap_or_default();
                out.push_str(if bare == "struct" { "keys with values" } else { "one word" });
                out.push_str(name.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
            }
            "u8" | "u16" | "u32" | "u64" | "u128" | "usize" if out.ends_with("expected ") => {
                out.push_str("a whole number from 0 on");
                out.push_str(rest);
            }
            "i8" | "i16" | "i32" | "i64" | "i128" | "isize" if out.ends_with("expected ") => {
                out.push_str("a whole number");
                out.push_str(rest);
            }
            _ => out.push_str(word),
        }
    }
    out.replace(" as u128", "").replace(" as i128", "").replace("a YAML tag starting with '…'", "one word")
}

/// True for characters that act on the screen or show nothing, wherever they stand.
///
/// Unicode's general category Cc, and of Cf and the default-ignorable characters those without a shape of their own
/// (<https://www.unicode.org/reports/tr36/>, <https://www.unicode.org/reports/tr9/> for the bidirectional ones).
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() => _ = write!(out, "\\x{:02x}", u32::from(c)),
        c => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    #[test]
    fn messages_keep_plain_words_and_lose_values() {
        assert_eq!(
            super::without_values("unknown field `exlude`, expected `exclude` at line 2 column 1"),
            "unknown field `exlude`, expected `exclude` at line 2 column 1"
        );
        assert_eq!(
            super::without_values("invalid type: string \"aB3dE5\", expected a sequence at line 1"),
            "invalid type: string \"…\", expected a sequence at line 1"
        );
        assert_eq!(super::without_values("it isn't `X1"), "it isn't …");
        // What a quote holds may hold quotes.
        for inner in ["key = \\\"aB3dE5\\\"", "\\\\\\\"aB3dE5", "a\\\"b\\\" aB3dE5"] {
            let told = super::without_values(&format!("invalid type: string \"{inner}\", expected a sequence"));
            assert_eq!(told, "invalid type: string \"…\", expected a sequence", "{inner}");
        }
    }

    #[test]
    fn types_are_told_in_words() {
        for (message, want) in [
            ("invalid type: map, expected struct ConfigFile", "invalid type: map, expected keys with values"),
            (
                "x: invalid type: string \"ten\", expected u32 at line 2",
                "x: invalid type: string \"ten\", expected a whole number from 0 on at line 2",
            ),
            ("invalid type: integer `99` as u128, expected i32", "invalid type: integer `…`, expected a whole number"),
            (
                "invalid type: sequence, expected a YAML tag starting with '!' at line 2",
                "invalid type: sequence, expected one word at line 2",
            ),
        ] {
            assert_eq!(super::without_values(message), want);
        }
    }

    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(terminal("a\x1b[31mred\x1b[0m"), "a\\x1b[31mred\\x1b[0m");
        assert_eq!(terminal("two\r\nlines\tand\0nul\x7f"), "two\\r\\nlines\\tand\\x00nul\\x7f");
        assert_eq!(terminal("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn commands_of_ci_logs_become_visible_and_other_colons_stay() {
        assert_eq!(terminal("##vso[task.setvariable variable=x]y"), "\\x23#vso[task.setvariable variable=x]y");
        assert_eq!(terminal("a ###[add-path]b"), "a #\\x23#[add-path]b");
        assert_eq!(terminal("x::Add-Mask::y"), "x\\x3a:Add-Mask::y");
        for plain in ["arn:aws:s3:::bucket", "std::fmt", "## heading [1]", "#[test]", "a::b"] {
            assert_eq!(terminal(plain), plain);
        }
        let twice = terminal("##[x] ::error::y");
        assert_eq!(terminal(&twice), twice);
    }

    #[test]
    fn text_that_reorders_or_hides_becomes_visible() {
        assert_eq!(terminal("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(terminal("\u{2066}x\u{2069}"), "\\u{2066}x\\u{2069}");
        assert_eq!(terminal("pass\u{200b}word\u{feff}"), "pass\\u{200b}word\\u{feff}");
        assert_eq!(terminal("line\u{2028}next"), "line\\u{2028}next");
        assert_eq!(terminal("tag\u{e0041}"), "tag\\u{e0041}");
    }

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in
            ["plain", "été", "日本語.env", "Ελληνικά", "e\u{301}tude", "🔑 key", "C:\\path", "caf\u{fffd}.env", ""]
        {
            assert_eq!(terminal(text), text);
        }
    }

    #[test]
    fn a_tower_of_combining_marks_is_cut_to_two() {
        let shown = terminal(&format!("a{}", "\u{301}".repeat(1000)));
        assert_eq!(shown.matches('\u{301}').count(), 2);
        assert_eq!(shown.matches("\\u{301}").count(), 998);
        assert_eq!(terminal("\u{301}x"), "\\u{301}x", "a mark may not join what stands before the text");
    }

    #[test]
    fn escaping_twice_changes_nothing() {
        let once = terminal("\x1b]8;;https://example.org\x07\u{202e}\u{301}\u{301}\u{301}");
        assert_eq!(terminal(&once), once);
    }
}
