//! Details on demand: everything there is to know, in pages that can be scrolled.

use ratatui_core::buffer::Buffer;
use ratatui_core::style::{Color, Modifier, Style};

use super::story::gather::Detail;
use super::words::{self, Language};
use super::wrap::fold;

/// Rows that are not details: heading and keys, each with a row between.
pub const FRAME_ROWS: usize = 4;
/// Columns left free on either side.
const MARGIN: u16 = 2;

/// Draws the details from the row `top` on, and returns the last row from which on one can look.
pub fn draw(details: &[Detail], top: usize, language: Language, buffer: &mut Buffer) -> usize {
    let area = buffer.area;
    let width = usize::from(area.width.saturating_sub(MARGIN.saturating_mul(2)));
    let room = usize::from(area.height).saturating_sub(FRAME_ROWS);
    let lines = broken(details, width);
    let last = lines.len().saturating_sub(room);
    let top = top.min(last);
    let bright = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
    let quiet = Style::new().fg(Color::Gray);
    let end = top.saturating_add(room).min(lines.len());
    let place = format!("{}-{end} / {}", top.saturating_add(1), lines.len());
    buffer.reset();
    buffer.set_string(
        MARGIN,
        0,
        words::headings::DETAILS.in_language(language),
        bright,
    );
    let length = u16::try_from(place.len()).unwrap_or(0);
    let right = area.width.saturating_sub(MARGIN).saturating_sub(length);
    buffer.set_string(right, 0, place, quiet);
    for (y, (line, is_heading)) in (2..).zip(lines.iter().skip(top).take(room)) {
        let style = if *is_heading { bright } else { quiet };
        buffer.set_stringn(MARGIN, y, line, width, style);
    }
    let say = |words: words::Words| words.in_language(language);
    let keys = format!(
        "[↑ ↓] [PgUp PgDn] {}   [D] {}",
        say(words::keys::KEY_SCROLL),
        say(words::keys::KEY_BACK)
    );
    buffer.set_string(MARGIN, area.height.saturating_sub(1), keys, quiet);
    last
}

/// Breaks details into rows; a path longer than a row is broken where the row ends.
fn broken(details: &[Detail], width: usize) -> Vec<(String, bool)> {
    let mut lines = Vec::new();
    for detail in details {
        for row in fold(&detail.text, width) {
            let letters: Vec<char> = row.chars().collect();
            if letters.is_empty() {
                lines.push((String::new(), detail.is_heading));
            }
            let pieces = letters.chunks(width.max(1));
            lines.extend(pieces.map(|piece| (piece.iter().collect(), detail.is_heading)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui_core::layout::Rect;

    #[test]
    fn nothing_is_lost_at_the_right_edge_and_the_end_can_be_reached() {
        let text = |text: String| Detail {
            text,
            is_heading: false,
        };
        let details = [text("x".repeat(150)), text("end".to_owned())];
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 6));
        let last = draw(&details, 0, Language::English, &mut buffer);
        assert_eq!(last, 1);
        draw(&details, 99, Language::English, &mut buffer);
        let row = |y: u16| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(2).trim(), "x".repeat(74));
        assert_eq!(row(3).trim(), "end");
        draw(&details, 0, Language::English, &mut buffer);
        let row = |y: u16| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(2).trim(), "x".repeat(76));
    }
}
