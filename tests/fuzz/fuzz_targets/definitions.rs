//! `cargo fuzz run definitions`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("definitions");
