//! Makes, signs and verifies mendkit sticks. The binary `mendkit` is a thin shell around this library.

pub mod assemble;
pub mod bom;
pub mod boot;
pub mod check;
pub mod cli;
pub mod collect;
pub mod commands;
pub mod disk;
pub mod fat32;
pub mod hashed_file;
mod html;
pub mod image;
pub mod inputs;
pub mod inspect;
pub mod key_table;
pub mod lba;
pub mod parts;
pub mod plan;
pub mod recipe;
pub mod refresh_record;
pub mod signing;
pub mod stick;
pub mod swap;
pub mod verify;
