//! Debian's netboot installer on a stick: its own kernel and initrd, as its package has them, behind the loaders
//! and in the partitions of an image of ours.
//!
//! So both are read by the same GRUB, and what differs is what there is to read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use support::kit::{Kit, VOLUME_OFFSET, replace_on_stick};
use support::qemu::copy_image;
use support::tools::{command, run_command, target_folder};

/// Debian's package of the installer's files for starting from a network.
const PACKAGE: &str = "debian-installer-12-netboot-amd64";

/// Where the package has them, for a text screen.
const FOLDER: &str = "usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64";

/// The package's own entry "Install", and a serial line as the last console, which makes the installer show
/// its screens there.
const MENU: &str = "\
linux /linux vga=788 console=ttyS0,115200 --- quiet
initrd /initrd.gz
boot
";

/// An image with the installer on it.
pub(super) struct NetbootStick {
    pub(super) image: PathBuf,
    /// Package and version.
    pub(super) version: String,
}

impl NetbootStick {
    /// Makes it out of an image of ours; fetches the package if it is not here yet.
    pub(super) fn make(kit: &Kit, image: &Path) -> Result<Self> {
        let package = fetch()?;
        let name = package.file_name().context("no name")?.to_string_lossy();
        let unpacked = unpack(&package)?;
        copy_image(&kit.image(), image)?;
        // Everything but the loaders goes.
        for path in ["mendkit", "boot/vmlinuz32", "boot/vmlinuz64", "reports"] {
            on_stick("mdeltree", image, &[&format!("::{path}")])?;
        }
        for file in ["linux", "initrd.gz"] {
            let from = unpacked.join(FOLDER).join(file);
            let from = from.to_str().context("path is not UTF-8")?;
            on_stick("mcopy", image, &[from, &format!("::{file}")])?;
        }
        for menu in ["boot/grub/grub.cfg", "EFI/debian/grub.cfg"] {
            replace_on_stick(image, menu, MENU.as_bytes())?;
        }
        let version = name.split('_').take(2).collect::<Vec<_>>().join(" ");
        Ok(Self {
            image: image.to_owned(),
            version,
        })
    }
}

/// Returns where the package lies, fetched once by apt.
fn fetch() -> Result<PathBuf> {
    let folder = target_folder().join("cache/peers");
    fs::create_dir_all(&folder)?;
    let find = || -> Result<Option<PathBuf>> {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(PACKAGE) && name.ends_with(".deb") {
                return Ok(Some(path));
            }
        }
        Ok(None)
    };
    if let Some(package) = find()? {
        return Ok(package);
    }
    println!("fetching Debian's package {PACKAGE} (133 MB)");
    let mut apt = command("apt-get")?;
    apt.args(["download", PACKAGE]).current_dir(&folder);
    run_command(apt)?;
    find()?.with_context(|| format!("apt-get download {PACKAGE}: no file"))
}

fn unpack(package: &Path) -> Result<PathBuf> {
    let folder = package.with_extension("");
    if !folder.exists() {
        let unfinished = package.with_extension("part");
        let mut dpkg = command("dpkg-deb")?;
        dpkg.arg("--extract").arg(package).arg(&unfinished);
        run_command(dpkg)?;
        fs::rename(&unfinished, &folder)?;
    }
    ensure!(
        folder.join(FOLDER).join("initrd.gz").is_file(),
        "{}: has no {FOLDER}/initrd.gz",
        package.display()
    );
    Ok(folder)
}

fn on_stick(tool: &str, image: &Path, arguments: &[&str]) -> Result<()> {
    let mut mtool = command(tool)?;
    mtool
        .arg("-i")
        .arg(format!("{}@@{VOLUME_OFFSET}", image.display()));
    mtool.args(arguments).env("MTOOLS_SKIP_CHECK", "1");
    run_command(mtool)?;
    Ok(())
}
