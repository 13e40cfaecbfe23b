//! One page of the screen at the machine, and how it is laid out on any size from 80 by 25 up.
//!
//! ```text
//! mendkit   title of the image                                   stick of 2010-04-22
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ a band in the headline's colour ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  symbol  AFFECTED  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ what it means ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! label    text                                        rows, the most important first
//!          …
//! what to do next, or a bar of progress
//! [Key] what it does   [Key] …
//! ```

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};

use super::headline::{Headline, Tone};
use super::letters::Picture;
use super::words::{self, Language};
use super::wrap::{fold, wrap};

/// Columns of the labels.
const LABELS: u16 = 10;
/// Columns of text; longer lines are tiring to read.
const WIDEST: u16 = 104;
/// Columns left free on either side.
const MARGIN: u16 = 2;
/// Rows that headline and keys leave to the text at least.
const FEWEST_ROWS: u16 = 10;

/// A page, in the person's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Language, for the headline and what the layout adds.
    pub language: Language,
    /// Title of the stick's image.
    pub title: String,
    /// Which stick.
    pub stick: String,
    /// The big word.
    pub headline: Headline,
    /// What it means, one line.
    pub tagline: String,
    /// The text.
    pub rows: Vec<Row>,
    /// What to do next.
    pub action: String,
    /// How far something long has come; in place of the action.
    pub gauge: Option<Gauge>,
    /// Keys and what they do.
    pub keys: Vec<(String, String)>,
}

/// Some rows of text behind a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The label; empty if it belongs to the row above.
    pub label: &'static str,
    /// The text.
    pub text: String,
    /// Whether it is less important.
    pub is_quiet: bool,
}

impl Row {
    /// Returns a row.
    pub fn new(label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            label,
            text,
            is_quiet: false,
        }
    }

    /// Returns a less important row without a label.
    pub fn quiet(text: impl Into<String>) -> Self {
        Self {
            is_quiet: true,
            ..Self::new("", text)
        }
    }
}

/// How far something long has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What is done.
    pub text: String,
    /// Per cent.
    pub percent: u16,
    /// How long it will still take, in words.
    pub left: String,
}

impl Sheet {
    /// Draws the page over the whole buffer.
    pub fn draw(&self, buffer: &mut Buffer) {
        let area = buffer.area;
        let width = area.width.saturating_sub(MARGIN * 2).min(WIDEST);
        let text = Rect {
            x: area.x.saturating_add(area.width.saturating_sub(width) / 2),
            width,
            ..area
        };
        self.draw_header(text, buffer);
        let below = self.draw_band(area, buffer);
        let bottom = area.bottom();
        let (keys, action) = (bottom.saturating_sub(1), bottom.saturating_sub(2));
        self.draw_keys(
            Rect {
                y: keys,
                height: 1,
                ..text
            },
            buffer,
        );
        let has_action = self.gauge.is_some() || !self.action.is_empty();
        self.draw_action(
            Rect {
                y: action,
                height: 1,
                ..text
            },
            buffer,
        );
        // One row free between the text and what stands below it, two on large screens.
        let end = if has_action {
            action
        } else {
            keys.saturating_sub(1)
        };
        let is_roomy = area.height >= 28;
        let top = below.saturating_add(1);
        let end = end.saturating_sub(u16::from(is_roomy));
        self.draw_rows(
            Rect {
                y: top,
                height: end.saturating_sub(top),
                ..text
            },
            buffer,
        );
    }

    fn draw_header(&self, area: Rect, buffer: &mut Buffer) {
        let bright = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
        let right = u16::try_from(self.stick.chars().count()).unwrap_or(area.width);
        let room = usize::from(area.width.saturating_sub(right).saturating_sub(11));
        buffer.set_string(area.x, area.y, "mendkit", bright);
        let title: String = self.title.chars().take(room).collect();
        buffer.set_string(area.x.saturating_add(10), area.y, title, quiet());
        let x = area.right().saturating_sub(right).max(area.x);
        buffer.set_string(x, area.y, &self.stick, quiet());
    }

