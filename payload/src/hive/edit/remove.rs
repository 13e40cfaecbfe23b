//! Removes keys: only what is empty of subkeys, so that no more goes than was named.

use super::{EditError, HiveEditor, split_path};
use crate::hive::HiveError;
use crate::hive::cell::CellOffset;
use crate::hive::key::Key;
use crate::hive::list::{List, ListKind};
use crate::hive::security::RawSecurity;

impl HiveEditor {
    /// Removes the key at `path` with its values; returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`EditError::KeyInUse`] if it has subkeys or is the root, [`EditError::SpecialKey`] if it is, or
    /// lies behind, a link.
    pub fn remove_key(&mut self, path: &str) -> Result<bool, EditError> {
        let in_use = |finding| EditError::KeyInUse {
            path: path.to_owned(),
            finding,
        };
        let mut parent = None;
        let mut key = self.hive.root()?.offset();
        for name in split_path(path) {
            let Some(subkey) = self.subkey(key, name, path)? else {
                return Ok(false);
            };
            parent = Some(key);
            key = subkey;
        }
        let Some(parent) = parent else {
            return Err(in_use("it is the root"));
        };
        let key = self.key_with_values(path).map(|_| key)?;
        if self.hive.raw_key(key)?.0.number_of_subkeys.get() > 0 {
            return Err(in_use("it has subkeys"));
        }
        let values = Key::read(&self.hive, key, 0)?.values()?;
        let names: Vec<String> = values.iter().map(|value| value.name().to_owned()).collect();
        for name in names {
            self.remove_value_of(key, &name)?;
        }
        self.leave_parent(parent, key)?;
        let (raw, _) = self.hive.raw_key(key)?;
        let class = CellOffset(raw.class_name_offset.get());
        let has_class = raw.class_name_length.get() > 0 && class != CellOffset::NONE;
        let security = CellOffset(raw.key_security_offset.get());
        if has_class {
            self.release(class)?;
        }
        self.release_security(security)?;
        self.release(key)?;
        Ok(true)
    }

    /// Takes a key out of the list of its parent.
    fn leave_parent(&mut self, parent: CellOffset, key: CellOffset) -> Result<(), EditError> {
        let (raw, _) = self.hive.raw_key(parent)?;
        let count = raw.number_of_subkeys.get();
        let at = CellOffset(raw.subkeys_list_offset.get());
        let list = self.hive.list(at)?;
        let left = if list.kind == ListKind::Root {
            self.leave_index(at, list, key)?
        } else {
            self.leave_leaf(at, list, key)?
        };
        self.change_key(parent, |raw| {
            raw.number_of_subkeys.set(count.saturating_sub(1));
            raw.subkeys_list_offset
                .set(left.unwrap_or(CellOffset::NONE).0);
        })
    }

    /// Takes a key out of a leaf; returns where the leaf is then, `None` if nothing is left of it.
    fn leave_leaf(
        &mut self,
        at: CellOffset,
        mut leaf: List,
        key: CellOffset,
    ) -> Result<Option<CellOffset>, EditError> {
        leaf.elements.retain(|element| element.offset != key);
        if leaf.elements.is_empty() {
            self.release(at)?;
            return Ok(None);
        }
        Ok(Some(self.replace(at, &leaf.to_bytes())?))
    }

    /// Takes a key out of the leaf of an index that names it.
    fn leave_index(
        &mut self,
        at: CellOffset,
        mut index: List,
        key: CellOffset,
    ) -> Result<Option<CellOffset>, EditError> {
        let mut found = None;
        for (place, leaf_at) in index.offsets().enumerate() {
            let leaf = self.hive.leaf(leaf_at)?;
            if leaf.offsets().any(|offset| offset == key) {
                found = Some((place, leaf_at, leaf));
                break;
            }
        }
        let Some((place, leaf_at, leaf)) = found else {
            let finding = "no leaf that names a key of it".to_owned();
            let error: HiveError = at.corrupt("list of subkeys", finding, "one that does");
            return Err(error.into());
        };
        match (
            self.leave_leaf(leaf_at, leaf, key)?,
            index.elements.get_mut(place),
        ) {
            (Some(left), Some(element)) => element.offset = left,
            _ => {
                index.elements.remove(place);
            }
        }
        if index.elements.is_empty() {
            self.release(at)?;
            return Ok(None);
        }
        Ok(Some(self.replace(at, &index.to_bytes())?))
    }

    /// Counts one key less for a security item; the last one takes it out of the ring.
    fn release_security(&mut self, at: CellOffset) -> Result<(), EditError> {
        let place = "security item";
        let item = self.hive.structure_mut::<RawSecurity>(at, place)?;
        let left = item.reference_count.get().saturating_sub(1);
        item.reference_count.set(left);
        let (next, previous) = (item.next.get(), item.previous.get());
        if left > 0 || next == at.0 {
            // The root's item is never the one that goes, so a ring of one stays.
            return Ok(());
        }
        let item = self
            .hive
            .structure_mut::<RawSecurity>(CellOffset(previous), place)?;
        item.next.set(next);
        let item = self
            .hive
            .structure_mut::<RawSecurity>(CellOffset(next), place)?;
        item.previous.set(previous);
        self.release(at)
    }
}
