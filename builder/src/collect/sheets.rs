//! Pages for paper: a list of visits that are left, one per site, and a page per visit for the invoice.
//!
//! Plain HTML without a script; every text of a report or a list is escaped.

use ct_codecs::{Base64, Encoder as _};
use sha2::{Digest as _, Sha256};

use super::campaign::Campaign;
use super::coverage::{Coverage, Covered, CoveredMachine};
use super::factors::sentence::ALL_LANGUAGES;
use super::page::PageFrame;
use crate::html::escaped;

mod claims;
mod words;

pub use claims::claims_pages;
use words::*;

const STYLE: &str = include_str!("sheets/sheets.css");

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
