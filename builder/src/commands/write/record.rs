//! Who the sticks are, and what is kept of that: identities, receipts, labels.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts, StickId};

use crate::cli::RecordArgs;
use crate::commands::chance::random;
use crate::stick::batch::{Event, News};
use crate::stick::device::DeviceFacts;
use crate::stick::identity::{next_id, written_text};
use crate::stick::image_facts::ImageFacts;
use crate::stick::labels::{ALL_LABEL_SHEETS, Label, labels_page};
use crate::stick::receipts::{self, Ledger, Receipt, StickVerdict, append_receipt, read_ledger};
use crate::stick::source::SourceImage;
use crate::stick::writer::{Stage, StickError, Written};

const LEDGER: &str = "receipts.jsonl";
const TABLE: &str = "receipts.csv";
const LABELS: &str = "labels.html";

/// What is kept of one writing of sticks.
pub(in crate::commands) struct Record {
    /// Where receipts and labels go; nothing if none are wanted.
    folder: Option<PathBuf>,
    image: ImageFacts,
    sticks: Vec<Recorded>,
    labels: Vec<Label>,
    /// Why a receipt is missing. The writing of sticks goes on.
    error: Option<anyhow::Error>,
}

/// One stick of them.
struct Recorded {
    facts: DeviceFacts,
    identity: Identity,
    refreshed_from: Option<Sha256Digest>,
    start: Option<Instant>,
    written: u64,
}

/// What all sticks of one writing have in common.
struct Common {
    folder: Option<PathBuf>,
    ledger: Ledger,
    image: ImageFacts,
    by: String,
    time: String,
}

impl Common {
    /// Refuses a ledger that is not as it was written.
    fn of(args: &RecordArgs, image: &SourceImage) -> anyhow::Result<Self> {
        let folder = (!args.no_receipts).then(|| args.receipts.clone().unwrap_or_default());
        let ledger = match &folder {
            Some(folder) => read_ledger(&folder.join(LEDGER)).context("reading the receipts")?,
            None => Ledger::default(),
        };
        if let (Some(folder), Some(problem)) = (&folder, ledger.problems.first()) {
            let path = folder.join(LEDGER);
            bail!(
                "{}: {problem}; move it elsewhere to begin a new one",
                path.display()
            );
        }
        Ok(Self {
            folder,
            ledger,
            image: image.facts().context("reading the image")?,
            by: args.by.clone().unwrap_or_else(default_name),
            time: now().context("reading the clock: expected a year from 1970 to 2107")?,
        })
    }

    fn facts_of(&self, id: StickId) -> IdentityFacts {
        IdentityFacts {
            id,
            image: self.image.sha256,
            title: self.image.title.clone(),
            written: self.time.clone(),
            by: self.by.clone(),
        }
    }

    fn into_record(self, sticks: Vec<Recorded>) -> Record {
        Record {
            folder: self.folder,
            image: self.image,
            sticks,
            labels: Vec::new(),
            error: None,
        }
    }
}

impl Record {
    /// Gives every stick an identity with a key of its own.
    pub(super) fn new(
        args: &RecordArgs,
        image: &SourceImage,
        sticks: &[DeviceFacts],
    ) -> anyhow::Result<Self> {
        let common = Common::of(args, image)?;
        let mut batch = u16::from_le_bytes(random()?);
        while common.ledger.ids().any(|id| id.batch == batch) {
            batch = batch.wrapping_add(1);
        }
        let mut used = Vec::new();
        let mut recorded = Vec::new();
        for facts in sticks {
            let id = next_id(batch, used.iter().copied()).context("more than 9999 sticks")?;
            used.push(id);
            let identity = Identity::new(common.facts_of(id), random()?)?;
            recorded.push(Recorded::of(facts, identity, None));
        }
        Ok(common.into_record(recorded))
    }

