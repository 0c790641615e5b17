//! Lists of what joins identities: rights, trusts, usages, third-party code, settings.

use super::link::Names;
use super::{Declared, SAMPLE};
use crate::model::{IdentityKey, Setting, Usage};
use crate::text::order::{self, Lookup};

/// The edges with their identities made canonical, sorted, each once. What a sample says of an identity that is also
/// declared elsewhere is left out: a made-up policy must not make a real user an administrator.
pub(super) fn kept<T: Ord>(
    edges: Vec<Declared<T>>,
    samples: &Lookup<&IdentityKey, bool>,
    mut canonical: impl FnMut(&mut T) -> Option<IdentityKey>,
) -> Vec<T> {
    let keep = |Declared { mut what, sample, .. }: Declared<T>| {
        let id = canonical(&mut what);
        let real = || id.is_some_and(|id| samples.get(&id) == Some(&false));
        (!(sample && real())).then_some(what)
    };
    let out: Vec<T> = edges.into_iter().filter_map(keep).collect();
    let mut out = order::sorted(out, T::cmp);
    out.dedup();
    out
}

pub(super) fn usages(
    mut usages: Vec<Declared<Usage>>,
    samples: &Lookup<&IdentityKey, bool>,
    names: &Names,
) -> Vec<Usage> {
    for usage in &mut usages {
        if usage.sample && usage.what.identity.is_none() {
            usage.what.attributes.insert(SAMPLE.to_owned(), "true".to_owned());
        }
    }
    kept(usages, samples, |u| {
        u.identity = u.identity.as_ref().map(|id| names.of(id));
        u.identity.clone()
    })
}

pub(super) fn settings(
    mut settings: Vec<Declared<Setting>>,
    samples: &Lookup<&IdentityKey, bool>,
    names: &Names,
) -> Vec<Setting> {
    for setting in &mut settings {
        if setting.sample && setting.what.identity.is_none() {
            setting.what.attributes.insert(SAMPLE.to_owned(), "true".to_owned());
        }
    }
    kept(settings, samples, |s| {
        s.identity = s.identity.as_ref().map(|id| names.of(id));
        s.identity.clone()
    })
}
