//! The time zone of a Windows, by which it writes the local times of FAT.

use crate::hive::{Hive, HiveError};

/// Minutes that are added to a local time to get UTC, at least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone {
    /// The least, usually that of summer.
    pub least: i64,
    /// The most, usually that of winter.
    pub most: i64,
}

impl TimeZone {
    /// All zones that there are, from UTC+14 to UTC-12. Source: IANA time zone database.
    pub const ANY: Self = Self {
        least: -14 * 60,
        most: 12 * 60,
    };

    /// Reads the zone from a control set of the hive SYSTEM. Source: Microsoft,
    /// "TIME_ZONE_INFORMATION": UTC = local time + bias.
    pub fn read(system: &Hive, set: &str) -> Result<Option<Self>, HiveError> {
        let Some(key) = system.key(&format!("{set}\\Control\\TimeZoneInformation"))? else {
            return Ok(None);
        };
        let number = |name: &str| -> Result<Option<i64>, HiveError> {
            let found = key.number(name)?;
            Ok(found.map(|bits| i64::from(bits.cast_signed())))
        };
        let Some(bias) = number("Bias")? else {
            return Ok(None);
        };
        let standard = number("StandardBias")?.unwrap_or(0);
        let daylight = number("DaylightBias")?.unwrap_or(0);
        let both = [standard, daylight].map(|more| bias.saturating_add(more));
        let [a, b] = both;
        let zone = Self {
            least: a.min(b),
            most: a.max(b),
        };
        // What no zone on Earth has is damage or malice, and says nothing.
        let is_real = zone.least >= Self::ANY.least && zone.most <= Self::ANY.most;
        Ok(is_real.then_some(zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regf::writer::HiveBuilder;

    fn zone_of(numbers: &[(&str, i32)]) -> Option<TimeZone> {
        let mut hive = HiveBuilder::with_version(1, 3).unwrap();
        let key = "ControlSet001\\Control\\TimeZoneInformation";
        hive.create_key(key).unwrap();
        for (name, number) in numbers {
            hive.add_value_dword(key, Some(name), number.cast_unsigned())
                .unwrap();
        }
        let hive = Hive::parse(hive.to_bytes().unwrap()).unwrap();
        TimeZone::read(&hive, "ControlSet001").unwrap()
    }

    #[test]
    fn reads_winter_and_summer_and_believes_no_zone_off_this_earth() {
        let berlin = [("Bias", -60), ("StandardBias", 0), ("DaylightBias", -60)];
        let expected = TimeZone {
            least: -120,
            most: -60,
        };
        assert_eq!(zone_of(&berlin), Some(expected));
        assert_eq!(
            zone_of(&[("Bias", 480), ("DaylightBias", -60)])
                .unwrap()
                .most,
            480
        );
        assert_eq!(zone_of(&[("Bias", i32::MIN)]), None);
        assert_eq!(zone_of(&[]), None);
    }
}
