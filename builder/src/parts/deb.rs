//! Reads files out of a `.deb` without unpacking it to a disk.
//!
//! ```text
//! !<arch>   debian-binary   control.tar.xz   data.tar.xz
//!                           ^ ./control      ^ ./boot/vmlinuz-…, ./lib/…
//! ```
//!
//! Source: deb(5). Deliberately leaves out what Debian 12 does not use: gzip and zstd members, device
//! nodes, hard links.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use liblzma::read::XzDecoder;

/// What a package holds at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packed {
    /// A file and its content.
    File(Vec<u8>),
    /// A symbolic link and its target as stored: absolute, or relative to the link's folder.
    Link(String),
}

/// Chosen files of packages: path without a leading slash, and what lies there.
pub type PackedFiles = BTreeMap<String, Packed>;

/// Why a `.deb` cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebError {
    /// It cannot be read, or is not the archive it should be.
    #[error("reading {place}")]
    Io {
        /// The package file.
        place: String,
        /// What came in between.
        source: io::Error,
    },
    /// It is packed in a way this program does not know.
    #[error("{place}: a member is {found:?}, expected it packed by xz or not at all")]
    Compression {
        /// The package file.
        place: String,
        /// The member's name.
        found: String,
    },
    /// It lacks one of its archives.
    #[error("{place}: has no member {member}.xz")]
    NoMember {
        /// The package file.
        place: String,
        /// The archive.
        member: &'static str,
    },
    /// A path leads out of the package.
    #[error("{place}: holds {found:?}, expected a relative path without \"..\"")]
    Path {
        /// The package file.
        place: String,
        /// The path as stored.
        found: String,
    },
    /// A chosen path is neither file nor symbolic link.
    #[error("{place}: {path} is a {found}, expected a file or a symbolic link")]
    Kind {
        /// The package file.
        place: String,
        /// Its path.
        path: String,
        /// Its kind as tar names it.
        found: String,
    },
    /// A file that must be there is not.
    #[error("{place}: holds no {path}")]
    Absent {
        /// The package file.
        place: String,
        /// The path that was looked for.
        path: String,
    },
}

/// Returns the files of the package at `deb` whose path `is_chosen`. Paths have no leading slash or dot.
/// Folders are not chosen.
pub fn read_chosen(deb: &Path, is_chosen: impl Fn(&str) -> bool) -> Result<PackedFiles, DebError> {
    read_member(deb, "data.tar", &is_chosen)
}

/// Returns all that a package says of itself: the file `control`, as text. Source: deb-control(5).
pub fn read_control(deb: &Path) -> Result<String, DebError> {
    let mut files = read_member(deb, "control.tar", &|path| path == "control")?;
    let control = take_file(&mut files, deb, "control")?;
    Ok(String::from_utf8_lossy(&control).into_owned())
}

/// Returns chosen files of one of the archives in a package, `data.tar` or `control.tar`.
fn read_member(
    deb: &Path,
    member_name: &'static str,
    is_chosen: &impl Fn(&str) -> bool,
) -> Result<PackedFiles, DebError> {
    let place = deb.display().to_string();
    let io = |source| DebError::Io {
        place: place.clone(),
        source,
    };
    let file = fs_err::File::open(deb).map_err(io)?;
    let mut archive = ar::Archive::new(io::BufReader::new(file));
    while let Some(member) = archive.next_entry() {
        let member = member.map_err(io)?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        // Some writers of ar archives end a name with a slash.
        let Some(packing) = name.trim_end_matches('/').strip_prefix(member_name) else {
            continue;
        };
        return match packing {
            "" => read_tar(&place, member, is_chosen),
            ".xz" => read_tar(&place, XzDecoder::new(member), is_chosen),
            _ => Err(DebError::Compression { place, found: name }),
        };
    }
    Err(DebError::NoMember {
        place,
        member: member_name,
    })
}

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Package name.
    pub package: String,
    /// Version with the epoch.
    pub version: String,
    /// Architecture.
    pub architecture: String,
}

