//! Limits the work, text and memory of a workspace's template, in proportion to what it shows.
//!
//! Everything is counted and nothing is timed, so that a template and bill are refused on every machine or on none. The
//! built-in templates alone go over the view a few times and are not counted. [`guarded`](super::guarded) adds the
//! calls that count; [`run`] sets the limits of one document.

use std::cell::RefCell;
use std::io::{Error, Write};
use std::sync::Arc;

use serde::Serialize;
use tera::{Context, Kwargs, State, StringInput, Tera, TeraResult, Value};

use super::filters;
use super::guarded::{RESERVED, Site};

/// Maximum units of work: a byte of text is one, a pass through a loop, block or component is [`PASS`].
const WORK: u64 = 64 << 20;
const PASS: u64 = 64;
/// Maximum bytes of HTML.
const TEXT: u64 = 16 << 20;
/// Maximum bytes of a value in a variable.
const VALUE: u64 = 1 << 20;
/// Added to each limit per byte of the view as JSON, in which a row of a table takes a hundred bytes.
const WORK_FOR_VIEW: u64 = 64;
const TEXT_FOR_VIEW: u64 = 64;
const VALUE_FOR_VIEW: u64 = 2;
/// Maximum nesting of files, blocks and components: Tera recurses over them and takes up to 50 kB of stack for each
/// when built without optimisation.
const LEVELS_MOST: u32 = 64;
const STACK: usize = 16 << 20;
/// Maximum nesting of lists: Tera recurses over them.
const DEPTH_MOST: usize = 32;
/// Bytes counted for a value besides its text.
const VALUE_ITSELF: u64 = 24;
/// Maximum count of numbers in a `range()`.
const RANGE_MOST: u64 = 100_000;

/// What is left of a document's limits.
struct RenderBudget {
    work: u64,
    most: u64,
    value: u64,
    /// Size of the largest value kept so far, and length of the longest list possible.
    held: u64,
    list: u64,
    /// Number of open captures, whose text goes into a variable and not to the page yet.
    keeping: u32,
    /// Number of open files, blocks and components.
    levels: u32,
    /// Number of the last site passed.
    site: usize,
    sites: Arc<[Site]>,
}

thread_local! {
    /// The limits of the document that this thread renders.
    static BUDGET: RefCell<Option<RenderBudget>> = const { RefCell::new(None) };
}

/// Adds the functions that count, and replaces those of Tera that can make a large value or much work of little input.
pub(super) fn register(tera: &mut Tera) {
    tera.register_function(format!("{RESERVED}step"), step);
    tera.register_function(format!("{RESERVED}held"), held);
    tera.register_function(format!("{RESERVED}keep"), |_: Kwargs, _: &State<'_>| keeping(1));
    tera.register_function(format!("{RESERVED}kept"), |_: Kwargs, _: &State<'_>| keeping(-1));
    tera.register_function(format!("{RESERVED}left"), left);
    tera.register_function("range", range);
    tera.register_filter("replace", replace);
    tera.register_filter("join", join);
    tera.register_filter("indent", indent);
    tera.register_filter("split", split);
    tera.register_filter("unique", unique);
    tera.set_escape_fn(escape);
}

/// Renders a template within its limits. An error about too much work or HTML, for which Tera reports no place, comes
/// with the number of the last site passed.
pub(super) fn run(
    tera: &Tera,
    name: &str,
    context: &Context,
    view: &impl Serialize,
    (sites, source_bytes): (&Arc<[Site]>, u64),
) -> Result<String, (tera::Error, Option<usize>)> {
    let mut size = Counted(0);
    serde_json::to_writer(&mut size, view).map_err(|error| (tera::Error::message(error), None))?;
    let size = size.0;
    let work = WORK.saturating_add(WORK_FOR_VIEW.saturating_mul(size.saturating_add(source_bytes)));
    let budget = RenderBudget {
        work,
        most: work,
        value: VALUE.saturating_add(VALUE_FOR_VIEW.saturating_mul(size)),
        held: 0,
        list: size / VALUE_ITSELF,
        keeping: 0,
        levels: 0,
        site: 0,
        sites: Arc::clone(sites),
    };
    let most = TEXT.saturating_add(TEXT_FOR_VIEW.saturating_mul(size.saturating_add(source_bytes)));
    let mut text = Bounded { text: Vec::new(), most: usize::try_from(most).unwrap_or(usize::MAX), is_over: false };
    let render = || {
        BUDGET.set(Some(budget));
        let rendered = tera.render_to(name, context, &mut text);
        (rendered, BUDGET.take().map(|budget| budget.site))
    };
    let (rendered, site) = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, render);
        let thread = thread.map_err(|error| format!("there is no memory to render it: {error}"))?;
        thread.join().map_err(|_| "it cannot be rendered".to_owned())
    })
    .map_err(|message| (tera::Error::message(message), None))?;
    match rendered {
        Ok(()) => String::from_utf8(text.text).map_err(|error| (tera::Error::message(error), None)),
        Err(_) if text.is_over => Err((tera::Error::message(format!("expected at most {most} bytes of HTML")), site)),
        Err(error) if matches!(error.kind(), tera::ErrorKind::Io(_)) => Err((too_much_work(work), site)),
        Err(error) => Err((error, None)),
    }
}

