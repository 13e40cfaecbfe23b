//! From the inputs to the contents of an image: every file with its path, then the manifest over them,
//! then the signature over the manifest. Nothing is written here.
//!
//! The GUIDs and serial numbers of an image follow from its files. The menus name the volume by its
//! serial number, so they are digested without it and told it afterwards.

use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::Job;
use rescue_stick::manifest::Manifest;
use rescue_stick::signature::PublicKey;
use rescue_stick::{head, identity, journal, paths};

use crate::bom::{Bom, BomInputs};
use crate::boot::menu::{self, MENUS};
use crate::boot::{BootFile, BootFiles, Content as BootContent};
use crate::disk::identity::DiskIdentity;
use crate::disk::layout::Layout;
use crate::fat32::timestamp::{FatTimestamp, TimestampError};
use crate::hashed_file::HashedFile;
use crate::inputs::{Inputs, PackageInput};
use crate::lba::ByteSize;
use crate::plan::{BootCode, Content, ImageContents, ImageFile, ReservedFile};
use crate::recipe::parse_date;
use crate::signing::SigningKey;

/// Room that is always left for reports, of which each takes some 25 kB. No more: on volumes of 128 to 384 MiB
/// Debian's signed GRUB reads 10 MB more (ARCHITECTURE.md, section 5), and few definitions should not lead there.
const REPORT_SPACE: ByteSize = ByteSize(20 << 20);

/// Size of the journal. It holds the blocks of a repair that were in use before, twice; forty replaced
/// files take about 1 MB of them, so this keeps the repairs of several PCs.
const JOURNAL_SIZE: ByteSize = ByteSize(32 << 20);

/// What an overlay needs beyond the unpacked definitions: restored files, folders, the file system's
/// own tables.
const SCRATCH_MARGIN: u64 = 32 << 20;

/// What an image is put together from, be it found by a recipe or on another image.
#[derive(Clone, Debug)]
pub struct Ingredients {
    /// What the stick is to do.
    pub job: Job,
    /// What a PC starts from, in the order in which it lies on the stick; in the menus the stick has no
    /// name yet.
    pub boot: Vec<ImageFile>,
    /// What a BIOS starts.
    pub boot_code: BootCode,
    /// Which tables say where the volume lies.
    pub layout: Layout,
    /// What the boot files are made of; nothing for an image of before there were bills of materials.
    pub bom: Option<Bom>,
    /// Remedies, in the order of the job.
    pub remedies: Vec<ImageFile>,
    /// Packages of definitions, sorted by the name that remedies use.
    pub packages: Vec<ImageFile>,
    /// Known good files, in the order of the job.
    pub files: Vec<ImageFile>,
    /// Recovery keys of the site, under its passphrase.
    pub bundle: Option<ImageFile>,
}

/// An image's contents with what the summary says of them.
#[derive(Debug)]
pub struct Assembled {
    /// What the image is to hold.
    pub contents: ImageContents,
    /// Files in the manifest.
    pub manifest_files: usize,
}

impl Ingredients {
    /// Puts together what the recipe led to.
    pub fn from_inputs(inputs: &Inputs, boot: BootFiles, layout: Layout) -> Self {
        let bom = Bom::of_boot_files(&boot);
        let boot_code = match boot.code {
            Some(code) => BootCode {
                mbr: code.mbr,
                core: code.core,
            },
            // Firmware other than a BIOS never looks here.
            None => BootCode {
                mbr: [0; 440],
                core: Vec::new(),
            },
        };
        let remedies = inputs.remedies.iter().map(|input| {
            let path = format!("{}/{}.toml", paths::REMEDIES, input.remedy.id);
            // Without the folder, as with the other inputs.
            let name = Path::new(&input.origin).file_name().unwrap_or_default();
            let origin = format!("remedy, {}", name.to_string_lossy());
            ImageFile {
                origin,
                ..made(&path, input.text.clone())
            }
        });
        let packages = inputs.packages.iter().map(|input| {
            let set = inputs.job.definitions.get(&input.name);
            package_file(
                set.map(|set| set.package.clone()).unwrap_or_default(),
                input,
            )
        });
        let files = inputs.job.files.iter().zip(&inputs.files);
        Self {
            job: inputs.job.clone(),
            boot: boot.files.into_iter().map(from_boot).collect(),
            boot_code,
            layout,
            bom: Some(bom),
            remedies: remedies.collect(),
            packages: packages.collect(),
            files: files
                .map(|(kit, file)| carried(kit.path.clone(), file))
                .collect(),
            bundle: inputs
                .bundle
                .as_ref()
                .map(|file| carried(paths::KEY_BUNDLE.to_owned(), file)),
        }
    }

    /// Returns the files that are signed under `key`, in the order in which they lie on the stick.
    fn signed_files(&self, key: &PublicKey) -> Vec<ImageFile> {
        let mut files = self.boot.clone();
        files.push(made(paths::JOB, self.job.to_text()));
        files.push(made(paths::PUBLIC_KEY, key.to_file()));
        if let Some(bom) = &self.bom {
            let inputs = BomInputs {
                job: &self.job,
                files: [
                    &self.remedies,
                    &self.packages,
                    &self.files,
                    self.bundle.as_slice(),
                ],
            };
            files.push(made(paths::BOM, bom.to_text(&inputs)));
        }
        for group in [&self.remedies, &self.packages, &self.files] {
            files.extend_from_slice(group);
        }
        files.extend(self.bundle.clone());
        files
    }

