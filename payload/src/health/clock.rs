//! What the clocks say. The clock of a broken PC lies, so the newest time on its volumes goes with it.

use std::path::Path;
use std::time::UNIX_EPOCH;

use fs_err as fs;
use rescue_stick::report::health::ClockHealth;
use rescue_stick::report::line::Line;

use crate::repair::time::format_rfc_3339;
use crate::windows::folders::Folders;
use crate::windows::path::Resolved;

/// Folders in which a Windows that runs writes all the time, as remedies name them.
const ALL_BUSY_FOLDERS: &[&str] = &[
    "{system-drive}",
    "{windows}",
    "{windows}\\Prefetch",
    "{windows}\\Temp",
    "{system32}",
    "{system32}\\config",
    "{system32}\\winevt\\Logs",
    "{system32}\\wbem\\Logs",
];

/// What this program itself has written on a PC; its times are those of the clock in question.
const OWN_FOLDER: &str = "mendkit";

/// Files of a folder that are looked at, at most.
const MOST_FILES: usize = 1000;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days that a PC may stand unused before its clock is doubted.
const UNUSED_DAYS: i64 = 400;

/// The newest time that was seen, seconds since 1970 in UTC, and where.
pub(super) type Newest = Option<(i64, String)>;

/// Returns the newest time of the files in the busy folders of a Windows on the volume mounted at `root`.
/// `system32` itself is not searched: it has thousands of files, all of them old.
pub(super) fn find_newest(root: &Path, folders: &Folders) -> Newest {
    let mut newest: Newest = None;
    for variable in ALL_BUSY_FOLDERS {
        let resolved = folders
            .expand_remedy_path(variable)
            .and_then(|folder| folder.resolve(root));
        let Ok(Resolved::Folder { at, path }) = resolved else {
            continue;
        };
        let own = read_time(&at);
        newest = newest.max(own.map(|time| (time, path.to_string())));
        if *variable == "{system32}" {
            continue;
        }
        let Ok(entries) = fs::read_dir(&at) else {
            continue;
        };
        for entry in entries.take(MOST_FILES).flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.eq_ignore_ascii_case(OWN_FOLDER) {
                continue;
            }
            let time = read_time(&entry.path());
            newest = newest.max(time.map(|time| (time, format!("{path}\\{name}"))));
        }
    }
    newest
}

fn read_time(at: &Path) -> Option<i64> {
    let time = fs::symlink_metadata(at).ok()?.modified().ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Returns what the clocks come to.
pub(super) fn judge_clock(
    now: i64,
    since_start_ms: u64,
    newest: Newest,
    report_number: Option<u64>,
) -> ClockHealth {
    let doubt = newest.as_ref().and_then(|(newest, _)| {
        let days = now.saturating_sub(*newest) / DAY;
        match days {
            ..=-1 => Some(format!(
                "this PC's clock is {} behind the newest file on its disk",
                count_days(days.saturating_abs())
            )),
            UNUSED_DAYS.. => Some(format!(
                "this PC's clock is wrong, or nobody has used it for {}",
                count_days(days)
            )),
            _ => None,
        }
    });
    ClockHealth {
        now: Line::clean(&format_rfc_3339(now)),
        newest_seen: newest
            .as_ref()
            .map(|(time, _)| Line::clean(&format_rfc_3339(*time))),
        newest_place: newest.as_ref().map(|(_, place)| Line::clean(place)),
        since_start_ms,
        report_number,
        doubt: doubt.map(|doubt| Line::clean(&doubt)),
    }
}

fn count_days(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::path::WindowsPath;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_clock_is_doubted_if_files_are_newer_or_far_too_old() {
        let newest = 1_271_931_300;
        let doubt = |now: i64| {
            let clock = judge_clock(now, 7, Some((newest, "\\x".into())), Some(3));
            assert_eq!(clock.newest_seen.unwrap().as_str(), "2010-04-22T10:15:00Z");
            assert_eq!((clock.since_start_ms, clock.report_number), (7, Some(3)));
            clock.doubt.map(|doubt| doubt.to_string())
        };
        assert_eq!(doubt(newest), None);
        // Time zones: XP on FAT keeps local time.
        assert_eq!(doubt(newest - DAY / 2), None);
        assert_eq!(doubt(newest + UNUSED_DAYS * DAY - 1), None);
        assert_eq!(
            doubt(newest - DAY).unwrap(),
            "this PC's clock is 1 day behind the newest file on its disk"
        );
        let unused = doubt(newest + UNUSED_DAYS * DAY).unwrap();
        assert!(unused.ends_with("for 400 days"), "{unused}");
        assert!(doubt(0).unwrap().contains("14721 days behind"));
        doubt(i64::MIN);
        doubt(i64::MAX);
        assert_eq!(judge_clock(0, 0, None, None).doubt, None);
    }

    #[test]
    fn the_newest_time_is_found_whatever_is_oldest_and_whatever_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, seconds: u64| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = fs::File::create(&path).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            file.file().set_modified(time).unwrap();
        };
        write("WINDOWS/system32/config/SysEvent.Evt", 4_000_000_000);
        write("WINDOWS/system32/old.dll", 4_100_000_000);
        write("WINDOWS/win.ini", 900_000_000);
        write("mendkit", 4_200_000_000);
        let folders = Folders::defaults(WindowsPath::parse("\\windows", None).unwrap()).unwrap();
        let (time, place) = find_newest(root, &folders).unwrap();
        assert_eq!(time, 4_000_000_000);
        assert_eq!(place, "\\WINDOWS\\system32\\config\\SysEvent.Evt");
    }
}
