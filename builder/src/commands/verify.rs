//! `mendkit verify`: says whether an image or a stick is what was signed, and whole.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::devices::listed_devices;
use super::{Outcome, megabytes, read_public_key};
use crate::boot::acceptance::Acceptance;
use crate::cli::VerifyArgs;
use crate::stick::device::find_obstacles;
use crate::stick::facts::Sources;
use crate::verify::Verified;
use crate::verify::many::{OneVerified, verify_all, verify_path};

/// Rules that forbid writing to a disk, and not reading it.
const READABLE: [&str; 3] = ["mounted", "held", "read-only"];

/// Verifies images and sticks and says everything that is wrong with them.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let trusted = args.key.as_deref().map(read_public_key).transpose()?;
    let all = if args.all {
        plugged_in()?
    } else {
        args.sources.clone()
    };
    let [source] = args.sources.as_slice() else {
        let mut tally = Tally::default();
        let start = Instant::now();
        verify_all(&all, trusted.as_ref(), &mut |one| tally.take(one));
        return tally.sum_up(start.elapsed().as_secs_f64());
    };
    let start = Instant::now();
    let verified = verify_path(source, trusted.as_ref())
        .with_context(|| format!("verifying {}", source.display()))?;
    print_verified(source, &verified)?;
    let seconds = start.elapsed().as_secs_f64();
    if verified.problems.is_empty() {
        say!(" good      as signed, nothing more and nothing less   {seconds:.1} s");
        return Ok(Outcome::Done);
    }
    for problem in &verified.problems {
        say!(" problem   {problem}");
    }
    let count = verified.problems.len();
    let s = if count == 1 { "" } else { "s" };
    say!(" BAD       {count} problem{s}: do not use it   {seconds:.1} s");
    Ok(Outcome::Refused)
}

/// Returns every stick and card, mounted or not: reading harms nobody. Says what is left out.
fn plugged_in() -> anyhow::Result<Vec<PathBuf>> {
    let (mut sticks, mut left_out) = (Vec::new(), Vec::new());
    for device in listed_devices(&Sources::default())? {
        let path = device.path.display();
        match find_obstacles(&device, None)
            .into_iter()
            .find(|obstacle| !READABLE.contains(&obstacle.rule))
        {
            None => sticks.push(device.path),
            Some(obstacle) => left_out.push(format!("{path} ({})", obstacle.reason)),
        }
    }
    if !left_out.is_empty() {
        say!(" left out: {}", left_out.join(", "));
    }
    if sticks.is_empty() {
        bail!("no stick to check; `mendkit devices` tells what is plugged in");
    }
    Ok(sticks)
}

/// Counts images and sticks as they are done, a line each.
#[derive(Default)]
struct Tally {
    good: usize,
    bad: usize,
    unread: usize,
    /// Why a line could not be printed.
    error: Option<anyhow::Error>,
}

impl Tally {
    fn take(&mut self, one: OneVerified) {
        if let Err(error) = self.print(one) {
            self.error.get_or_insert(error);
        }
    }

    fn print(&mut self, one: OneVerified) -> anyhow::Result<()> {
        let (path, seconds) = (one.path.display(), one.took.as_secs_f64());
        let verified = match one.result {
            Ok(verified) => verified,
            Err(error) => {
                self.unread += 1;
                say!(" unread    {path}  {:#}", anyhow::Error::from(error));
                return Ok(());
            }
        };
        let stick = verified.stick.as_ref();
        let stick = stick.map(|own| format!("stick {}  ", own.facts().id));
        let stick = stick.unwrap_or_default();
        match verified.problems.as_slice() {
            [] => {
                self.good += 1;
                let files = verified.files;
                say!(" good      {path}  {stick}{files} files as signed   {seconds:.1} s");
            }
            [first, more @ ..] => {
                self.bad += 1;
                say!(" BAD       {path}  {stick}{first}   {seconds:.1} s");
                if !more.is_empty() {
                    say!("           and {} more: verify it alone", more.len());
                }
            }
        }
        Ok(())
    }

    fn sum_up(self, seconds: f64) -> anyhow::Result<Outcome> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let unread = match self.unread {
            0 => String::new(),
            count => format!(", {count} could not be read"),
        };
        say!(
            " in all    {} good, {} bad{unread}   {seconds:.1} s",
            self.good,
            self.bad
        );
        Ok(match (self.bad, self.unread) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::Failed,
            _ => Outcome::Refused,
        })
    }
}

fn print_verified(source: &Path, verified: &Verified) -> anyhow::Result<()> {
    let serial = verified
        .identity
        .as_ref()
        .map(|identity| identity.serial_text());
    say!(
        " image     {}  {}  volume {}",
        source.display(),
        megabytes(verified.medium_size.0),
        serial.unwrap_or_else(|| "unknown".into()),
    );
    if let Some(stick) = &verified.stick {
        let facts = stick.facts();
        say!(
            " stick     {}  written {} by {}  from image sha256 {}",
            facts.id,
            facts.written,
            facts.by,
            facts.image.short()
        );
    }
    match &verified.key {
        Some(key) if verified.key_is_trusted => say!(" key       {} as given", key.base64()),
        Some(key) => say!(
            " key       {} as it lies on the stick; give yours with --key to know who signed",
            key.base64()
        ),
        None => say!(" key       none"),
    }
    let is_report = |path: &&String| path.ends_with("/report.json");
    let reports = verified.reports.iter().filter(is_report).count();
    let s = if reports == 1 { "" } else { "s" };
    say!(
        " files     {} in the manifest, {reports} report{s} beside it",
        verified.files
    );
    print_acceptance(&verified.acceptance)?;
    for note in &verified.notes {
        say!(" note      {note}");
    }
    Ok(())
}

/// Says which firmware takes the stick, which refuses it, and what revocations it outlives.
fn print_acceptance(acceptance: &Acceptance) -> anyhow::Result<()> {
    say!(" starts on {}", acceptance.accepted());
    for refused in acceptance.refused() {
        say!(" refused   by {refused}");
    }
    if let Some(revocations) = acceptance.revocations() {
        say!(" revoked   {revocations}");
    }
    Ok(())
}
