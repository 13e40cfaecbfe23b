//! Labels for sticks: one self-contained page that a browser prints on sheets of labels.
//!
//! Every label says which stick it is, in letters and as a QR code, and what to do with it.

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

use super::image_facts::ImageFacts;
use crate::html::escaped;

/// A sheet of labels. Lengths are in millimetres, on A4 (210 x 297).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelSheet {
    /// What the command line calls it.
    pub name: &'static str,
    /// Labels side by side.
    pub columns: u8,
    /// Labels below each other.
    pub rows: u8,
    /// Width of a label.
    pub width: f64,
    /// Height of a label.
    pub height: f64,
    /// From the left edge of the sheet to the first label.
    pub left: f64,
    /// From the upper edge of the sheet to the first label.
    pub top: f64,
    /// From the left edge of one label to that of the next.
    pub pitch_across: f64,
    /// From the upper edge of one label to that of the next.
    pub pitch_down: f64,
}

/// The sheets that are known. Source: the makers' templates: Avery Zweckform 3474, Avery L7160, L7163.
pub const ALL_LABEL_SHEETS: [LabelSheet; 3] = [
    LabelSheet {
        name: "a4-3x8",
        columns: 3,
        rows: 8,
        width: 70.0,
        height: 37.0,
        left: 0.0,
        top: 0.5,
        pitch_across: 70.0,
        pitch_down: 37.0,
    },
    LabelSheet {
        name: "a4-3x7",
        columns: 3,
        rows: 7,
        width: 63.5,
        height: 38.1,
        left: 7.25,
        top: 15.15,
        pitch_across: 66.0,
        pitch_down: 38.1,
    },
    LabelSheet {
        name: "a4-2x7",
        columns: 2,
        rows: 7,
        width: 99.1,
        height: 38.1,
        left: 4.65,
        top: 15.15,
        pitch_across: 101.6,
        pitch_down: 38.1,
    },
];

/// What to do with a stick, by language. Every language of a recipe is here (a test looks).
const INSTRUCTIONS: [(&str, &str); 4] = [
    ("en", "Start the PC from this stick; press Enter."),
    (
        "fr",
        "D\u{e9}marrez le PC sur cette cl\u{e9}\u{a0}; appuyez sur Entr\u{e9}e.",
    ),
    (
        "de",
        "PC von diesem Stick starten; Eingabetaste dr\u{fc}cken.",
    ),
    ("es", "Arranque el PC desde esta memoria USB; pulse Intro."),
];

/// White space between the edge of a label and what is printed on it, since cutters and printers are off
/// by as much.
const PADDING: f64 = 2.5;

/// Side of the QR code with the white border that readers need.
const QR_SIDE: f64 = 27.0;

/// White modules around a QR code. Source: ISO/IEC 18004, 9.1.
const QUIET_ZONE: usize = 4;

/// One label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Id of the stick.
    pub stick: String,
    /// The image on it.
    pub image: ImageFacts,
}

/// Why there are no labels.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A text that no QR code takes.
    #[error("stick {stick}: no QR code: {source}")]
    Qr {
        /// Id of the stick.
        stick: String,
        /// What the encoder says.
        source: QrError,
    },
}

/// Returns the sheet of this name.
pub fn find_sheet(name: &str) -> Option<LabelSheet> {
    ALL_LABEL_SHEETS
        .into_iter()
        .find(|sheet| sheet.name == name)
}

/// Returns the text of the QR code: which stick, made from which image. Only capitals, digits and `:`, which
/// a QR code packs closest.
pub fn qr_text(label: &Label) -> String {
    let image = label.image.sha256.to_string().to_ascii_uppercase();
    format!("MENDKIT:{}:{image}", label.stick)
}

