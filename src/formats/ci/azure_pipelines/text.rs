//! What texts of Azure Pipelines refer to: macros `$(name)`, runtime expressions `$[…]` and template expressions `${{ … }}`.
//! <https://learn.microsoft.com/azure/devops/pipelines/process/variables>.

use std::collections::HashSet;

/// The variable that holds the job's own token.
pub(super) const TOKEN: &str = "System.AccessToken";

/// Names in `$(name)`, and those that expressions read as `variables.name` or `variables['name']`, in order.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    for dollar in memchr::memchr_iter(b'$', bytes) {
        let rest = text.get(dollar + 1..).unwrap_or_default();
        if let Some(inside) = rest.strip_prefix('(') {
            let name = word(inside);
            if !name.is_empty() && inside.get(name.len()..).is_some_and(|end| end.starts_with(')')) {
                found.push(name);
            }
        } else if let Some(inside) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix('[')) {
            let end = inside.find(['}', '\n']).unwrap_or(inside.len());
            found.extend(of_expression(inside.get(..end).unwrap_or_default()));
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
    text.get(..end).unwrap_or_default()
}

fn of_expression(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, part) in text.match_indices("variables") {
        let rest = text.get(at + part.len()..).unwrap_or_default();
        let name = match rest.strip_prefix('.') {
            Some(rest) => word(rest),
            None => rest.strip_prefix("['").map(|rest| rest.split('\'').next().unwrap_or_default()).unwrap_or_default(),
        };
        if !name.is_empty() {
            found.push(name);
        }
    }
    found
}

/// Variables that scripts in a text set for the steps after them
/// (<https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>).
pub(super) fn set(text: &str) -> HashSet<&str> {
    const COMMAND: &str = "task.setvariable variable=";
    let rest = memchr::memmem::find_iter(text.as_bytes(), COMMAND.as_bytes());
    rest.map(|at| word(text.get(at + COMMAND.len()..).unwrap_or_default())).filter(|name| !name.is_empty()).collect()
}

/// Whether Azure Pipelines fills the variable in itself.
pub(super) fn is_predefined(name: &str) -> bool {
    let known = [
        "Build.",
        "System.",
        "Agent.",
        "Pipeline.",
        "Environment.",
        "Release.",
        "Resources.",
        "Checks.",
        "Strategy.",
        "Common.",
    ];
    known.iter().any(|prefix| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// Whether the name of a variable promises a credential. They are written in any case, and kept in a variable group, a key
/// vault or the pipeline's settings.
pub(super) fn promises(name: &str) -> bool {
    let mut words = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars().take(200) {
        if small && c.is_ascii_uppercase() {
            words.push('_');
        }
        small = c.is_ascii_lowercase();
        words.push(if matches!(c, '.' | '-') { '_' } else { c.to_ascii_uppercase() });
    }
    // The address of a task's secure file is no secret; the file was counted where it is fetched.
    !is_predefined(name)
        && !words.ends_with("_SECUREFILEPATH")
        && !words.ends_with("_SECURE_FILE_PATH")
        && super::super::pipeline::promises(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_in_each_form() {
        let text =
            "a $(One) $(date +%s) ${{ variables.Two }} $[variables['Three']] ${{ parameters.x }} $(System.AccessToken)";
        assert_eq!(names(text), ["One", "Two", "Three", "System.AccessToken"]);
    }

    #[test]
    fn variables_that_a_script_sets_are_known() {
        let text =
            "echo '##vso[task.setvariable variable=ARM_ID_TOKEN;issecret=true]'$x\n##vso[task.setvariable variable=B]";
        assert_eq!(set(text), HashSet::from(["ARM_ID_TOKEN", "B"]));
    }

    #[test]
    fn names_promise_in_any_case() {
        for name in ["npmToken", "sql-admin-password", "ARM_CLIENT_SECRET", "storage.accessKey"] {
            assert!(promises(name), "{name}");
        }
        for name in ["Build.SourceVersionKey", "cacheKey", "cert.secureFilePath", "buildConfiguration", "keyVaultName"]
        {
            assert!(!promises(name), "{name}");
        }
    }
}
