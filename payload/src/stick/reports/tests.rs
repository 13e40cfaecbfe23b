use super::*;

const REPORT: &str = include_str!("../../../rescue-stick/fixtures/report-2.json");

fn sealed() -> SealedReport {
    let file = include_bytes!("../../../rescue-stick/fixtures/identity-1.bin");
    let own = Identity::parse(file).unwrap().unwrap();
    let link = ChainLink {
        number: 7,
        previous: Some(Sha256Digest::of(b"6")),
        counter: 9,
    };
    let mut report = Report::parse(REPORT).unwrap();
    let render = |report: &Report| format!("report of {}", report.run);
    SealedReport::seal(&mut report, Some(link), Some(&own), &render)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_report_is_written_whole_under_its_number_and_run() {
    let stick = tempfile::tempdir().unwrap();
    let folder = write_report(stick.path(), &sealed()).unwrap();
    assert_eq!(folder, "reports/000007-20100422T101500Z-OPTIPLEX-114");
    let folder = stick.path().join(folder);
    assert_eq!(
        names(&folder),
        ["report.json", "report.json.minisig", "report.txt"]
    );
    let json = fs::read_to_string(folder.join("report.json")).unwrap();
    let report = Report::parse(&json).unwrap();
    assert_eq!(report.chain, sealed().link);
    let text = fs::read(folder.join("report.txt")).unwrap();
    assert_eq!(report.text_sha256, Some(Sha256Digest::of(&text)));
}

#[test]
fn two_runs_of_one_name_are_two_reports() {
    let stick = tempfile::tempdir().unwrap();
    let first = write_report(stick.path(), &sealed()).unwrap();
    let second = write_report(stick.path(), &sealed()).unwrap();
    assert_eq!(second, format!("{first}-2"));
    assert_eq!(names(&stick.path().join("reports")).len(), 2);
}

#[test]
fn what_was_not_written_to_its_end_is_no_report_and_makes_room() {
    let stick = tempfile::tempdir().unwrap();
    let reports = stick.path().join("reports");
    let torn = reports.join("000007-20100422T101500Z-OPTIPLEX-114.part");
    fs::create_dir_all(&torn).unwrap();
    fs::write(torn.join("report.json"), &sealed().json).unwrap();
    assert_eq!(find_newest(stick.path(), 0, None, None), None);
    write_report(stick.path(), &sealed()).unwrap();
    assert_eq!(names(&reports), ["000007-20100422T101500Z-OPTIPLEX-114"]);
    let (link, digest) = find_newest(stick.path(), 0, None, None).unwrap();
    assert_eq!((link, digest), (sealed().link.unwrap(), sealed().digest()));
    assert_eq!(find_newest(stick.path(), 7, None, None), None);
    assert_eq!(find_newest(stick.path(), 0, Some(6), None), None);
}

#[test]
fn a_stick_that_takes_nothing_is_left_as_it_was() {
    let stick = tempfile::tempdir().unwrap();
    // A file in the place of the folder stands for whatever a stick may say.
    fs::write(stick.path().join("reports"), "").unwrap();
    write_report(stick.path(), &sealed()).unwrap_err();
    assert_eq!(names(stick.path()), ["reports"]);
}
