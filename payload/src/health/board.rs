//! Firmware, board and processor as a report has them. Pure.

use rescue_stick::report::health::MachineHealth;
use rescue_stick::report::line::Line;

use super::told::Gaps;
use super::{cpu, firmware};
use crate::machine::hardware::Hardware;

/// What makers leave in a field that they did not fill in.
const ALL_BLANKS: &[&str] = &[
    "to be filled by o.e.m.",
    "default string",
    "not specified",
    "not applicable",
    "system serial number",
    "base board serial number",
    "none",
    "n/a",
    "0",
];

/// Returns what is told of the machine itself.
pub(super) fn describe_machine(hardware: &Hardware) -> MachineHealth {
    let mut gaps = Gaps::default();
    if let Some(reason) = &hardware.silence {
        gaps.note("machine", reason);
        return MachineHealth {
            not_told: gaps.into_reasons(),
            ..MachineHealth::default()
        };
    }
    let mut dmi = |field: &str, name: &str| -> Option<Line> {
        let text = hardware.dmi.get(name).filter(|text| !is_blank(text));
        gaps.line(field, Ok(text.cloned()), "DMI does not tell")
    };
    let mut health = MachineHealth {
        firmware_version: dmi("firmware-version", "bios_version"),
        firmware_date: dmi("firmware-date", "bios_date"),
        board_vendor: dmi("board-vendor", "board_vendor"),
        board_model: dmi("board-model", "board_name"),
        board_serial: dmi("board-serial", "board_serial"),
        asset_tag: dmi("asset-tag", "chassis_asset_tag"),
        ..MachineHealth::default()
    };
    let secure_boot = firmware::read_secure_boot(&hardware.firmware).map(Some);
    health.secure_boot = gaps.told("secure-boot", secure_boot, "");
    let list = hardware.cpuinfo.as_deref().unwrap_or_default();
    let absent = "the kernel does not tell";
    health.processor = gaps.line("processor", Ok(cpu::read_name(list)), absent);
    health.processor_count = gaps.told("processor-count", Ok(cpu::count(list)), absent);
    health.not_told = gaps.into_reasons();
    health
}

fn is_blank(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    ALL_BLANKS.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_the_maker_did_not_fill_in_are_not_told() {
        let mut hardware = Hardware {
            cpuinfo: Some("processor: 0\nmodel name: Pentium II".into()),
            ..Hardware::default()
        };
        for (name, text) in [
            ("board_name", "0M858N"),
            ("board_serial", "To Be Filled By O.E.M."),
            ("chassis_asset_tag", "None"),
        ] {
            hardware.dmi.insert(name.into(), text.into());
        }
        let health = describe_machine(&hardware);
        assert_eq!(health.board_model.unwrap().as_str(), "0M858N");
        assert_eq!(health.processor_count, Some(1));
        assert_eq!((health.board_serial, health.asset_tag), (None, None));
        let reasons: Vec<_> = health.not_told.keys().map(Line::as_str).collect();
        assert_eq!(
            reasons,
            [
                "asset-tag",
                "board-serial",
                "board-vendor",
                "firmware-date",
                "firmware-version"
            ]
        );
    }

    #[test]
    fn a_folder_tells_nothing_and_says_why() {
        let health = describe_machine(&Hardware::untold("a folder stands for this PC"));
        assert_eq!(health.processor, None);
        let reason = health.not_told.values().next().unwrap();
        assert_eq!(reason.as_str(), "a folder stands for this PC");
    }
}
