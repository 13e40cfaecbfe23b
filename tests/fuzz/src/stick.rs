//! What lies on a stick, or came home from one: reports, keys, journals, remedies, records.

use std::io;
use std::sync::{Arc, LazyLock};

use anyhow::{Result, ensure};
use mend::area::{Area, RamArea};
use mend::journal::recover::recover;
use mend::journal::{Allocation, Journal, Target};
use mendkit::collect::authenticity::{KnownKeys, judge};
use mendkit::collect::facts::Facts;
use mendkit::collect::sources::FoundReport;
use mendkit::key_table::read_key_table;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts};
use rescue_stick::journal::{BODIES_OFFSET, CommitEntry, JournalHead, SLOT_LENGTH, VolumeIdentity};
use rescue_stick::key_bundle::KeyBundle;
use rescue_stick::recovery_password::RecoveryPassword;
use rescue_stick::remedy::Remedy;
use rescue_stick::report::Report;
use rescue_stick::report::summary::SignedSummary;
use rescue_stick::undo::UndoRecord;
use rescue_stick::{age_file, head};

/// Run of the record among the fixtures.
const RUN: &str = "20100422T101500Z-PC1";

/// The stick that all of this is from.
static STICK: LazyLock<Option<Identity>> = LazyLock::new(|| {
    let facts = IdentityFacts {
        id: "MK-7F3A-01".parse().ok()?,
        image: Sha256Digest::of(b"image"),
        title: "title".to_owned(),
        written: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna".to_owned(),
    };
    Identity::new(facts, [7; 32]).ok()
});

/// Puts the checksum right that ends a block of so many bytes: chance never finds one.
fn fit_sum(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut block = bytes.to_vec();
    block.resize(length - 32, 0);
    let sum = Sha256Digest::of(&block);
    block.extend(sum.0);
    block
}

/// A report as `mendkit collect` reads it: without a signature it is never authentic. One that is read is written
/// and read again as the same; and it makes facts, whoever wrote it.
pub(crate) fn read_report(bytes: &[u8]) -> Result<bool> {
    let mut keys = KnownKeys::default();
    let found = |signature: String| FoundReport {
        place: "here".to_owned(),
        bytes: bytes.to_vec(),
        signature: signature.into_bytes(),
    };
    let unsigned = judge(&found(String::new()), &keys);
    ensure!(unsigned.report.is_none(), "believed without a signature");
    // The worst that a stick can do is to sign it.
    if let Some(stick) = STICK.as_ref() {
        keys.add("MK-7F3A-01", stick.public_key().base64())?;
        let signed = judge(&found(stick.sign(bytes)), &keys);
        ensure!(
            signed.report.is_some() == signed.reason.is_empty(),
            "{}",
            signed.reason
        );
    }
    let Ok(report) = Report::parse_bytes(bytes) else {
        return Ok(false);
    };
    let again = report.to_text();
    ensure!(Report::parse(&again)? == report, "another report: {again}");
    let facts = Facts::of(&report);
    for text in [
        &facts.name,
        &facts.serial,
        &facts.model,
        &facts.title,
        &facts.next,
    ] {
        ensure!(
            !text.contains(char::is_control),
            "not to be shown: {text:?}"
        );
    }
    Ok(true)
}

/// A bundle of keys, sealed or open, and a list that one is made of. What the passphrase does not open is not
/// believed; the cost of trying is bounded.
pub(crate) fn read_keys(bytes: &[u8]) -> Result<bool> {
    // A list of text, a file of age, the JSON inside of one: each reader gets all of it.
    let table = read_key_table(bytes);
    if let Ok(table) = &table {
        for key in table.keys.values() {
            let text = key.password.to_text();
            ensure!(
                RecoveryPassword::parse(&text).is_ok(),
                "a password that is none"
            );
        }
    }
    let mut is_believed = table.is_ok();
    if age_file::check_sealed(bytes).is_ok() && has_low_cost(bytes) {
        is_believed |= age_file::open(bytes, "passphrase").is_ok();
    }
    if let Ok(bundle) = KeyBundle::parse(bytes) {
        let ids: Vec<_> = bundle.keys.iter().map(|key| key.id).collect();
        let _ = bundle.find(&ids);
        let text = serde_json::to_vec(&bundle)?;
        ensure!(KeyBundle::parse(&text)? == bundle, "another bundle");
        is_believed = true;
    }
    Ok(is_believed)
}

/// Tells whether a passphrase is tried in a moment: a cost of 17, the most that is taken, takes half a second.
fn has_low_cost(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(1)
        .unwrap_or_default();
    let cost = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    cost.len() == 1 && cost[0] <= b'5'
}

