//! What the token of a called job may do: at most what its callers grant
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations>).

use std::collections::BTreeMap;

use crate::model::{Grant, IdentityKey, Location, Privilege};

/// How much of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Read,
    Write,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One right, with the caller that gives it; empty for the job's own file.
#[derive(Debug, Clone)]
struct Right {
    level: Level,
    by: String,
    location: Location,
}

/// The scope that stands for all: `write-all`, `read-all`.
const ALL: &str = "*";

/// What may be asked of an issuer and is no part of `read-all`.
const ID_TOKEN: &str = "id-token";

/// The rights of a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Rights {
    /// Set, with its place, when a default holds that no file tells.
    default: Option<Right>,
    scopes: BTreeMap<String, Right>,
}

impl Rights {
    /// What a file writes down.
    pub(super) fn of(grants: &[Grant]) -> Self {
        let mut rights = Self::default();
        for grant in grants {
            let right = |level| Right { level, by: String::new(), location: grant.location.clone() };
            let (scope, level) = match grant.action.as_str() {
                "write-all" => (ALL, Level::Write),
                "read-all" => (ALL, Level::Read),
                action => match action.split_once(": ") {
                    Some((scope, "write")) => (scope, Level::Write),
                    Some((scope, "read")) => (scope, Level::Read),
                    _ => {
                        if grant.privilege == Privilege::Unknown {
                            rights.default = Some(right(Level::Read));
                        }
                        continue;
                    }
                },
            };
            rights.add(scope, right(level));
        }
        rights
    }

    /// Whether no file tells.
    pub(super) fn is_default(&self) -> bool {
        self.default.is_some()
    }

    fn add(&mut self, scope: &str, right: Right) {
        match self.scopes.get_mut(scope) {
            Some(known) if known.level >= right.level => {}
            Some(known) => *known = right,
            None => {
                self.scopes.insert(scope.to_owned(), right);
            }
        }
    }

    /// Takes in what one caller grants; of equal rights the first caller is named.
    pub(super) fn join(&mut self, other: &Self, by: &str) {
        let passed = |right: &Right| Right { by: by.to_owned(), ..right.clone() };
        for (scope, right) in &other.scopes {
            self.add(scope, passed(right));
        }
        if let (None, Some(default)) = (&self.default, &other.default) {
            self.default = Some(passed(default));
        }
    }

    fn of_scope(&self, scope: &str) -> Option<&Right> {
        let all = self.scopes.get(ALL).filter(|all| scope != ID_TOKEN || all.level == Level::Write);
        let own = self.scopes.get(scope);
        own.into_iter().chain(all).max_by_key(|right| right.level)
    }

    /// These rights, no more than those of the callers, where these are known.
    pub(super) fn within(&self, callers: &Self) -> Self {
        if callers.is_default() {
            return self.clone();
        }
        let mut rights = Self { default: self.default.clone(), scopes: BTreeMap::new() };
        for (scope, own) in &self.scopes {
            let scopes: Vec<&str> = if scope == ALL && callers.scopes.get(ALL).is_none_or(|all| all.level < own.level) {
                callers.scopes.keys().map(String::as_str).collect()
            } else {
                vec![scope]
            };
            for scope in scopes {
                match callers.of_scope(scope) {
                    Some(given) if given.level < own.level => rights.add(scope, given.clone()),
                    // The caller's place where it lists what this only calls all.
                    Some(given) if !self.scopes.contains_key(scope) => {
                        rights.add(scope, Right { level: own.level.min(given.level), ..given.clone() });
                    }
                    Some(_) => rights.add(scope, own.clone()),
                    None => {}
                }
            }
        }
        rights
    }

