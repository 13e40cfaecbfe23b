//! What is seen while sticks are written: bars on a terminal, a line a stick elsewhere, or JSON lines.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::record::chain;
use crate::commands::megabytes;
use crate::lba::ByteSize;
use crate::stick::batch::{Event, News};
use crate::stick::device::DeviceFacts;
use crate::stick::writer::{Progress, Stage, StickError, Written};

/// Least time between two JSON lines about the progress of one stick.
const JSON_PAUSE: Duration = Duration::from_millis(200);

/// Where what happens is shown.
pub(super) struct Screen {
    sticks: Vec<Shown>,
    way: Way,
}

enum Way {
    Bars,
    Lines,
    Json,
}

/// One stick as it is shown.
struct Shown {
    number: usize,
    /// Its name from now on.
    id: String,
    device: String,
    title: String,
    serial: Option<String>,
    size: ByteSize,
    bar: ProgressBar,
    stage: Option<(Stage, Instant)>,
    written: ByteSize,
    /// How long writing took.
    writing: Duration,
    told: Option<Instant>,
    failure: Option<String>,
}

/// A line of `--json-progress`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
enum Line<'a> {
    Stick {
        number: usize,
        id: &'a str,
        device: &'a str,
        model: &'a str,
        serial: Option<&'a str>,
        size: u64,
    },
    Progress {
        number: usize,
        stage: &'static str,
        done: u64,
        total: u64,
    },
    Good {
        number: usize,
        id: &'a str,
        device: &'a str,
        serial: Option<&'a str>,
        bytes: u64,
    },
    Bad {
        number: usize,
        id: &'a str,
        device: &'a str,
        serial: Option<&'a str>,
        reason: &'a str,
    },
    LeftOut {
        device: String,
        reason: &'a str,
    },
    Refused {
        reason: &'a str,
    },
    End {
        good: usize,
        bad: usize,
        kept: Vec<String>,
    },
}

/// Tells a program that a device is not written, and why.
pub(super) fn tell_left_out(device: &Path, reason: &str) -> anyhow::Result<()> {
    let device = device.display().to_string();
    print(&Line::LeftOut { device, reason })
}

/// Tells a program why nothing is written.
pub(super) fn tell_refused(reason: &str) -> anyhow::Result<()> {
    print(&Line::Refused { reason })
}

impl Screen {
    /// Returns the screen that suits: JSON if that is wanted, bars if both outputs are a terminal.
    pub(super) fn new(sticks: &[DeviceFacts], ids: &[String], is_json: bool) -> Self {
        let way = match () {
            () if is_json => Way::Json,
            () if io::stdout().is_terminal() && io::stderr().is_terminal() => Way::Bars,
            () => Way::Lines,
        };
        let bars = matches!(way, Way::Bars).then(MultiProgress::new);
        let shown = (1..)
            .zip(sticks.iter().zip(ids))
            .map(|(number, (stick, id))| {
                let title = stick.title().to_owned();
                let bar = bars.as_ref().map_or_else(ProgressBar::hidden, |bars| {
                    bars.add(new_bar(number, &title))
                });
                Shown {
                    number,
                    id: id.clone(),
                    device: stick.path.display().to_string(),
                    title,
                    serial: stick.serial.clone(),
                    size: stick.size,
                    bar,
                    stage: None,
                    written: ByteSize(0),
                    writing: Duration::ZERO,
                    told: None,
                    failure: None,
                }
            });
        Self {
            sticks: shown.collect(),
            way,
        }
    }

    /// Tells a program which sticks there are; a person has seen the table.
    pub(super) fn announce(&self) -> anyhow::Result<()> {
        if !matches!(self.way, Way::Json) {
            return Ok(());
        }
        for stick in &self.sticks {
            print(&Line::Stick {
                number: stick.number,
                id: &stick.id,
                device: &stick.device,
                model: &stick.title,
                serial: stick.serial.as_deref(),
                size: stick.size.0,
            })?;
        }
        Ok(())
    }

    /// Shows what happened to a stick.
    pub(super) fn show(&mut self, event: Event) -> anyhow::Result<()> {
        let Some(stick) = self.sticks.get_mut(event.job) else {
            return Ok(());
        };
        match event.news {
            News::Progress(progress) => {
                stick.count(progress);
                match self.way {
                    Way::Bars => stick.draw(progress),
                    Way::Json => stick.tell(progress)?,
                    Way::Lines => {}
                }
                Ok(())
            }
            News::Ended(ended) => stick.end(ended, &self.way),
        }
    }

