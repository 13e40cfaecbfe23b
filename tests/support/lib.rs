//! Simulated broken PCs, QEMU, and wrappers of the tools that judge our output.
//!
//! Nothing here is shipped. Errors are `anyhow`, since their only reader is the person in front of
//! a test that broke or of `broken-pc`. What is made is the same for the same specification,
//! except where [`broken_pc::make_disk`] says otherwise.
//!
//! - [`broken_pc`]: disks and folders that look like a PC after a bad security update
//! - [`catalog`]: signed catalogs as Windows has them, by a root that only tests trust
//! - [`definitions`]: corrected definitions as a vendor ships them, and bad variants of them
//! - [`faulty_device`]: sticks in memory that go wrong in a chosen way
//! - [`inspect`]: what the host sees on a disk afterwards, without our own readers
//! - [`qemu`]: starts a machine, types, waits, looks at its screen
//! - [`judges`]: someone else's tools, which must accept what we write
//! - [`kit`]: images as mendkit builds them
//! - [`small_image`]: signed images that need no boot parts
//! - [`pe`], [`wine`]: Windows programs that carry the versions a test wants

pub mod broken_pc;
pub mod catalog;
pub mod definitions;
pub mod faulty_device;
pub mod inspect;
pub mod judges;
pub mod kit;
pub mod pe;
pub mod qemu;
pub mod random;
pub mod small_image;
pub mod tools;
pub mod wine;
