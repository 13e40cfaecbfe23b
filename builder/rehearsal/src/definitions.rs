//! Corrected definitions as McAfee shipped them: `avvdat-NNNN.zip` and `avvdat.ini`, and bad ones.
//!
//! The content is made up, since the real files are gone and were never ours to pass on. Each
//! member begins with a line that names it, so that [`synthetic_version`] can tell afterwards which
//! release a PC holds; the rest looks random, as compressed signatures do.

mod archive;

use std::path::{Path, PathBuf};

use crate::error::{Context, Result};
use fs_err as fs;
use md5::{Digest, Md5};

use crate::random::random_bytes;
use archive::{Member, Method, write_archive};

/// The three files of a DAT release (format "V2"), as VirusScan 8.x keeps them.
pub const MEMBER_NAMES: [&str; 3] = ["avvscan.dat", "avvnames.dat", "avvclean.dat"];

/// Sizes in bytes of the three files, in the order of [`MEMBER_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatSizes(pub [usize; 3]);

impl DatSizes {
    /// Sizes that keep tests quick.
    pub const SMALL: Self = Self([300_000, 60_000, 20_000]);
    /// Sizes near those of 2010, for measurements.
    pub const REALISTIC: Self = Self([85_000_000, 12_000_000, 3_000_000]);
}

/// How a package departs from a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A member is named `..\..\WINDOWS\system32\svchost.exe`.
    PathTraversal,
    /// A member claims to inflate to 3 GB, and holds 300,000 bytes.
    AbsurdSize,
    /// A member claims to inflate to 1,000 bytes, and holds 300,000.
    UnderstatedSize,
    /// Two members are named `avvscan.dat`, with different content.
    DuplicateNames,
    /// `avvclean.dat` is not there.
    MissingMember,
    /// The INI file says 5958 where the package holds 5959.
    WrongVersionInIni,
    /// The INI file states another MD5.
    WrongMd5,
    /// The INI file states another size.
    WrongSize,
    /// `avvscan.dat` is encrypted.
    EncryptedMember,
    /// The last 5,000 bytes of the package are gone, and the INI file describes what is left.
    Truncated,
    /// One byte of `avvscan.dat` differs from what its CRC says; the INI file fits the package.
    DamagedMember,
    /// The INI file lacks its section `[AVV-ZIP]`.
    IniWithoutSection,
}

/// Every fault, for tests that go through them.
pub const ALL_FAULTS: [Fault; 12] = [
    Fault::PathTraversal,
    Fault::AbsurdSize,
    Fault::UnderstatedSize,
    Fault::DuplicateNames,
    Fault::MissingMember,
    Fault::WrongVersionInIni,
    Fault::WrongMd5,
    Fault::WrongSize,
    Fault::EncryptedMember,
    Fault::Truncated,
    Fault::DamagedMember,
    Fault::IniWithoutSection,
];

/// A package and its INI file in a folder.
#[derive(Clone, Debug)]
pub struct MadeDefinitions {
    /// `avvdat-NNNN.zip`.
    pub zip: PathBuf,
    /// `avvdat.ini` beside it.
    pub ini: PathBuf,
    /// Name and content of each member a good package holds.
    pub members: Vec<(String, Vec<u8>)>,
}

/// Returns the content of one file of a release. `name` is one of [`MEMBER_NAMES`].
pub fn synthetic_member(version: u32, name: &str, size: usize) -> Vec<u8> {
    let mut content = format!("synthetic {name} of DAT {version:04}.0000\r\n").into_bytes();
    let rest = size.saturating_sub(content.len());
    content.extend(random_bytes(&format!("{name} {version}"), rest));
    content.truncate(size);
    content
}

/// Returns the release that a file made by [`synthetic_member`] is of, if every byte of it is as
/// it was made.
pub fn synthetic_version(name: &str, content: &[u8]) -> Option<u32> {
    let line = content.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let version = line
        .strip_prefix("synthetic ")?
        .strip_prefix(name)?
        .strip_prefix(" of DAT ")?;
    let version = version.strip_suffix(".0000")?.parse().ok()?;
    (synthetic_member(version, name, content.len()) == content).then_some(version)
}

/// Writes a good package of this release and its INI file into a folder.
pub fn make_definitions(version: u32, sizes: DatSizes, folder: &Path) -> Result<MadeDefinitions> {
    make(version, sizes, None, folder)
}

/// Writes a package of DAT 5959 that has one fault, and its INI file, into a folder.
pub fn make_bad_definitions(fault: Fault, folder: &Path) -> Result<MadeDefinitions> {
    make(5959, DatSizes::SMALL, Some(fault), folder)
        .with_context(|| format!("making definitions with the fault {fault:?}"))
}

