//! Makes, signs and verifies mendkit sticks. The binary `mendkit` is a thin shell around this library.

pub mod disk;
pub mod fat32;
pub mod image;
pub mod lba;
pub mod plan;
pub mod verify;
