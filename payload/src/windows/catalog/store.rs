//! The catalogs of one Windows, and what they prove about files.
//!
//! A Windows has hundreds to thousands of catalogs. Each is read once for all files in question, and only
//! searched for their digests as bytes; it is taken apart and its signature checked only if one is there.
//! The largest come first, since those of Windows itself list thousands of files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use memchr::memmem::Finder;

use super::algorithm::DigestAlgorithm;
use super::digests::FileDigests;
use super::members::CatalogMember;
use super::signed_data::CatalogSignature;
use super::trust::Trust;
use super::{Catalog, CatalogError, Proof, SignedProof};
use crate::windows::path::{PathError, Resolved, WindowsPath};

/// Folder of the catalogs below `system32`. Source: Microsoft, "Catalog files and digital signatures";
/// the GUID is `DRIVER_ACTION_VERIFY` in softpub.h.
const CATALOG_FOLDER: [&str; 2] = ["CatRoot", "{F750E6C3-38EE-11D1-85E5-00C04FC295EE}"];

/// Largest catalog that is read, in bytes. Observed: the largest of Windows 11 have about 5 MB.
const LARGEST_CATALOG: u64 = 16 << 20;

/// The catalogs of one Windows.
#[derive(Clone, Debug)]
pub struct CatalogStore {
    folder: WindowsPath,
    /// Largest first, then by name.
    files: Vec<CatalogFile>,
}

#[derive(Clone, Debug)]
struct CatalogFile {
    name: String,
    at: PathBuf,
    size: u64,
}

/// What is known of one file while the catalogs are searched.
struct Case<'d> {
    needles: Vec<(Finder<'d>, DigestAlgorithm, &'d [u8])>,
    signed: Option<SignedProof>,
    /// Why the first catalog that lists it proves nothing.
    refusal: Option<String>,
}

impl CatalogStore {
    /// Lists the catalogs of the Windows whose `system32` is given, on the volume mounted at `root`. A
    /// Windows without the folder has none.
    pub fn open(root: &Path, system32: &WindowsPath) -> Result<Self, PathError> {
        let [store, kind] = CATALOG_FOLDER;
        let folder = system32.join(store)?.join(kind)?;
        let (at, folder) = match folder.resolve(root)? {
            Resolved::Folder { at, path } => (at, path),
            Resolved::Missing { path, .. } => {
                return Ok(Self {
                    folder: path,
                    files: Vec::new(),
                });
            }
            Resolved::File { path, .. } => return Err(PathError::NotAFolder { path }),
        };
        let io_error = |source| PathError::Io {
            path: folder.clone(),
            source,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(&at).map_err(io_error)? {
            let entry = entry.map_err(io_error)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_catalog = Path::new(&name)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("cat"));
            // Links are left out: they may lead to another volume.
            let facts = fs::symlink_metadata(entry.path()).map_err(io_error)?;
            if is_catalog && facts.is_file() {
                files.push(CatalogFile {
                    name,
                    at: entry.path(),
                    size: facts.len(),
                });
            }
        }
        files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
        Ok(Self { folder, files })
    }

    /// Returns how many catalogs there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Tells whether there are none, which says nothing against any file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns what the catalogs prove about one file, given its content.
    pub fn prove(&self, file: &[u8], trust: &Trust) -> Proof {
        let proofs = self.prove_all(&[FileDigests::of(file)], trust);
        proofs.into_iter().next().unwrap_or(Proof::NotListed {
            searched: 0,
            left_out: Vec::new(),
        })
    }

    /// Returns what the catalogs prove about each file, reading every catalog once at most.
    pub fn prove_all(&self, files: &[FileDigests], trust: &Trust) -> Vec<Proof> {
        self.prove_while(files, trust, &mut || true)
    }

