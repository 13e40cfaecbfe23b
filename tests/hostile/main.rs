//! Files and volumes as somebody would make them who wants `mend` to fail: every parser of what a sick PC
//! holds gets thousands of spoiled copies of good files, from a fixed seed. None may panic, take memory or time
//! without bound, or be believed where it must not be.
//!
//! A binary of its own, since the bound on memory is one of the process.
//!
//! - `corpus`: all that is fuzzed, from its seeds and from what fuzzing kept
//! - `files`: registry files, programs, catalogs, quarantines, cabinets, records
//! - `volumes`: file systems and partition tables

mod corpus;
mod files;
mod mutants;
mod volumes;
