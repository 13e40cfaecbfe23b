//! Catalogs in the form of Windows XP, made with every fault that must be noticed.
//!
//! Real catalogs of Microsoft's, none of them of Windows XP, are tried beside the code.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use expect_test::{Expect, expect};
use fs_err as fs;
use mend::windows::catalog::algorithm::DigestAlgorithm;
use mend::windows::catalog::digests::FileDigests;
use mend::windows::catalog::store::CatalogStore;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use mend::windows::catalog::{Catalog, CatalogError, Proof};
use mend::windows::path::WindowsPath;
use support::broken_pc::{WindowsSpec, good_svchost, make_folder};
use support::catalog::{
    CatalogRecipe, Extension, FOR_DRIVERS, FOR_LICENCES, FOR_WINDOWS, ListedFile, impostor_root,
    signed_catalog, test_root,
};
use support::judges::{openssl_accepts_signature, osslsigncode_digests};
use support::pe::smallest_amd64;
use support::random::random_bytes;
use support::tools::require_tools;

const CATALOG_FOLDER: &str = "WINDOWS/system32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

fn listed(name: &str, content: &[u8]) -> ListedFile {
    ListedFile {
        name: name.to_owned(),
        content: content.to_vec(),
    }
}

fn recipe() -> CatalogRecipe {
    CatalogRecipe::windows_xp(vec![
        listed("svchost.exe", &smallest_amd64()),
        listed("setup.inf", b"[Version]\r\n"),
    ])
}

fn tests_trust() -> Result<Trust> {
    Ok(Trust {
        anchors: vec![test_root()?],
        purpose: KeyPurpose::WINDOWS,
    })
}

fn open_store(folder: &Path) -> Result<CatalogStore> {
    let system32 = WindowsPath::parse("\\WINDOWS\\system32", None)?;
    Ok(CatalogStore::open(folder, &system32)?)
}

/// What is said of a Windows that has this catalog alone, about the program that it lists.
fn check(recipe: &CatalogRecipe, proof: Expect) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let inside = folder.path().join(CATALOG_FOLDER);
    fs::create_dir_all(&inside)?;
    fs::write(inside.join("sp3.cat"), recipe.build()?)?;
    let found = open_store(folder.path())?.prove(&smallest_amd64(), &tests_trust()?);
    proof.assert_eq(&found.to_string());
    Ok(())
}

fn changed(change: impl FnOnce(&mut CatalogRecipe)) -> CatalogRecipe {
    let mut recipe = recipe();
    change(&mut recipe);
    recipe
}

#[test]
fn the_forms_of_windows_xp_and_windows_11_prove_a_file() -> Result<()> {
    check(
        &recipe(),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )?;
    check(
        &CatalogRecipe::windows_11(recipe().files),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-256 in sp3.cat"],
    )?;
    let digest = changed(|recipe| recipe.signature = DigestAlgorithm::Md5);
    check(
        &digest,
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )
}

#[test]
fn files_that_are_no_programs_are_listed_by_their_content() -> Result<()> {
    let bytes = recipe().build()?;
    let catalog = Catalog::parse(&bytes)?;
    let digest = (
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha1.digest(b"[Version]\r\n"),
    );
    let mut members = catalog.members().iter();
    let member = members.find(|member| member.digest.as_ref() == Some(&digest));
    let member = member.expect("the catalog lists setup.inf");
    assert_eq!(member.file_name(), Some("setup.inf"));
    assert_eq!(member.attribute("osattr"), Some("2:5.1"));
    Ok(())
}

#[test]
fn a_root_that_is_not_pinned_is_not_believed() -> Result<()> {
    check(
        &changed(|recipe| recipe.root = "Microsoft Root Authority"),
        expect![
            "sp3.cat: Test Windows Publisher: the chain ends at Test Windows Verification PCA, which Microsoft Root Authority is said to have issued, expected a chain to a pinned root"
        ],
    )?;
    // The right name alone is not enough.
    let bytes = recipe().build()?;
    let trust = Trust {
        anchors: vec![impostor_root()?],
        purpose: KeyPurpose::WINDOWS,
    };
    let refused = Catalog::parse(&bytes)?.verify(&trust);
    assert!(matches!(refused, Err(CatalogError::Untrusted { .. })));
    Ok(())
}

#[test]
fn a_signer_must_be_for_windows_itself() -> Result<()> {
    let with = |purposes: &[&'static str]| {
        changed(|recipe| recipe.signer.extensions = vec![Extension::Purposes(purposes.to_vec())])
    };
    check(
        &with(&[FOR_DRIVERS]),
        expect![
            "sp3.cat: Test Windows Publisher: signs for drivers (1.3.6.1.4.1.311.10.3.5), expected Windows itself (1.3.6.1.4.1.311.10.3.6)"
        ],
    )?;
    check(
        &with(&["1.3.6.1.5.5.7.3.3"]),
        expect![
            "sp3.cat: Test Windows Publisher: signs for something else, expected Windows itself (1.3.6.1.4.1.311.10.3.6)"
        ],
    )?;
    check(
        &changed(|recipe| recipe.signer.extensions.clear()),
        expect![
            "sp3.cat: Test Windows Publisher: signs for something else, expected Windows itself (1.3.6.1.4.1.311.10.3.6)"
        ],
    )?;
    check(
        &with(&[FOR_WINDOWS, FOR_DRIVERS]),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )
}