    /// The power of the token in a word, as the reader says it.
    pub(super) fn power(&self) -> &'static str {
        let levels = self.scopes.iter().filter(|(scope, _)| *scope != ID_TOKEN).map(|(_, right)| right.level);
        match (levels.max(), self.is_default()) {
            (Some(Level::Write), _) => "write",
            (_, true) => "unknown",
            (Some(Level::Read), _) => "read",
            (None, _) => "none",
        }
    }

    /// Whether the job may ask for an identity token.
    pub(super) fn id_token(&self) -> bool {
        self.of_scope(ID_TOKEN).is_some_and(|right| right.level == Level::Write)
    }

    /// The grants that come from callers. With `all`, also that there is a default, or nothing at all.
    pub(super) fn grants(&self, identity: &IdentityKey, at: &Location, all: bool) -> Vec<Grant> {
        let grant = |privilege, action: String, resource: &str, by: &str, location: &Location| Grant {
            identity: identity.clone(),
            privilege,
            action: action.into(),
            resource: resource.into(),
            source: format!("caller {by}").into(),
            condition: None,
            location: location.clone(),
        };
        let mut grants: Vec<Grant> = Vec::new();
        for (scope, right) in self.scopes.iter().filter(|(_, right)| !right.by.is_empty()) {
            let (privilege, resource) = match (scope.as_str(), right.level) {
                (ALL, Level::Write) => (Privilege::WriteBroad, "repository"),
                (ID_TOKEN, _) => (Privilege::ReadScoped, "token exchange"),
                (_, Level::Write) => (Privilege::WriteScoped, "repository"),
                (_, Level::Read) => (Privilege::ReadScoped, "repository"),
            };
            let level = right.level.as_str();
            let action = if scope == ALL { format!("{level}-all") } else { format!("{scope}: {level}") };
            grants.push(grant(privilege, action, resource, &right.by, &right.location));
        }
        if let Some(default) = self.default.as_ref().filter(|default| all && !default.by.is_empty()) {
            let action = "default GITHUB_TOKEN permissions".to_owned();
            grants.push(grant(Privilege::Unknown, action, "repository", &default.by, &default.location));
        }
        if all && self.scopes.is_empty() && !self.is_default() {
            grants.push(Grant {
                source: "callers".into(),
                ..grant(Privilege::None, "permissions: {}".to_owned(), "repository", "", at)
            });
        }
        grants
    }

    /// Whether the job's own file still grants this as it writes it.
    pub(super) fn keeps(&self, grant: &Grant) -> bool {
        let own = |scope: &str, level: Level| {
            self.scopes.get(scope).is_some_and(|right| right.level == level && right.by.is_empty())
        };
        match grant.action.as_str() {
            "write-all" => own(ALL, Level::Write),
            "read-all" => own(ALL, Level::Read),
            action => match action.split_once(": ") {
                Some((scope, "write")) => own(scope, Level::Write),
                Some((scope, "read")) => own(scope, Level::Read),
                _ => true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(actions: &[&str]) -> Rights {
        let grant = |action: &&str| Grant {
            identity: IdentityKey::new("github", "job", "x"),
            privilege: if action.starts_with("default") { Privilege::Unknown } else { Privilege::None },
            action: (*action).into(),
            resource: "".into(),
            source: "".into(),
            condition: None,
            location: Location::default(),
        };
        Rights::of(&actions.iter().map(grant).collect::<Vec<_>>())
    }

    fn within(own: &[&str], callers: &[&str]) -> String {
        let mut given = Rights::default();
        given.join(&rights(callers), "c");
        let found = rights(own).within(&given);
        let show = |(scope, right): (&String, &Right)| format!("{scope}:{}{}", right.level.as_str(), right.by);
        found.scopes.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_called_job_has_at_most_what_its_callers_grant() {
        for (own, callers, want) in [
            (&["contents: write"][..], &["contents: read"][..], "contents:readc"),
            (&["contents: read"], &["contents: write"], "contents:read"),
            (&["contents: write"], &["write-all"], "contents:write"),
            (&["contents: write"], &["read-all"], "contents:readc"),
            (&["contents: write"], &["issues: write"], ""),
            (&["contents: write"], &["default GITHUB_TOKEN permissions"], "contents:write"),
            (&["write-all"], &["issues: write", "contents: read"], "contents:readc issues:writec"),
            (&["read-all"], &["write-all"], "*:read"),
            (&["id-token: write"], &["read-all"], ""),
        ] {
            assert_eq!(within(own, callers), want, "{own:?} {callers:?}");
        }
    }

    #[test]
    fn power_is_told_as_the_reader_tells_it() {
        assert_eq!(rights(&["id-token: write"]).power(), "none");
        assert!(rights(&["write-all"]).id_token() && !rights(&["read-all"]).id_token());
        assert_eq!(rights(&["default GITHUB_TOKEN permissions"]).power(), "unknown");
        assert_eq!(rights(&["contents: read"]).power(), "read");
    }
}
