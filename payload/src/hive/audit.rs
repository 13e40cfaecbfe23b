//! Says whether a registry file is whole: the condition for changing it, and the proof afterwards.
//!
//! A file is whole if bins tile it and cells tile the bins; if every cell in use is referred to exactly
//! once (security items, which keys share, as often as they count); if every count agrees with what
//! there is; and if lists of subkeys are ordered and hashed so that Windows finds what is in them.
//!
//! A cell in use that nothing refers to is leaked: Windows itself leaves such cells behind (observed: 8
//! in a hive after Windows' own replay), they harm nobody, and so they are reported but are no problem.

use std::collections::BTreeMap;

use crate::hive::cell::CellOffset;
use crate::hive::key::{IS_HANDLE, sort_key};
use crate::hive::list::{List, ListKind};
use crate::hive::value::{DATA_IS_INLINE, SEGMENT_SIZE};
use crate::hive::{Hive, HiveError, MAX_DEPTH};

/// Problems that are kept; a file with more is no better understood by more of them.
const MOST_PROBLEMS: usize = 100;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// Why the file is not whole, each with its place; the first hundred. Empty means that it is.
    pub problems: Vec<String>,
    /// Cells in use that nothing refers to, in the order of the file. No problem.
    pub leaked_cells: Vec<CellOffset>,
    /// Keys that were read.
    pub keys: usize,
    /// Values that were read.
    pub values: usize,
}

impl Audit {
    /// Returns whether nothing contradicts the format.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Audits a registry file.
pub fn audit(bytes: &[u8]) -> Audit {
    match Hive::parse(bytes.to_vec()) {
        Ok(hive) => hive.audit(),
        Err(error) => Audit {
            problems: vec![error.to_string()],
            ..Audit::default()
        },
    }
}

impl Hive {
    /// Audits the hive as it lies in memory.
    pub fn audit(&self) -> Audit {
        let mut auditor = Auditor {
            hive: self,
            in_use: Vec::new(),
            is_referred_to: Vec::new(),
            security: BTreeMap::new(),
            open: Vec::new(),
            audit: Audit::default(),
        };
        if let Some(why) = self.dirty() {
            auditor.add_problem(format!("base block at 0x4: {why}, expected a clean hive"));
        }
        match self.cells() {
            Ok(cells) => {
                let in_use = cells.iter().filter(|cell| cell.in_use);
                auditor.in_use = in_use.map(|cell| cell.offset).collect();
                auditor.is_referred_to = vec![false; auditor.in_use.len()];
                auditor.check_keys();
                auditor.check_security();
                auditor.collect_leaks();
            }
            // Where cells begin and end is unknown, so nothing more can be said.
            Err(error) => auditor.add_problem(error.to_string()),
        }
        auditor.audit
    }
}

/// A key that waits to be read.
struct OpenKey {
    offset: CellOffset,
    parent: Option<CellOffset>,
    depth: u16,
}

struct Auditor<'hive> {
    hive: &'hive Hive,
    /// Cells in use, ascending.
    in_use: Vec<CellOffset>,
    /// For each of them whether a reference to it was seen.
    is_referred_to: Vec<bool>,
    /// Security items and the number of keys that refer to them.
    security: BTreeMap<CellOffset, u32>,
    open: Vec<OpenKey>,
    audit: Audit,
}

