//! Every sector of an image is accounted for, once, and differences are told in words.

use std::io::Cursor;

use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::{ALL_LAYOUTS, Layout};
use mendkit::inspect::compare::compare;
use mendkit::inspect::{Inspection, RangeKind, Thoroughness, inspect};
use mendkit::plan::{ImageContents, plan_image};
use rescue_stick::digest::Sha256Digest;

use crate::content::{bytes, contents, file, image, varied_files, written_over};
use crate::judges::{as_files, judge};

fn contents_in(layout: Layout) -> ImageContents {
    let mut contents = contents(varied_files());
    contents.identity = DiskIdentity::derive(Sha256Digest::of(b"test"), layout);
    contents
}

fn inspected(image: &[u8]) -> Inspection {
    let mut source = Cursor::new(image);
    let found = inspect(&mut source, None, Thoroughness::Everything).unwrap();
    assert_covers(&found, image.len());
    found
}

/// Demands that the ranges cover the medium without gap or overlap.
fn assert_covers(found: &Inspection, length: usize) {
    let mut next = 0;
    for range in &found.ranges {
        assert_eq!(range.first_lba, next, "{range:?}");
        next += range.sectors;
    }
    assert_eq!(next * 512, u64::try_from(length).unwrap());
}

fn kinds(found: &Inspection, kind: RangeKind) -> Vec<&str> {
    let ranges = found.ranges.iter().filter(|range| range.kind == kind);
    ranges.map(|range| range.what.as_str()).collect()
}

#[test]
fn the_ranges_are_those_of_the_plan_and_cover_the_image_in_every_layout() {
    for layout in ALL_LAYOUTS {
        let plan = plan_image(contents_in(layout)).unwrap();
        let image = image(contents_in(layout));
        let found = inspected(&image);
        assert_eq!(kinds(&found, RangeKind::Unexplained), [""; 0], "{layout}");
        assert_eq!(found.layout, Some(layout));
        for piece in plan.pieces().iter().filter(|piece| piece.is_mapped()) {
            let first = piece.range.first().0;
            let is_there = found.ranges.iter().any(|range| range.first_lba == first);
            // The boot code is known by its copy among the files, which these contents lack.
            let is_core = piece.label == "GRUB's core image";
            assert!(is_there || is_core, "{layout}: {}", piece.label);
        }
        let tables = kinds(&found, RangeKind::PartitionTable).len();
        assert_eq!(
            tables,
            if layout == Layout::Mbr { 1 } else { 3 },
            "{layout}"
        );
        let empty: Vec<&str> = found.empty_files.iter().map(String::as_str).collect();
        let expected = [
            "collide/Definition file 0.dat",
            "mendkit/files/empty",
            "mendkit/files/EMPTY2.BIN",
        ];
        assert_eq!(empty, expected);
    }
}

#[test]
fn digests_are_those_that_sha256sum_takes_from_the_sectors() {
    let image = image(contents(varied_files()));
    let found = inspected(&image);
    let (disk, _) = as_files(&image);
    let mut checked = 0;
    for range in found.ranges.iter().filter(|range| range.sha256.is_some()) {
        let sectors = usize::try_from(range.sectors * 512).unwrap();
        let length = range
            .bytes
            .map_or(sectors, |bytes| usize::try_from(bytes).unwrap());
        let start = usize::try_from(range.first_lba * 512).unwrap();
        let digest = Sha256Digest::of(&image[start..start + length.min(sectors)]);
        assert_eq!(range.sha256, Some(digest), "{}", range.what);
        checked += 1;
    }
    assert!(checked > 60, "{checked}");
    // And one of them by somebody else.
    let mbr = &found.ranges[0];
    let script = format!("head -c 512 {} | sha256sum #", disk.path().display());
    if let Some((true, said)) = judge("bash", &["-c", &script], disk.path()) {
        assert!(said.starts_with(&mbr.sha256.unwrap().to_string()), "{said}");
    }
}

