//! Who may change a file, by its security descriptor as it is stored.
//!
//! ```text
//! header 20 bytes: 16 offset of the discretionary ACL    ACL: 4 number of entries, 8 entries
//! entry  0 type  1 flags  2 length  4 mask  8 SID
//! ```
//! Source: [MS-DTYP] 2.4.2, 2.4.4, 2.4.5, 2.4.6.

use anyhow::{Context as _, Result};

/// Rights by which a file or what is in a folder changes: write, append, write attributes, delete, change
/// permissions or owner, all, write (generic).
const CHANGE: u32 =
    0x0002 | 0x0004 | 0x0010 | 0x0100 | 0x0040 | 0x0001_0000 | 0x000c_0000 | 0x5000_0000;
/// ACCESS_ALLOWED_ACE_TYPE.
const ALLOWED: u8 = 0;
/// INHERIT_ONLY_ACE: counts for what will be inside only.
const INHERIT_ONLY: u8 = 0x08;

/// SIDs of everybody, of who is logged on, of guests and of users.
pub const ORDINARY_PEOPLE: [&str; 6] = [
    "S-1-1-0",
    "S-1-5-4",
    "S-1-5-7",
    "S-1-5-11",
    "S-1-5-32-545",
    "S-1-5-32-546",
];

/// Returns the SIDs that may change what has this self-relative descriptor. One without an ACL lets
/// everybody do all.
pub fn who_may_change(descriptor: &[u8]) -> Result<Vec<String>> {
    let acl = usize::try_from(u32_at(descriptor, 16)?)?;
    if acl == 0 {
        return Ok(vec!["S-1-1-0".to_owned()]);
    }
    let mut may = Vec::new();
    let mut at = acl + 8;
    for _ in 0..u16_at(descriptor, acl + 4)? {
        let kind = *descriptor.get(at).context("entry beyond the descriptor")?;
        let flags = *descriptor.get(at + 1).context("entry cut off")?;
        let mask = u32_at(descriptor, at + 4)?;
        if kind == ALLOWED && flags & INHERIT_ONLY == 0 && mask & CHANGE != 0 {
            may.push(sid_at(descriptor, at + 8)?);
        }
        at += usize::from(u16_at(descriptor, at + 2)?);
    }
    Ok(may)
}

/// Returns the SID of the owner.
pub fn owner(descriptor: &[u8]) -> Result<String> {
    sid_at(descriptor, usize::try_from(u32_at(descriptor, 4)?)?)
}

fn sid_at(bytes: &[u8], at: usize) -> Result<String> {
    let count = *bytes.get(at + 1).context("SID beyond the descriptor")?;
    // The authority has 6 bytes, the first of them zero in all that Windows hands out.
    let authority = *bytes.get(at + 7).context("SID cut off")?;
    let mut text = format!("S-1-{authority}");
    for index in 0..usize::from(count) {
        text.push_str(&format!("-{}", u32_at(bytes, at + 8 + 4 * index)?));
    }
    Ok(text)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    let field = bytes.get(at..at + 2).context("descriptor cut off")?;
    Ok(u16::from_le_bytes(field.try_into()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    let field = bytes.get(at..at + 4).context("descriptor cut off")?;
    Ok(u32::from_le_bytes(field.try_into()?))
}
