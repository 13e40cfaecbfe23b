//! Whether a change will fit: memory and scratch area, the stick's journal. All of it is asked
//! before anything is mounted or written.

use std::path::Path;
use std::sync::Arc;

use super::device::AreaPlace;
use super::facts;
use super::volume::LinuxVolume;
use crate::area::Area;
use crate::journal::Journal;
use crate::machine::VolumeError;
use crate::overlay::Overlay;

/// Memory that an overlay leaves to everything else, in bytes. Observed: `ntfs-3g`, kernel and `mend`
/// together stay below it while a 128 MB PC is repaired.
const MEMORY_RESERVE: u64 = 24 << 20;
/// What a change writes besides its files: file records, indexes, bitmaps.
const METADATA_ALLOWANCE: u64 = 4 << 20;
/// Room that the journal must have. Observed: a repair with its definitions takes 0.5 MiB of it, since
/// what was free before does not go there.
const JOURNAL_ALLOWANCE: u64 = 1 << 20;

impl LinuxVolume {
    /// Returns the stick's journal, which has room and takes writes.
    pub(super) fn check_journal(&self) -> Result<&Arc<Journal>, VolumeError> {
        let no_journal = |reason| VolumeError::NoJournal {
            volume: self.facts.name.clone(),
            reason,
        };
        // One that is write-protected cannot even be opened.
        let journal = self.resources.journal.as_ref();
        let journal =
            journal.ok_or_else(|| no_journal("its journal cannot be opened".to_owned()))?;
        let (capacity, room) = (journal.capacity(), journal.room());
        if capacity < JOURNAL_ALLOWANCE {
            return Err(no_journal(format!(
                "its journal has {capacity} bytes, a repair needs {JOURNAL_ALLOWANCE}; make the stick anew"
            )));
        }
        if room < JOURNAL_ALLOWANCE {
            return Err(no_journal(format!(
                "its journal has {room} bytes left, a repair needs {JOURNAL_ALLOWANCE}: the others hold \
                 repairs that were interrupted on other PCs; start those from this stick first"
            )));
        }
        let writes = journal.check_writable();
        writes.map_err(|error| no_journal(format!("{error}; use another stick")))?;
        Ok(journal)
    }

    /// Opens an overlay that can hold `needed` bytes and what goes with them.
    pub(super) fn open_overlay(&self, needed: u64) -> Result<Overlay, VolumeError> {
        let memory = facts::available_memory(Path::new("/proc"))
            .map_err(self.io("reading how much memory is free"))?
            .saturating_sub(MEMORY_RESERVE);
        // A stick that is write-protected, or out, has no room; memory may do without it.
        let scratch = self.resources.scratch.as_ref();
        let scratch = scratch.and_then(|place| AreaPlace::open(place).ok());
        let room = memory.saturating_add(scratch.as_ref().map_or(0, |area| area.len()));
        let wanted = needed.saturating_add(METADATA_ALLOWANCE);
        if room < wanted {
            let reason = format!(
                "the repair needs {wanted} bytes of memory or of the stick's scratch area, {room} are \
                 free; make the stick with a larger scratch area, or put more memory into the PC"
            );
            return Err(self.refused(reason));
        }
        let origin = self.device.open().map_err(self.io("opening the volume"))?;
        let scratch = scratch.map(|area| -> Box<dyn Area> { Box::new(area) });
        Ok(Overlay::new(origin, memory, scratch))
    }
}
