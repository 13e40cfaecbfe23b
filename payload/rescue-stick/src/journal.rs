//! Head of the stick's journal: the table of commits. What follows it, the bodies, is `mend`'s own
//! (`journal/record.rs` there).
//!
//! The journal is a preallocated, contiguous file ([`crate::paths::JOURNAL`]) written in place.
//!
//! ```text
//! 0        slot 0, 4096 bytes   two copies of the table, written in turn: the one with the higher
//! 4096     slot 1, 4096 bytes   generation counts, the other is the state before
//! 8192     bodies: undo and redo blocks of the commits, wherever the table places them
//!
//! slot:    0    magic "MENDJNL\0"          40    commits in the table (u32)
//!          8    schema (u32)               44    zero (u32)
//!          12   zero (u32)                 48    table: 12 commits of 320 bytes
//!          16   id of the journal, 16      3888  zero
//!          32   generation (u64)           4064  SHA-256 of bytes 0..4064
//!
//! commit:  0    run id, 64                 240   partition start, bytes (u64)
//!          64   computer name, 48          248   partition length, bytes (u64)
//!          112  disk model, 64             256   file system serial (u64)
//!          176  disk serial, 64            264   state (u32), then zero (u32)
//!                                          272   body offset, body length (u64 each)
//!                                          288   SHA-256 of the body
//! ```
//!
//! Numbers are little-endian, texts UTF-8 filled up with zeros. A stick comes with slot 0 only
//! ([`empty_head`]); everything behind it is garbage until it is written. So slot 1 is believed only
//! under the id that slot 0 has; slot 0 is rewritten only after slot 1 holds that id.

use crate::digest::Sha256Digest;

/// The schema that this version writes.
pub const JOURNAL_SCHEMA: u32 = 1;
/// Length of one slot in bytes.
pub const SLOT_LENGTH: usize = 4096;
/// Offset of the bodies in bytes: behind both slots.
pub const BODIES_OFFSET: u64 = 8192;
/// Number of commits that the table can hold.
pub const MAX_COMMITS: usize = 12;

const MAGIC: &[u8; 8] = b"MENDJNL\0";
const TABLE_OFFSET: usize = 48;
const COMMIT_LENGTH: usize = 320;
const SUM_OFFSET: usize = 4064;
const _: () = assert!(TABLE_OFFSET + MAX_COMMITS * COMMIT_LENGTH <= SUM_OFFSET);

/// The table of commits, as one slot holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalHead {
    /// Tells this journal from what lay on the stick before.
    pub id: [u8; 16],
    /// Grows by one with every change of the table.
    pub generation: u64,
    /// Commits, oldest first; at most [`MAX_COMMITS`].
    pub commits: Vec<CommitEntry>,
}

/// One commit in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitEntry {
    /// Run id, as in the report.
    pub run: String,
    /// Computer name, for people.
    pub computer: String,
    /// The volume that was, or will be, written.
    pub volume: VolumeIdentity,
    /// How far it went.
    pub state: CommitState,
    /// Offset of the body from the journal's start, in bytes.
    pub body_offset: u64,
    /// Length of the body in bytes.
    pub body_length: u64,
    /// Digest of the body.
    pub body_digest: Sha256Digest,
}

/// What tells one volume from every other. Texts that the hardware does not give are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeIdentity {
    /// Model of the disk.
    pub disk_model: String,
    /// Serial number of the disk.
    pub disk_serial: String,
    /// Start of the partition on the disk, in bytes.
    pub start: u64,
    /// Length of the partition in bytes.
    pub length: u64,
    /// Serial number of the file system.
    pub serial: u64,
}

/// How far a commit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitState {
    /// The body is durable; the disk is being written. Must be finished.
    Prepared,
    /// The disk holds the redo blocks.
    Done,
    /// The undo blocks are being written. Must be finished.
    Undoing,
    /// The disk holds the undo blocks again.
    Undone,
    /// It was unfinished and the volume was changed by someone else since; never touched again.
    Abandoned,
}

