//! Bytes that look random and are the same every time.

/// Source of pseudo-random numbers: SplitMix64 (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts from a text, so that every file of a simulated PC has content of its own.
    pub fn from_text(text: &str) -> Self {
        // FNV-1a with the 64-bit offset basis and prime of its authors' description.
        let state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state }
    }

    /// Returns the next number.
    pub fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Returns `size` bytes that depend on `seed` alone.
pub fn random_bytes(seed: &str, size: usize) -> Vec<u8> {
    let mut random = Random::from_text(seed);
    let mut bytes = Vec::with_capacity(size.saturating_add(8));
    while bytes.len() < size {
        bytes.extend_from_slice(&random.next_number().to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_depend_on_the_seed_alone() {
        assert_eq!(random_bytes("a", 1001), random_bytes("a", 1001));
        assert_ne!(random_bytes("a", 1001), random_bytes("b", 1001));
        assert_eq!(random_bytes("a", 13).len(), 13);
    }

    #[test]
    fn first_numbers_agree_with_the_published_ones() {
        // The reference implementation's output for the seed 1234567.
        let mut random = Random { state: 1_234_567 };
        assert_eq!(random.next_number(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_number(), 3_203_168_211_198_807_973);
    }
}
