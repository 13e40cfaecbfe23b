//! `cargo fuzz run catalog`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("catalog");
