//! From the inputs to the contents of an image: every file with its path, then the manifest over them,
//! then the signature over the manifest. Nothing is written here.

use rescue_stick::digest::Sha256Digest;
use rescue_stick::journal;
use rescue_stick::manifest::Manifest;
use rescue_stick::paths;

use crate::boot::{BootFile, BootFiles, Content as BootContent};
use crate::disk::identity::DiskIdentity;
use crate::fat32::timestamp::FatTimestamp;
use crate::hashed_file::HashedFile;
use crate::inputs::Inputs;
use crate::lba::ByteSize;
use crate::plan::{BootCode, Content, ImageContents, ImageFile, ReservedFile};
use crate::signing::{SigningError, SigningKey};

/// Room that is always left for reports.
const REPORT_SPACE: ByteSize = ByteSize(32 << 20);

/// Size of the journal. It holds the blocks of a repair that were in use before, twice; forty replaced
/// files take about 1 MB of them, so this keeps the repairs of several PCs.
const JOURNAL_SIZE: ByteSize = ByteSize(32 << 20);

/// What an overlay needs beyond the unpacked definitions: restored files, folders, the file system's
/// own tables.
const SCRATCH_MARGIN: u64 = 32 << 20;

/// An image's contents with what the summary says of them.
#[derive(Debug)]
pub struct Assembled {
    /// What the image is to hold.
    pub contents: ImageContents,
    /// Files in the manifest.
    pub manifest_files: usize,
}

/// Derives what must differ between images and not between builds of one: GUIDs and serial numbers.
/// `boot` describes everything that goes into the boot files, as text.
pub fn derive_identity(inputs: &Inputs, boot: &str, key: &SigningKey) -> DiskIdentity {
    let mut text = format!(
        "{}\n{boot}\n{}\n",
        inputs.job.to_text(),
        key.public().base64()
    );
    for remedy in &inputs.remedies {
        text.push_str(&remedy.text);
    }
    for package in &inputs.packages {
        text.push_str(&format!("{}\n", package.file.sha256));
    }
    DiskIdentity::derive(Sha256Digest::of(text.as_bytes()))
}

/// Puts everything together and signs it.
pub fn assemble(
    inputs: &Inputs,
    boot: BootFiles,
    identity: DiskIdentity,
    timestamp: FatTimestamp,
    key: &SigningKey,
) -> Result<Assembled, SigningError> {
    let mut files: Vec<ImageFile> = boot.files.into_iter().map(from_boot).collect();
    files.push(made(paths::JOB, inputs.job.to_text()));
    files.push(made(paths::PUBLIC_KEY, key.public().to_file()));
    for input in &inputs.remedies {
        let path = format!("{}/{}.toml", paths::REMEDIES, input.remedy.id);
        let origin = format!("remedy, {}", input.origin);
        files.push(ImageFile {
            origin,
            ..made(&path, input.text.clone())
        });
    }
    for input in &inputs.packages {
        let set = inputs.job.definitions.get(&input.name);
        let path = set.map(|set| set.package.clone()).unwrap_or_default();
        files.push(carried(path, &input.file));
    }
    for (kit, file) in inputs.job.files.iter().zip(&inputs.files) {
        files.push(carried(kit.path.clone(), file));
    }
    let mut manifest = Manifest::default();
    for file in &files {
        manifest.insert(file.path.clone(), file.sha256);
    }
    let manifest_files = manifest.entries().len();
    let manifest = manifest.to_text();
    let comment = format!("mendkit {} {}", inputs.job.date, inputs.job.title);
    let signature = key.sign(manifest.as_bytes(), &comment)?;
    files.push(made(paths::MANIFEST, manifest));
    files.push(made(paths::MANIFEST_SIGNATURE, signature));
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
    let unpacked: u64 = inputs
        .job
        .definitions
        .values()
        .map(|set| set.unpacked_size())
        .sum();
    let contents = ImageContents {
        files,
        reserved: vec![
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
        boot_code,
        identity,
        timestamp,
    };
    Ok(Assembled {
        contents,
        manifest_files,
    })
}

fn from_boot(file: BootFile) -> ImageFile {
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

fn made(path: &str, text: String) -> ImageFile {
    let bytes = text.into_bytes();
    ImageFile {
        path: path.to_owned(),
        size: ByteSize(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: "made by mendkit".to_owned(),
    }
}

fn carried(path: String, file: &HashedFile) -> ImageFile {
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

fn whole_mebibytes(bytes: u64) -> ByteSize {
    const MEBIBYTE: u64 = 1 << 20;
    ByteSize(bytes.div_ceil(MEBIBYTE).saturating_mul(MEBIBYTE))
}