/// The journal of a stick, with its bodies, beside the volume that its first unfinished commit is of. Whatever it
/// says, it is finished, taken back or given up, and done with; nothing is written behind the volume's end, since
/// that is an error. A table that is read is written and read again as the same.
pub(crate) fn read_journal(bytes: &[u8]) -> Result<bool> {
    let (first, rest) = bytes.split_at(bytes.len().min(SLOT_LENGTH));
    let (second, bodies) = rest.split_at(rest.len().min(SLOT_LENGTH));
    let length = usize::try_from(JOURNAL_LENGTH - BODIES_OFFSET)?;
    let mut bodies = bodies
        .get(..bodies.len().min(length))
        .unwrap_or_default()
        .to_vec();
    fit_records(&mut bodies);
    let area = RamArea::new(JOURNAL_LENGTH);
    area.write_at(BODIES_OFFSET, &bodies)?;
    let covered = first
        .get(..first.len().min(SLOT_LENGTH - 32))
        .unwrap_or_default();
    let slot = fit_sum(covered, SLOT_LENGTH);
    area.write_at(0, &slot)?;
    area.write_at(u64::try_from(SLOT_LENGTH)?, second)?;
    let mut volume = VolumeIdentity {
        disk_model: String::new(),
        disk_serial: String::new(),
        start: 0,
        length: VOLUME_LENGTH,
        serial: 0,
    };
    if let Ok(mut head) = JournalHead::parse(&slot) {
        ensure!(
            JournalHead::parse(&head.to_slot())? == head,
            "another table"
        );
        for commit in &mut head.commits {
            fit_digest(&area, commit);
        }
        area.write_at(0, &head.to_slot())?;
        let mut unfinished = head
            .commits
            .iter()
            .filter(|commit| commit.state.is_unfinished());
        volume = unfinished
            .next()
            .map_or(volume, |commit| commit.volume.clone());
    }
    let Ok(journal) = Journal::open(Box::new(area)) else {
        return Ok(false);
    };
    let target = Patient(volume, Arc::new(RamArea::new(VOLUME_LENGTH)));
    let Ok(recovered) = recover(&journal, &[&target]) else {
        return Ok(true);
    };
    let is_ours = |commit: &CommitEntry| commit.volume == target.0 && commit.state.is_unfinished();
    ensure!(
        !journal.commits().iter().any(is_ours),
        "not done with: {recovered:?}"
    );
    Ok(true)
}

/// Bytes of a journal, and of the volume beside it.
const JOURNAL_LENGTH: u64 = 1 << 20;
const VOLUME_LENGTH: u64 = 1 << 20;

/// Puts the checksums of records right, as far as there are any. Source: `payload/src/journal/record.rs`.
fn fit_records(bodies: &mut [u8]) {
    let mut rest = bodies;
    while rest.len() >= 64 && rest.starts_with(b"MJRC") {
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        };
        let payload = match number(&rest[4..8]) {
            1 => number(&rest[16..24]).saturating_mul(2),
            _ => 0,
        };
        let Some(end) = payload.checked_add(64).filter(|end| *end <= rest.len()) else {
            return;
        };
        let sum = Sha256Digest::of(&[&rest[..32], &rest[64..end]].concat());
        rest[32..64].copy_from_slice(&sum.0);
        rest = &mut rest[end..];
    }
}

/// Puts the digest of a commit's body right, if it lies in the journal.
fn fit_digest(area: &RamArea, commit: &mut CommitEntry) {
    let length = usize::try_from(commit.body_length.min(JOURNAL_LENGTH)).unwrap_or(0);
    let mut body = vec![0; length];
    if area.read_at(commit.body_offset, &mut body).is_ok() {
        commit.body_digest = Sha256Digest::of(&body);
    }
}

/// A volume in memory that says it is the one that is looked for.
struct Patient(VolumeIdentity, Arc<RamArea>);

struct Shared(Arc<RamArea>);

impl Area for Shared {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Target for Patient {
    fn identity(&self) -> VolumeIdentity {
        self.0.clone()
    }

    fn is_asleep(&self) -> bool {
        false
    }

    fn open(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(Shared(Arc::clone(&self.1))))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        self.open()
    }

    fn allocation<'a>(&self, _: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        Err(io::Error::other("nobody asks for a commit"))
    }

    fn check_marks(&self, _: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        Ok(Vec::new())
    }
}

/// A remedy of one's own.
pub(crate) fn read_remedy(bytes: &[u8]) -> Result<bool> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(false);
    };
    let Ok(remedy) = Remedy::parse(text) else {
        return Ok(false);
    };
    ensure!(
        !remedy.id.is_empty() && !remedy.steps.is_empty(),
        "a remedy without a step"
    );
    Ok(true)
}

/// Who a stick is, what it says of its reports, the code on the screen, and the record of a repair: all that nobody
/// signed. What is believed is written down as it was read.
pub(crate) fn read_identity(bytes: &[u8]) -> Result<bool> {
    let mut is_believed = false;
    let sealed = fit_sum(bytes.get(..bytes.len().min(4064)).unwrap_or_default(), 4096);
    if let Ok(Some(identity)) = Identity::parse(&sealed) {
        ensure!(
            Identity::parse(&identity.to_file())?.as_ref() == Some(&identity),
            "another stick"
        );
        is_believed = true;
    }
    let (first, second) = bytes.split_at(bytes.len().min(8160));
    let mut file = fit_sum(first, 8192);
    file.extend(fit_sum(
        second.get(..second.len().min(8160)).unwrap_or_default(),
        8192,
    ));
    if let Ok(Some(stored)) = head::parse(&file) {
        if let Some(stick) = STICK.as_ref() {
            let _ = stored.check(stick.public_key());
        }
        let _ = stored.head.next_link();
        is_believed = true;
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(is_believed);
    };
    if let (Ok(summary), Some(stick)) = (SignedSummary::parse(text), STICK.as_ref()) {
        let _ = summary.check(stick.public_key());
        is_believed = true;
    }
    if let Ok(record) = UndoRecord::parse(text, RUN) {
        ensure!(
            UndoRecord::parse(&record.to_text(), RUN)? == record,
            "another record"
        );
        is_believed = true;
    }
    Ok(is_believed)
}
