//! The image on every firmware that PCs have had since 2003, and what it does to a PC's disk.
//!
//! Each boot ends by the guest's own word on the serial line and by the host's look at the disk.
//!
//! - `firmware`: BIOS, UEFI and Secure Boot, each against a broken Windows XP
//! - `interrupted`: a power cut in the middle of writing
//! - `refused`: sticks that are not as they were signed
//! - `machines`: other PCs, other answers, undo
//! - `screen`: what a person sees from across the room, and the stick that is pulled

mod firmware;
mod interrupted;
mod machines;
mod refused;
mod rescue;
mod screen;
