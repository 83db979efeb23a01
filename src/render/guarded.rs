//! Adds calls of the functions in [`bounds`](super::bounds) to a workspace's template, behind the tags that can repeat
//! or grow, so that the template counts what it does.
//!
//! Tera limits only the depth of expressions and has no hook to observe a running template. So loops, blocks and
//! components report that they begin, and every value put into a variable is measured. The functions print nothing;
//! [`Guarded::place`] converts columns in Tera's errors back.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexer::{Piece, Sign, pieces};

/// Prefix of the functions' names, and of no other name.
pub(super) const RESERVED: &str = "bounds__";

/// Filters whose work grows with the list they are given, however little of it is printed.
const LIST_FILTERS: [&str; 8] = ["sort", "unique", "group_by", "reverse", "keys", "values", "pairs", "str"];

/// A loop, block, component or file, and its work per pass, excluding nested ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Site {
    /// The template's name.
    pub(super) template: String,
    /// Byte range of its tag in the template as written; empty for a whole file.
    pub(super) tag: Range<usize>,
    /// Bytes of text and tags.
    pub(super) bytes: u64,
    /// Number of words, strings and signs within tags.
    pub(super) tokens: u64,
    /// Number of values printed.
    pub(super) prints: u64,
    /// Number of operations on whole lists.
    pub(super) lists: u64,
    /// Maximum number of nested list comprehensions, `[… for a in b]`, within one tag.
    pub(super) nested: u32,
    /// Whether Tera recurses into it.
    pub(super) is_deeper: bool,
}

/// An added call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Added {
    line: u32,
    /// Column of its first character in the new text, from 1, and its length in characters.
    column: u32,
    length: u32,
    /// The tag it belongs to, as written: line, column from 1, length.
    tag: (u32, u32, u32),
}

/// A template with the added calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Guarded {
    text: String,
    added: Vec<Added>,
}

/// Blocks that some template shows again with `super()`: Tera captures their text until it is complete.
pub(super) fn kept_blocks<'s>(sources: impl Iterator<Item = &'s str>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for source in sources {
        let mut open: Vec<&str> = Vec::new();
        for piece in pieces(source).into_iter().flatten() {
            match piece.words().as_slice() {
                ["block", name, ..] if piece.is_tag => open.push(name),
                ["endblock", ..] if piece.is_tag => drop(open.pop()),
                words if words.contains(&"super") => kept.extend(open.last().map(|name| (*name).to_owned())),
                _ => {}
            }
        }
    }
    kept
}

/// Adds the calls to a template; `sites` are those of all templates, by number. None if the lexer cannot read it, which
/// Tera cannot then either.
pub(super) fn guard(name: &str, source: &str, kept: &BTreeSet<String>, sites: &mut Vec<Site>) -> Option<Guarded> {
    let pieces = pieces(source)?;
    let mut writer = Writer {
        name,
        source,
        kept,
        sites,
        open: Vec::new(),
        out: Guarded::default(),
        at: 0,
        from: TextPosition::START,
        to: TextPosition::START,
    };
    let is_child = pieces.iter().any(|piece| piece.is_tag && piece.words().first() == Some(&"extends"));
    // Tera does not run what a child template has outside of its blocks.
    let site = writer.site(0..0);
    if !is_child {
        writer.deepen(site);
        writer.add(&format!("{{{{ {RESERVED}step(n={site}) }}}}"), 0..0);
    }
    writer.open.push(Open { kind: Kind::File, site, name: None });
    for piece in &pieces {
        writer.piece(piece);
    }
    writer.copy(source.len());
    if !is_child {
        let end = source.len();
        writer.add(&format!("{{{{ {RESERVED}left() }}}}"), end..end);
    }
    Some(writer.out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    For,
    Block {
        kept: bool,
    },
    Component,
    /// Text captured for a variable, a filter or a component.
    Kept,
}

struct Open<'s> {
    kind: Kind,
    site: usize,
    /// The variable that captures the text.
    name: Option<&'s str>,
}

/// Line and column in a text, both from 1.
#[derive(Clone, Copy)]
struct TextPosition {
    line: u32,
    column: u32,
}

impl TextPosition {
    const START: TextPosition = TextPosition { line: 1, column: 1 };

    fn behind(self, text: &str) -> TextPosition {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        match text.rsplit_once('\n') {
            Some((before, last)) => TextPosition {
                line: self.line.saturating_add(count(before.matches('\n').count() + 1)),
                column: count(last.chars().count() + 1),
            },
            None => TextPosition { column: self.column.saturating_add(count(text.chars().count())), ..self },
        }
    }
}

