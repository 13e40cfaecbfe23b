//! The written volume, read by others.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::process::Command;

use fatfs::{FileAttributes, FileSystem, FsOptions};
use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::Layout;
use mendkit::lba::ByteSize;
use mendkit::plan::{Content, ImageFile, plan_image};
use mendkit::verify::read_image;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths;

use crate::content::{bytes, contents, file, image, varied_files, written, written_over};
use crate::judges::{VOLUME_OFFSET, as_files, assert_sound, judge, run};

/// Returns every file that fatfs finds in the image, with its content.
fn read_by_fatfs(image: &[u8]) -> BTreeMap<String, Vec<u8>> {
    fn walk(
        folder: fatfs::Dir<'_, Cursor<Vec<u8>>>,
        path: &str,
        found: &mut BTreeMap<String, Vec<u8>>,
    ) {
        for entry in folder.iter() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            let path = format!("{path}{name}");
            if entry.is_dir() {
                walk(entry.to_dir(), &format!("{path}/"), found);
            } else {
                let mut content = Vec::new();
                entry.to_file().read_to_end(&mut content).unwrap();
                assert_eq!(found.insert(path, content), None);
            }
        }
    }
    let volume = Cursor::new(image[VOLUME_OFFSET..].to_vec());
    let volume = FileSystem::new(volume, FsOptions::new()).unwrap();
    let mut found = BTreeMap::new();
    walk(volume.root_dir(), "", &mut found);
    found
}

fn bytes_of(file: &ImageFile) -> &[u8] {
    match &file.content {
        Content::Bytes(bytes) => bytes,
        other => panic!("{other:?} is not in memory"),
    }
}

fn assert_reads_back(files: &[ImageFile], image: &[u8]) {
    let found = read_by_fatfs(image);
    for file in files {
        assert_eq!(
            found.get(&file.path).map(Vec::as_slice),
            Some(bytes_of(file)),
            "{}",
            file.path
        );
    }
    // And the journal.
    assert_eq!(found.len(), files.len() + 1);
}

#[test]
fn names_and_sizes_of_every_kind_are_read_back() {
    let files = varied_files();
    let image = image(contents(files.clone()));
    assert_sound(&image);
    assert_reads_back(&files, &image);
}

#[test]
fn three_thousand_long_names_in_one_folder_are_read_back() {
    let name = |number| format!("definitions/a rather long file name, number {number:05}.dat");
    let files: Vec<_> = (0..3000usize)
        .map(|number| file(&name(number), bytes(number % 700)))
        .collect();
    let image = image(contents(files.clone()));
    assert_sound(&image);
    assert_reads_back(&files, &image);
}

#[test]
fn volumes_of_every_cluster_size_are_sound() {
    // 65,525 clusters are the least of FAT32; contents lie just below and above what fills them. A
    // reserved file takes the room and costs no writing.
    for clusters in [65_000, 65_525, 65_700] {
        for cluster_size in [1024, 2048, 4096] {
            let mut contents = contents(vec![file("first", bytes(5000))]);
            contents.report_space = ByteSize(0);
            contents.reserved[0].size = ByteSize(clusters * cluster_size);
            let plan = plan_image(contents).unwrap();
            let size = usize::try_from(plan.size().0).unwrap();
            let (image, _) = written_over(vec![0; size], &plan);
            let per_cluster = u64::from(image[VOLUME_OFFSET + 13]);
            let is_enough = clusters > 65_100;
            let expected = if is_enough {
                cluster_size
            } else {
                cluster_size / 2
            };
            assert_eq!(per_cluster * 512, expected, "{clusters} of {cluster_size}");
            assert_sound(&image);
        }
    }
}

#[test]
fn mtools_lists_and_copies_long_names() {
    let image = image(contents(varied_files()));
    let (_, volume) = as_files(&image);
    let mut list = Command::new("mdir");
    list.args(["-/", "-b", "-a", "-i"])
        .arg(volume.path())
        .arg("::/");
    list.env("LC_ALL", "C.UTF-8");
    let Some((is_good, said)) = run("mdir", &mut list) else {
        return;
    };
    assert!(is_good, "{said}");
    for file in varied_files() {
        // mtools has no letters beyond the first plane.
        if file.path.is_ascii() || file.path.contains("Genève") {
            assert!(
                said.contains(&format!("::/{}\n", file.path)),
                "{}: {said}",
                file.path
            );
        }
    }
    let copy = tempfile::tempdir().unwrap();
    let mut command = Command::new("mcopy");
    command
        .args(["-i"])
        .arg(volume.path())
        .arg("::/collide/Definition file 39.dat")
        .arg(copy.path());
    let Some((is_good, said)) = run("mcopy", &mut command) else {
        return;
    };
    assert!(is_good, "{said}");
    let copied = fs_err::read(copy.path().join("Definition file 39.dat")).unwrap();
    assert_eq!(copied, bytes(39));
}

