//! `cargo fuzz run manifest`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("manifest");
