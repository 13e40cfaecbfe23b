//! `cargo fuzz run answers`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("answers");
