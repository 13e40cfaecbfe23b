//! What the keys of a PC's keyboard mean, by the language of the screen: QWERTY, AZERTY, QWERTZ.
//!
//! Firmware does not say what is printed on the keys, so the language must do. An accent key types its
//! accent alone; nothing that `mend` asks for needs more.

use std::fs::File;

use super::words::Language;
use crate::machine::linux::ioctls::console::set_key;

/// Codes of the keys that differ between keyboards, in the order in which layouts list them: the row of
/// digits, the upper, the middle and the lower row of letters, and the key beside the left shift.
/// Source: linux/input-event-codes.h.
const KEY_CODES: [u8; 48] = [
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // digits
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, // upper
    30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    43, // middle, left of the digits, above enter
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 86, // lower, beside the left shift
];

/// Characters of every key: alone, with shift, with AltGr. A blank leaves the key as it is.
type Layout = [&'static str; 3];

/// Source: Debian's console-data and keyboard-configuration (us); as printed on keyboards.
const US: Layout = [
    "1234567890-=qwertyuiop[]asdfghjkl;'`\\zxcvbnm,./<",
    "!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"~|ZXCVBNM<>?>",
    "                                                ",
];
/// Source: as printed on French keyboards (NF Z71-300's predecessor, "AZERTY").
const FRENCH: Layout = [
    "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù²*wxcvbn,;:!<",
    "1234567890°+AZERTYUIOP¨£QSDFGHJKLM% µWXCVBN?./§>",
    " ~#{[|`\\^@]}                                    ",
];
/// Source: as printed on German keyboards (DIN 2137-1, T1).
const GERMAN: Layout = [
    "1234567890ß´qwertzuiopü+asdfghjklöä^#yxcvbnm,.-<",
    "!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ°'YXCVBNM;:_>",
    " ²³   {[]}\\ @          ~                   µ   |",
];
/// Source: as printed on keyboards of Spain.
const SPANISH: Layout = [
    "1234567890'¡qwertyuiop`+asdfghjklñ´ºçzxcvbnm,.-<",
    "!\"·$%&/()=?¿QWERTYUIOP^*ASDFGHJKLÑ¨ªÇZXCVBNM;:_>",
    "|@#~ ¬                []          {\\}           ",
];

/// The keypad's digits. Source: linux/input-event-codes.h.
const KEYPAD: [(u8, u8); 10] = [
    (71, b'7'),
    (72, b'8'),
    (73, b'9'),
    (75, b'4'),
    (76, b'5'),
    (77, b'6'),
    (79, b'1'),
    (80, b'2'),
    (81, b'3'),
    (82, b'0'),
];

/// Kernel's tables for a key alone, with shift, and with AltGr. Source: linux/keyboard.h, `KG_*`.
const TABLES: [u8; 3] = [0, 1, 2];
/// Kernel's types of key values. Source: linux/keyboard.h, `KT_LATIN`, `KT_LETTER`.
const LATIN: u16 = 0;
const LETTER: u16 = 11 << 8;

fn layout(language: Language) -> Layout {
    match language {
        Language::English => US,
        Language::French => FRENCH,
        Language::German => GERMAN,
        Language::Spanish => SPANISH,
    }
}

/// Gives the keyboard the layout of a language. A console without a keyboard takes none, which is no harm.
pub fn set_keyboard(console: &File, language: Language) {
    for (table, characters) in TABLES.into_iter().zip(layout(language)) {
        for (code, character) in KEY_CODES.into_iter().zip(characters.chars()) {
            if let Some(value) = key_value(character) {
                let _ = set_key(console, table, code, value);
            }
        }
    }
}

/// Lets the keypad type its digits, whatever the firmware made of Num Lock: long numbers are typed there.
pub fn set_keypad(console: &File) {
    for (code, digit) in KEYPAD {
        let _ = set_key(console, 0, code, LATIN | u16::from(digit));
    }
}

/// Returns the kernel's value for a character of Latin-1. Caps lock works on letters alone.
fn key_value(character: char) -> Option<u16> {
    let code = u16::from(u8::try_from(u32::from(character)).ok()?);
    match character {
        ' ' => None,
        letter if letter.is_alphabetic() && !"ªºµß".contains(letter) => Some(LETTER | code),
        _ => Some(LATIN | code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::ALL_LANGUAGES;

    #[test]
    fn every_layout_has_a_character_for_every_key() {
        for language in ALL_LANGUAGES {
            for characters in layout(language) {
                assert_eq!(characters.chars().count(), KEY_CODES.len(), "{characters}");
                assert!(
                    characters
                        .chars()
                        .all(|c| c == ' ' || key_value(c).is_some())
                );
            }
        }
    }

    #[test]
    fn every_layout_can_type_letters_and_digits() {
        for language in ALL_LANGUAGES {
            let all = layout(language).concat();
            for wanted in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
                assert_eq!(all.matches(wanted).count(), 1, "{wanted} in {language:?}");
            }
        }
        let place = |language, letter| layout(language)[0].chars().position(|c| c == letter);
        assert_eq!(place(Language::French, 'a'), place(Language::English, 'q'));
        assert_eq!(place(Language::German, 'z'), place(Language::English, 'y'));
    }
}
