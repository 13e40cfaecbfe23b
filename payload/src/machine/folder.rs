//! A folder that stands for a PC with one volume: for work on a mounted disk, and for tests.
//!
//! There is no overlay here. A change writes straight into the folder, so a cut in the middle of it is
//! not taken back by a journal; former files are kept all the same, and `commit` only makes sure that
//! everything has reached the disk. Whoever mounted the folder answers for its driver.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use fs_err as fs;
use rescue_stick::report::MachineFacts;
use rescue_stick::undo::FileAttributes;
use rustix::fs::{XattrFlags, getxattr, setxattr, statfs};

use crate::machine::attributes::{read_attributes, write_attributes};
use crate::machine::hardware::Hardware;
use crate::machine::{
    CommitLabel, Committed, FileSystem, Machine, Volume, VolumeChange, VolumeError, VolumeFacts,
    VolumeState, VolumeView,
};

/// Extended attribute in which ntfs-3g shows a file's security descriptor. Source: ntfs-3g, "Extended
/// attributes".
const NTFS_SECURITY: &str = "system.ntfs_acl";

/// Largest security descriptor. Source: MS-DTYP 2.4.5, lists of at most 64 KiB, two of them.
const LARGEST_SECURITY: usize = 128 << 10;

/// A folder that stands for a PC.
pub struct FolderMachine {
    facts: MachineFacts,
    volumes: Vec<Box<dyn Volume>>,
    started: Instant,
    fixed_time: Option<i64>,
}

impl FolderMachine {
    /// Opens the folder `root` as the only volume of a PC.
    pub fn open(root: &Path) -> io::Result<Self> {
        // The path is made whole, so that a later change of the current folder does not move it.
        let root = fs::canonicalize(root)?;
        if !fs::metadata(&root)?.is_dir() {
            let text = format!("{}: not a folder", root.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
        }
        let facts = VolumeFacts {
            name: root.display().to_string(),
            file_system: find_file_system(&root),
            size: size_of_file_system(&root)?,
            disk_model: None,
            disk_serial: None,
            serial: 0,
            state: VolumeState::Clean,
        };
        Ok(Self {
            facts: MachineFacts {
                firmware: "folder".into(),
                ..MachineFacts::default()
            },
            volumes: vec![Box::new(FolderVolume { root, facts })],
            started: Instant::now(),
            fixed_time: None,
        })
    }

    /// Makes the PC's clock stand at `seconds` since 1970 in UTC.
    pub fn with_time(mut self, seconds: i64) -> Self {
        self.fixed_time = Some(seconds);
        self
    }
}

impl Machine for FolderMachine {
    fn facts(&self) -> &MachineFacts {
        &self.facts
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        &self.volumes
    }

    fn hardware(&self) -> Hardware {
        Hardware::untold("a folder stands for this PC")
    }

    fn now(&self) -> i64 {
        self.fixed_time.unwrap_or_else(read_clock)
    }

    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the machine is where the clock enters; everything else is told the time"
)]
fn read_clock() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// The one volume.
struct FolderVolume {
    root: PathBuf,
    facts: VolumeFacts,
}

impl Volume for FolderVolume {
    fn facts(&self) -> &VolumeFacts {
        &self.facts
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        Ok(Box::new(Folder(self.root.clone())))
    }

    fn begin_change(&self, needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        let free = statfs(&self.root)
            .map(|facts| free_bytes(facts.f_bavail.into(), i128::from(facts.f_bsize)))
            .map_err(|error| self.io_error("asking for free space", &error.into()))?;
        if free < i128::from(needed) {
            return Err(VolumeError::Refused {
                volume: self.facts.name.clone(),
                reason: format!("{free} bytes are free, {needed} are needed"),
            });
        }
        Ok(Box::new(FolderChange { volume: self }))
    }
}

impl FolderVolume {
    fn io_error(&self, doing: &'static str, error: &io::Error) -> VolumeError {
        VolumeError::Io {
            volume: self.facts.name.clone(),
            doing,
            reason: error.to_string(),
        }
    }
}

fn free_bytes(blocks: u128, block_size: i128) -> i128 {
    let blocks = i128::try_from(blocks).unwrap_or(i128::MAX);
    blocks.saturating_mul(block_size)
}

struct Folder(PathBuf);

impl VolumeView for Folder {
    fn root(&self) -> &Path {
        &self.0
    }
}

struct FolderChange<'a> {
    volume: &'a FolderVolume,
}

impl VolumeChange for FolderChange<'_> {
    fn root(&self) -> &Path {
        &self.volume.root
    }

    fn copy_security(&self, from: &Path, to: &Path) -> Result<(), VolumeError> {
        let io_error = |error: io::Error| {
            self.volume
                .io_error("copying a security descriptor", &error)
        };
        let mut descriptor = vec![0; LARGEST_SECURITY];
        match getxattr(from, NTFS_SECURITY, descriptor.as_mut_slice()) {
            Ok(size) => {
                descriptor.truncate(size);
                setxattr(to, NTFS_SECURITY, &descriptor, XattrFlags::empty())
                    .map_err(|error| io_error(error.into()))
            }
            // Not NTFS, or no descriptor: what is left are the permissions of a Unix file.
            Err(_) => {
                let from = fs::metadata(from).map_err(io_error)?;
                if from.is_dir() {
                    return Ok(());
                }
                fs::set_permissions(to, from.permissions()).map_err(io_error)
            }
        }
    }

    fn attributes(&self, at: &Path) -> Result<FileAttributes, VolumeError> {
        let read = read_attributes(at, self.volume.facts.file_system);
        read.map_err(|error| self.volume.io_error("reading attributes", &error))
    }

    fn set_attributes(&self, at: &Path, attributes: &FileAttributes) -> Result<bool, VolumeError> {
        let set = write_attributes(at, attributes, self.volume.facts.file_system);
        set.map_err(|error| self.volume.io_error("setting attributes", &error))
    }

    fn commit(self: Box<Self>, _label: &CommitLabel) -> Result<Committed, VolumeError> {
        let root = fs::File::open(&self.volume.root);
        let synced = root.and_then(|root| Ok(rustix::fs::syncfs(&root)?));
        synced.map_err(|error| VolumeError::Unfinished {
            volume: self.volume.facts.name.clone(),
            reason: error.to_string(),
        })?;
        // How many bytes of a disk changed cannot be known without an overlay.
        Ok(Committed::default())
    }
}

/// Returns NTFS where the folder has NTFS's security descriptors, else unknown: a plain folder.
fn find_file_system(root: &Path) -> FileSystem {
    let mut descriptor = vec![0; LARGEST_SECURITY];
    match getxattr(root, NTFS_SECURITY, descriptor.as_mut_slice()) {
        Ok(_) => FileSystem::Ntfs,
        Err(_) => FileSystem::Unknown,
    }
}

fn size_of_file_system(root: &Path) -> io::Result<u64> {
    let facts = statfs(root)?;
    let bytes = free_bytes(facts.f_blocks.into(), i128::from(facts.f_bsize));
    Ok(u64::try_from(bytes).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_folder_that_is_a_file_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(FolderMachine::open(&file).is_err());
        assert!(FolderMachine::open(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn refuses_a_change_that_is_larger_than_the_free_space() {
        let folder = tempfile::tempdir().unwrap();
        let machine = FolderMachine::open(folder.path()).unwrap();
        let refused = machine.volumes()[0]
            .begin_change(u64::MAX / 2)
            .err()
            .unwrap();
        assert!(matches!(refused, VolumeError::Refused { .. }), "{refused}");
        assert!(machine.volumes()[0].begin_change(1).is_ok());
    }
}
