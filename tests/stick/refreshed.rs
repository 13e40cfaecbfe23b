//! Sticks that are brought to a newer image: what they collected stays, and the power may go at any write.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::lba::ByteSize;
use mendkit::stick::plan::plan_stick;
use mendkit::stick::refresh::apply::{Refresh, refresh_stick};
use mendkit::stick::refresh::found::{Terms, former_of};
use mendkit::stick::refresh::layout::ImageLayout;
use mendkit::stick::source::SourceImage;
use mendkit::stick::writer::{StickError, Written, write_stick};
use mendkit::verify::{Verified, check_read_image, read_image};
use minisign::KeyPair;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts};
use rustix::io::Errno;
use support::faulty_device::{Fault, FaultyDevice, Memory};
use support::judges::{fsck_fat_accepts, sfdisk_accepts, sgdisk_accepts};
use support::kit::extract_volume;
use support::random::random_bytes;
use support::small_image::{SmallImage, make_signed_image, new_keys, public_key};
use support::tools::{command, require_tools, run_command};
use tempfile::TempDir;

use crate::bench::quick;

mod refused;

/// Larger than all images here.
const SIZE: u64 = (56 << 20) + 7 * 512;

/// What the stick collected before it is refreshed: path and content.
type Collected = BTreeMap<String, Vec<u8>>;

/// An old and a new image, and a stick that was made from the old and has been out.
pub(crate) struct Shelf {
    folder: TempDir,
    size: u64,
    pub(crate) keys: KeyPair,
    identity: Identity,
    collected: Collected,
}

impl Shelf {
    pub(crate) fn new() -> Result<Self> {
        Self::with_sticks_of(SIZE)
    }

