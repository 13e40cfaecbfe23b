//! What a report is worth: who signed it, and whether a stick's reports are all there.
//!
//! The keys that count are those in the receipts of written sticks, never one that lies on a stick or in a
//! report. What is not authentic gets a [`Standing`] and a reason, and is kept apart.

use std::collections::{BTreeMap, HashMap};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::{self, Head};
use rescue_stick::report::Report;
use rescue_stick::report::chain::{ChainFault, ChainLink, Doubt, check_chain, check_report};
use rescue_stick::signature::{PublicKey, SignatureError, key_id_of_signature};

use super::facts::line;
use super::sources::{FoundReport, printable};

/// What a report is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Signed by the stick that it names.
    Authentic,
    /// Without a signature.
    Unsigned,
    /// From a stick that no receipt knows.
    Foreign,
    /// Signed by its stick, and changed afterwards.
    Edited,
    /// Says that it is from a stick that did not sign it.
    Forged,
    /// Not a report that this version reads.
    Unreadable,
}

/// All standings, by the numbers that the store has for them, with their words.
const ALL_STANDINGS: [(Standing, &str); 6] = [
    (Standing::Authentic, "authentic"),
    (Standing::Unsigned, "unsigned"),
    (Standing::Foreign, "foreign"),
    (Standing::Edited, "edited"),
    (Standing::Forged, "forged"),
    (Standing::Unreadable, "unreadable"),
];

impl Standing {
    /// Returns the number that the store has for it.
    pub fn number(self) -> u8 {
        let place = ALL_STANDINGS.iter().position(|(one, _)| *one == self);
        place
            .and_then(|at| u8::try_from(at).ok())
            .unwrap_or(u8::MAX)
    }

    /// Returns what the store's number means; one that is not known is not believed.
    pub fn of_number(number: u8) -> Self {
        let row = ALL_STANDINGS.get(usize::from(number));
        row.map_or(Self::Unreadable, |(one, _)| *one)
    }

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        ALL_STANDINGS
            .get(usize::from(self.number()))
            .map_or("unreadable", |(_, word)| word)
    }
}

/// Place of a report in the chain of its stick, as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The stick; empty if nobody says.
    pub stick: String,
    /// Number on it, from 1; none if the stick could not take it.
    pub number: Option<u64>,
    /// Digest of the report before it.
    pub previous: Option<Sha256Digest>,
    /// The stick's counter.
    pub counter: u64,
}

impl Link {
    fn chain_link(&self) -> Option<ChainLink> {
        Some(ChainLink {
            number: self.number?,
            previous: self.previous,
            counter: self.counter,
        })
    }
}

/// The public keys of the sticks that receipts know.
#[derive(Clone, Debug, Default)]
pub struct KnownKeys {
    by_id: HashMap<[u8; 8], (String, PublicKey)>,
    sticks: BTreeMap<String, Vec<PublicKey>>,
}

impl KnownKeys {
    /// Adds the key of a stick, as Base64.
    pub fn add(&mut self, stick: &str, key: &str) -> Result<(), SignatureError> {
        let key = PublicKey::parse(key)?;
        if let Some(id) = key.key_id() {
            self.by_id.insert(id, (stick.to_owned(), key.clone()));
            self.sticks.entry(stick.to_owned()).or_default().push(key);
        }
        Ok(())
    }

    /// Returns how many sticks there are.
    pub fn count(&self) -> usize {
        self.sticks.len()
    }
}

/// A report that was looked at.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it is worth.
    pub standing: Standing,
    /// Why it is not authentic; empty if it is.
    pub reason: String,
    /// Its place in a chain, as it says itself.
    pub link: Link,
    /// The report, if it is authentic.
    pub report: Option<Report>,
}

