//! Everything on a stick that a PC starts from, made from the boot parts: kernels, initramfs archives,
//! loaders, menu, and the code in the first sectors.
//!
//! Decides which files there are and what is in them; where they lie on the stick is the image plan's
//! matter.

pub mod acceptance;
mod derived;
mod efi;
mod error;
pub mod firmware;
pub mod grub;
mod initramfs;
mod kernel;
pub mod key;
pub mod menu;
mod papers;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths;

use crate::bom;
use crate::bom::licences::licences_text;
use crate::bom::package::{CarriedPackage, MendNote, read_mend_file};
use crate::boot::derived::{Derived, Made, Origin, derive};
use crate::boot::efi::efi_files;
use crate::boot::firmware::{Firmware, FirmwareSet};
use crate::boot::grub::BootCode;
use crate::boot::initramfs::{Entries, Entry};
use crate::boot::kernel::{KERNELS, Kernel};
use crate::boot::key::key_file;
use crate::boot::menu::{MENUS, MenuSettings, menu_text};
use crate::boot::papers::carried_packages;
use crate::parts::deb::{PackedFiles, read_chosen, take_file};
use crate::parts::libraries::read_linkage;
use crate::parts::{GRUB_BIOS, LIBC, LIBNTFS_3G, NTFS_3G, Part, Parts, libraries};

pub use error::BootError;

/// Origin of files that no package brings.
const MADE_BY_MENDKIT: &str = "made by mendkit";

/// Where Debian's package has the NTFS driver.
const NTFS_3G_IN_PACKAGE: &str = "bin/ntfs-3g";

/// Where the rescue environment has it.
const NTFS_3G_IN_INITRAMFS: &str = "usr/bin/ntfs-3g";

/// Folders that `mend` mounts something on.
const EMPTY_FOLDERS: &[&str] = &["dev", "proc", "sys", "run", "tmp", "mnt"];

/// What boot files are made of besides the parts.
#[derive(Clone, Copy, Debug)]
pub struct BootSettings<'a> {
    /// The cache folder.
    pub cache: &'a Path,
    /// The program `mend`: static, 32-bit.
    pub mend: &'a Path,
    /// The key that `mend` trusts, in minisign's public key format.
    pub public_key: &'a str,
    /// The menu.
    pub menu: &'a MenuSettings,
    /// The firmware to start from; never empty.
    pub firmware: &'a FirmwareSet,
    /// The LBA of GRUB's core image, for BIOS.
    pub core_lba: u64,
    /// Where GRUB finds its menu, for BIOS: [`grub::GPT_PREFIX`] or [`grub::MBR_PREFIX`].
    pub grub_prefix: &'a str,
}

/// What making boot files is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootProgress {
    /// These files are not in the cache and are being made; takes seconds.
    Making(String),
}

/// Content of a file: in the cache, or small enough to carry along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// In this file, whose hash was checked.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// One file for the stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootFile {
    /// Path on the stick without a leading slash.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// Size in bytes.
    pub size: u64,
    /// Hash of the content.
    pub sha256: Sha256Digest,
    /// The package and version it is taken from or made of, in words.
    pub origin: String,
    /// The same as the bill of materials refers to it.
    pub made_of: Vec<String>,
}

/// Everything a PC starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootFiles {
    /// The files, in the order they should lie on the stick: what old BIOSes read comes first.
    pub files: Vec<BootFile>,
    /// The code in the first sectors; only for BIOS.
    pub code: Option<BootCode>,
    /// The kernels in short, for example `6.12 amd64`.
    pub kernels: Vec<String>,
    /// Modules that were wanted and that a kernel does not have: kernel in short, module.
    pub absent_modules: Vec<(String, String)>,
    /// The packages that files are made of, by name.
    pub packages: Vec<CarriedPackage>,
    /// The program `mend`.
    pub mend: Option<MendNote>,
}

