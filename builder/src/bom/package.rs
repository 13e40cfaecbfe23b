//! What a stick carries besides crates: Debian's packages, and what else is linked into `mend`.

use std::fmt::Write as _;
use std::path::Path;

use object::Endianness;
use object::elf::FileHeader32;
use object::read::elf::{FileHeader, SectionHeader};
use rescue_stick::digest::Sha256Digest;

use crate::parts::papers::Papers;

/// A Debian package that boot files are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Digest of the package file.
    pub sha256: Sha256Digest,
    /// Its licence as an SPDX expression, if it is known.
    pub licence: Option<&'static str>,
    /// What it says of itself.
    pub papers: Papers,
}

impl CarriedPackage {
    /// Returns how the bill refers to it.
    pub fn reference(&self) -> String {
        debian_purl(&self.name, &self.version, &self.architecture)
    }
}

/// `mend`, as it is built into an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MendNote {
    /// Digest of the program.
    pub sha256: Sha256Digest,
    /// What is linked into it besides crates.
    pub linked: Vec<LinkedPart>,
}

/// A library that a compiler brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedPart {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression.
    pub licence: &'static str,
}

/// Returns the name by which everybody calls a Debian package. Source: the purl specification, type `deb`.
pub fn debian_purl(name: &str, version: &str, architecture: &str) -> String {
    let (name, version) = (encoded(name), encoded(version));
    format!("pkg:deb/debian/{name}@{version}?arch={architecture}")
}

/// Encodes what a purl would take for something else.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Reads from the program itself with which libraries it was linked; what it does not tell is left out.
pub fn read_mend(program: &[u8]) -> MendNote {
    let mut linked = Vec::new();
    if let Some(version) = rust_version(program) {
        linked.push(LinkedPart {
            name: "rust-std",
            version,
            licence: "MIT OR Apache-2.0",
        });
    }
    if let Some(version) = glibc_version(program) {
        linked.push(LinkedPart {
            name: "glibc",
            version,
            licence: "LGPL-2.1-or-later",
        });
    }
    MendNote {
        sha256: Sha256Digest::of(program),
        linked,
    }
}

/// Reads a program from a file and notes what is linked into it.
pub fn read_mend_file(path: &Path) -> std::io::Result<MendNote> {
    Ok(read_mend(&fs_err::read(path)?))
}

/// Returns the version of the compiler, which is that of its library. It stands in the section `.comment`.
fn rust_version(program: &[u8]) -> Option<String> {
    let header = FileHeader32::<Endianness>::parse(program).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, program).ok()?;
    let (_, section) = sections.section_by_name(endian, b".comment")?;
    let text = String::from_utf8_lossy(section.data(endian, program).ok()?).into_owned();
    let (_, rest) = text.split_once("rustc version ")?;
    let version = rest.split([' ', '\0']).next()?;
    Some(version.to_owned())
}

/// Returns the version of the C library, whose greeting lies in every program that is linked with it.
/// Source: glibc, csu/version.c: `GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release …`.
fn glibc_version(program: &[u8]) -> Option<String> {
    let greeting = b"GNU C Library (";
    let start = memchr::memmem::find(program, greeting)?;
    let rest = program.get(start.checked_add(greeting.len())?..)?;
    let end = rest.iter().take(100).position(|byte| *byte == b')')?;
    let inside = String::from_utf8_lossy(rest.get(..end)?).into_owned();
    Some(inside.split(' ').next_back()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_encode_what_debian_writes_in_versions() {
        assert_eq!(
            debian_purl("linux-image-6.12.117+deb12-amd64", "1:6.12~1", "amd64"),
            "pkg:deb/debian/linux-image-6.12.117%2Bdeb12-amd64@1%3A6.12~1?arch=amd64"
        );
    }

    #[test]
    fn nothing_is_told_of_what_is_no_program() {
        assert_eq!(read_mend(b"#!/bin/sh\n").linked, []);
        let with_greeting = b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release\0";
        let found = read_mend(with_greeting);
        assert_eq!(found.linked.len(), 1);
        assert_eq!(found.linked[0].version, "2.36-9+deb12u14");
    }
}
