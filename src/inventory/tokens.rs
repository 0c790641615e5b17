//! Joining what several lists say of one token: an audit log knows it by its hash, the list of fine-grained tokens by its
//! number, and lists of API keys show the beginning and the end of each.

use std::collections::BTreeMap;

use super::identify::Keyed;
use super::merge;
use crate::model::{Confidence, Credential, IdentityKey, Link};

/// The attribute under which a reader tells what a list shows of a key. Nothing of it stays in the inventory.
const REDACTED: &str = "redacted";

/// Signs of a key that stand behind the beginning that all of its kind have, or at its end: what must be told for two keys to
/// be likely one.
const TELLING: usize = 3;

/// How many likely partners of one value are shown.
const LINKS_MAX: usize = 8;

/// Joins what is certain, links what is likely.
pub(super) fn join(seen: &[Keyed], credentials: &mut Vec<Credential>, links: &mut Vec<Link>) {
    by_number(credentials, links);
    link_by_ends(seen, credentials, links);
    link_by_user(credentials, links);
}

/// Links values in the clear that name a user of GitLab, as routable tokens do
/// (<https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/>), with the tokens that a list has
/// of that user: with the only one, likely; with one of several, perhaps.
fn link_by_user(credentials: &[Credential], links: &mut Vec<Link>) {
    let mut listed: BTreeMap<&IdentityKey, Vec<&Credential>> = BTreeMap::new();
    for credential in credentials.iter().filter(|c| c.id.starts_with("gitlab:token:")) {
        if let Some(user) = &credential.identity {
            listed.entry(user).or_default().push(credential);
        }
    }
    if listed.is_empty() {
        return;
    }
    for value in credentials.iter().filter(|c| c.preview.is_some() && c.provider == "gitlab") {
        let Some(rows) = value.identity.as_ref().and_then(|user| listed.get(user)) else { continue };
        let (confidence, why) = match rows.len() {
            1 => (Confidence::Medium, "the only listed token of the user whom the value names"),
            _ => (Confidence::Low, "a listed token of the user whom the value names, who has several"),
        };
        links.extend(rows.iter().filter(|row| row.id != value.id).take(LINKS_MAX).map(|row| Link {
            from: value.id.clone(),
            to: row.id.clone(),
            confidence,
            why: why.to_owned(),
        }));
    }
}

/// Merges listed tokens into those that an audit log tells with the same number. A number that two hashes bear is of a token
/// that was made anew: which of them is listed cannot be told, so they are linked.
fn by_number(credentials: &mut Vec<Credential>, links: &mut Vec<Link>) {
    let mut logged: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, credential) in credentials.iter().enumerate() {
        if let Some(number) =
            credential.attributes.get("token_id").filter(|_| credential.id.starts_with("github:token:"))
        {
            logged.entry(format!("github:pat:{number}")).or_default().push(i);
        }
    }
    if logged.is_empty() {
        return;
    }
    let listed: Vec<(usize, Vec<usize>)> = credentials
        .iter()
        .enumerate()
        .filter_map(|(i, credential)| Some((i, logged.get(&credential.id)?.clone())))
        .collect();
    let mut gone = Vec::new();
    for (row, tokens) in listed {
        let Some(list) = credentials.get(row).cloned() else { continue };
        match tokens.as_slice() {
            [token] => {
                if let Some(into) = credentials.get_mut(*token) {
                    merge::absorb(into, &list);
                    gone.push(row);
                }
            }
            many => links.extend(many.iter().take(LINKS_MAX).filter_map(|token| {
                Some(Link {
                    from: list.id.clone(),
                    to: credentials.get(*token)?.id.clone(),
                    confidence: Confidence::Medium,
                    why: "equal token numbers, but more than one token bore that number".to_owned(),
                })
            })),
        }
    }
    let mut at = 0..;
    credentials.retain(|_| at.next().is_none_or(|i| !gone.contains(&i)));
}

/// Links values in the clear with the listed keys that begin and end alike, and forgets what the lists show. Such a pair is
/// likely and never certain, so it is not merged.
fn link_by_ends(seen: &[Keyed], credentials: &mut [Credential], links: &mut Vec<Link>) {
    let mut listed: Vec<(String, String, String, String)> = Vec::new();
    for credential in credentials.iter_mut() {
        if let Some((head, tail)) = credential.attributes.remove(REDACTED).as_deref().and_then(halves) {
            listed.push((credential.provider.clone(), head, tail, credential.id.clone()));
        }
    }
    for Keyed { id, sighting } in seen {
        let Some((head, tail)) = &sighting.ends else { continue };
        let alike = |(provider, begins, ends, _): &&(String, String, String, String)| {
            *provider == sighting.provider
                && head.expose().starts_with(begins.as_bytes())
                && tail.expose().ends_with(ends.as_bytes())
        };
        let partners: Vec<&str> = listed.iter().filter(alike).map(|(.., id)| id.as_str()).collect();
        let confidence = if partners.len() == 1 { Confidence::Medium } else { Confidence::Low };
        for partner in partners.into_iter().take(LINKS_MAX) {
            links.push(Link {
                from: id.clone(),
                to: partner.to_owned(),
                confidence,
                why: "the value begins and ends as the list shows that key".to_owned(),
            });
        }
    }
}

/// What stands before and behind the gap of a redacted key, when it tells enough.
fn halves(shown: &str) -> Option<(String, String)> {
    let gap = |c: char| matches!(c, '.' | '…' | '*' | '•');
    let head = shown.split(gap).next()?;
    let tail = shown.rsplit(gap).next()?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let whole = head.len() + tail.len() >= shown.len();
    let fits = !whole && plain(head) && plain(tail) && head.starts_with("sk-") && tail.len() >= TELLING;
    (fits && head.len() <= 24 && tail.len() <= 6).then(|| (head.to_owned(), tail.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::halves;

    #[test]
    fn only_a_beginning_and_an_end_that_tell_enough_are_compared() {
        let of = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(halves("sk-admin...def"), of("sk-admin", "def"));
        assert_eq!(halves("sk-ant-api03-R2D...igAA"), of("sk-ant-api03-R2D", "igAA"));
        assert_eq!(halves("sk-proj-****wxyz"), of("sk-proj-", "wxyz"));
        for odd in ["XXX", "", "sk-...f", "sk-abcdef", "...abcd", "sk-…", "sk-a b...cdef", "sk-x...abcdefghij"] {
            assert_eq!(halves(odd), None, "{odd}");
        }
    }
}
