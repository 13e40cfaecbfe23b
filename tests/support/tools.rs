//! Programs of other people: what a test needs of them, and where what they fetch is kept.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use fs_err as fs;
// Finding and running them is the rehearsal's; a test names both by one path.
pub use rehearsal::tools::{Said, find_tool, sha256_hex};

/// Release of virt-firmware that makes the variable stores; pinned so that a new release cannot
/// change what "trusts only the 2023 certificate" means.
const VIRT_FIRMWARE_VERSION: &str = "26.10";

/// Returns cargo's target folder, where caches and tools live.
pub fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target"),
    }
}

/// Tells whether a test that needs these programs can run here.
///
/// On a developer's machine a missing one makes the test skip itself, with a line that says so.
/// Where the environment variable `CI` is set nothing may be skipped, so it panics there.
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must say so where test output goes"
)]
pub fn require_tools(names: &[&str]) -> bool {
    for name in names {
        if find_tool(name).is_none() {
            let finding = format!("{name}: no such program in PATH, /usr/sbin or /sbin");
            assert!(
                std::env::var_os("CI").is_none(),
                "{finding}; under CI nothing is skipped"
            );
            eprintln!("skipped: {finding}");
            return false;
        }
    }
    true
}

/// Tells whether NTFS volumes can be made and populated here; see [`require_tools`].
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must say so where test output goes"
)]
pub fn require_ntfs() -> bool {
    if !require_tools(&[
        "mkntfs", "ntfs-3g", "ntfscat", "ntfsls", "ntfsinfo", "ntfsfix",
    ]) {
        return false;
    }
    if !Path::new("/dev/fuse").exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "/dev/fuse: missing; under CI nothing is skipped"
        );
        eprintln!("skipped: /dev/fuse: missing, expected it for ntfs-3g");
        return false;
    }
    true
}

/// Returns a command for a program; see [`rehearsal::tools::command`].
pub fn command(name: &str) -> Result<Command> {
    Ok(rehearsal::tools::command(name)?)
}

/// Runs a program to its end; see [`rehearsal::tools::run`].
pub fn run<A: AsRef<OsStr>>(name: &str, arguments: &[A]) -> Result<Said> {
    Ok(rehearsal::tools::run(name, arguments)?)
}

/// Runs a command to its end; see [`rehearsal::tools::run_command`].
pub fn run_command(command: Command) -> Result<Said> {
    Ok(rehearsal::tools::run_command(command)?)
}

/// Runs `make` while no other test or process runs one under the same lock file.
pub fn with_lock<T>(lock: &Path, make: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(folder) = lock.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = fs::File::create(lock)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .with_context(|| format!("locking {}", lock.display()))?;
    make()
}

/// Returns `virt-fw-vars`, which edits UEFI variable stores. It is installed once into the target
/// folder by pip, hence needs a network the first time.
pub fn virt_firmware() -> Result<PathBuf> {
    let folder = target_folder().join(format!("tools/virt-firmware-{VIRT_FIRMWARE_VERSION}"));
    let program = folder.join("bin/virt-fw-vars");
    let done = folder.join("complete");
    with_lock(&target_folder().join("tools/virt-firmware.lock"), || {
        if !done.exists() {
            run(
                "python3",
                &[OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()],
            )?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["--quiet", "--disable-pip-version-check", "install"]);
            pip.arg(format!("virt-firmware=={VIRT_FIRMWARE_VERSION}"));
            run_command(pip).context("installing virt-firmware")?;
            fs::write(&done, VIRT_FIRMWARE_VERSION)?;
        }
        Ok(program)
    })
}