/// Why a slot is not believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// No magic, or a wrong checksum: never written, or torn.
    #[error("journal slot: no table under a valid checksum")]
    Absent,
    /// Written by a newer mendkit.
    #[error("journal slot: schema is {found}, this version reads {JOURNAL_SCHEMA}")]
    Schema {
        /// The number found.
        found: u32,
    },
    /// Under a valid checksum there is what this version never writes.
    #[error("journal slot at byte {offset}: {found}, expected {expected}")]
    Corrupt {
        /// Offset in the slot.
        offset: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
}

/// Returns the first [`SLOT_LENGTH`] bytes of the journal of a new stick: an empty table. `id` is to
/// differ from image to image.
pub fn empty_head(id: [u8; 16]) -> Vec<u8> {
    let head = JournalHead {
        id,
        generation: 1,
        commits: Vec::new(),
    };
    head.to_slot()
}

impl CommitState {
    fn from_number(number: u32) -> Option<Self> {
        [
            Self::Prepared,
            Self::Done,
            Self::Undoing,
            Self::Undone,
            Self::Abandoned,
        ]
        .into_iter()
        .find(|state| state.number() == number)
    }

    fn number(self) -> u32 {
        match self {
            Self::Prepared => 1,
            Self::Done => 2,
            Self::Undoing => 3,
            Self::Undone => 4,
            Self::Abandoned => 5,
        }
    }

    /// Returns whether the volume is, or may be, between two states, so that the body is needed.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Prepared | Self::Undoing)
    }
}

impl JournalHead {
    /// Returns the slot: [`SLOT_LENGTH`] bytes. Texts that are too long are cut at a character;
    /// commits beyond [`MAX_COMMITS`] are left out.
    pub fn to_slot(&self) -> Vec<u8> {
        let commits = self.commits.iter().take(MAX_COMMITS);
        let mut slot = Vec::with_capacity(SLOT_LENGTH);
        slot.extend_from_slice(MAGIC);
        slot.extend_from_slice(&JOURNAL_SCHEMA.to_le_bytes());
        slot.extend_from_slice(&[0; 4]);
        slot.extend_from_slice(&self.id);
        slot.extend_from_slice(&self.generation.to_le_bytes());
        let count = u32::try_from(commits.len()).unwrap_or(u32::MAX);
        slot.extend_from_slice(&count.to_le_bytes());
        slot.extend_from_slice(&[0; 4]);
        for commit in commits {
            commit.append_to(&mut slot);
        }
        slot.resize(SUM_OFFSET, 0);
        let sum = Sha256Digest::of(&slot);
        slot.extend_from_slice(&sum.0);
        slot
    }

    /// Parses a slot of [`SLOT_LENGTH`] bytes.
    pub fn parse(slot: &[u8]) -> Result<Self, HeadError> {
        let (table, sum) = slot.split_at_checked(SUM_OFFSET).ok_or(HeadError::Absent)?;
        let mut fields = Fields {
            bytes: table,
            offset: 0,
        };
        let is_ours = fields.take::<8>()? == *MAGIC && sum == Sha256Digest::of(table).0;
        if !is_ours {
            return Err(HeadError::Absent);
        }
        let schema = fields.number_32()?;
        if schema != JOURNAL_SCHEMA {
            return Err(HeadError::Schema { found: schema });
        }
        fields.take::<4>()?;
        let id = fields.take::<16>()?;
        let generation = fields.number_64()?;
        let count = fields.number_32()?;
        fields.take::<4>()?;
        let is_count_good = usize::try_from(count).is_ok_and(|count| count <= MAX_COMMITS);
        if !is_count_good {
            return Err(fields.corrupt(format!("{count} commits"), "12 at most"));
        }
        let commits = (0..count)
            .map(|_| CommitEntry::parse(&mut fields))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            generation,
            commits,
        })
    }

    /// Returns the table that counts, and the number of its slot, from the journal's first two slots.
    pub fn choose(slot_0: &[u8], slot_1: &[u8]) -> Result<(Self, usize), HeadError> {
        match (Self::parse(slot_0), Self::parse(slot_1)) {
            // The id of slot 0 tells a later table from what another image left in slot 1.
            (Ok(first), Ok(second))
                if second.id == first.id && second.generation > first.generation =>
            {
                Ok((second, 1))
            }
            (Ok(first), _) => Ok((first, 0)),
            // Slot 0 was torn while it was rewritten, so slot 1 is the table before that.
            (Err(HeadError::Absent), Ok(second)) => Ok((second, 1)),
            (Err(reason), _) => Err(reason),
        }
    }
}