fn too_much_work(most: u64) -> tera::Error {
    tera::Error::message(format!(
        "expected less work for what the template shows: its loops, blocks and components took {most} steps"
    ))
}

/// Deducts work from what is left.
fn take(work: u64) -> TeraResult<()> {
    BUDGET.with_borrow_mut(|budget| {
        let Some(budget) = budget else { return Ok(()) };
        let left = budget.work.checked_sub(work);
        budget.work = left.unwrap_or(0);
        if left.is_some() { Ok(()) } else { Err(too_much_work(budget.most)) }
    })
}

/// Counts another pass through a loop, block or component.
fn step(arguments: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    let number = arguments.must_get::<usize>("n")?;
    let work = BUDGET.with_borrow_mut(|budget| {
        let Some(budget) = budget else { return Some(0) };
        budget.site = number;
        let Some(site) = budget.sites.get(number) else { return Some(PASS) };
        budget.levels += u32::from(site.is_deeper);
        if budget.levels > LEVELS_MOST {
            return None;
        }
        // Assumes the worst: every token names the largest value kept, every list operation goes over the longest list.
        let kept = site.tokens.saturating_mul(budget.held / 32);
        let lists = site.lists.saturating_mul(budget.list);
        let nested =
            if site.nested > 1 { budget.list.saturating_pow(site.nested).saturating_mul(VALUE_ITSELF) } else { 0 };
        let printed = if budget.keeping > 0 { site.prints.saturating_mul(budget.held) } else { 0 };
        Some([PASS, site.bytes, kept, lists, nested, printed].into_iter().fold(0, u64::saturating_add))
    });
    let too_deep = || format!("expected at most {LEVELS_MOST} templates, blocks and components within each other");
    take(work.ok_or_else(|| tera::Error::message(too_deep()))?)?;
    Ok(Value::safe_string(""))
}

/// Counts a value put into a variable.
fn held(arguments: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    let most = BUDGET.with_borrow(|budget| budget.as_ref().map_or(VALUE, |budget| budget.value));
    if let Some(value) = arguments.get::<Value>("value")? {
        let mut size = 0;
        measure(&value, most, &mut size, 0)?;
        BUDGET.with_borrow_mut(|budget| {
            if let Some(budget) = budget {
                budget.held = budget.held.max(size);
                // A text is a list of its characters.
                budget.list = budget.list.max(size / 4);
            }
        });
        take(size)?;
    }
    Ok(Value::safe_string(""))
}

/// Adds up the bytes of a value, and refuses one that is too large or too deep.
fn measure(value: &Value, most: u64, size: &mut u64, depth: usize) -> TeraResult<()> {
    if depth > DEPTH_MOST {
        return Err(tera::Error::message(format!(
            "expected at most {DEPTH_MOST} lists within each other in a variable"
        )));
    }
    let text = value.as_str().map_or(0, |text| text.len() as u64);
    *size = size.saturating_add(VALUE_ITSELF + text);
    if *size > most {
        return Err(tera::Error::message(format!("expected at most {most} bytes in a variable")));
    }
    for inner in value.as_array().unwrap_or_default() {
        measure(inner, most, size, depth + 1)?;
    }
    for (key, inner) in value.as_map().into_iter().flatten() {
        *size = size.saturating_add(key.as_str().map_or(VALUE_ITSELF, |key| key.len() as u64));
        measure(inner, most, size, depth + 1)?;
    }
    Ok(())
}

