//! `cargo fuzz run deb`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("deb");
