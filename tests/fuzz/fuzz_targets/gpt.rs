//! `cargo fuzz run gpt`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("gpt");
