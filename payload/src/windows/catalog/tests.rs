//! Real catalogs of Microsoft's. Catalogs in the form of Windows XP are made and tried in the workspace's
//! package of tests.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use fs_err as fs;

use super::*;
use crate::windows::catalog::store::CatalogStore;
use crate::windows::catalog::trust::microsoft_roots;

const DRIVER: (&str, &str) = ("ftdibus-2015.cat", "ftdibus-2015-i386.sys");
const WINDOWS_11: (&str, &str) = (
    "115fe8649854ad531fb7ecd1318fbee6b33c9cbd78f02ed582092a96d5eb5899.cat",
    "DXCore.dll",
);

#[expect(
    clippy::print_stderr,
    reason = "a skipped test must say so where test output goes"
)]
fn real_file(name: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/catalogs");
    let path = Path::new(folder).join(name);
    if !path.exists() {
        eprintln!("skipped: {}: not there", path.display());
        return None;
    }
    Some(fs::read(path).unwrap())
}

fn real_pair((catalog, file): (&str, &str)) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((real_file(catalog)?, real_file(file)?))
}

fn trust_for(purpose: KeyPurpose) -> Trust {
    let anchors = microsoft_roots().unwrap();
    Trust { anchors, purpose }
}

/// A Windows that has these catalogs.
fn store_of(catalogs: &[(&str, &[u8])]) -> (tempfile::TempDir, CatalogStore) {
    let folder = tempfile::tempdir().unwrap();
    let inside: PathBuf = folder
        .path()
        .join("Windows/System32/catroot/{f750e6c3-38ee-11d1-85e5-00c04fc295ee}");
    fs::create_dir_all(&inside).unwrap();
    for (name, bytes) in catalogs {
        fs::write(inside.join(name), bytes).unwrap();
    }
    let system32 = WindowsPath::parse("\\WINDOWS\\system32", None).unwrap();
    let store = CatalogStore::open(folder.path(), &system32).unwrap();
    (folder, store)
}

fn check(catalog: &[u8], file: &[u8], trust: &Trust, proof: Expect) {
    let (_folder, store) = store_of(&[("package.CAT", catalog), ("readme.txt", b"no catalog")]);
    assert_eq!(store.len(), 1);
    proof.assert_eq(&store.prove(file, trust).to_string());
}

#[test]
fn proves_a_file_of_windows_11_under_the_root_of_2010() {
    let Some((catalog, file)) = real_pair(WINDOWS_11) else {
        return;
    };
    check(
        &catalog,
        &file,
        &trust_for(KeyPurpose::WINDOWS),
        expect![
            "signed by Microsoft Windows under Microsoft Root Certificate Authority 2010: SHA-256 in package.CAT"
        ],
    );
}

#[test]
fn a_driver_catalog_is_none_of_windows() {
    let Some((catalog, file)) = real_pair(DRIVER) else {
        return;
    };
    check(
        &catalog,
        &file,
        &trust_for(KeyPurpose::DRIVERS),
        expect![
            "signed by Microsoft Windows Hardware Compatibility Publisher under Microsoft Root Certificate Authority: SHA-1 in package.CAT"
        ],
    );
    check(
        &catalog,
        &file,
        &trust_for(KeyPurpose::WINDOWS),
        expect![
            "package.CAT: Microsoft Windows Hardware Compatibility Publisher: signs for drivers (1.3.6.1.4.1.311.10.3.5), expected Windows itself (1.3.6.1.4.1.311.10.3.6)"
        ],
    );
}

#[test]
fn without_its_root_nothing_is_believed() {
    let Some((catalog, file)) = real_pair(WINDOWS_11) else {
        return;
    };
    let mut trust = trust_for(KeyPurpose::WINDOWS);
    trust
        .anchors
        .retain(|anchor| !anchor.name.ends_with("2010"));
    check(
        &catalog,
        &file,
        &trust,
        expect![
            "package.CAT: Microsoft Windows: the chain ends at Microsoft Windows Production PCA 2011, which Microsoft Root Certificate Authority 2010 is said to have issued, expected a chain to a pinned root"
        ],
    );
}

