//! Every reader of foreign bytes, each behind one function that takes bytes alone. libFuzzer calls these
//! functions (`scripts/fuzz`), and the ordinary tests call them with the corpus that is kept (`tests/hostile`).
//!
//! A reader may refuse what it likes. It may not panic, take memory or time without bound, or contradict
//! itself; what is meant by that stands at each function. An `Err` is such a contradiction.

use std::ffi::OsString;
use std::io;

use anyhow::Result;
use fs_err as fs;

mod disks;
mod office;
mod pc;
mod stick;

pub use disks::{FIT_CHECKSUMS, FIT_COPIES, SparseDisk};
pub use office::{TEST_KEY, TEST_SIGNATURE, description_of_definitions};
pub use pc::judge_hive;

/// A reader: its name, and the function that shows it bytes.
pub struct Target {
    /// Name of the program and of the folder of its corpus.
    pub name: &'static str,
    /// Shows bytes to the reader; tells whether it believed them.
    pub read: fn(&[u8]) -> Result<bool>,
}

/// All readers.
pub const ALL_TARGETS: [Target; 19] = [
    target("recipe", office::read_recipe),
    target("lock", office::read_lock),
    target("manifest", office::read_manifest),
    target("signature", office::read_signature),
    target("definitions", office::read_definitions),
    target("deb", office::read_deb),
    target("gpt", disks::read_disk),
    target("fat", disks::read_disk),
    target("hive", pc::read_hive),
    target("catalog", pc::read_catalog),
    target("program", pc::read_program),
    target("volume", pc::read_volume),
    target("bitlocker", pc::read_bitlocker),
    target("answers", pc::read_answers),
    target("report", stick::read_report),
    target("keys", stick::read_keys),
    target("journal", stick::read_journal),
    target("remedy", stick::read_remedy),
    target("identity", stick::read_identity),
];

const fn target(name: &'static str, read: fn(&[u8]) -> Result<bool>) -> Target {
    Target { name, read }
}

/// Shows bytes to a reader by its name; panics where it contradicts itself, as libFuzzer wants it.
pub fn run(name: &str, bytes: &[u8]) {
    let target = ALL_TARGETS.iter().find(|target| target.name == name);
    // OK to unwrap: the name is that of a program of this package.
    let read = target.expect("a target of this name").read;
    if let Err(error) = read(bytes) {
        panic!("{name}: {error:#}");
    }
}

/// Shows files to a reader.
pub fn run_files(name: &str, paths: impl Iterator<Item = OsString>) -> io::Result<()> {
    for path in paths {
        run(name, &fs::read(path)?);
    }
    Ok(())
}

/// The main function of a fuzz target. Without libFuzzer it reads the files that it is given, so that a finding
/// can be looked at with any compiler.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::run($name, bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            $crate::run_files($name, std::env::args_os().skip(1))
        }
    };
}
