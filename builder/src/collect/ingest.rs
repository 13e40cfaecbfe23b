//! From sources into the store: one thread reads, as many as there are processors judge, one writes.
//!
//! Reports wait between them in short queues, so memory does not grow with their number. What was collected
//! before is known by a digest, and neither parsed nor checked again.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::Head;
use sha2::{Digest as _, Sha256};

use super::authenticity::{KnownKeys, judge, read_head};
use super::factors::factors_of;
use super::facts::Facts;
use super::sources::{FoundReport, LeftOut, Sighting, SourceError, read_source};
use super::store::{NewReport, Store, StoreError, pack};

/// Sightings that wait to be judged, and judged ones that wait to be written.
const QUEUE: usize = 16;

/// Reports of one transaction: what is lost at most if power goes while collecting.
const REPORTS_AT_ONCE: usize = 5000;

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Reports that were not in the store.
    pub new: usize,
    /// Reports that were in the store.
    pub known: usize,
    /// Whether anything in the store changed.
    pub has_changed: bool,
}

/// Why a collection stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A source cannot be read at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread is gone, which is our fault.
    #[error("a thread that judges reports ended early")]
    Thread,
}

/// What comes out of judging a sighting.
enum Finding {
    New(Box<NewReport>),
    Known {
        evidence: Sha256Digest,
        place: String,
    },
    Head(String, Head),
    LeftOut(LeftOut),
}

/// Collects from sources into the store.
pub fn ingest(
    sources: &[PathBuf],
    store: &mut Store,
    keys: &KnownKeys,
    threads: usize,
) -> Result<Ingested, IngestError> {
    let known = Arc::new(store.evidences()?);
    let keys = Arc::new(keys.clone());
    let (sightings, to_judge) = sync_channel::<Sighting>(QUEUE);
    let (findings, to_write) = sync_channel::<Finding>(QUEUE.saturating_mul(4));
    let to_judge = Arc::new(Mutex::new(to_judge));
    let sources = sources.to_vec();
    let reader = thread::spawn(move || read_all(&sources, &sightings));
    let judges: Vec<_> = (0..threads.max(1))
        .map(|_| {
            let (to_judge, findings) = (Arc::clone(&to_judge), findings.clone());
            let (known, keys) = (Arc::clone(&known), Arc::clone(&keys));
            thread::spawn(move || judge_all(&to_judge, &findings, &known, &keys))
        })
        .collect();
    drop(findings);
    let written = write_all(&to_write, store);
    // A store that stopped leaves the others without a reader; they end by themselves.
    drop(to_write);
    let is_judged = judges.into_iter().all(|judge| judge.join().is_ok());
    let is_read = reader.join().map_err(|_| IngestError::Thread)?;
    let ingested = written?;
    is_read?;
    if is_judged {
        Ok(ingested)
    } else {
        Err(IngestError::Thread)
    }
}

fn read_all(sources: &[PathBuf], sightings: &SyncSender<Sighting>) -> Result<(), SourceError> {
    for source in sources {
        read_source(source, &mut |sighting| sightings.send(sighting).is_ok())?;
    }
    Ok(())
}

fn judge_all(
    to_judge: &Mutex<Receiver<Sighting>>,
    findings: &SyncSender<Finding>,
    known: &HashSet<Sha256Digest>,
    keys: &KnownKeys,
) {
    loop {
        // A judge that panicked while it waited has left nothing half done.
        let next = to_judge
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .recv();
        let Ok(sighting) = next else {
            return;
        };
        let finding = match sighting {
            Sighting::Report(found) => look_at(found, known, keys),
            Sighting::LeftOut(left_out) => Some(Finding::LeftOut(left_out)),
            Sighting::Head(found) => {
                read_head(&found.bytes, keys).map(|(stick, head)| Finding::Head(stick, head))
            }
        };
        if let Some(finding) = finding
            && findings.send(finding).is_err()
        {
            return;
        }
    }
}

/// What a report and its signature are known by.
fn evidence_of(digest: Sha256Digest, signature: &[u8]) -> Sha256Digest {
    let mut hasher = Sha256::new();
    hasher.update(digest.0);
    hasher.update(signature);
    Sha256Digest(hasher.finalize().into())
}

