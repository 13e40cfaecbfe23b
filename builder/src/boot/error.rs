//! Why boot files cannot be made.

use std::io;
use std::path::PathBuf;

use crate::boot::grub::GrubError;
use crate::boot::menu::MenuError;
use crate::parts::PartsError;
use crate::parts::deb::DebError;
use crate::parts::libraries::LibrariesError;
use crate::parts::modules::ModulesError;

/// Why boot files cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// Nothing could start the stick.
    #[error(
        "no firmware to start from is named, expected at least one of bios, uefi-x64, uefi-ia32"
    )]
    NoFirmware,
    /// `mend` cannot run on every PC.
    #[error("{path}: needs {needed}, expected a static program", path = .path.display())]
    MendLinkage {
        /// The program.
        path: PathBuf,
        /// What it needs at run time.
        needed: String,
    },
    /// A package holds not one kernel.
    #[error("{package}: holds {found} kernels, expected 1")]
    Kernel {
        /// The package.
        package: String,
        /// How many.
        found: usize,
    },
    /// The parts cannot be used.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// A package cannot be read.
    #[error(transparent)]
    Deb(#[from] DebError),
    /// A program cannot be carried.
    #[error(transparent)]
    Libraries(#[from] LibrariesError),
    /// The modules cannot be collected.
    #[error(transparent)]
    Modules(#[from] ModulesError),
    /// GRUB cannot be made.
    #[error(transparent)]
    Grub(#[from] GrubError),
    /// The menu cannot be made.
    #[error(transparent)]
    Menu(#[from] MenuError),
    /// The cache, or `mend`, cannot be read or written.
    #[error("making boot files")]
    Io(#[from] io::Error),
}
