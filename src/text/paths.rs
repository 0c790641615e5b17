//! What paths tell of how a repository is laid out.

/// Directories that hold one component each.
const HOLDERS: &[&str] =
    &["services", "packages", "apps", "modules", "projects", "components", "charts", "functions", "lambdas", "cmd"];

/// The component that a path lies in: the first directory, the first two below a directory of components. Files at the
/// top and in hidden directories serve the whole repository and are in none.
#[must_use]
pub fn component(path: &str) -> Option<String> {
    let mut dirs = path.split('/');
    dirs.next_back();
    let first = dirs.next().filter(|d| !d.is_empty() && !d.starts_with('.'))?;
    if !HOLDERS.contains(&first) {
        return Some(first.to_owned());
    }
    dirs.next().map(|second| format!("{first}/{second}"))
}

#[cfg(test)]
mod tests {
    use super::component;

    #[test]
    fn components_are_directories_and_never_the_top_or_hidden_ones() {
        for (path, want) in [
            ("services/a/src/main.py", Some("services/a")),
            ("services/readme.md", None),
            ("src/a/b.rs", Some("src")),
            ("app.py", None),
            (".github/workflows/x.yml", None),
            ("", None),
        ] {
            assert_eq!(component(path).as_deref(), want, "{path}");
        }
    }
}
