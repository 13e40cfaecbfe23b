//! Pages for paper: a list of visits that are left, one per site, and a page per visit for the invoice.
//!
//! Plain HTML without a script; every text of a report or a list is escaped.

use std::fmt::Write as _;

use ct_codecs::{Base64, Encoder as _};
use sha2::{Digest as _, Sha256};

use super::campaign::Campaign;
use super::claims::money::Amount;
use super::claims::{Claims, Visit, clock_text};
use super::coverage::{Coverage, Covered, CoveredMachine};
use super::export::minutes;
use super::factors::sentence::ALL_LANGUAGES;
use super::outcome::{ALL_OUTCOMES, Outcome};
use super::page::{PageFrame, escaped};

const STYLE: &str = include_str!("sheets/sheets.css");

/// Reports that a page of a visit lists at most; claims-evidence.csv has all.
const MOST_LISTED: usize = 400;

/// Words in the order of [`ALL_LANGUAGES`].
type Words = [&'static str; 4];

const VISIT_LIST: Words = [
    "Machines left to visit",
    "Machines restant à visiter",
    "Noch zu besuchende Computer",
    "Equipos por visitar",
];
const NOTHING_LEFT: Words = [
    "Nothing is left to visit.",
    "Il ne reste rien à visiter.",
    "Es bleibt nichts zu besuchen.",
    "No queda nada por visitar.",
];
const NO_SITE: Words = [
    "no site given",
    "site non indiqué",
    "ohne Standort",
    "sin sede",
];
const MACHINE: Words = ["Machine", "Machine", "Computer", "Equipo"];
const SERIAL: Words = ["Serial", "N° de série", "Seriennummer", "N.º de serie"];
const CONTACT: Words = ["Contact", "Contact", "Kontakt", "Contacto"];
const STATE: Words = ["State", "État", "Stand", "Estado"];
const TO_DO: Words = ["What to do", "À faire", "Was zu tun ist", "Qué hacer"];
const UNVISITED: Words = [
    "not visited yet",
    "pas encore visitée",
    "noch nicht besucht",
    "aún sin visitar",
];
const VISIT: Words = ["Visit", "Visite", "Einsatz", "Visita"];
const CLAIMS: Words = [
    "Visits and what they cost",
    "Visites et leurs coûts",
    "Einsätze und ihre Kosten",
    "Visitas y su coste",
];
const DAY: Words = ["Day", "Jour", "Tag", "Día"];
const SITE: Words = ["Site", "Site", "Standort", "Sede"];
const TECHNICIAN: Words = ["Technician", "Technicien", "Techniker", "Técnico"];
const TICKET: Words = ["Ticket", "Ticket", "Ticket", "Incidencia"];
const STICKS: Words = ["Sticks", "Clés", "Sticks", "Memorias"];
const FIRST_BOOT: Words = [
    "First boot",
    "Premier démarrage",
    "Erster Start",
    "Primer arranque",
];
const LAST_FINISH: Words = ["Last finish", "Dernière fin", "Letztes Ende", "Último fin"];
const ON_SITE: Words = [
    "Minutes on site",
    "Minutes sur site",
    "Minuten vor Ort",
    "Minutos en la sede",
];
const MACHINES: Words = ["Machines", "Machines", "Computer", "Equipos"];
const OUTCOME: Words = ["Outcome", "Résultat", "Ergebnis", "Resultado"];
const MINUTES: Words = [
    "Minutes of work",
    "Minutes de travail",
    "Minuten Arbeit",
    "Minutos de trabajo",
];
const PARTNER: Words = ["Partner", "Partenaire", "Partner", "Socio"];
const TRAVEL: Words = ["Travel", "Déplacement", "Fahrt", "Desplazamiento"];
const EXPENSES: Words = ["Expenses", "Frais", "Auslagen", "Gastos"];
const LABOUR: Words = [
    "Hours on site",
    "Heures sur site",
    "Stunden vor Ort",
    "Horas en la sede",
];
const REPAIRS: Words = [
    "Repaired machines",
    "Machines réparées",
    "Reparierte Computer",
    "Equipos reparados",
];
const TOTAL: Words = ["Total", "Total", "Summe", "Total"];
const REPORTS: Words = [
    "Signed reports",
    "Rapports signés",
    "Signierte Berichte",
    "Informes firmados",
];
const MORE: Words = [
    "further ones in claims-evidence.csv",
    "les autres dans claims-evidence.csv",
    "weitere in claims-evidence.csv",
    "los demás en claims-evidence.csv",
];
const NOT_BORNE_OUT: Words = [
    "Not borne out by signed reports, hence not counted",
    "Non étayé par des rapports signés, donc non compté",
    "Durch keinen signierten Bericht belegt, daher nicht gezählt",
    "Sin informes firmados que lo respalden, por eso no cuenta",
];
const SIGNED_BY: Words = [
    "Confirmed by",
    "Confirmé par",
    "Bestätigt durch",
    "Confirmado por",
];
const UTC: Words = [
    "Times are in UTC.",
    "Heures en UTC.",
    "Zeiten in UTC.",
    "Horas en UTC.",
];

const OUTCOMES: [Words; ALL_OUTCOMES.len()] = [
    ["Repaired", "Réparée", "Repariert", "Reparado"],
    ["Healthy", "Saine", "Gesund", "Sano"],
    ["Taken back", "Annulée", "Zurückgenommen", "Deshecho"],
    ["Affected", "Touchée", "Betroffen", "Afectado"],
    [
        "Needs a key",
        "Clé nécessaire",
        "Schlüssel nötig",
        "Necesita clave",
    ],
    [
        "Needs a person",
        "À traiter",
        "Mensch nötig",
        "Requiere atención",
    ],
    [
        "Disk failing",
        "Disque défaillant",
        "Festplatte defekt",
        "Disco fallando",
    ],
    ["Left alone", "Non modifiée", "Nicht angefasst", "Sin tocar"],
    ["Failed", "Échec", "Fehlgeschlagen", "Fallido"],
];

/// A page that is being written.
struct Sheet<'a> {
    text: String,
    language: usize,
    frame: &'a PageFrame<'a>,
}

