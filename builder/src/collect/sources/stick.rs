//! Sticks and images of sticks, read directly: no mount, hence no administrator where the device may be
//! read.
//!
//! The volume is whatever a person and many PCs have left of it, so it is read leniently by the crate
//! fatfs; that crate follows any chain it is given, in circles too, so it reads through a window with an
//! amount of bytes at which reading ends.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fatfs::{Dir, FileSystem, FsOptions};
use rescue_stick::paths;
use zerocopy::FromBytes;

use super::{
    FoundReport, MOST_DEPTH, MOST_HEAD_BYTES, MOST_REPORT_BYTES, MOST_SIGNATURE_BYTES,
    SIGNATURE_SUFFIX, Sighting, Sink, SourceError, TORN, head_sighting, is_report, is_torn,
    left_out, printable, read_bounded, too_long,
};
use crate::disk::VOLUME_FIRST_LBA;
use crate::disk::raw::{BOOT_MAGIC, RawMbr};
use crate::lba::SECTOR_SIZE;

/// Bytes that are read of a volume at most: as much as reports may fill, and more than FATs and folders.
const MOST_READ: u64 = 2 << 30;

/// Bytes that are read at once; fatfs asks for single numbers.
const BLOCK: u64 = 32 << 10;

/// Files and folders below our folder of reports at most.
const MOST_ENTRIES: usize = 1_000_000;

/// A folder of a volume.
type Folder<'a, S> = Dir<'a, Window<S>>;

/// Reads all reports of the volume on a stick. Finding no volume with our folder of reports is an error,
/// since then the source was named by mistake.
pub(super) fn read_stick(
    mut source: impl Read + Seek,
    length: u64,
    place: &str,
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    let mut finding = "no FAT volume in it".to_owned();
    for start in volume_starts(&mut source)? {
        let size = length.saturating_sub(start);
        let Some(window) = Window::open(&mut source, start, size)? else {
            continue;
        };
        // fatfs panics on some volumes that no honest program makes.
        let read = catch_unwind(AssertUnwindSafe(|| read_volume(window, place, sink)));
        finding = match read {
            Ok(Ok(true)) => return Ok(()),
            Ok(Ok(false)) => format!("a volume at byte {start} without reports"),
            Ok(Err(error)) => format!("a volume at byte {start} that cannot be read: {error}"),
            Err(_) => format!("a volume at byte {start} that makes no sense"),
        };
    }
    Err(SourceError::Kind {
        place: place.to_owned(),
        finding,
    })
}

/// Returns whether it is a stick of ours.
fn read_volume(
    window: Window<impl Read + Seek>,
    place: &str,
    sink: &mut Sink<'_>,
) -> io::Result<bool> {
    let volume = FileSystem::new(window, FsOptions::new())?;
    let root = volume.root_dir();
    match root.open_dir(paths::REPORTS) {
        Ok(reports) => {
            if let Ok(head) = root.open_file(paths::HEAD) {
                let inner = format!("{place}: {}", paths::HEAD);
                let sighting = match read_bounded(head, MOST_HEAD_BYTES) {
                    Ok(bytes) => head_sighting(&inner, bytes),
                    Err(error) => left_out(&inner, error.to_string()),
                };
                sink(sighting);
            }
            let mut left = MOST_ENTRIES;
            let inner = format!("{place}: {}", paths::REPORTS);
            descend(&reports, &inner, (0, &mut left), sink);
            Ok(true)
        }
        // One that has not been used yet has its manifest all the same.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(root.open_file(paths::MANIFEST).is_ok())
        }
        Err(error) => Err(error),
    }
}

/// Returns the bytes at which a FAT volume may begin: that of our images first, then what the partition
/// table says, then the medium itself, for the image of a volume.
fn volume_starts(source: &mut (impl Read + Seek)) -> io::Result<Vec<u64>> {
    let mut starts = vec![VOLUME_FIRST_LBA.byte_offset()];
    let mut sector = [0; 512];
    source.seek(SeekFrom::Start(0))?;
    if super::read_up_to(source, &mut sector)? == sector.len()
        && let Ok(mbr) = RawMbr::read_from_bytes(&sector)
        && mbr.magic == BOOT_MAGIC
    {
        let entries = mbr.entries.iter().filter(|entry| entry.sectors.get() > 0);
        starts.extend(entries.map(|entry| u64::from(entry.first_lba.get()) * SECTOR_SIZE));
    }
    starts.push(0);
    let mut unique = Vec::new();
    for start in starts {
        if !unique.contains(&start) {
            unique.push(start);
        }
    }
    Ok(unique)
}

