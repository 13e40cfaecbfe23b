//! `index.html`: one page with everything in it. It works from a file, needs no network, and prints.
//!
//! ```text
//! template  page.html   script  page.js   style  page.css   words  words.json, four languages
//! model     JSON: texts once each in a list, then a list of numbers for every column of the machines
//! chunks    details of 128 machines each, deflated, in Base64; read when a machine is looked at
//! ```
//!
//! The page's own policy lets no script run but the one that was written into it, whatever a report says.

use std::io::Write as _;

use ct_codecs::{Base64, Encoder as _};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::campaign::{Campaign, Machine};
use super::claims::Claims;
use super::coverage::Covered;
use super::store::{Store, StoreError};
use crate::html::escaped;

mod model;

use model::{Columns, Model, Texts, apart, coverage, disks, factors, sticks, visits};

const TEMPLATE: &str = include_str!("page/page.html");
const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");
const WORDS: &str = include_str!("page/words.json");

/// Machines whose details the page carries at most; those with something left to do come first.
const MOST_DETAILED: usize = 20_000;

/// Machines of a chunk.
const CHUNK: usize = 128;

/// Reports of one machine whose details the page carries, the last ones.
const MOST_REPORTS: usize = 5;

/// Why the page cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The store does not give what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something has no JSON form, or a report in the store is not JSON.
    #[error("page: {0}")]
    Json(#[from] serde_json::Error),
    /// Compression, in memory.
    #[error("page: {0}")]
    Io(#[from] std::io::Error),
    /// Base64, in memory.
    #[error("page: {0}")]
    Encoding(String),
}

/// What goes on the page besides the campaign.
#[derive(Clone, Copy, Debug)]
pub struct PageFrame<'a> {
    /// Title; names the campaign.
    pub title: &'a str,
    /// Language at first: `en`, `fr`, `de` or `es`.
    pub language: &'a str,
}

/// The details of one report on the page.
#[derive(Serialize)]
struct Detail<'a> {
    sha256: String,
    stick: &'a str,
    number: Option<u64>,
    day: &'a str,
    site: &'a str,
    technician: &'a str,
    ticket: &'a str,
    report: &'a RawValue,
}

