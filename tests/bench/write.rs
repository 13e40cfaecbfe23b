//! Writing sticks: `mendkit write` beside dd, bmaptool, and a loop in lock-step as popsicle has one.
//!
//! Sticks are files here. The first table lets the disk set the pace; everything is made durable and read
//! back past the page cache by all. The second gives every stick the pace of a stick, and one a tenth of
//! it, by which it shows who waits for whom.
#![expect(clippy::print_stdout, reason = "tables are printed")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::lba::{ByteSize, Lba, LbaRange};
use mendkit::stick::Device;
use mendkit::stick::batch::{Job, News, Work, write_sticks};
use mendkit::stick::buffer::AlignedBuffer;
use mendkit::stick::facts::Sources;
use mendkit::stick::linux::{Named, look_at, open_stick};
use mendkit::stick::plan::plan_stick;
use mendkit::stick::probe::{Probe, ProbeExtent};
use mendkit::stick::source::SourceImage;
use support::kit::mendkit;
use support::small_image::make_small_image;
use support::tools::{command, find_tool, run_command, target_folder};

/// About what an image of `mendkit build` holds.
const CONTENT: usize = 90_000_000;

/// Size of the files that stand for sticks.
const STICK: usize = 200_000_000;

/// Bytes a second of a stick, and of a slow one.
const FAST: u64 = 20_000_000;
const SLOW: u64 = 5_000_000;

const ROUNDS: usize = 5;

struct Place {
    folder: tempfile::TempDir,
    image: PathBuf,
    bmap: PathBuf,
}

pub(crate) fn run() -> Result<()> {
    // Beside what is built, since /tmp may be memory.
    let folder = tempfile::tempdir_in(target_folder())?;
    let place = Place {
        image: folder.path().join("rescue.img"),
        bmap: folder.path().join("rescue.bmap"),
        folder,
    };
    make_small_image(&place.image, "bench", CONTENT)?;
    let image = SourceImage::open(fs::File::open(&place.image)?, None)?;
    println!(
        "image {}, {} to write; seconds from the start of the program to the last byte read back",
        image.size,
        image.mapped()
    );
    println!("fastest and median of {ROUNDS} runs\n");
    let has_bmaptool = find_tool("bmaptool").is_some();
    if has_bmaptool {
        let mut bmaptool = command("bmaptool")?;
        bmaptool
            .arg("create")
            .arg("-o")
            .arg(&place.bmap)
            .arg(&place.image);
        run_command(bmaptool)?;
    } else {
        println!("bmaptool is not installed (package bmap-tools)\n");
    }
    println!(
        "{:<26}{:>16}{:>16}{:>16}",
        "sticks at the disk's pace", "1", "4", "8"
    );
    let mut ways: Vec<(&str, Way)> = vec![("mendkit write", by_mendkit), ("dd, cmp", by_dd)];
    if has_bmaptool {
        ways.push(("bmaptool, cmp", by_bmaptool));
        ways.push(("bmaptool, not read back", by_bmaptool_alone));
    }
    ways.push(("lock-step", by_lock_step));
    let mut rows = vec![String::new(); ways.len()];
    for count in [1, 4, 8] {
        let sticks = place.sticks(count)?;
        let mut times = vec![Vec::new(); ways.len()];
        // In turn, so that whatever else the machine does falls on all of them alike.
        for _ in 0..ROUNDS {
            for ((_, way), times) in ways.iter().zip(&mut times) {
                rustix::fs::sync();
                let start = Instant::now();
                way(&place, &sticks)?;
                times.push(start.elapsed().as_secs_f64());
            }
        }
        for (row, mut times) in rows.iter_mut().zip(times) {
            times.sort_by(f64::total_cmp);
            let cell = format!("{:.2} / {:.2}", times[0], times[ROUNDS / 2]);
            row.push_str(&format!("{cell:>16}"));
        }
    }
    for ((name, _), row) in ways.iter().zip(rows) {
        println!("{name:<26}{row}");
    }
    paced(&place, &image)
}

type Way = fn(&Place, &[PathBuf]) -> Result<()>;

impl Place {
    /// Makes files full of what a used stick is full of.
    fn sticks(&self, count: usize) -> Result<Vec<PathBuf>> {
        let names = (0..count).map(|number| self.folder.path().join(format!("stick-{number}")));
        let names: Vec<_> = names.collect();
        for name in &names {
            if !name.exists() {
                fs::write(name, vec![0xd1; STICK])?;
            }
        }
        Ok(names)
    }
}

