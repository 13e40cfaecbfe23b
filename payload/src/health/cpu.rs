//! The processor, from the kernel's list. Pure.

/// Returns the name of the processor, if the list has one.
pub(super) fn read_name(cpuinfo: &str) -> Option<String> {
    let name = field(cpuinfo, "model name").or_else(|| field(cpuinfo, "cpu model"));
    // Makers pad the name with spaces.
    name.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns how many processors are listed.
pub(super) fn count(cpuinfo: &str) -> Option<u64> {
    let listed = cpuinfo.lines().filter(|line| {
        line.split(':')
            .next()
            .is_some_and(|key| key.trim() == "processor")
    });
    u64::try_from(listed.count())
        .ok()
        .filter(|count| *count > 0)
}

fn field<'t>(cpuinfo: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(key, _)| key.trim() == name)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_counts_processors() {
        let two = "processor\t: 0\nmodel name\t: Intel(R) Pentium(R)   4 CPU 2.80GHz\n\n\
                   processor\t: 1\nmodel name\t: Intel(R) Pentium(R)   4 CPU 2.80GHz\n";
        assert_eq!(read_name(two).unwrap(), "Intel(R) Pentium(R) 4 CPU 2.80GHz");
        assert_eq!(count(two), Some(2));
        for odd in ["", "model name", "model name:\n", "\0\0"] {
            assert_eq!((read_name(odd), count(odd)), (None, None), "{odd:?}");
        }
    }
}
