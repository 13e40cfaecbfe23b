//! Windows as it lies on a volume: paths, program files and proof of them, installations and their
//! versions. Read only.

pub mod catalog;
pub mod drives;
pub mod folders;
pub mod installation;
pub mod listings;
pub mod path;
pub mod pattern;
pub mod pe;
pub mod services;
pub mod time_zone;
pub mod version;