    /// Derives what must differ between images and not between builds of one: GUIDs and serial numbers.
    /// `key` is the public key that lies on the image.
    pub fn identity(&self, key: &PublicKey) -> DiskIdentity {
        let text = manifest_of(&self.signed_files(key)).to_text();
        DiskIdentity::derive(Sha256Digest::of(text.as_bytes()), self.layout)
    }
}

/// Puts everything together and signs it. Only a date that FAT does not know can be in the way.
pub fn assemble(ingredients: &Ingredients, key: &SigningKey) -> Result<Assembled, TimestampError> {
    let job = &ingredients.job;
    let days = parse_date(&job.date).unwrap_or_default();
    let timestamp = FatTimestamp::from_unix_seconds(days.saturating_mul(86_400))?;
    let identity = ingredients.identity(key.public());
    let mut files = ingredients.signed_files(key.public());
    for file in files
        .iter_mut()
        .filter(|file| MENUS.contains(&file.path.as_str()))
    {
        name_stick(file, identity.volume_serial);
    }
    let manifest = manifest_of(&files);
    let manifest_files = manifest.entries().len();
    let manifest = manifest.to_text();
    let comment = format!("mendkit {} {}", job.date, job.title);
    let signature = key.sign(manifest.as_bytes(), &comment);
    files.push(made(paths::MANIFEST, manifest));
    files.push(made(paths::MANIFEST_SIGNATURE, signature));
    let unpacked: u64 = job
        .definitions
        .values()
        .map(|set| set.unpacked_size())
        .sum();
    let contents = ImageContents {
        files,
        reserved: vec![
            reserved_identity(),
            reserved_head(),
            ReservedFile {
                path: paths::JOURNAL.into(),
                size: JOURNAL_SIZE,
                head: journal::empty_head(*identity.disk_guid.as_bytes()),
                purpose: "undo and redo blocks of repairs".into(),
            },
            ReservedFile {
                path: paths::SCRATCH.into(),
                size: whole_mebibytes(unpacked.saturating_add(SCRATCH_MARGIN)),
                head: Vec::new(),
                purpose: "room for a repair that does not fit in memory".into(),
            },
        ],
        folders: vec![paths::REPORTS.into()],
        report_space: REPORT_SPACE,
        boot_code: ingredients.boot_code.clone(),
        identity,
        timestamp,
    };
    Ok(Assembled {
        contents,
        manifest_files,
    })
}

fn manifest_of(files: &[ImageFile]) -> Manifest {
    let mut manifest = Manifest::default();
    for file in files {
        manifest.insert(file.path.clone(), file.sha256);
    }
    manifest
}

/// Tells a menu the name of the stick. Menus are made in memory; any other file is left as it is.
fn name_stick(file: &mut ImageFile, serial: u32) {
    if let Content::Bytes(bytes) = &file.content {
        let text = String::from_utf8_lossy(bytes);
        let origin = std::mem::take(&mut file.origin);
        *file = ImageFile {
            origin,
            ..made(&file.path, menu::name_stick(&text, serial))
        };
    }
}

fn reserved_identity() -> ReservedFile {
    let head = identity::blank_file();
    ReservedFile {
        path: paths::IDENTITY.into(),
        size: ByteSize(u64::try_from(head.len()).unwrap_or(u64::MAX)),
        head,
        purpose: "who this stick is".into(),
    }
}

fn reserved_head() -> ReservedFile {
    let head = head::blank_file();
    ReservedFile {
        path: paths::HEAD.into(),
        size: ByteSize(u64::try_from(head.len()).unwrap_or(u64::MAX)),
        head,
        purpose: "how far its reports go".into(),
    }
}

/// Returns a boot file as the image takes it.
pub(crate) fn from_boot(file: BootFile) -> ImageFile {
    let content = match file.content {
        BootContent::File(path) => Content::File(path),
        BootContent::Bytes(bytes) => Content::Bytes(bytes),
    };
    let (path, size, sha256, origin) = (file.path, ByteSize(file.size), file.sha256, file.origin);
    ImageFile {
        path,
        content,
        size,
        sha256,
        origin,
    }
}

/// Returns a small file that is made here.
pub(crate) fn made(path: &str, text: String) -> ImageFile {
    let bytes = text.into_bytes();
    ImageFile {
        path: path.to_owned(),
        size: ByteSize(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: "made by mendkit".to_owned(),
    }
}

/// Returns a file that is carried as it is.
pub(crate) fn carried(path: String, file: &HashedFile) -> ImageFile {
    // The plan is part of no image, but two people who compare plans must not differ by their folders.
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    ImageFile {
        path,
        content: Content::File(file.path.clone()),
        size: ByteSize(file.size),
        sha256: file.sha256,
        origin: format!("input, {name}"),
    }
}

/// Returns a package of definitions: the vendor's file as it is, or what is carried in its place.
pub(crate) fn package_file(path: String, input: &PackageInput) -> ImageFile {
    let vendors = carried(path, &input.file);
    match &input.repacked {
        Some(bytes) => ImageFile {
            size: ByteSize(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            sha256: Sha256Digest::of(bytes),
            content: Content::Bytes(bytes.clone()),
            origin: format!("{}, packed anew", vendors.origin),
            ..vendors
        },
        None => vendors,
    }
}

fn whole_mebibytes(bytes: u64) -> ByteSize {
    const MEBIBYTE: u64 = 1 << 20;
    ByteSize(bytes.div_ceil(MEBIBYTE).saturating_mul(MEBIBYTE))
}
