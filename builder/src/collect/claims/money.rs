//! Amounts, and the table of what visits cost.

use std::fmt;

use super::{Visit, VisitCosts};
use crate::collect::facts::line;
use crate::collect::outcome::Outcome;
use crate::collect::table::{GivenRow, GivenTable, TableError};

/// An amount of money in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

impl Amount {
    /// Parses `1234.50`, `1234,5` or `1234`. Nothing that could be a mark of thousands is guessed at.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 9
            || part.len() > 2
            || !is_digits(whole)
            || !is_digits(part)
        {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let part: i64 = format!("{part:0<2}").parse().ok()?;
        Some(Self(whole.checked_mul(100)?.checked_add(part)?))
    }

    /// Returns the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the amount for so many of `of`, rounded to the nearest hundredth.
    #[must_use]
    pub fn times(self, count: i64, of: i64) -> Self {
        let of = of.max(1);
        Self(self.0.saturating_mul(count).saturating_add(of / 2) / of)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

/// A row of the table of costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Line in the file.
    pub line: u64,
    /// Day of the visit.
    pub date: String,
    /// Its site.
    pub site: String,
    /// Who; empty where day and site say it all.
    pub technician: String,
    /// Who is paid.
    pub partner: String,
    /// In which currency.
    pub currency: String,
    /// Travel.
    pub travel: Amount,
    /// Other expenses.
    pub expenses: Amount,
    /// For an hour on site.
    pub hourly_rate: Amount,
    /// For a machine that was repaired.
    pub repair_rate: Amount,
}

/// Parses the table of costs.
pub fn parse_costs(bytes: &[u8]) -> Result<Vec<Costs>, TableError> {
    const COLUMNS: &str = "date, site, and any of technician, partner, currency, travel, expenses, hourly-rate, \
        repair-rate";
    let table = GivenTable::parse(bytes)?;
    table.check_columns(&["date"], COLUMNS)?;
    table.check_columns(&["site", "technician"], COLUMNS)?;
    table.rows().map(|row| costs(&row)).collect()
}

fn costs(row: &GivenRow<'_>) -> Result<Costs, TableError> {
    let amount = |column: &'static str| match row.field(column) {
        "" => Ok(Amount::default()),
        text => Amount::parse(text).ok_or_else(|| row.error(column, "an amount such as 120.50")),
    };
    let date = row.field("date");
    let is_day = super::unix_seconds(&format!("{date}T00:00:00Z")).is_some();
    if !is_day {
        return Err(row.error("date", "a day such as 2010-04-22"));
    }
    Ok(Costs {
        line: row.line,
        date: date.to_owned(),
        site: line(row.field("site")),
        technician: line(row.field("technician")),
        partner: line(row.field("partner")),
        currency: line(row.field("currency")),
        travel: amount("travel")?,
        expenses: amount("expenses")?,
        hourly_rate: amount("hourly-rate")?,
        repair_rate: amount("repair-rate")?,
    })
}

impl Costs {
    /// Tells whether this row is about a visit.
    pub(super) fn is_about(&self, visit: &Visit) -> bool {
        let same =
            |one: &str, other: &str| one.is_empty() || one.to_lowercase() == other.to_lowercase();
        self.date == visit.day
            && same(&self.site, &visit.site)
            && same(&self.technician, &visit.technician)
    }

    /// Returns how messages name the row.
    pub(super) fn name(&self) -> String {
        [&self.date, &self.site, &self.technician]
            .into_iter()
            .filter(|one| !one.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Returns what a visit costs by this row.
    pub(super) fn of_visit(&self, visit: &Visit) -> VisitCosts {
        let repaired = visit
            .machines_by_outcome
            .get(Outcome::Repaired.index())
            .copied();
        let repaired = i64::try_from(repaired.unwrap_or_default()).unwrap_or(i64::MAX);
        let labour = self
            .hourly_rate
            .times(visit.minutes_on_site().unwrap_or_default(), 60);
        let repairs = self.repair_rate.times(repaired, 1);
        VisitCosts {
            partner: self.partner.clone(),
            currency: self.currency.clone(),
            travel: self.travel,
            expenses: self.expenses,
            labour,
            repairs,
            total: self.travel.plus(self.expenses).plus(labour).plus(repairs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_written_and_nothing_is_guessed() {
        for (text, expect) in [
            ("120", Some(12_000)),
            ("120.5", Some(12_050)),
            ("0,99", Some(99)),
            ("1.234,50", None),
            ("1,234.50", None),
            ("1,234", None),
            ("-5", None),
            ("", None),
            ("=1+1", None),
            ("9999999999", None),
        ] {
            assert_eq!(Amount::parse(text), expect.map(Amount), "{text}");
        }
        assert_eq!(Amount(12_005).to_string(), "120.05");
        assert_eq!(Amount(6000).times(61, 60), Amount(6100));
        assert_eq!(Amount(5).times(90, 60), Amount(8));
    }

    #[test]
    fn a_row_with_a_wrong_date_or_amount_is_named() {
        let error = parse_costs(b"date,site,travel\n2010-04-22,Lyon,12 EUR\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column travel: \"12 EUR\", expected an amount such as 120.50"
        );
        assert!(
            parse_costs(b"date,site\n22.4.2010,Lyon\n")
                .unwrap_err()
                .to_string()
                .contains("a day such as")
        );
        assert!(parse_costs(b"site\nLyon\n").is_err());
    }
}
