//! McAfee's EXTRA.DAT: a small addition to the definitions that are installed, made between two releases
//! to add a detection or, after a false alarm, to take one back.
//!
//! The vendor hands it out as it is, in a zip, or in a zip with a password, so that mail gateways let it
//! pass. What goes onto the stick is always the same: a zip of this one file, without a password. The
//! password is the recipe's; none is tried that nobody gave, and it reaches no stick.

use std::io::{self, Cursor, Read, Seek, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{InputsError, PackageInput};
use crate::hashed_file::HashedFile;

/// What the engine calls the file.
const NAME: &str = "EXTRA.DAT";

/// Name of the package on the stick.
pub const PACKAGE: &str = "extra-dat.zip";

/// A larger file is no addition. Those that were seen have some kilobytes.
const LARGEST: u64 = 64 << 20;

/// More members are not looked at.
const MOST_MEMBERS: usize = 64;

/// How a zip begins. Source: APPNOTE 4.3.7.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// An EXTRA.DAT, ready to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedExtraDat {
    /// The file as it is installed.
    pub member: DefinitionsMember,
    /// A zip that holds it: the same file gives the same bytes.
    pub package: Vec<u8>,
}

/// Why an EXTRA.DAT is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtraDatError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not what it should be.
    #[error("{}: {finding}, expected {expectation}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it is.
        finding: String,
        /// What it should be.
        expectation: &'static str,
    },
}

/// Returns whether definitions that lie there on a stick are an EXTRA.DAT.
pub fn is_extra_dat(package: &str) -> bool {
    Path::new(package)
        .file_name()
        .is_some_and(|name| name == PACKAGE)
}

/// Opens, hashes and checks an EXTRA.DAT; `name` is the one that remedies use.
pub fn read_extra_dat(
    name: &str,
    path: &Path,
    password: Option<&str>,
) -> Result<(PackageInput, DefinitionsSet), InputsError> {
    let file = HashedFile::read(path)?;
    let checked = check_extra_dat(path, password)?;
    let set = DefinitionsSet {
        version: format!("EXTRA.DAT {:.8}", checked.member.sha256.to_string()),
        package: format!("{}/{name}/{}", paths::DEFINITIONS, PACKAGE),
        members: vec![checked.member],
    };
    let input = PackageInput {
        name: name.to_owned(),
        file,
        left_out: Vec::new(),
        repacked: Some(checked.package),
    };
    Ok((input, set))
}

