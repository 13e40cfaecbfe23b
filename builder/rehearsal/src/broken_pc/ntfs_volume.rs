//! Makes and populates an NTFS volume in an image file, by mkntfs and a real ntfs-3g mount.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Context, Result, bail, ensure};
use fs_err as fs;
use rustix::fs::XattrFlags;
use tempfile::TempDir;

use super::partition_table::{HEADS, SECTORS_A_TRACK};
use super::security::windows_folder_descriptor;
use super::tree::{Entry, EntryKind};
use crate::tools::{command, run_command};

/// Longest wait for ntfs-3g to mount or to end.
const LIMIT: Duration = Duration::from_secs(60);
/// FILE_ATTRIBUTE_HIDDEN and FILE_ATTRIBUTE_SYSTEM. Source: [MS-FSCC] 2.6.
const HIDDEN_SYSTEM: u32 = 0x06;
/// FILE_ATTRIBUTE_DIRECTORY and FILE_ATTRIBUTE_ARCHIVE. Source: [MS-FSCC] 2.6.
const FOLDER: u32 = 0x10;
const ARCHIVE: u32 = 0x20;

/// An NTFS volume in a file, mounted by ntfs-3g; unmounted when dropped, whatever happened.
#[derive(Debug)]
pub struct NtfsMount {
    folder: TempDir,
    process: Child,
}

impl NtfsMount {
    /// Mounts a volume for writing, with inheritance of security descriptors as Windows does it.
    pub fn writable(volume: &Path) -> Result<Self> {
        Self::mount(volume, "")
    }

    /// Mounts a volume for writing, so that files inherit their folder's compression.
    pub fn compressing(volume: &Path) -> Result<Self> {
        Self::mount(volume, ",compression")
    }

    /// Mounts a volume for reading; nothing of it is changed, not even its journal.
    pub fn read_only(volume: &Path) -> Result<Self> {
        Self::mount(volume, ",ro,norecover")
    }

    fn mount(volume: &Path, more: &str) -> Result<Self> {
        ensure!(
            Path::new("/dev/fuse").exists(),
            "/dev/fuse: missing, but ntfs-3g needs it to populate a volume"
        );
        let folder = tempfile::Builder::new().prefix("mendkit-ntfs-").tempdir()?;
        // Without an entry for ids other than 0 ntfs-3g ignores the map, and without a map it does
        // not keep security descriptors.
        let map = folder.path().join("usermap");
        fs::write(
            &map,
            "1000::S-1-5-21-1004336348-1177238915-682003330-1003\n\
             :1000:S-1-5-21-1004336348-1177238915-682003330-513\n",
        )?;
        let point = folder.path().join("volume");
        fs::create_dir(&point)?;
        let options = format!(
            "{},inherit,streams_interface=windows,noatime,no_detach{more}",
            ownership(&map)
        );
        let mut ntfs = command("ntfs-3g")?;
        ntfs.arg("-o").arg(options).arg(volume).arg(&point);
        ntfs.stdout(Stdio::null()).stderr(Stdio::piped());
        let process = ntfs.spawn().context("starting ntfs-3g")?;
        let mut mount = Self { folder, process };
        mount.wait_until_mounted(volume)?;
        Ok(mount)
    }

    /// Returns the folder where the volume's files are.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// Unmounts and waits until ntfs-3g has written everything and ended.
    pub fn unmount(mut self) -> Result<()> {
        self.stop()
    }

