//! What a Windows was installed from, where that is on another drive: a volume of the same PC, which is
//! looked at read-only, or a CD, of which a person must be told.

use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use rescue_stick::remedy::step::CandidateSource;

use crate::cabinet::{compressed_name, extract_member, find_member};
use crate::repair::candidates::{CandidateContent, CandidateFacts, CandidatePlace};
use crate::repair::detect::Site;
use crate::repair::detect::candidate::identify_content;
use crate::repair::detect::sources::{processor_folder, with_processor_folder};
use crate::windows::drives::DriveDevice;
use crate::windows::installation::{Installation, LARGEST_PROGRAM};
use crate::windows::path::{Resolved, WindowsPath};

/// Looks for `name`, plain or compressed, in the installation sources that the registry names on other
/// drives. A line for each source at least.
pub(super) fn examine_other_drives(site: &Site<'_>, name: &str) -> Vec<CandidateFacts> {
    let installation = &site.facts.installation;
    let mut found: Vec<CandidateFacts> = Vec::new();
    for (letter, folder) in other_sources(installation) {
        let drives = installation.drives.iter();
        let device = drives.clone().find(|drive| drive.letter == letter);
        let place = format!("{letter}:{folder}");
        let candidates = match device.map(|drive| &drive.device) {
            Some(DriveDevice::CompactDisc) => {
                vec![excluded(
                    place,
                    format!("{letter}: is a CD drive, which is not looked at"),
                )]
            }
            Some(device) => match site.volumes.view(|place| device.is_at(place)) {
                Some((volume, Ok(view))) => examine_folder(view.root(), letter, &folder, name)
                    .unwrap_or_else(|| {
                        let reason = format!("no {name}, compressed or not, there ({volume})");
                        vec![excluded(place, reason)]
                    }),
                Some((volume, Err(reason))) => vec![excluded(place, format!("{volume}: {reason}"))],
                None => {
                    let reason = format!("drive {letter}: is no volume of this PC that is at hand");
                    vec![excluded(place, reason)]
                }
            },
            None => {
                let reason =
                    format!("this Windows does not know any more what drive {letter}: was");
                vec![excluded(place, reason)]
            }
        };
        found.extend(candidates);
    }
    found
}

/// Returns the installation sources on other drives: letter, and folder with the processor's.
fn other_sources(installation: &Installation) -> Vec<(char, WindowsPath)> {
    let own = installation.folders.drive;
    let mut found: Vec<(char, WindowsPath)> = Vec::new();
    for text in &installation.installation_sources {
        let text = text.trim().trim_matches('"');
        let mut letters = text.chars();
        let (Some(letter), Some(':')) = (letters.next(), letters.next()) else {
            continue;
        };
        let letter = letter.to_ascii_uppercase();
        if !letter.is_ascii_uppercase() || letter == own.to_ascii_uppercase() {
            continue;
        }
        // `D:` alone means its root.
        let rest = match letters.as_str() {
            "" => "\\",
            rest => rest,
        };
        let folder = WindowsPath::parse(rest, None);
        let folder =
            folder.and_then(|folder| with_processor_folder(folder, processor_folder(installation)));
        let Ok(folder) = folder else {
            continue;
        };
        let is_known = |known: &(char, WindowsPath)| {
            known.0 == letter
                && known
                    .1
                    .to_string()
                    .eq_ignore_ascii_case(&folder.to_string())
        };
        if !found.iter().any(is_known) {
            found.push((letter, folder));
        }
    }
    found
}

fn examine_folder(
    root: &Path,
    letter: char,
    folder: &WindowsPath,
    name: &str,
) -> Option<Vec<CandidateFacts>> {
    let mut found = Vec::new();
    let compressed = compressed_name(name);
    for (file, is_cabinet) in [(Some(name), false), (compressed.as_deref(), true)] {
        let Some(path) = file.and_then(|file| folder.join(file).ok()) else {
            continue;
        };
        let (at, path, size) = match path.resolve(root) {
            Ok(Resolved::File { at, path, size }) => (at, path, size),
            Ok(_) => continue,
            Err(error) => {
                found.push(excluded(format!("{letter}:{path}"), error.to_string()));
                continue;
            }
        };
        let (place, read) = match is_cabinet {
            true => (format!("{name} in {letter}:{path}"), read_member(&at, name)),
            false => (format!("{letter}:{path}"), read_plain(&at, size)),
        };
        found.push(match read {
            Ok(bytes) => candidate(place, identify_content(&bytes, None), bytes),
            Err(reason) => candidate(place, CandidateContent::Unreadable(reason), Vec::new()),
        });
    }
    (!found.is_empty()).then_some(found)
}

fn read_plain(at: &Path, size: u64) -> Result<Vec<u8>, String> {
    if size > LARGEST_PROGRAM {
        return Err(format!("{size} bytes, expected at most {LARGEST_PROGRAM}"));
    }
    fs::read(at).map_err(|error| error.to_string())
}

fn read_member(at: &Path, name: &str) -> Result<Vec<u8>, String> {
    let member = find_member(at, name).map_err(|error| error.to_string())?;
    let member = member.ok_or_else(|| format!("holds no {name}"))?;
    let mut bytes = Vec::new();
    extract_member(at, &member.name, LARGEST_PROGRAM, &mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

fn excluded(place: String, reason: String) -> CandidateFacts {
    candidate(place, CandidateContent::Excluded(reason), Vec::new())
}

fn candidate(place: String, content: CandidateContent, bytes: Vec<u8>) -> CandidateFacts {
    CandidateFacts {
        source: CandidateSource::InstallationSource,
        place: CandidatePlace::OtherDrive {
            place,
            content: Arc::new(bytes),
        },
        content,
    }
}
