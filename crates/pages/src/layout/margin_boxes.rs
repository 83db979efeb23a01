//! Text in the pages' margins, such as page numbers (CSS Paged Media, 5.3).

use super::{
    boxes::Paragraph,
    breaking::measure,
    context::Context,
    fragment::Fragment,
    html::NodeId,
    lines,
    paragraph::{ParagraphBuilder, Setting},
    place::Sheets,
    space::UNBOUNDED,
    style::{BOTTOM, LEFT, MarginBox, Piece, RIGHT, StyleId, TOP, TextAlign, VerticalAlign, snap},
};

/// Places the margin boxes of all pages.
pub(crate) fn place(sheets: &mut Sheets<'_, '_>, count: usize) {
    for page in 0..count {
        for bottom in [false, true] {
            place_row(sheets, page, count, bottom);
        }
    }
}

/// A margin box with its text on a page.
struct Filled<'b> {
    margin_box: &'b MarginBox,
    paragraph: Paragraph,
    /// Narrowest and widest, padding included.
    widths: (f64, f64),
}

fn fill<'b>(context: &Context<'_>, margin_box: &'b MarginBox, page: usize, count: usize) -> Option<Filled<'b>> {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Page => (page + 1).to_string(),
        Piece::Pages => count.to_string(),
    };
    let text: String = margin_box.pieces.iter().map(piece).collect();
    let id: StyleId = context.styles.margin_box(page, margin_box)?;
    let mut builder = ParagraphBuilder::new(id);
    let setting = Setting { faces: context.faces, faults: context.faults };
    builder.text(setting, &text, id, &margin_box.style, (NodeId::NONE, 0));
    let paragraph = builder.finish();
    let (narrowest, widest) = measure(context, &paragraph, |_| Fragment::default()).widths();
    let padding = padding(margin_box);
    let across = padding[LEFT] + padding[RIGHT];
    let widths = (narrowest + across, widest + across);
    (!text.is_empty()).then_some(Filled { margin_box, paragraph, widths })
}

fn padding(margin_box: &MarginBox) -> [f64; 4] {
    margin_box.style.padding.map(|padding| padding.or_zero(0.0))
}

/// Places the boxes, at most three, at the top or bottom of a page.
fn place_row(sheets: &mut Sheets<'_, '_>, page: usize, count: usize, bottom: bool) {
    let context = sheets.context;
    let boxes = &context.styles.page.boxes[page.min(1)];
    let find = |across: TextAlign| {
        let margin_box = boxes.iter().find(|one| one.place.bottom == bottom && one.place.across == across)?;
        fill(context, margin_box, page, count)
    };
    let row = [TextAlign::Start, TextAlign::Center, TextAlign::End].map(find);
    let page_style = &context.styles.page;
    let area = page_style.content_area(page);
    // Chromium moves the content to whole px; margin boxes start at the margin itself and end with the content.
    let offset = snap(page_style.margins[page.min(1)][LEFT]) - area.x;
    let room = area.width - offset;
    let [left, center, right] = widths(&row, room);
    let starts = [0.0, (room - center) / 2.0, room - right];
    for ((filled, width), start) in row.iter().zip([left, center, right]).zip(starts) {
        if let Some(filled) = filled {
            place_one(sheets, filled, page, offset + start, width);
        }
    }
}

/// Widths of the three boxes: as wide as their text asks, or in proportion if space is short; the
/// middle one stays centred.
fn widths(row: &[Option<Filled<'_>>; 3], room: f64) -> [f64; 3] {
    let of = |filled: &Option<Filled<'_>>| filled.as_ref().map_or((0.0, 0.0), |filled| filled.widths);
    let [left, center, right] = [of(&row[0]), of(&row[1]), of(&row[2])];
    if row[1].is_none() {
        let (left, right) = share(left, right, room);
        return [left, 0.0, right];
    }
    let sides = (2.0 * left.0.max(right.0), 2.0 * left.1.max(right.1));
    let (center, sides) = share(center, sides, room);
    [sides / 2.0, center, sides / 2.0]
}

fn share(one: (f64, f64), other: (f64, f64), room: f64) -> (f64, f64) {
    let proportion = |one: f64, other: f64| if one + other > 0.0 { one / (one + other) } else { 0.5 };
    let (narrowest, widest) = (one.0 + other.0, one.1 + other.1);
    let first = if widest <= room {
        one.1 + (room - widest) * proportion(one.1, other.1)
    } else if narrowest <= room {
        one.0 + (room - narrowest) * proportion(one.1 - one.0, other.1 - other.0)
    } else {
        room * proportion(one.0, other.0)
    };
    (first, room - first)
}

fn place_one(sheets: &mut Sheets<'_, '_>, filled: &Filled<'_>, page: usize, start: f64, width: f64) {
    let context = sheets.context;
    let style = &filled.margin_box.style;
    let padding = padding(filled.margin_box);
    let measured = measure(context, &filled.paragraph, |_| Fragment::default());
    let inner = (width - padding[LEFT] - padding[RIGHT]).clamp(0.0, UNBOUNDED);
    let (lines, height) = lines::lay_out(context, &filled.paragraph, measured, inner, 0.0, 0.0);
    let page_style = &context.styles.page;
    let area = page_style.content_area(page);
    let margins = page_style.margins[page.min(1)];
    let (room, top) = if filled.margin_box.place.bottom {
        (margins[BOTTOM], page_style.height - area.y - margins[BOTTOM])
    } else {
        (margins[TOP], -area.y)
    };
    let free = room - padding[TOP] - padding[BOTTOM] - height;
    let down = match style.vertical_align {
        VerticalAlign::Top => 0.0,
        VerticalAlign::Bottom => free,
        _ => free / 2.0,
    };
    for line in &lines {
        for run in &line.runs {
            sheets.run(page, run, start + padding[LEFT], top + padding[TOP] + down + line.y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_share_the_room() {
        // Enough space: the rest is divided in proportion to what each asks for.
        assert_eq!(share((10.0, 30.0), (10.0, 10.0), 80.0), (60.0, 20.0));
        // Between narrowest and widest.
        assert_eq!(share((10.0, 110.0), (10.0, 10.0), 60.0), (50.0, 10.0));
        assert_eq!(share((30.0, 30.0), (10.0, 10.0), 20.0), (15.0, 5.0));
    }
}
