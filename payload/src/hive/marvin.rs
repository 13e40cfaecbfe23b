//! Marvin32, the hash that guards entries of transaction logs.
//!
//! ```text
//! state low, high; for each word: low += word, high ^= low, then three rounds of rotate, add, xor
//! the message ends with 0x80 and zeros up to a word, then one word of zeros
//! ```
//!
//! It guards against torn writes, not against anyone: the seed is public.

/// Low and high half of the seed. Source: specification, "Log entries", note 3, names the bytes 82 EF 4D
/// 88 7A 4E 55 C5. Observed: they are one number with the most significant byte first (fixture SYSTEM_B).
const SEED: (u32, u32) = (0x7A4E_55C5, 0x82EF_4D88);

/// Returns the hash of `bytes`, high half in the upper word. Source: Microsoft, "Marvin32" in the .NET
/// runtime; checked against the logs of Windows 10.
pub(super) fn marvin32(bytes: &[u8]) -> u64 {
    let mut state = SEED;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        state = mix(state, u32::from_le_bytes(*word));
    }
    let mut last = [0; 4];
    for (place, byte) in last.iter_mut().zip(rest.iter().chain([&0x80])) {
        *place = *byte;
    }
    state = mix(state, u32::from_le_bytes(last));
    let (low, high) = mix(state, 0);
    u64::from(high) << 32 | u64::from(low)
}

fn mix((low, high): (u32, u32), word: u32) -> (u32, u32) {
    let low = low.wrapping_add(word);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    let high = high.rotate_left(19);
    (low, high)
}
