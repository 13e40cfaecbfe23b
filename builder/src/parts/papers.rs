//! What a Debian package says of itself: which sources it was built from, and on which terms.

use std::collections::BTreeMap;
use std::path::Path;

use crate::parts::Part;
use crate::parts::deb::{DebError, Packed, read_chosen, read_control};

/// The papers of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Papers {
    /// Debian's source packages, name and version; what the programs were built from comes first.
    pub sources: Vec<(String, String)>,
    /// Debian's copyright file; nothing where another package holds it.
    pub copyright: Option<String>,
}

/// Licence of the programs in a package. Debian's copyright files say more, and only in part to machines.
struct KnownLicence {
    /// How the package's name begins.
    package: &'static str,
    /// The licence as an SPDX expression.
    licence: &'static str,
    /// Who says so.
    source: &'static str,
}

const ALL_LICENCES: &[KnownLicence] = &[
    KnownLicence {
        package: "linux-image-",
        licence: "GPL-2.0-only WITH Linux-syscall-note",
        source: "Linux, COPYING",
    },
    KnownLicence {
        package: "grub-",
        licence: "GPL-3.0-or-later",
        source: "GRUB, COPYING",
    },
    KnownLicence {
        package: "shim-",
        licence: "BSD-2-Clause AND OpenSSL",
        source: "shim, COPYRIGHT; it has OpenSSL 1.0.2k inside, Observed: shim-signed 1.51~1+deb12u1",
    },
    KnownLicence {
        package: "ntfs-3g",
        licence: "GPL-2.0-or-later AND LGPL-2.0-or-later",
        source: "ntfs-3g, debian/copyright",
    },
    KnownLicence {
        package: "libntfs-3g",
        licence: "GPL-2.0-or-later AND LGPL-2.0-or-later",
        source: "ntfs-3g, debian/copyright",
    },
    KnownLicence {
        package: "libc6",
        licence: "LGPL-2.1-or-later",
        source: "glibc, debian/copyright, which names parts under further terms",
    },
];

/// Returns the licence of a package as an SPDX expression, if it is known here.
pub fn known_licence(package: &str) -> Option<&'static str> {
    let mut rows = ALL_LICENCES.iter();
    let row = rows.find(|row| package.starts_with(row.package))?;
    debug_assert!(!row.source.is_empty());
    Some(row.licence)
}

/// Reads the papers of a package.
pub fn read_papers(deb: &Path, part: &Part) -> Result<Papers, DebError> {
    let path = format!("usr/share/doc/{}/copyright", part.locked.package);
    let mut files = read_chosen(deb, |other| other == path)?;
    let copyright = match files.remove(&path) {
        Some(Packed::File(content)) => Some(String::from_utf8_lossy(&content).into_owned()),
        _ => None,
    };
    let control = read_control(deb)?;
    let sources = sources_of(&control, &part.locked.package, &part.locked.version);
    Ok(Papers { sources, copyright })
}

impl Papers {
    /// Returns the papers as text for the cache, without the copyright file.
    pub(crate) fn sources_text(&self) -> String {
        let lines = self.sources.iter();
        let lines: Vec<_> = lines
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        lines.join("\n")
    }

    /// Reads what [`Papers::sources_text`] gave.
    pub(crate) fn parse(sources: &str, copyright: Option<String>) -> Self {
        let pairs = sources.lines().filter_map(|line| line.split_once(' '));
        Self {
            sources: pairs
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .collect(),
            copyright,
        }
    }
}

/// Returns the source packages that a control file names. Source: deb-control(5), `Source` and
/// `Built-Using`; a package without the former is called like its source.
fn sources_of(control: &str, package: &str, version: &str) -> Vec<(String, String)> {
    let fields = control_fields(control);
    let mut sources = Vec::new();
    let built_using = fields
        .get("built-using")
        .map(String::as_str)
        .unwrap_or_default();
    for one in built_using.split(',') {
        // `linux-6.12 (= 6.12.117-1~deb12u1)`
        if let Some((name, relation)) = one.trim().split_once(" (") {
            let version = relation
                .trim_start_matches('=')
                .trim_end_matches(')')
                .trim();
            sources.push((name.to_owned(), version.to_owned()));
        }
    }
    let own = fields.get("source").map_or(package, String::as_str);
    let (name, own_version) = match own.split_once(" (") {
        Some((name, rest)) => (name, rest.trim_end_matches(')')),
        None => (own, version),
    };
    sources.push((name.to_owned(), own_version.to_owned()));
    sources
}

/// Returns the fields of a control file by their names in lower case.
fn control_fields(control: &str) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last = None;
    for line in control.lines() {
        if let (true, Some(name)) = (line.starts_with([' ', '\t']), &last) {
            let value: &mut String = fields.entry(String::clone(name)).or_default();
            value.push_str(line);
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.to_lowercase();
            fields.insert(name.clone(), value.trim().to_owned());
            last = Some(name);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::{ALL_WANTED, PackageName};

    #[test]
    fn sources_are_what_the_programs_were_built_from_first() {
        let control = "Package: shim-signed\nSource: shim-signed (1.51~1+deb12u1)\n\
                       Built-Using: shim (= 16.1-2~deb12u1),\n other (= 1)\nDescription: x\n y: z\n";
        let sources = sources_of(control, "shim-signed", "1.51~1+deb12u1+16.1-2~deb12u1");
        let expected = [
            ("shim", "16.1-2~deb12u1"),
            ("other", "1"),
            ("shim-signed", "1.51~1+deb12u1"),
        ];
        let expected = expected.map(|(name, version)| (name.to_owned(), version.to_owned()));
        assert_eq!(sources, expected);
        let papers = Papers {
            sources,
            copyright: None,
        };
        assert_eq!(Papers::parse(&papers.sources_text(), None), papers);
        let plain = sources_of("Package: ntfs-3g\nVersion: 2\n", "ntfs-3g", "2");
        assert_eq!(plain, [("ntfs-3g".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn the_licence_of_every_wanted_part_is_known() {
        for part in ALL_WANTED {
            let name = match part.package {
                PackageName::Exact(name) => name,
                PackageName::Newest { prefix, .. } => prefix,
            };
            let licence = known_licence(name);
            assert!(licence.is_some(), "{name}");
        }
        assert_eq!(known_licence("bash"), None);
        assert!(ALL_LICENCES.iter().all(|row| !row.source.is_empty()));
    }
}