fn make(
    version: u32,
    sizes: DatSizes,
    fault: Option<Fault>,
    folder: &Path,
) -> Result<MadeDefinitions> {
    let members: Vec<(String, Vec<u8>)> = MEMBER_NAMES
        .iter()
        .zip(sizes.0)
        .map(|(name, size)| ((*name).to_owned(), synthetic_member(version, name, size)))
        .collect();
    let mut archive = write_archive(&archive_members(&members, fault))?;
    if fault == Some(Fault::Truncated) {
        archive.truncate(archive.len().saturating_sub(5_000));
    }
    fs::create_dir_all(folder)?;
    let name = format!("avvdat-{version:04}.zip");
    let zip = folder.join(&name);
    fs::write(&zip, &archive)?;

    let section = if fault == Some(Fault::IniWithoutSection) {
        "ZIP"
    } else {
        "AVV-ZIP"
    };
    let stated_version = if fault == Some(Fault::WrongVersionInIni) {
        5958
    } else {
        version
    };
    let stated_size = archive.len() + usize::from(fault == Some(Fault::WrongSize));
    let mut md5 = hex::encode(Md5::digest(&archive));
    if fault == Some(Fault::WrongMd5) {
        md5 = hex::encode(Md5::digest(b"another package"));
    }
    let ini = folder.join("avvdat.ini");
    fs::write(
        &ini,
        format!(
            "[{section}]\r\nEngineVersion=0\r\nDATVersion={stated_version}\r\nMinorVersion=0\r\n\
             FileName={name}\r\nFilePath=/\r\nFileSize={stated_size}\r\nMD5={md5}\r\n"
        ),
    )?;
    Ok(MadeDefinitions { zip, ini, members })
}

fn archive_members(members: &[(String, Vec<u8>)], fault: Option<Fault>) -> Vec<Member> {
    let mut list: Vec<Member> = members
        .iter()
        .map(|(name, content)| Member::new(name, content))
        .collect();
    match fault {
        Some(Fault::PathTraversal) => {
            list.push(Member::new(
                "..\\..\\WINDOWS\\system32\\svchost.exe",
                b"not yours",
            ));
        }
        Some(Fault::AbsurdSize) => list[0].stated_size = Some(3_000_000_000),
        Some(Fault::UnderstatedSize) => list[0].stated_size = Some(1_000),
        Some(Fault::DuplicateNames) => list.push(Member::new(&members[0].0, b"another content")),
        Some(Fault::MissingMember) => list.truncate(2),
        Some(Fault::EncryptedMember) => list[0].method = Method::Encrypted,
        Some(Fault::DamagedMember) => list[0].method = Method::Damaged,
        _ => {}
    }
    list
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::tools::run;

    fn read_all(zip: &Path) -> Result<Vec<(String, Vec<u8>)>> {
        let mut archive = zip::ZipArchive::new(fs::File::open(zip)?)?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let mut member = archive.by_index(index)?;
            let mut content = Vec::new();
            let name = member.name()?.to_string();
            member.read_to_end(&mut content)?;
            members.push((name, content));
        }
        Ok(members)
    }

    #[test]
    fn good_package_holds_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let made = make_definitions(5959, DatSizes::SMALL, folder.path()).unwrap();
        assert_eq!(read_all(&made.zip).unwrap(), made.members);
        let ini = fs::read_to_string(&made.ini).unwrap();
        let md5 = run("md5sum", &[&made.zip]).unwrap().text();
        let md5 = md5.split(' ').next().unwrap();
        assert!(ini.contains(&format!("MD5={md5}\r\n")), "{ini}");
        let size = fs::metadata(&made.zip).unwrap().len();
        assert!(ini.starts_with("[AVV-ZIP]\r\n"));
        assert!(ini.contains(&format!("FileSize={size}\r\n")));
        assert!(ini.contains("DATVersion=5959\r\nMinorVersion=0\r\n"));
    }

    #[test]
    fn version_is_told_only_of_undamaged_content() {
        let mut content = synthetic_member(5959, "avvscan.dat", 5000);
        assert_eq!(synthetic_version("avvscan.dat", &content), Some(5959));
        assert_eq!(synthetic_version("avvnames.dat", &content), None);
        content[4000] ^= 1;
        assert_eq!(synthetic_version("avvscan.dat", &content), None);
        assert_eq!(synthetic_version("avvscan.dat", b""), None);
    }

    #[test]
    fn faults_of_the_archive_are_seen_by_a_zip_reader() {
        for fault in ALL_FAULTS {
            let folder = tempfile::tempdir().unwrap();
            let made = make_bad_definitions(fault, folder.path()).unwrap();
            let read = read_all(&made.zip);
            match fault {
                Fault::PathTraversal => assert_eq!(read.unwrap().len(), 4, "{fault:?}"),
                Fault::MissingMember => assert_eq!(read.unwrap().len(), 2, "{fault:?}"),
                Fault::DuplicateNames => assert!(
                    zip::ZipArchive::new(fs::File::open(&made.zip).unwrap())
                        .map_or(true, |archive| archive.has_duplicate_names()
                            || archive.len() < 4),
                    "{fault:?}"
                ),
                Fault::AbsurdSize => {
                    let file = fs::File::open(&made.zip).unwrap();
                    let mut archive = zip::ZipArchive::new(file).unwrap();
                    assert_eq!(archive.by_index(0).unwrap().size(), 3_000_000_000);
                }
                Fault::UnderstatedSize
                | Fault::EncryptedMember
                | Fault::Truncated
                | Fault::DamagedMember => assert!(read.is_err(), "{fault:?}"),
                Fault::WrongVersionInIni
                | Fault::WrongMd5
                | Fault::WrongSize
                | Fault::IniWithoutSection => {
                    assert_eq!(read.unwrap(), made.members, "{fault:?}");
                }
            }
        }
    }

    #[test]
    fn same_release_gives_the_same_bytes() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let bytes = folders.each_ref().map(|folder| {
            let made = make_definitions(5959, DatSizes::SMALL, folder.path()).unwrap();
            (fs::read(made.zip).unwrap(), fs::read(made.ini).unwrap())
        });
        assert_eq!(bytes[0], bytes[1]);
    }
}
