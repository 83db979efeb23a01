//! What makes the file a PDF/A-3b (ISO 19005-3): XMP metadata and an output intent.

use std::sync::LazyLock;

use lopdf::{Dictionary, Object, Stream, StringFormat, dictionary};

use super::{error::Error, file::deflated, metadata::Metadata};

/// The metadata as XMP (ISO 16684-1), in agreement with the information dictionary.
pub(super) fn metadata_stream(metadata: &Metadata<'_>) -> Stream {
    let date = metadata.date.format("%Y-%m-%dT00:00:00Z");
    let mut description = String::new();
    if !metadata.title.is_empty() {
        description += &format!("<dc:title>{}</dc:title>\n", alternative(&metadata.title));
    }
    if !metadata.author.is_empty() {
        let author = escaped(&metadata.author);
        description += &format!("<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>\n");
    }
    if !metadata.subject.is_empty() {
        description += &format!("<dc:description>{}</dc:description>\n", alternative(&metadata.subject));
    }
    let language = escaped(&metadata.language);
    let packet = format!(
        r#"<?xpacket begin="{mark}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
{description}<pdf:Producer>{program}</pdf:Producer>
<xmp:CreatorTool>{program}</xmp:CreatorTool>
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#,
        mark = '\u{feff}',
        program = escaped(&metadata.program),
    );
    Stream::new(dictionary! { "Type" => "Metadata", "Subtype" => "XML" }, packet.into_bytes())
}

fn alternative(text: &str) -> String {
    format!(r#"<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>"#, escaped(text))
}

/// Escapes text for XML, without control characters, which XML does not allow.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// The information dictionary, for readers that do not support XMP.
pub(super) fn information(metadata: &Metadata<'_>) -> Dictionary {
    let date = Object::String(metadata.date.format("D:%Y%m%d000000Z").to_string().into_bytes(), StringFormat::Literal);
    let mut information = dictionary! {
        "Creator" => lopdf::text_string(&metadata.program),
        "Producer" => lopdf::text_string(&metadata.program),
        "CreationDate" => date.clone(),
        "ModDate" => date,
    };
    for (key, text) in [("Title", &metadata.title), ("Author", &metadata.author), ("Subject", &metadata.subject)] {
        if !text.is_empty() {
            information.set(key, lopdf::text_string(text));
        }
    }
    information
}

/// The colour profile for the document's RGB, as a stream.
pub(super) fn profile_stream() -> Result<Stream, Error> {
    static PROFILE: LazyLock<Result<Vec<u8>, Error>> = LazyLock::new(|| deflated(&srgb_profile()));
    let dict = dictionary! { "N" => 3, "Alternate" => "DeviceRGB", "Filter" => "FlateDecode" };
    Ok(Stream::new(dict, PROFILE.clone()?))
}

/// The output intent that applies the profile to the whole document.
pub(super) fn output_intent(profile: lopdf::ObjectId) -> Dictionary {
    dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFA1",
        "OutputConditionIdentifier" => lopdf::text_string("sRGB IEC61966-2.1"),
        "Info" => lopdf::text_string("sRGB IEC61966-2.1"),
        "DestOutputProfile" => profile,
    }
}

/// Number of samples of the curve: one for each value of an 8-bit channel.
const SAMPLES: u32 = 256;
/// The white point D50 in XYZ, in 1/65536.
const D50: [u32; 3] = [0xf6d6, 0x1_0000, 0xd32d];
/// The primaries of sRGB, adapted to D50.
const PRIMARIES: [(&[u8; 4], [u32; 3]); 3] =
    [(b"rXYZ", [0x6fa0, 0x38f5, 0x0390]), (b"gXYZ", [0x6297, 0xb787, 0x18d9]), (b"bXYZ", [0x249f, 0x0f84, 0xb6c4])];
const HEADER: usize = 128;

