//! McAfee's V2 definitions as the vendor ships them: `avvdat-NNNN.zip` with `avvdat.ini` beside it.
//!
//! The ini says which version the zip is, how large, and its MD5; the zip's members are unpacked into
//! the engine folder. Everything is checked here, in the office, so that nothing has to be decided at
//! the broken PC: names, sizes, version, and that each member unpacks to what it declares.
//!
//! Source: facts of update scripts for the vendor's command-line scanner, which read the same section
//! `[AVV-ZIP]` of the same file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use md5::{Digest as _, Md5};
use rescue_stick::definitions::DefinitionsMember;

use self::members::read_members;
use crate::hashed_file::read_pieces;
use crate::parallel::join;

mod members;

/// The vendor's description of the package.
const DESCRIPTION: &str = "avvdat.ini";

/// A package that is what its vendor says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPackage {
    /// `5959.0000`.
    pub version: String,
    /// The definitions in it, sorted by name.
    pub members: Vec<DefinitionsMember>,
    /// Other members, sorted by name.
    pub left_out: Vec<String>,
}

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The description lacks something or has it in a form that makes no sense.
    #[error("{path}: [AVV-ZIP] {key} is {finding}, expected {expectation}")]
    Description {
        /// The description.
        path: PathBuf,
        /// Which key.
        key: &'static str,
        /// What is there.
        finding: String,
        /// What would be right.
        expectation: String,
    },
    /// The zip cannot be read as one.
    #[error("{path}: not readable as a zip: {reason}")]
    Zip {
        /// The zip.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// A member that the engine needs is not there.
    #[error("{path}: {member} is not in it, found {found}")]
    Missing {
        /// The zip.
        path: PathBuf,
        /// The member.
        member: &'static str,
        /// The definitions that are there.
        found: String,
    },
    /// One member is not acceptable.
    #[error("{path}: member {member:?} {finding}")]
    Member {
        /// The zip.
        path: PathBuf,
        /// The member.
        member: String,
        /// What is wrong with it.
        finding: String,
    },
}

/// Returns where the description of the zip at `path` lies.
pub fn description_path(path: &Path) -> PathBuf {
    path.with_file_name(DESCRIPTION)
}

/// Checks the zip at `path` against `avvdat.ini` beside it and unpacks every member once to hash it.
pub fn check_package(path: &Path) -> Result<CheckedPackage, PackageError> {
    let description_path = description_path(path);
    let description = Description::read(&description_path)?;
    let (described, members) = join(
        || description.check(&description_path, path),
        || read_members(path),
    );
    described?;
    let members = members?;
    Ok(CheckedPackage {
        version: description.version(),
        members: members.definitions,
        left_out: members.left_out,
    })
}

/// Section `[AVV-ZIP]` of `avvdat.ini`. Keys that are not listed here exist and say nothing of use.
struct Description {
    dat_version: u32,
    /// May be absent, then 0.
    minor_version: u32,
    file_name: String,
    file_size: u64,
    md5: [u8; 16],
}