impl CommitEntry {
    fn append_to(&self, slot: &mut Vec<u8>) {
        append_text(slot, &self.run, 64);
        append_text(slot, &self.computer, 48);
        append_text(slot, &self.volume.disk_model, 64);
        append_text(slot, &self.volume.disk_serial, 64);
        for number in [self.volume.start, self.volume.length, self.volume.serial] {
            slot.extend_from_slice(&number.to_le_bytes());
        }
        slot.extend_from_slice(&self.state.number().to_le_bytes());
        slot.extend_from_slice(&[0; 4]);
        slot.extend_from_slice(&self.body_offset.to_le_bytes());
        slot.extend_from_slice(&self.body_length.to_le_bytes());
        slot.extend_from_slice(&self.body_digest.0);
    }

    fn parse(fields: &mut Fields<'_>) -> Result<Self, HeadError> {
        let run = fields.text::<64>()?;
        let computer = fields.text::<48>()?;
        let volume = VolumeIdentity {
            disk_model: fields.text::<64>()?,
            disk_serial: fields.text::<64>()?,
            start: fields.number_64()?,
            length: fields.number_64()?,
            serial: fields.number_64()?,
        };
        let number = fields.number_32()?;
        let state = CommitState::from_number(number)
            .ok_or_else(|| fields.corrupt(format!("state {number}"), "1 to 5"))?;
        fields.take::<4>()?;
        Ok(Self {
            run,
            computer,
            volume,
            state,
            body_offset: fields.number_64()?,
            body_length: fields.number_64()?,
            body_digest: Sha256Digest(fields.take::<32>()?),
        })
    }
}

impl VolumeIdentity {
    /// Returns the identity as it is after it went through the table, whose texts are bounded.
    pub fn bounded(&self) -> Self {
        Self {
            disk_model: cut(&self.disk_model, 64).to_owned(),
            disk_serial: cut(&self.disk_serial, 64).to_owned(),
            ..*self
        }
    }
}