    fn with_sticks_of(size: u64) -> Result<Self> {
        let facts = IdentityFacts {
            id: "MK-7F3A-01".parse()?,
            image: Sha256Digest::of(b"image"),
            title: "old".to_owned(),
            written: "2010-04-22T09:15:00Z".to_owned(),
            by: "Anna".to_owned(),
        };
        let mut collected = Collected::new();
        for (number, size) in [(1, 3000), (2, 70_001), (3, 0), (4, 512)] {
            let folder = format!("reports/20100422T10150{number}Z-RECEPTION-{number}");
            collected.insert(
                format!("{folder}/report.json"),
                random_bytes("report", size),
            );
            collected.insert(
                format!("{folder}/Größe.txt"),
                random_bytes("text", 5000 + size),
            );
        }
        Ok(Self {
            folder: tempfile::tempdir()?,
            size,
            keys: new_keys()?,
            identity: Identity::new(facts, [7; 32])?,
            collected,
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn image(&self, name: &str, spec: &SmallImage) -> Result<SourceImage> {
        let path = self.path(name);
        if !path.exists() {
            make_signed_image(&path, &self.keys, spec)?;
        }
        Ok(SourceImage::open(fs::File::open(&path)?, None)?)
    }

    /// Makes a stick from an image that has collected reports, and that Windows has been shown. Returns
    /// nothing where the tools are missing.
    pub(crate) fn stick(&self, image: &SourceImage) -> Result<Memory> {
        let memory = Memory::default();
        let mut device = FaultyDevice::new(&memory, self.size, Fault::None);
        let plan = plan_stick(image, ByteSize(self.size))?.with_identity(image, &self.identity);
        write_stick(image, &plan, quick(), &mut device, &mut |_| ())?;
        let file = self.path("stick.img");
        fs::write(&file, memory.to_vec(self.size))?;
        let mut folders = vec![
            "System Volume Information".to_owned(),
            "FOUND.000".to_owned(),
        ];
        folders.extend(
            self.collected
                .keys()
                .step_by(2)
                .map(|path| path.rsplit_once('/').unwrap_or_default().0.to_owned()),
        );
        for folder in &folders {
            mtool("mmd", &file, &[&format!("::/{folder}")], None)?;
        }
        let index = "System Volume Information/IndexerVolumeGuid".to_owned();
        let found = "FOUND.000/FILE0000.CHK".to_owned();
        let others = [
            (index, b"{0}".to_vec()),
            (found, random_bytes("lost", 9000)),
        ];
        // One of them is written in two pieces, around what follows it.
        for (path, content) in self.collected.clone().into_iter().chain(others) {
            mtool(
                "mcopy",
                &file,
                &["-", &format!("::/{path}")],
                Some(&content),
            )?;
        }
        let first = self.collected.keys().next().context("nothing")?;
        mtool("mdel", &file, &[&format!("::/{first}")], None)?;
        let long = random_bytes("fragmented", 40_000);
        mtool("mcopy", &file, &["-", &format!("::/{first}")], Some(&long))?;
        memory.write(0, &fs::read(&file)?);
        Ok(memory)
    }

    /// Returns what must be found on the stick afterwards, by path.
    fn expected(&self) -> BTreeMap<String, Sha256Digest> {
        let mut expected: BTreeMap<String, Sha256Digest> = (self.collected.iter())
            .map(|(path, content)| (path.clone(), Sha256Digest::of(content)))
            .collect();
        if let Some(mut first) = expected.first_entry() {
            first.insert(Sha256Digest::of(&random_bytes("fragmented", 40_000)));
        }
        let lost = Sha256Digest::of(&random_bytes("lost", 9000));
        expected.insert("FOUND.000/FILE0000.CHK".to_owned(), lost);
        expected
    }

    pub(crate) fn terms(&self, image: &SourceImage) -> Result<Terms> {
        Ok(Terms {
            wanted: former_of(&image.job, &image.key),
            title: image.job.title.clone(),
            stick_key: public_key(&self.keys)?,
            is_older_allowed: false,
        })
    }

    pub(crate) fn refresh(
        &self,
        image: &SourceImage,
        memory: &Memory,
        fault: Fault,
    ) -> Result<(Result<Written, StickError>, usize)> {
        self.refresh_by(image, memory, fault, &self.terms(image)?)
    }

    pub(crate) fn refresh_by(
        &self,
        image: &SourceImage,
        memory: &Memory,
        fault: Fault,
        terms: &Terms,
    ) -> Result<(Result<Written, StickError>, usize)> {
        let facts = IdentityFacts {
            title: image.job.title.clone(),
            image: image.facts()?.sha256,
            ..self.identity.facts().clone()
        };
        let refresh = Refresh {
            layout: &ImageLayout::read(image)?,
            terms,
            identity: self.identity.refreshed(facts)?,
        };
        let mut device = FaultyDevice::new(memory, self.size, fault);
        let ended = refresh_stick(image, &refresh, &mut device, &mut |_| ());
        Ok((ended, device.writes()))
    }

    /// Demands that the stick is whole, is who it was, and has all that it collected; returns the title of
    /// what it holds.
    pub(crate) fn check_whole(&self, stick: &[u8]) -> Result<String> {
        let (verified, found) = look(stick)?;
        ensure!(verified.problems.is_empty(), "{:?}", verified.problems);
        let own = verified.stick.context("nobody")?;
        assert_eq!(own.facts().id, self.identity.facts().id);
        assert_eq!(own.public_key(), self.identity.public_key());
        for (path, digest) in self.expected() {
            assert_eq!(found.get(&path), Some(&digest), "{path}");
        }
        Ok(own.facts().title.clone())
    }

    /// Demands that everybody else finds the stick sound, too.
    pub(crate) fn judge(&self, stick: &[u8]) -> Result<()> {
        let file = self.path("judged.img");
        fs::write(&file, stick)?;
        sgdisk_accepts(&file)?;
        sfdisk_accepts(&file)?;
        let volume = self.path("volume.img");
        extract_volume(&file, &volume)?;
        fsck_fat_accepts(&volume)?;
        for (path, digest) in self.expected() {
            let said = mtool("mtype", &file, &[&format!("::/{path}")], None)?;
            assert_eq!(Sha256Digest::of(&said), digest, "{path}");
        }
        Ok(())
    }
}

fn look(stick: &[u8]) -> Result<(Verified, BTreeMap<String, Sha256Digest>)> {
    let image = read_image(&mut Cursor::new(stick))?;
    let files = image.files.iter();
    let found = files.filter_map(|file| Some((file.path.clone(), file.sha256?)));
    let found = found.collect();
    Ok((check_read_image(&image, None), found))
}

/// Runs one of mtools on the volume of a stick.
fn mtool(name: &str, stick: &Path, arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut tool = command(name)?;
    tool.env("MTOOLS_SKIP_CHECK", "1").env("LC_ALL", "C.UTF-8");
    tool.arg("-i")
        .arg(format!("{}@@1M", stick.display()))
        .args(arguments);
    if let Some(bytes) = input {
        let mut file = tempfile::tempfile()?;
        use std::io::{Seek as _, Write as _};
        file.write_all(bytes)?;
        file.rewind()?;
        tool.stdin(file);
    }
    Ok(run_command(tool)?.out)
}

pub(crate) const TOOLS: [&str; 6] = ["sgdisk", "sfdisk", "fsck.fat", "mcopy", "mmd", "mtype"];

pub(crate) fn old() -> SmallImage {
    SmallImage {
        title: "old".to_owned(),
        package: random_bytes("5959", 1_000_000),
        ..SmallImage::of("same", 1_500_000)
    }
}

/// The same with newer definitions, which are longer by some clusters.
pub(crate) fn new() -> SmallImage {
    SmallImage {
        title: "new".to_owned(),
        date: "2010-04-23".to_owned(),
        version: "5960.0000".to_owned(),
        package: random_bytes("5960", 1_090_000),
        ..old()
    }
}

/// Images whose files have other sizes and places, up to clusters of another size.
fn all_news() -> Vec<(&'static str, SmallImage)> {
    let with = |title: &str, package: usize, content: usize, scratch: u64, space: u64| SmallImage {
        title: title.to_owned(),
        package: random_bytes(title, package),
        content: random_bytes("same", content),
        scratch: ByteSize(scratch),
        report_space: ByteSize(space),
        ..new()
    };
    const MIB: u64 = 1 << 20;
    vec![
        (
            "same length",
            with("same-length", 1_000_000, 1_500_000, MIB, MIB),
        ),
        ("longer", new()),
        ("shorter", with("shorter", 10_000, 1_500_000, MIB, MIB)),
        (
            "far longer",
            with("far-longer", 9_000_000, 1_500_000, MIB, MIB),
        ),
        ("far shorter", with("far-shorter", 1, 1, MIB, MIB)),
        (
            "full up to the end",
            with("full", 20_000_000, 9_000_000, MIB, MIB),
        ),
        (
            "a larger volume",
            with("larger", 20_000_000, 9_000_000, 14 * MIB, 2 * MIB),
        ),
    ]
}

#[test]
fn what_was_collected_stays_whatever_the_layout_of_the_new_image() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let old = shelf.image("old.img", &old())?;
    let stick = shelf.stick(&old)?;
    for (name, spec) in all_news() {
        let image = shelf.image(&format!("{}.img", spec.title), &spec)?;
        let memory = stick.copied();
        let (ended, _) = shelf.refresh(&image, &memory, Fault::None)?;
        ended.with_context(|| name.to_owned())?;
        let bytes = memory.to_vec(SIZE);
        let title = shelf.check_whole(&bytes).with_context(|| name.to_owned())?;
        assert_eq!(title, spec.title);
        shelf.judge(&bytes).with_context(|| name.to_owned())?;
        let (verified, files) = look(&bytes)?;
        assert_eq!(
            verified.notes.len(),
            1,
            "FOUND.000 alone: {:?}",
            verified.notes
        );
        assert!(!files.keys().any(|path| path.starts_with("System Volume")));
        // What the record held, the stick's key among it, is not left in free space.
        let secret = hex::encode("secret-seed");
        let mut parts = bytes.windows(secret.len());
        assert!(!parts.any(|part| part == secret.as_bytes()), "{name}");
        // And once more: there is nothing to do.
        let (ended, writes) = shelf.refresh(&image, &memory, Fault::None)?;
        assert_eq!((ended?.bytes, writes), (ByteSize(0), 0), "{name}");
    }
    Ok(())
}

#[test]
fn clusters_of_another_size_are_no_obstacle() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let size = 100 << 20;
    let shelf = Shelf::with_sticks_of(size)?;
    let small = shelf.image("small.img", &old())?;
    let large = SmallImage {
        scratch: ByteSize(70 << 20),
        ..new()
    };
    let large = shelf.image("large.img", &large)?;
    let back = SmallImage {
        title: "back".to_owned(),
        date: "2010-04-24".to_owned(),
        ..old()
    };
    let back = shelf.image("back.img", &back)?;
    let memory = shelf.stick(&small)?;
    // From clusters of 512 bytes to clusters of 1024, and back again.
    for (image, title) in [(&large, "new"), (&back, "back")] {
        let (ended, _) = shelf.refresh(image, &memory, Fault::None)?;
        ended?;
        let stick = memory.to_vec(size);
        assert_eq!(shelf.check_whole(&stick)?, title);
        shelf.judge(&stick)?;
    }
    let per_cluster = |image: &SourceImage| -> Result<u8> {
        let mut sector = [0; 512];
        image.read_at(image.volume.first(), &mut sector)?;
        Ok(sector[13])
    };
    assert_eq!((per_cluster(&small)?, per_cluster(&large)?), (1, 2));
    Ok(())
}

#[test]
fn only_what_differs_is_written() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let old = shelf.image("old.img", &old())?;
    let image = shelf.image("new.img", &new())?;
    let memory = shelf.stick(&old)?;
    let before = memory.to_vec(SIZE);
    let (ended, _) = shelf.refresh(&image, &memory, Fault::None)?;
    let written = ended?.bytes.0;
    let after = memory.to_vec(SIZE);
    let sectors = before.chunks(512).zip(after.chunks(512));
    let changed = 512 * u64::try_from(sectors.filter(|(a, b)| a != b).count())?;
    assert!(changed > 1_000_000, "{changed}");
    assert!(
        written * 10 <= changed * 12,
        "{written} bytes written, {changed} changed"
    );
    Ok(())
}

