//! Boot parts: the Debian packages that kernels, loaders and libraries are taken from, each known by
//! its SHA-256.
//!
//! ```text
//! ALL_WANTED --fetch--> parts.lock + CACHE/parts/SHA256.deb --open--> Parts --read--> PackedFile
//! ```
//!
//! Only [`fetch`] talks to a network. [`Parts::open`] believes nothing but the lock: a part that is not
//! there, or is not what the lock says, stops the build.

mod apt;
pub mod deb;
pub mod difference;
pub mod fetch;
pub mod folder;
pub mod libraries;
pub mod lock;
mod mirrors;
pub mod modules;
pub mod papers;
mod version;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rescue_stick::digest::Sha256Digest;

use crate::hashed_file::HashedFile;
use crate::parts::lock::{Lock, LockedPart};

/// How the name of a wanted package is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageName<'a> {
    /// Exactly this package.
    Exact(&'a str),
    /// The newest package whose name is `prefix`, then digits, dots and `-`, then `suffix`. Kernels carry
    /// their version in the name; no other flavour fits the pattern.
    Newest {
        /// How the name begins.
        prefix: &'a str,
        /// How the name ends.
        suffix: &'a str,
    },
}

impl PackageName<'_> {
    /// Returns whether `package` is one that this name means.
    pub fn matches(&self, package: &str) -> bool {
        match self {
            Self::Exact(name) => *name == package,
            Self::Newest { prefix, suffix } => package
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(suffix))
                .is_some_and(|middle| {
                    !middle.is_empty()
                        && middle
                            .chars()
                            .all(|c| c.is_ascii_digit() || c == '.' || c == '-')
                }),
        }
    }
}

impl std::fmt::Display for PackageName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Newest { prefix, suffix } => write!(f, "{prefix}*{suffix}"),
        }
    }
}

/// A package somebody wants, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedPart<'a> {
    /// Its name.
    pub package: PackageName<'a>,
    /// Its architecture as Debian writes it: `amd64` or `i386`.
    pub architecture: &'a str,
    /// What it is for.
    pub reason: &'a str,
}

/// The kernel for PCs that can run 64-bit code.
pub const KERNEL_64: WantedPart<'static> = WantedPart {
    package: PackageName::Newest {
        prefix: "linux-image-6.12.",
        suffix: "+deb12-amd64",
    },
    architecture: "amd64",
    reason: "64-bit kernel, signed for Secure Boot; newer NVMe and VMD drivers than 6.1",
};

/// The kernel for 32-bit PCs.
pub const KERNEL_32: WantedPart<'static> = WantedPart {
    package: PackageName::Newest {
        prefix: "linux-image-6.1.0-",
        suffix: "-686",
    },
    architecture: "i386",
    reason: "32-bit kernel without PAE, for PCs of the XP era",
};

/// GRUB for BIOS.
pub const GRUB_BIOS: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("grub-pc-bin"),
    architecture: "amd64",
    reason: "GRUB's kernel, modules and boot sectors for BIOS",
};

/// First loader of 64-bit UEFI.
pub const SHIM_X64: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("shim-signed"),
    architecture: "amd64",
    reason: "loader that Microsoft signed (2011 and 2023 keys), UEFI x64",
};

/// Key manager of 64-bit UEFI.
pub const SHIM_HELPERS_X64: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("shim-helpers-amd64-signed"),
    architecture: "amd64",
    reason: "MokManager, which shim starts when a key is to be enrolled, UEFI x64",
};

/// GRUB for 64-bit UEFI.
pub const GRUB_X64: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("grub-efi-amd64-signed"),
    architecture: "amd64",
    reason: "GRUB that Debian signed, UEFI x64",
};

/// First loader of 32-bit UEFI.
pub const SHIM_IA32: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("shim-signed"),
    architecture: "i386",
    reason: "loader that Microsoft signed (2011 and 2023 keys), UEFI ia32",
};

/// Key manager of 32-bit UEFI.
pub const SHIM_HELPERS_IA32: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("shim-helpers-i386-signed"),
    architecture: "i386",
    reason: "MokManager, UEFI ia32",
};

/// GRUB for 32-bit UEFI.
pub const GRUB_IA32: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("grub-efi-ia32-signed"),
    architecture: "i386",
    reason: "GRUB that Debian signed, UEFI ia32",
};

