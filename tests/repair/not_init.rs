//! `mend` as PID 1 of something that is not the rescue environment must not act as one.

use anyhow::Result;
use fs_err as fs;
use support::kit::{mendkit, require_builds};
use support::tools::{command, require_tools};

#[test]
fn pid_1_without_the_marker_file_refuses_and_mounts_nothing() -> Result<()> {
    if !require_builds() || !require_tools(&["unshare"]) {
        return Ok(());
    }
    let mounts_before = fs::read_to_string("/proc/self/mounts")?;
    let mut unshare = command("unshare")?;
    // A process namespace of its own makes it PID 1; the mounts are shared, so that one would show.
    unshare
        .args(["--pid", "--fork"])
        .arg(mendkit().with_file_name("mend-i586"));
    let output = unshare.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("this is not the rescue environment"),
        "{said}"
    );
    assert_eq!(fs::read_to_string("/proc/self/mounts")?, mounts_before);
    Ok(())
}
