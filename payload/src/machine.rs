//! The PC as `mend` sees it: the only way out to disks and clocks.
//!
//! Three kinds exist: [`linux`] is a real PC under the rescue environment, [`folder`] is a folder that
//! stands for a volume on an ordinary system, and the tests have one that fails on command.
//!
//! Reading goes through a [`VolumeView`], writing through a [`VolumeChange`]; both show the volume as a
//! folder. What is written through a change reaches the PC only by [`VolumeChange::commit`].

use std::path::Path;

use rescue_stick::report::MachineFacts;

use self::hardware::Hardware;

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
}

/// A file system on the PC.
pub trait Volume {
    /// Returns what is known without mounting it.
    fn facts(&self) -> &VolumeFacts;
    /// Shows the volume read-only, as it is on the disk now (a fresh mount, not a remembered one).
    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError>;
    /// Shows a copy-on-write view of the volume for writing. `needed` is the number of bytes that will
    /// be written at most; if memory and journal cannot hold them, nothing is mounted.
    fn begin_change(&self, needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError>;
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
    /// Gives `to` the security descriptor and owner of `from`, where the file system has such.
    fn copy_security(&self, from: &Path, to: &Path) -> Result<(), VolumeError>;
    /// Makes the changes real: unmounts the view, records undo and redo, writes the disk, flushes.
    /// After an error the PC is as it was, or the next start of the stick finishes the commit; the
    /// error says which.
    fn commit(self: Box<Self>, label: &CommitLabel) -> Result<Committed, VolumeError>;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Bytes of the PC's disk that changed.
    pub changed_bytes: u64,
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
    /// The commit was begun and did not end; the stick's journal finishes it at the next start.
    #[error("{volume}: the commit is not finished: {reason}; start this PC from the stick again")]
    Unfinished {
        /// Name of the volume.
        volume: String,
        /// What the system said.
        reason: String,
    },
}
