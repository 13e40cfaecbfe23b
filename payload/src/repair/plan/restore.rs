//! Plans which file is put back, and from where. Pure.

use rescue_stick::report::{CandidateReport, Verdict};

use super::Obstacle;
use super::bring::what_to_bring;
use crate::repair::candidates::{CandidatePlace, Chosen, choose_candidate};
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::restore::RestoreFacts;
use crate::repair::detect::steps::Content;
use crate::repair::plan::step::{FileWrite, Step, WriteSource};
use crate::windows::path::WindowsPath;

pub(super) fn plan_restore(
    facts: &InstallationFacts,
    step: &RestoreFacts,
    kept: &WindowsPath,
    candidates: &mut Vec<CandidateReport>,
) -> Result<Option<Step>, Obstacle> {
    let target = step.target.as_ref().map_err(|reason| {
        let advice = format!("{}: its state cannot be told: {reason}", step.step.target);
        (Verdict::NeedsYou, vec![advice])
    })?;
    if step.state().is_none() {
        return Ok(None);
    }
    let yardstick = step.yardstick(facts.installation.architecture);
    let (chosen, reports) = choose_candidate(&step.candidates, &yardstick);
    candidates.extend(reports);
    let path = &target.path;
    let Some(chosen) = chosen else {
        let advice = what_to_bring(facts, step, path.name());
        return Err((Verdict::NeedsYou, advice));
    };
    let undo = match target.content {
        Some(_) => "undo: put the kept copy back",
        None => "undo: remove it",
    };
    Ok(Some(Step {
        text: vec![
            format!("restore  {path} from {}", chosen.place),
            chosen.reason.clone(),
            undo.to_owned(),
        ],
        package: None,
        writes: vec![FileWrite {
            target: path.clone(),
            before: target.content,
            kept: target.content.map(|_| path.below(kept)),
            after: Content {
                size: chosen.size,
                sha256: chosen.sha256,
            },
            source: write_source(chosen),
            security_of: step.neighbour.clone(),
        }],
        moves: Vec::new(),
    }))
}

fn write_source(chosen: Chosen) -> WriteSource {
    match chosen.place {
        CandidatePlace::Volume(path) => WriteSource::Volume(path),
        CandidatePlace::Cabinet { cabinet, member } => WriteSource::Cabinet { cabinet, member },
        CandidatePlace::Quarantine(item) => WriteSource::Quarantine(item),
        CandidatePlace::Stick(path) => WriteSource::Stick(path),
        CandidatePlace::OtherDrive { content, .. } => WriteSource::Read(content),
    }
}
