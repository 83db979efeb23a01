//! The tree that browsers make of a page: html5ever parses by the standard, `pages` only what is in the closed list.

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use pages::layout::describe_tree;

/// White space between these is no text.
const WITHOUT_TEXT: [&str; 9] = ["", "html", "head", "table", "thead", "tbody", "tfoot", "tr", "colgroup"];

/// The tree html5ever makes, as `describe_tree` tells ours.
pub(crate) fn expected(html: &str) -> String {
    let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(html);
    let mut text = String::new();
    tell(&dom.document, "", 0, &mut text);
    text
}

fn tell(node: &Handle, parent: &str, depth: usize, text: &mut String) {
    let (mut name, mut inner) = (String::new(), depth + 1);
    match &node.data {
        NodeData::Document => inner = depth,
        NodeData::Text { contents } => {
            let contents = contents.borrow();
            let blank = contents.chars().all(|letter| letter.is_ascii_whitespace());
            if !(blank && WITHOUT_TEXT.contains(&parent)) {
                *text += &format!("{:depth$}{:?}\n", "", &**contents);
            }
        }
        NodeData::Element { name: qualified, attrs, .. } => {
            name = qualified.local.to_string();
            if name == "head" {
                inner = depth;
            } else {
                *text += &format!("{:depth$}<{name}", "");
                for attribute in attrs.borrow().iter() {
                    *text += &format!(" {}={:?}", attribute.name.local, &*attribute.value);
                }
                *text += ">\n";
            }
        }
        _ => {}
    }
    for child in node.children.borrow().iter() {
        tell(child, &name, inner, text);
    }
}

/// Texts with a comment between them are two for us and one or two elsewhere: neighbours count as one.
pub(crate) fn joined(description: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in description.lines() {
        let start = line.trim_start_matches(' ');
        let depth = line.len() - start.len();
        if let Some(last) = lines.last_mut()
            && start.starts_with('"')
            && last.len() - last.trim_start_matches(' ').len() == depth
            && last.trim_start_matches(' ').starts_with('"')
        {
            last.pop();
            last.push_str(&start[1..]);
        } else {
            lines.push(line.to_owned());
        }
    }
    // Nothing shows of white space between the blocks of the body; where it ends up behind </body> is no matter.
    let blank = |line: &str| {
        let text = line.strip_prefix("  \"").and_then(|text| text.strip_suffix('"'));
        text.is_some_and(|text| text.replace("\\n", " ").trim_ascii().is_empty())
    };
    lines.retain(|line| !blank(line));
    lines.join("\n")
}

#[track_caller]
pub(crate) fn assert_agrees(what: &str, html: &str) {
    let ours = describe_tree(html).unwrap_or_else(|faults| panic!("{what}: {faults:?}"));
    let (ours, expected) = (joined(&ours), joined(&expected(html)));
    for (number, (one, other)) in ours.lines().zip(expected.lines()).enumerate() {
        assert_eq!(one, other, "{what}, node {number}");
    }
    assert_eq!(ours.lines().count(), expected.lines().count(), "{what}");
}
