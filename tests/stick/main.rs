//! Writing sticks: onto good ones, faulty ones, counterfeit ones, many at once, and with the power cut.
//!
//! - `judged`: sticks that every tool must accept, whatever was on them before
//! - `faults`: a fault at every write
//! - `interrupted`: gone at every write, in this process and as a killed program
//! - `fakes`: sticks that hold less than they say
//! - `identified`: every stick is somebody, and a receipt says who
//! - `refreshed`: brought to a newer image, with what they collected, and with the power cut
//! - `many`: none waits for another, none fails for another
//! - `command`: what `mendkit write` and `mendkit devices` accept, refuse and print

mod bench;
mod command;
mod fakes;
mod faults;
mod identified;
mod interrupted;
mod judged;
mod many;
mod refreshed;
