//! Checks the table of properties against the specifications, and shorthands.

use super::{
    computed::*,
    properties::{Kind, PROPERTIES, Property, Style, apply},
    value::Size,
};

/// A value for each longhand that has a field, other than its initial one.
const SAMPLES: &str = "
    align-content: center; align-items: center; align-self: center; background: red; bookmark-level: 3;
    border-bottom-color: red; border-bottom-left-radius: 1px; border-bottom-right-radius: 1px;
    border-bottom-style: solid; border-bottom-width: 7px; border-collapse: collapse; border-left-color: red;
    border-left-style: solid; border-left-width: 7px; border-right-color: red; border-right-style: solid;
    border-right-width: 7px; border-spacing: 5px; border-top-color: red; border-top-left-radius: 1px;
    border-top-right-radius: 1px; border-top-style: solid; border-top-width: 7px; bottom: 1px; box-sizing: border-box;
    break-after: page; break-before: page; break-inside: avoid; caption-side: bottom; color: red; column-gap: 1px;
    display: block; flex-basis: 1px; flex-direction: column; flex-grow: 2; flex-shrink: 2; flex-wrap: wrap;
    font-size: 9px; font-weight: bold; height: 1px; justify-content: center; left: 1px; letter-spacing: 1px;
    line-height: 2; list-style-position: inside; list-style-type: square; margin-bottom: 1px; margin-left: 1px;
    margin-right: 1px; margin-top: 1px; max-height: 1px; max-width: 1px; min-height: 1px; min-width: 1px; order: 1;
    orphans: 5; overflow-wrap: anywhere; padding-bottom: 1px; padding-left: 1px; padding-right: 1px;
    padding-top: 1px; position: relative; right: 1px; row-gap: 1px; table-layout: fixed; text-align: center;
    text-decoration-color: red; text-decoration-line: underline; text-indent: 1px; text-transform: uppercase;
    top: 1px; vertical-align: top; white-space: pre; widows: 5; width: 1px;
    word-break: break-all; z-index: 1";

/// Properties with "inherited: yes" in the indices of CSS 2, Fonts 4, Text 4, Lists 3 and Fragmentation 3.
const INHERITED: &str = "border-collapse border-spacing caption-side color font-family font-size font-style \
    font-variant-ligatures font-weight letter-spacing line-break line-height list-style-position list-style-type orphans \
    overflow-wrap text-align text-autospace text-indent text-spacing-trim text-transform white-space widows word-break";

fn samples() -> Vec<(&'static str, &'static str)> {
    SAMPLES.split(';').filter_map(|one| one.trim().split_once(": ")).collect()
}

fn set(style: &mut Style, parent: &Style, name: &str, value: &str) {
    apply(style, parent, name, value, 16.0).unwrap_or_else(|message| panic!("{name}: {value}: {message}"));
}

fn longhands() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().filter(|property| matches!(property.kind, Kind::Longhand { .. }))
}

/// A style in which no property has its initial value.
fn unusual() -> Style {
    let (mut style, initial) = (Style::initial(), Style::initial());
    for (name, value) in samples() {
        set(&mut style, &initial, name, value);
    }
    style
}

#[test]
fn every_property_inherits_and_returns_to_its_initial_value() {
    let (parent, initial) = (unusual(), Style::initial());
    for property in longhands() {
        let Kind::Longhand { inherits, copy, .. } = property.kind else { continue };
        let only = |from: &Style| {
            let mut style = Style::initial();
            copy(&mut style, from);
            style
        };
        for name in property.names {
            assert_eq!(inherits, INHERITED.split_whitespace().any(|one| one == *name), "{name}");
            let start = Style::inherited(&parent);
            assert_eq!(only(&start), only(if inherits { &parent } else { &initial }), "{name} by itself");
            let unset = if inherits { &parent } else { &initial };
            for (word, expected) in [("inherit", &parent), ("initial", &initial), ("UNSET", unset)] {
                let mut style = unusual();
                set(&mut style, &parent, name, word);
                assert_eq!(only(&style), only(expected), "{name}: {word}");
                // All other fields are unchanged.
                copy(&mut style, &parent);
                assert_eq!(style, parent, "{name}: {word}");
            }
        }
        let mut other = Style::initial();
        copy(&mut other, &parent);
        let has_field = samples().iter().any(|(name, _)| property.names.contains(name));
        assert_eq!(other != initial, has_field, "a sample for {}", property.names[0]);
    }
}

