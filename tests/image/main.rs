//! Images as a whole, judged by other people's tools.
//!
//! - `judged`: what a partner would check by hand
//! - `same_bytes`: the same inputs give the same image, whatever the surroundings
//! - `surroundings`: and the same again under everything that reprotest varies
//! - `swapped`: other definitions in a finished image
//! - `refused`: what `mendkit` does with bad recipes and bad images

mod judged;
mod refused;
mod same_bytes;
mod surroundings;
mod swapped;
