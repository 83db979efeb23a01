//! Reads size and colours of JPEG files, which go into the PDF unchanged.

use super::picture::{Picture, PictureData, check_pixels};

/// Markers that start a frame, in any coding (ITU-T T.81, table B.1); three others lie among them: a Huffman table
/// (c4), an extension (c8) and arithmetic conditioning (cc).
const FRAMES: std::ops::RangeInclusive<u8> = 0xc0..=0xcf;
/// Baseline, extended and progressive frames with Huffman coding: what a PDF may contain (ISO 32000-1, 7.4.8).
const FRAMES_OF_PDF: std::ops::RangeInclusive<u8> = 0xc0..=0xc2;
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
const EXIF: u8 = 0xe1;

/// Reads size and colours from the frame header (ITU-T T.81, B.2.2).
pub(crate) fn read(bytes: &[u8]) -> Result<Picture, String> {
    let broken = || "not a usable JPEG file".to_owned();
    let mut position = 2;
    let mut picture = None;
    loop {
        let marker = match bytes.get(position..position + 2) {
            Some([0xff, 0xff]) => {
                position += 1;
                continue;
            }
            Some([0xff, marker]) => *marker,
            _ => return Err(broken()),
        };
        let length = match bytes.get(position + 2..position + 4) {
            Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(broken()),
        };
        let content = bytes.get(position + 4..position + 2 + length).ok_or_else(broken)?;
        match marker {
            START_OF_SCAN => {
                // ff is never followed by d9 within the scans, so without an end marker the file was cut off.
                let rest = bytes.get(position..).unwrap_or_default();
                if !rest.windows(2).rev().any(|pair| pair == END_OF_IMAGE) {
                    return Err("not a usable JPEG file: its end is missing".to_owned());
                }
                return picture.ok_or_else(broken);
            }
            EXIF if is_turned(content).unwrap_or(false) => {
                return Err("expected an upright JPEG file, found one that its Exif data turns".to_owned());
            }
            0xc4 | 0xc8 | 0xcc => {}
            // Only one image is allowed: readers disagree on which of two they show.
            _ if FRAMES_OF_PDF.contains(&marker) && picture.is_some() => return Err(broken()),
            _ if FRAMES_OF_PDF.contains(&marker) => {
                let (width, height, components) = frame(content)?;
                let data = PictureData::Jpeg { bytes: bytes.to_vec(), components };
                picture = Some(Picture { width, height, data });
            }
            _ if FRAMES.contains(&marker) => {
                return Err("expected a baseline or progressive JPEG file, found another coding".to_owned());
            }
            _ => {}
        }
        position += 2 + length;
    }
}

/// Width, height and number of colour components.
fn frame(content: &[u8]) -> Result<(f32, f32, u8), String> {
    let broken = || "not a usable JPEG file".to_owned();
    let [precision, high_h, low_h, high_w, low_w, components, ..] = content else {
        return Err(broken());
    };
    if *precision != 8 {
        return Err("expected a JPEG file with 8 bits per colour".to_owned());
    }
    let side = |high: &u8, low: &u8| u16::from_be_bytes([*high, *low]);
    let (width, height) = (side(high_w, low_w), side(high_h, low_h));
    check_pixels(width.into(), height.into())?;
    let (width, height) = (f32::from(width), f32::from(height));
    if width == 0.0 || height == 0.0 || content.len() < 6 + 3 * usize::from(*components) {
        return Err(broken());
    }
    match components {
        1 | 3 => Ok((width, height, *components)),
        4 => Err("expected a JPEG file in RGB or grey, found CMYK".to_owned()),
        _ => Err(broken()),
    }
}

/// Whether Exif data gives an orientation other than upright: browsers turn the picture, PDF readers do not.
fn is_turned(content: &[u8]) -> Option<bool> {
    let tiff = content.strip_prefix(b"Exif\0\0")?;
    let is_little = tiff.starts_with(b"II");
    let number = |at: usize, count: usize| {
        let bytes = tiff.get(at..at.checked_add(count)?)?;
        let join = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if is_little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let directory = number(4, 4)?;
    for entry in 0..number(directory, 2)? {
        let at = directory + 2 + entry * 12;
        if number(at, 2)? == 0x0112 {
            return Some(number(at + 8, 2)? > 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_header_gives_the_size() {
        assert_eq!(read(&[0xff, 0xd8, 0xff]), Err("not a usable JPEG file".to_owned()));
        let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 0, 2, 1, 3, 1, 1, 0x11, 0];
        assert_eq!(read(&file), Err("not a usable JPEG file".to_owned()));
        file.extend([0xff, 0xda, 0, 2, 0]);
        assert_eq!(read(&file), Err("not a usable JPEG file: its end is missing".to_owned()));
        file.extend([0xff, 0xd9]);
        let picture = read(&file).expect("a picture");
        assert_eq!((picture.width, picture.height), (259.0, 2.0));
    }
}
