//! `permissions:` of a workflow or job: what the job's own token may do.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions>: the words `read-all`
//! and `write-all`, or a mapping of scopes; once it is written, scopes left out are `none`; a job's replaces the
//! workflow's; without either the organisation's or repository's default holds, which is not in the file.

use crate::doc::Node;
use crate::model::{At, GrantFact, IdentityKey, Privilege, Span};

/// What the token may do, as far as the file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Reading only, writing, or unknown when nothing is written.
    pub power: Power,
    /// Whether the job may ask for an OIDC token. It has to be written, whatever the default is.
    pub id_token: bool,
}

/// Degrees of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// No scope at all.
    None,
    /// Reading only.
    Read,
    /// Some scope may be written.
    Write,
    /// The default of the repository.
    Unknown,
}

impl Power {
    /// The word in attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Unknown => "unknown",
        }
    }
}

/// The node that holds for a job, and whose it is.
pub fn effective<'a>(workflow: &'a Node, job: &'a Node) -> Option<(&'a Node, &'static str)> {
    let own = job.get("permissions").map(|p| (p, "job permissions"));
    own.or_else(|| workflow.get("permissions").map(|p| (p, "workflow permissions")))
}

/// Reads the power of a token from its permissions.
pub fn token(permissions: Option<&Node>) -> Token {
    let Some(node) = permissions else { return Token { power: Power::Unknown, id_token: false } };
    match node.as_str() {
        Some("write-all") => return Token { power: Power::Write, id_token: true },
        Some("read-all") => return Token { power: Power::Read, id_token: false },
        Some(_) => return Token { power: Power::Unknown, id_token: false },
        None => {}
    }
    let scopes = || node.entries().iter().filter_map(|(k, v)| Some((k.as_str()?, v.as_str()?)));
    let id_token = scopes().any(|scope| scope == ("id-token", "write"));
    let power = if scopes().any(|(scope, level)| scope != "id-token" && level == "write") {
        Power::Write
    } else if scopes().any(|(scope, level)| scope != "id-token" && level == "read") {
        Power::Read
    } else {
        Power::None
    };
    Token { power, id_token }
}

/// The grants that permissions come to, one a scope, for the job whose key lies at `job_span`. `called` is for
/// workflows that only others call.
pub fn grants(
    identity: &IdentityKey,
    permissions: Option<(&Node, &'static str)>,
    job_span: Span,
    called: bool,
) -> Vec<(At, GrantFact)> {
    let grant = |privilege, action: String, resource: &str, source: &str| GrantFact {
        identity: identity.clone(),
        privilege,
        action,
        resource: resource.to_owned(),
        source: source.to_owned(),
        condition: called.then(|| "no more than the calling job's permissions".to_owned()),
    };
    let Some((node, source)) = permissions else {
        let action = "default GITHUB_TOKEN permissions".to_owned();
        let grant = grant(Privilege::Unknown, action, "repository", "no permissions: in workflow or job");
        return vec![(At::span(job_span), grant)];
    };
    if let Some(word) = node.as_str() {
        let privilege = match word {
            "write-all" => Privilege::WriteBroad,
            "read-all" => Privilege::ReadScoped,
            _ => Privilege::Unknown,
        };
        return vec![(At::span(node.span), grant(privilege, word.to_owned(), "repository", source))];
    }
    if node.entries().is_empty() {
        return vec![(At::span(node.span), grant(Privilege::None, "permissions: {}".to_owned(), "repository", source))];
    }
    let scope = |(key, value): &(Node, Node)| {
        let (name, level) = (key.scalar()?, value.scalar()?);
        let (privilege, resource) = match (name.as_str(), level.as_str()) {
            // It writes nothing: it lets the job ask for a token that others may trust.
            ("id-token", "write") => (Privilege::ReadScoped, "token exchange"),
            (_, "write") => (Privilege::WriteScoped, "repository"),
            (_, "read") => (Privilege::ReadScoped, "repository"),
            (_, "none") => (Privilege::None, "repository"),
            _ => (Privilege::Unknown, "repository"),
        };
        let at = At::span(Span::new(key.span.start, value.span.end));
        Some((at, grant(privilege, format!("{name}: {level}"), resource, source)))
    };
    node.entries().iter().filter_map(scope).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;

    fn token_of(text: &str) -> Token {
        let doc = yaml::parse(text).unwrap();
        token(doc.roots.first())
    }

    #[test]
    fn scopes_left_out_are_none_and_id_token_is_no_write() {
        assert_eq!(token_of("{id-token: write, contents: read}"), Token { power: Power::Read, id_token: true });
        assert_eq!(token_of("{id-token: write}"), Token { power: Power::None, id_token: true });
        assert_eq!(token_of("{}"), Token { power: Power::None, id_token: false });
        assert_eq!(token_of("write-all"), Token { power: Power::Write, id_token: true });
        assert_eq!(token(None), Token { power: Power::Unknown, id_token: false });
    }
}
