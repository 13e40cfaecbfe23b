//! What a file has beside its content: short name, flags, times. Read before a file is moved, and given
//! to it, or to the one that takes its place, afterwards.
//!
//! A rename by `ntfs-3g` keeps the file's record, and with it security descriptor, streams, flags and
//! times, but drops the short name (measured). The kernel's `vfat` keeps flags and times and makes short
//! names itself, so there only flags and times can be given. Elsewhere there are times alone.
//!
//! Source: ntfs-3g, "Extended attributes".

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fs_err as fs;
use rescue_stick::undo::FileAttributes;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags, getxattr, setxattr, utimensat};
use rustix::io::Errno;
use rustix::time::Nsecs;

use super::FileSystem;
use super::linux::ioctls::{fat_flags, set_fat_flags};

/// The short name, in the case that the volume has it in.
const SHORT_NAME: &str = "system.ntfs_dos_name";
/// The flags, most significant byte first.
const FLAGS: &str = "system.ntfs_attrib_be";
/// Creation, last write, last access and change of the record, each most significant byte first.
const TIMES: &str = "system.ntfs_times_be";

/// Flags that a file may be given: read-only, hidden, system, archive, temporary, offline, not indexed.
/// Source: Microsoft, "File Attribute Constants". The others say how a file is stored.
const GIVEN_FLAGS: u32 = 0x0001 | 0x0002 | 0x0004 | 0x0020 | 0x0100 | 0x1000 | 0x2000;

/// Of these, what FAT knows.
const FAT_FLAGS: u32 = 0x0001 | 0x0002 | 0x0004 | 0x0020;

/// Seconds from the start of 1601 to that of 1970.
const EPOCH_SECONDS: u64 = 11_644_473_600;

/// Steps of a file time in a second.
const STEPS: u64 = 10_000_000;

/// Returns what the file at `at` has, as far as `file_system` has such.
pub fn read_attributes(at: &Path, file_system: FileSystem) -> io::Result<FileAttributes> {
    if file_system != FileSystem::Ntfs {
        let found = fs::metadata(at)?;
        return Ok(FileAttributes {
            short_name: None,
            flags: match file_system {
                FileSystem::Fat32 | FileSystem::Fat16 => Some(fat_flags(&fs::File::open(at)?)?),
                _ => None,
            },
            created: None,
            modified: found.modified().ok().and_then(from_system_time),
            accessed: found.accessed().ok().and_then(from_system_time),
        });
    }
    let mut name = vec![0; 64];
    let short_name = match getxattr(at, SHORT_NAME, name.as_mut_slice()) {
        Ok(length) => {
            name.truncate(length);
            String::from_utf8(name).ok()
        }
        // NODATA: it has none beside its long name.
        Err(Errno::NODATA) => None,
        Err(error) => return Err(error.into()),
    };
    let mut flags = [0; 4];
    getxattr(at, FLAGS, flags.as_mut_slice())?;
    let mut times = [0; 32];
    getxattr(at, TIMES, times.as_mut_slice())?;
    let (times, _) = times.as_chunks::<8>();
    let time = |index: usize| times.get(index).map(|bytes| u64::from_be_bytes(*bytes));
    Ok(FileAttributes {
        short_name,
        flags: Some(u32::from_be_bytes(flags)),
        created: time(0),
        modified: time(1),
        accessed: time(2),
    })
}

/// Gives the file at `at` what `attributes` has; what is `None` stays. Returns whether it has the short
/// name: a file with several long names, or beside one that has it already, cannot be given it.
pub fn write_attributes(
    at: &Path,
    attributes: &FileAttributes,
    file_system: FileSystem,
) -> io::Result<bool> {
    if file_system != FileSystem::Ntfs {
        if let (Some(flags), FileSystem::Fat32 | FileSystem::Fat16) =
            (attributes.flags, file_system)
        {
            set_fat_flags(&fs::File::open(at)?, flags & FAT_FLAGS)?;
        }
        set_times(at, attributes)?;
        return Ok(true);
    }
    let has_name = match &attributes.short_name {
        None => true,
        Some(name) => {
            let set = setxattr(at, SHORT_NAME, name.as_bytes(), XattrFlags::empty());
            let long_name = at.file_name().and_then(|name| name.to_str());
            // A long name that is a short one as well is found by it whatever the volume notes.
            set.is_ok() || long_name.is_some_and(|long| long.eq_ignore_ascii_case(name))
        }
    };
    if let Some(flags) = attributes.flags {
        let mut old = [0; 4];
        getxattr(at, FLAGS, old.as_mut_slice())?;
        let flags = (u32::from_be_bytes(old) & !GIVEN_FLAGS) | (flags & GIVEN_FLAGS);
        setxattr(at, FLAGS, &flags.to_be_bytes(), XattrFlags::empty())?;
    }
    // Last, since everything else is a change that the file's times would tell of.
    let mut times = [0; 32];
    getxattr(at, TIMES, times.as_mut_slice())?;
    let (fields, _) = times.as_chunks_mut::<8>();
    let wanted = [attributes.created, attributes.modified, attributes.accessed];
    for (field, wanted) in fields.iter_mut().zip(wanted) {
        if let Some(time) = wanted {
            *field = time.to_be_bytes();
        }
    }
    setxattr(at, TIMES, &times, XattrFlags::empty())?;
    Ok(has_name)
}

fn set_times(at: &Path, attributes: &FileAttributes) -> io::Result<()> {
    let time = |steps: Option<u64>| match steps.and_then(to_timespec) {
        Some(time) => time,
        None => Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_OMIT,
        },
    };
    let times = Timestamps {
        last_access: time(attributes.accessed),
        last_modification: time(attributes.modified),
    };
    Ok(utimensat(CWD, at, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn from_system_time(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let since = since.checked_add(Duration::from_secs(EPOCH_SECONDS))?;
    let steps = since.as_secs().checked_mul(STEPS)?;
    steps.checked_add(u64::from(since.subsec_nanos() / 100))
}

/// Returns the moment; `None` for one before 1970.
fn to_timespec(steps: u64) -> Option<Timespec> {
    let seconds = (steps / STEPS).checked_sub(EPOCH_SECONDS)?;
    Some(Timespec {
        tv_sec: i64::try_from(seconds).ok()?,
        // Less than 10^9, so it fits in any width.
        tv_nsec: Nsecs::try_from(steps % STEPS * 100).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_an_ordinary_file_are_given_back_to_a_tenth_of_a_microsecond() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("file");
        fs::write(&at, "x").unwrap();
        let wanted = FileAttributes {
            modified: Some(129_163_680_000_000_007),
            accessed: None,
            ..FileAttributes::default()
        };
        let accessed = read_attributes(&at, FileSystem::Unknown).unwrap().accessed;
        assert!(write_attributes(&at, &wanted, FileSystem::Unknown).unwrap());
        let found = read_attributes(&at, FileSystem::Unknown).unwrap();
        assert_eq!(found.modified, wanted.modified);
        assert_eq!(found.accessed, accessed);
        assert_eq!((found.created, found.flags), (None, None));
    }
}
