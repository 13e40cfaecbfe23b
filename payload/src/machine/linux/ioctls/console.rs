//! The controls of a PC's own console: keys, speaker, font.
#![expect(
    unsafe_code,
    reason = "ioctl numbers and their arguments are promises to the kernel"
)]

use std::fs::File;
use std::io;

use rustix::ioctl::{IntegerSetter, NoArg, Opcode, Setter, Updater, ioctl};

/// Source: linux/kd.h, `KDSKBENT`, `KDMKTONE`.
const KDSKBENT: Opcode = 0x4B47;
const KDMKTONE: Opcode = 0x4B30;
/// Source: linux/kd.h, `KDFONTOP` with `KD_FONT_OP_SET` and `KD_FONT_OP_GET`; `GIO_UNIMAP`, `PIO_UNIMAP`,
/// `PIO_UNIMAPCLR`.
const KDFONTOP: Opcode = 0x4B72;
const FONT_SET: u32 = 0;
const FONT_GET: u32 = 1;
const GIO_UNIMAP: Opcode = 0x4B66;
const PIO_UNIMAP: Opcode = 0x4B67;
const PIO_UNIMAPCLR: Opcode = 0x4B68;
/// Ticks of a PC's timer in a second, by which its speaker is tuned. Source: linux/timex.h,
/// `PIT_TICK_RATE`.
const TIMER_TICKS: u32 = 1_193_182;

/// `struct kbentry`. Source: linux/kd.h.
#[repr(C)]
struct KeyEntry {
    table: u8,
    index: u8,
    value: u16,
}

/// Gives a key of the keyboard a meaning, on all virtual terminals.
pub fn set_key(console: &File, table: u8, index: u8, value: u16) -> io::Result<()> {
    let entry = KeyEntry {
        table,
        index,
        value,
    };
    // SAFETY: KDSKBENT reads a struct kbentry, whose layout `KeyEntry` has.
    unsafe { ioctl(console, Setter::<KDSKBENT, _>::new(entry))? };
    Ok(())
}

/// Begins a tone of the PC's speaker, which the kernel ends by itself.
pub fn beep(console: &File, hertz: u32, milliseconds: u16) -> io::Result<()> {
    let period = TIMER_TICKS / hertz.max(20);
    let argument = (u32::from(milliseconds) << 16) | (period & 0xFFFF);
    let argument = usize::try_from(argument).map_err(io::Error::other)?;
    // SAFETY: KDMKTONE takes a number: milliseconds above, ticks of the timer below.
    unsafe { ioctl(console, IntegerSetter::<KDMKTONE>::new_usize(argument))? };
    Ok(())
}

/// `struct console_font_op`. Source: linux/kd.h.
#[repr(C)]
struct FontOperation {
    operation: u32,
    flags: u32,
    width: u32,
    height: u32,
    count: u32,
    data: *mut u8,
}

/// `struct unimapdesc`. Source: linux/kd.h.
#[repr(C)]
struct UnicodeMap {
    count: u16,
    entries: *mut UnicodePlace,
}

/// Where a character stands in the font: `struct unipair`. Source: linux/kd.h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct UnicodePlace {
    /// The character, of the basic multilingual plane.
    pub unicode: u16,
    /// Its place.
    pub place: u16,
}

/// A console's font.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FontGlyphs {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 32 rows for every character, a byte each, the left pixel in the highest bit.
    pub rows: Vec<u8>,
}

/// Characters of a console's font, and entries of its map, at most.
const MOST_GLYPHS: u32 = 512;
const MOST_ENTRIES: u16 = 4096;
/// Bytes of a character of up to 8 pixels.
const GLYPH_LENGTH: usize = 32;

/// Returns the font of a console, if it is no more than 8 pixels wide.
pub fn font(console: &File) -> io::Result<FontGlyphs> {
    // Wide enough for any width: 32 rows of up to 4 bytes.
    let mut rows = vec![0_u8; 512 * GLYPH_LENGTH * 4];
    let mut operation = FontOperation {
        operation: FONT_GET,
        flags: 0,
        width: 32,
        height: 32,
        count: MOST_GLYPHS,
        data: rows.as_mut_ptr(),
    };
    // SAFETY: KDFONTOP reads and writes a struct console_font_op, whose layout `FontOperation` has, and writes
    // at most 512 characters of 32 x 32 pixels to `data`, which `rows` has room for and outlives the call.
    unsafe {
        ioctl(
            console,
            Updater::<KDFONTOP, FontOperation>::new(&mut operation),
        )?
    };
    if operation.width > 8 {
        return Err(io::Error::other("the font is wider than 8 pixels"));
    }
    let count = usize::try_from(operation.count).map_err(io::Error::other)?;
    rows.truncate(count.saturating_mul(GLYPH_LENGTH));
    Ok(FontGlyphs {
        width: operation.width,
        height: operation.height,
        rows,
    })
}

/// Gives a console a font.
pub fn set_font(console: &File, glyphs: &FontGlyphs) -> io::Result<()> {
    let mut rows = glyphs.rows.clone();
    let count = rows.len() / GLYPH_LENGTH;
    let mut operation = FontOperation {
        operation: FONT_SET,
        flags: 0,
        width: glyphs.width.min(8),
        height: glyphs.height.min(32),
        count: u32::try_from(count).map_err(io::Error::other)?,
        data: rows.as_mut_ptr(),
    };
    // SAFETY: KDFONTOP reads a struct console_font_op, whose layout `FontOperation` has, and from `data` 32
    // bytes for each of `count` characters, which `rows` holds and which outlives the call.
    unsafe {
        ioctl(
            console,
            Updater::<KDFONTOP, FontOperation>::new(&mut operation),
        )?
    };
    Ok(())
}

/// Returns where characters stand in a console's font.
pub fn unicode_map(console: &File) -> io::Result<Vec<UnicodePlace>> {
    let mut entries = vec![UnicodePlace::default(); usize::from(MOST_ENTRIES)];
    let mut map = UnicodeMap {
        count: MOST_ENTRIES,
        entries: entries.as_mut_ptr(),
    };
    // SAFETY: GIO_UNIMAP reads and writes a struct unimapdesc, whose layout `UnicodeMap` has, and writes at
    // most `count` entries to `entries`, which has room for them and outlives the call.
    unsafe { ioctl(console, Updater::<GIO_UNIMAP, UnicodeMap>::new(&mut map))? };
    entries.truncate(usize::from(map.count));
    Ok(entries)
}

/// Tells a console anew where characters stand in its font.
pub fn set_unicode_map(console: &File, places: &[UnicodePlace]) -> io::Result<()> {
    let mut entries = places.to_vec();
    let mut map = UnicodeMap {
        count: u16::try_from(entries.len()).map_err(io::Error::other)?,
        entries: entries.as_mut_ptr(),
    };
    // SAFETY: PIO_UNIMAPCLR takes a pointer that it does not look at.
    unsafe { ioctl(console, NoArg::<PIO_UNIMAPCLR>::new())? };
    // SAFETY: PIO_UNIMAP reads a struct unimapdesc, whose layout `UnicodeMap` has, and `count` entries, which
    // `entries` holds and which outlives the call.
    unsafe { ioctl(console, Updater::<PIO_UNIMAP, UnicodeMap>::new(&mut map))? };
    Ok(())
}
