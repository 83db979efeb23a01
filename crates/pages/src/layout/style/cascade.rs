//! The cascade: which declarations apply to an element, and the style they compute to.
//!
//! Elements that cannot differ (same parent's style, tag, class, place conditions and `style` attribute, and the same id if
//! a selector names it) share one style, so a table of many rows matches its selectors once. So do documents with the same
//! style sheet, see [`Known`].

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    collections::HashMap,
    rc::Rc,
    sync::LazyLock,
};

use rustc_hash::FxHashSet;

use super::{
    color::Color,
    computed::{Break, Decoration, DecorationLine, Display, Position, TextAlign, Variables},
    conditions::Siblings,
    declaration::{Declaration, declarations},
    defaults,
    index::RuleIndex,
    known::{Key, Known},
    page::page_style,
    properties::{self, Style, apply},
    rules::{Rules, Sheet},
    scanner::Scanner,
    selector::{Path, Selector},
    styles::{StyleId, Styles},
    value::Size,
    variables::substitute,
};
use crate::layout::{
    fault::Faults,
    html::{Kind, NodeId, Tag, Tree},
};

/// Most comparisons between selector compounds and elements: enough for some 30,000 elements that all differ, with
/// hundreds of rules. Beyond that, layout would take minutes.
const COMPARISONS_MOST: usize = 10_000_000;

/// The browser's style sheet, read once per process.
static DEFAULTS: LazyLock<Rules<'static>> = LazyLock::new(|| {
    let faults = Faults::new(defaults::SHEET);
    let mut sheet = Sheet::default();
    sheet.read(defaults::SHEET, 0, &faults);
    Rules::parse(&sheet.sources, &faults)
});
static DEFAULTS_INDEX: LazyLock<RuleIndex<'static>> = LazyLock::new(|| RuleIndex::new(&DEFAULTS));

struct Cascade<'t, 'a, 'f> {
    tree: &'t Tree<'a>,
    faults: &'f Faults<'a>,
    sheet: &'f Sheet<'t>,
    /// Parsed where a style is not known yet.
    rules: &'f OnceCell<Rules<'t>>,
    index: OnceCell<RuleIndex<'f>>,
    known: Known,
    /// Which of the known styles this document has.
    met: Vec<bool>,
    of_node: Vec<StyleId>,
    root_font_size: f64,
    /// See [`COMPARISONS_MOST`].
    comparisons: Cell<usize>,
}

/// Attributes of an element that its style depends on.
#[derive(Default)]
struct Own<'t> {
    id: Option<&'t str>,
    class: &'t str,
    inline: &'t str,
    inline_offset: usize,
    is_link: bool,
    is_hidden: bool,
}

impl<'t> Own<'t> {
    fn of(tree: &'t Tree<'_>, node: NodeId, tag: Tag) -> Own<'t> {
        let mut own = Own::default();
        for attribute in tree.attributes(node) {
            match attribute.name.as_ref() {
                "id" => own.id = Some(&attribute.value),
                "class" => own.class = &attribute.value,
                "style" => (own.inline, own.inline_offset) = (&attribute.value, attribute.offset as usize),
                "href" => own.is_link = tag == Tag::A,
                "hidden" => own.is_hidden = true,
                _ => {}
            }
        }
        own
    }
}

/// Computes the styles of all elements and of the page.
pub(crate) fn cascade<'a>(tree: &Tree<'a>, node_count: usize, faults: &Faults<'a>) -> Styles {
    let mut sheet = Sheet::default();
    read_sheets(tree, Tree::ROOT, &mut sheet, faults);
    let rules = OnceCell::new();
    let known = Known::take(&sheet.sources).unwrap_or_else(|| {
        let rules = rules.get_or_init(|| Rules::parse(&sheet.sources, faults));
        check_unused(rules, faults);
        Known::nothing(&sheet.sources, &rules.conditions, named_ids(rules))
    });
    let mut cascade = Cascade {
        tree,
        faults,
        sheet: &sheet,
        rules: &rules,
        index: OnceCell::new(),
        met: vec![false; known.styles.len()],
        known,
        of_node: vec![0; node_count],
        root_font_size: 16.0,
        comparisons: Cell::new(0),
    };
    cascade.children(Tree::ROOT, 0, None);
    let Cascade { known, met, of_node, .. } = cascade;
    let root_variables = tree.children(Tree::ROOT).next().map(|root| {
        let id = of_node.get(root.0 as usize).copied().unwrap_or(0);
        Rc::clone(&known.styles[id as usize].variables)
    });
    let page = page_style(&sheet.pages, &root_variables.unwrap_or_default(), faults);
    let forced = |style: &Rc<Style>| style.break_before == Break::Page || style.break_after == Break::Page;
    let any_forced_break = known.styles.iter().zip(met).any(|(style, is_met)| is_met && forced(style));
    let mut styles = Styles {
        styles: known.styles.clone(),
        of_node,
        anonymous: HashMap::default(),
        halved: HashMap::default(),
        margin_boxes: [Vec::new(), Vec::new()],
        any_forced_break,
        page,
    };
    if faults.is_empty() {
        known.keep();
    }
    for which in [0, 1] {
        let boxes: Vec<Style> = styles.page.boxes[which].iter().map(|one| (*one.style).clone()).collect();
        styles.margin_boxes[which] = boxes.into_iter().map(|style| styles.add(style)).collect();
    }
    styles
}

