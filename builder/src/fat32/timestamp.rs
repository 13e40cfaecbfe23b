//! Times as FAT stores them: local, from 1980 to 2107, in steps of two seconds.

/// A date and time of a folder entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FatTimestamp {
    date: u16,
    time: u16,
}

/// A time that FAT cannot store.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("time {seconds} s after 1970: expected within the years 1980 to 2107")]
pub struct TimestampError {
    seconds: i64,
}

impl FatTimestamp {
    /// The earliest time: 1 January 1980, 00:00.
    pub const EARLIEST: Self = Self {
        date: 1 << 5 | 1,
        time: 0,
    };

    /// Returns the time that is `seconds` after 1 January 1970, in UTC, rounded down to two seconds.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, TimestampError> {
        Self::packed(seconds).ok_or(TimestampError { seconds })
    }

    fn packed(seconds: i64) -> Option<Self> {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_date(days)?;
        let years = year.checked_sub(1980).filter(|years| *years <= 127)?;
        let (hour, minute) = (
            second.div_euclid(3_600),
            second.rem_euclid(3_600).div_euclid(60),
        );
        let double_seconds = second.rem_euclid(60).div_euclid(2);
        Some(Self {
            date: years << 9 | month << 5 | day,
            time: u16::try_from(hour << 11 | minute << 5 | double_seconds).ok()?,
        })
    }

    /// Returns the date: years since 1980 in 7 bits, month in 4, day in 5.
    pub fn date(self) -> u16 {
        self.date
    }

    /// Returns the time: hours in 5 bits, minutes in 6, double seconds in 5.
    pub fn time(self) -> u16 {
        self.time
    }
}

/// Returns year, month and day of a day counted from 1 January 1970, for the years that FAT knows.
pub(crate) fn civil_date(days: i64) -> Option<(u16, u16, u16)> {
    const MONTHS: [u16; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut day = u64::try_from(days).ok()?;
    let is_leap = |year: u16| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    for year in 1970..=2107 {
        let days_in_year = if is_leap(year) { 366 } else { 365 };
        if day >= days_in_year {
            day = day.saturating_sub(days_in_year);
            continue;
        }
        for (month, days_in_month) in (1..).zip(MONTHS) {
            let leap_day = u16::from(month == 2 && is_leap(year));
            let days_in_month = u64::from(days_in_month.saturating_add(leap_day));
            if day < days_in_month {
                let day = u16::try_from(day).ok()?.saturating_add(1);
                return Some((year, month, day));
            }
            day = day.saturating_sub(days_in_month);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns years since 1980, month, day, hour, minute, and double seconds.
    fn unpacked(seconds: i64) -> [u16; 6] {
        let FatTimestamp { date, time } = FatTimestamp::from_unix_seconds(seconds).unwrap();
        [
            date >> 9,
            date >> 5 & 15,
            date & 31,
            time >> 11,
            time >> 5 & 63,
            time & 31,
        ]
    }

    #[test]
    fn packs_the_times_that_date_prints() {
        // `date -u -d @N`
        assert_eq!(unpacked(1_271_930_645), [30, 4, 22, 10, 4, 2]);
        assert_eq!(unpacked(951_782_400), [20, 2, 29, 0, 0, 0]);
        assert_eq!(unpacked(4_354_819_199), [127, 12, 31, 23, 59, 29]);
        assert_eq!(unpacked(315_532_800), [0, 1, 1, 0, 0, 0]);
        let first = FatTimestamp::from_unix_seconds(315_532_800);
        assert_eq!(first, Ok(FatTimestamp::EARLIEST));
    }

    #[test]
    fn refuses_years_that_fat_does_not_know() {
        for seconds in [315_532_799, 4_354_819_200, -1, i64::MAX, i64::MIN] {
            assert!(
                FatTimestamp::from_unix_seconds(seconds).is_err(),
                "{seconds}"
            );
        }
    }
}
