//! A file that appears under its name only when it is complete.
//!
//! Where the file system has `O_TMPFILE`, the file has no name until then, so that not even a killed
//! program leaves anything. Elsewhere it has a temporary name in the same folder.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

/// Read and write for everyone; the person's umask takes away from it.
const MODE: u32 = 0o666;

/// A file on its way to a name.
pub(super) struct NewFile {
    path: PathBuf,
    state: State,
}

enum State {
    /// Open, and in no folder.
    Nameless(std::fs::File),
    /// Under a temporary name, which goes when this is dropped.
    Named(tempfile::NamedTempFile),
}

impl NewFile {
    /// Makes an empty file that is to become `path`.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // A device or folder would be replaced by the file, which nobody means.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("there is something else than a file"));
        }
        let folder = folder_of(path);
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let state = match rustix::fs::openat(CWD, folder, flags, Mode::from_raw_mode(MODE)) {
            Ok(descriptor) => State::Nameless(descriptor.into()),
            // What file systems and kernels without O_TMPFILE answer. Source: open(2).
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => State::Named(named_in(folder)?),
            Err(errno) => return Err(errno.into()),
        };
        Ok(Self {
            path: path.to_owned(),
            state,
        })
    }

    /// Returns the open file.
    pub(super) fn as_file(&mut self) -> &mut std::fs::File {
        match &mut self.state {
            State::Nameless(file) => file,
            State::Named(file) => file.as_file_mut(),
        }
    }

    /// Gives the file its name, in place of what had it before.
    pub(super) fn publish(self) -> io::Result<()> {
        let folder = folder_of(&self.path).to_owned();
        match self.state {
            State::Nameless(file) => give_name(&file, &self.path)?,
            State::Named(file) => {
                file.persist(&self.path)?;
            }
        }
        // The name is durable only with the folder.
        fs::File::open(folder)?.sync_all()
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn named_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;

    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(MODE))
        .prefix(".mendkit-")
        .tempfile_in(folder)
}

fn give_name(file: &std::fs::File, path: &Path) -> io::Result<()> {
    let link = |to: &Path| {
        let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, descriptor, CWD, to, AtFlags::SYMLINK_FOLLOW)
    };
    match link(path) {
        Err(Errno::EXIST) => {}
        other => return other.map_err(io::Error::from),
    }
    // A link does not replace a file, a renaming does.
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let beside = path.with_file_name(name);
    if link(&beside) == Err(Errno::EXIST) {
        // Left by a run that was killed between these two steps.
        fs::remove_file(&beside)?;
        link(&beside)?;
    }
    fs::rename(&beside, path).inspect_err(|_| {
        // OK to discard: the renaming that went wrong is what to report.
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names_in(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_has_no_name_until_it_is_published_and_replaces_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        for content in ["first", "second"] {
            let before = names_in(folder.path());
            let mut file = NewFile::create(&path).unwrap();
            file.as_file().write_all(content.as_bytes()).unwrap();
            if matches!(file.state, State::Nameless(_)) {
                assert_eq!(names_in(folder.path()), before);
            }
            file.publish().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(names_in(folder.path()), ["image"]);
        }
    }

    #[test]
    fn what_a_killed_run_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        for name in ["image", ".image.new"] {
            fs::write(folder.path().join(name), "old").unwrap();
        }
        NewFile::create(&path).unwrap().publish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(names_in(folder.path()), ["image"]);
    }

    #[test]
    fn refuses_to_replace_what_is_not_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/null")] {
            let error = NewFile::create(path).err().unwrap().to_string();
            assert_eq!(error, "there is something else than a file");
        }
    }

    #[test]
    fn nothing_is_left_when_a_file_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let nameless = NewFile::create(&path).unwrap();
        let named = NewFile {
            path: path.clone(),
            state: State::Named(named_in(folder.path()).unwrap()),
        };
        drop((nameless, named));
        assert_eq!(names_in(folder.path()), [""; 0]);
        let named = NewFile {
            path: path.clone(),
            state: State::Named(named_in(folder.path()).unwrap()),
        };
        named.publish().unwrap();
        assert_eq!(names_in(folder.path()), ["image"]);
    }
}
