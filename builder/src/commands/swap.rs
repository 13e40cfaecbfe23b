//! `mendkit swap`: other definitions in a finished image.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;

use super::build::{check_output, left_out, short_key, write_with_progress};
use super::{Outcome, ask_password, megabytes, read_public_key};
use crate::assemble::assemble;
use crate::cli::SwapArgs;
use crate::inputs::extra_dat::is_extra_dat;
use crate::inputs::mcafee_dat::description_path;
use crate::plan::plan_image;
use crate::signing::SigningKey;
use crate::swap::error::SwapError;
use crate::swap::{FinishedImage, NewDefinitions, SwappedSet, redate, replace_key};

/// Makes a new image with other definitions.
pub fn run(args: &SwapArgs) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let key = SigningKey::read(&args.key, &mut ask_password).context("reading the signing key")?;
    let old_key = args.new_key.as_deref().map(read_public_key).transpose()?;
    let signed_by = old_key.as_ref().unwrap_or(key.public());
    let mut image = match FinishedImage::open(&args.image, signed_by) {
        Err(error) if error.is_refusal() => {
            say!(" REFUSED   {error}");
            if matches!(error, SwapError::Key { .. }) {
                say!("           an image of another key: name its public key with --new-key");
            }
            return Ok(Outcome::Refused);
        }
        opened => opened.context("reading the image")?,
    };
    let definitions: Vec<_> = args
        .definitions
        .iter()
        .map(|given| definitions_of(given, args.password.as_deref(), &image))
        .collect();
    let mut needed = vec![args.image.clone(), args.key.clone()];
    for new in &definitions {
        needed.extend([new.file.clone(), description_path(&new.file)]);
    }
    check_output(&args.output, &needed, None)?;
    say!(
        " image     {}  {} files as signed by {}",
        args.image.display(),
        image.files(),
        short_key(signed_by)
    );
    let mut ingredients = image.ingredients().context("taking the image apart")?;
    let swapped = image.replace_definitions(&mut ingredients, &definitions);
    print_swapped(&swapped.context("checking the definitions")?)?;
    if let Some(date) = &args.date {
        redate(&mut ingredients, date)?;
    }
    replace_key(&mut ingredients, key.public())?;
    let assembled = assemble(&ingredients, &key).context("dating the image")?;
    let plan = plan_image(assembled.contents).context("planning the image")?;
    say!(
        " signed    key {}   {} files in the manifest",
        short_key(key.public()),
        assembled.manifest_files
    );
    let sha256 = write_with_progress(&args.output, &plan)?;
    say!(
        " image     {}  {}, {} to write   sha256 {}   {:.1} s",
        args.output.display(),
        megabytes(plan.size().0),
        megabytes(plan.bytes_to_write().0),
        sha256.short(),
        start.elapsed().as_secs_f64(),
    );
    Ok(Outcome::Done)
}

/// Reads `NAME=FILE` or `FILE`. Only the name of a set that the image carries is a name, since a path may
/// hold `=` too.
fn definitions_of(given: &Path, password: Option<&str>, image: &FinishedImage) -> NewDefinitions {
    let text = given.to_str().and_then(|text| text.split_once('='));
    let named = text.filter(|(name, _)| image.job().definitions.contains_key(*name));
    let (name, file) = match named {
        Some((name, file)) => (Some(name.to_owned()), PathBuf::from(file)),
        None => (None, given.to_owned()),
    };
    // Of several, it opens the EXTRA.DAT alone.
    let carried = name
        .as_ref()
        .and_then(|name| image.job().definitions.get(name));
    let takes_password = carried.is_none_or(|set| is_extra_dat(&set.package));
    NewDefinitions {
        name,
        file,
        password: password.filter(|_| takes_password).map(str::to_owned),
    }
}

fn print_swapped(swapped: &[SwappedSet]) -> anyhow::Result<()> {
    for set in swapped {
        let SwappedSet {
            before,
            after,
            package,
        } = set;
        let name = package.file.path.file_name().unwrap_or_default();
        let (file, size) = (name.to_string_lossy(), megabytes(package.file.size));
        let name = &package.name;
        if package.repacked.is_some() {
            say!(" swapped   {name}  {before} -> {after}  {file}  {size}");
            continue;
        }
        say!(
            " swapped   {name}  DAT {before} -> {after}  {file}  {size}  md5 matches avvdat.ini{}",
            left_out(&package.left_out),
        );
    }
    Ok(())
}