/// The NTFS driver.
pub const NTFS_3G: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("ntfs-3g"),
    architecture: "i386",
    reason: "the only NTFS driver that both kernels can write with",
};

/// The NTFS driver's library.
pub const LIBNTFS_3G: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("libntfs-3g89"),
    architecture: "i386",
    reason: "libntfs-3g.so.89, which ntfs-3g needs",
};

/// The C library.
pub const LIBC: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("libc6"),
    architecture: "i386",
    reason: "libc.so.6 and ld-linux.so.2, which ntfs-3g needs",
};

/// Every package that a stick's boot files are made from.
pub const ALL_WANTED: &[WantedPart<'static>] = &[
    KERNEL_64,
    KERNEL_32,
    GRUB_BIOS,
    SHIM_X64,
    SHIM_HELPERS_X64,
    GRUB_X64,
    SHIM_IA32,
    SHIM_HELPERS_IA32,
    GRUB_IA32,
    NTFS_3G,
    LIBNTFS_3G,
    LIBC,
];

/// A part that lies in the cache, as long as the lock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the lock says about it.
    pub locked: LockedPart,
    /// The `.deb` file.
    path: PathBuf,
}

impl Part {
    /// Returns where the `.deb` file lies, after reading it once and comparing its hash.
    pub fn checked_path(&self) -> Result<&Path, PartsError> {
        let found = HashedFile::read(&self.path)?.sha256;
        if found != self.locked.sha256 {
            return Err(PartsError::Damaged {
                path: self.path.clone(),
                part: self.locked.to_string(),
                found,
                expected: self.locked.sha256,
            });
        }
        Ok(&self.path)
    }

    /// Returns package and version, as shown as the origin of a file.
    pub fn origin(&self) -> String {
        format!("{} {}", self.locked.package, self.locked.version)
    }

    /// Returns how the bill of materials refers to it.
    pub fn reference(&self) -> String {
        let LockedPart {
            package,
            version,
            architecture,
            ..
        } = &self.locked;
        crate::bom::package::debian_purl(package, version, architecture)
    }
}

/// The parts of one lock, each present. Their content is checked when it is used: what is made of them is
/// kept, so most builds read none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<Part>,
}

/// Why the parts cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartsError {
    /// A part is not in the cache.
    #[error("{path}: {part} is not in the cache; fetch the boot parts first (`mendkit parts fetch`)", path = .path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// Package, version and architecture.
        part: String,
    },
    /// A part is not as long as the lock says.
    #[error("{path}: {part} has {found} bytes, the lock says {expected}; delete the file and fetch it again", path = .path.display())]
    Length {
        /// Where it lies.
        path: PathBuf,
        /// Package, version and architecture.
        part: String,
        /// The length of what lies there.
        found: u64,
        /// The length it should have.
        expected: u64,
    },
    /// A part is not what the lock says.
    #[error("{path}: {part} has SHA-256 {found}, the lock says {expected}; delete the file and fetch it again", path = .path.display())]
    Damaged {
        /// Where it lies.
        path: PathBuf,
        /// Package, version and architecture.
        part: String,
        /// The hash of what lies there.
        found: Sha256Digest,
        /// The hash it should have.
        expected: Sha256Digest,
    },
    /// The lock names nothing that fits.
    #[error(
        "the lock names no {package} for {architecture} ({reason}); renew it with `mendkit parts fetch --update`"
    )]
    NotLocked {
        /// The package's name or pattern.
        package: String,
        /// Its architecture.
        architecture: String,
        /// What it is for.
        reason: String,
    },
    /// A file of the cache cannot be read.
    #[error("reading a boot part")]
    Io(#[from] io::Error),
}

impl Parts {
    /// Returns the parts that `lock` names, after comparing the length of each.
    pub fn open(cache: &Path, lock: &Lock) -> Result<Self, PartsError> {
        let mut parts = Vec::new();
        for locked in &lock.parts {
            let path = path_in_cache(cache, &locked.sha256);
            if !path.is_file() {
                return Err(PartsError::Missing {
                    path,
                    part: locked.to_string(),
                });
            }
            let found = fs_err::metadata(&path)?.len();
            if found != locked.size {
                return Err(PartsError::Length {
                    path,
                    part: locked.to_string(),
                    found,
                    expected: locked.size,
                });
            }
            parts.push(Part {
                locked: locked.clone(),
                path,
            });
        }
        Ok(Self { parts })
    }

