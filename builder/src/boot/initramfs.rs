//! Initramfs archives: what the kernel unpacks into memory before it starts `/init`.
//!
//! ```text
//! user.cpio.xz      /init (mend), empty folders                           for both kernels
//! modulesN.cpio.xz  /lib/modules/…, lists: sticks, disks, keyboards       one a kernel
//! key.cpio          /mendkit.pub, /mendkit.marker                         not compressed
//!
//! programs.cpio.gz  /usr/bin/ntfs-3g and its libraries                    for both kernels
//! laterN.cpio.gz    /lib/modules/…, lists: all the other modules          one a kernel
//! ```
//!
//! The last two are for `mend`, which unpacks them once it has found the stick: firmware reads at a megabyte a
//! second or less, Linux as fast as the stick can; gzip, since `mend` has it for definitions anyway. GRUB hands
//! over the others one behind the other. The kernel unpacks each in turn; an archive that is not
//! compressed must begin at a multiple of four bytes, so every archive is padded to that.
//! Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst and init/initramfs.c.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cpio::newc;
use flate2::{Compression, GzBuilder};
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use liblzma::write::XzEncoder;

/// What lies at one path of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A folder, mode 0755.
    Folder,
    /// A file that can be run, mode 0755.
    Program(Vec<u8>),
    /// Any other file, mode 0644.
    File(Vec<u8>),
}

/// An archive: paths without a leading slash. Folders above a path need not be named.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Returns the archive of `entries`, padded to four bytes. The same entries give the same bytes: sorted,
/// owned by root, without times, inodes counted from 1.
pub(super) fn archive(entries: &Entries) -> io::Result<Vec<u8>> {
    let mut all: BTreeMap<&str, &Entry> = BTreeMap::new();
    for (path, entry) in entries {
        check_path(path)?;
        for (end, _) in path.match_indices('/') {
            if let Some(folder) = path.get(..end) {
                all.entry(folder).or_insert(&Entry::Folder);
            }
        }
        all.insert(path, entry);
    }
    let mut bytes = Vec::new();
    for (inode, (path, entry)) in (1..).zip(all) {
        let (mode, content): (u32, &[u8]) = match entry {
            Entry::Folder => (0o040_755, &[]),
            Entry::Program(content) => (0o100_755, content),
            Entry::File(content) => (0o100_644, content),
        };
        let size = u32::try_from(content.len())
            .map_err(|_| io::Error::other(format!("{path}: has 4 GiB or more")))?;
        let links = if *entry == Entry::Folder { 2 } else { 1 };
        let builder = newc::Builder::new(path).ino(inode).mode(mode).nlink(links);
        let mut writer = builder.write(&mut bytes, size);
        writer.write_all(content)?;
        writer.finish()?;
    }
    newc::trailer(&mut bytes)?;
    pad(&mut bytes);
    Ok(bytes)
}

/// The dictionary, which the kernel allocates while it unpacks: where memory is short, this counts.
const DICTIONARY: u32 = 4 << 20;

/// Returns an archive of programs as xz. Jumps of linked programs compress better by their targets, which Debian's
/// kernels know how to turn back (`CONFIG_XZ_DEC_X86`).
pub(super) fn compress_programs(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut filters = Filters::new();
    filters.x86().lzma2(&options()?);
    compress(bytes, &filters)
}

/// Returns an archive of modules as xz. They are not linked yet: their jumps lead nowhere.
pub(super) fn compress_modules(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut filters = Filters::new();
    filters.lzma2(&options()?);
    compress(bytes, &filters)
}

/// Returns `bytes` as gzip, without name and time. Source: RFC 1952.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn options() -> io::Result<LzmaOptions> {
    // Preset 9 with "extreme"; its dictionary of 64 MiB would be of no use.
    const PRESET: u32 = 9 | 1 << 31;
    let mut options = LzmaOptions::new_preset(PRESET).map_err(io::Error::from)?;
    options.dict_size(DICTIONARY);
    Ok(options)
}

/// Returns `bytes` as xz, padded to four bytes. The kernel's decoder knows no other check than CRC32.
/// Source: Linux, Documentation/staging/xz.rst.
fn compress(bytes: &[u8], filters: &Filters) -> io::Result<Vec<u8>> {
    let stream = Stream::new_stream_encoder(filters, Check::Crc32).map_err(io::Error::from)?;
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(bytes)?;
    let mut compressed = encoder.finish()?;
    pad(&mut compressed);
    Ok(compressed)
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn check_path(path: &str) -> io::Result<()> {
    let fits = |name: &str| !name.is_empty() && name != "." && name != "..";
    if path.split('/').all(fits) {
        return Ok(());
    }
    let text = format!("{path:?} cannot lie in an initramfs, expected a plain relative path");
    Err(io::Error::other(text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::print_stderr, reason = "a judge who is not here is named")]

    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    fn entries() -> Entries {
        [
            ("usr/bin/ntfs-3g", Entry::Program(b"driver".to_vec())),
            ("init", Entry::Program(b"mend".to_vec())),
            ("dev", Entry::Folder),
            ("mendkit.pub", Entry::File(b"key!!".to_vec())),
        ]
        .map(|(path, entry)| (path.to_owned(), entry))
        .into()
    }

    #[test]
    fn holds_every_folder_before_what_lies_in_it() {
        let bytes = archive(&entries()).unwrap();
        assert_eq!(bytes.len() % 4, 0);
        let mut rest = bytes.as_slice();
        let mut found = Vec::new();
        loop {
            let mut reader = newc::Reader::new(rest).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            let entry = reader.entry().clone();
            let mut content = String::new();
            reader.read_to_string(&mut content).unwrap();
            assert_eq!((entry.mtime(), entry.uid(), entry.gid()), (0, 0, 0));
            found.push(format!("{:06o} {} {content}", entry.mode(), entry.name()));
            rest = reader.finish().unwrap();
        }
        assert_eq!(
            found,
            [
                "040755 dev ",
                "100755 init mend",
                "100644 mendkit.pub key!!",
                "040755 usr ",
                "040755 usr/bin ",
                "100755 usr/bin/ntfs-3g driver",
            ]
        );
    }

    #[test]
    fn refuses_paths_that_lead_elsewhere() {
        for path in ["", "/init", "a//b", "a/../b", "./a", "a/"] {
            let entries = [(path.to_owned(), Entry::Folder)].into();
            assert!(archive(&entries).is_err(), "{path:?}");
        }
    }

    #[test]
    fn cpio_lists_what_was_packed() {
        let child = Command::new("cpio")
            .args(["-it", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: cpio is not here to judge");
            return;
        };
        let mut input = child.stdin.take().unwrap();
        input.write_all(&archive(&entries()).unwrap()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let names = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            names,
            "dev\ninit\nmendkit.pub\nusr\nusr/bin\nusr/bin/ntfs-3g\n"
        );
    }

    #[test]
    fn xz_says_the_check_is_one_the_kernel_knows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.xz");
        let compressed = compress_programs(&[7; 1001]).unwrap();
        assert_eq!(compressed.len() % 4, 0);
        fs_err::write(&file, compressed).unwrap();
        let output = Command::new("xz")
            .args(["--robot", "-l"])
            .arg(&file)
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: xz is not here to judge");
            return;
        };
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("CRC32"));
    }
}