/// Returns the page.
pub fn page_text(
    campaign: &Campaign,
    covered: Option<&Covered>,
    claims: &Claims,
    store: &Store,
    frame: &PageFrame<'_>,
) -> Result<String, PageError> {
    let places = chunk_places(campaign);
    let findings: Vec<String> = campaign
        .machines
        .iter()
        .map(|machine| findings_of(campaign, machine))
        .collect();
    let mut texts = Texts::default();
    let machines = columns(campaign, &findings, &places, &mut texts);
    let model = Model {
        version: env!("CARGO_PKG_VERSION"),
        language: frame.language,
        machines,
        strings: texts.list,
        reports: campaign.reports.len(),
        detailed: MOST_DETAILED,
        factors: factors(campaign),
        disks: disks(campaign),
        sticks: sticks(campaign),
        apart: apart(campaign),
        coverage: covered.map(coverage),
        visits: visits(claims),
    };
    let model = in_markup(&serde_json::to_string(&model)?);
    let script = script_text()?;
    let (script_hash, style_hash) = (digest(&script)?, digest(STYLE)?);
    let mut page = String::with_capacity(model.len().saturating_add(1 << 20));
    let mut rest = TEMPLATE;
    // One pass, so that nothing in a text is taken for a place to fill in.
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        match name {
            "title" => page.push_str(&escaped(frame.title)),
            "lang" => page.push_str(&escaped(frame.language)),
            "style" => page.push_str(STYLE),
            "style-hash" => page.push_str(&style_hash),
            "script" => page.push_str(&script),
            "script-hash" => page.push_str(&script_hash),
            "model" => page.push_str(&model),
            "chunks" => append_chunks(&mut page, campaign, &places, store)?,
            _ => {}
        }
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// Returns the script with its words in it.
fn script_text() -> Result<String, PageError> {
    let words: &RawValue = serde_json::from_str(WORDS)?;
    Ok(SCRIPT.replace("\"{{words}}\"", &in_markup(words.get())))
}

/// Returns JSON that ends no element of HTML, wherever it stands.
fn in_markup(json: &str) -> String {
    json.replace('<', "\\u003c").replace("-->", "--\\u003e")
}

fn digest(text: &str) -> Result<String, PageError> {
    base64(&Sha256::digest(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> Result<String, PageError> {
    Base64::encode_to_string(bytes).map_err(|error| PageError::Encoding(error.to_string()))
}

/// Returns the machines that are in chunks, in that order: all, or those with something left to do and as
/// many others as there is room for.
fn chunk_places(campaign: &Campaign) -> Vec<usize> {
    let mut places: Vec<usize> = (0..campaign.machines.len()).collect();
    if places.len() > MOST_DETAILED {
        let is_done = |number: &usize| {
            campaign
                .machines
                .get(*number)
                .is_none_or(|one| one.outcome.is_done())
        };
        places.sort_by_key(is_done);
        places.truncate(MOST_DETAILED);
    }
    places
}

fn findings_of(campaign: &Campaign, machine: &Machine) -> String {
    let reports = machine
        .reports
        .iter()
        .filter_map(|at| campaign.reports.get(*at));
    let mut findings: Vec<&str> = reports
        .flat_map(|one| one.stored.facts.findings.iter().map(String::as_str))
        .collect();
    findings.sort_unstable();
    findings.dedup();
    findings.join(" ")
}

fn columns<'a>(
    campaign: &'a Campaign,
    findings: &'a [String],
    places: &[usize],
    texts: &mut Texts<'a>,
) -> Columns {
    let mut columns = Columns::default();
    for (machine, findings) in campaign.machines.iter().zip(findings) {
        let Some(last) = campaign.last_report(machine) else {
            continue;
        };
        let facts = &last.stored.facts;
        columns.name.push(texts.number(&facts.name));
        columns.serial.push(texts.number(&facts.serial));
        columns.vendor.push(texts.number(&facts.vendor));
        columns.model.push(texts.number(&facts.model));
        columns.windows.push(texts.number(&facts.windows));
        columns.product.push(texts.number(&facts.product));
        columns.site.push(texts.number(&facts.site));
        columns.stick.push(texts.number(&last.stored.link.stick));
        columns.technician.push(texts.number(&facts.technician));
        columns.ticket.push(texts.number(&facts.ticket));
        columns.findings.push(texts.number(findings));
        columns.day.push(texts.number(&last.day));
        columns.outcome.push(machine.outcome.index());
        columns
            .took
            .push(facts.took_ms.saturating_sub(facts.waited_ms));
        columns.chunk.push(-1);
        columns.in_chunk.push(0);
    }
    for (place, number) in places.iter().enumerate() {
        if let (Some(chunk), Some(within)) = (
            columns.chunk.get_mut(*number),
            columns.in_chunk.get_mut(*number),
        ) {
            *chunk = i64::try_from(place / CHUNK).unwrap_or(-1);
            *within = place % CHUNK;
        }
    }
    columns
}

fn append_chunks(
    page: &mut String,
    campaign: &Campaign,
    places: &[usize],
    store: &Store,
) -> Result<(), PageError> {
    for (number, chunk) in places.chunks(CHUNK).enumerate() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"[")?;
        for (at, machine) in chunk.iter().enumerate() {
            if at > 0 {
                encoder.write_all(b",")?;
            }
            let machine = campaign.machines.get(*machine);
            let reports = machine
                .map(|one| one.reports.as_slice())
                .unwrap_or_default();
            write_details(&mut encoder, campaign, reports, store)?;
        }
        encoder.write_all(b"]")?;
        let packed = base64(&encoder.finish()?)?;
        page.push_str(&format!(
            "<script type=\"text/plain\" id=\"chunk-{number}\">{packed}</script>\n"
        ));
    }
    Ok(())
}

fn write_details(
    sink: &mut impl std::io::Write,
    campaign: &Campaign,
    reports: &[usize],
    store: &Store,
) -> Result<(), PageError> {
    let shown = reports
        .get(reports.len().saturating_sub(MOST_REPORTS)..)
        .unwrap_or_default();
    sink.write_all(b"[")?;
    for (at, report) in shown
        .iter()
        .filter_map(|at| campaign.reports.get(*at))
        .enumerate()
    {
        if at > 0 {
            sink.write_all(b",")?;
        }
        let text = without_spaces(&store.bytes_of(report.stored.id)?);
        let facts = &report.stored.facts;
        let detail = Detail {
            sha256: report.stored.digest.to_string(),
            stick: &report.stored.link.stick,
            number: report.stored.link.number,
            day: &report.day,
            site: &facts.site,
            technician: &facts.technician,
            ticket: &facts.ticket,
            report: serde_json::from_slice(&text)?,
        };
        serde_json::to_writer(&mut *sink, &detail)?;
    }
    sink.write_all(b"]")?;
    Ok(())
}

/// Returns JSON without what only people need.
fn without_spaces(json: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(json.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in json {
        if is_text {
            is_text = *byte != b'"' || is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            is_text = *byte == b'"';
        }
        short.push(*byte);
    }
    short
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::collect::outcome::ALL_OUTCOMES;

    #[test]
    fn every_word_is_there_in_four_languages_and_every_used_word_is_there() {
        let words: HashMap<String, Vec<String>> = serde_json::from_str(WORDS).unwrap();
        for (key, texts) in &words {
            assert_eq!(texts.len(), 4, "{key}");
            let places = |text: &str| {
                (0..4)
                    .map(|at| text.matches(&format!("{{{at}}}")).count())
                    .collect::<Vec<_>>()
            };
            for text in texts {
                assert!(!text.is_empty(), "{key}");
                assert_eq!(places(text), places(&texts[0]), "{key}: {text}");
            }
        }
        let mut used: Vec<&str> = Vec::new();
        for (mark, end) in [("t(\"", '"'), ("data-t=\"", '"')] {
            for text in [SCRIPT, TEMPLATE] {
                // Other functions have names that end in a t.
                let called = text.match_indices(mark).filter(|(at, _)| {
                    let before = text[..*at].chars().next_back();
                    !before.is_some_and(char::is_alphanumeric)
                });
                used.extend(called.filter_map(|(at, _)| text[at + mark.len()..].split(end).next()));
            }
        }
        for key in used.into_iter().filter(|key| {
            !key.ends_with('-')
                && key
                    .chars()
                    .all(|one| one == '-' || one.is_ascii_lowercase())
        }) {
            assert!(words.contains_key(key), "{key}");
        }
        for outcome in ALL_OUTCOMES {
            assert!(words.contains_key(outcome.word()));
            assert!(words.contains_key(&format!("one-{}", outcome.word())));
            assert!(SCRIPT.contains(&format!("\"{}\"", outcome.word())));
        }
    }

    #[test]
    fn json_loses_only_its_spaces() {
        let json = "{\n  \"a b\": \" \\\" \\\\\",\n \"c\" : [ 1 , 2 ]\n}\n";
        let short = String::from_utf8(without_spaces(json.as_bytes())).unwrap();
        assert_eq!(short, "{\"a b\":\" \\\" \\\\\",\"c\":[1,2]}");
    }

    #[test]
    fn nothing_in_a_model_ends_the_element_it_stands_in() {
        let hostile = "</script><!-- <script>-->";
        let json = in_markup(&serde_json::to_string(hostile).unwrap());
        assert!(!json.contains('<') && !json.contains("-->"));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
        assert_eq!(
            escaped("<a href='x'>&\""),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"
        );
    }
}