struct Writer<'s> {
    name: &'s str,
    source: &'s str,
    kept: &'s BTreeSet<String>,
    sites: &'s mut Vec<Site>,
    open: Vec<Open<'s>>,
    out: Guarded,
    /// Bytes of the source copied so far; that position in the source, and in the new text.
    at: usize,
    from: TextPosition,
    to: TextPosition,
}

impl<'s> Writer<'s> {
    fn site(&mut self, tag: Range<usize>) -> usize {
        self.sites.push(Site { template: self.name.to_owned(), tag, ..Site::default() });
        self.sites.len() - 1
    }

    fn deepen(&mut self, site: usize) {
        if let Some(site) = self.sites.get_mut(site) {
            site.is_deeper = true;
        }
    }

    fn copy(&mut self, end: usize) {
        self.count_bytes(end.saturating_sub(self.at));
        let text = self.source.get(self.at..end).unwrap_or_default();
        self.out.text.push_str(text);
        (self.from, self.to) = (self.from.behind(text), self.to.behind(text));
        self.at = self.at.max(end);
    }

    fn count_bytes(&mut self, bytes: usize) {
        if let Some(site) = self.open.last().and_then(|open| self.sites.get_mut(open.site)) {
            site.bytes += bytes as u64;
        }
    }

    /// Adds a call at the current position, which is before or behind the tag it belongs to.
    fn add(&mut self, call: &str, tag: Range<usize>) {
        let text = self.source.get(tag.clone()).unwrap_or_default();
        // Tags span a line or two, so counting back from their end is cheap.
        let place = if tag.end > self.at || tag.is_empty() { self.from } else { self.before(tag.start) };
        let first_line = text.lines().next().unwrap_or_default();
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let TextPosition { line, column } = self.to;
        let tag = (place.line, place.column, count(first_line).max(1));
        self.out.added.push(Added { line, column, length: count(call), tag });
        self.out.text.push_str(call);
        self.to = self.to.behind(call);
    }

