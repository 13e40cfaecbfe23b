//! A real PC under the rescue environment.
//!
//! Volumes are never mounted themselves: the kernel and `ntfs-3g` get a file that an
//! [`Overlay`](crate::overlay::Overlay) serves, over a device that was opened for reading only. The only
//! code that opens a device for writing is the journal's, through
//! [`Target::open_for_writing`](crate::journal::Target::open_for_writing), which a stick that is not proven yet
//! does not get past.

use std::cell::OnceCell;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::report::MachineFacts;

use self::volume::{LinuxVolume, Resources};
use super::hardware::Hardware;
use super::{Machine, Volume};

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
pub mod volume;
mod watched;

/// A PC under Linux.
pub struct LinuxMachine {
    facts: MachineFacts,
    volumes: Vec<Box<dyn Volume>>,
    obstacles: Vec<String>,
    parts: Parts,
    /// The partitions that were there while the stick was not proven yet.
    early: Option<Vec<PathBuf>>,
    is_complete: OnceCell<bool>,
}

/// Which parts of the PC under this Linux are the PC's that is mended.
enum Parts {
    /// All but the disk of the stick.
    AllBut(Option<String>),
    /// The disks with these names alone; there may be none.
    Disks(Vec<String>),
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
            early: None,
            is_complete: OnceCell::new(),
        }
    }

    /// Looks for the PC's volumes. `stick_disk` is the name of the stick's own disk, which is left out.
    pub fn find(stick_disk: Option<&str>, resources: &Resources) -> io::Result<Self> {
        let sys = Path::new("/sys");
        let facts = facts::read_facts(sys, Path::new("/proc"));
        let parts = Parts::AllBut(stick_disk.map(str::to_owned));
        let is_early = !resources.proof.is_good();
        let volumes = find_targets(stick_disk, resources)?;
        let places = volumes.iter().map(|volume| volume.place.clone());
        let early = is_early.then(|| places.collect());
        let mut machine = Self::with_parts(facts, volumes, parts);
        machine.early = early;
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

    fn is_complete(&self) -> bool {
        let Parts::AllBut(stick_disk) = &self.parts else {
            return true;
        };
        let Some(early) = &self.early else {
            return true;
        };
        *self.is_complete.get_or_init(|| {
            let now = disks::list_partitions(Path::new("/sys"), stick_disk.as_deref());
            let mut now = now.unwrap_or_default().into_iter();
            now.all(|partition| early.contains(&partition.device))
        })
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
