//! `mendkit verify`: says whether an image or a stick is what was signed, and whole.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use fs_err as fs;

use super::{Outcome, megabytes, read_public_key};
use crate::cli::VerifyArgs;
use crate::verify::{Verified, verify_image};

/// Verifies an image or a stick and says everything that is wrong with it.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let trusted = args.key.as_deref().map(read_public_key).transpose()?;
    let mut source = fs::File::open(&args.source).context("opening what is to be verified")?;
    let verified = verify_image(&mut source, trusted.as_ref())
        .with_context(|| format!("verifying {}", args.source.display()))?;
    print_verified(&args.source, &verified)?;
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
    for note in &verified.notes {
        say!(" note      {note}");
    }
    Ok(())
}
