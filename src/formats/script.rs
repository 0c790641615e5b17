//! Shell scripts in pipelines and manifests, as far as they tell of credentials: the variables they read, the logins they
//! make, and what they should not do. No shell is run and none is parsed whole: a script is read command by command.

use std::ops::Range;

use crate::model::AuthMode;

/// One thing that a script tells; `part` is its bytes in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A variable is read: `$NAME`, `${NAME}`, `$env:NAME`.
    Variable {
        /// Its name.
        name: String,
        /// Where.
        part: Range<usize>,
    },
    /// A login at a provider.
    Login {
        /// How.
        mode: AuthMode,
        /// Where to.
        provider: &'static str,
        /// The command, in its own words: `aws sts assume-role-with-web-identity`.
        command: &'static str,
        /// The identity taken on, when it is written out.
        target: Option<String>,
        /// Where.
        part: Range<usize>,
    },
    /// What it should not do; see [`crate::model::setting`].
    Setting {
        /// The word for it.
        name: &'static str,
        /// How it is done, never secret.
        value: String,
        /// Where.
        part: Range<usize>,
    },
}

/// What a script tells, in order.
#[must_use]
pub fn read(script: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    variables(script, &mut seen);
    seen
}

fn variables(script: &str, seen: &mut Vec<Seen>) {
    let bytes = script.as_bytes();
    for dollar in memchr::memchr_iter(b'$', bytes) {
        let mut start = dollar + 1;
        if bytes.get(start) == Some(&b'{') {
            start += 1;
        }
        if bytes.get(start..start + 4).is_some_and(|word| word.eq_ignore_ascii_case(b"env:")) {
            start += 4;
        }
        let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let end = start + bytes.get(start..).unwrap_or_default().iter().take_while(|b| name(b)).count();
        if end > start && !bytes.get(start).is_some_and(u8::is_ascii_digit) {
            seen.push(Seen::Variable { name: script[start..end].to_owned(), part: dollar..end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_in_each_shells_form() {
        let script = "a $TOKEN ${KEY:-x} $env:PASSWORD $1 $$ $(date)";
        let names: Vec<String> = read(script)
            .into_iter()
            .filter_map(|seen| match seen {
                Seen::Variable { name, .. } => Some(name),
                _ => None,
            })
            .collect();
        assert_eq!(names, ["TOKEN", "KEY", "PASSWORD"]);
    }
}
