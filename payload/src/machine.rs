//! The PC as `mend` sees it: the only way out to disks and clocks.
//!
//! Three kinds exist: [`linux`] is a real PC under the rescue environment, [`folder`] is a folder that
//! stands for a volume on an ordinary system, and the tests have one that fails on command.
//!
//! Reading goes through a [`VolumeView`], writing through a [`VolumeChange`]; both show the volume as a
//! folder. What is written through a change reaches the PC only by [`VolumeChange::commit`].

use std::path::Path;

use rescue_stick::report::MachineFacts;
use rescue_stick::undo::FileAttributes;

use self::hardware::Hardware;
use crate::filesystem::foreign::Foreign;

pub mod attributes;
pub mod folder;
pub mod hardware;
pub mod linux;

/// A PC.
pub trait Machine {
    /// Returns what firmware and kernel say of it.
    fn facts(&self) -> &MachineFacts;
    /// Returns its volumes, in the order of disks and partitions.
    fn volumes(&self) -> &[Box<dyn Volume>];
    /// Asks its parts what they say of themselves; takes as long as they do.
    fn hardware(&self) -> Hardware {
        Hardware::untold("this PC has no hardware that could be asked")
    }
    /// Returns the PC's clock as seconds since 1970 in UTC. It may be wrong.
    fn now(&self) -> i64;
    /// Returns milliseconds since some fixed moment; never goes back.
    fn uptime_ms(&self) -> u64;
    /// Returns whether all of it was looked at, by a first look that did not wait for every disk. Asked when the
    /// stick is proven; what comes up later is left out.
    fn is_complete(&self) -> bool {
        true
    }
    /// Returns what keeps disks of it from being seen, and what would help, one line each.
    fn obstacles(&self) -> &[String] {
        &[]
    }
}

/// A file system on the PC.
pub trait Volume {
    /// Returns what is known without mounting it.
    fn facts(&self) -> &VolumeFacts;
    /// Returns what could not be read of it so far.
    fn read_faults(&self) -> ReadFaults {
        ReadFaults::default()
    }
    /// Returns where its partition lies, if it has one and that can be read.
    fn place(&self) -> Option<PartitionPlace> {
        None
    }
    /// Shows the volume read-only, as it is on the disk now (a fresh mount, not a remembered one).
    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError>;
    /// Checks, before anybody is asked, that the state of the volume allows a change and that it has room for
    /// `added` bytes of new files.
    fn check_change(&self, added: u64) -> Result<(), VolumeError> {
        let _ = added;
        Ok(())
    }
    /// Checks that what the volume lies on can be opened for writing; before the stick is proven nothing can.
    fn check_access(&self) -> Result<(), VolumeError> {
        Ok(())
    }
    /// Shows a copy-on-write view of the volume for writing. `needed` is the number of bytes that will
    /// be written at most; if memory and journal cannot hold them, nothing is mounted.
    fn begin_change(&self, needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError>;
    /// As [`Volume::begin_change`] after [`VolumeError::NoJournal`]: a power cut while the change is made
    /// real may leave the volume in between, and nothing can take it back. Only for a person who was
    /// asked.
    fn begin_unprotected_change(
        &self,
        needed: u64,
    ) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        self.begin_change(needed)
    }
}

/// Where a partition lies, in the terms in which Windows knows the partition of a drive letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionPlace {
    /// Signature in the master boot record of its disk; 0 if it has none.
    pub disk_signature: u32,
    /// Where it begins on the disk, in bytes.
    pub start: u64,
    /// Its own GUID as it lies in a GUID partition table; `None` behind a master boot record.
    pub guid: Option<[u8; 16]>,
}

/// A volume shown read-only; it disappears when this is dropped.
pub trait VolumeView {
    /// Returns the folder that is the volume's root.
    fn root(&self) -> &Path;
}

/// A volume shown for writing. Dropping it abandons every change.
pub trait VolumeChange {
    /// Returns the folder that is the volume's root.
    fn root(&self) -> &Path;
    /// Returns whether nothing reaches the PC before [`VolumeChange::commit`], so that everything can be
    /// checked at once before that.
    fn is_provisional(&self) -> bool {
        false
    }
    /// Gives `to` the security descriptor and owner of `from`, where the file system has such.
    fn copy_security(&self, from: &Path, to: &Path) -> Result<(), VolumeError>;
    /// Returns what the file `at` has beside its content.
    fn attributes(&self, at: &Path) -> Result<FileAttributes, VolumeError>;
    /// Gives the file `at` short name, flags and times, as far as the file system has such; what is
    /// `None` stays. Returns whether it has the short name now.
    fn set_attributes(&self, at: &Path, attributes: &FileAttributes) -> Result<bool, VolumeError>;
    /// Makes the changes real: unmounts the view, records undo and redo, writes the disk, flushes.
    /// After an error the PC is as it was, or the next start of the stick finishes the commit; the
    /// error says which.
    fn commit(self: Box<Self>, label: &CommitLabel) -> Result<Committed, VolumeError>;
}

