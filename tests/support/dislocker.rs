//! Debian's `dislocker`, which judges what lies behind BitLocker: it decrypts without the kernel and without us.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;

use crate::afflict::overwrite;
use crate::bitlocker::RECOVERY_PASSWORD;
use crate::broken_pc::MadeVolume;
use crate::tools::{command, run_command};

/// Longest wait for it to show the volume.
const LIMIT: Duration = Duration::from_secs(60);

/// Writes a copy of a disk on which `dislocker` has decrypted a volume, for the host to look at.
pub fn decrypt_disk(disk: &Path, made: &MadeVolume, key: &DislockerKey, to: &Path) -> Result<()> {
    let opened = Dislocked::open(disk, made.offset, key)?;
    fs::copy(disk, to)?;
    let bytes = fs::read(opened.file())?;
    let length = usize::try_from(made.size)?;
    ensure!(
        bytes.len() >= length,
        "dislocker shows {} bytes",
        bytes.len()
    );
    overwrite(to, made.offset, &bytes[..length])
}

/// What dislocker opens a volume with.
#[derive(Clone, Debug)]
pub enum DislockerKey {
    /// [`RECOVERY_PASSWORD`].
    RecoveryPassword,
    /// The key that lies in the clear.
    ClearKey,
    /// A file.
    StartupKey(PathBuf),
}

/// A volume that dislocker shows as a file, until this is dropped.
#[derive(Debug)]
struct Dislocked {
    folder: tempfile::TempDir,
    process: Child,
}

impl Dislocked {
    fn open(disk: &Path, offset: u64, key: &DislockerKey) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("mendkit-dislocked-")
            .tempdir()?;
        let mut dislocker = command("dislocker-fuse")?;
        dislocker.arg("-q").arg("-r").arg("-V").arg(disk);
        dislocker.arg("-O").arg(offset.to_string());
        match key {
            DislockerKey::RecoveryPassword => dislocker.arg(format!("-p{RECOVERY_PASSWORD}")),
            DislockerKey::ClearKey => dislocker.arg("-c"),
            DislockerKey::StartupKey(file) => dislocker.arg("-f").arg(file),
        };
        dislocker.arg("--").arg(folder.path()).arg("-f");
        dislocker
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = dislocker.spawn().context("starting dislocker")?;
        let mut opened = Self { folder, process };
        let started = Instant::now();
        while !opened.file().exists() {
            if let Some(status) = opened.process.try_wait()? {
                anyhow::bail!("dislocker on {}: {status}", disk.display());
            }
            ensure!(
                started.elapsed() < LIMIT,
                "dislocker: nothing shown after {LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(opened)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("dislocker-file")
    }
}

impl Drop for Dislocked {
    fn drop(&mut self) {
        // It ends with its mount. Nobody is left to tell if it does not.
        if let Ok(mut umount) = command("umount") {
            umount.arg("-l").arg(self.folder.path());
            drop(run_command(umount));
        }
        drop(self.process.wait());
    }
}
