//! Sticks that hold less than they say.

use anyhow::Result;
use mendkit::lba::ByteSize;
use mendkit::stick::probe::{Probe, ProbeExtent, probe_stick};
use rustix::io::Errno;
use support::faulty_device::{Fault, FaultyDevice, Memory};

use crate::bench::quick;

fn probed(says: u64, fault: Fault, extent: ProbeExtent) -> Result<(), String> {
    let mut device = FaultyDevice::new(&Memory::default(), says, fault);
    let probe = Probe { extent, ..quick() };
    let ended = probe_stick(&mut device, probe, &mut |_: ByteSize, _: ByteSize| ());
    ended.map_err(|error| error.to_string())
}

const GB: u64 = 1_000_000_000;
const GIB: u64 = 1 << 30;

#[test]
fn honest_sticks_of_all_sizes_pass() {
    for says in [40 << 20, 4 * GB, 8 * GB - 512, 64 * GB, 2_000 * GB] {
        assert_eq!(
            probed(says, Fault::None, ProbeExtent::Quick),
            Ok(()),
            "{says}"
        );
    }
    assert_eq!(
        probed((40 << 20) + 512, Fault::None, ProbeExtent::Full),
        Ok(())
    );
}

#[test]
fn a_quick_probe_names_what_a_stick_says_and_what_it_holds() {
    let lost = "is lost";
    let wraps = "lands at the start again";
    let refused = "is refused";
    let cases = [
        (
            64 * GB,
            Fault::FakeLost(8 * GB),
            "64.0 GB, holds 8.0 GB",
            lost,
        ),
        (
            64 * GB,
            Fault::FakeLost(7_812_345_856),
            "64.0 GB, holds 7.8 GB",
            lost,
        ),
        (
            64 * GB,
            Fault::FakeLost(64 * GB - 8192),
            "64.0 GB, holds 64.0 GB",
            lost,
        ),
        (
            64 * GB,
            Fault::FakeRefuse(8 * GB),
            "64.0 GB, holds 8.0 GB",
            refused,
        ),
        (
            64 * GB,
            Fault::FakeWrap(8 * GB),
            "64.0 GB, holds 8.0 GB",
            wraps,
        ),
        (
            64 * GIB,
            Fault::FakeWrap(8 * GIB),
            "68.7 GB, holds 8.6 GB",
            wraps,
        ),
        (
            128 * GB,
            Fault::FakeWrap(4 * GIB),
            "128.0 GB, holds 4.3 GB",
            wraps,
        ),
        (
            16 * GB,
            Fault::FakeWrap(128 << 20),
            "16.0 GB, holds 134.2 MB",
            wraps,
        ),
    ];
    for (says, fault, sizes, fate) in cases {
        let expected = format!("fake stick: says {sizes}; what is written behind that {fate}");
        assert_eq!(
            probed(says, fault, ProbeExtent::Quick),
            Err(expected),
            "{fault:?}"
        );
    }
}

#[test]
fn a_full_probe_finds_any_wrap_and_any_single_bad_block() {
    let says = 40 << 20;
    for holds in [17_000_448, 20 << 20, 39 << 20, (1 << 20) + 512 * 3] {
        for (fault, fate) in [
            (Fault::FakeWrap(holds), "lands at the start again"),
            (Fault::FakeLost(holds), "is lost"),
        ] {
            let said = probed(says, fault, ProbeExtent::Full).unwrap_err();
            assert!(
                said.contains("says 41.9 MB, holds ") && said.ends_with(fate),
                "{fault:?}: {said}"
            );
        }
    }
    let said = probed(says, Fault::FakeWrap(17_000_448), ProbeExtent::Full).unwrap_err();
    assert!(said.contains("holds 17.0 MB"), "{said}");
    let said = probed(says, Fault::Flip(7), ProbeExtent::Full).unwrap_err();
    assert_eq!(
        said,
        "byte 7689216: 1 of 81920 probed blocks read back other bytes than were written, the first here"
    );
}

#[test]
fn a_fault_is_not_taken_for_a_fake() {
    let said = probed(64 * GB, Fault::Flip(5), ProbeExtent::Quick).unwrap_err();
    assert!(
        said.starts_with("byte ") && said.contains(": 1 of "),
        "{said}"
    );
    let said = probed(64 * GB, Fault::Refuse(9, Errno::IO), ProbeExtent::Quick).unwrap_err();
    assert!(said.starts_with("probing at byte "), "{said}");
    let said = probed(64 * GB, Fault::Gone(9, 3), ProbeExtent::Quick).unwrap_err();
    assert!(said.starts_with("probing at byte "), "{said}");
}
