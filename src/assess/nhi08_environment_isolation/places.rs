//! The environment that a file is of, by its path: `.env.production`, `values-dev.yaml`, `overlays/staging/app.yaml`.

use crate::model::{Environment, EnvironmentClass, environment};

/// Ends of files that people read, and of data and notes: what their names say of environments is what they are about.
const PROSE: &[&str] = &["md", "markdown", "rst", "txt", "adoc", "html", "log", "csv", "ipynb", "lock"];

/// Ends of source code, which is called `test.py` or `preview.ts` for what it does.
const CODE: &[&str] = &[
    "py", "rb", "js", "mjs", "cjs", "ts", "jsx", "tsx", "go", "java", "kt", "cs", "php", "rs", "c", "cc", "cpp", "h",
    "swift", "scala", "pl", "ex", "exs", "sql", "dart", "vue",
];

/// Directories in which code is configuration: `config/environments/production.rb`, `settings/production.py`.
const CONFIGURATION: &[&str] =
    &["config", "configs", "configuration", "conf", "settings", "environments", "environment", "envs", "env"];

/// What a path says of its file's environment, and whether the file's own name says it.
pub(super) struct Place {
    /// Known in any case.
    pub environment: Environment,
    /// The name of the file says it, and not a directory.
    pub by_name: bool,
}

/// The environment that a path tells; `None` when it tells none. A file's name says more than its directories, an inner directory
/// more than an outer one.
pub(super) fn of_path(path: &str) -> Option<Place> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let end = lower.rsplit_once('.').map_or("", |(_, end)| end);
    if PROSE.contains(&end) {
        return None;
    }
    let parent = directory.rsplit('/').next().unwrap_or_default();
    if !CODE.contains(&end) || CONFIGURATION.contains(&parent.to_ascii_lowercase().as_str()) {
        let environment = environment::classify("file", name);
        if environment.class != EnvironmentClass::Unknown {
            return Some(Place { environment, by_name: true });
        }
    }
    directory.split('/').rev().find_map(|segment| {
        // `live` is what Terragrunt calls the directory of all environments.
        let class = match segment {
            "live" => EnvironmentClass::Unknown,
            // In `dev-tools` and `test-results` the word says what a thing does: words are judged as those of a title are.
            _ => environment::of_name("directory", &segment.replace(['-', '_', '.'], " ")).class,
        };
        let environment = Environment { class, why: format!("directory `{segment}`") };
        (class != EnvironmentClass::Unknown).then_some(Place { environment, by_name: false })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_environments_by_names_of_settings_and_by_directories() {
        use EnvironmentClass::{Nonprod, Prod, Unknown};
        for (path, class) in [
            (".env.production", Prod),
            ("app/.env.staging", Nonprod),
            ("app/.env.test", Nonprod),
            ("chart/values-prod.yaml", Prod),
            ("chart/values-dev.yaml", Nonprod),
            ("api/appsettings.Production.json", Prod),
            ("api/appsettings.Development.json", Nonprod),
            ("infra/prod.tfvars", Prod),
            ("k8s/overlays/prod/secret.yaml", Prod),
            ("k8s/overlays/prod-eu/secret.yaml", Prod),
            ("live/stage/mysql/terragrunt.hcl", Nonprod),
            ("live/prod/dev.tfvars", Nonprod),
            ("config/environments/production.rb", Prod),
            ("shop/settings/development.py", Nonprod),
            // What a thing does, or nothing.
            ("src/preview.ts", Unknown),
            ("src/test.py", Unknown),
            ("dev-tools/app.yaml", Unknown),
            ("live/mysql/terragrunt.hcl", Unknown),
            ("docs/production.md", Unknown),
            ("products/app.yaml", Unknown),
            (".env", Unknown),
        ] {
            let found = of_path(path).map_or(Unknown, |place| place.environment.class);
            assert_eq!(found, class, "{path}");
        }
    }
}
