//! `mend` on simulated PCs as folders, with the files of an image that `mendkit` built.
//!
//! - `actions`: every action of remedies on NTFS, and the way back
//! - `bad_sectors`: disks that fail on reading, on writing, or do not let themselves be written
//! - `carried`: what a kit may bring besides one package of definitions
//! - `bitlk_images`: volumes that Windows locked, against what cryptsetup says of them
//! - `catalog`: signed catalogs in the form of Windows XP, right and wrong
//! - `containers`: quarantines and cabinets, as other people's tools make and read them
//! - `crash`: power cuts at every write of a repair and of an undo
//! - `faults`: sticks that fail while a repair is written, and volumes without room
//! - `disks`: what the disk around a volume says of it
//! - `nothing_fits`: no candidate passes, and what is said then
//! - `health`: what the health check says of each PC, against what others read
//! - `languages`: what is said to a person, in every language
//! - `not_init`: started by mistake on an ordinary system
//! - `predicates`: every test of remedies, with its three answers
//! - `proof`: by what a restored file is proven, as the report says it
//! - `quarantines`: files of a quarantine, by their proof and by what is in the way
//! - `on_volumes`: the whole repair on real file systems, judged by their own tools
//! - `security`: descriptors, owners, short names and times after a repair
//! - `states`: volumes in every state that real ones are found in
//! - `undo`: the way back on real file systems, after power cuts and after Windows has run
//! - `verdicts`: one PC a row, what it must be called, and what the host finds afterwards

mod actions;
mod bad_sectors;
mod bitlk_images;
mod carried;
mod catalog;
mod containers;
mod crash;
mod disks;
mod faults;
mod health;
mod languages;
mod not_init;
mod nothing_fits;
mod on_volumes;
mod predicates;
mod proof;
mod quarantines;
mod security;
mod states;
mod undo;
mod verdicts;
