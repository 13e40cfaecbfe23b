//! Finds, explains and repairs a broken Windows. The binary `mend` is a thin shell around this library.

pub mod antivirus;
pub mod hive;
pub mod machine;
pub mod options;
pub mod repair;
pub mod screen;
pub mod stick;
pub mod terminal;
pub mod windows;