/// The ids that the selectors of a style sheet name. Those before `+` and `~` are conditions, which are in the key anyway.
fn named_ids(rules: &Rules<'_>) -> FxHashSet<Box<str>> {
    let mut ids = FxHashSet::default();
    let selectors = DEFAULTS.rules.iter().chain(&rules.rules).flat_map(|rule| &rule.selectors);
    selectors.for_each(|selector| {
        selector.ids(&mut |id| {
            ids.insert(id.into());
        });
    });
    ids
}

fn read_sheets<'t>(tree: &'t Tree<'_>, node: NodeId, sheet: &mut Sheet<'t>, faults: &Faults<'_>) {
    for child in tree.children(node) {
        if tree.tag(child) != Some(Tag::Style) {
            read_sheets(tree, child, sheet, faults);
            continue;
        }
        let media = tree.attribute(child, "media").map_or("all", |media| media.value.trim());
        if media.eq_ignore_ascii_case("screen") {
            continue;
        }
        if !media.eq_ignore_ascii_case("print") && !media.eq_ignore_ascii_case("all") {
            faults.add(tree.offset(child), media, "expected the medium screen, print or all");
        }
        for text in tree.children(child) {
            if let Some(Kind::Text(text)) = tree.get(text).map(|node| &node.kind) {
                sheet.read(text, tree.offset(tree.children(child).next().unwrap_or(child)), faults);
            }
        }
    }
}

/// Parses every declaration once, so that faults do not depend on which selectors happen to match.
fn check_unused(rules: &Rules<'_>, faults: &Faults<'_>) {
    let (mut style, parent) = (Style::initial(), Style::initial());
    for declaration in rules.rules.iter().flat_map(|rule| &rule.declarations) {
        let skipped = declaration.name.starts_with("--")
            || properties::is_for_browsers(&declaration.name)
            || declaration.value.contains("var(");
        if !skipped && let Err(message) = apply(&mut style, &parent, &declaration.name, &declaration.value, 16.0) {
            add_fault(faults, declaration, message);
        }
    }
}

fn add_fault(faults: &Faults<'_>, declaration: &Declaration<'_>, message: String) {
    let hint = match declaration.name.as_str() {
        "float" => Some("use display: flex"),
        "line-break" => Some("lines break by strict rules; say line-break: strict so that browsers agree"),
        "opacity" => Some("use a paler colour"),
        "page-break-before" | "page-break-after" | "page-break-inside" => Some("say break-before and so on"),
        "word-wrap" => Some("use overflow-wrap"),
        "display" if declaration.value.contains("grid") => Some("use flex or a table"),
        _ => None,
    };
    match hint {
        Some(hint) => faults.add_with_hint(declaration.offset, declaration.source, message, hint),
        None => faults.add(declaration.offset, declaration.source, message),
    }
}

impl<'t, 'a, 'f> Cascade<'t, 'a, 'f> {
    fn rules(&self) -> (&'f Rules<'t>, &RuleIndex<'f>) {
        let rules = self.rules.get_or_init(|| Rules::parse(&self.sheet.sources, self.faults));
        (rules, self.index.get_or_init(|| RuleIndex::new(rules)))
    }

    fn children(&mut self, node: NodeId, parent: StyleId, path: Option<&Path<'_>>) {
        let tree = self.tree;
        let conditions = Rc::clone(&self.known.conditions);
        let mut siblings = Siblings::new(&conditions, tree, node);
        for child in tree.children(node) {
            let Some(Kind::Element { tag, .. }) = tree.get(child).map(|node| &node.kind) else {
                if let Some(slot) = self.of_node.get_mut(child.0 as usize) {
                    *slot = parent;
                }
                continue;
            };
            let held = siblings.conditions_of(tree, child, *tag);
            let own = self.element(child, *tag, held, parent, path);
            siblings.passed(&own);
        }
    }

