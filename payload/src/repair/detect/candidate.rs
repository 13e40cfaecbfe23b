//! One candidate: a plain file of the volume or of the stick, and what its bytes say. Reads only,
//! judges nothing.

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::step::CandidateSource;

use crate::area::cause_of;
use crate::repair::candidates::{CandidateContent, CandidateFacts, CandidatePlace};
use crate::stick::Stick;
use crate::windows::catalog::digests::FileDigests;
use crate::windows::installation::LARGEST_PROGRAM;
use crate::windows::path::{Resolved, WindowsPath};
use crate::windows::pe::PeIdentity;

/// Looks for `name` in a folder of the volume.
pub(super) fn examine_candidate(
    root: &Path,
    source: &CandidateSource,
    folder: WindowsPath,
    name: &str,
) -> CandidateFacts {
    let resolved = folder.join(name).and_then(|path| path.resolve(root));
    let (path, content) = match resolved {
        Ok(Resolved::File { at, path, .. }) => (path, read_candidate(&at, None)),
        Ok(Resolved::Missing { path, .. }) => (path, CandidateContent::Missing),
        Ok(Resolved::Folder { path, .. }) => {
            (path, CandidateContent::Unreadable("a folder".into()))
        }
        Err(error) => (
            folder.join(name).unwrap_or(folder),
            CandidateContent::Unreadable(error.to_string()),
        ),
    };
    CandidateFacts {
        source: source.clone(),
        place: CandidatePlace::Volume(path),
        content,
    }
}

/// Returns the files of the stick that are called `name`.
pub(super) fn examine_kit(stick: &Stick, name: &str) -> Vec<CandidateFacts> {
    let files = stick.job().files.iter();
    let files = files.filter(|file| file.name.eq_ignore_ascii_case(name));
    let candidates = files.map(|file| CandidateFacts {
        source: CandidateSource::Kit,
        place: CandidatePlace::Stick(file.path.clone()),
        content: read_candidate(&stick.path_of(&file.path), Some(file.sha256)),
    });
    candidates.collect()
}

fn read_candidate(at: &Path, pin: Option<Sha256Digest>) -> CandidateContent {
    let mut bytes = Vec::new();
    let file = fs::File::open(at);
    let limit = LARGEST_PROGRAM.saturating_add(1);
    let read = file.and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = read {
        return CandidateContent::Unreadable(cause_of(&error));
    }
    if bytes.len() > usize::try_from(LARGEST_PROGRAM).unwrap_or(usize::MAX) {
        let reason = format!("larger than {LARGEST_PROGRAM} bytes");
        return CandidateContent::Unreadable(reason);
    }
    identify_content(&bytes, pin)
}

/// Returns the content of a candidate by its bytes.
pub(super) fn identify_content(bytes: &[u8], pin: Option<Sha256Digest>) -> CandidateContent {
    CandidateContent::Present {
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: Sha256Digest::of(bytes),
        identity: PeIdentity::parse(bytes).map_err(|error| error.to_string()),
        pin,
        digests: FileDigests::of(bytes),
        proof: None,
    }
}
