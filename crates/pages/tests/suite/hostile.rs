//! Style sheets, pictures and faces that ask for too much, or are damaged: each is refused with its place, in bounded time
//! and memory. What is not bounded hangs here, or ends the test run.

use pages::layout::{Faces, Picture, PictureData, lay_out};
use pages::pdf::write;

use crate::common::bare_metadata;

fn faults_of(html: &str) -> Vec<String> {
    let result = lay_out(&format!("<!DOCTYPE html>{html}"), &Faces::built_in(), &|_| Err("no pictures".to_owned()));
    result.err().unwrap_or_default().into_iter().map(|fault| fault.message).collect()
}

#[test]
fn selectors_have_bounds() {
    let not = |depth: usize| format!("{}p{}", ":not(".repeat(depth), ")".repeat(depth));
    let style = |selector: &str| faults_of(&format!("<style>{selector} {{ color: red }}</style><p>x"));
    assert_eq!(style(&not(8)), [""; 0]);
    for depth in [9, 1000, 100_000] {
        assert_eq!(style(&not(depth)), ["expected at most 8 nested :not()"], "{depth}");
    }
    assert_eq!(style(&"p ".repeat(100)), [""; 0]);
    for joined in ["p ", "p > ", "* "] {
        let selector = format!("{}p", joined.repeat(100_000));
        assert_eq!(style(&selector), ["expected at most 100 elements in a selector"], "{joined}");
    }
    let siblings = style(&format!("{}p", "p + ".repeat(100)));
    assert_eq!(siblings, ["expected at most 64 different conditions like :nth-child(2) or h2 +"]);
    // 2⁶⁰ ways to place 60 of 90 ancestors, and none that ends in a table.
    for joined in ["div ", "div > div "] {
        let html = format!("<style>table {}p {{ color: red }}</style>{}<p>x", joined.repeat(30), "<div>".repeat(90));
        assert!(faults_of(&html).iter().all(|fault| fault.starts_with("expected </div>")), "{joined}");
    }
    // As many rules as elements, each other than the others.
    let rules: String = (0..3_500).map(|number| format!("p:not(.a{number}) {{ color: red }}")).collect();
    let elements: String = (0..3_500).map(|number| format!("<p class=b{number}>")).collect();
    let faults = faults_of(&format!("<style>{rules}</style>{elements}"));
    assert_eq!(faults, ["expected fewer rules, or fewer elements that differ in their classes"]);
}

#[test]
fn what_is_measured_before_it_is_laid_out_is_not_measured_again_at_every_depth() {
    for (what, open, depth) in [
        ("tables", "<table><tr><td>", 24),
        ("tables of the page's width", "<table style='width: 100%'><tr><td>", 24),
        ("inline blocks", "<span style='display: inline-block'>", 96),
        ("blocks at the corners of others", "<div style='position: absolute; top: 0; left: 0'>", 96),
        ("lists", "<ul><li>", 48),
        ("flex containers", "<div style='display: flex'>", 10),
        ("flex containers and tables", "<div style='display: flex'><table><tr><td>", 10),
        (
            "columns and inline blocks",
            "<div style='display: flex; flex-direction: column'><span style='display: inline-block'>",
            10,
        ),
    ] {
        let close = |tag: &str| if open.contains(tag) { format!("</{tag}>") } else { String::new() };
        let end = match open {
            _ if open.contains("table") => close("table") + &close("div"),
            _ if open.contains("span") => close("span") + &close("div"),
            _ if open.contains("ul") => close("ul"),
            _ => close("div"),
        };
        // What is measured twice at every depth does not end here.
        assert!(faults_of(&format!("{}x{}", open.repeat(depth), end.repeat(depth))).len() < 200, "{what}");
    }
}

#[test]
fn variables_that_stand_for_nothing_end() {
    let names: String =
        (1..12).map(|number| format!("--v{number}: {};", format!("var(--v{})", number - 1).repeat(20))).collect();
    let faults = faults_of(&format!("<style>p {{ --v0: ; {names} margin: var(--v11) }}</style><p>x"));
    assert_eq!(faults, ["expected fewer variables in a value"]);
}

fn drawn(svg: &str) -> Result<usize, String> {
    Picture::read(svg.as_bytes()).map(|picture| match picture.data {
        PictureData::Outlines(outlines) => outlines.len(),
        _ => panic!("expected a drawing"),
    })
}

