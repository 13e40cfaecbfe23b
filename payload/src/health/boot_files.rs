//! Files that start a Windows: which ways of starting a volume has, and what is missing of them.

use std::path::Path;

use rescue_stick::report::health::{FileHealth, FileState};
use rescue_stick::report::line::Line;

use crate::windows::path::{PathError, Resolved, WindowsPath};

/// A way of starting, by its files.
struct Way {
    /// Name for people.
    title: &'static str,
    files: &'static [&'static str],
}

/// The ways of starting. Source: Microsoft, "Boot process and BCD"; for XP "Windows XP startup process".
const ALL_WAYS: &[Way] = &[
    Way {
        title: "Windows XP and before",
        files: &["\\ntldr", "\\NTDETECT.COM", "\\boot.ini"],
    },
    Way {
        title: "Windows since Vista, BIOS",
        files: &["\\bootmgr", "\\Boot\\BCD"],
    },
    Way {
        title: "Windows since Vista, UEFI",
        files: &[
            "\\EFI\\Microsoft\\Boot\\bootmgfw.efi",
            "\\EFI\\Microsoft\\Boot\\BCD",
        ],
    },
];

/// Returns the files of every way of starting of which the volume mounted at `root` has one.
pub(super) fn find_boot_files(root: &Path) -> Vec<FileHealth> {
    let mut found = Vec::new();
    for way in ALL_WAYS {
        let files: Vec<_> = way
            .files
            .iter()
            .map(|file| look_at(root, file, way))
            .collect();
        let is_here = |file: &FileHealth| file.state != FileState::Missing;
        if files.iter().any(is_here) {
            found.extend(files);
        }
    }
    found
}

fn look_at(root: &Path, text: &str, way: &Way) -> FileHealth {
    let health = |path: Line, state, reason: Option<String>| FileHealth {
        path,
        state,
        signed: None,
        reason: reason.map(|reason| Line::clean(&reason)),
    };
    let spelled = |path: WindowsPath| Line::clean(&path.to_string());
    let needed = Some(format!("needed to start {}", way.title));
    match WindowsPath::parse(text, None).and_then(|path| path.resolve(root)) {
        Ok(Resolved::File { path, size: 0, .. }) => health(spelled(path), FileState::Empty, needed),
        Ok(Resolved::File { path, .. }) => health(spelled(path), FileState::Present, None),
        Ok(Resolved::Missing { .. }) => health(text.into(), FileState::Missing, needed),
        Ok(Resolved::Folder { path, .. }) => {
            let reason = Some("a folder, expected a file".to_owned());
            health(spelled(path), FileState::Unreadable, reason)
        }
        // Something else has the name of a folder on the way.
        Err(PathError::NotAFolder { .. }) => health(text.into(), FileState::Missing, needed),
        Err(error) => health(text.into(), FileState::Unreadable, Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;

    fn find(files: &[(&str, &str)]) -> Vec<(String, FileState)> {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let found = find_boot_files(folder.path()).into_iter();
        found.map(|one| (one.path.to_string(), one.state)).collect()
    }

    #[test]
    fn a_way_of_starting_is_looked_at_if_one_of_its_files_is_there() {
        let file = |path: &str, state| (path.to_owned(), state);
        assert_eq!(
            find(&[("NTLDR", "x"), ("boot.ini", "")]),
            [
                file("\\NTLDR", FileState::Present),
                file("\\NTDETECT.COM", FileState::Missing),
                file("\\boot.ini", FileState::Empty),
            ]
        );
        assert_eq!(
            find(&[("EFI/Microsoft/Boot/BCD", "x"), ("Boot", "")]),
            [
                file("\\EFI\\Microsoft\\Boot\\bootmgfw.efi", FileState::Missing),
                file("\\EFI\\Microsoft\\Boot\\BCD", FileState::Present),
            ]
        );
        assert_eq!(find(&[("photos/1.jpg", "x")]), []);
    }
}
