//! Small signed images that need no boot parts: nothing starts from them, but `mendkit` finds them good.

use std::path::Path;

use anyhow::Result;
use mendkit::boot::grub::{BOOT_SECTOR_COPY, CORE_IMAGE_COPY};
use mendkit::boot::key::KEY_ARCHIVE;
use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::Layout;
use mendkit::fat32::timestamp::FatTimestamp;
use mendkit::image::create_image_file;
use mendkit::lba::ByteSize;
use mendkit::plan::{BootCode, Content, ImageContents, ImageFile, ReservedFile, plan_image};
use minisign::KeyPair;
use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::{Finish, JOB_SCHEMA, Job, Mode};
use rescue_stick::manifest::Manifest;
use rescue_stick::signature::PublicKey;
use rescue_stick::{head, identity, journal, paths};

use crate::random::random_bytes;

/// Where the package of definitions lies.
const PACKAGE: &str = "mendkit/definitions/mcafee-dat/avvdat.zip";

/// What a small image is to hold.
#[derive(Clone, Debug)]
pub struct SmallImage {
    /// Its title, from which its identities follow too.
    pub title: String,
    /// Its date.
    pub date: String,
    /// Version of the definitions.
    pub version: String,
    /// The package of definitions.
    pub package: Vec<u8>,
    /// Other content that is signed, before the package.
    pub content: Vec<u8>,
    /// Free space.
    pub report_space: ByteSize,
    /// Length of the scratch area.
    pub scratch: ByteSize,
}

impl SmallImage {
    /// Returns one with about `size` bytes of content that follow from `seed`.
    pub fn of(seed: &str, size: usize) -> Self {
        Self {
            title: seed.to_owned(),
            date: "2010-04-22".to_owned(),
            version: "5959.0000".to_owned(),
            package: random_bytes("package", 1000),
            content: random_bytes(seed, size),
            report_space: ByteSize(1 << 20),
            scratch: ByteSize(1 << 20),
        }
    }
}

/// Returns a new pair of keys.
pub fn new_keys() -> Result<KeyPair> {
    Ok(KeyPair::generate_unencrypted_keypair()?)
}

/// Returns a public key as our programs read it.
pub fn public_key(pair: &KeyPair) -> Result<PublicKey> {
    Ok(PublicKey::parse(&pair.pk.to_base64())?)
}

/// Makes an image at `path` with about `size` bytes of content that follow from `seed`, signed by a new key.
pub fn make_small_image(path: &Path, seed: &str, size: usize) -> Result<()> {
    make_signed_image(path, &new_keys()?, &SmallImage::of(seed, size))
}

/// Makes an image at `path`.
pub fn make_signed_image(path: &Path, pair: &KeyPair, image: &SmallImage) -> Result<()> {
    let key = public_key(pair)?;
    let boot_code = boot_code(&image.title);
    let mut files = vec![
        file(paths::PUBLIC_KEY, key.to_file().into_bytes()),
        file(KEY_ARCHIVE, archive(key.to_file().as_bytes())?),
        file(BOOT_SECTOR_COPY, boot_code.mbr.to_vec()),
        file(CORE_IMAGE_COPY, boot_code.core.clone()),
        file(paths::JOB, job(image)?),
        file("mendkit/content.bin", image.content.clone()),
        file(PACKAGE, image.package.clone()),
    ];
    let mut manifest = Manifest::default();
    for file in &files {
        manifest.insert(file.path.clone(), file.sha256);
    }
    let text = manifest.to_text();
    let signature = minisign::sign(None, &pair.sk, text.as_bytes(), None, None)?;
    files.push(file(paths::MANIFEST, text.into_bytes()));
    files.push(file(
        paths::MANIFEST_SIGNATURE,
        signature.to_string().into_bytes(),
    ));
    let own = DiskIdentity::derive(Sha256Digest::of(image.title.as_bytes()), Layout::Hybrid);
    let contents = ImageContents {
        files,
        reserved: reserved(image, &own),
        folders: vec![paths::REPORTS.to_owned()],
        report_space: image.report_space,
        boot_code,
        identity: own,
        timestamp: FatTimestamp::from_unix_seconds(1_271_930_645)?,
    };
    create_image_file(path, &plan_image(contents)?, &mut |_| ())?;
    Ok(())
}

fn reserved(image: &SmallImage, own: &DiskIdentity) -> Vec<ReservedFile> {
    let area = |path: &str, size, head| ReservedFile {
        path: path.to_owned(),
        size,
        head,
        purpose: "work area".to_owned(),
    };
    vec![
        area(paths::IDENTITY, ByteSize(4096), identity::blank_file()),
        area(paths::HEAD, ByteSize(16384), head::blank_file()),
        area(
            paths::JOURNAL,
            ByteSize(1 << 20),
            journal::empty_head(*own.disk_guid.as_bytes()),
        ),
        area(paths::SCRATCH, image.scratch, Vec::new()),
    ]
}

fn file(path: &str, bytes: Vec<u8>) -> ImageFile {
    ImageFile {
        path: path.to_owned(),
        size: ByteSize(u64::try_from(bytes.len()).unwrap_or_default()),
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: "test".to_owned(),
    }
}

fn job(image: &SmallImage) -> Result<Vec<u8>> {
    let set = DefinitionsSet {
        version: image.version.clone(),
        package: PACKAGE.to_owned(),
        members: vec![DefinitionsMember {
            name: "avvscan.dat".to_owned(),
            size: u64::try_from(image.package.len())?,
            sha256: Sha256Digest::of(&image.package),
        }],
    };
    let job = Job {
        schema: JOB_SCHEMA,
        title: image.title.clone(),
        date: image.date.clone(),
        mode: Mode::Confirm,
        finish: Finish::Ask,
        languages: vec!["fr".to_owned(), "en".to_owned()],
        remedies: Vec::new(),
        definitions: [("mcafee-dat".to_owned(), set)].into(),
        files: Vec::new(),
        visit: rescue_stick::report::VisitFacts::default(),
        ask_visit: false,
    };
    Ok(serde_json::to_vec(&job)?)
}

/// Returns boot code with the sector numbers that tie its parts together.
fn boot_code(seed: &str) -> BootCode {
    let mut mbr = [0x90; 440];
    mbr[..2].copy_from_slice(&[0xeb, 0x63]);
    mbr[0x5c..0x64].copy_from_slice(&34_u64.to_le_bytes());
    let mut core = random_bytes(seed, 40 * 512);
    core[0x1f4..0x1fc].copy_from_slice(&35_u64.to_le_bytes());
    core[0x1fc..0x1fe].copy_from_slice(&39_u16.to_le_bytes());
    BootCode { mbr, core }
}

/// Returns a newc archive with the key. Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
fn archive(key: &[u8]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (name, mode, content) in [("mendkit.pub", 0o100_644, key), ("TRAILER!!!", 0, &[][..])] {
        let size = content.len();
        let name_size = name.len() + 1;
        let links = 1;
        let head = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{links:08x}{:08x}{size:08x}{:08x}{:08x}{:08x}{:08x}{name_size:08x}{:08x}",
            0, 0, 0, 0, 0, 0, 0, 0, 0
        );
        archive.extend_from_slice(head.as_bytes());
        archive.extend_from_slice(name.as_bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    Ok(archive)
}
