//! Images of every layout, read by others and held against their own structure.

use std::io::Cursor;

use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::{ALL_LAYOUTS, Layout};
use mendkit::plan::{ImageContents, plan_image};
use mendkit::verify::read_image;
use rescue_stick::digest::Sha256Digest;

use crate::content::{contents, image, varied_files};
use crate::judges::{as_files, assert_sound, assert_sound_without_gpt, judge};

fn contents_in(layout: Layout) -> ImageContents {
    let mut contents = contents(varied_files());
    contents.identity = DiskIdentity::derive(Sha256Digest::of(b"test"), layout);
    contents
}

/// Type, start and bootable flag of a partition.
type Seen = (String, u64, bool);

/// Returns what sfdisk reads: kind of table, and every partition.
fn seen_by_sfdisk(image: &[u8]) -> Option<(String, Vec<Seen>)> {
    let (disk, _) = as_files(image);
    let (is_good, said) = judge("sfdisk", &["--json"], disk.path())?;
    assert!(is_good, "{said}");
    let table: serde_json::Value = serde_json::from_str(&said).unwrap();
    let table = &table["partitiontable"];
    let partitions = table["partitions"].as_array().unwrap().iter().map(|one| {
        let kind = one["type"].as_str().unwrap().to_owned();
        let is_bootable = one["bootable"].as_bool().unwrap_or(false);
        (kind, one["start"].as_u64().unwrap(), is_bootable)
    });
    Some((
        table["label"].as_str().unwrap().to_owned(),
        partitions.collect(),
    ))
}

#[test]
fn every_layout_is_sound_for_others_and_for_ourselves() {
    for layout in ALL_LAYOUTS {
        let image = image(contents_in(layout));
        if layout.has_gpt() {
            assert_sound(&image);
        } else {
            assert_sound_without_gpt(&image);
        }
        let read = read_image(&mut Cursor::new(&image)).unwrap();
        assert_eq!(read.problems, [], "{layout}");
        assert_eq!(read.notes, [""; 0], "{layout}");
        assert_eq!(read.identity.map(|own| own.layout), Some(layout));
        assert_eq!(read.image_size, Some(read.medium_size), "{layout}");
    }
}

#[test]
fn sfdisk_sees_the_table_that_was_asked_for() {
    const BIOS_BOOT: &str = "21686148-6449-6E6F-744E-656564454649";
    const EFI_SYSTEM: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    for (layout, label, partitions) in [
        (
            Layout::Gpt,
            "gpt",
            vec![(BIOS_BOOT, 34, false), (EFI_SYSTEM, 2048, false)],
        ),
        (Layout::Mbr, "dos", vec![("c", 2048, true)]),
    ] {
        let Some((found, entries)) = seen_by_sfdisk(&image(contents_in(layout))) else {
            return;
        };
        assert_eq!(found, label);
        let expected = partitions.into_iter();
        let expected = expected.map(|(kind, start, active)| (kind.to_owned(), start, active));
        assert_eq!(entries, expected.collect::<Vec<_>>());
    }
}

#[test]
fn every_byte_of_the_first_sector_behind_the_boot_code_counts() {
    for layout in ALL_LAYOUTS {
        let mut image = image(contents_in(layout));
        for offset in 440..512 {
            image[offset] = !image[offset];
            let read = read_image(&mut Cursor::new(&image)).unwrap();
            assert!(!read.problems.is_empty(), "{layout}, offset {offset:#x}");
            image[offset] = !image[offset];
        }
    }
}

#[test]
fn layouts_share_no_identity_and_an_mbr_alone_is_shorter() {
    let plans = ALL_LAYOUTS.map(|layout| plan_image(contents_in(layout)).unwrap());
    let [hybrid, gpt, mbr] = plans;
    assert_eq!(hybrid.size(), gpt.size());
    assert_eq!(hybrid.size().0 - mbr.size().0, 1 << 20);
    assert_ne!(
        hybrid.identity().disk_signature,
        mbr.identity().disk_signature
    );
    let text = mbr.to_string();
    assert!(
        !text.contains("GPT") && text.contains(" MBR  [written last]"),
        "{text}"
    );
}

#[test]
fn an_mbr_that_promises_more_than_there_is_is_refused() {
    let mut image = image(contents_in(Layout::Mbr));
    image[446 + 12..446 + 16].copy_from_slice(&u32::MAX.to_le_bytes());
    let read = read_image(&mut Cursor::new(&image)).unwrap();
    let first = read.problems.first().map(ToString::to_string).unwrap();
    assert!(
        first.starts_with("MBR, entry 1: 4294967295 sectors"),
        "{first}"
    );
    assert_eq!(read.image_size, None);
}
