//! Claims: visits as the signed reports show them, and what they cost where somebody says so.
//!
//! A visit is a day at a site by a technician. Its hours are those from the first start of a stick to the
//! last report. Costs come from a table that a person keeps; a row of it that no report bears out is named
//! and not paid.

use std::collections::BTreeMap;

use super::campaign::{Campaign, CountedReport};
use super::outcome::ALL_OUTCOMES;
use money::{Amount, Costs};

pub mod money;

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Day, `2010-04-22`; empty if no clock on it is believed.
    pub day: String,
    /// Where; empty if nobody said.
    pub site: String,
    /// Who; empty if nobody said.
    pub technician: String,
    /// What for, each once.
    pub tickets: Vec<String>,
    /// The sticks that were used.
    pub sticks: Vec<String>,
    /// Seconds since 1970 of the first start of a stick; none if no clock is believed.
    pub first_boot: Option<i64>,
    /// Seconds since 1970 of the last report.
    pub last_finish: Option<i64>,
    /// Machines.
    pub machines: usize,
    /// Machines by what became of them in this visit, in the order of [`ALL_OUTCOMES`].
    pub machines_by_outcome: [usize; ALL_OUTCOMES.len()],
    /// Milliseconds of work by what came of it.
    pub work_ms: [u64; ALL_OUTCOMES.len()],
    /// Numbers of the reports in [`Campaign::reports`].
    pub reports: Vec<usize>,
    /// What it costs, if somebody said.
    pub costs: Option<VisitCosts>,
}

/// What a visit costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitCosts {
    /// Who is paid.
    pub partner: String,
    /// In which currency.
    pub currency: String,
    /// Travel.
    pub travel: Amount,
    /// Other expenses.
    pub expenses: Amount,
    /// Hours on site at their rate.
    pub labour: Amount,
    /// Repaired machines at their rate.
    pub repairs: Amount,
    /// All together.
    pub total: Amount,
}

/// All visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Visits by day, site and technician.
    pub visits: Vec<Visit>,
    /// Totals by partner and currency.
    pub totals: BTreeMap<(String, String), Amount>,
    /// Lines of the table of costs that no report bears out, each with its reason.
    pub not_borne_out: Vec<String>,
}

impl Visit {
    /// Returns minutes on site, begun ones counted.
    pub fn minutes_on_site(&self) -> Option<i64> {
        let seconds = self.last_finish?.checked_sub(self.first_boot?)?;
        Some(seconds.max(0).saturating_add(59) / 60)
    }
}

/// What tells one visit from another.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

impl Claims {
    /// Finds the visits of a campaign and what they cost.
    pub fn of(campaign: &Campaign, costs: &[Costs]) -> Self {
        let mut groups: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
        for (at, report) in campaign.reports.iter().enumerate() {
            let facts = &report.stored.facts;
            // Where nobody says where and who, at least the stick tells one team from another.
            let is_anonymous = facts.site.is_empty() && facts.technician.is_empty();
            let stick = if is_anonymous {
                report.stored.link.stick.as_str()
            } else {
                ""
            };
            let key = (
                report.day.as_str(),
                facts.site.as_str(),
                facts.technician.as_str(),
                stick,
            );
            groups.entry(key).or_default().push(at);
        }
        let visits = groups
            .into_iter()
            .map(|(key, reports)| visit(campaign, key, reports))
            .collect();
        let mut claims = Self {
            visits,
            ..Self::default()
        };
        for cost in costs {
            claims.apply(cost);
        }
        claims
    }

