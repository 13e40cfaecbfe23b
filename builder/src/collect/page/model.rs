//! What the page's script reads, as JSON: every text once, and a row or a column for everything that is listed.

use std::collections::HashMap;

use rescue_stick::report::health::Condition;
use serde::Serialize;

use crate::collect::campaign::Campaign;
use crate::collect::claims::{Claims, clock_text};
use crate::collect::coverage::{Coverage, Covered};
use crate::collect::factors::Finding;
use crate::collect::factors::fisher::Table;
use crate::collect::factors::sentence::{names, sentences};
use crate::collect::outcome::Outcome;

/// Rows of any list but that of machines at most; the tables beside the page have all of them.
const MOST_ROWS: usize = 2000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Model<'a> {
    pub(super) version: &'static str,
    pub(super) language: &'a str,
    pub(super) strings: Vec<&'a str>,
    pub(super) machines: Columns,
    pub(super) reports: usize,
    pub(super) detailed: usize,
    pub(super) factors: Factors,
    pub(super) disks: Vec<Disk<'a>>,
    pub(super) sticks: Vec<StickRow<'a>>,
    pub(super) apart: ApartList<'a>,
    pub(super) coverage: Option<CoverageList<'a>>,
    pub(super) visits: VisitList<'a>,
}

/// Columns of the machines: numbers of texts, or numbers.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Columns {
    pub(super) name: Vec<usize>,
    pub(super) serial: Vec<usize>,
    pub(super) vendor: Vec<usize>,
    pub(super) model: Vec<usize>,
    pub(super) windows: Vec<usize>,
    pub(super) product: Vec<usize>,
    pub(super) site: Vec<usize>,
    pub(super) stick: Vec<usize>,
    pub(super) technician: Vec<usize>,
    pub(super) ticket: Vec<usize>,
    pub(super) findings: Vec<usize>,
    pub(super) day: Vec<usize>,
    pub(super) outcome: Vec<usize>,
    pub(super) took: Vec<u64>,
    pub(super) chunk: Vec<i64>,
    pub(super) in_chunk: Vec<usize>,
}

#[derive(Serialize)]
pub(super) struct Factors {
    affected: u32,
    healthy: u32,
    compared: usize,
    sentences: Option<[String; 4]>,
    rows: Vec<FactorRow>,
}

#[derive(Serialize)]
pub(super) struct FactorRow {
    names: [String; 4],
    defining: bool,
    affected: [u32; 2],
    healthy: [u32; 2],
    log10: f64,
}

#[derive(Serialize)]
pub(super) struct Disk<'a> {
    machine: usize,
    model: &'a str,
    serial: &'a str,
    condition: Condition,
    reasons: &'a [String],
}

#[derive(Serialize)]
pub(super) struct StickRow<'a> {
    id: &'a str,
    title: &'a str,
    reports: usize,
    machines: usize,
    first: &'a str,
    last: &'a str,
    unbroken: bool,
}

#[derive(Serialize)]
pub(super) struct ApartList<'a> {
    total: usize,
    counts: std::collections::BTreeMap<&'a str, usize>,
    rows: Vec<ApartRow<'a>>,
}

#[derive(Serialize)]
pub(super) struct ApartRow<'a> {
    kind: &'a str,
    place: &'a str,
    reason: &'a str,
}

/// Name, serial number, site, contact, state, number of the machine.
type CoverageRow<'a> = (&'a str, &'a str, &'a str, &'a str, u8, Option<usize>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoverageList<'a> {
    counts: HashMap<&'static str, usize>,
    rows: Vec<CoverageRow<'a>>,
    more: usize,
    unexpected: Vec<usize>,
    unexpected_more: usize,
    twice: &'a [String],
}

#[derive(Serialize)]
pub(super) struct VisitList<'a> {
    rows: Vec<VisitRow<'a>>,
    more: usize,
}

#[derive(Serialize)]
pub(super) struct VisitRow<'a> {
    day: &'a str,
    site: &'a str,
    technician: &'a str,
    stick: String,
    first: String,
    last: String,
    machines: usize,
    repaired: usize,
}

/// Every text once.
#[derive(Default)]
pub(super) struct Texts<'a> {
    pub(super) list: Vec<&'a str>,
    pub(super) numbers: HashMap<&'a str, usize>,
}

impl<'a> Texts<'a> {
    pub(super) fn number(&mut self, text: &'a str) -> usize {
        let next = self.list.len();
        *self.numbers.entry(text).or_insert_with(|| {
            self.list.push(text);
            next
        })
    }
}

