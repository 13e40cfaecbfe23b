//! Buffers as direct input and output wants them: aligned to a page.

use std::ops::{Deref, DerefMut};

/// Alignment that every Linux device accepts: the size of a page.
const ALIGNMENT: usize = 4096;

/// Bytes that begin on a page.
#[derive(Debug)]
pub struct AlignedBuffer {
    /// Never grows, so that it stays where it is.
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// Returns `length` zeros.
    pub fn zeroed(length: usize) -> Self {
        let bytes = vec![0; length.saturating_add(ALIGNMENT)];
        // Never above 4095 for bytes, so the buffer always holds `length` bytes behind it.
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self {
            bytes,
            start,
            length,
        }
    }

    /// Returns a copy of these bytes.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut buffer = Self::zeroed(bytes.len());
        buffer.copy_from_slice(bytes);
        buffer
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_on_a_page_and_has_the_length_asked_for() {
        for length in [0, 1, 512, 1 << 20] {
            let buffer = AlignedBuffer::zeroed(length);
            assert_eq!(buffer.as_ptr().align_offset(ALIGNMENT), 0);
            assert_eq!(buffer.len(), length);
        }
        assert_eq!(&*AlignedBuffer::copy_of(b"abc"), b"abc");
    }
}
