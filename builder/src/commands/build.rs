//! `mendkit build`: recipe -> inputs -> boot files -> manifest -> signature -> plan -> bytes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use fs_err as fs;
use indicatif::{ProgressBar, ProgressStyle};
use rescue_stick::signature::PublicKey;

use super::{Outcome, ask_password, megabytes, open_parts, parts_place};
use crate::assemble::{Ingredients, assemble};
use crate::boot::acceptance::acceptance_of;
use crate::boot::{
    BootFile, BootFiles, BootProgress, BootSettings, Content, boot_files, grub, menu,
};
use crate::cli::BuildArgs;
use crate::disk::CORE_IMAGE_LBA;
use crate::image::{Progress, create_image_file};
use crate::inputs::Inputs;
use crate::parallel::join;
use crate::plan::{ImagePlan, plan_image};
use crate::recipe::Recipe;
use crate::signing::SigningKey;

/// Builds an image, or prints its plan.
pub fn run(args: &BuildArgs) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let recipe = Recipe::read(&args.recipe).context("reading the recipe")?;
    let folder = args.recipe.parent().unwrap_or(Path::new("."));
    let inputs = Inputs::gather(&recipe, folder).context("checking the inputs")?;
    let key = SigningKey::read(&folder.join(&recipe.signing.key), &mut ask_password)
        .context("reading the signing key")?;
    if let Some(output) = &args.output {
        let (cache, lock) = parts_place(&args.parts)?;
        let mut needed = inputs.paths();
        needed.extend([args.recipe.clone(), folder.join(&recipe.signing.key), lock]);
        needed.push(mend_path(args.mend.as_deref())?);
        check_output(output, &needed, Some(&cache))?;
    }
    let boot = make_boot_files(args, &recipe, &key)?;
    let kernels = boot.kernels.join(", ");
    let boot_files = boot.files.clone();
    let ingredients = Ingredients::from_inputs(&inputs, boot, recipe.boot.layout);
    let assembled = assemble(&ingredients, &key).context("dating the image")?;
    let plan = plan_image(assembled.contents).context("planning the image")?;
    if args.plan {
        say!("{}", plan.to_string().trim_end());
        return Ok(Outcome::Done);
    }
    // OK to default: clap demands an output unless only the plan is wanted.
    let output = args.output.clone().unwrap_or_default();
    print_inputs(&inputs)?;
    // Who will take the image is found out while it is written.
    let (acceptance, sha256) = join(
        || acceptance_of(&mut |path| content_of(&boot_files, path)),
        || write_with_progress(&output, &plan),
    );
    let sha256 = sha256?;
    say!(" boot      {}   Linux {kernels}", acceptance.accepted());
    for refused in acceptance.refused() {
        say!("           refused by {refused}");
    }
    if let Some(revocations) = acceptance.revocations() {
        say!("           {revocations}");
    }
    let files = assembled.manifest_files;
    say!(
        " signed    key {}   {files} files in the manifest",
        short_key(key.public())
    );
    say!(
        " image     {}  {}, {} to write   sha256 {}   {:.1} s",
        output.display(),
        megabytes(plan.size().0),
        megabytes(plan.bytes_to_write().0),
        sha256.short(),
        start.elapsed().as_secs_f64(),
    );
    Ok(Outcome::Done)
}

/// Makes the boot files or finds them in the cache.
fn make_boot_files(
    args: &BuildArgs,
    recipe: &Recipe,
    key: &SigningKey,
) -> anyhow::Result<BootFiles> {
    let (cache, _) = parts_place(&args.parts)?;
    let parts = open_parts(&args.parts).context("opening the boot parts")?;
    let mend = mend_path(args.mend.as_deref())?;
    fs::File::open(&mend).context("opening the 32-bit mend; give it with --mend")?;
    let menu = menu::MenuSettings {
        timeout_s: recipe.boot.menu_seconds,
        language: recipe
            .languages
            .first()
            .cloned()
            .unwrap_or_else(|| "en".into()),
        extra_arguments: recipe.boot.arguments.clone(),
    };
    let public_key = key.public().to_file();
    let settings = BootSettings {
        cache: &cache,
        mend: &mend,
        public_key: &public_key,
        menu: &menu,
        firmware: &recipe.boot.firmware,
        core_lba: CORE_IMAGE_LBA.0,
        grub_prefix: grub::prefix_of(recipe.boot.layout),
    };
    let spinner = progress_bar(0, " {spinner} {msg}");
    let boot = boot_files(&parts, &settings, &mut |BootProgress::Making(what)| {
        spinner.set_message(format!("making {what}"));
        spinner.tick();
    })
    .context("making the boot files")?;
    spinner.finish_and_clear();
    Ok(boot)
}

