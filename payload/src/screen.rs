//! What the person at the machine sees and answers. Thin for now: lines of text, the same on every
//! console.

pub mod console;

/// A screen and its keys.
pub trait Screen {
    /// Shows one line of progress or detail.
    fn line(&mut self, text: &str);
    /// Begins a new page for what matters, where the screen has pages.
    fn page(&mut self) {}
    /// Asks and waits for an answer.
    fn ask(&mut self, question: Question<'_>) -> Answer;
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Whether the plan, which was just shown, is to be carried out.
    Repair {
        /// Warning to be accepted together with the plan, if any.
        warning: Option<&'a str>,
    },
    /// Nothing but a key: the stick may be taken out.
    Finished,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave everything as it is.
    No,
}
