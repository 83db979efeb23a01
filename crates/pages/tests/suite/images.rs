//! Every format an image can have: what is printed of it, and what is refused. The expected pixels follow from the PNG
//! specification (W3C, second edition), worked out by hand.

use std::io::{Read, Write};
use std::sync::Arc;

use pages::layout::{Faces, Picture, PictureData, Step, lay_out};
use pages::pdf::write;
use png::{BitDepth, ColorType};

use crate::common::bare_metadata;

const GREY: &[u8] = include_bytes!("../data/images/grey.jpg");
const RGB: &[u8] = include_bytes!("../data/images/rgb.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../data/images/progressive.jpg");
const CMYK: &[u8] = include_bytes!("../data/images/cmyk.jpg");

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// Colours and alpha of a picture made of pixels.
fn pixels(file: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let picture = Picture::read(file).unwrap_or_else(|fault| panic!("{fault}"));
    let PictureData::Pixels { rgb, alpha } = picture.data else { panic!("expected pixels") };
    (inflated(&rgb), alpha.map(|alpha| inflated(&alpha)))
}

/// A PNG file of that many pixels in one row.
fn png(width: u32, color: ColorType, depth: BitDepth, data: &[u8], chunks: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, 1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    for (name, content) in chunks {
        match *name {
            "PLTE" => encoder.set_palette(content.to_vec()),
            _ => encoder.set_trns(content.to_vec()),
        }
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    file
}

/// A document that shows the picture, and the dictionary and content of the image in its PDF.
fn printed(file: &[u8]) -> (lopdf::Document, Option<lopdf::Stream>) {
    let picture = Arc::new(Picture::read(file).unwrap_or_else(|fault| panic!("{fault}")));
    let html = "<!DOCTYPE html><p><img src=\"picture\" alt=\"a picture\">";
    let document = lay_out(html, &Faces::built_in(), &|_| Ok(picture.clone())).unwrap();
    let bytes = write(&document, &Faces::built_in(), &bare_metadata()).unwrap();
    let pdf = lopdf::Document::load_mem(&bytes).unwrap();
    let images = pdf.objects.values().filter_map(|object| object.as_stream().ok());
    let is_image = |stream: &&lopdf::Stream| stream.dict.get(b"ColorSpace").is_ok() && stream.dict.has(b"Width");
    let is_mask = |stream: &lopdf::Stream| {
        let masks = pdf.objects.values().filter_map(|object| object.as_stream().ok()?.dict.get(b"SMask").ok());
        masks.filter_map(|mask| pdf.dereference(mask).ok()?.1.as_stream().ok()).any(|mask| mask == stream)
    };
    let image = images.filter(is_image).find(|image| !is_mask(image)).cloned();
    (pdf, image)
}

fn name<'a>(stream: &'a lopdf::Stream, key: &str) -> &'a str {
    std::str::from_utf8(stream.dict.get(key.as_bytes()).unwrap().as_name().unwrap()).unwrap()
}

#[test]
fn colours_with_alpha_have_a_soft_mask() {
    let file = png(2, ColorType::Rgba, BitDepth::Eight, &[255, 0, 10, 255, 0, 20, 255, 128], &[]);
    assert_eq!(pixels(&file), (vec![255, 0, 10, 0, 20, 255], Some(vec![255, 128])));
    let (pdf, image) = printed(&file);
    let image = image.unwrap();
    assert_eq!((name(&image, "ColorSpace"), name(&image, "Filter")), ("DeviceRGB", "FlateDecode"));
    assert_eq!(inflated(&image.content), [255, 0, 10, 0, 20, 255]);
    let mask = pdf.dereference(image.dict.get(b"SMask").unwrap()).unwrap().1.as_stream().unwrap();
    assert_eq!((name(mask, "ColorSpace"), inflated(&mask.content)), ("DeviceGray", vec![255, 128]));

    let opaque = png(1, ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 255], &[]);
    assert_eq!(pixels(&opaque), (vec![1, 2, 3], None));
    assert!(!printed(&opaque).1.unwrap().dict.has(b"SMask"));
}

