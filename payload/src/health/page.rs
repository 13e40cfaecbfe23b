//! The health check as a section of the report's page, 80 columns wide. Pure.
//!
//! The page says what a person acts on; lists of programs and updates are in the report's data.

use rescue_stick::report::health::{
    ChangedService, DiskHealth, FileHealth, FileState, HealthReport, MachineHealth, VolumeHealth,
    WindowsHealth,
};
use rescue_stick::report::line::{Line, Listing};

/// Columns of a page.
const COLUMNS: usize = 80;
/// Where the names of fields begin, and where their text.
const NAME: usize = 2;
const TEXT: usize = 13;
/// Lines of one kind at most; the rest is in the report's data.
const MOST_LINES: usize = 6;

/// Returns the section, a line each.
pub fn render_health(health: &HealthReport) -> Vec<String> {
    let mut section = Section(vec!["Health".to_owned()]);
    section.machine(&health.machine);
    section.clock(health);
    for disk in &health.disks {
        section.disk(disk);
    }
    for volume in &health.volumes {
        section.volume(volume);
    }
    for windows in &health.installations {
        section.windows(windows);
    }
    for note in &health.notes {
        section.field("Note", note.as_str());
    }
    section.0
}

/// A section that is being written.
struct Section(Vec<String>);

impl Section {
    /// Writes a field; what does not fit goes on below its text.
    fn field(&mut self, name: &str, text: &str) {
        let mut line = format!("{:NAME$}{name}", "");
        for (index, row) in wrap(text, COLUMNS.saturating_sub(TEXT)).iter().enumerate() {
            if index > 0 {
                line = String::new();
            }
            self.0
                .push(format!("{line:<TEXT$}{row}").trim_end().to_owned());
        }
    }

    /// Writes the parts that there are, joined.
    fn parts(&mut self, name: &str, parts: &[Option<String>]) {
        let told: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        if !told.is_empty() {
            self.field(name, &told.join(", "));
        }
    }

    fn machine(&mut self, machine: &MachineHealth) {
        let words =
            |words: &str, line: &Option<Line>| line.as_ref().map(|line| format!("{words}{line}"));
        if let Some(reason) = machine.not_told.get(&Line::from("machine")) {
            self.field("Machine", &format!("not told: {reason}"));
            return;
        }
        let secure_boot = match machine.secure_boot {
            Some(true) => "Secure Boot on".to_owned(),
            Some(false) => "Secure Boot off".to_owned(),
            None => "Secure Boot not told".to_owned(),
        };
        let version = words("version ", &machine.firmware_version);
        let version = dated(version, &machine.firmware_date);
        self.parts("Firmware", &[version, Some(secure_boot)]);
        let serial = words("serial ", &machine.board_serial);
        let asset = words("inventory number ", &machine.asset_tag);
        let vendor = words("", &machine.board_vendor);
        let model = words("", &machine.board_model);
        self.parts("Board", &[vendor, model, serial, asset]);
        let count = machine.processor_count.filter(|count| *count > 1);
        let count = count.map(|count| format!("{count} of them"));
        self.parts("Processor", &[words("", &machine.processor), count]);
    }

    fn clock(&mut self, health: &HealthReport) {
        let clock = &health.clock;
        let newest = clock.newest_seen.as_ref();
        let newest = newest.map(|time| format!("newest file on its disk {time}"));
        let now = (!clock.now.is_empty()).then(|| clock.now.to_string());
        self.parts("Clock", &[now, newest]);
    }

    fn disk(&mut self, disk: &DiskHealth) {
        let model = disk.model.as_ref().map(ToString::to_string);
        let size = Some(format_size(disk.size));
        let what = [model, size, Some(disk.interface.to_string())];
        let what: Vec<_> = what.into_iter().flatten().collect();
        let name = capitalize(disk.name.as_str());
        let what = what.join(", ");
        let word = disk.condition.word();
        self.field(&name, &format!("{word}: {what}"));
        if let Some(reason) = disk.not_told.get(&Line::from("condition")) {
            self.field("", reason.as_str());
        }
        for reason in &disk.reasons {
            self.field("", reason.as_str());
        }
        let count = |count: Option<u64>, words: &str| count.map(|count| format!("{count} {words}"));
        let temperature = disk
            .temperature_celsius
            .map(|degrees| format!("{degrees} °C"));
        self.parts(
            "",
            &[
                count(disk.power_on_hours, "hours"),
                temperature,
                count(disk.reallocated_sectors, "reallocated"),
                count(disk.pending_sectors, "pending"),
                count(disk.uncorrectable_sectors, "uncorrectable"),
                count(disk.percentage_used, "% used"),
                count(disk.available_spare, "% spare"),
                count(disk.media_errors, "media errors"),
            ],
        );
        if disk.condition == rescue_stick::report::health::Condition::Failing {
            self.field("", "IMAGE THIS DISK FIRST; nothing was written to it");
        }
    }

