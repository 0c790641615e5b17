//! Expressions over paths as globs.

/// A glob that says the same as a simple expression over paths: literal text, `.*`, anchors, and nothing else.
pub(super) fn glob_of(regex: &str) -> Option<String> {
    let mut rest = regex;
    let mut start = false;
    for lead in ["^", "(^|/)", "(?:^|/)", "(.*?)", "(.*)", ".*"] {
        if let Some(after) = rest.strip_prefix(lead) {
            (rest, start) = (after, lead == "^");
            break;
        }
    }
    let (body, end) = match rest.strip_suffix('$') {
        Some(body) => (body, true),
        None => (rest, false),
    };
    let mut glob = String::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => glob.push(chars.next().filter(|c| matches!(c, '.' | '/' | '-' | '_'))?),
            '.' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'?') {
                    chars.next();
                }
                glob.push_str("**");
            }
            c if c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | ' ') => glob.push(c),
            _ => return None,
        }
    }
    // What says nothing, or only where the top is, covers everything.
    let says = glob.trim().trim_start_matches("./");
    if says.trim_matches(['*', '/', ' ']).is_empty() || glob.replace("**/", "").replace("/**", "").contains("**") {
        return None;
    }
    let glob = match (start, glob.starts_with('/'), glob.starts_with("**")) {
        (true, ..) | (_, _, true) => glob,
        (false, true, _) => format!("**{glob}"),
        // Without an anchor the text may begin anywhere in a name.
        (false, false, _) if regex.starts_with('(') && regex.contains("^|/") => format!("**/{glob}"),
        (false, false, _) => format!("**/*{glob}"),
    };
    Some(match (end, glob.ends_with('/')) {
        (true, _) => glob,
        (false, true) => format!("{glob}**"),
        (false, false) => format!("{glob}*"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_over_paths_become_globs_and_others_none() {
        for (regex, glob) in [
            ("^docs/", Some("docs/**")),
            (r"(^|/)package-lock\.json$", Some("**/package-lock.json")),
            (r"\.lock$", Some("**/*.lock")),
            (r"/vendor/", Some("**/vendor/**")),
            (r"(.*?)(jpg|gif)$", None),
            (r"a[bc]", None),
            (".*", None),
            ("^ $", None),
            (r"^\./$", None),
        ] {
            assert_eq!(glob_of(regex).as_deref(), glob, "{regex}");
        }
    }
}
