//! Capitals with accents that the kernel's own font lacks, drawn into places that nobody here needs.
//!
//! The kernel's font and those of PCs are of code page 437, which has an É and no À. A missing letter is
//! shown without its accent, which is wrong in French and Spanish. So the font that the kernel uses is read,
//! capitals are put together of its own letters and an accent, and it is given back. That works in text mode
//! and on a framebuffer alike. A console that does not take it shows what it did before.

use std::fs::File;

use crate::machine::linux::ioctls::console::{
    FontGlyphs, UnicodePlace, font, set_font, set_unicode_map, unicode_map,
};

/// Rows of the font that is drawn for, of 8 pixels each.
const HEIGHT: usize = 16;
/// Rows that the kernel keeps for a character, whatever its height. Source: linux/kd.h, `KDFONTOP`.
const ROWS: usize = 32;

/// An accent: two rows of pixels, above a capital.
type Accent = [u8; 2];

const GRAVE: Accent = [0b0011_0000, 0b0001_1000];
const ACUTE: Accent = [0b0000_1100, 0b0001_1000];
const CIRCUMFLEX: Accent = [0b0001_1000, 0b0010_0100];
const DIAERESIS: Accent = [0b0110_0110, 0b0000_0000];

/// A letter to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// The letter.
    pub letter: char,
    /// What is below its accent, in ASCII.
    base: u8,
    accent: Accent,
    /// Its place in the font: a Greek letter or a currency of code page 437.
    place: u8,
}

const fn added(letter: char, base: u8, accent: Accent, place: u8) -> Added {
    Added {
        letter,
        base,
        accent,
        place,
    }
}

/// All letters that are added. Places from C0 to DF are left alone: text mode draws them into the next
/// column too. Source: IBM VGA, attribute controller, line graphics enable.
pub const ADDED: [Added; 12] = [
    added('À', b'A', GRAVE, 0x9E),
    added('Á', b'A', ACUTE, 0x9F),
    added('Â', b'A', CIRCUMFLEX, 0xE0),
    added('È', b'E', GRAVE, 0xE2),
    added('Ê', b'E', CIRCUMFLEX, 0xE3),
    added('Ë', b'E', DIAERESIS, 0xE4),
    added('Í', b'I', ACUTE, 0xE5),
    added('Î', b'I', CIRCUMFLEX, 0xE7),
    added('Ó', b'O', ACUTE, 0xE8),
    added('Ô', b'O', CIRCUMFLEX, 0xE9),
    added('Ú', b'U', ACUTE, 0xEA),
    added('Û', b'U', CIRCUMFLEX, 0xEB),
];

/// Adds the letters to a console's font. Tells whether the console took them.
pub fn add_letters(console: &File) -> bool {
    let Ok(mut glyphs) = font(console) else {
        return false;
    };
    if !draw_letters(&mut glyphs) {
        return false;
    }
    let Ok(map) = unicode_map(console) else {
        return false;
    };
    set_font(console, &glyphs).is_ok() && set_unicode_map(console, &remap(map)).is_ok()
}

/// Draws the letters; a font of another size than the one that they are drawn for stays as it is.
fn draw_letters(glyphs: &mut FontGlyphs) -> bool {
    if (glyphs.width, glyphs.height) != (8, 16) {
        return false;
    }
    for letter in ADDED {
        let start = usize::from(letter.base).saturating_mul(ROWS);
        let Some(base) = glyphs.rows.get(start..start.saturating_add(HEIGHT)) else {
            return false;
        };
        let mut drawn = base.to_vec();
        // Two rows are free above a capital.
        for (row, pixels) in drawn.iter_mut().zip(letter.accent) {
            *row = pixels;
        }
        let start = usize::from(letter.place).saturating_mul(ROWS);
        let Some(place) = glyphs.rows.get_mut(start..start.saturating_add(HEIGHT)) else {
            return false;
        };
        place.copy_from_slice(&drawn);
    }
    true
}

/// Returns the map from characters to places in which the letters have theirs, and what was there before has
/// none: no sign is better than a wrong one.
fn remap(map: Vec<UnicodePlace>) -> Vec<UnicodePlace> {
    let is_ours = |one: &UnicodePlace| {
        ADDED.iter().any(|added| {
            u16::from(added.place) == one.place || u32::from(added.letter) == u32::from(one.unicode)
        })
    };
    let mut map: Vec<UnicodePlace> = map.into_iter().filter(|one| !is_ours(one)).collect();
    map.extend(ADDED.iter().filter_map(|added| {
        Some(UnicodePlace {
            unicode: u16::try_from(u32::from(added.letter)).ok()?,
            place: u16::from(added.place),
        })
    }));
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(height: u32) -> FontGlyphs {
        let mut rows = vec![0; 256 * ROWS];
        rows[65 * ROWS + 2..65 * ROWS + 12].fill(0xC6);
        FontGlyphs {
            width: 8,
            height,
            rows,
        }
    }

    #[test]
    fn a_letter_is_its_base_below_its_accent() {
        let mut font = glyphs(16);
        assert!(draw_letters(&mut font));
        let drawn = &font.rows[0x9E * ROWS..0x9E * ROWS + HEIGHT];
        assert_eq!(drawn[..2], GRAVE);
        assert_eq!(drawn[2..12], [0xC6; 10]);
        assert_eq!(font.rows[65 * ROWS..][..2], [0, 0], "the base stays");
        assert!(!draw_letters(&mut glyphs(8)));
    }

    #[test]
    fn places_have_one_letter_each_and_no_other() {
        let place = |unicode: char, place| UnicodePlace {
            unicode: u16::try_from(u32::from(unicode)).unwrap(),
            place,
        };
        // À was shown as an A, and the first place was that of a Greek letter.
        let map = remap(vec![place('A', 65), place('À', 65), place('α', 0xE0)]);
        assert_eq!(map.len(), 1 + ADDED.len());
        assert!(map.contains(&place('À', 0x9E)) && map.contains(&place('A', 65)));
        let mut places: Vec<u16> = map.iter().map(|one| one.place).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), map.len());
    }
}
