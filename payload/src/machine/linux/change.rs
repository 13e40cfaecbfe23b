//! A volume shown for writing: what is written goes to the overlay, and by a commit through the journal to
//! the disk.

use std::path::Path;
use std::sync::Arc;

use rescue_stick::undo::FileAttributes;

use super::mounts::Mounted;
use super::volume::LinuxVolume;
use crate::filesystem;
use crate::journal::Journal;
use crate::journal::commit::{CommitError, commit};
use crate::machine::attributes::{read_attributes, write_attributes};
use crate::machine::{CommitLabel, Committed, FileSystem, VolumeChange, VolumeError, VolumeState};

/// An overlay mounted for writing.
pub(super) struct LinuxChange<'a> {
    pub(super) volume: &'a LinuxVolume,
    pub(super) journal: Arc<Journal>,
    pub(super) mounted: Mounted,
}

impl VolumeChange for LinuxChange<'_> {
    fn root(&self) -> &Path {
        self.mounted.root()
    }

    fn is_provisional(&self) -> bool {
        true
    }

    fn copy_security(&self, from: &Path, to: &Path) -> Result<(), VolumeError> {
        if self.volume.facts.file_system != FileSystem::Ntfs {
            return Ok(());
        }
        // The descriptor as it is stored, owner included. Source: ntfs-3g(8), "system.ntfs_acl".
        let name = "system.ntfs_acl";
        let copied = (|| {
            // A descriptor has 64 KiB at most (its length fields have 16 bits).
            let mut descriptor = vec![0; 65536];
            let length = rustix::fs::getxattr(from, name, &mut descriptor)?;
            descriptor.truncate(length);
            let flags = rustix::fs::XattrFlags::empty();
            rustix::fs::setxattr(to, name, &descriptor, flags)
        })();
        copied.map_err(self.volume.io("copying the security descriptor"))
    }

    fn attributes(&self, at: &Path) -> Result<FileAttributes, VolumeError> {
        let read = read_attributes(at, self.volume.facts.file_system);
        read.map_err(self.volume.io("reading attributes"))
    }

    fn set_attributes(&self, at: &Path, attributes: &FileAttributes) -> Result<bool, VolumeError> {
        let set = write_attributes(at, attributes, self.volume.facts.file_system);
        set.map_err(self.volume.io("setting attributes"))
    }

    fn commit(self: Box<Self>, label: &CommitLabel) -> Result<Committed, VolumeError> {
        let Self {
            volume,
            journal,
            mounted,
        } = *self;
        let mut overlay = mounted
            .unmount()
            .map_err(volume.io("unmounting the overlay"))?;
        let was_dirty = matches!(
            volume.facts.state,
            VolumeState::Dirty | VolumeState::UncleanLog
        );
        if was_dirty && volume.facts.file_system == FileSystem::Ntfs {
            // What was wrong before is still wrong: Windows is to check the volume.
            filesystem::ntfs_volume::dirty_flag::mark_dirty(&mut overlay)
                .map_err(volume.io("keeping the dirty flag"))?;
        }
        commit(&journal, volume, label, &overlay).map_err(|error| match error {
            CommitError::Unfinished(reason) => VolumeError::Unfinished {
                volume: volume.facts.name.clone(),
                reason,
            },
            CommitError::Unrecorded(reason) => VolumeError::Unrecorded {
                volume: volume.facts.name.clone(),
                reason,
            },
            CommitError::NoRoom { .. } => volume.refused(error.to_string()),
            CommitError::Before { doing, reason } => VolumeError::Io {
                volume: volume.facts.name.clone(),
                doing,
                reason,
            },
        })
    }
}
