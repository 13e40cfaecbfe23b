//! The tests of a remedy as data. What they mean on a PC is judged elsewhere; [`check`] only sees to it that
//! they make sense.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::remedy::value::{HexBytes, NumberRange, UtcMoment, Version, VersionRange};
use crate::remedy::{RemedyError, sense};

pub(super) mod check;

/// Nested tests at most; deeper ones nobody reads aloud.
const MAX_DEPTH: usize = 8;

/// Bytes that a `bytes` test compares at most.
const MOST_BYTES: usize = 4096;

/// A test with three answers: yes, no, cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicate {
    /// All of them hold.
    All(Vec<Predicate>),
    /// At least one of them holds.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// About the volume of an installation.
    Volume(VolumeTest),
    /// About the Windows of an installation.
    Os(OsTest),
    /// About a file.
    File(FileTest),
    /// About the number of files that fit a pattern.
    Glob(GlobTest),
    /// About bytes in a file.
    Bytes(BytesTest),
    /// About the digest of a file.
    Hash(HashTest),
    /// About what a program file says it is.
    Pe(PeTest),
    /// Whether a catalog of Windows proves a file.
    Signed(SignedTest),
    /// About when a file was last written.
    Time(TimeTest),
    /// About a value in the registry.
    Registry(RegistryTest),
    /// About a service or driver.
    Service(ServiceTest),
    /// About an installed security product.
    Product(ProductTest),
    /// About files in a quarantine.
    Quarantine(QuarantineFilter),
    /// About lines of a log.
    Log(LogTest),
}

/// About the volume of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VolumeTest {
    /// States of which it must be in one; never empty.
    pub state: Vec<VolumeWord>,
}

/// State of a volume in remedies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeWord {
    /// In order.
    Clean,
    /// Windows will check it.
    Dirty,
    /// Not shut down cleanly.
    Unclean,
    /// Windows sleeps on it.
    Hibernated,
}

/// About the Windows of an installation. Parts left out are not tested.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OsTest {
    /// Family name as in `mend`'s table of Windows versions: `xp`, `vista`, `7`, …
    pub family: Option<String>,
    /// Version of the kernel with the build, `5.1.2600` or `10.0.22631`.
    pub version: Option<VersionRange>,
    /// Number of the service pack; 0 is none.
    pub service_pack: Option<u32>,
    /// Build number.
    pub build: Option<NumberRange>,
    /// Processor of its system files.
    pub architecture: Option<Architecture>,
    /// Language it was installed in, by its English name.
    pub language: Option<String>,
}

/// Processor that a Windows or a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// Returns the word that remedies use.
    pub fn word(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

/// About a file. Parts left out are not tested.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileTest {
    /// The file.
    pub path: String,
    /// What it is.
    pub state: Option<FileWord>,
    /// Its exact size in bytes.
    pub size: Option<u64>,
    /// Its size in bytes.
    pub size_range: Option<NumberRange>,
}

/// State of a file in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileWord {
    /// It is there, with any size.
    Exists,
    /// It is not there.
    Missing,
    /// It is there with a size of 0.
    Empty,
}

/// About the number of files that fit a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GlobTest {
    /// The files; `*` and `?` in the last name.
    pub path: String,
    /// How many; at least one if left out.
    pub count: Option<NumberRange>,
}

/// About bytes in a file. Of several files that fit, one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BytesTest {
    /// The file, or files.
    pub path: String,
    /// Where the bytes begin.
    #[serde(default)]
    pub offset: u64,
    /// What they must be.
    pub hex: HexBytes,
    /// Which bits of them count; all if left out. As long as `hex`.
    pub mask: Option<HexBytes>,
}

/// About the digest of a file. Of several files that fit, one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HashTest {
    /// The file, or files.
    pub path: String,
    /// The digests of which it must have one; never empty.
    pub sha256: Vec<Sha256Digest>,
}

/// About what a program file says it is. Of several files that fit, one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PeTest {
    /// The file, or files.
    pub path: String,
    /// Its exact version.
    pub version: Option<Version>,
    /// Its version.
    pub version_range: Option<VersionRange>,
    /// Its processor.
    pub machine: Option<Architecture>,
    /// `OriginalFilename` of the version resource, compared without case.
    pub original_name: Option<String>,
    /// Whether the checksum in its header is that of its content.
    pub checksum: Option<ChecksumWord>,
}