    fn volume(&mut self, volume: &VolumeHealth) {
        let free = volume
            .free_bytes
            .map(|free| format!("{} free", format_size(free)));
        let files = volume.boot_files.iter();
        let files = files.filter(|file| file.state == FileState::Present);
        let files: Vec<_> = files.map(|file| file.path.as_str()).collect();
        let starts = (!files.is_empty()).then(|| format!("starts with {}", files.join(" ")));
        let told: Vec<_> = [free, starts].into_iter().flatten().collect();
        let text = match (told.is_empty(), volume.not_told.first_key_value()) {
            (true, Some((_, reason))) => format!("not looked at: {reason}"),
            _ => told.join(", "),
        };
        self.field("Volume", &format!("{}: {text}", volume.name));
    }

    fn windows(&mut self, windows: &WindowsHealth) {
        let line =
            |words: &str, line: &Option<Line>| line.as_ref().map(|line| format!("{words}{line}"));
        self.field(
            "Windows",
            &format!("{} on {}", windows.folder, windows.volume),
        );
        let pack = windows.service_pack.filter(|pack| *pack > 0);
        self.parts(
            "",
            &[
                line("", &windows.product_name),
                pack.map(|pack| format!("service pack {pack}")),
                line("", &windows.build),
                line("", &windows.language),
            ],
        );
        self.parts(
            "",
            &[
                line("installed ", &windows.installed),
                line("last shut down ", &windows.last_shutdown),
            ],
        );
        self.parts(
            "",
            &[
                line("computer ", &windows.computer),
                line("domain ", &windows.domain),
                line("time zone ", &windows.time_zone),
            ],
        );
        let pending = windows.hotfixes.items.iter().filter(|one| one.pending);
        let pending = match pending.count() {
            0 => String::new(),
            count => format!(" ({count} wait for the next start)"),
        };
        self.field(
            "",
            &format!(
                "{}{pending}, {}",
                count_all(&windows.hotfixes, "update"),
                count_all(&windows.programs, "program")
            ),
        );
        self.products(windows);
        let services = &windows.changed_services;
        for service in services.iter().take(MOST_LINES) {
            self.service(service);
        }
        self.more(services.len());
        self.files(&windows.system_files);
        for (field, reason) in &windows.not_told {
            // Single values that are missing are in the data; what hides all others belongs here.
            if ["registry", "software", "system", "system-files"].contains(&field.as_str()) {
                self.field("Not told", &format!("{field}: {reason}"));
            }
        }
    }

    fn products(&mut self, windows: &WindowsHealth) {
        for product in &windows.products {
            let line = |words: &str, line: &Option<Line>| {
                line.as_ref().map(|line| format!("{words} {line}"))
            };
            self.parts(
                "Security",
                &[
                    Some(product.name.to_string()),
                    line("engine", &product.engine),
                    dated(
                        line("definitions", &product.definitions),
                        &product.definitions_date,
                    ),
                ],
            );
            for setting in &product.settings {
                let word = match setting.on {
                    Some(true) => "on",
                    Some(false) => "off",
                    None => "not told",
                };
                self.field("", &format!("{}: {word}", setting.title));
            }
        }
    }

    fn service(&mut self, service: &ChangedService) {
        let ChangedService {
            name,
            what,
            found,
            expected,
            purpose,
        } = service;
        let text = format!("{name} ({purpose}): {what} is {found}, expected {expected}");
        self.field("Service", &text);
    }

    fn files(&mut self, files: &[FileHealth]) {
        if files.is_empty() {
            return;
        }
        let there = files.iter().filter(|file| file.state == FileState::Present);
        let signed = |wanted: Option<bool>| {
            let present = files.iter().filter(|file| file.state == FileState::Present);
            present.filter(|file| file.signed == wanted).count()
        };
        let text = format!(
            "{} of {} there; by catalog: {} signed, {} not listed, {} not told",
            there.count(),
            files.len(),
            signed(Some(true)),
            signed(Some(false)),
            signed(None)
        );
        self.field("Files", &text);
        let is_odd =
            |file: &&FileHealth| file.state != FileState::Present || file.signed == Some(false);
        for file in files.iter().filter(is_odd).take(MOST_LINES) {
            let word = match file.state {
                FileState::Present => "is in no catalog",
                FileState::Missing => "is missing",
                FileState::Empty => "is empty",
                FileState::Unreadable => "cannot be read",
            };
            let reason = match (file.state, &file.reason) {
                (FileState::Present, _) | (_, None) => String::new(),
                (_, Some(reason)) => format!(": {reason}"),
            };
            self.field("", &format!("{} {word}{reason}", file.path));
        }
        self.more(files.iter().filter(is_odd).count());
    }

