//! A real PC under the rescue environment.
//!
//! Volumes are never mounted themselves: the kernel and `ntfs-3g` get a file that an
//! [`Overlay`] serves, over a device that was opened for reading only. The only
//! code that opens a device for writing is the journal's, through [`Target::open_for_writing`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use rescue_stick::journal::VolumeIdentity;
use rescue_stick::report::MachineFacts;

use self::device::{AreaPlace, BlockDevice, DevicePath};
use self::mounts::{Access, MountError, Mounted, mount};
use super::hardware::Hardware;
use super::{
    CommitLabel, Committed, FileSystem, Machine, Volume, VolumeChange, VolumeError, VolumeFacts,
    VolumeState, VolumeView,
};
use crate::area::Area;
use crate::filesystem;
use crate::journal::commit::{CommitError, commit};
use crate::journal::{Allocation, Journal, Target};
use crate::overlay::Overlay;

pub mod device;
pub mod disks;
pub mod facts;
pub mod hardware;
pub mod ioctls;
pub mod mounts;

/// Memory that an overlay leaves to everything else, in bytes. Observed: `ntfs-3g`, kernel and `mend`
/// together stay below it while a 128 MB PC is repaired.
const MEMORY_RESERVE: u64 = 24 << 20;
/// What a change writes besides its files: file records, indexes, bitmaps, the emptied `$LogFile`.
const METADATA_ALLOWANCE: u64 = 4 << 20;

/// A PC under Linux.
pub struct LinuxMachine {
    facts: MachineFacts,
    volumes: Vec<Box<dyn Volume>>,
    parts: Parts,
}

/// Which parts of the PC under this Linux are the PC's that is mended.
enum Parts {
    /// All but the disk of the stick.
    AllBut(Option<String>),
    /// The disks with these names alone; there may be none.
    Disks(Vec<String>),
}

/// What a volume needs of the stick and of the environment.
#[derive(Clone)]
pub struct Resources {
    /// The stick's journal; without one nothing can be changed.
    pub journal: Option<Arc<Journal>>,
    /// The stick's scratch area: device, offset and length in bytes.
    pub scratch: Option<AreaPlace>,
    /// Folder for mount points, on a file system in memory.
    pub work: PathBuf,
}

impl LinuxMachine {
    /// Returns a PC of which these are the facts and the volumes.
    pub fn of(facts: MachineFacts, volumes: Vec<LinuxVolume>) -> Self {
        let sys = Path::new("/sys");
        let disks = volumes.iter().filter_map(|volume| {
            // A file that stands for a partition is on no disk of the PC that is mended.
            let name = volume.place.strip_prefix("/dev").ok()?;
            disks::disk_of(sys, name.to_str()?)
        });
        let parts = Parts::Disks(disks.collect());
        Self::with_parts(facts, volumes, parts)
    }

    fn with_parts(facts: MachineFacts, volumes: Vec<LinuxVolume>, parts: Parts) -> Self {
        let volumes = volumes.into_iter();
        Self {
            facts,
            volumes: volumes
                .map(|one| -> Box<dyn Volume> { Box::new(one) })
                .collect(),
            parts,
        }
    }

    /// Looks for the PC's volumes. `stick_disk` is the name of the stick's own disk, which is left out.
    pub fn find(stick_disk: Option<&str>, resources: &Resources) -> io::Result<Self> {
        let facts = facts::read_facts(Path::new("/sys"), Path::new("/proc"));
        let parts = Parts::AllBut(stick_disk.map(str::to_owned));
        let volumes = find_targets(stick_disk, resources)?;
        Ok(Self::with_parts(facts, volumes, parts))
    }
}

/// Returns every volume as the journal knows it, for recovery and undo.
pub fn find_targets(
    stick_disk: Option<&str>,
    resources: &Resources,
) -> io::Result<Vec<LinuxVolume>> {
    let partitions = disks::list_partitions(Path::new("/sys"), stick_disk)?;
    let examined = partitions
        .into_iter()
        .map(|partition| LinuxVolume::examine(partition, resources.clone()));
    Ok(examined.collect())
}

