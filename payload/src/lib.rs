//! Finds, explains and repairs a broken Windows. The binary `mend` is a thin shell around this library.

pub mod hive;
pub mod machine;
pub mod screen;
pub mod stick;
