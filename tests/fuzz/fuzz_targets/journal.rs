//! `cargo fuzz run journal`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("journal");
