//! The security descriptor of a Windows folder.
//!
//! ```text
//! header 20 bytes, owner SID, group SID, discretionary ACL: header 8 bytes, entries
//! ```
//! Source: [MS-DTYP] 2.4.2 (SID), 2.4.4.2 (ACCESS_ALLOWED_ACE), 2.4.5 (ACL), 2.4.6 (descriptor).

use crate::error::Result;

/// All access to a file or folder.
const FULL: u32 = 0x001f_01ff;
/// Read and execute.
const READ_EXECUTE: u32 = 0x0012_00a9;
/// Change, short of permissions.
const MODIFY: u32 = 0x0013_01bf;
/// Generic rights, as inheritable entries state them: all; read and execute; and with write and delete.
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_READ_EXECUTE: u32 = 0xa000_0000;
const GENERIC_MODIFY: u32 = 0xe001_0000;
/// Object inherit, container inherit, inherit only.
const INHERIT_ONLY: u8 = 0x0b;

/// Self-relative, discretionary ACL present and protected from what the root would hand down.
const CONTROL: u16 = 0x9004;

/// Returns the descriptor XP gives to `C:\WINDOWS`: users may read and run, power users may
/// change, administrators and the system may do all; owned by the administrators.
pub(super) fn windows_folder_descriptor() -> Result<Vec<u8>> {
    let administrators = sid(5, &[32, 544]);
    let users = sid(5, &[32, 545]);
    let power_users = sid(5, &[32, 547]);
    let system = sid(5, &[18]);
    let creator_owner = sid(3, &[0]);
    let entries = [
        entry(&users, READ_EXECUTE, 0)?,
        entry(&users, GENERIC_READ_EXECUTE, INHERIT_ONLY)?,
        entry(&power_users, MODIFY, 0)?,
        entry(&power_users, GENERIC_MODIFY, INHERIT_ONLY)?,
        entry(&administrators, FULL, 0)?,
        entry(&administrators, GENERIC_ALL, INHERIT_ONLY)?,
        entry(&system, FULL, 0)?,
        entry(&system, GENERIC_ALL, INHERIT_ONLY)?,
        entry(&creator_owner, GENERIC_ALL, INHERIT_ONLY)?,
    ];
    let count = u16::try_from(entries.len())?;
    let entries = entries.concat();

    let group_at = 20 + administrators.len();
    let acl_at = group_at + system.len();
    let mut bytes = vec![1, 0];
    bytes.extend_from_slice(&CONTROL.to_le_bytes());
    // Owner, group, no system ACL, discretionary ACL.
    for offset in [20, group_at, 0, acl_at] {
        bytes.extend_from_slice(&u32::try_from(offset)?.to_le_bytes());
    }
    bytes.extend(administrators);
    bytes.extend(system);
    bytes.extend_from_slice(&[2, 0]);
    bytes.extend_from_slice(&u16::try_from(8 + entries.len())?.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend(entries);
    Ok(bytes)
}

/// Returns a security identifier: `S-1-{authority}-{parts}`. At most 15 parts.
fn sid(authority: u8, parts: &[u32]) -> Vec<u8> {
    let count = u8::try_from(parts.len()).unwrap_or(15);
    let mut bytes = vec![1, count, 0, 0, 0, 0, 0, authority];
    for part in parts.iter().take(15) {
        bytes.extend_from_slice(&part.to_le_bytes());
    }
    bytes
}

/// Returns an entry that allows `mask` to `sid`.
fn entry(sid: &[u8], mask: u32, flags: u8) -> Result<Vec<u8>> {
    let mut bytes = vec![0, flags];
    bytes.extend_from_slice(&u16::try_from(8 + sid.len())?.to_le_bytes());
    bytes.extend_from_slice(&mask.to_le_bytes());
    bytes.extend_from_slice(sid);
    Ok(bytes)
}
