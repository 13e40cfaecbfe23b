//! Which language the system files of a Windows are in. What the registry says is the language that was
//! chosen at its installation, which with a multilingual edition is not that of its files.

use std::path::Path;

use fs_err as fs;

use crate::repair::candidates::Neighbour;
use crate::windows::folders::Folders;
use crate::windows::installation::LARGEST_PROGRAM;
use crate::windows::path::Resolved;
use crate::windows::pe::PeIdentity;

/// System files whose version resource is in the language of the Windows, first asked first.
const ALL_WITNESSES: &[&str] = &[
    "kernel32.dll",
    "lsass.exe",
    "services.exe",
    "winlogon.exe",
    "user32.dll",
];

/// Returns the first system file that says in which language it is.
pub(super) fn find_language(root: &Path, folders: &Folders) -> Option<Neighbour> {
    let system32 = folders.expand_remedy_path("{system32}").ok()?;
    ALL_WITNESSES.iter().find_map(|name| {
        let Resolved::File { at, path, size } = system32.join(name).ok()?.resolve(root).ok()?
        else {
            return None;
        };
        let bytes = (size <= LARGEST_PROGRAM).then(|| fs::read(at).ok())??;
        let language = PeIdentity::parse(&bytes).ok()?.language?;
        (language != 0).then(|| Neighbour {
            name: path.name().to_owned(),
            language,
        })
    })
}
