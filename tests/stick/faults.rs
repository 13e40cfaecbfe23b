//! Every kind of fault, at every write: the stick is found bad, or it is perfect.

use anyhow::Result;
use mendkit::verify::read_image;
use rustix::io::Errno;
use std::io::Cursor;
use support::faulty_device::{Fault, Memory};

use crate::bench::{Made, STICK};

/// What matters of a stick: everything that was to be written, or to be cleared.
fn is_perfect(made: &Made, stick: Vec<u8>) -> Result<bool> {
    for chunk in &made.image.chunks {
        let mut bytes = vec![0; usize::try_from(chunk.range.size().0)?];
        made.image.read_at(chunk.range.first(), &mut bytes)?;
        let start = usize::try_from(chunk.range.first().byte_offset())?;
        if stick[start..start + bytes.len()] != bytes {
            return Ok(false);
        }
    }
    let found = read_image(&mut Cursor::new(stick))?;
    Ok(found.problems.is_empty()
        && found.notes.is_empty()
        && found.image_size == Some(found.medium_size))
}

/// Puts the fault at every write in turn; returns how many sticks were found bad, and of how many.
fn try_everywhere(fault: impl Fn(usize) -> Fault) -> Result<(usize, usize)> {
    let made = Made::new("faults")?;
    let (good, writes) = made.write(&Memory::default(), Fault::None);
    good?;
    let mut bad = 0;
    for number in 0..writes {
        let memory = Memory::default();
        let (ended, _) = made.write(&memory, fault(number));
        match ended {
            Ok(()) => assert!(
                is_perfect(&made, memory.to_vec(STICK))?,
                "{:?}: called good, but it is not",
                fault(number)
            ),
            Err(_) => bad += 1,
        }
    }
    Ok((bad, writes))
}

#[test]
fn a_good_stick_is_perfect_and_short_writes_are_carried_on() -> Result<()> {
    let made = Made::new("faults")?;
    for fault in [Fault::None, Fault::Short] {
        let memory = Memory::default();
        made.write(&memory, fault).0?;
        assert!(is_perfect(&made, memory.to_vec(STICK))?, "{fault:?}");
    }
    Ok(())
}

#[test]
fn a_write_that_is_refused_fails_the_stick_with_the_place() -> Result<()> {
    for errno in [Errno::IO, Errno::NOSPC] {
        let (bad, writes) = try_everywhere(|number| Fault::Refuse(number, errno))?;
        assert_eq!(bad, writes, "{errno:?}");
    }
    let made = Made::new("faults")?;
    let (ended, _) = made.write(&Memory::default(), Fault::Refuse(0, Errno::IO));
    let error = anyhow::Error::from(ended.unwrap_err());
    assert_eq!(
        format!("{error:#}"),
        "writing at LBA 0: Input/output error (os error 5)"
    );
    Ok(())
}

#[test]
fn a_stick_that_is_pulled_out_fails() -> Result<()> {
    let (bad, writes) = try_everywhere(|number| Fault::Gone(number, 1))?;
    assert_eq!(bad, writes);
    Ok(())
}

#[test]
fn what_arrives_changed_is_found_or_was_written_over() -> Result<()> {
    // The four writes of the first clearing are written again later, and of the last MiB the second clearing
    // only repeats the first; all others have no second chance.
    for fault in [Fault::Flip, Fault::Drop, Fault::Misplace] {
        let (bad, writes) = try_everywhere(fault)?;
        assert!(bad >= writes - 5, "{bad} of {writes}: {:?}", fault(0));
    }
    // Two writes of different lengths do not change places, and of two clearings it does not matter.
    let (bad, writes) = try_everywhere(Fault::Swap)?;
    assert!(bad >= writes / 2, "{bad} of {writes}");
    Ok(())
}

#[test]
fn what_is_read_back_changed_is_found_and_its_sectors_named() -> Result<()> {
    let made = Made::new("faults")?;
    let memory = Memory::default();
    made.write(&memory, Fault::None).0?;
    let mut bad = 0;
    let mut message = String::new();
    for number in 0..200 {
        if let (Err(error), _) = made.write(&Memory::default(), Fault::FlipRead(number)) {
            bad += 1;
            message = error.to_string();
        } else {
            break;
        }
    }
    // One a read of the probe, of each chunk, of each cleared range, and of the last pieces.
    assert!(bad > 20, "{bad}");
    assert!(
        message.ends_with("reads back other bytes than were written, expected MBR"),
        "{message}"
    );
    Ok(())
}
