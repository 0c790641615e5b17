//! Several reports as the one that a scan of everything would have given: their evidence is put together, and linked, assessed
//! and scored again.

mod apart;
mod decisions;
mod tops;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use self::apart::Lists;
use self::decisions::Decided;
use self::tops::Tops;
use super::decided::Decisions;
use super::{gap, is_enabled, limit};
use crate::assess;
use crate::config::Settings;
use crate::inventory::{self, Evidence, Leaks, Relabel, Separation};
use crate::model::{
    Coverage, Gate, LongReport, Notice, NoticeKind, Report, ReportPart, Root, RuleInfo, Severity, Sighting, SkipReason,
    ToolInfo,
};
use crate::text::numbers;

/// Why reports cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Fingerprints of one cannot be compared with those of the other.
    #[error(
        "{first} has the key id {first_key} and {second} has {second_key}: fingerprints under two keys do not compare. Scan \
         with one key: --key-file, KEYROLL_KEY or `fingerprint-key` in the configuration"
    )]
    Keys {
        /// A report.
        first: String,
        /// Its key.
        first_key: String,
        /// Another one.
        second: String,
        /// The other one's key.
        second_key: String,
    },
    /// A report of a version that did not keep what merging needs.
    #[error("{name} does not hold what merging needs (`unmerged`): scan again with this version")]
    Old {
        /// The report.
        name: String,
    },
}

/// Notices that a merged report makes itself.
const OWN: &[&str] = &["as-of", "two-states"];

/// Takes reports one at a time, each of which may be dropped by the reader afterwards.
#[derive(Default)]
pub struct Merger {
    /// The first one, as long as there is no other.
    only: Option<(String, Box<Report>)>,
    /// A report with a key, and the key's id.
    key: Option<(String, String)>,
    key_sources: BTreeSet<String>,
    parts: BTreeMap<String, ReportPart>,
    taken: Vec<Taken>,
    rules: Vec<RuleInfo>,
    gates: Vec<Gate>,
    /// Times and where they came from.
    as_of: BTreeSet<(Timestamp, String)>,
}

/// What one report gave.
struct Taken {
    /// Its facts; values in the clear are packed.
    evidence: Evidence,
    leaks: Leaks,
    /// The new names of what it tells, when they are not the old ones.
    relabel: Option<Relabel>,
    roots: Vec<Root>,
    notices: Vec<Notice>,
    decided: Decided,
    parts: Vec<String>,
}

impl Taken {
    /// Its values in the clear, by their new names, as far as the settings that judge them anew let them through.
    fn sightings(&self, settings: Option<&Settings>) -> Vec<Sighting> {
        let mut all = self.leaks.sightings();
        if let Some(settings) = settings {
            all.retain(|s| {
                let shown = s.proof.public || s.proof.encrypted;
                (s.confidence >= settings.confidence || shown) && is_enabled(settings, &s.rule)
            });
        }
        if let Some(relabel) = &self.relabel {
            all.iter_mut().for_each(|s| relabel.sighting(s));
        }
        all
    }
}

impl Merger {
    /// Takes a report; `name` is what errors call it. One that was taken before changes nothing.
    ///
    /// # Errors
    /// When its fingerprints do not compare with those of the others, or it cannot be merged.
    pub fn add(&mut self, name: &str, report: Report) -> Result<(), MergeError> {
        self.check_key(name, &report)?;
        let digest = digest(&report);
        let parts = if report.parts.is_empty() { vec![part(&report, digest.clone())] } else { report.parts.clone() };
        if let Some((first, only)) = self.only.take() {
            if self::digest(&only) == digest {
                self.only = Some((first, only));
                return Ok(());
            }
            let own = part(&only, self::digest(&only));
            let known = if only.parts.is_empty() { vec![own] } else { only.parts.clone() };
            self.take(&first, *only, known)?;
        } else if self.taken.is_empty() {
            self.only = Some((name.to_owned(), Box::new(report)));
            return Ok(());
        }
        if parts.iter().all(|p| self.parts.contains_key(&p.digest)) {
            return Ok(());
        }
        self.take(name, report, parts)
    }

