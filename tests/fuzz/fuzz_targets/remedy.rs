//! `cargo fuzz run remedy`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("remedy");