#[test]
fn free_space_of_an_image_is_zero_and_what_lies_behind_it_is_told() {
    let plan = plan_image(contents(varied_files())).unwrap();
    // A build writes into a new file, whose every byte is zero.
    let new = vec![0; usize::try_from(plan.size().0).unwrap()];
    let (mut image, _) = written_over(new, &plan);
    let zeros = |found: &Inspection| {
        let free = found
            .ranges
            .iter()
            .filter(|range| range.kind == RangeKind::Free);
        free.map(|range| range.is_zero).collect::<Vec<_>>()
    };
    let found = inspected(&image);
    let free = found
        .ranges
        .iter()
        .filter(|one| one.kind == RangeKind::Free && one.is_zero != Some(true));
    // GRUB's core image is known by its copy among the files, which these contents lack.
    let core = "unused, before the volume";
    assert_eq!(
        free.map(|one| one.what.as_str()).collect::<Vec<_>>(),
        [core]
    );
    image.extend(vec![0xd1; 4 << 20]);
    let found = inspected(&image);
    let last = found.ranges.last().unwrap();
    assert_eq!(
        (last.what.as_str(), last.is_zero),
        ("behind the image", Some(false))
    );
    let mut source = Cursor::new(&image);
    let quick = inspect(&mut source, None, Thoroughness::InUse).unwrap();
    assert!(zeros(&quick).iter().all(Option::is_none));
}

#[test]
fn clusters_that_nothing_owns_are_not_explained() {
    let mut image = image(contents(varied_files()));
    // The first free cluster, called used in both FATs.
    let field = |image: &[u8], at: usize, length: usize| {
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(&image[(1 << 20) + at..][..length]);
        usize::try_from(u64::from_le_bytes(bytes)).unwrap()
    };
    let (reserved, fat) = (field(&image, 14, 2), field(&image, 36, 4));
    let first_fat = (1 << 20) + reserved * 512;
    let entries = image[first_fat..first_fat + fat * 512].chunks_exact(4);
    let free = entries.skip(2).position(|entry| entry == [0; 4]).unwrap() + 2;
    for copy in 0..2 {
        let at = first_fat + copy * fat * 512 + free * 4;
        image[at..at + 4].copy_from_slice(&0x0fff_ffffu32.to_le_bytes());
    }
    let found = inspected(&image);
    assert_eq!(
        kinds(&found, RangeKind::Unexplained),
        ["clusters that no file owns"]
    );
    assert!(!found.is_good());
}

#[test]
fn what_is_no_image_is_not_explained_at_all() {
    let found = inspected(&vec![0x5a; 3 << 20]);
    let what = kinds(&found, RangeKind::Unexplained);
    assert!(
        what.iter()
            .all(|what| *what == "no volume can be read here"),
        "{what:?}"
    );
    assert!(!what.is_empty());
}

#[test]
fn differences_are_told_in_words() {
    let one = inspected(&image(contents(varied_files())));
    assert_eq!(compare(&one, &one), []);
    let mut other = contents_in(Layout::Mbr);
    other.files.retain(|file| file.path != "UPPER.TXT");
    other.files.push(file("mendkit/new.bin", bytes(9)));
    for changed in &mut other.files {
        if changed.path == "EFI/BOOT/BOOTX64.EFI" {
            *changed = file("EFI/BOOT/BOOTX64.EFI", bytes(4097));
        }
    }
    let other = inspected(&image(other));
    let words: Vec<String> = compare(&one, &other)
        .iter()
        .map(ToString::to_string)
        .collect();
    let has = |text: &str| words.iter().any(|line| line.starts_with(text));
    assert!(has("layout      hybrid -> mbr"), "{words:#?}");
    assert!(has("file        /UPPER.TXT removed"), "{words:#?}");
    assert!(has("file        /mendkit/new.bin added"), "{words:#?}");
    assert!(
        has("file        /EFI/BOOT/BOOTX64.EFI changed: 4096 bytes"),
        "{words:#?}"
    );
    assert_eq!(words.len(), 5, "{words:#?}");
}
