//! `mendkit write`: an image onto sticks, as many as there are, each proven.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use fs_err as fs;

use super::chance::random;
use super::devices::{aligned, listed_devices, users};
use super::{Outcome, megabytes, read_public_key};
use crate::cli::WriteArgs;
use crate::stick::Device;
use crate::stick::batch::{Job, News, Work, write_sticks};
use crate::stick::device::{DeviceFacts, find_obstacles};
use crate::stick::facts::Sources;
use crate::stick::linux::{Named, look_at, open_stick};
use crate::stick::plan::plan_stick;
use crate::stick::probe::{Probe, ProbeExtent};
use crate::stick::source::{SourceError, SourceImage};

pub(super) mod record;
mod screen;

use record::Record;
use screen::Screen;

/// Sticks that were chosen, and devices that were left out with the reason.
pub(super) struct Choice {
    pub(super) sticks: Vec<DeviceFacts>,
    pub(super) left_out: Vec<(PathBuf, String)>,
}

/// Writes the image to all sticks that were named or found, if the person agrees.
pub fn run(args: &WriteArgs) -> anyhow::Result<Outcome> {
    let talk = Talk {
        is_json: args.json_progress,
    };
    let image = match open_image(&args.image, args.key.as_deref(), talk)? {
        Ok(image) => image,
        Err(refused) => return Ok(refused),
    };
    let sources = Sources::default();
    let choice = Choice::of(args.all, &args.devices, &sources, &image)?;
    talk.print_choice(&choice)?;
    if !args.all && !choice.left_out.is_empty() {
        return talk.refuse(None);
    }
    if choice.sticks.is_empty() {
        bail!("no stick to write to; `mendkit devices` tells what is plugged in");
    }
    check_permission(&choice.sticks)?;
    let record = Record::new(&args.record, &image, &choice.sticks)?;
    if let Some(objection) = talk.ask_for_count(&to_erase(choice.sticks.len(), args))? {
        return talk.refuse(Some(objection));
    }
    record.check_writable()?;
    let mut jobs = Vec::new();
    for (stick, identity) in choice.sticks.iter().zip(record.identities()) {
        let plan = plan_stick(&image, stick.size)
            .with_context(|| format!("planning {}", stick.path.display()))?;
        jobs.push(Work::Write {
            plan: plan.with_identity(&image, identity),
            probe: probe(args.full_probe)?,
        });
    }
    run_all(talk, (&sources, &image), &choice.sticks, jobs, record)
}

fn to_erase(count: usize, args: &WriteArgs) -> Question {
    let s = if count == 1 { "" } else { "s" };
    let these = if count == 1 { "this" } else { "these" };
    Question {
        count,
        agreed: args.yes_erase,
        option: "--yes-erase",
        would: "be erased",
        verb: "erase",
        prompt: format!("Everything on {these} {count} stick{s} will be erased."),
    }
}

/// How a command talks: to a person, or in JSON lines.
#[derive(Clone, Copy)]
pub(super) struct Talk {
    pub(super) is_json: bool,
}

/// What a person has to agree to, by typing how many sticks there are.
pub(super) struct Question {
    pub(super) count: usize,
    /// What was said beforehand.
    pub(super) agreed: Option<usize>,
    pub(super) option: &'static str,
    pub(super) would: &'static str,
    pub(super) verb: &'static str,
    /// One sentence.
    pub(super) prompt: String,
}

/// Opens the image, and refuses one that is not as it was signed.
pub(super) fn open_image(
    path: &Path,
    key: Option<&Path>,
    talk: Talk,
) -> anyhow::Result<Result<SourceImage, Outcome>> {
    let trusted = key.map(read_public_key).transpose()?;
    let file = fs::File::open(path).context("opening the image")?;
    match SourceImage::open(file, trusted.as_ref()) {
        Err(SourceError::Bad(problems)) => {
            let problems = problems
                .iter()
                .map(|problem| format!("problem   {problem}"));
            let last = format!("{}: not as it was signed", path.display());
            Ok(Err(talk.refuse(problems.chain([last]))?))
        }
        Err(error @ SourceError::Stick(_)) => {
            Ok(Err(talk.refuse([format!("{}: {error}", path.display())])?))
        }
        image => Ok(Ok(
            image.with_context(|| format!("checking {}", path.display()))?
        )),
    }
}

