//! `cargo fuzz run fat`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("fat");
