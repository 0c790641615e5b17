//! The lists of a report as far as the page tells them: of very many findings the most important ones, with what belongs to them,
//! and the numbers of the rest. Without that, a merge of many reports makes a page that neither memory nor a browser holds.

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::{Credential, Exposure, Finding, Severity, Validity, View};
use crate::report::table::tally::{Part, Tally, hash};
use crate::text::paths::component;

/// Findings that are told; those that are about an identity are told beside them.
const TOLD: usize = 10_000;

/// Things to do first.
pub(super) const TASKS: usize = 8;
/// Rows of the table of credentials that stand in several files.
pub(super) const REUSED: usize = 300;
/// Rows of the table of credentials that do not count.
pub(super) const OTHERS: usize = 200;

/// A finding that is told.
pub(super) struct Told<'a> {
    /// Its place in the report.
    pub(super) at: usize,
    /// Where the page tells it.
    pub(super) part: Part,
    pub(super) finding: Cow<'a, Finding>,
}

impl Borrow<Finding> for Told<'_> {
    fn borrow(&self) -> &Finding {
        &self.finding
    }
}

/// Numbers of all credentials, where not all are told.
#[derive(Default)]
pub(super) struct Totals {
    /// Open places in the checkout now, and in history only.
    pub(super) now: usize,
    pub(super) past: usize,
    /// Credentials that count and that are nobody's.
    pub(super) unattributed: usize,
    /// Credentials that are nobody's and do not count.
    pub(super) others: usize,
    /// Credentials that stand in several files.
    pub(super) reused: usize,
    /// Credentials with a date in the history.
    pub(super) dated: usize,
}

/// What the page tells.
pub(super) struct Lists<'a> {
    pub(super) tally: Tally<'a>,
    pub(super) findings: Vec<Told<'a>>,
    pub(super) credentials: Vec<Cow<'a, Credential>>,
    pub(super) exposures: Vec<Cow<'a, Exposure>>,
    /// Set when something is left out.
    pub(super) totals: Option<Totals>,
    /// How many findings share part, rule, reason and remedy.
    alike: HashMap<(Part, u64), usize>,
}

fn alike_key(finding: &Finding) -> u64 {
    hash((&finding.id, finding.why.as_str(), finding.remediation.as_str()))
}

/// A credential in an order of which the first are drawn: those in most parts of the tree and in most files, then by id.
type Rank = (std::cmp::Reverse<(usize, usize)>, String);

impl<'a> Lists<'a> {
    /// Everything, if all is asked for or if there is little.
    pub(super) fn new(view: View<'a>, all: bool) -> Self {
        let mut out = Self {
            tally: Tally::new(if all { usize::MAX } else { TASKS }),
            findings: Vec::new(),
            credentials: Vec::new(),
            exposures: Vec::new(),
            totals: None,
            alike: HashMap::new(),
        };
        let mut told = 0;
        let mut needed: HashSet<u64> = HashSet::new();
        for (at, finding) in view.findings().enumerate() {
            let first = out.tally.add(&finding);
            let part = Part::of(&finding);
            *out.alike.entry((part, alike_key(&finding))).or_default() += 1;
            let keep = all || first || finding.identity.is_some() || told < TOLD;
            if keep {
                told += usize::from(finding.identity.is_none());
                needed.extend(finding.credential.as_ref().map(hash));
                out.findings.push(Told { at, part, finding });
            }
        }
        if out.findings.len() == view.len() {
            out.credentials = view.credentials().collect();
            out.exposures = view.exposures().collect();
        } else {
            out.choose(view, &needed);
        }
        out
    }

    /// Takes the credentials that are about to be told: of identities and of findings that are told, those in most places, and a
    /// few that do not count. Both lists are in the order of ids.
    fn choose(&mut self, view: View<'a>, needed: &HashSet<u64>) {
        let mut totals = Totals::default();
        let mut exposures = view.exposures().peekable();
        let mut reused: BTreeMap<Rank, (Cow<'a, Credential>, Vec<Cow<'a, Exposure>>)> = BTreeMap::new();
        for credential in view.credentials() {
            let mut own = Vec::new();
            while let Some(exposure) = exposures.next_if(|exposure| exposure.credential <= credential.id) {
                own.extend((exposure.credential == credential.id).then_some(exposure));
            }
            let open = || own.iter().filter(|exposure| is_open(&credential, exposure));
            let now = open().filter(|exposure| exposure.location.in_head).count();
            let places = open().count();
            totals.now += now;
            totals.past += places - now;
            totals.dated += usize::from(open().any(|exposure| exposure.location.time.is_some()));
            let mut keep = credential.identity.is_some() || needed.contains(&hash(&credential.id));
            if is_unattributed(&credential, !own.is_empty(), places > 0) {
                totals.unattributed += 1;
            } else if credential.identity.is_none() {
                totals.others += 1;
                keep |= totals.others <= OTHERS;
            }
            let files: BTreeSet<String> = open().map(|exposure| exposure.location.file()).collect();
            let many = files.len() > 1 && credential.fingerprint.is_some();
            totals.reused += usize::from(many);
            if keep {
                self.credentials.push(credential);
                self.exposures.append(&mut own);
            } else if many {
                let parts: BTreeSet<_> = open().map(|exposure| component(&exposure.location.path)).collect();
                let rank = (std::cmp::Reverse((parts.len(), files.len())), credential.id.clone());
                reused.insert(rank, (credential, own));
                if reused.len() > REUSED {
                    reused.pop_last();
                }
            }
        }
        for (credential, mut own) in reused.into_values() {
            self.credentials.push(credential);
            self.exposures.append(&mut own);
        }
        self.totals = Some(totals);
    }

    /// How many findings share this one's part, rule, reason and remedy.
    pub(super) fn alike(&self, part: Part, finding: &Finding) -> usize {
        self.alike.get(&(part, alike_key(finding))).copied().unwrap_or_default()
    }
}

/// Whether a place counts: neither suppressed nor of material that is public or encrypted.
pub(super) fn is_open(credential: &Credential, exposure: &Exposure) -> bool {
    !credential.public
        && !credential.encrypted
        && exposure.suppressed.is_none()
        && exposure.base_severity > Severity::Info
}

/// Whether a credential is nobody's that can be named, as the headline counts them: secret, seen or declared, not wholly suppressed,
/// no published test value and no sample.
pub(super) fn is_unattributed(credential: &Credential, seen: bool, open: bool) -> bool {
    let sample = credential.attributes.get("sample").is_some_and(|value| value == "true");
    credential.identity.is_none()
        && !credential.public
        && !credential.encrypted
        && credential.validity != Validity::TestValue
        && if seen { open } else { !sample }
}
