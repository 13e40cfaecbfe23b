//! Digests by which a catalog may list a file.

use super::algorithm::DigestAlgorithm;
use crate::windows::pe::image::image_content;

/// All digests by which a catalog may list one file, so that the file itself need not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigests(Vec<(DigestAlgorithm, Vec<u8>)>);

impl FileDigests {
    /// Returns the digests of a file: of a program those of its image, of any other those of its content.
    ///
    /// The image of a program whose length is no multiple of eight is also taken with zeros after it: it
    /// gets them when it is given a signature of its own, and some tools digest it so without one.
    pub fn of(file: &[u8]) -> Self {
        let Some(image) = image_content(file) else {
            return Self(digest_all(file).into());
        };
        let mut digests = Vec::from(digest_all(&image.content));
        if image.padding > 0 {
            let zeros = vec![0; image.padding];
            digests.extend(digest_all(&[image.content, zeros].concat()));
        }
        Self(digests)
    }

    /// Returns them all.
    pub fn all(&self) -> impl Iterator<Item = (DigestAlgorithm, &[u8])> {
        let digests = self.0.iter();
        digests.map(|(algorithm, digest)| (*algorithm, digest.as_slice()))
    }
}

/// Digests with the algorithms that lists use, the stronger one first.
fn digest_all(content: &[u8]) -> [(DigestAlgorithm, Vec<u8>); 2] {
    [DigestAlgorithm::Sha256, DigestAlgorithm::Sha1]
        .map(|algorithm| (algorithm, algorithm.digest(content)))
}
