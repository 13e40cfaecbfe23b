//! Zips of reports, as a partner sends them. Members are read into memory, one at a time; their names are
//! only shown, so they can lead nowhere.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{
    FoundReport, MOST_HEAD_BYTES, MOST_REPORT_BYTES, MOST_SIGNATURE_BYTES, SIGNATURE_SUFFIX,
    Sighting, Sink, head_sighting, is_head, is_report, left_out, printable, read_bounded, too_long,
};

/// Members of a zip at most.
const MOST_MEMBERS: usize = 1_000_000;

/// Bytes that may come out of a zip for each byte of it. Reports, the most uniform ones too, give less
/// than 30.
const MOST_GAIN: u64 = 100;

/// Bytes that may come out of any zip, however short.
const LEAST_BUDGET: u64 = 16 << 20;

/// Reads all reports of a zip. Returns whether more is wanted.
pub(super) fn read_archive(
    file: impl Read + Seek,
    length: u64,
    place: &str,
    sink: &mut Sink<'_>,
) -> bool {
    let mut archive = match ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(error) => return sink(left_out(place, format!("not a whole zip: {error}"))),
    };
    if archive.len() > MOST_MEMBERS {
        let reason = format!("{} members, expected at most {MOST_MEMBERS}", archive.len());
        return sink(left_out(place, reason));
    }
    let mut numbers: Vec<(String, usize)> = Vec::new();
    let mut signatures = HashMap::new();
    for number in 0..archive.len() {
        let Some(Ok(name)) = archive
            .name_for_index(number)
            .map(|name| name.map(String::from))
        else {
            continue;
        };
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        if is_report(last) || is_head(last) {
            numbers.push((name, number));
        } else if let Some(report) = name.strip_suffix(SIGNATURE_SUFFIX) {
            signatures.insert(report.to_ascii_lowercase(), number);
        }
    }
    numbers.sort();
    let mut budget = length.saturating_mul(MOST_GAIN).max(LEAST_BUDGET);
    for (name, number) in numbers {
        let inner = format!("{place}: {}", printable(&name));
        let signature = signatures.get(&name.to_ascii_lowercase()).copied();
        let sighting = if name.rsplit(['/', '\\']).next().is_some_and(is_head) {
            let bytes = member(&mut archive, number, MOST_HEAD_BYTES, &mut budget);
            bytes.map(|bytes| head_sighting(&inner, bytes))
        } else {
            look_at(&mut archive, (number, signature), &inner, &mut budget)
        };
        let sighting = sighting.unwrap_or_else(|error| left_out(&inner, error.to_string()));
        if !sink(sighting) {
            return false;
        }
        if budget == 0 {
            let finding = format!("unpacks to more than {MOST_GAIN} times its size");
            return sink(left_out(place, format!("{finding}, expected reports")));
        }
    }
    true
}

fn look_at(
    archive: &mut ZipArchive<impl Read + Seek>,
    (report, signature): (usize, Option<usize>),
    place: &str,
    budget: &mut u64,
) -> Result<Sighting, ZipError> {
    let Some(bytes) = member(archive, report, MOST_REPORT_BYTES, budget)? else {
        return Ok(too_long(place, "a report", MOST_REPORT_BYTES));
    };
    let signature = match signature {
        None => Vec::new(),
        Some(number) => match member(archive, number, MOST_SIGNATURE_BYTES, budget)? {
            Some(signature) => signature,
            None => return Ok(too_long(place, "a signature", MOST_SIGNATURE_BYTES)),
        },
    };
    Ok(Sighting::Report(FoundReport {
        place: place.to_owned(),
        bytes,
        signature,
    }))
}

/// Reads a member; `None` if it is longer than it may be. Takes what was read from the budget.
fn member(
    archive: &mut ZipArchive<impl Read + Seek>,
    number: usize,
    most: u64,
    budget: &mut u64,
) -> Result<Option<Vec<u8>>, ZipError> {
    let bytes = read_bounded(archive.by_index(number)?, most)?;
    let read = bytes
        .as_ref()
        .map_or(most, |bytes| u64::try_from(bytes.len()).unwrap_or(most));
    *budget = budget.saturating_sub(read);
    Ok(bytes)
}