/// What a stick is after the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Old,
    MustBeRefreshed,
    New,
}

impl Shelf {
    /// Says what a stick is, and demands that it is nothing in between.
    fn state(&self, stick: &[u8], old: &[u8], new: &[u8]) -> Result<State> {
        let (verified, _) = look(stick)?;
        let Some(first) = verified.problems.first() else {
            let title = self.check_whole(stick)?;
            return Ok(if title == "old" {
                State::Old
            } else {
                State::New
            });
        };
        let words = first.to_string();
        ensure!(
            words.starts_with("stick MK-7F3A-01: must be refreshed"),
            "{words}"
        );
        // If anything is left that firmware starts from, then everything that it would start is there.
        let table = |bytes: &[u8]| [&bytes[..34 * 512], &bytes[bytes.len() - 33 * 512..]].concat();
        let end = stick.len() - 33 * 512;
        let is_startable = stick[512..520] == *b"EFI PART"
            || stick[stick.len() - 512..].starts_with(b"EFI PART")
            || stick[446..510].iter().any(|byte| *byte != 0);
        if is_startable {
            let is_whole = |of: &[u8]| -> Result<bool> {
                let mut whole = stick.to_vec();
                let table = table(of);
                whole[..34 * 512].copy_from_slice(&table[..34 * 512]);
                whole[end..].copy_from_slice(&table[34 * 512..]);
                Ok(look(&whole)?.0.problems.is_empty())
            };
            ensure!(
                is_whole(old)? || is_whole(new)?,
                "starts half of each: {words}"
            );
        }
        Ok(State::MustBeRefreshed)
    }
}

