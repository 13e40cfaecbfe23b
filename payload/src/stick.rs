//! The stick as `mend` reads it: its job, remedies, definitions and files, after the proof.
//!
//! Nothing is believed that does not follow from the signature over the manifest: what is read before every file
//! was held against it is held against it by itself ([`SignedManifest::read_file`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{IDENTITY_LENGTH, Identity, IdentityError};
use rescue_stick::job::{Finish, JOB_SCHEMA, Job, JobError, Mode};
use rescue_stick::manifest::{Discrepancy, Manifest, ManifestError};
use rescue_stick::paths;
use rescue_stick::remedy::{BUILT_IN_REMEDIES, Remedy, RemedyError};
use rescue_stick::report::StickFacts;
use rescue_stick::report::chain::ChainLink;
use rescue_stick::signature::{PublicKey, SignatureError};
use sha2::{Digest as _, Sha256};

use self::proof::{ProofProgress, StickProof};

pub mod proof;
pub mod record;
pub mod reports;

/// A stick (or a folder with the same files) whose manifest, job and remedies are as signed. Whether all of it is,
/// its proof tells.
#[derive(Debug)]
pub struct Stick {
    root: PathBuf,
    job: Job,
    remedies: Vec<Remedy>,
    identity: Option<Identity>,
    facts: StickFacts,
    /// Number of the next report, if the stick keeps a chain.
    next_number: Option<u64>,
    proof: StickProof,
}

/// Why a stick is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StickError {
    /// A file of the proof itself cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The manifest is not the text that was signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The manifest does not parse.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Files are missing, changed, or too many.
    #[error("{} of the stick's files are not as signed, first: {}", .0.len(), first(.0))]
    NotAsSigned(Vec<Discrepancy>),
    /// The job does not parse.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A remedy does not parse.
    #[error("remedy {id}: {source}")]
    Remedy {
        /// Its id.
        id: String,
        /// What is wrong.
        source: RemedyError,
    },
    /// The one file that may differ from stick to stick is not an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The signed job names something that the stick does not have.
    #[error("job: {0}")]
    Incomplete(String),
}

/// Returns how a stick that is not as signed is told of.
pub fn not_as_signed(error: &StickError) -> String {
    format!("This stick is not as it was signed: {error}")
}

fn first(differences: &[Discrepancy]) -> String {
    differences
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// A manifest whose signature is the trusted key's: the first half of a proof.
#[derive(Debug)]
pub struct SignedManifest {
    text: String,
    manifest: Manifest,
    /// Files that were held against it already.
    read: Mutex<BTreeSet<String>>,
}

impl SignedManifest {
    /// Reads the manifest of the stick whose files lie below `root`.
    pub fn read(root: &Path, trusted: &PublicKey) -> Result<Self, StickError> {
        let text = fs::read_to_string(root.join(paths::MANIFEST))?;
        let signature = fs::read_to_string(root.join(paths::MANIFEST_SIGNATURE))?;
        trusted.check(text.as_bytes(), &signature)?;
        let manifest = Manifest::parse(&text)?;
        let read = Mutex::default();
        Ok(Self {
            text,
            manifest,
            read,
        })
    }

    /// Reads one file and holds it against the manifest, before all of them are. What is returned is what was
    /// checked, whatever the stick would give at a second reading.
    pub fn read_file(&self, root: &Path, path: &str) -> Result<Vec<u8>, StickError> {
        let bytes = match fs::read(root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = path.to_owned();
                return Err(StickError::NotAsSigned(vec![Discrepancy::Missing { path }]));
            }
            read => read?,
        };
        let found = Sha256Digest::of(&bytes);
        let difference = match self.manifest.digest_of(path) {
            Some(expected) if expected == found => {
                self.read_files().insert(path.to_owned());
                return Ok(bytes);
            }
            Some(expected) => Discrepancy::Changed {
                path: path.to_owned(),
                found,
                expected,
            },
            None => Discrepancy::Extra {
                path: path.to_owned(),
            },
        };
        Err(StickError::NotAsSigned(vec![difference]))
    }

    /// Holds every file of the stick below `root` against the manifest, and the other way round. What
    /// [`SignedManifest::read_file`] has read is not read again.
    pub fn check_files(
        &self,
        root: &Path,
        progress: &mut dyn FnMut(ProofProgress),
    ) -> Result<(), StickError> {
        let files = list_files(root)?;
        let total = files
            .values()
            .fold(0, |sum: u64, size| sum.saturating_add(*size));
        let mut done = 0;
        let mut found = Vec::with_capacity(files.len());
        for (path, size) in &files {
            let read = self.manifest.digest_of(path);
            let read = read.filter(|_| self.read_files().contains(path));
            let digest = match read {
                Some(digest) => {
                    done += size;
                    digest
                }
                None => hash_file(&root.join(path), |bytes| {
                    done += bytes;
                    progress(ProofProgress { done, total });
                })?,
            };
            found.push((path.as_str(), digest));
        }
        let differences = self.manifest.audit(found.iter().copied());
        if differences.is_empty() {
            Ok(())
        } else {
            Err(StickError::NotAsSigned(differences))
        }
    }

    fn read_files(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // An insertion that panicked has left the set as it was.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_text(&self, root: &Path, path: &str) -> Result<String, StickError> {
        let text = String::from_utf8(self.read_file(root, path)?);
        Ok(text.map_err(|error| io::Error::other(format!("{path}: {error}")))?)
    }
}

