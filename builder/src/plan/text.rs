//! The plan as text: every sector range in order, every file with size, digest and origin.

use std::fmt;

use super::{ImageFile, ImagePlan, Piece, PieceContent};

impl fmt::Display for ImagePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, to_write) = (self.size(), self.bytes_to_write());
        writeln!(
            f,
            "image  {} sectors of 512 bytes, {size}, {to_write} to write",
            self.sectors
        )?;
        writeln!(
            f,
            "disk {}  volume {}  MBR signature {:08x}",
            self.identity.disk_guid,
            self.identity.serial_text(),
            self.identity.disk_signature
        )?;
        for piece in &self.pieces {
            write_piece(f, piece)?;
        }
        for file in &self.empty_files {
            writeln!(f, "no sectors           {}", description(file))?;
        }
        Ok(())
    }
}

fn write_piece(f: &mut fmt::Formatter<'_>, piece: &Piece) -> fmt::Result {
    let (what, remark) = match &piece.content {
        PieceContent::Bytes(_) => (piece.label.clone(), None),
        PieceContent::BytesLast(_) => (piece.label.clone(), Some("written last")),
        PieceContent::File(file) => (description(file), None),
        PieceContent::Unmapped => (piece.label.clone(), Some("not written")),
    };
    let (first, last) = (piece.range.first().0, piece.range.last().0);
    let range = if first == last {
        format!("{first:>8}")
    } else {
        format!("{first:>8}..={last}")
    };
    match remark {
        Some(remark) => writeln!(f, "LBA {range:<18} {what}  [{remark}]"),
        None => writeln!(f, "LBA {range:<18} {what}"),
    }
}

fn description(file: &ImageFile) -> String {
    let ImageFile {
        path,
        size,
        sha256,
        origin,
        ..
    } = file;
    format!(
        "/{path}  {} bytes  sha256 {}  {origin}",
        size.0,
        sha256.short()
    )
}
