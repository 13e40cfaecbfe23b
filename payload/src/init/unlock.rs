//! Opens the volumes that BitLocker locks, before anything else is looked at: a repair that was interrupted on
//! one of them is finished behind it, and afterwards it is a volume like any other.

use std::path::Path;

use fs_err as fs;
use rescue_stick::guid::Guid;
use rescue_stick::job::Mode;
use rescue_stick::paths;
use rescue_stick::recovery_password::{GROUP_DIGITS, GROUPS, group_number};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use zeroize::Zeroizing;

use super::modules::load_modules;
use crate::area::FileArea;
use crate::bitlocker::metadata::read_metadata;
use crate::bitlocker::startup_key::{LONGEST_FILE, StartupKey};
use crate::filesystem::identify;
use crate::machine::FileSystem;
use crate::machine::linux::disks::{Partition, list_partitions};
use crate::machine::linux::unlocked::{Unlocked, lock_memory};
use crate::machine::linux::uptime_ms;
use crate::repair::await_proof;
use crate::screen::code::Code;
use crate::screen::prompt::{Checked, Entry, Field, Prompt, Shown, Typed};
use crate::screen::words::unlocking as words;
use crate::screen::{Progress, Screen, guess_time_left};
use crate::stick::Stick;
use crate::stick::proof::ProofOutcome;
use crate::unlock::{Bundle, Helper, Locked, Reply, Secret, find_key};

/// What is said once of every PC with a volume that was unlocked.
const FIRMWARE_UNTOUCHED: &str = "firmware and boot files were not touched, so Windows will not ask for the \
                                  recovery key because of this";

/// Where sticks with keys are mounted, one after the other.
const KEY_STICK: &str = "/run/key-stick";
/// Startup keys of one stick at most; a stick of a whole site has some hundreds.
const MOST_FILES: usize = 4096;
/// Bytes of a passphrase at most.
const LONGEST_PASSPHRASE: usize = 256;
const SYS: &str = "/sys";

/// What was opened, and what the report says of it.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) unlocked: Unlocked,
    pub(super) notes: Vec<String>,
}

/// Opens what can be opened, once the stick is proven. Nobody is asked in a mode in which nobody is there.
pub(super) fn unlock_volumes(
    screen: &mut dyn Screen,
    stick_disk: &str,
    stick: &Stick,
    mode: Mode,
) -> ProofOutcome<Opened> {
    let mut opened = Opened::default();
    let partitions = list_partitions(Path::new(SYS), Some(stick_disk)).unwrap_or_default();
    let locked: Vec<(Partition, Locked)> = partitions.into_iter().filter_map(look_at).collect();
    if locked.is_empty() {
        return Ok(opened);
    }
    // No key is asked for, or read from another stick, by a stick that may not be ours.
    await_proof(stick, screen)?;
    load_modules(Path::new(paths::LOCKED_MODULES));
    // Before the first key is in memory: no page of this program is ever swapped out.
    let _ = lock_memory();
    let bundle = fs::read(stick.path_of(paths::KEY_BUNDLE));
    let mut bundle = bundle.map_or(Bundle::Absent, Bundle::Sealed);
    for (partition, locked) in &locked {
        let mut desk = Desk {
            screen: &mut *screen,
            volume: &locked.name,
            stick_disk,
            has_person: mode != Mode::Auto,
            started_ms: uptime_ms(),
        };
        match open_one(
            partition,
            locked,
            &mut bundle,
            &mut desk,
            &mut opened.unlocked,
        ) {
            Ok(Some(line)) => opened.notes.push(line),
            Ok(None) => {}
            Err(reason) => opened.notes.push(format!("{}: {reason}", locked.name)),
        }
    }
    opened.notes.iter().for_each(|line| screen.line(line));
    if opened.unlocked != Unlocked::default() {
        opened.notes.push(FIRMWARE_UNTOUCHED.to_owned());
    }
    Ok(opened)
}

/// Returns what a partition says of itself, if BitLocker locks it and it can be opened.
fn look_at(partition: Partition) -> Option<(Partition, Locked)> {
    let area = FileArea::open(&partition.device).ok()?;
    let found = identify(&area).ok()?;
    if found.file_system != FileSystem::BitLocker {
        return None;
    }
    // Others stay locked, and their state says why.
    let metadata = read_metadata(&area).ok()?;
    metadata.check_openable().ok()?;
    let name = partition.name.clone();
    Some((partition, Locked { name, metadata }))
}

