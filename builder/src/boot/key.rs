//! The archive with the key that `mend` trusts: small, not compressed, made anew for each image.

use rescue_stick::paths::{MARKER_IN_INITRAMFS, TRUSTED_KEY_IN_INITRAMFS};

use super::initramfs::{self, Entries, Entry};
use super::{BootError, BootFile, made_file};

/// Where GRUB loads it from, behind the initramfs: uncompressed newc.
pub const KEY_ARCHIVE: &str = "boot/key.cpio";

/// Returns the archive with a key in minisign's public key format.
pub fn key_file(public_key: &str) -> Result<BootFile, BootError> {
    let path = |absolute: &str| absolute.trim_start_matches('/').to_owned();
    let entries: Entries = [
        (
            path(TRUSTED_KEY_IN_INITRAMFS),
            Entry::File(public_key.as_bytes().to_vec()),
        ),
        (
            path(MARKER_IN_INITRAMFS),
            Entry::File(b"mendkit\n".to_vec()),
        ),
    ]
    .into();
    made_file(KEY_ARCHIVE, initramfs::archive(&entries)?)
}