#[test]
fn issuers_must_be_allowed_to_issue_and_for_this_purpose() -> Result<()> {
    let with =
        |extensions: Vec<Extension>| changed(|recipe| recipe.issuers[0].extensions = extensions);
    check(
        &with(vec![]),
        expect![
            "sp3.cat: Test Windows Publisher: Test Windows Verification PCA: it may not issue certificates, expected a chain to a pinned root"
        ],
    )?;
    let only_licences = Extension::Purposes(vec![FOR_LICENCES]);
    check(
        &with(vec![Extension::Authority(None), only_licences]),
        expect![
            "sp3.cat: Test Windows Publisher: Test Windows Verification PCA: it may not issue for 1.3.6.1.4.1.311.10.3.6, expected a chain to a pinned root"
        ],
    )?;
    check(
        &with(vec![Extension::Authority(None), Extension::KeyUsage(0x80)]),
        expect![
            "sp3.cat: Test Windows Publisher: Test Windows Verification PCA: its key may not sign certificates, expected a chain to a pinned root"
        ],
    )?;
    let unknown = Extension::Critical("2.5.29.30");
    check(
        &with(vec![Extension::Authority(None), unknown]),
        expect![
            "sp3.cat: Test Windows Publisher: Test Windows Verification PCA: it depends on 2.5.29.30, which is not known here, expected a chain to a pinned root"
        ],
    )?;
    let for_windows = Extension::Purposes(vec![FOR_WINDOWS]);
    check(
        &with(vec![Extension::Authority(Some(0)), for_windows]),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )
}

#[test]
fn chains_are_followed_as_far_as_their_issuers_allow() -> Result<()> {
    let longer = |most: Option<u8>| {
        changed(|recipe| {
            let mut second = recipe.issuers[0].clone();
            second.name = "Test Intermediate PCA";
            recipe.issuers[0].extensions = vec![Extension::Authority(most)];
            recipe.issuers.push(second);
        })
    };
    check(
        &longer(None),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )?;
    check(
        &longer(Some(1)),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )?;
    check(
        &longer(Some(0)),
        expect![
            "sp3.cat: Test Windows Publisher: Test Windows Verification PCA: only 0 issuers are allowed below it, not 1, expected a chain to a pinned root"
        ],
    )?;
    // The signer's own certificate, signed by the root itself.
    check(
        &changed(|recipe| recipe.issuers.clear()),
        expect!["signed by Test Windows Publisher under mendkit test root: SHA-1 in sp3.cat"],
    )
}

#[test]
fn no_changed_byte_of_what_is_signed_is_believed() -> Result<()> {
    let good = recipe().build()?;
    let trust = tests_trust()?;
    let signature = Catalog::parse(&good)?.verify(&trust)?;
    let members = Catalog::parse(&good)?.members().to_vec();
    let (mut refused, mut harmless) = (0, 0);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x01;
        // Whatever still passes says the same of the same files, by the same signer.
        match Catalog::parse(&bytes).and_then(|catalog| Ok((catalog.verify(&trust)?, catalog))) {
            Err(_) => refused += 1,
            Ok((found, catalog)) => {
                assert_eq!(found, signature, "byte {place:#x}");
                assert_eq!(catalog.members(), members, "byte {place:#x}");
                harmless += 1;
            }
        }
    }
    assert!(refused > harmless * 50, "{refused} refused, {harmless} not");
    Ok(())
}

