//! Paths as a tree of folders, in the order in which they were first named.

use std::collections::HashMap;

use super::name::{self, NameError, ShortName};
use super::raw::{ENTRY_SIZE, LONG_NAME_UNITS};

/// Most entries of 32 bytes in a folder: it may have 2 MiB. Source: Microsoft FAT specification 1.03.
const MOST_SLOTS: usize = 65_536;

/// Paths that do not make a tree.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A name that FAT cannot hold.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two paths that FAT cannot tell apart.
    #[error("{path}: the same as {other} on FAT32, which does not tell case apart")]
    Twice {
        /// The later path.
        path: String,
        /// The earlier one.
        other: String,
    },
    /// Too many files, or too long names.
    #[error("{path}: its names take {slots} folder entries, expected at most 65536")]
    FolderTooLarge {
        /// Path of the folder.
        path: String,
        /// What it needs.
        slots: usize,
    },
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Index of a folder in the tree.
    Folder(usize),
    /// Index of a file in the order given.
    File(usize),
}

/// A folder with its names in the order given.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    path: String,
    parent: usize,
    names: Vec<&'a str>,
    nodes: Vec<Node>,
    short_names: Vec<ShortName>,
    slots: usize,
}

/// All folders; the root is the first, and each comes after its parent.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    folders: Vec<Folder<'a>>,
}

impl<'a> Folder<'a> {
    /// Returns the path, which begins with `/`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the index of the folder above; the root is its own.
    pub(crate) fn parent(&self) -> usize {
        self.parent
    }

    /// Returns every name with its short name and what it stands for.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, &ShortName, Node)> {
        let names = self.names.iter().copied().zip(&self.short_names);
        names
            .zip(&self.nodes)
            .map(|((name, short), node)| (name, short, *node))
    }

    /// Returns the bytes that the entries take.
    pub(crate) fn byte_size(&self) -> u64 {
        u64::try_from(self.slots.saturating_mul(ENTRY_SIZE)).unwrap_or(u64::MAX)
    }

    fn new(path: String, parent: usize, own_slots: usize) -> Self {
        Self {
            path,
            parent,
            names: Vec::new(),
            nodes: Vec::new(),
            short_names: Vec::new(),
            slots: own_slots,
        }
    }
}

impl<'a> Tree<'a> {
    /// Makes the tree of these files, with folders that may be empty.
    pub(crate) fn from_paths(
        files: impl Iterator<Item = &'a str>,
        folders: impl Iterator<Item = &'a str>,
    ) -> Result<Self, TreeError> {
        // The root begins with the volume label, every other folder with `.` and `..`.
        let root = Folder::new("/".to_owned(), 0, 1);
        let mut growing = Growing {
            tree: Tree {
                folders: vec![root],
            },
            known: HashMap::new(),
        };
        for (index, path) in files.enumerate() {
            growing.add_file(path, index)?;
        }
        for path in folders {
            growing.folder_at(path, path)?;
        }
        let mut tree = growing.tree;
        for folder in &mut tree.folders {
            if folder.slots > MOST_SLOTS {
                return Err(TreeError::FolderTooLarge {
                    path: folder.path.clone(),
                    slots: folder.slots,
                });
            }
            folder.short_names = name::short_names(&folder.names);
        }
        Ok(tree)
    }

    /// Returns the folders, each after its parent.
    pub(crate) fn folders(&self) -> impl ExactSizeIterator<Item = &Folder<'a>> {
        self.folders.iter()
    }
}

/// A tree to which paths are being added.
struct Growing<'a> {
    tree: Tree<'a>,
    /// What lies at a folded path, and the path as it was first spelt.
    known: HashMap<String, (Node, &'a str)>,
}

