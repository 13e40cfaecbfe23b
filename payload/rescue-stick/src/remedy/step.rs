//! The steps of a remedy as data: what is done when it applies.

use serde::Deserialize;

use crate::digest::Sha256Digest;
use crate::remedy::predicate::{
    HiveName, QuarantineFilter, Scalar, TimeWindow, check_bytes, check_key, check_service_name,
};
use crate::remedy::value::{HexBytes, PATH_EXPECTATION, check_path};
use crate::remedy::{RemedyError, sense};

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

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStep {
    install_definitions: Option<String>,
    restore_file: Option<String>,
    remove_file: Option<String>,
    rename: Option<String>,
    set_registry_value: Option<SetRegistryValue>,
    set_service_start: Option<SetServiceStart>,
    restore_quarantined: Option<QuarantineFilter>,
    note: Option<String>,
    r#if: Option<Vec<FileState>>,
    from: Option<Vec<CandidateSource>>,
    quarantine: Option<QuarantineTest>,
    accept: Option<Acceptance>,
    guard: Option<Guard>,
    to: Option<String>,
    conflict: Option<ConflictWord>,
    proof: Option<ProofWord>,
}

const ALL_ACTIONS: &str = "install-definitions, restore-file, remove-file, rename, set-registry-value, \
                           set-service-start, restore-quarantined or note";

impl RawStep {
    pub(super) fn check(mut self, number: usize) -> Result<RemedyStep, RemedyError> {
        let place = format!("step {number}");
        let actions = [
            self.install_definitions.is_some(),
            self.restore_file.is_some(),
            self.remove_file.is_some(),
            self.rename.is_some(),
            self.set_registry_value.is_some(),
            self.set_service_start.is_some(),
            self.restore_quarantined.is_some(),
            self.note.is_some(),
        ];
        match actions.into_iter().filter(|given| *given).count() {
            0 => return Err(sense(&place, "no action".into(), ALL_ACTIONS)),
            1 => {}
            count => {
                let finding = format!("{count} actions");
                return Err(sense(&place, finding, "one action a step"));
            }
        }
        let step = self.take_action(&place)?;
        // What an action knows was taken; what is left does not belong to it.
        match self.left_over() {
            Some(key) => Err(sense(
                &place,
                format!("{key} with an action that does not know it"),
                "only keys of its own action",
            )),
            None => Ok(step),
        }
    }

    fn take_action(&mut self, place: &str) -> Result<RemedyStep, RemedyError> {
        if let Some(set) = self.install_definitions.take() {
            return Ok(RemedyStep::InstallDefinitions { set });
        }
        if let Some(target) = self.restore_file.take() {
            return self.take_restore(place, target);
        }
        if let Some(path) = self.remove_file.take() {
            check(place, &path, true)?;
            let guard = self.guard.take().unwrap_or_default();
            guard.check(place)?;
            if guard.is_empty() {
                let finding = "remove-file without guard".to_owned();
                return Err(sense(place, finding, "bytes, sha256 or modified"));
            }
            return Ok(RemedyStep::RemoveFile(RemoveFile { path, guard }));
        }
        if let Some(path) = self.rename.take() {
            return self.take_rename(place, path);
        }
        if let Some(step) = self.set_registry_value.take() {
            step.check(place)?;
            return Ok(RemedyStep::SetRegistryValue(step));
        }
        if let Some(step) = self.set_service_start.take() {
            check_service_name(place, &step.name)?;
            if step.start > 4 {
                let finding = format!("start is {}", step.start);
                return Err(sense(place, finding, "a number from 0 to 4"));
            }
            return Ok(RemedyStep::SetServiceStart(step));
        }
        if let Some(filter) = self.restore_quarantined.take() {
            return self.take_quarantined(place, filter);
        }
        let text = self.note.take().unwrap_or_default();
        if text.trim().is_empty() || text.contains('\n') {
            return Err(sense(
                place,
                format!("note is {text:?}"),
                "one line of text",
            ));
        }
        Ok(RemedyStep::Note { text })
    }

    fn take_restore(&mut self, place: &str, target: String) -> Result<RemedyStep, RemedyError> {
        check(place, &target, false)?;
        let states = self.r#if.take().unwrap_or_default();
        let sources = self.from.take().unwrap_or_default();
        let quarantine = self.quarantine.take();
        if states.is_empty() || sources.is_empty() {
            let finding = "restore-file without if or from".to_owned();
            return Err(sense(place, finding, "both, neither empty"));
        }
        check_quarantine(place, &sources, quarantine.as_ref())?;
        let Some(accept) = self.accept.take() else {
            let finding = "restore-file without accept".to_owned();
            return Err(sense(place, finding, "the identity a candidate must have"));
        };
        if accept.version_numbers().is_none() {
            let finding = format!("accept.version is {:?}", accept.version);
            return Err(sense(
                place,
                finding,
                "four numbers, such as \"5.1.2600.5512\"",
            ));
        }
        Ok(RemedyStep::RestoreFile(RestoreFile {
            target,
            states,
            sources,
            quarantine,
            accept,
        }))
    }