impl Stick {
    /// Proves the stick whose files lie below `root` with the key that is trusted, then reads its job
    /// and remedies.
    pub fn prove(
        root: &Path,
        trusted: &PublicKey,
        progress: &mut dyn FnMut(ProofProgress),
    ) -> Result<Self, StickError> {
        let signed = SignedManifest::read(root, trusted)?;
        signed.check_files(root, progress)?;
        Self::read(root, &signed, trusted, StickProof::over())
    }

    /// Reads job and remedies of the stick whose files lie below `root`, each held against the manifest, while
    /// `proof` of all its files may still go on.
    pub fn read(
        root: &Path,
        signed: &SignedManifest,
        trusted: &PublicKey,
        proof: StickProof,
    ) -> Result<Self, StickError> {
        let job = Job::parse(&signed.read_text(root, paths::JOB)?)?;
        let mut remedies = Vec::new();
        for id in &job.remedies {
            let text = signed.read_text(root, &format!("{}/{id}.toml", paths::REMEDIES))?;
            let remedy = Remedy::parse(&text).map_err(|source| StickError::Remedy {
                id: id.clone(),
                source,
            })?;
            for set in remedy.definitions_sets() {
                if !job.definitions.contains_key(set) {
                    let text = format!("remedy {id} needs definitions {set:?}, none are here");
                    return Err(StickError::Incomplete(text));
                }
            }
            remedies.push(remedy);
        }
        let identity = read_identity(root)?;
        let facts = StickFacts {
            id: identity.as_ref().map(|own| own.facts().id.to_string()),
            title: job.title.clone(),
            date: job.date.clone(),
            manifest: Some(Sha256Digest::of(signed.text.as_bytes())),
            key: Some(trusted.base64().to_owned()),
            public_key: identity
                .as_ref()
                .map(|own| own.public_key().base64().to_owned()),
        };
        Ok(Self {
            root: root.to_owned(),
            job,
            remedies,
            identity,
            facts,
            next_number: None,
            proof,
        })
    }

    /// Returns what can be done without a stick: all built-in remedies, no definitions, no files, and
    /// nothing but diagnosis.
    pub fn built_in() -> Result<Self, StickError> {
        let mut remedies = Vec::new();
        for (id, text) in BUILT_IN_REMEDIES {
            let remedy = Remedy::parse(text).map_err(|source| StickError::Remedy {
                id: (*id).to_owned(),
                source,
            })?;
            remedies.push(remedy);
        }
        let title = "built-in remedies, without a stick".to_owned();
        Ok(Self {
            root: PathBuf::new(),
            job: Job {
                schema: JOB_SCHEMA,
                title: title.clone(),
                date: "-".to_owned(),
                mode: Mode::Diagnose,
                finish: Finish::Ask,
                languages: vec!["en".to_owned()],
                remedies: remedies.iter().map(|remedy| remedy.id.clone()).collect(),
                definitions: BTreeMap::new(),
                files: Vec::new(),
                visit: rescue_stick::report::VisitFacts::default(),
                ask_visit: false,
            },
            remedies,
            identity: None,
            facts: StickFacts {
                title,
                date: "-".to_owned(),
                ..StickFacts::default()
            },
            next_number: None,
            proof: StickProof::over(),
        })
    }

    /// Returns the proof of all its files, which may still go on.
    pub fn proof(&self) -> &StickProof {
        &self.proof
    }

    /// Returns what the stick is to do.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Returns the remedies in the order in which they are tried.
    pub fn remedies(&self) -> &[Remedy] {
        &self.remedies
    }

    /// Returns who the stick is, with the key that signs its reports; nothing if nobody has said so yet.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Returns what the report says of the stick.
    pub fn facts(&self) -> &StickFacts {
        &self.facts
    }

