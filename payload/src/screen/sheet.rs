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

use super::code::Code;
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
/// Columns between two keys.
const KEY_GAP: usize = 3;
/// Columns that a code leaves to the text at least.
const NARROWEST: u16 = 28;
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
    /// What is being typed.
    pub field: Option<FieldRows>,
    /// A code to be scanned; it takes the right side of the page.
    pub code: Option<Code>,
    /// Keys and what they do.
    pub keys: Vec<(String, String)>,
}

/// A text that is being typed, as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRows {
    /// Its name.
    pub label: String,
    /// What is seen of it, in groups that are not broken.
    pub groups: Vec<String>,
    /// How it is typed, or what is wrong with it.
    pub tip: String,
    /// Whether the tip says what is wrong.
    pub is_wrong: bool,
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
        if let Some(code) = &self.code
            && let Some(way) = code.fit(room_for_code(area), area.height)
        {
            let left = area.width.saturating_sub(way.columns());
            let beside = Rect {
                x: area.x.saturating_add(left),
                y: area
                    .y
                    .saturating_add(area.height.saturating_sub(way.rows()) / 2),
                width: way.columns(),
                height: way.rows(),
            };
            code.paint(way, beside, buffer);
            self.draw_narrow(
                Rect {
                    width: left,
                    ..area
                },
                buffer,
            );
            return;
        }
        let width = area.width.saturating_sub(MARGIN * 2).min(WIDEST);
        let text = Rect {
            x: area.x.saturating_add(area.width.saturating_sub(width) / 2),
            width,
            ..area
        };
        self.draw_header(text, buffer);
        let below = self.draw_band(area, buffer);
        self.draw_below(below, text, buffer);
    }

    /// Draws all but the headline: from the row `top` to the bottom of `area`.
    fn draw_below(&self, top: u16, area: Rect, buffer: &mut Buffer) {
        let row = |y: u16, height: u16| Rect { y, height, ..area };
        let key_rows = self.key_rows(area.width);
        let height = u16::try_from(key_rows.len()).unwrap_or(1);
        let keys = area.bottom().saturating_sub(height.max(1));
        self.draw_keys(&key_rows, row(keys, height), buffer);
        let actions = match &self.gauge {
            Some(_) => vec![String::new()],
            None => wrap(&self.action, usize::from(area.width)),
        };
        let actions: Vec<String> = actions
            .into_iter()
            .filter(|line| self.gauge.is_some() || !line.is_empty())
            .collect();
        let height = u16::try_from(actions.len()).unwrap_or(1);
        let action = keys.saturating_sub(height);
        self.draw_action(&actions, row(action, height), buffer);
        // One row free between the text and what stands below it, two on large screens.
        let mut end = if actions.is_empty() {
            keys.saturating_sub(1)
        } else {
            action
        };
        if let Some(field) = &self.field {
            let lines = field_lines(field, usize::from(area.width));
            let height = u16::try_from(lines.len()).unwrap_or(0);
            end = end.saturating_sub(height);
            for (y, (text, style)) in (end..).zip(&lines) {
                buffer.set_stringn(area.x, y, text, usize::from(area.width), *style);
            }
            end = end.saturating_sub(1);
        }
        let is_roomy = buffer.area.height >= 28;
        let top = top.saturating_add(1);
        let end = end.saturating_sub(u16::from(is_roomy));
        self.draw_rows(row(top, end.saturating_sub(top)), buffer);
    }

    /// Draws the page beside a code: there is room for the word in ordinary letters only.
    fn draw_narrow(&self, area: Rect, buffer: &mut Buffer) {
        let (ink, ground) = colours(self.headline.tone());
        let style = Style::new().fg(ink).bg(ground);
        let text = Rect {
            x: area.x.saturating_add(MARGIN),
            width: area.width.saturating_sub(MARGIN * 2),
            ..area
        };
        let word = self.headline.word(self.language);
        let spaced: Vec<String> = word.chars().map(String::from).collect();
        let mut lines = wrap(&self.tagline, usize::from(text.width));
        lines.insert(0, format!("{}  {}", self.headline.sign(), spaced.join(" ")));
        let rows = u16::try_from(lines.len()).unwrap_or(1).saturating_add(2);
        let band = Rect {
            height: rows,
            ..area
        };
        fill_band(band, style, buffer);
        for (y, line) in (1..).zip(&lines) {
            let y = area.y.saturating_add(y);
            let bold = style.add_modifier(Modifier::BOLD);
            buffer.set_stringn(text.x, y, line, usize::from(text.width), bold);
        }
        self.draw_below(band.bottom(), text, buffer);
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
        fill_band(band, style, buffer);
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

    fn draw_action(&self, lines: &[String], area: Rect, buffer: &mut Buffer) {
        let bright = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
        let Some(gauge) = &self.gauge else {
            for (y, line) in (area.y..).zip(lines) {
                buffer.set_string(area.x, y, line, bright);
            }
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

    /// Returns the keys in rows of this width.
    fn key_rows(&self, width: u16) -> Vec<Vec<&(String, String)>> {
        let mut rows: Vec<Vec<&(String, String)>> = Vec::new();
        let mut used = 0_usize;
        for entry in &self.keys {
            let (key, text) = entry;
            let length = key.chars().count() + text.chars().count() + 3;
            let begins = used == 0 || used + KEY_GAP + length > usize::from(width);
            if begins {
                rows.push(Vec::new());
                used = 0;
            }
            used += length + if begins { 0 } else { KEY_GAP };
            if let Some(row) = rows.last_mut() {
                row.push(entry);
            }
        }
        rows
    }

    fn draw_keys(&self, rows: &[Vec<&(String, String)>], area: Rect, buffer: &mut Buffer) {
        for (y, row) in (area.y..).zip(rows) {
            let mut x = area.x;
            for (key, text) in row {
                let cap = format!("[{key}]");
                let style = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
                (x, _) = buffer.set_stringn(x, y, &cap, cap.len(), style);
                (x, _) = buffer.set_stringn(x.saturating_add(1), y, text, text.len(), quiet());
                x = x.saturating_add(3);
            }
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
        lines.extend(self.code.iter().flat_map(Code::to_lines));
        if let Some(field) = &self.field {
            lines.extend(wrap(&format!("{}: {}", field.label, field.tip), width));
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

/// Returns the columns that a code may take of a page.
pub fn room_for_code(area: Rect) -> u16 {
    area.width.saturating_sub(NARROWEST)
}

fn fill_band(band: Rect, style: Style, buffer: &mut Buffer) {
    for position in band.positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.set_symbol(" ").set_style(style);
        }
    }
}

/// Returns the rows of a field: its name, its groups, and what is to be said of them.
fn field_lines(field: &FieldRows, width: usize) -> Vec<(String, Style)> {
    let bright = Style::new().fg(Color::White).add_modifier(Modifier::BOLD);
    let mut lines = vec![(field.label.clone(), quiet())];
    let longest = field.groups.iter().map(|group| group.chars().count()).max();
    let in_a_row = width.saturating_sub(2) / longest.unwrap_or(0).saturating_add(1).max(1);
    for groups in field.groups.chunks(in_a_row.max(1)) {
        let joined = groups.join(" ");
        // Of a long line the end is seen, where one types.
        let beyond = joined
            .chars()
            .count()
            .saturating_sub(width.saturating_sub(3));
        let text: String = joined.chars().skip(beyond).collect();
        lines.push((format!("> {text}"), bright));
    }
    let tip = if field.is_wrong { bright } else { quiet() };
    let sign = if field.is_wrong { "x " } else { "" };
    let tips = wrap(&format!("{sign}{}", field.tip), width);
    lines.extend(tips.into_iter().map(|line| (line, tip)));
    lines
}

fn quiet() -> Style {
    Style::new().fg(Color::Gray)
}

fn centre(text: &str, area: Rect, style: Style, buffer: &mut Buffer) {
    let width = u16::try_from(text.chars().count()).unwrap_or(area.width);
    let x = area.x.saturating_add(area.width.saturating_sub(width) / 2);
    buffer.set_string(x, area.y, text, style);
}
