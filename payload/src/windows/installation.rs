//! Finds the Windows folders of a volume and reads what they say of themselves.
//!
//! Nothing here changes a file. A registry that cannot be read does not hide an installation: it is
//! reported with what is known, and everything that rests on the registry becomes "cannot tell".

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;

use crate::area::cause_of;
use crate::hive::{Hive, HiveError};
use crate::windows::drives::{Drive, read_drives};
use crate::windows::folders::Folders;
use crate::windows::path::{PathError, Resolved, WindowsPath};
use crate::windows::pe::{PeIdentity, PeMachine};
use crate::windows::services::current_control_set;
use crate::windows::time_zone::TimeZone;
use crate::windows::version::{VERSION_KEY, WindowsVersion, language_name};

/// Names that Windows folders have had. Source: libguestfs, inspection of Windows.
const ALL_WINDOWS_FOLDERS: &[&str] = &["windows", "winnt", "win32", "win"];

/// Files in system32 whose processor is that of the Windows, first found first.
const ALL_ARCHITECTURE_WITNESSES: &[&str] = &[
    "ntoskrnl.exe",
    "kernel32.dll",
    "ntdll.dll",
    "cmd.exe",
    "lsass.exe",
    "services.exe",
    "winlogon.exe",
];

/// Bytes of a hive at most; Windows itself has never allowed more for one of its own.
const LARGEST_HIVE: u64 = 512 << 20;

/// Bytes of a program file that is looked into at most.
pub const LARGEST_PROGRAM: u64 = 64 << 20;

/// A Windows on a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its folders, `windows` spelled as on the volume.
    pub folders: Folders,
    /// Which Windows; `None` if the registry cannot tell.
    pub version: Option<WindowsVersion>,
    /// Processor of its system files.
    pub architecture: Option<PeMachine>,
    /// Computer name.
    pub computer: Option<String>,
    /// Language it was installed in, by name.
    pub language: Option<String>,
    /// Folder of protected copies, where the registry names another than `system32\dllcache`.
    pub protected_copies: Option<String>,
    /// Folders that Windows and its service pack were installed from, as the registry has them.
    pub installation_sources: Vec<String>,
    /// Drive letters, as this Windows remembers them.
    pub drives: Vec<Drive>,
    /// Time zone that it is set to now.
    pub time_zone: Option<TimeZone>,
    /// What is odd about the registry, one line each: dirty, damaged, not there.
    pub problems: Vec<String>,
}

