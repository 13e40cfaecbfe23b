//! `cargo fuzz run signature`: see the library.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!("signature");
