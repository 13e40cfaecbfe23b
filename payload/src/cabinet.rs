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
    let finding = match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends too early".to_owned(),
        _ => error.to_string(),
    };
    CabinetError::Content { finding }
}

fn guard<T>(work: impl FnOnce() -> Result<T, CabinetError>) -> Result<T, CabinetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(CabinetError::Fault))
}

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cabinet::fixture::make_cabinet;
    use expect_test::expect;

    /// Two blocks long, and no repetition.
    fn large() -> Vec<u8> {
        let numbers = (0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761));
        numbers.flat_map(u32::to_be_bytes).collect()
    }

    fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn extract(cabinet: &Path, name: &str, limit: u64) -> Result<Vec<u8>, CabinetError> {
        let mut content = Vec::new();
        extract_member(cabinet, name, limit, &mut content)?;
        Ok(content)
    }

    #[test]
    fn finds_a_member_in_any_case_and_folder_and_writes_it_out() {
        let members = [
            ("first.sys", b"first".as_slice()),
            ("i386\\SVCHOST.exe", &large()),
        ];
        let (_folder, cabinet) = write("sp3.cab", &make_cabinet(&members));
        let member = find_member(&cabinet, "svchost.EXE").unwrap().unwrap();
        assert_eq!(member.name, "i386\\SVCHOST.exe");
        assert_eq!(member.size, 80_000);
        assert_eq!(extract(&cabinet, &member.name, 80_000).unwrap(), large());
        assert_eq!(find_member(&cabinet, "lsass.exe").unwrap(), None);
        assert!(matches!(
            extract(&cabinet, "svchost.exe", 1),
            Err(CabinetError::NoMember { .. })
        ));
    }

    #[test]
    fn the_only_member_of_a_compressed_file_is_meant_whatever_its_name() {
        let bytes = make_cabinet(&[("renamed", b"MZ")]);
        let (_folder, cabinet) = write("svchost.ex_", &bytes);
        let member = find_member(&cabinet, "SvcHost.exe").unwrap();
        assert_eq!(member.unwrap().name, "renamed");
        assert_eq!(find_member(&cabinet, "lsass.exe").unwrap(), None);
        let two = make_cabinet(&[("a", b"MZ"), ("b", b"MZ")]);
        let (_folder, cabinet) = write("svchost.ex_", &two);
        assert_eq!(find_member(&cabinet, "svchost.exe").unwrap(), None);
    }

    #[test]
    fn compressed_names_end_with_an_underscore() {
        for (name, compressed) in [
            ("svchost.exe", Some("svchost.ex_")),
            ("a.b.dll", Some("a.b.dl_")),
            ("x.c", Some("x.c_")),
            ("öl.été", Some("öl.ét_")),
            ("none", None),
        ] {
            assert_eq!(compressed_name(name).as_deref(), compressed);
        }
    }

    #[test]
    fn nothing_is_written_of_a_member_beyond_the_limit() {
        let (_folder, cabinet) = write("x.cab", &make_cabinet(&[("a", &large())]));
        let mut content = Vec::new();
        let error = extract_member(&cabinet, "a", 79_999, &mut content).unwrap_err();
        expect!["cabinet: a has 80000 bytes, expected at most 79999"].assert_eq(&error.to_string());
        assert!(content.is_empty());
    }

    #[test]
    fn a_member_shorter_than_it_says_is_refused() {
        let mut bytes = make_cabinet(&[("a", b"only so much")]);
        // Size in the member's entry. Source: MS-CAB 2.4, CFFILE, after CFHEADER and one CFFOLDER.
        bytes[44..48].copy_from_slice(&5000_u32.to_le_bytes());
        let (_folder, cabinet) = write("x.cab", &bytes);
        let error = extract(&cabinet, "a", 5000).unwrap_err();
        expect!["cabinet: a has 12 bytes, expected 5000, as the cabinet says"]
            .assert_eq(&error.to_string());
    }

    #[test]
    fn refuses_what_is_no_cabinet() {
        let (_folder, path) = write("svchost.ex_", b"SZDD\x88\xf0\x27\x33A\0 of older media");
        let error = find_member(&path, "svchost.exe").unwrap_err().to_string();
        expect!["cabinet: Not a cabinet file (invalid file signature), expected one that can be unpacked"]
            .assert_eq(&error);
        let absent = find_member(&path.with_file_name("absent"), "x");
        assert!(matches!(absent, Err(CabinetError::Open(_))));
    }

    #[test]
    fn damaged_cabinets_end_in_an_error_or_in_bounded_content() {
        let whole = make_cabinet(&[("first.sys", b"first"), ("svchost.exe", &large())]);
        let (mut state, mut refused) = (0x5958_u32, 0);
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % below
        };
        let (_folder, path) = write("sp3.cab", b"");
        for round in 0..400 {
            let mut damaged = whole.clone();
            for _ in 0..=next(4) {
                let at = match next(2) {
                    0 => next(100),
                    _ => next(damaged.len()),
                };
                damaged[at] = u8::try_from(next(256)).unwrap();
            }
            if round % 4 == 0 {
                damaged.truncate(next(whole.len()));
            }
            fs::write(&path, &damaged).unwrap();
            let member = find_member(&path, "svchost.exe");
            let name = member
                .ok()
                .flatten()
                .map_or("svchost.exe".into(), |m| m.name);
            match extract(&path, &name, 80_000) {
                Ok(content) => assert!(content.len() <= 80_000),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 100, "{refused}");
    }
}