#[test]
fn drawings_are_judged_by_their_elements() {
    let xmlns = "xmlns='http://www.w3.org/2000/svg'";
    let svg = |inner: &str| {
        format!("<svg {xmlns} xmlns:xlink='http://www.w3.org/1999/xlink' width='20' height='10'>{inner}</svg>")
    };
    let shape = "<rect width='3' height='4'/>";
    // What only looks like text, images or entities.
    for good in [
        svg(&format!("<!-- <text>x</text> <image href='a.png'/> &e; -->{shape}")),
        svg(&format!("<title>&lt;text>, &lt;image></title><desc>url(a.png)</desc>{shape}")),
        svg("<rect width='3' height='4' aria-label='&lt;text>'/>"),
        format!(
            "<?xml version='1.0'?>\n<!-- <svg> -->\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">{}",
            svg(shape)
        ),
        format!("<!-- {} -->{}", "an editor's long remark ".repeat(100), svg(shape)),
        "<s:svg xmlns:s='http://www.w3.org/2000/svg' width='20' height='10'><s:rect width='3' height='4'/></s:svg>"
            .to_owned(),
        svg(&format!("<e:text xmlns:e='http://www.inkscape.org/namespaces/inkscape'>x</e:text>{shape}")),
        svg(&format!("<a href='https://example.jp'>{shape}</a>")),
        svg("<defs><rect id='r' width='3' height='4'/></defs><use href='#r'/>"),
        svg("<defs><rect id='r' width='3' height='4'/></defs><use xlink:href='#r'/>"),
    ] {
        assert_eq!(drawn(&good), Ok(1), "{good:.300}");
    }
    let text = "expected outlines instead of text in an SVG file";
    let image = "expected no images in an SVG file";
    let cases = [
        (svg("<text>x</text>"), text),
        (svg("<g><tspan>x</tspan></g>"), text),
        (svg("<s:text xmlns:s='http://www.w3.org/2000/svg'>x</s:text>"), text),
        (svg("<te&#x78;t/>"), "not a usable SVG file: "),
        (svg("<TEXT>x</TEXT>"), "the element <TEXT> is not supported in an SVG file"),
        (svg("<image href='/dev/zero'/>"), image),
        (svg("<defs><filter id='f'><feImage href='/etc/passwd'/></filter></defs>"), image),
        (svg("<foreignObject><p>x</p></foreignObject>"), "the element <foreignObject> is not supported in an SVG file"),
        (svg("<script>x</script>"), "the element <script> is not supported in an SVG file"),
        (
            svg("<rect width='1' height='1'><animate attributeName='x'/></rect>"),
            "the element <animate> is not supported in an SVG file",
        ),
        (svg("<use href='/dev/zero#a'/>"), "expected everything in one SVG file, found href=\"/dev/zero#a\""),
        (svg("<use xlink:href='other.svg#a'/>"), "expected everything in one SVG file, found href=\"other.svg#a\""),
        (
            svg("<rect width='3' height='4' fill='url(other.svg#a)'/>"),
            "expected everything in one SVG file, found url(other.svg#a)",
        ),
        (svg("<style>@import 'a.css';</style>"), "expected everything in one SVG file, found @import"),
        (
            svg("<style>rect { fill: url(\"a.svg#b\") }</style>"),
            "expected everything in one SVG file, found url(a.svg#b)",
        ),
        (
            format!("<?xml-stylesheet href='a.css'?>{}", svg(shape)),
            "expected everything in one SVG file, found <?xml-stylesheet?>",
        ),
        (
            format!("<!DOCTYPE svg [<!ENTITY e SYSTEM '/etc/passwd'>]>{}", svg("<desc>&e;</desc>")),
            "expected an SVG file without declarations in its <!DOCTYPE>",
        ),
        (
            format!(
                "<?xml version='1.0'?><!-- > --><!DOCTYPE svg PUBLIC '[' '>' [<!ENTITY e '<rect/>'>]>{}",
                svg("&e;")
            ),
            "expected an SVG file without declarations in its <!DOCTYPE>",
        ),
        (
            svg("<g id='a'><use href='#a'/></g>"),
            "expected elements of an SVG file that do not repeat each other in a circle",
        ),
        (
            svg(&format!("{}{}", "<g>".repeat(50_000), "</g>".repeat(50_000))),
            "expected at most 100 nested elements in an SVG file",
        ),
        (svg(&shape.repeat(300_000)), "not a usable SVG file: "),
        (
            svg(&shape.repeat(100_001)),
            "expected at most 100000 shapes in an SVG file, those that others repeat included",
        ),
        (
            svg(&format!("<path d='M0 0{}' fill='red'/>", "L1 1L2 0".repeat(600_000))),
            "expected at most 1000000 lines and curves in an SVG file",
        ),
        (svg("<path d='M0 0H1e9' stroke='red' stroke-dasharray='0.001'/>"), ""),
        (
            format!("<svg {xmlns}>{}</svg>", " ".repeat(10_000_000)),
            "expected an SVG file of at most 10000000 bytes, found ",
        ),
        ("<html></html>".to_owned(), "not a usable SVG file: "),
        ("<".to_owned(), "not a usable SVG file: "),
    ];
    for (source, expected) in &cases {
        match drawn(source) {
            Err(told) => assert!(told.starts_with(expected), "{source:.300}: {told}"),
            Ok(_) => assert!(expected.is_empty(), "{source:.300}: {expected}"),
        }
    }
}

