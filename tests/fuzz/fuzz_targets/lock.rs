//! `cargo fuzz run lock`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("lock");
