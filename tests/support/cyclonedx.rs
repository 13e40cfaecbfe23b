//! The official schema of bills of materials, as the project behind it checks with it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::tools::{run, run_command, target_folder, with_lock};

/// Version of the library, which has the schema inside.
const VERSION: &str = "11.5.0";

/// Returns a Python that has CycloneDX' own library, which checks by the official schema. It is installed
/// once into the target folder by pip, hence needs a network the first time.
pub fn cyclonedx_python() -> Result<PathBuf> {
    let folder = target_folder().join(format!("tools/cyclonedx-{VERSION}"));
    let python = folder.join("bin/python");
    let done = folder.join("complete");
    with_lock(&target_folder().join("tools/cyclonedx.lock"), || {
        if !done.exists() {
            let venv = [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()];
            run("python3", &venv)?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["--quiet", "--disable-pip-version-check", "install"]);
            pip.arg(format!("cyclonedx-python-lib[json-validation]=={VERSION}"));
            run_command(pip).context("installing cyclonedx-python-lib")?;
            fs::write(&done, VERSION)?;
        }
        Ok(python)
    })
}