/// State of a program file's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChecksumWord {
    /// As its header says.
    Right,
    /// Otherwise.
    Wrong,
}

/// Whether a catalog that Microsoft signed lists a file. Of several files that fit, one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignedTest {
    /// The file, or files.
    pub path: String,
}

/// About when a file was last written. Of several files that fit, one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TimeTest {
    /// The file, or files.
    pub path: String,
    /// When.
    pub modified: TimeWindow,
}

/// A time window in UTC; a side left out is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TimeWindow {
    /// The first moment that is meant.
    pub from: Option<UtcMoment>,
    /// The first moment that is not meant any more.
    pub before: Option<UtcMoment>,
}

impl TimeWindow {
    /// Returns whether a moment is in it.
    pub fn holds(&self, moment: UtcMoment) -> bool {
        self.from.is_none_or(|from| moment >= from)
            && self.before.is_none_or(|before| moment < before)
    }

    /// Returns whether it begins after `earliest` and ends before `latest`.
    pub fn is_within(&self, earliest: UtcMoment, latest: UtcMoment) -> bool {
        self.from.is_some_and(|from| from > earliest)
            && self.before.is_some_and(|before| before <= latest)
    }

    pub(super) fn check(&self, place: &str) -> Result<(), RemedyError> {
        match (self.from, self.before) {
            (None, None) => Err(sense(place, "no moment".into(), "from, before or both")),
            (Some(from), Some(before)) if from >= before => {
                let finding = format!("from {from} before {before}");
                Err(sense(place, finding, "a window with room in it"))
            }
            _ => Ok(()),
        }
    }
}

/// A registry file of a Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiveName {
    /// `HKLM\SOFTWARE`.
    Software,
    /// `HKLM\SYSTEM`.
    System,
}

impl HiveName {
    /// Returns the name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::System => "system",
        }
    }

    /// Returns its place in the registry of a running Windows.
    pub fn root(self) -> &'static str {
        match self {
            Self::Software => "HKLM\\SOFTWARE",
            Self::System => "HKLM\\SYSTEM",
        }
    }
}

/// About a value in the registry. Exactly one comparison.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryTest {
    /// The registry file.
    pub hive: HiveName,
    /// The key, relative to it. In `software` of a 64-bit Windows it is looked for below `Wow6432Node`
    /// first; in `system`, `CurrentControlSet` is the one that Windows would use.
    pub key: String,
    /// The value; empty for the key's default value.
    pub value: String,
    /// Whether it is there.
    pub state: Option<Presence>,
    /// What it is.
    pub equals: Option<Scalar>,
    /// What it is less than.
    pub less: Option<Scalar>,
    /// What it is at least.
    pub at_least: Option<Scalar>,
    /// A pattern with `*` and `?` that its text fits.
    pub matches: Option<String>,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is.
    Exists,
    /// It is not.
    Missing,
}

/// A number, or a text. Texts are ordered as versions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// About a service or driver in the control set that Windows would use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceTest {
    /// Its name in the registry.
    pub name: String,
    /// How it starts: one of these. Left out: it is there.
    pub start: Option<Vec<u32>>,
}

/// About an installed security product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProductTest {
    /// Vendor as in `mend`'s table of products.
    pub vendor: String,
    /// Version of the product itself.
    pub version: Option<VersionRange>,
    /// Version of the definitions that the product states, up to a full stop: `5958` matches
    /// `5958.0000`.
    pub definitions: Option<String>,
    /// Versions of the definitions that the product states.
    pub definitions_range: Option<VersionRange>,
}

/// Selects files in the quarantine of a vendor. All parts given must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuarantineFilter {
    /// Vendor as in `mend`'s tables.
    pub vendor: String,
    /// What they were taken for; the product may add to it (`W32/Wecorl.a!mem`).
    pub detection: Option<String>,
    /// Version of the definitions that took them, up to a full stop.
    pub definitions: Option<String>,
    /// Name of the file; `*` and `?` are allowed.
    pub name: Option<String>,
}

/// About lines of a log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogTest {
    /// The log, or logs.
    pub path: String,
    /// What a line has in it; case is not regarded.
    pub contains: String,
    /// How many lines from the end are looked at.
    #[serde(default = "usual_last_lines")]
    pub last_lines: usize,
}

fn usual_last_lines() -> usize {
    1000
}