    fn element<'p>(
        &mut self,
        node: NodeId,
        tag: Tag,
        conditions: u64,
        parent: StyleId,
        path: Option<&'p Path<'p>>,
    ) -> Path<'p>
    where
        't: 'p,
    {
        let own = Own::of(self.tree, node, tag);
        let own_path = Path { parent: path, tag, id: own.id, class: own.class, conditions };
        let named = own.id.filter(|id| self.known.ids.contains(*id));
        let key = Key {
            parent,
            tag,
            id: self.known.number(named.unwrap_or_default()),
            class: self.known.number(own.class),
            conditions,
            inline: self.known.number(own.inline),
            is_link: own.is_link,
            is_hidden: own.is_hidden,
        };
        let style = match self.known.find(&key) {
            Some(known) => {
                if !std::mem::replace(&mut self.met[known as usize], true) {
                    self.may_compare(self.known.comparisons[known as usize], node);
                }
                known
            }
            None => {
                let (style, comparisons) = self.compute(parent, &own, &own_path, node);
                self.met.push(true);
                self.known.add(key, style, comparisons)
            }
        };
        if tag == Tag::Html {
            self.root_font_size = self.known.styles[style as usize].font_size;
        }
        if let Some(slot) = self.of_node.get_mut(node.0 as usize) {
            *slot = style;
        }
        self.children(node, style, Some(&own_path));
        own_path
    }

    /// The style of an element, and the comparisons it took.
    fn compute(&self, parent: StyleId, own: &Own<'_>, path: &Path<'_>, node: NodeId) -> (Style, usize) {
        let parent = &self.known.styles[parent as usize];
        let mut style = Style::inherited(parent);
        let (rules, index) = self.rules();
        let candidates = index.candidates(path);
        let comparisons = comparisons(rules, &candidates, path);
        if !self.may_compare(comparisons, node) {
            return (style, comparisons);
        }
        let mut browser = Vec::new();
        collect(&DEFAULTS, DEFAULTS_INDEX.candidates(path), path, &mut browser);
        let inline = declarations(Scanner::new(own.inline, own.inline_offset), self.faults);
        let mut author = Vec::new();
        collect(rules, candidates, path, &mut author);
        author.extend(inline.iter().map(|declaration| {
            let weight = Weight { important: declaration.important, specificity: [u32::MAX; 3], order: usize::MAX };
            (weight, declaration)
        }));
        author.sort_by_key(|(weight, _)| *weight);
        self.check_family(path.tag, &author, node);
        set_variables(&mut style, &author);
        // The font size first: other lengths may be in em.
        self.set_all(&mut style, parent, &browser, true);
        self.set_all(&mut style, parent, &author, true);
        self.set_all(&mut style, parent, &browser, false);
        attributes(&mut style, parent, path.tag, own);
        self.set_all(&mut style, parent, &author, false);
        finish(&mut style, parent);
        (style, comparisons)
    }

    /// Adds the comparisons that a style takes; returns whether the total is still within the limit.
    fn may_compare(&self, comparisons: usize, node: NodeId) -> bool {
        let before = self.comparisons.get();
        let after = before.saturating_add(comparisons);
        self.comparisons.set(after);
        if after > COMPARISONS_MOST && before <= COMPARISONS_MOST {
            let message = "expected fewer rules, or fewer elements that differ in their classes";
            self.faults.add(self.tree.offset(node), "<", message);
        }
        after <= COMPARISONS_MOST
    }

    /// Requires a font family for code, which browsers would otherwise set in a monospace face, and smaller.
    fn check_family(&self, tag: Tag, author: &[(Weight, &Declaration<'_>)], node: NodeId) {
        let is_code = matches!(tag, Tag::Pre | Tag::Code | Tag::Kbd | Tag::Samp);
        if is_code && !author.iter().any(|(_, one)| matches!(one.name.as_str(), "font" | "font-family")) {
            let message =
                format!("expected a font-family for <{}>, which browsers set in a monospace face", tag.name());
            let hint = format!("add {} {{ font-family: inherit }}", tag.name());
            self.faults.add_with_hint(self.tree.offset(node), &format!("<{}", tag.name()), message, hint);
        }
    }

    /// Sets the font size alone, or everything but the font size.
    fn set_all(&self, style: &mut Style, parent: &Style, declared: &[(Weight, &Declaration<'_>)], font_size: bool) {
        for (_, declaration) in declared {
            let name = declaration.name.as_str();
            let skipped = if font_size { !properties::is_font_size(name) } else { name == "font-size" };
            if skipped || name.starts_with("--") || properties::is_for_browsers(name) {
                continue;
            }
            let size = style.font_size;
            let value = substitute_if_needed(&declaration.value, &style.variables);
            let result = value.and_then(|value| apply(style, parent, name, &value, self.root_font_size));
            // `font` also sets the size; at this point only its other properties are wanted.
            if !font_size {
                style.font_size = size;
            }
            if let Err(message) = result {
                add_fault(self.faults, declaration, message);
            }
        }
    }
}

/// Number of comparisons of the rules that may match an element.
fn comparisons(rules: &Rules<'_>, candidates: &[usize], path: &Path<'_>) -> usize {
    let words = 1 + path.class.len() / 64;
    let rules = candidates.iter().filter_map(|order| rules.rules.get(*order));
    let compounds: usize = rules.flat_map(|rule| &rule.selectors).map(Selector::length).sum();
    compounds.saturating_add(1).saturating_mul(words)
}

/// Applies browser rules that depend on attributes or on the parent.
fn attributes(style: &mut Style, parent: &Style, tag: Tag, own: &Own<'_>) {
    if own.is_link {
        style.color = Color(Some([0, 0, 238]));
        style.decoration.underline = true;
    }
    if tag == Tag::Th && parent.text_align == TextAlign::Start {
        style.text_align = TextAlign::Center;
    }
    if own.is_hidden {
        style.display = Display::None;
    }
}

fn set_variables(style: &mut Style, author: &[(Weight, &Declaration<'_>)]) {
    let mut custom = author.iter().filter(|(_, one)| one.name.starts_with("--")).peekable();
    if custom.peek().is_none() {
        return;
    }
    let mut variables: Variables = (*style.variables).clone();
    for (_, declaration) in custom {
        variables.insert(declaration.name.clone(), declaration.value.to_string());
    }
    style.variables = Rc::new(variables);
}

fn substitute_if_needed<'v>(value: &'v str, variables: &Variables) -> Result<Cow<'v, str>, String> {
    if value.contains("var(") {
        return substitute(value, variables).map(|value| Cow::Owned(value.trim().to_owned()));
    }
    Ok(Cow::Borrowed(value))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    important: bool,
    specificity: [u32; 3],
    order: usize,
}

/// Collects the declarations of all matching rules, in the order in which they apply.
fn collect<'s>(
    rules: &'s Rules<'_>,
    candidates: Vec<usize>,
    path: &Path<'_>,
    found: &mut Vec<(Weight, &'s Declaration<'s>)>,
) {
    for order in candidates {
        let Some(rule) = rules.rules.get(order) else { continue };
        let matching = rule.selectors.iter().filter(|selector| selector.matches(path));
        let Some(specificity) = matching.map(|selector| selector.specificity).max() else { continue };
        found.extend(
            rule.declarations
                .iter()
                .map(|declaration| (Weight { important: declaration.important, specificity, order }, declaration)),
        );
    }
    found.sort_by_key(|(weight, _)| *weight);
}

/// Computes what depends on several properties.
fn finish(style: &mut Style, parent: &Style) {
    // CSS Text Decoration: lines of the ancestors continue under this element's text.
    let through = !matches!(style.display, Display::InlineBlock | Display::InlineFlex)
        && !matches!(style.position, Position::Absolute | Position::Fixed);
    let inherited = if through { parent.lines } else { Decoration::default() };
    let own = DecorationLine { color: style.decoration_color.unwrap_or(style.color), font_size: style.font_size };
    let line = |asked: bool, inherited| if asked { Some(own) } else { inherited };
    style.lines = Decoration {
        underline: line(style.decoration.underline, inherited.underline),
        overline: line(style.decoration.overline, inherited.overline),
        strike: line(style.decoration.strike, inherited.strike),
    };
    if matches!(style.position, Position::Absolute | Position::Fixed) {
        style.display = match style.display {
            Display::Inline | Display::InlineBlock => Display::Block,
            Display::InlineFlex => Display::Flex,
            display => display,
        };
    }
    if style.display == Display::TableCell {
        style.margin = [Size::Px(0.0); 4];
    }
}
