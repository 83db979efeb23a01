//! Puts laid-out content on pages: px of the canvas become points of a page.

use super::{
    context::Context,
    fragment::{Edge, Run},
    html::NodeId,
    page::{Area, Item, Layer, Page, Shape, Text},
    paragraph::PAGE_NUMBER,
    picture::{Outline, Path, PictureData, Rgb, Step},
    structure::Mark,
    style::{Decoration, DecorationLine, StyleId},
};

/// Points in a CSS px.
pub(crate) const POINTS: f64 = 0.75;

/// Painting order: below the normal flow, in it, above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Below,
    Normal,
    Above,
}

const LEVELS: usize = 3;
/// Tolerance for rounding errors, in points: content may reach this far beyond the paper.
const BEYOND: f64 = 2.0;

/// The pages under construction.
pub(crate) struct Sheets<'s, 'c> {
    pub(crate) context: &'s Context<'c>,
    pub(crate) pages: Vec<Page>,
    pub(crate) level: Level,
    /// Whether the content is in the flow: browsers make room for it, unlike for what is fixed to the page.
    pub(crate) in_flow: bool,
    /// Offset by relatively positioned ancestors.
    pub(crate) shift: (f64, f64),
    /// Links by page and element, before their targets are known.
    pub(crate) links: Vec<(usize, Area, NodeId)>,
    pub(crate) page_numbers: Vec<PageNumber>,
    /// Content is repeated or otherwise outside the reading order.
    pub(crate) artifact: bool,
    /// The enclosing row, where rows are tagged as wholes.
    pub(crate) row: Option<NodeId>,
}

/// Text that is replaced by the number of the page a link leads to.
pub(crate) struct PageNumber {
    pub(crate) page: usize,
    pub(crate) layer: usize,
    /// Index among the layer's items.
    pub(crate) item: usize,
    pub(crate) link: NodeId,
    pub(crate) style: StyleId,
}

impl<'s, 'c> Sheets<'s, 'c> {
    pub(crate) fn new(context: &'s Context<'c>) -> Self {
        Self {
            context,
            pages: Vec::new(),
            level: Level::Normal,
            in_flow: true,
            shift: (0.0, 0.0),
            links: Vec::new(),
            page_numbers: Vec::new(),
            artifact: false,
            row: None,
        }
    }

    /// Distance of the content from the page's left edge.
    pub(crate) fn left(&self) -> f64 {
        self.context.styles.page.content_area(1).x
    }

    pub(crate) fn top(&self, page: usize) -> f64 {
        self.context.styles.page.content_area(page).y
    }

    pub(crate) fn page(&mut self, index: usize) -> &mut Page {
        let style = &self.context.styles.page;
        while self.pages.len() <= index {
            let mut page = Page {
                width: (style.width * POINTS) as f32,
                height: (style.height * POINTS) as f32,
                ..Page::default()
            };
            page.layers.resize_with(LEVELS, Layer::default);
            self.pages.push(page);
        }
        &mut self.pages[index]
    }

    fn layer(&mut self, page: usize) -> &mut Layer {
        let level = self.level as usize;
        &mut self.page(page).layers[level]
    }

    /// Marks the next items as a node's; nodes are replaced by structure elements at the end.
    fn mark(&mut self, page: usize, node: Option<NodeId>) {
        let element = node.filter(|_| !self.artifact).map_or(Mark::ARTIFACT, |node| node.0);
        let layer = self.layer(page);
        let first = u32::try_from(layer.items.len()).unwrap_or(u32::MAX);
        // The previous mark has no items.
        layer.marks.pop_if(|last| last.first == first);
        if layer.marks.last().is_none_or(|last| last.element != element) {
            layer.marks.push(Mark { first, element });
        }
    }

