//! A PC's own screen: pages in colour on one of Linux's virtual terminals.

use std::io::{self, Write as _};

use fs_err::File;
use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Rect, Size};
use ratatui_core::style::{Color, Modifier};
use ratatui_core::terminal::Terminal;
use rustix::termios::tcgetwinsize;

use super::sheet::Sheet;
use super::story::gather::Detail;
use super::words::{self, Language};

/// Size of a text screen that every PC has, for a terminal that does not tell.
const SMALLEST: Size = Size {
    width: 80,
    height: 25,
};

/// Our shades of the colours we use, as red, green and blue in hexadecimal. Terminals that take no shades
/// show their own. Source: Linux console_codes(4), ESC ] P.
const SHADES: [(char, &str); 7] = [
    ('0', "000000"),
    ('1', RED),
    ('2', GREEN),
    ('3', AMBER),
    ('4', BLUE),
    ('7', "b4bcc4"),
    ('f', "ffffff"),
];

/// Ground of what went wrong.
pub const RED: &str = "c01c28";
/// Ground of what is well.
pub const GREEN: &str = "147a3c";
/// Ground of what asks for a person.
pub const AMBER: &str = "ffb000";
/// Ground of what takes a while.
pub const BLUE: &str = "1f4e9e";

/// A screen that pages are shown on.
pub struct Display {
    terminal: Terminal<ConsoleBackend>,
}

impl Display {
    /// Prepares the terminal: UTF-8, our shades, no cursor, nothing on it.
    pub fn new(file: File) -> io::Result<Self> {
        let mut prepare = String::from("\x1b%G\x1b[?7l\x1b[?25l");
        for (number, shade) in SHADES {
            prepare.push_str(&format!("\x1b]P{number}{shade}"));
        }
        let backend = ConsoleBackend {
            file,
            pending: prepare.into_bytes(),
        };
        let mut terminal = Terminal::new(backend)?;
        terminal.clear()?;
        Ok(Self { terminal })
    }

    /// Shows a page. What stood there before is drawn over as a whole if `is_new`: the kernel may have
    /// written between.
    pub fn show(&mut self, sheet: &Sheet, is_new: bool) -> io::Result<()> {
        if is_new {
            self.terminal.clear()?;
        }
        self.terminal.draw(|frame| sheet.draw(frame.buffer_mut()))?;
        Ok(())
    }

    /// Shows the details from the row `top` on, and returns how far one can scroll.
    pub fn show_details(
        &mut self,
        details: &[Detail],
        top: usize,
        language: Language,
    ) -> io::Result<usize> {
        let mut last = 0;
        self.terminal.draw(|frame| {
            last = super::details::draw(details, top, language, frame.buffer_mut());
        })?;
        Ok(last)
    }

    /// Returns how many squares wide a code may be to be shown here.
    pub fn widest_code(&self) -> usize {
        let size = self.terminal.size().unwrap_or(SMALLEST);
        let area = Rect::new(0, 0, size.width, size.height);
        super::code::widest_code(super::sheet::draw::room_for_code(area), size.height)
    }

    /// Returns how many rows of details fit.
    pub fn page_rows(&self) -> usize {
        let size = self.terminal.size().unwrap_or(SMALLEST);
        usize::from(size.height).saturating_sub(super::details::FRAME_ROWS)
    }

    /// Says one line where no page can be shown any more.
    pub fn say(&mut self, line: &str) {
        // A console that went away must not stop a repair.
        let _ = write!(self.terminal.backend_mut().file, "\r\n{line}\r\n");
    }

    /// Says that the PC is to be switched off by hand.
    pub fn say_switch_off(&mut self, language: Language) {
        self.say(words::ending::SWITCH_OFF_YOURSELF.in_language(language));
    }
}

/// Writes cells as Linux's terminals take them: ECMA-48, with 16 colours.
struct ConsoleBackend {
    file: File,
    pending: Vec<u8>,
}

impl ConsoleBackend {
    fn push(&mut self, text: &str) {
        self.pending.extend_from_slice(text.as_bytes());
    }
}

impl Backend for ConsoleBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let (mut expected, mut style) = (None, None);
        for (x, y, cell) in content {
            if expected != Some((x, y)) {
                self.set_cursor_position(Position { x, y })?;
            }
            let wanted = (cell.fg, cell.bg, cell.modifier);
            if style != Some(wanted) {
                self.push(&attributes(cell));
                style = Some(wanted);
            }
            self.push(cell.symbol());
            expected = Some((x.saturating_add(1), y));
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.push("\x1b[?25l");
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        let (row, column) = (
            u32::from(y).saturating_add(1),
            u32::from(x).saturating_add(1),
        );
        self.push(&format!("\x1b[{row};{column}H"));
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.push("\x1b[0m\x1b[2J\x1b[H");
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        let found = tcgetwinsize(&self.file).ok();
        let found = found.map(|size| Size {
            width: size.ws_col,
            height: size.ws_row,
        });
        Ok(found
            .filter(|size| size.width > 0 && size.height > 0)
            .unwrap_or(SMALLEST))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let columns_rows = self.size()?;
        let pixels = Size {
            width: 0,
            height: 0,
        };
        Ok(WindowSize {
            columns_rows,
            pixels,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.file.write_all(&pending)?;
        self.file.flush()
    }
}

/// Returns what sets colour and weight. Source: ECMA-48, SGR; Linux knows 16 inks and 8 grounds.
fn attributes(cell: &Cell) -> String {
    let ink = match cell.fg {
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::White => 97,
        _ => 37,
    };
    let ground = match cell.bg {
        Color::Red => 41,
        Color::Green => 42,
        Color::Yellow => 43,
        Color::Blue => 44,
        _ => 40,
    };
    let weight = if cell.modifier.contains(Modifier::BOLD) {
        1
    } else {
        22
    };
    format!("\x1b[{weight};{ink};{ground}m")
}
