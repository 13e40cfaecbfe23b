//! Makes and populates a FAT32 volume in an image file, by mkfs.fat and mtools.

use std::path::Path;

use crate::error::{Context, Result};
use fs_err as fs;

use super::partition_table::{HEADS, SECTORS_A_TRACK};
use super::tree::{Entry, write_to_folder};
use crate::tools::{command, run_command};

/// Makes an empty volume of `size` bytes that knows it begins at `first_lba` of its disk, then
/// fills it.
pub(super) fn make_volume(
    volume: &Path,
    size: u64,
    first_lba: u64,
    serial: u32,
    entries: &[Entry],
) -> Result<()> {
    fs::File::create(volume)?.set_len(size)?;
    let mut mkfs = command("mkfs.fat")?;
    // One sector a cluster, or a volume this small would not have enough clusters for FAT32.
    mkfs.args(["--invariant", "-F", "32", "-s", "1", "-n", "XP"]);
    mkfs.args(["-i", &format!("{serial:08x}"), "-h", &first_lba.to_string()]);
    mkfs.args(["-g", &format!("{HEADS}/{SECTORS_A_TRACK}")])
        .arg(volume);
    run_command(mkfs)?;

    let folder = tempfile::tempdir()?;
    let tree = folder.path().join("tree");
    write_to_folder(entries, &tree)?;
    let mut names: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.path.contains('/'))
        .map(|entry| &entry.path)
        .collect();
    names.sort();
    let mut mcopy = command("mcopy")?;
    mcopy.args(["-s", "-m", "-Q", "-i"]).arg(volume);
    mcopy
        .args(names.iter().map(|name| tree.join(name)))
        .arg("::/");
    run_command(mcopy)?;
    let hidden: Vec<_> = entries
        .iter()
        .filter(|entry| entry.hidden)
        .map(|entry| format!("::/{}", entry.path))
        .collect();
    if hidden.is_empty() {
        return Ok(());
    }
    let mut mattrib = command("mattrib")?;
    mattrib
        .arg("-i")
        .arg(volume)
        .args(["+h", "+s"])
        .args(hidden);
    run_command(mattrib).context("hiding files")?;
    Ok(())
}
