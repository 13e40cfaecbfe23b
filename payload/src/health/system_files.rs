//! Files without which a Windows does not start: whether they are there, and whether Microsoft signed
//! them by a catalog of this Windows. Reads only, and only for a bounded time.

use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::report::health::{FileHealth, FileState};
use rescue_stick::report::line::Line;

use crate::windows::catalog::Proof;
use crate::windows::catalog::digests::FileDigests;
use crate::windows::catalog::store::CatalogStore;
use crate::windows::catalog::trust::Trust;
use crate::windows::folders::Folders;
use crate::windows::installation::LARGEST_PROGRAM;
use crate::windows::path::{Resolved, WindowsPath};

/// A file that Windows needs.
struct SystemFile {
    /// Its folder, as remedies name it.
    folder: &'static str,
    name: &'static str,
    /// First kernel version that has it, as in [`ALL_KERNELS`].
    since: usize,
    /// What does not work without it.
    why: &'static str,
}

/// Kernel versions in order.
const ALL_KERNELS: [&str; 9] = ["2000", "xp", "2003", "vista", "7", "8", "8.1", "10", "11"];
/// Where Vista stands among them.
const VISTA: usize = 3;

const fn system32(name: &'static str, why: &'static str) -> SystemFile {
    SystemFile {
        folder: "{system32}",
        name,
        since: 0,
        why,
    }
}

const fn driver(name: &'static str, why: &'static str) -> SystemFile {
    SystemFile {
        folder: "{drivers}",
        name,
        since: 0,
        why,
    }
}

/// The files, the ones that were hit before first: their proof comes before the time is over. Source:
/// the order in which Windows starts (M. Russinovich, "Windows Internals", chapter 13), and the files
/// that bad definitions have deleted.
const ALL_FILES: &[SystemFile] = &[
    system32("svchost.exe", "no service starts"),
    system32("winlogon.exe", "nobody can sign in"),
    system32("lsass.exe", "nobody can sign in"),
    system32("services.exe", "no service starts"),
    system32("userinit.exe", "signing in ends at once"),
    SystemFile {
        folder: "{windows}",
        ..system32("explorer.exe", "there is no desktop")
    },
    system32("user32.dll", "blue screen c0000135"),
    driver("tcpip.sys", "there is no network"),
    driver("ntfs.sys", "the volume cannot be read"),
    driver("disk.sys", "disks are not found"),
    driver("atapi.sys", "disks are not found"),
    system32("csrss.exe", "blue screen c000021a"),
    system32("smss.exe", "blue screen c000021a"),
    system32("ntdll.dll", "no program starts"),
    system32("kernel32.dll", "no program starts"),
    system32("advapi32.dll", "no service starts"),
    system32("hal.dll", "the kernel does not start"),
    system32("ntoskrnl.exe", "the kernel does not start"),
    SystemFile {
        since: VISTA,
        ..system32("wininit.exe", "blue screen c000021a")
    },
    SystemFile {
        since: VISTA,
        ..system32("winload.exe", "the kernel does not start")
    },
];

