//! The stick that this PC was started from: found by its serial number, mounted read-only, and mounted
//! for writing only while a report is saved.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use rescue_stick::identity::Identity;
use rescue_stick::paths;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::area::{Area as _, FileArea};
use crate::filesystem::fat32::Fat32;
use crate::filesystem::identify;
use crate::machine::FileSystem;
use crate::machine::linux::device::AreaPlace;
use crate::machine::linux::{disks, ioctls};
use crate::stick::record::Record;
use crate::stick::reports::{SealedReport, write_report};
use crate::stick::{Stick, read_identity};

/// Where the stick is mounted.
const ROOT: &str = "/run/stick";
const SYS: &str = "/sys";
/// Slow sticks behind slow hubs appear late.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How far ahead of what is asked for the kernel reads.
const READ_AHEAD_KB: u32 = 2048;
/// Names are kept in UTF-8; everything that is written is durable before the next.
const OPTIONS: &std::ffi::CStr = c"utf8=1,shortname=mixed,errors=remount-ro";

/// The stick, mounted read-only.
pub struct BootStick {
    serial: u32,
    device: PathBuf,
    disk: String,
    /// Block devices that are there while it is out: none of them is the stick.
    others: Option<BTreeSet<String>>,
}

/// Waits for the partition with the FAT32 volume serial number `serial` and mounts it read-only.
pub fn find(serial: u32) -> Result<BootStick, String> {
    let started = Instant::now();
    let name = loop {
        if let Some(name) = look_for(serial, block_devices()) {
            break name;
        }
        if started.elapsed() > PATIENCE {
            let (high, low) = (serial >> 16, serial & 0xFFFF);
            return Err(format!(
                "no partition with the serial number {high:04X}-{low:04X} was found within 60 seconds; \
                 try another USB socket"
            ));
        }
        thread::sleep(POLL_INTERVAL);
    };
    let stick = BootStick {
        serial,
        device: Path::new("/dev").join(&name),
        disk: disk_of(&name)?,
        others: None,
    };
    stick.read_ahead();
    fs::create_dir_all(ROOT).map_err(|error| error.to_string())?;
    stick.mount(MountFlags::RDONLY)?;
    Ok(stick)
}

fn disk_of(name: &str) -> Result<String, String> {
    disks::disk_of(Path::new(SYS), name)
        .ok_or_else(|| format!("{name}: /sys does not say which disk it is on"))
}