fn cut(text: &str, length: usize) -> &str {
    let ends = text
        .char_indices()
        .map(|(start, one)| start.saturating_add(one.len_utf8()));
    let end = ends.take_while(|end| *end <= length).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn append_text(slot: &mut Vec<u8>, text: &str, length: usize) {
    let text = cut(text, length);
    slot.extend_from_slice(text.as_bytes());
    slot.extend(std::iter::repeat_n(0, length.saturating_sub(text.len())));
}

/// What is left of a slot to parse.
struct Fields<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Fields<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], HeadError> {
        let (field, rest) = self
            .bytes
            .split_first_chunk::<LENGTH>()
            .ok_or(HeadError::Absent)?;
        self.bytes = rest;
        self.offset = self.offset.saturating_add(LENGTH);
        Ok(*field)
    }

    fn number_32(&mut self) -> Result<u32, HeadError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn number_64(&mut self) -> Result<u64, HeadError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn text<const LENGTH: usize>(&mut self) -> Result<String, HeadError> {
        let field = self.take::<LENGTH>()?;
        let end = field.iter().rposition(|byte| *byte != 0);
        let text = end.and_then(|end| field.get(..=end)).unwrap_or_default();
        String::from_utf8(text.to_vec())
            .map_err(|_| self.corrupt(format!("{text:02x?}"), "UTF-8 text"))
    }

    fn corrupt(&self, found: String, expected: &'static str) -> HeadError {
        HeadError::Corrupt {
            offset: self.offset,
            found,
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: &str) -> CommitEntry {
        CommitEntry {
            run: run.into(),
            computer: "OPTIPLEX-114".into(),
            volume: VolumeIdentity {
                disk_model: "ST3160815AS".into(),
                disk_serial: "6RX1".into(),
                start: 32256,
                length: 1 << 37,
                serial: 0xDEAD_BEEF,
            },
            state: CommitState::Prepared,
            body_offset: BODIES_OFFSET,
            body_length: 5,
            body_digest: Sha256Digest::of(b"body"),
        }
    }

    fn head(generation: u64) -> JournalHead {
        JournalHead {
            id: [7; 16],
            generation,
            commits: (0..12).map(|n| entry(&format!("run-{n}"))).collect(),
        }
    }

    #[test]
    fn reads_back_a_full_table() {
        let slot = head(3).to_slot();
        assert_eq!(slot.len(), SLOT_LENGTH);
        assert_eq!(JournalHead::parse(&slot), Ok(head(3)));
    }

    #[test]
    fn the_slot_of_a_new_stick_stays_as_it_was_shipped() {
        // The format is stored for ever: this digest changes only together with the schema.
        let slot = empty_head(*b"0123456789abcdef");
        expect_test::expect!["ca31…94"].assert_eq(&Sha256Digest::of(&slot).short());
    }

    #[test]
    fn one_changed_bit_anywhere_is_no_table() {
        let good = head(3).to_slot();
        for byte in (0..SLOT_LENGTH).step_by(97) {
            let mut bad = good.clone();
            bad[byte] ^= 1;
            assert_eq!(JournalHead::parse(&bad), Err(HeadError::Absent), "{byte}");
        }
    }

    #[test]
    fn higher_generation_counts_unless_it_has_another_id() {
        let (old, new) = (head(3).to_slot(), head(4).to_slot());
        assert_eq!(JournalHead::choose(&old, &new), Ok((head(4), 1)));
        assert_eq!(JournalHead::choose(&new, &old), Ok((head(4), 0)));
        let torn = vec![0xD1; SLOT_LENGTH];
        assert_eq!(JournalHead::choose(&torn, &old), Ok((head(3), 1)));
        assert_eq!(JournalHead::choose(&torn, &torn), Err(HeadError::Absent));
        let fresh = empty_head([8; 16]);
        let (chosen, slot) = JournalHead::choose(&fresh, &new).unwrap();
        assert_eq!((chosen.commits.len(), slot), (0, 0));
    }

    #[test]
    fn refuses_a_newer_schema_and_an_unknown_state() {
        let seal = |mut slot: Vec<u8>| {
            slot.truncate(SUM_OFFSET);
            let sum = Sha256Digest::of(&slot);
            slot.extend_from_slice(&sum.0);
            slot
        };
        let mut newer = head(3).to_slot();
        newer[8] = 2;
        let found = JournalHead::parse(&seal(newer));
        assert_eq!(found, Err(HeadError::Schema { found: 2 }));
        let mut strange = head(3).to_slot();
        strange[48 + 264] = 9;
        let message = JournalHead::parse(&seal(strange)).unwrap_err().to_string();
        assert_eq!(
            message,
            "journal slot at byte 316: state 9, expected 1 to 5"
        );
    }

    #[test]
    fn cuts_long_texts_at_a_character() {
        let mut one = head(1);
        one.commits = vec![entry(&"é".repeat(33))];
        let read = JournalHead::parse(&one.to_slot()).unwrap();
        assert_eq!(read.commits[0].run, "é".repeat(32));
    }
}