#[test]
fn sixteen_bits_keep_the_higher_eight() {
    let file = png(1, ColorType::Rgb, BitDepth::Sixteen, &[0x12, 0x34, 0xab, 0x40, 0xff, 0xff], &[]);
    assert_eq!(pixels(&file), (vec![0x12, 0xab, 0xff], None));
    let file = png(1, ColorType::GrayscaleAlpha, BitDepth::Sixteen, &[0x12, 0x34, 0x56, 0x20], &[]);
    assert_eq!(pixels(&file), (vec![0x12; 3], Some(vec![0x56])));
    let file = png(1, ColorType::Rgba, BitDepth::Sixteen, &[1, 0, 2, 0, 3, 0, 0x80, 0], &[]);
    assert_eq!(pixels(&file), (vec![1, 2, 3], Some(vec![0x80])));
}

#[test]
fn palettes_are_looked_up_with_their_transparency() {
    let palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7];
    let colors = palette.to_vec();
    // Two bits a pixel: 0, 1, 2, 3. Entries without a transparency of their own are opaque (11.3.2.1).
    let chunks: [(&str, &[u8]); 2] = [("PLTE", &palette), ("tRNS", &[0, 128])];
    let file = png(4, ColorType::Indexed, BitDepth::Two, &[0b00_01_10_11], &chunks);
    assert_eq!(pixels(&file), (colors.clone(), Some(vec![0, 128, 255, 255])));
    let file = png(4, ColorType::Indexed, BitDepth::Eight, &[3, 2, 1, 0], &chunks[..1]);
    assert_eq!(pixels(&file), (vec![9, 8, 7, 0, 0, 255, 0, 255, 0, 255, 0, 0], None));
    assert!(printed(&file).1.is_some());
}

#[test]
fn grey_of_any_depth_is_stretched_over_all_shades() {
    let grey = |depth, width, data: &[u8]| {
        let (rgb, alpha) = pixels(&png(width, ColorType::Grayscale, depth, data, &[]));
        assert!(alpha.is_none() && rgb.chunks(3).all(|pixel| pixel == [pixel[0]; 3]));
        rgb.chunks(3).map(|pixel| pixel[0]).collect::<Vec<u8>>()
    };
    assert_eq!(grey(BitDepth::One, 3, &[0b1010_0000]), [255, 0, 255]);
    assert_eq!(grey(BitDepth::Two, 4, &[0b00_01_10_11]), [0, 85, 170, 255]);
    assert_eq!(grey(BitDepth::Four, 2, &[0x17]), [17, 119]);
    assert_eq!(grey(BitDepth::Eight, 2, &[3, 200]), [3, 200]);
    assert_eq!(grey(BitDepth::Sixteen, 1, &[200, 7]), [200]);
    let file = png(2, ColorType::GrayscaleAlpha, BitDepth::Eight, &[7, 255, 9, 0], &[]);
    assert_eq!(pixels(&file), (vec![7, 7, 7, 9, 9, 9], Some(vec![255, 0])));
}

#[test]
fn one_colour_may_be_transparent() {
    let rgb = [1, 2, 3, 1, 2, 4];
    let file = png(2, ColorType::Rgb, BitDepth::Eight, &rgb, &[("tRNS", &[0, 1, 0, 2, 0, 3])]);
    assert_eq!(pixels(&file), (rgb.to_vec(), Some(vec![0, 255])));
    // All 16 bits count, although eight of them are printed.
    let file = png(2, ColorType::Grayscale, BitDepth::Sixteen, &[1, 2, 1, 3], &[("tRNS", &[1, 2])]);
    assert_eq!(pixels(&file), (vec![1; 6], Some(vec![0, 255])));
}

/// A PNG file of those chunks.
fn chunked(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in chunks {
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        let mut check = flate2::Crc::new();
        check.update(*name);
        check.update(content);
        file.extend(name.iter().chain(content));
        file.extend(check.sum().to_be_bytes());
    }
    file
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Size, grey of 8 bits, and whether interlaced.
fn header(width: u32, height: u32, interlaced: u8) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, interlaced]].concat()
}

