//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `not_init`: started by mistake on an ordinary system
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod not_init;
mod verdicts;
