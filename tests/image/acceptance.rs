//! What `build` and `verify` say about firmware, held against sbverify, objcopy, and damaged loaders.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use fs_err as fs;
use mendkit::boot::acceptance::pe::Pe;
use mendkit::boot::acceptance::signature::check_signatures;
use mendkit::boot::acceptance::{Acceptance, DECIDING_FILES, acceptance_of};
use support::kit::{Kit, KitSpec, read_from_stick, recipe_text, require_builds};
use support::tools::{command, require_tools, run_command};

type Files = BTreeMap<String, Vec<u8>>;

fn deciding_files(kit: &Kit) -> Result<Files> {
    let mut files = Files::new();
    for path in DECIDING_FILES {
        let content = read_from_stick(&kit.image(), &format!("/{path}"))?;
        files.insert(path.to_owned(), content);
    }
    Ok(files)
}

fn judge(files: &Files) -> Acceptance {
    acceptance_of(&mut |path| files.get(path).cloned())
}

#[test]
fn build_and_verify_say_the_same_about_firmware() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let built = kit.rebuild()?.text();
    let accepted = "BIOS, UEFI x64, UEFI ia32, Secure Boot (Microsoft 2011 and 2023 keys)";
    assert!(
        built.contains(&format!(" boot      {accepted}   Linux ")),
        "{built}"
    );
    let refused = "by Secure Boot that trusts Microsoft's keys for Windows alone";
    assert!(built.contains(&format!("refused {refused}")), "{built}");
    let verified = kit.mendkit(&["verify", "rescue.img"])?.text();
    assert!(
        verified.contains(&format!(" starts on {accepted}\n")),
        "{verified}"
    );
    assert!(
        verified.contains(&format!(" refused   {refused}")),
        "{verified}"
    );
    assert!(verified.contains(" revoked   SBAT 20"), "{verified}");

    let recipe = recipe_text(&KitSpec::default());
    let recipe = recipe.replace("[boot]\n", "[boot]\nfirmware = [\"bios\"]\n");
    fs::write(kit.path("recipe.toml"), recipe)?;
    kit.rebuild()?;
    let verified = kit.mendkit(&["verify", "rescue.img"])?.text();
    assert!(verified.contains(" starts on BIOS\n"), "{verified}");
    assert!(
        verified.contains(" refused   by UEFI: there is no loader for it"),
        "{verified}"
    );
    Ok(())
}

#[test]
fn sbverify_names_the_same_authorities() -> Result<()> {
    if !require_builds() || !require_tools(&["sbverify"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    for (path, content) in deciding_files(&kit)? {
        if !path.ends_with(".EFI") {
            continue;
        }
        let file = kit.path("loader.efi");
        fs::write(&file, &content)?;
        let mut list = command("sbverify")?;
        list.arg("--list").arg(&file);
        let said = run_command(list)?.text();
        let issuers = said.lines().filter(|line| line.starts_with(" - /"));
        let expected: Vec<&str> = issuers
            .filter_map(|line| line.rsplit("CN=").next())
            .collect();
        let found = check_signatures(&Pe::parse(&content)?, &[]);
        let found: Vec<&str> = found.iter().map(|one| one.authority.as_str()).collect();
        assert_eq!(found, expected, "{path}: {said}");
        assert_eq!(found.len(), 2, "{path}");
    }
    Ok(())
}

#[test]
fn objcopy_takes_out_the_same_sections() -> Result<()> {
    if !require_builds() || !require_tools(&["objcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let mut compared = 0;
    for (path, content) in deciding_files(&kit)? {
        let Ok(pe) = Pe::parse(&content) else {
            continue;
        };
        let file = kit.path("loader.efi");
        fs::write(&file, &content)?;
        for section in [".sbat", ".sbatlevel"] {
            let Some(found) = pe.section(section) else {
                continue;
            };
            let out = kit.path("section");
            let mut copy = command("objcopy")?;
            copy.args(["-O", "binary", "--only-section", section])
                .arg(&file)
                .arg(&out);
            run_command(copy)?;
            let theirs = fs::read(&out)?;
            let text = |bytes: &[u8]| -> Vec<u8> {
                let end = bytes
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |end| end + 1);
                bytes[..end].to_vec()
            };
            assert_eq!(text(found), text(&theirs), "{path} {section}");
            compared += 1;
        }
    }
    assert!(compared >= 6, "{compared}");
    Ok(())
}

#[test]
fn a_loader_that_was_changed_is_no_longer_promised() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let good = deciding_files(&kit)?;
    let expected = judge(&good);
    assert_eq!(expected.uefi.len(), 2);
    assert!(
        expected
            .uefi
            .iter()
            .all(|one| one.years == ["2011", "2023"]),
        "{expected:?}"
    );
    assert!(expected.uefi.iter().all(|one| !one.windows_keys_alone));
    for (path, reason) in [
        ("EFI/BOOT/BOOTX64.EFI", "shim is not signed by Microsoft"),
        (
            "EFI/BOOT/grubx64.efi",
            "GRUB is not signed with a key that shim trusts",
        ),
        (
            "EFI/BOOT/mmx64.efi",
            "MokManager is not signed with a key that shim trusts",
        ),
        (
            "boot/vmlinuz64",
            "the kernel is not signed with a key that shim trusts",
        ),
    ] {
        let mut files = good.clone();
        let content = files.get_mut(path).context("not there")?;
        let middle = content.len() / 2;
        content[middle] ^= 1;
        let found = judge(&files);
        let x64 = found.uefi.first().context("no UEFI x64")?;
        assert_eq!(x64.refusal.as_deref(), Some(reason), "{path}");
        assert!(x64.years.is_empty(), "{path}");
        files.remove(path);
        let found = judge(&files);
        assert_ne!(found.accepted(), expected.accepted(), "{path}");
    }
    Ok(())
}