/// Returns whether more is wanted.
fn descend<S: Read + Seek>(
    folder: &Folder<'_, S>,
    place: &str,
    (depth, left): (usize, &mut usize),
    sink: &mut Sink<'_>,
) -> bool {
    if depth > MOST_DEPTH {
        let reason = format!("folders within folders, expected at most {MOST_DEPTH}");
        return sink(left_out(place, reason));
    }
    for entry in folder.iter() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return sink(left_out(place, error.to_string())),
        };
        let name = entry.file_name();
        if name == "." || name == ".." {
            continue;
        }
        if *left == 0 {
            let reason = format!("more than {MOST_ENTRIES} files, expected at most that");
            sink(left_out(place, reason));
            return false;
        }
        *left = left.saturating_sub(1);
        let inner = format!("{place}/{}", printable(&name));
        let wants_more = if entry.is_dir() && is_torn(&name) {
            sink(left_out(&inner, TORN))
        } else if entry.is_dir() {
            descend(
                &entry.to_dir(),
                &inner,
                (depth.saturating_add(1), left),
                sink,
            )
        } else if is_report(&name) {
            let sighting = look_at(folder, &name, &inner);
            sink(sighting.unwrap_or_else(|error| left_out(&inner, error.to_string())))
        } else {
            true
        };
        if !wants_more {
            return false;
        }
    }
    true
}

fn look_at<S: Read + Seek>(
    folder: &Folder<'_, S>,
    name: &str,
    place: &str,
) -> io::Result<Sighting> {
    let Some(bytes) = read_bounded(folder.open_file(name)?, MOST_REPORT_BYTES)? else {
        return Ok(too_long(place, "a report", MOST_REPORT_BYTES));
    };
    let beside = format!("{name}{SIGNATURE_SUFFIX}");
    let signature = match folder.open_file(&beside) {
        Ok(file) => match read_bounded(file, MOST_SIGNATURE_BYTES)? {
            Some(signature) => signature,
            None => return Ok(too_long(place, "a signature", MOST_SIGNATURE_BYTES)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(Sighting::Report(FoundReport {
        place: place.to_owned(),
        bytes,
        signature,
    }))
}

/// A volume as fatfs wants it: from byte 0, read in blocks, not written, and not for ever.
struct Window<S> {
    source: S,
    start: u64,
    size: u64,
    position: u64,
    budget: u64,
    block: Vec<u8>,
    block_start: Option<u64>,
}

impl<S: Read + Seek> Window<S> {
    /// Returns the window on a volume; nothing if no FAT volume begins there.
    fn open(mut source: S, start: u64, size: u64) -> io::Result<Option<Self>> {
        let mut sector = [0; 512];
        source.seek(SeekFrom::Start(start))?;
        let read = super::read_up_to(&mut source, &mut sector)?;
        let is_fat = read == sector.len() && sector.ends_with(&BOOT_MAGIC) && has_fat_name(&sector);
        Ok(is_fat.then_some(Self {
            source,
            start,
            size,
            position: 0,
            budget: MOST_READ,
            block: Vec::new(),
            block_start: None,
        }))
    }

    fn load(&mut self, block_start: u64) -> io::Result<()> {
        self.block_start = None;
        let length = BLOCK.min(self.size.saturating_sub(block_start));
        self.block
            .resize(usize::try_from(length).unwrap_or_default(), 0);
        self.source
            .seek(SeekFrom::Start(self.start.saturating_add(block_start)))?;
        self.source.read_exact(&mut self.block)?;
        self.block_start = Some(block_start);
        Ok(())
    }
}

/// Source: Microsoft, "FAT File System Specification", BS_FilSysType of FAT12/16 and FAT32.
fn has_fat_name(sector: &[u8; 512]) -> bool {
    [54, 82].iter().any(|at: &usize| {
        sector
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(b"FAT"))
    })
}

impl<S: Read + Seek> Read for Window<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size {
            return Ok(0);
        }
        let block_start = self.position - self.position % BLOCK;
        if self.block_start != Some(block_start) {
            self.load(block_start)?;
        }
        let offset = usize::try_from(self.position - block_start).unwrap_or(usize::MAX);
        let mut rest = self.block.get(offset..).unwrap_or_default();
        let read = rest.read(buffer)?;
        let count = u64::try_from(read).unwrap_or_default();
        self.position = self.position.saturating_add(count);
        // A read of nothing would let a chain in a circle go on for ever.
        self.budget = self.budget.checked_sub(count.max(1)).ok_or_else(|| {
            io::Error::other(format!(
                "read {MOST_READ} bytes of the volume and found no end"
            ))
        })?;
        Ok(read)
    }
}

impl<S> Write for Window<S> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other(
            "a stick that is collected from is not written to",
        ))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S> Seek for Window<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::other("position before the start of the volume");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}