impl Machine for LinuxMachine {
    fn facts(&self) -> &MachineFacts {
        &self.facts
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        &self.volumes
    }

    fn hardware(&self) -> Hardware {
        let (sys, proc) = (Path::new("/sys"), Path::new("/proc"));
        let list = |stick_disk| disks::list_disks(sys, stick_disk).unwrap_or_default();
        match &self.parts {
            Parts::AllBut(stick_disk) => {
                hardware::read_hardware(sys, proc, &list(stick_disk.as_deref()))
            }
            Parts::Disks(names) => {
                let mut disks = list(None);
                disks.retain(|disk| {
                    let is_named = |name: &String| disk.device.ends_with(name);
                    names.iter().any(is_named)
                });
                Hardware {
                    disks: hardware::read_hardware(sys, proc, &disks).disks,
                    ..Hardware::untold("only volumes of this PC were given")
                }
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the machine is where time comes from"
    )]
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
    }

    fn uptime_ms(&self) -> u64 {
        uptime_ms()
    }
}

/// Returns milliseconds since the start of the PC.
pub fn uptime_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let fraction = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(fraction)
}

/// A partition, or a file that stands for one.
pub struct LinuxVolume {
    device: Box<dyn BlockDevice>,
    /// The partition's device, or the file that stands for it.
    place: PathBuf,
    facts: VolumeFacts,
    identity: VolumeIdentity,
    resources: Resources,
}

impl LinuxVolume {
    /// Reads what the partition's own sectors say.
    pub fn examine(partition: disks::Partition, resources: Resources) -> Self {
        let device = DevicePath(partition.device.clone());
        Self::examine_on(Box::new(device), partition, resources)
    }

    /// Reads what the first sectors of `device` say; `partition` describes it.
    pub fn examine_on(
        device: Box<dyn BlockDevice>,
        partition: disks::Partition,
        resources: Resources,
    ) -> Self {
        let looked = device.open().and_then(|area| {
            let found = filesystem::identify(&*area)?;
            Ok((found, filesystem::read_state(&*area, found.file_system)))
        });
        let (found, state) = looked.unwrap_or_else(|error| {
            let nothing = filesystem::Identified {
                file_system: FileSystem::Unknown,
                serial: 0,
            };
            (nothing, VolumeState::Unreadable(error.to_string()))
        });
        let identity = VolumeIdentity {
            disk_model: partition.disk_model.clone().unwrap_or_default(),
            disk_serial: partition.disk_serial.clone().unwrap_or_default(),
            start: partition.start,
            length: partition.length,
            serial: found.serial,
        };
        Self {
            device,
            place: partition.device,
            facts: VolumeFacts {
                name: partition.name,
                file_system: found.file_system,
                size: partition.length,
                disk_model: partition.disk_model,
                disk_serial: partition.disk_serial,
                serial: found.serial,
                state,
            },
            identity,
            resources,
        }
    }

    fn show(&self, overlay: Overlay, access: Access) -> Result<Mounted, MountError> {
        mount(
            overlay,
            self.facts.file_system,
            access,
            &self.resources.work,
        )
    }

    fn io<E: ToString>(&self, doing: &'static str) -> impl FnOnce(E) -> VolumeError {
        let volume = self.facts.name.clone();
        move |error| VolumeError::Io {
            volume,
            doing,
            reason: error.to_string(),
        }
    }

    fn refused(&self, reason: String) -> VolumeError {
        VolumeError::Refused {
            volume: self.facts.name.clone(),
            reason,
        }
    }

    fn check_readable(&self) -> Result<(), VolumeError> {
        match &self.facts.state {
            VolumeState::Unreadable(reason) => Err(self.refused(reason.clone())),
            _ => Ok(()),
        }
    }

    fn check_writable(&self) -> Result<&Arc<Journal>, VolumeError> {
        self.check_readable()?;
        if self.facts.state == VolumeState::Hibernated {
            let reason = "Windows sleeps on this volume (hibernation or fast startup); start Windows \
                          and shut it down completely first";
            return Err(self.refused(reason.into()));
        }
        let journal = self.resources.journal.as_ref();
        journal.ok_or_else(|| self.refused("the stick has no journal".into()))
    }