    fn take_rename(&mut self, place: &str, path: String) -> Result<RemedyStep, RemedyError> {
        check(place, &path, false)?;
        let guard = self.guard.take().unwrap_or_default();
        guard.check(place)?;
        let to = self.to.take().unwrap_or_default();
        // Any path will do that the name can be tried in.
        if to.contains('\\') || check_path(&format!("{{windows}}\\{to}"), false).is_some() {
            let expectation = "a plain name without a folder";
            return Err(sense(place, format!("to is {to:?}"), expectation));
        }
        Ok(RemedyStep::Rename(RenameFile { path, to, guard }))
    }

    fn take_quarantined(
        &mut self,
        place: &str,
        filter: QuarantineFilter,
    ) -> Result<RemedyStep, RemedyError> {
        if filter.detection.is_none() {
            let finding = "restore-quarantined without detection".to_owned();
            return Err(sense(place, finding, "what the files were taken for"));
        }
        let (Some(conflict), Some(proof)) = (self.conflict.take(), self.proof.take()) else {
            let finding = "restore-quarantined without conflict or proof".to_owned();
            return Err(sense(place, finding, "both"));
        };
        Ok(RemedyStep::RestoreQuarantined(RestoreQuarantined {
            filter,
            conflict,
            proof,
        }))
    }

    fn left_over(&self) -> Option<&'static str> {
        let left = [
            ("if", self.r#if.is_some()),
            ("from", self.from.is_some()),
            ("quarantine", self.quarantine.is_some()),
            ("accept", self.accept.is_some()),
            ("guard", self.guard.is_some()),
            ("to", self.to.is_some()),
            ("conflict", self.conflict.is_some()),
            ("proof", self.proof.is_some()),
        ];
        left.into_iter()
            .find_map(|(key, given)| given.then_some(key))
    }
}

impl Guard {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        if let Some(bytes) = &self.bytes {
            check_bytes(place, &bytes.hex, bytes.mask.as_ref())?;
        }
        if self.sha256.as_ref().is_some_and(Vec::is_empty) {
            return Err(sense(place, "no sha256".into(), "at least one"));
        }
        self.modified.map_or(Ok(()), |window| window.check(place))
    }
}

impl SetRegistryValue {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        check_key(place, &self.key)?;
        for scalar in [Some(&self.data), self.old.as_ref()].into_iter().flatten() {
            let fits = match (self.r#type, scalar) {
                (ValueWord::Dword, Scalar::Number(number)) => u32::try_from(*number).is_ok(),
                (ValueWord::Qword, Scalar::Number(_)) => true,
                (ValueWord::Text | ValueWord::ExpandableText, Scalar::Text(_)) => true,
                _ => false,
            };
            if !fits {
                let finding = format!("{scalar} for another type");
                let expectation = "a number for dword and qword, else a text";
                return Err(sense(place, finding, expectation));
            }
        }
        if self.old.as_ref() == Some(&self.data) {
            let finding = format!("old and data are both {}", self.data);
            return Err(sense(place, finding, "a change"));
        }
        Ok(())
    }
}

fn check(place: &str, path: &str, wildcards: bool) -> Result<(), RemedyError> {
    match check_path(path, wildcards) {
        Some(finding) => Err(sense(&format!("{place}: path"), finding, PATH_EXPECTATION)),
        None => Ok(()),
    }
}

/// Checks that files of a quarantine are never taken by their name alone, and that what is said of
/// them is not said in vain.
fn check_quarantine(
    place: &str,
    sources: &[CandidateSource],
    test: Option<&QuarantineTest>,
) -> Result<(), RemedyError> {
    let is_source = |source: &CandidateSource| matches!(source, CandidateSource::Quarantine { .. });
    let finding = match (sources.iter().any(is_source), test) {
        (false, None) => return Ok(()),
        (true, Some(test)) if test.detection.is_some() => return Ok(()),
        (true, _) => "a quarantine in from, but no detection in quarantine",
        (false, Some(_)) => "quarantine, but none in from",
    };
    let expectation = "both a VENDOR-quarantine and what it took the file for, or neither";
    Err(sense(place, finding.to_owned(), expectation))
}

impl Acceptance {
    /// Returns the version as four numbers.
    pub fn version_numbers(&self) -> Option<[u16; 4]> {
        let numbers: Result<Vec<u16>, _> = self.version.split('.').map(str::parse).collect();
        numbers.ok()?.try_into().ok()
    }
}
