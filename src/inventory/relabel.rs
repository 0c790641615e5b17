//! Other names for the tops that paths are relative to. Paths of one report are relative to one directory; in a report of
//! several each begins with the directory's name. What a scan of several directories would have said is what this makes of
//! the evidence of one.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;

use super::{Declared, Evidence, Facts, Leaks};
use crate::model::{Attributes, IdentityKey, Location, Sighting, bound_fingerprint, setting};

/// The attribute that names the directory of a module of infrastructure code.
const MODULE: &str = "module";

/// What the tops of one report are called in another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relabel {
    /// The new label of each old one; `None` is that of the only top.
    labels: BTreeMap<Option<String>, Option<String>>,
    /// `owner/name` of its repositories, which go before paths in keys.
    remotes: BTreeSet<String>,
    /// Files and directories of its evidence, by their old names.
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
}

impl Relabel {
    /// New labels for old ones; `remotes` are the repositories' names at their hosts.
    #[must_use]
    pub fn new(labels: BTreeMap<Option<String>, Option<String>>, remotes: BTreeSet<String>) -> Self {
        Self { labels, remotes, ..Self::default() }
    }

    /// True when every name stays.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        self.labels.iter().all(|(old, new)| old == new)
    }

    /// A path by its new name.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        self.renamed(path).unwrap_or_else(|| path.to_owned())
    }

    /// The top of a repository by its new name; a top without one is empty.
    fn root(&self, root: &str) -> String {
        if root.is_empty() {
            return self.labels.get(&None).cloned().flatten().unwrap_or_default();
        }
        self.path(root)
    }

    fn renamed(&self, path: &str) -> Option<String> {
        if path.is_empty() || path == "<stdin>" {
            return None;
        }
        let (inside, new) = self.split(path)?;
        Some(match new {
            Some(label) if inside.is_empty() => label.clone(),
            Some(label) => format!("{label}/{inside}"),
            None => inside.to_owned(),
        })
    }

    /// A path inside its top, and the top's new label.
    fn split<'p>(&self, path: &'p str) -> Option<(&'p str, &Option<String>)> {
        if let Some(new) = self.labels.get(&None) {
            return Some((path, new));
        }
        let (label, inside) = path.split_once('/').unwrap_or((path, ""));
        Some((inside, self.labels.get(&Some(label.to_owned()))?))
    }

    /// A place by its new name.
    pub fn location(&self, place: &mut Location) {
        if let Some(container) = &mut place.container {
            *container = self.path(container);
            return;
        }
        if let Some(bytes) = place.path_bytes.as_deref().and_then(|b| BASE64.decode(b.as_bytes()).ok()) {
            // The label is text, and only it changes; what is not text lies behind it.
            let lossy = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((inside, new)) = self.split(&lossy)
                && let Some(kept) = lossy.len().checked_sub(inside.len()).and_then(|at| bytes.get(at..))
            {
                let label = new.as_ref().map(|l| format!("{l}/")).unwrap_or_default();
                place.path_bytes = Some(BASE64.encode(&[label.as_bytes(), kept].concat()));
            }
        }
        place.path = self.path(&place.path);
    }

    /// An identity by its new name.
    #[must_use]
    pub fn key(&self, key: &IdentityKey) -> IdentityKey {
        self.key_text(key.as_str()).map_or_else(|| key.clone(), IdentityKey::from)
    }

    /// Keys of what a file declares hold its path, or its directory's: `terraform:role:infra#aws_iam_role.ci`.
    fn key_text(&self, text: &str) -> Option<String> {
        let mut parts = text.splitn(3, ':');
        let (provider, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let word =
            |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !word(provider) || !word(kind) || provider == "place" || provider == "secret" {
            return None;
        }
        Some(format!("{provider}:{kind}:{}", self.declared(name)?))
    }

    /// What a file or directory declares, by the new name of that: `infra#aws_iam_role.ci`, after the repository's name or a
    /// slash in most formats.
    fn declared(&self, name: &str) -> Option<String> {
        let remote = self.remotes.iter().find_map(|r| name.strip_prefix(r.as_str())?.strip_prefix('/'));
        let inside = remote.or_else(|| name.strip_prefix('/')).unwrap_or(name);
        let before = name.get(..name.len() - inside.len())?;
        let (place, rest) = inside.split_at(inside.find('#').unwrap_or(inside.len()));
        // Names without `#` are those of whole files; `shop/api` is an account before it is a directory.
        let known = self.files.contains(place) || (!rest.is_empty() && self.directories.contains(place));
        known.then(|| format!("{before}{}{rest}", self.place(place)))
    }

    /// A file or directory by its new name; the empty one is the top itself.
    fn place(&self, place: &str) -> String {
        match (place, self.labels.get(&None)) {
            ("", Some(new)) => new.clone().unwrap_or_default(),
            _ => self.path(place),
        }
    }

    /// A text that is a key, a path, or begins with a path, by its new name.
    fn text(&self, text: &mut String) {
        let declares = text.contains('#').then(|| {
            // Kinds of Kubernetes stand before what they name: `Role infra#reader`.
            let kind = text.split_once(' ').filter(|(kind, _)| kind.bytes().all(|b| b.is_ascii_alphabetic()));
            let of_kind = || kind.and_then(|(kind, name)| Some(format!("{kind} {}", self.declared(name)?)));
            self.declared(text).or_else(of_kind)
        });
        let declares = declares.flatten();
        if let Some(renamed) = self.key_text(text).or(declares) {
            *text = renamed;
        } else {
            let (head, rest) = text.split_at(text.find([' ', '#']).unwrap_or(text.len()));
            if self.files.contains(head) {
                *text = self.path(head) + rest;
            }
        }
    }

    /// A name for people that ends on a directory: `Terraform in infra`.
    fn name(&self, name: &mut String) {
        match name.rsplit_once(" in ") {
            Some((what, "the top directory")) => {
                if let Some(Some(label)) = self.labels.get(&None) {
                    *name = format!("{what} in {label}");
                }
            }
            Some((what, place)) if self.directories.contains(place) => {
                *name = format!("{what} in {}", self.place(place))
            }
            _ => self.text(name),
        }
    }

    fn attributes(&self, all: &mut Attributes) {
        for (name, value) in all {
            if name == MODULE && self.directories.contains(value) {
                *value = self.place(value);
            } else {
                self.text(value);
            }
        }
    }

    fn know(&mut self, evidence: &Evidence, leaks: &Leaks) {
        let mut files: BTreeSet<String> = BTreeSet::new();
        let mut see = |l: &Location| {
            let path = l.container.as_deref().map_or(l.path.as_str(), |c| c.split('!').next().unwrap_or_default());
            if !path.is_empty() && !files.contains(path) {
                files.insert(path.to_owned());
            }
        };
        let facts = &evidence.facts;
        facts.identities.iter().for_each(|d| see(&d.location));
        facts.credentials.iter().for_each(|d| see(&d.location));
        facts.grants.iter().for_each(|d| see(&d.location));
        facts.trusts.iter().for_each(|d| see(&d.location));
        facts.usages.iter().for_each(|d| see(&d.location));
        facts.third_parties.iter().for_each(|d| see(&d.location));
        facts.settings.iter().for_each(|d| see(&d.location));
        evidence.sightings.iter().for_each(|s| see(&s.location));
        leaks.exposures.iter().for_each(|e| see(&e.location));
        files.extend(evidence.files.keys().filter(|path| !path.contains('!')).cloned());
        for file in &files {
            let mut path = file.as_str();
            while let Some((directory, _)) = path.rsplit_once('/') {
                self.directories.insert(directory.to_owned());
                path = directory;
            }
        }
        self.directories.insert(String::new());
        self.files = files;
    }
}

