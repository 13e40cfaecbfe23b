//! Makes, signs and verifies mendkit sticks. The binary `mendkit` is a thin shell around this library.

pub mod boot;
pub mod parts;
