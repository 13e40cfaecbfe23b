//! `cargo fuzz run identity`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("identity");