    /// The position of an earlier byte of the source.
    fn before(&self, start: usize) -> TextPosition {
        let between = self.source.get(start..self.at).unwrap_or_default();
        let lines = u32::try_from(between.matches('\n').count()).unwrap_or(u32::MAX);
        let before = self.source.get(..start).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TextPosition { line: self.from.line.saturating_sub(lines), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// Adds calls behind a tag, which keep or trim the white space behind it as the tag does.
    fn add_behind(&mut self, piece: &Piece<'_>, calls: &[String]) {
        if calls.is_empty() {
            return;
        }
        self.copy(piece.range.end);
        let end = if piece.trims_behind { "-}}" } else { "}}" };
        let calls: String = calls.iter().map(|call| format!("{{{{ {RESERVED}{call} {end}")).collect();
        self.add(&calls, piece.range.clone());
    }

    fn piece(&mut self, piece: &Piece<'s>) {
        // The text before it belongs to the open site.
        self.copy(piece.range.start);
        if let Some(site) = self.open.last().and_then(|open| self.sites.get_mut(open.site)) {
            site.tokens += piece.tokens.len() as u64;
            site.prints += u64::from(!piece.is_tag);
            site.lists += lists(piece);
            let inside = piece.tokens.iter().skip(1).filter(|token| **token == Sign::Word("for")).count();
            site.nested = site.nested.max(u32::try_from(inside).unwrap_or(u32::MAX));
        }
        if !piece.is_tag {
            return;
        }
        let words = piece.words();
        match words.first().copied() {
            Some("for") => {
                let site = self.begin(piece, Kind::For);
                let mut calls = vec![format!("step(n={site})")];
                // A list built for the loop alone is measured like one put into a variable.
                let (names, list) = loop_of(piece);
                if list {
                    calls.extend(names.iter().map(|name| format!("held(value={name})")));
                }
                self.add_behind(piece, &calls);
            }
            Some("block") => {
                let kept = words.get(1).is_some_and(|name| self.kept.contains(*name));
                let site = self.begin(piece, Kind::Block { kept });
                self.deepen(site);
                let keep = kept.then(|| "keep()".to_owned());
                self.add_behind(piece, &[vec![format!("step(n={site})")], keep.into_iter().collect()].concat());
            }
            Some("component") => {
                let site = self.begin(piece, Kind::Component);
                self.deepen(site);
                let held = parameters(piece).into_iter().map(|name| format!("held(value={name})"));
                let calls = [format!("step(n={site})"), "keep()".to_owned()].into_iter().chain(held);
                self.add_behind(piece, &calls.collect::<Vec<String>>());
                // Measures the content of a call, if any.
                let (start, end) = if piece.trims_behind { ("{%-", "-%}") } else { ("{%", "%}") };
                let body =
                    format!("{start} if body is defined {end}{{{{ {RESERVED}held(value=body) }}}}{start} endif {end}");
                self.add(&body, piece.range.clone());
            }
            Some("filter") => {
                self.begin_kept(None);
                self.add_behind(piece, &["keep()".to_owned()]);
            }
            Some("set" | "set_global") => match (words.get(1), piece.tokens.get(2)) {
                (Some(name), Some(Sign::Other('='))) => {
                    self.add_behind(piece, &[format!("held(value={name})")]);
                }
                (Some(name), _) => {
                    self.begin_kept(Some(name));
                    self.add_behind(piece, &["keep()".to_owned()]);
                }
                (None, _) => {}
            },
            Some("endfor") => drop(self.open.pop()),
            Some("endblock") => {
                let open = self.open.pop();
                let is_kept = open.is_some_and(|open| open.kind == Kind::Block { kept: true });
                self.add_before(piece, if is_kept { &["kept", "left"] } else { &["left"] });
            }
            Some("endcomponent") => {
                self.open.pop();
                self.add_before(piece, &["kept", "left"]);
            }
            Some("endfilter") => {
                self.open.pop();
                self.add_behind(piece, &["kept()".to_owned()]);
            }
            Some("endset") => {
                let name = self.open.pop().and_then(|open| open.name);
                let held = name.map(|name| format!("held(value={name})"));
                self.add_behind(piece, &["kept()".to_owned()].into_iter().chain(held).collect::<Vec<String>>());
            }
            _ => match piece.tokens.get(..2) {
                Some([Sign::Other('<'), Sign::Other('/')]) => {
                    self.open.pop();
                    self.add_behind(piece, &["kept()".to_owned()]);
                }
                Some([Sign::Other('<'), _]) => {
                    self.begin_kept(None);
                    self.add_behind(piece, &["keep()".to_owned()]);
                }
                _ => {}
            },
        }
    }

    /// Adds calls before an end tag, where the content of its component or block ends.
    fn add_before(&mut self, piece: &Piece<'_>, calls: &[&str]) {
        let start = if piece.trims_before { "{{-" } else { "{{" };
        let calls: String = calls.iter().map(|call| format!("{start} {RESERVED}{call}() }}}}")).collect();
        self.add(&calls, piece.range.clone());
    }

    fn begin(&mut self, piece: &Piece<'_>, kind: Kind) -> usize {
        self.copy(piece.range.end);
        let site = self.site(piece.range.clone());
        self.open.push(Open { kind, site, name: None });
        site
    }

    /// Opens captured text, which counts for the surrounding site.
    fn begin_kept(&mut self, name: Option<&'s str>) {
        let site = self.open.last().map_or(0, |open| open.site);
        self.open.push(Open { kind: Kind::Kept, site, name });
    }
}

impl Guarded {
    /// The text for Tera.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Converts a position in the text for Tera to the template as written: line, column, and a length if it is within
    /// a call.
    pub(super) fn place(&self, line: u32, column: u32) -> (u32, u32, Option<u32>) {
        let mut before = 0;
        for added in self.added.iter().filter(|added| added.line == line) {
            if (added.column..added.column + added.length).contains(&column) {
                let (line, column, length) = added.tag;
                return (line, column, Some(length));
            }
            if added.column < column {
                before += added.length;
            }
        }
        (line, column.saturating_sub(before).max(1), None)
    }
}

/// The names of a loop, and whether it runs over anything other than a path.
fn loop_of<'p>(piece: &Piece<'p>) -> (Vec<&'p str>, bool) {
    let at = piece.tokens.iter().position(|token| *token == Sign::Word("in")).unwrap_or(piece.tokens.len());
    let (names, list) = piece.tokens.split_at(at);
    let names = names.iter().skip(1).filter_map(Sign::word).collect();
    let plain = |token: &Sign<'_>| matches!(token, Sign::Word(_) | Sign::Other('.'));
    (names, !list.iter().all(plain))
}

/// The names of a component's parameters: the words behind `(`, `,`, `@` and `...` in its brackets.
fn parameters<'p>(piece: &Piece<'p>) -> Vec<&'p str> {
    let mut depth = 0_usize;
    let mut names = Vec::new();
    for pair in piece.tokens.windows(2) {
        match pair[0] {
            Sign::Other('(' | '[' | '{') => depth += 1,
            Sign::Other(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        let begins = matches!(pair[0], Sign::Other('(' | ',' | '@' | '.'));
        if depth == 1 && begins {
            names.extend(pair[1].word());
        }
    }
    names
}

/// Number of operations on whole lists in a tag; a comparison with a word or number is none.
fn lists(piece: &Piece<'_>) -> u64 {
    let is_for = piece.is_tag && piece.tokens.first() == Some(&Sign::Word("for"));
    let mut count = 0;
    let mut brackets = 0_usize;
    for (index, token) in piece.tokens.iter().enumerate() {
        let neighbour = |distance: isize| index.checked_add_signed(distance).and_then(|at| piece.tokens.get(at));
        let plain = |token: Option<&Sign<'_>>| {
            matches!(token, Some(Sign::Text | Sign::Number | Sign::Word("true" | "false" | "none")))
        };
        match token {
            Sign::Other('[') => brackets += 1,
            Sign::Other(']') => brackets = brackets.saturating_sub(1),
            Sign::Other(':') if brackets > 0 => count += 1,
            Sign::Other('.') if neighbour(1) == Some(&Sign::Other('.')) => count += 1,
            Sign::Other('=') if neighbour(1) == Some(&Sign::Other('=')) => {
                count += u64::from(!plain(neighbour(-1)) && !plain(neighbour(2)));
            }
            Sign::Other('!') if neighbour(1) == Some(&Sign::Other('=')) => {
                count += u64::from(!plain(neighbour(-1)) && !plain(neighbour(2)));
            }
            Sign::Word("for") if !(is_for && index == 0) => count += 1,
            Sign::Word("in") if !is_for => count += 1,
            Sign::Word(word) if LIST_FILTERS.contains(word) => {
                count += u64::from(neighbour(-1) == Some(&Sign::Other('|')));
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(source: &str) -> (String, Vec<Site>) {
        let mut sites = Vec::new();
        let text = guard("a.html", source, &BTreeSet::new(), &mut sites).expect("a template").text;
        (text.replace(RESERVED, ""), sites)
    }

    #[test]
    fn calls_stand_behind_what_repeats_and_what_is_kept() {
        for (source, expected) in [
            ("a", "{{ step(n=0) }}a"),
            ("{% for a in b.c -%} x{% endfor %}", "{{ step(n=0) }}{% for a in b.c -%}{{ step(n=1) -}} x{% endfor %}"),
            (
                "{% for k, v in [x ~ x] %}{% endfor %}",
                "{{ step(n=0) }}{% for k, v in [x ~ x] %}{{ step(n=1) }}{{ held(value=k) }}{{ held(value=v) }}{% endfor %}",
            ),
            ("{% set a = b ~ b %}", "{{ step(n=0) }}{% set a = b ~ b %}{{ held(value=a) }}"),
            (
                "{% set a %}{% set b %}x{% endset %}{%- endset -%} y",
                "{{ step(n=0) }}{% set a %}{{ keep() }}{% set b %}{{ keep() }}x{% endset %}{{ kept() }}{{ held(value=b) }}\
                 {%- endset -%}{{ kept() -}}{{ held(value=a) -}} y",
            ),
            (
                "{% extends \"b\" %}{% block c %}{% endblock %}",
                "{% extends \"b\" %}{% block c %}{{ step(n=1) }}{{ left() }}{% endblock %}",
            ),
            (
                "{# {% for a in b %} #}{% raw %}{% set %}{% endraw %}",
                "{{ step(n=0) }}{# {% for a in b %} #}{% raw %}{% set %}{% endraw %}",
            ),
            ("{{ \"{% for %}\" ~ '}}' }}", "{{ step(n=0) }}{{ \"{% for %}\" ~ '}}' }}"),
        ] {
            let left = if source.contains("extends") { "" } else { "{{ left() }}" };
            assert_eq!(guarded(source).0, format!("{expected}{left}"), "{source}");
        }
    }

    #[test]
    fn a_place_counts_its_own_text_only() {
        let source = "{% for a in b %}{{ c }}{% endfor %}";
        let (text, sites) = guarded(source);
        assert_eq!(&text[text.find("{{ c }}").unwrap()..][..7], "{{ c }}");
        assert_eq!((sites[0].bytes, sites[1].bytes, sites[1].prints, sites[1].tokens), (28, 7, 1, 2));
        let (_, sites) = guarded("{% if a == \"x\" %}{% endif %}{{ a | sort }}{{ a[1:] == b }}");
        assert_eq!(sites[0].lists, 3);
    }

    #[test]
    fn columns_are_counted_back() {
        let guarded =
            guard("a", "1\n二{% for a in b %}{{ c }}", &BTreeSet::new(), &mut Vec::new()).expect("a template");
        let line = guarded.text.lines().nth(1).expect("a line");
        let column = |text: &str| u32::try_from(line.split(text).next().unwrap().chars().count() + 1).unwrap();
        assert_eq!(guarded.place(2, column("{{ c }}")), (2, 18, None));
        assert_eq!(guarded.place(2, column("step")), (2, 2, Some(16)));
        assert_eq!(guarded.place(2, 2), (2, 2, None));
        assert_eq!(guarded.place(9, 2), (9, 2, None));
    }
}
