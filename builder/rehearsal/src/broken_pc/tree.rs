//! Which files a simulated Windows has, and what is in them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::{Context, Result};
use fs_err as fs;

use super::containers::{compressed_file, quarantine_container};
use super::hives::{MountedDevice, small_hive, software_hive, system_hive};
use super::programs::{program, svchost_in};
use super::words::words;
use super::{Extra, FileState, FileSystem, WindowsKind, WindowsSpec};
use crate::definitions::{MEMBER_NAMES, synthetic_member};
use crate::random::random_bytes;

/// 14 April 2008, 12:00 UTC, as seconds since 1970: the time of XP SP3's system files.
const SYSTEM_TIME: u64 = 1_208_174_400;
/// 21 April 2010, 13:00 UTC: when DAT 5958 came out.
const DAT_TIME: u64 = 1_271_854_800;
/// Folder of svchost.exe's component in Windows 7. Observed: Windows 7 SP1 x64.
const WINSXS_SVCHOST: &str = "amd64_microsoft-windows-services-svchost_31bf3856ad364e35_\
                              6.1.7600.16385_none_f1b7ac8b7c1b8c3a";

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

/// Returns all entries of the volume that holds the installation number `index` of its disk,
/// folders before their content.
pub(super) fn windows_tree(
    windows: &WindowsSpec,
    index: usize,
    devices: &[MountedDevice],
) -> Result<Vec<Entry>> {
    let letter = devices
        .get(index)
        .context("no drive letter for the installation")?
        .letter;
    let mut tree = Tree::default();
    if windows.kind.is_xp() {
        add_xp_start(&mut tree, windows, index);
    } else {
        add_windows_7_start(&mut tree);
    }
    add_system_files(&mut tree, windows)?;
    add_hives(&mut tree, windows, letter, devices)?;
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

fn add_xp_start(tree: &mut Tree, windows: &WindowsSpec, index: usize) {
    let edition = words(windows.language).edition;
    let line = format!("multi(0)disk(0)rdisk(0)partition({})\\WINDOWS", index + 1);
    let boot_ini = format!(
        "[boot loader]\r\ntimeout=30\r\ndefault={line}\r\n[operating systems]\r\n\
         {line}=\"{edition}\" /noexecute=optin /fastdetect\r\n"
    );
    for (name, content) in [
        ("boot.ini", boot_ini.into_bytes()),
        ("ntldr", random_bytes("ntldr", 30_000)),
        ("NTDETECT.COM", random_bytes("NTDETECT.COM", 47_564)),
        ("IO.SYS", Vec::new()),
        ("MSDOS.SYS", Vec::new()),
    ] {
        tree.file(name, content);
        tree.hide();
    }
    tree.file("AUTOEXEC.BAT", Vec::new());
    tree.folder("System Volume Information");
    tree.hide();
    tree.folder("RECYCLER");
    tree.hide();
}

fn add_windows_7_start(tree: &mut Tree) {
    tree.file("bootmgr", random_bytes("bootmgr", 40_000));
    tree.hide();
    tree.file("Boot/BCD", random_bytes("BCD", 28_672));
    tree.file(
        "ProgramData/Microsoft/Windows/Start Menu/desktop.ini",
        b"[.ShellClassInfo]\r\n".into(),
    );
    tree.folder("Program Files");
    tree.folder("System Volume Information");
    tree.hide();
}

fn add_system_files(tree: &mut Tree, windows: &WindowsSpec) -> Result<()> {
    let root = windows.windows_folder();
    let system = windows.system_folder();
    for name in [
        "ntoskrnl.exe",
        "kernel32.dll",
        "lsass.exe",
        "services.exe",
        "winlogon.exe",
        "cmd.exe",
    ] {
        tree.file(
            &format!("{system}/{name}"),
            program(windows, windows.kind, name)?,
        );
    }
    tree.file(
        &format!("{root}/explorer.exe"),
        program(windows, windows.kind, "explorer.exe")?,
    );
    for (name, size) in [
        ("hal.dll", 13_000),
        ("SHELL32.dll", 90_000),
        ("advapi32.dll", 61_000),
        ("user32.dll", 57_000),
        ("ntdll.dll", 70_000),
        ("smss.exe", 5_000),
        ("csrss.exe", 6_144),
        ("userinit.exe", 2_600),
        ("rpcss.dll", 39_000),
        ("wininet.dll", 66_000),
        ("svchost.dll", 1_000),
    ] {
        tree.file(&format!("{system}/{name}"), random_bytes(name, size));
    }
    if matches!(windows.kind, WindowsKind::Windows7 | WindowsKind::Windows10) {
        for (name, size) in [("wininit.exe", 9_000), ("winload.exe", 60_000)] {
            tree.file(&format!("{system}/{name}"), random_bytes(name, size));
        }
    }
    // Enough names that the folder's index needs several records.
    for number in 0..64_usize {
        let name = format!("api-set-{number:03}.dll");
        tree.file(
            &format!("{system}/{name}"),
            random_bytes(&name, 700 + number * 97),
        );
    }
    for name in [
        "atapi.sys",
        "disk.sys",
        "ntfs.sys",
        "tcpip.sys",
        "usbstor.sys",
        "i8042prt.sys",
    ] {
        tree.file(
            &format!("{system}/drivers/{name}"),
            random_bytes(name, 9_000),
        );
    }
    tree.file(
        &format!("{system}/drivers/etc/hosts"),
        b"127.0.0.1       localhost\r\n".to_vec(),
    );
    tree.file(
        &format!("{root}/win.ini"),
        b"; for 16-bit app support\r\n[fonts]\r\n".to_vec(),
    );
    tree.file(
        &format!("{root}/WindowsUpdate.log"),
        random_bytes("WindowsUpdate.log", 12_345),
    );
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

fn add_svchost(tree: &mut Tree, windows: &WindowsSpec) -> Result<()> {
    let root = windows.windows_folder();
    add_copy(tree, windows, &windows.svchost_path(), windows.svchost)?;
    if !windows.kind.is_xp() {
        let component = format!("{root}/winsxs/{WINSXS_SVCHOST}/svchost.exe");
        return add_copy(tree, windows, &component, FileState::Good);
    }
    let cache = format!("{}/dllcache", windows.system_folder());
    tree.folder(&cache);
    tree.hide();
    add_copy(
        tree,
        windows,
        &format!("{cache}/svchost.exe"),
        windows.dllcache,
    )?;
    for name in ["lsass.exe", "services.exe", "winlogon.exe"] {
        tree.file(
            &format!("{cache}/{name}"),
            program(windows, windows.kind, name)?,
        );
    }
    let pack = format!("{root}/ServicePackFiles/i386");
    tree.folder(&pack);
    add_copy(
        tree,
        windows,
        &format!("{pack}/svchost.exe"),
        windows.service_pack_files,
    )?;
    tree.file(
        &format!("{pack}/lsass.exe"),
        program(windows, windows.kind, "lsass.exe")?,
    );
    if let Some(content) = svchost_in(windows, windows.installation_source)? {
        let cabinet = compressed_file("svchost.exe", &content)?;
        tree.file("i386/SVCHOST.EX_", cabinet);
    }
    if windows.kind == WindowsKind::XpSp3 {
        // What the service pack replaced: the trap for whoever goes by name and size alone.
        let old = format!("{root}/$NtServicePackUninstall$");
        tree.folder(&old);
        tree.hide();
        add_copy(
            tree,
            windows,
            &format!("{old}/svchost.exe"),
            FileState::WrongServicePack,
        )?;
    }
    Ok(())
}

fn add_copy(tree: &mut Tree, windows: &WindowsSpec, path: &str, state: FileState) -> Result<()> {
    if let Some(content) = svchost_in(windows, state)? {
        tree.file(path, content);
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

/// Returns the files of the volume that a PC starts from, if that is not the one of its Windows.
pub(super) fn boot_tree(file_system: FileSystem) -> Vec<Entry> {
    let mut tree = Tree::default();
    let files: &[(&str, usize)] = match file_system {
        FileSystem::Fat32 => &[
            ("EFI/Microsoft/Boot/bootmgfw.efi", 60_000),
            ("EFI/Microsoft/Boot/BCD", 28_672),
            ("EFI/Boot/bootx64.efi", 60_000),
        ],
        FileSystem::Ntfs => &[("bootmgr", 40_000), ("Boot/BCD", 28_672)],
    };
    for (path, size) in files {
        tree.file(path, random_bytes(path, *size));
    }
    tree.entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broken_pc::{good_svchost, make_folder};
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
