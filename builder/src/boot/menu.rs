//! GRUB's menu: one text for BIOS and UEFI.
//!
//! It may use only the commands that `grub::MODULES` brings for BIOS and that Debian's signed GRUB has
//! built in for UEFI, where nothing can be loaded.

use std::fmt::Write;

/// What the menu depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuSettings {
    /// How long the menu waits before it takes the first entry, in seconds.
    pub timeout_s: u32,
    /// Language of the screen until the stick has proven itself, as an ISO 639-1 code.
    pub language: String,
    /// Further arguments for the kernel.
    pub extra_arguments: Vec<String>,
}

/// A kernel argument that the menu cannot carry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel argument {argument:?}: expected letters, digits and \"._,:=/+@-\" only")]
pub struct MenuError {
    argument: String,
}

/// The entries that start the rescue environment: title, and the value of `mend.mode`. The first is the
/// default.
const MODES: &[(&str, &str)] = &[
    ("Repair this PC", "repair"),
    ("Diagnose only, change nothing", "diagnose"),
    ("Undo the last repair", "undo"),
];

/// Arguments that every kernel gets. The last console is /dev/console: the serial line if there is one.
/// Linux registers a line that is not there too, and every write to it ends in an I/O error, so only
/// GRUB, which has looked for it, names it. `panic` restarts a PC that nobody watches.
const KERNEL_ARGUMENTS: &str = "console=tty0 $serial quiet loglevel=3 panic=30";

/// Where a menu lies on the stick: GRUB's for BIOS, and the folder that is built into Debian's signed GRUB.
pub const MENUS: [&str; 2] = ["boot/grub/grub.cfg", "EFI/debian/grub.cfg"];

/// Stands for the stick's name in a menu that does not know it yet. No argument may hold such brackets.
const NAMELESS: &str = "{stick}";

/// How often a menu names the stick: once for GRUB, once for `mend`.
const NAMED: usize = 2;

/// Returns the menu of the stick whose file system has this serial number.
pub fn name_stick(text: &str, serial: u32) -> String {
    text.replace(NAMELESS, &stick_name(serial))
}

/// Returns the menu as it was before the stick had a name; nothing if it does not name this stick just
/// where a menu does.
pub fn unname_stick(text: &str, serial: u32) -> Option<String> {
    let name = stick_name(serial);
    let is_ours = text.matches(&name).count() == NAMED && !text.contains(NAMELESS);
    is_ours.then(|| text.replace(&name, NAMELESS))
}

/// Returns the stick's name as GRUB and `mend` read it: the serial number of its file system.
fn stick_name(serial: u32) -> String {
    format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)
}

/// Returns the text of grub.cfg, in which the stick has no name yet ([`name_stick`]). Its name is the serial
/// number of its FAT32 file system, which tells it from other sticks in the same PC.
pub fn menu_text(settings: &MenuSettings) -> Result<String, MenuError> {
    let arguments = kernel_arguments(settings)?;
    let mut text = format!(
        r#"# mendkit's menu, the same for BIOS and UEFI.
set default=0
set timeout={timeout}
set timeout_style=menu

# A serial line beside the screen, for GRUB and Linux. A PC without one says so here and goes on.
set serial=
if serial --unit=0 --speed=115200; then
  set serial=console=ttyS0,115200
  terminal_input --append serial
  terminal_output --append serial
fi

# This stick, even if another one is in the same PC.
search --no-floppy --fs-uuid --set=root --hint=$root {NAMELESS}

# UEFI of either width runs the 64-bit kernel; BIOS runs what the CPU can.
set bits=32
if [ "$grub_platform" = "efi" ]; then
  set bits=64
else
  if cpuid -l; then set bits=64; fi
  # A graphical mode for accents and boxes; plain text where the firmware has none.
  set gfxpayload=1024x768x32,1024x768x16,800x600x32,800x600x16,text
fi

function start_mend {{
  linux /boot/vmlinuz$bits mend.mode=$1 {arguments}
  initrd /boot/user.cpio.xz /boot/modules$bits.cpio.xz /boot/key.cpio
}}
"#,
        timeout = settings.timeout_s
    );
    for (title, mode) in MODES {
        let _ = write!(
            text,
            "\nmenuentry \"{title}\" {{\n  start_mend {mode}\n}}\n"
        );
    }
    text.push_str(
        r#"
menuentry "Start from this PC's own disk" {
  if [ "$grub_platform" = "efi" ]; then
    exit
  else
    # The firmware calls the stick the first disk; Windows wants to be there. The root tells the
    # loader which drive number to hand over, and is put back in case there is no such disk.
    set stick=$root
    set root=hd1
    drivemap -s (hd0) (hd1)
    chainloader +1
    set root=$stick
  fi
}
"#,
    );
    Ok(text)
}