    fn check_key(&mut self, name: &str, report: &Report) -> Result<(), MergeError> {
        if report.key_id.is_empty() {
            return Ok(());
        }
        match &self.key {
            Some((first, key)) if *key != report.key_id => Err(MergeError::Keys {
                first: first.clone(),
                first_key: key.clone(),
                second: name.to_owned(),
                second_key: report.key_id.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                self.key = Some((name.to_owned(), report.key_id.clone()));
                Ok(())
            }
        }
    }

    fn take(&mut self, name: &str, report: Report, parts: Vec<ReportPart>) -> Result<(), MergeError> {
        let Some(unmerged) = report.unmerged else { return Err(MergeError::Old { name: name.to_owned() }) };
        if !report.key_id.is_empty() {
            self.key_sources.insert(report.key_source);
        }
        self.as_of.insert((report.as_of, report.as_of_source));
        self.gates.push(unmerged.gate.clone());
        let mut inventory = report.inventory;
        self.rules.append(&mut inventory.rules);
        self.rules.sort();
        self.rules.dedup();
        let mut notices = report.notices;
        notices.retain(|n| !OWN.contains(&n.code.as_str()));
        let (evidence, leaks) = Evidence::packed(inventory, unmerged);
        self.taken.push(Taken {
            decided: Decided::of(&report.findings),
            evidence,
            leaks,
            relabel: None,
            roots: report.coverage.roots,
            notices,
            parts: parts.iter().map(|p| p.digest.clone()).collect(),
        });
        self.parts.extend(parts.into_iter().map(|p| (p.digest.clone(), p)));
        Ok(())
    }

    /// The report of all; `None` when none was taken. One alone stays as it is.
    #[must_use]
    pub fn finish(mut self) -> Option<LongReport> {
        match self.only.take() {
            Some((_, only)) => Some((*only).into()),
            None => self.judge(None),
        }
    }

    /// The same under a configuration and with members. What was accepted before stays so, and values that a report leaves out cannot
    /// come back.
    ///
    /// # Errors
    /// When a single report does not hold what judging it again needs.
    pub fn finish_under(mut self, settings: &Settings) -> Result<Option<LongReport>, MergeError> {
        let Some((name, only)) = self.only.take() else { return Ok(self.judge(Some(settings))) };
        if !only.parts.is_empty() {
            let parts = only.parts.clone();
            self.take(&name, *only, parts)?;
            return Ok(self.judge(Some(settings)));
        }
        let own = part(&only, digest(&only));
        self.take(&name, *only, vec![own])?;
        // It is still one scan's.
        Ok(self.judge(Some(settings)).map(LongReport::of_one))
    }

    fn judge(mut self, settings: Option<&Settings>) -> Option<LongReport> {
        let (latest, source) = self.as_of.last().cloned()?;
        let tops = Tops::of(self.taken.iter().flat_map(|t| &t.roots));
        let mut evidence = Evidence::default();
        let mut decided = Decided::default();
        let mut notices: Vec<Notice> = Vec::new();
        let mut all = std::mem::take(&mut self.taken);
        for taken in &mut all {
            let mut relabel = tops.relabel(&taken.roots);
            if !relabel.changes_nothing() {
                taken.evidence.relabel(&mut relabel, &taken.leaks);
                taken.decided.relabel(&relabel);
                taken.notices.iter_mut().for_each(|n| n.path = n.path.as_deref().map(|p| relabel.path(p)));
                for part in &taken.parts {
                    let roots = self.parts.get_mut(part).map(|p| &mut p.coverage.roots);
                    roots.into_iter().flatten().for_each(|root| tops.name(root, &relabel));
                }
                taken.relabel = Some(relabel);
            }
            evidence.add(std::mem::take(&mut taken.evidence));
            decided.add(std::mem::take(&mut taken.decided));
            notices.append(&mut taken.notices);
        }
        let mut separation = Separation::new(&evidence);
        all.iter().for_each(|taken| separation.note(taken.sightings(settings)));
        let mut piles = separation.piles();
        all.into_iter().for_each(|taken| piles.put(taken.sightings(settings), &mut evidence));
        let mut gate = widest(&self.gates);
        if let Some(settings) = settings {
            gate.confidence = gate.confidence.max(settings.confidence);
            gate.severity = gate.severity.max(settings.severity);
            gate.disabled.extend(settings.disabled_rules.iter().cloned());
            gate.disabled.sort();
            gate.disabled.dedup();
        }
        let rules = std::mem::take(&mut self.rules);
        let (mut inventory, mut unmerged) = inventory::rebuild(evidence, rules.clone());
        unmerged.gate = gate.clone();
        let parts: Vec<ReportPart> = self.parts.into_values().collect();
        for (format, count) in parts.iter().flat_map(|p| &p.formats_read) {
            *inventory.formats_read.entry(format.clone()).or_default() += count;
        }
        let none = BTreeMap::new();
        let demands = settings.map(|settings| Decisions { settings, accepted: &none });
        let demands = demands.as_ref().map(|demands| demands as &dyn assess::Policy);
        let policy = decided.under(&self.gates, gate.confidence, demands);
        let members = settings.and_then(|settings| settings.members.as_ref());
        let repositories = settings.and_then(|settings| settings.repositories.as_ref());
        let context = assess::Context { as_of: latest, policy: &policy, members, repositories };
        let mut lists = Lists::new(inventory.exposures.clone(), gate.severity);
        for pile in piles.into_piles() {
            let (mut leaked, values) = inventory::leaked(&pile, &rules);
            drop(pile);
            leaked.formats_read.clone_from(&inventory.formats_read);
            let (findings, sums) = assess::assess_apart(&leaked, &context);
            lists.add(leaked, values, findings, sums);
        }
        let named = lists.sums.named().iter().map(String::as_str);
        inventory.rules =
            inventory::named_rules(rules, named.chain(inventory.exposures.iter().map(|e| e.rule.as_str())));
        let (findings, assessment) = assess::assess_beside(&mut inventory, &context, std::mem::take(&mut lists.sums));
        let apart = lists.finish(&mut inventory, &mut unmerged, findings);
        let mut headline = assessment.headline;
        headline.findings.retain(|severity, _| *severity >= gate.severity && *severity > Severity::Info);
        let coverage = covered(&parts);
        told(&mut notices, &coverage, &self.as_of, &tops);
        let configs: BTreeSet<_> = parts.iter().map(|p| (&p.tool.config, &p.tool.config_hash)).collect();
        let same = configs.first().filter(|_| configs.len() == 1);
        let (mut config, mut config_hash) = same.map(|(c, h)| ((*c).clone(), (*h).clone())).unwrap_or_default();
        if let Some((path, hash)) = settings.and_then(|settings| settings.config.clone()) {
            (config, config_hash) = (Some(path), Some(hash));
        }
        let report = Report {
            schema: Report::SCHEMA.to_owned(),
            tool: ToolInfo {
                name: "keyroll".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                config,
                config_hash,
            },
            key_id: self.key.map(|(_, id)| id).unwrap_or_default(),
            key_source: self.key_sources.into_iter().next().unwrap_or_else(|| "unused".to_owned()),
            as_of: latest,
            as_of_source: source,
            incomplete: parts.iter().any(|p| p.incomplete) || notices.iter().any(|n| n.kind == NoticeKind::Gap),
            coverage,
            headline,
            inventory,
            findings: Vec::new(),
            risks: assessment.risks,
            score: assessment.score,
            notices,
            parts,
            unmerged: Some(unmerged),
        };
        Some(LongReport::new(report, apart))
    }
}

fn part(report: &Report, digest: String) -> ReportPart {
    ReportPart {
        digest,
        tool: report.tool.clone(),
        as_of: report.as_of,
        incomplete: report.incomplete,
        coverage: report.coverage.clone(),
        formats_read: report.inventory.formats_read.clone(),
    }
}

/// SHA-256 of what a report says, however its file is laid out.
fn digest(report: &Report) -> String {
    struct Into(Sha256);
    impl io::Write for Into {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hash = Into(Sha256::new());
    // Neither the model nor the hash can fail here; a hash of less would only miss that two reports are one.
    let _ = serde_json::to_writer(io::BufWriter::with_capacity(1 << 16, &mut hash), report);
    data_encoding::HEXLOWER.encode(&hash.0.finalize())
}

/// What shows all that any of the reports shows.
fn widest(gates: &[Gate]) -> Gate {
    let of = |pick: fn(&Gate) -> &Vec<String>| -> Vec<BTreeSet<&String>> {
        gates.iter().map(|g| pick(g).iter().collect()).collect()
    };
    let disabled = of(|g| &g.disabled).into_iter().reduce(|a, b| a.intersection(&b).copied().collect());
    let enabled = of(|g| &g.enabled);
    let any = enabled.iter().any(BTreeSet::is_empty);
    let enabled: BTreeSet<&String> = enabled.into_iter().flatten().filter(|_| !any).collect();
    let first = Gate::default();
    Gate {
        confidence: gates.iter().map(|g| g.confidence).min().unwrap_or(first.confidence),
        severity: gates.iter().map(|g| g.severity).min().unwrap_or(first.severity),
        disabled: disabled.into_iter().flatten().cloned().collect(),
        enabled: enabled.into_iter().cloned().collect(),
    }
}

/// The sum of what the parts read.
fn covered(parts: &[ReportPart]) -> Coverage {
    let mut out = Coverage::default();
    for c in parts.iter().map(|p| &p.coverage) {
        out.roots.extend(c.roots.iter().cloned());
        out.refs += c.refs;
        out.commits += c.commits;
        out.blobs += c.blobs;
        out.files += c.files;
        out.bytes += c.bytes;
        out.history_blobs += c.history_blobs;
        out.history_bytes += c.history_bytes;
        out.interrupted |= c.interrupted;
        for (reason, count) in &c.skipped {
            *out.skipped.entry(*reason).or_default() += count;
        }
    }
    out.roots.sort();
    out.roots.dedup();
    out
}

/// Notices in order, each once, with numbers that are those of all parts.
fn told(notices: &mut Vec<Notice>, coverage: &Coverage, as_of: &BTreeSet<(Timestamp, String)>, tops: &Tops) {
    if let Some(count) = coverage.skipped.get(&SkipReason::Excluded)
        && notices.iter().any(|n| n.code == "excluded")
    {
        notices.retain(|n| n.code != "excluded");
        let paths = numbers::count(*count, "path is excluded", "paths are excluded");
        notices.push(limit("excluded", None, format!("{paths} by --exclude or the configuration")));
    }
    if let (Some((first, _)), Some((last, _))) = (as_of.first(), as_of.last())
        && first != last
    {
        let message = format!(
            "the reports measure ages against times from {} to {}; this one measures all against the latest",
            first.strftime("%Y-%m-%d"),
            last.strftime("%Y-%m-%d")
        );
        notices.push(limit("as-of", None, message));
    }
    for name in tops.twice() {
        let message =
            "was scanned at two commits, and what stands in either is in this report; `keyroll diff` compares them";
        notices.push(limit("two-states", Some(name.to_owned()), message.to_owned()));
    }
    if notices.is_empty() && coverage.roots.is_empty() {
        notices.push(gap("nothing-scanned", None, "nothing was scanned: the reports name no input".to_owned()));
    }
    notices.sort();
    notices.dedup();
}
