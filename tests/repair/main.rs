//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `catalog`: signed catalogs in the form of Windows XP, right and wrong
//! - `not_init`: started by mistake on an ordinary system
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod catalog;
mod not_init;
mod verdicts;
