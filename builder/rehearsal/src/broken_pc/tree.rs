//! Which files a simulated Windows has, and what is in them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::{Context, Result};
use fs_err as fs;

use self::start::{add_windows_7_root, add_xp_root};
use self::system::{add_svchost, add_system_files};
use super::containers::quarantine_container;
use super::hives::{MountedDevice, small_hive, software_hive, system_hive};
use super::programs::svchost_in;
use super::words::words;
use super::{Extra, WindowsSpec};
use crate::definitions::{MEMBER_NAMES, synthetic_member};
use crate::random::random_bytes;

pub(super) mod start;
mod system;

/// 14 April 2008, 12:00 UTC, as seconds since 1970: the time of XP SP3's system files.
const SYSTEM_TIME: u64 = 1_208_174_400;
/// 21 April 2010, 13:00 UTC: when DAT 5958 came out.
const DAT_TIME: u64 = 1_271_854_800;
/// A file or folder of a volume.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Path on the volume, parts separated by `/`, without one in front.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Whether it has the attributes hidden and system.
    pub hidden: bool,
    /// When it was last changed, in seconds since 1970.
    pub time: u64,
}

/// Folder, or file with its content.
#[derive(Clone, Debug)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file and all its bytes.
    File(Vec<u8>),
}

/// Collects entries; a folder always comes before what is in it.
#[derive(Default)]
struct Tree {
    entries: Vec<Entry>,
    folders: BTreeSet<String>,
}

impl Tree {
    fn folder(&mut self, path: &str) {
        for (at, _) in path.match_indices('/').chain([(path.len(), "")]) {
            if self.folders.insert(path[..at].to_owned()) {
                self.push(&path[..at], EntryKind::Folder, SYSTEM_TIME);
            }
        }
    }

    fn file(&mut self, path: &str, content: Vec<u8>) {
        self.file_of(path, content, SYSTEM_TIME);
    }

    fn file_of(&mut self, path: &str, content: Vec<u8>, time: u64) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder);
        }
        self.push(path, EntryKind::File(content), time);
    }

    fn push(&mut self, path: &str, kind: EntryKind, time: u64) {
        self.entries.push(Entry {
            path: path.to_owned(),
            kind,
            hidden: false,
            time,
        });
    }

    /// Marks the entry added last hidden and system.
    fn hide(&mut self) {
        if let Some(entry) = self.entries.last_mut() {
            entry.hidden = true;
        }
    }
}

/// Returns name and content of the DAT files of an installation; none if it has no McAfee.
pub fn dat_files(windows: &WindowsSpec) -> Vec<(String, Vec<u8>)> {
    let Some(version) = windows.dat else {
        return Vec::new();
    };
    MEMBER_NAMES
        .iter()
        .zip(windows.dat_sizes.0)
        .map(|(name, size)| ((*name).to_owned(), synthetic_member(version, name, size)))
        .collect()
}

/// Where a Windows lies on its PC.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowsPlace {
    /// Letter of its drive.
    pub(super) letter: char,
    /// Number of its partition, from 1.
    pub(super) partition: usize,
    /// Whether the PC starts from there, too.
    pub(super) starts: bool,
}

/// Returns all entries of the volume that holds an installation, folders before their content.
pub(super) fn windows_tree(
    windows: &WindowsSpec,
    place: WindowsPlace,
    devices: &[MountedDevice],
) -> Result<Vec<Entry>> {
    let mut tree = Tree::default();
    if windows.kind.is_xp() {
        add_xp_root(&mut tree, windows, place.partition, place.starts);
    } else {
        add_windows_7_root(&mut tree, place.starts);
    }
    add_system_files(&mut tree, windows)?;
    add_hives(&mut tree, windows, place.letter, devices)?;
    add_svchost(&mut tree, windows)?;
    add_profile(&mut tree, windows);
    add_mcafee(&mut tree, windows)?;
    add_extras(&mut tree, windows);
    Ok(tree.entries)
}

/// Writes entries below a folder of the host, which is made if it is not there.
pub(super) fn write_to_folder(entries: &[Entry], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in entries {
        let path = folder.join(&entry.path);
        match &entry.kind {
            EntryKind::Folder => fs::create_dir(&path)?,
            EntryKind::File(content) => fs::write(&path, content)?,
        }
    }
    // Afterwards and backwards, since what is put into a folder changes the folder's time.
    for entry in entries.iter().rev() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.time);
        let file = fs::File::open(folder.join(&entry.path))?.into_file();
        file.set_modified(time)
            .with_context(|| format!("setting the time of {}", entry.path))?;
    }
    Ok(())
}

fn add_hives(
    tree: &mut Tree,
    windows: &WindowsSpec,
    letter: char,
    devices: &[MountedDevice],
) -> Result<()> {
    let config = format!("{}/config", windows.system_folder());
    let new = !windows.kind.is_xp();
    let name = |name: &str| {
        if new {
            name.to_uppercase()
        } else {
            name.to_owned()
        }
    };
    let hives = [
        (name("software"), software_hive(windows, letter)?),
        (name("system"), system_hive(windows, devices)?),
        ("SAM".to_owned(), small_hive(windows, "SAM")?),
        ("SECURITY".to_owned(), small_hive(windows, "SECURITY")?),
        (name("default"), small_hive(windows, "default")?),
    ];
    for (name, content) in hives {
        tree.file_of(&format!("{config}/{name}"), content, DAT_TIME);
        let logs: &[&str] = if new { &["LOG1", "LOG2"] } else { &["LOG"] };
        for log in logs {
            tree.file_of(&format!("{config}/{name}.{log}"), Vec::new(), DAT_TIME);
            tree.hide();
        }
    }
    Ok(())
}

