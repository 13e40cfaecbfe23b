//! What a machine's screen shows, as pixels.

use crate::error::{Context as _, Result, ensure};

/// A picture of the screen.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of every pixel.
    pixels: Vec<u8>,
}

impl Picture {
    /// Parses a portable pixmap as QEMU writes it: `P6`, width, height, 255, pixels.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
        let mut field = || -> Result<&[u8]> { fields.next().context("pixmap: cut short") };
        ensure!(field()? == b"P6", "pixmap: not a P6");
        let mut number = || -> Result<usize> { Ok(std::str::from_utf8(field()?)?.parse()?) };
        let (width, height) = (number()?, number()?);
        let rest = field()?;
        let pixels = rest
            .strip_prefix(b"255\n")
            .context("pixmap: not 8 bits a colour")?;
        ensure!(
            pixels.len() == width * height * 3,
            "pixmap: {} bytes",
            pixels.len()
        );
        Ok(Self {
            width,
            height,
            pixels: pixels.to_vec(),
        })
    }

    /// Returns how many per cent of the screen have this colour, `rrggbb` in hexadecimal. Shades that a
    /// screen of 16 bits a pixel or six bits a colour would show instead count too.
    pub fn percent_of(&self, colour: &str) -> Result<usize> {
        let wanted = hex::decode(colour)?;
        let is_near = |pixel: &&[u8]| pixel.iter().zip(&wanted).all(|(a, b)| a.abs_diff(*b) <= 8);
        let count = self.pixels.chunks_exact(3).filter(is_near).count();
        Ok(count * 100 / (self.width * self.height).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_pixels_of_a_colour() {
        let picture = Picture::parse(b"P6\n2 1\n255\n\x01\x02\x03\xff\x00\x00").unwrap();
        assert_eq!(picture.percent_of("ff0000").unwrap(), 50);
        assert_eq!(picture.percent_of("00ff00").unwrap(), 0);
        assert!(Picture::parse(b"P6\n2 2\n255\n\x01\x02\x03").is_err());
    }
}
