//! Writes down what an undo needs once Windows has run, before the first file is moved.

use std::io::Write as _;

use fs_err as fs;
use rescue_stick::undo::{
    ChangedHive, FileAttributes, FileContent, KeptFile, MovedFile, UNDO_SCHEMA, UndoRecord,
    UndoStep, WrittenFile,
};

use super::stage::Former;
use super::{ApplyError, Traces, io_at, make_folders, precondition};
use crate::machine::VolumeChange;
use crate::repair::detect::steps::Content;
use crate::repair::plan::step::{FileMove, FileWrite, Step, WriteSource};
use crate::repair::plan::{RecordPlan, RepairPlan};
use crate::windows::listings::Listings;
use crate::windows::path::Resolved;

/// Writes the record of `plan`, which meets what `former` holds.
pub(super) fn write_record(
    plan: &RepairPlan,
    record: &RecordPlan,
    former: &[Former],
    (change, listings): (&dyn VolumeChange, &Listings<'_>),
    traces: &mut Traces,
) -> Result<(), ApplyError> {
    let path = &record.path;
    let folder = make_folders(
        plan,
        (change, listings),
        &path.folder(),
        &mut traces.folders,
    )?;
    let Resolved::Missing { .. } = path.resolve_in(listings)? else {
        return Err(precondition(path, "there already", "a free name"));
    };
    let steps = plan.steps.iter().zip(former);
    let record = UndoRecord {
        schema: UNDO_SCHEMA,
        run: record.run.clone(),
        windows: record.windows.to_string(),
        remedy: record.remedy.clone(),
        written: record.written.clone(),
        undone: None,
        steps: steps
            .map(|(step, former)| record_step(step, former))
            .collect(),
    };
    let at = folder.join(path.name());
    traces.made.push(at.clone());
    let write = || {
        let options = fs::OpenOptions::new().write(true).create_new(true).clone();
        let mut file = options.open(&at)?;
        file.write_all(record.to_text().as_bytes())?;
        if change.is_provisional() {
            return Ok(());
        }
        file.sync_all()?;
        fs::File::open(&folder)?.sync_all()
    };
    let written = write().map_err(|error| io_at(path, "writing", error));
    listings.forget(&folder);
    written
}

fn record_step(step: &Step, former: &Former) -> UndoStep {
    let mut recorded = UndoStep {
        is_set: step.package.is_some(),
        written: Vec::new(),
        moved: Vec::new(),
        hives: Vec::new(),
    };
    let writes = step.writes.iter().zip(&former.writes).zip(&former.values);
    for ((write, attributes), values) in writes {
        let file = written_file(write, attributes.as_ref());
        match (&write.source, recorded.hives.last_mut()) {
            (WriteSource::Hive(change), _) => {
                if let Some(before) = file.before {
                    recorded.hives.push(ChangedHive {
                        hive: change.name,
                        path: file.path,
                        before,
                        after: file.after,
                        made_keys: Vec::new(),
                        values: values.clone(),
                        emptied_logs: Vec::new(),
                    });
                }
            }
            // A plan empties nothing but the logs of the registry file that it writes before.
            (WriteSource::Empty, Some(hive)) => hive.emptied_logs.push(file),
            _ => recorded.written.push(file),
        }
    }
    let moves = step.moves.iter().zip(&former.moves);
    recorded.moved = moves.map(|(one, former)| moved_file(one, former)).collect();
    recorded
}

fn written_file(write: &FileWrite, attributes: Option<&FileAttributes>) -> WrittenFile {
    let before = write.before.zip(write.kept.as_ref());
    WrittenFile {
        path: write.target.to_string(),
        before: before.map(|(before, kept)| KeptFile {
            kept: kept.to_string(),
            content: content(before),
            attributes: attributes.cloned().unwrap_or_default(),
        }),
        after: content(write.after),
    }
}

fn moved_file(one: &FileMove, former: &FileAttributes) -> MovedFile {
    MovedFile {
        from: one.from.to_string(),
        to: one.to.to_string(),
        content: content(one.before),
        attributes: former.clone(),
    }
}

fn content(content: Content) -> FileContent {
    FileContent {
        size: content.size,
        sha256: content.sha256,
    }
}