    /// Learns where the next report goes in the stick's chain.
    pub fn place_next_report(&mut self, link: Option<&ChainLink>) {
        self.next_number = link.map(|link| link.number);
    }

    /// Returns the number of the next report: of a stick without a chain, one more than the reports on it.
    /// Without a stick there is none.
    pub fn next_report_number(&self) -> Option<u64> {
        if self.next_number.is_some() {
            return self.next_number;
        }
        self.facts.manifest.as_ref()?;
        let count = match fs::read_dir(self.path_of(paths::REPORTS)) {
            Ok(reports) => reports.flatten().filter(|one| one.path().is_dir()).count(),
            // An image has the folder; a stick that lost it has no reports.
            Err(_) => 0,
        };
        u64::try_from(count).ok()?.checked_add(1)
    }

    /// Returns where a file of the stick lies now.
    pub fn path_of(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// Reads who the stick below `root` is. A folder need not say; a file that is there must be right, since nothing
/// else than an identity may lie outside the manifest under its name.
pub fn read_identity(root: &Path) -> Result<Option<Identity>, StickError> {
    let file = match fs::File::open(root.join(paths::IDENTITY)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    // One byte more than it may have tells that it is longer, whatever its size.
    let most = u64::try_from(IDENTITY_LENGTH).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Identity::parse(&bytes)?)
}

/// Returns every file below `root` that the manifest must list, with its size, by its path with `/`.
fn list_files(root: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if paths::is_outside_manifest(&path) {
                continue;
            }
            // Anything that is neither a folder nor a plain file has no digest and so is never listed.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.insert(path, entry.metadata()?.len());
            }
        }
    }
    Ok(files)
}

