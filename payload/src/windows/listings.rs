//! Folders of a mounted volume as they were listed, for work that looks up many paths.
//!
//! A listing costs an old PC's driver some twenty requests. So each folder is listed once, until whoever changes
//! it says so.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{CWD, Dir, Mode, OFlags, openat};
use rustix::io::Errno;

/// Folders of the volume mounted at a place.
#[derive(Debug)]
pub struct Listings<'a> {
    root: &'a Path,
    known: RefCell<BTreeMap<PathBuf, Rc<Listing>>>,
}

/// One folder, which is open.
#[derive(Debug)]
pub(super) struct Listing {
    folder: Dir,
    names: Vec<String>,
}

impl<'a> Listings<'a> {
    /// Returns those of the volume mounted at `root`, none of which is known yet.
    pub fn new(root: &'a Path) -> Self {
        let known = RefCell::default();
        Self { root, known }
    }

    /// Returns where the volume is mounted.
    pub fn root(&self) -> &'a Path {
        self.root
    }

    /// Forgets the folder at `folder`, in which something was made, renamed or removed.
    pub fn forget(&self, folder: &Path) {
        self.known.borrow_mut().remove(folder);
    }

    /// Forgets the folder in which `file` lies.
    pub fn forget_folder_of(&self, file: &Path) {
        if let Some(folder) = file.parent() {
            self.forget(folder);
        }
    }

    /// Returns whether the folder at `at` was listed.
    pub(super) fn knows(&self, at: &Path) -> bool {
        self.known.borrow().contains_key(at)
    }

    /// Returns the folder at `at`, which is `above` and the name in it: a driver looks at every folder of a longer
    /// path again. A link is not followed, but for the root.
    pub(super) fn list(
        &self,
        at: &Path,
        above: Option<(Rc<Listing>, String)>,
    ) -> Result<Rc<Listing>, Errno> {
        if let Some(known) = self.known.borrow().get(at) {
            return Ok(Rc::clone(known));
        }
        let opened = match &above {
            None => open_folder(CWD, at, OFlags::empty())?,
            Some((above, name)) => {
                open_folder(above.folder.fd()?, Path::new(name), OFlags::NOFOLLOW)?
            }
        };
        let mut folder = Dir::new(opened)?;
        let mut names = Vec::new();
        for entry in &mut folder {
            // A name that is not Unicode cannot be one that we look for.
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        let listing = Rc::new(Listing { folder, names });
        let mut known = self.known.borrow_mut();
        known.insert(at.to_owned(), Rc::clone(&listing));
        Ok(listing)
    }
}

impl Listing {
    /// Returns the open folder.
    pub(super) fn folder(&self) -> Result<impl AsFd + '_, Errno> {
        self.folder.fd()
    }

    /// Returns the names in it, `.` and `..` too, in the order of the file system.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

fn open_folder(above: impl AsFd, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(above, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::windows::path::{Resolved, WindowsPath};

    #[test]
    fn a_folder_is_listed_once_until_somebody_says_that_it_changed() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("Windows/System32");
        fs::create_dir_all(&folder).unwrap();
        let listings = Listings::new(tree.path());
        let path = WindowsPath::parse("\\WINDOWS\\system32\\X.dll", None).unwrap();
        let is_there = || matches!(path.resolve_in(&listings), Ok(Resolved::File { .. }));
        assert!(!is_there());
        fs::write(folder.join("x.dll"), "x").unwrap();
        assert!(!is_there(), "it was listed again");
        listings.forget_folder_of(&folder.join("x.dll"));
        assert!(is_there());
        // What is known is the names alone: what lies there is looked at each time.
        fs::write(folder.join("x.dll"), "longer").unwrap();
        let found = path.resolve_in(&listings).unwrap();
        assert!(matches!(found, Resolved::File { size: 6, .. }), "{found:?}");
        fs::remove_file(folder.join("x.dll")).unwrap();
        let error = path.resolve_in(&listings).unwrap_err().to_string();
        assert!(error.contains("No such file"), "{error}");
        listings.forget(&folder);
        assert!(!is_there());
    }

    #[test]
    fn a_folder_that_was_replaced_by_a_link_is_not_left() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("a/b")).unwrap();
        fs::write(tree.path().join("a/b/x"), "x").unwrap();
        let listings = Listings::new(tree.path());
        let path = WindowsPath::parse("\\a\\b\\x", None).unwrap();
        path.resolve_in(&listings).unwrap();
        let other = tempfile::tempdir().unwrap();
        fs::rename(tree.path().join("a/b"), tree.path().join("a/c")).unwrap();
        std::os::unix::fs::symlink(other.path(), tree.path().join("a/b")).unwrap();
        listings.forget(&tree.path().join("a/b"));
        assert!(path.resolve_in(&listings).is_err());
    }
}