#[test]
fn drawings_that_repeat_themselves_are_counted() {
    let svg = |inner: &str| format!("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'>{inner}</svg>");
    let too_many = Err("expected at most 100000 shapes in an SVG file, those that others repeat included".to_owned());
    // Each group shows the one before ten times: 10¹² rectangles.
    let bomb = |repeat: &dyn Fn(usize) -> String| {
        let groups: String =
            (1..12).map(|number| format!("<g id='g{number}'>{}</g>", repeat(number - 1).repeat(10))).collect();
        svg(&format!("<defs><g id='g0'><rect width='1' height='1'/></g>{groups}</defs><use href='#g11'/>"))
    };
    assert_eq!(drawn(&bomb(&|number| format!("<use href='#g{number}'/>"))), too_many);
    let patterns: String = (1..12)
        .map(|number| {
            let rect = format!("<rect width='1' height='1' fill='url(#p{})'/>", number - 1);
            format!("<pattern id='p{number}' width='1' height='1'>{}</pattern>", rect.repeat(10))
        })
        .collect();
    let base = "<pattern id='p0' width='1' height='1'><rect width='1' height='1'/></pattern>";
    assert_eq!(drawn(&svg(&format!("{base}{patterns}<rect width='1' height='1' style='fill: url(#p11)'/>"))), too_many);
    let marker = format!("<marker id='m'>{}</marker>", "<rect width='1' height='1'/>".repeat(100));
    let line = format!("<path marker-mid='url(#m)' d='M0 0{}'/>", "L1 1".repeat(10_000));
    assert_eq!(drawn(&svg(&format!("{marker}{line}"))), too_many);
}

#[test]
fn pictures_are_bounded_by_their_pixels() {
    let jpeg = |width: u16, height: u16| {
        let [[high_h, low_h], [high_w, low_w]] = [height.to_be_bytes(), width.to_be_bytes()];
        let frame = [0xff, 0xc0, 0, 11, 8, high_h, low_h, high_w, low_w, 1, 1, 0x11, 0];
        [&[0xff, 0xd8][..], &frame, &[0xff, 0xda, 0, 2, 0xff, 0xd9]].concat()
    };
    assert!(Picture::read(&jpeg(7000, 7000)).is_ok());
    let told = |file: &[u8]| Picture::read(file).unwrap_err();
    assert_eq!(told(&jpeg(50_000, 50_000)), "expected at most 50000000 pixels, found 50000 × 50000");
    let two = [&jpeg(5, 5)[..15], &jpeg(6, 6)[2..]].concat();
    assert_eq!(told(&two), "not a usable JPEG file");
    // A PNG file of one row says how long its rows are: 16 GB would be set aside for it.
    let header = |width: u32, height: u32| {
        let content = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
        let mut check = flate2::Crc::new();
        check.update(b"IHDR");
        check.update(&content);
        [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &content, &check.sum().to_be_bytes()].concat()
    };
    assert_eq!(told(&header(50_000, 50_000)), "expected at most 50000000 pixels, found 50000 × 50000");
    assert_eq!(told(&header(2_000_000_000, 1)), "expected at most 50000000 pixels, found 2000000000 × 1");
}

#[test]
fn damaged_faces_are_refused_wherever_they_are_read() {
    const FACES: [(&str, &[u8]); 4] = [
        ("kerned.ttf", include_bytes!("../data/fonts/kerned.ttf")),
        ("kerned-by-table.ttf", include_bytes!("../data/fonts/kerned-by-table.ttf")),
        ("yoshi.otf", include_bytes!("../data/fonts/yoshi.otf")),
        ("keyed-yoshi.otf", include_bytes!("../data/fonts/keyed-yoshi.otf")),
    ];
    let html = "<!DOCTYPE html><p>AVATAR To 12 \u{20bb7}野家";
    for (name, whole) in FACES {
        // One byte in some thirty places, set to the numbers that lead furthest astray.
        for at in (0..whole.len()).step_by((whole.len() / 30).max(1)) {
            for byte in [0x00, 0xff] {
                let mut file = whole.to_vec();
                file[at] = byte;
                let faces = match Faces::with_files(vec![(name.to_owned(), file)]) {
                    Ok(faces) => faces,
                    Err(error) => {
                        assert_eq!(error.name, name);
                        continue;
                    }
                };
                match lay_out(html, &faces, &|_| Err("no pictures".to_owned())) {
                    Ok(document) => {
                        if let Err(error) = write(&document, &faces, &bare_metadata()) {
                            assert_eq!(error.file.as_deref(), Some(name), "{name}, byte {at}: {error}");
                        }
                    }
                    Err(faults) => {
                        assert!(
                            faults.iter().all(|fault| fault.is_outside || fault.file.as_deref() == Some(name)),
                            "{name}, byte {at}: {faults:?}"
                        );
                    }
                }
            }
        }
    }
}
