//! The stick's head record as `mend` keeps it: read at the start, and written in place at every start,
//! report and entry.
//!
//! Whatever is wrong with it is noted and never in the way of a repair. A record that cannot be believed
//! is begun anew behind the newest report on the stick that the stick itself has signed.

use std::io;
use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::{self, HEAD_LENGTH, Head, SLOT_LENGTH, StoredHead};
use rescue_stick::identity::Identity;
use rescue_stick::report::VisitFacts;
use rescue_stick::report::chain::ChainLink;

use crate::area::Area;
use crate::stick::reports::find_newest;

/// The record, or that there is none.
pub struct Record {
    /// Where it lies; `None` if the stick has no room for one, and so keeps no chain.
    area: Option<Box<dyn Area>>,
    identity: Option<Identity>,
    head: Head,
    /// The slot that counts.
    slot: usize,
    notes: Vec<String>,
}

impl Record {
    /// Returns the record of a stick that has no room for one.
    pub fn none() -> Self {
        Self {
            area: None,
            identity: None,
            head: Head::default(),
            slot: 1,
            notes: Vec::new(),
        }
    }

    /// Reads the record in `area` of the stick whose files lie below `root`.
    pub fn open(area: Box<dyn Area>, root: &Path, identity: Option<&Identity>) -> Self {
        let mut record = Self::none();
        record.identity = identity.cloned();
        let is_believed = match read(&*area, identity) {
            Ok(stored) => {
                let is_there = stored.is_some();
                record.slot = stored.as_ref().map_or(1, |stored| stored.slot);
                record.head = stored.map(|stored| stored.head).unwrap_or_default();
                is_there
            }
            Err(reason) => {
                record.notes.push(format!("the stick's {reason}"));
                false
            }
        };
        record.catch_up(root, is_believed);
        record.head.stick = identity.map(|own| own.facts().id.to_string());
        record.area = Some(area);
        record
    }

    /// Takes over a report that was written whole before power went, or before the record was lost.
    fn catch_up(&mut self, root: &Path, is_believed: bool) {
        let at_most = is_believed.then(|| self.head.number.saturating_add(1));
        let newest = find_newest(root, self.head.number, at_most, self.identity.as_ref());
        let Some((link, digest)) = newest else {
            return;
        };
        if is_believed && link.previous != self.head.last {
            return;
        }
        if !is_believed {
            let number = link.number;
            self.notes.push(format!(
                "the stick's record of its reports was not there; it goes on behind report {number}"
            ));
        }
        self.head = self.head.after(&link, digest);
    }

    /// Returns what is wrong with the record, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns what was entered once for this stick.
    pub fn visit(&self) -> &VisitFacts {
        &self.head.visit
    }

    /// Returns the digest of the last report that it counts.
    pub fn last(&self) -> Option<Sha256Digest> {
        self.head.last
    }

    /// Returns where the next report goes; `None` if the stick keeps no chain.
    pub fn next_link(&self) -> Option<ChainLink> {
        self.area.as_ref().map(|_| self.head.next_link())
    }

    /// Counts a start of the stick.
    pub fn count_start(&mut self) -> io::Result<()> {
        self.write(self.head.at_start())
    }

    /// Remembers what was entered.
    pub fn enter(&mut self, visit: VisitFacts) -> io::Result<()> {
        let mut head = self.head.at_start();
        head.visit = visit;
        self.write(head)
    }

    /// Counts a report that is on the stick.
    pub fn count_report(&mut self, link: &ChainLink, digest: Sha256Digest) -> io::Result<()> {
        self.write(self.head.after(link, digest))
    }

    /// Writes both slots, first the one that does not count, so that there is a whole one at every moment.
    fn write(&mut self, head: Head) -> io::Result<()> {
        let Some(area) = &self.area else {
            return Ok(());
        };
        // Even if it is not written: what is told in this run never goes back.
        self.head = head;
        let key = self.identity.as_ref().map(Identity::key);
        let bytes = self.head.to_slot(key);
        for slot in [1_usize.saturating_sub(self.slot), self.slot] {
            let offset = slot.saturating_mul(SLOT_LENGTH);
            area.write_at(u64::try_from(offset).unwrap_or(u64::MAX), &bytes)?;
            area.flush()?;
        }
        Ok(())
    }
}

/// Reads the record and checks its signature. A blank one is none.
fn read(area: &dyn Area, identity: Option<&Identity>) -> Result<Option<StoredHead>, String> {
    let found = usize::try_from(area.len()).unwrap_or(usize::MAX);
    if found != HEAD_LENGTH {
        return Err(format!(
            "head record: {found} bytes, expected {HEAD_LENGTH}"
        ));
    }
    let mut bytes = vec![0; HEAD_LENGTH];
    let io = |error: io::Error| format!("head record cannot be read: {error}");
    area.read_at(0, &mut bytes).map_err(io)?;
    let stored = head::parse(&bytes).map_err(|error| error.to_string())?;
    if let (Some(stored), Some(own)) = (&stored, identity) {
        let checked = stored.check(own.public_key());
        checked.map_err(|error| error.to_string())?;
    }
    Ok(stored)
}

#[cfg(test)]
mod tests;