#[test]
fn interlaced_rows_are_put_in_order() {
    // Adam7 of 3 × 3 pixels with the shades 1 to 9: pass 1 has (0, 0), pass 4 has (2, 0), pass 5 row 2 with every other
    // pixel, pass 6 what stands between in rows 0 and 2, pass 7 row 1; passes 2 and 3 are empty. A 0 begins each row.
    let passes = [0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6];
    let file = chunked(&[(b"IHDR", header(3, 3, 1)), (b"IDAT", deflated(&passes)), (b"IEND", Vec::new())]);
    let expected: Vec<u8> = (1..=9).flat_map(|shade| [shade; 3]).collect();
    assert_eq!(pixels(&file), (expected, None));
}

#[test]
fn broken_png_files_are_refused() {
    let fault = |file: &[u8]| Picture::read(file).unwrap_err();
    let whole = chunked(&[(b"IHDR", header(2, 1, 0)), (b"IDAT", deflated(&[0, 1, 2])), (b"IEND", Vec::new())]);
    assert_eq!(pixels(&whole).0, [1, 1, 1, 2, 2, 2]);
    for length in 8..whole.len() - 12 {
        assert!(fault(&whole[..length]).starts_with("not a usable PNG file: "), "cut off at {length}");
    }
    let mut wrong = whole.clone();
    wrong[19] = 3;
    assert!(fault(&wrong).starts_with("not a usable PNG file: "), "width without its checksum");
    let few = chunked(&[(b"IHDR", header(2, 2, 0)), (b"IDAT", deflated(&[0, 1, 2])), (b"IEND", Vec::new())]);
    assert!(fault(&few).starts_with("not a usable PNG file: "), "one row of two");
    let large = chunked(&[(b"IHDR", header(100_000, 100_000, 0)), (b"IDAT", Vec::new()), (b"IEND", Vec::new())]);
    assert_eq!(fault(&large), "expected at most 50000000 pixels, found 100000 × 100000");
}

#[test]
fn jpeg_files_stay_as_they_are() {
    let cases = [(GREY, 1, (5.0, 3.0), "DeviceGray"), (RGB, 3, (5.0, 3.0), "DeviceRGB")];
    for (file, colors, size, space) in cases.into_iter().chain([(PROGRESSIVE, 3, (16.0, 8.0), "DeviceRGB")]) {
        let picture = Picture::read(file).unwrap();
        assert_eq!((picture.width, picture.height), size);
        assert_eq!(picture.data, PictureData::Jpeg { bytes: file.to_vec(), components: colors });
        let image = printed(file).1.unwrap();
        assert_eq!((name(&image, "ColorSpace"), name(&image, "Filter")), (space, "DCTDecode"));
        assert_eq!(image.dict.get(b"Width").unwrap().as_i64().unwrap(), size.0 as i64);
        assert!(image.content == file);
    }
}

#[test]
fn jpeg_files_that_would_print_in_another_way_are_refused() {
    let fault = |file: &[u8]| Picture::read(file).unwrap_err();
    assert_eq!(fault(CMYK), "expected a JPEG file in RGB or grey, found CMYK");
    for length in 2..RGB.len() - 1 {
        assert!(fault(&RGB[..length]).starts_with("not a usable JPEG file"), "cut off at {length}");
    }
    let frame = RGB.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut file = RGB.to_vec();
        file[at] = byte;
        file
    };
    let arithmetic = with(frame + 1, 0xc9);
    assert_eq!(fault(&arithmetic), "expected a baseline or progressive JPEG file, found another coding");
    assert_eq!(fault(&with(frame + 4, 12)), "expected a JPEG file with 8 bits per colour");
    // Exif data with one entry, the orientation, in both orders of bytes: 6 is turned by 90°, 1 is upright.
    let little = |turn| [&b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[turn, 0, 0, 0]].concat();
    let big = |turn| [&b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"[..], &[0, turn, 0, 0]].concat();
    for (exif, upright) in [(little(6), false), (big(6), false), (little(1), true), (big(1), true)] {
        let length = u8::try_from(exif.len() + 8).unwrap();
        let file = [&RGB[..2], &[0xff, 0xe1, 0, length], b"Exif\0\0", &exif, &RGB[2..]].concat();
        match upright {
            true => assert!(Picture::read(&file).is_ok()),
            false => assert_eq!(fault(&file), "expected an upright JPEG file, found one that its Exif data turns"),
        }
    }
}

