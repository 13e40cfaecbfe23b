//! Damages images and looks whether verification finds it.

use std::io::Cursor;

use cpio::newc;
use mendkit::boot::grub::{BOOT_SECTOR_COPY, CORE_IMAGE_COPY};
use mendkit::boot::key::KEY_ARCHIVE;
use mendkit::lba::ByteSize;
use mendkit::plan::{ImageFile, ReservedFile, plan_image};
use mendkit::stick::identity::{IdentityPlace, read_identity};
use mendkit::verify::{Problem, Verified, read_image, verify_image};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts, blank_file};
use rescue_stick::manifest::Manifest;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use crate::content::{boot_code, bytes, contents, file, image, varied_files};
use crate::judges::{VOLUME_OFFSET, assert_sound};

/// A signed set of files, and the key.
struct Signed {
    files: Vec<ImageFile>,
    key: PublicKey,
}

fn key_archive(keys: &[&PublicKey]) -> Vec<u8> {
    let mut archive = Vec::new();
    for key in keys {
        let text = key.to_file();
        let entry = newc::Builder::new("mendkit.pub").mode(0o100_644);
        let mut writer = entry.write(&mut archive, text.len().try_into().unwrap());
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
        writer.finish().unwrap();
    }
    newc::trailer(&mut archive).unwrap();
    archive
}

/// Adds key, manifest and signature to these files.
fn signed(mut files: Vec<ImageFile>, archive: impl Fn(&PublicKey) -> Vec<u8>) -> Signed {
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = PublicKey::parse(&pair.pk.to_base64()).unwrap();
    files.push(file(paths::PUBLIC_KEY, key.to_file()));
    files.push(file(KEY_ARCHIVE, archive(&key)));
    files.push(file(BOOT_SECTOR_COPY, boot_code().mbr));
    files.push(file(CORE_IMAGE_COPY, boot_code().core));
    let mut manifest = Manifest::default();
    for file in &files {
        manifest.insert(file.path.clone(), file.sha256);
    }
    let text = manifest.to_text();
    let signature = minisign::sign(None, &pair.sk, text.as_bytes(), None, None).unwrap();
    files.push(file(paths::MANIFEST, text));
    files.push(file(paths::MANIFEST_SIGNATURE, signature.to_string()));
    Signed { files, key }
}

fn good() -> Signed {
    signed(varied_files(), |key| key_archive(&[key]))
}