/// Counts the end of a file, block or component.
fn left(_: Kwargs, _: &State<'_>) -> Value {
    BUDGET.with_borrow_mut(|budget| {
        if let Some(budget) = budget {
            budget.levels = budget.levels.saturating_sub(1);
        }
    });
    Value::safe_string("")
}

fn keeping(more: i32) -> Value {
    BUDGET.with_borrow_mut(|budget| {
        if let Some(budget) = budget {
            budget.keeping = budget.keeping.saturating_add_signed(more);
        }
    });
    Value::safe_string("")
}

/// Tera's escaping, counted: most captured text passes through it.
fn escape(text: &str, output: &mut dyn Write) -> std::io::Result<()> {
    take(text.len() as u64).map_err(|error| Error::other(error.to_string()))?;
    filters::escape(text, output)
}

/// Tera's function: whole numbers from `start` to before `end`.
fn range(arguments: Kwargs, _: &State<'_>) -> TeraResult<Vec<i128>> {
    let start = arguments.get::<i128>("start")?.unwrap_or_default();
    let end = arguments.must_get::<i128>("end")?;
    let step = arguments.get::<i128>("step_by")?.unwrap_or(1);
    if step == 0 || (start > end && step > 0) {
        return Err(tera::Error::message("expected a range() that goes from start to end"));
    }
    let next = |number: &i128| number.checked_add(step);
    let is_inside = |number: &i128| if step > 0 { *number < end } else { *number > end };
    let numbers = std::iter::successors(Some(start), next).take_while(is_inside);
    let numbers: Vec<i128> = numbers.take(RANGE_MOST as usize + 1).collect();
    let count = numbers.len() as u64;
    if count > RANGE_MOST {
        return Err(tera::Error::message(format!("expected at most {RANGE_MOST} numbers in range()")));
    }
    take(count.saturating_mul(PASS))?;
    BUDGET.with_borrow_mut(|budget| {
        if let Some(budget) = budget {
            budget.list = budget.list.max(count);
        }
    });
    Ok(numbers)
}

/// Tera's filter: replaces each `from` with `to`.
fn replace(text: StringInput<'_>, arguments: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let from = arguments.must_get::<&str>("from")?;
    let to = arguments.must_get::<StringInput<'_>>("to")?;
    let is_safe = state.autoescaping_enabled() && (text.is_safe() || to.is_safe());
    let (text, to) = match is_safe {
        true => (text.rendered(state)?, to.rendered(state)?),
        false => (text.as_str().into(), to.as_str().into()),
    };
    let times = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    made(text.len().saturating_add(times.saturating_mul(to.len())))?;
    let replaced = text.replace(from, &to);
    Ok(if is_safe { Value::safe_string(&replaced) } else { Value::normal_string(&replaced) })
}

/// Tera's filter: joins a list with `sep`.
fn join(list: &[Value], arguments: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let between = arguments.get::<StringInput<'_>>("sep")?;
    let any_safe = |value: &Value| value.is_string() && value.is_safe();
    let is_safe = state.autoescaping_enabled()
        && (list.iter().any(any_safe) || between.as_ref().is_some_and(StringInput::is_safe));
    let between = match &between {
        Some(between) if is_safe => between.rendered(state)?,
        Some(between) => between.as_str().into(),
        None => "".into(),
    };
    let mut joined = String::new();
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            joined.push_str(&between);
        }
        match is_safe {
            true if value.is_undefined() => {}
            true => joined.push_str(&state.escape_if_needed(value)?),
            false => joined.push_str(&value.to_string()),
        }
        check(joined.len())?;
    }
    made(joined.len())?;
    Ok(if is_safe { Value::safe_string(&joined) } else { Value::normal_string(&joined) })
}