/// Returns what every kernel is told, checked: nothing in it may end the line or be a word of GRUB's.
fn kernel_arguments(settings: &MenuSettings) -> Result<String, MenuError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._,:=/+@-".contains(c);
    let given = settings.extra_arguments.iter();
    for argument in given.chain([&settings.language]) {
        if argument.is_empty() || !argument.chars().all(allowed) {
            return Err(MenuError {
                argument: argument.clone(),
            });
        }
    }
    let mut arguments = format!(
        "mend.stick={NAMELESS} mend.lang={} {KERNEL_ARGUMENTS}",
        settings.language
    );
    for argument in &settings.extra_arguments {
        arguments.push(' ');
        arguments.push_str(argument);
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::print_stderr, reason = "a judge who is not here is named")]

    use expect_test::expect;

    use super::*;

    const SERIAL: u32 = 0x00a1_b2c3;

    fn settings(extra: &[&str]) -> MenuSettings {
        MenuSettings {
            timeout_s: 3,
            language: "de".to_owned(),
            extra_arguments: extra.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn is_this_text() {
        let nameless = menu_text(&settings(&["mend.trace=1", "panic=5"])).unwrap();
        let text = name_stick(&nameless, SERIAL);
        assert_eq!(unname_stick(&text, SERIAL).as_ref(), Some(&nameless));
        expect![[r##"
            # mendkit's menu, the same for BIOS and UEFI.
            set default=0
            set timeout=3
            set timeout_style=menu

            # A serial line beside the screen, for GRUB and Linux. A PC without one says so here and goes on.
            set serial=
            if serial --unit=0 --speed=115200; then
              set serial=console=ttyS0,115200
              terminal_input --append serial
              terminal_output --append serial
            fi

            # This stick, even if another one is in the same PC.
            search --no-floppy --fs-uuid --set=root --hint=$root 00A1-B2C3

            # UEFI of either width runs the 64-bit kernel; BIOS runs what the CPU can.
            set bits=32
            if [ "$grub_platform" = "efi" ]; then
              set bits=64
            else
              if cpuid -l; then set bits=64; fi
              # A graphical mode for accents and boxes; plain text where the firmware has none.
              set gfxpayload=1024x768x32,1024x768x16,800x600x32,800x600x16,text
            fi

            function start_mend {
              linux /boot/vmlinuz$bits mend.mode=$1 mend.stick=00A1-B2C3 mend.lang=de console=tty0 $serial quiet loglevel=3 panic=30 mend.trace=1 panic=5
              initrd /boot/user.cpio.xz /boot/modules$bits.cpio.xz /boot/key.cpio
            }

            menuentry "Repair this PC" {
              start_mend repair
            }

            menuentry "Diagnose only, change nothing" {
              start_mend diagnose
            }

            menuentry "Undo the last repair" {
              start_mend undo
            }

            menuentry "Start from this PC's own disk" {
              if [ "$grub_platform" = "efi" ]; then
                exit
              else
                # The firmware calls the stick the first disk; Windows wants to be there. The root tells the
                # loader which drive number to hand over, and is put back in case there is no such disk.
                set stick=$root
                set root=hd1
                drivemap -s (hd0) (hd1)
                chainloader +1
                set root=$stick
              fi
            }
        "##]].assert_eq(&text);
    }

    #[test]
    fn a_menu_that_names_the_stick_elsewhere_too_keeps_its_name() {
        let text = menu_text(&settings(&["of=00A1-B2C3"])).unwrap();
        assert_eq!(unname_stick(&name_stick(&text, SERIAL), SERIAL), None);
        assert_eq!(unname_stick(&name_stick(&text, 1), SERIAL), None);
    }

    #[test]
    fn refuses_arguments_that_grub_would_read_as_commands() {
        for argument in ["", "a b", "a;reboot", "$root", "a\nhalt", "{", "\"", "a#"] {
            assert!(menu_text(&settings(&[argument])).is_err(), "{argument:?}");
        }
    }

    #[test]
    fn grub_script_check_accepts_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("grub.cfg");
        let text = name_stick(&menu_text(&settings(&[])).unwrap(), SERIAL);
        fs_err::write(&file, text).unwrap();
        let Ok(output) = std::process::Command::new("grub-script-check")
            .arg(&file)
            .output()
        else {
            eprintln!("skipped: grub-script-check is not here to judge");
            return;
        };
        assert!(output.status.success(), "{output:?}");
    }
}
