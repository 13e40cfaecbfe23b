//! Mounts an overlay: NTFS by `ntfs-3g` on the served file, FAT32 by the kernel over a loop device.
//!
//! Programs are started by absolute path and waited for, so that nothing outlives what it belongs to.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, UnmountFlags, mount as mount_kernel, unmount as unmount_kernel};

use super::{ioctls, make_folder};
use crate::machine::FileSystem;
use crate::overlay::Overlay;
use crate::overlay::serve::{Served, serve};

/// Where `ntfs-3g` may lie: the rescue environment's place first.
const NTFS_3G: [&str; 2] = ["/bin/ntfs-3g", "/usr/bin/ntfs-3g"];
/// What `ntfs-3g` needs to know of a user so that it keeps and inherits security descriptors at all.
/// Measured: without one uid and one gid other than 0 it ignores the file without a word.
const USER_MAP: &str = "1000::S-1-5-21-1000-1000-1000-1003\n:1000:S-1-5-21-1000-1000-1000-513\n";
/// How long a mount or an unmount may take.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How an overlay is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading.
    ReadOnly,
    /// For writing.
    Write,
    /// For writing although NTFS's own journal holds unfinished work, which is dropped.
    WriteDroppingLog,
}

/// Why an overlay cannot be mounted, or unmounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// The system says no.
    #[error("{doing}: {source}")]
    Io {
        /// Gerund and object.
        doing: &'static str,
        /// What it says.
        source: io::Error,
    },
    /// `ntfs-3g` says no.
    #[error("ntfs-3g: {0}")]
    Ntfs3g(String),
    /// There is no `ntfs-3g`.
    #[error("ntfs-3g is neither at {} nor at {}", NTFS_3G[0], NTFS_3G[1])]
    NoNtfs3g,
    /// Only NTFS and FAT32 are mounted.
    #[error("{} volumes are not mounted", .0.name())]
    Unsupported(FileSystem),
    /// Mounted, but not for writing.
    #[error("the driver shows the volume read-only: {0}")]
    ReadOnly(String),
    /// It did not happen in time.
    #[error("{0} took more than 60 seconds")]
    Patience(&'static str),
}

fn on<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> MountError {
    move |error| MountError::Io {
        doing,
        source: error.into(),
    }
}

/// An overlay that is mounted; everything is unmounted again when it is dropped.
pub struct Mounted {
    // In the order in which they must go: the file system, then the file below it.
    file_system: Option<MountedFileSystem>,
    served: Option<Served>,
    folders: Folders,
}

/// A mounted file system and the process that serves it.
struct MountedFileSystem {
    root: PathBuf,
    driver: Option<Child>,
}

struct Folders {
    served: PathBuf,
    root: PathBuf,
}

impl Drop for Folders {
    fn drop(&mut self) {
        // Left over if something is still mounted there; they lie in memory.
        let _ = fs::remove_dir(&self.root);
        let _ = fs::remove_dir(&self.served);
    }
}

/// Mounts `overlay`, which holds a `file_system`, somewhere below `work`.
pub fn mount(
    overlay: Overlay,
    file_system: FileSystem,
    access: Access,
    work: &Path,
) -> Result<Mounted, MountError> {
    let folders = Folders {
        served: make_folder(work, "overlay").map_err(on("making a mount point"))?,
        root: make_folder(work, "volume").map_err(on("making a mount point"))?,
    };
    let is_read_only = access == Access::ReadOnly;
    let served = serve(overlay, &folders.served, is_read_only)
        .map_err(on("serving the overlay through FUSE"))?;
    let driver = match file_system {
        FileSystem::Ntfs => Some(start_ntfs_3g(served.file(), &folders.root, access, work)?),
        FileSystem::Fat32 => {
            mount_fat32(served.file(), &folders.root, access)?;
            None
        }
        other => return Err(MountError::Unsupported(other)),
    };
    let mounted = Mounted {
        file_system: Some(MountedFileSystem {
            root: folders.root.clone(),
            driver,
        }),
        served: Some(served),
        folders,
    };
    if !is_read_only {
        mounted.check_writable()?;
    }
    Ok(mounted)
}

impl Mounted {
    /// Returns the folder that is the volume's root.
    pub fn root(&self) -> &Path {
        &self.folders.root
    }

    fn check_writable(&self) -> Result<(), MountError> {
        let state = rustix::fs::statvfs(self.root()).map_err(on("looking at the mount"))?;
        if state.f_flag.contains(StatVfsMountFlags::RDONLY) {
            let reason = "its journal is not clean, or Windows sleeps on it";
            return Err(MountError::ReadOnly(reason.into()));
        }
        Ok(())
    }