fn add_profile(tree: &mut Tree, windows: &WindowsSpec) {
    let words = words(windows.language);
    let user = match windows.kind.is_xp() {
        true => format!("{}/Front Desk", words.documents),
        false => "Users/front-desk".to_owned(),
    };
    tree.file(
        &format!("{user}/{}", words.document),
        b"Nothing of interest\r\n".to_vec(),
    );
    tree.file(
        &format!("{user}/NTUSER.DAT"),
        random_bytes("NTUSER.DAT", 20_000),
    );
    if windows.kind.is_xp() {
        tree.folder(&format!(
            "{}/All Users/{}",
            words.documents, words.start_menu
        ));
    }
}

fn add_mcafee(tree: &mut Tree, windows: &WindowsSpec) -> Result<()> {
    let Some(version) = windows.dat else {
        return Ok(());
    };
    let engine = windows.engine_folder();
    for (name, content) in dat_files(windows) {
        tree.file_of(&format!("{engine}/{name}"), content, DAT_TIME);
    }
    tree.file(
        &format!("{engine}/mcscan32.dll"),
        random_bytes("mcscan32.dll", 40_000),
    );
    tree.file(
        &format!("{engine}/license.dat"),
        random_bytes("license.dat", 2_000),
    );
    let (program_files, data) = match windows.kind.is_xp() {
        false => ("Program Files (x86)", "ProgramData".to_owned()),
        true => {
            let words = words(windows.language);
            (
                words.program_files,
                format!("{}/All Users/Application Data", words.documents),
            )
        }
    };
    if let Some(content) = svchost_in(windows, windows.quarantine)? {
        let container = quarantine_container(version, "svchost.exe", &content)?;
        tree.file_of("Quarantine/7da4150d021140.bup", container, DAT_TIME);
    }
    let shield = format!("{program_files}/McAfee/VirusScan Enterprise/mcshield.exe");
    tree.file(&shield, random_bytes("mcshield.exe", 30_000));
    if version == 5958 {
        // UTF-8 with a byte order mark, tabs, CRLF: the form of VirusScan's logs.
        let log = format!(
            "\u{feff}4/21/2010\t3:02:11 PM\tDeleted \tNT AUTHORITY\\SYSTEM\t\
             C:\\WINDOWS\\system32\\svchost.exe\tW32/Wecorl.a (Virus)\tDAT version {version}.0000\r\n"
        );
        let path = format!("{data}/McAfee/DesktopProtection/OnAccessScanLog.txt");
        tree.file_of(&path, log.into_bytes(), DAT_TIME);
    }
    Ok(())
}

/// The files that this installation has beyond the usual; one that is there is replaced.
fn add_extras(tree: &mut Tree, windows: &WindowsSpec) {
    for extra in &windows.extras {
        if let Extra::File {
            path,
            content,
            time,
        } = extra
        {
            tree.entries.retain(|entry| entry.path != *path);
            tree.file_of(path, content.clone(), time.unwrap_or(SYSTEM_TIME));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broken_pc::{FileState, good_svchost, make_folder};
    use crate::pe;

    #[test]
    fn folder_has_the_tree_of_the_specification() {
        let folder = tempfile::tempdir().unwrap();
        let windows = WindowsSpec {
            dllcache: FileState::Empty,
            ..WindowsSpec::xp_mcafee_5958()
        };
        make_folder(&windows, folder.path()).unwrap();
        let size = |path: &str| fs::metadata(folder.path().join(path)).map(|found| found.len());
        assert!(size("WINDOWS/system32/svchost.exe").is_err());
        assert_eq!(size("WINDOWS/system32/dllcache/svchost.exe").unwrap(), 0);
        let pack = folder
            .path()
            .join("WINDOWS/ServicePackFiles/i386/svchost.exe");
        assert_eq!(fs::read(&pack).unwrap(), good_svchost(&windows).unwrap());
        let time = fs::metadata(&pack).unwrap().modified().unwrap();
        assert_eq!(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
            SYSTEM_TIME
        );
        assert_eq!(
            size("Program Files/Common Files/McAfee/Engine/avvscan.dat").unwrap(),
            300_000
        );
    }

    #[test]
    fn patched_copy_fails_its_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let windows = WindowsSpec {
            dllcache: FileState::Patched,
            ..WindowsSpec::xp_mcafee_5958()
        };
        make_folder(&windows, folder.path()).unwrap();
        let copy = fs::read(folder.path().join("WINDOWS/system32/dllcache/svchost.exe")).unwrap();
        assert_ne!(
            pe::stated_checksum(&copy).unwrap(),
            pe::checksum(&copy).unwrap()
        );
    }
}