    fn wait_until_mounted(&mut self, volume: &Path) -> Result<()> {
        let start = Instant::now();
        while !is_mounted(&self.path())? {
            if let Some(status) = self.process.try_wait()? {
                let mut said = String::new();
                if let Some(mut stderr) = self.process.stderr.take() {
                    std::io::Read::read_to_string(&mut stderr, &mut said)?;
                }
                bail!(
                    "ntfs-3g on {}: {status} before it mounted\n{said}",
                    volume.display()
                );
            }
            ensure!(
                start.elapsed() < LIMIT,
                "ntfs-3g: not mounted after {LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        if is_mounted(&self.path())? {
            if rustix::process::geteuid().is_root() {
                // A program that another thread is just starting holds, until it runs, what this one has
                // open; so the mount is detached, and ntfs-3g ends when the last of that is closed.
                let mut umount = command("umount")?;
                umount.arg("-l").arg(self.path());
                run_command(umount)?;
            } else {
                // umount does it for root alone, even where the mount is one's own; ntfs-3g unmounts
                // when it is asked to end.
                let id = i32::try_from(self.process.id())?;
                let id =
                    rustix::process::Pid::from_raw(id).context("ntfs-3g: has no process id")?;
                rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
            }
        }
        let start = Instant::now();
        while self.process.try_wait()?.is_none() {
            ensure!(
                start.elapsed() < LIMIT,
                "ntfs-3g: still running {LIMIT:?} after umount"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for NtfsMount {
    fn drop(&mut self) {
        // Nobody is left to tell; the last resort detaches the mount and ends its own process.
        if self.stop().is_err() {
            if let Ok(mut umount) = command("umount") {
                drop(umount.arg("-l").arg(self.path()).output());
            }
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}

/// Returns who owns the files, for ntfs-3g's command line. Only root is given the owners of the volume: to
/// anybody else, in a namespace of one's own, root's files would be nobody's, and could not be written.
fn ownership(map: &Path) -> String {
    if rustix::process::geteuid().is_root() {
        format!("usermapping={},permissions", map.display())
    } else {
        let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
        format!("uid={},gid={}", user.as_raw(), group.as_raw())
    }
}

/// Where a volume lies, as its boot sector says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    /// Bytes of the volume.
    pub(super) size: u64,
    /// Bytes of a sector.
    pub(super) sector_length: u64,
    /// First sector on its disk.
    pub(super) first_lba: u64,
}

/// Makes an empty volume and fills it.
pub(super) fn make_volume(
    volume: &Path,
    geometry: Geometry,
    serial: u64,
    entries: &[Entry],
) -> Result<()> {
    let Geometry {
        size,
        sector_length,
        first_lba,
    } = geometry;
    fs::File::create(volume)?.set_len(size)?;
    let mut mkntfs = command("mkntfs")?;
    // Zero time: it is also the seed of the serial number, which is set below.
    mkntfs.args([
        "--quiet",
        "--force",
        "--quick",
        "--zero-time",
        "--label",
        "XP",
    ]);
    mkntfs.args(["--sector-size", &sector_length.to_string()]);
    mkntfs.args(["--cluster-size", "4096"]);
    mkntfs.args(["--partition-start", &first_lba.to_string()]);
    mkntfs.args(["--heads", &HEADS.to_string()]);
    mkntfs.args(["--sectors-per-track", &SECTORS_A_TRACK.to_string()]);
    run_command({
        mkntfs.arg(volume);
        mkntfs
    })?;
    set_serial(volume, size - sector_length, serial)?;
    let mount = NtfsMount::writable(volume)?;
    populate(&mount.path(), entries)?;
    mount.unmount()
}

/// Copies the parts of `from` that hold data to `offset` of `to`; holes stay holes.
pub fn copy_sparse(from: &Path, to: &mut fs::File, offset: u64) -> Result<()> {
    let source = fs::File::open(from)?.into_file();
    let length = source.metadata()?.len();
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < length {
        let Ok(start) = rustix::fs::seek(&source, rustix::fs::SeekFrom::Data(at)) else {
            // No data behind this point.
            break;
        };
        let end = rustix::fs::seek(&source, rustix::fs::SeekFrom::Hole(start))?;
        at = start;
        while at < end {
            let want = usize::try_from((end - at).min(1 << 20))?;
            source.read_exact_at(&mut buffer[..want], at)?;
            to.seek(SeekFrom::Start(offset + at))?;
            to.write_all(&buffer[..want])?;
            at += u64::try_from(want)?;
        }
    }
    Ok(())
}

/// Sets the serial number in the boot sector and in its copy, which begins at byte `copy`, in the last
/// sector of the partition.
/// Source: Linux-NTFS documentation, "$Boot", offset 0x48.
fn set_serial(volume: &Path, copy: u64, serial: u64) -> Result<()> {
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(volume)?
        .into_file();
    let mut boot = [0; 512];
    file.read_exact_at(&mut boot, 0)?;
    boot[0x48..0x50].copy_from_slice(&serial.to_le_bytes());
    file.write_all_at(&boot, 0)?;
    file.write_all_at(&boot, copy)?;
    Ok(())
}

fn populate(root: &Path, entries: &[Entry]) -> Result<()> {
    let descriptor = windows_folder_descriptor()?;
    let mut short_names = ShortNames::default();
    for entry in entries {
        let path = root.join(&entry.path);
        let mut attributes = match &entry.kind {
            EntryKind::Folder => {
                fs::create_dir(&path)?;
                FOLDER
            }
            EntryKind::File(content) => {
                fs::write(&path, content)?;
                ARCHIVE
            }
        };
        // What is made inside afterwards inherits from it.
        let is_windows_or_programs =
            entry.path.eq_ignore_ascii_case("windows") || entry.path.starts_with("Program");
        // Without the owners of the volume ntfs-3g takes no descriptors; the defaults will do then.
        let takes_descriptors = rustix::process::geteuid().is_root();
        let is_at_top = attributes == FOLDER && !entry.path.contains('/');
        if is_windows_or_programs && is_at_top && takes_descriptors {
            set_attribute(&path, "system.ntfs_acl", &descriptor)?;
        }
        if entry.hidden {
            attributes |= HIDDEN_SYSTEM;
        }
        set_attribute(&path, "system.ntfs_attrib", &attributes.to_le_bytes())?;
        let short = short_names.short_name(&entry.path);
        set_attribute(&path, "system.ntfs_dos_name", short.as_bytes())?;
    }
    // Afterwards and backwards, since what is put into a folder changes the folder's time.
    for entry in entries.iter().rev() {
        let time = (entry.time + 11_644_473_600) * 10_000_000;
        let times = [time; 4].map(u64::to_le_bytes).concat();
        set_attribute(&root.join(&entry.path), "system.ntfs_times", &times)?;
    }
    Ok(())
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty())
        .with_context(|| format!("setting {name} of {}", path.display()))
}

/// Gives out 8.3 names, none twice in a folder.
#[derive(Default)]
struct ShortNames {
    given: std::collections::BTreeSet<(String, String)>,
}

impl ShortNames {
    fn short_name(&mut self, path: &str) -> String {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let clean = |part: &str, length: usize| -> String {
            part.chars()
                .filter(|character| {
                    character.is_ascii_alphanumeric() || "_-$~!()".contains(*character)
                })
                .take(length)
                .collect::<String>()
                .to_uppercase()
        };
        let suffix = match clean(extension, 3) {
            none if none.is_empty() => none,
            some => format!(".{some}"),
        };
        let plain = format!("{}{suffix}", clean(stem, 8));
        let mut short = plain.clone();
        let mut number = 0;
        let taken = |short: &str| self.given.contains(&(folder.to_owned(), short.to_owned()));
        while taken(&short) || (number == 0 && !name.eq_ignore_ascii_case(&plain)) {
            number += 1;
            let tail = format!("~{number}");
            short = format!("{}{tail}{suffix}", clean(stem, 8 - tail.len()));
        }
        self.given.insert((folder.to_owned(), short.clone()));
        short
    }
}

/// Tells whether something is mounted exactly there.
fn is_mounted(point: &Path) -> Result<bool> {
    let point = point
        .to_str()
        .context("temporary folder: name is not UTF-8")?;
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(table
        .lines()
        .any(|line| line.split(' ').nth(4) == Some(point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_short_and_differ() {
        let mut names = ShortNames::default();
        assert_eq!(names.short_name("Program Files"), "PROGRA~1");
        assert_eq!(names.short_name("Program Data"), "PROGRA~2");
        assert_eq!(
            names.short_name("WINDOWS/system32/svchost.exe"),
            "SVCHOST.EXE"
        );
        assert_eq!(names.short_name("a/api-set-000.dll"), "API-SE~1.DLL");
        assert_eq!(names.short_name("b/api-set-000.dll"), "API-SE~1.DLL");
        assert_eq!(names.short_name("売上報告.txt"), "~1.TXT");
        assert_eq!(names.short_name("x.log1"), "X~1.LOG");
    }
}
