//! What the health check says of simulated PCs, held against what other people's tools read.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use mend::options::{Console, Options, run_command};
use rescue_stick::report::Report;
use rescue_stick::report::health::{FileState, WindowsHealth};
use support::broken_pc::{ALL_PRESETS, FileState as Copy, WindowsKind, make_folder, preset};
use support::judges::hive_value;
use support::patient::{Patient, require_patients, text_of};
use support::schema::schema_accepts;
use support::tools::require_tools;

/// Returns the report that `mend diagnose` makes of what `option` names.
fn diagnose(option: &str, place: &Path) -> Result<Report> {
    let words = ["mend", "diagnose", "--json", option, &text_of(place)?].map(str::to_owned);
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let console = Console {
        output: &mut output,
        errors: &mut errors,
        input: &mut io::empty(),
    };
    run_command(&Options::try_parse_from(words)?, console)?;
    let json = String::from_utf8(output)?;
    schema_accepts(&json)?;
    Ok(Report::parse(&json)?)
}

fn only(report: &Report) -> Result<&WindowsHealth> {
    let [health] = report.health.installations.as_slice() else {
        anyhow::bail!(
            "{} installations, expected 1",
            report.health.installations.len()
        );
    };
    Ok(health)
}

#[test]
fn every_simulated_pc_is_described_as_it_was_made() -> Result<()> {
    for known in &ALL_PRESETS {
        let windows = preset(known.name)?.installations.swap_remove(0);
        let pc = tempfile::tempdir()?;
        make_folder(&windows, pc.path())?;
        let report = diagnose("--root", pc.path())?;
        let health = only(&report)?;
        let name = known.name;
        let is_xp = matches!(windows.kind, WindowsKind::XpSp2 | WindowsKind::XpSp3);
        let text = |line: &Option<_>| line.as_ref().map(ToString::to_string);
        assert_eq!(
            text(&health.computer).as_ref(),
            Some(&windows.computer_name),
            "{name}"
        );
        assert_eq!(
            text(&health.domain).as_deref(),
            Some("acme.example"),
            "{name}"
        );
        let zone = text(&health.time_zone);
        assert_eq!(zone.as_deref(), Some("W. Europe Standard Time"), "{name}");
        assert_eq!(health.time_zone_bias_minutes, Some(-120), "{name}");
        let time = text(&health.last_shutdown);
        assert_eq!(time.as_deref(), Some("2010-04-21T15:00:00Z"), "{name}");
        let time = text(&health.installed);
        assert_eq!(time.as_deref(), Some("2008-08-29T08:53:20Z"), "{name}");
        let build = match windows.kind {
            WindowsKind::XpSp2 | WindowsKind::XpSp3 => "5.1.2600",
            WindowsKind::Windows7 => "6.1.7601",
            WindowsKind::Windows10 => "10.0.19045",
        };
        assert_eq!(text(&health.build).as_deref(), Some(build), "{name}");
        let hotfixes: Vec<_> = health
            .hotfixes
            .items
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let expect: &[&str] = if is_xp {
            &["KB923561", "KB958644"]
        } else {
            &["KB976902"]
        };
        assert_eq!(hotfixes, expect, "{name}");
        let programs: Vec<_> = health
            .programs
            .items
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(programs, ["Adobe Reader 9.3 - Français"], "{name}");
        assert_eq!(health.changed_services, [], "{name}");
        // The catalog of a test proves nothing here, so only what is there counts.
        let odd: Vec<_> = health
            .system_files
            .iter()
            .filter(|file| file.state != FileState::Present)
            .map(|file| (file.path.as_str(), file.state))
            .collect();
        let svchost = format!("\\{}", windows.svchost_path().replace('/', "\\"));
        let expect = match windows.svchost {
            Copy::Missing => vec![(svchost.as_str(), FileState::Missing)],
            Copy::Empty => vec![(svchost.as_str(), FileState::Empty)],
            _ => vec![],
        };
        assert_eq!(odd, expect, "{name}");
        let settings: Vec<_> = health
            .products
            .iter()
            .flat_map(|product| product.settings.iter().map(|setting| setting.on))
            .collect();
        let expect = match windows.dat {
            Some(_) => vec![Some(windows.svchost != Copy::Good), Some(false)],
            None => vec![],
        };
        assert_eq!(settings, expect, "{name}");
        let boot = &report.health.volumes[0].boot_files;
        assert_eq!(boot.len(), if is_xp { 3 } else { 2 }, "{name}");
        assert!(
            boot.iter().all(|file| file.state == FileState::Present),
            "{name}"
        );
        assert!(report.health.volumes[0].free_bytes.is_some(), "{name}");
        assert!(
            report.health.disks.is_empty(),
            "{name}: a folder has no disk"
        );
    }
    Ok(())
}

