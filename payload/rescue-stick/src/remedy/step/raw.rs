//! Steps as they are written, and whether they make sense.

use serde::Deserialize;

use super::{
    Acceptance, CandidateSource, ConflictWord, FileState, Guard, ProofWord, QuarantineTest,
    RemedyStep, RemoveFile, RenameFile, RestoreFile, RestoreQuarantined, SetRegistryValue,
    SetServiceStart, ValueWord,
};
use crate::remedy::predicate::check::{check_bytes, check_key, check_service_name};
use crate::remedy::predicate::{QuarantineFilter, Scalar};
use crate::remedy::value::{PATH_EXPECTATION, check_path};
use crate::remedy::{RemedyError, sense};

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::remedy) struct RawStep {
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
    pub(in crate::remedy) fn check(mut self, number: usize) -> Result<RemedyStep, RemedyError> {
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
