//! Whether a stick's reports are all there and as they were written: their signatures, and the chain.
//!
//! Every report names its number on its stick and the digest of the report before it, and the stick's head
//! record ([`crate::head`]) the last one. So a report that was changed, taken away, put in or doubled shows.
//! All of it rests on the stick's key, which lies on the stick: who has held it may have made anything
//! that was not collected before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Report, ReportError};
use crate::digest::Sha256Digest;
use crate::head::Head;
use crate::signature::{PublicKey, key_id_of_signature};

/// Bytes of a `report.json` at most. The largest that mend writes has some hundred thousand.
pub const MOST_REPORT_BYTES: usize = 16 << 20;

/// Place of a report in its stick's chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChainLink {
    /// Number of this report on its stick, from 1.
    pub number: u64,
    /// Digest of the bytes of the report before it; none for the first.
    pub previous: Option<Sha256Digest>,
    /// The stick's counter, which grows at every start, every report and every entry.
    pub counter: u64,
}

/// A report whose signature is its stick's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic {
    /// The report.
    pub report: Report,
    /// Digest of its bytes.
    pub digest: Sha256Digest,
}

/// Why a report is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// There is no signature, or no file in the form of one: torn, or made by somebody else.
    #[error("not signed")]
    Unsigned,
    /// Another key than that of the stick signed it.
    #[error("signed by another key than this stick's")]
    Foreign,
    /// This stick's key signed something else: the report was changed afterwards.
    #[error("changed after it was signed")]
    Edited,
    /// Too large to be a report.
    #[error("{found} bytes, expected at most {MOST_REPORT_BYTES}")]
    Large {
        /// Its length.
        found: usize,
    },
    /// Rightly signed, but not a report that this version reads.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Rightly signed, but it says that it is another stick's.
    #[error("its text names the key {found}, but this stick's signed it")]
    OtherStick {
        /// The key that the report names.
        found: String,
    },
    /// The text beside it is not the one that was rendered with it.
    #[error("report.txt was changed")]
    Text,
}

/// Checks one report: `json` and `signature` are the bytes of `report.json` and `report.json.minisig`,
/// `text` those of `report.txt`, if it is there. `key` is the stick's, from its receipt if there is one.
pub fn check_report(
    json: &[u8],
    signature: Option<&str>,
    text: Option<&[u8]>,
    key: &PublicKey,
) -> Result<Authentic, Doubt> {
    if json.len() > MOST_REPORT_BYTES {
        return Err(Doubt::Large { found: json.len() });
    }
    let signature = signature.ok_or(Doubt::Unsigned)?;
    let signer = key_id_of_signature(signature).ok_or(Doubt::Unsigned)?;
    if Some(signer) != key.key_id() {
        return Err(Doubt::Foreign);
    }
    key.check(json, signature).map_err(|_| Doubt::Edited)?;
    let report = Report::parse_bytes(json)?;
    if let Some(found) = &report.stick.public_key
        && found != key.base64()
    {
        let found = found.clone();
        return Err(Doubt::OtherStick { found });
    }
    if let (Some(expected), Some(text)) = (report.text_sha256, text)
        && Sha256Digest::of(text) != expected
    {
        return Err(Doubt::Text);
    }
    let digest = Sha256Digest::of(json);
    Ok(Authentic { report, digest })
}

/// What is wrong with a chain. Numbers are those of reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// Reports are not there.
    #[error("{} missing", numbers(*.from, *.to))]
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Several different reports have one number: the stick, or its key, was copied.
    #[error("report {number} is there {count} times, each time another one")]
    Double {
        /// Their number.
        number: u64,
        /// How many.
        count: usize,
    },
    /// A report does not follow the one before it.
    #[error("report {number} does not follow the report {} that is there", number.saturating_sub(1))]
    Broken {
        /// Its number.
        number: u64,
    },
    /// The stick's counter went back: an older state of the stick was put back, or it was copied.
    #[error("report {number} was made at counter {counter}, the one before it at {before}")]
    Counter {
        /// Its number.
        number: u64,
        /// Its counter.
        counter: u64,
        /// That of the one before.
        before: u64,
    },
    /// The head record knows another last report than the one that is there.
    #[error("the head record names another report {number} than the one that is there")]
    Head {
        /// Its number.
        number: u64,
    },
    /// Reports go further than the head record: an older record was put back. One report more is what a
    /// power cut between the report and the record leaves, and no fault.
    #[error("the head record ends at report {head}, but there are reports up to {number}")]
    HeadBehind {
        /// Where the record ends.
        head: u64,
        /// The last report.
        number: u64,
    },
    /// There are reports, and no head record that can be believed.
    #[error("there is no head record, so the last reports may be missing")]
    NoHead,
}

