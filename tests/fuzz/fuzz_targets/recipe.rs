//! `cargo fuzz run recipe`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("recipe");