/// Reads an EXTRA.DAT, be it plain or in a zip.
pub fn check_extra_dat(
    path: &Path,
    password: Option<&str>,
) -> Result<CheckedExtraDat, ExtraDatError> {
    let content = |finding: String, expectation| ExtraDatError::Content {
        path: path.to_owned(),
        finding,
        expectation,
    };
    let mut file = fs::File::open(path)?;
    let mut magic = [0; 4];
    let length = file.metadata()?.len();
    let is_zip = length >= 4 && {
        file.read_exact(&mut magic)?;
        file.rewind()?;
        magic == ZIP_MAGIC
    };
    let bytes = if is_zip {
        read_zip(file, password).map_err(|(finding, expectation)| content(finding, expectation))?
    } else if password.is_some() {
        return Err(content(
            "a plain file".to_owned(),
            "a zip, since a password is given",
        ));
    } else {
        read_bounded(&mut file, length).map_err(ExtraDatError::Io)?
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if bytes.is_empty() || size > LARGEST {
        return Err(content(format!("{size} bytes"), "1 byte to 64 MiB"));
    }
    if bytes.starts_with(b"MZ") || bytes.starts_with(ZIP_MAGIC) {
        let finding = "a program, or a zip inside a zip".to_owned();
        return Err(content(finding, "the definitions themselves"));
    }
    let package = pack(&bytes)?;
    Ok(CheckedExtraDat {
        member: DefinitionsMember {
            name: NAME.to_owned(),
            size,
            sha256: Sha256Digest::of(&bytes),
        },
        package,
    })
}

/// What was found, and what was expected.
type Refusal = (String, &'static str);

fn read_zip(file: fs::File, password: Option<&str>) -> Result<Vec<u8>, Refusal> {
    const A_ZIP: &str = "a zip that can be read";
    let mut archive = ZipArchive::new(io::BufReader::new(file))
        .map_err(|error| (format!("not readable as a zip ({error})"), A_ZIP))?;
    let count = archive.len();
    if count > MOST_MEMBERS {
        return Err((format!("{count} members"), "at most 64"));
    }
    let mut found = Vec::new();
    for index in 0..count {
        let entry = archive.by_index_raw(index);
        let entry = entry.map_err(|error| (error.to_string(), A_ZIP))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if name.eq_ignore_ascii_case(NAME) {
            found.push((index, entry.encrypted(), entry.size()));
        }
    }
    let [(index, is_encrypted, size)] = found.as_slice() else {
        let finding = format!("{} members called EXTRA.DAT", found.len());
        return Err((finding, "exactly one, and in no folder"));
    };
    if *size > LARGEST {
        return Err((format!("EXTRA.DAT declares {size} bytes"), "at most 64 MiB"));
    }
    let wrong = "the password that opens it, as `password` in the recipe or --password";
    let mut entry = match (is_encrypted, password) {
        (true, None) => return Err(("EXTRA.DAT has a password".to_owned(), wrong)),
        (true, Some(password)) => archive.by_index_decrypt(*index, password.as_bytes()),
        (false, None) => archive.by_index(*index),
        (false, Some(_)) => {
            let expectation = "no `password` in the recipe, and no --password";
            return Err(("EXTRA.DAT has no password".to_owned(), expectation));
        }
    }
    .map_err(|error| match error {
        ZipError::InvalidPassword => ("another password".to_owned(), wrong),
        other => (other.to_string(), A_ZIP),
    })?;
    let bytes = read_bounded(&mut entry, *size);
    // The check of a password lets one wrong one in 256 through; then the checksum does not fit.
    bytes.map_err(|error| match is_encrypted {
        true => (format!("EXTRA.DAT cannot be unpacked ({error})"), wrong),
        false => (format!("EXTRA.DAT cannot be unpacked ({error})"), A_ZIP),
    })
}

/// Reads as many bytes as were declared; one more is an error.
fn read_bounded(reader: &mut impl Read, declared: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = declared.min(LARGEST).saturating_add(1);
    let read = reader.take(most).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) != declared.min(most) {
        let text = format!("{read} bytes or more, not {declared} as declared");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(bytes)
}

/// Packs the file by itself, not compressed, with the oldest time there is.
fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    writer.start_file(NAME, options).map_err(io::Error::from)?;
    writer.write_all(bytes)?;
    Ok(writer.finish().map_err(io::Error::from)?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const CONTENT: &[u8] = b"detection of svchost.exe is taken back";

    /// Writes a zip with these members, with ZipCrypto if there is a password.
    fn write_zip(folder: &Path, members: &[(&str, &[u8])], password: Option<&str>) -> PathBuf {
        use zip::unstable::write::FileOptionsExt as _;
        let path = folder.join("EXTRA.ZIP");
        let mut writer = ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, content) in members {
            let mut options = SimpleFileOptions::default();
            if let Some(password) = password {
                options = options
                    .with_deprecated_encryption(password.as_bytes())
                    .unwrap();
            }
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    fn check_refused(path: &Path, password: Option<&str>, message: Expect) {
        let folder = path.parent().unwrap().display().to_string();
        let error = check_extra_dat(path, password).unwrap_err().to_string();
        message.assert_eq(&error.replace(&folder, "FOLDER"));
    }

    #[test]
    fn plain_zipped_and_locked_ones_give_the_same_package() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("Extra.dat");
        fs::write(&plain, CONTENT).unwrap();
        let expected = check_extra_dat(&plain, None).unwrap();
        assert_eq!(expected.member.sha256, Sha256Digest::of(CONTENT));
        let members: [(&str, &[u8]); 2] = [("readme.txt", b"x"), ("extra.DAT", CONTENT)];
        let zip = write_zip(folder.path(), &members, None);
        assert_eq!(check_extra_dat(&zip, None).unwrap(), expected);
        let zip = write_zip(folder.path(), &members, Some("a secret"));
        assert_eq!(check_extra_dat(&zip, Some("a secret")).unwrap(), expected);
        let mut archive = ZipArchive::new(Cursor::new(expected.package)).unwrap();
        let mut content = Vec::new();
        archive
            .by_name("EXTRA.DAT")
            .unwrap()
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, CONTENT);
    }

    #[test]
    fn no_password_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let zip = write_zip(folder.path(), &[("EXTRA.DAT", CONTENT)], Some("infected"));
        check_refused(
            &zip,
            None,
            expect![
                "FOLDER/EXTRA.ZIP: EXTRA.DAT has a password, expected the password that opens it, as `password` in the recipe or --password"
            ],
        );
        for wrong in ["", "clean", "INFECTED"] {
            let error = check_extra_dat(&zip, Some(wrong)).unwrap_err().to_string();
            assert!(
                error.ends_with("as `password` in the recipe or --password"),
                "{error}"
            );
            assert!(!error.contains("infected"), "{error}");
        }
        assert!(check_extra_dat(&zip, Some("infected")).is_ok());
    }

    #[test]
    fn refuses_what_is_no_extra_dat() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("extra.dat");
        fs::write(&empty, "").unwrap();
        check_refused(
            &empty,
            None,
            expect!["FOLDER/extra.dat: 0 bytes, expected 1 byte to 64 MiB"],
        );
        fs::write(&empty, "MZ program").unwrap();
        check_refused(
            &empty,
            None,
            expect![
                "FOLDER/extra.dat: a program, or a zip inside a zip, expected the definitions themselves"
            ],
        );
        check_refused(
            &empty,
            Some("x"),
            expect!["FOLDER/extra.dat: a plain file, expected a zip, since a password is given"],
        );
        let zip = write_zip(folder.path(), &[("a/EXTRA.DAT", CONTENT)], None);
        check_refused(
            &zip,
            None,
            expect![
                "FOLDER/EXTRA.ZIP: 0 members called EXTRA.DAT, expected exactly one, and in no folder"
            ],
        );
        let zip = write_zip(folder.path(), &[("EXTRA.DAT", CONTENT)], None);
        check_refused(
            &zip,
            Some("x"),
            expect![
                "FOLDER/EXTRA.ZIP: EXTRA.DAT has no password, expected no `password` in the recipe, and no --password"
            ],
        );
        fs::write(&zip, b"PK\x03\x04 and nothing else").unwrap();
        assert!(check_extra_dat(&zip, None).is_err());
    }
}
