//! Values and paths of a record in the words of a plan.

use rescue_stick::undo::StoredValue;

use crate::hive::value::ValueType;

/// Bytes of a value that are spelled out at most.
const SPELLED: usize = 16;

/// Returns the folder of a path as Windows writes it.
pub(super) fn folder_of(path: &str) -> String {
    let folder = path.rsplit_once('\\').map_or("", |(folder, _)| folder);
    if folder.is_empty() {
        "\\".into()
    } else {
        folder.into()
    }
}

/// Returns type and data of a value in few letters.
pub(super) fn spell(value: Option<&StoredValue>) -> String {
    let Some(value) = value else {
        return "not there".into();
    };
    match (ValueType(value.value_type), value.data.as_slice()) {
        (ValueType::DWORD, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]).to_string(),
        (ValueType::QWORD, &[a, b, c, d, e, f, g, h]) => {
            u64::from_le_bytes([a, b, c, d, e, f, g, h]).to_string()
        }
        (ValueType::SZ | ValueType::EXPAND_SZ, data) => {
            let units = data.as_chunks::<2>().0.iter();
            let units: Vec<u16> = units.map(|unit| u16::from_le_bytes(*unit)).collect();
            let text = String::from_utf16_lossy(&units);
            format!("{:?}", text.trim_end_matches('\0'))
        }
        (_, []) => format!("nothing (type {})", value.value_type),
        (_, data) => {
            let shown: Vec<String> = data
                .iter()
                .take(SPELLED)
                .map(|byte| format!("{byte:02X}"))
                .collect();
            let rest = if data.len() > SPELLED { " …" } else { "" };
            format!("{}{rest} (type {})", shown.join(" "), value.value_type)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type_are_spelled_in_few_letters() {
        let spelled = |value_type, data: &[u8]| {
            spell(Some(&StoredValue {
                value_type,
                data: data.to_vec(),
            }))
        };
        assert_eq!(spell(None), "not there");
        assert_eq!(spelled(4, &[4, 0, 0, 0]), "4");
        assert_eq!(spelled(4, &[4, 0]), "04 00 (type 4)");
        assert_eq!(spelled(11, &[0, 1, 0, 0, 0, 0, 0, 0]), "256");
        assert_eq!(spelled(1, &[0x41, 0, 0xE9, 0, 0, 0]), "\"Aé\"");
        assert_eq!(
            spelled(3, &[0xAB; 20]),
            format!("{}… (type 3)", "AB ".repeat(16))
        );
        assert_eq!(spelled(0, &[]), "nothing (type 0)");
    }

    #[test]
    fn the_folder_of_a_file_in_the_root_is_the_root() {
        assert_eq!(folder_of("\\a\\b"), "\\a");
        assert_eq!(folder_of("\\b"), "\\");
    }
}
