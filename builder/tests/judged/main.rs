//! Programs and crates that are not ours judge images that mendkit makes.

mod content;
mod judges;
mod refused;
mod verified;
mod volume;