/// Returns what the package at `deb` says of itself. Source: deb-control(5).
pub fn read_identity(deb: &Path) -> Result<Identity, DebError> {
    let place = deb.display().to_string();
    let text = read_control(deb)?;
    let field = |name: &str| {
        let value = text.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        value.ok_or_else(|| DebError::Absent {
            place: place.clone(),
            path: format!("field {name} in its control file"),
        })
    };
    Ok(Identity {
        package: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
    })
}

/// Returns the content of one file, taken out of `files`.
pub fn take_file(files: &mut PackedFiles, deb: &Path, path: &str) -> Result<Vec<u8>, DebError> {
    match files.remove(path) {
        Some(Packed::File(content)) => Ok(content),
        Some(Packed::Link(_)) => Err(DebError::Kind {
            place: deb.display().to_string(),
            path: path.to_owned(),
            found: "symbolic link".to_owned(),
        }),
        None => Err(DebError::Absent {
            place: deb.display().to_string(),
            path: path.to_owned(),
        }),
    }
}

fn read_tar(
    place: &str,
    reader: impl Read,
    is_chosen: &impl Fn(&str) -> bool,
) -> Result<PackedFiles, DebError> {
    let io = |source| DebError::Io {
        place: place.to_owned(),
        source,
    };
    let mut files = PackedFiles::new();
    let mut archive = tar::Archive::new(io::BufReader::with_capacity(256 * 1024, reader));
    for entry in archive.entries().map_err(io)? {
        let mut entry = entry.map_err(io)?;
        let path = checked_path(place, &entry.path_bytes())?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || !is_chosen(&path) {
            continue;
        }
        let packed = if kind.is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(io)?;
            Packed::File(content)
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default();
            Packed::Link(String::from_utf8_lossy(&target).into_owned())
        } else {
            return Err(DebError::Kind {
                place: place.to_owned(),
                path,
                found: format!("{kind:?}").to_lowercase(),
            });
        };
        files.insert(path, packed);
    }
    Ok(files)
}

