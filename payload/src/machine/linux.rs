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

use self::change::LinuxChange;
use self::device::{AreaPlace, BlockDevice, DevicePath};
use self::mounts::{Access, MountError, Mounted, mount};
use self::unlocked::Unlocked;
use self::watched::{Faults, Watched};
use super::hardware::Hardware;
use super::{
    FileSystem, Machine, PartitionPlace, ReadFaults, Volume, VolumeChange, VolumeError,
    VolumeFacts, VolumeState, VolumeView,
};
use crate::area::{Area, FileArea};
use crate::filesystem;
use crate::journal::{Allocation, Journal, Target};
use crate::overlay::Overlay;

mod change;
pub mod controllers;
pub mod device;
pub mod disks;
pub mod facts;
pub mod hardware;
pub mod ioctls;
pub mod mounts;
pub mod place;
mod room;
mod surroundings;
pub mod unlocked;
mod watched;

/// Room of a journal in memory, for a change without the stick's.
const RAM_JOURNAL_LENGTH: u64 = 32 << 20;

/// A PC under Linux.
pub struct LinuxMachine {
    facts: MachineFacts,
    volumes: Vec<Box<dyn Volume>>,
    obstacles: Vec<String>,
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
    /// Volumes that BitLocker locks and that were opened.
    pub unlocked: Unlocked,
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
            obstacles: Vec::new(),
            parts,
        }
    }

    /// Looks for the PC's volumes. `stick_disk` is the name of the stick's own disk, which is left out.
    pub fn find(stick_disk: Option<&str>, resources: &Resources) -> io::Result<Self> {
        let sys = Path::new("/sys");
        let facts = facts::read_facts(sys, Path::new("/proc"));
        let parts = Parts::AllBut(stick_disk.map(str::to_owned));
        let volumes = find_targets(stick_disk, resources)?;
        let mut machine = Self::with_parts(facts, volumes, parts);
        machine.obstacles = controllers::find_obstacles(sys, machine.volumes.len());
        Ok(machine)
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

    fn obstacles(&self) -> &[String] {
        &self.obstacles
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
    faults: Arc<Faults>,
    /// The disk that it is a partition of, as far as that is known.
    disk: Option<PathBuf>,
    /// The partition's device, or the file that stands for it.
    place: PathBuf,
    facts: VolumeFacts,
    identity: VolumeIdentity,
    resources: Resources,
}

impl LinuxVolume {
    /// Reads what the partition's own sectors say.
    pub fn examine(partition: disks::Partition, resources: Resources) -> Self {
        let opened = resources.unlocked.device_of(&partition.device);
        let device = DevicePath(opened.unwrap_or(&partition.device).to_owned());
        Self::examine_on(Box::new(device), partition, resources)
    }

    /// Reads what the first sectors of `device` say; `partition` describes it.
    pub fn examine_on(
        device: Box<dyn BlockDevice>,
        partition: disks::Partition,
        resources: Resources,
    ) -> Self {
        let watched = Watched::over(device);
        let device: Box<dyn BlockDevice> = Box::new(watched.clone());
        let looked = device.open().and_then(|area| {
            let found = filesystem::identify(&*area)?;
            let state = filesystem::read_state(&*area, found.file_system);
            let looked = (found, state);
            Ok(surroundings::find_bar(&*area, &partition, looked.0).unwrap_or(looked))
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
        let name = partition.device.file_name();
        let disk = name.and_then(|name| disks::disk_of(Path::new("/sys"), name.to_str()?));
        Self {
            device,
            faults: watched.faults(),
            disk: disk.map(|name| Path::new("/dev").join(name)),
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

    fn needs_you(&self, advice: String) -> VolumeError {
        VolumeError::NeedsYou {
            volume: self.facts.name.clone(),
            advice,
        }
    }

    fn explain_unwritable(&self, error: &io::Error) -> VolumeError {
        let is_protected = matches!(
            error.kind(),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
        );
        if is_protected {
            let advice = "the disk is write-protected: look for a switch or jumper on it and for a \
                 setting of the firmware; a solid-state disk at the end of its life protects itself, \
                 then copy what is on it to a new disk and repair that";
            return self.needs_you(advice.into());
        }
        self.io("opening the disk for writing")(error)
    }

    fn check_readable(&self) -> Result<(), VolumeError> {
        match &self.facts.state {
            VolumeState::Unreadable(reason) => Err(self.refused(reason.clone())),
            _ => Ok(()),
        }
    }

    fn check_writable(&self) -> Result<(), VolumeError> {
        self.check_readable()?;
        if self.facts.state == VolumeState::Hibernated {
            let reason = "Windows sleeps on this volume (hibernation or fast startup); start Windows \
                          and shut it down completely first";
            return Err(self.refused(reason.into()));
        }
        Ok(())
    }
}

impl Volume for LinuxVolume {
    fn facts(&self) -> &VolumeFacts {
        &self.facts
    }

    fn read_faults(&self) -> ReadFaults {
        self.faults.read()
    }

    fn place(&self) -> Option<PartitionPlace> {
        let disk = self.disk.as_ref()?;
        let area = FileArea::open(disk).ok()?;
        place::read_place(&area, self.identity.start).ok()?
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        self.check_readable()?;
        let origin = self.device.open().map_err(self.io("opening the volume"))?;
        let overlay = Overlay::new(origin, 0, None);
        let mounted = self.show(overlay, Access::ReadOnly);
        let mounted = mounted.map_err(self.io("mounting the volume for reading"))?;
        Ok(Box::new(LinuxView(mounted)))
    }

    fn check_change(&self, added: u64) -> Result<(), VolumeError> {
        self.check_writable()?;
        if let Err(error) = self.device.open_for_writing() {
            return Err(self.explain_unwritable(&error));
        }
        let doing = "looking for free clusters";
        let area = self.device.open().map_err(self.io("opening the volume"))?;
        let free = filesystem::find_free(&*area, self.facts.file_system, added);
        let free = free.map_err(self.io(doing))?;
        if free < added {
            return Err(self.needs_you(format!(
                "the volume is full: {free} bytes are free, the repair needs {added}; delete or move \
                 something off it (the recycle bin, temporary files, old downloads) from another \
                 system, then start from the stick again"
            )));
        }
        Ok(())
    }

    fn begin_change(&self, needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        self.check_writable()?;
        let overlay = self.open_overlay(needed)?;
        let journal = self.check_journal()?;
        self.mount_change(overlay, Arc::clone(journal))
    }

    fn begin_unprotected_change(
        &self,
        needed: u64,
    ) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        self.check_writable()?;
        let overlay = self.open_overlay(needed)?;
        let journal = Journal::in_memory(RAM_JOURNAL_LENGTH);
        let journal = journal.map_err(self.io("making a journal in memory"))?;
        self.mount_change(overlay, Arc::new(journal))
    }
}

impl LinuxVolume {
    fn mount_change(
        &self,
        overlay: Overlay,
        journal: Arc<Journal>,
    ) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        let access = if self.facts.state == VolumeState::UncleanLog {
            Access::WriteDroppingLog
        } else {
            Access::Write
        };
        let mounted = self.show(overlay, access);
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

    fn is_locked(&self) -> bool {
        self.facts.file_system == FileSystem::BitLocker
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
