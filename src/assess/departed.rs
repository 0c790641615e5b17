//! Owners who are no longer among the members that the user named.

use super::Context;
use super::view::View;
use crate::model::{Credential, Identity, Members};

/// Who has left, and where the name was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Departed {
    pub(super) name: String,
    pub(super) source: String,
}

/// Whether a plain word is a login there: code hosts name people so; an `owner` tag may name a team.
fn names_logins(provider: &str) -> bool {
    matches!(provider, "github" | "gitlab")
}

/// Every one of the names has left, as far as the list tells; one that it cannot tell is not gone.
fn all_left(names: &str, logins: bool, members: &Members) -> bool {
    let mut names = names.split([' ', ',', ';']).filter(|name| !name.is_empty()).peekable();
    names.peek().is_some() && names.all(|name| members.has_left(name, logins) == Some(true))
}

/// The owner of an identity, when nobody of those named is a member any more.
pub(super) fn owner(identity: &Identity, context: &Context<'_>) -> Option<Departed> {
    let (members, owner) = (context.members?, identity.owner.as_ref()?);
    let source = identity.attributes.get("owner_source").cloned().unwrap_or_else(|| "owner".to_owned());
    // CODEOWNERS names several people, an export one, whose address may have a name before it.
    let left = if identity.attributes.contains_key("owner_source") {
        all_left(owner, names_logins(&identity.provider), members)
    } else {
        members.has_left(owner, names_logins(&identity.provider)) == Some(true)
    };
    left.then(|| Departed { name: owner.clone(), source })
}

/// Who added or made a credential, or brought its value in, when that is somebody who has left. Of several commits that hold
/// a value the first counts; without the addresses of authors (`--authors`) names tell nothing that is exact.
pub(super) fn maker(credential: &Credential, view: &View<'_>, context: &Context<'_>) -> Option<Departed> {
    let members = context.members?;
    let listed = ["added_by", "created_by", "owner"].into_iter().find_map(|source| {
        let name = credential.attributes.get(source)?;
        let left = members.has_left(name, names_logins(&credential.provider)) == Some(true);
        left.then(|| Departed { name: name.clone(), source: source.to_owned() })
    });
    listed.or_else(|| {
        let dated =
            view.open_exposures(credential).filter_map(|e| Some((e.location.time?, e.location.author.as_ref()?)));
        let (time, author) = dated.min()?;
        let left = author.contains('<') && members.has_left(author, false) == Some(true);
        let source = format!("author of the commit of {} that brought it in", time.strftime("%Y-%m-%d"));
        left.then(|| Departed { name: author.clone(), source })
    })
}