    /// Lets every stick be who it is, with another image.
    pub(in crate::commands) fn of_refresh<'a>(
        args: &RecordArgs,
        image: &SourceImage,
        sticks: impl Iterator<Item = (&'a DeviceFacts, &'a Identity)>,
    ) -> anyhow::Result<Self> {
        let common = Common::of(args, image)?;
        let mut recorded = Vec::new();
        for (facts, own) in sticks {
            let former = own.facts();
            let identity = own.refreshed(common.facts_of(former.id))?;
            recorded.push(Recorded::of(facts, identity, Some(former.image)));
        }
        Ok(common.into_record(recorded))
    }

    /// Returns the identities in the order of the sticks.
    pub(in crate::commands) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.sticks.iter().map(|stick| &stick.identity)
    }

    /// Makes sure, before the first stick is written, that receipts can be.
    pub(in crate::commands) fn check_writable(&self) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let mut options = fs::OpenOptions::new();
        let opened = options.append(true).create(true).open(folder.join(LEDGER));
        opened
            .map(drop)
            .context("opening the receipts; --receipts names another folder")
    }

    /// Notes what happened to a stick; writes its receipt when it has ended, good or bad.
    pub(super) fn take(&mut self, event: &Event) {
        let Some(stick) = self.sticks.get_mut(event.job) else {
            return;
        };
        match &event.news {
            News::Progress(progress) => {
                stick.start.get_or_insert_with(Instant::now);
                if progress.stage == Stage::Writing {
                    stick.written = progress.done.0;
                }
            }
            News::Ended(ended) => {
                let receipt = stick.receipt(&self.image, ended);
                if let (Ok(_), Some(id)) = (ended, &receipt.stick) {
                    self.labels.push(Label {
                        stick: id.clone(),
                        image: self.image.clone(),
                    });
                }
                if let Some(folder) = &self.folder
                    && let Err(error) = append_receipt(&folder.join(LEDGER), &receipt)
                {
                    let id = stick.identity.facts().id;
                    let error = anyhow::Error::from(error);
                    let what = format!("writing the receipt of stick {id}");
                    self.error.get_or_insert(error.context(what));
                }
            }
        }
    }

    /// Writes the labels of the good sticks; returns what lies in the folder now, or why it does not.
    pub(super) fn finish(mut self) -> (Vec<PathBuf>, Option<anyhow::Error>) {
        let Some(folder) = &self.folder else {
            return (Vec::new(), None);
        };
        let mut paths = Vec::new();
        if self.error.is_none() {
            paths.push(folder.join(TABLE));
        }
        self.labels.sort_by(|a, b| a.stick.cmp(&b.stick));
        if !self.labels.is_empty() {
            let path = folder.join(LABELS);
            match write_labels(&path, &self.labels) {
                Ok(()) => paths.push(path),
                Err(error) => {
                    self.error.get_or_insert(error);
                }
            }
        }
        (paths, self.error)
    }
}

fn write_labels(path: &Path, labels: &[Label]) -> anyhow::Result<()> {
    let [sheet, ..] = &ALL_LABEL_SHEETS;
    let page = labels_page(labels, sheet, 0).context("making the labels")?;
    fs::write(path, page).context("writing the labels")
}

impl Recorded {
    fn of(facts: &DeviceFacts, identity: Identity, refreshed_from: Option<Sha256Digest>) -> Self {
        Self {
            facts: facts.clone(),
            identity,
            refreshed_from,
            start: None,
            written: 0,
        }
    }

    fn receipt(&self, image: &ImageFacts, ended: &Result<Written, StickError>) -> Receipt {
        let (facts, own) = (&self.facts, self.identity.facts());
        // A stick that nothing was written to never was this one.
        let is_this =
            self.refreshed_from.is_some() || !matches!(ended, Err(error) if error.left_untouched());
        let true_size = ended.as_ref().err().and_then(StickError::true_size);
        let took = self.start.map_or(0, |start| start.elapsed().as_millis());
        Receipt {
            stick: is_this.then(|| own.id.to_string()),
            verdict: match ended {
                Ok(_) => StickVerdict::Good,
                Err(_) => StickVerdict::Bad,
            },
            reason: ended.as_ref().err().map(chain),
            time: own.written.clone(),
            by: own.by.clone(),
            device: receipts::DeviceFacts {
                path: facts.path.display().to_string(),
                model: facts.model.clone(),
                serial: facts.serial.clone().unwrap_or_default(),
                true_size: true_size.unwrap_or(facts.size).0,
            },
            image: image.clone(),
            refreshed_from: self.refreshed_from,
            public_key: is_this.then(|| self.identity.public_key().base64().to_owned()),
            bytes_written: match ended {
                Ok(written) => written.bytes.0,
                Err(_) => self.written,
            },
            took_ms: u64::try_from(took).unwrap_or(u64::MAX),
            read_back_sha256: ended.as_ref().ok().map(|written| written.read_back),
        }
    }
}

/// Returns an error with all that is behind it, in one line.
pub(super) fn chain(error: &StickError) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        words = format!("{words}: {source}");
        next = source.source();
    }
    words
}

/// Returns `user@computer`; the user who became administrator, where `sudo` says who that is.
fn default_name() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let user = user.unwrap_or_else(|| "unknown".to_owned());
    // Source: proc(5), /proc/sys/kernel/hostname.
    let computer = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = match computer.trim() {
        "" => user,
        computer => format!("{user}@{computer}"),
    };
    let printable = name.chars().filter(|letter| !letter.is_control());
    printable.take(100).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a receipt says when its stick was written"
)]
fn now() -> Option<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    written_text(since.as_secs())
}
