//! NTFS volumes: hibernation, `$LogFile`, dirty flag ([`dirty_flag`]), and clusters in use ([`clusters`]),
//! all read from the device.
//!
//! Source of the layouts: the Linux-NTFS project's documentation, "$LogFile", "$Volume", "$Bitmap".

use std::io::{self, Read as _, Seek as _};
use std::num::NonZeroU64;

use ntfs::attribute_value::NtfsAttributeValue;
use ntfs::indexes::NtfsFileNameIndex;
use ntfs::structured_values::NtfsVolumeFlags;
use ntfs::{Ntfs, NtfsAttribute, NtfsAttributeType, NtfsFile, NtfsReadSeek as _};

use super::{number, unsupported};
use crate::area::{Area, AreaReader, cause_of};
use crate::machine::VolumeState;

pub mod clusters;
pub mod dirty_flag;

/// The log's file record. Source: Linux-NTFS documentation, "Files".
const LOG_FILE: u64 = 2;
/// Client list of a restart area in which nobody is. Source: "$LogFile", restart area, offset 12.
const NO_CLIENT: u64 = 0xFFFF;
/// Flag of a restart area: the volume was dismounted cleanly. Source: as above, offset 14.
const IS_CLEAN: u64 = 0x0002;
/// Offset, in an attribute that lies in clusters, of the length of its initialized part.
const INITIALIZED_OFFSET: u64 = 0x38;

/// Marks at the start of `hiberfil.sys` by which Windows sleeps: written; written with a halt for a
/// debugger; continued in another file; being read back. `wake` says that it woke, zeros that it woke or
/// never slept. Source: Windows Research Kernel, `PO_IMAGE_SIGNATURE` and its like; Windows 8 and later
/// write capitals. The last one is hearsay, and taken for sleep to be safe.
const ALL_SLEEPING: [&[u8; 4]; 4] = [b"hibr", b"brkp", b"link", b"rstr"];
/// A shorter `hiberfil.sys` is on a volume that a sleeping Windows on another uses.
/// Source: ntfs-3g, which does not write to such a volume.
const HIBERNATION_HEADER: u64 = 4096;

/// Returns whether the first bytes of `hiberfil.sys` say that Windows sleeps.
pub fn is_sleeping(magic: &[u8; 4]) -> bool {
    let mut marks = ALL_SLEEPING.iter();
    marks.any(|mark| magic.eq_ignore_ascii_case(*mark))
}

/// Returns the state of an NTFS volume, by rising danger: hibernation, `$LogFile`, dirty flag.
pub fn read_state(area: &dyn Area) -> io::Result<VolumeState> {
    let mut reader = AreaReader::new(area);
    let mut ntfs = Ntfs::new(&mut reader).map_err(foreign)?;
    ntfs.read_upcase_table(&mut reader).map_err(foreign)?;
    if is_hibernated(&ntfs, &mut reader)? {
        return Ok(VolumeState::Hibernated);
    }
    if !is_log_clean(&ntfs, &mut reader)? {
        return Ok(VolumeState::UncleanLog);
    }
    let information = ntfs.volume_info(&mut reader).map_err(foreign)?;
    if information.flags().contains(NtfsVolumeFlags::IS_DIRTY) {
        return Ok(VolumeState::Dirty);
    }
    Ok(VolumeState::Clean)
}

fn foreign(error: ntfs::NtfsError) -> io::Error {
    match error {
        ntfs::NtfsError::Io(error) => io::Error::other(format!("NTFS: {}", cause_of(&error))),
        _ => unsupported(format!("NTFS: {error}")),
    }
}

fn is_hibernated(ntfs: &Ntfs, reader: &mut AreaReader<'_>) -> io::Result<bool> {
    let root = ntfs.root_directory(reader).map_err(foreign)?;
    let index = root.directory_index(reader).map_err(foreign)?;
    let mut finder = index.finder();
    let Some(entry) = NtfsFileNameIndex::find(&mut finder, ntfs, reader, "hiberfil.sys") else {
        return Ok(false);
    };
    let entry = entry.map_err(foreign)?;
    let file = entry.to_file(ntfs, reader).map_err(foreign)?;
    let Some(data) = file.data(reader, "") else {
        return Ok(false);
    };
    let item = data.map_err(foreign)?;
    let data = item.to_attribute().map_err(foreign)?;
    if data.value_length() < HIBERNATION_HEADER {
        return Ok(true);
    }
    // What lies beyond the initialized part is left over from other files and reads as zeros; the crate
    // (ntfs 0.4.0) does not know that.
    if !data.is_resident() && read_initialized(&data, reader)? < 4 {
        return Ok(false);
    }
    let mut value = data.value(reader).map_err(foreign)?;
    let mut magic = [0; 4];
    let count = value.read(reader, &mut magic).map_err(foreign)?;
    Ok(count == magic.len() && is_sleeping(&magic))
}