#[test]
fn hivexget_reads_the_same_from_the_registry() -> Result<()> {
    if !require_tools(&["hivexget"]) {
        return Ok(());
    }
    for name in ["xp-mcafee-5958-missing", "windows-7", "xp-japanese"] {
        let windows = preset(name)?.installations.swap_remove(0);
        let pc = tempfile::tempdir()?;
        make_folder(&windows, pc.path())?;
        let report = diagnose("--root", pc.path())?;
        let health = only(&report)?;
        let config = pc.path().join(windows.system_folder()).join("config");
        let is_xp = matches!(windows.kind, WindowsKind::XpSp2 | WindowsKind::XpSp3);
        let hive = |hive: &str, key: &str, value: &str| {
            let file = if is_xp {
                hive.to_owned()
            } else {
                hive.to_uppercase()
            };
            hive_value(&config.join(file), key, value)
        };
        let current = "Microsoft\\Windows NT\\CurrentVersion";
        let parameters = "ControlSet001\\Services\\Tcpip\\Parameters";
        let told = |line: &Option<_>| line.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(
            told(&health.product_name),
            hive("software", current, "ProductName")?
        );
        assert_eq!(
            told(&health.build_lab),
            hive("software", current, "BuildLab")?
        );
        assert_eq!(
            told(&health.domain),
            hive("system", parameters, "NV Domain")?
        );
        let zone = "ControlSet001\\Control\\TimeZoneInformation";
        let bias = hive("system", zone, "ActiveTimeBias")?;
        let bias = bias.strip_prefix("dword:").context("no number")?;
        let bias = u32::from_str_radix(bias, 16)?;
        let told = health.time_zone_bias_minutes.context("not told")?;
        assert_eq!(told, i64::from(i32::from_ne_bytes(bias.to_ne_bytes())));
        let name = "ControlSet001\\Control\\ComputerName\\ComputerName";
        assert_eq!(
            health.computer.as_ref().map(ToString::to_string),
            Some(hive("system", name, "ComputerName")?)
        );
        let installed = hive("software", current, "InstallDate")?;
        assert_eq!(installed, format!("dword:{:08x}", 1_220_000_000));
        let crypt = hive("system", "ControlSet001\\Services\\CryptSvc", "Start")?;
        assert_eq!(crypt, "dword:00000002", "no service is told to be changed");
        // A 64-bit Windows keeps a 32-bit product's keys elsewhere.
        for product in health.products.iter().filter(|_| is_xp) {
            let engine = "McAfee\\AVEngine";
            let number = |value: &str| -> Result<u32> {
                let text = hive("software", engine, value)?;
                let digits = text.strip_prefix("dword:").context("no number")?;
                Ok(u32::from_str_radix(digits, 16)?)
            };
            let definitions = product.definitions.as_ref().map(ToString::to_string);
            let judged = (number("AVDatVersion")?, number("AVDatVersionMinor")?);
            assert_eq!(definitions, Some(format!("{}.{:04}", judged.0, judged.1)));
            let engine = product.engine.as_ref().map(ToString::to_string);
            let judged = (number("EngineVersionMajor")?, number("EngineVersionMinor")?);
            assert_eq!(engine, Some(format!("{}.{:04}", judged.0, judged.1)));
        }
        let program = &health.programs.items[0];
        let key = "Microsoft\\Windows\\CurrentVersion\\Uninstall\\Reader";
        let version = program.version.as_ref().map(ToString::to_string);
        assert_eq!(version, Some(hive("software", key, "DisplayVersion")?));
    }
    Ok(())
}

#[test]
fn a_volume_in_a_file_is_described_and_not_written_to() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    let volume = patient.volume().path();
    let before = fs_err::read(volume)?;
    let report = diagnose("--volume", volume)?;
    assert_eq!(fs_err::read(volume)?, before);
    let health = &report.health;
    let windows = only(&report)?;
    assert_eq!(windows.hotfixes.items.len(), 2);
    let missing = windows.system_files.iter();
    let missing = missing.filter(|file| file.state == FileState::Missing);
    assert_eq!(missing.count(), 1);
    let free = health.volumes[0]
        .free_bytes
        .context("free space is not told")?;
    assert!((1 << 20..96 << 20).contains(&free), "{free}");
    // A file that stands for a partition is on none of this computer's disks.
    assert!(health.disks.is_empty());
    let reason = health
        .machine
        .not_told
        .values()
        .next()
        .context("no reason")?;
    assert_eq!(reason.as_str(), "only volumes of this PC were given");
    Ok(())
}
