//! Finds, explains and repairs a broken Windows. The binary `mend` is a thin shell around this library.

pub mod antivirus;
pub mod area;
pub mod bitlocker;
pub mod cabinet;
pub mod filesystem;
pub mod health;
pub mod hive;
pub mod init;
pub mod journal;
pub mod machine;
pub mod options;
pub mod overlay;
pub mod repair;
pub mod screen;
pub mod stick;
pub mod terminal;
pub mod unlock;
pub mod windows;