/// Returns how much of an attribute that lies in clusters was ever written.
fn read_initialized(
    attribute: &NtfsAttribute<'_, '_>,
    reader: &mut AreaReader<'_>,
) -> io::Result<u64> {
    let place = attribute.position().value().map(NonZeroU64::get);
    let place = place.ok_or_else(|| unsupported("NTFS: an attribute without a place".into()))?;
    let mut length = [0; 8];
    reader.seek(io::SeekFrom::Start(
        place.saturating_add(INITIALIZED_OFFSET),
    ))?;
    reader.read_exact(&mut length)?;
    // The last two bytes of a sector are not its own (update sequence); no file reaches that far.
    let [bytes @ .., _, _] = length;
    Ok(number(&bytes, 0, 6))
}

/// Returns whether `$LogFile` holds nothing that Windows would replay.
fn is_log_clean(ntfs: &Ntfs, reader: &mut AreaReader<'_>) -> io::Result<bool> {
    let log = ntfs.file(reader, LOG_FILE).map_err(foreign)?;
    let Some(mut value) = unnamed_data(&log, reader)? else {
        return Ok(false);
    };
    let mut page = vec![0; 4096];
    let count = value.read(reader, &mut page).map_err(foreign)?;
    page.truncate(count);
    if page.iter().all(|byte| *byte == 0xFF) {
        // Emptied, as mkntfs and ntfs-3g leave it; Windows makes it anew.
        return Ok(true);
    }
    let first = RestartPage::parse(&page);
    // The second page lies behind the first; the one with the later sequence number counts.
    let distance = first.as_ref().map_or(4096, |page| page.page_length);
    value
        .seek(reader, io::SeekFrom::Start(distance))
        .map_err(foreign)?;
    page.resize(4096, 0);
    let count = value.read(reader, &mut page).map_err(foreign)?;
    page.truncate(count);
    let second = RestartPage::parse(&page);
    let latest = [first, second]
        .into_iter()
        .flatten()
        .max_by_key(|page| page.sequence);
    Ok(latest.is_some_and(|page| page.is_clean))
}

/// What counts of a restart page of `$LogFile`.
struct RestartPage {
    page_length: u64,
    sequence: u64,
    is_clean: bool,
}

impl RestartPage {
    /// Parses a page. Returns `None` if it is none.
    fn parse(page: &[u8]) -> Option<Self> {
        let magic = page.get(..4)?;
        if magic != b"RSTR" && magic != b"CHKD" {
            return None;
        }
        let page_length = number(page, 16, 4);
        let start = usize::try_from(number(page, 24, 2)).ok()?;
        // The last two bytes of every sector are not its own (update sequence), so what is read here
        // must lie before them; Windows puts it at 0x30 to 0x58.
        let area = page.get(start..start.checked_add(16)?)?;
        if start.checked_add(16)? > 510 || !(512..=65536).contains(&page_length) {
            return None;
        }
        let is_unused = number(area, 12, 2) == NO_CLIENT;
        Some(Self {
            page_length,
            sequence: number(area, 0, 8),
            is_clean: is_unused || number(area, 14, 2) & IS_CLEAN != 0,
        })
    }
}

fn unnamed_data<'n, 'f>(
    file: &'f NtfsFile<'n>,
    reader: &mut AreaReader<'_>,
) -> io::Result<Option<NtfsAttributeValue<'n, 'f>>> {
    for attribute in file.attributes_raw() {
        let attribute = attribute.map_err(foreign)?;
        let is_data = attribute.ty().map_err(foreign)? == NtfsAttributeType::Data;
        if is_data && attribute.name().map_err(foreign)?.is_empty() {
            return attribute.value(reader).map(Some).map_err(foreign);
        }
    }
    Ok(None)
}

/// Places of a file on the volume: offset and length in bytes, in the file's order.
type Extents = Vec<(u64, u64)>;

/// Returns where a file's content lies; nothing if its list of places is itself spread over several
/// file records.
fn read_extents(ntfs: &Ntfs, reader: &mut AreaReader<'_>, file: u64) -> io::Result<Extents> {
    let file = ntfs.file(reader, file).map_err(foreign)?;
    let value = unnamed_data(&file, reader)?;
    let Some(NtfsAttributeValue::NonResident(value)) = value else {
        return Ok(Vec::new());
    };
    let length = value.len();
    let mut extents = Vec::new();
    let mut covered = 0_u64;
    for run in value.data_runs() {
        let run = run.map_err(foreign)?;
        let Some(position) = run.data_position().value() else {
            return Ok(Vec::new());
        };
        covered = covered.saturating_add(run.allocated_size());
        extents.push((position.get(), run.allocated_size()));
    }
    // Part of the list lies elsewhere: better none than half of it.
    Ok(if covered < length {
        Vec::new()
    } else {
        extents
    })
}
