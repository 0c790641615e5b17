//! Which holders of Vault's policies are people: who logs in with a user name and a password, or through a browser, and not as a
//! workload that proves what it is.
//!
//! Methods: <https://developer.hashicorp.com/vault/docs/auth>. A token tells the path by which it was got
//! (`auth/userpass/login/ana`, `auth/oidc/oidc/callback`), a role of a JWT mount whether it is for a browser (`role_type`,
//! <https://developer.hashicorp.com/vault/api-docs/auth/jwt#create-update-role>), an entity the methods of its aliases
//! (<https://developer.hashicorp.com/vault/api-docs/secret/identity/entity#read-entity-by-id>).

use serde_json::{Map, Value};

use super::super::entra_users::is_service;
use crate::model::Human;

/// Methods that people log in by. A service may have a name and a password too, which is then told by the name.
const PEOPLE: [&str; 8] = ["github", "kerberos", "ldap", "oidc", "okta", "radius", "saml", "userpass"];

/// A login by name: the mount and the name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// The mount, `ldap`.
    pub mount: String,
    /// Who logs in.
    pub user: String,
}

impl Login {
    /// Whether it is a person, as far as the name tells.
    pub(super) fn human(&self) -> Human {
        human(&self.user)
    }
}

fn human(user: &str) -> Human {
    if is_service(user) { Human::Maybe } else { Human::Yes }
}

/// The login by which somebody got a token, if it is one of people. Of a login through a browser the token's name tells the user.
pub(super) fn of_token(path: &str, name: &str) -> Option<Login> {
    let rest = path.strip_prefix("auth/")?.trim_end_matches('/');
    let login = |mount: &str, user: &str| {
        let user = user.to_ascii_lowercase();
        (!mount.is_empty() && !user.is_empty()).then(|| Login { mount: mount.to_owned(), user })
    };
    if let Some((mount, user)) = rest.split_once("/login/") {
        return login(mount, user);
    }
    let mount =
        rest.strip_suffix("/oidc/callback").or_else(|| rest.strip_suffix("/login").filter(|m| is_of_people(m)))?;
    login(mount, name.strip_prefix(&mount.replace('/', "-"))?.strip_prefix('-')?)
}

/// Whether a mount is of such a method, by the path that it has without a name of its own, alone or with something behind it.
fn is_of_people(mount: &str) -> bool {
    let begins = |method: &&str| {
        mount.strip_prefix(*method).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '/']))
    };
    PEOPLE.iter().any(begins)
}

/// Whether a role of a JWT mount is for people in a browser.
pub(super) fn is_for_browsers(role: &Map<String, Value>) -> bool {
    match role.get("role_type").and_then(Value::as_str) {
        Some(kind) => kind == "oidc",
        // Those of JWT have no address to come back to.
        None => role.get("allowed_redirect_uris").and_then(Value::as_array).is_some_and(|all| !all.is_empty()),
    }
}

/// Whose an entity is: its methods, and its names at those of people.
pub(super) fn of_entity(aliases: &[Value]) -> (Human, Vec<Login>) {
    let text = |alias: &Value, name: &str| alias.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut logins, mut machines) = (Vec::new(), false);
    for alias in aliases.iter().take(100) {
        let (method, path, name) = (text(alias, "mount_type"), text(alias, "mount_path"), text(alias, "name"));
        if !PEOPLE.contains(&method.as_str()) {
            machines = true;
            continue;
        }
        let mount = path.trim_start_matches("auth/").trim_end_matches('/');
        let mount = if mount.is_empty() { method } else { mount.to_owned() };
        if !name.is_empty() {
            logins.push(Login { mount, user: name.to_ascii_lowercase() });
        }
    }
    let human = match (logins.is_empty(), machines) {
        (true, _) => Human::No,
        // A person's and a machine's at once.
        (false, true) => Human::Maybe,
        (false, false) => logins.iter().map(Login::human).min().unwrap_or_default(),
    };
    (human, logins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_of_a_person_is_told_by_the_path_of_the_token() {
        for (path, name, want) in [
            ("auth/userpass/login/Ana", "userpass-ana", Some(("userpass", "ana"))),
            ("auth/corp/ldap/login/ana", "corp-ldap-ana", Some(("corp/ldap", "ana"))),
            ("auth/oidc/oidc/callback", "oidc-ana@acme.example", Some(("oidc", "ana@acme.example"))),
            ("auth/github/login", "github-ana", Some(("github", "ana"))),
            ("auth/github-acme/login", "github-acme-ana", Some(("github-acme", "ana"))),
            ("auth/approle/login", "approle", None),
            ("auth/jwt/login", "jwt-project_path:acme/app", None),
            ("auth/kubernetes/login", "kubernetes-default-app", None),
            ("auth/token/create", "token", None),
            ("auth/userpass/login/", "", None),
        ] {
            let got = of_token(path, name);
            assert_eq!(got.as_ref().map(|l| (l.mount.as_str(), l.user.as_str())), want, "{path}");
        }
        assert_eq!(of_token("auth/ldap/login/svc-backup", "").map(|login| login.human()), Some(Human::Maybe));
    }
}