#[test]
fn label_serial_and_free_space_are_what_the_plan_says() {
    let contents = contents(varied_files());
    let (identity, room) = (contents.identity.clone(), contents.report_space);
    let image = image(contents);
    let volume = Cursor::new(image[VOLUME_OFFSET..].to_vec());
    let volume = FileSystem::new(volume, FsOptions::new()).unwrap();
    assert_eq!(volume.volume_label(), "MENDKIT");
    let in_root = volume.read_volume_label_from_root_dir().unwrap();
    assert_eq!(in_root.as_deref(), Some("MENDKIT"));
    assert_eq!(volume.volume_id(), identity.volume_serial);
    let (free, cluster) = (
        volume.stats().unwrap().free_clusters(),
        volume.cluster_size(),
    );
    assert!(u64::from(free) * u64::from(cluster) >= room.0);

    let (disk, volume) = as_files(&image);
    if let Some((_, said)) = judge("blkid", &["-p", "-o", "export"], volume.path()) {
        for line in [
            format!("UUID={}", identity.serial_text()),
            "LABEL=MENDKIT".to_owned(),
        ] {
            assert!(said.lines().any(|found| found == line), "{line}: {said}");
        }
    }
    if let Some((_, said)) = judge("blkid", &["-p", "-o", "export"], disk.path()) {
        let line = format!("PTUUID={}", identity.disk_guid);
        assert!(said.lines().any(|found| found == line), "{line}: {said}");
    }
}

#[test]
fn journal_is_hidden_and_lies_where_the_plan_says() {
    let plan = plan_image(contents(varied_files())).unwrap();
    let (image, _) = written(&plan);
    let read = read_image(&mut Cursor::new(&image)).unwrap();
    let journal = read
        .files
        .iter()
        .find(|file| file.path == paths::JOURNAL)
        .unwrap();
    let [range] = journal.ranges.as_slice() else {
        panic!("{:?}", journal.ranges)
    };
    let planned: Vec<_> = plan
        .pieces()
        .iter()
        .filter(|piece| piece.label.contains(paths::JOURNAL))
        .map(|piece| piece.range)
        .collect();
    let [head, rest] = planned.as_slice() else {
        panic!("{planned:?}")
    };
    assert_eq!((range.first(), range.last()), (head.first(), rest.last()));
    let start = usize::try_from(head.first().byte_offset()).unwrap();
    assert!(image[start..].starts_with(b"mendkit journal\0"));

    let volume = Cursor::new(image[VOLUME_OFFSET..].to_vec());
    let volume = FileSystem::new(volume, FsOptions::new()).unwrap();
    let folder = volume.root_dir().open_dir("mendkit").unwrap();
    let entry = folder
        .iter()
        .map(Result::unwrap)
        .find(|entry| entry.file_name() == "journal.bin");
    let entry = entry.unwrap();
    assert_eq!(
        entry.attributes(),
        FileAttributes::HIDDEN | FileAttributes::SYSTEM
    );
    assert_eq!(entry.len(), 100_000);
    let modified = entry.modified();
    let (date, time) = (modified.date, modified.time);
    assert_eq!((date.year, date.month, date.day), (2010, 4, 22));
    assert_eq!((time.hour, time.min, time.sec), (10, 4, 4));
}

#[test]
fn gpt_crate_reads_both_tables() {
    let image = image(contents(varied_files()));
    let disk = gpt::GptConfig::new()
        .only_valid_headers(true)
        .open_from_device(Cursor::new(image))
        .unwrap();
    let names: Vec<&str> = disk
        .partitions()
        .values()
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(names, ["BIOS boot", "MENDKIT"]);
    assert_eq!(disk.partitions()[&2].flags, 4);
}

#[test]
fn mapped_ranges_hold_nothing_of_what_was_there_before_and_the_rest_is_untouched() {
    let plan = plan_image(contents(varied_files())).unwrap();
    let (image, written) = written(&plan);
    let mut blank = image.clone();
    for piece in plan.pieces() {
        let start = usize::try_from(piece.range.first().byte_offset()).unwrap();
        let length = usize::try_from(piece.range.size().0).unwrap();
        let range = &mut blank[start..][..length];
        if piece.is_mapped() {
            // No content of the test has three such bytes in a row.
            assert!(
                !range.windows(3).any(|bytes| bytes == [0xd1; 3]),
                "{}",
                piece.label
            );
        } else {
            assert!(range.iter().all(|byte| *byte == 0xd1), "{}", piece.label);
            range.fill(0);
        }
    }
    assert_eq!(written.sha256, Sha256Digest::of(&blank));
    assert_eq!(written.size, plan.size());
}

#[test]
fn same_contents_give_the_same_bytes() {
    let first = image(contents(varied_files()));
    assert!(first == image(contents(varied_files())));
    let mut other = contents(varied_files());
    other.identity = DiskIdentity::derive(Sha256Digest::of(b"other"), Layout::Hybrid);
    assert!(first != image(other));
}