    /// Opens an overlay that can hold `needed` bytes and what goes with them.
    fn open_overlay(&self, needed: u64) -> Result<Overlay, VolumeError> {
        let memory = facts::available_memory(Path::new("/proc"))
            .map_err(self.io("reading how much memory is free"))?
            .saturating_sub(MEMORY_RESERVE);
        let scratch = self.resources.scratch.as_ref();
        let scratch = scratch.map(AreaPlace::open).transpose();
        let scratch = scratch.map_err(self.io("opening the stick's scratch area"))?;
        let room = memory.saturating_add(scratch.as_ref().map_or(0, |area| area.len()));
        let wanted = needed.saturating_add(METADATA_ALLOWANCE);
        if room < wanted {
            let reason = format!(
                "the repair needs {wanted} bytes of memory or of the stick's scratch area, {room} are free"
            );
            return Err(self.refused(reason));
        }
        let origin = self.device.open().map_err(self.io("opening the volume"))?;
        let scratch = scratch.map(|area| -> Box<dyn Area> { Box::new(area) });
        Ok(Overlay::new(origin, memory, scratch))
    }
}

impl Volume for LinuxVolume {
    fn facts(&self) -> &VolumeFacts {
        &self.facts
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        self.check_readable()?;
        let origin = self.device.open().map_err(self.io("opening the volume"))?;
        let overlay = Overlay::new(origin, 0, None);
        let mounted = self.show(overlay, Access::ReadOnly);
        let mounted = mounted.map_err(self.io("mounting the volume for reading"))?;
        Ok(Box::new(LinuxView(mounted)))
    }

    fn begin_change(&self, needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        let journal = self.check_writable()?;
        if journal.room() < METADATA_ALLOWANCE / 4 {
            let reason = "the stick's journal is full of repairs that were interrupted on other PCs; \
                          finish those first";
            return Err(self.refused(reason.into()));
        }
        let access = if self.facts.state == VolumeState::UncleanLog {
            Access::WriteDroppingLog
        } else {
            Access::Write
        };
        let mounted = self.show(self.open_overlay(needed)?, access);
        let mounted = mounted.map_err(self.io("mounting the overlay"))?;
        Ok(Box::new(LinuxChange {
            volume: self,
            journal,
            mounted,
        }))
    }
}

impl Target for LinuxVolume {
    fn identity(&self) -> VolumeIdentity {
        self.identity.clone()
    }

    fn is_asleep(&self) -> bool {
        self.facts.state == VolumeState::Hibernated
    }

    fn open(&self) -> io::Result<Box<dyn Area>> {
        self.device.open()
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        self.device.open_for_writing()
    }

    fn allocation<'a>(&self, area: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        filesystem::read_allocation(area, self.facts.file_system)
    }

    fn check_marks(&self, area: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        match self.facts.file_system {
            FileSystem::Ntfs => filesystem::ntfs_volume::dirty_marks(area),
            // No other file system has a log that could be emptied.
            _ => Ok(Vec::new()),
        }
    }
}

/// A volume mounted for reading.
struct LinuxView(Mounted);

impl VolumeView for LinuxView {
    fn root(&self) -> &Path {
        self.0.root()
    }
}

/// An overlay mounted for writing.
struct LinuxChange<'a> {
    volume: &'a LinuxVolume,
    journal: &'a Arc<Journal>,
    mounted: Mounted,
}

impl VolumeChange for LinuxChange<'_> {
    fn root(&self) -> &Path {
        self.mounted.root()
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
            filesystem::ntfs_volume::mark_dirty(&mut overlay)
                .map_err(volume.io("keeping the dirty flag"))?;
        }
        commit(journal, volume, label, &overlay).map_err(|error| match error {
            CommitError::Unfinished(reason) => VolumeError::Unfinished {
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

/// Makes an empty folder below `work` that nothing else uses.
fn make_folder(work: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(work)?;
    for number in 0..u32::MAX {
        let path = work.join(format!("{name}-{number}"));
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
