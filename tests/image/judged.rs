//! An image from `mendkit build` must satisfy every tool that knows its formats.

use anyhow::Result;
use fs_err as fs;
use support::judges;
use support::kit::{Kit, KitSpec, VOLUME_OFFSET, extract_volume, require_builds};
use support::tools::require_tools;

const JUDGES: [&str; 7] = [
    "sgdisk",
    "sfdisk",
    "fsck.fat",
    "mdir",
    "mcopy",
    "minisign",
    "sha256sum",
];

#[test]
fn every_judge_accepts_an_image() -> Result<()> {
    if !require_builds() || !require_tools(&JUDGES) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let image = kit.image();
    judges::sgdisk_accepts(&image)?;
    judges::sfdisk_accepts(&image)?;
    let volume = kit.path("volume.img");
    extract_volume(&image, &volume)?;
    judges::fsck_fat_accepts(&volume)?;
    let listing = judges::mdir(&image, VOLUME_OFFSET, "/mendkit")?;
    assert!(listing.contains("job.json"), "{listing}");
    let tree = kit.path("tree");
    fs::create_dir(&tree)?;
    judges::extract_fat(&image, VOLUME_OFFSET, &tree)?;
    judges::minisign_accepts(&tree.join("SHA256SUMS"), &kit.public_key()?)?;
    let checked = judges::sha256sum_accepts(&tree, "SHA256SUMS")?;
    assert!(checked >= 18, "sha256sum checked {checked} files");
    Ok(())
}

#[test]
fn verify_agrees_and_names_the_key_it_was_given() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let said = kit
        .mendkit(&["verify", "rescue.img", "--key", "release.key.pub"])?
        .text();
    assert!(said.contains(" as given\n"), "{said}");
    assert!(said.contains(" good "), "{said}");
    Ok(())
}

#[test]
fn verify_takes_several_at_once_and_the_worst_of_them_counts() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    fs::copy(kit.image(), kit.path("two.img"))?;
    let mut bytes = fs::read(kit.image())?;
    // In a kernel: far behind the FATs, far before journal and free space.
    let middle = bytes.len() / 8;
    bytes[middle] ^= 1;
    fs::write(kit.path("bad.img"), bytes)?;
    let verify = |sources: &[&str]| -> Result<(Option<i32>, String)> {
        let mut arguments = vec!["verify", "--key", "release.key.pub"];
        arguments.extend(sources);
        let output = kit.mendkit_command(&arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.status.code(), said))
    };
    let (code, said) = verify(&["rescue.img", "two.img"])?;
    assert_eq!((code, said.lines().count()), (Some(0), 3), "{said}");
    assert!(said.contains(" in all    2 good, 0 bad "), "{said}");
    let (code, said) = verify(&["rescue.img", "none.img"])?;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("1 good, 0 bad, 1 could not be read"),
        "{said}"
    );
    let (code, said) = verify(&["bad.img", "none.img", "two.img"])?;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(" BAD       bad.img"), "{said}");
    assert!(said.contains(" good      two.img"), "{said}");
    Ok(())
}

#[test]
fn plan_covers_the_image_and_writes_nothing() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let size = fs::metadata(kit.image())?.len();
    fs::remove_file(kit.image())?;
    let cache = support::kit::cache();
    let cache = cache.to_str().unwrap_or_default();
    let plan = kit
        .mendkit(&["build", "recipe.toml", "--plan", "--cache", cache])?
        .text();
    assert!(!kit.image().exists());
    assert!(
        plan.starts_with(&format!("image  {} sectors of 512 bytes", size / 512)),
        "{plan}"
    );
    let mut next = 0;
    for line in plan.lines().filter(|line| line.starts_with("LBA")) {
        let range = line.split_whitespace().nth(1).unwrap_or_default();
        let (first, last) = range.split_once("..=").unwrap_or((range, range));
        assert_eq!(first.parse::<u64>()?, next, "{line}");
        next = last.parse::<u64>()? + 1;
    }
    assert_eq!(next * 512, size, "{plan}");
    Ok(())
}
