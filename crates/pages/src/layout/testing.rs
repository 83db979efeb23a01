//! Helpers for unit tests.

use super::{
    box_builder,
    boxes::{BoxContent, BoxNode, Paragraph},
    context::Context,
    fault::Faults,
    fonts::Faces,
    html,
    image::Pictures,
    kerning::Shaper,
    style,
};

/// Runs a test on the first paragraph of a document.
pub(crate) fn with_paragraph<T>(
    source: &str,
    faults: &Faults<'_>,
    test: impl FnOnce(&Context<'_>, &Paragraph) -> T,
) -> T {
    let tree = html::parse(source, faults);
    let own = Faults::new(source);
    let mut styles = style::cascade(&tree, tree.len(), &own);
    let mut pictures = Pictures::default();
    let faces = Faces::built_in();
    let boxes = box_builder::build(&tree, &mut styles, &own, &mut pictures, &|_| Err("no images".to_owned()), &faces);
    let shaper = Shaper::new(&faces);
    let context =
        Context { tree: &tree, styles: &styles, faces: &faces, shaper: &shaper, pictures: &pictures, faults: &own };
    test(&context, first_paragraph(&boxes.root).expect("a paragraph"))
}

fn first_paragraph(node: &BoxNode) -> Option<&Paragraph> {
    match &node.content {
        BoxContent::Paragraph(paragraph) => Some(paragraph),
        BoxContent::Blocks(children) | BoxContent::Flex(children) => children.iter().find_map(first_paragraph),
        BoxContent::Table(_) | BoxContent::Picture(_) => None,
    }
}
