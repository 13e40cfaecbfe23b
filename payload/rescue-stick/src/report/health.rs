//! What the health check of a PC found. Everything here was read and nothing was written.
//!
//! A field that is `None` was not told; `not-told` says why, by the name of the field. Texts are bounded
//! and hold no secrets ([`Line`]), lists have an end.

use serde::{Deserialize, Serialize};

use super::line::{Line, Listing, NotTold, few, few_reasons};

/// Health of a PC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthReport {
    /// Firmware, board, processor.
    pub machine: MachineHealth,
    /// What the clocks say.
    pub clock: ClockHealth,
    /// Disks in the machine's order.
    #[serde(deserialize_with = "few")]
    pub disks: Vec<DiskHealth>,
    /// Volumes in the report's order.
    #[serde(deserialize_with = "few")]
    pub volumes: Vec<VolumeHealth>,
    /// Every Windows that was found.
    #[serde(deserialize_with = "few")]
    pub installations: Vec<WindowsHealth>,
    /// What a person should know, one line each.
    #[serde(deserialize_with = "few")]
    pub notes: Vec<Line>,
}

/// Firmware, board and processor, besides what [`super::MachineFacts`] has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MachineHealth {
    /// Whether the firmware enforced Secure Boot when the stick was started.
    pub secure_boot: Option<bool>,
    /// Version of the firmware.
    pub firmware_version: Option<Line>,
    /// Date of the firmware as it writes it.
    pub firmware_date: Option<Line>,
    /// Maker of the board.
    pub board_vendor: Option<Line>,
    /// Model of the board.
    pub board_model: Option<Line>,
    /// Serial number of the board.
    pub board_serial: Option<Line>,
    /// The owner's inventory number.
    pub asset_tag: Option<Line>,
    /// Processor.
    pub processor: Option<Line>,
    /// How many processors the rescue kernel sees.
    pub processor_count: Option<u64>,
    /// What is not told, and why.
    #[serde(deserialize_with = "few_reasons")]
    pub not_told: NotTold,
}

/// What the clocks say. The clock of a broken PC may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClockHealth {
    /// The PC's clock, RFC 3339 in UTC.
    pub now: Line,
    /// The newest time that was seen on the PC's volumes, RFC 3339 in UTC.
    pub newest_seen: Option<Line>,
    /// Where it was seen.
    pub newest_place: Option<Line>,
    /// Milliseconds since the rescue environment was started; never goes back.
    pub since_start_ms: u64,
    /// Number of this report on its stick: one more than the reports that were there. It grows until
    /// reports are taken off the stick.
    pub report_number: Option<u64>,
    /// What is wrong with the PC's clock, if anything is.
    pub doubt: Option<Line>,
}

/// One word for a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It was not told. This is never taken for good.
    #[default]
    NotTold,
    /// Nothing speaks against it.
    Good,
    /// It shows its age; back up and plan its replacement.
    Worn,
    /// It is failing: nothing is written to it.
    Failing,
}

impl Condition {
    /// Returns the word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotTold => "not told",
            Self::Good => "good",
            Self::Worn => "worn",
            Self::Failing => "FAILING",
        }
    }
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DiskHealth {
    /// `disk 1`.
    pub name: Line,
    /// Model.
    pub model: Option<Line>,
    /// Serial number.
    pub serial: Option<Line>,
    /// Version of its firmware.
    pub firmware: Option<Line>,
    /// Bytes.
    pub size: u64,
    /// `ATA`, `NVMe`, `USB`, …
    pub interface: Line,
    /// Whether its platters turn.
    pub rotational: Option<bool>,
    /// What all that follows comes to.
    pub condition: Condition,
    /// What speaks against it, one line each.
    #[serde(deserialize_with = "few")]
    pub reasons: Vec<Line>,
    /// Whether the disk itself says that it is about to fail.
    pub predicts_failure: Option<bool>,
    /// Degrees Celsius.
    pub temperature_celsius: Option<i64>,
    /// Hours that it was on.
    pub power_on_hours: Option<u64>,
    /// Sectors that were replaced by spare ones.
    pub reallocated_sectors: Option<u64>,
    /// Sectors that could not be read and wait to be replaced.
    pub pending_sectors: Option<u64>,
    /// Sectors that could not be read when the disk tested itself.
    pub uncorrectable_sectors: Option<u64>,
    /// Reads and writes whose data were lost, NVMe.
    pub media_errors: Option<u64>,
    /// How much of its life is used, in percent; may be more than 100. NVMe.
    pub percentage_used: Option<u64>,
    /// Spare capacity left, in percent. NVMe.
    pub available_spare: Option<u64>,
    /// What is not told, and why.
    #[serde(deserialize_with = "few_reasons")]
    pub not_told: NotTold,
}