fn verified(files: Vec<ImageFile>, trusted: Option<&PublicKey>) -> Verified {
    let image = image(contents(files));
    verify_image(&mut Cursor::new(image), trusted).unwrap()
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn a_good_image_has_no_problem_under_either_key() {
    let Signed { mut files, key } = good();
    let listed = files.len() - 2;
    files.push(file("reports/pc1/report.json", "{}"));
    let outcome = verified(files.clone(), Some(&key));
    assert_eq!(texts(&outcome.problems), [""; 0]);
    assert!(outcome.key_is_trusted);
    assert_eq!((outcome.files, outcome.key.as_ref()), (listed, Some(&key)));
    assert_eq!(outcome.reports, ["reports/pc1/report.json"]);
    let outcome = verified(files, None);
    assert_eq!(texts(&outcome.problems), [""; 0]);
    assert!(!outcome.key_is_trusted);
    assert_eq!(outcome.key, Some(key));
}

/// An image with room for an identity, as `mendkit build` makes it.
fn image_with_identity() -> (Vec<u8>, PublicKey) {
    let Signed { files, key } = good();
    let mut contents = contents(files);
    contents.reserved.insert(
        0,
        ReservedFile {
            path: paths::IDENTITY.to_owned(),
            size: ByteSize(4096),
            head: blank_file(),
            purpose: "identity".to_owned(),
        },
    );
    (image(contents), key)
}

fn identity() -> Identity {
    let facts = IdentityFacts {
        id: "MK-7F3A-01".parse().unwrap(),
        image: Sha256Digest::of(b"image"),
        title: "title".to_owned(),
        written: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna".to_owned(),
    };
    Identity::new(facts, [7; 32]).unwrap()
}

#[test]
fn a_stick_is_its_image_with_an_identity_laid_over_it() {
    let (image, key) = image_with_identity();
    let mut source = Cursor::new(image.clone());
    assert_eq!(read_identity(&mut source).unwrap(), None);
    let outcome = verify_image(&mut source, Some(&key)).unwrap();
    assert_eq!(texts(&outcome.problems), [""; 0]);
    assert_eq!(outcome.stick, None);

    let place = IdentityPlace::find(&mut source).unwrap();
    let mut stick = image.clone();
    place.patch(&identity()).overlay(0, &mut stick);
    let changed = image.iter().zip(&stick).enumerate();
    let changed: Vec<u64> = changed
        .filter(|(_, (a, b))| a != b)
        .map(|(at, _)| u64::try_from(at).unwrap())
        .collect();
    let (first, last) = (changed.first().unwrap(), changed.last().unwrap());
    assert!(*first >= place.offset && *last < place.offset + 4096);

    let mut source = Cursor::new(stick.clone());
    assert_eq!(read_identity(&mut source).unwrap(), Some(identity()));
    let outcome = verify_image(&mut source, Some(&key)).unwrap();
    assert_eq!(texts(&outcome.problems), [""; 0]);
    assert_eq!(outcome.stick, Some(identity()));

    place.blank().overlay(0, &mut stick);
    assert!(stick == image);
}

#[test]
fn finds_an_identity_that_is_none() {
    let (mut image, key) = image_with_identity();
    let place = IdentityPlace::find(&mut Cursor::new(&image)).unwrap();
    let at = usize::try_from(place.offset).unwrap();
    image[at + 100] = 1;
    let outcome = verify_image(&mut Cursor::new(&image), Some(&key)).unwrap();
    let places: Vec<_> = outcome.problems.iter().map(|p| p.place.as_str()).collect();
    assert_eq!(places, [paths::IDENTITY]);
    assert!(read_identity(&mut Cursor::new(&image)).is_err());
}

#[test]
fn an_image_without_room_for_an_identity_is_not_given_one() {
    let Signed { files, .. } = good();
    let image = image(contents(files));
    let error = IdentityPlace::find(&mut Cursor::new(&image)).unwrap_err();
    let expect = "mendkit/identity.bin: missing, expected a file in one piece";
    assert_eq!(error.to_string(), expect);
    let nothing = IdentityPlace::find(&mut Cursor::new(vec![0u8; 1 << 20])).unwrap_err();
    assert!(nothing.to_string().contains("expected"), "{nothing}");
}

#[test]
fn what_windows_left_on_a_stick_is_named_and_no_problem() {
    let Signed { mut files, key } = good();
    files.push(file("System Volume Information/IndexerVolumeGuid", "{"));
    files.push(file("System Volume Information/WPSettings.dat", "x"));
    let outcome = verified(files, Some(&key));
    assert_eq!(texts(&outcome.problems), [""; 0]);
    let note = "/System Volume Information is not ours and is not read (Windows: search index)";
    assert_eq!(outcome.notes, [note]);
}

#[test]
fn finds_extra_missing_and_changed_files() {
    let Signed { mut files, key } = good();
    files.retain(|file| file.path != "UPPER.TXT");
    let changed = files
        .iter_mut()
        .find(|file| file.path == "boot/vmlinuz64")
        .unwrap();
    *changed = file("boot/vmlinuz64", bytes(300_000));
    files.push(file("autorun.inf", "[autorun]"));
    files.push(file("reportsx", "x"));
    let outcome = verified(files, Some(&key));
    let found: Vec<_> = outcome
        .problems
        .iter()
        .map(|p| (p.place.as_str(), p.finding.as_str()))
        .collect();
    let [upper, autorun, vmlinuz, reportsx] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(*upper, ("UPPER.TXT", "missing"));
    assert_eq!(*autorun, ("autorun.inf", "not in the manifest"));
    assert!(vmlinuz.0 == "boot/vmlinuz64" && vmlinuz.1.starts_with("sha256 "));
    assert_eq!(*reportsx, ("reportsx", "not in the manifest"));
}

#[test]
fn finds_a_signature_by_another_key() {
    let (ours, theirs) = (good(), good());
    let outcome = verified(theirs.files.clone(), Some(&ours.key));
    let places: Vec<_> = outcome.problems.iter().map(|p| p.place.as_str()).collect();
    assert_eq!(places, [paths::PUBLIC_KEY, paths::MANIFEST_SIGNATURE]);

    // The manifest of one under the signature of the other.
    let mut mixed = theirs.files;
    mixed.retain(|file| file.path != paths::MANIFEST_SIGNATURE);
    mixed.extend(
        ours.files
            .into_iter()
            .filter(|file| file.path == paths::MANIFEST_SIGNATURE),
    );
    let outcome = verified(mixed, None);
    let places: Vec<_> = outcome.problems.iter().map(|p| p.place.as_str()).collect();
    assert_eq!(places, [paths::MANIFEST_SIGNATURE]);
}

#[test]
fn finds_files_of_the_proof_that_are_missing_or_nonsense() {
    for path in [
        paths::MANIFEST,
        paths::MANIFEST_SIGNATURE,
        paths::PUBLIC_KEY,
        KEY_ARCHIVE,
    ] {
        for content in [None, Some(&b"\xff\xfe"[..]), Some(b"nonsense")] {
            let Signed { mut files, .. } = good();
            files.retain(|file| file.path != path);
            files.extend(content.map(|content| file(path, content)));
            let outcome = verified(files, None);
            let is_named = outcome.problems.iter().any(|problem| problem.place == path);
            assert!(is_named, "{path}: {:?}", texts(&outcome.problems));
        }
    }
}

#[test]
fn finds_boot_code_that_is_not_the_signed_one() {
    let Signed { files, key } = good();
    let image = image(contents(files.clone()));
    let last_of_core = 34 * 512 + boot_code().core.len() - 1;
    // Where GRUB's parts name each other's sectors is checked beside this; here it is the code proper.
    for offset in [200, 439, 34 * 512, last_of_core] {
        let mut changed = image.clone();
        changed[offset] ^= 0x40;
        let outcome = verify_image(&mut Cursor::new(changed), Some(&key)).unwrap();
        let found = texts(&outcome.problems);
        assert_eq!(found.len(), 1, "offset {offset}: {found:?}");
        assert!(found[0].contains("changed, expected what boot/grub/"));
    }
    for path in [BOOT_SECTOR_COPY, CORE_IMAGE_COPY] {
        let files = files.iter().filter(|file| file.path != path).cloned();
        let outcome = verified(files.collect(), Some(&key));
        let problems = texts(&outcome.problems);
        assert!(
            problems
                .iter()
                .any(|text| text.starts_with(&format!("{path}: missing, expected a copy of"))),
            "{problems:?}"
        );
    }
}

#[test]
fn finds_another_or_a_second_key_in_the_archive() {
    let other = good().key;
    type Archive<'a> = &'a dyn Fn(&PublicKey) -> Vec<u8>;
    let archives: [Archive<'_>; 4] = [
        &|_| key_archive(&[&other]),
        &|key| key_archive(&[key, &other]),
        &|key| [key_archive(&[key]), vec![0; 512], key_archive(&[&other])].concat(),
        &|_| key_archive(&[]),
    ];
    for archive in archives {
        let Signed { files, key } = signed(varied_files(), archive);
        let outcome = verified(files, Some(&key));
        let places: Vec<_> = outcome.problems.iter().map(|p| p.place.as_str()).collect();
        assert_eq!(places, [KEY_ARCHIVE], "{:?}", texts(&outcome.problems));
    }
}

/// Where the parts of [`small_image`] lie, in bytes.
struct Places {
    fsinfo: usize,
    first_fat: usize,
    second_fat: usize,
    data: usize,
    cluster: usize,
    backup_gpt: usize,
}

/// Files whose folders are easy to damage: `/` holds label, `d`, `PLAIN.TXT`, and a long name.
fn small_image() -> (Vec<u8>, Places) {
    let mut contents = contents(vec![
        file("D/FILE.BIN", bytes(2000)),
        file("PLAIN.TXT", bytes(700)),
        file("a long name.txt", bytes(3)),
    ]);
    contents.folders.clear();
    contents.boot_code = boot_code();
    let image = image(contents);
    let number = |offset: usize| {
        let bytes = image[VOLUME_OFFSET + offset..][..4].try_into().unwrap();
        usize::try_from(u32::from_le_bytes(bytes)).unwrap()
    };
    let reserved = number(14) & 0xffff;
    let fat = number(36) * 512;
    let first_fat = VOLUME_OFFSET + reserved * 512;
    let places = Places {
        fsinfo: VOLUME_OFFSET + 512,
        first_fat,
        second_fat: first_fat + fat,
        data: first_fat + 2 * fat,
        cluster: 512,
        backup_gpt: image.len() - 33 * 512,
    };
    (image, places)
}

/// Returns the problems after some bytes were replaced, and puts them back.
fn problems_with(image: &mut [u8], offset: usize, replaced_by: &[u8]) -> Vec<String> {
    let before = image[offset..][..replaced_by.len()].to_vec();
    assert_ne!(before, replaced_by);
    image[offset..][..replaced_by.len()].copy_from_slice(replaced_by);
    let read = read_image(&mut Cursor::new(&*image)).unwrap();
    image[offset..][..replaced_by.len()].copy_from_slice(&before);
    texts(&read.problems)
}

#[test]
fn every_damaged_field_is_named() {
    let (mut image, at) = small_image();
    assert_sound(&image);
    assert_eq!(
        texts(&read_image(&mut Cursor::new(&image)).unwrap().problems),
        [""; 0]
    );
    let boot = VOLUME_OFFSET;
    let root = at.data;
    let folder = at.data + at.cluster;
    let fat_entry = |cluster: usize| at.first_fat + 4 * cluster;
    // Root: label, D, PLAIN.TXT, two parts of a long name and its file, then the folder mendkit.
    let (plain, long) = (root + 2 * 32, root + 3 * 32);
    let cases: &[(usize, &[u8], &str)] = &[
        (
            0,
            &[0],
            "MBR: boot code begins with a jump: is false, expected true",
        ),
        (
            0x5c,
            &[1],
            "MBR: LBA of GRUB's core image is Some(1), expected Some(34)",
        ),
        (
            34 * 512 + 0x1f4,
            &[2],
            "core image at LBA 34: LBA of its second sector is Some(2)",
        ),
        (
            34 * 512 + 0x1fc,
            &[0, 0],
            "core image at LBA 34: 0 more sectors, expected 1 to 2013",
        ),
        (440, &[0, 0, 0, 0], "MBR: disk signature is 0, expected"),
        (446, &[0], "MBR, entry 1: boot indicator is 0, expected 128"),
        (450, &[7], "MBR, entry 1: type is 7, expected 12"),
        (454, &[1], "MBR, entry 1: first LBA is 2049, expected 2048"),
        (462 + 4, &[0], "MBR, entry 2: type is 0, expected 238"),
        (478 + 4, &[7], "MBR, entry 3: type is 7, expected 0"),
        (510, &[0], "MBR: magic is [0, 170], expected [85, 170]"),
        (512, b"efi part", "GPT header at LBA 1: magic is"),
        (
            512 + 72,
            &[3],
            "GPT header at LBA 1: LBA of the entries is 3, expected 2",
        ),
        (
            1024 + 128 + 48,
            &[0],
            "LBA 2, partition 2: attributes is 0, expected 4",
        ),
        (
            1024 + 128 + 56,
            b"m",
            "partition 2: name is \"mENDKIT\", expected \"MENDKIT\"",
        ),
        (
            1024 + 3 * 128,
            &[1],
            "GPT entries at LBA 2: more than two partitions, expected two",
        ),
        (
            at.backup_gpt + 32,
            &[7],
            "other partitions than at LBA 2, expected the same",
        ),
        (image.len() - 512 + 24, &[1], "own LBA is"),
        (
            boot + 11,
            &[0, 4],
            "boot sector at LBA 2048: bytes per sector is 1024, expected 512",
        ),
        (
            boot + 13,
            &[3],
            "boot sector at LBA 2048: 3 sectors per cluster, expected 1, 2, 4 or 8",
        ),
        (
            boot + 13,
            &[8],
            "clusters, expected at least 65525 clusters for FAT32",
        ),
        (
            boot + 14,
            &[1, 0],
            "1 reserved sectors, expected at least 32",
        ),
        (boot + 16, &[1], "number of FATs is 1, expected 2"),
        (boot + 21, &[0xf0], "media byte is 240, expected 248"),
        (boot + 28, &[0, 0], "hidden sectors is 0, expected 2048"),
        (boot + 32, &[0xff; 4], "sectors"),
        (boot + 36, &[1, 0], "FAT of 1 sectors for"),
        (boot + 44, &[3], "root cluster is 3, expected 2"),
        (boot + 48, &[9], "sector of FSInfo is 9, expected 1"),
        (boot + 50, &[9], "sector of the backup is 9, expected 6"),
        (boot + 65, &[1], "dirty flag is 1, expected 0"),
        (boot + 67, &[0; 4], "volume serial is 0, expected"),
        (
            boot + 71,
            b"X",
            "volume label is \"XENDKIT    \", expected \"MENDKIT    \"",
        ),
        (
            boot + 510,
            &[0],
            "magic is \"\\x00\\xaa\", expected \"U\\xaa\"",
        ),
        (
            boot + 6 * 512 + 40,
            &[1],
            "backup boot sector at LBA 2054: other bytes than in the boot",
        ),
        (at.fsinfo, b"x", "FSInfo at LBA 2049: first magic"),
        (
            at.fsinfo + 488,
            &[1, 2, 3, 0],
            "number of free clusters is 197121, expected",
        ),
        (
            at.fsinfo + 492,
            &[1, 0, 0, 0],
            "next free cluster is 1, expected 2 to",
        ),
        (at.fsinfo + 6 * 512, b"x", "FSInfo at LBA 2055: first magic"),
        (
            at.first_fat + 7,
            &[0x07],
            "entry 1 is 0x7ffffff, expected 0xfffffff, not dirty",
        ),
        (
            at.second_fat + 8,
            &[9],
            "entry 2 is 0xfffff09, and 0 more differ",
        ),
        (
            fat_entry(7),
            &[0xff, 0xff, 0xff, 0x0f],
            "D/FILE.BIN: 3 clusters, expected 4 for 2000",
        ),
        (
            fat_entry(6),
            &[0, 0, 0, 0],
            "D/FILE.BIN: its chain breaks off at cluster 6",
        ),
        (fat_entry(6), &[9], "belongs to something else as well"),
        (
            fat_entry(6),
            &[0xf0, 0xff, 0xff, 0x0f],
            "D/FILE.BIN: cluster 268435440 in its chain",
        ),
        (
            fat_entry(60_000),
            &[0xff; 3],
            "1 clusters from 60000 on belong to nothing",
        ),
        (
            root,
            b"OTHER  ",
            "/: a volume label \"OTHER      \", expected \"MENDKIT\"",
        ),
        (root + 11, &[0x20], "/: 0 volume labels, expected 1"),
        (plain, b"D          ", "D) twice, expected once"),
        (plain + 11, &[0xe0], "PLAIN.TXT has attributes 0xe0"),
        (
            plain + 26,
            &[1, 0],
            "PLAIN.TXT: cluster 1 in its chain, expected 2 to",
        ),
        (
            plain + 28,
            &[0, 8],
            "PLAIN.TXT: 2 clusters, expected 4 for 2048 bytes",
        ),
        (
            long,
            &[0x43],
            "/: part 0x1 of a long name, expected parts in falling order",
        ),
        (long + 13, &[0], "/: part 0x1 of a long name"),
        (
            long + 2 * 32,
            b"X",
            "/: a long name that does not belong to XLONGN~1.TXT, expected its own",
        ),
        (
            long + 32 + 1,
            b"?",
            "/: a file with the name \"? long name.txt\"",
        ),
        (
            root + 10 * 32,
            &[0, 1],
            "/: bytes behind the last entry, expected zeros",
        ),
        (
            folder,
            b"X",
            "/D: entry 0 is \"X          \" with attributes 0x10, cluster 3",
        ),
        (
            folder + 32 + 26,
            &[2],
            "/D: entry 1 is \"..         \" with attributes 0x10, cluster 2",
        ),
    ];
    for (offset, replaced_by, expected) in cases {
        let found = problems_with(&mut image, *offset, replaced_by);
        let is_named = found.iter().any(|problem| problem.contains(expected));
        assert!(is_named, "{offset:#x}: {expected:?} not in {found:#?}");
    }
}

#[test]
fn every_byte_of_the_fixed_structures_is_checked() {
    let (mut image, at) = small_image();
    let last = image.len() - 512;
    let structures = [
        ("MBR", 440..512),
        ("GPT header", 512..1024),
        ("GPT entries", 1024..1024 + 3 * 128),
        ("backup GPT entries", at.backup_gpt..at.backup_gpt + 3 * 128),
        ("backup GPT header", last..last + 512),
        ("boot sector", VOLUME_OFFSET..VOLUME_OFFSET + 512),
        ("FSInfo", at.fsinfo..at.fsinfo + 492),
        ("end of FSInfo", at.fsinfo + 496..at.fsinfo + 512),
        (
            "backup boot sector",
            VOLUME_OFFSET + 6 * 512..VOLUME_OFFSET + 7 * 512,
        ),
        ("first FAT", at.first_fat..at.first_fat + 100),
        ("second FAT", at.second_fat..at.second_fat + 100),
    ];
    for (name, range) in structures {
        for offset in range {
            let damaged = [!image[offset]];
            let found = problems_with(&mut image, offset, &damaged);
            assert!(!found.is_empty(), "{name}, offset {offset:#x}");
        }
    }
}

#[test]
fn a_larger_medium_is_accepted_with_a_note_and_a_shorter_one_is_not() {
    let (image, _) = small_image();
    let mut larger = image.clone();
    larger.resize(image.len() + (8 << 20), 0xd1);
    let read = read_image(&mut Cursor::new(larger)).unwrap();
    assert_eq!(texts(&read.problems), [""; 0]);
    assert_eq!(read.notes.len(), 1);
    assert!(
        read.notes[0].contains("16384 sectors follow it"),
        "{:?}",
        read.notes
    );
    assert_eq!(
        read.image_size.unwrap().0,
        u64::try_from(image.len()).unwrap()
    );
    for length in [0, 100, 512, 20_000, 2 << 20, image.len() - 512] {
        let read = read_image(&mut Cursor::new(&image[..length])).unwrap();
        assert!(!read.problems.is_empty(), "{length}");
    }
}

#[test]
fn nonsense_is_refused_without_a_panic() {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let (mut image, at) = small_image();
    // Random bytes over random places of the structures, many at once.
    let ends = at.data + 4096;
    for _ in 0..400 {
        let mut before = Vec::new();
        for _ in 0..30 {
            let start = if next() % 2 == 0 { VOLUME_OFFSET } else { 0 };
            let length = if start == 0 {
                2048
            } else {
                ends - VOLUME_OFFSET
            };
            let offset = start + usize::try_from(next()).unwrap() % length;
            let damaged = u8::try_from(next() & 0xff).unwrap();
            before.push((offset, std::mem::replace(&mut image[offset], damaged)));
        }
        read_image(&mut Cursor::new(&image)).unwrap();
        for (offset, byte) in before.into_iter().rev() {
            image[offset] = byte;
        }
    }
    let read = read_image(&mut Cursor::new(vec![0xff; 40 << 20])).unwrap();
    assert!(!read.problems.is_empty());
}

#[test]
fn a_backup_moved_to_the_end_of_a_larger_stick_is_found_there() {
    let plan = plan_image(contents(varied_files())).unwrap();
    let (image, _) = crate::content::written(&plan);
    let mut larger = image;
    larger.resize(larger.len() + (3 << 20), 0);
    let mut disk = gpt::GptConfig::new()
        .writable(true)
        .open_from_device(Cursor::new(larger))
        .unwrap();
    let partitions = disk.partitions().clone();
    disk.update_partitions(partitions).unwrap();
    let larger = disk.write().unwrap().into_inner();
    let read = read_image(&mut Cursor::new(&larger)).unwrap();
    assert_eq!(texts(&read.problems), [""; 0]);
    assert_eq!(read.notes, [""; 0]);
    assert_eq!(
        read.image_size.unwrap().0,
        u64::try_from(larger.len()).unwrap()
    );
}
