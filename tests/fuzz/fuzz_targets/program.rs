//! `cargo fuzz run program`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("program");
