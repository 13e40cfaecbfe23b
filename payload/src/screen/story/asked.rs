//! Pages of a text that is asked for, and of codes to be scanned.

use rescue_stick::report::Verdict;

use super::Story;
use crate::screen::headline::Headline;
use crate::screen::prompt::{Checked, Entry, Prompt};
use crate::screen::sheet::{FieldRows, Row, Sheet};
use crate::screen::words;
use crate::screen::words::sentences::fill;

impl Story {
    /// Makes the page that asks for a text, of which this much was typed.
    pub fn prompt_page(&self, prompt: &Prompt<'_>, entry: &Entry) -> Sheet {
        let headline = Headline::Verdict(Verdict::NeedsYou);
        let mut sheet = self.sheet(headline, self.say(prompt.tagline));
        let rows = prompt.rows.iter();
        let rows = rows
            .map(|(label, text)| Row::new(label.in_language(self.language), self.translate(text)));
        sheet.rows = rows.collect();
        let (tip, is_wrong) = match (prompt.check)(entry.text()) {
            Checked::Wrong { why, .. } => (why, true),
            _ => match prompt.refused {
                Some(refused) if entry.text().is_empty() => (refused, true),
                _ => (prompt.hint, false),
            },
        };
        sheet.field = Some(FieldRows {
            label: self.say(prompt.label),
            groups: prompt.groups(entry),
            tip: self.say(tip),
            is_wrong,
        });
        sheet.code = prompt.code.clone();
        let escape = self.say(if entry.text().is_empty() {
            prompt.escape
        } else {
            words::keys::KEY_CLEAR
        });
        sheet.keys = vec![
            (self.say(words::keys::ENTER), self.say(prompt.enter)),
            (self.say(words::keys::ESCAPE), escape),
        ];
        sheet
    }

    /// Makes the page of a code that the outcome has, counted from 0.
    pub fn code_page(&self, number: usize) -> Option<Sheet> {
        let outcome = self.outcome.as_ref()?;
        let code = outcome.codes.get(number)?;
        let headline = Headline::of(outcome.verdict, outcome.report.as_ref());
        let mut sheet = self.sheet(headline, self.say(words::SCAN_REPORT));
        sheet.code = Some(code.clone());
        let count = outcome.codes.len();
        if count > 1 {
            let place = number.saturating_add(1).to_string();
            let of = [place.as_str(), &count.to_string()];
            let text = fill(
                words::CODE_OF.in_language(self.language),
                &of,
                self.language,
            );
            sheet.rows.push(Row::new("", text));
        }
        let key = if number.saturating_add(1) < count {
            words::keys::KEY_NEXT_CODE
        } else {
            words::keys::KEY_BACK
        };
        sheet.keys = vec![(self.say(words::keys::ENTER), self.say(key))];
        Some(sheet)
    }
}
