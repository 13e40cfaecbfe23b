//! Brings a stick to a newer image: writes only the sectors that differ, keeps who the stick is and what it
//! collected.
//!
//! ```text
//! what lies there -> OurStick (refuses what is not ours) ┐
//! image -> SourceImage, ImageLayout ─────────────────────┴> RefreshPlan -> refresh_stick
//! ```
//!
//! Power may go at any write. What was collected and lies where the new image wants to lie is first copied
//! to where neither image needs the room. Then a record says who the stick is and where all of that lies
//! ([`crate::refresh_record`]), then the MBR is replaced by one that says what to do, and both GPTs go. Only
//! then does content change, and MBR and GPT come back when all of it was read back. So a stick is the old
//! one with all its content, or the new one, or one that starts nothing and says that it must be refreshed;
//! and that is what refreshing it again does, from the record.

pub mod apply;
mod clusters;
mod folders;
pub mod found;
pub mod layout;
mod marker;
pub mod pieces;
pub mod plan;
mod reader;
mod targets;

use crate::lba::{ByteSize, Lba};
use crate::verify::{Problem, VerifyError};

/// Why a stick is not refreshed; nothing was written to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not as a stick of ours is, or too damaged to tell.
    #[error("not a stick of mendkit ({0}); `mendkit write` makes one of it")]
    NotOurs(String),
    /// It holds an image, but nobody gave it an identity.
    #[error("a copy of an image without identity; `mendkit write` makes a stick of it")]
    NoIdentity,
    /// Somebody else signed it.
    #[error("signed by key {found}, expected {expected}; --stick-key takes sticks of another key")]
    Key {
        /// The key on the stick.
        found: String,
        /// The key of the image, or the one that was given.
        expected: String,
    },
    /// Its journal holds a repair that is not finished.
    #[error(
        "an unfinished repair of {computer} (disk {disk}, run {run}) is in its journal; start that PC from it first"
    )]
    Unfinished {
        /// The computer.
        computer: String,
        /// Model and serial number of its disk.
        disk: String,
        /// The run.
        run: String,
    },
    /// Its journal cannot be read, so nobody knows.
    #[error(
        "its journal cannot be read ({0}), and may hold an unfinished repair; `mendkit write` gives that up"
    )]
    Journal(String),
    /// It holds something newer.
    #[error("holds {found}, newer than {wanted} of the image; --allow-older takes it all the same")]
    Older {
        /// What is on the stick.
        found: String,
        /// What is in the image.
        wanted: String,
    },
    /// A file that nobody signed and that is no report.
    #[error("{0} is neither signed nor a report; move it away first")]
    Extra(String),
    /// Something that is to be kept cannot be read as it should be.
    #[error("what it collected is damaged ({0}); copy it away, then `mendkit write`")]
    Damaged(String),
    /// There is no room for what it collected.
    #[error("no room to keep the {kept} that it collected; copy them away and delete them there")]
    NoRoom {
        /// How much is to be kept.
        kept: ByteSize,
    },
    /// Two names that FAT cannot tell apart.
    #[error("{0} has the short name of a file of the image; move it away first")]
    Collision(String),
    /// Another stick than the one that was looked at.
    #[error("stick {found}, expected {expected}: another one was put in")]
    OtherStick {
        /// Who it is.
        found: String,
        /// Who it was.
        expected: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It cannot be read.
    #[error("reading it at LBA {lba}")]
    Read {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: std::io::Error,
    },
    /// The image does not fit.
    #[error(transparent)]
    Plan(#[from] super::plan::StickPlanError),
    /// The identity with the new title cannot be stored.
    #[error(transparent)]
    Identity(#[from] rescue_stick::identity::IdentityError),
    /// The record cannot be stored.
    #[error("recording what it collected: {0}")]
    Record(String),
}

impl Refusal {
    /// Returns whether the stick could not be read, and was not refused for what it is.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Verify(_) | Self::Read { .. })
    }
}

fn first_of(problems: &[Problem]) -> String {
    problems
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}