impl Auditor<'_> {
    fn add_problem(&mut self, problem: String) {
        if self.audit.problems.len() < MOST_PROBLEMS {
            self.audit.problems.push(problem);
        }
    }

    /// Notes a reference to a cell. Returns whether the cell may be read: it is in use, and this is the
    /// first reference, so that the walk ends whatever the file says.
    fn refer_to(&mut self, at: CellOffset, place: &'static str) -> bool {
        let expectation = "a cell in use that one reference leads to";
        let finding = match self.in_use.binary_search(&at) {
            Ok(index) => match self.is_referred_to.get_mut(index) {
                Some(seen) if !*seen => {
                    *seen = true;
                    return true;
                }
                _ => "a second reference",
            },
            Err(_) => "no cell in use",
        };
        let error = at.corrupt(place, finding.to_owned(), expectation);
        self.add_problem(error.to_string());
        false
    }

    fn check_keys(&mut self) {
        self.open.push(OpenKey {
            offset: CellOffset(self.hive.base_block.root_cell),
            parent: None,
            depth: 0,
        });
        while let Some(key) = self.open.pop() {
            if !self.refer_to(key.offset, "key") {
                continue;
            }
            self.audit.keys = self.audit.keys.saturating_add(1);
            if let Err(error) = self.check_key(&key) {
                self.add_problem(error.to_string());
            }
        }
    }

    fn check_key(&mut self, key: &OpenKey) -> Result<(), HiveError> {
        let (raw, _) = self.hive.raw_key(key.offset)?;
        let parent = CellOffset(raw.parent.get());
        if key.parent.is_some_and(|expected| expected != parent) {
            let finding = format!("its parent is at {:#x}", parent.in_file());
            let error = key.offset.corrupt("key", finding, "the key that lists it");
            self.add_problem(error.to_string());
        }
        let security = CellOffset(raw.key_security_offset.get());
        let references = self.security.entry(security).or_default();
        *references = references.saturating_add(1);
        let class_name = CellOffset(raw.class_name_offset.get());
        if raw.class_name_length.get() > 0 && class_name != CellOffset::NONE {
            self.refer_to(class_name, "class name");
        }
        let count = raw.number_of_subkeys.get();
        if count > 0 {
            let list = CellOffset(raw.subkeys_list_offset.get());
            self.check_subkeys(key, list, count)?;
        }
        let count = raw.number_of_key_values.get();
        if count > 0 && raw.flags.get() & IS_HANDLE == 0 {
            self.check_values(CellOffset(raw.key_values_list_offset.get()), count)?;
        }
        Ok(())
    }

    fn check_subkeys(
        &mut self,
        key: &OpenKey,
        at: CellOffset,
        count: u32,
    ) -> Result<(), HiveError> {
        if !self.refer_to(at, "list of subkeys") {
            return Ok(());
        }
        let list = self.hive.list(at)?;
        let mut leaves = Vec::new();
        if list.kind == ListKind::Root {
            for leaf in list.offsets() {
                if self.refer_to(leaf, "list of subkeys") {
                    leaves.push(self.hive.leaf(leaf)?);
                }
            }
        } else {
            leaves.push(list);
        }
        let found: usize = leaves.iter().map(|leaf| leaf.elements.len()).sum();
        if usize::try_from(count).ok() != Some(found) {
            let finding = format!("{found} subkeys");
            let error = at.corrupt("list of subkeys", finding, "as many as the key counts");
            self.add_problem(format!("{error}, which is {count}"));
        }
        let depth = key.depth.saturating_add(1);
        if depth > MAX_DEPTH {
            let finding = format!("subkeys below {} keys", key.depth);
            return Err(key.offset.corrupt("key", finding, "at most 512"));
        }
        let mut previous: Option<Vec<u16>> = None;
        for leaf in &leaves {
            self.check_leaf(at, leaf, &mut previous);
        }
        let subkeys = leaves.iter().flat_map(List::offsets).map(|offset| OpenKey {
            offset,
            parent: Some(key.offset),
            depth,
        });
        self.open.extend(subkeys);
        Ok(())
    }

    /// Checks the order of a leaf and what it keeps of names. Only names in ASCII are held against it:
    /// for these it is certain what Windows takes for upper case.
    fn check_leaf(&mut self, at: CellOffset, leaf: &List, previous: &mut Option<Vec<u16>>) {
        for element in &leaf.elements {
            // A key that cannot be read is reported when its turn comes.
            let name = self.hive.key_name(element.offset).ok();
            let Some(name) = name.filter(|name| name.is_ascii()) else {
                *previous = None;
                continue;
            };
            let is_hint_right = match leaf.kind {
                // Letters stand there in upper or lower case.
                ListKind::Fast => {
                    let expected = leaf.kind.hint(&name).to_le_bytes();
                    element.hint.to_le_bytes().eq_ignore_ascii_case(&expected)
                }
                kind => kind.hint(&name) == element.hint,
            };
            if !is_hint_right {
                let finding = format!("{:#010x} for {name:?}", element.hint);
                let error = at.corrupt(
                    "list of subkeys",
                    finding,
                    "the hash or letters of the name",
                );
                self.add_problem(error.to_string());
            }
            let sort_key = sort_key(&name);
            if previous.as_ref().is_some_and(|before| *before >= sort_key) {
                let finding = format!("{name:?} after a name that sorts behind it");
                let error = at.corrupt("list of subkeys", finding, "ascending names");
                self.add_problem(error.to_string());
            }
            *previous = Some(sort_key);
        }
    }

    fn check_values(&mut self, at: CellOffset, count: u32) -> Result<(), HiveError> {
        let place = "list of values";
        if !self.refer_to(at, place) {
            return Ok(());
        }
        let (words, _) = self.hive.cell(at, place)?.as_chunks::<4>();
        let Some(words) = usize::try_from(count).ok().and_then(|n| words.get(..n)) else {
            let finding = format!("{} places", words.len());
            let error = at.corrupt(place, finding, "as many as the key counts values");
            self.add_problem(format!("{error}, which is {count}"));
            return Ok(());
        };
        for word in words {
            let value = CellOffset(u32::from_le_bytes(*word));
            if !self.refer_to(value, "value") {
                continue;
            }
            self.audit.values = self.audit.values.saturating_add(1);
            if let Err(error) = self.check_value(value) {
                self.add_problem(error.to_string());
            }
        }
        Ok(())
    }

    fn check_value(&mut self, at: CellOffset) -> Result<(), HiveError> {
        let (raw, _) = self.hive.raw_value(at)?;
        let size = raw.data_size.get();
        if size & DATA_IS_INLINE != 0 {
            let size = size & !DATA_IS_INLINE;
            if size > 4 {
                let finding = format!("{size} bytes inside the value");
                return Err(at.corrupt("value", finding, "at most 4"));
            }
            return Ok(());
        }
        let data_at = CellOffset(raw.data_offset.get());
        if size == 0 || !self.refer_to(data_at, "data of a value") {
            return Ok(());
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let cell = self.hive.cell(data_at, "data of a value")?;
        if size > SEGMENT_SIZE && self.hive.minor_version() > 3 {
            return self.check_big_data(data_at, size);
        }
        if cell.len() < size {
            let finding = format!("{} bytes", cell.len());
            let expectation = "as many as the value says";
            return Err(data_at.corrupt("data of a value", finding, expectation));
        }
        Ok(())
    }

    fn check_big_data(&mut self, at: CellOffset, size: usize) -> Result<(), HiveError> {
        let place = "segments of big data";
        let raw = self.hive.raw_big_data(at)?;
        let list_at = CellOffset(raw.list_offset.get());
        let count = usize::from(raw.number_of_segments.get());
        if !self.refer_to(list_at, place) {
            return Ok(());
        }
        let (words, _) = self.hive.cell(list_at, place)?.as_chunks::<4>();
        let words = words.get(..count).unwrap_or_default();
        if words.len() != size.div_ceil(SEGMENT_SIZE) {
            let finding = format!("{count} segments for {size} bytes");
            return Err(list_at.corrupt(place, finding, "one for every 16344 bytes"));
        }
        let mut left = size;
        for word in words {
            let segment = CellOffset(u32::from_le_bytes(*word));
            let expected = left.min(SEGMENT_SIZE);
            left = left.saturating_sub(expected);
            if !self.refer_to(segment, place) {
                continue;
            }
            let length = self.hive.cell(segment, place)?.len();
            if length < expected {
                let finding = format!("{length} bytes");
                let error = segment.corrupt(place, finding, "16344, or what is left");
                self.add_problem(error.to_string());
            }
        }
        Ok(())
    }

    /// Checks that security items count the keys that refer to them and form one ring.
    fn check_security(&mut self) {
        let mut left = self.security.clone();
        let Some((&start, _)) = left.first_key_value() else {
            return;
        };
        let mut at = start;
        loop {
            let references = left.remove(&at).unwrap_or(0);
            match self.check_security_item(at, references) {
                Ok(Some(next)) if next != start => at = next,
                Ok(_) => break,
                Err(error) => return self.add_problem(error.to_string()),
            }
        }
        for at in left.into_keys() {
            let finding = "keys refer to it".to_owned();
            let error = at.corrupt("security item", finding, "a place in the ring of items");
            self.add_problem(error.to_string());
        }
    }

    /// Checks one item of the ring; returns the next, or `None` if the item is no new one.
    fn check_security_item(
        &mut self,
        at: CellOffset,
        references: u32,
    ) -> Result<Option<CellOffset>, HiveError> {
        let place = "security item";
        if !self.refer_to(at, place) {
            return Ok(None);
        }
        let raw = self.hive.raw_security(at)?;
        if raw.reference_count.get() != references {
            let finding = format!("it counts {} references", raw.reference_count.get());
            let error = at.corrupt(place, finding, "as many as keys refer to it");
            self.add_problem(format!("{error}, which are {references}"));
        }
        let next = CellOffset(raw.next.get());
        if self.hive.raw_security(next)?.previous.get() != at.0 {
            let finding = "the next item does not lead back".to_owned();
            return Err(at.corrupt(place, finding, "a ring of items"));
        }
        Ok(Some(next))
    }

    fn collect_leaks(&mut self) {
        let cells = self.in_use.iter().zip(&self.is_referred_to);
        let leaked = cells.filter(|(_, is_referred_to)| !**is_referred_to);
        self.audit.leaked_cells = leaked.map(|(at, _)| *at).collect();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::hive::fixture::{made_hive, real_hive};

    #[test]
    fn finds_nothing_wrong_with_hives_that_windows_wrote_to_their_end() {
        let mut counts = String::new();
        for name in [
            "SAM",
            "BCD",
            "NTUSER.DAT",
            "ntuser_software_partial",
            "SYSTEM",
        ] {
            let Some(bytes) = real_hive(name) else { return };
            let audit = audit(&bytes);
            assert_eq!(audit.problems, Vec::<String>::new(), "{name}");
            assert_eq!(audit.leaked_cells, [], "{name}");
            counts += &format!("{name} {} {}\n", audit.keys, audit.values);
        }
        expect![[r#"
            SAM 65 70
            BCD 132 103
            NTUSER.DAT 1812 4094
            ntuser_software_partial 6396 19990
            SYSTEM 30756 73456
        "#]]
        .assert_eq(&counts);
    }

    #[test]
    fn finds_nothing_wrong_with_made_hives_of_every_version() {
        for minor in 3..=6 {
            let audit = audit(&made_hive(minor));
            assert_eq!(audit.problems, Vec::<String>::new(), "version 1.{minor}");
            assert_eq!((audit.keys, audit.values), (706, 5));
        }
    }

    /// Returns where in the file the content of a cell of the made hive lies, behind the cell's size.
    fn place(hive: &Hive, name: &str) -> usize {
        let key = |path: &str| hive.key(path).unwrap().unwrap();
        let (many, version) = (key("Many"), key("Microsoft\\Windows NT\\CurrentVersion"));
        let (raw_many, _) = hive.raw_key(many.offset()).unwrap();
        let (raw_version, _) = hive.raw_key(version.offset()).unwrap();
        let index = CellOffset(raw_many.subkeys_list_offset.get());
        let at = match name {
            "Many" => many.offset(),
            "leaf" => hive.list(index).unwrap().elements[0].offset,
            "security" => CellOffset(raw_many.key_security_offset.get()),
            "values" => CellOffset(raw_version.key_values_list_offset.get()),
            "first value" => version.values().unwrap()[0].offset(),
            other => panic!("no place called {other}"),
        };
        usize::try_from(at.in_file()).unwrap() + 4
    }

    #[test]
    fn names_every_kind_of_damage_and_its_place() {
        let good = made_hive(5);
        let hive = Hive::parse(good.clone()).unwrap();
        let at = |name: &str| place(&hive, name);
        let mut found = String::new();
        let mut note = |what: &str, damage: &dyn Fn(&mut [u8])| {
            let mut bytes = good.clone();
            damage(&mut bytes);
            crate::hive::base_block::rewrite(&mut bytes, |_| ());
            found += &format!("{what}\n");
            for problem in audit(&bytes).problems.iter().take(2) {
                found += &format!("  {problem}\n");
            }
        };
        note("bins size", &|bytes: &mut [u8]| bytes[40] = 1);
        note("bin", &|bytes: &mut [u8]| bytes[0x2000] = b'x');
        note("bin size", &|bytes: &mut [u8]| bytes[0x2009] = 0x11);
        note("cell size", &|bytes: &mut [u8]| bytes[at("Many") - 4] -= 4);
        note("freed key", &|bytes: &mut [u8]| {
            let start = at("Many") - 4;
            let size = i32::from_le_bytes(*bytes[start..].first_chunk().unwrap());
            bytes[start..start + 4].copy_from_slice(&(-size).to_le_bytes());
        });
        note("key magic", &|bytes: &mut [u8]| bytes[at("Many")] = b'x');
        note("parent", &|bytes: &mut [u8]| bytes[at("Many") + 16] ^= 8);
        note("count of subkeys", &|bytes: &mut [u8]| {
            bytes[at("Many") + 20] -= 1
        });
        note("key twice", &|bytes: &mut [u8]| {
            let list = at("leaf") + 4;
            bytes.copy_within(list..list + 8, list + 8);
        });
        note("order", &|bytes: &mut [u8]| {
            let list = at("leaf") + 4;
            let first: [u8; 8] = *bytes[list..].first_chunk().unwrap();
            bytes.copy_within(list + 8..list + 16, list);
            bytes[list + 8..list + 16].copy_from_slice(&first);
        });
        note("hash", &|bytes: &mut [u8]| bytes[at("leaf") + 8] ^= 1);
        note("index in an index", &|bytes: &mut [u8]| {
            let leaf = at("leaf");
            bytes[leaf..leaf + 2].copy_from_slice(b"ri");
        });
        note("list of values", &|bytes: &mut [u8]| {
            let value = at("values");
            bytes[value..value + 4].fill(0);
        });
        note("size of data", &|bytes: &mut [u8]| {
            bytes[at("first value") + 5] = 0x70
        });
        note("references", &|bytes: &mut [u8]| {
            bytes[at("security") + 12] ^= 1
        });
        note("ring", &|bytes: &mut [u8]| bytes[at("security") + 4] ^= 8);
        note("descriptor", &|bytes: &mut [u8]| {
            bytes[at("security") + 18] = 1
        });
        expect![[r#"
            bins size
              base block at 0x28: bins of 2183169 bytes in 2183168, expected a multiple of 4096 that lies in the file
            bin
              bin at 0x2000: magic is [78, 62, 69, 6e], offset 0x1000, expected "hbin" and its own offset
            bin size
              bin at 0x2000: 4352 bytes, expected a multiple of 4096 up to the last bin's end
            cell size
              cell at 0xbce8: 92 bytes, expected a multiple of 8 up to its bin's end
            freed key
              key at 0xbce8: no cell in use, expected a cell in use that one reference leads to
              security item at 0x1020: it counts 706 references, expected as many as keys refer to it, which are 5
            key magic
              key at 0xbce8: magic is [78, 6b], expected "nk"
              security item at 0x1020: it counts 706 references, expected as many as keys refer to it, which are 5
            parent
              key at 0xbce8: its parent is at 0x1080, expected the key that lists it
            count of subkeys
              list of subkeys at 0x74fe8: 700 subkeys, expected as many as the key counts, which is 699
            key twice
              list of subkeys at 0x74fe8: "Key 000" after a name that sorts behind it, expected ascending names
              key at 0xbd58: a second reference, expected a cell in use that one reference leads to
            order
              list of subkeys at 0x74fe8: "Key 000" after a name that sorts behind it, expected ascending names
            hash
              list of subkeys at 0x74fe8: 0xf4ed0584 for "Key 000", expected the hash or letters of the name
            index in an index
              list of subkeys at 0x215020: an index in an index, expected a leaf
              security item at 0x1020: it counts 706 references, expected as many as keys refer to it, which are 6
            list of values
              value at 0x1000: no cell in use, expected a cell in use that one reference leads to
            size of data
              big data at 0x1228: magic is [53, 00], expected "db"
            references
              security item at 0x1020: it counts 707 references, expected as many as keys refer to it, which are 706
            ring
              security item at 0x1028: a free cell of 40 bytes, expected a cell in use
            descriptor
              security item at 0x1020: a descriptor of 65616 bytes in 80, expected a descriptor inside its cell
        "#]].assert_eq(&found);
    }

    #[test]
    fn reports_a_leak_but_does_not_call_it_a_problem() {
        let good = made_hive(5);
        let hive = Hive::parse(good.clone()).unwrap();
        let before = hive.audit();
        let cells = hive.cells().unwrap();
        let free = cells.into_iter().rev().find(|cell| !cell.in_use).unwrap();
        let mut leaking = hive;
        leaking.set_extent(crate::hive::cell::CellExtent {
            in_use: true,
            ..free
        });
        let after = leaking.audit();
        assert_eq!(after.problems, Vec::<String>::new());
        assert_eq!(after.leaked_cells.last(), Some(&free.offset));
        assert_eq!(after.leaked_cells.len(), before.leaked_cells.len() + 1);
    }
}
