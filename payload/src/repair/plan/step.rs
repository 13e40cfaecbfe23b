//! One step of a plan: files that are written and files that are moved, every one decided.

use std::sync::Arc;

use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::undo::FileAttributes;

use crate::antivirus::quarantine::QuarantineItem;
use crate::repair::detect::hives::HiveChange;
use crate::repair::detect::steps::Content;
use crate::windows::path::WindowsPath;

/// One reversible change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is, one line or several.
    pub text: Vec<String>,
    /// Package of definitions that its files come from, to be checked before anything is written.
    pub package: Option<DefinitionsSet>,
    /// Files that are written.
    pub writes: Vec<FileWrite>,
    /// Files that are moved, after those are written.
    pub moves: Vec<FileMove>,
}

/// One file that is moved as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMove {
    /// Where it is.
    pub from: WindowsPath,
    /// Where it goes; nothing is there.
    pub to: WindowsPath,
    /// What it must be.
    pub before: Content,
    /// What else it is to have there; what it has now if `None`.
    pub attributes: Option<FileAttributes>,
}

/// One file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// Where.
    pub target: WindowsPath,
    /// What must be there before; it is kept.
    pub before: Option<Content>,
    /// Where the former content is kept, if there is one.
    pub kept: Option<WindowsPath>,
    /// Where the new content comes from.
    pub source: WriteSource,
    /// What must be there afterwards.
    pub after: Content,
    /// File or folder whose security descriptor it gets.
    pub security_of: WindowsPath,
}

/// Where new content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteSource {
    /// A member of the step's package.
    Package(DefinitionsMember),
    /// A file on the volume itself.
    Volume(WindowsPath),
    /// A member of a cabinet on the volume.
    Cabinet {
        /// The cabinet.
        cabinet: WindowsPath,
        /// Name of the member.
        member: String,
    },
    /// A file in a quarantine on the volume.
    Quarantine(Box<QuarantineItem>),
    /// A file on the stick, by its path there.
    Stick(String),
    /// What was read on another drive.
    Read(Arc<Vec<u8>>),
    /// The registry file itself, changed.
    Hive(Box<HiveChange>),
    /// Nothing: the file is emptied.
    Empty,
    /// This text.
    Text(String),
}

impl Step {
    /// Returns whether it changes nothing.
    pub(super) fn is_note(&self) -> bool {
        // Later steps of one registry file leave the writing to the first, and are no notes.
        self.text.iter().any(|line| line.starts_with("note "))
            && self.writes.is_empty()
            && self.moves.is_empty()
    }
}
