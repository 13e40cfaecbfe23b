//! Bad recipes leave no image behind; bad images are not called good.

use std::process::Output;

use anyhow::Result;
use expect_test::{Expect, expect};
use fs_err as fs;
use support::definitions::{Fault, make_bad_definitions};
use support::kit::{Kit, KitSpec, cache, replace_on_stick, require_builds};
use support::tools::require_tools;

fn run(kit: &Kit, arguments: &[&str]) -> Result<Output> {
    Ok(kit.mendkit_command(arguments).output()?)
}

fn build(kit: &Kit) -> Result<Output> {
    let cache = cache();
    let cache = cache.to_str().unwrap_or_default();
    run(
        kit,
        &[
            "build",
            "recipe.toml",
            "-o",
            "new/rescue.img",
            "--cache",
            cache,
        ],
    )
}

/// Demands exit code 2, this message, and that nothing lies where the image should have been.
fn check_refused(kit: &Kit, message: &Expect) -> Result<()> {
    fs::create_dir_all(kit.path("new"))?;
    let output = build(kit)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    message.assert_eq(said.trim_end());
    assert_eq!(output.status.code(), Some(2), "{said}");
    let left: Vec<_> = fs::read_dir(kit.path("new"))?.collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

#[test]
fn bad_definitions_stop_the_build_and_say_why() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let cases = [
        (
            Fault::PathTraversal,
            expect![[
                r#"error: checking the inputs: inputs/avvdat-5959.zip: member "..\\..\\WINDOWS\\system32\\svchost.exe" is not a plain file name, expected letters, digits, -, _ and ."#
            ]],
        ),
        (
            Fault::WrongMd5,
            expect![
                "error: checking the inputs: inputs/avvdat.ini: [AVV-ZIP] MD5 is 91772454afda333b97a8343f47675268, expected 7395886dda6553641a5d042107b9f190, the MD5 of avvdat-5959.zip"
            ],
        ),
    ];
    for (fault, message) in cases {
        fs::remove_dir_all(kit.path("inputs"))?;
        make_bad_definitions(fault, &kit.path("inputs"))?;
        check_refused(&kit, &message)?;
    }
    Ok(())
}

#[test]
fn a_recipe_without_its_key_says_which_file_is_missing() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    fs::remove_file(kit.path("release.key"))?;
    check_refused(
        &kit,
        &expect![
            "error: reading the signing key: failed to open file `release.key`: No such file or directory (os error 2)"
        ],
    )
}

#[test]
fn an_interrupted_build_leaves_nothing_behind() -> Result<()> {
    if !require_builds() || !require_tools(&["timeout"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    fs::create_dir(kit.path("new"))?;
    let cache = cache();
    let cache = cache.to_str().unwrap_or_default();
    let mut killed = 0;
    // Kills at different moments; how far each comes depends on the machine, so only what is left
    // behind is looked at.
    for tenths in 1..=8 {
        let mut child = kit
            .mendkit_command(&[
                "build",
                "recipe.toml",
                "-o",
                "new/rescue.img",
                "--cache",
                cache,
            ])
            .stdout(std::process::Stdio::null())
            .spawn()?;
        std::thread::sleep(std::time::Duration::from_millis(tenths * 40));
        killed += i32::from(child.try_wait()?.is_none());
        child.kill()?;
        let is_done = child.wait()?.success();
        let left: Vec<_> = fs::read_dir(kit.path("new"))?.collect::<Result<_, _>>()?;
        if !is_done {
            let names: Vec<_> = left.iter().map(|entry| entry.file_name()).collect();
            let complete = names.is_empty() || names == ["rescue.img"];
            assert!(complete, "after {tenths} steps: {names:?}");
        }
        if kit.path("new/rescue.img").exists() {
            // A name means a complete image.
            kit.mendkit(&["verify", "new/rescue.img"])?;
            fs::remove_file(kit.path("new/rescue.img"))?;
        }
    }
    assert!(
        killed > 0,
        "every build was done before it could be interrupted"
    );
    Ok(())
}

#[test]
fn verify_refuses_a_changed_file_a_further_file_and_another_key() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let check = |arguments: &[&str], message: &str| -> Result<()> {
        let output = run(&kit, arguments)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(message), "{said}");
        Ok(())
    };
    kit.mendkit(&["keygen", "--no-password", "-o", "other.key"])?;
    check(
        &["verify", "rescue.img", "--key", "other.key.pub"],
        "manifest signature: not made by key",
    )?;
    fs::copy(kit.image(), kit.path("further.img"))?;
    replace_on_stick(&kit.path("further.img"), "autorun.inf", b"[autorun]")?;
    check(
        &["verify", "further.img"],
        "autorun.inf: not in the manifest",
    )?;
    fs::copy(kit.image(), kit.path("changed.img"))?;
    replace_on_stick(&kit.path("changed.img"), "mendkit/job.json", b"{}")?;
    check(&["verify", "changed.img"], "mendkit/job.json: sha256 ")?;
    Ok(())
}