#[test]
fn shorthands_take_over_all_that_they_set() {
    let (parent, initial) = (unusual(), Style::initial());
    for property in PROPERTIES {
        let (name, Kind::Shorthand(longhands, _)) = (property.names[0], &property.kind) else { continue };
        let mut one_by_one = Style::initial();
        longhands.iter().for_each(|longhand| set(&mut one_by_one, &parent, longhand, "inherit"));
        assert_ne!(one_by_one, initial, "{name}");
        let mut together = Style::initial();
        set(&mut together, &parent, name, "inherit");
        assert_eq!(together, one_by_one, "{name}");
        set(&mut together, &parent, name, "initial");
        assert_eq!(together, initial, "{name}");
    }
}

#[test]
fn names_are_in_the_table_once() {
    let mut names: Vec<&str> = PROPERTIES.iter().flat_map(|property| property.names).copied().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// Whether a text contains a property's name, but not as part of a longer name.
fn names(text: &str, name: &str, behind: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && text[at + name.len()..].trim_start_matches(' ').starts_with(behind)
    })
}

#[test]
fn every_property_has_a_page_and_a_line_for_template_authors() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layout");
    let paths = std::fs::read_dir(folder).expect("pages").map(|entry| entry.expect("a page").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "html"));
    let pages: String = pages.map(|path| std::fs::read_to_string(path).expect("a page")).collect();
    let readme = include_str!("../../../../../templates/README.md");
    let (_, listed) = readme.split_once("### Properties").expect("a section");
    let (listed, _) = listed.split_once("\n#").expect("a section behind");
    let known: Vec<&str> = PROPERTIES.iter().flat_map(|property| property.names).copied().collect();
    let unused: Vec<_> = known.iter().filter(|name| !names(&pages, name, ":")).collect();
    assert!(unused.is_empty(), "no page in tests/layout for {unused:?}");
    let unlisted: Vec<_> = known.iter().filter(|name| !names(listed, name, "`")).collect();
    assert!(unlisted.is_empty(), "not in templates/README.md: {unlisted:?}");
    let unknown: Vec<_> = listed.split('`').skip(1).step_by(2).filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "only in templates/README.md: {unknown:?}");
}

fn styled(declarations: &[(&str, &str)]) -> Style {
    let (mut style, initial) = (Style::initial(), Style::initial());
    declarations.iter().for_each(|(name, value)| set(&mut style, &initial, name, value));
    style
}

#[test]
fn shorthands_set_their_sides() {
    let style = styled(&[("margin", "1px 2px 3px"), ("margin-left", "auto"), ("padding", "4px 5px")]);
    assert_eq!(style.margin, [Size::Px(1.0), Size::Px(2.0), Size::Px(3.0), Size::Auto]);
    assert_eq!(style.padding, [Size::Px(4.0), Size::Px(5.0), Size::Px(4.0), Size::Px(5.0)]);
    let style = styled(&[("border-bottom", "1.5px dashed #f00"), ("font", "bold 12px/2 'A B', serif")]);
    assert_eq!(style.border[BOTTOM].width, 1.0);
    assert_eq!((style.font_size, style.weight, style.line_height), (12.0, 700, LineHeight::Factor(2.0)));
}

#[test]
fn shorthands_reset_what_they_do_not_name() {
    // CSS Lists 3.5, Flexbox 5.3, Text Decoration 2.4: an omitted value is the initial one.
    let style = styled(&[("list-style-type", "decimal"), ("list-style", "inside")]);
    assert_eq!((style.list_style, style.list_inside), (ListStyle::Disc, true));
    assert!(!styled(&[("flex-direction", "column"), ("flex-flow", "wrap")]).flex_column);
    let style = styled(&[("text-decoration", "underline red"), ("text-decoration-line", "overline")]);
    assert!(style.decoration.overline && !style.decoration.underline && style.decoration_color.is_some());
    assert_eq!(styled(&[("text-decoration-color", "red"), ("text-decoration", "underline")]).decoration_color, None);
}

