//! `mendkit inspect`: every sector range of an image or a stick, or what differs between two.

use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;
use rescue_stick::signature::PublicKey;
use serde::Serialize;

use super::{Outcome, megabytes, read_public_key};
use crate::cli::InspectArgs;
use crate::inspect::compare::compare;
use crate::inspect::{InspectedRange, Inspection, RangeKind, Thoroughness, inspect};

/// Schema of what `--json` prints.
const INSPECTION_SCHEMA: u32 = 1;

/// Explains an image or a stick, or compares two.
pub fn run(args: &InspectArgs) -> anyhow::Result<Outcome> {
    let trusted = args.key.as_deref().map(read_public_key).transpose()?;
    let trusted = trusted.as_ref();
    if let [one, other] = args.compare.as_slice() {
        return print_comparison(one, other, trusted);
    }
    // OK to default: clap demands a source unless two are compared.
    let source = args.source.clone().unwrap_or_default();
    let inspection = inspect_path(&source, trusted)?;
    if args.json {
        print_json(&source, &inspection)?;
    } else {
        print_text(&source, &inspection)?;
    }
    Ok(match inspection.is_good() {
        true => Outcome::Done,
        false => Outcome::Found,
    })
}

/// Reads an image wholly and a stick where it is in use.
fn inspect_path(path: &Path, trusted: Option<&PublicKey>) -> anyhow::Result<Inspection> {
    let explain = || {
        let mut file = fs::File::open(path)?;
        let thoroughness = match file.metadata()?.is_file() {
            true => Thoroughness::Everything,
            false => Thoroughness::InUse,
        };
        anyhow::Ok(inspect(&mut file, trusted, thoroughness)?)
    };
    explain().with_context(|| format!("inspecting {}", path.display()))
}

fn print_comparison(
    one: &Path,
    other: &Path,
    trusted: Option<&PublicKey>,
) -> anyhow::Result<Outcome> {
    let (a, b) = (inspect_path(one, trusted)?, inspect_path(other, trusted)?);
    let differences = compare(&a, &b);
    for difference in &differences {
        say!(" {difference}");
    }
    let (one, other) = (one.display(), other.display());
    if differences.is_empty() {
        say!(" same        {one} and {other} say and do the same");
        return Ok(Outcome::Done);
    }
    let count = differences.len();
    let s = if count == 1 { "" } else { "s" };
    say!(" in all      {count} difference{s} from {one} to {other}");
    Ok(Outcome::Found)
}

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct InspectionAsJson<'a> {
    schema: u32,
    source: String,
    bytes: u64,
    layout: Option<String>,
    volume_serial: Option<String>,
    title: Option<&'a str>,
    key: Option<&'a str>,
    key_is_trusted: bool,
    stick: Option<String>,
    ranges: &'a [InspectedRange],
    empty_files: &'a [String],
    problems: Vec<String>,
    notes: &'a [String],
}

fn print_json(source: &Path, it: &Inspection) -> anyhow::Result<()> {
    let verified = &it.verified;
    let json = InspectionAsJson {
        schema: INSPECTION_SCHEMA,
        source: source.display().to_string(),
        bytes: it.medium_size.0,
        layout: it.layout.map(|layout| layout.to_string()),
        volume_serial: verified.identity.as_ref().map(|own| own.serial_text()),
        title: it.job.as_ref().map(|job| job.title.as_str()),
        key: verified.key.as_ref().map(PublicKey::base64),
        key_is_trusted: verified.key_is_trusted,
        stick: verified
            .stick
            .as_ref()
            .map(|own| own.facts().id.to_string()),
        ranges: &it.ranges,
        empty_files: &it.empty_files,
        problems: verified.problems.iter().map(ToString::to_string).collect(),
        notes: &verified.notes,
    };
    say!("{}", serde_json::to_string_pretty(&json)?);
    Ok(())
}

fn print_text(source: &Path, it: &Inspection) -> anyhow::Result<()> {
    let verified = &it.verified;
    let serial = verified.identity.as_ref().map(|own| own.serial_text());
    let layout = it.layout.map(|layout| layout.to_string());
    say!(
        " image     {}  {}  layout {}  volume {}",
        source.display(),
        megabytes(it.medium_size.0),
        layout.as_deref().unwrap_or("unknown"),
        serial.as_deref().unwrap_or("unknown"),
    );
    if let Some(job) = &it.job {
        say!(" recipe    {}  {}", job.title, job.date);
    }
    if let Some(stick) = &verified.stick {
        say!(" stick     {}", stick.facts().id);
    }
    match (&verified.key, verified.key_is_trusted) {
        (Some(key), true) => say!(" key       {} as given", key.base64()),
        (Some(key), false) => say!(" key       {} as it lies on the image", key.base64()),
        (None, _) => say!(" key       none"),
    }
    for range in &it.ranges {
        say!(" {}", range_text(range));
    }
    for path in &it.empty_files {
        say!(" no sectors           /{path}  0 bytes");
    }
    for note in &verified.notes {
        say!(" note      {note}");
    }
    for problem in &verified.problems {
        say!(" problem   {problem}");
    }
    print_sum(it)
}

fn print_sum(it: &Inspection) -> anyhow::Result<()> {
    let sectors: u64 = it.ranges.iter().map(|range| range.sectors).sum();
    let is_strange = |range: &&InspectedRange| range.kind == RangeKind::Unexplained;
    let ranges = it.ranges.len();
    match it.ranges.iter().filter(is_strange).count() {
        0 => say!(" in all    {sectors} sectors in {ranges} ranges, all explained"),
        count => say!(" in all    {sectors} sectors in {ranges} ranges, {count} NOT EXPLAINED"),
    }
    match it.verified.problems.len() {
        0 => say!(" good      as signed, nothing more and nothing less"),
        count => say!(" BAD       {count} problems: do not use it"),
    }
    Ok(())
}

fn range_text(range: &InspectedRange) -> String {
    let first = range.first_lba;
    let place = match range.sectors {
        0 | 1 => format!("{first:>8}"),
        sectors => format!("{first:>8}..={}", first.saturating_add(sectors) - 1),
    };
    let mut text = format!("LBA {place:<18} {}", range.what);
    if let Some(bytes) = range.bytes {
        text.push_str(&format!("  {bytes} bytes"));
    }
    if range.kind != RangeKind::Free {
        text.push_str(&format!("  {}", range.origin));
    }
    match (&range.sha256, range.is_zero) {
        (Some(sha256), _) => text.push_str(&format!("  sha256 {}", sha256.short())),
        (None, Some(true)) => text.push_str("  zeros"),
        (None, Some(false)) => text.push_str("  former content, which nothing reads"),
        (None, None) => text.push_str("  not read"),
    }
    if !range.licences.is_empty() {
        text.push_str(&format!("  ({})", range.licences.join("; ")));
    }
    text
}
