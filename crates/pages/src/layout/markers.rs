//! List item markers: numbers, letters and drawn symbols.

use super::{
    box_builder::BoxBuilder,
    boxes::{BoxContent, BoxNode, Marker},
    html::{NodeId, Tag},
    paragraph::ParagraphBuilder,
    style::{Border, BorderStyle, Display, ListStyle, RIGHT, Size, Style, StyleId, VerticalAlign, WhiteSpace},
};

/// Size and position of a disc, circle or square as Chromium draws it, in whole px that follow the font's ascent.
pub(super) struct Symbol {
    pub(super) ascent: f64,
    pub(super) two_thirds: f64,
    pub(super) size: f64,
    /// Distance from the top of the text.
    pub(super) top: f64,
}

impl Symbol {
    pub(super) fn of(ascent: f64) -> Symbol {
        let two_thirds = (ascent * 2.0 / 3.0).floor();
        let size = ((two_thirds + 1.0) / 2.0).floor();
        let top = (3.0 * (ascent - two_thirds) / 2.0).floor();
        Symbol { ascent, two_thirds, size, top }
    }
}

impl BoxBuilder<'_, '_> {
    /// The marker outside a list item, if it has one.
    pub(super) fn marker(&mut self, node: NodeId, style: StyleId) -> Option<Marker> {
        let item = self.styles.get(style);
        if item.list_style == ListStyle::None || item.list_inside {
            return None;
        }
        let mut marker = Style::inherited(item);
        if let Some(symbol) = symbol_style(item) {
            return Some(Marker::Symbol(self.styles.add(symbol)));
        }
        let text = marker_text(item.list_style, self.list_number(node));
        marker.white_space = WhiteSpace::Pre;
        let marker = self.styles.add(marker);
        let mut paragraph = ParagraphBuilder::new(marker);
        let place = (node.label(), self.tree.offset(node));
        paragraph.text(self.setting(), &text, marker, self.styles.get(marker), place);
        let content = BoxContent::Paragraph(Box::new(paragraph.finish()));
        Some(Marker::Text(Box::new(BoxNode::new(marker, NodeId::NONE, content))))
    }

    /// Adds a marker inside the item, at the start of its text.
    pub(super) fn inside_marker(&mut self, node: NodeId, style: StyleId, paragraph: &mut ParagraphBuilder) {
        let item = self.styles.get(style);
        if item.display != Display::ListItem || !item.list_inside || item.list_style == ListStyle::None {
            return;
        }
        if let Some(mut symbol) = symbol_style(item) {
            let face = self.faces.primary(item.bold());
            let shape = Symbol::of(self.faces.line_metrics(face, item.font_size).ascent);
            symbol.display = Display::InlineBlock;
            symbol.border_box = true;
            (symbol.width, symbol.height) = (Size::Px(shape.size), Size::Px(shape.size));
            symbol.vertical_align = VerticalAlign::Px(shape.ascent - shape.top - shape.size);
            symbol.margin[RIGHT] = Size::Px(1.0 + item.font_size);
            let symbol = self.styles.add(symbol);
            return paragraph.atom(BoxNode::new(symbol, NodeId::NONE, BoxContent::Blocks(Vec::new())));
        }
        let text = marker_text(item.list_style, self.list_number(node));
        let mut marker = Style::inherited(item);
        marker.white_space = WhiteSpace::Pre;
        let marker = self.styles.add(marker);
        let place = (node.label(), self.tree.offset(node));
        paragraph.text(self.setting(), &text, marker, self.styles.get(marker), place);
    }

    fn list_number(&self, node: NodeId) -> i64 {
        let number = |node, name| {
            self.tree
                .attribute(node, name)
                .and_then(|attribute| attribute.value.trim().parse::<i32>().ok())
                .map(i64::from)
        };
        let Some(parent) = self.tree.get(node).map(|node| node.parent) else { return 1 };
        let mut current = number(parent, "start").unwrap_or(1) - 1;
        for item in self.tree.children(parent).filter(|child| self.tree.tag(*child) == Some(Tag::Li)) {
            current = number(item, "value").unwrap_or(current + 1);
            if item == node {
                break;
            }
        }
        current
    }
}

/// The style of a symbol, which is a small box with a background or a border.
fn symbol_style(item: &Style) -> Option<Style> {
    let mut style = Style::inherited(item);
    style.display = Display::Block;
    match item.list_style {
        ListStyle::Disc => style.radius = [Size::Percent(50.0); 4],
        ListStyle::Square => {}
        ListStyle::Circle => {
            style.radius = [Size::Percent(50.0); 4];
            style.border = [Border { width: 1.0, style: BorderStyle::Solid, color: None }; 4];
            return Some(style);
        }
        _ => return None,
    }
    style.background = item.color;
    Some(style)
}

/// Text of the marker before a list item.
fn marker_text(style: ListStyle, number: i64) -> String {
    match style {
        ListStyle::None | ListStyle::Disc | ListStyle::Circle | ListStyle::Square => String::new(),
        ListStyle::Decimal => format!("{number}. "),
        ListStyle::LowerAlpha => format!("{}. ", alphabetic(number)),
        ListStyle::UpperAlpha => format!("{}. ", alphabetic(number).to_uppercase()),
        ListStyle::LowerRoman => format!("{}. ", roman(number)),
        ListStyle::UpperRoman => format!("{}. ", roman(number).to_uppercase()),
    }
}

/// a, b, … z, aa, ab, …
fn alphabetic(number: i64) -> String {
    if number < 1 {
        return number.to_string();
    }
    let mut letters = Vec::new();
    let mut rest = number;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn roman(number: i64) -> String {
    const DIGITS: [(i64, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, letters) in DIGITS {
        while rest >= value {
            text.push_str(letters);
            rest -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_numbers_in_all_notations() {
        assert_eq!(["a", "z", "aa", "zz", "aaa"].map(str::to_owned), [1, 26, 27, 702, 703].map(alphabetic));
        assert_eq!(["iv", "xlii", "mcmxciv"].map(str::to_owned), [4, 42, 1994].map(roman));
        assert_eq!(marker_text(ListStyle::Decimal, -3), "-3. ");
    }
}
