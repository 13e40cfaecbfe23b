//! `cargo fuzz run volume`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("volume");
