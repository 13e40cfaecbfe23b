//! Security products with the settings that decide who is hit, and whether the stick is up to date.

use rescue_stick::definitions::DefinitionsSet;
use rescue_stick::report::KitFacts;
use rescue_stick::report::health::ProductHealth;
use rescue_stick::report::line::Line;

use crate::antivirus::product::InstalledProduct;
use crate::antivirus::settings::read_settings;
use crate::hive::Hive;
use crate::stick::Stick;

/// Describes a product that is installed.
pub(super) fn describe_product(product: &InstalledProduct, software: &Hive) -> ProductHealth {
    let line = |text: &Option<String>| text.as_deref().map(Line::clean);
    ProductHealth {
        name: Line::clean(&product.name),
        version: line(&product.version),
        engine: line(&product.engine),
        definitions: line(&product.definitions),
        definitions_date: line(&product.definitions_date),
        settings: read_settings(product.product.vendor, software),
    }
}

/// Says that the stick carries older definitions than the PC has, if it does.
pub(super) fn find_old_stick(product: &InstalledProduct, stick: &Stick) -> Option<String> {
    let sets = product.product.definitions_sets.iter();
    let carried = sets.filter_map(|set| stick.job().definitions.get(*set));
    let word = product.product.definitions_word;
    let installed = product.definitions.as_deref()?;
    carried
        .filter(|set| is_older(set, installed))
        .map(|set| {
            format!(
                "this stick is older than the PC: it carries {word} {}, and the PC has {installed}; ask \
                 for a newer stick",
                set.version
            )
        })
        .next()
}

/// Describes what the stick carries.
pub(super) fn describe_kit(stick: &Stick, older_than: &[String]) -> KitFacts {
    let sets = stick.job().definitions.iter();
    KitFacts {
        definitions: sets
            .map(|(name, set)| (name.clone(), set.version.clone()))
            .collect(),
        older_than: older_than.iter().map(|line| Line::clean(line)).collect(),
    }
}

fn is_older(set: &DefinitionsSet, installed: &str) -> bool {
    match (parse_version(&set.version), parse_version(installed)) {
        (Some(carried), Some(installed)) => carried < installed,
        // What is not a number is not compared.
        _ => false,
    }
}

/// Returns the numbers of a version, as many as it has; zeros at the end do not count.
fn parse_version(text: &str) -> Option<Vec<u64>> {
    let numbers: Result<Vec<u64>, _> = text.trim().split('.').map(str::parse).collect();
    let mut numbers = numbers.ok()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let is_older = |carried: &str, installed| {
            let set = DefinitionsSet {
                version: carried.into(),
                package: String::new(),
                members: Vec::new(),
            };
            is_older(&set, installed)
        };
        assert!(is_older("5959.0000", "6000.0000"));
        assert!(is_older("5959", "5959.0001"));
        assert!(is_older("1.381.2140.0", "1.1000.1.0"));
        for (carried, installed) in [
            ("5959.0000", "5958.0000"),
            ("5959.0000", "5959"),
            ("10000.0000", "9999.0000"),
            ("5959.0000", "unknown"),
            ("x", "5958"),
        ] {
            assert!(!is_older(carried, installed), "{carried} {installed}");
        }
    }
}
