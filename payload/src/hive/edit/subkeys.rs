//! Makes keys and enters them in the lists of their parents.
//!
//! A leaf that is full is divided in halves under an index; a full leaf under an index likewise. Only the
//! lists that the new key goes into are written anew.

use zerocopy::FromZeros;
use zerocopy::IntoBytes;

use super::names::{check_key_name, encode_name, utf16_size};
use super::{EditError, HiveEditor};
use crate::hive::HiveError;
use crate::hive::cell::CellOffset;
use crate::hive::key::{COMPRESSED_NAME, RawKey, sort_key};
use crate::hive::list::{List, ListElement, ListKind};
use crate::hive::security::RawSecurity;

/// Flag of a key whose new subkeys take over its flags of virtualization, among `more_flags`. Source:
/// specification, "Key node", "Virtualization control flags", `REG_KEY_RECURSE_FLAG`.
const IS_RECURSIVE: u16 = 0x0008;

/// The flags of virtualization among `more_flags`. Source: specification, "Key node".
const VIRTUALIZATION: u16 = 0x000F;

impl HiveEditor {
    /// Makes the key called `name` in `parent`, which has none of this name.
    pub(super) fn add_key(
        &mut self,
        parent: CellOffset,
        name: &str,
    ) -> Result<CellOffset, EditError> {
        check_key_name(name)?;
        let stored = encode_name(name);
        let (raw_parent, _) = self.hive.raw_key(parent)?;
        let security = raw_parent.key_security_offset;
        let mut raw = RawKey::new_zeroed();
        raw.signature = *b"nk";
        if stored.is_compressed {
            raw.flags.set(COMPRESSED_NAME);
        }
        if raw_parent.more_flags.get() & IS_RECURSIVE != 0 {
            raw.more_flags
                .set(raw_parent.more_flags.get() & VIRTUALIZATION);
        }
        raw.last_written_timestamp.set(self.now.0);
        raw.parent.set(parent.0);
        raw.subkeys_list_offset.set(CellOffset::NONE.0);
        raw.volatile_subkeys_list_offset.set(CellOffset::NONE.0);
        raw.key_values_list_offset.set(CellOffset::NONE.0);
        raw.class_name_offset.set(CellOffset::NONE.0);
        raw.key_security_offset = security;
        // A key's name has at most 255 units, checked above.
        let length = u16::try_from(stored.bytes.len()).unwrap_or(u16::MAX);
        raw.key_name_length.set(length);
        let content = [raw.as_bytes(), &stored.bytes].concat();
        let key = self.allocate(&content)?;
        let at = CellOffset(security.get());
        let security = self
            .hive
            .structure_mut::<RawSecurity>(at, "security item")?;
        let references = security.reference_count.get();
        security.reference_count.set(references.saturating_add(1));
        self.enter_subkey(parent, key, name)?;
        Ok(key)
    }

    fn enter_subkey(
        &mut self,
        parent: CellOffset,
        key: CellOffset,
        name: &str,
    ) -> Result<(), EditError> {
        let (raw, _) = self.hive.raw_key(parent)?;
        let count = raw.number_of_subkeys.get();
        let at = CellOffset(raw.subkeys_list_offset.get());
        let list = if count == 0 {
            let kind = ListKind::of_new_leaf(self.hive.minor_version());
            let mut leaf = List {
                kind,
                elements: Vec::new(),
            };
            leaf.elements.push(ListElement {
                offset: key,
                hint: kind.hint(name),
            });
            self.allocate(&leaf.to_bytes())?
        } else {
            let list = self.hive.list(at)?;
            if list.kind == ListKind::Root {
                self.enter_in_index(at, list, key, name)?
            } else {
                self.enter_in_leaf(at, list, key, name)?
            }
        };
        let name_size = u16::try_from(utf16_size(name)).unwrap_or(u16::MAX);
        self.change_key(parent, |raw| {
            raw.number_of_subkeys.set(count.saturating_add(1));
            raw.subkeys_list_offset.set(list.0);
            let largest = raw.largest_subkey_name.get().max(name_size);
            raw.largest_subkey_name.set(largest);
        })
    }

    /// Enters a key in the one leaf of its parent; returns the list that takes the leaf's place.
    fn enter_in_leaf(
        &mut self,
        at: CellOffset,
        mut leaf: List,
        key: CellOffset,
        name: &str,
    ) -> Result<CellOffset, EditError> {
        self.insert(&mut leaf, key, name)?;
        let Some(second) = divide(&mut leaf) else {
            return self.replace(at, &leaf.to_bytes());
        };
        let leaves = [
            self.replace(at, &leaf.to_bytes())?,
            self.allocate(&second.to_bytes())?,
        ];
        let index = List {
            kind: ListKind::Root,
            elements: leaves.into_iter().map(leaf_element).collect(),
        };
        self.allocate(&index.to_bytes())
    }

    /// Enters a key in the leaf of an index where it belongs; returns the index that takes its place.
    fn enter_in_index(
        &mut self,
        at: CellOffset,
        mut index: List,
        key: CellOffset,
        name: &str,
    ) -> Result<CellOffset, EditError> {
        let wanted = sort_key(name);
        let (mut place, mut found) = (0, None);
        for (number, leaf_at) in index.offsets().enumerate() {
            let leaf = self.hive.leaf(leaf_at)?;
            let first = leaf.offsets().next();
            let first = first.map(|first| self.hive.key_name(first)).transpose()?;
            // The last leaf that begins before the name; the first one if all begin behind it.
            if found.is_some() && first.is_some_and(|first| sort_key(&first) > wanted) {
                break;
            }
            (place, found) = (number, Some((leaf_at, leaf)));
        }
        let Some((leaf_at, mut leaf)) = found else {
            let finding = "an index without leaves".to_owned();
            return Err(at
                .corrupt("list of subkeys", finding, "at least one")
                .into());
        };
        self.insert(&mut leaf, key, name)?;
        let second = divide(&mut leaf);
        let first_at = self.replace(leaf_at, &leaf.to_bytes())?;
        if let Some(element) = index.elements.get_mut(place) {
            element.offset = first_at;
        }
        if let Some(second) = second {
            if index.elements.len() >= ListKind::Root.capacity() {
                let finding = format!("{} leaves", index.elements.len());
                return Err(at
                    .corrupt("list of subkeys", finding, "room for one more")
                    .into());
            }
            let second_at = self.allocate(&second.to_bytes())?;
            let place = place.saturating_add(1);
            index.elements.insert(place, leaf_element(second_at));
        }
        self.replace(at, &index.to_bytes())
    }

    /// Inserts a key in a leaf in memory where its name sorts.
    fn insert(&self, leaf: &mut List, key: CellOffset, name: &str) -> Result<(), HiveError> {
        let wanted = sort_key(name);
        let (mut low, mut high) = (0, leaf.elements.len());
        while low < high {
            let middle = low.midpoint(high);
            let Some(element) = leaf.elements.get(middle) else {
                break;
            };
            if sort_key(&self.hive.key_name(element.offset)?) < wanted {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let hint = leaf.kind.hint(name);
        leaf.elements.insert(low, ListElement { offset: key, hint });
        Ok(())
    }
}

/// Takes the second half from a leaf that has become too large; `None` if it has not.
fn divide(leaf: &mut List) -> Option<List> {
    let length = leaf.elements.len();
    (length > leaf.kind.capacity()).then(|| List {
        kind: leaf.kind,
        elements: leaf.elements.split_off(length / 2),
    })
}

fn leaf_element(offset: CellOffset) -> ListElement {
    ListElement { offset, hint: 0 }
}
