//! A campaign: all authentic reports of the store, put together by machine and by stick.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::Head;

use super::authenticity::{ChainState, look_at_chain};
use super::factors::{Comparison, Factor, Tally, compare};
use super::outcome::{ALL_OUTCOMES, Outcome};
use super::store::{Apart, Store, StoreError, Stored, leb128_numbers};

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Campaign {
    /// Reports that count, in the order of sticks and their numbers.
    pub reports: Vec<CountedReport>,
    /// Machines, by site and name.
    pub machines: Vec<Machine>,
    /// Sticks that have reports that count, by name.
    pub sticks: Vec<Stick>,
    /// What does not count, and what is missing.
    pub apart: Vec<Apart>,
    /// What set the affected apart.
    pub comparison: Comparison,
}

/// A report that counts.
#[derive(Clone, Debug)]
pub struct CountedReport {
    /// The report.
    pub stored: Stored,
    /// Day of the visit, `2010-04-22`; of a report whose clock is in doubt, that of its neighbours on the
    /// stick. Empty if that is not known either.
    pub day: String,
    /// Number of its machine in [`Campaign::machines`].
    pub machine: usize,
}

/// A PC with all its reports.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Numbers of its reports in [`Campaign::reports`], the oldest first; never empty.
    pub reports: Vec<usize>,
    /// What became of it in the end.
    pub outcome: Outcome,
    /// Whether the incident was found on it.
    pub is_affected: bool,
}

/// A stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stick {
    /// Its name.
    pub id: String,
    /// Title of its image.
    pub title: String,
    /// How many reports of it count.
    pub reports: usize,
    /// How many machines they are about.
    pub machines: usize,
    /// First day of a report.
    pub first: String,
    /// Last day of a report.
    pub last: String,
    /// Whether its reports are all there, each following the one before.
    pub is_unbroken: bool,
}

impl Campaign {
    /// Reads the campaign from its store, and notes in it which reports are doubled.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let heads = store.heads()?;
        let (stored, chains) = sort_out(store, &heads)?;
        let mut apart = Vec::new();
        for (stick, state) in &chains {
            apart.extend(state.faults.iter().map(|(kind, finding)| Apart {
                kind: (*kind).to_owned(),
                place: stick.clone(),
                reason: finding.clone(),
                digest: None,
            }));
        }
        apart.extend(store.apart()?);
        let days = days_of(&stored);
        let reports: Vec<CountedReport> = stored
            .into_iter()
            .zip(days)
            .map(|(stored, day)| CountedReport {
                stored,
                day,
                machine: 0,
            })
            .collect();
        let mut campaign = Self {
            reports,
            apart,
            ..Self::default()
        };
        campaign.put_together();
        campaign.sticks = campaign.all_sticks(&chains);
        campaign.comparison = campaign.compare(&store.all_factors()?);
        Ok(campaign)
    }

    /// Finds the machines, in the order in which lists show them.
    fn put_together(&mut self) {
        let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, report) in self.reports.iter().enumerate() {
            by_key
                .entry(&report.stored.facts.machine)
                .or_default()
                .push(at);
        }
        let mut machines: Vec<Machine> = Vec::with_capacity(by_key.len());
        for (_, mut numbers) in by_key {
            numbers.sort_by_key(|at| {
                self.reports
                    .get(*at)
                    .map(|one| (&one.day, &one.stored.facts.started, *at))
            });
            let facts = || {
                numbers
                    .iter()
                    .filter_map(|at| Some(&self.reports.get(*at)?.stored.facts))
            };
            let was_repaired = facts().any(|one| one.outcome == Outcome::Repaired);
            let outcome = match facts().next_back().map(|one| one.outcome) {
                // A second look after the repair finds nothing left to do.
                Some(Outcome::Healthy) if was_repaired => Outcome::Repaired,
                Some(outcome) => outcome,
                None => continue,
            };
            let is_affected = facts().any(|one| one.is_affected);
            machines.push(Machine {
                reports: numbers,
                outcome,
                is_affected,
            });
        }
        let key = |machine: &Machine| {
            let facts = self.last_report(machine).map(|one| &one.stored.facts);
            facts.map(|facts| (&facts.site, &facts.name, &facts.machine))
        };
        machines.sort_by(|one, other| key(one).cmp(&key(other)));
        for (number, machine) in machines.iter().enumerate() {
            for at in &machine.reports {
                if let Some(report) = self.reports.get_mut(*at) {
                    report.machine = number;
                }
            }
        }
        self.machines = machines;
    }

    /// Returns the last report of a machine.
    pub fn last_report(&self, machine: &Machine) -> Option<&CountedReport> {
        self.reports.get(*machine.reports.last()?)
    }

    /// Returns the report in which a machine was found as it was before anything was done: the first in
    /// which it was affected, else the first.
    fn first_report(&self, machine: &Machine) -> Option<&CountedReport> {
        let mut reports = machine
            .reports
            .iter()
            .filter_map(|at| self.reports.get(*at));
        let first = reports.clone().next();
        reports.find(|one| one.stored.facts.is_affected).or(first)
    }

    /// Returns how many machines came to which end, in the order of [`ALL_OUTCOMES`].
    pub fn counts(&self) -> [usize; ALL_OUTCOMES.len()] {
        let mut counts = [0_usize; ALL_OUTCOMES.len()];
        for machine in &self.machines {
            if let Some(count) = counts.get_mut(machine.outcome.index()) {
                *count = count.saturating_add(1);
            }
        }
        counts
    }

    /// Returns the titles of all images that were used, the most used first.
    pub fn titles(&self) -> Vec<&str> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for report in &self.reports {
            let count = counts.entry(&report.stored.facts.title).or_default();
            *count = count.saturating_add(1);
        }
        let mut titles: Vec<_> = counts
            .into_iter()
            .filter(|(title, _)| !title.is_empty())
            .collect();
        titles.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        titles.into_iter().map(|(title, _)| title).collect()
    }

    fn all_sticks(&self, chains: &BTreeMap<String, ChainState>) -> Vec<Stick> {
        let mut sticks: BTreeMap<&str, (Stick, BTreeSet<usize>)> = BTreeMap::new();
        for report in &self.reports {
            let id = report.stored.link.stick.as_str();
            let (stick, machines) = sticks.entry(id).or_insert_with(|| {
                let stick = Stick {
                    id: id.to_owned(),
                    title: report.stored.facts.title.clone(),
                    reports: 0,
                    machines: 0,
                    first: report.day.clone(),
                    last: report.day.clone(),
                    is_unbroken: chains.get(id).is_none_or(|state| state.faults.is_empty()),
                };
                (stick, BTreeSet::new())
            });
            stick.reports = stick.reports.saturating_add(1);
            machines.insert(report.machine);
            if !report.day.is_empty() {
                if stick.first.is_empty() || report.day < stick.first {
                    stick.first.clone_from(&report.day);
                }
                if report.day > stick.last {
                    stick.last.clone_from(&report.day);
                }
            }
        }
        let finish = |(mut stick, machines): (Stick, BTreeSet<usize>)| {
            stick.machines = machines.len();
            stick
        };
        sticks.into_values().map(finish).collect()
    }

    fn compare(&self, factors: &[(i64, Factor)]) -> Comparison {
        let mut groups = Tally::default();
        let mut counts: HashMap<u64, Tally> = HashMap::new();
        for machine in &self.machines {
            let is_healthy = machine.outcome == Outcome::Healthy && !machine.is_affected;
            if !machine.is_affected && !is_healthy {
                continue;
            }
            let count = |tally: &mut Tally| {
                let one = if is_healthy {
                    &mut tally.healthy
                } else {
                    &mut tally.affected
                };
                *one = one.saturating_add(1);
            };
            count(&mut groups);
            let numbers = self
                .first_report(machine)
                .map(|one| one.stored.factors.as_slice());
            for number in leb128_numbers(numbers.unwrap_or_default()) {
                count(counts.entry(number).or_default());
            }
        }
        let tallies: Vec<(Factor, Tally)> = factors
            .iter()
            .filter_map(|(number, factor)| {
                let tally = counts.get(&u64::try_from(*number).ok()?)?;
                Some((factor.clone(), *tally))
            })
            .collect();
        compare(&tallies, groups)
    }
}

