//! The health check as a section of the report's page, 80 columns wide. Pure.
//!
//! The page says what a person acts on; lists of programs and updates are in the report's data.

use rescue_stick::report::MachineFacts;
use rescue_stick::report::health::{
    ChangedService, Condition, DiskHealth, FileHealth, FileState, HealthReport, MachineHealth,
    VolumeHealth, WindowsHealth,
};
use rescue_stick::report::line::{Line, Listing};

use crate::screen::words::sentences::translate;
use crate::screen::words::{Language, Words, page as words, terms};

/// Columns of a page.
const COLUMNS: usize = 80;
/// Where the names of fields begin, and where their text.
const NAME: usize = 2;
const TEXT: usize = 13;
/// Lines of one kind at most; the rest is in the report's data.
const MOST_LINES: usize = 6;

/// Returns the section, a line each.
pub fn render_health(
    health: &HealthReport,
    machine: &MachineFacts,
    language: Language,
) -> Vec<String> {
    let mut section = Section {
        lines: vec![words::HEALTH.in_language(language).to_owned()],
        language,
    };
    section.machine(&health.machine, machine);
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
        section.field(words::NOTE, &section.sentence(note));
    }
    section.lines
}

/// A section that is being written.
struct Section {
    lines: Vec<String>,
    language: Language,
}

impl Section {
    fn say(&self, text: Words, values: &[&str]) -> String {
        words::fill(text, values, self.language)
    }

    /// Says a value if it is told.
    fn told<T: ToString>(&self, text: Words, value: Option<T>) -> Option<String> {
        Some(self.say(text, &[&value?.to_string()]))
    }

    /// Returns a sentence of the health check in the section's language. English ones stay word for word.
    fn sentence(&self, text: &Line) -> String {
        match self.language {
            Language::English => text.to_string(),
            language => translate(text.as_str(), language).into_owned(),
        }
    }

    /// Returns why a system file matters, or why it could not be read.
    fn reason(&self, reason: &Line) -> String {
        match terms::in_language(reason.as_str(), self.language) {
            same if same == reason.as_str() => self.sentence(reason),
            term => term.to_owned(),
        }
    }

    /// Writes a field.
    fn field(&mut self, name: Words, text: &str) {
        self.named(name.in_language(self.language), text);
    }

    /// Writes a field; what does not fit goes on below its text.
    fn named(&mut self, name: &str, text: &str) {
        let mut line = format!("{:NAME$}{name}", "");
        for (index, row) in wrap(text, COLUMNS.saturating_sub(TEXT)).iter().enumerate() {
            if index > 0 {
                line = String::new();
            }
            self.lines
                .push(format!("{line:<TEXT$}{row}").trim_end().to_owned());
        }
    }

    /// Writes the parts that there are, joined.
    fn parts(&mut self, name: &str, parts: &[Option<String>]) {
        let told: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        if !told.is_empty() {
            self.named(name, &told.join(", "));
        }
    }

