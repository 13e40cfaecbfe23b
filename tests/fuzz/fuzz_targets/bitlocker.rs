//! `cargo fuzz run bitlocker`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("bitlocker");
