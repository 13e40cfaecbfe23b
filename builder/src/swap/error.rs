//! Why definitions are not swapped.

use std::io;
use std::path::PathBuf;

use rescue_stick::job::JobError;
use rescue_stick::remedy::RemedyError;

use crate::bom::BomError;
use crate::boot::BootError;
use crate::inputs::InputsError;
use crate::verify::place::ReadFileError;
use crate::verify::{Problem, VerifyError};

/// Why definitions are not swapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// The image cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The image cannot be read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The image's bill of materials cannot be read.
    #[error(transparent)]
    Bom(#[from] BomError),
    /// A file of the image cannot be read.
    #[error(transparent)]
    File(#[from] ReadFileError),
    /// The image is not as it was signed.
    #[error("{}: {} problems, the first: {}", path.display(), problems.len(), first(problems))]
    Bad {
        /// The image.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// Somebody else signed the image.
    #[error("{}: signed by key {found}, expected {expected}", path.display())]
    Key {
        /// The image.
        path: PathBuf,
        /// Its key.
        found: String,
        /// The one that should have signed it.
        expected: String,
    },
    /// A stick, or a copy of one.
    #[error("{}: {what}, expected an image as it was built", path.display())]
    Used {
        /// The image.
        path: PathBuf,
        /// How that shows.
        what: String,
    },
    /// Another version of this program made it.
    #[error("{}: {what}, expected an image of this version of mendkit; build it anew", path.display())]
    OtherMaker {
        /// The image.
        path: PathBuf,
        /// How that shows.
        what: String,
    },
    /// The signed job does not parse.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A signed remedy does not parse.
    #[error("remedy {id}: {source}")]
    Remedy {
        /// Its id.
        id: String,
        /// What is wrong.
        source: RemedyError,
    },
    /// The image has no definitions of that name, or several and no name was given.
    #[error("definitions {}: the image carries {carried}", name.as_deref().unwrap_or("without a name"))]
    Name {
        /// What was asked for.
        name: Option<String>,
        /// Names of what it carries.
        carried: String,
    },
    /// An EXTRA.DAT for definitions that are none.
    #[error(
        "{}: an EXTRA.DAT, but the image carries the vendor's whole package as {name}; expected avvdat-NNNN.zip with avvdat.ini beside it; EXTRA.DATs on the image: {extra}",
        path.display()
    )]
    Kind {
        /// The file.
        path: PathBuf,
        /// The name of the definitions.
        name: String,
        /// Which definitions of the image are an EXTRA.DAT, and what to do.
        extra: String,
    },
    /// Not a date.
    #[error("date {found:?}: expected a day from 1980-01-01 to 2107-12-31, as YYYY-MM-DD")]
    Date {
        /// What was asked for.
        found: String,
    },
    /// The new definitions cannot be used.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// The archive with the key cannot be made.
    #[error(transparent)]
    Boot(#[from] BootError),
}

fn first(problems: &[Problem]) -> String {
    problems
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

impl SwapError {
    /// Returns whether it was refused as unsafe or unsigned, and not merely impossible.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Bad { .. } | Self::Key { .. })
    }
}
