//! Whether the firmware enforces Secure Boot. Pure.

use crate::machine::hardware::FirmwareAnswers;

/// Where the kernel keeps what its own start from UEFI found of Secure Boot. Source: Linux,
/// Documentation/arch/x86/zero-page.rst, offset 1EC, `secure_boot`.
const SECURE_BOOT: usize = 0x1EC;

/// Values there. Source: linux/efi.h, `enum efi_secureboot_mode`: 0 unset, 1 unknown.
const DISABLED: u8 = 2;
const ENABLED: u8 = 3;

/// Returns whether Secure Boot is enforced, or why that is not told.
pub(super) fn read_secure_boot(firmware: &FirmwareAnswers) -> Result<bool, String> {
    // A BIOS, or UEFI in its manner, lets anything start.
    if !firmware.is_uefi {
        return Ok(false);
    }
    // Four bytes of attributes come first. Source: Linux, Documentation/filesystems/efivarfs.rst.
    if let Some([_, _, _, _, value]) = firmware.secure_boot_variable.as_deref() {
        return Ok(*value == 1);
    }
    let parameters = firmware.boot_parameters.as_deref().unwrap_or_default();
    match parameters.get(SECURE_BOOT) {
        Some(&DISABLED) => Ok(false),
        Some(&ENABLED) => Ok(true),
        Some(other) => Err(format!("the kernel was told {other}, expected 2 or 3")),
        None => Err("neither the firmware nor the boot loader says so".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uefi(variable: Option<&[u8]>, parameter: Option<u8>) -> FirmwareAnswers {
        FirmwareAnswers {
            is_uefi: true,
            secure_boot_variable: variable.map(<[u8]>::to_vec),
            boot_parameters: parameter.map(|value| {
                let mut page = vec![0; 4096];
                page[SECURE_BOOT] = value;
                page
            }),
        }
    }

    #[test]
    fn secure_boot_is_read_from_the_variable_or_from_the_kernels_start() {
        for (answers, expect) in [
            (uefi(Some(&[6, 0, 0, 0, 1]), Some(2)), Some(true)),
            (uefi(Some(&[6, 0, 0, 0, 0]), None), Some(false)),
            (uefi(None, Some(3)), Some(true)),
            (uefi(None, Some(2)), Some(false)),
            (uefi(Some(&[1]), Some(0)), None),
            (uefi(None, None), None),
            (FirmwareAnswers::default(), Some(false)),
        ] {
            assert_eq!(read_secure_boot(&answers).ok(), expect, "{answers:?}");
        }
    }
}