    /// Moves the edges of a painted rectangle to whole px of the page, as Chromium does; coordinates as in `area`.
    pub(crate) fn snapped(&self, page: usize, x: f64, y: f64, width: f64, height: f64) -> [f64; 4] {
        let (left, top) = (self.shift.0 + self.left(), self.shift.1 + self.top(page));
        let on_px = |start: f64, length: f64, origin: f64| {
            let first = whole_px(start + origin);
            (first - origin, whole_px(start + origin + length) - first)
        };
        let ((x, width), (y, height)) = (on_px(x, width, left), on_px(y, height, top));
        [x, y, width, height]
    }

    /// Converts px from the top left of the page's content to an area in points.
    pub(crate) fn area(&self, page: usize, x: f64, y: f64, width: f64, height: f64) -> Area {
        let (across, down) = self.shift;
        Area {
            x: ((x + across + self.left()) * POINTS) as f32,
            y: ((y + down + self.top(page)) * POINTS) as f32,
            width: (width * POINTS) as f32,
            height: (height * POINTS) as f32,
        }
    }

    pub(crate) fn rectangle(&mut self, page: usize, x: f64, y: f64, width: f64, height: f64, color: Rgb) {
        let [x, y, width, height] = self.snapped(page, x, y, width, height);
        self.fill(page, (x, y, width, height), color);
    }

    /// Fills a rectangle without moving its edges.
    fn fill(&mut self, page: usize, (x, y, width, height): (f64, f64, f64, f64), color: Rgb) {
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        let area = self.area(page, x, y, width, height);
        let shapes = &mut self.layer(page).shapes;
        // Adjacent cells of a row in the same colour become one rectangle.
        if let Some(Shape::Rectangle { area: last, color: last_color }) = shapes.last_mut() {
            let joins = (last.x + last.width - area.x).abs() < 0.001;
            if *last_color == color && last.y == area.y && last.height == area.height && joins {
                last.width = area.x + area.width - last.x;
                return;
            }
        }
        shapes.push(Shape::Rectangle { area, color });
    }

    pub(crate) fn shape(&mut self, page: usize, shape: Shape) {
        self.layer(page).shapes.push(shape);
    }

    /// Draws a dashed line along the middle of a rectangle.
    pub(crate) fn dashes(&mut self, page: usize, edge: &Edge, x: f64, y: f64) {
        let thick = edge.width.min(edge.height);
        let [x, y, width, height] = self.snapped(page, x + edge.x, y + edge.y, edge.width, edge.height);
        let area = self.area(page, x, y, width, height);
        let (from, to) = if edge.width >= edge.height {
            let middle = area.y + area.height / 2.0;
            ((area.x, middle), (area.x + area.width, middle))
        } else {
            let middle = area.x + area.width / 2.0;
            ((middle, area.y), (middle, area.y + area.height))
        };
        let (dash, gap) = dash_pattern(width.max(height), thick);
        let dash = ((dash * POINTS) as f32, (gap * POINTS) as f32);
        let width = (thick * POINTS) as f32;
        self.shape(page, Shape::Dashes { from, to, width, dash, color: edge.color });
    }

    pub(crate) fn edge(&mut self, page: usize, edge: &Edge, x: f64, y: f64) {
        if edge.dashed {
            self.dashes(page, edge, x, y);
        } else {
            self.rectangle(page, x + edge.x, y + edge.y, edge.width, edge.height, edge.color);
        }
    }

    pub(crate) fn picture(
        &mut self,
        page: usize,
        index: usize,
        (x, y, width, height): (f64, f64, f64, f64),
        node: Option<NodeId>,
    ) {
        let [x, y, width, height] = self.snapped(page, x, y, width, height);
        let area = self.area(page, x, y, width, height);
        if let Some(node) = node {
            self.check_inside(page, area, node);
        }
        let context = self.context;
        let Some(picture) = context.pictures.loaded.get(index) else { return };
        // In HTML, a picture with an empty `alt` is decoration.
        let tells = |node: &NodeId| context.tree.attribute(*node, "alt").is_none_or(|alt| !alt.value.is_empty());
        self.mark(page, node.filter(tells));
        let PictureData::Outlines(outlines) = &picture.data else {
            return self.layer(page).items.push(Item::Picture { index, area });
        };
        if picture.width > 0.0 && picture.height > 0.0 {
            let scale = (area.width / picture.width, area.height / picture.height);
            let drawn = outlines.iter().map(|outline| Item::Outline(drawn(outline, area, scale)));
            self.layer(page).items.extend(drawn);
        }
    }

