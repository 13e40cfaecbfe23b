//! What is told and what is not: a field without a value always has a reason beside it.

use rescue_stick::report::line::{Line, NotTold};

/// Collects why fields have no value.
#[derive(Debug, Default)]
pub(super) struct Gaps(NotTold);

impl Gaps {
    /// Returns the value of `field`, or notes why there is none.
    pub(super) fn told<T>(
        &mut self,
        field: &str,
        told: Result<Option<T>, String>,
        absent: &str,
    ) -> Option<T> {
        match told {
            Ok(Some(value)) => return Some(value),
            Ok(None) => self.note(field, absent),
            Err(reason) => self.note(field, &reason),
        }
        None
    }

    /// Returns the text of `field` as a line; an empty one is none.
    pub(super) fn line(
        &mut self,
        field: &str,
        told: Result<Option<String>, String>,
        absent: &str,
    ) -> Option<Line> {
        let line = told.map(|text| {
            let line = text.map(|text| Line::clean(&text));
            line.filter(|line| !line.is_empty())
        });
        self.told(field, line, absent)
    }

    /// Notes why `field` has no value.
    pub(super) fn note(&mut self, field: &str, reason: &str) {
        self.0.insert(Line::clean(field), Line::clean(reason));
    }

    pub(super) fn into_reasons(self) -> NotTold {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_absent_value_has_its_reason() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.told("a", Ok(Some(1)), "absent"), Some(1));
        assert_eq!(gaps.told::<u8>("b", Ok(None), "absent"), None);
        assert_eq!(gaps.told::<u8>("c", Err("damaged".into()), "absent"), None);
        assert_eq!(gaps.line("d", Ok(Some(" \n".into())), "empty"), None);
        let reasons: Vec<_> = gaps
            .into_reasons()
            .into_iter()
            .map(|(field, reason)| format!("{field}: {reason}"))
            .collect();
        assert_eq!(reasons, ["b: absent", "c: damaged", "d: empty"]);
    }
}
