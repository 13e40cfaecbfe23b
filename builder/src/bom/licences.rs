//! The terms of everything on the stick, and where its sources are, as one text for people.

use std::fmt::Write as _;

use super::crates::{CARRIED_CRATES, CarriedCrates};
use super::package::{CarriedPackage, MendNote};

const WIDTH: usize = 78;

/// Returns the text. The same packages give the same text.
pub fn licences_text(packages: &[CarriedPackage], mend: Option<&MendNote>) -> String {
    let crates = &*CARRIED_CRATES;
    let mut text = String::from(
        "Terms of the programs on this stick, and where their sources are.\n\
         The same for machines, with digests: bom.json beside this file.\n\n\
         The programs from Debian are unchanged. Debian keeps every source package that it\n\
         ever published in its archive of snapshots, by the names and versions below.\n\
         Crates are kept by Rust's public registry, by the names and versions below.\n",
    );
    for package in packages {
        heading(&mut text, &format!("{} {}", package.name, package.version));
        let licence = package.licence.unwrap_or("as its own text below says");
        let _ = writeln!(
            text,
            "architecture {}, licence: {licence}",
            package.architecture
        );
        for (name, version) in &package.papers.sources {
            let _ = writeln!(text, "Debian source package {name}, version {version}");
        }
        // Packages of one source have one text; those of two architectures as well.
        let same = packages
            .iter()
            .take_while(|other| *other != package)
            .find(|other| other.papers.copyright == package.papers.copyright);
        match (&package.papers.copyright, same) {
            (None, _) => text.push_str("It holds no text of its own.\n"),
            (Some(_), Some(other)) => {
                let _ = writeln!(text, "Its text is that of {} above.", other.name);
            }
            (Some(copyright), None) => {
                let _ = writeln!(text, "\n{}", copyright.trim_end());
            }
        }
    }
    add_mend(&mut text, crates, mend);
    for (id, licence) in &crates.licences {
        heading(&mut text, &format!("The text of {id}"));
        let _ = writeln!(text, "{}", licence.trim());
    }
    text
}

fn add_mend(text: &mut String, crates: &CarriedCrates, mend: Option<&MendNote>) {
    let Some(mend) = mend else { return };
    heading(text, "mend");
    let _ = writeln!(text, "licence: {}", env!("CARGO_PKG_LICENSE"));
    text.push_str("It is linked from:\n");
    for part in &mend.linked {
        let _ = writeln!(text, "  {} {}  {}", part.name, part.version, part.licence);
    }
    for one in &crates.crates {
        let _ = writeln!(text, "  {} {}  {}", one.name, one.version, one.licence);
    }
    for (index, terms) in crates.texts.iter().enumerate() {
        let of = crates
            .crates
            .iter()
            .filter(|one| one.texts.contains(&index));
        let names: Vec<&str> = of.map(|one| one.name.as_str()).collect();
        heading(text, &format!("Terms of {}", names.join(", ")));
        let _ = writeln!(text, "{terms}");
    }
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{}", "=".repeat(WIDTH));
    let mut line = String::new();
    for word in title.split(' ') {
        if !line.is_empty() && line.len() + word.len() >= WIDTH {
            let _ = writeln!(text, "{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}\n{}", "=".repeat(WIDTH));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::papers::Papers;
    use rescue_stick::digest::Sha256Digest;

    fn package(name: &str, copyright: Option<&str>) -> CarriedPackage {
        CarriedPackage {
            name: name.to_owned(),
            version: "1".to_owned(),
            architecture: "i386".to_owned(),
            sha256: Sha256Digest::of(name.as_bytes()),
            licence: Some("GPL-3.0-or-later"),
            papers: Papers {
                sources: vec![("grub2".to_owned(), "2.06-13".to_owned())],
                copyright: copyright.map(str::to_owned),
            },
        }
    }

    #[test]
    fn every_text_appears_once_and_every_crate_by_name() {
        let packages = [
            package("a", Some("Copyright: everyone")),
            package("b", Some("Copyright: everyone")),
            package("c", None),
        ];
        let mend = MendNote {
            sha256: Sha256Digest::of(b"mend"),
            linked: Vec::new(),
        };
        let text = licences_text(&packages, Some(&mend));
        assert_eq!(text.matches("Copyright: everyone").count(), 1, "{text}");
        assert!(text.contains("Its text is that of a above."));
        assert!(text.contains("Debian source package grub2, version 2.06-13"));
        assert!(text.contains("Version 2, June 1991"));
        for one in &CARRIED_CRATES.crates {
            let line = format!("  {} {}  {}\n", one.name, one.version, one.licence);
            assert!(text.contains(&line), "{line}");
        }
        for terms in &CARRIED_CRATES.texts {
            assert!(text.contains(terms.as_str()), "{terms}");
        }
        assert!(!licences_text(&packages, None).contains("linked from"));
    }
}