    fn apply(&mut self, cost: &Costs) {
        let mut matching = self.visits.iter_mut().filter(|visit| cost.is_about(visit));
        let Some(visit) = matching.next() else {
            self.not_borne_out.push(format!(
                "line {}: {} has no authentic report",
                cost.line,
                cost.name()
            ));
            return;
        };
        if matching.next().is_some() {
            let finding = format!(
                "line {}: {} may be several visits; name the technician",
                cost.line,
                cost.name()
            );
            self.not_borne_out.push(finding);
            return;
        }
        if visit.costs.is_some() {
            self.not_borne_out.push(format!(
                "line {}: {} has costs already",
                cost.line,
                cost.name()
            ));
            return;
        }
        let costs = cost.of_visit(visit);
        let key = (costs.partner.clone(), costs.currency.clone());
        let total = self.totals.entry(key).or_default();
        *total = total.plus(costs.total);
        visit.costs = Some(costs);
    }
}

fn visit(campaign: &Campaign, (day, site, technician, _): Key<'_>, reports: Vec<usize>) -> Visit {
    let mut visit = Visit {
        day: day.to_owned(),
        site: site.to_owned(),
        technician: technician.to_owned(),
        tickets: Vec::new(),
        sticks: Vec::new(),
        first_boot: None,
        last_finish: None,
        machines: 0,
        machines_by_outcome: [0; ALL_OUTCOMES.len()],
        work_ms: [0; ALL_OUTCOMES.len()],
        reports: Vec::new(),
        costs: None,
    };
    let mut last_of: BTreeMap<usize, &CountedReport> = BTreeMap::new();
    for report in reports.iter().filter_map(|at| campaign.reports.get(*at)) {
        let facts = &report.stored.facts;
        add_once(&mut visit.tickets, &facts.ticket);
        add_once(&mut visit.sticks, &report.stored.link.stick);
        if let Some(work) = visit.work_ms.get_mut(facts.outcome.index()) {
            *work = work.saturating_add(facts.took_ms);
        }
        if let Some(start) = unix_seconds(&facts.started).filter(|_| !facts.is_clock_doubtful) {
            let took = i64::try_from(facts.took_ms.div_ceil(1000)).unwrap_or_default();
            let end = start.saturating_add(took);
            visit.first_boot = Some(visit.first_boot.map_or(start, |first| first.min(start)));
            visit.last_finish = Some(visit.last_finish.map_or(end, |last| last.max(end)));
        }
        let last = last_of.entry(report.machine).or_insert(report);
        if last.stored.facts.started <= facts.started {
            *last = report;
        }
    }
    visit.machines = last_of.len();
    for report in last_of.values() {
        if let Some(count) = visit
            .machines_by_outcome
            .get_mut(report.stored.facts.outcome.index())
        {
            *count = count.saturating_add(1);
        }
    }
    visit.reports = reports;
    visit
}

fn add_once(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() && !list.iter().any(|one| one == text) {
        list.push(text.to_owned());
    }
}

/// Returns seconds since 1970 of a time as reports write it, `2010-04-22T09:15:00Z`.
pub fn unix_seconds(time: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let is_form = time.len() == 20 && time.ends_with('Z') && time.get(10..11) == Some("T");
    if !is_form {
        return None;
    }
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
    let is_time = (1..=12).contains(&month) && (1..=31).contains(&day) && (0..24).contains(&hour);
    if !is_time
        || !(0..60).contains(&minute)
        || !(0..=60).contains(&second)
        || !(1..=9999).contains(&year)
    {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, of which a year that begins in March has its leap day last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Returns the time of the day, `09:15`; times are in UTC.
pub fn clock_text(unix_seconds: i64) -> String {
    let minutes = unix_seconds.rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_date() {
        // Source: `date -u -d TIME +%s` of coreutils.
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("2010-04-22T09:30:00Z", Some(1_271_928_600)),
            ("2100-03-01T12:00:00Z", Some(4_107_585_600)),
            ("1601-01-01T00:00:00Z", Some(-11_644_473_600)),
            ("2010-13-22T09:30:00Z", None),
            ("2010-04-22T09:30:00", None),
            ("\u{e9}010-04-22T09:30:0Z", None),
            ("", None),
        ] {
            assert_eq!(unix_seconds(time), seconds, "{time}");
        }
        assert_eq!(clock_text(1_271_928_600), "09:30");
        assert_eq!(clock_text(-60), "23:59");
    }
}
