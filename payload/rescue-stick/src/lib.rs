//! What lies on a mendkit stick: names, formats and their checks, shared by the program that writes
//! them (`mendkit`) and the one that reads them (`mend`).
//!
//! This crate does no I/O and knows no operating system. It lies with the reader, since a stick once
//! written cannot be changed and tomorrow's builder must suit it.
#![forbid(unsafe_code)]
#![warn(clippy::arithmetic_side_effects)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod age_file;
pub mod definitions;
pub mod digest;
pub mod guid;
pub mod head;
pub mod identity;
pub mod job;
pub mod journal;
pub mod key_bundle;
pub mod manifest;
pub mod paths;
pub mod recovery_password;
pub mod remedy;
pub mod report;
pub mod secret_key;
pub mod signature;
pub mod undo;