    /// Places a run in a line whose top is at `y`.
    pub(crate) fn run(&mut self, page: usize, run: &Run, x: f64, y: f64) {
        let context = self.context;
        let style = context.styles.get(run.style);
        let metrics = context.faces.line_metrics(run.face, style.font_size);
        // Chromium moves lines to whole px; raised and lowered text keeps its distance from the baseline.
        let baseline = y.round() + f64::from(run.y);
        self.decorate(page, run, x, baseline);
        let area = self.area(page, x + run.x, baseline - metrics.ascent, run.width, metrics.ascent + metrics.descent);
        self.check_inside(page, area, run.node);
        let link = context.link_of(run.node);
        if let Some(link) = link {
            self.links.push((page, area, link));
            if context.tree.is_page_number(link) {
                self.page_number(page, run, link);
            }
        }
        let Some(color) = style.color.0 else { return };
        self.mark(page, link.or(self.row).or(Some(run.node)));
        let point = self.area(page, x + run.x, baseline, run.width, 0.0);
        let text = Text {
            x: point.x,
            y: point.y,
            width: point.width,
            size: (style.glyph_size() * POINTS) as f32,
            letter_spacing: ((style.letter_spacing + f64::from(run.spacing)) * POINTS) as f32,
            face: run.face,
            color,
            kerns: run.kerns.clone(),
            text: run.text.clone(),
        };
        self.layer(page).items.push(Item::Text(text));
    }

    /// Remembers text that will become a page number.
    fn page_number(&mut self, page: usize, run: &Run, link: NodeId) {
        if &*run.text != PAGE_NUMBER {
            let message = "expected room for four digits in one line for a page number";
            return self.context.faults.add(self.context.tree.offset(link), "data-page", message);
        }
        let item = self.layer(page).items.len();
        self.page_numbers.push(PageNumber { page, layer: self.level as usize, item, link, style: run.style });
    }

    /// Draws underline, overline and strike where Chromium does.
    fn decorate(&mut self, page: usize, run: &Run, x: f64, baseline: f64) {
        let context = self.context;
        let style = context.styles.get(run.style);
        let Decoration { underline, overline, strike } = style.lines;
        let text_top = baseline - context.faces.line_metrics(run.face, style.font_size).ascent;
        let thick = |line: DecorationLine| (line.font_size / 10.0).max(1.0);
        let underline = underline.map(|line| {
            let gap = (thick(line) / 2.0).ceil().max(1.0);
            (baseline + f64::from(run.underline) + gap, line)
        });
        let overline = overline.map(|line| (text_top - thick(line).floor(), line));
        let strike = strike.map(|line| {
            let ascent = context.faces.line_metrics(run.face, line.font_size).ascent;
            (text_top + ascent * 2.0 / 3.0 - thick(line) / 2.0, line)
        });
        for (y, line) in [underline, overline, strike].into_iter().flatten() {
            let Some(color) = line.color.0 else { continue };
            let [_, y, _, height] = self.snapped(page, x, y, run.width, thick(line).floor());
            self.fill(page, (x + run.x, y, run.width, height), color);
        }
    }

