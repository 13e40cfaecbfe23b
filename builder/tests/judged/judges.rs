//! Calls the programs that judge images. Where one is missing, a test is skipped, but not in CI.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

/// Byte at which the volume begins.
pub(crate) const VOLUME_OFFSET: usize = 1 << 20;

/// Returns the image as a file, and its volume as another.
pub(crate) fn as_files(image: &[u8]) -> (NamedTempFile, NamedTempFile) {
    let file = |bytes: &[u8]| {
        let mut file = NamedTempFile::new().unwrap();
        // Runs of zeros become holes, which spares the tests gigabytes of writing.
        for chunk in bytes.chunks(1 << 20) {
            if chunk.iter().all(|byte| *byte == 0) {
                let length = i64::try_from(chunk.len()).unwrap();
                file.seek(SeekFrom::Current(length)).unwrap();
            } else {
                file.write_all(chunk).unwrap();
            }
        }
        let length = u64::try_from(bytes.len()).unwrap();
        file.as_file().set_len(length).unwrap();
        file
    };
    let sectors = u32::from_le_bytes(image[VOLUME_OFFSET + 32..][..4].try_into().unwrap());
    let length = usize::try_from(sectors).unwrap() * 512;
    (file(image), file(&image[VOLUME_OFFSET..][..length]))
}

/// Runs a judge and returns what it says, or nothing if it is not there.
pub(crate) fn judge(program: &str, arguments: &[&str], path: &Path) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).arg(path);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("MTOOLS_SKIP_CHECK", "0");
    run(program, &mut command)
}

/// Runs a prepared command and returns what it says, or nothing if it is not there.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn run(program: &str, command: &mut Command) -> Option<(bool, String)> {
    match command.output() {
        Ok(output) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            Some((output.status.success(), text))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{program} is not installed"
            );
            eprintln!("skipped: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// Lets sgdisk, sfdisk and fsck.fat judge an image with a GPT.
pub(crate) fn assert_sound(image: &[u8]) {
    let (disk, _) = as_files(image);
    if let Some((is_good, said)) = judge("sgdisk", &["-v"], disk.path()) {
        assert!(is_good && said.contains("No problems found"), "{said}");
        assert!(
            !said.contains("Caution") && !said.contains("Warning"),
            "{said}"
        );
    }
    assert_sound_without_gpt(image);
}

/// Lets sfdisk and fsck.fat judge an image, whatever its partition table.
pub(crate) fn assert_sound_without_gpt(image: &[u8]) {
    let (disk, volume) = as_files(image);
    if let Some((is_good, said)) = judge("sfdisk", &["--verify"], disk.path()) {
        assert!(is_good && said.contains("No errors detected"), "{said}");
    }
    if let Some((is_good, said)) = judge("fsck.fat", &["-n", "-v"], volume.path()) {
        assert!(is_good, "{said}");
        // Between its steps and the summary, fsck.fat is silent about a sound volume.
        let (_, steps) = said.split_once(" sectors total\n").unwrap();
        let steps: Vec<&str> = steps.lines().collect();
        let [unused, free, summary] = steps.as_slice() else {
            panic!("{said}")
        };
        assert_eq!(*unused, "Checking for unused clusters.");
        assert_eq!(*free, "Checking free cluster summary.");
        assert!(summary.contains(" files, "), "{said}");
    }
}
