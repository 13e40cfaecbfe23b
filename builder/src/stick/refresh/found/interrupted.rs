//! A stick whose refreshing was interrupted.

use std::io::{Read, Seek, SeekFrom};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;

use super::{Kept, OurStick, read_error, read_ranges};
use crate::lba::{ByteSize, Lba, LbaRange};
use crate::refresh_record::RefreshRecord;
use crate::stick::refresh::Refusal;

/// Returns the stick as its record describes it.
pub(super) fn interrupted_stick(
    source: &mut (impl Read + Seek),
    record_place: LbaRange,
    record: RefreshRecord,
) -> Result<OurStick, Refusal> {
    let size = source
        .seek(SeekFrom::End(0))
        .map_err(|error| read_error(Lba(0), error))?;
    let identity = Identity::parse(&record.identity)?.ok_or(Refusal::NoIdentity)?;
    let mut needed = vec![record_place];
    let mut kept = Vec::new();
    for one in record.kept {
        let place = one.ranges();
        let sectors = match one.sha256 {
            None => None,
            Some(sha256) => {
                let bytes = read_ranges(source, &place)?;
                if Sha256Digest::of(&bytes) != sha256 {
                    let words = format!("{}: other bytes than were recorded", one.path);
                    return Err(Refusal::Damaged(words));
                }
                needed.extend_from_slice(&place);
                Some(bytes)
            }
        };
        kept.push(Kept {
            path: one.path,
            slots: one.slots,
            place,
            sectors,
        });
    }
    Ok(OurStick {
        size: ByteSize(size),
        identity,
        head: record.head,
        former: record.former,
        is_interrupted: true,
        kept,
        reports_place: Vec::new(),
        next_free: u32::MAX,
        needed,
        finished_repairs: 0,
        dropped: Vec::new(),
    })
}
