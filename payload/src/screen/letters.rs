//! Letters as high as eight rows of a text screen, to be read from across the room.
//!
//! Drawn for this screen alone: strokes are two columns wide and one row high, which is square on every
//! PC, and corners are rounded by half rows. Only what the headlines need is here, and a test holds them
//! to it. Shapes are made of full and half blocks, which every PC's font has (code page 437).
//!
//! ```text
//! #  full    ^  upper half    _  lower half    .  empty
//! ```

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// Half rows of a letter without its accent.
const BODY: usize = 16;
/// Half rows above a letter, where accents are.
const ABOVE: usize = 3;
/// Half rows of a word: accents, letters, and one below.
const HEIGHT: usize = ABOVE + BODY + 1;
/// Columns between two words, on top of the gaps.
const SPACE: usize = 2;
/// Columns between the symbol and the word, on top of the gap; fewer where they do not fit.
const AFTER_SYMBOL: [usize; 2] = [6, 2];
/// Columns left free beside the word on a screen with more than the fewest.
const SIDES: u16 = 6;

/// Eight rows of a letter or symbol.
pub type Shape = [&'static str; 8];

/// Two half rows of an accent.
type Accent = [&'static str; 2];

const ACUTE: Accent = ["...##.", "..##.."];
const GRAVE: Accent = [".##...", "..##.."];
const DIAERESIS: Accent = ["##..##", "##..##"];

/// Every letter that a headline has, without its accent.
#[rustfmt::skip] // A letter a line.
const ALL_LETTERS: [(char, Shape); 25] = [
    ('A', ["_####_", "##..##", "##..##", "##..##", "######", "##..##", "##..##", "##..##"]),
    ('B', ["#####_", "##..##", "##..##", "#####.", "##..##", "##..##", "##..##", "#####^"]),
    ('C', ["_####_", "##..##", "##....", "##....", "##....", "##....", "##..##", "^####^"]),
    ('D', ["#####_", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "#####^"]),
    ('E', ["######", "##....", "##....", "#####.", "##....", "##....", "##....", "######"]),
    ('F', ["######", "##....", "##....", "#####.", "##....", "##....", "##....", "##...."]),
    ('G', ["_####_", "##..##", "##....", "##....", "##.###", "##..##", "##..##", "^####^"]),
    ('H', ["##..##", "##..##", "##..##", "######", "##..##", "##..##", "##..##", "##..##"]),
    ('I', ["##", "##", "##", "##", "##", "##", "##", "##"]),
    ('J', ["....##", "....##", "....##", "....##", "....##", "....##", "##..##", "^####^"]),
    ('K', ["##..##", "##..##", "##.##^", "####^.", "####_.", "##.##_", "##..##", "##..##"]),
    ('L', ["##....", "##....", "##....", "##....", "##....", "##....", "##....", "######"]),
    ('M', ["##....##", "###__###", "########", "##^##^##", "##....##", "##....##", "##....##", "##....##"]),
    ('N', ["##..##", "##_.##", "###.##", "###_##", "##^###", "##.###", "##.^##", "##..##"]),
    ('O', ["_####_", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "^####^"]),
    ('P', ["#####_", "##..##", "##..##", "##..##", "#####^", "##....", "##....", "##...."]),
    ('Q', ["_####_", "##..##", "##..##", "##..##", "##..##", "##_.##", "##^###", "^####_"]),
    ('R', ["#####_", "##..##", "##..##", "##..##", "#####^", "##^##.", "##.##_", "##..##"]),
    ('S', ["_####_", "##..##", "##....", "^####_", "....##", "....##", "##..##", "^####^"]),
    ('T', ["######", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "..##.."]),
    ('U', ["##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "^####^"]),
    ('V', ["##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "^####^", "..##.."]),
    ('X', ["##..##", "##..##", "^#__#^", ".####.", ".####.", "_#^^#_", "##..##", "##..##"]),
    ('Y', ["##..##", "##..##", "##..##", "^####^", "..##..", "..##..", "..##..", "..##.."]),
    ('Z', ["######", "....##", "...##^", "..##^.", ".##^..", "##^...", "##....", "######"]),
];

/// Returns letter and accent of a capital; `None` if it was not drawn.
fn find_letter(letter: char) -> Option<(Shape, Option<Accent>)> {
    let (plain, accent) = match letter {
        'É' => ('E', Some(ACUTE)),
        'Ó' => ('O', Some(ACUTE)),
        'À' => ('A', Some(GRAVE)),
        'Ä' => ('A', Some(DIAERESIS)),
        'Ü' => ('U', Some(DIAERESIS)),
        other => (other, None),
    };
    let mut letters = ALL_LETTERS.iter();
    let (_, shape) = letters.find(|(known, _)| *known == plain)?;
    Some((*shape, accent))
}

/// A picture of one colour in columns and half rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns from the left, each from the top.
    columns: Vec<[bool; HEIGHT]>,
    scale: Scale,
}

impl Picture {
    /// Draws `symbol` and `word` as large as they fit; `None` if they do not fit at all. A letter that has
    /// no shape is left out.
    pub fn draw(symbol: &Shape, word: &str, columns: u16, rows: u16) -> Option<Self> {
        let scales = (2..=12).rev();
        let pictures = scales.flat_map(|scale| {
            AFTER_SYMBOL.map(|gap| Self::draw_at(Scale(scale), symbol, word, gap))
        });
        let fits = |picture: &Self| {
            let sides = if picture.scale == Scale(2) { 0 } else { SIDES };
            picture.width() <= usize::from(columns.saturating_sub(sides))
                && picture.rows() <= usize::from(rows)
        };
        let mut pictures = pictures;
        pictures.find(fits)
    }

    fn draw_at(scale: Scale, symbol: &Shape, word: &str, after_symbol: usize) -> Self {
        let mut picture = Self {
            columns: Vec::new(),
            scale,
        };
        // Halves of a column come out even only if every letter begins at an even one.
        let gap = if scale.0.is_multiple_of(2) { 1 } else { 2 };
        picture.append(symbol, None);
        picture.skip(after_symbol);
        for (index, letter) in word.chars().enumerate() {
            if index > 0 {
                picture.skip(gap);
            }
            match find_letter(letter) {
                Some((shape, accent)) => picture.append(&shape, accent.as_ref()),
                None => picture.skip(SPACE),
            }
        }
        picture
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.scale.of(self.columns.len())
    }

    /// Rows that it takes, with room for accents.
    pub fn rows(&self) -> usize {
        self.scale.of(HEIGHT).div_ceil(2)
    }

    fn skip(&mut self, count: usize) {
        let end = self.columns.len().saturating_add(count);
        self.columns.resize(end, [false; HEIGHT]);
    }

    fn append(&mut self, shape: &Shape, accent: Option<&Accent>) {
        let start = self.columns.len();
        self.skip(shape.iter().map(|row| row.len()).max().unwrap_or(0));
        let rows = shape.iter().enumerate().flat_map(|(row, cells)| {
            let (upper, lower) = (
                row.saturating_mul(2),
                row.saturating_mul(2).saturating_add(1),
            );
            let cells = cells.char_indices();
            cells.map(move |(column, cell)| match cell {
                '#' => (column, Some(upper), Some(lower)),
                '^' => (column, Some(upper), None),
                '_' => (column, None, Some(lower)),
                _ => (column, None, None),
            })
        });
        for (column, upper, lower) in rows {
            for half in [upper, lower].into_iter().flatten() {
                self.set(start.saturating_add(column), half.saturating_add(ABOVE));
            }
        }
        for (half, cells) in accent.into_iter().flatten().enumerate() {
            for (column, _) in cells.char_indices().filter(|(_, cell)| *cell == '#') {
                self.set(start.saturating_add(column), half);
            }
        }
    }

    fn set(&mut self, column: usize, half_row: usize) {
        let pixel = self.columns.get_mut(column);
        if let Some(pixel) = pixel.and_then(|column| column.get_mut(half_row)) {
            *pixel = true;
        }
    }

    fn is_set(&self, column: usize, half_row: usize) -> bool {
        let column = self.columns.get(column);
        column
            .and_then(|column| column.get(half_row))
            .is_some_and(|pixel| *pixel)
    }

    /// Paints the picture into the middle of `area`.
    pub fn paint(&self, area: Rect, style: Style, buffer: &mut Buffer) {
        let width = u16::try_from(self.width()).unwrap_or(area.width);
        let left = area.x.saturating_add(area.width.saturating_sub(width) / 2);
        for row in 0..area.height {
            for column in 0..width {
                let (x, y) = (left.saturating_add(column), area.y.saturating_add(row));
                let upper = usize::from(row).saturating_mul(2);
                let pixel = |half: usize| {
                    self.is_set(self.scale.back(usize::from(column)), self.scale.back(half))
                };
                let symbol = match (pixel(upper), pixel(upper.saturating_add(1))) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => continue,
                };
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
    }
}

/// How much larger than drawn, in halves: 2 is as drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale(usize);

impl Scale {
    fn of(self, length: usize) -> usize {
        length.saturating_mul(self.0).div_ceil(2)
    }

    fn back(self, place: usize) -> usize {
        place.saturating_mul(2) / self.0.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::headline::ALL_HEADLINES;
    use crate::screen::words::ALL_LANGUAGES;

    #[test]
    fn every_headline_has_its_letters_and_fits_a_text_screen() {
        for headline in ALL_HEADLINES {
            for language in ALL_LANGUAGES {
                let word = headline.word(language);
                let letters = word.chars().filter(|letter| *letter != ' ');
                letters
                    .for_each(|letter| assert!(find_letter(letter).is_some(), "{letter} {word}"));
                assert!(
                    Picture::draw(headline.symbol(), word, 79, 10).is_some(),
                    "{word}"
                );
            }
        }
    }

    #[test]
    fn shapes_are_straight() {
        for (letter, shape) in ALL_LETTERS {
            assert!(
                shape.iter().all(|row| row.len() == shape[0].len()),
                "{letter}"
            );
            assert!(
                shape.concat().chars().all(|cell| "#^_.".contains(cell)),
                "{letter}"
            );
        }
    }

    #[test]
    fn a_larger_screen_has_larger_letters() {
        let draw = |columns, rows| {
            let picture = Picture::draw(&["##"; 8], "HEALTHY", columns, rows)?;
            Some((picture.width(), picture.rows()))
        };
        assert_eq!(draw(80, 11), Some((56, 10)));
        assert_eq!(draw(100, 15), Some((93, 15)));
        assert_eq!(draw(128, 21), Some((112, 20)));
        assert_eq!(draw(40, 20), None);
        assert_eq!(draw(80, 9), None);
    }
}
