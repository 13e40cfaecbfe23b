//! The receipts as a table for spreadsheets: `receipts.csv`, written anew from the ledger each time.
//!
//! RFC 4180, in UTF-8 with a byte order mark, without which Excel takes accents for something else. The
//! names of devices and images come from strangers, so no field begins as a formula does.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{Receipt, StickVerdict, sync_folder_of};

const BYTE_ORDER_MARK: &str = "\u{feff}";

const COLUMNS: [&str; 19] = [
    "stick",
    "verdict",
    "reason",
    "time",
    "by",
    "device",
    "model",
    "serial",
    "true size",
    "title",
    "image date",
    "definitions",
    "image sha256",
    "refreshed from",
    "signing key",
    "public key",
    "bytes written",
    "seconds",
    "read-back sha256",
];

/// First characters by which spreadsheets know a formula. Source: OWASP, "CSV Injection".
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '|'];

/// Returns the table.
pub fn table_text(receipts: &[Receipt]) -> String {
    let mut text = BYTE_ORDER_MARK.to_owned();
    append_row(&mut text, COLUMNS.map(str::to_owned));
    for receipt in receipts {
        append_row(&mut text, row(receipt));
    }
    text
}

fn row(receipt: &Receipt) -> [String; 19] {
    let verdict = match receipt.verdict {
        StickVerdict::Good => "good",
        StickVerdict::Bad => "bad",
    };
    let sets = receipt.image.definitions.iter();
    let definitions: Vec<_> = sets
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let (seconds, milliseconds) = (receipt.took_ms / 1000, receipt.took_ms % 1000);
    let former = receipt.refreshed_from.map(|digest| digest.to_string());
    let read_back = receipt.read_back_sha256.map(|digest| digest.to_string());
    [
        receipt.stick.clone().unwrap_or_default(),
        verdict.to_owned(),
        receipt.reason.clone().unwrap_or_default(),
        receipt.time.clone(),
        receipt.by.clone(),
        receipt.device.path.clone(),
        receipt.device.model.clone(),
        receipt.device.serial.clone(),
        receipt.device.true_size.to_string(),
        receipt.image.title.clone(),
        receipt.image.date.clone(),
        definitions.join("; "),
        receipt.image.sha256.to_string(),
        former.unwrap_or_default(),
        receipt.image.signing_key.clone(),
        receipt.public_key.clone().unwrap_or_default(),
        receipt.bytes_written.to_string(),
        format!("{seconds}.{milliseconds:03}"),
        read_back.unwrap_or_default(),
    ]
}

fn append_row(text: &mut String, fields: [String; 19]) {
    text.push_str(&fields.map(|field| quoted(&field)).join(","));
    text.push_str("\r\n");
}

/// Returns a field in quotes; a `'` before what would be a formula makes it a text.
pub(crate) fn quoted(field: &str) -> String {
    let start = if field.trim_start_matches(' ').starts_with(FORMULA_STARTS) {
        "'"
    } else {
        ""
    };
    format!("\"{start}{}\"", field.replace('"', "\"\""))
}

/// Puts the table at `path`, in one go: a reader sees the old one or the new one.
pub fn write_table(path: &Path, receipts: &[Receipt]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = fs::File::create(&temporary)?;
    file.write_all(table_text(receipts).as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder_of(path)
}