/// Returns the reports that count, and the state of every stick's chain. Doubled ones get their standing.
fn sort_out(
    store: &Store,
    heads: &HashMap<String, Head>,
) -> Result<(Vec<Stored>, BTreeMap<String, ChainState>), StoreError> {
    store.forget_doubled()?;
    let authentic = store.authentic()?;
    let mut chains: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for report in &authentic {
        let chain = chains.entry(report.link.stick.clone()).or_default();
        chain.push((report.link.clone(), report.digest));
    }
    // A stick all of whose reports are gone has only its head record.
    for stick in heads.keys() {
        chains.entry(stick.clone()).or_default();
    }
    let states: BTreeMap<String, ChainState> = chains
        .into_iter()
        .map(|(stick, chain)| {
            let state = look_at_chain(&chain, heads.get(&stick));
            (stick, state)
        })
        .collect();
    let mut counted = Vec::with_capacity(authentic.len());
    for report in authentic {
        let state = states.get(&report.link.stick);
        if state.is_some_and(|state| is_doubled(state, &report.digest)) {
            let number = report.link.number.unwrap_or_default();
            let stick = &report.link.stick;
            let reason =
                format!("another report {number} of stick {stick} than the one that counts");
            store.set_doubled(report.id, &reason)?;
        } else {
            counted.push(report);
        }
    }
    Ok((counted, states))
}

fn is_doubled(state: &ChainState, digest: &Sha256Digest) -> bool {
    state.doubled.contains(digest)
}

/// Returns the day of every report. The clock of a broken PC may be years off; the reports of a stick are in
/// the order in which they were made, so a report in doubt has the day of the one before it, or of the next
/// one.
fn days_of(reports: &[Stored]) -> Vec<String> {
    let own = |report: &Stored| {
        let day = report.facts.started.get(..10).unwrap_or_default();
        let is_day = day.len() == 10
            && day
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-');
        (is_day && !report.facts.is_clock_doubtful).then(|| day.to_owned())
    };
    let mut days: Vec<Option<String>> = reports.iter().map(own).collect();
    let fill = |from: usize, to: usize, days: &mut Vec<Option<String>>| {
        let stick = |at: usize| reports.get(at).map(|one| &one.link.stick);
        if stick(from) == stick(to)
            && let Some(day) = days.get(from).cloned().flatten()
            && let Some(place) = days.get_mut(to)
            && place.is_none()
        {
            *place = Some(day);
        }
    };
    for at in 1..reports.len() {
        fill(at.saturating_sub(1), at, &mut days);
    }
    for at in (1..reports.len()).rev() {
        fill(at, at.saturating_sub(1), &mut days);
    }
    days.into_iter().map(Option::unwrap_or_default).collect()
}