    /// Returns the same as far as it is known when `go_on` says no, which is asked before each catalog.
    pub fn prove_while(
        &self,
        files: &[FileDigests],
        trust: &Trust,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Vec<Proof> {
        let mut is_cut = false;
        let mut cases: Vec<Case<'_>> = files.iter().map(Case::of).collect();
        let mut searched = 0_usize;
        let mut left_out = Vec::new();
        for file in &self.files {
            if cases.iter().all(|case| case.signed.is_some()) {
                break;
            }
            if !go_on() {
                is_cut = true;
                break;
            }
            let bytes = match file.read() {
                Ok(bytes) => bytes,
                Err(reason) => {
                    left_out.push(format!("{}: {reason}", file.name));
                    continue;
                }
            };
            searched = searched.saturating_add(1);
            for case in &mut cases {
                if case.signed.is_none() {
                    case.look_into(&bytes, &self.folder, &file.name, trust);
                }
            }
        }
        let conclude = |case: Case<'_>| match (case.signed, case.refusal) {
            (Some(signed), _) => Proof::Signed(signed),
            (None, Some(reason)) => Proof::Unproven(reason),
            (None, None) if is_cut => Proof::Unproven(format!(
                "in none of the first {searched} of {} catalogs, and the time for it was over",
                self.files.len()
            )),
            (None, None) => Proof::NotListed {
                searched,
                left_out: left_out.clone(),
            },
        };
        cases.into_iter().map(conclude).collect()
    }
}

impl CatalogFile {
    fn read(&self) -> Result<Vec<u8>, String> {
        let file = fs::File::open(&self.at).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells a larger file, whatever size the folder says it has.
        let most = LARGEST_CATALOG.saturating_add(1);
        let read = file.take(most).read_to_end(&mut bytes);
        let read = read.map_err(|error| error.to_string())?;
        if u64::try_from(read).is_ok_and(|read| read <= LARGEST_CATALOG) {
            return Ok(bytes);
        }
        Err(format!(
            "larger than the {LARGEST_CATALOG} bytes that are read"
        ))
    }
}

impl<'d> Case<'d> {
    fn of(digests: &'d FileDigests) -> Self {
        let needles = digests
            .all()
            .map(|(algorithm, digest)| (Finder::new(digest), algorithm, digest));
        Self {
            needles: needles.collect(),
            signed: None,
            refusal: None,
        }
    }

    fn look_into(&mut self, bytes: &[u8], folder: &WindowsPath, name: &str, trust: &Trust) {
        let is_inside = |needle: &Finder<'_>| needle.find(bytes).is_some();
        if !self.needles.iter().any(|(needle, ..)| is_inside(needle)) {
            return;
        }
        match self.listing(bytes, trust) {
            Ok(None) => {}
            Ok(Some((algorithm, member, signature))) => {
                self.signed = Some(SignedProof {
                    folder: folder.clone(),
                    catalog: name.to_owned(),
                    member: printable(member.file_name()),
                    windows: printable(member.attribute("OSAttr")),
                    signer: signature.signer,
                    root: signature.root,
                    algorithm,
                });
            }
            Err(error) => {
                self.refusal
                    .get_or_insert_with(|| format!("{name}: {error}"));
            }
        }
    }

    /// Returns the member that lists the file and who signed the catalog.
    fn listing(
        &self,
        bytes: &[u8],
        trust: &Trust,
    ) -> Result<Option<(DigestAlgorithm, CatalogMember, CatalogSignature)>, CatalogError> {
        let catalog = Catalog::parse(bytes)?;
        let is_listed = |member: &&CatalogMember| {
            let digest = member.digest.as_ref();
            digest.is_some_and(|(algorithm, digest)| {
                let mut needles = self.needles.iter();
                needles.any(|(_, known, wanted)| known == algorithm && *wanted == digest)
            })
        };
        let Some(member) = catalog.members().iter().find(is_listed) else {
            return Ok(None);
        };
        let signature = catalog.verify(trust)?;
        let algorithm = member.digest.as_ref().map(|(algorithm, _)| *algorithm);
        Ok(algorithm.map(|algorithm| (algorithm, member.clone(), signature)))
    }
}

/// Returns a text from a catalog, fit for a screen; `None` if nothing is left.
fn printable(text: Option<&str>) -> Option<String> {
    let text: String = text?
        .chars()
        .filter(|c| !c.is_control())
        .take(260)
        .collect();
    (!text.is_empty()).then_some(text)
}