#[test]
fn a_broken_pc_proves_its_own_svchost_and_refuses_every_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut windows = WindowsSpec::xp_mcafee_5958();
    windows.extras.push(signed_catalog(&windows)?);
    make_folder(&windows, folder.path())?;
    let good = good_svchost(&windows)?;
    let mut patched = good.clone();
    patched[0x600] ^= 0xFF;
    let old = fs::read(
        folder
            .path()
            .join("WINDOWS/$NtServicePackUninstall$/svchost.exe"),
    )?;
    let store = open_store(folder.path())?;
    let files = [&good, &patched, &old, &Vec::new()].map(|file| FileDigests::of(file));
    let proofs = store.prove_all(&files, &tests_trust()?);
    let said: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    expect![[r#"
        signed by Test Windows Publisher under mendkit test root: SHA-1 in SP3.CAT
        listed in no catalog of this Windows, 1 searched
        listed in no catalog of this Windows, 1 searched
        listed in no catalog of this Windows, 1 searched"#]]
    .assert_eq(&said.join("\n"));
    let Proof::Signed(proof) = &proofs[0] else {
        panic!("{:?}", proofs[0]);
    };
    assert_eq!(proof.member.as_deref(), Some("svchost.exe"));
    assert_eq!(proof.windows.as_deref(), Some("2:5.1"));
    let judged = open_store(folder.path())?.prove(&good, &Trust::in_microsoft_for_windows()?);
    assert!(matches!(judged, Proof::Unproven(reason) if reason.starts_with("SP3.CAT: ")));
    Ok(())
}

#[test]
fn osslsigncode_finds_the_same_digests() -> Result<()> {
    if !require_tools(&["osslsigncode"]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (catalog, file) = (folder.path().join("a.cat"), folder.path().join("a.exe"));
    let even = smallest_amd64();
    let odd = [even.as_slice(), b"odd"].concat();
    // What osslsigncode digests of a program of odd length.
    let padded = [odd.as_slice(), &[0; 5]].concat();
    for (content, as_digested) in [(&even, &even), (&odd, &padded)] {
        fs::write(&file, content)?;
        for recipe in [CatalogRecipe::windows_xp, CatalogRecipe::windows_11] {
            let files = vec![listed("other", b"other"), listed("a.exe", as_digested)];
            fs::write(&catalog, recipe(files).build()?)?;
            let (stated, found) = osslsigncode_digests(&catalog, &file)?;
            assert_eq!(stated, found);
            let ours = FileDigests::of(content);
            let ours = ours.all().map(|(_, digest)| hex::encode_upper(digest));
            let ours: Vec<String> = ours.collect();
            assert!(ours.contains(&found), "{found} is none of {ours:?}");
        }
    }
    Ok(())
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must say so where test output goes"
)]
fn osslsigncode_finds_the_same_digests_of_microsofts_own_files() -> Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/catalogs");
    let folder = Path::new(folder);
    if !require_tools(&["osslsigncode"]) {
        return Ok(());
    }
    for (catalog, file) in [
        ("ftdibus-2015.cat", "ftdibus-2015-i386.sys"),
        (
            "115fe8649854ad531fb7ecd1318fbee6b33c9cbd78f02ed582092a96d5eb5899.cat",
            "DXCore.dll",
        ),
    ] {
        let (catalog, file) = (folder.join(catalog), folder.join(file));
        if !catalog.exists() {
            eprintln!("skipped: {}: not there", catalog.display());
            return Ok(());
        }
        let (stated, found) = osslsigncode_digests(&catalog, &file)?;
        assert_eq!(stated, found);
        let ours = FileDigests::of(&fs::read(&file)?);
        let mut ours = ours.all();
        assert!(ours.any(|(_, digest)| hex::encode_upper(digest) == found));
    }
    Ok(())
}

#[test]
fn openssl_accepts_the_signatures_that_the_tests_make() -> Result<()> {
    if !require_tools(&["openssl"]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (catalog, content) = (folder.path().join("a.cat"), folder.path().join("content"));
    for recipe in [recipe(), CatalogRecipe::windows_11(recipe().files)] {
        fs::write(&catalog, recipe.build()?)?;
        let mut signed = recipe.signed_content()?;
        fs::write(&content, &signed)?;
        openssl_accepts_signature(&catalog, &content)?;
        signed[40] ^= 1;
        fs::write(&content, &signed)?;
        assert!(openssl_accepts_signature(&catalog, &content).is_err());
    }
    Ok(())
}

/// A store as large as that of a Windows XP with all its updates; the time is for the reader.
#[test]
#[expect(clippy::print_stderr, reason = "a measurement is to be read")]
fn finds_one_file_among_five_hundred_catalogs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let inside = folder.path().join(CATALOG_FOLDER);
    fs::create_dir_all(&inside)?;
    let mut total = 0;
    for number in 0..500 {
        let mut files: Vec<ListedFile> = (0..100)
            .map(|file| listed("x.dll", &random_bytes(&format!("{number} {file}"), 16)))
            .collect();
        if number == 499 {
            files.truncate(50);
            files.push(listed("svchost.exe", &smallest_amd64()));
        }
        let catalog = CatalogRecipe::windows_xp(files).build()?;
        total += catalog.len();
        fs::write(inside.join(format!("KB{number}.cat")), catalog)?;
    }
    let trust = tests_trust()?;
    let start = Instant::now();
    let store = open_store(folder.path())?;
    let opened = start.elapsed();
    let found = store.prove(&smallest_amd64(), &trust);
    let took = start.elapsed();
    assert_eq!(store.len(), 500);
    // Half as long as the others, so it is the last that is looked into.
    assert!(matches!(&found, Proof::Signed(proof) if proof.catalog == "KB499.cat"));
    eprintln!("500 catalogs, {total} bytes: listed in {opened:?}, proven after {took:?}");
    let start = Instant::now();
    let missing = store.prove(b"nothing", &trust);
    eprintln!("not listed after {:?}", start.elapsed());
    assert!(matches!(missing, Proof::NotListed { searched: 500, .. }));
    Ok(())
}
