//! `broken-pc`: makes simulated broken PCs and definitions, and says what became of a PC's disk.
//!
//! Exit codes: 0 done; 1 `inspect` found a Windows that is broken; 2 could not do it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's own output"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use support::broken_pc::{ALL_PRESETS, PcSpec, make_disk, make_folder, preset};
use support::catalog;
use support::definitions::{DatSizes, make_definitions};
use support::inspect::{Verdict, verdicts};
use support::tools::sha256_hex;
use support::wine::wine_svchost;

/// Simulated broken PCs.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the disk of a PC as an image file, or the files of its first Windows as a folder
    Make {
        /// Which PC; `broken-pc presets` lists them
        #[arg(long, default_value = "xp-mcafee-5958-missing")]
        preset: String,
        /// Make a folder instead of a disk image
        #[arg(long)]
        folder: bool,
        /// DAT files of about 100 MB on a volume of 512 MiB, as in 2010
        #[arg(long)]
        realistic: bool,
        /// Add a catalog of XP's form that lists the right svchost.exe; only tests trust its root
        #[arg(long)]
        signed_catalog: bool,
        /// Where to
        #[arg(short)]
        output: PathBuf,
    },
    /// List the PCs that can be made
    Presets,
    /// Make avvdat-5959.zip and avvdat.ini
    Definitions {
        /// Release of the definitions
        #[arg(long, default_value_t = 5959)]
        dat: u32,
        /// About 100 MB, as in 2010
        #[arg(long)]
        realistic: bool,
        /// Folder to put them into
        #[arg(short)]
        output: PathBuf,
    },
    /// Say what the host sees of every Windows on a disk image
    Inspect {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Disk image
        image: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Make {
            preset,
            folder,
            realistic,
            signed_catalog,
            output,
        } => {
            let mut spec = preset_spec(&preset, realistic)?;
            for windows in &mut spec.installations {
                windows.base_program = Some(wine_svchost()?.into());
                if signed_catalog {
                    windows.extras.push(catalog::signed_catalog(windows)?);
                }
            }
            make(&spec, folder, &output)?;
        }
        Command::Presets => {
            for preset in &ALL_PRESETS {
                println!("{:<28} {}", preset.name, preset.about);
            }
        }
        Command::Definitions {
            dat,
            realistic,
            output,
        } => {
            let sizes = if realistic {
                DatSizes::REALISTIC
            } else {
                DatSizes::SMALL
            };
            let made = make_definitions(dat, sizes, &output)?;
            println!("{}", made.zip.display());
            println!("{}", made.ini.display());
            for (name, content) in &made.members {
                println!(
                    "  {name}  {} bytes  sha256 {}",
                    content.len(),
                    sha256_hex(content)
                );
            }
        }
        Command::Inspect { json, image } => return inspect(json, &image),
    }
    Ok(ExitCode::SUCCESS)
}

fn preset_spec(name: &str, realistic: bool) -> Result<PcSpec> {
    let mut spec = preset(name)?;
    if realistic {
        spec.volume_size = 512 << 20;
        for windows in &mut spec.installations {
            windows.dat_sizes = DatSizes::REALISTIC;
        }
    }
    Ok(spec)
}

fn make(spec: &PcSpec, folder: bool, output: &Path) -> Result<()> {
    if folder {
        make_folder(&spec.installations[0], output)?;
        println!("{}", output.display());
        return Ok(());
    }
    let made = make_disk(spec, output)?;
    println!("{}", made.path.display());
    for volume in &made.volumes {
        let windows = &volume.windows;
        println!(
            "  at {}: {:?}, {:?}, {:?}, DAT {}, svchost.exe is {:?}",
            volume.offset,
            volume.file_system,
            windows.kind,
            windows.language,
            windows
                .dat
                .map_or_else(|| "none".to_owned(), |dat| dat.to_string()),
            windows.svchost,
        );
    }
    Ok(())
}

fn inspect(json: bool, image: &Path) -> Result<ExitCode> {
    let verdicts = verdicts(image)?;
    ensure!(
        !verdicts.is_empty(),
        "{}: no Windows found",
        image.display()
    );
    if json {
        println!("{}", serde_json::to_string_pretty(&verdicts)?);
    } else {
        verdicts.iter().for_each(print);
    }
    let all_repaired = verdicts.iter().all(|verdict| verdict.repaired);
    Ok(if all_repaired {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn print(verdict: &Verdict) {
    println!("volume at {}", verdict.offset);
    match (&verdict.size, &verdict.sha256) {
        (Some(size), Some(sha256)) => {
            let version = verdict
                .version
                .as_deref()
                .unwrap_or("none, or its checksum is wrong");
            println!("  {}  {size} bytes  sha256 {sha256}", verdict.svchost);
            println!("    version {version}");
        }
        _ => println!("  {}  missing", verdict.svchost),
    }
    for (path, sha256, version) in &verdict.dat_files {
        let version = version.map_or_else(|| "unknown".to_owned(), |dat| format!("DAT {dat}"));
        println!("  {path}  {version}  sha256 {sha256}");
    }
    println!(
        "  {}",
        if verdict.repaired {
            "REPAIRED"
        } else {
            "BROKEN"
        }
    );
}
