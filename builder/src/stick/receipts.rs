//! The ledger of written sticks: one receipt a line, only ever appended to.
//!
//! ```text
//! {"schema":1,"previous":null,"receipt":{…}}
//! {"schema":1,"previous":"9c1b…77","receipt":{…}}      previous: SHA-256 of the line above, without its end
//! ```
//!
//! A line that is changed, or taken away from the middle, breaks the chain behind it. Lines taken away
//! from the end do not: whoever wants to notice that keeps the digest of the last line elsewhere
//! ([`Ledger::head`]). The chain is no signature either: who may write the file can write all of it anew.
//!
//! A line that power loss tore is kept aside beside the ledger, never dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::StickId;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::image_facts::ImageFacts;

pub mod table;

/// The schema that this version writes.
pub const RECEIPT_SCHEMA: u32 = 1;

/// One stick that was written, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Receipt {
    /// Id of the stick; none if it was found bad before it got one.
    pub stick: Option<String>,
    /// What became of it.
    pub verdict: StickVerdict,
    /// Why it is bad.
    pub reason: Option<String>,
    /// When it was written: RFC 3339 in UTC.
    pub time: String,
    /// By whom.
    pub by: String,
    /// The device.
    pub device: DeviceFacts,
    /// The image.
    pub image: ImageFacts,
    /// Digest of the image that the stick held before, if it was refreshed and not written whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_from: Option<Sha256Digest>,
    /// The stick's own public key, as Base64: what its reports must be signed with.
    pub public_key: Option<String>,
    /// Bytes of content that were written; of a bad stick, as far as it came; of a refreshed one, all that
    /// it was given.
    pub bytes_written: u64,
    /// Milliseconds from the first write to the end of reading back.
    pub took_ms: u64,
    /// Digest over the digests of the image's parts of 1 MiB as they were read back, identity and all, in
    /// their order; without MBR and GPT, which follow from the size of the stick.
    pub read_back_sha256: Option<Sha256Digest>,
}

/// What became of a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StickVerdict {
    /// Everything was written and read back.
    Good,
    /// Not to be used.
    Bad,
}

/// A device as it describes itself. Texts that it does not give are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeviceFacts {
    /// Where it was, `/dev/sdb`.
    pub path: String,
    /// Vendor and model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Bytes that it really holds, as far as was probed.
    pub true_size: u64,
}

/// A line of the ledger.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Line {
    schema: u32,
    previous: Option<Sha256Digest>,
    receipt: Receipt,
}

/// A ledger as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Every receipt that could be read, the oldest first.
    pub receipts: Vec<Receipt>,
    /// Digest of every line, in order.
    pub digests: Vec<Sha256Digest>,
    /// What is wrong with the chain.
    pub problems: Vec<LedgerProblem>,
    /// Bytes behind the last whole line: a receipt that was not written to its end.
    pub torn: Vec<u8>,
}

/// A line that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerProblem {
    /// Counted from 1.
    pub line: usize,
    /// What was found.
    pub finding: String,
    /// What should be there.
    pub expectation: String,
}

impl fmt::Display for LedgerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            finding,
            expectation,
        } = self;
        write!(f, "line {line}: {finding}, expected {expectation}")
    }
}