fn open_one(
    partition: &Partition,
    locked: &Locked,
    bundle: &mut Bundle,
    desk: &mut Desk<'_>,
    unlocked: &mut Unlocked,
) -> Result<Option<String>, String> {
    let found = find_key(locked, bundle, desk).map_err(|error| error.to_string())?;
    let Some((way, found)) = found else {
        return Ok(None);
    };
    let device = &partition.device;
    let opened = unlocked.open(device, partition.length, &locked.metadata, &found.key);
    opened.map_err(|error| format!("opening it behind BitLocker: {error}"))?;
    Ok(Some(way.words(&locked.name, found.protector.id)))
}

/// The person at the PC and the sticks in it.
struct Desk<'a> {
    screen: &'a mut dyn Screen,
    volume: &'a str,
    stick_disk: &'a str,
    has_person: bool,
    started_ms: u64,
}

impl Helper for Desk<'_> {
    fn startup_keys(&mut self) -> Vec<StartupKey> {
        let partitions = list_partitions(Path::new(SYS), None).unwrap_or_default();
        let mut keys = Vec::new();
        for partition in partitions {
            if is_removable(&partition, self.stick_disk) {
                keys.extend(read_keys_of(&partition.device));
            }
        }
        keys
    }

    fn has_person(&self) -> bool {
        self.has_person
    }

    fn ask(&mut self, secret: &Secret<'_>, is_again: bool) -> Reply {
        match secret {
            Secret::Passphrase => self.ask_passphrase(is_again),
            Secret::RecoveryPassword { volume, ids } => self.ask_password(volume, ids, is_again),
        }
    }

    fn progress(&mut self, share: u64) {
        let taken_ms = uptime_ms().saturating_sub(self.started_ms);
        let taken = std::time::Duration::from_millis(taken_ms);
        self.screen.advance(Progress {
            text: format!("Unlocking {} ...", self.volume),
            done: share,
            total: 1000,
            left: guess_time_left(share, 1000, taken),
        });
    }
}

impl Desk<'_> {
    fn ask_passphrase(&mut self, is_again: bool) -> Reply {
        let field = Field::Line {
            longest: LONGEST_PASSPHRASE,
        };
        let prompt = Prompt {
            mark: "passphrase",
            tagline: words::LOCKED,
            rows: &[(words::VOLUME, self.volume.to_owned())],
            label: words::PASSPHRASE,
            hint: words::PASSPHRASE_HINT,
            refused: is_again.then_some(words::WRONG_PASSPHRASE),
            field,
            shown: Shown::Nothing,
            enter: words::UNLOCK,
            escape: words::TYPE_KEY,
            code: None,
            check: &|text| match text.is_empty() {
                true => Checked::Incomplete,
                false => Checked::Complete,
            },
            is_moot: &|| false,
        };
        self.ask_for(&prompt, field)
    }

    fn ask_password(&mut self, volume: &str, ids: &[Guid], is_again: bool) -> Reply {
        let field = Field::Digits {
            groups: GROUPS,
            each: GROUP_DIGITS,
        };
        let mut rows = vec![(words::VOLUME, volume.to_owned())];
        let spelt = ids.iter().map(Guid::to_string);
        rows.extend(spelt.map(|id| (words::KEY_ID, id)));
        let sticks = count_partitions();
        let prompt = Prompt {
            mark: "recovery-key",
            tagline: words::LOCKED,
            rows: &rows,
            label: words::RECOVERY_KEY,
            hint: words::RECOVERY_KEY_HINT,
            refused: is_again.then_some(words::WRONG_KEY),
            field,
            shown: Shown::Nothing,
            enter: words::UNLOCK,
            escape: words::LEAVE_LOCKED,
            code: ids
                .first()
                .and_then(|id| Code::of(id.to_string().as_bytes())),
            check: &check_digits,
            is_moot: &|| count_partitions() > sticks,
        };
        self.ask_for(&prompt, field)
    }

    fn ask_for(&mut self, prompt: &Prompt<'_>, field: Field) -> Reply {
        let mut entry = Entry::for_field(field);
        match self.screen.ask_text(prompt, &mut entry) {
            Typed::Text => {
                self.started_ms = uptime_ms();
                Reply::Typed(Zeroizing::new(entry.text().to_owned()))
            }
            Typed::Skipped => Reply::Skipped,
            Typed::Moot => Reply::StickCame,
        }
    }
}