fn by_mendkit(place: &Place, sticks: &[PathBuf]) -> Result<()> {
    let mut command = Command::new(mendkit());
    command.arg("write").arg(&place.image).args(sticks);
    command.args(["--no-receipts", "--yes-erase", &sticks.len().to_string()]);
    let said = run_command(command)?.text();
    ensure!(said.contains(" 0 bad."), "{said}");
    Ok(())
}

fn by_dd(place: &Place, sticks: &[PathBuf]) -> Result<()> {
    by_shell(
        place,
        sticks,
        "dd if=$image of=$stick bs=4M conv=notrunc,fsync status=none",
        true,
    )
}

fn by_bmaptool(place: &Place, sticks: &[PathBuf]) -> Result<()> {
    by_shell(
        place,
        sticks,
        "bmaptool -q copy --bmap $bmap $image $stick",
        true,
    )
}

fn by_bmaptool_alone(place: &Place, sticks: &[PathBuf]) -> Result<()> {
    by_shell(
        place,
        sticks,
        "bmaptool -q copy --bmap $bmap $image $stick",
        false,
    )
}

/// Runs a shell for each stick, all at once; what was written is dropped from the page cache and compared.
fn by_shell(place: &Place, sticks: &[PathBuf], line: &str, is_compared: bool) -> Result<()> {
    let size = fs::metadata(&place.image)?.len();
    let compare = "dd of=$stick oflag=nocache conv=notrunc count=0 status=none \
                   && cmp -n $size $image $stick";
    let line = if is_compared {
        format!("{line} && {compare}")
    } else {
        line.to_owned()
    };
    let start = |stick: &PathBuf| -> Result<Child> {
        let mut shell = command("bash")?;
        shell.arg("-c").arg(&line).stderr(Stdio::inherit());
        shell.env("image", &place.image).env("bmap", &place.bmap);
        shell.env("stick", stick).env("size", size.to_string());
        Ok(shell.spawn()?)
    };
    let children: Result<Vec<_>> = sticks.iter().map(start).collect();
    for mut child in children? {
        let status = child.wait()?;
        ensure!(status.success(), "{line}: {status}");
    }
    Ok(())
}

fn by_lock_step(place: &Place, sticks: &[PathBuf]) -> Result<()> {
    let image = SourceImage::open(fs::File::open(&place.image)?, None)?;
    let devices: Result<Vec<_>> = sticks.iter().map(|stick| open(stick, None)).collect();
    lock_step(&image, devices?)?;
    Ok(())
}

/// One reader, one buffer, and every stick waits for all others before the next; twice, for writing and for
/// reading back. Returns when each was done, which is when all were.
fn lock_step(image: &SourceImage, mut devices: Vec<Paced>) -> Result<Duration> {
    let start = Instant::now();
    let ranges: Vec<LbaRange> = image.chunks.iter().map(|chunk| chunk.range).collect();
    for is_reading in [false, true] {
        for range in &ranges {
            let length = usize::try_from(range.size().0)?;
            let mut buffer = AlignedBuffer::zeroed(length);
            image.read_at(range.first(), &mut buffer)?;
            let buffer = &buffer;
            let step = |device: &mut Paced| -> io::Result<()> {
                if !is_reading {
                    device.write_at(range.first(), buffer)?;
                    return Ok(());
                }
                let mut found = AlignedBuffer::zeroed(length);
                device.read_at(range.first(), &mut found)?;
                if **buffer != *found {
                    return Err(io::Error::other("reads back other bytes"));
                }
                Ok(())
            };
            thread::scope(|scope| {
                let threads: Vec<_> = devices
                    .iter_mut()
                    .map(|device| scope.spawn(|| step(device)))
                    .collect();
                threads.into_iter().try_for_each(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(io::Error::other("a writer panicked")))
                })
            })?;
        }
        for device in &mut devices {
            device.flush()?;
        }
    }
    Ok(start.elapsed())
}

/// A stick of a certain pace.
struct Paced {
    device: Box<dyn Device>,
    rate: Option<u64>,
    ready_at: Instant,
}

