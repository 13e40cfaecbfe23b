//! When a file was last written: to the second on NTFS; on FAT, which keeps local times in steps of two
//! seconds and does not say of which zone, between two moments.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use fs_err as fs;
use rescue_stick::remedy::value::UtcMoment;

use crate::machine::FileSystem;
use crate::repair::detect::Site;
use crate::windows::time_zone::TimeZone;

/// Seconds by which a time of FAT may be off. Source: Microsoft, "File Times": a resolution of 2 seconds.
const FAT_STEP: i64 = 2;

/// When a file was last written, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Not before.
    pub earliest: UtcMoment,
    /// Not after.
    pub latest: UtcMoment,
    /// What the difference rests on; nothing if there is none.
    pub doubt: Option<Doubt>,
}

/// Why it cannot be told to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The zone is the one that the Windows is set to now, in winter or summer.
    Season,
    /// The zone is not known.
    Zone,
}

impl Written {
    /// Returns a moment that is known to the second.
    pub fn at(moment: UtcMoment) -> Self {
        Self {
            earliest: moment,
            latest: moment,
            doubt: None,
        }
    }

    /// Returns what a local time on FAT, read as if it were UTC, can be.
    fn on_fat(local: i64, zone: Option<TimeZone>) -> Self {
        let TimeZone { least, most } = zone.unwrap_or(TimeZone::ANY);
        let shifted = |minutes: i64, step: i64| {
            let seconds = minutes.saturating_mul(60).saturating_add(step);
            UtcMoment(local.saturating_add(seconds))
        };
        Self {
            earliest: shifted(least, -FAT_STEP),
            latest: shifted(most, FAT_STEP),
            doubt: Some(match zone {
                Some(_) => Doubt::Season,
                None => Doubt::Zone,
            }),
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(doubt) = self.doubt else {
            return write!(f, "written {}", self.earliest);
        };
        let why = match doubt {
            Doubt::Season => "the time zone that this Windows is set to",
            Doubt::Zone => "a time zone that is not known",
        };
        write!(
            f,
            "written between {} and {}, since FAT keeps local times, here of {why}",
            self.earliest, self.latest
        )
    }
}

/// Returns when a file was last written.
pub(super) fn read_written(site: &Site<'_>, at: &Path) -> Result<Written, String> {
    let modified = fs::metadata(at).map_err(|error| error.to_string())?.mtime();
    Ok(match site.file_system {
        FileSystem::Fat16 | FileSystem::Fat32 => {
            Written::on_fat(modified, site.facts.installation.time_zone)
        }
        _ => Written::at(UtcMoment(modified)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_on_fat_is_as_wide_as_what_is_known_of_its_zone() {
        // 2024-07-19 06:09:00 in Berlin, 04:09:00 UTC; in winter it would be 05:09.
        let local = 1_721_369_340;
        let berlin = TimeZone {
            least: -120,
            most: -60,
        };
        assert_eq!(
            Written::on_fat(local, Some(berlin)).to_string(),
            "written between 2024-07-19 04:08:58 UTC and 2024-07-19 05:09:02 UTC, since FAT keeps \
             local times, here of the time zone that this Windows is set to"
        );
        assert_eq!(
            Written::on_fat(local, None).to_string(),
            "written between 2024-07-18 16:08:58 UTC and 2024-07-19 18:09:02 UTC, since FAT keeps \
             local times, here of a time zone that is not known"
        );
    }
}
