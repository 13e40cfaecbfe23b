//! Puts an NTFS volume into a state in which it should not be written to.
//!
//! Source: Linux-NTFS documentation, "$Volume" (flags), "$LogFile" (restart pages) and "File
//! Record"; the fields of a restart page as libntfs-3g's logfile.h names them.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::{Context, Result, bail, ensure};
use fs_err as fs;

/// Number of $LogFile's and of $Volume's record.
const LOG_FILE: u64 = 2;
const VOLUME: u64 = 3;
/// Attribute types $VOLUME_INFORMATION and $DATA.
const VOLUME_INFORMATION: u32 = 0x70;
const DATA: u32 = 0x80;
/// Flag of $VOLUME_INFORMATION that asks for chkdsk.
const DIRTY: u8 = 1;
/// Size of a page of $LogFile.
const PAGE: usize = 4096;

/// Where the records of a volume are.
struct Volume {
    file: std::fs::File,
    cluster: u64,
    record: u64,
    table: u64,
    mirror: u64,
}

/// Sets the flag that makes Windows run chkdsk at its next start.
pub fn mark_dirty(volume: &Path) -> Result<()> {
    let volume = Volume::open(volume)?;
    for table in [volume.table, volume.mirror] {
        let (at, attribute) = volume.attribute(table, VOLUME, VOLUME_INFORMATION)?;
        let value = u64::from(u16_at(&attribute, 20)?);
        // The flags follow 8 reserved bytes and two of the version.
        let flags = at + value + 10;
        let mut byte = [0];
        volume.file.read_exact_at(&mut byte, flags)?;
        volume.file.write_all_at(&[byte[0] | DIRTY], flags)?;
    }
    Ok(())
}

/// Writes restart pages into $LogFile which say that a client was at work.
pub fn spoil_log_file(volume: &Path) -> Result<()> {
    let volume = Volume::open(volume)?;
    let (_, attribute) = volume.attribute(volume.table, LOG_FILE, DATA)?;
    ensure!(
        attribute.get(8) == Some(&1),
        "$LogFile: its data lie in the record, expected clusters"
    );
    let size = u64_at(&attribute, 48)?;
    // The first run begins with one byte: how many bytes length and first cluster have.
    let run = usize::from(u16_at(&attribute, 32)?);
    let head = *attribute.get(run).context("$LogFile: no runs")?;
    let (length_bytes, start_bytes) = (usize::from(head & 15), usize::from(head >> 4));
    let start = attribute
        .get(run + 1 + length_bytes..run + 1 + length_bytes + start_bytes)
        .context("$LogFile: first run goes beyond its record")?;
    let cluster = start
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    let page = restart_page(size)?;
    let at = cluster * volume.cluster;
    volume.file.write_all_at(&page, at)?;
    volume.file.write_all_at(&page, at + u64::try_from(PAGE)?)?;
    Ok(())
}

/// Returns a restart page (version 1.1) with the client "NTFS" in use.
fn restart_page(log_size: u64) -> Result<Vec<u8>> {
    let mut page = vec![0; PAGE];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    let page_size = u32::try_from(PAGE)?.to_le_bytes();
    put(0, b"RSTR");
    // Update sequence: at 0x1e, 9 words.
    put(4, &[0x1e, 0, 9, 0]);
    put(16, &page_size);
    put(20, &page_size);
    // Restart area at 0x30, minor and major version 1.
    put(24, &[0x30, 0, 1, 0, 1, 0]);
    let area = 0x30;
    let lsn = 0x10_0000_u64.to_le_bytes();
    put(area, &lsn);
    // One client; none free; the first one in use; not marked clean.
    put(area + 8, &[1, 0, 0xff, 0xff, 0, 0, 0, 0]);
    let bits = 67 - (64 - log_size.leading_zeros());
    put(area + 16, &bits.to_le_bytes());
    // Length of the area, where its clients are, size of the log, length of the last record.
    put(area + 20, &[0xe0, 0, 0x40, 0]);
    put(area + 24, &log_size.to_le_bytes());
    put(area + 36, &[0x30, 0, 0x40, 0]);
    let client = area + 0x40;
    put(client, &lsn);
    put(client + 8, &lsn);
    put(client + 16, &[0xff, 0xff, 0xff, 0xff]);
    put(client + 28, &[8]);
    put(client + 32, b"N\0T\0F\0S\0");
    // Update sequence: the last word of each sector is kept aside and replaced by the number 1.
    put(0x1e, &[1, 0]);
    for sector in 0..PAGE / 512 {
        let end = 512 * (sector + 1) - 2;
        let kept = [page[end], page[end + 1]];
        page[0x20 + 2 * sector..0x22 + 2 * sector].copy_from_slice(&kept);
        page[end..end + 2].copy_from_slice(&[1, 0]);
    }
    Ok(page)
}

impl Volume {
    fn open(path: &Path) -> Result<Self> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)?
            .into_file();
        let mut boot = [0; 512];
        file.read_exact_at(&mut boot, 0)?;
        ensure!(
            &boot[3..7] == b"NTFS",
            "{}: boot sector is not of NTFS",
            path.display()
        );
        let cluster = u64::from(u16_at(&boot, 11)?) * u64::from(boot[13]);
        // A positive number counts clusters, a negative one is the power of two in bytes.
        let stated = i8::from_le_bytes([boot[64]]);
        let record = match u64::try_from(stated) {
            Ok(clusters) => clusters * cluster,
            Err(_) => 1 << stated.unsigned_abs(),
        };
        let table = u64_at(&boot, 48)? * cluster;
        let mirror = u64_at(&boot, 56)? * cluster;
        Ok(Self {
            file,
            cluster,
            record,
            table,
            mirror,
        })
    }

    /// Returns the byte offset and the content of an attribute of one of the first records.
    fn attribute(&self, table: u64, number: u64, wanted: u32) -> Result<(u64, Vec<u8>)> {
        let record_at = table + number * self.record;
        let mut record = vec![0; usize::try_from(self.record)?];
        self.file.read_exact_at(&mut record, record_at)?;
        let mut at = usize::from(u16_at(&record, 20)?);
        loop {
            let kind = u32_at(&record, at)?;
            let length = usize::try_from(u32_at(&record, at + 4)?)?;
            if kind == wanted {
                let content = record
                    .get(at..at + length)
                    .context("attribute beyond its record")?;
                return Ok((record_at + u64::try_from(at)?, content.to_vec()));
            }
            if kind == u32::MAX || length == 0 {
                bail!("record {number}: no attribute of type {wanted:#x}");
            }
            at += length;
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(field(bytes, at)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(field(bytes, at)?))
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from_le_bytes(field(bytes, at)?))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let found = bytes
        .get(at..at + N)
        .with_context(|| format!("ends before offset {at:#x}"))?;
    Ok(found.try_into()?)
}