impl Description {
    fn read(path: &Path) -> Result<Self, PackageError> {
        let text = fs::read(path)?;
        let keys = read_section(&String::from_utf8_lossy(&text), "AVV-ZIP");
        let describe = |key, finding: Option<&String>, expectation: &str| {
            let finding = finding.map_or("missing".to_owned(), |value| format!("{value:?}"));
            let path = path.to_owned();
            PackageError::Description {
                path,
                key,
                finding,
                expectation: expectation.into(),
            }
        };
        let value = |key: &str| keys.get(&key.to_lowercase());
        let number = |key, expectation| {
            let found = value(key);
            found
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| describe(key, found, expectation))
        };
        let dat_version = number("DATVersion", "a number such as 5959")?;
        let minor_version = match value("MinorVersion") {
            None => 0,
            Some(_) => number("MinorVersion", "a number")?,
        };
        let size_text = value("FileSize");
        let file_size = size_text
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| describe("FileSize", size_text, "a number of bytes"))?;
        let name = value("FileName");
        let file_name = name
            .cloned()
            .ok_or_else(|| describe("FileName", name, "the zip's file name"))?;
        let md5_text = value("MD5");
        let mut md5 = [0; 16];
        md5_text
            .and_then(|text| hex::decode_to_slice(text.to_lowercase(), &mut md5).ok())
            .ok_or_else(|| describe("MD5", md5_text, "32 hexadecimal digits"))?;
        Ok(Self {
            dat_version,
            minor_version,
            file_name,
            file_size,
            md5,
        })
    }

    fn version(&self) -> String {
        format!("{:04}.{:04}", self.dat_version, self.minor_version)
    }

    /// Holds the zip itself against the description.
    fn check(&self, description: &Path, zip: &Path) -> Result<(), PackageError> {
        let differs = |key, finding: String, expectation: String| {
            let path = description.to_owned();
            Err(PackageError::Description {
                path,
                key,
                finding,
                expectation,
            })
        };
        let name = zip.file_name().unwrap_or_default().to_string_lossy();
        if !self.file_name.eq_ignore_ascii_case(&name) {
            return differs(
                "FileName",
                format!("{:?}", self.file_name),
                format!("{name:?}"),
            );
        }
        let in_name = name.to_lowercase();
        let in_name = in_name
            .strip_prefix("avvdat-")
            .and_then(|rest| rest.strip_suffix(".zip"));
        if in_name.is_some_and(|number| number.parse() != Ok(self.dat_version)) {
            let expectation = format!("the number in {name:?}");
            return differs("DATVersion", self.dat_version.to_string(), expectation);
        }
        let mut hasher = Md5::new();
        let size = read_pieces(&mut fs::File::open(zip)?, |piece| hasher.update(piece))?;
        if size != self.file_size {
            let expectation = format!("{size}, the size of {name}");
            return differs("FileSize", self.file_size.to_string(), expectation);
        }
        let found: [u8; 16] = hasher.finalize().into();
        if found != self.md5 {
            let expectation = format!("{}, the MD5 of {name}", hex::encode(found));
            return differs("MD5", hex::encode(self.md5), expectation);
        }
        Ok(())
    }
}

/// Returns the keys, in lower case, and values of one section of an ini file.
fn read_section(text: &str, section: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut is_inside = false;
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            is_inside = name.trim().eq_ignore_ascii_case(section);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_inside) {
            keys.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    keys
}

#[cfg(test)]
pub(super) mod test_packages {
    use std::io::Write as _;

    use super::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// The members of a good package.
    pub(crate) const GOOD: [(&str, &[u8]); 3] = [
        ("avvscan.dat", b"signatures"),
        ("avvnames.dat", b"names"),
        ("avvclean.dat", b"repair"),
    ];

    /// Writes `avvdat-NUMBER.zip` with these members, and a fitting `avvdat.ini`.
    pub(crate) fn write_package(folder: &Path, number: &str, members: &[(&str, &[u8])]) -> PathBuf {
        let path = folder.join(format!("avvdat-{number}.zip"));
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in members {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(content).unwrap();
        }
        write_bytes(&path, &writer.finish().unwrap().into_inner(), number);
        path
    }

    /// Writes a package that is as it should be to `folder/NUMBER/avvdat-NUMBER.zip`.
    pub(crate) fn write_good_package(folder: &Path, number: &str) -> PathBuf {
        fs::create_dir_all(folder.join(number)).unwrap();
        write_package(&folder.join(number), number, &GOOD)
    }

