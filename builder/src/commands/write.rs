//! `mendkit write`: an image onto sticks, as many as there are, each proven.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use fs_err as fs;

use super::devices::{aligned, listed_devices, users};
use super::{Outcome, megabytes, read_public_key};
use crate::cli::WriteArgs;
use crate::stick::Device;
use crate::stick::batch::{Job, News, write_sticks};
use crate::stick::device::{DeviceFacts, find_obstacles};
use crate::stick::facts::Sources;
use crate::stick::linux::{Named, look_at, open_stick};
use crate::stick::plan::plan_stick;
use crate::stick::probe::{Probe, ProbeExtent};
use crate::stick::source::{SourceError, SourceImage};

mod record;
mod screen;

use record::{Record, random};
use screen::Screen;

/// Sticks that were chosen, and devices that were left out with the reason.
struct Choice {
    sticks: Vec<DeviceFacts>,
    left_out: Vec<(PathBuf, String)>,
}

/// Writes the image to all sticks that were named or found, if the person agrees.
pub fn run(args: &WriteArgs) -> anyhow::Result<Outcome> {
    let trusted = args.key.as_deref().map(read_public_key).transpose()?;
    let file = fs::File::open(&args.image).context("opening the image")?;
    let image = match SourceImage::open(file, trusted.as_ref()) {
        Err(SourceError::Bad(problems)) => {
            let problems = problems
                .iter()
                .map(|problem| format!("problem   {problem}"));
            let last = format!("{}: not as it was signed", args.image.display());
            return refuse(args, problems.chain([last]));
        }
        Err(error @ SourceError::Stick(_)) => {
            return refuse(args, [format!("{}: {error}", args.image.display())]);
        }
        image => image.with_context(|| format!("checking {}", args.image.display()))?,
    };
    let sources = Sources::default();
    let choice = if args.all {
        choose_all(&sources, &image)?
    } else {
        choose_named(&sources, &image, &args.devices)?
    };
    if args.json_progress {
        for (path, reason) in &choice.left_out {
            screen::tell_left_out(path, reason)?;
        }
    } else {
        print_choice(&choice)?;
    }
    if !args.all && !choice.left_out.is_empty() {
        return refuse(args, None);
    }
    if choice.sticks.is_empty() {
        bail!("no stick to write to; `mendkit devices` tells what is plugged in");
    }
    check_permission(&choice.sticks)?;
    let record = Record::new(args, &image, &choice.sticks)?;
    if let Some(objection) = find_objection(choice.sticks.len(), args)? {
        return refuse(args, Some(objection));
    }
    record.check_writable()?;
    write_all(args, &sources, &image, (&choice.sticks, record))
}

/// Says why nothing was written.
fn refuse(args: &WriteArgs, reasons: impl IntoIterator<Item = String>) -> anyhow::Result<Outcome> {
    for reason in reasons {
        if args.json_progress {
            screen::tell_refused(&reason)?;
        } else {
            say!(" {reason}");
        }
    }
    if !args.json_progress {
        say!(" nothing was written");
    }
    Ok(Outcome::Refused)
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

fn print_choice(choice: &Choice) -> anyhow::Result<()> {
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
    let words = choice.left_out.iter();
    let words: Vec<_> = words
        .map(|(path, reason)| format!("{} ({reason})", path.display()))
        .collect();
    if !words.is_empty() {
        say!(" left out: {}", words.join(", "));
    }
    Ok(())
}

/// Says at once, and not for each stick, that this person may not write to sticks.
fn check_permission(sticks: &[DeviceFacts]) -> anyhow::Result<()> {
    let mut devices = sticks.iter().filter(|stick| stick.number.is_some());
    if let Some(stick) = devices.find(|stick| stick.is_held.is_none()) {
        fs::File::open(&stick.path).context("opening the sticks; hint: run as administrator")?;
    }
    Ok(())
}

/// Asks whether so many sticks may be erased, or compares with what was said beforehand; returns what
/// speaks against it.
fn find_objection(count: usize, args: &WriteArgs) -> anyhow::Result<Option<String>> {
    let s = if count == 1 { "" } else { "s" };
    if let Some(agreed) = args.yes_erase {
        let words = format!("{count} stick{s} would be erased, but --yes-erase says {agreed}");
        return Ok((agreed != count).then_some(words));
    }
    if args.json_progress || !io::stdin().is_terminal() {
        let words =
            format!("nobody can be asked here; say --yes-erase {count} to erase {count} stick{s}");
        return Ok(Some(words));
    }
    let these = if count == 1 { "this" } else { "these" };
    let prompt =
        format!(" Everything on {these} {count} stick{s} will be erased. Type {count} to go on: ");
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

fn write_all(
    args: &WriteArgs,
    sources: &Sources,
    image: &SourceImage,
    (sticks, mut record): (&[DeviceFacts], Record),
) -> anyhow::Result<Outcome> {
    let mut jobs = Vec::new();
    for (stick, identity) in sticks.iter().zip(record.identities()) {
        let plan = plan_stick(image, stick.size)
            .with_context(|| format!("planning {}", stick.path.display()))?;
        jobs.push(Job {
            plan: plan.with_identity(image, identity),
            probe: probe(args.full_probe)?,
            open: Box::new(move || {
                let device: Box<dyn Device> = Box::new(open_stick(sources, stick)?);
                Ok(device)
            }),
        });
    }
    let ids: Vec<_> = (record.identities())
        .map(|identity| identity.facts().id.to_string())
        .collect();
    let mut screen = Screen::new(sticks, &ids, args.json_progress);
    screen.announce()?;
    let mut bad = 0;
    let mut shown = Ok(());
    write_sticks(image, jobs, &mut |event| {
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
