use expect_test::expect_file;

use super::*;
use crate::screen::words::ALL_LANGUAGES;

const REPORT: &str = include_str!("../../../../rescue-stick/fixtures/report-2.json");

#[test]
fn the_fixture_in_every_language() {
    let report = Report::parse(REPORT).unwrap();
    for language in ALL_LANGUAGES {
        let name = format!("golden/report-{}.txt", language.code());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/repair/report/page/");
        expect_file![format!("{folder}{name}")].assert_eq(&write_page(&report, language));
    }
}

#[test]
fn a_report_says_whether_it_is_signed_and_in_its_place() {
    let mut report = Report::parse(REPORT).unwrap();
    let seal = |report: &Report| {
        let text = write_page(report, Language::English);
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("Report     "));
        lines.next().unwrap().to_owned()
    };
    assert!(seal(&report).starts_with("number 14 of this stick, signed by its key RW"));
    report.chain = None;
    assert!(seal(&report).starts_with("not taken by the stick, signed by its key RW"));
    report.stick.public_key = None;
    assert_eq!(seal(&report), "unsigned: this stick has no key of its own");
}
