//! `cargo fuzz run keys`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("keys");