    /// Unmounts everything and returns the overlay with all that was written.
    pub fn unmount(mut self) -> Result<Overlay, MountError> {
        if let Some(mut file_system) = self.file_system.take() {
            file_system.unmount()?;
        }
        let Some(mut served) = self.served.take() else {
            return Err(MountError::Patience("unmounting"));
        };
        served
            .unmount()
            .map_err(on("unmounting the overlay's file"))?;
        served
            .into_overlay()
            .ok_or(MountError::Patience("letting go of the overlay"))
    }
}

impl MountedFileSystem {
    /// Unmounts and waits until the driver has written everything and ended.
    fn unmount(&mut self) -> Result<(), MountError> {
        if self.root.as_os_str().is_empty() {
            return Ok(());
        }
        if let Ok(folder) = fs::File::open(&self.root) {
            rustix::fs::syncfs(&folder).map_err(on("writing out the file system"))?;
        }
        let started = Instant::now();
        while let Err(error) = unmount_kernel(&self.root, UnmountFlags::empty()) {
            if error != rustix::io::Errno::BUSY || started.elapsed() > PATIENCE {
                return Err(on("unmounting the file system")(error));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        self.root = PathBuf::new();
        if let Some(mut driver) = self.driver.take() {
            let status = driver.wait().map_err(on("waiting for ntfs-3g"))?;
            if !status.success() {
                return Err(MountError::Ntfs3g(format!("it ended with {status}")));
            }
        }
        Ok(())
    }
}

impl Drop for MountedFileSystem {
    fn drop(&mut self) {
        // Abandoned changes: what does not unmount is detached, and the driver ends with its mount.
        if self.unmount().is_err() {
            let _ = unmount_kernel(&self.root, UnmountFlags::DETACH);
            if let Some(driver) = &mut self.driver {
                let _ = driver.kill();
                let _ = driver.wait();
            }
        }
    }
}

fn start_ntfs_3g(
    file: &Path,
    root: &Path,
    access: Access,
    work: &Path,
) -> Result<Child, MountError> {
    let program = NTFS_3G.into_iter().find(|path| Path::new(path).exists());
    let program = program.ok_or(MountError::NoNtfs3g)?;
    let map = work.join("users.map");
    fs::write(&map, USER_MAP).map_err(on("writing the user map"))?;
    let rights = match access {
        Access::ReadOnly => "ro,norecover",
        Access::Write => "rw,norecover",
        Access::WriteDroppingLog => "rw,recover",
    };
    let options = format!(
        "{rights},no_detach,noatime,big_writes,streams_interface=windows,permissions,inherit,\
         usermapping={}",
        map.display()
    );
    // Looked at before the driver starts: a quick one may have mounted before the next line runs.
    let mount_point_before = device_of(root)?;
    let mut driver = Command::new(program)
        .arg("-o")
        .arg(options)
        .args([file, root])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(on("starting ntfs-3g"))?;
    let started = Instant::now();
    while mount_point_is(root, mount_point_before) {
        if let Some(status) = driver.try_wait().map_err(on("waiting for ntfs-3g"))? {
            return Err(MountError::Ntfs3g(said(&mut driver, &status.to_string())));
        }
        if started.elapsed() > PATIENCE {
            let _ = driver.kill();
            let _ = driver.wait();
            return Err(MountError::Patience("mounting the volume with ntfs-3g"));
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    // Nobody may fill the pipe and then wait for a reader.
    drain(&mut driver);
    Ok(driver)
}

fn drain(driver: &mut Child) {
    if let Some(mut said) = driver.stderr.take() {
        // Ends with the driver; what it complains about while it runs shows in its results.
        std::thread::spawn(move || io::copy(&mut said, &mut io::sink()));
    }
}

fn said(driver: &mut Child, otherwise: &str) -> String {
    let mut text = String::new();
    if let Some(said) = &mut driver.stderr {
        let _ = said.read_to_string(&mut text);
    }
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return otherwise.into();
    }
    lines.join("; ")
}

fn device_of(path: &Path) -> Result<u64, MountError> {
    let found = rustix::fs::stat(path).map_err(on("looking at the mount point"))?;
    Ok(found.st_dev)
}

fn mount_point_is(path: &Path, device: u64) -> bool {
    rustix::fs::stat(path).is_ok_and(|found| found.st_dev == device)
}

fn mount_fat32(file: &Path, root: &Path, access: Access) -> Result<(), MountError> {
    let is_read_only = access == Access::ReadOnly;
    let device = ioctls::LoopDevice::attach(file, is_read_only)
        .map_err(on("attaching a loop device to the overlay"))?;
    let flags = if is_read_only {
        MountFlags::RDONLY | MountFlags::NOATIME
    } else {
        MountFlags::NOATIME
    };
    // Names in UTF-8, and 8.3 names shown and made by the rule of Windows NT and XP. Times as they lie there: whose zone they are
    // in is for whoever asks.
    let options = c"tz=UTC,utf8=1,shortname=winnt,errors=remount-ro";
    mount_kernel(device.path(), root, "vfat", flags, options)
        .map_err(on("mounting the overlay with vfat"))
}
