//! Facts on their way into an inventory. Inputs give hundreds of thousands of them, so each is brought into the form that the
//! inventory keeps as soon as it comes, without what only its reader needed, and texts and places that were met before are shared.

use std::collections::BTreeMap;

use super::{Declared, Facts};
use crate::model::{
    Attributes, Fact, Grant, GrantFact, LocatedFact, Location, Pool, Setting, ThirdParty, Trust, Usage, Wording,
};
use crate::text::order;

/// Facts of many inputs.
#[derive(Default)]
pub struct Collected {
    pub(super) facts: Facts,
    /// Files that formats read, with the format of each.
    pub(super) files: BTreeMap<String, String>,
    attributes: Pool<Attributes>,
    /// Rights of one file that came one after the other.
    rights: Vec<(GrantFact, Location, bool)>,
    /// Bytes of what they allow.
    length: usize,
}

/// Bytes of what rights allow that are put away together: what they have in common is found, and little of it is opened for one.
const TOGETHER: usize = 2048;

impl Collected {
    /// Adds facts, in any order.
    pub fn add(&mut self, facts: Vec<LocatedFact>) {
        // Most come from the file of the one before.
        let mut last: Option<(Location, &'static str)> = None;
        for located in facts {
            let LocatedFact { location, format, .. } = &located;
            let same = |(place, known): &(Location, &str)| {
                place.path == location.path && place.container == location.container && known == format
            };
            if *format != "code" && !last.as_ref().is_some_and(same) {
                self.read(location, format);
                last = Some((location.clone(), format));
            }
            self.one(located);
        }
        self.settle();
    }

    fn grant(&mut self, fact: GrantFact, location: Location, sample: bool) {
        if self.rights.last().is_some_and(|(_, last, _)| last.path != location.path) {
            self.settle();
        }
        self.length += fact.action.len() + fact.resource.len();
        self.rights.push((fact, location, sample));
        if self.length > TOGETHER {
            self.settle();
        }
    }

    /// Takes in the rights that wait.
    fn settle(&mut self) {
        self.length = 0;
        let waiting = std::mem::take(&mut self.rights);
        let texts: Vec<&str> = waiting.iter().flat_map(|(f, ..)| [f.action.as_str(), f.resource.as_str()]).collect();
        let mut texts = Wording::together(&texts).into_iter();
        for (f, location, sample) in waiting {
            let (Some(action), Some(resource)) = (texts.next(), texts.next()) else { return };
            let what = Grant {
                identity: f.identity,
                privilege: f.privilege,
                action,
                resource,
                source: f.source.into(),
                condition: f.condition.map(Into::into),
                location: location.clone(),
            };
            self.facts.grants.push(Declared { what, location, sample });
        }
    }

    fn read(&mut self, location: &Location, format: &str) {
        let known = match &location.container {
            None => self.files.get(&location.path),
            Some(_) => self.files.get(&location.file()),
        };
        if known.is_none_or(|known| known.as_str() < format) {
            self.files.insert(location.file(), format.to_owned());
        }
    }

    fn one(&mut self, LocatedFact { fact, location, sample, .. }: LocatedFact) {
        let out = &mut self.facts;
        match fact {
            Fact::Identity(_, mut what) => {
                what.attributes = self.attributes.share(what.attributes);
                what.aliases.shrink_to_fit();
                out.identities.push(Declared { what, location, sample });
            }
            Fact::Credential(_, what) => out.credentials.push(Declared { what, location, sample }),
            Fact::Grant(_, f) => self.grant(f, location, sample),
            Fact::Trust(_, f) => {
                let what = Trust {
                    identity: f.identity,
                    issuer: f.issuer,
                    audience: f.audience,
                    subject: f.subject,
                    attributes: self.attributes.share(f.attributes),
                    location: location.clone(),
                };
                out.trusts.push(Declared { what, location, sample });
            }
            Fact::Usage(_, f) => {
                let what = Usage {
                    identity: f.identity,
                    mode: f.mode,
                    provider: f.provider,
                    credential: f.credential,
                    target: f.target,
                    mechanism: f.mechanism,
                    federation_available: f.federation_available,
                    attributes: f.attributes,
                    location: location.clone(),
                };
                out.usages.push(Declared { what, location, sample });
            }
            Fact::ThirdParty(_, f) => {
                let what = ThirdParty {
                    identity: f.identity,
                    component: f.component,
                    version: f.version,
                    pinned: f.pinned,
                    first_party: f.first_party,
                    credentials: f.credentials,
                    location: location.clone(),
                };
                out.third_parties.push(Declared { what, location, sample });
            }
            Fact::Setting(_, f) => {
                let what = Setting {
                    identity: f.identity,
                    subject: f.subject,
                    name: f.name.to_owned(),
                    value: f.value,
                    attributes: f.attributes,
                    location: location.clone(),
                };
                out.settings.push(Declared { what, location, sample });
            }
            // The scan has made a candidate of it: it comes back as a sighting.
            Fact::Secret(..) => {}
        }
    }
}

impl Facts {
    /// Puts every list into an order that does not depend on the one in which facts came.
    pub(super) fn sort(&mut self) {
        fn by_place<T: Ord>(list: &mut Vec<Declared<T>>) {
            let place = |a: &Declared<T>, b: &Declared<T>| {
                (&a.location, &a.what, a.sample).cmp(&(&b.location, &b.what, b.sample))
            };
            *list = order::sorted(std::mem::take(list), place);
            list.shrink_to_fit();
        }
        // These hold their places, and are asked for in this order again and again.
        fn by_subject<T: Ord>(list: &mut Vec<Declared<T>>) {
            let subject = |a: &Declared<T>, b: &Declared<T>| (&a.what, a.sample).cmp(&(&b.what, b.sample));
            *list = order::sorted(std::mem::take(list), subject);
            list.shrink_to_fit();
        }
        by_place(&mut self.identities);
        by_place(&mut self.credentials);
        by_subject(&mut self.grants);
        by_subject(&mut self.trusts);
        by_subject(&mut self.usages);
        by_subject(&mut self.third_parties);
        by_subject(&mut self.settings);
    }
}
