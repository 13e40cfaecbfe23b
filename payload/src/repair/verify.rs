//! Looks at what was written: first on the change before it is committed, then on a fresh view.

use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::report::ChangeReport;

use crate::repair::plan::step::FileWrite;
use crate::repair::plan::{RecordPlan, RepairPlan};
use crate::repair::undo::find::read_record;
use crate::stick::hash_file;
use crate::windows::path::{Resolved, WindowsPath};

/// What was found after a repair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Every file of the plan as it is now.
    pub changes: Vec<ChangeReport>,
    /// What is not as planned, one line each; empty is good.
    pub problems: Vec<String>,
    /// What the person should know although it is as planned, one line each.
    pub remarks: Vec<String>,
}

/// Holds every file of `plan` against the volume mounted at `root`; `progress` is told the bytes of every
/// piece that was read of the files written.
pub fn verify_files(root: &Path, plan: &RepairPlan, progress: &mut dyn FnMut(u64)) -> Verified {
    let mut verified = Verified::default();
    for write in plan.writes() {
        let after = hash_at(root, &write.target, progress);
        check(
            &mut verified.problems,
            &write.target,
            &after,
            write.after.sha256,
        );
        if let (Some(kept), Some(before)) = (&write.kept, write.before) {
            let found = hash_at(root, kept, &mut |_| {});
            check(&mut verified.problems, kept, &found, before.sha256);
        }
        verified.changes.push(report_change(write, after.ok()));
    }
    if let Some(record) = &plan.record
        && let Err(reason) = check_record(root, record, plan)
    {
        verified.problems.push(format!("{}: {reason}", record.path));
    }
    for one in plan.moves() {
        let found = hash_at(root, &one.to, &mut |_| {});
        check(&mut verified.problems, &one.to, &found, one.before.sha256);
        // Another file may have taken its place.
        let is_taken = plan.moves().any(|other| other.to == one.from);
        if !is_taken && let Ok(sha256) = hash_at(root, &one.from, &mut |_| {}) {
            let problem = format!("{}: sha256 is {sha256}, expected nothing there", one.from);
            verified.problems.push(problem);
        }
        verified.changes.push(ChangeReport {
            path: one.from.to_string(),
            before: Some(one.before.sha256),
            after: None,
            kept: Some(one.to.to_string()),
        });
    }
    verified
}

/// Checks that what an undo needs can be read back and tells of every step.
fn check_record(root: &Path, record: &RecordPlan, plan: &RepairPlan) -> Result<(), String> {
    let read = read_record(root, &record.path, &record.run)?;
    let (found, expected) = (read.record.steps.len(), plan.steps.len());
    if read.record.undone.is_some() || found != expected {
        return Err(format!("a record of {found} steps, expected {expected}"));
    }
    Ok(())
}

fn report_change(write: &FileWrite, after: Option<Sha256Digest>) -> ChangeReport {
    ChangeReport {
        path: write.target.to_string(),
        before: write.before.map(|before| before.sha256),
        after,
        kept: write.kept.as_ref().map(ToString::to_string),
    }
}

fn check(
    problems: &mut Vec<String>,
    path: &WindowsPath,
    found: &Result<Sha256Digest, String>,
    expected: Sha256Digest,
) {
    match found {
        Ok(found) if *found == expected => {}
        Ok(found) => problems.push(format!("{path}: sha256 is {found}, expected {expected}")),
        Err(reason) => problems.push(format!("{path}: {reason}, expected sha256 {expected}")),
    }
}

/// Returns the digest of a file of the volume mounted at `root`, or what is there instead.
pub(super) fn hash_at(
    root: &Path,
    path: &WindowsPath,
    progress: &mut dyn FnMut(u64),
) -> Result<Sha256Digest, String> {
    match path.resolve(root) {
        Ok(Resolved::File { at, .. }) => hash_file(&at, progress).map_err(|e| e.to_string()),
        Ok(Resolved::Folder { .. }) => Err("a folder".into()),
        Ok(Resolved::Missing { .. }) => Err("not there".into()),
        Err(error) => Err(error.to_string()),
    }
}