fn look_at(found: FoundReport, known: &HashSet<Sha256Digest>, keys: &KnownKeys) -> Option<Finding> {
    let digest = Sha256Digest::of(&found.bytes);
    let evidence = evidence_of(digest, &found.signature);
    if known.contains(&evidence) {
        return Some(Finding::Known {
            evidence,
            place: found.place,
        });
    }
    let report = new_report(found, (digest, evidence), keys);
    Some(report.map_or_else(Finding::LeftOut, |report| Finding::New(Box::new(report))))
}

fn new_report(
    found: FoundReport,
    (digest, evidence): (Sha256Digest, Sha256Digest),
    keys: &KnownKeys,
) -> Result<NewReport, LeftOut> {
    let judged = judge(&found, keys);
    let packed = pack(&found.bytes).map_err(|error| LeftOut {
        place: found.place.clone(),
        reason: error.to_string(),
    })?;
    Ok(NewReport {
        evidence,
        digest,
        standing: judged.standing,
        reason: judged.reason,
        link: judged.link,
        facts: judged.report.as_ref().map(Facts::of),
        factors: judged.report.as_ref().map(factors_of).unwrap_or_default(),
        place: found.place,
        packed,
        signature: found.signature,
    })
}

fn write_all(to_write: &Receiver<Finding>, store: &mut Store) -> Result<Ingested, IngestError> {
    let mut ingested = Ingested::default();
    // Where each report was met in this collection, to name copies of it.
    let mut places: HashMap<Sha256Digest, String> = HashMap::new();
    let mut waiting = 0_usize;
    store.begin()?;
    for finding in to_write {
        let has_changed = match finding {
            Finding::LeftOut(left_out) => store.add_trouble("left-out", &left_out)?,
            Finding::Head(stick, head) => store.add_head(&stick, &head)?,
            Finding::Known { evidence, place } => {
                ingested.known = ingested.known.saturating_add(1);
                name_copy(store, &mut places, evidence, place)?
            }
            Finding::New(report) => {
                let is_new = store.add(&report)?;
                let count = if is_new {
                    &mut ingested.new
                } else {
                    &mut ingested.known
                };
                *count = count.saturating_add(1);
                let is_copy = name_copy(store, &mut places, report.evidence, report.place)?;
                is_new || is_copy
            }
        };
        ingested.has_changed |= has_changed;
        waiting = waiting.saturating_add(1);
        if waiting >= REPORTS_AT_ONCE {
            store.keep()?;
            store.begin()?;
            waiting = 0;
        }
    }
    store.keep()?;
    Ok(ingested)
}

/// Notes a report that is in two places of the sources at once. A place that is named twice is no copy.
fn name_copy(
    store: &Store,
    places: &mut HashMap<Sha256Digest, String>,
    evidence: Sha256Digest,
    place: String,
) -> Result<bool, StoreError> {
    match places.get(&evidence) {
        Some(first) if *first != place => {
            let mut both = [first.clone(), place];
            // Judges do not finish in order, so which one came first would be chance.
            both.sort();
            let [first, copy] = both;
            let reason = format!("the same report as {first}, counted once");
            store.add_trouble(
                "copied",
                &LeftOut {
                    place: copy,
                    reason,
                },
            )
        }
        Some(_) => Ok(false),
        None => {
            places.insert(evidence, place);
            Ok(false)
        }
    }
}

/// Judges again what is not authentic, after keys have come; tells whether anything changed.
pub fn judge_again(store: &mut Store, keys: &KnownKeys) -> Result<bool, StoreError> {
    let mut has_changed = false;
    store.begin()?;
    for (id, place) in store.doubtful()? {
        let found = FoundReport {
            place,
            bytes: store.bytes_of(id)?,
            signature: store.signature_of(id)?,
        };
        let digest = Sha256Digest::of(&found.bytes);
        let evidence = evidence_of(digest, &found.signature);
        let Ok(report) = new_report(found, (digest, evidence), keys) else {
            continue;
        };
        has_changed |= store.replace(id, &report)?;
    }
    store.keep()?;
    Ok(has_changed)
}
