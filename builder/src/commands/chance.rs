//! Random numbers of the system.

use std::io::Read as _;

use anyhow::Context as _;
use fs_err as fs;

/// Returns random bytes.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.context("drawing random numbers")?;
    Ok(bytes)
}
