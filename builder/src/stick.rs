//! Sticks: what makes each of them accountable.

pub mod identity;
pub mod image_facts;
pub mod labels;
pub mod receipts;