    /// Says how many lines of one kind are left out.
    fn more(&mut self, count: usize) {
        if let Some(more) = count.checked_sub(MOST_LINES).filter(|more| *more > 0) {
            self.field("", &format!("and {more} more, see report.json"));
        }
    }
}

/// Returns how many items there are, in words.
fn count_all<T>(listing: &Listing<T>, word: &str) -> String {
    let listed = u64::try_from(listing.items.len()).unwrap_or(u64::MAX);
    match listed.saturating_add(listing.left_out) {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    }
}

/// Returns a version with its date, as far as they are told.
fn dated(version: Option<String>, date: &Option<Line>) -> Option<String> {
    match (version, date) {
        (Some(version), Some(date)) => Some(format!("{version} of {date}")),
        (version, date) => version.or(date.as_ref().map(|date| format!("of {date}"))),
    }
}

fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Returns a size as disks are sold: `80.0 GB`.
fn format_size(bytes: u64) -> String {
    let (unit, name): (u128, _) = match bytes {
        0..1_000_000_000 => (1_000_000, "MB"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
        _ => (1_000_000_000_000, "TB"),
    };
    let tenths = u128::from(bytes) * 10 / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// Returns a text in rows of at most `width` characters, broken at spaces where there are any.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0_usize;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        let gap = usize::from(used > 0);
        if used > 0 && used.saturating_add(letters.len()).saturating_add(gap) > width {
            rows.push(String::new());
            used = 0;
        }
        for (index, piece) in letters.chunks(width.max(1)).enumerate() {
            if index > 0 {
                rows.push(String::new());
                used = 0;
            }
            if let Some(row) = rows.last_mut() {
                if used > 0 {
                    row.push(' ');
                    used = used.saturating_add(1);
                }
                row.extend(piece);
                used = used.saturating_add(piece.len());
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use rescue_stick::report::Report;

    const SCHEMA_1: &str = include_str!("../../rescue-stick/fixtures/report-1.json");

    #[test]
    fn the_section_fits_80_columns_and_says_what_to_act_on() {
        let report = Report::parse(SCHEMA_1).unwrap();
        let lines = render_health(&report.health);
        expect![[r#"
            Health
              Firmware   version A08 of 03/04/2010, Secure Boot off
              Board      Dell Inc., 0M858N, serial ..CN1374085N00BX.
              Processor  Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz, 2 of them
              Clock      2010-04-22T10:15:00Z, newest file on its disk 2010-04-22T07:58:12Z
              Disk 1     worn: ST380815AS, 80.0 GB, ATA
                         2 sectors were replaced by spare ones
                         11243 hours, 37 °C, 2 reallocated, 0 pending, 0 uncorrectable
              Volume     disk 1, partition 1: 61.2 GB free, starts with \ntldr \NTDETECT.COM
                         \boot.ini
              Volume     disk 1, partition 2: not looked at: locked by BitLocker
              Windows    \WINDOWS on disk 1, partition 1
                         Microsoft Windows XP, service pack 3, 5.1.2600, French
                         installed 2008-08-29T08:53:20Z, last shut down 2010-04-21T15:41:02Z
                         computer OPTIPLEX-114, domain acme.example, time zone Paris, Madrid
                         2 updates (1 wait for the next start), 1 program
              Security   VirusScan Enterprise 8.7.0.570, engine 5400.1158, definitions
                         5958.0000 of 2010/04/21
                         Scan Processes on Enable: on
                         On-demand scan of running processes: not told
              Service    CryptSvc (signatures of files): start is 4 (disabled), expected 2
                         (automatic)
              Files      3 of 4 there; by catalog: 1 signed, 1 not listed, 1 not told
                         \WINDOWS\system32\svchost.exe is missing: no service starts
                         \WINDOWS\system32\lsass.exe is in no catalog"#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn long_texts_wrap_and_longer_words_are_broken() {
        let mut section = Section(Vec::new());
        section.field("Note", &"word ".repeat(40));
        section.field("", &"x".repeat(200));
        section.field("Empty", "");
        assert!(section.0.iter().all(|line| line.chars().count() <= COLUMNS));
        assert_eq!(section.0.len(), 4 + 3 + 1);
        assert!(section.0[1].starts_with("             word"));
        assert_eq!(section.0[7], "  Empty");
        assert_eq!(wrap("a b", 1), ["a", "b"]);
    }

    #[test]
    fn sizes_are_those_on_the_label() {
        for (bytes, expect) in [
            (0, "0.0 MB"),
            (80_026_361_856, "80.0 GB"),
            (2_000_398_934_016, "2.0 TB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(format_size(bytes), expect);
        }
    }
}
