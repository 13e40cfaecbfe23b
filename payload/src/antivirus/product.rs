//! The table of security products, and what the registry says of those that are installed.
//!
//! The registry's word on definitions is evidence, not proof: what lies on the disk is known only by
//! its digest.

use crate::antivirus::quarantine::{formats_of, read_policy_folders};
use crate::hive::key::Key;
use crate::hive::{Hive, HiveError};
use crate::windows::folders::Folders;
use crate::windows::path::WindowsPath;

/// A product as a row of [`ALL_PRODUCTS`]. Keys are relative to the hive SOFTWARE; below
/// `Wow6432Node` they are looked for first.
#[derive(Debug)]
pub struct Product {
    /// Name in remedies.
    pub vendor: &'static str,
    /// Name for people, where the registry gives none.
    pub title: &'static str,
    /// What the vendor calls definitions.
    pub definitions_word: &'static str,
    /// Key of the scanning engine; the product is installed if it exists.
    pub engine_key: &'static str,
    /// Values of the definitions' version: two numbers, printed with four digits each.
    pub definitions_version: NumberPair,
    /// Value of the definitions' date.
    pub definitions_date: &'static str,
    /// Value of the folder in which definitions lie.
    pub definitions_folder: &'static str,
    /// Values of the engine's version, the first that exists.
    pub engine_version: &'static [NumberPair],
    /// Key of the product itself.
    pub product_key: &'static str,
    /// Value of the product's name.
    pub product_name: &'static str,
    /// Value of the product's version.
    pub product_version: &'static str,
    /// Sets of definitions, by the names remedies use, that go into its definitions folder.
    pub definitions_sets: &'static [&'static str],
    /// Where this knowledge comes from.
    pub source: &'static str,
}

/// Names of two values that hold the parts of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberPair {
    /// Name of the first number's value.
    pub major: &'static str,
    /// Name of the second number's value; 0 if it is not there.
    pub minor: &'static str,
}

/// The products that `mend` knows.
pub const ALL_PRODUCTS: &[Product] = &[Product {
    vendor: "mcafee",
    title: "McAfee VirusScan",
    definitions_word: "DAT",
    engine_key: "McAfee\\AVEngine",
    definitions_version: NumberPair {
        major: "AVDatVersion",
        minor: "AVDatVersionMinor",
    },
    definitions_date: "AVDatDate",
    definitions_folder: "DAT",
    engine_version: &[
        NumberPair {
            major: "EngineVersion32Major",
            minor: "EngineVersion32Minor",
        },
        NumberPair {
            major: "EngineVersionMajor",
            minor: "EngineVersionMinor",
        },
    ],
    product_key: "McAfee\\DesktopProtection",
    product_name: "Product",
    product_version: "szProductVer",
    definitions_sets: &["mcafee-dat", "mcafee-extra"],
    source: "McAfee VirusScan Enterprise 8.5i to 8.8, registry as read by its ePO plug-ins and by \
             public detection scripts",
}];

/// A product that is installed on a Windows, as its registry has it.
#[derive(Clone, Debug)]
pub struct InstalledProduct {
    /// Row of the table.
    pub product: &'static Product,
    /// Name for people, with version.
    pub name: String,
    /// Version of the product itself, `8.7.0.570`.
    pub version: Option<String>,
    /// Version of its definitions, `5958.0000`.
    pub definitions: Option<String>,
    /// Date of its definitions as the product writes it.
    pub definitions_date: Option<String>,
    /// Version of its engine, `5400.1158`.
    pub engine: Option<String>,
    /// Folder of its definitions, or why it is not known.
    pub definitions_folder: Result<WindowsPath, String>,
    /// Folders that its policies name as quarantines.
    pub quarantine_folders: Vec<WindowsPath>,
    /// Values that this rests on, one line each.
    pub evidence: Vec<String>,
}

impl InstalledProduct {
    /// Returns one line for people: name, definitions, engine.
    pub fn line(&self) -> String {
        let mut line = self.name.clone();
        if let Some(definitions) = &self.definitions {
            line.push_str(&format!(
                ", {} {definitions}",
                self.product.definitions_word
            ));
        }
        if let Some(date) = &self.definitions_date {
            line.push_str(&format!(" of {date}"));
        }
        if let Some(engine) = &self.engine {
            line.push_str(&format!(", engine {engine}"));
        }
        line
    }
}

/// Returns the row that says where the definitions set `set` goes.
pub fn find_product_for_set(set: &str) -> Option<&'static Product> {
    ALL_PRODUCTS
        .iter()
        .find(|product| product.definitions_sets.contains(&set))
}

