//! A stick that was interrupted starts no PC, and never is a mixture of two images.

use std::process::{Output, Stdio};

use anyhow::{Context as _, Result};
use fs_err as fs;
use support::faulty_device::{Fault, Memory};
use support::kit::{mendkit, require_builds};
use support::tools::{command, require_tools};

use crate::bench::{Made, STICK, is_startable};

#[test]
fn gone_at_every_write_it_is_the_old_stick_or_none_or_the_new_one() -> Result<()> {
    let (old, new) = (Made::new("old")?, Made::new("new")?);
    let former = Memory::default();
    old.write(&former, Fault::None).0?;
    let before = former.to_vec(STICK);
    let complete = former.copied();
    let writes = new.write(&complete, Fault::None).1;
    let (mut untouched, mut none, mut whole) = (0, 0, 0);
    for number in 0..writes {
        for seed in 0..4 {
            let memory = former.copied();
            let (ended, _) = new.write(&memory, Fault::Gone(number, seed));
            assert!(ended.is_err(), "write {number}");
            let stick = memory.to_vec(STICK);
            if stick == before {
                untouched += 1;
                assert_eq!(
                    number, 0,
                    "the old stick still starts after {number} writes"
                );
            } else if !is_startable(&stick) {
                none += 1;
            } else if number <= 3 {
                // The MBR is gone, and the rest of what starts a PC is about to go; no content changed.
                assert_ne!(stick[510..512], [0x55, 0xaa], "write {number}");
                let tail = stick.len() - (1 << 20);
                assert_eq!(
                    stick[1 << 20..tail],
                    before[1 << 20..tail],
                    "write {number}"
                );
                untouched += 1;
            } else {
                // Only the last three writes make it startable, and all the content is there by then.
                assert!(
                    number >= writes - 3,
                    "startable after {number} of {writes} writes"
                );
                check_content(&new, &stick)?;
                whole += 1;
            }
        }
    }
    assert!(none > 3 * (writes - 8), "{none} of {writes} times 4");
    assert!(untouched > 0 && whole > 0, "{untouched}, {whole}");
    Ok(())
}

/// Demands everything of the image, byte for byte.
pub(crate) fn check_content(made: &Made, stick: &[u8]) -> Result<()> {
    for chunk in &made.image.chunks {
        let mut bytes = vec![0; usize::try_from(chunk.range.size().0)?];
        made.image.read_at(chunk.range.first(), &mut bytes)?;
        let start = usize::try_from(chunk.range.first().byte_offset())?;
        assert!(stick[start..start + bytes.len()] == bytes, "{chunk:?}");
    }
    Ok(())
}

/// The program itself, killed by Ctrl-C's signal in the middle of every single write.
#[test]
fn a_program_that_is_killed_at_any_write_leaves_no_stick_that_starts() -> Result<()> {
    if !require_builds() || !require_tools(&["strace"]) {
        return Ok(());
    }
    let (old, new) = (Made::new("old")?, Made::new("new")?);
    let folder = tempfile::tempdir()?;
    let stick = folder.path().join("stick.img");
    let memory = Memory::default();
    old.write(&memory, Fault::None).0?;
    let before = memory.to_vec(STICK);
    let log = folder.path().join("writes");
    let run = |inject: Option<usize>| -> Result<(Output, Vec<u8>)> {
        fs::write(&stick, &before)?;
        // A shell has its background jobs ignore Ctrl-C's signal, and programs inherit that.
        let mut strace = command("env")?;
        strace
            .args(["--default-signal=INT", "strace"])
            .args(["-f", "-qq", "-e", "trace=pwrite64", "-o"])
            .arg(&log);
        if let Some(number) = inject {
            strace.arg("-e");
            strace.arg(format!("inject=pwrite64:signal=SIGINT:when={number}"));
        }
        strace
            .arg(mendkit())
            .arg("write")
            .arg(new.path())
            .arg(&stick);
        strace
            .args(["--yes-erase", "1", "--no-receipts"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = strace.output().context("running strace")?;
        Ok((output, fs::read(&stick)?))
    };
    let (output, whole) = run(None)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") {
        assert!(std::env::var_os("CI").is_none(), "{said}");
        skipped(&said);
        return Ok(());
    }
    assert!(output.status.success() && is_startable(&whole), "{said}");
    let writes = fs::read_to_string(&log)?.matches("pwrite64(").count();
    assert!(writes > 25, "{writes} writes");
    for number in 1..=writes {
        // strace delivers the signal when the write is done. Of a program on a busy machine it now and
        // then misses the moment: then the write is tried again.
        let mut killed = None;
        for _ in 0..10 {
            let (output, after) = run(Some(number))?;
            if !output.status.success() {
                killed = Some(after);
                break;
            }
        }
        let Some(after) = killed else {
            // A run may have a few writes less than the one that was counted.
            assert!(
                number + 4 > writes,
                "write {number} of {writes}: never killed"
            );
            break;
        };
        if is_startable(&after) {
            let is_early = number <= 3;
            assert!(
                !is_early || after[510..512] != [0x55, 0xaa],
                "write {number}"
            );
            if !is_early {
                let mut content = after;
                // The identity is the stick's own, and blank in the image.
                new.image.identity_place().blank().overlay(0, &mut content);
                check_content(&new, &content)?;
            }
        }
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a test that skips itself says why")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
