//! Images as a whole, judged by other people's tools.
//!
//! - `acceptance`: which firmware takes an image, by its signatures
//! - `inspected`: every sector explained, differences in words
//! - `judged`: what a partner would check by hand
//! - `same_bytes`: the same inputs give the same image, whatever the surroundings
//! - `surroundings`: and the same again under everything that reprotest varies
//! - `swapped`: other definitions in a finished image
//! - `layouts`: the partition tables beside the usual one
//! - `materials`: the bill of materials
//! - `refused`: what `mendkit` does with bad recipes and bad images

mod acceptance;
mod inspected;
mod judged;
mod layouts;
mod materials;
mod refused;
mod same_bytes;
mod surroundings;
mod swapped;
