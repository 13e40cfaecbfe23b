//! Programs of other people: finding them and running them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::error::{Context as _, Error, Result};

/// Which of Debian's packages brings a program; Ubuntu's have the same names.
const ALL_PACKAGES: &[(&str, &str)] = &[
    ("mkntfs", "ntfs-3g"),
    ("ntfs-3g", "ntfs-3g"),
    ("mkfs.fat", "dosfstools"),
    ("mcopy", "mtools"),
    ("mattrib", "mtools"),
    ("mmd", "mtools"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("qemu-system-i386", "qemu-system-x86"),
    ("setpriv", "util-linux"),
    ("umount", "mount"),
    ("unshare", "util-linux"),
    ("cp", "coreutils"),
];

/// Returns where a program lies: in `PATH`, or in the folders that hold administrators' tools and
/// that an ordinary user's `PATH` lacks.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Returns where a program lies, or which package would bring it.
pub fn require_tool(name: &str) -> Result<PathBuf> {
    let hint = || {
        let row = ALL_PACKAGES.iter().find(|(program, _)| *program == name);
        row.map_or_else(String::new, |(_, package)| {
            format!("; install the package {package}")
        })
    };
    find_tool(name).ok_or_else(|| Error::MissingTool {
        program: name.to_owned(),
        hint: hint(),
    })
}

/// Returns a command for a program, in a fixed locale and zone so that its output and the times it
/// stores do not depend on where the test runs.
pub fn command(name: &str) -> Result<Command> {
    let path = require_tool(name)?;
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
        return Err(Error::Tool {
            command: format!("{command:?}"),
            status: output.status.to_string(),
            said: format!("{}{}", said.text(), said.err),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_failing_program_said() {
        let failed = run("sh", &["-c", "echo heard; echo loud >&2; exit 3"]).unwrap_err();
        let text = failed.chain();
        assert!(
            text.contains("heard") && text.contains("loud") && text.contains('3'),
            "{text}"
        );
    }

    #[test]
    fn hashes_as_sha256sum_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs_err::write(&file, b"mendkit").unwrap();
        let said = run("sha256sum", &[&file]).unwrap().text();
        assert_eq!(
            said.split(' ').next(),
            Some(sha256_hex(b"mendkit").as_str())
        );
    }
}
