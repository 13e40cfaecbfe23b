//! Which Windows it is: family, service pack, build, language.

use std::fmt;

use crate::hive::{Hive, HiveError};

/// Key that holds the version, relative to the hive SOFTWARE.
pub const VERSION_KEY: &str = "Microsoft\\Windows NT\\CurrentVersion";

/// Which Windows it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsVersion {
    /// `xp`, `7`, … as in [`ALL_FAMILIES`]; `None` if it is none of these.
    pub family: Option<&'static str>,
    /// Version of the kernel, `5.1`.
    pub number: String,
    /// Build number, `2600`.
    pub build: String,
    /// Name as Windows shows it, without service pack.
    pub product_name: String,
    /// Number of the service pack, 0 for none; `None` if it cannot be told.
    pub service_pack: Option<u32>,
}

/// Families by the version of their kernel, for all before Windows 10. Source: Microsoft, "Operating
/// system version".
pub const ALL_FAMILIES: &[(&str, &str)] = &[
    ("5.0", "2000"),
    ("5.1", "xp"),
    ("5.2", "2003"),
    ("6.0", "vista"),
    ("6.1", "7"),
    ("6.2", "8"),
    ("6.3", "8.1"),
];

/// First build of Windows 11. Source: Microsoft, "Windows 11 release information".
const FIRST_BUILD_OF_11: u32 = 22000;

impl WindowsVersion {
    /// Reads the version from the hive SOFTWARE.
    pub fn read(software: &Hive) -> Result<Self, HiveError> {
        let Some(key) = software.key(VERSION_KEY)? else {
            return Ok(Self::default());
        };
        let number = key.text("CurrentVersion")?.unwrap_or_default();
        // CurrentBuild holds something else on XP.
        let build = key.text("CurrentBuildNumber")?.unwrap_or_default();
        let service_pack = match key.value("CSDVersion")? {
            None => Some(0),
            Some(value) => value.as_text()?.and_then(|text| parse_service_pack(&text)),
        };
        let family = match key.number("CurrentMajorVersionNumber")? {
            // Windows 10 and later still say 6.3 in CurrentVersion.
            Some(10) if build.parse::<u32>().is_ok_and(|n| n >= FIRST_BUILD_OF_11) => Some("11"),
            Some(10) => Some("10"),
            Some(_) => None,
            None => ALL_FAMILIES
                .iter()
                .find(|(known, _)| *known == number)
                .map(|(_, family)| *family),
        };
        Ok(Self {
            family,
            number,
            build,
            product_name: key.text("ProductName")?.unwrap_or_default(),
            service_pack,
        })
    }
}

impl WindowsVersion {
    /// Returns the version of the kernel. Windows 10 and later still say 6.3 where older programs look.
    pub fn kernel_number(&self) -> &str {
        match self.family {
            Some("10" | "11") => "10.0",
            _ => &self.number,
        }
    }
}

/// Prints `Microsoft Windows XP Service Pack 3 (5.1.2600)`.
impl fmt::Display for WindowsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.number.is_empty() && self.product_name.is_empty() {
            return f.write_str("Windows of unknown version");
        }
        f.write_str(if self.product_name.is_empty() {
            "Windows"
        } else {
            &self.product_name
        })?;
        match self.service_pack {
            Some(0) => {}
            Some(number) => write!(f, " Service Pack {number}")?,
            None => f.write_str(", service pack unknown")?,
        }
        write!(f, " ({}.{})", self.kernel_number(), self.build)
    }
}

/// Returns the number in `Service Pack 3`; the words differ by language, the number does not.
fn parse_service_pack(text: &str) -> Option<u32> {
    if text.trim().is_empty() {
        return Some(0);
    }
    let digits = |c: char| c.is_ascii_digit();
    let start = text.find(digits)?;
    let number: String = text
        .get(start..)?
        .chars()
        .take_while(|c| digits(*c))
        .collect();
    number.parse().ok()
}

