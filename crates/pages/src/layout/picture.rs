//! Pictures as a document holds them.

/// No logo or seal has more; a file that claims to is damaged or made to exhaust memory.
pub(super) const PIXELS_MOST: u64 = 50_000_000;

/// A picture ready for the PDF.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// In pixels, which are CSS px unless a size is specified; whole numbers except in drawings.
    pub width: f32,
    /// As for `width`.
    pub height: f32,
    /// The content.
    pub data: PictureData,
}

/// How a picture is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureData {
    /// A JPEG file, unchanged.
    Jpeg {
        /// The file.
        bytes: Vec<u8>,
        /// Number of colour components: 1 (grey) or 3 (RGB).
        components: u8,
    },
    /// Pixels row by row, compressed with zlib: documents embed the streams as they are.
    Pixels {
        /// Three bytes for each pixel.
        rgb: Vec<u8>,
        /// One byte for each pixel; present if any pixel is not opaque.
        alpha: Option<Vec<u8>>,
    },
    /// A drawing; coordinates are px of the picture.
    Outlines(Vec<Outline>),
}

/// A filled part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its subpaths.
    pub paths: Vec<Path>,
    /// Fill colour.
    pub color: Rgb,
    /// Even-odd fill rule, not nonzero.
    pub even_odd: bool,
}

/// An opaque colour.
pub type Rgb = [u8; 3];

/// A subpath; the last point is joined to the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    /// The first point.
    pub start: (f32, f32),
    /// Straight lines and cubic curves.
    pub steps: Vec<Step>,
}

/// A step of a path.
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
