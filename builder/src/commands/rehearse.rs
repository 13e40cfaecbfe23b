//! `mendkit rehearse`: the last check before a release. Starts an image in QEMU against a simulated broken
//! PC, shows what its screen says, and ends as the PC did.
//!
//! Without root the simulated PC is filled in namespaces of one's own: the command starts itself again
//! there, and needs nothing that an ordinary user lacks.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use fs_err as fs;
use rehearsal::broken_pc::{ALL_PRESETS, FileSystem, PcSpec, Preset};
use rehearsal::qemu::Firmware;
use rehearsal::rehearse::{Event, Rehearsal, Rehearsed, rehearse};
use rehearsal::tools::require_tool;
use rescue_stick::job::Job;
use rescue_stick::paths;
use rescue_stick::report::{ALL_VERDICTS, Verdict};

use super::{Outcome, print_line};
use crate::cli::{RehearseArgs, RehearsedFirmware};
use crate::verify::place::read_file;
use crate::verify::{Problem, check_read_image, read_image};

/// Set in the environment of the command that was started again.
const IN_NAMESPACES: &str = "MENDKIT_IN_NAMESPACES";

/// The simulated PC that shows what a built-in remedy does.
const PC_OF_REMEDY: &[(&str, &str)] = &[
    ("mcafee-5958", "xp-mcafee-5958-missing"),
    ("crowdstrike-291", "windows-10-crowdstrike-291"),
];

/// Rehearses an image, or lists the simulated PCs.
pub fn run(args: &RehearseArgs) -> anyhow::Result<Outcome> {
    if args.list {
        for preset in &ALL_PRESETS {
            say!(" {:<40} {}", preset.name, preset.about);
        }
        return Ok(Outcome::Done);
    }
    // OK to default: clap demands an image unless the PCs are listed.
    let image = args.image.clone().unwrap_or_default();
    let job = match read_job(&image).context("reading the image")? {
        Ok(job) => job,
        Err(problem) => {
            say!(" problem   {problem}");
            say!(" BAD       not rehearsed: a stick that is not as it was signed repairs nothing");
            return Ok(Outcome::Refused);
        }
    };
    let pc = chosen_pc(args.pc.as_deref(), &job)?;
    let spec = (pc.spec)();
    require_programs(&spec)?;
    enter_namespaces(&spec)?;
    let folder = tempfile::Builder::new()
        .prefix("mendkit-rehearsal-")
        .tempdir()
        .context("making a folder for the rehearsal")?;
    say!(" image     {}   {}", image.display(), job.title);
    say!(" PC        {}   {}", pc.name, pc.about);
    let wanted = Rehearsal {
        image: &image,
        pc: &spec,
        firmware: args.firmware.map(firmware),
        folder: folder.path(),
        limit: Duration::from_secs(args.limit),
        picture: args.picture.as_deref(),
    };
    let mut said = Ok(());
    let rehearsed = rehearse(&wanted, &mut |event| {
        // Who has stopped reading still wants the exit code.
        if said.is_ok() {
            said = show(&event);
        }
    })
    .context("rehearsing")?;
    said?;
    if let Some(keep) = &args.keep {
        keep_disks(folder.path(), keep)?;
    }
    judge(&rehearsed)
}

fn show(event: &Event) -> anyhow::Result<()> {
    match event {
        Event::Started { firmware, made_in } => print_line(format_args!(
            " starts    {}, emulated   disk made in {:.1} s",
            firmware_name(*firmware),
            made_in.as_secs_f64(),
        )),
        Event::Line(after, line) => {
            print_line(format_args!(" {:>5.1} s | {line}", after.as_secs_f64()))
        }
        Event::Answered(after, question, yes) => print_line(format_args!(
            " {:>5.1} s > {question}: {}",
            after.as_secs_f64(),
            if *yes {
                "Enter is pressed"
            } else {
                "N is pressed"
            },
        )),
    }
}