    pub(crate) fn write_bytes(path: &Path, bytes: &[u8], number: &str) {
        fs::write(path, bytes).unwrap();
        let md5: [u8; 16] = Md5::digest(bytes).into();
        let ini = format!(
            "[ZIP]\r\nDATVersion=1\r\n[AVV-ZIP]\r\nDATVersion={number}\r\n\
             FileName=avvdat-{number}.zip\r\nFilePath=/x/\r\nFileSize={}\r\nMD5={}\r\n",
            bytes.len(),
            hex::encode_upper(md5),
        );
        fs::write(path.with_file_name(DESCRIPTION), ini).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::test_packages::{GOOD, write_bytes, write_good_package, write_package};
    use super::*;
    use expect_test::{Expect, expect};
    use rescue_stick::digest::Sha256Digest;

    fn check_refused(path: &Path, message: Expect) {
        let folder = path.parent().unwrap().display().to_string();
        let error = check_package(path).unwrap_err().to_string();
        message.assert_eq(&error.replace(&folder, "FOLDER"));
    }

    fn check_ini_refused(good: &str, bad: &str, message: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let path = write_package(folder.path(), "5959", &GOOD);
        let ini = folder.path().join(DESCRIPTION);
        let text = fs::read_to_string(&ini).unwrap();
        assert!(text.contains(good), "{good}");
        fs::write(&ini, text.replacen(good, bad, 1)).unwrap();
        check_refused(&path, message);
    }

    fn check_members_refused(members: &[(&str, &[u8])], message: Expect) {
        let folder = tempfile::tempdir().unwrap();
        check_refused(&write_package(folder.path(), "5959", members), message);
    }

    /// Replaces bytes in a good package and describes the result rightly, so that only the zip is odd.
    fn check_patched_refused(change: impl FnOnce(&mut Vec<u8>), message: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let path = write_package(folder.path(), "5959", &GOOD);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        write_bytes(&path, &bytes, "5959");
        check_refused(&path, message);
    }

    /// Returns where the central directory's entry number `index` begins.
    fn central_entry(bytes: &[u8], index: usize) -> usize {
        let magic = b"PK\x01\x02";
        let found = (0..bytes.len())
            .filter(|at| bytes[*at..].starts_with(magic))
            .nth(index);
        found.unwrap()
    }

    #[test]
    fn accepts_a_package_as_its_vendor_ships_it_and_leaves_other_files_out() {
        let folder = tempfile::tempdir().unwrap();
        let members = [&GOOD[..], &[("legal.txt", b"x".as_slice())]].concat();
        let package = check_package(&write_package(folder.path(), "5959", &members)).unwrap();
        assert_eq!(package.version, "5959.0000");
        let names: Vec<_> = package
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["avvclean.dat", "avvnames.dat", "avvscan.dat"]);
        assert_eq!(package.members[2].sha256, Sha256Digest::of(b"signatures"));
        assert_eq!(package.left_out, ["legal.txt"]);
    }

