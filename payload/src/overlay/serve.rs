//! Shows an overlay to the kernel as one regular file, through FUSE.
//!
//! The file is called `volume`; a file system program or a loop device uses it like a disk.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, UNIX_EPOCH};

use fuser::{
    Config, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite,
    Request, Session, WriteFlags,
};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};

use super::Overlay;

/// Name of the only file.
const FILE_NAME: &str = "volume";
const FILE: INodeNo = INodeNo(2);
/// How long the last user of the file may take to let go of it.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Nothing changes behind the kernel's back while it is mounted.
const FOR_EVER: Duration = Duration::from_secs(1 << 20);

/// An overlay that is mounted as a file; unmounted when dropped.
pub struct Served {
    /// Serves until the mount is gone.
    session: Option<JoinHandle<io::Result<()>>>,
    overlay: Arc<Mutex<Overlay>>,
    mountpoint: PathBuf,
    file: PathBuf,
}

/// Shows `overlay` as a file in the folder `mountpoint`, which must exist.
pub fn serve(overlay: Overlay, mountpoint: &Path, is_read_only: bool) -> io::Result<Served> {
    let overlay = Arc::new(Mutex::new(overlay));
    let files = VolumeFile {
        overlay: Arc::clone(&overlay),
        is_read_only,
    };
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName("mend".into()),
        if is_read_only {
            MountOption::RO
        } else {
            MountOption::RW
        },
    ];
    let session = Session::new(files, mountpoint, &config)?;
    // In a thread of our own: the crate's background session gives up on a busy mount at once.
    let session = thread::Builder::new()
        .name("overlay".into())
        .spawn(move || session.run())?;
    Ok(Served {
        session: Some(session),
        overlay,
        mountpoint: mountpoint.to_owned(),
        file: mountpoint.join(FILE_NAME),
    })
}

impl Served {
    /// Returns the path of the file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the overlay once the file is unmounted; `None` before.
    pub fn into_overlay(self) -> Option<Overlay> {
        let overlay = Arc::clone(&self.overlay);
        if self.session.is_some() {
            return None;
        }
        drop(self);
        let overlay = Arc::into_inner(overlay)?;
        Some(overlay.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Unmounts the file; the overlay stays. Waits for the last user of the file: a loop device lets
    /// go of it a moment after it was unmounted itself.
    pub fn unmount(&mut self) -> io::Result<()> {
        if self.session.is_none() {
            return Ok(());
        }
        let started = Instant::now();
        while let Err(error) = unmount(&self.mountpoint, UnmountFlags::empty()) {
            if error != Errno::BUSY || started.elapsed() > PATIENCE {
                return Err(error.into());
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.join()
    }

    fn join(&mut self) -> io::Result<()> {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        let ended = session.join();
        ended.unwrap_or_else(|_| {
            Err(io::Error::other(
                "the thread that serves the overlay panicked",
            ))
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Whoever needs to know calls `unmount`; here nobody is left to tell.
        if self.unmount().is_err() {
            let _ = unmount(&self.mountpoint, UnmountFlags::DETACH);
            // The thread ends with the last user; waiting for that could take for ever.
        }
    }
}

fn lock(overlay: &Mutex<Overlay>) -> MutexGuard<'_, Overlay> {
    // A panic leaves the overlay readable; what it holds is judged before the commit.
    overlay.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file system: a folder with one file.
struct VolumeFile {
    overlay: Arc<Mutex<Overlay>>,
    is_read_only: bool,
}

impl VolumeFile {
    fn attributes(&self, ino: INodeNo) -> FileAttr {
        let is_file = ino == FILE;
        let size = if is_file {
            lock(&self.overlay).len()
        } else {
            0
        };
        FileAttr {
            ino,
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if is_file {
                FileType::RegularFile
            } else {
                FileType::Directory
            },
            perm: if is_file { 0o600 } else { 0o700 },
            nlink: if is_file { 1 } else { 2 },
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

impl Filesystem for VolumeFile {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if parent == INodeNo::ROOT && name == FILE_NAME {
            reply.entry(&FOR_EVER, &self.attributes(FILE), Generation(0));
        } else {
            reply.error(fuser::Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&FOR_EVER, &self.attributes(ino));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<fuser::TimeOrNow>,
        _mtime: Option<fuser::TimeOrNow>,
        _ctime: Option<std::time::SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<std::time::SystemTime>,
        _chgtime: Option<std::time::SystemTime>,
        _bkuptime: Option<std::time::SystemTime>,
        _flags: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        // Times may be set without effect; a disk never changes its size.
        match size {
            Some(_) => reply.error(fuser::Errno::EPERM),
            None => reply.attr(&FOR_EVER, &self.attributes(ino)),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let is_reading = flags.acc_mode() == fuser::OpenAccMode::O_RDONLY;
        if self.is_read_only && !is_reading {
            reply.error(fuser::Errno::EROFS);
        } else {
            reply.opened(FileHandle(0), FopenFlags::empty());
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let overlay = lock(&self.overlay);
        let left = overlay.len().saturating_sub(offset).min(u64::from(size));
        let mut buffer = vec![0; usize::try_from(left).unwrap_or(0)];
        match overlay.read_at(offset, &mut buffer) {
            Ok(()) => reply.data(&buffer),
            Err(error) => reply.error(error.into()),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match lock(&self.overlay).write_at(offset, data) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                reply.error(fuser::Errno::ENOSPC);
            }
            Err(error) => reply.error(error.into()),
        }
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        // Nothing is meant to be durable before the commit.
        reply.ok();
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }
}
