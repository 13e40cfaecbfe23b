//! Spoiled files.

use anyhow::{Result, ensure};
use fs_err as fs;
use fuzz::judge_hive;
use mend::antivirus::quarantine::{ContainerKind, extract_item, read_container};
use mend::cabinet::{extract_member, find_member};
use mend::windows::catalog::Catalog;
use mend::windows::catalog::digests::FileDigests;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use mend::windows::path::WindowsPath;
use mend::windows::pe::PeIdentity;
use rescue_stick::remedy::{BUILT_IN_REMEDIES, Remedy};
use rescue_stick::undo::UndoRecord;
use support::broken_pc::{
    WindowsSpec, compressed_file, good_svchost, lzx_cabinet, make_folder, quarantine_container_of,
};
use support::catalog::{CatalogRecipe, ListedFile, test_root};
use support::pe::smallest_amd64;
use support::random::random_bytes;

use crate::mutants::{check, limit_memory, mutants};

/// Bytes of an extracted file at most.
const LIMIT: u64 = 1 << 20;

/// Keys and values of a spoiled hive that are read at most; a key may be its own grandchild.
const MOST_KEYS: usize = 20_000;

/// Run of the record among the fixtures.
const RUN: &str = "20100422T101500Z-PC1";

fn hive(name: &str) -> Result<Vec<u8>> {
    let pc = tempfile::tempdir()?;
    make_folder(&WindowsSpec::xp_mcafee_5958(), pc.path())?;
    Ok(fs::read(
        pc.path().join("WINDOWS/system32/config").join(name),
    )?)
}

#[test]
fn spoiled_registry_files_are_refused_or_stay_whole() -> Result<()> {
    limit_memory();
    for name in ["software", "system"] {
        let good = hive(name)?;
        let judge = |bytes: &[u8]| judge_hive(bytes, MOST_KEYS);
        ensure!(judge(&good)?, "{name} itself is not taken");
        // Cells begin behind the base block; the checksum over that lets few of its own mutants by.
        let places = [0x1000..0x3000, 0x1000..good.len(), 0x1000..good.len()];
        check("hive", mutants(name, &good, &places, 1500), judge)?;
    }
    Ok(())
}

#[test]
fn spoiled_programs_are_refused_or_described() -> Result<()> {
    limit_memory();
    let svchost = good_svchost(&WindowsSpec::xp_mcafee_5958())?;
    for good in [svchost, smallest_amd64()] {
        let places = [0..0x400, 0..0x400, 0..good.len()];
        check(
            "program",
            mutants("program", &good, &places, 3000),
            |bytes| {
                let _ = FileDigests::of(bytes);
                let parsed = PeIdentity::parse(bytes);
                // What is described is short enough to be shown.
                if let Ok(PeIdentity {
                    original_name: Some(name),
                    ..
                }) = &parsed
                {
                    ensure!(name.len() <= bytes.len(), "{} bytes of a name", name.len());
                }
                Ok(parsed.is_ok())
            },
        )?;
    }
    Ok(())
}

#[test]
fn spoiled_catalogs_prove_nothing_new() -> Result<()> {
    limit_memory();
    let listed = |name: &str, content: Vec<u8>| ListedFile {
        name: name.to_owned(),
        content,
    };
    let files = || {
        vec![
            listed("svchost.exe", smallest_amd64()),
            listed("setup.inf", b"[Version]\r\n".to_vec()),
        ]
    };
    for recipe in [
        CatalogRecipe::windows_xp(files()),
        CatalogRecipe::windows_11(files()),
    ] {
        let good = recipe.build()?;
        let trust = Trust {
            anchors: vec![test_root()?],
            purpose: KeyPurpose::WINDOWS,
        };
        let original = good.clone();
        check(
            "catalog",
            mutants("catalog", &good, &[0..0x80, 0..good.len()], 3000),
            move |bytes| {
                let Ok(catalog) = Catalog::parse(bytes) else {
                    return Ok(false);
                };
                if catalog.verify(&trust).is_ok() {
                    let original = Catalog::parse(&original)?;
                    ensure!(
                        catalog.members() == original.members(),
                        "other files are believed"
                    );
                }
                Ok(true)
            },
        )?;
    }
    Ok(())
}

/// Lets a parser of files read mutants.
fn in_file(bytes: &[u8]) -> Result<tempfile::NamedTempFile> {
    let file = tempfile::Builder::new().suffix(".EX_").tempfile()?;
    fs::write(file.path(), bytes)?;
    Ok(file)
}

#[test]
fn spoiled_quarantines_give_files_of_a_bounded_size_or_none() -> Result<()> {
    limit_memory();
    for size in [300, 14_336] {
        let content = random_bytes("quarantined", size);
        let path = "c:\\windows\\system32\\svchost.exe";
        let good = quarantine_container_of("W32/Wecorl.a", 5958, path, &content)?;
        // The header, and the first sectors, where FAT and folder of a compound file lie.
        let places = [0..0x60, 0x200..0x800, 0..good.len()];
        check(
            "quarantine",
            mutants("quarantine", &good, &places, 2000),
            |bytes| {
                let file = in_file(bytes)?;
                let kind = ContainerKind::McafeeBup;
                let Ok(items) = read_container(file.path(), &WindowsPath::default(), kind) else {
                    return Ok(false);
                };
                for item in &items {
                    let mut content = Vec::new();
                    let _ = extract_item(file.path(), kind, item.number, LIMIT, &mut content);
                    ensure!(
                        u64::try_from(content.len())? <= LIMIT,
                        "{} bytes",
                        content.len()
                    );
                    let shown = item.to_string();
                    ensure!(!shown.contains(char::is_control), "{shown:?}");
                }
                Ok(true)
            },
        )?;
    }
    Ok(())
}

#[test]
fn spoiled_cabinets_give_files_of_a_bounded_size_or_none() -> Result<()> {
    limit_memory();
    let content = random_bytes("compressed", 9000);
    let whole = [content.as_slice(), &[0; 30_000]].concat();
    for good in [
        compressed_file("svchost.exe", &whole)?,
        lzx_cabinet("svchost.exe", &whole)?,
    ] {
        let places = [0..0x60, 0..good.len()];
        check(
            "cabinet",
            mutants("cabinet", &good, &places, 2000),
            |bytes| {
                let file = in_file(bytes)?;
                let Ok(Some(member)) = find_member(file.path(), "svchost.exe") else {
                    return Ok(false);
                };
                let mut content = Vec::new();
                let _ = extract_member(file.path(), &member.name, LIMIT, &mut content);
                ensure!(
                    u64::try_from(content.len())? <= LIMIT,
                    "{} bytes",
                    content.len()
                );
                Ok(true)
            },
        )?;
    }
    Ok(())
}

#[test]
fn spoiled_remedies_and_records_are_refused_or_make_sense() -> Result<()> {
    limit_memory();
    for (id, good) in BUILT_IN_REMEDIES {
        check("remedy", mutants(id, good.as_bytes(), &[], 3000), |bytes| {
            let Ok(text) = str::from_utf8(bytes) else {
                return Ok(false);
            };
            Ok(Remedy::parse(text).is_ok())
        })?;
    }
    let good = include_bytes!("../../payload/rescue-stick/fixtures/undo-1.json");
    check("record", mutants("record", good, &[], 5000), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else {
            return Ok(false);
        };
        let Ok(record) = UndoRecord::parse(text, RUN) else {
            return Ok(false);
        };
        // Whatever is believed is written down as it was read.
        ensure!(UndoRecord::parse(&record.to_text(), RUN)? == record);
        Ok(true)
    })
}