/// Why a receipt was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The ledger or the table beside it cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another program holds the ledger and does not let go, or the file system has no locks.
    #[error("locking {}: {source}", path.display())]
    Lock {
        /// The ledger.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The ledger is not as it was written. A receipt behind that would cover it up.
    #[error("{}: {problem}; move it elsewhere to begin a new one", path.display())]
    Broken {
        /// The ledger.
        path: PathBuf,
        /// The first thing that is wrong.
        problem: LedgerProblem,
    },
    /// The receipt has no JSON form.
    #[error("writing a receipt as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Ledger {
    /// Parses the bytes of a ledger. Never refuses: what is wrong is a problem.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut ledger = Self::default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |at| at.saturating_add(1));
        let (lines, torn) = bytes.split_at_checked(whole).unwrap_or_default();
        for (index, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            ledger.take_line(index.saturating_add(1), line);
        }
        // A line that lacks nothing but its end was written whole.
        match parse_line(torn) {
            Ok(line) if line.previous == ledger.head() => {
                ledger.take_line(ledger.digests.len().saturating_add(1), torn);
            }
            _ => ledger.torn = torn.to_vec(),
        }
        ledger
    }

    fn take_line(&mut self, line: usize, bytes: &[u8]) {
        let expected = self.head();
        self.digests.push(Sha256Digest::of(bytes));
        match parse_line(bytes) {
            Ok(parsed) => {
                if parsed.previous != expected {
                    self.problems.push(LedgerProblem {
                        line,
                        finding: format!("follows {}", or_nothing(parsed.previous)),
                        expectation: format!(
                            "{}: a line was changed or taken away",
                            or_nothing(expected)
                        ),
                    });
                }
                self.receipts.push(parsed.receipt);
            }
            Err(finding) => self.problems.push(LedgerProblem {
                line,
                finding,
                expectation: "a receipt".to_owned(),
            }),
        }
    }

    /// Returns the digest of the last line.
    pub fn head(&self) -> Option<Sha256Digest> {
        self.digests.last().copied()
    }

    /// Returns the ids that are taken.
    pub fn ids(&self) -> impl Iterator<Item = StickId> {
        let ids = self.receipts.iter().filter_map(|one| one.stick.as_ref());
        ids.filter_map(|id| id.parse().ok())
    }

    /// Returns how many sticks are good, and how many bad. A stick that has several receipts, since it was
    /// refreshed, is what its last one says; one that never got an id counts each time.
    pub fn counts(&self) -> (usize, usize) {
        let named = self
            .receipts
            .iter()
            .filter_map(|one| Some((one.stick.as_deref()?, one.verdict)));
        let last: BTreeMap<&str, StickVerdict> = named.collect();
        let nameless = self.receipts.iter().filter(|one| one.stick.is_none());
        let verdicts = last.into_values().chain(nameless.map(|one| one.verdict));
        let (good, bad): (Vec<_>, Vec<_>) = verdicts.partition(|one| *one == StickVerdict::Good);
        (good.len(), bad.len())
    }
}

fn or_nothing(digest: Option<Sha256Digest>) -> String {
    digest.map_or_else(|| "nothing".to_owned(), |digest| digest.to_string())
}

fn parse_line(bytes: &[u8]) -> Result<Line, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if line.schema == RECEIPT_SCHEMA {
        Ok(line)
    } else {
        Err(format!("schema {}", line.schema))
    }
}

/// Reads the ledger at `path`; one that is not there yet is empty.
pub fn read_ledger(path: &Path) -> io::Result<Ledger> {
    match fs::read(path) {
        Ok(bytes) => Ok(Ledger::parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ledger::default()),
        Err(error) => Err(error),
    }
}

/// Appends a receipt to the ledger at `path`, durably, and writes the table beside it anew. Returns where
/// a torn line was kept aside, if there was one.
///
/// The lock is held for this one receipt only, so several programs may write to one ledger.
pub fn append_receipt(path: &Path, receipt: &Receipt) -> Result<Option<PathBuf>, LedgerError> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let locked = flock(file.file(), FlockOperation::LockExclusive);
    locked.map_err(|error| LedgerError::Lock {
        path: path.to_owned(),
        source: error.into(),
    })?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut ledger = Ledger::parse(&bytes);
    if let Some(problem) = ledger.problems.first() {
        return Err(LedgerError::Broken {
            path: path.to_owned(),
            problem: problem.clone(),
        });
    }
    let mut end = length(&bytes);
    let kept = if ledger.torn.is_empty() {
        None
    } else {
        let kept = keep_aside(path, &ledger.torn)?;
        end = end.saturating_sub(length(&ledger.torn));
        file.set_len(end)?;
        Some(kept)
    };
    let mut line = Vec::new();
    if ledger.torn.is_empty() && bytes.last().is_some_and(|byte| *byte != b'\n') {
        line.push(b'\n');
    }
    let previous = ledger.head();
    let text = serde_json::to_vec(&Line {
        schema: RECEIPT_SCHEMA,
        previous,
        receipt: receipt.clone(),
    })?;
    line.extend_from_slice(&text);
    line.push(b'\n');
    file.seek(SeekFrom::Start(end))?;
    file.write_all(&line)?;
    file.sync_all()?;
    sync_folder_of(path)?;
    ledger.receipts.push(receipt.clone());
    table::write_table(&path.with_extension("csv"), &ledger.receipts)?;
    Ok(kept)
}

/// Appends a torn line to the file beside the ledger, and returns where that is.
fn keep_aside(path: &Path, torn: &[u8]) -> io::Result<PathBuf> {
    let mut kept = path.as_os_str().to_owned();
    kept.push(".torn");
    let kept = PathBuf::from(kept);
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&kept)?;
    file.write_all(torn)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    sync_folder_of(&kept)?;
    Ok(kept)
}

/// Makes the name of a file durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
