//! Finds, explains and repairs a broken Windows. The binary `mend` is a thin shell around this library.

pub mod area;
pub mod filesystem;
pub mod init;
pub mod journal;
pub mod machine;
pub mod overlay;
pub mod screen;
pub mod stick;
