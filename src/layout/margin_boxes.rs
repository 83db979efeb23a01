//! Text in the pages' margins, such as page numbers.

use super::{
    block::UNBOUNDED,
    breaking::measure,
    fragment::Fragment,
    html::NodeId,
    lines,
    paragraph::ParagraphBuilder,
    place::Sheets,
    style::{BOTTOM, LEFT, MarginBox, Piece, RIGHT, TOP, TextAlign, VerticalAlign},
};

/// Places the margin boxes of all pages.
pub(crate) fn place(sheets: &mut Sheets<'_, '_>, count: usize) {
    let page = &sheets.context.styles.page;
    for index in 0..count {
        for margin_box in &page.boxes[index.min(1)] {
            place_one(sheets, margin_box, index, count);
        }
    }
}

fn text(margin_box: &MarginBox, page: usize, count: usize) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Page => (page + 1).to_string(),
        Piece::Pages => count.to_string(),
    };
    margin_box.pieces.iter().map(piece).collect()
}

fn place_one(sheets: &mut Sheets<'_, '_>, margin_box: &MarginBox, index: usize, count: usize) {
    let context = sheets.context;
    let text = text(margin_box, index, count);
    let Some(id) = context.styles.margin_box(index, margin_box) else {
        return;
    };
    let style = &margin_box.style;
    let mut builder = ParagraphBuilder::new(id);
    builder.text(&text, id, style, NodeId::NONE, 0);
    let paragraph = builder.finish();
    let page = &context.styles.page;
    let margins = page.margins[index.min(1)];
    let width = page.width - margins[LEFT] - margins[RIGHT];
    let measured = measure(context, &paragraph, |_| Fragment::default());
    let (lines, height) = lines::lay_out(context, &paragraph, measured, UNBOUNDED, 0.0, 0.0);
    let (room, top) = if margin_box.place.bottom {
        (margins[BOTTOM], page.height - margins[TOP] - margins[BOTTOM])
    } else {
        (margins[TOP], -margins[TOP])
    };
    let padding = style.padding.map(|padding| padding.or_zero(width));
    let free = room - padding[TOP] - padding[BOTTOM] - height;
    let down = match style.vertical_align {
        VerticalAlign::Top => 0.0,
        VerticalAlign::Bottom => free,
        _ => free / 2.0,
    };
    for line in &lines {
        let used = line.runs.iter().map(|run| run.x + run.width).fold(0.0, f64::max);
        let start = line.runs.first().map_or(0.0, |run| run.x);
        let used = used - start;
        let x = match margin_box.place.across {
            TextAlign::Start => padding[LEFT],
            TextAlign::Center => (width - used) / 2.0,
            TextAlign::End => width - used - padding[RIGHT],
        };
        for run in &line.runs {
            sheets.run(index, run, x - start, top + padding[TOP] + down + line.y);
        }
    }
}
