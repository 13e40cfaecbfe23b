//! What the host sees on the disk of a PC, read by ntfs-3g's programs and mtools.
//!
//! None of our own readers is used, since it is they who are judged. Nothing is mounted, except
//! read-only where security descriptors are asked for. The image is never written to.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use pelite::PeFile;
use tempfile::NamedTempFile;

use crate::broken_pc::{FileSystem, MadeVolume, NtfsMount};
use crate::definitions::{MEMBER_NAMES, synthetic_version};
use crate::judges;
use crate::pe;
use crate::tools::{command, run_command, sha256_hex};

/// Definitions that harm.
const BAD_DAT: u32 = 5958;
/// Version of the system's programs of the Windows they harm.
const XP_SP3: &str = "5.1.2600.5512";

/// A volume taken out of a disk image, in a sparse file of its own.
#[derive(Debug)]
pub struct Volume {
    file: NamedTempFile,
    /// Where it begins on the disk, in bytes.
    pub offset: u64,
    /// Its file system.
    pub file_system: FileSystem,
}

/// A file's or folder's name in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The name as stored.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// Returns the NTFS and FAT32 volumes of a disk image, whatever its partition table says of them;
/// partitions with other content are left out.
pub fn volumes(disk: &Path) -> Result<Vec<Volume>> {
    let table = judges::sfdisk_reads(disk)?;
    let partitions = table["partitiontable"]["partitions"]
        .as_array()
        .with_context(|| format!("{}: sfdisk reads no partitions", disk.display()))?;
    let mut volumes = Vec::new();
    for partition in partitions {
        let start = partition["start"]
            .as_u64()
            .context("sfdisk: partition without a start")?;
        let size = partition["size"]
            .as_u64()
            .context("sfdisk: partition without a size")?;
        if let Some(file_system) = file_system_at(disk, start * 512)? {
            volumes.push(Volume::cut_out(disk, start * 512, size * 512, file_system)?);
        }
    }
    Ok(volumes)
}

fn file_system_at(disk: &Path, offset: u64) -> Result<Option<FileSystem>> {
    let mut boot = [0; 512];
    fs::File::open(disk)?
        .into_file()
        .read_exact_at(&mut boot, offset)?;
    // The names that both file systems write into their boot sectors.
    if &boot[3..11] == b"NTFS    " {
        Ok(Some(FileSystem::Ntfs))
    } else if &boot[82..90] == b"FAT32   " {
        Ok(Some(FileSystem::Fat32))
    } else {
        Ok(None)
    }
}

impl Volume {
    /// Takes a volume that [`crate::broken_pc::make_disk`] described out of its disk image.
    pub fn of(disk: &Path, made: &MadeVolume) -> Result<Self> {
        Self::cut_out(disk, made.offset, made.size, made.file_system)
    }

    fn cut_out(disk: &Path, offset: u64, size: u64, file_system: FileSystem) -> Result<Self> {
        let file = NamedTempFile::new()?;
        file.as_file().set_len(size)?;
        let source = fs::File::open(disk)?.into_file();
        let mut buffer = vec![0; 1 << 16];
        let mut at = 0;
        while at < size {
            // Holes of the image stay holes here.
            let data = rustix::fs::seek(&source, rustix::fs::SeekFrom::Data(offset + at));
            let Ok(data) = data else { break };
            at = data.saturating_sub(offset);
            let Some(left) = size.checked_sub(at).filter(|left| *left > 0) else {
                break;
            };
            let want = usize::try_from(left.min(1 << 16))?;
            source.read_exact_at(&mut buffer[..want], offset + at)?;
            file.as_file().write_all_at(&buffer[..want], at)?;
            at += u64::try_from(want)?;
        }
        Ok(Self {
            file,
            offset,
            file_system,
        })
    }

    /// Returns the file that holds the volume alone.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the names in a folder, sorted; parts of the path are separated by `/` and their
    /// case does not matter; the root is the empty text.
    pub fn list(&self, folder: &str) -> Result<Vec<Name>> {
        let folder = self
            .find(folder)?
            .with_context(|| format!("{folder}: not there"))?;
        self.list_exactly(&folder)
    }