/// Tera's filter: puts `width` characters before every line but the first.
fn indent(text: StringInput<'_>, arguments: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let width = arguments.get::<usize>("width")?.unwrap_or(4).min(1000);
    let with = arguments.get::<StringInput<'_>>("indentation")?;
    let first = arguments.get::<bool>("first")?.unwrap_or(false);
    let blank = arguments.get::<bool>("blank")?.unwrap_or(false);
    if with.as_ref().is_some_and(|with| with.as_str().chars().count() != 1) {
        return Err(tera::Error::message("expected one character as indentation"));
    }
    let is_safe = state.autoescaping_enabled() && (text.is_safe() || with.as_ref().is_some_and(StringInput::is_safe));
    let text = if is_safe { text.rendered(state)? } else { text.as_str().into() };
    let with = match &with {
        Some(with) if is_safe => with.rendered(state)?.repeat(width),
        Some(with) => with.as_str().repeat(width),
        None => " ".repeat(width),
    };
    made(text.len().saturating_add((text.matches('\n').count() + 1).saturating_mul(with.len())))?;
    let mut indented = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            indented.push('\n');
        }
        if if index == 0 { first } else { blank || !line.is_empty() } {
            indented.push_str(&with);
        }
        indented.push_str(line);
    }
    if text.ends_with('\n') {
        indented.push('\n');
    }
    Ok(if is_safe { Value::safe_string(&indented) } else { Value::normal_string(&indented) })
}

/// Tera's filter: splits a text at each `pat`.
fn split(text: &str, arguments: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    let pattern = arguments.must_get::<&str>("pat")?;
    made((text.matches(pattern).count() + 1).saturating_mul(VALUE_ITSELF as usize).saturating_add(text.len()))?;
    Ok(text.split(pattern).map(Value::from).collect::<Vec<Value>>().into())
}

/// Tera's filter: a list without duplicates; it compares each value with all found so far.
fn unique(list: &[Value], _: Kwargs, _: &State<'_>) -> TeraResult<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    for value in list {
        take(found.len() as u64)?;
        if !found.contains(value) {
            found.push(value.clone());
        }
    }
    Ok(found)
}

/// Counts a text that a filter is about to make.
fn made(bytes: usize) -> TeraResult<()> {
    check(bytes)?;
    take(bytes as u64)
}

/// Refuses a text that is too large for a value.
fn check(bytes: usize) -> TeraResult<()> {
    let most = BUDGET.with_borrow(|budget| budget.as_ref().map_or(u64::MAX, |budget| budget.value));
    if bytes as u64 > most {
        return Err(tera::Error::message(format!("expected a filter that makes at most {most} bytes")));
    }
    Ok(())
}