    #[test]
    fn refuses_a_description_that_does_not_fit_the_zip() {
        check_ini_refused(
            "DATVersion=5959",
            "DATVersion=5960",
            expect![[
                r#"FOLDER/avvdat.ini: [AVV-ZIP] DATVersion is 5960, expected the number in "avvdat-5959.zip""#
            ]],
        );
        check_ini_refused(
            "FileName=avvdat-5959",
            "FileName=avvdat-5960",
            expect![[
                r#"FOLDER/avvdat.ini: [AVV-ZIP] FileName is "avvdat-5960.zip", expected "avvdat-5959.zip""#
            ]],
        );
        check_ini_refused(
            "FileSize=",
            "FileSize=1",
            expect![
                "FOLDER/avvdat.ini: [AVV-ZIP] FileSize is 1347, expected 347, the size of avvdat-5959.zip"
            ],
        );
        check_ini_refused(
            "MD5=",
            "MD5=00",
            expect![[
                r#"FOLDER/avvdat.ini: [AVV-ZIP] MD5 is "00E7DF69D5EE2D7BDA40F5AE995F425912", expected 32 hexadecimal digits"#
            ]],
        );
        check_ini_refused(
            "[AVV-ZIP]",
            "[OTHER]",
            expect![
                "FOLDER/avvdat.ini: [AVV-ZIP] DATVersion is missing, expected a number such as 5959"
            ],
        );
        check_ini_refused(
            "FilePath",
            "MinorVersion=x\r\nFilePath",
            expect![[r#"FOLDER/avvdat.ini: [AVV-ZIP] MinorVersion is "x", expected a number"#]],
        );
    }

    #[test]
    fn refuses_a_zip_with_one_changed_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_good_package(folder.path(), "5959");
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(
            check_package(&path)
                .unwrap_err()
                .to_string()
                .contains("MD5")
        );
    }

    #[test]
    fn refuses_members_that_lead_elsewhere_or_are_missing() {
        let with = |name| [&GOOD[..], &[(name, b"x".as_slice())]].concat();
        check_members_refused(
            &with("../../boot.ini"),
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "../../boot.ini" is not a plain file name, expected letters, digits, -, _ and ."#
            ]],
        );
        check_members_refused(
            &with("C:\\ntldr"),
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "C:\\ntldr" is not a plain file name, expected letters, digits, -, _ and ."#
            ]],
        );
        check_members_refused(
            &with("sub/avvscan.dat"),
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "sub/avvscan.dat" is not a plain file name, expected letters, digits, -, _ and ."#
            ]],
        );
        check_members_refused(
            &with("AVVSCAN.DAT"),
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "AVVSCAN.DAT" is there twice, in upper and lower case"#
            ]],
        );
        check_members_refused(
            &GOOD[..2],
            expect![
                "FOLDER/avvdat-5959.zip: avvclean.dat is not in it, found avvnames.dat, avvscan.dat"
            ],
        );
        check_members_refused(
            &[("readme.txt", b"x")],
            expect!["FOLDER/avvdat-5959.zip: avvscan.dat is not in it, found no .dat file"],
        );
    }

    #[test]
    fn refuses_encrypted_oversized_and_broken_members() {
        check_patched_refused(
            |bytes| bytes.truncate(bytes.len() / 2),
            expect![
                "FOLDER/avvdat-5959.zip: not readable as a zip: invalid Zip archive: Could not find EOCD"
            ],
        );
        // Bit 0 of the general purpose flags: encrypted. Source: APPNOTE 4.4.4.
        let encrypt = |bytes: &mut Vec<u8>| {
            let entry = central_entry(bytes, 0);
            bytes[entry + 8] |= 1;
        };
        check_patched_refused(
            encrypt,
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "avvscan.dat" is encrypted, expected it to be readable without a password"#
            ]],
        );
        // Uncompressed size. Source: APPNOTE 4.3.12.
        let declare_3_gib = |bytes: &mut Vec<u8>| {
            let entry = central_entry(bytes, 1);
            bytes[entry + 24..entry + 28].copy_from_slice(&0xC000_0000_u32.to_le_bytes());
        };
        check_patched_refused(
            declare_3_gib,
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "avvnames.dat" declares 3221225472 bytes, expected at most 1073741824"#
            ]],
        );
        let declare_less = |bytes: &mut Vec<u8>| {
            let entry = central_entry(bytes, 1);
            bytes[entry + 24] -= 1;
        };
        check_patched_refused(
            declare_less,
            expect![[
                r#"FOLDER/avvdat-5959.zip: member "avvnames.dat" cannot be unpacked: File is larger than its declared uncompressed size"#
            ]],
        );
        let name_twice = |bytes: &mut Vec<u8>| {
            let entry = central_entry(bytes, 1);
            bytes[entry + 46..entry + 58].copy_from_slice(b"avvclean.dat");
        };
        check_patched_refused(
            name_twice,
            expect![
                "FOLDER/avvdat-5959.zip: not readable as a zip: two members have the same name"
            ],
        );
    }
}
