//! Pixels that plotters draws on, with a font of its own: no system's fonts are asked for.

use ab_glyph::{Font, FontRef, InvalidFont, PxScale, ScaleFont, point};
use epaint_default_fonts::UBUNTU_LIGHT;
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};

/// A picture of eight bits for each of red, green and blue.
pub(super) struct Canvas {
    pixels: Vec<u8>,
    size: (u32, u32),
    font: FontRef<'static>,
}

impl Canvas {
    /// An all black picture of this width and height.
    pub(super) fn new(size: (u32, u32)) -> Result<Self, InvalidFont> {
        let pixels = vec![0; size.0 as usize * size.1 as usize * 3];
        Ok(Self { pixels, size, font: FontRef::try_from_slice(UBUNTU_LIGHT)? })
    }

    /// [height, width, 3].
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Calls `draw` with each pixel that a text touches and how much of it is covered; the text's upper
    /// left corner is at (0, 0).
    fn letters(&self, text: &str, size: f64, mut draw: impl FnMut(i32, i32, f64)) {
        let font = self.font.as_scaled(PxScale::from(size as f32));
        let mut across = 0.0;
        for letter in text.chars() {
            let mut glyph = font.scaled_glyph(letter);
            glyph.position = point(across, font.ascent());
            across += font.h_advance(glyph.id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, covered| {
                let (x, y) = (corner.x as i32 + x as i32, corner.y as i32 + y as i32);
                draw(x, y, f64::from(covered));
            });
        }
    }

    fn text_size(&self, text: &str, size: f64) -> (u32, u32) {
        let font = self.font.as_scaled(PxScale::from(size as f32));
        let width: f32 = text.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum();
        (width.ceil() as u32, font.height().ceil() as u32)
    }
}

/// What drawing on memory can fail with: nothing.
type Never = std::convert::Infallible;

impl DrawingBackend for &mut Canvas {
    type ErrorType = Never;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Never>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Never>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        (x, y): BackendCoord,
        colour: BackendColor,
    ) -> Result<(), DrawingErrorKind<Never>> {
        let (width, height) = self.size;
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return Ok(()) };
        if x < width && y < height {
            let start = 3 * (y as usize * width as usize + x as usize);
            let (r, g, b) = colour.rgb;
            for (pixel, value) in self.pixels[start..start + 3].iter_mut().zip([r, g, b]) {
                let mixed =
                    f64::from(*pixel) * (1.0 - colour.alpha) + f64::from(value) * colour.alpha;
                *pixel = mixed.round() as u8;
            }
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Never>> {
        Ok(self.text_size(text, style.size()))
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (left, top): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Never>> {
        let (width, height) = self.text_size(text, style.size());
        let (width, height) = (width as i32, height as i32);
        let anchor = style.anchor();
        let across = match anchor.h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let down = match anchor.v_pos {
            VPos::Top => 0,
            VPos::Center => -height / 2,
            VPos::Bottom => -height,
        };
        let (turn, colour) = (style.transform(), style.color());
        let mut touched = Vec::new();
        self.letters(text, style.size(), |x, y, covered| {
            let (x, y) = turn.transform(x + across, y + down);
            touched.push(((left + x, top + y), colour.alpha * covered));
        });
        for (place, alpha) in touched {
            self.draw_pixel(place, BackendColor { alpha, rgb: colour.rgb })?;
        }
        Ok(())
    }
}
