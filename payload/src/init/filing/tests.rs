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