/// A volume, besides what [`super::VolumeReport`] has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VolumeHealth {
    /// As in [`super::VolumeReport::name`].
    pub name: Line,
    /// Free bytes.
    pub free_bytes: Option<u64>,
    /// Files that start a Windows, of every way of starting of which one file is here.
    #[serde(deserialize_with = "few")]
    pub boot_files: Vec<FileHealth>,
    /// What is not told, and why.
    #[serde(deserialize_with = "few_reasons")]
    pub not_told: NotTold,
}

/// State of a file that should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// There, with content.
    Present,
    /// Not there.
    Missing,
    /// There, with 0 bytes.
    Empty,
    /// Cannot be looked at.
    Unreadable,
}

/// A file that should be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileHealth {
    /// Its path on its volume.
    pub path: Line,
    /// Whether it is there.
    pub state: FileState,
    /// Whether a catalog of its Windows that Microsoft signed lists it; `None` if that cannot be told.
    pub signed: Option<bool>,
    /// Which catalog lists it, or why that cannot be told.
    pub reason: Option<Line>,
}

/// A Windows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WindowsHealth {
    /// Its volume, as in [`super::VolumeReport::name`].
    pub volume: Line,
    /// Windows folder on it.
    pub folder: Line,
    /// Name as Windows shows it.
    pub product_name: Option<Line>,
    /// Short name of the edition, since Vista.
    pub edition: Option<Line>,
    /// Number of the service pack, 0 for none.
    pub service_pack: Option<u64>,
    /// Version of the kernel with build and, since 10, revision: `5.1.2600`.
    pub build: Option<Line>,
    /// The build's own name.
    pub build_lab: Option<Line>,
    /// Language that it was installed in.
    pub language: Option<Line>,
    /// Computer name.
    pub computer: Option<Line>,
    /// Domain of the computer's name.
    pub domain: Option<Line>,
    /// When it was installed, RFC 3339 in UTC.
    pub installed: Option<Line>,
    /// When it was last shut down in order, RFC 3339 in UTC.
    pub last_shutdown: Option<Line>,
    /// Name of its time zone.
    pub time_zone: Option<Line>,
    /// Minutes to be added to its local time for UTC.
    pub time_zone_bias_minutes: Option<i64>,
    /// Updates of Windows.
    pub hotfixes: Listing<Hotfix>,
    /// Programs that can be removed in its settings.
    pub programs: Listing<Program>,
    /// Security products.
    #[serde(deserialize_with = "few")]
    pub products: Vec<ProductHealth>,
    /// Services that Windows needs to start and that are not as it comes.
    #[serde(deserialize_with = "few")]
    pub changed_services: Vec<ChangedService>,
    /// Files that Windows needs to start.
    #[serde(deserialize_with = "few")]
    pub system_files: Vec<FileHealth>,
    /// What is not told, and why.
    #[serde(deserialize_with = "few_reasons")]
    pub not_told: NotTold,
}

/// An update of Windows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hotfix {
    /// `KB958644`, or the name of a rollup.
    pub name: Line,
    /// Whether it is only installed at the next start.
    pub pending: bool,
    /// When it was installed, as Windows writes it.
    pub installed: Option<Line>,
}

/// An installed program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Program {
    /// Name.
    pub name: Line,
    /// Version.
    pub version: Option<Line>,
    /// Publisher.
    pub publisher: Option<Line>,
    /// Date as the installer wrote it.
    pub installed: Option<Line>,
}

/// A security product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProductHealth {
    /// Name.
    pub name: Line,
    /// Version.
    pub version: Option<Line>,
    /// Version of its engine.
    pub engine: Option<Line>,
    /// Version of its definitions.
    pub definitions: Option<Line>,
    /// Date of its definitions, as the product writes it.
    pub definitions_date: Option<Line>,
    /// Settings that decide who is hit.
    #[serde(deserialize_with = "few")]
    pub settings: Vec<SettingHealth>,
}

/// A setting of a security product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingHealth {
    /// Stable id: `scan-processes-on-enable`.
    pub id: Line,
    /// Name as the product shows it.
    pub title: Line,
    /// Whether it is on; `None` if that is not told.
    pub on: Option<bool>,
    /// Value that this rests on, or why it is not told.
    pub evidence: Line,
}

/// A service that is not as Windows comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChangedService {
    /// Name of its key.
    pub name: Line,
    /// What differs: `start`, `image-path`, or `service` if it is not there.
    pub what: Line,
    /// What is there.
    pub found: Line,
    /// What Windows comes with.
    pub expected: Line,
    /// What the service is for.
    pub purpose: Line,
}