/// Returns all boot files, made now or taken from the cache.
pub fn boot_files(
    parts: &Parts,
    settings: &BootSettings<'_>,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<BootFiles, BootError> {
    let firmware = settings.firmware;
    if firmware.is_empty() {
        return Err(BootError::NoFirmware);
    }
    let for_bios = firmware.contains(&Firmware::Bios);
    let mend = read_mend_file(settings.mend)?;
    let mut kernels = Vec::new();
    let mut absent_modules = Vec::new();
    let mut kernel_files = Vec::new();
    let mut module_files = Vec::new();
    let mut later_files = Vec::new();
    for kernel in KERNELS
        .iter()
        .filter(|kernel| for_bios || !kernel.only_bios)
    {
        let part = parts.find(&kernel.part)?;
        let derived = derive_kernel(part, kernel, settings.cache, progress)?;
        let note = |name: &str| derived.notes.get(name).cloned().unwrap_or_default();
        let short = kernel::short_name(&note(kernel::RELEASE));
        for module in note(kernel::ABSENT).split_whitespace() {
            absent_modules.push((short.clone(), module.to_owned()));
        }
        kernels.push(short);
        kernel_files.push(derived_file(
            &derived,
            &kernel.image_name(),
            "boot",
            &part.origin(),
            &[part],
        )?);
        let origin = format!("modules of {}", part.origin());
        module_files.push(derived_file(
            &derived,
            &kernel.modules_name(),
            "boot",
            &origin,
            &[part],
        )?);
        later_files.push(derived_file(
            &derived,
            &kernel.later_name(),
            "boot",
            &origin,
            &[part],
        )?);
    }
    let mut files = kernel_files;
    files.push(user_file(settings, mend.sha256, progress)?);
    files.extend(module_files);
    files.push(key_file(settings.public_key)?);
    files.push(programs_file(parts, settings, progress)?);
    files.extend(later_files);
    let menu = menu_text(settings.menu)?.into_bytes();
    let [menu_for_bios, menu_for_uefi] = MENUS;
    let mut code = None;
    if for_bios {
        files.push(made_file(menu_for_bios, menu.clone())?);
        let placed = derive_code(parts, settings, progress)?;
        let part = parts.find(&GRUB_BIOS)?;
        for (path, bytes) in [
            (grub::BOOT_SECTOR_COPY, placed.mbr.to_vec()),
            (grub::CORE_IMAGE_COPY, placed.core.clone()),
        ] {
            files.push(BootFile {
                origin: format!("made of {}", part.origin()),
                made_of: vec![part.reference()],
                ..made_file(path, bytes)?
            });
        }
        code = Some(placed);
    }
    if firmware.iter().any(|firmware| *firmware != Firmware::Bios) {
        files.push(made_file(menu_for_uefi, menu)?);
    }
    for one in firmware {
        files.extend(efi_files(parts, *one, settings.cache, progress)?);
    }
    let packages = carried_packages(parts, &files, settings.cache, progress)?;
    let licences = licences_text(&packages, Some(&mend));
    files.push(made_file(paths::LICENCES, licences.into_bytes())?);
    Ok(BootFiles {
        files,
        code,
        kernels,
        absent_modules,
        packages,
        mend: Some(mend),
    })
}