impl Talk {
    /// Says why nothing was written.
    pub(super) fn refuse(
        self,
        reasons: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<Outcome> {
        for reason in reasons {
            if self.is_json {
                screen::tell_refused(&reason)?;
            } else {
                say!(" {reason}");
            }
        }
        if !self.is_json {
            say!(" nothing was written");
        }
        Ok(Outcome::Refused)
    }

    fn print_choice(self, choice: &Choice) -> anyhow::Result<()> {
        if !self.is_json {
            let head = ["#", "device", "model", "serial", "size", "in use by"];
            let mut rows = vec![head.map(str::to_owned)];
            rows.extend((1..).zip(&choice.sticks).map(|(number, stick): (u32, _)| {
                [
                    number.to_string(),
                    stick.path.display().to_string(),
                    stick.title().to_owned(),
                    stick.serial.clone().unwrap_or_else(|| "-".to_owned()),
                    megabytes(stick.size.0),
                    users(stick),
                ]
            }));
            if !choice.sticks.is_empty() {
                for line in aligned(&rows) {
                    say!("{line}");
                }
            }
        }
        self.print_left_out(&choice.left_out)
    }

    /// Says which devices were left out, and why.
    pub(super) fn print_left_out(self, left_out: &[(PathBuf, String)]) -> anyhow::Result<()> {
        if self.is_json {
            return left_out
                .iter()
                .try_for_each(|(path, reason)| screen::tell_left_out(path, reason));
        }
        let words: Vec<_> = left_out
            .iter()
            .map(|(path, reason)| format!("{} ({reason})", path.display()))
            .collect();
        if !words.is_empty() {
            say!(" left out: {}", words.join(", "));
        }
        Ok(())
    }

    /// Asks whether it may be done to so many sticks, or compares with what was said beforehand; returns
    /// what speaks against it.
    pub(super) fn ask_for_count(self, question: &Question) -> anyhow::Result<Option<String>> {
        let Question {
            count,
            option,
            would,
            verb,
            ..
        } = *question;
        let s = if count == 1 { "" } else { "s" };
        if let Some(agreed) = question.agreed {
            let words = format!("{count} stick{s} would {would}, but {option} says {agreed}");
            return Ok((agreed != count).then_some(words));
        }
        if self.is_json || !io::stdin().is_terminal() {
            let words = format!(
                "nobody can be asked here; say {option} {count} to {verb} {count} stick{s}"
            );
            return Ok(Some(words));
        }
        let prompt = format!(" {} Type {count} to go on: ", question.prompt);
        let mut output = io::stdout();
        let asked = output
            .write_all(prompt.as_bytes())
            .and_then(|()| output.flush());
        asked.context("asking")?;
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .context("reading the answer")?;
        let is_no = answer.trim() != count.to_string();
        Ok(is_no.then(|| format!("that is not {count}")))
    }
}

impl Choice {
    /// Returns the sticks that were named or found, and what speaks against the others.
    pub(super) fn of(
        is_all: bool,
        paths: &[PathBuf],
        sources: &Sources,
        image: &SourceImage,
    ) -> anyhow::Result<Self> {
        if is_all {
            choose_all(sources, image)
        } else {
            choose_named(sources, image, paths)
        }
    }
}

fn choose_all(sources: &Sources, image: &SourceImage) -> anyhow::Result<Choice> {
    let (mut sticks, mut left_out) = (Vec::new(), Vec::new());
    for device in listed_devices(sources)? {
        match find_obstacles(&device, Some(image.size)).into_iter().next() {
            None => sticks.push(device),
            Some(obstacle) => left_out.push((device.path, obstacle.reason)),
        }
    }
    Ok(Choice { sticks, left_out })
}

fn choose_named(
    sources: &Sources,
    image: &SourceImage,
    paths: &[PathBuf],
) -> anyhow::Result<Choice> {
    let (mut sticks, mut left_out) = (Vec::<DeviceFacts>::new(), Vec::new());
    for path in paths {
        let facts = match look_at(sources, path).context("looking at the sticks")? {
            Named::Stick(facts) => facts,
            Named::PartitionOf(disk) => {
                let reason = format!("a partition; name the whole stick, {disk}");
                left_out.push((path.clone(), reason));
                continue;
            }
            Named::Neither => {
                left_out.push((path.clone(), "neither a disk nor a file".to_owned()));
                continue;
            }
        };
        let identity = |facts: &DeviceFacts| (facts.number, facts.generation);
        let obstacles = find_obstacles(&facts, Some(image.size));
        let obstacle = obstacles.into_iter().find(|found| !found.yields_to_name);
        if let Some(obstacle) = obstacle {
            left_out.push((path.clone(), obstacle.reason));
        } else if sticks
            .iter()
            .any(|other| identity(other) == identity(&facts))
        {
            left_out.push((path.clone(), "named twice".to_owned()));
        } else if facts.number.is_none() && image.is_same_file(fs::File::open(path)?.file())? {
            left_out.push((path.clone(), "the image itself".to_owned()));
        } else {
            sticks.push(*facts);
        }
    }
    Ok(Choice { sticks, left_out })
}

/// Says at once, and not for each stick, that this person may not write to sticks.
pub(super) fn check_permission(sticks: &[DeviceFacts]) -> anyhow::Result<()> {
    let mut devices = sticks.iter().filter(|stick| stick.number.is_some());
    if let Some(stick) = devices.find(|stick| stick.is_held.is_none()) {
        fs::File::open(&stick.path).context("opening the sticks; hint: run as administrator")?;
    }
    Ok(())
}

/// Does the work to all sticks, and shows and records what happens.
pub(super) fn run_all(
    talk: Talk,
    (sources, image): (&Sources, &SourceImage),
    sticks: &[DeviceFacts],
    works: Vec<Work<'_>>,
    mut record: Record,
) -> anyhow::Result<Outcome> {
    let jobs = sticks.iter().zip(works).map(|(stick, work)| Job {
        work,
        open: Box::new(move || {
            let device: Box<dyn Device> = Box::new(open_stick(sources, stick)?);
            Ok(device)
        }),
    });
    let ids: Vec<_> = (record.identities())
        .map(|identity| identity.facts().id.to_string())
        .collect();
    let mut screen = Screen::new(sticks, &ids, talk.is_json);
    screen.announce()?;
    let mut bad = 0;
    let mut shown = Ok(());
    write_sticks(image, jobs.collect(), &mut |event| {
        if let News::Ended(Err(_)) = event.news {
            bad += 1;
        }
        record.take(&event);
        // A screen that is gone must not end the writing of sticks.
        if shown.is_ok() {
            shown = screen.show(event);
        }
    });
    let (kept, missing) = record.finish();
    shown?;
    screen.finish(sticks.len() - bad, bad, &kept)?;
    if let Some(error) = missing {
        return Err(error);
    }
    Ok(if bad == 0 {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

fn probe(is_full: bool) -> anyhow::Result<Probe> {
    Ok(Probe {
        extent: if is_full {
            ProbeExtent::Full
        } else {
            ProbeExtent::Quick
        },
        nonce: u64::from_le_bytes(random()?),
    })
}
