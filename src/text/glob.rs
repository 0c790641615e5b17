//! What a glob says without being compiled.

/// The longest part of a glob that stands for itself: a path without it does not match. Empty where nothing does.
///
/// Slashes are no part of it, since one beside stars may stand for nothing, nor is anything behind brackets, braces or a backslash.
#[must_use]
pub fn fixed(glob: &str) -> &str {
    let plain = glob.split(['[', '{', '\\']).next().unwrap_or_default();
    plain.split(['*', '?', '/']).max_by_key(|part| part.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_that_stands_for_itself_is_told() {
        for (glob, want) in [
            ("**/.kube/**", ".kube"),
            ("/do?s/[ab]*.md", "do"),
            ("src/{a,b}/long-name", "src"),
            (r"a\*b", "a"),
            ("**", ""),
        ] {
            assert_eq!(fixed(glob), want, "{glob}");
        }
    }
}
