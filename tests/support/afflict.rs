//! Puts a volume into a state that real PCs are found in, by `ntfs-3g` and by plain writes.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use rustix::fs::XattrFlags;

use crate::broken_pc::NtfsMount;
use crate::random::random_bytes;
use crate::tools::{command, run_command};

/// FILE_ATTRIBUTE_COMPRESSED. Source: [MS-FSCC] 2.6.
pub const COMPRESSED: u32 = 0x0800;
/// FILE_ATTRIBUTE_SPARSE_FILE. Source: [MS-FSCC] 2.6.
pub const SPARSE: u32 = 0x0200;
/// IO_REPARSE_TAG_MOUNT_POINT and IO_REPARSE_TAG_SYMLINK. Source: [MS-FSCC] 2.1.2.1.
const JUNCTION: u32 = 0xa000_0003;
const SYMBOLIC_LINK: u32 = 0xa000_000c;

/// Changes the files of a volume.
pub fn change_files(volume: &Path, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mount = NtfsMount::writable(volume)?;
    change(&mount.path())?;
    Ok(mount.unmount()?)
}

/// Makes `hiberfil.sys` as large as memory would be, beginning with `head`.
pub fn add_hibernation_file(volume: &Path, head: &[u8]) -> Result<()> {
    change_files(volume, |root| {
        let mut content = vec![0; 64 << 10];
        content
            .get_mut(..head.len())
            .context("head: longer than the file")?
            .copy_from_slice(head);
        Ok(fs::write(root.join("hiberfil.sys"), content)?)
    })
}

/// Makes `hiberfil.sys` as Windows first makes it: clusters are reserved, and nothing is written to them,
/// so that they hold what was there before. Here that is `left_over` in every cluster.
pub fn reserve_hibernation_file(volume: &Path, left_over: &[u8]) -> Result<()> {
    // By another name at first, since no volume with an empty hiberfil.sys is opened for writing.
    change_files(volume, |root| Ok(fs::write(root.join("reserved"), b"")?))?;
    let mut ntfsfallocate = command("ntfsfallocate")?;
    ntfsfallocate.args(["-f", "-l", "65536"]);
    ntfsfallocate.arg(volume).arg("reserved");
    run_command(ntfsfallocate)?;
    for place in places_of(volume, "reserved")? {
        overwrite(volume, place.start, left_over)?;
    }
    change_files(volume, |root| {
        Ok(fs::rename(
            root.join("reserved"),
            root.join("hiberfil.sys"),
        )?)
    })
}

/// Writes `bytes` at `offset` of the volume, whatever is there.
pub fn overwrite(volume: &Path, offset: u64, bytes: &[u8]) -> Result<()> {
    let file = fs::OpenOptions::new().write(true).open(volume)?;
    Ok(file.into_file().write_all_at(bytes, offset)?)
}

/// Writes noise over the first MiB from `offset` on, as an encrypted volume looks like.
pub fn scramble(volume: &Path, offset: u64) -> Result<()> {
    overwrite(volume, offset, &random_bytes("encrypted", 1 << 20))
}

/// Fills the volume until `spare` bytes are free.
pub fn fill(volume: &Path, spare: u64) -> Result<()> {
    change_files(volume, |root| {
        let mut file = fs::File::create(root.join("full.bin"))?;
        let state = rustix::fs::statvfs(root)?;
        let free = state.f_bavail.saturating_mul(state.f_frsize);
        let mut left = free.saturating_sub(spare);
        let piece = vec![0xA5; 1 << 20];
        while left > 0 {
            let length = usize::try_from(left.min(1 << 20))?;
            file.write_all(&piece[..length])?;
            left -= u64::try_from(length)?;
        }
        file.sync_all()?;
        Ok(())
    })
}

/// Writes a file anew, compressed by NTFS.
pub fn compress(volume: &Path, path: &str) -> Result<()> {
    let mount = NtfsMount::compressing(volume)?;
    let file = mount.path().join(path);
    let content = fs::read(&file)?;
    let folder = file.parent().context("path: no folder")?;
    set_attributes(folder, attributes(folder)? | COMPRESSED)?;
    fs::remove_file(&file)?;
    fs::write(&file, content)?;
    ensure!(
        attributes(&file)? & COMPRESSED != 0,
        "{path}: not compressed"
    );
    Ok(mount.unmount()?)
}

