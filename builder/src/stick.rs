//! Sticks: what makes each of them accountable.

pub mod identity;