fn drawing(inner: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10' viewBox='0 0 10 5'>{inner}</svg>")
}

#[test]
fn drawings_are_filled_on_the_page() {
    let file = drawing("<path d='M1 1H3V2H1Z' fill='#f00' fill-rule='evenodd'/>");
    let picture = Picture::read(file.as_bytes()).unwrap();
    assert_eq!((picture.width, picture.height), (20.0, 10.0));
    let PictureData::Outlines(outlines) = picture.data else { panic!("expected outlines") };
    // Two px for each unit of the view box.
    let path = &outlines[0].paths[0];
    assert_eq!((outlines[0].color, outlines[0].even_odd, path.start), ([255, 0, 0], true, (2.0, 2.0)));
    assert_eq!(path.steps, [Step::Line((6.0, 2.0)), Step::Line((6.0, 4.0)), Step::Line((2.0, 4.0))]);
    let (pdf, image) = printed(file.as_bytes());
    assert!(image.is_none());
    let content = pdf.get_page_content(pdf.page_iter().next().unwrap());
    let operations = lopdf::content::Content::decode(&content).unwrap().operations;
    let red = [lopdf::Object::Integer(1), lopdf::Object::Integer(0), lopdf::Object::Integer(0)];
    assert!(operations.iter().any(|operation| operation.operator == "rg" && operation.operands == red));
    assert!(operations.iter().any(|operation| operation.operator == "f*"));
}

#[test]
fn drawings_with_more_than_plain_shapes_are_refused() {
    let gradient =
        "<linearGradient id='g'><stop stop-color='red'/><stop offset='1' stop-color='blue'/></linearGradient>";
    let cases = [
        ("<rect width='3' height='4' fill='url(#g)'/>", "expected plain colours in an SVG file, found a gradient"),
        ("<rect width='3' height='4' fill-opacity='.5'/>", "expected plain colours in an SVG file, found opacity"),
        ("<g opacity='.5'><rect width='3' height='4'/></g>", "expected plain colours in an SVG file, found opacity"),
        (
            "<clipPath id='c'><circle r='2'/></clipPath><rect width='3' height='4' clip-path='url(#c)'/>",
            "expected plain colours in an SVG file, found clip paths",
        ),
        (
            "<mask id='m'><circle r='2' fill='#fff'/></mask><rect width='3' height='4' mask='url(#m)'/>",
            "expected plain colours in an SVG file, found masks",
        ),
        (
            "<filter id='f'><feGaussianBlur stdDeviation='1'/></filter><rect width='3' height='4' filter='url(#f)'/>",
            "expected plain colours in an SVG file, found filters",
        ),
        ("<text y='5'>x</text>", "expected outlines instead of text in an SVG file"),
        ("<image width='1' height='1' href='a.png'/>", "expected no images in an SVG file"),
    ];
    for (inner, expected) in cases {
        let file = drawing(&format!("<defs>{gradient}</defs>{inner}"));
        assert_eq!(Picture::read(file.as_bytes()).unwrap_err(), expected, "{inner}");
    }
    assert!(
        Picture::read(b"<svg xmlns='http://www.w3.org/2000/svg'>").unwrap_err().starts_with("not a usable SVG file")
    );
    assert_eq!(Picture::read(b"<svg>\xff</svg>").unwrap_err(), "expected an SVG file in UTF-8");
    let large = "<svg xmlns='http://www.w3.org/2000/svg' width='200000' height='10'><path d='M0 0H1V1Z'/></svg>";
    let expected = "expected an SVG drawing below 100000 px, found 200000 × 10";
    assert_eq!(Picture::read(large.as_bytes()).unwrap_err(), expected);
    assert_eq!(Picture::read(b"GIF89a").unwrap_err(), "expected a PNG, JPEG or SVG file");
}
