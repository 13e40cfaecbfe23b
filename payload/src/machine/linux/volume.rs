//! A volume of a PC under Linux, or a file that stands for one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rescue_stick::journal::VolumeIdentity;

use super::change::LinuxChange;
use super::device::{AreaPlace, BlockDevice, DevicePath};
use super::mounts::{Access, MountError, Mounted, mount};
use super::unlocked::Unlocked;
use super::watched::{Faults, Watched};
use super::{disks, place, surroundings};
use crate::area::{Area, FileArea};
use crate::filesystem;
use crate::journal::{Allocation, Journal, Target};
use crate::machine::{
    FileSystem, PartitionPlace, ReadFaults, Volume, VolumeChange, VolumeError, VolumeFacts,
    VolumeState, VolumeView,
};
use crate::overlay::Overlay;
use crate::stick::proof::StickProof;

/// Room of a journal in memory, for a change without the stick's.
const RAM_JOURNAL_LENGTH: u64 = 32 << 20;

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
    /// The stick's proof: nothing is opened for writing before it is over.
    pub proof: StickProof,
}

/// What is said to whoever would write before the stick has proven itself.
const UNPROVEN: &str = "the stick is not proven yet, so nothing may be written";

/// What is said of a volume whose first look ended in a panic.
const FAULT_OF_MEND: &str = "looking at it ended in a fault of mend itself";

/// A partition, or a file that stands for one.
pub struct LinuxVolume {
    pub(super) device: Box<dyn BlockDevice>,
    faults: Arc<Faults>,
    /// The disk that it is a partition of, as far as that is known.
    disk: Option<PathBuf>,
    /// The partition's device, or the file that stands for it.
    pub(super) place: PathBuf,
    pub(super) facts: VolumeFacts,
    pub(super) identity: VolumeIdentity,
    pub(super) resources: Resources,
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
        // Foreign bytes are parsed here. A panic is our bug, but it must not cost the other volumes.
        let looked = catch_unwind(AssertUnwindSafe(|| look_at(&*device, &partition)));
        let looked = looked.unwrap_or_else(|_| Err(io::Error::other(FAULT_OF_MEND)));
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

    pub(super) fn io<E: ToString>(&self, doing: &'static str) -> impl FnOnce(E) -> VolumeError {
        let volume = self.facts.name.clone();
        move |error| VolumeError::Io {
            volume,
            doing,
            reason: error.to_string(),
        }
    }

    pub(super) fn refused(&self, reason: String) -> VolumeError {
        VolumeError::Refused {
            volume: self.facts.name.clone(),
            reason,
        }
    }

    pub(super) fn needs_you(&self, advice: String) -> VolumeError {
        VolumeError::NeedsYou {
            volume: self.facts.name.clone(),
            advice,
        }
    }

    pub(super) fn explain_unwritable(&self, error: &io::Error) -> VolumeError {
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

    fn check_access(&self) -> Result<(), VolumeError> {
        match Target::open_for_writing(self) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.explain_unwritable(&error)),
        }
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
        if !self.resources.proof.is_good() {
            return Err(io::Error::other(UNPROVEN));
        }
        self.device.open_for_writing()
    }

    fn allocation<'a>(&self, area: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        filesystem::read_allocation(area, self.facts.file_system)
    }

    fn check_marks(&self, area: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        match self.facts.file_system {
            FileSystem::Ntfs => filesystem::ntfs_volume::dirty_flag::dirty_marks(area),
            // No other file system has a log that could be emptied.
            _ => Ok(Vec::new()),
        }
    }
}

/// Returns what a volume is, by its own sectors and by the disk around it.
fn look_at(
    device: &dyn BlockDevice,
    partition: &disks::Partition,
) -> io::Result<(filesystem::Identified, VolumeState)> {
    let area = device.open()?;
    let found = filesystem::identify(&*area)?;
    let state = filesystem::read_state(&*area, found.file_system);
    let barred = surroundings::find_bar(&*area, partition, found);
    Ok(barred.unwrap_or((found, state)))
}

/// A volume mounted for reading.
struct LinuxView(Mounted);

impl VolumeView for LinuxView {
    fn root(&self) -> &Path {
        self.0.root()
    }
}
