//! Contents of images for the tests: small, fixed, and with every kind of name.

use std::io::Cursor;

use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::Layout;
use mendkit::fat32::timestamp::FatTimestamp;
use mendkit::image::{Progress, Written, write_image};
use mendkit::lba::ByteSize;
use mendkit::plan::{
    BootCode, Content, ImageContents, ImageFile, ImagePlan, ReservedFile, plan_image,
};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths;

/// 22 April 2010, 10:04:04.
const RELEASED: i64 = 1_271_930_645;

/// Returns a file of the image with these bytes.
pub(crate) fn file(path: &str, bytes: impl Into<Vec<u8>>) -> ImageFile {
    let bytes = bytes.into();
    ImageFile {
        path: path.to_owned(),
        size: ByteSize(bytes.len().try_into().unwrap()),
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: "test".to_owned(),
    }
}

/// Returns `length` bytes that do not repeat in step with sectors.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..=250u8).cycle().take(length).collect()
}

/// Returns boot code with the two sector numbers that tie GRUB's parts together.
pub(crate) fn boot_code() -> BootCode {
    let mut mbr = [0x90; 440];
    mbr[..2].copy_from_slice(&[0xeb, 0x63]);
    mbr[0x5c..0x64].copy_from_slice(&34u64.to_le_bytes());
    let mut core = bytes(40 * 512 - 100);
    core[0x1f4..0x1fc].copy_from_slice(&35u64.to_le_bytes());
    core[0x1fc..0x1fe].copy_from_slice(&39u16.to_le_bytes());
    BootCode { mbr, core }
}

/// Returns contents with these files and a journal.
pub(crate) fn contents(files: Vec<ImageFile>) -> ImageContents {
    ImageContents {
        files,
        reserved: vec![ReservedFile {
            path: paths::JOURNAL.to_owned(),
            size: ByteSize(100_000),
            head: b"mendkit journal".to_vec(),
            purpose: "journal".to_owned(),
        }],
        folders: vec![paths::REPORTS.to_owned()],
        report_space: ByteSize(1 << 20),
        boot_code: boot_code(),
        identity: DiskIdentity::derive(Sha256Digest::of(b"test"), Layout::Hybrid),
        timestamp: FatTimestamp::from_unix_seconds(RELEASED).unwrap(),
    }
}

/// Returns files with names of every kind and sizes around those of sectors and clusters.
pub(crate) fn varied_files() -> Vec<ImageFile> {
    let mut files = vec![
        file("boot/vmlinuz64", bytes(300_001)),
        file("EFI/BOOT/BOOTX64.EFI", bytes(4096)),
        file("EFI/BOOT/grubx64.efi", bytes(1)),
        file("EFI/debian/grub.cfg", bytes(511)),
        file("UPPER.TXT", bytes(512)),
        file("mendkit/files/été à Genève — “naïve”.txt", bytes(513)),
        file("mendkit/files/日本語のファイル名.dat", bytes(1023)),
        file("mendkit/files/emoji 🦀 crab", bytes(1024)),
        file("mendkit/files/empty", []),
        file("mendkit/files/EMPTY2.BIN", []),
        file("a/b/c/d/e/f/g/deep file name.txt", bytes(7)),
        file("exactly thirteen/13 units long", bytes(5)),
        file("exactly thirteen/1234567890123", bytes(5)),
        file("exactly thirteen/12345678901234567890123456", bytes(5)),
    ];
    let long = "n".repeat(255);
    files.push(file(&format!("long/{long}"), bytes(3)));
    for number in 0..40 {
        let path = format!("collide/Definition file {number}.dat");
        files.push(file(&path, bytes(number)));
    }
    files
}

/// Writes the image into memory that was full of 0xD1 before.
pub(crate) fn written(plan: &ImagePlan) -> (Vec<u8>, Written) {
    let size = usize::try_from(plan.size().0).unwrap();
    written_over(vec![0xd1; size], plan)
}

/// Writes the image over these bytes.
pub(crate) fn written_over(before: Vec<u8>, plan: &ImagePlan) -> (Vec<u8>, Written) {
    let mut output = Cursor::new(before);
    let mut last = Progress {
        written: ByteSize(0),
        total: ByteSize(0),
    };
    let written = write_image(plan, &mut output, &mut |progress| last = progress).unwrap();
    assert_eq!(last.written, plan.bytes_to_write());
    assert_eq!(last.total, plan.bytes_to_write());
    (output.into_inner(), written)
}

/// Returns an image of these contents.
pub(crate) fn image(contents: ImageContents) -> Vec<u8> {
    written(&plan_image(contents).unwrap()).0
}
