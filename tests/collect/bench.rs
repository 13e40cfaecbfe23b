//! What the tests share: a campaign in a folder, and collecting it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use fs_err as fs;
use mendkit::collect::outcome::ALL_OUTCOMES;
use mendkit::collect::{CollectOptions, Collected, collect};
use mendkit::stick::receipts::read_ledger;
use support::campaign::{CampaignSpec, MadeCampaign, make_campaign};
use tempfile::TempDir;

/// A campaign and the folder it is collected into.
pub(crate) struct Bench {
    pub(crate) made: MadeCampaign,
    folder: TempDir,
}

impl Bench {
    /// Makes a campaign.
    pub(crate) fn new(spec: &CampaignSpec) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let made = make_campaign(folder.path(), spec)?;
        Ok(Self { made, folder })
    }

    /// Makes the campaign of the transcript: 213 machines.
    pub(crate) fn usual() -> Result<Self> {
        Self::new(&CampaignSpec::default())
    }

    /// Makes a small one.
    pub(crate) fn small() -> Result<Self> {
        Self::new(&CampaignSpec {
            machines: 12,
            sticks: 2,
            sites: 2,
            programs: 2,
        })
    }

    /// Returns a path beside the sticks.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the folder of the campaign.
    pub(crate) fn out(&self) -> PathBuf {
        self.path("acme")
    }

    /// Returns what a file in the folder of the campaign holds.
    pub(crate) fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.out().join(name))?)
    }

    /// Returns how it is collected from these sources.
    pub(crate) fn options(&self, sources: &[PathBuf]) -> Result<CollectOptions> {
        let receipts = read_ledger(&self.made.receipts)?.receipts;
        let keys = receipts
            .into_iter()
            .filter_map(|one| Some((one.stick?, one.public_key?)));
        Ok(CollectOptions {
            sources: sources.to_vec(),
            folder: self.out(),
            keys: keys.collect(),
            expected: None,
            costs: Vec::new(),
            title: None,
            language: "en".to_owned(),
            threads: 2,
        })
    }

    /// Collects all sticks.
    pub(crate) fn collect(&self) -> Result<Collected> {
        Ok(collect(
            &self.options(std::slice::from_ref(&self.made.folder))?,
        )?)
    }

    /// Returns the folder of the report with this number on a stick, both counted from 0.
    pub(crate) fn report_folder(&self, stick: usize, number: usize) -> Result<PathBuf> {
        let stick = self.made.sticks.get(stick).context("no such stick")?;
        let mut folders = Vec::new();
        for entry in fs::read_dir(stick.folder.join("reports"))? {
            folders.push(entry?.path());
        }
        folders.sort();
        folders.get(number).cloned().context("no such report")
    }
}

/// Returns how many machines there are of each outcome, in words.
pub(crate) fn outcomes(collected: &Collected) -> String {
    let counts = ALL_OUTCOMES.into_iter().zip(collected.campaign.counts());
    let counts = counts.filter(|(_, count)| *count > 0);
    counts
        .map(|(outcome, count)| outcome.counted(count))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns what is kept apart, one line each: kind, the end of the place, reason.
pub(crate) fn apart(collected: &Collected, root: &Path) -> Vec<String> {
    let root = format!("{}/", root.display());
    let lines = collected.campaign.apart.iter();
    lines
        .map(|one| {
            format!(
                "{} {}: {}",
                one.kind,
                one.place.replace(&root, ""),
                one.reason.replace(&root, "")
            )
        })
        .collect()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
