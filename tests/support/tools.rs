//! Programs of other people: finding them, running them, and where what they fetch is kept.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use sha2::{Digest, Sha256};

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

/// Returns where a program lies: in `PATH`, or in the folders that hold administrators' tools and
/// that an ordinary user's `PATH` lacks.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
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

/// Returns a command for a program, in a fixed locale and zone so that its output and the times it
/// stores do not depend on where the test runs.
pub fn command(name: &str) -> Result<Command> {
    let path = find_tool(name)
        .with_context(|| format!("{name}: no such program in PATH, /usr/sbin or /sbin"))?;
    let mut command = Command::new(path);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    Ok(command)
}

/// Runs a program to its end and returns what it wrote; anything but exit code 0 is an error that
/// holds all it said.
pub fn run<A: AsRef<OsStr>>(name: &str, arguments: &[A]) -> Result<Said> {
    let mut command = command(name)?;
    command.args(arguments);
    run_command(command)
}

/// As [`run`], for a command that needs more than arguments.
pub fn run_command(mut command: Command) -> Result<Said> {
    let output = command
        .output()
        .with_context(|| format!("running {command:?}"))?;
    let said = Said {
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    if !output.status.success() {
        bail!(
            "{command:?}: {}, expected exit status 0\n{}{}",
            output.status,
            said.text(),
            said.err
        );
    }
    Ok(said)
}

/// What a program wrote.
#[derive(Clone, Debug)]
pub struct Said {
    /// Standard output, byte for byte.
    pub out: Vec<u8>,
    /// Standard error as text.
    pub err: String,
}

impl Said {
    /// Returns standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Returns the SHA-256 of bytes as 64 hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_failing_program_said() {
        let failed = run("sh", &["-c", "echo heard; echo loud >&2; exit 3"]).unwrap_err();
        let text = format!("{failed:#}");
        assert!(
            text.contains("heard") && text.contains("loud") && text.contains('3'),
            "{text}"
        );
    }

    #[test]
    fn hashes_as_sha256sum_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"mendkit").unwrap();
        let said = run("sha256sum", &[&file]).unwrap().text();
        assert_eq!(
            said.split(' ').next(),
            Some(sha256_hex(b"mendkit").as_str())
        );
    }
}