/// Says what a report is worth. Nothing of it is parsed before its signature is known to be right, but for
/// the name of the stick that it claims, which makes the reason.
pub fn judge(found: &FoundReport, keys: &KnownKeys) -> Judged {
    let signature = std::str::from_utf8(&found.signature).ok();
    let signature = signature.filter(|text| !text.trim().is_empty());
    let signer = signature.and_then(key_id_of_signature);
    let Some((stick, key)) = signer.and_then(|id| keys.by_id.get(&id)) else {
        return judge_unknown(found, signer.is_some(), keys);
    };
    let apart = |standing: Standing, reason: String| Judged {
        standing,
        reason,
        link: Link {
            stick: stick.clone(),
            ..Link::default()
        },
        report: None,
    };
    match check_report(&found.bytes, signature, None, key) {
        Ok(authentic) => {
            let report = authentic.report;
            let named = report.stick.id.as_deref().unwrap_or_default();
            if named != stick {
                let named = line(named);
                let reason = format!("says that it is from stick {named}, but {stick} signed it");
                return apart(Standing::Forged, reason);
            }
            let chain = report.chain.clone();
            Judged {
                standing: Standing::Authentic,
                reason: String::new(),
                link: Link {
                    stick: stick.clone(),
                    number: chain.as_ref().map(|link| link.number),
                    previous: chain.as_ref().and_then(|link| link.previous),
                    counter: chain.map(|link| link.counter).unwrap_or_default(),
                },
                report: Some(report),
            }
        }
        Err(doubt) => {
            let standing = match doubt {
                Doubt::Edited | Doubt::Text => Standing::Edited,
                Doubt::OtherStick { .. } => Standing::Forged,
                Doubt::Unsigned => Standing::Unsigned,
                Doubt::Foreign => Standing::Foreign,
                _ => Standing::Unreadable,
            };
            apart(
                standing,
                format!("{}, by stick {stick}", printable(&doubt.to_string())),
            )
        }
    }
}

/// Names what no known key has signed.
fn judge_unknown(found: &FoundReport, is_signed: bool, keys: &KnownKeys) -> Judged {
    let apart = |standing: Standing, reason: String, stick: String| Judged {
        standing,
        reason,
        link: Link {
            stick,
            ..Link::default()
        },
        report: None,
    };
    let report = match Report::parse_bytes(&found.bytes) {
        Ok(report) => report,
        Err(error) => {
            let reason = printable(&error.to_string());
            return apart(Standing::Unreadable, reason, String::new());
        }
    };
    let stick = report.stick.id.as_deref().map(line).unwrap_or_default();
    let named = if stick.is_empty() {
        "a stick without a name"
    } else {
        &stick
    };
    let is_known = keys.sticks.contains_key(&stick);
    let (standing, reason) = match (is_signed, is_known) {
        (true, true) => {
            let reason = format!("says that it is from stick {named}, but another key signed it");
            (Standing::Forged, reason)
        }
        (true, false) => (
            Standing::Foreign,
            format!("from {named}, of which there is no receipt"),
        ),
        (false, _) => (
            Standing::Unsigned,
            format!("says that it is from {named}, without a signature"),
        ),
    };
    apart(standing, reason, stick)
}

/// Returns the head record in a file, with its stick, if that stick signed it.
pub fn read_head(file: &[u8], keys: &KnownKeys) -> Option<(String, Head)> {
    let stored = head::parse(file).ok()??;
    let stick = stored.head.stick.clone()?;
    let trusted = keys.sticks.get(&stick)?;
    let is_signed = trusted.iter().any(|key| stored.check(key).is_ok());
    is_signed.then_some((stick, stored.head))
}

/// What the chain of one stick comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainState {
    /// What is wrong, one line each: `missing` or `doubled`, and what.
    pub faults: Vec<(&'static str, String)>,
    /// Of several reports that have one number, those that are not counted.
    pub doubled: Vec<Sha256Digest>,
}

/// Looks at the chain of one stick: all its authentic reports that were ever collected, and the furthest
/// head record that was ever seen.
///
/// Of several different reports that have the same number, the one that a later report or the head record
/// follows counts; if none is followed, the first collected. The caller gives them in that order.
pub fn look_at_chain(reports: &[(Link, Sha256Digest)], head: Option<&Head>) -> ChainState {
    let mut links = Vec::new();
    for (link, digest) in reports {
        links.extend(link.chain_link().map(|link| (link, *digest)));
    }
    let mut state = ChainState::default();
    for fault in check_chain(&links, head) {
        let kind = match fault {
            // The reports of a stick come without its head record in a zip or a folder.
            ChainFault::NoHead => continue,
            ChainFault::Double { .. } => "doubled",
            _ => "missing",
        };
        state.faults.push((kind, fault.to_string()));
    }
    let followed = |digest: &Sha256Digest| {
        let is_last = head.and_then(|head| head.last) == Some(*digest);
        is_last || links.iter().any(|(link, _)| link.previous == Some(*digest))
    };
    let mut counted: BTreeMap<u64, Sha256Digest> = BTreeMap::new();
    for (link, digest) in &links {
        counted
            .entry(link.number)
            .and_modify(|best| {
                if !followed(best) && followed(digest) {
                    *best = *digest;
                }
            })
            .or_insert(*digest);
    }
    for (link, digest) in &links {
        if counted.get(&link.number) != Some(digest) {
            state.doubled.push(*digest);
        }
    }
    state
}
