//! Several images and sticks, verified at the same time: sticks are slow, and each on its own bus or not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use rescue_stick::signature::PublicKey;

use super::place::read_file;
use super::{Verified, VerifyError, check_read_image, read_image};
use crate::boot::acceptance::acceptance_of;

/// What became of one of them.
#[derive(Debug)]
pub struct OneVerified {
    /// The image or stick.
    pub path: PathBuf,
    /// What was found, or why nothing could be.
    pub result: Result<Verified, OpenError>,
    /// How long it took.
    pub took: Duration,
}

/// Why one of them could not be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] io::Error),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] VerifyError),
}

/// Verifies all of them at once and hands on each as soon as it is done, in no certain order.
pub fn verify_all(
    paths: &[PathBuf],
    trusted: Option<&PublicKey>,
    each: &mut dyn FnMut(OneVerified),
) {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for path in paths {
            let sender = sender.clone();
            scope.spawn(move || {
                let start = Instant::now();
                let result = verify_path(path, trusted);
                // OK to discard: the receiver lives until all senders are gone.
                let _ = sender.send(OneVerified {
                    path: path.clone(),
                    result,
                    took: start.elapsed(),
                });
            });
        }
        drop(sender);
        for one in receiver {
            each(one);
        }
    });
}

/// Verifies one image or stick.
pub fn verify_path(path: &Path, trusted: Option<&PublicKey>) -> Result<Verified, OpenError> {
    let mut source = fs::File::open(path)?;
    let image = read_image(&mut source)?;
    let mut verified = check_read_image(&image, trusted);
    verified.acceptance = acceptance_of(&mut |path| {
        let file = image.files.iter().find(|file| file.path == path)?;
        // A file that cannot be read was a problem before.
        read_file(&mut source, file).ok()
    });
    Ok(verified)
}