/// sRGB as an ICC profile of version 2: primaries, white point and one curve for all channels (ICC.1:2001-04, 6).
fn srgb_profile() -> Vec<u8> {
    let mut tags: Vec<([u8; 4], Vec<u8>)> = vec![
        (*b"desc", description("sRGB IEC61966-2.1")),
        (*b"cprt", [b"text\0\0\0\0".as_slice(), b"No copyright, use freely\0"].concat()),
        (*b"wtpt", xyz(D50)),
    ];
    tags.extend(PRIMARIES.map(|(name, primary)| (*name, xyz(primary))));
    tags.push((*b"rTRC", curve()));
    // All channels share one curve.
    let names: Vec<([u8; 4], usize)> = tags
        .iter()
        .enumerate()
        .map(|(index, (name, _))| (*name, index))
        .chain([(*b"gTRC", tags.len() - 1), (*b"bTRC", tags.len() - 1)])
        .collect();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
    let mut offset = HEADER + 4 + 12 * names.len();
    let mut places = Vec::new();
    for (_, content) in &mut tags {
        places.push((offset, content.len()));
        content.resize(content.len().next_multiple_of(4), 0);
        offset += content.len();
    }
    let mut profile = Vec::with_capacity(offset);
    profile.extend(number(offset));
    profile.extend(b"\0\0\0\0\x02\x10\0\0mntrRGB XYZ ");
    // A fixed date: it does not affect the colours, and the file must not depend on the clock.
    profile.extend([2000_u16, 1, 1, 0, 0, 0].iter().flat_map(|part| part.to_be_bytes()));
    profile.extend(b"acsp");
    profile.resize(68, 0);
    profile.extend(D50.iter().flat_map(|value| value.to_be_bytes()));
    profile.resize(HEADER, 0);
    profile.extend(number(names.len()));
    for (name, index) in names {
        let (start, length) = places[index];
        profile.extend(name);
        profile.extend(number(start));
        profile.extend(number(length));
    }
    for (_, content) in tags {
        profile.extend(content);
    }
    profile
}

fn xyz(values: [u32; 3]) -> Vec<u8> {
    b"XYZ \0\0\0\0".iter().copied().chain(values.iter().flat_map(|value| value.to_be_bytes())).collect()
}

/// A description in ASCII only (ICC.1:2001-04, 6.5.17).
fn description(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 1).unwrap_or(0);
    let mut content = b"desc\0\0\0\0".to_vec();
    content.extend(length.to_be_bytes());
    content.extend(text.as_bytes());
    content.resize(content.len() + 1 + 4 + 4 + 2 + 1 + 67, 0);
    content
}

/// Converts sRGB values to linear light (IEC 61966-2-1, 5.2), as 16-bit samples.
fn curve() -> Vec<u8> {
    let mut content = b"curv\0\0\0\0".to_vec();
    content.extend(SAMPLES.to_be_bytes());
    for sample in 0..SAMPLES {
        let value = f64::from(sample) / f64::from(SAMPLES - 1);
        let light = if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
        content.extend(((light * 65_535.0).round() as u16).to_be_bytes());
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_the_form_and_values_of_srgb() {
        let profile = srgb_profile();
        let number = |at: usize| u32::from_be_bytes(profile[at..at + 4].try_into().expect("four bytes")) as usize;
        assert_eq!(number(0), profile.len());
        assert_eq!((&profile[12..24], &profile[36..40]), (&b"mntrRGB XYZ "[..], &b"acsp"[..]));
        let tags: Vec<(&[u8], usize, usize)> = (0..number(128))
            .map(|index| 132 + 12 * index)
            .map(|at| (&profile[at..at + 4], number(at + 4), number(at + 8)))
            .collect();
        for name in ["desc", "cprt", "wtpt", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"] {
            assert!(tags.iter().any(|(tag, ..)| *tag == name.as_bytes()), "{name}");
        }
        assert!(tags.iter().all(|(_, start, length)| start % 4 == 0 && start + length <= profile.len()));
        // The primaries add up to the white point, except for rounding (65536ths).
        for axis in 0..3 {
            let at = |name: &[u8]| tags.iter().find(|(tag, ..)| *tag == name).map_or(0, |tag| tag.1 + 8 + 4 * axis);
            let sum = number(at(b"rXYZ")) + number(at(b"gXYZ")) + number(at(b"bXYZ"));
            assert!(sum.abs_diff(number(at(b"wtpt"))) <= 1, "{axis}");
        }
        let curve = tags.iter().find(|(tag, ..)| *tag == b"rTRC").map_or(0, |tag| tag.1);
        assert_eq!((&profile[curve..curve + 4], number(curve + 8)), (&b"curv"[..], 256));
        let light =
            |value: usize| u16::from_be_bytes([profile[curve + 12 + 2 * value], profile[curve + 13 + 2 * value]]);
        // 188/255 is half as bright as white: 0.5029 by IEC 61966-2-1.
        assert_eq!((light(0), light(255)), (0, 65_535));
        assert!((f64::from(light(188)) / 65_535.0 - 0.5029).abs() < 0.0001);
        assert!(profile.len() < 1200);
    }
}