/// Returns the Windows folders of the volume mounted at `root`, spelled as there, and what could not
/// be looked at.
pub fn find_windows_folders(root: &Path) -> (Vec<WindowsPath>, Vec<String>) {
    let mut names: Vec<String> = ALL_WINDOWS_FOLDERS
        .iter()
        .map(|n| (*n).to_owned())
        .collect();
    let mut problems = Vec::new();
    match boot_ini_folders(root) {
        Ok(folders) => names.extend(folders),
        Err(error) => problems.push(error.to_string()),
    }
    let mut found = Vec::new();
    for name in names {
        let path = WindowsPath::parse(&format!("\\{name}"), None);
        match path.and_then(|path| confirm_windows_folder(root, &path)) {
            Ok(Some(path)) if !found.contains(&path) => found.push(path),
            Ok(_) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    (found, problems)
}

/// Returns `folder` as the volume spells it, if the parts that every Windows has are in it.
fn confirm_windows_folder(
    root: &Path,
    folder: &WindowsPath,
) -> Result<Option<WindowsPath>, PathError> {
    let hive = folder.join("system32")?.join("config")?.join("software")?;
    Ok(match hive.resolve(root)? {
        Resolved::File { path, .. } => Some(path.folder().folder().folder()),
        Resolved::Folder { .. } | Resolved::Missing { .. } => None,
    })
}

/// Returns the folders that `\boot.ini` names. Lines look like
/// `multi(0)disk(0)rdisk(0)partition(1)\WINDOWS="Microsoft Windows XP" /fastdetect`.
fn boot_ini_folders(root: &Path) -> Result<Vec<String>, PathError> {
    let path = WindowsPath::default().join("boot.ini")?;
    let Resolved::File { at, .. } = path.resolve(root)? else {
        return Ok(Vec::new());
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(at);
    let read = file.and_then(|file| file.take(64 << 10).read_to_end(&mut bytes));
    read.map_err(|source| PathError::Io { path, source })?;
    // Folder names matter here, not the titles; those that are not ASCII are found by their usual name.
    let text = String::from_utf8_lossy(&bytes);
    let folders = text.lines().filter_map(|line| {
        let place = line.split('=').next()?.trim();
        let is_place = place.starts_with("multi(") || place.starts_with("scsi(");
        let folder = place.split_once('\\').filter(|_| is_place)?.1;
        (!folder.is_empty()).then(|| folder.to_owned())
    });
    Ok(folders.collect())
}

/// A Windows with its registry, which is large and so soon dropped.
#[derive(Debug)]
pub struct OpenedInstallation {
    /// What is known of it.
    pub installation: Installation,
    /// The hive SOFTWARE, or why it cannot be read.
    pub software: Result<Hive, String>,
    /// The hive SYSTEM, or why it cannot be read.
    pub system: Result<Hive, String>,
}

/// Reads the Windows in `folder` of the volume mounted at `root`.
pub fn open_installation(
    root: &Path,
    folder: &WindowsPath,
) -> Result<OpenedInstallation, PathError> {
    let mut folders = Folders::defaults(folder.clone())?;
    let mut problems = Vec::new();
    let software = read_hive(root, folder, "software", &mut problems);
    let system = read_hive(root, folder, "system", &mut problems);
    let mut version = None;
    let mut protected_copies = None;
    let mut installation_sources = Vec::new();
    if let Ok(hive) = &software {
        version = note(WindowsVersion::read(hive), &mut problems);
        note(read_folders(hive, &mut folders), &mut problems);
        protected_copies = note(read_protected_copies(hive), &mut problems).flatten();
        installation_sources = note(read_sources(hive), &mut problems).unwrap_or_default();
    }
    let (mut computer, mut language, mut named_architecture) = (None, None, None);
    let (mut drives, mut time_zone) = (Vec::new(), None);
    if let Ok(hive) = &system {
        let facts = note(SystemFacts::read(hive), &mut problems).unwrap_or_default();
        (computer, language, time_zone) = (facts.computer, facts.language, facts.time_zone);
        named_architecture = facts.architecture;
        drives = note(read_drives(hive), &mut problems).unwrap_or_default();
    }
    let architecture = find_architecture(root, folder).or(named_architecture);
    Ok(OpenedInstallation {
        installation: Installation {
            folders,
            version,
            architecture,
            computer,
            language: language.map(|identifier| language_name(&identifier)),
            protected_copies,
            installation_sources,
            drives,
            time_zone,
            problems,
        },
        software,
        system,
    })
}

fn note<T>(result: Result<T, HiveError>, problems: &mut Vec<String>) -> Option<T> {
    result
        .map_err(|error| problems.push(format!("registry: {error}")))
        .ok()
}

fn read_hive(
    root: &Path,
    folder: &WindowsPath,
    name: &str,
    problems: &mut Vec<String>,
) -> Result<Hive, String> {
    let hive = open_hive(root, folder, name);
    match &hive {
        Ok(hive) => {
            let replayed = hive.replayed().iter();
            problems.extend(replayed.map(|line| format!("registry file {name}: {line}")));
            problems.extend(hive.dirty().map(|why| {
                format!(
                    "registry file {name} was not written to its end ({why}), and no log of it \
                     fits; read as it is"
                )
            }));
        }
        Err(error) => problems.push(error.clone()),
    }
    hive
}

/// A registry file with its transaction logs, as they lie on the volume.
#[derive(Debug)]
pub struct HiveFile {
    /// Its path as the volume spells it.
    pub path: WindowsPath,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Content of the logs beside it that are not empty.
    pub logs: Vec<Vec<u8>>,
    /// Their paths, in the same order.
    pub log_paths: Vec<WindowsPath>,
}

/// Reads the registry file called `name` of the Windows in `folder`, or says why it cannot be read.
pub fn read_hive_file(root: &Path, folder: &WindowsPath, name: &str) -> Result<HiveFile, String> {
    let config = folder.join("system32").and_then(|f| f.join("config"));
    let config = config.map_err(|error| error.to_string())?;
    let read = |name: &str| -> Result<Option<(WindowsPath, Vec<u8>)>, String> {
        let text = |error: PathError| error.to_string();
        let path = config.join(name).map_err(text)?;
        let Resolved::File { at, path, size } = path.resolve(root).map_err(text)? else {
            return Ok(None);
        };
        if size > LARGEST_HIVE {
            return Err(format!(
                "{path}: {size} bytes, expected at most {LARGEST_HIVE}"
            ));
        }
        let bytes = fs::read(at).map_err(|error| format!("{path}: {}", cause_of(&error)))?;
        Ok(Some((path, bytes)))
    };
    let Some((path, bytes)) = read(name)? else {
        return Err(match config.join(name) {
            Ok(path) => format!("{path}: missing"),
            Err(error) => error.to_string(),
        });
    };
    let (mut logs, mut log_paths) = (Vec::new(), Vec::new());
    for ending in ["LOG", "LOG1", "LOG2"] {
        let log = read(&format!("{name}.{ending}"))?;
        if let Some((path, log)) = log.filter(|(_, log)| !log.is_empty()) {
            logs.push(log);
            log_paths.push(path);
        }
    }
    Ok(HiveFile {
        path,
        bytes,
        logs,
        log_paths,
    })
}

/// Opens the registry file called `name` of the Windows in `folder` as Windows would load it; where its
/// logs do not fit, as it lies there.
pub fn open_hive(root: &Path, folder: &WindowsPath, name: &str) -> Result<Hive, String> {
    let HiveFile {
        path, bytes, logs, ..
    } = read_hive_file(root, folder, name)?;
    let hive = match Hive::parse_with_logs(bytes, &logs) {
        // What no log fits is still good for reading; whoever builds on it is told that it is dirty.
        Err(HiveError::NotReplayable { .. }) => {
            let bytes = read_hive_file(root, folder, name)?.bytes;
            Hive::parse(bytes)
        }
        result => result,
    };
    hive.map_err(|error| format!("{path}: {error}"))
}

/// Takes the folders that the registry names instead of the usual ones; what it names on other drives
/// or in odd ways is left at the default.
fn read_folders(software: &Hive, folders: &mut Folders) -> Result<(), HiveError> {
    if let Some(key) = software.key(VERSION_KEY)? {
        let system_root = key.text("SystemRoot")?.unwrap_or_default();
        let mut letters = system_root.chars();
        if let (Some(letter), Some(':')) = (letters.next(), letters.next())
            && letter.is_ascii_alphabetic()
        {
            folders.drive = letter.to_ascii_uppercase();
        }
    }
    if let Some(key) = software.key("Microsoft\\Windows\\CurrentVersion")? {
        let named = |name: &str| -> Result<Option<WindowsPath>, HiveError> {
            let text = key.text(name)?;
            Ok(text.and_then(|text| folders.expand_registry_path(&text).ok()))
        };
        let (program_files, common_files) = (named("ProgramFilesDir")?, named("CommonFilesDir")?);
        if let Some(path) = program_files {
            folders.program_files = path;
        }
        if let Some(path) = common_files {
            folders.common_files = path;
        }
    }
    // On XP it is a localised folder among the profiles. Source: Microsoft, "CSIDL_COMMON_APPDATA".
    let key = "Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders";
    if let Some(key) = software.key(key)? {
        let text = key.text("Common AppData")?;
        let path = text.and_then(|text| folders.expand_registry_path(&text).ok());
        folders.program_data = path.unwrap_or_else(|| folders.program_data.clone());
    }
    Ok(())
}

/// Returns the folder of Windows File Protection's copies. Source: Microsoft, "Registry settings for
/// Windows File Protection", `SFCDllCacheDir`.
fn read_protected_copies(software: &Hive) -> Result<Option<String>, HiveError> {
    let key = software.key(&format!("{VERSION_KEY}\\Winlogon"))?;
    key.map_or(Ok(None), |key| key.text("SFCDllCacheDir"))
}

/// Returns the folders that Windows File Protection asks for: the service pack's before that of
/// Windows itself, which may be older. Source: Microsoft, "Registry settings for Windows File
/// Protection", `ServicePackSourcePath` and `SourcePath`; the other `SourcePath` is what Setup itself
/// noted.
fn read_sources(software: &Hive) -> Result<Vec<String>, HiveError> {
    let setup = "Microsoft\\Windows\\CurrentVersion\\Setup";
    let mut sources: Vec<String> = Vec::new();
    for (key, name) in [
        (setup, "ServicePackSourcePath"),
        (setup, "SourcePath"),
        (VERSION_KEY, "SourcePath"),
    ] {
        let text = software.key(key)?.map_or(Ok(None), |key| key.text(name))?;
        sources.extend(text.filter(|text| !text.is_empty() && !sources.contains(text)));
    }
    Ok(sources)
}

/// What the hive SYSTEM says.
#[derive(Debug, Default)]
struct SystemFacts {
    computer: Option<String>,
    language: Option<String>,
    architecture: Option<PeMachine>,
    time_zone: Option<TimeZone>,
}

impl SystemFacts {
    fn read(system: &Hive) -> Result<Self, HiveError> {
        let set = current_control_set(system)?;
        let text = |key: &str, value: &str| -> Result<Option<String>, HiveError> {
            let key = system.key(&format!("{set}\\Control\\{key}"))?;
            key.map_or(Ok(None), |key| key.text(value))
        };
        let architecture = text("Session Manager\\Environment", "PROCESSOR_ARCHITECTURE")?;
        Ok(Self {
            computer: text("ComputerName\\ComputerName", "ComputerName")?,
            language: text("Nls\\Language", "InstallLanguage")?,
            time_zone: TimeZone::read(system, &set)?,
            architecture: match architecture.as_deref() {
                Some("x86") => Some(PeMachine::I386),
                Some("AMD64") => Some(PeMachine::AMD64),
                Some("ARM64") => Some(PeMachine::ARM64),
                _ => None,
            },
        })
    }
}

fn find_architecture(root: &Path, folder: &WindowsPath) -> Option<PeMachine> {
    let system32 = folder.join("system32").ok()?;
    ALL_ARCHITECTURE_WITNESSES.iter().find_map(|name| {
        let Resolved::File { at, size, .. } = system32.join(name).ok()?.resolve(root).ok()? else {
            return None;
        };
        let bytes = (size <= LARGEST_PROGRAM).then(|| fs::read(at).ok())??;
        Some(PeIdentity::parse(&bytes).ok()?.machine)
    })
}
