//! `inherit`, `initial` and `unset`: copies the fields of a property from another style.

use super::computed::{BOTTOM, LEFT, RIGHT, Style, TOP};

/// Copies what `name` sets; false for names that are none.
pub(super) fn copy(style: &mut Style, from: &Style, name: &str) -> bool {
    let Some(()) = copy_text(style, from, name).or_else(|| copy_box(style, from, name)) else { return false };
    true
}

/// Whether a property inherits by itself, which is what `unset` asks.
pub(super) fn inherits(name: &str) -> bool {
    let style = &mut Style::initial();
    let from = Style::initial();
    name != "text-decoration" && name != "vertical-align" && copy_text(style, &from, name).is_some()
}

fn copy_text(style: &mut Style, from: &Style, name: &str) -> Option<()> {
    match name {
        "font" => {
            style.font_size = from.font_size;
            style.weight = from.weight;
            style.line_height = from.line_height;
        }
        "font-family" | "font-style" | "font-variant-numeric" => {}
        "font-size" => style.font_size = from.font_size,
        "font-weight" => style.weight = from.weight,
        "line-height" => style.line_height = from.line_height,
        "color" => style.color = from.color,
        "text-align" => style.text_align = from.text_align,
        "text-indent" => style.text_indent = from.text_indent,
        "text-transform" => style.transform = from.transform,
        "text-decoration" => {
            style.decoration = from.decoration;
            style.decoration_color = from.decoration_color;
        }
        "letter-spacing" => style.letter_spacing = from.letter_spacing,
        "white-space" => style.white_space = from.white_space,
        "overflow-wrap" | "word-wrap" => style.wrap = from.wrap,
        "word-break" => style.word_break = from.word_break,
        "vertical-align" => style.vertical_align = from.vertical_align,
        "list-style" => {
            style.list_style = from.list_style;
            style.list_inside = from.list_inside;
        }
        "list-style-type" => style.list_style = from.list_style,
        "border-collapse" => style.border_collapse = from.border_collapse,
        "border-spacing" => style.border_spacing = from.border_spacing,
        "caption-side" => style.caption_below = from.caption_below,
        "visibility" => style.visible = from.visible,
        "orphans" => style.orphans = from.orphans,
        "widows" => style.widows = from.widows,
        _ => return None,
    }
    Some(())
}

fn copy_box(style: &mut Style, from: &Style, name: &str) -> Option<()> {
    match name {
        "display" => style.display = from.display,
        "background" | "background-color" => style.background = from.background,
        "width" => style.width = from.width,
        "min-width" => style.min_width = from.min_width,
        "max-width" => style.max_width = from.max_width,
        "height" => style.height = from.height,
        "min-height" => style.min_height = from.min_height,
        "max-height" => style.max_height = from.max_height,
        "box-sizing" => style.border_box = from.border_box,
        "margin" => style.margin = from.margin,
        "padding" => style.padding = from.padding,
        "border" => style.border = from.border,
        "border-radius" => style.radius = from.radius,
        "position" => style.position = from.position,
        "flex" => {
            style.flex_grow = from.flex_grow;
            style.flex_shrink = from.flex_shrink;
            style.flex_basis = from.flex_basis;
        }
        "gap" => {
            style.row_gap = from.row_gap;
            style.column_gap = from.column_gap;
        }
        "justify-content" => style.justify = from.justify,
        "align-content" => style.align_content = from.align_content,
        "align-items" => style.align_items = from.align_items,
        "align-self" => style.align_self = from.align_self,
        "break-before" => style.break_before = from.break_before,
        "break-after" => style.break_after = from.break_after,
        "break-inside" => style.break_inside_avoid = from.break_inside_avoid,
        _ => return copy_side(style, from, name),
    }
    Some(())
}

fn copy_side(style: &mut Style, from: &Style, name: &str) -> Option<()> {
    let (property, side) = name.split_once('-')?;
    let (side, part) = side.split_once('-').map_or((side, ""), |(side, part)| (side, part));
    let side = [("top", TOP), ("right", RIGHT), ("bottom", BOTTOM), ("left", LEFT)]
        .into_iter()
        .find_map(|(word, index)| (word == side).then_some(index))?;
    match (property, part) {
        ("margin", "") => style.margin[side] = from.margin[side],
        ("padding", "") => style.padding[side] = from.padding[side],
        ("border", "") => style.border[side] = from.border[side],
        ("border", "color") => style.border[side].color = from.border[side].color,
        ("border", "width") => style.border[side].width = from.border[side].width,
        ("border", "style") => style.border[side].style = from.border[side].style,
        _ => return None,
    }
    Some(())
}
