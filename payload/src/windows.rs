//! Windows as it lies on a volume: paths, program files, installations and their versions. Read only.

pub mod folders;
pub mod installation;
pub mod path;
pub mod pe;
pub mod version;
