//! Spoiled copies of good files, the same every time, and a bound on what they may cost.

use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::random::Random;

/// Bytes that this whole process may hold. The largest fixture has a few MiB, and what is made of it a few
/// times that; a parser that believes a length of 32 bits wants more than this.
const MEMORY: u64 = 1 << 30;

/// How long one spoiled copy may take. Generous: the machine may be busy; a loop has no end at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Numbers that sizes and offsets go wrong by.
const ALL_ODD_NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    u64::MAX,
];

/// Makes sure that no parser takes memory without bound: what is beyond ends the process.
pub(crate) fn limit_memory() {
    let limit = Rlimit {
        current: Some(MEMORY),
        maximum: getrlimit(Resource::Data).maximum,
    };
    setrlimit(Resource::Data, limit).expect("a limit may always be lowered");
}

/// Where a file is spoiled: anywhere, or in these ranges, which are where its structure lies.
pub(crate) type Places<'a> = &'a [std::ops::Range<usize>];

/// Spoils `good` in `count` ways, one to four at once.
pub(crate) fn mutants(
    name: &str,
    good: &[u8],
    places: Places<'_>,
    count: usize,
) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random::from_text(name);
    (0..count).map(move |_| {
        let mut bytes = good.to_vec();
        for _ in 0..=below(&mut random, 4) {
            spoil(&mut random, &mut bytes, places);
        }
        bytes
    })
}

fn below(random: &mut Random, limit: usize) -> usize {
    let limit = u64::try_from(limit.max(1)).unwrap_or(1);
    usize::try_from(random.next_number() % limit).unwrap_or(0)
}

fn place(random: &mut Random, length: usize, places: Places<'_>) -> usize {
    match places.get(below(random, places.len().saturating_add(1))) {
        Some(range) => range.start.saturating_add(below(random, range.len())),
        None => below(random, length),
    }
}

fn spoil(random: &mut Random, bytes: &mut Vec<u8>, places: Places<'_>) {
    let at = place(random, bytes.len(), places);
    let kind = below(random, 16);
    let width = 1 << below(random, 4);
    match kind {
        0..=3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << below(random, 8);
            }
        }
        4..=9 => {
            let odd = ALL_ODD_NUMBERS[below(random, ALL_ODD_NUMBERS.len())];
            let at = at / width * width;
            if let Some(field) = bytes.get_mut(at..at.saturating_add(width)) {
                field.copy_from_slice(&odd.to_le_bytes()[..width]);
            }
        }
        10..=12 => {
            // A field that points or measures like another one: loops and overlaps.
            let from = place(random, bytes.len(), places) / width * width;
            let at = at / width * width;
            if from.max(at).saturating_add(width) <= bytes.len() {
                bytes.copy_within(from..from + width, at);
            }
        }
        13 => bytes.truncate(at),
        14 => {
            let end = at.saturating_add(1 << below(random, 10)).min(bytes.len());
            bytes.drain(at.min(end)..end);
        }
        _ => {
            let more = vec![u8::try_from(kind).unwrap_or(0); 1 << below(random, 10)];
            let at = at.min(bytes.len());
            bytes.splice(at..at, more);
        }
    }
}

/// Shows every mutant to `judge` in a thread of its own, which may neither panic nor take for ever. Some must be
/// taken for good, and some not.
pub(crate) fn check<J>(
    name: &'static str,
    mutants: impl Iterator<Item = Vec<u8>>,
    judge: J,
) -> Result<()>
where
    J: Fn(&[u8]) -> Result<bool> + Send + 'static,
{
    let (passed, count) = check_each(name, mutants, judge)?;
    // Mutants that are all refused at the door, or none of which is, would show nothing.
    if passed == 0 || passed == count {
        bail!("{name}: {passed} of {count} mutants were taken for good");
    }
    Ok(())
}

/// As [`check`], but returns how many were taken for good, and how many there were.
pub(crate) fn check_each<J>(
    name: &'static str,
    mutants: impl Iterator<Item = Vec<u8>>,
    judge: J,
) -> Result<(usize, usize)>
where
    J: Fn(&[u8]) -> Result<bool> + Send + 'static,
{
    let (give, take) = mpsc::sync_channel::<(usize, Vec<u8>)>(1);
    let (say, hear) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        for (number, bytes) in take {
            let judged = judge(&bytes).with_context(|| format!("{name}: mutant {number}"));
            if say.send(judged).is_err() {
                return;
            }
        }
    });
    let (mut passed, mut count) = (0, 0);
    for (number, mutant) in mutants.enumerate() {
        give.send((number, mutant))
            .with_context(|| format!("{name}: before mutant {number}"))?;
        match hear.recv_timeout(PATIENCE) {
            Ok(judged) => passed += usize::from(judged?),
            Err(mpsc::RecvTimeoutError::Timeout) => bail!("{name}: mutant {number} takes for ever"),
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("{name}: mutant {number} panics"),
        }
        count += 1;
    }
    drop(give);
    if worker.join().is_err() {
        bail!("{name}: the last mutant panics");
    }
    Ok((passed, count))
}
