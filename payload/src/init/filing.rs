//! Where the report goes at the end: onto the stick and into its chain, else onto the PC and into a code
//! that a phone can carry away.

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;
use rescue_stick::paths;
use rescue_stick::report::Report;
use rescue_stick::report::summary::Summary;

use super::Kept;
use crate::screen::code::Code;
use crate::stick::record::Record;
use crate::stick::reports::SealedReport;

/// The ways out of this module.
pub(super) struct Doors<'d> {
    /// Renders the report for people.
    pub(super) render: &'d dyn Fn(&Report) -> String,
    /// Writes it onto the stick, and says where.
    pub(super) save: &'d dyn Fn(&SealedReport) -> Kept,
    /// Writes it onto the PC, and says where; `None` if nothing may be written there.
    pub(super) keep: &'d dyn Fn(&Report, &SealedReport) -> Option<Kept>,
}

/// What became of the report.
#[derive(Debug, Default)]
pub(super) struct Filed {
    /// Where it is on the stick, or why it is not there.
    pub(super) saved: Option<Kept>,
    /// What else a person is to know, one line each.
    pub(super) lines: Vec<String>,
    /// Its summary as a code.
    pub(super) codes: Vec<Code>,
    /// Whether it is on the PC instead.
    pub(super) is_kept: bool,
    /// Digest of the report that the stick was to take first.
    pub(super) first: Option<Sha256Digest>,
}

/// Begins the note that a report has which the stick did not take.
const NOT_TAKEN: &str = "the stick did not take this report: ";
/// What a report notes that was filed late.
const PUT_BACK: &str = "the stick was out when this report was to be saved, and was put back";

/// Files the report.
pub(super) fn file_report(
    report: &mut Report,
    record: &mut Record,
    identity: Option<&Identity>,
    doors: &Doors<'_>,
) -> Filed {
    let link = record.next_link();
    let sealed = SealedReport::seal(report, link.clone(), identity, doors.render);
    let mut filed = Filed {
        first: Some(sealed.digest()),
        ..Filed::default()
    };
    match (doors.save)(&sealed) {
        Ok(folder) => {
            filed.saved = Some(Ok(folder));
            let counted = link.map(|link| record.count_report(&link, sealed.digest()));
            if let Some(Err(error)) = counted {
                filed.lines.push(format!(
                    "The report is whole, but the stick did not take that it is its last: {error}"
                ));
            }
        }
        Err(reason) => {
            // What the chain does not have must not look like a part of it.
            report.notes.push(format!("{NOT_TAKEN}{reason}"));
            let sealed = SealedReport::seal(report, None, identity, doors.render);
            filed.saved = Some(Err(reason));
            match (doors.keep)(report, &sealed) {
                Some(Ok(folder)) => {
                    filed.is_kept = true;
                    filed
                        .lines
                        .push(format!("The report is kept on this PC: {folder}"));
                }
                Some(Err(reason)) => filed
                    .lines
                    .push(format!("This PC did not take the report either: {reason}")),
                None => {}
            }
            let text = identity.map(|own| {
                let summary = Summary::of(report, sealed.json.as_bytes(), own.facts().id);
                summary.to_signed_text(own)
            });
            filed.codes = text
                .and_then(|text| Code::of(text.as_bytes()))
                .into_iter()
                .collect();
        }
    }
    filed
}

/// Files a report once more that the stick did not take, since the stick was put back. `None` if it does not
/// take it now either; then `report` is as it was, and so is what was kept and shown.
pub(super) fn file_again(
    report: &mut Report,
    former: &Filed,
    record: &mut Record,
    identity: Option<&Identity>,
    doors: &Doors<'_>,
) -> Option<Filed> {
    if former.first.is_some() && record.last() == former.first {
        // It was written whole before the stick was gone, and only its end was not told.
        report.notes.retain(|note| !note.starts_with(NOT_TAKEN));
        let saved = Some(Ok(paths::REPORTS.to_owned()));
        return Some(Filed {
            saved,
            ..Filed::default()
        });
    }
    let mut late = report.clone();
    late.notes.retain(|note| !note.starts_with(NOT_TAKEN));
    late.notes.push(PUT_BACK.to_owned());
    let doors = Doors {
        render: doors.render,
        save: doors.save,
        keep: &|_, _| None,
    };
    let filed = file_report(&mut late, record, identity, &doors);
    matches!(filed.saved, Some(Ok(_))).then(|| {
        *report = late;
        filed
    })
}

#[cfg(test)]
mod tests;
