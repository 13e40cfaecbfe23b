//! What receipts and labels say of the image that a stick was made from.

use std::collections::BTreeMap;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::Job;
use rescue_stick::signature::PublicKey;
use serde::{Deserialize, Serialize};

/// An image in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageFacts {
    /// Digest of the image file.
    pub sha256: Sha256Digest,
    /// Title, one line.
    pub title: String,
    /// Date, `YYYY-MM-DD`.
    pub date: String,
    /// Version of the definitions by the name that remedies use.
    pub definitions: BTreeMap<String, String>,
    /// Languages of the screen, the default first.
    pub languages: Vec<String>,
    /// The key that signed it, as Base64.
    pub signing_key: String,
}

impl ImageFacts {
    /// Returns what is said of an image with this job, signed by this key.
    pub fn of(job: &Job, key: &PublicKey, sha256: Sha256Digest) -> Self {
        let sets = job.definitions.iter();
        Self {
            sha256,
            title: job.title.clone(),
            date: job.date.clone(),
            definitions: sets
                .map(|(name, set)| (name.clone(), set.version.clone()))
                .collect(),
            languages: job.languages.clone(),
            signing_key: key.base64().to_owned(),
        }
    }
}
