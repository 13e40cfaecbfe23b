//! `mendkit rehearse` as a release engineer runs it: the screen's words, the verdict, the exit code.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use anyhow::Result;
use fs_err as fs;
use support::inspect::verdicts;
use support::kit::{Kit, KitSpec, mendkit, read_report};
use support::tools::require_tools;

use crate::rescue::require_boots;

/// Asserts the exit code and that all of this was said.
fn check(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{errors}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}{errors}");
    }
}

#[test]
fn a_rehearsal_shows_the_repair_and_the_host_sees_it_done() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        mode: "confirm",
        finish: "ask",
        ..KitSpec::default()
    })?;
    let picture = kit.path("screen.png");
    let arguments = [
        "rehearse",
        "rescue.img",
        "--picture",
        "screen.png",
        "--keep",
        "kept",
    ];
    let before = fs::read(kit.image())?;
    let output = kit.mendkit_command(&arguments).output()?;
    check(
        &output,
        0,
        &[
            " PC        xp-mcafee-5958-missing ",
            " starts    BIOS, emulated",
            "| 2 restore  \\WINDOWS\\system32\\svchost.exe from",
            "> repair: Enter is pressed",
            " verdict   REPAIRED   ",
        ],
    );
    assert_eq!(&fs::read(picture)?[1..4], b"PNG");
    assert_eq!(fs::read(kit.image())?, before, "the image stays as it is");
    let found = verdicts(&kit.path("kept/pc.img"))?;
    assert!(found.iter().all(|verdict| verdict.repaired), "{found:?}");
    let report = read_report(&kit.path("kept/stick.img"))?;
    assert!(report.json.contains("\"repaired\""), "{}", report.json);
    Ok(())
}

#[test]
fn an_ordinary_user_rehearses_what_is_left_alone_and_gets_its_exit_code() -> Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    if !require_boots() || !require_tools(&["unshare", "setpriv"]) || !is_root {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let program = kit.path("mendkit");
    fs::copy(mendkit(), &program)?;
    let open = || std::fs::Permissions::from_mode(0o755);
    fs::set_permissions(kit.path(""), open())?;
    // As on an ordinary machine, anyone may open the device: some build machines keep it to root.
    let script = "mknod fuse c 10 229 && chmod 666 fuse && mount --bind fuse /dev/fuse && \
         exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent \
         ./mendkit rehearse rescue.img --pc xp-hibernated";
    let mut unshare = Command::new("unshare");
    unshare.current_dir(kit.path(""));
    unshare.args(["--mount", "sh", "-c", script]);
    check(
        &unshare.output()?,
        3,
        &[" PC        xp-hibernated ", " verdict   REFUSED   "],
    );
    Ok(())
}