fn derive_kernel(
    part: &Part,
    kernel: &Kernel,
    cache: &Path,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<Derived, BootError> {
    let origin = Origin {
        what: "kernel",
        inputs: vec![part.locked.sha256],
        parameters: vec![kernel.bits.to_owned(), kernel::wanted_modules()],
    };
    derive(cache, &origin, || {
        progress(BootProgress::Making(part.origin()));
        kernel::make(part.checked_path()?, kernel)
    })
}

/// Returns `mend` as the first program of both kernels.
fn user_file(
    settings: &BootSettings<'_>,
    mend: Sha256Digest,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<BootFile, BootError> {
    let origin = Origin {
        what: "user land",
        inputs: vec![mend],
        parameters: Vec::new(),
    };
    let name = "user.cpio.xz";
    let derived = derive(settings.cache, &origin, || {
        progress(BootProgress::Making("mend".to_owned()));
        let archive = make_user_archive(settings.mend)?;
        Ok::<_, BootError>(Made {
            files: [(name.to_owned(), archive)].into(),
            notes: BTreeMap::new(),
        })
    })?;
    let mut file = derived_file(&derived, name, "boot", "mend", &[])?;
    file.made_of.push(bom::MEND.to_owned());
    Ok(file)
}

fn make_user_archive(mend: &Path) -> Result<Vec<u8>, BootError> {
    let program = fs_err::read(mend)?;
    let linkage = read_linkage(&mend.display().to_string(), &program)?;
    if let Some(needed) = linkage.interpreter.or(linkage.needed.first().cloned()) {
        return Err(BootError::MendLinkage {
            path: mend.to_owned(),
            needed,
        });
    }
    let mut entries: Entries = [("init".to_owned(), Entry::Program(program))].into();
    for folder in EMPTY_FOLDERS {
        entries.insert((*folder).to_owned(), Entry::Folder);
    }
    Ok(initramfs::compress_programs(&initramfs::archive(
        &entries,
    )?)?)
}

/// Returns the programs that `mend` starts, the same for both kernels.
fn programs_file(
    parts: &Parts,
    settings: &BootSettings<'_>,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<BootFile, BootError> {
    let packages = [
        parts.find(&NTFS_3G)?,
        parts.find(&LIBNTFS_3G)?,
        parts.find(&LIBC)?,
    ];
    let origin = Origin {
        what: "programs",
        inputs: packages.iter().map(|part| part.locked.sha256).collect(),
        parameters: Vec::new(),
    };
    let name = "programs.cpio.gz";
    let derived = derive(settings.cache, &origin, || {
        progress(BootProgress::Making("ntfs-3g".to_owned()));
        let archive = make_programs_archive(&packages)?;
        Ok::<_, BootError>(Made {
            files: [(name.to_owned(), archive)].into(),
            notes: BTreeMap::new(),
        })
    })?;
    let origins: Vec<String> = packages.iter().map(|part| part.origin()).collect();
    derived_file(&derived, name, "boot", &origins.join(", "), &packages)
}

fn make_programs_archive(packages: &[&Part]) -> Result<Vec<u8>, BootError> {
    let is_chosen = |path: &str| {
        path == NTFS_3G_IN_PACKAGE || path.starts_with("lib/") || path.starts_with("usr/lib/")
    };
    let mut packed = PackedFiles::new();
    for part in packages {
        packed.extend(read_chosen(part.checked_path()?, is_chosen)?);
    }
    let libraries = libraries::close_over(NTFS_3G_IN_PACKAGE, &packed)?;
    let driver = match packages.first() {
        Some(part) => take_file(&mut packed, part.checked_path()?, NTFS_3G_IN_PACKAGE)?,
        None => Vec::new(),
    };
    let mut entries: Entries = libraries
        .into_iter()
        .map(|(path, content)| (path, Entry::Program(content)))
        .collect();
    entries.insert(NTFS_3G_IN_INITRAMFS.to_owned(), Entry::Program(driver));
    Ok(initramfs::gzip(&initramfs::archive(&entries)?)?)
}

/// Returns the BIOS boot code for this stick, from cached code that does not know its place.
fn derive_code(
    parts: &Parts,
    settings: &BootSettings<'_>,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<BootCode, BootError> {
    let part = parts.find(&GRUB_BIOS)?;
    let origin = Origin {
        what: "GRUB for BIOS",
        inputs: vec![part.locked.sha256],
        parameters: vec![
            settings.grub_prefix.to_owned(),
            grub::payload::module_names(),
        ],
    };
    let derived = derive(settings.cache, &origin, || {
        progress(BootProgress::Making(part.origin()));
        let code = grub::make_images(part.checked_path()?, settings.grub_prefix)?;
        Ok::<_, BootError>(Made {
            files: [
                ("boot.img".to_owned(), code.mbr.to_vec()),
                ("core.img".to_owned(), code.core),
            ]
            .into(),
            notes: BTreeMap::new(),
        })
    })?;
    let read = |name: &str| match derived.files.get(name) {
        Some(file) => fs_err::read(&file.path),
        None => Err(io::Error::other(format!("the cache holds no {name}"))),
    };
    let mbr = read("boot.img")?;
    let mbr = mbr.try_into().map_err(|bytes: Vec<u8>| {
        io::Error::other(format!("boot.img has {} bytes, expected 440", bytes.len()))
    })?;
    let mut code = BootCode {
        mbr,
        core: read("core.img")?,
    };
    grub::place(&mut code, settings.core_lba)?;
    Ok(code)
}

fn derived_file(
    derived: &Derived,
    name: &str,
    folder: &str,
    origin: &str,
    made_of: &[&Part],
) -> Result<BootFile, BootError> {
    let file = derived
        .files
        .get(name)
        .ok_or_else(|| io::Error::other(format!("the cache holds no {name}")))?;
    Ok(BootFile {
        path: format!("{folder}/{name}"),
        content: Content::File(file.path.clone()),
        size: file.size,
        sha256: file.sha256,
        origin: origin.to_owned(),
        made_of: made_of.iter().map(|part| part.reference()).collect(),
    })
}

fn made_file(path: &str, bytes: Vec<u8>) -> Result<BootFile, BootError> {
    Ok(BootFile {
        path: path.to_owned(),
        size: u64::try_from(bytes.len()).map_err(io::Error::other)?,
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: MADE_BY_MENDKIT.to_owned(),
        made_of: Vec::new(),
    })
}
