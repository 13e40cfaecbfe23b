//! Plans what moves files: removing them, which keeps them, and renaming. Pure.

use rescue_stick::report::{CandidateReport, Verdict};

use super::Obstacle;
use crate::repair::detect::files::{GuardedFile, MoveFacts, MoveTo};
use crate::repair::plan::step::{FileMove, Step};
use crate::repair::predicates::Holds;
use crate::repair::predicates::files::judge_guard;
use crate::windows::path::WindowsPath;

pub(super) fn plan_moves(
    facts: &MoveFacts,
    kept: &WindowsPath,
    candidates: &mut Vec<CandidateReport>,
) -> Result<Option<Step>, Obstacle> {
    let files = facts.files.as_ref().map_err(|reason| {
        let advice = format!("{}: its state cannot be told: {reason}", facts.path);
        (Verdict::NeedsYou, vec![advice])
    })?;
    let mut moves = Vec::new();
    let mut lines = Vec::new();
    for file in files {
        let judgement = judge_guard(&facts.guard, file);
        let evidence = judgement.evidence.join(", ");
        match judgement.answer {
            Holds::Yes => {
                moves.push(FileMove {
                    from: file.path.clone(),
                    to: destination(facts, file, kept)?,
                    before: file.content,
                    attributes: None,
                });
                lines.push((file, evidence));
            }
            Holds::No => candidates.push(left_alone(file, &evidence)),
            Holds::CannotTell => {
                let advice = format!(
                    "it cannot be told whether {} is meant: {evidence}",
                    file.path
                );
                return Err((Verdict::NeedsYou, vec![advice]));
            }
        }
    }
    let Some((first, evidence)) = lines.first() else {
        return Ok(None);
    };
    let mut text = Vec::new();
    match (&facts.to, lines.as_slice()) {
        (MoveTo::Name { name, .. }, _) => {
            text.push(format!("rename   {} to {name}", first.path));
            text.push(evidence.clone());
            text.push("undo: give it its former name".into());
        }
        (MoveTo::Aside, [_]) => {
            text.push(format!("remove   {}", first.path));
            text.push(evidence.clone());
            text.push("undo: put it back".into());
        }
        (MoveTo::Aside, several) => {
            let folder = first.path.folder();
            text.push(format!("remove   {} files of {folder}", several.len()));
            let each = several.iter();
            text.extend(each.map(|(file, evidence)| format!("{}: {evidence}", file.path.name())));
            text.push("undo: put them back".into());
        }
    }
    Ok(Some(Step {
        text,
        package: None,
        writes: Vec::new(),
        moves,
    }))
}

fn destination(
    facts: &MoveFacts,
    file: &GuardedFile,
    kept: &WindowsPath,
) -> Result<WindowsPath, Obstacle> {
    match &facts.to {
        MoveTo::Aside => Ok(file.path.below(kept)),
        MoveTo::Name { name, taken } => {
            let needs_you = |advice: String| (Verdict::NeedsYou, vec![advice]);
            match taken {
                Ok(None) => file
                    .path
                    .folder()
                    .join(name)
                    .map_err(|error| needs_you(error.to_string())),
                Ok(Some(path)) => Err(needs_you(format!(
                    "{} cannot be renamed: {path} is there already; have someone look",
                    file.path
                ))),
                Err(reason) => Err(needs_you(format!(
                    "{} cannot be renamed: {reason}",
                    file.path
                ))),
            }
        }
    }
}

fn left_alone(file: &GuardedFile, evidence: &str) -> CandidateReport {
    CandidateReport {
        place: file.path.to_string(),
        accepted: false,
        reason: format!("left alone: {evidence}"),
        sha256: Some(file.content.sha256),
    }
}
