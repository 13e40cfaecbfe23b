//! Security products: how each is recognised and where it keeps what. All knowledge of vendors is here.

pub mod product;
pub mod quarantine;
pub mod settings;
