//! Repairs of simulated PCs, and the formats that they read, judged by someone else's tools.
//!
//! - `catalog`: signed catalogs in the form of Windows XP, right and wrong
//! - `containers`: quarantines and installation sources
//! - `not_init`: started by mistake on an ordinary system
//! - `proof`: by what a restored file is proven, as the report says it
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod catalog;
mod containers;
mod not_init;
mod proof;
mod verdicts;
