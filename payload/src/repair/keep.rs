//! Keeping a report on the PC when the stick does not take it. It goes the way of every write, through the
//! overlay and the journal, and only onto a volume that this run has repaired: no PC is written to for the
//! sake of a report.

use std::io::Write as _;
use std::path::Path;

use fs_err as fs;
use rescue_stick::report::{Report, Verdict};

use crate::machine::{CommitLabel, Machine, Volume, VolumeError, VolumeState};
use crate::repair::carry_out::UNPROTECTED;
use crate::stick::reports::SealedReport;

/// Bytes that folders and tables of a file system may take besides the files.
const MARGIN: u64 = 1 << 20;

/// Folder of all that is kept on a PC.
const FOLDER: &str = "mendkit";

/// Keeps the report beside the former files of its repair. Returns its folder, or why it is not there; `None`
/// if nothing was repaired, so that nothing may be written.
pub fn keep_report(
    machine: &dyn Machine,
    report: &Report,
    sealed: &SealedReport,
) -> Option<Result<String, String>> {
    let installations = report.installations.iter();
    let repaired = installations
        .filter(|one| one.verdict == Verdict::Repaired)
        .find_map(|one| {
            let mut volumes = machine.volumes().iter();
            let volume = volumes.find(|volume| volume.facts().name == one.volume)?;
            let is_safe = matches!(
                volume.facts().state,
                VolumeState::Clean | VolumeState::Dirty
            );
            is_safe.then_some((one, volume))
        });
    let (installation, volume) = repaired?;
    let is_unprotected = installation.advice.iter().any(|line| line == UNPROTECTED);
    let label = CommitLabel {
        run: report.run.clone(),
        computer: installation.computer.clone().unwrap_or_default(),
    };
    let kept = write(volume.as_ref(), is_unprotected, &label, sealed);
    Some(kept.map_err(|error| error.to_string()))
}

fn write(
    volume: &dyn Volume,
    is_unprotected: bool,
    label: &CommitLabel,
    sealed: &SealedReport,
) -> Result<String, VolumeError> {
    let files = sealed.files();
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let needed = u64::try_from(bytes).unwrap_or(u64::MAX);
    let needed = needed.saturating_add(MARGIN);
    volume.check_change(needed)?;
    volume.check_access()?;
    let change = if is_unprotected {
        volume.begin_unprotected_change(needed)?
    } else {
        volume.begin_change(needed)?
    };
    let written = write_files(&change.root().join(FOLDER).join(&label.run), &files);
    written.map_err(|error| VolumeError::Io {
        volume: volume.facts().name.clone(),
        doing: "keeping the report",
        reason: error.to_string(),
    })?;
    change.commit(label)?;
    Ok(format!("\\{FOLDER}\\{}", label.run))
}

fn write_files(folder: &Path, files: &[(&str, &[u8])]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, content) in files {
        // Nothing that is there is written over.
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .open(folder.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    fs::File::open(folder)?.sync_all()
}
