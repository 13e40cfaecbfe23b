//! Each simulated PC gets the right verdict, and is changed only if it was repaired.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use fs_err as fs;
use mend::options::{Console, Options, run_command};
use support::broken_pc::{ALL_PRESETS, VolumeState, good_svchost, make_folder_of, preset};
use support::judges::extract_fat;
use support::kit::{Kit, KitSpec, VOLUME_OFFSET, require_builds};
use support::tools::{require_tools, sha256_hex};

/// What `mend` must say of each preset's first Windows, by its exit code: 0 healthy or repaired, 1
/// something left to do. The bool is whether files change.
const EXPECTED: [(&str, u8, bool); 20] = [
    ("xp-mcafee-5958-missing", 0, true),
    ("xp-mcafee-5958-empty", 0, true),
    ("xp-mcafee-5958-intact", 0, true),
    ("xp-mcafee-5958-no-dllcache", 0, true),
    ("xp-mcafee-5958-bad-copies", 1, false),
    ("xp-mcafee-5958-only-quarantine", 0, true),
    ("xp-mcafee-5958-only-installation-source", 0, true),
    // A folder has no drive D.
    ("xp-mcafee-5958-source-on-d", 1, false),
    ("xp-mcafee-5958-on-d", 0, true),
    ("healthy-xp-sp2", 0, false),
    ("healthy-xp-dat-5959", 0, false),
    ("healthy-xp-no-mcafee", 0, false),
    ("two-windows-on-one-disk", 0, true),
    ("windows-7", 0, false),
    ("windows-7-gpt", 0, false),
    ("windows-10-crowdstrike-291", 0, false),
    ("xp-french", 0, true),
    ("xp-german", 0, true),
    ("xp-japanese", 0, true),
    ("xp-dirty-hives", 0, true),
];

/// Presets whose point is the volume, which a folder does not have.
fn is_about_volumes(name: &str) -> Result<bool> {
    let spec = preset(name)?;
    Ok(spec.volume_state != VolumeState::Clean || name == "xp-fat32")
}

#[test]
fn every_preset_is_expected_or_about_volumes() -> Result<()> {
    for known in &ALL_PRESETS {
        let is_expected = EXPECTED.iter().any(|(name, ..)| *name == known.name);
        assert!(
            is_expected != is_about_volumes(known.name)?,
            "{}",
            known.name
        );
    }
    Ok(())
}

#[test]
fn every_simulated_pc_gets_its_verdict_and_a_second_run_changes_nothing() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let stick = kit.path("stick");
    fs::create_dir(&stick)?;
    extract_fat(&kit.image(), VOLUME_OFFSET, &stick)?;
    for (name, code, changes) in EXPECTED {
        let spec = preset(name)?;
        let windows = &spec.installations[0];
        let pc = tempfile::tempdir()?;
        make_folder_of(&spec, pc.path())?;
        let before = read_tree(pc.path())?;

        let (found, said) = mend(&["diagnose"], pc.path(), &stick, &kit)?;
        assert_eq!(
            read_tree(pc.path())?,
            before,
            "{name}: diagnosing wrote\n{said}"
        );
        assert_eq!(
            found,
            if changes { 1 } else { code },
            "{name}: diagnosis\n{said}"
        );

        let (found, said) = mend(&["repair", "--yes"], pc.path(), &stick, &kit)?;
        assert_eq!(found, code, "{name}: repair\n{said}");
        let after = read_tree(pc.path())?;
        assert_eq!(after != before, changes, "{name}\n{said}");
        if !changes {
            continue;
        }
        let svchost =
            find(&after, &windows.svchost_path()).with_context(|| format!("{name}\n{said}"))?;
        assert_eq!(
            svchost,
            sha256_hex(&good_svchost(windows)?),
            "{name}\n{said}"
        );
        // Nothing is destroyed: whatever was there is still there, if elsewhere.
        for (path, digest) in &before {
            assert!(
                after.values().any(|kept| kept == digest),
                "{name}: {path} is gone\n{said}"
            );
        }
        let (found, said) = mend(&["repair", "--yes"], pc.path(), &stick, &kit)?;
        assert_eq!(found, 0, "{name}: second run\n{said}");
        assert_eq!(
            read_tree(pc.path())?,
            after,
            "{name}: the second run wrote\n{said}"
        );
    }
    Ok(())
}

pub(crate) fn mend(words: &[&str], root: &Path, stick: &Path, kit: &Kit) -> Result<(u8, String)> {
    let key = kit.path("release.key.pub");
    let path = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .context("path is not UTF-8")
    };
    let mut arguments = vec!["mend".to_owned()];
    arguments.extend(words.iter().map(|word| (*word).to_owned()));
    for (option, value) in [("--root", root), ("--stick", stick), ("--key", &key)] {
        arguments.extend([option.to_owned(), path(value)?]);
    }
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let console = Console {
        output: &mut output,
        errors: &mut errors,
        input: &mut io::empty(),
    };
    let code = run_command(&Options::try_parse_from(arguments)?, console)?;
    output.extend(errors);
    Ok((code, String::from_utf8_lossy(&output).into_owned()))
}

/// Returns every file below a folder with its digest.
pub(crate) fn read_tree(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                files.insert(name, sha256_hex(&fs::read(&path)?));
            }
        }
    }
    Ok(files)
}

fn find(tree: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let found = tree
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(path));
    found.map(|(_, digest)| digest.clone())
}
