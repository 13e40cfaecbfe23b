//! What visits cost: totals of partners, and a page a visit.

use std::fmt::Write as _;

use super::Sheet;
use super::words::*;
use crate::collect::campaign::Campaign;
use crate::collect::claims::money::Amount;
use crate::collect::claims::{Claims, Visit, clock_text};
use crate::collect::export::minutes;
use crate::collect::outcome::Outcome;
use crate::collect::page::PageFrame;
use crate::html::escaped;

/// Reports that a page of a visit lists at most; claims-evidence.csv has all.
const MOST_LISTED: usize = 400;

/// Returns the pages of claims: totals first where there are costs, then a page a visit.
pub fn claims_pages(claims: &Claims, campaign: &Campaign, frame: &PageFrame<'_>) -> String {
    let mut sheet = Sheet::begin(&CLAIMS, frame);
    if !claims.totals.is_empty() || !claims.not_borne_out.is_empty() {
        totals_page(&mut sheet, claims);
    }
    for (number, visit) in (1..).zip(&claims.visits) {
        visit_page(&mut sheet, number, visit, campaign);
    }
    sheet.finish()
}

fn totals_page(sheet: &mut Sheet<'_>, claims: &Claims) {
    let title = sheet.word(&CLAIMS);
    sheet.heading(title, sheet.frame.title);
    let heads = [
        (sheet.word(&PARTNER), ""),
        (sheet.word(&MACHINES), "num"),
        (sheet.word(&TOTAL), "num"),
    ];
    sheet.table(&heads);
    for ((partner, currency), total) in &claims.totals {
        let of_partner = claims.visits.iter().filter(|visit| {
            let costs = visit.costs.as_ref();
            costs.is_some_and(|costs| costs.partner == *partner && costs.currency == *currency)
        });
        let machines: usize = of_partner.map(|visit| visit.machines).sum();
        let partner = if partner.is_empty() { "–" } else { partner };
        sheet.row(
            "",
            &[
                (partner, ""),
                (&machines.to_string(), "num"),
                (&format!("{total} {currency}"), "num"),
            ],
        );
    }
    sheet.add("</tbody>\n</table>");
    if !claims.not_borne_out.is_empty() {
        let title = sheet.word(&NOT_BORNE_OUT);
        sheet.add(&format!("<h2>{title}</h2>\n<ul>"));
        for line in &claims.not_borne_out {
            sheet.add(&format!("<li>visits.csv, {}</li>", escaped(line)));
        }
        sheet.add("</ul>");
    }
    sheet.add("</section>");
}

fn visit_page(sheet: &mut Sheet<'_>, number: u64, visit: &Visit, campaign: &Campaign) {
    let site = if visit.site.is_empty() {
        sheet.word(&NO_SITE)
    } else {
        &visit.site
    };
    let title = format!("{} {number}: {site}, {}", sheet.word(&VISIT), visit.day);
    sheet.heading(&title, sheet.frame.title);
    let clock = |time: Option<i64>| time.map(clock_text).unwrap_or_default();
    sheet.add("<dl>");
    sheet.fact(&DAY, &visit.day);
    sheet.fact(&SITE, &visit.site);
    sheet.fact(&TECHNICIAN, &visit.technician);
    sheet.fact(&TICKET, &visit.tickets.join(", "));
    sheet.fact(&STICKS, &visit.sticks.join(", "));
    sheet.fact(&FIRST_BOOT, &clock(visit.first_boot));
    sheet.fact(&LAST_FINISH, &clock(visit.last_finish));
    sheet.fact(
        &ON_SITE,
        &visit
            .minutes_on_site()
            .map(|minutes| minutes.to_string())
            .unwrap_or_default(),
    );
    sheet.fact(&MACHINES, &visit.machines.to_string());
    sheet.add("</dl>");
    outcome_table(sheet, visit);
    cost_table(sheet, visit);
    report_table(sheet, visit, campaign);
    let (signed, utc) = (sheet.word(&SIGNED_BY), sheet.word(&UTC));
    sheet.add(&format!("<p class=\"small\">{utc}</p>\n<div class=\"line\"></div>\n<p class=\"small\">{signed}</p>\n</section>"));
}