    /// Returns all bytes of a file, or nothing if it is not there.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.find(path)? else {
            return Ok(None);
        };
        let mut read = match self.file_system {
            FileSystem::Ntfs => {
                let mut ntfscat = command("ntfscat")?;
                ntfscat.arg("--force").arg(self.path()).arg(&path);
                ntfscat
            }
            FileSystem::Fat32 => {
                let mut mtype = command("mtype")?;
                mtype.arg("-i").arg(self.path()).arg(format!("::/{path}"));
                mtype
            }
        };
        read.stdin(std::process::Stdio::null());
        Ok(Some(
            run_command(read)
                .with_context(|| format!("reading {path}"))?
                .out,
        ))
    }

    /// Returns the SHA-256 of a file, or nothing if it is not there.
    pub fn sha256(&self, path: &str) -> Result<Option<String>> {
        Ok(self.read(path)?.map(|bytes| sha256_hex(&bytes)))
    }

    /// Returns a path in the case in which its names are stored, or nothing if it is not there.
    pub fn find(&self, path: &str) -> Result<Option<String>> {
        let mut found = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let names = self.list_exactly(&found)?;
            let wanted = part.to_lowercase();
            let mut same = names
                .into_iter()
                .filter(|name| name.name.to_lowercase() == wanted);
            let Some(name) = same.next() else {
                return Ok(None);
            };
            if let Some(other) = same.next() {
                bail!(
                    "{found}: holds {:?} and {:?}, expected one of them",
                    name.name,
                    other.name
                );
            }
            if !found.is_empty() {
                found.push('/');
            }
            found.push_str(&name.name);
        }
        Ok(Some(found))
    }

    /// Returns the security descriptor, attributes and times of a file on NTFS, by mounting a
    /// read-only view of the volume.
    pub fn security(&self, path: &str) -> Result<Security> {
        ensure!(
            self.file_system == FileSystem::Ntfs,
            "{path}: FAT32 has no security descriptors"
        );
        let path = self
            .find(path)?
            .with_context(|| format!("{path}: not there"))?;
        let mount = NtfsMount::read_only(self.path())?;
        let file = mount.path().join(&path);
        let security = Security {
            descriptor: attribute(&file, "system.ntfs_acl")?,
            attributes: attribute(&file, "system.ntfs_attrib")?,
            times: attribute(&file, "system.ntfs_times")?,
            short_name: short_name(&file)?,
        };
        mount.unmount()?;
        Ok(security)
    }

    /// Someone else's tools find nothing to mend: ntfsfix and ntfssecaudit, or fsck.fat.
    pub fn is_sound(&self) -> Result<()> {
        match self.file_system {
            FileSystem::Ntfs => {
                judges::ntfsfix_accepts(self.path())?;
                judges::ntfssecaudit_accepts(self.path())
            }
            FileSystem::Fat32 => judges::fsck_fat_accepts(self.path()),
        }
    }

    /// Returns the digest of all that is in use, by the judgement of ntfsclone: every file, folder and
    /// table of the file system, but not what lies in free clusters.
    pub fn used_clusters(&self) -> Result<String> {
        let mut ntfsclone = command("ntfsclone")?;
        ntfsclone.args(["--save-image", "--quiet", "--output", "-"]);
        ntfsclone.arg(self.path());
        Ok(sha256_hex(&run_command(ntfsclone)?.out))
    }

    fn list_exactly(&self, folder: &str) -> Result<Vec<Name>> {
        let mut names = match self.file_system {
            FileSystem::Ntfs => {
                let mut ntfsls = command("ntfsls")?;
                ntfsls.args(["--force", "--all", "--classify", "--path"]);
                ntfsls.arg(format!("/{folder}")).arg(self.path());
                run_command(ntfsls)?
                    .text()
                    .lines()
                    .map(name_with_slash)
                    .collect::<Vec<_>>()
            }
            FileSystem::Fat32 => {
                let mut mdir = command("mdir")?;
                mdir.arg("-i")
                    .arg(self.path())
                    .args(["-a", "-b"])
                    .arg(format!("::/{folder}"));
                let text = run_command(mdir)?.text();
                let start = if folder.is_empty() {
                    "::/".to_owned()
                } else {
                    format!("::/{folder}/")
                };
                text.lines()
                    .filter_map(|line| line.strip_prefix(&start))
                    .map(name_with_slash)
                    .collect()
            }
        };
        names.retain(|name| !name.name.is_empty() && name.name != "." && name.name != "..");
        names.sort();
        Ok(names)
    }
}

