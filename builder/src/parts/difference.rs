//! What changes when a lock is renewed, in words that a person can agree to.

use std::collections::BTreeMap;
use std::fmt;

use crate::parts::lock::{Lock, LockedPart};

/// One part that is not the same under two locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another version, or another package in its place, as kernels carry their version in the name.
    Changed {
        /// The part before.
        before: LockedPart,
        /// The part now.
        after: LockedPart,
    },
    /// Not locked before.
    Added(LockedPart),
    /// Not locked any more.
    Removed(LockedPart),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |part: &LockedPart| format!("{} ({})", part.package, part.architecture);
        match self {
            Self::Changed { before, after } if before.package != after.package => write!(
                f,
                "{:<36} {} -> {} {}",
                name(before),
                before.version,
                after.package,
                after.version
            ),
            Self::Changed { before, after } if before.version == after.version => write!(
                f,
                "{:<36} {}, with other content: sha256 {} -> {}",
                name(before),
                before.version,
                before.sha256.short(),
                after.sha256.short()
            ),
            Self::Changed { before, after } => {
                write!(
                    f,
                    "{:<36} {} -> {}",
                    name(before),
                    before.version,
                    after.version
                )
            }
            Self::Added(part) => write!(f, "{:<36} new, {}", name(part), part.version),
            Self::Removed(part) => write!(f, "{:<36} {}, no more", name(part), part.version),
        }
    }
}

/// Returns what differs, sorted by the name of the part.
pub fn differences(before: &Lock, after: &Lock) -> Vec<Difference> {
    let by_stem = |lock: &Lock| -> BTreeMap<(String, String), LockedPart> {
        let parts = lock.parts.iter();
        parts
            .map(|part| {
                (
                    (stem(&part.package), part.architecture.clone()),
                    part.clone(),
                )
            })
            .collect()
    };
    let (before, mut after) = (by_stem(before), by_stem(after));
    let mut found: Vec<(String, Difference)> = Vec::new();
    for ((stem, architecture), part) in before {
        let difference = match after.remove(&(stem.clone(), architecture)) {
            None => Difference::Removed(part),
            Some(now) if now == part => continue,
            Some(now) => Difference::Changed {
                before: part,
                after: now,
            },
        };
        found.push((stem, difference));
    }
    let added = after.into_iter();
    found.extend(added.map(|((stem, _), part)| (stem, Difference::Added(part))));
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
        .into_iter()
        .map(|(_, difference)| difference)
        .collect()
}

/// Returns a package's name without the numbers of a version in it: two kernels are one part.
fn stem(package: &str) -> String {
    let is_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let words = package.split('-').filter(|word| !is_number(word));
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use rescue_stick::digest::Sha256Digest;

    use super::*;

    fn lock(parts: &[(&str, &str, &str)]) -> Lock {
        let part = |(package, architecture, version): &(&str, &str, &str)| LockedPart {
            package: (*package).to_owned(),
            architecture: (*architecture).to_owned(),
            version: (*version).to_owned(),
            sha256: Sha256Digest::of(version.as_bytes()),
            size: 1,
        };
        Lock::new(parts.iter().map(part).collect()).unwrap()
    }

    #[test]
    fn says_what_changes_and_nothing_of_what_stays() {
        let before = lock(&[
            ("libc6", "i386", "2.36-9+deb12u13"),
            ("linux-image-6.1.0-49-686", "i386", "6.1.172-1"),
            ("ntfs-3g", "i386", "1:2022.10.3-1+deb12u3"),
            ("old", "i386", "1"),
        ]);
        let after = lock(&[
            ("libc6", "i386", "2.36-9+deb12u14"),
            ("linux-image-6.1.0-50-686", "i386", "6.1.173-1"),
            ("new", "amd64", "2"),
            ("ntfs-3g", "i386", "1:2022.10.3-1+deb12u3"),
        ]);
        let said = differences(&before, &after);
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        expect![[r#"
            libc6 (i386)                         2.36-9+deb12u13 -> 2.36-9+deb12u14
            linux-image-6.1.0-49-686 (i386)      6.1.172-1 -> linux-image-6.1.0-50-686 6.1.173-1
            new (amd64)                          new, 2
            old (i386)                           1, no more"#]]
        .assert_eq(&said.join("\n"));
        assert_eq!(differences(&after, &after), []);
    }

    #[test]
    fn a_package_of_the_same_version_with_other_content_is_named() {
        let before = lock(&[("libc6", "i386", "2.36")]);
        let mut after = before.clone();
        after.parts[0].sha256 = Sha256Digest::of(b"other");
        let said = differences(&before, &after)[0].to_string();
        assert!(said.contains("2.36, with other content"), "{said}");
    }
}
