//! Prints sheets of labels with a browser, and lets a reader of QR codes look at the paper.

use std::path::{Path, PathBuf};
use std::process::Command;

use mendkit::stick::image_facts::ImageFacts;
use mendkit::stick::labels::{ALL_LABEL_SHEETS, Label, LabelSheet, labels_page, qr_text};
use rescue_stick::digest::Sha256Digest;

use crate::judges::run;

/// Dots of the print per inch.
const RESOLUTION: f64 = 200.0;

fn label(number: usize) -> Label {
    let languages: &[&str] = if number.is_multiple_of(2) {
        &["fr", "en"]
    } else {
        &["de", "en", "fr", "es"]
    };
    let set = ("mcafee-dat".to_owned(), "5959.0000".to_owned());
    Label {
        stick: format!("MK-7F3A-{number:02}"),
        image: ImageFacts {
            sha256: Sha256Digest::of(&number.to_le_bytes()),
            title: "McAfee DAT 5958 (svchost.exe) <d\u{e9}p\u{f4}t>".to_owned(),
            date: "2010-04-22".to_owned(),
            definitions: [set].into(),
            languages: languages.iter().map(|code| (*code).to_owned()).collect(),
            signing_key: "RWQ".to_owned(),
        },
    }
}

/// Runs a judge and returns what it says, or nothing if it is not there.
fn call(program: &str, arguments: &[&str]) -> Option<String> {
    let (is_success, said) = run(program, Command::new(program).args(arguments))?;
    assert!(is_success, "{program}: {said}");
    Some(said)
}

/// Prints the page and returns a picture of every sheet of paper.
fn print(folder: &Path, page: &str) -> Option<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name).display().to_string();
    fs_err::write(folder.join("labels.html"), page).unwrap();
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        format!("--user-data-dir={}", path("profile")),
        "--no-pdf-header-footer".to_owned(),
        format!("--print-to-pdf={}", path("labels.pdf")),
        format!("file://{}", path("labels.html")),
    ];
    call("chromium", &arguments.each_ref().map(String::as_str))?;
    let resolution = RESOLUTION.to_string();
    call(
        "pdftoppm",
        &[
            "-r",
            &resolution,
            "-png",
            &path("labels.pdf"),
            &path("sheet"),
        ],
    )?;
    let files = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut pictures: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "png"))
        .collect();
    pictures.sort();
    Some(pictures)
}

/// A QR code on paper: what it says, and its middle in millimetres.
#[derive(Debug)]
struct Seen {
    text: String,
    middle: (f64, f64),
}

fn read_codes(picture: &Path) -> Option<Vec<Seen>> {
    let xml = call("zbarimg", &["--xml", "-q", &picture.display().to_string()])?;
    let between = |text: &str, start: &str, end: &str| {
        let rest = text.split_once(start).unwrap().1;
        rest.split_once(end).unwrap().0.to_owned()
    };
    let codes = xml.split("<symbol ").skip(1).map(|symbol| {
        let points = between(symbol, "points='", "'");
        let points: Vec<(f64, f64)> = points
            .split_whitespace()
            .map(|point| {
                let (x, y) = point.split_once(',').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect();
        let middle_of = |of: fn(&(f64, f64)) -> f64| {
            let low = points.iter().map(of).fold(f64::MAX, f64::min);
            let high = points.iter().map(of).fold(f64::MIN, f64::max);
            (low + high) / 2.0 / RESOLUTION * 25.4
        };
        Seen {
            text: between(symbol, "<![CDATA[", "]]>"),
            middle: (middle_of(|point| point.0), middle_of(|point| point.1)),
        }
    });
    Some(codes.collect())
}

/// Checks a sheet, or does nothing where a judge is missing.
fn check_sheet(sheet: &LabelSheet) -> Option<()> {
    let per_sheet = usize::from(sheet.columns) * usize::from(sheet.rows);
    let labels: Vec<_> = (1..=per_sheet + 2).map(label).collect();
    let page = labels_page(&labels, sheet, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pictures = print(folder.path(), &page)?;
    assert_eq!(pictures.len(), 2, "{}: sheets of paper", sheet.name);
    if let Some(keep) = std::env::var_os("MENDKIT_KEEP_LABELS") {
        let keep = Path::new(&keep).join(format!("{}.png", sheet.name));
        fs_err::copy(&pictures[0], keep).unwrap();
    }
    let mut wanted: Vec<_> = labels.iter().map(qr_text).collect();
    for picture in &pictures {
        for seen in read_codes(picture)? {
            let number = labels.iter().position(|label| qr_text(label) == seen.text);
            let number = number.unwrap_or_else(|| panic!("{}: {seen:?}", sheet.name));
            wanted.retain(|text| *text != seen.text);
            let place = number % per_sheet;
            let column = u8::try_from(place % usize::from(sheet.columns)).unwrap();
            let row = u8::try_from(place / usize::from(sheet.columns)).unwrap();
            let left = sheet.left + f64::from(column) * sheet.pitch_across;
            let top = sheet.top + f64::from(row) * sheet.pitch_down;
            // The code is 27 mm wide, 2.5 mm from the left edge, and in the middle of the height.
            let expected = (left + 2.5 + 13.5, top + sheet.height / 2.0);
            let off = (seen.middle.0 - expected.0)
                .abs()
                .max((seen.middle.1 - expected.1).abs());
            assert!(off < 0.7, "{}: {seen:?}, expected {expected:?}", sheet.name);
        }
    }
    assert_eq!(wanted, [""; 0], "{}: codes that were not read", sheet.name);
    Some(())
}

#[test]
fn labels_lie_on_their_sheets_and_every_code_is_read() {
    for sheet in &ALL_LABEL_SHEETS {
        if check_sheet(sheet).is_none() {
            return;
        }
    }
}
