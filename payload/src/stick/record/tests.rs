use std::sync::{Arc, Mutex};

use rescue_stick::head::blank_file;
use rescue_stick::report::Report;
use rescue_stick::report::chain::{check_chain, check_report};

use super::*;
use crate::stick::reports::{SealedReport, write_report};

const REPORT: &str = include_str!("../../../rescue-stick/fixtures/report-2.json");

fn identity() -> Identity {
    let file = include_bytes!("../../../rescue-stick/fixtures/identity-1.bin");
    Identity::parse(file).unwrap().unwrap()
}

/// The record's sectors; the stick is pulled after so many of them were written.
#[derive(Clone)]
struct PulledArea {
    content: Arc<Mutex<Vec<u8>>>,
    left: Arc<Mutex<usize>>,
}

impl PulledArea {
    fn new(content: Vec<u8>, left: usize) -> Self {
        Self {
            content: Arc::new(Mutex::new(content)),
            left: Arc::new(Mutex::new(left)),
        }
    }

    fn content(&self) -> Vec<u8> {
        self.content.lock().unwrap().clone()
    }
}

impl Area for PulledArea {
    fn len(&self) -> u64 {
        self.content.lock().unwrap().len().try_into().unwrap()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&self.content.lock().unwrap()[start..start + buffer.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        for (index, sector) in bytes.chunks(512).enumerate() {
            let mut left = self.left.lock().unwrap();
            *left = left.checked_sub(1).ok_or(io::ErrorKind::NotConnected)?;
            let at = start + index * 512;
            self.content.lock().unwrap()[at..at + sector.len()].copy_from_slice(sector);
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins a run on the stick below `root` and files one report.
fn file_one(root: &Path, area: &PulledArea, own: &Identity) -> (SealedReport, io::Result<()>) {
    let mut record = Record::open(Box::new(area.clone()), root, Some(own));
    assert_eq!(record.notes(), [""; 0]);
    let started = record.count_start();
    let mut report = Report::parse(REPORT).unwrap();
    let sealed = SealedReport::seal(&mut report, record.next_link(), Some(own), &|_| {
        "text".into()
    });
    write_report(root, &sealed).unwrap();
    let link = sealed.link.clone().unwrap();
    let counted = started.and_then(|()| record.count_report(&link, sealed.digest()));
    (sealed, counted)
}

/// Returns what a check of all reports of the stick finds.
fn find_faults(root: &Path, area: &PulledArea, own: &Identity) -> Vec<String> {
    let stored = head::parse(&area.content()).unwrap();
    if let Some(stored) = &stored {
        stored.check(own.public_key()).unwrap();
    }
    let mut links = Vec::new();
    for entry in fs_err::read_dir(root.join("reports")).unwrap() {
        let folder = entry.unwrap().path();
        let json = fs_err::read(folder.join("report.json")).unwrap();
        let signature = fs_err::read_to_string(folder.join("report.json.minisig")).unwrap();
        let text = fs_err::read(folder.join("report.txt")).unwrap();
        let read = check_report(&json, Some(&signature), Some(&text), own.public_key()).unwrap();
        links.push((read.report.chain.unwrap(), read.digest));
    }
    let head = stored.map(|stored| stored.head);
    let faults = check_chain(&links, head.as_ref());
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn reports_of_many_starts_make_one_chain() {
    let (stick, own) = (tempfile::tempdir().unwrap(), identity());
    let area = PulledArea::new(blank_file(), usize::MAX);
    for number in 1..=3 {
        let (sealed, counted) = file_one(stick.path(), &area, &own);
        counted.unwrap();
        assert!(sealed.folder.starts_with(&format!("00000{number}-")));
        assert_eq!(find_faults(stick.path(), &area, &own), [""; 0]);
    }
    let head = head::parse(&area.content()).unwrap().unwrap().head;
    assert_eq!((head.number, head.counter), (3, 6));
    let slots = area.content();
    assert_eq!(
        slots[..SLOT_LENGTH],
        slots[SLOT_LENGTH..],
        "no older record is left"
    );
}

#[test]
fn a_stick_that_is_pulled_at_any_write_of_the_record_goes_on_without_a_fault() {
    let own = identity();
    // A start and a report write 64 sectors.
    for left in 0..=64 {
        let stick = tempfile::tempdir().unwrap();
        let area = PulledArea::new(blank_file(), usize::MAX);
        file_one(stick.path(), &area, &own).1.unwrap();
        let pulled = PulledArea::new(area.content(), left);
        let (_, counted) = file_one(stick.path(), &pulled, &own);
        assert_eq!(counted.is_ok(), left == 64, "{left} sectors");
        assert_eq!(
            find_faults(stick.path(), &pulled, &own),
            [""; 0],
            "{left} sectors"
        );
        let again = PulledArea::new(pulled.content(), usize::MAX);
        let (third, counted) = file_one(stick.path(), &again, &own);
        counted.unwrap();
        assert_eq!(third.link.unwrap().number, 3, "{left} sectors");
        assert_eq!(
            find_faults(stick.path(), &again, &own),
            [""; 0],
            "{left} sectors"
        );
    }
}

#[test]
fn a_record_that_is_pulled_again_and_again_never_goes_back() {
    let (stick, own) = (tempfile::tempdir().unwrap(), identity());
    let mut content = blank_file();
    let mut highest = 0;
    for round in 0..40 {
        let area = PulledArea::new(content, round * 7 % 33);
        let mut record = Record::open(Box::new(area.clone()), stick.path(), Some(&own));
        assert_eq!(record.notes(), [""; 0], "round {round}");
        let _ = record.count_start();
        content = area.content();
        let counter = head::parse(&content)
            .unwrap()
            .map_or(0, |stored| stored.head.counter);
        assert!(
            counter >= highest,
            "round {round}: {counter} after {highest}"
        );
        highest = counter;
    }
    assert!(highest > 5, "{highest}");
}

#[test]
fn a_lost_or_foreign_record_goes_on_behind_the_newest_report() {
    let (stick, own) = (tempfile::tempdir().unwrap(), identity());
    let area = PulledArea::new(blank_file(), usize::MAX);
    for _ in 0..2 {
        file_one(stick.path(), &area, &own).1.unwrap();
    }
    // Neither a report that was not signed nor one that was not written to its end counts.
    for name in ["000009-x", "000008-x.part"] {
        fs_err::create_dir(stick.path().join("reports").join(name)).unwrap();
    }
    fs_err::write(stick.path().join("reports/000009-x/report.json"), REPORT).unwrap();
    let stranger = rescue_stick::secret_key::SecretKey::from_seed([9; 32]).unwrap();
    let foreign = Head::default().to_slot(Some(&stranger)).repeat(2);
    let cases = [
        (blank_file(), ""),
        (vec![0; HEAD_LENGTH], "both slots are damaged"),
        (foreign, "another signature"),
        (Head::default().to_slot(None).repeat(2), "no signature"),
        (vec![0; 512], "512 bytes"),
    ];
    for (content, reason) in cases {
        let area = PulledArea::new(content, usize::MAX);
        let record = Record::open(Box::new(area), stick.path(), Some(&own));
        assert_eq!(record.next_link().unwrap().number, 3, "{reason}");
        let notes = record.notes().join("\n");
        assert!(
            notes.contains(reason) && notes.contains("behind report 2"),
            "{notes}"
        );
    }
}

#[test]
fn what_was_entered_is_remembered() {
    let (stick, own) = (tempfile::tempdir().unwrap(), identity());
    let area = PulledArea::new(blank_file(), usize::MAX);
    let mut record = Record::open(Box::new(area.clone()), stick.path(), Some(&own));
    let visit = VisitFacts {
        technician: Some("Anna".into()),
        ..VisitFacts::default()
    };
    record.enter(visit.clone()).unwrap();
    file_one(stick.path(), &area, &own).1.unwrap();
    let record = Record::open(Box::new(area), stick.path(), Some(&own));
    assert_eq!(record.visit(), &visit);
}

#[test]
fn a_stick_without_a_key_keeps_a_chain_and_one_without_room_keeps_none() {
    let stick = tempfile::tempdir().unwrap();
    let area = PulledArea::new(blank_file(), usize::MAX);
    let mut record = Record::open(Box::new(area.clone()), stick.path(), None);
    let mut report = Report::parse(REPORT).unwrap();
    let sealed = SealedReport::seal(&mut report, record.next_link(), None, &|_| "text".into());
    assert_eq!(sealed.signature, None);
    write_report(stick.path(), &sealed).unwrap();
    record
        .count_report(sealed.link.as_ref().unwrap(), sealed.digest())
        .unwrap();
    let record = Record::open(Box::new(area), stick.path(), None);
    assert_eq!(record.next_link().unwrap().number, 2);
    let mut none = Record::none();
    assert_eq!(none.next_link(), None);
    none.count_start().unwrap();
}
