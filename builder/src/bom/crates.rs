//! The crates that `mend` is linked from, as the build of this program found them (`build.rs`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// All crates of `mend`, with their terms.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CarriedCrates {
    /// Sorted by name and version.
    pub crates: Vec<CarriedCrate>,
    /// Texts by which crates state their terms, each once.
    pub texts: Vec<String>,
    /// Texts of well-known licences by their SPDX name.
    pub licences: BTreeMap<String, String>,
}

/// One crate.
#[derive(Clone, Debug, Deserialize)]
pub struct CarriedCrate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
    /// Digest of its archive; nothing for one that is not from a registry.
    pub sha256: Option<String>,
    /// Which of the texts are its own.
    pub texts: Vec<usize>,
}

/// The crates of the `mend` that belongs to this program.
pub static CARRIED_CRATES: LazyLock<CarriedCrates> = LazyLock::new(|| {
    let list = include_str!(concat!(env!("OUT_DIR"), "/crates.json"));
    // OK to default: build.rs wrote it, and a test demands that it is read.
    serde_json::from_str(list).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_has_a_licence_a_digest_and_terms() {
        let list = &*CARRIED_CRATES;
        assert!(list.crates.len() > 30, "{}", list.crates.len());
        for one in &list.crates {
            let name = format!("{} {}", one.name, one.version);
            assert!(
                !one.licence.is_empty() && !one.licence.contains('/'),
                "{name}"
            );
            assert!(
                one.sha256.as_ref().is_some_and(|sum| sum.len() == 64),
                "{name}"
            );
            assert!(
                one.texts.iter().all(|index| *index < list.texts.len()),
                "{name}"
            );
        }
    }

    #[test]
    fn every_crate_of_the_list_is_in_the_lock() {
        let lock = fs_err::read_to_string("../Cargo.lock").unwrap();
        let lock: toml::Table = lock.parse().unwrap();
        let packages = lock["package"].as_array().unwrap();
        for one in &CARRIED_CRATES.crates {
            let is_it = |package: &&toml::Value| {
                package["name"].as_str() == Some(&one.name)
                    && package["version"].as_str() == Some(&one.version)
            };
            let locked = packages.iter().find(is_it).unwrap();
            assert_eq!(
                locked["checksum"].as_str(),
                one.sha256.as_deref(),
                "{}",
                one.name
            );
        }
    }
}