/// Reads of a volume that its disk could not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadFaults {
    /// How many.
    pub count: u64,
    /// Where the first one was, in bytes from the start of the volume; 0 if there was none.
    pub first: u64,
}

/// Names a commit in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitLabel {
    /// Run id, as in the report.
    pub run: String,
    /// Computer name, for people who find the journal unfinished.
    pub computer: String,
}

/// What a commit wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Bytes of the PC's disk that changed.
    pub changed_bytes: u64,
    /// Why the stick could not note that the commit is finished, if it could not. The volume is as
    /// wanted, and the next start of the stick writes the same once more.
    pub unmarked: Option<String>,
}

/// What is known of a volume without mounting it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeFacts {
    /// For people: `disk 1, partition 2`.
    pub name: String,
    /// What its first sector says.
    pub file_system: FileSystem,
    /// Bytes.
    pub size: u64,
    /// Model of the disk.
    pub disk_model: Option<String>,
    /// Serial number of the disk.
    pub disk_serial: Option<String>,
    /// Serial number of the file system; 0 if it has none.
    pub serial: u64,
    /// Whether it may be read and written.
    pub state: VolumeState,
}

/// File systems that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// FAT32.
    Fat32,
    /// FAT16 or FAT12.
    Fat16,
    /// exFAT.
    ExFat,
    /// A volume locked by BitLocker.
    BitLocker,
    /// Something that is known by name and not opened: another product's encryption, a part of a set of
    /// disks, another system's file system.
    Foreign(&'static Foreign),
    /// Noise where a volume of Windows should be.
    Encrypted,
    /// Something else; left alone.
    Unknown,
}

impl FileSystem {
    /// Returns the name that people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ntfs => "NTFS",
            Self::Fat32 => "FAT32",
            Self::Fat16 => "FAT16",
            Self::ExFat => "exFAT",
            Self::BitLocker => "BitLocker",
            Self::Foreign(foreign) => foreign.name,
            Self::Encrypted => "encrypted",
            Self::Unknown => "unknown",
        }
    }
}

/// State of a volume, and with it what may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeState {
    /// Read and write.
    Clean,
    /// The dirty flag is set: Windows will check the volume. Read and write; the flag stays set.
    Dirty,
    /// The file system's own journal holds unfinished work (NTFS `$LogFile`). Read; write only after a
    /// person has accepted that this work is dropped.
    UncleanLog,
    /// Windows sleeps on it (hibernation or fast startup). Read only.
    Hibernated,
    /// Cannot be opened; the text says why.
    Unreadable(String),
}

impl VolumeState {
    /// Returns the state in words.
    pub fn words(&self) -> String {
        match self {
            Self::Clean => "clean".into(),
            Self::Dirty => "marked for checking by Windows".into(),
            Self::UncleanLog => "not shut down cleanly".into(),
            Self::Hibernated => "hibernated".into(),
            Self::Unreadable(reason) => reason.clone(),
        }
    }
}

/// Why a volume cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// Left alone on purpose; the text tells the person what to do.
    #[error("{volume}: {reason}")]
    Refused {
        /// Name of the volume.
        volume: String,
        /// Why, and what would help.
        reason: String,
    },
    /// The stick's journal cannot take what a change needs; nothing was written.
    #[error("{volume}: the stick cannot be written: {reason}")]
    NoJournal {
        /// Name of the volume.
        volume: String,
        /// What was found.
        reason: String,
    },
    /// A person must do something first; nothing was written. The text says what.
    #[error("{volume}: {advice}")]
    NeedsYou {
        /// Name of the volume.
        volume: String,
        /// What is in the way, and what to do.
        advice: String,
    },
    /// Something went wrong before the PC's disk was written; it is as it was.
    #[error("{volume}: {doing}: {reason}")]
    Io {
        /// Name of the volume.
        volume: String,
        /// Gerund and object: `mounting the overlay`.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The stick failed at the moment that decides. What was in use on the disk is as it was.
    #[error(
        "{volume}: the stick failed before the disk was changed: {reason}; the disk is as it was, and the \
         next start from this stick finishes the repair if it can"
    )]
    Unrecorded {
        /// Name of the volume.
        volume: String,
        /// What the system said.
        reason: String,
    },
    /// The commit was begun and did not end; the stick's journal finishes it at the next start.
    #[error("{volume}: the commit is not finished: {reason}; start this PC from the stick again")]
    Unfinished {
        /// Name of the volume.
        volume: String,
        /// What the system said.
        reason: String,
    },
}
