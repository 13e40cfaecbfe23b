//! Faults of `mend` itself: kept instead of thrown over the screen, told to whoever can mend them, and put
//! into words for the person at the machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::screen::console::Consoles;
use crate::screen::story;

/// Returns what a person is told of a fault of `mend` itself: what happened, and what to do if it happens
/// again.
pub fn fault_lines() -> [String; 2] {
    [
        "mend met a fault of its own and stopped".to_owned(),
        "if this happens again, take the stick out and show it to whoever made it".to_owned(),
    ]
}

/// Keeps where a fault of our own lies for whoever can mend it: in the details and on the serial line,
/// never across the screen.
pub(super) fn tell_fault(screen: &mut Consoles, fault: &Mutex<String>) -> Option<String> {
    let text = std::mem::take(&mut *lock(fault));
    let text = text.lines().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| {
        screen.mark(&format!("FAULT {text}"));
        let line = format!("{}{text}", story::FAULT);
        screen.note(&line);
        line
    })
}

/// Keeps what a panic says, instead of throwing it over the screen.
pub(super) fn keep_faults() -> Arc<Mutex<String>> {
    let fault = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&fault);
    std::panic::set_hook(Box::new(move |panic| *lock(&kept) = panic.to_string()));
    fault
}

fn lock(text: &Mutex<String>) -> MutexGuard<'_, String> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
