//! What a Windows is, from its registry. Reads only.

use rescue_stick::report::health::WindowsHealth;
use rescue_stick::report::line::Line;

use super::hotfixes::read_hotfixes;
use super::products::describe_product;
use super::programs::read_programs;
use super::services::find_changed_services;
use super::told::Gaps;
use crate::antivirus::product::InstalledProduct;
use crate::hive::key::FileTime;
use crate::hive::{Hive, HiveError};
use crate::repair::time::format_rfc_3339;
use crate::windows::installation::{Installation, OpenedInstallation};
use crate::windows::services::current_control_set;
use crate::windows::version::VERSION_KEY;

/// Reads what the registry of a Windows says.
pub(super) fn read_windows(
    opened: &OpenedInstallation,
    products: &[InstalledProduct],
) -> WindowsHealth {
    let mut gaps = Gaps::default();
    let mut health = describe(&opened.installation, &mut gaps);
    match &opened.software {
        Ok(software) => read_software(software, &mut health, &mut gaps),
        Err(reason) => gaps.note("software", reason),
    }
    if let Ok(software) = &opened.software {
        health.products = products
            .iter()
            .map(|product| describe_product(product, software))
            .collect();
    }
    match &opened.system {
        Ok(system) => read_system(system, &opened.installation, &mut health, &mut gaps),
        Err(reason) => gaps.note("system", reason),
    }
    health.not_told = gaps.into_reasons();
    health
}

/// What was read of the installation already.
fn describe(installation: &Installation, gaps: &mut Gaps) -> WindowsHealth {
    let version = installation.version.as_ref();
    let absent = "the registry does not tell";
    WindowsHealth {
        folder: Line::clean(&installation.folders.windows.to_string()),
        product_name: gaps.line(
            "product-name",
            Ok(version.map(|version| version.product_name.clone())),
            absent,
        ),
        service_pack: gaps.told(
            "service-pack",
            Ok(version.and_then(|version| version.service_pack.map(u64::from))),
            absent,
        ),
        language: gaps.line("language", Ok(installation.language.clone()), absent),
        computer: gaps.line("computer", Ok(installation.computer.clone()), absent),
        ..WindowsHealth::default()
    }
}

fn words(error: &HiveError) -> String {
    format!("registry: {error}")
}

fn read_software(software: &Hive, health: &mut WindowsHealth, gaps: &mut Gaps) {
    let absent = "the registry does not tell";
    let text = |name: &str| -> Result<Option<String>, String> {
        let key = software.key(VERSION_KEY);
        let read = key.and_then(|key| key.map_or(Ok(None), |key| key.text(name)));
        read.map_err(|error| words(&error))
    };
    let number = |name: &str| -> Result<Option<u32>, String> {
        let key = software.key(VERSION_KEY);
        let read = key.and_then(|key| key.map_or(Ok(None), |key| key.number(name)));
        read.map_err(|error| words(&error))
    };
    // Windows XP and before have no such value.
    health.edition = gaps.line("edition", text("EditionID"), "told since Windows Vista");
    // The newer name says more; a Windows has one or the other.
    let lab = text("BuildLabEx")
        .and_then(|lab| lab.map_or_else(|| text("BuildLab"), |lab| Ok(Some(lab))));
    health.build_lab = gaps.line("build-lab", lab, absent);
    let build = text("CurrentBuildNumber").and_then(|build| {
        let is_ten = number("CurrentMajorVersionNumber")?.is_some();
        let kernel = if is_ten {
            Some("10.0".to_owned())
        } else {
            text("CurrentVersion")?
        };
        let revision = number("UBR")?.map(|revision| format!(".{revision}"));
        let revision = revision.unwrap_or_default();
        Ok(kernel
            .zip(build)
            .map(|(kernel, build)| format!("{kernel}.{build}{revision}")))
    });
    health.build = gaps.line("build", build, absent);
    let installed = number("InstallDate").map(|seconds| {
        let seconds = seconds.filter(|seconds| *seconds != 0)?;
        Some(format_rfc_3339(i64::from(seconds)))
    });
    health.installed = gaps.line("installed", installed, absent);
    let hotfixes = read_hotfixes(software)
        .map(Some)
        .map_err(|error| words(&error));
    health.hotfixes = gaps.told("hotfixes", hotfixes, "").unwrap_or_default();
    let programs = read_programs(software)
        .map(Some)
        .map_err(|error| words(&error));
    health.programs = gaps.told("programs", programs, "").unwrap_or_default();
}