    /// Reports content that would be cut off at the edge of the paper, or that browsers cut off or shrink.
    pub(crate) fn check_inside(&mut self, page: usize, area: Area, node: NodeId) {
        let sheet = self.page(page);
        let (width, height) = (f64::from(sheet.width), f64::from(sheet.height));
        let (right, bottom) = (f64::from(area.x + area.width), f64::from(area.y + area.height));
        let outside = f64::from(area.x) < -BEYOND
            || f64::from(area.y) < -BEYOND
            || right > width + BEYOND
            || bottom > height + BEYOND;
        let content = self.context.styles.page.content_area(page);
        let too_wide = self.in_flow && right > (content.x + content.width) * POINTS + BEYOND;
        let cut_off =
            f64::from(area.x) < content.x * POINTS - BEYOND || f64::from(area.y) < content.y * POINTS - BEYOND;
        // Content in margin boxes belongs to no element.
        let in_margin = node.is_some() && (too_wide || cut_off);
        if (outside || in_margin) && self.context.faults.is_empty() {
            let (node, _) = node.of_label();
            let offset = self.context.tree.offset(node);
            let name = self.context.tree.tag(node).map_or("", |tag| tag.name());
            let fragment = format!("<{name}> {}", self.context.tree.text(node).trim());
            let message = if outside {
                "expected content that fits on the page, found some beyond the edge of the paper"
            } else if cut_off {
                "expected content between the margins, found some to the left or above, where browsers cut it off"
            } else {
                "expected content between the margins, found some to the right, for which browsers shrink the page"
            };
            self.context.faults.add_outside(offset, &fragment, message);
        }
    }
}

/// The nearest whole px, halves up; a sum that is a rounding error short of a half counts as a half.
fn whole_px(length: f64) -> f64 {
    const HAIR: f64 = 1e-6;
    (length + 0.5 + HAIR).floor()
}

/// Length of dashes and gaps on a line that starts and ends with a dash, as Chromium divides it.
fn dash_pattern(length: f64, thick: f64) -> (f64, f64) {
    let (dash, gap) = if thick >= 3.0 { (thick * 2.0, thick) } else { (thick * 3.0, thick * 2.0) };
    let two_dashes = 2.0 * dash + gap;
    if length <= 2.0 * dash {
        return (length, 0.0);
    }
    if length <= two_dashes {
        let share = length / two_dashes;
        return (dash * share, gap * share);
    }
    let fewer = ((length + gap) / (dash + gap)).floor();
    // Width of the gaps between this many dashes.
    let left = |dashes: f64| (length - dashes * dash) / (dashes - 1.0);
    let (wider, narrower) = (left(fewer), left(fewer + 1.0));
    let best = if narrower <= 0.0 || (wider - gap).abs() < (narrower - gap).abs() { wider } else { narrower };
    (dash, best)
}

/// Scales an outline of a drawing to its area on the page.
fn drawn(outline: &Outline, area: Area, scale: (f32, f32)) -> Outline {
    let point = |(x, y): (f32, f32)| (area.x + x * scale.0, area.y + y * scale.1);
    let step = |step: &Step| match *step {
        Step::Line(end) => Step::Line(point(end)),
        Step::Curve(one, two, end) => Step::Curve(point(one), point(two), point(end)),
    };
    let path = |path: &Path| Path { start: point(path.start), steps: path.steps.iter().map(step).collect() };
    Outline { paths: outline.paths.iter().map(path).collect(), ..*outline }
}

/// A rounded rectangle as four lines and four curves; radii clockwise from the top left.
pub(crate) fn rounded(area: Area, radii: [f32; 4]) -> Path {
    // Distance of control points from the corner in a quarter circle.
    const CURVE: f32 = 0.447_715_2;
    let (left, top, right, bottom) = (area.x, area.y, area.x + area.width, area.y + area.height);
    let [a, b, c, d] = radii;
    let steps = vec![
        Step::Line((right - b, top)),
        Step::Curve((right - b * CURVE, top), (right, top + b * CURVE), (right, top + b)),
        Step::Line((right, bottom - c)),
        Step::Curve((right, bottom - c * CURVE), (right - c * CURVE, bottom), (right - c, bottom)),
        Step::Line((left + d, bottom)),
        Step::Curve((left + d * CURVE, bottom), (left, bottom - d * CURVE), (left, bottom - d)),
        Step::Line((left, top + a)),
        Step::Curve((left, top + a * CURVE), (left + a * CURVE, top), (left + a, top)),
    ];
    Path { start: (left + a, top), steps }
}