    fn name(&self, name: Words) -> &'static str {
        name.in_language(self.language)
    }

    fn machine(&mut self, machine: &MachineHealth, facts: &MachineFacts) {
        if let Some(reason) = machine.not_told.get(&Line::from("machine")) {
            let text = self.say(words::NOT_TOLD, &[&self.sentence(reason)]);
            self.field(words::MACHINE, &text);
            return;
        }
        let secure_boot = match machine.secure_boot {
            Some(true) => words::SECURE_BOOT_ON,
            Some(false) => words::SECURE_BOOT_OFF,
            None => words::SECURE_BOOT_NOT_TOLD,
        };
        let version = self.told(words::VERSION, machine.firmware_version.as_ref());
        let version = self.dated(version, &machine.firmware_date);
        let secure_boot = Some(self.say(secure_boot, &[]));
        self.parts(self.name(words::FIRMWARE), &[version, secure_boot]);
        let board = [
            machine.board_vendor.as_ref().map(Line::to_string),
            machine.board_model.as_ref().map(Line::to_string),
            self.told(words::SERIAL, machine.board_serial.as_ref()),
            self.told(words::ASSET, machine.asset_tag.as_ref()),
        ];
        self.parts(self.name(words::BOARD), &board);
        let count = machine.processor_count.filter(|count| *count > 1);
        let processor = machine.processor.as_ref().map(Line::to_string);
        let count = self.told(words::OF_THEM, count);
        self.parts(self.name(words::PROCESSOR), &[processor, count]);
        self.parts(
            self.name(words::MEMORY),
            &[facts.memory_bytes.map(format_size)],
        );
    }

    fn clock(&mut self, health: &HealthReport) {
        let clock = &health.clock;
        let now = (!clock.now.is_empty()).then(|| clock.now.to_string());
        let newest = self.told(words::NEWEST_FILE, clock.newest_seen.as_ref());
        self.parts(self.name(words::CLOCK), &[now, newest]);
    }

    fn disk(&mut self, disk: &DiskHealth) {
        let model = disk.model.as_ref().map(ToString::to_string);
        let size = Some(format_size(disk.size));
        let what = [model, size, Some(disk.interface.to_string())];
        let what: Vec<_> = what.into_iter().flatten().collect();
        let name = capitalize(&self.sentence(&disk.name));
        let what = what.join(", ");
        let word = self.name(match disk.condition {
            Condition::NotTold => words::UNKNOWN,
            Condition::Good => words::GOOD,
            Condition::Worn => words::WORN,
            Condition::Failing => words::FAILING,
        });
        self.named(&name, &self.say(words::IS, &[word, &what]));
        if let Some(reason) = disk.not_told.get(&Line::from("condition")) {
            self.named("", &self.sentence(reason));
        }
        for reason in &disk.reasons {
            self.named("", &self.sentence(reason));
        }
        let temperature = disk
            .temperature_celsius
            .map(|degrees| format!("{degrees} °C"));
        let parts = [
            self.told(words::HOURS, disk.power_on_hours),
            temperature,
            self.told(words::REALLOCATED, disk.reallocated_sectors),
            self.told(words::PENDING, disk.pending_sectors),
            self.told(words::UNCORRECTABLE, disk.uncorrectable_sectors),
            self.told(words::USED, disk.percentage_used),
            self.told(words::SPARE, disk.available_spare),
            self.told(words::MEDIA_ERRORS, disk.media_errors),
        ];
        self.parts("", &parts);
        if disk.condition == Condition::Failing {
            self.named("", &self.say(words::IMAGE_FIRST, &[]));
        }
    }

    fn volume(&mut self, volume: &VolumeHealth) {
        let free = self.told(words::FREE, volume.free_bytes.map(format_size));
        let files = volume.boot_files.iter();
        let files = files.filter(|file| file.state == FileState::Present);
        let files: Vec<_> = files.map(|file| file.path.as_str()).collect();
        let starts = (!files.is_empty()).then(|| self.say(words::STARTS_WITH, &[&files.join(" ")]));
        let told: Vec<_> = [free, starts].into_iter().flatten().collect();
        let text = match (told.is_empty(), volume.not_told.first_key_value()) {
            (true, Some((_, reason))) => self.say(words::NOT_LOOKED_AT, &[&self.sentence(reason)]),
            _ => told.join(", "),
        };
        let name = self.sentence(&volume.name);
        self.field(words::VOLUME, &self.say(words::IS, &[&name, &text]));
    }

    fn windows(&mut self, windows: &WindowsHealth) {
        let place = [windows.folder.as_str(), &self.sentence(&windows.volume)];
        self.field(words::WINDOWS, &self.say(words::ON, &place));
        let plain = |line: &Option<Line>| line.as_ref().map(Line::to_string);
        let pack = windows.service_pack.filter(|pack| *pack > 0);
        let what = [
            plain(&windows.product_name),
            self.told(words::SERVICE_PACK, pack),
            plain(&windows.build),
            plain(&windows.language).map(|one| terms::in_language(&one, self.language).to_owned()),
        ];
        self.parts("", &what);
        let times = [
            self.told(words::INSTALLED, windows.installed.as_ref()),
            self.told(words::SHUT_DOWN, windows.last_shutdown.as_ref()),
        ];
        self.parts("", &times);
        let names = [
            self.told(words::NAMED, windows.computer.as_ref()),
            self.told(words::DOMAIN, windows.domain.as_ref()),
            self.told(words::TIME_ZONE, windows.time_zone.as_ref()),
        ];
        self.parts("", &names);
        let pending = windows.hotfixes.items.iter().filter(|one| one.pending);
        let pending = match pending.count() {
            0 => String::new(),
            count => self.say(words::WAITING, &[&count.to_string()]),
        };
        let updates = self.count(&windows.hotfixes, words::ONE_UPDATE, words::UPDATES);
        let programs = self.count(&windows.programs, words::ONE_PROGRAM, words::PROGRAMS);
        self.named("", &format!("{updates}{pending}, {programs}"));
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
                let reason = self.sentence(reason);
                let text = self.say(words::IS, &[field.as_str(), &reason]);
                self.field(words::NOT_TOLD_NAME, &text);
            }
        }
    }

    fn products(&mut self, windows: &WindowsHealth) {
        for product in &windows.products {
            let definitions = self.told(words::DEFINITIONS, product.definitions.as_ref());
            let parts = [
                Some(product.name.to_string()),
                self.told(words::ENGINE, product.engine.as_ref()),
                self.dated(definitions, &product.definitions_date),
            ];
            self.parts(self.name(words::SECURITY), &parts);
            for setting in &product.settings {
                let words = match setting.on {
                    Some(true) => words::SETTING_ON,
                    Some(false) => words::SETTING_OFF,
                    None => words::SETTING_NOT_TOLD,
                };
                self.named("", &self.say(words, &[setting.title.as_str()]));
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
        let found = terms::in_value(found.as_str(), self.language);
        let expected = terms::in_value(expected.as_str(), self.language);
        let purpose = terms::in_language(purpose.as_str(), self.language);
        let values = [name.as_str(), purpose, what.as_str(), &found, &expected];
        self.field(words::SERVICE, &self.say(words::SERVICE_IS, &values));
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
        let counts = [
            there.count(),
            files.len(),
            signed(Some(true)),
            signed(Some(false)),
            signed(None),
        ];
        let counts = counts.map(|count| count.to_string());
        let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
        self.field(words::FILES, &self.say(words::FILES_ARE, &counts));
        let is_odd =
            |file: &&FileHealth| file.state != FileState::Present || file.signed == Some(false);
        for file in files.iter().filter(is_odd).take(MOST_LINES) {
            let words = match file.state {
                FileState::Present => words::IN_NO_CATALOG,
                FileState::Missing => words::MISSING,
                FileState::Empty => words::EMPTY,
                FileState::Unreadable => words::UNREADABLE,
            };
            let text = self.say(words, &[file.path.as_str()]);
            let text = match (file.state, &file.reason) {
                (FileState::Present, _) | (_, None) => text,
                (_, Some(reason)) => self.say(words::IS, &[&text, &self.reason(reason)]),
            };
            self.named("", &text);
        }
        self.more(files.iter().filter(is_odd).count());
    }

    /// Says how many lines of one kind are left out.
    fn more(&mut self, count: usize) {
        if let Some(more) = count.checked_sub(MOST_LINES).filter(|more| *more > 0) {
            self.named("", &self.say(words::AND_MORE, &[&more.to_string()]));
        }
    }

    /// Returns how many items there are, in words.
    fn count<T>(&self, listing: &Listing<T>, one: Words, many: Words) -> String {
        let listed = u64::try_from(listing.items.len()).unwrap_or(u64::MAX);
        match listed.saturating_add(listing.left_out) {
            1 => self.say(one, &[]),
            count => self.say(many, &[&count.to_string()]),
        }
    }

    /// Returns a version with its date, as far as they are told.
    fn dated(&self, version: Option<String>, date: &Option<Line>) -> Option<String> {
        match (version, date) {
            (Some(version), Some(date)) => {
                Some(self.say(words::OF_DATE, &[&version, date.as_str()]))
            }
            (version, date) => version.or_else(|| date.as_ref().map(Line::to_string)),
        }
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
        let lines = render_health(&report.health, &report.machine, Language::English);
        expect![[r#"
            Health
              Firmware   version A08 of 03/04/2010, Secure Boot off
              Board      Dell Inc., 0M858N, serial ..CN1374085N00BX.
              Processor  Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz, 2 of them
              Memory     1.0 GB
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
        let mut section = Section {
            lines: Vec::new(),
            language: Language::English,
        };
        section.field(words::NOTE, &"word ".repeat(40));
        section.named("", &"x".repeat(200));
        section.named("Empty", "");
        let lines = section.lines;
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS));
        assert_eq!(lines.len(), 4 + 3 + 1);
        assert!(lines[1].starts_with("             word"));
        assert_eq!(lines[7], "  Empty");
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
