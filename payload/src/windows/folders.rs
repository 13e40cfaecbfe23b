//! Where a Windows keeps what: the variables of remedies (`{system32}`) and of the registry
//! (`%SystemRoot%`), as paths on its volume.

use crate::windows::path::{PathError, WindowsPath};

/// Well-known folders of one Windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Drive letter of its volume, as this Windows sees it.
    pub drive: char,
    /// Windows folder.
    pub windows: WindowsPath,
    /// Program files.
    pub program_files: WindowsPath,
    /// Files that programs share.
    pub common_files: WindowsPath,
    /// What programs keep for all users.
    pub program_data: WindowsPath,
}

/// A well-known folder: its name in remedies, its names in the registry.
struct Variable {
    remedy: &'static str,
    registry: &'static [&'static str],
    value: fn(&Folders) -> Result<WindowsPath, PathError>,
}

/// Variables of remedies and of the registry. Source of the latter: Microsoft, "Recognized
/// environment variables".
const ALL_VARIABLES: &[Variable] = &[
    Variable {
        remedy: "windows",
        registry: &["SystemRoot", "windir"],
        value: |folders| Ok(folders.windows.clone()),
    },
    Variable {
        remedy: "system32",
        registry: &[],
        value: |folders| folders.windows.join("system32"),
    },
    Variable {
        remedy: "drivers",
        registry: &[],
        value: |folders| folders.windows.join("system32")?.join("drivers"),
    },
    Variable {
        remedy: "system-drive",
        registry: &["SystemDrive"],
        value: |_| Ok(WindowsPath::default()),
    },
    Variable {
        remedy: "program-files",
        registry: &["ProgramFiles"],
        value: |folders| Ok(folders.program_files.clone()),
    },
    Variable {
        remedy: "common-files",
        registry: &["CommonProgramFiles"],
        value: |folders| Ok(folders.common_files.clone()),
    },
    Variable {
        remedy: "program-data",
        registry: &["ProgramData"],
        value: |folders| Ok(folders.program_data.clone()),
    },
];

impl Folders {
    /// Returns the folders of the Windows in `windows` as far as nothing else is known of it.
    pub fn defaults(windows: WindowsPath) -> Result<Self, PathError> {
        let program_files = WindowsPath::default().join("Program Files")?;
        Ok(Self {
            drive: 'C',
            windows,
            common_files: program_files.join("Common Files")?,
            program_data: WindowsPath::default().join("ProgramData")?,
            program_files,
        })
    }

    /// Returns the path that a remedy means by `{variable}\…`.
    pub fn expand_remedy_path(&self, text: &str) -> Result<WindowsPath, PathError> {
        let parts = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let variable = parts.and_then(|(name, rest)| {
            let mut variables = ALL_VARIABLES.iter();
            let variable = variables.find(|variable| variable.remedy == name)?;
            Some((variable, rest))
        });
        let Some((variable, rest)) = variable else {
            return Err(PathError::Syntax {
                text: text.to_owned(),
                finding: "no known variable at its beginning".into(),
                expectation: "{windows}, {system32}, {drivers}, {system-drive}, {program-files}, {common-files} or {program-data}",
            });
        };
        self.append(variable, rest)
    }

    /// Returns the path that a value in the registry means, with or without a `%VARIABLE%` in front.
    pub fn expand_registry_path(&self, text: &str) -> Result<WindowsPath, PathError> {
        let text = text.trim().trim_matches('"');
        let Some((name, rest)) = text.strip_prefix('%').and_then(|rest| rest.split_once('%'))
        else {
            return WindowsPath::parse(text, Some(self.drive));
        };
        let is_meant = |known: &str| known.eq_ignore_ascii_case(name);
        let mut variables = ALL_VARIABLES.iter();
        let Some(variable) =
            variables.find(|variable| variable.registry.iter().any(|n| is_meant(n)))
        else {
            return Err(PathError::Syntax {
                text: text.to_owned(),
                finding: format!("the variable %{name}%"),
                expectation: "a variable that does not depend on the user",
            });
        };
        self.append(variable, rest)
    }

    fn append(&self, variable: &Variable, rest: &str) -> Result<WindowsPath, PathError> {
        let start = (variable.value)(self)?;
        if rest.is_empty() {
            return Ok(start);
        }
        Ok(WindowsPath::parse(rest, None)?.below(&start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Folders {
        Folders::defaults(WindowsPath::parse("\\WINDOWS", None).unwrap()).unwrap()
    }

    #[test]
    fn expands_every_variable() {
        for (text, expect) in [
            ("{windows}\\x", "\\WINDOWS\\x"),
            (
                "{system32}\\svchost.exe",
                "\\WINDOWS\\system32\\svchost.exe",
            ),
            ("{system-drive}\\boot.ini", "\\boot.ini"),
            ("{program-files}", "\\Program Files"),
            (
                "{common-files}\\McAfee",
                "\\Program Files\\Common Files\\McAfee",
            ),
            ("{program-data}\\McAfee", "\\ProgramData\\McAfee"),
        ] {
            let path = folders().expand_remedy_path(text).unwrap();
            assert_eq!(path.to_string(), expect);
        }
        for (text, expect) in [
            (
                "%systemroot%\\system32\\dllcache",
                "\\WINDOWS\\system32\\dllcache",
            ),
            ("C:\\Programme\\McAfee\\", "\\Programme\\McAfee"),
            ("%SystemDrive%\\x", "\\x"),
        ] {
            let path = folders().expand_registry_path(text).unwrap();
            assert_eq!(path.to_string(), expect);
        }
    }

    #[test]
    fn knows_the_very_variables_that_remedies_are_checked_for() {
        let ours: Vec<&str> = ALL_VARIABLES.iter().map(|v| v.remedy).collect();
        assert_eq!(ours, rescue_stick::remedy::value::ALL_PATH_VARIABLES);
    }

    #[test]
    fn refuses_unknown_variables_and_other_drives() {
        assert!(folders().expand_remedy_path("\\x").is_err());
        assert!(folders().expand_remedy_path("{temp}\\x").is_err());
        assert!(folders().expand_remedy_path("{windows}x").is_err());
        assert!(folders().expand_remedy_path("{windows}\\..\\x").is_err());
        assert!(folders().expand_registry_path("%APPDATA%\\x").is_err());
        assert!(folders().expand_registry_path("D:\\x").is_err());
    }
}