pub(super) fn factors(campaign: &Campaign) -> Factors {
    let comparison = &campaign.comparison;
    let row = |finding: &Finding| {
        let Table {
            affected_with,
            affected,
            healthy_with,
            healthy,
        } = finding.table;
        FactorRow {
            names: names(finding),
            defining: finding.factor.kind.is_defining(),
            affected: [affected_with, affected],
            healthy: [healthy_with, healthy],
            log10: finding.log_p / std::f64::consts::LN_10,
        }
    };
    Factors {
        affected: comparison.affected,
        healthy: comparison.healthy,
        compared: comparison.compared,
        sentences: comparison.headline().map(sentences),
        rows: comparison.findings.iter().map(row).collect(),
    }
}

pub(super) fn disks(campaign: &Campaign) -> Vec<Disk<'_>> {
    let mut disks = Vec::new();
    for (number, machine) in campaign.machines.iter().enumerate() {
        let facts = campaign.last_report(machine).map(|one| &one.stored.facts);
        for disk in facts.into_iter().flat_map(|facts| &facts.disks) {
            disks.push(Disk {
                machine: number,
                model: &disk.model,
                serial: &disk.serial,
                condition: disk.condition,
                reasons: &disk.reasons,
            });
        }
    }
    disks.sort_by_key(|disk| std::cmp::Reverse(disk.condition));
    disks.truncate(MOST_ROWS);
    disks
}

pub(super) fn sticks(campaign: &Campaign) -> Vec<StickRow<'_>> {
    let rows = campaign.sticks.iter().map(|stick| StickRow {
        id: &stick.id,
        title: &stick.title,
        reports: stick.reports,
        machines: stick.machines,
        first: &stick.first,
        last: &stick.last,
        unbroken: stick.is_unbroken,
    });
    rows.collect()
}

pub(super) fn apart(campaign: &Campaign) -> ApartList<'_> {
    let mut counts = std::collections::BTreeMap::new();
    for one in &campaign.apart {
        let count: &mut usize = counts.entry(one.kind.as_str()).or_default();
        *count = count.saturating_add(1);
    }
    ApartList {
        total: campaign.apart.len(),
        counts,
        rows: campaign
            .apart
            .iter()
            .take(MOST_ROWS)
            .map(|one| ApartRow {
                kind: &one.kind,
                place: &one.place,
                reason: &one.reason,
            })
            .collect(),
    }
}

pub(super) fn coverage(covered: &Covered) -> CoverageList<'_> {
    let all = [
        ("unvisited", Coverage::Unvisited),
        ("left", Coverage::Left),
        ("repaired", Coverage::Repaired),
        ("healthy", Coverage::Healthy),
    ];
    let number = |coverage: Coverage| {
        all.iter()
            .position(|(_, one)| *one == coverage)
            .unwrap_or_default()
    };
    let rows = covered.machines.iter().take(MOST_ROWS).map(|one| {
        let expected = &one.expected;
        let state = u8::try_from(number(one.coverage)).unwrap_or_default();
        let (name, serial) = (expected.name.as_str(), expected.serial.as_str());
        (
            name,
            serial,
            expected.site.as_str(),
            expected.contact.as_str(),
            state,
            one.machine,
        )
    });
    CoverageList {
        counts: all
            .iter()
            .map(|(name, one)| (*name, covered.count(*one)))
            .collect(),
        rows: rows.collect(),
        more: covered.machines.len().saturating_sub(MOST_ROWS),
        unexpected: covered.unexpected.iter().copied().take(MOST_ROWS).collect(),
        unexpected_more: covered.unexpected.len().saturating_sub(MOST_ROWS),
        twice: covered
            .twice
            .get(..covered.twice.len().min(MOST_ROWS))
            .unwrap_or_default(),
    }
}

pub(super) fn visits(claims: &Claims) -> VisitList<'_> {
    let clock = |time: Option<i64>| time.map(clock_text).unwrap_or_default();
    let rows = claims.visits.iter().take(MOST_ROWS).map(|visit| VisitRow {
        day: &visit.day,
        site: &visit.site,
        technician: &visit.technician,
        stick: visit.sticks.join(", "),
        first: clock(visit.first_boot),
        last: clock(visit.last_finish),
        machines: visit.machines,
        repaired: visit
            .machines_by_outcome
            .get(Outcome::Repaired.index())
            .copied()
            .unwrap_or_default(),
    });
    VisitList {
        rows: rows.collect(),
        more: claims.visits.len().saturating_sub(MOST_ROWS),
    }
}
