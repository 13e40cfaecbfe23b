//! The stick that this PC was started from: found by its serial number, mounted read-only, and mounted
//! for writing only while a report is saved.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use rescue_stick::paths;
use rescue_stick::report::Report;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::area::FileArea;
use crate::filesystem::identify;
use crate::machine::FileSystem;
use crate::machine::linux::device::AreaPlace;
use crate::machine::linux::{disks, ioctls};

/// Where the stick is mounted.
const ROOT: &str = "/run/stick";
/// Slow sticks behind slow hubs appear late.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Names are kept in UTF-8; everything that is written is durable before the next.
const OPTIONS: &std::ffi::CStr = c"utf8=1,shortname=mixed,errors=remount-ro";

/// The stick, mounted read-only.
pub struct BootStick {
    device: PathBuf,
    disk: String,
}

/// Waits for the partition with the FAT32 volume serial number `serial` and mounts it read-only.
pub fn find(serial: u32) -> Result<BootStick, String> {
    let started = Instant::now();
    let name = loop {
        if let Some(name) = look_for(serial) {
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
    let disk = disks::disk_of(Path::new("/sys"), &name)
        .ok_or_else(|| format!("{name}: /sys does not say which disk it is on"))?;
    let stick = BootStick {
        device: Path::new("/dev").join(&name),
        disk,
    };
    fs::create_dir_all(ROOT).map_err(|error| error.to_string())?;
    stick.mount(MountFlags::RDONLY)?;
    Ok(stick)
}

fn look_for(serial: u32) -> Option<String> {
    let entries = fs::read_dir("/sys/class/block").ok()?;
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .find(|name| {
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

    fn mount(&self, flags: MountFlags) -> Result<(), String> {
        let mounted = mount(&self.device, ROOT, "vfat", flags, OPTIONS);
        mounted.map_err(|error| format!("mounting the stick ({}): {error}", self.device.display()))
    }

    /// Returns where the file `path` lies on the stick's partition. It must be in one piece.
    pub fn place_of(&self, path: &str) -> Result<AreaPlace, String> {
        let file = fs::File::open(self.root().join(path)).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        // FIBMAP counts in sectors on FAT, and a piece begins with a cluster, so clusters suffice.
        let sector_length = self.sector_length()?;
        let cluster_length = rustix::fs::statvfs(self.root())
            .map_err(|error| error.to_string())?
            .f_bsize;
        let step = (cluster_length / sector_length).max(1);
        let count = length / sector_length;
        let block = |index: u64| -> Result<u64, String> {
            let index = u32::try_from(index).map_err(|_| format!("{path}: too long"))?;
            let found = ioctls::find_block(file.file(), index);
            found
                .map(u64::from)
                .map_err(|error| format!("{path}: {error}"))
        };
        let first = block(0)?;
        let mut index = 0;
        while index < count {
            let found = block(index)?;
            let expect = first.saturating_add(index);
            if found != expect || found == 0 {
                return Err(format!(
                    "{path}: sector {index} lies at {found}, expected {expect}: the file must be in one \
                     piece"
                ));
            }
            index = index.saturating_add(step);
        }
        Ok(AreaPlace {
            device: self.device.clone(),
            start: first.saturating_mul(sector_length),
            length: count.saturating_mul(sector_length),
        })
    }

    fn sector_length(&self) -> Result<u64, String> {
        let area = FileArea::open(&self.device).map_err(|error| error.to_string())?;
        let mut field = [0; 2];
        crate::area::Area::read_at(&area, 11, &mut field).map_err(|error| error.to_string())?;
        Ok(u64::from(u16::from_le_bytes(field)).max(512))
    }

    /// Lets the stick go, so that it can be pulled. A file that is still open there keeps it mounted, which
    /// does no harm to a stick that is only read.
    pub fn let_go(&self) {
        let _ = unmount(ROOT, UnmountFlags::DETACH);
    }

    /// Saves the report and its text on the stick. Returns the folder, relative to the stick's root.
    pub fn save_report(&self, report: &Report, text: &str) -> Result<String, String> {
        unmount(ROOT, UnmountFlags::empty()).map_err(|error| format!("unmounting: {error}"))?;
        self.mount(MountFlags::empty())?;
        let folder = format!("{}/{}", paths::REPORTS, safe_name(&report.run));
        let written = write_report(&self.root().join(&folder), &report.to_text(), text);
        let ended = unmount(ROOT, UnmountFlags::empty());
        written.map_err(|error| error.to_string())?;
        ended.map_err(|error| format!("unmounting: {error}"))?;
        Ok(folder)
    }
}

fn write_report(folder: &Path, json: &str, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, content) in [("report.json", json), ("report.txt", text)] {
        let temporary = folder.join(format!("{name}.tmp"));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(name))?;
    }
    // Measured: on FAT only a sync of everything makes a rename durable.
    rustix::fs::sync();
    Ok(())
}

/// Returns `name` with nothing in it that FAT or a path would take amiss.
fn safe_name(name: &str) -> String {
    let is_safe = |one: char| one.is_alphanumeric() || one == '-' || one == '_';
    let safe: String = name
        .chars()
        .take(64)
        .map(|one| if is_safe(one) { one } else { '_' })
        .collect();
    if safe.is_empty() { "run".into() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_of_reports_hold_nothing_odd() {
        assert_eq!(
            safe_name("20100422T101500Z-OPTIPLEX-114"),
            "20100422T101500Z-OPTIPLEX-114"
        );
        assert_eq!(safe_name("../a b:\u{e9}"), "___a_b_é");
        assert_eq!(safe_name(""), "run");
    }

    #[test]
    fn a_report_is_written_whole_under_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("reports/run");
        write_report(&run, "{}", "text").unwrap();
        let names = fs::read_dir(&run)
            .unwrap()
            .map(|one| one.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["report.json", "report.txt"]);
        assert_eq!(fs::read_to_string(run.join("report.txt")).unwrap(), "text");
    }
}