impl<'a> Growing<'a> {
    fn add_file(&mut self, path: &'a str, index: usize) -> Result<(), TreeError> {
        let (parent, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (self.folder_at(parent, path)?, name),
            None => (0, path),
        };
        name::check_name(path, name)?;
        let key = name::folded(path);
        if let Some((_, other)) = self.known.get(&key) {
            return Err(twice(path, other));
        }
        self.known.insert(key, (Node::File(index), path));
        self.add_entry(parent, name, Node::File(index));
        Ok(())
    }

    /// Returns the index of the folder at `path`, made with all above it if it is not there yet.
    fn folder_at(&mut self, path: &'a str, whole: &str) -> Result<usize, TreeError> {
        let key = name::folded(path);
        match self.known.get(&key) {
            Some((Node::Folder(index), spelt)) if *spelt == path => return Ok(*index),
            Some((_, other)) => return Err(twice(whole, other)),
            None => {}
        }
        let (parent, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (self.folder_at(parent, whole)?, name),
            None => (0, path),
        };
        name::check_name(whole, name)?;
        let index = self.tree.folders.len();
        self.tree
            .folders
            .push(Folder::new(format!("/{path}"), parent, 2));
        self.known.insert(key, (Node::Folder(index), path));
        self.add_entry(parent, name, Node::Folder(index));
        Ok(index)
    }

    fn add_entry(&mut self, parent: usize, name: &'a str, node: Node) {
        if let Some(folder) = self.tree.folders.get_mut(parent) {
            folder.slots = folder.slots.saturating_add(slots_of(name));
            folder.names.push(name);
            folder.nodes.push(node);
        }
    }
}

fn twice(path: &str, other: &str) -> TreeError {
    TreeError::Twice {
        path: path.to_owned(),
        other: other.to_owned(),
    }
}

/// Returns the entries that a name takes: its own and those of its long name.
fn slots_of(name: &str) -> usize {
    if !name::needs_long_name(name) {
        return 1;
    }
    let units = name.encode_utf16().count();
    units.div_ceil(LONG_NAME_UNITS).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(files: &[&'static str], folders: &[&'static str]) -> String {
        Tree::from_paths(files.iter().copied(), folders.iter().copied())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn refuses_paths_that_fat_takes_for_the_same() {
        let same = "the same as";
        for (files, folders) in [
            (&["a/b", "a/B"][..], &[][..]),
            (&["a", "a/b"], &[]),
            (&["a/b", "a"], &[]),
            (&["EFI/x", "efi/y"], &[]),
            (&["reports"], &["Reports"]),
        ] {
            assert!(error(files, folders).contains(same), "{files:?}");
        }
        assert_eq!(
            error(&["EFI/x", "efi/y"], &[]),
            "efi/y: the same as EFI on FAT32, which does not tell case apart"
        );
    }

    #[test]
    fn refuses_paths_that_are_not_plain() {
        for path in ["", "/a", "a//b", "a/", "../a", "a/./b", "a\\b"] {
            assert!(
                Tree::from_paths([path].into_iter(), [].into_iter()).is_err(),
                "{path:?}"
            );
        }
    }

    #[test]
    fn folders_follow_their_parents_and_are_made_once() {
        let tree = Tree::from_paths(
            ["a/b/c/file", "a/b/other", "top"].into_iter(),
            ["a/b", "reports"].into_iter(),
        )
        .unwrap();
        let paths: Vec<&str> = tree.folders().map(|folder| folder.path()).collect();
        assert_eq!(paths, ["/", "/a", "/a/b", "/a/b/c", "/reports"]);
        let parents: Vec<usize> = tree.folders().map(|folder| folder.parent()).collect();
        assert_eq!(parents, [0, 0, 1, 2, 0]);
    }

    #[test]
    fn refuses_folders_beyond_two_mib() {
        let paths: Vec<String> = (0..22_000)
            .map(|n| format!("d/long name number {n}"))
            .collect();
        let paths = paths.iter().map(String::as_str);
        let error = Tree::from_paths(paths, [].into_iter())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "/d: its names take 66002 folder entries, expected at most 65536"
        );
    }
}
