//! What is mounted, swapped to, or a member of a ZFS pool.

use std::io;

use fs_err as fs;

use super::{DeviceNumber, Sources, Use, parse_number};

/// All mounts and swap areas.
pub(super) struct InUse {
    mounts: Vec<Mount>,
    swaps: Vec<String>,
    has_zfs: bool,
}

struct Mount {
    number: Option<DeviceNumber>,
    source: String,
    at: String,
}

impl InUse {
    pub(super) fn read(sources: &Sources) -> io::Result<Self> {
        let mounts = fs::read_to_string(sources.proc.join("self/mountinfo"))?;
        // A kernel without swap has no such file.
        let swaps = fs::read_to_string(sources.proc.join("swaps")).unwrap_or_default();
        let systems = fs::read_to_string(sources.proc.join("filesystems")).unwrap_or_default();
        let swaps = swaps.lines().skip(1);
        Ok(Self {
            mounts: mounts.lines().filter_map(parse_mount).collect(),
            swaps: swaps
                .filter_map(|line| line.split_whitespace().next())
                .map(unescape)
                .collect(),
            has_zfs: systems.lines().any(|line| line.trim_end().ends_with("zfs")),
        })
    }

    /// Returns who uses the device `node` itself, which may have a name of the device mapper too.
    pub(super) fn of(
        &self,
        sources: &Sources,
        node: &str,
        mapped: Option<&str>,
        number: Option<DeviceNumber>,
    ) -> Vec<Use> {
        let mapped = mapped.map(|name| format!("/dev/mapper/{name}"));
        let names = [Some(format!("/dev/{node}")), mapped];
        let is_it = |name: &str| names.iter().flatten().any(|own| own == name);
        let node = node.to_owned();
        // Btrfs and others mount under a number of their own, so the name counts too.
        let mut at: Vec<&str> = (self.mounts.iter())
            .filter(|mount| is_it(&mount.source) || number.is_some() && mount.number == number)
            .map(|mount| mount.at.as_str())
            .collect();
        at.dedup();
        let mut uses: Vec<Use> = (at.into_iter())
            .map(|at| Use::Mount {
                node: node.clone(),
                at: at.to_owned(),
            })
            .collect();
        if self.swaps.iter().any(|swap| is_it(swap)) {
            uses.push(Use::Swap { node: node.clone() });
        }
        if self.has_zfs
            && let Some(pool) = number.and_then(|number| zfs_pool(sources, number))
        {
            uses.push(Use::Zfs { node, pool });
        }
        uses
    }
}

/// Reads one line. Source: Linux, Documentation/filesystems/proc.rst, 3.5.
fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(2);
    let number = parse_number(before.next()?);
    let at = unescape(before.nth(1)?);
    let source = unescape(after.split(' ').nth(1)?);
    Some(Mount { number, source, at })
}

/// Returns the pool whose member udev saw there. The kernel itself does not tell.
fn zfs_pool(sources: &Sources, number: DeviceNumber) -> Option<String> {
    let DeviceNumber { major, minor } = number;
    let path = sources.run.join(format!("udev/data/b{major}:{minor}"));
    let text = fs::read_to_string(path).ok()?;
    let value = |key: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
        values.next().map(str::to_owned)
    };
    value("E:ID_FS_TYPE=").filter(|kind| kind == "zfs_member")?;
    Some(value("E:ID_FS_LABEL=").unwrap_or_else(|| "unknown".to_owned()))
}

/// Undoes the escapes of /proc: a backslash and three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.first_chunk::<3>().filter(|_| *first == b'\\');
        let value = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match value.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_their_spaces() {
        let line = r"36 35 8:17 / /media/my\040photos rw,noatime shared:1 - vfat /dev/sdb1 rw";
        let mount = parse_mount(line).unwrap();
        let number = mount.number.unwrap();
        assert_eq!((number.major, number.minor), (8, 17));
        assert_eq!(
            (mount.at.as_str(), mount.source.as_str()),
            ("/media/my photos", "/dev/sdb1")
        );
        for line in ["", "36 35 8:17 /", r"1 2 3:4 / /a\0 rw - x"] {
            assert!(parse_mount(line).is_none(), "{line}");
        }
        assert_eq!(unescape(r"a\04"), r"a\04");
        assert_eq!(unescape(r"a\777"), r"a\777");
    }
}
