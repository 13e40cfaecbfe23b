//! Lists of subkeys: leaves, and indexes of leaves.
//!
//! ```text
//! li  u16 count, then u32 key each
//! lf  u16 count, then u32 key and the first four letters of its name each
//! lh  u16 count, then u32 key and a hash of its name each; since version 1.5
//! ri  u16 count, then u32 leaf each; there is no index of indexes
//! ```

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::hive::cell::CellOffset;
use crate::hive::key::sort_key;
use crate::hive::{Hive, HiveError};

/// Bytes that a leaf may take with its head: what fits in the smallest bin, as in every hive that was
/// seen. Source: specification, "Hive bin": 4096 bytes, of which 32 are its head and 4 the cell's size.
const LARGEST_LEAF: usize = 4096 - 32 - 4;

/// Head of a list of subkeys. Source: specification, "Index leaf" to "Index root".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawList {
    signature: [u8; 2],
    number_of_elements: U16,
}

/// What a list is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    /// `li`: keys only.
    Plain,
    /// `lf`: keys and the first letters of their names.
    Fast,
    /// `lh`: keys and hashes of their names.
    Hash,
    /// `ri`: leaves.
    Root,
}

/// An entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListElement {
    /// The key, or the leaf.
    pub(super) offset: CellOffset,
    /// Letters or hash; 0 where the list has none.
    pub(super) hint: u32,
}

/// A list of subkeys, or of leaves.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// Its kind.
    pub(super) kind: ListKind,
    /// Its entries in the order of the file.
    pub(super) elements: Vec<ListElement>,
}

impl ListKind {
    /// Returns the leaf that Windows makes in a hive of this version. Source: specification,
    /// "Hash leaf".
    pub(super) fn of_new_leaf(minor_version: u32) -> Self {
        if minor_version > 4 {
            Self::Hash
        } else {
            Self::Fast
        }
    }

    /// Returns how many entries a leaf may have.
    pub(super) fn capacity(self) -> usize {
        let room = LARGEST_LEAF.saturating_sub(size_of::<RawList>());
        match self {
            Self::Fast | Self::Hash => room / 8,
            Self::Plain => room / 4,
            Self::Root => usize::from(u16::MAX),
        }
    }

    /// Returns what a list of this kind keeps of a key's name.
    pub(super) fn hint(self, name: &str) -> u32 {
        match self {
            Self::Plain | Self::Root => 0,
            Self::Fast => first_letters(name),
            Self::Hash => hash(name),
        }
    }

    fn magic(self) -> [u8; 2] {
        match self {
            Self::Plain => *b"li",
            Self::Fast => *b"lf",
            Self::Hash => *b"lh",
            Self::Root => *b"ri",
        }
    }
}

impl List {
    /// Returns the cells that it names.
    pub(super) fn offsets(&self) -> impl Iterator<Item = CellOffset> + '_ {
        self.elements.iter().map(|element| element.offset)
    }

    /// Returns the content of its cell.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::from(self.kind.magic());
        // A leaf holds a few hundred; an index that is full is refused before it comes to this.
        let count = u16::try_from(self.elements.len()).unwrap_or(u16::MAX);
        bytes.extend(count.to_le_bytes());
        for element in self.elements.iter().take(usize::from(count)) {
            bytes.extend(element.offset.0.to_le_bytes());
            if matches!(self.kind, ListKind::Fast | ListKind::Hash) {
                bytes.extend(element.hint.to_le_bytes());
            }
        }
        bytes
    }
}

impl Hive {
    /// Returns the list in the cell at `at`.
    pub(super) fn list(&self, at: CellOffset) -> Result<List, HiveError> {
        let place = "list of subkeys";
        let cell = self.cell(at, place)?;
        let Ok((raw, rest)) = RawList::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt(place, finding, "at least 4"));
        };
        let (kind, words_each) = match &raw.signature {
            b"li" => (ListKind::Plain, 1),
            b"lf" => (ListKind::Fast, 2),
            b"lh" => (ListKind::Hash, 2),
            b"ri" => (ListKind::Root, 1),
            other => {
                let finding = format!("magic is {other:02x?}");
                return Err(at.corrupt(place, finding, "\"lf\", \"lh\", \"li\" or \"ri\""));
            }
        };
        let count = usize::from(raw.number_of_elements.get());
        let (words, _) = rest.as_chunks::<4>();
        let Some(words) = words.get(..count.saturating_mul(words_each)) else {
            let finding = format!("{count} elements in {} bytes", rest.len());
            return Err(at.corrupt(place, finding, "elements inside the cell"));
        };
        let element = |words: &[[u8; 4]]| ListElement {
            offset: CellOffset(words.first().map_or(0, |word| u32::from_le_bytes(*word))),
            hint: words.get(1).map_or(0, |word| u32::from_le_bytes(*word)),
        };
        Ok(List {
            kind,
            elements: words.chunks(words_each).map(element).collect(),
        })
    }

    /// Returns the list in the cell at `at`, which an index names and which must not be one.
    pub(super) fn leaf(&self, at: CellOffset) -> Result<List, HiveError> {
        let list = self.list(at)?;
        if list.kind == ListKind::Root {
            let finding = "an index in an index".to_owned();
            return Err(at.corrupt("list of subkeys", finding, "a leaf"));
        }
        Ok(list)
    }
}

/// Returns the first four letters of a name; none if one of them is not Latin-1. Source: specification,
/// "Fast leaf".
fn first_letters(name: &str) -> u32 {
    let mut letters = [0; 4];
    for (place, unit) in letters.iter_mut().zip(name.encode_utf16()) {
        match u8::try_from(unit) {
            Ok(letter) => *place = letter,
            Err(_) => return 0,
        }
    }
    u32::from_le_bytes(letters)
}

/// Returns the hash of a name. Source: specification, "Hash leaf", note.
fn hash(name: &str) -> u32 {
    sort_key(name).iter().fold(0, |hash: u32, unit| {
        hash.wrapping_mul(37).wrapping_add(u32::from(*unit))
    })
}
