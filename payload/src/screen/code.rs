//! QR codes on a text screen: two squares in a cell, one above the other, read by any phone.
//!
//! Light squares are ink and dark ones are ground, since a PC's screen is dark: so a code needs no colour
//! of its own, and a serial line on a dark terminal shows it too.

use qrcode::{Color as Square, EcLevel, QrCode};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Style};

/// Light squares around a code that scanners find easily. Source: ISO/IEC 18004, 5.3.8.
const WIDE_EDGE: usize = 4;
/// Light squares that scanners need at least. Observed: zbarimg 0.23 and a screen of 25 rows.
const NARROW_EDGE: usize = 2;

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Squares in a row and in a column.
    width: usize,
    /// Whether each is dark, row by row.
    dark: Vec<bool>,
}

/// How a code is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Squares of code and edge.
    side: usize,
    /// Light squares on each side.
    edge: usize,
    /// Columns, and halves of a row, that a square takes; never 0.
    scale: usize,
}

impl Placing {
    /// Returns the columns that it takes.
    pub fn columns(self) -> u16 {
        u16::try_from(self.side.saturating_mul(self.scale)).unwrap_or(u16::MAX)
    }

    /// Returns the rows that it takes.
    pub fn rows(self) -> u16 {
        self.columns().div_ceil(2)
    }
}

/// Returns how many squares wide a code may be that fits into `columns` and `rows`.
pub fn widest_code(columns: u16, rows: u16) -> usize {
    let side = usize::from(columns).min(usize::from(rows).saturating_mul(2));
    side.saturating_sub(NARROW_EDGE * 2)
}

impl Code {
    /// Makes the code of some bytes; `None` if they are more than a code can hold. Capitals, digits and
    /// `-./:+*%$` take the least room.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        // A screen is not scratched or torn, so the least redundancy does.
        let code = QrCode::with_error_correction_level(bytes, EcLevel::L).ok()?;
        Some(Self {
            width: code.width(),
            dark: code
                .to_colors()
                .into_iter()
                .map(|square| square == Square::Dark)
                .collect(),
        })
    }

    /// Returns how many squares it is wide and high, without its edge.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns how the code is drawn as large as `columns` and `rows` allow; `None` if it does not fit.
    pub fn fit(&self, columns: u16, rows: u16) -> Option<Placing> {
        let ways = (1..=4).rev().flat_map(|scale| {
            [WIDE_EDGE, NARROW_EDGE].map(|edge| Placing {
                side: self.width.saturating_add(edge.saturating_mul(2)),
                edge,
                scale,
            })
        });
        let mut ways = ways;
        ways.find(|way| way.columns() <= columns && way.rows() <= rows)
    }

    fn is_light(&self, x: usize, y: usize, way: Placing) -> bool {
        let (x, y) = (x / way.scale, y / way.scale);
        let square = |place: usize| {
            let place = place.checked_sub(way.edge);
            place.filter(|place| *place < self.width)
        };
        match (square(x), square(y)) {
            (Some(x), Some(y)) => {
                let place = y.saturating_mul(self.width).saturating_add(x);
                !self.dark.get(place).copied().unwrap_or(false)
            }
            _ => x < way.side && y < way.side,
        }
    }

    fn cell(&self, x: usize, row: usize, way: Placing) -> &'static str {
        let upper = row.saturating_mul(2);
        let lower = upper.saturating_add(1);
        match (self.is_light(x, upper, way), self.is_light(x, lower, way)) {
            (true, true) => "█",
            (true, false) => "▀",
            (false, true) => "▄",
            (false, false) => " ",
        }
    }

    /// Paints the code at the top left of `area`.
    pub fn paint(&self, way: Placing, area: Rect, buffer: &mut Buffer) {
        let style = Style::new().fg(Color::White).bg(Color::Black);
        for row in 0..way.rows().min(area.height) {
            for column in 0..way.columns().min(area.width) {
                let place = (area.x.saturating_add(column), area.y.saturating_add(row));
                if let Some(cell) = buffer.cell_mut(place) {
                    let symbol = self.cell(usize::from(column), usize::from(row), way);
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
    }

    /// Returns the code as lines for a console that only goes on.
    pub fn to_lines(&self) -> Vec<String> {
        let side = self.width.saturating_add(NARROW_EDGE * 2);
        let way = Placing {
            side,
            edge: NARROW_EDGE,
            scale: 1,
        };
        let row = |row| (0..side).map(|x| self.cell(x, row, way)).collect();
        (0..side.div_ceil(2)).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_as_large_as_its_version_and_its_edge() {
        let code = Code::of(b"8A7F3C21-90AB-4CDE-8123-456789ABCDEF").unwrap();
        assert_eq!(code.width(), 25);
        let size = |columns, rows| {
            let way = code.fit(columns, rows)?;
            Some((way.columns(), way.rows()))
        };
        assert_eq!(size(40, 25), Some((33, 17)));
        assert_eq!(size(40, 16), Some((29, 15)));
        assert_eq!(size(80, 40), Some((66, 33)));
        assert_eq!(size(40, 14), None);
        assert_eq!(widest_code(40, 14), 24);
        let lines = code.to_lines();
        assert_eq!(lines.len(), 15);
        assert!(lines.iter().all(|line| line.chars().count() == 29));
        // The finder's ring: a row of seven dark squares below two light ones of the edge.
        assert!(lines[1].starts_with("██ ▄▄▄▄▄ █"), "{}", lines[1]);
        assert_eq!(Code::of(&[0; 4000]), None);
    }

    #[test]
    fn a_code_that_does_not_fit_is_cut_and_not_a_fault() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 4));
        let code = Code::of(b"MENDKIT").unwrap();
        let way = code.fit(80, 25).unwrap();
        code.paint(way, buffer.area, &mut buffer);
        assert_eq!(buffer[(0, 0)].symbol(), "█");
    }
}
