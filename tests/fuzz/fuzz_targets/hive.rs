//! `cargo fuzz run hive`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("hive");
