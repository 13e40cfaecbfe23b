//! Hives for the tests: made ones, real ones where the shared test data is at hand, and random numbers.

use std::path::Path;
use std::process::Command;

use regf::writer::HiveBuilder;

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
/// Says that a test is skipped.
pub(super) fn skip(what: &str) {
    eprintln!("skipped: {what} is not here");
}

/// Returns a real hive of the shared test data, or says why the test is skipped.
pub(super) fn real_hive(name: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/hives");
    let path = Path::new(folder).join(format!("{name}.xz"));
    if !path.exists() {
        skip(&path.display().to_string());
        return None;
    }
    let output = Command::new("xz").arg("-dc").arg(&path).output().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

/// Returns a hive with values of every shape and 700 subkeys in one key.
pub(super) fn made_hive(minor: u32) -> Vec<u8> {
    let mut builder = HiveBuilder::with_version(1, minor).unwrap();
    let path = "Microsoft\\Windows NT\\CurrentVersion";
    builder.create_key(path).unwrap();
    let text = |builder: &mut HiveBuilder, name: &str, value: &str| {
        builder.add_value_string(path, Some(name), value).unwrap();
    };
    text(&mut builder, "CSDVersion", "Service Pack 3");
    text(&mut builder, "Répertoire", "Ж");
    builder
        .add_value_dword(path, Some("Number"), 0x1746)
        .unwrap();
    builder
        .add_value_qword(path, Some("Wide"), 1 << 40)
        .unwrap();
    let big: Vec<u8> = (0..40_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    builder.add_value_binary(path, Some("Big"), &big).unwrap();
    for n in 0..700 {
        builder.create_key(&format!("Many\\Key {n:03}")).unwrap();
    }
    builder.create_key("Éléments").unwrap();
    builder.to_bytes().unwrap()
}

/// Numbers that look random, from a fixed seed, so that what is found is found again.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Returns the next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }
}