#[test]
fn unknown_properties_and_values_are_faults() {
    let fault = |name, value| apply(&mut Style::initial(), &Style::initial(), name, value, 16.0).expect_err(name);
    assert_eq!(fault("float", "left"), "the property float is not supported");
    assert_eq!(fault("float", "inherit"), "the property float is not supported");
    assert_eq!(fault("padding", "-1px"), "expected at least 0, found -1px");
    assert_eq!(fault("margin-top", ""), "expected a value for margin-top");
    assert!(fault("width", "calc(1px + 2px)").starts_with("expected a length"));
    assert!(fault("display", "grid").ends_with("found grid"));
}

/// Styles of all `p` of a document, and the number of different styles of all its elements.
fn of_paragraphs(html: &str) -> (Vec<Style>, usize) {
    let html = format!("<!DOCTYPE html>{html}");
    let faults = crate::layout::fault::Faults::new(&html);
    let tree = crate::layout::html::parse(&html, &faults);
    let styles = super::cascade(&tree, tree.len(), &faults);
    let nodes = (0..tree.len()).map(|index| crate::layout::html::NodeId(u32::try_from(index).unwrap_or(0)));
    let nodes: Vec<_> = nodes.filter(|node| tree.tag(*node).is_some()).collect();
    let paragraphs = nodes.iter().filter(|node| tree.tag(**node) == Some(crate::layout::html::Tag::P));
    let found = paragraphs.map(|node| styles.get(styles.of(*node)).clone()).collect();
    let different: std::collections::BTreeSet<_> = nodes.iter().map(|node| styles.of(*node)).collect();
    assert!(faults.is_empty(), "{:?}", faults.into_vec());
    (found, different.len())
}

/// Style of the first `p` of a document.
fn of_paragraph(html: &str) -> Style {
    of_paragraphs(html).0.into_iter().next().expect("a paragraph")
}

/// Ids that no selector names make no styles; those that one does reach their elements and what these hold.
#[test]
fn only_ids_that_selectors_name_tell_elements_apart() {
    let body = "<div id=a><p>1</div><div id=b><p>2</div><div id=c><p>3</div><p id=d>4<p id=e>5";
    let without: String =
        ["a", "b", "c", "d", "e"].iter().fold(body.to_owned(), |body, id| body.replace(&format!(" id={id}"), ""));
    assert_eq!(of_paragraphs(body).1, of_paragraphs(&without).1);
    let named = format!(
        "<style>#b p {{ margin: 1px }} div:not(#c) > p {{ padding: 2px }} #d + p {{ font-size: 3px }}</style>{body}"
    );
    let (found, _) = of_paragraphs(&named);
    let figures = found.iter().map(|style| (style.margin[TOP] == Size::Px(1.0), style.padding[TOP], style.font_size));
    let (two, none) = (Size::Px(2.0), Size::Px(0.0));
    let expected =
        [(false, two, 16.0), (true, two, 16.0), (false, none, 16.0), (false, none, 16.0), (false, none, 3.0)];
    assert_eq!(figures.collect::<Vec<_>>(), expected);
}

#[test]
fn font_takes_its_turn_in_the_cascade() {
    // The later declaration wins, and `font` resets the weight (CSS Fonts 4, 2.7).
    let style = of_paragraph("<style>p { font-weight: bold } p { font: 10px serif; margin: 2em }</style><p>x");
    assert_eq!((style.weight, style.font_size, style.margin[TOP]), (400, 10.0, Size::Px(20.0)));
    let style = of_paragraph("<style>p { font: bold 10px serif; font-size: 20px; margin: 2em }</style><p>x");
    assert_eq!((style.weight, style.font_size, style.margin[TOP]), (700, 20.0, Size::Px(40.0)));
}

#[test]
fn the_current_colour_as_a_colour_is_the_parents() {
    let html = "<style>div { color: red } p { color: blue } p { color: currentColor }</style><div><p>x</p></div>";
    assert_eq!(of_paragraph(html).color, super::Color(Some([255, 0, 0])));
}
