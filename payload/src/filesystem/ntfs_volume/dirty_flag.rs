//! The flag by which an NTFS volume asks Windows to check it.
//!
//! It lies in `$Volume`, the fourth file record, of which `$MFTMirr` has a copy.

use std::io;

use ntfs::{Ntfs, NtfsAttributeType};

use super::super::unsupported;
use super::{foreign, read_extents};
use crate::area::{Area, AreaReader};
use crate::overlay::Overlay;

/// File records with fixed numbers. Source: Linux-NTFS documentation, "Files".
const MFT_MIRROR: u64 = 1;
const VOLUME: u64 = 3;

/// Offset, in a resident attribute, of the offset of its value.
const VALUE_OFFSET: u64 = 0x14;
/// Offset of the flags in `$VOLUME_INFORMATION`.
const FLAGS_OFFSET: u64 = 10;

/// Sets the dirty flag in `overlay`, so that Windows checks the volume.
pub fn mark_dirty(overlay: &mut Overlay) -> io::Result<()> {
    for (place, bytes) in dirty_marks(&OverlayArea(overlay))? {
        overlay.write_at(place, &bytes)?;
    }
    Ok(())
}

/// Returns the writes, offset and bytes, that set the dirty flag, in `$MFT` and in `$MFTMirr`.
pub fn dirty_marks(area: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut marks = Vec::new();
    for place in flag_places(area)? {
        let mut flags = [0; 2];
        area.read_at(place, &mut flags)?;
        let [low, high] = flags;
        marks.push((place, vec![low | 1, high]));
    }
    Ok(marks)
}

/// Returns where the volume's flags lie: in the table and in its mirror.
fn flag_places(area: &dyn Area) -> io::Result<[u64; 2]> {
    let mut reader = AreaReader::new(area);
    let ntfs = Ntfs::new(&mut reader).map_err(foreign)?;
    let number = VOLUME;
    let volume = ntfs.file(&mut reader, number).map_err(foreign)?;
    let missing = || unsupported("NTFS: $Volume has no place for its flags".into());
    let record = volume.position().value().ok_or_else(missing)?.get();
    let mut place = None;
    for attribute in volume.attributes_raw() {
        let attribute = attribute.map_err(foreign)?;
        if attribute.ty().map_err(foreign)? == NtfsAttributeType::VolumeInformation {
            place = attribute.position().value();
        }
    }
    let attribute = place.ok_or_else(missing)?.get();
    // The crate's position of a resident value is that of its attribute (ntfs 0.4.0), so the offset of
    // the value is read here.
    let mut offset = [0; 2];
    area.read_at(attribute.saturating_add(VALUE_OFFSET), &mut offset)?;
    let value = attribute.saturating_add(u64::from(u16::from_le_bytes(offset)));
    let place = value.saturating_add(FLAGS_OFFSET);
    // The last two bytes of a sector belong to the update sequence.
    if place % 512 >= 509 {
        return Err(missing());
    }
    let mirror = read_extents(&ntfs, &mut reader, MFT_MIRROR)?;
    let (mirror, _) = mirror.first().ok_or_else(missing)?;
    let before = u64::from(ntfs.file_record_size()).saturating_mul(number);
    let within = place.saturating_sub(record);
    let in_mirror = mirror.saturating_add(before).saturating_add(within);
    Ok([place, in_mirror])
}

/// Shows an overlay as an area that cannot be written.
struct OverlayArea<'a>(&'a Overlay);

impl Area for OverlayArea<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
