//! What a parser says of a configuration that it cannot read.

use crate::text::escape::without_values;

/// What a parser says, with the line of a key at the top, which it leaves out.
pub(super) fn placed(text: &str, error: &serde_yaml::Error) -> String {
    let raw = error.to_string();
    let message = without_values(&raw);
    let key =
        ["unknown field `", "duplicate field `"].iter().find_map(|start| raw.strip_prefix(start)?.split_once('`'));
    let Some((key, _)) = key.filter(|_| !raw.contains(" at line ")) else { return message };
    let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let at: Vec<usize> = text.lines().zip(1..).filter(|(line, _)| is_key(line)).map(|(_, number)| number).collect();
    at.last().map_or(message.clone(), |line| format!("{message} at line {line}"))
}

/// The beginning of a text of the configuration, as a message may show it.
pub(super) fn shown(text: &str) -> String {
    crate::text::escape::terminal(&text.chars().take(32).collect::<String>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::config::ConfigFile;

    #[test]
    fn a_key_at_the_top_has_a_line() {
        for (text, want, line) in [
            ("nope: 1\n", "unknown field `nope`", " at line 1"),
            ("fail-on: low\n\nnope: 1\n", "unknown field `nope`", " at line 3 column 1"),
            ("fail-on: low\n# x\nfail-on: high\n", "duplicate field `fail-on`", " at line 3"),
        ] {
            let error = serde_yaml::from_str::<ConfigFile>(text).unwrap_err();
            let message = placed(text, &error);
            assert!(message.starts_with(want) && message.ends_with(line), "{message}");
        }
        let within = "policy:\n  nope: 1\n";
        let message = placed(within, &serde_yaml::from_str::<ConfigFile>(within).unwrap_err());
        assert!(message.ends_with("at line 2 column 3"), "{message}");
    }
}