/// Returns the path without a leading `./`; refuses one that would lead out of the package.
fn checked_path(place: &str, stored: &[u8]) -> Result<String, DebError> {
    let refusal = || DebError::Path {
        place: place.to_owned(),
        found: String::from_utf8_lossy(stored).into_owned(),
    };
    let text = std::str::from_utf8(stored).map_err(|_| refusal())?;
    let path = text.strip_prefix("./").unwrap_or(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.starts_with('/') || path.split('/').any(|name| name == "..") {
        return Err(refusal());
    }
    Ok(path.to_owned())
}

/// Builds packages for the tests of this crate.
#[cfg(test)]
pub(crate) mod fixture {
    use std::io::Write;
    use std::path::Path;

    use super::Packed;

    /// Returns a tar of `files`, each path prefixed by `./`.
    pub(crate) fn tar(files: &[(&str, Packed)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, packed) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            // The raw field, because set_path refuses what some tests need.
            let stored = format!("./{path}");
            header.as_gnu_mut().unwrap().name[..stored.len()].copy_from_slice(stored.as_bytes());
            match packed {
                Packed::File(content) => {
                    header.set_size(u64::try_from(content.len()).unwrap());
                    header.set_cksum();
                    builder.append(&header, content.as_slice()).unwrap();
                }
                Packed::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_link_name(target).unwrap();
                    header.set_size(0);
                    header.set_cksum();
                    builder.append(&header, std::io::empty()).unwrap();
                }
            }
        }
        builder.into_inner().unwrap()
    }

    /// Writes a package whose data member is called `member` and holds `data`.
    pub(crate) fn write(path: &Path, member: &str, data: &[u8]) {
        let mut archive = ar::Builder::new(Vec::new());
        for (name, content) in [("debian-binary", &b"2.0\n"[..]), (member, data)] {
            let size = u64::try_from(content.len()).unwrap();
            let header = ar::Header::new(name.as_bytes().to_vec(), size);
            archive.append(&header, content).unwrap();
        }
        fs_err::write(path, archive.into_inner().unwrap()).unwrap();
    }

    /// Returns `data` as xz.
    pub(crate) fn xz(data: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::print_stderr, reason = "a judge who is not here is named")]

    use super::fixture;
    use super::*;

    fn files() -> Vec<(&'static str, Packed)> {
        vec![
            ("boot/vmlinuz", Packed::File(b"kernel".to_vec())),
            ("lib/ld-linux.so.2", Packed::Link("i386/ld.so".to_owned())),
            ("usr/share/doc/x", Packed::File(vec![0; 9000])),
        ]
    }

    #[test]
    fn yields_the_chosen_files_of_both_kinds_of_package() {
        let folder = tempfile::tempdir().unwrap();
        let deb = folder.path().join("a.deb");
        let tar = fixture::tar(&files());
        for (member, data) in [("data.tar.xz", fixture::xz(&tar)), ("data.tar", tar)] {
            fixture::write(&deb, member, &data);
            let mut found = read_chosen(&deb, |path| !path.starts_with("usr/")).unwrap();
            assert_eq!(found.len(), 2);
            assert_eq!(
                found.get("lib/ld-linux.so.2"),
                Some(&Packed::Link("i386/ld.so".to_owned()))
            );
            assert_eq!(
                take_file(&mut found, &deb, "boot/vmlinuz").unwrap(),
                b"kernel"
            );
            assert!(matches!(
                take_file(&mut found, &deb, "boot/vmlinuz"),
                Err(DebError::Absent { .. })
            ));
            assert!(matches!(
                take_file(&mut found, &deb, "lib/ld-linux.so.2"),
                Err(DebError::Kind { .. })
            ));
        }
    }

    #[test]
    fn refuses_a_path_that_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        let deb = folder.path().join("a.deb");
        for path in ["../etc/passwd", "lib/../../x", "/etc/passwd"] {
            let tar = fixture::tar(&[(path, Packed::File(vec![]))]);
            fixture::write(&deb, "data.tar", &tar);
            let refusal = read_chosen(&deb, |_| true).unwrap_err();
            assert!(
                matches!(refusal, DebError::Path { .. }),
                "{path}: {refusal}"
            );
        }
    }

    #[test]
    fn refuses_other_compression_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let deb = folder.path().join("a.deb");
        fixture::write(&deb, "data.tar.zst", b"x");
        assert!(matches!(
            read_chosen(&deb, |_| true),
            Err(DebError::Compression { .. })
        ));
        fixture::write(&deb, "control.tar.xz", b"x");
        assert!(matches!(
            read_chosen(&deb, |_| true),
            Err(DebError::NoMember { .. })
        ));
        fixture::write(&deb, "data.tar.xz", b"not xz at all");
        assert!(matches!(
            read_chosen(&deb, |_| true),
            Err(DebError::Io { .. })
        ));
        fs_err::write(&deb, b"no archive").unwrap();
        assert!(matches!(
            read_chosen(&deb, |_| true),
            Err(DebError::Io { .. })
        ));
    }

    #[test]
    fn dpkg_deb_packs_what_this_reads() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs_err::create_dir_all(root.join("DEBIAN")).unwrap();
        let control = "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n";
        fs_err::write(root.join("DEBIAN/control"), control).unwrap();
        fs_err::write(root.join("hello"), "hello").unwrap();
        let deb = folder.path().join("x.deb");
        let Ok(output) = std::process::Command::new("dpkg-deb")
            .args(["-Zxz", "--root-owner-group", "-b"])
            .args([&root, &deb])
            .output()
        else {
            eprintln!("skipped: dpkg-deb is not here to judge");
            return;
        };
        assert!(output.status.success());
        let mut found = read_chosen(&deb, |_| true).unwrap();
        assert_eq!(take_file(&mut found, &deb, "hello").unwrap(), b"hello");
        assert!(found.is_empty());
    }
}