fn block_devices() -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(SYS).join("class/block"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Returns which of these block devices holds the FAT32 volume with that serial number.
fn look_for(serial: u32, names: BTreeSet<String>) -> Option<String> {
    names.into_iter().find(|name| {
        let found = FileArea::open(&Path::new("/dev").join(name))
            .and_then(|area| identify(&area))
            .ok();
        found.is_some_and(|found| {
            found.file_system == FileSystem::Fat32 && found.serial == u64::from(serial)
        })
    })
}

impl BootStick {
    /// Returns the folder that is the stick's root.
    pub fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    /// Returns the name of the stick's disk.
    pub fn disk(&self) -> &str {
        &self.disk
    }

    /// Tells whether it is in the PC. Once it was out, it must be found again: the kernel gives it another name
    /// then, and it may be another stick of the same image.
    pub fn is_in(&self) -> bool {
        self.others.is_none() && Path::new(SYS).join("block").join(&self.disk).exists()
    }

    /// Finds the stick again after it was out, and mounts it as before; `identity` tells it from other sticks
    /// of its image.
    pub fn find_again(&mut self, identity: Option<&Identity>) -> Result<(), String> {
        if self.others.is_none() {
            self.let_go();
        }
        let known = self.others.clone().unwrap_or_default();
        let new = block_devices().difference(&known).cloned().collect();
        let Some(name) = look_for(self.serial, new) else {
            // What comes later may not be ready when it is first looked at, so it is looked at again.
            self.others.get_or_insert_with(block_devices);
            return Err("the stick is not in this PC".to_owned());
        };
        let former = std::mem::replace(&mut self.device, Path::new("/dev").join(&name));
        let found = disk_of(&name).and_then(|disk| {
            self.mount(MountFlags::RDONLY)?;
            let key = |one: &Identity| one.public_key().base64().to_owned();
            match read_identity(self.root()) {
                Ok(found) if found.as_ref().map(key) == identity.map(key) => Ok(disk),
                Ok(_) => Err("this is another stick of the same image".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        });
        match found {
            Ok(disk) => {
                self.disk = disk;
                self.others = None;
                Ok(())
            }
            Err(reason) => {
                self.let_go();
                self.device = former;
                Err(reason)
            }
        }
    }

    /// Lets the kernel read files of the stick far ahead, so that one piece is hashed while the next ones come.
    fn read_ahead(&self) {
        let setting = Path::new(SYS)
            .join("block")
            .join(&self.disk)
            .join("queue/read_ahead_kb");
        // OK to discard: without it the proof takes longer.
        let _ = fs::write(setting, READ_AHEAD_KB.to_string());
    }

    fn mount(&self, flags: MountFlags) -> Result<(), String> {
        let mounted = mount(&self.device, ROOT, "vfat", flags, OPTIONS);
        mounted.map_err(|error| format!("mounting the stick ({}): {error}", self.device.display()))
    }

    /// Returns where the file `path` lies on the stick's partition. It must be in one piece.
    pub fn place_of(&self, path: &str) -> Result<AreaPlace, String> {
        let read = |error: io::Error| format!("{path}: {error}");
        let file = fs::File::open(self.root().join(path)).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        // In sectors on FAT.
        let first = ioctls::find_block(file.file(), 0).map_err(read)?;
        let area = FileArea::open(&self.device).map_err(read)?;
        let start = u64::from(first).saturating_mul(sector_length(&area).map_err(read)?);
        // The kernel would have to be asked for each cluster, of which there are tens of thousands.
        let piece = Fat32::parse(&area).and_then(|mut fat| fat.piece_length(start));
        let piece = piece.map_err(read)?;
        if piece < length {
            return Err(format!(
                "{path}: {piece} bytes lie in one piece, expected all {length}"
            ));
        }
        Ok(AreaPlace {
            device: self.device.clone(),
            start,
            length,
        })
    }

    /// Lets the stick go, so that it can be pulled. A file that is still open there keeps it mounted, which
    /// does no harm to a stick that is only read.
    pub fn let_go(&self) {
        let _ = unmount(ROOT, UnmountFlags::DETACH);
    }

    /// Saves a report on the stick. Returns the folder, relative to the stick's root.
    pub fn save_report(&self, sealed: &SealedReport) -> Result<String, String> {
        unmount(ROOT, UnmountFlags::empty()).map_err(|error| format!("unmounting: {error}"))?;
        self.mount(MountFlags::empty())?;
        let written = write_report(self.root(), sealed);
        let ended = unmount(ROOT, UnmountFlags::empty());
        let folder = written.map_err(|error| error.to_string())?;
        ended.map_err(|error| format!("unmounting: {error}"))?;
        Ok(folder)
    }

    /// Opens the stick's record of its reports.
    pub fn open_record(&self, stick: &Stick) -> Record {
        let area = self.place_of(paths::HEAD).and_then(|place| {
            let area = place.open().map_err(|error| error.to_string())?;
            Ok(Box::new(area))
        });
        match area {
            Ok(area) => Record::open(area, self.root(), stick.identity()),
            // Images of earlier versions have no room for it.
            Err(_) => Record::none(),
        }
    }
}

fn sector_length(area: &FileArea) -> io::Result<u64> {
    let mut field = [0; 2];
    area.read_at(11, &mut field)?;
    Ok(u64::from(u16::from_le_bytes(field)).max(512))
}
