//! Speed, side by side with the field's own tools in one run: `scripts/bench NAME`.
//!
//! Nothing here passes or fails; figures that documents state come from here.
//!
//! - `boot`: a stick from power-on to the first screen and to REPAIRED, beside Debian's netboot installer
//! - `write`: `mendkit write` beside dd, bmaptool and one loop that waits for all
//! - `build`: `mendkit build` beside tar, genimage, and mkfs.fat with mcopy
//! - `collect`: `mendkit collect` on 100,000 signed reports
//! - `refresh`: bytes and seconds of `mendkit refresh` after a change of definitions
//! - `repair`: `mend` on a large NTFS volume with many files, beside ntfs-3g's programs

#![expect(clippy::print_stdout, reason = "a program's own output")]

use anyhow::{Result, bail};

mod boot;
mod build;
mod collect;
mod refresh;
mod repair;
mod sample;
mod write;

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "boot" => boot::measure(std::env::args().nth(2).as_deref()),
        "build" => build::run(),
        "collect" => collect::measure(),
        "repair" => repair::measure(),
        "refresh" => refresh::run(),
        "write" => write::run(),
        _ => bail!(
            "bench {name:?}: unknown, expected one of: boot, build, collect, refresh, repair, write"
        ),
    }
}