#[test]
fn members_are_read_with_what_is_said_of_them() {
    let (Some(old), Some(new)) = (real_file(DRIVER.0), real_file(WINDOWS_11.0)) else {
        return;
    };
    let summary = |bytes: &[u8]| {
        let catalog = Catalog::parse(bytes).unwrap();
        let listed = catalog.members().iter().map(|member| {
            let digest = member
                .digest
                .as_ref()
                .map_or_else(String::new, |(algorithm, digest)| {
                    format!("{algorithm} {}", hex::encode(&digest[..4]))
                });
            let attributes = member.attributes.iter();
            let attributes = attributes.map(|(name, value)| {
                let value: String = value.chars().take(40).collect();
                format!(" {name}={value}")
            });
            format!("{digest}{}\n", attributes.collect::<String>())
        });
        listed.collect::<String>()
    };
    expect![[r#"
        SHA-1 32bef91c File=ftdibus.sys OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 3446aa8b File=ftlang.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 4d4eec94 File=ftd2xx.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 60e8806b File=ftlang.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 6e39c5a6 File=ftdibus.inf OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 8c73a495 File=ftbusui.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 973285b2 File=ftbusui.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 b4938211 File=ftd2xx.dll OSAttr=2:6.1,2:6.2,2:6.3
        SHA-1 cc768099 File=ftdibus.sys OSAttr=2:6.1,2:6.2,2:6.3
    "#]]
    .assert_eq(&summary(&old));
    expect![[r#"
        SHA-256 06fa542c PETrusted=1 Hint=amd64_microsoft-onecore-directx-dxcore_3
        SHA-1 10b867fa
        SHA-1 1e349f19
        SHA-1 28c41e2d PETrusted=1 File=gdi32.dll
        SHA-256 3a2d137e
        SHA-256 58be0339 Hint=amd64_microsoft-windows-win32kbasers_31b
        SHA-1 5bae784e
        SHA-256 718554f9
        SHA-1 7aecf8ba
        SHA-256 7e66782d
        SHA-256 81697402 Hint=amd64_microsoft-windows-win32kbase_31bf3
        SHA-1 88b23996
        SHA-256 8e46e842
        SHA-1 a3201dcf
        SHA-256 a5e64b85
        SHA-256 bb582705
        SHA-1 e8d77aac PETrusted=1
        SHA-256 f16ec2da PETrusted=1 File=gdi32.dll Hint=amd64_microsoft-windows-gdi32_31bf3856ad
        SHA-1 f38d4205
        SHA-1 fcae065d
    "#]]
    .assert_eq(&summary(&new));
}

#[test]
fn one_changed_byte_of_a_file_is_not_listed() {
    let Some((catalog, mut file)) = real_pair(WINDOWS_11) else {
        return;
    };
    let middle = file.len() / 2;
    file[middle] ^= 1;
    check(
        &catalog,
        &file,
        &trust_for(KeyPurpose::WINDOWS),
        expect!["listed in no catalog of this Windows, 1 searched"],
    );
}

#[test]
fn no_changed_byte_of_a_catalog_goes_unnoticed_where_it_is_signed() {
    for (pair, purpose) in [
        (DRIVER, KeyPurpose::DRIVERS),
        (WINDOWS_11, KeyPurpose::WINDOWS),
    ] {
        let Some((catalog, _)) = real_pair(pair) else {
            return;
        };
        let trust = trust_for(purpose);
        let good = Catalog::parse(&catalog).unwrap();
        let signature = good.verify(&trust).unwrap();
        let list = good.signed_data.list;
        // The tag and length of the list are not signed, but must fit what they enclose.
        let end = list.offset + list.whole.len();
        for place in (list.offset..end).step_by(101).chain([end - 1]) {
            let mut bytes = catalog.clone();
            bytes[place] ^= 1;
            let verified = Catalog::parse(&bytes).and_then(|catalog| catalog.verify(&trust));
            assert!(verified.is_err(), "byte {place:#x}");
        }
        // Elsewhere a change either breaks it or does not matter, but never puts another name to it.
        for place in (0..catalog.len()).step_by(37) {
            for value in [0, 0x7F, 0x80, 0xFF] {
                let mut bytes = catalog.clone();
                bytes[place] = value;
                let verified = Catalog::parse(&bytes).and_then(|catalog| catalog.verify(&trust));
                assert!(verified.is_err() || verified.as_ref() == Ok(&signature));
            }
            assert!(Catalog::parse(&catalog[..place]).is_err());
        }
    }
}

#[test]
fn a_windows_without_catalogs_proves_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let system32 = WindowsPath::parse("\\WINDOWS\\system32", None).unwrap();
    let store = CatalogStore::open(folder.path(), &system32).unwrap();
    assert!(store.is_empty());
    let proof = store.prove(b"file", &trust_for(KeyPurpose::WINDOWS));
    assert_eq!(
        proof,
        Proof::NotListed {
            searched: 0,
            left_out: Vec::new()
        }
    );
}

#[test]
fn what_is_too_large_or_no_catalog_is_left_out_and_named() {
    let file = b"some file";
    let digest = DigestAlgorithm::Sha256.digest(file);
    let (folder, store) = store_of(&[("fake.cat", &digest)]);
    let trust = trust_for(KeyPurpose::WINDOWS);
    expect!["fake.cat: catalog at 0x0: 3"].assert_eq(&store.prove(file, &trust).to_string()[..27]);
    let large = folder
        .path()
        .join("Windows/System32/catroot/{f750e6c3-38ee-11d1-85e5-00c04fc295ee}/large.cat");
    fs::File::create(&large)
        .unwrap()
        .set_len((16 << 20) + 1)
        .unwrap();
    let system32 = WindowsPath::parse("\\WINDOWS\\system32", None).unwrap();
    let store = CatalogStore::open(folder.path(), &system32).unwrap();
    let Proof::NotListed { searched, left_out } = store.prove(b"another", &trust) else {
        panic!();
    };
    assert_eq!(searched, 1);
    assert_eq!(
        left_out,
        ["large.cat: larger than the 16777216 bytes that are read"]
    );
}