fn read_system(
    system: &Hive,
    installation: &Installation,
    health: &mut WindowsHealth,
    gaps: &mut Gaps,
) {
    let set = match current_control_set(system) {
        Ok(set) => set,
        Err(error) => return gaps.note("system", &words(&error)),
    };
    let text = |key: &str, name: &str| -> Result<Option<String>, String> {
        let key = system.key(&format!("{set}\\{key}"));
        let read = key.and_then(|key| key.map_or(Ok(None), |key| key.text(name)));
        let read = read.map_err(|error| words(&error))?;
        Ok(read.filter(|text| !text.trim().is_empty()))
    };
    let parameters = "Services\\Tcpip\\Parameters";
    let domain = text(parameters, "NV Domain").and_then(|domain| {
        domain.map_or_else(|| text(parameters, "Domain"), |name| Ok(Some(name)))
    });
    health.domain = gaps.line("domain", domain, "the computer's name has no domain");
    let shutdown = read_shutdown(system, &set).map_err(|error| words(&error));
    health.last_shutdown = gaps.line("last-shutdown", shutdown, "the registry does not tell");
    let zone = "Control\\TimeZoneInformation";
    let name = text(zone, "TimeZoneKeyName").and_then(|name| match name {
        Some(name) => Ok(Some(name)),
        // Since Vista it may be a reference to a text in a library, which says nothing here.
        None => Ok(text(zone, "StandardName")?.filter(|name| !name.starts_with('@'))),
    });
    health.time_zone = gaps.line("time-zone", name, "the registry does not tell");
    let bias = system
        .key(&format!("{set}\\{zone}"))
        .and_then(|key| key.map_or(Ok(None), |key| key.number("ActiveTimeBias")))
        // Minutes, negative east of Greenwich.
        .map(|bias| bias.map(|bias| i64::from(i32::from_ne_bytes(bias.to_ne_bytes()))))
        .map_err(|error| words(&error));
    health.time_zone_bias_minutes =
        gaps.told("time-zone-bias-minutes", bias, "the registry does not tell");
    let family = installation
        .version
        .as_ref()
        .and_then(|version| version.family);
    let folder = installation.folders.windows.to_string();
    let changed = find_changed_services(system, family, &folder).map_err(|error| words(&error));
    let absent = "what this Windows comes with is not known here";
    health.changed_services = gaps
        .told("changed-services", changed, absent)
        .unwrap_or_default();
}

/// Returns when Windows was last shut down in order. Observed: Windows 7 SP1, eight bytes of FILETIME.
fn read_shutdown(system: &Hive, set: &str) -> Result<Option<String>, HiveError> {
    let Some(key) = system.key(&format!("{set}\\Control\\Windows"))? else {
        return Ok(None);
    };
    let Some(value) = key.value("ShutdownTime")? else {
        return Ok(None);
    };
    let time = <[u8; 8]>::try_from(value.data()?).ok();
    let time = time.map(|bytes| FileTime(u64::from_le_bytes(bytes)).to_unix_seconds());
    Ok(time.filter(|seconds| *seconds > 0).map(format_rfc_3339))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::fixture::real_hive;
    use crate::windows::folders::Folders;
    use crate::windows::path::WindowsPath;
    use crate::windows::version::WindowsVersion;

    fn installation() -> Installation {
        let windows = WindowsPath::parse("\\Windows", None).unwrap();
        Installation {
            folders: Folders::defaults(windows).unwrap(),
            version: Some(WindowsVersion {
                family: Some("7"),
                ..WindowsVersion::default()
            }),
            architecture: None,
            computer: None,
            language: None,
            protected_copies: None,
            installation_sources: Vec::new(),
            drives: Vec::new(),
            time_zone: None,
            problems: Vec::new(),
        }
    }

    /// The values are what hivexget reads from the same hive.
    #[test]
    fn reads_domain_zone_and_shutdown_of_a_real_windows_7() {
        let Some(bytes) = real_hive("SYSTEM") else {
            return;
        };
        let opened = OpenedInstallation {
            installation: installation(),
            software: Err("\\Windows\\System32\\config\\software: missing".into()),
            system: Ok(Hive::parse(bytes).unwrap()),
        };
        let health = read_windows(&opened, &[]);
        assert_eq!(health.domain.unwrap().as_str(), "shieldbase.local");
        assert_eq!(health.time_zone.unwrap().as_str(), "Eastern Standard Time");
        assert_eq!(health.time_zone_bias_minutes, Some(240));
        assert_eq!(
            health.last_shutdown.unwrap().as_str(),
            "2012-04-04T01:58:40Z"
        );
        assert!(health.changed_services.is_empty());
        let reason = health.not_told.get(&Line::clean("software")).unwrap();
        assert!(reason.as_str().ends_with("missing"), "{reason}");
    }

    #[test]
    fn a_windows_without_a_registry_is_described_with_reasons() {
        let opened = OpenedInstallation {
            installation: installation(),
            software: Err("missing".into()),
            system: Err("damaged".into()),
        };
        let health = read_windows(&opened, &[]);
        assert_eq!(health.folder.as_str(), "\\Windows");
        let reasons: Vec<_> = health.not_told.keys().map(Line::as_str).collect();
        assert_eq!(
            reasons,
            [
                "computer",
                "language",
                "product-name",
                "service-pack",
                "software",
                "system"
            ]
        );
    }
}
