//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `actions`: every action of remedies on NTFS, and the way back
//! - `catalog`: signed catalogs in the form of Windows XP, right and wrong
//! - `containers`: quarantines and cabinets, as other people's tools make and read them
//! - `nothing_fits`: no candidate passes, and what is said then
//! - `not_init`: started by mistake on an ordinary system
//! - `predicates`: every test of remedies, with its three answers
//! - `proof`: by what a restored file is proven, as the report says it
//! - `on_volumes`: the whole repair on real file systems, judged by their own tools
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod actions;
mod catalog;
mod containers;
mod not_init;
mod nothing_fits;
mod on_volumes;
mod predicates;
mod proof;
mod verdicts;
