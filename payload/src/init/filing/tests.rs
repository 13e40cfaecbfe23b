use std::cell::RefCell;
use std::path::Path;

use rescue_stick::head::{HEAD_LENGTH, blank_file};
use rescue_stick::report::chain::check_report;

use super::*;
use crate::area::{Area as _, RamArea};

const REPORT: &str = include_str!("../../../rescue-stick/fixtures/report-2.json");

fn identity() -> Identity {
    let file = include_bytes!("../../../rescue-stick/fixtures/identity-1.bin");
    Identity::parse(file).unwrap().unwrap()
}

fn record(own: &Identity) -> Record {
    let area = RamArea::new(u64::try_from(HEAD_LENGTH).unwrap());
    area.write_at(0, &blank_file()).unwrap();
    Record::open(Box::new(area), Path::new("/nowhere"), Some(own))
}

#[test]
fn a_saved_report_is_the_last_of_the_chain() {
    let own = identity();
    let mut record = record(&own);
    let mut report = Report::parse(REPORT).unwrap();
    let filed = file_report(
        &mut report,
        &mut record,
        Some(&own),
        &Doors {
            render: &|_| "text".to_owned(),
            save: &|sealed| Ok(sealed.folder.clone()),
            keep: &|_, _| panic!("kept although it was saved"),
        },
    );
    assert_eq!(
        filed.saved.unwrap().unwrap(),
        "000001-20100422T101500Z-OPTIPLEX-114"
    );
    assert!(filed.codes.is_empty() && filed.lines.is_empty());
    assert_eq!(record.next_link().unwrap().number, 2);
}

#[test]
fn a_report_that_the_stick_does_not_take_is_kept_shown_and_not_counted() {
    let own = identity();
    for keeps in [
        Some(Ok("\\mendkit\\run".to_owned())),
        Some(Err("full".to_owned())),
        None,
    ] {
        let mut record = record(&own);
        let mut report = Report::parse(REPORT).unwrap();
        let kept = RefCell::new(None);
        let filed = file_report(
            &mut report,
            &mut record,
            Some(&own),
            &Doors {
                render: &|report| report.notes.join("\n"),
                save: &|_| Err("No space left on device".to_owned()),
                keep: &|_, sealed| {
                    *kept.borrow_mut() = Some(sealed.clone());
                    keeps.clone()
                },
            },
        );
        assert!(filed.saved.unwrap().is_err());
        assert_eq!(filed.codes.len(), 1);
        // It fits a text screen of 25 rows.
        assert_eq!(filed.codes[0].width(), 41);
        let lines = match &keeps {
            Some(Ok(_)) => vec!["The report is kept on this PC: \\mendkit\\run"],
            Some(Err(_)) => vec!["This PC did not take the report either: full"],
            None => vec![],
        };
        assert_eq!(filed.lines, lines);
        assert_eq!(record.next_link().unwrap().number, 1);
        let kept = kept.into_inner().unwrap();
        let (json, text) = (kept.json.as_bytes(), kept.text.as_bytes());
        let signature = kept.signature.as_deref();
        let read = check_report(json, signature, Some(text), own.public_key()).unwrap();
        assert_eq!(read.report.chain, None);
        assert!(
            kept.text
                .contains("did not take this report: No space left"),
            "{}",
            kept.text
        );
    }
}

/// Files a report for which the stick is out, and then once more.
fn file_twice(
    record: &mut Record,
    back: &mut Record,
    takes: bool,
) -> (Report, Filed, Option<Filed>) {
    let own = identity();
    let mut report = Report::parse(REPORT).unwrap();
    let render = |report: &Report| report.notes.join("\n");
    let out = Doors {
        render: &render,
        save: &|_| Err("No such device".to_owned()),
        keep: &|_, _| None,
    };
    let first = file_report(&mut report, record, Some(&own), &out);
    let doors = Doors {
        render: &render,
        save: &|sealed| {
            takes
                .then(|| sealed.folder.clone())
                .ok_or("full".to_owned())
        },
        keep: &|_, _| panic!("kept a second time"),
    };
    let again = file_again(&mut report, &first, back, Some(&own), &doors);
    (report, first, again)
}

#[test]
fn a_stick_that_is_put_back_takes_the_report_into_its_chain() {
    let own = identity();
    let (mut before, mut back) = (record(&own), record(&own));
    let (report, first, again) = file_twice(&mut before, &mut back, true);
    assert!(first.saved.unwrap().is_err() && !first.is_kept);
    let again = again.unwrap();
    assert!(again.saved.unwrap().is_ok() && again.codes.is_empty());
    assert_eq!(report.chain.unwrap().number, 1);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("was put back") && !notes.contains("did not take"),
        "{notes}"
    );
    assert_eq!(back.next_link().unwrap().number, 2);
}

#[test]
fn a_stick_that_does_not_take_it_then_either_changes_nothing() {
    let own = identity();
    let (mut before, mut back) = (record(&own), record(&own));
    let (report, _, again) = file_twice(&mut before, &mut back, false);
    assert!(again.is_none());
    assert_eq!(report.chain, None);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("did not take") && !notes.contains("was put back"),
        "{notes}"
    );
}

#[test]
fn a_report_that_was_whole_when_the_stick_went_is_not_written_twice() {
    let own = identity();
    let mut report = Report::parse(REPORT).unwrap();
    let mut whole = record(&own);
    let link = whole.next_link();
    let render = |report: &Report| report.notes.join("\n");
    let sealed = SealedReport::seal(&mut report, link.clone(), Some(&own), &render);
    whole.count_report(&link.unwrap(), sealed.digest()).unwrap();
    let (_, _, again) = file_twice(&mut record(&own), &mut whole, true);
    assert!(again.unwrap().saved.unwrap().is_ok());
    assert_eq!(whole.next_link().unwrap().number, 2);
}

#[test]
fn a_stick_without_a_key_shows_no_code_that_would_prove_nothing() {
    let mut report = Report::parse(REPORT).unwrap();
    let filed = file_report(
        &mut report,
        &mut Record::none(),
        None,
        &Doors {
            render: &|_| String::new(),
            save: &|_| Err("pulled".to_owned()),
            keep: &|_, _| None,
        },
    );
    assert!(filed.codes.is_empty());
}
