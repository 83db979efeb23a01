//! Converts SVG to filled outlines in plain colours; refuses everything else by name.

use usvg::{
    FillRule, Group, Node, Options, Paint, Tree,
    tiny_skia_path::{PathSegment, Transform},
};

use super::{
    picture::{Outline, Path, Picture, PictureData, Rgb, Step},
    shield::shielded,
    svg_source,
};

/// Scale at which curves of strokes are approximated: fine enough for a magnified page.
const FINENESS: f32 = 8.0;
/// Some 26 m: more is a mistyped unit.
const SIDE_MOST: f32 = 100_000.0;

/// Most lines and curves in a drawing: more is a photograph in disguise or an attempt to exhaust memory.
const STEPS_MOST: usize = 1_000_000;

/// Reads a drawing.
pub(crate) fn read(bytes: &[u8]) -> Result<Picture, String> {
    let source = std::str::from_utf8(bytes).map_err(|_| "expected an SVG file in UTF-8".to_owned())?;
    shielded(|| convert(source)).unwrap_or_else(|| Err("not a usable SVG file: it is damaged".to_owned()))
}

fn convert(source: &str) -> Result<Picture, String> {
    let document = svg_source::parse(source)?;
    let tree = Tree::from_xmltree(&document, &Options::default())
        .map_err(|error| format!("not a usable SVG file: {error}"))?;
    let size = tree.size();
    let (width, height) = (size.width(), size.height());
    if !(width < SIDE_MOST && height < SIDE_MOST) {
        return Err(format!("expected an SVG drawing below {SIDE_MOST} px, found {width} × {height}"));
    }
    let mut drawing = Drawing::default();
    drawing.read_group(tree.root())?;
    Ok(Picture { width, height, data: PictureData::Outlines(drawing.outlines) })
}

/// The outlines found so far.
#[derive(Default)]
struct Drawing {
    outlines: Vec<Outline>,
    steps: usize,
}

impl Drawing {
    fn read_group(&mut self, group: &Group) -> Result<(), String> {
        let unsupported = [
            (group.opacity().get() < 1.0, "opacity"),
            (group.clip_path().is_some(), "clip paths"),
            (group.mask().is_some(), "masks"),
            (!group.filters().is_empty(), "filters"),
        ];
        if let Some((_, what)) = unsupported.into_iter().find(|(found, _)| *found) {
            return Err(format!("expected plain colours in an SVG file, found {what}"));
        }
        for node in group.children() {
            match node {
                Node::Group(group) => self.read_group(group)?,
                Node::Path(path) if path.is_visible() => self.read_path(path)?,
                Node::Path(_) => {}
                Node::Image(_) => return Err("expected no images in an SVG file".to_owned()),
                Node::Text(_) => return Err("expected outlines instead of text in an SVG file".to_owned()),
            }
        }
        Ok(())
    }

    fn read_path(&mut self, path: &usvg::Path) -> Result<(), String> {
        let transform = path.abs_transform();
        if let Some(fill) = path.fill() {
            let color = plain(fill.paint(), fill.opacity().get())?;
            let even_odd = fill.rule() == FillRule::EvenOdd;
            self.add(outline(path.data(), transform, color, even_odd))?;
        }
        if let Some(stroke) = path.stroke() {
            let color = plain(stroke.paint(), stroke.opacity().get())?;
            let style = stroke.to_tiny_skia();
            let dashed = style.dash.as_ref().and_then(|dash| path.data().dash(dash, FINENESS));
            let data = dashed.as_ref().unwrap_or_else(|| path.data());
            if data.len() > STEPS_MOST {
                return Err(too_many_steps());
            }
            if let Some(stroked) = data.stroke(&style, FINENESS) {
                self.add(outline(&stroked, transform, color, false))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, outline: Option<Outline>) -> Result<(), String> {
        self.steps += outline.iter().flat_map(|outline| &outline.paths).map(|path| path.steps.len()).sum::<usize>();
        if self.steps > STEPS_MOST {
            return Err(too_many_steps());
        }
        self.outlines.extend(outline);
        Ok(())
    }
}

fn too_many_steps() -> String {
    format!("expected at most {STEPS_MOST} lines and curves in an SVG file")
}

fn plain(paint: &Paint, opacity: f32) -> Result<Rgb, String> {
    match paint {
        Paint::Color(color) if opacity >= 1.0 => Ok([color.red, color.green, color.blue]),
        Paint::Color(_) => Err("expected plain colours in an SVG file, found opacity".to_owned()),
        Paint::Pattern(_) => Err("expected plain colours in an SVG file, found a pattern".to_owned()),
        Paint::LinearGradient(_) | Paint::RadialGradient(_) => {
            Err("expected plain colours in an SVG file, found a gradient".to_owned())
        }
    }
}

fn outline(path: &usvg::tiny_skia_path::Path, transform: Transform, color: Rgb, even_odd: bool) -> Option<Outline> {
    let path = path.clone().transform(transform)?;
    let mut paths: Vec<Path> = Vec::new();
    let mut current = (0.0, 0.0);
    for segment in path.segments() {
        let step = match segment {
            PathSegment::MoveTo(point) => {
                current = (point.x, point.y);
                paths.push(Path { start: current, steps: Vec::new() });
                continue;
            }
            PathSegment::Close => continue,
            PathSegment::LineTo(end) => Step::Line((end.x, end.y)),
            PathSegment::QuadTo(control, end) => {
                // Raises a quadratic curve to a cubic one.
                let toward = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
                let one = (toward(current.0, control.x), toward(current.1, control.y));
                let two = (toward(end.x, control.x), toward(end.y, control.y));
                Step::Curve(one, two, (end.x, end.y))
            }
            PathSegment::CubicTo(one, two, end) => Step::Curve((one.x, one.y), (two.x, two.y), (end.x, end.y)),
        };
        current = match step {
            Step::Line(end) | Step::Curve(_, _, end) => end,
        };
        if let Some(path) = paths.last_mut() {
            path.steps.push(step);
        }
    }
    (!paths.is_empty()).then_some(Outline { paths, color, even_odd })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_become_outlines_and_the_rest_is_named() {
        let svg = |inner: &str| {
            read(format!("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'>{inner}</svg>").as_bytes())
        };
        let picture = svg("<rect x='1' y='2' width='3' height='4' fill='#f00'/>").expect("a rectangle");
        assert_eq!((picture.width, picture.height), (20.0, 10.0));
        let PictureData::Outlines(outlines) = picture.data else { panic!("expected outlines") };
        assert_eq!((outlines[0].color, outlines[0].paths[0].start), ([255, 0, 0], (1.0, 2.0)));
        let fault = svg("<rect width='3' height='4' opacity='.5'/>").expect_err("opacity");
        assert_eq!(fault, "expected plain colours in an SVG file, found opacity");
        assert!(svg("<text>x</text>").is_err());
    }
}
