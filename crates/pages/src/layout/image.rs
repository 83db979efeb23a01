//! Pictures: PNG is decoded, JPEG stays as it is, SVG becomes outlines. A picture is read once for all documents that
//! show it.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use flate2::{Compression, write::ZlibEncoder};

use super::{
    jpeg,
    picture::{PIXELS_MOST, Picture, PictureData, check_pixels},
    shield::shielded,
    svg,
};

/// Returns the picture of a `src` attribute, or why there is none.
pub type ImageSource<'a> = dyn Fn(&str) -> Result<Arc<Picture>, String> + Sync + 'a;

/// The pictures of a document, each looked up once.
#[derive(Default)]
pub(crate) struct Pictures {
    pub(crate) loaded: Vec<Arc<Picture>>,
    pixels: u64,
    known: BTreeMap<String, Result<usize, String>>,
}

impl Pictures {
    pub(crate) fn load(&mut self, source: &str, images: &ImageSource<'_>) -> Result<usize, String> {
        if let Some(known) = self.known.get(source) {
            return known.clone();
        }
        let result = if self.pixels > PIXELS_MOST { Err(too_many_pixels()) } else { images(source) };
        let result = result.and_then(|picture| {
            self.pixels = self.pixels.saturating_add(picture.pixels());
            if self.pixels > PIXELS_MOST {
                return Err(too_many_pixels());
            }
            self.loaded.push(picture);
            Ok(self.loaded.len() - 1)
        });
        self.known.insert(source.to_owned(), result.clone());
        result
    }

    /// Natural size in px.
    pub(crate) fn size(&self, index: usize) -> (f64, f64) {
        self.loaded.get(index).map_or((0.0, 0.0), |picture| (f64::from(picture.width), f64::from(picture.height)))
    }
}

fn too_many_pixels() -> String {
    format!("expected at most {PIXELS_MOST} pixels in all images of a document")
}

impl Picture {
    /// Number of pixels; zero for a drawing.
    fn pixels(&self) -> u64 {
        match self.data {
            PictureData::Outlines(_) => 0,
            // Both are whole numbers below 2³², so the product is below 2⁶⁴.
            _ => (f64::from(self.width) * f64::from(self.height)) as u64,
        }
    }

    /// Reads a PNG, JPEG or SVG file.
    ///
    /// # Errors
    /// Says what is wrong with the file, or what in it is not supported.
    pub fn read(bytes: &[u8]) -> Result<Picture, String> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return shielded(|| decode_png(bytes)).unwrap_or_else(|| Err("not a usable PNG file".to_owned()));
        }
        if bytes.starts_with(&[0xff, 0xd8]) {
            return jpeg::read(bytes);
        }
        if looks_like_svg(bytes) {
            return svg::read(bytes);
        }
        Err("expected a PNG, JPEG or SVG file".to_owned())
    }
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|error| format!("the picture cannot be compressed: {error}"))
}

/// Whether the file looks like XML; `svg` checks the elements.
fn looks_like_svg(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii_start().starts_with(b"<")
}

fn decode_png(bytes: &[u8]) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| format!("not a usable PNG file: {error}");
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    // Text and colour profiles are compressed and never shown: skipped, not inflated.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // The size is checked before memory for the rows is allocated.
    let header = decoder.read_header_info().map_err(broken)?;
    let (width, height) = (header.width, header.height);
    check_pixels(width, height)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let size = reader.output_buffer_size().ok_or("expected a smaller PNG file")?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer).map_err(broken)?;
    let pixels = buffer.get(..frame.buffer_size()).unwrap_or_default();
    let (mut rgb, mut alpha) = (Vec::with_capacity(pixels.len()), Vec::new());
    match frame.color_type {
        png::ColorType::Rgb => rgb.extend_from_slice(pixels),
        png::ColorType::Grayscale => rgb.extend(pixels.iter().flat_map(|grey| [*grey; 3])),
        png::ColorType::GrayscaleAlpha => {
            for pixel in pixels.chunks_exact(2) {
                rgb.extend([pixel[0]; 3]);
                alpha.push(pixel[1]);
            }
        }
        png::ColorType::Rgba => {
            for pixel in pixels.chunks_exact(4) {
                rgb.extend_from_slice(&pixel[..3]);
                alpha.push(pixel[3]);
            }
        }
        png::ColorType::Indexed => return Err("not a usable PNG file: its palette is missing".to_owned()),
    }
    let alpha = alpha.iter().any(|alpha| *alpha < 255).then(|| compressed(&alpha)).transpose()?;
    let data = PictureData::Pixels { rgb: compressed(&rgb)?, alpha };
    Ok(Picture { width: width as f32, height: height as f32, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_pictures_are_faults() {
        assert_eq!(Picture::read(b"GIF89a"), Err("expected a PNG, JPEG or SVG file".to_owned()));
    }

    #[test]
    fn pixels_are_kept_as_zlib_streams() {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 1);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().expect("header");
        writer.write_image_data(&[1, 2, 3, 255, 4, 5, 6, 7]).expect("pixels");
        writer.finish().expect("file");
        let picture = Picture::read(&file).expect("a picture");
        let PictureData::Pixels { rgb, alpha: Some(alpha) } = &picture.data else {
            panic!("expected an alpha channel")
        };
        let inflated = |bytes: &[u8]| {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(bytes), &mut plain).expect("a stream");
            plain
        };
        assert_eq!((inflated(rgb), inflated(alpha)), (vec![1, 2, 3, 4, 5, 6], vec![255, 7]));
    }
}