/// Reads whether `product` is installed, and how.
pub fn read_product(
    product: &'static Product,
    software: &Hive,
    folders: &Folders,
) -> Result<Option<InstalledProduct>, HiveError> {
    let Some((engine_path, engine)) = find_key(software, product.engine_key)? else {
        return Ok(None);
    };
    let mut evidence = Vec::new();
    let definitions = read_pair(&engine, product.definitions_version)?;
    if let Some(version) = &definitions {
        let NumberPair { major, minor } = product.definitions_version;
        evidence.push(format!("{engine_path}: {major} and {minor} are {version}"));
    }
    let folder_text = engine.text(product.definitions_folder)?;
    let definitions_folder = match &folder_text {
        None => Err(format!(
            "{engine_path}: no value {}",
            product.definitions_folder
        )),
        Some(text) => {
            let name = product.definitions_folder;
            evidence.push(format!("{engine_path}: {name} is {text}"));
            let path = folders.expand_registry_path(text);
            path.map_err(|error| format!("{engine_path}: {name}: {error}"))
        }
    };
    let mut engine_version = None;
    for pair in product.engine_version {
        if engine_version.is_none() {
            engine_version = read_pair(&engine, *pair)?;
        }
    }
    let mut name = product.title.to_owned();
    let mut version = None;
    if let Some((_, key)) = find_key(software, product.product_key)? {
        if let Some(text) = key
            .text(product.product_name)?
            .filter(|text| !text.is_empty())
        {
            name = text;
        }
        version = key.text(product.product_version)?;
        if let Some(version) = &version {
            name.push_str(&format!(" {version}"));
        }
    }
    let mut quarantine_folders = Vec::new();
    for format in formats_of(product.vendor) {
        if let Some((_, key)) = find_key(software, format.policy_key)? {
            let found = read_policy_folders(&key, format.policy_word, folders);
            quarantine_folders.extend(found);
        }
    }
    Ok(Some(InstalledProduct {
        product,
        name,
        version,
        definitions,
        definitions_date: engine.text(product.definitions_date)?,
        engine: engine_version,
        definitions_folder,
        quarantine_folders,
        evidence,
    }))
}

/// Returns the key with its path; 32-bit programs on 64-bit Windows have theirs below `Wow6432Node`.
pub(super) fn find_key<'hive>(
    software: &'hive Hive,
    path: &str,
) -> Result<Option<(String, Key<'hive>)>, HiveError> {
    for path in [format!("Wow6432Node\\{path}"), path.to_owned()] {
        if let Some(key) = software.key(&path)? {
            return Ok(Some((format!("HKLM\\SOFTWARE\\{path}"), key)));
        }
    }
    Ok(None)
}

fn read_pair(key: &Key<'_>, pair: NumberPair) -> Result<Option<String>, HiveError> {
    let Some(major) = key.number(pair.major)? else {
        return Ok(None);
    };
    let minor = key.number(pair.minor)?.unwrap_or(0);
    Ok(Some(format!("{major:04}.{minor:04}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regf::writer::HiveBuilder;

    fn folders() -> Folders {
        Folders::defaults(WindowsPath::parse("\\WINDOWS", None).unwrap()).unwrap()
    }

    fn read(prefix: &str, folder: &str) -> Option<InstalledProduct> {
        let mut builder = HiveBuilder::new().unwrap();
        let engine = format!("{prefix}McAfee\\AVEngine");
        let product = format!("{prefix}McAfee\\DesktopProtection");
        builder.create_key(&engine).unwrap();
        builder.create_key(&product).unwrap();
        let mut number = |name, value| {
            builder.add_value_dword(&engine, Some(name), value).unwrap();
        };
        number("AVDatVersion", 5958);
        number("AVDatVersionMinor", 0);
        number("EngineVersionMajor", 5400);
        number("EngineVersionMinor", 1158);
        let mut text = |key: &str, name, value| {
            builder.add_value_string(key, Some(name), value).unwrap();
        };
        text(&engine, "AVDatDate", "2010/04/21");
        text(&engine, "DAT", folder);
        text(&product, "Product", "VirusScan Enterprise");
        text(&product, "szProductVer", "8.7.0.570");
        let hive = Hive::parse(builder.to_bytes().unwrap()).unwrap();
        read_product(&ALL_PRODUCTS[0], &hive, &folders()).unwrap()
    }

    #[test]
    fn reads_mcafee_on_32_and_64_bit_windows() {
        for prefix in ["", "Wow6432Node\\"] {
            let found = read(prefix, "C:\\Programmes\\Fichiers communs\\McAfee\\Engine\\").unwrap();
            assert_eq!(
                found.line(),
                "VirusScan Enterprise 8.7.0.570, DAT 5958.0000 of 2010/04/21, engine 5400.1158"
            );
            let folder = found.definitions_folder.unwrap().to_string();
            assert_eq!(folder, "\\Programmes\\Fichiers communs\\McAfee\\Engine");
            assert!(found.evidence[0].contains(prefix));
        }
    }

    #[test]
    fn a_folder_on_another_drive_is_not_taken() {
        let found = read("", "D:\\McAfee").unwrap();
        assert!(found.definitions_folder.unwrap_err().contains("drive D:"));
    }

    #[test]
    fn without_its_key_a_product_is_not_installed() {
        let hive = Hive::parse(HiveBuilder::new().unwrap().to_bytes().unwrap()).unwrap();
        for product in ALL_PRODUCTS {
            assert!(read_product(product, &hive, &folders()).unwrap().is_none());
        }
    }

    #[test]
    fn every_set_of_a_built_in_remedy_has_one_place() {
        for (id, text) in rescue_stick::remedy::BUILT_IN_REMEDIES {
            let remedy = rescue_stick::remedy::Remedy::parse(text).unwrap();
            for set in remedy.definitions_sets() {
                let places = ALL_PRODUCTS
                    .iter()
                    .filter(|p| p.definitions_sets.contains(&set));
                assert_eq!(places.count(), 1, "{id}: {set}");
            }
        }
        assert!(
            ALL_PRODUCTS
                .iter()
                .all(|product| !product.source.is_empty())
        );
    }
}