impl Evidence {
    /// Gives everything its new name. The values in the clear that the report kept apart get theirs by [`Relabel::sighting`]
    /// after this.
    pub fn relabel(&mut self, relabel: &mut Relabel, leaks: &Leaks) {
        relabel.know(self, leaks);
        let r = &*relabel;
        facts(&mut self.facts, r);
        self.files =
            std::mem::take(&mut self.files).into_iter().map(|(path, format)| (r.path(&path), format)).collect();
        self.sightings.iter_mut().for_each(|s| r.sighting(s));
    }
}

impl Relabel {
    /// A value in the clear by its new name.
    pub fn sighting(&self, s: &mut Sighting) {
        if s.unbound.is_some()
            && s.location.container.is_none()
            && let Some((_, Some(label))) = self.split(&s.location.path)
            && self.renamed(&s.location.path).is_some_and(|new| new != s.location.path)
        {
            s.fingerprint = s.fingerprint.as_deref().map(|f| bound_fingerprint(f, label, ""));
        }
        self.location(&mut s.location);
        if let Some(hint) = &mut s.proof.identity {
            hint.key = self.key(&hint.key);
        }
        self.attributes(&mut s.proof.attributes);
    }
}

fn facts(facts: &mut Facts, r: &Relabel) {
    fn places<T>(all: &mut [Declared<T>], r: &Relabel) {
        all.iter_mut().for_each(|d| r.location(&mut d.location));
    }
    places(&mut facts.identities, r);
    places(&mut facts.credentials, r);
    places(&mut facts.grants, r);
    places(&mut facts.trusts, r);
    places(&mut facts.usages, r);
    places(&mut facts.third_parties, r);
    places(&mut facts.settings, r);
    for f in facts.identities.iter_mut().map(|d| &mut d.what) {
        f.key = r.key(&f.key);
        f.aliases.iter_mut().for_each(|a| *a = r.key(a));
        r.name(&mut f.name);
        r.attributes(&mut f.attributes);
    }
    for f in facts.credentials.iter_mut().map(|d| &mut d.what) {
        r.text(&mut f.key);
        f.identity = f.identity.as_ref().map(|id| r.key(id));
        r.attributes(&mut f.attributes);
    }
    for g in facts.grants.iter_mut().map(|d| &mut d.what) {
        g.identity = r.key(&g.identity);
        r.location(&mut g.location);
        let renamed = |text: String| {
            let mut new = text.clone();
            r.text(&mut new);
            (new != text).then_some(new)
        };
        if let Some(new) = renamed(g.resource.to_string()) {
            g.resource = new.into();
        }
        if let Some(new) = renamed(g.source.to_string()) {
            g.source = new.into();
        }
    }
    for t in facts.trusts.iter_mut().map(|d| &mut d.what) {
        t.identity = r.key(&t.identity);
        r.location(&mut t.location);
        r.attributes(&mut t.attributes);
    }
    for u in facts.usages.iter_mut().map(|d| &mut d.what) {
        u.identity = u.identity.as_ref().map(|id| r.key(id));
        u.target.iter_mut().for_each(|text| r.text(text));
        r.location(&mut u.location);
        r.attributes(&mut u.attributes);
    }
    for t in facts.third_parties.iter_mut().map(|d| &mut d.what) {
        t.identity = r.key(&t.identity);
        r.location(&mut t.location);
    }
    for s in facts.settings.iter_mut().map(|d| &mut d.what) {
        s.identity = s.identity.as_ref().map(|id| r.key(id));
        // A pattern over paths is no path, and begins at the top of its own repository.
        if s.name != setting::CODE_OWNER {
            [&mut s.value, &mut s.subject].into_iter().for_each(|text| r.text(text));
        }
        r.location(&mut s.location);
        let root = s.attributes.get("root").filter(|_| setting::joins(s.name.as_str())).map(|root| r.root(root));
        r.attributes(&mut s.attributes);
        s.attributes.extend(root.map(|root| ("root".to_owned(), root)));
    }
}
