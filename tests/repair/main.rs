//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `catalog`: signed catalogs in the form of Windows XP, right and wrong
//! - `containers`: quarantines and cabinets, as other people's tools make and read them
//! - `health`: what the health check says of each PC, against what others read
//! - `not_init`: started by mistake on an ordinary system
//! - `proof`: by what a restored file is proven, as the report says it
//! - `on_volumes`: the whole repair on real file systems, judged by their own tools
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod catalog;
mod containers;
mod health;
mod not_init;
mod on_volumes;
mod proof;
mod verdicts;