/// Refuses to put the image in the place of something that the build needs, such as the secret key: a
/// slip of the hand that nobody could take back.
pub(super) fn check_output(
    output: &Path,
    needed: &[PathBuf],
    cache: Option<&Path>,
) -> anyhow::Result<()> {
    let Ok(output_file) = fs::canonicalize(output) else {
        // Nothing is there yet.
        return Ok(());
    };
    let is_same = |path: &PathBuf| fs::canonicalize(path).is_ok_and(|path| path == output_file);
    if let Some(path) = needed.iter().find(|path| is_same(path)) {
        anyhow::bail!(
            "{}: the image would replace {}, which it is made from; expected another name",
            output.display(),
            path.display()
        );
    }
    let cache = cache.and_then(|cache| fs::canonicalize(cache).ok());
    if cache.is_some_and(|cache| output_file.starts_with(cache)) {
        anyhow::bail!(
            "{}: the image would replace a file of the cache; expected another name",
            output.display()
        );
    }
    Ok(())
}

/// Returns the 32-bit `mend`: as given, or beside this program.
pub(super) fn mend_path(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    // Without /proc, as in a bare chroot, this program's path is the word it was started by.
    let named = || std::env::args_os().next().map(PathBuf::from);
    let program = std::env::current_exe().ok().or_else(named);
    let program = program.context("finding mend-i586 beside this program: give it with --mend")?;
    Ok(program.with_file_name("mend-i586"))
}

fn print_inputs(inputs: &Inputs) -> anyhow::Result<()> {
    say!(
        " recipe    {}   remedies: {}",
        inputs.job.title,
        inputs.job.remedies.join(", ")
    );
    let mut label = "inputs";
    for package in &inputs.packages {
        let Some(set) = inputs.job.definitions.get(&package.name) else {
            continue;
        };
        if package.repacked.is_some() {
            let name = package.file.path.file_name().unwrap_or_default();
            let (name, size) = (name.to_string_lossy(), megabytes(package.file.size));
            say!(
                " {label:<9} {name}  {size}  {} for {}",
                set.version,
                package.name
            );
            label = "";
            continue;
        }
        say!(
            " {label:<9} {}  {}  DAT {}  md5 matches avvdat.ini  {} files{}",
            package
                .file
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy(),
            megabytes(package.file.size),
            set.version,
            set.members.len(),
            left_out(&package.left_out),
        );
        label = "";
    }
    for (kit, file) in inputs.job.files.iter().zip(&inputs.files) {
        say!(
            " {label:<9} {}  {}  sha256 as pinned",
            kit.name,
            megabytes(file.size)
        );
        label = "";
    }
    Ok(())
}

/// Returns which members of a package are not carried, as words for the end of a line.
pub(super) fn left_out(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("  left out: {}", names.join(", "))
    }
}

/// Returns the content of a boot file; nothing if there is no such file, or it cannot be read.
fn content_of(files: &[BootFile], path: &str) -> Option<Vec<u8>> {
    let file = files.iter().find(|file| file.path == path)?;
    match &file.content {
        Content::Bytes(bytes) => Some(bytes.clone()),
        Content::File(path) => fs::read(path).ok(),
    }
}

/// Returns the beginning of a key, enough to tell it from others.
pub(super) fn short_key(key: &PublicKey) -> &str {
    key.base64().get(..20).unwrap_or(key.base64())
}

/// Makes the image file and shows how far it is; returns its digest.
pub(super) fn write_with_progress(
    output: &Path,
    plan: &ImagePlan,
) -> anyhow::Result<rescue_stick::digest::Sha256Digest> {
    let bar = progress_bar(
        plan.bytes_to_write().0,
        " writing   {wide_bar} {bytes} of {total_bytes}",
    );
    let written = create_image_file(output, plan, &mut |Progress { written, .. }| {
        bar.set_position(written.0);
    });
    bar.finish_and_clear();
    Ok(written.context("writing the image")?.sha256)
}

/// Returns a bar that shows itself on a terminal only.
fn progress_bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_never_replaces_what_it_is_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let cache = path("cache");
        fs::create_dir(&cache).unwrap();
        for name in ["release.key", "old.img", "cache/part.deb"] {
            fs::write(path(name), name).unwrap();
        }
        std::os::unix::fs::symlink(path("release.key"), path("link.img")).unwrap();
        let needed = [path("release.key"), path("recipe.toml")];
        let check = |name: &str| check_output(&path(name), &needed, Some(&cache));
        assert!(check("new.img").is_ok());
        assert!(check("old.img").is_ok());
        for bad in ["release.key", "cache/../release.key", "link.img"] {
            let message = check(bad).unwrap_err().to_string();
            assert!(message.contains("would replace"), "{message}");
        }
        assert!(check("cache/part.deb").is_err());
    }
}
