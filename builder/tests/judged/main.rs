//! Programs and crates that are not ours judge images and labels that mendkit makes.

mod content;
mod inspected;
mod judges;
mod labels;
mod layouts;
mod refused;
mod verified;
mod volume;
