//! The image on every firmware that PCs have had since 2003, and what it does to a PC's disk.
//!
//! Each boot ends by the guest's own word on the serial line and by the host's look at the disk.
//!
//! - `acceptance`: firmware that refuses a stick, as it was said
//! - `firmware`: BIOS, UEFI and Secure Boot, each against a broken Windows XP
//! - `health`: disks of every kind, one of them failing
//! - `interrupted`: a power cut in the middle of writing
//! - `recorded`: power cuts at every write that reached stick and disk
//! - `rehearsed`: `mendkit rehearse`, as root and as an ordinary user
//! - `refused`: sticks that are not as they were signed
//! - `reports`: what a stick keeps of its runs, and where it goes if the stick is full
//! - `unwilling`: sticks that take no report: write-protected, pulled before it, pulled while it is written
//! - `taken`: what a stick brought home, for the tests that look at it
//! - `states`: disks as only a started PC shows them
//! - `incidents`: other incidents, other drives
//! - `layouts`: a GPT without a hybrid MBR, and an MBR alone
//! - `locked`: volumes that BitLocker locks
//! - `machines`: other PCs, other answers, undo
//! - `refreshed`: a stick that `mendkit refresh` brought to a newer image
//! - `written`: a stick that `mendkit write` wrote
//! - `real_size`: 100 MB of definitions and 256 MiB of memory
//! - `pictures`: every state of the screen, at every size, with the keys of every keyboard
//! - `screen`: what a person sees from across the room, and the stick that is pulled

mod acceptance;
mod firmware;
mod health;
mod incidents;
mod interrupted;
mod layouts;
mod locked;
mod machines;
mod pictures;
mod real_size;
mod recorded;
mod refreshed;
mod refused;
mod rehearsed;
mod reports;
mod rescue;
mod screen;
mod states;
mod taken;
mod unwilling;
mod written;