/// Says how it ended; the exit code is that of the verdict.
fn judge(rehearsed: &Rehearsed) -> anyhow::Result<Outcome> {
    let seconds = rehearsed.off_after.as_secs_f64();
    let Some(word) = &rehearsed.verdict else {
        bail!("the PC went off after {seconds:.1} s without a verdict");
    };
    let verdict = ALL_VERDICTS.iter().find(|verdict| verdict.word() == word);
    let verdict = verdict.with_context(|| format!("verdict {word:?}: not known"))?;
    say!(
        " verdict   {word}   {:.1} s after power-on, off after {seconds:.1} s   \
         (a real PC is several times as fast)",
        rehearsed.verdict_after.as_secs_f64(),
    );
    Ok(outcome(*verdict))
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict.exit_code() {
        0 => Outcome::Done,
        1 => Outcome::Found,
        3 => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// Returns what the image is to do, or what is wrong with the image.
fn read_job(path: &Path) -> anyhow::Result<Result<Job, Problem>> {
    let mut file = fs::File::open(path)?;
    let image = read_image(&mut file)?;
    if let Some(problem) = check_read_image(&image, None).problems.into_iter().next() {
        return Ok(Err(problem));
    }
    let job = image.files.iter().find(|file| file.path == paths::JOB);
    let bytes = read_file(&mut file, job.context("there is no job in it")?)?;
    Ok(Ok(Job::parse(&String::from_utf8(bytes)?)?))
}

/// Returns the PC that was asked for, else the one that shows what the first remedy does.
fn chosen_pc(name: Option<&str>, job: &Job) -> anyhow::Result<&'static Preset> {
    let name = match name {
        Some(name) => name,
        None => job
            .remedies
            .iter()
            .find_map(|id| PC_OF_REMEDY.iter().find(|(remedy, _)| remedy == id))
            .map(|(_, pc)| *pc)
            .with_context(|| {
                format!(
                    "no simulated PC is known for {}; choose one with --pc, `mendkit rehearse --list` lists them",
                    job.remedies.join(", ")
                )
            })?,
    };
    let preset = ALL_PRESETS.iter().find(|preset| preset.name == name);
    preset.with_context(|| {
        format!("--pc {name}: no such simulated PC; `mendkit rehearse --list` lists them")
    })
}

/// Names every program that is missing, before anything is done.
fn require_programs(spec: &PcSpec) -> anyhow::Result<()> {
    let of_volume: &[&str] = match spec.file_system {
        FileSystem::Ntfs => &["mkntfs", "ntfs-3g"],
        FileSystem::Fat32 => &["mkfs.fat", "mcopy", "mattrib"],
    };
    let of_boot_volume: &[&str] = if spec.boot_volume {
        &["mkfs.fat", "mcopy", "mattrib"]
    } else {
        &[]
    };
    let all = ["qemu-system-x86_64", "qemu-system-i386", "setpriv", "cp"];
    let all = all.iter().chain(of_volume).chain(of_boot_volume);
    let missing: Vec<String> = all
        .filter_map(|name| require_tool(name).err())
        .map(|error| error.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", missing.join("\n       "))
}

/// Starts this command again where mounting is allowed, unless it is or nothing is to be mounted.
fn enter_namespaces(spec: &PcSpec) -> anyhow::Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    if is_root || spec.file_system != FileSystem::Ntfs || std::env::var_os(IN_NAMESPACES).is_some()
    {
        return Ok(());
    }
    let unshare = || -> anyhow::Result<Command> {
        let mut unshare = Command::new(require_tool("unshare")?);
        unshare.args([
            "--user",
            "--map-current-user",
            "--keep-caps",
            "--mount",
            "--",
        ]);
        Ok(unshare)
    };
    let tried = unshare()?
        .arg("true")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("trying namespaces")?;
    if !tried.status.success() {
        bail!(
            "this system lets no ordinary user fill an NTFS volume ({}); \
             run it as administrator, or rehearse with --pc xp-fat32",
            String::from_utf8_lossy(&tried.stderr).trim()
        );
    }
    let program = std::env::current_exe().context("finding this program")?;
    let error = unshare()?
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(IN_NAMESPACES, "1")
        .exec();
    Err(error).context("starting again in namespaces")
}

fn keep_disks(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for name in ["stick.img", "pc.img"] {
        rehearsal::qemu::copy_image(&from.join(name), &to.join(name))?;
        say!(" kept      {}", to.join(name).display());
    }
    Ok(())
}

fn firmware(named: RehearsedFirmware) -> Firmware {
    match named {
        RehearsedFirmware::Bios => Firmware::Bios,
        RehearsedFirmware::UefiX64 => Firmware::UefiX64,
        RehearsedFirmware::UefiIa32 => Firmware::UefiIa32,
        RehearsedFirmware::SecureBoot => Firmware::SecureBoot2011,
    }
}

fn firmware_name(firmware: Firmware) -> &'static str {
    match firmware {
        Firmware::Bios => "BIOS",
        Firmware::UefiX64 => "UEFI x64",
        Firmware::SecureBoot2011 => "UEFI x64 with Secure Boot (Microsoft 2011 keys)",
        Firmware::SecureBoot2023 => "UEFI x64 with Secure Boot (Microsoft 2023 keys)",
        Firmware::UefiIa32 => "UEFI ia32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_remedy_and_a_pc_that_there_are() {
        for (id, pc) in PC_OF_REMEDY {
            assert!(rescue_stick::remedy::Remedy::built_in(id).is_some(), "{id}");
            assert!(ALL_PRESETS.iter().any(|preset| preset.name == *pc), "{pc}");
        }
    }
}