/// Counts the bytes written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Collects text up to a size.
struct Bounded {
    text: Vec<u8>,
    most: usize,
    is_over: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len().saturating_add(bytes.len()) > self.most {
            self.is_over = true;
            return Err(Error::other("too long"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::render::guarded::{guard, kept_blocks};

    /// Output of the first template, rendered by plain Tera and with everything counted.
    fn both(sources: &[(&str, &str)]) -> (String, Result<String, String>) {
        let view = serde_json::json!({
            "text": "a <b>", "rows": [{ "name": "b" }, { "name": "a" }, { "name": "b" }], "words": ["x", "<y>"], "n": 3,
        });
        let context = Context::from_serialize(&view).expect("a context");
        let mut plain = Tera::default();
        plain.add_raw_templates(sources.iter().copied()).expect("templates");
        let mut sites = Vec::new();
        let kept: BTreeSet<String> = kept_blocks(sources.iter().map(|(_, text)| *text));
        let guarded: Vec<(&str, crate::render::guarded::Guarded)> = sources
            .iter()
            .map(|(name, text)| (*name, guard(name, text, &kept, &mut sites).expect("a template")))
            .collect();
        let mut counted = Tera::default();
        register(&mut counted);
        counted.add_raw_templates(guarded.iter().map(|(name, text)| (*name, text.text()))).expect("templates");
        let name = sources[0].0;
        let rendered = run(&counted, name, &context, &view, (&sites.into(), 0)).map_err(|(error, _)| error.to_string());
        (plain.render(name, &context).expect("a page"), rendered)
    }

    #[test]
    fn counting_changes_nothing_that_is_printed() {
        for template in [
            "{{ text }} {{ text | safe }} {{ words }} {{ rows | length }}",
            " {%- for row in rows -%} [{{ loop.index }} {{ row.name }}] {%- else -%} none {%- endfor -%} .",
            "{% for row in rows %}\n  {% if loop.first %}{% continue %}{% endif %}{{ row.name }}{% break %}{% endfor %}",
            "{% set a = text ~ text %}{{ a }}{% set b %} {{ a }} <i>{% for w in words %}{{ w }}{% endfor %}{% endset %}{{ b }}",
            "a {% set a -%} b {%- endset -%} c {{ a }}{% set c | upper %}x{{ text }}{% endset %}{{ c }}",
            "x {%- filter upper -%} a {{ text }} {%- endfilter -%} y {% filter trim %} z {% endfilter %}",
            "{% component card(title, @text, size=2) %}<b>{{ title }}{{ size }}{{ text }}</b>{%- endcomponent card -%} \
             {{ <card title={text ~ \"!\"}/> }}{% set a = <card title=\"t\" size={n}/> %}{{ a }}",
            "{% component box() -%} <p>{{ body }}</p> {% endcomponent %}{% <box> %} in {{ text }} {% </box> %}|{% <box> -%} b {%- </box> -%} c",
            "{% for i in range(end=3) %}{{ i }}{% endfor %}{{ range(start=5, end=0, step_by=-2) }}{{ [r.name for r in rows] }}",
            "{{ text | replace(from=\"a\", to=\"<\") }}{{ text | safe | replace(from=\"a\", to=\"<\") }}{{ \"aa\" | replace(from=\"\", to=\"-\") }}",
            "{{ words | join }}{{ words | join(sep=\"<br>\") }}{{ words | join(sep=\"<br>\" | safe) }}{{ [1, \"a\" | safe] | join(sep=\"&\") }}",
            "{{ \"a\nb\n\nc\" | indent(width=2) }}{{ \"a\nb\n\" | indent(first=true, blank=true, indentation=\"<\") }}",
            "{{ \"a,b,,\" | split(pat=\",\") }}{{ [1, 2, 1, \"1\"] | unique }}",
            "{% raw %}{{ a }}{% for %}{% endraw %}{# {% endfor %} #}{{- \"{% for %}\" -}} {% if n == 3 and \"x\" in words %}y{% endif %}",
        ] {
            let (plain, counted) = both(&[("a.html", template), ("b.html", "")]);
            assert_eq!(counted, Ok(plain), "{template}");
        }
        let (plain, counted) = both(&[
            (
                "a.html",
                "{% extends \"b.html\" %} {% block x -%} 1 {{ super() }} {%- endblock x %} {% block y %}{% endblock %}",
            ),
            (
                "b.html",
                "<{% block x %} {% for w in words %}{{ w }}{% endfor %} {% endblock %}>{% block y %}y{% endblock %}{% include \"c.html\" %}",
            ),
            ("c.html", "{{ text }}"),
        ]);
        assert_eq!(counted, Ok(plain));
    }

    #[test]
    fn a_kept_text_is_measured_and_what_is_kept_counts_where_it_is_named() {
        let error = |template: &str| fails(&[("a.html", template)]);
        assert!(
            error(
                "{% set a = \"0123456789abcdef\" %}{% for i in range(end=40) %}{% set_global a = a ~ a %}{% endfor %}"
            )
            .contains("bytes in a variable")
        );
        assert!(
            error("{% set_global a = [] %}{% for i in range(end=1000) %}{% set_global a = [a] %}{% endfor %}")
                .contains("lists within each other in a variable")
        );
        assert!(
            error("{% set_global a = [1] %}{% for i in range(end=40) %}{% set_global a = [a, a] %}{% endfor %}")
                .contains("in a variable")
        );
    }

    fn fails(sources: &[(&str, &str)]) -> String {
        let view = serde_json::json!({});
        let mut sites = Vec::new();
        let mut counted = Tera::default();
        register(&mut counted);
        let guarded: Vec<_> = sources
            .iter()
            .map(|(name, text)| (*name, guard(name, text, &BTreeSet::new(), &mut sites).expect("a template")))
            .collect();
        counted.add_raw_templates(guarded.iter().map(|(name, text)| (*name, text.text()))).expect("templates");
        let context = Context::from_serialize(&view).expect("a context");
        match run(&counted, sources[0].0, &context, &view, (&sites.into(), 0)) {
            Ok(_) => String::new(),
            Err((error, _)) => error.to_string(),
        }
    }
}