/// Makes a file sparse: what it holds moves behind a hole of 1 MiB.
pub fn make_sparse(volume: &Path, path: &str) -> Result<()> {
    change_files(volume, |root| {
        let file = root.join(path);
        let content = fs::read(&file)?;
        fs::remove_file(&file)?;
        let mut new = fs::File::create(&file)?;
        new.set_len(1 << 20)?;
        new.seek(SeekFrom::End(0))?;
        new.write_all(&content)?;
        drop(new);
        ensure!(attributes(&file)? & SPARSE != 0, "{path}: not sparse");
        Ok(())
    })
}

/// Gives a file another name in the same folder or elsewhere.
pub fn add_name(volume: &Path, path: &str, name: &str) -> Result<()> {
    change_files(volume, |root| {
        Ok(fs::hard_link(root.join(path), root.join(name))?)
    })
}

/// Moves a folder away and puts a junction in its place. `target` is what Windows stores, such as
/// `\??\C:\Elsewhere`.
pub fn replace_by_junction(volume: &Path, path: &str, elsewhere: &str, target: &str) -> Result<()> {
    replace_by_reparse_point(volume, path, elsewhere, JUNCTION, target)
}

/// Moves a folder away and puts a relative symbolic link in its place.
pub fn replace_by_link(volume: &Path, path: &str, elsewhere: &str, target: &str) -> Result<()> {
    replace_by_reparse_point(volume, path, elsewhere, SYMBOLIC_LINK, target)
}

fn replace_by_reparse_point(
    volume: &Path,
    path: &str,
    elsewhere: &str,
    tag: u32,
    target: &str,
) -> Result<()> {
    change_files(volume, |root| {
        fs::rename(root.join(path), root.join(elsewhere))?;
        fs::create_dir(root.join(path))?;
        let point = reparse_point(tag, target)?;
        set(&root.join(path), "system.ntfs_reparse_data", &point)
    })
}

/// Returns a reparse point as it is stored. Source: [MS-FSCC] 2.1.2.4 and 2.1.2.5.
fn reparse_point(tag: u32, target: &str) -> Result<Vec<u8>> {
    let name: Vec<u8> = target.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(name.len())?;
    // Substitute name and print name are the same text, each with its own end.
    let print_at = length + 2;
    let mut buffer = Vec::new();
    for field in [0, length, print_at, length] {
        buffer.extend_from_slice(&field.to_le_bytes());
    }
    if tag == SYMBOLIC_LINK {
        // Relative to the folder that it is in.
        buffer.extend_from_slice(&1_u32.to_le_bytes());
    }
    for _ in 0..2 {
        buffer.extend_from_slice(&name);
        buffer.extend_from_slice(&[0; 2]);
    }
    let mut point = tag.to_le_bytes().to_vec();
    point.extend_from_slice(&u16::try_from(buffer.len())?.to_le_bytes());
    point.extend_from_slice(&[0; 2]);
    point.extend(buffer);
    Ok(point)
}

/// Returns the attributes of a file on a mounted volume.
pub fn attributes(path: &Path) -> Result<u32> {
    let mut value = [0; 4];
    rustix::fs::getxattr(path, "system.ntfs_attrib", &mut value)
        .with_context(|| format!("reading the attributes of {}", path.display()))?;
    Ok(u32::from_le_bytes(value))
}

/// Sets the attributes of a file on a mounted volume.
pub fn set_attributes(path: &Path, attributes: u32) -> Result<()> {
    set(path, "system.ntfs_attrib", &attributes.to_le_bytes())
}

fn set(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty())
        .with_context(|| format!("setting {name} of {}", path.display()))
}

/// Returns where the content of a file lies on the volume, in bytes, by the judgement of ntfscluster.
pub fn places_of(volume: &Path, path: &str) -> Result<Vec<Range<u64>>> {
    let mut ntfscluster = command("ntfscluster")?;
    ntfscluster.arg("--force").arg("--filename").arg(path);
    let text = run_command({
        ntfscluster.arg(volume);
        ntfscluster
    })?
    .text();
    let mut boot = [0; 512];
    let file = fs::File::open(volume)?.into_file();
    file.read_exact_at(&mut boot, 0)?;
    let cluster = u64::from(u16::from_le_bytes([boot[11], boot[12]])) * u64::from(boot[13]);
    let mut places = Vec::new();
    let mut is_content = false;
    for line in text.lines() {
        if line.contains("0x80 - non-resident") {
            is_content = true;
            continue;
        }
        let numbers: Vec<u64> = line
            .split_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        match numbers.as_slice() {
            [_, start, length] if is_content => {
                places.push(start * cluster..(start + length) * cluster);
            }
            _ if line.contains(" - ") => is_content = false,
            _ => {}
        }
    }
    ensure!(!places.is_empty(), "{path}: no clusters in\n{text}");
    Ok(places)
}
