//! Which shared libraries a 32-bit program needs, found in the packages that the lock names.
//!
//! Follows `DT_NEEDED` from file to file and the links of the packages, as the program's own loader would.

use std::collections::{BTreeMap, BTreeSet};

use object::Endianness;
use object::elf::{self, FileHeader32};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

use crate::parts::deb::{Packed, PackedFiles};

/// Where the loader of Debian's i386 packages looks for libraries, in its order.
/// Observed: libc6 2.36-9+deb12u14, i386, `ld-linux.so.2 --help`.
const LIBRARY_FOLDERS: &[&str] = &[
    "lib/i386-linux-gnu",
    "usr/lib/i386-linux-gnu",
    "lib",
    "usr/lib",
];

/// A package's links may lead to further links; more than this is a circle. Source: Linux,
/// `MAXSYMLINKS`.
const MAX_LINKS: usize = 40;

/// Why a program's libraries cannot be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibrariesError {
    /// A file is not what the rescue environment can run.
    #[error("{path}: {finding}, expected a 32-bit ELF file for i386")]
    Elf {
        /// The file.
        path: String,
        /// What it is instead.
        finding: String,
    },
    /// No package has a library.
    #[error("{path}: needs {needed}, which no boot part has")]
    Needed {
        /// The file that needs it.
        path: String,
        /// The library's name.
        needed: String,
    },
    /// A link leads nowhere.
    #[error("{path}: is a link that leads to no file of a boot part")]
    Link {
        /// The link.
        path: String,
    },
}

/// What an ELF file says about how it is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linkage {
    /// The loader that starts it, as an absolute path; none if it is static or a library.
    pub interpreter: Option<String>,
    /// The libraries it names.
    pub needed: Vec<String>,
}

/// Returns the linkage of the file `content`, which is called `path` in messages.
pub fn read_linkage(path: &str, content: &[u8]) -> Result<Linkage, LibrariesError> {
    let refusal = |finding: String| LibrariesError::Elf {
        path: path.to_owned(),
        finding,
    };
    let unreadable = |error: object::Error| refusal(format!("cannot be read ({error})"));
    if !content.starts_with(&elf::ELFMAG) {
        let start = content.get(..4).unwrap_or(content);
        return Err(refusal(format!("begins with {start:02x?}")));
    }
    // The fifth byte is the class. Source: System V ABI, 4, "ELF Identification".
    if content.get(4) != Some(&elf::ELFCLASS32) {
        return Err(refusal("is a 64-bit ELF file".to_owned()));
    }
    let header = FileHeader32::<Endianness>::parse(content).map_err(unreadable)?;
    let endian = header.endian().map_err(unreadable)?;
    let machine = header.e_machine(endian);
    if machine != elf::EM_386 {
        return Err(refusal(format!("is for machine {machine}")));
    }
    let mut linkage = Linkage::default();
    for segment in header
        .program_headers(endian, content)
        .map_err(unreadable)?
    {
        if let Some(name) = segment.interpreter(endian, content).map_err(unreadable)? {
            linkage.interpreter = Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    let sections = header.sections(endian, content).map_err(unreadable)?;
    if let Some((entries, names)) = sections.dynamic(endian, content).map_err(unreadable)? {
        let names = sections
            .strings(endian, content, names)
            .map_err(unreadable)?;
        for entry in entries {
            if entry.tag32(endian) == Some(elf::DT_NEEDED) {
                let name = entry.string(endian, names).map_err(unreadable)?;
                linkage
                    .needed
                    .push(String::from_utf8_lossy(name).into_owned());
            }
        }
    }
    Ok(linkage)
}

/// Returns the loader and all libraries of the program at `path`: where each must lie, without a leading
/// slash, and its content. The program itself is not among them.
pub fn close_over(
    path: &str,
    packages: &PackedFiles,
) -> Result<BTreeMap<String, Vec<u8>>, LibrariesError> {
    let program = follow(path, packages)?;
    let linkage = read_linkage(path, program)?;
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut pending: Vec<(String, String)> = linkage
        .needed
        .into_iter()
        .map(|needed| (path.to_owned(), needed))
        .collect();
    if let Some(interpreter) = linkage.interpreter {
        let place = interpreter.trim_start_matches('/').to_owned();
        let content = follow(&place, packages)?;
        // libc.so.6 names the loader as a library. It is loaded already and is not looked for again.
        seen.extend(place.rsplit('/').next().map(str::to_owned));
        found.insert(place, content.to_vec());
    }
    while let Some((by, needed)) = pending.pop() {
        if !seen.insert(needed.clone()) {
            continue;
        }
        let place = LIBRARY_FOLDERS
            .iter()
            .map(|folder| format!("{folder}/{needed}"))
            .find(|place| packages.contains_key(place))
            .ok_or_else(|| LibrariesError::Needed {
                path: by,
                needed: needed.clone(),
            })?;
        let content = follow(&place, packages)?;
        for further in read_linkage(&place, content)?.needed {
            pending.push((place.clone(), further));
        }
        found.insert(place, content.to_vec());
    }
    Ok(found)
}

/// Returns the file that `path` leads to.
fn follow<'a>(path: &str, packages: &'a PackedFiles) -> Result<&'a [u8], LibrariesError> {
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        match packages.get(&place) {
            Some(Packed::File(content)) => return Ok(content),
            Some(Packed::Link(target)) => place = resolve(&place, target),
            None => break,
        }
    }
    Err(LibrariesError::Link {
        path: path.to_owned(),
    })
}

