//! The members of a package of McAfee's V2 definitions: which are there, and that each unpacks to what
//! it declares.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use fs_err as fs;
use rescue_stick::definitions::DefinitionsMember;
use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::PackageError;
use crate::hashed_file::read_pieces;

/// The files without which the engine does not start.
const REQUIRED_MEMBERS: [&str; 3] = ["avvscan.dat", "avvnames.dat", "avvclean.dat"];

/// Larger members are not believed. The largest that was seen unpacks to about 100 MB.
const LARGEST_MEMBER: u64 = 1 << 30;

/// More members are not believed; three or four are usual.
const MOST_MEMBERS: usize = 64;

/// The members of a package.
pub(super) struct Members {
    /// The definitions, sorted by name.
    pub(super) definitions: Vec<DefinitionsMember>,
    /// All others, sorted by name.
    pub(super) left_out: Vec<String>,
}

type Archive = ZipArchive<io::BufReader<fs::File>>;

/// Unpacks every member of the zip at `path` once to hash it.
pub(super) fn read_members(path: &Path) -> Result<Members, PackageError> {
    let mut archive = open_archive(path)?;
    let mut definitions = BTreeMap::new();
    let mut left_out = Vec::new();
    for index in 0..archive.len() {
        let (name, declared) = check_header(path, &mut archive, index)?;
        let lower = name.to_lowercase();
        if !lower.ends_with(".dat") {
            left_out.push(name);
            continue;
        }
        let refuse = |finding: &str| Err(refused(path, &name, finding));
        let unpacked = match archive.by_index(index) {
            Ok(mut entry) => hash_member(&mut entry, declared),
            Err(error) => return refuse(&format!("cannot be opened: {error}")),
        };
        let (size, sha256) = match unpacked {
            Ok((size, sha256)) if size == declared => (size, sha256),
            Ok((size, _)) => {
                let finding = format!("unpacks to {size} bytes, its header says {declared}");
                return refuse(&finding);
            }
            Err(error) => return refuse(&format!("cannot be unpacked: {error}")),
        };
        let member = DefinitionsMember {
            name: name.clone(),
            size,
            sha256,
        };
        if definitions.insert(lower, member).is_some() {
            return refuse("is there twice, in upper and lower case");
        }
    }
    check_complete(path, &definitions)?;
    left_out.sort();
    Ok(Members {
        definitions: definitions.into_values().collect(),
        left_out,
    })
}

/// Opens the zip at `path` and checks what can be told of all its members together.
fn open_archive(path: &Path) -> Result<Archive, PackageError> {
    let zip_error = |reason: String| PackageError::Zip {
        path: path.to_owned(),
        reason,
    };
    let file = io::BufReader::new(fs::File::open(path)?);
    let mut archive = ZipArchive::new(file).map_err(|error| zip_error(error.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(zip_error("two members have the same name".into()));
    }
    let overlap = archive.has_overlapping_files();
    if overlap.map_err(|error| zip_error(error.to_string()))? {
        return Err(zip_error("members overlap".into()));
    }
    if archive.len() > MOST_MEMBERS {
        let reason = format!("{} members, expected at most {MOST_MEMBERS}", archive.len());
        return Err(zip_error(reason));
    }
    Ok(archive)
}

/// Returns name and declared size of a member that may be unpacked.
fn check_header(
    path: &Path,
    archive: &mut Archive,
    index: usize,
) -> Result<(String, u64), PackageError> {
    let entry = archive
        .by_index_raw(index)
        .map_err(|error| PackageError::Zip {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let refuse = |finding: &str| Err(refused(path, &name, finding));
    if entry.encrypted() {
        return refuse("is encrypted, expected it to be readable without a password");
    }
    if !is_plain_name(&name) {
        return refuse("is not a plain file name, expected letters, digits, -, _ and .");
    }
    let size = entry.size();
    if size > LARGEST_MEMBER {
        let finding = format!("declares {size} bytes, expected at most {LARGEST_MEMBER}");
        return refuse(&finding);
    }
    Ok((name, size))
}

/// Checks that what the engine needs is there.
fn check_complete(
    path: &Path,
    definitions: &BTreeMap<String, DefinitionsMember>,
) -> Result<(), PackageError> {
    let mut required = REQUIRED_MEMBERS.into_iter();
    let Some(missing) = required.find(|name| !definitions.contains_key(*name)) else {
        return Ok(());
    };
    let found: Vec<_> = definitions.keys().map(String::as_str).collect();
    let found = match found.is_empty() {
        true => "no .dat file".into(),
        false => found.join(", "),
    };
    Err(PackageError::Missing {
        path: path.to_owned(),
        member: missing,
        found,
    })
}

fn refused(path: &Path, member: &str, finding: &str) -> PackageError {
    PackageError::Member {
        path: path.to_owned(),
        member: member.to_owned(),
        finding: finding.into(),
    }
}

/// Unpacks a member, at most one byte more than it declares.
fn hash_member(entry: &mut impl io::Read, declared: u64) -> io::Result<(u64, Sha256Digest)> {
    let mut hasher = Sha256::new();
    let mut limited = entry.take(declared.saturating_add(1));
    let size = read_pieces(&mut limited, |piece| hasher.update(piece))?;
    Ok((size, Sha256Digest(hasher.finalize().into())))
}

fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain)
}