fn open(path: &Path, rate: Option<u64>) -> Result<Paced> {
    let sources = Sources::default();
    let Named::Stick(facts) = look_at(&sources, path)? else {
        anyhow::bail!("{}: not a file", path.display());
    };
    let device = Box::new(open_stick(&sources, &facts)?);
    let ready_at = Instant::now();
    Ok(Paced {
        device,
        rate,
        ready_at,
    })
}

impl Paced {
    fn wait(&mut self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let nanoseconds = u64::try_from(bytes).unwrap_or_default() * 1_000_000_000 / rate;
        self.ready_at = self.ready_at.max(Instant::now()) + Duration::from_nanos(nanoseconds);
    }

    /// Sleeps as long as the stick would still be busy.
    fn settle(&self) {
        thread::sleep(self.ready_at.saturating_duration_since(Instant::now()));
    }
}

impl Device for Paced {
    fn size(&self) -> ByteSize {
        self.device.size()
    }

    fn read_at(&mut self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        self.wait(buffer.len());
        self.device.read_at(lba, buffer)?;
        self.settle();
        Ok(())
    }

    fn write_at(&mut self, lba: Lba, bytes: &[u8]) -> io::Result<usize> {
        self.wait(bytes.len());
        let written = self.device.write_at(lba, bytes)?;
        self.settle();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.device.flush()
    }
}

/// Writes to sticks of these paces by mendkit's own loop; returns when each was done.
fn independent(image: &SourceImage, sticks: &[PathBuf], rates: &[u64]) -> Result<Vec<Duration>> {
    let jobs: Result<Vec<_>> = sticks
        .iter()
        .zip(rates)
        .map(|(stick, rate)| {
            let device: Box<dyn Device> = Box::new(open(stick, Some(*rate))?);
            Ok(Job {
                work: Work::Write {
                    plan: plan_stick(image, device.size())?,
                    probe: Probe {
                        extent: ProbeExtent::Quick,
                        nonce: 1,
                    },
                },
                open: Box::new(move || Ok(device)),
            })
        })
        .collect();
    let start = Instant::now();
    let mut ends = vec![None; rates.len()];
    write_sticks(image, jobs?, &mut |event| {
        if let News::Ended(ended) = event.news {
            ends[event.job] = ended.is_ok().then(|| start.elapsed());
        }
    });
    ends.into_iter()
        .map(|end| end.context("a stick failed"))
        .collect()
}

fn paced(place: &Place, image: &SourceImage) -> Result<()> {
    let sticks = place.sticks(8)?;
    println!(
        "\nsticks of {FAST} bytes a second, the slow one of {SLOW}: seconds until the last fast one is done"
    );
    println!(
        "{:<26}{:>10}{:>10}{:>16}{:>10}{:>10}",
        "", "1", "8", "7 and 1 slow", "delay", "slow one"
    );
    let last = |ends: &[Duration]| {
        let ends = ends.iter().map(Duration::as_secs_f64);
        ends.fold(0.0, f64::max)
    };
    let mut mixed = vec![FAST; 7];
    mixed.push(SLOW);
    let alone = last(&independent(image, &sticks, &[FAST])?);
    let seven = last(&independent(image, &sticks, &[FAST; 7])?);
    let all = last(&independent(image, &sticks, &[FAST; 8])?);
    let ends = independent(image, &sticks, &mixed)?;
    let fast = last(&ends[..7]);
    let row = |name: &str, alone: f64, all: f64, seven: f64, fast: f64, slow: f64| {
        let delay = (fast / seven - 1.0) * 100.0;
        println!("{name:<26}{alone:>10.2}{all:>10.2}{fast:>16.2}{delay:>9.1}%{slow:>10.2}");
    };
    row("mendkit", alone, all, seven, fast, ends[7].as_secs_f64());
    let lock = |rates: &[u64]| -> Result<f64> {
        let devices = sticks
            .iter()
            .zip(rates)
            .map(|(stick, rate)| open(stick, Some(*rate)));
        let devices: Result<Vec<_>> = devices.collect();
        Ok(lock_step(image, devices?)?.as_secs_f64())
    };
    let (alone, seven, all) = (lock(&[FAST])?, lock(&[FAST; 7])?, lock(&[FAST; 8])?);
    let with_slow = lock(&mixed)?;
    row("lock-step", alone, all, seven, with_slow, with_slow);
    Ok(())
}