/// Returns the path that a link at `place` with this target means.
fn resolve(place: &str, target: &str) -> String {
    let mut names: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => place.split('/').collect(),
    };
    names.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a 32-bit ELF file that names a loader and libraries. Source: System V ABI, 4 and 5.
    fn program(machine: u8, interpreter: Option<&str>, needed: &[&str]) -> Vec<u8> {
        let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let interpreter: Vec<u8> = interpreter
            .map(|name| name.bytes().chain([0]).collect())
            .unwrap_or_default();
        let mut names = vec![0];
        let mut entries = Vec::new();
        for name in needed {
            entries.extend(word(1)); // DT_NEEDED
            entries.extend(word(names.len()));
            names.extend(name.bytes().chain([0]));
        }
        let interpreter_start = 52 + 32;
        let names_start = interpreter_start + interpreter.len();
        let entries_start = (names_start + names.len()).next_multiple_of(4);
        let sections_start = entries_start + entries.len();
        let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([2, 0, machine, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(word(52));
        bytes.extend(word(sections_start));
        bytes.extend([0; 4]);
        bytes.extend([52, 0, 32, 0, 1, 0, 40, 0, 3, 0, 2, 0]);
        let kind = if interpreter.is_empty() { 0 } else { 3 }; // PT_NULL or PT_INTERP
        for field in [kind, interpreter_start, 0, 0, interpreter.len(), 0, 0, 0] {
            bytes.extend(word(field));
        }
        bytes.extend(&interpreter);
        bytes.extend(&names);
        bytes.resize(entries_start, 0);
        bytes.extend(&entries);
        bytes.extend([0; 40]);
        for (kind, start, size, link) in [
            (6, entries_start, entries.len(), 2), // SHT_DYNAMIC
            (3, names_start, names.len(), 0),     // SHT_STRTAB
        ] {
            for field in [0, kind, 0, 0, start, size, link, 0, 0, 8] {
                bytes.extend(word(field));
            }
        }
        bytes
    }

    fn packages() -> PackedFiles {
        let file = |bytes| Packed::File(bytes);
        let link = |target: &str| Packed::Link(target.to_owned());
        [
            (
                "bin/driver",
                file(program(3, Some("/lib/ld.so.2"), &["libone.so.1"])),
            ),
            ("lib/ld.so.2", link("i386-linux-gnu/ld.so.2")),
            ("lib/i386-linux-gnu/ld.so.2", file(program(3, None, &[]))),
            (
                "usr/lib/i386-linux-gnu/libone.so.1",
                link("/lib/i386-linux-gnu/libone.so.1.2"),
            ),
            (
                "lib/i386-linux-gnu/libone.so.1.2",
                file(program(3, None, &["libc.so"])),
            ),
            (
                "lib/libc.so",
                file(program(3, None, &["ld.so.2", "libone.so.1"])),
            ),
            ("lib/unasked.so", file(program(3, None, &[]))),
        ]
        .into_iter()
        .map(|(path, packed)| (path.to_owned(), packed))
        .collect()
    }

    #[test]
    fn collects_loader_and_libraries_where_the_loader_looks() {
        let found = close_over("bin/driver", &packages()).unwrap();
        let places: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(
            places,
            [
                "lib/ld.so.2",
                "lib/libc.so",
                "usr/lib/i386-linux-gnu/libone.so.1"
            ]
        );
    }

    #[test]
    fn names_the_library_that_no_package_has() {
        let mut packages = packages();
        packages.remove("lib/libc.so");
        let refusal = close_over("bin/driver", &packages).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "usr/lib/i386-linux-gnu/libone.so.1: needs libc.so, which no boot part has"
        );
    }

    #[test]
    fn refuses_links_that_lead_nowhere() {
        let mut packages = packages();
        for target in ["ld.so.2", "../../../../away"] {
            let link = Packed::Link(target.to_owned());
            packages.insert("lib/ld.so.2".to_owned(), link);
            assert!(matches!(
                close_over("bin/driver", &packages),
                Err(LibrariesError::Link { .. })
            ));
        }
    }

    #[test]
    fn refuses_what_an_i386_cannot_run() {
        for (bytes, finding) in [
            (program(40, None, &[]), "is for machine 40"),
            (b"\x7fELF\x02".to_vec(), "is a 64-bit ELF file"),
            (b"MZ".to_vec(), "begins with [4d, 5a]"),
        ] {
            let refusal = read_linkage("x", &bytes).unwrap_err().to_string();
            assert_eq!(
                refusal,
                format!("x: {finding}, expected a 32-bit ELF file for i386")
            );
        }
        assert!(read_linkage("x", b"\x7fELF\x01\x01\x01").is_err());
    }
}
