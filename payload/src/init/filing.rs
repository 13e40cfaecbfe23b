//! Where the report goes at the end: onto the stick and into its chain, else onto the PC and into a code
//! that a phone can carry away.

use rescue_stick::identity::Identity;
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
}

/// Files the report.
pub(super) fn file_report(
    report: &mut Report,
    record: &mut Record,
    identity: Option<&Identity>,
    doors: &Doors<'_>,
) -> Filed {
    let link = record.next_link();
    let sealed = SealedReport::seal(report, link.clone(), identity, doors.render);
    let mut filed = Filed::default();
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
            report
                .notes
                .push(format!("the stick did not take this report: {reason}"));
            let sealed = SealedReport::seal(report, None, identity, doors.render);
            filed.saved = Some(Err(reason));
            match (doors.keep)(report, &sealed) {
                Some(Ok(folder)) => filed
                    .lines
                    .push(format!("The report is kept on this PC: {folder}")),
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

#[cfg(test)]
mod tests;