/// Judges digits group by group, as they are typed.
fn check_digits(text: &str) -> Checked {
    let mut rest = text;
    let mut group = 0_usize;
    while let Some((digits, after)) = rest.split_at_checked(GROUP_DIGITS) {
        if group_number(digits).is_none() {
            let why = words::WRONG_BLOCKS;
            let why = why.get(group).copied().unwrap_or(words::WRONG_KEY);
            return Checked::Wrong { group, why };
        }
        rest = after;
        group = group.saturating_add(1);
    }
    match group == GROUPS && rest.is_empty() {
        true => Checked::Complete,
        false => Checked::Incomplete,
    }
}

fn count_partitions() -> usize {
    list_partitions(Path::new(SYS), None).map_or(0, |partitions| partitions.len())
}

/// Returns whether a partition lies on a stick or card, where startup keys are kept.
fn is_removable(partition: &Partition, stick_disk: &str) -> bool {
    let disk = partition.disk.as_ref().unwrap_or(&partition.device);
    let Some(name) = disk.file_name() else {
        return false;
    };
    let folder = Path::new(SYS).join("block").join(name);
    let says = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    let way = fs::read_link(&folder).unwrap_or_default();
    let is_usb = way
        .iter()
        .any(|step| step.to_string_lossy().starts_with("usb"));
    name.to_string_lossy() != stick_disk && (is_usb || says("removable").trim() == "1")
}

/// Returns the startup keys in the root of a FAT volume, where Windows puts them.
fn read_keys_of(device: &Path) -> Vec<StartupKey> {
    let kind = FileArea::open(device).and_then(|area| identify(&area));
    let is_fat =
        kind.is_ok_and(|kind| matches!(kind.file_system, FileSystem::Fat32 | FileSystem::Fat16));
    if !is_fat || fs::create_dir_all(KEY_STICK).is_err() {
        return Vec::new();
    }
    let flags = MountFlags::RDONLY | MountFlags::NOATIME;
    if mount(device, KEY_STICK, "vfat", flags, c"utf8=1,shortname=mixed").is_err() {
        return Vec::new();
    }
    let keys = read_keys_in(Path::new(KEY_STICK));
    let _ = unmount(KEY_STICK, UnmountFlags::DETACH);
    keys
}

/// Returns the startup keys in a folder.
fn read_keys_in(folder: &Path) -> Vec<StartupKey> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_key = |path: &Path| {
        let extension = path.extension().unwrap_or_default();
        extension.eq_ignore_ascii_case("bek")
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| is_key(path));
    paths.sort();
    let longest = u64::try_from(LONGEST_FILE).unwrap_or(0);
    let files = paths.into_iter().take(MOST_FILES);
    files
        .filter(|path| fs::metadata(path).is_ok_and(|file| file.len() <= longest))
        .filter_map(|path| {
            let content = Zeroizing::new(fs::read(path).ok()?);
            StartupKey::parse(&content).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture::{PASSWORD, STARTUP_KEY_ID, startup_key_file};

    #[test]
    fn digits_are_judged_group_by_group() {
        let digits = PASSWORD.replace('-', "");
        for length in 0..48 {
            assert_eq!(
                check_digits(&digits[..length]),
                Checked::Incomplete,
                "{length}"
            );
        }
        assert_eq!(check_digits(&digits), Checked::Complete);
        for group in 0..GROUPS {
            let mut wrong = digits.clone();
            let place = group * GROUP_DIGITS;
            let other = if &wrong[place..=place] == "0" {
                "1"
            } else {
                "0"
            };
            wrong.replace_range(place..=place, other);
            let why = words::WRONG_BLOCKS[group];
            let end = place + GROUP_DIGITS;
            assert_eq!(check_digits(&wrong[..end]), Checked::Wrong { group, why });
            assert_eq!(check_digits(&wrong), Checked::Wrong { group, why });
            assert!(why.en.contains(&format!("Block {}", group + 1)), "{why:?}");
        }
    }

    #[test]
    fn startup_keys_are_read_whatever_their_case_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let put =
            |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
        put("4381F759.BEK", &startup_key_file(STARTUP_KEY_ID));
        put("b.bek", &startup_key_file(Guid([5; 16])));
        put("c.bek", b"something else");
        put("d.bek", &vec![0; LONGEST_FILE + 1]);
        put("e.txt", &startup_key_file(Guid([6; 16])));
        let found = read_keys_in(folder.path());
        let ids: Vec<Guid> = found.iter().map(|key| key.protector).collect();
        assert_eq!(ids, [STARTUP_KEY_ID, Guid([5; 16])]);
        assert!(read_keys_in(&folder.path().join("absent")).is_empty());
    }
}
