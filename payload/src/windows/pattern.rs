//! Files that a path of a remedy means on a volume, with `*` and `?` in its last name.

use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::remedy::value::{fits_pattern, has_wildcard};

use crate::windows::folders::Folders;
use crate::windows::path::{PathError, Resolved, WindowsPath};

/// Files of one folder that are looked at at most.
const MOST_FILES: usize = 100_000;

/// A file that a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is mounted.
    pub at: PathBuf,
    /// Its path as the volume spells it.
    pub path: WindowsPath,
    /// Bytes.
    pub size: u64,
}

/// Returns the files that `text` means on the volume mounted at `root`, by name. Folders that fit are no
/// files; a folder that is not there has none.
///
/// # Errors
///
/// A link that fits is refused like one on the way: it may lead anywhere.
pub fn find_files(root: &Path, folders: &Folders, text: &str) -> Result<Vec<FoundFile>, PathError> {
    if !has_wildcard(text) {
        return Ok(match folders.expand_remedy_path(text)?.resolve(root)? {
            Resolved::File { at, path, size } => vec![FoundFile { at, path, size }],
            Resolved::Missing { .. } => Vec::new(),
            Resolved::Folder { path, .. } => return Err(PathError::Special { path }),
        });
    }
    let (folder, pattern) = text.rsplit_once('\\').unwrap_or(("", text));
    let (at, folder) = match folders.expand_remedy_path(folder)?.resolve(root)? {
        Resolved::Folder { at, path } => (at, path),
        Resolved::Missing { .. } => return Ok(Vec::new()),
        Resolved::File { path, .. } => return Err(PathError::NotAFolder { path }),
    };
    let io_error = |path: &WindowsPath, source| PathError::Io {
        path: path.clone(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(&at)
        .map_err(|e| io_error(&folder, e))?
        .take(MOST_FILES)
    {
        let entry = entry.map_err(|e| io_error(&folder, e))?;
        let name = entry.file_name();
        // A name that is not Unicode cannot be shown to a person, so it is never meant.
        let Some(name) = name.to_str().filter(|name| fits_pattern(pattern, name)) else {
            continue;
        };
        let path = folder.join(name)?;
        let facts = fs::symlink_metadata(entry.path()).map_err(|e| io_error(&path, e))?;
        if facts.is_symlink() {
            return Err(PathError::Link { path });
        }
        if facts.is_file() {
            found.push(FoundFile {
                at: entry.path(),
                path,
                size: facts.len(),
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_that_fit_in_any_case_and_refuses_links() {
        let root = tempfile::tempdir().unwrap();
        let drivers = root.path().join("Windows/System32/Drivers/CrowdStrike");
        fs::create_dir_all(drivers.join("C-00000291-folder.sys")).unwrap();
        for name in [
            "C-00000291-2.SYS",
            "c-00000291-1.sys",
            "C-00000292-1.sys",
            "x",
        ] {
            fs::write(drivers.join(name), name).unwrap();
        }
        let windows = WindowsPath::parse("\\Windows", None).unwrap();
        let folders = Folders::defaults(windows).unwrap();
        let find = |text| find_files(root.path(), &folders, text);
        let found = find("{drivers}\\crowdstrike\\C-00000291*.sys").unwrap();
        let names: Vec<&str> = found.iter().map(|file| file.path.name()).collect();
        assert_eq!(names, ["C-00000291-2.SYS", "c-00000291-1.sys"]);
        assert_eq!(find("{drivers}\\crowdstrike\\x").unwrap()[0].size, 1);
        assert!(find("{drivers}\\absent\\*").unwrap().is_empty());
        std::os::unix::fs::symlink("x", drivers.join("C-00000291-3.sys")).unwrap();
        let error = find("{drivers}\\crowdstrike\\C-00000291*.sys").unwrap_err();
        assert!(matches!(error, PathError::Link { .. }), "{error}");
    }
}
