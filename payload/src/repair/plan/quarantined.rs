//! Plans which files of a quarantine are put back. Pure.

use rescue_stick::remedy::step::{ConflictWord, ProofWord};
use rescue_stick::report::{CandidateReport, Verdict};

use super::Obstacle;
use crate::repair::candidates::CandidateContent;
use crate::repair::detect::quarantined::{ItemFacts, QuarantinedFacts};
use crate::repair::detect::steps::{Content, FileFacts};
use crate::repair::plan::step::{FileWrite, Step, WriteSource};
use crate::windows::catalog::{Proof, SignedProof};
use crate::windows::path::WindowsPath;
use crate::windows::pe::PeIdentity;

/// Files that a plan lists one by one at most; all of them are in the report.
const MOST_LISTED: usize = 8;

pub(super) fn plan_quarantined(
    facts: &QuarantinedFacts,
    kept: &WindowsPath,
    candidates: &mut Vec<CandidateReport>,
) -> Result<Option<Step>, Obstacle> {
    candidates.extend(facts.gaps.iter().map(|gap| CandidateReport {
        place: format!("quarantine of {}", facts.step.filter.vendor),
        accepted: false,
        reason: gap.clone(),
        sha256: None,
    }));
    let mut writes: Vec<FileWrite> = Vec::new();
    for item in newest_first(&facts.items) {
        let sha256 = match item.content {
            CandidateContent::Present { sha256, .. } => Some(sha256),
            _ => None,
        };
        let judged = judge_item(facts, item, &writes);
        candidates.push(CandidateReport {
            place: item.item.to_string(),
            accepted: matches!(judged, Fate::PutBack(..)),
            reason: match &judged {
                Fate::PutBack(_, _, reason) | Fate::LeaveOut(reason) | Fate::Stop(reason) => {
                    reason.clone()
                }
            },
            sha256,
        });
        match judged {
            Fate::PutBack(target, after, _) => writes.push(FileWrite {
                target: target.path.clone(),
                before: target.content,
                kept: target.content.map(|_| target.path.below(kept)),
                source: WriteSource::Quarantine(Box::new(item.item.clone())),
                after,
                security_of: match target.content {
                    Some(_) => target.path.clone(),
                    None => item.neighbour.clone(),
                },
            }),
            Fate::LeaveOut(_) => {}
            Fate::Stop(reason) => return Err((Verdict::NeedsYou, vec![reason])),
        }
    }
    if writes.is_empty() {
        return Ok(None);
    }
    writes.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(Some(Step {
        text: describe(facts, &writes),
        package: None,
        writes,
        moves: Vec::new(),
    }))
}

/// Of several copies of one file the one that was taken last is the newest.
fn newest_first(items: &[ItemFacts]) -> Vec<&ItemFacts> {
    let mut items: Vec<&ItemFacts> = items.iter().collect();
    items.sort_by(|a, b| b.item.created.cmp(&a.item.created));
    items
}

/// What becomes of a file in a quarantine.
enum Fate<'a> {
    PutBack(&'a FileFacts, Content, String),
    LeaveOut(String),
    Stop(String),
}

fn judge_item<'a>(facts: &QuarantinedFacts, item: &'a ItemFacts, writes: &[FileWrite]) -> Fate<'a> {
    let (size, sha256, proof) = match &item.content {
        CandidateContent::Missing => return Fate::LeaveOut("not there".into()),
        CandidateContent::Unreadable(reason) | CandidateContent::Excluded(reason) => {
            return Fate::LeaveOut(reason.clone());
        }
        CandidateContent::Present {
            size,
            sha256,
            proof,
            identity,
            ..
        } => (*size, *sha256, (proof.as_deref(), identity.as_ref().ok())),
    };
    let target = match &item.target {
        Ok(target) => target,
        Err(reason) => return Fate::LeaveOut(reason.clone()),
    };
    if size == 0 {
        return Fate::LeaveOut("empty".into());
    }
    if writes.iter().any(|write| write.target == target.path) {
        return Fate::LeaveOut("an older copy".into());
    }
    let reason = match (facts.step.proof, proof) {
        (ProofWord::None, _) => "as the quarantine has it; not proven".to_owned(),
        (ProofWord::SignedCatalog, (Some(Proof::Signed(signed)), identity)) => {
            if let Err(reason) = check_signed_name(target.path.name(), signed, identity) {
                return Fate::LeaveOut(reason);
            }
            format!("signed by Microsoft ({})", signed.catalog)
        }
        (ProofWord::SignedCatalog, (Some(proof), _)) => return Fate::LeaveOut(proof.to_string()),
        (ProofWord::SignedCatalog, (None, _)) => {
            return Fate::LeaveOut("there are no catalogs to prove it".into());
        }
    };
    let after = Content { size, sha256 };
    let Some(found) = target.content else {
        return Fate::PutBack(target, after, reason);
    };
    let path = &target.path;
    if found.sha256 == sha256 {
        return Fate::LeaveOut(format!("{path} is there already, the same"));
    }
    match facts.step.conflict {
        ConflictWord::ReplaceIfEmpty if found.size == 0 => Fate::PutBack(target, after, reason),
        ConflictWord::Skip | ConflictWord::ReplaceIfEmpty => {
            Fate::LeaveOut(format!("{path} is there, another file"))
        }
        ConflictWord::Compare => Fate::Stop(format!(
            "{path} is there and is not what the quarantine has; have someone look which is right"
        )),
    }
}

/// Checks that what Microsoft signed is called so. A catalog says that a file is genuine, not that it is for
/// this place, and who can write to a quarantine can give any genuine file any place.
fn check_signed_name(
    name: &str,
    signed: &SignedProof,
    identity: Option<&PeIdentity>,
) -> Result<(), String> {
    let original = identity.and_then(|identity| identity.original_name.as_deref());
    // Programs whose texts lie in a file of their own say the name of that one. Observed: Windows 7.
    let original = original.map(|name| name.strip_suffix(".mui").unwrap_or(name));
    let mut known = [original, signed.member.as_deref()].into_iter().flatten();
    match known.clone().next() {
        None => Err(format!(
            "signed by Microsoft, but nothing says that it is {name}"
        )),
        Some(_) if known.any(|known| known.eq_ignore_ascii_case(name)) => Ok(()),
        Some(other) => Err(format!("signed by Microsoft as {other}, not as {name}")),
    }
}

fn describe(facts: &QuarantinedFacts, writes: &[FileWrite]) -> Vec<String> {
    let vendor = &facts.step.filter.vendor;
    let detection = facts.step.filter.detection.as_deref().unwrap_or_default();
    let count = match writes.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let mut text = vec![format!(
        "restore  {count} from the quarantine of {vendor}, taken for {detection}"
    )];
    let listed = writes.iter().take(MOST_LISTED);
    text.extend(listed.map(|write| write.target.to_string()));
    let more = writes.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        text.push(format!("and {more} more, all of them in the report"));
    }
    text.push(match facts.step.proof {
        ProofWord::SignedCatalog => "each is signed by Microsoft".into(),
        ProofWord::None => "as the quarantine has them; not proven by signature".into(),
    });
    let replaces = writes.iter().any(|write| write.before.is_some());
    text.push(match (writes.len(), replaces) {
        (1, false) => "undo: remove it".into(),
        (_, false) => "undo: remove them".into(),
        (_, true) => "undo: remove them, and put the kept copies back".into(),
    });
    text
}