    /// Draws the headline in its band and returns the first row below.
    fn draw_band(&self, area: Rect, buffer: &mut Buffer) -> u16 {
        let (ink, ground) = colours(self.headline.tone());
        let style = Style::new().fg(ink).bg(ground);
        let word = self.headline.word(self.language);
        // The rows of the header, the line below the word, and the text stay free.
        let room = area.height.saturating_sub(FEWEST_ROWS + 4);
        let room = room
            .min(area.height * 9 / 20)
            .max(if area.height >= 24 { 10 } else { 0 });
        let picture = Picture::draw(self.headline.symbol(), word, area.width, room);
        let rows = picture.as_ref().map_or(1, Picture::rows);
        let rows = u16::try_from(rows).unwrap_or(1);
        let band = Rect {
            y: area.y.saturating_add(1),
            height: rows.saturating_add(1),
            ..area
        };
        let band = band.intersection(area);
        for position in band.positions() {
            if let Some(cell) = buffer.cell_mut(position) {
                cell.set_symbol(" ").set_style(style);
            }
        }
        match picture {
            Some(picture) => picture.paint(
                Rect {
                    height: rows,
                    ..band
                },
                style,
                buffer,
            ),
            // A screen that is too small still says the word.
            None => {
                let spaced: Vec<String> = word.chars().map(String::from).collect();
                let text = format!("{}  {}", self.headline.sign(), spaced.join(" "));
                centre(&text, Rect { height: 1, ..band }, style, buffer);
            }
        }
        let last = Rect {
            y: band.bottom().saturating_sub(1),
            height: 1,
            ..band
        };
        centre(&self.tagline, last, style, buffer);
        band.bottom()
    }

    fn draw_rows(&self, area: Rect, buffer: &mut Buffer) {
        let lines = self.lines(usize::from(area.width.saturating_sub(LABELS)));
        let room = usize::from(area.height);
        let is_cut = lines.len() > room;
        let shown = if is_cut { room.saturating_sub(1) } else { room };
        let mut y = area.y;
        for (label, text, style) in lines.iter().take(shown) {
            buffer.set_string(area.x, y, label, quiet());
            buffer.set_string(area.x.saturating_add(LABELS), y, text, *style);
            y = y.saturating_add(1);
        }
        if is_cut {
            let more = words::MORE.in_language(self.language);
            buffer.set_string(area.x.saturating_add(LABELS), y, more, quiet());
        }
    }

    fn lines(&self, width: usize) -> Vec<(&'static str, String, Style)> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let style = if row.is_quiet {
                quiet()
            } else {
                Style::new().fg(Color::White)
            };
            for (index, text) in fold(&row.text, width).into_iter().enumerate() {
                lines.push((if index == 0 { row.label } else { "" }, text, style));
            }
        }
        lines
    }

    fn draw_action(&self, area: Rect, buffer: &mut Buffer) {
        let bright = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
        let Some(gauge) = &self.gauge else {
            buffer.set_string(area.x, area.y, &self.action, bright);
            return;
        };
        let (_, ground) = colours(self.headline.tone());
        let behind = format!(" {:>3} %  {}", gauge.percent, gauge.left);
        let bar = area.width.saturating_sub(24);
        let x = area.x;
        let filled = bar.saturating_mul(gauge.percent.min(100)) / 100;
        let full = "█".repeat(usize::from(filled));
        let rest = "░".repeat(usize::from(bar.saturating_sub(filled)));
        buffer.set_string(x, area.y, full, Style::new().fg(ground));
        buffer.set_string(x.saturating_add(filled), area.y, rest, quiet());
        buffer.set_string(x.saturating_add(bar), area.y, behind, bright);
        if area.y > buffer.area.y {
            buffer.set_string(x, area.y.saturating_sub(1), &gauge.text, bright);
        }
    }

    fn draw_keys(&self, area: Rect, buffer: &mut Buffer) {
        let mut x = area.x;
        for (key, text) in &self.keys {
            let cap = format!("[{key}]");
            let style = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
            (x, _) = buffer.set_stringn(x, area.y, &cap, cap.len(), style);
            (x, _) = buffer.set_stringn(x.saturating_add(1), area.y, text, text.len(), quiet());
            x = x.saturating_add(3);
        }
    }

    /// Returns the page as lines for a console that only goes on.
    pub fn to_lines(&self, width: usize) -> Vec<String> {
        let label_width = usize::from(LABELS);
        let mut lines = Vec::new();
        for row in &self.rows {
            for (index, text) in wrap(&row.text, width.saturating_sub(label_width))
                .iter()
                .enumerate()
            {
                let label = if index == 0 { row.label } else { "" };
                lines.push(format!("{label:<label_width$}{text}").trim_end().to_owned());
            }
        }
        lines
    }
}

/// Returns ink and ground of a band. The display gives each its shade.
pub fn colours(tone: Tone) -> (Color, Color) {
    match tone {
        Tone::Busy => (Color::White, Color::Blue),
        Tone::Good => (Color::White, Color::Green),
        Tone::Attention => (Color::Black, Color::Yellow),
        Tone::Bad => (Color::White, Color::Red),
    }
}

fn quiet() -> Style {
    Style::new().fg(Color::Gray)
}

fn centre(text: &str, area: Rect, style: Style, buffer: &mut Buffer) {
    let width = u16::try_from(text.chars().count()).unwrap_or(area.width);
    let x = area.x.saturating_add(area.width.saturating_sub(width) / 2);
    buffer.set_string(x, area.y, text, style);
}