    /// Names every bad stick with its reason, counts, and says what was kept of it.
    pub(super) fn finish(&self, good: usize, bad: usize, kept: &[PathBuf]) -> anyhow::Result<()> {
        let kept: Vec<_> = kept.iter().map(|path| path.display().to_string()).collect();
        if matches!(self.way, Way::Json) {
            return print(&Line::End { good, bad, kept });
        }
        for stick in &self.sticks {
            if let Some(failure) = &stick.failure {
                let serial = stick.serial.as_deref().unwrap_or("none");
                say!(
                    " bad: {}  {}  serial {serial}: {failure}",
                    stick.device,
                    stick.title
                );
            }
        }
        let s = if good == 1 { "" } else { "s" };
        let kept: String = kept.iter().map(|path| format!("  {path}")).collect();
        say!(" {good} stick{s} good, {bad} bad.{kept}");
        Ok(())
    }
}

impl Shown {
    /// Notes when stages begin, and so how long they take.
    fn count(&mut self, progress: Progress) {
        let now = Instant::now();
        let is_new = self.stage.is_none_or(|(stage, _)| stage != progress.stage);
        if is_new {
            if let Some((Stage::Writing, start)) = self.stage {
                self.writing = now - start;
            }
            self.stage = Some((progress.stage, now));
            self.told = None;
        }
        if progress.stage == Stage::Writing {
            self.written = progress.done;
        }
    }

    fn draw(&self, progress: Progress) {
        let Some((_, start)) = self.stage else { return };
        self.bar.set_length(progress.total.0);
        self.bar.set_position(progress.done.0);
        let rate = rate(progress.done, start.elapsed());
        let left = progress.total.0.saturating_sub(progress.done.0);
        let left = left
            .checked_div(rate)
            .map_or(String::new(), |s| format!(", {s} s left"));
        let words = words_of(progress.stage);
        let done = megabytes(progress.done.0);
        self.bar.set_message(match progress.stage {
            Stage::Comparing | Stage::Writing | Stage::ReadingBack => {
                format!("{done:>8}  {:>3} MB/s   {words}{left}", rate / 1_000_000)
            }
            Stage::Probing | Stage::Finishing => words.to_owned(),
        });
    }

    fn tell(&mut self, progress: Progress) -> anyhow::Result<()> {
        let is_last = progress.done == progress.total;
        if !is_last && self.told.is_some_and(|told| told.elapsed() < JSON_PAUSE) {
            return Ok(());
        }
        self.told = Some(Instant::now());
        print(&Line::Progress {
            number: self.number,
            stage: words_of(progress.stage),
            done: progress.done.0,
            total: progress.total.0,
        })
    }

    fn end(&mut self, ended: Result<Written, StickError>, way: &Way) -> anyhow::Result<()> {
        let is_unchanged = matches!(&ended, Ok(written) if written.bytes.0 == 0);
        let failure = ended.err().map(|error| chain(&error));
        let rate = rate(self.written, self.writing) / 1_000_000;
        let outcome = match &failure {
            None if is_unchanged => {
                format!(
                    "holds this image already   read back ok   stick {}",
                    self.id
                )
            }
            None => format!(
                "{:>8}  {rate:>3} MB/s   read back ok   stick {}",
                megabytes(self.written.0),
                self.id
            ),
            Some(failure) => format!("BAD: {failure}"),
        };
        let (number, id) = (self.number, &*self.id);
        let (device, serial) = (&*self.device, self.serial.as_deref());
        match (way, &failure) {
            (Way::Bars, None) => {
                // Without the bar, so that the id fits a terminal of 80 columns.
                if let Ok(style) = ProgressStyle::with_template("{prefix}  {wide_msg}") {
                    self.bar.set_style(style);
                }
                self.bar.finish_with_message(outcome);
            }
            (Way::Bars, Some(_)) => self.bar.abandon_with_message(outcome),
            (Way::Lines, _) => say!(" {number:<2} {:<16}  {outcome}", self.title),
            (Way::Json, None) => print(&Line::Good {
                number,
                id,
                device,
                serial,
                bytes: self.written.0,
            })?,
            (Way::Json, Some(reason)) => print(&Line::Bad {
                number,
                id,
                device,
                serial,
                reason,
            })?,
        }
        self.failure = failure;
        Ok(())
    }
}

fn new_bar(number: usize, title: &str) -> ProgressBar {
    let title: String = title.chars().take(16).collect();
    let bar = ProgressBar::new(1).with_prefix(format!(" {number:<2} {title:<16}"));
    // The message is cut where the line ends, so that a long one does not push the other bars away.
    match ProgressStyle::with_template("{prefix}  {bar:16} {wide_msg}") {
        Ok(style) => bar.with_style(style.progress_chars("█▌ ")),
        Err(_) => bar,
    }
}

/// Returns bytes a second.
fn rate(done: ByteSize, time: Duration) -> u64 {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    done.0.saturating_mul(1000) / milliseconds
}

fn words_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Comparing => "comparing",
        Stage::Probing => "probing",
        Stage::Writing => "writing",
        Stage::ReadingBack => "reading back",
        Stage::Finishing => "finishing",
    }
}

fn print(line: &Line<'_>) -> anyhow::Result<()> {
    say!("{}", serde_json::to_string(line)?);
    Ok(())
}