fn numbers(from: u64, to: u64) -> String {
    if from == to {
        format!("report {from} is")
    } else {
        format!("reports {from} to {to} are")
    }
}

/// Returns what is wrong with the chain of one stick, in the order of the numbers; nothing if it is whole.
///
/// `links` are all its authentic reports: those on the stick and those that were collected earlier, in any
/// order, the same one any number of times. `head` is its head record, if its signature is right.
pub fn check_chain(links: &[(ChainLink, Sha256Digest)], head: Option<&Head>) -> Vec<ChainFault> {
    let mut by_number: BTreeMap<u64, BTreeMap<Sha256Digest, &ChainLink>> = BTreeMap::new();
    for (link, digest) in links {
        let same = by_number.entry(link.number).or_default();
        same.insert(*digest, link);
    }
    let mut faults = Vec::new();
    let mut before: Option<(u64, &BTreeMap<Sha256Digest, &ChainLink>)> = None;
    for (number, here) in &by_number {
        let expected = before.map_or(1, |(last, _)| last.saturating_add(1));
        if *number > expected {
            let to = number.saturating_sub(1);
            faults.push(ChainFault::Gap { from: expected, to });
        }
        if here.len() > 1 {
            let (number, count) = (*number, here.len());
            faults.push(ChainFault::Double { number, count });
        }
        let neighbours = before.filter(|_| *number == expected).map(|(_, them)| them);
        check_links(*number, here, neighbours, &mut faults);
        before = Some((*number, here));
    }
    check_head(before, head, &mut faults);
    faults
}

/// Holds the reports of one number against those of the number before it, which are none for the first.
fn check_links(
    number: u64,
    here: &BTreeMap<Sha256Digest, &ChainLink>,
    before: Option<&BTreeMap<Sha256Digest, &ChainLink>>,
    faults: &mut Vec<ChainFault>,
) {
    for link in here.values() {
        let follows = match (link.previous, before) {
            (None, _) => number == 1,
            (Some(_), _) if number <= 1 => false,
            (Some(previous), Some(before)) => before.contains_key(&previous),
            // What is missing is told as a gap.
            (Some(_), None) => true,
        };
        if !follows {
            faults.push(ChainFault::Broken { number });
        }
        let counters = before.into_iter().flat_map(|before| before.values());
        if let Some(before) = counters.map(|one| one.counter).min()
            && link.counter <= before
        {
            let counter = link.counter;
            faults.push(ChainFault::Counter {
                number,
                counter,
                before,
            });
        }
    }
}

fn check_head(
    last: Option<(u64, &BTreeMap<Sha256Digest, &ChainLink>)>,
    head: Option<&Head>,
    faults: &mut Vec<ChainFault>,
) {
    let Some(head) = head else {
        faults.extend(last.map(|_| ChainFault::NoHead));
        return;
    };
    let number = last.map_or(0, |(number, _)| number);
    if head.number > number {
        let (from, to) = (number.saturating_add(1), head.number);
        faults.push(ChainFault::Gap { from, to });
    } else if number > head.number.saturating_add(1) {
        let head = head.number;
        faults.push(ChainFault::HeadBehind { head, number });
    } else if let Some((number, here)) = last
        && number == head.number
        && !head.last.is_some_and(|digest| here.contains_key(&digest))
    {
        faults.push(ChainFault::Head { number });
    }
}

#[cfg(test)]
mod tests;