/// Returns the page with all labels. The first `skip` places of the first sheet stay empty.
pub fn labels_page(
    labels: &[Label],
    sheet: &LabelSheet,
    skip: usize,
) -> Result<String, LabelError> {
    let mut page = String::new();
    page.push_str(PAGE_HEAD);
    let columns = usize::from(sheet.columns).max(1);
    let per_sheet = columns.saturating_mul(usize::from(sheet.rows)).max(1);
    let skip = skip % per_sheet;
    let places: Vec<Option<&Label>> = std::iter::repeat_n(None, skip)
        .chain(labels.iter().map(Some))
        .collect();
    for places in places.chunks(per_sheet) {
        page.push_str("<section class=\"sheet\">\n");
        let positions =
            (0..sheet.rows).flat_map(|row| (0..sheet.columns).map(move |one| (row, one)));
        for (place, (row, column)) in places.iter().zip(positions) {
            let Some(label) = place else { continue };
            let left = sheet.left + f64::from(column) * sheet.pitch_across;
            let top = sheet.top + f64::from(row) * sheet.pitch_down;
            append_label(&mut page, label, sheet, (left, top))?;
        }
        page.push_str("</section>\n");
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

const PAGE_HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>mendkit labels</title>
<style>
@page { size: 210mm 297mm; margin: 0; }
* { box-sizing: border-box; margin: 0; }
body { font-family: "Liberation Sans", Arial, Helvetica, sans-serif; color: #000; background: #fff; }
.sheet { position: relative; width: 210mm; height: 297mm; overflow: hidden; break-after: page; }
.sheet:last-child { break-after: auto; }
.label { position: absolute; overflow: hidden; display: flex; align-items: center; gap: 1.5mm; }
.label svg { flex: none; }
.words { min-width: 0; flex: 1; overflow: hidden; }
.stick { font-size: 13pt; font-weight: bold; white-space: nowrap; line-height: 1.1; }
.title { font-size: 7pt; font-weight: bold; line-height: 1.15; max-height: 2.3em; overflow: hidden; overflow-wrap: anywhere; }
.version { font-size: 6.5pt; line-height: 1.2; max-height: 2.4em; overflow: hidden; overflow-wrap: anywhere; }
.date { white-space: nowrap; }
.todo { font-size: 6.5pt; line-height: 1.15; margin-top: 0.6mm; }
.many .todo { font-size: 5pt; margin-top: 0.3mm; }
@media screen { .sheet { margin: 0 auto 5mm; outline: 1px solid #999; } .label { outline: 1px dashed #bbb; } }
</style>
</head>
<body>
"#;

fn append_label(
    page: &mut String,
    label: &Label,
    sheet: &LabelSheet,
    (left, top): (f64, f64),
) -> Result<(), LabelError> {
    let image = &label.image;
    let instructions: Vec<_> = INSTRUCTIONS
        .iter()
        .filter(|(code, _)| image.languages.iter().any(|one| one == code))
        .collect();
    let many = if instructions.len() > 2 { " many" } else { "" };
    let qr = qr_svg(label)?;
    let sets: Vec<_> = image
        .definitions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let (width, height) = (sheet.width, sheet.height);
    // Writing to a String does not fail.
    let _ = write!(
        page,
        "<article class=\"label{many}\" style=\"left:{left:.2}mm;top:{top:.2}mm;width:{width}mm;\
         height:{height}mm;padding:{PADDING}mm\">\n{qr}<div class=\"words\">\n\
         <p class=\"stick\">{}</p>\n<p class=\"title\">{}</p>\n<p class=\"version\">{} <span class=\"date\">{}</span></p>\n",
        escaped(&label.stick),
        escaped(&image.title),
        escaped(&sets.join(", ")),
        escaped(&image.date),
    );
    // In the order of the recipe: the language of those who get the stick comes first.
    for language in &image.languages {
        for (code, words) in instructions.iter().filter(|(code, _)| code == language) {
            let _ = writeln!(
                page,
                "<p class=\"todo\" lang=\"{code}\">{}</p>",
                escaped(words)
            );
        }
    }
    page.push_str("</div></article>\n");
    Ok(())
}

/// Returns the QR code as a picture: a path of dark runs, each a module high.
fn qr_svg(label: &Label) -> Result<String, LabelError> {
    let code = QrCode::with_error_correction_level(qr_text(label), EcLevel::M);
    let code = code.map_err(|source| LabelError::Qr {
        stick: label.stick.clone(),
        source,
    })?;
    let width = code.width().max(1);
    let side = width.saturating_add(2 * QUIET_ZONE);
    let mut path = String::new();
    for (row, colors) in code.to_colors().chunks(width).enumerate() {
        let mut column = QUIET_ZONE;
        for run in colors.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (y, length) = (row.saturating_add(QUIET_ZONE), run.len());
                let _ = write!(path, "M{column} {y}h{length}v1h-{length}z");
            }
            column = column.saturating_add(run.len());
        }
    }
    Ok(format!(
        "<svg width=\"{QR_SIDE}mm\" height=\"{QR_SIDE}mm\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"{}\"><path d=\"{path}\"/></svg>\n",
        escaped(&qr_text(label))
    ))
}

#[cfg(test)]
mod tests {
    use rescue_stick::digest::Sha256Digest;

    use super::*;

    fn label(number: u16) -> Label {
        Label {
            stick: format!("MK-7F3A-{number:02}"),
            image: ImageFacts {
                sha256: Sha256Digest::of(b"image"),
                title: "McAfee DAT 5958 (svchost.exe)".to_owned(),
                date: "2010-04-22".to_owned(),
                definitions: [("mcafee-dat".to_owned(), "5959.0000".to_owned())].into(),
                languages: vec!["fr".to_owned(), "en".to_owned()],
                signing_key: "RWQ".to_owned(),
            },
        }
    }

    #[test]
    fn every_sheet_lies_on_its_paper_and_its_labels_do_not_overlap() {
        for sheet in ALL_LABEL_SHEETS {
            let right =
                sheet.left + f64::from(sheet.columns - 1) * sheet.pitch_across + sheet.width;
            let bottom = sheet.top + f64::from(sheet.rows - 1) * sheet.pitch_down + sheet.height;
            assert!(
                sheet.left >= 0.0 && right <= 210.0,
                "{}: {right}",
                sheet.name
            );
            assert!(
                sheet.top >= 0.0 && bottom <= 297.0,
                "{}: {bottom}",
                sheet.name
            );
            assert!(sheet.pitch_across >= sheet.width && sheet.pitch_down >= sheet.height);
            // The same margin on the other side, to half a millimetre.
            assert!((210.0 - right - sheet.left).abs() < 0.51, "{}", sheet.name);
            assert!((297.0 - bottom - sheet.top).abs() < 0.51, "{}", sheet.name);
            assert!(QR_SIDE + 2.0 * PADDING <= sheet.height, "{}", sheet.name);
            assert_eq!(find_sheet(sheet.name), Some(sheet));
        }
        assert_eq!(find_sheet("letter"), None);
    }

    #[test]
    fn texts_of_strangers_stay_texts() {
        let mut odd = label(1);
        odd.image.title = "</p><script>alert(\"1\")</script>&'".to_owned();
        odd.stick = "\"><img src=x>".to_owned();
        let page = labels_page(&[odd], &ALL_LABEL_SHEETS[0], 0).unwrap();
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        let shown = "&lt;/p&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";
        assert!(page.contains(shown), "{page}");
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let page = labels_page(&[label(1)], &ALL_LABEL_SHEETS[0], 0).unwrap();
        for outside in ["http", "url(", "src=", "href=", "@import", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn labels_fill_sheets_from_the_first_free_place_on() {
        let labels: Vec<_> = (1..=30).map(label).collect();
        let page = labels_page(&labels, &ALL_LABEL_SHEETS[0], 23).unwrap();
        let sheets: Vec<_> = page.split("<section").skip(1).collect();
        let counts: Vec<_> = sheets
            .iter()
            .map(|one| one.matches("<article").count())
            .collect();
        assert_eq!(counts, [1, 24, 5]);
        assert!(
            sheets[0].contains("left:140.00mm;top:259.50mm"),
            "{}",
            sheets[0]
        );
        assert!(
            sheets[1].contains("left:0.00mm;top:0.50mm"),
            "{}",
            sheets[1]
        );
    }

    #[test]
    fn instructions_come_in_the_order_of_the_recipe() {
        let page = labels_page(&[label(1)], &ALL_LABEL_SHEETS[0], 0).unwrap();
        let at = |text: &str| page.find(text).unwrap();
        assert!(at("lang=\"fr\"") < at("Start the PC"));
        assert!(!page.contains("Eingabetaste"), "{page}");
        let mut all = label(1);
        all.image.languages = ["en", "fr", "de", "es"].map(str::to_owned).into();
        let page = labels_page(&[all], &ALL_LABEL_SHEETS[0], 0).unwrap();
        assert_eq!(page.matches("class=\"todo\"").count(), 4);
    }
}
