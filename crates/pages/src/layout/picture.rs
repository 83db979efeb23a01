//! Pictures as documents hold them.

/// A logo or a seal has no more; a file that claims more is broken or meant to exhaust memory.
pub(super) const PIXELS_MOST: u64 = 50_000_000;

/// A picture ready for the PDF.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// In pixels, which are CSS px without other sizes; whole numbers except in drawings.
    pub width: f32,
    /// Likewise.
    pub height: f32,
    /// What it is made of.
    pub data: PictureData,
}

/// How a picture is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureData {
    /// A JPEG file as it is, and its number of colour components: 1 or 3.
    Jpeg {
        /// The file.
        bytes: Vec<u8>,
        /// Grey or RGB.
        components: u8,
    },
    /// Pixels row by row, compressed as a zlib stream: documents embed them so, and need nothing else of them.
    Pixels {
        /// Three bytes each.
        rgb: Vec<u8>,
        /// One byte each, where any pixel is not opaque.
        alpha: Option<Vec<u8>>,
    },
    /// A drawing; places are px of the picture.
    Outlines(Vec<Outline>),
}

/// A filled part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its subpaths.
    pub paths: Vec<Path>,
    /// Filled with.
    pub color: Rgb,
    /// Filled by the even-odd rule, else by the nonzero rule.
    pub even_odd: bool,
}

/// An opaque colour.
pub type Rgb = [u8; 3];

/// A subpath: where it starts and how it goes on; it closes by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    /// The first point.
    pub start: (f32, f32),
    /// Straight lines and cubic curves.
    pub steps: Vec<Step>,
}

/// How a path goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Straight to a point.
    Line((f32, f32)),
    /// By a cubic curve: two control points and the end.
    Curve((f32, f32), (f32, f32), (f32, f32)),
}

/// Refuses more pixels than [`PIXELS_MOST`].
pub(super) fn check_pixels(width: u32, height: u32) -> Result<(), String> {
    if u64::from(width) * u64::from(height) > PIXELS_MOST {
        return Err(format!("expected at most {PIXELS_MOST} pixels, found {width} × {height}"));
    }
    Ok(())
}
