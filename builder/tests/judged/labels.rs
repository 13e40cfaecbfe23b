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

/// Prints the page as a browser does, on paper that is a PDF. Returns where that is.
fn print(folder: &Path, page: &str) -> Option<PathBuf> {
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
    Some(folder.join("labels.pdf"))
}

/// Takes a picture of a sheet of paper, or of the part of it that begins so many millimetres from the left
/// and the upper edge and is so wide and high.
fn photograph(pdf: &Path, sheet: usize, part: Option<[f64; 4]>) -> Option<PathBuf> {
    let dots = |millimetres: f64| format!("{:.0}", millimetres / 25.4 * RESOLUTION);
    let (pdf_path, number) = (pdf.display().to_string(), sheet.to_string());
    let mut arguments = vec!["-r".to_owned(), RESOLUTION.to_string(), "-png".to_owned()];
    arguments.extend(["-f", &number, "-l", &number, "-singlefile"].map(str::to_owned));
    for (flag, length) in ["-x", "-y", "-W", "-H"]
        .into_iter()
        .zip(part.into_iter().flatten())
    {
        arguments.extend([flag.to_owned(), dots(length)]);
    }
    let picture = pdf.with_file_name(format!("sheet-{number}"));
    arguments.extend([pdf_path, picture.display().to_string()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    call("pdftoppm", &arguments)?;
    Some(picture.with_extension("png"))
}

/// Returns every QR code in a picture.
fn read_codes(picture: &Path) -> Option<Vec<String>> {
    let said = call("zbarimg", &["--raw", "-q", &picture.display().to_string()])?;
    let codes = said.lines().filter(|line| line.starts_with("MENDKIT:"));
    Some(codes.map(str::to_owned).collect())
}

/// Checks a sheet, or does nothing where a judge is missing.
fn check_sheet(sheet: &LabelSheet) -> Option<()> {
    let (columns, rows) = (usize::from(sheet.columns), usize::from(sheet.rows));
    let labels: Vec<_> = (1..=columns * rows + 2).map(label).collect();
    let folder = tempfile::tempdir().unwrap();
    let pdf = print(folder.path(), &labels_page(&labels, sheet, 0).unwrap())?;
    let (_, about) = run("pdfinfo", Command::new("pdfinfo").arg(&pdf))?;
    let pages = about
        .lines()
        .find(|line| line.starts_with("Pages:"))
        .unwrap();
    assert!(pages.ends_with(" 2"), "{}: {pages}", sheet.name);

    let mut found = Vec::new();
    for number in 1..=2 {
        let picture = photograph(&pdf, number, None)?;
        if let Some(keep) = std::env::var_os("MENDKIT_KEEP_LABELS") {
            let keep = Path::new(&keep).join(format!("{}-{number}.png", sheet.name));
            fs_err::copy(&picture, keep).unwrap();
        }
        found.extend(read_codes(&picture)?);
    }
    let mut wanted: Vec<_> = labels.iter().map(qr_text).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{}", sheet.name);

    // What is cut out along the edges of a label is that label and no other.
    for (row, column) in [
        (0, 0),
        (0, columns - 1),
        (rows - 1, 0),
        (rows - 1, columns - 1),
    ] {
        let number = |index: usize| f64::from(u8::try_from(index).unwrap());
        let left = sheet.left + number(column) * sheet.pitch_across;
        let top = sheet.top + number(row) * sheet.pitch_down;
        let cut = photograph(&pdf, 1, Some([left, top, sheet.width, sheet.height]))?;
        let expected = qr_text(&labels[row * columns + column]);
        assert_eq!(read_codes(&cut)?, [expected], "{}", sheet.name);
    }
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
