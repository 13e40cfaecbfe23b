//! What an NVMe disk says of its health: log page 02h. Pure.
//!
//! ```text
//! 0    critical warning, a bit each     1..3   temperature, kelvin
//! 3    available spare, percent         4      its threshold
//! 5    percentage used                  128    power-on hours, 16 bytes
//! 160  media and data integrity errors, 16 bytes
//! ```
//!
//! Source: NVMe 1.4, 5.14.1.2, "SMART / Health Information".
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use zerocopy::little_endian::{U16, U128};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The log page as the disk gives it.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawHealthLog {
    critical_warning: u8,
    composite_temperature: U16,
    available_spare: u8,
    available_spare_threshold: u8,
    percentage_used: u8,
    endurance_group_critical_warning: u8,
    reserved: [u8; 25],
    data_units_read: U128,
    data_units_written: U128,
    host_read_commands: U128,
    host_write_commands: U128,
    controller_busy_time: U128,
    power_cycles: U128,
    power_on_hours: U128,
    unsafe_shutdowns: U128,
    media_and_data_integrity_errors: U128,
}
const _: () = assert!(size_of::<RawHealthLog>() == 176);

/// Degrees between the zeros of kelvin and Celsius, rounded as disks do.
const KELVIN: i64 = 273;

/// Why a log page is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NvmeError {
    /// Too short.
    #[error("health log: {0} bytes, expected 512")]
    Length(usize),
    /// A percentage that is none; disks that answer with garbage have been seen.
    #[error("health log: {0} % of the spare capacity are left, expected at most 100")]
    Spare(u8),
}

/// A bit of the critical warning.
#[derive(Debug)]
pub struct Warning {
    bit: u8,
    /// In words.
    pub words: &'static str,
    /// Whether nothing should be written to the disk any more.
    pub is_fatal: bool,
}

/// The bits of the critical warning that are known. Source: NVMe 1.4, figure 194, byte 0.
const ALL_WARNINGS: &[Warning] = &[
    Warning {
        bit: 0x01,
        words: "its spare capacity is used up",
        is_fatal: true,
    },
    Warning {
        bit: 0x02,
        words: "it is too hot or too cold",
        is_fatal: false,
    },
    Warning {
        bit: 0x04,
        words: "it says that it is no longer reliable",
        is_fatal: true,
    },
    Warning {
        bit: 0x08,
        words: "it has made itself read-only",
        is_fatal: true,
    },
    Warning {
        bit: 0x10,
        words: "what backs up its memory has failed",
        is_fatal: true,
    },
    Warning {
        bit: 0x20,
        words: "its persistent memory has become read-only or unreliable",
        is_fatal: false,
    },
];

/// What a disk says of its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvmeHealth {
    critical_warning: u8,
    spare_threshold: u8,
    /// Degrees Celsius, if it says so.
    pub temperature_celsius: Option<i64>,
    /// Spare capacity left, in percent.
    pub available_spare: u8,
    /// How much of its life is used, in percent; 255 means that or more.
    pub percentage_used: u8,
    /// Hours that it was on.
    pub power_on_hours: u64,
    /// Reads and writes whose data were lost.
    pub media_errors: u64,
}

impl NvmeHealth {
    /// Reads log page 02h.
    pub fn parse(page: &[u8]) -> Result<Self, NvmeError> {
        let length = page.len();
        let page = <&[u8; 512]>::try_from(page).map_err(|_| NvmeError::Length(length))?;
        let Ok((raw, _)) = RawHealthLog::ref_from_prefix(page) else {
            return Err(NvmeError::Length(length));
        };
        if raw.available_spare > 100 {
            return Err(NvmeError::Spare(raw.available_spare));
        }
        let number = |field: U128| u64::try_from(field.get()).unwrap_or(u64::MAX);
        let kelvin = i64::from(raw.composite_temperature.get());
        Ok(Self {
            critical_warning: raw.critical_warning,
            spare_threshold: raw.available_spare_threshold,
            // 0 means that it does not tell.
            temperature_celsius: (kelvin > 0).then(|| kelvin.saturating_sub(KELVIN)),
            available_spare: raw.available_spare,
            percentage_used: raw.percentage_used,
            power_on_hours: number(raw.power_on_hours),
            media_errors: number(raw.media_and_data_integrity_errors),
        })
    }

    /// Returns what it warns of.
    pub fn warnings(&self) -> impl Iterator<Item = &'static Warning> + use<> {
        // A disk below its own threshold that forgot the bit is believed by its numbers.
        let is_below = self.available_spare < self.spare_threshold;
        let bits = self.critical_warning | u8::from(is_below);
        ALL_WARNINGS
            .iter()
            .filter(move |warning| bits & warning.bit != 0)
    }
}