    /// Returns every part, in the lock's order.
    pub fn all(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the part that `wanted` means.
    pub fn find(&self, wanted: &WantedPart<'_>) -> Result<&Part, PartsError> {
        self.parts
            .iter()
            .find(|part| part.locked.satisfies(wanted))
            .ok_or_else(|| PartsError::NotLocked {
                package: wanted.package.to_string(),
                architecture: wanted.architecture.to_owned(),
                reason: wanted.reason.to_owned(),
            })
    }
}

/// Returns where the part with this hash lies in `cache`.
pub fn path_in_cache(cache: &Path, sha256: &Sha256Digest) -> PathBuf {
    cache.join("parts").join(format!("{sha256}.deb"))
}

/// Writes `bytes` under a temporary name beside `path`, syncs, and renames: a cut leaves the old file or
/// the new one.
pub(crate) fn write_then_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    fs_err::create_dir_all(folder)?;
    // Temporary files are private by default; what is renamed into place is for everybody to read.
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|persist| persist.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_of(content: &[u8]) -> Lock {
        Lock {
            parts: vec![LockedPart {
                package: "libc6".to_owned(),
                version: "2.36-9".to_owned(),
                architecture: "i386".to_owned(),
                sha256: Sha256Digest::of(content),
                size: 3,
            }],
        }
    }

    #[test]
    fn only_the_plain_flavour_of_a_kernel_fits_its_pattern() {
        assert!(KERNEL_32.package.matches("linux-image-6.1.0-50-686"));
        assert!(!KERNEL_32.package.matches("linux-image-6.1.0-50-686-pae"));
        assert!(!KERNEL_32.package.matches("linux-image-6.1.0-50-rt-686"));
        assert!(
            !KERNEL_32
                .package
                .matches("linux-image-6.1.0-50-686-unsigned")
        );
        assert!(
            KERNEL_64
                .package
                .matches("linux-image-6.12.117+deb12-amd64")
        );
        assert!(
            !KERNEL_64
                .package
                .matches("linux-image-6.12.117+deb12-cloud-amd64")
        );
        assert!(
            !KERNEL_64
                .package
                .matches("linux-image-6.12.117+deb12-amd64-unsigned")
        );
        assert!(
            !KERNEL_64
                .package
                .matches("linux-image-6.12.+deb12-rt-amd64")
        );
    }

    #[test]
    fn no_two_rows_want_one_package() {
        for (index, row) in ALL_WANTED.iter().enumerate() {
            assert!(!row.reason.is_empty());
            for other in ALL_WANTED.iter().skip(index + 1) {
                assert!((row.package, row.architecture) != (other.package, other.architecture));
            }
        }
    }

    #[test]
    fn opens_a_part_whose_hash_is_the_locks() {
        let cache = tempfile::tempdir().unwrap();
        let lock = lock_of(b"deb");
        write_then_rename(
            &path_in_cache(cache.path(), &Sha256Digest::of(b"deb")),
            b"deb",
        )
        .unwrap();
        let parts = Parts::open(cache.path(), &lock).unwrap();
        assert_eq!(parts.find(&LIBC).unwrap().origin(), "libc6 2.36-9");
        assert!(matches!(
            parts.find(&NTFS_3G),
            Err(PartsError::NotLocked { .. })
        ));
    }

    #[test]
    fn refuses_a_part_that_is_absent_or_changed() {
        let cache = tempfile::tempdir().unwrap();
        let lock = lock_of(b"deb");
        assert!(matches!(
            Parts::open(cache.path(), &lock),
            Err(PartsError::Missing { .. })
        ));
        write_then_rename(
            &path_in_cache(cache.path(), &Sha256Digest::of(b"deb")),
            b"dEb",
        )
        .unwrap();
        let parts = Parts::open(cache.path(), &lock).unwrap();
        let refusal = parts.find(&LIBC).unwrap().checked_path().unwrap_err();
        assert!(matches!(refusal, PartsError::Damaged { .. }));
        assert!(refusal.to_string().contains("fetch it again"));
        write_then_rename(
            &path_in_cache(cache.path(), &Sha256Digest::of(b"deb")),
            b"debs",
        )
        .unwrap();
        let refusal = Parts::open(cache.path(), &lock).unwrap_err();
        assert!(matches!(refusal, PartsError::Length { .. }));
    }
}
