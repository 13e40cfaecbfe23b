//! The steps of a remedy as data: what is done when it applies.

use serde::Deserialize;

use crate::digest::Sha256Digest;
use crate::remedy::predicate::{HiveName, QuarantineFilter, Scalar, TimeWindow};
use crate::remedy::value::HexBytes;

pub(super) mod raw;

/// One step of a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemedyStep {
    /// Installs a set of definitions that the job names, all or nothing.
    InstallDefinitions {
        /// Name of the set in the job, and of the place in `mend`'s table of products.
        set: String,
    },
    /// Puts a file back from the first source with an acceptable candidate.
    RestoreFile(RestoreFile),
    /// Moves files aside.
    RemoveFile(RemoveFile),
    /// Gives a file another name in its folder.
    Rename(RenameFile),
    /// Sets a value of the registry.
    SetRegistryValue(SetRegistryValue),
    /// Sets how a service or driver starts.
    SetServiceStart(SetServiceStart),
    /// Puts back files that a product took into its quarantine.
    RestoreQuarantined(RestoreQuarantined),
    /// Tells the person something.
    Note {
        /// What; one line.
        text: String,
    },
}

/// Puts a file back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreFile {
    /// Windows path that begins with a variable, for example `{system32}\svchost.exe`.
    pub target: String,
    /// States of the target in which it is restored; never empty.
    pub states: Vec<FileState>,
    /// Where candidates are looked for, best first; never empty.
    pub sources: Vec<CandidateSource>,
    /// Which files of a quarantine are meant; there if and only if a source is a quarantine.
    pub quarantine: Option<QuarantineTest>,
    /// What a candidate must be.
    pub accept: Acceptance,
}

/// Which files of a quarantine are meant, beside having the target's name. All parts given must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuarantineTest {
    /// What they were taken for; the product may add to it (`W32/Wecorl.a!mem`).
    pub detection: Option<String>,
    /// Version of the definitions that took them, up to a full stop.
    pub definitions: Option<String>,
}

/// State of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// There is no such file.
    Missing,
    /// It is there with a size of 0.
    Empty,
}

/// Where candidates come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum CandidateSource {
    /// Windows File Protection's cache, `system32\dllcache`.
    Dllcache,
    /// `ServicePackFiles\i386` in the Windows folder.
    ServicePackFiles,
    /// The quarantine of a security product, written `VENDOR-quarantine`.
    Quarantine {
        /// Vendor as in `mend`'s tables.
        vendor: String,
    },
    /// What Windows was installed from, as far as it lies on the PC: plain files, compressed ones
    /// (`SVCHOST.EX_`), and the cabinets of the driver cache.
    InstallationSource,
    /// Known good files on the stick, each pinned by its digest.
    Kit,
}

impl TryFrom<String> for CandidateSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let vendor = text.strip_suffix("-quarantine").unwrap_or_default();
        Ok(match text.as_str() {
            "dllcache" => Self::Dllcache,
            "service-pack-files" => Self::ServicePackFiles,
            "installation-source" => Self::InstallationSource,
            "kit" => Self::Kit,
            _ if !vendor.is_empty() => Self::Quarantine {
                vendor: vendor.to_owned(),
            },
            _ => {
                return Err(format!(
                    "unknown source {text:?}, expected dllcache, service-pack-files, \
                     VENDOR-quarantine, installation-source or kit"
                ));
            }
        })
    }
}

/// What a candidate must be. Version and processor must always be right. Beyond that, a proof by a
/// catalog of Windows is better than a pinned digest, and that is better than the identity alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Acceptance {
    /// `VS_FIXEDFILEINFO` file version, four numbers with full stops.
    pub version: String,
    /// `OriginalFilename` of the version resource, compared without case.
    pub original_name: String,
    /// Language of its version resource; any if left out. What a catalog of the Windows itself proves
    /// is in its language.
    pub language: Option<LanguageWord>,
    /// Whether a catalog on the PC that Microsoft signed may prove it.
    #[serde(default)]
    pub signed_catalog: bool,
    /// Digests of which any is proof.
    #[serde(default)]
    pub sha256: Vec<Sha256Digest>,
}

/// Language that a candidate must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LanguageWord {
    /// That of the system files of the Windows, such as `kernel32.dll`.
    LikeNeighbours,
}

/// Moves files aside, into the run's folder on the PC. Nothing is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveFile {
    /// The file, or with `*` and `?` in the last name the files.
    pub path: String,
    /// What must hold of each file, or it stays.
    pub guard: Guard,
}

/// What must hold of a file before it is touched. All parts given must hold; at least one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guard {
    /// Bytes that it must have.
    pub bytes: Option<BytesGuard>,
    /// Digests of which it must have one.
    pub sha256: Option<Vec<Sha256Digest>>,
    /// When it must have been written last.
    pub modified: Option<TimeWindow>,
}

impl Guard {
    /// Returns whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_none() && self.sha256.is_none() && self.modified.is_none()
    }
}

/// Bytes that a file must have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BytesGuard {
    /// Where they begin.
    #[serde(default)]
    pub offset: u64,
    /// What they must be.
    pub hex: HexBytes,
    /// Which bits of them count; all if left out. As long as `hex`.
    pub mask: Option<HexBytes>,
}

/// Gives a file another name in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameFile {
    /// The file.
    pub path: String,
    /// Its new name, without a folder.
    pub to: String,
    /// What must hold of it, or it stays.
    pub guard: Guard,
}

/// Sets a value of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetRegistryValue {
    /// The registry file.
    pub hive: HiveName,
    /// The key, as in tests of the registry. It must exist.
    pub key: String,
    /// The value.
    pub value: String,
    /// Its type.
    pub r#type: ValueWord,
    /// What it is to be.
    pub data: Scalar,
    /// What it must be before; anything if left out.
    pub old: Option<Scalar>,
}

/// Type of a value in remedies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueWord {
    /// `REG_DWORD`.
    Dword,
    /// `REG_QWORD`.
    Qword,
    /// `REG_SZ`.
    Text,
    /// `REG_EXPAND_SZ`.
    ExpandableText,
}

/// Sets how a service or driver starts, in the control sets that Windows uses now and that it last
/// started well with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetServiceStart {
    /// Its name in the registry.
    pub name: String,
    /// 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled.
    pub start: u32,
}

/// Returns what a start of a service means. Source: Microsoft, "CreateServiceW", `dwStartType`.
pub fn start_word(start: u32) -> &'static str {
    match start {
        0 => "with the boot loader",
        1 => "with the kernel",
        2 => "automatic",
        3 => "on demand",
        4 => "disabled",
        _ => "unknown",
    }
}

/// Puts back files that a product took into its quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreQuarantined {
    /// Which; `detection` is given.
    pub filter: QuarantineFilter,
    /// What to do where a file is in the way.
    pub conflict: ConflictWord,
    /// What each must be proven by.
    pub proof: ProofWord,
}

/// What to do where a file lies at the place of a quarantined one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictWord {
    /// Leave that file alone.
    Skip,
    /// Leave it alone if it is the same; else stop.
    Compare,
    /// Replace it if it is empty; else leave it alone.
    ReplaceIfEmpty,
}

/// What a quarantined file must be proven by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofWord {
    /// A catalog on the PC that Microsoft signed.
    SignedCatalog,
    /// Nothing beyond the quarantine's own word.
    None,
}