/// Returns the name of a language by the text of its identifier in hexadecimal, `040c`.
pub fn language_name(identifier: &str) -> String {
    let known = u16::from_str_radix(identifier, 16).ok().and_then(|number| {
        // The low ten bits are the language, the rest is the country.
        let primary = number & 0x3FF;
        ALL_LANGUAGES.iter().find(|(known, _)| *known == primary)
    });
    known.map_or_else(
        || format!("language {identifier}"),
        |(_, name)| (*name).to_owned(),
    )
}

/// Languages by primary identifier. Source: MS-LCID, section 2.2.
const ALL_LANGUAGES: &[(u16, &str)] = &[
    (0x01, "Arabic"),
    (0x04, "Chinese"),
    (0x05, "Czech"),
    (0x06, "Danish"),
    (0x07, "German"),
    (0x08, "Greek"),
    (0x09, "English"),
    (0x0A, "Spanish"),
    (0x0B, "Finnish"),
    (0x0C, "French"),
    (0x0D, "Hebrew"),
    (0x0E, "Hungarian"),
    (0x10, "Italian"),
    (0x11, "Japanese"),
    (0x12, "Korean"),
    (0x13, "Dutch"),
    (0x14, "Norwegian"),
    (0x15, "Polish"),
    (0x16, "Portuguese"),
    (0x19, "Russian"),
    (0x1D, "Swedish"),
    (0x1F, "Turkish"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::terms::is_term;
    use regf::writer::HiveBuilder;

    fn version(values: &[(&str, &str)], major: Option<u32>) -> WindowsVersion {
        let mut builder = HiveBuilder::new().unwrap();
        builder.create_key(VERSION_KEY).unwrap();
        for (name, value) in values {
            builder
                .add_value_string(VERSION_KEY, Some(name), value)
                .unwrap();
        }
        if let Some(major) = major {
            let name = Some("CurrentMajorVersionNumber");
            builder.add_value_dword(VERSION_KEY, name, major).unwrap();
        }
        WindowsVersion::read(&Hive::parse(builder.to_bytes().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn tells_windows_apart() {
        let xp = version(
            &[
                ("CurrentVersion", "5.1"),
                ("CurrentBuildNumber", "2600"),
                ("ProductName", "Microsoft Windows XP"),
                ("CSDVersion", "Service Pack 3"),
            ],
            None,
        );
        assert_eq!((xp.family, xp.service_pack), (Some("xp"), Some(3)));
        assert_eq!(
            xp.to_string(),
            "Microsoft Windows XP Service Pack 3 (5.1.2600)"
        );
        for (number, build, major, family) in [
            ("5.0", "2195", None, Some("2000")),
            ("6.1", "7601", None, Some("7")),
            ("6.3", "9600", None, Some("8.1")),
            ("6.3", "19045", Some(10), Some("10")),
            ("6.3", "22631", Some(10), Some("11")),
            ("6.3", "30000", Some(12), None),
            ("7.0", "1", None, None),
        ] {
            let found = version(
                &[("CurrentVersion", number), ("CurrentBuildNumber", build)],
                major,
            );
            assert_eq!(found.family, family, "{number} {build}");
            assert_eq!(found.service_pack, Some(0));
        }
    }

    #[test]
    fn a_service_pack_without_a_number_cannot_be_told() {
        let odd = version(&[("CurrentVersion", "5.1"), ("CSDVersion", "Beta")], None);
        assert_eq!(odd.service_pack, None);
        assert_eq!(parse_service_pack("Service Pack 2, v.2149"), Some(2));
    }

    #[test]
    fn names_languages_whatever_the_country() {
        assert_eq!(language_name("040c"), "French");
        assert_eq!(language_name("0c0c"), "French");
        assert_eq!(language_name("zz"), "language zz");
    }

    #[test]
    fn every_language_has_its_name_in_every_language() {
        for (_, name) in ALL_LANGUAGES {
            assert!(is_term(name), "{name}");
        }
    }
}
