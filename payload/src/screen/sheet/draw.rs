//! How a page is laid out and drawn, on any size from 80 by 25 up.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};

use super::super::code::{Code, Placing};
use super::super::headline::Tone;
use super::super::letters::Picture;
use super::super::words;
use super::super::wrap::{fold, wrap};
use super::{FieldRows, LABELS, Sheet};

/// Columns of text; longer lines are tiring to read.
const WIDEST: u16 = 104;
/// Columns left free on either side.
const MARGIN: u16 = 2;
/// Columns between two keys.
const KEY_GAP: usize = 3;
/// Columns that a code leaves to the text at least.
const NARROWEST: u16 = 28;
/// Columns that a code leaves to the text if it can be had smaller.
const COMFORTABLE: u16 = 46;
/// Rows that headline and keys leave to the text at least.
const FEWEST_ROWS: u16 = 10;

/// Where the label of a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    /// In a column of its own.
    Beside,
    /// In a line of its own, where columns are few.
    Above,
}

/// A line of text as it is drawn.
#[derive(Clone, Debug, Default)]
struct TextLine {
    label: &'static str,
    text: String,
    style: Style,
    /// Whether a labelled row begins with it.
    begins: bool,
}

impl Sheet {
    /// Draws the page over the whole buffer.
    pub fn draw(&self, buffer: &mut Buffer) {
        let area = buffer.area;
        if let Some(code) = &self.code
            && let Some(way) = place_code(code, area)
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
        self.draw_below(below, text, Labels::Beside, buffer);
    }

    /// Draws all but the headline: from the row `top` to the bottom of `area`.
    fn draw_below(&self, top: u16, area: Rect, labels: Labels, buffer: &mut Buffer) {
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
        self.draw_rows(row(top, end.saturating_sub(top)), labels, buffer);
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
            // Bold black would be grey.
            buffer.set_stringn(text.x, y, line, usize::from(text.width), style);
        }
        self.draw_below(band.bottom(), text, Labels::Above, buffer);
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

    fn draw_rows(&self, area: Rect, labels: Labels, buffer: &mut Buffer) {
        let (width, room) = (usize::from(area.width), usize::from(area.height));
        let mut lines = self.lines(width, labels);
        // Where there is room to spare, what belongs together stands apart from the rest.
        let breaks = lines.iter().skip(1).filter(|line| line.begins).count();
        if lines.len().saturating_add(breaks).saturating_mul(5) < room.saturating_mul(4) {
            let apart = lines.into_iter().enumerate().flat_map(|(number, line)| {
                let gap = (number > 0 && line.begins).then(TextLine::default);
                gap.into_iter().chain([line])
            });
            lines = apart.collect();
        }
        let is_cut = lines.len() > room;
        let shown = if is_cut { room.saturating_sub(1) } else { room };
        let indent = match labels {
            Labels::Beside => LABELS,
            Labels::Above => 0,
        };
        let mut y = area.y;
        for line in lines.iter().take(shown) {
            buffer.set_stringn(area.x, y, line.label, width, quiet());
            let x = area.x.saturating_add(indent);
            let room = width.saturating_sub(usize::from(indent));
            buffer.set_stringn(x, y, &line.text, room, line.style);
            y = y.saturating_add(1);
        }
        if is_cut {
            let more = words::MORE.in_language(self.language);
            buffer.set_string(area.x.saturating_add(indent), y, more, quiet());
        }
    }

    fn lines(&self, width: usize, labels: Labels) -> Vec<TextLine> {
        let mut lines = Vec::new();
        let width = match labels {
            Labels::Beside => width.saturating_sub(usize::from(LABELS)),
            Labels::Above => width,
        };
        for row in &self.rows {
            let style = if row.is_quiet {
                quiet()
            } else {
                Style::new().fg(Color::White)
            };
            let begins = !row.label.is_empty();
            let is_above = begins && labels == Labels::Above;
            if is_above {
                lines.push(TextLine {
                    label: row.label,
                    begins,
                    ..TextLine::default()
                });
            }
            for (index, text) in fold(&row.text, width).into_iter().enumerate() {
                let is_first = index == 0 && begins && !is_above;
                lines.push(TextLine {
                    label: if is_first { row.label } else { "" },
                    text,
                    style,
                    begins: is_first,
                });
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

/// Returns how a code is drawn on a page: large if the text still has a good half of a text screen.
fn place_code(code: &Code, area: Rect) -> Option<Placing> {
    let beside_text = area.width.saturating_sub(COMFORTABLE);
    let large = code.fit(beside_text, area.height);
    large.or_else(|| code.fit(room_for_code(area), area.height))
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
    for (number, groups) in field.groups.chunks(in_a_row.max(1)).enumerate() {
        let begin = if number == 0 { ">" } else { " " };
        let joined = groups.join(" ");
        // Of a long line the end is seen, where one types.
        let beyond = joined
            .chars()
            .count()
            .saturating_sub(width.saturating_sub(3));
        let text: String = joined.chars().skip(beyond).collect();
        lines.push((format!("{begin} {text}"), bright));
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
