//! The long lists of a merged report, kept packed.

use std::mem::take;

use crate::assess::Sums;
use crate::inventory::Values;
use crate::model::{Apart, Credential, Exposure, Inventory, Packed, Packer, Ranked, SeenValue, Severity, Unmerged};

/// The lists as far as they are made: those of the inventory that has everything which facts touch, and those of piles of values that
/// nothing touches, in the order of their credentials.
pub struct Lists {
    /// The least severity of findings that are shown.
    least: Severity,
    /// Numbers of the piles.
    pub sums: Sums,
    /// The inventory's own exposures, whose places in the list of all are found by their order, and the next of them.
    own: std::vec::IntoIter<Exposure>,
    next: Option<Exposure>,
    /// Their places in the list of all.
    places: Vec<u64>,
    /// How many exposures there are so far.
    length: u64,
    exposures: Packer<Exposure>,
    credentials: Packer<Credential>,
    findings: Vec<Packed<Ranked>>,
    /// How many findings count.
    open: u64,
    values: Packer<SeenValue>,
    /// Values without a fingerprint look alike in many places.
    alike: Values,
}

/// What one value showed, without and with its places.
fn parted(mut value: SeenValue) -> (SeenValue, Vec<u64>) {
    let places = take(&mut value.exposures);
    (value, places)
}

impl Lists {
    /// Lists of an inventory with these exposures.
    pub fn new(own: Vec<Exposure>, least: Severity) -> Self {
        let mut own = own.into_iter();
        Self {
            least,
            sums: Sums::default(),
            next: own.next(),
            own,
            places: Vec::new(),
            length: 0,
            exposures: Packer::default(),
            credentials: Packer::default(),
            findings: Vec::new(),
            open: 0,
            values: Packer::default(),
            alike: Values::default(),
        }
    }

    fn place_own(&mut self) {
        self.places.push(self.length);
        self.length += 1;
        self.next = self.own.next();
    }

    /// Adds what came of the next pile.
    pub fn add(&mut self, leaked: Inventory, values: Values, findings: Vec<Ranked>, sums: Sums) {
        self.sums.add(sums);
        let mut places = Vec::with_capacity(leaked.exposures.len());
        for exposure in leaked.exposures {
            let key = (&exposure.credential, &exposure.rule, &exposure.location);
            while self.next.as_ref().is_some_and(|own| (&own.credential, &own.rule, &own.location) < key) {
                self.place_own();
            }
            places.push(self.length);
            self.length += 1;
            self.exposures.push(exposure);
        }
        leaked.credentials.into_iter().for_each(|credential| self.credentials.push(credential));
        for value in values.entries() {
            let (value, own) = parted(value);
            let own = own.into_iter().filter_map(|at| places.get(usize::try_from(at).ok()?).copied());
            if value.fingerprint.is_none() {
                self.alike.add(&value, own);
            } else {
                self.values.push(SeenValue { exposures: own.collect(), ..value });
            }
        }
        self.findings(findings);
    }

    fn findings(&mut self, mut findings: Vec<Ranked>) {
        findings.retain(|ranked| ranked.finding.severity >= self.least);
        self.open += findings.iter().filter(|ranked| ranked.finding.suppressed.is_none()).count() as u64;
        self.findings.push(findings.into_iter().collect());
    }

    /// All lists. The inventory gives its own away.
    pub fn finish(mut self, inventory: &mut Inventory, unmerged: &mut Unmerged, findings: Vec<Ranked>) -> Apart {
        while self.next.is_some() {
            self.place_own();
        }
        let mut values = Packer::default();
        for value in take(&mut unmerged.values).iter() {
            let (value, own) = parted(value);
            let own = own.into_iter().filter_map(|at| self.places.get(usize::try_from(at).ok()?).copied());
            if value.fingerprint.is_none() {
                self.alike.add(&value, own);
            } else {
                values.push(SeenValue { exposures: own.collect(), ..value });
            }
        }
        self.findings(findings);
        Apart {
            exposures: vec![take(&mut inventory.exposures).into_iter().collect(), self.exposures.finish()],
            credentials: vec![take(&mut inventory.credentials).into_iter().collect(), self.credentials.finish()],
            findings: self.findings,
            open: self.open,
            values: vec![values.finish(), self.values.finish(), self.alike.entries().collect()],
        }
    }
}