/// Cuts the power at every write of a refresh from one image to another.
fn cut_everywhere(former: &SmallImage, spec: &SmallImage, seeds: u64) -> Result<()> {
    let shelf = Shelf::new()?;
    let old = shelf.image("old.img", former)?;
    let image = shelf.image("new.img", spec)?;
    let stick = shelf.stick(&old)?;
    let before = stick.to_vec(SIZE);
    let complete = stick.copied();
    let (ended, writes) = shelf.refresh(&image, &complete, Fault::None)?;
    ended?;
    let after = complete.to_vec(SIZE);
    let mut seen = BTreeMap::new();
    for number in 0..writes {
        for seed in 0..seeds {
            let memory = stick.copied();
            let (ended, _) = shelf.refresh(&image, &memory, Fault::Gone(number, seed))?;
            assert!(ended.is_err(), "write {number}");
            let cut = format!("write {number} of {writes}, seed {seed}");
            let state = shelf.state(&memory.to_vec(SIZE), &before, &after);
            let state = state.with_context(|| cut.clone())?;
            *seen.entry(state).or_insert(0) += 1;
            // Again: whatever it was, it is the new one with all that it collected.
            let (ended, _) = shelf.refresh(&image, &memory, Fault::None)?;
            ended.with_context(|| cut.clone())?;
            let title = shelf
                .check_whole(&memory.to_vec(SIZE))
                .with_context(|| cut.clone())?;
            assert_eq!(title, spec.title, "{cut}");
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?} of {writes} writes");
    shelf.judge(&after)
}

#[test]
fn power_may_go_at_any_write() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    cut_everywhere(&old(), &new(), 3)
}

