//! Generations of loaders, and the revocations that shim holds them against.
//!
//! ```text
//! .sbat        CSV: component, generation, …                      in every EFI program
//! .sbatlevel   u32 version 0 · u32 offset · u32 offset · text 0 · text 0     in shim: what it applies, and the newest
//!              it knows; offsets count from the second u32
//! ```
//!
//! A program is refused if a level names one of its components with a higher generation. Source: shim 16.1,
//! SBAT.md, sbat.c, and include/sbat_var_defs.h.

use std::collections::BTreeMap;
use std::fmt;

/// Components and their generations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbat {
    components: BTreeMap<String, u32>,
}

/// Least generations that are still taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SbatLevel {
    /// The day it was made, as a number: 2025021800.
    pub date: String,
    components: BTreeMap<String, u32>,
}

impl fmt::Display for SbatLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date)
    }
}

impl Sbat {
    /// Reads the section `.sbat`; nothing if it is not such a table.
    pub fn parse(section: &[u8]) -> Option<Self> {
        let components = parse_lines(section)?;
        components
            .contains_key("sbat")
            .then_some(Self { components })
    }

    /// Returns why the program is refused at this level; nothing if it is taken.
    pub fn refusal_at(&self, level: &SbatLevel) -> Option<String> {
        let mut rows = level.components.iter();
        rows.find_map(|(name, least)| {
            let own = self.components.get(name)?;
            (own < least).then(|| format!("{name} {own} is revoked, at least {least} is asked for"))
        })
    }
}

impl SbatLevel {
    /// Reads a level as it stands in shim, and in the variable `SbatLevel`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let first = text.split(|byte| *byte == b'\n').next()?;
        let first = std::str::from_utf8(first).ok()?;
        let date = first.strip_prefix("sbat,1,")?.trim();
        let is_date = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            date: is_date.then(|| date.to_owned())?,
            components: parse_lines(text)?,
        })
    }

    /// Reads the section `.sbatlevel` of shim: the level that it applies by itself, and the newest.
    pub fn parse_section(section: &[u8]) -> Option<[Self; 2]> {
        let word = |at: usize| -> Option<usize> {
            let bytes = section.get(at..)?.first_chunk()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        if word(0)? != 0 {
            return None;
        }
        let level = |offset: usize| {
            let text = section.get(offset.checked_add(4)?..)?;
            Self::parse(text.split(|byte| *byte == 0).next()?)
        };
        Some([level(word(4)?)?, level(word(8)?)?])
    }
}

/// Reads lines of `component,generation,…` up to the first zero byte.
fn parse_lines(bytes: &[u8]) -> Option<BTreeMap<String, u32>> {
    let bytes = bytes.split(|byte| *byte == 0).next()?;
    let text = std::str::from_utf8(bytes).ok()?;
    let mut components = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut fields = line.split(',');
        let name = fields.next()?.to_owned();
        let generation = fields.next()?.trim().parse().ok()?;
        components.insert(name, generation);
    }
    Some(components)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed: shim-signed 1.51~1+deb12u1, section `.sbatlevel`.
    fn section() -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 8, 0, 0, 0, 0x29, 0, 0, 0];
        bytes.extend(b"sbat,1,2025021800\nshim,4\ngrub,5\n\0");
        bytes.extend(b"sbat,1,2025051000\nshim,4\ngrub,5\ngrub.proxmox,2\n\0");
        bytes
    }

    const GRUB: &[u8] = b"sbat,1,SBAT Version,sbat,1,x\ngrub,5,Free Software Foundation\n\
                          grub.debian,5,Debian\ngrub.debian12,1,Debian\n\0\0";

    #[test]
    fn reads_both_levels_of_shim() {
        let [applied, newest] = SbatLevel::parse_section(&section()).unwrap();
        assert_eq!(
            (applied.date.as_str(), newest.date.as_str()),
            ("2025021800", "2025051000")
        );
        assert_eq!(newest.components["grub.proxmox"], 2);
    }

    #[test]
    fn a_lower_generation_than_the_level_is_refused() {
        let grub = Sbat::parse(GRUB).unwrap();
        let [applied, newest] = SbatLevel::parse_section(&section()).unwrap();
        assert_eq!(grub.refusal_at(&applied), None);
        assert_eq!(grub.refusal_at(&newest), None);
        let level = SbatLevel::parse(b"sbat,1,2030010100\nshim,9\ngrub.debian,6\n").unwrap();
        let refusal = grub.refusal_at(&level).unwrap();
        assert_eq!(refusal, "grub.debian 5 is revoked, at least 6 is asked for");
    }

    #[test]
    fn refuses_what_is_no_such_table() {
        for bad in [
            &b""[..],
            b"hello\n",
            b"grub,5\n",
            b"sbat,x\n",
            b"sbat,1,a\ngrub\n",
            b"\xff",
        ] {
            assert_eq!(Sbat::parse(bad), None, "{bad:?}");
        }
        for bad in [
            &b""[..],
            b"sbat,1,2025\n",
            b"sbat,2,2025021800\n",
            b"shim,4\n",
        ] {
            assert_eq!(SbatLevel::parse(bad), None, "{bad:?}");
        }
        let good = section();
        for length in 0..good.len() - 2 {
            let _ = SbatLevel::parse_section(&good[..length]);
        }
        let mut far = good;
        far[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(SbatLevel::parse_section(&far), None);
    }
}
