//! The rights of an AWS principal as grants, those of policies that are known by name alone included.

use super::aws_rights::{Boundary, Subject, rights};
use crate::model::{GrantFact, IdentityKey, Privilege};

/// Whose rights they are, beside what its policies say.
pub struct Granted<'g> {
    /// Who holds them.
    pub key: &'g IdentityKey,
    /// Policies known by name alone, with what the name tells.
    pub named: Vec<(String, Privilege)>,
    /// What was read: `this export`.
    pub input: &'static str,
}

impl Granted<'_> {
    /// Every right as a grant; one that says so when there is none. `worked_out` is false for a principal whose policies
    /// are too many.
    #[must_use]
    pub fn by(self, subject: &Subject<'_>, worked_out: bool) -> Vec<GrantFact> {
        let grant = |privilege, action: &str, resource: &str, source: String, condition| GrantFact {
            identity: self.key.clone(),
            privilege,
            action: action.to_owned(),
            resource: resource.to_owned(),
            source,
            condition,
        };
        let within = match subject.boundary {
            Boundary::None => None,
            Boundary::Known(name, _) | Boundary::Unknown(name) => Some(format!("within permissions boundary {name}")),
        };
        let input = self.input;
        let mut out = Vec::new();
        for (label, privilege) in self.named {
            let action = match privilege {
                Privilege::Unknown => format!("unknown: no readable document in {input}"),
                _ => "by its name".to_owned(),
            };
            out.push(grant(privilege, &action, "*", label, within.clone()));
        }
        if !worked_out {
            out.push(grant(Privilege::Unknown, "unknown: not worked out", "*", "policies".to_owned(), within));
            return out;
        }
        for right in rights(subject) {
            out.push(grant(right.privilege, &right.action, &right.resource, right.source, right.condition));
        }
        if out.is_empty() {
            let source =
                if subject.sources.is_empty() { "no policy is attached" } else { "its policies allow nothing" };
            let condition = Some(format!("resource-based policies are not in {input}"));
            out.push(grant(Privilege::None, "none", "none", source.to_owned(), condition));
        }
        out
    }
}