/// What NTFS keeps of a file besides its content, each as ntfs-3g hands it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Self-relative security descriptor.
    pub descriptor: Vec<u8>,
    /// File attributes, 4 bytes.
    pub attributes: Vec<u8>,
    /// Times of creation, last change, last access and last change of the record, 8 bytes each.
    pub times: Vec<u8>,
    /// 8.3 name; empty if it has none.
    pub short_name: Vec<u8>,
}

/// What the host thinks of one Windows on a disk.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// Where its volume begins on the disk, in bytes.
    pub offset: u64,
    /// Path of its `svchost.exe`, there or not.
    pub svchost: String,
    /// Size of it in bytes, if it is there.
    pub size: Option<usize>,
    /// SHA-256 of it in hexadecimal, if it is there.
    pub sha256: Option<String>,
    /// Version it states, if it is a program that states one and its checksum is right.
    pub version: Option<String>,
    /// DAT files: path, SHA-256, and the release if it is one of ours, undamaged.
    pub dat_files: Vec<(String, String, Option<u32>)>,
    /// Whether `svchost.exe` is a sound program of the version of its system, and the DAT files
    /// are known, undamaged and not of release 5958, which matters on XP SP3 alone.
    pub repaired: bool,
}

/// Returns the host's verdict on every Windows on a disk image.
pub fn verdicts(disk: &Path) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for volume in volumes(disk)? {
        if volume.find("windows/system32/config")?.is_some() {
            verdicts.push(verdict(&volume)?);
        }
    }
    Ok(verdicts)
}

/// Returns the host's verdict on the Windows on a volume.
pub fn verdict(volume: &Volume) -> Result<Verdict> {
    let svchost = "windows/system32/svchost.exe";
    let content = volume.read(svchost)?;
    let version = content.as_deref().and_then(sound_version);
    let mut dat_files = Vec::new();
    for program_files in ["Program Files", "Program Files (x86)", "Programme"] {
        for name in MEMBER_NAMES {
            let path = format!("{program_files}/Common Files/McAfee/Engine/{name}");
            if let Some(content) = volume.read(&path)? {
                let version = synthetic_version(name, &content);
                dat_files.push((path, sha256_hex(&content), version));
            }
        }
    }
    // The other programs of the system say which service pack runs.
    let kernel = volume.read("windows/system32/kernel32.dll")?;
    let system = kernel.as_deref().and_then(sound_version);
    let is_prey = system.as_deref() == Some(XP_SP3);
    let harmless = |dat: &(String, String, Option<u32>)| {
        !is_prey || dat.2.is_some_and(|version| version != BAD_DAT)
    };
    Ok(Verdict {
        offset: volume.offset,
        svchost: volume.find(svchost)?.unwrap_or_else(|| svchost.to_owned()),
        size: content.as_ref().map(Vec::len),
        sha256: content.as_deref().map(sha256_hex),
        repaired: version.is_some() && version == system && dat_files.iter().all(harmless),
        version,
        dat_files,
    })
}

/// Returns the file version of a program whose checksum is right, as pelite reads it.
fn sound_version(file: &[u8]) -> Option<String> {
    if pe::checksum(file).ok()? != pe::stated_checksum(file).ok()? {
        return None;
    }
    let info = PeFile::from_bytes(file)
        .ok()?
        .resources()
        .ok()?
        .version_info()
        .ok()?;
    Some(info.fixed()?.dwFileVersion.to_string())
}

fn name_with_slash(line: &str) -> Name {
    Name {
        name: line.trim_end_matches('/').to_owned(),
        is_folder: line.ends_with('/'),
    }
}

fn short_name(file: &PathBuf) -> Result<Vec<u8>> {
    let mut nothing = [0; 0];
    match rustix::fs::getxattr(file, "system.ntfs_dos_name", &mut nothing) {
        Err(rustix::io::Errno::NODATA) => Ok(Vec::new()),
        _ => attribute(file, "system.ntfs_dos_name"),
    }
}

fn attribute(file: &PathBuf, name: &str) -> Result<Vec<u8>> {
    let mut value = vec![0; 1 << 16];
    let length = rustix::fs::getxattr(file, name, value.as_mut_slice())
        .with_context(|| format!("reading {name} of {}", file.display()))?;
    value.truncate(length);
    Ok(value)
}
