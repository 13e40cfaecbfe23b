//! Cabinets (`sp3.cab`, `SVCHOST.EX_`): finds one member and writes it out.
//!
//! A cabinet comes from the PC's disk, so nothing of it is believed: a size is a limit, not a promise,
//! and a panic of the decoder, which damaged cabinets do provoke, is caught. Sets of several cabinets
//! and Quantum compression, which no Windows ships, are refused.
//!
//! Source: MS-CAB for the format; MS-MCI and MS-PATCH for its compressions.

use std::io::{self, BufReader, Read as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cab::Cabinet;
use fs_err as fs;

/// A file in a cabinet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name as the cabinet spells it; may have folders in it, with `\`.
    pub name: String,
    /// Its size in bytes, as the cabinet says.
    pub size: u64,
}

/// Why a cabinet, or a member of it, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CabinetError {
    /// The file cannot be opened.
    #[error(transparent)]
    Open(io::Error),
    /// The cabinet contradicts its format or uses a part of it that is not known.
    #[error("cabinet: {finding}, expected one that can be unpacked")]
    Content {
        /// What is there.
        finding: String,
    },
    /// It has no such member.
    #[error("cabinet: no member {name}")]
    NoMember {
        /// The name that was looked for.
        name: String,
    },
    /// A member is longer or shorter than it should be.
    #[error("cabinet: {name} has {finding} bytes, expected {expectation}")]
    Size {
        /// The member.
        name: String,
        /// Bytes.
        finding: u64,
        /// Which number would be right.
        expectation: String,
    },
    /// The content cannot be written out.
    #[error("writing out {name}: {source}")]
    Write {
        /// The member.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The decoder panicked.
    #[error("cabinet: damaged in a way that its decoder does not know")]
    Fault,
}

/// Finds the member called `name`, in any case and in any folder of the cabinet. If the cabinet is
/// named as `name` in compressed form (`SVCHOST.EX_`) and has one member only, that is it.
pub fn find_member(cabinet: &Path, name: &str) -> Result<Option<Member>, CabinetError> {
    guard(|| {
        let members = list_members(&open_cabinet(cabinet)?);
        let by_name = members
            .iter()
            .find(|member| last_name(&member.name).eq_ignore_ascii_case(name));
        let file_name = cabinet.file_name().and_then(|name| name.to_str());
        let is_compressed = file_name
            .zip(compressed_name(name))
            .is_some_and(|(found, wanted)| found.eq_ignore_ascii_case(&wanted));
        Ok(match (by_name, members.as_slice()) {
            (Some(member), _) => Some(member.clone()),
            (None, [only]) if is_compressed => Some(only.clone()),
            _ => None,
        })
    })
}

/// Writes the member whose name is exactly `name` to `sink` and returns its size. Nothing is written
/// of a member that is larger than `limit` bytes; after another error a part may be written.
pub fn extract_member(
    cabinet: &Path,
    name: &str,
    limit: u64,
    sink: &mut dyn Write,
) -> Result<u64, CabinetError> {
    guard(|| {
        let mut opened = open_cabinet(cabinet)?;
        let Some(entry) = opened.get_file_entry(name) else {
            return Err(CabinetError::NoMember {
                name: name.to_owned(),
            });
        };
        let size = u64::from(entry.uncompressed_size());
        let wrong_size = |finding, expectation| CabinetError::Size {
            name: name.to_owned(),
            finding,
            expectation,
        };
        if size > limit {
            return Err(wrong_size(size, format!("at most {limit}")));
        }
        // Read piece by piece, so that a fault of the decoder is told from one of the sink.
        let mut reader = opened.read_file(name).map_err(content)?.take(limit);
        let mut buffer = vec![0; 64 << 10];
        let mut written = 0_u64;
        loop {
            let count = reader.read(&mut buffer).map_err(content)?;
            let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
                break;
            };
            sink.write_all(piece)
                .map_err(|source| CabinetError::Write {
                    name: name.to_owned(),
                    source,
                })?;
            written = written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        if written != size {
            return Err(wrong_size(written, format!("{size}, as the cabinet says")));
        }
        Ok(written)
    })
}

/// Returns the name that a file has on an installation source: its last letter becomes `_`.
/// Source: Microsoft, `compress -r`.
pub fn compressed_name(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    Some(match ending.char_indices().nth(2) {
        Some((third, _)) => format!("{stem}.{}_", ending.get(..third)?),
        None => format!("{stem}.{ending}_"),
    })
}

fn open_cabinet(path: &Path) -> Result<Cabinet<BufReader<fs::File>>, CabinetError> {
    let file = fs::File::open(path).map_err(CabinetError::Open)?;
    Cabinet::new(BufReader::new(file)).map_err(content)
}

fn list_members<R: io::Read + io::Seek>(cabinet: &Cabinet<R>) -> Vec<Member> {
    let folders = cabinet.folder_entries();
    let members = folders.flat_map(|folder| {
        let files = folder.file_entries().map(|file| Member {
            name: file.name().to_owned(),
            size: u64::from(file.uncompressed_size()),
        });
        files.collect::<Vec<_>>()
    });
    members.collect()
}

fn last_name(name: &str) -> &str {
    name.rsplit(['\\', '/']).next().unwrap_or(name)
}

fn content(error: io::Error) -> CabinetError {
    CabinetError::Content {
        finding: error.to_string(),
    }
}

fn guard<T>(work: impl FnOnce() -> Result<T, CabinetError>) -> Result<T, CabinetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(CabinetError::Fault))
}
