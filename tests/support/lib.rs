//! Wrappers of the tools that judge our output, sticks and disks that go wrong, and all of `rehearsal`: simulated
//! broken PCs and QEMU.
//!
//! Nothing here is shipped. Errors are `anyhow`, since their only reader is the person in front of
//! a test that broke or of `broken-pc`. What is made is the same for the same specification,
//! except where [`broken_pc::make_disk`] says otherwise.
//!
//! - [`access`]: who may change a file
//! - [`afflict`], [`failing_disk`]: volumes and disks in the states that real ones are found in
//! - [`bitlocker`]: locks a volume as BitLocker does
//! - [`block_log`]: what QEMU records of the writes of a machine
//! - [`broken_pc`]: disks and folders that look like a PC after a bad security update
//! - [`browser`]: a headless Chromium that says what is on a page, and what it complains of
//! - [`campaign`]: any number of signed reports, as sticks bring them home
//! - [`catalog`]: signed catalogs as Windows has them, by a root that only tests trust
//! - [`dislocker`]: what it finds behind BitLocker
//! - [`crash`]: power cuts at every write of a PC's volume and a stick's journal
//! - [`definitions`]: corrected definitions as a vendor ships them, and bad variants of them
//! - [`faulty_device`]: sticks in memory that go wrong in a chosen way
//! - [`firmware`]: variable stores of UEFI firmware that no package has
//! - [`inspect`]: what the host sees on a disk afterwards, without our own readers
//! - [`qemu`]: starts a machine, types, waits, looks at its screen
//! - [`judges`]: someone else's tools, which must accept what we write
//! - [`kit`]: images as mendkit builds them
//! - [`mtools_volume`]: FAT32 without a kernel that knows it
//! - [`patient`]: a whole repair of a volume in a file, without a boot
//! - [`schema`]: reports are valid by their schema, says somebody else
//! - [`seeds`]: good files of every format that is fuzzed
//! - [`small_image`]: signed images that need no boot parts
//! - [`pe`], [`wine`]: Windows programs that carry the versions a test wants

pub mod access;
pub mod afflict;
pub mod bitlocker;
pub mod block_log;
pub mod browser;
pub mod campaign;
pub mod catalog;
pub mod crash;
pub mod cyclonedx;
pub mod dislocker;
pub mod failing_disk;
pub mod faulty_device;
pub mod firmware;
pub mod inspect;
pub mod judges;
pub mod kit;
#[cfg(test)]
mod machines;
pub mod mtools_volume;
pub mod patient;
#[cfg(test)]
mod pcs;
pub mod schema;
pub mod seeds;
pub mod small_image;
pub mod tools;
pub mod wine;

pub use rehearsal::{broken_pc, definitions, pe, qemu, random};
