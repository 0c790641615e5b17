//! What the checks of agents and their tool servers share.

use super::headline::is_placeholder;
use super::view::View;
use crate::model::{AuthMode, Identity, IdentityKind, Usage};

/// Agents and tool servers.
pub(super) fn all<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.kind == IdentityKind::Agent && i.id.as_str().starts_with("mcp:"))
}

/// Those that are switched on: what is off runs nothing.
pub(super) fn running<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    all(view).filter(|i| !is_off(i))
}

/// Whether a tool server is switched off.
pub(super) fn is_off(identity: &Identity) -> bool {
    identity.attributes.get("disabled").is_some_and(|v| v == "true")
}

/// The credentials that an agent uses, by value or by name; stand-ins are none.
pub(super) fn credentials<'v, 'a>(
    identity: &Identity,
    view: &'v View<'a>,
) -> impl Iterator<Item = &'a Usage> + use<'v, 'a> {
    let used = view.usages_of(&identity.id).iter().copied();
    used.filter(|u| matches!(u.mode, AuthMode::Static | AuthMode::Referenced) && !is_placeholder(u))
}
