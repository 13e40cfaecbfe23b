//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod verdicts;
