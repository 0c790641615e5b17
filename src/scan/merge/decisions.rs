//! What users decided on findings of checks, kept when reports are merged. Decisions on values stand at the exposures.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess;
use crate::inventory::Relabel;
use crate::model::{
    Confidence, Environment, Finding, Gate, Identity, IdentityKey, Lapsed, Limits, Location, Suppression, Usage,
};

/// What a decision was about, apart from places: check, title and identity.
type Subject = (String, String, Option<IdentityKey>);

/// Decisions, by subject and place.
#[derive(Debug, Default)]
pub struct Decided {
    accepted: BTreeMap<Subject, BTreeMap<Location, Suppression>>,
    /// Places of findings of the same checks that nobody accepted.
    open: BTreeMap<Subject, BTreeSet<Location>>,
}

fn subject(f: &Finding) -> Subject {
    (f.id.clone(), f.title.clone(), f.identity.clone())
}

impl Decided {
    /// Those of a report.
    pub fn of(findings: &[Finding]) -> Self {
        let mut out = Self::default();
        let checks = || findings.iter().filter(|f| assess::find(&f.id).is_some());
        for finding in checks() {
            if let Some(why) = &finding.suppressed {
                let places = out.accepted.entry(subject(finding)).or_default();
                places.extend(finding.locations.iter().map(|l| (l.clone(), why.clone())));
            }
        }
        if out.accepted.is_empty() {
            return out;
        }
        for finding in checks().filter(|f| f.suppressed.is_none()) {
            out.open.entry(subject(finding)).or_default().extend(finding.locations.iter().cloned());
        }
        out
    }

    /// Gives everything its new name.
    pub fn relabel(&mut self, relabel: &Relabel) {
        let place = |mut l: Location| {
            relabel.location(&mut l);
            l
        };
        let name = |(id, title, identity): Subject| (id, title, identity.map(|key| relabel.key(&key)));
        let accepted = std::mem::take(&mut self.accepted).into_iter();
        self.accepted = accepted
            .map(|(s, places)| (name(s), places.into_iter().map(|(l, why)| (place(l), why)).collect()))
            .collect();
        let open = std::mem::take(&mut self.open).into_iter();
        self.open = open.map(|(s, places)| (name(s), places.into_iter().map(place).collect())).collect();
    }

    /// Adds those of another report; of two decisions on one place the smaller stays.
    pub fn add(&mut self, other: Self) {
        for (subject, places) in other.accepted {
            let into = self.accepted.entry(subject).or_default();
            for (place, why) in places {
                let known = into.entry(place).or_insert_with(|| why.clone());
                if why < *known {
                    *known = why;
                }
            }
        }
        for (subject, places) in other.open {
            self.open.entry(subject).or_default().extend(places);
        }
    }

    /// The policy for assessing all reports together.
    pub fn under<'a>(
        &'a self,
        gates: &'a [Gate],
        least: Confidence,
        demands: Option<&'a dyn assess::Policy>,
    ) -> impl assess::Policy + 'a {
        Merged { decided: self, gates, least, demands: demands.unwrap_or(&assess::Everything) }
    }
}

struct Merged<'a> {
    decided: &'a Decided,
    gates: &'a [Gate],
    least: Confidence,
    /// What is demanded when the reports are put together.
    demands: &'a dyn assess::Policy,
}

impl assess::Policy for Merged<'_> {
    fn runs(&self, check: &str) -> bool {
        self.gates.iter().any(|gate| gate.runs(check)) && self.demands.runs(check)
    }

    fn shows(&self, confidence: Confidence) -> bool {
        confidence >= self.least
    }

    /// A finding is accepted when each of its places was, or what is demanded now accepts it.
    fn accepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression> {
        self.before(finding).or_else(|| self.demands.accepts(finding, identity))
    }

    fn excepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression> {
        self.demands.excepts(finding, identity)
    }

    fn limits(&self) -> Limits {
        self.demands.limits()
    }

    fn demands_federation(&self, provider: &str) -> bool {
        self.demands.demands_federation(provider)
    }

    fn allows_static(&self, usage: &Usage, identity: Option<&Identity>) -> Option<Suppression> {
        self.demands.allows_static(usage, identity)
    }

    fn environment(&self, identity: &Identity) -> Option<Environment> {
        self.demands.environment(identity)
    }

    fn owner(&self, identity: &Identity) -> Option<String> {
        self.demands.owner(identity)
    }

    fn is_own(&self, account: &str) -> bool {
        self.demands.is_own(account)
    }

    fn lapsed(&self) -> &[Lapsed] {
        self.demands.lapsed()
    }
}

impl Merged<'_> {
    fn before(&self, finding: &Finding) -> Option<Suppression> {
        let subject = subject(finding);
        let places = self.decided.accepted.get(&subject)?;
        let open = self.decided.open.get(&subject);
        let nowhere = [Location::default()];
        let own = if finding.locations.is_empty() { &nowhere[..] } else { &finding.locations };
        let why = |place: &Location| places.get(place).filter(|_| !open.is_some_and(|open| open.contains(place)));
        own.iter().map(why).collect::<Option<Vec<_>>>()?.into_iter().next().cloned()
    }
}