fn outcome_table(sheet: &mut Sheet<'_>, visit: &Visit) {
    let heads = [
        (sheet.word(&OUTCOME), ""),
        (sheet.word(&MACHINES), "num"),
        (sheet.word(&MINUTES), "num"),
    ];
    sheet.table(&heads);
    for ((words, machines), work) in OUTCOMES
        .iter()
        .zip(visit.machines_by_outcome)
        .zip(visit.work_ms)
    {
        if machines > 0 || work > 0 {
            let outcome = sheet.word(words);
            sheet.row(
                "",
                &[
                    (outcome, ""),
                    (&machines.to_string(), "num"),
                    (&minutes(work), "num"),
                ],
            );
        }
    }
    let (total, work) = (
        sheet.word(&TOTAL),
        visit.work_ms.iter().copied().fold(0, u64::saturating_add),
    );
    sheet.row(
        "total",
        &[
            (total, ""),
            (&visit.machines.to_string(), "num"),
            (&minutes(work), "num"),
        ],
    );
    sheet.add("</tbody>\n</table>");
}

fn cost_table(sheet: &mut Sheet<'_>, visit: &Visit) {
    let Some(costs) = &visit.costs else {
        return;
    };
    let partner = format!("{} {}", sheet.word(&PARTNER), costs.partner);
    sheet.table(&[(&partner, ""), (&costs.currency, "num")]);
    let repaired = visit
        .machines_by_outcome
        .get(Outcome::Repaired.index())
        .copied()
        .unwrap_or_default();
    let rows: [(&Words, Amount, String); 4] = [
        (&TRAVEL, costs.travel, String::new()),
        (&EXPENSES, costs.expenses, String::new()),
        (
            &LABOUR,
            costs.labour,
            format!(" ({} min)", visit.minutes_on_site().unwrap_or_default()),
        ),
        (&REPAIRS, costs.repairs, format!(" ({repaired})")),
    ];
    for (words, amount, note) in rows {
        if amount > Amount::default() {
            let name = format!("{}{note}", sheet.word(words));
            sheet.row("", &[(&name, ""), (&amount.to_string(), "num")]);
        }
    }
    let total = sheet.word(&TOTAL);
    sheet.row("total", &[(total, ""), (&costs.total.to_string(), "num")]);
    sheet.add("</tbody>\n</table>");
}

fn report_table(sheet: &mut Sheet<'_>, visit: &Visit, campaign: &Campaign) {
    let title = sheet.word(&REPORTS);
    sheet.add(&format!("<h2>{title}</h2>"));
    let heads = [
        (sheet.word(&MACHINE), ""),
        (sheet.word(&OUTCOME), ""),
        (sheet.word(&STICKS), ""),
        ("SHA-256", ""),
    ];
    sheet.table(&heads);
    for report in visit
        .reports
        .iter()
        .take(MOST_LISTED)
        .filter_map(|at| campaign.reports.get(*at))
    {
        let facts = &report.stored.facts;
        let outcome = OUTCOMES
            .get(facts.outcome.index())
            .map_or("", |words| sheet.word(words));
        let number = report
            .stored
            .link
            .number
            .map(|number| format!(" · {number}"))
            .unwrap_or_default();
        let mut digest = report.stored.digest.to_string();
        digest.truncate(24);
        let mut row = String::new();
        let stick = format!("{}{number}", report.stored.link.stick);
        for cell in [&facts.name, outcome, &stick] {
            // OK to discard: writing to a String does not fail.
            let _ = write!(row, "<td>{}</td>", escaped(cell));
        }
        sheet.add(&format!("<tr>{row}<td><code>{digest}…</code></td></tr>"));
    }
    sheet.add("</tbody>\n</table>");
    let more = visit.reports.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        let words = sheet.word(&MORE);
        sheet.add(&format!("<p class=\"small\">+ {more}: {words}</p>"));
    }
}
