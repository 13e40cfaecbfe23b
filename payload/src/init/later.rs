//! What only Linux reads from the stick: the programs that `mend` starts, and the modules that are not needed to
//! find the stick. Firmware would read them slowly, and before there is anything on the screen.
//!
//! Each archive is held against the signed manifest before anything of it is used. It is newc, gzipped, and what
//! is in it ends up in memory, so that the stick may be pulled. Source: Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cpio::newc;
use flate2::read::GzDecoder;
use fs_err as fs;
use rescue_stick::paths;

use crate::stick::{SignedManifest, StickError};

/// Bits of a file's mode that say what it is, and those of a folder. Source: POSIX, sys/stat.h.
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;

/// An archive that was read, and where.
pub(super) struct Archive {
    path: &'static str,
    bytes: Vec<u8>,
}

/// Reads all of it from the stick at `root`.
pub(super) fn read_later(
    root: &Path,
    manifest: &SignedManifest,
) -> Result<[Archive; 2], StickError> {
    let modules = match rustix::system::uname().machine().to_bytes() {
        b"x86_64" => paths::LATER_64,
        _ => paths::LATER_32,
    };
    let read = |path| {
        let bytes = manifest.read_file(root, path)?;
        Ok::<_, StickError>(Archive { path, bytes })
    };
    Ok([read(paths::PROGRAMS)?, read(modules)?])
}

impl Archive {
    /// Unpacks it into memory, where the kernel looks for programs and modules.
    pub(super) fn unpack(&self) -> io::Result<()> {
        let unpacked = unpack(GzDecoder::new(self.bytes.as_slice()), Path::new("/"));
        unpacked.map_err(|error| {
            let text = format!("unpacking {}: {error}", self.path);
            io::Error::new(error.kind(), text)
        })
    }
}

/// Unpacks an archive of folders and files below `root`.
fn unpack<R: io::Read>(mut archive: R, root: &Path) -> io::Result<()> {
    loop {
        let mut reader = newc::Reader::new(archive)?;
        let entry = reader.entry();
        if entry.is_trailer() {
            return Ok(());
        }
        let path = root.join(plain(entry.name())?);
        let mode = entry.mode();
        if mode & KIND == FOLDER {
            fs::create_dir_all(&path)?;
        } else {
            let mut file = fs::File::create(&path)?;
            let size = u64::from(entry.file_size());
            let copied = io::copy(&mut reader.by_ref().take(size), &mut file)?;
            if copied != size {
                let text = format!("{}: {copied} bytes, expected {size}", path.display());
                return Err(io::Error::other(text));
            }
            file.flush()?;
            fs::set_permissions(&path, PermissionsExt::from_mode(mode & 0o777))?;
        }
        archive = reader.finish()?;
    }
}

/// Returns a name that leads nowhere else.
fn plain(name: &str) -> io::Result<&str> {
    let fits = |part: &str| !part.is_empty() && part != "." && part != "..";
    if name.split('/').all(fits) {
        return Ok(name);
    }
    let text = format!("{name:?} is not a plain relative path");
    Err(io::Error::other(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, mode, content) in entries {
            let builder = newc::Builder::new(name).mode(*mode);
            let mut writer = builder.write(&mut bytes, content.len().try_into().unwrap());
            writer.write_all(content).unwrap();
            writer.finish().unwrap();
        }
        newc::trailer(bytes).unwrap()
    }

    #[test]
    fn folders_and_files_come_with_their_modes() {
        let bytes = archive(&[
            ("usr", 0o040_755, b""),
            ("usr/program", 0o100_755, b"12345"),
            ("list", 0o100_644, b"x"),
        ]);
        let folder = tempfile::tempdir().unwrap();
        unpack(bytes.as_slice(), folder.path()).unwrap();
        let program = folder.path().join("usr/program");
        assert_eq!(fs::read(&program).unwrap(), b"12345");
        let mode = fs::metadata(&program).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(fs::read(folder.path().join("list")).unwrap(), b"x");
    }

    #[test]
    fn refuses_names_that_lead_elsewhere_and_archives_that_end_early() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../x", "/x", "a//b", "./a"] {
            let bytes = archive(&[(name, 0o100_644, b"x")]);
            assert!(unpack(bytes.as_slice(), folder.path()).is_err(), "{name}");
        }
        let bytes = archive(&[("x", 0o100_644, &[7; 100])]);
        for length in [0, 50, 115, 150, bytes.len() - 130] {
            assert!(unpack(&bytes[..length], folder.path()).is_err(), "{length}");
        }
    }
}