/// Returns the digest of a file, telling `progress` the bytes of every piece read.
pub fn hash_file(path: &Path, mut progress: impl FnMut(u64)) -> io::Result<Sha256Digest> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hasher.update(piece);
        progress(piece.len().try_into().unwrap_or(u64::MAX));
    }
    Ok(Sha256Digest(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn make_stick(root: &Path) -> PublicKey {
        let job = include_str!("../rescue-stick/fixtures/job-1.json");
        let remedy = Remedy::built_in("mcafee-5958").unwrap();
        let mut manifest = Manifest::default();
        for (path, content) in [
            (paths::JOB, job),
            ("mendkit/remedies/mcafee-5958.toml", remedy),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), content).unwrap();
            manifest.insert(path.into(), Sha256Digest::of(content.as_bytes()));
        }
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let text = manifest.to_text();
        let signature = minisign::sign(None, &pair.sk, text.as_bytes(), None, None).unwrap();
        fs::write(root.join(paths::MANIFEST), &text).unwrap();
        fs::write(root.join(paths::MANIFEST_SIGNATURE), signature.to_string()).unwrap();
        PublicKey::parse(&pair.pk.to_base64()).unwrap()
    }

    fn prove(root: &Path, key: &PublicKey) -> Result<Stick, StickError> {
        Stick::prove(root, key, &mut |_| {})
    }

    fn begin(root: &Path, key: &PublicKey) -> (Result<Stick, StickError>, StickProof) {
        let signed = Arc::new(SignedManifest::read(root, key).unwrap());
        let proof = StickProof::begin(root.to_owned(), Arc::clone(&signed));
        (Stick::read(root, &signed, key, proof.clone()), proof)
    }

    #[test]
    fn a_stick_is_read_while_its_proof_goes_on_and_the_proof_tells() {
        let folder = tempfile::tempdir().unwrap();
        let key = make_stick(folder.path());
        let (stick, proof) = begin(folder.path(), &key);
        assert_eq!(stick.unwrap().remedies().len(), 1);
        proof.wait(&mut |_| {}).unwrap();
        assert!(proof.is_good() && proof.is_over());
        assert!(proof.took().is_some());
        // What is not read is found by the proof alone.
        fs::write(folder.path().join("autorun.inf"), "x").unwrap();
        let (stick, proof) = begin(folder.path(), &key);
        let stick = stick.unwrap();
        for _ in 0..2 {
            let error = stick.proof().wait(&mut |_| {}).unwrap_err().to_string();
            assert!(
                error.ends_with("autorun.inf: not in the manifest"),
                "{error}"
            );
        }
        assert!(proof.is_over() && !proof.is_good());
        // What is read is held against the manifest before it is believed.
        let job = folder.path().join(paths::JOB);
        let text = fs::read_to_string(&job).unwrap();
        fs::write(&job, text.replacen("confirm", "auto", 1)).unwrap();
        let error = begin(folder.path(), &key).0.unwrap_err().to_string();
        assert!(error.contains("mendkit/job.json: sha256 is"), "{error}");
        fs::remove_file(&job).unwrap();
        let error = begin(folder.path(), &key).0.unwrap_err().to_string();
        assert!(error.ends_with("mendkit/job.json: missing"), "{error}");
    }

    #[test]
    fn believes_a_stick_that_is_as_signed_with_reports_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let key = make_stick(folder.path());
        fs::create_dir(folder.path().join("reports")).unwrap();
        fs::write(folder.path().join("reports/x"), "x").unwrap();
        // What Windows does to every stick it is shown.
        let index = folder.path().join("System Volume Information");
        fs::create_dir(&index).unwrap();
        fs::write(index.join("IndexerVolumeGuid"), "{").unwrap();
        let stick = prove(folder.path(), &key).unwrap();
        assert_eq!(
            stick.next_report_number(),
            Some(1),
            "only folders are reports"
        );
        fs::create_dir(folder.path().join("reports/20100422T101500Z-A")).unwrap();
        assert_eq!(stick.next_report_number(), Some(2));
        assert_eq!(Stick::built_in().unwrap().next_report_number(), None);
        assert_eq!(stick.remedies().len(), 1);
        assert_eq!(stick.facts().date, "2010-04-22");
    }

    #[test]
    fn knows_its_identity_and_refuses_what_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let key = make_stick(folder.path());
        let write = |bytes: &[u8]| fs::write(folder.path().join(paths::IDENTITY), bytes).unwrap();
        assert_eq!(prove(folder.path(), &key).unwrap().facts().id, None);
        write(&rescue_stick::identity::blank_file());
        assert_eq!(prove(folder.path(), &key).unwrap().facts().id, None);
        let mut good = include_bytes!("../rescue-stick/fixtures/identity-1.bin").to_vec();
        write(&good);
        let stick = prove(folder.path(), &key).unwrap();
        assert_eq!(stick.facts().id.as_deref(), Some("MK-7F3A-01"));
        let own = stick.identity().unwrap();
        assert_eq!(
            own.public_key().check(b"report", &own.sign(b"report")),
            Ok(())
        );
        good.push(0);
        write(&good);
        let long = prove(folder.path(), &key).unwrap_err().to_string();
        assert!(long.contains("4097 bytes, expected 4096"), "{long}");
        write(&vec![b'x'; 4096]);
        let other = prove(folder.path(), &key).unwrap_err().to_string();
        assert!(
            other.starts_with("stick identity: another magic"),
            "{other}"
        );
    }

    #[test]
    fn refuses_changed_missing_and_extra_files() {
        let folder = tempfile::tempdir().unwrap();
        let key = make_stick(folder.path());
        fs::write(folder.path().join("extra"), "x").unwrap();
        let extra = prove(folder.path(), &key).unwrap_err().to_string();
        let expect = "1 of the stick's files are not as signed, first: extra: not in the manifest";
        assert_eq!(extra, expect);
        fs::remove_file(folder.path().join("extra")).unwrap();
        fs::write(folder.path().join(paths::JOB), "{}").unwrap();
        assert!(matches!(
            prove(folder.path(), &key),
            Err(StickError::NotAsSigned(_))
        ));
        fs::remove_file(folder.path().join(paths::JOB)).unwrap();
        let missing = prove(folder.path(), &key).unwrap_err().to_string();
        assert!(missing.ends_with("mendkit/job.json: missing"), "{missing}");
    }

    #[test]
    fn holds_one_file_against_a_signed_manifest_before_all_are() {
        let folder = tempfile::tempdir().unwrap();
        let key = make_stick(folder.path());
        let signed = SignedManifest::read(folder.path(), &key).unwrap();
        let job = signed.read_file(folder.path(), paths::JOB).unwrap();
        assert_eq!(job, fs::read(folder.path().join(paths::JOB)).unwrap());
        fs::write(folder.path().join(paths::JOB), "{}").unwrap();
        let error = signed.read_file(folder.path(), paths::JOB).unwrap_err();
        assert!(error.to_string().contains("mendkit/job.json: sha256 is"));
        fs::write(folder.path().join("extra"), "x").unwrap();
        let error = signed.read_file(folder.path(), "extra").unwrap_err();
        assert!(error.to_string().contains("extra: not in the manifest"));
        assert!(signed.read_file(folder.path(), "absent").is_err());
    }

    #[test]
    fn refuses_a_stick_signed_by_another_key() {
        let folder = tempfile::tempdir().unwrap();
        make_stick(folder.path());
        let other = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let other = PublicKey::parse(&other.pk.to_base64()).unwrap();
        assert!(matches!(
            prove(folder.path(), &other),
            Err(StickError::Signature(_))
        ));
    }
}
