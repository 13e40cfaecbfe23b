//! Everything that fuzzing kept, and spoiled copies of what it began with, shown to the same readers without
//! libFuzzer.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use fuzz::ALL_TARGETS;
use support::seeds::all_seeds;

use crate::mutants::{check_each, limit_memory, mutants};

/// Seeds that no reader believes whole: packed in a way that is refused, or no definitions that have a version.
const NOT_BELIEVED: [&str; 3] = ["zstd.deb", "gzip.deb", "EXTRA.DAT"];

/// Spoiled copies of each seed.
const MUTANTS: usize = 100;

#[test]
fn what_fuzzing_kept_is_read_to_an_end() -> Result<()> {
    limit_memory();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for target in &ALL_TARGETS {
        let mut files: Vec<_> =
            fs::read_dir(corpus.join(target.name))?.collect::<Result<_, _>>()?;
        files.sort_by_key(fs::DirEntry::path);
        ensure!(!files.is_empty(), "{}: no corpus", target.name);
        let files: Vec<_> = files
            .iter()
            .map(|file| fs::read(file.path()))
            .collect::<Result<_, _>>()?;
        check_each(target.name, files.into_iter(), target.read)?;
    }
    Ok(())
}

#[test]
fn what_fuzzing_begins_with_is_believed_and_its_spoiled_copies_end_well() -> Result<()> {
    limit_memory();
    for seed in all_seeds()? {
        let target = ALL_TARGETS.iter().find(|target| target.name == seed.target);
        let target = target.with_context(|| format!("{}: no such reader", seed.target))?;
        let place = || format!("{}, {}", seed.target, seed.name);
        let is_believed = (target.read)(&seed.bytes).with_context(place)?;
        let expected = !NOT_BELIEVED.contains(&seed.name.as_str());
        ensure!(
            is_believed == expected,
            "{}: believed is {is_believed}",
            place()
        );
        let spoiled = mutants(&seed.name, &seed.bytes, &[], MUTANTS);
        check_each(target.name, spoiled, target.read).with_context(place)?;
    }
    Ok(())
}

#[test]
fn every_reader_has_a_program_for_libfuzzer() -> Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(package.join("Cargo.toml"))?;
    for target in &ALL_TARGETS {
        let name = target.name;
        let program = fs::read_to_string(package.join(format!("fuzz_targets/{name}.rs")))?;
        ensure!(
            program.contains(&format!("fuzz::target!(\"{name}\");")),
            "{name}: {program}"
        );
        ensure!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is not built"
        );
    }
    Ok(())
}