/// Reads the system files of the Windows with these `folders` on the volume mounted at `root`; none if
/// its family is not known. While `go_on` says yes, their catalogs are asked.
pub(super) fn check_system_files(
    root: &Path,
    folders: &Folders,
    family: Option<&str>,
    trust: Option<&Trust>,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Vec<FileHealth>> {
    let age = ALL_KERNELS
        .iter()
        .position(|known| Some(*known) == family)?;
    let mut listings = Vec::new();
    let mut found = Vec::new();
    for file in ALL_FILES.iter().filter(|file| file.since <= age) {
        let listing = match listings
            .iter()
            .find(|one: &&Listing| one.variable == file.folder)
        {
            Some(listing) => listing,
            None => {
                listings.push(Listing::read(root, folders, file.folder));
                listings.last()?
            }
        };
        found.push(listing.look_for(file));
    }
    prove(root, folders, trust, go_on, &mut found);
    Some(found.into_iter().map(|found| found.health).collect())
}

/// A file as it was found.
struct Found {
    health: FileHealth,
    /// Where it is mounted, if it has content.
    at: Option<PathBuf>,
}

/// The names in a folder, read once: scanning it for every file would cost thousands of names each.
struct Listing {
    variable: &'static str,
    folder: WindowsPath,
    at: Option<PathBuf>,
    names: Result<Vec<String>, String>,
}

impl Listing {
    fn read(root: &Path, folders: &Folders, variable: &'static str) -> Self {
        let mut listing = Self {
            variable,
            folder: folders.windows.clone(),
            at: None,
            names: Err(String::new()),
        };
        let resolved = folders
            .expand_remedy_path(variable)
            .and_then(|folder| folder.resolve(root));
        match resolved {
            Ok(Resolved::Folder { at, path }) => {
                let names = fs::read_dir(&at).and_then(|entries| {
                    let name = |entry: fs::DirEntry| entry.file_name().into_string();
                    let entries = entries.collect::<Result<Vec<_>, _>>()?;
                    Ok(entries
                        .into_iter()
                        .filter_map(|entry| name(entry).ok())
                        .collect())
                });
                listing.names = names.map_err(|error| error.to_string());
                listing.folder = path;
                listing.at = Some(at);
            }
            Ok(Resolved::File { path, .. }) => listing.names = Err(format!("{path}: not a folder")),
            Ok(Resolved::Missing { path, .. }) => {
                listing.folder = path;
                listing.names = Ok(Vec::new());
            }
            Err(error) => listing.names = Err(error.to_string()),
        }
        listing
    }

    fn look_for(&self, file: &SystemFile) -> Found {
        let health = |path: &WindowsPath, state, reason: Option<String>| FileHealth {
            path: Line::clean(&path.to_string()),
            state,
            signed: None,
            reason: reason.map(|reason| Line::clean(&reason)),
        };
        let nameless = |state, reason| Found {
            // Names in the table are plain, so they can be joined.
            health: health(
                &self.folder.join(file.name).unwrap_or_default(),
                state,
                reason,
            ),
            at: None,
        };
        let names = match &self.names {
            Ok(names) => names,
            Err(reason) => return nameless(FileState::Unreadable, Some(reason.clone())),
        };
        let mut names = names.iter();
        let spelled = names.find(|name| name.eq_ignore_ascii_case(file.name));
        let (Some(spelled), Some(folder)) = (spelled, &self.at) else {
            return nameless(FileState::Missing, Some(file.why.to_owned()));
        };
        let at = folder.join(spelled);
        let path = self.folder.join(spelled).unwrap_or_default();
        // A link could lead anywhere, so it is no file.
        match fs::symlink_metadata(&at) {
            Ok(facts) if facts.is_file() && facts.len() > 0 => Found {
                health: health(&path, FileState::Present, None),
                at: Some(at),
            },
            Ok(facts) if facts.is_file() => Found {
                health: health(&path, FileState::Empty, Some(file.why.to_owned())),
                at: None,
            },
            Ok(_) => nameless(FileState::Unreadable, Some("not a plain file".into())),
            Err(error) => nameless(FileState::Unreadable, Some(error.to_string())),
        }
    }
}

/// Asks the catalogs of the installation about every file that is there.
fn prove(
    root: &Path,
    folders: &Folders,
    trust: Option<&Trust>,
    go_on: &mut dyn FnMut() -> bool,
    found: &mut [Found],
) {
    let store = folders
        .expand_remedy_path("{system32}")
        .and_then(|system32| CatalogStore::open(root, &system32));
    let reason = match (&store, trust) {
        (Err(error), _) => Some(error.to_string()),
        (Ok(store), _) if store.is_empty() => Some("this Windows has no catalogs".to_owned()),
        (_, None) => Some("nobody is trusted to sign".to_owned()),
        (Ok(_), Some(_)) => None,
    };
    if let Some(reason) = &reason {
        for one in present(found) {
            one.health.reason = Some(Line::clean(reason));
        }
    }
    let (Ok(store), Some(trust), None) = (store, trust, reason) else {
        return;
    };
    let mut asked = Vec::new();
    let mut digests = Vec::new();
    for one in present(found) {
        let digest = match go_on() {
            true => read_digests(one.at.as_deref()),
            false => Err("not looked at: the time for it was over".to_owned()),
        };
        match digest {
            Ok(digest) => {
                digests.push(digest);
                asked.push(one);
            }
            Err(reason) => one.health.reason = Some(Line::clean(&reason)),
        }
    }
    let proofs = store.prove_while(&digests, trust, go_on);
    for (one, proof) in asked.into_iter().zip(proofs) {
        one.health.reason = Some(Line::clean(&proof.to_string()));
        one.health.signed = match proof {
            Proof::Signed(_) => Some(true),
            // Catalogs that could not be read may be the ones that list it.
            Proof::NotListed { left_out, .. } => left_out.is_empty().then_some(false),
            Proof::Unproven(_) => None,
        };
    }
}

fn present(found: &mut [Found]) -> impl Iterator<Item = &mut Found> {
    found.iter_mut().filter(|one| one.at.is_some())
}

fn read_digests(at: Option<&Path>) -> Result<FileDigests, String> {
    let at = at.ok_or_else(String::new)?;
    let size = fs::metadata(at).map_err(|error| error.to_string())?.len();
    if size > LARGEST_PROGRAM {
        return Err(format!("{size} bytes, expected at most {LARGEST_PROGRAM}"));
    }
    let content = fs::read(at).map_err(|error| error.to_string())?;
    Ok(FileDigests::of(&content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::terms::is_term;

    fn folders() -> Folders {
        Folders::defaults(WindowsPath::parse("\\WINDOWS", None).unwrap()).unwrap()
    }

    fn check(root: &Path, family: &str) -> Vec<FileHealth> {
        let trust = Trust::in_microsoft_for_windows().unwrap();
        let go_on = &mut || true;
        check_system_files(root, &folders(), Some(family), Some(&trust), go_on).unwrap()
    }

    fn make(root: &Path, family: &str) {
        let age = ALL_KERNELS
            .iter()
            .position(|known| *known == family)
            .unwrap();
        for file in ALL_FILES.iter().filter(|file| file.since <= age) {
            let folder = match file.folder {
                "{windows}" => "WINDOWS",
                "{drivers}" => "WINDOWS/System32/DRIVERS",
                _ => "WINDOWS/System32",
            };
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join(file.name.to_uppercase()), "x").unwrap();
        }
    }

    #[test]
    fn missing_empty_and_odd_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "xp");
        let system32 = folder.path().join("WINDOWS/System32");
        fs::remove_file(system32.join("SVCHOST.EXE")).unwrap();
        fs::write(system32.join("LSASS.EXE"), "").unwrap();
        fs::remove_file(system32.join("DRIVERS/NTFS.SYS")).unwrap();
        fs::create_dir(system32.join("DRIVERS/ntfs.sys")).unwrap();
        let found = check(folder.path(), "xp");
        assert_eq!(found.len(), 18, "a Windows since Vista has two more");
        let odd: Vec<_> = found
            .iter()
            .filter(|one| one.state != FileState::Present)
            .map(|one| (one.path.as_str(), one.state))
            .collect();
        assert_eq!(
            odd,
            [
                ("\\WINDOWS\\System32\\svchost.exe", FileState::Missing),
                ("\\WINDOWS\\System32\\LSASS.EXE", FileState::Empty),
                (
                    "\\WINDOWS\\System32\\DRIVERS\\ntfs.sys",
                    FileState::Unreadable
                ),
            ]
        );
        let good = found.iter().find(|one| one.state == FileState::Present);
        let good = good.unwrap();
        assert_eq!(good.signed, None);
        let reason = good.reason.as_ref().unwrap().as_str();
        assert_eq!(reason, "this Windows has no catalogs");
    }

    #[test]
    fn without_a_folder_every_file_is_missing_and_without_a_family_none_is() {
        let folder = tempfile::tempdir().unwrap();
        let found = check(folder.path(), "7");
        assert_eq!(found.len(), ALL_FILES.len());
        assert!(found.iter().all(|one| one.state == FileState::Missing));
        let go_on = &mut || true;
        assert!(check_system_files(folder.path(), &folders(), None, None, go_on).is_none());
    }

    #[test]
    fn when_the_time_is_over_nothing_is_said_of_signatures() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "xp");
        let catalogs = "WINDOWS/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
        fs::create_dir_all(folder.path().join(catalogs)).unwrap();
        fs::write(folder.path().join(catalogs).join("nt5.cat"), "0").unwrap();
        let trust = Trust::in_microsoft_for_windows().unwrap();
        for patience in [0, 1, 18, 19] {
            let mut left = patience;
            let mut go_on = || {
                left -= 1;
                left >= 0
            };
            let found = check_system_files(
                folder.path(),
                &folders(),
                Some("xp"),
                Some(&trust),
                &mut go_on,
            );
            let found = found.unwrap();
            let told = found.iter().filter(|one| one.signed.is_some()).count();
            // Eighteen files and one catalog.
            assert_eq!(told, if patience == 19 { 18 } else { 0 }, "{patience}");
            assert!(found.iter().all(|one| one.reason.is_some()));
        }
    }

    #[test]
    fn what_a_missing_file_means_is_said_in_every_language() {
        for file in ALL_FILES {
            assert!(is_term(file.why), "{}", file.why);
        }
    }
}
