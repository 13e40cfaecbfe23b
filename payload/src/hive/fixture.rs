//! Hives for the tests: made ones, real ones where the shared test data is at hand, and random numbers.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use regf::RegistryHive;
use regf::writer::HiveBuilder;

use crate::hive::base_block;

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
/// Says that a test is skipped.
pub(crate) fn skip(what: &str) {
    eprintln!("skipped: {what} is not here");
}

/// Returns a real hive of the shared test data, or says why the test is skipped.
pub(crate) fn real_hive(name: &str) -> Option<Vec<u8>> {
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

/// Returns the hive as if Windows had written it to its end. Only for hives whose pages are known to be
/// whole although their base block says otherwise.
pub(super) fn as_if_clean(mut bytes: Vec<u8>) -> Vec<u8> {
    base_block::rewrite(&mut bytes, |raw| {
        raw.secondary_sequence_number = raw.primary_sequence_number;
    });
    bytes
}

/// Returns every key and value as `hivexregedit` sees them, `[key]` or `[key] "value"=data` each, or says
/// that the tool is not here.
pub(super) fn export(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hive");
    fs_err::write(&path, bytes).unwrap();
    let mut command = Command::new("hivexregedit");
    command
        .args(["--export", "--prefix", ""])
        .arg(&path)
        .arg("\\");
    let Ok(output) = command.output() else {
        skip("hivexregedit");
        return None;
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut key = "";
    let mut lines = BTreeSet::new();
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        if line.starts_with('[') {
            key = line;
            lines.insert(line.to_owned());
        } else {
            lines.insert(format!("{key} {line}"));
        }
    }
    Some(lines)
}

/// Returns what `hivexregedit` sees in only one of two hives: `-` before, `+` after.
pub(crate) fn difference(before: &[u8], after: &[u8]) -> Option<String> {
    let (before, after) = (export(before)?, export(after)?);
    let mut lines: Vec<_> = before.difference(&after).map(|line| ('-', line)).collect();
    lines.extend(after.difference(&before).map(|line| ('+', line)));
    lines.sort_by_key(|(sign, line)| (*line, *sign));
    Some(
        lines
            .iter()
            .map(|(sign, line)| format!("{sign} {line}\n"))
            .collect(),
    )
}

/// Returns how many keys the crate regf sees; it refuses hives that are not whole.
pub(crate) fn count_keys_by_regf(bytes: &[u8]) -> usize {
    let hive = RegistryHive::from_bytes(bytes.to_vec()).unwrap();
    // It leaves out a root without a name, as its own builder makes it.
    let nameless = usize::from(hive.root_key().unwrap().name().is_empty());
    hive.enumerate_all_keys().unwrap().len() + nameless
}
