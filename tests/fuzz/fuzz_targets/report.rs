//! `cargo fuzz run report`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("report");
