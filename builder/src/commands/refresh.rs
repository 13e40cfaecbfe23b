//! `mendkit refresh`: sticks brought to a newer image, with what they collected and who they are.

use std::thread;

use anyhow::bail;
use fs_err as fs;

use super::devices::aligned;
use super::write::record::Record;
use super::write::{Choice, Question, Talk, check_permission, open_image, run_all};
use super::{Outcome, megabytes, read_public_key};
use crate::cli::RefreshArgs;
use crate::stick::batch::Work;
use crate::stick::device::DeviceFacts;
use crate::stick::facts::Sources;
use crate::stick::refresh::Refusal;
use crate::stick::refresh::apply::Refresh;
use crate::stick::refresh::found::{OurStick, Terms, former_of, look_at_stick};
use crate::stick::refresh::layout::ImageLayout;

/// Refreshes all sticks that were named or found, if the person agrees.
pub fn run(args: &RefreshArgs) -> anyhow::Result<Outcome> {
    let talk = Talk {
        is_json: args.json_progress,
    };
    let image = match open_image(&args.image, args.key.as_deref(), talk)? {
        Ok(image) => image,
        Err(refused) => return Ok(refused),
    };
    let stick_key = args.stick_key.as_deref().map(read_public_key).transpose()?;
    let terms = Terms {
        wanted: former_of(&image.job, &image.key),
        title: image.job.title.clone(),
        stick_key: stick_key.unwrap_or_else(|| image.key.clone()),
        is_older_allowed: args.allow_older,
    };
    let layout = ImageLayout::read(&image)?;
    let sources = Sources::default();
    let mut choice = Choice::of(args.all, &args.devices, &sources, &image)?;
    check_permission(&choice.sticks)?;
    let (sticks, unread) = look_at_all(&mut choice, &terms);
    print_sticks(talk, &choice.sticks, &sticks)?;
    talk.print_left_out(&choice.left_out)?;
    if !args.all && unread > 0 {
        bail!("a stick that was named cannot be read; nothing was written");
    }
    if !args.all && !choice.left_out.is_empty() {
        return talk.refuse(None);
    }
    if sticks.is_empty() {
        bail!("no stick to refresh; `mendkit devices` tells what is plugged in");
    }
    let own = choice
        .sticks
        .iter()
        .zip(sticks.iter().map(|stick| &stick.identity));
    let record = Record::of_refresh(&args.record, &image, own)?;
    if let Some(objection) = talk.ask_for_count(&to_refresh(sticks.len(), args))? {
        return talk.refuse(Some(objection));
    }
    record.check_writable()?;
    let works = record.identities().map(|identity| {
        Work::Refresh(Refresh {
            layout: &layout,
            terms: &terms,
            identity: identity.clone(),
        })
    });
    let works = works.collect();
    run_all(talk, (&sources, &image), &choice.sticks, works, record)
}

/// Looks at all chosen sticks at once; those that are refused are left out. Returns the others in the order
/// in which the choice has them now, and how many could not be read.
fn look_at_all(choice: &mut Choice, terms: &Terms) -> (Vec<OurStick>, usize) {
    let looks: Vec<Result<OurStick, Refusal>> = thread::scope(|scope| {
        let threads: Vec<_> = (choice.sticks.iter())
            .map(|facts| scope.spawn(|| look_at(facts, terms)))
            .collect();
        let looks = threads.into_iter().map(|thread| {
            let panicked = |_| Err(Refusal::Damaged("looking at it failed".to_owned()));
            thread.join().unwrap_or_else(panicked)
        });
        looks.collect()
    });
    let (mut sticks, mut unread) = (Vec::new(), 0);
    let chosen = std::mem::take(&mut choice.sticks);
    for (facts, look) in chosen.into_iter().zip(looks) {
        match look {
            Ok(stick) => {
                choice.sticks.push(facts);
                sticks.push(stick);
            }
            Err(refusal) => {
                unread += usize::from(refusal.is_failure());
                let reason = format!("{:#}", anyhow::Error::from(refusal));
                choice.left_out.push((facts.path, reason));
            }
        }
    }
    (sticks, unread)
}

fn look_at(facts: &DeviceFacts, terms: &Terms) -> Result<OurStick, Refusal> {
    let lba = crate::lba::Lba(0);
    let opened = fs::File::open(&facts.path);
    let mut file = opened.map_err(|source| Refusal::Read { lba, source })?;
    let mut stick = look_at_stick(&mut file, terms)?;
    // The person is shown how much there is; it is read again when it is needed.
    for kept in &mut stick.kept {
        kept.sectors = kept.sectors.take().map(|_| Vec::new());
    }
    Ok(stick)
}

/// Shows who the sticks are, what they hold and what they collected.
fn print_sticks(talk: Talk, facts: &[DeviceFacts], sticks: &[OurStick]) -> anyhow::Result<()> {
    if talk.is_json || sticks.is_empty() {
        return Ok(());
    }
    let head = ["#", "device", "model", "size", "stick", "holds", "reports"];
    let mut rows = vec![head.map(str::to_owned)];
    for (number, (facts, stick)) in (1..).zip(facts.iter().zip(sticks)) {
        let number: u32 = number;
        rows.push([
            number.to_string(),
            facts.path.display().to_string(),
            facts.title().to_owned(),
            megabytes(facts.size.0),
            stick.identity.facts().id.to_string(),
            holds(stick),
            stick.reports().to_string(),
        ]);
    }
    for line in aligned(&rows) {
        say!("{line}");
    }
    for stick in sticks {
        let id = stick.identity.facts().id;
        if stick.finished_repairs > 0 {
            let count = stick.finished_repairs;
            let s = if count == 1 { "" } else { "s" };
            say!(" {id}: its last {count} repair{s} can be undone file by file from now on");
        }
        if !stick.dropped.is_empty() {
            say!(" {id}: {} is not kept", stick.dropped.join(", "));
        }
    }
    Ok(())
}

fn holds(stick: &OurStick) -> String {
    if stick.is_interrupted {
        return "an interrupted refresh".to_owned();
    }
    let versions = stick.former.definitions.values();
    let versions: Vec<_> = versions.map(|version| format!("DAT {version}")).collect();
    let date = [stick.former.date.clone()];
    date.into_iter()
        .chain(versions)
        .collect::<Vec<_>>()
        .join(", ")
}

fn to_refresh(count: usize, args: &RefreshArgs) -> Question {
    let s = if count == 1 { "" } else { "s" };
    let these = if count == 1 { "This" } else { "These" };
    Question {
        count,
        agreed: args.yes_refresh,
        option: "--yes-refresh",
        would: "be refreshed",
        verb: "refresh",
        prompt: format!("{these} {count} stick{s} will be refreshed; reports and identities stay."),
    }
}