#[test]
fn power_may_go_at_any_write_although_what_was_collected_has_to_move_twice() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    // Everything that is free in the new image was in use in the old, and what was collected lies behind
    // the end of the new volume.
    let former = SmallImage {
        content: random_bytes("long", 40_000_000),
        ..old()
    };
    cut_everywhere(&former, &new(), 2)
}

#[test]
fn interrupted_twice_it_is_refreshed_the_third_time() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let old = shelf.image("old.img", &old())?;
    let image = shelf.image("new.img", &new())?;
    let stick = shelf.stick(&old)?;
    let (ended, writes) = shelf.refresh(&image, &stick.copied(), Fault::None)?;
    ended?;
    let first = stick.copied();
    let (ended, _) = shelf.refresh(&image, &first, Fault::Gone(writes / 2, 1))?;
    assert!(ended.is_err());
    // Not to the same image: to one of the day after, whose definitions are longer.
    let later = SmallImage {
        title: "later".to_owned(),
        date: "2010-04-24".to_owned(),
        package: random_bytes("5961", 2_500_000),
        ..new()
    };
    let later = shelf.image("later.img", &later)?;
    let (ended, writes) = shelf.refresh(&later, &first.copied(), Fault::None)?;
    ended?;
    for number in 0..writes {
        let second = first.copied();
        let (ended, _) = shelf.refresh(&later, &second, Fault::Gone(number, 5))?;
        assert!(ended.is_err());
        let (ended, _) = shelf.refresh(&later, &second, Fault::None)?;
        ended.with_context(|| format!("write {number} of {writes}"))?;
        let title = shelf.check_whole(&second.to_vec(SIZE));
        assert_eq!(
            title.with_context(|| format!("write {number} of {writes}"))?,
            "later"
        );
    }
    Ok(())
}

#[test]
fn every_fault_is_found_and_nothing_that_was_collected_is_lost() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let old = shelf.image("old.img", &old())?;
    let image = shelf.image("new.img", &new())?;
    let stick = shelf.stick(&old)?;
    let (ended, writes) = shelf.refresh(&image, &stick.copied(), Fault::None)?;
    ended?;
    let faults: [fn(usize) -> Fault; 4] = [
        Fault::Flip,
        Fault::Drop,
        |number| Fault::Refuse(number, Errno::IO),
        |number| Fault::Refuse(number, Errno::NOSPC),
    ];
    for fault in faults {
        let mut bad = 0;
        for number in 0..writes {
            let memory = stick.copied();
            let (ended, _) = shelf.refresh(&image, &memory, fault(number))?;
            let what = format!("{:?} of {writes}", fault(number));
            if ended.is_ok() {
                shelf
                    .check_whole(&memory.to_vec(SIZE))
                    .with_context(|| what.clone())?;
                continue;
            }
            bad += 1;
            let (ended, _) = shelf.refresh(&image, &memory, Fault::None)?;
            ended.with_context(|| what.clone())?;
            let title = shelf
                .check_whole(&memory.to_vec(SIZE))
                .with_context(|| what.clone())?;
            assert_eq!(title, "new", "{what}");
        }
        assert!(bad + 2 >= writes, "{:?}: {bad} of {writes}", fault(0));
    }
    Ok(())
}