impl<'a> Sheet<'a> {
    fn begin(title: &Words, frame: &'a PageFrame<'a>) -> Self {
        let language = ALL_LANGUAGES
            .iter()
            .position(|one| *one == frame.language)
            .unwrap_or_default();
        let hash = Base64::encode_to_string(Sha256::digest(STYLE)).unwrap_or_default();
        let mut sheet = Self {
            text: String::new(),
            language,
            frame,
        };
        let (lang, campaign, title) = (
            escaped(frame.language),
            escaped(frame.title),
            sheet.word(title),
        );
        sheet.text = format!(
            "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'sha256-{hash}'; img-src data:\">\n<meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\">\n<title>{title} – {campaign}</title>\n<link rel=\"icon\" \
             href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        );
        sheet
    }

    fn word(&self, words: &Words) -> &'static str {
        words.get(self.language).copied().unwrap_or_default()
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str, sub: &str) {
        let (title, sub) = (escaped(title), escaped(sub));
        self.add(&format!(
            "<section>\n<h1>{title}</h1>\n<p class=\"sub\">{sub}</p>"
        ));
    }

    fn table(&mut self, heads: &[(&str, &str)]) {
        let cells: Vec<String> = heads
            .iter()
            .map(|(head, class)| {
                format!("<th scope=\"col\" class=\"{class}\">{}</th>", escaped(head))
            })
            .collect();
        self.add(&format!(
            "<table>\n<thead><tr>{}</tr></thead>\n<tbody>",
            cells.concat()
        ));
    }

    fn row(&mut self, class: &str, cells: &[(&str, &str)]) {
        let cells: Vec<String> = cells
            .iter()
            .map(|(cell, class)| format!("<td class=\"{class}\">{}</td>", escaped(cell)))
            .collect();
        self.add(&format!("<tr class=\"{class}\">{}</tr>", cells.concat()));
    }

    fn fact(&mut self, name: &Words, value: &str) {
        if !value.is_empty() {
            let name = self.word(name);
            self.add(&format!("<dt>{name}</dt><dd>{}</dd>", escaped(value)));
        }
    }

    fn finish(mut self) -> String {
        self.add("</main>\n</body>\n</html>");
        self.text
    }
}

/// Returns the lists of what is left to visit, a page a site.
pub fn visit_list(covered: &Covered, campaign: &Campaign, frame: &PageFrame<'_>) -> String {
    let mut sheet = Sheet::begin(&VISIT_LIST, frame);
    let sites = covered.left_by_site();
    if sites.is_empty() {
        let title = sheet.word(&VISIT_LIST);
        sheet.heading(title, frame.title);
        let nothing = sheet.word(&NOTHING_LEFT);
        sheet.add(&format!("<p>{nothing}</p>\n</section>"));
    }
    for (site, machines) in sites {
        let site = if site.is_empty() {
            sheet.word(&NO_SITE)
        } else {
            site
        };
        let sub = format!(
            "{} ({}) – {}",
            sheet.word(&VISIT_LIST),
            machines.len(),
            sheet.frame.title
        );
        sheet.heading(site, &sub);
        let heads =
            [&MACHINE, &SERIAL, &CONTACT, &STATE, &TO_DO].map(|words| (sheet.word(words), ""));
        let heads: Vec<_> = [("", "box-head")].into_iter().chain(heads).collect();
        sheet.table(&heads);
        for machine in machines {
            left_row(&mut sheet, machine, campaign);
        }
        sheet.add("</tbody>\n</table>\n</section>");
    }
    sheet.finish()
}

fn left_row(sheet: &mut Sheet<'_>, machine: &CoveredMachine, campaign: &Campaign) {
    let found = machine
        .machine
        .and_then(|number| campaign.machines.get(number));
    let state = match (machine.coverage, found) {
        (Coverage::Unvisited, _) | (_, None) => sheet.word(&UNVISITED),
        (_, Some(found)) => OUTCOMES
            .get(found.outcome.index())
            .map_or("", |words| sheet.word(words)),
    };
    let last = found.and_then(|found| campaign.last_report(found));
    let next = last
        .map(|last| last.stored.facts.next.as_str())
        .unwrap_or_default();
    let expected = &machine.expected;
    let cells = [
        ("", "box"),
        (&expected.name, ""),
        (&expected.serial, ""),
        (&expected.contact, ""),
        (state, ""),
        (next, ""),
    ];
    sheet.row("", &cells);
}

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
