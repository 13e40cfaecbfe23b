//! Clock readings as text, in UTC. Pure; the reading itself comes from the machine.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A moment in the Gregorian calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn from_seconds(seconds: i64) -> Self {
        // A clock beyond these bounds is broken; the bounds keep the year at four digits.
        let seconds = seconds.clamp(0, 253_402_300_799);
        let (mut days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let mut year = 1970;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if days < length {
                break;
            }
            days -= length;
            year += 1;
        }
        let mut month = 1;
        for length in month_lengths(year) {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        Self {
            year,
            month,
            day: days + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_lengths(year: i64) -> [i64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Returns `2010-04-22T10:15:00Z` for seconds since 1970.
pub fn format_rfc_3339(seconds: i64) -> String {
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = Moment::from_seconds(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Returns `20100422T101500Z` for seconds since 1970: the same without what a file name cannot have.
pub fn format_compact(seconds: i64) -> String {
    format_rfc_3339(seconds).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_date_on_leap_years_and_ends_of_months() {
        // Made with `date -u -d @N +%FT%TZ`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_271_931_300, "2010-04-22T10:15:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_293_839_999, "2010-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(format_rfc_3339(seconds), text);
        }
        assert_eq!(format_compact(1_271_931_300), "20100422T101500Z");
    }

    #[test]
    fn a_broken_clock_still_gives_a_moment() {
        assert_eq!(format_rfc_3339(i64::MIN), "1970-01-01T00:00:00Z");
        assert_eq!(format_rfc_3339(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
