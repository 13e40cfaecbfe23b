//! Simulated broken PCs, and QEMU to start them with a stick: what `mendkit rehearse` shows a person
//! before a release, and what the tests of the whole are made on.
//!
//! Needs no root and asks no network. What is made is the same for the same specification, except where
//! [`broken_pc::make_disk`] says otherwise. It deliberately judges nothing: whether a PC was repaired is
//! said by the machine itself here, and by other people's tools in the tests.
//!
//! - [`broken_pc`]: disks and folders that look like a PC after a bad security update
//! - [`definitions`]: corrected definitions as a vendor ships them, and bad variants of them
//! - [`pe`]: Windows programs that carry the versions a PC wants
//! - [`qemu`]: starts a machine, types, waits, looks at its screen
//! - [`random`]: bytes that look random and are the same every time
//! - [`rehearse`]: a PC started from an image and watched to its end
//! - [`tools`]: programs of other people that this calls

pub mod broken_pc;
pub mod definitions;
mod error;
pub mod pe;
pub mod qemu;
pub mod random;
pub mod rehearse;
pub mod tools;

pub use error::Error;
